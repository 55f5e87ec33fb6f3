package trees

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"

	"github.com/seed732fc211/aegis/internal/vector"
)

// Forest configures a random forest (Breiman, "Random Forests", 2001): trees grown
// to the end on bootstrap samples, with columns drawn anew for every split. The zero
// value has the defaults of scikit-learn's RandomForestClassifier and -Regressor.
//
// A split is the best of all thresholds, halfway between neighbouring values, by
// Gini's impurity or by the squared error; a value equal to the threshold goes
// left. At least one column that is not constant is tried. The forest's
// probabilities and values are the means of those of its trees.
//
// Categorical columns are used by their codes, as numbers. Missing values in
// training are an error that names the row and the column: fill them in first. In
// prediction they go to the child with more training rows.
type Forest struct {
	Trees       int // 0: 100
	Columns     int // tried for each split; 0: the root of their number, for a regression all
	MinLeaf     int // fewest distinct rows of a leaf; 0: 1
	MaxDepth    int // 0: unbounded
	NoBootstrap bool
	OutOfBag    bool   // score each row by the trees that have not seen it: see Model.OutOfBag
	Seed        uint64 // of the bootstraps and the columns
	Threads     int    // 0: GOMAXPROCS
}

const maxTrees = 1 << 17

func (s Forest) withDefaults(columns int, regression bool) (Forest, error) {
	defaultTo(&s.Trees, 100)
	defaultTo(&s.MinLeaf, 1)
	fail := func(what string, have any, want string) (Forest, error) {
		return s, fmt.Errorf("trees: forest: %s: have %v, want %s", what, have, want)
	}
	switch {
	case s.Trees < 1 || s.Trees > maxTrees:
		return fail("Trees", s.Trees, fmt.Sprint("1 to ", maxTrees))
	case s.MinLeaf < 1:
		return fail("MinLeaf", s.MinLeaf, "1 or more")
	case s.MaxDepth < 0:
		return fail("MaxDepth", s.MaxDepth, "0 or more")
	case s.Columns < 0:
		return fail("Columns", s.Columns, "0 or more")
	case s.OutOfBag && s.NoBootstrap:
		return s, errors.New("trees: forest: without a bootstrap no row is out of the bag")
	}
	switch {
	case s.Columns == 0 && regression:
		s.Columns = columns
	case s.Columns == 0:
		s.Columns = max(1, int(math.Sqrt(float64(columns))))
	}
	s.Columns = min(s.Columns, columns)
	var err error
	s.Threads, err = threadCount(s.Threads)
	return s, err
}

// FitValues fits a regression.
//
// It is an error if the table is empty, its columns or the targets differ in length,
// a value is missing or infinite, a target is not finite, or a setting is out of its
// range.
func (s Forest) FitValues(ctx context.Context, t Table, y []float64) (*Model, error) {
	s, err := s.withDefaults(len(t.Columns), true)
	if err != nil {
		return nil, err
	}
	if err := t.checkTraining(false); err != nil {
		return nil, err
	}
	if err := checkValues(y, t.Len()); err != nil {
		return nil, err
	}
	return s.fit(ctx, t, y, 0)
}

// FitClasses fits a classification; labels are from 0 to classes-1, and two classes
// must have a row. Errors are as of [Forest.FitValues].
func (s Forest) FitClasses(ctx context.Context, t Table, labels []int, classes int) (*Model, error) {
	s, err := s.withDefaults(len(t.Columns), false)
	if err != nil {
		return nil, err
	}
	if err := t.checkTraining(false); err != nil {
		return nil, err
	}
	if err := checkLabels(labels, classes, t.Len()); err != nil {
		return nil, err
	}
	if err := checkPresent(labels, classes, t.Weights); err != nil {
		return nil, err
	}
	y := make([]float64, len(labels))
	for i, c := range labels {
		y[i] = float64(c)
	}
	return s.fit(ctx, t, y, classes)
}

// fit grows the trees, each by one goroutine on random numbers of its own.
func (s Forest) fit(ctx context.Context, t Table, y []float64, classes int) (*Model, error) {
	ranks, err := rankTable(ctx, t, s.Threads)
	if err != nil {
		return nil, err
	}
	f := &forestFit{Forest: s, t: t, ranks: ranks, y: y, classes: classes}
	e := Ensemble{Classes: classes, Base: make([]float64, max(1, classes)), Average: true, Link: Identity}
	e.Trees = make([]Tree, s.Trees)
	for _, c := range t.Columns {
		e.Columns = append(e.Columns, ColumnInfo{Name: c.Name, Levels: c.Levels})
	}
	importance := make([][]float64, s.Trees)
	growers := make([]*exactGrower, min(s.Threads, s.Trees))
	var stopped atomic.Bool
	parallelWorkers(s.Threads, s.Trees, func(worker, i int) {
		if stopped.Load() {
			return
		}
		if growers[worker] == nil {
			growers[worker] = newExactGrower(f)
		}
		g := growers[worker]
		if !g.grow(ctx, i) {
			stopped.Store(true)
			return
		}
		e.Trees[i], importance[i] = g.result()
	})
	if stopped.Load() {
		return nil, ctx.Err()
	}
	growers = nil // a forest can be large: let go of the scratch memory
	e.Importance = make([]float64, len(t.Columns))
	for _, tree := range importance {
		for j, v := range tree {
			e.Importance[j] += v
		}
	}
	normalised(e.Importance)
	m, err := NewModel(e)
	if err != nil || !s.OutOfBag {
		return m, err
	}
	m.scored, err = f.outOfBag(ctx, &m.e)
	return m, err
}

// forestFit is what the trees of a forest have in common.
type forestFit struct {
	Forest
	t       Table
	ranks   []ranked
	y       []float64 // targets or classes
	classes int
}

// draw returns the random numbers of a tree, and how often each row is in its bag.
func (f *forestFit) draw(tree int, counts []int32) *rand.PCG {
	g := rand.NewPCG(f.Seed, 0x666f72657374+uint64(tree)<<20)
	if f.NoBootstrap {
		for i := range counts {
			counts[i] = 1
		}
		return g
	}
	clear(counts)
	n := uint64(len(counts))
	for range counts {
		counts[below(g, n)]++
	}
	return g
}

// below returns a random number in [0, n), for n up to 2^32: Lemire, "Fast Random
// Integer Generation in an Interval" (2019), without the correction, whose effect at
// these sizes is below 2^-32.
func below(g *rand.PCG, n uint64) uint64 { return (g.Uint64() >> 32) * n >> 32 }

// OutOfBag is what the trees of a forest predict of the training rows that were not
// in their bootstrap samples.
type OutOfBag struct {
	// Score is the accuracy, or R², weighted by Table.Weights, over the rows that some
	// tree has not seen.
	Score float64
	// Proba and Values are the predictions of the training rows, as of Model.Proba and
	// Model.Values; NaN for a row that every tree has seen.
	Proba  []float64
	Values []float64
	Unseen int // number of rows with a prediction
}

// OutOfBag returns the out-of-bag predictions of a forest that was fitted with
// OutOfBag set, otherwise an error. They are not written with the model.
func (m *Model) OutOfBag() (*OutOfBag, error) {
	if m == nil || m.scored == nil {
		return nil, errors.New("trees: there are no out-of-bag predictions: fit a Forest with OutOfBag set")
	}
	return m.scored, nil
}

// outOfBag predicts every row by the trees that have not seen it, in the trees'
// order.
func (f *forestFit) outOfBag(ctx context.Context, e *Ensemble) (*OutOfBag, error) {
	n, k := f.t.Len(), len(e.Base)
	scores := make([]float64, n*k)
	unseen := make([]int32, n)
	counts := make([]int32, n)
	for i := range e.Trees {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.draw(i, counts)
		parallelRows(f.Threads, n, func(from, to int) {
			for r := from; r < to; r++ {
				if counts[r] > 0 {
					continue
				}
				unseen[r]++
				t := &e.Trees[i]
				t.give(e.leafOf(t, f.t.Columns, r), scores[r*k:(r+1)*k])
			}
		})
	}
	o := &OutOfBag{}
	for r, u := range unseen {
		if u > 0 {
			o.Unseen++
		}
		for c := range k {
			scores[r*k+c] /= float64(u) // NaN for none
		}
	}
	f.score(o, scores, unseen, k)
	return o, nil
}

func (f *forestFit) score(o *OutOfBag, scores []float64, unseen []int32, k int) {
	w := weighted(f.t.Weights)
	total, right, mean := 0.0, 0.0, 0.0
	for r, u := range unseen {
		if u > 0 {
			total += w.of(r)
			mean += w.of(r) * f.y[r]
			if f.classes > 0 && vector.Argmax(scores[r*k:(r+1)*k]) == int(f.y[r]) {
				right += w.of(r)
			}
		}
	}
	if f.classes > 0 {
		o.Proba, o.Score = scores, right/total
		return
	}
	mean /= total
	left, all := 0.0, 0.0
	for r, u := range unseen {
		if u > 0 {
			left += w.of(r) * (f.y[r] - scores[r]) * (f.y[r] - scores[r])
			all += w.of(r) * (f.y[r] - mean) * (f.y[r] - mean)
		}
	}
	o.Values, o.Score = scores, 1-left/all
}
