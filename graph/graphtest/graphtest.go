// Package graphtest is the conformance kit for operations, layers and losses:
// one Case holds a new one to everything that those of Aegis are held to.
package graphtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Case is a function of some inputs and what has to hold for it.
type Case struct {
	Name  string
	Build func(b *graph.Builder, in []*graph.Node) *graph.Node

	// Inputs makes float64 or int inputs for a batch of the given size, the same
	// ones at every call. Values must not be within 1e-4 of a kink.
	Inputs func(batch int) []*tensor.Dense

	Batches []int // sizes of the batch; nil: 1, 2 and 5

	Shape  func(batch int) graph.Shape // of the result
	Params int                         // number of trained values
	Mode   graph.Mode

	NoGradient bool    // the result has no gradient with respect to any input or parameter
	NoTape     string  // why Gorgonia's TapeMachine cannot run it; empty: it has to
	Tolerance  float64 // of the gradient check; 0: 1e-6
}

// batches are the sizes that a Case is run with if it names none.
var batches = []int{1, 2, 5}

// Run checks, for every batch size: the result's shape, the number of parameters,
// the gradients against central differences in float64, result and gradients in float32
// against float64,
// that a second run gives the same bits, that inputs and parameters are not
// written to, that every operation describes itself, and that Gorgonia's TapeMachine
// computes the same numbers and gradients from the same graph.
func Run(t *testing.T, cases ...Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			sizes := c.Batches
			if sizes == nil {
				sizes = batches
			}
			for _, n := range sizes {
				t.Run(fmt.Sprintf("batch=%d", n), func(t *testing.T) { c.check(t, n) })
			}
		})
	}
}

func (c Case) check(t *testing.T, batch int) {
	in := c.Inputs(batch)
	if !c.NoGradient {
		check := graph.GradientCheck{Mode: c.Mode, Seed: 1, Tolerance: c.Tolerance}
		if err := graph.CheckGradients(check, c.Build, in...); err != nil {
			t.Error(err)
		}
	}
	wide := c.compile(t, graph.Float64, in)
	narrow := c.compile(t, graph.Float32, in)
	if want := c.Shape(batch); !slices.Equal(wide.y.Shape(), want) {
		t.Errorf("shape %v, want %v", wide.y.Shape(), want)
	}
	if trained, _ := wide.params.Count(); trained != c.Params {
		t.Errorf("%d trained values, want %d", trained, c.Params)
	}
	first := wide.run(t)
	before := wide.params.Snapshot()
	for i, v := range narrow.run(t) {
		if d := math.Abs(v - first[i]); !(d <= 1e-4*math.Max(1, math.Abs(first[i]))) {
			t.Errorf("element %d: %.9g in float32, %.9g in float64", i, v, first[i])
		}
	}
	for i, v := range wide.run(t) {
		if math.Float64bits(v) != math.Float64bits(first[i]) {
			t.Errorf("element %d: %v in the second run, %v in the first", i, v, first[i])
		}
	}
	for i, x := range wide.inputs {
		if x == nil {
			continue
		}
		same(t, fmt.Sprintf("input %d after a run", i), floats(x), floats(in[i]))
	}
	if c.Mode == graph.Infer {
		for i, v := range wide.params.Snapshot() {
			same(t, wide.params.All()[i].Path+" after a run", v, before[i])
		}
	}
	if !c.NoGradient {
		c.narrowGradients(t, in)
	}
	described(t, wide.prog.Operations())
	if c.NoTape == "" {
		c.tape(t, in, first)
	}
}

// narrowGradients compares gradients in float32 with those in float64.
func (c Case) narrowGradients(t *testing.T, in []*tensor.Dense) {
	t.Helper()
	want, names := c.gradients(t, graph.Float64, in)
	have, _ := c.gradients(t, graph.Float32, in)
	for i, w := range want {
		largest := 1.0
		for _, v := range w {
			largest = math.Max(largest, math.Abs(v))
		}
		for k, v := range have[i] {
			if d := math.Abs(v - w[k]); !(d <= 2e-4*largest) {
				t.Errorf("gradient with respect to %s, element %d: %.9g in float32, %.9g in float64", names[i], k, v, w[k])
				break
			}
		}
	}
}

// described checks that operations come after their operands, and that the values of
// attributes have types that a reader expects.
func described(t *testing.T, ops []graph.Operation) {
	t.Helper()
	for i, o := range ops {
		for _, k := range o.Operands {
			if k < 0 || k >= i {
				t.Errorf("operation %d, %v: operand %d does not come before it", i, o, k)
			}
		}
		for _, a := range o.Attributes {
			switch a.Value.(type) {
			case int, uint64, float64, bool, string, []int, graph.Activation:
			default:
				t.Errorf("operation %d, %v: the attribute %s is a %T", i, o, a.Name, a.Value)
			}
		}
	}
}

// gradients returns those of the sum of the result's squares with respect to parameters
// and inputs.
func (c Case) gradients(t *testing.T, dt graph.Dtype, in []*tensor.Dense) (values [][]float64, names []string) {
	t.Helper()
	b := graph.New(graph.NewParams(dt, 1), c.Mode)
	nodes := declare(b, in)
	f := b.Sum(b.Square(c.Build(b, nodes)))
	params, wrt := b.Trained(f)
	for _, p := range params {
		names = append(names, p.Path)
	}
	for i, n := range nodes {
		if in[i].Dtype() != graph.Int {
			wrt, names = append(wrt, n), append(names, fmt.Sprint("input ", i))
		}
	}
	grads := b.Gradients(f, wrt...)
	prog, err := graph.Compile(b, append(grads, f)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range prog.Inputs() {
		var i int
		if _, err := fmt.Sscanf(name, "in%d", &i); err != nil {
			t.Fatal(err)
		}
		if err := prog.SetInput(name, in[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := prog.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, g := range grads {
		values = append(values, floats(prog.Tensor(g)))
	}
	return values, names
}

// built is a compiled Case.
type built struct {
	params *graph.Params
	y      *graph.Node
	prog   *graph.Program
	inputs []*tensor.Dense // the program's own, nil where the result does not depend on it
}

func declare(b *graph.Builder, in []*tensor.Dense) []*graph.Node {
	nodes := make([]*graph.Node, len(in))
	for i, x := range in {
		if x.Dtype() == graph.Int {
			nodes[i] = b.InputInt(fmt.Sprint("in", i), x.Shape()...)
		} else {
			nodes[i] = b.Input(fmt.Sprint("in", i), x.Shape()...)
		}
	}
	return nodes
}

func (c Case) compile(t *testing.T, dt graph.Dtype, in []*tensor.Dense) built {
	t.Helper()
	r := built{params: graph.NewParams(dt, 1), inputs: make([]*tensor.Dense, len(in))}
	b := graph.New(r.params, c.Mode)
	nodes := declare(b, in)
	r.y = c.Build(b, nodes)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.prog, err = graph.Compile(b, r.y); err != nil {
		t.Fatal(err)
	}
	used := strings.Join(r.prog.Inputs(), " ") + " "
	for i, x := range in {
		name := fmt.Sprint("in", i)
		if !strings.Contains(used, name+" ") {
			continue
		}
		if err := r.prog.SetInput(name, x); err != nil {
			t.Fatal(err)
		}
		if r.inputs[i], err = r.prog.Input(name); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r built) run(t *testing.T) []float64 {
	t.Helper()
	if err := r.prog.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return floats(r.prog.Tensor(r.y))
}

// tape compares value and gradients with Gorgonia's own machine.
func (c Case) tape(t *testing.T, in []*tensor.Dense, want []float64) {
	t.Helper()
	b := graph.New(graph.NewParams(graph.Float64, 1), c.Mode)
	nodes := declare(b, in)
	y := c.Build(b, nodes)
	outputs := []*graph.Node{y}
	if !c.NoGradient {
		f := b.Sum(b.Square(y))
		_, wrt := b.Trained(f)
		for i, n := range nodes {
			if in[i].Dtype() != graph.Int {
				wrt = append(wrt, n)
			}
		}
		outputs = append(outputs, b.Gradients(f, wrt...)...)
	}
	step := b.Step()
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	prog, err := graph.Compile(b, outputs...)
	if err != nil {
		t.Fatal(err)
	}
	described(t, prog.Operations())
	for i, n := range nodes {
		if err := gorgonia.Let(n, in[i].Clone().(*tensor.Dense)); err != nil {
			t.Fatal(err)
		}
	}
	if err := prog.RunAll(); err != nil {
		t.Fatal(err)
	}
	ours := make([][]float64, len(outputs))
	for i, n := range outputs {
		ours[i] = floats(prog.Tensor(n))
	}
	if err := gorgonia.UnsafeLet(step, gorgonia.NewI(0)); err != nil {
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
		theirs := valueFloats(v)
		if len(theirs) != len(ours[i]) {
			t.Fatalf("output %d: %d values on the tape machine, %d on ours", i, len(theirs), len(ours[i]))
		}
		for k := range theirs {
			if d := math.Abs(theirs[k] - ours[i][k]); !(d <= 1e-9*math.Max(1, math.Abs(theirs[k]))) {
				t.Fatalf("output %d, element %d: %.12g on the tape machine, %.12g on ours", i, k, theirs[k], ours[i][k])
			}
		}
	}
	same(t, "result on RunAll", ours[0], want)
}

func same(t *testing.T, what string, have, want []float64) {
	t.Helper()
	for i := range want {
		if math.Float64bits(have[i]) != math.Float64bits(want[i]) {
			t.Errorf("%s: element %d is %v, was %v", what, i, have[i], want[i])
			return
		}
	}
}

func floats(x *tensor.Dense) []float64 { return valueFloats(x) }

func valueFloats(v gorgonia.Value) []float64 {
	switch d := v.Data().(type) {
	case []float64:
		return append([]float64(nil), d...)
	case float64:
		return []float64{d}
	case []float32:
		out := make([]float64, len(d))
		for i, x := range d {
			out[i] = float64(x)
		}
		return out
	case []int:
		out := make([]float64, len(d))
		for i, x := range d {
			out[i] = float64(x)
		}
		return out
	case int:
		return []float64{float64(d)}
	}
	panic(fmt.Sprintf("graphtest: values of %T", v.Data()))
}

// Reject checks that building fails with a message that holds all the given parts.
func Reject(t *testing.T, name string, build func(b *graph.Builder) *graph.Node, parts ...string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
		build(b)
		err := b.Err()
		if err == nil {
			t.Fatal("was accepted")
		}
		for _, p := range parts {
			if !strings.Contains(err.Error(), p) {
				t.Errorf("%q does not say %q", err, p)
			}
		}
	})
}

// Uniform returns a float64 tensor of numbers from [low, high), the same for
// the same arguments.
func Uniform(seed uint64, low, high float64, shape ...int) *tensor.Dense {
	r := rand.New(rand.NewPCG(seed, uint64(len(shape))))
	n := 1
	for _, d := range shape {
		n *= d
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = low + (high-low)*r.Float64()
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
}

// Ints returns an int tensor of numbers from [0, n).
func Ints(seed uint64, n int, shape ...int) *tensor.Dense {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	total := 1
	for _, d := range shape {
		total *= d
	}
	v := make([]int, total)
	for i := range v {
		v[i] = r.IntN(n)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
}

// Logits are numbers of both signs, none within 0.05 of zero, without ties: what
// is safe for functions with a kink at 0.
func Logits(seed uint64, shape ...int) *tensor.Dense {
	x := Uniform(seed, 0.05, 2, shape...)
	v := x.Data().([]float64)
	r := rand.New(rand.NewPCG(seed, 77))
	for i := range v {
		if r.IntN(2) == 0 {
			v[i] = -v[i]
		}
	}
	return x
}
