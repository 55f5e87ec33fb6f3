package data

import "context"

// Prediction is what a fitted model says of the rows of a set, row by row. How many of
// each there are of a row, the [Rules] of the task say.
type Prediction struct {
	Labels []int     // of a classification the class index of every row
	Proba  []float64 // of a classification (rows, classes); nil if the model gives no probabilities
	Values []float64 // of a regression (rows, target columns)
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
