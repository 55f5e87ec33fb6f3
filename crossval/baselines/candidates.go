package baselines

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// Default returns the baselines that suit a task, each with its settings' defaults, in
// the order of [Names]. All of them take a table as it stands, with missing values,
// codes of categories and times (as [data.ExpandTimes] takes them apart), and prepare
// it themselves from the training rows; so none needs [crossval.Preprocessed].
//
// Neighbours and golearn's models take time that grows as the square of the rows or
// close to it. Beyond a number of training rows times columns they are not run, and
// their error wraps [crossval.ErrSkipped]: 1,000,000 for k-nearest neighbours, of
// which no more than 50,000 rows; 200,000 for golearn's trees and forest.
func Default(task data.Task) []crossval.Candidate {
	out := make([]crossval.Candidate, 0, 10)
	for _, m := range list(task) {
		out = append(out, crossval.Candidate{Name: m.name, New: onTimes(m.new), Baseline: true})
	}
	return out
}

// Names returns the names of the baselines that suit a task. For a classification:
// majority, logistic regression, k-nearest neighbours, random forest, boosted trees,
// golearn ID3, golearn tree, golearn forest. For a regression: mean, linear
// regression, ridge, elastic net, k-nearest neighbours, random forest, boosted trees,
// golearn tree, golearn forest.
func Names(task data.Task) []string {
	var out []string
	for _, m := range list(task) {
		out = append(out, m.name)
	}
	return out
}

// Select returns the candidates of [Default] with the given names, in their order. A
// name that is not among them is an error, which lists those that are.
func Select(task data.Task, names []string) ([]crossval.Candidate, error) {
	all := Default(task)
	var out []crossval.Candidate
next:
	for _, n := range names {
		for _, c := range all {
			if c.Name == n {
				out = append(out, c)
				continue next
			}
		}
		if r := []rune(n); len(r) > 60 {
			n = string(r[:60]) + "..."
		}
		return nil, fmt.Errorf("baselines: there is no %q to %s with: have %s", n, task, strings.Join(Names(task), ", "))
	}
	return out, nil
}

type named struct {
	name string
	new  crossval.Factory
}

const (
	neighbourCells = 1_000_000
	neighbourRows  = 50_000
	golearnCells   = 200_000
	forestCells    = 20_000
)

func list(task data.Task) []named {
	neighbours := named{"k-nearest neighbours", bounded("k-nearest neighbours", neighbourRows, neighbourCells, KNN{}.New)}
	forest := named{"golearn forest", bounded("golearn forest", forestCells, forestCells, Forest{}.New)}
	tree := func(m CART) named {
		return named{"golearn tree", bounded("golearn tree", golearnCells, golearnCells, m.New)}
	}
	if task == data.Regress {
		return []named{
			{"mean", onRaw(Majority{}.New)},
			{"linear regression", LinearRegression{}.New},
			{"ridge", Ridge{}.New},
			{"elastic net", ElasticNet{}.New},
			neighbours,
			{"random forest", RandomForest{}.New},
			{"boosted trees", BoostedTrees{}.New},
			tree(CART{MaxDepth: 5}),
			forest,
		}
	}
	return []named{
		{"majority", onRaw(Majority{}.New)},
		{"logistic regression", LogisticRegression{}.New},
		neighbours,
		{"random forest", RandomForest{}.New},
		{"boosted trees", BoostedTrees{}.New},
		{"golearn ID3", bounded("golearn ID3", golearnCells, golearnCells, ID3{}.New)},
		tree(CART{}),
		forest,
	}
}

// onTimes makes a model of tables see the parts of times, where a table has any.
func onTimes(f crossval.Factory) crossval.Factory {
	parts := crossval.Preprocessed(data.ExpandTimes{}, f)
	return func(seed uint64) (crossval.Estimator, error) {
		plain, err := f(seed)
		if err != nil {
			return nil, err
		}
		timed, err := parts(seed)
		if err != nil {
			return nil, err
		}
		return crossval.EstimatorFunc(func(ctx context.Context, train *data.Set) (*data.Predictor, error) {
			if slices.ContainsFunc(train.Features, func(f data.Feature) bool { return f.Time != "" }) {
				return timed.Fit(ctx, train)
			}
			return plain.Fit(ctx, train)
		}), nil
	}
}

// onRaw makes a model of numbers take tables as they stand.
func onRaw(f crossval.Factory) crossval.Factory { return crossval.Preprocessed(encoding{}, f) }

// bounded is onRaw for a model that is not run on more rows, or more rows times
// columns, than given.
func bounded(what string, rows, cells int, f crossval.Factory) crossval.Factory {
	f = onRaw(f)
	return func(seed uint64) (crossval.Estimator, error) {
		e, err := f(seed)
		if err != nil {
			return nil, err
		}
		return crossval.EstimatorFunc(func(ctx context.Context, train *data.Set) (*data.Predictor, error) {
			_, columns, err := train.Table()
			if err != nil {
				return nil, err
			}
			if n := train.Len(); n > rows || n > cells/columns {
				return nil, fmt.Errorf("baselines: %s: %w: too large: %d rows x %d columns, at most %d rows and %d values",
					what, crossval.ErrSkipped, n, columns, rows, cells)
			}
			return e.Fit(ctx, train)
		}), nil
	}
}
