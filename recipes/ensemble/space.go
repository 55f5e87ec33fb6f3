package ensemble

import (
	"errors"
	"fmt"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	nets "github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/trees"
)

// Families are the values of the setting "model" in a Space.
const (
	FamilyNet      = "net"        // RealMLP-TD-S, a bag of five fits
	FamilyEmbedded = "net, whole" // RealMLP with embeddings, a bag of five fits
	FamilyTabM     = "tabm"
	FamilyTrees    = "boosted trees"
	FamilyForest   = "random forest"
)

// Space returns the space that the command searches: the recipe of the commands
// (tabular.Default) as its base, and the settings of five families of models. Families that
// cannot predict the task of the rows are left out: trees predict one class or one number.
// All its estimators can be saved: see Train.
func Space(rows *data.Set) (search.Space, error) {
	if rows == nil {
		return search.Space{}, fmt.Errorf("ensemble: %w", data.ErrEmpty)
	}
	rules, err := rows.Rules()
	if err != nil {
		return search.Space{}, fmt.Errorf("ensemble: %w", err)
	}
	if len(rows.Features) == 0 {
		return search.Space{}, errors.New("ensemble: the rows are not a table")
	}
	model := search.Choice{Names: []string{FamilyNet, FamilyEmbedded, FamilyTabM}, Values: []any{
		tabular.Estimator{Recipe: tabular.Tuned{Recipe: tabular.Adaptive{Simple: true}}, Bag: 5},
		tabular.Estimator{Recipe: tabular.Tuned{Recipe: tabular.Adaptive{Net: nets.RealMLP{}}}, Bag: 5},
		tabular.Estimator{Recipe: tabular.TabM{}},
	}}
	withTrees := rules.Choice || rules.Values == 1 && rules.Labels+rules.Proba == 0 && rules.Levels == nil
	if withTrees {
		model.Names = append(model.Names, FamilyTrees, FamilyForest)
		model.Values = append(model.Values,
			baselines.Prepared{Estimator: baselines.BoostedTrees{Settings: trees.Boosting{Threads: 1}}},
			baselines.Prepared{Estimator: baselines.RandomForest{Settings: trees.Forest{Trees: 200, Threads: 1}}})
	}
	of := func(family ...string) []search.Condition { return []search.Condition{{Setting: "model", Is: family}} }
	both, whole, tabm := of(FamilyNet, FamilyEmbedded), of(FamilyEmbedded), of(FamilyTabM)
	settings := []search.Setting{
		{Path: "Estimator", Name: "model", Domain: model},
		{Path: "Estimator.Recipe.LearningRate", Name: "net rate", Domain: search.LogUniform{Low: 0.004, High: 0.12}, When: both},
		{Path: "Estimator.Recipe.Epochs", Name: "net epochs", Domain: search.Int{Low: 30, High: 150, Log: true}, When: both},
		{Path: "Estimator.Recipe.Batch", Name: "net batch", Domain: search.Choice{Values: []any{32, 64, 128, 256}}, When: both},
		{Path: "Estimator.Recipe.Recipe.Net.Hidden", Name: "net hidden", Domain: search.Choice{Values: []any{
			[]int{64, 64}, []int{128, 128}, []int{256, 256}, []int{256, 256, 256},
		}}, When: both},
		{Path: "Estimator.Recipe.Recipe.Net.Dropout", Name: "net dropout", Domain: search.Uniform{Low: 0.01, High: 0.4}, When: whole},
		{Path: "Estimator.Recipe.LearningRate", Name: "tabm rate", Domain: search.LogUniform{Low: 5e-4, High: 5e-3}, When: tabm},
		{Path: "Estimator.Recipe.Net.Dropout", Name: "tabm dropout", Domain: search.Uniform{Low: 0.01, High: 0.4}, When: tabm},
	}
	if withTrees {
		boosted, forest := of(FamilyTrees), of(FamilyForest)
		const at = "Estimator.Estimator.Settings."
		settings = append(settings,
			search.Setting{Path: at + "LearningRate", Name: "trees rate", Domain: search.LogUniform{Low: 0.02, High: 0.3}, When: boosted},
			search.Setting{Path: at + "Iterations", Name: "trees iterations", Domain: search.Int{Low: 40, High: 400, Log: true}, When: boosted},
			search.Setting{Path: at + "Leaves", Name: "trees leaves", Domain: search.Int{Low: 4, High: 63, Log: true}, When: boosted},
			search.Setting{Path: at + "MinLeaf", Name: "trees least", Domain: search.Int{Low: 2, High: 40, Log: true}, When: boosted},
			search.Setting{Path: at + "L2", Name: "trees L2", Domain: search.LogUniform{Low: 1e-3, High: 10}, When: boosted},
			search.Setting{Path: at + "Columns", Name: "trees columns", Domain: search.Uniform{Low: 0.3, High: 1}, When: boosted},
			search.Setting{Path: at + "Columns", Name: "forest columns", Domain: search.Int{Low: 1, High: len(rows.Features), Log: true}, When: forest},
			search.Setting{Path: at + "MinLeaf", Name: "forest least", Domain: search.Int{Low: 1, High: 10, Log: true}, When: forest},
		)
	}
	return search.Space{Base: crossval.Preprocessed{Estimator: tabular.Estimator{}}, Settings: settings}, nil
}
