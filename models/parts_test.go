package models_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// chain is a model of Dense, BatchNorm and Dense layers, cut or whole.
func chain(t testing.TB, ls ...layers.Layer) *models.Model {
	t.Helper()
	m, err := models.Sequential(models.Config{Name: "chain", Seed: 4, Type: graph.Float64}, models.Input("x", 3), ls...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestUntil(t *testing.T) {
	first := []layers.Layer{layers.Dense{Units: 4, Activation: layers.Tanh}, layers.BatchNorm{}, layers.Dropout{Rate: 0.5}}
	m := chain(t, append(slices.Clone(first), layers.Dense{Units: 2})...)
	if got := m.LayerNames(); !slices.Equal(got, []string{"0.Dense", "1.BatchNorm", "2.Dropout", "3.Dense"}) {
		t.Fatalf("%q", got)
	}
	copy(m.Params().Get("1.BatchNorm/running_variance").Floats64(), []float64{1, 2, 3, 4})
	m.Params().Get("0.Dense/bias").Trained = false
	columns := []data.Feature{{Name: "u"}, {Name: "v"}, {Name: "w"}}
	m.Info = models.Info{
		Task: data.Classify{}, Classes: []string{"a", "b"}, Features: columns, Target: "t",
		Preprocess: data.FittedScale{Features: columns, Center: []float64{1, 2, 3}, Scale: []float64{1, 1, 1}}, Members: 2, Calibration: &models.Calibration{Temperature: 2},
		Costs: [][]float64{{0, 1}, {2, 0}}, Scales: []models.TargetScale{{Scale: 3}},
	}
	part, err := m.Until("1.BatchNorm")
	if err != nil {
		t.Fatal(err)
	}
	want := chain(t, first[:2]...) // the same network made anew, with m's weights
	if _, err := want.CopyWeights(m); err != nil {
		t.Fatal(err)
	}
	x := graphtest.Logits(1, 7, 3)
	if predict(t, part, x) != predict(t, want, x) {
		t.Error("other outputs than those of the layers")
	}
	if part.Params().Get("0.Dense/bias").Trained || !part.Params().Get("0.Dense/kernel").Trained || part.Name() != "chain" {
		t.Error("name or training of parameters is lost")
	}
	if want := (models.Info{Features: m.Info.Features, Preprocess: m.Info.Preprocess}); fmt.Sprint(part.Info) != fmt.Sprint(want) {
		t.Errorf("info\n%v, want\n%v", part.Info, want)
	}
	before := predict(t, part, x)
	m.Params().Get("0.Dense/kernel").Floats64()[0] = 9
	if predict(t, part, x) != before {
		t.Error("the models share memory")
	}

	longer, err := part.Then(8, layers.Dense{Units: 5}, layers.Named{Name: "head", Layer: layers.Dense{Units: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if got := longer.LayerNames(); !slices.Equal(got, []string{"0.Dense", "1.BatchNorm", "2.Dense", "head"}) {
		t.Errorf("%q", got)
	}
	back, err := longer.Until("1.BatchNorm")
	if err != nil {
		t.Fatal(err)
	}
	if predict(t, back, x) != before {
		t.Error("new layers have changed the old ones")
	}
	other, err := part.Then(9, layers.Dense{Units: 5})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(other.Params().Get("2.Dense/kernel").Values(), longer.Params().Get("2.Dense/kernel").Values()) {
		t.Error("two seeds give the same new weights")
	}
	path := filepath.Join(t.TempDir(), "m")
	if err := longer.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := models.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if predict(t, loaded, x) != predict(t, longer, x) {
		t.Error("other predictions after a round trip")
	}
}

// TestPartsOfBranches: inputs that nothing depends on go, a shared layer that was first
// applied in a part that is gone stays, and several outputs are given in their order.
func TestPartsOfBranches(t *testing.T) {
	a, b := models.Input("a", 2), models.Input("b", 2)
	tower := models.Share(layers.Named{Name: "tower", Layer: layers.Dense{Units: 3}})
	left, right := tower.On(a).Then(layers.Named{Name: "left", Layer: layers.Tanh}), tower.On(b).Then(layers.Named{Name: "right", Layer: layers.Sigmoid})
	joined := models.Join(layers.Add{}, left, right)
	m, err := models.New(models.Config{Seed: 1, Type: graph.Float64}, []*models.Tensor{a, b}, []*models.Tensor{joined, joined.Then(layers.Dense{Units: 1})})
	if err != nil {
		t.Fatal(err)
	}
	m.Info.Features = []data.Feature{{Name: "a1"}}
	x, y := graphtest.Logits(1, 4, 2), graphtest.Logits(2, 4, 2)
	whole, err := m.Until("left", "right")
	if err != nil {
		t.Fatal(err)
	}
	turned, err := m.Until("right", "left")
	if err != nil {
		t.Fatal(err)
	}
	both, swapped := strings.Split(predict(t, whole, x, y), "\n"), strings.Split(predict(t, turned, x, y), "\n")
	if both[0] != swapped[1] || both[1] != swapped[0] || len(whole.Info.Features) != 1 {
		t.Error("the outputs are not in the order of the names")
	}
	part, err := m.Until("right")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(part.InputNames(), []string{"b"}) || part.Info.Features != nil {
		t.Errorf("inputs %q, columns %v", part.InputNames(), part.Info.Features)
	}
	if predict(t, part, y) != both[1] {
		t.Error("the part gives other outputs than the whole")
	}
	for _, c := range []struct {
		name string
		do   func() (*models.Model, error)
		want string
	}{
		{"no such layer", func() (*models.Model, error) { return m.Until("lest") }, `the model has no layer "lest"; there are ["tower" "left" "right"`},
		{"an input", func() (*models.Model, error) { return m.Until("a") }, `no layer "a"`},
		{"a shared layer", func() (*models.Model, error) { return m.Until("tower") }, `"tower" is applied in several places`},
		{"none", func() (*models.Model, error) { return m.Until() }, "no layer is named"},
		{"several outputs", func() (*models.Model, error) { return m.Then(1, layers.Dense{Units: 1}) }, "2 outputs, want one"},
		{"no layers", func() (*models.Model, error) { return part.Then(1) }, "no layers"},
		{"a nil layer", func() (*models.Model, error) { return part.Then(1, nil) }, "layer 0 is nil"},
		{"a name twice", func() (*models.Model, error) {
			return part.Then(1, layers.Named{Name: "right", Layer: layers.Dense{Units: 1}})
		}, `two layers are named "right"`},
		{"a layer that does not fit", func() (*models.Model, error) { return part.Then(1, layers.LSTM{Units: 1}) }, "2.LSTM"},
		{"a zero model", func() (*models.Model, error) { return new(models.Model).Until("a") }, "nil or zero"},
		{"a nil model", func() (*models.Model, error) { return (*models.Model)(nil).Then(1, layers.Dense{Units: 1}) }, "nil or zero"},
	} {
		if _, err := c.do(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// TestPartOfABag: a member's layer in a bag gives what it gives in the member.
func TestPartOfABag(t *testing.T) {
	set, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	var members []*models.Model
	for seed := range uint64(2) {
		m, err := models.MLP{Hidden: []int{5}, Type: graph.Float64}.Build(set, seed)
		if err != nil {
			t.Fatal(err)
		}
		rest, _, err := set.Split(0.5, seed)
		if err != nil {
			t.Fatal(err)
		}
		if m.Info.Preprocess, err = (data.Standardize{}).Fit(rest); err != nil {
			t.Fatal(err)
		}
		m.Info.Features = set.Features
		members = append(members, m)
	}
	bag, err := models.Bag(members...)
	if err != nil {
		t.Fatal(err)
	}
	inBag, err := bag.Until("member1/0.Dense")
	if err != nil {
		t.Fatal(err)
	}
	alone, err := members[1].Until("0.Dense")
	if err != nil {
		t.Fatal(err)
	}
	hidden := func(m *models.Model) string {
		rows, err := m.Info.Preprocess.Apply(set)
		if err != nil {
			t.Fatal(err)
		}
		return predict(t, m, rows.Inputs[0])
	}
	if hidden(inBag) != hidden(alone) || inBag.Info.Members != 0 {
		t.Error("the hidden units of a member differ in the bag")
	}
}
