// Command halfplane fits a logistic regression to 100 random points of the unit
// square, label x0 > x1, by gradient descent at 0.1 on all points, 5000 steps,
// and prints the accuracy every 1000: on the points that it was fitted to, and
// on 1000 others. A survey's example called the former "test".
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

func main() {
	if _, err := run(os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func points(n int, seed uint64) (*data.Set, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	rows, labels := make([][]float64, n), make([]int, n)
	for i := range rows {
		rows[i] = []float64{r.Float64(), r.Float64()}
		if rows[i][0] > rows[i][1] {
			labels[i] = 1
		}
	}
	return data.FromLabels("half plane", rows, labels, []string{"x0 <= x1", "x0 > x1"})
}

// run fits the model and returns its history, one epoch being one step.
func run(w io.Writer) (*train.History, error) {
	fit, err := points(100, 1)
	if err != nil {
		return nil, err
	}
	held, err := points(1000, 2)
	if err != nil {
		return nil, err
	}
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 2), layers.Dense{Units: 1})
	if err != nil {
		return nil, err
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: fit.Classes}
	fmt.Fprintln(w, "step  loss    accuracy on the 100 points  on 1000 others")
	return train.Fit(context.Background(), m, fit, train.Config{
		Optimizer: optim.SGD{LearningRate: 0.1}, BatchSize: fit.Len(), Epochs: 5000, NoShuffle: true, Validation: held,
		Callbacks: []train.Callback{train.OnEpoch(func(e *train.Event) error {
			if e.Epoch%1000 == 0 {
				h := e.History()
				fmt.Fprintf(w, "%4d  %.4f  %-26.3f  %.3f\n", e.Epoch, h.Last("loss"), h.Last("accuracy"), h.Last("val_accuracy"))
			}
			return nil
		})},
	})
}
