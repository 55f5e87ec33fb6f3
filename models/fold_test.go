package models_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/regularize"
	"gorgonia.org/tensor"
)

// disturbed gives all parameters values that are not those of the beginning; variances are
// positive.
func disturbed(t testing.TB, m *models.Model) *models.Model {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 1))
	for _, p := range m.Params().All() {
		v := p.Values()
		for i := range v {
			switch {
			case strings.HasSuffix(p.Path, "running_variance"):
				v[i] = math.Exp(r.NormFloat64())
			case len(p.Shape()) == 1:
				v[i] = 1 + 0.5*r.NormFloat64()
			}
		}
		if err := p.Set(tensor.New(tensor.WithShape(p.Shape()...), tensor.WithBacking(v))); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// normalizations counts the operations of a model's program that normalise by given moments.
func normalizations(t testing.TB, m *models.Model) (n int) {
	t.Helper()
	p, err := m.Program()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Steps {
		if s.Kind == "Normalize" {
			n++
		}
	}
	return n
}

// sameOutputs holds predictions to each other, relative to the largest.
func sameOutputs(t testing.TB, got, want []*tensor.Dense, tolerance float64) {
	t.Helper()
	for k, w := range want {
		largest, furthest := 0.0, 0.0
		for i := range w.DataSize() {
			var a, b float64
			if w.Dtype() == graph.Float32 {
				a, b = float64(got[k].Float32s()[i]), float64(w.Float32s()[i])
			} else {
				a, b = got[k].Float64s()[i], w.Float64s()[i]
			}
			largest, furthest = max(largest, math.Abs(b)), max(furthest, math.Abs(a-b))
		}
		if !(furthest <= tolerance*largest) || largest == 0 {
			t.Errorf("output %d: folded outputs differ by %.3g of the largest, %v", k, furthest/largest, largest)
		}
	}
}

// TestFoldBatchNorm: models predict the same with their normalisations folded, as many as
// can be, and are saved, read and served.
func TestFoldBatchNorm(t *testing.T) {
	type pair = [2]int
	norm, relu := layers.BatchNorm{}, layers.Relu
	image := func(ls ...layers.Layer) func(c models.Config) (*models.Model, error) {
		return func(c models.Config) (*models.Model, error) {
			return models.Sequential(c, models.Input("x", 6, 5, 4), ls...)
		}
	}
	conv := layers.Conv2D{Filters: 4, Size: pair{3, 3}, Padding: layers.Same, NoBias: true}
	biased := layers.Conv2D{Filters: 6, Size: pair{3, 2}, Groups: 2}
	for name, c := range map[string]struct {
		build         func(c models.Config) (*models.Model, error)
		folded, stays int
	}{
		"convolution":            {image(conv, norm, relu), 1, 0},
		"of several layers":      {image(biased, layers.BatchNorm{Epsilon: 0.1}, layers.Silu, conv, norm, layers.Flatten{}, layers.Dense{Units: 3}, layers.BatchNorm{NoAffine: true}), 3, 0},
		"depthwise":              {image(layers.DepthwiseConv2D{Size: pair{3, 3}, Multiplier: 2, NoBias: true}, norm, layers.Relu6), 1, 0},
		"transposed":             {image(layers.Conv2DTranspose{Filters: 3, Size: pair{2, 3}, Stride: pair{2, 2}, NoBias: true}, norm, layers.Tanh), 1, 0},
		"transposed with bias":   {image(layers.Conv2DTranspose{Filters: 3, Size: pair{2, 3}, Stride: pair{2, 2}}, norm), 1, 0},
		"dense of pixels":        {image(layers.Dense{Units: 3}, norm, relu), 1, 0},
		"twice":                  {image(conv, norm, layers.BatchNorm{Epsilon: 1e-3}, relu, norm), 2, 1},
		"through what is nested": {image(layers.Stack{relu, layers.Stack{layers.Named{Name: "last", Layer: conv}}}, layers.Named{Name: "norm", Layer: layers.Stack{layers.Identity, norm, layers.Stack{}}}, layers.Stack{relu, conv, norm}), 2, 0},
		"residual": {image(layers.Residual{
			Body: layers.Stack{conv, norm, relu, conv, norm, regularize.StochasticDepth{Rate: 0.3}}, Shortcut: layers.Stack{layers.Conv2D{Filters: 4, Size: pair{1, 1}, NoBias: true}, norm},
		}, relu), 3, 0},
		"residual, not across": {image(conv, layers.Residual{Body: layers.Stack{norm, relu, conv, norm}}, norm), 1, 2},
		"not past activations": {image(layers.Conv2D{Filters: 4, Size: pair{2, 2}, Activation: layers.Relu}, norm, conv, relu, norm, conv, norm), 1, 2},
		"sequences": {func(c models.Config) (*models.Model, error) {
			return models.Sequential(c, models.Input("x", 7, 3), layers.Conv1D{Filters: 4, Size: 3, NoBias: true}, norm, relu, layers.GlobalAveragePool{})
		}, 1, 0},
		"branches": {func(c models.Config) (*models.Model, error) {
			x := models.Input("x", 6, 5, 4)
			one := x.Then(conv)
			a, b := one.Then(norm, relu), one.Then(layers.BatchNorm{Epsilon: 0.5}) // both need what the convolution gives
			other := x.Then(conv, norm)
			return models.New(c, []*models.Tensor{x}, []*models.Tensor{models.Join(layers.Concat{}, a, b), other.Then(relu), other})
		}, 1, 2},
		"an output": {func(c models.Config) (*models.Model, error) {
			x := models.Input("x", 6, 5, 4)
			y := x.Then(conv)
			return models.New(c, []*models.Tensor{x}, []*models.Tensor{y, y.Then(norm, conv, norm)})
		}, 1, 1},
		"a part that is used": {func(c models.Config) (*models.Model, error) {
			x := models.Input("x", 6, 5, 4)
			y := x.Then(layers.Stack{conv, norm, relu})
			return models.New(c, []*models.Tensor{x}, []*models.Tensor{y.Then(conv, norm), y.Part("0.Conv2D")})
		}, 1, 1},
		"shared": {func(c models.Config) (*models.Model, error) {
			x, shared := models.Input("x", 6, 5, 4), models.Share(layers.Stack{conv, norm})
			y := shared.On(shared.On(x).Then(relu)).Then(norm)
			return models.New(c, []*models.Tensor{x}, []*models.Tensor{y.Then(conv, norm)})
		}, 1, 3},
	} {
		for _, dtype := range []graph.Dtype{graph.Float32, graph.Float64} {
			t.Run(name+" "+dtype.String(), func(t *testing.T) {
				m, err := c.build(models.Config{Seed: 3, Type: dtype, Name: "net"})
				if err != nil {
					t.Fatal(err)
				}
				disturbed(t, m)
				m.Info = models.Info{Classes: []string{"a", "b"}, Target: "kind", Calibration: &models.Calibration{Temperature: 2}}
				before := m.Params().Snapshot()
				folded, err := m.FoldBatchNorm()
				if err != nil {
					t.Fatal(err)
				}
				if n, all := normalizations(t, folded), normalizations(t, m); n != c.stays || all != c.stays+c.folded {
					t.Errorf("%d normalisations of %d are left, want %d of %d", n, all, c.stays, c.stays+c.folded)
				}
				if !reflect.DeepEqual(m.Params().Snapshot(), before) {
					t.Error("the original has changed")
				}
				if !reflect.DeepEqual(folded.Info, m.Info) || folded.Name() != "net" {
					t.Errorf("%+v of %q", folded.Info, folded.Name())
				}
				in := graphtest.Logits(1, append([]int{5}, m.InputShape(0)...)...)
				want, err := m.Predict(ctx, in)
				if err != nil {
					t.Fatal(err)
				}
				got, err := folded.Predict(ctx, in)
				if err != nil {
					t.Fatal(err)
				}
				tolerance := map[graph.Dtype]float64{graph.Float32: 1e-5, graph.Float64: 1e-13}[dtype]
				sameOutputs(t, got, want, tolerance)
				path := filepath.Join(t.TempDir(), "folded")
				if err := folded.Save(path); err != nil {
					t.Fatal(err)
				}
				read, err := models.Load(path)
				if err != nil {
					t.Fatal(err)
				}
				if again, err := read.Predict(ctx, in); err != nil || !reflect.DeepEqual(again[0].Data(), got[0].Data()) {
					t.Errorf("it predicts something else after it was read: %v", err)
				}
				sameInference(t, path, folded, []*tensor.Dense{in})
			})
		}
	}
}

func TestFoldBatchNormRejects(t *testing.T) {
	build := func(ls ...layers.Layer) *models.Model {
		m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 6), ls...)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	huge := build(layers.Dense{Units: 2}, layers.BatchNorm{})
	huge.Params().Get("1.BatchNorm/scale").Floats32()[1] = 3e38
	huge.Params().Get("0.Dense/kernel").Floats32()[1] = 100
	negative := build(layers.Dense{Units: 2}, layers.BatchNorm{})
	negative.Params().Get("1.BatchNorm/running_variance").Floats32()[0] = -1
	for name, c := range map[string]struct {
		m    *models.Model
		want string
	}{
		"no normalisation":    {build(layers.Dense{Units: 2}), "no BatchNorm follows a convolution"},
		"nothing before it":   {build(layers.BatchNorm{}, layers.Dense{Units: 2}), "no BatchNorm follows a convolution"},
		"a layer of its own":  {build(layers.Dense{Units: 2}, layers.LayerNorm{}), "no BatchNorm follows a convolution"},
		"too large":           {huge, "0.Dense/kernel: value 1 is"},
		"a negative variance": {negative, "0.Dense/kernel: value 0 is NaN"},
		"nil":                 {nil, "the model is nil or zero"},
		"zero":                {&models.Model{}, "the model is nil or zero"},
	} {
		if _, err := c.m.FoldBatchNorm(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// TestFoldSequences: a model of sequences of different lengths predicts the same when folded.
func TestFoldSequences(t *testing.T) {
	x := models.Sequence("x", 3)
	steps := x.Then(layers.Conv1D{Filters: 4, Size: 3, Padding: layers.Same, NoBias: true}, layers.BatchNorm{}, layers.Relu)
	m, err := models.New(models.Config{Seed: 1, Type: graph.Float64}, []*models.Tensor{x}, []*models.Tensor{models.Join(layers.GlobalAveragePool{}, steps, x.Lengths())})
	if err != nil {
		t.Fatal(err)
	}
	disturbed(t, m)
	folded, err := m.FoldBatchNorm()
	if err != nil {
		t.Fatal(err)
	}
	lengths := tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{5, 1, 3}))
	in := graphtest.Logits(1, 3, 5, 3)
	want, err := m.Predict(ctx, in, lengths)
	if err != nil {
		t.Fatal(err)
	}
	got, err := folded.Predict(ctx, in, lengths)
	if err != nil {
		t.Fatal(err)
	}
	sameOutputs(t, got, want, 1e-13)
}

// TestFoldedTwice: a folded model has nothing left to fold, and keeps what is not trained so.
func TestFoldedTwice(t *testing.T) {
	rows := &data.Set{Inputs: []*tensor.Dense{graphtest.Logits(1, 4, 6)}, Targets: []*tensor.Dense{graphtest.Logits(2, 4)}}
	m, err := models.Chain{Layers: []layers.Layer{layers.Dense{Units: 3, NoBias: true, Kernel: graph.Weight{Frozen: true}}, layers.BatchNorm{}, layers.Relu}}.Build(rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	folded, err := m.FoldBatchNorm()
	if err != nil {
		t.Fatal(err)
	}
	if p := folded.Params(); p.Get("0.Dense/kernel").Trained || !p.Get("4.Dense/kernel").Trained {
		t.Errorf("trained: %v", p.Trained())
	}
	if _, err := folded.FoldBatchNorm(); err == nil {
		t.Error("no error when it is folded again")
	}
}

// Two of three normalisations become part of the convolutions before them; the first has none.
func ExampleModel_FoldBatchNorm() {
	size := [2]int{3, 3}
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("image", 8, 8, 3), layers.BatchNorm{},
		layers.Conv2D{Filters: 4, Size: size, NoBias: true}, layers.BatchNorm{}, layers.Relu,
		layers.DepthwiseConv2D{Size: size, NoBias: true}, layers.BatchNorm{}, layers.GlobalAveragePool{}, layers.Dense{Units: 2})
	if err != nil {
		log.Fatal(err)
	}
	folded, err := m.FoldBatchNorm()
	if err != nil {
		log.Fatal(err)
	}
	image := tensor.New(tensor.WithShape(1, 8, 8, 3), tensor.WithBacking(tensor.Range(tensor.Float32, 0, 192)))
	a, _ := m.Predict(context.Background(), image)
	b, _ := folded.Predict(context.Background(), image)
	near := math.Abs(float64(a[0].Float32s()[0]-b[0].Float32s()[0])) < 1e-3
	fmt.Println(len(m.Params().All()), len(folded.Params().All()), near)
	// Output: 16 10 true
}
