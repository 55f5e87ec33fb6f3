package graph

import (
	"fmt"

	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ops"
)

// MaxPool2D returns the maximum of every window of every channel; what lies
// outside of the image does not count. The gradient goes to the first largest
// element. A stride of 0 stands for the window's size.
//
// Shapes: x (batch, height, width, channels), result (batch, rows, columns, channels).
func (b *Builder) MaxPool2D(x *Node, size [2]int, window Window) *Node {
	c := b.poolGeometry("MaxPool2D", x, size, window)
	if c == nil {
		return nil
	}
	return b.apply(&op{
		kind: "MaxPool2D", attrs: windowAttributes(c), diff: []bool{true},
		grad: func(b *Builder, in []*Node, y, g *Node) []*Node {
			return []*Node{b.maxPoolGrad(c, in[0], y, g, false)}
		},
	}, x)
}

// maxPoolGrad returns the gradient with respect to x of a maximum pooling; with relu, x is the
// positive part of something, and the gradient is by that.
func (b *Builder) maxPoolGrad(c *kernel.Conv, x, y, g *Node, relu bool) *Node {
	o := &op{
		kind: "MaxPool2DGrad", attrs: append(windowAttributes(c), attr("relu", relu)), out: typeOf(x),
		f32: bindMaxPoolGrad[float32](c, relu), f64: bindMaxPoolGrad[float64](c, relu),
	}
	if !relu {
		o.reluGrad = func(b *Builder) *Node { return b.maxPoolGrad(c, x, y, g, true) }
	}
	return b.apply(o, x, y, g)
}

func bindMaxPoolGrad[T kernel.Float](c *kernel.Conv, relu bool) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x, y, g := k.out, k.in[0], k.in[1], k.in[2]
		return func() error { kernel.MaxPoolGrad(c, relu, x, y, g, out); return nil }
	}
}

// AveragePool2D returns the mean of every window of every channel; what lies
// outside of the image does not count. A stride of 0 stands for the window's size.
//
// Shapes: x (batch, height, width, channels), result (batch, rows, columns, channels).
func (b *Builder) AveragePool2D(x *Node, size [2]int, window Window) *Node {
	c := b.poolGeometry("AveragePool2D", x, size, window)
	if c == nil {
		return nil
	}
	return b.apply(&op{
		kind: "AveragePool2D", attrs: windowAttributes(c), diff: []bool{true},
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			return []*Node{b.apply(&op{
				kind: "AveragePool2DGrad", attrs: append(windowAttributes(c), outputShape(c)), out: typeOf(in[0]),
				f32: bindPool(c, kernel.AveragePoolGrad[float32]), f64: bindPool(c, kernel.AveragePoolGrad[float64]),
			}, g)}
		},
	}, x)
}

func (b *Builder) poolGeometry(name string, x *Node, size [2]int, window Window) *kernel.Conv {
	if !b.readyFloat(name, x) {
		return nil
	}
	s := x.Shape()
	if len(s) != 4 {
		b.fail(name, fmt.Errorf("%s: want (batch, height, width, channels)", dims(s)))
		return nil
	}
	for i := range 2 {
		if window.Stride[i] == 0 {
			window.Stride[i] = size[i]
		}
	}
	c, err := window.geometry(s, size, s[3], s[3])
	if err == nil && (max(c.Top, c.Bottom) > c.DilationH*(c.KH-1) || max(c.Left, c.Right) > c.DilationW*(c.KW-1)) {
		err = fmt.Errorf("padding %v: a window of %v would see nothing of the image", window.Padding, size)
	}
	if err != nil {
		b.fail(name, err)
		return nil
	}
	return c
}

func bindPool[G any, T kernel.Float](c *G, f func(c *G, x, y []T)) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x := k.out, k.in[0]
		return func() error { f(c, x, out); return nil }
	}
}

func bindRoute[G any, T kernel.Float](c *G, f func(c *G, x, y, dy, dx []T)) func(*call[T]) run {
	return func(k *call[T]) run {
		out, x, y, g := k.out, k.in[0], k.in[1], k.in[2]
		return func() error { f(c, x, y, g, out); return nil }
	}
}

// AdaptiveAveragePool2D returns the means of rows x columns regions that cover
// the image: region i of n along an axis is from ⌊i·size/n⌋ to ⌈(i+1)·size/n⌉, as
// PyTorch has it.
//
// Shapes: x (batch, height, width, channels), result (batch, rows, columns, channels).
func (b *Builder) AdaptiveAveragePool2D(x *Node, rows, columns int) *Node {
	const name = "AdaptiveAveragePool2D"
	s := b.regions(name, x, rows, columns)
	if s == nil {
		return nil
	}
	attrs := []Attribute{attr("output_size", []int{rows, columns})}
	return b.apply(&op{
		kind: name, attrs: attrs, diff: []bool{true},
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			z := ops.Regions(s, []int{rows, columns})
			return []*Node{b.apply(&op{
				kind: name + "Grad", attrs: append(attrs[:1:1], attr("output_shape", []int{z.H, z.W})), out: typeOf(in[0]),
				f32: bindPool(z, kernel.RegionMeanGrad[float32]), f64: bindPool(z, kernel.RegionMeanGrad[float64]),
			}, g)}
		},
	}, x)
}

// AdaptiveMaxPool2D returns the maxima of the regions of AdaptiveAveragePool2D.
func (b *Builder) AdaptiveMaxPool2D(x *Node, rows, columns int) *Node {
	const name = "AdaptiveMaxPool2D"
	s := b.regions(name, x, rows, columns)
	if s == nil {
		return nil
	}
	attrs := []Attribute{attr("output_size", []int{rows, columns})}
	return b.apply(&op{
		kind: name, attrs: attrs, diff: []bool{true},
		grad: func(b *Builder, in []*Node, y, g *Node) []*Node {
			z := ops.Regions(s, []int{rows, columns})
			return []*Node{b.apply(&op{
				kind: name + "Grad", attrs: attrs, out: typeOf(in[0]),
				f32: bindRoute(z, kernel.RegionMaxGrad[float32]), f64: bindRoute(z, kernel.RegionMaxGrad[float64]),
			}, in[0], y, g)}
		},
	}, x)
}

// regions returns the shape of the images of an adaptive pooling, nil after a mistake.
func (b *Builder) regions(name string, x *Node, rows, columns int) Shape {
	if !b.readyFloat(name, x) {
		return nil
	}
	s := x.Shape()
	switch {
	case len(s) != 4:
		b.fail(name, fmt.Errorf("%s: want (batch, height, width, channels)", dims(s)))
		return nil
	case rows < 1 || columns < 1:
		b.fail(name, fmt.Errorf("%d x %d regions: want at least 1 of each", rows, columns))
		return nil
	}
	return s
}
