package models_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/metrics"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// digits returns a net for the embedded digits, and rows that it was not fitted on.
func digits(t *testing.T) (*models.Model, *data.Set) {
	t.Helper()
	set, err := data.Digits()
	if err != nil {
		t.Fatal(err)
	}
	rest, held, err := set.Split(0.3, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := train.Estimator{
		Net:        models.MLP{Hidden: []int{256, 128}},
		Preprocess: data.Standardize{},
		Config:     train.Config{Epochs: 8, Seed: 1},
	}.Train(ctx, rest)
	if err != nil {
		t.Fatal(err)
	}
	return m, held
}

// TestStorageOfARealModel holds size and accuracy of a model of 50,826 parameters
// , on 540 held-out digits, to what the types promise.
func TestStorageOfARealModel(t *testing.T) {
	m, held := digits(t)
	full, err := m.PredictRows(ctx, held)
	if err != nil {
		t.Fatal(err)
	}
	labels, err := held.Labels()
	if err != nil {
		t.Fatal(err)
	}
	base, err := metrics.Accuracy(labels, full.Labels)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	size := func() float64 {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return float64(st.Size())
	}
	all := size()
	t.Logf("full: %.0f bytes, accuracy %.4f", all, base)
	for _, c := range []struct {
		name      string
		storage   models.Storage
		size      float64 // at most, of the full file
		shift     float64 // of a probability, at most
		different int     // labels of 540, at most
	}{
		{"full", models.StoreFull, 1, 0, 0},
		{"float16", models.StoreFloat16, 0.54, 0.005, 2},
		{"bfloat16", models.StoreBFloat16, 0.54, 0.03, 3},
		{"int8", models.StoreInt8, 0.32, 0.05, 4},
		{"uint8", models.StoreUint8, 0.32, 0.05, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := m.SaveAs(path, c.storage); err != nil {
				t.Fatal(err)
			}
			if s := size() / all; s > c.size {
				t.Errorf("%.3f of the full size, want at most %v", s, c.size)
			}
			got, err := models.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			p, err := got.PredictRows(ctx, held)
			if err != nil {
				t.Fatal(err)
			}
			shift, different := 0.0, 0
			for i, v := range full.Proba { // row by row
				shift = max(shift, math.Abs(v-p.Proba[i]))
			}
			for i := range p.Labels {
				if p.Labels[i] != full.Labels[i] {
					different++
				}
			}
			accuracy, err := metrics.Accuracy(labels, p.Labels)
			if err != nil {
				t.Fatal(err)
			}
			if shift > c.shift || different > c.different || got.Params().Dtype() != graph.Float32 {
				t.Errorf("probabilities move by %v, %d labels differ", shift, different)
			}
			t.Logf("%.0f bytes (%.3f), accuracy %.4f, probabilities within %.5f, %d labels differ", size(), size()/all, accuracy, shift, different)
		})
	}
}

// TestSaveAs: each value is within the bound of its type, vectors are exact, other
// axes and float64 included, and what was loaded is stored to the same bytes.
func TestSaveAs(t *testing.T) {
	x := models.Input("x", 6, 6, 3)
	m, err := models.New(models.Config{Seed: 2, Type: graph.Float64}, []*models.Tensor{x}, []*models.Tensor{x.Then(
		layers.Conv2D{Filters: 4, Size: [2]int{3, 3}}, layers.BatchNorm{}, layers.Flatten{}, layers.Dense{Units: 5})})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []models.Storage{models.StoreFull, models.StoreFloat16, models.StoreBFloat16, models.StoreInt8, models.StoreUint8} {
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := m.SaveAs(path, s); err != nil {
			t.Fatal(err)
		}
		got, err := models.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Params().All() {
			want, have := p.Values(), got.Params().Get(p.Path).Values()
			shape := p.Shape()
			last := shape[len(shape)-1]
			low, high := make([]float64, last), make([]float64, last)
			for i, v := range want {
				low[i%last], high[i%last] = min(low[i%last], v), max(high[i%last], v)
			}
			for i, v := range want {
				bound := map[models.Storage]float64{
					models.StoreFull: 0, models.StoreFloat16: math.Max(math.Abs(v)*0x1p-11, 0x1p-25), models.StoreBFloat16: math.Abs(v) * 0x1p-8,
					models.StoreInt8: max(-low[i%last], high[i%last]) / 254 * 1.001, models.StoreUint8: (high[i%last] - low[i%last]) / 510 * 1.001,
				}[s]
				if len(shape) < 2 {
					bound = 0
				}
				if d := math.Abs(v - have[i]); d > bound {
					t.Errorf("storage %d: %s, value %d: %v became %v, off by more than %v", s, p.Path, i, v, have[i], bound)
				}
			}
		}
		first, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.SaveAs(path, s); err != nil {
			t.Fatal(err)
		}
		second, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if s != models.StoreInt8 && s != models.StoreUint8 && !bytes.Equal(first, second) { // scales may change in the last bit
			t.Errorf("storage %d: a loaded model is saved to other bytes", s)
		}
		first[len(first)-1] ^= 1
		if _, _, err := models.Read(bytes.NewReader(first)); err == nil || !strings.Contains(err.Error(), "checksum") {
			t.Errorf("storage %d: error %v of a damaged weight", s, err)
		}
	}
}

func TestSaveAsRejects(t *testing.T) {
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 2), layers.Dense{Units: 3})
	if err != nil {
		t.Fatal(err)
	}
	kernel := m.Params().Get("0.Dense/kernel").Floats32()
	for _, c := range []struct {
		name    string
		storage models.Storage
		value   float64
		want    string
	}{
		{"no such type", 99, 1, "no storage type 99"},
		{"too large for float16", models.StoreFloat16, 1e5, "0.Dense/kernel: value 1 is 100000, beyond what F16 holds"},
		{"NaN in int8", models.StoreInt8, math.NaN(), "0.Dense/kernel: value 1 is NaN"},
	} {
		kernel[1] = float32(c.value)
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := m.SaveAs(path, c.storage); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file was left behind", c.name)
		}
	}
}
