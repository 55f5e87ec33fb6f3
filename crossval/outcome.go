package crossval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/internal/stamp"
)

// The file format of an outcome.
const (
	outcomeFormat  = "aegis-job-result"
	outcomeVersion = 1
)

// Outcome is what came of one job of a [Plan]: a run or a failure.
type Outcome struct {
	Index   int      // of the job in the plan, from 0
	Job     string   // its fingerprint
	Run     *Run     // nil: the job failed
	Failure *Failing // nil: the job succeeded

	print string // of the rows
	seed  uint64 // of the validation
	build stamp.Build
}

// Failing says why a job failed.
type Failing struct {
	Stage   string // "make", "fit", "predict" or "score"
	Message string // the cause
	Skipped bool   // left out on purpose: see ErrSkipped
	Stack   string // of the panic, if there was one
}

type outcomeFile struct {
	Format  string       `json:"format"`
	Version int          `json:"version"`
	Build   stamp.Build  `json:"build"`
	Data    string       `json:"fingerprint"` // of the rows
	Seed    uint64       `json:"seed,string"`
	Index   int          `json:"index"`
	Job     string       `json:"job"`
	Run     *fileRun     `json:"run,omitempty"`
	Failure *fileFailing `json:"failure,omitempty"`
	Timing  *fileTiming  `json:"timing,omitempty"`
}

type fileFailing struct {
	Stage   string `json:"stage"`
	Message string `json:"message"`
	Skipped bool   `json:"skipped,omitempty"`
	Stack   string `json:"stack,omitempty"`
}

// outcome returns the outcome of job i.
func (p *Plan) outcome(i int, run *Run, failure *FoldError) *Outcome {
	o := &Outcome{Index: i, Job: p.jobs[i], Run: run, print: p.print, seed: p.header.Seed, build: stamp.Now()}
	if failure != nil {
		o.Run, o.Failure = nil, &Failing{
			Stage: failure.Stage, Message: fmt.Sprint(failure.Err), Skipped: errors.Is(failure, ErrSkipped), Stack: string(failure.Stack),
		}
	}
	return o
}

// Fail returns the outcome of job i that failed where no worker could say so itself, such
// as one whose process was killed each time.
func (p *Plan) Fail(i int, message string) (*Outcome, error) {
	j, err := p.Job(i)
	if err != nil {
		return nil, err
	}
	return p.outcome(i, nil, j.failure("fit", errors.New(message))), nil
}

// reportedError is the error of a fit that ran in another process.
type reportedError struct {
	message string
	skipped bool
}

func (t reportedError) Error() string { return t.message }

func (t reportedError) Is(target error) bool { return t.skipped && target == ErrSkipped }

// failure returns the error that j would have returned here.
func (o *Outcome) failure(j *Job) *FoldError {
	f := j.failure(o.Failure.Stage, reportedError{o.Failure.Message, o.Failure.Skipped})
	if o.Failure.Stack != "" {
		f.Stack = []byte(o.Failure.Stack)
	}
	return f
}

// Accept returns an error that says what differs, with both values, unless the outcome is
// one of the plan's jobs and fits its rows and metrics.
func (p *Plan) Accept(o *Outcome) error {
	if p == nil {
		return errNoPlan
	}
	if o == nil || (o.Run == nil) == (o.Failure == nil) {
		return errors.New("crossval: the outcome is nil, or has not either a run or a failure")
	}
	var differs []string
	if o.print != p.print {
		differs = append(differs, fmt.Sprintf("the rows (fingerprint %.12s in the plan, %.12s in the outcome)", p.print, o.print))
	}
	if o.seed != p.header.Seed {
		differs = append(differs, fmt.Sprintf("the seed (%d in the plan, %d in the outcome)", p.header.Seed, o.seed))
	}
	differs = append(differs, buildDiffers(p.build, o.build, "in the plan", "in the outcome")...)
	if differs != nil {
		return fmt.Errorf("crossval: the outcome is of another plan: %s", strings.Join(differs, "; "))
	}
	if o.Index < 0 || o.Index >= p.Len() {
		return fmt.Errorf("crossval: the outcome is of job %d; the plan has jobs 0 to %d", o.Index, p.Len()-1)
	}
	if o.Job != p.jobs[o.Index] {
		return fmt.Errorf("crossval: the outcome is of another plan: job %d (fingerprint %.12s in the plan, %.12s in the outcome)", o.Index, p.jobs[o.Index], o.Job)
	}
	if o.Failure != nil {
		return nil
	}
	j := p.job(o.Index)
	if o.Run.Candidate != j.Candidate || o.Run.Split != j.Number || o.Run.Seed != j.Seed {
		return fmt.Errorf("crossval: job %d: the run is of %q on fold %d with seed %d, want %q on fold %d with seed %d",
			o.Index, o.Run.Candidate, o.Run.Split, o.Run.Seed, j.Candidate, j.Number, j.Seed)
	}
	if err := p.header.checkRun(o.Run); err != nil {
		return fmt.Errorf("crossval: job %d: the run: %w", o.Index, err)
	}
	return nil
}

func (o *Outcome) file() outcomeFile {
	f := outcomeFile{Format: outcomeFormat, Version: outcomeVersion, Build: o.build, Data: o.print, Seed: o.seed, Index: o.Index, Job: o.Job}
	if o.Run != nil {
		run := o.Run.file()
		f.Run, f.Timing = &run, &fileTiming{int64(o.Run.FitTime), int64(o.Run.PredictTime)}
	}
	if o.Failure != nil {
		failure := fileFailing(*o.Failure)
		f.Failure = &failure
	}
	return f
}

// same reports whether two outcomes of a job both failed, or have equal runs except for
// times. The message of a panic may hold an address, so failures are not compared.
func (o *Outcome) same(other *Outcome) bool {
	if o.Run == nil || other.Run == nil {
		return o.Run == nil && other.Run == nil
	}
	a, e1 := json.Marshal(o.Run.file())
	b, e2 := json.Marshal(other.Run.file())
	return e1 == nil && e2 == nil && bytes.Equal(a, b)
}

// WriteJSON writes the outcome as one line of JSON, format "aegis-job-result", version 1.
// Numbers are written as [Result.WriteJSON] does.
func (o *Outcome) WriteJSON(w io.Writer) error {
	if o == nil || w == nil {
		return errors.New("crossval: write the outcome: the outcome or the writer is nil")
	}
	text, err := json.Marshal(o.file())
	if err != nil {
		return fmt.Errorf("crossval: write the outcome: %w", err)
	}
	if err := readable(text); err != nil {
		return fmt.Errorf("crossval: write the outcome: ReadOutcome would not read it: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// ReadOutcome reads what [Outcome.WriteJSON] wrote; [Plan.Accept] says whether it belongs to
// a plan. An outcome of more than 256 MiB is refused, and one with more than a million
// objects and strings; memory is bounded by about 12 times the size.
func ReadOutcome(r io.Reader) (*Outcome, error) {
	var f outcomeFile
	if err := readBounded(r, &f, outcomeFormat, outcomeVersion); err != nil {
		return nil, fmt.Errorf("crossval: read an outcome: %w", err)
	}
	o := &Outcome{Index: f.Index, Job: f.Job, print: f.Data, seed: f.Seed, build: f.Build}
	switch {
	case f.Index < 0:
		return nil, fmt.Errorf("crossval: read an outcome: index: %d", f.Index)
	case (f.Run == nil) == (f.Failure == nil):
		return nil, errors.New("crossval: read an outcome: want either a run or a failure")
	case f.Run != nil:
		run := f.Run.run()
		if f.Timing != nil {
			run.FitTime, run.PredictTime = time.Duration(f.Timing.Fit), time.Duration(f.Timing.Predict)
		}
		o.Run = &run
	default:
		failure := Failing(*f.Failure)
		o.Failure = &failure
	}
	return o, nil
}

// Save writes the outcome to a file as [Outcome.WriteJSON] does. The file is replaced
// atomically and synced, so it is never incomplete.
func (o *Outcome) Save(name string) error {
	if err := atomicfile.Write(name, o.WriteJSON); err != nil {
		return fmt.Errorf("crossval: save the outcome: %w", err)
	}
	return nil
}

// LoadOutcome reads an outcome from a file written by [Outcome.Save].
func LoadOutcome(name string) (*Outcome, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	defer f.Close()
	o, err := ReadOutcome(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
