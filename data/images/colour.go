package images

import (
	"math"
	"math/rand/v2"
)

// toward moves each value away from another one: other + factor·(value − other), within [0, 1].
func toward(v, other, factor float32) float32 {
	return max(0, min(1, other+float32(factor*(v-other))))
}

// brightness scales all values: 0 is black.
func (m *Image) brightness(factor float64) {
	for i, v := range m.Pix {
		m.Pix[i] = toward(v, 0, float32(factor))
	}
}

// lumaAt returns the luma of pixel i.
func (m *Image) lumaAt(i int) float32 {
	if m.Channels == 1 {
		return m.Pix[i]
	}
	return luma(m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2])
}

// contrast scales the distance from the mean luma.
func (m *Image) contrast(factor float64) {
	sum := 0.0
	for i := range m.Height * m.Width {
		sum += float64(m.lumaAt(i))
	}
	mean := float32(sum / float64(m.Height*m.Width))
	for i, v := range m.Pix {
		m.Pix[i] = toward(v, mean, float32(factor))
	}
}

// saturation scales the distance from the pixel's luma: 0 is grey.
func (m *Image) saturation(factor float64) {
	if m.Channels == 1 {
		return
	}
	for i := range m.Height * m.Width {
		grey := m.lumaAt(i)
		for c := 3 * i; c < 3*i+3; c++ {
			m.Pix[c] = toward(m.Pix[c], grey, float32(factor))
		}
	}
}

// sharpness scales the distance from a smoothed picture, whose kernel is 1/13 around 5/13. Pixels
// at the border stay.
func (m *Image) sharpness(factor float64) {
	pix := append([]float32(nil), m.Pix...)
	row := m.Width * m.Channels
	for y := 1; y < m.Height-1; y++ {
		for i := y*row + m.Channels; i < (y+1)*row-m.Channels; i++ {
			sum := 4 * m.Pix[i]
			for _, from := range [...]int{i - row, i, i + row} {
				sum += m.Pix[from-m.Channels] + m.Pix[from] + m.Pix[from+m.Channels]
			}
			pix[i] = toward(m.Pix[i], sum/13, float32(factor))
		}
	}
	m.Pix = pix
}

// hue turns the hue of every pixel by a part of the circle.
func (m *Image) hue(turn float64) {
	if m.Channels == 1 {
		return
	}
	for i := range m.Height * m.Width {
		p := m.Pix[3*i : 3*i+3]
		h, s, v := toHSV(float64(p[0]), float64(p[1]), float64(p[2]))
		_, h = math.Modf(h + turn + 1)
		r, g, b := fromHSV(h, s, v)
		p[0], p[1], p[2] = float32(r), float32(g), float32(b)
	}
}

// toHSV returns hue, saturation and value, all in [0, 1]. Smith (1978), Color gamut transform pairs.
func toHSV(r, g, b float64) (h, s, v float64) {
	v = max(r, g, b)
	wide := v - min(r, g, b)
	if wide == 0 {
		return 0, 0, v
	}
	switch v {
	case r:
		h = (g - b) / wide
	case g:
		h = 2 + (b-r)/wide
	default:
		h = 4 + (r-g)/wide
	}
	if h < 0 {
		h += 6
	}
	return h / 6, wide / v, v
}

func fromHSV(h, s, v float64) (r, g, b float64) {
	part := func(n float64) float64 {
		k := math.Mod(n+6*h, 6)
		return v - float64(v*s)*max(0, min(k, 4-k, 1))
	}
	return part(5), part(3), part(1)
}

// level returns a value's level of 0 to 255.
func level(v float32) int {
	if !(v > 0) { // also what is not a number
		return 0
	}
	return int(min(255, math.RoundToEven(255*float64(v))))
}

// byLevel maps the levels of each channel by a table, which f makes of how many pixels have each.
func (m *Image) byLevel(f func(count *[256]int) *[256]int) {
	for c := range m.Channels {
		var count [256]int
		for i := c; i < len(m.Pix); i += m.Channels {
			count[level(m.Pix[i])]++
		}
		table := f(&count)
		if table == nil {
			continue
		}
		for i := c; i < len(m.Pix); i += m.Channels {
			m.Pix[i] = float32(table[level(m.Pix[i])]) / 255
		}
	}
}

// autoContrast spreads the levels of each channel over all of 0 to 255.
func (m *Image) autoContrast() {
	m.byLevel(func(count *[256]int) *[256]int {
		low, high := 0, 255
		for low < 255 && count[low] == 0 {
			low++
		}
		for high > 0 && count[high] == 0 {
			high--
		}
		if high <= low {
			return nil
		}
		var table [256]int
		scale := 255 / float64(high-low)
		for i := range table {
			table[i] = max(0, min(255, int(float64(i)*scale-float64(low)*scale)))
		}
		return &table
	})
}

// equalize makes the levels of each channel about equally frequent.
func (m *Image) equalize() {
	m.byLevel(func(count *[256]int) *[256]int {
		all, last, kinds := 0, 0, 0
		for _, n := range count {
			if n > 0 {
				all, last, kinds = all+n, n, kinds+1
			}
		}
		step := (all - last) / 255
		if kinds < 2 || step == 0 {
			return nil
		}
		var table [256]int
		sum := step / 2
		for i, n := range count {
			table[i] = min(255, sum/step)
			sum += n
		}
		return &table
	})
}

// posterize keeps some of the upper bits of each level.
func (m *Image) posterize(bits int) {
	m.byLevel(func(*[256]int) *[256]int {
		var table [256]int
		for i := range table {
			table[i] = i &^ (1<<(8-bits) - 1)
		}
		return &table
	})
}

// solarize inverts the levels from a threshold on.
func (m *Image) solarize(threshold int) {
	m.byLevel(func(*[256]int) *[256]int {
		var table [256]int
		for i := range table {
			if table[i] = i; i >= threshold {
				table[i] = 255 - i
			}
		}
		return &table
	})
}

// ColorJitter changes brightness, contrast and saturation by factors that are uniform in [1 − v, 1 + v],
// and turns the hue by a part of the circle uniform in [−Hue, Hue], in random order. The zero value
// changes nothing. Grey pictures have neither saturation nor hue.
type ColorJitter struct {
	Brightness, Contrast, Saturation float64 // in [0, 1]
	Hue                              float64 // in [0, 0.5]
}

// Apply implements Change.
func (j ColorJitter) Apply(s *Sample, r *rand.Rand) error {
	if err := s.check(r); err != nil {
		return err
	}
	for _, v := range []float64{j.Brightness, j.Contrast, j.Saturation} {
		if err := within("color jitter: a change by", v, 0, 1); err != nil {
			return err
		}
	}
	if err := within("color jitter: a hue turned by", j.Hue, 0, 0.5); err != nil {
		return err
	}
	s.own()
	m := &s.Image
	for _, k := range r.Perm(4) {
		even := 2*r.Float64() - 1 // drawn in any case, so that one setting does not change the others
		switch {
		case k == 0 && j.Brightness > 0:
			m.brightness(1 + j.Brightness*even)
		case k == 1 && j.Contrast > 0:
			m.contrast(1 + j.Contrast*even)
		case k == 2 && j.Saturation > 0:
			m.saturation(1 + j.Saturation*even)
		case k == 3 && j.Hue > 0:
			m.hue(j.Hue * even)
		}
	}
	return nil
}

// own copies the pixels, as colours are changed in place and the caller may hold the old ones.
func (s *Sample) own() { s.Image.Pix = append([]float32(nil), s.Image.Pix...) }
