package layers

import "github.com/seed732fc211/aegis/graph"

// LoRA is Layer with its parameters left as they are, and a trained product of low rank added to each
// of its matrices: W + Alpha/Rank·A·B. Hu et al. (2021), arXiv:2106.09685. At first B is zero and
// nothing is changed. It adapts a large network, whose weights models.Model.CopyWeights brings, with few
// numbers.
//
// Shapes are those of Layer; of W (in, out), A is (in, Rank) and B (Rank, out), in its scope as
// "kernel_lora_a" and "kernel_lora_b" if it is "kernel". Paths are those that Layer has without LoRA.
// Running statistics, as of a BatchNorm, still follow the batches.
type LoRA struct {
	Layer  Layer
	Rank   int      // 0: 8; at most the smaller side of each matrix
	Alpha  float64  // 0: 2·Rank
	Scopes []string // only matrices within scopes of these names, such as "query" and "value"; nil: all
}

// Build implements Layer.
func (l LoRA) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if l.Layer == nil {
		return b.Fail("the layer is nil")
	}
	return b.Adapted(graph.LowRank{Rank: l.Rank, Alpha: l.Alpha, Scopes: l.Scopes}, func(b *graph.Builder) *graph.Node {
		return l.Layer.Build(b, x)
	})
}

// Frozen is Layer with parameters that are not trained; noise and running statistics are as in Layer.
type Frozen struct{ Layer Layer }

// Build implements Layer.
func (f Frozen) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if f.Layer == nil {
		return b.Fail("the layer is nil")
	}
	return f.Layer.Build(b.Frozen(), x)
}
