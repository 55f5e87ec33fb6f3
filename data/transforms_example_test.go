package data_test

import (
	"fmt"
	"log"
	"math"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// houses is a table with a gap, an outlier, a category and a column of times.
func houses() *data.Set {
	nan := math.NaN()
	set, err := data.NewTable("houses", []data.Feature{{Name: "rooms"}, {Name: "price"}, {Name: "kind", Levels: []string{"flat", "house"}}, {Name: "sold", Time: time.DateOnly}}, [][]float64{
		{2, 100, 0, 0}, {3, 150, 1, 86400}, {nan, 200, 1, 2 * 86400}, {5, 9000, 0, 3 * 86400},
	})
	if err != nil {
		log.Fatal(err)
	}
	return set
}

// show fits a transform on the houses and prints what it makes of them.
func show(t data.Transform) {
	fitted, err := t.Fit(houses())
	if err != nil {
		log.Fatal(err)
	}
	out, err := fitted.Apply(houses())
	if err != nil {
		log.Fatal(err)
	}
	var names []string
	for _, f := range out.Features {
		names = append(names, f.Name)
	}
	fmt.Println(strings.Join(names, ", "))
	values := out.Inputs[0].Data().([]float64)
	for width := len(names); len(values) > 0; values = values[width:] {
		fmt.Printf("%.2f\n", values[:width])
	}
}

// only keeps one column.
func only(name string, t data.Transform) data.Transform {
	by := map[string]data.Transform{"rooms": data.Drop{}, "price": data.Drop{}, "kind": data.Drop{}, "sold": data.Drop{}}
	by[name] = t
	return data.Columns{By: by}
}

// Each kind of column has its own transform, and one column is left out.
func ExampleColumns() {
	show(data.Columns{
		Numbers:    data.Pipeline{data.Impute{}, data.RobustScale{}},
		Categories: data.OneHot{},
		By:         map[string]data.Transform{"sold": data.Drop{}},
	})
	// Output:
	// rooms, price, kind=flat, kind=house
	// [-1.33 -0.03 1.00 0.00]
	// [0.00 -0.01 0.00 1.00]
	// [0.00 0.01 0.00 1.00]
	// [2.67 3.90 1.00 0.00]
}

// The median fills the gap, and a column says where it was.
func ExampleImpute() {
	show(only("rooms", data.Impute{Strategy: data.Median, Indicate: true}))
	// Output:
	// rooms, rooms missing
	// [2.00 0.00]
	// [3.00 0.00]
	// [3.00 1.00]
	// [5.00 0.00]
}

// The outlier sets the scale.
func ExampleStandardize() {
	show(only("price", data.Standardize{}))
	// Output:
	// price
	// [-0.59]
	// [-0.58]
	// [-0.56]
	// [1.73]
}

// The outlier does not set the scale.
func ExampleRobustScale() {
	show(only("price", data.RobustScale{}))
	// Output:
	// price
	// [-0.03]
	// [-0.01]
	// [0.01]
	// [3.90]
}

// Quartiles are the bounds.
func ExampleClip() {
	show(only("price", data.Clip{Low: 0.25, High: 0.75}))
	// Output:
	// price
	// [137.50]
	// [150.00]
	// [200.00]
	// [2400.00]
}

// The outlier keeps its rank and loses its pull.
func ExampleSmoothClip() {
	show(only("price", data.Pipeline{data.RobustScale{}, data.SmoothClip{}}))
	// Output:
	// price
	// [-0.03]
	// [-0.01]
	// [0.01]
	// [2.38]
}

// The logarithm's reach: prices with a long tail.
func ExampleLogTails() {
	show(only("price", data.LogTails{}))
	// Output:
	// price
	// [-1.44]
	// [-0.63]
	// [0.63]
	// [6.15]
}

// Only ranks count.
func ExampleNormalScores() {
	show(only("price", data.NormalScores{}))
	// Output:
	// price
	// [-1.15]
	// [-0.32]
	// [0.32]
	// [1.15]
}

// How far through each of two intervals.
func ExamplePiecewiseLinear() {
	show(only("price", data.PiecewiseLinear{Bins: 2}))
	// Output:
	// price to 175, price to 9000
	// [0.00 0.00]
	// [0.67 0.00]
	// [1.00 0.00]
	// [1.00 1.00]
}

// An indicator for each level.
func ExampleOneHot() {
	show(only("kind", data.OneHot{}))
	// Output:
	// kind=flat, kind=house
	// [1.00 0.00]
	// [0.00 1.00]
	// [0.00 1.00]
	// [1.00 0.00]
}

// Whole numbers for an embedding.
func ExampleCodes() {
	show(only("kind", data.Codes{}))
	// Output:
	// kind
	// [0.00]
	// [1.00]
	// [1.00]
	// [0.00]
}

// From the first of January 1970, a Thursday; what does not vary is left out.
func ExampleExpandTimes() {
	show(only("sold", data.ExpandTimes{}))
	// Output:
	// sold, sold day of year, sold weekday
	// [0.00 1.00 3.00]
	// [1.00 2.00 4.00]
	// [2.00 3.00 5.00]
	// [3.00 4.00 6.00]
}

// One column less.
func ExampleDrop() {
	show(data.Columns{By: map[string]data.Transform{"price": data.Drop{}, "sold": data.Drop{}}})
	// Output:
	// rooms, kind
	// [2.00 0.00]
	// [3.00 1.00]
	// [NaN 1.00]
	// [5.00 0.00]
}

// A picture of 3x3 pixels, mirrored for certain, with noise on it.
func ExampleAugmenters() {
	picture := tensor.New(tensor.WithShape(1, 3, 3), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9}))
	set := &data.Set{Name: "picture", Inputs: []*tensor.Dense{picture}}
	changed, err := data.Augmented(set, data.Augmenters{data.ImageAugment{Flip: 1}, data.Jitter{Std: 1e-6}}, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.0f\n", changed.Inputs[0].Data())
	// Output: [3 2 1 6 5 4 9 8 7]
}

// The metrics of a classification that asks for none.
func ExampleRulesOf() {
	rules, err := data.RulesOf(data.Classify{}, data.Targets{Columns: []string{"verdict"}, Classes: []string{"no", "yes"}})
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range rules.Metrics {
		fmt.Println(m.Name)
	}
	// Output:
	// accuracy
	// balanced accuracy
	// log loss
	// ROC AUC
}
