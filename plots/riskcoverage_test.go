package plots_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
	"github.com/seed732fc211/aegis/plots"
)

// selective is two made-up models that are right more often where they are surer, the first more so.
func selective() plots.Selective {
	r := rand.New(rand.NewPCG(7, 7))
	s := plots.Selective{Target: 0.1}
	for _, m := range []struct {
		name  string
		skill float64
	}{{"hybrid", 2.5}, {"bm25", 1}} {
		right, sure := make([]bool, 400), make([]float64, 400)
		for i := range right {
			sure[i] = r.Float64()
			right[i] = r.Float64() < 1/(1+math.Exp(-m.skill*(3*sure[i]-1)))
		}
		curve, err := metrics.RiskCoverage(right, sure)
		if err != nil {
			panic(err)
		}
		area, _ := metrics.AURC(right, sure)
		s.Models = append(s.Models, plots.SelectiveModel{Name: m.name, Curve: curve, AURC: area, Threshold: 0.6})
	}
	return s
}

func retrieval() plots.RetrievalReport {
	return plots.RetrievalReport{
		Title: "Answers to made-up questions", Subtitle: "300 questions to train, 100 to test", BestEpoch: 2, Risk: selective(),
		Curves: []data.Curve{{Name: "loss", Values: []float64{3, 1, 0.5}}, {Name: "val_loss", Values: []float64{2, 1.2, 1.3}}},
		Ranks: plots.Retrieved{Metrics: []string{"MRR@10", "recall@1"}, Models: []string{"hybrid", "bm25"}, Values: [][][3]float64{
			{{0.71, 0.68, 0.74}, {0.64, 0.6, 0.68}}, {{0.7, 0.67, 0.73}, {0.63, 0.59, 0.67}},
		}},
		Examples: []string{"Question: a tool for sums. Answer: Alpha adds numbers."}, Notes: []string{"hybrid and bm25: no evidence that they differ."},
		Facts: []plots.Fact{{Name: "seed", Value: "1"}},
	}
}

func TestRetrievalMistakes(t *testing.T) {
	none, many, bad, target := selective(), selective(), selective(), selective()
	none.Models[1].Curve = nil
	many.Models = make([]plots.SelectiveModel, 9)
	bad.Models[0].Curve = []metrics.RiskPoint{{Coverage: 0.5, Risk: math.NaN()}}
	target.Target = 2
	for want, s := range map[string]plots.Selective{
		`"bm25": the curve has no points`:   none,
		"of 9 models":                       many,
		"a coverage of 0.5 and a risk of N": bad,
		"at a risk of 2":                    target,
		"of 0 models":                       {},
	} {
		if _, err := plots.RiskCoverage(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	names, values := retrieval(), retrieval()
	names.Ranks.Models = nil
	values.Ranks.Values[0] = nil
	for want, r := range map[string]plots.RetrievalReport{"scores of 2 models, 0 names": names, "hybrid has 0 scores for 2 metrics": values, "of 0 models": {Ranks: retrieval().Ranks}} {
		if _, err := plots.Retrieval(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Two models, and the risk that was aimed at: like testdata/risk_coverage.png.
func ExampleRiskCoverage() {
	show(plots.RiskCoverage(selective()))
	// Output: figure, 5.4 x 4.4 inches
}

// Scores, curves, examples and facts: like testdata/retrieval.png.
func ExampleRetrieval() {
	show(plots.Retrieval(retrieval()))
	// Output: figure, 14.0 x 9.1 inches
}
