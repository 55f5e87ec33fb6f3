package crossval_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/stat"
)

// A result is saved, and read in another process, with all its scores and predictions.
func ExampleLoadResult() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	candidates, err := baselines.Select(data.Classify{}, []string{"majority"})
	if err != nil {
		log.Fatal(err)
	}
	r, err := crossval.Validate(context.Background(), set, crossval.StratifiedKFold{K: 3}, candidates, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "result.json")
	if err := r.Save(path); err != nil {
		log.Fatal(err)
	}
	again, err := crossval.LoadResult(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Data.Name, again.Data.Rows, len(again.RunsOf("majority")))
	// Output: iris 150 3
}

// The seed of a fit depends on its candidate and fold alone.
func ExampleJobSeed() {
	fmt.Println(crossval.JobSeed(1, "net", 0), crossval.JobSeed(1, "net", 1))
	// Output: 3606482657947661944 11077663173216608473
}

// A result sent as JSON.
func ExampleReadResult() {
	set, err := data.Iris()
	if err != nil {
		log.Fatal(err)
	}
	candidates := []crossval.Candidate{{Name: "kNN", Estimator: baselines.KNN{}}}
	r, err := crossval.Validate(context.Background(), set, crossval.StratifiedKFold{K: 5}, candidates, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		log.Fatal(err)
	}
	again, err := crossval.ReadResult(&text)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Splitter, again.Mean("kNN", "accuracy") == r.Mean("kNN", "accuracy"))
	// Output: stratified 5-fold true
}

// An estimator made from a function: it predicts the mean target of the training rows.
func ExampleEstimatorFunc() {
	mean := crossval.EstimatorFunc(func(_ context.Context, rows *data.Set, _ uint64) (*data.Predictor, error) {
		value := stat.Mean(rows.Targets[0].Data().([]float64), nil)
		return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
			return &data.Prediction{Values: slices.Repeat([]float64{value}, rows.Len())}, nil
		}}, nil
	})
	set, err := data.Diabetes()
	if err != nil {
		log.Fatal(err)
	}
	r, err := crossval.Validate(context.Background(), set, crossval.KFold{K: 5}, []crossval.Candidate{{Name: "mean", Estimator: mean}}, crossval.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.1f\n", r.Mean("mean", "RMSE"))
	// Output: 77.3
}

// The numbers of a verdict one by one, for a table.
func ExampleComparison_DifferenceText() {
	nan := math.NaN()
	c := crossval.Comparison{
		Reference: "net", Other: "tree", Metric: "accuracy", Greater: true, PHolm: 0.024, Tests: 2, Detectable: nan,
		Test: stats.Test{Estimate: 0.012, Low: 0.003, High: 0.021, Confidence: 0.95, P: 0.012, Effect: "Cohen's d of the differences", Size: 0.98},
	}
	fmt.Println(c.DifferenceText(), "|", c.IntervalText(), "|", c.EffectText(), "|", c.AdjustedText())
	fmt.Println(c.PText())
	fmt.Println(c.Verdict())
	// Output:
	// +0.012 | 0.003 to 0.021 | d = 0.98 | p = 0.024
	// p = 0.012, Holm-adjusted for 2 tests p = 0.024
	// net is better than tree (+0.012 accuracy, 95% CI 0.003 to 0.021, d = 0.98, p = 0.012, Holm-adjusted for 2 tests p = 0.024)
}
