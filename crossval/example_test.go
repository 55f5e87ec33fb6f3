package crossval_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/tensor"
)

// threshold predicts class 1 where the first column is above a limit.
func threshold(limit float64) crossval.Estimator {
	return crossval.EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		predict := func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			x, columns, err := rows.Table()
			if err != nil {
				return nil, err
			}
			labels := make([]int, rows.Len())
			for i := range labels {
				if x[i*columns] > limit {
					labels[i] = 1
				}
			}
			return &data.Prediction{Labels: labels}, nil
		}
		return &data.Predictor{Predict: predict}, nil
	})
}

func ExampleValidate() {
	var rows [][]float64
	var labels []int
	for i := range 40 {
		rows = append(rows, []float64{float64(i % 20)})
		labels = append(labels, i%20/10)
	}
	set, err := data.NewTable("steps", []data.Feature{{Name: "x"}}, rows)
	if err != nil {
		log.Fatal(err)
	}
	set.Classes = []string{"low", "high"}
	set.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}

	result, err := crossval.Validate(context.Background(), set,
		crossval.RepeatedStratifiedKFold{K: 4, Repeats: 2, Seed: 1},
		[]crossval.Candidate{
			{Name: "right", Estimator: threshold(9.5)},
			{Name: "wrong", Estimator: threshold(4.5)},
		}, crossval.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("right %.2f, wrong %.2f\n", result.Mean("right", "accuracy"), result.Mean("wrong", "accuracy"))

	comparisons, err := crossval.Compare(result, "right", "accuracy")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(comparisons[0].Better(), "is better")
	// Output:
	// right 1.00, wrong 0.75
	// right is better
}
