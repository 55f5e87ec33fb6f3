package main

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/seed732fc211/aegis/crossval/stats"
)

// interval is an interval in a design; run makes data and returns it with the truth.
type interval struct {
	name, design string
	run          func(r *rand.Rand) (held, error)
}

type held struct {
	low, high, estimate, truth float64
}

func (c interval) write(w io.Writer, sims int) error {
	list, err := repeat(sims, c.name+c.design, c.run)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", c.name, c.design, err)
	}
	n, width := 0, 0.0
	for _, h := range list {
		if h.low <= h.truth && h.truth <= h.high {
			n++
		}
		width += (h.high - h.low) / float64(len(list))
	}
	_, err = fmt.Fprintf(w, "| %s | %s | %s | %.3g |\n", c.name, c.design, share(n, len(list), 0.95, false), width)
	return err
}

func intervals() []interval {
	var out []interval
	for _, n := range []int{10, 30} {
		out = append(out, interval{"corrected resampled t", fmt.Sprintf("%d folds, as it assumes", n), func(r *rand.Rand) (held, error) {
			ratio := 1 / float64(n-1)
			t, err := stats.CorrectedTTest(folds(r, n, 2, ratio), ratio, 0)
			return held{t.Low, t.High, t.Estimate, 2}, err
		}})
	}
	// With a shift of 1 and a spread of sqrt(1 + 0.49) in each class the area is Φ(1/sqrt(2·1.49)).
	area := math.Erfc(-1/math.Sqrt(2*1.49)/math.Sqrt2) / 2
	for _, rows := range []int{60, 300} {
		out = append(out,
			interval{"DeLong, one area", fmt.Sprintf("%d rows", rows), func(r *rand.Rand) (held, error) {
				positive, a, b := scored(r, rows)
				t, err := stats.DeLong(positive, a, b, 0)
				return held{t.First.Low, t.First.High, t.First.Estimate, area}, err
			}},
			interval{"DeLong, difference", fmt.Sprintf("%d rows", rows), func(r *rand.Rand) (held, error) {
				positive, a, b := scored(r, rows)
				t, err := stats.DeLong(positive, a, b, 0)
				return held{t.Difference.Low, t.Difference.High, t.Difference.Estimate, 0}, err
			}},
			interval{"cross-validated area (LeDell)", fmt.Sprintf("%d rows, 5 folds", rows), func(r *rand.Rand) (held, error) {
				positive, a, _ := scored(r, rows)
				var p [5][]bool
				var s [5][]float64
				for i := range positive {
					k := i / 3 % 5
					p[k], s[k] = append(p[k], positive[i]), append(s[k], a[i])
				}
				t, err := stats.CrossValidatedAUC(p[:], s[:], 0)
				return held{t.Low, t.High, t.Estimate, area}, err
			}},
			interval{"McNemar, difference of accuracy (Newcombe)", fmt.Sprintf("%d rows", rows), func(r *rand.Rand) (held, error) {
				a, b := make([]bool, rows), make([]bool, rows)
				for i := range a {
					a[i], b[i] = r.Float64() < 0.9, r.Float64() < 0.8
				}
				t, err := stats.McNemar(a, b, stats.McNemarMidP, 0)
				return held{t.Low, t.High, t.Estimate, 0.1}, err
			}})
	}
	for _, n := range []int{15, 60} {
		out = append(out,
			interval{"bootstrap BCa, mean", fmt.Sprintf("%d exponential values", n), func(r *rand.Rand) (held, error) {
				x := make([]float64, n)
				for i := range x {
					x[i] = r.ExpFloat64()
				}
				t, err := stats.Bootstrap(n, func(rows []int) float64 {
					sum := 0.0
					for _, row := range rows {
						sum += x[row]
					}
					return sum / float64(len(rows))
				}, stats.BootstrapOptions{Seed: r.Uint64()})
				return held{t.Low, t.High, t.Estimate, 1}, err
			}},
			interval{"Wilcoxon, pseudomedian", fmt.Sprintf("%d data sets", n), func(r *rand.Rand) (held, error) {
				t, err := stats.Wilcoxon(differences(r, n, 0), stats.WilcoxonOptions{})
				return held{t.Low, t.High, t.Estimate, 0}, err
			}})
	}
	return out
}
