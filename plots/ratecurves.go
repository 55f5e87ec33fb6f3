package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// namedCurve is one of several curves in a figure, with the number shown in the legend.
type namedCurve struct {
	name  string
	xs    plotter.XYs
	score float64
}

// With more than mostCurves curves, only the first and the worstCurves with the lowest
// scores are coloured and listed in the legend.
const (
	mostCurves  = 8
	worstCurves = 5
)

// addCurves draws the curves, with the first thicker and above all others, and returns the
// coloured ones.
func addCurves(p *plot.Plot, list []namedCurve) ([]*plotter.Line, error) {
	shown := make([]int, len(list))
	for i := range shown {
		shown[i] = i
	}
	if len(list) > mostCurves {
		rest := shown[1:]
		slices.SortStableFunc(rest, func(a, b int) int { return cmp.Compare(list[a].score, list[b].score) })
		shown = shown[:1+worstCurves]
		for _, i := range rest[worstCurves:] {
			l, err := plotter.NewLine(list[i].xs)
			if err != nil {
				return nil, fmt.Errorf("plots: %w", err)
			}
			l.LineStyle = line(0.6, pale(faint, 0.45))
			p.Add(l)
		}
	}
	lines := make([]*plotter.Line, len(shown))
	for k, i := range shown {
		l, err := plotter.NewLine(list[i].xs)
		if err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		l.LineStyle = line(1.25, palette[k%len(palette)])
		lines[k] = l
	}
	lines[0].LineStyle.Width = vg.Points(2.5)
	for _, l := range slices.Backward(lines) {
		p.Add(l)
	}
	names := make([]string, len(shown))
	for k, i := range shown {
		names[k] = list[i].name
	}
	for k, name := range shortNames(names, 24) {
		p.Legend.Add(fmt.Sprintf("%s  %.3f", name, list[shown[k]].score), lines[k])
	}
	if hidden := len(list) - len(shown); hidden > 0 {
		grey, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 0, Y: 0}})
		if err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		grey.LineStyle = line(0.6, pale(faint, 0.45))
		p.Legend.Add(fmt.Sprintf("%d better ones", hidden), grey)
	}
	p.Add(backing{})
	return lines, nil
}

// PrecisionRecalls is one curve of a PrecisionRecall: recall and precision at every
// threshold, and the average precision.
type PrecisionRecalls struct {
	Name             string
	Recall           []float64
	Precision        []float64
	AveragePrecision float64
}

// PrecisionRecall is the input of PrecisionRecallCurves; the first curve is emphasised.
type PrecisionRecall struct {
	Title  string  // "": "Precision and recall"
	Rate   float64 // share of positive rows, which is the precision of guessing; 0: not drawn
	Curves []PrecisionRecalls
}

// PrecisionRecallCurves draws precision over recall. If one class is rare, this shows what a
// ROC curve hides: how many of the rows that a model selects are wrong. If there are more
// than eight curves, only the first and the five worst are named.
func PrecisionRecallCurves(r PrecisionRecall) (*Figure, error) {
	p, err := r.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 4.6*vg.Inch, 4.4*vg.Inch), nil
}

func (r PrecisionRecall) plot() (*plot.Plot, error) {
	if len(r.Curves) == 0 {
		return nil, errNothing
	}
	if r.Title == "" {
		r.Title = "Precision and recall"
	}
	if !(r.Rate >= 0 && r.Rate <= 1) {
		return nil, fmt.Errorf("plots: a share of positive rows of %v", r.Rate)
	}
	p := newPlot(r.Title, "recall", "precision")
	addGrid(p)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	list := make([]namedCurve, len(r.Curves))
	for i, c := range r.Curves {
		if len(c.Recall) != len(c.Precision) || len(c.Recall) < 2 {
			return nil, fmt.Errorf("plots: precision-recall curve %q has %d recalls and %d precisions", c.Name, len(c.Recall), len(c.Precision))
		}
		list[i] = namedCurve{name: c.Name, score: c.AveragePrecision, xs: xys(c.Recall, c.Precision)}
	}
	if r.Rate > 0 {
		guess, err := plotter.NewLine(plotter.XYs{{X: 0, Y: r.Rate}, {X: 1, Y: r.Rate}})
		if err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		guess.LineStyle = chance
		p.Add(guess)
	}
	if _, err := addCurves(p, list); err != nil {
		return nil, err
	}
	p.Legend.Left = true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(4), vg.Points(4)
	return p, nil
}

// xys makes a curve of coordinates between 0 and 1. Of points that coincide in any figure
// only the first is kept, because a curve can have one point per row.
func xys(x, y []float64) plotter.XYs {
	const near = 0.0008
	var pts plotter.XYs
	for k := range x {
		v := plotter.XY{X: x[k], Y: y[k]}
		if n := len(pts); n > 0 && k < len(x)-1 && math.Abs(v.X-pts[n-1].X) < near && math.Abs(v.Y-pts[n-1].Y) < near {
			continue
		}
		pts = append(pts, v)
	}
	return pts
}
