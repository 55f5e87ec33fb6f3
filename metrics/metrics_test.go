package metrics_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/metrics"
	"pgregory.net/rapid"
)

// reference is testdata/sklearn.json, made by testdata/make.py.
type reference struct {
	Labels []map[string]json.RawMessage
	Binary []struct {
		Want                        []int
		Score                       []float64
		AUC, AP, Brier, LogLoss     float64
		FPR, TPR, Precision, Recall []float64
	}
	Multi []struct {
		Want                     []int
		Proba                    []float64
		Classes                  int
		LogLoss, AUC, ECE, Brier float64
		Top                      []float64
	}
	Regression []struct {
		Want, Got                             []float64
		MSE, RMSE, MAE, Median, R2, Explained float64
	}
}

func load(t *testing.T) reference {
	t.Helper()
	raw, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// near returns a check that a score is what scikit-learn has.
func near(t *testing.T, i int) func(name string, want float64) func(float64, error) {
	return func(name string, want float64) func(float64, error) {
		return func(have float64, err error) {
			t.Helper()
			if err != nil || !(math.Abs(have-want) <= 1e-12*math.Max(1, math.Abs(want))) {
				t.Errorf("case %d: %s: have %.15g (%v), scikit-learn has %.15g", i, name, have, err, want)
			}
		}
	}
}

func TestLabelScores(t *testing.T) {
	type score = func(want, got []int) (float64, error)
	average := func(f func(want, got []int, a metrics.Average) (float64, error), a metrics.Average) score {
		return func(want, got []int) (float64, error) { return f(want, got, a) }
	}
	scores := map[string]score{"accuracy": metrics.Accuracy, "balanced": metrics.BalancedAccuracy, "mcc": metrics.MCC, "kappa": metrics.CohenKappa}
	for name, a := range map[string]metrics.Average{"binary": metrics.Binary, "macro": metrics.Macro, "micro": metrics.Micro, "weighted": metrics.Weighted} {
		scores["precision_"+name] = average(metrics.Precision, a)
		scores["recall_"+name] = average(metrics.Recall, a)
		scores["f1_"+name] = average(metrics.F1, a)
	}
	read := func(raw json.RawMessage, to any) {
		if err := json.Unmarshal(raw, to); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range load(t).Labels {
		var want, got []int
		var classes int
		var confusion [][]int
		read(c["want"], &want)
		read(c["got"], &got)
		read(c["classes"], &classes)
		read(c["confusion"], &confusion)
		for name, f := range scores {
			raw, ok := c[name]
			if !ok && strings.HasSuffix(name, "_binary") {
				continue
			}
			var v *float64
			read(raw, &v)
			if v == nil { // not defined
				if _, err := f(want, got); err == nil {
					t.Errorf("case %d: %s: no error where scikit-learn has NaN", i, name)
				}
				continue
			}
			near(t, i)(name, *v)(f(want, got))
		}
		m, err := metrics.Confusion(want, got, classes)
		if err != nil || !slices.EqualFunc(m, confusion, slices.Equal[[]int]) {
			t.Errorf("case %d: confusion %v (%v), want %v", i, m, err, confusion)
		}
	}
}

func TestBinaryScores(t *testing.T) {
	for i, c := range load(t).Binary {
		is := near(t, i)
		proba := make([]float64, 0, 2*len(c.Score))
		for _, s := range c.Score {
			proba = append(proba, 1-s, s)
		}
		is("auc", c.AUC)(metrics.AUC(c.Want, c.Score))
		is("macro auc", c.AUC)(metrics.MacroAUC(c.Want, proba, 2))
		is("average precision", c.AP)(metrics.AveragePrecision(c.Want, c.Score))
		is("brier", c.Brier)(metrics.Brier(c.Want, proba, 2))
		is("log loss", c.LogLoss)(metrics.LogLoss(c.Want, proba, 2))
		roc, err := metrics.ROC(c.Want, c.Score)
		if err != nil || !slices.Equal(roc.X, c.FPR) || !slices.Equal(roc.Y, c.TPR) {
			t.Errorf("case %d: ROC %v (%v), want %v %v", i, roc, err, c.FPR, c.TPR)
		}
		// scikit-learn ends at the first threshold with full recall or not, by version: compare from its start on.
		pr, err := metrics.PrecisionRecall(c.Want, c.Score)
		if err != nil || len(pr.X) < len(c.Recall) {
			t.Errorf("case %d: %d points (%v), want %d", i, len(pr.X), err, len(c.Recall))
			continue
		}
		skip := len(pr.X) - len(c.Recall)
		for k := range c.Recall {
			if math.Abs(pr.X[skip+k]-c.Recall[k]) > 1e-12 || math.Abs(pr.Y[skip+k]-c.Precision[k]) > 1e-12 {
				t.Errorf("case %d, point %d: recall %v precision %v, want %v %v", i, k, pr.X[skip+k], pr.Y[skip+k], c.Recall[k], c.Precision[k])
			}
		}
	}
}

func TestMultiClassScores(t *testing.T) {
	for i, c := range load(t).Multi {
		is := near(t, i)
		is("log loss", c.LogLoss)(metrics.LogLoss(c.Want, c.Proba, c.Classes))
		is("auc", c.AUC)(metrics.MacroAUC(c.Want, c.Proba, c.Classes))
		is("brier", c.Brier)(metrics.Brier(c.Want, c.Proba, c.Classes))
		is("ece", c.ECE)(metrics.ECE(c.Want, c.Proba, c.Classes, 0))
		for k, v := range c.Top {
			is("top", v)(metrics.TopK(c.Want, c.Proba, c.Classes, k+1))
		}
	}
}

func TestRegressionScores(t *testing.T) {
	for i, c := range load(t).Regression {
		is := near(t, i)
		is("mse", c.MSE)(metrics.MSE(c.Want, c.Got))
		is("rmse", c.RMSE)(metrics.RMSE(c.Want, c.Got))
		is("mae", c.MAE)(metrics.MAE(c.Want, c.Got))
		is("median", c.Median)(metrics.MedianAE(c.Want, c.Got))
		is("r2", c.R2)(metrics.R2(c.Want, c.Got))
		is("explained", c.Explained)(metrics.ExplainedVariance(c.Want, c.Got))
	}
}

func TestErrors(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		f    func() (float64, error)
		want string
	}{
		{"no rows", func() (float64, error) { return metrics.Accuracy(nil, nil) }, "no rows"},
		{"lengths", func() (float64, error) { return metrics.MCC([]int{1, 0}, []int{1}) }, "1 predictions for 2 rows"},
		{"negative class", func() (float64, error) { return metrics.F1([]int{0, -1}, []int{0, 0}, metrics.Macro) }, "row 1: class -1"},
		{"binary of three", func() (float64, error) { return metrics.F1([]int{0, 2}, []int{0, 0}, metrics.Binary) }, "binary score of 3 classes"},
		{"average", func() (float64, error) { return metrics.F1([]int{0}, []int{0}, 9) }, "no average 9"},
		{"kappa of one class", func() (float64, error) { return metrics.CohenKappa([]int{1, 1}, []int{1, 1}) }, "not defined"},
		{"probabilities", func() (float64, error) { return metrics.LogLoss([]int{0, 1}, []float64{0.5, 0.5, 1}, 2) }, "3 probabilities for 2 rows and 2 classes"},
		{"probability", func() (float64, error) { return metrics.Brier([]int{0}, []float64{0.5, 1.5}, 2) }, "row 0: probability 1.5 of class 1"},
		{"NaN probability", func() (float64, error) { return metrics.ECE([]int{0}, []float64{nan, 1}, 2, 0) }, "probability NaN"},
		{"class", func() (float64, error) { return metrics.LogLoss([]int{2}, []float64{0.5, 0.5}, 2) }, "row 0: class 2 is not in [0, 2)"},
		{"one class", func() (float64, error) { return metrics.AUC([]int{1, 1}, []float64{1, 2}) }, "all rows are of one class"},
		{"no positives", func() (float64, error) { return metrics.AveragePrecision([]int{0, 0}, []float64{1, 2}) }, "no rows of class 1"},
		{"NaN score", func() (float64, error) { return metrics.AUC([]int{0, 1}, []float64{1, nan}) }, "row 1: the score is NaN"},
		{"binary truth", func() (float64, error) { return metrics.AUC([]int{0, 2}, []float64{1, 2}) }, "row 1: class 2 of a binary truth"},
		{"top", func() (float64, error) { return metrics.TopK([]int{0}, []float64{1, 0}, 2, 3) }, "top 3 of 2"},
		{"bins", func() (float64, error) { return metrics.ECE([]int{0}, []float64{1, 0}, 2, -1) }, "-1 bins"},
		{"NaN value", func() (float64, error) { return metrics.MSE([]float64{1, 2}, []float64{1, nan}) }, "row 1: predicted NaN"},
		{"constant truth", func() (float64, error) { return metrics.R2([]float64{3, 3}, []float64{1, 2}) }, "no variance"},
	} {
		if v, err := c.f(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v (%v), want %q", c.name, v, err, c.want)
		}
	}
	if _, err := metrics.MacroAUC([]int{0, 0, 1}, []float64{1, 0, 0, 1, 0, 0, 1, 0, 0}, 3); !errors.Is(err, metrics.ErrOneClass) || !strings.Contains(err.Error(), "class 2") {
		t.Errorf("have %v", err)
	}
	if _, err := metrics.Confusion([]int{0, 3}, []int{0, 1}, 2); err == nil || !strings.Contains(err.Error(), "row 1: class 3") {
		t.Errorf("have %v", err)
	}
	// The mean of equal values may differ from them by rounding, which is no variance.
	for _, want := range [][]float64{slices.Repeat([]float64{0.1}, 3), slices.Repeat([]float64{1. / 3}, 10), slices.Repeat([]float64{0.7}, 10)} {
		got := make([]float64, len(want))
		got[1] = 1
		for name, f := range map[string]func(want, got []float64) (float64, error){"R2": metrics.R2, "explained variance": metrics.ExplainedVariance} {
			if v, err := f(want, got); err == nil || !strings.Contains(err.Error(), "no variance") {
				t.Errorf("%s of the constant truth %v: have %v (%v)", name, want, v, err)
			}
		}
	}
}

// Nine hits of precision 1 in steps of 1, 1, 1 and 6 were once 1.0000000000000002.
func TestAveragePrecisionAtMostOne(t *testing.T) {
	p, err := metrics.AveragePrecision([]int{0, 1, 1, 1, 1, 1, 1, 1, 1, 1}, []float64{0, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.25, 0.375, 0.5})
	if err != nil || p != 1 {
		t.Errorf("have %v (%v), want 1", p, err)
	}
}

// TestProperties: scores do not depend on the order of rows, and the AUC of
// turned scores is what is left to 1.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(t, "n")
		want := rapid.SliceOfN(rapid.IntRange(0, 1), n, n).Draw(t, "want")
		want[0], want[1] = 0, 1
		score := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 8), func(i int) float64 { return float64(i) / 8 }), n, n).Draw(t, "score")
		order := rapid.Permutation(indices(n)).Draw(t, "order")
		a, err := metrics.AUC(want, score)
		if err != nil {
			t.Fatal(err)
		}
		w, s, turned := make([]int, n), make([]float64, n), make([]float64, n)
		for i, k := range order {
			w[i], s[i], turned[i] = want[k], score[k], -score[k]
		}
		if b, _ := metrics.AUC(w, s); math.Abs(a-b) > 1e-12 {
			t.Errorf("AUC %v, in another order %v", a, b)
		}
		if b, _ := metrics.AUC(w, turned); math.Abs(a+b-1) > 1e-12 {
			t.Errorf("AUC %v, of turned scores %v", a, b)
		}
		p, _ := metrics.AveragePrecision(want, score)
		q, _ := metrics.AveragePrecision(w, s)
		if math.Abs(p-q) > 1e-12 || p < 0 || p > 1 {
			t.Errorf("average precision %v, in another order %v", p, q)
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
