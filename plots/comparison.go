package plots

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Scores holds one model's scores in a comparison.
type Scores struct {
	Name      string
	Folds     []float64 // one per fold
	Mean      float64
	Low, High float64 // confidence interval of the mean; both NaN: none
	Cut       bool    // Low or High was clipped to the range of the metric
	Reference bool    // the model with which the others are compared
}

// Comparison is the input of FoldComparison.
type Comparison struct {
	Title   string // "": the metric's name
	Metric  string
	Greater bool // greater is better; the best model is drawn on top in any case
	Models  []Scores
}

// FoldComparison draws every model's score in every fold, with the mean and its confidence
// interval. A model far worse than the others appears as an arrow at the edge, with its
// mean, so that the others remain distinguishable.
func FoldComparison(c Comparison) (*Figure, error) {
	p, err := c.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 7*vg.Inch, vg.Length(1.4+0.36*float64(len(c.Models)))*vg.Inch), nil
}

func (c Comparison) plot() (*plot.Plot, error) {
	if len(c.Models) == 0 {
		return nil, errNothing
	}
	models := slices.Clone(c.Models)
	for _, m := range models {
		if math.IsNaN(m.Mean) || len(m.Folds) == 0 {
			return nil, fmt.Errorf("plots: %s has no %s", m.Name, c.Metric)
		}
	}
	slices.SortStableFunc(models, func(a, b Scores) int { // worst first: drawn from the bottom
		if a.Mean < b.Mean == c.Greater {
			return -1
		}
		if a.Mean == b.Mean {
			return 0
		}
		return 1
	})
	if c.Title == "" {
		c.Title = c.Metric + " by fold"
	}
	label := c.Metric + " (dot: one fold; bar: mean and 95% interval"
	if slices.ContainsFunc(models, func(m Scores) bool { return m.Cut }) {
		label += ", held to the range of the metric"
	}
	p := newPlot(c.Title, label+")", "")
	s := &strips{models: models}
	s.low, s.high = window(models, c.Greater)
	addGrid(p)
	p.Add(s)
	p.X.Min, p.X.Max = s.low, s.high
	p.Y.Min, p.Y.Max = -0.6, float64(len(models))-0.4
	ticks := make(plot.ConstantTicks, len(models))
	names := make([]string, len(models))
	for i, m := range models {
		names[i] = m.Name
	}
	for i, name := range shortNames(names, 26) {
		ticks[i] = plot.Tick{Value: float64(i), Label: name}
	}
	p.Y.Tick.Marker = ticks
	p.Y.Tick.Length = 0
	p.Y.LineStyle.Width = 0
	return p, nil
}

// window returns the range of scores to show: all scores of models whose mean is close
// enough to the better half.
func window(models []Scores, greater bool) (low, high float64) {
	best, middle := models[len(models)-1].Mean, models[len(models)/2].Mean
	spread := 0.0
	for _, v := range models[len(models)-1].Folds {
		spread = math.Max(spread, math.Abs(v-best))
	}
	reach := 4*math.Abs(best-middle) + 3*spread
	low, high = math.Inf(1), math.Inf(-1)
	for _, m := range models {
		if reach > 0 && math.Abs(m.Mean-best) > reach {
			continue
		}
		for _, v := range m.Folds {
			low, high = math.Min(low, v), math.Max(high, v)
		}
		if !math.IsNaN(m.Low) {
			low, high = math.Min(low, m.Low), math.Max(high, m.High)
		}
	}
	margin := 0.06 * (high - low)
	if margin == 0 {
		margin = math.Max(math.Abs(low)*0.05, 1e-3)
	}
	if greater {
		return low - margin, high + margin/2
	}
	return low - margin/2, high + margin
}

type strips struct {
	models    []Scores
	low, high float64
}

// Plot implements plot.Plotter.
func (s *strips) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	row := y(1) - y(0)
	for i, m := range s.models {
		colour, strong := faint, ink
		if m.Reference {
			colour, strong = blue, blue
		}
		at := y(float64(i))
		if m.Mean < s.low || m.Mean > s.high {
			s.beyond(c, at, m)
			continue
		}
		r := min(vg.Points(2.6), row*0.1)
		dot := draw.GlyphStyle{Color: pale(colour, 0.75), Radius: r, Shape: draw.CircleGlyph{}}
		for k, v := range m.Folds {
			if v < s.low || v > s.high {
				continue
			}
			jitter := vg.Length(float64(k*7%13)/12-0.5) * row * 0.42 // spread evenly and reproducibly
			c.DrawGlyph(dot, vg.Point{X: x(v), Y: at - row*0.12 + jitter*0.8})
		}
		if !math.IsNaN(m.Low) {
			c.StrokeLines(line(2.25, strong), c.ClipLinesX([]vg.Point{{X: x(m.Low), Y: at + row*0.26}, {X: x(m.High), Y: at + row*0.26}})...)
		}
		c.DrawGlyph(draw.GlyphStyle{Color: strong, Radius: vg.Points(3.6), Shape: draw.BoxGlyph{}}, vg.Point{X: x(m.Mean), Y: at + row*0.26})
	}
}

// beyond marks a model whose scores lie outside the window.
func (s *strips) beyond(c draw.Canvas, at vg.Length, m Scores) {
	style := textStyle(tickSize, faint)
	style.YAlign = text.YCenter
	if m.Mean < s.low {
		c.FillText(style, vg.Point{X: c.Min.X + vg.Points(4), Y: at}, fmt.Sprintf("← %.3f", m.Mean))
		return
	}
	style.XAlign = text.XRight
	c.FillText(style, vg.Point{X: c.Max.X - vg.Points(4), Y: at}, fmt.Sprintf("%.4g →", m.Mean))
}
