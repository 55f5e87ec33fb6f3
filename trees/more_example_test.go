package trees_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/trees"
)

// A tree is grown on rows, written down, and read again.
func ExampleReadJSON() {
	var rows [][]float64
	var y []float64
	for i := range 100 {
		rows = append(rows, []float64{float64(i), float64(i % 7)})
		y = append(y, float64(i/50))
	}
	table, err := trees.FromRows(rows)
	if err != nil {
		log.Fatal(err)
	}
	m, err := trees.Boosting{Iterations: 1, LearningRate: 1}.FitValues(context.Background(), table, y)
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := m.WriteJSON(&file); err != nil {
		log.Fatal(err)
	}
	again, err := trees.ReadJSON(&file)
	if err != nil {
		log.Fatal(err)
	}
	few, err := trees.FromFlat([]float64{10, 3, 90, 3}, 2)
	if err != nil {
		log.Fatal(err)
	}
	p, err := again.Values(context.Background(), few)
	fmt.Println(p, err)
	// Output: [0 1] <nil>
}
