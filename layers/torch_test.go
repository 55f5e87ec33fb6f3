package layers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

// array is a tensor of testdata/torch.json, which testdata/make.py made.
type array struct {
	Shape []int
	Data  []float64
}

func (a array) floats() *tensor.Dense {
	return tensor.New(tensor.WithShape(a.Shape...), tensor.WithBacking(append([]float64(nil), a.Data...)))
}

func (a array) ints() *tensor.Dense {
	v := make([]int, len(a.Data))
	for i, x := range a.Data {
		v[i] = int(x)
	}
	return tensor.New(tensor.WithShape(a.Shape...), tensor.WithBacking(v))
}

// reference holds a layer's values, and the gradients of Σ c·y², where c runs
// evenly from 0.1 to 1 over the elements of y.
type reference struct {
	X, Y          array
	Dx            *array
	Params, Grads []array

	Lengths         []int // of a recurrent network, as are its initial states
	States, DStates []array

	Momentum, Eps float64 // of batch normalisation, as is the rest
	Steps         []struct {
		Train               bool
		X, Y, Dx, Mean, Var array
	}
}

func references(t *testing.T, file string) map[string]reference {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var refs map[string]reference
	if err := json.Unmarshal(text, &refs); err != nil {
		t.Fatal(err)
	}
	return refs
}

// built is a layer in a program that gives y, the gradient with respect to x, and those by
// the parameters.
type built struct {
	prog *graph.Program
	y    *graph.Node
	dx   *graph.Node
	dp   []*graph.Node
}

func build(t *testing.T, p *graph.Params, mode graph.Mode, l layers.Layer, x *tensor.Dense) built {
	t.Helper()
	b := graph.New(p, mode)
	var in *graph.Node
	if x.Dtype() == graph.Int {
		in = b.InputInt("x", x.Shape()...)
	} else {
		in = b.Input("x", x.Shape()...)
	}
	r := built{y: l.Build(b, in)}
	c := b.Input("c", b.Shape(r.y)...)
	f := b.Sum(b.Mul(c, b.Square(r.y)))
	_, wrt := b.Trained(f)
	if x.Dtype() != graph.Int {
		wrt = append(wrt, in)
	}
	grads := b.Gradients(f, wrt...)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	r.dp = grads
	if x.Dtype() != graph.Int {
		r.dx, r.dp = grads[len(grads)-1], grads[:len(grads)-1]
	}
	var err error
	if r.prog, err = graph.Compile(b, append([]*graph.Node{r.y}, grads...)...); err != nil {
		t.Fatal(err)
	}
	size := r.y.Shape().TotalSize()
	weights := make([]float64, size)
	for i := range weights {
		weights[i] = 0.1 + 0.9*float64(i)/float64(size-1)
	}
	if err := r.prog.SetInput("c", tensor.New(tensor.WithShape(r.y.Shape()...), tensor.WithBacking(weights))); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r built) run(t *testing.T, x *tensor.Dense) {
	t.Helper()
	if err := r.prog.SetInput("x", x); err != nil {
		t.Fatal(err)
	}
	if err := r.prog.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func near(t *testing.T, what string, got *tensor.Dense, want array) {
	t.Helper()
	v := got.Data().([]float64)
	if len(v) != len(want.Data) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape(), want.Shape)
	}
	for i, w := range want.Data {
		if !(math.Abs(v[i]-w) <= 1e-9*math.Max(1, math.Abs(w))) {
			t.Errorf("%s: element %d is %.12g, want %.12g", what, i, v[i], w)
			return
		}
	}
}

// weights starts parameters at a reference's values, in their order.
func weights(list []array) []graph.Weight {
	w := make([]graph.Weight, max(len(list), 2))
	for i, a := range list {
		w[i].Init = graph.Values(a.Data)
	}
	return w
}

func TestAgainstTorch(t *testing.T) {
	refs := references(t, "torch.json")
	cases := map[string]func(w []graph.Weight) layers.Layer{
		"layernorm": func(w []graph.Weight) layers.Layer { return layers.LayerNorm{Scale: w[0], Shift: w[1]} },
		"layernorm axes": func(w []graph.Weight) layers.Layer {
			return layers.LayerNorm{Epsilon: 0.1, Scale: w[0], Shift: w[1]}
		},
		"embedding": func(w []graph.Weight) layers.Layer { return layers.Embedding{Size: 7, Dim: 3, Weight: w[0]} },
	}
	for name, act := range map[string]layers.Activation{
		"relu": layers.Relu, "elu": layers.Elu, "selu": layers.Selu, "sigmoid": layers.Sigmoid, "tanh": layers.Tanh,
		"softplus": layers.Softplus, "softsign": layers.Softsign, "gelu": layers.Gelu, "gelu tanh": layers.GeluTanh, "silu": layers.Silu,
		"mish": layers.Mish, "hard sigmoid": layers.HardSigmoid, "leaky relu": layers.LeakyRelu(0.2), "identity": layers.Identity,
		"axes": layers.Tanh,
	} {
		cases["dense "+name] = func(w []graph.Weight) layers.Layer {
			return layers.Dense{Units: 3, Activation: act, Kernel: w[0], Bias: w[1]}
		}
	}
	for name, make := range imageCases {
		cases[name] = make
	}
	for name := range refs {
		if cases[name] == nil && !strings.HasPrefix(name, "batchnorm") && !strings.HasPrefix(name, "recurrent") {
			t.Errorf("nothing is held to the reference %q", name)
		}
	}
	holdLayers(t, refs, cases)
}

// TestImagesAgainstTorch: layers of networks for images, held to testdata/images.py.
func TestImagesAgainstTorch(t *testing.T) {
	refs := references(t, "images.json")
	norm := func(n layers.GroupNorm) func(w []graph.Weight) layers.Layer {
		return func(w []graph.Weight) layers.Layer {
			n.Scale, n.Shift = w[0], w[1]
			return n
		}
	}
	dense := func(act layers.Activation) func(w []graph.Weight) layers.Layer {
		return func(w []graph.Weight) layers.Layer {
			return layers.Dense{Units: 3, Activation: act, Kernel: w[0], Bias: w[1]}
		}
	}
	// The two kernels of a squeeze are set by their shapes.
	squeeze := func(e layers.SqueezeExcite) func(w []graph.Weight) layers.Layer {
		return func(w []graph.Weight) layers.Layer {
			of := func(a, b graph.Weight) graph.Weight {
				return graph.Weight{Init: graph.InitializerFunc(func(s graph.Shape, r *rand.Rand) ([]float64, error) {
					if s[len(s)-1] == e.Units {
						return a.Init.Init(s, r)
					}
					return b.Init.Init(s, r)
				})}
			}
			e.Kernel, e.Bias = of(w[0], w[2]), of(w[1], w[3])
			return e
		}
	}
	cases := map[string]func(w []graph.Weight) layers.Layer{
		"dense hard swish": dense(layers.HardSwish), "dense relu6": dense(layers.Relu6),
		"group norm two": norm(layers.GroupNorm{Groups: 2}), "group norm one": norm(layers.GroupNorm{Groups: 1, Epsilon: 1e-3}),
		"group norm each": norm(layers.GroupNorm{}), "group norm rows": norm(layers.GroupNorm{Groups: 3}),
		"layer scale":   func(w []graph.Weight) layers.Layer { return layers.LayerScale{Scale: w[0]} },
		"squeeze plain": squeeze(layers.SqueezeExcite{Units: 3}),
		"squeeze silu":  squeeze(layers.SqueezeExcite{Units: 3, Activation: layers.Silu, Gate: layers.HardSigmoid}),
		"class token":   func(w []graph.Weight) layers.Layer { return layers.ClassToken{Weight: w[0]} },
		"pad features":  func([]graph.Weight) layers.Layer { return layers.PadFeatures{Before: 1, After: 2} },
	}
	if len(refs) != len(cases) {
		t.Errorf("%d references for %d cases", len(refs), len(cases))
	}
	holdLayers(t, refs, cases)
}

// holdLayers holds layers to references: values, and gradients.
func holdLayers(t *testing.T, refs map[string]reference, cases map[string]func(w []graph.Weight) layers.Layer) {
	t.Helper()
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			ref, ok := refs[name]
			if !ok {
				t.Fatal("there is no reference")
			}
			x := ref.X.ints()
			if ref.Dx != nil {
				x = ref.X.floats()
			}
			r := build(t, graph.NewParams(graph.Float64, 1), graph.Train, make(weights(ref.Params)), x)
			r.run(t, x)
			near(t, "y", r.prog.Tensor(r.y), ref.Y)
			if ref.Dx != nil {
				near(t, "gradient with respect to x", r.prog.Tensor(r.dx), *ref.Dx)
			}
			if len(r.dp) != len(ref.Grads) {
				t.Fatalf("%d gradients with respect to parameters, want %d", len(r.dp), len(ref.Grads))
			}
			for i, g := range ref.Grads {
				near(t, fmt.Sprint("gradient by parameter ", i), r.prog.Tensor(r.dp[i]), g)
			}
		})
	}
}

// Training batches move the running statistics, which inference then uses.
func TestBatchNormAgainstTorch(t *testing.T) {
	refs := references(t, "torch.json")
	for _, name := range []string{"batchnorm", "batchnorm axes", "batchnorm plain"} {
		t.Run(name, func(t *testing.T) {
			ref := refs[name]
			w := weights(ref.Params)
			l := layers.BatchNorm{Momentum: ref.Momentum, Epsilon: ref.Eps, Scale: w[0], Shift: w[1], NoAffine: len(ref.Params) == 0}
			p := graph.NewParams(graph.Float64, 1)
			train := build(t, p, graph.Train, l, ref.Steps[0].X.floats())
			infer := build(t, p, graph.Infer, l, ref.Steps[0].X.floats())
			for i, step := range ref.Steps {
				r := infer
				if step.Train {
					r = train
				}
				r.run(t, step.X.floats())
				at := fmt.Sprintf("step %d: ", i)
				near(t, at+"y", r.prog.Tensor(r.y), step.Y)
				near(t, at+"gradient with respect to x", r.prog.Tensor(r.dx), step.Dx)
				near(t, at+"running mean", p.Get("running_mean").Tensor(), step.Mean)
				near(t, at+"running variance", p.Get("running_variance").Tensor(), step.Var)
			}
		})
	}
}
