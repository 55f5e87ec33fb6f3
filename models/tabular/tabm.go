package tabular

import (
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
)

// BatchEnsemble applies one dense layer in Members variants that share its kernel:
// member k computes y = act(((x∘r_k)·W)∘s_k + b_k). Wen, Tran & Ba (2020),
// arXiv:2002.06715, eq. 5.
//
// Shapes: x (batch, in), the same for all members, or (batch, Members, in);
// W "kernel" (in, Units), r "input_scale" (Members, in), s "output_scale" and
// b "bias" (Members, Units); y (batch, Members, Units).
type BatchEnsemble struct {
	Units      int
	Members    int
	Activation layers.Activation
	First      bool // r is random signs at first, as in the first layer of TabM; else 1
}

// Build implements layers.Layer.
func (e BatchEnsemble) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	s := b.Shape(x)
	if b.Err() != nil {
		return nil
	}
	if e.Units < 1 || e.Members < 1 || len(s) != 2 && (len(s) != 3 || s[1] != e.Members) {
		return b.Fail("%d units, %d members, input %v: want at least 1 of each and (batch, in) or (batch, %d, in)", e.Units, e.Members, s, e.Members)
	}
	batch, in := s[0], s[len(s)-1]
	limit := 1 / math.Sqrt(float64(in))
	within := graph.Weight{Init: graph.Uniform{Low: -limit, High: limit}}
	var scale graph.Initializer = graph.Ones{}
	if e.First {
		scale = RandomSigns{}
	}
	w := b.Param("kernel", graph.Shape{in, e.Units}, within)
	r := b.Param("input_scale", graph.Shape{e.Members, in}, graph.Weight{Init: scale})
	out := b.Param("output_scale", graph.Shape{e.Members, e.Units}, graph.Weight{Init: graph.Ones{}})
	bias := b.Param("bias", graph.Shape{e.Members, e.Units}, graph.Weight{Init: sameForAll{limit}})
	if len(s) == 2 {
		x = b.Reshape(x, batch, 1, in)
	}
	y := b.MatMul(b.Reshape(b.Mul(x, r), batch*e.Members, in), w)
	y = b.Add(b.Mul(b.Reshape(y, batch, e.Members, e.Units), out), bias)
	return b.Activate(y, e.Activation)
}

// EnsembleDense applies a dense layer of its own to every member, and puts the
// results side by side.
//
// Shapes: x (batch, Members, in), "kernel" (Members, in, Units), "bias" (Members,
// 1, Units), y (batch, Members·Units), member by member.
type EnsembleDense struct {
	Units   int
	Members int
}

// Build implements layers.Layer.
func (e EnsembleDense) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	s := b.Shape(x)
	if b.Err() != nil {
		return nil
	}
	if e.Units < 1 || e.Members < 1 || len(s) != 3 || s[1] != e.Members {
		return b.Fail("%d units, %d members, input %v: want at least 1 of each and (batch, %d, in)", e.Units, e.Members, s, e.Members)
	}
	limit := 1 / math.Sqrt(float64(s[2]))
	within := graph.Weight{Init: graph.Uniform{Low: -limit, High: limit}}
	w := b.Param("kernel", graph.Shape{e.Members, s[2], e.Units}, within)
	bias := b.Param("bias", graph.Shape{e.Members, 1, e.Units}, within)
	y := b.Add(b.BatchMatMul(b.Transpose(x, 1, 0, 2), w, false, false), bias)
	return b.Reshape(b.Transpose(y, 1, 0, 2), s[0], e.Members*e.Units)
}

// TabM is an ensemble of perceptrons in one network, most of whose weights the
// members share: Gorishniy, Kotelnikov & Babenko (2024), "TabM: Advancing Tabular
// Deep Learning with Parameter-Efficient Ensembling", arXiv:2410.24210. The members
// are trained side by side, each with its own loss (MemberLoss), and what they
// predict is averaged (models.Info.Members). The numbers are those of its authors'
// code (package tabm 0.0.3).
type TabM struct {
	Members int         // 0: 32
	Blocks  int         // hidden layers; 0: 3
	Units   int         // of each; 0: 512
	Dropout float64     // 0: 0.1; negative: none
	Type    graph.Dtype // the zero value is Float32
}

func (c TabM) withDefaults() TabM {
	orDefault := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	orDefault(&c.Members, 32)
	orDefault(&c.Blocks, 3)
	orDefault(&c.Units, 512)
	switch {
	case c.Dropout < 0:
		c.Dropout = 0
	case c.Dropout == 0:
		c.Dropout = 0.1
	}
	return c
}

// Build makes the model for the columns and classes of a set.
func (c TabM) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c = c.withDefaults()
	units, err := outputs(rows)
	if err != nil {
		return nil, err
	}
	if c.Blocks < 1 || c.Blocks > 1000 {
		return nil, fmt.Errorf("tabular: TabM of %d blocks: want 1 to 1000", c.Blocks)
	}
	encode, err := encoding(rows, Keep, math.MaxInt, 0)
	if err != nil {
		return nil, err
	}
	stack := []layers.Layer{encode}
	for i := range c.Blocks {
		stack = append(stack, BatchEnsemble{Units: c.Units, Members: c.Members, Activation: layers.Relu, First: i == 0})
		if c.Dropout > 0 {
			stack = append(stack, layers.Dropout{Rate: c.Dropout})
		}
	}
	stack = append(stack, EnsembleDense{Units: units, Members: c.Members})
	m, err := models.Sequential(models.Config{Name: "tabm", Seed: seed, Type: c.Type}, models.Input("features", rows.Inputs[0].Shape()[1]), stack...)
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	m.Info.Members = c.Members
	return m, nil
}

// Loss returns the loss that the network is trained with: of each member that of the set's
// task, such as its own cross-entropy or squared error.
func (c TabM) Loss(rows *data.Set) (losses.Loss, error) {
	r, err := rows.Rules()
	if err != nil {
		return nil, fmt.Errorf("tabular: %w", err)
	}
	units := slices.Max(r.Units)
	each, err := models.LossOf(r, units)
	return MemberLoss{Members: c.withDefaults().Members, Each: each, Apart: r.Grouped || rows.Classes != nil && units != len(rows.Classes)}, err
}

// MemberLoss is the mean over the members of an ensemble of a loss of each.
//
// Shapes: pred (batch, Members·units), member by member; want Int (batch) or a
// float (batch) or (batch, units), the same for all members.
type MemberLoss struct {
	Members int
	Each    losses.Loss
	// Apart calls Each for every member with the target as it is: where class targets are
	// not of as many classes as a member has units, as those of losses.Ordinal, and where
	// rows are compared with each other, as by losses.Ranking.
	Apart bool
}

// Loss implements losses.Loss.
func (l MemberLoss) Loss(b *graph.Builder, pred, want *graph.Node) *graph.Node {
	s := b.Shape(pred)
	if b.Err() != nil {
		return nil
	}
	if l.Each == nil || l.Members < 1 || len(s) != 2 || s[1]%l.Members != 0 || want == nil {
		return b.Fail("predictions %v of %d members: want (batch, members·units), a target and a loss of each", s, l.Members)
	}
	batch, units := s[0], s[1]/l.Members
	if l.Apart {
		members := make([]*graph.Node, l.Members)
		for i := range members {
			members[i] = b.Reshape(l.Each.Loss(b.Scope(fmt.Sprint("member", i)), b.Slice(pred, 1, i*units, (i+1)*units), want), batch, 1)
		}
		return b.Mean(b.Concat(1, members...), 1)
	}
	if want.Dtype() == graph.Int {
		want = b.OneHot(want, units)
	}
	width := b.Shape(want).TotalSize() / batch
	want = b.Reshape(b.Broadcast(b.Reshape(want, batch, 1, width), batch, l.Members, width), batch*l.Members, width)
	each := l.Each.Loss(b, b.Reshape(pred, batch*l.Members, units), want)
	return b.Mean(b.Reshape(each, batch, l.Members), 1)
}
