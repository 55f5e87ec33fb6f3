package stats

import (
	"fmt"
	"math"
	"testing"
)

// made is testdata/made.json, numbers of SciPy 1.10.1, mpmath and formulas written out in Python:
// testdata/made.py.
type made struct {
	Student, F, Chi2 [][]float64
	Range            [][]number
	RangeTail        [][]float64 `json:"range_tail"`
	RangeMany        [][]float64 `json:"range_many"`
	Power            []struct {
		Folds                              int
		Ratio, Std, Difference, Confidence float64
		Power                              float64
	}
	Newcombe []struct {
		Cells                 [4]int
		Confidence, Low, High float64
		Tango                 []float64
	}
	Sign []struct {
		B, C        int
		Exact, MidP float64
	}
	CVAUC []struct {
		Y                  [][]int
		S                  [][]float64
		Confidence         float64
		AUC, SE, Low, High float64
	}
	DeLong []struct {
		Y      []int
		S1, S2 []float64
		AUC    []float64
		S      [][]float64
		Z, P   float64
	}
	BCa struct {
		Jackknife []float64
		Z0, A     float64
		Ends      []float64
	}
	SignedRank []struct {
		D      []float64
		Region float64
		P      []float64
		Mean   []float64
	}
	Margin struct {
		X                                          []float64
		Margin, NonInferior, Equivalent, Low, High float64
	}
}

func readMade(t *testing.T) *made {
	t.Helper()
	m := &made{}
	read(t, "made.json", m)
	if len(m.Student) == 0 || len(m.Range) == 0 || len(m.Newcombe) == 0 || len(m.CVAUC) == 0 || len(m.SignedRank) == 0 {
		t.Fatal("testdata/made.json lacks a part")
	}
	return m
}

func TestTails(t *testing.T) {
	m := readMade(t)
	for _, c := range m.Student {
		d := StudentT{DF: c[0]}
		at := fmt.Sprintf("(%v) of t, nu %v", c[1], c[0])
		near(t, "Survival"+at, d.Survival(c[1]), c[2], 1e-12)
		near(t, "CDF"+at, d.CDF(-c[1]), c[2], 1e-12)
		if q := d.Quantile(c[2]); c[2] < 0.4 && math.Abs(q+c[1]) > 1e-13*c[1]+1e-12/c[1] {
			t.Errorf("Quantile of CDF%s = %v", at, q)
		}
	}
	for _, c := range m.F {
		near(t, fmt.Sprint("F", c), survivalF(c[0], c[1], c[2]), c[3], 1e-12)
	}
	for _, c := range m.Chi2 {
		near(t, fmt.Sprint("chi2", c), survivalChi2(c[0], c[1]), c[2], 1e-12)
	}
}

func TestStudentizedRange(t *testing.T) {
	m := readMade(t)
	for _, c := range m.Range {
		d := StudentizedRange{Groups: int(c[0]), DF: float64(c[1])}
		have, want := d.Survival(float64(c[2])), float64(c[3])
		if math.Abs(have-want) > 1e-12+2e-10*want { // 1e-11 up to 30 groups; see range_many

			t.Errorf("Survival(%v) of %+v = %v, SciPy has %v: relative error %.2g", float64(c[2]), d, have, want, math.Abs(have-want)/want)
		}
	}
	for _, c := range m.RangeMany {
		near(t, fmt.Sprint("many groups", c[:3]), StudentizedRange{Groups: int(c[0]), DF: c[1]}.Survival(c[2]), c[3], 1e-12)
	}
	for _, c := range m.RangeTail {
		near(t, fmt.Sprint("tail", c[:2]), StudentizedRange{Groups: int(c[0]), DF: math.Inf(1)}.Survival(c[1]), c[2], 1e-12)
	}
}

// numbers of R 4.2.2 and pROC 1.18.0: testdata/made.R.
type madeR struct {
	Walsh []struct {
		X                          []float64
		Confidence, V, P, Estimate float64
		CI                         []float64
	}
	NCT      [][]float64
	Unpaired struct {
		Y1, Y2   []int
		S1, S2   []float64
		AUC, Var []float64
		T, DF, P float64
		CI1      []float64
	}
	Friedman []struct {
		X       [][]float64
		Chi2, P float64
	}
	TukeyTail struct{ Q, K, DF, P float64 } `json:"tukey_tail"`
	Tukey     []struct {
		K    int
		P, Q []number
	}
}

func readMadeR(t *testing.T) *madeR {
	t.Helper()
	m := &madeR{}
	read(t, "made-r.json", m)
	if len(m.Walsh) == 0 || len(m.NCT) == 0 || len(m.Friedman) == 0 || len(m.Tukey) == 0 {
		t.Fatal("testdata/made-r.json lacks a part")
	}
	return m
}

func TestQuantilesOfTheRange(t *testing.T) {
	for _, c := range readMadeR(t).Tukey {
		d := StudentizedRange{Groups: c.K, DF: math.Inf(1)}
		for i, p := range numbers(c.P) {
			q := d.Quantile(p)
			near(t, fmt.Sprintf("CDF(Quantile(%v)) of %d", p, c.K), d.Survival(q), 1-p, 1e-13)
			if want := float64(c.Q[i]); !math.IsNaN(want) { // R has NaN for the median of 40
				near(t, fmt.Sprintf("Quantile(%v) of %d", p, c.K), q, want, 1e-5)
			}
		}
	}
}

func TestHodgesLehmann(t *testing.T) {
	for _, c := range readMadeR(t).Walsh {
		test := must(Wilcoxon(c.X, WilcoxonOptions{Confidence: c.Confidence}))
		near(t, "V", test.Statistic, c.V, 0)
		near(t, "p", test.P, c.P, 1e-13)
		near(t, "estimate", test.Estimate, c.Estimate, 1e-14)
		near(t, "low", test.Low, c.CI[0], 1e-14)
		near(t, "high", test.High, c.CI[1], 1e-14)
	}
}

func TestNoncentral(t *testing.T) {
	for _, c := range readMadeR(t).NCT { // P(T > t); beyond adds P(T < -t)
		quantile, df, ncp := c[0], c[1], c[2]
		upper := overScale(df, 0, 0.1, func(s float64) float64 { return normalTail(quantile*s - ncp) })
		if math.Abs(upper-c[3]) > 1e-10 { // R's pt is accurate to 1e-12 absolute, by its documentation
			t.Errorf("P(T > %v), df %v, ncp %v = %v, want %v", quantile, df, ncp, upper, c[3])
		}
	}
	for _, c := range readMade(t).Power {
		p, err := Power(c.Std, c.Folds, c.Ratio, c.Difference, c.Confidence)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("power %+v", c), p, c.Power, 1e-9)
		if c.Power < 0.9999 && c.Difference > 0 {
			d, err := DetectableDifference(c.Std, c.Folds, c.Ratio, p, c.Confidence)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("difference of %+v", c), d, c.Difference, 1e-10)
		}
	}
}

func TestUnpairedDeLong(t *testing.T) {
	c := readMadeR(t).Unpaired
	a, err := DeLongUnpaired(bools(c.Y1), c.S1, bools(c.Y2), c.S2, 0)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "AUC 1", a.First.Estimate, c.AUC[0], digits)
	near(t, "AUC 2", a.Second.Estimate, c.AUC[1], digits)
	near(t, "var 1", a.First.StdErr*a.First.StdErr, c.Var[0], digits)
	near(t, "var 2", a.Second.StdErr*a.Second.StdErr, c.Var[1], digits)
	near(t, "low 1", a.First.Low, c.CI1[0], 1e-13)
	near(t, "t", a.Difference.Statistic, c.T, 1e-13)
	near(t, "df", a.Difference.DF, c.DF, 1e-13)
	near(t, "p", a.Difference.P, c.P, 1e-13)
}

func TestFriedmanOfR(t *testing.T) {
	for _, c := range readMadeR(t).Friedman {
		test := must(Friedman(c.X, 0))
		near(t, "chi2", test.Statistic, c.Chi2, 1e-13)
		near(t, "p", test.P, c.P, 1e-12)
	}
}

func TestNewcombe(t *testing.T) {
	for _, c := range readMade(t).Newcombe {
		test := must(McNemarCounts(c.Cells[0], c.Cells[1], c.Cells[2], c.Cells[3], McNemarExact, c.Confidence))
		if math.Abs(test.Low-c.Low) > 1e-13 || math.Abs(test.High-c.High) > 1e-13 {
			t.Errorf("%v: %v to %v, want %v to %v", c.Cells, test.Low, test.High, c.Low, c.High)
		}
		// Another method of good repute is near.
		if c.Tango != nil && (math.Abs(test.Low-c.Tango[0]) > 0.06 || math.Abs(test.High-c.Tango[1]) > 0.06) {
			t.Errorf("%v: %v to %v, Tango's is %v", c.Cells, test.Low, test.High, c.Tango)
		}
	}
}

func TestSigns(t *testing.T) {
	for _, c := range readMade(t).Sign {
		near(t, fmt.Sprint("exact ", c.B, c.C), must(McNemarCounts(0, c.B, c.C, 0, McNemarExact, 0)).P, c.Exact, 1e-11)
		near(t, fmt.Sprint("mid-p ", c.B, c.C), must(McNemarCounts(0, c.B, c.C, 0, McNemarMidP, 0)).P, c.MidP, 1e-11)
	}
}

func TestCrossValidatedAUC(t *testing.T) {
	for _, c := range readMade(t).CVAUC {
		var y [][]bool
		for _, fold := range c.Y {
			y = append(y, bools(fold))
		}
		test := must(CrossValidatedAUC(y, c.S, c.Confidence))
		near(t, "AUC", test.Estimate, c.AUC, 1e-13)
		near(t, "standard error", test.StdErr, c.SE, 1e-13)
		near(t, "low", test.Low, c.Low, 1e-13)
		near(t, "high", test.High, c.High, 1e-13)
	}
}

func TestDeLong(t *testing.T) {
	for _, c := range readMade(t).DeLong {
		a, err := DeLong(bools(c.Y), c.S1, c.S2, 0)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "AUC", a.First.Estimate, c.AUC[0], 1e-14)
		near(t, "AUC", a.Second.Estimate, c.AUC[1], 1e-14)
		near(t, "var", a.First.StdErr*a.First.StdErr, c.S[0][0], 1e-13)
		near(t, "cov", a.Covariance, c.S[0][1], 1e-12)
		near(t, "z", a.Difference.Statistic, c.Z, 1e-12)
		near(t, "p", a.Difference.P, c.P, 1e-12)
	}
}

func TestBCa(t *testing.T) {
	r, m := readReference(t).R.BCa, readMade(t).BCa
	b := must(BootstrapReplicates(r.T0, r.T, m.Jackknife, BootstrapOptions{}))
	near(t, "a", acceleration(m.Jackknife), m.A, 1e-12)
	near(t, "low", b.Low, m.Ends[0], 1e-13)
	near(t, "high", b.High, m.Ends[1], 1e-13)
}

// 200000 draws of NumPy's against as many of the package's: five standard errors.
func TestSignedRankOfNumPy(t *testing.T) {
	for _, c := range readMade(t).SignedRank {
		const draws = 200000
		b, err := BayesSignedRank(c.D, c.Region, SignedRankOptions{Draws: draws, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range []float64{b.Less, b.Same, b.Greater} {
			if d := math.Abs(p - c.P[i]); d > 5*math.Sqrt(2*c.P[i]*(1-c.P[i])/draws) {
				t.Errorf("%v: probability %d is %v, want %v", c.D, i, p, c.P[i])
			}
			sum := 0.0
			for _, s := range b.Samples {
				sum += s[i]
			}
			if c.Mean != nil && math.Abs(sum/draws-c.Mean[i]) > 0.003 {
				t.Errorf("%v: mean weight %d is %v, want %v", c.D, i, sum/draws, c.Mean[i])
			}
		}
	}
}

// external is testdata/ext.json and ext-py.json: what cvAUC, contingencytables and baycomp say.
type external struct {
	CVAUC []struct {
		AUC, SE float64
		CI      []float64
	}
	Newcombe []struct {
		Cells                 [4]int
		Confidence, Low, High float64
	}
	Overflow   number // Newcombe's lower bound of integers
	SignedRank []struct {
		D, P   []float64
		Region float64
	}
	Correlated struct {
		X, P   []float64
		Region float64
	}
}

func readExternal(t *testing.T) *external {
	t.Helper()
	e := &external{}
	read(t, "ext.json", e)
	read(t, "ext-py.json", e)
	if len(e.CVAUC) == 0 || len(e.Newcombe) == 0 || len(e.SignedRank) == 0 {
		t.Fatal("testdata/ext.json or ext-py.json lacks a part")
	}
	return e
}

func TestExternal(t *testing.T) {
	e, m := readExternal(t), readMade(t)
	for i, c := range e.CVAUC {
		var y [][]bool
		for _, fold := range m.CVAUC[i].Y {
			y = append(y, bools(fold))
		}
		test := must(CrossValidatedAUC(y, m.CVAUC[i].S, m.CVAUC[i].Confidence))
		near(t, "cvAUC", test.Estimate, c.AUC, 1e-13)
		if i == 1 { // scores with ties, of which cvAUC counts half in the area and all in its variance
			if test.StdErr >= c.SE || test.StdErr < 0.95*c.SE {
				t.Errorf("standard error with ties: %v, cvAUC has %v", test.StdErr, c.SE)
			}
			continue
		}
		near(t, "cvAUC: standard error", test.StdErr, c.SE, 1e-13)
		near(t, "cvAUC: low", test.Low, c.CI[0], 1e-13)
		near(t, "cvAUC: high", test.High, c.CI[1], 1e-13)
	}
	for _, c := range e.Newcombe {
		test := must(McNemarCounts(c.Cells[0], c.Cells[1], c.Cells[2], c.Cells[3], McNemarMidP, c.Confidence))
		if math.Abs(test.Low-c.Low) > 1e-13 || math.Abs(test.High-c.High) > 1e-13 {
			t.Errorf("%v: %v to %v, want %v to %v", c.Cells, test.Low, test.High, c.Low, c.High)
		}
	}
	for _, c := range e.SignedRank {
		const draws = 200000
		b, err := BayesSignedRank(c.D, c.Region, SignedRankOptions{Draws: draws, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range []float64{b.Less, b.Same, b.Greater} {
			if math.Abs(p-c.P[i]) > 5*math.Sqrt(2*c.P[i]*(1-c.P[i])/draws) {
				t.Errorf("%v: probability %d is %v, baycomp has %v", c.D, i, p, c.P[i])
			}
		}
	}
	b, err := BayesCorrelatedT(e.Correlated.X, 1./9, e.Correlated.Region)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range []float64{b.Less, b.Same, b.Greater} {
		near(t, "baycomp: correlated t", p, e.Correlated.P[i], 1e-11)
	}
}

func TestMargins(t *testing.T) {
	c := readMade(t).Margin
	n := must(NonInferiority(c.X, 1./9, c.Margin, 0))
	near(t, "non-inferiority", n.P, c.NonInferior, 1e-13)
	near(t, "low", n.Low, c.Low, 1e-11) // SciPy's quantile has 12 digits
	near(t, "high", n.High, c.High, 1e-11)
	near(t, "equivalence", must(Equivalence(c.X, 1./9, c.Margin, 0)).P, c.Equivalent, 1e-13)
}
