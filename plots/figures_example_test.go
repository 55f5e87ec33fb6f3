package plots_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/plots"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gorgonia.org/tensor"
)

// show prints a figure as a notebook's cell names it.
func show(f *plots.Figure, err error) {
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f)
}

// Loss over the epochs of two fits: like testdata/curves_many.png.
func ExampleLearningCurves() {
	show(plots.LearningCurves(plots.Curves{
		Fits: [][]data.Curve{
			{{Name: "loss", Values: []float64{1.2, 0.7, 0.5}}, {Name: "val_loss", Values: []float64{1.1, 0.8, 0.9}}},
			{{Name: "loss", Values: []float64{1.3, 0.8, 0.6}}, {Name: "val_loss", Values: []float64{1.2, 0.9, 0.8}}},
		},
		BestEpochs: []int{2, 3},
	}))
	// Output: figure, 6.0 x 4.0 inches
}

// Accuracy of two models on three folds: like testdata/comparison.png.
func ExampleFoldComparison() {
	show(plots.FoldComparison(plots.Comparison{Metric: "accuracy", Greater: true, Models: []plots.Scores{
		{Name: "net", Folds: []float64{0.91, 0.93, 0.92}, Mean: 0.92, Low: 0.9, High: 0.94, Reference: true},
		{Name: "forest", Folds: []float64{0.88, 0.9, 0.89}, Mean: 0.89, Low: math.NaN(), High: math.NaN()},
	}}))
	// Output: figure, 7.0 x 2.1 inches
}

// Three classes: like testdata/confusion.png.
func ExampleConfusionMatrix() {
	show(plots.ConfusionMatrix(plots.Confusion{Classes: []string{"ash", "elm", "oak"}, Counts: [][]float64{{8, 1, 0}, {0, 9, 2}, {1, 0, 7}}}))
	// Output: figure, 4.6 x 4.4 inches
}

// A curve that is better than chance: like testdata/roc.png.
func ExampleROCCurves() {
	show(plots.ROCCurves(plots.ROC{Curves: []plots.Rates{{Name: "net", FPR: []float64{0, 0.1, 1}, TPR: []float64{0, 0.8, 1}, AUC: 0.85}}}))
	// Output: figure, 4.6 x 4.4 inches
}

// Predicted over actual prices: like testdata/scatter.png.
func ExamplePredictedActual() {
	show(plots.PredictedActual(plots.Residuals{Target: "price", Actual: []float64{10, 20, 30}, Predicted: []float64{12, 19, 33}}))
	// Output: figure, 4.6 x 4.4 inches
}

func ExampleResidualHistogram() {
	show(plots.ResidualHistogram(plots.Residuals{Target: "price", Actual: []float64{10, 20, 30}, Predicted: []float64{12, 19, 33}}))
	// Output: figure, 4.6 x 4.4 inches
}

// The plane as a model divides it: like testdata/boundary.png.
func ExampleDecisionBoundary() {
	rows, err := data.FromLabels("two sides", [][]float64{{-1, 0}, {1, 0}, {-2, 1}, {2, 1}}, []int{0, 1, 0, 1}, []string{"left", "right"})
	if err != nil {
		log.Fatal(err)
	}
	side := func(_ context.Context, src data.Source) (*data.Prediction, error) {
		rows, err := data.Collect(src)
		if err != nil {
			return nil, err
		}
		x, _, err := rows.Table()
		if err != nil {
			return nil, err
		}
		p := &data.Prediction{}
		for i := range rows.Len() {
			right := 1 / (1 + math.Exp(-x[2*i]))
			p.Proba, p.Labels = append(p.Proba, 1-right, right), append(p.Labels, int(math.Round(right)))
		}
		return p, nil
	}
	show(plots.DecisionBoundary(plots.Boundary{Rows: rows, Predict: side, Cells: 20}))
	// Output: figure, 4.0 x 3.9 inches
}

// The operations of a graph: like testdata/diagram.png.
func ExampleDrawDiagram() {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	y := layers.Dense{Units: 2, Activation: layers.Relu}.Build(b, b.Input("x", 4, 3))
	show(plots.DrawDiagram(b.Diagram(y)))
	// Output: figure, 1.9 x 2.0 inches
}

// A model's layers.
func ExampleDrawDiagram_model() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 3), layers.Dense{Units: 2}, layers.Softmax{})
	if err != nil {
		log.Fatal(err)
	}
	show(plots.DrawDiagram(m.Diagram()))
	// Output: figure, 3.4 x 1.3 inches
}

// How two sets of weights are spread: like testdata/distributions.png.
func ExampleDrawDistributions() {
	show(plots.DrawDistributions(plots.Distributions{Label: "weight", Groups: []plots.Values{
		{Name: "before", Values: []float64{-0.1, 0, 0.1}}, {Name: "after", Values: []float64{-1, 0.2, 1.5}},
	}}))
	// Output: figure, 4.6 x 3.4 inches
}

// Two grey images of 2x2 pixels: like testdata/images.png.
func ExampleDrawImages() {
	set := &data.Set{Name: "tiles", Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(2, 2, 2), tensor.WithBacking([]float64{0, 1, 1, 0, 0.2, 0.4, 0.6, 0.8}))}}
	show(plots.DrawImages(plots.Images{Set: set, Captions: []string{"checked", "grey"}}))
	// Output: figure, 1.5 x 1.0 inches
}

// Any plot of gonum becomes a figure.
func ExampleFromPlot() {
	p := plot.New()
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}, {X: 2, Y: 4}})
	if err != nil {
		log.Fatal(err)
	}
	p.Add(line)
	show(plots.FromPlot(p, 4, 3))
	// Output: figure, 4.0 x 3.0 inches
}

// Figures side by side.
func ExampleGrid() {
	one, err := plots.FromPlot(plot.New(), 3, 2)
	if err != nil {
		log.Fatal(err)
	}
	show(plots.Grid(2, one, one, one))
	// Output: figure, 6.0 x 4.0 inches
}

// Throughput of two libraries on two tasks, as ratios.
func ExampleSpeedRatios() {
	show(plots.SpeedRatios(plots.Speeds{Names: []string{"Aegis", "other"}, Tasks: []plots.SpeedTask{
		{Name: "dense", Speeds: []float64{120, 80}}, {Name: "convolutions", Speeds: []float64{50, 60}},
	}}))
	// Output: figure, 9.0 x 2.5 inches
}

// The page of one fit.
func ExampleTraining() {
	show(plots.Training(plots.TrainingReport{Title: "A fit", Curves: []data.Curve{{Name: "loss", Values: []float64{1, 0.5, 0.4}}}, BestEpoch: 3}))
	// Output: figure, 14.0 x 6.2 inches
}

// The page of a cross-validation: like testdata/report.png.
func ExampleCrossValidation() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	result, err := majority(set)
	if err != nil {
		log.Fatal(err)
	}
	show(plots.CrossValidation(plots.Report{Result: result, Reference: "majority"}))
	// Output: figure, 14.0 x 14.2 inches
}

// Losses of a learning-rate search: like testdata/learning_rates.png.
func ExampleLearningRates() {
	show(plots.LearningRates(plots.RateSearch{Rates: []float64{1e-4, 1e-3, 1e-2, 1e-1}, Losses: []float64{1, 0.9, 0.5, 2}, Smoothed: []float64{1, 0.95, 0.7, 1.3}, Suggestion: 1e-3}))
	// Output: figure, 6.0 x 4.0 inches
}

// majority cross-validates the most frequent class.
func majority(set *data.Set) (*crossval.Result, error) {
	always := crossval.EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Labels: make([]int, rows.Len())}, nil
		}}, nil
	})
	result, err := crossval.Validate(context.Background(), set, crossval.StratifiedKFold{K: 3}, []crossval.Candidate{{Name: "majority", Estimator: always}}, crossval.Options{})
	if err != nil {
		return nil, err
	}
	return result.WithoutTiming(), nil
}

// The time of a dense layer's operations: like testdata/profile.png.
func ExampleDrawProfile() {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Infer)
	y := layers.Dense{Units: 64}.Build(b, b.Input("x", 32, 64))
	p, err := graph.Compile(b, b.Softmax(y))
	if err != nil {
		log.Fatal(err)
	}
	profile, err := p.Profile(context.Background(), 3)
	if err != nil {
		log.Fatal(err)
	}
	show(plots.DrawProfile(profile))
	// Output: figure, 10.0 x 2.0 inches
}
