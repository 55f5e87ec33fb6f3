package guides_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
)

func Example_search() {
	ctx := context.Background()
	rows, err := data.Wine()
	if err != nil {
		log.Fatal(err)
	}
	space := search.Space{
		Base: crossval.Preprocessed{Estimator: baselines.KNN{}},
		Settings: []search.Setting{
			{Path: "Estimator", Name: "model", Domain: search.Choice{
				Names: []string{"neighbours", "trees"}, Values: []any{baselines.KNN{}, baselines.BoostedTrees{}},
			}},
			{Path: "Estimator.K", Name: "k", Domain: search.Int{Low: 1, High: 50, Log: true},
				When: []search.Condition{{Setting: "model", Is: []string{"neighbours"}}}},
			{Path: "Estimator.Settings.LearningRate", Name: "rate", Domain: search.LogUniform{Low: 0.01, High: 0.3},
				When: []search.Condition{{Setting: "model", Is: []string{"trees"}}}},
		},
	}
	s := search.Search{Space: space, Trials: 12, Seed: 1}
	found, err := s.Run(ctx, rows)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Trials[found.Winner].SettingsText())
	result, err := crossval.Validate(ctx, rows, crossval.StratifiedKFold{K: 3, Shuffle: true}, []crossval.Candidate{
		{Name: "search", Estimator: s}, {Name: "5 neighbours", Estimator: baselines.KNN{}},
	}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	list, err := crossval.Compare(result, "search", "log loss")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(list[0].Finding())
	// Output:
	// model = trees, rate = 0.01004
	// search is better than 5 neighbours
}
