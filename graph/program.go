package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strconv"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Program is a compiled graph: operations in order, bound to memory that was
// laid out once. A run allocates nothing and starts no goroutine. Results stay
// valid until the next run. A Program is not safe for concurrent use; Programs
// that share Params may run at the same time as long as none of them changes a
// state.
//
// Program implements gorgonia.VM, so that it can take a tape machine's place:
// RunAll takes the values that gorgonia.Let bound to the inputs.
type Program struct {
	mode    Mode
	steps   []step
	at      int // the step that is running
	inputs  map[string]*input
	order   []*input
	results map[*Node]*result
	commits []commit
	stepNo  *buffer
	noise   *buffer // level of scheduled noise, in units of 1/fullNoise
	memory  int

	builder *Builder // for Operations
	roots   []*Node
	folded  map[*Node]*buffer
}

var _ gorgonia.VM = (*Program)(nil)

type step struct {
	run  run
	node *Node
	path string
}

type input struct {
	node  *Node
	name  string
	shape Shape
	buf   *buffer
	bound gorgonia.Value // what Compile bound to the node
}

type result struct {
	shape Shape
	buf   *buffer
	value gorgonia.Value
}

// commit overwrites a state after a successful run.
type commit struct{ to, from *buffer }

// Compile plans the computation of the given outputs, and of the updates of
// states if the graph is for training. Operations that neither needs are left
// out, and those of constants only are done here. It returns the Builder's first
// mistake if there was one.
func Compile(b *Builder, outputs ...*Node) (*Program, error) {
	return compile(b, outputs, (*layout).rematerialize)
}

// compile is Compile with a function that changes the order of the tasks, or repeats some.
func compile(b *Builder, outputs []*Node, reorder func(l *layout, tasks []task, kept map[*Node]bool) []task) (*Program, error) {
	if b.failed() {
		return nil, b.Err()
	}
	if len(outputs) == 0 {
		return nil, &Error{Op: "compile", Err: errors.New("no outputs")}
	}
	if !b.ready("compile", outputs...) {
		return nil, b.err
	}
	roots := append([]*Node(nil), outputs...)
	if b.mode == Train {
		for _, u := range b.updates {
			roots = append(roots, u.value)
		}
	}
	nodes := below(roots...)
	l := &layout{of: map[*Node]*buffer{}}
	p := &Program{mode: b.mode, inputs: map[string]*input{}, results: map[*Node]*result{}, builder: b, roots: roots}
	if err := p.placeLeaves(b, l, nodes); err != nil {
		return nil, err
	}
	var err error
	if p.folded, err = l.fold(b, nodes); err != nil {
		return nil, err
	}
	kept := map[*Node]bool{}
	for _, n := range roots {
		kept[n] = true
	}
	tasks := reorder(l, tasksOf(nodes), kept)
	places, err := l.place(tasks, kept)
	if err != nil {
		return nil, err
	}
	p.memory = l.memory
	return p, p.link(b, tasks, places, l.of, outputs)
}

// placeLeaves gives inputs, parameters and constants their memory.
func (p *Program) placeLeaves(b *Builder, l *layout, nodes []*Node) error {
	for _, n := range nodes {
		if len(children(n)) > 0 {
			continue
		}
		if buf := b.values[n]; buf != nil {
			l.of[n] = buf
			continue
		}
		buf := newBuffer(n.Dtype(), size(n.Shape()))
		l.of[n] = buf
		switch v := n.Value(); {
		case n == b.step:
			p.stepNo = buf
		case n == b.level:
			p.noise = buf
			buf.i[0] = fullNoise
		case v != nil && n.Op() != nil || v != nil && b.leaves[n.Name()] != n: // Gorgonia's own constants and variables
			if err := buf.set(v); err != nil {
				return &Error{Op: n.Name(), Err: err}
			}
		case b.leaves[n.Name()] == n:
			in := &input{node: n, name: n.Name(), shape: n.Shape(), buf: buf}
			p.inputs[in.name] = in
			p.order = append(p.order, in)
		default:
			return &Error{Op: n.Name(), Err: errors.New("has no value")}
		}
		if n.Op() == nil {
			v := buf.value(n.Shape())
			if in := p.inputs[n.Name()]; in != nil && in.node == n {
				in.bound = v
			}
			if err := gorgonia.UnsafeLet(n, v); err != nil {
				return &Error{Op: n.Name(), Err: err}
			}
		}
	}
	return nil
}

// link binds every task to its memory.
func (p *Program) link(b *Builder, tasks []task, places []*buffer, place map[*Node]*buffer, outputs []*Node) error {
	for i, t := range tasks {
		n := t.node
		if len(t.in) == 0 || p.folded[n] != nil {
			continue
		}
		bufs := make([]*buffer, len(t.in))
		for k, c := range t.in {
			bufs[k] = places[c]
		}
		s := step{node: n}
		switch o := n.Op().(type) {
		case *op:
			if o.alias {
				continue
			}
			s.path = o.path
			s.run = o.bind(places[i], bufs)
		default:
			s.path = b.foreign[n]
			s.run = bindForeign(o, n, places[i], children(n), bufs)
		}
		p.steps = append(p.steps, s)
	}
	for _, n := range outputs {
		buf := place[n]
		p.results[n] = &result{shape: n.Shape(), buf: buf, value: buf.value(n.Shape())}
		if n.Op() != nil {
			if err := gorgonia.UnsafeLet(n, p.results[n].value); err != nil {
				return &Error{Op: opName(n), Err: err}
			}
		}
	}
	if b.mode == Train {
		for _, u := range b.updates {
			p.commits = append(p.commits, commit{b.params.Get(u.path).buf, place[u.value]})
		}
	}
	return nil
}

// Mode returns what the graph was built for.
func (p *Program) Mode() Mode {
	if p == nil {
		return Infer
	}
	return p.mode
}

// Steps returns the number of operations of a run.
func (p *Program) Steps() int {
	if p == nil {
		return 0
	}
	return len(p.steps)
}

// Memory returns the bytes that values take up, parameters included.
func (p *Program) Memory() int {
	if p == nil {
		return 0
	}
	return p.memory
}

// Inputs returns the names of the inputs that the outputs depend on, in the
// order in which they were declared.
func (p *Program) Inputs() []string {
	if p == nil {
		return nil
	}
	names := make([]string, len(p.order))
	for i, in := range p.order {
		names[i] = in.name
	}
	return names
}

// SetInput copies v into the input name. It converts between float32 and
// float64; another shape is an error, and so is an input that no output depends
// on, which Compile has left out.
func (p *Program) SetInput(name string, v *tensor.Dense) error {
	in, err := p.input(name)
	if err != nil {
		return err
	}
	if v == nil {
		return &Error{Op: "input " + strconv.Quote(name), Err: errors.New("nil")}
	}
	if !slices.Equal(v.Shape(), in.shape) && !(len(in.shape) == 0 && size(v.Shape()) == 1) {
		return &Error{Op: "input " + strconv.Quote(name), Err: fmt.Errorf("shape %s, want %s", dims(v.Shape()), dims(in.shape))}
	}
	if err := in.buf.set(v); err != nil {
		return &Error{Op: "input " + strconv.Quote(name), Err: err}
	}
	return nil
}

// Input returns the memory of an input as a tensor, to be filled before a run.
func (p *Program) Input(name string) (*tensor.Dense, error) {
	in, err := p.input(name)
	if err != nil {
		return nil, err
	}
	return in.buf.tensor(in.shape), nil
}

func (p *Program) input(name string) (*input, error) {
	if p == nil {
		return nil, errNoProgram
	}
	if in := p.inputs[name]; in != nil {
		return in, nil
	}
	return nil, &Error{Op: "input " + strconv.Quote(name), Err: fmt.Errorf("there is none; the inputs are %q", p.Inputs())}
}

// SetStep sets the number of the training step, which noise is keyed by.
func (p *Program) SetStep(n int) {
	if p != nil && p.stepNo != nil {
		p.stepNo.i[0] = n
	}
}

// SetNoise sets the level of scheduled noise, in [0, 1]: the factor of the rate of
// every ScheduledDropout.
func (p *Program) SetNoise(level float64) {
	if p != nil && p.noise != nil {
		p.noise.i[0] = int(fullNoise * min(max(level, 0), 1))
	}
}

// Run computes the outputs from the inputs, then overwrites the states that
// have an update. The context is looked at between operations; after an error
// no state has changed.
func (p *Program) Run(ctx context.Context) (err error) {
	if ctx == nil {
		return &Error{Op: "run", Err: errors.New("the context is nil")}
	}
	if p == nil || p.results == nil {
		return errNoProgram
	}
	p.at = 0
	defer func() {
		if r := recover(); r != nil {
			err = p.located(&PanicError{Value: r, Stack: debug.Stack()})
		}
	}()
	done := ctx.Done()
	for p.at < len(p.steps) {
		if done != nil {
			select {
			case <-done:
				return p.located(context.Cause(ctx))
			default:
			}
		}
		if err := p.steps[p.at].run(); err != nil {
			return p.located(err)
		}
		p.at++
	}
	for _, c := range p.commits {
		c.to.copyFrom(c.from)
	}
	return nil
}

// PanicError is a panic inside an operation.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the panic's value; the stack is left to who asks for it.
func (e *PanicError) Error() string {
	if e == nil {
		return "panic"
	}
	return fmt.Sprintf("panic: %v", e.Value)
}

func (p *Program) located(err error) error {
	if p.at >= len(p.steps) {
		return &Error{Err: err}
	}
	s := p.steps[p.at]
	return &Error{Path: s.path, Op: opName(s.node), Err: err}
}

var errNoProgram = &Error{Op: "run", Err: errors.New("the program is nil or zero: Compile makes one")}

func (p *Program) result(n *Node) *result {
	if p == nil {
		return nil
	}
	return p.results[n]
}

// Value returns the result of an output of Compile as a Gorgonia value over the
// program's memory, nil for any other node.
func (p *Program) Value(n *Node) gorgonia.Value {
	if r := p.result(n); r != nil {
		return r.value
	}
	return nil
}

// Tensor returns the result of an output of Compile as a tensor over the
// program's memory, a scalar as one of shape (1); nil for any other node.
func (p *Program) Tensor(n *Node) *tensor.Dense {
	if r := p.result(n); r != nil {
		return r.buf.tensor(r.shape)
	}
	return nil
}

// Float returns the first element of the result of an output of Compile, NaN for
// any other node.
func (p *Program) Float(n *Node) float64 {
	if r := p.result(n); r != nil {
		return r.buf.at(0)
	}
	return math.NaN()
}

// Floats32 returns the memory of a Float32 result, nil for any other node.
func (p *Program) Floats32(n *Node) []float32 {
	if r := p.result(n); r != nil {
		return r.buf.f32
	}
	return nil
}

// Floats64 returns the memory of a Float64 result, nil for any other node.
func (p *Program) Floats64(n *Node) []float64 {
	if r := p.result(n); r != nil {
		return r.buf.f64
	}
	return nil
}

// RunAll implements gorgonia.VM: it takes the values bound to the inputs by
// gorgonia.Let and runs.
func (p *Program) RunAll() error {
	if p == nil {
		return errNoProgram
	}
	for _, in := range p.order {
		v := in.node.Value()
		if v == in.bound {
			continue
		}
		if v == nil || !slices.Equal(v.Shape(), in.shape) {
			return &Error{Op: "input " + strconv.Quote(in.name), Err: fmt.Errorf("bound to %v, want shape %s", v, dims(in.shape))}
		}
		if err := in.buf.set(v); err != nil {
			return &Error{Op: "input " + strconv.Quote(in.name), Err: err}
		}
	}
	return p.Run(context.Background())
}

// Reset implements gorgonia.VM. There is nothing to reset.
func (p *Program) Reset() {}

// Close implements gorgonia.VM. There is nothing to close.
func (p *Program) Close() error { return nil }
