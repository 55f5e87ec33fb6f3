// Package baselines has models to compare a net with, behind [crossval.Estimator].
//
// [BoostedTrees] and [RandomForest] (of package trees) and the linear models,
// [LogisticRegression], [LinearRegression], [Ridge] and [ElasticNet], take a table as
// it stands: a column with Levels is categorical, with -1 for a level that is not
// known; NaN is a missing value. What they need of it is fitted on the training rows,
// the strength of a penalty chosen among them.
//
// [KNN] and the models on the parts of golearn that can be trusted
// (github.com/sjwhitworth/golearn, commit 74ae077eafb2), [CART], [Forest], [ID3], take
// a table (float64, one column a feature) without missing values; the value of a
// categorical column counts as a number, so one-hot encode it first where its codes
// have no order, and row weights have no part in a fit. Inputs are taken as they are:
// distances want standardised columns, see [crossval.Preprocessed]. [Default] prepares
// tables for all.
//
// All baselines are pure Go, print nothing, draw no number from a global
// generator and give the same bits for the same rows and seed: golearn's models
// are used through functions that are deterministic, and where golearn leaves a
// choice to the order of a map, the choice is made here. A panic in golearn
// becomes an error.
//
// [Unavailable] lists the models of golearn that are not here, and why.
package baselines

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
