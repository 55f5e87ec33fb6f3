package train_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// stopAt ends a fit after an epoch.
func stopAt(epoch int) train.Callback {
	return train.OnEpoch(func(e *train.Event) error {
		if e.Epoch == epoch {
			return train.ErrStop
		}
		return nil
	})
}

// TestResumeAnyOrder stops after every epoch and goes on, with the checkpoint
// before and after the callback that keeps the best weights, on to an end by
// EarlyStopping, and resumes the ended fit once more.
func TestResumeAnyOrder(t *testing.T) {
	for _, first := range []bool{true, false} {
		name := "checkpoint last"
		if first {
			name = "checkpoint first"
		}
		t.Run(name, func(t *testing.T) {
			set := moons(t, 130, 1)
			path := filepath.Join(t.TempDir(), "fit.safetensors")
			config := func(extra ...train.Callback) train.Config {
				list := []train.Callback{train.EarlyStopping{Patience: 3}}
				if first {
					list = append([]train.Callback{train.Checkpoint{Path: path}}, list...)
				} else {
					list = append(list, train.Checkpoint{Path: path})
				}
				return train.Config{Epochs: 200, Optimizer: optim.Adam{LearningRate: 0.05}, Seed: 3, ValidationFraction: 0.2, Callbacks: append(list, extra...)}
			}
			whole := net(t, 1)
			want, err := train.Fit(ctx, whole, set, config())
			if err != nil {
				t.Fatal(err)
			}
			if want.Stopped == "" || want.BestEpoch == want.Epochs() {
				t.Fatalf("the fit was to be ended early: best %d of %d", want.BestEpoch, want.Epochs())
			}
			m := net(t, 1)
			var state *train.State
			var got *train.History
			for stop := 1; stop <= want.Epochs()+1; stop++ { // the last time there is nothing left to do
				c := config(stopAt(stop))
				c.From = state
				if got, err = train.Fit(ctx, m, set, c); err != nil {
					t.Fatal(err)
				}
				if bits(m) != bits(whole) && stop >= want.Epochs() {
					t.Errorf("stop %d: other weights than without a stop", stop)
				}
				if m, state, err = train.LoadCheckpoint(path); err != nil {
					t.Fatal(err)
				}
			}
			if got.Epochs() != want.Epochs() || got.BestEpoch != want.BestEpoch || got.Stopped != want.Stopped {
				t.Errorf("%d epochs, best %d, %q; want %d, %d, %q", got.Epochs(), got.BestEpoch, got.Stopped, want.Epochs(), want.BestEpoch, want.Stopped)
			}
			for _, n := range want.Names() {
				if !slices.Equal(got.Get(n), want.Get(n)) {
					t.Errorf("%s: %v, want %v", n, got.Get(n), want.Get(n))
				}
			}
		})
	}
}

// score is a metric that follows from the epoch; more of it is better.
func score(f func(epoch int) float64) data.Metric {
	n := 0
	return data.Metric{Name: "score", Greater: true, Score: func(*data.Set, *data.Prediction) (float64, error) {
		n++
		return f(n), nil
	}}
}

// TestCheckpointAtTheEnd: with Every: 5 the file holds the last whole epoch,
// however the fit has ended.
func TestCheckpointAtTheEnd(t *testing.T) {
	for name, end := range map[string]func(cancel func(), epoch int) train.Callback{
		"stop":           func(_ func(), epoch int) train.Callback { return stopAt(epoch) },
		"early stopping": func(func(), int) train.Callback { return train.EarlyStopping{Monitor: "score", Patience: 2} },
		"cancel":         func(cancel func(), epoch int) train.Callback { return train.OnEpoch(cancelAt(cancel, epoch)) },
		"cancel in the middle of the next": func(cancel func(), epoch int) train.Callback {
			return train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
				return func(e *train.Event) error {
					if e.Kind == train.BatchEnd && e.Epoch == epoch+1 && e.Batch == 2 {
						cancel()
					}
					return nil
				}, nil
			})
		},
	} {
		for _, epoch := range []int{3, 7} {
			t.Run(name, func(t *testing.T) {
				c, cancel := context.WithCancel(ctx)
				defer cancel()
				path := filepath.Join(t.TempDir(), "fit.safetensors")
				m, set := net(t, 1), moons(t, 130, 1)
				var then string
				peak := score(func(at int) float64 { return -math.Abs(float64(at - epoch + 2)) }) // two epochs before
				_, err := train.Fit(c, m, set, train.Config{Epochs: 20, Metrics: []data.Metric{peak}, Callbacks: []train.Callback{
					train.Checkpoint{Path: path, Every: 5}, end(cancel, epoch),
					train.OnEpoch(func(e *train.Event) error {
						if e.Epoch == epoch {
							then = bits(e.Model)
						}
						return nil
					}),
				}})
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				after := bits(m)
				loaded, state, err := train.LoadCheckpoint(path)
				if err != nil {
					t.Fatal(err)
				}
				if state.Epochs() != epoch || bits(loaded) != then {
					t.Errorf("the file holds epoch %d, want %d with its weights", state.Epochs(), epoch)
				}
				if bits(m) != after {
					t.Error("loading has changed the model")
				}
			})
		}
	}
}

func cancelAt(cancel func(), epoch int) func(*train.Event) error {
	return func(e *train.Event) error {
		if e.Epoch == epoch {
			cancel()
		}
		return nil
	}
}

// TestStateIsAValue: two fits that go on from one State have the same history.
func TestStateIsAValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fit.safetensors")
	set := moons(t, 60, 1)
	if _, err := train.Fit(ctx, net(t, 1), set, train.Config{Epochs: 3, Callbacks: []train.Callback{train.Checkpoint{Path: path}}}); err != nil {
		t.Fatal(err)
	}
	_, state, err := train.LoadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	var first []float64
	for i := range 2 {
		m, _, err := train.LoadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		again := filepath.Join(t.TempDir(), "again.safetensors")
		h, err := train.Fit(ctx, m, set, train.Config{Epochs: 6, From: state, Seed: uint64(i), Callbacks: []train.Callback{train.Checkpoint{Path: again}}})
		if err != nil {
			t.Fatal(err)
		}
		if state.Epochs() != 3 || h.Epochs() != 6 {
			t.Errorf("fit %d: the state has %d epochs, want 3; the history %d, want 6", i, state.Epochs(), h.Epochs())
		}
		if _, _, err := train.LoadCheckpoint(again); err != nil {
			t.Error(err)
		}
		if first == nil {
			first = slices.Clone(h.Get("loss"))
		} else if slices.Equal(first, h.Get("loss")) {
			t.Error("another seed gave the same losses: the test shows nothing")
		}
	}
}

// blank is a metric that is not a number in odd epochs.
func blank() data.Metric {
	n := 0
	return data.Metric{Name: "precision", Greater: true, Score: func(*data.Set, *data.Prediction) (float64, error) {
		if n++; n%2 == 1 {
			return math.NaN(), nil
		}
		return 0.5, nil
	}}
}

// TestMetricThatIsNotANumber: it can be written and read, and monitors pass over
// it with a note.
func TestMetricThatIsNotANumber(t *testing.T) {
	dir := t.TempDir()
	path, log := filepath.Join(dir, "fit.safetensors"), filepath.Join(dir, "log.jsonl")
	h, err := train.Fit(ctx, net(t, 1), moons(t, 60, 1), train.Config{Epochs: 4, Metrics: []data.Metric{blank()}, Callbacks: []train.Callback{
		train.Checkpoint{Path: path}, train.ReduceOnPlateau{Monitor: "precision"}, train.EarlyStopping{Monitor: "precision"}, train.JSONLog{Path: log},
		train.Checkpoint{Path: filepath.Join(dir, "best.safetensors"), BestOnly: "precision"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if h.BestEpoch != 2 || len(h.Notes) != 3 || !strings.Contains(h.Notes[0], "passed over epochs in which precision is not a number") {
		t.Errorf("best epoch %d, notes %q", h.BestEpoch, h.Notes)
	}
	text, err := h.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var back train.History
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if v := back.Get("precision"); len(v) != 4 || !math.IsNaN(v[0]) || v[1] != 0.5 || !slices.Equal(back.Get("loss"), h.Get("loss")) || back.Epochs() != 4 {
		t.Errorf("read back: %+v", back)
	}
	if _, state, err := train.LoadCheckpoint(path); err != nil || state.Epochs() != 4 {
		t.Errorf("the checkpoint cannot be read: %v", err)
	}
	if lines, err := os.ReadFile(log); err != nil || !strings.Contains(string(lines), `"precision":null`) {
		t.Errorf("log %s (%v), want null", lines, err)
	}
}

// TestDirectionFollowsTheMetric: on accuracy the best epoch is the one with the
// greatest, for EarlyStopping and for Checkpoint.
func TestDirectionFollowsTheMetric(t *testing.T) {
	path := filepath.Join(t.TempDir(), "best.safetensors")
	h, err := train.Fit(ctx, net(t, 2), moons(t, 60, 1), train.Config{Epochs: 25, Validation: moons(t, 90, 2), Callbacks: []train.Callback{
		train.EarlyStopping{Monitor: "val_accuracy", Patience: 50}, train.Checkpoint{Path: path, BestOnly: "val_accuracy"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	v := h.Get("val_accuracy")
	best := slices.Index(v, slices.Max(v)) + 1
	if slices.Max(v) == v[0] {
		t.Fatal("the first epoch is the best: the test shows nothing")
	}
	if h.BestEpoch != best {
		t.Errorf("best epoch %d, want %d of %v", h.BestEpoch, best, v)
	}
	if _, state, err := train.LoadCheckpoint(path); err != nil || state.Epochs() != best {
		t.Errorf("the checkpoint is of epoch %d (%v), want %d", state.Epochs(), err, best)
	}
}

// TestPlateauFollowsTheMetric: a metric that is to rise and does leaves the learning
// rate as it is; one that falls lowers it.
func TestPlateauFollowsTheMetric(t *testing.T) {
	fit := func(m data.Metric, callbacks ...train.Callback) string {
		n := net(t, 2)
		if _, err := train.Fit(ctx, n, moons(t, 60, 1), train.Config{Epochs: 8, Metrics: []data.Metric{m}, Callbacks: callbacks}); err != nil {
			t.Fatal(err)
		}
		return bits(n)
	}
	rises, falls := func(epoch int) float64 { return float64(epoch) }, func(epoch int) float64 { return -float64(epoch) }
	plateau := train.ReduceOnPlateau{Monitor: "score", Rule: optim.Plateau{Patience: 1}}
	plain := fit(score(rises))
	if fit(score(rises), plateau) != plain {
		t.Error("the metric rises, and the rate was lowered")
	}
	if fit(score(falls), plateau) == plain {
		t.Error("the metric falls, and the rate was kept")
	}
}

// TestBatchOfWeightlessRows: a batch of rows of weight 0 makes no step and does
// not count, in training and in validation.
func TestBatchOfWeightlessRows(t *testing.T) {
	s := line(t, 6)
	s.Weights = []float64{0, 0, 1, 1, 0, 0}
	only, err := s.Rows([]int{2, 3})
	if err != nil {
		t.Fatal(err)
	}
	only.Weights = nil
	var curves [2][]float64
	var weights [2]string
	for i, set := range []*data.Set{s, only} {
		m := linear(t)
		h, err := train.Fit(ctx, m, set, train.Config{Epochs: 4, BatchSize: 2, NoShuffle: true, Optimizer: optim.SGD{LearningRate: 0.1, Momentum: 0.9}, Validation: set})
		if err != nil {
			t.Fatal(err)
		}
		curves[i], weights[i] = slices.Concat(h.Get("loss"), h.Get("val_loss")), bits(m)
	}
	if len(curves[0]) != 8 || !slices.Equal(curves[0], curves[1]) || weights[0] != weights[1] {
		t.Errorf("losses %v and weights %s; without those rows %v and %s", curves[0], weights[0], curves[1], weights[1])
	}
}

// TestValidationRowsAreNotPreprocessedOn: statistics are those of the rows that
// are trained on.
func TestValidationRowsAreNotPreprocessedOn(t *testing.T) {
	s := line(t, 40)
	_, part, err := s.SplitRows(0.25, 5)
	if err != nil {
		t.Fatal(err)
	}
	v, _, _ := s.Table()
	y, _ := s.Values()
	for _, i := range part { // what is set aside is far off
		v[i] += 1000
		y[i] += 1000
	}
	m, _, err := train.Estimator{Net: models.MLP{}, Preprocess: data.Standardize{}, ScaleTarget: true, BoundTarget: true, Seed: 5, Config: train.Config{Epochs: 1, ValidationFraction: 0.25}}.Train(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if c := m.Info.Preprocess.(data.FittedScale).Center[0]; math.Abs(c) > 1 {
		t.Errorf("center %v: the validation rows took part", c)
	}
	if i := m.Info.Scales[0]; math.Abs(i.Mean) > 5 || !(i.Scale < 5) || !(i.Range[0] < i.Range[1] && i.Range[1] < 5) {
		t.Errorf("target mean %v, scale %v, range %v: the validation rows took part", i.Mean, i.Scale, i.Range)
	}
}

// TestScaleOfEqualTargets: what rounding leaves of their spread is no scale.
func TestScaleOfEqualTargets(t *testing.T) {
	s, err := data.FromRows("equal", [][]float64{{1}, {2}, {3}}, []float64{0.1, 0.1, 0.1})
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := train.Estimator{Net: models.MLP{}, ScaleTarget: true, Config: train.Config{Epochs: 1}}.Train(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Info.Scales[0]; s.Mean != 0.1 || s.Scale != 1 {
		t.Errorf("mean %v, scale %v; want 0.1 and 1", s.Mean, s.Scale)
	}
}

// TestEstimatorKeepsGroupsWhole: a group is trained on or validated on, whole.
func TestEstimatorKeepsGroupsWhole(t *testing.T) {
	s := moons(t, 120, 1)
	for i := range s.Len() {
		s.Groups = append(s.Groups, i/6)
	}
	for seed := range uint64(20) {
		trained, validated := map[int]int{}, map[int]int{}
		build := func(rows *data.Set, seed uint64) (*models.Model, error) {
			for _, g := range rows.Groups {
				trained[g]++
			}
			return models.MLP{}.Build(rows, seed)
		}
		watch := train.CallbackFunc(func(f *train.Fitting) (train.Hook, error) {
			held, err := data.Collect(f.Config.Validation)
			if err != nil {
				return nil, err
			}
			for _, g := range held.Groups {
				validated[g]++
			}
			return func(*train.Event) error { return train.ErrStop }, nil
		})
		_, _, err := train.Estimator{Net: models.ArchitectureFunc(build), Preprocess: data.Standardize{}, Seed: seed, Config: train.Config{ValidationFraction: 0.3, Callbacks: []train.Callback{watch}}}.Train(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		if len(trained)+len(validated) != 20 || len(validated) < 4 || len(validated) > 8 {
			t.Errorf("seed %d: %d groups are trained on and %d validated on, of 20", seed, len(trained), len(validated))
		}
		for g := range 20 {
			if n, v := trained[g], validated[g]; n+v != 6 || n != 0 && v != 0 {
				t.Errorf("seed %d: of the 6 rows of group %d are %d trained on and %d validated on", seed, g, n, v)
			}
		}
	}
}

// TestClassWeightsOfTwoClasses: a net with one output for two classes takes a weight
// for each, and the class that weighs more is found more often.
func TestClassWeightsOfTwoClasses(t *testing.T) {
	s := moons(t, 200, 1)
	var found [2]int
	for i, weights := range [][]float64{{1, 9}, {9, 1}} {
		m, _, err := train.Estimator{Net: models.MLP{}, Config: train.Config{Epochs: 20, Optimizer: optim.Adam{LearningRate: 0.05}, Loss: losses.SoftmaxCrossEntropy{ClassWeights: weights}}}.Train(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.PredictRows(ctx, s.Without())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range p.Labels {
			found[i] += l
		}
	}
	if found[0] <= 100 || found[1] >= 100 {
		t.Errorf("class 1 is predicted for %d of 200 rows where it weighs 9 times as much, for %d where class 0 does; 100 are of it", found[0], found[1])
	}
}

// TestValidationKeepsGroupsWhole: no group is on both sides of the split.
func TestValidationKeepsGroupsWhole(t *testing.T) {
	s := moons(t, 200, 1)
	s.Groups = make([]int, 200)
	for i := range s.Groups {
		s.Groups[i] = i / 7
	}
	for seed := range uint64(50) {
		rest, part, err := s.SplitRows(0.2, seed)
		if err != nil {
			t.Fatal(err)
		}
		in := map[int]bool{}
		for _, i := range part {
			in[s.Groups[i]] = true
		}
		for _, i := range rest {
			if in[s.Groups[i]] {
				t.Fatalf("seed %d: group %d is in both parts", seed, s.Groups[i])
			}
		}
		if len(part) < 30 || len(part) > 50 || len(rest)+len(part) != 200 {
			t.Errorf("seed %d: %d rows set aside of 200, want about 40", seed, len(part))
		}
	}
	s.Groups = make([]int, 200)
	if _, _, err := s.Split(0.2, 1); err == nil || !strings.Contains(err.Error(), "one group") {
		t.Errorf("error %v, want one about the only group", err)
	}
}

// TestBeyondFloat32 names row, column and bound, whatever rows were set aside.
func TestBeyondFloat32(t *testing.T) {
	s := moons(t, 40, 1)
	v, _, _ := s.Table()
	v[2*17+1] = 1e39
	_, _, err := train.Estimator{Net: models.MLP{}, Config: train.Config{ValidationFraction: 0.2, Epochs: 1}}.Train(ctx, s)
	var row *data.RowError
	if err == nil || !strings.Contains(err.Error(), "column x1: 1e+39 is beyond what float32 holds (3.4e38); scale the column") || !errors.As(err, &row) || row.Row != 17 {
		t.Errorf("error %v, want one about row 17 and column x1", err)
	}
}

// TestBeginThatFails: the callbacks before it get their end.
func TestBeginThatFails(t *testing.T) {
	ended := 0
	first := train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.End {
				ended++
			}
			return nil
		}, nil
	})
	_, err := train.Fit(ctx, net(t, 1), moons(t, 40, 1), train.Config{Callbacks: []train.Callback{first, train.CSVLog{Path: filepath.Join(t.TempDir(), "no", "log.csv")}}})
	if err == nil || ended != 1 {
		t.Errorf("error %v, %d ends; want an error and 1", err, ended)
	}
	none := train.CallbackFunc(func(*train.Fitting) (train.Hook, error) { return nil, nil })
	if _, err := train.Fit(ctx, net(t, 1), moons(t, 40, 1), train.Config{Callbacks: []train.Callback{none}}); err == nil || !strings.Contains(err.Error(), "no hook") {
		t.Errorf("error %v, want one about the missing hook", err)
	}
}

func TestBuildThatReturnsNothing(t *testing.T) {
	nothing := func(*data.Set, uint64) (*models.Model, error) { return nil, nil }
	if _, _, err := (train.Estimator{Net: models.ArchitectureFunc(nothing)}).Train(ctx, moons(t, 40, 1)); err == nil || !strings.Contains(err.Error(), "built no model") {
		t.Errorf("error %v", err)
	}
	m, err := models.Sequential(models.Config{}, models.Input("x", 2), layers.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: []string{"a", "b"}}
	if _, err := train.Fit(ctx, m, moons(t, 40, 1), train.Config{Augment: data.Augmenters{nil}}); err == nil || !strings.Contains(err.Error(), "augmenter 0 is nil") {
		t.Errorf("error %v", err)
	}
}
