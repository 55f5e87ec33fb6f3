package vision_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/infer"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/vision"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// stripes are images of two classes: stripes that lie, or that stand, with noise.
func stripes(rows, side int) *data.Set {
	r := rand.New(rand.NewPCG(uint64(side), 2))
	x := make([]float64, rows*side*side*3)
	labels := make([]int, rows)
	for i := range rows {
		labels[i] = i % 2
		phase := r.IntN(4)
		for p := range side * side {
			along := p / side
			if labels[i] == 1 {
				along = p % side
			}
			v := float64((along+phase)/2%2)*2 - 1
			for c := range 3 {
				x[(i*side*side+p)*3+c] = v + 0.3*r.NormFloat64()
			}
		}
	}
	s := set(tensor.New(tensor.WithShape(rows, side, side, 3), tensor.WithBacking(x)), 2)
	s.Targets[0] = tensor.New(tensor.WithShape(rows), tensor.WithBacking(labels))
	return s
}

// bright are images whose pixels are of the class 1 where their first channel is above 0.
func bright(rows, side int) *data.Set {
	s := pixels(stripes(rows, side).Inputs[0], 2)
	labels := s.Targets[0].Ints()
	for i := range labels {
		if s.Inputs[0].Float64s()[3*i] > 0 {
			labels[i] = 1
		}
	}
	return s
}

// TestNets trains each network until it has learned 16 images; the bits do not depend on the number of
// threads; a row's prediction does not depend on the rows beside it; a saved network predicts
// the same, also by package infer.
func TestNets(t *testing.T) {
	defer graph.SetThreads(0)
	nets := small(graph.Float32)
	for _, again := range []string{"cifar20", "resnet34", "efficientnet deeper", "deit"} { // other sizes of the rest
		delete(nets, again)
	}
	for name, a := range nets {
		t.Run(name, func(t *testing.T) {
			side := map[string]int{"alexnet": 64, "convnext_tiny": 64, "unet": 16, "unet norm": 16}[name]
			if side == 0 {
				side = 32
			}
			rows := stripes(16, side)
			if _, ok := a.(vision.UNet); ok {
				rows = bright(16, side)
			}
			learned := train.OnEpoch(func(e *train.Event) error {
				if e.History().Last("loss") < 0.4 {
					return train.ErrStop
				}
				return nil
			})
			fit := func(a models.Architecture, epochs int) (*models.Model, []float64) {
				m, err := a.Build(rows, 7)
				if err != nil {
					t.Fatal(err)
				}
				h, err := train.Fit(ctx, m, rows, train.Config{Epochs: epochs, BatchSize: 8, Optimizer: optim.Adam{LearningRate: 2e-3}, Seed: 1, Callbacks: []train.Callback{learned}})
				if err != nil {
					t.Fatal(err)
				}
				return m, h.Get("loss")
			}
			graph.SetThreads(1)
			one, _ := fit(a, 2)
			graph.SetThreads(3)
			three, _ := fit(a, 2)
			if !reflect.DeepEqual(one.Params().Snapshot(), three.Params().Snapshot()) {
				t.Error("with 3 threads the weights have other bits than with 1")
			}
			m, losses := fit(quiet(a), 60)
			if last := losses[len(losses)-1]; !(last < 0.4) { // that of chance is 0.69
				t.Errorf("the loss is %v after %d epochs: %v", last, len(losses), losses)
			}
			t.Logf("%d epochs", len(losses))
			served(t, m, rows)
			folded, err := m.FoldBatchNorm()
			if plain := name == "alexnet" || name == "vgg11" || name == "convnext_tiny" || name == "vit" || name == "unet"; plain {
				if err == nil {
					t.Error("something of a network without batch normalisation is folded")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want, e1 := m.Predict(ctx, rows.Inputs...)
			got, e2 := folded.Predict(ctx, rows.Inputs...)
			if e1 != nil || e2 != nil {
				t.Fatal(e1, e2)
			}
			largest, furthest := 0.0, 0.0
			for i := range want[0].DataSize() {
				largest, furthest = max(largest, math.Abs(at(want[0], i))), max(furthest, math.Abs(at(want[0], i)-at(got[0], i)))
			}
			// Two computations in float32 that take another way: after a short training the running
			// statistics suit the weights badly, and rounding is amplified. That the two are one
			// function is shown to 1e-12 by TestAgainstTorchvision.
			if !(furthest <= 1e-4*largest) {
				t.Errorf("folded, its outputs differ by %.3g of the largest", furthest/largest)
			}
			p, err := folded.Program()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Steps {
				if s.Kind == "Normalize" {
					t.Errorf("%s is not folded", s.Path)
				}
			}
			served(t, folded, rows)
		})
	}
}

// quiet is a network without noise, whose loss falls at once.
func quiet(a models.Architecture) models.Architecture {
	switch c := a.(type) {
	case vision.AlexNet:
		c.Dropout = -1
		return c
	case vision.VGG:
		c.Dropout = -1
		return c
	case vision.MobileNetV2:
		c.Dropout = -1
		return c
	case vision.EfficientNet:
		c.Dropout, c.StochasticDepth = -1, -1
		return c
	case vision.ConvNeXt:
		c.StochasticDepth = -1
		return c
	case vision.ViT:
		c.StochasticDepth = -1
		return c
	}
	return a
}

// served checks what a saved model predicts, whole and row by row.
func served(t *testing.T, m *models.Model, rows *data.Set) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := models.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.PredictRows(ctx, rows.Without())
	if err != nil {
		t.Fatal(err)
	}
	got, err := read.PredictRows(ctx, rows.Without())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("once read, it predicts something else")
	}
	all, err := m.Predict(ctx, rows.Inputs...)
	if err != nil {
		t.Fatal(err)
	}
	file, err := infer.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := file.Session(1)
	if err != nil {
		t.Fatal(err)
	}
	in, out := s.Input(0).Float32, s.Output(0).Float32
	for row := range 3 {
		for i := range in {
			in[i] = float32(rows.Inputs[0].Float64s()[row*len(in)+i])
		}
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		for i, v := range out {
			if w := all[0].Float32s()[row*len(out)+i]; math.Abs(float64(v-w)) > 1e-5*max(1, math.Abs(float64(w))) {
				t.Fatalf("row %d, output %d: alone it is %v, among others %v", row, i, v, w)
			}
		}
	}
}

// TestPublishedCounts counts the weights of networks as published, by torchvision's own figures;
// those of AlexNet and VGG, of which a test makes 140 million, are in TestPublishedNetworks.
func TestPublishedCounts(t *testing.T) {
	x := tensor.New(tensor.WithShape(1, 224, 224, 3), tensor.Of(tensor.Float32))
	for name, p := range published {
		if p.count > 30_000_000 {
			continue
		}
		m, err := p.net.Build(set(x, 1000), 1)
		if err != nil {
			t.Fatal(err)
		}
		if trained, _ := m.Params().Count(); trained != p.count {
			t.Errorf("%s has %d weights, want %d", name, trained, p.count)
		}
	}
	// 0.27, 0.46, 0.66 and 0.85 million: He et al. (2015), table 6.
	for depth, want := range map[int]string{20: "0.27", 32: "0.46", 44: "0.66", 56: "0.85", 110: "1.7"} {
		m, err := vision.CIFARResNet{Depth: depth}.Build(stripes10(t), 1)
		if err != nil {
			t.Fatal(err)
		}
		trained, _ := m.Params().Count()
		if got := fmt.Sprintf("%.*f", len(want)-2, float64(trained)/1e6); got != want {
			t.Errorf("ResNet-%d has %d weights, %s million, want %s", depth, trained, got, want)
		}
	}
}

// TestPixels: with targets that are numbers or labels, U-Net has one output for each pixel.
func TestPixels(t *testing.T) {
	const rows, side = 4, 8
	for _, task := range []data.Task{data.Regress{}, data.MultiLabel{}} {
		s := bright(rows, side)
		values := make([]float64, rows*side*side)
		for i, label := range s.Targets[0].Ints() {
			values[i] = float64(label)
		}
		s.As, s.Classes = task, nil
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(rows, side*side), tensor.WithBacking(values))}
		m, _, err := train.Estimator{Net: vision.UNet{Levels: 2, Width: 8, BatchNorm: true}, Seed: 1, Config: train.Config{Epochs: 80, Optimizer: optim.Adam{LearningRate: 5e-3}}}.Train(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.PredictRows(ctx, data.Blind(s))
		if err != nil {
			t.Fatal(err)
		}
		got, right := p.Values, 0
		if p.Proba != nil {
			got = p.Proba
		}
		if len(got) != len(values) {
			t.Fatalf("%v: %d predictions for %d pixels", task, len(got), len(values))
		}
		for i, v := range got {
			if (v > 0.5) == (values[i] > 0.5) {
				right++
			}
		}
		if share := float64(right) / float64(len(values)); share < 0.9 {
			t.Errorf("%v: %v of the pixels are right", task, share)
		}
	}
}

func stripes10(t *testing.T) *data.Set {
	t.Helper()
	return set(stripes(2, 32).Inputs[0], 10)
}

func TestBuildRejects(t *testing.T) {
	rows, tall := stripes(2, 32), set(tensor.New(tensor.WithShape(2, 48, 32, 3), tensor.Of(tensor.Float32)), 2)
	table := set(tensor.New(tensor.WithShape(2, 5), tensor.Of(tensor.Float32)), 2)
	ints := set(tensor.New(tensor.WithShape(2, 32, 32, 3), tensor.Of(tensor.Int)), 2)
	two := stripes(2, 32)
	two.Inputs = append(two.Inputs, two.Inputs[0])
	one := set(rows.Inputs[0], 1)
	for _, c := range []struct {
		net  models.Architecture
		rows *data.Set
		want string
	}{
		{vision.ResNet{Depth: 17}, rows, "vision: resnet: depth 17: want 18, 34, 50, 101 or 152"},
		{vision.ResNet{Width: -1}, rows, "vision: resnet: width -1: want 1 to 65536"},
		{vision.ResNet{StochasticDepth: 1}, rows, "vision: resnet: stochastic depth 1: want below 1"},
		{vision.ResNet{StochasticDepth: math.NaN()}, rows, "stochastic depth NaN: want below 1"},
		{vision.ResNet{}, table, "vision: resnet: an input of float32 (2, 5): want floats (rows, height, width, channels)"},
		{vision.ResNet{}, ints, "an input of int (2, 32, 32, 3)"},
		{vision.ResNet{}, two, "it takes one input of images, the set has 2 inputs"},
		{vision.ResNet{}, one, "vision: resnet: "},
		{vision.ResNet{}, nil, "no rows"},
		{vision.ResNet{}, &data.Set{}, "no rows"},
		{vision.VGG{Depth: 12}, rows, "vision: vgg: depth 12: want 11, 13, 16 or 19"},
		{vision.VGG{Hidden: -5}, rows, "vision: vgg: hidden layers of -5"},
		{vision.VGG{Width: 4, Hidden: 8}, stripes(2, 31), "MaxPool2D"},
		{vision.AlexNet{Width: 1 << 20}, rows, "vision: alexnet: width 1048576"},
		{vision.AlexNet{Dropout: 1.5}, rows, "vision: alexnet: dropout 1.5: want below 1"},
		{vision.AlexNet{Width: 4, Hidden: 8}, rows, "stage3/3.MaxPool2D"},
		{vision.CIFARResNet{Depth: 21}, rows, "vision: cifar-resnet: depth 21: want 6n + 2"},
		{vision.CIFARResNet{Depth: -4}, rows, "depth -4: want 6n + 2"},
		{vision.CIFARResNet{Width: 3}, rows, "width 3: want an even number"},
		{vision.MobileNetV2{Multiplier: -1}, rows, "vision: mobilenetv2: multiplier -1: want above 0"},
		{vision.MobileNetV2{Multiplier: math.Inf(1)}, rows, "multiplier +Inf: want above 0"},
		{vision.EfficientNet{Depth: math.NaN()}, rows, "vision: efficientnet: depth NaN"},
		{vision.EfficientNet{Width: 1e9}, rows, "width 1e+09: want above 0, up to 256"},
		{vision.ConvNeXt{Depths: []int{1, 2}}, rows, "vision: convnext: depths [1 2]: want those of 4 stages"},
		{vision.ConvNeXt{Depths: []int{1, 2, 0, 1}}, rows, "depths [1 2 0 1]: want 1 to"},
		{vision.ViT{}, stripes(2, 40), "vision: vit: images of 40x40 pixels: want sides that are multiples of the patch's 16"},
		{vision.ViT{Heads: 5}, rows, "width 192: want a multiple of the 5 heads"},
		{vision.ViT{Depth: -1}, rows, "depth -1: want 1 to"},
		{vision.UNet{}, rows, "vision: unet: the task classify has 1 outputs, want a multiple of the 1024 pixels"},
		{vision.UNet{Levels: 5}, pixels(tall.Inputs[0], 2), "images of 48x32 pixels: want sides that are multiples of 32 for 5 levels"},
		{vision.UNet{Levels: 11}, rows, "11 levels: want 1 to 10"},
	} {
		if _, err := c.net.Build(c.rows, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: error %v, want one with %q", c.net, err, c.want)
		}
	}
}

func TestTorchvisionRulesRejects(t *testing.T) {
	for want, a := range map[string]models.Architecture{
		"the architecture is nil":           nil,
		"no counterpart of a vision.UNet":   vision.UNet{},
		"counterpart of a vision.CIFAR":     vision.CIFARResNet{},
		"counterpart of a models.MLP":       models.MLP{},
		"counterpart of a *vision.ResNet":   (*vision.ResNet)(nil),
		"vision: resnet: depth 5: want 18":  vision.ResNet{Depth: 5},
		"vision: vgg: depth 5: want 11":     vision.VGG{Depth: 5},
		"vision: alexnet: width -1: want 1": vision.AlexNet{Width: -1},
		"vision: convnext: depths []":       vision.ConvNeXt{Depths: []int{}},
		"vision: efficientnet: depth -1":    vision.EfficientNet{Depth: -1},
		"vision: mobilenetv2: multiplier":   vision.MobileNetV2{Multiplier: -1},
		"vision: vit: patch -1: want 1":     vision.ViT{Patch: -1},
	} {
		if _, err := vision.TorchvisionRules(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := vision.TimmRules(vision.ViT{Heads: -1}); err == nil || !strings.Contains(err.Error(), "vision: vit: heads -1: want 1") {
		t.Errorf("error %v of -1 heads", err)
	}
	// A file of another depth is refused: it has too few tensors, or too many.
	x := images([]int{2, 3, 32, 32})
	for depth, want := range map[int]string{34: "the file holds no", 18: "is (7, 7, 3, 2) here, and the parameter has (7, 7, 3, 4)"} {
		a := vision.ResNet{Depth: depth, Width: map[int]int{34: 2, 18: 4}[depth]}
		m, err := a.Build(set(x, 3), 1)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := vision.TorchvisionRules(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Import("testdata/resnet18.safetensors", rules); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("depth %d: error %v, want one with %q", depth, err, want)
		}
	}
}
