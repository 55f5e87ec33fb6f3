package train_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// TestFitChecksTargets: Fit, too, refuses targets that are none of the model's task, before
// the first step.
func TestFitChecksTargets(t *testing.T) {
	set, err := data.FromRows("counts", [][]float64{{1}, {2}, {3}}, []float64{1, 2.5, 0})
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 1), layers.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Info.Task = data.Count{}
	if _, err := train.Fit(t.Context(), m, set, train.Config{Epochs: 1}); err == nil || !strings.Contains(err.Error(), `row 1, target "y": 2.5 is not a count`) {
		t.Errorf("error %v", err)
	}
}

// TestDefaultLossOfTasks: a Config without a loss has that of the model's task.
func TestDefaultLossOfTasks(t *testing.T) {
	for _, c := range []struct {
		name  string
		info  models.Info
		units int
		want  losses.Loss
	}{
		{"nothing said", models.Info{}, 3, losses.MSE{}},
		{"two classes, one logit", models.Info{Classes: []string{"a", "b"}}, 1, losses.BinaryCrossEntropy{}},
		{"two classes, two logits", models.Info{Task: data.Classify{}, Classes: []string{"a", "b"}}, 2, losses.SoftmaxCrossEntropy{}},
		{"several numbers", models.Info{Task: data.Regress{}}, 3, losses.MSE{}},
		{"labels", models.Info{Task: data.MultiLabel{}, TargetColumns: []string{"u", "v", "w"}}, 3, losses.BinaryCrossEntropy{}},
		{"order", models.Info{Task: data.Ordinal{}, Classes: []string{"a", "b", "c"}}, 2, losses.Ordinal{}},
		{"counts", models.Info{Task: data.Count{}}, 1, losses.Poisson{}},
		{"counts of members", models.Info{Task: data.Count{}, Members: 4}, 4, losses.Poisson{}},
		{"rank", models.Info{Task: data.Rank{}}, 1, losses.Ranking{}},
	} {
		m, err := models.Sequential(models.Config{}, models.Input("x", 1), layers.Dense{Units: c.units})
		if err != nil {
			t.Fatal(err)
		}
		m.Info = c.info
		if l, err := train.DefaultLoss(m); err != nil || fmt.Sprintf("%#v", l) != fmt.Sprintf("%#v", c.want) {
			t.Errorf("%s: %#v (%v), want %#v", c.name, l, err, c.want)
		}
	}
	m, err := models.Sequential(models.Config{}, models.Input("x", 1), layers.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	m.Info.Task = data.Quantile{Levels: []float64{0.2, 0.7}}
	l, err := train.DefaultLoss(m)
	if p, ok := l.(losses.Pinball); !ok || err != nil || len(p.Levels) != 2 || p.Levels[1] != 0.7 {
		t.Errorf("%#v (%v)", l, err)
	}
	m.Info.Task = data.Quantile{}
	if _, err := train.DefaultLoss(m); err == nil || !strings.Contains(err.Error(), "2 outputs to quantile: want 3") {
		t.Errorf("error %v", err)
	}
}
