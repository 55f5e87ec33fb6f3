package plots_test

import (
	"context"
	"log"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/plots"
)

// Accuracy of three models on five data sets: like testdata/critical_difference.png.
func ExampleCriticalDifference() {
	ranking, err := stats.Nemenyi([][]float64{{0.9, 0.8, 0.7}, {0.8, 0.82, 0.6}, {0.7, 0.6, 0.5}, {0.95, 0.9, 0.9}, {0.6, 0.5, 0.4}}, 0)
	if err != nil {
		log.Fatal(err)
	}
	show(plots.CriticalDifference(plots.Ranks{Models: []string{"net", "forest", "tree"}, Ranking: ranking}))
	// Output: figure, 7.5 x 2.6 inches
}

// What ten folds say of the difference of two models: like testdata/posterior.png.
func ExamplePosterior() {
	differences := []float64{0.01, 0.03, -0.02, 0.02, 0.01, 0.025, -0.01, 0.03, 0.006, 0.011}
	belief, err := stats.BayesCorrelatedT(differences, 1./9, 0.01)
	if err != nil {
		log.Fatal(err)
	}
	show(plots.Posterior(plots.Difference{First: "net", Second: "forest", Metric: "accuracy", Greater: true, Belief: belief}))
	// Output: figure, 5.6 x 3.6 inches
}

// Differences of two models on eight data sets, in a triangle: like
// testdata/posterior_triangle.png.
func ExamplePosterior_triangle() {
	belief, err := stats.BayesSignedRank([]float64{0.01, 0.03, -0.004, 0.02, 0.001, 0.015, -0.02, 0.04}, 0.01, stats.SignedRankOptions{Draws: 2000})
	if err != nil {
		log.Fatal(err)
	}
	show(plots.Posterior(plots.Difference{First: "net", Second: "forest", Metric: "accuracy", Greater: true, Belief: belief}))
	// Output: figure, 5.6 x 4.8 inches
}

// validated validates three models on the iris data.
func validated() *crossval.Result {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	res, err := crossval.Validate(context.Background(), set, crossval.StratifiedKFold{K: 5, Shuffle: true}, []crossval.Candidate{
		{Name: "neighbours", Estimator: baselines.KNN{}}, {Name: "nearest", Estimator: baselines.KNN{K: 1}}, {Name: "majority", Estimator: baselines.Majority{}},
	}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return res
}

// A model against two others: like testdata/forest.png.
func ExampleForest() {
	list, err := crossval.Compare(validated(), "neighbours", "log loss")
	if err != nil {
		log.Fatal(err)
	}
	show(plots.Forest(plots.Differences{List: list}))
	// Output: figure, 9.0 x 2.0 inches
}

// neighboursSearch looks for the best number of neighbours.
func neighboursSearch() *search.Outcome {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	o, err := search.Search{
		Space:  search.Space{Base: baselines.KNN{}, Settings: []search.Setting{{Path: "K", Domain: search.Int{Low: 1, High: 60, Log: true}}}},
		Trials: 16, Folds: 5, Seed: 1,
	}.Run(context.Background(), set)
	if err != nil {
		log.Fatal(err)
	}
	return o
}

// Like testdata/search_history.png.
func ExampleSearchHistory() {
	show(plots.SearchHistory(plots.Trials{Outcome: neighboursSearch()}))
	// Output: figure, 7.0 x 4.4 inches
}

// Like testdata/parallel.png.
func ExampleParallelCoordinates() {
	show(plots.ParallelCoordinates(plots.Trials{Outcome: neighboursSearch(), Best: 3}))
	// Output: figure, 10.0 x 4.8 inches
}

// Like testdata/setting_importance.png.
func ExampleSettingImportance() {
	shares := []search.Importance{{Setting: "rate", Share: 0.6, Std: 0.1}, {Setting: "leaves", Share: 0.1, Std: 0.05}}
	show(plots.SettingImportance(plots.SettingShares{Metric: "accuracy", Shares: shares}))
	// Output: figure, 5.4 x 1.9 inches
}

// A page about a search: like testdata/search.png.
func ExampleSearch() {
	shares := []search.Importance{{Setting: "K", Share: 0.9, Std: 0.1}}
	show(plots.Search(plots.SearchReport{Outcome: neighboursSearch(), Importance: shares, Facts: []plots.Fact{{Name: "seed", Value: "1"}}}))
	// Output: figure, 14.0 x 15.9 inches
}

// Whether more rows would help: like testdata/row_curves.png.
func ExampleRowCurves() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	curves, err := crossval.LearningCurves(context.Background(), set, crossval.StratifiedKFold{K: 5, Shuffle: true},
		[]crossval.Candidate{{Name: "neighbours", Estimator: baselines.KNN{}}}, nil, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	show(plots.RowCurves(plots.RowScores{Curves: curves}))
	// Output: figure, 6.0 x 4.0 inches
}

// Whether a model has learned anything: like testdata/permutations.png.
func ExamplePermutationHistogram() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	test, err := crossval.PermutationTest(context.Background(), set, crossval.StratifiedKFold{K: 5, Shuffle: true},
		crossval.Candidate{Name: "neighbours", Estimator: baselines.KNN{}}, 19, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	show(plots.PermutationHistogram(plots.Permutations{Test: test}))
	// Output: figure, 6.0 x 3.6 inches
}
