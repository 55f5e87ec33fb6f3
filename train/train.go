// Package train fits models: epochs of shuffled batches, validation, callbacks, a history,
// and checkpoints from which a fit resumes bit for bit. An Estimator wraps a model and its
// fit for package crossval.
package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
)

// Config configures a fit. The zero value works.
type Config struct {
	Loss      losses.Loss     // nil: that of Info.Task, such as cross-entropy from logits or MSE
	Losses    []losses.Loss   // one per output, instead of Loss; their sum is minimised
	Objective Objective       // instead of Loss and Losses: what to minimise, from all outputs
	Optimizer optim.Optimizer // nil: optim.Adam{}
	Schedule  optim.Schedule  // of the learning rate; nil: constant
	Clip      optim.Clip      // of the gradients

	// Groups give parameters their own learning rates and weight decay, or freeze them.
	// DecaySchedule is a factor on the weight decay, NoiseSchedule one on the rate of every
	// Dropout that is Scheduled; nil: constant.
	Groups        []optim.Group
	DecaySchedule optim.Schedule
	NoiseSchedule optim.Schedule

	Epochs    int // 0: 100
	BatchSize int // 0: 32; the last batch of an epoch may be smaller and is weighted by its rows
	// DropLast drops the last batch of an epoch if it is smaller and not the only one;
	// metrics use the latest output of its rows.
	DropLast  bool
	NoShuffle bool // keep the rows in the order of the set
	NoBuckets bool // do not batch sequences with others of similar length
	Seed      uint64

	// Accumulate is the number of batches per optimizer step; 0: 1. The step uses the mean
	// of their gradients, weighted by rows (by the set's weights if it has any), so n
	// batches of b rows give the same step as one batch of n·b, up to rounding, in the
	// memory of b. The batches left over at the end of an epoch are one step. The result
	// does differ with batch normalisation, which still normalises each batch by itself,
	// and with dropout, which draws new masks for each batch.
	Accumulate int

	// Average is the decay d of a moving average of parameters and running statistics: after
	// step t, a ← a + (1 − dₜ)·(w − a) with dₜ = min(d, (1 + t)/(10 + t)), as in
	// TensorFlow's ExponentialMovingAverage, so that the initial weights are soon forgotten.
	// The model holds the average during validation, in callbacks other than BatchEnd, and
	// after the fit. The optimizer continues from the weights themselves, and the training
	// scores are theirs. 0: no average; 0.99 to 0.9999 is usual. Polyak & Juditsky (1992).
	Average float64

	// Augment changes samples of the first input at every step, except validation rows. nil:
	// none.
	Augment data.Augmenter

	Validation         data.Source // scored after every epoch; nil: see ValidationFraction
	ValidationFraction float64     // share of rows to set aside, stratified for classes; 0: none

	// Metrics score the first output as the model's Info reads it. nil: accuracy for one
	// class per row, none for real values, otherwise the first metric of the task. For more
	// than data.WindowRows rows they are updated as outputs arrive (data.Metric.Running). If
	// one of them needs all rows at once, such as ROC AUC, or DropLast is set, all outputs
	// are kept until the end of the epoch.
	Metrics   []data.Metric
	Outputs   []OutputMetric // metrics of individual outputs
	Callbacks []Callback
	From      *State // resume from this state; see LoadCheckpoint
}

// ErrStop is returned by a Hook to end a fit without an error.
var ErrStop = errors.New("train: stop")

// ErrDiverged is wrapped by errors about a loss or gradient that is not finite.
var ErrDiverged = errors.New("the fit has diverged")

// Fit fits a model to the rows of a source, which must have the model's inputs and targets.
// Rows that are not in memory are read while earlier ones are being computed; the order of
// the rows, and thus the result, is the same as in memory.
//
// The loss of a batch is Σ w·loss/Σ w over its rows, w being the set's weights if it has
// any, plus the penalties of the parameters. The history's "loss" is without penalties, a
// mean over the epoch's batches while the weights changed and noise was on; "val_loss" is
// that of the validation rows at the end of the epoch without noise.
//
// With an error, Fit also returns the history so far. If the context is cancelled, the error
// wraps the context's, and the model has the weights of the last step, or their average if
// there is one.
func Fit(ctx context.Context, m *models.Model, rows data.Source, c Config) (*History, error) {
	kernel.Enter()
	defer kernel.Leave()
	f, err := newFitting(m, rows, c)
	if err != nil {
		return nil, err
	}
	defer f.trainer.close()
	begin := time.Now()
	err = f.run(ctx)
	f.trainer.average.show(true)
	f.history.Duration = time.Since(begin)
	return f.history, f.end(err)
}

// end emits End to every callback that began, and returns the error of the fit, or else
// their first error.
func (f *Fitting) end(err error) error {
	cause := err
	for _, h := range f.hooks {
		if e := h(&Event{Kind: End, Fitting: f, Epoch: f.history.Epochs(), Err: cause}); e != nil && !errors.Is(e, ErrStop) && err == nil {
			err = e
		}
	}
	return err
}

// Fitting is a fit in progress, as callbacks see it.
type Fitting struct {
	Model   *models.Model
	Config  Config // with defaults filled in
	Batches int    // per epoch

	history *History
	trainer *trainer
	scorer  *scorer // for the validation rows; nil: none
	hooks   []Hook
	factor  float64 // on the learning rate, set by callbacks
	best    *best

	batchEnd Event // reused for every batch, so that a step does not allocate
}

// best holds the best weights so far.
type best struct {
	epoch  int
	score  float64
	values [][]float64
}

// History returns what has been recorded so far. The methods of a nil or zero Fitting, which
// belongs to no fit, do nothing.
func (f *Fitting) History() *History {
	if !f.made() {
		return &History{}
	}
	return f.history
}

// made reports whether f belongs to a fit, that is, is not nil or zero.
func (f *Fitting) made() bool { return f != nil && f.history != nil && f.Model != nil }

var errNoFitting = errors.New("train: a nil or zero Fitting: Fit makes one")

// SetRateFactor multiplies the learning rate by a factor from the next step on, in addition
// to the schedule.
func (f *Fitting) SetRateFactor(factor float64) {
	if f.made() {
		f.factor = factor
	}
}

// KeepBest records the current weights as those of the best epoch so far.
func (f *Fitting) KeepBest(epoch int, score float64) {
	if !f.made() {
		return
	}
	f.best = &best{epoch, score, f.Model.Params().Snapshot()}
	f.history.BestEpoch = epoch
}

// RestoreBest restores the weights that KeepBest recorded, if any.
func (f *Fitting) RestoreBest() error {
	if !f.made() || f.best == nil {
		return nil
	}
	return f.Model.Params().Restore(f.best.values)
}

func newFitting(m *models.Model, rows data.Source, c Config) (*Fitting, error) {
	if m == nil {
		return nil, errors.New("train: the model is nil")
	}
	c, err := c.withDefaults(m)
	if err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, fmt.Errorf("train: %w", data.ErrEmpty)
	}
	validation := c.Validation
	if validation == nil && c.ValidationFraction > 0 {
		if rows, validation, err = split(rows, c.ValidationFraction, c.Seed); err != nil {
			return nil, err
		}
	}
	f := &Fitting{Model: m, Config: c, factor: 1, history: &History{}}
	feed, err := newFeed(m, rows, order{size: c.BatchSize, shuffle: !c.NoShuffle, byLength: !c.NoShuffle && !c.NoBuckets, seed: c.Seed})
	if err != nil {
		return nil, err
	}
	if err := checkTargets(m, feed.answers); err != nil {
		return nil, err
	}
	o, _ := c.Objective.(Outputs)
	if err := stepLosses(o.Losses, feed.answers); err != nil {
		return nil, err
	}
	for i, l := range o.Losses[:min(len(o.Losses), len(feed.answers.Targets))] {
		if l == (losses.MSE{}) && feed.answers.Targets[i].Dtype() == graph.Int {
			return nil, fmt.Errorf("train: %s: the targets are classes, and the loss is MSE: set the model's Info.Task and Info.Classes, or Config.Loss", feed.answers.Name)
		}
	}
	if c.DropLast && feed.answers.Len() >= c.BatchSize {
		feed.full = c.BatchSize
	}
	if f.trainer, err = newTrainer(m, feed, c); err != nil {
		return nil, err
	}
	if validation != nil {
		if f.scorer, err = newScorer(m, validation, c); err != nil {
			return nil, fmt.Errorf("train: validation: %w", err)
		}
	}
	f.Batches = feed.batches()
	if c.From != nil {
		if err := f.resume(c.From); err != nil {
			return nil, err
		}
	}
	for i, cb := range c.Callbacks {
		if cb == nil {
			return nil, fmt.Errorf("train: callback %d is nil", i)
		}
		h, err := cb.Begin(f)
		if err == nil && h == nil {
			err = errors.New("its Begin returned no hook")
		}
		if err != nil {
			err = fmt.Errorf("train: callback %T: %w", cb, err)
			return nil, f.end(err) // callbacks that have begun may have something to close
		}
		f.hooks = append(f.hooks, h)
	}
	return f, nil
}

// checkTargets checks that the targets fit the model's task, whatever task the rows have.
func checkTargets(m *models.Model, answers *data.Set) error {
	if m.Info.Task == nil {
		return nil
	}
	r, err := m.Info.Rules(outputUnits(m))
	if err != nil { // a network that Info cannot interpret can still be fitted with losses of its own
		return nil
	}
	if r.Grouped {
		if err := checkPairs(answers); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if r.Check == nil {
		return nil
	}
	posed := *answers
	posed.As = m.Info.Task
	if err := r.Check(&posed); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// checkPairs checks that a task that orders rows within groups has something to learn: two
// rows of one group with different targets.
func checkPairs(answers *data.Set) error {
	y, columns, err := answers.TargetTable()
	if err != nil {
		return err
	}
	first := map[int]float64{}
	for i, g := range answers.Groups {
		v := y[i*columns]
		if w, ok := first[g]; ok && w != v {
			return nil
		}
		first[g] = v
	}
	return fmt.Errorf("%s: no group has two rows with different targets: there is no order to learn", answers.Name)
}

// stepLosses checks that targets of steps have a loss that ignores padding.
func stepLosses(list []losses.Loss, answers *data.Set) error {
	for i := range answers.Steps {
		k := len(answers.Targets) + i
		if k >= len(list) {
			return nil // Outputs itself reports missing losses
		}
		if l, ok := list[k].(losses.SequenceCrossEntropy); ok && (l.Ignore == nil || slices.Contains(l.Ignore, -1)) {
			continue
		}
		return fmt.Errorf("train: %s: targets of steps are padded with -1, which the loss %T would take for a target: losses.SequenceCrossEntropy leaves it out", answers.Name, list[k])
	}
	return nil
}

// split divides rows like data.Set.Split.
func split(rows data.Source, fraction float64, seed uint64) (rest, part data.Source, err error) {
	if st, err := rows.Stream(); err == nil && st.Rows == data.Unknown {
		return nil, nil, fmt.Errorf("train: ValidationFraction: %w", data.ErrUnknown)
	}
	answers, err := data.Answers(rows)
	if err != nil {
		return nil, nil, fmt.Errorf("train: validation rows: %w", err)
	}
	a, b, err := answers.SplitRows(fraction, seed)
	if err != nil {
		return nil, nil, fmt.Errorf("train: validation rows: %w", err)
	}
	return data.View(rows, a), data.View(rows, b), nil
}

// complete finds the first missing value of a table, which a network cannot take.
func complete(s *data.Set) error {
	v, columns, err := s.Table()
	if err != nil {
		return nil // no table, or one of float32, which data.Set.Validate has checked
	}
	for i, x := range v {
		if !math.IsNaN(x) {
			continue
		}
		row, column := i/columns, fmt.Sprint(i%columns)
		if len(s.Features) == columns {
			column = s.Features[i%columns].Name
		}
		return &data.RowError{Row: row, Err: fmt.Errorf("%s: row %d, column %s: the value is missing (NaN), and a net takes numbers only; data.Impute fills gaps", s.Name, row, column)}
	}
	return nil
}

// noValidation sets Validation to nil if it holds a nil *data.Set.
func (c *Config) noValidation() {
	if s, ok := c.Validation.(*data.Set); ok && s == nil {
		c.Validation = nil
	}
}

func (c Config) withDefaults(m *models.Model) (Config, error) {
	c.noValidation()
	if c.Epochs == 0 {
		c.Epochs = 100
	}
	if c.BatchSize == 0 {
		c.BatchSize = 32
	}
	if c.Epochs < 0 || c.BatchSize < 0 {
		return c, fmt.Errorf("train: %d epochs in batches of %d: want at least 1 of each", c.Epochs, c.BatchSize)
	}
	if c.Accumulate == 0 {
		c.Accumulate = 1
	}
	if c.Accumulate < 0 {
		return c, fmt.Errorf("train: %d batches to a step: want at least 1", c.Accumulate)
	}
	if !(c.Average >= 0 && c.Average < 1) {
		return c, fmt.Errorf("train: a moving average of decay %v: want one in [0, 1)", c.Average)
	}
	if !(c.ValidationFraction >= 0 && c.ValidationFraction < 1) {
		return c, fmt.Errorf("train: validation fraction %v is not in [0, 1)", c.ValidationFraction)
	}
	if c.Optimizer == nil {
		c.Optimizer = optim.Adam{}
	}
	if c.Schedule == nil {
		c.Schedule = optim.Constant{}
	}
	outputs := m.OutputShapes()
	if c.Objective != nil && (c.Loss != nil || c.Losses != nil) {
		return c, errors.New("train: an objective takes the place of Loss and Losses")
	}
	if c.Losses == nil && c.Objective == nil {
		if c.Loss == nil {
			var err error
			if c.Loss, err = DefaultLoss(m); err != nil {
				return c, err
			}
		}
		for range outputs {
			c.Losses = append(c.Losses, c.Loss)
		}
	}
	if c.Objective == nil {
		if len(c.Losses) != len(outputs) {
			return c, fmt.Errorf("train: %d losses for %d outputs", len(c.Losses), len(outputs))
		}
		c.Objective = Outputs{Losses: c.Losses}
	}
	if err := checkOutputs(c.Outputs, m); err != nil {
		return c, err
	}
	if c.Metrics == nil && (m.Info.Task != nil || m.Info.Classes != nil) {
		c.Metrics = defaultMetrics(m)
	}
	return c, nil
}

// defaultMetrics returns the metrics of every epoch: accuracy for one class per row; none
// for real values, where the loss says as much; for other tasks their deciding metric.
func defaultMetrics(m *models.Model) []data.Metric {
	r, err := m.Info.Rules(outputUnits(m))
	switch {
	case err != nil || r.Labels+r.Proba == 0:
		return nil
	case r.Choice:
		return []data.Metric{data.Accuracy}
	}
	return r.Metrics[:1]
}

// outputUnits returns the number of values per row of the first output.
func outputUnits(m *models.Model) int {
	if shapes := m.OutputShapes(); len(shapes) > 0 {
		if s := shapes[0]; len(s) > 0 && s[0] == models.AnySteps { // per step
			return s[1:].TotalSize()
		}
		return shapes[0].TotalSize()
	}
	return 1
}

// DefaultLoss returns the loss of a Config without one, which is that of the model's task:
// MSE for a regression; for a classification the cross-entropy from logits, binary for one
// output unit, softmax for more. A model without a task has MSE.
func DefaultLoss(m *models.Model) (losses.Loss, error) {
	if m == nil || m.Info.Task == nil && m.Info.Classes == nil {
		return losses.MSE{}, nil
	}
	if shapes := m.OutputShapes(); len(m.Info.Classes) > 0 && len(shapes) > 0 && len(shapes[0]) > 0 && shapes[0][0] == models.AnySteps {
		return losses.SequenceCrossEntropy{}, nil
	}
	if _, ok := m.Info.Task.(data.Regress); ok { // of any shape, even without column names
		return losses.MSE{}, nil
	}
	units := outputUnits(m)
	r, err := m.Info.Rules(units)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return models.LossOf(r, units/max(1, m.Info.Members))
}

func (f *Fitting) run(ctx context.Context) error {
	if err := f.emit(&Event{Kind: Begin, Epoch: f.history.Epochs()}); err != nil {
		return stopped(err)
	}
	for epoch := f.history.Epochs() + 1; epoch <= f.Config.Epochs; epoch++ {
		err := f.epoch(ctx, epoch)
		f.trainer.average.show(true)
		if errors.Is(err, ErrDiverged) {
			// A callback may treat a divergence as a normal end.
			if e := f.emit(&Event{Kind: Diverged, Epoch: epoch, Err: err}); errors.Is(e, ErrStop) {
				return stopped(e)
			}
			return err
		}
		if err != nil {
			return stopped(err)
		}
	}
	return nil
}

// factors are the values of the schedules at a step.
type factors struct{ rate, decay, noise float64 }

// scheduled returns the factors after the given number of epochs, which may be fractional.
func (f *Fitting) scheduled(done float64) (factors, error) {
	c := &f.Config
	epochs := float64(c.Epochs)
	rate, e1 := factor(c.Schedule, "learning rate", done, epochs)
	decay, e2 := factor(c.DecaySchedule, "weight decay", done, epochs)
	noise, e3 := factor(c.NoiseSchedule, "dropout rate", done, epochs)
	return factors{f.factor * rate, decay, noise}, cmp.Or(e1, e2, e3)
}

// factor returns a schedule's factor, 1 without a schedule.
func factor(s optim.Schedule, what string, done, epochs float64) (float64, error) {
	if s == nil {
		return 1, nil
	}
	v := s.Factor(done, epochs)
	if !(v >= 0) || math.IsInf(v, 0) {
		return v, fmt.Errorf("the schedule %T gives the %s a factor of %v", s, what, v)
	}
	return v, nil
}

// stopped returns nil for ErrStop.
func stopped(err error) error {
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

func (f *Fitting) emit(e *Event) error {
	e.Fitting = f
	var stop error
	for _, h := range f.hooks {
		if err := h(e); errors.Is(err, ErrStop) {
			stop = err
		} else if err != nil {
			return fmt.Errorf("train: epoch %d: %w", e.Epoch, err)
		}
	}
	return stop
}

// epoch trains on all rows once and records the scores.
func (f *Fitting) epoch(ctx context.Context, epoch int) error {
	begin := time.Now()
	t := f.trainer
	t.epoch(ctx, epoch)
	t.reset()
	t.sum.reset()
	t.average.show(false)
	each := f.Config.Accumulate
	steps := (f.Batches + each - 1) / each
	for batch := 1; batch <= f.Batches; batch++ {
		now, err := f.scheduled(float64(epoch-1) + float64((batch-1)/each)/float64(steps))
		if err == nil {
			err = t.step(ctx, now, batch == f.Batches)
		}
		if err != nil {
			return fmt.Errorf("train: epoch %d, batch %d: %w", epoch, batch, err)
		}
		f.batchEnd = Event{Kind: BatchEnd, Epoch: epoch, Batch: batch, Loss: t.now}
		if err := f.emit(&f.batchEnd); err != nil {
			return err
		}
	}
	t.average.show(true)
	logs, err := t.scores(f.Config)
	if err != nil {
		return fmt.Errorf("train: epoch %d: %w", epoch, err)
	}
	if f.scorer != nil {
		val, err := f.scorer.score(ctx)
		if err != nil {
			return fmt.Errorf("train: epoch %d: validation: %w", epoch, err)
		}
		for _, v := range val {
			logs = append(logs, entry{"val_" + v.name, v.value})
		}
	}
	f.history.add(logs, time.Since(begin))
	for _, l := range logs {
		if (l.name == "loss" || l.name == "val_loss") && (math.IsNaN(l.value) || math.IsInf(l.value, 0)) {
			return fmt.Errorf("train: %w: %s of epoch %d is %v", ErrDiverged, l.name, epoch, l.value)
		}
	}
	err = f.emit(&Event{Kind: EpochEnd, Epoch: epoch, Batch: f.Batches})
	if err != nil && !errors.Is(err, ErrStop) {
		return err
	}
	if e := f.emit(&Event{Kind: EpochDone, Epoch: epoch, Batch: f.Batches}); e != nil {
		return e
	}
	return err
}
