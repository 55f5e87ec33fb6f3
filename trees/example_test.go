package trees_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/trees"
)

func ExampleBoosting() {
	var rows [][]float64
	var price []float64
	for i := range 200 {
		area, rooms := float64(40+i), float64(i%5)
		rows = append(rows, []float64{area, rooms})
		price = append(price, 3*area+20*rooms)
	}
	t, err := trees.FromRows(rows)
	if err != nil {
		log.Fatal(err)
	}
	m, err := trees.Boosting{}.FitValues(context.Background(), t, price)
	if err != nil {
		log.Fatal(err)
	}
	out := make([]float64, 1)
	if err := m.PredictRow([]float64{100, 3}, out); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d trees, near %.0f\n", m.Trees(), out[0]/20)
	// Output:
	// 100 trees, near 18
}

func ExampleForest() {
	rows := [][]float64{{5.1, 1.4}, {4.9, 1.5}, {5.0, 1.3}, {6.3, 4.9}, {6.1, 4.7}, {6.5, 4.6}}
	labels := []int{0, 0, 0, 1, 1, 1}
	t, err := trees.FromRows(rows)
	if err != nil {
		log.Fatal(err)
	}
	m, err := trees.Forest{Seed: 1}.FitClasses(context.Background(), t, labels, 2)
	if err != nil {
		log.Fatal(err)
	}
	fresh, err := trees.FromRows([][]float64{{4.8, 1.2}, {6.6, 5.0}})
	if err != nil {
		log.Fatal(err)
	}
	predicted, err := m.Labels(context.Background(), fresh)
	fmt.Println(predicted, err)
	// Output:
	// [0 1] <nil>
}
