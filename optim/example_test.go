package optim_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/optim"
	"gorgonia.org/gorgonia"
)

// descend returns the weight, at first 1, after each of three steps along w², whose
// gradient is 2·w.
func descend(o optim.Optimizer) []float64 {
	params := graph.NewParams(graph.Float64, 1)
	b := graph.New(params, graph.Train)
	w := b.Param("w", graph.Shape{1}, graph.Weight{Init: graph.Values{1}})
	gradient := b.Gradients(b.Sum(b.Square(w)), w)[0]
	p, err := graph.Compile(b, gradient)
	if err != nil {
		log.Fatal(err)
	}
	run, err := optim.Start(o, optim.Clip{}, nil, params.Trained(), []graph.Value{p.Value(gradient)})
	if err != nil {
		log.Fatal(err)
	}
	path := make([]float64, 3)
	for i := range path {
		if err := p.Run(context.Background()); err != nil {
			log.Fatal(err)
		}
		if err := run.Step(1, 1); err != nil {
			log.Fatal(err)
		}
		path[i] = params.Get("w").Values()[0]
	}
	return path
}

// Each step goes a tenth of the gradient.
func ExampleSGD() {
	fmt.Printf("%.4f\n", descend(optim.SGD{LearningRate: 0.1}))
	// Output: [0.8000 0.6400 0.5120]
}

// With momentum the steps grow while the gradient keeps its direction.
func ExampleSGD_momentum() {
	fmt.Printf("%.4f\n", descend(optim.SGD{LearningRate: 0.1, Momentum: 0.9, Nesterov: true}))
	// Output: [0.6200 0.2224 -0.1084]
}

// Steps of about the learning rate, whatever the gradient's size.
func ExampleAdam() {
	fmt.Printf("%.4f\n", descend(optim.Adam{LearningRate: 0.1}))
	// Output: [0.9000 0.8004 0.7016]
}

// Adam, and each step takes off a hundredth of rate times weight.
func ExampleAdamW() {
	fmt.Printf("%.4f\n", descend(optim.AdamW{LearningRate: 0.1, WeightDecay: 0.01}))
	// Output: [0.8990 0.7985 0.6989]
}

// Adam with Nesterov's momentum.
func ExampleNAdam() {
	fmt.Printf("%.4f\n", descend(optim.NAdam{LearningRate: 0.1}))
	// Output: [0.8944 0.8200 0.7527]
}

// The first steps are ten times the rate: the mean of the squares starts at 0.
func ExampleRMSprop() {
	fmt.Printf("%.4f\n", descend(optim.RMSprop{}))
	// Output: [0.9000 0.8329 0.7800]
}

// Steps get shorter as squares add up.
func ExampleAdagrad() {
	fmt.Printf("%.4f\n", descend(optim.Adagrad{LearningRate: 0.1}))
	// Output: [0.9000 0.8331 0.7805]
}

// Steps of exactly the learning rate.
func ExampleLion() {
	fmt.Printf("%.4f\n", descend(optim.Lion{LearningRate: 0.1}))
	// Output: [0.9000 0.8000 0.7000]
}

// A solver of Gorgonia's.
func ExampleGorgonia() {
	fmt.Printf("%.4f\n", descend(optim.Gorgonia{Solver: gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(0.1))}))
	// Output: [0.8000 0.6400 0.5120]
}

// An optimizer of one's own: the sign of the gradient decides, its size does not.
func ExampleFunc() {
	sign := optim.Func(func() (optim.Rule, error) {
		return optim.Rule{Name: "sign", Rate: 0.1, Update64: func(u optim.Update64) {
			for i, g := range u.G {
				u.W[i] -= u.Rate * math.Copysign(1, g)
			}
		}}, nil
	})
	fmt.Printf("%.4f\n", descend(sign))
	// Output: [0.9000 0.8000 0.7000]
}

// The rate stays as it is.
func ExampleConstant() {
	fmt.Printf("%.3f\n", factors(optim.Constant{}))
	// Output: [1.000 1.000 1.000 1.000 1.000 1.000]
}

// A tenth after every ten epochs.
func ExampleStep() {
	fmt.Printf("%.3f\n", factors(optim.Step{Every: 10, Gamma: 0.1}))
	// Output: [1.000 1.000 0.100 0.100 0.010 0.001]
}

// Five per cent less every epoch.
func ExampleExponential() {
	fmt.Printf("%.3f\n", factors(optim.Exponential{}))
	// Output: [1.000 0.735 0.540 0.397 0.292 0.215]
}

// Down to a tenth along half a cosine.
func ExampleCosineDecay() {
	fmt.Printf("%.3f\n", factors(optim.CosineDecay{Floor: 0.1}))
	// Output: [1.000 0.914 0.689 0.411 0.186 0.100]
}

// Restarts after 10 epochs, then after 20 more.
func ExampleCosineDecay_restarts() {
	fmt.Printf("%.3f\n", factors(optim.CosineDecay{Period: 10, Growth: 2}))
	// Output: [1.000 0.345 0.976 0.655 0.206 1.000]
}

// Four cycles, each twice as long as the one before.
func ExampleCosineLog() {
	fmt.Printf("%.3f\n", factors(optim.CosineLog{}))
	// Output: [0.000 0.000 0.324 0.718 0.653 0.000]
}

// Flat for half of the epochs.
func ExampleFlatCosine() {
	fmt.Printf("%.3f\n", factors(optim.FlatCosine{}))
	// Output: [1.000 1.000 1.000 0.905 0.345 0.000]
}

// Up, then down.
func ExampleOneCycle() {
	fmt.Printf("%.3f\n", factors(optim.OneCycle{}))
	// Output: [0.040 0.760 0.950 0.611 0.188 0.000]
}

// Five epochs up from 0, then another schedule.
func ExampleWarmUp() {
	fmt.Printf("%.3f\n", factors(optim.WarmUp{After: optim.CosineDecay{}}))
	// Output: [0.000 0.996 0.819 0.469 0.136 0.000]
}

// A schedule of one's own.
func ExampleScheduleFunc() {
	fmt.Printf("%.3f\n", factors(optim.ScheduleFunc(func(epoch, epochs float64) float64 { return 1 - epoch/epochs })))
	// Output: [1.000 0.800 0.600 0.400 0.200 0.000]
}

// factors returns a schedule's factors after 0, 6, 12, 18, 24 and 30 of 30 epochs.
func factors(s optim.Schedule) []float64 {
	out := make([]float64, 6)
	for i := range out {
		out[i] = s.Factor(float64(6*i), 30)
	}
	return out
}

// Encoder frozen, head at full rate, and the rest at a tenth of it.
func ExampleGroup() {
	groups := []optim.Group{{Match: "encoder/**", Frozen: true}, {Match: "head/**"}, {Match: "**", Rate: 0.1}}
	for _, parameter := range []string{"encoder/0.Dense/kernel", "middle/bias", "head/bias"} {
		fmt.Println(parameter, optim.Frozen(groups, parameter))
	}
	// Output:
	// encoder/0.Dense/kernel true
	// middle/bias false
	// head/bias false
}

// AdamW's usual exceptions.
func ExampleNoDecay() {
	for _, parameter := range []string{"0.Dense/kernel", "0.Dense/bias", "1.LayerNorm/scale"} {
		exempt := false
		for _, g := range optim.NoDecay() {
			exempt = exempt || g.Has(parameter)
		}
		fmt.Println(parameter, exempt)
	}
	// Output:
	// 0.Dense/kernel false
	// 0.Dense/bias true
	// 1.LayerNorm/scale true
}

// Lazy Adam moves only the rows that were looked up.
func ExampleSparse() {
	fmt.Println(optim.Sparse(optim.Adam{}, nil, "0.Embedding/embeddings"), optim.Sparse(optim.Lion{}, nil, "0.Embedding/embeddings"))
	// Output: true false
}
