package images

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/internal/builtin"
)

// Sample is a picture with what belongs to it. Changes that move pixels move boxes and mask along.
type Sample struct {
	Image Image
	Boxes []Box
	Mask  []int // class of each pixel, (height, width) in row-major order; -1 does not count; nil: no mask
}

// Box is a rectangle around an object, in pixels: the pixel in row 0 and column 0 reaches from (0, 0)
// to (1, 1).
type Box struct {
	Left, Top, Right, Bottom float64
	Class                    int
}

// ignored is the mask of pixels from beyond the picture.
const ignored = -1

// Change changes a sample at random while a model is trained, such as HorizontalFlip or RandAugment.
// All randomness comes from r, so the same seed gives the same samples in any order.
type Change interface {
	Apply(s *Sample, r *rand.Rand) error
}

// Changes apply one after another. They are a data.Augmenter, as train.Config.Augment takes:
//
//	train.Config{Augment: images.Changes{images.HorizontalFlip{}, images.RandAugment{}}}
//
// Shapes: (height, width, channels) with one or three channels, or (height, width), of values in
// [0, 1]; a change keeps the size. Pixels are computed in float32.
type Changes []Change

// Apply implements Change.
func (c Changes) Apply(s *Sample, r *rand.Rand) error {
	if err := s.check(r); err != nil {
		return err
	}
	for i, one := range c {
		if one == nil {
			return fmt.Errorf("images: change %d is nil", i)
		}
		if err := one.Apply(s, r); err != nil {
			return err
		}
	}
	return nil
}

// Augment implements data.Augmenter.
func (c Changes) Augment(x []float64, shape []int, r *rand.Rand) error {
	s := &Sample{Image: Image{Channels: 1, Pix: make([]float32, len(x))}}
	switch len(shape) {
	case 3:
		s.Image.Channels = shape[2]
		fallthrough
	case 2:
		s.Image.Height, s.Image.Width = shape[0], shape[1]
	default:
		return fmt.Errorf("images: changes of an input of shape %v: want (height, width) or (height, width, channels)", shape)
	}
	for i, v := range x {
		s.Image.Pix[i] = float32(v)
	}
	if err := c.Apply(s, r); err != nil {
		return err
	}
	if len(s.Image.Pix) != len(x) || s.Image.Height != shape[0] || s.Image.Width != shape[1] {
		return fmt.Errorf("images: a change made (%d, %d, %d) of an input of shape %v: want the same", s.Image.Height, s.Image.Width, s.Image.Channels, shape)
	}
	for i, v := range s.Image.Pix {
		x[i] = float64(v)
	}
	return nil
}

func init() {
	builtin.Register(Changes{}, HorizontalFlip{}, RandomCrop{}, RandomResizedCrop{}, ColorJitter{}, RandAugment{})
}

// check reports a sample whose parts do not fit together.
func (s *Sample) check(r *rand.Rand) error {
	if s == nil {
		return errors.New("images: there is no sample")
	}
	if r == nil {
		return errors.New("images: the source of random numbers is nil")
	}
	if err := s.Image.check(); err != nil {
		return err
	}
	if c := s.Image.Channels; c != 1 && c != 3 {
		return fmt.Errorf("images: %d channels: want 1 or 3", c)
	}
	if s.Mask != nil && len(s.Mask) != s.Image.Height*s.Image.Width {
		return fmt.Errorf("images: a mask of %d pixels for a picture of %d x %d", len(s.Mask), s.Image.Height, s.Image.Width)
	}
	for i, b := range s.Boxes {
		if !(b.Left <= b.Right && b.Top <= b.Bottom) || math.IsInf(b.Right-b.Left+b.Bottom-b.Top, 0) {
			return fmt.Errorf("images: box %d from (%v, %v) to (%v, %v): want left and top first", i, b.Left, b.Top, b.Right, b.Bottom)
		}
	}
	return nil
}

// chance returns a probability: 0 stands for one half, what is negative for never.
func chance(p float64) (float64, error) {
	if p == 0 {
		return 0.5, nil
	}
	if !(p <= 1) {
		return 0, fmt.Errorf("images: a probability of %v: want at most 1", p)
	}
	return max(0, p), nil
}

// HorizontalFlip mirrors pictures left to right.
type HorizontalFlip struct {
	Chance float64 // 0: 0.5; negative: never
}

// Apply implements Change.
func (f HorizontalFlip) Apply(s *Sample, r *rand.Rand) error {
	if err := s.check(r); err != nil {
		return err
	}
	p, err := chance(f.Chance)
	if err != nil {
		return err
	}
	if r.Float64() >= p {
		return nil
	}
	m := &s.Image
	pix := make([]float32, len(m.Pix))
	for y := range m.Height {
		for x := range m.Width {
			from, to := (y*m.Width+x)*m.Channels, (y*m.Width+m.Width-1-x)*m.Channels
			copy(pix[to:to+m.Channels], m.Pix[from:])
		}
		if s.Mask != nil {
			slices.Reverse(s.Mask[y*m.Width : (y+1)*m.Width])
		}
	}
	m.Pix = pix
	for i, b := range s.Boxes {
		s.Boxes[i].Left, s.Boxes[i].Right = float64(m.Width)-b.Right, float64(m.Width)-b.Left
	}
	return nil
}

// RandomCrop pads pictures on all sides and cuts out a random part of the size that they had, as is
// usual for CIFAR with 4 pixels: He et al. (2015), arXiv:1512.03385, section 4.2.
type RandomCrop struct {
	Padding int     // pixels on each side; 0: an eighth of the shorter side
	Fill    float64 // value of padding
}

// Apply implements Change.
func (c RandomCrop) Apply(s *Sample, r *rand.Rand) error {
	if err := s.check(r); err != nil {
		return err
	}
	m := &s.Image
	pad := c.Padding
	if pad == 0 {
		pad = min(m.Height, m.Width) / 8
	}
	if pad < 0 || pad > mostSide {
		return fmt.Errorf("images: random crop: a padding of %d: want 0 to %d", c.Padding, mostSide)
	}
	if err := filled(c.Fill); err != nil {
		return err
	}
	down, right := r.IntN(2*pad+1)-pad, r.IntN(2*pad+1)-pad
	s.shift(down, right, float32(c.Fill))
	return nil
}

func filled(v float64) error {
	if math.IsNaN(v) || math.Abs(v) > math.MaxFloat32 {
		return fmt.Errorf("images: pixels filled with %v: want a finite number", v)
	}
	return nil
}

// shift moves everything by whole pixels.
func (s *Sample) shift(down, right int, fill float32) {
	m := &s.Image
	pix := make([]float32, len(m.Pix))
	for i := range pix {
		pix[i] = fill
	}
	var mask []int
	if s.Mask != nil {
		mask = slices.Repeat([]int{ignored}, len(s.Mask))
	}
	left, end := max(0, right), min(m.Width, m.Width+right) // of the columns that stay
	for y := max(0, down); y < min(m.Height, m.Height+down) && left < end; y++ {
		to, from := y*m.Width+left, (y-down)*m.Width+left-right
		copy(pix[to*m.Channels:(y*m.Width+end)*m.Channels], m.Pix[from*m.Channels:])
		if mask != nil {
			copy(mask[to:y*m.Width+end], s.Mask[from:])
		}
	}
	m.Pix = pix
	s.Mask = mask
	s.moveBoxes(func(x, y float64) (float64, float64) { return x + float64(right), y + float64(down) })
}

// moveBoxes replaces each box by the smallest upright one around its moved corners, within the
// picture. Boxes of which nothing is left are removed.
func (s *Sample) moveBoxes(to func(x, y float64) (float64, float64)) {
	h, w := float64(s.Image.Height), float64(s.Image.Width)
	kept := s.Boxes[:0]
	for _, b := range s.Boxes {
		moved := Box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1), b.Class}
		for _, corner := range [][2]float64{{b.Left, b.Top}, {b.Right, b.Top}, {b.Left, b.Bottom}, {b.Right, b.Bottom}} {
			x, y := to(corner[0], corner[1])
			moved.Left, moved.Right = min(moved.Left, x), max(moved.Right, x)
			moved.Top, moved.Bottom = min(moved.Top, y), max(moved.Bottom, y)
		}
		moved.Left, moved.Right = max(0, moved.Left), min(w, moved.Right)
		moved.Top, moved.Bottom = max(0, moved.Top), min(h, moved.Bottom)
		if moved.Left < moved.Right && moved.Top < moved.Bottom {
			kept = append(kept, moved)
		}
	}
	s.Boxes = kept
}

// RandomResizedCrop cuts out a random part and scales it to the size that the picture had: Szegedy et
// al. (2014), arXiv:1409.4842, section 6. Up to ten parts of an area uniform in [MinArea, 1] of the
// picture's and of a ratio of width to height log-uniform in [3/4, 4/3] are tried; if none fits, the
// whole picture stays.
type RandomResizedCrop struct {
	MinArea float64 // 0: 0.08
	Filter  Filter  // zero value: Bilinear
}

// Apply implements Change.
func (c RandomResizedCrop) Apply(s *Sample, r *rand.Rand) error {
	if err := s.check(r); err != nil {
		return err
	}
	if c.MinArea == 0 {
		c.MinArea = 0.08
	}
	if !(c.MinArea > 0 && c.MinArea <= 1) || c.Filter != Bilinear && c.Filter != Bicubic {
		return fmt.Errorf("images: random resized crop: an area from %v, filter %d: want (0, 1], Bilinear or Bicubic", c.MinArea, c.Filter)
	}
	m := &s.Image
	for range 10 {
		area := float64(m.Height*m.Width) * (c.MinArea + (1-c.MinArea)*r.Float64())
		ratio := math.Exp(math.Log(4.0/3) * (2*r.Float64() - 1))
		h, w := int(math.Round(math.Sqrt(area/ratio))), int(math.Round(math.Sqrt(area*ratio)))
		if h < 1 || w < 1 || h > m.Height || w > m.Width {
			continue
		}
		return s.zoom(r.IntN(m.Height-h+1), r.IntN(m.Width-w+1), h, w, c.Filter)
	}
	return nil
}

// zoom scales a part of everything to the whole size.
func (s *Sample) zoom(top, left, h, w int, f Filter) error {
	m := &s.Image
	part := &Image{Height: h, Width: w, Channels: m.Channels}
	for y := range h {
		at := ((top+y)*m.Width + left) * m.Channels
		part.Pix = append(part.Pix, m.Pix[at:at+w*m.Channels]...)
	}
	out, err := part.fitted(Options{Height: m.Height, Width: m.Width, Stretch: true, Filter: f})
	if err != nil {
		return err
	}
	if s.Mask != nil { // the nearest pixel
		mask := make([]int, len(s.Mask))
		for y := range m.Height {
			for x := range m.Width {
				mask[y*m.Width+x] = s.Mask[(top+(2*y+1)*h/(2*m.Height))*m.Width+left+(2*x+1)*w/(2*m.Width)]
			}
		}
		s.Mask = mask
	}
	down, across := float64(m.Height)/float64(h), float64(m.Width)/float64(w)
	s.Image = *out
	s.moveBoxes(func(x, y float64) (float64, float64) {
		return (x - float64(left)) * across, (y - float64(top)) * down
	})
	return nil
}
