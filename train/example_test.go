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
