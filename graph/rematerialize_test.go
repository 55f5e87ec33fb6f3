package graph

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// wide is a network whose hidden layers are wide beside their inputs, as in a transformer: the pre-activations
// are kept for the gradients, and the activations can be computed from them again.
func wide(t testing.TB, act func(b *Builder, x *Node) *Node, rows, width, depth int) (b *Builder, loss *Node, grads []*Node) {
	b = New(NewParams(Float32, 1), Train)
	x := b.Input("x", rows, 16)
	for i := range depth {
		at := b.Scope(fmt.Sprint(i))
		h := act(at, at.MatMul(x, at.Param("up", Shape{16, width}, Weight{})))
		x = at.Add(x, at.MatMul(h, at.Param("down", Shape{width, 16}, Weight{})))
	}
	loss = b.Mean(b.Square(x))
	_, nodes := b.Trained(loss)
	grads = b.Gradients(loss, nodes...)
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	return b, loss, grads
}

// results runs a program on fixed inputs and returns the bits of its outputs.
func results(t testing.TB, p *Program, outputs []*Node) (out [][]float32) {
	in, err := p.Input("x")
	if err != nil {
		t.Fatal(err)
	}
	v := in.Data().([]float32)
	for i := range v {
		v[i] = float32(i%17)/8 - 1
	}
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, n := range outputs {
		out = append(out, slices.Clone(p.Floats32(n)))
	}
	return out
}

// TestRematerialize: values of operations that are cheap are computed twice where it saves memory, the
// results have the same bits, and small programs are as they were.
func TestRematerialize(t *testing.T) {
	for name, act := range map[string]func(b *Builder, x *Node) *Node{
		"Gelu":      (*Builder).Gelu,
		"Silu":      (*Builder).Silu,
		"LayerNorm": func(b *Builder, x *Node) *Node { return b.LayerNorm(x, nil, nil, 1e-5) },
		"reshaped": func(b *Builder, x *Node) *Node {
			return b.Reshape(b.Gelu(b.Reshape(x, 2, -1)), x.Shape()[0], -1)
		},
		"twice": func(b *Builder, x *Node) *Node { return b.Gelu(b.Silu(x)) },
		"Relu":  (*Builder).Relu,
	} {
		t.Run(name, func(t *testing.T) {
			const rows, width, depth = 512, 2048, 6
			b, loss, grads := wide(t, act, rows, width, depth)
			outputs := append([]*Node{loss}, grads...)
			p, err := Compile(b, outputs...)
			if err != nil {
				t.Fatal(err)
			}
			saved := 4*rows*width*(depth-1) <= plain(t, b, outputs).memory-p.memory
			if saved != (name != "Relu") {
				t.Errorf("%d bytes, %d without values that are computed twice", p.memory, plain(t, b, outputs).memory)
			}
			if got, want := results(t, p, outputs), results(t, plain(t, b, outputs), outputs); !slices.EqualFunc(got, want, slices.Equal) {
				t.Error("the results have other bits than without values that are computed twice")
			}
		})
	}
	b, loss, grads := wide(t, (*Builder).Gelu, 4, 32, 3)
	outputs := append([]*Node{loss}, grads...)
	p, err := Compile(b, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Steps(), plain(t, b, outputs).Steps(); got != want {
		t.Errorf("a small program has %d steps, want %d", got, want)
	}
}

// plain compiles outputs with every value computed once.
func plain(t testing.TB, b *Builder, outputs []*Node) *Program {
	t.Helper()
	p, err := compile(b, outputs, func(_ *layout, tasks []task, _ map[*Node]bool) []task { return tasks })
	if err != nil {
		t.Fatal(err)
	}
	return p
}
