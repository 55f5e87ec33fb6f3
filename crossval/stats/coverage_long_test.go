//go:build long

package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Rows of two normal classes, in folds of models that are given: the AUC is known, and intervals
// are to hold it in 95% of simulations. Two standard errors of 4000 simulations are 0.7%; with
// 40 rows a fold intervals of influence curves are known to be somewhat narrow.
func TestCoverageOfCrossValidatedAUC(t *testing.T) {
	const simulations = 4000
	g := rand.New(rand.NewPCG(9, 1))
	for _, c := range []struct {
		name        string
		fold        int
		share       float64
		least, most float64
	}{{"200 rows, half positive", 40, 0.5, 0.92, 0.965}, {"1000 rows, a fifth positive", 200, 0.2, 0.935, 0.965}} {
		truth := normalTail(-1 / math.Sqrt2) // of means 1 apart
		held := 0
		for range simulations {
			var labels [][]bool
			var scores [][]float64
			for range 5 {
				y, s := make([]bool, c.fold), make([]float64, c.fold)
				for i := range y {
					if y[i] = float64(i) < c.share*float64(c.fold); y[i] {
						s[i] = 1
					}
					s[i] += g.NormFloat64()
				}
				labels, scores = append(labels, y), append(scores, s)
			}
			test := must(CrossValidatedAUC(labels, scores, 0))
			if test.Low <= truth && truth <= test.High {
				held++
			}
		}
		share := float64(held) / simulations
		t.Logf("%s: %.3f", c.name, share)
		if share < c.least || share > c.most {
			t.Errorf("%s: the interval holds the true AUC in %.3f of simulations", c.name, share)
		}
	}
}

// Differences of folds with the correlation that the corrected test supposes: it rejects a true
// hypothesis in 5% of simulations, and its power is that of Power.
func TestPowerBySimulation(t *testing.T) {
	const simulations, folds, ratio = 40000, 10, 1.0 / 9
	g := rand.New(rand.NewPCG(10, 1))
	for _, difference := range []float64{0, 0.6, 1.2} {
		found := 0
		for range simulations {
			// A common part of variance v and own parts of variance 1: var(mean) = v + 1/J,
			// where v is testOverTrain.
			common := difference + math.Sqrt(ratio)*g.NormFloat64()
			x := make([]float64, folds)
			for i := range x {
				x[i] = common + g.NormFloat64()
			}
			if must(CorrectedTTest(x, ratio, 0)).P < 0.05 {
				found++
			}
		}
		want, err := Power(1, folds, ratio, difference, 0)
		if err != nil {
			t.Fatal(err)
		}
		have := float64(found) / simulations
		if math.Abs(have-want) > 4*math.Sqrt(want*(1-want)/simulations) {
			t.Errorf("difference %v: found in %.4f of simulations, power %.4f", difference, have, want)
		}
	}
}

// Newcombe's interval of paired proportions and the signed rank interval, on draws of known truth.
func TestCoverageOfIntervals(t *testing.T) {
	const simulations = 4000
	g := rand.New(rand.NewPCG(11, 1))
	proportions, medians := 0, 0
	for range simulations {
		var cells [4]int
		for range 60 { // both 0.6, only the first 0.2, only the second 0.08, neither 0.12
			switch u := g.Float64(); {
			case u < 0.6:
				cells[0]++
			case u < 0.8:
				cells[1]++
			case u < 0.88:
				cells[2]++
			default:
				cells[3]++
			}
		}
		if m := must(McNemarCounts(cells[0], cells[1], cells[2], cells[3], McNemarExact, 0)); m.Low <= 0.12 && 0.12 <= m.High {
			proportions++
		}
		x := make([]float64, 15)
		for i := range x {
			x[i] = 0.7 + g.NormFloat64()
		}
		if w := must(Wilcoxon(x, WilcoxonOptions{})); w.Low <= 0.7 && 0.7 <= w.High {
			medians++
		}
	}
	if share := float64(proportions) / simulations; share < 0.94 || share > 0.975 {
		t.Errorf("Newcombe's interval holds the truth in %.3f of simulations", share)
	}
	if share := float64(medians) / simulations; share < 0.945 || share > 0.97 { // 0.9519 by its distribution
		t.Errorf("the signed rank interval holds the truth in %.3f of simulations", share)
	}
}
