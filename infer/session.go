package infer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ops"
)

// Session runs a program for one size of batch. Its memory is laid out once: a run
// allocates nothing. A Session is not safe for concurrent use; sessions of one program
// share its parameters.
type Session struct {
	program *Program
	inputs  []Memory
	outputs []Memory
	specs   []Spec // of the outputs
	inSpecs []Spec
	steps   []int // which steps of the program run
	runs    []func() error
}

// Session prepares a program for a batch. parameters are those of Program.Parameters, in
// that order, and are not copied. Steps that depend on parameters and constants alone are
// done here.
func (p *Program) Session(batch int, parameters []Memory) (*Session, error) {
	r, err := p.prepare(batch)
	if err != nil {
		return nil, err
	}
	if len(parameters) != len(p.Parameters) {
		return nil, fmt.Errorf("infer: %d parameters, the program has %d", len(parameters), len(p.Parameters))
	}
	n := len(p.Inputs)
	memory := make([]Memory, len(r.specs))
	for i := range n {
		memory[i] = ops.NewMemory(r.specs[i].Type, r.specs[i].Len())
	}
	for i, m := range parameters {
		if s := r.specs[n+i]; m.Len() != s.Len() || m.Type() != s.Type {
			return nil, fmt.Errorf("infer: parameter %s: %d elements of %v, want %v", p.Parameters[i].Path, m.Len(), m.Type(), s)
		}
		memory[n+i] = m
	}
	first := n + len(p.Parameters)
	for i, c := range p.Constants {
		memory[first+i] = c.Values
	}
	first += len(p.Constants)
	s := &Session{program: p, inputs: memory[:n], inSpecs: r.specs[:n]}
	values, err := p.fold(r, memory, first)
	if err != nil {
		return nil, err
	}
	slots, of, err := ops.Plan(values)
	if err != nil {
		return nil, err
	}
	places := make([]Memory, len(slots))
	for i, slot := range slots {
		if places[i] = (Memory{}); slot.Of >= 0 {
			places[i] = memory[slot.Of]
		} else {
			places[i] = ops.NewMemory(slot.Type, slot.Len)
		}
	}
	for i := range r.specs {
		if !values[i].Fixed {
			memory[i] = places[of[i].Slot].Part(of[i].Offset, r.specs[i].Len())
		}
	}
	for i, step := range p.Steps {
		if v := values[first+i]; !v.Fixed && !v.Alias {
			s.steps = append(s.steps, i)
			s.runs = append(s.runs, r.kernels[i].Bind(memory[first+i], operands(memory, step)...))
		}
	}
	for _, o := range p.Outputs {
		s.outputs = append(s.outputs, memory[o.Value])
		s.specs = append(s.specs, r.specs[o.Value])
	}
	return s, nil
}

func operands(memory []Memory, s Step) []Memory {
	in := make([]Memory, len(s.Operands))
	for k, o := range s.Operands {
		in[k] = memory[o]
	}
	return in
}

// fold runs the steps that depend on parameters and constants alone, and returns all values
// for Plan.
func (p *Program) fold(r *prepared, memory []Memory, first int) ([]ops.Planned, error) {
	values := make([]ops.Planned, len(r.specs))
	known := make([]bool, len(r.specs))
	for i, s := range r.specs {
		values[i] = ops.Planned{Type: s.Type, Len: s.Len(), Fixed: i < first}
		known[i] = i >= len(p.Inputs) && i < first
	}
	for i, step := range p.Steps {
		v, k := &values[first+i], r.kernels[i]
		known[first+i] = len(step.Operands) > 0
		for _, o := range step.Operands {
			known[first+i] = known[first+i] && known[o]
		}
		if !known[first+i] {
			v.Operands, v.Alias, v.InPlace = step.Operands, k.Alias, k.InPlace
			continue
		}
		v.Fixed = true
		in := operands(memory, step)
		if k.Alias {
			memory[first+i] = in[0].Part(0, v.Len)
			continue
		}
		memory[first+i] = ops.NewMemory(v.Type, v.Len)
		if err := protect(k.Bind(memory[first+i], in...)); err != nil {
			return nil, p.located(i, fmt.Errorf("%s: %w", step.Kind, err))
		}
	}
	for _, o := range p.Outputs {
		values[o.Value].Kept++
	}
	return values, nil
}

// protect turns a panic into an error.
func protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}

// Inputs returns the types and shapes of the inputs.
func (s *Session) Inputs() []Spec {
	if s == nil {
		return nil
	}
	return s.inSpecs
}

// Outputs returns the types and shapes of the outputs.
func (s *Session) Outputs() []Spec {
	if s == nil {
		return nil
	}
	return s.specs
}

// Input returns the memory of an input, to be filled before a run; none if there is no
// such input.
func (s *Session) Input(i int) Memory {
	if s == nil || i < 0 || i >= len(s.inputs) {
		return Memory{}
	}
	return s.inputs[i]
}

// Output returns the memory of an output, which a run fills; none if there is no such
// output.
func (s *Session) Output(i int) Memory {
	if s == nil || i < 0 || i >= len(s.outputs) {
		return Memory{}
	}
	return s.outputs[i]
}

// Run computes the outputs from the inputs. The context is looked at between operations.
func (s *Session) Run(ctx context.Context) (err error) {
	if ctx == nil {
		return errors.New("infer: the context is nil")
	}
	if s == nil || s.program == nil {
		return errors.New("infer: the session is nil or zero: Program.Session makes one")
	}
	at := 0
	defer func() {
		if r := recover(); r != nil {
			err = s.program.located(s.steps[at], fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	kernel.Enter()
	defer kernel.Leave()
	done := ctx.Done()
	for at = range s.runs {
		if done != nil {
			select {
			case <-done:
				return context.Cause(ctx)
			default:
			}
		}
		if err := s.runs[at](); err != nil {
			step := s.steps[at]
			return s.program.located(step, fmt.Errorf("%s: %w", s.program.Steps[step].Kind, err))
		}
	}
	return nil
}
