package trees

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// largest is the threshold that only missing values are sent right of.
const largest = math.MaxFloat64

// Loss is what the trees of a regression lower.
type Loss string

// The losses of a regression.
const (
	SquaredError Loss = ""        // (s-y)²/2; predicts the mean
	Poisson      Loss = "poisson" // exp(s) - y s; predicts exp(s), for counts: y >= 0
)

// Stopping says when early stopping is used.
type Stopping string

// The choices of early stopping.
const (
	StopAuto   Stopping = ""       // with more than 10,000 rows
	StopAlways Stopping = "always" // on any table
	StopNever  Stopping = "never"
)

// Boosting configures gradient boosting on histograms. The zero value has the
// defaults of scikit-learn's HistGradientBoosting.
//
// Every iteration grows a tree, one for each class if there are three or more, on
// the first and second derivatives of the loss (Friedman, "Greedy Function
// Approximation", 2001; Chen & Guestrin, "XGBoost", 2016). A tree always splits the
// leaf that gains most (Ke et al., "LightGBM", 2017). The thresholds lie between up
// to Bins quantiles of a column, between all values if there are no more; from
// 200,000 rows on quantiles are taken of a sample.
//
// Missing values: each split sends them to the side that gains more. If a column
// has none in training, they go to the child with more training rows. Categories
// (see [Column]) are divided by sets that are found by sorting them by gradient over
// hessian; those with the least rows share a bin if there are more than Bins.
//
// The value of a leaf that is log-odds, or a logarithm, is bounded by 50 before it is
// multiplied by the learning rate; else classes of few rows can send it astray.
type Boosting struct {
	Iterations   int     // 0: 100
	LearningRate float64 // factor on every leaf; 0: 0.1
	Leaves       int     // most leaves of a tree; 0: 31
	MaxDepth     int     // 0: unbounded
	MinLeaf      int     // fewest rows of a leaf; 0: 20
	L2           float64 // added to the hessian of a leaf
	Bins         int     // 2 to 255; 0: 255
	Columns      float64 // share of columns, drawn for each tree; 0: 1
	Loss         Loss    // of a regression
	Stopping     Stopping
	Patience     int     // iterations without an improvement until early stopping; 0: 10
	Validation   float64 // share of rows kept for early stopping, stratified by class; 0: 0.1
	Tolerance    float64 // improvements in the loss up to this do not count; 0: 1e-7
	Seed         uint64  // of the rows for early stopping, the columns and the sample for quantiles
	Threads      int     // 0: GOMAXPROCS
}

// Bounds on settings: a fit allocates in proportion to them.
const (
	maxIterations = 1 << 20
	maxLeaves     = 1 << 20
)

// withDefaults returns the settings with defaults in place of zeros, checked.
func (s Boosting) withDefaults() (Boosting, error) {
	defaultTo(&s.Iterations, 100)
	defaultTo(&s.Leaves, 31)
	defaultTo(&s.MinLeaf, 20)
	defaultTo(&s.Bins, 255)
	defaultTo(&s.Patience, 10)
	defaultTo(&s.LearningRate, 0.1)
	defaultTo(&s.Columns, 1)
	defaultTo(&s.Validation, 0.1)
	defaultTo(&s.Tolerance, 1e-7)
	fail := func(what string, have any, want string) (Boosting, error) {
		return s, fmt.Errorf("trees: boosting: %s: have %v, want %s", what, have, want)
	}
	switch {
	case s.Iterations < 1 || s.Iterations > maxIterations:
		return fail("Iterations", s.Iterations, fmt.Sprint("1 to ", maxIterations))
	case s.Leaves < 2 || s.Leaves > maxLeaves:
		return fail("Leaves", s.Leaves, fmt.Sprint("2 to ", maxLeaves))
	case s.MinLeaf < 1:
		return fail("MinLeaf", s.MinLeaf, "1 or more")
	case s.MaxDepth < 0:
		return fail("MaxDepth", s.MaxDepth, "0 or more")
	case s.Bins < 2 || s.Bins > 255:
		return fail("Bins", s.Bins, "2 to 255")
	case s.Patience < 1:
		return fail("Patience", s.Patience, "1 or more")
	case !(s.LearningRate > 0 && s.LearningRate <= 100):
		return fail("LearningRate", s.LearningRate, "a number above 0, up to 100")
	case !(s.L2 >= 0 && s.L2 < math.MaxFloat64):
		return fail("L2", s.L2, "a number of 0 or more")
	case !(s.Columns > 0 && s.Columns <= 1):
		return fail("Columns", s.Columns, "a share above 0, up to 1")
	case !(s.Validation > 0 && s.Validation < 1):
		return fail("Validation", s.Validation, "a share between 0 and 1")
	case !(s.Tolerance >= 0 && s.Tolerance < math.MaxFloat64):
		return fail("Tolerance", s.Tolerance, "a number of 0 or more")
	case s.Loss != SquaredError && s.Loss != Poisson:
		return fail("Loss", clip(string(s.Loss)), "SquaredError or Poisson")
	case s.Stopping != StopAuto && s.Stopping != StopAlways && s.Stopping != StopNever:
		return fail("Stopping", clip(string(s.Stopping)), "StopAuto, StopAlways or StopNever")
	}
	var err error
	s.Threads, err = threadCount(s.Threads)
	return s, err
}

func defaultTo[T int | float64](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}

// FitValues fits a regression.
//
// It is an error if the table is empty, its columns or the targets differ in length,
// a value is infinite, a target is not finite, or a setting is out of its range.
func (s Boosting) FitValues(ctx context.Context, t Table, y []float64) (*Model, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := t.checkTraining(true); err != nil {
		return nil, err
	}
	if err := checkValues(y, t.Len()); err != nil {
		return nil, err
	}
	if s.Loss == Poisson {
		if err := checkCounts(y, t.Weights); err != nil {
			return nil, err
		}
		return s.fit(ctx, t, &poisson{y, t.Weights}, 0, nil)
	}
	return s.fit(ctx, t, &squared{y, t.Weights}, 0, nil)
}

func checkCounts(y []float64, w weighted) error {
	sum := 0.0
	for i, v := range y {
		if v < 0 || v > 1e100 {
			return fmt.Errorf("trees: row %d: target %v, the Poisson loss wants 0 to 1e100", i, v)
		}
		sum += w.of(i) * v
	}
	if sum == 0 {
		return errors.New("trees: all targets are 0: the Poisson loss has no finite solution")
	}
	return nil
}

// FitClasses fits a classification; labels are from 0 to classes-1. A class without
// a row is allowed, and gets a small probability, as long as two classes have one.
// Errors are as of [Boosting.FitValues].
func (s Boosting) FitClasses(ctx context.Context, t Table, labels []int, classes int) (*Model, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := t.checkTraining(true); err != nil {
		return nil, err
	}
	if err := checkLabels(labels, classes, t.Len()); err != nil {
		return nil, err
	}
	if err := checkPresent(labels, classes, t.Weights); err != nil {
		return nil, err
	}
	if classes == 2 {
		return s.fit(ctx, t, &logistic{labels, t.Weights}, classes, labels)
	}
	return s.fit(ctx, t, newMultinomial(labels, classes, t.Weights), classes, labels)
}

// checkPresent wants rows with a weight of two classes.
func checkPresent(labels []int, classes int, w weighted) error {
	first := -1
	for i, c := range labels {
		if w.of(i) == 0 || c == first {
			continue
		}
		if first >= 0 {
			return nil
		}
		first = c
	}
	return fmt.Errorf("trees: all rows are of class %d of %d: there is nothing to tell apart", first, classes)
}

// booster is a fit in progress.
type booster struct {
	Boosting
	t        Table
	loss     loss
	labels   []int // nil for a regression
	model    Ensemble
	b        *binned
	raw      [][]float64 // scores of all rows, by outputs
	train    []int32
	held     []int32 // rows for early stopping
	growers  []*grower
	gains    [][]gain // by tree
	random   *rand.Rand
	bestLoss float64
	bestSize int // trees at the best loss
	waited   int
}

func (s Boosting) fit(ctx context.Context, t Table, l loss, classes int, labels []int) (*Model, error) {
	f := &booster{Boosting: s, t: t, loss: l, labels: labels, random: rand.New(rand.NewPCG(s.Seed, 0x626f6f7374))}
	f.model = Ensemble{Classes: classes, Base: l.base(), Link: l.link()}
	if float64(t.Len())*float64(len(f.model.Base)) > 1<<31 {
		return nil, fmt.Errorf("trees: %d rows of %d classes are too many", t.Len(), classes)
	}
	f.divideRows()
	var err error
	if f.b, err = binTable(ctx, t, s.Bins, s.Threads, s.Seed); err != nil {
		return nil, err
	}
	for j, c := range t.Columns {
		f.model.Columns = append(f.model.Columns, ColumnInfo{Name: c.Name, Levels: c.Levels, Bins: f.b.columns[j].codes})
	}
	f.raw = make([][]float64, len(f.model.Base))
	for k, base := range f.model.Base {
		f.raw[k] = make([]float64, t.Len())
		for i := range f.raw[k] {
			f.raw[k][i] = base
		}
	}
	if err := f.run(ctx); err != nil {
		return nil, err
	}
	f.model.Importance = f.importance()
	return NewModel(f.model)
}

// divideRows keeps rows for early stopping. Rows of weight 0 train nothing and are
// left out.
func (f *booster) divideRows() {
	n := f.t.Len()
	held := make([]bool, n)
	switch stops := f.Stopping == StopAlways || f.Stopping == StopAuto && n > 10_000; {
	case stops && f.t.Groups != nil:
		f.holdGroups(held)
	case stops:
		byClass := [][]int32{nil}
		if f.labels != nil {
			byClass = make([][]int32, max(2, len(f.model.Base)))
		}
		for i := range n {
			c := 0
			if f.labels != nil {
				c = f.labels[i]
			}
			byClass[c] = append(byClass[c], int32(i))
		}
		for _, rows := range byClass {
			f.random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			for _, r := range rows[:int(math.Round(f.Validation*float64(len(rows))))] {
				held[r] = true
			}
		}
	}
	w := weighted(f.t.Weights)
	for i := range n {
		switch {
		case w.of(i) == 0:
		case held[i]:
			f.held = append(f.held, int32(i))
		default:
			f.train = append(f.train, int32(i))
		}
	}
	if len(f.train) == 0 {
		f.train, f.held = f.held, nil
	}
}

// holdGroups keeps groups, in random order, until they have the share of the rows or
// one is left to train on.
func (f *booster) holdGroups(held []bool) {
	size := map[int]int{}
	var groups []int // in the order of their first row
	for _, g := range f.t.Groups {
		if size[g] == 0 {
			groups = append(groups, g)
		}
		size[g]++
	}
	f.random.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	kept, rows := map[int]bool{}, 0
	for _, g := range groups[:len(groups)-1] {
		if float64(rows) >= f.Validation*float64(len(held)) {
			break
		}
		kept[g] = true
		rows += size[g]
	}
	for i, g := range f.t.Groups {
		held[i] = kept[g]
	}
}

// run adds trees until there are enough, or the loss of the held rows no longer falls.
func (f *booster) run(ctx context.Context) error {
	k := len(f.raw)
	inside, beside := f.Threads, 1 // threads inside a tree, trees at a time
	if k > 1 {
		beside = min(f.Threads, k)
		if k%f.Threads == 0 || k >= 4*f.Threads {
			inside = 1
		}
	}
	for range beside {
		f.growers = append(f.growers, newGrower(f.b, &f.Boosting, f.model.Link, inside, f.train))
	}
	f.bestLoss = f.heldLoss()
	for range f.Iterations {
		parallelRows(f.Threads, f.t.Len(), func(from, to int) { f.loss.prepare(f.raw, from, to) })
		active := f.draw()
		gradient, hessian := f.loss.bounds(f.raw)
		trees, gains := make([]*Tree, k), make([][]gain, k)
		failed := make([]error, k)
		parallelWorkers(beside, k, func(worker, output int) {
			g := f.growers[worker]
			trees[output], failed[output] = f.tree(ctx, g, output, gradient, hessian, active)
			gains[output] = slices.Clone(g.gains)
		})
		if err := errors.Join(failed...); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
		f.gains = append(f.gains, gains...)
		grown := false
		for _, t := range trees {
			f.model.Trees = append(f.model.Trees, *t)
			grown = grown || len(t.Nodes) > 1
		}
		if f.stop() || !grown && f.Columns == 1 {
			break
		}
	}
	if f.held != nil {
		f.model.Trees = f.model.Trees[:f.bestSize:f.bestSize]
	}
	return nil
}

// draw returns the columns of an iteration, nil for all.
func (f *booster) draw() []bool {
	p := len(f.t.Columns)
	if f.Columns == 1 {
		return nil
	}
	active := make([]bool, p)
	for _, j := range f.random.Perm(p)[:max(1, int(math.Round(f.Columns*float64(p))))] {
		active[j] = true
	}
	return active
}

// tree grows the tree of an output and adds what its leaves say to the scores.
func (f *booster) tree(ctx context.Context, g *grower, output int, gradient, hessian float64, active []bool) (*Tree, error) {
	sc := newScale(f.t.Len(), gradient, hessian)
	parallelRows(g.threads, f.t.Len(), func(from, to int) {
		const span = 512
		var gs, hs [span]float64
		for ; from < to; from += span {
			end := min(to, from+span)
			f.loss.gradients(f.raw, output, from, end, gs[:], hs[:])
			for i := from; i < end; i++ {
				g.cells[i] = sc.cell(gs[i-from], hs[i-from])
			}
		}
	})
	t, ends, err := g.grow(ctx, sc, active)
	if err != nil {
		return nil, err
	}
	t.Output = output
	raw := f.raw[output]
	parallel(g.threads, len(ends), func(i int) {
		l := ends[i]
		value := t.Nodes[l.node].Value
		cover := 0.0
		for _, r := range g.rows[l.from:l.to] {
			raw[r] += value
			if f.t.Weights != nil {
				cover += f.t.Weights[r]
			}
		}
		if f.t.Weights == nil {
			cover = float64(l.to - l.from)
		}
		t.Nodes[l.node].Cover = float32(cover)
	})
	for i := len(t.Nodes) - 1; i >= 0; i-- {
		if n := &t.Nodes[i]; n.Feature >= 0 {
			n.Cover = t.Nodes[n.Left].Cover + t.Nodes[n.Left+1].Cover
		}
	}
	parallelRows(g.threads, len(f.held), func(from, to int) {
		for _, r := range f.held[from:to] {
			raw[r] += f.model.leafOf(t, f.t.Columns, int(r)).Value
		}
	})
	return t, nil
}

// heldLoss returns the mean loss of the held rows.
func (f *booster) heldLoss() float64 {
	if len(f.held) == 0 {
		return 0
	}
	w := weighted(f.t.Weights)
	sum, total := 0.0, 0.0
	for _, r := range f.held {
		sum += w.of(int(r)) * f.loss.value(f.raw, int(r))
		total += w.of(int(r))
	}
	return sum / total
}

// stop says whether the loss of the held rows has not fallen for too long.
func (f *booster) stop() bool {
	if len(f.held) == 0 {
		return false
	}
	if loss := f.heldLoss(); loss < f.bestLoss-f.Tolerance {
		f.bestLoss, f.bestSize, f.waited = loss, len(f.model.Trees), 0
		return false
	}
	f.waited++
	return f.waited >= f.Patience
}

func (f *booster) importance() []float64 {
	out := make([]float64, len(f.t.Columns))
	for i := range f.model.Trees {
		for _, s := range f.gains[i] {
			out[s.column] += s.gain
		}
	}
	return normalised(out)
}

// normalised scales numbers of 0 or more to the sum 1; zeros stay.
func normalised(v []float64) []float64 {
	if top := slices.Max(v); top > 0 {
		sum := 0.0
		for i := range v {
			v[i] /= top
			sum += v[i]
		}
		for i := range v {
			v[i] /= sum
		}
	}
	return v
}
