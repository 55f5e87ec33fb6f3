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

// Prepared makes an estimator take a table as it stands. Columns of times become the
// parts that [data.ExpandTimes] makes of them. The rest that Encode does, is fitted on the
// training rows.
type Prepared struct {
	Estimator crossval.Estimator

	// Encode makes numbers of all columns, for models that take no others: gaps are filled
	// with the mean and marked, numbers standardised, and the levels of a category become
	// indicators, of which at most 64.
	Encode bool
	// MostRows and MostCells, rows times columns, bound the training rows that the
	// estimator is run on. Beyond them the error wraps [crossval.ErrSkipped]. 0: no bound.
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

// timeless is Prepared of a table without times.
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
	if n := st.Rows; m.MostRows > 0 && n > m.MostRows || m.MostCells > 0 && n > m.MostCells/columns {
		return nil, fmt.Errorf("baselines: %w: too large: %d rows x %d columns, %s", crossval.ErrSkipped, n, columns, m.bounds())
	}
	if m.Encode {
		return crossval.Preprocessed{Transform: encoding{}, Estimator: m.Estimator}.Fit(ctx, train, seed)
	}
	return m.Estimator.Fit(ctx, train, seed)
}

// bounds words how large a table may be.
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
	builtin.Register(Prepared{}, Majority{}, Constant{}, LogisticRegression{}, LinearRegression{}, Ridge{}, ElasticNet{}, KNN{}, CART{}, Forest{}, ID3{}, RandomForest{}, BoostedTrees{})
}
