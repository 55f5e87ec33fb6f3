package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/check"
)

// checkProba checks probabilities (rows, classes), row by row.
func checkProba(want []int, proba []float64, classes int) error {
	if len(want) == 0 {
		return ErrEmpty
	}
	if classes < 2 {
		return fmt.Errorf("metrics: %d classes: want at least 2", classes)
	}
	if len(proba) != len(want)*classes {
		return fmt.Errorf("metrics: %d probabilities for %d rows and %d classes", len(proba), len(want), classes)
	}
	if err := check.Classes(want, classes); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	for i, p := range proba {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("metrics: row %d: probability %v of class %d is not in [0, 1]", i/classes, p, i%classes)
		}
	}
	return nil
}

// checkScores checks scores of a binary truth, in which both classes occur.
func checkScores(want []int, score []float64) (positives, negatives int, err error) {
	if len(want) == 0 {
		return 0, 0, ErrEmpty
	}
	if len(score) != len(want) {
		return 0, 0, fmt.Errorf("metrics: %d scores for %d rows", len(score), len(want))
	}
	for i, w := range want {
		if w != 0 && w != 1 {
			return 0, 0, fmt.Errorf("metrics: row %d: class %d of a binary truth", i, w)
		}
		if math.IsNaN(score[i]) {
			return 0, 0, fmt.Errorf("metrics: row %d: the score is NaN", i)
		}
		positives += w
	}
	return positives, len(want) - positives, nil
}

// ErrOneClass is the cause of errors about scores that need rows of both classes.
var ErrOneClass = errors.New("metrics: all rows are of one class")

// TopK is the share of rows whose class is among the k most probable; of equal
// probabilities the class with the larger index counts as the more probable, as
// in scikit-learn.
func TopK(want []int, proba []float64, classes, k int) (float64, error) {
	if err := checkProba(want, proba, classes); err != nil {
		return 0, err
	}
	if k < 1 || k > classes {
		return 0, fmt.Errorf("metrics: top %d of %d classes", k, classes)
	}
	hits := 0
	for i, w := range want {
		row := proba[i*classes : (i+1)*classes]
		ahead := 0
		for c, p := range row {
			if p > row[w] || p == row[w] && c > w {
				ahead++
			}
		}
		if ahead < k {
			hits++
		}
	}
	return float64(hits) / float64(len(want)), nil
}

// LogLoss is the mean of −log p of the true class, p held to
// [2⁻⁵², 1−2⁻⁵²] and each row divided by its sum.
func LogLoss(want []int, proba []float64, classes int) (float64, error) {
	if err := checkProba(want, proba, classes); err != nil {
		return 0, err
	}
	const eps = 0x1p-52
	sum := 0.0
	for i, w := range want {
		total, own := 0.0, 0.0
		for c, p := range proba[i*classes : (i+1)*classes] {
			p = min(max(p, eps), 1-eps)
			total += p
			if c == w {
				own = p
			}
		}
		sum -= math.Log(own / total)
	}
	return sum / float64(len(want)), nil
}

// Brier is the mean squared distance of the probabilities from the truth: for
// two classes of the probability of class 1, as in scikit-learn; for more, the
// sum over the classes. Brier (1950).
func Brier(want []int, proba []float64, classes int) (float64, error) {
	if err := checkProba(want, proba, classes); err != nil {
		return 0, err
	}
	sum := 0.0
	for i, p := range proba {
		d := p
		if want[i/classes] == i%classes {
			d--
		}
		if classes > 2 || i%classes == 1 {
			sum += d * d
		}
	}
	return sum / float64(len(want)), nil
}

// ECE is the expected calibration error: over bins of equal width of the
// predicted class's probability, (low, high], the mean of |accuracy −
// confidence| weighed by rows. bins of 0 stands for 15. Guo et al. (2017),
// arXiv:1706.04599, eq. 5.
func ECE(want []int, proba []float64, classes, bins int) (float64, error) {
	if err := checkProba(want, proba, classes); err != nil {
		return 0, err
	}
	if bins == 0 {
		bins = 15
	}
	if bins < 1 || bins > mostClasses {
		return 0, fmt.Errorf("metrics: %d bins: want 1 to %d", bins, mostClasses)
	}
	gap := make([]float64, bins)
	for i, w := range want {
		row := proba[i*classes : (i+1)*classes]
		best := 0
		for c, p := range row {
			if p > row[best] {
				best = c
			}
		}
		k := min(max(int(math.Ceil(row[best]*float64(bins)))-1, 0), bins-1)
		gap[k] -= row[best]
		if best == w {
			gap[k]++
		}
	}
	sum := 0.0
	for _, g := range gap {
		sum += math.Abs(g)
	}
	return sum / float64(len(want)), nil
}

// Curve is points of a curve; X does not fall, or does not rise.
type Curve struct {
	X, Y      []float64
	Threshold []float64 // score from which on a row counts as positive, one for each point
}

// descending returns the rows by falling score.
func descending(score []float64) []int {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case score[a] > score[b]:
			return -1
		case score[a] < score[b]:
			return 1
		}
		return 0
	})
	return order
}

// ROC returns false positive rates (X) and true positive rates (Y) of class 1
// from the highest threshold, +Inf, at which both are 0, down to the lowest
// score, at which both are 1: one point for each different score.
func ROC(want []int, score []float64) (Curve, error) {
	positives, negatives, err := checkScores(want, score)
	if err != nil {
		return Curve{}, err
	}
	if positives == 0 || negatives == 0 {
		return Curve{}, ErrOneClass
	}
	c := Curve{X: []float64{0}, Y: []float64{0}, Threshold: []float64{math.Inf(1)}}
	hits, alarms := 0, 0
	order := descending(score)
	for i, r := range order {
		hits += want[r]
		alarms += 1 - want[r]
		if i+1 < len(order) && score[order[i+1]] == score[r] {
			continue
		}
		c.X = append(c.X, float64(alarms)/float64(negatives))
		c.Y = append(c.Y, float64(hits)/float64(positives))
		c.Threshold = append(c.Threshold, score[r])
	}
	return c, nil
}

// AUC is the area under the ROC curve: the probability that a row of class 1
// scores higher than one of class 0, ties counting half.
func AUC(want []int, score []float64) (float64, error) {
	c, err := ROC(want, score)
	if err != nil {
		return 0, err
	}
	area := 0.0
	for i := 1; i < len(c.X); i++ {
		area += (c.X[i] - c.X[i-1]) * (c.Y[i] + c.Y[i-1]) / 2
	}
	return area, nil
}

// MacroAUC is the mean over the classes of the AUC of each against the rest; of
// two classes that of class 1.
func MacroAUC(want []int, proba []float64, classes int) (float64, error) {
	if err := checkProba(want, proba, classes); err != nil {
		return 0, err
	}
	one, score := make([]int, len(want)), make([]float64, len(want))
	sum, first := 0.0, 0
	if classes == 2 {
		first = 1
	}
	for c := first; c < classes; c++ {
		for i, w := range want {
			one[i], score[i] = 0, proba[i*classes+c]
			if w == c {
				one[i] = 1
			}
		}
		a, err := AUC(one, score)
		if err != nil {
			return 0, fmt.Errorf("class %d against the rest: %w", c, err)
		}
		sum += a
	}
	return sum / float64(classes-first), nil
}

// PrecisionRecall returns recall (X) and precision (Y) of class 1 from the
// lowest score up, ending with recall 0 and precision 1, whose threshold is +Inf.
func PrecisionRecall(want []int, score []float64) (Curve, error) {
	positives, _, err := checkScores(want, score)
	if err != nil {
		return Curve{}, err
	}
	if positives == 0 {
		return Curve{}, errors.New("metrics: no rows of class 1")
	}
	var c Curve
	hits := 0
	order := descending(score)
	for i, r := range order {
		hits += want[r]
		if i+1 < len(order) && score[order[i+1]] == score[r] {
			continue
		}
		c.X = append(c.X, float64(hits)/float64(positives))
		c.Y = append(c.Y, float64(hits)/float64(i+1))
		c.Threshold = append(c.Threshold, score[r])
	}
	slices.Reverse(c.X)
	slices.Reverse(c.Y)
	slices.Reverse(c.Threshold)
	c.X, c.Y, c.Threshold = append(c.X, 0), append(c.Y, 1), append(c.Threshold, math.Inf(1))
	return c, nil
}

// AveragePrecision is Σ (recall − recall before)·precision over falling thresholds.
func AveragePrecision(want []int, score []float64) (float64, error) {
	c, err := PrecisionRecall(want, score)
	if err != nil {
		return 0, err
	}
	positives := 0
	for _, w := range want {
		positives += w
	}
	hits := func(recall float64) float64 { return math.Round(recall * float64(positives)) }
	sum := 0.0 // over whole hits, so that rounding cannot carry it beyond them
	for i := 0; i+1 < len(c.X); i++ {
		sum += (hits(c.X[i]) - hits(c.X[i+1])) * c.Y[i]
	}
	return sum / float64(positives), nil
}
