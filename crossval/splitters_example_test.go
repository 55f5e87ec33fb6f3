package crossval_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
)

// Blocks of neighbouring rows.
func ExampleKFold() {
	fmt.Println(testRows(crossval.KFold{K: 3}))
	// Output: [[0 1] [2 3] [4 5]]
}

// Every fold has its share of both classes.
func ExampleStratifiedKFold() {
	fmt.Println(testRows(crossval.StratifiedKFold{K: 3}))
	// Output: [[0 3] [1 4] [2 5]]
}

// Rows of one group stay together.
func ExampleGroupKFold() {
	fmt.Println(testRows(crossval.GroupKFold{K: 2}))
	// Output: [[3 4 5] [0 1 2]]
}

// Two repeats, each in another order.
func ExampleRepeatedKFold() {
	fmt.Println(testRows(crossval.RepeatedKFold{K: 3, Repeats: 2, Seed: 1}))
	// Output: [[1 5] [0 3] [4 2] [0 5] [1 2] [4 3]]
}

// Groups in another order each time.
func ExampleRepeatedGroupKFold() {
	fmt.Println(testRows(crossval.RepeatedGroupKFold{K: 2, Repeats: 2, Seed: 1}))
	// Output: [[0 1 2] [3 4 5] [2 3 4] [0 1 5]]
}

// A third of the rows, three times.
func ExampleHoldout() {
	fmt.Println(testRows(crossval.Holdout{Fraction: 1.0 / 3, Repeats: 3, Seed: 1}))
	// Output: [[2 5] [2 4] [1 3]]
}

// Each fold is trained on the rows before it, but for one.
func ExampleTimeSeries() {
	fmt.Println(folds(crossval.TimeSeries{K: 3, Test: 1, Gap: 1}))
	// Output: [0 1]→[3] [0 1 2]→[4] [0 1 2 3]→[5]
}

// Groups are days; the one before a test is left out, and the one after it.
func ExamplePurgedTimeSeries() {
	fmt.Println(folds(crossval.PurgedTimeSeries{K: 4, Embargo: 1, Both: true}))
	fmt.Println(folds(crossval.PurgedTimeSeries{K: 2, Purge: 1}))
	// Output:
	// [3 4 5]→[0 1] [0 1 5]→[2] [0 1 2]→[3 4] [0 1 2 3 4]→[5]
	// [0 1]→[3 4] [0 1 2]→[5]
}

// Every row by itself.
func ExampleLeaveOneOut() {
	fmt.Println(testRows(crossval.LeaveOneOut{}))
	// Output: [[0] [1] [2] [3] [4] [5]]
}

// Every pair of six rows.
func ExampleLeavePOut() {
	pairs := testRows(crossval.LeavePOut{P: 2})
	fmt.Println(len(pairs), pairs[:6])
	// Output: 15 [[0 1] [0 2] [0 3] [0 4] [0 5] [1 2]]
}

// Every group by itself.
func ExampleLeaveOneGroupOut() {
	fmt.Println(testRows(crossval.LeaveOneGroupOut{}))
	// Output: [[0 1] [2] [3 4] [5]]
}

// Whole groups, and the classes as equal as that allows.
func ExampleStratifiedGroupKFold() {
	fmt.Println(testRows(crossval.StratifiedGroupKFold{K: 2}))
	// Output: [[0 1 5] [2 3 4]]
}

// Groups that are as lopsided in another order each time.
func ExampleRepeatedStratifiedGroupKFold() {
	fmt.Println(testRows(crossval.RepeatedStratifiedGroupKFold{K: 2, Repeats: 2, Seed: 1}))
	// Output: [[2 3 4] [0 1 5] [0 1 5] [2 3 4]]
}

// The published split of a data set; the first row is only trained on.
func ExamplePredefined() {
	fmt.Println(testRows(crossval.Predefined{Fold: []int{-1, 0, 0, 1, 1, 1}}))
	// Output: [[1 2] [3 4 5]]
}

// folds writes the training and test rows of every fold of the rows of testRows.
func folds(sp crossval.Splitter) string {
	splits, err := crossval.Splits(six(), sp)
	if err != nil {
		log.Fatal(err)
	}
	var words []string
	for _, f := range splits {
		words = append(words, fmt.Sprintf("%v→%v", f.Train, f.Test))
	}
	return strings.Join(words, " ")
}

// six returns six rows, of which the first three are of class 0, in four groups.
func six() *data.Set {
	set, err := data.FromLabels("six", [][]float64{{1}, {2}, {3}, {4}, {5}, {6}}, []int{0, 0, 0, 1, 1, 1}, []string{"a", "b"})
	if err != nil {
		log.Fatal(err)
	}
	set.Groups = []int{0, 0, 1, 2, 2, 3}
	return set
}

// testRows returns the test rows of every fold of six.
func testRows(sp crossval.Splitter) [][]int {
	folds, err := crossval.Splits(six(), sp)
	if err != nil {
		log.Fatal(err)
	}
	var rows [][]int
	for _, f := range folds {
		rows = append(rows, f.Test)
	}
	return rows
}

// The mean and the deviation are those of the training rows of each fold.
func ExamplePreprocessed() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	e := crossval.Preprocessed{Transform: data.Standardize{}, Estimator: baselines.KNN{K: 5}}
	result, err := crossval.Validate(context.Background(), set, crossval.StratifiedKFold{K: 5, Shuffle: true, Seed: 1}, []crossval.Candidate{{Name: "kNN", Estimator: e}}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", result.Mean("kNN", "accuracy"))
	// Output: 0.960
}

// Folds of a time series, written by hand: trained on the past alone.
func ExampleSplitterFunc() {
	past := crossval.SplitterFunc(func(s *data.Set) ([]crossval.Split, error) {
		return []crossval.Split{{Train: []int{0, 1}, Test: []int{2, 3}}, {Train: []int{0, 1, 2, 3}, Test: []int{4, 5}}}, nil
	})
	fmt.Println(testRows(past))
	// Output: [[2 3] [4 5]]
}

// A job is written down, read where the rows are, and run there.
func ExampleJob_Run() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	jobs, err := crossval.Jobs(set, crossval.StratifiedKFold{K: 5, Shuffle: true, Seed: 1}, []crossval.Candidate{{Name: "kNN", Estimator: baselines.KNN{K: 5}}}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	text, err := describe.Marshal(jobs[0])
	if err != nil {
		log.Fatal(err)
	}
	var job crossval.Job
	if err := describe.Unmarshal(text, &job); err != nil {
		log.Fatal(err)
	}
	run, err := job.Run(context.Background(), set)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", run.Scores[0])
	// Output: 0.967
}

// Both classes are in every fold; each repeat deals the rows anew.
func ExampleRepeatedStratifiedKFold() {
	rows, err := data.FromLabels("rows", [][]float64{{0}, {1}, {2}, {3}}, []int{0, 0, 1, 1}, []string{"no", "yes"})
	if err != nil {
		log.Fatal(err)
	}
	splits, err := crossval.Splits(rows, crossval.RepeatedStratifiedKFold{K: 2, Repeats: 3, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range splits {
		fmt.Println(s.Repeat, s.Fold, s.Test)
	}
	// Output:
	// 0 0 [1 3]
	// 0 1 [0 2]
	// 1 0 [1 2]
	// 1 1 [0 3]
	// 2 0 [0 2]
	// 2 1 [1 3]
}

// Visits of one person on both sides of a fold are found before anything is fitted.
func ExampleFindLeaks() {
	set := six()
	folds, err := crossval.Splits(set, crossval.KFold{K: 2})
	if err != nil {
		log.Fatal(err)
	}
	leaks, err := crossval.FindLeaks(set, folds)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(leaks))
	folds, err = crossval.Splits(set, crossval.LeavePOut{P: 1})
	if err != nil {
		log.Fatal(err)
	}
	if leaks, err = crossval.FindLeaks(set, folds); err != nil {
		log.Fatal(err)
	}
	fmt.Println(leaks[0].Kind, leaks[0].Count, leaks[0].Rows)
	// Output:
	// 0
	// shared groups 2 [0 1 3 4]
}

// The .632+ bootstrap, for few rows.
func ExampleBootstrap632() {
	e, err := crossval.Bootstrap632(context.Background(), steps(), crossval.Bootstrap{Repeats: 100, Seed: 1}, crossval.Candidate{Name: "near", Estimator: threshold(7.5)}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %.2f: apparent %.2f, out of bag %.2f, without information %.2f\n", e.Metric.Name, e.Score, e.Apparent, e.OutOfBag, e.NoInformation)
	// Output: accuracy 0.85: apparent 0.83, out of bag 0.86, without information 0.49
}

func ExampleBootstrap() {
	splits, err := crossval.Splits(steps(), crossval.Bootstrap{Repeats: 2, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range splits {
		fmt.Println(s.Train, s.Test)
	}
	// Output:
	// [0 1 1 2 3 3 4 6 7 8 9 11] [5 10]
	// [2 3 4 4 4 5 5 7 8 8 9 10] [0 1 6 11]
}
