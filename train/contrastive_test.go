package train_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// The numbers are those of torch.nn.functional.cross_entropy: testdata/contrastive.py.
func TestContrastiveAgainstPyTorch(t *testing.T) {
	raw, err := os.ReadFile("testdata/contrastive.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name                                             string
		Width                                            int
		Scale                                            float64
		IDs                                              []int
		OneSided                                         bool
		Question, Answer, Loss, QuestionGrad, AnswerGrad []float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 8 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		for dt, tolerance := range map[graph.Dtype]float64{graph.Float64: 1e-12, graph.Float32: 2e-5} {
			t.Run(c.Name+"/"+dt.String(), func(t *testing.T) {
				rows := len(c.Loss)
				b := graph.New(graph.NewParams(dt, 1), graph.Train)
				q, a := b.Input("question", rows, c.Width), b.Input("answer", rows, c.Width)
				x := train.Batch{Outputs: []*graph.Node{q, a}}
				if c.IDs != nil {
					x.Targets = []*graph.Node{b.Tensor("ids", tensor.New(tensor.WithShape(rows), tensor.WithBacking(c.IDs)))}
				}
				terms := train.Contrastive{Scale: c.Scale, OneSided: c.OneSided}.Terms(b, x)
				g := b.Gradients(b.Mean(terms[0].Rows), q, a)
				if b.Err() != nil {
					t.Fatal(b.Err())
				}
				p, err := graph.Compile(b, terms[0].Rows, g[0], g[1])
				if err != nil {
					t.Fatal(err)
				}
				for name, v := range map[string][]float64{"question": c.Question, "answer": c.Answer} {
					if err := p.SetInput(name, tensor.New(tensor.WithShape(rows, c.Width), tensor.WithBacking(v))); err != nil {
						t.Fatal(err)
					}
				}
				if err := p.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				for k, want := range [][]float64{c.Loss, c.QuestionGrad, c.AnswerGrad} {
					got := p.Tensor([]*graph.Node{terms[0].Rows, g[0], g[1]}[k])
					for i, w := range want {
						if v := at64(got, i); math.Abs(v-w) > tolerance*(1+math.Abs(w)) {
							t.Errorf("%s %d: %v, want %v", []string{"loss", "gradient of the question", "gradient of the answer"}[k], i, v, w)
						}
					}
				}
			})
		}
	}
}

// at64 is a value of a tensor of either type.
func at64(x *tensor.Dense, i int) float64 {
	if v, ok := x.Data().([]float64); ok {
		return v[i]
	}
	return float64(x.Data().([]float32)[i])
}

// TestContrastiveConforms checks the gradient against differences, and the TapeMachine.
func TestContrastiveConforms(t *testing.T) {
	ids := func(b *graph.Builder, n int) *graph.Node {
		list := make([]int, n)
		for i := range list {
			list[i] = i % 3
		}
		return b.Tensor("ids", tensor.New(tensor.WithShape(n), tensor.WithBacking(list)))
	}
	inputs := func(batch int) []*tensor.Dense {
		return []*tensor.Dense{graphtest.Logits(1, batch, 3), graphtest.Logits(2, batch, 3)}
	}
	var cases []graphtest.Case
	for name, c := range map[string]train.Contrastive{"both": {}, "one sided": {OneSided: true, Scale: 2}} {
		cases = append(cases, graphtest.Case{
			Name: name, Inputs: inputs, Shape: func(batch int) graph.Shape { return graph.Shape{batch} }, Batches: []int{4, 7}, Mode: graph.Train,
			Build: func(b *graph.Builder, in []*graph.Node) *graph.Node {
				return c.Terms(b, train.Batch{Outputs: in, Targets: []*graph.Node{ids(b, in[0].Shape()[0])}})[0].Rows
			},
		})
	}
	graphtest.Run(t, cases...)
}

func TestContrastiveRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		c       train.Contrastive
		outputs [][]int
		floats  bool
	}{
		"1 outputs and 1 targets":           {outputs: [][]int{{4, 2}}},
		"outputs (4, 2) and (4, 3)":         {outputs: [][]int{{4, 2}, {4, 3}}},
		"outputs (4) and (4)":               {outputs: [][]int{{4}, {4}}},
		"scale -1: want a positive number":  {c: train.Contrastive{Scale: -1}, outputs: [][]int{{4, 2}, {4, 2}}},
		"want int (batch), the number of t": {outputs: [][]int{{4, 2}, {4, 2}}, floats: true},
		"target int (4): want int (batch)":  {outputs: [][]int{{5, 2}, {5, 2}}},
	} {
		b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
		var x train.Batch
		for i, s := range c.outputs {
			x.Outputs = append(x.Outputs, b.Input(fmt.Sprint(i), s...))
		}
		if c.floats {
			x.Targets = []*graph.Node{b.Input("ids", 4)}
		} else {
			x.Targets = []*graph.Node{b.InputInt("ids", 4)}
		}
		c.c.Terms(b, x)
		if b.Err() == nil || !strings.Contains(b.Err().Error(), want) {
			t.Errorf("error %v, want %q", b.Err(), want)
		}
	}
}

// Two towers learn which rows belong together.
func ExampleContrastive() {
	left, right := models.Input("left", 4), models.Input("right", 4)
	unit := layers.L2Norm{Scale: 10, Learned: true}
	m, err := models.New(models.Config{Seed: 1}, []*models.Tensor{left, right}, []*models.Tensor{
		left.Then(layers.Dense{Units: 8}, unit), right.Then(layers.Dense{Units: 8}, layers.L2Norm{}),
	})
	if err != nil {
		panic(err)
	}
	x, places := graphtest.Logits(1, 32, 4), make([]int, 32)
	for i := range places {
		places[i] = i
	}
	rows := &data.Set{Inputs: []*tensor.Dense{x, x}, Targets: []*tensor.Dense{tensor.New(tensor.WithShape(32), tensor.WithBacking(places))}}
	h, err := train.Fit(ctx, m, rows, train.Config{Objective: train.Contrastive{}, Metrics: []data.Metric{}, Optimizer: optim.Adam{LearningRate: 0.02}, Epochs: 200, Seed: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println(h.At("loss", 1) > 2, h.Last("loss") < 0.5)
	// Output: true true
}
