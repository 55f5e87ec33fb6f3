package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
	"gorgonia.org/gorgonia"
)

// Noise is a function of the graph's seed, the layer's path, the step and the
// position in the tensor, and of nothing else: the same step gives the same
// numbers on any machine, at any number of threads, and after a resume.

// stream returns the key of b's next noise stream.
func (b *Builder) stream() uint64 {
	n := b.streams[b.path]
	b.streams[b.path]++
	return pathKey(fmt.Sprintf("noise %d %s %d", b.params.seed, b.path, n))
}

// Dropout returns x with every element set to 0 with probability rate, in
// [0, 1), and the others divided by 1 − rate. It is applied in both modes: a
// layer asks for it in Train only. Srivastava et al. (2014).
func (b *Builder) Dropout(x *Node, rate float64) *Node {
	if !b.readyFloat("Dropout", x) {
		return nil
	}
	if !(rate >= 0 && rate < 1) {
		return b.fail("Dropout", fmt.Errorf("rate %v is not in [0, 1)", rate))
	}
	if rate == 0 {
		return x
	}
	return b.dropout(x, rate, b.stream(), b.Step())
}

// ScheduledDropout is Dropout with a rate that changes while a model is trained:
// rate times the level that Program.SetNoise has set, 1 at first.
func (b *Builder) ScheduledDropout(x *Node, rate float64) *Node {
	if !b.readyFloat("Dropout", x) {
		return nil
	}
	if !(rate >= 0 && rate < 1) {
		return b.fail("Dropout", fmt.Errorf("rate %v is not in [0, 1)", rate))
	}
	if rate == 0 {
		return x
	}
	return b.dropout(x, rate, b.stream(), b.Step(), b.noise())
}

// noise is the level of scheduled noise, in units of 1/fullNoise.
func (b *Builder) noise() *Node {
	if b.failed() {
		return nil
	}
	if b.level == nil {
		b.level = b.leaf("noise level", Int, Shape{}, nil)
		if b.err == nil { // for Gorgonia's machines
			if err := gorgonia.UnsafeLet(b.level, gorgonia.NewI(fullNoise)); err != nil {
				return b.fail("noise", err)
			}
		}
	}
	return b.level
}

// fullNoise is the noise level 1 as an Int.
const fullNoise = 1 << 30

// dropout is linear in x: its gradient is itself, applied to g. The operands
// after x are the step and, if the rate is scheduled, the noise level.
func (b *Builder) dropout(x *Node, rate float64, key uint64, more ...*Node) *Node {
	attrs := []Attribute{attr("ratio", rate), attr("seed", key)}
	diff := []bool{true, false, false}
	return b.apply(&op{
		kind: "Dropout", attrs: attrs, out: typeOf(x), diff: diff[:1+len(more)], inPlace: []int{0}, random: true,
		f32: bindDropout[float32](rate, key), f64: bindDropout[float64](rate, key),
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			grads := make([]*Node, len(in))
			grads[0] = b.apply(&op{
				kind: "Dropout", attrs: attrs, out: typeOf(g), inPlace: []int{0}, random: true,
				f32: bindDropout[float32](rate, key), f64: bindDropout[float64](rate, key),
			}, append([]*Node{g}, in[1:]...)...)
			return grads
		},
	}, append([]*Node{x}, more...)...)
}

func bindDropout[T kernel.Float](rate float64, key uint64) func(*call[T]) run {
	return func(c *call[T]) run {
		return func() error {
			now := rate
			if len(c.ints) > 2 {
				now *= float64(c.ints[2][0]) / fullNoise
			}
			kernel.Dropout(c.out, c.in[0], now, kernel.StreamAt(key, c.ints[1][0]))
			return nil
		}
	}
}

// RandomUniform returns numbers from [0, 1), new ones at every step.
func (b *Builder) RandomUniform(shape ...int) *Node { return b.random("RandomUniform", 0, shape) }

// RandomNormal returns standard normal numbers, new ones at every step.
func (b *Builder) RandomNormal(shape ...int) *Node { return b.random("RandomNormal", 0, shape) }

// RandomBernoulli returns 1 with probability p and 0 otherwise, anew at every step.
func (b *Builder) RandomBernoulli(p float64, shape ...int) *Node {
	if !(p >= 0 && p <= 1) {
		return b.fail("RandomBernoulli", fmt.Errorf("probability %v is not in [0, 1]", p))
	}
	return b.random("RandomBernoulli", p, shape)
}

func (b *Builder) random(kind string, p float64, shape Shape) *Node {
	if b.failed() {
		return nil
	}
	if len(shape) == 0 {
		return b.fail(kind, errors.New("want at least one axis"))
	}
	if err := checkShape(shape); err != nil {
		return b.fail(kind, err)
	}
	key := b.stream()
	attrs := []Attribute{attr("shape", []int(slices.Clone(shape))), attr("seed", key)}
	if kind == "RandomBernoulli" {
		attrs = append(attrs, attr("p", p))
	}
	return b.apply(&op{
		kind: kind, attrs: attrs, out: typ{b.Dtype(), slices.Clone(shape)}, random: true,
		f32: bindRandom[float32](kind, p, key), f64: bindRandom[float64](kind, p, key),
	}, b.Step())
}

func bindRandom[T kernel.Float](kind string, p float64, key uint64) func(*call[T]) run {
	return func(c *call[T]) run {
		return func() error {
			switch stream := kernel.StreamAt(key, c.ints[0][0]); kind {
			case "RandomUniform":
				kernel.Uniform(c.out, stream)
			case "RandomNormal":
				kernel.Normal(c.out, stream)
			default:
				kernel.Bernoulli(c.out, p, stream)
			}
			return nil
		}
	}
}
