package text

import (
	"fmt"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// TransformerTranslation is an encoder of source texts and a decoder that attends to it (Vaswani et
// al. 2017, arXiv:1706.03762), with norms before the parts of a block, rotary positions in
// self-attention (Su et al. 2021, arXiv:2104.09864), and one table for the embeddings of both
// languages and the logits (Press & Wolf 2017, arXiv:1608.05859). Rows are those of corpus.Pairs.
type TransformerTranslation struct {
	Dim     int     // of the embeddings and blocks; 0: 256
	Depth   int     // of the encoder, and of the decoder; 0: 3
	Heads   int     // 0: 4
	Hidden  int     // units of the feed-forward layers; 0: 4·Dim
	Dropout float64 // rate after the embeddings, and on what attention and feed-forward add
	Type    graph.Dtype
}

func (c TransformerTranslation) withDefaults() TransformerTranslation {
	c.Dim, c.Depth, c.Heads = orDefault(c.Dim, 256), orDefault(c.Depth, 3), orDefault(c.Heads, 4)
	c.Hidden = orDefault(c.Hidden, 4*c.Dim)
	return c
}

func (c TransformerTranslation) check() error {
	return checkTranslation("transformer", c.Dropout, c.Dim, c.Depth, c.Heads, c.Hidden)
}

func (c TransformerTranslation) encoder() layers.TransformerEncoder {
	return layers.TransformerEncoder{
		Depth: c.Depth, Attention: layers.MultiHeadAttention{Heads: c.Heads, Rotary: true}, Hidden: layers.FeedForward{Units: c.Hidden}, Dropout: c.Dropout,
	}
}

func (c TransformerTranslation) decoder() layers.TransformerDecoder {
	return layers.TransformerDecoder{
		Depth: c.Depth, Attention: layers.MultiHeadAttention{Heads: c.Heads, Rotary: true}, Memory: layers.MultiHeadAttention{Heads: c.Heads},
		Hidden: layers.FeedForward{Units: c.Hidden}, Dropout: c.Dropout,
	}
}

// Build implements models.Architecture.
func (c TransformerTranslation) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c = c.withDefaults()
	size, err := beginTranslation("transformer", rows, c.check())
	if err != nil {
		return nil, err
	}
	target, source := models.SequenceInt("target"), models.SequenceInt("source")
	table := models.Share(layers.Named{Name: embeddingName, Layer: tiedEmbedding(size, c.Dim)})
	y := embedded(table, target, c.Dim, c.Dropout)
	memory := models.Join(c.encoder(), embedded(table, source, c.Dim, c.Dropout), source.Lengths())
	y = models.Join(c.decoder(), y, memory, source.Lengths()).Then(layers.Named{Name: headName, Layer: tiedHead()})
	return models.New(models.Config{Name: "transformer translation", Seed: seed, Type: c.Type}, []*models.Tensor{target, source}, []*models.Tensor{y})
}

// parts implements pairNet.
func (c TransformerTranslation) parts(m *models.Model) (pairParts, error) {
	encoder, decoder := layersOf(m, "TransformerEncoder"), layersOf(m, "TransformerDecoder")
	if len(encoder) != 1 || len(decoder) != 1 {
		return pairParts{}, errOtherNet
	}
	return pairParts{encoder: encoder[0], decoder: decoder[0], caches: 2 * c.Depth, width: c.Dim}, nil
}

// encode implements pairNet: the memory is the keys of all blocks, then the values.
func (c TransformerTranslation) encode(b *graph.Builder, p pairParts, source, lengths *graph.Node) (memory, states []*graph.Node) {
	x := embeddedIDs(b, p.vocab, c.Dim, source)
	x = c.encoder().Join(b.Scope(p.encoder), []*graph.Node{x, lengths})
	keys, values := c.decoder().Remember(b.Scope(p.decoder), x, c.Dim)
	return append(keys, values...), nil
}

// step implements pairNet.
func (c TransformerTranslation) step(b *graph.Builder, p pairParts, in pairInputs) (logits *graph.Node, states, added []*graph.Node) {
	if len(in.cache) != 2*c.Depth || len(in.memory) != 2*c.Depth {
		b.Fail("%d caches and %d keys and values of a memory, of %d blocks", len(in.cache), len(in.memory), c.Depth)
		return nil, nil, nil
	}
	x := embeddedIDs(b, p.vocab, c.Dim, in.tokens)
	y, keys, values := c.decoder().Step(b.Scope(p.decoder), x, layers.Cache{
		Keys: in.cache[:c.Depth], Values: in.cache[c.Depth:], Lengths: in.at, Counts: in.counts,
		MemoryKeys: in.memory[:c.Depth], MemoryValues: in.memory[c.Depth:], MemoryLengths: in.lengths,
	})
	return tiedHead().Build(b.Scope(headName), y), nil, append(keys, values...)
}

// attention implements pairNet: that of the last block.
func (c TransformerTranslation) attention(b *graph.Builder, p pairParts) (queries, keys *graph.Node, a graph.Attention) {
	at := b.Scope(p.decoder).Scope(fmt.Sprint(c.Depth - 1)).Scope("memory")
	return at.Node("queries"), at.Node("keys"), graph.Attention{Heads: c.Heads}
}

func init() { builtin.Register(TransformerTranslation{}) }
