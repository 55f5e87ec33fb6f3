package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/moments"
	"github.com/seed732fc211/aegis/models"
)

// Estimator fits a model to raw rows: it fits the preprocessing, builds the model for the
// preprocessed rows, and calls Fit. Its method Fit makes it a crossval.Estimator. It keeps
// no state of a fit and may serve several at once. If its parts are registered, it can be
// written as JSON: see package describe.
type Estimator struct {
	Net models.Architecture // builds the model for preprocessed rows, such as models.MLP

	// Preprocess is fitted on the training rows only, without those set aside by
	// Config.ValidationFraction. nil: none.
	Preprocess data.Transform
	// ScaleTarget trains on (y − mean)/std of real targets, column by column; predictions
	// are in the units of y.
	ScaleTarget bool
	// LogTarget is for a single real target that is skewed (a skewness beyond ±1). The model
	// is fitted twice: to the targets y and to asinh((y − median)/d), where d is the
	// distance of the median from the nearer quartile. The fit with the better first metric
	// of the task on the validation rows (RMSE in the units of y) is kept; a note in the
	// history says so if that is the second. Callbacks see both fits. It needs ScaleTarget
	// and validation rows.
	LogTarget bool
	// BoundTarget clips predictions of real targets to the range of the training targets,
	// column by column.
	BoundTarget bool
	Config      Config // Config.Validation holds raw rows; they are preprocessed like the others

	// Balanced multiplies the weight of every row by rows/(classes·rows of its class), so
	// that all classes have the same total weight.
	Balanced bool
	// Calibrate calibrates the probabilities on the validation rows after the fit; it needs
	// Config.Validation or ValidationFraction. "": no calibration.
	Calibrate Calibration
	// Costs are the costs of misclassification; see models.Info.Costs.
	Costs [][]float64
	// Decide chooses, for two classes, the threshold of the second that maximises this
	// metric on the validation rows. The zero value keeps 0.5.
	Decide Decision

	Seed uint64 // of the model and of the fit, used by Train; Config.Seed is ignored
}

// Train fits a model and returns it with its history. The model's Info lets it predict from
// raw rows.
func (e Estimator) Train(ctx context.Context, rows data.Source) (*models.Model, *History, error) {
	if e.Net == nil {
		return nil, nil, errors.New("train: the estimator has no Net")
	}
	// One infinite value would spoil its whole column in preprocessing.
	if err := data.Check(rows); err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	answers, err := data.Answers(rows)
	if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	c := e.Config
	c.noValidation()
	c.Seed = e.Seed
	rest, err := c.setAside(rows, answers)
	if err != nil {
		return nil, nil, err
	}
	ready, fitted, err := e.prepare(rest.rows, &c)
	if err != nil {
		return nil, nil, rest.trace(err)
	}
	if e.Balanced {
		if ready, err = balanced(ready); err == nil && c.Validation != nil {
			c.Validation, err = balanced(c.Validation)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("train: %w", err)
		}
	}
	if err := answers.CheckTask(); err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	info := models.Info{Features: answers.Features}
	info.OfSet(answers)
	skewed, err := e.readTarget(&info, rest.answers)
	if err != nil {
		return nil, nil, err
	}
	m, h, err := e.fit(ctx, info, ready, c)
	if err == nil && skewed {
		m, h, err = e.orLogarithmic(ctx, m, h, rest.answers, ready, c)
	}
	if err == nil {
		err = e.decide(ctx, m, c.Validation)
	}
	if h != nil {
		for _, note := range data.Notes(fitted) {
			h.note("%s", note)
		}
	}
	if m != nil {
		m.Info.Preprocess = fitted
		var e error
		if m.Info.Texts, e = consumed(rest.rows, ready); e != nil {
			err = errors.Join(err, e)
		}
	}
	return m, h, rest.trace(err)
}

// consumed returns the columns of texts that preprocessing has made something else of.
func consumed(raw, ready data.Source) ([]string, error) {
	before, err := raw.Stream()
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	after, err := ready.Stream()
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	var names []string
	for _, c := range before.Like.Texts {
		if !slices.ContainsFunc(after.Like.Texts, func(t data.TextColumn) bool { return t.Name == c.Name }) {
			names = append(names, c.Name)
		}
	}
	return names, nil
}

// fit builds a model and fits it to preprocessed rows.
func (e Estimator) fit(ctx context.Context, info models.Info, ready data.Source, c Config) (*models.Model, *History, error) {
	head, err := forNet(ready)
	if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	m, err := e.Net.Build(head, e.Seed)
	if err != nil {
		return nil, nil, err
	}
	if m == nil {
		return nil, nil, errors.New("train: the estimator's Net built no model")
	}
	m.Info.Task, m.Info.Classes, m.Info.Features = info.Task, info.Classes, info.Features
	m.Info.Target, m.Info.TargetColumns, m.Info.Scales = info.Target, info.TargetColumns, info.Scales
	h, err := Fit(ctx, m, ready, c)
	return m, h, err
}

// forNet returns the rows that a network is built for: the first window, or, of rows that
// are read one by one, those that show their shape.
func forNet(rows data.Source) (*data.Set, error) {
	st, err := rows.Stream()
	if err != nil {
		return nil, err
	}
	if st.ByRow && !st.InMemory {
		return st.Like, nil
	}
	return data.Head(rows, data.WindowRows)
}

// orLogarithmic fits again, to targets on a logarithmic scale, and returns that fit if it is
// better on the validation rows, otherwise the given one.
func (e Estimator) orLogarithmic(ctx context.Context, plain *models.Model, h *History, answers *data.Set, ready data.Source, c Config) (*models.Model, *History, error) {
	y, err := answers.Values()
	if err != nil {
		return nil, nil, err
	}
	y = slices.Sorted(slices.Values(y))
	info := plain.Info
	scale := models.TargetScale{Range: info.Scales[0].Range}
	if scale.Center, scale.Width, _ = moments.Spread(y); scale.Width == 0 {
		return plain, h, nil
	}
	for i := range y {
		y[i] = scale.Learned(y[i])
	}
	scale.Mean, scale.Scale = targetScale(y)
	info.Scales = []models.TargetScale{scale}
	was, err := validationScore(ctx, plain, c.Validation)
	if err != nil {
		return plain, h, err
	}
	logarithmic, again, err := e.fit(ctx, info, ready, c)
	is := 0.0
	if err == nil {
		is, err = validationScore(ctx, logarithmic, c.Validation)
	}
	if ctx.Err() != nil {
		return plain, h, err
	}
	if err != nil {
		h.note("trained on the target itself, as a fit to its logarithm failed: %v", err)
		return plain, h, nil
	}
	again.Duration += h.Duration
	h.Duration = again.Duration
	if is < was {
		again.note("trained on the target's logarithm, which predicts validation rows better than the target itself")
		return logarithmic, again, nil
	}
	return plain, h, nil
}

// validationScore returns the first metric of the model's task on the rows, negated if
// greater is better.
func validationScore(ctx context.Context, m *models.Model, rows data.Source) (float64, error) {
	answers, err := data.Answers(rows)
	if err != nil {
		return 0, err
	}
	r, err := answers.Rules()
	if err != nil {
		return 0, err
	}
	p, err := m.PredictRows(ctx, data.Blind(rows)) // preprocessed already: Info.Preprocess is not set yet
	if err != nil {
		return 0, err
	}
	v, err := r.Metrics[0].Score(answers, p)
	if r.Metrics[0].Greater {
		v = -v
	}
	return v, err
}

// readTarget sets the scale and bounds of real targets, column by column, and reports
// whether to try the logarithm, that is, whether there is a single, skewed target.
func (e Estimator) readTarget(info *models.Info, rows *data.Set) (skewed bool, err error) {
	rules, err := rows.Rules()
	if err != nil {
		return false, fmt.Errorf("train: %w", err)
	}
	if !rules.Scaled || !e.ScaleTarget && !e.BoundTarget && !e.LogTarget {
		return false, nil
	}
	if e.LogTarget && (!e.ScaleTarget || e.Config.Validation == nil && e.Config.ValidationFraction == 0) {
		return false, errors.New("train: LogTarget wants ScaleTarget and validation rows: set Config.ValidationFraction")
	}
	all, columns, err := rows.TargetTable()
	if err != nil {
		return false, err
	}
	y := make([]float64, len(all)/columns)
	for k := range columns {
		for i := range y {
			y[i] = all[i*columns+k]
		}
		var s models.TargetScale
		if e.ScaleTarget {
			s.Mean, s.Scale = targetScale(y)
		}
		if e.BoundTarget {
			s.Range = [2]float64{slices.Min(y), slices.Max(y)}
		}
		info.Scales = append(info.Scales, s)
	}
	return e.LogTarget && columns == 1 && math.Abs(moments.Skewness(y)) > skewedFrom, nil
}

// skewedFrom is the skewness beyond which a target's logarithm is tried. An exponential
// distribution has 2, a normal one 0.
const skewedFrom = 1

// share is a part of the rows given to an Estimator.
type share struct {
	rows    data.Source
	answers *data.Set
	of      []int // their row numbers among all given rows; nil: all of them
}

// trace rewrites an error about a row of the part to name the row as it was given.
func (s share) trace(err error) error {
	var row *data.RowError
	if s.of == nil || !errors.As(err, &row) || row.Row < 0 || row.Row >= len(s.of) {
		return err
	}
	given := s.of[row.Row]
	return &data.RowError{Row: given, Err: fmt.Errorf("%w (row %d of those given)", err, given)}
}

// setAside moves the validation share of the rows to Validation.
func (c *Config) setAside(rows data.Source, answers *data.Set) (share, error) {
	if c.Validation != nil || c.ValidationFraction == 0 {
		return share{rows: rows, answers: answers}, nil
	}
	if st, err := rows.Stream(); err == nil && st.Rows == data.Unknown {
		return share{}, fmt.Errorf("train: ValidationFraction: %w", data.ErrUnknown)
	}
	a, b, err := answers.SplitRows(c.ValidationFraction, c.Seed)
	if err != nil {
		return share{}, fmt.Errorf("train: validation rows: %w", err)
	}
	rest, err := answers.Rows(a)
	if err != nil {
		return share{}, fmt.Errorf("train: %w", err)
	}
	c.Validation, c.ValidationFraction = data.View(rows, b), 0
	return share{data.View(rows, a), rest, a}, nil
}

// prepare fits the preprocessing on the rows and applies it to them and to the validation
// rows.
func (e Estimator) prepare(rows data.Source, c *Config) (data.Source, data.Fitted, error) {
	if e.Preprocess == nil {
		return rows, nil, nil
	}
	fitted, err := e.Preprocess.Fit(rows)
	if err == nil && fitted == nil {
		err = errors.New("the transform fitted to nothing")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("train: preprocessing: %w", err)
	}
	ready, err := data.Applied(rows, fitted)
	if err != nil {
		return nil, nil, fmt.Errorf("train: preprocessing: %w", err)
	}
	if c.Validation != nil {
		if c.Validation, err = data.Applied(c.Validation, fitted); err != nil {
			return nil, nil, fmt.Errorf("train: preprocessing of the validation rows: %w", err)
		}
	}
	return ready, fitted, nil
}

// Fit is Train for crossval: it takes the seed as an argument and ignores e.Seed.
func (e Estimator) Fit(ctx context.Context, rows data.Source, seed uint64) (*data.Predictor, error) {
	e.Seed = seed
	m, h, err := e.Train(ctx, rows)
	if err != nil {
		return nil, err
	}
	return Predictor(m, h), nil
}

// Predictor adapts a fitted model and its history for crossval.
func Predictor(m *models.Model, h *History) *data.Predictor {
	if m == nil {
		return nil
	}
	if h == nil {
		h = &History{}
	}
	trained, _ := m.Params().Count()
	predict := func(ctx context.Context, rows *data.Set) (*data.Prediction, error) { return m.PredictRows(ctx, rows) }
	p := &data.Predictor{Predict: predict, Curves: h.Curves, BestEpoch: h.BestEpoch, Parameters: trained}
	if h.Stopped != "" {
		p.Notes = append(p.Notes, h.Stopped)
	}
	p.Notes = append(p.Notes, h.Notes...)
	return p
}

// targetScale returns the mean and the standard deviation, or 1 if that is 0.
func targetScale(y []float64) (mean, std float64) {
	if mean, std = moments.MeanStd(y); std == 0 {
		std = 1
	}
	return mean, std
}
