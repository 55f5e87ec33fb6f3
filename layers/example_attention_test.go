package layers_test

import (
	"fmt"
	"log"

	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// describeModel prints the shape of a model's output and the number of its trained values.
func describeModel(inputs []*models.Tensor, output *models.Tensor) {
	m, err := models.New(models.Config{}, inputs, []*models.Tensor{output})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.OutputShapes(), m.Summary().Trained)
}

// Self-attention of padded sequences, whose lengths leave the padding out.
func ExampleMultiHeadAttention() {
	x := models.Sequence("signal", 16)
	y := models.Join(layers.MultiHeadAttention{Heads: 4}, x, x.Lengths())
	describeModel([]*models.Tensor{x}, models.Join(layers.GlobalAveragePool{}, y, x.Lengths()))
	// Output: [(16)] 1088
}

// Two heads of keys serve eight of queries, no step sees a later one, and positions are turned
// into queries and keys.
func ExampleMultiHeadAttention_grouped() {
	x := models.Input("steps", 50, 64)
	describeModel([]*models.Tensor{x}, x.Then(layers.MultiHeadAttention{Heads: 8, KVHeads: 2, Causal: true, Rotary: true, NoBias: true}))
	// Output: [(50, 64)] 10240
}

// A classifier of texts: tokens and their positions, two blocks, the mean over the steps.
func ExampleTransformerEncoder() {
	tokens := models.SequenceInt("tokens")
	x := tokens.Then(layers.Embedding{Size: 1000, Dim: 32}, layers.PositionEmbedding{Steps: 256})
	x = models.Join(layers.TransformerEncoder{Depth: 2, Attention: layers.MultiHeadAttention{Heads: 4}, Dropout: 0.1}, x, tokens.Lengths())
	describeModel([]*models.Tensor{tokens}, models.Join(layers.GlobalAveragePool{}, x, tokens.Lengths()).Then(layers.Dense{Units: 2}))
	// Output: [(2)] 65730
}

// A language model as Llama has it: rotary positions, RMSNorm, SwiGLU, no biases.
func ExampleTransformerEncoder_causal() {
	tokens := models.InputInt("tokens", 64)
	describeModel([]*models.Tensor{tokens}, tokens.Then(
		layers.Named{Name: "embed", Layer: layers.Embedding{Size: 1000, Dim: 32}},
		layers.TransformerEncoder{
			Depth:     2,
			Attention: layers.MultiHeadAttention{Heads: 4, KVHeads: 2, Causal: true, Rotary: true, NoBias: true},
			Hidden:    layers.FeedForward{Gated: true, Activation: layers.Silu, NoBias: true},
			Norm:      layers.RMSNorm{},
		},
		layers.TiedOutput{Embedding: "embed", NoBias: true},
	))
	// Output: [(64, 1000)] 55200
}

// A translation: the decoder attends to what the encoder makes of the source.
func ExampleTransformerDecoder() {
	source, target := models.SequenceInt("source"), models.InputInt("target", 20)
	attention := layers.MultiHeadAttention{Heads: 4}
	memory := models.Join(layers.TransformerEncoder{Attention: attention}, source.Then(layers.Embedding{Size: 500, Dim: 32}, layers.SinusoidalPositions{}), source.Lengths())
	y := models.Join(layers.TransformerDecoder{Attention: attention}, target.Then(layers.Embedding{Size: 700, Dim: 32}, layers.SinusoidalPositions{}), memory, source.Lengths())
	describeModel([]*models.Tensor{source, target}, y.Then(layers.Dense{Units: 700}))
	// Output: [(20, 700)] 91324
}

// SwiGLU: the gate's function is Silu.
func ExampleGatedLinear() {
	x := models.Input("x", 8)
	describeModel([]*models.Tensor{x}, x.Then(layers.GatedLinear{Units: 16, Activation: layers.Silu, NoBias: true}))
	// Output: [(16)] 256
}

// The hidden layer is four times as wide as its input.
func ExampleFeedForward() {
	x := models.Input("steps", 10, 8)
	describeModel([]*models.Tensor{x}, x.Then(layers.FeedForward{Dropout: 0.1}))
	// Output: [(10, 8)] 552
}

// A scale for every feature is trained; there is no shift.
func ExampleRMSNorm() {
	x := models.Input("x", 8)
	describeModel([]*models.Tensor{x}, x.Then(layers.RMSNorm{}))
	// Output: [(8)] 8
}

// Sequences of up to 100 steps; these have 30.
func ExamplePositionEmbedding() {
	x := models.Input("steps", 30, 8)
	describeModel([]*models.Tensor{x}, x.Then(layers.PositionEmbedding{Steps: 100}))
	// Output: [(30, 8)] 800
}

// Positions without parameters.
func ExampleSinusoidalPositions() {
	x := models.Input("steps", 30, 8)
	describeModel([]*models.Tensor{x}, x.Then(layers.SinusoidalPositions{}))
	// Output: [(30, 8)] 0
}

// The states of an LSTM, weighted by how they fit its last one.
func ExampleAdditiveAttention() {
	x := models.Sequence("signal", 3)
	states := models.Join(layers.LSTM{Units: 8, Sequence: true}, x, x.Lengths())
	describeModel([]*models.Tensor{x}, models.Join(layers.AdditiveAttention{Units: 16}, states, states.Part("state"), x.Lengths()))
	// Output: [(8)] 672
}

// The same by products, which need no parameters.
func ExampleDotAttention() {
	x := models.Sequence("signal", 3)
	states := models.Join(layers.LSTM{Units: 8, Sequence: true}, x, x.Lengths())
	describeModel([]*models.Tensor{x}, models.Join(layers.DotAttention{}, states, states.Part("state"), x.Lengths()))
	// Output: [(8)] 384
}

// Logits of the next token by the table that tokens are looked up in.
func ExampleTiedOutput() {
	tokens := models.InputInt("tokens", 12)
	describeModel([]*models.Tensor{tokens}, tokens.Then(
		layers.Named{Name: "embed", Layer: layers.Embedding{Size: 100, Dim: 8}},
		layers.GRU{Units: 8, Sequence: true},
		layers.TiedOutput{Embedding: "embed"},
	))
	// Output: [(12, 100)] 1316
}
