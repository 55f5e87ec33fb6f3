package plots

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Residuals is the input of PredictedActual, ResidualHistogram and ResidualsPredicted.
type Residuals struct {
	Title     string // "": named after the figure
	Target    string // name of the target, for the axes
	Actual    []float64
	Predicted []float64
}

// PredictedActual draws predictions over true values, with the line on which they are equal.
func PredictedActual(r Residuals) (*Figure, error) {
	p, err := r.scatter()
	if err != nil {
		return nil, err
	}
	return figure(p, 4.6*vg.Inch, 4.4*vg.Inch), nil
}

// ResidualHistogram draws a histogram of the errors, predicted minus actual.
func ResidualHistogram(r Residuals) (*Figure, error) {
	p, err := r.histogram()
	if err != nil {
		return nil, err
	}
	return figure(p, 4.6*vg.Inch, 4.4*vg.Inch), nil
}

// ResidualsPredicted draws the errors, predicted minus actual, over the predictions. A
// slope, a curve or a funnel shape is structure that the model has not learnt.
func ResidualsPredicted(r Residuals) (*Figure, error) {
	p, err := r.over()
	if err != nil {
		return nil, err
	}
	return figure(p, 4.6*vg.Inch, 4.4*vg.Inch), nil
}

// mostDots is the largest number of rows drawn as dots; of more, every n-th is drawn.
const mostDots = 5000

// dots returns the n of every n-th row that is drawn and, if that is not all rows, adds it
// to the title.
func (r *Residuals) dots() int {
	n := len(r.Actual)
	every := (n + mostDots - 1) / mostDots
	if every > 1 {
		r.Title += fmt.Sprintf(", %d of %d rows", (n+every-1)/every, n)
	}
	return every
}

func (r Residuals) check() error {
	if len(r.Actual) == 0 || len(r.Actual) != len(r.Predicted) {
		return fmt.Errorf("plots: %d predictions for %d true values", len(r.Predicted), len(r.Actual))
	}
	for i := range r.Actual {
		if d := r.Predicted[i] - r.Actual[i]; math.IsNaN(d) || math.IsInf(d, 0) {
			return fmt.Errorf("plots: row %d: predicted %v, actual %v", i, r.Predicted[i], r.Actual[i])
		}
	}
	return nil
}

func (r Residuals) scatter() (*plot.Plot, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Title == "" {
		r.Title = "Predicted and actual"
	}
	every := r.dots()
	p := newPlot(r.Title, "actual "+axisName(r.Target), "predicted "+axisName(r.Target))
	addGrid(p)
	var pts plotter.XYs
	low, high := math.Inf(1), math.Inf(-1)
	for i := range r.Actual {
		if i%every == 0 {
			pts = append(pts, plotter.XY{X: r.Actual[i], Y: r.Predicted[i]})
		}
		low = min(low, r.Actual[i], r.Predicted[i])
		high = max(high, r.Actual[i], r.Predicted[i])
	}
	dots, err := plotter.NewScatter(pts)
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	dots.GlyphStyle = dotStyle(len(pts))
	equal, err := plotter.NewLine(plotter.XYs{{X: low, Y: low}, {X: high, Y: high}})
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	equal.LineStyle = dashed
	p.Add(dots, equal)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, low, high
	return p, nil
}

// axisName cuts the name of a target to fit on an axis.
func axisName(target string) string { return shorten(oneLine(target), 28) }

func (r Residuals) over() (*plot.Plot, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Title == "" {
		r.Title = "Residuals over predictions"
	}
	every := r.dots()
	p := newPlot(r.Title, "predicted "+axisName(r.Target), "predicted less actual")
	addGrid(p)
	var pts plotter.XYs
	low, high := math.Inf(1), math.Inf(-1)
	for i := range r.Actual {
		if i%every == 0 {
			pts = append(pts, plotter.XY{X: r.Predicted[i], Y: r.Predicted[i] - r.Actual[i]})
		}
		low, high = min(low, r.Predicted[i]), max(high, r.Predicted[i])
	}
	dots, err := plotter.NewScatter(pts)
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	dots.GlyphStyle = dotStyle(len(pts))
	none, err := plotter.NewLine(plotter.XYs{{X: low, Y: 0}, {X: high, Y: 0}})
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	none.LineStyle = dashed
	p.Add(dots, none)
	return p, nil
}

// dotStyle is smaller and paler for more dots, so that dense regions remain visible.
func dotStyle(n int) draw.GlyphStyle {
	radius, alpha := 2.0, uint8(0xb2)
	if n > 1000 {
		radius, alpha = 1.4, 0x60
	}
	return draw.GlyphStyle{Color: color.NRGBA{blue.R, blue.G, blue.B, alpha}, Radius: vg.Points(radius), Shape: draw.CircleGlyph{}}
}

func (r Residuals) histogram() (*plot.Plot, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Title == "" {
		r.Title = "Residuals"
	}
	p := newPlot(r.Title, "predicted less actual "+axisName(r.Target), "rows")
	addGrid(p)
	v := make(plotter.Values, len(r.Actual))
	for i := range v {
		v[i] = r.Predicted[i] - r.Actual[i]
	}
	h, err := plotter.NewHist(v, min(60, max(5, int(math.Sqrt(float64(len(v)))))))
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	h.FillColor = pale(blue, 0.6)
	h.LineStyle = line(0.5, paper)
	p.Add(h)
	return p, nil
}
