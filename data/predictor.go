package data

import "context"

// Prediction is what a fitted model says of the rows of a set.
type Prediction struct {
	Labels []int     // class index of every row; nil for regression
	Proba  []float64 // (rows, classes) row by row; nil if the model gives no probabilities
	Values []float64 // real value of every row; nil for classification
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
