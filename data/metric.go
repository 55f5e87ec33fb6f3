package data

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"

	"github.com/seed732fc211/aegis/metrics"
)

// ErrUndefined is returned by [Metric.Score] if the metric has no value for a prediction,
// such as a log loss without probabilities. Cross-validation records NaN.
var ErrUndefined = errors.New("data: the metric is not defined here")

// Metric scores a prediction against a set with targets. If the rows are read from a file,
// the set has no inputs. Score is called concurrently.
//
// Package describe writes a metric as its name. Register your own with [RegisterMetric].
type Metric struct {
	Name    string
	Greater bool       // greater is better
	Range   [2]float64 // smallest and largest possible value; equal: unknown
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
	F1               = Metric{"F1", true, unit, ofLabels(macroF1)}                        // mean over the classes
	MCC              = Metric{"MCC", true, [2]float64{-1, 1}, ofLabels(metrics.MCC)}      // Matthews' correlation coefficient
	LogLoss          = Metric{"log loss", false, positive, ofProba(metrics.LogLoss)}      // in nats
	Brier            = Metric{"Brier", false, [2]float64{0, 2}, ofProba(metrics.Brier)}   // mean of Σ(p − y)² over the classes
	ROCAUC           = Metric{"ROC AUC", true, unit, ofProba(rocAUC)}                     // one against the rest, averaged, for more than two classes; undefined if a class is missing
	AveragePrecision = Metric{"average precision", true, unit, ofProba(averagePrecision)} // of the second of two classes
)

// Regression metrics, named as in package metrics.
var (
	RMSE     = Metric{"RMSE", false, positive, ofValues(metrics.RMSE)}
	MAE      = Metric{"MAE", false, positive, ofValues(metrics.MAE)}
	MedianAE = Metric{"median absolute error", false, positive, ofValues(metrics.MedianAE)}
	R2       = Metric{"R2", true, [2]float64{math.Inf(-1), 1}, ofValues(r2)} // undefined if all true values are equal
)

// DefaultMetrics returns the metrics that cross-validation reports by default, the most
// important first: Accuracy, BalancedAccuracy, LogLoss and ROCAUC for a classification;
// RMSE, MAE and R2 for a regression.
func DefaultMetrics(t Task) []Metric {
	if t == Regress {
		return []Metric{RMSE, MAE, R2}
	}
	return []Metric{Accuracy, BalancedAccuracy, LogLoss, ROCAUC}
}

// Metrics returns all metrics in this package for a task, [DefaultMetrics] first.
func Metrics(t Task) []Metric {
	if t == Regress {
		return append(DefaultMetrics(t), MedianAE)
	}
	return append(DefaultMetrics(t), F1, MCC, Brier, AveragePrecision)
}

var (
	metricsMu  sync.RWMutex
	ownMetrics []Metric // those registered
)

// RegisterMetric makes a metric known by its name, so that configurations using it can be
// written and read. A name taken by another metric is an error.
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
	all := slices.Concat(Metrics(Classify), Metrics(Regress), ownMetrics)
	if i := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name }); i >= 0 {
		return all[i], true
	}
	return Metric{}, false
}

// same reports whether two metrics are equal, as far as functions can be compared.
func (m Metric) same(other Metric) bool {
	return m.Name == other.Name && m.Greater == other.Greater && m.Score != nil && reflect.ValueOf(m.Score).Pointer() == reflect.ValueOf(other.Score).Pointer()
}

// MarshalText returns the metric's name. An unregistered metric is an error.
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

func ofValues(f func(want, have []float64) (float64, error)) func(*Set, *Prediction) (float64, error) {
	return func(s *Set, p *Prediction) (float64, error) {
		want, err := s.Values()
		if err != nil {
			return 0, err
		}
		if p == nil {
			return 0, errNoPrediction
		}
		return f(want, p.Values)
	}
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
