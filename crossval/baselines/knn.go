package baselines

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/seed732fc211/aegis/data"
)

// KNN predicts from the K nearest training rows (Cover & Hart 1967): the probability of a
// class is its share of them, the label is the most frequent class, the first in a tie; for
// a regression the value is their mean. Of equally distant training rows, the first ones
// count.
//
// Every row to predict is compared with every training row. golearn's classifier is not used
// because it needs cgo with flags that tie the program to the machine it was built on, gives
// no votes, and breaks ties by the order of a map. Its k-d tree takes a hundred times as
// long as comparing all rows, and reports row 0 wrongly
// (findings/golearn-kdtree-row-zero.sh).
type KNN struct {
	K        int      // number of neighbours; 0: 5
	Distance Distance // 0: Euclidean
}

// Distance is a measure of the distance between rows.
type Distance uint8

// The distances of KNN.
const (
	Euclidean Distance = iota // the square root of the sum of squared differences
	Manhattan                 // the sum of absolute differences
)

// Fit implements crossval.Estimator; the seed is ignored. It is an error if there are fewer
// training rows than neighbours; predicting is an error if a distance overflows.
func (m KNN) Fit(ctx context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	k := m.K
	if k == 0 {
		k = 5
	}
	if k < 1 {
		return nil, fmt.Errorf("baselines: k-nearest neighbours: want 1 neighbour or more, have %d", k)
	}
	distance := squaredDistance
	switch m.Distance {
	case Euclidean:
	case Manhattan:
		distance = manhattanDistance
	default:
		return nil, fmt.Errorf("baselines: k-nearest neighbours: distance %d is not known", m.Distance)
	}
	return fitMatrix(ctx, train, func(_ context.Context, x *matrix, y *targets) (*data.Predictor, error) {
		if x.rows < k {
			return nil, fmt.Errorf("baselines: k-nearest neighbours: %d training rows for %d neighbours", x.rows, k)
		}
		return &data.Predictor{Parameters: len(x.x), Predict: func(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
			t, err := x.same(rows)
			if err != nil {
				return nil, err
			}
			return predictNeighbours(ctx, x, t, y, k, distance)
		}}, nil
	})
}

// predictNeighbours predicts rows, each in one goroutine.
func predictNeighbours(ctx context.Context, train, t *matrix, y *targets, k int, distance distanceFunc) (*data.Prediction, error) {
	width := max(1, y.classes)
	out := make([]float64, t.rows*width)
	var next atomic.Int64
	var overflow atomic.Bool
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), t.rows) {
		wg.Go(func() {
			nearest := make([]neighbour, k)
			for {
				i := int(next.Add(1)) - 1
				if i >= t.rows || ctx.Err() != nil || overflow.Load() {
					return
				}
				if !search(train, t.row(i), nearest, distance) {
					overflow.Store(true)
					return
				}
				vote(nearest, y, out[i*width:(i+1)*width])
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if overflow.Load() {
		return nil, fmt.Errorf("baselines: k-nearest neighbours: a distance is too great for a float64")
	}
	if y.values != nil {
		return &data.Prediction{Values: out}, nil
	}
	return withLabels(out, y.classes), nil
}

// neighbour is a training row and its distance.
type neighbour struct {
	far float64
	row int
}

// search finds the nearest training rows, sorted by distance, and reports whether their
// distances are finite.
func search(train *matrix, at []float64, nearest []neighbour, distance distanceFunc) bool {
	for i := range nearest {
		nearest[i].far = math.Inf(1)
	}
	last := len(nearest) - 1
	for r := range train.rows {
		far := distance(train.row(r), at, nearest[last].far)
		if !(far < nearest[last].far) {
			continue
		}
		i := last
		for ; i > 0 && nearest[i-1].far > far; i-- {
			nearest[i] = nearest[i-1]
		}
		nearest[i] = neighbour{far, r}
	}
	return !math.IsInf(nearest[last].far, 1)
}

// distanceFunc returns the distance between two rows. It may stop early with any sum that is
// not below the limit.
type distanceFunc func(a, b []float64, limit float64) float64

func squaredDistance(a, b []float64, limit float64) float64 {
	sum := 0.0
	for len(a) >= 8 && len(b) >= 8 {
		for j, v := range a[:8] {
			d := v - b[j]
			sum += d * d
		}
		if sum >= limit {
			return sum
		}
		a, b = a[8:], b[8:]
	}
	b = b[:len(a)]
	for j, v := range a {
		d := v - b[j]
		sum += d * d
	}
	return sum
}

func manhattanDistance(a, b []float64, limit float64) float64 {
	sum := 0.0
	for j, v := range a {
		if sum += math.Abs(v - b[j]); sum >= limit {
			return sum
		}
	}
	return sum
}

// vote writes the shares of the classes, or the mean, of the nearest rows.
func vote(nearest []neighbour, y *targets, out []float64) {
	for _, n := range nearest {
		if y.values != nil {
			out[0] += y.values[n.row] / float64(len(nearest))
		} else {
			out[y.labels[n.row]]++
		}
	}
	for c := range y.classes {
		out[c] /= float64(len(nearest))
	}
}
