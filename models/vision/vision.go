// Package vision holds networks for images: AlexNet, VGG, ResNet, the ResNets of CIFAR,
// MobileNetV2, EfficientNet, ConvNeXt, ViT, and U-Net. Each is a models.Architecture whose zero
// value is the network of its paper; the number of outputs follows from the set.
//
// The set has one input, images of (rows, height, width, channels). Layers have names, such as
// "stem", "stage1" to "stage4", "pool" and "head", which models.Model.Until takes: all but the
// head are a network for other images. Weights that PyTorch's torchvision has trained can be read
// by the rules of TorchvisionRules.
package vision

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// Bounds of widths, numbers of blocks, and multipliers.
const (
	mostWidth    = 1 << 16
	mostBlocks   = 1 << 12
	mostMultiple = 1 << 8
)

// architecture is what the networks that are one sequence of layers have in common.
type architecture interface {
	name() string
	dtype() graph.Dtype
	// parts returns the layers for images of (height, width, channels).
	parts(image graph.Shape, units int) ([]layers.Layer, error)
}

// build makes the model for the images and classes of a set.
func build(a architecture, rows *data.Set, seed uint64) (*models.Model, error) {
	image, units, err := images(a.name(), rows)
	if err != nil {
		return nil, err
	}
	parts, err := a.parts(image, units)
	if err != nil {
		return nil, fail(a.name(), "%w", err)
	}
	m, err := models.Sequential(models.Config{Name: a.name(), Seed: seed, Type: a.dtype()}, models.Input("features", image...), parts...)
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	return m, nil
}

// images returns the shape of a set's images, and how many outputs its task has.
func images(net string, rows *data.Set) (image graph.Shape, units int, err error) {
	switch {
	case rows.Len() == 0:
		return nil, 0, data.ErrEmpty
	case len(rows.Inputs) != 1 || len(rows.Sequences) != 0:
		return nil, 0, fail(net, "it takes one input of images, the set has %d inputs and %d sequences", len(rows.Inputs), len(rows.Sequences))
	}
	x := rows.Inputs[0]
	if x.Dims() != 4 || x.Dtype() == graph.Int {
		return nil, 0, fail(net, "an input of %v %v: want floats (rows, height, width, channels)", x.Dtype(), x.Shape())
	}
	r, err := rows.Rules()
	if err != nil {
		return nil, 0, fail(net, "%w", err)
	}
	return graph.Shape(x.Shape()[1:].Clone()), r.Units[0], nil
}

func fail(net, format string, args ...any) error {
	return fmt.Errorf("vision: "+net+": "+format, args...)
}

// named names a part of a network.
func named(name string, l layers.Layer) layers.Layer { return layers.Named{Name: name, Layer: l} }

// head is the last layer.
func head(units int, kernel graph.Weight) layers.Layer {
	return named("head", layers.Dense{Units: units, Kernel: kernel})
}

// he starts kernels as He et al. (2015), arXiv:1502.01852, do.
var he = graph.Weight{Init: graph.HeNormal{}}

// conv is a square convolution with a border that keeps the size at stride 1.
func conv(filters, size, stride int) layers.Conv2D {
	return layers.Conv2D{Filters: filters, Size: [2]int{size, size}, Stride: [2]int{stride, stride}, Padding: layers.Pad(size / 2), Kernel: he}
}

// convNorm is a convolution with batch normalisation, whose shift makes a bias redundant.
func convNorm(filters, size, stride int, act layers.Activation) []layers.Layer {
	c := conv(filters, size, stride)
	c.NoBias = true
	return activated([]layers.Layer{c, layers.BatchNorm{}}, act)
}

// depthwiseNorm is convNorm of each channel alone.
func depthwiseNorm(size, stride int, act layers.Activation) []layers.Layer {
	c := layers.DepthwiseConv2D{Size: [2]int{size, size}, Stride: [2]int{stride, stride}, Padding: layers.Pad(size / 2), Kernel: he, NoBias: true}
	return activated([]layers.Layer{c, layers.BatchNorm{}}, act)
}

func activated(list []layers.Layer, act layers.Activation) []layers.Layer {
	if act != layers.Identity {
		list = append(list, act)
	}
	return list
}

// rate returns a dropout rate: 0 stands for the network's own, what is negative for none.
func rate(what string, r, own float64) (float64, error) {
	switch {
	case r == 0:
		return own, nil
	case r < 0:
		return 0, nil
	case !(r < 1):
		return 0, fmt.Errorf("%s %v: want below 1", what, r)
	}
	return r, nil
}

// width returns a number of channels or units: 0 stands for the network's own.
func width(what string, w, own int) (int, error) {
	if w == 0 {
		return own, nil
	}
	if w < 1 || w > mostWidth {
		return 0, fmt.Errorf("%s %d: want 1 to %d", what, w, mostWidth)
	}
	return w, nil
}

// divisible returns the multiple of 8 that is nearest to v, at least 8 and not below 9/10 of v:
// how the MobileNets round numbers of channels.
func divisible(v float64) int {
	n := max(8, int(v+4)/8*8)
	if float64(n) < 0.9*v {
		n += 8
	}
	return n
}

func init() {
	builtin.Register(AlexNet{}, VGG{}, ResNet{}, CIFARResNet{}, MobileNetV2{}, EfficientNet{}, ConvNeXt{}, ViT{}, UNet{})
}
