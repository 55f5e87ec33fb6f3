package regularize_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/regularize"
	"gorgonia.org/tensor"
)

// Dropout disturbs training, not prediction.
func ExampleDropout() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 4), regularize.Dropout{Rate: 0.5})
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(1, 4), tensor.WithBacking([]float32{1, 2, 3, 4})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Data())
	// Output: [1 2 3 4]
}

// A self-normalising network has SELU, LeCun's initialisation and its own dropout.
func ExampleAlphaDropout() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 4), layers.Dense{Units: 8, Activation: layers.Selu, Kernel: graph.Weight{Init: graph.LeCunNormal{}}}, regularize.AlphaDropout{Rate: 0.1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8)] 40
}

// A quarter of the rows see the body left out at each step of a training; all pass through it in
// inference.
func ExampleStochasticDepth() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 4), layers.Residual{Body: layers.Stack{layers.Dense{Units: 4, Activation: layers.Relu}, regularize.StochasticDepth{Rate: 0.25}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(4)] 20
}

// Whole channels are left out.
func ExampleSpatialDropout() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 8, 8, 3), layers.Conv2D{Filters: 4, Size: [2]int{3, 3}}, regularize.SpatialDropout{Rate: 0.1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(6, 6, 4)] 112
}

// Every activation is multiplied by noise of variance 0.25.
func ExampleGaussianDropout() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 4), layers.Dense{Units: 8, Activation: layers.Relu}, regularize.GaussianDropout{Rate: 0.2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8)] 40
}

// Noise on the inputs, as augmentation of a table.
func ExampleGaussianNoise() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 4), regularize.GaussianNoise{Std: 0.1}, layers.Dense{Units: 8})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8)] 40
}

// Factor·Σ|w| of the weights 3 and -4.
func ExampleL1() {
	fmt.Printf("%.1f\n", penaltyOf(regularize.L1{Factor: 0.1}, 3, -4))
	// Output: 0.7
}

// Factor·Σw² of the weights 3 and -4.
func ExampleL2() {
	fmt.Printf("%.1f\n", penaltyOf(regularize.L2{Factor: 0.1}, 3, -4))
	// Output: 2.5
}

// Both at once.
func ExampleElasticNet() {
	fmt.Printf("%.1f\n", penaltyOf(regularize.ElasticNet{L1: 0.1, L2: 0.1}, 3, -4))
	// Output: 3.2
}

// The penalty of a command's flags: which type it is follows from what is not 0.
func ExamplePenalty() {
	p, err := regularize.Penalty(0, 0.01)
	fmt.Printf("%#v %v\n", p, err)
	_, err = regularize.Penalty(-1, 0)
	fmt.Println(err)
	// Output:
	// regularize.L2{Factor:0.01} <nil>
	// regularize: penalty factors must not be negative: l1 -1, l2 0
}

// penaltyOf returns what a penalty adds to the loss for a parameter of these values.
func penaltyOf(p graph.Penalty, values ...float64) float64 {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
	w := b.Param("w", graph.Shape{len(values)}, graph.Weight{Init: graph.Values(values)})
	penalty := p.Penalty(b, w)
	program, err := graph.Compile(b, penalty)
	if err != nil {
		log.Fatal(err)
	}
	if err := program.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	return program.Float(penalty)
}

// A unit's weights are held to a norm of 3, the default; the second unit's are below that.
func ExampleMaxNorm() {
	w := []float64{3, 1, 4, 1} // (2, 2): a unit is a column
	regularize.MaxNorm{}.Constrain(graph.Shape{2, 2}, w)
	fmt.Printf("%.1f\n", w)
	// Output: [1.8 1.0 2.4 1.0]
}

// Both units' weights get a norm of 1.
func ExampleUnitNorm() {
	w := []float64{3, 0, 4, 2} // (2, 2): a unit is a column
	regularize.UnitNorm{}.Constrain(graph.Shape{2, 2}, w)
	fmt.Printf("%.1f\n", w)
	// Output: [0.6 0.0 0.8 1.0]
}

// Negative weights become 0.
func ExampleNonNeg() {
	w := []float64{1, -1, -2, 2} // (2, 2): a unit is a column
	regularize.NonNeg{}.Constrain(graph.Shape{2, 2}, w)
	fmt.Printf("%.1f\n", w)
	// Output: [1.0 0.0 0.0 2.0]
}
