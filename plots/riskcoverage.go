package plots

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Selective is the input of RiskCoverage: models that answer only where they are sure enough.
type Selective struct {
	Title  string  // "": "Risk and coverage, with areas"
	Target float64 // the risk that was aimed at; 0: none
	Models []SelectiveModel
}

// SelectiveModel is one curve of a Selective.
type SelectiveModel struct {
	Name      string
	Curve     []metrics.RiskPoint // of metrics.RiskCoverage
	AURC      float64
	Threshold float64 // what it answers from on, as a dot; above the confidences: none
}

// RiskCoverage draws the share of wrong answers among those given against the share of questions
// that are answered, one curve for each of up to eight models: the lower, the better. The number in the
// legend is the area under the curve, the dot is where the model's threshold leads, and the dashed line is
// the risk that was aimed at. The first model is emphasised.
func RiskCoverage(s Selective) (*Figure, error) {
	p, err := s.plot()
	if err != nil {
		return nil, err
	}
	return figure(p, 5.4*vg.Inch, 4.4*vg.Inch), nil
}

func (s Selective) plot() (*plot.Plot, error) {
	if len(s.Models) == 0 || len(s.Models) > mostCurves || !(s.Target >= 0 && s.Target <= 1) {
		return nil, fmt.Errorf("plots: risk and coverage of %d models at a risk of %v: want 1 to %d, and 0 to 1", len(s.Models), s.Target, mostCurves)
	}
	if s.Title == "" {
		s.Title = "Risk and coverage, with areas"
	}
	p := newPlot(s.Title, "share of questions answered", "share of wrong answers among them")
	addGrid(p)
	var list []namedCurve
	for _, m := range s.Models {
		var xs plotter.XYs
		for _, at := range m.Curve {
			if !(at.Coverage >= 0 && at.Coverage <= 1) || !(at.Risk >= 0 && at.Risk <= 1) {
				return nil, fmt.Errorf("plots: %s: a coverage of %v and a risk of %v: want 0 to 1", m.Name, at.Coverage, at.Risk)
			}
			xs = append(xs, plotter.XY{X: at.Coverage, Y: at.Risk})
		}
		if len(xs) == 0 {
			return nil, fmt.Errorf("plots: %q: the curve has no points", m.Name)
		}
		list = append(list, namedCurve{m.Name, xs, m.AURC})
	}
	if s.Target > 0 {
		l, err := plotter.NewLine(plotter.XYs{{X: 0, Y: s.Target}, {X: 1, Y: s.Target}})
		if err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		l.LineStyle = chance
		p.Add(l)
		p.Legend.Add(fmt.Sprintf("aim: %.3g", s.Target), l)
	}
	lines, err := addCurves(p, list)
	if err != nil {
		return nil, err
	}
	for i, m := range s.Models {
		at := metrics.RiskAt(m.Curve, m.Threshold)
		if at.Answered == 0 {
			continue
		}
		dot, err := plotter.NewScatter(plotter.XYs{{X: at.Coverage, Y: at.Risk}})
		if err != nil {
			return nil, fmt.Errorf("plots: %w", err)
		}
		dot.GlyphStyle = draw.GlyphStyle{Color: lines[i].Color, Radius: vg.Points(4), Shape: draw.CircleGlyph{}}
		p.Add(dot)
	}
	p.X.Min, p.X.Max, p.Y.Min = 0, 1, 0
	p.Y.Max = max(p.Y.Max, 1.2*s.Target)
	p.Legend.Top, p.Legend.Left = true, true
	return p, nil
}

// RetrievalReport is the input of Retrieval.
type RetrievalReport struct {
	Title     string
	Subtitle  string
	Curves    []data.Curve // of the fit
	BestEpoch int          // 0: none
	Risk      Selective
	Ranks     Retrieved
	Facts     []Fact
	Notes     []string
	Examples  []string
}

// Retrieved are scores with intervals of several models, by metric, for the tables of Retrieval and
// Recommendation.
type Retrieved struct {
	Metrics []string
	Models  []string
	Values  [][][3]float64 // by model and metric: the value and its interval, NaN if there is none
}

// Retrieval draws a page about the answers that models find: a table of scores, the risk-coverage
// curves, the loss over the epochs, examples, notes and facts.
func Retrieval(r RetrievalReport) (*Figure, error) {
	p := &page{title: r.Title, subtitle: r.Subtitle}
	table, err := r.Ranks.table("What is found for questions that have an answer, with 95% intervals")
	if err != nil {
		return nil, err
	}
	p.add(cell{1, table})
	risk, err := r.Risk.plot()
	if err != nil {
		return nil, err
	}
	const high = 4.5 * vg.Inch
	row := []cell{{0.5, &plotBlock{risk, high}}}
	if len(r.Curves) > 0 {
		loss, err := Curves{Fits: [][]data.Curve{r.Curves}, BestEpochs: []int{r.BestEpoch}}.plot()
		if err != nil {
			return nil, err
		}
		row = append(row, cell{0.5, &plotBlock{loss, high}})
	}
	p.add(row...)
	p.add(cell{1, textOrNothing("Examples", r.Examples)})
	p.add(cell{0.5, textOrNothing("Notes", r.Notes)}, cell{0.5, factsOrNothing(r.Facts)})
	return p.figure(), nil
}

// table is the table of scores.
func (r Retrieved) table(title string) (block, error) {
	t := &tableBlock{title: title, head: []column{{name: "model"}}}
	for _, m := range r.Metrics {
		t.head = append(t.head, column{name: m, number: true})
	}
	if len(r.Values) != len(r.Models) || len(r.Models) == 0 {
		return nil, fmt.Errorf("plots: retrieval: scores of %d models, %d names", len(r.Values), len(r.Models))
	}
	for i, name := range r.Models {
		if len(r.Values[i]) != len(r.Metrics) {
			return nil, fmt.Errorf("plots: retrieval: %s has %d scores for %d metrics", name, len(r.Values[i]), len(r.Metrics))
		}
		row := []entry{{text: oneLine(name)}}
		for _, v := range r.Values[i] {
			said := fmt.Sprintf("%.3f", v[0])
			if !math.IsNaN(v[1]) {
				said += fmt.Sprintf(" (%.3f to %.3f)", v[1], v[2])
			}
			row = append(row, entry{text: said, key: v[0]})
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}
