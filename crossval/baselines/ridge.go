package baselines

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/mat"
)

// Ridge is linear regression with an L2 penalty, for regression only: it minimises Σ(y - x·w
// - b)² + Strength Σw² over w and b. The strength minimises the squared leave-one-out error
// on the training rows, which has a closed form (Allen 1974; like scikit-learn's RidgeCV);
// if rows have groups, whole groups are left out. It takes raw tables and standardises
// numbers; otherwise it prepares them like [LinearRegression].
type Ridge struct {
	Strengths []float64 // above 0; nil: 10^-3, 10^-2.5, ..., 10^6
}

// Fit implements crossval.Estimator; the seed is ignored.
func (m Ridge) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	strengths := m.Strengths
	if strengths == nil {
		for e := -6; e <= 12; e++ {
			strengths = append(strengths, math.Pow(10, float64(e)/2))
		}
	}
	if err := checkStrengths("ridge", strengths); err != nil {
		return nil, err
	}
	return fitRegression(ctx, train, seed, "ridge", scaled, func(ctx context.Context, d *design, _ uint64) ([]float64, string, error) {
		return ridge(ctx, d, strengths)
	})
}

func checkStrengths(what string, strengths []float64) error {
	if len(strengths) == 0 || len(strengths) > 1000 {
		return fmt.Errorf("baselines: %s: %d strengths, want 1 to 1000", what, len(strengths))
	}
	for _, s := range strengths {
		if !(s > 0) || math.IsInf(s, 0) {
			return fmt.Errorf("baselines: %s: strength %v, want a finite number above 0", what, s)
		}
	}
	return nil
}

// ridge solves for all strengths with one decomposition of XᵀX = VΛVᵀ, or of XXᵀ = UΛUᵀ if
// that is smaller. With Z = XV = UΛ^½, the predictions are Z (Λ+s)⁻¹ Zᵀy, and the leverage
// of a row is the sum of its Z²/(Λ+s).
func ridge(ctx context.Context, d *design, strengths []float64) ([]float64, string, error) {
	lambda, z, v, err := spectrum(d)
	if err != nil {
		return nil, "", err
	}
	zy := mat.NewVecDense(len(lambda), nil)
	zy.MulVec(z.T(), mat.NewVecDense(d.rows, d.y))
	groups := rowsByGroup(d.groups)
	best, bestLoss := strengths[0], math.Inf(1)
	for _, s := range strengths {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		loss := 0.0
		if len(groups) > 1 {
			loss = leaveGroupsOut(d, z, lambda, zy, s, groups)
		} else {
			loss = leaveOneOut(d, z, lambda, zy, s)
		}
		if loss < bestLoss {
			best, bestLoss = s, loss
		}
	}
	c := mat.NewVecDense(len(lambda), nil)
	for k, l := range lambda {
		c.SetVec(k, zy.AtVec(k)/(l+best))
	}
	w := mat.NewVecDense(d.columns, nil)
	w.MulVec(v, c)
	return w.RawVector().Data, "strength " + shortest(best) + boundary(best, strengths), nil
}

// boundary returns a note if the chosen value is the first or the last of several.
func boundary(best float64, from []float64) string {
	if len(from) > 1 && (best == slices.Min(from) || best == slices.Max(from)) {
		return ", at the end of those tried"
	}
	return ""
}

// spectrum returns Λ, Z and V, without directions that are only rounding errors.
func spectrum(d *design) (lambda []float64, z, v *mat.Dense, err error) {
	wide := d.columns > d.rows
	var gram mat.SymDense
	if wide {
		gram.SymOuterK(1, d.x)
	} else {
		gram.SymOuterK(1, d.x.T())
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(&gram, true) {
		return nil, nil, nil, errors.New("the eigenvalues do not converge")
	}
	all := eigen.Values(nil) // increasing
	n := len(all)
	first := 0
	for first < n && all[first] <= float64(n)*epsilon*all[n-1] {
		first++
	}
	if first == n {
		return nil, nil, nil, errors.New("all columns are constant")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	u := vectors.Slice(0, n, first, n)
	lambda = all[first:]
	if !wide {
		z = mat.NewDense(d.rows, len(lambda), nil)
		z.Mul(d.x, u)
		return lambda, z, mat.DenseCopyOf(u), nil
	}
	z = mat.DenseCopyOf(u)
	v = mat.NewDense(d.columns, len(lambda), nil)
	v.Mul(d.x.T(), u)
	for k, l := range lambda {
		root := math.Sqrt(l)
		for i := range d.rows {
			z.Set(i, k, z.At(i, k)*root)
		}
		for j := range d.columns {
			v.Set(j, k, v.At(j, k)/root)
		}
	}
	return lambda, z, v, nil
}

// leaveOneOut returns the sum of squared errors of each row under the fit without it. The
// intercept adds a leverage of 1/n, or w/n with weights.
func leaveOneOut(d *design, z *mat.Dense, lambda []float64, zy *mat.VecDense, strength float64) float64 {
	shrunk, factors := make([]float64, len(lambda)), make([]float64, len(lambda))
	for k, l := range lambda {
		factors[k] = 1 / (l + strength)
		shrunk[k] = zy.AtVec(k) * factors[k]
	}
	sum := 0.0
	for i, y := range d.y {
		leverage := 1 / float64(d.rows)
		if d.roots != nil {
			leverage *= d.roots[i] * d.roots[i]
		}
		fitted := 0.0
		for k, v := range z.RawRowView(i) {
			fitted += v * shrunk[k]
			leverage += v * v * factors[k]
		}
		e := (y - fitted) / max(1-leverage, 1e-12)
		sum += e * e
	}
	return sum
}

// rowsByGroup lists the rows of every group, in the order of their first rows.
func rowsByGroup(groups []int) [][]int {
	var out [][]int
	place := map[int]int{}
	for r, g := range groups {
		at, seen := place[g]
		if !seen {
			at = len(out)
			place[g] = at
			out = append(out, nil)
		}
		out[at] = append(out[at], r)
	}
	return out
}

// leaveGroupsOut returns the sum of squared errors of the rows of each group under the fit
// without that group. With e the residuals of a group and H its block of the hat matrix, the
// errors are (I − H)⁻¹e, where H = ZFZᵀ and Z has a column for the intercept. For a group
// with more rows than Z has columns, the equal expression e + Z(F⁻¹ − ZᵀZ)⁻¹Zᵀe is used. The
// error is infinite if the fit without a group is not determined.
func leaveGroupsOut(d *design, z *mat.Dense, lambda []float64, zy *mat.VecDense, strength float64, groups [][]int) float64 {
	q := len(lambda) + 1
	inverse := make([]float64, q) // of F
	for k, l := range lambda {
		inverse[k] = l + strength
	}
	inverse[q-1] = 1
	sum := 0.0
	for _, rows := range groups {
		part := mat.NewDense(len(rows), q, nil)
		e := mat.NewVecDense(len(rows), nil)
		for i, r := range rows {
			fitted := 0.0
			for k, v := range z.RawRowView(r) {
				part.Set(i, k, v)
				fitted += v * zy.AtVec(k) / inverse[k]
			}
			root := 1.0
			if d.roots != nil {
				root = d.roots[r]
			}
			part.Set(i, q-1, root/math.Sqrt(float64(d.rows)))
			e.SetVec(i, d.y[r]-fitted)
		}
		left, ok := heldOut(part, e, inverse)
		if !ok {
			return math.Inf(1)
		}
		sum += mat.Dot(left, left)
	}
	return sum
}

// heldOut returns (I − ZFZᵀ)⁻¹e, or false if that is not determined.
func heldOut(z *mat.Dense, e *mat.VecDense, inverse []float64) (*mat.VecDense, bool) {
	m, q := z.Dims()
	var chol mat.Cholesky
	out := mat.NewVecDense(m, nil)
	if m <= q {
		scaled := mat.DenseCopyOf(z)
		for i := range m {
			row := scaled.RawRowView(i)
			for k := range row {
				row[k] /= math.Sqrt(inverse[k])
			}
		}
		a := mat.NewSymDense(m, nil)
		a.SymOuterK(-1, scaled)
		for i := range m {
			a.SetSym(i, i, 1+a.At(i, i))
		}
		ok := chol.Factorize(a) && chol.SolveVecTo(out, e) == nil
		return out, ok
	}
	a := mat.NewSymDense(q, nil)
	a.SymOuterK(-1, z.T())
	for k := range q {
		a.SetSym(k, k, inverse[k]+a.At(k, k))
	}
	ze, solved := mat.NewVecDense(q, nil), mat.NewVecDense(q, nil)
	ze.MulVec(z.T(), e)
	if !chol.Factorize(a) || chol.SolveVecTo(solved, ze) != nil {
		return out, false
	}
	out.MulVec(z, solved)
	out.AddVec(out, e)
	return out, true
}
