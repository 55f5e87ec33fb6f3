package crossval

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/atomicfile"
)

// WithoutTiming returns a copy of the result in which all times are 0. Without times, two
// results with equal inputs and seed are written as equal bytes.
func (r *Result) WithoutTiming() *Result {
	if r == nil {
		return nil
	}
	out := *r
	out.Runs = append([]Run(nil), r.Runs...)
	for i := range out.Runs {
		out.Runs[i].FitTime, out.Runs[i].PredictTime = 0, 0
	}
	return &out
}

// WriteJSON writes the result as one line of JSON, format "aegis-crossval", version 1. All
// times are in the array "timing" at the end, one entry for each of "runs"; it is omitted if
// all times are 0. Floating-point numbers have enough digits to be read back exactly; "NaN",
// "+Inf" and "-Inf" are strings.
func (r *Result) WriteJSON(w io.Writer) error {
	if r == nil || w == nil {
		return errors.New("crossval: write the result: the result or the writer is nil")
	}
	b := bufio.NewWriter(w)
	f, err := r.file()
	if err == nil {
		err = json.NewEncoder(b).Encode(f)
	}
	if err != nil {
		return fmt.Errorf("crossval: write the result: %w", err)
	}
	return b.Flush()
}

func (r *Result) file() (*file, error) {
	task, err := data.MarshalTask(r.Data.TaskOf())
	if err != nil {
		return nil, err
	}
	f := &file{
		Format: formatName, Version: formatVersion, Seed: r.Seed, Splitter: r.Splitter,
		Data: fileData{
			Name: r.Data.Name, Source: r.Data.Source, Rows: r.Data.Rows, Task: task, Target: r.Data.Target, Columns: r.Data.Columns,
			Classes: r.Data.Classes, Labels: r.Data.Labels, Values: convert[number](r.Data.Values), Groups: r.Data.Groups, Features: r.Data.Features,
		},
	}
	for _, m := range r.Metrics {
		f.Metrics = append(f.Metrics, fileMetric{m.Name, m.Greater, [2]number{number(m.Range[0]), number(m.Range[1])}})
	}
	for _, c := range r.Candidates {
		f.Candidates = append(f.Candidates, fileCandidate(c))
	}
	for _, s := range r.Splits {
		f.Splits = append(f.Splits, fileSplit(s))
	}
	f.Leaks = r.Leaks
	for _, x := range r.Failed {
		f.Failed = append(f.Failed, fileFailure(x))
	}
	timed := false
	for _, run := range r.Runs {
		f.Runs = append(f.Runs, run.file())
		f.Timing = append(f.Timing, fileTiming{Fit: int64(run.FitTime), Predict: int64(run.PredictTime)})
		timed = timed || run.FitTime != 0 || run.PredictTime != 0
	}
	if !timed {
		f.Timing = nil
	}
	return f, nil
}

func (run *Run) file() fileRun {
	f := fileRun{
		Candidate: run.Candidate, Split: run.Split, Seed: run.Seed, Scores: convert[number](run.Scores),
		Labels: run.Prediction.Labels, Proba: convert[number](run.Prediction.Proba), Values: convert[number](run.Prediction.Values),
		BestEpoch: run.BestEpoch, Parameters: run.Parameters, Notes: run.Notes, Importance: convert[number](run.Importance),
	}
	for _, c := range run.Curves {
		f.Curves = append(f.Curves, fileCurve{Name: c.Name, Values: convert[number](c.Values)})
	}
	return f
}

// Save writes the result to a file as [Result.WriteJSON] does. The file is replaced
// atomically, so it is never incomplete.
func (r *Result) Save(name string) error {
	if err := atomicfile.Write(name, r.WriteJSON); err != nil {
		return fmt.Errorf("crossval: save the result: %w", err)
	}
	return nil
}

// LoadResult reads a result from a file written by [Result.Save].
func LoadResult(name string) (*Result, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	defer f.Close()
	r, err := ReadResult(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// result converts a file back to a Result, which is not checked yet.
func (f *file) result() (*Result, error) {
	task, err := data.UnmarshalTask(f.Data.Task)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Seed: f.Seed, Splitter: f.Splitter,
		Data: DataInfo{
			Name: f.Data.Name, Source: f.Data.Source, Rows: f.Data.Rows, Task: task, Target: f.Data.Target, Columns: f.Data.Columns,
			Classes: f.Data.Classes, Labels: f.Data.Labels, Values: convert[float64](f.Data.Values), Groups: f.Data.Groups, Features: f.Data.Features,
		},
	}
	for _, m := range f.Metrics {
		r.Metrics = append(r.Metrics, data.Metric{Name: m.Name, Greater: m.Greater, Range: [2]float64{float64(m.Range[0]), float64(m.Range[1])}})
	}
	for _, c := range f.Candidates {
		r.Candidates = append(r.Candidates, CandidateInfo(c))
	}
	for _, s := range f.Splits {
		r.Splits = append(r.Splits, Split(s))
	}
	r.Leaks = f.Leaks
	for _, x := range f.Failed {
		r.Failed = append(r.Failed, Failure(x))
	}
	for i, run := range f.Runs {
		r.Runs = append(r.Runs, run.run())
		if f.Timing != nil {
			r.Runs[i].FitTime = time.Duration(f.Timing[i].Fit)
			r.Runs[i].PredictTime = time.Duration(f.Timing[i].Predict)
		}
	}
	return r, nil
}

func (f *fileRun) run() Run {
	run := Run{
		Candidate: f.Candidate, Split: f.Split, Seed: f.Seed, Scores: convert[float64](f.Scores),
		Prediction: data.Prediction{Labels: f.Labels, Proba: convert[float64](f.Proba), Values: convert[float64](f.Values)},
		BestEpoch:  f.BestEpoch, Parameters: f.Parameters, Notes: f.Notes, Importance: convert[float64](f.Importance),
	}
	for _, c := range f.Curves {
		run.Curves = append(run.Curves, data.Curve{Name: c.Name, Values: convert[float64](c.Values)})
	}
	return run
}
