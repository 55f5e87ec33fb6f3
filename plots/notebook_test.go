package plots_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/diagram"
	"github.com/seed732fc211/aegis/plots"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gorgonia.org/tensor"
)

// disc says class 1 within a circle, the surer the farther from its rim.
func disc(_ context.Context, src data.Source) (*data.Prediction, error) {
	rows, err := data.Collect(src)
	if err != nil {
		return nil, err
	}
	v, _, err := rows.Table()
	if err != nil {
		return nil, err
	}
	p := &data.Prediction{}
	for i := range rows.Len() {
		one := 1 / (1 + math.Exp(6*(math.Hypot(v[2*i], v[2*i+1])-1)))
		p.Proba = append(p.Proba, 1-one, one)
		p.Labels = append(p.Labels, int(math.Round(one)))
	}
	return p, nil
}

func ring(t *testing.T) *data.Set {
	t.Helper()
	var rows [][]float64
	var labels []int
	for k := range 40 {
		angle, r := 2*math.Pi*float64(k)/20, 0.6+float64(k%2)
		rows, labels = append(rows, []float64{r * math.Cos(angle), r * math.Sin(angle)}), append(labels, 1-k%2)
	}
	set, err := data.FromLabels("ring", rows, labels, []string{"out", "in"})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// ramps are images whose brightness grows from left to right, or from above.
func ramps(channels int) *data.Set {
	const n, side = 3, 6
	v := make([]float32, 0, n*side*side*channels)
	for i := range n {
		for y := range side {
			for x := range side {
				for c := range channels {
					v = append(v, float32([]int{x, y, side - 1 - x}[(i+c)%3])/(side-1))
				}
			}
		}
	}
	shape := []int{n, side, side, channels}
	if channels == 1 {
		shape = shape[:3]
	}
	return &data.Set{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking([]int{0, 1, 2}))}, Classes: []string{"right", "down", "left"}}
}

func network() plots.Diagram {
	return plots.Diagram{Title: "loss of one layer", Nodes: []diagram.Node{
		{Lines: []string{"x", "(8, 2)"}, Leaf: true}, {Lines: []string{"kernel", "(2, 3)"}, Group: "0.Dense", Leaf: true},
		{Lines: []string{"bias", "(3)"}, Group: "0.Dense", Leaf: true}, {Lines: []string{"Dense", "(8, 3)"}, Group: "0.Dense"},
		{Lines: []string{"want", "(8)"}, Leaf: true}, {Lines: []string{"SoftmaxCrossEntropy", "(8)"}, Group: "loss"},
		{Lines: []string{"Mean", "()"}, Group: "loss"}, {Lines: []string{"Square", "(2, 3)"}}, {Lines: []string{"Add", "()"}},
	}, Edges: [][2]int{{0, 3}, {1, 3}, {2, 3}, {3, 5}, {4, 5}, {5, 6}, {1, 7}, {7, 8}, {6, 8}}}
}

// notebookFigures are the figures that notebooks use.
func notebookFigures(t *testing.T, must func(*plots.Figure, error) *plots.Figure) map[string]*plots.Figure {
	t.Helper()
	filters := ramps(1)
	for i, v := range filters.Inputs[0].Data().([]float32) {
		filters.Inputs[0].Data().([]float32)[i] = 2*v - 1
	}
	wide, narrow := plots.Values{Name: "wide"}, plots.Values{Name: "narrow"}
	for k := range 200 {
		x := float64(k-100) / 50
		wide.Values, narrow.Values = append(wide.Values, x*x*x), append(narrow.Values, x/8)
	}
	p := plot.New()
	l, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}, {X: 2, Y: 4}})
	if err != nil {
		t.Fatal(err)
	}
	p.Add(l)
	boundary := must(plots.DecisionBoundary(plots.Boundary{Title: "in or out", Rows: ring(t), Predict: disc, Cells: 60}))
	return map[string]*plots.Figure{
		"diagram":       must(plots.DrawDiagram(network())),
		"boundary":      boundary,
		"distributions": must(plots.DrawDistributions(plots.Distributions{Title: "Weights", Label: "weight", Groups: []plots.Values{wide, narrow}, Log: true})),
		"images":        must(plots.DrawImages(plots.Images{Title: "Ramps", Set: ramps(1)})),
		"images_colour": must(plots.DrawImages(plots.Images{Set: ramps(3), Columns: 2, Captions: []string{"a", "b", "c"}})),
		"images_lines":  must(plots.DrawImages(plots.Images{Set: ramps(1), Captions: []string{"pullover\n→ T-shirt", "a", "ankle boot\n→ one more\nthird"}})),
		"images_bare":   must(plots.DrawImages(plots.Images{Set: ramps(1), Captions: []string{}})),
		"filters":       must(plots.DrawImages(plots.Images{Set: filters, Diverging: true, Rows: []int{2, 0}})),
		"grid":          must(plots.Grid(2, boundary, must(plots.FromPlot(p, 3, 2)), must(plots.FromPlot(p, 2, 3)))),
	}
}

func TestNotebookMistakes(t *testing.T) {
	three := ramps(1)
	three.Inputs[0] = tensor.New(tensor.WithShape(3, 2), tensor.WithBacking(make([]float64, 6)))
	ctxErr := errors.New("no answer")
	for _, c := range []struct {
		name string
		draw func() (*plots.Figure, error)
		want string
	}{
		{"empty diagram", func() (*plots.Figure, error) { return plots.DrawDiagram(plots.Diagram{}) }, "nothing to draw"},
		{"edge beyond the nodes", func() (*plots.Figure, error) {
			d := network()
			d.Edges = append(d.Edges, [2]int{0, 99})
			return plots.DrawDiagram(d)
		}, "edge 9 of the diagram goes from node 0 to node 99: there are 9 nodes"},
		{"edge before the nodes", func() (*plots.Figure, error) {
			d := network()
			d.Edges[0] = [2]int{-1, 3}
			return plots.DrawDiagram(d)
		}, "from node -1"},
		{"grid with an empty figure", func() (*plots.Figure, error) { return plots.Grid(2, &plots.Figure{}) }, "nil or empty"},
		{"no plot", func() (*plots.Figure, error) { return plots.FromPlot(nil, 1, 1) }, "nothing to draw"},
		{"no size", func() (*plots.Figure, error) { return plots.FromPlot(plot.New(), 0, 1) }, "0 x 1 inches"},
		{"grid of none", func() (*plots.Figure, error) { return plots.Grid(2) }, "0 figures"},
		{"grid with nil", func() (*plots.Figure, error) { return plots.Grid(2, nil) }, "is nil"},
		{"no model", func() (*plots.Figure, error) { return plots.DecisionBoundary(plots.Boundary{Rows: ring(t)}) }, "nothing to draw"},
		{"images have no boundary", func() (*plots.Figure, error) {
			return plots.DecisionBoundary(plots.Boundary{Rows: ramps(1), Predict: disc})
		}, "want a float64 table"},
		{"one class", func() (*plots.Figure, error) {
			set := ring(t)
			set.Classes = set.Classes[:1]
			return plots.DecisionBoundary(plots.Boundary{Rows: set, Predict: disc})
		}, "2 columns and 1 classes"},
		{"model fails", func() (*plots.Figure, error) {
			return plots.DecisionBoundary(plots.Boundary{Rows: ring(t), Predict: func(context.Context, data.Source) (*data.Prediction, error) { return nil, ctxErr }})
		}, "no answer"},
		{"model of a regression", func() (*plots.Figure, error) {
			return plots.DecisionBoundary(plots.Boundary{Rows: ring(t), Predict: func(context.Context, data.Source) (*data.Prediction, error) { return &data.Prediction{}, nil }})
		}, "does not fit"},
		{"class out of range", func() (*plots.Figure, error) {
			return plots.DecisionBoundary(plots.Boundary{Rows: ring(t), Cells: 2, Predict: func(context.Context, data.Source) (*data.Prediction, error) {
				return &data.Prediction{Labels: []int{0, 1, 2, 0}}, nil
			}})
		}, "class 2 of 2"},
		{"no values", func() (*plots.Figure, error) { return plots.DrawDistributions(plots.Distributions{}) }, "0 groups"},
		{"NaN", func() (*plots.Figure, error) {
			return plots.DrawDistributions(plots.Distributions{Groups: []plots.Values{{Name: "w", Values: []float64{1, math.NaN()}}}})
		}, "w: value 1 is NaN"},
		{"no images", func() (*plots.Figure, error) { return plots.DrawImages(plots.Images{}) }, "nothing to draw"},
		{"a table", func() (*plots.Figure, error) { return plots.DrawImages(plots.Images{Set: three}) }, "images of shape (3, 2)"},
		{"row", func() (*plots.Figure, error) {
			return plots.DrawImages(plots.Images{Set: ramps(1), Rows: []int{3}, Captions: []string{""}})
		}, "image 3 of 3"},
		{"captions", func() (*plots.Figure, error) {
			return plots.DrawImages(plots.Images{Set: ramps(1), Captions: []string{"a"}})
		}, "1 captions for 3"},
	} {
		if _, err := c.draw(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}
