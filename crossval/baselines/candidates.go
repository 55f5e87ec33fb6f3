package baselines

import (
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// Names returns the names of the baselines for a task. For a classification: majority,
// logistic regression, k-nearest neighbours, random forest, boosted trees, golearn ID3,
// golearn tree, golearn forest. For a regression: mean, linear regression, ridge, elastic
// net, k-nearest neighbours, random forest, boosted trees, golearn tree, golearn forest. The
// same lists serve other tasks that predict one class or one number per row; all other tasks
// have constant only.
func Names(task data.Task) []string {
	var out []string
	for _, m := range Default(task) {
		out = append(out, m.Name)
	}
	return out
}

// Select returns the candidates of [Default] with the given names, in the given order. The
// error about an unknown name lists the known ones.
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
		return nil, fmt.Errorf("baselines: there is no %q to %s with: have %s", n, data.TaskName(task), strings.Join(Names(task), ", "))
	}
	return out, nil
}

const (
	neighbourCells = 1_000_000
	neighbourRows  = 50_000
	golearnCells   = 200_000
	forestCells    = 20_000
)

// For returns the baselines for the task of the rows: those of [Default] or, with several
// target columns, only Constant, which can predict all of them.
func For(rows *data.Set) []crossval.Candidate {
	if rows != nil && len(rows.AboutTargets().Columns) > 1 {
		return []crossval.Candidate{{Name: "constant", Estimator: Constant{}, Baseline: true}}
	}
	return Default(rows.Task())
}

// suits reports whether a task predicts one class per row, or one number.
func suits(task data.Task) (classes, number bool) {
	if r, err := data.RulesOf(task, data.Targets{Columns: []string{"y"}, Classes: []string{"a", "b"}}); err == nil && r.Choice {
		return true, false
	}
	r, err := data.RulesOf(task, data.Targets{Columns: []string{"y"}})
	return false, err == nil && oneNumber(r)
}

// Default returns the baselines for a task with one target column, with default settings and
// in the order of [Names]. All of them take raw tables, with missing values, codes of
// categories, and times (converted by [data.ExpandTimes]), and fit the preparation on the
// training rows: see [Prepared].
//
// The time of k-nearest neighbours and of golearn's models grows roughly with the square of
// the rows. Above a limit on training rows times columns they are not run, and their error
// wraps [crossval.ErrSkipped]: 1,000,000 for k-nearest neighbours, and at most 50,000 rows;
// 200,000 for golearn's trees and forest.
func Default(task data.Task) []crossval.Candidate {
	named := func(name string, p Prepared) crossval.Candidate {
		return crossval.Candidate{Name: name, Estimator: p, Baseline: true}
	}
	neighbours := named("k-nearest neighbours", Prepared{Estimator: KNN{}, Encode: true, MostRows: neighbourRows, MostCells: neighbourCells})
	forest := named("golearn forest", Prepared{Estimator: Forest{}, Encode: true, MostCells: forestCells})
	tree := func(m CART) crossval.Candidate {
		return named("golearn tree", Prepared{Estimator: m, Encode: true, MostCells: golearnCells})
	}
	constant := []crossval.Candidate{{Name: "constant", Estimator: Constant{}, Baseline: true}}
	classes, numbers := suits(task)
	switch {
	case classes:
	case !numbers:
		return constant
	default:
		return []crossval.Candidate{
			named("mean", Prepared{Estimator: Majority{}, Encode: true}),
			named("linear regression", Prepared{Estimator: LinearRegression{}}),
			named("ridge", Prepared{Estimator: Ridge{}}),
			named("elastic net", Prepared{Estimator: ElasticNet{}}),
			neighbours,
			named("random forest", Prepared{Estimator: RandomForest{}}),
			named("boosted trees", Prepared{Estimator: BoostedTrees{}}),
			tree(CART{MaxDepth: 5}),
			forest,
		}
	}
	return []crossval.Candidate{
		named("majority", Prepared{Estimator: Majority{}, Encode: true}),
		named("logistic regression", Prepared{Estimator: LogisticRegression{}}),
		neighbours,
		named("random forest", Prepared{Estimator: RandomForest{}}),
		named("boosted trees", Prepared{Estimator: BoostedTrees{}}),
		named("golearn ID3", Prepared{Estimator: ID3{}, Encode: true, MostCells: golearnCells}),
		tree(CART{}),
		forest,
	}
}
