package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/check"
)

// Task states what is to be predicted. It determines how targets are checked, how many
// outputs a network has, what its loss is, and how its outputs are decoded, scored,
// plotted and written. This package has Classify, Regress, MultiLabel, Ordinal, Count,
// Quantile, Rank and Sequence. Your own type works everywhere these do once it is
// registered with package describe.
//
// A task is a plain value whose zero value works. Tasks may hold slices: compare them with
// [SameTask], not with ==.
type Task interface {
	Rules(of Targets) (*Rules, error)
}

// Targets names the targets of a set or of a fitted model.
type Targets struct {
	Columns []string // names of the target columns, at least one
	Classes []string // names of the classes, in index order; nil: the targets are numbers
}

// Figure names a group of figures that a report draws from the predictions for a task.
type Figure string

// The figures that package plots can draw.
const (
	FigureClasses   Figure = "classes"   // confusion matrix, ROC, precision and recall, calibration, class frequencies
	FigureResiduals Figure = "residuals" // predictions and residuals for each target column
	FigureLabels    Figure = "labels"    // ROC curves, F1 and calibration of binary labels
	FigureRanks     Figure = "ranks"     // how far off ordered classes are
	FigureCounts    Figure = "counts"    // observed and expected frequency of each count
	FigureSteps     Figure = "steps"     // accuracy at each step of a sequence, and the number of wrong steps per row
	FigureRanking   Figure = "ranking"   // NDCG of each group, and relevance by rank
	FigureQuantiles Figure = "quantiles" // coverage of the levels, and the interval of each row
)

// Rules is what the rest of Aegis needs to know about a task. The prediction of one row
// has Labels labels, Proba probabilities and Values values.
type Rules struct {
	Labels, Proba, Values int
	Simplex               int // each run of this many probabilities sums to 1; 0: they are independent

	// Choice is set if the probabilities of a row are those of its classes and its label
	// is one of these classes. Calibration, costs and class weights require it.
	Choice bool
	// Logits is set if the outputs of a network are logits of that choice, by softmax or,
	// for one output, by the logistic function. Temperature scaling and label smoothing
	// require it.
	Logits bool
	// Scaled is set if Values are in the units of the targets, so that a network may learn
	// standardised targets. Value k is then in the units of target column k; with a single
	// target column, all values are in its units.
	Scaled bool

	Levels []float64 // the level of each value, if Values are quantiles of the target; nil: they are not

	// Padded is set if a class of −1 in the target marks a step that is ignored.
	Padded bool

	// Grouped is set if rows are judged within their groups (Set.Groups). Splits then keep
	// groups whole, batches keep the rows of a group adjacent, and the loss gets one more
	// target column: the number of the row's group.
	Grouped bool

	// Check checks the targets beyond what Set.Validate does; nil: no further checks. The
	// error names row and column.
	Check func(rows *Set) error

	// Units lists the numbers of outputs that a network may have per row, in ascending
	// order. Architectures with one output per class use the last; all others use the
	// first.
	Units []int
	// Loss returns the default loss for a number of outputs: either the kind it is
	// registered as, such as "losses.MSE", or, with arguments, its description (package
	// describe), such as {"kind":"losses.Pinball","config":{"Levels":[0.1,0.9]}}.
	Loss func(units int) string

	// Average converts the outputs of a row, in place, to numbers that can be averaged
	// over the members of an ensemble, such as probabilities; nil: the outputs themselves
	// are averaged.
	Average func(z []float64)
	// Decode fills in the prediction of one row from the outputs of a network; averaged
	// reports that Average has already been applied. If the task is Scaled, Values are in
	// the units of the network and are scaled back afterwards.
	Decode func(row *Prediction, z []float64, averaged bool)
	// Decide sets the labels of one row from its probabilities; nil: the task has no labels.
	Decide func(row *Prediction)

	Metrics []Metric // the metrics that cross-validation reports; models are compared by the first
	Others  []Metric // further metrics, reported on request
	Figures []Figure // the figures that a report draws

	Header []string                    // names of the columns of a written prediction
	Record func(row *Prediction) []any // the cells of a row in these columns: strings, ints and float64s
}

// mostOfRow bounds the number of labels, probabilities or values in the prediction of one
// row.
const mostOfRow = 1 << 24

// AddRow appends a row of zeros to a prediction and returns that row, as [Rules.Row] does;
// it is valid until the next row is added. Parts that the rows of this task lack stay nil.
func (r *Rules) AddRow(p *Prediction) *Prediction {
	if r == nil || p == nil || min(r.Labels, r.Proba, r.Values) < 0 || max(r.Labels, r.Proba, r.Values) > mostOfRow {
		return &Prediction{}
	}
	one := &Prediction{}
	p.Labels, one.Labels = addZeros(p.Labels, r.Labels)
	p.Proba, one.Proba = addZeros(p.Proba, r.Proba)
	p.Values, one.Values = addZeros(p.Values, r.Values)
	return one
}

// addZeros appends n zeros and also returns them on their own.
func addZeros[T any](v []T, n int) (all, added []T) {
	if n == 0 {
		return v, nil
	}
	all = append(v, make([]T, n)...)
	return all, all[len(v):]
}

// Rows returns the number of rows of a prediction.
func (r *Rules) Rows(p *Prediction) int {
	switch {
	case r == nil || p == nil:
		return 0
	case r.Labels > 0 && p.Labels != nil:
		return len(p.Labels) / r.Labels
	case r.Proba > 0 && p.Proba != nil:
		return len(p.Proba) / r.Proba
	case r.Values > 0:
		return len(p.Values) / r.Values
	}
	return 0
}

// Row returns the part of a prediction that belongs to one row, without copying. Parts
// that the prediction lacks are nil.
func (r *Rules) Row(p *Prediction, row int) *Prediction {
	if row < 0 || row >= r.Rows(p) {
		return &Prediction{}
	}
	return &Prediction{Labels: ofRow(p.Labels, row, r.Labels), Proba: ofRow(p.Proba, row, r.Proba), Values: ofRow(p.Values, row, r.Values)}
}

// ofRow returns the n values of a row.
func ofRow[T any](v []T, row, n int) []T {
	if n < 1 || len(v) < (row+1)*n {
		return nil
	}
	return v[row*n : (row+1)*n]
}

// Fits checks that a prediction has the right number of labels, probabilities and values
// for the given number of rows, all finite and in range. Labels may be missing if they can
// be decided from probabilities, and probabilities may be missing if there are labels.
func (r *Rules) Fits(p *Prediction, rows int, classes int) error {
	if r == nil || p == nil {
		return errors.New("no prediction")
	}
	if p.Labels == nil && r.Labels > 0 && (p.Proba == nil || r.Decide == nil) || p.Labels != nil && len(p.Labels) != rows*r.Labels {
		return fmt.Errorf("%d labels for %d rows", len(p.Labels), rows)
	}
	if p.Proba == nil && r.Proba > 0 && r.Labels == 0 || p.Proba != nil && len(p.Proba) != rows*r.Proba {
		return fmt.Errorf("%d probabilities for %d rows and %d classes", len(p.Proba), rows, r.Proba)
	}
	if len(p.Values) != rows*r.Values {
		return fmt.Errorf("%d values for %d rows", len(p.Values), rows*r.Values)
	}
	for i, v := range p.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("row %d: the value is %v", i/r.Values, v)
		}
	}
	most := classes
	if most == 0 {
		most = 2 // labels of columns are 0 and 1
	}
	if err := check.Labels(p.Labels, r.Labels, 0, most); err != nil {
		return err
	}
	return r.checkProba(p.Proba)
}

// checkProba checks that probabilities are in range and that those of a run sum to 1,
// within float32 rounding.
func (r *Rules) checkProba(proba []float64) error {
	sum := 0.0
	for i, v := range proba {
		if !(v >= 0 && v <= 1+1e-4) {
			return fmt.Errorf("row %d: the probability of class %d is %v", i/r.Proba, i%r.Proba, v)
		}
		if r.Simplex == 0 {
			continue
		}
		if i%r.Simplex == 0 {
			sum = 0
		}
		sum += v
		if (i+1)%r.Simplex == 0 && math.Abs(sum-1) > 1e-3 {
			return fmt.Errorf("row %d: the probabilities sum to %v", i/r.Proba, sum)
		}
	}
	return nil
}

// AllMetrics returns the metrics of a task, those reported by default first.
func (r *Rules) AllMetrics() []Metric {
	if r == nil {
		return nil
	}
	return slices.Concat(r.Metrics, r.Others)
}

// Task returns the task of the set: As or, if that is nil, Classify if the set has class
// names, otherwise Regress.
func (s *Set) Task() Task {
	switch {
	case s != nil && s.As != nil:
		return s.As
	case s != nil && s.Classes != nil:
		return Classify{}
	}
	return Regress{}
}

// AboutTargets returns the names of the set's targets and classes.
func (s *Set) AboutTargets() Targets {
	if s == nil {
		return Targets{Columns: []string{""}}
	}
	t := Targets{Columns: s.TargetColumns, Classes: s.Classes}
	if t.Columns != nil {
		return t
	}
	t.Columns = []string{s.Target}
	if len(s.Targets) > 0 && s.Targets[0] != nil && s.Targets[0].Dims() == 2 && s.Targets[0].Shape()[1] > 1 {
		name := s.Target
		if name == "" {
			name = "target"
		}
		t.Columns = nil
		for k := range s.Targets[0].Shape()[1] {
			t.Columns = append(t.Columns, fmt.Sprintf("%s %d", name, k+1))
		}
	}
	return t
}

// Rules returns the rules of the set's task for its targets.
func (s *Set) Rules() (*Rules, error) {
	if s == nil {
		return nil, ErrEmpty
	}
	r, err := RulesOf(s.Task(), s.AboutTargets())
	if err != nil && s.Name != "" {
		return nil, fmt.Errorf("data: %s: %w", s.Name, err)
	}
	return r, err
}

// CheckTask checks that the targets suit the task, before anything is fitted to them.
func (s *Set) CheckTask() error {
	r, err := s.Rules()
	if err != nil {
		return err
	}
	about := s.AboutTargets()
	if about.Classes == nil && len(s.Targets) > 0 {
		if _, columns, err := s.TargetTable(); err != nil {
			return err
		} else if columns != len(about.Columns) {
			return fmt.Errorf("data: %s: %d target columns named %q", s.Name, columns, about.Columns)
		}
	}
	if r.Grouped && len(s.Targets) > 0 && len(s.Groups) != s.Len() {
		return fmt.Errorf("data: %s: to %s rows within their groups, every row needs one: %d groups for %d rows", s.Name, TaskName(s.Task()), len(s.Groups), s.Len())
	}
	if r.Check == nil || len(s.Targets) == 0 {
		return nil
	}
	return r.Check(s)
}

// RulesOf returns the rules of a task and checks that they are complete.
func RulesOf(t Task, of Targets) (*Rules, error) {
	if t == nil {
		return nil, errors.New("the task is nil")
	}
	if len(of.Columns) == 0 {
		return nil, fmt.Errorf("task %s: there is no target column", TaskName(t))
	}
	r, err := t.Rules(of)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", TaskName(t), err)
	}
	if r == nil {
		return nil, fmt.Errorf("task %s: its Rules returned nothing", TaskName(t))
	}
	missing := ""
	switch {
	case min(r.Labels, r.Proba, r.Values) < 0 || max(r.Labels, r.Proba, r.Values) > mostOfRow || r.Labels+r.Proba+r.Values == 0:
		missing = "labels, probabilities or values"
	case r.Simplex < 0 || r.Simplex > 0 && r.Proba%r.Simplex != 0:
		missing = "a Simplex that divides Proba"
	case len(r.Units) == 0 || !slices.IsSorted(r.Units) || r.Units[0] < 1:
		missing = "Units"
	case r.Loss == nil || r.Decode == nil:
		missing = "Loss and Decode"
	case r.Decide == nil && r.Labels > 0 && r.Proba > 0:
		missing = "Decide"
	case r.Choice && (r.Labels != 1 || r.Proba != len(of.Classes) || r.Simplex != r.Proba):
		missing = "one label and one probability for each class, as Choice says"
	case r.Scaled && r.Values != len(of.Columns) && len(of.Columns) != 1:
		missing = "as many values as target columns"
	case len(r.Metrics) == 0:
		missing = "Metrics"
	case len(r.Header) == 0 || r.Record == nil:
		missing = "Header and Record"
	}
	if missing != "" {
		return nil, fmt.Errorf("task %s: its Rules lack %s", TaskName(t), missing)
	}
	return r, nil
}

// TaskName returns the name of a task's kind without its package, in lower case:
// "classify", "multilabel".
func TaskName(t Task) string {
	kind := describe.Kind(t)
	return strings.ToLower(kind[strings.LastIndexByte(kind, '.')+1:])
}

// TaskNames returns the names that [TaskNamed] accepts.
func TaskNames() []string {
	var out []string
	for _, t := range houseTasks {
		out = append(out, TaskName(t))
	}
	return out
}

// TaskNamed returns the task of this package with the given name and default arguments.
func TaskNamed(name string) (Task, error) {
	for _, t := range houseTasks {
		if TaskName(t) == name {
			return t, nil
		}
	}
	return nil, fmt.Errorf("data: there is no task %q; there are %s", name, strings.Join(TaskNames(), ", "))
}

// SameTask reports whether two tasks have the same type and arguments.
func SameTask(a, b Task) bool {
	x, errA := MarshalTask(a)
	y, errB := MarshalTask(b)
	return errA == nil && errB == nil && string(x) == string(y)
}

// MarshalTask encodes a task as JSON: a task of this package with default arguments by its
// name, such as "classify", any other by its description (package describe).
func MarshalTask(t Task) ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	text, err := describe.Marshal(&t)
	if err != nil {
		return nil, err
	}
	if known, err := TaskNamed(TaskName(t)); err == nil {
		if plain, err := describe.Marshal(&known); err == nil && string(plain) == string(text) {
			return json.Marshal(TaskName(t))
		}
	}
	return text, nil
}

// UnmarshalTask reads what [MarshalTask] wrote.
func UnmarshalTask(text []byte) (Task, error) {
	var name string
	if json.Unmarshal(text, &name) == nil {
		return TaskNamed(name)
	}
	var t Task
	if err := describe.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("data: task: %w", err)
	}
	if t == nil {
		return nil, errors.New("data: the task is missing")
	}
	return t, nil
}
