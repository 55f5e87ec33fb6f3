package stats

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// BootstrapKind chooses the interval of [Bootstrap].
type BootstrapKind int

const (
	BCa        BootstrapKind = iota // bias-corrected and accelerated
	Percentile                      // quantiles of the replicates
	Basic                           // 2·estimate minus these quantiles
)

// BootstrapOptions are the settings of [Bootstrap]. The zero value is a 95% BCa interval from
// 2000 resamples.
type BootstrapOptions struct {
	Kind       BootstrapKind // default: BCa
	Resamples  int           // 0: 2000; at most 1e6
	Seed       uint64        // same seed, same interval
	Confidence float64       // 0: 0.95
}

// Bootstrap is an interval for any statistic of n independent rows. statistic is given row
// numbers from 0 to n-1, first each once, then n drawn with replacement, again and again, and
// for BCa all but one, or all but one of 1000 random groups if n is larger; it must not keep
// or change the slice. For paired models it is the
// difference of both scores on the rows given.
//
//	BCa         quantiles of the replicates at Φ(z0 + (z0 + z)/(1 - a(z0 + z)))  (Efron 1987)
//	Percentile  quantiles of the replicates
//	Basic       2·estimate - quantiles of the replicates
//
// with z the normal quantiles of the confidence, z0 the normal quantile of the share of
// replicates below the estimate, half of ties counted, and a = Σd³/(6·(Σd²)^1.5) from the
// jackknife, d being the mean of its values less each value. Quantiles lie between order
// statistics, interpolated on the normal scale (Davison & Hinkley 1997, equation 5.8).
//
// There is no test: P is NaN. A statistic that is NaN, such as an AUC of rows of one class, is
// left out; the notes say how often. If all replicates are equal, Constant is set. It is an
// error if n is less than 2 or above 1e7, if statistic is nil, if it is not finite on all rows
// or on more than half of the resamples, or if an option is out of range.
func Bootstrap(n int, statistic func(rows []int) float64, o BootstrapOptions) (Test, error) {
	switch {
	case statistic == nil:
		return Test{}, errors.New("stats: bootstrap: the statistic is nil")
	case n < 2 || n > 1e7:
		return Test{}, fmt.Errorf("stats: bootstrap: want 2 rows or more, have %d", n)
	case o.Resamples < 0 || o.Resamples > 1e6:
		return Test{}, fmt.Errorf("stats: bootstrap: want up to 1e6 resamples, have %d", o.Resamples)
	}
	if _, err := level(o.Confidence); err != nil {
		return Test{}, err
	}
	if o.Resamples == 0 {
		o.Resamples = 2000
	}
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	estimate := statistic(rows)
	if math.IsNaN(estimate) || math.IsInf(estimate, 0) {
		return Test{}, fmt.Errorf("stats: bootstrap: the statistic of all rows is %v", estimate)
	}
	g := rand.New(rand.NewPCG(o.Seed, 0x626f6f7473747261))
	var jackknife []float64
	if o.Kind == BCa {
		jackknife = leaveOut(n, statistic, g)
	}
	replicates := make([]float64, o.Resamples)
	for r := range replicates {
		for i := range rows {
			rows[i] = g.IntN(n)
		}
		replicates[r] = statistic(rows)
	}
	t, err := BootstrapReplicates(estimate, replicates, jackknife, o)
	if err != nil {
		return Test{}, err
	}
	t.N, t.Counted = n, "rows"
	return t, nil
}

// BootstrapReplicates is [Bootstrap] from values that were computed elsewhere: the estimate, the
// replicates, and for BCa the jackknife values. Resamples and Seed of the options are not used.
// It is an error if there are fewer than 2 finite replicates, or for BCa jackknife values, or if
// more than half of either are not finite.
func BootstrapReplicates(estimate float64, replicates, jackknife []float64, o BootstrapOptions) (Test, error) {
	confidence, err := level(o.Confidence)
	if err != nil {
		return Test{}, err
	}
	if math.IsNaN(estimate) || math.IsInf(estimate, 0) {
		return Test{}, fmt.Errorf("stats: bootstrap: the estimate is %v", estimate)
	}
	name := map[BootstrapKind]string{BCa: "BCa", Percentile: "percentile", Basic: "basic"}[o.Kind]
	if name == "" {
		return Test{}, fmt.Errorf("stats: bootstrap: there is no kind %d", o.Kind)
	}
	t := blank("bootstrap, "+name, len(replicates), "resamples")
	t.Of, t.Estimate, t.Confidence = "statistic", estimate, confidence
	values, err := t.keepFinite("resamples", replicates)
	if err != nil {
		return Test{}, err
	}
	slices.Sort(values)
	_, t.StdErr = meanStd(values)
	t.Notes = append(t.Notes, fmt.Sprintf("%d resamples.", len(replicates)))
	if values[0] == values[len(values)-1] {
		t.Constant, t.Low, t.High = true, values[0], values[0]
		t.Notes = append(t.Notes, "All replicates are equal: the interval says nothing.")
		return t, nil
	}
	low, high := (1-confidence)/2, (1+confidence)/2
	switch o.Kind {
	case Percentile:
		t.Low, t.High = t.replicateQuantile(values, low), t.replicateQuantile(values, high)
	case Basic:
		t.Low, t.High = 2*estimate-t.replicateQuantile(values, high), 2*estimate-t.replicateQuantile(values, low)
	case BCa:
		left, err := t.keepFinite("jackknife values", jackknife)
		if err != nil {
			return Test{}, err
		}
		z0 := bias(values, estimate)
		if math.IsInf(z0, 0) {
			return Test{}, errors.New("stats: bootstrap: all replicates are on one side of the estimate: no BCa interval")
		}
		low, high = bcaLevels(z0, acceleration(left), confidence)
		t.Low, t.High = t.replicateQuantile(values, low), t.replicateQuantile(values, high)
	}
	return t, nil
}

// mostJackknife is the number of rows up to which each is left out on its own.
const mostJackknife = 1000

// leaveOut returns the jackknife values of the statistic. Of many rows, random groups are left
// out: cumulants of sums add up, so that the acceleration is that of single rows but for chance.
func leaveOut(n int, statistic func(rows []int) float64, g *rand.Rand) []float64 {
	groups := min(n, mostJackknife)
	group := make([]int, n)
	for i := range group {
		group[i] = i % groups
	}
	if groups < n {
		g.Shuffle(n, func(i, j int) { group[i], group[j] = group[j], group[i] })
	}
	values := make([]float64, groups)
	rows := make([]int, 0, n)
	for leave := range values {
		rows = rows[:0]
		for i, of := range group {
			if of != leave {
				rows = append(rows, i)
			}
		}
		values[leave] = statistic(rows)
	}
	return values
}

// keepFinite returns the finite values, and notes how many are left out.
func (t *Test) keepFinite(what string, x []float64) ([]float64, error) {
	var kept []float64
	for _, v := range x {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			kept = append(kept, v)
		}
	}
	if len(kept) < 2 || 2*len(kept) < len(x) {
		return nil, fmt.Errorf("stats: bootstrap: %d of %d %s are finite", len(kept), len(x), what)
	}
	if out := len(x) - len(kept); out > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("The statistic is undefined for %d of %d %s, which are left out.", out, len(x), what))
	}
	return kept, nil
}

// bias returns z0 of sorted replicates.
func bias(values []float64, estimate float64) float64 {
	below, tied := 0, 0
	for _, v := range values {
		if v < estimate {
			below++
		} else if v == estimate {
			tied++
		}
	}
	return normalQuantile((float64(below) + float64(tied)/2) / float64(len(values)))
}

// acceleration returns a of jackknife values, 0 if they are all equal.
func acceleration(jackknife []float64) float64 {
	m, _ := meanStd(jackknife)
	scale := 0.0
	for _, v := range jackknife {
		scale = max(scale, math.Abs(m-v))
	}
	if scale <= rounding*math.Abs(m) {
		return 0
	}
	squares, cubes := 0.0, 0.0
	for _, v := range jackknife {
		d := (m - v) / scale
		squares += d * d
		cubes += d * d * d
	}
	return cubes / (6 * math.Pow(squares, 1.5))
}

// bcaLevels returns the shares of the replicates below the bounds of a BCa interval.
func bcaLevels(z0, a, confidence float64) (low, high float64) {
	at := func(z float64) float64 { return normalTail(-(z0 + (z0+z)/(1-a*(z0+z)))) }
	z := normalQuantile((1 - confidence) / 2)
	return at(z), at(-z)
}

// replicateQuantile returns the quantile at p of sorted replicates.
func (t *Test) replicateQuantile(values []float64, p float64) float64 {
	n := len(values)
	at := p * float64(n+1)
	// A rounding error must not turn an order statistic into an interpolation.
	if r := math.Round(at); math.Abs(at-r) < 1e-9*float64(n) {
		at = r
	}
	k := int(at)
	if k < 1 || k > n-1 && at > float64(n) {
		const note = "The interval reaches the extreme replicate: take more resamples."
		if !slices.Contains(t.Notes, note) {
			t.Notes = append(t.Notes, note)
		}
		if k < 1 {
			return values[0]
		}
		return values[n-1]
	}
	if at == float64(k) || k == n {
		return values[k-1]
	}
	z1, z2 := normalQuantile(float64(k)/float64(n+1)), normalQuantile(float64(k+1)/float64(n+1))
	return values[k-1] + (normalQuantile(p)-z1)/(z2-z1)*(values[k]-values[k-1])
}
