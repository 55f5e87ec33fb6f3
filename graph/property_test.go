package graph_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// grow adds random operations to a pool of values: values are used more than
// once, reshaped and used elsewhere, and the same operation appears with other
// attributes.
func grow(t *rapid.T, b *builder, pool []*node) *node {
	pick := func(label string) *node { return pool[rapid.IntRange(0, len(pool)-1).Draw(t, label)] }
	for i := range rapid.IntRange(2, 12).Draw(t, "ops") {
		x := pick(fmt.Sprint("x", i))
		var y *node
		switch kind := rapid.IntRange(0, 15).Draw(t, fmt.Sprint("kind", i)); kind {
		case 0:
			y = b.Tanh(x)
		case 1:
			y = b.Sigmoid(x)
		case 2:
			y = b.Scale(x, rapid.SampledFrom([]float64{0.5, -1, 2}).Draw(t, "alpha"))
		case 3, 4, 5:
			other := pick(fmt.Sprint("y", i))
			if s, o := b.Shape(x), b.Shape(other); !slices.Equal(s, o) {
				other = b.Reshape(b.Mean(other), ones(len(s))...)
			}
			y = []func(x, y *node) *node{b.Add, b.Mul, b.Sub}[kind-3](x, other)
		case 6:
			s := b.Shape(x)
			y = b.Reshape(x, s[0]*s[1]/2, 2)
		case 7:
			y = b.Transpose(x)
		case 8:
			y = b.Concat(rapid.IntRange(0, 1).Draw(t, "axis"), x, b.Square(x))
		case 9:
			ax := rapid.IntRange(0, 1).Draw(t, "axis")
			y = b.KeepDims(b.Mean(x, ax), x, ax)
			y = b.Mul(x, y)
		case 10:
			y = b.Softmax(x)
		case 11:
			y = b.MatMulTransposed(x, x, true, false)
		case 12:
			y = b.Dropout(x, rapid.SampledFrom([]float64{0.2, 0.5}).Draw(t, "rate"))
		case 13:
			y = b.Slice(b.Concat(1, x, x), 1, 1, b.Dim(x, 1)+1)
		case 14:
			half := b.Const(0.5)
			mask := b.Or(b.Greater(b.RandomUniform(b.Shape(x)...), half), b.Not(b.Less(b.RandomUniform(b.Shape(x)...), half)))
			y = b.Where(mask, x, b.Sin(x))
		case 15:
			n := b.Dim(x, 1)
			y = b.TakeAlongAxis(x, b.Cast(b.Scale(b.RandomUniform(b.Shape(x)...), float64(n)), graph.Int), 1)
		}
		if s := b.Shape(y); b.Err() == nil && s[0]*s[1] > 64 {
			y = b.Slice(b.Slice(y, 0, 0, min(s[0], 4)), 1, 0, min(s[1], 4))
		}
		if s := b.Shape(y); b.Err() == nil && s[0]*s[1]%2 == 1 {
			y = b.Concat(0, y, y)
		}
		pool = append(pool, y)
	}
	f := b.Const(0)
	for _, y := range pool {
		f = b.Add(f, b.Mean(b.Sin(y)))
	}
	return f
}

func ones(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}

// TestRandomGraphs differentiates random small graphs, and runs each of them
// on Gorgonia's machine too.
func TestRandomGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 3).Draw(t, "rows"), 2*rapid.IntRange(1, 2).Draw(t, "cols")
		seed := rapid.Uint64().Draw(t, "seed")
		x := graphtest.Uniform(seed, -1, 1, rows, cols)
		var made *builder
		var y, in0 *node
		// The graph is drawn once, then checked as it stands.
		build := func(b *builder, in []*node) *node {
			w := b.Param("w", graph.Shape{rows, cols}, graph.Weight{})
			return grow(t, b, []*node{in[0], w, b.Again().Param("w", graph.Shape{rows, cols}, graph.Weight{})})
		}
		made = graph.New(graph.NewParams(graph.Float64, seed), graph.Train)
		in0 = made.Input("x", rows, cols)
		y = build(made, []*node{in0})
		_, wrt := made.Trained(y)
		wrt = append(wrt, in0)
		grads := made.Gradients(y, wrt...)
		if err := made.Err(); err != nil {
			t.Fatal(err)
		}
		outputs := append([]*node{y}, grads...)
		p, err := graph.Compile(made, outputs...)
		if err != nil {
			t.Fatal(err)
		}
		checkNumerically(t, p, y, grads, wrt, made, x)
		onTape(t, made, p, outputs, x)
	})
}

// checkNumerically compares gradients with central differences of two steps,
// extrapolated to none (Richardson): what the two differ by bounds the error that
// the steps have left, which is large where a graph squares its values again
// and again.
func checkNumerically(t *rapid.T, p *graph.Program, y *node, grads, wrt []*node, b *builder, x *tensor.Dense) {
	run := func() float64 {
		if err := p.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		return p.Float(y)
	}
	if err := p.SetInput("x", x); err != nil {
		t.Fatal(err)
	}
	run()
	params, _ := b.Trained(y)
	all := make([][]float64, len(grads))
	for i, g := range grads {
		all[i] = append([]float64(nil), p.Floats64(g)...)
	}
	for i, analytic := range all {
		var memory []float64
		if i < len(params) {
			memory = params[i].Floats64()
		} else {
			in, err := p.Input("x")
			if err != nil {
				t.Fatal(err)
			}
			memory = in.Data().([]float64)
		}
		for k, v := range memory {
			slope := func(h float64) float64 {
				memory[k] = v + h
				up := run()
				memory[k] = v - h
				down := run()
				memory[k] = v
				return (up - down) / (2 * h)
			}
			const h = 2e-5
			wide, narrow := slope(h), slope(h/2)
			numeric := narrow + (narrow-wide)/3
			allowed := 1e-6*max(1, math.Abs(numeric), math.Abs(analytic[k])) + math.Abs(narrow-wide)
			if math.Abs(numeric-analytic[k]) > allowed {
				t.Fatalf("gradient of %s at %d: analytic %.10g, numeric %.10g ± %.2g", wrt[i].Name(), k, analytic[k], numeric, allowed)
			}
		}
	}
	run()
}

func onTape(t *rapid.T, b *builder, p *graph.Program, outputs []*node, x *tensor.Dense) {
	ours := make([][]float64, len(outputs))
	for i, n := range outputs {
		ours[i] = append([]float64(nil), p.Floats64(n)...)
	}
	if err := gorgonia.UnsafeLet(b.Step(), gorgonia.NewI(0)); err != nil {
		t.Fatal(err)
	}
	values := make([]gorgonia.Value, len(outputs))
	for i, n := range outputs {
		gorgonia.Read(n, &values[i])
	}
	vm := gorgonia.NewTapeMachine(b.ExprGraph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatalf("tape machine: %v", err)
	}
	for i, v := range values {
		var theirs []float64
		switch d := v.Data().(type) {
		case []float64:
			theirs = d
		case float64:
			theirs = []float64{d}
		}
		for k, want := range theirs {
			if math.Abs(want-ours[i][k]) > 1e-9*max(1, math.Abs(want)) {
				t.Fatalf("output %d, element %d: %.12g on the tape machine, %.12g on ours", i, k, want, ours[i][k])
			}
		}
	}
}

// TestSameOperationOtherAttributes builds pairs of operations that differ in
// attributes only: Gorgonia's hash has to keep them apart.
func TestSameOperationOtherAttributes(t *testing.T) {
	for name, pair := range map[string][2]func(b *builder, x *node) *node{
		"scale":   {func(b *builder, x *node) *node { return b.Scale(x, 2) }, func(b *builder, x *node) *node { return b.Scale(x, 3) }},
		"softmax": {(*builder).Softmax, (*builder).LogSoftmax},
		"sum":     {func(b *builder, x *node) *node { return b.Sum(x, 0) }, func(b *builder, x *node) *node { return b.Sum(x, 1) }},
		"slice":   {func(b *builder, x *node) *node { return b.Slice(x, 1, 0, 1) }, func(b *builder, x *node) *node { return b.Slice(x, 1, 1, 2) }},
		"dropout": {func(b *builder, x *node) *node { return b.Dropout(x, 0.5) }, func(b *builder, x *node) *node { return b.Dropout(x, 0.5) }},
		"noise":   {func(b *builder, x *node) *node { return b.RandomNormal(4, 4) }, func(b *builder, x *node) *node { return b.RandomNormal(4, 4) }},
		"const":   {func(b *builder, x *node) *node { return b.Fill(1, 4) }, func(b *builder, x *node) *node { return b.Fill(1, 2, 2) }},
		"matmul":  {func(b *builder, x *node) *node { return b.MatMulTransposed(x, x, true, false) }, func(b *builder, x *node) *node { return b.MatMulTransposed(x, x, false, true) }},
		"leaky":   {func(b *builder, x *node) *node { return b.LeakyRelu(x, 0.1) }, func(b *builder, x *node) *node { return b.LeakyRelu(x, 0.2) }},
	} {
		t.Run(name, func(t *testing.T) {
			b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
			x := b.Input("x", 4, 4)
			first, second := pair[0](b, x), pair[1](b, x)
			if b.Err() != nil {
				t.Fatal(b.Err())
			}
			if first == second {
				t.Error("two operations became one node")
			}
		})
	}
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	x := b.Input("x", 4, 4)
	if first, again := b.Tanh(x), b.Tanh(x); first != again {
		t.Error("one operation on one operand became two nodes")
	}
}
