package models_test

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// torchImages is the network Images of testdata/make_torch.py.
func torchImages(t testing.TB, dtype graph.Dtype) (*models.Model, models.Import) {
	t.Helper()
	type pair = [2]int
	m, err := models.Sequential(models.Config{Seed: 1, Type: dtype}, models.Input("x", 6, 7, 2),
		layers.Conv2D{Filters: 4, Size: pair{3, 2}}, layers.BatchNorm{}, layers.Relu,
		layers.Conv2D{Filters: 6, Size: pair{2, 2}, Groups: 2, NoBias: true, Activation: layers.Tanh},
		layers.Conv2DTranspose{Filters: 3, Size: pair{2, 3}, Stride: pair{2, 2}, Activation: layers.Relu},
		layers.Flatten{}, layers.Dense{Units: 5})
	if err != nil {
		t.Fatal(err)
	}
	return m, models.Import{Map: []models.Mapping{
		{From: "conv.weight", To: "0.Conv2D/kernel", As: models.TorchKernel}, {From: "conv.bias", To: "0.Conv2D/bias"},
		{From: "bn.weight", To: "1.BatchNorm/scale"}, {From: "bn.bias", To: "1.BatchNorm/shift"},
		{From: "bn.running_mean", To: "1.BatchNorm/running_mean"}, {From: "bn.running_var", To: "1.BatchNorm/running_variance"},
		{From: "bn.num_batches_tracked"},
		{From: "grouped.weight", To: "3.Conv2D/kernel", As: models.TorchKernel},
		{From: "up.weight", To: "4.Conv2DTranspose/kernel", As: models.TorchKernel}, {From: "up.bias", To: "4.Conv2DTranspose/bias"},
		{From: "fc.weight", To: "6.Dense/kernel", As: models.TorchFlattened(3)}, {From: "fc.bias", To: "6.Dense/bias"},
	}}
}

// torchWords is the network Words of testdata/make_torch.py.
func torchWords(t testing.TB, dtype graph.Dtype) (*models.Model, models.Import) {
	t.Helper()
	m, err := models.Sequential(models.Config{Seed: 1, Type: dtype}, models.InputInt("x", 8),
		layers.Embedding{Size: 11, Dim: 5}, layers.Conv1D{Filters: 4, Size: 3}, layers.LayerNorm{},
		layers.Named{Name: "lstm", Layer: layers.LSTM{Units: 3, Depth: 2, Bidirectional: true, Sequence: true}},
		layers.GRU{Units: 4, Sequence: true}, layers.SimpleRNN{Units: 3}, layers.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	c := models.Import{Map: []models.Mapping{
		{From: "words.weight", To: "0.Embedding/embeddings"},
		{From: "conv.weight", To: "1.Conv1D/kernel", As: models.TorchKernel}, {From: "conv.bias", To: "1.Conv1D/bias"},
		{From: "norm.weight", To: "2.LayerNorm/scale"}, {From: "norm.bias", To: "2.LayerNorm/shift"},
		{From: "gru.weight_ih_l0", To: "4.GRU/kernel", As: models.TorchKernel},
		{From: "gru.weight_hh_l0", To: "4.GRU/recurrent", As: models.TorchKernel},
		{From: "gru.bias_ih_l0", To: "4.GRU/bias"},
		{From: "gru.bias_hh_l0", To: "4.GRU/bias", As: models.TorchGRUBias},
		{From: "gru.bias_hh_l0", To: "4.GRU/other_bias", As: models.TorchGRUOtherBias},
		{From: "rnn.weight_ih_l0", To: "5.SimpleRNN/kernel", As: models.TorchKernel},
		{From: "rnn.weight_hh_l0", To: "5.SimpleRNN/recurrent", As: models.TorchKernel},
		{From: "rnn.bias_ih_l0", To: "5.SimpleRNN/bias"}, {From: "rnn.bias_hh_l0", To: "5.SimpleRNN/bias"},
		{From: "fc.weight", To: "6.Dense/kernel", As: models.TorchKernel}, {From: "fc.bias", To: "6.Dense/bias"},
	}}
	for from, to := range map[string]string{"l0": "0/forward", "l0_reverse": "0/backward", "l1": "1/forward", "l1_reverse": "1/backward"} {
		c.Map = append(c.Map,
			models.Mapping{From: "lstm.weight_ih_" + from, To: "lstm/" + to + "/kernel", As: models.TorchKernel},
			models.Mapping{From: "lstm.weight_hh_" + from, To: "lstm/" + to + "/recurrent", As: models.TorchKernel},
			models.Mapping{From: "lstm.bias_ih_" + from, To: "lstm/" + to + "/bias"},
			models.Mapping{From: "lstm.bias_hh_" + from, To: "lstm/" + to + "/bias"})
	}
	return m, c
}

// TestImportFromPyTorch: after an import, outputs are PyTorch's
// (testdata/make_torch.py).
func TestImportFromPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct{ X, Y []float64 }
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file string
		model      func(t testing.TB, dtype graph.Dtype) (*models.Model, models.Import)
		shape      []int
	}{
		{"images", "torch_images.safetensors", torchImages, []int{3, 6, 7, 2}},
		{"words", "torch_words.safetensors", torchWords, []int{3, 8}},
		{"words in half", "torch_words_half.safetensors", torchWords, []int{3, 8}},
	} {
		for _, dtype := range []graph.Dtype{graph.Float32, graph.Float64} {
			t.Run(c.name+" "+dtype.String(), func(t *testing.T) {
				m, mapping := c.model(t, dtype)
				got, err := m.Import(filepath.Join("testdata", c.file), mapping)
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Set) != len(m.Params().All()) || got.Missing != nil || got.Unused != nil {
					t.Errorf("%+v", got)
				}
				var backing any = want[c.name].X
				if len(c.shape) == 2 {
					ids := make([]int, len(want[c.name].X))
					for i, v := range want[c.name].X {
						ids[i] = int(v)
					}
					backing = ids
				}
				out, err := m.Predict(ctx, tensor.New(tensor.WithShape(c.shape...), tensor.WithBacking(backing)))
				if err != nil {
					t.Fatal(err)
				}
				furthest := 0.0
				for i, y := range want[c.name].Y {
					v, err := out[0].At(i/out[0].Shape()[1], i%out[0].Shape()[1])
					if err != nil {
						t.Fatal(err)
					}
					f, ok := v.(float64)
					if !ok {
						f = float64(v.(float32))
					}
					furthest = max(furthest, math.Abs(f-y))
				}
				if !(furthest <= 1e-5) {
					t.Errorf("the outputs differ by %v", furthest)
				}
				t.Logf("outputs within %.2g", furthest)
			})
		}
	}
}

// TestCopyWeights: what two models have in common is copied, statistics and across
// types, and shares no memory; the rest is listed.
func TestCopyWeights(t *testing.T) {
	build := func(dtype graph.Dtype, seed uint64, classes int) *models.Model {
		m, err := models.Sequential(models.Config{Seed: seed, Type: dtype}, models.Input("x", 3),
			layers.Dense{Units: 4}, layers.BatchNorm{}, layers.Dense{Units: classes})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	from, to := build(graph.Float64, 1, 2), build(graph.Float32, 2, 5)
	mean := from.Params().Get("1.BatchNorm/running_mean").Floats64()
	mean[3] = 0.1
	head := to.Params().Get("2.Dense/kernel").Values()
	got, err := to.CopyWeights(from)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Set) != 6 || !slices.Equal(got.Missing, []string{"2.Dense/kernel", "2.Dense/bias"}) || !slices.Equal(got.Unused, []string{"2.Dense/bias", "2.Dense/kernel"}) {
		t.Errorf("%+v", got)
	}
	for _, path := range got.Set {
		for i, v := range from.Params().Get(path).Values() {
			if have := to.Params().Get(path).Floats32()[i]; have != float32(v) {
				t.Errorf("%s, value %d: %v, want %v", path, i, have, v)
			}
		}
	}
	if !slices.Equal(to.Params().Get("2.Dense/kernel").Values(), head) {
		t.Error("the head has changed")
	}
	mean[3] = 7
	if v := to.Params().Get("1.BatchNorm/running_mean").Values()[3]; v != float64(float32(0.1)) {
		t.Errorf("%v: the models share memory", v)
	}
	other, err := models.Sequential(models.Config{}, models.Input("x", 9), layers.Dense{Units: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.CopyWeights(from); err == nil || !strings.Contains(err.Error(), "no parameter in common") {
		t.Errorf("error %v of models that have nothing in common", err)
	}
	if _, err := other.CopyWeights(nil); err == nil {
		t.Error("no error of a nil model")
	}
}

// TestImportIsAllOrNothing: a mistake is named, and no parameter has changed.
func TestImportIsAllOrNothing(t *testing.T) {
	for _, c := range []struct {
		name            string
		change          func(m *models.Model, c *models.Import)
		want            string
		missing, unused []string
	}{
		{"no such tensor", func(_ *models.Model, c *models.Import) { c.Map[0].From = "conf.weight" }, `the file holds no "conf.weight"`, nil, nil},
		{"an optional tensor that is missing", func(_ *models.Model, c *models.Import) {
			c.Map[0].From, c.Map[0].Optional = "conf.weight", true
			c.AllowUnused = true
		}, `nothing is mapped to ["0.Conv2D/kernel"]`, []string{"0.Conv2D/kernel"}, []string{"conv.weight"}},
		{"an optional tensor that is wrong", func(_ *models.Model, c *models.Import) { c.Map[0].As, c.Map[0].Optional = nil, true }, `"conv.weight" to 0.Conv2D/kernel: shape`, nil, nil},
		{"no such parameter", func(_ *models.Model, c *models.Import) { c.Map[11].To = "6.Dense/bios" }, `"fc.bias" is mapped to "6.Dense/bios", which is not a parameter`, nil, nil},
		{"not transposed", func(_ *models.Model, c *models.Import) { c.Map[0].As = nil }, `"conv.weight" to 0.Conv2D/kernel: shape (4, 2, 3, 2) in the file is (4, 2, 3, 2) here, and the parameter has (3, 2, 2, 4)`, nil, nil},
		{"a vector as a kernel", func(_ *models.Model, c *models.Import) { c.Map[11].As = models.TorchKernel }, "want at least two axes", nil, nil},
		{"other channels", func(_ *models.Model, c *models.Import) { c.Map[10].As = models.TorchFlattened(5) }, "a multiple of 5 channels", nil, nil},
		{"no GRU", func(_ *models.Model, c *models.Import) { c.Map[11].As = models.TorchGRUBias }, "want (3·units)", nil, nil},
		{"a transform that panics", func(_ *models.Model, c *models.Import) {
			c.Map[11].As = func(s graph.Shape, v []float64) (graph.Shape, []float64, error) { return s[1:2], v, nil }
		}, "fc.bias\" to 6.Dense/bias: panic", nil, nil},
		{"a transform that loses values", func(_ *models.Model, c *models.Import) {
			c.Map[11].As = func(s graph.Shape, v []float64) (graph.Shape, []float64, error) { return s, v[1:], nil }
		}, "does not hold 4 values", nil, nil},
		{"too large", func(_ *models.Model, c *models.Import) {
			c.Map[11].As = func(s graph.Shape, v []float64) (graph.Shape, []float64, error) { v[2] = 1e39; return s, v, nil }
		}, "value 2 is 1e+39", nil, nil},
		{"a parameter without", func(_ *models.Model, c *models.Import) { c.Map[11].To = "" }, `nothing is mapped to ["6.Dense/bias"]`, []string{"6.Dense/bias"}, nil},
		{"a tensor without", func(_ *models.Model, c *models.Import) {
			c.Map = c.Map[:10]
			c.AllowMissing = true
		}, `no mapping names ["fc.bias" "fc.weight"]`, []string{"6.Dense/kernel", "6.Dense/bias"}, []string{"fc.bias", "fc.weight"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, mapping := torchImages(t, graph.Float32)
			before := m.Params().Snapshot()
			c.change(m, &mapping)
			got, err := m.Import("testdata/torch_images.safetensors", mapping)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if c.missing != nil && (!slices.Equal(got.Missing, c.missing) || !slices.Equal(got.Unused, c.unused)) {
				t.Errorf("%+v", got)
			}
			for i, v := range m.Params().Snapshot() {
				if !slices.Equal(v, before[i]) {
					t.Fatalf("parameter %d has changed", i)
				}
			}
		})
	}
	m, mapping := torchImages(t, graph.Float32)
	mapping.Map, mapping.AllowMissing, mapping.AllowUnused = mapping.Map[:2], true, true
	got, err := m.Import("testdata/torch_images.safetensors", mapping)
	if err != nil || !slices.Equal(got.Set, []string{"0.Conv2D/kernel", "0.Conv2D/bias"}) || len(got.Missing) != 9 || len(got.Unused) != 10 {
		t.Errorf("%+v, %v", got, err)
	}
	m, mapping = torchImages(t, graph.Float32)
	mapping.Map = append(mapping.Map, models.Mapping{From: "bn.of_another_version", Optional: true})
	if got, err := m.Import("testdata/torch_images.safetensors", mapping); err != nil || got.Missing != nil || got.Unused != nil {
		t.Errorf("with an optional tensor that is not there: %+v, %v", got, err)
	}
	if _, err := m.Import("testdata/isotonic.json", mapping); err == nil || !strings.Contains(err.Error(), "no safetensors file") {
		t.Errorf("error %v of a file of another kind", err)
	}
	if _, err := m.Import("testdata/nothing", mapping); err == nil {
		t.Error("no error of a file that is not there")
	}
}

// The convolution of a PyTorch network, whose other weights are not wanted:
// testdata/make_torch.py wrote the file.
func ExampleModel_Import() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 6, 7, 2),
		layers.Conv2D{Filters: 4, Size: [2]int{3, 2}}, layers.GlobalAveragePool{}, layers.Dense{Units: 3})
	if err != nil {
		log.Fatal(err)
	}
	t, err := m.Import("testdata/torch_images.safetensors", models.Import{
		Map: []models.Mapping{
			{From: "conv.weight", To: "0.Conv2D/kernel", As: models.TorchKernel},
			{From: "conv.bias", To: "0.Conv2D/bias"},
		},
		AllowUnused:  true,
		AllowMissing: true, // the new head
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.Set, t.Missing, len(t.Unused))
	// Output: [0.Conv2D/kernel 0.Conv2D/bias] [2.Dense/kernel 2.Dense/bias] 10
}
