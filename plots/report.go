package plots

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
	"gonum.org/v1/plot"
)

// Report is the page about a cross-validation.
type Report struct {
	Title     string // "": made of the data's name
	Result    *crossval.Result
	Reference string // the candidate whose curves, confusion and ROC are shown, and that the others are compared with
	Facts     []Fact // added to what the result says of itself: versions, parameters, machine
	Notes     []string
}

// CrossValidation draws the page: learning curves over the folds, the scores of
// all models fold by fold, the confusion matrix and ROC curves (or, of a
// regression, predictions and residuals), the verdicts, and the facts.
func CrossValidation(r Report) (*Figure, error) {
	res := r.Result
	if res == nil {
		return nil, errors.New("plots: the report has no result")
	}
	if len(res.RunsOf(r.Reference)) == 0 {
		return nil, fmt.Errorf("plots: the result has no run of %q", r.Reference)
	}
	p := &page{title: r.Title, subtitle: fmt.Sprintf("%s · %d rows · %s", res.Data.Name, res.Data.Rows, res.Splitter)}
	if p.title == "" {
		p.title = fmt.Sprintf("Cross-validation: %s on %s", r.Reference, res.Data.Name)
	}
	compare, err := scoresOf(res, r.Reference).plot()
	if err != nil {
		return nil, err
	}
	var fits [][]data.Curve
	var best []int
	for _, run := range res.RunsOf(r.Reference) {
		if len(run.Curves) > 0 {
			fits, best = append(fits, run.Curves), append(best, run.BestEpoch)
		}
	}
	if len(fits) > 0 {
		curves, err := Curves{Fits: fits, BestEpochs: best, Title: fmt.Sprintf("%s: loss over epochs, %d folds", r.Reference, len(fits))}.plot()
		if err != nil {
			return nil, err
		}
		p.plot(0, 0.47, 0.42, 1, curves)
		p.plot(0.43, 0.47, 1, 1, compare)
	} else {
		p.plot(0, 0.47, 1, 1, compare)
	}
	left, right, err := outcome(res, r.Reference)
	if err != nil {
		return nil, err
	}
	p.plot(0, 0, 0.255, 0.45, left)
	p.plot(0.26, 0, 0.515, 0.45, right)
	p.prose(0.53, 0, 0.755, 0.45, "Verdict", append(verdicts(res, r.Reference), r.Notes...))
	p.facts(0.775, 0, 1, 0.45, "Facts", append(factsOf(res, r.Reference), r.Facts...))
	return p.figure(), nil
}

// scoresOf makes the comparison of the first metric of all candidates that have one.
func scoresOf(res *crossval.Result, reference string) Comparison {
	m := res.Metrics[0]
	c := Comparison{Metric: m.Name, Greater: m.Greater, Title: fmt.Sprintf("%s on the %d test folds", m.Name, len(res.Splits))}
	for _, cand := range res.Candidates {
		s := Scores{Name: cand.Name, Folds: res.Scores(cand.Name, m.Name), Mean: res.Mean(cand.Name, m.Name), Low: math.NaN(), High: math.NaN(), Reference: cand.Name == reference}
		if len(s.Folds) == 0 || math.IsNaN(s.Mean) {
			continue
		}
		if i, err := res.Interval(cand.Name, m.Name); err == nil {
			s.Low, s.High = i.Low, i.High
		}
		c.Models = append(c.Models, s)
	}
	return c
}

// outcome returns the two plots about the reference's predictions.
func outcome(res *crossval.Result, reference string) (left, right *plot.Plot, err error) {
	if res.Data.Task == data.Regress {
		o, err := res.OutOfFold(reference)
		if err != nil {
			return nil, nil, err
		}
		r := Residuals{Target: res.Data.Target, Actual: o.Values, Predicted: o.Prediction.Values}
		if left, err = r.scatter(); err != nil {
			return nil, nil, err
		}
		right, err = r.histogram()
		return left, right, err
	}
	counts, err := res.Confusion(reference)
	if err != nil {
		return nil, nil, err
	}
	title := "Confusion of " + reference
	if res.Repeats() > 1 {
		title += fmt.Sprintf(", mean of %d repeats", res.Repeats())
	}
	if left, err = (Confusion{Title: title, Classes: res.Data.Classes, Counts: counts}).plot(); err != nil {
		return nil, nil, err
	}
	roc, err := rocOf(res, reference)
	if err != nil {
		return nil, nil, err
	}
	right, err = roc.plot()
	return left, right, err
}

// rocOf makes the ROC of class 1 for all models with probabilities; of more than
// two classes, that of each class against the rest for the reference.
func rocOf(res *crossval.Result, reference string) (ROC, error) {
	k := len(res.Data.Classes)
	if k == 2 {
		r := ROC{Title: "ROC for " + res.Data.Classes[1] + ", out of fold"}
		names := []string{reference}
		for _, c := range res.Candidates {
			if c.Name != reference {
				names = append(names, c.Name)
			}
		}
		for _, name := range names {
			o, err := res.OutOfFold(name)
			if err != nil || o.Prediction.Proba == nil || !tellsApart(res, name) { // no runs, labels only, or one constant
				continue
			}
			curve, err := rates(name, o, 1, k)
			if err != nil {
				return r, err
			}
			r.Curves = append(r.Curves, curve)
		}
		return r, nil
	}
	r := ROC{Title: "ROC of " + reference + ", each class against the rest"}
	o, err := res.OutOfFold(reference)
	if err != nil {
		return r, err
	}
	for c, name := range res.Data.Classes {
		curve, err := rates(name, o, c, k)
		if err != nil {
			return r, err
		}
		r.Curves = append(r.Curves, curve)
	}
	return r, nil
}

// tellsApart says whether a candidate gives different probabilities to rows of
// one fold; without that a ROC curve shows how the folds were drawn.
func tellsApart(res *crossval.Result, name string) bool {
	k := len(res.Data.Classes)
	for _, run := range res.RunsOf(name) {
		p := run.Prediction.Proba
		for i := k; i < len(p); i++ {
			if p[i] != p[i-k] {
				return true
			}
		}
	}
	return false
}

func rates(name string, o *crossval.OutOfFold, class, classes int) (Rates, error) {
	want, score := make([]int, len(o.Labels)), make([]float64, len(o.Labels))
	for i, l := range o.Labels {
		if l == class {
			want[i] = 1
		}
		score[i] = o.Prediction.Proba[i*classes+class]
	}
	curve, err := metrics.ROC(want, score)
	if err != nil {
		return Rates{}, fmt.Errorf("plots: ROC of %s: %w", name, err)
	}
	auc, err := metrics.AUC(want, score)
	if err != nil {
		return Rates{}, fmt.Errorf("plots: ROC of %s: %w", name, err)
	}
	return Rates{Name: name, FPR: curve.X, TPR: curve.Y, AUC: auc}, nil
}

// verdicts says in words how the reference fares against each other candidate.
func verdicts(res *crossval.Result, reference string) []string {
	list, err := crossval.Compare(res, reference, "")
	if err != nil {
		return []string{"No comparison: " + err.Error()}
	}
	out := []string{fmt.Sprintf("%s of %s less that of the other, 95%% interval, p of the corrected resampled t-test (Nadeau & Bengio 2003), adjusted for %d tests (Holm):", res.Metrics[0].Name, reference, list[0].Tests)}
	for i := range list {
		c := &list[i]
		words := "no evidence that they differ"
		switch c.Better() {
		case c.Reference:
			words = c.Reference + " is better"
		case c.Other:
			words = c.Other + " is better"
		}
		p := "p" + tied + "=" + tied + fmt.Sprintf("%.2g", c.PHolm)
		if c.PHolm < 0.001 {
			p = "p" + tied + "<" + tied + "0.001"
		}
		out = append(out, fmt.Sprintf("%s: %s. %s (%s to %s), %s", c.Other, words, short("%+.3f", c.Mean), short("%.3f", c.Low), short("%.3f", c.High), p))
	}
	return out
}

// short writes a number with three places, or four digits if it is large.
func short(format string, v float64) string {
	if math.Abs(v) >= 100 {
		return fmt.Sprintf("%.4g", v)
	}
	return fmt.Sprintf(format, v)
}

func factsOf(res *crossval.Result, reference string) []Fact {
	var facts []Fact
	if res.Data.Source != "" {
		facts = append(facts, Fact{"source", res.Data.Source})
	}
	facts = append(facts, Fact{"target", fmt.Sprintf("%s (%v)", res.Data.Target, res.Data.Task)})
	for _, m := range res.Metrics {
		if v := res.Mean(reference, m.Name); !math.IsNaN(v) {
			facts = append(facts, Fact{m.Name, fmt.Sprintf("%.4f ± %.4f", v, res.Std(reference, m.Name))})
		}
	}
	if runs := res.RunsOf(reference); runs[0].Parameters > 0 {
		facts = append(facts, Fact{"parameters", fmt.Sprint(runs[0].Parameters)})
	}
	return append(facts,
		Fact{"time a fold", fmt.Sprintf("fit %s, predict %s", res.FitTime(reference).Round(time.Millisecond), res.PredictTime(reference).Round(10*time.Microsecond))},
	)
}

// TrainingReport is the page about one fit.
type TrainingReport struct {
	Title      string
	Curves     []data.Curve
	BestEpoch  int              // 0: none
	Rows       *data.Set        // rows that were not trained on, with targets; nil: none
	RowsName   string           // what they are; "": "validation rows"
	Prediction *data.Prediction // of Rows
	Facts      []Fact
	Notes      []string
}

// Training draws the page: loss and accuracy over epochs, what the model says of
// held-out rows, and the facts.
func Training(r TrainingReport) (*Figure, error) {
	p := &page{title: r.Title, subtitle: fmt.Sprintf("%d curves", len(r.Curves))}
	if r.RowsName == "" {
		r.RowsName = "validation rows"
	}
	loss, err := Curves{Fits: [][]data.Curve{r.Curves}, BestEpochs: []int{r.BestEpoch}}.plot()
	if err != nil {
		return nil, err
	}
	p.subtitle = r.epochs()
	if second := r.secondCurve(); second != "" {
		curves, err := Curves{Metric: second, Fits: [][]data.Curve{r.Curves}, BestEpochs: []int{r.BestEpoch}}.plot()
		if err != nil {
			return nil, err
		}
		p.plot(0, 0.47, 0.5, 1, loss)
		p.plot(0.51, 0.47, 1, 1, curves)
	} else {
		p.plot(0, 0.47, 1, 1, loss)
	}
	if r.Rows != nil && r.Prediction != nil {
		left, right, err := r.outcome()
		if err != nil {
			return nil, err
		}
		p.plot(0, 0, 0.3, 0.45, left)
		if right != nil {
			p.plot(0.31, 0, 0.6, 0.45, right)
		}
	}
	p.facts(0.63, 0, 1, 0.45, "Facts", append(r.Facts, notesAsFacts(r.Notes)...))
	return p.figure(), nil
}

func notesAsFacts(notes []string) []Fact {
	var out []Fact
	for _, n := range notes {
		out = append(out, Fact{"note", n})
	}
	return out
}

func (r TrainingReport) epochs() string {
	if len(r.Curves) == 0 {
		return ""
	}
	s := fmt.Sprintf("%d epochs", len(r.Curves[0].Values))
	if r.BestEpoch > 0 {
		s += fmt.Sprintf(", weights of epoch %d", r.BestEpoch)
	}
	return s
}

// secondCurve is the first curve besides loss and penalty.
func (r TrainingReport) secondCurve() string {
	for _, c := range r.Curves {
		if c.Name != "loss" && c.Name != "penalty" && !strings.HasPrefix(c.Name, "val_") {
			return c.Name
		}
	}
	return ""
}

func (r TrainingReport) outcome() (left, right *plot.Plot, err error) {
	if r.Rows.Task() == data.Regress {
		y, err := r.Rows.Values()
		if err != nil {
			return nil, nil, err
		}
		res := Residuals{Target: r.Rows.Target, Actual: y, Predicted: r.Prediction.Values}
		if left, err = res.scatter(); err != nil {
			return nil, nil, err
		}
		right, err = res.histogram()
		return left, right, err
	}
	labels, err := r.Rows.Labels()
	if err != nil {
		return nil, nil, err
	}
	k := len(r.Rows.Classes)
	counts, err := metrics.Confusion(labels, r.Prediction.Labels, k)
	if err != nil {
		return nil, nil, err
	}
	c := Confusion{Title: "Confusion, " + r.RowsName, Classes: r.Rows.Classes, Counts: make([][]float64, k)}
	for i, row := range counts {
		for _, v := range row {
			c.Counts[i] = append(c.Counts[i], float64(v))
		}
	}
	if left, err = c.plot(); err != nil || r.Prediction.Proba == nil {
		return left, nil, err
	}
	o := &crossval.OutOfFold{Labels: labels, Prediction: *r.Prediction}
	roc := ROC{Title: "ROC, " + r.RowsName}
	for class, name := range r.Rows.Classes {
		if k == 2 && class == 0 {
			continue
		}
		curve, err := rates(name, o, class, k)
		if errors.Is(err, metrics.ErrOneClass) { // too few rows to have them all
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		roc.Curves = append(roc.Curves, curve)
	}
	if len(roc.Curves) == 0 {
		return left, nil, nil
	}
	right, err = roc.plot()
	return left, right, err
}
