// Package text holds networks for texts that have become sequences of token ids, as
// corpus.Tokens makes them: a bag of embeddings, convolutions over time, recurrent layers and transformers.
// Each is a models.Architecture; padding and the lengths of other rows of a batch change nothing.
package text

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// Bag is a perceptron on the mean and the maximum of the embeddings of a text's tokens, whose
// order plays no part (fastText: Joulin et al. 2016, arXiv:1607.01759, with the mean alone and no
// hidden layer).
type Bag struct {
	Dim     int         // of the embeddings; 0: 64
	Hidden  []int       // units of the hidden layers (ReLU)
	Dropout float64     // rate after pooling and after each hidden layer
	Mean    bool        // without the maximum
	Sparse  bool        // update only the embeddings of a batch: see layers.Embedding
	Type    graph.Dtype // zero value: Float32
}

// CNN are convolutions over time with windows of several sizes, of each of which the maximum over
// the text is taken (Kim 2014, arXiv:1408.5882).
type CNN struct {
	Dim     int     // of the embeddings; 0: 64
	Sizes   []int   // of the windows, in tokens; nil: 3, 4 and 5
	Filters int     // of each size; 0: 64
	Dropout float64 // rate before the output
	Type    graph.Dtype
}

// LSTM is a bidirectional LSTM, of whose states the mean and the maximum over the text are taken.
type LSTM struct {
	Dim     int     // of the embeddings; 0: 64
	Units   int     // in each direction; 0: 64
	Depth   int     // 0: 1
	Dropout float64 // rate after the embeddings and before the output
	Type    graph.Dtype
}

// Transformer is an encoder with rotary positions, of whose states the mean and the maximum over
// the text are taken (Vaswani et al. 2017, arXiv:1706.03762).
type Transformer struct {
	Dim     int     // of the embeddings and blocks; 0: 64
	Depth   int     // 0: 2
	Heads   int     // 0: 4
	Hidden  int     // units of the feed-forward layers; 0: 2·Dim
	Dropout float64 // rate after the embeddings, on what attention and feed-forward add, and before the output
	Type    graph.Dtype
}

// mostSize bounds dimensions, units and windows.
const mostSize = 1 << 16

// begin returns the input, its vocabulary and the number of outputs for rows.
func begin(net string, rows *data.Set, rate float64, sizes ...int) (x *models.Tensor, vocabulary, units int, err error) {
	if rows.Len() == 0 {
		return nil, 0, 0, data.ErrEmpty
	}
	fail := func(format string, args ...any) (*models.Tensor, int, int, error) {
		return nil, 0, 0, fmt.Errorf("text: "+net+": "+format, args...)
	}
	for _, n := range sizes {
		if n < 1 || n > mostSize {
			return fail("a dimension, number of units or window of %d: want 1 to %d", n, mostSize)
		}
	}
	if !(rate >= 0 && rate < 1) {
		return fail("a dropout rate of %v: want one in [0, 1)", rate)
	}
	if len(rows.Sequences) != 1 || len(rows.Inputs) != 0 {
		return fail("it takes one sequence of ids, the set has %d inputs and %d sequences", len(rows.Inputs), len(rows.Sequences))
	}
	q := &rows.Sequences[0]
	if q.Values == nil || q.Values.Dtype() != graph.Int || q.Values.Dims() != 1 {
		return fail("the sequence %q is none of ids", q.Name)
	}
	if q.Size < 1 {
		return fail("the size of the vocabulary of %q is not known: see data.Sequences.Size", q.Name)
	}
	r, err := rows.Rules()
	if err != nil {
		return fail("%w", err)
	}
	return models.SequenceInt("tokens"), q.Size, r.Units[0], nil
}

// finish makes the model.
func finish(name string, rows *data.Set, seed uint64, dtype graph.Dtype, x, y *models.Tensor) (*models.Model, error) {
	m, err := models.New(models.Config{Name: name, Seed: seed, Type: dtype}, []*models.Tensor{x}, []*models.Tensor{y})
	if err != nil {
		return nil, err
	}
	m.Info.OfSet(rows)
	return m, nil
}

// embed is the embedding of tokens, with a spread that does not depend on the dimension.
func embed(size, dim int, sparse bool) layers.Layer {
	return layers.Embedding{Size: size, Dim: dim, Weight: graph.Weight{Init: graph.Normal{Std: 0.1}}, Sparse: sparse}
}

// pooled is the mean and the maximum of a sequence's steps.
func pooled(y, x *models.Tensor) *models.Tensor {
	return models.Join(layers.Concat{}, models.Join(layers.GlobalAveragePool{}, y, x.Lengths()), models.Join(layers.GlobalMaxPool{}, y, x.Lengths()))
}

// dropped applies dropout unless the rate is 0.
func dropped(y *models.Tensor, rate float64) *models.Tensor {
	if rate == 0 {
		return y
	}
	return y.Then(layers.Dropout{Rate: rate})
}

func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

// Build implements models.Architecture.
func (c Bag) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c.Dim = orDefault(c.Dim, 64)
	x, size, units, err := begin("bag", rows, c.Dropout, append([]int{c.Dim}, c.Hidden...)...)
	if err != nil {
		return nil, err
	}
	y := x.Then(embed(size, c.Dim, c.Sparse))
	if c.Mean {
		y = models.Join(layers.GlobalAveragePool{}, y, x.Lengths())
	} else {
		y = pooled(y, x)
	}
	y = dropped(y, c.Dropout)
	for _, n := range c.Hidden {
		y = dropped(y.Then(layers.Dense{Units: n, Activation: layers.Relu, Kernel: graph.Weight{Init: graph.HeUniform{}}}), c.Dropout)
	}
	return finish("bag", rows, seed, c.Type, x, y.Then(layers.Dense{Units: units}))
}

func (c CNN) withDefaults() CNN {
	c.Dim, c.Filters = orDefault(c.Dim, 64), orDefault(c.Filters, 64)
	if c.Sizes == nil {
		c.Sizes = []int{3, 4, 5}
	}
	return c
}

// joined puts values side by side.
func joined(list []*models.Tensor) *models.Tensor {
	if len(list) == 1 {
		return list[0]
	}
	return models.Join(layers.Concat{}, list...)
}

// Build implements models.Architecture.
func (c CNN) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c = c.withDefaults()
	x, size, units, err := begin("cnn", rows, c.Dropout, append([]int{c.Dim, c.Filters, len(c.Sizes)}, c.Sizes...)...)
	if err != nil {
		return nil, err
	}
	y := models.Join(layers.MaskSteps{}, x.Then(embed(size, c.Dim, false)), x.Lengths())
	var tops []*models.Tensor
	for _, n := range c.Sizes {
		z := y.Then(layers.Conv1D{Filters: c.Filters, Size: n, Padding: layers.Same, Activation: layers.Relu, Kernel: graph.Weight{Init: graph.HeUniform{}}})
		tops = append(tops, models.Join(layers.GlobalMaxPool{}, z, x.Lengths()))
	}
	return finish("cnn", rows, seed, c.Type, x, dropped(joined(tops), c.Dropout).Then(layers.Dense{Units: units}))
}

// Build implements models.Architecture.
func (c LSTM) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c.Dim, c.Units, c.Depth = orDefault(c.Dim, 64), orDefault(c.Units, 64), orDefault(c.Depth, 1)
	x, size, units, err := begin("lstm", rows, c.Dropout, c.Dim, c.Units, c.Depth)
	if err != nil {
		return nil, err
	}
	y := dropped(x.Then(embed(size, c.Dim, false)), c.Dropout)
	y = models.Join(layers.LSTM{Units: c.Units, Depth: c.Depth, Bidirectional: true, Sequence: true}, y, x.Lengths())
	return finish("lstm", rows, seed, c.Type, x, dropped(pooled(y, x), c.Dropout).Then(layers.Dense{Units: units}))
}

func (c Transformer) withDefaults() Transformer {
	c.Dim, c.Depth, c.Heads = orDefault(c.Dim, 64), orDefault(c.Depth, 2), orDefault(c.Heads, 4)
	c.Hidden = orDefault(c.Hidden, 2*c.Dim)
	return c
}

func (c Transformer) body() layers.TransformerEncoder {
	return layers.TransformerEncoder{
		Depth: c.Depth, Attention: layers.MultiHeadAttention{Heads: c.Heads, Rotary: true}, Hidden: layers.FeedForward{Units: c.Hidden}, Dropout: c.Dropout,
	}
}

// Build implements models.Architecture.
func (c Transformer) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c = c.withDefaults()
	x, size, units, err := begin("transformer", rows, c.Dropout, c.Dim, c.Depth, c.Heads, c.Hidden)
	if err != nil {
		return nil, err
	}
	y := models.Join(c.body(), dropped(x.Then(embed(size, c.Dim, false)), c.Dropout), x.Lengths())
	return finish("transformer", rows, seed, c.Type, x, dropped(pooled(y, x), c.Dropout).Then(layers.Dense{Units: units}))
}

func init() { builtin.Register(Bag{}, CNN{}, LSTM{}, Transformer{}) }
