package plots

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/plot/vg"
)

// Report is the input of CrossValidation.
type Report struct {
	Title  string // "": made of the data's name
	Result *crossval.Result
	// Reference is the candidate whose curves, confusion matrix and ROC curve are shown, and
	// with which the others are compared.
	Reference string
	// Comparisons of the reference, as crossval.CompareWith returns them; nil: those with its
	// defaults.
	Comparisons []crossval.Comparison
	RowNames    []string // identifiers of the rows, in order; nil: their numbers, from 1
	Facts       []Fact   // added to the facts of the result: versions, parameters, machine
	Notes       []string
}

// CrossValidation draws a page about a cross-validation: learning curves over the folds, the
// scores of all models in every fold, and the reference's out-of-fold predictions. For a
// classification these are the confusion matrix, ROC curves, a calibration curve and, if the
// rarest class has less than 40% of an equal share (with two classes, less than 20% of the
// rows), precision-recall curves; for a regression, predictions and residuals of each
// target; for other tasks, the figures named by their data.Rules. Then follow the importance
// of each column, the worst rows and a table of the models. A forest plot of the comparisons
// and the posterior of the difference from the strongest other model stand above the verdicts,
// notes and facts; an image of many comparisons has the findings alone as words. Saved under
// a name that ends in .html, it is a single HTML file with tables and verdicts in full.
// [Figure.Warnings] names what could not be drawn.
func CrossValidation(r Report) (*Figure, error) {
	res := r.Result
	if res == nil {
		return nil, errors.New("plots: the report has no result")
	}
	if len(res.RunsOf(r.Reference)) == 0 {
		return nil, fmt.Errorf("plots: the result has no run of %q", r.Reference)
	}
	if len(res.Metrics) == 0 {
		return nil, errors.New("plots: the result has no metric")
	}
	if r.RowNames != nil && len(r.RowNames) != res.Data.Rows {
		return nil, fmt.Errorf("plots: %d names for %d rows", len(r.RowNames), res.Data.Rows)
	}
	p := &page{title: r.Title, subtitle: fmt.Sprintf("%s · %d rows · %s", res.Data.Name, res.Data.Rows, res.Splitter)}
	if p.title == "" {
		p.title = fmt.Sprintf("Cross-validation: %s on %s", r.Reference, res.Data.Name)
	}
	curves := curvesOf(res, r.Reference)
	if err := r.scores(p, curves); err != nil {
		return nil, err
	}
	notes := append(notesOf(res, r.Reference), CurveNotes(curves)...)
	verdict, err := r.comparison(p)
	if err != nil {
		return nil, err
	}
	p.add(cell{0.46, verdict},
		cell{0.28, textOrNothing("Notes", append(notes, r.Notes...))},
		cell{0.26, factsOrNothing(append(factsOf(res, r.Reference), r.Facts...))})
	if err := r.outcome(p); err != nil {
		return nil, err
	}
	return p.figure(), nil
}

// curvesOf collects the learning curves of a candidate's fits.
func curvesOf(res *crossval.Result, reference string) Curves {
	var c Curves
	for _, run := range res.RunsOf(reference) {
		if len(run.Curves) > 0 {
			c.Fits, c.BestEpochs = append(c.Fits, run.Curves), append(c.BestEpochs, run.BestEpoch)
		}
	}
	c.Title = fmt.Sprintf("%s: loss over epochs, %d folds", shorten(oneLine(reference), 24), len(c.Fits))
	return c
}

// scores adds the learning curves and the comparison by folds.
func (r Report) scores(p *page, curves Curves) error {
	comparison := scoresOf(r.Result, r.Reference)
	compare, err := comparison.plot()
	if err != nil {
		return err
	}
	high := max(4.5*vg.Inch, vg.Length(1.4+0.34*float64(len(comparison.Models)))*vg.Inch)
	if len(collect(curves.Fits, "loss"))+len(collect(curves.Fits, "val_loss")) == 0 {
		p.add(cell{1, &plotBlock{compare, vg.Length(1.4+0.34*float64(len(comparison.Models))) * vg.Inch}})
		return nil
	}
	left, err := curves.plot()
	if err != nil {
		return err
	}
	p.add(cell{0.43, &plotBlock{left, high}}, cell{0.57, &plotBlock{compare, high}})
	return nil
}

// scoresOf makes the comparison, in the first metric, of all candidates that have scores.
func scoresOf(res *crossval.Result, reference string) Comparison {
	m := res.Metrics[0]
	c := Comparison{Metric: m.Name, Greater: m.Greater, Title: fmt.Sprintf("%s on the %d test folds", m.Name, len(res.Splits))}
	for _, s := range res.Standings() {
		if s.Folds == 0 || math.IsNaN(s.Means[0]) {
			continue
		}
		c.Models = append(c.Models, Scores{Name: s.Candidate, Folds: res.Scores(s.Candidate, m.Name), Mean: s.Means[0], Low: s.Low, High: s.High, Cut: s.Cut, Reference: s.Candidate == reference})
	}
	return c
}

// outcome adds the reference's out-of-fold predictions, the importance of its columns, and
// its worst rows.
func (r Report) outcome(p *page) error {
	o, err := r.Result.OutOfFold(r.Reference)
	if err != nil {
		return err
	}
	effects, err := r.importance()
	if err != nil {
		return err
	}
	rules, err := r.Result.Data.Rules()
	if err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	columns := r.Result.Data.Columns
	if columns == nil {
		columns = []string{r.Result.Data.Target}
	}
	classes, err := told{rules, columns, o.Labels, o.Values, groupsOf(r.Result, o), &o.Prediction}.panels(p)
	if err != nil {
		return err
	}
	var worst block
	if rules.Choice || rules.Values == 1 && rules.Labels+rules.Proba == 0 && !rules.Grouped {
		worst = worstRows(r.Result.Data.Classes, o, r.RowNames)
	}
	if !classes {
		p.add(cell{0.45, effects}, cell{0.55, worst})
		p.add(cell{1, standings(r.Result, r.Reference)})
		return nil
	}
	a, err := r.answers(o)
	if err != nil {
		return err
	}
	a.effects, a.worst = effects, worst
	if err := a.lay(p); err != nil {
		return err
	}
	if a.table != nil {
		p.add(cell{0.66, standings(r.Result, r.Reference)}, cell{0.34, worst})
	} else {
		p.add(cell{1, standings(r.Result, r.Reference)})
	}
	return nil
}

// groupsOf returns the groups of the predicted rows, or nil if the result has none.
func groupsOf(res *crossval.Result, o *crossval.OutOfFold) []int {
	if res.Data.Groups == nil {
		return nil
	}
	out := make([]int, len(o.Rows))
	for i, row := range o.Rows {
		out[i] = res.Data.Groups[row]
	}
	return out
}

// importance draws the importance of the columns; nil if the result does not have it.
func (r Report) importance() (block, error) {
	m := Importances{Metric: r.Result.Metrics[0].Name}
	for _, i := range r.Result.Importances(r.Reference) {
		if !math.IsNaN(i.Estimate) {
			m.Columns = append(m.Columns, Effect{Name: i.Column, Mean: i.Estimate, Low: i.Low, High: i.High})
		}
	}
	if len(m.Columns) == 0 {
		return nil, nil
	}
	pl, err := m.plot()
	if err != nil {
		return nil, err
	}
	return &plotBlock{pl, max(2.6*vg.Inch, vg.Length(1.3+0.25*float64(len(m.top())))*vg.Inch)}, nil
}

// standings makes the table of the models.
func standings(res *crossval.Result, reference string) block {
	t := &tableBlock{title: "Models", most: 40, note: "Mean ± standard deviation over the folds; times are means of one fold."}
	t.head = []column{{name: "model"}}
	for _, m := range res.Metrics {
		t.head = append(t.head, column{m.Name, true})
		if len(t.head) == 2 {
			t.head = append(t.head, column{"95% interval", true})
		}
	}
	t.head = append(t.head, column{"fit", true}, column{"predict", true}, column{name: "remark"})
	for _, s := range res.Standings() {
		row := []entry{word(s.Candidate)}
		for i := range res.Metrics {
			row = append(row, number(s.Score(i), s.Means[i]))
			if i == 0 {
				row = append(row, number(s.IntervalText(), s.Low))
			}
			if i == 0 && s.Cut && !strings.Contains(t.note, "*") {
				t.note += " *: the interval was held to the range that the metric can have."
			}
		}
		remark := ""
		switch {
		case s.Skipped:
			remark = "not run, see notes"
		case s.Reason != "":
			remark = "failed, see notes"
		case s.Folds < s.Of:
			remark = fmt.Sprintf("%d of %d folds", s.Folds, s.Of)
		case s.Candidate == reference:
			remark = "reference"
		}
		t.rows = append(t.rows, append(row, number(s.FitText(), s.Fit.Seconds()), number(s.PredictText(), s.Predict.Seconds()), word(remark)))
	}
	return t
}

func word(t string) entry { return entry{t, math.NaN()} }

func number(t string, v float64) entry { return entry{t, v} }

// inFull is up to how many verdicts an image has as sentences.
const inFull = 3

// comparison adds the forest plot and the posterior of the difference from the strongest other
// model, and returns the verdicts. An image of many comparisons names the models by finding, as
// the forest plot has the numbers; a document has every verdict in full.
func (r Report) comparison(p *page) (block, error) {
	res, list := r.Result, r.Comparisons
	if len(list) == 0 {
		var err error
		if list, err = crossval.Compare(res, r.Reference, ""); err != nil {
			return &textBlock{title: "Verdict", paragraphs: []string{"No comparison: " + err.Error()}}, nil
		}
	}
	if len(list) > 0 && list[0].Reference != r.Reference {
		return nil, fmt.Errorf("plots: comparisons of %q in a report of %q", list[0].Reference, r.Reference)
	}
	forest, err := Differences{List: list}.block()
	if err != nil {
		return nil, err
	}
	row := []cell{{0.64, forest}}
	strongest := newForest(Differences{List: list}).rows[0]
	if d, ok := differenceOf(&strongest); ok {
		d.Title = "Against the strongest other model"
		posterior, err := d.block()
		if err != nil {
			return nil, err
		}
		posterior.high = max(2.7*vg.Inch, min(forest.high, posterior.high))
		row = append(row, cell{0.36, posterior})
	}
	p.add(row...)
	b := &textBlock{title: "Verdict", paragraphs: []string{crossval.Title(list)}}
	var all []string
	for i := range list {
		all = append(all, tie.Replace(list[i].Verdict()))
	}
	if len(list) <= inFull {
		b.paragraphs = append(b.paragraphs, all...)
	} else {
		b.paragraphs = append(b.paragraphs, findings(list)...)
		b.more = append(b.more, all...)
	}
	for i := range list {
		if text := list[i].Practical(); text != "" && list[i].Other != strongest.Other {
			b.more = append(b.more, tie.Replace(text))
		}
	}
	if strongest.Practical() != "" {
		b.paragraphs = append(b.paragraphs, tie.Replace(strongest.Practical()))
	}
	if note := crossval.PowerNote(list); note != "" {
		b.paragraphs = append(b.paragraphs, note)
	}
	b.paragraphs = append(b.paragraphs, res.Caveats()...)
	return b, nil
}

// findings names the models by what was found of them.
func findings(list []crossval.Comparison) []string {
	name := list[0].Reference
	heads := []string{name + " is better than: ", name + " is worse than: ", "No evidence of a difference between " + name + " and: ", "No test, as all folds differ by the same amount: "}
	names := make([][]string, len(heads))
	for i := range list {
		at := 2
		switch better := list[i].Better(); {
		case list[i].Constant:
			at = 3
		case better == list[i].Reference:
			at = 0
		case better == list[i].Other:
			at = 1
		}
		names[at] = append(names[at], list[i].Other)
	}
	var out []string
	for i, h := range heads {
		if names[i] != nil {
			out = append(out, h+strings.Join(names[i], ", ")+".")
		}
	}
	return out
}

// tie keeps a p-value on one line.
var tie = strings.NewReplacer(" = ", tied+"="+tied, " < ", tied+"<"+tied)

// notesOf describes which candidates are missing and why, and what the reference's fits
// noted, except that they stopped: the curves show that.
func notesOf(res *crossval.Result, reference string) []string {
	var out []string
	for _, f := range res.Failed {
		out = append(out, f.String()+".")
	}
	for _, n := range res.Notes(reference) {
		if !strings.HasPrefix(n, "val_loss has not improved") {
			out = append(out, n)
		}
	}
	return out
}

func factsOf(res *crossval.Result, reference string) []Fact {
	var facts []Fact
	if res.Data.Source != "" {
		facts = append(facts, Fact{"source", res.Data.Source})
	}
	facts = append(facts, Fact{"target", fmt.Sprintf("%s (%s)", res.Data.Target, data.TaskName(res.Data.TaskOf()))})
	if n := len(res.Data.Columns); n > 1 {
		facts[len(facts)-1].Value = fmt.Sprintf("%d columns: %s (%s)", n, strings.Join(res.Data.Columns, ", "), data.TaskName(res.Data.TaskOf()))
	}
	if k := len(res.Data.Classes); k > 0 {
		facts = append(facts, Fact{"classes", fmt.Sprint(k)})
	}
	for _, s := range res.Standings() {
		if s.Candidate != reference {
			continue
		}
		for i, m := range res.Metrics {
			if !math.IsNaN(s.Means[i]) {
				facts = append(facts, Fact{m.Name, s.Score(i)})
			}
		}
	}
	if runs := res.RunsOf(reference); runs[0].Parameters > 0 {
		facts = append(facts, Fact{"parameters", fmt.Sprint(runs[0].Parameters)})
	}
	return append(facts,
		Fact{"time a fold", fmt.Sprintf("fit %s, predict %s", res.FitTime(reference).Round(time.Millisecond), res.PredictTime(reference).Round(10*time.Microsecond))},
	)
}
