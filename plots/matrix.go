package plots

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Confusion is the input of ConfusionMatrix.
type Confusion struct {
	Title   string   // "": "Confusion matrix"
	Classes []string // in index order
	// Counts[i][j] is the number of rows of class i that were predicted as class j.
	Counts [][]float64
}

// ConfusionMatrix draws counts and their share of each true class. With more than 15 classes
// it shows only the share, as the depth of the colour; with many classes, not all names are
// written.
func ConfusionMatrix(c Confusion) (*Figure, error) {
	p, err := c.plot()
	if err != nil {
		return nil, err
	}
	side := c.side()
	height := side - 0.2*vg.Inch
	if c.turned() {
		height += 0.5 * vg.Inch
	}
	return figure(p, side, height), nil
}

// With more classes than numberedClasses, cells are coloured but have no numbers.
const numberedClasses = 15

// side returns the width that the matrix needs to be readable.
func (c Confusion) side() vg.Length {
	if len(c.Classes) > numberedClasses {
		return 6.4 * vg.Inch
	}
	return 4.6 * vg.Inch
}

// labels returns the size of the class names and the n of every n-th that is written, so
// that none overlap.
func (c Confusion) labels() (size vg.Length, nth int) {
	cell := (c.side() - 1.5*vg.Inch) / vg.Length(max(1, len(c.Classes)))
	size = min(tickSize, max(cell*0.95, 6.5))
	return size, int(math.Ceil(float64(size / cell * 0.999)))
}

// maxClassName is the number of characters of a class name that are shown.
const maxClassName = 14

// turned reports whether the names below the columns are slanted because they are too long
// to stand side by side.
func (c Confusion) turned() bool {
	size, _ := c.labels()
	style := textStyle(size, ink)
	widest := vg.Length(0)
	for _, name := range shortNames(c.Classes, maxClassName) {
		widest = max(widest, style.Width(name))
	}
	return widest > (c.side()-1.5*vg.Inch)/vg.Length(len(c.Classes))-vg.Points(3)
}

func (c Confusion) plot() (*plot.Plot, error) {
	n := len(c.Classes)
	if n == 0 || len(c.Counts) != n {
		return nil, fmt.Errorf("plots: a confusion matrix of %d rows for %d classes", len(c.Counts), n)
	}
	for i, row := range c.Counts {
		if len(row) != n {
			return nil, fmt.Errorf("plots: row %d of the confusion matrix has %d columns for %d classes", i, len(row), n)
		}
		for j, v := range row {
			if !(v >= 0) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("plots: the confusion matrix holds %v at row %d, column %d", v, i, j)
			}
		}
	}
	if c.Title == "" {
		c.Title = "Confusion matrix"
	}
	p := newPlot(c.Title, "predicted class", "true class")
	p.Add(&cells{c.Counts})
	size, nth := c.labels()
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = size, size
	x, y := make(plot.ConstantTicks, n), make(plot.ConstantTicks, n)
	for i, name := range shortNames(c.Classes, maxClassName) {
		if i%nth != 0 {
			name = ""
		}
		x[i] = plot.Tick{Value: float64(i), Label: name}
		y[i] = plot.Tick{Value: float64(n - 1 - i), Label: name}
	}
	if c.turned() {
		p.X.Tick.Label.Rotation = math.Pi / 4
		p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YTop
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = x, y
	p.X.Tick.Length, p.Y.Tick.Length = 0, 0
	p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
	return p, nil
}

type cells struct{ counts [][]float64 }

// DataRange implements plot.DataRanger.
func (m *cells) DataRange() (xmin, xmax, ymin, ymax float64) {
	n := float64(len(m.counts))
	return -0.5, n - 0.5, -0.5, n - 0.5
}

// Plot implements plot.Plotter.
func (m *cells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	n := len(m.counts)
	if n > numberedClasses {
		low, high := -0.5, float64(n)-0.5
		c.FillPolygon(pale(orange, 0.06), []vg.Point{{X: x(low), Y: y(low)}, {X: x(high), Y: y(low)}, {X: x(high), Y: y(high)}, {X: x(low), Y: y(high)}})
	}
	for i, row := range m.counts {
		total := 0.0
		for _, v := range row {
			total += v
		}
		for j, v := range row {
			share := 0.0
			if total > 0 {
				share = v / total
			}
			cx, cy := float64(j), float64(n-1-i)
			half := 0.49
			if n > numberedClasses {
				if half = 0.5; share == 0 {
					continue // only the background
				}
			}
			left, right, low, high := x(cx-half), x(cx+half), y(cy-half), y(cy+half)
			hue := blue
			if i != j {
				hue = orange
			}
			c.FillPolygon(pale(hue, 0.06+0.94*share), []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}})
			if n > numberedClasses {
				continue
			}
			m.label(c, x(cx), y(cy), high-low, v, share)
		}
	}
}

func (m *cells) label(c draw.Canvas, x, y, height vg.Length, v, share float64) {
	colour := ink
	if share > 0.55 {
		colour = paper
	}
	size := min(vg.Points(13), height*0.3)
	s := textStyle(size, colour)
	s.XAlign, s.YAlign = text.XCenter, text.YCenter
	if size < 7 || v == 0 { // a single line if two would be too small to read
		if v != 0 {
			s.Font.Size = min(vg.Points(11), height*0.45)
		}
		c.FillText(s, vg.Point{X: x, Y: y}, count(v))
		return
	}
	c.FillText(s, vg.Point{X: x, Y: y + size*0.6}, count(v))
	s.Font.Size = size * 0.8
	c.FillText(s, vg.Point{X: x, Y: y - size*0.7}, fmt.Sprintf("%.1f%%", 100*share))
}

// count formats a number of rows; a mean over repeats has one decimal.
func count(v float64) string {
	if v == math.Trunc(v) {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

var errNothing = errors.New("plots: nothing to draw")
