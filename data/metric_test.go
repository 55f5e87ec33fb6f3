package data_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// TestMetricsByName: every metric is written as its name and read again; others are not
// known until they are registered.
func TestMetricsByName(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range append(data.Metrics(), data.RMSE.Of("price")) {
		if seen[m.Name] {
			t.Errorf("two metrics are called %q", m.Name)
		}
		seen[m.Name] = true
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var again data.Metric
		if err := json.Unmarshal(text, &again); err != nil || again.Name != m.Name || again.Greater != m.Greater || again.Range != m.Range || again.Score == nil {
			t.Errorf("%s was read as %+v, %v", text, again, err)
		}
	}
	cost := data.Metric{Name: "test cost", Range: [2]float64{0, math.Inf(1)}, Score: func(*data.Set, *data.Prediction) (float64, error) { return 1, nil }}
	if _, err := cost.MarshalText(); err == nil || !strings.Contains(err.Error(), `"test cost" is not registered`) {
		t.Errorf("error %v", err)
	}
	for range 2 {
		if err := data.RegisterMetric(cost); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := cost.MarshalText(); err != nil || string(text) != "test cost" {
		t.Errorf("%s, %v", text, err)
	}
	var read data.Metric
	if err := read.UnmarshalText([]byte("test cost")); err != nil || read.Score == nil {
		t.Errorf("%+v, %v", read, err)
	}
	mine := data.RMSE
	mine.Score = cost.Score
	if _, err := mine.MarshalText(); err == nil {
		t.Error("another function went under the name of RMSE")
	}
	for _, m := range []data.Metric{{}, {Name: "x"}, mine} {
		if err := data.RegisterMetric(m); err == nil {
			t.Errorf("%q was registered", m.Name)
		}
	}
	if err := read.UnmarshalText([]byte("nothing")); err == nil || !strings.Contains(err.Error(), `no metric is called "nothing"`) {
		t.Errorf("error %v", err)
	}
}

// TestMetricsThatAreNotDefined: a score that has no value is ErrUndefined, a prediction
// of the wrong kind an error.
func TestMetricsThatAreNotDefined(t *testing.T) {
	classes, err := data.FromLabels("c", [][]float64{{1}, {2}, {3}}, []int{0, 1, 0}, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	flat, err := data.FromRows("f", [][]float64{{1}, {2}}, []float64{4, 4})
	if err != nil {
		t.Fatal(err)
	}
	labels := &data.Prediction{Labels: []int{0, 1, 0}}
	proba := &data.Prediction{Labels: []int{0, 1, 0}, Proba: []float64{1, 0, 0, 0, 1, 0, 1, 0, 0}}
	for _, c := range []struct {
		metric    data.Metric
		rows      *data.Set
		p         *data.Prediction
		undefined bool
	}{
		{data.LogLoss, classes, labels, true},
		{data.Brier, classes, labels, true},
		{data.ROCAUC, classes, labels, true},
		{data.ROCAUC, classes, proba, true}, // no row of class c
		{data.AveragePrecision, classes, proba, true},
		{data.R2, flat, &data.Prediction{Values: []float64{4, 4}}, true},
		{data.Accuracy, classes, nil, false},
		{data.Brier, classes, nil, false},
		{data.RMSE, flat, nil, false},
		{data.RMSE, flat, &data.Prediction{Values: []float64{4}}, false},
		{data.RMSE, classes, labels, false},
		{data.Accuracy, flat, labels, false},
		{data.Accuracy, nil, labels, false},
	} {
		if _, err := c.metric.Score(c.rows, c.p); err == nil || errors.Is(err, data.ErrUndefined) != c.undefined {
			t.Errorf("%s: error %v", c.metric.Name, err)
		}
	}
}

// TestFingerprint: all that a model sees counts, and nothing else.
func TestFingerprint(t *testing.T) {
	set := func() *data.Set {
		s, err := data.FromLabels("one", [][]float64{{1, 2}, {3, math.NaN()}, {5, 6}}, []int{0, 1, 0}, []string{"a", "b"})
		if err != nil {
			t.Fatal(err)
		}
		s.Features = []data.Feature{{Name: "x"}, {Name: "y", Levels: []string{"p", "q"}}}
		return s
	}
	first, err := data.Fingerprint(set())
	if err != nil || len(first) != 64 {
		t.Fatal(first, err)
	}
	seen := map[string]string{first: "the set"}
	for name, change := range map[string]func(s *data.Set){
		"a value":     func(s *data.Set) { v, _, _ := s.Table(); v[5] = 7 },
		"a sign":      func(s *data.Set) { v, _, _ := s.Table(); v[5] = -6 },
		"a label":     func(s *data.Set) { l, _ := s.Labels(); l[0] = 1 },
		"a class":     func(s *data.Set) { s.Classes = []string{"a", "c"} },
		"a level":     func(s *data.Set) { s.Features[1].Levels[0] = "r" },
		"a name":      func(s *data.Set) { s.Features[0].Name = "z" },
		"the target":  func(s *data.Set) { s.Target = "t" },
		"weights":     func(s *data.Set) { s.Weights = []float64{1, 1, 2} },
		"groups":      func(s *data.Set) { s.Groups = []int{1, 1, 2} },
		"no targets":  func(s *data.Set) { s.Targets = nil },
		"texts":       func(s *data.Set) { s.Texts = []data.TextColumn{{Name: "id", Cells: []string{"1", "2", "3"}}} },
		"a text":      func(s *data.Set) { s.Texts = []data.TextColumn{{Name: "id", Cells: []string{"1", "23", ""}}} },
		"text names":  func(s *data.Set) { s.Texts = []data.TextColumn{{Name: "ID", Cells: []string{"1", "2", "3"}}} },
		"other shape": func(s *data.Set) { _ = s.Inputs[0].Reshape(3, 2, 1) },
	} {
		s := set()
		change(s)
		print, err := data.Fingerprint(s)
		if err != nil || seen[print] != "" {
			t.Errorf("%s: %s is that of %s (%v)", name, print, seen[print], err)
		}
		seen[print] = name
	}
	same := set()
	same.Name, same.Source = "two", "elsewhere"
	same.Features[0].Seen.Rows = 9
	if print, err := data.Fingerprint(same); print != first || err != nil {
		t.Errorf("words about the set changed its fingerprint: %v", err)
	}
	for _, s := range []data.Source{nil, (*data.Set)(nil), &data.Set{}} {
		if _, err := data.Fingerprint(s); !errors.Is(err, data.ErrEmpty) {
			t.Errorf("error %v", err)
		}
	}
}
