package train_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// waves is sequences of 0 to most steps of two features, of which the class says whether the
// first has a positive sum; words hold a token for each step, and steps whether the first is
// above the step before.
func waves(t testing.TB, rows, most int, seed uint64) (set *data.Set, words, steps data.Sequences) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	signals, tokens, rises, labels := make([][]float64, rows), make([][]int, rows), make([][]int, rows), make([]int, rows)
	for i := range rows {
		n, sum, last := r.IntN(most+1), 0.0, 0.0
		for range n {
			v, rise := r.NormFloat64(), 0
			if v > last {
				rise = 1
			}
			last, sum = v, sum+v
			signals[i] = append(signals[i], v, r.NormFloat64())
			tokens[i] = append(tokens[i], min(9, max(0, int(3*v)+5)))
			rises[i] = append(rises[i], rise)
		}
		if sum > 0 {
			labels[i] = 1
		}
	}
	x, err := data.NewSequences("signal", 2, signals)
	if err == nil {
		words, err = data.NewIntSequences("words", tokens)
	}
	if err == nil {
		steps, err = data.NewIntSequences("rises", rises)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &data.Set{
		Name: "waves", Sequences: []data.Sequences{x}, Target: "sum", Classes: []string{"negative", "positive"},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(rows), tensor.WithBacking(labels))},
	}, words, steps
}

// sequenceNets make one logit of sequences, for which each uses lengths in another way.
var sequenceNets = map[string]func(x, n *models.Tensor) *models.Tensor{
	"LSTM": func(x, n *models.Tensor) *models.Tensor { return models.Join(layers.LSTM{Units: 6}, x, n) },
	"GRU in both directions": func(x, n *models.Tensor) *models.Tensor {
		return models.Join(layers.GRU{Units: 4, Depth: 2, Bidirectional: true}, x, n)
	},
	"mean": func(x, n *models.Tensor) *models.Tensor {
		return models.Join(layers.GlobalAveragePool{}, x.Then(layers.Dense{Units: 6, Activation: layers.Tanh}), n)
	},
	"maximum": func(x, n *models.Tensor) *models.Tensor {
		return models.Join(layers.GlobalMaxPool{}, x.Then(layers.Dense{Units: 6, Activation: layers.Tanh}), n)
	},
	"mean of states": func(x, n *models.Tensor) *models.Tensor {
		return models.Join(layers.GlobalAveragePool{}, models.Join(layers.LSTM{Units: 6, Sequence: true}, x, n), n)
	},
}

func sequenceNet(t testing.TB, body func(x, n *models.Tensor) *models.Tensor, dt graph.Dtype) *models.Model {
	t.Helper()
	x := models.Sequence("signal", 2)
	m, err := models.New(models.Config{Seed: 3, Type: dt}, []*models.Tensor{x}, []*models.Tensor{body(x, x.Lengths()).Then(layers.Dense{Units: 1})})
	if err != nil {
		t.Fatal(err)
	}
	m.Info.Task, m.Info.Classes = data.Classify{}, []string{"negative", "positive"}
	return m
}

// padded returns the loss and the gradients of rows that are padded to a number of steps with
// numbers that nothing may depend on.
func padded(t *testing.T, m *models.Model, set *data.Set, steps int, padding float64) (loss float64, grads [][]float64) {
	t.Helper()
	rows := set.Len()
	b := graph.New(m.Params(), graph.Train)
	out := m.Build(b, rows, steps)[0]
	total := losses.Mean(b, losses.BinaryCrossEntropy{}.Loss(b, out, b.InputInt("want", rows)), nil)
	_, nodes := b.Trained(total)
	wrt := b.Gradients(total, nodes...)
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	p, err := graph.Compile(b, append([]*graph.Node{total}, wrt...)...)
	if err != nil {
		t.Fatal(err)
	}
	q := set.Sequences[0]
	x, lengths := make([]float64, rows*steps*2), make([]int, rows)
	for i := range x {
		x[i] = padding
	}
	for i := range rows {
		copy(x[i*steps*2:], q.Values.Data().([]float64)[2*q.Offsets[i]:2*q.Offsets[i+1]])
		lengths[i] = q.Len(i)
	}
	for name, in := range map[string]*tensor.Dense{
		"signal":         tensor.New(tensor.WithShape(rows, steps, 2), tensor.WithBacking(x)),
		"signal.lengths": tensor.New(tensor.WithShape(rows), tensor.WithBacking(lengths)), "want": set.Targets[0],
	} {
		if err := p.SetInput(name, in); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, n := range wrt {
		grads = append(grads, slices.Clone(p.Tensor(n).Data().([]float64)))
	}
	return p.Float(total), grads
}

// TestPaddingHasNoInfluence: the loss of a batch and its gradient are the same whatever it is
// padded with and to.
func TestPaddingHasNoInfluence(t *testing.T) {
	set, _, _ := waves(t, 9, 12, 1)
	for name, body := range sequenceNets {
		t.Run(name, func(t *testing.T) {
			m := sequenceNet(t, body, graph.Float64)
			loss, grads := padded(t, m, set, 12, 0)
			for _, c := range []struct {
				steps int
				with  float64
			}{{12, 1e3}, {14, 0}, {40, -7}} {
				l, g := padded(t, m, set, c.steps, c.with)
				if math.Abs(l-loss) > 1e-14 {
					t.Errorf("%d steps padded with %v: loss %v, want %v", c.steps, c.with, l, loss)
				}
				for i := range g {
					for k, v := range g[i] {
						if math.Abs(v-grads[i][k]) > 1e-13 {
							t.Fatalf("%d steps padded with %v: gradient %d[%d] is %v, want %v", c.steps, c.with, i, k, v, grads[i][k])
						}
					}
				}
			}
		})
	}
}

// fileLike delivers the rows of a set as a file does: not in memory.
type fileLike struct{ of *data.Set }

func (f fileLike) Stream() (*data.Stream, error) {
	st, err := f.of.Stream()
	if err == nil {
		st.InMemory = false
	}
	return st, err
}

// TestRaggedFit fits, predicts, saves and validates over rows whose sequences differ in length.
func TestRaggedFit(t *testing.T) {
	ctx := context.Background()
	set, _, _ := waves(t, 700, 30, 2)
	body := sequenceNets["LSTM"]
	fit := func(src data.Source, c train.Config) (*models.Model, *train.History) {
		t.Helper()
		m := sequenceNet(t, body, graph.Float32)
		c.Epochs, c.Seed, c.Optimizer = 30, 5, optim.Adam{LearningRate: 0.02}
		h, err := train.Fit(ctx, m, src, c)
		if err != nil {
			t.Fatal(err)
		}
		return m, h
	}
	weights := func(m *models.Model) string { return fmt.Sprint(m.Params().Snapshot()) }
	m, h := fit(set, train.Config{ValidationFraction: 0.2})
	mean := 0.0 // a single epoch's goes up and down by 0.05, and its last bits are those of the kernels
	for epoch := 21; epoch <= 30; epoch++ {
		mean += h.At("val_accuracy", epoch) / 10
	}
	if mean < 0.85 {
		t.Errorf("validation accuracy %v over the last ten epochs", mean)
	}
	again, _ := fit(fileLike{set}, train.Config{ValidationFraction: 0.2})
	if weights(m) != weights(again) {
		t.Error("rows that are not in memory give another model")
	}
	view, _ := fit(data.View(fileLike{set}, numbers(0, set.Len())), train.Config{ValidationFraction: 0.2})
	if weights(m) != weights(view) {
		t.Error("a view of all rows gives another model")
	}
	plain, _ := fit(set, train.Config{ValidationFraction: 0.2, NoBuckets: true})
	if weights(m) == weights(plain) {
		t.Error("rows are in the same batches without buckets")
	}

	all, err := m.PredictRows(ctx, set)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < set.Len(); i += 37 { // each by itself, padded as it asks for
		one, err := m.PredictRows(ctx, data.View(set, []int{i}))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(one.Proba[1]-all.Proba[2*i+1]) > 1e-6 {
			t.Errorf("row %d: %v by itself, %v among others", i, one.Proba[1], all.Proba[2*i+1])
		}
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := models.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	said, err := loaded.PredictRows(ctx, fileLike{set})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(said.Proba, all.Proba) {
		t.Error("the loaded model predicts otherwise")
	}
	if text := m.Summary().String(); !strings.Contains(text, "(batch, steps, 2)") {
		t.Errorf("the summary does not name the axis of steps:\n%s", text)
	}

	e := train.Estimator{
		Net: models.ArchitectureFunc(func(*data.Set, uint64) (*models.Model, error) {
			return sequenceNet(t, body, graph.Float32), nil
		}),
		Config: train.Config{Epochs: 2},
	}
	var results []string
	for _, workers := range []int{1, 3} {
		for _, src := range []data.Source{set, fileLike{set}} {
			res, err := crossval.Validate(ctx, src, crossval.StratifiedKFold{K: 3}, []crossval.Candidate{{Name: "lstm", Estimator: e}}, crossval.Options{Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, fmt.Sprint(res.Runs[0].Scores, res.Runs[1].Scores, res.Runs[2].Scores))
		}
	}
	if len(slices.Compact(results)) != 1 {
		t.Errorf("folds depend on the source or the workers: %q", results)
	}
}

func numbers(from, to int) []int {
	out := make([]int, to-from)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// TestRaggedWindows: more sequences than a window, read a window at a time, give the bits of the
// same rows in memory, tokens and targets of steps included.
func TestRaggedWindows(t *testing.T) {
	_, words, steps := waves(t, data.WindowRows+9000, 3, 6)
	set := &data.Set{Name: "tags", Sequences: []data.Sequences{words}, Steps: []data.Sequences{steps}, Classes: []string{"down", "up"}}
	fit := func(src data.Source) string {
		t.Helper()
		x := models.SequenceInt("words")
		m, err := models.New(models.Config{Seed: 1}, []*models.Tensor{x},
			[]*models.Tensor{models.Join(layers.GRU{Units: 2, Sequence: true}, x.Then(layers.Embedding{Size: 10, Dim: 2}), x.Lengths()).Then(layers.Dense{Units: 2})})
		if err != nil {
			t.Fatal(err)
		}
		m.Info.Task, m.Info.Classes = data.Classify{}, set.Classes
		h, err := train.Fit(context.Background(), m, src, train.Config{Epochs: 2, BatchSize: 8192, Seed: 2})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(m.Params().Snapshot(), h.Curves)
	}
	if a, b := fit(fileLike{set}), fit(set); a != b {
		t.Errorf("window by window\n%.300s\nin memory\n%.300s", a, b)
	}
}

// TestTaggedSteps gives a class to every step of sequences of tokens.
func TestTaggedSteps(t *testing.T) {
	ctx := context.Background()
	_, words, steps := waves(t, 600, 20, 4)
	set := &data.Set{Name: "tags", Sequences: []data.Sequences{words}, Steps: []data.Sequences{steps}, Classes: []string{"down", "up"}}
	x := models.SequenceInt("words")
	states := models.Join(layers.GRU{Units: 16, Sequence: true}, x.Then(layers.Embedding{Size: 10, Dim: 6}), x.Lengths())
	m, err := models.New(models.Config{Seed: 1}, []*models.Tensor{x}, []*models.Tensor{states.Then(layers.Dense{Units: 2})})
	if err != nil {
		t.Fatal(err)
	}
	m.Info.Task, m.Info.Classes = data.Classify{}, set.Classes
	h, err := train.Fit(ctx, m, set, train.Config{Epochs: 10, Seed: 2, Optimizer: optim.Adam{LearningRate: 0.02}, ValidationFraction: 0.25})
	if err != nil {
		t.Fatal(err)
	}
	if a := h.At("val_accuracy", 10); a < 0.85 {
		t.Errorf("validation accuracy %v", a)
	}
	rows := []int{5, 400, 3, 3, 599}
	p, err := m.PredictRows(ctx, data.View(data.Blind(set), rows))
	if err != nil {
		t.Fatal(err)
	}
	all, err := m.PredictRows(ctx, set)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Offsets) != len(rows)+1 {
		t.Fatalf("offsets %v for rows %v", p.Offsets, rows)
	}
	for k, r := range rows {
		if have, want := p.Labels[p.Offsets[k]:p.Offsets[k+1]], all.Labels[all.Offsets[r]:all.Offsets[r+1]]; !slices.Equal(have, want) || len(have) != words.Len(r) {
			t.Errorf("row %d: %v, want %v", r, have, want)
		}
	}
}

// TestRaggedMistakes: what does not go with sequences is an error that says so.
func TestRaggedMistakes(t *testing.T) {
	ctx := context.Background()
	set, words, steps := waves(t, 20, 9, 5)
	fit := func(s *data.Set, m *models.Model, c train.Config) error {
		c.Epochs = 1
		_, err := train.Fit(ctx, m, s, c)
		return err
	}
	net := func() *models.Model { return sequenceNet(t, sequenceNets["LSTM"], graph.Float32) }
	short := steps
	short.Offsets = slices.Clone(steps.Offsets)
	short.Offsets[20]--
	spoiled := *set
	q := set.Sequences[0]
	values := slices.Clone(q.Values.Data().([]float64))
	values[2*q.Offsets[8]+1] = math.Inf(1)
	spoiled.Sequences = []data.Sequences{{Name: "signal", Offsets: q.Offsets, Values: tensor.New(tensor.WithShape(q.Values.Shape()...), tensor.WithBacking(values))}}
	flat := models.Sequence("signal", 2)
	tests := []struct {
		name string
		err  func() error
		want string
	}{
		{"tokens in place of signals", func() error {
			return fit(&data.Set{Sequences: []data.Sequences{words}, Targets: set.Targets, Classes: set.Classes}, net(), train.Config{})
		}, `sequences "words" have steps of shape []`},
		{"no sequences", func() error {
			return fit(&data.Set{Inputs: set.Targets, Targets: set.Targets, Classes: set.Classes}, net(), train.Config{})
		}, "1 inputs and 0 sequences"},
		{"fewer targets than steps", func() error {
			return (&data.Set{Sequences: []data.Sequences{words}, Steps: []data.Sequences{short}, Classes: set.Classes}).Validate()
		}, "row 19"},
		{"an infinite step", func() error { return fit(&spoiled, net(), train.Config{}) }, "row 8, step 0, value 1: +Inf is not finite"},
		{"augmentation", func() error { return fit(set, net(), train.Config{Augment: data.Jitter{Std: 0.1}}) }, "not augmented"},
		{"no lengths", func() error {
			_, err := models.New(models.Config{}, []*models.Tensor{flat}, []*models.Tensor{flat.Then(layers.LSTM{Units: 2})})
			return err
		}, "padding would change it"},
		{"flattened", func() error {
			_, err := models.New(models.Config{}, []*models.Tensor{flat}, []*models.Tensor{flat.Then(layers.Flatten{}, layers.Dense{Units: 1})})
			return err
		}, "of 10 steps, after 8"},
		{"a loss that does not know of padding", func() error {
			m, err := models.New(models.Config{}, []*models.Tensor{flat}, []*models.Tensor{flat.Then(layers.Dense{Units: 2})})
			if err != nil {
				return err
			}
			return fit(&data.Set{Sequences: set.Sequences, Steps: []data.Sequences{steps}, Classes: set.Classes}, m, train.Config{Loss: losses.SoftmaxCrossEntropy{}})
		}, "SequenceCrossEntropy leaves it out"},
		{"a predictor without steps", func() error { _, err := net().Predictor(1); return err }, "SequencePredictor"},
	}
	for _, test := range tests {
		if err := test.err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}
