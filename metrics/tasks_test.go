package metrics_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/metrics"
)

// TestTasksAgainstScikitLearn holds the scores of labels, ranks, counts and quantiles to
// testdata/sklearn.json, made by testdata/make.py.
func TestTasksAgainstScikitLearn(t *testing.T) {
	raw, err := os.ReadFile("testdata/sklearn.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Tables []struct {
			Want, Got              []int
			Labels                 int
			Micro, Hamming, Subset float64
			Each                   []float64
		}
		Ranks []struct {
			Want, Got  []int
			Kappa, MAE float64
		}
		Counts []struct {
			Want, Got []float64
			Deviance  float64
		}
		Sequences []struct {
			Want, Got   []int
			Steps       int
			Step, Whole float64
		}
		Rankings []struct {
			Want, Got   []float64
			Groups      []int
			NDCG, NDCG3 float64
			MRR         *float64
		}
		Quantiles []struct {
			Want, Got, Levels, Share []float64
			Pinball, Coverage        float64
		}
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Tables) < 10 || len(r.Ranks) < 10 || len(r.Counts) < 5 || len(r.Quantiles) < 5 || len(r.Rankings) < 10 || len(r.Sequences) < 5 {
		t.Fatalf("%d, %d, %d and %d cases", len(r.Tables), len(r.Ranks), len(r.Counts), len(r.Quantiles))
	}
	for i, c := range r.Tables {
		is := near(t, i)
		is("micro F1", c.Micro)(metrics.MicroF1(c.Want, c.Got, c.Labels))
		is("Hamming loss", c.Hamming)(metrics.HammingLoss(c.Want, c.Got, c.Labels))
		is("subset accuracy", c.Subset)(metrics.SubsetAccuracy(c.Want, c.Got, c.Labels))
		f, err := metrics.LabelF1(c.Want, c.Got, c.Labels)
		if err != nil || len(f) != len(c.Each) {
			t.Fatalf("case %d: %v (%v), want %v", i, f, err, c.Each)
		}
		sum := 0.0
		for k, v := range f {
			is("F1 of a label", c.Each[k])(v, nil)
			sum += c.Each[k]
		}
		is("macro F1", sum/float64(c.Labels))(metrics.MacroF1(c.Want, c.Got, c.Labels))
	}
	for i, c := range r.Ranks {
		is := near(t, i)
		is("quadratic kappa", c.Kappa)(metrics.QuadraticKappa(c.Want, c.Got))
		is("rank MAE", c.MAE)(metrics.RankMAE(c.Want, c.Got))
	}
	for i, c := range r.Counts {
		near(t, i)("Poisson deviance", c.Deviance)(metrics.PoissonDeviance(c.Want, c.Got))
	}
	for i, c := range r.Sequences {
		is := near(t, i)
		is("step accuracy", c.Step)(metrics.StepAccuracy(c.Want, c.Got, c.Steps))
		is("sequence accuracy", c.Whole)(metrics.SequenceAccuracy(c.Want, c.Got, c.Steps))
	}
	reciprocal := 0
	for i, c := range r.Rankings {
		is := near(t, i)
		is("NDCG@10", c.NDCG)(metrics.NDCG(c.Want, c.Got, c.Groups, 10))
		is("NDCG@3", c.NDCG3)(metrics.NDCG(c.Want, c.Got, c.Groups, 3))
		if c.MRR != nil {
			reciprocal++
			is("MRR", *c.MRR)(metrics.MRR(c.Want, c.Got, c.Groups))
		}
	}
	if reciprocal < 5 {
		t.Errorf("%d cases of MRR", reciprocal)
	}
	for i, c := range r.Quantiles {
		is := near(t, i)
		is("pinball loss", c.Pinball)(metrics.Pinball(c.Want, c.Got, c.Levels))
		is("coverage error", c.Coverage)(metrics.CoverageError(c.Want, c.Got, c.Levels))
		shares, err := metrics.Coverage(c.Want, c.Got, c.Levels)
		for k := range shares {
			is("coverage", c.Share[k])(shares[k], err)
		}
	}
}

func TestTaskScoresRefuse(t *testing.T) {
	for _, c := range []struct {
		name, want string
		err        error
	}{
		{"a label of 2", "row 1, label 0: 2 predicted as 1", second(metrics.MicroF1([]int{0, 1, 2, 0}, []int{0, 1, 1, 0}, 2))},
		{"half a row", "3 values of 2 labels", second(metrics.HammingLoss([]int{0, 1, 1}, []int{0, 1, 1}, 2))},
		{"no labels", "no rows", second(metrics.SubsetAccuracy(nil, nil, 2))},
		{"predictions lack", "2 predictions for 4 values", second(metrics.MacroF1([]int{0, 1, 1, 0}, []int{0, 1}, 2))},
		{"a rank below 0", "predicted as -1", second(metrics.RankMAE([]int{0, 1}, []int{0, -1}))},
		{"a rate of 0", "row 1: predicted 0", second(metrics.PoissonDeviance([]float64{0, 1}, []float64{1, 0}))},
		{"a count below 0", "actual -1", second(metrics.PoissonDeviance([]float64{-1}, []float64{1}))},
		{"a group lacks", "1 groups for 2 rows", second(metrics.NDCG([]float64{0, 1}, []float64{0, 1}, []int{1}, 1))},
		{"a relevance below 0", "row 1: relevance -1", second(metrics.MRR([]float64{0, -1}, []float64{0, 1}, []int{1, 1}))},
		{"NDCG of none", "NDCG of the first 0", second(metrics.NDCG([]float64{0, 1}, []float64{0, 1}, []int{1, 1}, 0))},
		{"nothing but padding", "no rows", second(metrics.StepAccuracy([]int{-1, -1}, []int{0, 0}, 2))},
		{"a prediction of padding", "row 0, step 1: class 1 predicted as -1", second(metrics.SequenceAccuracy([]int{0, 1}, []int{0, -1}, 2))},
		{"a level of 1", "level 0 is 1", second(metrics.Pinball([]float64{0}, []float64{0}, []float64{1}))},
		{"quantiles lack", "1 quantiles for 1 rows of 2 levels", second(metrics.CoverageError([]float64{0}, []float64{0}, []float64{0.1, 0.9}))},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, c.err, c.want)
		}
	}
	if _, err := metrics.QuadraticKappa([]int{2, 2}, []int{2, 2}); !errors.Is(err, metrics.ErrOneClass) {
		t.Errorf("error %v, want ErrOneClass", err)
	}
}

func second(_ float64, err error) error { return err }
