package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Belief is what a Bayesian test says of a difference, first minus second: the probabilities
// that it is below, within and above a region of practical equivalence.
type Belief struct {
	Method   string
	N        int          // number of folds or data sets
	Region   float64      // differences from -Region to Region do not matter in practice
	Less     float64      // probability that the second is better in practice
	Same     float64      // probability that both are practically equivalent
	Greater  float64      // probability that the first is better in practice
	Constant bool         // all differences are equal: the posterior is a point, which proves nothing
	Mean     StudentT     // posterior of the mean difference, of BayesCorrelatedT alone
	Samples  [][3]float64 // weights of less, same and greater in every draw, of BayesSignedRank alone
	Notes    []string     // limits
}

// String returns the belief on one line:
//
//	Bayesian correlated t-test: P(less) = 0.001, P(within ±0.01) = 0.253, P(greater) = 0.746
func (b Belief) String() string {
	s := fmt.Sprintf("%s: P(less) = %.3f, P(within ±%.4g) = %.3f, P(greater) = %.3f", b.Method, b.Less, b.Region, b.Same, b.Greater)
	if b.Constant {
		s += "; no variance, which proves nothing"
	}
	return s
}

// BayesCorrelatedT is the Bayesian correlated t-test of Corani & Benavoli, "A Bayesian approach
// for comparing cross-validated algorithms on multiple data sets" (Machine Learning 100, 2015).
// x holds the differences of two models' scores fold by fold, and testOverTrain is the number of
// test rows of a fold divided by that of its training rows, ρ/(1-ρ) in terms of the correlation
// ρ of folds. The posterior of the mean difference is a t distribution with
//
//	location mean(x),  scale sqrt((1/n + ρ/(1-ρ)) · var(x)),  n-1 degrees of freedom
//
// It is that of [CorrectedTTest] read the other way round. region, which may be 0, is the
// difference that does not matter in practice, such as 0.01 of accuracy.
//
// If all x are equal, Constant is set and the posterior is that point. Errors are those of
// CorrectedTTest, and a region that is negative or not finite.
func BayesCorrelatedT(x []float64, testOverTrain, region float64) (Belief, error) {
	if err := folds(x, testOverTrain); err != nil {
		return Belief{}, err
	}
	if err := regionOf(region); err != nil {
		return Belief{}, err
	}
	m, std := meanStd(x)
	b := Belief{Method: "Bayesian correlated t-test", N: len(x), Region: region}
	b.Mean = StudentT{DF: float64(len(x) - 1), Location: m, Scale: std * math.Sqrt(1/float64(len(x))+testOverTrain)}
	if std <= rounding*largest(x) {
		b.Constant, b.Mean.Scale = true, math.SmallestNonzeroFloat64 // a point, as 0 is 1
		switch {
		case m < -region:
			b.Less = 1
		case m > region:
			b.Greater = 1
		default:
			b.Same = 1
		}
		b.Notes = append(b.Notes, "All differences are equal: the posterior is a point.")
		return b, nil
	}
	b.Less = b.Mean.CDF(-region)
	b.Greater = b.Mean.Survival(region)
	b.Same = max(0, 1-b.Less-b.Greater)
	return b, nil
}

func regionOf(region float64) error {
	if !(region >= 0) || math.IsInf(region, 0) {
		return fmt.Errorf("stats: want a region of 0 or more, have %v", region)
	}
	return nil
}

// SignedRankOptions are the settings of [BayesSignedRank].
type SignedRankOptions struct {
	Strength float64 // of the prior; 0: 0.5
	Draws    int     // of the posterior; 0: 50000; at most 1e6
	Seed     uint64  // same seed, same draws
}

// BayesSignedRank is the Bayesian signed rank test of Benavoli, Mangili, Corani, Zaffalon &
// Ruggeri, "A Bayesian Wilcoxon signed-rank test based on the Dirichlet process" (ICML 2014),
// with the region of Benavoli, Corani, Demsar & Zaffalon, "Time for a Change" (Journal of
// Machine Learning Research 18, 2017). d holds the differences of two models' scores on several
// data sets. The prior is a Dirichlet process with a pseudo-observation of 0. Each draw of
// weights w ~ Dirichlet(strength, 1, ..., 1) gives
//
//	less    = Σ_i Σ_j w_i·w_j·[d_i + d_j < -2·region]
//	same    = Σ_i Σ_j w_i·w_j·[|d_i + d_j| <= 2·region]
//	greater = Σ_i Σ_j w_i·w_j·[d_i + d_j > 2·region]
//
// and the probabilities are the shares of draws in which each is the largest of the three, ties
// being shared equally. A sum on the bound counts as same, rounding errors of 1e-12 included. With a region of 0 a draw counts for less or greater, as it would have
// to hit 0 for the third; only if these are equal does it count half for each.
//
// It is an error if there are no differences, or more than 100000, if one is not finite, or if
// the region or an option is negative or out of range.
func BayesSignedRank(d []float64, region float64, o SignedRankOptions) (Belief, error) {
	if err := regionOf(region); err != nil {
		return Belief{}, err
	}
	if err := finite("difference", d); err != nil {
		return Belief{}, err
	}
	if o.Strength == 0 {
		o.Strength = 0.5
	}
	if o.Draws == 0 {
		o.Draws = 50000
	}
	switch {
	case len(d) == 0 || len(d) > 100000:
		return Belief{}, fmt.Errorf("stats: a Bayesian signed rank test takes 1 to 100000 differences, have %d", len(d))
	case !(o.Strength > 0) || o.Strength > 1e6:
		return Belief{}, fmt.Errorf("stats: want a prior strength above 0, have %v", o.Strength)
	case o.Draws < 0 || o.Draws > 1e6:
		return Belief{}, fmt.Errorf("stats: want up to 1e6 draws, have %d", o.Draws)
	}
	x := append([]float64{0}, d...)
	slices.Sort(x)
	prior := slices.Index(x, 0)
	below, above := thresholds(x, region)
	src := rand.NewPCG(o.Seed, 0x7369676e65647261)
	g := rand.New(src)
	gamma := distuv.Gamma{Alpha: o.Strength, Beta: 1, Src: src}
	b := Belief{Method: "Bayesian signed rank test", N: len(d), Region: region, Samples: make([][3]float64, o.Draws)}
	weights := make([]float64, len(x))
	sums := make([]float64, len(x)+1) // of weights up to i
	for k := range b.Samples {
		total := 0.0
		for i := range weights {
			if i == prior {
				weights[i] = gamma.Rand()
			} else {
				weights[i] = g.ExpFloat64()
			}
			total += weights[i]
			sums[i+1] = total
		}
		less, greater := 0.0, 0.0
		for i, w := range weights {
			less += w * sums[below[i]]
			greater += w * (total - sums[above[i]])
		}
		less /= total * total
		greater /= total * total
		b.Samples[k] = [3]float64{less, max(0, 1-less-greater), greater}
		b.count(b.Samples[k], 1/float64(o.Draws))
	}
	b.Constant = largest(d) == 0
	return b, nil
}

// count adds one draw's share to its largest part.
func (b *Belief) count(s [3]float64, share float64) {
	parts := []*float64{&b.Less, &b.Same, &b.Greater}
	if b.Region == 0 && (s[0] > 0 || s[2] > 0) {
		s[1] = -1
	}
	most, ties := max(s[0], s[1], s[2]), 0.0
	for _, v := range s {
		if v == most {
			ties++
		}
	}
	for i, v := range s {
		if v == most {
			*parts[i] += share / ties
		}
	}
}

// thresholds returns for every i of sorted x how many j have x[i]+x[j] < -2·region, and how
// many have x[i]+x[j] <= 2·region. What differs from the bound by rounding errors is on it.
func thresholds(x []float64, region float64) (below, above []int) {
	region += rounding * max(region, largest(x))
	below, above = make([]int, len(x)), make([]int, len(x))
	j, k := len(x), len(x)
	for i, v := range x {
		for j > 0 && !(v/2+x[j-1]/2 < -region) {
			j--
		}
		for k > 0 && v/2+x[k-1]/2 > region {
			k--
		}
		below[i], above[i] = j, k
	}
	return below, above
}
