package layers_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// Four units on three features: 3·4 weights and 4 biases.
func ExampleDense() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 3), layers.Dense{Units: 4, Activation: layers.Relu})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(4)] 16
}

// Eight 3x3 kernels on greyscale images; the border keeps the images' size.
func ExampleConv2D() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 28, 28, 1), layers.Conv2D{Filters: 8, Size: [2]int{3, 3}, Padding: layers.Same})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(28, 28, 8)] 80
}

// Four groups, each of which sees a quarter of the channels.
func ExampleConv2D_grouped() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 14, 14, 16), layers.Conv2D{Filters: 32, Size: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: layers.Pad(1), Groups: 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(7, 7, 32)] 1184
}

// A causal convolution with gaps: no step sees a later one.
func ExampleConv1D() {
	m, err := models.Sequential(models.Config{}, models.Input("series", 100, 2), layers.Conv1D{Filters: 4, Size: 3, Dilation: 4, Padding: layers.Causal})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(100, 4)] 28
}

// Images of twice the size.
func ExampleConv2DTranspose() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 7, 7, 8), layers.Conv2DTranspose{Filters: 4, Size: [2]int{2, 2}, Stride: [2]int{2, 2}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(14, 14, 4)] 132
}

// A separable convolution: channels one by one, then all of them at every pixel.
func ExampleDepthwiseConv2D() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 14, 14, 16), layers.DepthwiseConv2D{Size: [2]int{3, 3}, Padding: layers.Same}, layers.Conv2D{Filters: 32, Size: [2]int{1, 1}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(14, 14, 32)] 704
}

// Scale and shift of three features are trained; the running mean and variance are not.
func ExampleBatchNorm() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 3), layers.BatchNorm{Momentum: 0.99})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(3)] 6
}

// Every step of a sequence is normalised by itself.
func ExampleLayerNorm() {
	m, err := models.Sequential(models.Config{}, models.Input("steps", 10, 8), layers.LayerNorm{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(10, 8)] 16
}

// A vector of length 10; the scale is learned on from there.
func ExampleL2Norm() {
	m, err := models.Sequential(models.Config{}, models.Input("vector", 2), layers.L2Norm{Scale: 10, Learned: true})
	if err != nil {
		log.Fatal(err)
	}
	y, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{3, -4})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", y[0].Data())
	// Output: [6.000 -8.000]
}

// Short questions are padded as the answers beside them are, which the mean need not see.
func ExampleFirstSteps() {
	x := models.SequenceInt("question")
	y := x.Then(layers.FirstSteps{Steps: 32}, layers.Embedding{Size: 100, Dim: 8})
	m, err := models.New(models.Config{}, []*models.Tensor{x}, []*models.Tensor{models.Join(layers.GlobalAveragePool{}, y, x.Lengths())})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8)] 800
}

// The largest value of every 2x2 window.
func ExampleMaxPool2D() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 28, 28, 8), layers.MaxPool2D{Size: [2]int{2, 2}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(14, 14, 8)] 0
}

// Overlapping windows.
func ExampleAveragePool2D() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 28, 28, 8), layers.AveragePool2D{Size: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: layers.Pad(1)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(14, 14, 8)] 0
}

// The largest value of every four steps.
func ExampleMaxPool1D() {
	m, err := models.Sequential(models.Config{}, models.Input("series", 100, 2), layers.MaxPool1D{Size: 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(25, 2)] 0
}

// A moving average of five steps.
func ExampleAveragePool1D() {
	m, err := models.Sequential(models.Config{}, models.Input("series", 100, 2), layers.AveragePool1D{Size: 5, Stride: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(96, 2)] 0
}

// The largest value of every channel.
func ExampleGlobalMaxPool() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 7, 7, 32), layers.GlobalMaxPool{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(32)] 0
}

// A convolution that does not see what pads sequences of different lengths.
func ExampleMaskSteps() {
	x := models.Sequence("signal", 3)
	y := models.Join(layers.MaskSteps{}, x, x.Lengths()).Then(layers.Conv1D{Filters: 4, Size: 5, Padding: layers.Same})
	m, err := models.New(models.Config{}, []*models.Tensor{x}, []*models.Tensor{models.Join(layers.GlobalMaxPool{}, y, x.Lengths())})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(4)] 64
}

// One number for every channel, in place of Flatten.
func ExampleGlobalAveragePool() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 7, 7, 32), layers.GlobalAveragePool{}, layers.Dense{Units: 10})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(10)] 330
}

// Images of any size become 2x2.
func ExampleAdaptiveAveragePool2D() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 13, 17, 8), layers.AdaptiveAveragePool2D{Size: [2]int{2, 2}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(2, 2, 8)] 0
}

// Images of any size become 2x2.
func ExampleAdaptiveMaxPool2D() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 13, 17, 8), layers.AdaptiveMaxPool2D{Size: [2]int{2, 2}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(2, 2, 8)] 0
}

// Three times as high, twice as wide, interpolated.
func ExampleUpsample2D() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 7, 7, 8), layers.Upsample2D{By: [2]int{3, 2}, Interpolation: graph.Bilinear})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(21, 14, 8)] 0
}

// A vector of eight numbers for each of a thousand words; with Sparse, a step costs as the words of its batch.
func ExampleEmbedding() {
	m, err := models.Sequential(models.Config{}, models.InputInt("words", 20), layers.Embedding{Size: 1000, Dim: 8, Sparse: true}, layers.GlobalAveragePool{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8)] 8000
}

// Images as rows of features.
func ExampleFlatten() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 7, 7, 32), layers.Flatten{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(1568)] 0
}

// Rows of features as images; the last size follows from the others.
func ExampleReshape() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 48), layers.Reshape{Shape: []int{4, 4, -1}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(4, 4, 3)] 0
}

// Columns 2 and 3 of a table.
func ExampleSlice() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 5), layers.Slice{From: 2, To: 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(2)] 0
}

// The shortcut brings x to the width of the body.
func ExampleResidual() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 3), layers.Residual{Body: layers.Stack{layers.Dense{Units: 8, Activation: layers.Relu}, layers.Dense{Units: 8}}, Shortcut: layers.Dense{Units: 8, NoBias: true}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8)] 128
}

// The last state of a sequence of any length.
func ExampleSimpleRNN() {
	m, err := models.Sequential(models.Config{}, models.Input("steps", 12, 3), layers.SimpleRNN{Units: 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(4)] 32
}

// Two networks, one on the other, each in both directions: all states.
func ExampleLSTM() {
	m, err := models.Sequential(models.Config{}, models.Input("steps", 12, 3), layers.LSTM{Units: 4, Depth: 2, Bidirectional: true, Sequence: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(12, 8)] 672
}

// A sequence becomes one vector, a class follows from it.
func ExampleGRU() {
	m, err := models.Sequential(models.Config{}, models.Input("steps", 12, 3), layers.GRU{Units: 4}, layers.Dense{Units: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(2)] 110
}

// Softmax at the end of a model that was trained with logits.
func ExampleSoftmax() {
	m, err := models.Sequential(models.Config{}, models.Input("logits", 2), layers.Softmax{})
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{0, 0})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Data())
	// Output: [0.5 0.5]
}

// A regression learned in hundreds of dollars, whose model predicts dollars.
func ExampleAffine() {
	m, err := models.Sequential(models.Config{}, models.Input("hundreds", 1), layers.Affine{Scale: 100, Shift: 5})
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float32{1, 2})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Data())
	// Output: [105 205]
}

// The inverse of asinh, which is like a logarithm but takes any sign.
func ExampleSinh() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 1), layers.Sinh{})
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float32{0, float32(math.Asinh(1000))})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.1f\n", out[0].Data())
	// Output: [0.0 1000.0]
}

// The name stands in the paths of parameters.
func ExampleNamed() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 3), layers.Named{Name: "encoder", Layer: layers.Dense{Units: 2}})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range m.Params().All() {
		fmt.Println(p.Path)
	}
	// Output:
	// encoder/kernel
	// encoder/bias
}

// An LSTM that does not forget before it has learned to.
func ExampleForgetBias() {
	m, err := models.Sequential(models.Config{}, models.Input("steps", 12, 3), layers.LSTM{Units: 1, Bias: graph.Weight{Init: layers.ForgetBias{Value: 2}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Params().Get("0.LSTM/bias").Values()) // gates i, f, g, o
	// Output: [0 2 0 0]
}

// Two towers, joined in three ways.
func ExampleJoiner() {
	a, b := models.Input("a", 4), models.Input("b", 4)
	for _, joiner := range []layers.Joiner{layers.Concat{}, layers.Add{}, layers.Multiply{}} {
		m, err := models.New(models.Config{}, []*models.Tensor{a, b}, []*models.Tensor{models.Join(joiner, a, b)})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(layers.Name(joiner), m.OutputShapes())
	}
	// Output:
	// Concat [(8)]
	// Add [(4)]
	// Multiply [(4)]
}

// Leaky ReLU with a slope of 0.2 below 0.
func ExampleLeakyRelu() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 2), layers.LeakyRelu(0.2))
	if err != nil {
		log.Fatal(err)
	}
	out, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{-1, 3})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].Data())
	// Output: [-0.2 3]
}

// Rows of one, three and two steps, padded to three.
func ExampleSequenceMask() {
	b := graph.New(graph.NewParams(graph.Float64, 1), graph.Infer)
	mask := layers.SequenceMask(b, b.InputInt("lengths", 3), 3)
	p, err := graph.Compile(b, mask)
	if err != nil {
		log.Fatal(err)
	}
	if err := p.SetInput("lengths", tensor.New(tensor.WithShape(3), tensor.WithBacking([]int{1, 3, 2}))); err != nil {
		log.Fatal(err)
	}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Floats64(mask))
	// Output: [1 0 0 1 1 1 1 1 0]
}

// A border of one zero: a 3x3 kernel with stride 2 halves the image.
func ExamplePad() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 8, 8, 1), layers.Conv2D{Filters: 4, Size: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: layers.Pad(1)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes())
	// Output: [(4, 4, 4)]
}

func ExampleName() {
	fmt.Println(layers.Name(layers.Dense{Units: 2}), layers.Name(layers.Named{Name: "encoder", Layer: layers.Dense{Units: 2}}))
	// Output: Dense encoder
}

// Layers as one: parameters have paths below that of the Stack.
func ExampleStack() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 3), layers.Stack{layers.Dense{Units: 8, NoBias: true}, layers.Relu, layers.Dense{Units: 2, NoBias: true}})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range m.Params().All() {
		fmt.Println(p.Path, p.Shape())
	}
	// Output:
	// 0.Stack/0.Dense/kernel (3, 8)
	// 0.Stack/2.Dense/kernel (8, 2)
}

// A layer from a function, here one without parameters.
func ExampleFunc() {
	double := layers.Func(func(b *graph.Builder, x *graph.Node) *graph.Node { return b.Scale(x, 2) })
	m, err := models.Sequential(models.Config{}, models.Input("x", 2), double)
	if err != nil {
		log.Fatal(err)
	}
	y, err := m.Predict(context.Background(), tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{3, 4})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y[0].Data())
	// Output: [6 8]
}

// The difference of two inputs.
func ExampleJoinFunc() {
	difference := layers.JoinFunc(func(b *graph.Builder, xs []*graph.Node) *graph.Node { return b.Sub(xs[0], xs[1]) })
	a, c := models.Input("a", 1), models.Input("c", 1)
	m, err := models.New(models.Config{}, []*models.Tensor{a, c}, []*models.Tensor{models.Join(difference, a, c)})
	if err != nil {
		log.Fatal(err)
	}
	one := func(v float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{v}))
	}
	y, err := m.Predict(context.Background(), one(5), one(2))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y[0].Data())
	// Output: [3]
}

// A network whose first layer keeps its weights, and whose second is adapted by matrices of rank 2.
func ExampleLoRA() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 16),
		layers.Frozen{Layer: layers.Dense{Units: 32, Activation: layers.Relu}},
		layers.LoRA{Layer: layers.Dense{Units: 32}, Rank: 2},
		layers.Dense{Units: 1},
	)
	if err != nil {
		log.Fatal(err)
	}
	trained, all := m.Params().Count()
	fmt.Println(all, trained, 2*(32+32)+32+1)
	// Output: 1761 161 161
}

// Four groups of two channels, normalised apart.
func ExampleGroupNorm() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 8, 8, 8), layers.GroupNorm{Groups: 4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8, 8, 8)] 16
}

// A residual block that begins as the identity, almost.
func ExampleLayerScale() {
	m, err := models.Sequential(models.Config{}, models.Input("x", 4), layers.Residual{Body: layers.Stack{layers.Dense{Units: 4, Activation: layers.Gelu}, layers.LayerScale{}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(4)] 24
}

// The means of eight channels, two units, eight weights.
func ExampleSqueezeExcite() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 8, 8, 8), layers.SqueezeExcite{Units: 2, Activation: layers.Silu})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8, 8, 8)] 42
}

// Two zeros before and two after the four features.
func ExamplePadFeatures() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 8, 8, 4), layers.PadFeatures{Before: 2, After: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(8, 8, 8)] 0
}

// Patches of 4x4 pixels as 16 steps, and a step for the class before them.
func ExampleClassToken() {
	m, err := models.Sequential(models.Config{}, models.Input("image", 16, 16, 3), layers.Conv2D{Filters: 6, Size: [2]int{4, 4}, Stride: [2]int{4, 4}}, layers.Reshape{Shape: []int{-1, 6}}, layers.ClassToken{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
	// Output: [(17, 6)] 300
}
