package graph_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var bg = context.Background()

// classifier is a training graph with a loss and all gradients.
func classifier(t testing.TB, dt graph.Dtype, batch int) (*graph.Builder, *graph.Program, *node) {
	t.Helper()
	b := graph.New(graph.NewParams(dt, 1), graph.Train)
	x, y := b.Input("x", batch, 30), b.InputInt("y", batch)
	h := x
	for i, units := range []int{16, 8, 3} {
		l := b.Scope([]string{"one", "two", "three"}[i])
		act := graph.Relu
		if units == 3 {
			act = graph.Identity
		}
		h = l.Dense(h, l.Param("kernel", graph.Shape{b.Dim(h, 1), units}, graph.Weight{}), l.Param("bias", graph.Shape{units}, graph.Weight{Init: graph.Zeros{}}), act)
		if units > 3 {
			h = l.Dropout(h, 0.1)
		}
	}
	loss := b.Mean(b.SoftmaxCrossEntropy(h, y, 0))
	_, params := b.Trained(loss)
	p, err := graph.Compile(b, append([]*node{loss}, b.Gradients(loss, params...)...)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("x", graphtest.Logits(1, batch, 30)); err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("y", graphtest.Ints(1, 3, batch)); err != nil {
		t.Fatal(err)
	}
	return b, p, loss
}

func BenchmarkStep(b *testing.B) {
	_, p, _ := classifier(b, graph.Float32, 32)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(bg); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMemoryIsShared: a long chain needs few buffers.
func TestMemoryIsShared(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	x := b.Input("x", 1000)
	y := x
	for range 100 {
		y = b.Tanh(b.Scale(y, 1.1))
	}
	p, err := graph.Compile(b, y)
	if err != nil {
		t.Fatal(err)
	}
	if limit := 3 * 4000; p.Memory() > limit {
		t.Errorf("%d bytes, want at most %d", p.Memory(), limit)
	}
}

func TestUnusedOperationsAreLeftOut(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	x := b.Input("x", 4)
	b.Exp(b.Input("unused", 4))
	p, err := graph.Compile(b, b.Tanh(x))
	if err != nil {
		t.Fatal(err)
	}
	if p.Steps() != 1 || strings.Join(p.Inputs(), " ") != "x" {
		t.Errorf("%d steps, inputs %v", p.Steps(), p.Inputs())
	}
}

// What is said twice is computed once, and what depends on constants only is not
// computed in a run at all.
func TestNothingIsComputedTwice(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	x := b.Input("x", 3)
	c := b.Reshape(b.Tensor("c", tensor.New(tensor.WithShape(3, 1), tensor.WithBacking([]float64{1, 4, 9}))), 3)
	root := b.Scale(b.Sqrt(c), 10)
	y := b.Add(b.Mul(b.Exp(x), root), b.Mul(b.Exp(x), root))
	p, err := graph.Compile(b, y, root)
	if err != nil {
		t.Fatal(err)
	}
	if p.Steps() != 3 { // Exp, Mul, Add
		t.Errorf("%d steps, want 3", p.Steps())
	}
	for range 2 {
		if err := p.SetInput("x", tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{0, 0, 0}))); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := p.Floats64(y); !slices.Equal(got, []float64{20, 40, 60}) {
			t.Errorf("have %v", got)
		}
		if got := p.Floats64(root); !slices.Equal(got, []float64{10, 20, 30}) {
			t.Errorf("the constant result is %v", got)
		}
	}

	b = graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	bad := b.Tensor("bad", tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{1, 2, 3, 4})))
	target := b.InputInt("y", 2)
	if _, err := graph.Compile(b, b.SoftmaxCrossEntropy(bad, target, 0)); err != nil {
		t.Errorf("an input's value is not known when a graph is compiled: %v", err)
	}
}

func TestRunErrors(t *testing.T) {
	_, p, _ := classifier(t, graph.Float32, 4)
	for _, c := range []struct {
		name  string
		set   func() error
		parts []string
	}{
		{"no such input", func() error { return p.SetInput("z", graphtest.Logits(1, 4, 30)) }, []string{`"z"`, `["x" "y"]`}},
		{"shape", func() error { return p.SetInput("x", graphtest.Logits(1, 5, 30)) }, []string{`"x"`, "(5,30)", "(4,30)"}},
		{"vector for a column", func() error { return p.SetInput("y", graphtest.Ints(1, 3, 4, 1)) }, []string{"(4,1)", "(4)"}},
		{"type", func() error { return p.SetInput("y", graphtest.Logits(1, 4)) }, []string{"want int"}},
		{"nil", func() error { return p.SetInput("x", nil) }, []string{"nil"}},
		{"no context", func() error { var none context.Context; return p.Run(none) }, []string{"graph: run: the context is nil"}},
		{"class out of range", func() error {
			err := p.SetInput("y", tensor.New(tensor.WithShape(4), tensor.WithBacking([]int{0, 1, 3, 2})))
			if err != nil {
				t.Fatal(err)
			}
			return p.Run(bg)
		}, []string{"SoftmaxCrossEntropy", "row 2: class 3 is not in [0, 3)"}},
	} {
		err := c.set()
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", c.name, err, part)
			}
		}
	}
}

// TestPanicsBecomeErrors runs an operation that panics: the error has the layer's path, and no stack in its text.
func TestPanicsBecomeErrors(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	x := b.Input("x", 2, 3)
	y := b.Scope("encoder").Apply("slice", func(in ...*node) (*node, error) {
		return gorgonia.ApplyOp(explosive{}, in[0])
	}, x)
	p, err := graph.Compile(b, y)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(bg)
	var e *graph.Error
	var pe *graph.PanicError
	if !errors.As(err, &e) || e.Path != "encoder/slice" || !errors.As(err, &pe) || pe.Value != "boom" || strings.Contains(err.Error(), "goroutine") {
		t.Errorf("have %v", err)
	}
}

func TestContextIsLookedAtBetweenOperations(t *testing.T) {
	_, p, _ := classifier(t, graph.Float32, 4)
	ctx, cancel := context.WithCancelCause(bg)
	why := errors.New("enough")
	cancel(why)
	if err := p.Run(ctx); !errors.Is(err, why) {
		t.Errorf("have %v", err)
	}
}

// TestStates: a state changes after a run that succeeded, and not before.
func TestStates(t *testing.T) {
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Train)
	x, at := b.Input("x", 2), b.InputInt("at", 1)
	b.State("mean", graph.Shape{2}, graph.Zeros{})
	old := b.State("mean", graph.Shape{2}, graph.Zeros{})
	b.Update("mean", b.Add(old, x))
	y := b.Gather(x, at) // fails for an index out of range, after the update was computed
	p, err := graph.Compile(b, y)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, n int, v any) {
		t.Helper()
		if err := p.SetInput(name, tensor.New(tensor.WithShape(n), tensor.WithBacking(v))); err != nil {
			t.Fatal(err)
		}
	}
	state := func() []float64 { return params.Get("mean").Values() }
	set("x", 2, []float64{1, 2})
	set("at", 1, []int{0})
	for range 2 {
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
	}
	if s := state(); s[0] != 2 || s[1] != 4 {
		t.Errorf("after two runs: %v", s)
	}
	set("at", 1, []int{9})
	if err := p.Run(bg); err == nil {
		t.Error("no error")
	}
	if s := state(); s[0] != 2 || s[1] != 4 {
		t.Errorf("after a failed run: %v", s)
	}
}

// TestNoise: a mask is a function of the step.
func TestNoise(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	y := b.Dropout(b.Fill(1, 1000), 0.5)
	p, err := graph.Compile(b, y)
	if err != nil {
		t.Fatal(err)
	}
	mask := func(step int) []float32 {
		p.SetStep(step)
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
		return append([]float32(nil), p.Floats32(y)...)
	}
	first, second, again := mask(0), mask(1), mask(0)
	differ := 0
	for i := range first {
		if first[i] != again[i] {
			t.Fatal("the same step gave another mask")
		}
		if first[i] != second[i] {
			differ++
		}
	}
	if differ < 400 || differ > 600 {
		t.Errorf("masks of two steps differ in %d of 1000 places", differ)
	}
}

// TestProgramsShareParams runs inference programs of two batch sizes at once.
func TestProgramsShareParams(t *testing.T) {
	params := graph.NewParams(graph.Float32, 1)
	var wg sync.WaitGroup
	for _, batch := range []int{1, 8, 8, 32} {
		b := graph.New(params, graph.Infer)
		x := b.Input("x", batch, 20)
		y := b.Dense(x, b.Param("w", graph.Shape{20, 10}, graph.Weight{}), nil, graph.Tanh)
		p, err := graph.Compile(b, y)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for range 200 {
				if err := p.Run(bg); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(params.All()) != 1 {
		t.Errorf("%d parameters", len(params.All()))
	}
}

// TestViews: inputs may be views; what is copied is what they show.
func TestViews(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	x := b.Input("x", 3, 2)
	p, err := graph.Compile(b, b.Scale(x, 1))
	if err != nil {
		t.Fatal(err)
	}
	base := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6}))
	if err := base.T(); err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("x", base); err != nil {
		t.Fatal(err)
	}
	in, err := p.Input("x")
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{1, 4, 2, 5, 3, 6}
	for i, v := range in.Data().([]float64) {
		if v != want[i] {
			t.Fatalf("have %v, want %v", in.Data(), want)
		}
	}
}

// TestScheduledNoise: the level scales the rate; at 0 nothing is dropped, and at 1
// the mask is that of Dropout.
func TestScheduledNoise(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	x := b.Fill(1, 10000)
	y := b.ScheduledDropout(x, 0.4)
	p, err := graph.Compile(b, y)
	if err != nil {
		t.Fatal(err)
	}
	zeros := func() (n int) {
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Floats32(y) {
			if v == 0 {
				n++
			}
		}
		return n
	}
	if n := zeros(); n < 3800 || n > 4200 {
		t.Errorf("%d of 10000 dropped at first, want 40%%", n)
	}
	for level, want := range map[float64]int{0: 0, 0.25: 1000, 1: 4000, 7: 4000} {
		p.SetNoise(level)
		if n := zeros(); n < want-want/10 || n > want+want/10 {
			t.Errorf("%d of 10000 dropped at level %v, want about %d", n, level, want)
		}
	}
}
