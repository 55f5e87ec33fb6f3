package vision_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/models/vision"
	"gorgonia.org/tensor"
)

// photos is a set of two black images of three classes.
func photos(side int) *data.Set {
	return &data.Set{
		Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(2, side, side, 3), tensor.Of(tensor.Float32))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{0, 2}))},
		Classes: []string{"cat", "dog", "owl"},
	}
}

// show prints the shape of the outputs, and how many weights are trained.
func show(net models.Architecture, rows *data.Set) {
	m, err := net.Build(rows, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
}

// An eighth of AlexNet's filters and hidden units.
func ExampleAlexNet() {
	show(vision.AlexNet{Width: 8, Hidden: 512}, photos(64))
	// Output: [(3)] 895787
}

// VGG-16 with batch normalisation, and an eighth of its filters.
func ExampleVGG() {
	show(vision.VGG{Depth: 16, BatchNorm: true, Width: 8, Hidden: 64}, photos(32))
	// Output: [(3)] 436747
}

// ResNet-18. All but its head is a network that turns images into 512 features.
func ExampleResNet() {
	m, err := vision.ResNet{}.Build(photos(64), 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.LayerNames())
	features, err := m.Until("pool")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), features.OutputShapes(), m.Summary().Trained)
	// Output:
	// [stem stage1 stage2 stage3 stage4 pool head]
	// [(3)] [(512)] 11178051
}

// ResNet-20 for small images.
func ExampleCIFARResNet() {
	show(vision.CIFARResNet{}, photos(32))
	// Output: [(3)] 269267
}

// A third of the channels, for small devices.
func ExampleMobileNetV2() {
	show(vision.MobileNetV2{Multiplier: 0.35}, photos(64))
	// Output: [(3)] 399971
}

// EfficientNet-B0.
func ExampleEfficientNet() {
	show(vision.EfficientNet{}, photos(64))
	// Output: [(3)] 4011391
}

// A ConvNeXt of an eighth of the tiny one's width.
func ExampleConvNeXt() {
	show(vision.ConvNeXt{Width: 12}, photos(64))
	// Output: [(3)] 477999
}

// A transformer on 16 patches of 8x8 pixels, and a step for the class.
func ExampleViT() {
	show(vision.ViT{Patch: 8, Width: 64, Depth: 4, Heads: 4}, photos(32))
	// Output: [(3)] 213763
}

// Each of 16x16 pixels is of one of two classes.
func ExampleUNet() {
	const side = 16
	set := &data.Set{
		Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(2, side, side, 3), tensor.Of(tensor.Float32))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(2, side*side), tensor.Of(tensor.Int))},
		Classes: []string{"background", "cell"},
		As:      data.Sequence{},
	}
	for i := range side * side {
		set.TargetColumns = append(set.TargetColumns, fmt.Sprintf("pixel %d", i))
	}
	show(vision.UNet{Levels: 2, Width: 8}, set)
	// Output: [(512)] 29474
}

// A ResNet-18 that PyTorch has saved, a narrow one, begins to learn three other classes: all
// weights but the head's are its own.
func ExampleTorchvisionRules() {
	net := vision.ResNet{Width: 2}
	m, err := net.Build(photos(32), 1)
	if err != nil {
		log.Fatal(err)
	}
	rules, err := vision.TorchvisionRules(net)
	if err != nil {
		log.Fatal(err)
	}
	for i, r := range rules.Map {
		if strings.HasPrefix(r.To, "head/") {
			rules.Map[i].To = ""
		}
	}
	rules.AllowMissing = true
	t, err := m.Import("testdata/resnet18.safetensors", rules)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(t.Set), t.Missing)
	// Output: 100 [head/kernel head/bias]
}
