package crossval_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// steps is a table of 12 rows whose first half is one class.
func steps() *data.Set {
	var x [][]float64
	var labels []int
	for i := range 12 {
		x, labels = append(x, []float64{float64(i)}), append(labels, i/6)
	}
	s, err := data.FromLabels("steps", x, labels, []string{"low", "high"})
	if err != nil {
		log.Fatal(err)
	}
	return s
}

func ExampleSplits() {
	splits, err := crossval.Splits(steps(), crossval.StratifiedKFold{K: 3})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range splits {
		fmt.Println("test", s.Test, "train", s.Train)
	}
	// Output:
	// test [0 1 6 7] train [2 3 4 5 8 9 10 11]
	// test [2 3 8 9] train [0 1 4 5 6 7 10 11]
	// test [4 5 10 11] train [0 1 2 3 6 7 8 9]
}

// Folds of your own: the rows after a point, with all rows before them to train on.
func ExampleTestSplits() {
	growing := crossval.SplitterFunc(func(s *data.Set) ([]crossval.Split, error) {
		folds := crossval.TestSplits([][]int{{6, 7}, {8, 9}})
		folds[0].Train, folds[1].Train = []int{2, 3, 4, 5}, []int{2, 3, 4, 5, 6, 7}
		return folds, nil
	})
	splits, err := crossval.Splits(steps(), growing)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(splits)
	// Output: [{0 0 [2 3 4 5] [6 7]} {0 1 [2 3 4 5 6 7] [8 9]}]
}

// A job is one fit, to be run wherever the rows are.
func ExampleJobs() {
	jobs, err := crossval.Jobs(steps(), crossval.StratifiedKFold{K: 3}, []crossval.Candidate{{Name: "right", Estimator: threshold(5.5)}}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	run, err := jobs[2].Run(context.Background(), steps())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(jobs), run.Candidate, run.Split, run.Scores[0])
	// Output: 3 right 2 1
}

func ExampleCompare() {
	result, err := crossval.Validate(context.Background(), steps(), crossval.RepeatedStratifiedKFold{K: 3, Repeats: 2, Seed: 1}, []crossval.Candidate{
		{Name: "right", Estimator: threshold(5.5)}, {Name: "near", Estimator: threshold(7.5)},
	}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	list, err := crossval.Compare(result, "right", "accuracy")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(list[0].Verdict())
	// Output: right and near: no evidence that they differ (+0.167 accuracy, 95% CI -0.104 to 0.438, d = 0.65, p = 0.17)
}

// Candidates may come one after another, and be fitted on some folds only.
func ExampleSession() {
	s, err := crossval.Open(steps(), crossval.StratifiedKFold{K: 3}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	right, near := crossval.Candidate{Name: "right", Estimator: threshold(5.5)}, crossval.Candidate{Name: "near", Estimator: threshold(7.5)}
	if err := s.Run(context.Background(), []crossval.Candidate{right, near}, []int{0}); err != nil {
		log.Fatal(err)
	}
	if s.Result().Mean("right", "") > s.Result().Mean("near", "") {
		err = s.Run(context.Background(), []crossval.Candidate{right}, nil)
	}
	fmt.Println(len(s.Result().RunsOf("right")), len(s.Result().RunsOf("near")), err)
	// Output: 3 1 <nil>
}

// Half of the rows of each class.
func ExampleSubsample() {
	count := crossval.EstimatorFunc(func(_ context.Context, train *data.Set, _ uint64) (*data.Predictor, error) {
		fmt.Println(train.ClassCounts())
		return &data.Predictor{}, nil
	})
	_, err := crossval.Subsample{Estimator: count, Share: 0.5}.Fit(context.Background(), steps(), 1)
	fmt.Println(err)
	// Output:
	// [3 3] <nil>
	// <nil>
}

func ExampleLearningCurves() {
	curves, err := crossval.LearningCurves(context.Background(), steps(), crossval.StratifiedKFold{K: 3}, []crossval.Candidate{{Name: "right", Estimator: threshold(5.5)}}, []float64{0.5, 1}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range curves[0].Points {
		fmt.Println(p.Rows, p.Test.Estimate)
	}
	// Output:
	// 4 1
	// 8 1
}

// A rule that was found in these rows beats all permutations; the smallest p of 19 is 1/20.
func ExamplePermutationTest() {
	p, err := crossval.PermutationTest(context.Background(), steps(), crossval.StratifiedKFold{K: 3}, crossval.Candidate{Name: "right", Estimator: threshold(5.5)}, 19, crossval.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Score, len(p.Scores), p.P)
	// Output: 1 19 0.05
}
