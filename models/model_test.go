package models_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/regularize"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var ctx = context.Background()

// branches is a model with two inputs, a shared layer, joins and two outputs.
func branches(t testing.TB) *models.Model {
	t.Helper()
	a, b := models.Input("a", 4), models.InputInt("b", 3)
	shared := models.Share(layers.Named{Name: "tower", Layer: layers.Dense{Units: 5, Activation: layers.LeakyRelu(0.1)}})
	words := b.Then(layers.Embedding{Size: 7, Dim: 4}, layers.Flatten{}, layers.Dense{Units: 4})
	left, right := shared.On(a), shared.On(words)
	joined := models.Join(layers.Concat{}, left, right).Then(layers.LayerNorm{})
	sum := models.Join(layers.Add{}, left, right)
	m, err := models.New(models.Config{Name: "branches", Seed: 3}, []*models.Tensor{a, b}, []*models.Tensor{
		joined.Then(layers.Residual{Body: layers.Stack{layers.Dense{Units: 10}, layers.BatchNorm{}}}, layers.Dense{Units: 2}),
		sum.Then(layers.Dense{Units: 1, Kernel: graph.Weight{Init: graph.Orthogonal{}, Penalty: regularize.L2{Factor: 0.1}, Constraint: regularize.MaxNorm{Max: 2}}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func inputs(rows int) []*tensor.Dense {
	return []*tensor.Dense{graphtest.Logits(1, rows, 4), graphtest.Ints(2, 7, rows, 3)}
}

func predict(t testing.TB, m *models.Model, in ...*tensor.Dense) string {
	t.Helper()
	out, err := m.Predict(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, o := range out {
		s = append(s, fmt.Sprintf("%v %x", o.Shape(), o.Data()))
	}
	return strings.Join(s, "\n")
}

func TestPredictAnyNumberOfRows(t *testing.T) {
	m := branches(t)
	whole, err := m.Predict(ctx, inputs(600)...)
	if err != nil {
		t.Fatal(err)
	}
	all := whole[0].Data().([]float32)
	for _, rows := range []int{1, 2, 3, 255, 256, 257, 512, 599} {
		in := inputs(600)
		part := make([]*tensor.Dense, len(in))
		for i, x := range in {
			width := x.Shape()[1]
			switch d := x.Data().(type) {
			case []float64:
				part[i] = tensor.New(tensor.WithShape(rows, width), tensor.WithBacking(d[:rows*width]))
			case []int:
				part[i] = tensor.New(tensor.WithShape(rows, width), tensor.WithBacking(d[:rows*width]))
			}
		}
		out, err := m.Predict(ctx, part...)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range out[0].Data().([]float32) {
			if v != all[i] {
				t.Fatalf("%d rows: value %d is %v, in 600 rows it is %v", rows, i, v, all[i])
			}
		}
	}
}

func TestPredictFromSeveralGoroutines(t *testing.T) {
	m := branches(t)
	want := predict(t, m, inputs(20)...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				if got := predict(t, m, inputs(20)...); got != want {
					t.Error("another result")
				}
			}
		})
	}
	wg.Wait()
}

func TestSharedLayer(t *testing.T) {
	m := branches(t)
	n := 0
	for _, p := range m.Params().All() {
		if strings.HasPrefix(p.Path, "tower/") {
			n++
		}
	}
	if n != 2 {
		t.Errorf("the shared layer has %d parameters, want 2", n)
	}
	s := m.Summary().String()
	for _, part := range []string{"branches", "tower", "(shared)", "(batch, 10)", "trained parameters: 283 of 303"} {
		if !strings.Contains(s, part) {
			t.Errorf("the summary does not say %q:\n%s", part, s)
		}
	}
	for name, text := range map[string]string{"html": m.Summary().HTML(), "mermaid": m.Mermaid(), "dot": m.DOT()} {
		if strings.Count(text, "tower") < 2 {
			t.Errorf("%s does not show the shared layer twice:\n%s", name, text)
		}
	}
}

// TestSummaryTellsActivations: of convolutions, too.
func TestSummaryTellsActivations(t *testing.T) {
	size := [2]int{3, 3}
	m, err := models.Sequential(models.Config{}, models.Input("image", 8, 8, 2),
		layers.Conv2D{Filters: 4, Size: size, Activation: layers.Relu},
		layers.DepthwiseConv2D{Size: size, Activation: layers.Gelu},
		layers.Conv2DTranspose{Filters: 3, Size: size, Activation: layers.Tanh},
		layers.Reshape{Shape: []int{36, 3}},
		layers.Conv1D{Filters: 2, Size: 3, Activation: layers.Sigmoid},
		layers.Conv1D{Filters: 2, Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, r := range m.Summary().Rows {
		kinds = append(kinds, r.Kind)
	}
	want := []string{"Input", "Conv2D, Relu", "DepthwiseConv2D, Gelu", "Conv2DTranspose, Tanh", "Reshape", "Conv1D, Sigmoid", "Conv1D"}
	if !slices.Equal(kinds, want) {
		t.Errorf("%q, want %q", kinds, want)
	}
}

func TestSaveAndLoad(t *testing.T) {
	m := branches(t)
	set, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := data.Pipeline{data.Impute{}, data.OneHot{}, data.Standardize{}}.Fit(set)
	if err != nil {
		t.Fatal(err)
	}
	m.Info = models.Info{Task: data.Classify{}, Classes: []string{"no", "yes"}, Features: set.Features, Target: "t", Preprocess: fitted}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := models.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if predict(t, got, inputs(9)...) != predict(t, m, inputs(9)...) {
		t.Error("other predictions after a round trip")
	}
	if got.Summary().String() != m.Summary().String() {
		t.Errorf("summary\n%s, was\n%s", got.Summary(), m.Summary())
	}
	if fmt.Sprint(got.Info) != fmt.Sprint(m.Info) {
		t.Errorf("info\n%v, was\n%v", got.Info, m.Info)
	}
	again := filepath.Join(t.TempDir(), "m.safetensors")
	if err := got.Save(again); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path)
	second, _ := os.ReadFile(again)
	if !bytes.Equal(first, second) {
		t.Error("a loaded model is saved to other bytes")
	}
}

func TestWhatCannotBeSaved(t *testing.T) {
	f := layers.Func(func(b *graph.Builder, x *graph.Node) *graph.Node { return b.Tanh(x) })
	m, err := models.Sequential(models.Config{}, models.Input("x", 2), f)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m")
	if err := m.Save(path); err == nil || !strings.Contains(err.Error(), "layers.Func is not registered") {
		t.Errorf("have %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was left behind")
	}
	if err := branches(t).Save("/nowhere/m"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("have %v", err)
	}
}

// sum is the entry of the checksum in a header.
var sum = regexp.MustCompile(`"aegis.sha256":"([0-9a-f]{64})"`)

// summed returns a file with the checksum that is right for it, if it has any.
func summed(raw []byte) []byte {
	at := sum.FindSubmatchIndex(raw)
	if at == nil {
		return raw
	}
	out := slices.Clone(raw)
	place := out[at[2]:at[3]]
	copy(place, strings.Repeat("0", len(place)))
	is := sha256.Sum256(out)
	hex.Encode(place, is[:])
	return out
}

// file returns a model file with its header changed by f.
func file(t testing.TB, f func(header string) string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m")
	if err := branches(t).Save(path); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint64(raw)
	header := f(string(raw[8 : 8+n]))
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return summed(append(append(out, header...), raw[8+n:]...))
}

func TestDamagedFiles(t *testing.T) {
	good := file(t, func(h string) string { return h })
	replace := func(old, new string) []byte {
		return file(t, func(h string) string {
			if !strings.Contains(h, old) {
				t.Fatalf("the header does not hold %q:\n%s", old, h)
			}
			return strings.ReplaceAll(h, old, new)
		})
	}
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"empty", nil, "no room for the header"},
		{"cut in the header", good[:200], "cut off in the header"},
		{"cut in half", good[:len(good)-100], "cut off: ends at byte"},
		{"longer", append(append([]byte(nil), good...), 1, 2, 3), "cover"},
		{"no model", replace("aegis.format", "other.format"), "holds no Aegis model"},
		{"newer", replace(`"aegis.format":"4"`, `"aegis.format":"5"`), "newer than this version of Aegis"},
		{"older", replace(`"aegis.format":"4"`, `"aegis.format":"2"`), "format 2 is of a version before the first release"},
		{"no format", replace(`"aegis.format":"4"`, `"aegis.format":"0"`), "format 0"},
		{"no checksum", replace(`"aegis.sha256"`, `"other.sha256"`), "the checksum is missing"},
		{"unknown field of the description", replace(`\"seed\":3`, `\"sead\":3`), `unknown field "sead"`},
		{"unknown layer", replace("LayerNorm", "LayerNarm"), `the kind \"layers.LayerNarm\" is not known`},
		{"unknown field", replace(`\"Units\":10`, `\"Unitz\":10`), "no field"},
		{"another shape", replace(`\"Units\":10`, `\"Units\":11`), "models:"},
		{"a parameter missing", replace(`"tower/bias"`, `"tower/bios"`), "tower/bias is missing"},
		{"type", replace(`\"type\":\"float32\"`, `\"type\":\"int\"`), "want float32 or float64"},
		{"a stage that follows itself", replace(`\"From\":[0]`, `\"From\":[9]`), "operand 9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := models.Read(bytes.NewReader(c.raw))
			if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(c.want, `\"`, `"`)) {
				t.Errorf("have %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(f, func(h string) string { return h }))
	f.Add([]byte("0000000"))
	for _, s := range []models.Storage{models.StoreFloat16, models.StoreUint8} {
		path := filepath.Join(f.TempDir(), "m")
		if err := branches(f).SaveAs(path, s); err != nil {
			f.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 {
			t.Skip("longer than what is interesting")
		}
		if m, _, err := models.Read(bytes.NewReader(summed(raw))); err == nil && m.Summary().All < 1 {
			t.Error("a model without parameters was read")
		}
	})
}

func TestMistakesNameTheLayer(t *testing.T) {
	in := models.Input("x", 10)
	seq := func(ls ...layers.Layer) error {
		_, err := models.Sequential(models.Config{}, in, ls...)
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"no layers", seq(), "no layers"},
		{"nil layer", seq(layers.Flatten{}, nil), "layer 1 is nil"},
		{"nil input", func() error { _, err := models.Sequential(models.Config{}, nil, layers.Flatten{}); return err }(), "nil tensor"},
		{"units", seq(layers.Dense{Units: 3}, layers.Dense{}), "1.Dense: 0 units"},
		{"reshape", seq(layers.Dense{Units: 6}, layers.Reshape{Shape: []int{4, 2}}), "1.Reshape: Reshape: (2,6) to (2,4,2)"},
		{"dropout", seq(layers.Dropout{Rate: 1.5}), "0.Dropout: dropout rate 1.5"},
		{"residual", seq(layers.Stack{layers.Residual{Body: layers.Dense{Units: 4}}}), "0.Stack/0.Residual: the body turns (2, 10) into (2, 4)"},
		{"panic", seq(layers.Func(func(*graph.Builder, *graph.Node) *graph.Node { panic("mine") })), "0.Func: panic: mine"},
		{"nil result", seq(layers.Func(func(*graph.Builder, *graph.Node) *graph.Node { return nil })), "0.Func: the layer gave a nil node"},
		{"batch lost", seq(layers.Func(func(b *graph.Builder, x *graph.Node) *graph.Node { return b.Mean(x) })), "lost the batch axis"},
		{"embedding of floats", seq(layers.Embedding{Size: 3, Dim: 2}), "0.Embedding: Gather: indices are float32"},
		{"names", seq(layers.Named{Name: "a", Layer: layers.Dense{Units: 2}}, layers.Named{Name: "a", Layer: layers.Dense{Units: 2}}), `two layers are named "a"`},
		{"input left out", func() error {
			other := models.Input("z", 10)
			_, err := models.New(models.Config{}, []*models.Tensor{in}, []*models.Tensor{models.Join(layers.Add{}, in, other)})
			return err
		}(), `input "z" is used but not among`},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, c.err, c.want)
		}
	}
}

func TestPredictErrors(t *testing.T) {
	m := branches(t)
	good := inputs(3)
	for _, c := range []struct {
		name string
		in   []*tensor.Dense
		want string
	}{
		{"too few", good[:1], "1 inputs, want 2"},
		{"nil", []*tensor.Dense{nil, good[1]}, `input "a" is nil`},
		{"columns", []*tensor.Dense{graphtest.Logits(1, 3, 5), good[1]}, `input "a" has shape (3, 5), want (rows, (4))`},
		{"rows", []*tensor.Dense{graphtest.Logits(1, 4, 4), good[1]}, `input "b" has 3 rows, the first has 4`},
		{"type", []*tensor.Dense{good[0], graphtest.Logits(1, 3, 3)}, "want int"},
		{"index", []*tensor.Dense{good[0], graphtest.Ints(1, 70, 3, 3)}, "is not in [0, 7)"},
	} {
		_, err := m.Predict(ctx, c.in...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %q", c.name, err, c.want)
		}
	}
}

func TestReadOutputs(t *testing.T) {
	out := func(cols int, v ...float64) *tensor.Dense {
		return tensor.New(tensor.WithShape(len(v)/cols, cols), tensor.WithBacking(v))
	}
	two, three := []string{"a", "b"}, []string{"a", "b", "c"}
	for _, c := range []struct {
		name string
		info models.Info
		out  *tensor.Dense
		want string
	}{
		{"one logit", models.Info{Classes: two}, out(1, 0, 100, -1000), "[0 1 0] [0.50 0.50 0.00 1.00 1.00 0.00] []"},
		{"logits", models.Info{Classes: three}, out(3, 1e4, 0, -1e4, 0, 0, 0), "[0 0] [1.00 0.00 0.00 0.33 0.33 0.33] []"},
		{"probabilities", models.Info{Classes: two, Probabilities: true}, out(1, 0.25), "[0] [0.75 0.25] []"},
		{"regression", models.Info{Task: data.Regress{}, Scales: []models.TargetScale{{Mean: 10, Scale: 2}}}, out(1, 0, 1), "[] [] [10.00 12.00]"},
		// 3 + 5·sinh(10 + 2·z): numpy.sinh(10) = 11013.232874703393, numpy.sinh(8) = 1490.4788257895502
		{"logarithmic", models.Info{Task: data.Regress{}, Scales: []models.TargetScale{{Mean: 10, Scale: 2, Center: 3, Width: 5}}}, out(1, 0, -1), "[] [] [55069.16 7455.39]"},
	} {
		p, err := c.info.Read(c.out)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := fmt.Sprintf("%v %.2f %.2f", p.Labels, p.Proba, p.Values); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if _, err := (models.Info{Classes: three}).Read(out(2, 1, 2)); err == nil || !strings.Contains(err.Error(), "2 outputs for 3 classes") {
		t.Errorf("have %v", err)
	}
}

// TestBagOfTargets: a bag of fits to two targets predicts the mean of what its members
// predict of each, whatever the scales that each was trained on.
func TestBagOfTargets(t *testing.T) {
	features := []data.Feature{{Name: "a"}, {Name: "b"}}
	rows := &data.Set{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{0, 0, 1, -1, 2, 0.5}))}, Features: features}
	var members []*models.Model
	want := make([]float64, 6)
	for i, scales := range [][]models.TargetScale{{{Mean: 3, Scale: 2}, {Mean: -1000, Scale: 500}}, {{Mean: 2, Scale: 1}, {Scale: 400, Range: [2]float64{-1e6, 1e6}}}, nil} {
		m, err := models.Sequential(models.Config{Seed: uint64(i), Type: graph.Float64}, models.Input("x", 2), layers.Dense{Units: 3, Activation: layers.Tanh}, layers.Dense{Units: 2})
		if err != nil {
			t.Fatal(err)
		}
		m.Info = models.Info{Task: data.Regress{}, TargetColumns: []string{"u", "v"}, Features: features, Scales: scales}
		p, err := m.PredictRows(t.Context(), rows)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range p.Values {
			want[k] += v / 3
		}
		members = append(members, m)
	}
	bag, err := models.Bag(members...)
	if err != nil {
		t.Fatal(err)
	}
	have, err := bag.PredictRows(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range have.Values {
		if math.Abs(v-want[k]) > 1e-9*math.Max(1, math.Abs(want[k])) {
			t.Errorf("value %d: %v, want %v", k, v, want[k])
		}
	}
	members[0].Info.Scales[1].Width = 3
	if _, err := models.Bag(members...); err == nil || !strings.Contains(err.Error(), "several targets on logarithmic scales") {
		t.Errorf("error %v", err)
	}
	members[0].Info.Scales[1].Width, members[1].Info.TargetColumns = 0, []string{"u", "w"}
	if _, err := models.Bag(members...); err == nil || !strings.Contains(err.Error(), "task, classes or outputs differ") {
		t.Errorf("error %v", err)
	}
	for _, c := range []struct {
		name, want string
		info       models.Info
	}{
		{"a scale too many", "3 target scales for 2 values", models.Info{TargetColumns: []string{"u", "v"}, Scales: make([]models.TargetScale, 3)}},
		{"outputs that lack", "2 outputs to regress: want 3", models.Info{TargetColumns: []string{"u", "v", "w"}}},
		{"a negative scale", "not negative", models.Info{Scales: []models.TargetScale{{Scale: -1}}}},
		{"outputs of ordered classes", "2 outputs for 4 classes", models.Info{Task: data.Ordinal{}, Classes: []string{"a", "b", "c", "d"}}},
		{"classes of a count", "want numbers", models.Info{Task: data.Count{}, Classes: []string{"a", "b"}}},
	} {
		if _, err := c.info.Rules(2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestBagOfScales: a bag predicts the mean of what its members predict, whatever the
// scale of the targets that each was trained on.
func TestBagOfScales(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		features := []data.Feature{{Name: "a"}, {Name: "b"}}
		var members []*models.Model
		for i := range rapid.IntRange(1, 4).Draw(t, "members") {
			m, err := models.Sequential(models.Config{Seed: uint64(i), Type: graph.Float64}, models.Input("x", 2), layers.Dense{Units: 3, Activation: layers.Tanh}, layers.Dense{Units: 1})
			if err != nil {
				t.Fatal(err)
			}
			m.Info = models.Info{Task: data.Regress{}, Features: features, Scales: []models.TargetScale{{Mean: rapid.Float64Range(-2, 2).Draw(t, "mean"), Scale: rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-3, 2)).Draw(t, "scale")}}}
			if rapid.Bool().Draw(t, "logarithmic") {
				m.Info.Scales[0].Center, m.Info.Scales[0].Width = rapid.Float64Range(-100, 100).Draw(t, "center"), rapid.Float64Range(0.1, 10).Draw(t, "width")
			}
			members = append(members, m)
		}
		bag, err := models.Bag(members...)
		if err != nil {
			t.Fatal(err)
		}
		rows := &data.Set{Inputs: []*tensor.Dense{tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float64{0, 0, 1, -1, 2, 0.5}))}, Features: features}
		have, err := bag.PredictRows(context.Background(), rows)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float64, 3)
		for _, m := range members {
			p, err := m.PredictRows(context.Background(), rows)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range p.Values {
				want[k] += v / float64(len(members))
			}
		}
		for k := range want {
			if math.Abs(have.Values[k]-want[k]) > 1e-9*(1+math.Abs(want[k])) {
				t.Errorf("row %d: %v, the mean of the members is %v", k, have.Values[k], want[k])
			}
		}
	})
}

func ExampleSequential() {
	m, err := models.Sequential(models.Config{Name: "classifier", Seed: 1}, models.Input("x", 30),
		layers.Dense{Units: 16, Activation: layers.Relu, Kernel: graph.Weight{Penalty: regularize.L2{Factor: 1e-3}}},
		layers.Dropout{Rate: 0.2},
		layers.Dense{Units: 1})
	if err != nil {
		panic(err)
	}
	fmt.Print(m.Summary())
	// Output:
	// classifier
	// layer      kind         from       output       parameters
	// x          Input                   (batch, 30)  0
	// 0.Dense    Dense, Relu  x          (batch, 16)  496
	// 1.Dropout  Dropout 0.2  0.Dense    (batch, 16)  0
	// 2.Dense    Dense        1.Dropout  (batch, 1)   17
	// trained parameters: 513 of 513 (2.0 KiB)
}

// TestEveryFlipIsAnError: a file of which one bit has changed is refused, wherever
// the bit is, be it in the description, a weight or the state of a fit.
func TestEveryFlipIsAnError(t *testing.T) {
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 2), layers.Dense{Units: 3, Activation: layers.Relu}, layers.Dense{Units: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.Info.Preprocess = data.FittedScale{Features: []data.Feature{{Name: "a"}, {Name: "b"}}, Center: []float64{1, 2}, Scale: []float64{3, 4}}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	err = m.SaveWith(path, models.Extra{Meta: map[string]string{"factor": "1"}, Values: map[string][]float64{"optimizer/m": {1, 2, 3}}})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := models.Read(bytes.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for bit := range 8 {
			whole[i] ^= 1 << bit
			if _, _, err := models.Read(bytes.NewReader(whole)); err == nil {
				t.Fatalf("bit %d of byte %d of %d changed: no error", bit, i, len(whole))
			}
			whole[i] ^= 1 << bit
		}
	}
}
