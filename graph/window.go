package graph

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/internal/kernel"
)

// Padding is the border of zeros around images. The zero value is none.
type Padding struct {
	// Same makes the result ceil(size/stride) large; an odd row or column of zeros
	// is put at the bottom or the right, as TensorFlow does.
	Same bool
	// Causal puts dilation·(size − 1) zeros before the first step of a sequence, so
	// that no result sees a later step. For one axis only.
	Causal bool
	// Explicit borders; with Same or Causal they have to be 0.
	Top, Bottom, Left, Right int
}

// String returns the padding as errors tell it, such as "Same" or "top 1, left 2".
func (p Padding) String() string {
	var parts []string
	add := func(set bool, part string) {
		if set {
			parts = append(parts, part)
		}
	}
	add(p.Same, "Same")
	add(p.Causal, "Causal")
	add(p.Top != 0, fmt.Sprint("top ", p.Top))
	add(p.Bottom != 0, fmt.Sprint("bottom ", p.Bottom))
	add(p.Left != 0, fmt.Sprint("left ", p.Left))
	add(p.Right != 0, fmt.Sprint("right ", p.Right))
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// Same is the padding that makes a result of stride 1 as large as the image.
var Same = Padding{Same: true}

// Causal is the padding that lets no result see a later step.
var Causal = Padding{Causal: true}

// Pad is a border of n zeros on all sides.
func Pad(n int) Padding { return Padding{Top: n, Bottom: n, Left: n, Right: n} }

// Window is how a kernel moves over images. Zeros stand for 1.
type Window struct {
	Stride, Dilation [2]int // along height and width
	Padding          Padding
}

func (w Window) normal() Window {
	for i := range 2 {
		if w.Stride[i] == 0 {
			w.Stride[i] = 1
		}
		if w.Dilation[i] == 0 {
			w.Dilation[i] = 1
		}
	}
	return w
}

// geometry is the convolution of images of shape s by kernels of the given size.
func (w Window) geometry(s Shape, size [2]int, out, groups int) (*kernel.Conv, error) {
	w = w.normal()
	p := w.Padding
	c := &kernel.Conv{
		N: s[0], H: s[1], W: s[2], C: s[3], KH: size[0], KW: size[1], O: out,
		StrideH: w.Stride[0], StrideW: w.Stride[1], DilationH: w.Dilation[0], DilationW: w.Dilation[1],
		Top: p.Top, Bottom: p.Bottom, Left: p.Left, Right: p.Right, Groups: groups,
	}
	for i := range 2 {
		if size[i] < 1 || w.Stride[i] < 1 || w.Dilation[i] < 1 {
			return nil, fmt.Errorf("window %v, stride %v, dilation %v: want at least 1 of each", size, w.Stride, w.Dilation)
		}
	}
	switch explicit := p.Top != 0 || p.Bottom != 0 || p.Left != 0 || p.Right != 0; {
	case p.Same && p.Causal, explicit && (p.Same || p.Causal):
		return nil, fmt.Errorf("padding %v: choose one of Same, Causal and explicit borders", p)
	case min(p.Top, p.Bottom, p.Left, p.Right) < 0:
		return nil, fmt.Errorf("padding %v: a border is negative", p)
	case p.Causal && (c.H != 1 || c.KH != 1):
		return nil, errors.New("causal padding is for one axis")
	case p.Causal:
		c.Left = c.DilationW * (c.KW - 1)
	case p.Same:
		c.Top, c.Bottom = sameBorders(c.H, c.KH, c.StrideH, c.DilationH)
		c.Left, c.Right = sameBorders(c.W, c.KW, c.StrideW, c.DilationW)
	}
	if c.OutH() < 1 || c.OutW() < 1 {
		return nil, fmt.Errorf("a window of %v, dilation %v, does not fit into %s with padding %v", size, w.Dilation, dims(s), p)
	}
	return c, nil
}

func sameBorders(size, k, stride, dilation int) (before, after int) {
	out := (size + stride - 1) / stride
	all := max(0, (out-1)*stride+dilation*(k-1)+1-size)
	return all / 2, all - all/2
}
