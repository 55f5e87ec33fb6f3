package plots

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gorgonia.org/tensor"
)

// Images is the input of DrawImages.
type Images struct {
	Title string
	// Set has images as its first input, of shape (rows, height, width) or (rows, height,
	// width, 1 or 3).
	Set  *data.Set
	Rows []int // nil: the first 30
	// Captions holds one caption per image, which may have several lines. nil: the names of
	// the true classes, if any; empty: none.
	Captions []string
	Columns  int // 0: 10
	// Diverging is for values around 0, such as filters: orange below, white at 0, blue
	// above. false: grey from 0 to 1.
	Diverging bool
}

// DrawImages draws images of a set in rows, pixel by pixel. Values outside the scale, which
// is [0, 1] or, with Diverging, ±max, are clipped.
func DrawImages(d Images) (*Figure, error) {
	if d.Set == nil || d.Set.Len() == 0 {
		return nil, errNothing
	}
	if d.Columns == 0 {
		d.Columns = 10
	}
	if d.Rows == nil {
		for i := range min(d.Set.Len(), 30) {
			d.Rows = append(d.Rows, i)
		}
	}
	if len(d.Rows) == 0 || d.Columns < 1 {
		return nil, errNothing
	}
	if d.Captions == nil && len(d.Set.Classes) > 0 {
		if labels, err := d.Set.Labels(); err == nil {
			for _, r := range d.Rows {
				if r >= 0 && r < len(labels) {
					d.Captions = append(d.Captions, d.Set.Classes[labels[r]])
				}
			}
		}
	}
	if len(d.Captions) != 0 && len(d.Captions) != len(d.Rows) {
		return nil, fmt.Errorf("plots: %d captions for %d images", len(d.Captions), len(d.Rows))
	}
	pictures := make([]image.Image, len(d.Rows))
	for i, r := range d.Rows {
		m, err := d.picture(r)
		if err != nil {
			return nil, err
		}
		pictures[i] = m
	}
	return d.figure(pictures), nil
}

// zoom enlarges the pixels of small images so that they are drawn without blur.
const zoom = 8

// picture paints one image.
func (d Images) picture(row int) (image.Image, error) {
	x := d.Set.Inputs[0]
	shape := x.Shape()
	channels := 1
	if len(shape) == 4 {
		channels = shape[3]
	}
	if len(shape) < 3 || len(shape) > 4 || channels != 1 && channels != 3 {
		return nil, fmt.Errorf("plots: images of shape %v: want (rows, height, width) or (rows, height, width, 1 or 3)", shape)
	}
	if row < 0 || row >= shape[0] {
		return nil, fmt.Errorf("plots: image %d of %d", row, shape[0])
	}
	h, w := shape[1], shape[2]
	size := h * w * channels
	at, err := values(x, row*size, size)
	if err != nil {
		return nil, err
	}
	scale := 0.0
	for i := range size {
		scale = max(scale, math.Abs(at(i)))
	}
	m := image.NewRGBA(image.Rect(0, 0, w*zoom, h*zoom))
	for y := range h * zoom {
		for x := range w * zoom {
			m.SetRGBA(x, y, d.colour(at, ((y/zoom)*w+x/zoom)*channels, channels, scale))
		}
	}
	return m, nil
}

func (d Images) colour(at func(int) float64, i, channels int, scale float64) color.RGBA {
	level := func(v float64) uint8 { return uint8(math.Round(255 * min(max(v, 0), 1))) }
	switch {
	case channels == 3:
		return color.RGBA{level(at(i)), level(at(i + 1)), level(at(i + 2)), 0xff}
	case !d.Diverging:
		v := level(at(i))
		return color.RGBA{v, v, v, 0xff}
	case scale == 0:
		return paper
	case at(i) < 0:
		return pale(orange, min(-at(i)/scale, 1))
	}
	return pale(blue, min(at(i)/scale, 1))
}

// values returns access to n values of a float tensor.
func values(t *tensor.Dense, from, n int) (func(i int) float64, error) {
	switch v := t.Data().(type) {
	case []float32:
		if from+n <= len(v) {
			return func(i int) float64 { return float64(v[from+i]) }, nil
		}
	case []float64:
		if from+n <= len(v) {
			return func(i int) float64 { return v[from+i] }, nil
		}
	}
	return nil, fmt.Errorf("plots: images of type %v, %d values: want floats", t.Dtype(), t.DataSize())
}

// captionLine is the height of a line below an image.
const captionLine = vg.Length(10)

func (d Images) figure(pictures []image.Image) *Figure {
	const side, gap = 0.62 * vg.Inch, vg.Length(6)
	caption := textStyle(7.5, ink)
	caption.XAlign, caption.YAlign = text.XCenter, text.YTop
	below, top := vg.Length(0), vg.Length(4)
	for _, lines := range d.Captions {
		below = max(below, captionLine*vg.Length(1+strings.Count(lines, "\n"))+1)
	}
	if d.Title != "" {
		top = 26
	}
	b := pictures[0].Bounds()
	high := side * vg.Length(b.Dy()) / vg.Length(b.Dx())
	columns := min(d.Columns, len(pictures))
	rows := (len(pictures) + columns - 1) / columns
	f := &Figure{width: vg.Length(columns)*(side+gap) + gap, height: vg.Length(rows)*(high+gap+below) + top + 4}
	f.width = max(f.width, boldStyle(titleSize, ink).Width(d.Title)+2*gap)
	f.paint = func(c draw.Canvas) {
		if d.Title != "" {
			s := boldStyle(titleSize, ink)
			s.YAlign = text.YTop
			c.FillText(s, vg.Point{X: c.Min.X + gap, Y: c.Max.Y - 6}, d.Title)
		}
		for i, m := range pictures {
			x := c.Min.X + gap + vg.Length(i%columns)*(side+gap)
			y := c.Max.Y - top - vg.Length(i/columns)*(high+gap+below)
			r := vg.Rectangle{Min: vg.Point{X: x, Y: y - high}, Max: vg.Point{X: x + side, Y: y}}
			c.DrawImage(r, m)
			c.StrokeLines(line(0.5, faint), []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}, r.Min})
			if len(d.Captions) != 0 {
				for k, l := range strings.Split(d.Captions[i], "\n") {
					c.FillText(caption, vg.Point{X: x + side/2, Y: y - high - 2 - captionLine*vg.Length(k)}, shorten(l, 13))
				}
			}
		}
	}
	return f
}
