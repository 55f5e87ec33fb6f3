package baselines_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/text"
)

// ofTexts is a set of texts of classes.
func ofTexts(t testing.TB, texts []string, labels []int, classes ...string) *data.Set {
	t.Helper()
	s, err := data.FromLabels("texts", slices.Repeat([][]float64{{0}}, len(texts)), labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	s.Texts = []data.TextColumn{{Name: "line", Cells: texts}}
	return s
}

// TestTexts: probabilities are scikit-learn's, for two and for three classes (testdata/texts.py).
func TestTexts(t *testing.T) {
	b, err := os.ReadFile("testdata/texts.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Train, Test   []string
		Labels        []int
		LogisticTwo   [][]float64 `json:"logistic two"`
		LogisticThree [][]float64 `json:"logistic three"`
		BayesTwo      [][]float64 `json:"bayes two"`
		BayesThree    [][]float64 `json:"bayes three"`
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		e       crossval.Estimator
		classes int
		want    [][]float64
		near    float64
	}{
		{baselines.TextLogistic{Terms: text.TFIDF{Longest: 2}, C: []float64{10}}, 2, ref.LogisticTwo, 1e-5},
		{baselines.TextLogistic{Terms: text.TFIDF{Longest: 2}, C: []float64{10}}, 3, ref.LogisticThree, 1e-5},
		{baselines.TextBayes{Column: "line", Terms: text.TFIDF{Counts: true}, Smoothing: 0.5}, 2, ref.BayesTwo, 1e-12},
		{baselines.TextBayes{Column: "line", Terms: text.TFIDF{Counts: true}, Smoothing: 0.5}, 3, ref.BayesThree, 1e-12},
	} {
		n, m := 60*c.classes, 20*c.classes
		names := []string{"first", "second", "third"}[:c.classes]
		p, err := c.e.Fit(t.Context(), ofTexts(t, ref.Train[:n], ref.Labels[:n], names...), 1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Predict(t.Context(), ofTexts(t, ref.Test[:m], make([]int, m), names...))
		if err != nil {
			t.Fatal(err)
		}
		if len(c.want) != m || len(got.Proba) != m*c.classes {
			t.Fatalf("%d rows, %d numbers", len(c.want), len(got.Proba))
		}
		for i, row := range c.want {
			for k, v := range row {
				if have := got.Proba[i*c.classes+k]; math.Abs(have-v) > c.near {
					t.Errorf("%T, %d classes, %q: %v, want %v", c.e, c.classes, ref.Test[i], have, v)
				}
			}
		}
	}
}

// TestTextsInFolds: terms are those of the training rows of a fold, strengths are chosen, and both
// models tell of which part of a book a line is, which chance does not.
func TestTextsInFolds(t *testing.T) {
	b, err := os.ReadFile("testdata/texts.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref struct {
		Train  []string
		Labels []int
	}
	if err := json.Unmarshal(b, &ref); err != nil {
		t.Fatal(err)
	}
	set := ofTexts(t, ref.Train, ref.Labels, "first", "second", "third")
	res, err := crossval.Validate(t.Context(), set, crossval.StratifiedKFold{K: 5, Shuffle: true}, []crossval.Candidate{
		{Name: "logistic", Estimator: baselines.TextLogistic{}}, {Name: "bayes", Estimator: baselines.TextBayes{}}, {Name: "majority", Estimator: baselines.Majority{}},
	}, crossval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(res.Table())
	for _, name := range []string{"logistic", "bayes"} {
		if a := res.Mean(name, "accuracy"); a < res.Mean("majority", "accuracy")+0.15 {
			t.Errorf("%s: accuracy %v", name, a)
		}
	}
	if notes := strings.Join(res.Notes("logistic"), ""); !strings.Contains(notes, "terms, C ") {
		t.Errorf("notes %s", notes)
	}
}

func TestTextsRefuse(t *testing.T) {
	set := ofTexts(t, []string{"some light", "some rays", "more light", "more rays"}, []int{0, 1, 0, 1}, "a", "b")
	for want, e := range map[string]crossval.Estimator{
		`no column "lines"`:      baselines.TextLogistic{Column: "lines"},
		"a smoothing of -1":      baselines.TextBayes{Smoothing: -1},
		"text: TF-IDF: terms":    baselines.TextBayes{Terms: text.TFIDF{Longest: -1}},
		"none is left":           baselines.TextLogistic{Terms: text.TFIDF{MinTexts: 9}},
		"logistic regression of": baselines.TextLogistic{C: []float64{-1}},
	} {
		if _, err := e.Fit(t.Context(), set, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	p, err := baselines.TextBayes{}.Fit(t.Context(), set, 1)
	if err != nil {
		t.Fatal(err)
	}
	bare := *set
	bare.Texts = nil
	if _, err := p.Predict(t.Context(), &bare); err == nil {
		t.Error("rows without texts are predicted")
	}
	if _, err := (baselines.TextLogistic{}).Fit(t.Context(), &bare, 1); err == nil || !strings.Contains(err.Error(), "0 columns of texts") {
		t.Errorf("error %v", err)
	}
}

// TestTermWeights: the weights of two classes mirror each other, and the top terms are those that
// occur in a class alone.
func TestTermWeights(t *testing.T) {
	set := ofTexts(t, slices.Repeat([]string{"light rays bend", "light drops fall", "light rays meet", "light drops rest"}, 5), slices.Repeat([]int{0, 1}, 10), "optics", "weather")
	w, err := baselines.TextLogistic{C: []float64{1}}.Weights(t.Context(), set, 1)
	if err != nil {
		t.Fatal(err)
	}
	if have := w.Top(0, 1); !slices.Equal(have, []string{"rays"}) {
		t.Errorf("for optics: %q", have)
	}
	if have := w.Top(1, 9); len(have) < 3 || have[0] != "drops" || slices.Contains(have, "rays") {
		t.Errorf("for weather: %q", have)
	}
	n := len(w.Terms)
	for j := range n {
		if w.Weights[j] != -w.Weights[n+j] {
			t.Errorf("%s: %v and %v", w.Terms[j], w.Weights[j], w.Weights[n+j])
		}
	}
	three := ofTexts(t, slices.Repeat([]string{"light rays", "light drops", "light stones"}, 5), slices.Repeat([]int{0, 1, 2}, 5), "a", "b", "c")
	if w, err = (baselines.TextLogistic{C: []float64{1}}).Weights(t.Context(), three, 1); err != nil || !slices.Equal(w.Top(2, 1), []string{"stones"}) {
		t.Errorf("of three: %q, %v", w.Top(2, 1), err)
	}
	if w.Top(3, 1) != nil || w.Top(-1, 1) != nil || len(w.Top(0, -1)) != 0 || (*baselines.TermWeights)(nil).Top(0, 1) != nil {
		t.Error("terms of a class that is not there")
	}
}
