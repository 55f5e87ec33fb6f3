package crossval

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/crossval/stats"
	"gonum.org/v1/gonum/stat"
)

// Comparison compares one candidate, the reference, with another in one metric. It is the
// single source of the numbers and words of every table, page, figure and file.
type Comparison struct {
	Reference string
	Other     string
	Metric    string
	Greater   bool // greater is better

	// Test is of the differences reference − other, by the test that the design of the
	// validation allows; Why says why it is that one.
	stats.Test
	Why string

	PHolm float64 // P adjusted for the number of comparisons, see stats.Holm; NaN: there is no P
	Tests int     // number of comparisons that PHolm accounts for

	// Region is the difference that does not matter in practice, and Belief the probabilities
	// that the reference is worse, practically equal and better: see stats.BayesCorrelatedT.
	// Belief is nil if the folds do not allow it.
	Region float64
	Belief *stats.Belief
	// NonInferior tests whether the reference is worse by less than Margin, that of
	// CompareOptions; nil: there is none.
	Margin      float64
	NonInferior *stats.Test
	// Detectable is the smallest true difference that the corrected t-test finds with a power of
	// 80%, as a single comparison, if folds vary as they did; NaN: it is not known.
	Detectable float64

	// Excludes is set if there is no P and the interval at the level that Tests leaves to one
	// comparison does not hold 0. It then decides in place of PHolm.
	Excludes bool
}

// Level is the significance level that [Comparison.Verdict] applies to the adjusted p-value.
const Level = 0.05

// CompareOptions are the settings of [CompareWith].
type CompareOptions struct {
	Metric string // "": the first
	// Region is the difference that does not matter in practice, in units of the metric; 0: a
	// hundredth of the metric's range or, if that is not bounded, of the reference's mean.
	Region float64
	// Margin is for a test of non-inferiority: the reference may be worse by less than this.
	// It is to be chosen before the results are seen. 0: none.
	Margin float64
}

// Compare is [CompareWith] with a metric and otherwise the defaults.
func Compare(r *Result, reference, metric string) ([]Comparison, error) {
	return CompareWith(r, reference, CompareOptions{Metric: metric})
}

// CompareWith compares the reference with every other candidate that has a run for every fold,
// in the order of the candidates, with the test that the design allows:
//
//   - 5 times 2 folds: the combined 5x2cv F-test (Alpaydin 1999).
//   - Any other number of folds above 1: the corrected resampled t-test (Nadeau & Bengio 2003)
//     on the differences fold by fold.
//   - One split: a test of the rows of this one split, which says nothing about training on
//     other rows: for accuracy McNemar's (mid-p), for the ROC AUC of two classes DeLong's, and
//     for any other metric the BCa bootstrap interval of the difference, without a p-value.
//
// P is for the single comparison; PHolm accounts for all of them.
//
// It is an error if there is no such reference, metric or other candidate, if the reference
// lacks a fold, or if an option is negative or not finite. A candidate that lacks a fold or
// has undefined scores is left out; if that leaves none, it is an error.
func CompareWith(r *Result, reference string, o CompareOptions) ([]Comparison, error) {
	if r == nil {
		return nil, errors.New("crossval: the result is nil")
	}
	m, ok := r.metric(o.Metric)
	if !ok {
		return nil, fmt.Errorf("crossval: there is no metric %q", o.Metric)
	}
	if !finiteAtLeast0(o.Region) || !finiteAtLeast0(o.Margin) {
		return nil, fmt.Errorf("crossval: a region of %v, a margin of %v: want finite numbers of at least 0", o.Region, o.Margin)
	}
	name := r.Metrics[m].Name
	if !slices.ContainsFunc(r.Candidates, func(c CandidateInfo) bool { return c.Name == reference }) {
		names := make([]string, len(r.Candidates))
		for i, c := range r.Candidates {
			names[i] = c.Name
		}
		return nil, fmt.Errorf("crossval: there is no candidate %q; there are %s", reference, strings.Join(names, ", "))
	}
	if !r.Complete(reference) {
		return nil, fmt.Errorf("crossval: candidate %q does not have a run for each of %d folds", reference, len(r.Splits))
	}
	ours := r.Scores(reference, name)
	if hasNaN(ours) {
		return nil, fmt.Errorf("crossval: the %s of %s is not defined in every fold", name, reference)
	}
	if o.Region == 0 {
		o.Region = r.region(m, reference)
	}
	var all []Comparison
	for _, c := range r.Candidates {
		if c.Name == reference || !r.Complete(c.Name) || hasNaN(r.Scores(c.Name, name)) {
			continue
		}
		all = append(all, Comparison{Reference: reference, Other: c.Name, Metric: name, Greater: r.Metrics[m].Greater, Region: o.Region, Detectable: math.NaN()})
	}
	if all == nil {
		return nil, errNoOther
	}
	p := make([]float64, len(all))
	for i := range all {
		all[i].Tests = len(all)
		if err := r.compare(&all[i], o.Margin); err != nil {
			return nil, fmt.Errorf("%w (%s of %s and %s)", err, name, reference, all[i].Other)
		}
		p[i] = all[i].P
	}
	adjusted, err := stats.Holm(p)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].PHolm = adjusted[i]
	}
	return all, nil
}

func finiteAtLeast0(v float64) bool { return v >= 0 && !math.IsInf(v, 1) }

// region returns the default of CompareOptions.Region.
func (r *Result) region(metric int, reference string) float64 {
	const share = 0.01
	if b := r.Metrics[metric].Range; b[0] < b[1] && !math.IsInf(b[0], 0) && !math.IsInf(b[1], 0) {
		return share * (b[1] - b[0])
	}
	mean, _ := meanStd(r.Scores(reference, r.Metrics[metric].Name))
	return share * math.Abs(mean)
}

// compare fills in the tests of a comparison.
func (r *Result) compare(c *Comparison, margin float64) error {
	if len(r.Splits) == 1 {
		return r.compareRows(c)
	}
	ours, theirs := r.Scores(c.Reference, c.Metric), r.Scores(c.Other, c.Metric)
	d := make([]float64, len(ours))
	for i := range d {
		d[i] = ours[i] - theirs[i]
	}
	ratio := r.testOverTrain()
	var err error
	if halves := r.fiveByTwo(d); halves != nil {
		c.Why = "Alpaydin 1999: made for 5 times 2 folds"
		c.Test, err = stats.CV5x2F(halves, 0)
		if err == nil && c.Constant && slices.Max(d) > slices.Min(d) {
			c.Why = "Nadeau & Bengio 2003, as the halves agree in every repeat, which leaves the 5x2cv test no variance"
			c.Test, err = stats.CorrectedTTest(d, ratio, 0)
		}
	} else {
		c.Why = "Nadeau & Bengio 2003: folds share training rows"
		c.Test, err = stats.CorrectedTTest(d, ratio, 0)
	}
	if err != nil {
		return err
	}
	belief, err := stats.BayesCorrelatedT(d, ratio, c.Region)
	if err != nil {
		return err
	}
	c.Belief = &belief
	if _, std := meanStd(d); !c.Constant && std > 0 {
		if c.Detectable, err = stats.DetectableDifference(std, len(d), ratio, 0, 0); err != nil {
			return err
		}
	}
	if margin > 0 {
		better := slices.Clone(d)
		for i := range better {
			if !c.Greater {
				better[i] = -better[i]
			}
		}
		t, err := stats.NonInferiority(better, ratio, margin, 0)
		if err != nil {
			return err
		}
		c.Margin, c.NonInferior = margin, &t
	}
	return nil
}

// fiveByTwo returns the differences of 5 times 2 folds, or nil if these are other folds.
func (r *Result) fiveByTwo(d []float64) [][2]float64 {
	if len(r.Splits) != 10 {
		return nil
	}
	out := make([][2]float64, 5)
	for i, s := range r.Splits {
		if s.Repeat != i/2 || s.Fold != i%2 || s.Train != nil || 2*len(s.Test) < r.Data.Rows-1 || 2*len(s.Test) > r.Data.Rows+1 {
			return nil
		}
		out[i/2][i%2] = d[i]
	}
	return out
}

// Caveats describes the limits of the result's comparisons. With repeats on few rows the tests
// of folds find differences between equal models more often than their level: at 0.05 on 60
// rows 10 times 10 folds in 7 to 9% of simulations, 3 times 10 in 4 to 6%, 5 times 2 in 8%, and
// one repeat, or 200 rows, in fewer than 5% (docs/calibration.md). A class with fewer rows than
// there are folds is absent from some of them.
func (r *Result) Caveats() []string {
	if r == nil {
		return nil
	}
	var out []string
	liberal := ""
	switch repeats, rows := r.Repeats(), r.Data.Rows; {
	case repeats == 5 && len(r.Splits) == 10 && rows < 100:
		liberal = "8% in simulations of 5 times 2 folds on 60 rows"
	case repeats > 5 && rows < 200:
		liberal = "7 to 9% in simulations of 10 times 10 folds on 60 rows"
	case repeats > 1 && rows < 100:
		liberal = "4 to 6% in simulations of 3 times 10 folds on 60 rows"
	}
	if liberal != "" {
		out = append(out, fmt.Sprintf("With %d repeats on %d rows the test may find differences between equal models in more than 5%% of cases (%s): take fewer repeats, or a p-value near 0.05 for no evidence.", r.Repeats(), r.Data.Rows, liberal))
	}
	if len(r.Splits) == 1 {
		out = append(out, "One split: the tests hold for the models that were fitted and the rows at hand, and say nothing about training on other rows.")
	}
	for i := range r.Leaks {
		if text := r.Leaks[i].caveat(); text != "" {
			out = append(out, text)
		}
	}
	return append(out, r.rareClasses()...)
}

// PowerNote says which differences the validation can find, from the median over the
// comparisons; "" if that is not known.
func PowerNote(list []Comparison) string {
	var all []float64
	for i := range list {
		if !math.IsNaN(list[i].Detectable) {
			all = append(all, list[i].Detectable)
		}
	}
	if all == nil {
		return ""
	}
	slices.Sort(all)
	return fmt.Sprintf("These folds find a true difference of %s %s in 80%% of cases (median over the comparisons, from how much the differences of folds vary); smaller ones mostly stay unseen.",
		plain(stat.Quantile(0.5, stat.Empirical, all, nil)), list[0].Metric)
}

// Title says in one line what the list of comparisons is, and by which test.
func Title(list []Comparison) string {
	if len(list) == 0 {
		return ""
	}
	c := &list[0]
	text := fmt.Sprintf("%s of %s against each other model, %s (%s)", c.Metric, c.Reference, c.Method, c.Why)
	if len(list) > 1 && !math.IsNaN(c.P) {
		text += ", p adjusted by Holm"
	}
	return text + ":"
}

// rareClasses describes the classes that some folds do not test.
func (r *Result) rareClasses() []string {
	counts := make([]int, len(r.Data.Classes))
	for _, l := range r.Data.Labels {
		if l >= 0 && l < len(counts) {
			counts[l]++
		}
	}
	folds := 0
	for _, s := range r.Splits {
		folds = max(folds, s.Fold+1)
	}
	if folds == r.Data.Rows { // leave-one-out
		return nil
	}
	var rare []string
	for c, n := range counts {
		if n > 0 && n < folds {
			rare = append(rare, fmt.Sprintf("%s (%d)", r.Data.Classes[c], n))
		}
	}
	if rare == nil {
		return nil
	}
	const most = 8
	if len(rare) > most {
		rare = append(rare[:most], fmt.Sprintf("%d more", len(rare)-most))
	}
	return []string{fmt.Sprintf("Classes with fewer rows than the %d folds, which some of these do not test: %s. Scores of single classes are uncertain; fewer folds, or rare classes pooled, say more.", folds, strings.Join(rare, ", "))}
}

func hasNaN(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) {
			return true
		}
	}
	return false
}

// Better returns the name of the candidate that is better at [Level] by the adjusted
// p-value, or "" if there is no evidence that they differ. It is also "" if all folds differ
// by the same amount, because then no test is possible, and if an F-test finds that folds
// differ, but in no one direction: the interval of the mean holds 0.
func (c *Comparison) Better() string {
	switch {
	case c == nil || c.Constant || c.undirected():
		return ""
	case math.IsNaN(c.PHolm) && !c.Excludes, c.PHolm >= Level:
		return ""
	}
	return c.ahead()
}

// undirected reports whether an F-test, which knows no sign, is all that there is.
func (c *Comparison) undirected() bool { return c.Symbol == "F" && c.Low <= 0 && c.High >= 0 }

// ahead returns the candidate with the better mean.
func (c *Comparison) ahead() string {
	if (c.Estimate > 0) == c.Greater {
		return c.Reference
	}
	return c.Other
}

// Verdict describes the outcome of the comparison in words, with the interval of the
// difference and the effect size beside the p-value:
//
//	net and tree: no evidence that they differ (+0.004 accuracy, 95% CI -0.006 to 0.014, d = 0.26, p = 0.41)
//	net is better than tree (+0.012 accuracy, 95% CI 0.003 to 0.021, d = 0.98, p = 0.012)
//
// The difference is that of the candidate named first minus the other. With more than one
// test, the p-value is followed by the adjusted one, which decides; the interval is for the
// single comparison.
func (c *Comparison) Verdict() string {
	if c == nil {
		return ""
	}
	if c.Constant {
		return c.Finding()
	}
	sign := 1.0
	if c.Better() == c.Other {
		sign = -1
	}
	parts := []string{
		fmt.Sprintf("%s %s", c.differenceText(sign), c.Metric),
		fmt.Sprintf("%.4g%% CI %s", 100*c.Confidence, c.intervalText(sign)),
	}
	for _, text := range []string{c.effectText(sign), c.PText()} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return fmt.Sprintf("%s (%s)", c.Finding(), strings.Join(parts, ", "))
}

// DifferenceText formats the difference, reference minus other, as in +0.012.
func (c *Comparison) DifferenceText() string {
	if c == nil {
		return ""
	}
	return c.differenceText(1)
}

func (c *Comparison) differenceText(sign float64) string {
	return signed(sign * c.Estimate)
}

// IntervalText formats the interval of the difference, reference minus other, as in 0.003
// to 0.021; "" if there is none.
func (c *Comparison) IntervalText() string {
	if c == nil || c.Constant || math.IsNaN(c.Low) || math.IsNaN(c.High) {
		return ""
	}
	return c.intervalText(1)
}

func (c *Comparison) intervalText(sign float64) string {
	low, high := c.Low, c.High
	if sign < 0 {
		low, high = -c.High, -c.Low
	}
	return plain(low) + " to " + plain(high)
}

// EffectText formats the effect size, of reference minus other, as in d = 0.98; "" if there
// is none, or none that a verdict names.
func (c *Comparison) EffectText() string {
	if c == nil || c.Constant {
		return ""
	}
	return c.effectText(1)
}

func (c *Comparison) effectText(sign float64) string {
	name, size := effectSymbol(c.Effect), c.Size
	if name == "" || math.IsNaN(size) {
		return ""
	}
	switch {
	case sign > 0:
	case name == "odds ratio":
		size = 1 / size
	default:
		size = -size
	}
	return fmt.Sprintf("%s = %.2f", name, size)
}

// PText formats the p-value and, with more than one test, the adjusted one, as in p = 0.012,
// Holm-adjusted for 8 tests p = 0.084; "" if there is no p-value.
func (c *Comparison) PText() string {
	switch {
	case c == nil || c.Constant || math.IsNaN(c.P):
		return ""
	case c.Tests > 1:
		return pValue("p", c.P) + ", " + pValue(fmt.Sprintf("Holm-adjusted for %d tests p", c.Tests), c.PHolm)
	}
	return pValue("p", c.P)
}

// AdjustedText formats the adjusted p-value, which decides, as in p = 0.084; "" if there is
// none.
func (c *Comparison) AdjustedText() string {
	if c == nil || c.Constant || math.IsNaN(c.PHolm) {
		return ""
	}
	return pValue("p", c.PHolm)
}

// effectSymbol is the short name of an effect size; those of a single test are not worth one.
func effectSymbol(effect string) string {
	switch {
	case strings.HasPrefix(effect, "Cohen's d"), strings.HasPrefix(effect, "mean difference in standard deviations"):
		return "d"
	case strings.Contains(effect, "odds ratio"):
		return "odds ratio"
	case strings.Contains(effect, "Somers"):
		return "difference of Somers' D"
	}
	return ""
}

// Finding is the verdict without its numbers, such as "net is better than tree". Text,
// table, page and files all use it.
func (c *Comparison) Finding() string {
	if c == nil {
		return ""
	}
	switch {
	case c.Constant && c.Estimate == 0:
		return fmt.Sprintf("%s and %s: equal %s in every fold", c.Reference, c.Other, c.Metric)
	case c.Constant:
		return fmt.Sprintf("%s is ahead of %s by the same amount in every fold (%s %s): without variance there is no test",
			c.ahead(), c.behind(), plain(math.Abs(c.Estimate)), c.Metric)
	case c.undirected() && c.PHolm < Level:
		return fmt.Sprintf("%s and %s differ in folds, but in no one direction", c.Reference, c.Other)
	case c.Better() == "":
		return fmt.Sprintf("%s and %s: no evidence that they differ", c.Reference, c.Other)
	}
	return fmt.Sprintf("%s is better than %s", c.ahead(), c.behind())
}

// Practical says what the difference means in practice: the probabilities that the reference
// is better, practically equal and worse, and the outcome of the test of non-inferiority; ""
// if the folds do not allow it.
func (c *Comparison) Practical() string {
	if c == nil || c.Belief == nil || c.Belief.Constant {
		return ""
	}
	better, worse := c.Belief.Greater, c.Belief.Less
	if !c.Greater {
		better, worse = worse, better
	}
	text := fmt.Sprintf("%s is better than %s with probability %.2f, practically equal (within %s %s) with %.2f, worse with %.2f",
		c.Reference, c.Other, better, plain(c.Region), c.Metric, c.Belief.Same, worse)
	if t := c.NonInferior; t != nil && !math.IsNaN(t.P) {
		says := "not shown to be"
		if t.P < Level {
			says = "shown to be"
		}
		text += fmt.Sprintf("; %s non-inferior within %s (%s)", says, plain(c.Margin), pValue("one-sided p", t.P))
	}
	return text
}

// comparisonJSON is a Comparison in a file. Numbers that are not defined are null.
type comparisonJSON struct {
	Reference   string         `json:"reference"`
	Other       string         `json:"other"`
	Metric      string         `json:"metric"`
	Test        string         `json:"test"`
	Why         string         `json:"why"`
	Difference  *float64       `json:"difference"`
	Low         *float64       `json:"low"`
	High        *float64       `json:"high"`
	Statistic   *float64       `json:"statistic"`
	Effect      string         `json:"effect"`
	EffectSize  *float64       `json:"effect_size"`
	P           *float64       `json:"p"`
	PHolm       *float64       `json:"p_holm"`
	Region      float64        `json:"region"`
	Probability *probabilities `json:"probability"`
	Margin      *float64       `json:"margin"`
	NonInferior *float64       `json:"p_non_inferior"`
	Detectable  *float64       `json:"detectable"`
	Verdict     string         `json:"verdict"`
	Practical   string         `json:"practical"`
}

type probabilities struct {
	Better float64 `json:"better"`
	Same   float64 `json:"same"`
	Worse  float64 `json:"worse"`
}

// MarshalJSON writes the numbers and the words of the comparison; numbers that are not defined,
// or infinite, are null.
func (c Comparison) MarshalJSON() ([]byte, error) {
	j := comparisonJSON{
		Reference: c.Reference, Other: c.Other, Metric: c.Metric, Test: c.Method, Why: c.Why, Difference: defined(c.Estimate), Low: defined(c.Low), High: defined(c.High),
		Statistic: defined(c.Statistic), Effect: c.Effect, EffectSize: defined(c.Size), P: defined(c.P), PHolm: defined(c.PHolm), Region: c.Region,
		Detectable: defined(c.Detectable), Verdict: c.Verdict(), Practical: c.Practical(),
	}
	if b := c.Belief; b != nil && !b.Constant {
		j.Probability = &probabilities{b.Greater, b.Same, b.Less}
		if !c.Greater {
			j.Probability.Better, j.Probability.Worse = b.Less, b.Greater
		}
	}
	if c.NonInferior != nil {
		j.Margin, j.NonInferior = &c.Margin, defined(c.NonInferior.P)
	}
	return json.Marshal(j)
}

// defined returns a number for JSON, nil if it is not defined or infinite.
func defined(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func (c *Comparison) behind() string {
	if c.ahead() == c.Reference {
		return c.Other
	}
	return c.Reference
}

func pValue(name string, p float64) string {
	if p < 0.001 {
		return name + " < 0.001"
	}
	return fmt.Sprintf("%s = %.2g", name, p)
}

func signed(v float64) string {
	if v < 0 {
		return plain(v)
	}
	return "+" + plain(v)
}

// plain formats a number with three decimals, or with three digits if it is small or large.
func plain(v float64) string {
	switch a := math.Abs(v); {
	case a != 0 && a < 0.0005 || a >= 1e7:
		return fmt.Sprintf("%.3g", v)
	case a >= 1000:
		return fmt.Sprintf("%.0f", v)
	case a >= 100:
		return fmt.Sprintf("%.1f", v)
	}
	return strings.Replace(fmt.Sprintf("%.3f", v), "-0.000", "0.000", 1)
}
