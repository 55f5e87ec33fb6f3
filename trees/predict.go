package trees

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"

	"github.com/seed732fc211/aegis/internal/vector"
)

// Proba returns the probability of every class of every row, (rows, classes) row
// by row. It is an error for a regression, and if the table has other columns than
// the training table. A code that did not occur in training counts as missing.
func (m *Model) Proba(ctx context.Context, t Table) ([]float64, error) {
	if m.Classes() == 0 {
		return nil, errors.New("trees: a regression has no probabilities")
	}
	return m.predict(ctx, t, true)
}

// Labels returns the most probable class of every row, the first of equals.
func (m *Model) Labels(ctx context.Context, t Table) ([]int, error) {
	proba, err := m.Proba(ctx, t)
	if err != nil {
		return nil, err
	}
	k := m.e.Classes
	labels := make([]int, len(proba)/k)
	for i := range labels {
		labels[i] = vector.Argmax(proba[i*k : (i+1)*k])
	}
	return labels, nil
}

// Values returns the predicted value of every row of a regression.
func (m *Model) Values(ctx context.Context, t Table) ([]float64, error) {
	if m.Classes() != 0 {
		return nil, errors.New("trees: a classification has no values")
	}
	return m.predict(ctx, t, true)
}

// Scores returns the scores of every row before the link, (rows, outputs) row by
// row: log-odds, say.
func (m *Model) Scores(ctx context.Context, t Table) ([]float64, error) {
	return m.predict(ctx, t, false)
}

// PredictRow writes the probabilities of one row, or its value, to out, which has
// one place for each class, or one for a regression. It allocates nothing.
func (m *Model) PredictRow(row, out []float64) error {
	if m == nil || len(m.e.Columns) == 0 {
		return errNotFitted
	}
	if len(row) != len(m.e.Columns) || len(out) != m.e.width() {
		return fmt.Errorf("trees: a row of %d values and %d results, want %d and %d", len(row), len(out), len(m.e.Columns), m.e.width())
	}
	scores := out[:m.e.outputs()]
	copy(scores, m.e.Base)
	for i := range m.e.Trees {
		t := &m.e.Trees[i]
		t.give(m.e.leaf(t, row), scores)
	}
	m.e.finish(scores, out)
	return nil
}

var errNotFitted = errors.New("trees: the model is not fitted")

// predict returns what the trees make of a table, block by block of rows. The sums
// run over the trees in order, so that they do not depend on the threads.
func (m *Model) predict(ctx context.Context, t Table, link bool) ([]float64, error) {
	if m == nil || len(m.e.Columns) == 0 {
		return nil, errNotFitted
	}
	if len(t.Columns) != len(m.e.Columns) {
		return nil, fmt.Errorf("trees: fitted on %d columns, have %d to predict from", len(m.e.Columns), len(t.Columns))
	}
	if err := t.checkLengths(); err != nil {
		return nil, err
	}
	n, p := t.Len(), len(t.Columns)
	width := m.e.outputs()
	if link {
		width = m.e.width()
	}
	if n > math.MaxInt32/width {
		return nil, fmt.Errorf("trees: %d rows of %d results are too many at a time", n, width)
	}
	out := make([]float64, n*width)
	rows := min(n, max(8, min(m.blockRows(), 1<<17/p)))
	blocks := (n + rows - 1) / rows
	threads := runtime.GOMAXPROCS(0)
	if n*len(m.e.Trees) < 20000 {
		threads = 1
	}
	threads = min(threads, blocks)
	scratch := make([]blockScratch, threads)
	var stopped atomic.Bool
	parallelWorkers(threads, blocks, func(worker, block int) {
		if stopped.Load() {
			return
		}
		if ctx.Err() != nil {
			stopped.Store(true)
			return
		}
		from, to := block*rows, min(n, (block+1)*rows)
		s := &scratch[worker]
		s.fill(t, from, to)
		m.e.block(s, to-from, out[from*width:to*width], link)
	})
	if stopped.Load() {
		return nil, ctx.Err()
	}
	return out, nil
}

// blockRows returns how many rows pass through a tree at a time: more than a few
// where the trees are too large for the fast caches.
func (m *Model) blockRows() int {
	if m.Nodes() > 1000*len(m.e.Trees) {
		return 4096
	}
	return 512
}

// blockScratch is a block of rows, row by row, and their scores.
type blockScratch struct {
	x       []float64
	columns int
	missing bool // whether a value is missing
	scores  []float64
}

func (s *blockScratch) fill(t Table, from, to int) {
	n, p := to-from, len(t.Columns)
	if cap(s.x) < n*p {
		s.x = make([]float64, n*p)
	}
	s.x, s.columns, s.missing = s.x[:n*p], p, false
	for j := range t.Columns {
		at := j
		for _, v := range t.Columns[j].Values[from:to] {
			s.x[at] = v
			at += p
			s.missing = s.missing || v != v
		}
	}
}

// block predicts a block of rows.
func (e *Ensemble) block(s *blockScratch, n int, out []float64, link bool) {
	k := e.outputs()
	if cap(s.scores) < n*k {
		s.scores = make([]float64, n*k)
	}
	scores := s.scores[:n*k]
	for i := range n {
		copy(scores[i*k:(i+1)*k], e.Base)
	}
	for ti := range e.Trees {
		t := &e.Trees[ti]
		if len(t.Sets) == 0 && !s.missing {
			t.addNumbers(s.x, s.columns, scores, k)
			continue
		}
		for i := range n {
			t.give(e.leaf(t, s.x[i*s.columns:(i+1)*s.columns]), scores[i*k:(i+1)*k])
		}
	}
	if !link {
		if e.Average {
			for i := range scores {
				scores[i] /= float64(len(e.Trees))
			}
		}
		copy(out, scores)
		return
	}
	w := e.width()
	for i := range n {
		e.finish(scores[i*k:(i+1)*k], out[i*w:(i+1)*w])
	}
}

// addNumbers adds what the leaves of a tree give to rows without missing values
// and without categories. Four rows are followed at a time, since each step waits
// for a node to be loaded.
func (t *Tree) addNumbers(x []float64, columns int, scores []float64, outputs int) {
	nodes := t.Nodes
	n := len(x) / columns
	i := 0
	for ; i+4 <= n; i += 4 {
		x0 := x[i*columns : (i+1)*columns]
		x1 := x[(i+1)*columns : (i+2)*columns]
		x2 := x[(i+2)*columns : (i+3)*columns]
		x3 := x[(i+3)*columns : (i+4)*columns]
		n0, n1, n2, n3 := &nodes[0], &nodes[0], &nodes[0], &nodes[0]
		for n0.Feature >= 0 && n1.Feature >= 0 && n2.Feature >= 0 && n3.Feature >= 0 {
			n0 = &nodes[n0.Left+above(x0[n0.Feature], n0.Value)]
			n1 = &nodes[n1.Left+above(x1[n1.Feature], n1.Value)]
			n2 = &nodes[n2.Left+above(x2[n2.Feature], n2.Value)]
			n3 = &nodes[n3.Left+above(x3[n3.Feature], n3.Value)]
		}
		t.give(descend(nodes, n0, x0), scores[i*outputs:(i+1)*outputs])
		t.give(descend(nodes, n1, x1), scores[(i+1)*outputs:(i+2)*outputs])
		t.give(descend(nodes, n2, x2), scores[(i+2)*outputs:(i+3)*outputs])
		t.give(descend(nodes, n3, x3), scores[(i+3)*outputs:(i+4)*outputs])
	}
	for ; i < n; i++ {
		t.give(descend(nodes, &nodes[0], x[i*columns:(i+1)*columns]), scores[i*outputs:(i+1)*outputs])
	}
}

// give adds what a leaf says to the scores of a row.
func (t *Tree) give(leaf *Node, scores []float64) {
	if len(t.Values) == 0 {
		scores[t.Output] += leaf.Value
		return
	}
	k := len(scores)
	for c, v := range t.Values[int(leaf.Left)*k : (int(leaf.Left)+1)*k] {
		scores[c] += v
	}
}

// above is 1 if x > threshold, else 0.
func above(x, threshold float64) int32 {
	if x > threshold {
		return 1
	}
	return 0
}

// descend follows a row without missing values from a node to its leaf.
func descend(nodes []Node, n *Node, x []float64) *Node {
	for n.Feature >= 0 {
		n = &nodes[n.Left+above(x[n.Feature], n.Value)]
	}
	return n
}

// leaf returns the leaf of a row.
func (e *Ensemble) leaf(t *Tree, row []float64) *Node {
	n := &t.Nodes[0]
	for n.Feature >= 0 {
		if e.left(t, n, row[n.Feature]) {
			n = &t.Nodes[n.Left]
		} else {
			n = &t.Nodes[n.Left+1]
		}
	}
	return n
}

// left says whether a value goes left at a split.
func (e *Ensemble) left(t *Tree, n *Node, v float64) bool {
	switch {
	case n.Categorical:
		if b := e.Columns[n.Feature].bin(v); b >= 0 {
			return t.Sets[4*int(n.Value)+b/64]>>(b%64)&1 != 0
		}
		return n.MissingLeft
	case v != v:
		return n.MissingLeft
	}
	return v <= n.Value
}

// leafOf returns the leaf of row r of a table.
func (e *Ensemble) leafOf(t *Tree, columns []Column, r int) *Node {
	n := &t.Nodes[0]
	for n.Feature >= 0 {
		if e.left(t, n, columns[n.Feature].Values[r]) {
			n = &t.Nodes[n.Left]
		} else {
			n = &t.Nodes[n.Left+1]
		}
	}
	return n
}

// bin returns the bin of a code, -1 if it is missing or unknown.
func (c *ColumnInfo) bin(code float64) int {
	if !(code >= 0 && code < float64(len(c.Bins))) {
		return -1
	}
	i := int(code)
	if float64(i) != code {
		return -1
	}
	return int(c.Bins[i])
}

// finish makes predictions of scores; both may share their memory.
func (e *Ensemble) finish(scores, out []float64) {
	if e.Average {
		for i := range scores {
			scores[i] /= float64(len(e.Trees))
		}
	}
	switch e.Link {
	case Logistic:
		p := 1 / (1 + math.Exp(-scores[0]))
		out[0], out[1] = 1-p, p
	case Softmax:
		vector.Softmax(out, scores)
	case LogLink:
		out[0] = math.Exp(min(scores[0], 700))
	default:
		copy(out, scores)
	}
}
