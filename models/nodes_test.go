package models_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// translator is an encoder whose states a decoder begins with.
func translator(t testing.TB) *models.Model {
	t.Helper()
	said, written := models.Input("said", 5, 3), models.Input("written", 4, 2)
	encoder := said.Then(layers.Named{Name: "encoder", Layer: layers.LSTM{Units: 6}})
	decoder := models.Join(layers.LSTM{Units: 6, Sequence: true}, written, encoder.Part("state"), encoder.Part("cell"))
	out := decoder.Then(layers.Named{Name: "head", Layer: layers.Stack{layers.Dense{Units: 5, Activation: layers.Tanh}, layers.Residual{Body: layers.Dense{Units: 5}}}})
	m, err := models.New(models.Config{Name: "translator", Seed: 2, Type: graph.Float64}, []*models.Tensor{said, written}, []*models.Tensor{out})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestParts: what layers expose goes on as any other value, in a file, too, and is an
// output where it is asked for.
func TestParts(t *testing.T) {
	m := translator(t)
	path := filepath.Join(t.TempDir(), "m")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := models.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Dense{graphtest.Logits(1, 3, 5, 3), graphtest.Logits(2, 3, 4, 2)}
	want, err := m.Predict(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read.Predict(ctx, in...)
	if err != nil || !slices.Equal(got[0].Data().([]float64), want[0].Data().([]float64)) {
		t.Errorf("a model with parts predicts otherwise when it is read: %v", err)
	}
	for _, list := range []string{m.String(), read.String()} {
		if !strings.Contains(list, "encoder/cell") {
			t.Errorf("the summary has no part:\n%s", list)
		}
	}
	if names := m.LayerNames(); fmt.Sprint(names) != "[encoder 3.LSTM head]" {
		t.Errorf("layers %q", names)
	}

	names := []string{"encoder", "encoder/state", "encoder/cell", "3.LSTM", "head/0.Dense", "head/1.Residual/body", "head"}
	seen, err := read.WithOutputs(names...)
	if err != nil {
		t.Fatal(err)
	}
	outs, err := seen.Predict(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, shape := range []graph.Shape{{3, 6}, {3, 6}, {3, 6}, {3, 4, 6}, {3, 4, 5}, {3, 4, 5}, {3, 4, 5}} {
		if !slices.Equal(outs[i].Shape(), shape) {
			t.Errorf("%s has shape %v, want %v", names[i], outs[i].Shape(), shape)
		}
	}
	values := func(i int) []float64 { return outs[i].Data().([]float64) }
	if !slices.Equal(values(0), values(1)) || slices.Equal(values(1), values(2)) || !slices.Equal(values(6), want[0].Data().([]float64)) {
		t.Error("the state of an LSTM is its result, its cell is not, and the last layer is the model's output")
	}
	for k, v := range values(6) { // a residual block is the sum of two nodes with names
		if sum := values(4)[k] + values(5)[k]; math.Abs(sum-v) > 1e-12 {
			t.Fatalf("value %d: %v and its body %v are not %v", k, values(4)[k], values(5)[k], v)
		}
	}
	if err := seen.Save(path); err == nil || !strings.Contains(err.Error(), "shares its parameters") {
		t.Errorf("error %v", err)
	}
	// Parameters are shared with WithOutputs, copied by Until.
	part, err := read.Until("head/0.Dense")
	if err != nil {
		t.Fatal(err)
	}
	if err := part.Save(path); err != nil {
		t.Fatal(err)
	}
	if again, err := models.Load(path); err != nil || again.Summary().All != part.Summary().All {
		t.Errorf("a model up to a part: %v", err)
	}
	bias := read.Params().Get("head/0.Dense/bias")
	if err := bias.Set(tensor.New(tensor.WithShape(5), tensor.WithBacking([]float64{9, 9, 9, 9, 9}))); err != nil {
		t.Fatal(err)
	}
	a, err := seen.Predict(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := part.Predict(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(a[4].Data().([]float64), values(4)) || !slices.Equal(b[0].Data().([]float64), values(4)) {
		t.Error("WithOutputs follows the weights of its model, Until does not")
	}

	for name, f := range map[string]func() error{
		"the model has no layer \"body\"":                                                  func() error { _, err := m.WithOutputs("body"); return err },
		"there is no node \"encoder/gate\"; there are [\"encoder/state\" \"encoder/cell\"": func() error { _, err := m.WithOutputs("encoder/gate"); return err },
		"no layer is named": func() error { _, err := m.WithOutputs(); return err },
		"want the result of one layer": func() error {
			x := models.Input("x", 3)
			_, err := models.New(models.Config{}, []*models.Tensor{x}, []*models.Tensor{x.Part("state")})
			return err
		},
		"there is no node \"0.Dense/state\"": func() error {
			x := models.Input("x", 3)
			_, err := models.New(models.Config{}, []*models.Tensor{x}, []*models.Tensor{x.Then(layers.Dense{Units: 1}).Part("state")})
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}

// TestGradientsByNodes: gradients are taken by inputs and by what layers make, found by
// name, and agree with differences.
func TestGradientsByNodes(t *testing.T) {
	m := translator(t)
	run := func(x *tensor.Dense) (float64, []float64, []float64) {
		b := graph.New(m.Params(), graph.Infer)
		out := m.Build(b, 1, 0)
		total := b.Sum(b.Square(out[0]))
		grads := b.Gradients(total, b.Node("said"), b.Node("encoder/cell"))
		p, err := graph.Compile(b, append(grads, total)...)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string]*tensor.Dense{"said": x, "written": graphtest.Logits(2, 1, 4, 2)} {
			if err := p.SetInput(name, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		return p.Float(total), slices.Clone(p.Floats64(grads[0])), p.Floats64(grads[1])
	}
	x := graphtest.Logits(1, 1, 5, 3)
	_, slopes, cell := run(x)
	if len(cell) != 6 || slices.Max(cell) == slices.Min(cell) {
		t.Errorf("gradient by the cell %v", cell)
	}
	v := x.Data().([]float64)
	for k := range v {
		const h = 1e-6
		at := v[k]
		v[k] = at + h
		up, _, _ := run(x)
		v[k] = at - h
		down, _, _ := run(x)
		v[k] = at
		if want := (up - down) / (2 * h); math.Abs(want-slopes[k]) > 1e-6*math.Max(1, math.Abs(want)) {
			t.Errorf("value %d: gradient %v, differences give %v", k, slopes[k], want)
		}
	}
}
