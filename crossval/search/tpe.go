package search

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// TPE is the tree-structured Parzen estimator of Bergstra, Bardenet, Bengio & Kégl,
// "Algorithms for Hyper-Parameter Optimization" (2011): it divides the trials so far into the
// best few and the rest, estimates the density of either, l and g, setting by setting, draws
// candidates from l and proposes the one with the largest l/g.
//
// The density of a setting with an order is a mixture of normal distributions, cut to the
// range: one for each trial, as wide as the distance to its farther neighbour, and one for
// the whole range. That of a choice counts each value once more than it occurs. Where the best
// trials are among a few whole numbers and choices, all of which are known, it proposes a
// point at random.
type TPE struct {
	Start      int     // trials, beside the base, that are finished before this begins; Sobol proposes them; 0: 8
	Best       float64 // share of the trials that are the best; 0: 0.15, and at most 25 of them
	Candidates int     // drawn for each setting; 0: 24
}

// Propose implements Proposer. It is an error if a number is negative or Best is not below 1.
func (t TPE) Propose(h History, number int) (Proposal, error) {
	if t.Start < 0 || t.Candidates < 0 || !(t.Best >= 0 && t.Best < 1) {
		return Proposal{}, fmt.Errorf("search: TPE: a start of %d, the best %v, %d candidates: want none below 0, and a share below 1", t.Start, t.Best, t.Candidates)
	}
	start, best, candidates := orDefault(t.Start, 8), orDefault(t.Best, 0.15), orDefault(t.Candidates, 24)
	good, bad, finished := h.divide(best)
	if finished < start || len(good) == 0 {
		if len(h.Settings) > len(directions) {
			return Random{}.Propose(h, number)
		}
		return Sobol{}.Propose(h, number)
	}
	const inVain = 4
	if h.Known >= inVain {
		return Random{}.Propose(h, number)
	}
	r := source(h.Seed, "tpe", number)
	p := make(Point, len(h.Settings))
	for i := range p {
		n := cells(h.Settings[i].Domain)
		l, g := densityOf(good, i, n), densityOf(bad, i, n)
		most := math.Inf(-1)
		for range candidates {
			u := l.draw(r)
			if ratio := l.log(u) - g.log(u); ratio > most {
				p[i], most = u, ratio
			}
		}
	}
	return Proposal{Point: p, Final: true, Of: -1}, nil
}

func orDefault[T int | float64](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

// divide returns the points of the best trials and of the rest, and the number of those with a
// score, the base aside. Failed trials are among the rest, pending ones as well: no two trials
// of a round need to look at the same place.
func (h *History) divide(share float64) (good, bad []Point, finished int) {
	type scored struct {
		point Point
		loss  float64
	}
	var list []scored
	for i := range h.Trials {
		if t := &h.Trials[i]; t.Final || t.Failed != "" {
			list = append(list, scored{t.Point, h.loss(t)})
		}
	}
	scores := 0
	for _, s := range list {
		if math.IsNaN(s.loss) || math.IsInf(s.loss, 1) {
			continue
		}
		scores++
		if slices.ContainsFunc(s.point, func(u float64) bool { return !math.IsNaN(u) }) {
			finished++
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int { // NaN last
		if x, y := math.IsNaN(a.loss), math.IsNaN(b.loss); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.loss, b.loss)
	})
	n := min(25, scores, int(math.Ceil(share*float64(scores))))
	for i, s := range list {
		if i < n {
			good = append(good, s.point)
		} else {
			bad = append(bad, s.point)
		}
	}
	return good, bad, finished
}

// density is an estimate over [0, 1) of one setting.
type density struct {
	weights []float64 // of the cells, with the sum 1; nil: there is an order
	centers []float64
	widths  []float64
	masses  []float64 // what of each normal distribution lies in [0, 1)
}

// densityOf estimates the density of setting i among points.
func densityOf(points []Point, i, cells int) density {
	var at []float64
	for _, p := range points {
		if !math.IsNaN(p[i]) {
			at = append(at, p[i])
		}
	}
	if cells > 0 {
		d := density{weights: make([]float64, cells)}
		for k := range d.weights {
			d.weights[k] = 1 / float64(len(at)+cells)
		}
		for _, u := range at {
			d.weights[min(cells-1, int(u*float64(cells)))] += 1 / float64(len(at)+cells)
		}
		return d
	}
	at = append(at, 0.5) // the whole range
	slices.Sort(at)
	d := density{centers: at}
	narrowest := 1 / min(100, float64(1+len(at)))
	prior := false
	for k, c := range at {
		left, right := c, 1-c
		if k > 0 {
			left = c - at[k-1]
		}
		if k < len(at)-1 {
			right = at[k+1] - c
		}
		w := min(1, max(narrowest, left, right))
		if c == 0.5 && !prior {
			w, prior = 1, true
		}
		d.widths = append(d.widths, w)
		d.masses = append(d.masses, normal((1-c)/w)-normal(-c/w))
	}
	return d
}

func normal(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// draw returns a number of the density.
func (d *density) draw(r *rand.Rand) float64 {
	if d.weights != nil {
		u := r.Float64()
		k := 0
		for k < len(d.weights)-1 && u >= d.weights[k] {
			u -= d.weights[k]
			k++
		}
		return (float64(k) + 0.5) / float64(len(d.weights))
	}
	k := r.IntN(len(d.centers))
	for range 1000 {
		if u := d.centers[k] + d.widths[k]*r.NormFloat64(); u >= 0 && u < 1 {
			return u
		}
	}
	return d.centers[k] // not reached: at least a third of a distribution lies inside
}

// log returns the logarithm of the density.
func (d *density) log(u float64) float64 {
	if d.weights != nil {
		return math.Log(d.weights[min(len(d.weights)-1, int(u*float64(len(d.weights))))])
	}
	sum := 0.0
	for k, c := range d.centers {
		z := (u - c) / d.widths[k]
		sum += math.Exp(-z*z/2) / (math.Sqrt(2*math.Pi) * d.widths[k] * d.masses[k])
	}
	return math.Log(sum / float64(len(d.centers)))
}
