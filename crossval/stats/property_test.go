package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// draw returns n numbers with few distinct values if digits are few.
func draw(g *rand.Rand, n int, step float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = math.Round((g.NormFloat64()+0.3)/step) * step
	}
	return x
}

// byEnumeration is the p-value of the signed rank test over all choices of signs.
func byEnumeration(d []float64, zeros Zeros) float64 {
	ranks, positive, _ := signedRanks(d, zeros)
	v, total := 0, 0
	for i, r := range ranks {
		total += r
		if positive[i] {
			v += r
		}
	}
	extreme := 0
	for signs := range 1 << len(ranks) {
		s := 0
		for i, r := range ranks {
			if signs>>i&1 == 1 {
				s += r
			}
		}
		if abs(2*s-total) >= abs(2*v-total) {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<len(ranks))
}

func abs(v int) int { return max(v, -v) }

// doubledRanks are doubled mean ranks by counting.
func doubledRanks(d []float64, zeros Zeros) []int {
	var ranks []int
	for _, v := range d {
		if v == 0 {
			continue
		}
		less, equal := 0, 0
		for _, w := range d {
			switch {
			case w == 0 && zeros == DropZeros:
			case math.Abs(w) < math.Abs(v):
				less++
			case math.Abs(w) == math.Abs(v):
				equal++
			}
		}
		ranks = append(ranks, 2*less+equal+1)
	}
	slices.Sort(ranks)
	return ranks
}

func TestWilcoxonIsExact(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		d := draw(g, 1+g.IntN(13), []float64{0.01, 0.5, 1}[g.IntN(3)])
		for _, zeros := range []Zeros{DropZeros, PrattZeros} {
			ranks, _, _ := signedRanks(d, zeros)
			if want := doubledRanks(d, zeros); !slices.Equal(ranks, want) {
				t.Fatalf("%v, zeros %d: doubled ranks %v, want %v", d, zeros, ranks, want)
			}
			test := must(Wilcoxon(d, WilcoxonOptions{Zeros: zeros}))
			if len(ranks) > 0 && math.Abs(test.P-byEnumeration(d, zeros)) > 1e-14 {
				t.Errorf("%v, zeros %d: p = %v, want %v", d, zeros, test.P, byEnumeration(d, zeros))
			}
		}
	}
}

// Exact and normal p-values meet where there are many differences.
func TestWilcoxonApproximates(t *testing.T) {
	g := rand.New(rand.NewPCG(2, 1))
	for range 20 {
		d := draw(g, 300, 0.1)
		exact := must(Wilcoxon(d, WilcoxonOptions{Distribution: Exact}))
		normal := must(Wilcoxon(d, WilcoxonOptions{Distribution: Normal}))
		if math.Abs(exact.P-normal.P) > 1e-3 {
			t.Errorf("exact %v, normal %v", exact.P, normal.P)
		}
		if exact.Low > exact.Estimate || exact.High < exact.Estimate {
			t.Errorf("%v is not within %v to %v", exact.Estimate, exact.Low, exact.High)
		}
	}
	many := must(Wilcoxon(draw(g, 20000, 1e-9), WilcoxonOptions{})) // 2e8 means are not written down
	if many.Low > many.Estimate || many.High < many.Estimate || many.High-many.Low > 0.1 || math.Abs(many.Estimate-0.3) > 0.05 {
		t.Errorf("20000 differences: %v", many)
	}
}

func TestWalshBySorting(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 1))
	for range 100 {
		x := draw(g, 1+g.IntN(20), []float64{1e-6, 0.5}[g.IntN(2)])
		slices.Sort(x)
		var means []float64
		for i := range x {
			for j := i; j < len(x); j++ {
				means = append(means, x[i]/2+x[j]/2)
			}
		}
		slices.Sort(means)
		for k, want := range means {
			if have := walsh(x, k+1); have != want {
				t.Fatalf("mean %d of %v is %v, want %v", k+1, x, have, want)
			}
		}
	}
}

// swapped is what a test must say when both models change places.
func swapped(t *testing.T, what string, a, b Test) {
	t.Helper()
	if math.Abs(a.P-b.P) > 1e-12 && !(math.IsNaN(a.P) && math.IsNaN(b.P)) {
		t.Errorf("%s: p = %v, swapped %v", what, a.P, b.P)
	}
	if math.Abs(a.Estimate+b.Estimate) > 1e-12 || math.Abs(a.Low+b.High) > 1e-12 || math.Abs(a.High+b.Low) > 1e-12 {
		t.Errorf("%s: %v, swapped %v", what, a, b)
	}
	if !math.IsNaN(a.P) && !(a.P >= 0 && a.P <= 1) {
		t.Errorf("%s: p = %v", what, a.P)
	}
}

func TestSwappedModels(t *testing.T) {
	g := rand.New(rand.NewPCG(4, 1))
	for range 100 {
		d := draw(g, 2+g.IntN(20), []float64{0.01, 1}[g.IntN(2)])
		e := minus(make([]float64, len(d)), d)
		swapped(t, "corrected t", must(CorrectedTTest(d, 0.1, 0)), must(CorrectedTTest(e, 0.1, 0)))
		swapped(t, "Wilcoxon", must(Wilcoxon(d, WilcoxonOptions{})), must(Wilcoxon(e, WilcoxonOptions{})))
		swapped(t, "equivalence", must(Equivalence(d, 0.1, 1, 0)), must(Equivalence(e, 0.1, 1, 0)))
		var pairs, others [][2]float64
		for range 5 {
			p := draw(g, 2, 0.1)
			pairs, others = append(pairs, [2]float64{p[0], p[1]}), append(others, [2]float64{-p[0], -p[1]})
		}
		swapped(t, "5x2 t", must(CV5x2T(pairs, 0)), must(CV5x2T(others, 0)))
		swapped(t, "5x2 F", must(CV5x2F(pairs, 0)), must(CV5x2F(others, 0)))
		n := 4 + g.IntN(30)
		labels, first, second := make([]bool, n), make([]bool, n), make([]bool, n)
		for i := range labels {
			labels[i], first[i], second[i] = i%2 == 0, g.IntN(3) > 0, g.IntN(2) > 0
		}
		for m := McNemarExact; m <= McNemarChi2Corrected; m++ {
			swapped(t, "McNemar", must(McNemar(first, second, m, 0)), must(McNemar(second, first, m, 0)))
		}
		x, y := draw(g, n, 0.2), draw(g, n, 0.2)
		a, err := DeLong(labels, x, y, 0)
		if err != nil {
			t.Fatal(err)
		}
		b, err := DeLong(labels, y, x, 0)
		if err != nil {
			t.Fatal(err)
		}
		swapped(t, "DeLong", a.Difference, b.Difference)
	}
}

// Scores that are scaled, by a power of two so that nothing is rounded, or data sets, rows and
// models in another order change no p-value.
func TestInvariance(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 1))
	same := func(what string, a, b Test) {
		t.Helper()
		if math.Abs(a.P-b.P) > 1e-12 || math.Abs(a.Size-b.Size) > 1e-12 {
			t.Errorf("%s: %v and %v", what, a, b)
		}
	}
	for range 50 {
		d := draw(g, 3+g.IntN(20), 0.01)
		for _, factor := range []float64{0x1p-900, 1, 0x1p900} {
			e := make([]float64, len(d))
			for i, j := range g.Perm(len(d)) {
				e[i] = factor * d[j]
			}
			same("corrected t", must(CorrectedTTest(d, 0.1, 0)), must(CorrectedTTest(e, 0.1, 0)))
			same("Wilcoxon", must(Wilcoxon(d, WilcoxonOptions{})), must(Wilcoxon(e, WilcoxonOptions{})))
		}
		var scores, moved [][]float64
		k := 2 + g.IntN(4)
		order := g.Perm(k)
		for range 3 + g.IntN(8) {
			row := draw(g, k, 0.5)
			scores = append(scores, row)
			other := make([]float64, k)
			for i, j := range order {
				other[i] = math.Exp(row[j])
			}
			moved = append(moved, other)
		}
		g.Shuffle(len(moved), func(i, j int) { moved[i], moved[j] = moved[j], moved[i] })
		same("Friedman", must(Friedman(scores, 0)), must(Friedman(moved, 0)))
		same("Iman-Davenport", must(ImanDavenport(scores, 0)), must(ImanDavenport(moved, 0)))
	}
}

func TestAdjustedAreOrdered(t *testing.T) {
	g := rand.New(rand.NewPCG(6, 1))
	for range 200 {
		p := make([]float64, 1+g.IntN(12))
		for i := range p {
			p[i] = math.Round(100*g.Float64()*g.Float64()) / 100
			if g.IntN(8) == 0 {
				p[i] = math.NaN()
			}
		}
		var all [][]float64
		for _, f := range []func([]float64) ([]float64, error){BenjaminiHochberg, Hochberg, Holm} {
			a, err := f(p)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, a)
		}
		last := p
		for _, a := range all { // p <= BH <= Hochberg <= Holm <= 1
			for i := range p {
				if math.IsNaN(p[i]) != math.IsNaN(a[i]) || a[i] < last[i]-1e-15 || a[i] > 1 {
					t.Fatalf("%v is adjusted to %v", p, all)
				}
			}
			last = a
		}
	}
}

// byKernel is DeLong's variance of a difference by the kernel, in O(n²).
func byKernel(labels []bool, x, y []float64) (estimate, variance float64) {
	var p, n []int
	for i, l := range labels {
		if l {
			p = append(p, i)
		} else {
			n = append(n, i)
		}
	}
	kernel := func(s []float64, i, j int) float64 {
		switch {
		case s[i] > s[j]:
			return 1
		case s[i] == s[j]:
			return 0.5
		}
		return 0
	}
	vp, vn := make([]float64, len(p)), make([]float64, len(n))
	for a, i := range p {
		for b, j := range n {
			d := kernel(x, i, j) - kernel(y, i, j)
			vp[a] += d / float64(len(n))
			vn[b] += d / float64(len(p))
			estimate += d / float64(len(n)*len(p))
		}
	}
	_, sp := meanStd(vp)
	_, sn := meanStd(vn)
	return estimate, sp*sp/float64(len(p)) + sn*sn/float64(len(n))
}

func TestDeLongByKernel(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 1))
	for range 200 {
		n := 4 + g.IntN(40)
		labels := make([]bool, n)
		for i := range labels {
			labels[i] = i < 2 || i > 3 && g.IntN(3) == 0
		}
		step := []float64{1e-9, 0.3, 1}[g.IntN(3)]
		x, y := draw(g, n, step), draw(g, n, step)
		a, err := DeLong(labels, x, y, 0)
		if err != nil {
			t.Fatal(err)
		}
		estimate, variance := byKernel(labels, x, y)
		v := a.Difference.StdErr * a.Difference.StdErr
		sum := a.First.StdErr*a.First.StdErr + a.Second.StdErr*a.Second.StdErr - 2*a.Covariance
		if math.Abs(a.Difference.Estimate-estimate) > 1e-13 || math.Abs(v-variance) > 1e-13 || math.Abs(v-sum) > 1e-13 {
			t.Errorf("difference %v, variance %v (%v by parts), want %v, %v", a.Difference.Estimate, v, sum, estimate, variance)
		}
	}
}

// A test of true hypotheses has uniform p-values at most: exact ones never reject too often.
func TestExactUnderTheNull(t *testing.T) {
	const n = 9
	count := map[float64]int{} // of the 2^n signs of differences with ties
	for signs := range 1 << n {
		d := []float64{1, 1, 2, 3, 3, 3, 5, 6, 6}
		for i := range d {
			if signs>>i&1 == 1 {
				d[i] = -d[i]
			}
		}
		count[must(Wilcoxon(d, WilcoxonOptions{})).P]++
	}
	var ps []float64
	for p := range count {
		ps = append(ps, p)
	}
	slices.Sort(ps)
	below := 0
	for _, p := range ps {
		below += count[p]
		if share := float64(below) / (1 << n); math.Abs(share-p) > 1e-12 {
			t.Errorf("P(p <= %v) = %v under the null", p, share)
		}
	}
	// The exact sign test likewise: P(p <= alpha) = alpha at every attainable level.
	total := 0.0
	for b := 0; 2*b < 11; b++ {
		total += 2 * chance(b, 11)
		if p := signs(b, 11-b, false); math.Abs(p-min(1, total)) > 1e-14 {
			t.Errorf("sign test of %d and %d: %v, want %v", b, 11-b, p, total)
		}
	}
}

// With n infinite or tiny, distributions join.
func TestLimitsOfStudent(t *testing.T) {
	normal := StudentT{DF: math.Inf(1)}
	near(t, "Quantile(1e-10) of nu 1e6", StudentT{DF: 1e6}.Quantile(1e-10), -6.36140684887674, 1e-13) // R; gonum v0.17.0 has -258
	for _, p := range []float64{1e-300, 1e-10, 0.025, 0.3, 0.9} {
		near(t, "normal quantile", normal.Quantile(p), normalQuantile(p), 1e-9)
		near(t, "nu 1e15", StudentT{DF: 1e15}.Quantile(p), normal.Quantile(p), 1e-11)
	}
	for _, nu := range []float64{1e-3, 0.7, 1, 5, 200, 999.9, 1000.1, 9999, 10001, 1e8} {
		d := StudentT{DF: nu, Location: 2, Scale: 3}
		for _, p := range []float64{1e-12, 1e-3, 0.2, 0.26, 0.4999, 0.6, 0.999} {
			q := d.Quantile(p)
			if math.IsInf(q, 0) {
				continue
			}
			if p > 0.5 {
				near(t, "1-p", d.Survival(q), 1-p, 1e-11)
			} else {
				near(t, "p", d.CDF(q), p, 1e-11)
			}
			if h := 1e-4; nu > 0.5 && p > 1e-4 && p < 0.999 { // the density is the slope
				slope := (d.CDF(q+h) - d.CDF(q-h)) / (2 * h)
				near(t, "density", d.Density(q), slope, 1e-6)
			}
		}
	}
	for name, v := range map[string]float64{
		"zero": StudentT{}.CDF(1), "NaN": StudentT{DF: 3}.CDF(math.NaN()), "scale": StudentT{DF: 3, Scale: -1}.Quantile(0.5),
		"p": StudentT{DF: 3}.Quantile(1.5), "range": StudentizedRange{}.CDF(1), "groups": StudentizedRange{Groups: 1, DF: 3}.Quantile(0.5),
	} {
		if !math.IsNaN(v) {
			t.Errorf("%s: %v, want NaN", name, v)
		}
	}
}

func TestBootstrap(t *testing.T) {
	x := readReference(t).R.BCa.X
	average := func(rows []int) float64 {
		sum := 0.0
		for _, i := range rows {
			sum += x[i]
		}
		return sum / float64(len(rows))
	}
	a := must(Bootstrap(len(x), average, BootstrapOptions{Seed: 3, Resamples: 20000}))
	b := must(Bootstrap(len(x), average, BootstrapOptions{Seed: 3, Resamples: 20000}))
	c := must(Bootstrap(len(x), average, BootstrapOptions{Seed: 4, Resamples: 20000}))
	if a.Low != b.Low || a.High != b.High || a.StdErr != b.StdErr {
		t.Errorf("same seed: %v and %v", a, b)
	}
	if a.StdErr == c.StdErr {
		t.Error("another seed gives the same replicates")
	}
	// R's boot.ci with 999 resamples: 3.18 to 6.81. The standard error of a resampled mean is known.
	if math.Abs(a.Low-3.18) > 0.1 || math.Abs(a.High-6.81) > 0.2 {
		t.Errorf("%v to %v", a.Low, a.High)
	}
	_, std := meanStd(x)
	near(t, "standard error", a.StdErr, std*math.Sqrt(float64(len(x)-1))/float64(len(x)), 0.02)
	if !math.IsNaN(a.P) {
		t.Errorf("p = %v of a bootstrap", a.P)
	}
	calls := 0
	some := must(Bootstrap(len(x), func(rows []int) float64 {
		if calls++; calls%10 == 0 {
			return math.NaN()
		}
		return average(rows)
	}, BootstrapOptions{Kind: Percentile}))
	if !strings.Contains(strings.Join(some.Notes, " "), "undefined") {
		t.Errorf("notes %v", some.Notes)
	}
	equal := must(Bootstrap(5, func([]int) float64 { return 2 }, BootstrapOptions{}))
	if !equal.Constant || equal.Low != 2 || equal.High != 2 {
		t.Errorf("constant: %+v", equal)
	}
}

// Grouped jackknife values of many rows give the acceleration of single ones.
func TestAccelerationOfGroups(t *testing.T) {
	const n = 20000
	g := rand.New(rand.NewPCG(8, 1))
	x := make([]float64, n)
	for i := range x {
		x[i] = g.ExpFloat64()
	}
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	single := make([]float64, n)
	for i, v := range x {
		single[i] = (sum - v) / (n - 1)
	}
	groups := leaveOut(n, func(rows []int) float64 {
		s := 0.0
		for _, i := range rows {
			s += x[i]
		}
		return s / float64(len(rows))
	}, g)
	if a, b := acceleration(single), acceleration(groups); len(groups) != mostJackknife || math.Abs(a-b) > a/3 {
		t.Errorf("acceleration %v, of %d groups %v", a, len(groups), b)
	}
}

// With one positive difference and no region, less is never; with the region below it, greater
// wins if the weight of the prior's 0 is below sqrt(1/2): a Beta(1/2, 1) has P(w < x) = sqrt(x).
func TestSignedRankOfOne(t *testing.T) {
	b, err := BayesSignedRank([]float64{1}, 0.6, SignedRankOptions{Draws: 200000, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	// 0+1 is within ±1.2, so that greater needs w1² > 1/2.
	want := math.Sqrt(1 - math.Sqrt(0.5))
	if math.Abs(b.Greater-want) > 0.006 || b.Less != 0 || math.Abs(b.Greater+b.Same-1) > 1e-9 {
		t.Errorf("%+v, want greater %v", b.String(), want)
	}
	b, err = BayesSignedRank([]float64{1}, 0, SignedRankOptions{})
	if err != nil || math.Abs(b.Greater-1) > 1e-9 {
		t.Errorf("%v, %v", b, err)
	}
	again, err := BayesSignedRank([]float64{1, 2, -3}, 0.1, SignedRankOptions{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	twice, _ := BayesSignedRank([]float64{1, 2, -3}, 0.1, SignedRankOptions{Seed: 5})
	if !slices.Equal(again.Samples, twice.Samples) {
		t.Error("same seed, other draws")
	}
	zero, err := BayesSignedRank([]float64{0, 0}, 0, SignedRankOptions{})
	if err != nil || math.Abs(zero.Same-1) > 1e-9 || !zero.Constant {
		t.Errorf("zeros: %v, %v", zero, err)
	}
}
