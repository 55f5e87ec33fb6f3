package trees

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

var errEmpty = errors.New("trees: the table has no rows or no columns")

// Node is a split or a leaf of a [Tree].
//
// A split on a number sends x left if x <= Value. A split on a category sends
// those left whose bin is in the set Value (an index, see [Tree.Sets]). A missing
// value goes left if MissingLeft is set, otherwise right.
type Node struct {
	Value       float64 // threshold or set of a split; what a leaf adds, in a tree without Tree.Values
	Feature     int32   // column of the split; -1 for a leaf
	Left        int32   // the left child, the right one is Left+1; of a leaf: its place in Tree.Values, in vectors
	Cover       float32 // sum of the weights of the training rows that came here, a bootstrap's repeats counted
	Categorical bool
	MissingLeft bool
}

// Tree is a decision tree. Nodes[0] is the root, and children come after their
// parents.
type Tree struct {
	Output int    // the output that the leaves add to; 0 for a tree with Values
	Nodes  []Node // of nodes with two children each, and leaves
	// Sets are sets of bins of a categorical column, 4 words of 64 bits each: bin b is
	// in set s if bit b%64 of Sets[4*s+b/64] is set. The bin of a code is in
	// ColumnInfo.Bins.
	Sets []uint64
	// Values holds the leaves' vectors, one number for each output, in a forest for
	// classification; nil in all other trees. Leaves can share a vector.
	Values []float64
}

// ColumnInfo describes a column that a model was fitted on.
type ColumnInfo struct {
	Name   string
	Levels int // 0 for numbers
	// Bins holds the bin of each code of a categorical column of a boosted model. Rare
	// codes share a bin; -1 marks a code that did not occur, which counts as missing.
	Bins []int16
}

// Link says what makes predictions of the outputs' scores.
type Link string

// The links of an [Ensemble].
const (
	Identity Link = "identity" // the score is the prediction
	Logistic Link = "logistic" // one score s; the probability of class 1 is 1/(1+exp(-s))
	Softmax  Link = "softmax"  // a score a class; exp(s)/sum exp(s)
	LogLink  Link = "log"      // exp(s)
)

// Ensemble is a fitted model as plain data. The score of an output is Base plus
// the sum of what the trees' leaves add; with Average, Base is 0 and the sum is
// divided by the number of trees. Link makes predictions of scores.
type Ensemble struct {
	Columns    []ColumnInfo
	Classes    int       // 0 for a regression
	Base       []float64 // one for each output
	Average    bool
	Link       Link
	Trees      []Tree
	Importance []float64 // of the columns, summing to 1, or all 0: see [Model.Importance]
}

// Model is a fitted ensemble of trees. The zero Model has no columns and predicts
// nothing but errors. Its methods can be called from several goroutines.
type Model struct {
	e      Ensemble
	scored *OutOfBag
}

// NewModel checks an ensemble and makes a model of it, which keeps its slices.
func NewModel(e Ensemble) (*Model, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	return &Model{e: e}, nil
}

// Ensemble returns the model's data. The slices are the model's own and must not
// be changed.
func (m *Model) Ensemble() Ensemble {
	if m == nil {
		return Ensemble{}
	}
	return m.e
}

// Classes returns the number of classes, 0 for a regression.
func (m *Model) Classes() int { return m.Ensemble().Classes }

// Trees returns the number of trees.
func (m *Model) Trees() int { return len(m.Ensemble().Trees) }

// Nodes returns the number of nodes of all trees.
func (m *Model) Nodes() int {
	n := 0
	for i := range m.Ensemble().Trees {
		n += len(m.e.Trees[i].Nodes)
	}
	return n
}

// Importance returns the share of each column in what the splits gained, with
// sum 1: in a forest the mean decrease in impurity (Breiman 2001), which favours
// columns with many distinct values; in a boosted model the total gain. All are 0
// if there is no split.
func (m *Model) Importance() []float64 { return slices.Clone(m.Ensemble().Importance) }

// outputs returns the number of scores of a row.
func (e *Ensemble) outputs() int { return len(e.Base) }

// width returns the number of predictions of a row: its probabilities, or 1.
func (e *Ensemble) width() int { return max(1, e.Classes) }

func (e *Ensemble) check() error {
	if len(e.Columns) == 0 || len(e.Columns) > maxColumns {
		return fmt.Errorf("trees: a model of %d columns, want 1 to %d", len(e.Columns), maxColumns)
	}
	if e.Classes < 0 || e.Classes == 1 || e.Classes > maxClasses {
		return fmt.Errorf("trees: a model of %d classes, want 0, or 2 to %d", e.Classes, maxClasses)
	}
	want := max(1, e.Classes)
	switch {
	case e.Link == Logistic && e.Classes == 2:
		want = 1
	case e.Link == Identity && (e.Classes == 0 || e.Average), e.Link == LogLink && e.Classes == 0, e.Link == Softmax && e.Classes > 0:
	default:
		return fmt.Errorf("trees: link %q does not suit %d classes", clip(string(e.Link)), e.Classes)
	}
	if len(e.Base) != want {
		return fmt.Errorf("trees: %d base scores, want %d", len(e.Base), want)
	}
	if !finite(e.Base) || !finite(e.Importance) {
		return errors.New("trees: a base score or an importance is not finite")
	}
	if len(e.Importance) != len(e.Columns) {
		return fmt.Errorf("trees: %d importances for %d columns", len(e.Importance), len(e.Columns))
	}
	if e.Average && (len(e.Trees) == 0 || slices.ContainsFunc(e.Base, func(b float64) bool { return b != 0 })) {
		return errors.New("trees: an average wants trees, and 0 as its base score")
	}
	for j, c := range e.Columns {
		if err := c.check(); err != nil {
			return fmt.Errorf("trees: %s: %w", columnName(c.Name, j), err)
		}
	}
	for i := range e.Trees {
		if err := e.checkTree(&e.Trees[i]); err != nil {
			return fmt.Errorf("trees: tree %d: %w", i, err)
		}
	}
	return nil
}

func (c ColumnInfo) check() error {
	if c.Levels < 0 || c.Levels > maxLevels {
		return fmt.Errorf("%d levels, want 0 to %d", c.Levels, maxLevels)
	}
	if c.Bins != nil && len(c.Bins) != c.Levels {
		return fmt.Errorf("bins of %d codes for %d levels", len(c.Bins), c.Levels)
	}
	for code, b := range c.Bins {
		if b < -1 || b > 255 {
			return fmt.Errorf("bin %d of code %d is out of range [-1, 255]", b, code)
		}
	}
	return nil
}

func (e *Ensemble) checkTree(t *Tree) error {
	if len(t.Nodes) == 0 {
		return errors.New("no nodes")
	}
	if len(t.Sets)%4 != 0 {
		return fmt.Errorf("%d words of sets, want a multiple of 4", len(t.Sets))
	}
	if t.Output < 0 || t.Output >= e.outputs() || len(t.Values) > 0 && t.Output != 0 {
		return fmt.Errorf("output %d of %d", t.Output, e.outputs())
	}
	if len(t.Values)%e.outputs() != 0 || !finite(t.Values) {
		return errors.New("the leaves' vectors are of another length, or not finite")
	}
	if (e.Average && e.outputs() > 1) != (len(t.Values) > 0) {
		return errors.New("leaves are vectors in a forest for classification, and only there")
	}
	parents := make([]bool, len(t.Nodes)) // whether the pair at this place has a parent
	for i := range t.Nodes {
		if err := e.checkNode(t, i, parents); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	splits := 0
	for _, p := range parents {
		if p {
			splits++
		}
	}
	if len(t.Nodes) != 1+2*splits {
		return fmt.Errorf("%d nodes, %d splits: a node is out of reach", len(t.Nodes), splits)
	}
	return nil
}

func (e *Ensemble) checkNode(t *Tree, i int, parents []bool) error {
	n := &t.Nodes[i]
	if math.IsNaN(n.Value) || math.IsInf(n.Value, 0) || !(n.Cover >= 0) || n.Cover > math.MaxFloat32 {
		return fmt.Errorf("value %v or cover %v is out of range", n.Value, n.Cover)
	}
	if n.Feature == -1 {
		if n.Categorical || n.MissingLeft {
			return errors.New("a leaf with a split's flags")
		}
		if len(t.Values) == 0 && n.Left != 0 || len(t.Values) > 0 && (n.Left < 0 || int(n.Left) >= len(t.Values)/e.outputs()) {
			return fmt.Errorf("leaf vector %d is not there", n.Left)
		}
		return nil
	}
	if n.Feature < 0 || int(n.Feature) >= len(e.Columns) {
		return fmt.Errorf("column %d of %d", n.Feature, len(e.Columns))
	}
	if n.Categorical {
		if e.Columns[n.Feature].Bins == nil {
			return fmt.Errorf("a split on the categories of column %d, which has no bins", n.Feature)
		}
		if n.Value != math.Trunc(n.Value) || n.Value < 0 || n.Value >= float64(len(t.Sets)/4) {
			return fmt.Errorf("set %v of %d", n.Value, len(t.Sets)/4)
		}
	}
	left := int(n.Left)
	if left <= i || left+1 >= len(t.Nodes) {
		return fmt.Errorf("child %d is not between its parent and the last of %d nodes", left, len(t.Nodes))
	}
	if parents[left] || parents[left-1] && left > 1 || left+1 < len(parents) && parents[left+1] {
		return fmt.Errorf("child %d has two parents", left)
	}
	parents[left] = true
	return nil
}

func finite(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
