package models

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/check"
)

// Calibration adjusts a classifier's probabilities to match how often it is right. The zero
// value leaves them unchanged.
//
// Temperature T makes p proportional to p^(1/T), which is softmax(z/T) of logits z: Guo et
// al. (2017), arXiv:1706.04599, section 4.2. Steps map the probability of each class by a
// non-decreasing function, and the results are divided by their sum: Zadrozny & Elkan
// (2002), KDD, section 3.
type Calibration struct {
	Temperature float64    `json:"temperature,omitempty"` // 0: 1
	Steps       []Isotonic `json:"steps,omitempty"`       // one per class; nil: none
}

// Isotonic is a non-decreasing, piecewise linear function through the points (X, Y).
type Isotonic struct {
	X []float64 `json:"x"` // ascending
	Y []float64 `json:"y"`
}

// at returns the value at x; outside the points, that of the nearest one.
func (f Isotonic) at(x float64) float64 {
	n := len(f.X)
	i, _ := slices.BinarySearch(f.X, x)
	switch {
	case i == 0:
		return f.Y[0]
	case i == n:
		return f.Y[n-1]
	}
	share := (x - f.X[i-1]) / (f.X[i] - f.X[i-1])
	return f.Y[i-1] + share*(f.Y[i]-f.Y[i-1])
}

func (c *Calibration) check(classes int) error {
	if c == nil {
		return nil
	}
	if t := c.Temperature; t != 0 && !(t > 0 && t < math.Inf(1)) {
		return fmt.Errorf("temperature %v: want a positive number", t)
	}
	if c.Steps != nil && len(c.Steps) != classes {
		return fmt.Errorf("%d isotonic functions for %d classes", len(c.Steps), classes)
	}
	for _, f := range c.Steps {
		if len(f.X) == 0 || len(f.X) != len(f.Y) {
			return fmt.Errorf("an isotonic function of %d and %d points", len(f.X), len(f.Y))
		}
		for i := range f.X {
			if !(f.Y[i] >= 0 && f.Y[i] <= 1) || i > 0 && (!(f.X[i] > f.X[i-1]) || f.Y[i] < f.Y[i-1]) {
				return errors.New("an isotonic function that falls or leaves [0, 1]")
			}
		}
	}
	return nil
}

// apply calibrates the probabilities of one row in place.
func (c *Calibration) apply(p []float64) {
	if c == nil {
		return
	}
	sum := 0.0
	if t := c.Temperature; t > 0 && t != 1 {
		peak := slices.Max(p)
		for k, v := range p {
			p[k] = math.Pow(v/peak, 1/t)
			sum += p[k]
		}
		for k := range p {
			p[k] /= sum
		}
	}
	if c.Steps == nil {
		return
	}
	sum = 0
	for k, v := range p {
		p[k] = c.Steps[k].at(v)
		sum += p[k]
	}
	for k := range p {
		if sum > 0 {
			p[k] /= sum
		} else {
			p[k] = 1 / float64(len(p))
		}
	}
}

func checkProba(proba []float64, labels []int, classes int) error {
	if classes < 2 || len(labels) == 0 || len(proba) != len(labels)*classes {
		return fmt.Errorf("models: calibration: %d probabilities for %d rows and %d classes", len(proba), len(labels), classes)
	}
	if err := check.Classes(labels, classes); err != nil {
		return fmt.Errorf("models: calibration: %w", err)
	}
	for i, p := range proba {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("models: calibration: row %d: probability %v", i/classes, p)
		}
	}
	return nil
}

// FitTemperature returns the calibration with the temperature, between 1/20 and 20, that
// minimises the log loss of probabilities of shape (rows, classes). As in Platt (1999), the
// target probability of a row's class is not 1 but (rows + 1)/(rows + classes), and the
// other classes share the rest, so that a few rows that are all predicted correctly do not
// lead to unbounded confidence.
func FitTemperature(proba []float64, labels []int, classes int) (*Calibration, error) {
	if err := checkProba(proba, labels, classes); err != nil {
		return nil, err
	}
	logs := make([]float64, len(proba))
	for i, p := range proba {
		logs[i] = math.Log(max(p, 1e-30))
	}
	rest := 1 / float64(len(labels)+classes) // for each other class
	own := 1 - rest*float64(classes-1)
	loss := func(inverse float64) float64 {
		total := 0.0
		for i, l := range labels {
			row := logs[i*classes : (i+1)*classes]
			peak, sum, mean := slices.Max(row), 0.0, 0.0
			for k, v := range row {
				sum += math.Exp((v - peak) * inverse)
				if k == l {
					mean += own * (v - peak)
				} else {
					mean += rest * (v - peak)
				}
			}
			total += math.Log(sum) - mean*inverse
		}
		return total
	}
	// The loss is convex in 1/T, so a golden-section search finds its minimum.
	low, high := 0.05, 20.0
	ratio := (math.Sqrt(5) - 1) / 2
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	fa, fb := loss(a), loss(b)
	for high-low > 1e-6 {
		if fa < fb {
			high, b, fb = b, a, fa
			a = high - ratio*(high-low)
			fa = loss(a)
		} else {
			low, a, fa = a, b, fb
			b = low + ratio*(high-low)
			fb = loss(b)
		}
	}
	return &Calibration{Temperature: 2 / (low + high)}, nil
}

// FitIsotonic returns the calibration by isotonic regression of each class against the rest
// (pool adjacent violators; Ayer et al. 1955). proba has shape (rows, classes).
func FitIsotonic(proba []float64, labels []int, classes int) (*Calibration, error) {
	if err := checkProba(proba, labels, classes); err != nil {
		return nil, err
	}
	c := &Calibration{}
	n := len(labels)
	order := make([]int, n)
	for k := range classes {
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch pa, pb := proba[a*classes+k], proba[b*classes+k]; {
			case pa < pb:
				return -1
			case pa > pb:
				return 1
			}
			return 0
		})
		c.Steps = append(c.Steps, isotonic(n, func(i int) (x, y float64) {
			row := order[i]
			if labels[row] == k {
				y = 1
			}
			return proba[row*classes+k], y
		}))
	}
	return c, nil
}

// isotonic fits n points, given in ascending order of x.
func isotonic(n int, at func(i int) (x, y float64)) Isotonic {
	type block struct{ low, high, sum, weight float64 }
	var points []block // points with equal x share one y
	for i := range n {
		x, y := at(i)
		if last := len(points) - 1; last >= 0 && points[last].high == x {
			points[last].sum += y
			points[last].weight++
		} else {
			points = append(points, block{x, x, y, 1})
		}
	}
	var blocks []block
	for _, p := range points {
		blocks = append(blocks, p)
		for k := len(blocks) - 1; k > 0 && blocks[k-1].sum*blocks[k].weight >= blocks[k].sum*blocks[k-1].weight; k-- {
			blocks[k-1].high = blocks[k].high
			blocks[k-1].sum += blocks[k].sum
			blocks[k-1].weight += blocks[k].weight
			blocks = blocks[:k]
		}
	}
	var f Isotonic
	for _, b := range blocks {
		y := b.sum / b.weight
		f.X, f.Y = append(f.X, b.low), append(f.Y, y)
		if b.high > b.low {
			f.X, f.Y = append(f.X, b.high), append(f.Y, y)
		}
	}
	return f
}

// checkCosts requires a square matrix of finite costs.
func checkCosts(costs [][]float64, classes int) error {
	if costs == nil {
		return nil
	}
	if len(costs) != classes {
		return fmt.Errorf("costs of %d classes, want %d", len(costs), classes)
	}
	for i, row := range costs {
		if len(row) != classes {
			return fmt.Errorf("%d costs of class %d, want %d", len(row), i, classes)
		}
		for j, v := range row {
			if !(v >= 0) || math.IsInf(v, 0) {
				return fmt.Errorf("the cost of taking class %d for %d is %v", i, j, v)
			}
		}
	}
	return nil
}

// Decide returns the class of each row of probabilities (rows, classes): the most probable
// one or, with costs, the one of least expected cost, where costs[i][j] is the cost of
// predicting class j when the true class is i. Ties go to the first class.
func Decide(proba []float64, classes int, costs [][]float64) []int {
	if classes < 1 || costs != nil && checkCosts(costs, classes) != nil {
		return nil
	}
	labels := make([]int, len(proba)/classes)
	for i := range labels {
		labels[i] = cheapest(proba[i*classes:(i+1)*classes], costs)
	}
	return labels
}

// cheapest returns the class of least expected cost or, without costs, the most probable
// one; ties go to the first.
func cheapest(p []float64, costs [][]float64) int {
	best, least := 0, math.Inf(1)
	for j := range p {
		cost := -p[j]
		if costs != nil {
			cost = 0
			for i, v := range p {
				cost += v * costs[i][j]
			}
		}
		if cost < least {
			best, least = j, cost
		}
	}
	return best
}
