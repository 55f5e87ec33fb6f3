package baselines

import (
	"context"
	"fmt"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/sjwhitworth/golearn/kdtree"
	"github.com/sjwhitworth/golearn/metrics/pairwise"
)

// KNN predicts from the K nearest training rows (Cover & Hart 1967): the
// probability of a class is its share of them, the label the class with the most
// of them, the first of equals; for a regression the value is their mean. The
// neighbours come from golearn's k-d tree, the same that its KNNClassifier uses.
//
// golearn's own classifier is not used, for it needs cgo with flags that bind the
// program to the machine it was built on, gives no votes, and breaks ties by the
// order of a map.
type KNN struct {
	K        int      // number of neighbours; 0: 5
	Distance Distance // 0: Euclidean
}

// Distance is a measure of how far rows are apart.
type Distance uint8

// The distances of KNN.
const (
	Euclidean Distance = iota // the root of the sum of squared differences
	Manhattan                 // the sum of absolute differences
)

// far is a column that all rows have in common, so that it adds nothing to their
// distances. golearn's tree takes the empty branches of its nodes for rows of
// zeros; with this column such a row is farther than any other.
const far = 1e150

// New returns an estimator; the seed has no part in it. Its fit fails if there
// are fewer training rows than neighbours.
func (m KNN) New(uint64) (crossval.Estimator, error) {
	k := m.K
	if k == 0 {
		k = 5
	}
	if k < 1 {
		return nil, fmt.Errorf("baselines: k-nearest neighbours: want 1 neighbour or more, have %d", k)
	}
	var distance pairwise.PairwiseDistanceFunc = pairwise.NewEuclidean()
	switch m.Distance {
	case Euclidean:
	case Manhattan:
		distance = pairwise.NewManhattan()
	default:
		return nil, fmt.Errorf("baselines: k-nearest neighbours: distance %d is not known", m.Distance)
	}
	return estimator(func(_ context.Context, x *matrix, y *targets) (*data.Predictor, error) {
		if x.rows < k {
			return nil, fmt.Errorf("baselines: k-nearest neighbours: %d training rows for %d neighbours", x.rows, k)
		}
		rows := make([][]float64, x.rows)
		for i := range rows {
			rows[i] = withFar(x.row(i))
		}
		tree := kdtree.New()
		if err := tree.Build(rows); err != nil {
			return nil, fmt.Errorf("baselines: k-nearest neighbours: %w", err)
		}
		return predictor(x, y, len(x.x), func(row []float64) ([]float64, error) {
			near, lengths, err := tree.Search(k, distance, withFar(row))
			if err != nil {
				return nil, fmt.Errorf("baselines: k-nearest neighbours: %w", err)
			}
			if last := lengths[k-1]; !(last < far/2) {
				return nil, fmt.Errorf("baselines: k-nearest neighbours: a distance of %g is too great", last)
			}
			return vote(near, y), nil
		}), nil
	})
}

func withFar(row []float64) []float64 {
	out := make([]float64, len(row)+1)
	copy(out, row)
	out[len(row)] = far
	return out
}

// vote returns the shares of the classes, or the mean, of the rows.
func vote(rows []int, y *targets) []float64 {
	out := make([]float64, max(1, y.classes))
	for _, r := range rows {
		if y.values != nil {
			out[0] += y.values[r] / float64(len(rows))
		} else {
			out[y.labels[r]]++
		}
	}
	for c := range y.classes {
		out[c] /= float64(len(rows))
	}
	return out
}
