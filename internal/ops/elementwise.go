package ops

import (
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// kinds are the rules of all operations, by kind: each checks an operation and prepares
// it.
var kinds = map[string]func(o *operation) Kernel{}

// functions are the functions of one operand, by kind.
var functions = map[string]kernel.UnaryFn{}

// binaries are the functions of two operands, by kind.
var binaries = map[string]kernel.BinaryFn{
	"Add": kernel.Add, "Sub": kernel.Sub, "Mul": kernel.Mul, "Div": kernel.Div, "Maximum": kernel.Max, "Minimum": kernel.Min, "PowOf": kernel.Pow,
	"Equal": kernel.Equal, "NotEqual": kernel.NotEqual, "Greater": kernel.Greater, "GreaterEqual": kernel.GreaterEqual, "And": kernel.And, "Or": kernel.Or,
}

func init() {
	for fn := kernel.Relu; fn <= kernel.Power; fn++ {
		functions[fn.String()] = fn
		kinds[fn.String()] = func(o *operation) Kernel { return unaryOf(o, fn) }
	}
	functions[kernel.Identity.String()] = kernel.Identity
	for kind, fn := range binaries {
		kinds[kind] = func(o *operation) Kernel { return binaryOf(o, fn) }
	}
	kinds["Scale"] = scale
	kinds["AddN"] = addN
	kinds["Where"] = where
	kinds["Cast"] = cast
	kinds["StopGradient"] = same
}

func unaryOf(o *operation, fn kernel.UnaryFn) Kernel {
	alpha := 0.0
	switch fn {
	case kernel.LeakyRelu, kernel.Elu:
		alpha = o.number("alpha")
	case kernel.Power:
		alpha = o.number("exponent")
	}
	if !o.operands(1, 1) {
		return Kernel{}
	}
	o.floats(0)
	return Kernel{Out: o.in[0], InPlace: []int{0}, f32: bindUnary[float32](fn, alpha), f64: bindUnary[float64](fn, alpha)}
}

func bindUnary[T kernel.Float](fn kernel.UnaryFn, alpha float64) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x := c.out, c.in[0]
		return func() error { kernel.Unary(fn, alpha, out, x); return nil }
	}
}

func binaryOf(o *operation, fn kernel.BinaryFn) Kernel {
	if !o.operands(2, 2) {
		return Kernel{}
	}
	x, y := o.in[0], o.in[1]
	t := x.Type
	if comparison := fn >= kernel.Equal && fn < kernel.And; comparison && t == Int {
		if o.ints(1); o.err != nil {
			return Kernel{}
		}
		t = o.float
	} else {
		o.floats(0, 1)
	}
	shape, err := Broadcast(x.Shape, y.Shape)
	if err != nil {
		o.fail("%w", err)
	}
	if o.err != nil {
		return Kernel{}
	}
	walk := o.walk(shape, repeated(x.Shape, shape), repeated(y.Shape, shape))
	k := Kernel{Out: Spec{t, shape}, f32: bindBinary[float32](fn, walk), f64: bindBinary[float64](fn, walk)}
	for i, s := range o.in {
		if slices.Equal(s.Shape, shape) && s.Type != Int {
			k.InPlace = append(k.InPlace, i)
		}
	}
	return k
}

func bindBinary[T kernel.Float](fn kernel.BinaryFn, walk kernel.Strided) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, y, s := c.out, c.in[0], c.in[1], walk
		if m, n := c.ints[0], c.ints[1]; m != nil {
			return func() error { kernel.CompareInts(fn, out, m, n, &s); return nil }
		}
		return func() error { kernel.Binary(fn, out, x, y, &s); return nil }
	}
}

func scale(o *operation) Kernel {
	alpha, beta := o.number("alpha"), o.number("beta")
	if !o.operands(1, 1) {
		return Kernel{}
	}
	o.floats(0)
	return Kernel{Out: o.in[0], InPlace: []int{0}, f32: bindScale[float32](alpha, beta), f64: bindScale[float64](alpha, beta)}
}

func bindScale[T kernel.Float](alpha, beta float64) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x := c.out, c.in[0]
		return func() error { kernel.Axpb(out, T(alpha), x, T(beta)); return nil }
	}
}

func addN(o *operation) Kernel {
	if !o.operands(1, len(o.in)) {
		return Kernel{}
	}
	for i := range o.in {
		o.floats(0, i)
		o.is(i, o.in[0].Shape...)
	}
	return Kernel{Out: o.in[0], InPlace: []int{0}, f32: bindAddN[float32], f64: bindAddN[float64]}
}

func bindAddN[T kernel.Float](c *call[T]) run {
	return func() error {
		copy(c.out, c.in[0])
		for _, x := range c.in[1:] {
			kernel.AddTo(c.out, x)
		}
		return nil
	}
}

func where(o *operation) Kernel {
	if !o.operands(3, 3) {
		return Kernel{}
	}
	t := o.in[1].Type
	if o.floats(0); t == Int {
		o.ints(2)
	} else {
		o.floats(0, 1, 2)
	}
	o.is(0, o.in[1].Shape...)
	o.is(2, o.in[1].Shape...)
	return Kernel{Out: o.in[1], InPlace: []int{1, 2}, f32: bindWhere[float32], f64: bindWhere[float64]}
}

func bindWhere[T kernel.Float](c *call[T]) run {
	if c.outInts != nil {
		return func() error { kernel.Where(c.outInts, c.in[0], c.ints[1], c.ints[2]); return nil }
	}
	return func() error { kernel.Where(c.out, c.in[0], c.in[1], c.in[2]); return nil }
}

func cast(o *operation) Kernel {
	text := o.text("to")
	var to Type
	if err := to.UnmarshalText([]byte(text)); err != nil && o.err == nil {
		o.fail("%w", err)
	}
	if !o.operands(1, 1) {
		return Kernel{}
	}
	if (to == Int) == (o.in[0].Type == Int) {
		o.fail("of %v to %v", o.in[0], to)
	}
	return Kernel{Out: Spec{to, o.in[0].Shape}, f32: bindCast[float32], f64: bindCast[float64]}
}

func bindCast[T kernel.Float](c *call[T]) run {
	if c.outInts == nil {
		return func() error { kernel.Floats(c.out, c.ints[0]); return nil }
	}
	return func() error {
		if i := kernel.Ints(c.outInts, c.in[0]); i >= 0 {
			return fmt.Errorf("%v at position %d is not in the range of int", c.in[0][i], i)
		}
		return nil
	}
}

// same is an operation whose result is its operand.
func same(o *operation) Kernel {
	if !o.operands(1, 1) {
		return Kernel{}
	}
	return Kernel{Out: o.in[0], Alias: true, f32: bindSame[float32], f64: bindSame[float64]}
}

func bindSame[T kernel.Float](c *call[T]) run {
	return func() error {
		copy(c.out, c.in[0])
		copy(c.outInts, c.ints[0])
		return nil
	}
}
