// Package crossval estimates how well models do on unseen rows, and whether one does better
// than another.
//
// A [Splitter] chooses test rows, an [Estimator] is fitted anew for every fold, [Validate]
// runs all candidates on the same folds and returns a [Result], and [Compare] judges
// differences with a test that accounts for the overlap of training sets. Nothing in a fold
// sees the targets of its test rows: an estimator is fitted on the training rows and
// predicts from a set without targets.
//
// A fold depends only on the data, the candidate, the rows and a seed, so the result is the
// same for any number of workers.
package crossval
