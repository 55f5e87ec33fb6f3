package train_test

import (
	"context"
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

func Example() {
	set, _ := data.BreastCancer()
	rest, held, _ := set.Split(0.2, 1)
	net := train.Estimator{
		Net:        models.MLP{Hidden: []int{32}, Dropout: 0.2, L2: 1e-3},
		Preprocess: data.Standardize{},
		Config:     train.Config{ValidationFraction: 0.1, Callbacks: []train.Callback{train.EarlyStopping{}}},
	}
	model, _, err := net.Train(context.Background(), rest)
	if err != nil {
		panic(err)
	}
	pred, _ := model.PredictRows(context.Background(), held.Without())
	accuracy, _ := data.Accuracy.Score(held, pred)
	fmt.Println(accuracy > 0.9)
	// Output: true
}

// The loss of a small net on the digits falls most steeply at a rate of about 0.02.
// plots.LearningRates draws the curve.
func ExampleFindRate() {
	set, _ := data.Digits()
	scale, _ := data.Standardize{}.Fit(set)
	set, _ = scale.Apply(set)
	model, _ := models.MLP{Hidden: []int{32}}.Build(set, 1)
	curve, err := train.FindRate(context.Background(), model, set, train.Config{}, train.RateSweep{Low: 1e-5, High: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println(curve.Suggestion > 0.005 && curve.Suggestion < 0.1)
	// Output: true
}
