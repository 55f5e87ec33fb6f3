package crossval_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
)

// written is an estimator that can be written down; what it predicts depends on its
// seed, its rows and its field.
type written struct {
	Shift float64
	Of    []crossval.Estimator
	Slow  time.Duration
}

// writtenFits counts the fits of written.
var writtenFits atomic.Int64

func (w written) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	writtenFits.Add(1)
	select {
	case <-time.After(w.Slow):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return noisy.Fit(ctx, train, seed+uint64(w.Shift*1024))
}

func init() {
	if err := describe.Register("crossval_test.", written{}); err != nil {
		panic(err)
	}
}

var writtenPair = []crossval.Candidate{{Name: "a", Estimator: written{Shift: 1}}, {Name: "b", Estimator: written{Of: []crossval.Estimator{written{Shift: 0.5}}}, Baseline: true}}

func TestRunLogGoesOn(t *testing.T) {
	set := classSet(t, labelsOf(60, 3), "x", "y", "z")
	folds := crossval.RepeatedStratifiedKFold{K: 3, Repeats: 2, Seed: 5}
	log := filepath.Join(t.TempDir(), "runs")
	options := crossval.Options{Seed: 9, Importance: []string{"a"}}
	plain, err := crossval.Validate(t.Context(), set, folds, writtenPair, options)
	if err != nil {
		t.Fatal(err)
	}
	want := writeJSON(t, plain.WithoutTiming())

	options.Log, options.Workers = log, 1
	writtenFits.Store(0)
	for stop := 1; stop < 9; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		fresh, logged := 0, 0
		options.Progress = func(e crossval.Event) {
			switch {
			case e.Logged:
				logged++
			case e.Finished && e.Err == nil:
				if fresh++; fresh == 5 {
					cancel()
				}
			}
			if e.Total != 12 || e.Done > 12 {
				t.Errorf("event %+v", e)
			}
		}
		r, err := crossval.Validate(ctx, set, folds, writtenPair, options)
		cancel()
		if logged != min(5*(stop-1), 12) {
			t.Errorf("round %d took %d fits from the log", stop, logged)
		}
		if err == nil {
			if got := writeJSON(t, r.WithoutTiming()); !bytes.Equal(got, want) {
				t.Errorf("with a log and stops\n%s\nwithout\n%s", got, want)
			}
			if stop != 3 {
				t.Errorf("ended in round %d", stop)
			}
			for i, run := range r.Runs {
				if run.FitTime <= 0 {
					t.Errorf("run %d lost its time", i)
				}
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if n := writtenFits.Load(); n != 12 {
		t.Errorf("%d fits, want 12", n)
	}

	// A candidate more: the others are taken from the log.
	options.Progress = nil
	more := append(slices.Clone(writtenPair), crossval.Candidate{Name: "c", Estimator: noisy, Code: "noisy 1"})
	if _, err := crossval.Validate(t.Context(), set, folds, more, options); err != nil {
		t.Fatal(err)
	}
	// And fewer, with other importance: those fits are done again.
	options.Importance = nil
	if _, err := crossval.Validate(t.Context(), set, folds, writtenPair, options); err != nil {
		t.Fatal(err)
	}
	if n := writtenFits.Load(); n != 12+6 {
		t.Errorf("%d fits, want 18", n)
	}
}

func TestRunLogRefuses(t *testing.T) {
	labels := labelsOf(60, 2)
	set := classSet(t, labels)
	folds := crossval.KFold{K: 3}
	dir := t.TempDir()
	log := filepath.Join(dir, "runs")
	validate := func(set *data.Set, sp crossval.Splitter, candidates []crossval.Candidate, o crossval.Options) error {
		if o.Log == "" {
			o.Log = log
		}
		r, err := crossval.Validate(t.Context(), set, sp, candidates, o)
		if err != nil && r != nil {
			t.Errorf("%v, with a result", err)
		}
		return err
	}
	if err := validate(set, folds, writtenPair, crossval.Options{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	edited := func(name, old, new string) crossval.Options {
		if !strings.Contains(string(before), old) {
			t.Fatalf("the log does not hold %q:\n%s", old, before)
		}
		return crossval.Options{Seed: 1, Log: file(name, strings.Replace(string(before), old, new, 1))}
	}
	other := classSet(t, labels)
	values, _, err := other.Table()
	if err != nil {
		t.Fatal(err)
	}
	values[7]++
	changed := []crossval.Candidate{writtenPair[0], {Name: "b", Estimator: written{Of: []crossval.Estimator{written{Shift: 0.25}}}}}
	dropped := []crossval.Candidate{{Name: "a", Estimator: written{}}}
	coded := []crossval.Candidate{{Name: "f", Estimator: noisy}}
	for _, c := range []struct {
		name       string
		set        *data.Set
		sp         crossval.Splitter
		candidates []crossval.Candidate
		options    crossval.Options
		want       string
	}{
		{"data", other, folds, writtenPair, crossval.Options{Seed: 1}, "the log is of another validation: the data (made up of 60 rows, fingerprint "},
		{"seed", set, folds, writtenPair, crossval.Options{Seed: 2}, "another validation: the seed (1 there, 2 here)"},
		{"folds", set, crossval.KFold{K: 4}, writtenPair, crossval.Options{Seed: 1}, "the folds (3-fold there, 4-fold here)"},
		{"rows of folds", set, renamed{crossval.KFold{K: 3, Shuffle: true}, "3-fold"}, writtenPair, crossval.Options{Seed: 1}, "another validation: the rows of the folds"},
		{"metrics", set, folds, writtenPair, crossval.Options{Seed: 1, Metrics: []data.Metric{data.MCC}}, "the metrics (accuracy, balanced accuracy, log loss, ROC AUC there, MCC here)"},
		{"two things", set, crossval.KFold{K: 4}, writtenPair, crossval.Options{}, "the seed (1 there, 0 here); the folds (3-fold there, 4-fold here)"},
		{"version", set, folds, writtenPair, edited("version", `"aegis":"`, `"aegis":"9`), "the version of Aegis (9"},
		{"kernels", set, folds, writtenPair, edited("kernels", `"build":{`, `"build":{"kernels":"abacus",`), "the kernels (abacus there,"},
		{"processor", set, folds, writtenPair, edited("arch", `"arch":"`, `"arch":"z`), "the processor (z"},
		{"candidate", set, folds, changed, crossval.Options{Seed: 1}, `the log is of another candidate "b": config.Of[0].config.Shift is 0.5 there, 0.25 here`},
		{"default", set, folds, dropped, crossval.Options{Seed: 1}, `another candidate "a": config is {"Shift":1} there, its default here`},
		{"code", set, folds, coded, crossval.Options{Seed: 1}, "f: crossval.Estimator: the type crossval.EstimatorFunc is not registered, so it cannot be saved: describe.Register it; or name the code in Candidate.Code"},
		{"metric", set, folds, writtenPair, crossval.Options{Seed: 1, Metrics: []data.Metric{{Name: "mine", Score: func(*data.Set, *data.Prediction) (float64, error) { return 1, nil }}}}, `the metric "mine" is not registered`},
		{"format", set, folds, writtenPair, edited("format", `"version":1`, `"version":2`), "version 2 of the format is not known, only 1"},
		{"another file", set, folds, writtenPair, crossval.Options{Seed: 1, Log: file("table.csv", "a,b\n1,2\n")}, "this file is not a run log"},
		{"another file of one line", set, folds, writtenPair, crossval.Options{Seed: 1, Log: file("line.txt", "precious")}, "this file is not a run log"},
		{"another JSON", set, folds, writtenPair, crossval.Options{Seed: 1, Log: file("doc.json", "{}\n")}, "this file is not a run log"},
		{"a broken line", set, folds, writtenPair, edited("broken", `{"job":`, `{"jab":`), `: line 4: json: unknown field "jab"`},
		{"too few scores", set, folds, writtenPair, edited("scores", `"scores":[`, `"scores":[0,`), "line 4: 5 scores for 4 metrics"},
		{"no folder", set, folds, writtenPair, crossval.Options{Seed: 1, Log: filepath.Join(dir, "nowhere", "runs")}, "run log: open"},
		{"a device", set, folds, writtenPair, crossval.Options{Seed: 1, Log: os.DevNull}, "not a regular file"},
		{"a folder", set, folds, writtenPair, crossval.Options{Seed: 1, Log: dir}, "is a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.options.Log
			if path == "" {
				path = log
			}
			before, _ := os.ReadFile(path)
			err := validate(c.set, c.sp, c.candidates, c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file has changed")
			}
		})
	}
}

// renamed is a splitter with other words.
type renamed struct {
	crossval.Splitter
	words string
}

func (r renamed) String() string { return r.words }

// TestRunLogCutAnywhere cuts a log at every length: what is whole before the cut counts,
// the rest is done again, and the result is the same.
func TestRunLogCutAnywhere(t *testing.T) {
	set := classSet(t, labelsOf(12, 2))
	folds := crossval.KFold{K: 2}
	log := filepath.Join(t.TempDir(), "runs")
	options := crossval.Options{Seed: 1, Log: log, Workers: 1}
	r, err := crossval.Validate(t.Context(), set, folds, writtenPair, options)
	if err != nil {
		t.Fatal(err)
	}
	want := writeJSON(t, r.WithoutTiming())
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	step := 1 + len(whole)/60
	for n := 0; n <= len(whole); n += step {
		if err := os.WriteFile(log, whole[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		writtenFits.Store(0)
		r, err := crossval.Validate(t.Context(), set, folds, writtenPair, options)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if got := writeJSON(t, r.WithoutTiming()); !bytes.Equal(got, want) {
			t.Errorf("cut at %d: another result", n)
		}
		if kept := int64(bytes.Count(whole[:n], []byte(`{"job":`)) - bytes.Count(lastPart(whole[:n]), []byte(`{"job":`))); writtenFits.Load() != 4-kept {
			t.Errorf("cut at %d: %d fits though %d were in the log", n, writtenFits.Load(), kept)
		}
	}
}

// lastPart is what follows the last line.
func lastPart(text []byte) []byte { return text[bytes.LastIndexByte(text, '\n')+1:] }

func TestRunLogIsOneProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files are not locked there")
	}
	set := classSet(t, labelsOf(12, 2))
	log := filepath.Join(t.TempDir(), "runs")
	inner := errors.New("not tried")
	_, err := crossval.Validate(t.Context(), set, crossval.KFold{K: 2}, writtenPair, crossval.Options{Log: log, Workers: 1, Progress: func(e crossval.Event) {
		_, inner = crossval.Validate(t.Context(), set, crossval.KFold{K: 2}, writtenPair, crossval.Options{Log: log})
	}})
	if err != nil {
		t.Fatal(err)
	}
	if inner == nil || !strings.Contains(inner.Error(), "another process is writing it") {
		t.Errorf("a second validation with the log: %v", inner)
	}
}

// killed are the settings of the process that is killed again and again.
func killed(t *testing.T) (*data.Set, crossval.Splitter, []crossval.Candidate, crossval.Options) {
	return classSet(t, labelsOf(40, 2)), crossval.RepeatedKFold{K: 5, Repeats: 2, Seed: 3}, []crossval.Candidate{
		{Name: "a", Estimator: written{Shift: 1, Slow: 2 * time.Millisecond}}, {Name: "b", Estimator: written{Shift: 2, Slow: 5 * time.Millisecond}},
	}, crossval.Options{Seed: 4, Workers: 2, Importance: []string{"a"}}
}

// processBegins is the line that the process prints when its validation begins.
const processBegins = "the validation begins"

// killWriter keeps what a process prints, and kills it some time after the line that
// tells that its validation begins: how long a process takes to get there depends on
// the machine, and on the race detector.
type killWriter struct {
	text  bytes.Buffer // not embedded: io.Copy would use its ReadFrom
	after time.Duration
	kill  func()
	timer *time.Timer
}

func (w *killWriter) Write(p []byte) (int, error) {
	n, err := w.text.Write(p)
	if w.timer == nil && bytes.Contains(w.text.Bytes(), []byte(processBegins)) {
		w.timer = time.AfterFunc(w.after, w.kill)
	}
	return n, err
}

// TestRunLogProcess is the process of TestRunLogSurvivesKill. It tells on its output
// when a fit was taken from the log, and when one has ended and is in the log.
func TestRunLogProcess(t *testing.T) {
	log := os.Getenv("AEGIS_TEST_RUN_LOG")
	if log == "" {
		t.Skip("runs in a process of TestRunLogSurvivesKill")
	}
	set, sp, candidates, options := killed(t)
	options.Log = log
	fmt.Printf("\n%s\n", processBegins)
	options.Progress = func(e crossval.Event) {
		if e.Finished {
			fmt.Printf("\n%v %s %d %d\n", e.Logged, e.Candidate, e.Repeat, e.Fold)
		}
	}
	r, err := crossval.Validate(t.Context(), set, sp, candidates, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.WithoutTiming().Save(log + ".json"); err != nil {
		t.Fatal(err)
	}
}

// TestRunLogSurvivesKill kills validations at random points, and runs each until it has
// ended: no fit that was told to have ended is done again, and the result is, to the
// byte, that of a validation that nothing has disturbed.
func TestRunLogSurvivesKill(t *testing.T) {
	set, sp, candidates, options := killed(t)
	r, err := crossval.Validate(t.Context(), set, sp, candidates, options)
	if err != nil {
		t.Fatal(err)
	}
	want := writeJSON(t, r.WithoutTiming())
	g := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)) // other points each time
	dir := t.TempDir()
	kills := 0
	for round := 0; kills < killPoints; round++ {
		log := filepath.Join(dir, strconv.Itoa(round))
		ended := map[string]bool{}
		span := 120 * time.Millisecond // doubled when a process ends no fit
		for {
			known := len(ended)
			cmd := exec.Command(os.Args[0], "-test.run=^TestRunLogProcess$")
			cmd.Env = append(os.Environ(), "AEGIS_TEST_RUN_LOG="+log)
			out := killWriter{after: time.Duration(g.Int64N(int64(span))), kill: func() { _ = cmd.Process.Kill() }}
			cmd.Stdout = &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			if out.timer != nil {
				out.timer.Stop()
			}
			for _, line := range strings.Split(out.text.String(), "\n") {
				logged, fit, ok := strings.Cut(line, " ")
				if !ok || logged != "true" && logged != "false" {
					continue
				}
				if logged == "false" && ended[fit] {
					t.Errorf("round %d: %s was done again", round, fit)
				}
				ended[fit] = true
			}
			if err == nil {
				break
			}
			if state := cmd.ProcessState.String(); !strings.Contains(state, "kill") && runtime.GOOS != "windows" {
				t.Fatalf("the process ended with %s\n%s", state, &out.text)
			}
			kills++
			if len(ended) == known {
				span *= 2
			}
		}
		got, err := os.ReadFile(log + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("round %d: the result differs from an undisturbed one", round)
		}
		if len(ended) != 20 {
			t.Errorf("round %d: %d fits ended", round, len(ended))
		}
	}
	t.Logf("killed %d times", kills)
}

// TestJobs: a job runs as Validate would run it, also after it was written down and read
// again, and refuses other rows.
func TestJobs(t *testing.T) {
	set := classSet(t, labelsOf(60, 3), "x", "y", "z")
	sp := crossval.StratifiedKFold{K: 3, Shuffle: true, Seed: 2}
	options := crossval.Options{Seed: 7, Importance: []string{"b"}}
	r, err := crossval.Validate(t.Context(), set, sp, writtenPair, options)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := crossval.Jobs(set, sp, writtenPair, options)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, job := range jobs {
		text, err := describe.Marshal(job)
		if err != nil {
			t.Fatal(err)
		}
		var read crossval.Job
		if err := describe.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		run, err := read.Run(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		want := r.RunsOf(job.Candidate)[job.Number]
		run.FitTime, run.PredictTime, want.FitTime, want.PredictTime = 0, 0, 0, 0
		if !reflect.DeepEqual(fmt.Sprintf("%+v", *run), fmt.Sprintf("%+v", want)) {
			t.Errorf("the job gave %+v, Validate %+v", *run, want)
		}
		a, err := job.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := read.Fingerprint(); err != nil || a != b {
			t.Errorf("fingerprints %s and %s, %v", a, b, err)
		}
		for _, change := range []func(j *crossval.Job){
			func(j *crossval.Job) {}, func(j *crossval.Job) { j.Candidate += "x" }, func(j *crossval.Job) { j.Estimator = written{Shift: 77} },
			func(j *crossval.Job) { j.Number += 10 }, func(j *crossval.Job) { j.Seed++ }, func(j *crossval.Job) { j.Metrics = j.Metrics[:1] },
			func(j *crossval.Job) { j.Importance = !j.Importance }, func(j *crossval.Job) { j.Data = "other" },
			func(j *crossval.Job) { j.Split.Test = append(slices.Clone(j.Split.Test[1:]), j.Split.Test[0]) },
			func(j *crossval.Job) { j.Split.Train = []int{j.Split.Test[0]} },
		} {
			other := job
			change(&other)
			print, err := other.Fingerprint()
			if err != nil || seen[print] {
				t.Errorf("fingerprint %s is not new, or %v: %+v", print, err, other)
			}
			seen[print] = true
		}
	}
	other := classSet(t, labelsOf(60, 3), "x", "y", "w")
	for want, run := range map[string]func() (*crossval.Run, error){
		"a: repeat 1, fold 1: make: the job is for other rows": func() (*crossval.Run, error) { return jobs[0].Run(t.Context(), other) },
		"make: data: the set has no rows":                      func() (*crossval.Run, error) { return jobs[0].Run(t.Context(), nil) },
		"the job has no metrics":                               func() (*crossval.Run, error) { return crossval.Job{}.Run(t.Context(), set) },
		"make: no test rows":                                   func() (*crossval.Run, error) { return crossval.Job{Metrics: r.Metrics}.Run(t.Context(), set) },
		"make: the job has no estimator": func() (*crossval.Run, error) {
			return crossval.Job{Metrics: r.Metrics, Split: crossval.Split{Test: []int{1}}}.Run(t.Context(), set)
		},
	} {
		got, err := run()
		var fold *crossval.FoldError
		if got != nil || !errors.As(err, &fold) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
