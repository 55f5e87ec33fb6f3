package crossval_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
)

// failing is an estimator that does not fit in the way that it names.
type failing struct{ How string }

func (f failing) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	switch f.How {
	case "error":
		return nil, errors.New("no more ink")
	case "panic":
		panic("out of paper")
	case "skip":
		return nil, fmt.Errorf("%w: too many rows", crossval.ErrSkipped)
	}
	return written{Shift: 3}.Fit(ctx, train, seed)
}

func init() {
	if err := describe.Register("crossval_test.", failing{}); err != nil {
		panic(err)
	}
}

// planned are the settings of a validation in which some candidates fail.
func planned(t testing.TB) (*data.Set, crossval.Splitter, []crossval.Candidate, crossval.Options) {
	return classSet(t, labelsOf(60, 3), "x", "y", "z"), crossval.RepeatedKFold{K: 3, Repeats: 2, Seed: 3}, append([]crossval.Candidate{
		{Name: "error", Estimator: failing{"error"}}, {Name: "panic", Estimator: failing{"panic"}},
		{Name: "skip", Estimator: failing{"skip"}, Baseline: true}, {Name: "fits", Estimator: failing{}},
	}, writtenPair...), crossval.Options{Seed: 1 << 63, Importance: []string{"b"}}
}

func planOf(t testing.TB) (*crossval.Plan, *data.Set) {
	t.Helper()
	set, sp, candidates, options := planned(t)
	p, err := crossval.NewPlan(set, sp, candidates, options)
	if err != nil {
		t.Fatal(err)
	}
	return p, set
}

func planJSON(t testing.TB, p *crossval.Plan) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func outcomeJSON(t testing.TB, o *crossval.Outcome) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := o.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// throughFile writes an outcome and reads it again.
func throughFile(t testing.TB, o *crossval.Outcome) *crossval.Outcome {
	t.Helper()
	read, err := crossval.ReadOutcome(bytes.NewReader(outcomeJSON(t, o)))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestPlanMerges: jobs of a plan that went through a file, run in any order, some of them
// twice, with outcomes that went through files, give what Validate gives, errors included.
func TestPlanMerges(t *testing.T) {
	set, sp, candidates, options := planned(t)
	want, wantErr := crossval.Validate(t.Context(), set, sp, candidates, options)
	plan, _ := planOf(t)
	plan.Read = []byte(`{"path":"x.csv"}`)
	read, err := crossval.ReadPlan(bytes.NewReader(planJSON(t, plan)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(planJSON(t, plan), planJSON(t, read)) || string(read.Read) != string(plan.Read) {
		t.Error("a plan that was read is written otherwise")
	}
	a, e1 := plan.Fingerprint()
	plan.Read = nil
	if b, e2 := plan.Fingerprint(); a != b || e1 != nil || e2 != nil {
		t.Errorf("fingerprints %s and %s differ by Read (%v, %v)", a, b, e1, e2)
	}
	worker, err := read.Worker(set)
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []*crossval.Outcome
	r := rand.New(rand.NewPCG(1, 2))
	for _, i := range append(r.Perm(plan.Len()), 0, 1, 4, 5) {
		o, err := worker.Run(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, throughFile(t, o))
	}
	have, haveErr := read.Merge(outcomes)
	if have == nil || !bytes.Equal(writeJSON(t, want.WithoutTiming()), writeJSON(t, have.WithoutTiming())) {
		t.Errorf("results differ:\n%s\n%v %v", writeJSON(t, want.WithoutTiming()), have, haveErr)
	}
	if wantErr == nil || haveErr == nil || wantErr.Error() != haveErr.Error() {
		t.Errorf("error %q, want %q", haveErr, wantErr)
	}
	fold := (*crossval.FoldError)(nil)
	if !errors.As(haveErr, &fold) || fold.Candidate != "error" {
		t.Errorf("error %v is not that of the first candidate", haveErr)
	}
	if have.Runs[0].FitTime == 0 {
		t.Error("times are lost")
	}
	again, err := read.Merge(outcomes)
	if !bytes.Equal(writeJSON(t, have), writeJSON(t, again)) {
		t.Errorf("a second merge differs: %v", err)
	}
}

// TestMergeWithoutSome: what is missing is named, the rest is kept.
func TestMergeWithoutSome(t *testing.T) {
	plan, set := planOf(t)
	worker, err := plan.Worker(set)
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []*crossval.Outcome
	for _, i := range []int{3, 4, 5, 9, 10, 11} {
		o, err := worker.Run(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, o)
	}
	r, err := plan.Merge(outcomes)
	missing := (*crossval.MissingError)(nil)
	if !errors.As(err, &missing) || crossval.Ranges(missing.Jobs) != "0-2,6-8,12-35" || len(r.Runs) != 6 {
		t.Errorf("%v, %+v", err, r)
	}
	if r, err := plan.Merge(nil); !errors.As(err, &missing) || len(missing.Jobs) != plan.Len() || len(r.Runs) != 0 {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestRanges(t *testing.T) {
	for _, c := range []struct {
		of   []int
		want string
	}{
		{nil, ""}, {[]int{4}, "4"}, {[]int{0, 1}, "0-1"}, {[]int{0, 2, 3, 4, 9}, "0,2-4,9"}, {[]int{7, 7}, "7,7"},
	} {
		if have := crossval.Ranges(c.of); have != c.want {
			t.Errorf("%v: %q, want %q", c.of, have, c.want)
		}
	}
}

// changed replaces the first match of a pattern.
func changed(t testing.TB, text []byte, pattern, by string) []byte {
	t.Helper()
	at := regexp.MustCompile(pattern).FindIndex(text)
	if at == nil {
		t.Fatalf("%q is not there: %s", pattern, text)
	}
	return bytes.Join([][]byte{text[:at[0]], text[at[1]:]}, []byte(by))
}

func TestReadPlanRefuses(t *testing.T) {
	plan, _ := planOf(t)
	good := planJSON(t, plan)
	for _, c := range []struct{ name, old, new, want string }{
		{"no JSON", `^\{`, `[`, "read a plan: "},
		{"cut", `"jobs":.*\n`, ``, "unexpected end"},
		{"more", `\n$`, `{}`, "after top-level value"},
		{"format", `"aegis-jobs"`, `"aegis-job"`, `format: want "aegis-jobs", have "aegis-job"`},
		{"version", `"version":1`, `"version":2`, "version: 2 is not known, only 1"},
		{"unknown field", `"splitter"`, `"Spliter":1,"splitter"`, `unknown field "Spliter"`},
		{"type of a field", `"rows":60`, `"rows":"60"`, "data.rows"},
		{"metric", `"accuracy"`, `"acuracy"`, "metrics: "},
		{"metric twice", `"balanced accuracy"`, `"accuracy"`, `metrics: crossval: two metrics are named "accuracy"`},
		{"candidate twice", `"name":"b"`, `"name":"a"`, `candidates: crossval: two candidates are named "a"`},
		{"no candidates", `"candidates":\[.*\],"data"`, `"candidates":[],"data"`, "candidates: crossval: no candidates"},
		{"estimator", `crossval_test.failing`, `crossval_test.failed`, "candidates[0].description: "},
		{"setting", `"How":"panic"`, `"Now":"panic"`, "candidates[1].description: "},
		{"task", `"task":"classify"`, `"task":"sing"`, "data: "},
		{"answers", `"labels":\[0,`, `"labels":[`, "60 rows of classes have 59 labels"},
		{"answer", `"labels":\[0,`, `"labels":[9,`, "9"},
		{"order of folds", `"repeat":0,"fold":1`, `"repeat":0,"fold":2`, "out of order"},
		{"row of a fold", `"test":\[\d+,`, `"test":[1000,`, "1000"},
		{"other rows of a fold", `"test":\[\d+,`, `"test":[`, "jobs[0]: the fingerprint is "},
		{"seed", `"seed":"9`, `"seed":"8`, "jobs[0]: the fingerprint is "},
		{"rows", `"fingerprint":"[0-9a-f]*"`, `"fingerprint":"0"`, "jobs[0]: the fingerprint is "},
		{"fewer jobs", `"jobs":\["[0-9a-f]*",`, `"jobs":[`, "jobs: 35 for 6 candidates on 6 folds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := crossval.ReadPlan(bytes.NewReader(changed(t, good, c.old, c.new)))
			if p != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	name := filepath.Join(t.TempDir(), "jobs.json")
	if err := os.WriteFile(name, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := crossval.LoadPlan(name); err == nil || !strings.HasPrefix(err.Error(), name+": crossval: read a plan: format") {
		t.Errorf("error %v does not name the file", err)
	}
}

// TestWorkerRefuses: other rows, and other programs, are refused before a fit, with both
// values.
func TestWorkerRefuses(t *testing.T) {
	plan, set := planOf(t)
	good := planJSON(t, plan)
	before := writtenFits.Load()
	other := classSet(t, labelsOf(60, 3), "x", "y", "w")
	otherPrint, err := data.Fingerprint(other)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("for other rows: their fingerprint is %.12s (%s, 60 rows), that of these %.12s", plan.Data(), set.Name, otherPrint)
	if _, err := plan.Worker(other); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"aegis":"[^"]*"`, `"aegis":"0.0.9"`, "the version of Aegis (0.0.9 in the plan, " + plan.Version() + " here)"},
		{`("arch")`, `"kernels":"abacus","arch"`, "the kernels (abacus in the plan, none here)"}, // this test has no kernels
		{`"arch":"[^"]*"`, `"arch":"vax"`, "the processor (vax in the plan, " + runtime.GOARCH + " here)"},
	} {
		p, err := crossval.ReadPlan(bytes.NewReader(changed(t, good, c.old, c.new)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Worker(set); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	if n := writtenFits.Load() - before; n != 0 {
		t.Errorf("%d fits before the refusal", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	worker, err := plan.Worker(set)
	if err != nil {
		t.Fatal(err)
	}
	if o, err := worker.Run(ctx, 0); o != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v: want no outcome after a stop", o, err)
	}
	for _, i := range []int{-1, plan.Len()} {
		if o, err := worker.Run(t.Context(), i); o != nil || err == nil || !strings.Contains(err.Error(), "the plan has jobs 0 to 35") {
			t.Errorf("%v, %v", o, err)
		}
	}
}

// TestMergeRefuses: outcomes of another plan are refused, with both values.
func TestMergeRefuses(t *testing.T) {
	plan, set := planOf(t)
	worker, err := plan.Worker(set)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := worker.Run(t.Context(), 4) // "a" on the first fold
	if err != nil {
		t.Fatal(err)
	}
	good := outcomeJSON(t, outcome)
	for _, c := range []struct{ name, old, new, want string }{
		{"version", `"aegis":"[^"]*"`, `"aegis":"0.0.9"`, "the version of Aegis (" + plan.Version() + " in the plan, 0.0.9 in the outcome)"},
		{"kernels", `("arch")`, `"kernels":"abacus","arch"`, "the kernels (none in the plan, abacus in the outcome)"},
		{"rows", `"fingerprint":"[^"]*"`, `"fingerprint":"abc"`, fmt.Sprintf("the rows (fingerprint %.12s in the plan, abc in the outcome)", plan.Data())},
		{"seed", `"seed":"9\d*"`, `"seed":"7"`, "the seed (9223372036854775808 in the plan, 7 in the outcome)"},
		{"index", `"index":4`, `"index":5`, "job 5 (fingerprint "},
		{"no such index", `"index":4`, `"index":36`, "of job 36; the plan has jobs 0 to 35"},
		{"job", `"job":"[^"]*"`, `"job":"abc"`, "abc in the outcome"},
		{"candidate", `"candidate":"a"`, `"candidate":"b"`, `the run is of "b" on fold 0`},
		{"fold", `"split":0`, `"split":1`, `the run is of "a" on fold 1`},
		{"scores", `"scores":\[[^,]*,`, `"scores":[`, "scores for"},
		{"labels", `"labels":\[\d,`, `"labels":[`, "19"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := crossval.ReadOutcome(bytes.NewReader(changed(t, good, c.old, c.new)))
			if err != nil {
				t.Fatal(err)
			}
			if r, err := plan.Merge([]*crossval.Outcome{outcome, o}); r != nil || err == nil || !strings.Contains(err.Error(), "outcome 1: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	differs := throughFile(t, outcome)
	differs.Run.BestEpoch++
	failed, err := plan.Fail(4, "its process was killed")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*crossval.Outcome{differs, failed} {
		if r, err := plan.Merge([]*crossval.Outcome{outcome, o}); r != nil || err == nil || !strings.Contains(err.Error(), "job 4 has two outcomes that differ") {
			t.Errorf("error %v", err)
		}
	}
	if r, err := plan.Merge([]*crossval.Outcome{failed, failed}); r == nil || len(r.Failed) != 1 || r.Failed[0].Message != "crossval: a: repeat 1, fold 1: fit: its process was killed" {
		t.Errorf("%+v, %v", r, err)
	}
	for _, o := range []*crossval.Outcome{nil, {}, {Run: outcome.Run, Failure: failed.Failure}} {
		if r, err := plan.Merge([]*crossval.Outcome{o}); r != nil || err == nil {
			t.Errorf("merged %+v, %v", o, err)
		}
	}
}

func TestReadOutcomeRefuses(t *testing.T) {
	plan, _ := planOf(t)
	failed, err := plan.Fail(4, "no more ink")
	if err != nil {
		t.Fatal(err)
	}
	good := outcomeJSON(t, failed)
	for _, c := range []struct{ name, old, new, want string }{
		{"plan", `"aegis-job-result"`, `"aegis-jobs"`, `format: want "aegis-job-result", have "aegis-jobs"`},
		{"version", `"version":1`, `"version":0`, "version: 0 is not known, only 1"},
		{"index", `"index":4`, `"index":-4`, "index: -4"},
		{"both", `"failure"`, `"run":{},"failure"`, "either a run or a failure"},
		{"neither", `,"failure".*\n`, `}`, "either a run or a failure"},
		{"unknown field", `"stage"`, `"stages"`, `unknown field "stages"`},
		{"type of a field", `"stage":"fit"`, `"stage":1`, "failure.stage"},
		{"cut", `\}\n`, ``, "unexpected end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if o, err := crossval.ReadOutcome(bytes.NewReader(changed(t, good, c.old, c.new))); o != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// endless repeats a text after a head.
type endless struct {
	head, text string
	read       int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		if e.read < len(e.head) {
			p[i] = e.head[e.read]
		} else {
			p[i] = e.text[(e.read-len(e.head))%len(e.text)]
		}
		e.read++
	}
	return len(p), nil
}

// TestHostileFiles: small texts that stand for large values, and texts without an end, are
// refused in little memory.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 256 MiB")
	}
	many := `{"format":"aegis-jobs","version":1,"splits":[{}` + strings.Repeat(",{}", 5<<20) + "]}"
	if _, err := crossval.ReadPlan(strings.NewReader(many)); err == nil || !strings.Contains(err.Error(), "more than 1048576 objects") {
		t.Errorf("error %v", err)
	}
	many = strings.Replace(strings.Replace(many, "aegis-jobs", "aegis-job-result", 1), `"splits"`, `"run"`, 1)
	if _, err := crossval.ReadOutcome(strings.NewReader(many)); err == nil || !strings.Contains(err.Error(), "more than 1048576 objects") {
		t.Errorf("error %v", err)
	}
	plan, _ := planOf(t)
	failed, err := plan.Fail(0, strings.Repeat("a", 257<<20))
	if err != nil {
		t.Fatal(err)
	}
	if err := failed.WriteJSON(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "ReadOutcome would not read it: it has more than 256 MiB") {
		t.Errorf("error %v", err)
	}
	e := &endless{`{"format":"aegis-jobs","version":1,"splitter":"`, "a", 0}
	if _, err := crossval.ReadPlan(e); err == nil || !strings.Contains(err.Error(), "more than 256 MiB") || e.read > 300<<20 {
		t.Errorf("error %v after %d bytes", err, e.read)
	}
}

func TestNewPlanRefuses(t *testing.T) {
	set, sp, candidates, options := planned(t)
	one := append(candidates, crossval.Candidate{Name: "f", Estimator: threshold(1), Code: "f1"})
	if p, err := crossval.NewPlan(set, sp, one, options); p != nil || err == nil || !strings.Contains(err.Error(), "f: ") || !strings.Contains(err.Error(), "EstimatorFunc is not registered") {
		t.Errorf("error %v", err)
	}
	if p, err := crossval.NewPlan(nil, sp, candidates, options); p != nil || err == nil {
		t.Errorf("error %v", err)
	}
}

func FuzzReadPlan(f *testing.F) {
	plan, set := planOf(f)
	good := planJSON(f, plan)
	f.Add(good)
	f.Add([]byte(`{"format":"aegis-jobs","version":1}`))
	f.Add(bytes.Replace(good, []byte(`"classify"`), []byte(`"regress"`), 1))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := crossval.ReadPlan(bytes.NewReader(text))
		if err != nil {
			return
		}
		// Whatever could be read can be used, and is the same when read again.
		first := planJSON(t, p)
		again, err := crossval.ReadPlan(bytes.NewReader(first))
		if err != nil || !bytes.Equal(first, planJSON(t, again)) {
			t.Errorf("cannot be read again, or not to the same: %v", err)
		}
		if w, err := p.Worker(set); err == nil {
			if _, err := w.Run(t.Context(), 0); err != nil {
				t.Error(err)
			}
		}
		if r, _ := p.Merge(nil); r == nil {
			t.Error("no result of no outcomes")
		}
	})
}

func FuzzReadOutcome(f *testing.F) {
	plan, set := planOf(f)
	worker, err := plan.Worker(set)
	if err != nil {
		f.Fatal(err)
	}
	for _, i := range []int{0, 1, 4, 5} {
		o, err := worker.Run(f.Context(), i)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(outcomeJSON(f, o))
	}
	f.Add([]byte(`{"format":"aegis-job-result","version":1,"run":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := crossval.ReadOutcome(bytes.NewReader(text))
		if err != nil {
			return
		}
		if first := outcomeJSON(t, o); !bytes.Equal(first, outcomeJSON(t, throughFile(t, o))) {
			t.Error("written otherwise when read again")
		}
		if r, err := plan.Merge([]*crossval.Outcome{o, o}); r != nil {
			_ = r.Table()
			_ = writeJSON(t, r)
		} else if err == nil {
			t.Error("neither a result nor an error")
		}
	})
}
