package workload

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// begin gives a parameter the first values that the script gives it.
func begin(p *graph.Param, s uint64) error {
	shape := p.Shape()
	limit := 0.05
	if len(shape) > 1 {
		limit = math.Sqrt(3 / float64(p.Size()/shape[len(shape)-1]))
	}
	v := stream(s, p.Size())
	for i := range v {
		v[i] = (2*v[i] - 1) * limit
	}
	return p.Set(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v)))
}

// generated makes the rows of the script.
func generated(w Workload, steps int) *data.Set {
	n, width := steps*w.Batch, 1
	for _, d := range w.Shape {
		width *= d
	}
	x, y := make([]float32, n*width), make([]int, n)
	pattern, noise := stream(1001, w.Classes*width), stream(1002, n*width)
	for i, u := range stream(1000, n) {
		y[i] = int(u * float64(w.Classes))
		for k := range width {
			at := k
			if width == 784 { // blocks of 4 x 4 pixels
				at = k/28/4*7 + k%28/4
			}
			x[i*width+k] = float32(0.75*pattern[y[i]*width+at] + 0.25*noise[i*width+k])
		}
	}
	return &data.Set{
		Name: "generated", Classes: names(w.Classes),
		Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(append([]int{n}, w.Shape...)...), tensor.WithBacking(x))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(y))},
	}
}

// TestLossesAgreeWithTorch trains the workloads from the same weights on the same
// rows as PyTorch 1.13: testdata/losses.py has made the losses.
func TestLossesAgreeWithTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/losses.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, w := range All() {
		t.Run(w.Name, func(t *testing.T) {
			var want []float64
			if err := json.Unmarshal(all[w.Name], &want); err != nil {
				t.Fatal(err)
			}
			if len(want) != 50 || want[49] > 0.99*want[0] {
				t.Fatalf("%d losses from %v to %v tell nothing", len(want), want[0], want[len(want)-1])
			}
			m, err := w.Model()
			if err != nil {
				t.Fatal(err)
			}
			for s, p := range m.Params().All() {
				if err := begin(p, uint64(s)); err != nil {
					t.Fatal(err)
				}
			}
			var got []float64
			c := w.Config()
			c.NoShuffle, c.Epochs = true, 1
			c.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
				return func(e *train.Event) error {
					if e.Kind == train.BatchEnd {
						got = append(got, e.Loss)
					}
					return nil
				}, nil
			})}
			if _, err := train.Fit(context.Background(), m, generated(w, len(want)), c); err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("%d losses, want %d", len(got), len(want))
			}
			worst := 0.0
			for i, v := range got {
				worst = max(worst, math.Abs(v-want[i])/want[i])
			}
			t.Logf("largest relative difference %.1e", worst)
			if !(worst <= 1e-3) {
				t.Errorf("losses %v, PyTorch has %v", got, want)
			}
		})
	}
}
