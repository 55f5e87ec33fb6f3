package vision_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/internal/safetensors"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/vision"
	"gorgonia.org/tensor"
)

var ctx = context.Background()

// reference is a network of testdata/torchvision.json, which testdata/torchvision.py made with
// torchvision 0.14.1 and PyTorch 1.13 in float64.
type reference struct {
	Count                 int   // of trained values
	Names                 []any // pairs of a weight's name and shape
	Shape                 []int // of the images: (batch, channels, height, width)
	Logits                []float64
	Sum, Squares, Largest float64
}

func references(t *testing.T) map[string]reference {
	t.Helper()
	text, err := os.ReadFile("testdata/torchvision.json")
	if err != nil {
		t.Fatal(err)
	}
	var refs map[string]reference
	if err := json.Unmarshal(text, &refs); err != nil {
		t.Fatal(err)
	}
	return refs
}

// even is the function of the same name in testdata/torchvision.py.
func even(number, size int) []float64 {
	out := make([]float64, size)
	for i := range out {
		x := uint32(i)*0x9E3779B1 + uint32(uint64(number)*0x85EBCA77)
		x = (x ^ x>>15) * 0x2C1B3C6D
		x = (x ^ x>>12) * 0x297A2D39
		x ^= x >> 15
		out[i] = float64(x)/(1<<31) - 1
	}
	return out
}

// weight is the function formula in testdata/torchvision.py.
func weight(number int, name string, shape []int) []float32 {
	size, fan := 1, 1
	for i, d := range shape {
		if size *= d; i > 0 {
			fan *= d
		}
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	out := make([]float32, size)
	for i, u := range even(number, size) {
		switch {
		case last == "running_var":
			u = 1 + 0.5*u
		case last == "layer_scale" || last == "class_token" || last == "pos_embedding" || last == "cls_token" || last == "pos_embed":
			u *= 0.5
		case len(shape) > 1:
			u *= math.Sqrt(6 / float64(fan))
		case last == "weight":
			u = 1 + 0.25*u
		default:
			u *= 0.1
		}
		out[i] = float32(u)
	}
	return out
}

// weights are the tensors of a reference, as PyTorch has them.
func (r reference) weights() []safetensors.Tensor {
	var list []safetensors.Tensor
	for i, n := range r.Names {
		pair := n.([]any)
		var shape []int
		for _, d := range pair[1].([]any) {
			shape = append(shape, int(d.(float64)))
		}
		name := pair[0].(string)
		list = append(list, safetensors.Tensor{Name: name, Shape: shape, F32: weight(i, name, shape)})
	}
	return list
}

// images are those of a reference, with the channels last.
func images(shape []int) *tensor.Dense {
	n, c, h, w := shape[0], shape[1], shape[2], shape[3]
	flat := even(9999, n*c*h*w)
	out := make([]float64, len(flat))
	for i := range n {
		for k := range c {
			for p := range h * w {
				out[(i*h*w+p)*c+k] = flat[(i*c+k)*h*w+p]
			}
		}
	}
	return tensor.New(tensor.WithShape(n, h, w, c), tensor.WithBacking(out))
}

// set returns images with a number of classes.
func set(x *tensor.Dense, classes int) *data.Set {
	s := &data.Set{Inputs: []*tensor.Dense{x}, Target: "class"}
	for i := range classes {
		s.Classes = append(s.Classes, fmt.Sprint("class ", i))
	}
	labels := make([]int, x.Shape()[0])
	s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}
	return s
}

// pixels returns images with a class for each pixel.
func pixels(x *tensor.Dense, classes int) *data.Set {
	s := set(x, classes)
	s.As = data.Sequence{}
	n := x.Shape()[1] * x.Shape()[2]
	for i := range n {
		s.TargetColumns = append(s.TargetColumns, fmt.Sprint("pixel ", i))
	}
	s.Targets[0] = tensor.New(tensor.WithShape(x.Shape()[0], n), tensor.Of(graph.Int))
	return s
}

// ours maps the names that the modules in testdata/torchvision.py have where torchvision has no
// such network: those of our layers, without their kinds.
func ours(m *models.Model) models.Import {
	var c models.Import
	for _, p := range m.Params().All() {
		at := strings.LastIndexByte(p.Path, '/')
		last := p.Path[at+1:]
		parts := strings.Split(p.Path[:at], "/")
		parts = slices.DeleteFunc(parts, func(s string) bool { return strings.HasSuffix(s, ".Residual") })
		for i, s := range parts {
			parts[i], _, _ = strings.Cut(s, ".")
		}
		r := models.Mapping{From: strings.Join(parts, ".") + "." + map[string]string{
			"kernel": "weight", "bias": "bias", "scale": "weight", "shift": "bias", "running_mean": "running_mean", "running_variance": "running_var",
		}[last], To: p.Path}
		if last == "kernel" {
			r.As = models.TorchKernel
		}
		c.Map = append(c.Map, r)
	}
	return c
}

// agree builds a network with the weights of a reference, and compares counts and outputs, those
// of the network with its normalisations folded, too.
// tolerance is relative to the largest output.
func agree(t *testing.T, name string, r reference, a models.Architecture, classes int, tolerance float64) {
	t.Helper()
	x := images(r.Shape)
	rows := set(x, classes)
	_, spatial := a.(vision.UNet)
	if spatial {
		rows = pixels(x, classes)
	}
	m, err := a.Build(rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	if trained, _ := m.Params().Count(); trained != r.Count {
		t.Errorf("%d trained values, want %d", trained, r.Count)
	}
	rules, err := vision.TorchvisionRules(a)
	if name == "deit" {
		rules, err = vision.TimmRules(a.(vision.ViT))
	}
	if err != nil {
		if _, cifar := a.(vision.CIFARResNet); !cifar && !spatial {
			t.Fatal(err)
		}
		rules = ours(m)
	}
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := atomicfile.Write(path, func(w io.Writer) error { return safetensors.Write(w, nil, r.weights()) }); err != nil {
		t.Fatal(err)
	}
	got, err := m.Import(path, rules)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Missing) > 0 || len(got.Unused) > 0 {
		t.Errorf("missing %q, unused %q", got.Missing, got.Unused)
	}
	r.hold(t, m, x, tolerance)
	if folded, err := m.FoldBatchNorm(); err == nil {
		r.hold(t, folded, x, tolerance)
	}
}

// hold compares the outputs of a model with the reference's.
func (r reference) hold(t *testing.T, m *models.Model, x *tensor.Dense, tolerance float64) {
	t.Helper()
	out, err := m.Predict(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	furthest, sum, squares := 0.0, 0.0, 0.0
	for i := range out[0].DataSize() {
		v := at(out[0], i)
		if sum, squares = sum+v, squares+v*v; i < len(r.Logits) {
			furthest = max(furthest, math.Abs(v-r.Logits[i])/r.Largest)
		}
	}
	n := float64(out[0].DataSize())
	furthest = max(furthest, math.Abs(sum-r.Sum)/r.Largest/n, math.Abs(squares-r.Squares)/r.Largest/r.Largest/n)
	if !(furthest <= tolerance) {
		t.Errorf("outputs differ by %.3g of the largest, want at most %.3g", furthest, tolerance)
	}
	t.Logf("outputs within %.2g of the largest", furthest)
}

func at(x *tensor.Dense, i int) float64 {
	if x.Dtype() == graph.Float32 {
		return float64(x.Float32s()[i])
	}
	return x.Float64s()[i]
}

// small are narrow networks: for each the reference, and the classes.
func small(t graph.Dtype) map[string]models.Architecture {
	return map[string]models.Architecture{
		"alexnet":         vision.AlexNet{Width: 8, Hidden: 512, Type: t},
		"vgg11":           vision.VGG{Width: 4, Hidden: 256, Type: t},
		"vgg16_bn":        vision.VGG{Depth: 16, BatchNorm: true, Width: 4, Hidden: 256, Type: t},
		"resnet18":        vision.ResNet{Width: 8, Type: t},
		"resnet34":        vision.ResNet{Depth: 34, Width: 4, Type: t},
		"resnet50":        vision.ResNet{Depth: 50, Width: 8, Type: t},
		"mobilenet_v2":    vision.MobileNetV2{Multiplier: 0.25, Type: t},
		"efficientnet_b0": vision.EfficientNet{Width: 0.25, Type: t},

		"efficientnet deeper": vision.EfficientNet{Width: 0.3, Depth: 1.4, Type: t},

		"convnext_tiny": vision.ConvNeXt{Depths: []int{1, 2, 3, 1}, Width: 12, Type: t},
		"vit":           vision.ViT{Patch: 8, Width: 16, Depth: 3, Heads: 2, Type: t},
		"deit":          vision.ViT{Patch: 8, Width: 12, Depth: 3, Heads: 2, Type: t},
		"cifar20":       vision.CIFARResNet{Type: t},
		"cifar32":       vision.CIFARResNet{Depth: 32, Width: 4, Type: t},
		"unet":          vision.UNet{Levels: 3, Width: 4, Type: t},
		"unet norm":     vision.UNet{Levels: 2, Width: 4, BatchNorm: true, Type: t},
	}
}

func classesOf(name string) int {
	switch name {
	case "unet":
		return 2
	case "unet norm":
		return 3
	}
	return 10
}

// TestAgainstTorchvision: narrow networks with torchvision's weights give torchvision's outputs.
func TestAgainstTorchvision(t *testing.T) {
	refs := references(t)
	for _, c := range []struct {
		dtype     graph.Dtype
		tolerance float64
	}{{graph.Float64, 1e-12}, {graph.Float32, 1e-5}} {
		nets := small(c.dtype)
		for name := range refs {
			if _, ok := nets[name]; !ok && !strings.HasPrefix(name, "full ") {
				t.Errorf("nothing is held to the reference %q", name)
			}
		}
		for name, a := range nets {
			t.Run(name+" "+c.dtype.String(), func(t *testing.T) {
				r, ok := refs[name]
				if !ok {
					t.Fatal("there is no reference")
				}
				agree(t, name, r, a, classesOf(name), c.tolerance)
			})
		}
	}
}

// published are the networks at full size, and how many weights their authors or torchvision
// count.
var published = map[string]struct {
	net   models.Architecture
	count int
}{
	"full alexnet":         {vision.AlexNet{}, 61_100_840},
	"full vgg11":           {vision.VGG{}, 132_863_336},
	"full vgg16":           {vision.VGG{Depth: 16}, 138_357_544},
	"full resnet18":        {vision.ResNet{}, 11_689_512},
	"full resnet34":        {vision.ResNet{Depth: 34}, 21_797_672},
	"full resnet50":        {vision.ResNet{Depth: 50}, 25_557_032},
	"full mobilenet_v2":    {vision.MobileNetV2{}, 3_504_872},
	"full efficientnet_b0": {vision.EfficientNet{}, 5_288_548},
	"full convnext_tiny":   {vision.ConvNeXt{}, 28_589_128},
	"full deit_tiny":       {vision.ViT{}, 5_717_416},
	"full unet":            {vision.UNet{}, 31_031_810},
}

// TestTorchFiles reads files that PyTorch wrote, weights in float16.
func TestTorchFiles(t *testing.T) {
	text, err := os.ReadFile("testdata/files.json")
	if err != nil {
		t.Fatal(err)
	}
	var refs map[string]reference
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&refs); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]models.Architecture{
		"vit":      vision.ViT{Patch: 8, Width: 8, Depth: 1, Heads: 2, Hidden: 16, Type: graph.Float64},
		"resnet18": vision.ResNet{Width: 2, Type: graph.Float64},
	} {
		r := refs[name]
		x := images(r.Shape)
		m, err := a.Build(set(x, len(r.Logits)/r.Shape[0]), 1)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := vision.TorchvisionRules(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Import("testdata/"+name+".safetensors", rules); err != nil {
			t.Fatal(err)
		}
		out, err := m.Predict(ctx, x)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range r.Logits {
			if v := at(out[0], i); !(math.Abs(v-want) <= 1e-10*max(1, math.Abs(want))) {
				t.Errorf("%s: output %d is %v, want %v", name, i, v, want)
			}
		}
	}
}
