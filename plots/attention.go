package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Attention is the input of AttentionMap.
type Attention struct {
	Title  string   // "": "Attention"
	Source []string // what is attended to, such as the tokens of a source text
	Target []string // what attends
	// Weights[i][j], from 0 to 1, is how much Target[i] attends to Source[j].
	Weights [][]float64
}

// mostAttended is the largest number of tokens on an axis of an attention map.
const mostAttended = 200

// AttentionMap draws weights as the depth of a colour, a row for each target token from the top, a
// column for each source token. The deepest colour is the largest weight.
func AttentionMap(a Attention) (*Figure, error) {
	p, err := a.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, max(4.6*vg.Inch, a.width()), max(4*vg.Inch, a.height())), nil
}

// tokenSide is the size of a cell.
const tokenSide = vg.Length(15)

func (a Attention) width() vg.Length {
	return tokenSide*vg.Length(len(a.Source)) + a.widest(a.Target) + 0.9*vg.Inch
}

func (a Attention) height() vg.Length {
	return tokenSide*vg.Length(len(a.Target)) + 0.75*a.widest(a.Source) + 1.1*vg.Inch
}

// maxToken is the number of characters of a token that are shown.
const maxToken = 14

// tokenNames returns tokens as they are shown. Unlike other names they may repeat.
func tokenNames(tokens []string) []string {
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = shorten(oneLine(t), maxToken)
	}
	return out
}

func (a Attention) widest(tokens []string) vg.Length {
	style, w := textStyle(tickSize, ink), vg.Length(0)
	for _, t := range tokenNames(tokens) {
		w = max(w, style.Width(t))
	}
	return w
}

func (a Attention) check() error {
	n, m := len(a.Target), len(a.Source)
	if n == 0 || m == 0 || n > mostAttended || m > mostAttended || len(a.Weights) != n {
		return fmt.Errorf("plots: an attention map of %d rows for %d target and %d source tokens: want 1 to %d", len(a.Weights), n, m, mostAttended)
	}
	for i, row := range a.Weights {
		if len(row) != m {
			return fmt.Errorf("plots: row %d of the attention map has %d weights for %d source tokens", i, len(row), m)
		}
		for j, v := range row {
			if !(v >= 0 && v <= 1+1e-6) {
				return fmt.Errorf("plots: the attention map holds %v at row %d, column %d: want 0 to 1", v, i, j)
			}
		}
	}
	return nil
}

func (a Attention) plot() (*plot.Plot, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	if a.Title == "" {
		a.Title = "Attention"
	}
	p := newPlot(a.Title, "source", "target")
	p.Add(&weights{a.Weights})
	x, y := make(plot.ConstantTicks, len(a.Source)), make(plot.ConstantTicks, len(a.Target))
	for j, name := range tokenNames(a.Source) {
		x[j] = plot.Tick{Value: float64(j), Label: name}
	}
	for i, name := range tokenNames(a.Target) {
		y[i] = plot.Tick{Value: float64(len(a.Target) - 1 - i), Label: name}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = x, y
	p.X.Tick.Length, p.Y.Tick.Length = 0, 0
	p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
	p.X.Tick.Label.Rotation = math.Pi / 4
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YTop
	return p, nil
}

// weights are the cells of an attention map.
type weights struct{ of [][]float64 }

// DataRange implements plot.DataRanger.
func (w *weights) DataRange() (xmin, xmax, ymin, ymax float64) {
	return -0.5, float64(len(w.of[0])) - 0.5, -0.5, float64(len(w.of)) - 0.5
}

// Plot implements plot.Plotter.
func (w *weights) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	most := 0.0
	for _, row := range w.of {
		for _, v := range row {
			most = max(most, v)
		}
	}
	if most == 0 {
		most = 1
	}
	const half = 0.48
	for i, row := range w.of {
		cy := float64(len(w.of) - 1 - i)
		for j, v := range row {
			cx := float64(j)
			left, right, low, high := x(cx-half), x(cx+half), y(cy-half), y(cy+half)
			c.FillPolygon(pale(blue, 0.04+0.96*v/most), []vg.Point{{X: left, Y: low}, {X: right, Y: low}, {X: right, Y: high}, {X: left, Y: high}})
		}
	}
}
