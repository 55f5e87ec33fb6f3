package bench

import (
	"context"
	"testing"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/data"
)

func load(b *testing.B, name string) (w workload.Workload, train, predict *data.Set) {
	b.Helper()
	w, err := workload.Named(name)
	if err != nil {
		b.Fatal(err)
	}
	train, predict, source, err := w.Data()
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%s: %s, %d rows", w.Title, source, train.Len())
	return w, train, predict
}

// training measures steps of a workload, and reports rows a second.
func training(b *testing.B, name string) {
	w, set, _ := load(b, name)
	run, err := w.Train(context.Background(), set)
	if err != nil {
		b.Fatal(err)
	}
	defer run.Close()
	if _, err := run.Steps(1); err != nil { // begins at rest, with all memory in place
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	rate, err := run.Steps(b.N)
	if err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(rate, "samples/s")
	if w.Table {
		b.ReportMetric(rate/float64(set.Len()), "epochs/s")
	}
}

// calls measures calls of an inference, and reports rows a second.
func calls(b *testing.B, p *workload.Inference, err error) {
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := p.Call(i); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N*p.Rows())/b.Elapsed().Seconds(), "samples/s")
}

func inference(b *testing.B, name string) {
	w, _, set := load(b, name)
	p, err := w.Infer(context.Background(), set, workload.PredictRows)
	calls(b, p, err)
}

// W1 is a multi-layer perceptron on images of 28 x 28 pixels.
func BenchmarkW1(b *testing.B) { training(b, "W1") }

// W2 is a convolutional network on images of 28 x 28 pixels.
func BenchmarkW2(b *testing.B) { training(b, "W2") }

// W3 is a long short-term memory that reads images of 28 x 28 pixels row by row.
func BenchmarkW3(b *testing.B) { training(b, "W3") }

// W4 is a small net on a small table, as cross-validation fits it many times.
func BenchmarkW4(b *testing.B) { training(b, "W4") }

// Inference on large batches: Model.Predict of 2048 rows.
func BenchmarkW1Infer(b *testing.B) { inference(b, "W1") }
func BenchmarkW2Infer(b *testing.B) { inference(b, "W2") }
func BenchmarkW3Infer(b *testing.B) { inference(b, "W3") }

// BenchmarkW4Row predicts one row at a time: by a Predictor, and by Model.Predict.
func BenchmarkW4Row(b *testing.B) {
	ctx := context.Background()
	w, _, set := load(b, "W4")
	b.Run("Predictor", func(b *testing.B) {
		p, err := w.InferRow(ctx, set)
		calls(b, p, err)
	})
	b.Run("Predict", func(b *testing.B) {
		p, err := w.Infer(ctx, set, 1)
		calls(b, p, err)
	})
}
