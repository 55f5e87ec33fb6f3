package plots

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/metrics"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Calibration is the input of CalibrationCurve.
type Calibration struct {
	Title  string    // "": "Calibration"; the ECE is appended
	Labels []int     // true class of each row
	Proba  []float64 // probabilities, row by row
	Bins   int       // 0: 10
}

// CalibrationCurve draws a reliability diagram. Over bins of equal width of the confidence,
// which is the probability of the predicted class, it shows the share of correct predictions
// with a 95% Wilson interval and, below, the number of rows in each bin. On the diagonal, a
// model is right as often as its confidence says. The ECE in the title is the mean distance
// from the diagonal, weighted by rows: [metrics.ECE] with the same bins. Guo et al. (2017),
// arXiv:1706.04599.
func CalibrationCurve(c Calibration) (*Figure, error) {
	p, err := c.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 4.6*vg.Inch, 4.4*vg.Inch), nil
}

// reliability is one bin of a reliability diagram.
type reliability struct {
	rows, right int
	confidence  float64 // mean over the rows
	low, high   float64 // ends of the interval
}

func (c Calibration) bins() ([]reliability, float64, error) {
	n := c.Bins
	if n == 0 {
		n = 10
	}
	if len(c.Labels) == 0 || len(c.Proba)%len(c.Labels) != 0 || n < 1 || n > 1000 {
		return nil, 0, fmt.Errorf("plots: calibration of %d probabilities for %d rows in %d bins", len(c.Proba), len(c.Labels), n)
	}
	k := len(c.Proba) / len(c.Labels)
	ece, err := metrics.ECE(c.Labels, c.Proba, k, n)
	if err != nil {
		return nil, 0, fmt.Errorf("plots: %w", err)
	}
	list := make([]reliability, n)
	for i := range list {
		list[i].low, list[i].high = float64(i)/float64(n), float64(i+1)/float64(n)
	}
	for i, label := range c.Labels {
		best := 0
		row := c.Proba[i*k : (i+1)*k]
		for class, p := range row {
			if p > row[best] {
				best = class
			}
		}
		b := &list[min(max(int(math.Ceil(row[best]*float64(n)))-1, 0), n-1)]
		b.rows++
		b.confidence += row[best]
		if best == label {
			b.right++
		}
	}
	for i := range list {
		if list[i].rows > 0 {
			list[i].confidence /= float64(list[i].rows)
		}
	}
	return list, ece, nil
}

func (c Calibration) plot() (*plot.Plot, error) {
	list, ece, err := c.bins()
	if err != nil {
		return nil, err
	}
	if c.Title == "" {
		c.Title = "Calibration"
	}
	p := newPlot(fmt.Sprintf("%s, ECE %.3f", c.Title, ece), "confidence in the predicted class", "share that is right")
	addGrid(p)
	from := 1.0
	for _, b := range list {
		if b.rows > 0 {
			from = min(from, b.low)
		}
	}
	equal, err := plotter.NewLine(plotter.XYs{{X: from, Y: from}, {X: 1, Y: 1}})
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	equal.LineStyle = chance
	p.Add(equal, diagramOf(list))
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = from, 1, -0.2, 1.02
	p.Y.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0.0"}, {Value: 0.2, Label: "0.2"}, {Value: 0.4, Label: "0.4"}, {Value: 0.6, Label: "0.6"}, {Value: 0.8, Label: "0.8"}, {Value: 1, Label: "1.0"}}
	return p, nil
}

type diagramOf []reliability

// Plot implements plot.Plotter.
func (d diagramOf) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	most := 1
	for _, b := range d {
		most = max(most, b.rows)
	}
	bottom, top := y(-0.2), y(-0.04) // room for the numbers of rows
	s := textStyle(7, ink)
	s.XAlign, s.YAlign = text.XCenter, text.YBottom
	var last *vg.Point
	for _, b := range d {
		if b.rows == 0 {
			continue
		}
		h := vg.Length(float64(b.rows)/float64(most)) * (top - bottom) * 0.6
		left, right := x(b.low)+1, x(b.high)-1
		c.FillPolygon(pale(faint, 0.4), []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: bottom + h}, {X: left, Y: bottom + h}})
		c.FillText(s, vg.Point{X: (left + right) / 2, Y: bottom + h + 1}, fmt.Sprint(b.rows))
		at := vg.Point{X: x(b.confidence), Y: y(float64(b.right) / float64(b.rows))}
		low, high := wilson(b.right, b.rows)
		c.StrokeLine2(line(1.25, pale(blue, 0.6)), at.X, y(low), at.X, y(high))
		if last != nil {
			c.StrokeLine2(line(1.75, blue), last.X, last.Y, at.X, at.Y)
		}
		last = &at
	}
	for _, b := range d {
		if b.rows > 0 {
			c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}, vg.Point{X: x(b.confidence), Y: y(float64(b.right) / float64(b.rows))})
		}
	}
}

// wilson returns the 95% score interval of a share (Wilson 1927).
func wilson(right, rows int) (low, high float64) {
	const z = 1.959963984540054
	n, p := float64(rows), float64(right)/float64(rows)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, middle-half), min(1, middle+half)
}
