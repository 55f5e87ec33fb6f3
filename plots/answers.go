package plots

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/metrics"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// answers is the part of a page about predicted classes.
type answers struct {
	classes              []string
	confusion            Confusion
	roc, pr, calibration *plot.Plot // nil: none
	table                block      // of the classes, if there are more than two
	effects, worst       block
}

// unbalanced reports whether precision-recall curves are drawn: if the rarest class has less
// than 40% of an equal share.
func unbalanced(labels []int, k int) bool {
	counts := make([]int, k)
	for _, l := range labels {
		counts[l]++
	}
	return float64(slices.Min(counts)) < 0.4*float64(len(labels))/float64(k)
}

// answers collects what the reference predicts for the rows it was tested on.
func (r Report) answers(o *crossval.OutOfFold) (*answers, error) {
	res := r.Result
	counts, err := res.Confusion(r.Reference)
	if err != nil {
		return nil, err
	}
	name := shorten(oneLine(r.Reference), 24)
	a := &answers{classes: res.Data.Classes, confusion: Confusion{Title: "Confusion of " + name, Classes: res.Data.Classes, Counts: counts}}
	if res.Repeats() > 1 {
		a.confusion.Title += fmt.Sprintf(", mean of %d repeats", res.Repeats())
	}
	k := len(res.Data.Classes)
	if k == 2 {
		err = a.twoClasses(res, r.Reference, o)
	} else if o.Prediction.Proba != nil {
		err = a.manyClasses(name, o)
	}
	if err != nil {
		return nil, err
	}
	if k > 2 {
		a.table = classTable(a.confusion, o)
	}
	labels, proba := pooled(res, r.Reference)
	if proba == nil {
		return a, nil
	}
	a.calibration, err = (Calibration{Title: "Calibration of " + name, Labels: labels, Proba: proba}).plot()
	return a, err
}

// pooled joins the test rows of all folds and repeats with their individual predictions.
// Means over the repeats would be better calibrated than a single model.
func pooled(res *crossval.Result, name string) (labels []int, proba []float64) {
	for _, run := range res.RunsOf(name) {
		if run.Prediction.Proba == nil {
			return nil, nil
		}
		for _, row := range res.Splits[run.Split].Test {
			labels = append(labels, res.Data.Labels[row])
		}
		proba = append(proba, run.Prediction.Proba...)
	}
	return labels, proba
}

// twoClasses draws the curves of all models that predict probabilities.
func (a *answers) twoClasses(res *crossval.Result, reference string, o *crossval.OutOfFold) error {
	positive := 1
	rare := unbalanced(o.Labels, 2)
	zeros := 0
	for _, l := range o.Labels {
		if l == 0 {
			zeros++
		}
	}
	pr := PrecisionRecall{Rate: float64(len(o.Labels)-zeros) / float64(len(o.Labels))}
	if rare && 2*zeros < len(o.Labels) { // the curve of the rare class is more informative
		positive, pr.Rate = 0, 1-pr.Rate
	}
	class := shorten(oneLine(res.Data.Classes[positive]), 24)
	roc := ROC{Title: "ROC for " + class + ", out of fold"}
	pr.Title = "Precision and recall for " + class
	for _, c := range res.Candidates {
		one, err := res.OutOfFold(c.Name)
		if err != nil || one.Prediction.Proba == nil || !tellsApart(res, c.Name) { // no runs, labels only, or a constant
			continue
		}
		curves, err := classCurves(c.Name, one.Labels, one.Prediction.Proba, positive, 2)
		if errors.Is(err, metrics.ErrOneClass) {
			continue
		}
		if err != nil {
			return err
		}
		roc.Curves, pr.Curves = append(roc.Curves, curves.roc), append(pr.Curves, curves.pr)
	}
	return a.draw(bestROC(roc, reference), bestPR(pr, reference), rare)
}

// bestROC moves the reference to the front and keeps the best of the others.
func bestROC(r ROC, reference string) ROC {
	slices.SortStableFunc(r.Curves, func(a, b Rates) int {
		if (a.Name == reference) != (b.Name == reference) {
			return first(a.Name == reference)
		}
		return cmp.Compare(b.AUC, a.AUC)
	})
	if n := len(r.Curves); n > mostCurves {
		r.Curves = r.Curves[:mostCurves]
		r.Title += fmt.Sprintf(", best of %d models", n)
	}
	return r
}

// bestPR is bestROC by average precision.
func bestPR(r PrecisionRecall, reference string) PrecisionRecall {
	slices.SortStableFunc(r.Curves, func(a, b PrecisionRecalls) int {
		if (a.Name == reference) != (b.Name == reference) {
			return first(a.Name == reference)
		}
		return cmp.Compare(b.AveragePrecision, a.AveragePrecision)
	})
	if n := len(r.Curves); n > mostCurves {
		r.Curves = r.Curves[:mostCurves]
		r.Title += fmt.Sprintf(", best of %d models", n)
	}
	return r
}

func first(yes bool) int {
	if yes {
		return -1
	}
	return 1
}

func (a *answers) draw(roc ROC, pr PrecisionRecall, rare bool) (err error) {
	if len(roc.Curves) > 0 {
		if a.roc, err = roc.plot(); err != nil {
			return err
		}
	}
	if rare && len(pr.Curves) > 0 {
		a.pr, err = pr.plot()
	}
	return err
}

// manyClasses draws each class against the rest, and the mean over the classes.
func (a *answers) manyClasses(name string, o *crossval.OutOfFold) error {
	k := len(a.classes)
	roc := ROC{Title: "ROC of " + name + ", each class against the rest"}
	pr := PrecisionRecall{Title: "Precision and recall of " + name + ", each class"}
	for class, c := range a.classes {
		curves, err := classCurves(c, o.Labels, o.Prediction.Proba, class, k)
		if errors.Is(err, metrics.ErrOneClass) { // too few rows to contain every class
			continue
		}
		if err != nil {
			return err
		}
		roc.Curves, pr.Curves = append(roc.Curves, curves.roc), append(pr.Curves, curves.pr)
	}
	if len(roc.Curves) > 1 {
		roc.Curves = append([]Rates{macroROC(roc.Curves)}, roc.Curves...)
		pr.Curves = append([]PrecisionRecalls{macroPR(pr.Curves)}, pr.Curves...)
	}
	return a.draw(roc, pr, unbalanced(o.Labels, k))
}

// curvePair holds the two curves of a class.
type curvePair struct {
	roc Rates
	pr  PrecisionRecalls
}

func classCurves(name string, labels []int, proba []float64, class, classes int) (c curvePair, err error) {
	want, score := make([]int, len(labels)), make([]float64, len(labels))
	for i, l := range labels {
		if l == class {
			want[i] = 1
		}
		score[i] = proba[i*classes+class]
	}
	fail := func(err error) (curvePair, error) {
		return curvePair{}, fmt.Errorf("plots: curves of %s: %w", name, err)
	}
	roc, err := metrics.ROC(want, score)
	if err != nil {
		return fail(err)
	}
	auc, err := metrics.AUC(want, score)
	if err != nil {
		return fail(err)
	}
	pr, err := metrics.PrecisionRecall(want, score)
	if err != nil {
		return fail(err)
	}
	ap, err := metrics.AveragePrecision(want, score)
	if err != nil {
		return fail(err)
	}
	return curvePair{Rates{name, roc.X, roc.Y, auc}, PrecisionRecalls{name, pr.X, pr.Y, ap}}, nil
}

// macroSteps is the number of points at which the curves of the classes are averaged.
const macroSteps = 100

// macroROC averages the classes' true positive rates at equal false positive rates; its area
// is the mean of theirs.
func macroROC(list []Rates) Rates {
	out := Rates{Name: "mean of the classes"}
	for i := range macroSteps + 1 {
		at, sum := float64(i)/macroSteps, 0.0
		for _, c := range list {
			sum += between(c.FPR, c.TPR, at)
		}
		out.FPR, out.TPR = append(out.FPR, at), append(out.TPR, sum/float64(len(list)))
	}
	out.FPR, out.TPR = append([]float64{0}, out.FPR...), append([]float64{0}, out.TPR...)
	for _, c := range list {
		out.AUC += c.AUC / float64(len(list))
	}
	return out
}

// between returns the largest y of a rising curve at x.
func between(xs, ys []float64, x float64) float64 {
	i := sort.Search(len(xs), func(i int) bool { return xs[i] > x }) // the first beyond x
	if i == len(xs) {
		return ys[len(ys)-1]
	}
	if i == 0 {
		return ys[0]
	}
	share := (x - xs[i-1]) / (xs[i] - xs[i-1])
	return ys[i-1] + share*(ys[i]-ys[i-1])
}

// macroPR averages the classes' precisions at equal recalls; its average precision is the
// mean of theirs.
func macroPR(list []PrecisionRecalls) PrecisionRecalls {
	out := PrecisionRecalls{Name: "mean of the classes"}
	for i := macroSteps; i >= 0; i-- {
		at, sum := float64(i)/macroSteps, 0.0
		for _, c := range list { // recall falls along the curve
			k := sort.Search(len(c.Recall), func(k int) bool { return c.Recall[k] < at }) - 1
			sum += c.Precision[max(k, 0)]
		}
		out.Recall, out.Precision = append(out.Recall, at), append(out.Precision, sum/float64(len(list)))
	}
	for _, c := range list {
		out.AveragePrecision += c.AveragePrecision / float64(len(list))
	}
	return out
}

// tellsApart reports whether a candidate gives different probabilities to rows of one fold;
// otherwise, a ROC curve would only show how the folds were drawn.
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

// lay adds the blocks to a page.
func (a *answers) lay(p *page) error {
	confusion, err := a.confusion.plot()
	if err != nil {
		return err
	}
	many := len(a.classes) > numberedClasses
	high := 4.6 * vg.Inch
	if many {
		high = 6.4 * vg.Inch
	}
	panel := func(share float64, pl *plot.Plot, high vg.Length) cell {
		if pl == nil {
			return cell{}
		}
		return cell{share, &plotBlock{pl, high}}
	}
	third := a.table
	if third == nil {
		third = a.worst
	}
	matrix := cell{0.34, &plotBlock{confusion, high}}
	var words block
	if many {
		matrix.share = 0.48
		words = textOrNothing("Most frequent confusions", confusions(a.confusion))
	}
	switch {
	case many:
		p.add(matrix, panel(0.52, a.roc, high))
		p.add(panel(0.36, a.pr, 4.4*vg.Inch), panel(0.36, a.calibration, 4.4*vg.Inch), cell{0.28, words})
	case a.pr != nil && a.effects == nil && third == nil: // nothing to put beside the fourth
		p.add(cell{0.25, &plotBlock{confusion, 4 * vg.Inch}}, panel(0.25, a.roc, 4*vg.Inch), panel(0.25, a.pr, 4*vg.Inch), panel(0.25, a.calibration, 4*vg.Inch))
		return nil
	case a.pr != nil:
		p.add(matrix, panel(0.33, a.roc, high), panel(0.33, a.pr, high))
	default:
		p.add(matrix, panel(0.33, a.roc, high), panel(0.33, a.calibration, high))
	}
	calibration := cell{}
	if a.pr != nil && !many {
		calibration = panel(0.3, a.calibration, 4.2*vg.Inch)
	}
	p.add(calibration, cell{0.33, a.effects}, cell{0.37, third})
	return nil
}

// confusions describes which classes are most often mistaken for which.
func confusions(c Confusion) []string {
	const most = 12
	type pair struct {
		from, to int
		n, of    float64
	}
	var list []pair
	for i, row := range c.Counts {
		of := 0.0
		for _, v := range row {
			of += v
		}
		for j, v := range row {
			if i != j && v > 0 {
				list = append(list, pair{i, j, v, of})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b pair) int { return cmp.Compare(b.n, a.n) })
	var out []string
	for _, p := range list[:min(most, len(list))] {
		out = append(out, fmt.Sprintf("%s taken for %s: %s of %s rows (%.0f%%)", shorten(oneLine(c.Classes[p.from]), 40), shorten(oneLine(c.Classes[p.to]), 40), count(p.n), count(p.of), 100*p.n/p.of))
	}
	return out
}

// classTable lists the classes, those with the lowest recall first.
func classTable(c Confusion, o *crossval.OutOfFold) block {
	t := &tableBlock{title: "Classes, worst recall first", head: []column{{name: "class"}, {"rows", true}, {"recall", true}, {"precision", true}, {"ROC AUC", true}, {"average precision", true}, {name: "taken for"}}}
	k := len(c.Classes)
	for i, name := range c.Classes {
		rows, predicted, other := 0.0, 0.0, -1
		for j := range k {
			rows += c.Counts[i][j]
			predicted += c.Counts[j][i]
			if j != i && c.Counts[i][j] > 0 && (other < 0 || c.Counts[i][j] > c.Counts[i][other]) {
				other = j
			}
		}
		taken := "-"
		if other >= 0 {
			taken = fmt.Sprintf("%s (%s)", oneLine(c.Classes[other]), count(c.Counts[i][other]))
		}
		auc, ap := math.NaN(), math.NaN()
		if o.Prediction.Proba != nil {
			if curves, err := classCurves(name, o.Labels, o.Prediction.Proba, i, k); err == nil {
				auc, ap = curves.roc.AUC, curves.pr.AveragePrecision
			}
		}
		t.rows = append(t.rows, []entry{word(name), number(count(rows), rows), share(c.Counts[i][i], rows), share(c.Counts[i][i], predicted), places(auc), places(ap), word(taken)})
	}
	slices.SortStableFunc(t.rows, func(a, b []entry) int { return cmp.Compare(a[2].key, b[2].key) })
	return t
}

func share(n, of float64) entry {
	if of == 0 {
		return word("-")
	}
	return number(fmt.Sprintf("%.1f%%", 100*n/of), n/of)
}

func places(v float64) entry {
	if math.IsNaN(v) {
		return word("-")
	}
	return number(fmt.Sprintf("%.3f", v), v)
}

// worstRows lists the rows whose predictions are farthest from the truth: for a
// classification, the wrong rows whose true class has the lowest probability; for a
// regression, those with the largest errors. Nil if no row is wrong.
func worstRows(classes []string, o *crossval.OutOfFold, names []string) block {
	const most = 12
	t := &tableBlock{title: "Worst rows, predicted out of fold", note: "Rows are counted from 1, in their order, those left out not counted."}
	if names != nil {
		t.note = ""
	}
	type row struct {
		at    int
		error float64
	}
	var list []row
	regression := o.Values != nil
	k := len(classes)
	for i := range o.Rows {
		switch {
		case regression:
			if d := o.Prediction.Values[i] - o.Values[i]; d != 0 {
				list = append(list, row{i, math.Abs(d)})
			}
		case o.Prediction.Labels[i] != o.Labels[i]:
			x := row{i, 0}
			if o.Prediction.Proba != nil {
				x.error = -o.Prediction.Proba[i*k+o.Labels[i]]
			}
			list = append(list, x)
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b row) int { return cmp.Compare(b.error, a.error) })
	t.head = []column{{"row", names == nil}, {name: "truth"}, {name: "predicted"}, {"probability", true}, {"of the truth", true}}
	if regression {
		t.head = []column{{"row", names == nil}, {"truth", true}, {"predicted", true}, {"error", true}}
	}
	for _, x := range list[:min(most, len(list))] {
		id := number(fmt.Sprint(o.Rows[x.at]+1), float64(o.Rows[x.at]+1))
		if names != nil {
			id = word(names[o.Rows[x.at]])
		}
		if regression {
			y, v := o.Values[x.at], o.Prediction.Values[x.at]
			t.rows = append(t.rows, []entry{id, number(fmt.Sprintf("%.5g", y), y), number(fmt.Sprintf("%.5g", v), v), number(fmt.Sprintf("%+.4g", v-y), v-y)})
			continue
		}
		truth, label := o.Labels[x.at], o.Prediction.Labels[x.at]
		said, of := word("-"), word("-")
		if o.Prediction.Proba != nil {
			said, of = places(o.Prediction.Proba[x.at*k+label]), places(o.Prediction.Proba[x.at*k+truth])
		}
		t.rows = append(t.rows, []entry{id, word(classes[truth]), word(classes[label]), said, of})
	}
	return t
}

// regressionPanels returns the figures about predicted values.
func regressionPanels(target string, actual, predicted []float64) ([]cell, error) {
	r := Residuals{Target: target, Actual: actual, Predicted: predicted}
	var out []cell
	for _, draw := range []func() (*plot.Plot, error){r.scatter, r.over, r.histogram} {
		p, err := draw()
		if err != nil {
			return nil, err
		}
		out = append(out, cell{1, &plotBlock{p, 4.4 * vg.Inch}})
	}
	return out, nil
}
