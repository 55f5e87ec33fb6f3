package ops

import (
	"slices"

	"github.com/seed732fc211/aegis/internal/kernel"
)

func init() {
	kinds["Sum"] = func(o *operation) Kernel { return reduce(o, bindSum[float32], bindSum[float64]) }
	kinds["Max"] = func(o *operation) Kernel { return reduce(o, bindMax[float32], bindMax[float64]) }
	kinds["LogSumExp"] = func(o *operation) Kernel { return reduce(o, bindLogSumExp[float32], bindLogSumExp[float64]) }
	kinds["ArgMax"] = argMax
	kinds["Softmax"] = func(o *operation) Kernel { return softmax(o, kernel.Softmax[float32], kernel.Softmax[float64]) }
	kinds["LogSoftmax"] = func(o *operation) Kernel { return softmax(o, kernel.LogSoftmax[float32], kernel.LogSoftmax[float64]) }
	kinds["Moments"] = moments
	kinds["BatchNorm"] = normalize
	kinds["Normalize"] = normalize
	kinds["LayerNorm"] = layerNorm
	kinds["RMSNorm"] = rmsNorm
}

func reduce(o *operation, f32 func(kernel.Strided) func(*call[float32]) run, f64 func(kernel.Strided) func(*call[float64]) run) Kernel {
	axes, from := o.intList("axes", -1), o.shape(0, -1)
	if !o.operands(1, 1) {
		return Kernel{}
	}
	t := o.floats(0)
	with := slices.Clone(from)
	for k, a := range axes {
		if a < 0 || a >= len(from) || slices.Contains(axes[:k], a) {
			o.fail("axes %v of %s", axes, Dims(from))
			return Kernel{}
		}
		with[a] = 1
	}
	kept := []int{}
	for i, d := range from {
		if !slices.Contains(axes, i) {
			kept = append(kept, d)
		}
	}
	walk := o.walk(from, rowMajor(from), repeated(with, from))
	return Kernel{Out: Spec{t, kept}, f32: f32(walk), f64: f64(walk)}
}

func bindSum[T kernel.Float](walk kernel.Strided) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, s := c.out, c.in[0], walk
		return func() error { kernel.Sum(out, x, &s); return nil }
	}
}

func bindMax[T kernel.Float](walk kernel.Strided) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, s := c.out, c.in[0], walk
		return func() error { kernel.Largest(out, x, &s); return nil }
	}
}

func bindLogSumExp[T kernel.Float](walk kernel.Strided) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, s, peak := c.out, c.in[0], walk, make([]T, len(c.out))
		return func() error { kernel.LogSumExp(out, peak, x, &s); return nil }
	}
}

func argMax(o *operation) Kernel {
	n := o.lastAxis()
	if !o.operands(1, 1) {
		return Kernel{}
	}
	o.floats(0)
	s := o.in[0].Shape
	return Kernel{Out: Spec{Int, s[:len(s)-1]}, f32: bindArgMax[float32](n), f64: bindArgMax[float64](n)}
}

func bindArgMax[T kernel.Float](n int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x := c.outInts, c.in[0]
		return func() error { kernel.ArgMax(out, x, n); return nil }
	}
}

func softmax(o *operation, f32 func(out, x []float32, n int), f64 func(out, x []float64, n int)) Kernel {
	n := o.lastAxis()
	if !o.operands(1, 1) {
		return Kernel{}
	}
	o.floats(0)
	return Kernel{Out: o.in[0], InPlace: []int{0}, f32: bindRows(f32, n), f64: bindRows(f64, n)}
}

// bindRows binds a function of rows of n elements.
func bindRows[T kernel.Float](f func(out, x []T, n int), n int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x := c.out, c.in[0]
		return func() error { f(out, x, n); return nil }
	}
}

// features returns the size of the last axis of operand 0, whose first is the batch.
func (o *operation) features() int {
	s := o.shape(0, -1)
	if o.err == nil && len(s) < 2 {
		o.fail("operand 0 is %v, want (batch, ..., features)", o.in[0])
	}
	if o.err != nil {
		return 1
	}
	return s[len(s)-1]
}

func moments(o *operation) Kernel {
	n := o.features()
	if !o.operands(1, 1) {
		return Kernel{}
	}
	return Kernel{Out: Spec{o.floats(0), []int{2, n}}, f32: bindMoments[float32](n), f64: bindMoments[float64](n)}
}

func bindMoments[T kernel.Float](n int) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x := c.out, c.in[0]
		return func() error { kernel.Moments(n, x, out); return nil }
	}
}

func normalize(o *operation) Kernel {
	norm := kernel.Norm{N: o.features(), Epsilon: o.number("epsilon")}
	if len(o.in) != 4 && !o.operands(2, 2) {
		return Kernel{}
	}
	o.floats(0, 1, 2, 3)
	o.is(1, 2, norm.N)
	o.is(2, norm.N)
	o.is(3, norm.N)
	return Kernel{Out: o.in[0], InPlace: []int{0}, f32: bindNormalize[float32](norm), f64: bindNormalize[float64](norm)}
}

// optional returns an operand that may be missing.
func optional[T kernel.Float](c *call[T], i int) []T {
	if i < len(c.in) {
		return c.in[i]
	}
	return nil
}

func bindNormalize[T kernel.Float](norm kernel.Norm) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, m, gamma, beta := c.out, c.in[0], c.in[1], optional(c, 2), optional(c, 3)
		return func() error { kernel.BatchNorm(norm, x, m, gamma, beta, out); return nil }
	}
}

func layerNorm(o *operation) Kernel {
	norm := kernel.Norm{N: o.lastAxis(), Epsilon: o.number("epsilon")}
	if len(o.in) != 3 && !o.operands(1, 1) {
		return Kernel{}
	}
	o.floats(0, 1, 2)
	o.is(1, norm.N)
	o.is(2, norm.N)
	return Kernel{Out: o.in[0], f32: bindLayerNorm[float32](norm), f64: bindLayerNorm[float64](norm)}
}

func rmsNorm(o *operation) Kernel {
	norm := kernel.Norm{N: o.lastAxis(), Epsilon: o.number("epsilon"), RMS: true}
	if !o.operands(1, 2) {
		return Kernel{}
	}
	o.floats(0, 1)
	o.is(1, norm.N)
	return Kernel{Out: o.in[0], f32: bindLayerNorm[float32](norm), f64: bindLayerNorm[float64](norm)}
}

func bindLayerNorm[T kernel.Float](norm kernel.Norm) func(*call[T]) run {
	return func(c *call[T]) run {
		out, x, gamma, beta := c.out, c.in[0], optional(c, 1), optional(c, 2)
		return func() error { kernel.LayerNorm(norm, x, gamma, beta, out); return nil }
	}
}
