package workload

import (
	"context"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/text/generate"
	"gorgonia.org/tensor"
)

// AttentionShape is the attention whose forward and backward passes are measured alone.
type AttentionShape struct {
	Batch, Heads, Steps, Dim int
	Causal                   bool
}

// Attentions returns the shapes that are measured.
func Attentions() []AttentionShape {
	return []AttentionShape{{8, 4, 512, 32, false}, {32, 4, 64, 32, true}}
}

// String writes a shape as PyTorch has it.
func (a AttentionShape) String() string {
	s := fmt.Sprintf("(%d, %d, %d, %d)", a.Batch, a.Heads, a.Steps, a.Dim)
	if a.Causal {
		s += " causal"
	}
	return s
}

// Repeated is work that is done again and again.
type Repeated struct {
	Inference
	Check float64 // a number that tells whether others do the same
}

// Open returns the passes of the attention of queries, keys and values whose heads lie side by
// side, with a gradient of the result that is given; Check is the mean of the squares of results
// and gradients.
func (a AttentionShape) Open(ctx context.Context) (*Repeated, error) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	shape := graph.Shape{a.Batch, a.Steps, a.Heads * a.Dim}
	var in []*graph.Node
	for _, name := range []string{"q", "k", "v", "g"} {
		in = append(in, b.Input(name, shape...))
	}
	y := b.Attention(in[0], in[1], in[2], graph.Attention{Heads: a.Heads, Causal: a.Causal})
	out := append([]*graph.Node{y}, b.Gradients(b.Sum(b.Mul(y, in[3])), in[:3]...)...)
	p, err := graph.Compile(b, out...)
	if err != nil {
		return nil, err
	}
	for s, name := range p.Inputs() {
		v := stream(uint64(3000+s), a.Batch*a.Steps*a.Heads*a.Dim)
		for i := range v {
			v[i] = 2*v[i] - 1
		}
		if err := p.SetInput(name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))); err != nil {
			return nil, err
		}
	}
	r := &Repeated{Inference: Inference{rows: 1, every: 1, call: func(int) error { return p.Run(ctx) }}}
	if err := r.Call(0); err != nil {
		return nil, err
	}
	n := 0
	for _, node := range out {
		for _, v := range p.Floats32(node) {
			r.Check += float64(v) * float64(v)
			n++
		}
	}
	r.Check /= float64(n)
	return r, nil
}

// Generation is how a transformer writes one text after another, token by token, with a cache of
// keys and values: the next token is the likeliest.
type Generation struct {
	Language
	Net text.TransformerLanguage
}

// Generations returns the generators that are measured.
func Generations() []Generation {
	return []Generation{{
		Language: Language{Name: "generation", Title: "transformer with rotary positions and tied logits, 4 layers of 128, 4 heads, batch 1, texts of 256 tokens", Vocab: 96, Steps: 256, Depth: 4, Dim: 128, Heads: 4, Units: 512},
		Net:      text.TransformerLanguage{Dim: 128, Depth: 4, Heads: 4},
	}}
}

// Trained returns the model with its first weights.
func (g Generation) Trained() (*text.Language, error) {
	rows, err := g.Data(1)
	if err != nil {
		return nil, err
	}
	m, err := g.Net.Build(rows, 1)
	if err != nil {
		return nil, err
	}
	return &text.Language{Net: g.Net, Model: m, Steps: g.Steps, Vocab: g.Vocab}, nil
}

// Open returns the generation; Check is the mean cross-entropy of the tokens of a row.
func (g Generation) Open(context.Context) (*Repeated, error) {
	l, err := g.Trained()
	if err != nil {
		return nil, err
	}
	ids, _ := g.Tokens(1)
	logits := make([]float32, g.Vocab)
	check := 0.0
	m, err := l.Generator()
	if err != nil {
		return nil, err
	}
	for i, id := range ids[:g.Steps] {
		if err := m.Step([]int{0}, []int{id}, logits); err != nil {
			return nil, err
		}
		sum := 0.0
		for _, v := range logits {
			sum += math.Exp(float64(v))
		}
		check += (math.Log(sum) - float64(logits[ids[i+1]])) / float64(g.Steps)
	}
	var now generate.Model
	at, id := g.Steps, 0
	step := func(int) error {
		if at == g.Steps { // a new text
			at, id = 0, 0
			if now, err = l.Generator(); err != nil {
				return err
			}
		}
		at++
		if err := now.Step([]int{0}, []int{id}, logits); err != nil {
			return err
		}
		for i, v := range logits {
			if v > logits[id] {
				id = i
			}
		}
		return nil
	}
	return &Repeated{Inference: Inference{rows: 1, every: 8, call: step}, Check: check}, nil
}
