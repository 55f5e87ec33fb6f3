package crossval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/internal/stamp"
)

// The file format of a plan.
const (
	planFormat  = "aegis-jobs"
	planVersion = 1
)

// Plan is a validation written down, so that its jobs can run in other processes and on
// other machines: the candidates as descriptions (package describe), the folds with their
// rows, the metrics, the seed, the true answers, the fingerprint of the rows, and the
// version of Aegis and the kernels that all jobs need. Job i is candidate i mod c on fold
// i / c, where c is the number of candidates. The result of all jobs, merged, is that of
// [Validate], byte for byte except for times.
//
// The rows themselves are not in the plan; Read is for a program's own record of how to
// read them.
//
// A plan has no TimeLimit, which bounds all fits of a candidate together, and no FitLimit: what
// starts the jobs bounds each of them.
type Plan struct {
	Read json.RawMessage // any JSON value, or nil

	header     Result // without runs
	metrics    []data.Metric
	candidates []Candidate
	importance []string
	print      string // the set's fingerprint
	build      stamp.Build
	jobs       []string // fingerprints
}

type planFile struct {
	Format      string          `json:"format"`
	Version     int             `json:"version"`
	Build       stamp.Build     `json:"build"`
	Fingerprint string          `json:"fingerprint"` // of the rows
	Read        json.RawMessage `json:"read,omitempty"`
	Seed        uint64          `json:"seed,string"`
	Splitter    string          `json:"splitter"`
	Metrics     json.RawMessage `json:"metrics"`
	Candidates  []planCandidate `json:"candidates"`
	Data        fileData        `json:"data"`
	Leaks       []Leak          `json:"leaks,omitempty"`
	Splits      []fileSplit     `json:"splits"`
	Jobs        []string        `json:"jobs"` // fingerprints
}

type planCandidate struct {
	Name        string          `json:"name"`
	Baseline    bool            `json:"baseline,omitempty"`
	Importance  bool            `json:"importance,omitempty"`
	Description json.RawMessage `json:"description"`
}

// NewPlan writes down the validation of these arguments. Of the options, only Seed, Metrics
// and Importance matter. Every estimator must have a description: an [EstimatorFunc], which
// has none, is an error. The version and the kernels are those of this process.
func NewPlan(set data.Source, sp Splitter, candidates []Candidate, o Options) (*Plan, error) {
	if err := checkCandidates(candidates); err != nil {
		return nil, err
	}
	answers, result, err := prepare(set, sp, &o)
	if err != nil {
		return nil, err
	}
	if result.Leaks, err = FindLeaks(known(set, answers), result.Splits); err != nil {
		return nil, err
	}
	print, err := data.Fingerprint(set)
	if err != nil {
		return nil, err
	}
	return result.plan(candidates, &o, print)
}

// plan returns the plan of candidates on the folds of a result without any; print is the
// fingerprint of the rows.
func (r *Result) plan(candidates []Candidate, o *Options, print string) (*Plan, error) {
	p := &Plan{header: *r, metrics: o.Metrics, candidates: slices.Clone(candidates), importance: slices.Clone(o.Importance), print: print, build: stamp.Now()}
	for i := range p.candidates {
		c := &p.candidates[i]
		if _, err := describe.Marshal(&c.Estimator); err != nil {
			return nil, fmt.Errorf("crossval: %s: %w", c.Name, err)
		}
		c.Code = ""
		p.header.Candidates = append(p.header.Candidates, CandidateInfo{Name: c.Name, Baseline: c.Baseline})
	}
	for i := range p.Len() {
		print, err := p.job(i).Fingerprint()
		if err != nil {
			return nil, err
		}
		p.jobs = append(p.jobs, print)
	}
	return p, nil
}

// Len returns the number of jobs.
func (p *Plan) Len() int {
	if p == nil {
		return 0
	}
	return len(p.header.Splits) * len(p.candidates)
}

// Fingerprint returns a SHA-256 hash, in hex, of everything in the plan except Read: plans
// with equal fingerprints have equal results.
func (p *Plan) Fingerprint() (string, error) {
	if p == nil {
		return "", errNoPlan
	}
	return p.fingerprint()
}

// Data returns the fingerprint that the rows must have.
func (p *Plan) Data() string {
	if p == nil {
		return ""
	}
	return p.print
}

// Kernels returns the set of kernels that all jobs need: "portable", "avx2" or "avx512";
// "" if the planning program had none.
func (p *Plan) Kernels() string {
	if p == nil {
		return ""
	}
	return p.build.Kernels
}

// Version returns the version of Aegis that all jobs need, with its commit where that is
// known.
func (p *Plan) Version() string {
	if p == nil {
		return ""
	}
	return p.build.Aegis
}

// Job returns job i.
func (p *Plan) Job(i int) (Job, error) {
	if p == nil {
		return Job{}, errNoPlan
	}
	if i < 0 || i >= p.Len() {
		return Job{}, fmt.Errorf("crossval: there is no job %d: the plan has jobs 0 to %d", i, p.Len()-1)
	}
	return *p.job(i), nil
}

var errNoPlan = errors.New("crossval: the plan is nil")

func (p *Plan) job(i int) *Job {
	c, number := p.candidates[i%len(p.candidates)], i/len(p.candidates)
	return &Job{
		Candidate: c.Name, Estimator: c.Estimator, Number: number, Split: p.header.Splits[number], Seed: JobSeed(p.header.Seed, c.Name, number),
		Metrics: p.metrics, Importance: slices.Contains(p.importance, c.Name), Data: p.print,
	}
}

// WriteJSON writes the plan as one line of JSON, format "aegis-jobs", version 1.
func (p *Plan) WriteJSON(w io.Writer) error {
	if p == nil || w == nil {
		return errors.New("crossval: write the plan: the plan or the writer is nil")
	}
	text, err := p.json()
	if err != nil {
		return fmt.Errorf("crossval: write the plan: %w", err)
	}
	if err := readable(text); err != nil {
		return fmt.Errorf("crossval: write the plan: ReadPlan would not read it: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

func (p *Plan) json() ([]byte, error) {
	header, err := p.header.file()
	if err != nil {
		return nil, err
	}
	f := planFile{
		Format: planFormat, Version: planVersion, Build: p.build, Fingerprint: p.print, Read: p.Read, Seed: header.Seed, Splitter: header.Splitter,
		Data: header.Data, Leaks: header.Leaks, Splits: header.Splits, Jobs: p.jobs,
	}
	if f.Metrics, err = describe.Marshal(p.metrics); err != nil {
		return nil, err
	}
	for _, c := range p.candidates {
		text, err := describe.Marshal(&c.Estimator)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		f.Candidates = append(f.Candidates, planCandidate{c.Name, c.Baseline, slices.Contains(p.importance, c.Name), text})
	}
	return json.Marshal(f)
}

func (p *Plan) fingerprint() (string, error) {
	bare := *p
	bare.Read = nil
	text, err := bare.json()
	if err != nil {
		return "", fmt.Errorf("crossval: the plan: %w", err)
	}
	return hashOf(text), nil
}

// Save writes the plan to a file as [Plan.WriteJSON] does. The file is replaced
// atomically, so it is never incomplete.
func (p *Plan) Save(name string) error {
	if err := atomicfile.Write(name, p.WriteJSON); err != nil {
		return fmt.Errorf("crossval: save the plan: %w", err)
	}
	return nil
}

// LoadPlan reads a plan from a file written by [Plan.Save].
func LoadPlan(name string) (*Plan, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	defer f.Close()
	p, err := ReadPlan(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// ReadPlan reads what [Plan.WriteJSON] wrote. The plan is consistent: folds, answers and
// candidates fit each other, and every job has the fingerprint that the plan has for it.
// Anything else is an error, as are another format, a later version and types that are not
// registered with package describe. A plan of more than 256 MiB is refused, and one with
// more than a million objects and strings; memory is bounded by about 12 times the size.
func ReadPlan(r io.Reader) (*Plan, error) {
	var f planFile
	if err := readBounded(r, &f, planFormat, planVersion); err != nil {
		return nil, fmt.Errorf("crossval: read a plan: %w", err)
	}
	p, err := f.plan()
	if err != nil {
		return nil, fmt.Errorf("crossval: read a plan: %w", err)
	}
	return p, nil
}

// plan converts a file back to a Plan and checks it.
func (f *planFile) plan() (*Plan, error) {
	p := &Plan{build: f.Build, print: f.Fingerprint, Read: f.Read, jobs: f.Jobs}
	if err := describe.Unmarshal(f.Metrics, &p.metrics); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if err := checkMetrics(p.metrics); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	head := file{Seed: f.Seed, Splitter: f.Splitter, Data: f.Data, Leaks: f.Leaks, Splits: f.Splits}
	for _, m := range p.metrics {
		head.Metrics = append(head.Metrics, fileMetric{m.Name, m.Greater, [2]number{number(m.Range[0]), number(m.Range[1])}})
	}
	for i, c := range f.Candidates {
		var e Estimator
		if err := describe.Unmarshal(c.Description, &e); err != nil {
			return nil, fmt.Errorf("candidates[%d].description: %w", i, err)
		}
		p.candidates = append(p.candidates, Candidate{Name: c.Name, Estimator: e, Baseline: c.Baseline})
		head.Candidates = append(head.Candidates, fileCandidate{c.Name, c.Baseline})
		if c.Importance {
			p.importance = append(p.importance, c.Name)
		}
	}
	if err := checkCandidates(p.candidates); err != nil {
		return nil, fmt.Errorf("candidates: %w", err)
	}
	header, err := head.result()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if err := header.check(); err != nil {
		return nil, err
	}
	p.header = *header
	if len(p.jobs) != p.Len() {
		return nil, fmt.Errorf("jobs: %d for %d candidates on %d folds", len(p.jobs), len(p.candidates), len(header.Splits))
	}
	for i, print := range p.jobs {
		is, err := p.job(i).Fingerprint()
		if err != nil {
			return nil, fmt.Errorf("jobs[%d]: %w", i, err)
		}
		if is != print {
			return nil, fmt.Errorf("jobs[%d]: the fingerprint is %.12s, that of its fields %.12s", i, print, is)
		}
	}
	return p, nil
}

// What ReadPlan and ReadOutcome read at most.
const (
	mostBytes  = 256 << 20
	mostValues = 1 << 20 // objects, arrays and strings
)

// readBounded decodes one JSON value of a known format, with unknown fields refused.
func readBounded(r io.Reader, into any, format string, version int) error {
	if r == nil {
		return errors.New("the reader is nil")
	}
	text, err := io.ReadAll(io.LimitReader(r, mostBytes+1))
	if err != nil {
		return err
	}
	if err := readable(text); err != nil {
		return err
	}
	var about struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return err
	}
	if about.Format != format {
		return fmt.Errorf("format: want %q, have %q", format, about.Format)
	}
	if about.Version != version {
		return fmt.Errorf("version: %d is not known, only %d", about.Version, version)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// readable returns an error if a text is beyond what is read.
func readable(text []byte) error {
	if len(text) > mostBytes {
		return fmt.Errorf("it has more than %d MiB", mostBytes>>20)
	}
	if n := countValues(text); n > mostValues {
		return fmt.Errorf("it has more than %d objects, arrays and strings", mostValues)
	}
	return nil
}

// countValues counts the objects, arrays and strings of a JSON text without decoding it: of
// each, Go makes something larger than its text.
func countValues(text []byte) int {
	n, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			if quoted = !quoted; quoted {
				n++
			}
		case !quoted && (c == '{' || c == '['):
			n++
		}
	}
	return n
}

// Worker runs jobs of a plan on its rows.
type Worker struct {
	plan    *Plan
	set     data.Source
	answers *data.Set
}

// Worker returns a worker for the plan, or an error that says what differs, with both
// values, if the set is another or this process has another version of Aegis, other kernels
// or another processor than the plan: other bits would come of it.
func (p *Plan) Worker(set data.Source) (*Worker, error) {
	if p == nil {
		return nil, errNoPlan
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	if set == nil {
		return nil, data.ErrEmpty
	}
	print, err := data.Fingerprint(set)
	if err != nil {
		return nil, err
	}
	if print != p.print {
		return nil, fmt.Errorf("crossval: the plan is for other rows: their fingerprint is %.12s (%s, %d rows), that of these %.12s", p.print, p.header.Data.Name, p.header.Data.Rows, print)
	}
	if err := data.Check(set); err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	answers, err := data.Answers(set)
	if err != nil {
		return nil, fmt.Errorf("crossval: %w", err)
	}
	return &Worker{p, set, answers}, nil
}

// Check returns an error if this process has another version of Aegis, other kernels or
// another processor than the plan.
func (p *Plan) Check() error {
	if p == nil {
		return errNoPlan
	}
	if differs := buildDiffers(p.build, stamp.Now(), "in the plan", "here"); differs != nil {
		return fmt.Errorf("crossval: this process cannot run the plan's jobs: %s", strings.Join(differs, "; "))
	}
	return nil
}

// buildDiffers says in what two builds differ.
func buildDiffers(was, is stamp.Build, there, here string) (differs []string) {
	for _, x := range [][3]string{{"the version of Aegis", was.Aegis, is.Aegis}, {"the kernels", was.Kernels, is.Kernels}, {"the processor", was.Arch, is.Arch}} {
		if x[1] != x[2] {
			text := fmt.Sprintf("%s (%s %s, %s %s)", x[0], orNone(x[1]), there, orNone(x[2]), here)
			differs = append(differs, text)
		}
	}
	return differs
}

// orNone returns a name, or a word for the lack of one.
func orNone(name string) string {
	if name == "" {
		return "none"
	}
	return name
}

// Run runs job i. A fit that fails, or panics, is an outcome; an error is returned only if
// there is no such job or ctx is done, in which case there is no outcome. A fit that ignores
// its context is abandoned a second after ctx is done.
func (w *Worker) Run(ctx context.Context, i int) (*Outcome, error) {
	if w == nil || w.plan == nil {
		return nil, errors.New("crossval: the worker has no plan")
	}
	if _, err := w.plan.Job(i); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("crossval: job %d: stopped: %w", i, err)
	}
	run, failure := w.plan.job(i).abandoned(ctx, w.set, w.answers)
	if failure != nil && ctx.Err() != nil && isContextError(failure) {
		return nil, fmt.Errorf("crossval: job %d: stopped: %w", i, ctx.Err())
	}
	return w.plan.outcome(i, run, failure), nil
}

// MissingError lists the jobs without an outcome.
type MissingError struct{ Jobs []int }

// Error names the first jobs.
func (e *MissingError) Error() string {
	if e == nil || len(e.Jobs) == 0 {
		return "crossval: no job is missing"
	}
	return fmt.Sprintf("crossval: %d jobs have no outcome: %s", len(e.Jobs), Ranges(e.Jobs))
}

// Ranges writes indices, in order, as schedulers take them: "0-3,7,9-11".
func Ranges(indices []int) string {
	var b strings.Builder
	for at := 0; at < len(indices); {
		end := at
		for end+1 < len(indices) && indices[end+1] == indices[end]+1 {
			end++
		}
		if at > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, indices[at])
		if end > at {
			fmt.Fprintf(&b, "-%d", indices[end])
		}
		at = end + 1
	}
	return b.String()
}

// Merge makes the result of the outcomes of all jobs, in any order: that of [Validate],
// except for times. As there, a candidate that failed in any fold is left out and its
// [*FoldError], the one in the lowest fold, is joined to the error.
//
// If jobs are missing, the result holds the others and a [*MissingError] is joined to the
// error. The result is nil, and the error says what differs with both values, if an outcome
// is of other rows, another seed, version or set of kernels, or of a job that the plan does
// not have. Of several outcomes of one job the first counts, if all of them failed or their
// runs are equal except for times; anything else is an error.
func (p *Plan) Merge(outcomes []*Outcome) (*Result, error) {
	if p == nil {
		return nil, errNoPlan
	}
	have := make([]*Outcome, p.Len())
	for k, o := range outcomes {
		if err := p.Accept(o); err != nil {
			return nil, fmt.Errorf("crossval: outcome %d: %w", k, err)
		}
		if old := have[o.Index]; old != nil {
			if !old.same(o) {
				return nil, fmt.Errorf("crossval: outcome %d: job %d has two outcomes that differ", k, o.Index)
			}
			continue
		}
		have[o.Index] = o
	}
	entries := make([]*entry, len(p.candidates))
	for c := range entries {
		entries[c] = &entry{Candidate: p.candidates[c], runs: make([]*Run, len(p.header.Splits))}
	}
	var missing error
	var without []int
	for i, o := range have {
		e := entries[i%len(entries)]
		switch {
		case o == nil:
			without = append(without, i)
		case o.Run != nil:
			e.runs[i/len(entries)] = o.Run
		default:
			e.fail(o.failure(p.job(i)))
		}
	}
	if without != nil {
		missing = &MissingError{without}
	}
	result := p.header
	result.Candidates = nil
	result.collect(entries)
	return &result, failures(entries, missing)
}
