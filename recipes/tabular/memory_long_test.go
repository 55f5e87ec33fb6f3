//go:build long && linux

package tabular_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/recipes/tabular"
)

// resident returns the memory of the process, in MiB.
func resident(t *testing.T) float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return float64(pages) * float64(os.Getpagesize()) / (1 << 20)
}

// TestMemoryOfAThousandFits: the last hundred of 1,000 fold fits hold no more memory than the
// first hundred, within 10%, apart from the results: what fits have predicted, and their
// curves, with the collector's slack of as much again.
func TestMemoryOfAThousandFits(t *testing.T) {
	set, err := data.BreastCancer()
	if err != nil {
		t.Fatal(err)
	}
	var held []float64
	net := tabular.Estimator{Recipe: tabular.Tuned{Recipe: tabular.Adaptive{Simple: true}, Epochs: 10}, Bag: 1}
	res, err := crossval.Validate(t.Context(), set, crossval.RepeatedStratifiedKFold{K: 10, Repeats: 100, Seed: 1}, []crossval.Candidate{{Name: "net", Estimator: net}}, crossval.Options{
		Workers: 2, Metrics: []data.Metric{data.Accuracy}, Progress: func(e crossval.Event) {
			if e.Finished {
				held = append(held, resident(t))
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(held) != 1000 || !res.Complete("net") {
		t.Fatalf("%d fits", len(held))
	}
	mean := func(x []float64) (sum float64) {
		for _, v := range x {
			sum += v / float64(len(x))
		}
		return sum
	}
	first, last := mean(held[:100]), mean(held[900:])
	results := 0
	for _, r := range res.Runs {
		results += 8 * (len(r.Prediction.Labels) + len(r.Prediction.Proba) + len(r.Scores))
		for _, c := range r.Curves {
			results += 8 * len(c.Values)
		}
	}
	grown := 2 * float64(results) / (1 << 20)
	t.Logf("resident: %.1f MiB in the first hundred, %.1f in the last, of which %.1f for results", first, last, grown)
	if last-grown > 1.1*first {
		t.Errorf("%.1f MiB at first, %.1f at last", first, last)
	}
}
