package workload

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/losses"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
	"gorgonia.org/tensor"
)

// Language is a training on sequences of tokens: a language model, which predicts the token after
// each of a window, or a mean of embeddings, which predicts the class of a row.
type Language struct {
	Name  string // "LM1"
	Title string // the network in words
	Vocab int
	Steps int  // tokens of a row
	Batch int  // rows of a training step
	Rows  int  // of the set
	Dim   int  // of the embeddings
	Depth int  // of the blocks or the LSTM
	Heads int  // 0: an LSTM, or, without Depth, a mean
	Units int  // of the feed-forward layers, or of the LSTM
	Lazy  bool // Adam updates only the rows of the embeddings that a batch has
}

// Languages returns the trainings on tokens in order. LM1 and LM2 are the causal transformers of
// Radford et al. (2018) with their norms before attention and feed-forward: learned positions,
// exact GELU, logits by a layer of their own.
func Languages() []Language {
	return []Language{
		{Name: "LM1", Title: "transformer, 4 layers of 128, 4 heads, FFN 512, context 64, vocabulary 96, Adam, batch 32", Vocab: 96, Steps: 64, Batch: 32, Rows: 2048, Dim: 128, Depth: 4, Heads: 4, Units: 512},
		{Name: "LM2", Title: "transformer, 6 layers of 256, 8 heads, FFN 1024, context 256, vocabulary 96, Adam, batch 8", Vocab: 96, Steps: 256, Batch: 8, Rows: 512, Dim: 256, Depth: 6, Heads: 8, Units: 1024},
		{Name: "LM3", Title: "LSTM, 2 layers of 256, 64 steps, vocabulary 96, Adam, batch 32", Vocab: 96, Steps: 64, Batch: 32, Rows: 2048, Dim: 128, Depth: 2, Units: 256},
		{Name: "E1", Title: "embeddings of 64 of 50,000 tokens, mean of 200, dense 2, Adam, batch 32", Vocab: 50000, Steps: 200, Batch: 32, Rows: 2048, Dim: 64},
		{Name: "E2", Title: "as E1, with lazy Adam", Vocab: 50000, Steps: 200, Batch: 32, Rows: 2048, Dim: 64, Lazy: true},
	}
}

// NamedLanguage returns the training on tokens of a name.
func NamedLanguage(name string) (Language, error) {
	var names []string
	for _, l := range Languages() {
		if strings.EqualFold(l.Name, name) {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return Language{}, fmt.Errorf("workload: there is no %q; there are %s", name, strings.Join(names, ", "))
}

// classes of the rows of a mean of embeddings.
const meanClasses = 2

// Model makes the network with its first weights.
func (l Language) Model() (*models.Model, error) {
	c := models.Config{Name: l.Name, Seed: 1}
	if l.Depth == 0 {
		x := models.InputInt("tokens", l.Steps)
		y := x.Then(layers.Embedding{Size: l.Vocab, Dim: l.Dim, Sparse: l.Lazy}, layers.GlobalAveragePool{}, layers.Dense{Units: meanClasses})
		m, err := models.New(c, []*models.Tensor{x}, []*models.Tensor{y})
		if err == nil {
			m.Info = models.Info{Task: data.Classify{}, Classes: names(meanClasses)}
		}
		return m, err
	}
	x := models.SequenceInt("tokens")
	y := x.Then(layers.Embedding{Size: l.Vocab, Dim: l.Dim})
	if l.Heads == 0 {
		y = y.Then(layers.LSTM{Units: l.Units, Depth: l.Depth, Sequence: true})
	} else {
		y = y.Then(layers.PositionEmbedding{Steps: l.Steps}, layers.TransformerEncoder{
			Depth: l.Depth, Attention: layers.MultiHeadAttention{Heads: l.Heads, Causal: true}, Hidden: layers.FeedForward{Units: l.Units},
		})
	}
	return models.New(c, []*models.Tensor{x}, []*models.Tensor{y.Then(layers.Dense{Units: l.Vocab})})
}

// Tokens makes the tokens of the rows, and of a mean of embeddings the classes. Those of a language
// model are one text, whose tokens follow from the one three places before them, but for one in
// eight. Those of a mean are the rarer the higher they are, and half of them tell the class.
func (l Language) Tokens(rows int) (ids, classes []int) {
	if l.Depth == 0 {
		return l.bags(rows)
	}
	ids = make([]int, rows*l.Steps+1)
	noise := stream(2001, len(ids))
	for i, u := range stream(2000, len(ids)) {
		ids[i] = int(u * float64(l.Vocab))
		if i >= 3 && noise[i] >= 0.125 {
			ids[i] = (ids[i-3]*5 + 3) % l.Vocab
		}
	}
	return ids, nil
}

// bags makes the rows of a mean of embeddings.
func (l Language) bags(rows int) (ids, classes []int) {
	ids, classes = make([]int, rows*l.Steps), make([]int, rows)
	for r, u := range stream(2002, rows) {
		classes[r] = int(u * meanClasses)
	}
	noise := stream(2001, len(ids))
	for i, u := range stream(2000, len(ids)) {
		ids[i] = int(u * u * u * float64(l.Vocab))
		if noise[i] < 0.5 {
			ids[i] += classes[i/l.Steps] - ids[i]%meanClasses
		}
	}
	return ids, classes
}

// Data returns the given number of rows, 0 for Rows.
func (l Language) Data(rows int) (*data.Set, error) {
	if rows == 0 {
		rows = l.Rows
	}
	ids, classes := l.Tokens(rows)
	if classes == nil {
		return corpus.Windows(l.Name, ids, l.Vocab, l.Steps)
	}
	return &data.Set{
		Name: l.Name, Classes: names(meanClasses),
		Inputs:  []*tensor.Dense{tensor.New(tensor.WithShape(rows, l.Steps), tensor.WithBacking(ids))},
		Targets: []*tensor.Dense{tensor.New(tensor.WithShape(rows), tensor.WithBacking(classes))},
	}, nil
}

// Loss returns the mean of the cross-entropies of the tokens, or of the classes.
func (l Language) Loss() losses.Loss {
	if l.Depth == 0 {
		return losses.SoftmaxCrossEntropy{}
	}
	return losses.SequenceCrossEntropy{}
}

// Config returns how the network is fitted: shuffled, without metrics, and without an end.
func (l Language) Config() train.Config {
	return train.Config{
		BatchSize: l.Batch, Optimizer: optim.Adam{LearningRate: 1e-3}, Loss: l.Loss(), Metrics: []data.Metric{}, Epochs: 1 << 30, Seed: 1,
	}
}

// Train starts the training on the rows of a set, at rest.
func (l Language) Train(ctx context.Context, set *data.Set) (*Training, error) {
	m, err := l.Model()
	if err != nil {
		return nil, err
	}
	return start(ctx, m, set, l.Config(), 1), nil
}

// step adds the loss of a training step to b, and returns what fills its inputs with the first rows.
func (l Language) step(b *graph.Builder, m *models.Model) (loss *graph.Node, fill func(*graph.Program) error, err error) {
	ids, want := l.Tokens(l.Batch)
	steps, target := l.Steps, graph.Shape{l.Batch, l.Steps}
	if l.Depth == 0 {
		steps, target = 0, graph.Shape{l.Batch}
	} else {
		ids, want = ids[:len(ids)-1], ids[1:]
	}
	out := m.Build(b, l.Batch, steps)
	if err := b.Err(); err != nil {
		return nil, nil, err
	}
	loss = losses.Mean(b, l.Loss().Loss(b.Scope("loss"), out[0], b.InputInt("y", target...)), nil)
	return loss, func(p *graph.Program) error {
		if err := p.SetInput("tokens", tensor.New(tensor.WithShape(l.Batch, l.Steps), tensor.WithBacking(ids))); err != nil {
			return err
		}
		return p.SetInput("y", tensor.New(tensor.WithShape(target...), tensor.WithBacking(want)))
	}, b.Err()
}

// Profile measures the operations of a training step, as Workload.Profile does; gradients of
// embeddings are dense there.
func (l Language) Profile(ctx context.Context, runs int) (*graph.Profile, error) {
	l.Lazy = false
	m, err := l.Model()
	if err != nil {
		return nil, err
	}
	b := graph.New(m.Params(), graph.Train)
	loss, fill, err := l.step(b, m)
	if err != nil {
		return nil, err
	}
	return profileStep(ctx, b, loss, optim.Adam{LearningRate: 1e-3}, l.Name+", a training step of "+l.Title, runs, fill)
}

// FirstLoss returns the loss of the first rows with the weights of a model.
func (l Language) FirstLoss(ctx context.Context, m *models.Model) (float64, error) {
	b := graph.New(m.Params(), graph.Infer)
	loss, fill, err := l.step(b, m)
	if err != nil {
		return 0, err
	}
	p, err := graph.Compile(b, loss)
	if err != nil {
		return 0, err
	}
	if err := fill(p); err != nil {
		return 0, err
	}
	if err := p.Run(ctx); err != nil {
		return 0, err
	}
	return p.Float(loss), nil
}

// stream returns n fractions of a stream: element i of stream s is the finaliser of SplitMix64
// (Steele, Lea & Flood 2014) of s·2³² + i, of which the upper 24 bits count.
func stream(s uint64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		z := s<<32 + uint64(i) + 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		out[i] = float64(z>>40) / (1 << 24)
	}
	return out
}
