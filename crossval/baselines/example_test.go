package baselines_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
)

func ExampleDefault() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	candidates := baselines.Default(set.Task())
	for i := range candidates {
		candidates[i].Estimator = crossval.Preprocessed{Transform: data.Standardize{}, Estimator: candidates[i].Estimator}
	}
	result, err := crossval.Validate(context.Background(), set, crossval.StratifiedKFold{Shuffle: true, Seed: 1}, candidates, crossval.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("majority %.2f, k-nearest neighbours %.2f\n", result.Mean("majority", "accuracy"), result.Mean("k-nearest neighbours", "accuracy"))
	// Output:
	// majority 0.33, k-nearest neighbours 0.96
}

func ExampleKNN() {
	set, err := data.FromLabels("fruit", [][]float64{{150}, {160}, {155}, {6}, {7}, {8}}, []int{0, 0, 0, 1, 1, 1}, []string{"apple", "cherry"})
	if err != nil {
		log.Fatal(err)
	}
	model, err := baselines.KNN{K: 3}.Fit(context.Background(), set, 0)
	if err != nil {
		log.Fatal(err)
	}
	p, err := model.Predict(context.Background(), set)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Labels)
	// Output:
	// [0 0 0 1 1 1]
}
