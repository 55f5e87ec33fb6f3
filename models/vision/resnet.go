package vision

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/regularize"
)

// ResNet is the network of He, Zhang, Ren & Sun (2015), arXiv:1512.03385, for images of the size of
// ImageNet's: blocks of two convolutions (18 and 34 layers) or bottlenecks of three (50 and more),
// whose shortcuts are projected where the shape changes (option B). The stride of a bottleneck is
// in its 3x3 convolution, as in torchvision, not in the first as in the paper.
type ResNet struct {
	Depth           int         // 18, 34, 50, 101 or 152; 0: 18
	Width           int         // channels of the first stage, within the blocks; the next have 2, 4 and 8 times as many; 0: 64
	StochasticDepth float64     // rate at the last block, rising from 0 at the first; 0: none
	Type            graph.Dtype // zero value: Float32
}

// blocks of each stage of a ResNet, by depth.
var resnetStages = map[int][4]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}, 152: {3, 8, 36, 3}}

// bottleneckFrom is the smallest depth whose blocks are bottlenecks, widened by 4 at their end.
const bottleneckFrom = 50

// Build creates the model for the images and classes of a set.
func (c ResNet) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	return build(c, rows, seed)
}

func (c ResNet) name() string       { return "resnet" }
func (c ResNet) dtype() graph.Dtype { return c.Type }

func (c ResNet) stages() (blocks [4]int, bottleneck bool, err error) {
	if c.Depth == 0 {
		c.Depth = 18
	}
	blocks, ok := resnetStages[c.Depth]
	if !ok {
		return blocks, false, fmt.Errorf("depth %d: want 18, 34, 50, 101 or 152", c.Depth)
	}
	return blocks, c.Depth >= bottleneckFrom, nil
}

func (c ResNet) parts(_ graph.Shape, units int) ([]layers.Layer, error) {
	stages, bottleneck, err := c.stages()
	if err != nil {
		return nil, err
	}
	w, err := width("width", c.Width, 64)
	if err != nil {
		return nil, err
	}
	drop, err := rate("stochastic depth", c.StochasticDepth, 0)
	if err != nil {
		return nil, err
	}
	stem := append(convNorm(w, 7, 2, layers.Relu), layers.MaxPool2D{Size: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: layers.Pad(1)})
	parts := []layers.Layer{named("stem", layers.Stack(stem))}
	channels := w
	drops := ramp{rate: drop, last: stages[0] + stages[1] + stages[2] + stages[3] - 1}
	for i, blocks := range stages {
		inner := w << i
		out := inner
		if bottleneck {
			out *= 4
		}
		var stage layers.Stack
		for k := range blocks {
			stride := 1
			if i > 0 && k == 0 {
				stride = 2
			}
			var body layers.Stack
			if bottleneck {
				body = append(body, convNorm(inner, 1, 1, layers.Relu)...)
				body = append(body, convNorm(inner, 3, stride, layers.Relu)...)
				body = append(body, convNorm(out, 1, 1, layers.Identity)...)
			} else {
				body = append(body, convNorm(out, 3, stride, layers.Relu)...)
				body = append(body, convNorm(out, 3, 1, layers.Identity)...)
			}
			block := layers.Residual{Body: drops.next(body)}
			if stride != 1 || channels != out {
				block.Shortcut = layers.Stack(convNorm(out, 1, stride, layers.Identity))
			}
			stage = append(stage, named(fmt.Sprint("block", k+1), layers.Stack{block, layers.Relu}))
			channels = out
		}
		parts = append(parts, named(fmt.Sprint("stage", i+1), stage))
	}
	return append(parts, named("pool", layers.GlobalAveragePool{}), head(units, graph.Weight{})), nil
}

// ramp is a rate of stochastic depth that grows with the number of the block, from 0 to rate at
// number last. Huang et al. (2016), arXiv:1603.09382, section 3.
type ramp struct {
	rate     float64
	last, at int
}

// next ends the body of the next block.
func (r *ramp) next(body layers.Stack) layers.Stack {
	now := r.rate * float64(r.at) / float64(max(1, r.last))
	r.at++
	if now == 0 {
		return body
	}
	return append(body, regularize.StochasticDepth{Rate: now})
}

// CIFARResNet is the network of He, Zhang, Ren & Sun (2015), arXiv:1512.03385, section 4.2, for
// images of 32x32 pixels: three stages of n blocks of two convolutions, 6n + 2 layers in all, whose
// shortcuts have no weights: where the shape changes, they leave out every other pixel and are
// widened by zeros, the same number before and after the channels (option A).
type CIFARResNet struct {
	Depth           int         // 6n + 2, such as 20, 32, 44, 56 or 110; 0: 20
	Width           int         // channels of the first stage, an even number; the next have 2 and 4 times as many; 0: 16
	StochasticDepth float64     // rate at the last block, rising from 0 at the first; 0: none
	Type            graph.Dtype // zero value: Float32
}

// Build creates the model for the images and classes of a set.
func (c CIFARResNet) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	return build(c, rows, seed)
}

func (c CIFARResNet) name() string       { return "cifar-resnet" }
func (c CIFARResNet) dtype() graph.Dtype { return c.Type }

func (c CIFARResNet) parts(_ graph.Shape, units int) ([]layers.Layer, error) {
	if c.Depth == 0 {
		c.Depth = 20
	}
	if c.Depth < 8 || c.Depth > mostBlocks || c.Depth%6 != 2 {
		return nil, fmt.Errorf("depth %d: want 6n + 2, such as 20, 32, 44 or 56, up to %d", c.Depth, mostBlocks)
	}
	w, err := width("width", c.Width, 16)
	if err != nil {
		return nil, err
	}
	if w%2 != 0 {
		return nil, fmt.Errorf("width %d: want an even number, as half of it is put on each side of the channels", w)
	}
	drop, err := rate("stochastic depth", c.StochasticDepth, 0)
	if err != nil {
		return nil, err
	}
	blocks := (c.Depth - 2) / 6
	drops := ramp{rate: drop, last: 3*blocks - 1}
	parts := []layers.Layer{named("stem", layers.Stack(convNorm(w, 3, 1, layers.Relu)))}
	for i := range 3 {
		var stage layers.Stack
		for k := range blocks {
			stride := 1
			var shortcut layers.Layer
			if i > 0 && k == 0 {
				stride = 2
				more := w << i / 4
				shortcut = layers.Stack{layers.MaxPool2D{Size: [2]int{1, 1}, Stride: [2]int{2, 2}}, layers.PadFeatures{Before: more, After: more}}
			}
			body := append(layers.Stack(convNorm(w<<i, 3, stride, layers.Relu)), convNorm(w<<i, 3, 1, layers.Identity)...)
			stage = append(stage, named(fmt.Sprint("block", k+1), layers.Stack{layers.Residual{Body: drops.next(body), Shortcut: shortcut}, layers.Relu}))
		}
		parts = append(parts, named(fmt.Sprint("stage", i+1), stage))
	}
	return append(parts, named("pool", layers.GlobalAveragePool{}), head(units, graph.Weight{})), nil
}
