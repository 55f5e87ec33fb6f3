package data_test

import (
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// The first rows of a source, here of a view in another order.
func ExampleHead() {
	first, err := data.Head(data.View(fruit(), []int{4, 3, 2, 1}), 2)
	if err != nil {
		log.Fatal(err)
	}
	v, _, err := first.Table()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v)
	// Output: [7 155]
}

// Counts instead of real numbers: a model predicts rates, and is scored as such.
func ExamplePosed() {
	set, err := data.FromRows("visits", [][]float64{{1}, {2}, {3}}, []float64{0, 2, 5})
	if err != nil {
		log.Fatal(err)
	}
	counts, err := data.Posed(data.View(set, []int{0, 2}), data.Count{})
	if err != nil {
		log.Fatal(err)
	}
	rows, err := data.Collect(counts)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Task(), rows.Task())
	// Output: regress count
}

// The range of the first two rows becomes [0, 1]; a third row may lie outside.
func ExampleApplied() {
	set, err := data.FromRows("line", [][]float64{{10}, {20}, {25}}, []float64{1, 2, 3})
	if err != nil {
		log.Fatal(err)
	}
	fitted, err := data.MinMax{}.Fit(data.View(set, []int{0, 1}))
	if err != nil {
		log.Fatal(err)
	}
	scaled, err := data.Applied(set, fitted)
	if err != nil {
		log.Fatal(err)
	}
	rows, err := data.Collect(scaled)
	if err != nil {
		log.Fatal(err)
	}
	v, _, err := rows.Table()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(v)
	// Output: [0 1 1.5]
}

// Rows as a model sees them: inputs without targets.
func ExampleBlind() {
	rows, err := data.Collect(data.Blind(fruit()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows.Len(), len(rows.Inputs), len(rows.Targets))
	// Output: 5 1 0
}

// The error names the row of a value that is not finite.
func ExampleCheck() {
	for _, x := range []float64{1, math.Inf(1)} {
		set := &data.Set{Name: "rooms", Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float64{20, x}))}}
		fmt.Println(data.Check(set))
	}
	// Output:
	// <nil>
	// data: rooms: input 0, row 1, value 0: +Inf is not finite
}

// Two images of 2x2 bytes and their classes, as the MNIST files hold them.
func ExampleImageSet() {
	images := &data.IDX{Shape: []int{2, 2, 2}, Values: []byte{0, 255, 255, 0, 51, 102, 153, 204}}
	set, err := data.ImageSet("tiles", images, &data.IDX{Shape: []int{2}, Values: []byte{0, 1}}, []string{"checked", "grey"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Inputs[0].Shape(), set.Inputs[0].Data())
	// Output: (2, 2, 2, 1) [0 1 1 0 0.2 0.4 0.6 0.8]
}

// The embedded sets, which Load takes by name.
func ExampleNames() {
	for _, name := range data.Names() {
		set, err := data.Load(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, set.Task(), set.Inputs[0].Shape())
	}
	// Output:
	// iris classify (150, 4)
	// wine classify (178, 13)
	// breast-cancer classify (569, 30)
	// digits classify (1797, 64)
	// diabetes regress (442, 10)
}

// The right order scores 1; a wrong one loses most at the top.
func ExampleNDCG() {
	set, err := data.FromRows("answers", [][]float64{{0}, {1}, {2}}, []float64{2, 1, 0})
	if err != nil {
		log.Fatal(err)
	}
	set.Groups = []int{1, 1, 1}
	if set, err = set.Posing(data.Rank{}); err != nil {
		log.Fatal(err)
	}
	for _, scores := range [][]float64{{3, 2, 1}, {3, 1, 2}, {2, 3, 1}} {
		v, err := data.NDCG(3).Score(set, &data.Prediction{Values: scores})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%.2f\n", v)
	}
	// Output:
	// 1.00
	// 0.95
	// 0.86
}

// Lengths are rounded up, so that few programs have to be compiled.
func ExamplePaddedSteps() {
	for _, n := range []int{3, 9, 17, 100} {
		fmt.Println(n, data.PaddedSteps(n))
	}
	// Output:
	// 3 8
	// 9 10
	// 17 20
	// 100 112
}

// A task by name, as a command line gives it.
func ExampleTaskNamed() {
	task, err := data.TaskNamed("multilabel")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%T %s\n", task, data.TaskName(task))
	// Output: data.MultiLabel multilabel
}

// A task with its settings as JSON.
func ExampleMarshalTask() {
	text, err := data.MarshalTask(data.Quantile{Levels: []float64{0.1, 0.9}})
	if err != nil {
		log.Fatal(err)
	}
	task, err := data.UnmarshalTask(text)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text), data.SameTask(task, data.Quantile{Levels: []float64{0.1, 0.9}}))
	// Output: {"kind":"data.Quantile","config":{"Levels":[0.1,0.9]}} true
}
