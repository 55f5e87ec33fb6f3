package tabular_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/data"
	nets "github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/recipes/tabular"
)

// accurate trains on four fifths of Iris and returns whether more than eight of ten
// of the other rows are right.
func accurate(e tabular.Estimator) bool {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	rest, held, err := set.Split(0.2, 1)
	if err != nil {
		log.Fatal(err)
	}
	model, err := e.Fit(context.Background(), rest, 1)
	if err != nil {
		log.Fatal(err)
	}
	pred, err := model.Predict(context.Background(), held.Without())
	if err != nil {
		log.Fatal(err)
	}
	score, err := data.Accuracy.Score(held, pred)
	if err != nil {
		log.Fatal(err)
	}
	return score > 0.8
}

// The default recipe: five small networks, averaged.
func ExampleEstimator() {
	fmt.Println(accurate(tabular.Estimator{}))
	// Output: true
}

// The same, by name.
func ExampleDefault() {
	fmt.Println(accurate(tabular.Estimator{Recipe: tabular.Default{}}))
	// Output: true
}

// One of the five.
func ExampleAdaptive() {
	fmt.Println(accurate(tabular.Estimator{Recipe: tabular.Adaptive{Simple: true}, Bag: 1}))
	// Output: true
}

// Two recipes race on three inner folds.
func ExampleAuto() {
	fmt.Println(accurate(tabular.Estimator{Recipe: tabular.Auto{Folds: 3, Recipes: []tabular.Named{{Name: "adaptive", Recipe: tabular.Adaptive{Simple: true}}, {Name: "perceptron", Recipe: tabular.MLP{}}}}}))
	// Output: true
}

// A perceptron with dropout.
func ExampleMLP() {
	fmt.Println(accurate(tabular.Estimator{Recipe: tabular.MLP{}}))
	// Output: true
}

// The published recipe, with fewer epochs.
func ExampleRealMLP() {
	fmt.Println(accurate(tabular.Estimator{Recipe: tabular.RealMLP{Simple: true, Epochs: 40}}))
	// Output: true
}

// The published recipe, in a smaller network.
func ExampleResNet() {
	fmt.Println(accurate(tabular.Estimator{Recipe: tabular.ResNet{Net: nets.ResNet{Units: 32}, Epochs: 60}}))
	// Output: true
}

// The published recipe, in a smaller network.
func ExampleTabM() {
	fmt.Println(accurate(tabular.Estimator{Recipe: tabular.TabM{Net: nets.TabM{Members: 8, Units: 32}, Epochs: 60}}))
	// Output: true
}

// Another rate and fewer epochs than the recipe chooses.
func ExampleTuned() {
	fmt.Println(accurate(tabular.Estimator{Recipe: tabular.Tuned{Recipe: tabular.MLP{}, LearningRate: 0.01, Epochs: 50}}))
	// Output: true
}

// What a recipe plans for rows.
func ExamplePlan() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	var plan tabular.Plan
	if plan, err = (tabular.MLP{}).Plan(set, 1); err != nil {
		log.Fatal(err)
	}
	fmt.Println(plan.Config.Epochs, plan.Config.BatchSize)
	// Output: 200 32
}

// The recipes of the command.
func ExampleByName() {
	for _, name := range tabular.Names() {
		recipe, err := tabular.ByName(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %T\n", name, recipe)
	}
	// Output:
	// default tabular.Default
	// mlp tabular.MLP
	// mlp-ple tabular.MLP
	// realmlp tabular.RealMLP
	// realmlp-s tabular.RealMLP
	// tabm tabular.TabM
	// resnet tabular.ResNet
	// auto tabular.Auto
}
