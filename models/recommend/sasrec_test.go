package recommend_test

import (
	"context"
	"fmt"
	"log"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models/recommend"
	"gorgonia.org/tensor"
)

// three are three users, of which one has a single item.
var three = &data.Histories{Items: 5, Start: []int{0, 4, 5, 7}, Item: []int{3, 0, 4, 1, 2, 1, 3}, Weight: []float64{1, 1, 1, 1, 1, 1, 1}}

func TestNextItems(t *testing.T) {
	s, err := recommend.NextItems(three, 2)
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 2 || s.Sequences[0].Size != 5 || s.Steps[0].Size != 5 {
		t.Errorf("%+v", s)
	}
	for name, c := range map[string]struct {
		q    data.Sequences
		want []int
	}{"items": {s.Sequences[0], []int{0, 4, 1}}, "next": {s.Steps[0], []int{4, 1, 3}}} {
		if got := c.q.Values.Data().([]int); !slices.Equal(got, c.want) || !slices.Equal(c.q.Offsets, []int{0, 2, 3}) {
			t.Errorf("%s: %v from %v, want %v", name, got, c.q.Offsets, c.want)
		}
	}
}

// TestSequential: a scorer reads the last items in their order and no others, gives a user beside others what it has alone, and is
// saved and read with its network.
func TestSequential(t *testing.T) {
	s, err := recommend.NextItems(three, 3)
	if err != nil {
		t.Fatal(err)
	}
	m, err := recommend.SASRec{Dim: 8, Heads: 2, Steps: 3}.Build(s, 4)
	if err != nil {
		t.Fatal(err)
	}
	scorer, err := recommend.NewSequential(m, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	users := []recommend.User{
		{Number: 0, Items: []int{3, 0, 4, 1}}, {Number: -1, Items: []int{2, 0, 4, 1}}, {Number: 1, Items: []int{0, 3, 4, 1}}, {Number: -1}, {Number: -1, Items: []int{1, 4, 0}},
		{Number: 2, Items: []int{0, 4, 1, 2, 3, 0, 1, 2, 3, 4, 0, 4, 1}},
	}
	all := make([]float32, len(users)*5)
	if err := scorer.Scores(users, all); err != nil {
		t.Fatal(err)
	}
	row := func(u int) []float32 { return all[5*u : 5*u+5] }
	if !slices.Equal(row(0), row(1)) || !slices.Equal(row(0), row(5)) {
		t.Error("items before the last three count")
	}
	if slices.Equal(row(0), row(2)) || slices.Equal(row(0), row(4)) {
		t.Error("the order does not count")
	}
	if !slices.Equal(row(3), make([]float32, 5)) {
		t.Errorf("without items: %v", row(3))
	}
	for u := range users {
		alone := make([]float32, 5)
		if err := scorer.Scores(users[u:u+1], alone); err != nil || !slices.Equal(alone, row(u)) {
			t.Errorf("user %d alone: %v, %v, want %v", u, alone, err, row(u))
		}
	}

	r := &recommend.Recommender{Learner: recommend.Popularity{}, Scorer: scorer, Users: []string{"a", "b", "c"}, Items: []string{"v", "w", "x", "y", "z"}, Seen: three}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := recommend.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range r.Users {
		want, err := r.ForUser(name, 5)
		if err != nil || len(want) == 0 {
			t.Fatal(want, err)
		}
		if got, err := again.ForUser(name, 5); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestNetworkMistakes(t *testing.T) {
	floats := tensor.New(tensor.WithShape(1), tensor.WithBacking([]float64{1}))
	s, err := recommend.NextItems(three, 3)
	if err != nil {
		t.Fatal(err)
	}
	m, err := recommend.SASRec{Dim: 2, Steps: 3}.Build(s, 4)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		err  error
	}{
		{"want a vector", second(recommend.NewTwoTower(m, "body", 3, 3, make([]float32, 10), nil))},
		{"nothing", second(recommend.NewTwoTower(m, "nothing", 3, 3, make([]float32, 10), nil))},
		{"sequences of 0 items", second(recommend.NewSequential(m, 3, 0))},
		{"sequences of 0 items", second(recommend.NextItems(three, 0))},
		{"sequences of -1 items", second(recommend.NextItems(three, -1))},
		{"histories of no users", second(recommend.NextItems(nil, 1))},
		{"no rows", second(recommend.SASRec{}.Build(nil, 1))},
		{"it takes one sequence", second(recommend.SASRec{}.Build(&data.Set{Sequences: []data.Sequences{s.Sequences[0], s.Sequences[0]}}, 1))},
		{"steps of -1", second(recommend.SASRec{Steps: -1}.Build(s, 1))},
		{"the set has 0 inputs", second(recommend.NeuralCF{}.Build(s, 1))},
		{"input 0 is no list", second(recommend.NeuralCF{}.Build(&data.Set{Inputs: []*tensor.Dense{floats, floats}}, 1))},
		{"units of -1", second(recommend.NeuralCF{Dim: -1}.Build(s, 1))},
		{"no rows", second(recommend.NeuralCF{}.Build(nil, 1))},
		{"0 users and 1 items", second(recommend.NewPairwise(m, 0, 1))},
		{"neural cf: ", second(recommend.NewPairwise(m, 1, 1))},
		{"rate of 1", second(recommend.SASRec{Dropout: 1}.Build(s, 1))},
		{"none of 1 users has two items", second(recommend.NextItems(&data.Histories{Items: 2, Start: []int{0, 1}, Item: []int{1}, Weight: []float64{1}}, 4))},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestSASRecGradient holds the gradient of the whole network to finite differences.
func TestSASRecGradient(t *testing.T) {
	s, err := recommend.NextItems(three, 3)
	if err != nil {
		t.Fatal(err)
	}
	m, err := recommend.SASRec{Dim: 4, Heads: 2, Depth: 1, Steps: 3, Dropout: -1, Type: graph.Float64}.Build(s, 3)
	if err != nil {
		t.Fatal(err)
	}
	const rows, steps = 2, 3
	b := graph.New(m.Params(), graph.Train)
	out := m.Build(b, rows, steps)
	want := b.InputInt("want", rows, steps)
	loss := b.Sum(b.SoftmaxCrossEntropy(b.Reshape(out[0], rows*steps, 5), b.Reshape(want, rows*steps), 0))
	params, nodes := b.Trained(loss)
	grads := b.Gradients(loss, nodes...)
	p, err := graph.Compile(b, append([]*graph.Node{loss}, grads...)...)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string][]int{m.InputNames()[0]: {3, 0, 4, 1, 2, 0}, "want": {0, 4, 1, 2, 0, 3}} {
		in, err := p.Input(name)
		if err != nil {
			t.Fatal(err)
		}
		copy(in.Data().([]int), v)
	}
	run := func() float64 {
		if err := p.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		return p.Float(loss)
	}
	run()
	var analytic [][]float64
	for _, g := range grads {
		analytic = append(analytic, slices.Clone(p.Floats64(g)))
	}
	checked := 0
	for k, param := range params {
		v := param.Floats64()
		for i := 0; i < len(v); i += 1 + len(v)/6 {
			const h = 1e-5
			was := v[i]
			v[i] = was + h
			up := run()
			v[i] = was - h
			down := run()
			v[i] = was
			if d := (up-down)/(2*h) - analytic[k][i]; d > 1e-6 || d < -1e-6 {
				t.Errorf("%s: number %d: the gradient is %v, differences give %v", param.Path, i, analytic[k][i], (up-down)/(2*h))
			}
			checked++
		}
	}
	if checked < 50 {
		t.Errorf("checked %d numbers only", checked)
	}
}

// A network for sequences of five items, with a block of attention.
func ExampleSASRec() {
	rows, err := recommend.NextItems(three, 3)
	if err != nil {
		log.Fatal(err)
	}
	m, err := recommend.SASRec{Dim: 8, Depth: 1, Steps: 3}.Build(rows, 1)
	if err != nil {
		log.Fatal(err)
	}
	trained, _ := m.Params().Count()
	fmt.Println(m.OutputShapes(), trained)
	// Output: [(-1, 5)] 648
}

// A network for pairs of three users and five items.
func ExampleNeuralCF() {
	rows := &data.Set{Inputs: []*tensor.Dense{
		tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{0, 1, 2})), tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{4, 0, 2})),
	}}
	m, err := recommend.NeuralCF{Dim: 4, Hidden: []int{8}}.Build(rows, 1)
	if err != nil {
		log.Fatal(err)
	}
	trained, _ := m.Params().Count()
	fmt.Println(m.OutputShapes(), trained)
	// Output: [(1)] 149
}
