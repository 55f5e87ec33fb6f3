package optim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/optim"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// lookups is testdata/sparse.json, made by testdata/sparse.py.
type lookups struct {
	Shape      graph.Shape
	W0         []float64
	Index      [][]int
	Target     [][]float64
	Optimizers map[string][][]float64
}

// lookup is the problem of sparse.py with its program.
type lookup struct {
	lookups
	params  []*graph.Param
	program *graph.Program
	grads   []gorgonia.Value
	rows    []gorgonia.Value // nil: dense
}

func newLookup(t testing.TB, l lookups, dt graph.Dtype, constraint graph.Constraint, sparse bool) *lookup {
	t.Helper()
	store := graph.NewParams(dt, 1)
	b := graph.New(store, graph.Train)
	w := b.Param("w", l.Shape, graph.Weight{Init: graph.Values(l.W0), Constraint: constraint})
	n := len(l.Index[0])
	d := b.Sub(b.Gather(w, b.InputInt("index", n)), b.Input("target", n, l.Shape[1]))
	g := b.Gradients(b.Scale(b.Sum(b.Square(d)), 0.5), w)[0]
	nodes := []*graph.Node{g}
	if sparse {
		rows, values := b.RowGradient(g)
		nodes = []*graph.Node{values, rows}
	}
	p, err := graph.Compile(b, nodes...)
	if err != nil {
		t.Fatal(err)
	}
	out := &lookup{lookups: l, params: store.All(), program: p, grads: []gorgonia.Value{p.Value(nodes[0])}}
	if sparse {
		out.rows = []gorgonia.Value{p.Value(nodes[1])}
	}
	return out
}

func (l *lookup) start(t testing.TB, o optim.Optimizer, clip optim.Clip) *optim.Run {
	t.Helper()
	r, err := optim.StartRows(o, clip, nil, l.params, l.grads, l.rows)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// step does step i, from 0.
func (l *lookup) step(t testing.TB, r *optim.Run, i int) {
	t.Helper()
	n := len(l.Index[i])
	for name, v := range map[string]*tensor.Dense{
		"index":  tensor.New(tensor.WithShape(n), tensor.WithBacking(l.Index[i])),
		"target": tensor.New(tensor.WithShape(n, l.Shape[1]), tensor.WithBacking(l.Target[i])),
	} {
		if err := l.program.SetInput(name, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.program.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := r.Step(1, 1); err != nil {
		t.Fatal(err)
	}
}

func loadLookups(t testing.TB) lookups {
	t.Helper()
	raw, err := os.ReadFile("testdata/sparse.json")
	if err != nil {
		t.Fatal(err)
	}
	var l lookups
	if err := json.Unmarshal(raw, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestRowsArePyTorchs: the steps of optimizers that move rows are those of PyTorch's
// with sparse gradients.
func TestRowsArePyTorchs(t *testing.T) {
	l := loadLookups(t)
	clip := optim.Clip{Norm: 1.5}
	cases := map[string]setting{
		"SparseAdam":           {optimizer: optim.Adam{LearningRate: 0.05}},
		"SparseAdam betas":     {optimizer: optim.AdamW{LearningRate: 0.02, Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-3, WeightDecay: -1}},
		"SparseAdam clip norm": {optim.Adam{LearningRate: 0.05, Epsilon: 1e-2}, clip},
		"SGD":                  {optimizer: optim.SGD{LearningRate: 0.1}},
		"SGD clip norm":        {optim.SGD{LearningRate: 0.1}, clip},
		"Adagrad":              {optimizer: optim.Adagrad{LearningRate: 0.3}},
	}
	if len(cases) != len(l.Optimizers) {
		t.Errorf("%d cases for %d settings", len(l.Optimizers), len(cases))
	}
	for name, s := range cases {
		for dt, tolerance := range map[graph.Dtype]float64{graph.Float64: 1e-12, graph.Float32: 1e-4} {
			p := newLookup(t, l, dt, nil, true)
			run := p.start(t, s.optimizer, s.clip)
			for i, want := range l.Optimizers[name] {
				p.step(t, run, i)
				for k, v := range p.params[0].Values() {
					if !(math.Abs(v-want[k]) <= tolerance*math.Max(1, math.Abs(want[k]))) {
						t.Fatalf("%s, %v, step %d: weight %d is %.12g, PyTorch has %.12g", name, dt, i+1, k, v, want[k])
					}
				}
			}
		}
	}
}

// words is a larger problem: row lengths that fill registers or do not, many rows of
// which workers share the moving.
func words(rows, width, positions int) lookups {
	l := lookups{Shape: graph.Shape{rows, width}}
	for i := range rows * width {
		l.W0 = append(l.W0, math.Sin(float64(i)))
	}
	for s := range 5 {
		var index []int
		var target []float64
		for i := range positions {
			index = append(index, (i*i*7+i*s*13+s)%rows)
		}
		for i := range positions * width {
			target = append(target, math.Cos(float64(i+s)))
		}
		l.Index, l.Target = append(l.Index, index), append(l.Target, target)
	}
	return l
}

// TestRowsAreDense: where a rule's other rows would not move anyway, rows have the
// bits of the dense gradient.
func TestRowsAreDense(t *testing.T) {
	keep := graph.ConstraintFunc(func(_ graph.Shape, w []float64) {
		for i, v := range w {
			w[i] = min(max(v, -0.7), 0.7)
		}
	})
	for name, o := range map[string]optim.Optimizer{"SGD": optim.SGD{LearningRate: 0.1}, "Adagrad": optim.Adagrad{LearningRate: 0.1}} {
		for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
			for _, l := range []lookups{words(64, 1, 40), words(48, 5, 30), words(32, 16, 100), words(160, 37, 90), words(3000, 64, 2000)} {
				for _, c := range []graph.Constraint{nil, keep} {
					dense, sparse := newLookup(t, l, dt, c, false), newLookup(t, l, dt, c, true)
					a, b := dense.start(t, o, optim.Clip{Value: 0.9}), sparse.start(t, o, optim.Clip{Value: 0.9})
					for i := range l.Index {
						dense.step(t, a, i)
						sparse.step(t, b, i)
					}
					want, got := dense.params[0].Values(), sparse.params[0].Values()
					for k, v := range want {
						if got[k] != v {
							t.Errorf("%s, %v, %v: weight %d is %v, with the dense gradient %v", name, dt, l.Shape, k, got[k], v)
							break
						}
					}
				}
			}
		}
	}
}

// TestRowsGoOn: other bits neither with other numbers of workers nor after a stop.
func TestRowsGoOn(t *testing.T) {
	defer graph.SetThreads(graph.Threads())
	l := words(3000, 37, 2000)
	for _, o := range []optim.Optimizer{optim.SGD{}, optim.Adam{}, optim.Adagrad{}} {
		var want string
		for _, threads := range []int{1, 2, 4} {
			graph.SetThreads(threads)
			p := newLookup(t, l, graph.Float32, nil, true)
			run := p.start(t, o, optim.Clip{Norm: 1})
			for i := range l.Index {
				if i == 3 {
					state, err := run.State()
					if err != nil {
						t.Fatal(err)
					}
					run = p.start(t, o, optim.Clip{Norm: 1})
					if err := run.SetState(i, state); err != nil {
						t.Fatal(err)
					}
				}
				p.step(t, run, i)
			}
			got := fmt.Sprintf("%x", p.params[0].Values())
			if want == "" {
				want = got
			}
			if got != want {
				t.Errorf("%T: other bits with %d threads", o, threads)
			}
		}
	}
}

func TestSparse(t *testing.T) {
	none := []optim.Group{{Match: "b"}, {Match: "w", NoDecay: true}}
	for _, c := range []struct {
		name   string
		o      optim.Optimizer
		groups []optim.Group
		want   bool
	}{
		{"SGD", optim.SGD{}, nil, true},
		{"SGD with decay", optim.SGD{WeightDecay: 0.1}, nil, false},
		{"SGD with decay of others", optim.SGD{WeightDecay: 0.1}, none, true},
		{"SGD with momentum", optim.SGD{Momentum: 0.9}, none, false},
		{"Adam", optim.Adam{}, nil, true},
		{"Adam with L2", optim.Adam{WeightDecay: 0.1}, nil, false},
		{"AdamW", optim.AdamW{}, nil, false},
		{"AdamW without decay", optim.AdamW{WeightDecay: -1}, nil, true},
		{"AdamW with decay of others", optim.AdamW{}, none, true},
		{"AdamW with little decay", optim.AdamW{}, []optim.Group{{Match: "w", Decay: 0.1}, {Match: "w", NoDecay: true}}, false},
		{"NAdam", optim.NAdam{}, nil, false},
		{"RMSprop", optim.RMSprop{}, nil, false},
		{"Adagrad", optim.Adagrad{}, nil, true},
		{"Adagrad with L2", optim.Adagrad{WeightDecay: 0.1}, nil, false},
		{"Lion", optim.Lion{}, nil, false},
		{"a solver", optim.Gorgonia{Solver: gorgonia.NewAdamSolver()}, nil, false},
		{"a wrong one", optim.SGD{WeightDecay: -1}, nil, false},
		{"none", nil, nil, false},
		{"a rule of one's own", optim.Func(func() (optim.Rule, error) {
			return optim.Rule{Name: "mine", Rate: 1, Update64: func(optim.Update64) {}}, nil
		}), nil, false},
	} {
		if got := optim.Sparse(c.o, c.groups, "e/w"); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRowsRejected(t *testing.T) {
	l := words(8, 2, 3)
	ints := func(v ...int) gorgonia.Value { return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v)) }
	for _, c := range []struct {
		name string
		o    optim.Optimizer
		rows gorgonia.Value
		want string
	}{
		{"whole parameters", optim.SGD{Momentum: 0.9}, ints(1, 2, 3), "w: the gradient comes as rows, but with these settings SGD moves the whole parameter"},
		{"floats", optim.SGD{}, tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{1, 2, 3})), "row numbers are float64"},
		{"too few", optim.SGD{}, ints(1, 2), "w: gradient float64(3, 2)"},
		{"twice", optim.SGD{}, ints(1, 1, 3), "row 1 after row 1"},
		{"beyond", optim.SGD{}, ints(1, 7, 8), "ascending numbers below 8"},
	} {
		p := newLookup(t, l, graph.Float64, nil, true)
		before := fmt.Sprint(p.params[0].Values())
		run, err := optim.StartRows(c.o, optim.Clip{}, nil, p.params, p.grads, []gorgonia.Value{c.rows})
		if err == nil {
			err = run.Step(1, 1)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || fmt.Sprint(p.params[0].Values()) != before {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}
