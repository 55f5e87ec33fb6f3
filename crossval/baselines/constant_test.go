package baselines_test

import (
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// TestConstant: shares of labels, quantiles that are rows of the target, and means of columns.
func TestConstant(t *testing.T) {
	x := [][]float64{{0, 1}, {1, 0}, {2, 1}, {3, 1}}
	for _, c := range []struct {
		name string
		task data.Task
		more []string
		y    []float64
		want data.Prediction
	}{
		{"labels", data.MultiLabel{}, []string{"x1"}, []float64{0, 0, 1, 0}, data.Prediction{Labels: []int{0, 1}, Proba: []float64{0.25, 0.75}}},
		{"columns", data.Regress{}, []string{"x1"}, []float64{4, 8, 0, 0}, data.Prediction{Values: []float64{3, 0.75}}},
		{"quantiles", data.Quantile{Levels: []float64{0.2, 0.5, 0.9}}, nil, []float64{5, 2, 9, 7}, data.Prediction{Values: []float64{2, 5, 9}}},
		{"counts", data.Count{}, nil, []float64{5, 2, 0, 7}, data.Prediction{Values: []float64{3.5}}},
	} {
		set, err := valued(t, x, c.y).Posing(c.task, c.more...)
		if err != nil {
			t.Fatal(err)
		}
		p, err := fitPredict(t, baselines.Constant{}, set, rows(t, []float64{7}, []float64{8}))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !equal(p, &c.want) {
			t.Errorf("%s: %+v, want %+v twice", c.name, p, c.want)
		}
	}
	steps := labelled(t, x, []int{0, 1, 1, 0}, "a", "b")
	steps.As = data.Sequence{}
	steps.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]int{0, -1, 1, -1, 1, -1, 1, -1}))}
	p, err := fitPredict(t, baselines.Constant{}, steps, rows(t, []float64{7}, []float64{8}))
	if err != nil || !equal(p, &data.Prediction{Labels: []int{1, 0}, Proba: []float64{0.25, 0.75, 0.5, 0.5}}) {
		t.Errorf("steps: %+v, %v", p, err)
	}
	if _, err := fitPredict(t, baselines.Constant{}, labelled(t, x, []int{0, 1, 1, 0}, "a", "b"), rows(t, []float64{1, 1})); err == nil {
		t.Error("a constant of classes")
	}
}

// equal reports whether p is two rows of want.
func equal(p, want *data.Prediction) bool {
	for i := range p.Labels {
		if p.Labels[i] != want.Labels[i%len(want.Labels)] {
			return false
		}
	}
	for i := range p.Proba {
		if p.Proba[i] != want.Proba[i%len(want.Proba)] {
			return false
		}
	}
	for i := range p.Values {
		if p.Values[i] != want.Values[i%len(want.Values)] {
			return false
		}
	}
	return len(p.Labels) == 2*len(want.Labels) && len(p.Proba) == 2*len(want.Proba) && len(p.Values) == 2*len(want.Values)
}

// TestTasksThatABaselineCannotDo: the error comes before anything is fitted, and such models
// are not among those of the rows.
func TestTasksThatABaselineCannotDo(t *testing.T) {
	x := [][]float64{{0, 1}, {1, 0}, {2, 1}, {3, 1}, {4, 0}, {5, 0}}
	for _, c := range []struct {
		task data.Task
		more []string
		want string
	}{
		{data.MultiLabel{}, []string{"x1"}, "the task is multilabel, of 2 target columns"},
		{data.Regress{}, []string{"x1"}, "the task is regress, of 2 target columns"},
		{data.Quantile{}, nil, "the task is quantile, of 1 target columns"},
	} {
		set, err := valued(t, x, []float64{0, 1, 1, 0, 1, 0}).Posing(c.task, c.more...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fitPredict(t, baselines.KNN{K: 1}, set, rows(t, []float64{1})); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		if list := baselines.For(set); len(list) != 1 || list[0].Name != "constant" {
			t.Errorf("%s: %v", data.TaskName(c.task), list)
		}
	}
	set, err := valued(t, x, []float64{0, 1, 1, 0, 1, 0}).Posing(data.Count{})
	if err != nil {
		t.Fatal(err)
	}
	if list := baselines.For(set); len(list) < 8 || list[0].Name != "mean" {
		t.Errorf("%v", list)
	}
}
