package graph_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"gorgonia.org/gorgonia"
)

// variants are ways to call one operation that differ in one argument each.
var variants = map[string][]func(b *builder, x *node) *node{
	"Scale":     {scaled(2), scaled(3), func(b *builder, x *node) *node { return b.Shift(x, 2) }, func(b *builder, x *node) *node { return b.Shift(x, 2.0000000000000004) }},
	"LeakyRelu": {func(b *builder, x *node) *node { return b.LeakyRelu(x, 0.1) }, func(b *builder, x *node) *node { return b.LeakyRelu(x, 0.2) }, func(b *builder, x *node) *node { return b.LeakyRelu(x, 0) }},
	"Elu":       {func(b *builder, x *node) *node { return b.Elu(x, 1) }, func(b *builder, x *node) *node { return b.Elu(x, 1.5) }},
	"Power":     {func(b *builder, x *node) *node { return b.Pow(x, 2) }, func(b *builder, x *node) *node { return b.Pow(x, 3) }},
	"functions": {
		(*builder).Neg, (*builder).Square, (*builder).Sqrt, (*builder).Reciprocal, (*builder).Exp, (*builder).Log, (*builder).Log1p, (*builder).Expm1,
		(*builder).Abs, (*builder).Sign, (*builder).Sin, (*builder).Cos, (*builder).Relu, (*builder).Selu, (*builder).Sigmoid, (*builder).Tanh,
		(*builder).Softplus, (*builder).Gelu, (*builder).GeluTanh, (*builder).Silu, (*builder).Mish, (*builder).Softsign, (*builder).HardSigmoid, (*builder).HardSwish, (*builder).Relu6,
		(*builder).StopGradient, (*builder).Softmax, (*builder).LogSoftmax,
	},
	"arithmetic": {
		both((*builder).Add), both((*builder).Sub), both((*builder).Mul), both((*builder).Div), both((*builder).Maximum), both((*builder).Minimum),
		both((*builder).PowOf), both((*builder).Equal), both((*builder).NotEqual), both((*builder).Greater),
		both((*builder).GreaterEqual), both((*builder).Less), both((*builder).LessEqual), both((*builder).And), both((*builder).Or),
	},
	"Not": {(*builder).Not},
	"Where": {
		func(b *builder, x *node) *node { return b.Where(b.Greater(x, b.Const(0)), x, b.Square(x)) },
		func(b *builder, x *node) *node { return b.Where(b.Greater(x, b.Const(0)), b.Square(x), x) },
	},
	"Cast": {
		func(b *builder, x *node) *node { return b.Cast(x, graph.Int) }, func(b *builder, x *node) *node { return b.Cast(b.Cast(x, graph.Int), graph.Float64) },
	},
	"TakeAlongAxis": {
		func(b *builder, x *node) *node { return b.TakeAlongAxis(x, b.InputInt("i", 4, 4), 0) },
		func(b *builder, x *node) *node { return b.TakeAlongAxis(x, b.InputInt("i", 4, 4), 1) },
	},
	"Reshape":   {func(b *builder, x *node) *node { return b.Reshape(x, 8, 2) }, func(b *builder, x *node) *node { return b.Reshape(x, 2, 8) }, func(b *builder, x *node) *node { return b.Reshape(x, 16) }},
	"Broadcast": {func(b *builder, x *node) *node { return b.Broadcast(x, 2, 4, 4) }, func(b *builder, x *node) *node { return b.Broadcast(x, 3, 4, 4) }},
	"Transpose": {func(b *builder, x *node) *node { return b.Transpose(b.Reshape(x, 4, 2, 2), 0, 2, 1) }, func(b *builder, x *node) *node { return b.Transpose(b.Reshape(x, 4, 2, 2), 1, 0, 2) }},
	"Slice": {
		func(b *builder, x *node) *node { return b.Slice(x, 0, 0, 1) }, func(b *builder, x *node) *node { return b.Slice(x, 1, 0, 1) },
		func(b *builder, x *node) *node { return b.Slice(x, 1, 1, 2) }, func(b *builder, x *node) *node { return b.Slice(x, 1, 1, 3) },
	},
	"Pad":    {func(b *builder, x *node) *node { return b.Pad(x, 0, 1, 0) }, func(b *builder, x *node) *node { return b.Pad(x, 0, 0, 1) }, func(b *builder, x *node) *node { return b.Pad(x, 1, 1, 0) }},
	"Concat": {func(b *builder, x *node) *node { return b.Concat(0, x, x) }, func(b *builder, x *node) *node { return b.Concat(1, x, x) }},
	"Gather": {func(b *builder, x *node) *node { return b.Gather(x, b.InputInt("i", 3)) }},
	"RowGradient": {func(b *builder, x *node) *node {
		w := b.Param("table", graph.Shape{5, 3}, graph.Weight{})
		g := b.Gradients(b.Sum(b.Square(b.Gather(w, b.InputInt("i", 4)))), w)
		rows, values := b.RowGradient(g[0])
		b.Expose("rows", rows)
		return values
	}, func(b *builder, x *node) *node {
		w := b.Param("table", graph.Shape{6, 3}, graph.Weight{})
		g := b.Gradients(b.Sum(b.Square(b.Gather(w, b.InputInt("i", 4)))), w)
		rows, _ := b.RowGradient(g[0])
		return rows
	}},
	"of ints": {
		func(b *builder, x *node) *node { return b.Reshape(b.InputInt("i", 4, 3), 3, 4) }, func(b *builder, x *node) *node { return b.Transpose(b.InputInt("i", 4, 3)) },
		func(b *builder, x *node) *node { return b.Slice(b.InputInt("i", 4, 3), 0, 0, 3) }, func(b *builder, x *node) *node { return b.Slice(b.InputInt("i", 4, 3), 0, 1, 4) },
		func(b *builder, x *node) *node { return b.Equal(b.InputInt("i", 4, 3), b.ConstInt(1)) },
	},
	"OneHot": {func(b *builder, x *node) *node { return b.OneHot(b.ArgMax(x), 4) }, func(b *builder, x *node) *node { return b.OneHot(b.ArgMax(x), 5) }},
	"reductions": {
		func(b *builder, x *node) *node { return b.Sum(x) }, func(b *builder, x *node) *node { return b.Sum(x, 0) }, func(b *builder, x *node) *node { return b.Sum(x, 1) },
		func(b *builder, x *node) *node { return b.Max(x, 1) }, func(b *builder, x *node) *node { return b.LogSumExp(x, 1) },
	},
	"MatMul": {matMul(false, false), matMul(true, false), matMul(false, true), matMul(true, true)},
	"Dense":  {dense(graph.Identity), dense(graph.Relu), dense(graph.LeakyRelu(0.1)), dense(graph.LeakyRelu(0.2))},
	"Conv2D": {
		conv(graph.Window{}, 1, graph.Identity), conv(graph.Window{}, 1, graph.Relu), conv(graph.Window{}, 2, graph.Identity), conv(graph.Window{Padding: graph.Pad(1)}, 1, graph.Identity),
		conv(graph.Window{Stride: [2]int{2, 1}}, 1, graph.Identity), conv(graph.Window{Stride: [2]int{1, 2}}, 1, graph.Identity), conv(graph.Window{Dilation: [2]int{2, 1}}, 1, graph.Identity),
		conv(graph.Window{Padding: graph.Padding{Top: 1}}, 1, graph.Identity), conv(graph.Window{Padding: graph.Padding{Left: 1}}, 1, graph.Identity),
	},
	"Conv2DTranspose": {
		transposed(graph.Window{Stride: [2]int{2, 2}}, [2]int{}), transposed(graph.Window{Stride: [2]int{2, 2}}, [2]int{1, 0}), transposed(graph.Window{Stride: [2]int{2, 2}}, [2]int{0, 1}),
	},
	"pooling": {
		pool((*builder).MaxPool2D, 2, graph.Window{}), pool((*builder).MaxPool2D, 2, graph.Window{Stride: [2]int{1, 1}}), pool((*builder).MaxPool2D, 3, graph.Window{Stride: [2]int{1, 1}}),
		pool((*builder).AveragePool2D, 2, graph.Window{}), pool((*builder).AveragePool2D, 2, graph.Window{Padding: graph.Pad(1)}),
		func(b *builder, x *node) *node {
			return b.MaxPool2D(b.Relu(images(b, x)), [2]int{2, 2}, graph.Window{})
		},
	},
	"regions": {
		func(b *builder, x *node) *node { return b.AdaptiveAveragePool2D(images(b, x), 1, 2) }, func(b *builder, x *node) *node { return b.AdaptiveAveragePool2D(images(b, x), 2, 1) },
		func(b *builder, x *node) *node { return b.AdaptiveMaxPool2D(images(b, x), 1, 2) },
	},
	"Upsample2D": {upsampled(2, 1, graph.Nearest), upsampled(1, 2, graph.Nearest), upsampled(1, 2, graph.Bilinear)},
	"norms": {
		func(b *builder, x *node) *node { y, _, _ := b.BatchNorm(x, nil, nil, 1e-3); return y }, func(b *builder, x *node) *node { y, _, _ := b.BatchNorm(x, nil, nil, 1e-4); return y },
		func(b *builder, x *node) *node { return b.LayerNorm(x, nil, nil, 1e-3) }, func(b *builder, x *node) *node { return b.LayerNorm(x, nil, nil, 1e-4) },
		func(b *builder, x *node) *node {
			return b.LayerNorm(x, b.Param("gamma", graph.Shape{4}, graph.Weight{}), b.Param("beta", graph.Shape{4}, graph.Weight{}), 1e-3)
		},
		func(b *builder, x *node) *node { return b.RMSNorm(x, nil, 1e-3) }, func(b *builder, x *node) *node { return b.RMSNorm(x, nil, 1e-4) },
		func(b *builder, x *node) *node {
			return b.RMSNorm(x, b.Param("gamma", graph.Shape{4}, graph.Weight{}), 1e-3)
		},
		func(b *builder, x *node) *node {
			return b.Normalize(x, b.Fill(0.5, 4), b.Mean(b.Square(x), 0), nil, nil, 1e-3)
		},
	},
	"recurrent": {
		recurrent(graph.TanhCell, false, ""), recurrent(graph.TanhCell, true, ""), recurrent(graph.ReluCell, false, ""), recurrent(graph.LSTMCell, false, ""),
		recurrent(graph.LSTMCell, false, "b"), recurrent(graph.LSTMCell, false, "h"), recurrent(graph.LSTMCell, false, "c"), recurrent(graph.LSTMCell, false, "l"),
		recurrent(graph.LSTMCell, false, "bhcl"), recurrent(graph.LSTMCell, true, "k"), recurrent(graph.GRUCell, false, ""), recurrent(graph.GRUCell, false, "bo"),
	},
	"attention": {
		attending(graph.Attention{Heads: 2}, ""), attending(graph.Attention{}, ""), attending(graph.Attention{Heads: 2, KVHeads: 1}, ""),
		attending(graph.Attention{Heads: 2, Scale: 1}, ""), attending(graph.Attention{Heads: 2, Causal: true}, ""), attending(graph.Attention{Heads: 2}, "b"),
		attending(graph.Attention{Heads: 2}, "m"), attending(graph.Attention{Heads: 2}, "l"), attending(graph.Attention{Heads: 2}, "bml"),
		attending(graph.Attention{Heads: 2, Dropout: 0.5}, ""), attending(graph.Attention{Heads: 2, Dropout: 0.4}, ""), attending(graph.Attention{Heads: 2, Dropout: 0.5}, "bml"),
		func(b *builder, x *node) *node {
			return attending(graph.Attention{Heads: 2, Dropout: 0.5}, "")(b.Scope("other"), x)
		},
	},
	"rotary": {
		turned(graph.Rotary{}), turned(graph.Rotary{Heads: 2}), turned(graph.Rotary{Base: 100}), turned(graph.Rotary{Dims: 2}), turned(graph.Rotary{Interleaved: true}), turned(graph.Rotary{Offset: 1}),
		func(b *builder, x *node) *node { return turned(graph.Rotary{Offsets: b.InputInt("offsets", 2)})(b, x) },
	},
	"ReverseSequence": {func(b *builder, x *node) *node { return b.ReverseSequence(x, nil) }, func(b *builder, x *node) *node { return b.ReverseSequence(x, b.InputInt("lengths", 4)) }},
	"noise": {
		func(b *builder, x *node) *node { return b.Dropout(x, 0.5) }, func(b *builder, x *node) *node { return b.Scope("other").Dropout(x, 0.5) }, func(b *builder, x *node) *node { return b.Dropout(x, 0.4) },
		func(b *builder, x *node) *node { return b.ScheduledDropout(x, 0.5) },
		func(b *builder, x *node) *node { return b.Mul(x, b.RandomUniform(4, 4)) }, func(b *builder, x *node) *node { return b.RandomNormal(4, 4) },
		func(b *builder, x *node) *node { return b.RandomNormal(2, 8) },
		func(b *builder, x *node) *node { return b.RandomBernoulli(0.5, 4, 4) }, func(b *builder, x *node) *node { return b.RandomBernoulli(0.25, 4, 4) },
	},
	"cross-entropies": {
		func(b *builder, x *node) *node { return b.SoftmaxCrossEntropy(x, b.InputInt("t", 4), 0) }, func(b *builder, x *node) *node { return b.SoftmaxCrossEntropy(x, b.InputInt("t", 4), 0.1) },
		func(b *builder, x *node) *node { return b.MaskedCrossEntropy(x, b.InputInt("t", 4), -1, 0.1) }, func(b *builder, x *node) *node { return b.MaskedCrossEntropy(x, b.InputInt("t", 4), 0, 0.1) },
		func(b *builder, x *node) *node { return b.SigmoidCrossEntropy(x, b.Fill(1, 4, 4), 1) }, func(b *builder, x *node) *node { return b.SigmoidCrossEntropy(x, b.Fill(1, 4, 4), 2) },
	},
	"State": {func(b *builder, x *node) *node { return b.Add(x, b.State("mean", graph.Shape{4}, graph.Constant{})) }},
}

func scaled(alpha float64) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node { return b.Scale(x, alpha) }
}

func both(f func(b *builder, x, y *node) *node) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node { return f(b, x, b.Param("y", graph.Shape{4, 4}, graph.Weight{})) }
}

func matMul(tx, ty bool) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node { return b.MatMulTransposed(x, x, tx, ty) }
}

func dense(act graph.Activation) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node {
		return b.Dense(x, b.Param("w", graph.Shape{4, 4}, graph.Weight{}), nil, act)
	}
}

func images(b *builder, x *node) *node { return b.Reshape(x, 1, 4, 4, 1) }

func conv(w graph.Window, groups int, act graph.Activation) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node {
		two := b.Concat(3, images(b, x), images(b, x))
		return b.Conv2D(two, b.Param("w", graph.Shape{2, 2, 2 / groups, 2}, graph.Weight{}), nil, w, groups, act)
	}
}

func transposed(w graph.Window, extra [2]int) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node {
		return b.Conv2DTranspose(images(b, x), b.Param("w", graph.Shape{2, 2, 3, 1}, graph.Weight{}), w, extra)
	}
}

func pool(f func(b *builder, x *node, size [2]int, w graph.Window) *node, size int, w graph.Window) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node { return f(b, images(b, x), [2]int{size, size}, w) }
}

func upsampled(rows, columns int, how graph.Interpolation) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node { return b.Upsample2D(images(b, x), [2]int{rows, columns}, how) }
}

// attending has the optional operands bias, mask and lengths that the letters name.
func attending(a graph.Attention, with string) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node {
		x = b.Reshape(x, 2, 2, 4)
		kv := x
		if a.KVHeads == 1 {
			kv = b.Slice(x, 2, 0, 2)
		}
		if strings.Contains(with, "b") {
			a.Bias = b.Param("bias", graph.Shape{1, 2, 2, 2}, graph.Weight{})
		}
		if strings.Contains(with, "m") {
			a.Mask = b.Greater(b.Input("m", 2, 2), b.Const(0))
		}
		if strings.Contains(with, "l") {
			a.Lengths = b.InputInt("lengths", 2)
		}
		return b.Attention(x, kv, kv, a)
	}
}

func turned(r graph.Rotary) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node { return b.Rotary(b.Reshape(x, 2, 2, 4), r) }
}

// recurrent has the optional operands bias, other bias, h0, c0 and lengths that the
// letters name.
func recurrent(cell graph.Cell, last bool, with string) func(b *builder, x *node) *node {
	return func(b *builder, x *node) *node {
		g := cell.Gates()
		param := func(name string, letter string, shape ...int) *node {
			if letter != "" && !strings.Contains(with, letter) {
				return nil
			}
			return b.Param(name, shape, graph.Weight{})
		}
		r := graph.Recurrence{
			Cell: cell, Last: last, W: param("w", "", 2, 2*g), U: param("u", "", 2, 2*g),
			Bias: param("bias", "b", 2*g), OtherBias: param("other", "o", 2), H0: param("h0", "h", 4, 2), C0: param("c0", "c", 4, 2),
		}
		r.Cells = strings.Contains(with, "k")
		if strings.Contains(with, "l") {
			r.Lengths = b.InputInt("lengths", 4)
		}
		return b.Recurrent(b.Reshape(x, 4, 2, 2), r)
	}
}

// walk builds a variant, with the gradient of the sum of its squares if that is asked
// for. It is nil where there is no gradient.
func walk(t *testing.T, mode graph.Mode, gradient bool, build func(b *builder, x *node) *node) []graph.Operation {
	t.Helper()
	b := graph.New(graph.NewParams(graph.Float64, 1), mode)
	x := b.Param("x", graph.Shape{4, 4}, graph.Weight{})
	outputs := []*node{build(b.Scope("layer"), b.Add(x, b.Input("input", 1)))}
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	if gradient {
		f := b.Sum(b.Square(outputs[0]))
		_, wrt := b.Trained(f)
		if outputs = b.Gradients(f, wrt...); b.Err() != nil || len(outputs) == 0 {
			return nil
		}
	}
	ops, err := b.Operations(outputs...)
	if err != nil {
		t.Fatal(err)
	}
	return ops
}

// anyCell gives the operations of all recurrent networks one name.
func anyCell(kind string) string {
	for _, cell := range []string{"TanhRNN", "ReluRNN", "LSTM", "GRU"} {
		if rest, ok := strings.CutPrefix(kind, cell); ok {
			return "RNN" + rest
		}
	}
	return kind
}

// documented reads the tables of docs/operations.md: the attributes of every kind.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([A-Za-z0-9_]+)`")
	names := func(cell string) (out []string) {
		for _, m := range name.FindAllStringSubmatch(cell, -1) {
			out = append(out, m[1])
		}
		return out
	}
	known := map[string][]string{}
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		var attributes []string
		for _, n := range names(cells[2]) {
			if n == strings.ToLower(n) || strings.HasPrefix(n, "trans") {
				attributes = append(attributes, n)
			}
		}
		switch {
		case strings.Contains(cells[1], "a function"):
			for kind := range maps.Clone(known) {
				if slices.Contains([]string{"", "alpha", "exponent"}, strings.Join(known[kind], " ")) {
					known[kind+"Grad"] = known[kind]
				}
			}
		case strings.Contains(cells[1], "a recurrent network"):
			for _, what := range names(cells[1]) {
				known["RNN"+what] = known["RNNStates"]
			}
		default:
			for _, kind := range names(cells[1]) {
				known[anyCell(kind)] = attributes
			}
		}
	}
	return known
}

// TestAttributes holds every operation to having its attributes as docs/operations.md
// lists them, and two calls that differ in one argument to differing in kind, operands
// or an attribute.
func TestAttributes(t *testing.T) {
	known := documented(t)
	seen := map[string]map[string]bool{}
	for name, builds := range variants {
		for _, mode := range []graph.Mode{graph.Infer, graph.Train} {
			t.Run(name+"/"+mode.String(), func(t *testing.T) {
				var before []string
				for i, build := range builds {
					ops := walk(t, mode, false, build)
					text := fmt.Sprint(ops[len(ops)-1], len(ops), ops[len(ops)-1].Operands)
					if k := slices.Index(before, text); k >= 0 {
						t.Errorf("calls %d and %d both gave %s", k, i, text)
					}
					before = append(before, text)
					checkWalk(t, ops, known, seen)
					checkWalk(t, walk(t, mode, true, build), known, seen)
				}
			})
		}
	}
	for kind, attributes := range known {
		if strings.HasSuffix(kind, "Grad") && seen[kind] == nil && len(attributes) == 0 {
			continue // the table says it of all functions, some have another gradient
		}
		for _, a := range append(attributes, "") {
			optional := a != "" && strings.HasPrefix(kind, "RNN") && strings.HasSuffix(kind, "Grad") // operands that not all cells have
			if !seen[kind][a] && !optional {
				t.Errorf("docs/operations.md: no call gave %s with %q", kind, a)
			}
		}
	}
}

// checkWalk checks what holds for every walk.
func checkWalk(t *testing.T, ops []graph.Operation, known map[string][]string, seen map[string]map[string]bool) {
	t.Helper()
	for i, o := range ops {
		kind := anyCell(o.Kind)
		if seen[kind] == nil {
			seen[kind] = map[string]bool{"": true}
		}
		if _, ok := known[kind]; !ok {
			t.Errorf("%v is not in docs/operations.md", o)
		}
		last := -1
		for _, a := range o.Attributes {
			seen[kind][a.Name] = true
			at := slices.Index(known[kind], a.Name)
			if at <= last {
				t.Errorf("%v: %s is not in docs/operations.md, or not in this order", o, a.Name)
			}
			last = at
			switch a.Value.(type) {
			case int, uint64, float64, bool, string, []int, graph.Activation:
			default:
				t.Errorf("%v: %s is a %T", o, a.Name, a.Value)
			}
		}
		for _, k := range o.Operands {
			if k < 0 || k >= i {
				t.Errorf("%d: %v has operand %d", i, o, k)
			}
		}
		if o.Node == nil || !slices.Equal(o.Shape, o.Node.Shape()) || o.Type != o.Node.Dtype() {
			t.Errorf("%v: %v%v does not fit the node %v", o, o.Type, o.Shape, o.Node)
		}
	}
}

func TestOperations(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	x, c := b.Input("x", 2, 3), b.InputInt("classes", 2)
	l := b.Scope("encoder").Scope("dense")
	z := l.Dense(x, l.Param("kernel", graph.Shape{3, 4}, graph.Weight{}), nil, graph.Tanh)
	mean := l.State("mean", graph.Shape{4}, graph.Constant{})
	l.Update("mean", b.Mean(z, 0))
	z = b.Dropout(b.Sub(z, mean), 0.5)
	z = b.Apply("cube", func(in ...*node) (*node, error) { return gorgonia.Cube(in[0]) }, z)
	z = b.Add(z, b.Scale(b.Fill(2, 4), 3))
	loss := b.Mean(b.SoftmaxCrossEntropy(z, c, 0.1))
	_, params := b.Trained(loss)
	grads := b.Gradients(loss, params...)
	ops, err := b.Operations(loss, grads[0])
	if err != nil {
		t.Fatal(err)
	}
	p, err := graph.Compile(b, loss, grads[0])
	if err != nil {
		t.Fatal(err)
	}
	find := func(ops []graph.Operation, kind string) graph.Operation {
		for _, o := range ops {
			if o.Kind == kind {
				return o
			}
		}
		t.Errorf("no %s among %v", kind, ops)
		return graph.Operation{}
	}
	for what, ops := range map[string][]graph.Operation{"builder": ops, "program": p.Operations()} {
		t.Run(what, func(t *testing.T) {
			for _, c := range []struct {
				kind, name, path string
				typ              graph.Dtype
			}{
				{graph.KindInput, "x", "", graph.Float32}, {graph.KindParameter, "encoder/dense/kernel", "encoder/dense", graph.Float32},
				{graph.KindState, "encoder/dense/mean", "encoder/dense", graph.Float32}, {graph.KindStep, "step", "", graph.Int},
				{"Dense", "", "encoder/dense", graph.Float32}, {"SoftmaxCrossEntropyGrad", "", "", graph.Float32},
			} {
				if o := find(ops, c.kind); o.Name != c.name || o.Path != c.path || o.Type != c.typ {
					t.Errorf("%s: name %q, path %q, type %v", c.kind, o.Name, o.Path, o.Type)
				}
			}
			d := find(ops, "Dense")
			if got := ops[d.Operands[1]]; got.Kind != graph.KindParameter || d.Attribute("activation") != graph.Tanh || d.Attribute("axis") != nil || d.FLOP != 2*2*3*4 {
				t.Errorf("%+v", d)
			}
			if d.Gradient || d.Random || !find(ops, "Dropout").Random || !find(ops, "SoftmaxCrossEntropyGrad").Gradient || find(ops, "SoftmaxCrossEntropy").Gradient {
				t.Error("what is random or of the gradient alone is marked wrongly")
			}
			foreign := 0
			for _, o := range ops {
				if o.Foreign && len(o.Operands) > 0 && !o.Gradient {
					foreign++
					if o.Path != "cube" {
						t.Errorf("%v: path %q", o, o.Path)
					}
				}
			}
			if foreign != 1 {
				t.Errorf("%d operations of Gorgonia's, want its cube", foreign)
			}
			d.Attributes[0].Value = 1
			if d.Shape[0] = 7; find(ops, "Dense").Node.Shape()[0] != 2 {
				t.Error("a change of a description changed the graph")
			}
		})
	}
	// The product of constants is computed when the graph is compiled.
	for _, o := range p.Operations() {
		if o.Kind == "Scale" && len(o.Operands) == 1 && p.Operations()[o.Operands[0]].Kind == graph.KindConstant {
			t.Errorf("%v of a constant is left", o)
		}
	}
	folded := find(p.Operations(), graph.KindConstant)
	for _, o := range p.Operations() {
		if o.Kind == graph.KindConstant && o.Name == "Scale" {
			folded = o
		}
	}
	if got, ok := folded.Value.Data().([]float32); !ok || !slices.Equal(got, []float32{6, 6, 6, 6}) {
		t.Errorf("the constant is %v", folded.Value)
	}
}

// A value that the function itself uses is not of the gradient alone, whoever asked
// for it first.
func TestGradientThatIsUsed(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	x := b.Input("x", 3)
	g := b.Gradients(b.Sum(b.Exp(b.Exp(x))), x)[0]
	gradient := func() (names []string) {
		ops, err := b.Operations(g)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range ops {
			if o.Gradient {
				names = append(names, o.Kind)
			}
		}
		return names
	}
	before := gradient()
	b.Broadcast(b.Reshape(b.Const(1), 1), 3) // the gradient of the sum
	if after := gradient(); len(before) < 3 || len(after) != len(before)-2 {
		t.Errorf("of the gradient alone: %v, then %v", before, after)
	}
}

func TestOperationsOfNothing(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	if ops, err := b.Operations(); err == nil || ops != nil {
		t.Errorf("%v, error %v", ops, err)
	}
	var p *graph.Program
	if ops := p.Operations(); ops != nil {
		t.Errorf("%v of no program", ops)
	}
	b.Fail("a mistake")
	if _, err := b.Operations(b.Const(1)); err == nil || err.Error() != "graph: a mistake" {
		t.Errorf("error %v", err)
	}
}
