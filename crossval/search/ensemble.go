package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// Ensemble says how trials are combined: by ensemble selection (Caruana, Niculescu-Mizil, Crew
// & Ksikes, "Ensemble selection from libraries of models", 2004). From the best trial on, that
// trial is added, again and again, which makes the mean of all added ones predict the inner
// folds best; a trial that is added n times has a weight of n.
//
// "Best" is by the Brier score of a choice among classes, the mean squared error of numbers in
// the units of the target, and otherwise by the metric of the search.
type Ensemble struct {
	Steps int  // trials that are added; 0: 50
	Most  int  // different trials; 0: 5
	None  bool // the winner alone
}

func (e Ensemble) check() error {
	if e.Steps < 0 || e.Most < 0 {
		return fmt.Errorf("search: ensemble: %d steps, %d members: want none below 0", e.Steps, e.Most)
	}
	return nil
}

// size returns how many different trials an ensemble has at most.
func (e Ensemble) size() int {
	if e.None {
		return 1
	}
	return orDefault(e.Most, 5)
}

// Weight is the share of a trial in an ensemble.
type Weight struct {
	Trial  int     `json:"trial"`
	Weight float64 `json:"weight"` // all sum to 1
}

// Blend is an estimator that fits several ones to the same rows and averages what they
// predict, with weights: probabilities, or values. Labels are decided by the mean
// probabilities.
type Blend struct {
	Members []Member
}

// Member is an estimator of a Blend.
type Member struct {
	Estimator crossval.Estimator
	Weight    float64 // relative to the others; positive
}

func (b Blend) check() error {
	if len(b.Members) == 0 {
		return errors.New("search: a blend without members")
	}
	for i, m := range b.Members {
		if m.Estimator == nil || !(m.Weight > 0) || math.IsInf(m.Weight, 1) {
			return fmt.Errorf("search: member %d of the blend: no estimator, or a weight of %v: want a positive one", i, m.Weight)
		}
	}
	return nil
}

// Fit implements crossval.Estimator. The seed of member i is crossval.JobSeed(seed, "member",
// i); members are fitted one after another. It is an error if there are no members, a weight
// is not positive, a member fails, or the task has labels without probabilities.
func (b Blend) Fit(ctx context.Context, rows data.Source, seed uint64) (*data.Predictor, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	fitted := make([]*data.Predictor, len(b.Members))
	for i, m := range b.Members {
		var err error
		if fitted[i], err = m.Estimator.Fit(ctx, rows, crossval.JobSeed(seed, "member", i)); err != nil {
			return nil, fmt.Errorf("search: member %d of the blend: %w", i, err)
		}
	}
	return b.join(rows, fitted)
}

// join returns the predictor of fitted members.
func (b Blend) join(rows data.Source, fitted []*data.Predictor) (*data.Predictor, error) {
	answers, err := data.Answers(rows)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	rules, err := answers.Rules()
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	out := &data.Predictor{}
	weights := make([]float64, len(fitted))
	for i, f := range fitted {
		if f == nil || f.Predict == nil {
			return nil, fmt.Errorf("search: member %d of the blend: no predictor", i)
		}
		weights[i] = b.Members[i].Weight
		out.Parameters += f.Parameters
		for _, n := range f.Notes {
			out.Notes = append(out.Notes, fmt.Sprintf("member %d: %s", i, n))
		}
	}
	if len(fitted) == 1 {
		return fitted[0], nil
	}
	out.Predict = func(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
		list := make([]*data.Prediction, len(fitted))
		for i, f := range fitted {
			var err error
			if list[i], err = f.Predict(ctx, rows); err != nil {
				return nil, fmt.Errorf("search: member %d of the blend: %w", i, err)
			}
		}
		return Average(rules, list, weights)
	}
	return out, nil
}

// Average returns the weighted mean of predictions of the same rows, as a Blend makes it. It is
// an error if there are none, if weights are not positive or not as many, if predictions differ
// in size, or if the task has labels without probabilities.
func Average(rules *data.Rules, list []*data.Prediction, weights []float64) (*data.Prediction, error) {
	if rules == nil || len(list) == 0 || len(list) != len(weights) || slices.Contains(list, nil) || rules.Rows(list[0]) > 0 && min(rules.Labels, rules.Proba, rules.Values) < 0 {
		return nil, fmt.Errorf("search: the mean of %d predictions with %d weights, or one of nothing", len(list), len(weights))
	}
	rows := rules.Rows(list[0])
	out := &data.Prediction{Offsets: list[0].Offsets}
	for range rows {
		rules.AddRow(out)
	}
	total := 0.0
	for i, w := range weights {
		if !(w > 0) || math.IsInf(w, 1) {
			return nil, fmt.Errorf("search: weight %d is %v: want a positive one", i, w)
		}
		total += w
	}
	for i, p := range list {
		if rules.Proba > 0 && len(p.Proba) != len(out.Proba) || len(p.Values) != len(out.Values) {
			return nil, fmt.Errorf("search: member %d of the blend predicts no probabilities, or other rows than the first", i)
		}
		for k := range out.Proba {
			out.Proba[k] += weights[i] / total * p.Proba[k]
		}
		for k, v := range p.Values {
			out.Values[k] += weights[i] / total * v
		}
	}
	if rules.Labels > 0 {
		if rules.Decide == nil || rules.Proba == 0 {
			return nil, errors.New("search: labels without probabilities cannot be averaged")
		}
		for i := range rows {
			rules.Decide(rules.Row(out, i))
		}
	}
	return out, nil
}

// library holds what trials predict of the rows of the inner folds.
type library struct {
	rules  *data.Rules
	truth  *data.Set // of these rows
	trials []int     // their numbers, the best first
	list   []*data.Prediction
	width  int
	mean   func(rows []int, mean []float64) (float64, error) // the loss of a mean prediction, (rows, width), of some rows
	cost   float64                                           // of mean, of each value, relative to a squared distance
}

// libraryMost is the number of trials that take part in ensembles.
const libraryMost = 50

// newLibrary collects the predictions of the best trials.
func newLibrary(res *crossval.Result, answers *data.Set, metric data.Metric, trials []int) (*library, error) {
	rules, err := answers.Rules()
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	l := &library{rules: rules, width: rules.Values}
	if rules.Proba > 0 {
		l.width = rules.Proba
	}
	for _, n := range trials[:min(len(trials), libraryMost)] {
		o, err := res.OutOfFold(nameOfTrial(n))
		if err != nil {
			return nil, err
		}
		if len(l.trials) == 0 {
			if l.truth, err = data.Truth(answers, answers, o.Rows); err != nil {
				return nil, fmt.Errorf("search: %w", err)
			}
		}
		if rules.Proba > 0 && o.Prediction.Proba == nil {
			continue // it predicts labels alone
		}
		l.trials, l.list = append(l.trials, n), append(l.list, &o.Prediction)
	}
	if len(l.list) == 0 || l.width == 0 {
		return nil, errNoBlend
	}
	return l, l.judge(metric)
}

var errNoBlend = errors.New("search: the trials predict nothing that can be averaged")

// judge sets the loss by which members are chosen.
func (l *library) judge(metric data.Metric) error {
	want, err := l.wanted()
	if err == nil {
		l.cost = 1
		l.mean = func(rows []int, mean []float64) (float64, error) {
			sum := 0.0
			for i, row := range rows {
				for c, v := range mean[i*l.width : (i+1)*l.width] {
					d := v - want[row*l.width+c]
					sum += d * d
				}
			}
			return sum / float64(len(rows)), nil
		}
		return nil
	}
	if !errors.Is(err, errNoIdeal) {
		return err
	}
	l.cost = 60 // measured: 40 to 90 times as long as a squared distance
	l.mean = func(rows []int, mean []float64) (float64, error) {
		p := &data.Prediction{}
		if l.rules.Proba > 0 {
			p.Proba = mean
		} else {
			p.Values = mean
		}
		return l.score(metric, rows, p)
	}
	return nil
}

// score returns the loss by a metric of a prediction of some rows, whose labels are decided
// by the probabilities.
func (l *library) score(metric data.Metric, rows []int, p *data.Prediction) (float64, error) {
	truth, err := data.Truth(l.truth, l.truth, rows)
	if err != nil {
		return 0, err
	}
	if l.rules.Labels > 0 && p.Labels == nil {
		p.Labels = make([]int, len(rows)*l.rules.Labels)
		for i := range rows {
			l.rules.Decide(l.rules.Row(p, i))
		}
	}
	v, err := metric.Score(truth, p)
	if metric.Greater {
		v = -v
	}
	return v, err
}

// numbers returns the numbers of a member's prediction that are averaged.
func (l *library) numbers(member int) []float64 {
	if l.rules.Proba > 0 {
		return l.list[member].Proba
	}
	return l.list[member].Values
}

// selectOn runs ensemble selection on some rows and returns how often each member is taken.
func (l *library) selectOn(rows []int, e Ensemble) ([]int, error) {
	members := make([][]float64, len(l.list))
	for m := range members {
		all := l.numbers(m)
		for _, row := range rows {
			members[m] = append(members[m], all[row*l.width:(row+1)*l.width]...)
		}
	}
	sum, mean := make([]float64, len(members[0])), make([]float64, len(members[0]))
	counts := make([]int, len(members))
	var best []int
	least, distinct := math.Inf(1), 0
	for n := 1; n <= orDefault(e.Steps, 50); n++ {
		add, lowest := -1, math.Inf(1)
		for m, p := range members {
			if counts[m] == 0 && distinct == e.size() {
				continue
			}
			for k, v := range p {
				mean[k] = (sum[k] + v) / float64(n)
			}
			loss, err := l.mean(rows, mean)
			if err != nil {
				return nil, fmt.Errorf("search: ensemble: %w", err)
			}
			if loss < lowest {
				add, lowest = m, loss
			}
		}
		if add < 0 {
			break
		}
		if counts[add] == 0 {
			distinct++
		}
		counts[add]++
		for k, v := range members[add] {
			sum[k] += v
		}
		if lowest < least-1e-12*math.Abs(least) || best == nil {
			best, least = slices.Clone(counts), lowest
		}
	}
	if best == nil {
		return nil, errNoBlend
	}
	return best, nil
}

// weights turns counts into weights, the largest first.
func (l *library) weights(counts []int) []Weight {
	total := 0
	for _, c := range counts {
		total += c
	}
	var out []Weight
	for m, c := range counts {
		if c > 0 {
			out = append(out, Weight{l.trials[m], float64(c) / float64(total)})
		}
	}
	slices.SortStableFunc(out, func(a, b Weight) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), a.Trial-b.Trial)
	})
	return out
}

// blend returns the mean prediction of some rows by counts.
func (l *library) blend(rows, counts []int) *data.Prediction {
	mean := make([]float64, len(rows)*l.width)
	total := 0.0
	for m, c := range counts {
		if c == 0 {
			continue
		}
		total += float64(c)
		all := l.numbers(m)
		for i, row := range rows {
			for k := range l.width {
				mean[i*l.width+k] += float64(c) * all[row*l.width+k]
			}
		}
	}
	for k := range mean {
		mean[k] /= total
	}
	if l.rules.Proba > 0 {
		return &data.Prediction{Proba: mean}
	}
	return &data.Prediction{Values: mean}
}
