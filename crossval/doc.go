// Package crossval says how well models do on rows they have not seen, and
// whether one does better than another.
//
// A [Splitter] chooses test rows, a [Factory] makes a fresh [Estimator] for
// every fold, [Validate] runs all candidates on the same folds and returns a
// [Result], and [Compare] judges differences with a test that allows for the
// overlap of training sets. Nothing in a fold sees the targets of its test rows:
// an estimator is fitted on the training rows and predicts from a set without
// targets.
//
// A fold is a function of the data, the candidate, the rows and a seed, and of
// nothing else: the result is the same for any number of workers.
package crossval
