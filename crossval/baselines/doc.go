// Package baselines has simple models to compare a net with, behind
// [crossval.Estimator]: most of them on the parts of golearn that can be trusted
// (github.com/sjwhitworth/golearn, commit 74ae077eafb2).
//
// Every baseline takes a table (float64, one column a feature) without missing
// values; the value of a categorical column counts as a number, so one-hot
// encode it first where its codes have no order. Row weights have no part in a
// fit. Inputs are taken as they are:
// distances want standardised columns, see [crossval.Preprocessed].
//
// All baselines are pure Go, print nothing, draw no number from a global
// generator and give the same bits for the same rows and seed: golearn's models
// are used through functions that are deterministic, and where golearn leaves a
// choice to the order of a map, the choice is made here. A panic in golearn
// becomes an error.
//
// [Unavailable] lists the models of golearn that are not here, and why.
package baselines

import (
	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// Default returns the baselines that suit a task, in order of effort, each with
// its settings' defaults. Classification: majority, k-nearest neighbours, ID3
// tree, CART tree, random forest. Regression: mean, linear regression,
// k-nearest neighbours, CART tree of depth 5, random forest. None is
// standardised: wrap New with [crossval.Preprocessed].
func Default(task data.Task) []crossval.Candidate {
	if task == data.Regress {
		return []crossval.Candidate{
			{Name: "mean", New: Majority{}.New, Baseline: true},
			{Name: "linear regression", New: LinearRegression{}.New, Baseline: true},
			{Name: "k-nearest neighbours", New: KNN{}.New, Baseline: true},
			{Name: "CART tree", New: CART{MaxDepth: 5}.New, Baseline: true},
			{Name: "random forest", New: Forest{}.New, Baseline: true},
		}
	}
	return []crossval.Candidate{
		{Name: "majority", New: Majority{}.New, Baseline: true},
		{Name: "k-nearest neighbours", New: KNN{}.New, Baseline: true},
		{Name: "ID3 tree", New: ID3{}.New, Baseline: true},
		{Name: "CART tree", New: CART{}.New, Baseline: true},
		{Name: "random forest", New: Forest{}.New, Baseline: true},
	}
}

// Missing is a model that is not offered, and why.
type Missing struct {
	Name   string
	Reason string
}

// Unavailable lists the classifiers and regressors of golearn that this package
// leaves out. The list is the same with and without cgo.
func Unavailable() []Missing {
	return []Missing{
		{"logistic regression", "golearn's has no intercept, drops features of 0 or less when it predicts, and breaks cgo's pointer rules"},
		{"linear SVC", "golearn's drops features of 0 or less when it predicts, and breaks cgo's pointer rules"},
		{"Bernoulli naive Bayes", "golearn's smooths with n+1 in place of n+2, gives no probabilities, fails on a class without any feature, and breaks ties by the order of a map"},
		{"averaged perceptron", "golearn's predicts one class only"},
		{"multilayer net", "golearn's accuracy depends on the order of the rows"},
		{"bagging and golearn's random forest", "they mismatch features and labels; Forest does its own bagging"},
	}
}
