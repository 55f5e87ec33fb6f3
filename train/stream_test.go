package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// elsewhere is rows that are read like those of a file; how many at most at once is kept.
type elsewhere struct {
	*data.Set
	most atomic.Int64
	bad  int // a row that cannot be read; 0: none
}

func (e *elsewhere) Stream() (*data.Stream, error) {
	st, err := e.Set.Stream()
	if err != nil {
		return nil, err
	}
	like, err := data.Head(e.Set, 100)
	if err != nil {
		return nil, err
	}
	return &data.Stream{Rows: st.Rows, Like: like, Load: func(rows []int, into *data.Set) error {
		e.most.Store(max(e.most.Load(), int64(len(rows))))
		for _, r := range rows {
			if e.bad > 0 && r == e.bad {
				return errors.New("the disk is gone")
			}
		}
		return st.Load(rows, into)
	}}, nil
}

// large is a table of more rows than a window, with a category and gaps.
func large(t testing.TB, n int, task data.Task) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 5))
	x, labels, values := make([]float64, 3*n), make([]int, n), make([]float64, n)
	for i := range n {
		a, b := r.NormFloat64(), r.ExpFloat64()
		x[3*i], x[3*i+1], x[3*i+2] = a, b, float64(r.IntN(3))
		if r.IntN(50) == 0 {
			x[3*i] = math.NaN()
		}
		values[i] = a*b + x[3*i+2]
		if a+b*x[3*i+2] > 1 {
			labels[i] = 1
		}
	}
	s := &data.Set{Name: "large", Target: "y", Features: []data.Feature{{Name: "a"}, {Name: "b"}, {Name: "c", Levels: []string{"p", "q", "r"}}}}
	s.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(n, 3), tensor.WithBacking(x))}
	if task == (data.Classify{}) {
		s.Classes = []string{"no", "yes"}
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(labels))}
	} else {
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(values))}
	}
	return s
}

var prepareLarge = data.Columns{
	Numbers:    data.Pipeline{data.Impute{Indicate: true}, data.RobustScale{}, data.Standardize{}, data.NormalScores{Beside: true}, data.Clip{}},
	Categories: data.OneHot{},
}

// TestStreamIsMemory: an estimator fits rows that are read a window at a time to the same
// bits as rows in memory, with everything that it can do beside the fit.
func TestStreamIsMemory(t *testing.T) {
	n := 2*data.WindowRows + data.BlockRows + 777
	for _, c := range []struct {
		name string
		task data.Task
		e    train.Estimator
	}{
		{"classes", data.Classify{}, train.Estimator{Balanced: true, Calibrate: train.Temperature, Decide: train.ByF1}},
		{"values", data.Regress{}, train.Estimator{ScaleTarget: true, LogTarget: true, BoundTarget: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := c.e
			e.Net, e.Preprocess, e.Seed = models.MLP{Hidden: []int{8}, Dropout: 0.1}, prepareLarge, 3
			e.Config = train.Config{Epochs: 2, BatchSize: 1000, ValidationFraction: 0.1, Callbacks: []train.Callback{train.EarlyStopping{}}}
			set := large(t, n, c.task)
			file := &elsewhere{Set: set}
			var said []string
			for _, rows := range []data.Source{set, file} {
				m, h, err := e.Train(context.Background(), rows)
				if err != nil {
					t.Fatal(err)
				}
				p, err := m.PredictRows(context.Background(), data.Blind(rows))
				if err != nil {
					t.Fatal(err)
				}
				said = append(said, fmt.Sprint(h.Curves, h.Notes, m.Params().Snapshot(), m.Info.Costs, m.Info.Calibration, p.Proba[:min(2000, len(p.Proba))], p.Values[:min(1000, len(p.Values))]))
			}
			if said[0] != said[1] {
				t.Errorf("in memory\n%.600s\nread\n%.600s", said[0], said[1])
			}
			if most := file.most.Load(); most > data.WindowRows {
				t.Errorf("%d rows were read at once, more than a window", most)
			}
		})
	}
}

// TestStreamBatches: epochs of a stream with batches that do not divide a window, with
// DropLast, without shuffling, and interrupted in the middle.
func TestStreamBatches(t *testing.T) {
	set := large(t, data.WindowRows+data.BlockRows+5, data.Regress{})
	filled, err := prepareLarge.Fit(set)
	if err != nil {
		t.Fatal(err)
	}
	if set, err = filled.Apply(set); err != nil {
		t.Fatal(err)
	}
	_, width, err := set.Table()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]train.Config{
		"odd batches": {BatchSize: 9999, Epochs: 2},
		"drop last":   {BatchSize: 70001, Epochs: 2, DropLast: true},
		"in order":    {BatchSize: 50000, Epochs: 1, NoShuffle: true},
	} {
		var said []string
		for _, rows := range []data.Source{set, &elsewhere{Set: set}} {
			m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", width), layers.Dense{Units: 4, Activation: layers.Tanh}, layers.Dense{Units: 1})
			if err != nil {
				t.Fatal(err)
			}
			steps, weights := 0, 0
			c.Callbacks = []train.Callback{train.CallbackFunc(func(f *train.Fitting) (train.Hook, error) {
				weights = f.Batches
				return func(e *train.Event) error {
					if e.Kind == train.BatchEnd {
						steps++
					}
					return nil
				}, nil
			})}
			h, err := train.Fit(context.Background(), m, rows, c)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if steps != c.Epochs*weights {
				t.Errorf("%s: %d steps in %d epochs of %d batches", name, steps, c.Epochs, weights)
			}
			said = append(said, fmt.Sprint(h.Curves, steps, m.Params().Snapshot()))
		}
		if said[0] != said[1] {
			t.Errorf("%s: in memory\n%s\nread\n%s", name, said[0], said[1])
		}
	}

	// What goes wrong while rows are read ends the fit, which leaves nothing behind.
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", width), layers.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	_, err = train.Fit(ctx, m, &elsewhere{Set: set}, train.Config{BatchSize: 1000, Epochs: 50, Callbacks: []train.Callback{train.OnEpoch(func(*train.Event) error { cancel(); return nil })}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err = train.Fit(context.Background(), m, &elsewhere{Set: set, bad: 3 * data.BlockRows}, train.Config{BatchSize: 1000, Epochs: 2}); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("error %v", err)
	}
	v, _, err := set.Table()
	if err != nil {
		t.Fatal(err)
	}
	v[width*(data.WindowRows+3)] = math.NaN()
	_, err = train.Fit(context.Background(), m, &elsewhere{Set: set}, train.Config{BatchSize: 1000, Epochs: 2, NoShuffle: true})
	var row *data.RowError
	if !errors.As(err, &row) || row.Row != data.WindowRows+3 {
		t.Errorf("error %v of row %+v, want row %d", err, row, data.WindowRows+3)
	}
}
