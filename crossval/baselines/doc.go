// Package baselines provides models to compare a network with, as [crossval.Estimator]s.
//
// [BoostedTrees] and [RandomForest] (of package trees) and the linear models,
// [LogisticRegression], [LinearRegression], [Ridge] and [ElasticNet], take raw tables: a
// column with Levels is categorical, with -1 for an unknown level; NaN is a missing value.
// Their preparation is fitted on the training rows, and the strength of a penalty is chosen
// by validation within them.
//
// [KNN] and the models built on the reliable parts of golearn
// (github.com/sjwhitworth/golearn, commit 74ae077eafb2), [CART], [Forest] and [ID3], take a
// table (float64, one column per feature) without missing values. The codes of a categorical
// column count as numbers, so one-hot encode it first if they have no order. Row weights are
// ignored. Inputs are not scaled, and distances need standardised columns: see
// [crossval.Preprocessed]. [Default] prepares tables for all of them.
//
// All baselines are pure Go, print nothing, use no global random generator and give the same
// bits for the same rows and seed. They call only deterministic functions of golearn; where
// golearn would follow the order of a map, this package makes the choice. A panic in golearn
// becomes an error.
//
// [Unavailable] lists the models of golearn that are not here, and why.
package baselines

// Missing is a model that is not offered, with the reason.
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
