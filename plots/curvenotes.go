package plots

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Thresholds of the notes about learning curves: see [CurveNotes].
const (
	underfitting = 1.02 // training loss over validation loss at the best epoch
	overfitting  = 1.5  // validation loss over training loss at the best epoch
	rising       = 1.05 // last validation loss over the best one
	lastEpochs   = 0.03 // a best epoch within this last share of the epochs counts as at the end
)

// CurveNotes comments in words on the learning curves of one fit, or of the fits of all
// folds. It examines a loss (a metric for which lower is better; "": the loss) on the
// training and validation rows at each fit's best epoch, and takes the median over the fits.
// It notes a training loss above the validation loss, a validation loss far above the
// training loss, a validation loss that rises after the best epoch, and one that is still
// falling at the end. Nil if there is no validation curve.
func CurveNotes(c Curves) []string {
	if c.Metric == "" {
		c.Metric = "loss"
	}
	f := readFits(c)
	if len(f) == 0 {
		return nil
	}
	med := func(of func(fit) float64) float64 {
		var v []float64
		for _, x := range f {
			v = append(v, of(x))
		}
		slices.Sort(v)
		return stat.Quantile(0.5, stat.Empirical, v, nil)
	}
	best, last := med(func(x fit) float64 { return float64(x.best) }), med(func(x fit) float64 { return float64(x.epochs) })
	train, val := med(func(x fit) float64 { return x.train }), med(func(x fit) float64 { return x.val })
	at := fmt.Sprintf("epoch %.0f", best)
	if len(f) > 1 {
		at += ", the median of the folds"
	}
	var notes []string
	switch {
	case train > 0 && val > 0 && train > underfitting*val:
		notes = append(notes, fmt.Sprintf("Training %s (%.3g) above validation (%.3g) at the best epoch (%s): a larger net or less regularisation may help. Dropout and penalties raise the training loss too.", c.Metric, train, val, at))
	case train > 0 && val > overfitting*train:
		notes = append(notes, fmt.Sprintf("Validation %s (%.3g) is %.1f times the training %s (%.3g) at the best epoch (%s): more rows, stronger regularisation or a smaller net may help.", c.Metric, val, val/train, c.Metric, train, at))
	}
	atEnd := med(func(x fit) float64 { return float64(x.epochs-x.best) / float64(x.epochs) })
	end := med(func(x fit) float64 { return x.last / x.val })
	switch {
	case last >= 5 && atEnd <= lastEpochs:
		notes = append(notes, fmt.Sprintf("Validation %s is at its best in the last of %.0f epochs: more epochs may help.", c.Metric, last))
	case val > 0 && end > rising:
		notes = append(notes, fmt.Sprintf("Validation %s rises after %s (by %.0f%% until the end): training longer does not help.", c.Metric, at, 100*(end-1)))
	}
	if first, final := f.ends(); first < final {
		notes = append(notes, fmt.Sprintf("The %d folds stopped at epochs %d to %d; where some have stopped the curves are means of fewer.", len(f), first, final))
	}
	return notes
}

// fit is what CurveNotes takes from one fit's curves.
type fit struct {
	best, epochs     int
	train, val, last float64
}

type fitList []fit

// ends returns the first and the last epoch at which a fit ended.
func (f fitList) ends() (first, last int) {
	first, last = f[0].epochs, f[0].epochs
	for _, x := range f {
		first, last = min(first, x.epochs), max(last, x.epochs)
	}
	return first, last
}

func readFits(c Curves) fitList {
	var out fitList
	for i, curves := range c.Fits {
		var train, val []float64
		for _, curve := range curves {
			switch curve.Name {
			case c.Metric:
				train = curve.Values
			case "val_" + c.Metric:
				val = curve.Values
			}
		}
		best := 0
		if i < len(c.BestEpochs) {
			best = c.BestEpochs[i]
		}
		if best < 1 || best > len(val) { // no epoch was recorded as the best: take the lowest
			best = 0
			for k, v := range val {
				if v == v && (best == 0 || v < val[best-1]) {
					best = k + 1
				}
			}
		}
		if best == 0 || best > len(train) || val[best-1] != val[best-1] || train[best-1] != train[best-1] {
			continue
		}
		x := fit{best: best, epochs: len(val), train: train[best-1], val: val[best-1], last: val[len(val)-1]}
		if x.last != x.last {
			x.last = x.val
		}
		out = append(out, x)
	}
	return out
}
