// Package tabular holds networks for tables: the plain perceptron with embeddings
// of categories, ResNet, RealMLP and TabM. Each is a configuration with a method
// Build, which train.Estimator takes; package recipes/tabular adds the
// preprocessing, the optimizer and the schedules that go with it.
//
// The networks want tables whose columns are numbers, scaled, and indicators, as
// data.OneHot makes them: the indicators of one category stand side by side.
package tabular

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
)

// Treatment says what Encode makes of columns.
type Treatment uint8

// The treatments of columns.
const (
	Keep     Treatment = iota // the columns as they are
	Periodic                  // each number by a periodic embedding; see Encode
	Embed                     // the indicators of one category by an embedding of Dim numbers
)

// Columns is a run of columns and what is made of them.
type Columns struct {
	From, To  int // columns From to To−1
	Treatment Treatment
	Dim       int // of Embed
}

// Encode is the first layer of a network for tables: it puts what it makes of the
// runs of columns side by side, periodic ones and embeddings behind what is kept.
//
// A number x that is Periodic becomes x itself and W₂·cos(2π·(w₁·x) + b₁) + b₂,
// where w₁ and b₁ have Frequencies values and the result has Outputs−1: the
// embedding "PBLD" of Holzmüller et al. (2024), arXiv:2407.04491, section 3, after
// Gorishniy et al. (2022), arXiv:2203.05556. At first w₁ is normal with standard
// deviation Sigma, b₁ uniform in ±π, W₂ and b₂ uniform in ±1/√Frequencies.
//
// An embedding is x·E for the indicators x of a category: the row of E that its
// level has, and 0 where no indicator is set. At first E is standard normal.
//
// Shapes: x (batch, columns), for run i of n numbers w₁ "periodic<i>/frequency" and
// b₁ "periodic<i>/phase" (n, Frequencies), W₂ "periodic<i>/mix" (n, Frequencies,
// Outputs−1), b₂ "periodic<i>/shift" (n, 1, Outputs−1), E "embedding<i>" (levels,
// Dim); y (batch, features).
type Encode struct {
	Columns     []Columns
	Frequencies int     // 0: 16
	Outputs     int     // numbers that a Periodic number becomes; 0: 4
	Sigma       float64 // 0: 0.1
}

// Build implements layers.Layer.
func (e Encode) Build(b *graph.Builder, x *graph.Node) *graph.Node {
	s := b.Shape(x)
	if b.Err() != nil {
		return nil
	}
	if len(s) != 2 {
		return b.Fail("input %v: want (batch, columns)", s)
	}
	var kept, made []*graph.Node
	for i, c := range e.Columns {
		if c.From < 0 || c.To <= c.From || c.To > s[1] {
			return b.Fail("columns %d to %d of %d", c.From, c.To, s[1])
		}
		part := x
		if c.From > 0 || c.To < s[1] {
			part = b.Slice(x, 1, c.From, c.To)
		}
		switch c.Treatment {
		case Keep:
			kept = append(kept, part)
		case Periodic:
			kept, made = append(kept, part), append(made, e.periodic(b, part, i))
		case Embed:
			if c.Dim < 1 {
				return b.Fail("an embedding of %d numbers: want at least 1", c.Dim)
			}
			w := b.Param(fmt.Sprint("embedding", i), graph.Shape{c.To - c.From, c.Dim}, graph.Weight{Init: graph.Normal{Std: 1}})
			made = append(made, b.MatMul(part, w))
		default:
			return b.Fail("there is no treatment %d", c.Treatment)
		}
	}
	all := append(kept, made...)
	if len(all) == 0 {
		return b.Fail("no columns")
	}
	if len(all) == 1 {
		return all[0]
	}
	return b.Concat(1, all...)
}

// periodic returns W₂·cos(2π·(w₁·x) + b₁) + b₂ of a run of numbers, side by side.
func (e Encode) periodic(b *graph.Builder, x *graph.Node, run int) *graph.Node {
	frequencies, outputs, sigma := e.Frequencies, e.Outputs, e.Sigma
	if frequencies == 0 {
		frequencies = 16
	}
	if outputs == 0 {
		outputs = 4
	}
	if sigma == 0 {
		sigma = 0.1
	}
	if frequencies < 1 || outputs < 2 || !(sigma > 0) || math.IsInf(sigma, 0) {
		return b.Fail("%d frequencies, %d outputs, sigma %v: want at least 1 and 2, and a positive sigma", frequencies, outputs, sigma)
	}
	batch, n := b.Dim(x, 0), b.Dim(x, 1)
	within := graph.Uniform{Low: -1 / math.Sqrt(float64(frequencies)), High: 1 / math.Sqrt(float64(frequencies))}
	b = b.Scope(fmt.Sprint("periodic", run))
	frequency := b.Param("frequency", graph.Shape{n, frequencies}, graph.Weight{Init: graph.Normal{Std: sigma}})
	phase := b.Param("phase", graph.Shape{n, frequencies}, graph.Weight{Init: graph.Uniform{Low: -math.Pi, High: math.Pi}})
	mix := b.Param("mix", graph.Shape{n, frequencies, outputs - 1}, graph.Weight{Init: within})
	shift := b.Param("shift", graph.Shape{n, 1, outputs - 1}, graph.Weight{Init: within})
	wave := b.Mul(b.Reshape(x, batch, n, 1), b.Scale(frequency, 2*math.Pi))
	wave = b.Cos(b.Add(wave, phase))                                                // (batch, n, frequencies)
	y := b.Add(b.BatchMatMul(b.Transpose(wave, 1, 0, 2), mix, false, false), shift) // (n, batch, outputs − 1)
	return b.Reshape(b.Transpose(y, 1, 0, 2), batch, n*(outputs-1))
}

// encoding returns the layer for the columns of a set: numbers get the treatment
// given, the indicators of categories of more than most levels are embedded in dim
// numbers, everything else is kept.
func encoding(rows *data.Set, numbers Treatment, most, dim int) (Encode, error) {
	_, p, err := rows.Table()
	if err != nil {
		return Encode{}, fmt.Errorf("tabular: %w", err)
	}
	features := rows.Features
	if len(features) != p {
		features = make([]data.Feature, p)
	}
	var e Encode
	add := func(c Columns) {
		if n := len(e.Columns); n > 0 && c.Treatment != Embed && e.Columns[n-1].Treatment == c.Treatment {
			e.Columns[n-1].To = c.To
			return
		}
		e.Columns = append(e.Columns, c)
	}
	for j := 0; j < p; {
		f := features[j]
		if f.Levels != nil {
			return e, fmt.Errorf("tabular: column %s is categorical: data.OneHot makes indicators of it", f.Name)
		}
		end := j + 1
		for f.Of != "" && end < p && features[end].Of == f.Of {
			end++
		}
		switch {
		case f.Of != "" && end-j > most:
			add(Columns{From: j, To: end, Treatment: Embed, Dim: dim})
		case f.Indicator:
			add(Columns{From: j, To: end})
		default:
			add(Columns{From: j, To: end, Treatment: numbers})
		}
		j = end
	}
	return e, nil
}

// outputs returns the number of output units for a set, the most that its task takes: one
// for a regression, one for each class, of two classes too.
func outputs(rows *data.Set) (int, error) {
	r, err := rows.Rules()
	if err != nil {
		return 0, fmt.Errorf("tabular: %w", err)
	}
	return slices.Max(r.Units), nil
}

// RandomSigns starts a parameter with −1 and 1, each with probability 1/2.
type RandomSigns struct{}

// Init implements graph.Initializer.
func (RandomSigns) Init(s graph.Shape, r *rand.Rand) ([]float64, error) {
	v, err := graph.Zeros{}.Init(s, r)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, errors.New("random signs: the source of random numbers is nil")
	}
	for i := range v {
		v[i] = float64(2*r.IntN(2) - 1)
	}
	return v, nil
}

func init() {
	builtin.Register(Encode{}, FrontScale{}, NTKDense{}, Gated{}, BatchEnsemble{}, EnsembleDense{}, RandomSigns{}, MemberLoss{},
		MLP{}, RealMLP{}, TabM{}, ResNet{})
}

var _ layers.Layer = Encode{}
