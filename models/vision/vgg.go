package vision

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// VGG is the network of Simonyan & Zisserman (2015), arXiv:1409.1556, configuration A (11 layers
// with weights), B (13), D (16) or E (19). Whatever the size of the images, 7x7 pixels are pooled
// for the hidden layers, as torchvision does; at 224x224 that is the paper's network. Images have
// at least 32 pixels a side.
type VGG struct {
	Depth     int         // 11, 13, 16 or 19; 0: 11
	BatchNorm bool        // after each convolution, which keeps its redundant bias, as in torchvision
	Width     int         // filters of the first stage; the next have 2, 4, 8 and 8 times as many; 0: 64
	Hidden    int         // units of the two hidden layers; 0: 4096
	Dropout   float64     // after each hidden layer; 0: 0.5; negative: none
	Type      graph.Dtype // zero value: Float32
}

// convolutions of each stage of a VGG, by depth.
var vggStages = map[int][5]int{11: {1, 1, 2, 2, 2}, 13: {2, 2, 2, 2, 2}, 16: {2, 2, 3, 3, 3}, 19: {2, 2, 4, 4, 4}}

// Build creates the model for the images and classes of a set.
func (c VGG) Build(rows *data.Set, seed uint64) (*models.Model, error) { return build(c, rows, seed) }

func (c VGG) name() string       { return "vgg" }
func (c VGG) dtype() graph.Dtype { return c.Type }

func (c VGG) stages() ([5]int, error) {
	if c.Depth == 0 {
		c.Depth = 11
	}
	stages, ok := vggStages[c.Depth]
	if !ok {
		return stages, fmt.Errorf("depth %d: want 11, 13, 16 or 19", c.Depth)
	}
	return stages, nil
}

func (c VGG) parts(_ graph.Shape, units int) ([]layers.Layer, error) {
	stages, err := c.stages()
	if err != nil {
		return nil, err
	}
	w, err := width("width", c.Width, 64)
	if err != nil {
		return nil, err
	}
	hidden, err := classifier(c.Hidden, c.Dropout, false)
	if err != nil {
		return nil, err
	}
	var parts []layers.Layer
	for i, convolutions := range stages {
		var stage layers.Stack
		for range convolutions {
			l := conv(w<<min(i, 3), 3, 1)
			if c.BatchNorm {
				stage = append(stage, l, layers.BatchNorm{}, layers.Relu)
				continue
			}
			l.Activation = layers.Relu
			stage = append(stage, l)
		}
		stage = append(stage, layers.MaxPool2D{Size: [2]int{2, 2}})
		parts = append(parts, named(fmt.Sprint("stage", i+1), stage))
	}
	return append(parts,
		named("pool", layers.Stack{layers.AdaptiveAveragePool2D{Size: [2]int{7, 7}}, layers.Flatten{}}),
		named("hidden", hidden),
		head(units, graph.Weight{}),
	), nil
}
