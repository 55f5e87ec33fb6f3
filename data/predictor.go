package data

import "context"

// Prediction is what a fitted model says of the rows of a set, row by row. How many of
// each there are of a row, the [Rules] of the task say.
type Prediction struct {
	Labels []int     // of a classification the class index of every row
	Proba  []float64 // of a classification (rows, classes); nil if the model gives no probabilities
	Values []float64 // of a regression (rows, target columns)

	// Offsets is not nil if what is predicted is a class or a value for every step of a sequence:
	// those of row i are Offsets[i] to Offsets[i+1], in place of i.
	Offsets []int
}

// Append adds what was predicted for more rows.
func (p *Prediction) Append(more *Prediction) {
	if p == nil || more == nil {
		return
	}
	if len(more.Offsets) > 0 {
		if len(p.Offsets) == 0 {
			p.Offsets = []int{0}
		}
		base := p.Offsets[len(p.Offsets)-1]
		for _, o := range more.Offsets[1:] {
			p.Offsets = append(p.Offsets, base+o)
		}
	}
	p.Labels, p.Proba, p.Values = append(p.Labels, more.Labels...), append(p.Proba, more.Proba...), append(p.Values, more.Values...)
}

// Curve is one number for every epoch of a fit.
type Curve struct {
	Name   string // "loss", "val_loss", "val_accuracy", ...
	Values []float64
}

// Predictor is a fitted model as crossval sees it: a function from rows to
// predictions, and how the fit went.
type Predictor struct {
	Predict    func(ctx context.Context, rows *Set) (*Prediction, error)
	Curves     []Curve // nil for a model that is not fitted by epochs
	BestEpoch  int     // epoch (from 1) whose weights were kept; 0 if there are no epochs
	Parameters int     // number of fitted parameters, 0 if it is not known
	Notes      []string
}
