package guides_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/recipes/tabular"
)

// Share is the prediction of a share of something, a number from 0 to 1: a network's output
// is its logit.
type Share struct{}

// Rules implements data.Task.
func (Share) Rules(of data.Targets) (*data.Rules, error) {
	if of.Classes != nil || len(of.Columns) != 1 {
		return nil, errors.New("want one target of numbers")
	}
	r := &data.Rules{
		Values: 1, // of a prediction of one row
		Units:  []int{1},
		Loss:   func(int) string { return "losses.BinaryCrossEntropy" },

		Metrics: []data.Metric{data.MAE, data.RMSE},
		Figures: []data.Figure{data.FigureResiduals},

		Header: []string{of.Columns[0]},
		Record: func(row *data.Prediction) []any { return []any{row.Values[0]} },
	}
	r.Check = func(rows *data.Set) error {
		y, err := rows.Values()
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(y, func(v float64) bool { return v < 0 || v > 1 }); i >= 0 {
			return fmt.Errorf("row %d, target %s: %v is no share", i, rows.Target, y[i])
		}
		return nil
	}
	r.Average = func(z []float64) { z[0] = 1 / (1 + math.Exp(-z[0])) }
	r.Decode = func(row *data.Prediction, z []float64, averaged bool) {
		if row.Values[0] = z[0]; !averaged {
			r.Average(row.Values)
		}
	}
	return r, nil
}

func init() {
	if err := describe.Register("guides.", Share{}); err != nil {
		log.Fatal(err)
	}
}

// shares returns rows whose target is a share that rises with x0.
func shares(rows int) (*data.Set, error) {
	r := rand.New(rand.NewPCG(1, 1))
	var x [][]float64
	var y []float64
	for range rows {
		v := r.NormFloat64()
		x, y = append(x, []float64{v, r.NormFloat64()}), append(y, 1/(1+math.Exp(-2*v-0.3*r.NormFloat64())))
	}
	set, err := data.FromRows("shares", x, y)
	if err != nil {
		return nil, err
	}
	return set.Posing(Share{})
}

func Example_task() {
	ctx := context.Background()
	set, err := shares(400)
	if err != nil {
		log.Fatal(err)
	}
	m, _, err := tabular.Estimator{Recipe: tabular.MLP{Epochs: 20}, Seed: 1}.Train(ctx, set)
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "shares.safetensors")
	if err := m.Save(path); err != nil {
		log.Fatal(err)
	}
	if m, err = models.Load(path); err != nil {
		log.Fatal(err)
	}
	r, err := m.RowPredictor()
	if err != nil {
		log.Fatal(err)
	}
	for _, x0 := range []float64{-2, 0, 2} {
		p, err := r.PredictCodes([]float64{x0, 0})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s of %2v: %.1f\n", data.TaskName(m.Info.Task), x0, p.Value)
	}
	// Output:
	// share of -2: 0.0
	// share of  0: 0.5
	// share of  2: 1.0
}

// TestShare takes a task from outside the house through training, a saved model,
// cross-validation with a result that is written and read, and the page.
func TestShare(t *testing.T) {
	ctx := t.Context()
	set, err := shares(120)
	if err != nil {
		t.Fatal(err)
	}
	net := tabular.Estimator{Recipe: tabular.TabM{Epochs: 4}} // many members, whose shares are averaged
	m, _, err := net.Train(ctx, set)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := models.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := again.Info.Task.(Share); !ok {
		t.Errorf("the task was read as %T", again.Info.Task)
	}
	want, err := m.PredictRows(ctx, set.Without())
	if err != nil {
		t.Fatal(err)
	}
	have, err := again.PredictRows(ctx, set.Without())
	if err != nil || !slices.Equal(have.Values, want.Values) || slices.Min(want.Values) < 0 || slices.Max(want.Values) > 1 {
		t.Errorf("%v (%v), want %v", have, err, want.Values)
	}

	candidates := append([]crossval.Candidate{{Name: "net", Estimator: net}}, baselines.For(set)[:2]...)
	res, err := crossval.Validate(ctx, set, crossval.KFold{K: 3, Shuffle: true}, candidates, crossval.Options{})
	if err != nil || len(res.Failed) > 0 {
		t.Fatalf("%v, %v", err, res)
	}
	var b bytes.Buffer
	if err := res.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"task":{"kind":"guides.Share"}`) {
		t.Errorf("the result does not name the task: %.300s", b.String())
	}
	if res, err = crossval.ReadResult(&b); err != nil {
		t.Fatal(err)
	}
	if _, ok := res.Data.Task.(Share); !ok || res.Metrics[0].Name != "MAE" {
		t.Errorf("task %T, metrics %v", res.Data.Task, res.Metrics)
	}
	page, err := plots.CrossValidation(plots.Report{Result: res, Reference: "net"})
	if err != nil {
		t.Fatal(err)
	}
	if err := page.Save(filepath.Join(t.TempDir(), "page.png")); err != nil {
		t.Fatal(err)
	}

	wrong, err := data.FromRows("wrong", [][]float64{{1}, {2}}, []float64{0.5, 1.5})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Posing(Share{}); err == nil || !strings.Contains(err.Error(), "row 1, target y: 1.5 is no share") {
		t.Errorf("error %v", err)
	}
}
