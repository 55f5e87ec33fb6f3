package crossval

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/builtin"
)

// Job is one fit: a candidate on a fold. Apart from times, its outcome depends only on
// these fields and the rows, wherever and whenever it runs. A Job whose estimator can be
// written to JSON can be written to JSON itself (package describe).
type Job struct {
	Candidate  string
	Estimator  Estimator
	Code       string // see Candidate.Code
	Number     int    // number of the fold, from 0
	Split      Split  // Train is nil: all rows that are not in Test
	Seed       uint64 // see JobSeed
	Metrics    []data.Metric
	Importance bool   // see Options.Importance
	Data       string // the set's Fingerprint, which Run checks; "": any rows
}

func init() {
	builtin.Register(Job{}, Preprocessed{}, Subsample{}, KFold{}, RepeatedKFold{}, StratifiedKFold{}, RepeatedStratifiedKFold{}, GroupKFold{}, RepeatedGroupKFold{}, Holdout{},
		StratifiedGroupKFold{}, RepeatedStratifiedGroupKFold{}, LeaveOneOut{}, LeavePOut{}, LeaveOneGroupOut{}, TimeSeries{}, PurgedTimeSeries{}, Predefined{}, Bootstrap{})
}

// Jobs returns the fits that Validate would run, ordered by fold, then candidate, each
// with the set's fingerprint. Of the options, only Seed, Metrics and Importance matter.
func Jobs(set data.Source, sp Splitter, candidates []Candidate, o Options) ([]Job, error) {
	if err := checkCandidates(candidates); err != nil {
		return nil, err
	}
	_, result, err := prepare(set, sp, &o)
	if err != nil {
		return nil, err
	}
	print, err := data.Fingerprint(set)
	if err != nil {
		return nil, err
	}
	jobs := make([]Job, 0, len(result.Splits)*len(candidates))
	for fold := range result.Splits {
		for _, c := range candidates {
			job := result.job(c, fold, &o)
			job.Data = print
			jobs = append(jobs, job)
		}
	}
	return jobs, nil
}

// Fingerprint returns a SHA-256 hash, in hex, of everything in the job: jobs with equal
// fingerprints have equal outcomes. The estimator is identified by its description, or by
// Code if it cannot be described; with neither, Fingerprint returns an error.
func (j *Job) Fingerprint() (string, error) {
	if j == nil {
		return "", errors.New("crossval: the job is nil")
	}
	estimator, err := describeEstimator(j.Estimator, j.Code)
	if err != nil {
		return "", fmt.Errorf("crossval: %s: %w", j.Candidate, err)
	}
	metrics, err := describe.Marshal(j.Metrics)
	if err != nil {
		return "", fmt.Errorf("crossval: %s: %w", j.Candidate, err)
	}
	h := sha256.New()
	head := struct {
		Candidate      string
		Estimator      json.RawMessage
		Number         int
		Seed           uint64
		Metrics        json.RawMessage
		Importance     bool
		Data           string
		AllOther, Test int
	}{j.Candidate, estimator, j.Number, j.Seed, metrics, j.Importance, j.Data, len(j.Split.Train), len(j.Split.Test)}
	if err := json.NewEncoder(h).Encode(head); err != nil {
		return "", err
	}
	for _, rows := range [][]int{j.Split.Train, j.Split.Test} {
		for _, r := range rows {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(r))
			h.Write(b[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// describeEstimator returns an estimator's description, or its code as a JSON string.
func describeEstimator(e Estimator, code string) (json.RawMessage, error) {
	text, err := describe.Marshal(&e)
	if err != nil && code != "" {
		return json.Marshal(code)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; or name the code in Candidate.Code", err)
	}
	return text, nil
}

// Run fits, predicts and scores. Its error is a [*FoldError].
func (j Job) Run(ctx context.Context, set data.Source) (*Run, error) {
	if j.Data != "" {
		print, err := data.Fingerprint(set)
		if err == nil && print != j.Data {
			err = fmt.Errorf("the job is for other rows: their fingerprint is %.12s, that of the given %.12s", j.Data, print)
		}
		if err != nil {
			return nil, j.failure("make", err)
		}
	}
	if err := data.Check(set); err != nil {
		return nil, j.failure("make", err)
	}
	answers, err := data.Answers(set)
	if err != nil {
		return nil, j.failure("make", err)
	}
	if len(j.Metrics) == 0 {
		return nil, j.failure("make", errors.New("the job has no metrics"))
	}
	run, failure := j.run(ctx, set, answers)
	if failure != nil {
		return nil, failure
	}
	return run, nil
}

// FoldError says which candidate failed in which fold, and at which stage.
type FoldError struct {
	Candidate string
	Repeat    int    // from 0
	Fold      int    // from 0
	Stage     string // "make", "fit", "predict" or "score"
	Stack     []byte // of the panic, if there was one
	Err       error

	number int // number of the fold
}

// Error names the candidate, the repeat and fold (counted from 1), the stage and the
// cause, but not the stack.
func (e *FoldError) Error() string {
	if e == nil {
		return "crossval: no error"
	}
	return fmt.Sprintf("crossval: %s: repeat %d, fold %d: %s: %v", e.Candidate, e.Repeat+1, e.Fold+1, e.Stage, e.Err)
}

// Unwrap returns the cause.
func (e *FoldError) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// failure returns a FoldError.
func (j *Job) failure(stage string, err error) *FoldError {
	return &FoldError{Candidate: j.Candidate, Repeat: j.Split.Repeat, Fold: j.Split.Fold, Stage: stage, Err: err, number: j.Number}
}

// run is Run on rows that have already been checked, with their answers.
func (j *Job) run(ctx context.Context, set data.Source, answers *data.Set) (run *Run, failure *FoldError) {
	stage := "make"
	var given []int // row numbers, in the set, of the rows at this stage
	fail := func(err error, stack []byte) *FoldError {
		if row := (*data.RowError)(nil); errors.As(err, &row) && row.Row >= 0 && row.Row < len(given) {
			err = fmt.Errorf("%w (row %d of the whole set)", err, given[row.Row])
		}
		f := j.failure(stage, err)
		f.Stack = stack
		return f
	}
	defer func() {
		if p := recover(); p != nil {
			err, ok := p.(error)
			if !ok {
				err = fmt.Errorf("%v", p)
			}
			run, failure = nil, fail(fmt.Errorf("panic: %w", err), debug.Stack())
		}
	}()
	trainRows, err := trainRows(j.Split, answers.Len())
	if err != nil {
		return nil, fail(err, nil)
	}
	test, err := data.Truth(set, answers, j.Split.Test)
	if err != nil {
		return nil, fail(err, nil)
	}
	if j.Estimator == nil {
		return nil, fail(errors.New("the job has no estimator"), nil)
	}

	stage, given = "fit", trainRows
	begin := time.Now()
	model, err := j.Estimator.Fit(ctx, data.View(set, trainRows), j.Seed)
	fitTime := time.Since(begin)
	if err == nil && (model == nil || model.Predict == nil) {
		err = errNoPredictor
	}
	if err != nil {
		return nil, fail(err, nil)
	}

	stage, given = "predict", j.Split.Test
	p, predictTime, err := predict(ctx, model, set, j.Split.Test, test)
	if err != nil {
		return nil, fail(err, nil)
	}

	stage = "score"
	scores := make([]float64, len(j.Metrics))
	for i, m := range j.Metrics {
		scores[i], err = m.Score(test, p)
		if errors.Is(err, data.ErrUndefined) {
			scores[i], err = math.NaN(), nil
		}
		if err != nil {
			return nil, fail(fmt.Errorf("%s: %w", m.Name, err), nil)
		}
	}
	importance, err := j.importance(ctx, model, set, scores[0])
	if err != nil {
		return nil, fail(fmt.Errorf("importance: %w", err), nil)
	}
	return &Run{
		Candidate: j.Candidate, Importance: importance, Split: j.Number, Seed: j.Seed, Scores: scores, Prediction: *p,
		Curves: model.Curves, BestEpoch: model.BestEpoch, Parameters: model.Parameters, Notes: model.Notes,
		FitTime: fitTime, PredictTime: predictTime,
	}, nil
}
