package losses_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/losses"
	"gorgonia.org/tensor"
)

// sequences compiles a loss over sequences and the gradient of its sum. Its results are
// valid until the next run.
func sequences(t *testing.T, loss losses.Loss, dt graph.Dtype, shape []int) func(pred []float64, want []int) (value, grad []float64, err error) {
	t.Helper()
	b := graph.New(graph.NewParams(dt, 1), graph.Train)
	pred, want := b.Input("pred", shape...), b.InputInt("want", shape[:len(shape)-1]...)
	l := loss.Loss(b, pred, want)
	g := b.Gradients(b.Sum(l), pred)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := graph.Compile(b, l, g[0])
	if err != nil {
		t.Fatal(err)
	}
	return func(z []float64, y []int) ([]float64, []float64, error) {
		if err := p.SetInput("pred", tensor.New(tensor.WithShape(shape...), tensor.WithBacking(z))); err != nil {
			t.Fatal(err)
		}
		if err := p.SetInput("want", tensor.New(tensor.WithShape(shape[:len(shape)-1]...), tensor.WithBacking(y))); err != nil {
			t.Fatal(err)
		}
		err := p.Run(context.Background())
		return numbers(p.Tensor(l)), numbers(p.Tensor(g[0])), err
	}
}

// The numbers are those of torch.nn.functional.cross_entropy: testdata/sequences.py.
func TestSequencesAgainstPyTorch(t *testing.T) {
	raw, err := os.ReadFile("testdata/sequences.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name       string
		Shape      []int
		Pred       []float64
		Want       []int
		Ignore     []int
		Smoothing  float64
		Loss, Grad []float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 10 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		loss := losses.SequenceCrossEntropy{Ignore: c.Ignore, Smoothing: c.Smoothing}
		if len(c.Ignore) == 1 && c.Ignore[0] == -1 {
			loss.Ignore = nil
		}
		for dt, tolerance := range map[graph.Dtype]float64{graph.Float64: 1e-12, graph.Float32: 2e-5} {
			t.Run(c.Name+"/"+dt.String(), func(t *testing.T) {
				value, grad, err := sequences(t, loss, dt, c.Shape)(c.Pred, c.Want)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, "loss", value, c.Loss, tolerance)
				compare(t, "gradient", grad, c.Grad, tolerance)
			})
		}
	}
}

// TestFlatSequences: logits that lie flat, step by step, have the loss of those in steps.
func TestFlatSequences(t *testing.T) {
	z := []float64{0.1, 2, -1, 0.5, 0.3, -0.2, 1, 1, 0, -3, 2, 0.7}
	y := []int{1, -1, 0, 1, 1, 0}
	stepped, _, err := sequences(t, losses.SequenceCrossEntropy{}, graph.Float64, []int{2, 3, 2})(z, y)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]float64(nil), stepped...)
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	l := losses.SequenceCrossEntropy{}.Loss(b, b.Tensor("pred", tensor.New(tensor.WithShape(2, 6), tensor.WithBacking(z))), b.Tensor("want", tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(y))))
	p, err := graph.Compile(b, l)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	compare(t, "flat loss", p.Floats64(l), want, 0)
	graphtest.Reject(t, "steps that do not divide", func(b *graph.Builder) *graph.Node {
		return losses.SequenceCrossEntropy{}.Loss(b, b.Input("p", 2, 7), b.InputInt("t", 2, 3))
	}, "(2, 7)", "classes")
}

// masked is targets some of which are to be ignored.
func masked(seed uint64, classes, ignore int, shape ...int) *tensor.Dense {
	y, m := graphtest.Ints(seed, classes, shape...), graphtest.Ints(seed+1, 3, shape...)
	for i, k := range m.Data().([]int) {
		if k == 0 {
			y.Data().([]int)[i] = ignore
		}
	}
	return y
}

func TestSequencesConform(t *testing.T) {
	for _, classes := range []int{1, 3, 15, 16, 17, 33} {
		for _, steps := range []int{1, 3, 16} {
			for name, l := range map[string]losses.SequenceCrossEntropy{
				"plain": {}, "smoothing": {Smoothing: 0.1}, "two ignored": {Ignore: []int{-3, 0}}, "class 0": {Ignore: []int{0}, Smoothing: 0.2},
			} {
				ignore := -1
				if len(l.Ignore) > 0 {
					ignore = l.Ignore[0]
				}
				graphtest.Run(t, graphtest.Case{
					Name: fmt.Sprintf("%s/%d steps, %d classes", name, steps, classes), Batches: []int{1, 2, 5}, Mode: graph.Train,
					Shape: func(batch int) graph.Shape { return graph.Shape{batch} },
					Inputs: func(batch int) []*tensor.Dense {
						return []*tensor.Dense{graphtest.Logits(1, batch, steps, classes), masked(2, classes, ignore, batch, steps)}
					},
					Build: func(b *graph.Builder, in []*graph.Node) *graph.Node { return l.Loss(b, in[0], in[1]) },
				})
			}
		}
	}
}

// TestMaskedStepsDoNotCount: neither the loss nor a gradient sees the logits of a step
// that does not count, and a row without any other has the loss 0.
func TestMaskedStepsDoNotCount(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	const steps, classes = 3, 4
	want := []int{2, -1, 0, -1, -1, -1}
	clean := make([]float64, 2*steps*classes)
	for i := range clean {
		clean[i] = float64(i%5) - 1.5
	}
	for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
		for _, smoothing := range []float64{0, 0.1} {
			run := sequences(t, losses.SequenceCrossEntropy{Smoothing: smoothing}, dt, []int{2, steps, classes})
			value, grad, err := run(clean, want)
			if err != nil {
				t.Fatal(err)
			}
			loss, slope := append([]float64(nil), value...), append([]float64(nil), grad...)
			if loss[0] <= 0 || loss[1] != 0 {
				t.Errorf("%v: losses %v, want a positive one and 0", dt, loss)
			}
			for _, bad := range []float64{nan, inf, -inf, 1e300} {
				dirty := append([]float64(nil), clean...)
				for r, w := range want {
					for k := range classes {
						if w == -1 {
							dirty[r*classes+k] = bad
						}
					}
				}
				value, grad, err := run(dirty, want)
				if err != nil {
					t.Fatal(err)
				}
				for i := range loss {
					if value[i] != loss[i] {
						t.Errorf("%v: with %v where it does not count, loss %d is %v, not %v", dt, bad, i, value[i], loss[i])
					}
				}
				for i := range slope {
					if w := want[i/classes]; grad[i] != slope[i] || w == -1 && grad[i] != 0 {
						t.Errorf("%v: with %v where it does not count, gradient %d is %v, not %v", dt, bad, i, grad[i], slope[i])
					}
				}
			}
		}
	}
}

func TestSequenceMistakes(t *testing.T) {
	l := losses.SequenceCrossEntropy{}
	for _, c := range []struct {
		name  string
		build func(b *graph.Builder) *graph.Node
		parts []string
	}{
		{"matrix", func(b *graph.Builder) *graph.Node {
			return l.Loss(b.Scope("loss"), b.Input("p", 2, 3), b.InputInt("t", 2))
		}, []string{"graph: loss: ", "want (batch, steps, classes)"}},
		{"floats", func(b *graph.Builder) *graph.Node { return l.Loss(b, b.Input("p", 2, 3, 4), b.Input("t", 2, 3)) }, []string{"float64: want int"}},
		{"rows", func(b *graph.Builder) *graph.Node { return l.Loss(b, b.Input("p", 2, 3, 4), b.InputInt("t", 2)) }, []string{"want (batch, steps)"}},
		{"steps", func(b *graph.Builder) *graph.Node { return l.Loss(b, b.Input("p", 2, 3, 4), b.InputInt("t", 2, 4)) }, []string{"(2,3,4)", "int(2,4)"}},
		{"smoothing", func(b *graph.Builder) *graph.Node {
			return losses.SequenceCrossEntropy{Smoothing: 1}.Loss(b, b.Input("p", 2, 3, 4), b.InputInt("t", 2, 3))
		}, []string{"smoothing 1 is not in [0, 1)"}},
		{"no target", func(b *graph.Builder) *graph.Node { return l.Loss(b, b.Input("p", 2, 3, 4), nil) }, []string{"nil"}},
	} {
		graphtest.Reject(t, c.name, c.build, c.parts...)
	}
	run := sequences(t, l, graph.Float32, []int{2, 2, 3})
	for _, bad := range []int{3, -2, math.MinInt} {
		_, _, err := run(make([]float64, 12), []int{0, -1, bad, 2})
		if want := fmt.Sprintf("position 2: class %d is neither in [0, 3) nor ignored, as -1 is", bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("class %d: error %v, want %s", bad, err, want)
		}
	}
}
