package tabular

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/metrics"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// Auto races recipes on inner folds of the training rows: every recipe is fitted
// once for each fold, which is set aside to stop by, and predicts it. The recipes,
// or the average of several, that predict the inner folds best (Brier score of a
// classification, RMSE of a regression) become the model, a bag of the fits that
// the race has made. Test rows take no part. With its defaults it costs four to six
// fits of Default.
type Auto struct {
	Recipes []Named // at most 8; none: Adaptive, simple and whole, and MLP with scores and with parts
	Folds   int     // inner folds; 0: 5
}

// Named is a recipe with a name for notes.
type Named struct {
	Name   string
	Recipe Recipe
}

func (a Auto) withDefaults() (Auto, error) {
	if len(a.Recipes) == 0 {
		a.Recipes = []Named{{"realmlp-s", Adaptive{Simple: true}}, {"realmlp", Adaptive{}}, {"mlp", MLP{}}, {"mlp-ple", MLP{Piecewise: 8}}}
	}
	if a.Folds = orDefault(a.Folds, 5); a.Folds < 2 || a.Folds > maxBag || len(a.Recipes) > 8 {
		return a, fmt.Errorf("tabular: auto: %d inner folds, %d recipes: want 2 to %d and at most 8", a.Folds, len(a.Recipes), maxBag)
	}
	for i, r := range a.Recipes {
		if _, nested := r.Recipe.(Auto); r.Recipe == nil || nested {
			return a, fmt.Errorf("tabular: auto: recipe %d, %q, is nil or another Auto", i, r.Name)
		}
	}
	return a, nil
}

// Plan implements Recipe: the plan of the first recipe, as no row is looked at.
// Estimator races the recipes.
func (a Auto) Plan(rows *data.Set, seed uint64) (Plan, error) {
	a, err := a.withDefaults()
	if err != nil {
		return Plan{}, err
	}
	return a.Recipes[0].Recipe.Plan(rows, seed)
}

// entrant is a recipe in a race: its fits, and what they predict of the inner folds.
type entrant struct {
	name    string
	members []*models.Model
	history *train.History
	oof     []float64 // probabilities (rows, classes), or values
}

// train races the recipes.
func (a Auto) train(ctx context.Context, e Estimator, rows data.Source) (*models.Model, *train.History, error) {
	a, err := a.withDefaults()
	if err != nil {
		return nil, nil, err
	}
	answers, err := answersOf(rows)
	if err != nil {
		return nil, nil, fmt.Errorf("tabular: auto: %w", err)
	}
	if !joins(e.Calibrate, answers) {
		return nil, nil, fmt.Errorf("tabular: auto: the %s calibrations of its fits cannot be joined for this task", e.Calibrate)
	}
	folds, err := crossval.Splits(answers, innerFolds(answers, a.Folds, e.Seed))
	if err != nil {
		return nil, nil, fmt.Errorf("tabular: auto: %w", err)
	}
	var list []entrant
	var failed []error
	for _, r := range a.Recipes {
		e.Recipe = r.Recipe
		one := entrant{name: r.Name}
		if one.members, one.history, err = e.foldModels(ctx, rows, answers, folds); err == nil {
			one.oof, err = outOfFold(ctx, one.members, rows, answers, folds)
		}
		if ctx.Err() != nil {
			return nil, one.history, err
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", r.Name, err))
			continue
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("tabular: auto: %w", errors.Join(failed...))
	}
	return finish(list, failed, answers)
}

// outOfFold returns what each fold's model predicts of the fold.
func outOfFold(ctx context.Context, members []*models.Model, rows data.Source, answers *data.Set, folds []crossval.Split) ([]float64, error) {
	rules, err := answers.Rules()
	if err != nil {
		return nil, err
	}
	width := rules.Values
	if rules.Proba > 0 {
		width = rules.Proba
	}
	out := make([]float64, answers.Len()*width)
	for i, f := range folds {
		p, err := members[i].PredictRows(ctx, data.View(data.Blind(rows), f.Test))
		if err != nil {
			return nil, err
		}
		values := p.Values
		if rules.Proba > 0 {
			values = p.Proba
		}
		for k, row := range f.Test {
			copy(out[row*width:(row+1)*width], values[k*width:(k+1)*width])
		}
	}
	return out, nil
}

// finish makes one model of the recipes whose average predicts best.
func finish(list []entrant, failed []error, rows *data.Set) (*models.Model, *train.History, error) {
	metric, loss, err := raceLoss(rows)
	if err != nil {
		return nil, nil, err
	}
	mean := make([]float64, len(list[0].oof))
	best, least := 0, math.Inf(1)
	var alone []string
	for set := 1; set < 1<<len(list); set++ {
		clear(mean)
		n := 0.0
		for i, one := range list {
			if set>>i&1 == 1 {
				n++
				for k, v := range one.oof {
					mean[k] += v
				}
			}
		}
		for k := range mean {
			mean[k] /= n
		}
		score, err := loss(mean)
		if err != nil {
			return nil, nil, fmt.Errorf("tabular: auto: %w", err)
		}
		if score < least {
			best, least = set, score
		}
		if n == 1 {
			alone = append(alone, fmt.Sprintf("%s %.4g", list[len(alone)].name, score))
		}
	}
	var members []*models.Model
	var names []string
	var history *train.History
	for i, one := range list {
		if best>>i&1 == 1 {
			members, names = append(members, one.members...), append(names, one.name)
			if history == nil {
				history = one.history
			}
		}
	}
	m, err := models.Bag(members...)
	if err != nil {
		return nil, history, err
	}
	history.Notes = append(history.Notes, fmt.Sprintf("%s on inner folds: %s; taken: %s, %.4g together", metric, strings.Join(alone, ", "), strings.Join(names, " and "), least))
	for _, err := range failed {
		history.Notes = append(history.Notes, "left out of the race: "+err.Error())
	}
	return m, history, nil
}

// raceLoss returns the score that recipes are raced by: of classes the Brier score, of other
// tasks their first metric, negative where greater is better.
func raceLoss(rows *data.Set) (name string, loss func(pred []float64) (float64, error), err error) {
	if logits(rows) {
		want, err := rows.Labels()
		return "Brier score", func(pred []float64) (float64, error) { return metrics.Brier(want, pred, len(rows.Classes)) }, err
	}
	rules, err := rows.Rules()
	if err != nil {
		return "", nil, err
	}
	metric := rules.Metrics[0]
	if name = metric.Name; metric.Greater {
		name = "−" + name
	}
	return name, func(pred []float64) (float64, error) {
		p := &data.Prediction{Values: pred}
		if rules.Proba > 0 {
			p.Values, p.Proba = nil, pred
		}
		if rules.Labels > 0 {
			p.Labels = make([]int, rows.Len()*rules.Labels)
			for i := range rows.Len() {
				rules.Decide(rules.Row(p, i))
			}
		}
		v, err := metric.Score(rows, p)
		if metric.Greater {
			v = -v
		}
		return v, err
	}, nil
}
