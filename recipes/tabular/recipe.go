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
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// Recipe says how a network is fitted to rows.
type Recipe interface {
	// Plan returns the fit for the given training rows; it looks at their number,
	// columns and classes, and at nothing that a test row could tell.
	Plan(rows *data.Set, seed uint64) (train.Estimator, error)
}

// Estimator fits a recipe. Its method Fit is that of crossval.Estimator.
type Estimator struct {
	Recipe Recipe // nil: Default
	Seed   uint64

	Balanced  bool              // see train.Estimator, as for the fields below
	Calibrate train.Calibration // "": as the recipe has it
	Costs     [][]float64
	Decide    train.Decision
	Callbacks []train.Callback // besides those of the recipe

	// Bag is the number of fits, each with other rows set aside to stop and to choose
	// by, whose predictions are averaged; 0: 1. Only Fit does so.
	Bag int
}

// plan returns the fit for rows.
func (e Estimator) plan(rows *data.Set, seed uint64) (train.Estimator, error) {
	if rows == nil || rows.Len() == 0 {
		return train.Estimator{}, data.ErrEmpty
	}
	if rows.Task() == data.Classify && len(rows.Classes) < 2 {
		return train.Estimator{}, fmt.Errorf("tabular: %s: a classification needs at least two classes", rows.Name)
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
	p.Config.Callbacks = append(p.Config.Callbacks, e.Callbacks...)
	return p, nil
}

// Plan returns the fit that Train makes for rows.
func (e Estimator) Plan(rows *data.Set) (train.Estimator, error) { return e.plan(rows, e.Seed) }

// Train fits the recipe once and returns the model with its history.
func (e Estimator) Train(ctx context.Context, rows *data.Set) (*models.Model, *train.History, error) {
	if a, ok := e.Recipe.(Auto); ok {
		recipe, err := a.choose(ctx, e, rows)
		if err != nil {
			return nil, nil, err
		}
		e.Recipe = recipe
	}
	p, err := e.plan(rows, e.Seed)
	if err != nil {
		return nil, nil, err
	}
	return p.Train(ctx, rows)
}

// Fit fits the recipe as crossval sees it.
func (e Estimator) Fit(ctx context.Context, rows *data.Set) (*data.Predictor, error) {
	if a, ok := e.Recipe.(Auto); ok {
		return a.fit(ctx, e, rows)
	}
	if e.Bag < 0 || e.Bag > maxBag {
		return nil, fmt.Errorf("tabular: a bag of %d fits: want 0 to %d", e.Bag, maxBag)
	}
	if e.Bag > 1 {
		return e.bag(ctx, rows)
	}
	p, err := e.plan(rows, e.Seed)
	if err != nil {
		return nil, err
	}
	return p.Fit(ctx, rows)
}

const maxBag = 1000

// memberSeed is the seed of fit i of a bag.
func memberSeed(seed uint64, i int) uint64 { return crossval.JobSeed(seed, "bag", i) }

// bag fits the recipe several times.
func (e Estimator) bag(ctx context.Context, rows *data.Set) (*data.Predictor, error) {
	var members []*data.Predictor
	for i := range e.Bag {
		p, err := e.plan(rows, memberSeed(e.Seed, i))
		if err != nil {
			return nil, err
		}
		member, err := p.Fit(ctx, rows)
		if err != nil {
			return nil, err
		}
		members = append(members, member)
	}
	return average(members, e.Costs), nil
}

// average is a predictor of the mean of others: of their probabilities, or of
// their values. It shows the curves of the first.
func average(members []*data.Predictor, costs [][]float64) *data.Predictor {
	first := members[0]
	out := &data.Predictor{Curves: first.Curves, BestEpoch: first.BestEpoch}
	for _, m := range members {
		out.Parameters += m.Parameters
		for _, n := range m.Notes {
			if !slices.Contains(out.Notes, n) {
				out.Notes = append(out.Notes, n)
			}
		}
	}
	out.Predict = func(ctx context.Context, rows *data.Set) (*data.Prediction, error) {
		var sum *data.Prediction
		for _, m := range members {
			p, err := m.Predict(ctx, rows)
			if err != nil {
				return nil, err
			}
			if sum == nil {
				sum = &data.Prediction{Proba: make([]float64, len(p.Proba)), Values: make([]float64, len(p.Values))}
			}
			for i, v := range p.Proba {
				sum.Proba[i] += v / float64(len(members))
			}
			for i, v := range p.Values {
				sum.Values[i] += v / float64(len(members))
			}
		}
		if len(sum.Proba) == 0 {
			sum.Proba = nil
			return sum, nil
		}
		sum.Values = nil
		sum.Labels = models.Decide(sum.Proba, len(sum.Proba)/rows.Len(), costs)
		return sum, nil
	}
	return out
}

// Factory returns what crossval makes estimators of a recipe with.
func (e Estimator) Factory() crossval.Factory {
	return func(seed uint64) (crossval.Estimator, error) {
		fold := e
		fold.Seed = seed
		return fold, nil
	}
}

// Names returns the names of the recipes, for ByName.
func Names() []string {
	return []string{"default", "mlp", "realmlp", "realmlp-s", "tabm", "resnet", "auto"}
}

// ByName returns the recipe of a name, with its defaults.
func ByName(name string) (Recipe, error) {
	switch name {
	case "default":
		return Default{}, nil
	case "mlp":
		return MLP{}, nil
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

var errNoRows = errors.New("tabular: no rows")
