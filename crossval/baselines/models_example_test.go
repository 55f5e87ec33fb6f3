package baselines_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/text"
	"github.com/seed732fc211/aegis/trees"
)

// score returns the mean accuracy, or R², over three folds of Iris or of Diabetes.
func score(e crossval.Estimator, read func() (*data.Set, error), metric string) float64 {
	set, err := read()
	if err != nil {
		log.Fatal(err)
	}
	result, err := crossval.Validate(context.Background(), set, crossval.KFold{K: 3, Shuffle: true, Seed: 1}, []crossval.Candidate{{Name: "model", Estimator: e}}, crossval.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	return result.Mean("model", metric)
}

// What every other model has to beat.
func ExampleMajority() {
	fmt.Printf("%.2f\n", score(baselines.Majority{}, data.Iris, "accuracy"))
	// Output: 0.27
}

// The quantiles of the training rows, whatever the row: how far off they are on the mean.
func ExampleConstant() {
	quantiles := func() (*data.Set, error) {
		set, err := data.Diabetes()
		if err != nil {
			return nil, err
		}
		return set.Posing(data.Quantile{Levels: []float64{0.1, 0.9}})
	}
	fmt.Printf("%.0f\n", score(baselines.Constant{}, quantiles, "pinball loss"))
	// Output: 12
}

// A tree of three levels.
func ExampleCART() {
	fmt.Printf("%.2f\n", score(baselines.CART{MaxDepth: 3}, data.Iris, "accuracy"))
	// Output: 0.95
}

// A tree of categories: numbers come in three bins.
func ExampleID3() {
	fmt.Printf("%.2f\n", score(baselines.ID3{}, data.Iris, "accuracy"))
	// Output: 0.94
}

// Twenty of golearn's trees.
func ExampleForest() {
	fmt.Printf("%.2f\n", score(baselines.Forest{}, data.Iris, "accuracy"))
	// Output: 0.95
}

// The forest of package trees.
func ExampleRandomForest() {
	fmt.Printf("%.2f\n", score(baselines.RandomForest{Settings: trees.Forest{Trees: 50}}, data.Iris, "accuracy"))
	// Output: 0.95
}

// Gradient boosting with small trees.
func ExampleBoostedTrees() {
	fmt.Printf("%.2f\n", score(baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 50, Leaves: 4}}, data.Iris, "accuracy"))
	// Output: 0.94
}

// The penalty is chosen within the training rows.
func ExampleLogisticRegression() {
	fmt.Printf("%.2f\n", score(baselines.LogisticRegression{}, data.Iris, "accuracy"))
	// Output: 0.95
}

// Least squares.
func ExampleLinearRegression() {
	fmt.Printf("%.2f\n", score(baselines.LinearRegression{}, data.Diabetes, "R2"))
	// Output: 0.47
}

// The penalty is chosen within the training rows.
func ExampleRidge() {
	fmt.Printf("%.2f\n", score(baselines.Ridge{}, data.Diabetes, "R2"))
	// Output: 0.48
}

// The lasso alone.
func ExampleElasticNet() {
	fmt.Printf("%.2f\n", score(baselines.ElasticNet{Ratios: []float64{1}}, data.Diabetes, "R2"))
	// Output: 0.48
}

// A model that takes numbers alone gets a table as it stands.
func ExamplePrepared() {
	fmt.Printf("%.2f\n", score(baselines.Prepared{Encode: true, Estimator: baselines.KNN{K: 5}}, data.Iris, "accuracy"))
	// Output: 0.97
}

// Baselines by their names.
func ExampleSelect() {
	candidates, err := baselines.Select(data.Classify{}, []string{"majority", "logistic regression"})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range candidates {
		fmt.Println(c.Name, c.Baseline)
	}
	// Output:
	// majority true
	// logistic regression true
}

// letters returns letters to a shop and what they are about.
func letters(about []int, cells ...string) *data.Set {
	set, err := data.FromLabels("letters", slices.Repeat([][]float64{{0}}, len(cells)), about, []string{"delivery", "payment"})
	if err != nil {
		log.Fatal(err)
	}
	set.Texts = []data.TextColumn{{Name: "letter", Cells: cells}}
	return set
}

var (
	old = letters([]int{0, 0, 0, 1, 1, 1}, "the parcel is late", "where is my parcel", "the parcel came broken",
		"the card was charged twice", "my card is refused", "please return the money to my card")
	fresh = letters([]int{0, 1}, "a parcel is lost", "i was charged too much money")
)

func ExampleTextLogistic() {
	model, err := baselines.TextLogistic{Terms: text.TFIDF{Longest: 2}, C: []float64{10}}.Fit(context.Background(), old, 1)
	if err != nil {
		log.Fatal(err)
	}
	p, err := model.Predict(context.Background(), fresh)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Notes, p.Labels)
	// Output:
	// [37 terms, C 10] [0 1]
}

func ExampleTextBayes() {
	model, err := baselines.TextBayes{Terms: text.TFIDF{Counts: true}}.Fit(context.Background(), old, 1)
	if err != nil {
		log.Fatal(err)
	}
	p, err := model.Predict(context.Background(), fresh)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d %.2f\n", p.Labels, p.Proba)
	// Output:
	// [0 1] [0.89 0.11 0.16 0.84]
}
