// Package optim holds optimizers, the schedules of their learning rate, and the
// clipping of gradients. An optimizer is configuration; Start makes a Run, which
// holds its state for a list of parameters, and Run.Step changes them.
package optim

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gorgonia.org/gorgonia"
)

// Optimizer is the configuration of a rule. Rule fills in defaults and checks
// the numbers.
type Optimizer interface {
	Rule() (Rule, error)
}

// Func makes a function an Optimizer.
type Func func() (Rule, error)

// Rule calls f.
func (f Func) Rule() (Rule, error) {
	if f == nil {
		return Rule{}, errors.New("optim: the function is nil")
	}
	return f()
}

// Rule moves parameters against their gradients.
type Rule struct {
	Name  string
	Rate  float64  // learning rate at factor 1 of a schedule
	State []string // names of the vectors that are kept for each parameter, of its size, at first 0

	// Update64 moves one parameter; Update32 does so in float32. If Update32 is
	// nil, parameters in float32 are converted for Update64.
	Update64 func(u Update64)
	Update32 func(u Update32)
	// All, if it is set, moves all parameters at once instead; see Gorgonia.
	All func(params []*graph.Param, grads []gorgonia.Value) error

	// rows64 and rows32, if set, update only the rows that have a gradient; decays says
	// that all rows have to be updated if the decay factor is not 0.
	rows64 func(s step[float64], rows []int, width int)
	rows32 func(s step[float32], rows []int, width int)
	decays bool
}

// Update64 is one parameter's part in a step.
type Update64 struct {
	Step  int     // from 1
	Rate  float64 // learning rate of this step
	Decay float64 // factor of the rule's weight decay in this step
	W, G  []float64
	State [][]float64 // in the order of Rule.State
}

// Update32 is one parameter's part in a step, in float32.
type Update32 struct {
	Step  int     // from 1
	Rate  float64 // learning rate of this step
	Decay float64 // factor of the rule's weight decay in this step
	W, G  []float32
	State [][]float32 // in the order of Rule.State
}

// Clip bounds gradients before a step. The zero value does nothing.
type Clip struct {
	Value float64 // every element is held to ±Value; 0: no bound
	Norm  float64 // all gradients together are scaled to an L2 norm of at most Norm; 0: no bound
}

// Run is an optimizer at work on a list of parameters.
type Run struct {
	rule   Rule
	clip   Clip
	params []*graph.Param
	own    []settings // of each parameter
	grads  []gorgonia.Value
	st64   [][][]float64
	st32   [][][]float32
	g32    [][]float32
	g64    [][]float64
	steps  int

	heights []int   // rows of each parameter
	rows    [][]int // of gradients that come as rows; nil: dense
	counts  []int   // of the rows that count in this step

	w64, gr64 []float64 // for rules that know float64 only
	buf64     [][]float64
}

// Start checks the configuration and makes the state for params. grads are the
// values of their gradients, in the same order; Step reads them, and writes to
// them when it clips. groups may give parameters settings of their own; who wants
// frozen parameters left as they are does not pass them (see Frozen).
func Start(o Optimizer, clip Clip, groups []Group, params []*graph.Param, grads []gorgonia.Value) (*Run, error) {
	return StartRows(o, clip, groups, params, grads, nil)
}

// prepare checks the configuration for the given number of gradients and makes the state.
func prepare(o Optimizer, clip Clip, groups []Group, params []*graph.Param, grads int) (*Run, error) {
	if o == nil {
		return nil, errors.New("optim: no optimizer")
	}
	rule, err := o.Rule()
	if err != nil {
		return nil, fmt.Errorf("optim: %w", err)
	}
	if !(rule.Rate > 0) || math.IsInf(rule.Rate, 0) {
		return nil, fmt.Errorf("optim: %s: learning rate %v is not a positive number", rule.Name, rule.Rate)
	}
	if !(clip.Value >= 0) || !(clip.Norm >= 0) {
		return nil, fmt.Errorf("optim: clip: value %v and norm %v must not be negative", clip.Value, clip.Norm)
	}
	if rule.Update64 == nil && rule.All == nil {
		return nil, fmt.Errorf("optim: %s: the rule has no update", rule.Name)
	}
	if grads != len(params) {
		return nil, fmt.Errorf("optim: %d gradients for %d parameters", grads, len(params))
	}
	for i, p := range params {
		if p.Size() == 0 {
			return nil, fmt.Errorf("optim: parameter %d is nil or zero", i)
		}
	}
	r := &Run{rule: rule, clip: clip, params: params, counts: make([]int, len(params))}
	if r.own, err = settingsOf(groups, params); err != nil {
		return nil, err
	}
	if rule.All != nil && len(groups) > 0 {
		return nil, fmt.Errorf("optim: %s moves all parameters at once and knows no groups", rule.Name)
	}
	for range params {
		r.st32, r.st64 = append(r.st32, nil), append(r.st64, nil)
	}
	for i, p := range params {
		r.heights = append(r.heights, p.Shape()[0])
		for range rule.State {
			if p.Floats32() != nil {
				r.st32[i] = append(r.st32[i], make([]float32, p.Size()))
			} else {
				r.st64[i] = append(r.st64[i], make([]float64, p.Size()))
			}
		}
	}
	return r, nil
}

// Grads makes the run read its gradients elsewhere, such as in the program of
// another batch size.
func (r *Run) Grads(grads []gorgonia.Value) error { return r.GradsRows(grads, nil) }

// Steps returns the number of steps done.
func (r *Run) Steps() int {
	if r == nil {
		return 0
	}
	return r.steps
}

// Rate returns the learning rate at factor 1.
func (r *Run) Rate() float64 {
	if r == nil {
		return 0
	}
	return r.rule.Rate
}

var errNoRun = errors.New("optim: the run is nil or zero: Start makes one")

// Step moves every parameter once, with factor times the learning rate and decay
// times the weight decay, and applies its constraint. A gradient that is not
// finite is an error that names the parameter, and changes nothing.
func (r *Run) Step(factor, decay float64) error {
	if r == nil || len(r.params) == 0 {
		return errNoRun
	}
	if err := r.countRows(); err != nil {
		return err
	}
	norm, err := r.norm()
	if err != nil {
		return err
	}
	r.bound(norm)
	r.steps++
	if r.rule.All != nil {
		if err := r.rule.All(r.params, r.grads); err != nil {
			return fmt.Errorf("optim: %s: %w", r.rule.Name, err)
		}
	} else {
		for i := range r.params {
			r.update(i, factor*r.rule.Rate*r.own[i].rate, decay*r.own[i].decay)
		}
	}
	for i, p := range r.params {
		p.Constrain(r.own[i].constraint)
	}
	if r.steps%flushEvery == 0 {
		r.flush()
	}
	return nil
}

// flushEvery is how many steps lie between two looks for denormal numbers.
const flushEvery = 128

// flush makes parameters and state that are too small for a normal number 0. A penalty
// or a decay takes idle weights there, where every product with them costs a
// processor a hundred cycles.
func (r *Run) flush() {
	for i, p := range r.params {
		if r.rows[i] != nil {
			continue // updateRows does it for the rows that it updates
		}
		flush(p.Floats32(), 0x1p-126)
		flush(p.Floats64(), 0x1p-1022)
		for _, s := range r.st32[i] {
			flush(s, 0x1p-126)
		}
		for _, s := range r.st64[i] {
			flush(s, 0x1p-1022)
		}
	}
}

func flush[T float32 | float64](v []T, normal T) {
	for i, x := range v {
		if x < normal && x > -normal {
			v[i] = 0
		}
	}
}

func (r *Run) update(i int, rate, decay float64) {
	if r.rows[i] != nil {
		r.updateRows(i, rate, decay)
		return
	}
	p := r.params[i]
	w := p.Floats32()
	if w == nil {
		r.rule.Update64(Update64{r.steps, rate, decay, p.Floats64(), r.g64[i], r.st64[i]})
		return
	}
	if r.rule.Update32 != nil {
		r.rule.Update32(Update32{r.steps, rate, decay, w, r.g32[i], r.st32[i]})
		return
	}
	r.w64, r.gr64 = widen(r.w64, w), widen(r.gr64, r.g32[i])
	for len(r.buf64) < len(r.rule.State) {
		r.buf64 = append(r.buf64, nil)
	}
	for k, s := range r.st32[i] {
		r.buf64[k] = widen(r.buf64[k], s)
	}
	r.rule.Update64(Update64{r.steps, rate, decay, r.w64, r.gr64, r.buf64[:len(r.rule.State)]})
	narrow(w, r.w64)
	for k, s := range r.st32[i] {
		narrow(s, r.buf64[k])
	}
}

func widen(dst []float64, src []float32) []float64 {
	dst = slices.Grow(dst[:0], len(src))[:len(src)]
	for i, v := range src {
		dst[i] = float64(v)
	}
	return dst
}

func narrow(dst []float32, src []float64) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}

// norm returns the L2 norm of all gradients together.
func (r *Run) norm() (float64, error) {
	total := 0.0
	for i, p := range r.params {
		part := kernel.SumSquares(r.g32[i]) + kernel.SumSquares(r.g64[i])
		if math.IsNaN(part) || math.IsInf(part, 0) {
			return 0, &NotFiniteError{Path: p.Path}
		}
		total += part
	}
	return math.Sqrt(total), nil
}

// NotFiniteError says that a gradient holds NaN or an infinity.
type NotFiniteError struct{ Path string }

// Error names the parameter.
func (e *NotFiniteError) Error() string {
	if e == nil {
		return "optim: no error"
	}
	return fmt.Sprintf("optim: the gradient of %s is not finite: the loss has diverged, or the data are not finite", e.Path)
}

func (r *Run) bound(norm float64) {
	by := 1.0
	if r.clip.Norm > 0 && norm > r.clip.Norm {
		by = r.clip.Norm / (norm + 1e-6) // as torch.nn.utils.clip_grad_norm_
	}
	limit := r.clip.Value
	if by == 1 && limit == 0 {
		return
	}
	for i := range r.params {
		clip(r.g32[i], by, limit)
		clip(r.g64[i], by, limit)
	}
}

func clip[T float32 | float64](g []T, by, limit float64) {
	if by != 1 {
		kernel.Axpb(g, T(by), g, 0)
	}
	if limit == 0 {
		return
	}
	most := T(limit)
	for i, v := range g { // finite, or there were an error
		if v > most {
			g[i] = most
		} else if v < -most {
			g[i] = -most
		}
	}
}

// State returns a copy of what the optimizer remembers: parameter path, then
// name, then values.
func (r *Run) State() (map[string]map[string][]float64, error) {
	if r == nil {
		return nil, errNoRun
	}
	if r.rule.All != nil {
		return nil, fmt.Errorf("optim: %s keeps its state to itself: it cannot be saved", r.rule.Name)
	}
	out := map[string]map[string][]float64{}
	for i, p := range r.params {
		s := map[string][]float64{}
		for k, name := range r.rule.State {
			if r.st32[i] != nil {
				s[name] = widen(nil, r.st32[i][k])
			} else {
				s[name] = slices.Clone(r.st64[i][k])
			}
		}
		out[p.Path] = s
	}
	return out, nil
}

// SetState takes back what State returned after the given number of steps.
func (r *Run) SetState(steps int, state map[string]map[string][]float64) error {
	if r == nil {
		return errNoRun
	}
	if r.rule.All != nil {
		return fmt.Errorf("optim: %s keeps its state to itself: it cannot be restored", r.rule.Name)
	}
	for _, p := range r.params {
		for _, name := range r.rule.State {
			if n := len(state[p.Path][name]); n != p.Size() {
				return fmt.Errorf("optim: %s: state %q of %s has %d values, want %d", r.rule.Name, name, p.Path, n, p.Size())
			}
		}
	}
	for i, p := range r.params {
		for k, name := range r.rule.State {
			if r.st32[i] != nil {
				narrow(r.st32[i][k], state[p.Path][name])
			} else {
				copy(r.st64[i][k], state[p.Path][name])
			}
		}
	}
	r.steps = steps
	return nil
}

func init() {
	builtin.Register(SGD{}, Adam{}, AdamW{}, NAdam{}, RMSprop{}, Adagrad{}, Lion{},
		Constant{}, Step{}, Exponential{}, CosineDecay{}, CosineLog{}, FlatCosine{}, WarmUp{}, OneCycle{})
}
