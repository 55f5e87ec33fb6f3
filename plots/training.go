package plots

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
	"gonum.org/v1/plot/vg"
)

// TrainingReport is the input of Training.
type TrainingReport struct {
	Title      string
	Curves     []data.Curve
	BestEpoch  int              // 0: none
	Rows       *data.Set        // held-out rows with targets; nil: none
	RowsName   string           // what Rows are; "": "validation rows"
	Prediction *data.Prediction // of Rows
	Facts      []Fact
	Notes      []string
}

// Training draws a page about one fit: loss and accuracy over the epochs, the predictions
// for held-out rows, notes on the curves, and the facts.
func Training(r TrainingReport) (*Figure, error) {
	p := &page{title: r.Title, subtitle: r.epochs()}
	if r.RowsName == "" {
		r.RowsName = "validation rows"
	}
	curves := Curves{Fits: [][]data.Curve{r.Curves}, BestEpochs: []int{r.BestEpoch}}
	loss, err := curves.plot()
	if err != nil {
		return nil, err
	}
	const high = 4.5 * vg.Inch
	row := []cell{{0.5, &plotBlock{loss, high}}}
	if second := r.secondCurve(); second != "" {
		other, err := Curves{Metric: second, Fits: curves.Fits, BestEpochs: curves.BestEpochs}.plot()
		if err != nil {
			return nil, err
		}
		row = append(row, cell{0.5, &plotBlock{other, high}})
	}
	p.add(row...)
	if r.Rows != nil && r.Prediction != nil {
		if err := r.outcome(p); err != nil {
			return nil, err
		}
	}
	p.add(cell{0.5, textOrNothing("Notes", append(CurveNotes(curves), r.Notes...))}, cell{0.5, factsOrNothing(r.Facts)})
	return p.figure(), nil
}

func (r TrainingReport) epochs() string {
	if len(r.Curves) == 0 {
		return ""
	}
	s := fmt.Sprintf("%d epochs", len(r.Curves[0].Values))
	if r.BestEpoch > 0 {
		s += fmt.Sprintf(", weights of epoch %d", r.BestEpoch)
	}
	return s
}

// secondCurve returns the name of the first curve besides loss and penalty.
func (r TrainingReport) secondCurve() string {
	for _, c := range r.Curves {
		if c.Name != "loss" && c.Name != "penalty" && !strings.HasPrefix(c.Name, "val_") {
			return c.Name
		}
	}
	return ""
}

func (r TrainingReport) outcome(p *page) error {
	rules, err := r.Rows.Rules()
	if err != nil {
		return fmt.Errorf("plots: %w", err)
	}
	t := told{rules: rules, columns: r.Rows.AboutTargets().Columns, groups: r.Rows.Groups, said: r.Prediction}
	if r.Rows.Classes != nil {
		t.labels, _, err = r.Rows.ClassTable()
	} else {
		t.values, _, err = r.Rows.TargetTable()
	}
	if err != nil {
		return err
	}
	if classes, err := t.panels(p); err != nil || !classes {
		return err
	}
	labels, err := r.Rows.Labels()
	if err != nil {
		return err
	}
	k := len(r.Rows.Classes)
	counts, err := metrics.Confusion(labels, r.Prediction.Labels, k)
	if err != nil {
		return err
	}
	a := &answers{classes: r.Rows.Classes, confusion: Confusion{Title: "Confusion, " + r.RowsName, Classes: r.Rows.Classes, Counts: make([][]float64, k)}}
	for i, row := range counts {
		for _, v := range row {
			a.confusion.Counts[i] = append(a.confusion.Counts[i], float64(v))
		}
	}
	if r.Prediction.Proba != nil {
		if err := a.heldOut(labels, r); err != nil {
			return err
		}
	}
	if k > 2 {
		a.table = classTable(a.confusion, &crossval.OutOfFold{Labels: labels, Prediction: *r.Prediction})
	}
	return a.lay(p)
}

// heldOut draws the curves of held-out rows.
func (a *answers) heldOut(labels []int, r TrainingReport) (err error) {
	o := &crossval.OutOfFold{Labels: labels, Prediction: *r.Prediction}
	if len(a.classes) != 2 {
		err = a.manyClasses(r.RowsName, o)
	} else {
		var c curvePair
		name := oneLine(a.classes[1])
		c, err = classCurves(name, labels, r.Prediction.Proba, 1, 2)
		if errors.Is(err, metrics.ErrOneClass) {
			err = nil
		} else if err == nil {
			rate := 0.0
			for _, l := range labels {
				rate += float64(l) / float64(len(labels))
			}
			err = a.draw(ROC{Title: "ROC, " + r.RowsName, Curves: []Rates{c.roc}},
				PrecisionRecall{Title: "Precision and recall, " + r.RowsName, Rate: rate, Curves: []PrecisionRecalls{c.pr}}, unbalanced(labels, 2))
		}
	}
	if err != nil {
		return err
	}
	a.calibration, err = (Calibration{Title: "Calibration, " + r.RowsName, Labels: labels, Proba: r.Prediction.Proba}).plot()
	return err
}
