//go:build long && linux

package tabular_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unsafe"

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

// TestMemoryOfAThousandFits: between hundreds of 1,000 fold fits nothing is alive but the data
// and the results. What the process holds rises for some hundred fits by a quarter (the most
// that the collector ever let the heap grow to, with 9 MiB for each fit) and then stays;
// more than a half would be something that the heap does not know of.
func TestMemoryOfAThousandFits(t *testing.T) {
	set, err := data.BreastCancer()
	if err != nil {
		t.Fatal(err)
	}
	var held []float64
	s, err := crossval.Open(set, crossval.RepeatedStratifiedKFold{K: 10, Repeats: 100, Seed: 1}, crossval.Options{
		Workers: 2, Metrics: []data.Metric{data.Accuracy}, Progress: func(e crossval.Event) {
			if e.Finished {
				held = append(held, resident(t))
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	net := tabular.Estimator{Recipe: tabular.Tuned{Recipe: tabular.Adaptive{Simple: true}, Epochs: 10}, Bag: 1}
	var alive []float64 // MiB after each hundred
	for hundred := range 10 {
		folds := make([]int, 100)
		for i := range folds {
			folds[i] = 100*hundred + i
		}
		if err := s.Run(t.Context(), []crossval.Candidate{{Name: "net", Estimator: net}}, folds); err != nil {
			t.Fatal(err)
		}
		for range 2 { // what the first leaves to finalizers
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		alive = append(alive, float64(m.HeapAlloc)/(1<<20))
	}
	res := s.Result()
	if len(held) != 1000 || !res.Complete("net") {
		t.Fatalf("%d fits", len(held))
	}
	results := 0.0 // MiB of 900 fits
	for _, r := range res.Runs[100:] {
		n := int(unsafe.Sizeof(r)) + 8*(len(r.Prediction.Labels)+len(r.Prediction.Proba)+len(r.Scores))
		for _, c := range r.Curves {
			n += int(unsafe.Sizeof(c)) + 8*cap(c.Values)
		}
		results += float64(n) / (1 << 20)
	}
	t.Logf("alive after each hundred: %.2f MiB, of which %.2f at last are new results", alive, results)
	if grown := alive[9] - alive[0]; grown > 1.25*results { // allocations are rounded up
		t.Errorf("%.2f MiB more are alive after 1,000 fits than after 100; the results are %.2f", grown, results)
	}
	mean := func(x []float64) (sum float64) {
		for _, v := range x {
			sum += v / float64(len(x))
		}
		return sum
	}
	first, last := mean(held[:100]), mean(held[900:])
	t.Logf("resident: %.1f MiB in the first hundred, %.1f in the last", first, last)
	if last > 1.5*first {
		t.Errorf("%.1f MiB at first, %.1f at last", first, last)
	}
}
