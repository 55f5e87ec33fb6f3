package losses_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/losses"
	"gorgonia.org/tensor"
)

// rowLosses returns the loss of every row. A prediction has width columns.
func rowLosses(l losses.Loss, pred []float64, width int, want any) []float64 {
	rows := len(pred) / width
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	shape := graph.Shape{rows, width}
	if w, ok := want.([]float64); !ok || len(w) == rows {
		shape = graph.Shape{rows}
	} else {
		shape[1] = len(w) / rows
	}
	loss := l.Loss(b, b.Tensor("pred", tensor.New(tensor.WithShape(rows, width), tensor.WithBacking(pred))), b.Tensor("want", tensor.New(tensor.WithShape(shape...), tensor.WithBacking(want))))
	p, err := graph.Compile(b, loss)
	if err != nil {
		log.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	return p.Floats64(loss)
}

// Off by 1 and by 3.
func ExampleMSE() {
	fmt.Printf("%.4f\n", rowLosses(losses.MSE{}, []float64{1, 5}, 1, []float64{2, 2}))
	// Output: [1.0000 9.0000]
}

// Off by 1 and by 3.
func ExampleMAE() {
	fmt.Printf("%.4f\n", rowLosses(losses.MAE{}, []float64{1, 5}, 1, []float64{2, 2}))
	// Output: [1.0000 3.0000]
}

// Squares below Delta, straight beyond: off by 1 and by 3.
func ExampleHuber() {
	fmt.Printf("%.4f\n", rowLosses(losses.Huber{Delta: 1}, []float64{1, 5}, 1, []float64{2, 2}))
	// Output: [0.5000 2.5000]
}

// Smooth everywhere: off by 1 and by 3.
func ExampleLogCosh() {
	fmt.Printf("%.4f\n", rowLosses(losses.LogCosh{}, []float64{1, 5}, 1, []float64{2, 2}))
	// Output: [0.4338 2.3093]
}

// Counts of 2, predicted as the logarithm of a rate of 1 and of 2.
func ExamplePoisson() {
	fmt.Printf("%.4f\n", rowLosses(losses.Poisson{}, []float64{0, math.Log(2)}, 1, []float64{2, 2}))
	// Output: [1.0000 0.6137]
}

// Logits of an undecided row and of one that is sure and wrong.
func ExampleBinaryCrossEntropy() {
	fmt.Printf("%.4f\n", rowLosses(losses.BinaryCrossEntropy{}, []float64{0, 4}, 1, []int{1, 0}))
	// Output: [0.6931 4.0181]
}

// A missed positive counts ten times.
func ExampleBinaryCrossEntropy_weighted() {
	fmt.Printf("%.4f\n", rowLosses(losses.BinaryCrossEntropy{PositiveWeight: 10}, []float64{0, 0}, 1, []int{1, 0}))
	// Output: [6.9315 0.6931]
}

// Three classes, undecided: log 3; then nearly sure of class 2.
func ExampleSoftmaxCrossEntropy() {
	fmt.Printf("%.4f\n", rowLosses(losses.SoftmaxCrossEntropy{}, []float64{0, 0, 0, 0, 0, 5}, 3, []int{1, 2}))
	// Output: [1.0986 0.0134]
}

// Smoothed targets make being sure cost something.
func ExampleSoftmaxCrossEntropy_smoothed() {
	fmt.Printf("%.4f\n", rowLosses(losses.SoftmaxCrossEntropy{Smoothing: 0.1}, []float64{0, 0, 5, 0, 0, 50}, 3, []int{2, 2}))
	// Output: [0.3467 3.3333]
}

// A row that is nearly right hardly counts.
func ExampleFocal() {
	fmt.Printf("%.4f\n", rowLosses(losses.Focal{}, []float64{0, 0, 0, 5}, 2, []int{1, 1}))
	// Output: [0.1733 0.0000]
}

// Inside the margin, on the right side of it, and wrong.
func ExampleHinge() {
	fmt.Printf("%.4f\n", rowLosses(losses.Hinge{}, []float64{0.5, 2, -1}, 1, []int{1, 1, 1}))
	// Output: [0.5000 0.0000 2.0000]
}

// The target (1/2, 1/2) beside softmax(0, 0) and softmax(0, 2).
func ExampleKLDivergence() {
	fmt.Printf("%.4f\n", rowLosses(losses.KLDivergence{}, []float64{0, 0, 0, 2}, 2, []float64{0.5, 0.5, 0.5, 0.5}))
	// Output: [0.0000 0.4338]
}

// The same direction, and a right angle.
func ExampleCosine() {
	fmt.Printf("%.4f\n", rowLosses(losses.Cosine{}, []float64{2, 0, 0, 3}, 2, []float64{1, 0, 1, 0}))
	// Output: [0.0000 1.0000]
}

// Quantiles of 0.1 and 0.9 that hold the target between them, and that lie above it.
func ExamplePinball() {
	fmt.Printf("%.4f\n", rowLosses(losses.Pinball{Levels: []float64{0.1, 0.9}}, []float64{1, 3, 5, 6}, 2, []float64{2, 2}))
	// Output: [0.1000 1.5500]
}

// Two rows of one group, in the right order and in the wrong one: the row of more relevance
// has the loss.
func ExampleRanking() {
	fmt.Printf("%.4f\n", rowLosses(losses.Ranking{}, []float64{2, 0}, 1, []float64{1, 5, 0, 5}))
	fmt.Printf("%.4f\n", rowLosses(losses.Ranking{}, []float64{0, 2}, 1, []float64{1, 5, 0, 5}))
	// Output:
	// [0.1269 0.0000]
	// [2.1269 0.0000]
}

// Three classes in order: outputs that are sure of more than class 0, and of no more than
// class 1, beside the classes 1 and 0.
func ExampleOrdinal() {
	fmt.Printf("%.4f\n", rowLosses(losses.Ordinal{}, []float64{4, -4, 4, -4}, 2, []int{1, 0}))
	// Output: [0.0363 4.0181]
}

// The loss of a batch: the mean of the rows' losses, by weight.
func ExampleMean() {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	rows := b.Tensor("losses", tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{1, 2, 6})))
	weights := b.Tensor("weights", tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{1, 1, 2})))
	loss := losses.Mean(b, rows, weights)
	p, err := graph.Compile(b, loss)
	if err != nil {
		log.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Float(loss))
	// Output: 3.75
}
