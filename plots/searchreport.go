package plots

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval/search"
	"gonum.org/v1/plot/vg"
)

// SearchReport is the input of Search.
type SearchReport struct {
	Title   string // "": made of the data's name
	Outcome *search.Outcome
	// Importance is how much each setting matters; nil: as Outcome.Importance says, which takes
	// seconds.
	Importance []search.Importance
	Facts      []Fact // added to the facts of the outcome: versions, time, machine
	Notes      []string
}

// Search draws a page about a search: the winner with its estimates and the ensemble, the
// history of the scores, the settings of all trials, how much each setting matters, the best
// trials in a table, notes and facts. The image shows the first rows of the table; saved under
// a name that ends in .html, it is a single HTML file with all trials.
//
// It is an error if the outcome is not one that search.Search.Run returns.
func Search(r SearchReport) (*Figure, error) {
	o := r.Outcome
	if o == nil || o.Result == nil || o.Winner < 0 || o.Winner >= len(o.Trials) || len(o.Weights) == 0 {
		return nil, errors.New("plots: the report has no outcome of a search")
	}
	for _, w := range o.Weights {
		if w.Trial < 0 || w.Trial >= len(o.Trials) {
			return nil, fmt.Errorf("plots: the ensemble has trial %d of %d", w.Trial, len(o.Trials))
		}
	}
	p := &page{title: r.Title, subtitle: fmt.Sprintf("%s · %d rows · inner folds: %s", o.Result.Data.Name, o.Result.Data.Rows, o.Result.Splitter)}
	if p.title == "" {
		p.title = fmt.Sprintf("Search for a model of %s", o.Result.Data.Name)
	}
	history, err := Trials{Outcome: o}.history()
	if err != nil {
		return nil, err
	}
	p.add(cell{0.56, history}, cell{0.44, &textBlock{title: "Outcome", paragraphs: r.words()}})
	notes := append(append([]string{}, o.Notes...), r.Notes...)
	parallel, err := Trials{Outcome: o}.parallel()
	switch {
	case err == nil:
		p.add(cell{1, parallel})
	case !errors.Is(err, errNothing):
		return nil, err
	}
	importance, note, err := r.importance()
	if err != nil {
		return nil, err
	}
	if note != "" {
		notes = append(notes, note)
	}
	notes = append(notes, whyDropped(o)...)
	p.add(cell{0.42, importance}, cell{0.3, textOrNothing("Notes", notes)}, cell{0.28, factsOrNothing(append(r.facts(), r.Facts...))})
	p.add(cell{1, trialTable(o)})
	return p.figure(), nil
}

// words says what the search has found.
func (r SearchReport) words() []string {
	o := r.Outcome
	out := []string{o.Counts() + ".", fmt.Sprintf("Winner: trial %d, %s.", o.Winner, o.Trials[o.Winner].SettingsText())}
	for _, line := range o.Estimates() {
		out = append(out, strings.ToUpper(line[:1])+line[1:]+".")
	}
	if text := o.EnsembleText(); text != "" {
		out = append(out, "Ensemble, which is what is fitted in the end: "+text+".")
	}
	return append(out, "The optimistic score is the one that the winner was chosen by, and too good. What the search as a whole is worth, on rows that it never saw, is what a cross-validation of the search says.")
}

// importance draws the importance of settings, or says why there is none.
func (r SearchReport) importance() (block, string, error) {
	shares := r.Importance
	if shares == nil {
		var err error
		if shares, err = r.Outcome.Importance(context.Background()); err != nil {
			return nil, "No importance of settings: " + strings.TrimPrefix(err.Error(), "search: ") + ".", nil
		}
	}
	if len(shares) == 0 {
		return nil, "", nil
	}
	p, n, err := SettingShares{Metric: r.Outcome.Metric.Name, Shares: shares}.plot()
	if err != nil {
		return nil, "", err
	}
	return &plotBlock{p, vg.Length(1.3+0.25*float64(n)) * vg.Inch}, "", nil
}

func (r SearchReport) facts() []Fact {
	o := r.Outcome
	var facts []Fact
	if o.Result.Data.Source != "" {
		facts = append(facts, Fact{"source", o.Result.Data.Source})
	}
	facts = append(facts, Fact{"target", o.Result.Data.Target}, Fact{"metric", o.Metric.Name})
	if o.Elapsed > 0 {
		facts = append(facts, Fact{"time", o.Elapsed.Round(10 * time.Millisecond).String()})
	}
	return facts
}

// whyDropped says what the marks of the history mean, where they occur.
func whyDropped(o *search.Outcome) []string {
	var out []string
	var kinds [4]int
	first := ""
	for i := range o.Trials {
		t := &o.Trials[i]
		if kinds[kindOf(t)]++; t.Failed != "" && first == "" {
			first = fmt.Sprintf("Trial %d failed: %s.", t.Number, strings.TrimSuffix(t.Failed, "."))
		}
	}
	if kinds[dropped] > 0 {
		out = append(out, "Dropped trials were not fitted on all folds, as they could no longer win; their score, after ~, is what is estimated for all folds.")
	}
	if first != "" {
		if kinds[failed] > 1 {
			first += fmt.Sprintf(" So did %d more, for this or another reason; the HTML page has all.", kinds[failed]-1)
		}
		out = append(out, first)
	}
	if t := &o.Trials[0]; len(t.Values) == 0 {
		out = append(out, "Trial 0 has the values of the base; it has no place among the settings.")
	}
	return out
}

// trialTable makes the table of the trials, the best first.
func trialTable(o *search.Outcome) block {
	t := &tableBlock{title: "Trials, the best first", most: 15, head: []column{
		{"trial", true}, {o.Metric.Name, true}, {"folds", true}, {"fit", true}, {name: "settings"}, {name: "remark"},
	}}
	weight := map[int]float64{}
	for _, w := range o.Weights {
		weight[w.Trial] += w.Weight
	}
	for _, i := range o.Ranked() {
		trial := &o.Trials[i]
		remark := trial.Dropped
		switch {
		case trial.Failed != "":
			remark = trial.Failed
		case i == o.Winner && weight[i] > 0 && weight[i] < 1:
			remark = fmt.Sprintf("winner; %.2f of the ensemble", weight[i])
		case i == o.Winner:
			remark = "winner"
		case weight[i] == 1:
			remark = "the ensemble, alone"
		case weight[i] > 0:
			remark = fmt.Sprintf("%.2f of the ensemble", weight[i])
		}
		score := math.NaN()
		if trial.Failed == "" {
			score = trial.Score
		}
		t.rows = append(t.rows, []entry{
			number(fmt.Sprint(trial.Number), float64(trial.Number)), number(trial.ScoreText(), score), number(trial.FoldsText(), float64(trial.Folds)),
			number(trial.Fit.Round(time.Millisecond).String(), trial.Fit.Seconds()), word(trial.SettingsText()), word(remark),
		})
	}
	return t
}
