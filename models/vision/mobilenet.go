package vision

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// MobileNetV2 is the network of Sandler et al. (2018), arXiv:1801.04381: inverted residual blocks,
// which widen by a 1x1 convolution, convolve each channel, and narrow again without an activation.
type MobileNetV2 struct {
	Multiplier float64     // of the numbers of channels, rounded to multiples of 8; 0: 1
	Dropout    float64     // before the head; 0: 0.2; negative: none
	Type       graph.Dtype // zero value: Float32
}

// inverted is a run of inverted residual blocks: a row of a table in the papers of MobileNetV2
// and EfficientNet.
type inverted struct {
	expand, kernel, stride, channels, blocks int
}

var mobileStages = []inverted{
	{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2}, {6, 3, 2, 32, 3}, {6, 3, 2, 64, 4}, {6, 3, 1, 96, 3}, {6, 3, 2, 160, 3}, {6, 3, 1, 320, 1},
}

// Build creates the model for the images and classes of a set.
func (c MobileNetV2) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	return build(c, rows, seed)
}

func (c MobileNetV2) name() string       { return "mobilenetv2" }
func (c MobileNetV2) dtype() graph.Dtype { return c.Type }

func (c MobileNetV2) parts(_ graph.Shape, units int) ([]layers.Layer, error) {
	m, err := multiple("multiplier", c.Multiplier)
	if err != nil {
		return nil, err
	}
	drop, err := rate("dropout", c.Dropout, 0.2)
	if err != nil {
		return nil, err
	}
	channels := divisible(32 * m)
	parts := []layers.Layer{named("stem", layers.Stack(convNorm(channels, 3, 2, layers.Relu6)))}
	for i, s := range mobileStages {
		out := divisible(float64(s.channels) * m)
		var stage layers.Stack
		for k := range s.blocks {
			stride := s.stride
			if k > 0 {
				stride = 1
			}
			var body layers.Stack
			if s.expand != 1 {
				body = append(body, convNorm(s.expand*channels, 1, 1, layers.Relu6)...)
			}
			body = append(body, depthwiseNorm(s.kernel, stride, layers.Relu6)...)
			body = append(body, convNorm(out, 1, 1, layers.Identity)...)
			stage = append(stage, named(fmt.Sprint("block", k+1), residualIf(stride == 1 && channels == out, body)))
			channels = out
		}
		parts = append(parts, named(fmt.Sprint("stage", i+1), stage))
	}
	return append(parts,
		named("top", layers.Stack(convNorm(divisible(1280*max(1, m)), 1, 1, layers.Relu6))),
		named("pool", layers.Stack{layers.GlobalAveragePool{}, layers.Dropout{Rate: drop}}),
		head(units, graph.Weight{}),
	), nil
}

// residualIf adds x to what a body makes of it, if they have one shape.
func residualIf(same bool, body layers.Stack) layers.Layer {
	if same {
		return layers.Residual{Body: body}
	}
	return body
}

// multiple returns a multiplier of widths or depths: 0 stands for 1.
func multiple(what string, m float64) (float64, error) {
	if m == 0 {
		return 1, nil
	}
	if !(m > 0 && m <= mostMultiple) {
		return 0, fmt.Errorf("%s %v: want above 0, up to %d", what, m, mostMultiple)
	}
	return m, nil
}
