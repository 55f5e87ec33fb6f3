package graph_test

import (
	"math"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"gorgonia.org/tensor"
)

type (
	builder = graph.Builder
	node    = graph.Node
)

// logits returns Inputs of the given shapes after the batch.
func logits(shapes ...[]int) func(int) []*tensor.Dense {
	return func(batch int) []*tensor.Dense {
		var in []*tensor.Dense
		for i, s := range shapes {
			in = append(in, graphtest.Logits(uint64(i+1), append([]int{batch}, s...)...))
		}
		return in
	}
}

func positive(shapes ...[]int) func(int) []*tensor.Dense {
	return func(batch int) []*tensor.Dense {
		var in []*tensor.Dense
		for i, s := range shapes {
			in = append(in, graphtest.Uniform(uint64(i+1), 0.5, 2, append([]int{batch}, s...)...))
		}
		return in
	}
}

func shape(rest ...int) func(int) graph.Shape {
	return func(batch int) graph.Shape { return append(graph.Shape{batch}, rest...) }
}

func fixed(s ...int) func(int) graph.Shape {
	return func(int) graph.Shape { return append(graph.Shape{}, s...) }
}

func TestElementwise(t *testing.T) {
	one := []int{5}
	unary := func(name string, f func(b *builder, x *node) *node, in func(int) []*tensor.Dense) graphtest.Case {
		return graphtest.Case{Name: name, Inputs: in, Shape: shape(one...), Build: func(b *builder, in []*node) *node { return f(b, in[0]) }}
	}
	graphtest.Run(t,
		unary("Neg", (*builder).Neg, logits(one)),
		unary("Square", (*builder).Square, logits(one)),
		unary("Sqrt", (*builder).Sqrt, positive(one)),
		unary("Reciprocal", (*builder).Reciprocal, positive(one)),
		unary("Exp", (*builder).Exp, logits(one)),
		unary("Log", (*builder).Log, positive(one)),
		unary("Log1p", (*builder).Log1p, positive(one)),
		unary("Expm1", (*builder).Expm1, logits(one)),
		unary("Abs", (*builder).Abs, logits(one)),
		unary("Sin", (*builder).Sin, logits(one)),
		unary("Cos", (*builder).Cos, logits(one)),
		unary("Relu", (*builder).Relu, logits(one)),
		unary("LeakyRelu", func(b *builder, x *node) *node { return b.LeakyRelu(x, 0.1) }, logits(one)),
		unary("Elu", func(b *builder, x *node) *node { return b.Elu(x, 1.3) }, logits(one)),
		unary("Selu", (*builder).Selu, logits(one)),
		unary("Sigmoid", (*builder).Sigmoid, logits(one)),
		unary("Tanh", (*builder).Tanh, logits(one)),
		unary("Softplus", (*builder).Softplus, logits(one)),
		unary("Gelu", (*builder).Gelu, logits(one)),
		unary("GeluTanh", (*builder).GeluTanh, logits(one)),
		unary("Silu", (*builder).Silu, logits(one)),
		unary("Mish", (*builder).Mish, logits(one)),
		unary("Softsign", (*builder).Softsign, logits(one)),
		unary("HardSigmoid", (*builder).HardSigmoid, logits(one)),
		unary("HardSwish", (*builder).HardSwish, logits(one)),
		unary("Relu6", (*builder).Relu6, logits(one)),
		unary("Pow", func(b *builder, x *node) *node { return b.Pow(x, 2.5) }, positive(one)),
		unary("Clip", func(b *builder, x *node) *node { return b.Clip(x, -1, 0.7) }, logits(one)),
		unary("Scale", func(b *builder, x *node) *node { return b.Scale(x, -3) }, logits(one)),
		unary("Shift", func(b *builder, x *node) *node { return b.Shift(x, 0.3) }, logits(one)),
		unary("ScheduledDropout", func(b *builder, x *node) *node { return b.ScheduledDropout(x, 0.4) }, logits(one)),
		unary("Dropout", func(b *builder, x *node) *node { return b.Dropout(x, 0.4) }, logits(one)),
		unary("Softmax", (*builder).Softmax, logits(one)),
		unary("LogSoftmax", (*builder).LogSoftmax, logits(one)),
	)
}

func TestBroadcasting(t *testing.T) {
	type fn = func(b *builder, x, y *node) *node
	ops := map[string]fn{
		"Add": (*builder).Add, "Sub": (*builder).Sub, "Mul": (*builder).Mul, "Div": (*builder).Div,
		"Maximum": (*builder).Maximum, "Minimum": (*builder).Minimum, "PowOf": (*builder).PowOf,
	}
	shapes := map[string][2][]int{
		"same": {{2, 3}, {2, 3}}, "row": {{2, 3}, {1, 3}}, "column": {{2, 3}, {2, 1}}, "both": {{2, 1}, {1, 3}}, "one": {{1, 1}, {2, 3}},
	}
	for name, f := range ops {
		for kind, s := range shapes {
			graphtest.Run(t, graphtest.Case{
				Name: name + "/" + kind, Inputs: positive(s[0], s[1]), Shape: shape(2, 3),
				Build: func(b *builder, in []*node) *node { return f(b, in[0], in[1]) },
			})
		}
	}
	graphtest.Run(t,
		graphtest.Case{
			Name: "lower rank", Shape: shape(4, 2),
			Inputs: func(n int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, n, 4, 2), graphtest.Logits(2, 2), graphtest.Logits(3, 4, 1)}
			},
			Build: func(b *builder, in []*node) *node { return b.Mul(b.Add(in[0], in[1]), in[2]) },
		},
		graphtest.Case{
			Name: "Broadcast", Shape: fixed(6, 4, 5),
			Inputs: func(int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, 4, 1)} },
			Build:  func(b *builder, in []*node) *node { return b.Broadcast(in[0], 6, 4, 5) },
		},
		graphtest.Case{
			Name: "scalar", Shape: shape(3), Inputs: logits([]int{3}),
			Build: func(b *builder, in []*node) *node { return b.Mul(in[0], b.Mean(in[0])) },
		},
		graphtest.Case{
			Name: "Equal and Greater", Shape: shape(3), Inputs: logits([]int{3}, []int{3}), NoGradient: true,
			Build: func(b *builder, in []*node) *node { return b.Add(b.Equal(in[0], in[0]), b.Greater(in[0], in[1])) },
		},
	)
}

func TestReductions(t *testing.T) {
	type fn = func(b *builder, x *node, axes ...int) *node
	ops := map[string]fn{
		"Sum": (*builder).Sum, "Mean": (*builder).Mean, "Max": (*builder).Max, "Min": (*builder).Min, "LogSumExp": (*builder).LogSumExp,
	}
	axes := []struct {
		name  string
		axes  []int
		shape func(int) graph.Shape
	}{
		{"all", nil, fixed()}, {"batch", []int{0}, fixed(4, 5)}, {"last", []int{-1}, shape(4)}, {"middle", []int{1}, shape(5)},
		{"first and last", []int{0, 2}, fixed(4)}, {"inner", []int{1, 2}, shape()},
	}
	for name, f := range ops {
		for _, a := range axes {
			graphtest.Run(t, graphtest.Case{
				Name: name + "/" + a.name, Inputs: logits([]int{4, 5}), Shape: a.shape,
				Build: func(b *builder, in []*node) *node { return f(b, in[0], a.axes...) },
			})
		}
	}
	graphtest.Run(t, graphtest.Case{
		Name: "KeepDims", Inputs: logits([]int{4, 5}), Shape: shape(4, 5),
		Build: func(b *builder, in []*node) *node {
			return b.Sub(in[0], b.KeepDims(b.Mean(in[0], 1), in[0], 1))
		},
	}, graphtest.Case{
		Name: "ArgMax", Inputs: logits([]int{4, 5}), Shape: shape(4), NoGradient: true,
		Build: func(b *builder, in []*node) *node { return b.ArgMax(in[0]) },
	})
}

func TestLinearAlgebra(t *testing.T) {
	for _, c := range []struct {
		name   string
		x, y   []int
		tx, ty bool
	}{
		{"NN", []int{3, 4}, []int{4, 5}, false, false}, {"TN", []int{4, 3}, []int{4, 5}, true, false},
		{"NT", []int{3, 4}, []int{5, 4}, false, true}, {"TT", []int{4, 3}, []int{5, 4}, true, true},
	} {
		graphtest.Run(t, graphtest.Case{
			Name: "MatMulTransposed/" + c.name, Shape: fixed(3, 5),
			Inputs: func(int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, c.x...), graphtest.Logits(2, c.y...)}
			},
			Build: func(b *builder, in []*node) *node { return b.MatMulTransposed(in[0], in[1], c.tx, c.ty) },
		}, graphtest.Case{
			Name: "BatchMatMul/" + c.name, Inputs: logits(c.x, c.y), Shape: shape(3, 5),
			Build: func(b *builder, in []*node) *node { return b.BatchMatMul(in[0], in[1], c.tx, c.ty) },
		})
	}
	for _, act := range []graph.Activation{graph.Identity, graph.Relu, graph.Tanh, graph.Sigmoid, graph.Softplus, graph.Elu, graph.Selu, graph.Gelu, graph.Mish, graph.LeakyRelu(0.2)} {
		graphtest.Run(t, graphtest.Case{
			Name: "Dense/" + act.String(), Shape: shape(3), Params: 4*3 + 3, Inputs: logits([]int{4}),
			Build: func(b *builder, in []*node) *node {
				w := b.Param("kernel", graph.Shape{4, 3}, graph.Weight{})
				return b.Dense(in[0], w, b.Param("bias", graph.Shape{3}, graph.Weight{Init: graph.Uniform{Low: -1, High: 1}}), act)
			},
		})
	}
}

func TestStructure(t *testing.T) {
	graphtest.Run(t,
		graphtest.Case{
			Name: "Reshape", Inputs: logits([]int{4, 6}), Shape: shape(3, 8),
			Build: func(b *builder, in []*node) *node { return b.Reshape(in[0], b.Dim(in[0], 0), -1, 8) },
		},
		graphtest.Case{
			Name: "Reshape of a value that is used elsewhere", Inputs: logits([]int{4, 6}), Shape: shape(24),
			Build: func(b *builder, in []*node) *node {
				x := b.Tanh(in[0])
				return b.Mul(b.Flatten(x), b.Flatten(b.Square(x)))
			},
		},
		graphtest.Case{
			Name: "Transpose", Inputs: logits([]int{4, 6}), Shape: func(n int) graph.Shape { return graph.Shape{6, n, 4} },
			Build: func(b *builder, in []*node) *node { return b.Transpose(in[0], 2, 0, 1) },
		},
		graphtest.Case{
			Name: "Slice", Inputs: logits([]int{4, 6}), Shape: shape(2, 6),
			Build: func(b *builder, in []*node) *node { return b.Slice(in[0], 1, 1, 3) },
		},
		graphtest.Case{
			Name: "Pad", Inputs: logits([]int{4, 6}), Shape: shape(7, 6),
			Build: func(b *builder, in []*node) *node { return b.Pad(in[0], 1, 1, 2) },
		},
		graphtest.Case{
			Name: "Concat", Inputs: logits([]int{4, 2}, []int{1, 2}, []int{3, 2}), Shape: shape(8, 2),
			Build: func(b *builder, in []*node) *node { return b.Concat(1, in...) },
		},
		graphtest.Case{
			Name: "Gather", Shape: shape(2, 3),
			Inputs: func(n int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, 5, 3), graphtest.Ints(2, 5, n, 2)}
			},
			Build: func(b *builder, in []*node) *node { return b.Gather(in[0], in[1]) },
		},
		graphtest.Case{
			Name: "RowGradient", NoGradient: true,
			Shape: func(n int) graph.Shape { return graph.Shape{2 * n, 3} },
			Inputs: func(n int) []*tensor.Dense {
				return []*tensor.Dense{graphtest.Logits(1, 5, 3), graphtest.Ints(2, 5, n, 2)}
			},
			Build: func(b *builder, in []*node) *node {
				_, values := b.RowGradient(b.Gradients(b.Sum(b.Exp(b.Gather(in[0], in[1]))), in[0])[0])
				return values
			},
		},
		graphtest.Case{
			Name: "OneHot", Shape: shape(7), NoGradient: true,
			Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Ints(2, 7, n)} },
			Build:  func(b *builder, in []*node) *node { return b.OneHot(in[0], 7) },
		},
		graphtest.Case{
			Name: "StopGradient", Shape: shape(3), Inputs: logits([]int{3}), NoGradient: true,
			Build: func(b *builder, in []*node) *node { return b.StopGradient(in[0]) },
		},
	)
}

func TestCrossEntropies(t *testing.T) {
	byClass := func(n int) []*tensor.Dense {
		return []*tensor.Dense{graphtest.Logits(1, n, 4), graphtest.Ints(2, 4, n)}
	}
	for _, eps := range []float64{0, 0.1} {
		graphtest.Run(t,
			graphtest.Case{
				Name: "SoftmaxCrossEntropy/class", Inputs: byClass, Shape: shape(),
				Build: func(b *builder, in []*node) *node { return b.SoftmaxCrossEntropy(in[0], in[1], eps) },
			},
			graphtest.Case{
				Name: "MaskedCrossEntropy", Shape: shape(5),
				Inputs: func(n int) []*tensor.Dense {
					return []*tensor.Dense{graphtest.Logits(1, n, 5, 4), graphtest.Ints(2, 4, n, 5)}
				},
				Build: func(b *builder, in []*node) *node { return b.MaskedCrossEntropy(in[0], in[1], 2, eps) },
			},
			graphtest.Case{
				Name: "SoftmaxCrossEntropy/probabilities", Shape: shape(),
				Inputs: func(n int) []*tensor.Dense { return logits([]int{4})(n) },
				Build: func(b *builder, in []*node) *node {
					q := b.Softmax(b.Tensor("q", graphtest.Logits(9, b.Dim(in[0], 0), 4)))
					return b.SoftmaxCrossEntropy(in[0], q, eps)
				},
			},
		)
	}
	for _, positive := range []float64{1, 2.5} {
		graphtest.Run(t, graphtest.Case{
			Name: "SigmoidCrossEntropy", Inputs: logits([]int{4}), Shape: shape(4),
			Build: func(b *builder, in []*node) *node {
				t := b.Tensor("t", graphtest.Uniform(9, 0, 1, b.Shape(in[0])...))
				return b.SigmoidCrossEntropy(in[0], t, positive)
			},
		})
	}
}

func TestNormalizations(t *testing.T) {
	for name, dims := range map[string][]int{"matrix": {5}, "images": {3, 2, 19}} {
		n := dims[len(dims)-1]
		in := func(affine bool, more int) func(int) []*tensor.Dense {
			return func(batch int) []*tensor.Dense {
				list := logits(dims)(batch + 1)
				for i := range more {
					list = append(list, graphtest.Uniform(uint64(20+i), 0.5, 2, n))
				}
				if affine {
					list = append(list, graphtest.Logits(7, n), graphtest.Logits(8, n))
				}
				return list
			}
		}
		same := func(batch int) graph.Shape { return shape(dims...)(batch + 1) }
		for _, affine := range []bool{false, true} {
			last := func(in []*node) (gamma, beta *node) {
				if affine {
					return in[len(in)-2], in[len(in)-1]
				}
				return nil, nil
			}
			title := name
			if affine {
				title += " with scale and shift"
			}
			graphtest.Run(t,
				graphtest.Case{Name: "BatchNorm/" + title, Inputs: in(affine, 0), Shape: same, Build: func(b *builder, in []*node) *node {
					gamma, beta := last(in)
					y, _, _ := b.BatchNorm(in[0], gamma, beta, 0.01)
					return y
				}},
				graphtest.Case{Name: "Normalize/" + title, Inputs: in(affine, 2), Shape: same, Build: func(b *builder, in []*node) *node {
					gamma, beta := last(in)
					return b.Normalize(in[0], in[1], in[2], gamma, beta, 0.01)
				}},
				graphtest.Case{Name: "LayerNorm/" + title, Inputs: in(affine, 0), Shape: same, Build: func(b *builder, in []*node) *node {
					gamma, beta := last(in)
					return b.LayerNorm(in[0], gamma, beta, 0.01)
				}},
				graphtest.Case{Name: "GroupNorm/" + title, Inputs: in(affine, 0), Shape: same, Build: func(b *builder, in []*node) *node {
					gamma, beta := last(in)
					y := b.GroupNorm(in[0], gamma, beta, b.Dim(in[0], -1), 0.01)
					if n := b.Dim(in[0], -1); n%2 == 0 {
						y = b.Add(y, b.GroupNorm(in[0], gamma, beta, n/2, 0.01))
					}
					return b.Add(y, b.GroupNorm(in[0], gamma, beta, 1, 0.01))
				}},
				graphtest.Case{Name: "RMSNorm/" + title, Inputs: in(affine, 0), Shape: same, Build: func(b *builder, in []*node) *node {
					gamma, beta := last(in)
					y := b.RMSNorm(in[0], gamma, 0.01)
					if beta != nil { // which it has not
						y = b.Add(y, beta)
					}
					return y
				}},
			)
		}
		graphtest.Run(t,
			graphtest.Case{Name: "Moments/" + name, Inputs: in(false, 0), Shape: fixed(n), Build: func(b *builder, in []*node) *node {
				mean, variance := b.Moments(in[0])
				return b.Add(mean, variance)
			}},
			// Moments that are used besides have their own gradient.
			graphtest.Case{Name: "BatchNorm and moments/" + name, Inputs: in(false, 0), Shape: same, Build: func(b *builder, in []*node) *node {
				y, mean, variance := b.BatchNorm(in[0], nil, nil, 0.1)
				return b.Add(b.Mul(y, variance), mean)
			}},
		)
	}
}

// The normalisations are those that arithmetic makes.
func TestNormalizationsByArithmetic(t *testing.T) {
	for _, size := range [][]int{{700, 33}, {90, 16}, {41, 7, 64}, {3, 300}} {
		b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
		x := b.Shift(b.Scale(b.Tensor("x", graphtest.Logits(1, size...)), 3), 20)
		n := size[len(size)-1]
		gamma, beta := b.Tensor("gamma", graphtest.Logits(2, n)), b.Tensor("beta", graphtest.Logits(3, n))
		y, mean, variance := b.BatchNorm(x, gamma, beta, 1e-3)
		rows := b.Reshape(x, -1, n)
		mu := b.Mean(rows, 0)
		v := b.Mean(b.Square(b.Sub(rows, mu)), 0)
		by := func(d, v *node) *node { return b.Add(b.Mul(b.Mul(d, b.Pow(b.Shift(v, 1e-3), -0.5)), gamma), beta) }
		d := b.Sub(x, b.KeepDims(b.Mean(x, -1), x, -1))
		pairs := [][2]*node{
			{mean, mu}, {variance, v}, {y, by(b.Sub(x, mu), v)}, {b.Normalize(x, mu, v, gamma, beta, 1e-3), y},
			{b.LayerNorm(x, gamma, beta, 1e-3), by(d, b.KeepDims(b.Mean(b.Square(d), -1), x, -1))},
			{b.Add(b.RMSNorm(x, gamma, 1e-3), beta), by(x, b.KeepDims(b.Mean(b.Square(x), -1), x, -1))},
		}
		var all []*node
		for _, p := range pairs {
			all = append(all, p[0], p[1])
		}
		p, err := graph.Compile(b, all...)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(bg); err != nil {
			t.Fatal(err)
		}
		for i, pair := range pairs {
			got, want := p.Floats32(pair[0]), p.Floats32(pair[1])
			for k, w := range want {
				if e := math.Abs(float64(got[k] - w)); e > 2e-4*math.Max(1, math.Abs(float64(w))) {
					t.Errorf("%v, pair %d: element %d is %v, want %v", size, i, k, got[k], w)
					break
				}
			}
		}
	}
}
