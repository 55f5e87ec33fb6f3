package data

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/moments"
)

// Bounds beyond which a column is suspected of leaking the target, and the number of
// evenly spaced rows examined.
const (
	leakCorrelation = 0.999
	leakAccuracy    = 0.995
	leakRows        = 10000
	leakFewest      = 20 // fewer rows are inconclusive
)

// Suspects warns of columns of the table that nearly equal the target: those whose
// correlation with it exceeds 0.999, or whose accuracy in predicting it on their own exceeds
// 0.995. Up to 10,000 evenly spaced rows are examined; fewer than 20 are inconclusive. It
// returns nil for a set that is not a table with a single target.
func Suspects(s *Set) []Warning {
	v, columns, err := s.Table()
	if err != nil || len(s.Targets) == 0 || s.Len() < leakFewest {
		return nil
	}
	labels, _ := s.Labels()
	real, _ := s.Values()
	if len(labels) != s.Len() && len(real) != s.Len() {
		return nil
	}
	step := (s.Len() + leakRows - 1) / leakRows
	found := make([]string, len(s.Features))
	parallel(len(s.Features), func(k int) {
		var x, y []float64
		for i := 0; i < s.Len(); i += step {
			value := v[i*columns+k]
			if value != value {
				continue
			}
			x = append(x, value)
			if labels != nil {
				y = append(y, float64(labels[i]))
			} else {
				y = append(y, real[i])
			}
		}
		switch levels := s.Features[k].Levels != nil; {
		case len(x) < leakFewest:
		case labels != nil:
			found[k] = leakOfClass(x, y, len(s.Classes), levels)
		default:
			found[k] = leakOfValue(x, y, levels)
		}
	})
	var out []Warning
	for k, text := range found {
		if text != "" {
			out = append(out, Warning{Column: s.Features[k].Name, Text: text + "; is it known before the target is?"})
		}
	}
	return out
}

// leakOfClass reports how well a column on its own separates the classes: by the most
// frequent class of each value if there are few values, otherwise by thresholds, hardly
// more than there are classes.
func leakOfClass(x, y []float64, classes int, levels bool) string {
	count := map[float64]map[float64]int{}
	total := map[float64]int{}
	for i, v := range x {
		if count[v] == nil {
			count[v] = map[float64]int{}
		}
		count[v][y[i]]++
		total[y[i]]++
	}
	_, most := mostFrequent(total)
	if len(total) < 2 || float64(most) >= leakAccuracy*float64(len(x)) {
		return ""
	}
	right, pieces := bestClasses(count)
	accuracy := float64(right) / float64(len(x))
	few := len(count)*5 <= len(x)
	switch {
	case accuracy < leakAccuracy:
		return ""
	case few && len(count) == len(total) && right == len(x):
		return "it is the target under other names"
	case few && (levels || len(count) <= 4*classes):
		return fmt.Sprintf("it alone predicts the target almost perfectly (%s of the rows)", percent(accuracy))
	case !levels && pieces <= len(total)+1:
		return fmt.Sprintf("thresholds on it alone predict the target almost perfectly (%s of the rows)", percent(accuracy))
	}
	return ""
}

// bestClasses returns the number of rows whose class is the most frequent one for their
// value, and the number of runs of equal such classes when the values are sorted.
func bestClasses(count map[float64]map[float64]int) (right, pieces int) {
	values := make([]float64, 0, len(count))
	for v := range count {
		values = append(values, v)
	}
	slices.Sort(values)
	last := math.NaN()
	for _, v := range values {
		class, n := mostFrequent(count[v])
		right += n
		if class != last {
			pieces++
			last = class
		}
	}
	return right, pieces
}

// mostFrequent returns the class with the most rows, the smallest in a tie.
func mostFrequent(rows map[float64]int) (class float64, n int) {
	for c, k := range rows {
		if k > n || k == n && c < class {
			class, n = c, k
		}
	}
	return class, n
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// leakOfValue reports how well a column on its own predicts a number: by a straight line,
// or by the mean of each level.
func leakOfValue(x, y []float64, levels bool) string {
	if !levels {
		if r := correlation(x, y); math.Abs(r) > leakCorrelation {
			return fmt.Sprintf("its correlation with the target is %.5f", r)
		}
		return ""
	}
	sum, n := map[float64]float64{}, map[float64]float64{}
	for i, v := range x {
		sum[v] += y[i]
		n[v]++
	}
	if len(n)*5 > len(x) {
		return ""
	}
	_, std := moments.MeanStd(y)
	within := 0.0
	for i, v := range x {
		d := y[i] - sum[v]/n[v]
		within += d * d / float64(len(x))
	}
	if explained := 1 - within/(std*std); std > 0 && explained > leakCorrelation {
		return fmt.Sprintf("its levels alone explain %s of the target's variance", percent(explained))
	}
	return ""
}

// correlation returns Pearson's correlation, 0 if x or y is constant.
func correlation(x, y []float64) float64 {
	mx, sx := moments.MeanStd(x)
	my, sy := moments.MeanStd(y)
	if !(sx > 0) || !(sy > 0) || math.IsInf(sx, 0) || math.IsInf(sy, 0) {
		return 0
	}
	r := 0.0
	for i := range x {
		r += (x[i] - mx) / sx * ((y[i] - my) / sy)
	}
	return r / float64(len(x))
}

// large warns of numbers beyond the range of float32, in which models compute.
func (r *Report) large(p *planner, s *Set) {
	for _, f := range s.Features {
		low, high := f.Seen.Low, f.Seen.High
		if f.Levels != nil || low >= -math.MaxFloat32 && high <= math.MaxFloat32 {
			continue
		}
		v := high
		if -low > high {
			v = low
		}
		at := slices.Index(p.t.names, f.Name)
		r.Warnings = append(r.Warnings, Warning{Column: f.Name, Row: p.rowOf(at, v),
			Text: fmt.Sprintf("%s is beyond what float32 holds (3.4e38); if it marks a missing value say so (--missing %s)", numberText(v), numberText(v))})
	}
}

// rowOf returns the line of the file on which a column has a value, 0 if unknown.
func (p *planner) rowOf(j int, v float64) int {
	if j < 0 {
		return 0
	}
	if row := p.scans[j].extreme[boolIndex(v > 0)]; row >= 0 {
		return p.t.lineOf(row)
	}
	return 0
}

func boolIndex(b bool) int {
	if b {
		return 1
	}
	return 0
}

// CheckFloat32 returns an error, a *RowError, if a feature is beyond the range of float32
// (3.4028235e38): a model that computes in float32 would turn the value into infinity. The
// error names the first such row, from 0, its column and its value. Missing values pass.
// Targets are not checked, as they are scaled before they are rounded.
func (s *Set) CheckFloat32() error {
	if s == nil {
		return ErrEmpty
	}
	for k, t := range s.Inputs {
		if t == nil || t.Dims() == 0 {
			continue
		}
		d, ok := dense(t).Data().([]float64)
		if !ok {
			continue
		}
		width := max(1, len(d)/max(1, t.Shape()[0]))
		for i, v := range d {
			if math.Abs(v) <= math.MaxFloat32 || v != v {
				continue
			}
			name := fmt.Sprintf("input %d, value %d", k, i%width)
			if k == 0 && len(s.Features) == width {
				name = "column " + s.Features[i%width].Name
			}
			return &RowError{i / width, fmt.Errorf("data: %s: row %d, %s: %v is beyond what float32 holds (3.4e38)", s.Name, i/width, name, v)}
		}
	}
	for k := range s.Sequences {
		if err := s.Sequences[k].checkFloat32(s.Name); err != nil {
			return err
		}
	}
	return nil
}
