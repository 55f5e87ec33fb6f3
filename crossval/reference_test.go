package crossval_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// reference holds numbers of scikit-learn and SciPy: testdata/reference.py.
type reference struct {
	Folds []struct {
		Name  string
		Kind  string
		K     int
		Y     []int
		Folds [][]int
	}
	TTest []struct {
		Name              string
		X                 []float64
		Ratio, Confidence float64
		Mean, SE, T, P    float64
		Low, High         float64
	}
	Classify []struct {
		Name    string
		Y       []int
		Proba   []float64
		Classes int
		Scores  map[string]float64
	}
	Regress []struct {
		Name   string
		Y, Hat []float64
		Scores map[string]float64
	}
}

func readReference(t *testing.T) *reference {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Folds) == 0 || len(r.TTest) == 0 || len(r.Classify) == 0 || len(r.Regress) == 0 {
		t.Fatal("testdata/reference.json lacks a part")
	}
	return &r
}

// classSet makes a set of the labels; input column 0 is the row's number,
// column 1 a noisy view of the label.
func classSet(t testing.TB, labels []int, classes ...string) *data.Set {
	t.Helper()
	if classes == nil {
		classes = []string{"a", "b", "c", "d"}
	}
	s := inputs(t, len(labels), func(i int) float64 { return float64(labels[i]) + 0.9*math.Sin(float64(7*i)) })
	s.Classes = classes
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(slices.Clone(labels)))}
	return s
}

func realSet(t testing.TB, values []float64) *data.Set {
	t.Helper()
	s := inputs(t, len(values), func(i int) float64 { return values[i] + math.Sin(float64(7*i)) })
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(values)), tensor.WithBacking(slices.Clone(values)))}
	return s
}

func inputs(t testing.TB, n int, value func(i int) float64) *data.Set {
	t.Helper()
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = []float64{float64(i), value(i)}
	}
	s, err := data.NewTable("made up", []data.Feature{{Name: "row"}, {Name: "value"}}, rows)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFoldsOfScikitLearn(t *testing.T) {
	for _, c := range readReference(t).Folds {
		t.Run(c.Kind+": "+c.Name, func(t *testing.T) {
			s := classSet(t, make([]int, len(c.Y)))
			var sp crossval.Splitter
			switch c.Kind {
			case "stratified":
				s = classSet(t, c.Y)
				sp = crossval.StratifiedKFold{K: c.K}
			case "kfold":
				sp = crossval.KFold{K: c.K}
			case "group":
				s.Groups = c.Y
				sp = crossval.GroupKFold{K: c.K}
			}
			have, err := sp.Split(s)
			if err != nil {
				t.Fatal(err)
			}
			if len(have) != len(c.Folds) {
				t.Fatalf("%d folds, want %d", len(have), len(c.Folds))
			}
			for i := range have {
				if !slices.Equal(have[i].Test, c.Folds[i]) {
					t.Errorf("fold %d: have %v, want %v", i, have[i].Test, c.Folds[i])
				}
			}
		})
	}
}

func TestCorrectedTTestOfSciPy(t *testing.T) {
	for _, c := range readReference(t).TTest {
		t.Run(c.Name, func(t *testing.T) {
			in, err := stats.CorrectedTTest(c.X, c.Ratio, c.Confidence)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []struct {
				name       string
				have, want float64
			}{
				{"mean", in.Estimate, c.Mean}, {"standard error", in.StdErr, c.SE}, {"t", in.Statistic, c.T},
				{"p", in.P, c.P}, {"low", in.Low, c.Low}, {"high", in.High, c.High},
				{"df", in.DF, float64(len(c.X) - 1)},
			} {
				if !near(n.have, n.want) {
					t.Errorf("%s: have %v, want %v", n.name, n.have, n.want)
				}
			}
		})
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1e-3, math.Abs(a), math.Abs(b)) }

func TestScoresOfScikitLearn(t *testing.T) {
	r := readReference(t)
	check := func(t *testing.T, s *data.Set, p *data.Prediction, want map[string]float64) {
		rules, err := s.Rules()
		if err != nil {
			t.Fatal(err)
		}
		scorers := rules.Metrics
		if len(scorers) != len(want) {
			t.Errorf("%d scorers, want %d", len(scorers), len(want))
		}
		for _, sc := range scorers {
			have, err := sc.Score(s, p)
			if err != nil || !near(have, want[sc.Name]) {
				t.Errorf("%s: have %v, %v, want %v", sc.Name, have, err, want[sc.Name])
			}
		}
	}
	for _, c := range r.Classify {
		t.Run(c.Name, func(t *testing.T) {
			labels := make([]int, len(c.Y))
			for i := range labels {
				row := c.Proba[i*c.Classes : (i+1)*c.Classes]
				labels[i] = slices.Index(row, slices.Max(row))
			}
			s := classSet(t, c.Y, []string{"a", "b", "c"}[:c.Classes]...)
			check(t, s, &data.Prediction{Labels: labels, Proba: c.Proba}, c.Scores)
		})
	}
	for _, c := range r.Regress {
		t.Run(c.Name, func(t *testing.T) {
			check(t, realSet(t, c.Y), &data.Prediction{Values: c.Hat}, c.Scores)
		})
	}
}
