package optim

import (
	"fmt"
	"slices"
	"sync"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gorgonia.org/gorgonia"
)

// Sparse reports whether o updates only some rows of a parameter if the gradient comes
// as rows (see StartRows). It does for:
//
//   - SGD without momentum and Adagrad. A row with gradient 0 would not move anyway, so
//     the numbers are those of a dense gradient.
//   - Adam, and AdamW with a negative WeightDecay. They become lazy Adam, as
//     torch.optim.SparseAdam: for the gradient g of a row at step t,
//     m ← Beta1·m + (1−Beta1)·g, v ← Beta2·v + (1−Beta2)·g² and
//     w ← w − rate·√(1−Beta2ᵗ)/(1−Beta1ᵗ)·m/(√v + Epsilon); w, m and v of all other rows
//     stay as they are. The numbers differ from those of a dense gradient, with which
//     the moments of every row decay and move it at every step, and with which √v is
//     corrected for its bias before Epsilon is added.
//
// SGD with momentum, NAdam, RMSprop, Lion, solvers of Gorgonia's and custom rules need
// the dense gradient, because a step moves rows whose gradient is 0, or may do so. The
// same holds for every optimizer with weight decay, which shrinks all rows, unless a
// group exempts the parameter from it.
func Sparse(o Optimizer, groups []Group, parameter string) bool {
	if o == nil {
		return false
	}
	rule, err := o.Rule()
	if err != nil || slices.ContainsFunc(groups, func(g Group) bool { return g.check() != nil }) {
		return false
	}
	f := settings{rate: 1, decay: 1}
	for _, g := range groups {
		if g.Has(parameter) {
			f = g.settings()
			break
		}
	}
	return rule.sparse(f)
}

// sparse says whether the rule moves rows of a parameter with these settings.
func (r Rule) sparse(f settings) bool {
	return r.rows64 != nil && (!r.decays || f.decay == 0)
}

// StartRows is Start for gradients of which some are given as rows, as
// Builder.RowGradient makes them. rows[i] is nil if grads[i] is dense. Otherwise grads[i]
// holds rows of the gradient of params[i], all other rows of which are 0, and rows[i]
// their numbers, ascending and distinct; from the first −1 on, rows do not count. A step
// updates these rows only; an optimizer that cannot do that is an error (see Sparse).
// Clip treats rows like the dense gradient. A constraint sees the whole parameter.
//
// Shapes: params[i] (m, ...), rows[i] Int (n), grads[i] (n, ...).
func StartRows(o Optimizer, clip Clip, groups []Group, params []*graph.Param, grads, rows []gorgonia.Value) (*Run, error) {
	r, err := prepare(o, clip, groups, params, len(grads))
	if err != nil {
		return nil, err
	}
	if err := r.GradsRows(grads, rows); err != nil {
		return nil, err
	}
	return r, nil
}

// GradsRows is Grads for gradients of which some are given as rows; see StartRows.
func (r *Run) GradsRows(grads, rows []gorgonia.Value) error {
	if r == nil {
		return errNoRun
	}
	if len(grads) != len(r.params) || rows != nil && len(rows) != len(grads) {
		return fmt.Errorf("optim: %d gradients and %d lists of rows for %d parameters", len(grads), len(rows), len(r.params))
	}
	g32, g64, list := make([][]float32, len(grads)), make([][]float64, len(grads)), make([][]int, len(grads))
	for i, g := range grads {
		p := r.params[i]
		if g == nil {
			return fmt.Errorf("optim: %s: the gradient is nil", p.Path)
		}
		switch d := g.Data().(type) {
		case []float32:
			g32[i] = d
		case []float64:
			g64[i] = d
		}
		want := p.Size()
		if rows != nil && rows[i] != nil {
			var err error
			if list[i], err = r.numbers(i, rows[i]); err != nil {
				return err
			}
			want = len(list[i]) * (p.Size() / r.heights[i])
		}
		if p.Floats32() != nil && len(g32[i]) != want || p.Floats64() != nil && len(g64[i]) != want {
			return fmt.Errorf("optim: %s: gradient %v%v for a parameter of shape %v", p.Path, g.Dtype(), g.Shape(), p.Shape())
		}
	}
	r.grads, r.g32, r.g64, r.rows = grads, g32, g64, list
	return nil
}

// numbers returns the row numbers of a gradient.
func (r *Run) numbers(i int, rows gorgonia.Value) ([]int, error) {
	p := r.params[i]
	if !r.rule.sparse(r.own[i]) {
		return nil, fmt.Errorf("optim: %s: the gradient comes as rows, but with these settings %s moves the whole parameter", p.Path, r.rule.Name)
	}
	list, ok := rows.Data().([]int)
	if !ok {
		return nil, fmt.Errorf("optim: %s: row numbers are %v, want int", p.Path, rows.Dtype())
	}
	if list == nil {
		return nil, fmt.Errorf("optim: %s: there are no row numbers", p.Path)
	}
	return list, nil
}

// countRows finds the rows that count in this step and cuts off the others.
func (r *Run) countRows() error {
	for i, list := range r.rows {
		if list == nil {
			continue
		}
		n, last, most := 0, -1, r.heights[i]
		for n < len(list) && list[n] >= 0 {
			if list[n] <= last || list[n] >= most {
				return fmt.Errorf("optim: %s: row %d after row %d: want ascending numbers below %d", r.params[i].Path, list[n], last, most)
			}
			last = list[n]
			n++
		}
		r.counts[i] = n
		if n *= r.params[i].Size() / most; r.g32[i] != nil {
			r.g32[i] = r.g32[i][:n]
		} else {
			r.g64[i] = r.g64[i][:n]
		}
	}
	return nil
}

// updateRows updates the rows of a parameter that have a gradient.
func (r *Run) updateRows(i int, rate, decay float64) {
	p, rows, height := r.params[i], r.rows[i][:r.counts[i]], r.heights[i]
	if w := p.Floats32(); w != nil {
		s := u32(Update32{r.steps, rate, decay, w, r.g32[i], r.st32[i]})
		moveRows(&movers32, s, rows, len(w)/height, 0x1p-126, r.rule.rows32)
		return
	}
	w := p.Floats64()
	s := u64(Update64{r.steps, rate, decay, w, r.g64[i], r.st64[i]})
	moveRows(&movers64, s, rows, len(w)/height, 0x1p-1022, r.rule.rows64)
}

// mover is an update of rows in progress.
type mover[T float32 | float64] struct {
	spans  kernel.Spans
	step   step[T]
	rows   []int
	width  int // elements of a row
	normal T   // the least normal number
	f      func(s step[T], rows []int, width int)
}

var movers32, movers64 sync.Pool

func moveRows[T float32 | float64](pool *sync.Pool, s step[T], rows []int, width int, normal T, f func(step[T], []int, int)) {
	m, _ := pool.Get().(*mover[T])
	if m == nil {
		m = new(mover[T])
	}
	m.step, m.rows, m.width, m.normal, m.f = s, rows, width, normal, f
	m.spans.Do(m, len(rows)*width)
	m.step, m.rows, m.f = step[T]{}, nil, nil
	pool.Put(m)
}

// Span implements kernel.Spanned: it updates the rows that begin in the span.
func (m *mover[T]) Span(from, to int) {
	w, s := m.width, m.step
	first, end := (from+w-1)/w, (to+w-1)/w
	rows := m.rows[first:end]
	s.g = s.g[first*w : end*w]
	m.f(s, rows, w)
	if s.n%flushEvery != 0 {
		return
	}
	for _, r := range rows { // denormal numbers in other rows cost nothing until these are looked up
		flush(s.w[r*w:(r+1)*w], m.normal)
		for _, v := range s.state {
			if v != nil {
				flush(v[r*w:(r+1)*w], m.normal)
			}
		}
	}
}
