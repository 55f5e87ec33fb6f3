package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// fitted trains Aegis's network on rows in their order and returns the losses.
func fitted(t *testing.T, w workload.Workload, set *data.Set) (*models.Model, []float64) {
	t.Helper()
	m, err := w.Model()
	if err != nil {
		t.Fatal(err)
	}
	config := w.Config()
	config.NoShuffle, config.Epochs = true, 1
	var list []float64
	config.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.BatchEnd {
				list = append(list, e.Loss)
			}
			return nil
		}, nil
	})}
	if _, err := train.Fit(context.Background(), m, set, config); err != nil {
		t.Fatal(err)
	}
	return m, list
}

func first(t *testing.T, w workload.Workload, n int) *data.Set {
	t.Helper()
	_, set, _, err := w.Data()
	if err != nil {
		t.Fatal(err)
	}
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	if set, err = set.Rows(list); err != nil {
		t.Fatal(err)
	}
	return set
}

// TestGoMLX: the networks in GoMLX are those of Aegis: from the same weights they
// have the same losses in the first steps, but for W2's pooling, whose gradient
// goes to all of several largest pixels where Aegis takes the first.
func TestGoMLX(t *testing.T) {
	for _, w := range workload.All() {
		t.Run(w.Name, func(t *testing.T) {
			const steps = 4
			w.Batch = 4
			set := first(t, w, steps*w.Batch)
			_, want := fitted(t, w, set)
			g, err := newGoMLX(w, "ops_sequential")
			if err != nil {
				t.Fatal(err)
			}
			defer g.close()
			r, err := plain(set)
			if err != nil {
				t.Fatal(err)
			}
			step, err := g.steps(r)
			if err != nil {
				t.Fatal(err)
			}
			for k := range steps {
				index := make([]int32, w.Batch)
				for i := range index {
					index[i] = int32(k*w.Batch + i)
				}
				got, err := step(index)
				if err != nil {
					t.Fatal(err)
				}
				tolerance := 1e-3
				if w.Name == "W2" {
					tolerance = 3e-3
				}
				if math.Abs(float64(got)-want[k]) > tolerance*want[k] {
					t.Errorf("step %d: loss %v, Aegis has %v", k, got, want[k])
				}
			}
		})
	}
}

// TestGoDeep: a step of go-deep on one batch ends at the weights of Aegis.
func TestGoDeep(t *testing.T) {
	w, err := workload.Named("W4")
	if err != nil {
		t.Fatal(err)
	}
	set := first(t, w, w.Batch)
	m, _ := fitted(t, w, set)
	r, err := plain(set)
	if err != nil {
		t.Fatal(err)
	}
	n, err := godeepNet(w)
	if err != nil {
		t.Fatal(err)
	}
	before := n.Weights()
	examples := godeepExamples(r)
	godeepTrainer(w).Train(n, examples, nil, 1)
	trained := godeepLike(m)
	moved := 0.0
	for l, layer := range trained.Weights() {
		for i, neuron := range layer {
			for k, want := range neuron {
				have := n.Weights()[l][i][k]
				moved = max(moved, math.Abs(have-before[l][i][k]))
				if math.Abs(have-want) > 1e-6 {
					t.Errorf("layer %d, neuron %d, weight %d: %v, Aegis has %v", l, i, k, have, want)
				}
			}
		}
	}
	if moved < 1e-4 {
		t.Errorf("the step has moved the weights by no more than %v", moved)
	}
}

// TestServe runs every library in every way for a moment, and gives wrong requests.
func TestServe(t *testing.T) {
	requests := []string{
		`{"op":"hello"}`,
		`{"op":"open","library":"GoMLX","kind":"training","workload":"W4","variant":"Trainer"}`,
		`{"op":"open","library":"GoMLX","kind":"training","workload":"W4","variant":"Exec","options":"ops_sequential"}`,
		`{"op":"open","library":"GoMLX","kind":"inference","workload":"W4","rows":1,"options":"parallelism=0,ops_sequential"}`,
		`{"op":"open","library":"go-deep","kind":"training","workload":"W4","variant":"batches"}`,
		`{"op":"open","library":"go-deep","kind":"training","workload":"W4","variant":"rows one by one"}`,
		`{"op":"open","library":"go-deep","kind":"inference","workload":"W4","rows":1}`,
	}
	sessions := len(requests) - 1
	for i := range sessions {
		id := string(rune('0' + i))
		requests = append(requests, `{"op":"window","id":`+id+`,"seconds":0.01}`, `{"op":"close","id":`+id+`}`)
	}
	good := len(requests)
	wrong := map[string]string{
		`{"op":"open","library":"go-deep","kind":"training","workload":"W2"}`:               "go-deep has no CNN",
		`{"op":"open","library":"GoMLX","kind":"training","workload":"W4","variant":"x"}`:   `GoMLX: no way "x"`,
		`{"op":"open","library":"GoMLX","workload":"W4","options":"ops_fast"}`:              `unknown configuration option "ops_fast"`,
		`{"op":"open","library":"go-deep","kind":"training","workload":"W4","variant":"x"}`: `go-deep: no way "x"`,
		`{"op":"open","library":"none","workload":"W1"}`:                                    `there is no library "none"`,
		`{"op":"open","library":"GoMLX","workload":"W9"}`:                                   `there is no "W9"`,
		`{"op":"window","id":0}`: "there is no session 0",
		`{"op":"close","id":99}`: "there is no session 99",
		`{"op":"dance"}`:         `unknown op "dance"`,
		`{"op":`:                 "unexpected end of JSON input",
	}
	var order []string
	for r := range wrong {
		order = append(order, r)
	}
	requests = append(requests, order...)
	var out bytes.Buffer
	if err := serve(strings.NewReader(strings.Join(requests, "\n")), &out); err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(answers) != len(requests) {
		t.Fatalf("%d answers to %d requests:\n%s", len(answers), len(requests), &out)
	}
	for i, line := range answers {
		var a struct {
			Failed    string
			Rate      float64
			Libraries map[string]string
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		switch {
		case i >= good:
			if !strings.Contains(a.Failed, wrong[requests[i]]) {
				t.Errorf("%s: %q, want %q", requests[i], a.Failed, wrong[requests[i]])
			}
		case a.Failed != "":
			t.Errorf("%s: %s", requests[i], a.Failed)
		case i == 0 && (a.Libraries["GoMLX"] == "" || a.Libraries["go-deep"] == ""):
			t.Errorf("libraries %v", a.Libraries)
		case strings.Contains(requests[i], "window") && !(a.Rate > 0):
			t.Errorf("%s: rate %v", requests[i], a.Rate)
		}
	}
}

// TestStuck: a step that does not come back is told, and the session is given up.
func TestStuck(t *testing.T) {
	defer func(d time.Duration) { patience = d }(patience)
	patience = 10 * time.Millisecond
	forever := make(chan struct{})
	defer close(forever)
	s := &session{every: 1, step: func() (int, error) { <-forever; return 0, nil }, close: func() error { panic("closed while it works") }}
	if _, err := s.window(time.Millisecond); err == nil || !strings.Contains(err.Error(), "has not come back in 11ms") {
		t.Error(err)
	}
	if _, err := s.window(time.Millisecond); err == nil || !strings.Contains(err.Error(), "an earlier step") {
		t.Error(err)
	}
	if _, err := answer(request{Op: "close"}, &[]*session{s}); err != nil {
		t.Error(err)
	}
	patience = time.Minute // collecting garbage takes a while, too
	wrong := &session{every: 1, step: func() (int, error) { panic("no such shape") }}
	if _, err := wrong.window(0); err == nil || err.Error() != "no such shape" {
		t.Error(err)
	}
}
