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
