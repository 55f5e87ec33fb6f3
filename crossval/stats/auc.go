package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// AUCs are two areas under ROC curves, their difference, and how they vary together.
type AUCs struct {
	First, Second Test    // each area, tested against 1/2
	Difference    Test    // first minus second
	Covariance    float64 // of both areas; 0 if they come from different rows
}

// DeLong compares two scores of the same rows by their areas under the ROC curve: DeLong, DeLong
// & Clarke-Pearson, "Comparing the Areas under Two or More Correlated Receiver Operating
// Characteristic Curves" (Biometrics 44, 1988), computed from mean ranks in O(n log n) as by Sun
// & Xu (IEEE Signal Processing Letters 21, 2014). positive[i] says whether row i is positive,
// and a greater score speaks for that. With V(x) the share of negatives that a positive x
// exceeds, half of ties counted, V'(y) the share of positives that exceed a negative y, and m
// and n their numbers:
//
//	AUC = mean V,  var = var(V)/m + var(V')/n,  z = (AUC1 - AUC2) / sqrt(var1 + var2 - 2·cov)
//
// Intervals are AUC ± quantile · sqrt(var), clipped to what an area can be. The effect size of
// an area is Somers' D, 2·AUC - 1; that of the difference is the difference of these. Confidence
// of 0 is 0.95.
//
// The direction of scores is fixed: a score that ranks backwards has an area below 1/2. An area
// of 0 or 1 has no variance: Constant is set, its interval has no width, which says nothing, and
// P is NaN. If the scores rank rows alike, the difference is constant and P is 1. It is an error
// if lengths differ, if there are fewer than 2 positives or negatives, or for a NaN.
func DeLong(positive []bool, first, second []float64, confidence float64) (AUCs, error) {
	confidence, err := level(confidence)
	if err != nil {
		return AUCs{}, err
	}
	a, err := placements(positive, first)
	if err != nil {
		return AUCs{}, err
	}
	b, err := placements(positive, second)
	if err != nil {
		return AUCs{}, err
	}
	out := AUCs{First: a.test(confidence), Second: b.test(confidence)}
	out.Covariance = covariance(a.positives, b.positives)/float64(len(a.positives)) + covariance(a.negatives, b.negatives)/float64(len(a.negatives))
	// The variance of the difference is that of the differences of placements.
	d := &placed{positives: minus(a.positives, b.positives), negatives: minus(a.negatives, b.negatives)}
	t := d.difference(a.area()-b.area(), "DeLong's test of two areas under ROC curves, paired", len(positive), confidence)
	if !t.Constant {
		t.Statistic = t.Estimate / t.StdErr
		t.P = twoSided(t.Statistic)
		t.interval(-normalQuantile((1-confidence)/2), -1, 1)
	}
	out.Difference = t
	return out, nil
}

// DeLongUnpaired compares areas under the ROC curve of scores of different rows, such as two
// test sets: as [DeLong], without covariance, and with a t distribution for the difference whose
// degrees of freedom are Welch's, (var1 + var2)² / (var1²/(n1-1) + var2²/(n2-1)), as in pROC.
func DeLongUnpaired(positive1 []bool, scores1 []float64, positive2 []bool, scores2 []float64, confidence float64) (AUCs, error) {
	confidence, err := level(confidence)
	if err != nil {
		return AUCs{}, err
	}
	a, err := placements(positive1, scores1)
	if err != nil {
		return AUCs{}, err
	}
	b, err := placements(positive2, scores2)
	if err != nil {
		return AUCs{}, err
	}
	out := AUCs{First: a.test(confidence), Second: b.test(confidence)}
	n1, n2 := float64(len(scores1)), float64(len(scores2))
	v1, v2 := a.variance(), b.variance()
	t := blank("DeLong's test of two areas under ROC curves, unpaired", len(scores1)+len(scores2), "rows")
	t.Symbol, t.Confidence = "t", confidence
	t.Of, t.Estimate = "difference of AUC", a.area()-b.area()
	t.Effect, t.Size = "difference of Somers' D", 2*t.Estimate
	t.StdErr = math.Sqrt(v1 + v2)
	if v1+v2 == 0 {
		t.constant()
	} else {
		t.DF = (v1 + v2) * (v1 + v2) / (v1*v1/(n1-1) + v2*v2/(n2-1))
		t.Statistic = t.Estimate / t.StdErr
		t.P = min(1, 2*StudentT{DF: t.DF}.CDF(-math.Abs(t.Statistic)))
		t.interval(upperT((1-confidence)/2, t.DF), -1, 1)
	}
	out.Difference = t
	return out, nil
}

// interval sets the interval, clipped to what the estimate can be.
func (t *Test) interval(quantile, least, most float64) {
	low, high := t.Estimate-quantile*t.StdErr, t.Estimate+quantile*t.StdErr
	t.Low, t.High = max(least, low), min(most, high)
	if low < least || high > most {
		t.Notes = append(t.Notes, fmt.Sprintf("The interval is clipped to the range from %v to %v.", least, most))
	}
}

// placed holds the placement values of positives among negatives, and the reverse.
type placed struct {
	positives, negatives []float64
}

func placements(positive []bool, scores []float64) (*placed, error) {
	if len(positive) != len(scores) {
		return nil, fmt.Errorf("stats: AUC: %d labels for %d scores", len(positive), len(scores))
	}
	m := 0
	for i, v := range scores {
		if math.IsNaN(v) {
			return nil, fmt.Errorf("stats: AUC: score %d is NaN", i)
		}
		if positive[i] {
			m++
		}
	}
	n := len(scores) - m
	if m < 2 || n < 2 {
		return nil, fmt.Errorf("stats: AUC: a variance needs 2 positives and 2 negatives, have %d and %d", m, n)
	}
	return place(positive, scores, m), nil
}

// place computes placement values by mean ranks: of a positive's rank among all, what its rank
// among positives leaves is the number of negatives below.
func place(positive []bool, scores []float64, m int) *placed {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	values := make([]float64, len(scores))
	n := len(scores) - m
	below := [2]int{} // negatives and positives below
	for i := 0; i < len(order); {
		j := i
		tied := [2]int{}
		for j < len(order) && scores[order[j]] == scores[order[i]] {
			if positive[order[j]] {
				tied[1]++
			} else {
				tied[0]++
			}
			j++
		}
		for _, k := range order[i:j] {
			if positive[k] {
				values[k] = (float64(below[0]) + 0.5*float64(tied[0])) / float64(n)
			} else {
				values[k] = (float64(m-below[1]-tied[1]) + 0.5*float64(tied[1])) / float64(m)
			}
		}
		below[0] += tied[0]
		below[1] += tied[1]
		i = j
	}
	p := &placed{}
	for i, v := range values {
		if positive[i] {
			p.positives = append(p.positives, v)
		} else {
			p.negatives = append(p.negatives, v)
		}
	}
	return p
}

func (p *placed) area() float64 { return mean(p.positives) }

func (p *placed) variance() float64 {
	return covariance(p.positives, p.positives)/float64(len(p.positives)) + covariance(p.negatives, p.negatives)/float64(len(p.negatives))
}

// test returns the area with its interval, tested against 1/2.
func (p *placed) test(confidence float64) Test {
	t := blank("area under the ROC curve with DeLong's variance, against 1/2", len(p.positives)+len(p.negatives), "rows")
	t.Symbol, t.Confidence = "z", confidence
	t.Of, t.Estimate = "AUC", p.area()
	t.Effect, t.Size = "Somers' D", 2*t.Estimate-1
	t.StdErr = math.Sqrt(p.variance())
	if largest(minus(p.positives, repeated(t.Estimate, len(p.positives)))) <= rounding && largest(minus(p.negatives, repeated(t.Estimate, len(p.negatives)))) <= rounding {
		t.Constant, t.StdErr, t.Low, t.High = true, 0, t.Estimate, t.Estimate
		if math.Abs(t.Estimate-0.5) <= rounding {
			t.Statistic, t.P = 0, 1
			t.Notes = append(t.Notes, "All scores are equal.")
		} else {
			t.Notes = append(t.Notes, "An area of 0 or 1 has a variance of 0, whatever the number of rows: the interval says nothing.")
		}
		return t
	}
	t.Statistic = (t.Estimate - 0.5) / t.StdErr
	t.P = twoSided(t.Statistic)
	t.interval(-normalQuantile((1-confidence)/2), 0, 1)
	return t
}

// difference returns the test of a difference of areas, p being the differences of placements.
func (p *placed) difference(estimate float64, method string, n int, confidence float64) Test {
	t := blank(method, n, "rows")
	t.Symbol, t.Confidence = "z", confidence
	t.Of, t.Estimate = "difference of AUC", estimate
	t.Effect, t.Size = "difference of Somers' D", 2*estimate
	v := p.variance()
	t.StdErr = math.Sqrt(v)
	if v <= rounding*rounding {
		if math.Abs(estimate) <= rounding {
			t.Estimate, t.Size = 0, 0
		}
		t.constant()
	}
	return t
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// covariance has n-1 in its denominator.
func covariance(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	sum := 0.0
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return sum / float64(len(x)-1)
}

func minus(x, y []float64) []float64 {
	d := make([]float64, len(x))
	for i := range x {
		d[i] = x[i] - y[i]
	}
	return d
}

func repeated(v float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = v
	}
	return x
}

// CrossValidatedAUC estimates the mean area under the ROC curve over the folds of a
// cross-validation, with the interval of LeDell, Petersen & van der Laan, "Computationally
// efficient confidence intervals for cross-validated area under the ROC curve estimates"
// (Electronic Journal of Statistics 9, 2015). positive[v][i] and scores[v][i] are those of row i
// of fold v, each row being in one fold. The influence of a row i in fold v is
//
//	(share of negatives of v that score lower - AUC_v) / P(positive)    if row i is positive
//	(share of positives of v that score higher - AUC_v) / P(negative)   if row i is negative
//
// with half of ties counted and P the shares in all folds, and
//
//	AUC = mean of AUC_v,  var = mean over folds of the mean squared influence / n
//
// The test is against 1/2, the effect size Somers' D, 2·AUC - 1. Confidence of 0 is 0.95.
// Scores are compared within folds only, so that models of folds need not agree in scale. The
// interval is for models trained on as many rows as these folds have, and holds for many rows.
// Folds of one repeat only: rows that are tested again make it too narrow.
//
// If all areas are 0 or 1, Constant is set and P is NaN. It is an error if there are no folds,
// if lengths differ, if a fold lacks positives or negatives, or for a NaN.
func CrossValidatedAUC(positive [][]bool, scores [][]float64, confidence float64) (Test, error) {
	confidence, err := level(confidence)
	if err != nil {
		return Test{}, err
	}
	if len(positive) == 0 || len(positive) != len(scores) {
		return Test{}, fmt.Errorf("stats: cross-validated AUC: labels of %d folds, scores of %d", len(positive), len(scores))
	}
	rows, positives := 0, 0
	var all []*placed
	for v, labels := range positive {
		if len(labels) != len(scores[v]) {
			return Test{}, fmt.Errorf("stats: cross-validated AUC: fold %d: %d labels for %d scores", v, len(labels), len(scores[v]))
		}
		m := 0
		for i, s := range scores[v] {
			if math.IsNaN(s) {
				return Test{}, fmt.Errorf("stats: cross-validated AUC: fold %d: score %d is NaN", v, i)
			}
			if labels[i] {
				m++
			}
		}
		if m == 0 || m == len(labels) {
			return Test{}, fmt.Errorf("stats: cross-validated AUC: fold %d has %d positives among %d rows", v, m, len(labels))
		}
		rows += len(labels)
		positives += m
		all = append(all, place(labels, scores[v], m))
	}
	share := float64(positives) / float64(rows)
	t := blank("cross-validated AUC by influence curves, against 1/2", rows, "rows")
	t.Symbol, t.Confidence = "z", confidence
	var areas []float64
	variance := 0.0
	for _, p := range all {
		area := p.area()
		areas = append(areas, area)
		sum := 0.0
		for _, v := range p.positives {
			sum += (v - area) / share * ((v - area) / share)
		}
		for _, v := range p.negatives {
			sum += (v - area) / (1 - share) * ((v - area) / (1 - share))
		}
		variance += sum / float64(len(p.positives)+len(p.negatives)) / float64(len(all))
	}
	t.Of, t.Estimate = "cross-validated AUC", mean(areas)
	t.Effect, t.Size = "Somers' D", 2*t.Estimate-1
	t.StdErr = math.Sqrt(variance / float64(rows))
	if t.StdErr <= rounding {
		t.Constant, t.StdErr, t.Low, t.High = true, 0, t.Estimate, t.Estimate
		if math.Abs(t.Estimate-0.5) <= rounding {
			t.Statistic, t.P = 0, 1
		}
		t.Notes = append(t.Notes, "Scores that separate the classes, or none at all, have a variance of 0, whatever the number of rows: the interval says nothing.")
		return t, nil
	}
	t.Statistic = (t.Estimate - 0.5) / t.StdErr
	t.P = twoSided(t.Statistic)
	t.interval(-normalQuantile((1-confidence)/2), 0, 1)
	return t, nil
}
