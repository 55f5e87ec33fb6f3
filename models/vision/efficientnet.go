package vision

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// EfficientNet is the network of Tan & Le (2019), arXiv:1905.11946: inverted residual blocks with
// squeeze and excitation and Silu. The zero value is EfficientNet-B0. The others are multiples of
// its width and depth, and want larger images and more dropout: B1 is of width 1 and depth 1.1 at
// 240x240 pixels, B2 of 1.1 and 1.2 at 260x260, B3 of 1.2 and 1.4 at 300x300, B4 of 1.4 and 1.8 at
// 380x380. Epsilon and momentum of batch normalisation are PyTorch's, as in torchvision.
type EfficientNet struct {
	Width           float64     // multiplier of the numbers of channels; 0: 1
	Depth           float64     // multiplier of the numbers of blocks; 0: 1
	Dropout         float64     // before the head; 0: 0.2; negative: none
	StochasticDepth float64     // rate just past the last block, rising from 0 at the first; 0: 0.2; negative: none
	Type            graph.Dtype // zero value: Float32
}

var efficientStages = []inverted{
	{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2}, {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3}, {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1},
}

// Build creates the model for the images and classes of a set.
func (c EfficientNet) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	return build(c, rows, seed)
}

func (c EfficientNet) name() string       { return "efficientnet" }
func (c EfficientNet) dtype() graph.Dtype { return c.Type }

// blocks returns the numbers of blocks of the stages, and of all.
func (c EfficientNet) blocks() (list []int, all int, err error) {
	m, err := multiple("depth", c.Depth)
	if err != nil {
		return nil, 0, err
	}
	for _, s := range efficientStages {
		n := int(math.Ceil(float64(s.blocks) * m))
		list, all = append(list, n), all+n
	}
	return list, all, nil
}

func (c EfficientNet) parts(_ graph.Shape, units int) ([]layers.Layer, error) {
	m, err := multiple("width", c.Width)
	if err != nil {
		return nil, err
	}
	list, all, err := c.blocks()
	if err != nil {
		return nil, err
	}
	drop, err := rate("dropout", c.Dropout, 0.2)
	if err != nil {
		return nil, err
	}
	deep, err := rate("stochastic depth", c.StochasticDepth, 0.2)
	if err != nil {
		return nil, err
	}
	drops := ramp{rate: deep, last: all}
	channels := divisible(32 * m)
	parts := []layers.Layer{named("stem", layers.Stack(convNorm(channels, 3, 2, layers.Silu)))}
	for i, s := range efficientStages {
		out := divisible(float64(s.channels) * m)
		var stage layers.Stack
		for k := range list[i] {
			stride := s.stride
			if k > 0 {
				stride = 1
			}
			var body layers.Stack
			if s.expand != 1 {
				body = append(body, convNorm(s.expand*channels, 1, 1, layers.Silu)...)
			}
			body = append(body, depthwiseNorm(s.kernel, stride, layers.Silu)...)
			body = append(body, layers.SqueezeExcite{Units: max(1, channels/4), Activation: layers.Silu, Kernel: he})
			body = append(body, convNorm(out, 1, 1, layers.Identity)...)
			same := stride == 1 && channels == out
			if same {
				body = drops.next(body)
			} else {
				drops.at++
			}
			stage = append(stage, named(fmt.Sprint("block", k+1), residualIf(same, body)))
			channels = out
		}
		parts = append(parts, named(fmt.Sprint("stage", i+1), stage))
	}
	return append(parts,
		named("top", layers.Stack(convNorm(4*channels, 1, 1, layers.Silu))),
		named("pool", layers.Stack{layers.GlobalAveragePool{}, layers.Dropout{Rate: drop}}),
		head(units, graph.Weight{}),
	), nil
}
