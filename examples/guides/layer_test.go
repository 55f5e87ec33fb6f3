package guides_test

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

// GLU is a gated linear unit, y = (x·W + b) ⊙ σ(x·V + c). Dauphin et al. (2017),
// arXiv:1612.08083.
//
// Shapes: x (batch, in), W "kernel" and V "gate_kernel" (in, Units), b "bias" and
// c "gate_bias" (Units), y (batch, Units).
type GLU struct {
	Units  int
	Kernel graph.Weight // zero value: Glorot uniform, no penalty
}

// Build implements layers.Layer.
func (g GLU) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	if g.Units < 1 {
		return b.Fail("%d units: want at least 1", g.Units)
	}
	zeros := graph.Weight{Init: graph.Zeros{}}
	shape, bias := graph.Shape{b.Dim(x, -1), g.Units}, graph.Shape{g.Units}
	value := b.Dense(x, b.Param("kernel", shape, g.Kernel), b.Param("bias", bias, zeros), graph.Identity)
	gate := b.Dense(x, b.Param("gate_kernel", shape, g.Kernel), b.Param("gate_bias", bias, zeros), graph.Sigmoid)
	return b.Mul(value, b.Expose("gate", gate))
}

func init() {
	if err := describe.Register("guides.", GLU{}); err != nil {
		log.Fatal(err)
	}
}

func Example_layer() {
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 4), GLU{Units: 3}, layers.Dense{Units: 1})
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(os.TempDir(), "glu.safetensors")
	defer os.Remove(path)
	if err := m.Save(path); err != nil {
		log.Fatal(err)
	}
	again, err := models.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range again.Summary().Rows {
		fmt.Println(r.Layer, r.Shape, r.Parameters)
	}
	_, err = models.Sequential(models.Config{}, models.Input("x", 4), GLU{})
	fmt.Println(err)
	// Output:
	// x (4) 0
	// 0.GLU (3) 30
	// 1.Dense (1) 4
	// models: graph: 0.GLU: 0 units: want at least 1
}

func TestGLU(t *testing.T) {
	graphtest.Run(t, graphtest.Case{
		Name:   "GLU",
		Inputs: func(n int) []*tensor.Dense { return []*tensor.Dense{graphtest.Logits(1, n, 4)} },
		Shape:  func(n int) graph.Shape { return graph.Shape{n, 3} },
		Params: 2 * (4*3 + 3),
		Build:  func(b *graph.Builder, in []*graph.Node) *graph.Node { return GLU{Units: 3}.Build(b, in[0]) },
	})
	text, err := describe.Marshal(GLU{Units: 3})
	if want := `{"kind":"guides.GLU","config":{"Units":3}}`; err != nil || !bytes.Equal(text, []byte(want)) {
		t.Errorf("described as %s (%v), want %s", text, err, want)
	}
}
