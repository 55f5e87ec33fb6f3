package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// sumsReference is testdata/sums.json, which sums.py makes by enumeration.
type sumsReference struct {
	First, Second    [][]float64
	Clusters         []int
	Exchange         exactP
	ExchangeClusters exactP `json:"exchange_clusters"`
	Draws            exactP
	DrawsClusters    exactP `json:"draws_clusters"`
}

type exactP struct {
	Estimate, P, Won, Std float64
	Sorted                []float64
}

// share returns the share of the exact distribution below a value.
func (e exactP) share(v float64) float64 {
	n, _ := slices.BinarySearch(e.Sorted, v)
	return float64(n) / float64(len(e.Sorted))
}

// bleu is BLEU of counts none of which is 0.
func bleu(s []float64) float64 {
	sum := min(0, 1-s[9]/s[8])
	for i := range 4 {
		sum += math.Log(s[i]/s[4+i]) / 4
	}
	return 100 * math.Exp(sum)
}

func ratioOf(s []float64) float64 { return s[0] / s[1] }

// ratios returns rows of a value and 1.
func ratios(values ...float64) (rows [][]float64) {
	for _, v := range values {
		rows = append(rows, []float64{v, 1})
	}
	return rows
}

// TestExchangesAreExact: of few rows or clusters P is that of all exchanges, and that of random ones
// comes close: of 100,000, within 4 standard errors.
func TestExchangesAreExact(t *testing.T) {
	var r sumsReference
	read(t, "sums.json", &r)
	for _, c := range []struct {
		name     string
		clusters []int
		want     exactP
		n        int
		few      int // resamples that are fewer than the ways
	}{{"rows", nil, r.Exchange, 10, 1023}, {"clusters", r.Clusters, r.ExchangeClusters, 4, 15}} {
		exact := must(ApproximateRandomization(r.First, r.Second, bleu, SumsOptions{Clusters: c.clusters}))
		near(t, c.name, exact.P, c.want.P, 0)
		near(t, c.name, exact.Estimate, c.want.Estimate, 1e-12)
		if !strings.HasSuffix(exact.Method, "exact") || exact.N != c.n || exact.Counted != c.name || !math.IsNaN(exact.Low) {
			t.Errorf("%s: %v", c.name, exact)
		}
		drawn := must(ApproximateRandomization(r.First, r.Second, bleu, SumsOptions{Clusters: c.clusters, Resamples: c.few}))
		if strings.HasSuffix(drawn.Method, "exact") {
			t.Errorf("%s: %v", c.name, drawn)
		}
		e := exchange{score: bleu, sums: make([]float64, 20), most: math.Abs(exact.Estimate) - 1e-9}
		both, err := paired("", r.First, r.Second)
		if err != nil {
			t.Fatal(err)
		}
		if e.c, err = clustered("", both, c.clusters, bleu); err != nil {
			t.Fatal(err)
		}
		const resamples = 100_000
		if p := e.some(resamples, rand.New(rand.NewPCG(1, 2))); math.Abs(p-c.want.P) > 4*math.Sqrt(c.want.P/resamples) {
			t.Errorf("%s: p = %v of random exchanges, want %v", c.name, p, c.want.P)
		}
	}
}

// TestDrawsAreExact holds 200,000 resamples to the distribution of all draws.
func TestDrawsAreExact(t *testing.T) {
	var r sumsReference
	read(t, "sums.json", &r)
	for _, c := range []struct {
		name     string
		rows     int
		clusters []int
		want     exactP
	}{{"rows", 5, nil, r.Draws}, {"clusters", 10, r.Clusters, r.DrawsClusters}} {
		const resamples = 200_000
		test := must(PairedBootstrap(r.First[:c.rows], r.Second[:c.rows], bleu, SumsOptions{Clusters: c.clusters, Kind: Percentile, Resamples: resamples, Seed: 7, Confidence: 0.9}))
		near(t, c.name+": estimate", test.Estimate, c.want.Estimate, 1e-12)
		near(t, c.name+": standard error", test.StdErr, c.want.Std, 0.01)
		for what, pair := range map[string][2]float64{"p": {test.P, c.want.P}, "won": {test.Size, c.want.Won}} {
			if math.Abs(pair[0]-pair[1]) > 4*0.5/math.Sqrt(resamples) {
				t.Errorf("%s: %s is %v, want %v", c.name, what, pair[0], pair[1])
			}
		}
		// The distribution is discrete: the bound lies between a share below it and one up to it.
		for _, b := range []struct{ bound, share float64 }{{test.Low, 0.05}, {test.High, 0.95}} {
			if below, upTo := c.want.share(b.bound-1e-6), c.want.share(b.bound+1e-6); below > b.share+0.002 || upTo < b.share-0.002 {
				t.Errorf("%s: %v has shares %v to %v below it, want %v", c.name, b.bound, below, upTo, b.share)
			}
		}
	}
}

// TestSumsByHand: on three rows the first system has 2, 1 and 0 more. The sum of ±2, ±1 and ±0 is as
// far from 0 as 3 if the first two signs are equal: 4 of 8 exchanges.
func TestSumsByHand(t *testing.T) {
	first, second := ratios(3, 2, 1), ratios(1, 1, 1)
	test := must(ApproximateRandomization(first, second, ratioOf, SumsOptions{}))
	if test.P != 0.5 || math.Abs(test.Estimate-1) > 1e-15 {
		t.Errorf("%v", test)
	}
	// As two clusters, rows 0 and 2, and row 1: differences 2 and 1, 2 of 4.
	if p := must(ApproximateRandomization(first, second, ratioOf, SumsOptions{Clusters: []int{9, -1, 9}})).P; p != 0.5 {
		t.Errorf("of two clusters: %v", p)
	}
	if p := must(ApproximateRandomization(first, second, ratioOf, SumsOptions{Clusters: []int{4, 4, 4}})).P; p != 1 {
		t.Errorf("of one cluster: %v", p)
	}
}

// TestSumsAreRows: a mean of sums has the interval of the bootstrap of rows.
func TestSumsAreRows(t *testing.T) {
	x := readReference(t).R.BCa.X
	average := func(rows []int) float64 {
		sum := 0.0
		for _, i := range rows {
			sum += x[i]
		}
		return sum / float64(len(rows))
	}
	for _, kind := range []BootstrapKind{BCa, Percentile, Basic} {
		a := must(Bootstrap(len(x), average, BootstrapOptions{Kind: kind, Seed: 5}))
		b := must(BootstrapSums(ratios(x...), ratioOf, SumsOptions{Kind: kind, Seed: 5}))
		near(t, "estimate", b.Estimate, a.Estimate, 1e-12)
		near(t, "low", b.Low, a.Low, 1e-9)
		near(t, "high", b.High, a.High, 1e-9)
		if b.N != a.N || b.Method != strings.Replace(a.Method, "bootstrap", "bootstrap of sums", 1) {
			t.Errorf("%v and %v", a, b)
		}
		// Clusters of one row each, by any numbers, change nothing.
		of := make([]int, len(x))
		for i := range of {
			of[i] = 100 - 7*i
		}
		c := must(BootstrapSums(ratios(x...), ratioOf, SumsOptions{Kind: kind, Seed: 5, Clusters: of}))
		if c.Low != b.Low || c.High != b.High || c.StdErr != b.StdErr {
			t.Errorf("clusters of one row: %v and %v", b, c)
		}
	}
}

func TestPairedSymmetry(t *testing.T) {
	var r sumsReference
	read(t, "sums.json", &r)
	o := SumsOptions{Seed: 3}
	a, b := must(PairedBootstrap(r.First, r.Second, bleu, o)), must(PairedBootstrap(r.Second, r.First, bleu, o))
	near(t, "estimate", b.Estimate, -a.Estimate, 1e-12)
	near(t, "p", b.P, a.P, 1e-12)
	near(t, "won", b.Size, 1-a.Size, 1e-12)
	if again := must(PairedBootstrap(r.First, r.Second, bleu, o)); fmt.Sprint(again) != fmt.Sprint(a) {
		t.Errorf("same seed: %v and %v", a, again)
	}
	if other := must(PairedBootstrap(r.First, r.Second, bleu, SumsOptions{Seed: 4})); other.StdErr == a.StdErr {
		t.Error("another seed gives the same resamples")
	}
}

// TestEqualSystems: no difference is a P of 1; one that is always the same has none.
func TestEqualSystems(t *testing.T) {
	rows, more := ratios(1, 0, 1, 1), ratios(3, 2, 3, 3)
	same := must(PairedBootstrap(rows, rows, ratioOf, SumsOptions{}))
	if same.P != 1 || !same.Constant || same.Estimate != 0 || same.Low != 0 || same.High != 0 || same.Size != 0.5 {
		t.Errorf("%v", same)
	}
	if p := must(ApproximateRandomization(rows, rows, ratioOf, SumsOptions{})).P; p != 1 {
		t.Errorf("p = %v of one system twice", p)
	}
	if apart := must(PairedBootstrap(more, rows, ratioOf, SumsOptions{Kind: Percentile})); !math.IsNaN(apart.P) || !apart.Constant || apart.Estimate != 2 || apart.Size != 1 {
		t.Errorf("%v", apart)
	}
}

// TestUndefinedScores: resamples without a score are left out of an interval and noted.
func TestUndefinedScores(t *testing.T) {
	rows := [][]float64{{1, 1}, {0, 0}, {3, 1}, {2, 1}}
	test := must(BootstrapSums(rows, ratioOf, SumsOptions{}))
	if !slices.ContainsFunc(test.Notes, func(n string) bool { return strings.Contains(n, "undefined for") }) || math.IsNaN(test.Low) {
		t.Errorf("%v %q", test, test.Notes)
	}
	exchanged := must(ApproximateRandomization([][]float64{{1, 1}, {0, 0}}, [][]float64{{0, 0}, {2, 1}}, func(s []float64) float64 { return s[0] / s[1] }, SumsOptions{}))
	// Four exchanges: as they are and both, |1 - 2|; of one row alone, 0/0 for a system.
	if exchanged.P != 1 || len(exchanged.Notes) != 1 || !strings.Contains(exchanged.Notes[0], "2 resamples are undefined") {
		t.Errorf("%v %q", exchanged, exchanged.Notes)
	}
}

func TestSumsRefuse(t *testing.T) {
	first := func(_ any, err error) error { return err }
	ok := ratios(1, 2, 3)
	nan := func([]float64) float64 { return math.NaN() }
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"none", first(BootstrapSums(nil, ratioOf, SumsOptions{})), "have none"},
		{"one", first(BootstrapSums(ok[:1], ratioOf, SumsOptions{})), "want 2 rows or more, have 1"},
		{"one cluster", first(BootstrapSums(ok, ratioOf, SumsOptions{Clusters: []int{3, 3, 3}})), "want 2 clusters or more, have 1"},
		{"clusters", first(BootstrapSums(ok, ratioOf, SumsOptions{Clusters: []int{3}})), "3 rows, and the clusters of 1"},
		{"nil", first(BootstrapSums(ok, nil, SumsOptions{})), "the score is nil"},
		{"empty rows", first(BootstrapSums([][]float64{{}, {}}, ratioOf, SumsOptions{})), "have no numbers"},
		{"ragged", first(BootstrapSums([][]float64{{1, 1}, {1}}, ratioOf, SumsOptions{})), "row 1 has 1 numbers, row 0 has 2"},
		{"NaN", first(BootstrapSums(ratios(1, math.NaN()), ratioOf, SumsOptions{})), "number 0 of row 1 is NaN"},
		{"resamples", first(BootstrapSums(ok, ratioOf, SumsOptions{Resamples: 2e6})), "have 2000000"},
		{"confidence", first(BootstrapSums(ok, ratioOf, SumsOptions{Confidence: 1})), "confidence"},
		{"kind", first(BootstrapSums(ok, ratioOf, SumsOptions{Kind: 7})), "no kind 7"},
		{"score", first(BootstrapSums(ok, nan, SumsOptions{})), "NaN"},
		{"paired: lengths", first(PairedBootstrap(ok, ok[:2], ratioOf, SumsOptions{})), "have 3 and 2"},
		{"paired: widths", first(PairedBootstrap(ok, [][]float64{{1, 1}, {1}, {1, 1}}, ratioOf, SumsOptions{})), "row 1 has 2 numbers in the first system and 1"},
		{"paired: nil", first(PairedBootstrap(ok, ok, nil, SumsOptions{})), "the score is nil"},
		{"randomization: none", first(ApproximateRandomization(nil, nil, ratioOf, SumsOptions{})), "have none"},
		{"randomization: nil", first(ApproximateRandomization(ok, ok, nil, SumsOptions{})), "the score is nil"},
		{"randomization: resamples", first(ApproximateRandomization(ok, ok, ratioOf, SumsOptions{Resamples: -1})), "have -1"},
		{"randomization: score", first(ApproximateRandomization(ok, ok, nan, SumsOptions{})), "is NaN"},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), "stats: ") || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, c.err, c.want)
		}
	}
}

// document draws a text of 1 to 9 sentences for two systems: losses and numbers of tokens, with a
// difficulty that sentences of the text share, and how much more the second loses.
func document(g *rand.Rand, difference float64) (first, second [][]float64) {
	hard, apart := math.Exp(0.5*g.NormFloat64()), 0.3*g.NormFloat64()
	for range 1 + g.IntN(9) {
		tokens := float64(5 + g.IntN(30))
		noise := func() float64 { return tokens * hard * math.Exp(0.2*g.NormFloat64()) }
		first = append(first, []float64{noise(), tokens})
		second = append(second, []float64{noise() + (difference+apart)*tokens, tokens})
	}
	return first, second
}

// TestCoverageOfSums: 60 texts in 600 simulations. Two standard errors of a share of 0.95 are 0.018.
// Intervals by text hold the true difference of losses a token in about 95%, those by sentence in
// far fewer, and tests of no difference find one in about 5%.
func TestCoverageOfSums(t *testing.T) {
	const simulations, texts, truth = 600, 60, -0.2
	g := rand.New(rand.NewPCG(20, 1))
	counted := map[string]int{}
	count := func(name string, is bool) {
		if is {
			counted[name]++
		}
	}
	for s := range simulations {
		var a, b, c [][]float64
		var of []int
		for k := range texts {
			first, second := document(g, -truth)
			a, b = append(a, first...), append(b, second...)
			for _, row := range second {
				c = append(c, []float64{row[0] + truth*row[1], row[1]})
				of = append(of, k)
			}
		}
		o := SumsOptions{Clusters: of, Resamples: 400, Seed: uint64(s)}
		holds := func(t Test) bool { return t.Low <= truth && truth <= t.High }
		count("BCa", holds(must(PairedBootstrap(a, b, ratioOf, o))))
		o.Kind = Percentile
		count("percentile", holds(must(PairedBootstrap(a, b, ratioOf, o))))
		count("paired bootstrap", must(PairedBootstrap(a, c, ratioOf, o)).P < 0.05)
		count("randomization", must(ApproximateRandomization(a, c, ratioOf, o)).P < 0.05)
		o.Clusters = nil
		count("percentile by sentence", holds(must(PairedBootstrap(a, b, ratioOf, o))))
		count("randomization by sentence", must(ApproximateRandomization(a, c, ratioOf, o)).P < 0.05)
	}
	for name, want := range map[string][2]float64{
		"BCa": {0.92, 0.97}, "percentile": {0.92, 0.97}, "paired bootstrap": {0.03, 0.08}, "randomization": {0.03, 0.07},
		"percentile by sentence": {0.4, 0.85}, "randomization by sentence": {0.15, 0.6},
	} {
		share := float64(counted[name]) / simulations
		t.Logf("%s: %.3f", name, share)
		if share < want[0] || share > want[1] {
			t.Errorf("%s: %.3f, want %v to %v", name, share, want[0], want[1])
		}
	}
}

// BenchmarkSums: 2,000 sentences with the 10 counts of BLEU, 1,000 resamples.
func BenchmarkSums(b *testing.B) {
	g := rand.New(rand.NewPCG(1, 1))
	rows := func() (out [][]float64) {
		for range 2000 {
			n := float64(10 + g.IntN(20))
			out = append(out, []float64{0.6 * n, 0.4 * n, 0.3 * n, 0.2 * n, n, n - 1, n - 2, n - 3, n, n})
		}
		return out
	}
	first, second := rows(), rows()
	for name, run := range map[string]func() (Test, error){
		"interval": func() (Test, error) { return BootstrapSums(first, bleu, SumsOptions{Resamples: 1000}) },
		"paired":   func() (Test, error) { return PairedBootstrap(first, second, bleu, SumsOptions{Resamples: 1000}) },
		"randomization": func() (Test, error) {
			return ApproximateRandomization(first, second, bleu, SumsOptions{Resamples: 1000})
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(run())
			}
		})
	}
}
