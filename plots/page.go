package plots

import (
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Fact is a line of a report's text block.
type Fact struct{ Name, Value string }

// page is a sheet with a headline, plots and blocks of text.
type page struct {
	title, subtitle string
	parts           []part
}

// part is what stands in a rectangle of a page; coordinates are shares of the
// sheet below the headline, from the lower left corner.
type part struct {
	x0, y0, x1, y1 float64
	paint          func(c draw.Canvas)
}

const (
	pageWidth  = 14 * vg.Inch
	pageHeight = 9.9 * vg.Inch
	headline   = 0.86 * vg.Inch
	margin     = 0.3 * vg.Inch
)

func (p *page) figure() *Figure {
	return &Figure{width: pageWidth, height: pageHeight, paint: p.draw}
}

func (p *page) draw(c draw.Canvas) {
	in := draw.Crop(c, margin, -margin, margin, -margin)
	s := boldStyle(20, ink)
	s.YAlign = text.YTop
	in.FillText(s, vg.Point{X: in.Min.X, Y: in.Max.Y}, p.title)
	s = textStyle(11, faint)
	s.YAlign = text.YTop
	in.FillText(s, vg.Point{X: in.Min.X, Y: in.Max.Y - vg.Points(27)}, p.subtitle)
	in.StrokeLine2(line(1, grid), in.Min.X, in.Max.Y-headline+vg.Points(15), in.Max.X, in.Max.Y-headline+vg.Points(15))
	in.Max.Y -= headline
	w, h := in.Max.X-in.Min.X, in.Max.Y-in.Min.Y
	for _, part := range p.parts {
		part.paint(draw.Canvas{Canvas: in.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: in.Min.X + vg.Length(part.x0)*w, Y: in.Min.Y + vg.Length(part.y0)*h},
			Max: vg.Point{X: in.Min.X + vg.Length(part.x1)*w, Y: in.Min.Y + vg.Length(part.y1)*h},
		}})
	}
}

func (p *page) plot(x0, y0, x1, y1 float64, pl *plot.Plot) {
	p.parts = append(p.parts, part{x0, y0, x1, y1, func(c draw.Canvas) {
		pl.Draw(draw.Crop(c, vg.Points(4), -vg.Points(14), vg.Points(4), -vg.Points(4)))
	}})
}

// facts sets names and values in two columns.
func (p *page) facts(x0, y0, x1, y1 float64, title string, list []Fact) {
	p.parts = append(p.parts, part{x0, y0, x1, y1, func(c draw.Canvas) {
		w := newWriter(c, title)
		column := vg.Length(0)
		for _, f := range list {
			column = max(column, w.body.Width(f.Name))
		}
		column += vg.Points(10)
		for _, f := range list {
			lines := wrap(w.body, f.Value, c.Max.X-c.Min.X-column)
			name := f.Name
			for _, l := range lines {
				w.line(faint, 0, name)
				w.y += w.step
				w.line(ink, column, l)
				name = ""
			}
		}
	}})
}

// prose sets paragraphs.
func (p *page) prose(x0, y0, x1, y1 float64, title string, paragraphs []string) {
	p.parts = append(p.parts, part{x0, y0, x1, y1, func(c draw.Canvas) {
		w := newWriter(c, title)
		for _, t := range paragraphs {
			for _, l := range wrap(w.body, t, c.Max.X-c.Min.X) {
				w.line(ink, 0, l)
			}
			w.y -= w.step * 0.3
		}
	}})
}

// writer sets lines from the top of a canvas down; what does not fit is left out
// with an ellipsis in its place.
type writer struct {
	c       draw.Canvas
	body    text.Style
	y, step vg.Length
	full    bool
}

func newWriter(c draw.Canvas, title string) *writer {
	s := boldStyle(titleSize, ink)
	s.YAlign = text.YTop
	c.FillText(s, vg.Point{X: c.Min.X, Y: c.Max.Y - vg.Points(4)}, title)
	return &writer{c: c, body: textStyle(9, ink), y: c.Max.Y - vg.Points(24), step: vg.Points(11.6)}
}

func (w *writer) line(colour interface{ RGBA() (r, g, b, a uint32) }, indent vg.Length, t string) {
	if w.full {
		return
	}
	if w.y-w.step < w.c.Min.Y {
		t, w.full = "…", true
	}
	s := w.body
	s.Color = colour
	s.YAlign = text.YTop
	w.c.FillText(s, vg.Point{X: w.c.Min.X + indent, Y: w.y}, t)
	w.y -= w.step
}

// tied is a space at which no line is broken.
const tied = "\u00a0"

// wrap breaks a text at spaces so that its lines are at most width wide.
func wrap(s text.Style, t string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(t, " ") {
		word = strings.ReplaceAll(word, tied, " ")
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && s.Width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	return append(lines, line)
}
