package images

import (
	"fmt"
	"math"
)

// affine maps a point of the result to one of the source: (a·x + b·y + c, d·x + e·y + f).
type affine struct{ a, b, c, d, e, f float64 }

// rotation turns counterclockwise, by degrees, about the centre.
func rotation(degrees float64, h, w int) affine {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	cx, cy := float64(w)/2, float64(h)/2
	// y points down.
	return affine{cos, -sin, cx - cos*cx + sin*cy, sin, cos, cy - sin*cx - cos*cy}
}

func (t affine) at(x, y float64) (float64, float64) {
	return t.a*x + t.b*y + t.c, t.d*x + t.e*y + t.f
}

// inverse maps a point of the source to one of the result.
func (t affine) inverse() affine {
	det := t.a*t.e - t.b*t.d
	a, b, d, e := t.e/det, -t.b/det, -t.d/det, t.a/det
	return affine{a, b, -a*t.c - b*t.f, d, e, -d*t.c - e*t.f}
}

// move computes pixels from their places in the source, bilinearly, as Pillow does: a pixel whose
// place lies outside is filled, and near the border the pixel at the border counts for those beyond.
// The mask is that of the nearest pixel.
func (s *Sample) move(t affine, fill float32) {
	m := &s.Image
	pix := make([]float32, len(m.Pix))
	var mask []int
	if s.Mask != nil {
		mask = make([]int, len(s.Mask))
	}
	for y := range m.Height {
		for x := range m.Width {
			i := y*m.Width + x
			to := pix[i*m.Channels : (i+1)*m.Channels]
			u, v := t.at(float64(x)+0.5, float64(y)+0.5)
			if !(u >= 0 && v >= 0 && u < float64(m.Width) && v < float64(m.Height)) {
				for c := range to {
					to[c] = fill
				}
				if mask != nil {
					mask[i] = ignored
				}
				continue
			}
			if mask != nil {
				mask[i] = s.Mask[int(v)*m.Width+int(u)]
			}
			m.between(u-0.5, v-0.5, to)
		}
	}
	m.Pix, s.Mask = pix, mask
	back := t.inverse()
	s.moveBoxes(back.at)
}

// between interpolates between the four pixels around a point.
func (m *Image) between(u, v float64, to []float32) {
	x, y := math.Floor(u), math.Floor(v)
	dx, dy := u-x, v-y
	left, right := max(0, int(x)), min(m.Width-1, int(x)+1)
	top, bottom := max(0, int(y))*m.Width, min(m.Height-1, int(y)+1)*m.Width
	for c := range to {
		at := func(i int) float64 { return float64(m.Pix[i*m.Channels+c]) }
		upper := at(top+left) + float64((at(top+right)-at(top+left))*dx)
		lower := at(bottom+left) + float64((at(bottom+right)-at(bottom+left))*dx)
		to[c] = float32(upper + float64((lower-upper)*dy))
	}
}

// within checks a magnitude.
func within(what string, v, low, high float64) error {
	if !(v >= low && v <= high) {
		return fmt.Errorf("images: %s %v: want %v to %v", what, v, low, high)
	}
	return nil
}
