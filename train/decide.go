package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
	"github.com/seed732fc211/aegis/models"
)

// Calibration names a way to calibrate probabilities.
type Calibration string

// The calibrations; models.Calibration has the formulas.
const (
	Temperature Calibration = "temperature"
	Isotonic    Calibration = "isotonic"
)

// Decision names a metric by which a threshold is chosen.
type Decision string

// The metrics of Decision.
const (
	ByBalancedAccuracy Decision = "balanced accuracy"
	ByF1               Decision = "f1"  // of the second class
	ByMCC              Decision = "mcc" // Matthews' correlation coefficient
)

// balanced returns the rows with weights that give all classes the same total weight.
func balanced(rows data.Source) (data.Source, error) {
	answers, err := data.Answers(rows)
	if err != nil {
		return nil, err
	}
	if answers.Classes == nil {
		return nil, errors.New("balanced class weights are for classifications")
	}
	counts, err := answers.ClassCounts()
	if err != nil {
		return nil, err
	}
	factors := make([]float64, len(counts))
	for c, n := range counts {
		factors[c] = float64(answers.Len()) / float64(len(counts)*n)
	}
	if s, ok := rows.(*data.Set); ok {
		out := *s
		return &out, reweigh(&out, factors)
	}
	return reweighed{rows, factors}, nil
}

// reweigh multiplies each row's weight by the factor of its class.
func reweigh(s *data.Set, factors []float64) error {
	labels, err := s.Labels()
	if err != nil {
		return err
	}
	if len(labels) != s.Len() {
		return fmt.Errorf("the classes are those of steps: rows have no weights by class")
	}
	weights := make([]float64, len(labels))
	for i, l := range labels {
		weights[i] = factors[l]
		if s.Weights != nil {
			weights[i] *= s.Weights[i]
		}
	}
	s.Weights = weights
	return nil
}

// reweighed is a source with its weights replaced.
type reweighed struct {
	of      data.Source
	factors []float64 // per class
}

// Stream implements data.Source.
func (r reweighed) Stream() (*data.Stream, error) {
	st, err := r.of.Stream()
	if err != nil {
		return nil, err
	}
	out, like := *st, *st.Like
	out.Like = &like
	out.Load = func(rows []int, into *data.Set) error {
		if err := st.Load(rows, into); err != nil {
			return err
		}
		return reweigh(into, r.factors)
	}
	return &out, reweigh(&like, r.factors)
}

// decide calibrates a fitted model and chooses its threshold, using rows it was not trained
// on.
func (e Estimator) decide(ctx context.Context, m *models.Model, rows data.Source) error {
	m.Info.Costs = e.Costs
	if err := m.Info.Check(); err != nil {
		return err
	}
	if e.Calibrate == "" && e.Decide == "" {
		return nil
	}
	if r, err := m.Info.Rules(outputUnits(m)); err != nil || !r.Choice {
		return errors.New("train: calibration and thresholds are for classifications")
	}
	if rows == nil {
		return errors.New("train: calibration and thresholds want validation rows: set Config.ValidationFraction")
	}
	if e.Costs != nil && e.Decide != "" {
		return errors.New("train: costs and a metric to decide by exclude each other")
	}
	answers, err := data.Answers(rows)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	labels, err := answers.Labels()
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	p, err := m.PredictRows(ctx, data.Blind(rows)) // preprocessed already: Info.Preprocess is not set yet
	if err != nil {
		return err
	}
	classes := len(m.Info.Classes)
	switch e.Calibrate {
	case "":
	case Temperature:
		m.Info.Calibration, err = models.FitTemperature(p.Proba, labels, classes)
	case Isotonic:
		m.Info.Calibration, err = models.FitIsotonic(p.Proba, labels, classes)
	default:
		err = fmt.Errorf("train: there is no calibration %q", e.Calibrate)
	}
	if err != nil || e.Decide == "" {
		return err
	}
	if classes != 2 {
		return fmt.Errorf("train: a threshold is for two classes, there are %d; use Costs", classes)
	}
	if p, err = m.PredictRows(ctx, data.Blind(rows)); err != nil {
		return err
	}
	t, err := e.Decide.threshold(labels, p.Proba)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	// Class 1 is the cheaper choice from P ≥ c₀₁/(c₀₁ + c₁₀) on.
	m.Info.Costs = [][]float64{{0, t}, {1 - t, 0}}
	return nil
}

// threshold returns the probability of class 1 at or above which to predict it.
func (d Decision) threshold(labels []int, proba []float64) (float64, error) {
	score := map[Decision]func(want, got []int) (float64, error){
		ByBalancedAccuracy: metrics.BalancedAccuracy,
		ByF1:               func(want, got []int) (float64, error) { return metrics.F1(want, got, metrics.Binary) },
		ByMCC:              metrics.MCC,
	}[d]
	if score == nil {
		return 0, fmt.Errorf("there is no metric %q to decide by", d)
	}
	p := make([]float64, len(labels))
	for i := range p {
		p[i] = proba[2*i+1]
	}
	cuts := slices.Clone(p)
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	if step := len(cuts) / maxCuts; step > 1 {
		for i := range maxCuts {
			cuts[i] = cuts[i*step]
		}
		cuts = cuts[:maxCuts]
	}
	best, most := 0.5, -1.0
	got := make([]int, len(p))
	at := func(t float64) error {
		for i, v := range p {
			got[i] = 0
			if v > t {
				got[i] = 1
			}
		}
		v, err := score(labels, got)
		if err == nil && v > most {
			best, most = t, v
		}
		return err
	}
	if err := at(0.5); err != nil { // a tie keeps 0.5
		return 0, err
	}
	for i := 1; i < len(cuts); i++ {
		if err := at((cuts[i-1] + cuts[i]) / 2); err != nil {
			return 0, err
		}
	}
	return best, nil
}

// maxCuts bounds the number of thresholds tried.
const maxCuts = 500
