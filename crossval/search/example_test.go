package search_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/trees"
)

// iris returns the rows of the examples.
func iris() *data.Set {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	return set
}

// A search of the settings of boosted trees.
func ExampleSearch() {
	s := search.Search{
		Space: search.Space{
			Base: baselines.BoostedTrees{Settings: trees.Boosting{Iterations: 10}},
			Settings: []search.Setting{
				{Path: "Settings.LearningRate", Name: "rate", Domain: search.LogUniform{Low: 0.01, High: 1}},
				{Path: "Settings.Leaves", Name: "leaves", Domain: search.Int{Low: 2, High: 16, Log: true}},
			},
		},
		Trials: 12, Folds: 5, Seed: 1,
	}
	out, err := s.Run(context.Background(), iris())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Counts())
	model, err := out.Fit(context.Background(), iris())
	if err != nil {
		log.Fatal(err)
	}
	p, err := model.Predict(context.Background(), iris())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Labels[0], p.Labels[50], p.Labels[100])
	// Output:
	// 12 trials: 2 fitted on all 5 folds, 10 dropped; 40 fits
	// 0 1 2
}

// What a search is worth, settings and ensemble included, is what a cross-validation of it
// says.
func ExampleSearch_nested() {
	s := search.Search{
		Space: search.Space{
			Base:     baselines.KNN{},
			Settings: []search.Setting{{Path: "K", Domain: search.Int{Low: 1, High: 40}}},
		},
		Trials: 6, Folds: 5, Workers: 1,
	}
	res, err := crossval.Validate(context.Background(), iris(), crossval.StratifiedKFold{K: 5, Shuffle: true}, []crossval.Candidate{
		{Name: "search", Estimator: s}, {Name: "5 neighbours", Estimator: baselines.KNN{}},
	}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	list, err := crossval.Compare(res, "search", "log loss")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(list[0].Finding())
	// Output: search and 5 neighbours: no evidence that they differ
}

// A setting that exists only for one kind of model is open on a condition.
func ExampleSpace() {
	space := search.Space{
		Base: crossval.Preprocessed{Estimator: baselines.KNN{}},
		Settings: []search.Setting{
			{Path: "Estimator", Name: "model", Domain: search.Choice{
				Names: []string{"neighbours", "trees"}, Values: []any{baselines.KNN{}, baselines.BoostedTrees{}},
			}},
			{Path: "Estimator.K", Name: "k", Domain: search.Int{Low: 1, High: 50, Log: true}, When: []search.Condition{{Setting: "model", Is: []string{"neighbours"}}}},
			{Path: "Estimator.Settings.Leaves", Name: "leaves", Domain: search.Int{Low: 2, High: 64}, When: []search.Condition{{Setting: "model", Is: []string{"trees"}}}},
		},
	}
	for _, p := range []search.Point{{0.2, 0.5, 0.5}, {0.7, 0.5, 0.5}} {
		e, values, err := space.Candidate(p)
		fmt.Printf("%T %v %v\n", e.(crossval.Preprocessed).Estimator, values, err)
	}
	// Output:
	// baselines.KNN [{model neighbours} {k 5}] <nil>
	// baselines.BoostedTrees [{model trees} {leaves 33}] <nil>
}

// What proposers propose for the first trials; the seed moves all of it.
func ExampleRandom() {
	propose(search.Random{})
	// Output:
	// [0.19 0.57] <nil>
	// [0.27 0.92] <nil>
}

// Sobol' points: each half of each setting's range has one of the first two.
func ExampleSobol() {
	propose(search.Sobol{})
	// Output:
	// [0.05 0.73] <nil>
	// [0.55 0.23] <nil>
}

// After a start, TPE looks where the best trials are.
func ExampleTPE() {
	settings := []search.Setting{{Path: "x", Domain: search.Uniform{High: 1}}}
	var h search.History
	h.Settings = settings
	for i := range 30 {
		p, err := search.TPE{}.Propose(h, i)
		if err != nil {
			log.Fatal(err)
		}
		x := p.Point[0]
		h.Trials = append(h.Trials, search.Trial{Number: i, Point: p.Point, Final: true, Folds: 1, Score: math.Abs(x - 0.3)})
	}
	near := 0
	for _, t := range h.Trials[10:] {
		if t.Score < 0.1 {
			near++
		}
	}
	fmt.Println(near, "of the last 20 are nearer than 0.1, where a random search has 4")
	// Output: 10 of the last 20 are nearer than 0.1, where a random search has 4
}

// Of trials with 4 epochs the best third goes on with 12, and of these the best third with 36.
func ExampleASHA() {
	space := search.Space{
		Base:     baselines.BoostedTrees{},
		Settings: []search.Setting{{Path: "Settings.LearningRate", Domain: search.LogUniform{Low: 0.01, High: 1}}},
	}
	s := search.Search{Space: space, Proposer: search.ASHA{Path: "Settings.Iterations", Low: 4, High: 36}, Trials: 30, Round: 6, Folds: 3, Seed: 1}
	out, err := s.Run(context.Background(), iris())
	if err != nil {
		log.Fatal(err)
	}
	rungs := map[int]int{}
	for _, t := range out.Trials[1:] {
		rungs[t.Rung]++
	}
	fmt.Println(rungs)
	// Output: map[0:22 1:6 2:1]
}

func ExampleChoice() {
	d := search.Choice{Values: []any{[]int{64}, []int{64, 64}}, Names: []string{"one layer", "two layers"}}
	fmt.Println(d.At(0.2))
	fmt.Println(d.At(0.7))
	// Output:
	// [64] <nil>
	// [64 64] <nil>
}

func ExampleInt() {
	fmt.Println(search.Int{Low: 1, High: 100}.At(0.5))
	fmt.Println(search.Int{Low: 1, High: 100, Log: true}.At(0.5))
	// Output:
	// 51 <nil>
	// 7 <nil>
}

func ExampleUniform() {
	fmt.Println(search.Uniform{Low: 10, High: 20}.At(0.25))
	// Output: 12.5 <nil>
}

func ExampleLogUniform() {
	v, err := search.LogUniform{Low: 1e-4, High: 1}.At(0.5)
	fmt.Printf("%.3g %v\n", v, err)
	// Output: 0.01 <nil>
}

// The mean of two models, the second with twice the weight.
func ExampleBlend() {
	b := search.Blend{Members: []search.Member{{Estimator: baselines.KNN{K: 1}, Weight: 1}, {Estimator: baselines.KNN{K: 150}, Weight: 2}}}
	p, err := b.Fit(context.Background(), iris(), 1)
	if err != nil {
		log.Fatal(err)
	}
	one, err := p.Predict(context.Background(), iris())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", one.Proba[:3])
	// Output: [0.556 0.222 0.222]
}

// A model that knows nothing gets no weight.
func ExampleStack() {
	s := search.Stack{Estimators: []crossval.Estimator{baselines.KNN{K: 10}, baselines.Majority{}}}
	p, err := s.Fit(context.Background(), iris(), 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Notes)
	// Output: [weight of estimator 0: 1.000 weight of estimator 1: 0.000]
}

// propose prints the first points of a proposer.
func propose(p search.Proposer) {
	h := search.History{Settings: make([]search.Setting, 2), Seed: 1}
	for i := range 2 {
		one, err := p.Propose(h, i)
		fmt.Printf("%.2f %v\n", one.Point, err)
	}
}

// The trials of a search in words, for a table.
func ExampleTrial() {
	out, err := search.Search{
		Space:  search.Space{Base: baselines.KNN{}, Settings: []search.Setting{{Path: "K", Domain: search.Choice{Values: []any{1, 60}}}}},
		Trials: 4, Folds: 5, Workers: 1, Race: search.Race{Full: true}, Ensemble: search.Ensemble{None: true},
	}.Run(context.Background(), iris())
	if err != nil {
		log.Fatal(err)
	}
	for _, i := range out.Ranked() {
		t := &out.Trials[i]
		fmt.Println(t.Number, t.ScoreText(), t.FoldsText(), t.SettingsText())
	}
	name, err := out.Settings()[0].ValueText(0.7)
	fmt.Println(name, err, out.EnsembleText() == "")
	// Output:
	// 0 0.9733 5 of 5 its defaults
	// 1 0.9600 5 of 5 K = 1
	// 2 0.9000 5 of 5 K = 60
	// 60 <nil> true
}
