package metrics_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/seed732fc211/aegis/metrics"
)

// The areas are by hand: the means of the risks of the first 1, 2, ... rows.
func TestAURC(t *testing.T) {
	for _, c := range []struct {
		name       string
		right      []bool
		confidence []float64
		want       float64
	}{
		{"all right", []bool{true, true}, []float64{1, 0}, 0},
		{"all wrong", []bool{false, false, false}, []float64{1, 0, 0.5}, 1},
		{"wrong last", []bool{true, true, false, true}, []float64{0.9, 0.8, 0.1, 0.5}, (0 + 0 + 0 + 1.0/4) / 4},
		{"wrong first", []bool{true, true, false, true}, []float64{0.3, 0.2, 0.9, 0.1}, (1 + 1.0/2 + 1.0/3 + 1.0/4) / 4},
		{"all tied", []bool{true, false, true, false}, []float64{1, 1, 1, 1}, 0.5},
		{"two tied", []bool{true, false, true}, []float64{0.5, 0.5, 0.9}, (0 + 0.5/2 + 1.0/3) / 3},
		{"one row", []bool{false}, []float64{math.Inf(-1)}, 1},
	} {
		got, err := metrics.AURC(c.right, c.confidence)
		if err != nil || math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: %v, want %v (%v)", c.name, got, c.want, err)
		}
	}
}

// TestAURCOfTies: ties count as the mean over the orders of their rows.
func TestAURCOfTies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	right, tied := make([]bool, 12), make([]float64, 12)
	for i := range right {
		right[i], tied[i] = r.IntN(2) == 0, float64(r.IntN(4))
	}
	want, err := metrics.AURC(right, tied)
	if err != nil {
		t.Fatal(err)
	}
	sum, apart := 0.0, make([]float64, 12)
	const draws = 20000
	for range draws {
		for i, v := range tied {
			apart[i] = v + r.Float64()/2
		}
		a, err := metrics.AURC(right, apart)
		if err != nil {
			t.Fatal(err)
		}
		sum += a
	}
	if got := sum / draws; math.Abs(got-want) > 0.003 {
		t.Errorf("%v, and %v over random orders", want, got)
	}
}

func TestRiskCoverage(t *testing.T) {
	right := []bool{true, false, true, true, false}
	curve, err := metrics.RiskCoverage(right, []float64{0.9, 0.2, 0.5, 0.5, 0.7})
	if err != nil {
		t.Fatal(err)
	}
	want := "[{0.9 1 0 0.2 0} {0.7 2 1 0.4 0.5} {0.5 4 1 0.8 0.25} {0.2 5 2 1 0.4}]"
	if fmt.Sprint(curve) != want {
		t.Errorf("%v, want %v", curve, want)
	}
	for _, c := range []struct {
		risk      float64
		threshold float64
		found     bool
	}{{1, 0.2, true}, {0.3, 0.5, true}, {0.25, 0.5, true}, {0.2, 0.9, true}, {0, 0.9, true}, {-1, 0, false}} {
		if p, ok := metrics.AtRisk(curve, c.risk, 0); ok != c.found || p.Threshold != c.threshold {
			t.Errorf("at risk %v: %v %v, want %v", c.risk, p, ok, c.threshold)
		}
	}
	if p := metrics.RiskAt(curve, 0.6); p.Answered != 2 || p.Wrong != 1 || p.Threshold != 0.6 {
		t.Errorf("at 0.6: %v", p)
	}
	if p := metrics.RiskAt(curve, 2); p.Answered != 0 || !math.IsNaN(p.Risk) {
		t.Errorf("at 2: %v", p)
	}
	for _, c := range []struct {
		right      []bool
		confidence []float64
	}{{nil, nil}, {right, []float64{1}}, {right[:1], []float64{math.NaN()}}} {
		if _, err := metrics.RiskCoverage(c.right, c.confidence); err == nil {
			t.Errorf("%v %v: no error", c.right, c.confidence)
		}
		if _, err := metrics.AURC(c.right, c.confidence); err == nil {
			t.Errorf("%v %v: no error of AURC", c.right, c.confidence)
		}
	}
}

// TestAtRiskConfident: the probabilities of so few mistakes at a risk of 0.1 are, by Python's
// sum(comb(n, i)*0.1**i*0.9**(n-i) for i in range(k+1)), for 28 and 29 rows without one 0.0523 and 0.0471, for
// 45 and 46 with one 0.0524 and 0.0480, for 1000 with 84 and 85 0.0485 and 0.0607.
func TestAtRiskConfident(t *testing.T) {
	for _, c := range []struct {
		answered, wrong int
		found           bool
	}{{28, 0, false}, {29, 0, true}, {45, 1, false}, {46, 1, true}, {46, 2, false}, {1000, 85, false}, {1000, 84, true}} {
		p := metrics.RiskPoint{Answered: c.answered, Wrong: c.wrong, Coverage: 1, Risk: float64(c.wrong) / float64(c.answered)}
		if _, ok := metrics.AtRisk([]metrics.RiskPoint{p}, 0.1, 0.95); ok != c.found {
			t.Errorf("%d wrong of %d: %v, want %v", c.wrong, c.answered, ok, c.found)
		}
	}
	for _, risk := range []float64{0, 1, 2, math.NaN()} {
		p := metrics.RiskPoint{Answered: 50, Coverage: 1}
		if _, ok := metrics.AtRisk([]metrics.RiskPoint{p}, risk, 0.95); ok != (risk >= 1) {
			t.Errorf("at risk %v: %v", risk, ok)
		}
	}
}

// Four questions, the last of which is answered with little confidence, and wrongly.
func ExampleRiskCoverage() {
	right, confidence := []bool{true, true, true, false}, []float64{0.9, 0.8, 0.6, 0.3}
	curve, err := metrics.RiskCoverage(right, confidence)
	if err != nil {
		fmt.Println(err)
		return
	}
	area, _ := metrics.AURC(right, confidence)
	p, _ := metrics.AtRisk(curve, 0.1, 0)
	fmt.Printf("area %.4f; answering from %.1f on covers %.0f%% at a risk of %.0f%%\n", area, p.Threshold, 100*p.Coverage, 100*p.Risk)
	// Output: area 0.0625; answering from 0.6 on covers 75% at a risk of 0%
}
