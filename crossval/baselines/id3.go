package baselines

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/seed732fc211/aegis/data"
	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/trees"
)

// ID3 is a tree that tests one column per node and has a branch for each of its values
// (Quinlan, "Induction of Decision Trees", 1986): golearn's InferID3Tree. Columns are
// divided into bins with about equally many training rows. Probabilities are the class
// counts of the training rows at the leaf, plus 1 each; a row whose value no training row
// had at a node stops there.
//
// This package decides what golearn leaves to chance: gains are summed in a fixed order, and
// ties between columns or classes go to the first. golearn's tree never uses its last
// attribute, so a constant one is appended. It is for classification only.
type ID3 struct {
	Bins    int // 0: 3
	MinRows int // a node with fewer training rows is a leaf; 0: 5
}

// Fit implements crossval.Estimator; the seed is ignored.
func (m ID3) Fit(ctx context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	bins, _, err := treeSettings("ID3 tree", m.Bins, 3, 0)
	if err != nil {
		return nil, err
	}
	least := m.MinRows
	if least == 0 {
		least = 5
	}
	return fitMatrix(ctx, train, func(_ context.Context, x *matrix, y *targets) (*data.Predictor, error) {
		if y.values != nil {
			return nil, errors.New("baselines: ID3 tree: it is for classification only")
		}
		b := fitBins(x, bins)
		grid, names, err := categories(b.table(x), y, b)
		if err != nil {
			return nil, fmt.Errorf("baselines: ID3 tree: %w", err)
		}
		root := trees.InferID3Tree(grid, &gainRule{classes: y.classes, least: least})
		return predictor(x, y, 0, func(row []float64) ([]float64, error) {
			return descend(root, b.apply(row), names, y.classes), nil
		}), nil
	})
}

// categories converts bins and classes to golearn's instances, and returns the column of
// every attribute name.
func categories(rows [][]float64, y *targets, b binning) (*base.DenseInstances, map[string]int, error) {
	grid := base.NewDenseInstances()
	names := map[string]int{}
	attribute := func(name string, values int) (*base.CategoricalAttribute, base.AttributeSpec) {
		a := base.NewCategoricalAttribute()
		a.SetName(name)
		for v := range values {
			a.GetSysValFromString(strconv.Itoa(v)) // fixes the order of the values
		}
		return a, grid.AddAttribute(a)
	}
	class, classSpec := attribute("class", y.classes)
	specs := make([]base.AttributeSpec, len(rows[0]))
	for j := range specs {
		name := "x" + strconv.Itoa(j)
		names[name] = j
		_, specs[j] = attribute(name, len(b[j])+1)
	}
	_, last := attribute("constant", 1)
	if err := grid.AddClassAttribute(class); err != nil {
		return nil, nil, err
	}
	if err := grid.Extend(len(rows)); err != nil {
		return nil, nil, err
	}
	for i, row := range rows {
		grid.Set(classSpec, i, base.PackU64ToBytes(uint64(y.labels[i])))
		for j, v := range row {
			grid.Set(specs[j], i, base.PackU64ToBytes(uint64(v)))
		}
		grid.Set(last, i, base.PackU64ToBytes(0))
	}
	return grid, names, nil
}

// gainRule chooses the column with the largest information gain. It implements golearn's
// trees.RuleGenerator.
type gainRule struct {
	classes int
	least   int
}

// GenerateSplitRule returns no attribute, which makes the node a leaf, if there are too few
// rows or no column has a gain.
func (r *gainRule) GenerateSplitRule(grid base.FixedDataGrid) *trees.DecisionTreeRule {
	_, rows := grid.Size()
	if rows < r.least {
		return nil
	}
	specs := base.ResolveAllAttributes(grid)
	class := grid.AllClassAttributes()[0]
	place := -1
	counts := make([][]float64, len(specs)) // [attribute][bin*classes+class]
	for i, s := range specs {
		a, ok := s.GetAttribute().(*base.CategoricalAttribute)
		if !ok {
			panic(fmt.Sprintf("attribute %s is not categorical", s.GetAttribute().GetName()))
		}
		if a == class {
			place = i
		}
		counts[i] = make([]float64, len(a.GetValues())*r.classes)
	}
	err := grid.MapOverRows(specs, func(row [][]byte, _ int) (bool, error) {
		c := int(base.UnpackBytesToU64(row[place]))
		for i, v := range row {
			counts[i][int(base.UnpackBytesToU64(v))*r.classes+c]++
		}
		return true, nil
	})
	if err != nil {
		panic(err)
	}
	best, most := base.Attribute(nil), 1e-9 // below this, a gain is a rounding error
	whole := r.entropy(counts[place], true)
	for i, s := range specs {
		if i == place {
			continue
		}
		if gain := whole - r.entropy(counts[i], false); gain > most {
			best, most = s.GetAttribute(), gain
		}
	}
	if best == nil {
		return nil
	}
	return &trees.DecisionTreeRule{SplitAttr: best}
}

// entropy returns the mean entropy of the classes within the bins, in bits, or the entropy
// of the classes over all bins joined.
func (r *gainRule) entropy(counts []float64, joined bool) float64 {
	if joined {
		sum := make([]float64, r.classes)
		for i, n := range counts {
			sum[i%r.classes] += n
		}
		counts = sum
	}
	sum, all := 0.0, 0.0
	for at := 0; at < len(counts); at += r.classes {
		n := 0.0
		for _, c := range counts[at : at+r.classes] {
			n += c
		}
		for _, c := range counts[at : at+r.classes] {
			if c > 0 {
				sum -= c * math.Log2(c/n)
			}
		}
		all += n
	}
	return sum / all
}

// descend follows a binned row down to its leaf, or to the last node that has a branch for
// it, and returns the smoothed class shares there.
func descend(node *trees.DecisionTreeNode, row []float64, names map[string]int, classes int) []float64 {
	for node.Children != nil {
		j := names[node.SplitRule.SplitAttr.GetName()]
		next, ok := node.Children[strconv.Itoa(int(row[j]))]
		if !ok {
			break
		}
		node = next
	}
	out := make([]float64, classes)
	total := 0
	for _, n := range node.ClassDist {
		total += n
	}
	for c := range out {
		out[c] = float64(node.ClassDist[strconv.Itoa(c)]+1) / float64(total+classes)
	}
	return out
}
