package workload

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// TestLanguageLossesAgreeWithTorch trains on tokens from the same weights as PyTorch 1.13:
// testdata/language.py has made the losses.
func TestLanguageLossesAgreeWithTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/language.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, l := range Languages() {
		t.Run(l.Name, func(t *testing.T) {
			var want []float64
			if err := json.Unmarshal(all[l.Name], &want); err != nil {
				t.Fatal(err)
			}
			if len(want) < 10 || want[len(want)-1] > 0.99*want[0] {
				t.Fatalf("%d losses from %v to %v tell nothing", len(want), want[0], want[len(want)-1])
			}
			got := l.firstLosses(t, len(want))
			worst := 0.0
			for i, v := range got {
				worst = max(worst, math.Abs(v-want[i])/want[i])
			}
			t.Logf("largest relative difference of %d losses %.1e", len(want), worst)
			if len(got) != len(want) || !(worst <= 1e-3) {
				t.Errorf("losses %v, PyTorch has %v", got, want)
			}
		})
	}
}

// firstLosses trains on the rows in order, from the weights of the script.
func (l Language) firstLosses(t *testing.T, steps int) (got []float64) {
	m, err := l.Model()
	if err != nil {
		t.Fatal(err)
	}
	for s, p := range m.Params().All() {
		if err := begin(p, uint64(s)); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(p.Path, "/scale") {
			continue
		}
		v := p.Values()
		for i := range v {
			v[i]++
		}
		if err := p.Set(tensor.New(tensor.WithShape(p.Shape()...), tensor.WithBacking(v))); err != nil {
			t.Fatal(err)
		}
	}
	set, err := l.Data(steps * l.Batch)
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config()
	c.NoShuffle, c.Epochs = true, 1
	c.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		return func(e *train.Event) error {
			if e.Kind == train.BatchEnd {
				got = append(got, e.Loss)
			}
			return nil
		}, nil
	})}
	if _, err := train.Fit(context.Background(), m, set, c); err != nil {
		t.Fatal(err)
	}
	return got
}
