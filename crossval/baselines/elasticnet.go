package baselines

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// ElasticNet is linear regression with two penalties, for regression only (Zou & Hastie
// 2005): it minimises
//
//	Σ(y - x·w - b)²/(2n) + Strength (Ratio Σ|w| + (1-Ratio) Σw²/2)
//
// by coordinate descent (Friedman, Hastie & Tibshirani, "Regularization Paths", 2010; like
// scikit-learn's ElasticNetCV). Strength and ratio minimise the squared error over 5 folds
// of the training rows. For each ratio 50 strengths are tried, from the one at which all w
// become 0 down to a thousandth of it. It takes raw tables and standardises numbers;
// otherwise it prepares them like [LinearRegression].
type ElasticNet struct {
	Ratios   []float64 // above 0, up to 1 (the lasso); nil: 0.1, 0.5, 1
	Strength float64   // 0: chosen by validation
}

// Fit implements crossval.Estimator; the seed draws the inner folds.
func (m ElasticNet) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	if m.Ratios == nil {
		m.Ratios = []float64{0.1, 0.5, 1}
	}
	if len(m.Ratios) == 0 || len(m.Ratios) > 100 || m.Strength > 0 && len(m.Ratios) > 1 {
		return nil, fmt.Errorf("baselines: elastic net: %d ratios, want 1 to 100, and one beside a Strength", len(m.Ratios))
	}
	for _, r := range m.Ratios {
		if !(r > 0 && r <= 1) {
			return nil, fmt.Errorf("baselines: elastic net: ratio %v, want a number above 0, up to 1", r)
		}
	}
	if !(m.Strength >= 0) || math.IsInf(m.Strength, 0) {
		return nil, fmt.Errorf("baselines: elastic net: strength %v, want a finite number of 0 or more", m.Strength)
	}
	return fitRegression(ctx, train, seed, "elastic net", scaled, m.solve)
}

const (
	innerFolds   = 5
	pathLength   = 50
	pathEnd      = 1e-3
	mostSweeps   = 10_000
	enetAccuracy = 1e-7 // largest change in a sweep, relative to the standard deviation of y
)

func (m ElasticNet) solve(ctx context.Context, d *design, seed uint64) ([]float64, string, error) {
	for _, v := range d.y {
		if math.Abs(v) > mostSquarable {
			return nil, "", fmt.Errorf("a target lies %v from the mean, want up to %v", v, mostSquarable)
		}
	}
	all := newNormal(d, nil)
	strength, ratio := m.Strength, m.Ratios[0]
	if strength == 0 {
		var err error
		if strength, ratio, err = m.choose(ctx, d, all, seed); err != nil {
			return nil, "", err
		}
	}
	w := make([]float64, d.columns)
	if err := all.descend(ctx, w, strength, ratio); err != nil {
		return nil, "", err
	}
	return w, fmt.Sprintf("strength %s, ratio %s", shortest(strength), shortest(ratio)), nil
}

// choose returns the strength and the ratio with the smallest squared error over the inner
// folds.
func (m ElasticNet) choose(ctx context.Context, d *design, all *normal, seed uint64) (strength, ratio float64, err error) {
	fold := foldsOf(d.rows, nil, d.groups, seed)
	losses := make([][]float64, len(m.Ratios))
	for i := range losses {
		losses[i] = make([]float64, pathLength)
	}
	for f := range min(innerFolds, d.rows) {
		if n := count(fold, f); n == 0 || n == d.rows { // there are fewer groups than folds
			continue
		}
		inside := newNormal(d, func(row int) bool { return fold[row] != f })
		for i, r := range m.Ratios {
			w := make([]float64, d.columns)
			for k, s := range all.path(r) {
				if err := inside.descend(ctx, w, s, r); err != nil {
					return 0, 0, err
				}
				losses[i][k] += inside.loss(d, w, func(row int) bool { return fold[row] == f })
			}
		}
	}
	best := math.Inf(1)
	strength, ratio = all.path(m.Ratios[0])[0], m.Ratios[0]
	for i, r := range m.Ratios {
		for k, s := range all.path(r) {
			if losses[i][k] < best {
				best, strength, ratio = losses[i][k], s, r
			}
		}
	}
	return strength, ratio, nil
}

// normal holds the centred normal equations of some rows: XᵀX/n and Xᵀy/n.
type normal struct {
	gram  *mat.SymDense
	xy    []float64
	yy    float64
	means []float64 // of the columns, over these rows
	mean  float64   // of y, over these rows
}

// newNormal sums over the chosen rows; nil: all rows.
func newNormal(d *design, chosen func(row int) bool) *normal {
	rows := make([]int, 0, d.rows)
	total := 0.0
	for i := range d.rows {
		if chosen == nil || chosen(i) {
			rows = append(rows, i)
			total += d.root(i) * d.root(i)
		}
	}
	p := d.columns
	s := &normal{xy: make([]float64, p), means: make([]float64, p)}
	for _, i := range rows {
		root := d.root(i) / total
		floats.AddScaled(s.means, root, d.x.RawRowView(i))
		s.mean += root * d.y[i]
	}
	centred := mat.NewDense(len(rows), p, nil)
	for k, i := range rows {
		row := centred.RawRowView(k)
		copy(row, d.x.RawRowView(i))
		floats.AddScaled(row, -d.root(i), s.means)
		y := d.y[i] - d.root(i)*s.mean
		floats.AddScaled(s.xy, y/total, row)
		s.yy += y * y / total
	}
	s.gram = mat.NewSymDense(p, nil)
	s.gram.SymOuterK(1/total, centred.T())
	return s
}

// root returns the square root of a row's weight, 1 without weights.
func (d *design) root(i int) float64 {
	if d.roots == nil {
		return 1
	}
	return d.roots[i]
}

// path returns decreasing strengths, starting at one that makes all coefficients 0.
func (s *normal) path(ratio float64) []float64 {
	top := 0.0
	for _, v := range s.xy {
		top = max(top, math.Abs(v))
	}
	out := make([]float64, pathLength)
	for k := range out {
		out[k] = top / ratio * math.Pow(pathEnd, float64(k)/(pathLength-1))
	}
	return out
}

// descend minimises the objective by coordinate descent, starting from w, until a sweep over
// all coordinates changes little.
func (s *normal) descend(ctx context.Context, w []float64, strength, ratio float64) error {
	p := len(w)
	gradient := make([]float64, p) // Xᵀ(y - Xw)/n
	for j := range gradient {
		gradient[j] = s.xy[j]
		for k, c := range w {
			if c != 0 {
				gradient[j] -= c * s.gram.At(j, k)
			}
		}
	}
	enough := enetAccuracy * math.Sqrt(s.yy)
	for range mostSweeps {
		if err := ctx.Err(); err != nil {
			return err
		}
		largest := 0.0
		for j := range p {
			square := s.gram.At(j, j)
			if square == 0 {
				continue
			}
			pull := gradient[j] + square*w[j]
			next := math.Copysign(max(0, math.Abs(pull)-strength*ratio), pull) / (square + strength*(1-ratio))
			if change := next - w[j]; change != 0 {
				w[j] = next
				for k := range gradient {
					gradient[k] -= change * s.gram.At(j, k)
				}
				largest = max(largest, math.Abs(change)*math.Sqrt(square))
			}
		}
		if largest <= enough {
			return nil
		}
	}
	return nil // the best so far: nearly collinear columns converge slowly
}

// loss returns the squared error of the coefficients on the chosen rows.
func (s *normal) loss(d *design, w []float64, chosen func(row int) bool) float64 {
	shift := s.mean - floats.Dot(s.means, w)
	sum := 0.0
	for i := range d.rows {
		if chosen(i) {
			e := d.y[i] - floats.Dot(d.x.RawRowView(i), w) - d.root(i)*shift
			sum += e * e
		}
	}
	return sum
}

func count(list []int, v int) int {
	n := 0
	for _, w := range list {
		if w == v {
			n++
		}
	}
	return n
}

// foldsOf deals rows to inner folds at random, spreading each class evenly and keeping
// groups together. labels is nil for a regression, groups if there are none.
func foldsOf(rows int, labels, groups []int, seed uint64) []int {
	g := rand.New(rand.NewPCG(seed, 0x666f6c6473))
	fold := make([]int, rows)
	if groups != nil {
		of := map[int]int{}
		for _, r := range g.Perm(rows) {
			if _, dealt := of[groups[r]]; !dealt {
				of[groups[r]] = len(of) % innerFolds
			}
		}
		for r := range fold {
			fold[r] = of[groups[r]]
		}
		return fold
	}
	next := map[int]int{}
	for _, r := range g.Perm(rows) {
		c := 0
		if labels != nil {
			c = labels[r]
		}
		fold[r] = next[c] % innerFolds
		next[c]++
	}
	return fold
}

func shortest(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
