package train_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/metrics"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/gorgonia"
)

var ctx = context.Background()

// moons is a problem of two classes that a small net solves.
func moons(t testing.TB, n int, seed uint64) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	rows, labels := make([][]float64, n), make([]int, n)
	for i := range rows {
		a := math.Pi * r.Float64()
		labels[i] = i % 2
		rows[i] = []float64{math.Cos(a), math.Sin(a)}
		if labels[i] == 1 {
			rows[i] = []float64{1 - math.Cos(a), 0.5 - math.Sin(a)}
		}
		rows[i][0] += 0.1 * r.NormFloat64()
		rows[i][1] += 0.1 * r.NormFloat64()
	}
	s, err := data.FromLabels("moons", rows, labels, []string{"upper", "lower"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// net is a classifier with everything that has a state: dropout, batch norm.
func net(t testing.TB, seed uint64) *models.Model {
	t.Helper()
	m, err := models.Sequential(models.Config{Seed: seed}, models.Input("x", 2),
		layers.Dense{Units: 16, Activation: layers.Tanh}, layers.BatchNorm{}, layers.Dropout{Rate: 0.2},
		layers.Dense{Units: 8, Activation: layers.Relu}, layers.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: []string{"upper", "lower"}}
	return m
}

func TestFitLearns(t *testing.T) {
	m := net(t, 1)
	h, err := train.Fit(ctx, m, moons(t, 300, 1), train.Config{Epochs: 60, Optimizer: optim.Adam{LearningRate: 0.01}, Validation: moons(t, 200, 2)})
	if err != nil {
		t.Fatal(err)
	}
	if acc := h.Last("val_accuracy"); acc < 0.97 {
		t.Errorf("validation accuracy %v", acc)
	}
	if want := []string{"loss", "accuracy", "val_loss", "val_accuracy"}; !slices.Equal(h.Names(), want) {
		t.Errorf("curves %v, want %v", h.Names(), want)
	}
	loss, err := m.Evaluate(ctx, moons(t, 200, 2), losses.BinaryCrossEntropy{})
	if err != nil {
		t.Fatal(err)
	}
	if last := h.Last("val_loss"); math.Abs(loss-last) > 1e-6 {
		t.Errorf("Evaluate gives %v, the history %v", loss, last)
	}
}

// bits returns all parameters of a model.
func bits(m *models.Model) string { return fmt.Sprintf("%x", m.Params().Snapshot()) }

func TestSameSeedSameBits(t *testing.T) {
	fit := func(seed uint64) string {
		m := net(t, seed)
		if _, err := train.Fit(ctx, m, moons(t, 101, 1), train.Config{Epochs: 5, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		return bits(m)
	}
	first := fit(1)
	if fit(1) != first {
		t.Error("the same seed gave other bits")
	}
	if fit(2) == first {
		t.Error("another seed gave the same bits")
	}
}

// TestResume stops fits after every epoch and goes on: the result is that of a
// fit that was never stopped, down to the bits, history and best weights included.
func TestResume(t *testing.T) {
	for name, base := range map[string]train.Config{
		"adam":              {Optimizer: optim.Adam{LearningRate: 0.02}},
		"nadam":             {Optimizer: optim.NAdam{}},
		"sgd with momentum": {Optimizer: optim.SGD{LearningRate: 0.05, Momentum: 0.9}},
		"lion":              {Optimizer: optim.Lion{LearningRate: 0.001}},
		"average":           {Optimizer: optim.Adam{LearningRate: 0.02}, Average: 0.95},
		"accumulated":       {Optimizer: optim.Adam{LearningRate: 0.02}, Average: 0.5, Accumulate: 3, BatchSize: 16},
	} {
		t.Run(name, func(t *testing.T) {
			const epochs = 12
			dir := t.TempDir()
			config := func() train.Config {
				c := base
				c.Epochs, c.Schedule, c.Seed, c.ValidationFraction = epochs, optim.CosineDecay{}, 3, 0.2
				c.Callbacks = []train.Callback{train.EarlyStopping{Patience: 4}, train.ReduceOnPlateau{Rule: optim.Plateau{Patience: 1}}}
				return c
			}
			set := moons(t, 130, 1)
			whole := net(t, 1)
			want, err := train.Fit(ctx, whole, set, config())
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "fit.safetensors")
			m := net(t, 1)
			var state *train.State
			for stop := 1; stop <= want.Epochs(); stop++ {
				c := config()
				c.From = state
				c.Callbacks = append(c.Callbacks, train.Checkpoint{Path: path}, train.OnEpoch(func(e *train.Event) error {
					if e.Epoch == stop {
						return train.ErrStop
					}
					return nil
				}))
				if _, err = train.Fit(ctx, m, set, c); err != nil {
					t.Fatal(err)
				}
				if m, state, err = train.LoadCheckpoint(path); err != nil {
					t.Fatal(err)
				}
				if state.Epochs() != stop {
					t.Fatalf("the checkpoint has %d epochs, want %d", state.Epochs(), stop)
				}
			}
			c := config()
			c.From = state
			got, err := train.Fit(ctx, m, set, c)
			if err != nil {
				t.Fatal(err)
			}
			if bits(m) != bits(whole) {
				t.Error("other bits than without a stop")
			}
			for _, n := range want.Names() {
				if !slices.Equal(got.Get(n), want.Get(n)) {
					t.Errorf("%s: %v, want %v", n, got.Get(n), want.Get(n))
				}
			}
			if got.BestEpoch != want.BestEpoch {
				t.Errorf("best epoch %d, want %d", got.BestEpoch, want.BestEpoch)
			}
		})
	}
}

// linear is a regression without anything random.
func linear(t testing.TB) *models.Model {
	t.Helper()
	m, err := models.Sequential(models.Config{Type: graph.Float64}, models.Input("x", 1),
		layers.Dense{Units: 1, Kernel: graph.Weight{Init: graph.Values{0.5}}})
	if err != nil {
		t.Fatal(err)
	}
	m.Info.Task = data.Regress{}
	return m
}

func line(t testing.TB, n int) *data.Set {
	t.Helper()
	x, y := make([][]float64, n), make([]float64, n)
	for i := range x {
		x[i] = []float64{float64(i)/float64(n) - 0.5}
		y[i] = 3*x[i][0] + 1 + 0.1*float64(i%3)
	}
	s, err := data.FromRows("line", x, y)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPartialBatch computes the epoch loss of 7 rows in batches of 3 by hand.
func TestPartialBatch(t *testing.T) {
	s := line(t, 7)
	m := linear(t)
	h, err := train.Fit(ctx, m, s, train.Config{Epochs: 1, BatchSize: 3, NoShuffle: true, Optimizer: optim.SGD{LearningRate: 0.1}})
	if err != nil {
		t.Fatal(err)
	}
	x, _, _ := s.Table()
	y, _ := s.Values()
	w, b, total := 0.5, 0.0, 0.0
	for at := 0; at < 7; at += 3 {
		end := min(at+3, 7)
		n := float64(end - at)
		loss, dw, db := 0.0, 0.0, 0.0
		for i := at; i < end; i++ {
			d := w*x[i] + b - y[i]
			loss += d * d / n
			dw += 2 * d * x[i] / n
			db += 2 * d / n
		}
		total += loss * n
		w -= 0.1 * dw
		b -= 0.1 * db
	}
	if want := total / 7; math.Abs(h.Last("loss")-want) > 1e-12 {
		t.Errorf("epoch loss %v, want %v", h.Last("loss"), want)
	}
	p := m.Params().All()
	if math.Abs(p[0].Values()[0]-w) > 1e-12 || math.Abs(p[1].Values()[0]-b) > 1e-12 {
		t.Errorf("weights %v %v, want %v %v", p[0].Values(), p[1].Values(), w, b)
	}
}

// TestWeights: a row of weight 2 is two rows, one of weight 0 is none.
func TestWeights(t *testing.T) {
	s := line(t, 6)
	doubled, err := s.Rows([]int{0, 0, 1, 3, 4, 4, 5})
	if err != nil {
		t.Fatal(err)
	}
	s.Weights = []float64{2, 1, 0, 1, 2, 1}
	fit := func(s *data.Set) (*models.Model, *train.History) {
		m := linear(t)
		h, err := train.Fit(ctx, m, s, train.Config{Epochs: 20, BatchSize: 10, NoShuffle: true, Optimizer: optim.SGD{LearningRate: 0.1}})
		if err != nil {
			t.Fatal(err)
		}
		return m, h
	}
	a, ha := fit(s)
	b, hb := fit(doubled)
	if d := ha.Last("loss") - hb.Last("loss"); math.Abs(d) > 1e-12 {
		t.Errorf("losses differ by %v", d)
	}
	for i, p := range a.Params().All() {
		if d := p.Values()[0] - b.Params().All()[i].Values()[0]; math.Abs(d) > 1e-12 {
			t.Errorf("%s differs by %v", p.Path, d)
		}
	}
}

func TestEarlyStopping(t *testing.T) {
	m := net(t, 1)
	var weights []string
	h, err := train.Fit(ctx, m, moons(t, 60, 1), train.Config{
		Epochs: 500, Optimizer: optim.Adam{LearningRate: 0.03}, Validation: moons(t, 60, 2),
		Callbacks: []train.Callback{train.EarlyStopping{Patience: 8}, train.OnEpoch(func(e *train.Event) error {
			weights = append(weights, bits(e.Model))
			return nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	values := h.Get("val_loss")
	best := slices.Index(values, slices.Min(values)) + 1
	if h.BestEpoch != best || h.Epochs() != best+8 {
		t.Errorf("best epoch %d of %d, want %d of %d", h.BestEpoch, h.Epochs(), best, best+8)
	}
	if !strings.Contains(h.Stopped, fmt.Sprintf("since epoch %d", best)) {
		t.Errorf("stopped: %q", h.Stopped)
	}
	if bits(m) != weights[best-1] {
		t.Error("the weights are not those of the best epoch")
	}
}

func TestLogs(t *testing.T) {
	dir := t.TempDir()
	c, j := filepath.Join(dir, "log.csv"), filepath.Join(dir, "log.jsonl")
	var lines bytes.Buffer
	h, err := train.Fit(ctx, net(t, 1), moons(t, 50, 1), train.Config{Epochs: 3, Callbacks: []train.Callback{train.CSVLog{Path: c}, train.JSONLog{Path: j}, train.Progress{W: &lines}}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 4 || records[0][1] != "loss" || records[3][1] != fmt.Sprint(h.Last("loss")) {
		t.Errorf("csv: %v", records)
	}
	text, err := os.ReadFile(j)
	if err != nil {
		t.Fatal(err)
	}
	var row map[string]float64
	if err := json.Unmarshal(bytes.Split(text, []byte("\n"))[2], &row); err != nil || row["epoch"] != 3 || row["loss"] != h.Last("loss") {
		t.Errorf("json: %s (%v)", text, err)
	}
	if n := strings.Count(lines.String(), "\n"); n != 3 {
		t.Errorf("%d progress lines", n)
	}
}

func TestBadInput(t *testing.T) {
	set := moons(t, 40, 1)
	three, err := data.FromLabels("three", [][]float64{{1, 2, 3}, {4, 5, 6}}, []int{0, 1}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	wrongClass := moons(t, 40, 1)
	wrongClass.Classes = []string{"a", "b", "c"}
	labels, _ := wrongClass.Labels()
	labels[7] = 2
	nan := moons(t, 40, 1)
	values, _, _ := nan.Table()
	values[9] = math.NaN()
	for _, c := range []struct {
		name   string
		set    *data.Set
		config train.Config
		want   string
	}{
		{"no rows", &data.Set{}, train.Config{}, "no rows"},
		{"other columns", three, train.Config{}, "rows of shape (3), the model wants (2)"},
		{"class out of range", wrongClass, train.Config{NoShuffle: true, Epochs: 1}, "class 2"},
		{"missing values", nan, train.Config{Epochs: 1}, "row 4, column x1: the value is missing"},
		{"negative epochs", set, train.Config{Epochs: -1}, "-1 epochs"},
		{"validation fraction", set, train.Config{ValidationFraction: 1}, "not in [0, 1)"},
		{"monitor", set, train.Config{Epochs: 1, Callbacks: []train.Callback{train.EarlyStopping{}}}, `no curve "val_loss"; there are ["loss" "accuracy"]`},
		{"nil callback", set, train.Config{Callbacks: []train.Callback{nil}}, "callback 0 is nil"},
		{"unwritable log", set, train.Config{Callbacks: []train.Callback{train.CSVLog{Path: "/nowhere/x.csv"}}}, "no such file"},
		{"loss of another shape", set, train.Config{Loss: losses.Func(func(b *graph.Builder, pred, _ *graph.Node) *graph.Node { return b.Mean(pred) })}, "one number for each"},
		{"loss that panics", set, train.Config{Loss: losses.Func(func(*graph.Builder, *graph.Node, *graph.Node) *graph.Node { panic("mine") })}, "loss: panic: mine"},
		{"learning rate", set, train.Config{Optimizer: optim.SGD{LearningRate: -1}}, "learning rate -1"},
		{"losses", set, train.Config{Losses: []losses.Loss{losses.MSE{}, losses.MSE{}}}, "2 losses for 1 outputs"},
		{"loss of a regression", set, train.Config{Loss: losses.MSE{}}, "the targets are classes, and the loss is MSE: set the model's Info.Task"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := train.Fit(ctx, net(t, 1), c.set, c.config)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have %v, want %q", err, c.want)
			}
		})
	}
}

// TestLastBatchOfOne: batch normalisation has no variance there, which is told
// before anything is trained.
func TestLastBatchOfOne(t *testing.T) {
	m, err := models.Sequential(models.Config{}, models.Input("x", 2), layers.BatchNorm{}, layers.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: []string{"a", "b"}}
	was := m.Params().Snapshot()
	_, err = train.Fit(ctx, m, moons(t, 33, 1), train.Config{Epochs: 1})
	const want = "train: graph: 0.BatchNorm: training input (1, 2) has one value a feature: there is no variance (the last of 33 rows in batches of 32: choose another BatchSize)"
	if err == nil || err.Error() != want {
		t.Errorf("have %v", err)
	}
	if !reflect.DeepEqual(m.Params().Snapshot(), was) {
		t.Error("the parameters have changed")
	}
}

func TestDivergence(t *testing.T) {
	config := train.Config{Epochs: 500, NoShuffle: true, Optimizer: optim.SGD{LearningRate: 1e6}}
	h, err := train.Fit(ctx, linear(t), line(t, 20), config)
	if !errors.Is(err, train.ErrDiverged) || h == nil || strings.Count(err.Error(), "train: ") != 1 {
		t.Errorf("have %v", err)
	}
	config.Callbacks = []train.Callback{train.TerminateOnNaN{}}
	if h, err = train.Fit(ctx, linear(t), line(t, 20), config); err != nil || !strings.Contains(h.Stopped, "diverged") {
		t.Errorf("have %v, stopped %q", err, h.Stopped)
	}
}

func TestCancel(t *testing.T) {
	c, cancel := context.WithCancel(ctx)
	h, err := train.Fit(c, net(t, 1), moons(t, 50, 1), train.Config{Epochs: 100, Callbacks: []train.Callback{train.OnEpoch(func(e *train.Event) error {
		if e.Epoch == 3 {
			cancel()
		}
		return nil
	})}})
	if !errors.Is(err, context.Canceled) || h.Epochs() != 3 {
		t.Errorf("have %v after %d epochs", err, h.Epochs())
	}
}

// TestGorgoniaSolver trains with a solver of Gorgonia's.
// TestAugment checks that augmentation reaches training rows and no others, that
// it is keyed by seed, step and row, and that its mistakes are reported.
func TestAugment(t *testing.T) {
	set := moons(t, 40, 1)
	before, _, _ := set.Table()
	before = slices.Clone(before)
	fit := func(seed uint64, a data.Augmenter) *train.History {
		t.Helper()
		h, err := train.Fit(ctx, net(t, 1), set, train.Config{Epochs: 3, Seed: seed, BatchSize: 16, NoShuffle: true, Augment: a})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	plain, a, again, other := fit(1, nil), fit(1, data.Jitter{Std: 0.3}), fit(1, data.Jitter{Std: 0.3}), fit(2, data.Jitter{Std: 0.3})
	if !slices.Equal(a.Get("loss"), again.Get("loss")) {
		t.Error("the same seed gives other samples")
	}
	if slices.Equal(a.Get("loss"), other.Get("loss")) || slices.Equal(a.Get("loss"), plain.Get("loss")) {
		t.Error("the augmentation has no effect, or the seed has none")
	}
	if after, _, _ := set.Table(); !slices.Equal(before, after) {
		t.Error("the set was changed")
	}
	seen := map[float64]bool{}
	calls := 0
	fit(1, data.AugmentFunc(func(x []float64, shape []int, r *rand.Rand) error {
		if !slices.Equal(shape, []int{2}) || len(x) != 2 {
			t.Errorf("a sample of shape %v", shape)
		}
		calls++
		seen[r.Float64()] = true
		return nil
	}))
	if calls != 120 || len(seen) != 120 {
		t.Errorf("%d samples with %d different numbers, want 120 of each", calls, len(seen))
	}
	bad := train.Config{Epochs: 1, Augment: data.ImageAugment{Flip: 1}}
	if _, err := train.Fit(ctx, net(t, 1), set, bad); err == nil || !strings.Contains(err.Error(), "epoch 1, batch 1: augmentation of row") {
		t.Errorf("have %v", err)
	}
}

// TestProgressLine wants one line that is written over, and that says at its end
// why the fit has stopped.
func TestProgressLine(t *testing.T) {
	var b bytes.Buffer
	_, err := train.Fit(ctx, net(t, 1), moons(t, 40, 1), train.Config{Epochs: 200, ValidationFraction: 0.25,
		Callbacks: []train.Callback{train.Progress{W: &b, Line: true}, train.EarlyStopping{Patience: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "\repoch 1 ") || !strings.Contains(text, "; stopped: val_loss has not improved") {
		t.Errorf("have %q", text)
	}
}

func TestGorgoniaSolver(t *testing.T) {
	m := linear(t)
	h, err := train.Fit(ctx, m, line(t, 30), train.Config{Epochs: 200, Optimizer: optim.Gorgonia{Solver: gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(0.1))}})
	if err != nil {
		t.Fatal(err)
	}
	if h.Last("loss") > 0.02 {
		t.Errorf("loss %v", h.Last("loss"))
	}
	dir := t.TempDir()
	_, err = train.Fit(ctx, linear(t), line(t, 30), train.Config{Epochs: 1, Optimizer: optim.Gorgonia{Solver: gorgonia.NewVanillaSolver()},
		Callbacks: []train.Callback{train.Checkpoint{Path: filepath.Join(dir, "x")}}})
	if err == nil || !strings.Contains(err.Error(), "cannot be saved") {
		t.Errorf("have %v", err)
	}
}

// TestLogTarget: the logarithm of a skewed target is tried, kept only where validation
// rows are predicted better by it, and predictions are in the target's units.
func TestLogTarget(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 300
	set := func(f func(x float64) float64) *data.Set {
		var text strings.Builder
		text.WriteString("x,y\n")
		for range n {
			x := rng.NormFloat64()
			fmt.Fprintf(&text, "%v,%v\n", x, f(x))
		}
		s, _, err := data.CSV{Target: "y", AsTask: "regress"}.Read(strings.NewReader(text.String()), "made up")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	e := train.Estimator{
		Net: models.MLP{Hidden: []int{16}, Activation: layers.Tanh}, Preprocess: data.Standardize{}, ScaleTarget: true, LogTarget: true, Seed: 1,
		Config: train.Config{Epochs: 60, Optimizer: optim.Adam{LearningRate: 0.05}, ValidationFraction: 0.2},
	}
	for _, c := range []struct {
		name        string
		f           func(x float64) float64
		logarithmic bool
		note        string
	}{
		{"exponential", func(x float64) float64 { return 1000 * math.Exp(2*x) }, true, "trained on the target's logarithm"},
		{"linear in skewed noise", func(x float64) float64 { return 3*x + 4*math.Exp(rng.NormFloat64()) }, false, ""},
		{"linear", func(x float64) float64 { return 3 * x }, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := set(c.f)
			m, h, err := e.Train(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			if (m.Info.Scales[0].Width != 0) != c.logarithmic || !strings.HasPrefix(strings.Join(h.Notes, "; "), c.note) || c.note == "" && len(h.Notes) > 0 {
				t.Errorf("width %v, notes %q", m.Info.Scales[0].Width, h.Notes)
			}
			p, err := m.PredictRows(ctx, s.Without())
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "m.safetensors")
			if err := m.Save(path); err != nil {
				t.Fatal(err)
			}
			loaded, err := models.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := loaded.PredictRows(ctx, s.Without()); err != nil || !slices.Equal(again.Values, p.Values) {
				t.Errorf("the loaded model predicts something else: %v", err)
			}
			y, _ := s.Values()
			if r2, err := metrics.R2(y, p.Values); err != nil || c.logarithmic && r2 < 0.99 {
				t.Errorf("R2 %v, %v", r2, err)
			}
		})
	}
	e.Config.ValidationFraction = 0
	if _, _, err := e.Train(ctx, set(math.Exp)); err == nil || !strings.Contains(err.Error(), "LogTarget wants ScaleTarget and validation rows") {
		t.Errorf("without validation rows: %v", err)
	}
}

// TestEstimator fits raw rows with missing values and categories, and predicts
// from raw rows in the target's own units.
func TestEstimator(t *testing.T) {
	const text = "size,colour,price\n1,red,110\n2,blue,190\n3,red,310\n,blue,190\n5,red,510\n6,blue,590\n7,red,710\n8,blue,790\n"
	s, _, err := data.CSV{}.Read(strings.NewReader(text), "prices.csv")
	if err != nil {
		t.Fatal(err)
	}
	e := train.Estimator{
		Net:        models.MLP{},
		Preprocess: data.Pipeline{data.Impute{}, data.OneHot{}, data.Standardize{}}, ScaleTarget: true, Seed: 1,
		Config: train.Config{Epochs: 400, Optimizer: optim.Adam{LearningRate: 0.05}},
	}
	p, err := e.Fit(ctx, s, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Predict(ctx, s.Without())
	if err != nil {
		t.Fatal(err)
	}
	y, _ := s.Values()
	for _, i := range []int{0, 2, 5, 7} {
		if math.Abs(got.Values[i]-y[i]) > 80 {
			t.Errorf("row %d: predicted %v, actual %v", i, got.Values[i], y[i])
		}
	}
	if p.Parameters != 4 || len(p.Curves) == 0 {
		t.Errorf("%d parameters, %d curves", p.Parameters, len(p.Curves))
	}
}

// TestEstimatorInfinity: an infinite value is told where it is, not where
// preprocessing has carried it.
func TestEstimatorInfinity(t *testing.T) {
	s := moons(t, 20, 1)
	values, _, _ := s.Table()
	values[7] = math.Inf(1)
	_, _, err := train.Estimator{Net: models.MLP{}, Preprocess: data.Standardize{}}.Train(ctx, s)
	if err == nil || !strings.Contains(err.Error(), "row 3, column x1: +Inf is not finite") {
		t.Errorf("have %v", err)
	}
}

// TestEstimatorValidation watches the training rows themselves: without noise,
// and with the weights at rest, both losses are one.
func TestEstimatorValidation(t *testing.T) {
	s := moons(t, 60, 1)
	v, _, err := s.Table()
	if err != nil {
		t.Fatal(err)
	}
	for i := range v {
		v[i] = 100 + 5*v[i]
	}
	e := train.Estimator{
		Net: models.MLP{Hidden: []int{4}}, Preprocess: data.Standardize{},
		Config: train.Config{Epochs: 2, BatchSize: 60, Optimizer: optim.SGD{LearningRate: 1e-12}, Validation: s},
	}
	_, h, err := e.Train(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := h.Last("loss"), h.Last("val_loss"); math.Abs(a-b) > 1e-5 {
		t.Errorf("loss %v, validation loss of the same rows %v", a, b)
	}
	e.Config.Validation = &data.Set{Targets: s.Targets, Classes: s.Classes}
	if _, _, err := e.Train(ctx, s); err == nil || !strings.Contains(err.Error(), "validation rows") {
		t.Errorf("a validation set without inputs: %v", err)
	}
}

func TestSeveralOutputs(t *testing.T) {
	in := models.Input("x", 2)
	h := in.Then(layers.Dense{Units: 8, Activation: layers.Tanh})
	m, err := models.New(models.Config{}, []*models.Tensor{in}, []*models.Tensor{h.Then(layers.Dense{Units: 1}), h.Then(layers.Dense{Units: 2})})
	if err != nil {
		t.Fatal(err)
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: []string{"upper", "lower"}}
	s := moons(t, 100, 1)
	s.Targets = append(s.Targets, s.Inputs[0])
	hist, err := train.Fit(ctx, m, s, train.Config{Epochs: 60, Optimizer: optim.Adam{LearningRate: 0.02}, Losses: []losses.Loss{losses.BinaryCrossEntropy{}, losses.MSE{}}})
	if err != nil {
		t.Fatal(err)
	}
	if first, last := hist.Get("loss")[0], hist.Last("loss"); last > first/2 {
		t.Errorf("loss %v to %v", first, last)
	}
}

// TestBatchLoss: the losses of an epoch's batches, by their rows, make the epoch's.
func TestBatchLoss(t *testing.T) {
	set := moons(t, 50, 1)
	m, err := models.MLP{Hidden: []int{8}}.Build(set, 1)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	hist, err := train.Fit(ctx, m, set, train.Config{Epochs: 1, BatchSize: 16, Callbacks: []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.BatchEnd {
				sum += e.Loss * float64(min(16, 50-16*(e.Batch-1)))
			}
			return nil
		}, nil
	})}})
	if err != nil {
		t.Fatal(err)
	}
	if want := hist.Last("loss"); !(sum > 0) || math.Abs(sum/50-want) > 1e-6*want {
		t.Errorf("the batches' losses make %v, the epoch's is %v", sum/50, want)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name string
		net  models.MLP
	}{
		{"16x8", models.MLP{Hidden: []int{16, 8}}},
		{"64x64", models.MLP{Hidden: []int{64, 64}}},
		{"64x64-L1", models.MLP{Hidden: []int{64, 64}, L1: 1e-3}},
		{"64x64-L2", models.MLP{Hidden: []int{64, 64}, L2: 1e-3}},
		{"64x64-dropout", models.MLP{Hidden: []int{64, 64}, Dropout: 0.5}},
		{"512x512", models.MLP{Hidden: []int{512, 512}}},
		{"512x512-L1", models.MLP{Hidden: []int{512, 512}, L1: 1e-3}},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkStep(b, c.net) })
	}
}

func benchmarkStep(b *testing.B, net models.MLP) {
	m, err := net.Build(moons(b, 544, 1), 1)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	steps := 0
	_, err = train.Fit(ctx, m, moons(b, 544, 1), train.Config{Epochs: 1 << 30, Metrics: []data.Metric{}, Callbacks: []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.Begin {
				b.ResetTimer()
			}
			if e.Kind == train.BatchEnd {
				if steps++; steps >= b.N {
					return train.ErrStop
				}
			}
			return nil
		}, nil
	})}})
	if err != nil {
		b.Fatal(err)
	}
}
