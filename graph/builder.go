package graph

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/internal/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Builder adds operations to a graph. A Builder stands in a scope, whose path
// names parameters, noise streams and errors; Scope gives a Builder of the same
// graph one level deeper. A Builder is not safe for concurrent use.
type Builder struct {
	*shared
	path   string
	again  bool      // Param may be asked for a parameter that the graph has already
	frozen bool      // Param makes parameters that are not trained
	adapt  *adaption // of the parameters; nil: none
}

// shared is what the Builders of all scopes of one graph have in common.
type shared struct {
	g      *gorgonia.ExprGraph
	params *Params
	mode   Mode
	err    error

	inputs    []*Node
	leaves    map[string]*Node  // inputs, parameters and constants by name
	values    map[*Node]*buffer // leaves whose value is known: parameters, constants
	constants map[*Node]bool
	states    map[string]*Node // the newest value of a state, by path
	updates   []update         // states to be overwritten after a step
	penalties []*Node
	step      *Node
	level     *Node          // of scheduled noise
	streams   map[string]int // how many noise streams a path has
	foreign   map[*Node]string
	exposed   map[string]*Node // nodes that have names
	adapted   map[string]*Node // what stands for a parameter that is adapted, by path
	names     []string         // of exposed, in order
	backs     map[*Node]bool   // Gorgonia's operations that its gradients have added
	backward  bool             // Gradients is at work
}

type update struct {
	path  string
	value *Node
}

// New returns a Builder for a new graph over params, which gives the graph its
// element type. Without params every operation fails.
func New(params *Params, mode Mode) *Builder {
	var err error
	switch {
	case params == nil:
		params, err = NewParams(Float32, 0), &Error{Op: "new", Err: errors.New("the parameters are nil")}
	case params.byPath == nil:
		params, err = NewParams(Float32, 0), &Error{Op: "new", Err: errors.New("the parameters are a zero Params: NewParams makes them")}
	case params.dtype != Float32 && params.dtype != Float64:
		err = &Error{Op: "new", Err: fmt.Errorf("parameters of type %v: want float32 or float64", params.dtype)}
		params = NewParams(Float32, 0)
	}
	return &Builder{shared: &shared{
		err: err, g: gorgonia.NewGraph(), params: params, mode: mode,
		leaves: map[string]*Node{}, values: map[*Node]*buffer{}, constants: map[*Node]bool{}, states: map[string]*Node{},
		streams: map[string]int{}, foreign: map[*Node]string{}, exposed: map[string]*Node{}, adapted: map[string]*Node{}, backs: map[*Node]bool{},
	}}
}

// made says whether b comes from New. All methods of a nil or zero Builder do
// what they do after a mistake.
func (b *Builder) made() bool { return b != nil && b.shared != nil }

// failed says whether operations do nothing any more.
func (b *Builder) failed() bool { return !b.made() || b.err != nil }

var errNotMade = &Error{Err: errors.New("the Builder is nil or zero: New makes one")}

// Err returns the first mistake that was made with this graph, nil if there is
// none. That of a nil or zero Builder is that New has not made it.
func (b *Builder) Err() error {
	if !b.made() {
		return errNotMade
	}
	return b.err
}

// Mode returns what the graph is built for.
func (b *Builder) Mode() Mode {
	if !b.made() {
		return Infer
	}
	return b.mode
}

// Dtype returns the element type of the graph's parameters, inputs and maths.
func (b *Builder) Dtype() Dtype {
	if !b.made() {
		return Float32
	}
	return b.params.dtype
}

// Path returns the scope's path, such as "encoder/2.Dense".
func (b *Builder) Path() string {
	if b == nil {
		return ""
	}
	return b.path
}

// ExprGraph returns the Gorgonia graph that is being built, nil of a nil or zero
// Builder.
func (b *Builder) ExprGraph() *gorgonia.ExprGraph {
	if !b.made() {
		return nil
	}
	return b.g
}

// Scope returns a Builder of the same graph whose path is name below b's.
func (b *Builder) Scope(name string) *Builder {
	if !b.made() {
		return b
	}
	c := *b
	c.path = join(b.path, name)
	return &c
}

// Again returns a Builder of the same scope for one more application of the
// layer that was built there: Param gives the nodes that the graph already has.
func (b *Builder) Again() *Builder {
	if !b.made() {
		return b
	}
	c := *b
	c.again = true
	return &c
}

// Frozen returns a Builder of the same scope, and of those below it, whose new parameters are not
// trained.
func (b *Builder) Frozen() *Builder {
	if !b.made() {
		return b
	}
	c := *b
	c.frozen = true
	return &c
}

// parent returns the scope of a path, "" if it has none.
func parent(path string) string {
	if i := strings.LastIndex(path, "/"); i >= 0 {
		return path[:i]
	}
	return ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// Fail notes a mistake at b's path unless one was noted before, and returns nil
// so that a layer can write: return b.Fail(...).
func (b *Builder) Fail(format string, args ...any) *Node {
	return b.fail("", fmt.Errorf(format, args...))
}

func (b *Builder) fail(op string, err error) *Node {
	if b.failed() {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		err = &Error{Path: b.path, Op: op, Err: err}
	}
	b.err = err
	return nil
}

// ready reports whether an operation may go on: no mistake so far, and all its
// operands are nodes of this graph.
func (b *Builder) ready(op string, in ...*Node) bool {
	if b.failed() {
		return false
	}
	for i, n := range in {
		if n == nil {
			b.fail(op, fmt.Errorf("operand %d is nil", i))
			return false
		}
		if n.Graph() != b.g {
			b.fail(op, fmt.Errorf("operand %d belongs to another graph", i))
			return false
		}
	}
	return true
}

// readyFloat is ready for operations that take the graph's own element type only.
func (b *Builder) readyFloat(op string, in ...*Node) bool {
	if !b.ready(op, in...) {
		return false
	}
	for i, n := range in {
		if n.Dtype() != b.Dtype() {
			b.fail(op, fmt.Errorf("operand %d is %v, want %v", i, n.Dtype(), b.Dtype()))
			return false
		}
	}
	return true
}

// readyAlike is ready for operations that take floats and ints, but not both at once.
func (b *Builder) readyAlike(op string, in ...*Node) bool {
	if !b.ready(op, in...) {
		return false
	}
	for i, n := range in {
		switch dt := n.Dtype(); {
		case dt != Int && dt != b.Dtype():
			b.fail(op, fmt.Errorf("operand %d is %v, want %v or int", i, dt, b.Dtype()))
			return false
		case dt != in[0].Dtype():
			b.fail(op, fmt.Errorf("operand %d is %v, operand 0 %v: Cast makes them one type", i, dt, in[0].Dtype()))
			return false
		}
	}
	return true
}

// Dim returns the size of x along an axis; a negative axis counts from the end.
// It returns 0 after a mistake.
func (b *Builder) Dim(x *Node, ax int) int {
	if !b.ready("dim", x) {
		return 0
	}
	s := x.Shape()
	a, err := axis(ax, len(s))
	if err != nil {
		b.fail("dim", err)
		return 0
	}
	return s[a]
}

// Shape returns the shape of x, nil after a mistake.
func (b *Builder) Shape(x *Node) Shape {
	if !b.ready("shape", x) {
		return nil
	}
	return x.Shape()
}

// Input declares a value of the graph's element type that is set before every
// run. Its shape, batch included, is fixed. Names are unique in a graph.
func (b *Builder) Input(name string, shape ...int) *Node { return b.input(name, b.Dtype(), shape) }

// InputInt declares an input of dtype Int: class labels or indices.
func (b *Builder) InputInt(name string, shape ...int) *Node { return b.input(name, Int, shape) }

func (b *Builder) input(name string, dt Dtype, shape Shape) *Node {
	if b.failed() {
		return nil
	}
	if b.leaves[name] != nil {
		return b.fail("input", fmt.Errorf("the name %q is taken", name))
	}
	if err := checkLeaf(shape); err != nil {
		return b.fail("input "+strconv.Quote(name), err)
	}
	n := b.leaf(name, dt, shape, nil)
	b.inputs = append(b.inputs, n)
	return n
}

// MaxElements is how many elements an input, a parameter or a constant may have:
// 2^28, which are 1 GiB of float32. More is a mistake, found before memory is taken.
const MaxElements = 1 << 28

// mostResult is how many elements the result of an operation may have.
const mostResult = 1<<31 - 1

// checkShape checks the shape of an operation's result, checkLeaf that of an input,
// a parameter or a constant.
func checkShape(s Shape) error { return ops.Bounded(s, mostResult) }

func checkLeaf(s Shape) error { return ops.Bounded(s, MaxElements) }

// leaf adds a node without an operation. Gorgonia makes two leaves of one name
// into one node, so names are kept unique here.
func (b *Builder) leaf(name string, dt Dtype, shape Shape, value *buffer) *Node {
	opts := []gorgonia.NodeConsOpt{gorgonia.WithName(name), gorgonia.WithShape(shape...)}
	n := gorgonia.NewTensor(b.g, dt, len(shape), opts...)
	b.leaves[name] = n
	if value != nil {
		b.values[n] = value
		if err := gorgonia.UnsafeLet(n, value.value(shape)); err != nil {
			return b.fail(name, err)
		}
	}
	return n
}

// Param returns the parameter name of b's scope, made with w if Params does not
// have it yet. The same path with another shape, or declared twice in one
// graph (unless b comes from Again), is a mistake.
func (b *Builder) Param(name string, shape Shape, w Weight) *Node {
	if b.failed() {
		return nil
	}
	path := join(b.path, name)
	if n := b.leaves[path]; n != nil {
		if !b.again {
			return b.fail("param", fmt.Errorf("%s is declared twice in one graph", path))
		}
		if !slices.Equal(n.Shape(), shape) {
			return b.fail("param "+name, fmt.Errorf("a shared layer wants shape %s, it has %s", dims(shape), dims(n.Shape())))
		}
		if b.adapt != nil {
			b.adapt.used = b.adapt.used || b.adapted[path] != nil
		}
		return b.standIn(path, n)
	}
	w.Frozen = w.Frozen || b.frozen
	p, err := b.params.ensure(path, shape, w, !w.Frozen)
	if err != nil {
		return b.fail("param "+name, err)
	}
	n := b.leaf(path, b.Dtype(), shape, p.buf)
	if w.Penalty != nil && !w.Frozen && b.mode == Train {
		l := w.Penalty.Penalty(b, n)
		if b.ready("penalty of "+name, l) {
			if len(l.Shape()) != 0 {
				return b.fail("penalty of "+name, fmt.Errorf("want a scalar, have %s", dims(l.Shape())))
			}
			b.penalties = append(b.penalties, l)
		}
	}
	if b.adapt.matches(b.path, shape) {
		return b.addLowRank(name, n)
	}
	return n
}

// ParamOf returns a parameter that another layer of this graph has declared before, such as
// "embed/embeddings", to be used here too: its gradient is the sum over both uses. The
// name is looked for below b's path, then below each scope around it, so that layers find
// each other wherever the network that holds them is placed. An unknown name is a mistake.
func (b *Builder) ParamOf(name string) *Node {
	if b.failed() {
		return nil
	}
	for at := b.path; ; at = parent(at) {
		path := join(at, name)
		if n := b.leaves[path]; n != nil && b.params.Get(path) != nil && b.states[path] == nil {
			return b.standIn(path, n)
		}
		if at == "" {
			return b.fail("param", fmt.Errorf("no layer before this one has a parameter %q", name))
		}
	}
}

// State returns a value that is kept in Params but not trained, such as a
// running mean; init sets it at first. Update changes it.
func (b *Builder) State(name string, shape Shape, init Initializer) *Node {
	if b.failed() {
		return nil
	}
	path := join(b.path, name)
	if n := b.states[path]; n != nil {
		if !slices.Equal(n.Shape(), shape) {
			return b.fail("state "+name, fmt.Errorf("declared with shapes %s and %s", dims(n.Shape()), dims(shape)))
		}
		return n
	}
	p, err := b.params.ensure(path, shape, Weight{Init: init}, false)
	if err != nil {
		return b.fail("state "+name, err)
	}
	n := b.leaf(path, b.Dtype(), shape, p.buf)
	b.states[path] = n
	return n
}

// Update makes value the state of that name once a run has succeeded. A later
// State of the same name in this graph returns value.
func (b *Builder) Update(name string, value *Node) {
	if !b.readyFloat("update "+name, value) {
		return
	}
	path := join(b.path, name)
	old := b.states[path]
	if old == nil {
		b.fail("update", fmt.Errorf("there is no state %s", path))
		return
	}
	if !slices.Equal(old.Shape(), value.Shape()) {
		b.fail("update "+name, fmt.Errorf("state is %s, value %s", dims(old.Shape()), dims(value.Shape())))
		return
	}
	b.states[path] = value
	for i := range b.updates {
		if b.updates[i].path == path {
			b.updates[i].value = value
			return
		}
	}
	b.updates = append(b.updates, update{path, value})
}

// Const returns a scalar constant.
func (b *Builder) Const(v float64) *Node { return b.Fill(v) }

// Fill returns a constant of the given shape, every element of which is v.
func (b *Builder) Fill(v float64, shape ...int) *Node {
	if b.failed() {
		return nil
	}
	if err := checkLeaf(shape); err != nil {
		return b.fail("fill", err)
	}
	buf := newBuffer(b.Dtype(), size(shape))
	buf.fill(v)
	return b.constant(fmt.Sprintf("const %v %s %x", b.Dtype(), dims(shape), v), b.Dtype(), shape, buf)
}

// ConstInt returns a scalar constant of dtype Int.
func (b *Builder) ConstInt(v int) *Node {
	if b.failed() {
		return nil
	}
	return b.constant(fmt.Sprintf("const int () %d", v), Int, Shape{}, &buffer{i: []int{v}})
}

// Tensor returns a constant of t's shape and values: Int if they are ints, else the
// graph's element type. name must be unique in b's scope, unless b comes from Again and the
// constant has been declared with the same values.
func (b *Builder) Tensor(name string, t *tensor.Dense) *Node {
	if b.failed() {
		return nil
	}
	path := join(b.path, name)
	known := b.leaves[path]
	if known != nil && !(b.again && b.constants[known]) {
		return b.fail("tensor", fmt.Errorf("the name %q is taken", path))
	}
	if t == nil {
		return b.fail("tensor "+name, errors.New("nil"))
	}
	if err := checkLeaf(t.Shape()); err != nil {
		return b.fail("tensor "+name, err)
	}
	dt := b.Dtype()
	if t.Dtype() == Int {
		dt = Int
	}
	buf := newBuffer(dt, size(t.Shape()))
	if err := buf.set(t); err != nil {
		return b.fail("tensor "+name, err)
	}
	if known != nil && !(slices.Equal(known.Shape(), t.Shape()) && b.values[known].equal(buf)) {
		return b.fail("tensor "+name, errors.New("a shared layer declares it with other values"))
	}
	return b.constant(path, dt, t.Shape().Clone(), buf)
}

func (b *Builder) constant(name string, dt Dtype, shape Shape, buf *buffer) *Node {
	if n := b.leaves[name]; n != nil {
		return n
	}
	n := b.leaf(name, dt, shape, buf)
	b.constants[n] = true
	return n
}

// Penalty returns the sum of the penalties of all trained parameters so far,
// nil if there is none. It is added to the loss when a model is trained.
func (b *Builder) Penalty() *Node {
	if b.failed() {
		return nil
	}
	var sum *Node
	for _, p := range b.penalties {
		if sum == nil {
			sum = p
			continue
		}
		sum = b.Add(sum, p)
	}
	return sum
}

// AddPenalty adds a scalar to the penalties, such as one on activities.
func (b *Builder) AddPenalty(l *Node) {
	if b.Mode() != Train || !b.readyFloat("penalty", l) {
		return
	}
	if len(l.Shape()) != 0 {
		b.fail("penalty", fmt.Errorf("want a scalar, have %s", dims(l.Shape())))
		return
	}
	b.penalties = append(b.penalties, l)
}

// Step returns the number of the training step, an Int scalar that noise is
// keyed by. Program.SetStep sets it.
func (b *Builder) Step() *Node {
	if b.failed() {
		return nil
	}
	if b.step == nil {
		b.step = b.leaf("step", Int, Shape{}, nil)
	}
	return b.step
}

// Trained returns the trained parameters of this graph that the node y depends
// on, in the order of Params.All, and their nodes.
func (b *Builder) Trained(y *Node) ([]*Param, []*Node) {
	if !b.ready("Trained", y) {
		return nil, nil
	}
	used := map[*Node]bool{}
	for _, n := range below(y) {
		used[n] = true
	}
	var params []*Param
	var nodes []*Node
	for _, p := range b.params.list {
		if n := b.leaves[p.Path]; p.Trained && used[n] {
			params = append(params, p)
			nodes = append(nodes, n)
		}
	}
	return params, nodes
}
