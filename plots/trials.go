package plots

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/crossval/search"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Trials is the input of SearchHistory and ParallelCoordinates.
type Trials struct {
	Title   string // "": made of the metric
	Outcome *search.Outcome
	Best    int // number of trials that are drawn strong in ParallelCoordinates; 0: 5
}

// SearchHistory draws the score of every trial of a search over its number: trials that were
// fitted on all folds, those that were dropped, with the score that is estimated for them, and
// failed ones, which have none, at the edge of their side. A step line is the best score so
// far. The band is the winner's score corrected for the choice, with its interval of 95%, if
// the search could make it. Scores far worse than the others are arrows at the edge. Trials
// that repeat another are left out.
//
// It is an error if the outcome is nil or has no trial with a score.
func SearchHistory(t Trials) (*Figure, error) {
	b, err := t.history()
	if err != nil {
		return nil, err
	}
	return b.figure(7 * vg.Inch), nil
}

// kind is what became of a trial.
type kind int

const (
	complete kind = iota
	dropped
	failed
	repeated
)

func kindOf(t *search.Trial) kind {
	switch {
	case t.Same >= 0:
		return repeated
	case t.Failed != "" || !isFinite(t.Score):
		return failed
	case t.Dropped != "" || !t.Final:
		return dropped
	}
	return complete
}

// scores returns the scores of the trials that have one and repeat no other.
func (t Trials) scores() ([]float64, error) {
	if t.Outcome == nil {
		return nil, errors.New("plots: the outcome of the search is nil")
	}
	var all []float64
	for i := range t.Outcome.Trials {
		if k := kindOf(&t.Outcome.Trials[i]); k == complete || k == dropped {
			all = append(all, t.Outcome.Trials[i].Score)
		}
	}
	if all == nil {
		return nil, errNothing
	}
	return all, nil
}

// scoreWindow returns the range of scores to show: on the bad side it ends three times as far
// from the best as the median.
func scoreWindow(scores []float64, greater bool) (low, high float64) {
	sorted := slices.Clone(scores)
	slices.Sort(sorted)
	low, high = sorted[0], sorted[len(sorted)-1]
	if middle := sorted[len(sorted)/2]; greater {
		low = math.Max(low, high-3*(high-middle))
	} else {
		high = math.Min(high, low+3*(middle-low))
	}
	if low == high { // half of them are the best
		low, high = sorted[0], sorted[len(sorted)-1]
	}
	if low == high {
		low, high = low-math.Max(math.Abs(low)*0.05, 1e-3), high+math.Max(math.Abs(high)*0.05, 1e-3)
	}
	return low, high
}

// trialsHistory is the plotter of SearchHistory.
type trialsHistory struct {
	o                   *search.Outcome
	low, high           float64
	estimateL, estimate float64
	estimateH           float64 // NaN: there is none
}

func (t Trials) history() (*drawing, error) {
	scores, err := t.scores()
	if err != nil {
		return nil, err
	}
	o := t.Outcome
	h := &trialsHistory{o: o, estimate: math.NaN()}
	h.low, h.high = scoreWindow(scores, o.Metric.Greater)
	if e := o.Corrected; e.Method != "" && isFinite(e.Score, e.Low, e.High) {
		h.estimate, h.estimateL, h.estimateH = e.Score, e.Low, e.High
		h.low, h.high = math.Min(h.low, e.Low), math.Max(h.high, e.High)
	}
	margin := 0.06 * (h.high - h.low)
	h.low, h.high = h.low-margin, h.high+margin
	if t.Title == "" {
		t.Title = fmt.Sprintf("%s of %d trials", o.Metric.Name, len(o.Trials))
	}
	p := newPlot("", "trial", o.Metric.Name)
	p.X.Min, p.X.Max = -0.8, math.Max(float64(len(o.Trials))-0.2, 1.2)
	p.Y.Min, p.Y.Max = h.low, h.high
	p.X.Tick.Marker = whole{}
	p.Add(h)
	return &drawing{title: t.Title, high: 4.2 * vg.Inch, paint: func(c draw.Canvas) { p.Draw(keys(c, h.keys())) }}, nil
}

// whole puts ticks at whole numbers.
type whole struct{}

// Ticks implements plot.Ticker.
func (whole) Ticks(low, high float64) []plot.Tick {
	return slices.DeleteFunc(steps{}.Ticks(low, high), func(t plot.Tick) bool { return t.Value != math.Trunc(t.Value) })
}

var (
	completeDot = draw.GlyphStyle{Color: blue, Radius: vg.Points(3.2), Shape: draw.CircleGlyph{}}
	droppedDot  = draw.GlyphStyle{Color: faint, Radius: vg.Points(2.4), Shape: draw.RingGlyph{}}
	failedCross = draw.GlyphStyle{Color: orange, Radius: vg.Points(3), Shape: draw.CrossGlyph{}}
	bestLine    = line(1.5, ink)
)

// keys returns the legend of what there is.
func (h *trialsHistory) keys() []key {
	var counts [4]int
	for i := range h.o.Trials {
		counts[kindOf(&h.o.Trials[i])]++
	}
	list := []key{{fmt.Sprintf("fitted on all folds (%d)", counts[complete]), dotKey(completeDot)}}
	if counts[dropped] > 0 {
		list = append(list, key{fmt.Sprintf("dropped, estimated (%d)", counts[dropped]), dotKey(droppedDot)})
	}
	if counts[failed] > 0 {
		list = append(list, key{fmt.Sprintf("failed (%d)", counts[failed]), dotKey(failedCross)})
	}
	list = append(list, key{"best so far", lineKey(bestLine)})
	if !math.IsNaN(h.estimate) {
		list = append(list, key{fmt.Sprintf("winner, corrected for the choice: %.4f (%.4f to %.4f)", h.estimate, h.estimateL, h.estimateH), bandKey(pale(palette[2], 0.18), line(1.25, palette[2]))})
	}
	return list
}

// Plot implements plot.Plotter.
func (h *trialsHistory) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if !math.IsNaN(h.estimate) {
		box(c, pale(palette[2], 0.18), c.Min.X, y(h.estimateL), c.Max.X, y(h.estimateH))
	}
	for _, t := range p.Y.Tick.Marker.Ticks(h.low, h.high) {
		c.StrokeLine2(line(0.75, grid), c.Min.X, y(t.Value), c.Max.X, y(t.Value))
	}
	if !math.IsNaN(h.estimate) {
		c.StrokeLine2(line(1.25, palette[2]), c.Min.X, y(h.estimate), c.Max.X, y(h.estimate))
	}
	bad, down := c.Min.Y, vg.Length(-1) // the edge of the bad side
	if !h.o.Metric.Greater {
		bad, down = c.Max.Y, 1
	}
	best := math.NaN()
	var step []vg.Point
	for i := range h.o.Trials {
		t := &h.o.Trials[i]
		at := x(float64(i))
		switch k := kindOf(t); {
		case k == failed:
			c.DrawGlyph(failedCross, vg.Point{X: at, Y: bad - down*vg.Points(5)})
		case k == repeated:
		case t.Score < h.low || t.Score > h.high:
			colour := faint
			if k == complete {
				colour = blue
			}
			c.FillPolygon(colour, []vg.Point{{X: at, Y: bad}, {X: at - 3, Y: bad - 7*down}, {X: at + 3, Y: bad - 7*down}})
		case k == dropped:
			c.DrawGlyph(droppedDot, vg.Point{X: at, Y: y(t.Score)})
		default:
			c.DrawGlyph(completeDot, vg.Point{X: at, Y: y(t.Score)})
		}
		if kindOf(t) == complete && (math.IsNaN(best) || t.Score != best && (t.Score > best) == h.o.Metric.Greater) {
			if step != nil {
				step = append(step, vg.Point{X: at, Y: y(best)})
			}
			best = t.Score
			step = append(step, vg.Point{X: at, Y: y(best)})
		}
	}
	if step != nil {
		step = append(step, vg.Point{X: c.Max.X, Y: y(best)})
		c.StrokeLines(bestLine, c.ClipLinesY(step)...)
	}
}
