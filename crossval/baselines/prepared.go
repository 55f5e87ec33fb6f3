package baselines

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/builtin"
)

// Prepared lets an estimator take raw tables. Columns of times are converted by
// [data.ExpandTimes]; what Encode adds is fitted on the training rows.
type Prepared struct {
	Estimator crossval.Estimator

	// Encode converts all columns to numbers, for models that take nothing else: missing
	// values are replaced by the mean and marked, numbers are standardised, and a category
	// becomes indicators of at most 64 levels.
	Encode bool
	// MostRows and MostCells (rows times columns) bound the training rows. Beyond them, Fit
	// returns an error that wraps [crossval.ErrSkipped]. 0: no bound.
	MostRows, MostCells int
}

// Fit implements crossval.Estimator.
func (m Prepared) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	if m.Estimator == nil {
		return nil, errors.New("baselines: prepared: the estimator is nil")
	}
	if train == nil {
		return nil, data.ErrEmpty
	}
	st, err := train.Stream()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(st.Like.Features, func(f data.Feature) bool { return f.Time != "" }) {
		return crossval.Preprocessed{Transform: data.ExpandTimes{}, Estimator: timeless(m)}.Fit(ctx, train, seed)
	}
	return timeless(m).Fit(ctx, train, seed)
}

// timeless is Prepared for a table without times.
type timeless Prepared

func (m timeless) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	st, err := train.Stream()
	if err != nil {
		return nil, err
	}
	_, columns, err := st.Like.Table()
	if err != nil {
		return nil, err
	}
	if n := st.Rows; m.MostRows > 0 && n > m.MostRows || m.MostCells > 0 && n > m.MostCells/max(1, columns) {
		return nil, fmt.Errorf("baselines: %w: too large: %d rows x %d columns, %s", crossval.ErrSkipped, n, columns, m.bounds())
	}
	if m.Encode {
		return crossval.Preprocessed{Transform: encoding{}, Estimator: m.Estimator}.Fit(ctx, train, seed)
	}
	return m.Estimator.Fit(ctx, train, seed)
}

// bounds formats the limits on the size of a table.
func (m timeless) bounds() string {
	switch {
	case m.MostCells == 0:
		return fmt.Sprintf("at most %d rows", m.MostRows)
	case m.MostRows == 0:
		return fmt.Sprintf("at most %d values", m.MostCells)
	}
	return fmt.Sprintf("at most %d rows and %d values", m.MostRows, m.MostCells)
}

func init() {
	builtin.Register(Prepared{}, Majority{}, Constant{}, LogisticRegression{}, LinearRegression{}, Ridge{}, ElasticNet{}, KNN{}, CART{}, Forest{}, ID3{}, RandomForest{}, BoostedTrees{}, TextLogistic{}, TextBayes{})
}
