package vision

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// ConvNeXt is the network of Liu et al. (2022), arXiv:2201.03545: a ResNet with the habits of
// transformers. The zero value is ConvNeXt-T.
type ConvNeXt struct {
	Depths          []int       // blocks of each of four stages; nil: 3, 3, 9, 3
	Width           int         // channels of the first stage; the next have 2, 4 and 8 times as many; 0: 96
	StochasticDepth float64     // rate at the last block, rising from 0 at the first; 0: 0.1; negative: none
	Type            graph.Dtype // zero value: Float32
}

// small starts kernels as ConvNeXt and ViT do. (Their normal numbers are cut off at ±2, which are
// 100 standard deviations.)
var small = graph.Weight{Init: graph.Normal{Std: 0.02}}

// narrowNorm is the LayerNorm of ConvNeXt and ViT.
var narrowNorm = layers.LayerNorm{Epsilon: 1e-6}

// Build creates the model for the images and classes of a set.
func (c ConvNeXt) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	return build(c, rows, seed)
}

func (c ConvNeXt) name() string       { return "convnext" }
func (c ConvNeXt) dtype() graph.Dtype { return c.Type }

func (c ConvNeXt) depths() (list []int, all int, err error) {
	if c.Depths == nil {
		c.Depths = []int{3, 3, 9, 3}
	}
	if len(c.Depths) != 4 {
		return nil, 0, fmt.Errorf("depths %v: want those of 4 stages", c.Depths)
	}
	for _, d := range c.Depths {
		if d < 1 || d > mostBlocks {
			return nil, 0, fmt.Errorf("depths %v: want 1 to %d blocks a stage", c.Depths, mostBlocks)
		}
		all += d
	}
	return c.Depths, all, nil
}

func (c ConvNeXt) parts(_ graph.Shape, units int) ([]layers.Layer, error) {
	depths, all, err := c.depths()
	if err != nil {
		return nil, err
	}
	w, err := width("width", c.Width, 96)
	if err != nil {
		return nil, err
	}
	drop, err := rate("stochastic depth", c.StochasticDepth, 0.1)
	if err != nil {
		return nil, err
	}
	patches := func(filters, size int) layers.Layer {
		return layers.Conv2D{Filters: filters, Size: [2]int{size, size}, Stride: [2]int{size, size}, Kernel: small}
	}
	drops := ramp{rate: drop, last: all - 1}
	parts := []layers.Layer{named("stem", layers.Stack{patches(w, 4), narrowNorm})}
	for i, blocks := range depths {
		channels := w << i
		var stage layers.Stack
		if i > 0 {
			stage = layers.Stack{narrowNorm, patches(channels, 2)}
		}
		for k := range blocks {
			body := layers.Stack{
				layers.DepthwiseConv2D{Size: [2]int{7, 7}, Padding: layers.Pad(3), Kernel: small}, narrowNorm,
				layers.Dense{Units: 4 * channels, Activation: layers.Gelu, Kernel: small}, layers.Dense{Units: channels, Kernel: small}, layers.LayerScale{},
			}
			stage = append(stage, named(fmt.Sprint("block", k+1), layers.Residual{Body: drops.next(body)}))
		}
		parts = append(parts, named(fmt.Sprint("stage", i+1), stage))
	}
	return append(parts, named("pool", layers.Stack{layers.GlobalAveragePool{}, narrowNorm}), head(units, small)), nil
}
