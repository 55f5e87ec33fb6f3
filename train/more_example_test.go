package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// A fit that was stopped after two epochs goes on from its checkpoint to the weights of
// one that was not.
func ExampleLoadCheckpoint() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "checkpoint")
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	net := func() *models.Model {
		m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 4), layers.Dense{Units: 3})
		if err != nil {
			log.Fatal(err)
		}
		m.Info = models.Info{Task: data.Classify{}, Classes: set.Classes}
		return m
	}
	config := train.Config{Optimizer: optim.Adam{}, Epochs: 4, Seed: 1}

	whole := net()
	if _, err := train.Fit(context.Background(), whole, set, config); err != nil {
		log.Fatal(err)
	}

	stop := train.OnEpoch(func(e *train.Event) error {
		if e.Epoch == 2 {
			return train.ErrStop
		}
		return nil
	})
	config.Callbacks = []train.Callback{train.Checkpoint{Path: path}, stop}
	if _, err := train.Fit(context.Background(), net(), set, config); err != nil {
		log.Fatal(err)
	}
	m, state, err := train.LoadCheckpoint(path)
	if err != nil {
		log.Fatal(err)
	}
	config.Callbacks, config.From = nil, state
	h, err := train.Fit(context.Background(), m, set, config)
	if err != nil {
		log.Fatal(err)
	}
	same := fmt.Sprint(m.Params().Get("0.Dense/kernel").Values()) == fmt.Sprint(whole.Params().Get("0.Dense/kernel").Values())
	fmt.Println(h.Epochs(), same)
	// Output: 4 true
}

// A line y = 2x + 1, learnt from four points.
func ExampleFit() {
	rows, err := data.FromRows("line", [][]float64{{-1}, {0}, {1}, {2}}, []float64{-1, 1, 3, 5})
	if err != nil {
		log.Fatal(err)
	}
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 1), layers.Dense{Units: 1})
	if err != nil {
		log.Fatal(err)
	}
	config := train.Config{Optimizer: optim.SGD{LearningRate: 0.1}, Epochs: 200}
	if _, err := train.Fit(context.Background(), m, rows, config); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f %.2f\n", m.Params().Get("0.Dense/kernel").Values(), m.Params().Get("0.Dense/bias").Values())
	// Output: [2.00] [1.00]
}

// A callback that ends the fit once the accuracy is high enough.
func ExampleOnEpoch() {
	enough := train.OnEpoch(func(e *train.Event) error {
		if e.History().Last("accuracy") > 0.5 {
			return train.ErrStop
		}
		return nil
	})
	_, h := fit(train.Config{Epochs: 100, Callbacks: []train.Callback{enough}})
	fmt.Println(h.Epochs() < 100, h.Last("accuracy") > 0.5)
	// Output: true true
}

// Three logits of a classification.
func ExampleDefaultLoss() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	m, err := models.MLP{Hidden: []int{8}}.Build(set, 1)
	if err != nil {
		log.Fatal(err)
	}
	loss, err := train.DefaultLoss(m)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%T\n", loss)
	// Output: losses.SoftmaxCrossEntropy
}

// What crossval sees of a fitted model: its predictions, curves and size.
func ExamplePredictor() {
	p := train.Predictor(fit(train.Config{Epochs: 3}))
	for _, c := range p.Curves {
		fmt.Println(c.Name, len(c.Values))
	}
	fmt.Println(p.Parameters)
	// Output:
	// loss 3
	// accuracy 3
	// 67
}

// The fit ends two epochs after the best one, whose weights it restores.
func ExampleEarlyStopping() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	_, h := fit(train.Config{Epochs: 1000, Validation: set, Optimizer: optim.Adam{LearningRate: 0.05}, Callbacks: []train.Callback{train.EarlyStopping{Patience: 2}}})
	fmt.Println(h.Epochs()-h.BestEpoch, h.Epochs() < 1000)
	// Output: 2 true
}
