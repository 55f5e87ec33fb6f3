package metrics_test

import (
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/metrics"
)

// Six rows of three classes: what they are, what a model took them for, and how sure it was.
var (
	classes = []int{0, 0, 1, 1, 2, 2}
	taken   = []int{0, 1, 1, 1, 2, 0}
	sure    = []float64{
		0.7, 0.2, 0.1,
		0.3, 0.6, 0.1,
		0.1, 0.8, 0.1,
		0.2, 0.5, 0.3,
		0.1, 0.1, 0.8,
		0.5, 0.1, 0.4,
	}
)

// Four rows of two classes, with a score that should be greater for class 1.
var (
	positive = []int{0, 0, 1, 1}
	scores   = []float64{0.1, 0.4, 0.35, 0.8}
)

// Four real targets and their predictions.
var (
	prices    = []float64{3, -0.5, 2, 7}
	predicted = []float64{2.5, 0, 2, 8}
)

func show(v float64, err error) {
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", v)
}

func ExampleAccuracy() {
	show(metrics.Accuracy(classes, taken))
	// Output: 0.6667
}

func ExampleBalancedAccuracy() {
	show(metrics.BalancedAccuracy(classes, taken))
	// Output: 0.6667
}

func ExamplePrecision() {
	show(metrics.Precision(classes, taken, metrics.Macro))
	// Output: 0.7222
}

func ExampleRecall() {
	show(metrics.Recall(classes, taken, metrics.Macro))
	// Output: 0.6667
}

func ExampleF1() {
	show(metrics.F1(classes, taken, metrics.Macro))
	// Output: 0.6556
}

func ExampleMCC() {
	show(metrics.MCC(classes, taken))
	// Output: 0.5222
}

func ExampleCohenKappa() {
	show(metrics.CohenKappa(classes, taken))
	// Output: 0.5000
}

func ExampleConfusion() {
	counts, err := metrics.Confusion(classes, taken, 3)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range counts {
		fmt.Println(row)
	}
	// Output:
	// [1 1 0]
	// [0 2 0]
	// [1 0 1]
}

func ExampleNewConfusionTable() {
	t, err := metrics.NewConfusionTable(classes, taken, []string{"ash", "elm", "oak"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t)
	// Output:
	// true \ predicted  ash  elm  oak  recall  precision
	//                ash    1    1    0   0.500      0.500
	//                elm    0    2    0   1.000      0.667
	//                oak    1    0    1   0.500      1.000
}

func ExampleTopK() {
	show(metrics.TopK(classes, sure, 3, 2))
	// Output: 1.0000
}

func ExampleLogLoss() {
	show(metrics.LogLoss(classes, sure, 3))
	// Output: 0.6027
}

func ExampleBrier() {
	show(metrics.Brier(classes, sure, 3))
	// Output: 0.3533
}

func ExampleECE() {
	show(metrics.ECE(classes, sure, 3, 10))
	// Output: 0.2167
}

func ExampleROC() {
	c, err := metrics.ROC(positive, scores)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.X, c.Y)
	// Output: [0 0 0.5 0.5 1] [0 0.5 0.5 1 1]
}

func ExampleAUC() {
	show(metrics.AUC(positive, scores))
	// Output: 0.7500
}

func ExampleMacroAUC() {
	show(metrics.MacroAUC(classes, sure, 3))
	// Output: 0.9167
}

func ExamplePrecisionRecall() {
	c, err := metrics.PrecisionRecall(positive, scores)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f %.2f\n", c.X, c.Y)
	// Output: [1.00 1.00 0.50 0.50 0.00] [0.50 0.67 0.50 1.00 1.00]
}

func ExampleAveragePrecision() {
	show(metrics.AveragePrecision(positive, scores))
	// Output: 0.8333
}

func ExampleMSE() {
	show(metrics.MSE(prices, predicted))
	// Output: 0.3750
}

func ExampleRMSE() {
	show(metrics.RMSE(prices, predicted))
	// Output: 0.6124
}

func ExampleMAE() {
	show(metrics.MAE(prices, predicted))
	// Output: 0.5000
}

func ExampleMedianAE() {
	show(metrics.MedianAE(prices, predicted))
	// Output: 0.5000
}

func ExampleR2() {
	show(metrics.R2(prices, predicted))
	// Output: 0.9486
}

func ExampleExplainedVariance() {
	show(metrics.ExplainedVariance(prices, predicted))
	// Output: 0.9572
}
