package train_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/regularize"
	"github.com/seed732fc211/aegis/train"
)

// fitWords fits a model of words and returns it with the bits of its weights.
func fitWords(t *testing.T, build func(sparse bool) *models.Model, sparse bool, c train.Config) (*models.Model, string) {
	t.Helper()
	m := build(sparse)
	c.Epochs, c.BatchSize = max(c.Epochs, 3), 16
	if _, err := train.Fit(ctx, m, sentences(100, 6, 300), c); err != nil {
		t.Fatal(err)
	}
	return m, bitsOf(m)
}

func bitsOf(m *models.Model) string { return fmt.Sprintf("%x", m.Params().Snapshot()) }

// plainWords is a model whose embedding is used once.
func plainWords(t *testing.T, dt graph.Dtype, w graph.Weight) func(sparse bool) *models.Model {
	return func(sparse bool) *models.Model {
		return ofWords(t, 6, layers.Embedding{Size: 300, Dim: 8, Weight: w, Sparse: sparse}, models.Config{Seed: 1, Type: dt})
	}
}

// TestSparseIsDense: a sparse embedding has the bits of a dense one where the
// optimizer's numbers are the same, and where the gradient has to be dense.
func TestSparseIsDense(t *testing.T) {
	once := graph.Weight{}
	for name, c := range map[string]struct {
		optimizer optim.Optimizer
		weight    graph.Weight
	}{
		"SGD":                      {optim.SGD{}, once},
		"Adagrad":                  {optim.Adagrad{}, once},
		"Adagrad and a constraint": {optim.Adagrad{LearningRate: 0.5}, graph.Weight{Constraint: regularize.MaxNorm{Max: 0.3}}},
		"frozen":                   {optim.Adam{}, graph.Weight{Frozen: true}},
		// dense:
		"SGD with decay":    {optim.SGD{WeightDecay: 0.1}, once},
		"SGD with momentum": {optim.SGD{Momentum: 0.9}, once},
		"Adam with L2":      {optim.Adam{WeightDecay: 0.1}, once},
		"Adam and penalty":  {optim.Adam{}, graph.Weight{Penalty: regularize.L2{Factor: 0.01}}},
		"AdamW":             {optim.AdamW{}, once},
		"NAdam":             {optim.NAdam{}, once},
		"RMSprop":           {optim.RMSprop{}, once},
		"Lion":              {optim.Lion{}, once},
	} {
		for _, dt := range []graph.Dtype{graph.Float32, graph.Float64} {
			build := plainWords(t, dt, c.weight)
			config := train.Config{Optimizer: c.optimizer, Clip: optim.Clip{Value: 0.01}}
			_, want := fitWords(t, build, false, config)
			if _, got := fitWords(t, build, true, config); got != want {
				t.Errorf("%s, %v: a sparse embedding has other weights", name, dt)
			}
		}
	}
}

// TestSparseTableOfTwo: a table that is looked up twice, or whose rows are output
// weights as well, has a dense gradient.
func TestSparseTableOfTwo(t *testing.T) {
	for name, build := range map[string]func(sparse bool) *models.Model{
		"looked up twice": func(sparse bool) *models.Model {
			table := models.Share(layers.Embedding{Size: 300, Dim: 8, Sparse: sparse})
			words := models.InputInt("words", 6)
			other := words.Then(layers.Func(func(b *graph.Builder, x *graph.Node) *graph.Node {
				return b.ArgMax(b.OneHot(x, 300)) // another value
			}))
			sum := models.Join(layers.Add{}, table.On(words), table.On(other))
			return made(t, words, sum.Then(layers.GlobalAveragePool{}, layers.Dense{Units: 1}))
		},
		"tied": func(sparse bool) *models.Model {
			words := models.InputInt("words", 6)
			return made(t, words, words.Then(layers.Func(func(b *graph.Builder, x *graph.Node) *graph.Node {
				w := b.Param("table", graph.Shape{300, 8}, graph.Weight{Sparse: sparse})
				y := b.MatMulTransposed(b.Mean(b.Gather(w, x), 1), w, false, true)
				return b.Reshape(b.Mean(b.Square(y), 1), -1, 1)
			})))
		},
	} {
		_, want := fitWords(t, build, false, train.Config{})
		if _, got := fitWords(t, build, true, train.Config{}); got != want {
			t.Errorf("%s: a sparse embedding has other weights", name)
		}
	}
}

func made(t *testing.T, in, out *models.Tensor) *models.Model {
	t.Helper()
	m, err := models.New(models.Config{Seed: 1}, []*models.Tensor{in}, []*models.Tensor{out})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestLazyAdam: rows that no batch looks up do not move, and a group without decay
// makes AdamW lazy.
func TestLazyAdam(t *testing.T) {
	for name, c := range map[string]train.Config{
		"Adam":  {Optimizer: optim.Adam{}},
		"AdamW": {Optimizer: optim.AdamW{}, Groups: []optim.Group{{Match: "embeddings", NoDecay: true}}},
	} {
		build := plainWords(t, graph.Float32, graph.Weight{})
		begin := build(true)
		m, got := fitWords(t, build, true, c)
		if _, dense := fitWords(t, build, false, c); got == dense {
			t.Errorf("%s: the numbers are those of the dense gradient", name)
		}
		seen := map[int]bool{}
		for _, w := range sentences(100, 6, 300).Inputs[0].Data().([]int) {
			seen[w] = true
		}
		table := func(m *models.Model) []float64 { return m.Params().All()[0].Values() }
		was, is := table(begin), table(m)
		moved := 0
		for r := range 300 {
			same := fmt.Sprint(was[r*8:(r+1)*8]) == fmt.Sprint(is[r*8:(r+1)*8])
			if !same {
				moved++
			}
			if same == seen[r] {
				t.Errorf("%s: row %d: in the sentences %v, moved %v", name, r, seen[r], !same)
			}
		}
		if moved == 0 || moved == 300 {
			t.Errorf("%s: %d of 300 rows moved", name, moved)
		}
	}
}

// TestSparseFits: a whole fit has the same bits with 1 and 2 workers, and when it is
// stopped and goes on from a checkpoint. Its batches are large enough to be shared.
func TestSparseFits(t *testing.T) {
	defer graph.SetThreads(graph.Threads())
	set := sentences(700, 40, 5000)
	fit := func(m *models.Model, c train.Config) {
		t.Helper()
		c.BatchSize, c.Clip, c.Seed = 256, optim.Clip{Norm: 0.05}, 3 // the last batch is smaller
		if _, err := train.Fit(ctx, m, set, c); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []optim.Optimizer{optim.Adam{}, optim.SGD{}, optim.Adagrad{}} {
		build := func() *models.Model {
			return ofWords(t, 40, layers.Embedding{Size: 5000, Dim: 24, Sparse: true}, models.Config{Seed: 2})
		}
		var want string
		for _, threads := range []int{1, 2} {
			graph.SetThreads(threads)
			m := build()
			fit(m, train.Config{Epochs: 4, Optimizer: o})
			if got := bitsOf(m); want != "" && got != want {
				t.Errorf("%T: other bits with %d threads", o, threads)
			} else {
				want = got
			}
		}
		path := filepath.Join(t.TempDir(), "checkpoint")
		fit(build(), train.Config{Epochs: 2, Optimizer: o, Callbacks: []train.Callback{train.Checkpoint{Path: path}}})
		m, state, err := train.LoadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		fit(m, train.Config{Epochs: 4, Optimizer: o, From: state})
		if bitsOf(m) != want {
			t.Errorf("%T: other bits after a stop", o)
		}
	}
}
