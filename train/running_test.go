package train_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// TestManyRowsAreScoredInParts: the scores of more rows than a window are those of all outputs
// together, which a metric of one's own beside them asks for.
func TestManyRowsAreScoredInParts(t *testing.T) {
	set := sums(t, data.WindowRows+1000)
	fit := func(metrics ...data.Metric) *train.History {
		t.Helper()
		m, err := models.MLP{Hidden: []int{4}}.Build(set, 3)
		if err != nil {
			t.Fatal(err)
		}
		h, err := train.Fit(context.Background(), m, set, train.Config{Epochs: 2, BatchSize: 3000, Seed: 3, Metrics: metrics, Validation: set})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	list := []data.Metric{data.Accuracy, data.F1, data.LogLoss}
	rows := 0
	own := data.Metric{Name: "rows", Score: func(s *data.Set, p *data.Prediction) (float64, error) {
		rows = max(rows, len(p.Labels))
		return float64(s.Len()), nil
	}}
	parts, whole := fit(list...), fit(append(list, own)...)
	if rows != set.Len() {
		t.Errorf("a metric of one's own has seen %d rows", rows)
	}
	for _, name := range []string{"accuracy", "val_accuracy", "F1", "val_F1", "log loss", "val_log loss", "loss"} {
		for epoch := 1; epoch <= 2; epoch++ {
			a, b := parts.At(name, epoch), whole.At(name, epoch)
			exact := name != "log loss" && name != "val_log loss"
			if exact && a != b || math.Abs(a-b) > 1e-12 || fmt.Sprint(float32(a)) != fmt.Sprint(float32(b)) {
				t.Errorf("%s of epoch %d: %v in parts, %v of all", name, epoch, a, b)
			}
		}
	}
}
