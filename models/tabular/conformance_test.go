package tabular_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/tabular"
	"gorgonia.org/tensor"
)

func TestLayers(t *testing.T) {
	in := func(shape ...int) func(int) []*tensor.Dense {
		return func(batch int) []*tensor.Dense {
			return []*tensor.Dense{graphtest.Logits(1, append([]int{batch}, shape...)...)}
		}
	}
	out := func(shape ...int) func(int) graph.Shape {
		return func(batch int) graph.Shape { return append(graph.Shape{batch}, shape...) }
	}
	encode := tabular.Encode{Frequencies: 3, Outputs: 3, Columns: []tabular.Columns{
		{From: 0, To: 2, Treatment: tabular.Periodic}, {From: 2, To: 3}, {From: 3, To: 6, Treatment: tabular.Embed, Dim: 2},
	}}
	var cases []graphtest.Case
	for _, c := range []struct {
		name   string
		layer  layers.Layer
		in     func(int) []*tensor.Dense
		out    func(int) graph.Shape
		params int
	}{
		{"Encode", encode, in(6), out(2 + 1 + 2*2 + 2), 2*3 + 2*3 + 2*3*2 + 2*2 + 3*2},
		{"FrontScale", tabular.FrontScale{}, in(4), out(4), 4},
		{"NTKDense", tabular.NTKDense{Units: 3}, in(4), out(3), 15},
		{"NTKDense from 0", tabular.NTKDense{Units: 3, Zero: true}, in(4), out(3), 15},
		{"Gated", tabular.Gated{Activation: layers.Mish}, in(4), out(4), 4},
		{"BatchEnsemble of rows", tabular.BatchEnsemble{Units: 3, Members: 2, First: true, Activation: layers.Tanh}, in(4), out(2, 3), 12 + 8 + 6 + 6},
		{"BatchEnsemble of members", tabular.BatchEnsemble{Units: 3, Members: 2}, in(2, 4), out(2, 3), 12 + 8 + 6 + 6},
		{"EnsembleDense", tabular.EnsembleDense{Units: 3, Members: 2}, in(2, 4), out(6), 2*12 + 6},
	} {
		cases = append(cases, graphtest.Case{Name: c.name, Inputs: c.in, Shape: c.out, Params: c.params,
			Build: func(b *graph.Builder, in []*graph.Node) *graph.Node { return c.layer.Build(b, in[0]) }})
	}
	graphtest.Run(t, cases...)
}

func TestLayersReject(t *testing.T) {
	for want, l := range map[string]layers.Layer{
		"columns 2 to 9 of 4":          tabular.Encode{Columns: []tabular.Columns{{From: 2, To: 9}}},
		"columns 3 to 3 of 4":          tabular.Encode{Columns: []tabular.Columns{{From: 3, To: 3}}},
		"no columns":                   tabular.Encode{},
		"no treatment 9":               tabular.Encode{Columns: []tabular.Columns{{To: 1, Treatment: 9}}},
		"an embedding of 0 numbers":    tabular.Encode{Columns: []tabular.Columns{{To: 1, Treatment: tabular.Embed}}},
		"sigma NaN":                    tabular.Encode{Sigma: math.NaN(), Columns: []tabular.Columns{{To: 1, Treatment: tabular.Periodic}}},
		"-1 units: want at least 1":    tabular.NTKDense{Units: -1},
		"0 units, 2 members":           tabular.BatchEnsemble{Members: 2},
		"3 units, 0 members":           tabular.BatchEnsemble{Units: 3},
		"3 units, 2 members, input (2": tabular.EnsembleDense{Units: 3, Members: 2},
	} {
		b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
		l.Build(b, b.Input("x", 2, 4))
		if err := b.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%#v: error %v, want one with %q", l, err, want)
		}
	}
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	tabular.MemberLoss{Members: 3, Each: losses.MSE{}}.Loss(b, b.Input("p", 2, 4), b.Input("y", 2))
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "predictions (2, 4) of 3 members") {
		t.Errorf("error %v", err)
	}
}

// TestMembersApart: the loss of each member on its own is that of all at once, and that of
// ordered classes of every member has the gradient of its members' losses.
func TestMembersApart(t *testing.T) {
	target := func(n int) *tensor.Dense { return graphtest.Uniform(2, -1, 1, n) }
	var values [2][]float64
	for k, apart := range []bool{false, true} {
		b := graph.New(graph.NewParams(graph.Float64, 1), graph.Train)
		l := tabular.MemberLoss{Members: 4, Each: losses.MSE{}, Apart: apart}.Loss(b, b.Tensor("p", graphtest.Logits(1, 5, 4)), b.Tensor("y", target(5)))
		p, err := graph.Compile(b, l)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		values[k] = p.Floats64(l)
	}
	for i := range values[0] {
		if math.Abs(values[0][i]-values[1][i]) > 1e-12 {
			t.Errorf("row %d: %v together, %v apart", i, values[0][i], values[1][i])
		}
	}
	graphtest.Run(t, graphtest.Case{
		Name: "ordered classes of members", Shape: func(n int) graph.Shape { return graph.Shape{n} },
		Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 6)} },
		Build: func(b *graph.Builder, in []*graph.Node) *graph.Node {
			v := make([]int, b.Dim(in[0], 0))
			for i := range v {
				v[i] = i % 3
			}
			want := b.Tensor("t", tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v)))
			return tabular.MemberLoss{Members: 3, Each: losses.Ordinal{}, Apart: true}.Loss(b, in[0], want)
		},
	})
}

// mixed is a made-up table of numbers and categories, one-hot.
func mixed(t testing.TB, n int, task data.Task) *data.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 1))
	levels := make([]string, 12)
	for i := range levels {
		levels[i] = fmt.Sprint("level ", i)
	}
	rows, labels, values := make([][]float64, n), make([]int, n), make([]float64, n)
	for i := range rows {
		rows[i] = []float64{r.NormFloat64(), 3 + 10*r.NormFloat64(), float64(r.IntN(12)), float64(r.IntN(2))}
		values[i] = rows[i][0]*rows[i][0] + 0.1*rows[i][1] + float64(int(rows[i][2])%3)
		labels[i] = int(rows[i][2]) % 3
	}
	s, err := data.NewTable("mixed", []data.Feature{{Name: "a"}, {Name: "b"}, {Name: "c", Levels: levels}, {Name: "d", Levels: []string{"no", "yes"}}}, rows)
	if err != nil {
		t.Fatal(err)
	}
	if task == (data.Classify{}) {
		s.Classes = []string{"x", "y", "z"}
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(labels))}
	} else {
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(values))}
	}
	f, err := data.Pipeline{data.RobustScale{}, data.SmoothClip{}, data.OneHot{}}.Fit(s)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = f.Apply(s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStartFromRows: after Build, what reaches each activation of a RealMLP has the
// standard deviation 1 over the rows, and every unit is at 0 somewhere among them.
func TestStartFromRows(t *testing.T) {
	rows := mixed(t, 500, data.Regress{})
	m, err := tabular.RealMLP{Hidden: []int{32, 16}, Type: graph.Float64, Dropout: -1}.Build(rows, 7)
	if err != nil {
		t.Fatal(err)
	}
	b := graph.New(m.Params(), graph.Infer)
	x := b.Input("features", 500, rows.Inputs[0].Shape()[1])
	encode := tabular.Encode{Columns: []tabular.Columns{{From: 0, To: 2, Treatment: tabular.Periodic}, {From: 2, To: 14, Treatment: tabular.Embed, Dim: 8}, {From: 14, To: 16}}}
	stack := []layers.Layer{encode, tabular.FrontScale{}, tabular.NTKDense{Units: 32}}
	for i, l := range stack {
		x = l.Build(b.Scope(fmt.Sprintf("%d.%s", i, layers.Name(l))), x)
	}
	p, err := graph.Compile(b, x)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetInput("features", rows.Inputs[0]); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	z := p.Floats64(x)
	for u := range 32 {
		mean, squares, low, high := 0.0, 0.0, math.Inf(1), math.Inf(-1)
		for i := range 500 {
			v := z[i*32+u]
			mean += v / 500
			squares += v * v / 500
			low, high = min(low, v), max(high, v)
		}
		if std := math.Sqrt(squares - mean*mean); math.Abs(std-1) > 1e-6 {
			t.Errorf("unit %d has standard deviation %v, want 1", u, std)
		}
		if low > 0 || high < 0 {
			t.Errorf("unit %d lies between %v and %v, want 0 between them", u, low, high)
		}
	}
}

// TestSavedAndRead: a network predicts the same after it was saved and read, its
// members and bounds of the target included.
func TestSavedAndRead(t *testing.T) {
	for _, task := range []data.Task{data.Classify{}, data.Regress{}} {
		rows := mixed(t, 60, task)
		for name, build := range map[string]func(*data.Set, uint64) (*models.Model, error){
			"mlp": tabular.MLP{Hidden: []int{8}}.Build, "realmlp": tabular.RealMLP{Hidden: []int{8}}.Build, "realmlp-s": tabular.RealMLP{Hidden: []int{8}, Simple: true}.Build,
			"tabm": tabular.TabM{Members: 3, Units: 8}.Build, "resnet": tabular.ResNet{Units: 8}.Build,
		} {
			t.Run(fmt.Sprint(name, " ", task), func(t *testing.T) {
				m, err := build(rows, 1)
				if err != nil {
					t.Fatal(err)
				}
				m.Info.Scales = []models.TargetScale{{Range: [2]float64{-0.01, 0.01}}}
				before, err := m.PredictRows(ctx, rows.Without())
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(t.TempDir(), "m.safetensors")
				if err := m.Save(path); err != nil {
					t.Fatal(err)
				}
				if m, err = models.Load(path); err != nil {
					t.Fatal(err)
				}
				after, err := m.PredictRows(ctx, rows.Without())
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(before) != fmt.Sprint(after) {
					t.Error("it predicts something else")
				}
				for _, v := range before.Values {
					if v < -0.01 || v > 0.01 {
						t.Fatalf("%v is beyond the bounds of the target", v)
					}
				}
			})
		}
	}
}

func TestBuildRejects(t *testing.T) {
	rows := mixed(t, 20, data.Classify{})
	raw, err := data.NewTable("raw", []data.Feature{{Name: "c", Levels: []string{"a"}}}, [][]float64{{0}})
	if err != nil {
		t.Fatal(err)
	}
	raw.Classes = []string{"x", "y"}
	one := *rows
	one.Classes = []string{"x"}
	for _, c := range []struct {
		want  string
		build func(*data.Set, uint64) (*models.Model, error)
		rows  *data.Set
	}{
		{"column c is categorical", tabular.MLP{}.Build, raw},
		{"at least two classes", tabular.RealMLP{}.Build, &one},
		{"at least two classes", tabular.TabM{}.Build, &one},
		{"TabM of -1 blocks", tabular.TabM{Blocks: -1}.Build, rows},
		{"ResNet of 2 blocks, -5 units", tabular.ResNet{Units: -5}.Build, rows},
		{"-3 units", tabular.MLP{Hidden: []int{-3}}.Build, rows},
	} {
		if _, err := c.build(c.rows, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}
