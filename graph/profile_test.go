package graph_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
)

// profiled compiles and profiles a graph's outputs and returns the operations of
// products by kind, added up.
func profiled(t *testing.T, b *graph.Builder, outputs ...*node) map[string]int {
	t.Helper()
	p, err := graph.Compile(b, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	prof, err := p.Profile(bg, 2)
	if err != nil {
		t.Fatal(err)
	}
	flop := map[string]int{}
	for _, o := range prof.Ops {
		if o.Calls != 2 || o.Bytes <= 0 {
			t.Errorf("%v: %d calls, %d bytes", o, o.Calls, o.Bytes)
		}
		if o.FLOP > 0 {
			flop[o.Kind] += o.FLOP
		}
	}
	return flop
}

func TestFLOP(t *testing.T) {
	grads := func(b *graph.Builder, y *node, of ...*node) []*node {
		loss := b.Sum(b.Square(y))
		return append(b.Gradients(loss, of...), loss)
	}
	for _, c := range []struct {
		name  string
		build func(b *graph.Builder) []*node
		want  map[string]int
	}{
		{"matmul", func(b *graph.Builder) []*node {
			return []*node{b.MatMulTransposed(b.Input("x", 5, 3), b.Input("y", 7, 5), true, true)}
		}, map[string]int{"MatMul": 2 * 3 * 7 * 5}},
		{"batches", func(b *graph.Builder) []*node {
			return []*node{b.BatchMatMul(b.Input("x", 4, 2, 3, 5), b.Input("y", 4, 2, 5, 7), false, false)}
		}, map[string]int{"MatMul": 8 * 2 * 3 * 7 * 5}},
		{"dense and its gradients", func(b *graph.Builder) []*node {
			x, w, v := b.Input("x", 4, 6), b.Input("w", 6, 5), b.Input("v", 5)
			return grads(b, b.Dense(x, w, v, graph.Tanh), x, w, v)
		}, map[string]int{"Dense": 2 * 4 * 6 * 5, "MatMul": 2 * 2 * 4 * 6 * 5}},
		{"convolution and its gradients", func(b *graph.Builder) []*node {
			x, w := b.Input("x", 2, 9, 8, 6), b.Input("w", 3, 2, 3, 4)
			y := b.Conv2D(x, w, nil, graph.Window{Stride: [2]int{2, 1}, Padding: graph.Same}, 2, graph.Identity)
			return grads(b, y, x, w)
		}, func() map[string]int {
			n := 2 * (2 * 5 * 8 * 4) * (3 * 2 * 3) // results, and the products of each
			return map[string]int{"Conv2D": n, "Conv2DTranspose": n, "Conv2DKernels": n}
		}()},
		{"LSTM and its gradients", func(b *graph.Builder) []*node {
			x, w, u := b.Input("x", 2, 5, 3), b.Input("w", 3, 16), b.Input("u", 4, 16)
			return grads(b, b.Recurrent(x, graph.Recurrence{Cell: graph.LSTMCell, W: w, U: u, Last: true}), x, w, u)
		}, map[string]int{ // 2 sequences of 5 steps, 4 gates of 4 units; the first step has no state before it
			"LSTM": 2 * 2 * 16 * (5*3 + 4*4), "LSTMGrad": 2 * 2 * 16 * 4 * 4,
			"LSTMInputGrad": 2 * 2 * 16 * 5 * 3, "LSTMKernelGrad": 2 * 2 * 16 * 5 * 3, "LSTMRecurrentGrad": 2 * 2 * 16 * 5 * 4,
		}},
		{"GRU with a state", func(b *graph.Builder) []*node {
			x, w, u, h := b.Input("x", 2, 5, 3), b.Input("w", 3, 12), b.Input("u", 4, 12), b.Input("h", 2, 4)
			return grads(b, b.Recurrent(x, graph.Recurrence{Cell: graph.GRUCell, W: w, U: u, H0: h}), h)
		}, map[string]int{"GRU": 2 * 2 * 12 * 5 * (3 + 4), "GRUInitialGrad": 2 * 2 * 12 * 5 * 4}},
		{"no product", func(b *graph.Builder) []*node { return []*node{b.Exp(b.Input("x", 4))} }, map[string]int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
			got := profiled(t, b, c.build(b)...)
			for kind, n := range c.want {
				if got[kind] != n {
					t.Errorf("%s: %d operations, want %d", kind, got[kind], n)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("have %v, want %v", got, c.want)
			}
		})
	}
}

// TestBytesOfParts: what takes a part out of its operands does not move the rest.
func TestBytesOfParts(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	x, w, u := b.Input("x", 2, 50, 3), b.Input("w", 3, 16), b.Input("u", 4, 16)
	last := b.Recurrent(x, graph.Recurrence{Cell: graph.LSTMCell, W: w, U: u, Last: true})
	p, err := graph.Compile(b, b.Slice(x, 1, 10, 20), b.Gather(w, b.InputInt("index", 5)), last)
	if err != nil {
		t.Fatal(err)
	}
	prof, err := p.Profile(bg, 1)
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]int{"Slice": 2 * 4 * 2 * 10 * 3, "Gather": 2 * 4 * 5 * 16, "LSTMStates": 2 * 4 * 2 * 4} {
		i := slices.IndexFunc(prof.Ops, func(o graph.OpProfile) bool { return o.Kind == kind })
		if i < 0 || prof.Ops[i].Bytes != want {
			t.Errorf("%s: want %d bytes in %v", kind, want, prof.Ops)
		}
	}
}

// TestProfileRuns: a profile computes what runs do, states included.
func TestProfileRuns(t *testing.T) {
	start := func() (*graph.Program, *graph.Params, *node) {
		params := graph.NewParams(graph.Float64, 1)
		b := graph.New(params, graph.Train)
		x := b.Input("x", 8, 3)
		s := b.State("count", graph.Shape{1}, graph.Zeros{})
		b.Update("count", b.Shift(s, 1))
		loss := b.Mean(b.Square(b.MatMul(x, b.Param("w", graph.Shape{3, 2}, graph.Weight{}))))
		p, err := graph.Compile(b, loss)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.SetInput("x", graphtest.Logits(1, 8, 3)); err != nil {
			t.Fatal(err)
		}
		return p, params, loss
	}
	p, params, loss := start()
	prof, err := p.Profile(bg, 3)
	if err != nil {
		t.Fatal(err)
	}
	q, _, other := start()
	if err := q.Run(bg); err != nil {
		t.Fatal(err)
	}
	if p.Float(loss) != q.Float(other) {
		t.Errorf("the result is %v, of a run %v", p.Float(loss), q.Float(other))
	}
	if n := params.Get("count").Values()[0]; n != 4 {
		t.Errorf("the state was overwritten %v times, want 4", n)
	}
	if len(prof.Ops) != p.Steps() || prof.Runs != 3 || !(prof.Peak > 1e6) || prof.Wall < prof.Time() || prof.Threads < 1 {
		t.Errorf("profile: %v", prof)
	}
	for _, o := range prof.Ops {
		if o.Kind == "MatMul" && (o.Bytes != 8*(8*3+3*2+8*2) || o.Shape != "(8,2)") {
			t.Errorf("%v moves %d bytes", o, o.Bytes)
		}
	}
}

func TestProfileMistakes(t *testing.T) {
	_, p, _ := classifier(t, graph.Float32, 4)
	if _, err := p.Profile(bg, 0); err == nil || err.Error() != "graph: profile: 0 runs: want at least 1" {
		t.Errorf("no runs: %v", err)
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := p.Profile(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	y := b.Scope("words").Gather(b.Tensor("table", graphtest.Logits(1, 3, 2)), b.InputInt("index", 1))
	q, err := graph.Compile(b, y)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.SetInput("index", graphtest.Ints(1, 1, 1)); err != nil {
		t.Fatal(err)
	}
	in, err := q.Input("index")
	if err != nil {
		t.Fatal(err)
	}
	in.Data().([]int)[0] = 7
	if _, err := q.Profile(bg, 1); err == nil || !strings.Contains(err.Error(), "words") {
		t.Errorf("a failing operation: %v", err)
	}
}

// The operations of a dense layer and their counts, which do not depend on the
// machine. Print the profile itself for a table with times and rates.
func ExampleProgram_Profile() {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	x := b.Input("x", 32, 10)
	l := b.Scope("0.Dense")
	y := l.Dense(x, l.Param("kernel", graph.Shape{10, 4}, graph.Weight{}), nil, graph.Relu)
	program, err := graph.Compile(b, b.Softmax(y))
	if err != nil {
		panic(err)
	}
	prof, err := program.Profile(context.Background(), 100)
	if err != nil {
		panic(err)
	}
	for _, o := range prof.Ops {
		fmt.Printf("%v: %d calls, %d FLOP and %d bytes each\n", o, o.Calls, o.FLOP, o.Bytes)
	}
	// Output:
	// 0.Dense: Dense (32,4): 100 calls, 2560 FLOP and 1952 bytes each
	// Softmax (32,4): 100 calls, 0 FLOP and 1024 bytes each
}
