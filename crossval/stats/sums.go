package stats

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
)

// SumsOptions are the settings of [BootstrapSums], [PairedBootstrap] and [ApproximateRandomization].
// The zero value takes each row on its own; intervals are 95% BCa.
type SumsOptions struct {
	Clusters   []int         // of each row, such as its document: rows of one are drawn or exchanged together. nil: each row is its own
	Kind       BootstrapKind // of an interval; default: BCa
	Resamples  int           // 0: 2000, or 10,000 of ApproximateRandomization; at most 1e6
	Seed       uint64        // same seed, same result
	Confidence float64       // 0: 0.95
}

// BootstrapSums is the interval of [Bootstrap] for a score of a corpus that depends on its rows,
// such as sentences, by sums alone: BLEU by its counts, perplexity by log-probabilities and tokens,
// a mean by values and their number (metrics.Sums). rows[i] holds the numbers of one row, and
// score is given their sums over a corpus; it must not keep or change the slice. Nothing is counted
// anew in a resample.
//
// Sentences of one text are alike, so an interval that draws them one by one is too narrow: give
// the text of each as its cluster. Whole clusters are drawn then, as many as there are, and the
// jackknife of BCa leaves out one at a time.
//
// It is an error if there are fewer than 2 rows or clusters, if rows differ in length, if a number is
// not finite, and otherwise as in [Bootstrap].
func BootstrapSums(rows [][]float64, score func(sums []float64) float64, o SumsOptions) (Test, error) {
	const what = "bootstrap of sums"
	c, err := clustered(what, rows, o.Clusters, score)
	if err != nil {
		return Test{}, err
	}
	t, _, err := c.resample(what, o, score)
	return t, err
}

// PairedBootstrap compares two systems on the same rows: Koehn, "Statistical Significance Tests for
// Machine Translation Evaluation", EMNLP 2004. The arguments are those of [BootstrapSums], and
// the rows of both are drawn together. The estimate is the score of the first less that of the
// second, with its interval. The effect size is Koehn's: the share of resamples in which the first
// has the higher score, ties counting half. P is that of the differences moved to a mean of 0, where
// the hypothesis of no difference has them (Riezler & Maxwell, "On Some Pitfalls in Automatic
// Evaluation and Significance Testing for MT", 2005):
//
//	(1 + number of |d - mean of d| >= |estimate|) / (1 + resamples)
//
// Of few rows or clusters P is too small: [ApproximateRandomization] is exact then. In 4,000
// simulations of 60 texts with 1 to 9 sentences each, intervals by text held the true difference in
// 93.4% (BCa) and 93.9% (percentile) for a nominal 95%, those by sentence in 75%; without a difference
// P was below 0.05 in 6.2%, and in 4.9% of approximate randomization (TestCoverageOfSums takes 600).
//
// If the systems differ in no resample, P is 1; if by the same amount in all, NaN; Constant is set in
// both cases. It tests two given systems: what training them again would do is not in it. Errors
// are as in [BootstrapSums]; both need rows of one kind.
func PairedBootstrap(first, second [][]float64, score func(sums []float64) float64, o SumsOptions) (Test, error) {
	const what = "paired bootstrap"
	both, err := paired(what, first, second)
	if err != nil {
		return Test{}, err
	}
	c, err := clustered(what, both, o.Clusters, score)
	if err != nil {
		return Test{}, err
	}
	t, replicates, err := c.resample(what, o, func(sums []float64) float64 { return difference(score, sums) })
	if err != nil {
		return Test{}, err
	}
	t.Of, t.Effect = "difference of scores", "share of resamples won"
	t.P, t.Size = movedP(t.Estimate, replicates)
	if t.Constant {
		t.P = constantP(t.Estimate)
	}
	return t, nil
}

// constantP is the p-value of a difference without variance.
func constantP(estimate float64) float64 {
	if estimate == 0 {
		return 1
	}
	return math.NaN()
}

// movedP returns the p-value of differences, moved to a mean of 0, and the share of them above 0.
// Those that are not finite do not count.
func movedP(estimate float64, differences []float64) (p, won float64) {
	sum, n := 0.0, 0.0
	for _, d := range differences {
		if !math.IsNaN(d - d) {
			sum += d
			n++
			won += half(d > 0, d == 0)
		}
	}
	extreme := 0.0
	for _, d := range differences {
		if !math.IsNaN(d-d) && math.Abs(d-sum/n) >= math.Abs(estimate) {
			extreme++
		}
	}
	return (extreme + 1) / (n + 1), won / n
}

// half is 1, 0.5 of a tie, or 0.
func half(won, tied bool) float64 {
	switch {
	case won:
		return 1
	case tied:
		return 0.5
	}
	return 0
}

// ApproximateRandomization tests whether two systems have the same score on the same rows: Riezler &
// Maxwell, 2005, after Noreen, "Computer-Intensive Methods for Testing Hypotheses", 1989. The
// arguments are those of [PairedBootstrap]. If there is no difference, what the systems give for a
// row may be exchanged: each row, or cluster, is exchanged with probability 1/2, and
//
//	P = (1 + number of |d| >= |estimate|) / (1 + resamples),
//
// d being the difference of the scores then. If all ways to exchange, 2 to the number of rows or
// clusters, are no more than the resamples, each is taken once, and P is their exact share. It has no
// interval; [PairedBootstrap] has. A d that is NaN counts as extreme, and the notes say how often.
// Errors are as in [PairedBootstrap]; one row is enough.
func ApproximateRandomization(first, second [][]float64, score func(sums []float64) float64, o SumsOptions) (Test, error) {
	const what = "approximate randomization"
	both, err := paired(what, first, second)
	if err != nil {
		return Test{}, err
	}
	c, err := clustered(what, both, o.Clusters, score)
	if err != nil {
		return Test{}, err
	}
	switch {
	case o.Resamples < 0 || o.Resamples > 1e6:
		return Test{}, fmt.Errorf("stats: %s: want up to 1e6 resamples, have %d", what, o.Resamples)
	case o.Resamples == 0:
		o.Resamples = 10_000
	}
	estimate := difference(score, c.sum)
	if math.IsNaN(estimate) || math.IsInf(estimate, 0) {
		return Test{}, fmt.Errorf("stats: %s: the difference of the scores of all rows is %v", what, estimate)
	}
	t := blank(what, c.n, c.counted)
	t.Of, t.Estimate = "difference of scores", estimate
	c.note(&t)
	e := exchange{c: c, score: score, sums: make([]float64, c.width)}
	e.most = math.Abs(estimate) - rounding*math.Abs(score(c.sum[:c.width/2:c.width/2]))
	if c.n < bits.UintSize-1 && 1<<c.n <= o.Resamples {
		t.Method += ", exact"
		t.P = e.all()
	} else {
		t.P = e.some(o.Resamples, rand.New(rand.NewPCG(o.Seed, 0x7265696c6d617877)))
		t.Notes = append(t.Notes, fmt.Sprintf("%d resamples.", o.Resamples))
	}
	if e.undefined > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("The scores of %d resamples are undefined, which count as extreme.", e.undefined))
	}
	return t, nil
}

// exchange computes differences of two systems some of whose clusters are exchanged.
type exchange struct {
	c         *clusters
	score     func(sums []float64) float64
	sums      []float64
	most      float64 // differences from this on are extreme: the estimate, less what rounding makes
	undefined int
}

// extreme reports whether the difference is extreme if clusters are exchanged.
func (e *exchange) extreme(exchanged func(cluster int) bool) bool {
	copy(e.sums, e.c.sum)
	half := e.c.width / 2
	for i := range e.c.n {
		if !exchanged(i) {
			continue
		}
		row := e.c.row(i)
		for j, a := range row[:half] {
			b := row[half+j]
			e.sums[j] += b - a
			e.sums[half+j] += a - b
		}
	}
	d := difference(e.score, e.sums)
	if d != d {
		e.undefined++
	}
	return !(math.Abs(d) < e.most)
}

// all returns the share of extreme differences among all.
func (e *exchange) all() float64 {
	extreme := 0
	for ways := range 1 << e.c.n {
		if e.extreme(func(i int) bool { return ways>>i&1 == 1 }) {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<e.c.n)
}

// some returns the p-value of random exchanges.
func (e *exchange) some(resamples int, g *rand.Rand) float64 {
	extreme := 0
	for range resamples {
		var coins uint64
		if e.extreme(func(i int) bool {
			if i%64 == 0 {
				coins = g.Uint64()
			}
			return coins>>(i%64)&1 == 1
		}) {
			extreme++
		}
	}
	return float64(extreme+1) / float64(resamples+1)
}

// difference returns the score of the first half of sums less that of the second.
func difference(score func(sums []float64) float64, sums []float64) float64 {
	half := len(sums) / 2
	return score(sums[:half:half]) - score(sums[half:])
}

// paired returns the rows of both systems side by side.
func paired(what string, first, second [][]float64) ([][]float64, error) {
	if len(first) != len(second) {
		return nil, fmt.Errorf("stats: %s needs the same rows, have %d and %d", what, len(first), len(second))
	}
	both := make([][]float64, len(first))
	for i, row := range first {
		if len(second[i]) != len(row) {
			return nil, fmt.Errorf("stats: %s: row %d has %d numbers in the first system and %d in the second", what, i, len(row), len(second[i]))
		}
		both[i] = append(append(make([]float64, 0, 2*len(row)), row...), second[i]...)
	}
	return both, nil
}

// clusters are sums of the numbers of rows, by cluster.
type clusters struct {
	n, width int
	of       []float64 // (n, width)
	sum      []float64 // of all
	rows     int
	counted  string // "rows", "clusters"
}

// clustered sums rows by cluster, in the order of their first rows.
func clustered(what string, rows [][]float64, of []int, score func(sums []float64) float64) (*clusters, error) {
	switch {
	case score == nil:
		return nil, fmt.Errorf("stats: %s: the score is nil", what)
	case len(rows) == 0:
		return nil, fmt.Errorf("stats: %s needs rows, have none", what)
	case of != nil && len(of) != len(rows):
		return nil, fmt.Errorf("stats: %s: %d rows, and the clusters of %d", what, len(rows), len(of))
	case len(rows[0]) == 0:
		return nil, fmt.Errorf("stats: %s: the rows have no numbers", what)
	}
	c := &clusters{width: len(rows[0]), sum: make([]float64, len(rows[0])), rows: len(rows), counted: "rows"}
	if of != nil {
		c.counted = "clusters"
	}
	at := map[int]int{}
	for i, row := range rows {
		if len(row) != c.width {
			return nil, fmt.Errorf("stats: %s: row %d has %d numbers, row 0 has %d", what, i, len(row), c.width)
		}
		k, known := c.n, false
		if of != nil {
			k, known = at[of[i]]
		}
		if !known {
			k, c.n = c.n, c.n+1
			c.of = append(c.of, make([]float64, c.width)...)
			if of != nil {
				at[of[i]] = k
			}
		}
		for j, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("stats: %s: number %d of row %d is %v", what, j, i, v)
			}
			c.of[k*c.width+j] += v
			c.sum[j] += v
		}
	}
	return c, nil
}

func (c *clusters) row(i int) []float64 { return c.of[i*c.width : (i+1)*c.width : (i+1)*c.width] }

// note says what was drawn together.
func (c *clusters) note(t *Test) {
	if c.counted == "clusters" {
		t.Notes = append(t.Notes, fmt.Sprintf("%d rows in %d clusters, which are taken whole.", c.rows, c.n))
	}
}

// resample returns the interval of a statistic of sums, and its replicates.
func (c *clusters) resample(what string, o SumsOptions, statistic func(sums []float64) float64) (Test, []float64, error) {
	switch {
	case c.n < 2:
		return Test{}, nil, fmt.Errorf("stats: %s: want 2 %s or more, have %d", what, c.counted, c.n)
	case o.Resamples < 0 || o.Resamples > 1e6:
		return Test{}, nil, fmt.Errorf("stats: %s: want up to 1e6 resamples, have %d", what, o.Resamples)
	case o.Resamples == 0:
		o.Resamples = 2000
	}
	if _, err := level(o.Confidence); err != nil {
		return Test{}, nil, err
	}
	var jackknife []float64
	if o.Kind == BCa {
		jackknife = c.leaveOut(statistic)
	}
	replicates := c.replicates(o, statistic)
	t, err := BootstrapReplicates(statistic(c.sum), replicates, jackknife, BootstrapOptions{Kind: o.Kind, Confidence: o.Confidence})
	if err != nil {
		return Test{}, nil, fmt.Errorf("%w (%s)", err, what)
	}
	t.N, t.Counted, t.Of = c.n, c.counted, "score"
	t.Method = what + t.Method[len("bootstrap"):]
	c.note(&t)
	return t, replicates, nil
}

// leaveOut returns the statistic without each cluster.
func (c *clusters) leaveOut(statistic func(sums []float64) float64) []float64 {
	values, sums := make([]float64, c.n), make([]float64, c.width)
	for i := range values {
		for j, v := range c.row(i) {
			sums[j] = c.sum[j] - v
		}
		values[i] = statistic(sums)
	}
	return values
}

// replicates returns the statistic of as many clusters as there are, drawn with replacement; the
// draws are those of Bootstrap with this seed.
func (c *clusters) replicates(o SumsOptions, statistic func(sums []float64) float64) []float64 {
	g := rand.New(rand.NewPCG(o.Seed, 0x626f6f7473747261))
	values, sums := make([]float64, o.Resamples), make([]float64, c.width)
	for r := range values {
		clear(sums)
		for range c.n {
			for j, v := range c.row(g.IntN(c.n)) {
				sums[j] += v
			}
		}
		values[r] = statistic(sums)
	}
	return values
}
