package data_test

import (
	"bytes"
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// An embedded set, some of its rows, and what is known of all of them but the inputs.
func ExampleLoad() {
	set, err := data.Load("iris")
	if err != nil {
		log.Fatal(err)
	}
	first, err := data.Head(set, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Len(), set.Classes, first.Inputs[0].Data())
	// Output: 150 [setosa versicolor virginica] [5.1 3.5 1.4 0.2 4.9 3 1.4 0.2]
}

func ExampleInspect() {
	wine, err := data.Wine()
	if err != nil {
		log.Fatal(err)
	}
	report := data.Inspect(wine)
	c := report.Columns[0]
	fmt.Println(report.Rows, report.Task, c.Name, c.Type)
	// Output: 178 classify alcohol numeric
}

// A column without any value in the training rows is reported after the fit.
func ExampleNotes() {
	set := &data.Set{
		Features: []data.Feature{{Name: "size"}, {Name: "weight"}},
		Inputs:   []*tensor.Dense{tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{1, math.NaN(), 3, math.NaN()}))},
	}
	fitted, err := data.Impute{}.Fit(set)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(data.Notes(fitted))
	// Output: [column weight has no value in the training rows and was taken for constant]
}

// Views, transforms and files are sources; Collect reads their rows into memory.
func ExampleCollect() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	fitted, err := data.MinMax{}.Fit(set)
	if err != nil {
		log.Fatal(err)
	}
	scaled, err := data.Applied(data.View(set, []int{0, 50, 100}), fitted)
	if err != nil {
		log.Fatal(err)
	}
	rows, err := data.Collect(scaled)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", rows.Inputs[0].Data())
	// Output: [0.22 0.62 0.07 0.04 0.75 0.50 0.63 0.54 0.56 0.54 0.85 1.00]
}

func ExampleAnswers() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	answers, err := data.Answers(data.View(set, []int{0, 50, 100}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answers.Inputs == nil, answers.Targets[0].Data(), answers.Classes)
	// Output: true [0 1 2] [setosa versicolor virginica]
}

// A service turns the cells of a request into numbers as a file's are.
func ExampleNewCellReader() {
	price, err := data.NewCellReader(data.Feature{Name: "price", Number: data.NumberFormat{Decimal: ",", Suffix: "€"}})
	if err != nil {
		log.Fatal(err)
	}
	colour, err := data.NewCellReader(data.Feature{Name: "colour", Levels: []string{"blue", "red"}})
	if err != nil {
		log.Fatal(err)
	}
	a, err := price.Text("12,50€")
	b, err2 := colour.Value("red")
	c, err3 := price.Value(nil)
	fmt.Println(a, b, c, err, err2, err3)
	// Output: 12.5 1 NaN <nil> <nil> <nil>
}

// Two images of 1×2 pixels and their classes, as the files of MNIST hold them.
func ExampleReadIDX() {
	images, err := data.ReadIDX(bytes.NewReader([]byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 102}))
	if err != nil {
		log.Fatal(err)
	}
	labels, err := data.ReadIDX(bytes.NewReader([]byte{0, 0, 8, 1, 0, 0, 0, 2, 1, 0}))
	if err != nil {
		log.Fatal(err)
	}
	set, err := data.ImageSet("two", images, labels, []string{"left", "right"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Inputs[0].Shape(), set.Inputs[0].Data(), set.Targets[0].Data())
	// Output: (2, 1, 2, 1) [0 1 0.2 0.4] [1 0]
}

// What an epoch sees of a table with noise, for inspection.
func ExampleAugmented() {
	set := &data.Set{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float64{1, 2, 3, 4}))}}
	noisy, err := data.Augmented(set, data.Jitter{Std: 0.1}, 7)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", noisy.Inputs[0].Data())
	// Output: [1.103 1.961 3.050 3.967]
}
