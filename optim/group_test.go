package optim_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/regularize"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestGroupMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"bias", "0.Dense/bias", true},
		{"bias", "encoder/2.Dense/bias", true},
		{"bias", "0.Dense/bias/x", false},
		{"bias", "0.Dense/other_bias", false},
		{"*bias", "0.Dense/other_bias", true},
		{"encoder/**", "encoder/2.Dense/kernel", true},
		{"encoder/**", "net/encoder/kernel", true},
		{"/encoder/**", "net/encoder/kernel", false},
		{"/*.Dense/kernel", "3.Dense/kernel", true},
		{"**", "anything/at/all", true},
		{"a/**/d", "a/b/c/d", true},
		{"a/**/d", "a/d", true},
	} {
		if got := (optim.Group{Match: c.pattern}).Has(c.path); got != c.want {
			t.Errorf("%q on %q: %v, want %v", c.pattern, c.path, got, c.want)
		}
	}
}

// two makes two parameters of one value 1 each, and gradients 1.
func two(t *testing.T) ([]*graph.Param, []gorgonia.Value) {
	t.Helper()
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Train)
	for _, name := range []string{"kernel", "bias"} {
		b.Scope("0.Dense").Param(name, graph.Shape{1}, graph.Weight{Init: graph.Values{1}})
	}
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	one := func() gorgonia.Value { return tensor.New(tensor.WithShape(1), tensor.WithBacking([]float64{1})) }
	return params.All(), []gorgonia.Value{one(), one()}
}

// TestGroups: rates and weight decay of their own, for every rule, against the
// same rule run alone with those numbers.
func TestGroups(t *testing.T) {
	for name, rule := range map[string]func(rate, decay float64) optim.Optimizer{
		"sgd":      func(r, d float64) optim.Optimizer { return optim.SGD{LearningRate: r, WeightDecay: d} },
		"momentum": func(r, d float64) optim.Optimizer { return optim.SGD{LearningRate: r, WeightDecay: d, Momentum: 0.9} },
		"adam":     func(r, d float64) optim.Optimizer { return optim.Adam{LearningRate: r, WeightDecay: d} },
		"adamw": func(r, d float64) optim.Optimizer {
			if d == 0 {
				d = -1
			}
			return optim.AdamW{LearningRate: r, WeightDecay: d}
		},
		"nadam":   func(r, d float64) optim.Optimizer { return optim.NAdam{LearningRate: r, WeightDecay: d} },
		"rmsprop": func(r, d float64) optim.Optimizer { return optim.RMSprop{LearningRate: r, WeightDecay: d} },
		"adagrad": func(r, d float64) optim.Optimizer { return optim.Adagrad{LearningRate: r, WeightDecay: d} },
		"lion":    func(r, d float64) optim.Optimizer { return optim.Lion{LearningRate: r, WeightDecay: d} },
	} {
		t.Run(name, func(t *testing.T) {
			run := func(o optim.Optimizer, groups []optim.Group) (kernel, bias float64) {
				params, grads := two(t)
				r, err := optim.Start(o, optim.Clip{}, groups, params, grads)
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if err := r.Step(1, 1); err != nil {
						t.Fatal(err)
					}
				}
				return params[0].Values()[0], params[1].Values()[0]
			}
			kernel, bias := run(rule(0.01, 0.5), []optim.Group{{Match: "bias", Rate: 0.1, NoDecay: true}, {Match: "kernel", Decay: 0.5}})
			wantKernel, _ := run(rule(0.01, 0.25), nil)
			_, wantBias := run(rule(0.001, 0), nil)
			if math.Abs(kernel-wantKernel) > 1e-12 || math.Abs(bias-wantBias) > 1e-12 {
				t.Errorf("kernel %v, bias %v; want %v, %v", kernel, bias, wantKernel, wantBias)
			}
		})
	}
}

// TestDecayFactor: a step with decay 0 leaves weight decay out.
func TestDecayFactor(t *testing.T) {
	params, grads := two(t)
	r, err := optim.Start(optim.AdamW{LearningRate: 0.1, WeightDecay: 0.5}, optim.Clip{}, nil, params, grads)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Step(1, 0); err != nil {
		t.Fatal(err)
	}
	if w := params[0].Values()[0]; math.Abs(w-0.9) > 1e-6 {
		t.Errorf("%v, want 0.9: Adam's first step alone", w)
	}
}

func TestGroupsReject(t *testing.T) {
	for want, g := range map[string]optim.Group{
		"without a pattern":                           {},
		"syntax error":                                {Match: "["},
		"factors -1 of the rate":                      {Match: "bias", Rate: -1},
		"NaN of the decay":                            {Match: "bias", Decay: math.NaN()},
		`no trained parameter is in the group "bais"`: {Match: "bais"},
	} {
		params, grads := two(t)
		if _, err := optim.Start(optim.Adam{}, optim.Clip{}, []optim.Group{g}, params, grads); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestDenormalNumbers: what a decay takes below the least normal number becomes 0, in
// the parameters and in the optimizer's state, so that no product meets it; what is
// normal stays.
func TestDenormalNumbers(t *testing.T) {
	for _, dtype := range []graph.Dtype{graph.Float32, graph.Float64} {
		params := graph.NewParams(dtype, 1)
		b := graph.New(params, graph.Train)
		b.Param("kernel", graph.Shape{3}, graph.Weight{Init: graph.Values{1, 1e-30, 0.5}})
		if err := b.Err(); err != nil {
			t.Fatal(err)
		}
		least, grad := 0x1p-126, tensor.New(tensor.WithShape(3), tensor.WithBacking([]float32{1e-20, 0, 1}))
		if dtype == graph.Float64 {
			least, grad = 0x1p-1022, tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{1e-160, 0, 1}))
		}
		run, err := optim.Start(optim.AdamW{LearningRate: 0.5, WeightDecay: 0.9}, optim.Clip{}, nil, params.All(), []gorgonia.Value{grad})
		if err != nil {
			t.Fatal(err)
		}
		zeros := 0
		for step := 1; step <= 128*25; step++ { // weights fall by 0.45 a step
			if err := run.Step(1, 1); err != nil {
				t.Fatal(err)
			}
			if step%128 != 0 {
				continue
			}
			state, err := run.State()
			if err != nil {
				t.Fatal(err)
			}
			all := params.All()[0].Values()
			for _, s := range state["kernel"] {
				all = append(all, s...)
			}
			zeros = 0
			for _, v := range all {
				if v == 0 {
					zeros++
				} else if math.Abs(v) < least {
					t.Fatalf("%v, step %d: %v is left", dtype, step, v)
				}
			}
		}
		if w := params.All()[0].Values(); w[1] != 0 || w[2] == 0 || zeros == 0 {
			t.Errorf("%v: weights %v, %d zeros", dtype, w, zeros)
		}
	}
}

// TestNoDecay: of the layers there are, exactly the trained vectors are left out of the
// decay, and a step of AdamW with a gradient of 0 moves the others only.
func TestNoDecay(t *testing.T) {
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Train)
	x := b.Input("x", 2, 6, 4)
	for _, l := range []layers.Layer{
		layers.Conv1D{Filters: 4, Size: 3}, layers.BatchNorm{}, layers.LSTM{Units: 3, Sequence: true}, layers.GRU{Units: 3, Bidirectional: true}, layers.LayerNorm{}, layers.Dense{Units: 2},
	} {
		x = l.Build(b.Scope(layers.Name(l)), x)
	}
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	var grads []gorgonia.Value
	before := map[string][]float64{}
	for _, p := range params.Trained() {
		v := p.Floats64()
		for i := range v { // no zeros, which no decay moves
			v[i]++
		}
		before[p.Path] = p.Values()
		grads = append(grads, tensor.New(tensor.Of(graph.Float64), tensor.WithShape(p.Shape()...)))
	}
	run, err := optim.Start(optim.AdamW{WeightDecay: 0.1}, optim.Clip{}, optim.NoDecay(), params.Trained(), grads)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Step(1, 1); err != nil {
		t.Fatal(err)
	}
	vectors := 0
	for _, p := range params.Trained() {
		if len(p.Shape()) == 1 {
			vectors++
		}
		if moved := !slices.Equal(p.Values(), before[p.Path]); moved != (len(p.Shape()) > 1) {
			t.Errorf("%s of shape %v: moved %v", p.Path, p.Shape(), moved)
		}
	}
	if vectors != 11 {
		t.Errorf("%d vectors, want 11", vectors)
	}
}

// TestGroupConstraint: a group's constraint takes the place of the parameter's own after
// every step; the parameters of other groups keep theirs.
func TestGroupConstraint(t *testing.T) {
	twice := graph.ConstraintFunc(func(_ graph.Shape, w []float64) {
		for i := range w {
			w[i] *= 2
		}
	})
	for _, dt := range []graph.Dtype{graph.Float64, graph.Float32} {
		params := graph.NewParams(dt, 1)
		b := graph.New(params, graph.Train)
		var nodes []*graph.Node
		for _, name := range []string{"bounded", "free", "own"} {
			w := graph.Weight{Init: graph.Values{-1, 1}}
			if name != "free" {
				w.Constraint = twice
			}
			nodes = append(nodes, b.Param(name, graph.Shape{2}, w))
		}
		loss := b.Sum(b.Concat(0, nodes...))
		gradients := b.Gradients(loss, nodes...)
		p, err := graph.Compile(b, gradients...)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var grads []gorgonia.Value
		for _, g := range gradients {
			grads = append(grads, p.Value(g))
		}
		r, err := optim.Start(optim.SGD{LearningRate: 0.5}, optim.Clip{}, []optim.Group{{Match: "bounded", Constraint: regularize.NonNeg{}}}, params.Trained(), grads)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Step(1, 1); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]float64{"bounded": {0, 0.5}, "free": {-1.5, 0.5}, "own": {-3, 1}} {
			if got := params.Get(name).Values(); !slices.Equal(got, want) {
				t.Errorf("%v: %s is %v, want %v", dt, name, got, want)
			}
		}
	}
}
