package layers

import "github.com/seed732fc211/aegis/graph"

// SqueezeExcite weighs channels by what their means over the image say:
// y = x ⊙ gate(act(mean(x)·W₁ + b₁)·W₂ + b₂). Hu et al. (2018), arXiv:1709.01507.
//
// Shapes: x (batch, ..., channels), "kernel" and "bias" (channels, Units) and (Units) in scope
// "squeeze", (Units, channels) and (channels) in scope "excite", y as x.
type SqueezeExcite struct {
	Units      int          // between the two layers; 0: a 16th of the channels, at least 1
	Activation Activation   // zero value: Relu
	Gate       Activation   // zero value: Sigmoid
	Kernel     graph.Weight // of both layers; zero value: Glorot uniform, no penalty
	Bias       graph.Weight // zero value: zeros
}

// Build implements Layer.
func (e SqueezeExcite) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	mean := GlobalAveragePool{}.Build(b, x)
	if b.Err() != nil {
		return nil
	}
	s := b.Shape(x)
	channels := s[len(s)-1]
	if e.Units == 0 {
		e.Units = max(1, channels/16)
	}
	if e.Activation == Identity {
		e.Activation = Relu
	}
	if e.Gate == Identity {
		e.Gate = Sigmoid
	}
	y := Dense{Units: e.Units, Activation: e.Activation, Kernel: e.Kernel, Bias: e.Bias}.Build(b.Scope("squeeze"), mean)
	y = Dense{Units: channels, Activation: e.Gate, Kernel: e.Kernel, Bias: e.Bias}.Build(b.Scope("excite"), y)
	return b.Mul(x, b.KeepDims(y, x, between(s)...))
}

// between returns the axes between the batch and the channels.
func between(s graph.Shape) []int {
	axes := make([]int, len(s)-2)
	for i := range axes {
		axes[i] = i + 1
	}
	return axes
}
