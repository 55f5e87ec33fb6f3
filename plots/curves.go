package plots

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curves is the input of LearningCurves: the curves of one fit, or of the fits of all folds.
type Curves struct {
	Title string // "": "Loss" or the metric's name
	// Metric is drawn for training rows and, as "val_"+Metric, for validation rows. "":
	// "loss".
	Metric     string
	Fits       [][]data.Curve // one list of curves per fit
	BestEpochs []int          // one per fit, from 1; 0 or nil: none
	// Low and High bound the metric's axis, to make figures comparable. Both 0: fitted to
	// the curves.
	Low, High float64

	drawn    []plotter.XYs // upper edges of the curves drawn
	stripped bool          // whether the strip of running fits is drawn
	running  []int         // with several fits, how many are still training at each epoch drawn
}

// LearningCurves draws a metric over the epochs. For several fits it shows the mean of those
// still running, as long as at least half of them are, with a band from the 10th to the 90th
// percentile. Where the first fit ends, the line becomes thin, because the mean is over
// fewer fits, and a strip above the axis shows how many are still training. The epoch whose
// weights were kept is marked; for several fits, the median, with a tick for each.
func LearningCurves(c Curves) (*Figure, error) {
	p, err := c.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 6*vg.Inch, 4*vg.Inch), nil
}

func (c Curves) plot() (*plot.Plot, error) {
	if c.Metric == "" {
		c.Metric = "loss"
	}
	if c.Title == "" {
		c.Title = strings.ToUpper(c.Metric[:1]) + c.Metric[1:]
		if len(c.Fits) > 1 {
			c.Title += fmt.Sprintf(" over epochs, %d fits", len(c.Fits))
		}
	}
	p := newPlot(c.Title, "epoch", c.Metric)
	addGrid(p)
	p.Legend.Top = !c.rises()
	drawn := false
	for i, s := range []struct{ curve, label string }{{c.Metric, "training"}, {"val_" + c.Metric, "validation"}} {
		series := collect(c.Fits, s.curve)
		if len(series) == 0 {
			continue
		}
		top, err := addSeries(p, series, s.label, palette[i])
		if err != nil {
			return nil, err
		}
		c.drawn = append(c.drawn, top)
		if len(series) > 1 && c.running == nil {
			c.running = running(series)
		}
		drawn = true
	}
	if !drawn {
		return nil, fmt.Errorf("plots: no fit has a curve %q", c.Metric)
	}
	if p.Y.Min > 0 && p.Y.Min < p.Y.Max/3 {
		p.Y.Min = 0
	}
	if c.cutBeginning(p) {
		p.Y.Label.Text += " (its beginning is above)"
	}
	if p.Legend.Top {
		p.Y.Max = max(p.Y.Max, headroom(c, p))
	}
	if c.Low != 0 || c.High != 0 {
		if !(c.Low < c.High) {
			return nil, fmt.Errorf("plots: an axis from %v to %v", c.Low, c.High)
		}
		p.Y.Min, p.Y.Max = c.Low, c.High
	}
	if n := len(c.running); n > 0 && c.running[n-1] < c.running[0] {
		p.Y.Min -= stripShare * (p.Y.Max - p.Y.Min)
		p.Add(&strip{c.running})
		c.stripped = true
	}
	c.markBest(p)
	return p, nil
}

// cutBeginning lowers the upper end of the axis if the first epochs, at most a twentieth of
// all, are so high that the rest would be unreadable.
func (c Curves) cutBeginning(p *plot.Plot) bool {
	if !p.Legend.Top {
		return false
	}
	from := p.X.Min + max((p.X.Max-p.X.Min)/20, 1)
	highest := p.Y.Min
	for _, d := range c.drawn {
		for _, v := range d {
			if v.X >= from {
				highest = max(highest, v.Y)
			}
		}
	}
	if highest == p.Y.Min || p.Y.Max-p.Y.Min < 3*(highest-p.Y.Min) {
		return false
	}
	p.Y.Max = p.Y.Min + 1.2*(highest-p.Y.Min)
	return true
}

// legendShare is the share of a figure's height taken by the legend.
const legendShare = 0.24

// headroom returns the upper end of the axis at which the curves in the right three quarters
// of the figure stay below the legend.
func headroom(c Curves, p *plot.Plot) float64 {
	from := p.X.Min + (p.X.Max-p.X.Min)/4
	highest := p.Y.Min
	for _, d := range c.drawn {
		for _, v := range d {
			if v.X >= from {
				highest = max(highest, v.Y)
			}
		}
	}
	return p.Y.Min + (highest-p.Y.Min)/(1-legendShare)
}

// rises reports whether a metric grows over the epochs, so that the legend fits below its
// curves, not above.
func (c Curves) rises() bool {
	for _, s := range collect(c.Fits, c.Metric) {
		return s[len(s)-1] > s[0]
	}
	return false
}

// collect returns the curves with the given name.
func collect(fits [][]data.Curve, name string) [][]float64 {
	var out [][]float64
	for _, f := range fits {
		for _, c := range f {
			if c.Name == name && len(c.Values) > 0 {
				out = append(out, c.Values)
			}
		}
	}
	return out
}

// addSeries draws the curves with one name, and returns the upper edge of what it drew.
func addSeries(p *plot.Plot, series [][]float64, label string, c color.RGBA) (plotter.XYs, error) {
	var mean, low, high plotter.XYs
	whole := 0 // number of epochs that every fit has
	for epoch := 0; ; epoch++ {
		var at []float64
		for _, s := range series {
			if epoch < len(s) && !math.IsNaN(s[epoch]) && !math.IsInf(s[epoch], 0) {
				at = append(at, s[epoch])
			}
		}
		if len(at) == 0 || 2*len(at) < len(series) {
			break
		}
		if len(at) == len(series) && whole == epoch {
			whole++
		}
		slices.Sort(at)
		x := float64(epoch + 1)
		mean = append(mean, plotter.XY{X: x, Y: stat.Mean(at, nil)})
		low = append(low, plotter.XY{X: x, Y: stat.Quantile(0.1, stat.LinInterp, at, nil)})
		high = append(high, plotter.XY{X: x, Y: stat.Quantile(0.9, stat.LinInterp, at, nil)})
	}
	if len(mean) == 0 {
		return nil, errors.New("plots: a curve without finite values")
	}
	if len(series) > 1 {
		p.Add(&band{low: low, high: high, color: color.NRGBA{c.R, c.G, c.B, 0x38}})
	}
	all := mean
	if whole > 0 {
		all = mean[:whole]
	}
	l, err := plotter.NewLine(all)
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	l.LineStyle = line(2, c)
	p.Add(l)
	if whole > 0 && whole < len(mean) {
		rest, err := plotter.NewLine(mean[whole-1:])
		if err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		rest.LineStyle = line(0.9, c)
		p.Add(rest)
	}
	if len(series) > 1 {
		label += ", mean and 10-90%"
	}
	p.Legend.Add(label, l)
	if len(series) > 1 {
		return high, nil
	}
	return mean, nil
}

// running returns how many of the fits have each epoch, up to the last one that at least
// half of them have.
func running(series [][]float64) []int {
	var out []int
	for epoch := 0; ; epoch++ {
		n := 0
		for _, s := range series {
			if epoch < len(s) {
				n++
			}
		}
		if n == 0 || 2*n < len(series) {
			return out
		}
		out = append(out, n)
	}
}

// stripShare is the share of a figure's height reserved for the strip.
const stripShare = 0.06

// strip shows along the lower edge how many fits are still training.
type strip struct{ running []int }

// Plot implements plot.Plotter.
func (s *strip) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	height := (c.Max.Y - c.Min.Y) * stripShare * 0.8
	all := s.running[0]
	style := textStyle(7, ink)
	style.YAlign = text.YCenter
	free := c.Min.X
	for from := 0; from < len(s.running); {
		n, to := s.running[from], from
		for to < len(s.running) && s.running[to] == n {
			to++
		}
		left, right := max(x(float64(from)+0.5), c.Min.X), min(x(float64(to)+0.5), c.Max.X)
		if from == 0 {
			left = c.Min.X
		}
		c.FillPolygon(pale(faint, 0.08+0.5*float64(n)/float64(all)), []vg.Point{{X: left, Y: c.Min.Y}, {X: right, Y: c.Min.Y}, {X: right, Y: c.Min.Y + height}, {X: left, Y: c.Min.Y + height}})
		label := fmt.Sprint(n)
		if from == 0 {
			label = fmt.Sprintf("%d fits train", n)
		}
		if w := style.Width(label); left+3 >= free && left+w+5 <= right || from == 0 {
			c.FillText(style, vg.Point{X: left + 3, Y: c.Min.Y + height/2}, label)
			free = left + w + 5
		}
		from = to
	}
}

// band fills the space between two curves with the same x.
type band struct {
	low, high plotter.XYs
	color     color.Color
}

// Plot implements plot.Plotter.
func (b *band) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var pts []vg.Point
	for _, v := range b.low {
		pts = append(pts, vg.Point{X: x(v.X), Y: y(v.Y)})
	}
	for _, v := range slices.Backward(b.high) {
		pts = append(pts, vg.Point{X: x(v.X), Y: y(v.Y)})
	}
	c.FillPolygon(b.color, c.ClipPolygonXY(pts))
}

// DataRange implements plot.DataRanger.
func (b *band) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, _ = plotter.XYRange(b.low)
	_, _, _, ymax = plotter.XYRange(b.high)
	return xmin, xmax, ymin, ymax
}

// markBest draws the median best epoch as a line and every best epoch as a tick.
func (c Curves) markBest(p *plot.Plot) {
	var best []float64
	for _, e := range c.BestEpochs {
		if e > 0 {
			best = append(best, float64(e))
		}
	}
	if len(best) == 0 {
		return
	}
	slices.Sort(best)
	m := &bestMark{at: stat.Quantile(0.5, stat.Empirical, best, nil), low: !p.Legend.Top, strip: c.stripped}
	label := fmt.Sprintf("best epoch: %g", m.at)
	if len(best) > 1 {
		m.ticks = best
		label = fmt.Sprintf("best epoch: median %g", m.at)
	}
	p.Add(m)
	p.Legend.Add(label, m)
}

type bestMark struct {
	at    float64
	ticks []float64
	low   bool // the legend is at the bottom
	strip bool // the strip of running fits is drawn below
}

var dashed = draw.LineStyle{Color: ink, Width: vg.Points(1.25), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}

// Plot implements plot.Plotter.
func (m *bestMark) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	if m.strip {
		c.Min.Y += (c.Max.Y - c.Min.Y) * stripShare * 0.8
	}
	from, to := c.Min.Y, c.Min.Y+(c.Max.Y-c.Min.Y)*0.8 // leave room for the legend
	if m.low {
		from, to = c.Min.Y+(c.Max.Y-c.Min.Y)*0.2, c.Max.Y
	}
	c.StrokeLines(dashed, c.ClipLinesX([]vg.Point{{X: x(m.at), Y: from}, {X: x(m.at), Y: to}})...)
	for _, t := range m.ticks {
		c.StrokeLines(line(0.75, ink), c.ClipLinesX([]vg.Point{{X: x(t), Y: c.Min.Y}, {X: x(t), Y: c.Min.Y + vg.Points(6)}})...)
	}
}

// Thumbnail implements plot.Thumbnailer.
func (m *bestMark) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	c.StrokeLine2(dashed, c.Min.X, y, c.Max.X, y)
}
