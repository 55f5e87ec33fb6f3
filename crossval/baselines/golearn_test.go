//go:build long && cgo

package baselines_test

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/knn"
	"github.com/sjwhitworth/golearn/linear_models"
)

// instances puts a set into golearn's instances; classes are "0", "1", ...
func instances(t *testing.T, s *data.Set, class base.Attribute) *base.DenseInstances {
	t.Helper()
	x, columns, err := s.Table()
	if err != nil {
		t.Fatal(err)
	}
	grid := base.NewDenseInstances()
	var specs []base.AttributeSpec
	for j := range columns {
		specs = append(specs, grid.AddAttribute(base.NewFloatAttribute("x"+strconv.Itoa(j))))
	}
	y := grid.AddAttribute(class)
	if err := grid.AddClassAttribute(class); err != nil {
		t.Fatal(err)
	}
	if err := grid.Extend(s.Len()); err != nil {
		t.Fatal(err)
	}
	for i := range s.Len() {
		for j, spec := range specs {
			grid.Set(spec, i, base.PackFloatToBytes(x[i*columns+j]))
		}
		if s.Classes != nil {
			labels, err := s.Labels()
			if err != nil {
				t.Fatal(err)
			}
			grid.Set(y, i, class.GetSysValFromString(strconv.Itoa(labels[i])))
		} else {
			values, err := s.Values()
			if err != nil {
				t.Fatal(err)
			}
			grid.Set(y, i, base.PackFloatToBytes(values[i]))
		}
	}
	return grid
}

// halves returns the first fold of two of an embedded set.
func halves(t *testing.T, load func() (*data.Set, error)) (train, test *data.Set) {
	t.Helper()
	s, err := load()
	if err != nil {
		t.Fatal(err)
	}
	splits, err := crossval.Splits(s, crossval.KFold{K: 2, Shuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	if train, err = s.Rows(splits[0].Train); err != nil {
		t.Fatal(err)
	}
	if test, err = s.Rows(splits[0].Test); err != nil {
		t.Fatal(err)
	}
	return train, test
}

// KNN agrees with golearn's own linear search, which needs cgo, on two classes
// and an odd number of neighbours, where there are no ties.
func TestAgreesWithGolearnKNN(t *testing.T) {
	train, test := halves(t, data.BreastCancer)
	class := base.NewCategoricalAttribute()
	class.SetName("class")
	class.GetSysValFromString("0")
	class.GetSysValFromString("1")
	model := knn.NewKnnClassifier("euclidean", "linear", 5)
	if err := model.Fit(instances(t, train, class)); err != nil {
		t.Fatal(err)
	}
	theirs, err := model.Predict(instances(t, test, class))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := fitPredict(t, baselines.KNN{}, train, test.Without())
	if err != nil {
		t.Fatal(err)
	}
	want := make([]int, test.Len())
	for i := range want {
		if want[i], err = strconv.Atoi(base.GetClass(theirs, i)); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(ours.Labels, want) {
		t.Errorf("have %v, golearn %v", ours.Labels, want)
	}
}

func TestAgreesWithGolearnLinearRegression(t *testing.T) {
	train, test := halves(t, data.Diabetes)
	class := base.NewFloatAttribute("y")
	model := linear_models.NewLinearRegression()
	if err := model.Fit(instances(t, train, class)); err != nil {
		t.Fatal(err)
	}
	theirs, err := model.Predict(instances(t, test, class))
	if err != nil {
		t.Fatal(err)
	}
	spec, err := theirs.GetAttribute(class)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := fitPredict(t, baselines.LinearRegression{}, train, test.Without())
	if err != nil {
		t.Fatal(err)
	}
	for i, have := range ours.Values {
		if want := base.UnpackBytesToFloat(theirs.Get(spec, i)); math.Abs(have-want) > 1e-8*math.Abs(want) {
			t.Errorf("row %d: have %v, golearn %v", i, have, want)
		}
	}
}
