package models_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// sized is a net of sequences with two features and of a table with three columns.
func sized(t *testing.T) *models.Model {
	t.Helper()
	x, more := models.Sequence("signal", 2), models.Input("columns", 3)
	state := models.Join(layers.GRU{Units: 4, Bidirectional: true}, x, x.Lengths())
	m, err := models.New(models.Config{Seed: 1}, []*models.Tensor{x, more},
		[]*models.Tensor{models.Join(layers.Concat{}, state, more).Then(layers.Dense{Units: 2}, layers.Named{Name: "end", Layer: layers.Dense{Units: 1}})})
	if err != nil {
		t.Fatal(err)
	}
	m.Info.Task = data.Regress{}
	return m
}

// TestSequenceInputs: sequences may be given padded, with their lengths, or as the rows of a set.
func TestSequenceInputs(t *testing.T) {
	ctx := context.Background()
	m := sized(t)
	if have := m.InputNames(); !slices.Equal(have, []string{"signal", "signal.lengths", "columns"}) || !m.IsSequence(0) || m.IsSequence(1) {
		t.Errorf("inputs %q", have)
	}
	rows := [][]float64{{1, 2, 3, 4, 5, 6}, {}, {7, 8}}
	q, err := data.NewSequences("signal", 2, rows)
	if err != nil {
		t.Fatal(err)
	}
	columns := tensor.New(tensor.WithShape(3, 3), tensor.WithBacking([]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}))
	set := &data.Set{Name: "both", Inputs: []*tensor.Dense{columns}, Sequences: []data.Sequences{q}}
	p, err := m.PredictRows(ctx, set)
	if err != nil {
		t.Fatal(err)
	}
	lengths := tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{3, 0, 1}))
	padded := func(steps int) *tensor.Dense {
		x := make([]float64, 3*steps*2)
		for i := range x {
			x[i] = 99
		}
		for i, r := range rows {
			copy(x[i*steps*2:], r)
		}
		return tensor.New(tensor.WithShape(3, steps, 2), tensor.WithBacking(x))
	}
	for _, steps := range []int{3, 8, 21} {
		out, err := m.Predict(ctx, padded(steps), lengths, columns)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range out[0].Float32s() {
			if d := float64(v) - p.Values[i]; d > 1e-6 || d < -1e-6 {
				t.Errorf("%d steps, row %d: %v, want %v", steps, i, v, p.Values[i])
			}
		}
	}

	// The first part of the network keeps the lengths, and a file the axis of steps.
	part, err := m.Until("0.GRU")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "part")
	if err := part.Save(path); err != nil {
		t.Fatal(err)
	}
	if part, err = models.Load(path); err != nil {
		t.Fatal(err)
	}
	states, err := part.Predict(ctx, padded(5), lengths)
	if err != nil || !slices.Equal(states[0].Shape(), []int{3, 8}) || part.InputShape(0)[0] != models.AnySteps {
		t.Errorf("states %v of inputs %v: %v", states, part.InputShape(0), err)
	}
	one, err := part.SequencePredictor(1, 6)
	if err != nil {
		t.Fatal(err)
	}
	copy(one.Inputs()[0].Float32s(), []float32{7, 8, 1, 1})
	one.Inputs()[1].Ints()[0] = 1
	if err := one.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if have, want := one.Outputs()[0].Float32s(), states[0].Float32s()[16:]; !slices.Equal(have, want) {
		t.Errorf("a predictor of one row says %v, want %v", have, want)
	}

	long := tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{3, 0, 4}))
	for _, c := range []struct {
		name string
		err  func() error
		want string
	}{
		{"a length beyond the steps", func() error { _, err := m.Predict(ctx, padded(3), long, columns); return err }, "4"},
		{"no axis of steps", func() error { _, err := m.Predict(ctx, columns, lengths, columns); return err }, `input "signal" has shape (3, 3)`},
		{"sequences that are missing", func() error { _, err := m.PredictRows(ctx, &data.Set{Inputs: set.Inputs}); return err }, "1 inputs and 0 sequences"},
		{"sequences that nobody wants", func() error {
			_, err := wideNet(t).PredictRows(ctx, set)
			return err
		}, "1 inputs and 1 sequences"},
		{"an evaluation", func() error { _, err := m.Evaluate(ctx, set, losses.MSE{}); return err }, "PredictRows"},
		{"a predictor of no steps", func() error { _, err := m.SequencePredictor(1, 0); return err }, "0 steps"},
		{"lengths of no sequence", func() error {
			x := models.Input("x", 3, 2)
			_, err := models.New(models.Config{}, []*models.Tensor{x}, []*models.Tensor{models.Join(layers.GRU{Units: 2}, x, x.Lengths())})
			return err
		}, "nil tensor"},
		{"an output with another axis of steps", func() error {
			x := models.Sequence("x", 2)
			_, err := models.New(models.Config{}, []*models.Tensor{x}, []*models.Tensor{x.Then(layers.MaxPool1D{Size: 2})})
			return err
		}, "but not one result per step"},
	} {
		if err := c.err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
