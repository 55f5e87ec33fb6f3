package crossval

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/seed732fc211/aegis/crossval/stats"
)

// Across compares models over several data sets, as Demsar, "Statistical Comparisons of
// Classifiers over Multiple Data Sets" (Journal of Machine Learning Research 7, 2006)
// recommends: by ranks, since scores of different data sets have no common scale. It is the
// single source of the numbers of its table, file and figure.
type Across struct {
	Metric  string
	Greater bool
	Sets    []string
	Models  []string
	Scores  [][]float64 // the mean over the folds of every set (row) and model (column)

	Friedman      stats.Test
	ImanDavenport stats.Test
	Ranking       stats.Ranking // of Nemenyi; for a critical-difference diagram
	Pairs         []SetPair     // of every two models, in order
}

// SetPair compares two models over the data sets.
type SetPair struct {
	First, Second string
	stats.Test            // Wilcoxon's signed rank test of the differences first − second
	PHolm         float64 // P adjusted for the number of pairs
	Region        float64
	// Belief holds the probabilities that the first is worse, practically equal and better by
	// the Bayesian signed rank test; of a metric of which less is better, differences are
	// turned, so that Greater always means that the first is better.
	Belief stats.Belief
}

// CompareSets compares the candidates that all results have a complete run of, in the order of
// the first result, by the mean of a metric over the folds; a metric of "" is the first of the
// first result. Region is the difference that does not matter in practice.
//
// It is an error if there are fewer than 2 results or common candidates, if results lack the
// metric or a score is not defined, if a name of a set occurs twice, or if the region is
// negative or not finite.
func CompareSets(results []*Result, metric string, region float64) (*Across, error) {
	if len(results) < 2 || slices.Contains(results, nil) {
		return nil, fmt.Errorf("crossval: a comparison over %d data sets: want 2 or more, and none that is nil", len(results))
	}
	if !finiteAtLeast0(region) {
		return nil, fmt.Errorf("crossval: a region of %v: want a finite number of at least 0", region)
	}
	a := &Across{}
	for _, c := range results[0].Candidates {
		if !slices.ContainsFunc(results, func(r *Result) bool { return !r.Complete(c.Name) }) {
			a.Models = append(a.Models, c.Name)
		}
	}
	if len(a.Models) < 2 {
		return nil, fmt.Errorf("crossval: %d candidates have all folds of all data sets: want 2 or more", len(a.Models))
	}
	for _, r := range results {
		m, ok := r.metric(metric)
		if !ok {
			return nil, fmt.Errorf("crossval: %s: there is no metric %q", r.Data.Name, metric)
		}
		metric = r.Metrics[m].Name
		if slices.Contains(a.Sets, r.Data.Name) {
			return nil, fmt.Errorf("crossval: two results are of the data set %q", r.Data.Name)
		}
		a.Metric, a.Greater = metric, r.Metrics[m].Greater
		a.Sets = append(a.Sets, r.Data.Name)
		var row []float64
		for _, c := range a.Models {
			v := r.Mean(c, metric)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("crossval: %s: the %s of %s is %v", r.Data.Name, metric, c, v)
			}
			row = append(row, v)
		}
		a.Scores = append(a.Scores, row)
	}
	return a, a.test(region)
}

// test runs the tests.
func (a *Across) test(region float64) error {
	better := make([][]float64, len(a.Scores)) // greater is better
	for i, row := range a.Scores {
		better[i] = slices.Clone(row)
		for j := range better[i] {
			if !a.Greater {
				better[i][j] = -better[i][j]
			}
		}
	}
	var err error
	if a.Friedman, err = stats.Friedman(better, 0); err != nil {
		return err
	}
	if a.ImanDavenport, err = stats.ImanDavenport(better, 0); err != nil {
		return err
	}
	if a.Ranking, err = stats.Nemenyi(better, 0); err != nil {
		return err
	}
	var p []float64
	for i := range a.Models {
		for j := i + 1; j < len(a.Models); j++ {
			pair := SetPair{First: a.Models[i], Second: a.Models[j], Region: region}
			d, turned := make([]float64, len(better)), make([]float64, len(better))
			for k := range d {
				d[k], turned[k] = a.Scores[k][i]-a.Scores[k][j], better[k][i]-better[k][j]
			}
			if pair.Test, err = stats.Wilcoxon(d, stats.WilcoxonOptions{Zeros: stats.PrattZeros}); err != nil {
				return err
			}
			if pair.Belief, err = stats.BayesSignedRank(turned, region, stats.SignedRankOptions{}); err != nil {
				return err
			}
			a.Pairs, p = append(a.Pairs, pair), append(p, pair.P)
		}
	}
	adjusted, err := stats.Holm(p)
	for i := range a.Pairs {
		a.Pairs[i].PHolm = adjusted[i]
	}
	return err
}

// Verdict describes the outcome of a pair in words: whether they differ by Wilcoxon's test,
// adjusted by Holm, and the probabilities of the Bayesian one.
func (a *Across) Verdict(pair int) string {
	if a == nil || pair < 0 || pair >= len(a.Pairs) {
		return ""
	}
	p := &a.Pairs[pair]
	finding := fmt.Sprintf("%s and %s: no evidence that they differ", p.First, p.Second)
	switch first := p.Size > 0 == a.Greater; {
	case !(p.PHolm < Level):
	case first:
		finding = fmt.Sprintf("%s is better than %s", p.First, p.Second)
	default:
		finding = fmt.Sprintf("%s is worse than %s", p.First, p.Second)
	}
	tested := pValue("p", p.P)
	if len(a.Pairs) > 1 {
		tested += ", " + pValue(fmt.Sprintf("Holm-adjusted for %d pairs p", len(a.Pairs)), p.PHolm)
	}
	return fmt.Sprintf("%s (%s %s, %.4g%% CI %s to %s, rank-biserial r = %.2f, %s; better with probability %.2f, practically equal %.2f, worse %.2f)",
		finding, signed(p.Estimate), a.Metric, 100*p.Confidence, plain(p.Low), plain(p.High), p.Size, tested, p.Belief.Greater, p.Belief.Same, p.Belief.Less)
}

// Table writes the scores, the mean ranks, the tests of all models and the verdict of every
// pair.
func (a *Across) Table() string {
	if a == nil || len(a.Ranking.Mean) != len(a.Models) || len(a.Scores) != len(a.Sets) {
		return ""
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n", a.Metric, strings.Join(a.Models, "\t"))
	for i, set := range a.Sets {
		fmt.Fprint(w, set)
		for _, v := range a.Scores[i] {
			fmt.Fprintf(w, "\t%s", digitsOf(math.Abs(v))(v))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "mean rank")
	for _, v := range a.Ranking.Mean {
		fmt.Fprintf(w, "\t%.2f", v)
	}
	fmt.Fprintln(w)
	w.Flush() // writing to a strings.Builder cannot fail
	fmt.Fprintf(&b, "\n%s\n%s\nmean ranks that differ by more than %.2f differ (Nemenyi)\n", a.Friedman, a.ImanDavenport, a.Ranking.Critical)
	for i := range a.Pairs {
		fmt.Fprintf(&b, "  %s\n", a.Verdict(i))
	}
	return b.String()
}

// MarshalJSON writes the scores, the tests and the verdicts; numbers that are not defined are
// null.
func (a *Across) MarshalJSON() ([]byte, error) {
	if a == nil {
		return nil, errors.New("crossval: no comparison")
	}
	type test struct {
		Method    string   `json:"method"`
		Statistic *float64 `json:"statistic"`
		P         *float64 `json:"p"`
		Effect    string   `json:"effect"`
		Size      *float64 `json:"effect_size"`
	}
	type pair struct {
		First       string        `json:"first"`
		Second      string        `json:"second"`
		Difference  *float64      `json:"difference"`
		Low         *float64      `json:"low"`
		High        *float64      `json:"high"`
		P           *float64      `json:"p"`
		PHolm       *float64      `json:"p_holm"`
		Region      float64       `json:"region"`
		Probability probabilities `json:"probability"`
		Verdict     string        `json:"verdict"`
	}
	of := func(t stats.Test) test {
		return test{t.Method, defined(t.Statistic), defined(t.P), t.Effect, defined(t.Size)}
	}
	var pairs []pair
	for i := range a.Pairs {
		p := &a.Pairs[i]
		pairs = append(pairs, pair{p.First, p.Second, defined(p.Estimate), defined(p.Low), defined(p.High), defined(p.P), defined(p.PHolm), p.Region,
			probabilities{p.Belief.Greater, p.Belief.Same, p.Belief.Less}, a.Verdict(i)})
	}
	return json.Marshal(struct {
		Metric   string      `json:"metric"`
		Greater  bool        `json:"greater"`
		Sets     []string    `json:"sets"`
		Models   []string    `json:"models"`
		Scores   [][]float64 `json:"scores"`
		Ranks    []float64   `json:"mean_ranks"`
		Critical *float64    `json:"critical_difference"`
		Tests    []test      `json:"tests"`
		Pairs    []pair      `json:"pairs"`
	}{a.Metric, a.Greater, a.Sets, a.Models, a.Scores, a.Ranking.Mean, defined(a.Ranking.Critical), []test{of(a.Friedman), of(a.ImanDavenport)}, pairs})
}
