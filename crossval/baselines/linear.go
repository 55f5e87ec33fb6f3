package baselines

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// LinearRegression is least squares with an intercept, for regression only. It
// is the calculation of golearn's LinearRegression, gonum's QR decomposition,
// on columns centred and scaled first. golearn's own is not used: its package
// takes a C++ compiler for other models, and where columns are collinear it
// gives NaN without an error.
type LinearRegression struct{}

// New returns an estimator; the seed has no part in it. Its fit fails, naming
// the column, if a column is constant or is a linear combination of the columns
// before it, to 10 digits, and if there are not more rows than columns.
func (LinearRegression) New(uint64) (crossval.Estimator, error) {
	return estimator(func(_ context.Context, x *matrix, y *targets) (*data.Predictor, error) {
		if y.values == nil {
			return nil, errors.New("baselines: linear regression: it is for regression only")
		}
		intercept, slopes, err := leastSquares(x, y.values)
		if err != nil {
			return nil, fmt.Errorf("baselines: linear regression: %w", err)
		}
		return predictor(x, y, len(slopes)+1, func(row []float64) ([]float64, error) {
			return []float64{intercept + floats.Dot(slopes, row)}, nil
		}), nil
	})
}

func leastSquares(x *matrix, y []float64) (intercept float64, slopes []float64, err error) {
	if x.rows <= x.columns {
		return 0, nil, fmt.Errorf("%d rows cannot fit %d columns and an intercept", x.rows, x.columns)
	}
	design := mat.NewDense(x.rows, x.columns, nil)
	means := make([]float64, x.columns)
	scales := make([]float64, x.columns)
	column := make([]float64, x.rows)
	for j := range x.columns {
		for i := range column {
			column[i] = x.x[i*x.columns+j]
		}
		largest := floats.Norm(column, math.Inf(1))
		means[j] = floats.Sum(column) / float64(x.rows)
		floats.AddConst(-means[j], column)
		scales[j] = floats.Norm(column, 2)
		if scales[j] <= 1e-12*largest*math.Sqrt(float64(x.rows)) {
			return 0, nil, fmt.Errorf("%s is constant", x.names[j])
		}
		floats.Scale(1/scales[j], column)
		design.SetCol(j, column)
	}
	mean := floats.Sum(y) / float64(x.rows)
	centred := mat.NewVecDense(x.rows, nil)
	for i, v := range y {
		centred.SetVec(i, v-mean)
	}
	var qr mat.QR
	qr.Factorize(design)
	var r mat.Dense
	qr.RTo(&r)
	for j := range x.columns {
		if math.Abs(r.At(j, j)) < 1e-10 { // the columns have length 1
			return 0, nil, fmt.Errorf("%s is a linear combination of the columns before it", x.names[j])
		}
	}
	var solution mat.VecDense
	if err := qr.SolveVecTo(&solution, false, centred); err != nil {
		return 0, nil, err
	}
	slopes = make([]float64, x.columns)
	for j := range slopes {
		slopes[j] = solution.AtVec(j) / scales[j]
	}
	return mean - floats.Dot(slopes, means), slopes, nil
}
