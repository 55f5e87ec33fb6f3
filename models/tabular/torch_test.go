package tabular_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/tabular"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

var ctx = context.Background()

// reference is testdata/torch.json, made by testdata/make.py from the papers'
// formulas with PyTorch.
type reference struct {
	X       [][]float64
	Classes []int
	Values  []float64
	Cases   []struct {
		Name string
		Y    []float64
		Loss float64
		Step map[string][]float64
		Mean []float64
	}
}

func references(t *testing.T) reference {
	t.Helper()
	text, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// set makes the rows of the reference: 3 numbers, a category of 3 levels and one of
// 10, as data.OneHot gives them.
func (r reference) set(t *testing.T, task data.Task) *data.Set {
	t.Helper()
	features := []data.Feature{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	for _, c := range []struct {
		name   string
		levels int
	}{{"small", 3}, {"large", 10}} {
		for range c.levels {
			features = append(features, data.Feature{Name: c.name, Of: c.name, Indicator: true})
		}
	}
	s, err := data.NewTable("reference", features, r.X)
	if err != nil {
		t.Fatal(err)
	}
	if task == (data.Classify{}) {
		s.Classes = []string{"a", "b", "c"}
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(r.Classes)), tensor.WithBacking(r.Classes))}
	} else {
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(r.Values)), tensor.WithBacking(r.Values))}
	}
	return s
}

// keys are the numbers that the weights of the reference are made with.
var keys = map[string]float64{
	"0.Encode/periodic0/frequency": 1, "0.Encode/periodic0/phase": 2, "0.Encode/periodic0/mix": 3, "0.Encode/periodic0/shift": 4,
	"0.Encode/embedding2": 6, "0.Encode/embedding1": 6, "1.FrontScale/scale": 7,
	"2.NTKDense/kernel": 8, "2.NTKDense/bias": 9, "3.Gated/gate": 10,
	"4.NTKDense/kernel": 12, "4.NTKDense/bias": 13, "5.Gated/gate": 14, "6.NTKDense/kernel": 15, "6.NTKDense/bias": 16,
	"1.BatchEnsemble/kernel": 20, "2.BatchEnsemble/kernel": 21, "1.BatchEnsemble/input_scale": 22, "2.BatchEnsemble/input_scale": 23,
	"1.BatchEnsemble/output_scale": 24, "2.BatchEnsemble/output_scale": 25, "1.BatchEnsemble/bias": 26, "2.BatchEnsemble/bias": 27,
	"3.EnsembleDense/kernel": 28, "3.EnsembleDense/bias": 29,
	"1.Dense/kernel": 30, "1.Dense/bias": 31,
	"2.Residual/body/0.BatchNorm/scale": 34, "3.Residual/body/0.BatchNorm/scale": 35, "2.Residual/body/0.BatchNorm/shift": 36, "3.Residual/body/0.BatchNorm/shift": 37,
	"2.Residual/body/1.Dense/kernel": 38, "3.Residual/body/1.Dense/kernel": 39, "2.Residual/body/1.Dense/bias": 40, "3.Residual/body/1.Dense/bias": 41,
	"2.Residual/body/4.Dense/kernel": 42, "3.Residual/body/4.Dense/kernel": 43, "2.Residual/body/4.Dense/bias": 44, "3.Residual/body/4.Dense/bias": 45,
	"4.BatchNorm/scale": 50, "4.BatchNorm/shift": 51, "6.Dense/kernel": 52, "6.Dense/bias": 53,
}

// weigh gives every trained parameter the weights of the reference.
func weigh(t *testing.T, m *models.Model) {
	t.Helper()
	for _, p := range m.Params().Trained() {
		key, ok := keys[p.Path]
		if !ok {
			t.Fatalf("the reference has no %s", p.Path)
		}
		one := 0.0
		switch base := p.Path[len(p.Path)-4:]; base {
		case "cale", "gate": // scales and gates are around 1
			one = 1
		}
		v := make([]float64, p.Size())
		for i := range v {
			v[i] = one + 0.6*math.Sin(1.7*float64(i)+0.9*key)
		}
		if err := p.Set(tensor.New(tensor.WithShape(p.Shape()...), tensor.WithBacking(v))); err != nil {
			t.Fatal(err)
		}
	}
}

func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-7*math.Max(1, math.Abs(want[i]))) {
			t.Errorf("%s: value %d is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

// TestAgainstFormulas: outputs, loss and one step of each network are those of its
// paper's formulas, written out in Python with the same weights.
func TestAgainstFormulas(t *testing.T) {
	ref := references(t)
	type network struct {
		task   data.Task
		build  func(*data.Set, uint64) (*models.Model, error)
		config train.Config
	}
	adam := func(rate, decay, beta2 float64) optim.AdamW {
		return optim.AdamW{LearningRate: rate, WeightDecay: decay, Beta2: beta2}
	}
	real, simple := tabular.RealMLP{Hidden: []int{5, 4}, Dropout: -1, Type: graph.Float64}, tabular.RealMLP{Hidden: []int{5, 4}, Simple: true, Type: graph.Float64}
	tabm := tabular.TabM{Members: 4, Blocks: 2, Units: 5, Dropout: -1, Type: graph.Float64}
	smooth := losses.SoftmaxCrossEntropy{Smoothing: 0.1}
	members := func(task data.Task) losses.Loss {
		l, err := tabm.Loss(ref.set(t, task))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	networks := map[string]network{
		"realmlp classify": {data.Classify{}, real.Build, train.Config{Loss: smooth, Groups: real.Groups(), Optimizer: adam(0.04, 0.02, 0.95)}},
		"realmlp regress":  {data.Regress{}, real.Build, train.Config{Loss: losses.MSE{}, Groups: real.Groups(), Optimizer: adam(0.04, 0.02, 0.95)}},
		"realmlp simple":   {data.Classify{}, simple.Build, train.Config{Loss: smooth, Groups: simple.Groups(), Optimizer: adam(0.04, -1, 0.95)}},
		"tabm classify":    {data.Classify{}, tabm.Build, train.Config{Loss: members(data.Classify{}), Optimizer: adam(2e-3, 3e-4, 0)}},
		"tabm regress":     {data.Regress{}, tabm.Build, train.Config{Loss: members(data.Regress{}), Optimizer: adam(2e-3, 3e-4, 0)}},
		"resnet":           {data.Classify{}, tabular.ResNet{Units: 5, Dropout: -1, Type: graph.Float64}.Build, train.Config{Optimizer: adam(1e-4, 1e-5, 0)}},
	}
	if len(ref.Cases) != len(networks) {
		t.Errorf("%d cases for %d networks", len(ref.Cases), len(networks))
	}
	for _, c := range ref.Cases {
		t.Run(c.Name, func(t *testing.T) {
			n, ok := networks[c.Name]
			if !ok {
				t.Fatal("no network for this case")
			}
			set := ref.set(t, n.task)
			m, err := n.build(set, 1)
			if err != nil {
				t.Fatal(err)
			}
			weigh(t, m)
			if c.Name != "resnet" { // in inference it has its running statistics
				out, err := m.Predict(ctx, set.Inputs...)
				if err != nil {
					t.Fatal(err)
				}
				near(t, "outputs", out[0].Float64s(), c.Y)
			}
			if c.Mean != nil {
				p, err := m.PredictRows(ctx, set)
				if err != nil {
					t.Fatal(err)
				}
				near(t, "mean of the members", append(p.Proba, p.Values...), c.Mean)
			}
			n.config.Epochs, n.config.BatchSize = 1, len(ref.X)
			h, err := train.Fit(ctx, m, set, n.config)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "loss", h.Get("loss"), []float64{c.Loss})
			if len(c.Step) != len(m.Params().Trained()) {
				t.Errorf("%d parameters, want %d", len(m.Params().Trained()), len(c.Step))
			}
			for _, p := range m.Params().Trained() {
				near(t, p.Path, p.Values(), c.Step[p.Path])
			}
		})
	}
}
