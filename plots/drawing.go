package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawing is a figure that is more than one plot: it paints on the canvas of its block.
type drawing struct {
	title string
	high  vg.Length
	paint func(c draw.Canvas) // below the title
}

func (b *drawing) height(vg.Length) vg.Length { return b.high }

func (b *drawing) draw(c draw.Canvas) {
	s := boldStyle(titleSize, ink)
	s.XAlign, s.YAlign = text.XCenter, text.YTop
	c.FillText(s, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: c.Max.Y - vg.Points(4)}, fitted(s, oneLine(b.title), c.Max.X-c.Min.X))
	b.paint(draw.Crop(c, vg.Points(4), -vg.Points(4), vg.Points(4), -titleRoom))
}

// titleRoom is the height of a drawing's title.
const titleRoom = vg.Length(24)

func (b *drawing) section() section { return section{Label: oneLine(b.title), Drawn: true} }

// figure makes a Figure of the drawing alone.
func (b *drawing) figure(width vg.Length) *Figure {
	return &Figure{width: width, height: b.high + vg.Points(12), paint: func(c draw.Canvas) {
		b.draw(draw.Crop(c, vg.Points(6), -vg.Points(6), vg.Points(6), -vg.Points(6)))
	}}
}

// key is an entry of a legend in one line.
type key struct {
	text string
	mark func(c draw.Canvas, at vg.Point) // within 6 points of its centre
}

const keyRoom = vg.Length(16)

// keys draws a legend as a line, centred at the top of the canvas, and returns what is left
// below it. Entries that do not fit go to further lines.
func keys(c draw.Canvas, list []key) draw.Canvas {
	const markWidth, between = vg.Length(17), vg.Length(14)
	s := textStyle(tickSize, ink)
	s.YAlign = text.YCenter
	for len(list) > 0 {
		n, width := 0, vg.Length(0)
		for ; n < len(list); n++ {
			w := markWidth + s.Width(list[n].text)
			if n > 0 {
				w += between
			}
			if n > 0 && width+w > c.Max.X-c.Min.X {
				break
			}
			width += w
		}
		x, y := (c.Min.X+c.Max.X-width)/2, c.Max.Y-keyRoom/2
		for _, k := range list[:n] {
			k.mark(c, vg.Point{X: x + 6, Y: y})
			c.FillText(s, vg.Point{X: x + markWidth, Y: y}, k.text)
			x += markWidth + s.Width(k.text) + between
		}
		c.Max.Y -= keyRoom
		list = list[n:]
	}
	return c
}

// dotKey, lineKey and bandKey are marks of legends.
func dotKey(g draw.GlyphStyle) func(draw.Canvas, vg.Point) {
	return func(c draw.Canvas, at vg.Point) { c.DrawGlyph(g, at) }
}

func lineKey(l draw.LineStyle) func(draw.Canvas, vg.Point) {
	return func(c draw.Canvas, at vg.Point) { c.StrokeLine2(l, at.X-7, at.Y, at.X+7, at.Y) }
}

func bandKey(fill color.Color, l draw.LineStyle) func(draw.Canvas, vg.Point) {
	return func(c draw.Canvas, at vg.Point) {
		box(c, fill, at.X-7, at.Y-4.5, at.X+7, at.Y+4.5)
		if l.Width > 0 {
			c.StrokeLine2(l, at.X-7, at.Y, at.X+7, at.Y)
		}
	}
}

func box(c draw.Canvas, fill color.Color, left, low, right, high vg.Length) {
	c.FillPolygon(fill, []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}})
}

func isFinite(list ...float64) bool {
	for _, v := range list {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// grey fills what neither side has; regionGrey is the region of practical equivalence.
var (
	dark       = color.RGBA{0x5a, 0x5a, 0x5a, 0xff}
	regionGrey = color.RGBA{0xea, 0xea, 0xea, 0xff}
)
