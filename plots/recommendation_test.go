package plots_test

import (
	"math"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/plots"
)

// recommendation is a made-up page of three models.
func recommendation() plots.RecommendationReport {
	against := func(name string, d, low, high, p float64) crossval.Comparison {
		return crossval.Comparison{
			Reference: "als", Other: name, Metric: "NDCG@10", Greater: true, PHolm: p, Tests: 2, Detectable: math.NaN(),
			Test: stats.Test{Estimate: d, Low: low, High: high, P: p, Confidence: 0.95, Effect: "share of resamples above", Size: 0.98, N: 500},
		}
	}
	return plots.RecommendationReport{
		Title: "Recommendations of made-up rows", Subtitle: "12000 pairs of 800 users and 120 items",
		Scores: plots.Retrieved{Metrics: []string{"NDCG@10", "recall@10", "coverage"}, Models: []string{"als", "item-knn", "popularity"}, Values: [][][3]float64{
			{{0.31, 0.29, 0.33}, {0.5, 0.48, 0.52}, {0.8, math.NaN(), math.NaN()}}, {{0.3, 0.28, 0.32}, {0.47, 0.45, 0.49}, {0.7, math.NaN(), math.NaN()}},
			{{0.1, 0.09, 0.11}, {0.2, 0.18, 0.22}, {0.1, math.NaN(), math.NaN()}},
		}},
		Recall: plots.ListRecall{Models: []plots.ListModel{{"als", []float64{0.1, 0.3, 0.4, 0.5}}, {"item-knn", []float64{0.1, 0.2, 0.35, 0.47}}, {"popularity", []float64{0.05, 0.1, 0.15, 0.2}}}},
		Differences: plots.Differences{List: []crossval.Comparison{
			against("item-knn", 0.01, -0.005, 0.025, 0.2), against("popularity", 0.21, 0.19, 0.23, 0.001),
		}},
		Notes: []string{"als is better than popularity.", "als and item-knn: no evidence that they differ."}, Examples: []string{"ann has bread, butter; held out: jam; recommended: jam*, saw"},
		Facts: []plots.Fact{{Name: "seed", Value: "1"}},
	}
}

func TestRecommendationMistakes(t *testing.T) {
	none, many, bad, names, mixed := recommendation(), recommendation(), recommendation(), recommendation(), recommendation()
	none.Recall.Models[1].Recall = nil
	many.Recall.Models = make([]plots.ListModel, 9)
	bad.Recall.Models[2].Recall = []float64{0.1, math.NaN()}
	names.Scores.Models = nil
	mixed.Differences.List[1].Reference = "bpr"
	for want, r := range map[string]plots.RecommendationReport{
		`"item-knn": the curve has no points`: none, "of 9 models": many, "popularity: a recall of NaN": bad, "scores of 3 models, 0 names": names, "comparison 1 is of bpr": mixed,
	} {
		if _, err := plots.Recommendation(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := plots.RecallCurves(plots.ListRecall{}); err == nil || !strings.Contains(err.Error(), "of 0 models") {
		t.Errorf("error %v", err)
	}
}

// Three models: like testdata/recall_curves.png.
func ExampleRecallCurves() {
	show(plots.RecallCurves(recommendation().Recall))
	// Output: figure, 5.4 x 4.4 inches
}
