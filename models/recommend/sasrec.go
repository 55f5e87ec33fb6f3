package recommend

import (
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// SASRec reads a user's items in order of time by causal self-attention, and of each step gives the logits of the item
// that follows: Kang & McAuley (2018), arXiv:1808.09781. Positions are learned, and the logits are by the table of
// the embeddings. Rows are those of [NextItems]; recipes/recommend.Sequential trains it.
//
// The paper's loss is of one sampled negative a step. The logits here are of all items, for a cross-entropy, which ranks better
// (Klenitskiy & Vasilev 2023, arXiv:2309.07602).
type SASRec struct {
	Dim     int     // of the embeddings and blocks; 0: 64
	Depth   int     // 0: 2
	Heads   int     // 0: 1
	Steps   int     // items of a user that are read at most; 0: 50
	Dropout float64 // rate after the embeddings, and on what attention and feed-forward add; 0: 0.2; below 0: none
	Type    graph.Dtype
}

// The names of the network's layers, by which a scorer finds them.
const (
	embeddingName = "embedding"
	bodyName      = "body"
)

// leastPositions are those that models.New tries a network with.
const leastPositions = 16

func (c SASRec) withDefaults() (SASRec, error) {
	for _, d := range []struct {
		to *int
		or int
	}{{&c.Dim, 64}, {&c.Depth, 2}, {&c.Heads, 1}, {&c.Steps, 50}} {
		if *d.to == 0 {
			*d.to = d.or
		}
		if *d.to < 1 || *d.to > mostSize {
			return c, fmt.Errorf("recommend: sasrec: a dimension, number of blocks, heads or steps of %d: want 1 to %d", *d.to, mostSize)
		}
	}
	if c.Dropout == 0 {
		c.Dropout = 0.2
	}
	c.Dropout = max(c.Dropout, 0)
	if !(c.Dropout < 1) {
		return c, fmt.Errorf("recommend: sasrec: a dropout rate of %v: want less than 1", c.Dropout)
	}
	return c, nil
}

// Build implements models.Architecture.
func (c SASRec) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if rows.Len() == 0 {
		return nil, data.ErrEmpty
	}
	if len(rows.Sequences) != 1 || len(rows.Inputs) != 0 || rows.Sequences[0].Size < 1 {
		return nil, fmt.Errorf("recommend: sasrec: it takes one sequence of items of a catalogue of known size, as NextItems makes them; the set has %d inputs and %d sequences", len(rows.Inputs), len(rows.Sequences))
	}
	x := models.SequenceInt("items")
	table := layers.Embedding{Size: rows.Sequences[0].Size, Dim: c.Dim, Weight: graph.Weight{Init: graph.Normal{Std: 1 / math.Sqrt(float64(c.Dim))}}}
	y := x.Then(layers.Named{Name: embeddingName, Layer: table}, layers.PositionEmbedding{Steps: max(data.PaddedSteps(c.Steps), leastPositions)}, layers.Dropout{Rate: c.Dropout})
	y = y.Then(layers.Named{Name: bodyName, Layer: layers.TransformerEncoder{
		Depth: c.Depth, Attention: layers.MultiHeadAttention{Heads: c.Heads, Causal: true}, Hidden: layers.FeedForward{Units: c.Dim, Activation: layers.Relu}, Dropout: c.Dropout,
	}}, layers.TiedOutput{Embedding: embeddingName, NoBias: true})
	return models.New(models.Config{Name: "sasrec", Seed: seed, Type: c.Type}, []*models.Tensor{x}, []*models.Tensor{y})
}

// NextItems returns a row of each user with two items or more: its last ones, up to steps and one, without the last of them, and as the
// target of each step the item that follows.
func NextItems(seen *data.Histories, steps int) (*data.Set, error) {
	if err := seen.Check(); err != nil {
		return nil, err
	}
	if steps < 1 || steps > mostSize {
		return nil, fmt.Errorf("recommend: sequences of %d items: want 1 to %d", steps, mostSize)
	}
	var before, next [][]int
	for u := range seen.Users() {
		items, _ := seen.Of(u)
		if items = items[max(0, len(items)-steps-1):]; len(items) > 1 {
			before, next = append(before, items[:len(items)-1]), append(next, items[1:])
		}
	}
	if len(before) == 0 {
		return nil, fmt.Errorf("recommend: none of %d users has two items: there is no next one to learn", seen.Users())
	}
	s := &data.Set{Name: "next items", Target: "next"}
	for _, q := range []struct {
		name string
		list [][]int
		to   *[]data.Sequences
	}{{"items", before, &s.Sequences}, {"next", next, &s.Steps}} {
		x, err := data.NewIntSequences(q.name, q.list)
		if err != nil {
			return nil, err
		}
		x.Size = seen.Items
		*q.to = []data.Sequences{x}
	}
	return s, nil
}

// NewSequential returns the scorer of a fitted [SASRec], which reads the last items of a user, up to steps, of a catalogue; the score
// of an item is its logit. A user without items has the score 0 for all. trained is the number of users that were trained on.
func NewSequential(m *models.Model, trained, steps int) (Scorer, error) {
	part, err := m.WithOutputs(bodyName)
	if err != nil {
		return nil, fmt.Errorf("recommend: sasrec: %w", err)
	}
	table := m.Params().Get(embeddingName + "/embeddings")
	if table == nil || len(table.Shape()) != 2 {
		return nil, fmt.Errorf("recommend: sasrec: the model has no table %s/embeddings", embeddingName)
	}
	return newEncoded("sasrec", part, m, bodyName, trained, steps, table.Shape()[1], table.Floats32(), nil)
}

func init() { builtin.Register(SASRec{}) }
