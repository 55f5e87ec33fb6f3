package data

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// Augmenter changes samples at random while a model is trained, so that every epoch sees
// different ones. See train.Config.Augment.
type Augmenter interface {
	// Augment changes x, the values of one sample of the given shape in row-major order.
	// All randomness comes from r.
	Augment(x []float64, shape []int, r *rand.Rand) error
}

// AugmentFunc adapts a function to an Augmenter.
type AugmentFunc func(x []float64, shape []int, r *rand.Rand) error

// Augment calls f.
func (f AugmentFunc) Augment(x []float64, shape []int, r *rand.Rand) error {
	if f == nil {
		return errors.New("data: the augmenter's function is nil")
	}
	return f(x, shape, r)
}

// Augmenters applies augmenters in sequence.
type Augmenters []Augmenter

// Augment implements Augmenter.
func (a Augmenters) Augment(x []float64, shape []int, r *rand.Rand) error {
	for i, one := range a {
		if one == nil {
			return fmt.Errorf("data: augmenter %d is nil", i)
		}
		if err := one.Augment(x, shape, r); err != nil {
			return err
		}
	}
	return nil
}

// Augmented returns a copy of a set whose first input was changed by a, as a fit sees it
// in one epoch, for inspection. The randomness of a row depends only on the seed and the
// row number.
func Augmented(s *Set, a Augmenter, seed uint64) (*Set, error) {
	if s == nil || s.Len() == 0 || len(s.Inputs) == 0 {
		return nil, ErrEmpty
	}
	if a == nil {
		return nil, errors.New("data: no augmenter")
	}
	if s.Len() == 0 || len(s.Inputs) == 0 {
		return nil, ErrEmpty
	}
	all := make([]int, s.Len())
	for i := range all {
		all[i] = i
	}
	out, err := s.Rows(all)
	if err != nil {
		return nil, err
	}
	x := out.Inputs[0]
	shape := x.Shape()[1:]
	width := x.Shape().TotalSize() / s.Len()
	sample := make([]float64, width)
	for i := range all {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		switch v := x.Data().(type) {
		case []float64:
			err = a.Augment(v[i*width:(i+1)*width], shape, r)
		case []float32:
			part := v[i*width : (i+1)*width]
			for k, p := range part {
				sample[k] = float64(p)
			}
			err = a.Augment(sample, shape, r)
			for k, p := range sample {
				part[k] = float32(p)
			}
		default:
			return nil, fmt.Errorf("data: augmentation of %v: want floats", x.Dtype())
		}
		if err != nil {
			return nil, fmt.Errorf("%w (row %d)", err, i)
		}
	}
	return out, nil
}

var errNoRandom = errors.New("data: the source of random numbers is nil")

// Jitter adds normal noise of mean 0 and standard deviation Std to every value. It suits
// tables of standardised columns.
type Jitter struct{ Std float64 }

// Augment implements Augmenter.
func (j Jitter) Augment(x []float64, _ []int, r *rand.Rand) error {
	if !(j.Std >= 0) || math.IsInf(j.Std, 0) {
		return fmt.Errorf("data: jitter of standard deviation %v", j.Std)
	}
	if r == nil {
		return errNoRandom
	}
	for i := range x {
		x[i] += j.Std * r.NormFloat64()
	}
	return nil
}

// ImageAugment shifts, rotates, scales, mirrors and partly erases images. The four
// movements are combined into one affine map about the centre, so pixels are interpolated
// (bilinearly) only once. The zero value changes nothing.
//
// Shapes: x (height, width) or (height, width, channels).
type ImageAugment struct {
	Shift  float64 // largest shift along each axis, in pixels; uniform
	Rotate float64 // largest rotation either way, in degrees; uniform
	Scale  float64 // scale factors from 1/(1+Scale) to 1+Scale, log-uniform
	Flip   float64 // probability of mirroring left to right
	// Erase is the probability of setting a rectangle to Fill. Its area is between 2% and
	// EraseArea of the image, its aspect ratio between 0.3 and 3.3. Zhong et al. (2017),
	// arXiv:1708.04896, Algorithm 1.
	Erase     float64
	EraseArea float64 // largest fraction of the area; 0: 0.4
	Fill      float64 // value of erased pixels and of those from beyond the edge
}

func (a ImageAugment) check() error {
	switch {
	case !(a.Shift >= 0) || !(a.Rotate >= 0) || !(a.Scale >= 0) || math.IsInf(a.Shift+a.Rotate+a.Scale, 0):
		return fmt.Errorf("data: shift %v, rotate %v, scale %v: want finite numbers of at least 0", a.Shift, a.Rotate, a.Scale)
	case !(a.Flip >= 0 && a.Flip <= 1) || !(a.Erase >= 0 && a.Erase <= 1):
		return fmt.Errorf("data: flip %v, erase %v: want probabilities", a.Flip, a.Erase)
	case a.EraseArea != 0 && !(a.EraseArea >= 0.02 && a.EraseArea <= 1):
		return fmt.Errorf("data: erase area %v: want a share from 0.02 to 1", a.EraseArea)
	}
	return nil
}

// holds reports whether a shape has n elements, at least one.
func holds(shape []int, n int) bool {
	for _, d := range shape {
		if d < 1 || d > n || n%d != 0 {
			return false
		}
		n /= d
	}
	return n == 1
}

// Augment implements Augmenter.
func (a ImageAugment) Augment(x []float64, shape []int, r *rand.Rand) error {
	if err := a.check(); err != nil {
		return err
	}
	channels := 1
	if len(shape) == 3 {
		channels = shape[2]
	}
	if len(shape) < 2 || len(shape) > 3 || !holds(shape, len(x)) {
		return fmt.Errorf("data: image augmentation of %d values of shape %v: want (height, width) or (height, width, channels)", len(x), shape)
	}
	if r == nil {
		return errNoRandom
	}
	p := picture{x, shape[0], shape[1], channels}
	// All numbers are drawn whatever the settings, so that enabling one movement does not
	// change the others.
	even := func() float64 { return 2*r.Float64() - 1 }
	dx, dy := a.Shift*even(), a.Shift*even()
	turn := a.Rotate * math.Pi / 180 * even()
	size := math.Pow(1+a.Scale, even())
	flip := r.Float64() < a.Flip
	if dx != 0 || dy != 0 || turn != 0 || size != 1 {
		p.move(dx, dy, turn, size, a.Fill)
	}
	if flip {
		p.mirror()
	}
	if r.Float64() < a.Erase {
		area := a.EraseArea
		if area == 0 {
			area = 0.4
		}
		p.erase(area, a.Fill, r)
	}
	return nil
}

// picture is the values of an image in row-major order, channels last.
type picture struct {
	v           []float64
	h, w, depth int
}

// move rotates the image by an angle (from the x axis towards the y axis, which points
// down), scales it about its centre and shifts it by (dx, dy).
func (p picture) move(dx, dy, turn, size, fill float64) {
	from := append([]float64(nil), p.v...)
	cx, cy := float64(p.w-1)/2, float64(p.h-1)/2
	sin, cos := math.Sincos(turn)
	at := func(y, x, c int) float64 {
		if y < 0 || y >= p.h || x < 0 || x >= p.w {
			return fill
		}
		return from[(y*p.w+x)*p.depth+c]
	}
	for y := range p.h {
		for x := range p.w {
			// The source of the pixel: the inverse of rotating, then scaling, then
			// shifting.
			u, v := float64(x)-cx-dx, float64(y)-cy-dy
			sx, sy := (cos*u+sin*v)/size+cx, (cos*v-sin*u)/size+cy
			x0, y0 := math.Floor(sx), math.Floor(sy)
			fx, fy := sx-x0, sy-y0
			i, j := int(math.Max(math.Min(x0, float64(p.w)), -2)), int(math.Max(math.Min(y0, float64(p.h)), -2))
			for c := range p.depth {
				p.v[(y*p.w+x)*p.depth+c] = (1-fy)*((1-fx)*at(j, i, c)+fx*at(j, i+1, c)) +
					fy*((1-fx)*at(j+1, i, c)+fx*at(j+1, i+1, c))
			}
		}
	}
}

func (p picture) mirror() {
	for y := range p.h {
		for x := range p.w / 2 {
			for c := range p.depth {
				a, b := (y*p.w+x)*p.depth+c, (y*p.w+p.w-1-x)*p.depth+c
				p.v[a], p.v[b] = p.v[b], p.v[a]
			}
		}
	}
}

// erase sets a rectangle to fill, the first of up to 100 random ones that fits.
func (p picture) erase(largest, fill float64, r *rand.Rand) {
	for range 100 {
		area := (0.02 + (largest-0.02)*r.Float64()) * float64(p.h*p.w)
		ratio := 0.3 + (1/0.3-0.3)*r.Float64()
		h, w := int(math.Round(math.Sqrt(area*ratio))), int(math.Round(math.Sqrt(area/ratio)))
		if h < 1 || w < 1 || h > p.h || w > p.w {
			continue
		}
		top, left := r.IntN(p.h-h+1), r.IntN(p.w-w+1)
		for y := top; y < top+h; y++ {
			for i := (y*p.w + left) * p.depth; i < (y*p.w+left+w)*p.depth; i++ {
				p.v[i] = fill
			}
		}
		return
	}
}
