package losses_test

import (
	"context"
	"math"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/losses"
	"gorgonia.org/tensor"
)

// lossOf returns the losses of rows of logits and the gradient of their sum.
func lossOf(t *testing.T, loss losses.Loss, logits [][]float64, labels []int) (l, grad []float64) {
	t.Helper()
	b := graph.New(graph.NewParams(graph.Float64, 0), graph.Train)
	x := b.Input("x", len(logits), len(logits[0]))
	y := b.InputInt("y", len(labels))
	out := loss.Loss(b, x, y)
	g := b.Gradients(b.Sum(out), x)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := graph.Compile(b, out, g[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("x", tensor.New(tensor.WithShape(len(logits), len(logits[0])), tensor.WithBacking(flat(logits)))); err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("y", tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return p.Floats64(out), p.Floats64(g[0])
}

// TestClassWeightsBesideAnImpossibleClass: a logit of -Inf in another class does
// not make the loss NaN. torch.nn.functional.cross_entropy(reduction="none") of
// PyTorch 1.13 gives these losses.
func TestClassWeightsBesideAnImpossibleClass(t *testing.T) {
	logits := [][]float64{{0, 1, math.Inf(-1)}, {5, 0, math.Inf(-1)}}
	for _, weights := range [][]float64{nil, {1, 1, 1}} {
		got, grad := lossOf(t, losses.SoftmaxCrossEntropy{ClassWeights: weights}, logits, []int{0, 0})
		for i, want := range []float64{1.3132617, 0.0067153} {
			if math.Abs(got[i]-want) > 1e-6 {
				t.Errorf("weights %v, row %d: loss %v, want %v", weights, i, got[i], want)
			}
		}
		for i, g := range grad {
			if math.IsNaN(g) {
				t.Errorf("weights %v: gradient %d is NaN", weights, i)
			}
		}
	}
}

// TestOneLogit: two classes give the same loss and gradient from the logits
// (0, z) and from z alone, with class weights and smoothing too.
func TestOneLogit(t *testing.T) {
	z := []float64{-3, 0.2, 1.7, 40, -40}
	labels := []int{0, 1, 0, 1, 1}
	var one, two [][]float64
	for _, v := range z {
		one, two = append(one, []float64{v}), append(two, []float64{0, v})
	}
	for name, l := range map[string]losses.SoftmaxCrossEntropy{
		"plain": {}, "weights": {ClassWeights: []float64{1, 9}}, "smoothing": {Smoothing: 0.1}, "both": {ClassWeights: []float64{0.5, 3}, Smoothing: 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			a, ga := lossOf(t, l, one, labels)
			b, gb := lossOf(t, l, two, labels)
			for i := range z {
				if math.Abs(a[i]-b[i]) > 1e-12*math.Max(1, b[i]) || math.Abs(ga[i]-gb[2*i+1]) > 1e-12 {
					t.Errorf("z = %v: loss %v, gradient %v; of two logits %v, %v", z[i], a[i], ga[i], b[i], gb[2*i+1])
				}
			}
		})
	}
}
