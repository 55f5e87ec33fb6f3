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

// Task is what is to be predicted: how targets are checked, how many outputs a network
// has, what its loss is, and how its outputs are decoded, scored, drawn and written. The
// house has Classify, Regress, MultiLabel, Ordinal, Count, Quantile, Rank and Sequence; a
// type of your own that is registered with package describe goes everywhere that they go.
//
// A task is a plain value; its zero value works. Tasks may hold slices: compare them with
// [SameTask], not with ==.
type Task interface {
	Rules(of Targets) (*Rules, error)
}

// Targets says what a set's targets, or those of a fitted model, are called.
type Targets struct {
	Columns []string // names of the target columns, at least one
	Classes []string // names of the classes, in index order; nil: the targets are numbers
}

// Figure names a group of figures that a report draws of a task's predictions.
type Figure string

// The figures that package plots knows how to draw.
const (
	FigureClasses   Figure = "classes"   // confusion matrix, ROC, precision and recall, calibration, the classes
	FigureResiduals Figure = "residuals" // predictions and residuals of each target column
	FigureLabels    Figure = "labels"    // ROC curves, F1 and calibration of labels that are there or not
	FigureRanks     Figure = "ranks"     // how far off ordered classes are
	FigureCounts    Figure = "counts"    // how often each count occurs and how often it is expected
	FigureSteps     Figure = "steps"     // accuracy at each step of a sequence, and how many steps of a row are wrong
	FigureRanking   Figure = "ranking"   // NDCG of each group, and relevance by place
	FigureQuantiles Figure = "quantiles" // coverage of the levels, and the intervals row by row
)

// Rules is what the rest of Aegis has to know of a task. Of one row, a prediction has
// Labels labels, Proba probabilities and Values values.
type Rules struct {
	Labels, Proba, Values int
	Simplex               int // probabilities come in runs of this many that sum to 1; 0: each is on its own

	// Choice is set if a row's probabilities are those of its classes and its label is
	// one of them: what calibration, costs and class weights are for.
	Choice bool
	// Logits is set if a network's outputs are logits of that choice, by softmax, or by the
	// logistic function for one output: what a temperature divides and what smoothed targets
	// are for.
	Logits bool
	// Scaled is set if Values are in the units of the targets, so that a network may learn
	// targets that are standardised: value k those of target column k, of one target column
	// all values those of it.
	Scaled bool

	Levels []float64 // of Values that are quantiles of the target, the level of each; nil: they are none

	// Padded is set if a class of −1 in the target marks a step that does not count.
	Padded bool

	// Grouped is set if rows are judged within their groups (Set.Groups), which splits keep
	// whole. Batches have the rows of a group one after another, and the loss gets targets of
	// one more column: the number of the group, equal for the rows of one.
	Grouped bool

	// Check checks the targets of rows beyond what Set.Validate does; nil: nothing more.
	// The error names row and column.
	Check func(rows *Set) error

	// Units lists how many outputs a network may have for a row, in ascending order:
	// architectures take the first, those with one output for each class the last.
	Units []int
	// Loss returns the default loss for that many outputs: the kind that it is registered
	// as, such as "losses.MSE", or with arguments its description (package describe), such as
	// {"kind":"losses.Pinball","config":{"Levels":[0.1,0.9]}}.
	Loss func(units int) string

	// Average turns the outputs of a row, in place, into what may be averaged over the
	// members of an ensemble, such as probabilities; nil: they may be averaged as they are.
	Average func(z []float64)
	// Decode fills in the prediction of one row from a network's outputs; averaged says that
	// they went through Average already. Values of a task that is Scaled are in the units of
	// the network: they are scaled back afterwards.
	Decode func(row *Prediction, z []float64, averaged bool)
	// Decide sets the labels of one row from its probabilities; nil: the task has no labels.
	Decide func(row *Prediction)

	Metrics []Metric // what cross-validation reports; the first decides between models
	Others  []Metric // what can be asked for besides
	Figures []Figure // what a report draws

	Header []string                    // names of the columns that a prediction is written in
	Record func(row *Prediction) []any // the cells of a row in them: strings, ints and float64s
}

// mostOfRow is how many numbers a prediction of one row may have.
const mostOfRow = 1 << 24

// AddRow appends a row of zeros to a prediction and returns it as [Rules.Row] does; it
// is valid until the next row is added. Parts of which a row has none stay nil.
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

// addZeros appends n zeros and returns them, too.
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

// Row returns the part of a prediction about one row, without a copy. A part that the
// prediction lacks is nil.
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

// Fits checks that a prediction is one of the given number of rows: that it has as many
// labels, probabilities and values, all finite and in range. Labels may be missing where
// there are probabilities to decide them by, and probabilities where there are labels.
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

// checkProba checks the range of probabilities, and that those of a run sum to 1, within
// float32 rounding.
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

// AllMetrics returns the metrics of a task, those that are reported by default first.
func (r *Rules) AllMetrics() []Metric {
	if r == nil {
		return nil
	}
	return slices.Concat(r.Metrics, r.Others)
}

// Task returns what the set poses: As, or without it Classify if the set has class names,
// else Regress.
func (s *Set) Task() Task {
	switch {
	case s != nil && s.As != nil:
		return s.As
	case s != nil && s.Classes != nil:
		return Classify{}
	}
	return Regress{}
}

// AboutTargets returns what the set's targets are called.
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

// CheckTask checks the targets as the task wants them, before anything is fitted to them.
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

// TaskNames returns the names that [TaskNamed] takes.
func TaskNames() []string {
	var out []string
	for _, t := range houseTasks {
		out = append(out, TaskName(t))
	}
	return out
}

// TaskNamed returns the task of this package with a name, with its defaults.
func TaskNamed(name string) (Task, error) {
	for _, t := range houseTasks {
		if TaskName(t) == name {
			return t, nil
		}
	}
	return nil, fmt.Errorf("data: there is no task %q; there are %s", name, strings.Join(TaskNames(), ", "))
}

// SameTask reports whether two tasks are of one type with the same arguments.
func SameTask(a, b Task) bool {
	x, errA := MarshalTask(a)
	y, errB := MarshalTask(b)
	return errA == nil && errB == nil && string(x) == string(y)
}

// MarshalTask writes a task as JSON: the name of one of this package with its defaults,
// as "classify", or else its description (package describe).
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
