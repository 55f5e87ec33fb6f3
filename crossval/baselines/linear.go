package baselines

import (
	"context"
	"errors"
	"math"

	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// LinearRegression is least squares with an intercept, for regression only. Of all solutions
// it takes the one of least norm, so constant and collinear columns, or more columns than
// rows, are no error (as in scikit-learn's LinearRegression). It takes raw tables: numbers
// are not scaled, missing ones are replaced by the median and marked by an indicator column,
// and a category becomes one indicator column per level. Row weights are used.
type LinearRegression struct{}

// Fit implements crossval.Estimator; the seed is ignored.
func (LinearRegression) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	return fitRegression(ctx, train, seed, "linear regression", unscaled, leastSquares)
}

// epsilon is the distance from 1 to the next float64.
const epsilon = 0x1p-52

// leastSquares solves by QR decomposition and the singular values of R, in time linear in
// the number of rows. Directions whose singular value is within rounding errors are treated
// as absent.
func leastSquares(ctx context.Context, d *design, _ uint64) ([]float64, string, error) {
	x, y := d.x, d.y
	if d.rows > d.columns {
		x, y = reduced(d)
	}
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDThin) {
		return nil, "", errors.New("the singular values do not converge")
	}
	s := svd.Values(nil)
	least := 4 * epsilon * max(float64(d.columns), math.Sqrt(float64(d.rows))) * s[0]
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	out := make([]float64, d.columns)
	for k := 0; k < len(s) && s[k] > least; k++ {
		c := mat.Dot(u.ColView(k), mat.NewVecDense(len(y), y)) / s[k]
		for j := range out {
			out[j] += c * v.At(j, k)
		}
	}
	return out, "", nil
}

// reduced returns the triangle R of a QR decomposition of the rows, and the matching part of
// Qᵀy. Both come from decomposing the rows with y as an extra last column.
func reduced(d *design) (*mat.Dense, []float64) {
	p := d.columns
	a := blas64.General{Rows: d.rows, Cols: p + 1, Stride: p + 1, Data: make([]float64, d.rows*(p+1))}
	for i := range d.rows {
		copy(a.Data[i*(p+1):], d.x.RawRowView(i))
		a.Data[i*(p+1)+p] = d.y[i]
	}
	tau := make([]float64, min(d.rows, p+1))
	work := make([]float64, 1)
	lapack64.Geqrf(a, tau, work, -1)
	work = make([]float64, int(work[0]))
	lapack64.Geqrf(a, tau, work, len(work))
	r, y := mat.NewDense(p, p, nil), make([]float64, p)
	for i := range p {
		for j := i; j < p; j++ {
			r.Set(i, j, a.Data[i*(p+1)+j])
		}
		y[i] = a.Data[i*(p+1)+p]
	}
	return r, y
}
