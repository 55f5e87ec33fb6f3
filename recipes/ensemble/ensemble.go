// Package ensemble keeps what a search has found: a weighted mean of networks and trees for
// the same raw rows, which can be saved in one file, loaded, and asked for predictions.
//
//	out, err := search.Search{Space: space, Budget: 5 * time.Minute}.Run(ctx, rows)
//	m, err := ensemble.Train(ctx, rows, out)
//	err = m.Save("model.zip")
package ensemble

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/recipes/tabular"
)

// Model is a weighted mean of what its members predict: probabilities, or values. Labels are
// decided by the mean probabilities.
type Model struct {
	Members  []Member
	Features []data.Feature // columns of the raw rows
	Task     data.Task
	Target   string
	Classes  []string
	Notes    []string // of the search; not saved
}

// Member is a part of a Model: a network or trees.
type Member struct {
	Weight float64 // relative to the others
	Net    *models.Model
	Trees  *baselines.TreeModel
	Before data.Fitted // prepares the raw rows for Trees; nil: nothing does
}

// Train fits the members of a search's outcome to all rows, within its budget: see
// search.Outcome.FitMembers. It is an error if an estimator of the outcome is neither a recipe
// (tabular.Estimator), nor baselines.BoostedTrees or RandomForest, by itself or in
// baselines.Prepared, as others cannot be saved; if the rows are not a table with one target;
// or if a fit fails.
func Train(ctx context.Context, rows data.Source, o *search.Outcome) (*Model, error) {
	if rows == nil {
		return nil, fmt.Errorf("ensemble: %w", data.ErrEmpty)
	}
	if o == nil || len(o.Weights) == 0 {
		return nil, errors.New("ensemble: no outcome")
	}
	st, err := rows.Stream()
	if err != nil {
		return nil, fmt.Errorf("ensemble: %w", err)
	}
	like := st.Like
	if len(like.Features) == 0 || like.TargetColumns != nil {
		return nil, errors.New("ensemble: the rows are not a table with one target")
	}
	m := &Model{Features: like.Features, Task: like.Task(), Target: like.Target, Classes: like.Classes, Notes: slices.Clone(o.Notes)}
	fitted := make([]Member, len(o.Weights))
	err = o.FitMembers(ctx, func(ctx context.Context, i int, member search.Member, seed uint64) (err error) {
		fitted[i], err = fit(ctx, rows, member, seed)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, f := range fitted {
		if f.Net != nil || f.Trees != nil {
			m.Members = append(m.Members, f)
		}
	}
	if n := len(fitted) - len(m.Members); n > 0 {
		m.Notes = append(m.Notes, fmt.Sprintf("%d of the %d members of the ensemble were left out, as the budget had ended", n, len(fitted)))
	}
	return m, m.check()
}

// fit fits one member.
func fit(ctx context.Context, rows data.Source, member search.Member, seed uint64) (Member, error) {
	out := Member{Weight: member.Weight}
	e, prepared, err := inner(member.Estimator)
	if err != nil {
		return out, err
	}
	if prepared {
		if out.Before, err = (data.ExpandTimes{}).Fit(rows); err != nil {
			return out, fmt.Errorf("ensemble: %w", err)
		}
		if rows, err = data.Applied(rows, out.Before); err != nil {
			return out, fmt.Errorf("ensemble: %w", err)
		}
	}
	switch e := e.(type) {
	case tabular.Estimator:
		e.Seed = seed
		out.Net, _, err = e.Train(ctx, rows)
	case baselines.BoostedTrees:
		out.Trees, err = e.Train(ctx, rows, seed)
	case baselines.RandomForest:
		out.Trees, err = e.Train(ctx, rows, seed)
	}
	return out, err
}

// inner returns the estimator that is fitted, and whether baselines.Prepared prepares its rows.
// It is an error if the type has no place in a file.
func inner(e crossval.Estimator) (in crossval.Estimator, prepared bool, err error) {
	if p, ok := e.(crossval.Preprocessed); ok && p.Transform == nil { // of Space
		e = p.Estimator
	}
	p, prepared := e.(baselines.Prepared)
	if prepared {
		if p.Encode {
			return nil, true, fmt.Errorf("ensemble: %T with Encode cannot be saved", p)
		}
		e = p.Estimator
	}
	switch e.(type) {
	case tabular.Estimator:
		if !prepared {
			return e, false, nil
		}
	case baselines.BoostedTrees, baselines.RandomForest:
		return e, prepared, nil
	}
	return nil, prepared, fmt.Errorf("ensemble: %T cannot be saved", e)
}

// Savable returns an error if a model that is trained for an outcome of the space could not be
// saved: it names the first type of estimator that is in no file.
func Savable(space search.Space) error {
	list := []crossval.Estimator{space.Base}
	for i, s := range space.Settings {
		choice, ok := s.Domain.(search.Choice)
		if !ok {
			continue
		}
		for k := range choice.Values {
			p := make(search.Point, len(space.Settings))
			for j := range p {
				p[j] = math.NaN()
			}
			p[i] = (float64(k) + 0.5) / float64(len(choice.Values))
			if e, _, err := space.Candidate(p); err == nil { // one that is wrong is an error of the search
				list = append(list, e)
			}
		}
	}
	for _, e := range list {
		if _, _, err := inner(e); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if the parts do not fit together.
func (m *Model) check() error {
	if m == nil || len(m.Members) == 0 {
		return errors.New("ensemble: no members")
	}
	if _, err := m.Rules(); err != nil {
		return err
	}
	for i, one := range m.Members {
		var err error
		switch {
		case !(one.Weight > 0) || math.IsInf(one.Weight, 1):
			err = fmt.Errorf("a weight of %v: want a positive one", one.Weight)
		case (one.Net == nil) == (one.Trees == nil):
			err = errors.New("want a network or trees")
		case one.Trees != nil:
			if err = one.Trees.Check(); err == nil && (one.Trees.Classes != len(m.Classes) || one.Before == nil && one.Trees.Columns != len(m.Features)) {
				err = fmt.Errorf("trees of %d columns and %d classes, the rows have %d and %d", one.Trees.Columns, one.Trees.Classes, len(m.Features), len(m.Classes))
			}
		case !slices.Equal(one.Net.Info.Classes, m.Classes) || len(one.Net.Info.Features) != len(m.Features) || !data.SameTask(one.Net.Info.TaskOf(), m.Task):
			err = errors.New("a network for another task, other classes or other columns")
		}
		if err != nil {
			return fmt.Errorf("ensemble: member %d: %w", i, err)
		}
	}
	return nil
}

// Rules returns the rules of the task.
func (m *Model) Rules() (*data.Rules, error) {
	if m == nil {
		return nil, errors.New("ensemble: the model is nil")
	}
	return data.RulesOf(m.Task, data.Targets{Columns: []string{m.Target}, Classes: m.Classes})
}

// PredictRows predicts raw rows, with the columns of Features. See search.Blend for how the
// members are joined.
func (m *Model) PredictRows(ctx context.Context, rows data.Source) (*data.Prediction, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	rules, err := m.Rules()
	if err != nil {
		return nil, err
	}
	var list []*data.Prediction
	var weights []float64
	for i, one := range m.Members {
		p, err := one.predict(ctx, rows)
		if err != nil {
			return nil, fmt.Errorf("ensemble: member %d: %w", i, err)
		}
		list, weights = append(list, p), append(weights, one.Weight)
	}
	return search.Average(rules, list, weights)
}

func (one *Member) predict(ctx context.Context, rows data.Source) (*data.Prediction, error) {
	if one.Net != nil {
		return one.Net.PredictRows(ctx, rows)
	}
	set, err := data.Collect(rows)
	if err == nil && one.Before != nil {
		set, err = one.Before.Apply(set)
	}
	if err != nil {
		return nil, err
	}
	return one.Trees.Predict(ctx, set)
}
