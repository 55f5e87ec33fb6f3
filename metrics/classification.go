// Package metrics scores predictions. Its functions take plain slices, follow
// scikit-learn's definitions, and return an error where a score is not defined.
package metrics

import (
	"errors"
	"fmt"
	"math"
)

// ErrEmpty is the error about no rows.
var ErrEmpty = errors.New("metrics: no rows")

// Average says how a score of several classes becomes one number.
type Average uint8

// The averages of Precision, Recall and F1.
const (
	Binary   Average = iota // of class 1 alone
	Macro                   // the plain mean over the classes that occur in truth or prediction
	Micro                   // of the counts of all classes together
	Weighted                // the mean weighed by the rows of each true class
)

func checkLabels(want, got []int) error {
	if len(want) == 0 {
		return ErrEmpty
	}
	if len(want) != len(got) {
		return fmt.Errorf("metrics: %d predictions for %d rows", len(got), len(want))
	}
	for i := range want {
		if want[i] < 0 || got[i] < 0 {
			return fmt.Errorf("metrics: row %d: class %d predicted as %d: classes are not negative", i, want[i], got[i])
		}
		if want[i] >= mostClasses || got[i] >= mostClasses {
			return fmt.Errorf("metrics: row %d: class %d predicted as %d: want classes below %d", i, want[i], got[i], mostClasses)
		}
	}
	return nil
}

// Classes are counted in slices that are as long as the greatest class.
const (
	mostClasses  = 1 << 20
	mostConfused = 1 << 14 // in a matrix
)

// Accuracy is the share of rows whose class is right.
func Accuracy(want, got []int) (float64, error) {
	if err := checkLabels(want, got); err != nil {
		return 0, err
	}
	hits := 0
	for i := range want {
		if want[i] == got[i] {
			hits++
		}
	}
	return float64(hits) / float64(len(want)), nil
}

// Counts is how many rows are of each class, were predicted to be of it, and both: all that the
// scores of classes need of rows that come some at a time. The zero value has no rows.
type Counts struct {
	hit, want, got []float64
	rows           float64
}

// Add counts more rows.
func (c *Counts) Add(want, got []int) error {
	if c == nil {
		return errors.New("metrics: the counts are nil")
	}
	if err := checkLabels(want, got); err != nil {
		return err
	}
	n := len(c.hit)
	for i := range want {
		n = max(n, want[i]+1, got[i]+1)
	}
	more := make([]float64, n-len(c.hit))
	c.hit, c.want, c.got = append(c.hit, more...), append(c.want, more...), append(c.got, more...)
	for i := range want {
		c.want[want[i]]++
		c.got[got[i]]++
		if want[i] == got[i] {
			c.hit[want[i]]++
		}
	}
	c.rows += float64(len(want))
	return nil
}

// counted returns the counts of rows.
func counted(want, got []int) (*Counts, error) {
	c := &Counts{}
	return c, c.Add(want, got)
}

func (c *Counts) empty() bool { return c == nil || c.rows == 0 }

// Accuracy is that of all rows that were added.
func (c *Counts) Accuracy() (float64, error) {
	if c.empty() {
		return 0, ErrEmpty
	}
	hits := 0.0
	for _, h := range c.hit {
		hits += h
	}
	return hits / c.rows, nil
}

// BalancedAccuracy is that of all rows that were added.
func (c *Counts) BalancedAccuracy() (float64, error) {
	if c.empty() {
		return 0, ErrEmpty
	}
	sum, present := 0.0, 0.0
	for k, n := range c.want {
		if n > 0 {
			sum += c.hit[k] / n
			present++
		}
	}
	return sum / present, nil
}

// F1 is that of all rows that were added.
func (c *Counts) F1(a Average) (float64, error) {
	return c.averaged(a, func(hit, want, got float64) float64 { return ratio(2*hit, want+got) })
}

// MCC is that of all rows that were added.
func (c *Counts) MCC() (float64, error) {
	if c.empty() {
		return 0, ErrEmpty
	}
	n := c.rows
	hit, cross, w2, g2 := 0.0, 0.0, 0.0, 0.0
	for k := range c.hit {
		hit += c.hit[k]
		cross += c.want[k] * c.got[k]
		w2 += c.want[k] * c.want[k]
		g2 += c.got[k] * c.got[k]
	}
	return ratio(hit*n-cross, math.Sqrt(n*n-w2)*math.Sqrt(n*n-g2)), nil
}

// BalancedAccuracy is the mean recall of the classes that occur in want.
func BalancedAccuracy(want, got []int) (float64, error) {
	c, err := counted(want, got)
	if err != nil {
		return 0, err
	}
	return c.BalancedAccuracy()
}

// Precision is the share of rows predicted as a class that are of it; 0 where
// none was.
func Precision(want, got []int, a Average) (float64, error) {
	return averaged(want, got, a, func(hit, _, got float64) float64 { return ratio(hit, got) })
}

// Recall is the share of a class's rows that were found; 0 where it has none.
func Recall(want, got []int, a Average) (float64, error) {
	return averaged(want, got, a, func(hit, want, _ float64) float64 { return ratio(hit, want) })
}

// F1 is the harmonic mean of precision and recall, 2·hit/(want + got); 0 where
// both are 0.
func F1(want, got []int, a Average) (float64, error) {
	c, err := counted(want, got)
	if err != nil {
		return 0, err
	}
	return c.F1(a)
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func averaged(want, got []int, a Average, score func(hit, want, got float64) float64) (float64, error) {
	c, err := counted(want, got)
	if err != nil {
		return 0, err
	}
	return c.averaged(a, score)
}

func (c *Counts) averaged(a Average, score func(hit, want, got float64) float64) (float64, error) {
	if c.empty() {
		return 0, ErrEmpty
	}
	switch a {
	case Binary:
		if len(c.hit) > 2 {
			return 0, fmt.Errorf("metrics: a binary score of %d classes", len(c.hit))
		}
		if len(c.hit) < 2 {
			return 0, nil
		}
		return score(c.hit[1], c.want[1], c.got[1]), nil
	case Micro:
		hit := 0.0
		for _, h := range c.hit {
			hit += h
		}
		return score(hit, c.rows, c.rows), nil
	case Macro, Weighted:
		sum, weight := 0.0, 0.0
		for k := range c.hit {
			w := c.want[k]
			if a == Macro {
				w = 1
				if c.want[k]+c.got[k] == 0 {
					w = 0
				}
			}
			sum += w * score(c.hit[k], c.want[k], c.got[k])
			weight += w
		}
		return sum / weight, nil
	}
	return 0, fmt.Errorf("metrics: there is no average %d", a)
}

// MCC is Matthews' correlation coefficient, for any number of classes (Gorodkin
// 2004); 0 where truth or prediction has one class only.
func MCC(want, got []int) (float64, error) {
	c, err := counted(want, got)
	if err != nil {
		return 0, err
	}
	return c.MCC()
}

// CohenKappa is agreement beyond chance, (p₀ − pₑ)/(1 − pₑ). Cohen (1960). Where
// chance alone would agree everywhere it is not defined.
func CohenKappa(want, got []int) (float64, error) {
	c, err := counted(want, got)
	if err != nil {
		return 0, err
	}
	n := c.rows
	hit, cross := 0.0, 0.0
	for k := range c.hit {
		hit += c.hit[k]
		cross += c.want[k] * c.got[k]
	}
	observed, chance := hit/n, cross/(n*n)
	if chance == 1 {
		return 0, errors.New("metrics: kappa is not defined where truth and prediction have one and the same class")
	}
	return (observed - chance) / (1 - chance), nil
}

// Confusion counts rows of one true class (first index) that were predicted as
// another (second index), for the given number of classes.
func Confusion(want, got []int, classes int) ([][]int, error) {
	if err := checkLabels(want, got); err != nil {
		return nil, err
	}
	if classes < 1 || classes > mostConfused {
		return nil, fmt.Errorf("metrics: confusion of %d classes: want 1 to %d", classes, mostConfused)
	}
	m := make([][]int, classes)
	for i := range m {
		m[i] = make([]int, classes)
	}
	for i := range want {
		if want[i] >= classes || got[i] >= classes {
			return nil, fmt.Errorf("metrics: row %d: class %d predicted as %d of %d classes", i, want[i], got[i], classes)
		}
		m[want[i]][got[i]]++
	}
	return m, nil
}
