package recommend

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/internal/kernel"
)

// ALS factorizes implicit feedback by alternating least squares: Hu, Koren & Volinsky (2008),
// "Collaborative filtering for implicit feedback datasets". With p 1 where user u has item i, else 0, and
// the confidence c = 1 + Alpha·weight of what it has, 1 of all others, it minimises
//
//	Σ c·(p − xᵤ·yᵢ)² over all pairs + Lambda·(Σ‖xᵤ‖² + Σ‖yᵢ‖²)
//
// in turn over the vectors of users and of items; the score is xᵤ·yᵢ. Each system is solved by Steps steps of
// conjugate gradients from the vector before (Takács, Pilászy & Tikk 2011, "Applications of the conjugate gradient
// method for implicit feedback collaborative filtering"), of many users at once. The vectors of a user that was not trained
// on are solved for from its items.
type ALS struct {
	Factors    int     // 0: 64
	Alpha      float64 // 0: 10
	Lambda     float64 // 0: 10; the sparser the rows, the more, up to Alpha
	Iterations int     // over users and items; 0: 15
	Steps      int     // of conjugate gradients a system; 0: 3
}

func (m ALS) withDefaults() (ALS, error) {
	for _, d := range []struct {
		to *int
		or int
	}{{&m.Factors, 64}, {&m.Iterations, 15}, {&m.Steps, 3}} {
		if *d.to == 0 {
			*d.to = d.or
		}
	}
	if m.Alpha == 0 {
		m.Alpha = 10
	}
	if m.Lambda == 0 {
		m.Lambda = 10
	}
	if m.Factors < 1 || m.Factors > mostFactors || m.Iterations < 1 || m.Iterations > mostSize || m.Steps < 1 || m.Steps > mostSize {
		return m, fmt.Errorf("recommend: als: %d factors, %d iterations, %d steps: want 1 to %d factors, 1 to %d of the others", m.Factors, m.Iterations, m.Steps, mostFactors, mostSize)
	}
	if !(m.Alpha > 0 && m.Lambda > 0) || math.IsInf(m.Alpha, 0) || math.IsInf(m.Lambda, 0) {
		return m, fmt.Errorf("recommend: als: alpha %v, lambda %v: want numbers above 0", m.Alpha, m.Lambda)
	}
	return m, nil
}

// mostFactors bounds the factors of a user or an item.
const mostFactors = 4096

// Fit implements Learner.
func (m ALS) Fit(ctx context.Context, seen *data.Histories, seed uint64) (Scorer, error) {
	if err := begin(ctx, "als", seen); err != nil {
		return nil, err
	}
	m, err := m.withDefaults()
	if err != nil {
		return nil, err
	}
	f, err := newFactors("als", seen, m.Factors, seed)
	if err != nil {
		return nil, err
	}
	f.als = &m
	users, err := seen.Transpose()
	if err != nil {
		return nil, err
	}
	for range m.Iterations {
		if err := m.half(ctx, seen, f.items, f.users); err != nil {
			return nil, err
		}
		if err := m.half(ctx, users, f.users, f.items); err != nil {
			return nil, err
		}
	}
	return f, f.finite()
}

// systemRows is the number of systems that are solved at once.
const systemRows = 128

// half solves for all rows of x, (rows, factors), given y, the vectors of what the rows have.
func (m ALS) half(ctx context.Context, rows *data.Histories, y, x []float32) error {
	g := m.gram(y)
	size := min(systemRows, rows.Users())
	var spaces sync.Pool
	return inParts(ctx, rows.Users(), size, func(from, to int) error {
		s, _ := spaces.Get().(*systems)
		if s == nil {
			s = newSystems(size, m.Factors)
		}
		defer spaces.Put(s)
		s.solve(m, g, y, x[from*m.Factors:to*m.Factors], rows, from)
		return nil
	})
}

// gram returns YᵀY + Lambda·I.
func (m ALS) gram(y []float32) []float32 {
	kernel.Enter()
	defer kernel.Leave()
	f := m.Factors
	g := make([]float32, f*f)
	kernel.Gemm(true, false, f, f, len(y)/f, y, y, 0, g)
	for i := range f {
		g[i*f+i] += float32(m.Lambda)
	}
	return g
}

// systems is the memory for solving systems of several rows.
type systems struct {
	r, p, q []float32 // residuals, directions, and their products with the matrices
	rr      []float64 // r·r of each row
}

func newSystems(rows, factors int) *systems {
	n := rows * factors
	return &systems{make([]float32, n), make([]float32, n), make([]float32, n), make([]float64, rows)}
}

// solve takes steps of conjugate gradients towards the solutions of (G + Σ α·w·y·yᵀ)·x = Σ (1 + α·w)·y, with the sums over what
// each row has; the first row is a number of those of rows.
func (s *systems) solve(m ALS, g, y, x []float32, rows *data.Histories, first int) {
	f := m.Factors
	n := len(x) / f
	row := func(v []float32, i int) []float32 { return v[i*f : (i+1)*f] }
	kernel.Gemm(false, false, n, f, f, x, g, 0, s.q[:n*f])
	for i := range n {
		xi, ri, qi := row(x, i), row(s.r, i), row(s.q, i)
		for j, v := range qi {
			ri[j] = -v
		}
		for k := rows.Start[first+i]; k < rows.Start[first+i+1]; k++ {
			if k+ahead < len(rows.Item) {
				kernel.PrefetchRow(y, rows.Item[k+ahead], f) // the steps below find it in the cache
			}
			yi, c := row(y, rows.Item[k]), m.Alpha*rows.Weight[k]
			kernel.Axpy(float32(1+c-c*kernel.Dot(yi, xi)), yi, ri)
		}
		copy(row(s.p, i), ri)
		s.rr[i] = kernel.Dot(ri, ri)
	}
	for range m.Steps {
		kernel.Gemm(false, false, n, f, f, s.p[:n*f], g, 0, s.q[:n*f])
		for i := range n {
			ri, pi, qi := row(s.r, i), row(s.p, i), row(s.q, i)
			for k := rows.Start[first+i]; k < rows.Start[first+i+1]; k++ {
				yi := row(y, rows.Item[k])
				kernel.Axpy(float32(m.Alpha*rows.Weight[k]*kernel.Dot(yi, pi)), yi, qi)
			}
			pq := kernel.Dot(pi, qi)
			if !(s.rr[i] > solved) || !(pq > 0) {
				continue
			}
			a := float32(s.rr[i] / pq)
			kernel.Axpy(a, pi, row(x, i))
			kernel.Axpy(-a, qi, ri)
			rr := kernel.Dot(ri, ri)
			kernel.Descent(&kernel.DescentStep[float32]{Keep: float32(rr / s.rr[i]), Rate: -1}, pi, ri) // p = r + rr/rr·p
			s.rr[i] = rr
		}
	}
}

// solved is the square of a residual below which a system counts as solved.
const solved = 1e-20

func init() { builtin.Register(ALS{}) }
