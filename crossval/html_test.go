package crossval_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// TestShown looks at what a notebook shows of a validation: its table, and the
// line of progress.
func TestShown(t *testing.T) {
	set, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	always := func(class int) crossval.Estimator {
		return crossval.EstimatorFunc(func(context.Context, *data.Set, uint64) (*data.Predictor, error) {
			return &data.Predictor{Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
				p := &data.Prediction{Labels: make([]int, rows.Len()), Proba: make([]float64, 3*rows.Len())}
				for i := range p.Labels {
					p.Labels[i] = class
					p.Proba[3*i+class] = 1
				}
				return p, nil
			}}, nil
		})
	}
	var b bytes.Buffer
	res, err := crossval.Validate(context.Background(), set, crossval.KFold{K: 3}, []crossval.Candidate{{Name: "<first>", Estimator: always(0)}, {Name: "second", Estimator: always(1)}},
		crossval.Options{Progress: (&crossval.ProgressLine{W: &b}).Show})
	if err != nil {
		t.Fatal(err)
	}
	h := res.HTML()
	for _, want := range []string{"<td>&lt;first&gt;</td><td><b>0.3333", "<td>second</td><td>0.3333", "iris: 150 rows, 3-fold, seed 0", "<td>-</td>"} {
		if !strings.Contains(h, want) {
			t.Errorf("the table lacks %q:\n%s", want, h)
		}
	}
	if text := b.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "\r6/6 fits") || !strings.HasPrefix(text, "\r1/6 fits") {
		t.Errorf("progress is %q", text)
	}
}
