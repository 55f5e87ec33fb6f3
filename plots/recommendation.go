package plots

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// ListRecall is the input of RecallCurves: recall of the first 1, 2, 3, ... recommended items.
type ListRecall struct {
	Title  string // "": "Recall of the first items"
	Models []ListModel
}

// ListModel is a curve of a ListRecall.
type ListModel struct {
	Name   string
	Recall []float64 // of the first 1, 2, ... items
}

// RecallCurves draws the recall of the first items against their number, one curve for each of up to eight models.
// The number in the legend is the recall of all items that are shown; the first model is emphasised.
func RecallCurves(r ListRecall) (*Figure, error) {
	p, err := r.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 5.4*vg.Inch, 4.4*vg.Inch), nil
}

func (r ListRecall) plot() (*plot.Plot, error) {
	if len(r.Models) == 0 || len(r.Models) > mostCurves {
		return nil, fmt.Errorf("plots: recall of %d models: want 1 to %d", len(r.Models), mostCurves)
	}
	if r.Title == "" {
		r.Title = "Recall of the first items"
	}
	p := newPlot(r.Title, "items that are recommended", "recall")
	addGrid(p)
	var list []namedCurve
	for _, m := range r.Models {
		if len(m.Recall) == 0 {
			return nil, fmt.Errorf("plots: %q: the curve has no points", m.Name)
		}
		xs := make(plotter.XYs, len(m.Recall))
		for k, v := range m.Recall {
			if !(v >= 0 && v <= 1+1e-9) {
				return nil, fmt.Errorf("plots: %s: a recall of %v: want 0 to 1", m.Name, v)
			}
			xs[k] = plotter.XY{X: float64(k + 1), Y: v}
		}
		list = append(list, namedCurve{m.Name, xs, m.Recall[len(m.Recall)-1]})
	}
	if _, err := addCurves(p, list); err != nil {
		return nil, err
	}
	p.Y.Min = 0
	p.Legend.Top, p.Legend.Left = true, true
	p.Y.Max *= 1.1 // room for the legend
	return p, nil
}

// RecommendationReport is the input of Recommendation.
type RecommendationReport struct {
	Title, Subtitle string
	Scores          Retrieved   // of the test users
	Recall          ListRecall  // of the same models
	Differences     Differences // of the chosen model and each other; no list: none
	Notes           []string    // verdicts
	Examples        []string
	Facts           []Fact
}

// Recommendation draws a page about ways to recommend items: a table of scores, recall of the first items, differences from the
// chosen model, verdicts, examples and facts.
func Recommendation(r RecommendationReport) (*Figure, error) {
	p := &page{title: r.Title, subtitle: r.Subtitle}
	table, err := r.Scores.table("Held-out items that are recommended, means over users with 95% intervals")
	if err != nil {
		return nil, err
	}
	p.add(cell{1, table})
	recall, err := r.Recall.plot()
	if err != nil {
		return nil, err
	}
	row := []cell{{0.38, &plotBlock{recall, 4.2 * vg.Inch}}}
	if len(r.Differences.List) > 0 {
		forest, err := r.Differences.block()
		if err != nil {
			return nil, err
		}
		row = append(row, cell{0.62, forest})
	}
	p.add(row...)
	p.add(cell{0.6, textOrNothing("Verdicts", r.Notes)}, cell{0.4, factsOrNothing(r.Facts)})
	p.add(cell{1, textOrNothing("Examples", r.Examples)})
	return p.figure(), nil
}
