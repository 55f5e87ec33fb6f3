package workload

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// TestLanguageLossesAgreeWithTorch trains on tokens from the same weights as PyTorch 1.13:
// testdata/language.py has made the losses.
func TestLanguageLossesAgreeWithTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/language.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, l := range Languages() {
		t.Run(l.Name, func(t *testing.T) {
			var want []float64
			if err := json.Unmarshal(all[l.Name], &want); err != nil {
				t.Fatal(err)
			}
			if len(want) < 10 || want[len(want)-1] > 0.99*want[0] {
				t.Fatalf("%d losses from %v to %v tell nothing", len(want), want[0], want[len(want)-1])
			}
			got := l.firstLosses(t, len(want))
			worst := 0.0
			for i, v := range got {
				worst = max(worst, math.Abs(v-want[i])/want[i])
			}
			t.Logf("largest relative difference of %d losses %.1e", len(want), worst)
			if len(got) != len(want) || !(worst <= 1e-3) {
				t.Errorf("losses %v, PyTorch has %v", got, want)
			}
		})
	}
}

// firstLosses trains on the rows in order, from the weights of the script.
func (l Language) firstLosses(t *testing.T, steps int) (got []float64) {
	m, err := l.Model()
	if err != nil {
		t.Fatal(err)
	}
	for s, p := range m.Params().All() {
		if err := begin(p, uint64(s)); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(p.Path, "/scale") {
			continue
		}
		v := p.Values()
		for i := range v {
			v[i]++
		}
		if err := p.Set(tensor.New(tensor.WithShape(p.Shape()...), tensor.WithBacking(v))); err != nil {
			t.Fatal(err)
		}
	}
	set, err := l.Data(steps * l.Batch)
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config()
	c.NoShuffle, c.Epochs = true, 1
	c.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.BatchEnd {
				got = append(got, e.Loss)
			}
			return nil
		}, nil
	})}
	if _, err := train.Fit(context.Background(), m, set, c); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestChecks holds the numbers by which the comparison tells that others do the same: a first loss is
// about that of guessing, a generator's is that of the whole text at once, and the mean of squares of
// an attention is that of its results and gradients, computed from the formula.
func TestChecks(t *testing.T) {
	ctx := context.Background()
	for _, l := range Languages() {
		m, err := l.Model()
		if err != nil {
			t.Fatal(err)
		}
		loss, err := l.FirstLoss(ctx, m)
		guess := math.Log(float64(l.Vocab))
		if l.Depth == 0 {
			guess = math.Log(meanClasses)
		}
		if err != nil || !(math.Abs(loss-guess) < 1.5) {
			t.Errorf("%s: first loss %v, %v; that of guessing is %v", l.Name, loss, err, guess)
		}
	}
	for _, g := range Generations() {
		r, err := g.Open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		model, err := g.Trained()
		if err != nil {
			t.Fatal(err)
		}
		ids, _ := g.Tokens(1)
		p, err := model.LogProbs(ctx, ids)
		if err != nil {
			t.Fatal(err)
		}
		mean := 0.0
		for _, v := range p {
			mean -= v / float64(len(p))
		}
		if !(math.Abs(mean-r.Check) <= 1e-5*mean) {
			t.Errorf("%s: cross-entropy %v, of the whole text %v", g.Name, r.Check, mean)
		}
	}
	small := AttentionShape{1, 1, 1, 2, true} // one key: the result is its value, and only v has a gradient
	r, err := small.Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for _, s := range []uint64{3002, 3003} {
		for _, u := range stream(s, 2) {
			want += (2*u - 1) * (2*u - 1) / 8
		}
	}
	if !(math.Abs(r.Check-want) <= 1e-6) {
		t.Errorf("attention: mean of squares %v, want %v", r.Check, want)
	}
}

// TestLanguageRuns trains and profiles a small one.
func TestLanguageRuns(t *testing.T) {
	ctx := context.Background()
	if _, err := NamedLanguage("LM9"); err == nil || !strings.Contains(err.Error(), `there is no "LM9"; there are LM1, `) {
		t.Errorf("have %v", err)
	}
	l, err := NamedLanguage("e2")
	if err != nil {
		t.Fatal(err)
	}
	l.Vocab, l.Rows = 500, 64
	set, err := l.Data(0)
	if err != nil {
		t.Fatal(err)
	}
	run, err := l.Train(ctx, set)
	if err != nil {
		t.Fatal(err)
	}
	if rate, err := run.Steps(3); err != nil || !(rate > 0) {
		t.Errorf("rate %v, %v", rate, err)
	}
	if err := run.Close(); err != nil {
		t.Error(err)
	}
	p, err := l.Profile(ctx, 2)
	if err != nil || len(p.Ops) < 5 || p.Ops[len(p.Ops)-1].Path != "optimizer" {
		t.Errorf("profile %+v, %v", p, err)
	}
}
