package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/internal/vector"
	"gorgonia.org/tensor"
)

var houseTasks = []Task{Classify{}, Regress{}, MultiLabel{}, Ordinal{}, Count{}, Quantile{}, Rank{}, Sequence{}}

func init() {
	builtin.Register(Classify{}, Regress{}, MultiLabel{}, Ordinal{}, Count{}, Quantile{}, Rank{}, Sequence{})
}

// Classify is the choice of one of two or more classes: Set.Classes, with int targets of
// shape (rows). A network has one output per class, or a single one for two classes, and
// learns the cross-entropy from logits.
type Classify struct{}

// String returns "classify".
func (Classify) String() string { return TaskName(Classify{}) }

// Rules implements Task.
func (Classify) Rules(of Targets) (*Rules, error) {
	k := len(of.Classes)
	if k < 2 {
		return nil, fmt.Errorf("a classification needs at least two classes, there are %d", k)
	}
	if err := oneColumn(of); err != nil {
		return nil, err
	}
	r := choice(of)
	r.Logits = true
	r.Units = []int{k}
	if k == 2 {
		r.Units = []int{1, 2}
	}
	r.Loss = func(units int) string {
		if units == 1 {
			return "losses.BinaryCrossEntropy"
		}
		return "losses.SoftmaxCrossEntropy"
	}
	r.Average = func(z []float64) {
		if len(z) == 1 {
			z[0] = logistic(z[0])
			return
		}
		vector.Softmax(z, z)
	}
	r.Decode = func(row *Prediction, z []float64, averaged bool) {
		switch {
		case len(z) == 1 && averaged:
			row.Proba[0], row.Proba[1] = 1-z[0], z[0]
		case len(z) == 1:
			row.Proba[0], row.Proba[1] = logistic(-z[0]), logistic(z[0])
		case averaged:
			copy(row.Proba, z)
		default:
			vector.Softmax(row.Proba, z)
		}
		r.Decide(row)
	}
	r.Metrics = []Metric{Accuracy, BalancedAccuracy, LogLoss, ROCAUC}
	r.Others = []Metric{F1, MCC, Brier, AveragePrecision}
	r.Figures = []Figure{FigureClasses}
	return r, nil
}

// choice returns the rules shared by tasks with one class per row: the label is the most
// probable class, the first of equals.
func choice(of Targets) *Rules {
	r := &Rules{Labels: 1, Proba: len(of.Classes), Simplex: len(of.Classes), Choice: true}
	r.Decide = func(row *Prediction) { row.Labels[0] = vector.Argmax(row.Proba) }
	r.Header = []string{targetName(of)}
	for _, c := range of.Classes {
		r.Header = append(r.Header, "P("+c+")")
	}
	r.Record = func(row *Prediction) []any {
		out := []any{of.Classes[row.Labels[0]]}
		for _, p := range row.Proba {
			out = append(out, p)
		}
		return out
	}
	return r
}

func targetName(of Targets) string {
	if len(of.Columns) == 0 || of.Columns[0] == "" {
		return "prediction"
	}
	return of.Columns[0]
}

func oneColumn(of Targets) error {
	if n := len(of.Columns); n != 1 {
		return fmt.Errorf("want one target column, there are %d: %s", n, quoteList(of.Columns))
	}
	return nil
}

func numbersOnly(of Targets) error {
	if of.Classes != nil {
		return fmt.Errorf("the target %s has classes (%s), want numbers", short(targetName(of)), quoteList(of.Classes))
	}
	return nil
}

func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// Regress is the prediction of real numbers: one float64 target of shape (rows), or
// several of shape (rows, columns), each scaled separately by the training rows. The loss
// is the mean squared error of the scaled targets. With several targets, models are
// compared by the mean R2 of the columns, as it has no units; RMSE and MAE are means over
// the columns, too, and the RMSE of each is available as "RMSE of NAME".
type Regress struct{}

// String returns "regress".
func (Regress) String() string { return TaskName(Regress{}) }

// Rules implements Task.
func (Regress) Rules(of Targets) (*Rules, error) {
	if err := numbersOnly(of); err != nil {
		return nil, err
	}
	k := len(of.Columns)
	r := real(of, k)
	r.Scaled = true
	r.Loss = func(int) string { return "losses.MSE" }
	r.Metrics, r.Others = []Metric{RMSE, MAE, R2}, []Metric{MedianAE}
	r.Figures = []Figure{FigureResiduals}
	if k == 1 {
		return r, nil
	}
	r.Metrics = []Metric{R2, RMSE, MAE}
	for _, c := range of.Columns {
		r.Metrics = append(r.Metrics, RMSE.Of(c))
		r.Others = append(r.Others, MAE.Of(c), R2.Of(c), MedianAE.Of(c))
	}
	return r, nil
}

// real returns the rules shared by tasks whose values are the outputs of a network and are
// named after the target columns.
func real(of Targets, values int) *Rules {
	r := &Rules{Values: values, Units: []int{values}, Header: slices.Clone(of.Columns)}
	if len(of.Columns) == 1 {
		r.Header[0] = targetName(of)
	}
	r.Decode = func(row *Prediction, z []float64, _ bool) { copy(row.Values, z) }
	r.Record = func(row *Prediction) []any {
		out := make([]any, len(row.Values))
		for k, v := range row.Values {
			out[k] = v
		}
		return out
	}
	return r
}

// MultiLabel is the prediction of any number of labels per row: targets of shape (rows,
// labels) with values 0 and 1, one column per label. A network has one logit per label and
// learns the binary cross-entropy, averaged over the labels; predictions have a
// probability and a 0 or 1 for each.
type MultiLabel struct {
	Thresholds []float64 // least probability at which a label is predicted, one per column; nil: 0.5
}

// String returns "multilabel".
func (MultiLabel) String() string { return TaskName(MultiLabel{}) }

// Rules implements Task.
func (m MultiLabel) Rules(of Targets) (*Rules, error) {
	if err := numbersOnly(of); err != nil {
		return nil, err
	}
	k := len(of.Columns)
	if m.Thresholds != nil && len(m.Thresholds) != k {
		return nil, fmt.Errorf("%d thresholds for %d labels", len(m.Thresholds), k)
	}
	for i, t := range m.Thresholds {
		if !(t >= 0 && t <= 1) {
			return nil, fmt.Errorf("the threshold of label %s is %v: want one in [0, 1]", short(of.Columns[i]), t)
		}
	}
	r := &Rules{Labels: k, Proba: k, Units: []int{k}}
	r.Check = func(s *Set) error {
		return s.eachTarget(func(v float64) error {
			if v != 0 && v != 1 {
				return fmt.Errorf("%v is not a label: want 0 or 1", v)
			}
			return nil
		})
	}
	r.Loss = func(int) string { return "losses.BinaryCrossEntropy" }
	r.Average = func(z []float64) {
		for i, v := range z {
			z[i] = logistic(v)
		}
	}
	r.Decide = func(row *Prediction) {
		for i, p := range row.Proba {
			t := 0.5
			if m.Thresholds != nil {
				t = m.Thresholds[i]
			}
			row.Labels[i] = 0
			if p >= t {
				row.Labels[i] = 1
			}
		}
	}
	r.Decode = func(row *Prediction, z []float64, averaged bool) {
		copy(row.Proba, z)
		if !averaged {
			r.Average(row.Proba)
		}
		r.Decide(row)
	}
	r.Metrics = []Metric{MicroF1, MacroF1, HammingLoss, SubsetAccuracy, LabelLogLoss}
	r.Figures = []Figure{FigureLabels}
	r.Header = append(r.Header, of.Columns...)
	for _, c := range of.Columns {
		r.Header = append(r.Header, "P("+c+")")
	}
	r.Record = func(row *Prediction) []any {
		var out []any
		for _, l := range row.Labels {
			out = append(out, l)
		}
		for _, p := range row.Proba {
			out = append(out, p)
		}
		return out
	}
	return r, nil
}

// Ordinal is the choice of one of several ordered classes, such as grades: Set.Classes
// from the lowest to the highest, with int targets of shape (rows). A network for K
// classes has K−1 outputs; the k-th is the logit of P(y > k | y ≥ k), from which
//
//	P(y = k) = σ(−z_k) · Π_{j<k} σ(z_j),
//
// so that P(y > k) never rises with k, whatever the outputs are. This is the conditional
// training of CORN: Shi, Cao & Raschka (2021), arXiv:2111.08851. The label is the median:
// the highest class k with P(y ≥ k) > 1/2, as in that paper.
type Ordinal struct{}

// String returns "ordinal".
func (Ordinal) String() string { return TaskName(Ordinal{}) }

// Rules implements Task.
func (Ordinal) Rules(of Targets) (*Rules, error) {
	k := len(of.Classes)
	if k < 2 {
		return nil, fmt.Errorf("an ordinal target needs at least two classes in their order, there are %d", k)
	}
	if err := oneColumn(of); err != nil {
		return nil, err
	}
	r := choice(of)
	r.Units = []int{k - 1}
	r.Loss = func(int) string { return "losses.Ordinal" }
	r.Average = func(z []float64) { // P(y > k) for every class k but the last
		above := 1.0
		for i, v := range z {
			above *= logistic(v)
			z[i] = above
		}
	}
	r.Decide = func(row *Prediction) {
		above := 1.0
		row.Labels[0] = 0
		for c, p := range row.Proba[:len(row.Proba)-1] {
			if above -= p; above > 0.5 {
				row.Labels[0] = c + 1
			}
		}
	}
	r.Decode = func(row *Prediction, z []float64, averaged bool) {
		if averaged {
			above := 1.0
			for c, v := range z {
				row.Proba[c], above = max(0, above-v), v
			}
			row.Proba[len(z)] = above
		} else {
			above := 1.0
			for c, v := range z { // products, since differences would round to 0
				row.Proba[c] = above * logistic(-v)
				above *= logistic(v)
			}
			row.Proba[len(z)] = above
		}
		r.Decide(row)
	}
	r.Metrics = []Metric{QuadraticKappa, RankMAE, Accuracy, LogLoss}
	r.Others = []Metric{BalancedAccuracy, F1, MCC, Brier}
	r.Figures = []Figure{FigureRanks, FigureClasses}
	return r, nil
}

// Count is the prediction of how often something happens: one target of non-negative whole
// numbers. The output of a network is the logarithm of the expected count λ and learns the
// Poisson likelihood, λ − y·log λ; predictions are λ.
type Count struct{}

// String returns "count".
func (Count) String() string { return TaskName(Count{}) }

// mostLog bounds outputs so that their exponential stays finite.
const mostLog = 700

// Rules implements Task.
func (Count) Rules(of Targets) (*Rules, error) {
	if err := numbersOnly(of); err != nil {
		return nil, err
	}
	if err := oneColumn(of); err != nil {
		return nil, err
	}
	r := real(of, 1)
	r.Check = func(s *Set) error {
		return s.eachTarget(func(v float64) error {
			if v < 0 || v != math.Trunc(v) {
				return fmt.Errorf("%v is not a count: want a whole number of at least 0", v)
			}
			return nil
		})
	}
	r.Loss = func(int) string { return "losses.Poisson" }
	r.Average = func(z []float64) { z[0] = math.Exp(min(max(z[0], -mostLog), mostLog)) }
	r.Decode = func(row *Prediction, z []float64, averaged bool) {
		row.Values[0] = z[0]
		if !averaged {
			r.Average(row.Values)
		}
	}
	r.Metrics, r.Others = []Metric{PoissonDeviance, RMSE, MAE, R2}, []Metric{MedianAE}
	r.Figures = []Figure{FigureResiduals, FigureCounts}
	return r, nil
}

// Quantile is the prediction of quantiles of one real target, such as the bounds of an
// interval: the middle 80% lie between levels 0.1 and 0.9. A network has one output per
// level and learns the pinball loss, Koenker & Bassett (1978). The predictions of a row
// are sorted, so that quantiles do not cross (Chernozhukov et al. 2010).
type Quantile struct {
	Levels []float64 // ascending, in (0, 1); nil: 0.1, 0.5 and 0.9
}

// String returns "quantile".
func (Quantile) String() string { return TaskName(Quantile{}) }

// Rules implements Task.
func (q Quantile) Rules(of Targets) (*Rules, error) {
	if err := numbersOnly(of); err != nil {
		return nil, err
	}
	if err := oneColumn(of); err != nil {
		return nil, err
	}
	levels := q.Levels
	if levels == nil {
		levels = []float64{0.1, 0.5, 0.9}
	}
	if len(levels) == 0 {
		return nil, errors.New("no levels")
	}
	for i, l := range levels {
		if !(l > 0 && l < 1) || i > 0 && l <= levels[i-1] {
			return nil, fmt.Errorf("levels %v: want numbers in (0, 1), each greater than the one before", levels)
		}
	}
	loss, err := json.Marshal(map[string]any{"kind": "losses.Pinball", "config": map[string]any{"Levels": levels}})
	if err != nil {
		return nil, err
	}
	r := real(of, len(levels))
	r.Scaled = true
	r.Loss = func(int) string { return string(loss) }
	r.Decode = func(row *Prediction, z []float64, _ bool) {
		copy(row.Values, z)
		slices.Sort(row.Values)
	}
	r.Levels = levels
	r.Metrics = []Metric{PinballLoss, CoverageError}
	r.Figures = []Figure{FigureQuantiles}
	r.Header = nil
	for _, l := range levels {
		r.Header = append(r.Header, fmt.Sprintf("%s %v", targetName(of), l))
	}
	return r, nil
}

// Rank is the ordering of rows within groups, such as the pages that answer a query. There
// is one target, the non-negative relevance of each row, and Set.Groups. A network has one
// output, the score that orders the rows of a group, and learns the pairwise logistic loss
// of losses.Ranking. Predictions are scores; only their order within a group is
// meaningful.
type Rank struct {
	At int // NDCG counts the first At rows of a group; 0: 10
}

// String returns "rank".
func (Rank) String() string { return TaskName(Rank{}) }

// Rules implements Task.
func (t Rank) Rules(of Targets) (*Rules, error) {
	if err := numbersOnly(of); err != nil {
		return nil, err
	}
	if err := oneColumn(of); err != nil {
		return nil, err
	}
	at := t.At
	if at == 0 {
		at = 10
	}
	if at < 0 {
		return nil, fmt.Errorf("NDCG of the first %d: want at least 1", at)
	}
	r := real(of, 1)
	r.Grouped = true
	r.Check = func(s *Set) error {
		return s.eachTarget(func(v float64) error {
			if v < 0 {
				return fmt.Errorf("%v is not a relevance: want a number of at least 0", v)
			}
			return nil
		})
	}
	r.Loss = func(int) string { return "losses.Ranking" }
	r.Metrics = []Metric{NDCG(at), MRR}
	r.Figures = []Figure{FigureRanking}
	return r, nil
}

// Sequence is the choice of a class at each of a number of steps, such as the tag of each
// word: Set.Classes, with int targets of shape (rows, steps), where −1 marks steps to
// ignore, such as the padding of shorter sequences. A network has steps·classes outputs,
// step by step, of shape (steps, classes) or flat, and learns the cross-entropy of the
// steps that are not ignored.
type Sequence struct{}

// String returns "sequence".
func (Sequence) String() string { return TaskName(Sequence{}) }

// Rules implements Task.
func (Sequence) Rules(of Targets) (*Rules, error) {
	steps, k := len(of.Columns), len(of.Classes)
	if k < 2 {
		return nil, fmt.Errorf("a sequence needs at least two classes, there are %d", k)
	}
	r := &Rules{Labels: steps, Proba: steps * k, Simplex: k, Units: []int{steps * k}, Padded: true}
	each := func(v []float64, f func(step int, part []float64)) {
		for i := range steps {
			f(i, v[i*k:(i+1)*k])
		}
	}
	r.Check = func(s *Set) error {
		labels, columns, err := s.ClassTable()
		if err != nil {
			return err
		}
		if columns != steps {
			return fmt.Errorf("data: %s: %d steps named %q", s.Name, columns, of.Columns)
		}
		for i, l := range labels {
			if l < -1 || l >= k {
				return &RowError{i / steps, fmt.Errorf("data: %s: row %d, target %s: class %d is not in [0, %d), nor −1 for padding", s.Name, i/steps, short(of.Columns[i%steps]), l, k)}
			}
		}
		return nil
	}
	r.Loss = func(int) string { return "losses.SequenceCrossEntropy" }
	r.Average = func(z []float64) {
		each(z, func(_ int, part []float64) { vector.Softmax(part, part) })
	}
	r.Decide = func(row *Prediction) {
		each(row.Proba, func(step int, part []float64) { row.Labels[step] = vector.Argmax(part) })
	}
	r.Decode = func(row *Prediction, z []float64, averaged bool) {
		copy(row.Proba, z)
		if !averaged {
			r.Average(row.Proba)
		}
		r.Decide(row)
	}
	r.Metrics = []Metric{StepAccuracy, SequenceAccuracy, StepLogLoss}
	r.Figures = []Figure{FigureSteps}
	for _, c := range of.Columns {
		r.Header = append(r.Header, c, "P("+c+")")
	}
	r.Record = func(row *Prediction) []any {
		var out []any
		for step, l := range row.Labels {
			out = append(out, of.Classes[l], row.Proba[step*k+l])
		}
		return out
	}
	return r, nil
}

// ClassTable returns the classes of the target row by row, without copying, and the number
// of classes per row: one or, for a [Sequence], the number of steps.
func (s *Set) ClassTable() (labels []int, columns int, err error) {
	if s.Len() == 0 {
		return nil, 0, ErrEmpty
	}
	if len(s.Targets) > 0 && s.Targets[0] != nil && s.Classes != nil {
		t := dense(s.Targets[0])
		if d, ok := t.Data().([]int); ok && t.Dims() >= 1 && t.Dims() <= 2 {
			return d, len(d) / t.Shape()[0], nil
		}
	}
	return nil, 0, fmt.Errorf("data: %s: want targets of classes, int of (rows) or (rows, steps)", s.Name)
}

// eachTarget calls check with every number of the targets and adds row and column to its
// error.
func (s *Set) eachTarget(check func(v float64) error) error {
	y, columns, err := s.TargetTable()
	if err != nil {
		return err
	}
	names := s.AboutTargets().Columns
	for i, v := range y {
		if err := check(v); err != nil {
			return &RowError{i / columns, fmt.Errorf("data: %s: row %d, target %s: %w", s.Name, i/columns, short(names[i%columns]), err)}
		}
	}
	return nil
}

// TargetTable returns the numbers of the target row by row, and how many there are per
// row. A float64 target is not copied.
func (s *Set) TargetTable() (values []float64, columns int, err error) {
	if s.Len() == 0 {
		return nil, 0, ErrEmpty
	}
	if len(s.Targets) == 0 || s.Targets[0] == nil {
		return nil, 0, fmt.Errorf("data: %s: the set has no targets", s.Name)
	}
	t := dense(s.Targets[0])
	if s.Classes == nil && t.Dims() >= 1 && t.Dims() <= 2 {
		columns = t.Shape().TotalSize() / t.Shape()[0]
		switch d := t.Data().(type) {
		case []float64:
			return d, columns, nil
		case []int:
			for _, v := range d {
				values = append(values, float64(v))
			}
			return values, columns, nil
		}
	}
	return nil, 0, fmt.Errorf("data: %s: want targets of numbers, (rows) or (rows, columns), have %v %v", s.Name, t.Dtype(), t.Shape())
}

// Posing returns the set with another task: the same rows, with the named columns of the
// table as further targets. These columns must be numeric and without missing values; they
// are removed from the table. The targets are checked against the task; the set itself is
// not changed.
func (s *Set) Posing(t Task, more ...string) (*Set, error) {
	if s.Len() == 0 {
		return nil, ErrEmpty
	}
	if t == nil {
		return nil, fmt.Errorf("data: %s: the task is nil", s.Name)
	}
	out := *s
	out.As = t
	if len(more) > 0 {
		if err := out.moveTargets(more); err != nil {
			return nil, err
		}
	}
	if err := out.CheckTask(); err != nil {
		return nil, err
	}
	return &out, nil
}

// Ordered returns the set with its classes in the given order, from the lowest to the
// highest. The set itself is not changed.
//
// Errors: a class that is missing, unknown or named twice.
func (s *Set) Ordered(classes []string) (*Set, error) {
	labels, err := s.Labels()
	if err != nil {
		return nil, err
	}
	if _, err := s.ClassCounts(); err != nil {
		return nil, err
	}
	for k, c := range classes {
		if slices.Contains(classes[:k], c) {
			return nil, fmt.Errorf("data: %s: the order %s names the class %s twice", s.Name, quoteList(classes), short(c))
		}
	}
	number := make([]int, len(s.Classes))
	for k, c := range s.Classes {
		if number[k] = slices.Index(classes, c); number[k] < 0 {
			return nil, fmt.Errorf("data: %s: the order %s lacks the class %s", s.Name, quoteList(classes), short(c))
		}
	}
	if len(classes) != len(s.Classes) {
		return nil, fmt.Errorf("data: %s: the order %s is not one of the classes %s", s.Name, quoteList(classes), quoteList(s.Classes))
	}
	out := *s
	out.Classes = slices.Clone(classes)
	moved := make([]int, len(labels))
	for i, l := range labels {
		moved[i] = number[l]
	}
	out.Targets = slices.Clone(s.Targets)
	out.Targets[0] = tensor.New(tensor.WithShape(len(moved)), tensor.WithBacking(moved))
	return &out, nil
}
