package search

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Race says when a trial is dropped before it has been fitted on all folds: when, going by
// the folds it has, it can no longer win the search.
//
// Trials of a round are fitted fold by fold, side by side. After each fold a trial is held
// against the best one on the same folds: the winner so far, or another trial of its round.
// Of J folds j are finished, on which it is worse by m on average, with a standard deviation
// of s. To win it must be better on the J−j others by m·j/(J−j) or more. The mean of these
// differs from that of the finished folds by a Student's t with j−1 degrees of freedom, times
//
//	s · sqrt(1/j + 1/(J−j))
//
// if the folds' differences are exchangeable. That folds share training rows, which the
// corrected test of Nadeau & Bengio accounts for, gives all of them one correlation, and that
// drops out of the difference of two means of the same folds: the correction is needed to
// say which model is better in general, and not to say which wins these folds. The trial is
// dropped if the probability of a win is below Level, if it is worse by the same amount in
// every fold so far, or if it is as good in each of half of the folds: to win it has to be better.
// With a budget of time, so is one whose fits on all folds would take more than a sixteenth of it.
//
// The score of a dropped trial is what would be its mean if it kept its distance from the
// best one: the best one's mean over all folds plus the mean difference on the finished ones.
type Race struct {
	Level float64 // 0: 0.2
	First int     // folds before the first decision, 2 or more; 0: 2
	Full  bool    // no trial is dropped
}

func (o Race) check() error {
	if !(o.Level >= 0 && o.Level < 1) || o.First < 0 || o.First == 1 {
		return fmt.Errorf("search: race: a level of %v, a decision after %d folds: want a level in [0, 1), and 2 folds or more", o.Level, o.First)
	}
	return nil
}

// chance returns the probability that a trial which is worse by the given differences on
// some folds is as good in the mean over all of them.
func (o Race) chance(worse []float64, folds int) float64 {
	j, rest := float64(len(worse)), float64(folds-len(worse))
	mean, std := stat.MeanStdDev(worse, nil)
	need := mean * j / rest // on the other folds, above 0
	if !(std > 0) {
		if mean > 0 || mean == 0 && 2*j >= float64(folds) {
			return 0
		}
		return 1
	}
	t := distuv.StudentsT{Sigma: 1, Nu: j - 1}
	return t.CDF(-(mean + need) / (std * math.Sqrt(1/j+1/rest)))
}

// race fits the trials of a round and drops those that cannot win.
func (r *run) race(ctx context.Context, round []Trial) error {
	folds := r.session.Folds()
	first := min(orDefault(r.Race.First, 2), folds)
	if r.Race.Full {
		first = folds
	}
	for from, to := 0, first; from < folds; {
		var list []crossval.Candidate
		for i := range round {
			if t := &round[i]; t.Same < 0 && t.Failed == "" && t.Dropped == "" {
				list = append(list, crossval.Candidate{Name: nameOfTrial(t.Number), Estimator: t.Estimator, FitLimit: r.fitLimit(t)})
			}
		}
		if len(list) == 0 {
			break
		}
		block := make([]int, to-from)
		for i := range block {
			block[i] = from + i
		}
		err := r.session.Run(ctx, list, block)
		r.take(round, to)
		if err != nil {
			for i := range round {
				if t := &round[i]; t.Same < 0 && t.Failed == "" && t.Dropped == "" && t.Folds < folds {
					t.Dropped = "the search ended"
				}
			}
			r.settle(round)
			return err
		}
		if base := &round[0]; base.Number == 0 && base.Folds > 0 && r.slow(base) && to < folds {
			if err := r.fewer(to); err != nil {
				return err
			}
			folds = to
		}
		if to < folds {
			r.drop(round)
		}
		// A few fits at a time; the number of workers plays no part, or the outcome would depend on
		// it. The base, which nothing can drop, takes all.
		next := to + max(1, 4/len(list))
		if round[0].Number == 0 {
			next = folds
		}
		from, to = to, min(folds, next)
	}
	r.settle(round)
	return nil
}

// take copies what the session has of the trials on the first folds. It may have more, from a
// log, which must play no part.
func (r *run) take(round []Trial, folds int) {
	res := r.session.Result()
	failed := map[string]string{}
	for _, f := range res.Failed {
		failed[f.Candidate] = f.Message
	}
	for i := range round {
		t := &round[i]
		if t.Same >= 0 || t.Dropped != "" || t.Failed != "" {
			continue
		}
		name := nameOfTrial(t.Number)
		if t.Failed = failed[name]; t.Failed != "" {
			continue
		}
		t.Scores, t.Fit, t.Predict = nil, 0, 0
		for _, one := range res.RunsOf(name) {
			if one.Split < folds && one.Split == len(t.Scores) { // without gaps, which an interruption leaves
				t.Scores = append(t.Scores, one.Scores[0])
				t.Fit, t.Predict = t.Fit+one.FitTime, t.Predict+one.PredictTime
			}
		}
		if t.Folds = len(t.Scores); t.Folds == 0 {
			continue
		}
		t.Fit, t.Predict = t.Fit/time.Duration(t.Folds), t.Predict/time.Duration(t.Folds)
		if t.Score = stat.Mean(t.Scores, nil); math.IsNaN(t.Score) {
			t.Failed = fmt.Sprintf("its %s is not defined in a fold", r.metric.Name)
		}
	}
}

// leader returns the scores of the trial that is best on the first n folds, and its number:
// of the complete ones that on all folds, or one of the round; −1: there is none.
func (r *run) leader(round []Trial, n int) int {
	best, least := -1, math.Inf(1)
	consider := func(t *Trial) {
		if t.Failed != "" || t.Dropped != "" || t.Same >= 0 || !t.Final || t.Folds < n {
			return
		}
		loss := stat.Mean(t.Scores[:n], nil)
		if r.metric.Greater {
			loss = -loss
		}
		if loss < least {
			best, least = t.Number, loss
		}
	}
	if all := r.ranked(); len(all) > 0 {
		consider(&r.trials[all[0]])
	}
	for i := range round {
		consider(&round[i])
	}
	return best
}

// worse returns by how much a trial is worse than another on the folds of the first.
func (r *run) worse(t, than *Trial) []float64 {
	d := make([]float64, t.Folds)
	for i := range d {
		d[i] = t.Scores[i] - than.Scores[i]
		if r.metric.Greater {
			d[i] = -d[i]
		}
	}
	return d
}

// drop drops the trials of a round that can no longer win.
func (r *run) drop(round []Trial) {
	level := orDefault(r.Race.Level, 0.2)
	lost := map[int]string{}
	for i := range round {
		if t := &round[i]; t.running() && r.slow(t) {
			t.Failed = fmt.Sprintf("too slow for the budget: a fit takes %v", t.Fit.Round(time.Millisecond))
		}
	}
	for i := range round {
		t := &round[i]
		if !t.running() {
			continue
		}
		best := r.leader(round, t.Folds)
		if best < 0 || best == t.Number {
			continue
		}
		if p := r.Race.chance(r.worse(t, &r.trials[best]), t.all); p < level {
			lost[i] = fmt.Sprintf("not ahead of trial %d after %d of %d folds: it would win with probability %.2g", best, t.Folds, t.all, p)
		}
	}
	for i, why := range lost { // after all decisions, so that their order plays no part
		round[i].Dropped = why
	}
}

// running reports whether a trial competes, and has neither failed nor been dropped.
func (t *Trial) running() bool {
	return t.Same < 0 && t.Failed == "" && t.Dropped == "" && t.Final
}

// slow reports whether all fits of a trial would take more than its share of the budget.
func (r *run) slow(t *Trial) bool {
	return r.Budget > 0 && t.Fit*time.Duration(t.all)/time.Duration(r.atATime()) > r.Budget/share(t)
}

// share is the part of the budget that all fits of a trial may take: a sixteenth, so that a round
// of trials which are all slow leaves time for others; of the base, which the others are held
// against, a quarter.
func share(t *Trial) time.Duration {
	if t.Number == 0 {
		return 4
	}
	return 16
}

// fitLimit is the time after which one fit shows that a trial is slow, half as long again as a
// mean one may take; 0: none. The base has none.
func (r *run) fitLimit(t *Trial) time.Duration {
	if t.Number == 0 {
		return 0
	}
	return r.Budget * 3 / 2 * time.Duration(r.atATime()) / (share(t) * time.Duration(t.all))
}

// fewer goes on with the first folds alone, as all would take the base more than its share of
// the budget.
func (r *run) fewer(folds int) error {
	base := &r.trials[0]
	r.notes = append(r.notes, fmt.Sprintf("a fit of trial 0 takes %v: of %d folds the first %d are used", base.Fit.Round(time.Millisecond), base.all, folds))
	base.all = folds
	return r.session.Limit(folds)
}

// settle gives the trials of a round their scores.
func (r *run) settle(round []Trial) {
	all := r.ranked()
	for i := range round {
		t := &round[i]
		switch {
		case t.Same >= 0:
			same := &r.trials[t.Same]
			t.Folds, t.Scores, t.Score, t.Dropped, t.Failed, t.Fit, t.Predict = same.Folds, same.Scores, same.Score, same.Dropped, same.Failed, same.Fit, same.Predict
		case t.Dropped != "" && t.Folds > 0 && len(all) > 0:
			best := &r.trials[all[0]]
			d := stat.Mean(r.worse(t, best), nil)
			if r.metric.Greater {
				d = -d
			}
			t.Score = best.Score + d
		}
	}
	if len(all) > 0 {
		r.mu.Lock()
		r.best = r.trials[all[0]].Score
		r.mu.Unlock()
	}
}
