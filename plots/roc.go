package plots

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Rates is one curve of a ROC: the false and true positive rates at every threshold, both
// from 0 to 1, and the area under the curve.
type Rates struct {
	Name string
	FPR  []float64
	TPR  []float64
	AUC  float64
}

// ROC is the input of ROCCurves; the first curve is emphasised.
type ROC struct {
	Title  string // "": "ROC"
	Curves []Rates
}

// chance is the line style of a guess.
var chance = draw.LineStyle{Color: faint, Width: vg.Points(0.75), Dashes: []vg.Length{vg.Points(3), vg.Points(3)}}

// ROCCurves draws receiver operating characteristics. If there are more than eight curves,
// only the first and the five with the smallest areas are named.
func ROCCurves(r ROC) (*Figure, error) {
	p, err := r.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 4.6*vg.Inch, 4.4*vg.Inch), nil
}

func (r ROC) plot() (*plot.Plot, error) {
	if len(r.Curves) == 0 {
		return nil, errNothing
	}
	if r.Title == "" {
		r.Title = "ROC"
	}
	p := newPlot(r.Title, "false positive rate", "true positive rate")
	addGrid(p)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	diagonal, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}})
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	diagonal.LineStyle = chance
	p.Add(diagonal)
	list := make([]namedCurve, len(r.Curves))
	for i, c := range r.Curves {
		if len(c.FPR) != len(c.TPR) || len(c.FPR) < 2 {
			return nil, fmt.Errorf("plots: ROC curve %q has %d false and %d true positive rates", c.Name, len(c.FPR), len(c.TPR))
		}
		list[i] = namedCurve{name: c.Name, score: c.AUC, xs: xys(c.FPR, c.TPR)}
	}
	lines, err := addCurves(p, list)
	if err != nil {
		return nil, err
	}
	p.Legend.YOffs = vg.Points(4)
	p.Legend.XOffs = -vg.Points(4)
	if z := r.corner(); z < 0.5 {
		p.Add(&inset{lines: lines, size: z})
	}
	return p, nil
}

// corner returns the size of the square in the upper left in which the curves differ; 1 if
// they differ over the whole plot.
func (r ROC) corner() float64 {
	worst := 0.0
	for _, c := range r.Curves {
		worst = max(worst, 1-c.AUC)
	}
	switch {
	case worst < 0.03:
		return 0.2
	case worst < 0.06:
		return 0.3
	}
	return 1
}

// inset draws the upper left corner of the plot again, enlarged, in its middle.
type inset struct {
	lines []*plotter.Line
	size  float64
}

// Plot implements plot.Plotter.
func (z *inset) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	in := c
	in.Rectangle = vg.Rectangle{Min: vg.Point{X: x(0.36), Y: y(0.42)}, Max: vg.Point{X: x(0.9), Y: y(0.9)}}
	box := []vg.Point{in.Min, {X: in.Max.X, Y: in.Min.Y}, in.Max, {X: in.Min.X, Y: in.Max.Y}}
	c.FillPolygon(paper, box)
	zoom := *p
	zoom.X.Min, zoom.X.Max, zoom.Y.Min, zoom.Y.Max = 0, z.size, 1-z.size, 1
	for i := len(z.lines) - 1; i >= 0; i-- {
		l := *z.lines[i]
		zx, zy := zoom.Transforms(&in)
		pts := make([]vg.Point, len(l.XYs))
		for k, v := range l.XYs {
			pts[k] = vg.Point{X: zx(v.X), Y: zy(v.Y)}
		}
		in.StrokeLines(l.LineStyle, in.ClipLinesXY(pts)...)
	}
	c.StrokeLines(line(0.75, faint), append(box, box[0]))
	c.StrokeLines(line(0.75, faint), []vg.Point{{X: x(0), Y: y(1)}, {X: x(z.size), Y: y(1)}, {X: x(z.size), Y: y(1 - z.size)}, {X: x(0), Y: y(1 - z.size)}, {X: x(0), Y: y(1)}})
	s := textStyle(tickSize-1, faint)
	s.YAlign = -1
	c.FillText(s, vg.Point{X: in.Min.X, Y: in.Min.Y - vg.Points(1)}, fmt.Sprintf("enlarged: 0 to %g, %g to 1", z.size, 1-z.size))
}
