package data

import "context"

// Prediction is the prediction of a fitted model for the rows of a set, row by row. The
// [Rules] of the task state how many labels, probabilities and values there are per row.
type Prediction struct {
	Labels []int     // for a classification, the class index of every row
	Proba  []float64 // for a classification, (rows, classes); nil if the model has no probabilities
	Values []float64 // for a regression, (rows, target columns)

	// Offsets is set if a class or a value is predicted for every step of a sequence: row
	// i then has the elements Offsets[i] to Offsets[i+1], instead of element i.
	Offsets []int
}

// Append appends the predictions for more rows.
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

// Curve holds one number per epoch of a fit.
type Curve struct {
	Name   string // "loss", "val_loss", "val_accuracy", ...
	Values []float64
}

// Predictor is a fitted model as crossval sees it: a function from rows to predictions,
// and information about the fit.
type Predictor struct {
	Predict    func(ctx context.Context, rows *Set) (*Prediction, error)
	Curves     []Curve // nil for a model that is not fitted by epochs
	BestEpoch  int     // epoch (from 1) whose weights were kept; 0 if there are no epochs
	Parameters int     // number of fitted parameters, 0 if unknown
	Notes      []string
}
