package baselines

import (
	"context"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/mat"
)

// mostCells bounds the numbers that a linear model holds: an encoded table is wider than the
// raw one.
const mostCells = 1 << 29

// design is the input of a linear model: encoded rows, centred, and for a regression centred
// targets. Row weights are scaled to mean 1, and both sides are multiplied by their square
// roots.
type design struct {
	x       *mat.Dense // rows × columns; nil if there are no columns
	y       []float64
	roots   []float64 // square roots of the weights; nil: all 1
	means   []float64 // of the columns
	mean    float64   // of y
	columns int
	rows    int
	groups  []int // group of each row, or nil
}

func newDesign(x []float64, columns int, y, weights []float64) *design {
	n := len(y)
	d := &design{rows: n, columns: columns, y: make([]float64, n), means: make([]float64, columns)}
	total := float64(n)
	if weights != nil {
		total = 0
		for _, w := range weights {
			total += w
		}
	}
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	for i, v := range y {
		w := weight(i) / total
		d.mean += w * v
		for j := range d.means {
			d.means[j] += w * x[i*columns+j]
		}
	}
	centred := make([]float64, len(x))
	if weights != nil {
		d.roots = make([]float64, n)
	}
	for i, v := range y {
		root := 1.0
		if weights != nil {
			root = math.Sqrt(weight(i) * float64(n) / total)
			d.roots[i] = root
		}
		d.y[i] = root * (v - d.mean)
		for j, m := range d.means {
			centred[i*columns+j] = root * (x[i*columns+j] - m)
		}
	}
	if columns > 0 {
		d.x = mat.NewDense(n, columns, centred)
	}
	return d
}

// intercept returns the intercept that belongs to the coefficients.
func (d *design) intercept(coefficients []float64) float64 {
	b := d.mean
	for j, c := range coefficients {
		b -= c * d.means[j]
	}
	return b
}

// solver finds the coefficients of a regression; note says how.
type solver func(ctx context.Context, d *design, seed uint64) (coefficients []float64, note string, err error)

// fitRegression encodes a table and fits a regression with the given solver.
func fitRegression(ctx context.Context, src data.Source, seed uint64, what string, scaling scaling, solve solver) (*data.Predictor, error) {
	train, err := data.Collect(src)
	if err != nil {
		return nil, err
	}
	t, err := rawOf(train)
	if err != nil {
		return nil, err
	}
	y, err := targetsOf(train)
	if err != nil {
		return nil, err
	}
	if y.values == nil {
		return nil, fmt.Errorf("baselines: %s: it is for regression only", what)
	}
	if err := checkWeights(train.Weights, t.rows); err != nil {
		return nil, err
	}
	e := fitEncoder(t, scaling)
	if err := e.bounded(t); err != nil {
		return nil, fmt.Errorf("baselines: %s: %w", what, err)
	}
	x, err := e.apply(t)
	if err != nil {
		return nil, err
	}
	d := newDesign(x, e.width, y.values, train.Weights)
	d.groups = train.Groups
	coefficients := make([]float64, e.width)
	var notes []string
	if d.columns > 0 {
		var note string
		if coefficients, note, err = solve(ctx, d, seed); err != nil {
			return nil, fmt.Errorf("baselines: %s: %w", what, err)
		}
		if note != "" {
			notes = append(notes, note)
		}
	}
	return linearPredictor(e, coefficients, d.intercept(coefficients), notes), nil
}

func linearPredictor(e *encoder, coefficients []float64, intercept float64, notes []string) *data.Predictor {
	return &data.Predictor{Parameters: len(coefficients) + 1, Notes: notes, Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
		t, err := rawOf(rows)
		if err != nil {
			return nil, err
		}
		x, err := e.apply(t)
		if err != nil {
			return nil, err
		}
		out := make([]float64, t.rows)
		for i := range out {
			out[i] = intercept
			for j, c := range coefficients {
				out[i] += c * x[i*e.width+j]
			}
		}
		return &data.Prediction{Values: out}, nil
	}}
}

func (e *encoder) bounded(t *raw) error {
	if float64(t.rows)*float64(e.width) > mostCells {
		return fmt.Errorf("%w: too large: %d rows x %d encoded columns, at most %d numbers", crossval.ErrSkipped, t.rows, e.width, mostCells)
	}
	return nil
}

func checkWeights(w []float64, rows int) error {
	if w == nil {
		return nil
	}
	if len(w) != rows {
		return fmt.Errorf("baselines: %d weights for %d rows", len(w), rows)
	}
	sum := 0.0
	for i, v := range w {
		if !(v >= 0) || math.IsInf(v, 0) {
			return &data.RowError{Row: i, Err: fmt.Errorf("baselines: row %d: weight %v, want a finite number of 0 or more", i, v)}
		}
		sum += v
	}
	if sum == 0 || math.IsInf(sum, 0) {
		return fmt.Errorf("baselines: the weights sum to %v", sum)
	}
	return nil
}
