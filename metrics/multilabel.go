package metrics

import "fmt"

// checkLabelTable checks tables of 0 and 1, (rows, labels) row by row.
func checkLabelTable(want, got []int, labels int) error {
	if len(want) == 0 {
		return ErrEmpty
	}
	if labels < 1 || len(want)%labels != 0 || len(want) != len(got) {
		return fmt.Errorf("metrics: %d predictions for %d values of %d labels", len(got), len(want), labels)
	}
	for i := range want {
		if want[i]|got[i] != want[i]&1|got[i]&1 {
			return fmt.Errorf("metrics: row %d, label %d: %d predicted as %d: want 0 or 1", i/labels, i%labels, want[i], got[i])
		}
	}
	return nil
}

// labelCounts returns how often each label is right where it is there, is there, and is
// predicted.
func labelCounts(want, got []int, labels int) Counts {
	c := Counts{hit: make([]float64, labels), want: make([]float64, labels), got: make([]float64, labels), rows: float64(len(want) / labels)}
	for i := range want {
		c.hit[i%labels] += float64(want[i] & got[i])
		c.want[i%labels] += float64(want[i])
		c.got[i%labels] += float64(got[i])
	}
	return c
}

// MicroF1 is F1 of labels that are there or not, 2·hit/(want + got), of the counts of all
// labels together; 0 where there are none.
//
// Shapes: want and got (rows, labels) row by row, of 0 and 1, as for the scores below.
func MicroF1(want, got []int, labels int) (float64, error) {
	if err := checkLabelTable(want, got, labels); err != nil {
		return 0, err
	}
	c := labelCounts(want, got, labels)
	hit, all := 0.0, 0.0
	for k := range labels {
		hit += c.hit[k]
		all += c.want[k] + c.got[k]
	}
	return ratio(2*hit, all), nil
}

// MacroF1 is the mean over the labels of their F1, which is 0 for a label that is neither
// there nor predicted.
func MacroF1(want, got []int, labels int) (float64, error) {
	f, err := LabelF1(want, got, labels)
	if err != nil {
		return 0, err
	}
	return mean(labels, func(k int) float64 { return f[k] }), nil
}

// LabelF1 returns F1 of each label; 0 for one that is neither there nor predicted.
func LabelF1(want, got []int, labels int) ([]float64, error) {
	if err := checkLabelTable(want, got, labels); err != nil {
		return nil, err
	}
	c := labelCounts(want, got, labels)
	out := make([]float64, labels)
	for k := range out {
		out[k] = ratio(2*c.hit[k], c.want[k]+c.got[k])
	}
	return out, nil
}

// HammingLoss is the share of the labels that are wrong.
func HammingLoss(want, got []int, labels int) (float64, error) {
	if err := checkLabelTable(want, got, labels); err != nil {
		return 0, err
	}
	return mean(len(want), func(i int) float64 { return float64(want[i] ^ got[i]) }), nil
}

// SubsetAccuracy is the share of the rows all of whose labels are right.
func SubsetAccuracy(want, got []int, labels int) (float64, error) {
	if err := checkLabelTable(want, got, labels); err != nil {
		return 0, err
	}
	return mean(len(want)/labels, func(i int) float64 {
		for k := i * labels; k < (i+1)*labels; k++ {
			if want[k] != got[k] {
				return 0
			}
		}
		return 1
	}), nil
}
