package text_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// reviews are sequences of 20 words. Word 1 (good) or 2 (bad) occurs once, and word 3 (not) before it
// or elsewhere, so that the class follows from the order alone.
func reviews(t testing.TB, rows int, seed uint64) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	list, labels := make([][]int, rows), make([]int, rows)
	for i := range rows {
		n := 3 + r.IntN(12)
		for range n {
			list[i] = append(list[i], 4+r.IntN(16))
		}
		at := r.IntN(n + 1)
		word, negated := 1+r.IntN(2), r.IntN(2)
		part := []int{word, 4 + r.IntN(16), 3}
		if negated == 1 {
			part = []int{3, word, 4 + r.IntN(16)}
		}
		list[i] = slices.Insert(list[i], at, part...)
		labels[i] = word - 1 ^ negated
	}
	q, err := data.NewIntSequences("words", list)
	if err != nil {
		t.Fatal(err)
	}
	q.Size = 20
	return &data.Set{
		Name: "reviews", Sequences: []data.Sequences{q}, Classes: []string{"good", "bad"}, Target: "kind",
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(rows), tensor.WithBacking(labels))},
	}
}

// TestNets: nets that see order learn what a bag cannot, a row's prediction does not depend on
// the rows beside it, a row without words is predicted, and a saved net predicts the same.
func TestNets(t *testing.T) {
	set, test := reviews(t, 1200, 1), reviews(t, 200, 2)
	empty, err := test.Rows([]int{0, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	empty.Sequences[0].Offsets = []int{0, 0, 0, empty.Sequences[0].Len(2)}
	for name, c := range map[string]struct {
		net       models.Architecture
		low, high float64
	}{
		"bag":         {text.Bag{Dim: 8, Hidden: []int{8}, Dropout: 0.1}, 0.35, 0.65},
		"mean":        {text.Bag{Dim: 8, Mean: true, Sparse: true}, 0.35, 0.65},
		"cnn":         {text.CNN{Dim: 8, Sizes: []int{2, 3}, Filters: 16, Dropout: 0.1}, 0.95, 1},
		"lstm":        {text.LSTM{Dim: 8, Units: 16, Dropout: 0.1}, 0.95, 1},
		"transformer": {text.Transformer{Dim: 16, Depth: 1, Heads: 2, Dropout: 0.1}, 0.95, 1},
	} {
		t.Run(name, func(t *testing.T) {
			m, _, err := train.Estimator{Net: c.net, Seed: 1, Config: train.Config{Epochs: 25}}.Train(t.Context(), set)
			if err != nil {
				t.Fatal(err)
			}
			p, err := m.PredictRows(t.Context(), data.Blind(test))
			if err != nil {
				t.Fatal(err)
			}
			labels, _ := test.Labels()
			right := 0
			for i, l := range labels {
				if p.Labels[i] == l {
					right++
				}
			}
			if a := float64(right) / float64(len(labels)); a < c.low || a > c.high {
				t.Errorf("accuracy %v, want %v to %v", a, c.low, c.high)
			}
			for i := range 20 {
				alone, err := m.PredictRows(t.Context(), data.View(data.Blind(test), []int{i}))
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(alone.Proba[1]-p.Proba[2*i+1]) > 1e-6 {
					t.Errorf("row %d: %v among others, %v alone", i, p.Proba[2*i+1], alone.Proba[1])
				}
			}
			none, err := m.PredictRows(t.Context(), data.Blind(empty))
			if err != nil || none.Proba[0] != none.Proba[2] || math.IsNaN(none.Proba[0]) {
				t.Errorf("rows without words: %v, %v", none, err)
			}
			var b bytes.Buffer
			if err := m.Write(&b); err != nil {
				t.Fatal(err)
			}
			again, _, err := models.Read(&b)
			if err != nil {
				t.Fatal(err)
			}
			if q, err := again.PredictRows(t.Context(), data.Blind(test)); err != nil || !slices.Equal(q.Proba, p.Proba) {
				t.Errorf("read again, the net predicts otherwise: %v", err)
			}
		})
	}
}

func TestNetsRefuse(t *testing.T) {
	set := reviews(t, 10, 1)
	unsized, floats, two, outside := *set, *set, *set, *set
	q := set.Sequences[0]
	q.Size = 0
	unsized.Sequences = []data.Sequences{q}
	f, err := data.NewSequences("waves", 1, slices.Repeat([][]float64{{1, 2}}, 10))
	if err != nil {
		t.Fatal(err)
	}
	floats.Sequences, two.Sequences = []data.Sequences{f}, append(slices.Clone(set.Sequences), f)
	q.Size = 5
	outside.Sequences = []data.Sequences{q}
	for want, c := range map[string]struct {
		net models.Architecture
		set *data.Set
	}{
		"size of the vocabulary of \"words\" is not known": {text.Bag{}, &unsized},
		"none of ids":              {text.CNN{}, &floats},
		"0 inputs and 2 sequences": {text.LSTM{}, &two},
		"of -1: want 1":            {text.Bag{Dim: -1}, set},
		"of 0: want 1":             {text.CNN{Sizes: []int{}}, set},
		"window of -3":             {text.CNN{Sizes: []int{-3}}, set},
		"a dropout rate of 1":      {text.LSTM{Dropout: 1}, set},
		"no rows":                  {text.LSTM{}, &data.Set{}},
	} {
		if _, err := c.net.Build(c.set, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := outside.Validate(); err == nil || !strings.Contains(err.Error(), "is not in [0, 5)") {
		t.Errorf("error %v", err)
	}
}

func example(net models.Architecture) {
	q, err := data.NewIntSequences("tokens", [][]int{{1, 2}, {3}})
	if err != nil {
		panic(err)
	}
	q.Size = 100 // of the vocabulary
	set := &data.Set{
		Sequences: []data.Sequences{q}, Classes: []string{"a", "b", "c"},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{0, 2}))},
	}
	m, err := net.Build(set, 1)
	if err != nil {
		panic(err)
	}
	n, _ := m.Params().Count()
	fmt.Println(m.OutputShapes(), n)
}

// 100 embeddings, and a layer on their mean and maximum.
func ExampleBag() {
	example(text.Bag{Dim: 8})
	// Output: [(3)] 851
}

func ExampleCNN() {
	example(text.CNN{Dim: 8, Sizes: []int{2, 3}, Filters: 4})
	// Output: [(3)] 995
}

func ExampleTransformer() {
	example(text.Transformer{Dim: 8, Depth: 1, Heads: 2})
	// Output: [(3)] 1467
}

func ExampleLSTM() {
	example(text.LSTM{Dim: 8, Units: 4, Type: graph.Float64})
	// Output: [(3)] 1267
}
