// Package trees trains gradient-boosted decision trees and random forests on
// tables of columns.
//
// [Boosting] grows trees on histograms (Ke et al., "LightGBM", 2017), with
// missing values and categories handled by the trees themselves. [Forest] grows
// exact trees on bootstrap samples (Breiman, "Random Forests", 2001). Both give a
// [Model], which predicts, is written as JSON, and shows its nodes: see
// [Ensemble].
//
//	t, err := trees.FromRows([][]float64{{5.1, 3.5}, {4.9, 3.0}, {6.2, 2.9}})
//	m, err := trees.Boosting{}.FitClasses(ctx, t, labels, 3)
//	proba, err := m.Proba(ctx, t)
//
// A fit gives the same bits for the same table, settings and seed, whatever the
// number of threads. Fits and predictions check their context and end soon after
// it is done.
package trees
