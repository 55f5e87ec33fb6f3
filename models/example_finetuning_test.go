package models_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// A net trained to recognise ten digits on 1000 images learns from 24 images which digits
// are odd. It is right on about 92% of 773 others; a net that starts from scratch is right
// on about 78% after as many steps.
func ExampleModel_Then() {
	ctx := context.Background()
	digits, few, held := digitTasks()
	pretrained := fit(models.MLP{Hidden: []int{64, 32}, Dropout: 0.2}, digits, 40)

	body, _ := pretrained.Until("2.Dense")           // up to the second hidden layer
	tuned, _ := body.Then(1, layers.Dense{Units: 1}) // a new head
	tuned.Info.Classes = few.Classes
	old := []optim.Group{{Match: "/0.Dense/**", Frozen: true}, {Match: "/2.Dense/**", Frozen: true}}
	train.Fit(ctx, tuned, few, train.Config{Epochs: 100, BatchSize: 8, Optimizer: optim.Adam{LearningRate: 0.01}, Groups: old})
	train.Fit(ctx, tuned, few, train.Config{Epochs: 50, BatchSize: 8, Optimizer: optim.Adam{LearningRate: 1e-4}}) // all of it, gently

	anew := fit(models.MLP{Hidden: []int{64, 32}}, few, 450)
	fmt.Println(accuracy(tuned, held) > 0.88, accuracy(anew, held) < 0.83)
	// Output: true true
}

// fit makes a net for a set and fits it.
func fit(net models.MLP, set *data.Set, epochs int) *models.Model {
	m, err := net.Build(set, 1)
	check(err)
	_, err = train.Fit(context.Background(), m, set, train.Config{Epochs: epochs})
	check(err)
	return m
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// accuracy is the share of rows that a model gets right.
func accuracy(m *models.Model, rows *data.Set) float64 {
	p, err := m.PredictRows(context.Background(), rows.Without())
	check(err)
	v, err := data.Accuracy.Score(rows, p)
	check(err)
	return v
}

// digitTasks returns 1000 images with their digits, and 24 and 773 others with whether
// their digits are odd.
func digitTasks() (digits, few, held *data.Set) {
	all, err := data.Digits()
	check(err)
	scale, err := data.Standardize{}.Fit(all)
	check(err)
	all, err = scale.Apply(all)
	check(err)
	var sets [3]*data.Set
	from := 0
	for k, to := range []int{1000, 1024, all.Len()} {
		var rows []int
		for ; from < to; from++ {
			rows = append(rows, from)
		}
		sets[k], err = all.Rows(rows)
		check(err)
		if k > 0 {
			sets[k].Classes = []string{"even", "odd"}
			for i, digit := range sets[k].Targets[0].Ints() {
				sets[k].Targets[0].Ints()[i] = digit % 2
			}
		}
	}
	return sets[0], sets[1], sets[2]
}
