package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Effect is the importance of one column: the mean over folds, and its interval.
type Effect struct {
	Name      string
	Mean      float64
	Low, High float64 // both NaN: none
}

// Importances is the input of ImportanceBars.
type Importances struct {
	Title   string // "": "Permutation importance"
	Metric  string // what worsens when a column is shuffled
	Columns []Effect
	Most    int // number of columns to show, the most important first; 0: 12
}

// ImportanceBars draws how much a metric worsens when a column's values are shuffled among
// the test rows, with the interval over the folds. A column whose interval contains 0 is
// grey, because it may have no effect.
func ImportanceBars(m Importances) (*Figure, error) {
	p, err := m.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 5.4*vg.Inch, vg.Length(1.4+0.26*float64(len(m.top())))*vg.Inch), nil
}

// top returns the columns to show, the most important first.
func (m Importances) top() []Effect {
	most := m.Most
	if most <= 0 {
		most = 12
	}
	list := slices.Clone(m.Columns)
	slices.SortStableFunc(list, func(a, b Effect) int { return cmp.Compare(b.Mean, a.Mean) })
	return list[:min(most, len(list))]
}

func (m Importances) plot() (*plot.Plot, error) {
	if len(m.Columns) == 0 {
		return nil, errNothing
	}
	for _, c := range m.Columns {
		if math.IsNaN(c.Mean) || math.IsInf(c.Mean, 0) || math.IsInf(c.Low, 0) || math.IsInf(c.High, 0) || c.Low > c.High {
			return nil, fmt.Errorf("plots: importance of %s: %v (%v to %v)", c.Name, c.Mean, c.Low, c.High)
		}
	}
	list := m.top()
	if m.Title == "" {
		m.Title = "Permutation importance"
		if n := len(m.Columns); n > len(list) {
			m.Title += fmt.Sprintf(", %d of %d columns", len(list), n)
		}
	}
	p := newPlot(m.Title, fmt.Sprintf("loss of %s when shuffled (95%% interval)", m.Metric), "")
	addGrid(p)
	low, high := 0.0, 0.0
	ticks := make(plot.ConstantTicks, len(list))
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Name
	}
	names = shortNames(names, 24)
	for i, c := range list {
		low, high = min(low, c.Mean), max(high, c.Mean)
		if !math.IsNaN(c.Low) {
			low, high = min(low, c.Low), max(high, c.High)
		}
		ticks[i] = plot.Tick{Value: float64(len(list) - 1 - i), Label: names[i]}
	}
	if low == high {
		low, high = -0.5, 0.5
	}
	margin := 0.04 * (high - low)
	p.Add(effects(list))
	p.X.Min, p.X.Max = low-margin, high+margin
	p.Y.Min, p.Y.Max = -0.6, float64(len(list))-0.4
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.LineStyle.Width = ticks, 0, 0
	return p, nil
}

type effects []Effect

// Plot implements plot.Plotter.
func (e effects) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	half := min((y(1)-y(0))*0.32, vg.Points(9))
	for i, v := range e {
		at := y(float64(len(e) - 1 - i))
		colour := faint
		if v.Low > 0 {
			colour = blue
		}
		c.FillPolygon(pale(colour, 0.6), []vg.Point{{X: x(0), Y: at - half}, {X: x(v.Mean), Y: at - half}, {X: x(v.Mean), Y: at + half}, {X: x(0), Y: at + half}})
		if !math.IsNaN(v.Low) {
			c.StrokeLine2(line(1.25, ink), x(v.Low), at, x(v.High), at)
			for _, end := range []float64{v.Low, v.High} {
				c.StrokeLine2(line(1.25, ink), x(end), at-half/2, x(end), at+half/2)
			}
		}
	}
	c.StrokeLine2(line(0.75, ink), x(0), c.Min.Y, x(0), c.Max.Y)
}
