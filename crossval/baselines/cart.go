package baselines

import (
	"context"
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/vector"
	"github.com/sjwhitworth/golearn/trees"
)

// CART is a binary tree of thresholds (Breiman, Friedman, Olshen & Stone 1984): golearn's
// CARTDecisionTreeClassifier with Gini impurity, or its CARTDecisionTreeRegressor with
// squared error. For a classification it predicts no probabilities.
//
// golearn tries every threshold of every column with a pass over the rows, so its time is
// quadratic in the number of rows. Columns with more than Bins distinct values are therefore
// divided into bins with about equally many training rows, and only thresholds between bins
// are tried.
type CART struct {
	MaxDepth int // 0: until the leaves are pure
	Bins     int // 0: 32
}

// Fit implements crossval.Estimator; the seed is ignored.
func (m CART) Fit(ctx context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	bins, depth, err := treeSettings("CART tree", m.Bins, 32, m.MaxDepth)
	if err != nil {
		return nil, err
	}
	return fitMatrix(ctx, train, func(_ context.Context, x *matrix, y *targets) (*data.Predictor, error) {
		b := fitBins(x, bins)
		tree, err := growCART(b.table(x), y, depth)
		if err != nil {
			return nil, fmt.Errorf("baselines: CART tree: %w", err)
		}
		p := predictor(x, y, 0, func(row []float64) ([]float64, error) {
			leaf := tree([][]float64{b.apply(row)})[0]
			if y.values != nil {
				return []float64{leaf}, nil
			}
			out := make([]float64, y.classes)
			out[int(leaf)] = 1
			return out, nil
		})
		if y.values == nil {
			p.Predict = withoutProba(p.Predict)
		}
		return p, nil
	})
}

// treeSettings returns the number of bins and golearn's depth, where -1 means any.
func treeSettings(what string, bins, defaultBins, maxDepth int) (int, int, error) {
	if bins == 0 {
		bins = defaultBins
	}
	if bins < 2 {
		return 0, 0, fmt.Errorf("baselines: %s: want 2 bins or more, have %d", what, bins)
	}
	if maxDepth < 0 {
		return 0, 0, fmt.Errorf("baselines: %s: want a depth of 1 or more, have %d", what, maxDepth)
	}
	if maxDepth == 0 {
		maxDepth = -1
	}
	return bins, maxDepth, nil
}

func withoutProba(f func(context.Context, *data.Set) (*data.Prediction, error)) func(context.Context, *data.Set) (*data.Prediction, error) {
	return func(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
		p, err := f(ctx, rows)
		if err == nil {
			p.Proba = nil
		}
		return p, err
	}
}

// grown predicts rows: class numbers or values.
type grown func(rows [][]float64) []float64

// growCART fits golearn's tree. If no split at the root reduces the impurity, golearn's tree
// predicts class or value 0 for half of all rows; such a tree is replaced by the majority or
// the mean.
func growCART(rows [][]float64, y *targets, depth int) (grown, error) {
	if y.values != nil {
		if err := squarable(y.values); err != nil {
			return nil, err
		}
		return growRegressor(rows, y.values, depth)
	}
	return growClassifier(rows, y, depth)
}

func growClassifier(rows [][]float64, y *targets, depth int) (grown, error) {
	target := make([]float64, len(rows))
	labels := make([]int64, y.classes)
	counts := make([]float64, y.classes)
	for i, c := range y.labels {
		target[i] = float64(c)
		counts[c]++
	}
	for c := range labels {
		labels[c] = int64(c)
	}
	tree := trees.NewDecisionTreeClassifier(trees.GINI, int64(depth), labels)
	if err := tree.Fit(floatGrid(rows, target)); err != nil {
		return nil, err
	}
	root := tree.RootNode
	if root.Left == nil && root.Right == nil && !splits(rows, int(root.Feature), root.Threshold, giniGain(y)) {
		return always(float64(vector.Argmax(counts))), nil
	}
	return func(rows [][]float64) []float64 {
		out := make([]float64, len(rows))
		for i, c := range tree.Predict(floatGrid(rows, nil)) {
			out[i] = float64(c)
		}
		return out
	}, nil
}

func growRegressor(rows [][]float64, values []float64, depth int) (grown, error) {
	tree := trees.NewDecisionTreeRegressor(trees.MSE, int64(depth))
	if err := tree.Fit(floatGrid(rows, values)); err != nil {
		return nil, err
	}
	root := tree.RootNode
	if root.Left == nil && root.Right == nil && !splits(rows, int(root.Feature), root.Threshold, squaresGain(values)) {
		mean := 0.0
		for _, v := range values {
			mean += v / float64(len(values))
		}
		return always(mean), nil
	}
	return func(rows [][]float64) []float64 { return tree.Predict(floatGrid(rows, nil)) }, nil
}

func always(v float64) grown {
	return func(rows [][]float64) []float64 {
		out := make([]float64, len(rows))
		for i := range out {
			out[i] = v
		}
		return out
	}
}

// splits reports whether a threshold reduces the impurity of the rows.
func splits(rows [][]float64, feature int, threshold float64, gain func(left []bool) float64) bool {
	left := make([]bool, len(rows))
	for i, row := range rows {
		left[i] = row[feature] < threshold
	}
	return gain(left) > 1e-12
}

// giniGain returns the relative gain of a split: the sum over both sides of the squared
// class counts divided by the number of rows, less the same for all rows.
func giniGain(y *targets) func(left []bool) float64 {
	return func(left []bool) float64 {
		counts := [2][]float64{make([]float64, y.classes), make([]float64, y.classes)}
		var n [2]float64
		for i, c := range y.labels {
			side := 0
			if left[i] {
				side = 1
			}
			counts[side][c]++
			n[side]++
		}
		if n[0] == 0 || n[1] == 0 {
			return 0
		}
		after, before := 0.0, 0.0
		for c := range y.classes {
			after += counts[0][c]*counts[0][c]/n[0] + counts[1][c]*counts[1][c]/n[1]
			before += (counts[0][c] + counts[1][c]) * (counts[0][c] + counts[1][c])
		}
		all := n[0] + n[1]
		return (after - before/all) / all
	}
}

// squaresGain returns the share of the variance that the means of both sides explain.
func squaresGain(values []float64) func(left []bool) float64 {
	return func(left []bool) float64 {
		var n, sum [2]float64
		for i, v := range values {
			side := 0
			if left[i] {
				side = 1
			}
			n[side]++
			sum[side] += v
		}
		if n[0] == 0 || n[1] == 0 {
			return 0
		}
		d := sum[0]/n[0] - sum[1]/n[1]
		mean := (sum[0] + sum[1]) / (n[0] + n[1])
		total := 0.0
		for _, v := range values {
			total += (v - mean) * (v - mean)
		}
		if total == 0 {
			return 0
		}
		return d * d * n[0] * n[1] / (n[0] + n[1]) / total
	}
}
