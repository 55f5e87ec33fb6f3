package search

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
)

func TestSimRace(t *testing.T) {
	const J, N, sims, round = 10, 50, 400, 8
	for _, spread := range []float64{0.5, 1, 3} { // sd of the candidates' true means over the sd of a fold's difference
		for _, first := range []int{2, 3} {
			for _, level := range []float64{0.05, 0.1, 0.2} {
				o := Race{First: first, Level: level}
				rng := rand.New(rand.NewPCG(1, 2))
				fits, lost, regret, within := 0, 0, 0.0, 0
				for range sims {
					x := make([][]float64, N) // losses
					fold := make([]float64, J)
					for j := range fold {
						fold[j] = 2 * rng.NormFloat64()
					}
					for i := range x {
						m := spread * rng.NormFloat64()
						for j := range J {
							x[i] = append(x[i], fold[j]+m+rng.NormFloat64()/math.Sqrt2)
						}
					}
					best := 0
					for i := range x {
						if stat.Mean(x[i], nil) < stat.Mean(x[best], nil) {
							best = i
						}
					}
					inc := 0
					fits += J
					for a := 1; a < N; a += round {
						alive := map[int]bool{}
						for i := a; i < min(N, a+round); i++ {
							alive[i] = true
						}
						for n := first; n <= J; n++ {
							lead := inc
							for i := range alive {
								if stat.Mean(x[i][:n], nil) < stat.Mean(x[lead][:n], nil) {
									lead = i
								}
							}
							if n == first {
								fits += first * len(alive)
							} else {
								fits += len(alive)
							}
							if n == J {
								for i := range alive {
									if stat.Mean(x[i], nil) < stat.Mean(x[inc], nil) {
										inc = i
									}
								}
								break
							}
							for i := range alive {
								if i == lead {
									continue
								}
								d := make([]float64, n)
								for j := range d {
									d[j] = x[i][j] - x[lead][j]
								}
								if o.chance(d, J) < level {
									delete(alive, i)
								}
							}
						}
					}
					if inc != best {
						lost++
					}
					r := stat.Mean(x[inc], nil) - stat.Mean(x[best], nil)
					regret += r
					d := make([]float64, J)
					for j := range d {
						d[j] = x[inc][j] - x[best][j]
					}
					if r == 0 || r <= stat.StdDev(d, nil)/math.Sqrt(J) {
						within++
					}
				}
				t.Logf("spread %v first %d level %v: fits %.3f, winner lost %.3f, within SE %.3f, regret %.4f", spread, first, level, float64(fits)/(J*N*sims), float64(lost)/sims, float64(within)/sims, regret/sims)
			}
		}
	}
}
