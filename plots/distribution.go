package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Distributions is the input of DrawDistributions.
type Distributions struct {
	Title  string
	Label  string // of the axis of values
	Groups []Values
	Bins   int  // 0: 41
	Log    bool // counts on a logarithmic axis
}

// Values is a named group of numbers, such as the weights of a layer.
type Values struct {
	Name   string
	Values []float64
}

// DrawDistributions draws a histogram of each group of numbers as an outline, with the same
// bins for all. If there are several groups, a legend names them.
func DrawDistributions(d Distributions) (*Figure, error) {
	if d.Bins == 0 {
		d.Bins = 41
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, g := range d.Groups {
		for i, v := range g.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("plots: %s: value %d is %v", g.Name, i, v)
			}
			low, high = min(low, v), max(high, v)
		}
	}
	if low > high || d.Bins < 1 || len(d.Groups) > len(palette) {
		return nil, fmt.Errorf("plots: %d groups in %d bins: want 1 to %d groups with values, and at least 1 bin", len(d.Groups), d.Bins, len(palette))
	}
	if low == high {
		low, high = low-0.5, high+0.5
	}
	p := newPlot(d.Title, d.Label, "count")
	addGrid(p)
	p.Legend.Top = true
	floor := 0.0
	if d.Log {
		floor = 0.5
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	for k, g := range d.Groups {
		counts := make([]float64, d.Bins)
		for _, v := range g.Values {
			counts[min(int(float64(d.Bins)*(v-low)/(high-low)), d.Bins-1)]++
		}
		edge := func(i int) float64 { return low + (high-low)*float64(i)/float64(d.Bins) }
		outline := plotter.XYs{{X: low, Y: floor}}
		for i, n := range counts {
			n = max(n, floor)
			outline = append(outline, plotter.XY{X: edge(i), Y: n}, plotter.XY{X: edge(i + 1), Y: n})
		}
		l, err := plotter.NewLine(append(outline, plotter.XY{X: high, Y: floor}))
		if err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		l.LineStyle = draw.LineStyle{Color: palette[k], Width: vg.Points(1.6)}
		p.Add(l)
		if len(d.Groups) > 1 {
			p.Legend.Add(g.Name, l)
		}
	}
	p.Y.Min = floor
	return figure(p, 4.6*vg.Inch, 3.4*vg.Inch), nil
}
