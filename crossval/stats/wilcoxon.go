package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Zeros says what [Wilcoxon] does with differences of 0.
type Zeros int

const (
	DropZeros  Zeros = iota // leave them out: Wilcoxon (1945)
	PrattZeros              // rank them, then leave their ranks out: Pratt (1959)
)

// Distribution says where the p-value of a test comes from.
type Distribution int

const (
	Automatic         Distribution = iota // exact where that is fast
	Exact                                 // the permutation distribution of the data at hand
	Normal                                // the normal approximation, corrected for continuity
	NormalUncorrected                     // the normal approximation
)

// mostExact is the number of differences up to which Automatic is exact: 20 ms on a core.
const mostExact = 300

// mostForcedExact is the number up to which Exact is possible: probabilities of 2^-n underflow
// beyond it.
const mostForcedExact = 1000

// WilcoxonOptions are the settings of [Wilcoxon]. The zero value drops zeros, is exact up to
// 300 differences, and has an interval of 95%.
type WilcoxonOptions struct {
	Zeros        Zeros        // default: dropped
	Distribution Distribution // default: exact up to 300 differences, then normal
	Confidence   float64      // 0: 0.95
}

// Wilcoxon is the signed rank test of differences, for example of two models' scores on several
// data sets: Wilcoxon, "Individual comparisons by ranking methods" (Biometrics Bulletin 1, 1945).
// The absolute differences are ranked, with mean ranks for ties, and
//
//	V = Σ of the ranks of positive differences
//
// is compared with its distribution over all 2^n choices of signs. That distribution is
// computed for the ranks at hand, so that it is exact with ties and with zeros, too. Beyond 300
// differences, ranked zeros among them, P comes from the normal approximation with the variance Σ rank²/4, corrected for
// continuity.
//
// The effect size is the rank-biserial correlation, (V⁺-V⁻)/(V⁺+V⁻) (Kerby 2014). The estimate
// is the median of all means of two differences (Hodges & Lehmann 1963), zeros included; its
// interval runs between order statistics of these means, with the distribution that V has
// without ties, which is conservative with ties. Few differences cannot attain a high
// confidence: then the interval runs over all means, and Confidence is what that attains.
//
// If all differences are 0, Constant is set and P is 1. It is an error if there are none, if
// one is not finite, if an option is out of range, or if Exact is asked for more than 1000.
func Wilcoxon(d []float64, o WilcoxonOptions) (Test, error) {
	confidence, err := level(o.Confidence)
	switch {
	case err != nil:
		return Test{}, err
	case len(d) == 0:
		return Test{}, fmt.Errorf("stats: a signed rank test needs differences, have none")
	case o.Zeros != DropZeros && o.Zeros != PrattZeros:
		return Test{}, fmt.Errorf("stats: there is no treatment %d of zeros", o.Zeros)
	case o.Distribution < Automatic || o.Distribution > NormalUncorrected:
		return Test{}, fmt.Errorf("stats: there is no distribution %d", o.Distribution)
	}
	if err := finite("difference", d); err != nil {
		return Test{}, err
	}
	t := blank("Wilcoxon signed rank test", len(d), "differences")
	t.Symbol, t.Effect, t.Of = "V", "rank-biserial correlation", "pseudomedian (Hodges-Lehmann)"
	t.hodgesLehmann(d, confidence)

	ranks, positive, ties := signedRanks(d, o.Zeros)
	zeros := len(d) - len(ranks)
	v, total := 0.0, 0.0 // of doubled ranks
	for i, r := range ranks {
		total += float64(r)
		if positive[i] {
			v += float64(r)
		}
	}
	// The distribution has as many values as the sum of the ranks, which with Pratt's zeros may be
	// any number of times that of the differences.
	within := func(n int) bool { return len(ranks) <= n && total <= float64(n)*float64(n+1) }
	exact := o.Distribution == Exact || o.Distribution == Automatic && within(mostExact)
	if exact && !within(mostForcedExact) {
		return Test{}, fmt.Errorf("stats: an exact signed rank test takes up to %d differences, zeros that are ranked among them; have %d, %d of them 0", mostForcedExact, len(d), zeros)
	}
	t.Statistic = v / 2
	if len(ranks) == 0 {
		t.Constant, t.P, t.Size = true, 1, 0
		t.Notes = append(t.Notes, "All differences are 0.")
		return t, nil
	}
	t.Size = (2*v - total) / total
	if exact {
		t.Method += ", exact"
		t.P = signsP(ranks, int(v))
	} else {
		correction := 0.0
		t.Method += ", normal approximation"
		if o.Distribution != NormalUncorrected {
			correction = 0.5
			t.Method += " with continuity correction"
		}
		t.P = twoSided(signsZ(ranks, v, correction))
	}
	t.notesOnRanks(zeros, ties, o.Zeros, exact)
	return t, nil
}

func (t *Test) notesOnRanks(zeros int, ties bool, treatment Zeros, exact bool) {
	if zeros > 0 {
		what := "left out before ranking (Wilcoxon)"
		if treatment == PrattZeros {
			what = "ranked, and their ranks left out (Pratt)"
		}
		t.Notes = append(t.Notes, fmt.Sprintf("%d of the differences are 0: %s.", zeros, what))
	}
	switch {
	case exact && (ties || zeros > 0):
		t.Notes = append(t.Notes, "The p-value is exact for these ties and zeros; the interval is conservative.")
	case !exact:
		t.Notes = append(t.Notes, fmt.Sprintf("Up to %d differences the exact distribution is the default.", mostExact))
	}
}

// signedRanks returns the doubled mean ranks of the absolute values of all differences that are
// not 0, which of them are positive, and whether any are tied.
func signedRanks(d []float64, zeros Zeros) (ranks []int, positive []bool, ties bool) {
	order := make([]int, 0, len(d))
	for i, v := range d {
		if v != 0 || zeros == PrattZeros {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(d[a]), math.Abs(d[b])) })
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && math.Abs(d[order[j]]) == math.Abs(d[order[i]]) {
			j++
		}
		if d[order[i]] != 0 {
			ties = ties || j-i > 1
			for _, k := range order[i:j] {
				ranks = append(ranks, i+j+1)
				positive = append(positive, d[k] > 0)
			}
		}
		i = j
	}
	return ranks, positive, ties
}

// signsDistribution returns the probability of every sum of a random subset of the ranks,
// which are in ascending order.
func signsDistribution(ranks []int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	p := make([]float64, total+1)
	p[0] = 1
	top := 0
	for _, r := range ranks {
		top += r
		for s := top; s >= r; s-- {
			p[s] = 0.5*p[s] + 0.5*p[s-r]
		}
		for s := r - 1; s >= 0; s-- {
			p[s] *= 0.5
		}
	}
	return p
}

// signsP returns the two-sided p-value of a sum v of doubled ranks.
func signsP(ranks []int, v int) float64 {
	p := signsDistribution(ranks)
	sum := 0.0
	for s := range min(v, len(p)-1-v) + 1 {
		sum += p[s]
	}
	return min(1, 2*sum)
}

// signsZ returns the standardised sum v of doubled ranks, drawn towards 0 by correction ranks.
func signsZ(ranks []int, v, correction float64) float64 {
	mean, variance := 0.0, 0.0
	for _, r := range ranks {
		mean += float64(r) / 4
		variance += float64(r) * float64(r) / 16
	}
	z := v/2 - mean
	return math.Copysign(max(0, math.Abs(z)-correction), z) / math.Sqrt(variance)
}

// hodgesLehmann estimates the pseudomedian with its interval.
func (t *Test) hodgesLehmann(d []float64, confidence float64) {
	x := slices.Clone(d)
	slices.Sort(x)
	n := len(x)
	means := n * (n + 1) / 2
	t.Estimate = walsh(x, (means+1)/2)
	if means%2 == 0 {
		t.Estimate = t.Estimate/2 + walsh(x, means/2+1)/2
	}
	t.Confidence = confidence
	k := 0 // the interval leaves k-1 means out on either side
	alpha := (1 - confidence) / 2
	if n <= mostExact {
		ranks := make([]int, n)
		for i := range ranks {
			ranks[i] = i + 1
		}
		p := signsDistribution(ranks)
		// The largest k with P(V < k+1) = P(V <= k) <= alpha, and one more mean inside.
		sum := 0.0
		for ; k < len(p) && sum+p[k] <= alpha; k++ {
			sum += p[k]
		}
		if k == 0 {
			t.Confidence = 1 - 2*p[0]
			t.Notes = append(t.Notes, fmt.Sprintf("%d differences allow a confidence of %.4g%% at most.", n, 100*t.Confidence))
			k = 1
		}
	} else {
		f := float64(n)
		k = int(math.Floor(f*(f+1)/4 + normalQuantile(alpha)*math.Sqrt(f*(f+1)*(2*f+1)/24)))
		k = min(max(k, 1), means/2)
	}
	t.Low, t.High = walsh(x, k), walsh(x, means+1-k)
}

// walsh returns the k-th smallest, from 1, of the means (x[i]+x[j])/2 with i <= j of sorted x,
// by bisection over the ordered floating-point numbers.
func walsh(x []float64, k int) float64 {
	low, high := ordered(x[0]), ordered(x[len(x)-1])
	for low < high {
		mid := low + (high-low)/2
		if walshBelow(x, unordered(mid)) >= k {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return unordered(low) + 0 // not -0
}

// walshBelow returns how many means are not above v.
func walshBelow(x []float64, v float64) int {
	count, j := 0, len(x)-1
	for i := range x {
		for j >= i && x[i]/2+x[j]/2 > v {
			j--
		}
		if j < i {
			break
		}
		count += j - i + 1
	}
	return count
}

// ordered maps floating-point numbers to integers in the same order.
func ordered(v float64) uint64 {
	b := math.Float64bits(v)
	if b>>63 == 1 {
		return ^b
	}
	return b | 1<<63
}

func unordered(b uint64) float64 {
	if b>>63 == 1 {
		return math.Float64frombits(b &^ (1 << 63))
	}
	return math.Float64frombits(^b)
}
