package plots

import (
	"fmt"
	"image/color"
	"math"

	"github.com/seed732fc211/aegis/internal/diagram"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Diagram holds boxes and arrows, as returned by graph.Builder.Diagram and
// models.Model.Diagram.
type Diagram = diagram.Diagram

const (
	boxPad    = vg.Length(5)
	boxGap    = vg.Length(12) // between boxes of a column
	columnGap = vg.Length(34)
	lineStep  = vg.Length(11.5)
)

// DrawDiagram draws a graph or a network from left to right: operations and layers in blue,
// inputs, parameters and constants in grey. Above each box, in small print, is its group:
// the path of its layer.
func DrawDiagram(d Diagram) (*Figure, error) {
	if len(d.Nodes) == 0 {
		return nil, errNothing
	}
	for i, e := range d.Edges {
		for _, n := range e {
			if n < 0 || n >= len(d.Nodes) {
				return nil, fmt.Errorf("plots: edge %d of the diagram goes from node %d to node %d: there are %d nodes", i, e[0], e[1], len(d.Nodes))
			}
		}
	}
	s := newSheet(d)
	return &Figure{width: s.width, height: s.height, paint: s.draw}, nil
}

// sheet is a diagram with the sizes of its boxes.
type sheet struct {
	Diagram
	layout        diagram.Layout
	x             []vg.Length // centre of each column
	half          []vg.Length // half the width of each column's boxes
	step          vg.Length   // height of a row
	width, height vg.Length
	top           vg.Length // room for the title
}

func newSheet(d Diagram) *sheet {
	s := &sheet{Diagram: d, layout: d.Layout()}
	s.half = make([]vg.Length, s.layout.Columns)
	lines := 0
	for i, n := range d.Nodes {
		c := int(s.layout.At[i].Column)
		s.half[c] = max(s.half[c], s.nodeWidth(n)/2)
		lines = max(lines, len(n.Lines))
	}
	x := vg.Length(16)
	for _, h := range s.half {
		s.x = append(s.x, x+h)
		x += 2*h + columnGap
	}
	s.step = vg.Length(lines)*lineStep + 2*boxPad + boxGap
	for _, n := range d.Nodes {
		if n.Group != "" {
			s.step += lineStep
			break
		}
	}
	s.width = x - columnGap + 16
	if d.Title != "" {
		s.top = vg.Points(26)
		title := boldStyle(titleSize, ink)
		s.width = max(s.width, title.Width(d.Title)+32)
	}
	s.height = vg.Length(s.layout.Rows)*s.step + s.top + 12
	return s
}

func (s *sheet) nodeWidth(n diagram.Node) vg.Length {
	style := textStyle(tickSize, ink)
	w := vg.Length(0)
	for _, l := range n.Lines {
		w = max(w, style.Width(l))
	}
	return max(w, smallStyle().Width(n.Group)-2*boxPad) + 2*boxPad
}

func smallStyle() text.Style { return textStyle(7, faint) }

// at returns the centre of a place on the canvas.
func (s *sheet) at(c draw.Canvas, p diagram.Point) vg.Point {
	return vg.Point{
		X: c.Min.X + s.x[int(p.Column)],
		Y: c.Max.Y - s.top - 6 - vg.Length(p.Row+0.5)*s.step,
	}
}

func (s *sheet) draw(c draw.Canvas) {
	if s.Title != "" {
		style := boldStyle(titleSize, ink)
		style.YAlign = text.YTop
		c.FillText(style, vg.Point{X: c.Min.X + 16, Y: c.Max.Y - 8}, s.Title)
	}
	for e := range s.Edges {
		s.arrow(c, e)
	}
	for i := range s.Nodes {
		s.box(c, i)
	}
}

// arrow draws an edge as a smooth line through the columns it passes.
func (s *sheet) arrow(c draw.Canvas, e int) {
	path := s.layout.Paths[e]
	from, to := s.Nodes[s.Edges[e][0]], s.Nodes[s.Edges[e][1]]
	var p vg.Path
	last := s.at(c, path[0])
	last.X += s.nodeWidth(from) / 2
	p.Move(last)
	for k := 1; k < len(path); k++ {
		next := s.at(c, path[k])
		half := s.half[int(path[k].Column)]
		if k == len(path)-1 {
			half = s.nodeWidth(to) / 2
		}
		enter := vg.Point{X: next.X - half, Y: next.Y}
		bend := (enter.X - last.X) / 2
		p.CubeTo(vg.Point{X: last.X + bend, Y: last.Y}, vg.Point{X: enter.X - bend, Y: enter.Y}, enter)
		if k < len(path)-1 { // straight through the column
			last = vg.Point{X: next.X + half, Y: next.Y}
			p.Line(last)
			continue
		}
		last = enter
	}
	c.SetLineStyle(line(0.9, faint))
	c.Stroke(p)
	c.FillPolygon(faint, []vg.Point{last, {X: last.X - 6, Y: last.Y + 2.6}, {X: last.X - 6, Y: last.Y - 2.6}})
}

func (s *sheet) box(c draw.Canvas, i int) {
	n, at := s.Nodes[i], s.at(c, s.layout.At[i])
	w := s.nodeWidth(n) / 2
	h := vg.Length(len(n.Lines))*lineStep/2 + boxPad
	fill, edge := color.Color(pale(blue, 0.12)), color.Color(blue)
	radius := vg.Length(5)
	if n.Leaf {
		fill, edge, radius = grid, faint, 1
	}
	var p vg.Path
	p.Move(vg.Point{X: at.X - w + radius, Y: at.Y - h})
	for _, corner := range []struct{ x, y, start float64 }{{1, -1, -math.Pi / 2}, {1, 1, 0}, {-1, 1, math.Pi / 2}, {-1, -1, math.Pi}} {
		p.Arc(vg.Point{X: at.X + vg.Length(corner.x)*(w-radius), Y: at.Y + vg.Length(corner.y)*(h-radius)}, radius, corner.start, math.Pi/2)
	}
	p.Close()
	c.SetColor(fill)
	c.Fill(p)
	c.SetLineStyle(draw.LineStyle{Color: edge, Width: vg.Points(0.9)})
	c.Stroke(p)
	style := textStyle(tickSize, ink)
	style.XAlign, style.YAlign = text.XCenter, text.YCenter
	for k, l := range n.Lines {
		c.FillText(style, vg.Point{X: at.X, Y: at.Y + lineStep*(vg.Length(len(n.Lines)-1)/2-vg.Length(k))}, l)
	}
	if n.Group != "" {
		small := smallStyle()
		small.YAlign = text.YBottom
		c.FillText(small, vg.Point{X: at.X - w, Y: at.Y + h + 2}, n.Group)
	}
}
