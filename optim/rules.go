package optim

import (
	"fmt"
	"math"
	"sync"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// checks collects complaints about a configuration.
func in01(name string, v float64) error {
	if !(v >= 0 && v < 1) {
		return fmt.Errorf("%s %v is not in [0, 1)", name, v)
	}
	return nil
}

func notNegative(name string, v float64) error {
	if !(v >= 0) {
		return fmt.Errorf("%s %v is negative", name, v)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func orDefault(v, def float64) float64 {
	if v == 0 {
		return def
	}
	return v
}

// step is Update64 and Update32 in one, for the rules of this package.
type step[T float32 | float64] struct {
	n     int
	rate  float64
	decay float64 // factor of the weight decay
	w, g  []T
	state [2][]T
	c     [3]T // constants that a rule has computed for this step
}

// span returns the part of a step that is about elements from to to.
func (s step[T]) span(from, to int) step[T] {
	s.w, s.g = s.w[from:to], s.g[from:to]
	for i, v := range s.state {
		if v != nil {
			s.state[i] = v[from:to]
		}
	}
	return s
}

// rule makes a Rule of a kernel in both types. What the kernel does to an element
// follows from that element, so that long parameters are done in spans.
func rule(name string, rate float64, state []string, f64 func(step[float64]), f32 func(step[float32])) Rule {
	return Rule{
		Name: name, Rate: rate, State: state,
		Update64: func(u Update64) { inSpans(&spread64, u64(u), f64) },
		Update32: func(u Update32) { inSpans(&spread32, u32(u), f32) },
	}
}

// byRows adds the updates of single rows to a rule. In their steps, w and state are those
// of the whole parameter, and g holds only the rows. decays says that the rule has a
// weight decay.
func (r Rule) byRows(decays bool, f64 func(step[float64], []int, int), f32 func(step[float32], []int, int)) Rule {
	r.decays, r.rows64, r.rows32 = decays, f64, f32
	return r
}

func u64(u Update64) step[float64] {
	s := step[float64]{n: u.Step, rate: u.Rate, decay: u.Decay, w: u.W, g: u.G}
	copy(s.state[:], u.State)
	return s
}

func u32(u Update32) step[float32] {
	s := step[float32]{n: u.Step, rate: u.Rate, decay: u.Decay, w: u.W, g: u.G}
	copy(s.state[:], u.State)
	return s
}

// spread is an update in flight: operands and the kernel to run on each span.
type spread[T float32 | float64] struct {
	spans kernel.Spans
	step  step[T]
	f     func(step[T])
}

// Span implements kernel.Spanned.
func (p *spread[T]) Span(from, to int) { p.f(p.step.span(from, to)) }

var spread32, spread64 sync.Pool

func inSpans[T float32 | float64](pool *sync.Pool, s step[T], f func(step[T])) {
	p, _ := pool.Get().(*spread[T])
	if p == nil {
		p = new(spread[T])
	}
	p.step, p.f = s, f
	p.spans.Do(p, len(s.w))
	p.step, p.f = step[T]{}, nil
	pool.Put(p)
}

// SGD is gradient descent, w ← w − rate·v, where v = g without momentum, else
// v ← Momentum·v + g, or g + Momentum·v after that with Nesterov. As in PyTorch,
// the first velocity is the gradient. Sutskever et al. (2013).
type SGD struct {
	LearningRate float64 // 0: 0.01
	Momentum     float64 // in [0, 1)
	Nesterov     bool
	WeightDecay  float64 // adds WeightDecay·w to the gradient
}

// Rule implements Optimizer.
func (o SGD) Rule() (Rule, error) {
	err := firstError(in01("momentum", o.Momentum), notNegative("weight decay", o.WeightDecay))
	if err == nil && o.Nesterov && o.Momentum == 0 {
		err = fmt.Errorf("nesterov needs a momentum")
	}
	var state []string
	if o.Momentum > 0 {
		state = []string{"velocity"}
	}
	r := rule("SGD", orDefault(o.LearningRate, 0.01), state, sgd[float64](o), sgd[float32](o))
	if o.Momentum == 0 {
		r = r.byRows(o.WeightDecay > 0, sgdRows[float64], sgdRows[float32])
	}
	return r, wrap("SGD", err)
}

func sgd[T float32 | float64](o SGD) func(step[T]) {
	return func(s step[T]) {
		rate, mu, decay := T(s.rate), T(o.Momentum), T(o.WeightDecay*s.decay)
		switch {
		case mu > 0:
			k := kernel.MomentumStep[T]{Momentum: mu, Decay: decay, Rate: rate, Velocity: 1}
			if o.Nesterov {
				k.Gradient, k.Velocity = 1, mu
			}
			kernel.Momentum(&k, s.w, s.state[0], s.g)
		case decay > 0:
			kernel.Descent(&kernel.DescentStep[T]{Keep: T(1 - s.rate*o.WeightDecay*s.decay), Rate: rate}, s.w, s.g)
		default:
			kernel.Axpy(-rate, s.g, s.w)
		}
	}
}

func sgdRows[T float32 | float64](s step[T], rows []int, width int) {
	kernel.AxpyRows(-T(s.rate), s.g, s.w, rows, width)
}

// Adam is Algorithm 1 of Kingma & Ba (2014), arXiv:1412.6980.
type Adam struct {
	LearningRate float64 // 0: 0.001
	Beta1        float64 // 0: 0.9
	Beta2        float64 // 0: 0.999
	Epsilon      float64 // 0: 1e-8
	WeightDecay  float64 // adds WeightDecay·w to the gradient; AdamW has the decoupled form
}

// Rule implements Optimizer.
func (o Adam) Rule() (Rule, error) {
	c := adam{b1: orDefault(o.Beta1, 0.9), b2: orDefault(o.Beta2, 0.999), eps: orDefault(o.Epsilon, 1e-8), l2: o.WeightDecay}
	return c.rule("Adam", orDefault(o.LearningRate, 0.001))
}

// AdamW is Adam with decoupled weight decay: w ← w − rate·WeightDecay·w before
// Adam's step. Loshchilov & Hutter (2017), arXiv:1711.05101, Algorithm 2.
type AdamW struct {
	LearningRate float64 // 0: 0.001
	Beta1        float64 // 0: 0.9
	Beta2        float64 // 0: 0.999
	Epsilon      float64 // 0: 1e-8
	WeightDecay  float64 // 0: 0.01; negative: none
}

// Rule implements Optimizer.
func (o AdamW) Rule() (Rule, error) {
	c := adam{b1: orDefault(o.Beta1, 0.9), b2: orDefault(o.Beta2, 0.999), eps: orDefault(o.Epsilon, 1e-8), decay: math.Max(orDefault(o.WeightDecay, 0.01), 0)}
	return c.rule("AdamW", orDefault(o.LearningRate, 0.001))
}

// adam holds what Adam and AdamW share; l2 goes into the gradient, decay into the weight.
type adam struct{ b1, b2, eps, l2, decay float64 }

func (c adam) rule(name string, rate float64) (Rule, error) {
	err := firstError(in01("beta1", c.b1), in01("beta2", c.b2), notNegative("epsilon", c.eps), notNegative("weight decay", c.l2+c.decay))
	r := rule(name, rate, []string{"m", "v"}, adamStep[float64](c), adamStep[float32](c))
	return r.byRows(c.l2+c.decay > 0, adamRows[float64](c), adamRows[float32](c)), wrap(name, err)
}

// adamConstants returns the constants of a step.
func adamConstants[T float32 | float64](c adam, s step[T]) kernel.AdamStep[T] {
	return kernel.AdamStep[T]{
		Beta1: T(c.b1), Rest1: T(1 - c.b1), Beta2: T(c.b2), Rest2: T(1 - c.b2), Epsilon: T(c.eps), L2: T(c.l2 * s.decay),
		Keep: T(1 - s.rate*c.decay*s.decay),
		Size: T(s.rate / (1 - math.Pow(c.b1, float64(s.n)))),
		Root: T(1 / math.Sqrt(1-math.Pow(c.b2, float64(s.n)))),
	}
}

func adamStep[T float32 | float64](c adam) func(step[T]) {
	return func(s step[T]) {
		k := adamConstants(c, s)
		kernel.Adam(&k, s.w, s.state[0], s.state[1], s.g)
	}
}

func adamRows[T float32 | float64](c adam) func(step[T], []int, int) {
	return func(s step[T], rows []int, width int) {
		k := adamConstants(c, s)
		k.Epsilon *= k.Root // √v + Epsilon is corrected for its bias as a whole, as in PyTorch's SparseAdam
		kernel.AdamRows(&k, s.w, s.state[0], s.state[1], s.g, rows, width)
	}
}

// NAdam is Adam with Nesterov momentum, with PyTorch's schedule of momentum
// (decay 0.004), as versions from 2.0 on compute it. Dozat (2016).
type NAdam struct {
	LearningRate float64 // 0: 0.002
	Beta1        float64 // 0: 0.9
	Beta2        float64 // 0: 0.999
	Epsilon      float64 // 0: 1e-8
	WeightDecay  float64 // adds WeightDecay·w to the gradient
}

// Rule implements Optimizer.
func (o NAdam) Rule() (Rule, error) {
	c := adam{b1: orDefault(o.Beta1, 0.9), b2: orDefault(o.Beta2, 0.999), eps: orDefault(o.Epsilon, 1e-8), l2: o.WeightDecay}
	err := firstError(in01("beta1", c.b1), in01("beta2", c.b2), notNegative("epsilon", c.eps), notNegative("weight decay", c.l2))
	n64, n32, s64, s32 := nadam[float64](c), nadam[float32](c), nadamStep[float64](c), nadamStep[float32](c)
	return Rule{
		Name: "NAdam", Rate: orDefault(o.LearningRate, 0.002), State: []string{"m", "v"},
		Update64: func(u Update64) { inSpans(&spread64, n64(u64(u)), s64) },
		Update32: func(u Update32) { inSpans(&spread32, n32(u32(u)), s32) },
	}, wrap("NAdam", err)
}

// nadam returns what gives a step its constants.
func nadam[T float32 | float64](c adam) func(step[T]) step[T] {
	mu := func(t int) float64 { return c.b1 * (1 - 0.5*math.Pow(0.96, float64(t)*0.004)) }
	product, upTo := 1.0, 0 // Π mu(1..upTo)
	return func(s step[T]) step[T] {
		if s.n < upTo {
			product, upTo = 1, 0
		}
		for upTo < s.n {
			upTo++
			product *= mu(upTo)
		}
		now, next := mu(s.n), mu(s.n+1)
		s.c = [3]T{
			T(s.rate * (1 - now) / (1 - product)),
			T(s.rate * next / (1 - product*next)),
			T(1 / math.Sqrt(1-math.Pow(c.b2, float64(s.n)))),
		}
		return s
	}
}

func nadamStep[T float32 | float64](c adam) func(step[T]) {
	return func(s step[T]) {
		k := kernel.AdamStep[T]{
			Beta1: T(c.b1), Rest1: T(1 - c.b1), Beta2: T(c.b2), Rest2: T(1 - c.b2), Epsilon: T(c.eps), L2: T(c.l2 * s.decay),
			Keep: 1, Direct: s.c[0], Size: s.c[1], Root: s.c[2],
		}
		kernel.Adam(&k, s.w, s.state[0], s.state[1], s.g)
	}
}

// RMSprop divides the gradient by a running root mean square,
// w ← w − rate·g / (√v + Epsilon) with v ← Rho·v + (1−Rho)·g². Tieleman & Hinton (2012).
type RMSprop struct {
	LearningRate float64 // 0: 0.01
	Rho          float64 // 0: 0.99
	Epsilon      float64 // 0: 1e-8
	Momentum     float64 // in [0, 1)
	WeightDecay  float64 // adds WeightDecay·w to the gradient
}

// Rule implements Optimizer.
func (o RMSprop) Rule() (Rule, error) {
	o.Rho, o.Epsilon = orDefault(o.Rho, 0.99), orDefault(o.Epsilon, 1e-8)
	err := firstError(in01("rho", o.Rho), in01("momentum", o.Momentum), notNegative("epsilon", o.Epsilon), notNegative("weight decay", o.WeightDecay))
	state := []string{"v"}
	if o.Momentum > 0 {
		state = append(state, "velocity")
	}
	return rule("RMSprop", orDefault(o.LearningRate, 0.01), state, rmsprop[float64](o), rmsprop[float32](o)), wrap("RMSprop", err)
}

func rmsprop[T float32 | float64](o RMSprop) func(step[T]) {
	return func(s step[T]) {
		k := kernel.RootStep[T]{
			L2: T(o.WeightDecay * s.decay), Keep: T(o.Rho), Rest: T(1 - o.Rho), Epsilon: T(o.Epsilon),
			Rate: T(s.rate), Momentum: T(o.Momentum),
		}
		kernel.Root(&k, s.w, s.state[0], s.state[1], s.g)
	}
}

// Adagrad divides the gradient by the root of the sum of all squares so far,
// w ← w − rate·g / (√Σg² + Epsilon). Duchi et al. (2011).
type Adagrad struct {
	LearningRate float64 // 0: 0.01
	Epsilon      float64 // 0: 1e-10
	WeightDecay  float64 // adds WeightDecay·w to the gradient
}

// Rule implements Optimizer.
func (o Adagrad) Rule() (Rule, error) {
	o.Epsilon = orDefault(o.Epsilon, 1e-10)
	err := firstError(notNegative("epsilon", o.Epsilon), notNegative("weight decay", o.WeightDecay))
	r := rule("Adagrad", orDefault(o.LearningRate, 0.01), []string{"sum"}, adagrad[float64](o), adagrad[float32](o))
	return r.byRows(o.WeightDecay > 0, adagradRows[float64](o), adagradRows[float32](o)), wrap("Adagrad", err)
}

func adagrad[T float32 | float64](o Adagrad) func(step[T]) {
	return func(s step[T]) {
		k := kernel.RootStep[T]{L2: T(o.WeightDecay * s.decay), Keep: 1, Rest: 1, Epsilon: T(o.Epsilon), Rate: T(s.rate)}
		kernel.Root(&k, s.w, s.state[0], nil, s.g)
	}
}

func adagradRows[T float32 | float64](o Adagrad) func(step[T], []int, int) {
	return func(s step[T], rows []int, width int) {
		k := kernel.RootStep[T]{Keep: 1, Rest: 1, Epsilon: T(o.Epsilon), Rate: T(s.rate)}
		kernel.RootRows(&k, s.w, s.state[0], s.g, rows, width)
	}
}

// Lion moves by the sign of an interpolated momentum,
// w ← w − rate·(sign(Beta1·m + (1−Beta1)·g) + WeightDecay·w), m ← Beta2·m + (1−Beta2)·g.
// Chen et al. (2023), arXiv:2302.06675, Algorithm 2.
type Lion struct {
	LearningRate float64 // 0: 0.0001
	Beta1        float64 // 0: 0.9
	Beta2        float64 // 0: 0.99
	WeightDecay  float64 // decoupled
}

// Rule implements Optimizer.
func (o Lion) Rule() (Rule, error) {
	o.Beta1, o.Beta2 = orDefault(o.Beta1, 0.9), orDefault(o.Beta2, 0.99)
	err := firstError(in01("beta1", o.Beta1), in01("beta2", o.Beta2), notNegative("weight decay", o.WeightDecay))
	return rule("Lion", orDefault(o.LearningRate, 0.0001), []string{"m"}, lion[float64](o), lion[float32](o)), wrap("Lion", err)
}

func lion[T float32 | float64](o Lion) func(step[T]) {
	return func(s step[T]) {
		k := kernel.LionStep[T]{
			Beta1: T(o.Beta1), Rest1: T(1 - o.Beta1), Beta2: T(o.Beta2), Rest2: T(1 - o.Beta2),
			Keep: T(1 - s.rate*o.WeightDecay*s.decay), Rate: T(s.rate),
		}
		kernel.Lion(&k, s.w, s.state[0], s.g)
	}
}

func wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
