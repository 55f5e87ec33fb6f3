package plots_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/plots"
	"gorgonia.org/tensor"
)

// taskRows returns rows of a task with targets of some columns, and what a network with
// somewhat wrong outputs predicts of them.
func taskRows(t *testing.T, task data.Task, columns []string, classes []string, y any, outputs []float64) (*data.Set, *data.Prediction) {
	t.Helper()
	s := &data.Set{Name: "made up", As: task, Target: columns[0], TargetColumns: columns, Classes: classes}
	n := 0
	shape := func(values int) tensor.ConsOpt {
		if n = values / len(columns); len(columns) == 1 {
			s.TargetColumns = nil
			return tensor.WithShape(n)
		}
		return tensor.WithShape(n, len(columns))
	}
	switch y := y.(type) {
	case []float64:
		s.Targets = []*tensor.Dense{tensor.New(shape(len(y)), tensor.WithBacking(y))}
	case []int:
		s.Targets = []*tensor.Dense{tensor.New(shape(len(y)), tensor.WithBacking(y))}
	}
	s.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(make([]float64, n)))}
	for i := range n {
		s.Groups = append(s.Groups, i/8)
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	rules, err := s.Rules()
	if err != nil {
		t.Fatal(err)
	}
	p := &data.Prediction{}
	units := len(outputs) / n
	for i := range n {
		rules.Decode(rules.AddRow(p), outputs[i*units:(i+1)*units], false)
	}
	return s, p
}

// taskFigures are pages with the figures of tasks, of 160 rows each.
func taskFigures(t *testing.T, must func(*plots.Figure, error) *plots.Figure) map[string]*plots.Figure {
	r := rand.New(rand.NewPCG(4, 4))
	const n = 160
	var pair, labels, counts, prices, relevance []float64
	var grades, steps []int
	var ofPair, ofLabels, ofGrades, ofCounts, ofPrices, ofRelevance, ofSteps []float64
	for i := range n {
		a, noise := r.NormFloat64(), func() float64 { return r.NormFloat64() }
		pair, ofPair = append(pair, 100+10*a+3*noise(), 0.01*a*a), append(ofPair, 100+10*a, 0.01*a*a+0.003*noise())
		for k := range 3 {
			z := 2*noise() - float64(k)
			y := 0.0
			if z+noise() > 0 {
				y = 1
			}
			labels, ofLabels = append(labels, y), append(ofLabels, z)
		}
		grade := min(3, max(0, int(2+a+0.5*noise())))
		grades = append(grades, grade)
		for k := range 3 {
			ofGrades = append(ofGrades, 3*(a+1-float64(k)))
		}
		rate, count := math.Exp(0.8+0.5*a), 0.0
		for left := rate - r.ExpFloat64(); left > 0; left -= r.ExpFloat64() {
			count++
		}
		counts, ofCounts = append(counts, count), append(ofCounts, math.Log(rate))
		prices, ofPrices = append(prices, 50+10*a+5*noise()), append(ofPrices, 50+10*a-6.4, 50+10*a, 50+10*a+6.4)
		relevance, ofRelevance = append(relevance, float64(grade)), append(ofRelevance, a)
		for k := range 4 {
			class, z := int(r.Uint64()%3), make([]float64, 3)
			if z[class] = 1.5; k > i%5 {
				class = -1
			}
			for c := range z {
				z[c] += noise()
			}
			steps, ofSteps = append(steps, class), append(ofSteps, z...)
		}
	}
	page := func(rows *data.Set, p *data.Prediction) *plots.Figure {
		return must(plots.Training(plots.TrainingReport{Title: "To " + data.TaskName(rows.Task()), Curves: []data.Curve{{Name: "loss", Values: []float64{2, 1, 0.8}}}, Rows: rows, Prediction: p}))
	}
	return map[string]*plots.Figure{
		"task_targets":    page(taskRows(t, data.Regress{}, []string{"price", "size"}, nil, pair, ofPair)),
		"task_multilabel": page(taskRows(t, data.MultiLabel{}, []string{"red", "round", "ripe"}, nil, labels, ofLabels)),
		"task_ordinal":    page(taskRows(t, data.Ordinal{}, []string{"grade"}, []string{"poor", "fair", "good", "superb"}, grades, ofGrades)),
		"task_count":      page(taskRows(t, data.Count{}, []string{"visits"}, nil, counts, ofCounts)),
		"task_quantile":   page(taskRows(t, data.Quantile{}, []string{"price"}, nil, prices, ofPrices)),
		"task_rank":       page(taskRows(t, data.Rank{}, []string{"relevance"}, nil, relevance, ofRelevance)),
		"task_sequence":   page(taskRows(t, data.Sequence{}, []string{"first", "second", "third", "fourth"}, []string{"noun", "verb", "other"}, steps, ofSteps)),
	}
}

// drawn is a regression whose report draws other figures.
type drawn struct{ Figures []data.Figure }

func (d drawn) Rules(of data.Targets) (*data.Rules, error) {
	r, err := data.Regress{}.Rules(of)
	if err == nil {
		r.Figures = d.Figures
	}
	return r, err
}

func TestFiguresThatATaskCannotHave(t *testing.T) {
	if err := describe.Register("plotstest.", drawn{}); err != nil {
		t.Fatal(err)
	}
	for figure, want := range map[data.Figure]string{
		"smoke": `the figure "smoke", which is not known`, data.FigureClasses: "chooses none", data.FigureRanks: "ranks of", data.FigureSteps: "steps",
		data.FigureLabels: "labels for", data.FigureQuantiles: "0 levels",
	} {
		rows, p := taskRows(t, drawn{[]data.Figure{figure}}, []string{"y"}, nil, []float64{1, 2, 3, 4}, []float64{1, 2, 3, 5})
		_, err := plots.Training(plots.TrainingReport{Curves: []data.Curve{{Name: "loss", Values: []float64{1, 0.5}}}, Rows: rows, Prediction: p})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", figure, err, want)
		}
	}
	rows, p := taskRows(t, drawn{}, []string{"y"}, nil, []float64{1, 2, 3, 4}, []float64{1, 2, 3, 5})
	if _, err := plots.Training(plots.TrainingReport{Curves: []data.Curve{{Name: "loss", Values: []float64{1, 0.5}}}, Rows: rows, Prediction: p}); err != nil {
		t.Errorf("no figures: %v", err)
	}
}
