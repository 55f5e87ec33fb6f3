package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// entry is one number of an epoch.
type entry struct {
	name  string
	value float64
}

// column is the values of one input, target or weight of a set in the type
// that a program takes, and the shape of a row.
type column struct {
	name  string
	shape graph.Shape
	f32   []float32
	f64   []float64
	ints  []int
}

// width is the number of values of a row.
func (c *column) width() int {
	n := 1
	for _, d := range c.shape {
		n *= d
	}
	return n
}

// newColumn converts a tensor whose first axis counts the rows to floats of type dt,
// each changed by a function unless that is nil; ints stay ints.
func newColumn(name string, t *tensor.Dense, dt graph.Dtype, change func(float64) float64) (*column, error) {
	c := &column{name: name, shape: t.Shape()[1:].Clone()}
	if t.RequiresIterator() {
		m, ok := t.Materialize().(*tensor.Dense)
		if !ok {
			return nil, fmt.Errorf("%s: a view that cannot be read", name)
		}
		t = m
	}
	value := func(v float64) float64 { return v }
	if change != nil {
		value = change
	}
	switch d := t.Data().(type) {
	case []int:
		c.ints = d
	case []float32:
		if dt == graph.Float32 && change == nil {
			c.f32 = d
			break
		}
		c.convert(len(d), dt, func(i int) float64 { return value(float64(d[i])) })
	case []float64:
		if dt == graph.Float64 && change == nil {
			c.f64 = d
			break
		}
		c.convert(len(d), dt, func(i int) float64 { return value(d[i]) })
	default:
		return nil, fmt.Errorf("%s: values of type %v", name, t.Dtype())
	}
	return c, nil
}

func (c *column) convert(n int, dt graph.Dtype, at func(i int) float64) {
	if dt == graph.Float32 {
		c.f32 = make([]float32, n)
		for i := range c.f32 {
			c.f32[i] = float32(at(i))
		}
		return
	}
	c.f64 = make([]float64, n)
	for i := range c.f64 {
		c.f64[i] = at(i)
	}
}

// inRange finds the first value of a target that float32 has made infinite.
func (c *column) inRange(target *tensor.Dense) error {
	for i, v := range c.f32 {
		if !math.IsInf(float64(v), 0) {
			continue
		}
		given := any(v)
		if d, ok := target.Data().([]float64); ok && i < len(d) {
			given = d[i]
		}
		return &data.RowError{Row: i / c.width(), Err: fmt.Errorf("%s: row %d, value %d: %v is beyond what float32 holds (3.4e38); scale the targets, or build the model with Type: graph.Float64", c.name, i/c.width(), i%c.width(), given)}
	}
	return nil
}

// declare adds an input for a batch of the column's rows to a graph.
func (c *column) declare(b *graph.Builder, batch int) *graph.Node {
	shape := append([]int{batch}, c.shape...)
	if c.ints != nil {
		return b.InputInt(c.name, shape...)
	}
	return b.Input(c.name, shape...)
}

// source copies rows of a column into a program's input.
type source struct {
	*column
	to32   []float32
	to64   []float64
	toInts []int
}

func (s *source) load(rows []int) {
	w := s.width()
	switch {
	case s.toInts != nil:
		copyRows(s.toInts, s.ints, rows, w)
	case s.to32 != nil:
		kernel.Gather(s.to32, s.f32, rows, w)
	default:
		kernel.Gather(s.to64, s.f64, rows, w)
	}
}

func copyRows(dst, src, rows []int, w int) {
	for i, r := range rows {
		copy(dst[i*w:(i+1)*w], src[r*w:(r+1)*w])
	}
}

// table is a set in the form that programs take.
type table struct {
	rows    int
	inputs  []*column
	targets []*column
	weights *column
	w       []float64
}

func newTable(m *models.Model, s *data.Set) (*table, error) {
	names := m.InputNames()
	if len(s.Inputs) != len(names) {
		return nil, fmt.Errorf("train: the set has %d inputs, the model %d: %q", len(s.Inputs), len(names), names)
	}
	outputs := m.OutputShapes()
	if len(s.Targets) != len(outputs) {
		return nil, fmt.Errorf("train: the set has %d targets, the model %d outputs", len(s.Targets), len(outputs))
	}
	dt := m.Params().Dtype()
	t := &table{rows: s.Len(), w: s.Weights}
	if dt == graph.Float32 {
		if err := s.CheckFloat32(); err != nil {
			return nil, fmt.Errorf("train: %w; scale the column, or build the model with Type: graph.Float64", err)
		}
	}
	for i, x := range s.Inputs {
		if shape := m.InputShape(i); !slices.Equal(x.Shape()[1:], shape) {
			return nil, fmt.Errorf("train: input %q has rows of shape %v, the model wants %v", names[i], x.Shape()[1:], shape)
		}
		c, err := newColumn(names[i], x, dt, nil)
		if err != nil {
			return nil, fmt.Errorf("train: input %w", err)
		}
		t.inputs = append(t.inputs, c)
	}
	for i, y := range s.Targets {
		var change func(float64) float64
		if i == 0 && m.Info.Task == data.Regress && (m.Info.TargetScale != 0 || m.Info.TargetWidth != 0) {
			change = m.Info.ScaleTarget
		}
		c, err := newColumn(fmt.Sprintf("target %d", i), y, dt, change)
		if err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		if err := c.inRange(y); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		t.targets = append(t.targets, c)
	}
	if s.Weights != nil {
		c, err := newColumn("row weights", tensor.New(tensor.WithShape(len(s.Weights)), tensor.WithBacking(s.Weights)), dt, nil)
		if err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		t.weights = c
	}
	return t, nil
}

// weight is the sum of the weights of rows.
func (t *table) weight(rows []int) float64 {
	if t.w == nil {
		return float64(len(rows))
	}
	sum := 0.0
	for _, r := range rows {
		sum += t.w[r]
	}
	return sum
}

// batchGraph is the graph of one batch: outputs, and the mean loss of its rows.
type batchGraph struct {
	b       *graph.Builder
	outputs []*graph.Node
	loss    *graph.Node
	cols    []*column
}

func (t *table) build(m *models.Model, list []losses.Loss, mode graph.Mode, batch int) (*batchGraph, error) {
	b := graph.New(m.Params(), mode)
	g := &batchGraph{b: b, outputs: m.Build(b, batch), cols: append([]*column(nil), t.inputs...)}
	var weights *graph.Node
	if t.weights != nil {
		weights = t.weights.declare(b, batch)
		g.cols = append(g.cols, t.weights)
	}
	for i, want := range t.targets {
		if b.Err() != nil {
			break
		}
		l := losses.Mean(b, rowLoss(b.Scope("loss"), list[i], g.outputs[i], want.declare(b, batch)), weights)
		g.cols = append(g.cols, want)
		if g.loss == nil {
			g.loss = l
		} else {
			g.loss = b.Add(g.loss, l)
		}
	}
	if err := b.Err(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return g, nil
}

// rowLoss builds a loss and checks that it gives one number a row.
func rowLoss(b *graph.Builder, loss losses.Loss, pred, want *graph.Node) (l *graph.Node) {
	defer func() {
		if r := recover(); r != nil { // in a loss of the user's
			l = b.Fail("panic: %v", r)
		}
	}()
	if loss == nil {
		return b.Fail("the loss is nil")
	}
	l = loss.Loss(b, pred, want)
	if b.Err() == nil && (l == nil || len(l.Shape()) != 1 || l.Shape()[0] != pred.Shape()[0]) {
		return b.Fail("the loss gives %v, want one number for each of %d rows", l, pred.Shape()[0])
	}
	return l
}

// bound is a compiled batchGraph with its inputs.
type bound struct {
	*batchGraph
	run     *graph.Program
	sources []source
	penalty *graph.Node
	params  []*graph.Param // that are trained
	grads   []gorgonia.Value
	rows    []gorgonia.Value // of gradients that come as rows
}

func (g *batchGraph) compile(extra ...*graph.Node) (*bound, error) {
	nodes := append(append([]*graph.Node{g.loss}, g.outputs...), extra...)
	p, err := graph.Compile(g.b, nodes...)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	out := &bound{batchGraph: g, run: p}
	declared := map[string]bool{}
	for _, name := range p.Inputs() {
		declared[name] = true
	}
	for _, c := range g.cols {
		if !declared[c.name] { // nothing depends on it
			continue
		}
		t, err := p.Input(c.name)
		if err != nil {
			return nil, err
		}
		s := source{column: c}
		switch d := t.Data().(type) {
		case []float32:
			s.to32 = d
		case []float64:
			s.to64 = d
		case []int:
			s.toInts = d
		}
		out.sources = append(out.sources, s)
	}
	return out, nil
}

func (p *bound) load(rows []int) {
	for i := range p.sources {
		p.sources[i].load(rows)
	}
}

// tally adds up losses and collects outputs by row.
type tally struct {
	m       *models.Model
	set     *data.Set
	loss    float64
	now     float64 // the loss of the last batch
	penalty float64
	weight  float64
	out     *tensor.Dense // of the first output, nil if no metric wants it
	f32     []float32     // the memory of out: tensor.Dense.Data takes new memory to say it
	f64     []float64
	hasPen  bool
}

func newTally(m *models.Model, set *data.Set, c Config) tally {
	t := tally{m: m, set: set}
	if len(c.Metrics) > 0 {
		t.out = tensor.New(tensor.Of(m.Params().Dtype()), tensor.WithShape(append(graph.Shape{set.Len()}, m.OutputShapes()[0]...)...))
		t.f32, _ = t.out.Data().([]float32)
		t.f64, _ = t.out.Data().([]float64)
	}
	return t
}

func (t *tally) reset() { t.loss, t.penalty, t.weight = 0, 0, 0 }

// add takes in a batch that was computed. The loss of rows that all have the
// weight 0 is 0/0 and does not count.
func (t *tally) add(p *bound, rows []int, weight float64) {
	t.hasPen = p.penalty != nil
	t.now = 0
	if weight > 0 {
		t.now = p.run.Float(p.loss)
		t.loss += t.now * weight
		t.weight += weight
		if t.hasPen {
			t.penalty += p.run.Float(p.penalty) * weight
		}
	}
	if t.f32 != nil {
		scatterRows(t.f32, p.run.Floats32(p.outputs[0]), rows)
	} else if t.f64 != nil {
		scatterRows(t.f64, p.run.Floats64(p.outputs[0]), rows)
	}
}

func scatterRows[T any](all, part []T, rows []int) {
	w := len(part) / len(rows)
	for i, r := range rows {
		copy(all[r*w:(r+1)*w], part[i*w:(i+1)*w])
	}
}

// scores returns the loss, the penalty if there is one, and the metrics.
func (t *tally) scores(list []Metric) ([]entry, error) {
	if t.weight == 0 {
		return nil, errors.New("the weights of all rows are 0")
	}
	logs := []entry{{"loss", t.loss / t.weight}}
	if t.hasPen {
		logs = append(logs, entry{"penalty", t.penalty / t.weight})
	}
	if len(list) == 0 {
		return logs, nil
	}
	pred, err := t.m.Info.Read(t.out)
	if err != nil {
		return nil, err
	}
	for _, metric := range list {
		v, err := metric.Score(t.set, pred)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", metric.Name, err)
		}
		logs = append(logs, entry{metric.Name, v})
	}
	return logs, nil
}

// trainer moves a model's parameters batch by batch.
type trainer struct {
	tally
	table    *table
	config   Config
	programs map[int]*bound // by batch size
	last     *bound
	opt      *optim.Run
	augment  *augmentation // nil: none
}

func newTrainer(m *models.Model, set *data.Set, c Config) (*trainer, error) {
	tab, err := newTable(m, set)
	if err != nil {
		return nil, err
	}
	t := &trainer{tally: newTally(m, set, c), table: tab, config: c, programs: map[int]*bound{}, augment: newAugmentation(c)}
	p, err := t.program(min(c.BatchSize, tab.rows))
	if err != nil {
		return nil, err
	}
	if rest := tab.rows % c.BatchSize; rest > 0 && rest < tab.rows && !c.DropLast { // what is wrong with it is reported now, not after an epoch
		if _, err := t.program(rest); err != nil {
			return nil, fmt.Errorf("%w (the last of %d rows in batches of %d: choose another BatchSize)", err, tab.rows, c.BatchSize)
		}
	}
	if len(p.params) == 0 {
		return nil, errors.New("train: the loss depends on no trained parameter")
	}
	t.opt, err = optim.StartRows(c.Optimizer, c.Clip, c.Groups, p.params, p.grads, p.rows)
	t.last = p
	return t, err
}

// total is what is differentiated: the loss and the penalties.
func (p *bound) total() *graph.Node {
	if p.penalty == nil {
		return p.loss
	}
	return p.b.Add(p.loss, p.penalty)
}

// program returns the training program of a batch size.
func (t *trainer) program(batch int) (*bound, error) {
	if p := t.programs[batch]; p != nil {
		return p, nil
	}
	g, err := t.table.build(t.m, t.config.Losses, graph.Train, batch)
	if err != nil {
		return nil, err
	}
	p := &bound{batchGraph: g, penalty: g.b.Penalty()}
	total := p.total()
	params, nodes := t.trained(g.b, total)
	grads := g.b.Gradients(total, nodes...)
	if err := g.b.Err(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	grads, rows := t.byRows(g.b, params, grads)
	extra := slices.Clone(grads)
	for _, n := range rows {
		if n != nil {
			extra = append(extra, n)
		}
	}
	if p.penalty != nil {
		extra = append(extra, p.penalty)
	}
	c, err := g.compile(extra...)
	if err != nil {
		return nil, err
	}
	c.penalty, c.params = p.penalty, params
	for i, n := range grads {
		c.grads = append(c.grads, c.run.Value(n))
		c.rows = append(c.rows, nil)
		if rows[i] != nil {
			c.rows[i] = c.run.Value(rows[i])
		}
	}
	t.programs[batch] = c
	return c, nil
}

// byRows puts rows in the place of the gradients of sparse parameters where the
// optimizer moves rows, and returns the row numbers of these.
func (t *trainer) byRows(b *graph.Builder, params []*graph.Param, grads []*graph.Node) (values, rows []*graph.Node) {
	values, rows = slices.Clone(grads), make([]*graph.Node, len(grads))
	for i, p := range params {
		if !p.Sparse || !optim.Sparse(t.config.Optimizer, t.config.Groups, p.Path) {
			continue
		}
		if r, v := b.RowGradient(grads[i]); r != nil {
			rows[i], values[i] = r, v
		}
	}
	return values, rows
}

// trained returns the parameters that the optimizer moves, and their nodes.
func (t *trainer) trained(b *graph.Builder, total *graph.Node) (params []*graph.Param, nodes []*graph.Node) {
	all, of := b.Trained(total)
	for i, p := range all {
		if !optim.Frozen(t.config.Groups, p.Path) {
			params, nodes = append(params, p), append(nodes, of[i])
		}
	}
	return params, nodes
}

func (t *trainer) step(ctx context.Context, rows []int, now factors) error {
	p, err := t.program(len(rows))
	if err != nil {
		return err
	}
	if p != t.last {
		if err := t.opt.GradsRows(p.grads, p.rows); err != nil {
			return err
		}
		t.last = p
	}
	p.load(rows)
	if err := t.augment.apply(p, rows, t.opt.Steps()); err != nil {
		return err
	}
	p.run.SetStep(t.opt.Steps())
	p.run.SetNoise(now.noise)
	if err := p.run.Run(ctx); err != nil {
		return err
	}
	weight := t.table.weight(rows)
	t.add(p, rows, weight)
	if weight == 0 { // nothing to learn from: no step
		return nil
	}
	if err := t.opt.Step(now.rate, now.decay); err != nil {
		var nf *optim.NotFiniteError
		if errors.As(err, &nf) {
			return fmt.Errorf("%w: %w", ErrDiverged, err)
		}
		return err
	}
	return nil
}

// scorer computes loss and metrics of a set without training.
type scorer struct {
	tally
	table  *table
	config Config
	full   *bound
	rest   *bound
	rows   []int
}

// scoreBatch is the number of rows that are scored at once.
const scoreBatch = 256

func newScorer(m *models.Model, set *data.Set, c Config) (*scorer, error) {
	tab, err := newTable(m, set)
	if err != nil {
		return nil, err
	}
	s := &scorer{tally: newTally(m, set, c), table: tab, config: c, rows: make([]int, tab.rows)}
	for i := range s.rows {
		s.rows[i] = i
	}
	size := min(scoreBatch, tab.rows)
	if s.full, err = s.program(size); err != nil {
		return nil, err
	}
	if r := tab.rows % size; r > 0 {
		s.rest, err = s.program(r)
	}
	return s, err
}

func (s *scorer) program(batch int) (*bound, error) {
	g, err := s.table.build(s.m, s.config.Losses, graph.Infer, batch)
	if err != nil {
		return nil, err
	}
	return g.compile()
}

func (s *scorer) score(ctx context.Context, list []Metric) ([]entry, error) {
	s.reset()
	for at := 0; at < len(s.rows); at += scoreBatch {
		rows := s.rows[at:min(at+scoreBatch, len(s.rows))]
		p := s.full
		if at > 0 && len(rows) < scoreBatch {
			p = s.rest
		}
		p.load(rows)
		if err := p.run.Run(ctx); err != nil {
			return nil, err
		}
		s.add(p, rows, s.table.weight(rows))
	}
	return s.scores(list)
}
