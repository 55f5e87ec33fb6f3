package data_test

import (
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/data"
)

// decoded prints what a task makes of a network's outputs for one row.
func decoded(t data.Task, of data.Targets, outputs ...float64) {
	rules, err := data.RulesOf(t, of)
	if err != nil {
		log.Fatal(err)
	}
	row := rules.AddRow(&data.Prediction{})
	rules.Decode(row, outputs, false)
	for k, cell := range rules.Record(row) {
		if v, ok := cell.(float64); ok {
			cell = fmt.Sprintf("%.2f", v)
		}
		fmt.Printf("%s: %v\n", rules.Header[k], cell)
	}
}

// Two logits of two classes.
func ExampleClassify() {
	decoded(data.Classify{}, data.Targets{Columns: []string{"verdict"}, Classes: []string{"no", "yes"}}, 0, 1)
	// Output:
	// verdict: yes
	// P(no): 0.27
	// P(yes): 0.73
}

// Two targets of a table: what is a column of it becomes the second target.
func ExampleRegress() {
	set, err := data.FromRows("flats", [][]float64{{2, 55}, {3, 80}, {4, 110}}, []float64{210, 300, 420})
	if err != nil {
		log.Fatal(err)
	}
	two, err := set.Posing(data.Regress{}, "x1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(two.TargetColumns, two.Targets[0].Shape(), two.Inputs[0].Shape())
	rules, err := two.Rules()
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range rules.Metrics {
		fmt.Println(m.Name)
	}
	// Output:
	// [y x1] (3, 2) (3, 1)
	// R2
	// RMSE
	// MAE
	// RMSE of y
	// RMSE of x1
}

// Three labels, of which the second needs to be surer to be there.
func ExampleMultiLabel() {
	decoded(data.MultiLabel{Thresholds: []float64{0.5, 0.9, 0.5}}, data.Targets{Columns: []string{"red", "round", "ripe"}}, 1, 1, -1)
	// Output:
	// red: 1
	// round: 0
	// ripe: 0
	// P(red): 0.73
	// P(round): 0.73
	// P(ripe): 0.27
}

// Three grades: sure of more than poor, undecided between fair and good.
func ExampleOrdinal() {
	decoded(data.Ordinal{}, data.Targets{Columns: []string{"grade"}, Classes: []string{"poor", "fair", "good"}}, 3, 0)
	// Output:
	// grade: fair
	// P(poor): 0.05
	// P(fair): 0.48
	// P(good): 0.48
}

// The logarithm of an expected count.
func ExampleCount() {
	decoded(data.Count{}, data.Targets{Columns: []string{"visits"}}, 1)
	// Output: visits: 2.72
}

// NDCG of the first three rows of each group, of scores that have only the first right.
func ExampleRank() {
	set, err := data.FromRows("answers", [][]float64{{0}, {1}, {2}, {3}}, []float64{3, 2, 0, 1})
	if err != nil {
		log.Fatal(err)
	}
	set.Groups = []int{7, 7, 7, 7}
	if set, err = set.Posing(data.Rank{At: 3}); err != nil {
		log.Fatal(err)
	}
	rules, err := set.Rules()
	if err != nil {
		log.Fatal(err)
	}
	v, err := rules.Metrics[0].Score(set, &data.Prediction{Values: []float64{9, 1, 5, 4}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %.3f\n", rules.Metrics[0].Name, v)
	// Output: NDCG@3 0.735
}

// Two steps of three classes.
func ExampleSequence() {
	decoded(data.Sequence{}, data.Targets{Columns: []string{"first", "second"}, Classes: []string{"noun", "other", "verb"}}, 2, 0, 0, 0, 0, 1)
	// Output:
	// first: noun
	// P(first): 0.79
	// second: verb
	// P(second): 0.58
}

// Outputs that cross are put in order.
func ExampleQuantile() {
	decoded(data.Quantile{Levels: []float64{0.05, 0.5, 0.95}}, data.Targets{Columns: []string{"price"}}, 90, 110, 100)
	// Output:
	// price 0.05: 90.00
	// price 0.5: 100.00
	// price 0.95: 110.00
}
