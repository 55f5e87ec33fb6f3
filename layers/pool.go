package layers

import "github.com/seed732fc211/aegis/graph"

// MaxPool2D takes the maximum of every window of every channel.
//
// Shapes: x (batch, height, width, channels), y (batch, rows, columns, channels).
type MaxPool2D struct {
	Size    [2]int
	Stride  [2]int // 0: Size
	Padding Padding
}

// Build implements Layer.
func (p MaxPool2D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return b.MaxPool2D(x, p.Size, graph.Window{Stride: p.Stride, Padding: p.Padding})
}

// AveragePool2D takes the mean of every window of every channel; what lies outside
// of the image does not count.
//
// Shapes: x (batch, height, width, channels), y (batch, rows, columns, channels).
type AveragePool2D struct {
	Size    [2]int
	Stride  [2]int // 0: Size
	Padding Padding
}

// Build implements Layer.
func (p AveragePool2D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return b.AveragePool2D(x, p.Size, graph.Window{Stride: p.Stride, Padding: p.Padding})
}

// MaxPool1D takes the maximum of every window of every channel of a sequence.
//
// Shapes: x (batch, steps, channels), y (batch, results, channels).
type MaxPool1D struct {
	Size    int
	Stride  int // 0: Size
	Padding Padding
}

// Build implements Layer.
func (p MaxPool1D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return pool1D(b, x, p.Padding, func(x *graph.Node) *graph.Node {
		return b.MaxPool2D(x, [2]int{1, p.Size}, graph.Window{Stride: [2]int{1, p.Stride}, Padding: p.Padding})
	})
}

// AveragePool1D takes the mean of every window of every channel of a sequence; what
// lies outside of the sequence does not count.
//
// Shapes: x (batch, steps, channels), y (batch, results, channels).
type AveragePool1D struct {
	Size    int
	Stride  int // 0: Size
	Padding Padding
}

// Build implements Layer.
func (p AveragePool1D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return pool1D(b, x, p.Padding, func(x *graph.Node) *graph.Node {
		return b.AveragePool2D(x, [2]int{1, p.Size}, graph.Window{Stride: [2]int{1, p.Stride}, Padding: p.Padding})
	})
}

func pool1D(b *graph.Builder, x *graph.Node, p Padding, pool func(*graph.Node) *graph.Node) *graph.Node {
	if !hasAxes(b, x, 3, "(batch, steps, channels)") {
		return nil
	}
	if p.Top != 0 || p.Bottom != 0 {
		return b.Fail("padding %v: a sequence has borders at Left and Right only", p)
	}
	s := b.Shape(x)
	y := pool(b.Reshape(x, s[0], 1, s[1], s[2]))
	return b.Reshape(y, s[0], b.Dim(y, 2), s[2])
}

// GlobalMaxPool takes the maximum of every channel over all axes between the batch
// and the channels.
//
// Shapes: x (batch, ..., channels), y (batch, channels).
type GlobalMaxPool struct{}

// Build implements Layer.
func (GlobalMaxPool) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return global(b, x, b.Max)
}

// GlobalAveragePool takes the mean of every channel over all axes between the batch
// and the channels.
//
// Shapes: x (batch, ..., channels), y (batch, channels).
type GlobalAveragePool struct{}

// Build implements Layer.
func (GlobalAveragePool) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return global(b, x, b.Mean)
}

func global(b *graph.Builder, x *graph.Node, reduce func(x *graph.Node, axes ...int) *graph.Node) *graph.Node {
	s := b.Shape(x)
	if b.Err() != nil {
		return nil
	}
	if len(s) < 3 {
		return b.Fail("input %v: want (batch, ..., channels) with an axis between", s)
	}
	return reduce(x, between(s)...)
}

// AdaptiveAveragePool2D takes the means of Size[0] x Size[1] regions, whatever the
// size of the images.
//
// Shapes: x (batch, height, width, channels), y (batch, Size[0], Size[1], channels).
type AdaptiveAveragePool2D struct{ Size [2]int }

// Build implements Layer.
func (p AdaptiveAveragePool2D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return b.AdaptiveAveragePool2D(x, p.Size[0], p.Size[1])
}

// AdaptiveMaxPool2D takes the maxima of Size[0] x Size[1] regions, whatever the size
// of the images.
//
// Shapes: x (batch, height, width, channels), y (batch, Size[0], Size[1], channels).
type AdaptiveMaxPool2D struct{ Size [2]int }

// Build implements Layer.
func (p AdaptiveMaxPool2D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return b.AdaptiveMaxPool2D(x, p.Size[0], p.Size[1])
}

// Upsample2D makes images larger by whole factors.
//
// Shapes: x (batch, height, width, channels), y (batch, height·By[0], width·By[1], channels).
type Upsample2D struct {
	By            [2]int
	Interpolation graph.Interpolation // zero value: nearest
}

// Build implements Layer.
func (u Upsample2D) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	return b.Upsample2D(x, u.By, u.Interpolation)
}
