package plots

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"github.com/seed732fc211/aegis/crossval"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// RowScores is the input of RowCurves.
type RowScores struct {
	Title  string                   // "": made of the metric
	Curves []crossval.LearningCurve // in one metric, as crossval.LearningCurves returns them
}

// RowCurves draws how the scores of models grow with the number of training rows: the mean
// over the folds, with its interval as a band. A curve that still rises at its end says that
// more rows would help. Numbers of rows at which a model failed have no point, and the line is
// broken there. For the loss over the epochs see [LearningCurves].
//
// It is an error if no point has a score, or if the curves are in different metrics.
func RowCurves(r RowScores) (*Figure, error) {
	p, err := r.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 6*vg.Inch, 4*vg.Inch), nil
}

func (r RowScores) plot() (*plot.Plot, error) {
	if len(r.Curves) == 0 {
		return nil, errNothing
	}
	if n := len(palette); len(r.Curves) > n {
		return nil, fmt.Errorf("plots: %d curves: at most %d can be told apart", len(r.Curves), n)
	}
	metric := r.Curves[0].Metric.Name
	names := make([]string, len(r.Curves))
	for i, c := range r.Curves {
		if c.Metric.Name != metric {
			return nil, fmt.Errorf("plots: a curve of %s and one of %s", metric, c.Metric.Name)
		}
		names[i] = c.Candidate
	}
	if r.Title == "" {
		r.Title = metric + " over the number of training rows"
	}
	p := newPlot(r.Title, "training rows", metric+" (mean and 95% interval)")
	addGrid(p)
	p.X.Tick.Marker = whole{}
	some := false
	var lines []*rowCurve
	for i, name := range shortNames(names, 26) {
		l := &rowCurve{colour: i}
		for _, v := range r.Curves[i].Points {
			known := v.Failed == "" && isFinite(v.Test.Estimate)
			some = some || known
			if v.Rows < 0 {
				return nil, fmt.Errorf("plots: %s: %d training rows", names[i], v.Rows)
			}
			if known {
				l.points = append(l.points, rowPoint{float64(v.Rows), v.Test.Estimate, v.Test.Low, v.Test.High})
			} else {
				l.points = append(l.points, rowPoint{float64(v.Rows), math.NaN(), math.NaN(), math.NaN()})
			}
		}
		lines = append(lines, l)
		p.Add(&rowBand{l})
		p.Legend.Add(name, l)
	}
	for _, l := range lines { // over all bands
		p.Add(l)
	}
	if !some {
		return nil, errNothing
	}
	if margin := 0.04 * (p.X.Max - p.X.Min); margin > 0 {
		p.X.Min, p.X.Max = p.X.Min-margin, p.X.Max+margin
	}
	if margin := 0.04 * (p.Y.Max - p.Y.Min); margin > 0 {
		p.Y.Min, p.Y.Max = p.Y.Min-margin, p.Y.Max+margin
	}
	p.Legend.Top = !r.Curves[0].Metric.Greater
	p.Add(backing{})
	return p, nil
}

type rowPoint struct{ rows, score, low, high float64 } // NaN: there is none

// rowCurve is one model's curve.
type rowCurve struct {
	points []rowPoint
	colour int
}

// DataRange implements plot.DataRanger.
func (l *rowCurve) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, v := range l.points {
		xmin, xmax = math.Min(xmin, v.rows), math.Max(xmax, v.rows)
		for _, y := range []float64{v.score, v.low, v.high} {
			if isFinite(y) {
				ymin, ymax = math.Min(ymin, y), math.Max(ymax, y)
			}
		}
	}
	return
}

// rowBand is the band of a curve.
type rowBand struct{ of *rowCurve }

// runs returns the runs of points that have scores.
func (l *rowCurve) runs() [][]rowPoint {
	var out [][]rowPoint
	for from := 0; from < len(l.points); {
		to := from
		for to < len(l.points) && isFinite(l.points[to].score) {
			to++
		}
		if to > from {
			out = append(out, l.points[from:to])
		}
		from = to + 1
	}
	return out
}

// Plot implements plot.Plotter.
func (b *rowBand) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	colour := palette[b.of.colour]
	for _, run := range b.of.runs() {
		var upper, lower []vg.Point
		for _, v := range run {
			if isFinite(v.low, v.high) {
				upper, lower = append(upper, vg.Point{X: x(v.rows), Y: y(v.high)}), append(lower, vg.Point{X: x(v.rows), Y: y(v.low)})
			}
		}
		switch {
		case len(upper) > 1:
			slices.Reverse(lower)
			c.FillPolygon(color.NRGBA{colour.R, colour.G, colour.B, 0x30}, append(upper, lower...))
		case len(upper) == 1:
			c.StrokeLines(line(1, colour), []vg.Point{upper[0], lower[0]})
		}
	}
}

// Plot implements plot.Plotter.
func (l *rowCurve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	colour := palette[l.colour]
	for _, run := range l.runs() {
		var middle []vg.Point
		for _, v := range run {
			middle = append(middle, vg.Point{X: x(v.rows), Y: y(v.score)})
			c.DrawGlyph(draw.GlyphStyle{Color: colour, Radius: vg.Points(2.8), Shape: draw.CircleGlyph{}}, middle[len(middle)-1])
		}
		if len(middle) > 1 {
			c.StrokeLines(line(2, colour), middle)
		}
	}
}

// Thumbnail implements plot.Thumbnailer.
func (l *rowCurve) Thumbnail(c *draw.Canvas) {
	y := (c.Min.Y + c.Max.Y) / 2
	c.StrokeLine2(line(2, palette[l.colour]), c.Min.X, y, c.Max.X, y)
}

// Permutations is the input of PermutationHistogram.
type Permutations struct {
	Title string // "": made of the candidate's name
	Test  *crossval.Permuted
}

// PermutationHistogram draws the scores with permuted targets as a histogram, and the score
// with the true ones as a line: far from the histogram, the model has learned something; see
// [crossval.PermutationTest].
//
// It is an error if there is no test, if it has no permutations, if a score is not finite, or
// if P is not in (0, 1].
func PermutationHistogram(t Permutations) (*Figure, error) {
	p, err := t.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 6*vg.Inch, 3.6*vg.Inch), nil
}

func (t Permutations) plot() (*plot.Plot, error) {
	if t.Test == nil {
		return nil, errors.New("plots: there is no permutation test")
	}
	if len(t.Test.Scores) == 0 {
		return nil, errNothing
	}
	if !isFinite(t.Test.Score) || !isFinite(t.Test.Scores...) {
		return nil, fmt.Errorf("plots: permutation test: a score is not finite")
	}
	if !(t.Test.P > 0 && t.Test.P <= 1) {
		return nil, fmt.Errorf("plots: permutation test: p = %v", t.Test.P)
	}
	metric := t.Test.Metric.Name
	if t.Title == "" {
		t.Title = fmt.Sprintf("%s of %s with permuted targets", metric, shorten(oneLine(t.Test.Candidate), 24))
	}
	p := newPlot(t.Title, metric, "permutations")
	addGrid(p)
	low, high := slices.Min(t.Test.Scores), slices.Max(t.Test.Scores)
	if low == high {
		half := math.Max(math.Abs(low)*0.01, 1e-3)
		low, high = low-half, high+half
	}
	bins := min(30, max(5, int(math.Ceil(2*math.Cbrt(float64(len(t.Test.Scores))))))) // Rice's rule
	h := &scoreHistogram{low: low, high: high, counts: make([]int, bins), score: t.Test.Score}
	for _, v := range t.Test.Scores {
		h.counts[min(bins-1, int(float64(bins)*(v-low)/(high-low)))]++
	}
	h.label = fmt.Sprintf("true targets: %.4g, p = %s", t.Test.Score, strconv.FormatFloat(t.Test.P, 'g', 2, 64))
	p.Add(h)
	left, right := math.Min(low, h.score), math.Max(high, h.score)
	margin := 0.05 * (right - left)
	p.X.Min, p.X.Max = left-margin, right+margin
	p.Y.Min, p.Y.Max = 0, 1.22*float64(slices.Max(h.counts))
	p.Y.Tick.Marker = whole{}
	return p, nil
}

type scoreHistogram struct {
	low, high float64
	counts    []int
	score     float64
	label     string
}

// Plot implements plot.Plotter.
func (h *scoreHistogram) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	width := (h.high - h.low) / float64(len(h.counts))
	for i, n := range h.counts {
		if n > 0 {
			from := h.low + width*float64(i)
			box(c, pale(dark, 0.5), x(from)+0.5, y(0), x(from+width)-0.5, y(float64(n)))
		}
	}
	at := x(h.score)
	top := c.Max.Y - vg.Points(14)
	c.StrokeLine2(line(2, blue), at, c.Min.Y, at, top)
	s := textStyle(tickSize, blue)
	s.YAlign = text.YBottom
	w := s.Width(h.label)
	c.FillText(s, vg.Point{X: min(max(at-w/2, c.Min.X), c.Max.X-w), Y: top + 2}, h.label)
}
