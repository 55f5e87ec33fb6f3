package graph

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"

	"gorgonia.org/tensor"
)

// Weight says how a parameter begins and what holds it in bounds. The zero
// value is Glorot uniform, trained, without penalty or constraint.
type Weight struct {
	Init       Initializer // nil: GlorotUniform
	Penalty    Penalty     // nil: none
	Constraint Constraint  // nil: none
	Frozen     bool        // true: not trained
	Sparse     bool        // true: a step may update only the rows that it has looked up; see layers.Embedding
}

// OrInit returns w with init in place of a nil Init: for a layer whose
// parameter has another default than Glorot uniform.
func (w Weight) OrInit(init Initializer) Weight {
	if w.Init == nil {
		w.Init = init
	}
	return w
}

// Penalty adds a scalar to the training loss that depends on a parameter.
type Penalty interface {
	Penalty(b *Builder, w *Node) *Node
}

// PenaltyFunc makes a function a Penalty.
type PenaltyFunc func(b *Builder, w *Node) *Node

// Penalty calls f.
func (f PenaltyFunc) Penalty(b *Builder, w *Node) *Node {
	if f == nil {
		return b.Fail("the penalty is nil")
	}
	return f(b, w)
}

// Constraint projects a parameter, given by its shape and its values row by
// row, into an allowed set after every step of an optimizer, in place.
type Constraint interface {
	Constrain(shape Shape, w []float64)
}

// ConstraintFunc makes a function a Constraint.
type ConstraintFunc func(shape Shape, w []float64)

// Constrain calls f. nil is no constraint.
func (f ConstraintFunc) Constrain(shape Shape, w []float64) {
	if f != nil {
		f(shape, w)
	}
}

// Param is one parameter, or a state that is kept but not trained. Builder.Param
// makes it; a nil or zero Param has no values.
type Param struct {
	Path       string
	Trained    bool
	Sparse     bool // of the Weight that it was made with
	Constraint Constraint

	shape   Shape
	buf     *buffer
	scratch []float64 // for Constrain
}

// Shape returns the parameter's shape.
func (p *Param) Shape() Shape {
	if !p.made() {
		return nil
	}
	return p.shape.Clone()
}

func (p *Param) made() bool { return p != nil && p.buf != nil }

// Size returns the number of values.
func (p *Param) Size() int {
	if !p.made() {
		return 0
	}
	return p.buf.len()
}

// Tensor returns the values as a tensor over the same memory: a change is seen
// by every graph that uses the parameter. It is nil for a nil or zero Param.
func (p *Param) Tensor() *tensor.Dense {
	if !p.made() {
		return nil
	}
	return p.buf.tensor(p.shape)
}

// Floats32 returns the values without a copy, nil if they are Float64.
func (p *Param) Floats32() []float32 {
	if !p.made() {
		return nil
	}
	return p.buf.f32
}

// Floats64 returns the values without a copy, nil if they are Float32.
func (p *Param) Floats64() []float64 {
	if !p.made() {
		return nil
	}
	return p.buf.f64
}

// Values returns a copy of the values in float64.
func (p *Param) Values() []float64 {
	v := make([]float64, p.Size())
	for i := range v {
		v[i] = p.buf.at(i)
	}
	return v
}

// Set copies values into the parameter. Another shape is an error.
func (p *Param) Set(t *tensor.Dense) error {
	switch {
	case !p.made():
		return errors.New("graph: a nil or zero Param has no values to set")
	case t == nil:
		return fmt.Errorf("graph: %s: the tensor is nil", p.Path)
	}
	if !slices.Equal(t.Shape(), p.shape) {
		return fmt.Errorf("graph: %s has shape %s, not %s", p.Path, dims(p.shape), dims(t.Shape()))
	}
	if err := p.buf.set(t); err != nil {
		return fmt.Errorf("graph: %s: %w", p.Path, err)
	}
	return nil
}

// Constrain applies a constraint to the parameter; nil: its own, if it has one.
func (p *Param) Constrain(c Constraint) {
	if !p.made() {
		return
	}
	if c == nil {
		c = p.Constraint
	}
	if c == nil {
		return
	}
	if p.buf.f64 != nil {
		c.Constrain(p.shape, p.buf.f64)
		return
	}
	if p.scratch == nil {
		p.scratch = make([]float64, p.Size())
	}
	for i, v := range p.buf.f32 {
		p.scratch[i] = float64(v)
	}
	c.Constrain(p.shape, p.scratch)
	for i, v := range p.scratch {
		p.buf.f32[i] = float32(v)
	}
}

// Params holds parameters by path. Graphs for training and inference, and for
// other batch sizes, share one Params. It is not safe for concurrent change.
// NewParams makes one; a nil or zero Params is empty, and a graph over it fails.
type Params struct {
	dtype  Dtype
	seed   uint64
	source func(path string, shape Shape) (*tensor.Dense, error)
	list   []*Param
	byPath map[string]*Param
}

// NewParams returns an empty store of element type dtype, Float32 or Float64.
// A new parameter is drawn from a stream keyed by seed and its path, so it does
// not depend on the order in which parameters are made.
func NewParams(dtype Dtype, seed uint64) *Params {
	return &Params{dtype: dtype, seed: seed, byPath: map[string]*Param{}}
}

// NewParamsFrom returns a store whose parameters begin with the values that
// source has for them, instead of being drawn by their initializers: for a model
// that is read from a file. Where source returns nil without an error, the
// initializer draws. An error of source is a mistake at the layer that wanted the
// parameter; so is a tensor of another shape.
func NewParamsFrom(dtype Dtype, seed uint64, source func(path string, shape Shape) (*tensor.Dense, error)) *Params {
	p := NewParams(dtype, seed)
	p.source = source
	return p
}

// Dtype returns the element type, Float32 of a nil or zero Params.
func (p *Params) Dtype() Dtype {
	if p == nil || p.byPath == nil {
		return Float32
	}
	return p.dtype
}

// Seed returns the seed of initial values and noise.
func (p *Params) Seed() uint64 {
	if p == nil {
		return 0
	}
	return p.seed
}

// All returns the parameters and states in the order in which they were made.
func (p *Params) All() []*Param { return slices.Clone(p.all()) }

func (p *Params) all() []*Param {
	if p == nil {
		return nil
	}
	return p.list
}

// Trained returns the parameters that are trained, in the order of All.
func (p *Params) Trained() []*Param {
	var out []*Param
	for _, q := range p.all() {
		if q.Trained {
			out = append(out, q)
		}
	}
	return out
}

// Get returns the parameter of a path, nil if there is none.
func (p *Params) Get(path string) *Param {
	if p == nil {
		return nil
	}
	return p.byPath[path]
}

// Count returns the number of trained values and of all values.
func (p *Params) Count() (trained, all int) {
	for _, q := range p.all() {
		all += q.Size()
		if q.Trained {
			trained += q.Size()
		}
	}
	return trained, all
}

// Snapshot returns a copy of all values, in the order of All.
func (p *Params) Snapshot() [][]float64 {
	list := p.all()
	out := make([][]float64, len(list))
	for i, q := range list {
		out[i] = q.Values()
	}
	return out
}

// Restore copies back what Snapshot returned.
func (p *Params) Restore(values [][]float64) error {
	list := p.all()
	if len(values) != len(list) {
		return fmt.Errorf("graph: a snapshot of %d parameters for %d", len(values), len(list))
	}
	for i, q := range list {
		if len(values[i]) != q.Size() {
			return fmt.Errorf("graph: %s: a snapshot of %d values for %d", q.Path, len(values[i]), q.Size())
		}
	}
	for i, q := range list {
		for j, v := range values[i] {
			q.buf.setAt(j, v)
		}
	}
	return nil
}

// ensure returns the parameter of a path, made if it is new.
func (p *Params) ensure(path string, shape Shape, w Weight, trained bool) (*Param, error) {
	if q := p.byPath[path]; q != nil {
		if !slices.Equal(q.shape, shape) {
			return nil, fmt.Errorf("has shape %s, not %s", dims(q.shape), dims(shape))
		}
		return q, nil
	}
	if p.dtype != Float32 && p.dtype != Float64 {
		return nil, fmt.Errorf("parameters of type %v: want float32 or float64", p.dtype)
	}
	if len(shape) == 0 {
		return nil, fmt.Errorf("a parameter needs at least one axis")
	}
	if err := checkLeaf(shape); err != nil {
		return nil, err
	}
	q := &Param{Path: path, Trained: trained, Sparse: w.Sparse, Constraint: w.Constraint, shape: slices.Clone(shape)}
	if err := p.begin(q, w.Init); err != nil {
		return nil, err
	}
	p.list = append(p.list, q)
	p.byPath[path] = q
	return q, nil
}

// begin initialises a new parameter.
func (p *Params) begin(q *Param, init Initializer) error {
	if p.source != nil {
		t, err := p.source(q.Path, q.shape)
		if err != nil {
			return err
		}
		if t != nil {
			if !slices.Equal(t.Shape(), q.shape) {
				return fmt.Errorf("%s has shape %s, not %s", q.Path, dims(q.shape), dims(t.Shape()))
			}
			q.buf = newBuffer(p.dtype, size(q.shape))
			return q.buf.set(t)
		}
	}
	if init == nil {
		init = GlorotUniform{}
	}
	values, err := init.Init(q.shape, rand.New(rand.NewPCG(p.seed, pathKey(q.Path))))
	if err != nil {
		return err
	}
	q.buf = newBuffer(p.dtype, size(q.shape))
	if err := q.buf.setFloats64(values); err != nil {
		return fmt.Errorf("initializer: %w", err)
	}
	if i := q.buf.finite(); i >= 0 {
		return fmt.Errorf("initializer: value %d is %v", i, values[i])
	}
	return nil
}

// pathKey is the 64-bit FNV-1a hash of a path.
func pathKey(path string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(path))
	return h.Sum64()
}
