package vision

import (
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// AlexNet is the network of Krizhevsky (2014), "One weird trick for parallelizing convolutional
// neural networks", arXiv:1404.5997: AlexNet in one column and without local response
// normalisation, as torchvision has it. Images have at least 63 pixels a side.
type AlexNet struct {
	Width   int         // filters of the first convolution; the others have 3, 6, 4 and 4 times as many; 0: 64
	Hidden  int         // units of the two hidden layers; 0: 4096
	Dropout float64     // before each hidden layer; 0: 0.5; negative: none
	Type    graph.Dtype // zero value: Float32
}

// Build creates the model for the images and classes of a set.
func (c AlexNet) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	return build(c, rows, seed)
}

func (c AlexNet) name() string       { return "alexnet" }
func (c AlexNet) dtype() graph.Dtype { return c.Type }

func (c AlexNet) parts(_ graph.Shape, units int) ([]layers.Layer, error) {
	w, err := width("width", c.Width, 64)
	if err != nil {
		return nil, err
	}
	hidden, err := classifier(c.Hidden, c.Dropout, true)
	if err != nil {
		return nil, err
	}
	relu := func(filters, size, stride, border int) layers.Layer {
		l := conv(filters, size, stride)
		l.Padding, l.Activation = layers.Pad(border), layers.Relu
		return l
	}
	pool := layers.MaxPool2D{Size: [2]int{3, 3}, Stride: [2]int{2, 2}}
	return []layers.Layer{
		named("stage1", layers.Stack{relu(w, 11, 4, 2), pool}),
		named("stage2", layers.Stack{relu(3*w, 5, 1, 2), pool}),
		named("stage3", layers.Stack{relu(6*w, 3, 1, 1), relu(4*w, 3, 1, 1), relu(4*w, 3, 1, 1), pool}),
		named("pool", layers.Stack{layers.AdaptiveAveragePool2D{Size: [2]int{6, 6}}, layers.Flatten{}}),
		named("hidden", hidden),
		head(units, graph.Weight{}),
	}, nil
}

// classifier is the two hidden layers of AlexNet and VGG, with dropout before or after each.
func classifier(units int, dropout float64, before bool) (layers.Stack, error) {
	units, err := width("hidden layers of", units, 4096)
	if err != nil {
		return nil, err
	}
	if dropout, err = rate("dropout", dropout, 0.5); err != nil {
		return nil, err
	}
	drop, dense := layers.Dropout{Rate: dropout}, layers.Dense{Units: units, Activation: layers.Relu, Kernel: he}
	if before {
		return layers.Stack{drop, dense, drop, dense}, nil
	}
	return layers.Stack{dense, drop, dense, drop}, nil
}
