package trees_test

import (
	"testing"

	"github.com/seed732fc211/aegis/trees"
)

// The benchmarks run on as many threads as -cpu says.
func benchmarkFit(b *testing.B, f fitter, rows, columns int, classes bool) {
	table, y := waves(rows, columns, 0, 30)
	labels := thirds(y)
	for b.Loop() {
		var err error
		if classes {
			_, err = f.FitClasses(b.Context(), table, labels, 3)
		} else {
			_, err = f.FitValues(b.Context(), table, y)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBoosting(b *testing.B) {
	b.Run("values 1000x10", func(b *testing.B) { benchmarkFit(b, trees.Boosting{}, 1000, 10, false) })
	b.Run("classes 1000x10", func(b *testing.B) { benchmarkFit(b, trees.Boosting{}, 1000, 10, true) })
	b.Run("values 50000x20", func(b *testing.B) { benchmarkFit(b, trees.Boosting{Stopping: trees.StopNever}, 50_000, 20, false) })
}

func BenchmarkForest(b *testing.B) {
	b.Run("values 1000x10", func(b *testing.B) { benchmarkFit(b, trees.Forest{}, 1000, 10, false) })
	b.Run("classes 1000x10", func(b *testing.B) { benchmarkFit(b, trees.Forest{}, 1000, 10, true) })
	b.Run("classes 20000x20", func(b *testing.B) { benchmarkFit(b, trees.Forest{}, 20_000, 20, true) })
}

func BenchmarkPredict(b *testing.B) {
	table, y := waves(10_000, 10, 0, 31)
	for name, f := range map[string]fitter{"boosting": trees.Boosting{}, "forest": trees.Forest{}} {
		m, err := f.FitValues(b.Context(), table, y)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+", 10000 rows", func(b *testing.B) {
			for b.Loop() {
				if _, err := m.Values(b.Context(), table); err != nil {
					b.Fatal(err)
				}
			}
		})
		row, out := make([]float64, 10), make([]float64, 1)
		b.Run(name+", one row", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := m.PredictRow(row, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
