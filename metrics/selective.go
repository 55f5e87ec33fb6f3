package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// RiskPoint is what a predictor does that answers only where its confidence is at least Threshold.
type RiskPoint struct {
	Threshold       float64
	Answered, Wrong int     // rows
	Coverage        float64 // share of the rows that are answered
	Risk            float64 // share of wrong ones among them
}

// RiskCoverage returns the risk-coverage curve of rows that are right or wrong: a point for each
// confidence that occurs, in descending order, so that coverage rises to 1. Rows of one confidence are
// answered together. El-Yaniv & Wiener (2010), "On the foundations of noise-free selective
// classification", JMLR 11. It is an error if there are no rows, not as many confidences, or one is
// NaN.
func RiskCoverage(right []bool, confidence []float64) ([]RiskPoint, error) {
	if len(right) == 0 {
		return nil, ErrEmpty
	}
	if len(confidence) != len(right) {
		return nil, fmt.Errorf("metrics: risk and coverage: %d confidences for %d rows", len(confidence), len(right))
	}
	order := make([]int, len(right))
	for i := range order {
		if math.IsNaN(confidence[i]) {
			return nil, fmt.Errorf("metrics: risk and coverage: row %d: the confidence is NaN", i)
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(confidence[b], confidence[a]) })
	var points []RiskPoint
	wrong := 0
	for k, i := range order {
		if !right[i] {
			wrong++
		}
		if k+1 < len(order) && confidence[order[k+1]] == confidence[i] {
			continue
		}
		points = append(points, RiskPoint{
			Threshold: confidence[i], Answered: k + 1, Wrong: wrong,
			Coverage: float64(k+1) / float64(len(right)), Risk: float64(wrong) / float64(k+1),
		})
	}
	return points, nil
}

// AURC is the area under the risk-coverage curve, less is better: the mean of the risks of the n
// rows of the highest confidence over all n from 1 to the number of rows, rows of one confidence in
// random order (Geifman, Uziel & El-Yaniv 2019, arXiv:1805.08206). Errors are as in [RiskCoverage].
func AURC(right []bool, confidence []float64) (float64, error) {
	points, err := RiskCoverage(right, confidence)
	if err != nil {
		return 0, err
	}
	sum := 0.0
	var last RiskPoint
	for _, p := range points {
		tied, wrong := p.Answered-last.Answered, p.Wrong-last.Wrong
		for j := 1; j <= tied; j++ {
			sum += (float64(last.Wrong) + float64(wrong)*float64(j)/float64(tied)) / float64(last.Answered+j)
		}
		last = p
	}
	return sum / float64(len(right)), nil
}

// AtRisk returns the point of the highest coverage whose risk is at most the given one; false if
// there is none, so that nothing should be answered.
//
// Of all points that with the risk of the rows at hand is the most fortunate, and of other rows it is
// higher. With a confidence above 0, such as 0.95, a point counts only if wrong answers as few as its
// own would be less probable than 1 − confidence at the given risk: P(X ≤ Wrong) ≤ 1 − confidence for X
// binomial of Answered and risk (the bound of Geifman & El-Yaniv 2017, arXiv:1705.08500, for one
// point; theirs is stricter, for all points at once). Rows that are alike make it too confident.
func AtRisk(curve []RiskPoint, risk, confidence float64) (RiskPoint, bool) {
	var best RiskPoint
	found := false
	for _, p := range curve {
		if found && p.Coverage <= best.Coverage || !(p.Risk <= risk) {
			continue
		}
		if confidence > 0 && !(risk >= 1 || atMost(p.Wrong, p.Answered, risk) <= 1-confidence) {
			continue
		}
		best, found = p, true
	}
	return best, found
}

// atMost is the probability of at most k of n, each with probability p.
func atMost(k, n int, p float64) float64 {
	if !(p > 0) || k < 0 || k > n {
		return 1
	}
	all, _ := math.Lgamma(float64(n) + 1)
	sum := 0.0
	for i := range k + 1 {
		a, _ := math.Lgamma(float64(i) + 1)
		b, _ := math.Lgamma(float64(n-i) + 1)
		sum += math.Exp(all - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return sum
}

// RiskAt returns the point of a threshold: what the rows of at least this confidence are. If there are
// none, Answered is 0 and Risk NaN.
func RiskAt(curve []RiskPoint, threshold float64) RiskPoint {
	out := RiskPoint{Threshold: threshold, Risk: math.NaN()}
	for _, p := range curve {
		if p.Threshold >= threshold && p.Answered > out.Answered {
			out = p
			out.Threshold = threshold
		}
	}
	return out
}
