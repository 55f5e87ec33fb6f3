package plots

import (
	"fmt"
	"math"
	"time"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// TranslationLine is a way to translate in the table of a TranslationReport.
type TranslationLine struct {
	Name       string
	BLEU, ChrF stats.Test
	Time       time.Duration // that translating took
}

// TranslationReport is the input of Translation.
type TranslationReport struct {
	Title     string
	Curves    []data.Curve // of the fit
	BestEpoch int          // 0: none
	Times     []time.Duration
	BLEU      []float64         // of some validation pairs at these times
	Lines     []TranslationLine // the ways to translate that are compared
	Attention *Attention        // of a test pair; nil: none
	Examples  []string
	Notes     []string // verdicts
	Facts     []Fact
}

// Translation draws a page about a translation model: the loss over the epochs, BLEU over the time
// that training took, a table of the ways to translate with their intervals, an attention map,
// examples, and the facts.
func Translation(r TranslationReport) (*Figure, error) {
	p := &page{title: r.Title, subtitle: TrainingReport{Curves: r.Curves, BestEpoch: r.BestEpoch}.epochs()}
	curves := Curves{Fits: [][]data.Curve{r.Curves}, BestEpochs: []int{r.BestEpoch}}
	loss, err := curves.plot()
	if err != nil {
		return nil, err
	}
	const high = 3.6 * vg.Inch
	row := []cell{{0.5, &plotBlock{loss, high}}}
	if len(r.Times) > 0 {
		over, err := r.overTime()
		if err != nil {
			return nil, err
		}
		row = append(row, cell{0.5, &plotBlock{over, high}})
	}
	p.add(row...)
	if len(r.Lines) > 0 {
		p.add(cell{1, r.table()})
	}
	second := []cell{{0.45, textOrNothing("Notes", append(CurveNotes(curves), r.Notes...))}}
	if r.Attention != nil {
		m, err := r.Attention.plot()
		if err != nil {
			return nil, err
		}
		second = append([]cell{{0.55, &plotBlock{m, min(max(3.4*vg.Inch, r.Attention.height()), 9*vg.Inch)}}}, second...)
	}
	p.add(second...)
	p.add(cell{0.6, textOrNothing("Examples", r.Examples)}, cell{0.4, factsOrNothing(r.Facts)})
	return p.figure(), nil
}

// overTime draws BLEU over the minutes of a fit.
func (r TranslationReport) overTime() (*plot.Plot, error) {
	if len(r.Times) != len(r.BLEU) {
		return nil, fmt.Errorf("plots: %d times of %d scores", len(r.Times), len(r.BLEU))
	}
	var points plotter.XYs
	for i, t := range r.Times {
		if v := r.BLEU[i]; !math.IsNaN(v - v) {
			points = append(points, plotter.XY{X: t.Minutes(), Y: v})
		}
	}
	p := newPlot("BLEU over time", "minutes of training", "BLEU, some validation pairs, greedy")
	addGrid(p)
	l, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return nil, fmt.Errorf("plots: BLEU over time: %w", err)
	}
	l.LineStyle = line(2, blue)
	dots.GlyphStyle = draw.GlyphStyle{Color: blue, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	p.Add(l, dots)
	p.X.Min, p.Y.Min = 0, 0
	return p, nil
}

// table lists the ways to translate.
func (r TranslationReport) table() block {
	b := &tableBlock{
		title: "Test pairs", note: "Intervals of 95% by a bootstrap over groups of pairs. What training again would change is not in them.",
		head: []column{{"", false}, {"BLEU", true}, {"95% interval", true}, {"chrF", true}, {"95% interval", true}, {"translated in", true}},
	}
	number := func(v float64) entry { return entry{fmt.Sprintf("%.1f", v), v} }
	interval := func(t stats.Test) entry { return entry{fmt.Sprintf("%.1f to %.1f", t.Low, t.High), t.Low} }
	for _, l := range r.Lines {
		b.rows = append(b.rows, []entry{{text: l.Name}, number(l.BLEU.Estimate), interval(l.BLEU), number(l.ChrF.Estimate), interval(l.ChrF), {l.Time.Round(time.Millisecond).String(), l.Time.Seconds()}})
	}
	return b
}
