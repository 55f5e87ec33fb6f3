// Package tabular holds recipes for tables: a network with the preprocessing, the
// optimizer and the schedules that go with it, ready to fit on rows as they were
// read. A recipe adapts to the rows, the columns and the classes; whatever it
// learns from rows, it learns from training rows alone.
//
//	e := tabular.Estimator{Recipe: tabular.RealMLP{}, Seed: 1}
//	model, history, err := e.Train(ctx, rows)
package tabular

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// Recipe says how a network is fitted to rows.
type Recipe interface {
	// Plan says how to fit the given training rows; it looks at their number,
	// columns and classes, and at nothing that a test row could tell.
	Plan(rows *data.Set, seed uint64) (Plan, error)
}

// Plan is how a recipe is fitted to rows.
type Plan struct {
	train.Estimator
	Folds int // of these inner folds each is set aside in a fit of its own, and the fits averaged; 0: one fit
}

// Estimator fits a recipe. Its method Fit is that of crossval.Estimator.
type Estimator struct {
	Recipe Recipe // nil: Default
	Seed   uint64 // for Train

	Balanced  bool              // see train.Estimator, as for the fields below
	Calibrate train.Calibration // "": as the recipe has it
	Costs     [][]float64
	Decide    train.Decision
	Callbacks []train.Callback // besides those of the recipe

	// Bag is the number of inner folds: a fit for each of them, with that fold set
	// aside to stop and to choose by, so that every row is trained on by most; what
	// they predict is averaged (models.Bag). 1: one fit, with one share set aside;
	// 0: as the recipe has it, and one fit with isotonic calibration, as such ones
	// cannot be averaged.
	Bag int
}

// answersOf returns what plans are made by: all of the rows but their inputs.
func answersOf(rows data.Source) (*data.Set, error) {
	if rows == nil {
		return nil, data.ErrEmpty
	}
	return data.Answers(rows)
}

// plan returns the fit for rows.
func (e Estimator) plan(rows *data.Set, seed uint64) (Plan, error) {
	if rows == nil || rows.Len() == 0 {
		return Plan{}, data.ErrEmpty
	}
	if err := rows.CheckTask(); err != nil {
		return Plan{}, fmt.Errorf("tabular: %w", err)
	}
	recipe := e.Recipe
	if recipe == nil {
		recipe = Default{}
	}
	p, err := recipe.Plan(rows, seed)
	if err != nil {
		return p, err
	}
	p.Balanced, p.Costs, p.Decide = e.Balanced, e.Costs, e.Decide
	if e.Calibrate != "" {
		p.Calibrate = e.Calibrate
	}
	switch {
	case e.Bag > 1 && !joins(p.Calibrate, rows):
		return p, fmt.Errorf("tabular: a bag of %d fits: their %s calibrations cannot be joined for this task", e.Bag, p.Calibrate)
	case e.Bag > 0:
		p.Folds = e.Bag
	case !joins(p.Calibrate, rows):
		p.Folds = 0
	}
	p.Config.Callbacks = append(p.Config.Callbacks, e.Callbacks...)
	return p, nil
}

// joins reports whether models.Bag takes fits with a calibration: a temperature divides
// logits, and nothing else is a layer.
func joins(c train.Calibration, rows *data.Set) bool {
	return c == "" || c == train.Temperature && logits(rows)
}

// Plan returns what Train does with rows; for Auto it is the plan of its first recipe.
func (e Estimator) Plan(rows *data.Set) (Plan, error) { return e.plan(rows, e.Seed) }

// Train fits the recipe once and returns the model with its history.
func (e Estimator) Train(ctx context.Context, rows data.Source) (*models.Model, *train.History, error) {
	if a, ok := e.Recipe.(Auto); ok {
		return a.train(ctx, e, rows)
	}
	if e.Bag < 0 || e.Bag > maxBag {
		return nil, nil, fmt.Errorf("tabular: a bag of %d fits: want 0 to %d", e.Bag, maxBag)
	}
	answers, err := answersOf(rows)
	if err != nil {
		return nil, nil, err
	}
	p, err := e.plan(answers, e.Seed)
	if err != nil {
		return nil, nil, err
	}
	if p.Folds > 1 {
		return e.bag(ctx, rows, p.Folds)
	}
	return p.Train(ctx, rows)
}

// Fit fits the recipe as crossval sees it: what Train makes, with a seed in place of Seed.
func (e Estimator) Fit(ctx context.Context, rows data.Source, seed uint64) (*data.Predictor, error) {
	e.Seed = seed
	m, h, err := e.Train(ctx, rows)
	if err != nil {
		return nil, err
	}
	return train.Predictor(m, h), nil
}

const maxBag = 1000

// bag fits the recipe once for every inner fold, and averages the fits.
func (e Estimator) bag(ctx context.Context, rows data.Source, k int) (*models.Model, *train.History, error) {
	answers, err := answersOf(rows)
	if err != nil {
		return nil, nil, err
	}
	folds, err := crossval.Splits(answers, innerFolds(answers, k, e.Seed))
	if err != nil {
		return nil, nil, fmt.Errorf("tabular: bag: %w", err)
	}
	members, h, err := e.foldModels(ctx, rows, answers, folds)
	if err != nil {
		return nil, h, err
	}
	m, err := models.Bag(members...)
	if err != nil {
		return nil, h, err
	}
	h.Notes = append(h.Notes, fmt.Sprintf("mean of %d fits on inner folds; the curves are those of the first", len(members)))
	return m, h, nil
}

// foldModels fits the recipe to the training rows of every fold, its test rows set
// aside to stop by. The history is that of the first fit, with the notes and the
// time of all.
func (e Estimator) foldModels(ctx context.Context, rows data.Source, answers *data.Set, folds []crossval.Split) ([]*models.Model, *train.History, error) {
	var members []*models.Model
	var first *train.History
	for i, f := range folds {
		p, err := e.plan(answers, crossval.JobSeed(e.Seed, "bag", i))
		if err != nil {
			return nil, first, err
		}
		p.Config.Validation, p.Config.ValidationFraction = data.View(rows, f.Test), 0
		m, h, err := p.Train(ctx, data.View(rows, f.Train))
		if err != nil {
			return nil, first, err
		}
		members = append(members, m)
		if first == nil {
			first = h
			continue
		}
		first.Duration += h.Duration
		for _, n := range h.Notes {
			if !slices.Contains(first.Notes, n) {
				first.Notes = append(first.Notes, n)
			}
		}
	}
	return members, first, nil
}

// innerFolds splits training rows: stratified for a classification, unless a class
// has fewer rows than there are folds, and whole groups where there are groups.
func innerFolds(rows *data.Set, k int, seed uint64) crossval.Splitter {
	switch {
	case rows.Groups != nil:
		return crossval.GroupKFold{K: k}
	case rows.Classes != nil && fewest(rows) >= k: // of sequences there is no rarest class
		return crossval.StratifiedKFold{K: k, Shuffle: true, Seed: seed}
	}
	return crossval.KFold{K: k, Shuffle: true, Seed: seed}
}

// fewest returns the number of rows of the rarest class that has any.
func fewest(rows *data.Set) int {
	counts, err := rows.ClassCounts()
	if err != nil {
		return 0
	}
	least := rows.Len()
	for _, n := range counts {
		if n > 0 {
			least = min(least, n)
		}
	}
	return least
}

func init() {
	builtin.Register(Estimator{}, Plan{}, Default{}, Adaptive{}, MLP{}, RealMLP{}, TabM{}, ResNet{}, Auto{}, Tuned{})
}

// Names returns the names of the recipes, for ByName.
func Names() []string {
	return []string{"default", "mlp", "mlp-ple", "realmlp", "realmlp-s", "tabm", "resnet", "auto"}
}

// ByName returns the recipe of a name, with its defaults.
func ByName(name string) (Recipe, error) {
	switch name {
	case "default":
		return Default{}, nil
	case "mlp":
		return MLP{}, nil
	case "mlp-ple":
		return MLP{Piecewise: 8}, nil
	case "realmlp":
		return RealMLP{}, nil
	case "realmlp-s":
		return RealMLP{Simple: true}, nil
	case "tabm":
		return TabM{}, nil
	case "resnet":
		return ResNet{}, nil
	case "auto":
		return Auto{}, nil
	}
	return nil, fmt.Errorf("tabular: there is no recipe %q; there are %s", name, strings.Join(Names(), ", "))
}
