package plots

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"math"

	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Boundary is the input of DecisionBoundary.
type Boundary struct {
	Title string
	Rows  *data.Set // points to draw: a table with two columns and classes
	// Predict predicts the points of the plane, for example a model's method PredictRows.
	Predict func(ctx context.Context, rows data.Source) (*data.Prediction, error)
	Cells   int // squares along each axis; 0: 150
	// Low and High are the corners of the plane; both zero: the range of the points,
	// extended by a tenth on each side.
	Low, High [2]float64
}

// DecisionBoundary draws a model's predictions over a plane. The colour is the predicted
// class, its strength the amount by which the probability exceeds that of a guess, and the
// white line is where the class changes. The points are drawn on top in the colours of their
// true classes.
func DecisionBoundary(b Boundary) (*Figure, error) {
	if b.Rows == nil || b.Predict == nil {
		return nil, errNothing
	}
	v, columns, err := b.Rows.Table()
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	labels, err := b.Rows.Labels()
	if err != nil {
		return nil, fmt.Errorf("plots: %w", err)
	}
	classes := len(b.Rows.Classes)
	if columns != 2 || classes < 2 || classes > len(palette) {
		return nil, fmt.Errorf("plots: a decision boundary of %d columns and %d classes: want 2 columns and 2 to %d classes", columns, classes, len(palette))
	}
	if b.Cells == 0 {
		b.Cells = 150
	}
	if b.Cells < 2 || b.Cells > 2000 {
		return nil, fmt.Errorf("plots: %d cells along an axis", b.Cells)
	}
	b.frame(v)
	g := &plane{Boundary: b, classes: classes}
	if err := g.ask(); err != nil {
		return nil, err
	}
	x, y := "x0", "x1"
	if len(b.Rows.Features) == 2 {
		x, y = b.Rows.Features[0].Name, b.Rows.Features[1].Name
	}
	p := newPlot(b.Title, x, y)
	p.X.Padding, p.Y.Padding = 0, 0
	p.Add(g, &points{v: v, labels: labels})
	return figure(p, 4*vg.Inch, 3.9*vg.Inch), nil
}

// frame sets the corners that are not given.
func (b *Boundary) frame(v []float64) {
	if b.Low != b.High {
		return
	}
	b.Low, b.High = [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for i, x := range v {
		b.Low[i%2], b.High[i%2] = min(b.Low[i%2], x), max(b.High[i%2], x)
	}
	for k := range b.Low {
		margin := max(0.1*(b.High[k]-b.Low[k]), 1e-6)
		b.Low[k] -= margin
		b.High[k] += margin
	}
}

// plane holds a model's predictions over a grid of squares.
type plane struct {
	Boundary
	classes int
	label   []int
	share   []float64 // strength of the colour, from 0 to 1
}

func (g *plane) ask() error {
	n := g.Cells
	rows := make([][]float64, 0, n*n)
	for j := range n {
		for i := range n {
			at := func(k, cell int) float64 {
				return g.Low[k] + (g.High[k]-g.Low[k])*(float64(cell)+0.5)/float64(n)
			}
			rows = append(rows, []float64{at(0, i), at(1, j)})
		}
	}
	features := g.Rows.Features
	if len(features) != 2 {
		features = []data.Feature{{Name: "x0"}, {Name: "x1"}}
	}
	set, err := data.NewTable(g.Rows.Name, features, rows)
	if err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	set.Classes = g.Rows.Classes
	pred, err := g.Predict(context.Background(), set)
	if err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	if pred == nil || len(pred.Labels) != len(rows) || pred.Proba != nil && len(pred.Proba) != len(rows)*g.classes {
		return errors.New("plots: the prediction does not fit the plane's squares and the classes")
	}
	g.label = pred.Labels
	g.share = make([]float64, len(rows))
	for i, l := range g.label {
		if l < 0 || l >= g.classes {
			return fmt.Errorf("plots: predicted class %d of %d", l, g.classes)
		}
		g.share[i] = 1
		if pred.Proba != nil {
			guess := 1 / float64(g.classes)
			g.share[i] = min(max((pred.Proba[i*g.classes+l]-guess)/(1-guess), 0), 1)
		}
	}
	return nil
}

// DataRange implements plot.DataRanger.
func (g *plane) DataRange() (xmin, xmax, ymin, ymax float64) {
	return g.Low[0], g.High[0], g.Low[1], g.High[1]
}

// Plot implements plot.Plotter.
func (g *plane) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	n := g.Cells
	edge := func(k, cell int) float64 { return g.Low[k] + (g.High[k]-g.Low[k])*float64(cell)/float64(n) }
	shade := func(i int) color.RGBA { return pale(palette[g.label[i]], 0.08+0.47*g.share[i]) }
	for j := range n {
		for i := 0; i < n; {
			from := i
			for i++; i < n && shade(j*n+i) == shade(j*n+from); i++ { // merge equal squares
			}
			left, right, low, high := x(edge(0, from)), x(edge(0, i)), y(edge(1, j)), y(edge(1, j+1))
			const overlap = vg.Length(0.3) // overlap hides hairlines between squares
			c.FillPolygon(shade(j*n+from), []vg.Point{{X: left, Y: low}, {X: min(right+overlap, c.Max.X), Y: low}, {X: min(right+overlap, c.Max.X), Y: min(high+overlap, c.Max.Y)}, {X: left, Y: min(high+overlap, c.Max.Y)}})
		}
	}
	border := line(1.4, paper)
	for j := range n {
		for i := range n {
			if i+1 < n && g.label[j*n+i] != g.label[j*n+i+1] {
				c.StrokeLine2(border, x(edge(0, i+1)), y(edge(1, j)), x(edge(0, i+1)), y(edge(1, j+1)))
			}
			if j+1 < n && g.label[j*n+i] != g.label[(j+1)*n+i] {
				c.StrokeLine2(border, x(edge(0, i)), y(edge(1, j+1)), x(edge(0, i+1)), y(edge(1, j+1)))
			}
		}
	}
}

// points are dots in the colours of their classes.
type points struct {
	v      []float64
	labels []int
}

// Plot implements plot.Plotter.
func (d *points) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, l := range d.labels {
		at := vg.Point{X: x(d.v[2*i]), Y: y(d.v[2*i+1])}
		if !c.Contains(at) {
			continue
		}
		c.DrawGlyph(draw.GlyphStyle{Color: paper, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}, at)
		c.DrawGlyph(draw.GlyphStyle{Color: palette[l], Radius: vg.Points(2.3), Shape: draw.CircleGlyph{}}, at)
	}
}
