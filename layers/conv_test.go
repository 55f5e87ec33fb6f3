package layers_test

import (
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"gorgonia.org/tensor"
)

type pair = [2]int

// imageCases are the layers of images and sequences that testdata/make.py has
// references for.
var imageCases = map[string]func(w []graph.Weight) layers.Layer{
	"conv plain": func(w []graph.Weight) layers.Layer {
		return layers.Conv2D{Filters: 4, Size: pair{3, 2}, Kernel: w[0], Bias: w[1]}
	},
	"conv same relu": func(w []graph.Weight) layers.Layer {
		return layers.Conv2D{Filters: 17, Size: pair{3, 3}, Padding: layers.Same, Activation: layers.Relu, Kernel: w[0], Bias: w[1]}
	},
	"conv same even gelu": func(w []graph.Weight) layers.Layer {
		return layers.Conv2D{Filters: 3, Size: pair{2, 4}, Padding: layers.Same, Activation: layers.Gelu, Kernel: w[0], Bias: w[1]}
	},
	"conv same stride": func(w []graph.Weight) layers.Layer {
		return layers.Conv2D{Filters: 3, Size: pair{3, 3}, Stride: pair{2, 2}, Padding: layers.Same, Kernel: w[0], Bias: w[1]}
	},
	"conv dilated tanh": func(w []graph.Weight) layers.Layer {
		return layers.Conv2D{
			Filters: 3, Size: pair{3, 2}, Dilation: pair{2, 3}, Padding: layers.Padding{Top: 2, Bottom: 2, Left: 1, Right: 1},
			Activation: layers.Tanh, Kernel: w[0], Bias: w[1],
		}
	},
	"conv groups": func(w []graph.Weight) layers.Layer {
		return layers.Conv2D{
			Filters: 6, Size: pair{3, 3}, Stride: pair{2, 1}, Padding: layers.Padding{Top: 2, Bottom: 2, Left: 1, Right: 1},
			Groups: 2, Kernel: w[0], Bias: w[1],
		}
	},
	"conv depthwise": func(w []graph.Weight) layers.Layer {
		return layers.DepthwiseConv2D{Size: pair{3, 3}, Padding: layers.Pad(1), Kernel: w[0], Bias: w[1]}
	},
	"conv depthwise multiplied": func(w []graph.Weight) layers.Layer {
		return layers.DepthwiseConv2D{Multiplier: 2, Size: pair{3, 3}, Stride: pair{2, 2}, Kernel: w[0], Bias: w[1]}
	},
	"conv causal": func(w []graph.Weight) layers.Layer {
		return layers.Conv1D{Filters: 4, Size: 3, Dilation: 2, Padding: layers.Causal, Kernel: w[0], Bias: w[1]}
	},
	"conv 1d stride": func(w []graph.Weight) layers.Layer {
		return layers.Conv1D{
			Filters: 3, Size: 4, Stride: 3, Padding: layers.Padding{Left: 1, Right: 2}, Activation: layers.Sigmoid, Kernel: w[0], Bias: w[1],
		}
	},
	"transposed plain": func(w []graph.Weight) layers.Layer {
		return layers.Conv2DTranspose{Filters: 3, Size: pair{3, 2}, Kernel: w[0], Bias: w[1]}
	},
	"transposed stride": func(w []graph.Weight) layers.Layer {
		return layers.Conv2DTranspose{Filters: 3, Size: pair{3, 3}, Stride: pair{2, 2}, Padding: layers.Pad(1), Extra: pair{1, 1}, Kernel: w[0], Bias: w[1]}
	},
	"transposed dilated": func(w []graph.Weight) layers.Layer {
		return layers.Conv2DTranspose{Filters: 2, Size: pair{2, 3}, Stride: pair{1, 3}, Dilation: pair{2, 2}, Kernel: w[0], Bias: w[1]}
	},
	"pool max":              plain(layers.MaxPool2D{Size: pair{2, 3}}),
	"pool max overlapping":  plain(layers.MaxPool2D{Size: pair{3, 3}, Stride: pair{2, 2}, Padding: layers.Pad(1)}),
	"pool average":          plain(layers.AveragePool2D{Size: pair{2, 2}}),
	"pool average padded":   plain(layers.AveragePool2D{Size: pair{3, 3}, Stride: pair{2, 1}, Padding: layers.Pad(1)}),
	"pool adaptive average": plain(layers.AdaptiveAveragePool2D{Size: pair{3, 2}}),
	"pool adaptive max":     plain(layers.AdaptiveMaxPool2D{Size: pair{2, 4}}),
	"pool nearest":          plain(layers.Upsample2D{By: pair{2, 3}}),
	"pool bilinear":         plain(layers.Upsample2D{By: pair{3, 2}, Interpolation: graph.Bilinear}),
	"pool 1d max":           plain(layers.MaxPool1D{Size: 2}),
	"pool 1d average":       plain(layers.AveragePool1D{Size: 3, Stride: 1}),
}

func plain(l layers.Layer) func([]graph.Weight) layers.Layer {
	return func([]graph.Weight) layers.Layer { return l }
}

func TestImageLayers(t *testing.T) {
	var cases []graphtest.Case
	add := func(name string, l layers.Layer, in func(int) []*tensor.Dense, out func(int) graph.Shape, params int) {
		cases = append(cases, both(graphtest.Case{Name: name, Inputs: in, Shape: out, Params: params}, l)...)
	}
	image := logits(5, 6, 4)
	add("Conv2D", layers.Conv2D{Filters: 3, Size: pair{3, 2}, Activation: layers.Tanh}, image, shape(3, 5, 3), 75)
	add("Conv2D same", layers.Conv2D{Filters: 2, Size: pair{3, 3}, Stride: pair{2, 2}, Padding: layers.Same, NoBias: true}, image, shape(3, 3, 2), 72)
	add("Conv2D pointwise", layers.Conv2D{Filters: 3, Size: pair{1, 1}, Activation: layers.Gelu}, image, shape(5, 6, 3), 15)
	add("Conv2D groups", layers.Conv2D{Filters: 4, Size: pair{2, 2}, Dilation: pair{2, 1}, Groups: 2}, image, shape(3, 5, 4), 36)
	add("DepthwiseConv2D", layers.DepthwiseConv2D{Size: pair{3, 3}, Padding: layers.Pad(2), Activation: layers.Sigmoid}, image, shape(7, 8, 4), 40)
	add("Conv1D", layers.Conv1D{Filters: 3, Size: 2, Padding: layers.Causal}, logits(6, 4), shape(6, 3), 27)
	add("Conv2DTranspose", layers.Conv2DTranspose{Filters: 3, Size: pair{2, 2}, Stride: pair{2, 2}, Padding: layers.Same, Activation: layers.Tanh},
		image, shape(10, 12, 3), 51)
	add("MaxPool2D", layers.MaxPool2D{Size: pair{2, 2}}, image, shape(2, 3, 4), 0)
	add("MaxPool2D same", layers.MaxPool2D{Size: pair{3, 3}, Stride: pair{2, 2}, Padding: layers.Same}, image, shape(3, 3, 4), 0)
	add("AveragePool2D", layers.AveragePool2D{Size: pair{3, 2}, Stride: pair{1, 1}, Padding: layers.Pad(1)}, image, shape(5, 7, 4), 0)
	add("MaxPool1D", layers.MaxPool1D{Size: 3}, logits(7, 3), shape(2, 3), 0)
	add("AveragePool1D", layers.AveragePool1D{Size: 3, Stride: 2, Padding: layers.Same}, logits(7, 3), shape(4, 3), 0)
	add("GlobalMaxPool", layers.GlobalMaxPool{}, image, shape(4), 0)
	add("GlobalAveragePool", layers.GlobalAveragePool{}, image, shape(4), 0)
	add("AdaptiveAveragePool2D", layers.AdaptiveAveragePool2D{Size: pair{2, 4}}, image, shape(2, 4, 4), 0)
	add("AdaptiveMaxPool2D", layers.AdaptiveMaxPool2D{Size: pair{3, 4}}, image, shape(3, 4, 4), 0)
	add("Upsample2D", layers.Upsample2D{By: pair{2, 3}}, image, shape(10, 18, 4), 0)
	add("Upsample2D bilinear", layers.Upsample2D{By: pair{2, 3}, Interpolation: graph.Bilinear}, image, shape(10, 18, 4), 0)
	graphtest.Run(t, cases...)
}

func TestWrongImagesAreRejected(t *testing.T) {
	for _, c := range []struct {
		name  string
		layer layers.Layer
		shape []int
		want  string
	}{
		{"rank", layers.Conv2D{Filters: 3, Size: pair{3, 3}}, []int{2, 8, 8}, "want (batch, height, width, channels)"},
		{"filters", layers.Conv2D{Size: pair{3, 3}}, []int{2, 8, 8, 3}, "0 filters"},
		{"size", layers.Conv2D{Filters: 3}, []int{2, 8, 8, 3}, "kernels of [0 0]"},
		{"groups", layers.Conv2D{Filters: 3, Size: pair{3, 3}, Groups: 2}, []int{2, 8, 8, 3}, "2 groups"},
		{"negative groups", layers.Conv2D{Filters: 3, Size: pair{3, 3}, Groups: -1}, []int{2, 8, 8, 3}, "-1 groups"},
		{"too small", layers.Conv2D{Filters: 3, Size: pair{3, 3}}, []int{2, 2, 8, 3}, "does not fit into (2,2,8,3) with padding none"},
		{"stride", layers.Conv2D{Filters: 3, Size: pair{3, 3}, Stride: pair{-1, 1}}, []int{2, 8, 8, 3}, "stride [-1 1]"},
		{"border", layers.Conv2D{Filters: 3, Size: pair{3, 3}, Padding: layers.Pad(-1)}, []int{2, 8, 8, 3}, "border is negative"},
		{"two paddings", layers.Conv2D{Filters: 3, Size: pair{3, 3}, Padding: layers.Padding{Same: true, Top: 1}}, []int{2, 8, 8, 3}, "padding Same, top 1: choose one"},
		{"causal images", layers.Conv2D{Filters: 3, Size: pair{3, 3}, Padding: layers.Causal}, []int{2, 8, 8, 3}, "one axis"},
		{"sequence rank", layers.Conv1D{Filters: 3, Size: 3}, []int{2, 8, 8, 3}, "want (batch, steps, channels)"},
		{"sequence border", layers.Conv1D{Filters: 3, Size: 3, Padding: layers.Pad(1)}, []int{2, 8, 3}, "Left and Right only"},
		{"pool of nothing", layers.MaxPool2D{}, []int{2, 8, 8, 3}, "window [0 0]"},
		{"pool of the border", layers.MaxPool2D{Size: pair{2, 2}, Padding: layers.Pad(2)}, []int{2, 8, 8, 3}, "see nothing"},
		{"global", layers.GlobalAveragePool{}, []int{2, 8}, "with an axis between"},
		{"adaptive", layers.AdaptiveMaxPool2D{}, []int{2, 8, 8, 3}, "0 x 0 regions"},
		{"upsample", layers.Upsample2D{By: pair{0, 1}}, []int{2, 8, 8, 3}, "factors [0 1]"},
		{"transposed extra", layers.Conv2DTranspose{Filters: 3, Size: pair{3, 3}, Extra: pair{1, 0}}, []int{2, 8, 8, 3}, "extra [1 0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
			c.layer.Build(b.Scope("3.Layer"), b.Input("x", c.shape...))
			if err := b.Err(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "3.Layer") {
				t.Errorf("error %v, want one at 3.Layer with %q", err, c.want)
			}
		})
	}
}
