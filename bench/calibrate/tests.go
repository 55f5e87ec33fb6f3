package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/crossval/stats"
)

const testNotes = `
"Plain t" is the paired t-test that ignores that folds share training rows: what not to do. The corrected test is somewhat
liberal with many repeats on few rows, which the reports say where it applies. Exact tests of few, discrete outcomes (McNemar's,
Wilcoxon's, Cochran's and Friedman's approximations) cannot attain 0.05 and reject more rarely. "Trained anew" counts McNemar's
test as one of algorithms, which it is not: the models it is given differ by chance of training.
`

// pair is the scores of two equal models fold by fold, and test rows over training rows.
func pair(r *rand.Rand, rows, k, repeats int) (d []float64, ratio float64) {
	x, y := twins(r, rows)
	for range repeats {
		order := r.Perm(rows)
		for f := range k {
			in := make([]bool, rows)
			for i, row := range order {
				in[row] = i%k != f
			}
			a, b := centroid(x[0], y, in), centroid(x[1], y, in)
			right, n := 0.0, 0.0
			for row, training := range in {
				if !training {
					n++
					if a(x[0][row]) == y[row] {
						right++
					}
					if b(x[1][row]) == y[row] {
						right--
					}
				}
			}
			d = append(d, right/n)
		}
	}
	return d, 1 / float64(k-1)
}

// twins are two columns of the same distribution, with the classes.
func twins(r *rand.Rand, rows int) (x [2][]float64, y []int) {
	for i := range rows {
		y = append(y, i%2)
		for c := range x {
			x[c] = append(x[c], r.NormFloat64()+0.6*float64(i%2))
		}
	}
	return x, y
}

// centroid classifies by the nearer class mean of the training rows.
func centroid(x []float64, y []int, in []bool) func(float64) int {
	var sum, n [2]float64
	for i, v := range x {
		if in[i] {
			sum[y[i]] += v
			n[y[i]]++
		}
	}
	return func(v float64) int {
		if math.Abs(v-sum[1]/n[1]) < math.Abs(v-sum[0]/n[0]) {
			return 1
		}
		return 0
	}
}

func tests() []simulation {
	var out []simulation
	for _, c := range []struct{ rows, k, repeats int }{{60, 10, 1}, {60, 10, 3}, {60, 10, 10}, {200, 5, 1}, {200, 10, 1}, {200, 10, 3}, {200, 10, 10}, {1000, 10, 1}} {
		design := fmt.Sprintf("%d times %d folds, %d rows", c.repeats, c.k, c.rows)
		out = append(out, simulation{"corrected resampled t", design, func(r *rand.Rand) (float64, error) {
			d, ratio := pair(r, c.rows, c.k, c.repeats)
			t, err := stats.CorrectedTTest(d, ratio, 0)
			return t.P, err
		}, true})
		if c.repeats != 3 {
			out = append(out, simulation{"plain t", design, func(r *rand.Rand) (float64, error) {
				d, _ := pair(r, c.rows, c.k, c.repeats)
				t, err := stats.CorrectedTTest(d, 0, 0)
				return t.P, err
			}, false})
		}
	}
	for _, rows := range []int{60, 200, 1000} {
		halves := func(r *rand.Rand) (h [][2]float64) {
			d, _ := pair(r, rows, 2, 5)
			for i := range 5 {
				h = append(h, [2]float64{d[2*i], d[2*i+1]})
			}
			return h
		}
		design := fmt.Sprintf("5 times 2 folds, %d rows", rows)
		out = append(out,
			simulation{"5x2cv t", design, func(r *rand.Rand) (float64, error) { t, err := stats.CV5x2T(halves(r), 0); return t.P, err }, true},
			simulation{"5x2cv F", design, func(r *rand.Rand) (float64, error) { t, err := stats.CV5x2F(halves(r), 0); return t.P, err }, true})
	}
	out = append(out, rowTests()...)
	return append(out, setTests()...)
}

// rowTests are tests on the rows of one split.
func rowTests() []simulation {
	var out []simulation
	for _, m := range []struct {
		name   string
		method stats.McNemarMethod
	}{{"McNemar, exact", stats.McNemarExact}, {"McNemar, mid-p", stats.McNemarMidP}, {"McNemar, chi-squared", stats.McNemarChi2}, {"McNemar, corrected", stats.McNemarChi2Corrected}} {
		for _, rows := range []int{50, 500} {
			out = append(out, simulation{m.name, fmt.Sprintf("%d rows, 80%% right, errors correlated", rows), func(r *rand.Rand) (float64, error) {
				a, b := make([]bool, rows), make([]bool, rows)
				for i := range a {
					hard := r.Float64() < 0.2
					p := 0.9
					if hard {
						p = 0.4
					}
					a[i], b[i] = r.Float64() < p, r.Float64() < p
				}
				t, err := stats.McNemar(a, b, m.method, 0)
				return t.P, err
			}, true})
		}
	}
	out = append(out, simulation{"McNemar, mid-p", "100 rows, trained anew on 100 others", func(r *rand.Rand) (float64, error) {
		x, y := twins(r, 200)
		in := make([]bool, 200)
		for i := range 100 {
			in[i] = true
		}
		f, g := centroid(x[0], y, in), centroid(x[1], y, in)
		var a, b []bool
		for i := 100; i < 200; i++ {
			a, b = append(a, f(x[0][i]) == y[i]), append(b, g(x[1][i]) == y[i])
		}
		t, err := stats.McNemar(a, b, stats.McNemarMidP, 0)
		return t.P, err
	}, false})
	for _, rows := range []int{40, 400} {
		out = append(out, simulation{"DeLong", fmt.Sprintf("%d rows, correlated scores", rows), func(r *rand.Rand) (float64, error) {
			positive, a, b := scored(r, rows)
			t, err := stats.DeLong(positive, a, b, 0)
			return t.Difference.P, err
		}, false})
		out = append(out, simulation{"Cochran Q", fmt.Sprintf("4 models, %d rows", rows), func(r *rand.Rand) (float64, error) {
			right := make([][]bool, rows)
			for i := range right {
				p := 0.6 + 0.35*r.Float64()
				for range 4 {
					right[i] = append(right[i], r.Float64() < p)
				}
			}
			t, err := stats.CochranQ(right, 0)
			return t.P, err
		}, true})
	}
	return out
}

// scored are two scores of the same rows with equal areas under the curve.
func scored(r *rand.Rand, rows int) (positive []bool, a, b []float64) {
	for i := range rows {
		one := i%3 == 0
		shift := r.NormFloat64() * 0.7
		if one {
			shift += 1
		}
		positive, a, b = append(positive, one), append(a, shift+r.NormFloat64()), append(b, shift+r.NormFloat64())
	}
	return positive, a, b
}

// setTests are tests on the scores of several data sets.
func setTests() []simulation {
	var out []simulation
	for _, n := range []int{6, 12, 40} {
		out = append(out,
			simulation{"Wilcoxon, exact", fmt.Sprintf("%d data sets", n), func(r *rand.Rand) (float64, error) {
				t, err := stats.Wilcoxon(differences(r, n, 0), stats.WilcoxonOptions{})
				return t.P, err
			}, true},
			simulation{"Wilcoxon, exact, Pratt", fmt.Sprintf("%d data sets, ties and zeros", n), func(r *rand.Rand) (float64, error) {
				t, err := stats.Wilcoxon(differences(r, n, 0.5), stats.WilcoxonOptions{Zeros: stats.PrattZeros})
				return t.P, err
			}, true},
			simulation{"Friedman", fmt.Sprintf("5 models, %d data sets", n), func(r *rand.Rand) (float64, error) {
				t, err := stats.Friedman(several(r, n, 5), 0)
				return t.P, err
			}, true},
			simulation{"Iman-Davenport", fmt.Sprintf("5 models, %d data sets", n), func(r *rand.Rand) (float64, error) {
				t, err := stats.ImanDavenport(several(r, n, 5), 0)
				return t.P, err
			}, false},
			simulation{"Nemenyi, smallest of 10 pairs", fmt.Sprintf("5 models, %d data sets", n), func(r *rand.Rand) (float64, error) {
				ranking, err := stats.Nemenyi(several(r, n, 5), 0)
				least := 1.0
				for _, p := range ranking.Pairs {
					least = min(least, p.P)
				}
				return least, err
			}, true},
			simulation{"Wilcoxon with Holm, smallest of 10 pairs", fmt.Sprintf("5 models, %d data sets", n), func(r *rand.Rand) (float64, error) {
				return holmOfPairs(several(r, n, 5))
			}, true})
	}
	return append(out,
		simulation{"non-inferiority, at its margin", "10 folds, true mean −margin", func(r *rand.Rand) (float64, error) {
			t, err := stats.NonInferiority(folds(r, 10, -1, 1./9), 1./9, 1, 0)
			return t.P, err
		}, false},
		simulation{"equivalence, at its margin", "10 folds, true mean −margin", func(r *rand.Rand) (float64, error) {
			t, err := stats.Equivalence(folds(r, 10, -3, 1./9), 1./9, 3, 0)
			return t.P, err
		}, true})
}

// folds are differences with the correlation that the corrected test assumes.
func folds(r *rand.Rand, n int, mean, ratio float64) []float64 {
	rho := ratio / (1 + ratio)
	common := math.Sqrt(rho) * r.NormFloat64()
	d := make([]float64, n)
	for i := range d {
		d[i] = mean + common + math.Sqrt(1-rho)*r.NormFloat64()
	}
	return d
}

// differences are symmetric around 0, rounded to multiples of step.
func differences(r *rand.Rand, n int, step float64) []float64 {
	d := make([]float64, n)
	for i := range d {
		d[i] = r.NormFloat64()
		if step > 0 {
			d[i] = step * math.Round(d[i]/step)
		}
	}
	return d
}

// several are scores of equal models on data sets that differ in level.
func several(r *rand.Rand, n, models int) [][]float64 {
	x := make([][]float64, n)
	for i := range x {
		level := 3 * r.NormFloat64()
		for range models {
			x[i] = append(x[i], level+r.NormFloat64())
		}
	}
	return x
}

func holmOfPairs(x [][]float64) (float64, error) {
	var p []float64
	for a := range x[0] {
		for b := range a {
			d := make([]float64, len(x))
			for i := range d {
				d[i] = x[i][a] - x[i][b]
			}
			t, err := stats.Wilcoxon(d, stats.WilcoxonOptions{})
			if err != nil {
				return 0, err
			}
			p = append(p, t.P)
		}
	}
	adjusted, err := stats.Holm(p)
	least := 1.0
	for _, v := range adjusted {
		least = min(least, v)
	}
	return least, err
}
