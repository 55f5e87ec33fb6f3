// Package layers holds the parts that networks are made of. A layer is
// configuration: a struct whose zero value works where that makes sense, and a
// method that adds the layer's operations to a graph. A layer of one's own needs
// that one method:
//
//	type Scaled struct{ By float64 }
//
//	func (s Scaled) Build(b *graph.Builder, x *graph.Node) *graph.Node { return b.Scale(x, s.By) }
package layers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/regularize"
)

// Layer adds operations to a graph. The first axis of x is the batch.
type Layer interface {
	Build(b *graph.Builder, x *graph.Node) *graph.Node
}

// Func makes a function a Layer. A model with it cannot be saved.
type Func func(b *graph.Builder, x *graph.Node) *graph.Node

// Build calls f.
func (f Func) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if f == nil {
		return b.Fail("the function is nil")
	}
	return f(b, x)
}

// Joiner adds operations on several values to a graph.
type Joiner interface {
	Join(b *graph.Builder, xs []*graph.Node) *graph.Node
}

// JoinFunc makes a function a Joiner. A model with it cannot be saved.
type JoinFunc func(b *graph.Builder, xs []*graph.Node) *graph.Node

// Join calls f.
func (f JoinFunc) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	if f == nil {
		return b.Fail("the function is nil")
	}
	return f(b, xs)
}

// Activation is an element-wise function; it is a layer, too.
type Activation = graph.Activation

// The activations; formulas and sources are at graph.Builder's methods.
var (
	Identity    = graph.Identity
	Relu        = graph.Relu
	Elu         = graph.Elu
	Selu        = graph.Selu
	Sigmoid     = graph.Sigmoid
	Tanh        = graph.Tanh
	Softplus    = graph.Softplus
	Softsign    = graph.Softsign
	Gelu        = graph.Gelu
	GeluTanh    = graph.GeluTanh
	Silu        = graph.Silu
	Mish        = graph.Mish
	HardSigmoid = graph.HardSigmoid
	HardSwish   = graph.HardSwish
	Relu6       = graph.Relu6
)

// LeakyRelu is x where x > 0 and alpha·x elsewhere.
func LeakyRelu(alpha float64) Activation { return graph.LeakyRelu(alpha) }

// Dropout is regularize.Dropout.
type Dropout = regularize.Dropout

// Name returns what a layer is called in paths: its type, or its name if it is Named.
func Name(layer any) string {
	if n, ok := layer.(Named); ok && n.Name != "" {
		return n.Name
	}
	kind := describe.Kind(layer)
	return kind[strings.LastIndexByte(kind, '.')+1:]
}

// Named gives a layer a name in paths, so "encoder" instead of "2.Dense".
type Named struct {
	Name  string
	Layer Layer
}

// Build builds the layer.
func (n Named) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if n.Layer == nil {
		return b.Fail("the layer is nil")
	}
	return n.Layer.Build(b, x)
}

// scopeOf is the path element of layer i of a list.
func scopeOf(i int, l Layer) string {
	if n, ok := l.(Named); ok && n.Name != "" {
		return n.Name
	}
	return fmt.Sprintf("%d.%s", i, Name(l))
}

// Stack applies layers one after another, each in a scope "index.Type".
type Stack []Layer

// Build implements Layer.
func (s Stack) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	for i, l := range s {
		if l == nil {
			return b.Fail("layer %d is nil", i)
		}
		if b.Err() != nil {
			return nil
		}
		at := b.Scope(scopeOf(i, l))
		x = at.Expose("", l.Build(at, x))
	}
	return x
}

// Residual computes x + Body(x). He et al. (2015), arXiv:1512.03385. With
// Shortcut, x passes through it first, for a body that changes the shape.
type Residual struct {
	Body     Layer
	Shortcut Layer // nil: identity
}

// Build implements Layer.
func (r Residual) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if r.Body == nil {
		return b.Fail("the body of a residual block is nil")
	}
	at := b.Scope("body")
	y := at.Expose("", r.Body.Build(at, x))
	if r.Shortcut != nil {
		at = b.Scope("shortcut")
		x = at.Expose("", r.Shortcut.Build(at, x))
	}
	if b.Err() == nil && !slices.Equal(b.Shape(x), b.Shape(y)) {
		return b.Fail("the body turns %v into %v; a shortcut has to do the same", b.Shape(x), b.Shape(y))
	}
	return b.Add(x, y)
}

// Concat joins values along Axis; 0, which is the batch, stands for the last axis.
type Concat struct{ Axis int }

// Join implements Joiner.
func (c Concat) Join(b *graph.Builder, xs []*graph.Node) *graph.Node {
	axis := c.Axis
	if axis == 0 {
		axis = -1
	}
	return b.Concat(axis, xs...)
}

// Add joins values of one shape by their sum.
type Add struct{}

// Join implements Joiner.
func (Add) Join(b *graph.Builder, xs []*graph.Node) *graph.Node { return fold(b, xs, b.Add) }

// Multiply joins values of one shape by their product.
type Multiply struct{}

// Join implements Joiner.
func (Multiply) Join(b *graph.Builder, xs []*graph.Node) *graph.Node { return fold(b, xs, b.Mul) }

func fold(b *graph.Builder, xs []*graph.Node, f func(x, y *graph.Node) *graph.Node) *graph.Node {
	if len(xs) == 0 {
		return b.Fail("nothing to join")
	}
	y := xs[0]
	for i, x := range xs[1:] {
		if b.Err() == nil && !slices.Equal(b.Shape(x), b.Shape(y)) {
			return b.Fail("value %d has shape %v, the first %v", i+1, b.Shape(x), b.Shape(y))
		}
		y = f(y, x)
	}
	return y
}

func init() {
	builtin.Register(Named{}, Stack{}, Residual{}, LoRA{}, Frozen{}, Concat{}, Add{}, Multiply{}, Dense{}, Flatten{}, Reshape{}, Slice{}, Affine{}, Sinh{}, Softmax{},
		BatchNorm{}, LayerNorm{}, Embedding{}, Conv1D{}, Conv2D{}, DepthwiseConv2D{}, Conv2DTranspose{}, MaxPool1D{}, MaxPool2D{},
		AveragePool1D{}, AveragePool2D{}, GlobalMaxPool{}, GlobalAveragePool{}, MaskSteps{}, AdaptiveAveragePool2D{}, AdaptiveMaxPool2D{}, Upsample2D{},
		SimpleRNN{}, LSTM{}, GRU{}, ForgetBias{}, RMSNorm{}, GatedLinear{}, FeedForward{}, PositionEmbedding{}, SinusoidalPositions{},
		MultiHeadAttention{}, TransformerEncoder{}, TransformerDecoder{}, AdditiveAttention{}, DotAttention{}, TiedOutput{}, L2Norm{}, FirstSteps{},
		GroupNorm{}, LayerScale{}, SqueezeExcite{}, PadFeatures{}, ClassToken{})
}
