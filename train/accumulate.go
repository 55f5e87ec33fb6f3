package train

import (
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// accumulator sums the gradients of the batches of one step, weighted by their rows.
type accumulator struct {
	of      int // batches per step
	batches int // added so far
	weight  float64
	grads   []gorgonia.Value // the sums; mean turns them into means
	f32     [][]float32      // their backing memory
	f64     [][]float64
}

func newAccumulator(of int, params []*graph.Param) *accumulator {
	if of == 1 {
		return nil
	}
	a := &accumulator{of: of}
	for _, p := range params {
		g := tensor.New(tensor.Of(dtypeOf(p)), tensor.WithShape(p.Shape()...))
		a.grads = append(a.grads, g)
		f32, f64 := floatsOf(g)
		a.f32, a.f64 = append(a.f32, f32), append(a.f64, f64)
	}
	return a
}

func dtypeOf(p *graph.Param) graph.Dtype {
	if p.Floats32() != nil {
		return graph.Float32
	}
	return graph.Float64
}

// floatsOf returns the backing memory of a value; the slice of the other type is nil.
func floatsOf(v gorgonia.Value) (f32 []float32, f64 []float64) {
	f32, _ = v.Data().([]float32)
	f64, _ = v.Data().([]float64)
	return f32, f64
}

func (a *accumulator) reset() {
	if a != nil {
		a.batches, a.weight = 0, 0
	}
}

// add adds the gradients of a batch. A batch of weight 0 has gradients 0/0 and is skipped.
func (a *accumulator) add(p *bound, weight float64) {
	a.batches++
	if weight == 0 {
		return
	}
	for i := range a.grads {
		addScaled(a.f32[i], p.g32[i], float32(weight), a.weight == 0)
		addScaled(a.f64[i], p.g64[i], weight, a.weight == 0)
	}
	a.weight += weight
}

func addScaled[T float32 | float64](dst, src []T, by T, first bool) {
	if first {
		kernel.Axpb(dst, by, src, 0)
		return
	}
	for i, v := range src {
		dst[i] += T(by * v)
	}
}

// mean turns the sums into means.
func (a *accumulator) mean() {
	for i := range a.grads {
		kernel.Axpb(a.f32[i], float32(1/a.weight), a.f32[i], 0)
		kernel.Axpb(a.f64[i], 1/a.weight, a.f64[i], 0)
	}
}
