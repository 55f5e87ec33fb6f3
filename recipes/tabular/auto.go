package tabular

import (
	"context"
	"fmt"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// Auto races recipes on inner folds of the training rows, and fits the best one
// several times on all of them, averaged. Test rows take no part.
type Auto struct {
	Recipes []Named // nil: default, realmlp-s and mlp
	Folds   int     // of five inner folds, those that every recipe is fitted on; 0: 2
	Bag     int     // inner folds of the best, see Estimator.Bag; 0: 5
}

// Named is a recipe with a name for notes.
type Named struct {
	Name   string
	Recipe Recipe
}

func (a Auto) withDefaults() Auto {
	if a.Recipes == nil {
		a.Recipes = []Named{{"default", Default{}}, {"realmlp-s", Default{Simple: true}}, {"mlp", MLP{}}}
	}
	a.Folds, a.Bag = orDefault(a.Folds, 2), orDefault(a.Bag, 5)
	return a
}

// Plan implements Recipe: the plan of the first recipe, as no row is looked at.
// Estimator races the recipes.
func (a Auto) Plan(rows *data.Set, seed uint64) (train.Estimator, error) {
	return a.withDefaults().Recipes[0].Recipe.Plan(rows, seed)
}

// race returns the recipe with the best mean score on inner folds, log loss of a
// classification, RMSE of a regression, and what to note of it.
func (a Auto) race(ctx context.Context, e Estimator, rows *data.Set) (Named, string, error) {
	a = a.withDefaults()
	if rows == nil || rows.Len() == 0 {
		return Named{}, "", errNoRows
	}
	if len(a.Recipes) == 1 {
		return a.Recipes[0], "", nil
	}
	metric := "log loss"
	if rows.Task() == data.Regress {
		metric = "RMSE"
	}
	folds, err := innerFolds(rows, 5, e.Seed).TestRows(rows)
	if err != nil {
		return Named{}, "", fmt.Errorf("tabular: auto: %w", err)
	}
	var candidates []crossval.Candidate
	for _, r := range a.Recipes {
		one := e
		one.Recipe, one.Bag, one.Callbacks = r.Recipe, 0, nil
		candidates = append(candidates, crossval.Candidate{Name: r.Name, New: one.Factory()})
	}
	few := crossval.SplitterFunc(func(*data.Set) ([][]int, error) { return folds[:min(a.Folds, len(folds))], nil })
	res, err := crossval.Validate(ctx, rows, few, candidates, crossval.Options{Seed: e.Seed, Workers: 1})
	if ctx.Err() != nil || res == nil {
		return Named{}, "", err
	}
	best, note := -1, "inner "+metric+":"
	for i, r := range a.Recipes {
		if len(res.RunsOf(r.Name)) == 0 {
			continue // it failed in a fold; the error is that of the others, if none is left
		}
		score := res.Mean(r.Name, metric)
		note += fmt.Sprintf(" %s %.4g", r.Name, score)
		if best < 0 || score < res.Mean(a.Recipes[best].Name, metric) {
			best = i
		}
	}
	if best < 0 {
		return Named{}, "", err
	}
	return a.Recipes[best], note + "; chosen: " + a.Recipes[best].Name, nil
}

// train fits the recipe that wins the race, bagged.
func (a Auto) train(ctx context.Context, e Estimator, rows *data.Set) (*models.Model, *train.History, error) {
	best, note, err := a.race(ctx, e, rows)
	if err != nil {
		return nil, nil, err
	}
	e.Recipe, e.Bag = best.Recipe, a.withDefaults().Bag
	m, h, err := e.Train(ctx, rows)
	if err == nil && note != "" {
		h.Notes = append(h.Notes, note)
	}
	return m, h, err
}
