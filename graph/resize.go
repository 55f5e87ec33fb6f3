package graph

import (
	"fmt"

	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/internal/ops"
)

// Interpolation is how Upsample2D fills in pixels.
type Interpolation int

const (
	Nearest  Interpolation = iota // every pixel is repeated
	Bilinear                      // centres of pixels are half a pixel from their edges, as PyTorch has it without align_corners
)

// String returns ONNX's name, "nearest" or "linear".
func (i Interpolation) String() string {
	if i == Bilinear {
		return "linear"
	}
	return "nearest"
}

// Upsample2D makes images larger by whole factors along height and width.
//
// Shapes: x (batch, height, width, channels), result (batch, height·by[0], width·by[1], channels).
func (b *Builder) Upsample2D(x *Node, by [2]int, how Interpolation) *Node {
	const name = "Upsample2D"
	if !b.readyFloat(name, x) {
		return nil
	}
	s := x.Shape()
	switch {
	case len(s) != 4:
		return b.fail(name, fmt.Errorf("%s: want (batch, height, width, channels)", dims(s)))
	case by[0] < 1 || by[1] < 1:
		return b.fail(name, fmt.Errorf("factors %v: want at least 1", by))
	case how != Nearest && how != Bilinear:
		return b.fail(name, fmt.Errorf("interpolation %d is none", how))
	}
	if err := checkShape(Shape{s[0], s[1], by[0], s[2], by[1], s[3]}); err != nil {
		return b.fail(name, fmt.Errorf("factors %v: %w", by, err))
	}
	attrs := []Attribute{attr("scales", []int{by[0], by[1]}), attr("mode", how.String())}
	return b.apply(&op{
		kind: name, attrs: attrs, diff: []bool{true},
		grad: func(b *Builder, in []*Node, _, g *Node) []*Node {
			z := ops.Resize(s, by[:], how.String())
			return []*Node{b.apply(&op{
				kind: name + "Grad", attrs: attrs, out: typeOf(in[0]),
				f32: bindPool(z, kernel.ResizeGrad[float32]), f64: bindPool(z, kernel.ResizeGrad[float64]),
			}, g)}
		},
	}, x)
}
