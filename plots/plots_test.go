package plots_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/plots"
	"gonum.org/v1/plot/cmpimg"
)

var update = flag.Bool("update", false, "write the golden images anew; look at each of them")

// falling is a noisy curve as training gives it.
func falling(seed uint64, n int, name string, floor float64) data.Curve {
	r := rand.New(rand.NewPCG(seed, 0))
	c := data.Curve{Name: name}
	for i := range n {
		c.Values = append(c.Values, floor+0.6*math.Exp(-float64(i)/8)*(1+0.1*r.NormFloat64()))
	}
	return c
}

func fits(n int) (list [][]data.Curve, best []int) {
	for i := range n {
		epochs := 30 + 3*i
		list = append(list, []data.Curve{falling(uint64(i), epochs, "loss", 0.02), falling(uint64(100+i), epochs, "val_loss", 0.08)})
		best = append(best, 20+3*i)
	}
	return list, best
}

// result validates three made-up models, so that the report needs no training.
func result(t *testing.T, load func() (*data.Set, error)) *crossval.Result {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	guess := func(skill float64) crossval.Estimator {
		return crossval.EstimatorFunc(func(_ context.Context, _ *data.Set, seed uint64) (*data.Predictor, error) {
			list, best := fits(1)
			return &data.Predictor{Curves: list[0], BestEpoch: best[0], Parameters: 1025, Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
				return predicted(set, rows, skill, seed), nil
			}}, nil
		})
	}
	res, err := crossval.Validate(context.Background(), set, crossval.RepeatedKFold{K: 5, Repeats: 2, Seed: 1}, []crossval.Candidate{
		{Name: "net", Estimator: guess(2.5)}, {Name: "forest", Estimator: guess(2.2), Baseline: true}, {Name: "tree", Estimator: guess(1), Baseline: true},
	}, crossval.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return res.WithoutTiming()
}

// predicted looks the truth up by the row's first value and disturbs it.
func predicted(set, rows *data.Set, skill float64, seed uint64) *data.Prediction {
	all, p, _ := set.Table()
	x, _, _ := rows.Table()
	r := rand.New(rand.NewPCG(seed, 1))
	out := &data.Prediction{}
	for i := range rows.Len() {
		at := 0
		for !equalRow(all[at*p:(at+1)*p], x[i*p:(i+1)*p]) {
			at++
		}
		if set.Task() == (data.Regress{}) {
			y, _ := set.Values()
			out.Values = append(out.Values, y[at]+60*r.NormFloat64()/skill)
			continue
		}
		labels, _ := set.Labels()
		logit := skill*float64(2*labels[at]-1) + 1.2*r.NormFloat64()
		prob := 1 / (1 + math.Exp(-logit))
		out.Proba = append(out.Proba, 1-prob, prob)
		label := 0
		if prob > 0.5 {
			label = 1
		}
		out.Labels = append(out.Labels, label)
	}
	return out
}

func equalRow(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func figures(t *testing.T) map[string]*plots.Figure {
	t.Helper()
	must := func(f *plots.Figure, err error) *plots.Figure {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	many, best := fits(9)
	one, _ := fits(1)
	r := rand.New(rand.NewPCG(5, 5))
	var actual, pred []float64
	for range 200 {
		y := 100 * r.Float64()
		actual, pred = append(actual, y), append(pred, y+8*r.NormFloat64())
	}
	var folds []float64
	for range 30 {
		folds = append(folds, 0.95+0.01*r.NormFloat64())
	}
	residuals := plots.Residuals{Target: "price", Actual: actual, Predicted: pred}
	all := map[string]*plots.Figure{
		"learning_rates": must(plots.LearningRates(rateSearch())),
		"risk_coverage":  must(plots.RiskCoverage(selective())),
		"retrieval":      must(plots.Retrieval(retrieval())),
		"recall_curves":  must(plots.RecallCurves(recommendation().Recall)),
		"recommendation": must(plots.Recommendation(recommendation())),
		"curves_one":     must(plots.LearningCurves(plots.Curves{Fits: one, BestEpochs: []int{21}})),
		"curves_axis":    must(plots.LearningCurves(plots.Curves{Fits: one, Low: 0.1, High: 0.5})),
		"curves_many":    must(plots.LearningCurves(plots.Curves{Fits: many, BestEpochs: best})),
		"confusion_ten":  must(plots.ConfusionMatrix(tenClasses())),
		"confusion":      must(plots.ConfusionMatrix(plots.Confusion{Classes: []string{"benign", "malignant"}, Counts: [][]float64{{353, 4}, {9.3, 202.7}}})),
		"roc":            must(plots.ROCCurves(plots.ROC{Curves: []plots.Rates{{Name: "net", FPR: []float64{0, 0, 0.1, 1}, TPR: []float64{0, 0.9, 0.98, 1}, AUC: 0.985}, {Name: "tree", FPR: []float64{0, 0.05, 1}, TPR: []float64{0, 0.9, 1}, AUC: 0.925}}})),
		"comparison": must(plots.FoldComparison(plots.Comparison{Metric: "accuracy", Greater: true, Models: []plots.Scores{
			{Name: "net", Folds: folds, Mean: 0.95, Low: 0.94, High: 0.96, Reference: true},
			{Name: "tree", Folds: folds[:10], Mean: 0.945, Low: 0.93, High: 0.96},
			{Name: "majority", Folds: []float64{0.5, 0.51}, Mean: 0.505, Low: math.NaN(), High: math.NaN()},
		}})),
		"curves_stopped":    must(plots.LearningCurves(plots.Curves{Fits: many[:3], BestEpochs: best[:3]})),
		"confusion_many":    must(plots.ConfusionMatrix(manyClasses(40))),
		"roc_many":          must(plots.ROCCurves(manyROC(20))),
		"precision_recall":  must(plots.PrecisionRecallCurves(plots.PrecisionRecall{Rate: 0.14, Curves: []plots.PrecisionRecalls{{Name: "net", Recall: []float64{1, 0.8, 0.5, 0}, Precision: []float64{0.14, 0.6, 0.9, 1}, AveragePrecision: 0.71}, {Name: "tree", Recall: []float64{1, 0.6, 0}, Precision: []float64{0.14, 0.4, 1}, AveragePrecision: 0.46}}})),
		"calibration":       must(plots.CalibrationCurve(tooSure())),
		"importance":        must(plots.ImportanceBars(plots.Importances{Metric: "accuracy", Most: 3, Columns: []plots.Effect{{Name: "age", Mean: 0.01, Low: -0.01, High: 0.03}, {Name: "income of the household in a year", Mean: 0.2, Low: 0.15, High: 0.25}, {Name: "town", Mean: -0.01, Low: math.NaN(), High: math.NaN()}, {Name: "dog", Mean: -0.02, Low: -0.03, High: 0}}})),
		"residuals":         must(plots.ResidualsPredicted(residuals)),
		"scripts":           must(plots.ConfusionMatrix(plots.Confusion{Title: "Ωμέγα · Тест · تفاحة (x)", Classes: []string{"κόκκινο", "красное", "تفاحة 12", "שלום 12", "հայ"}, Counts: [][]float64{{3, 0, 0, 0, 0}, {0, 3, 0, 0, 0}, {0, 0, 3, 0, 0}, {0, 0, 0, 3, 0}, {0, 0, 0, 0, 3}}})),
		"report_many":       must(plots.CrossValidation(plots.Report{Result: manyResult(t, 30), Reference: "net"})),
		"training":          must(plots.Training(heldOut(t))),
		"scatter":           must(plots.PredictedActual(residuals)),
		"histogram":         must(plots.ResidualHistogram(residuals)),
		"report":            must(plots.CrossValidation(plots.Report{Result: result(t, data.BreastCancer), Reference: "net", Facts: []plots.Fact{{Name: "versions", Value: "aegis"}}})),
		"report_regression": must(plots.CrossValidation(plots.Report{Result: result(t, data.Diabetes), Reference: "net"})),
	}
	maps.Copy(all, notebookFigures(t, must))
	maps.Copy(all, speedFigures(must))
	maps.Copy(all, translationFigures(must))
	maps.Copy(all, taskFigures(t, must))
	maps.Copy(all, statisticsFigures(t, must))
	return all
}

// TestMain keeps the machine's fonts out of the golden images.
func TestMain(m *testing.M) {
	os.Setenv(plots.FontsVariable, "none")
	os.Exit(m.Run())
}

func TestGolden(t *testing.T) {
	for name, f := range figures(t) {
		path := filepath.Join("testdata", name+".png")
		got := f.PNG()
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := cmpimg.EqualApprox("png", got, want, 0.02); err != nil || !ok {
			out := filepath.Join(t.TempDir(), name+".png")
			_ = os.WriteFile(out, got, 0o644)
			t.Errorf("%s differs from the golden image (%v)", name, err)
		}
	}
}

func TestFormats(t *testing.T) {
	fit, _ := fits(1)
	f, err := plots.LearningCurves(plots.Curves{Fits: fit})
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(f.PNG())); err != nil || img.Bounds().Dx() != 864 {
		t.Errorf("png: %v", err)
	}
	if !bytes.Contains(f.SVG(), []byte("<svg")) {
		t.Error("svg: no svg element")
	}
	dir := t.TempDir()
	for ext, magic := range map[string]string{".png": "\x89PNG", ".svg": "<?xml", ".html": "<!DOCTYPE html>"} {
		path := filepath.Join(dir, "f"+ext)
		if err := f.Save(path); err != nil {
			t.Error(err)
		}
		if raw, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(raw, []byte(magic)) {
			t.Errorf("%s: %.8q %v", ext, raw, err)
		}
	}
	for _, path := range []string{filepath.Join(dir, "f.gif"), "/nowhere/f.png", dir + ".png/f.png"} {
		if err := f.Save(path); err == nil || !strings.Contains(err.Error(), "plots: ") {
			t.Errorf("%s: have %v", path, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		draw func() (*plots.Figure, error)
		want string
	}{
		{"no curve", func() (*plots.Figure, error) { return plots.LearningCurves(plots.Curves{}) }, `no fit has a curve "loss"`},
		{"axis", func() (*plots.Figure, error) {
			return plots.LearningCurves(plots.Curves{Fits: [][]data.Curve{{{Name: "loss", Values: []float64{1, 2}}}}, Low: 1})
		}, "an axis from 1 to 0"},
		{"curve of NaN", func() (*plots.Figure, error) {
			return plots.LearningCurves(plots.Curves{Fits: [][]data.Curve{{{Name: "loss", Values: []float64{nan}}}}})
		}, "without finite values"},
		{"confusion shape", func() (*plots.Figure, error) {
			return plots.ConfusionMatrix(plots.Confusion{Classes: []string{"a", "b"}, Counts: [][]float64{{1, 2}, {3}}})
		}, "row 1 of the confusion matrix has 1 columns"},
		{"confusion NaN", func() (*plots.Figure, error) {
			return plots.ConfusionMatrix(plots.Confusion{Classes: []string{"a"}, Counts: [][]float64{{nan}}})
		}, "holds NaN at row 0, column 0"},
		{"no rates", func() (*plots.Figure, error) { return plots.LearningRates(plots.RateSearch{}) }, "0 losses, 0 smoothed losses and 0 rates"},
		{"rates that fall", func() (*plots.Figure, error) {
			return plots.LearningRates(plots.RateSearch{Rates: []float64{2, 1}, Losses: []float64{1, 1}, Smoothed: []float64{1, 1}})
		}, "rate 1 is 1"},
		{"loss of NaN", func() (*plots.Figure, error) {
			return plots.LearningRates(plots.RateSearch{Rates: []float64{1, 2}, Losses: []float64{1, nan}, Smoothed: []float64{1, 1}})
		}, "loss 1 is NaN"},
		{"a suggestion beyond", func() (*plots.Figure, error) {
			return plots.LearningRates(plots.RateSearch{Rates: []float64{1, 2}, Losses: []float64{1, 1}, Smoothed: []float64{1, 1}, Suggestion: 3})
		}, "the suggestion 3 is not among the rates"},
		{"no ROC", func() (*plots.Figure, error) { return plots.ROCCurves(plots.ROC{}) }, "nothing to draw"},
		{"ROC lengths", func() (*plots.Figure, error) {
			return plots.ROCCurves(plots.ROC{Curves: []plots.Rates{{Name: "a", FPR: []float64{0, 1}, TPR: []float64{0}}}})
		}, "2 false and 1 true"},
		{"no precision", func() (*plots.Figure, error) { return plots.PrecisionRecallCurves(plots.PrecisionRecall{}) }, "nothing to draw"},
		{"precision lengths", func() (*plots.Figure, error) {
			return plots.PrecisionRecallCurves(plots.PrecisionRecall{Curves: []plots.PrecisionRecalls{{Name: "a", Recall: []float64{0, 1}}}})
		}, "2 recalls and 0 precisions"},
		{"share of positives", func() (*plots.Figure, error) {
			return plots.PrecisionRecallCurves(plots.PrecisionRecall{Rate: nan, Curves: make([]plots.PrecisionRecalls, 1)})
		}, "a share of positive rows of NaN"},
		{"no rows to calibrate", func() (*plots.Figure, error) { return plots.CalibrationCurve(plots.Calibration{}) }, "0 probabilities for 0 rows"},
		{"half a row", func() (*plots.Figure, error) {
			return plots.CalibrationCurve(plots.Calibration{Labels: []int{0, 1}, Proba: []float64{1, 0, 1}})
		}, "3 probabilities for 2 rows"},
		{"a label beyond", func() (*plots.Figure, error) {
			return plots.CalibrationCurve(plots.Calibration{Labels: []int{7}, Proba: []float64{1, 0}})
		}, "plots: metrics: "},
		{"bins", func() (*plots.Figure, error) {
			return plots.CalibrationCurve(plots.Calibration{Labels: []int{0}, Proba: []float64{1, 0}, Bins: 1 << 30})
		}, "in 1073741824 bins"},
		{"no columns", func() (*plots.Figure, error) { return plots.ImportanceBars(plots.Importances{}) }, "nothing to draw"},
		{"importance NaN", func() (*plots.Figure, error) {
			return plots.ImportanceBars(plots.Importances{Columns: []plots.Effect{{Name: "age", Mean: nan}}})
		}, "importance of age: NaN"},
		{"residuals over predictions", func() (*plots.Figure, error) { return plots.ResidualsPredicted(plots.Residuals{}) }, "0 predictions for 0"},
		{"no metric", func() (*plots.Figure, error) {
			return plots.CrossValidation(plots.Report{Result: &crossval.Result{Runs: []crossval.Run{{Candidate: "net"}}}, Reference: "net"})
		}, "no metric"},
		{"row names", func() (*plots.Figure, error) {
			return plots.CrossValidation(plots.Report{Result: manyResult(t, 3), Reference: "net", RowNames: []string{"a"}})
		}, "1 names for 60 rows"},
		{"no models", func() (*plots.Figure, error) { return plots.FoldComparison(plots.Comparison{}) }, "nothing to draw"},
		{"model without scores", func() (*plots.Figure, error) {
			return plots.FoldComparison(plots.Comparison{Metric: "accuracy", Models: []plots.Scores{{Name: "net"}}})
		}, "net has no accuracy"},
		{"residuals", func() (*plots.Figure, error) {
			return plots.PredictedActual(plots.Residuals{Actual: []float64{1, 2}, Predicted: []float64{1}})
		}, "1 predictions for 2"},
		{"residual NaN", func() (*plots.Figure, error) {
			return plots.ResidualHistogram(plots.Residuals{Actual: []float64{1}, Predicted: []float64{nan}})
		}, "row 0: predicted NaN"},
		{"no result", func() (*plots.Figure, error) { return plots.CrossValidation(plots.Report{}) }, "no result"},
		{"no such candidate", func() (*plots.Figure, error) {
			return plots.CrossValidation(plots.Report{Result: &crossval.Result{}, Reference: "net"})
		}, `no run of "net"`},
	} {
		_, err := c.draw()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}

// manyClasses is a confusion matrix of more classes than have room for numbers.
func manyClasses(n int) plots.Confusion {
	c := plots.Confusion{}
	for i := range n {
		c.Classes = append(c.Classes, fmt.Sprintf("species number %d of all", i+1))
		row := make([]float64, n)
		row[i], row[(i+3)%n], row[(i*i)%n] = 90, float64(i), float64(i)/2
		c.Counts = append(c.Counts, row)
	}
	return c
}

func manyROC(n int) plots.ROC {
	var r plots.ROC
	for i := range n {
		y := 0.99 - 0.02*float64(i)
		r.Curves = append(r.Curves, plots.Rates{Name: fmt.Sprint("class ", i), FPR: []float64{0, 0.1, 1}, TPR: []float64{0, y, 1}, AUC: y})
	}
	return r
}

// tooSure says 0.95 where it is right four times out of five.
func tooSure() plots.Calibration {
	c := plots.Calibration{}
	for i := range 100 {
		p := []float64{0.95, 0.65, 0.55}[i%3]
		label := 0
		if i%5 == 0 {
			label = 1
		}
		c.Labels, c.Proba = append(c.Labels, label), append(c.Proba, p, 1-p)
	}
	return c
}

// manyResult validates two made-up models of k classes, and one that fails.
func manyResult(t *testing.T, k int) *crossval.Result {
	t.Helper()
	var rows [][]float64
	var labels []int
	var classes []string
	for c := range k {
		classes = append(classes, fmt.Sprintf("class %c%d", 'a'+c%26, c))
	}
	for i := range 20 * k {
		rows, labels = append(rows, []float64{float64(i), float64(i % 7)}), append(labels, i%k)
	}
	set, err := data.FromLabels("many", rows, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	guess := func(skill float64) crossval.Estimator {
		return crossval.EstimatorFunc(func(_ context.Context, _ *data.Set, seed uint64) (*data.Predictor, error) {
			return &data.Predictor{Predict: func(_ context.Context, test *data.Set) (*data.Prediction, error) {
				v, p, err := test.Table()
				r := rand.New(rand.NewPCG(seed, 2))
				out := &data.Prediction{}
				for i := range test.Len() {
					proba, sum := make([]float64, k), 0.0
					for c := range proba {
						proba[c] = math.Exp(r.NormFloat64())
						if c == int(v[i*p])%k {
							proba[c] *= math.Exp(skill)
						}
						sum += proba[c]
					}
					best := 0
					for c := range proba {
						proba[c] /= sum
						if proba[c] > proba[best] {
							best = c
						}
					}
					out.Labels, out.Proba = append(out.Labels, best), append(out.Proba, proba...)
				}
				return out, err
			}}, nil
		})
	}
	broken := crossval.EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		return nil, errors.New("no estimator <b>today</b>")
	})
	declines := crossval.EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		return nil, fmt.Errorf("%w: too many rows", crossval.ErrSkipped)
	})
	res, err := crossval.Validate(context.Background(), set, crossval.StratifiedKFold{K: 4, Seed: 1}, []crossval.Candidate{
		{Name: "net", Estimator: guess(4)}, {Name: "forest", Estimator: guess(3), Baseline: true}, {Name: "broken", Estimator: broken}, {Name: "forest of a great many trees", Estimator: declines},
	}, crossval.Options{Seed: 1, Importance: []string{"net"}})
	if res == nil || len(res.Failed) != 2 {
		t.Fatal(err)
	}
	return res.WithoutTiming()
}

// heldOut is a training page of two classes, one of them rare.
func heldOut(t *testing.T) plots.TrainingReport {
	t.Helper()
	var rows [][]float64
	var labels []int
	p := &data.Prediction{}
	r := rand.New(rand.NewPCG(8, 8))
	for i := range 150 {
		label := 0
		if i%8 == 0 {
			label = 1
		}
		one := 1 / (1 + math.Exp(-(3*float64(label) - 2 + 1.2*r.NormFloat64())))
		rows, labels = append(rows, []float64{float64(i)}), append(labels, label)
		p.Labels, p.Proba = append(p.Labels, int(math.Round(one))), append(p.Proba, 1-one, one)
	}
	set, err := data.FromLabels("rare", rows, labels, []string{"no", "yes"})
	if err != nil {
		t.Fatal(err)
	}
	one, _ := fits(1)
	return plots.TrainingReport{Title: "Training of a net on rare", Curves: one[0], BestEpoch: 21, Rows: set, Prediction: p, Facts: []plots.Fact{{Name: "rows", Value: "150"}, {Name: "source"}}}
}

// tenClasses is a confusion matrix of classes whose names do not fit side by side.
func tenClasses() plots.Confusion {
	c := plots.Confusion{Classes: []string{"T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}}
	for i := range c.Classes {
		row := make([]float64, len(c.Classes))
		row[i], row[(i+3)%10] = float64(900+i), float64(100-i)
		c.Counts = append(c.Counts, row)
	}
	return c
}
