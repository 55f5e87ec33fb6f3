package data

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed732fc211/aegis/internal/vector"
	"github.com/seed732fc211/aegis/metrics"
	"gorgonia.org/tensor"
)

// ErrUndefined is returned by [Metric.Score] if the metric is undefined for a prediction,
// such as a log loss without probabilities. Cross-validation records NaN.
var ErrUndefined = errors.New("data: the metric is not defined here")

// Metric scores a prediction against a set with targets. If the rows are read from a file,
// the set has no inputs. Score may be called concurrently.
//
// Package describe writes a metric as its name. Register your own with [RegisterMetric].
type Metric struct {
	Name    string
	Greater bool       // greater is better
	Range   [2]float64 // smallest and largest possible values; equal: unknown
	Score   func(rows *Set, p *Prediction) (float64, error)
}

// The ranges of metrics.
var (
	unit     = [2]float64{0, 1}
	positive = [2]float64{0, math.Inf(1)}
)

// Classification metrics, named as in package metrics. Those that need probabilities return
// [ErrUndefined] without them.
var (
	Accuracy         = Metric{"accuracy", true, unit, ofLabels(metrics.Accuracy)}
	BalancedAccuracy = Metric{"balanced accuracy", true, unit, ofLabels(metrics.BalancedAccuracy)}
	F1               = Metric{"F1", true, unit, ofLabels(macroF1)}                        // mean over classes
	MCC              = Metric{"MCC", true, [2]float64{-1, 1}, ofLabels(metrics.MCC)}      // Matthews' correlation coefficient
	LogLoss          = Metric{"log loss", false, positive, ofProba(metrics.LogLoss)}      // in nats
	Brier            = Metric{"Brier", false, [2]float64{0, 2}, ofProba(metrics.Brier)}   // mean of Σ(p − y)² over classes
	ROCAUC           = Metric{"ROC AUC", true, unit, ofProba(rocAUC)}                     // for more than two classes, averaged one against the rest; undefined if a class is missing
	AveragePrecision = Metric{"average precision", true, unit, ofProba(averagePrecision)} // of the second of two classes
)

// Regression metrics, named as in package metrics.
var (
	RMSE     = Metric{"RMSE", false, positive, ofValues(metrics.RMSE)}
	MAE      = Metric{"MAE", false, positive, ofValues(metrics.MAE)}
	MedianAE = Metric{"median absolute error", false, positive, ofValues(metrics.MedianAE)}
	R2       = Metric{"R2", true, [2]float64{math.Inf(-1), 1}, ofValues(r2)} // undefined if all true values are equal
)

// Metrics of binary labels, several per row, named as in package metrics.
var (
	MicroF1        = Metric{"micro F1", true, unit, ofTables(metrics.MicroF1)}               // over all labels together
	MacroF1        = Metric{"macro F1", true, unit, ofTables(metrics.MacroF1)}               // mean over labels; 0 for a label that is neither present nor predicted
	HammingLoss    = Metric{"Hamming loss", false, unit, ofTables(metrics.HammingLoss)}      // fraction of labels that are wrong
	SubsetAccuracy = Metric{"subset accuracy", true, unit, ofTables(metrics.SubsetAccuracy)} // fraction of rows whose labels are all right
	LabelLogLoss   = Metric{"label log loss", false, positive, labelLogLoss}                 // in nats, mean over labels
)

// Metrics of ordered classes.
var (
	QuadraticKappa = Metric{"quadratic kappa", true, [2]float64{-1, 1}, ofLabels(quadraticKappa)} // Cohen's kappa with quadratic weights; undefined if there is a single class
	RankMAE        = Metric{"rank MAE", false, positive, ofLabels(metrics.RankMAE)}               // mean distance from the true class, in classes
)

// Metrics of counts and of quantiles.
var (
	PoissonDeviance = Metric{"Poisson deviance", false, positive, ofValues(poissonDeviance)} // undefined if a prediction is not positive
	PinballLoss     = Metric{"pinball loss", false, positive, ofLevels(metrics.Pinball)}     // mean over levels
	CoverageError   = Metric{"coverage error", false, unit, ofLevels(metrics.CoverageError)} // mean over levels of |fraction of rows below the quantile − level|
)

// MRR is the mean reciprocal rank of the first relevant row of each group.
var MRR = Metric{"MRR", true, unit, ofGroups(metrics.MRR)}

// ndcgAt is the prefix of the names of NDCG metrics.
const ndcgAt = "NDCG@"

// NDCG returns the normalised discounted cumulative gain of the given number of first rows
// of each group. Its name is, for example, "NDCG@10".
//
// It must not be inlined, see [Metric.Of].
//
//go:noinline
func NDCG(at int) Metric {
	return Metric{ndcgAt + strconv.Itoa(at), true, unit, ofGroups(func(relevance, scores []float64, groups []int) (float64, error) {
		return metrics.NDCG(relevance, scores, groups, at)
	})}
}

//go:noinline
func ofGroups(f func(relevance, scores []float64, groups []int) (float64, error)) func(*Set, *Prediction) (float64, error) {
	return func(s *Set, p *Prediction) (float64, error) {
		want, err := s.Values()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		return f(want, p.Values, s.Groups)
	}
}

// Metrics of a class at every step; padding is ignored.
var (
	StepAccuracy     = Metric{"step accuracy", true, unit, ofSteps(metrics.StepAccuracy)}         // fraction of steps that are right
	SequenceAccuracy = Metric{"sequence accuracy", true, unit, ofSteps(metrics.SequenceAccuracy)} // fraction of rows whose steps are all right
	StepLogLoss      = Metric{"step log loss", false, positive, stepLogLoss}                      // in nats, mean over steps
)

func ofSteps(f func(want, have []int, steps int) (float64, error)) func(*Set, *Prediction) (float64, error) {
	return func(s *Set, p *Prediction) (float64, error) {
		want, steps, err := s.ClassTable()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		return f(want, p.Labels, steps)
	}
}

func stepLogLoss(s *Set, p *Prediction) (float64, error) {
	want, _, err := s.ClassTable()
	if err != nil {
		return 0, err
	}
	if p == nil {
		return 0, errNoPrediction
	}
	if p.Proba == nil {
		return 0, ErrUndefined
	}
	k := len(s.Classes)
	if len(p.Proba) != len(want)*k {
		return 0, fmt.Errorf("data: %d probabilities for %d steps of %d classes", len(p.Proba), len(want), k)
	}
	var labels []int
	var proba []float64
	for i, l := range want {
		if l >= 0 {
			labels, proba = append(labels, l), append(proba, p.Proba[i*k:(i+1)*k]...)
		}
	}
	return metrics.LogLoss(labels, proba, k)
}

// Metrics returns all metrics of this package; those of a task are in its [Rules].
func Metrics() []Metric {
	return []Metric{
		Accuracy, BalancedAccuracy, LogLoss, ROCAUC, F1, MCC, Brier, AveragePrecision, RMSE, MAE, R2, MedianAE,
		MicroF1, MacroF1, HammingLoss, SubsetAccuracy, LabelLogLoss, QuadraticKappa, RankMAE, PoissonDeviance, PinballLoss, CoverageError, MRR, NDCG(10), StepAccuracy, SequenceAccuracy, StepLogLoss,
	}
}

// ofColumn separates the name of a metric from that of a target column.
const ofColumn = " of "

// Of returns the metric for one target column alone, such as "RMSE of price". Predictions
// and targets must have one value per column.
//
// It must not be inlined: the metrics it returns then share one function, by which
// [Metric.MarshalText] recognises them.
//
//go:noinline
func (m Metric) Of(column string) Metric {
	return Metric{Name: m.Name + ofColumn + column, Greater: m.Greater, Range: m.Range, Score: func(rows *Set, p *Prediction) (float64, error) {
		y, columns, err := rows.TargetTable()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		k := slices.Index(rows.AboutTargets().Columns, column)
		if k < 0 || len(p.Values) != len(y) {
			return 0, fmt.Errorf("data: metric %s of target column %s: no such column, or %d predicted values for %d targets", m.Name, short(column), len(p.Values), len(y))
		}
		return m.Score(oneTarget(vector.Column(y, k, columns)), &Prediction{Values: vector.Column(p.Values, k, columns)})
	}}
}

// oneTarget returns a set with nothing but a real target.
func oneTarget(y []float64) *Set {
	return &Set{Targets: []*tensor.Dense{tensor.New(tensor.WithShape(len(y)), tensor.WithBacking(y))}}
}

var (
	metricsMu  sync.RWMutex
	ownMetrics []Metric // the registered ones
)

// RegisterMetric makes a metric known by its name, so that configurations that use it can
// be written and read. It fails if another metric has the same name.
func RegisterMetric(m Metric) error {
	if m.Name == "" || m.Score == nil {
		return errors.New("data: register a metric: it has no name or no function")
	}
	metricsMu.Lock()
	defer metricsMu.Unlock()
	if old, ok := metricNamed(m.Name); ok {
		if !old.same(m) {
			return fmt.Errorf("data: register a metric: the name %q is taken", m.Name)
		}
		return nil
	}
	ownMetrics = append(ownMetrics, m)
	return nil
}

func metricNamed(name string) (Metric, bool) {
	all := slices.Concat(Metrics(), ownMetrics)
	if i := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name }); i >= 0 {
		return all[i], true
	}
	if at, ok := strings.CutPrefix(name, ndcgAt); ok {
		if k, err := strconv.Atoi(at); err == nil && k > 0 && strconv.Itoa(k) == at {
			return NDCG(k), true
		}
	}
	if of, column, ok := strings.Cut(name, ofColumn); ok {
		if m, known := metricNamed(of); known {
			return m.Of(column), true
		}
	}
	return Metric{}, false
}

// same reports whether two metrics are equal, to the extent that functions can be
// compared.
func (m Metric) same(other Metric) bool {
	return m.Name == other.Name && m.Greater == other.Greater && m.Score != nil && reflect.ValueOf(m.Score).Pointer() == reflect.ValueOf(other.Score).Pointer()
}

// MarshalText returns the metric's name. It fails for an unregistered metric.
func (m Metric) MarshalText() ([]byte, error) {
	metricsMu.RLock()
	defer metricsMu.RUnlock()
	if known, ok := metricNamed(m.Name); !ok || !known.same(m) {
		return nil, fmt.Errorf("data: the metric %q is not registered, so it cannot be saved: data.RegisterMetric it", m.Name)
	}
	return []byte(m.Name), nil
}

// UnmarshalText reads what MarshalText wrote.
func (m *Metric) UnmarshalText(text []byte) error {
	metricsMu.RLock()
	defer metricsMu.RUnlock()
	known, ok := metricNamed(string(text))
	if !ok {
		return fmt.Errorf("data: no metric is called %q", text)
	}
	if m == nil {
		return errors.New("data: the metric is nil")
	}
	*m = known
	return nil
}

func ofLabels(f func(want, have []int) (float64, error)) func(*Set, *Prediction) (float64, error) {
	return func(s *Set, p *Prediction) (float64, error) {
		want, err := s.Labels()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		return f(want, p.Labels)
	}
}

func ofProba(f func(want []int, proba []float64, classes int) (float64, error)) func(*Set, *Prediction) (float64, error) {
	return func(s *Set, p *Prediction) (float64, error) {
		want, err := s.Labels()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		if p.Proba == nil {
			return 0, ErrUndefined
		}
		return f(want, p.Proba, len(s.Classes))
	}
}

// ofValues scores values against numeric targets, averaged over the columns.
func ofValues(f func(want, have []float64) (float64, error)) func(*Set, *Prediction) (float64, error) {
	return func(s *Set, p *Prediction) (float64, error) {
		want, columns, err := s.TargetTable()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		if columns == 1 {
			return f(want, p.Values)
		}
		if len(p.Values) != len(want) {
			return 0, fmt.Errorf("data: %d values for %d rows of %d target columns", len(p.Values), len(want)/columns, columns)
		}
		sum := 0.0
		for k := range columns {
			v, err := f(vector.Column(want, k, columns), vector.Column(p.Values, k, columns))
			if err != nil {
				return 0, err
			}
			sum += v
		}
		return sum / float64(columns), nil
	}
}

// ofTables scores 0/1 labels against targets with one column per label.
func ofTables(f func(want, have []int, labels int) (float64, error)) func(*Set, *Prediction) (float64, error) {
	return func(s *Set, p *Prediction) (float64, error) {
		y, columns, err := s.TargetTable()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		want := make([]int, len(y))
		for i, v := range y {
			want[i] = int(v)
		}
		return f(want, p.Labels, columns)
	}
}

func labelLogLoss(s *Set, p *Prediction) (float64, error) {
	y, _, err := s.TargetTable()
	if err != nil {
		return 0, err
	}
	if p == nil {
		return 0, errNoPrediction
	}
	if p.Proba == nil {
		return 0, ErrUndefined
	}
	if len(p.Proba) != len(y) {
		return 0, fmt.Errorf("data: %d probabilities for %d labels", len(p.Proba), len(y))
	}
	want, proba := make([]int, len(y)), make([]float64, 0, 2*len(y))
	for i, v := range y {
		want[i] = int(v)
		proba = append(proba, 1-p.Proba[i], p.Proba[i])
	}
	return metrics.LogLoss(want, proba, 2)
}

// ofLevels scores quantiles against one real target.
func ofLevels(f func(want, have, levels []float64) (float64, error)) func(*Set, *Prediction) (float64, error) {
	return func(s *Set, p *Prediction) (float64, error) {
		r, err := s.Rules()
		if err != nil {
			return 0, err
		}
		if r.Levels == nil {
			return 0, fmt.Errorf("data: the metric is for quantiles; the task is %s", TaskName(s.Task()))
		}
		want, err := s.Values()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		return f(want, p.Values, r.Levels)
	}
}

func poissonDeviance(want, have []float64) (float64, error) {
	if slices.ContainsFunc(have, func(v float64) bool { return v <= 0 }) {
		return 0, ErrUndefined
	}
	return metrics.PoissonDeviance(want, have)
}

func quadraticKappa(want, have []int) (float64, error) {
	v, err := metrics.QuadraticKappa(want, have)
	if errors.Is(err, metrics.ErrOneClass) {
		return 0, ErrUndefined
	}
	return v, err
}

var errNoPrediction = errors.New("data: there is no prediction")

func macroF1(want, have []int) (float64, error) { return metrics.F1(want, have, metrics.Macro) }

func rocAUC(want []int, proba []float64, classes int) (float64, error) {
	a, err := metrics.MacroAUC(want, proba, classes)
	if errors.Is(err, metrics.ErrOneClass) {
		return 0, ErrUndefined
	}
	return a, err
}

func averagePrecision(want []int, proba []float64, classes int) (float64, error) {
	if classes != 2 {
		return 0, ErrUndefined
	}
	score := make([]float64, len(want))
	for i := range score {
		score[i] = proba[2*i+1]
	}
	v, err := metrics.AveragePrecision(want, score)
	if errors.Is(err, metrics.ErrOneClass) {
		return 0, ErrUndefined
	}
	return v, err
}

func r2(want, have []float64) (float64, error) {
	if len(want) > 0 && slices.Min(want) == slices.Max(want) {
		return 0, ErrUndefined
	}
	return metrics.R2(want, have)
}
