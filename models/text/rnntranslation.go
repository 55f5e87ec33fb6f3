package text

import (
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// RNNTranslation is a bidirectional LSTM over source texts, and an LSTM over target texts that begins
// with its last states, and whose states attend to its states by dot products (Luong, Pham & Manning
// 2015, arXiv:1508.04025, "general", without input feeding). One table serves the embeddings of both
// languages and the logits. Rows are those of corpus.Pairs.
type RNNTranslation struct {
	Dim     int     // of the embeddings; 0: 256
	Units   int     // of the encoder in each direction; the decoder has twice as many; 0: 192
	Depth   int     // of the encoder, and of the decoder; 0: 1
	Dropout float64 // rate after the embeddings, and before the logits
	Type    graph.Dtype
}

func (c RNNTranslation) withDefaults() RNNTranslation {
	c.Dim, c.Units, c.Depth = orDefault(c.Dim, 256), orDefault(c.Units, 192), orDefault(c.Depth, 1)
	return c
}

func (c RNNTranslation) check() error {
	return checkTranslation("rnn", c.Dropout, c.Dim, c.Units, c.Depth)
}

// The names of the layers between the LSTMs and the logits.
const (
	firstStateName = "first_state"
	firstCellName  = "first_cell"
	queryName      = "query"
	joinedName     = "joined"
)

func (c RNNTranslation) encoder() layers.LSTM {
	return layers.LSTM{Units: c.Units, Depth: c.Depth, Bidirectional: true, Sequence: true}
}

func (c RNNTranslation) decoder() layers.LSTM {
	return layers.LSTM{Units: 2 * c.Units, Depth: c.Depth, Sequence: true}
}

// bridge makes a first state of the decoder from the last one of the encoder.
func (c RNNTranslation) bridge() layers.Layer {
	return layers.Dense{Units: 2 * c.Units * c.Depth, Activation: layers.Tanh}
}

func (c RNNTranslation) query() layers.Layer { return layers.Dense{Units: 2 * c.Units, NoBias: true} }

func (c RNNTranslation) joined() layers.Layer {
	return layers.Dense{Units: c.Dim, Activation: layers.Tanh}
}

// attend scales products, which grow with the number of units.
func (c RNNTranslation) attend() layers.DotAttention {
	return layers.DotAttention{Scale: inverseRoot(2 * c.Units)}
}

// Build implements models.Architecture.
func (c RNNTranslation) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c = c.withDefaults()
	size, err := beginTranslation("rnn", rows, c.check())
	if err != nil {
		return nil, err
	}
	target, source := models.SequenceInt("target"), models.SequenceInt("source")
	table := models.Share(layers.Named{Name: embeddingName, Layer: tiedEmbedding(size, c.Dim)})
	y := embedded(table, target, c.Dim, c.Dropout)
	memory := models.Join(c.encoder(), embedded(table, source, c.Dim, c.Dropout), source.Lengths())
	h := memory.Part("state").Then(layers.Named{Name: firstStateName, Layer: c.bridge()})
	cell := memory.Part("cell").Then(layers.Named{Name: firstCellName, Layer: c.bridge()})
	y = models.Join(c.decoder(), y, h, cell)
	seen := models.Join(c.attend(), memory, y.Then(layers.Named{Name: queryName, Layer: c.query()}), source.Lengths())
	y = models.Join(layers.Concat{}, y, seen).Then(layers.Named{Name: joinedName, Layer: c.joined()})
	y = dropped(y, c.Dropout).Then(layers.Named{Name: headName, Layer: tiedHead()})
	return models.New(models.Config{Name: "rnn translation", Seed: seed, Type: c.Type}, []*models.Tensor{target, source}, []*models.Tensor{y})
}

// parts implements pairNet. The decoder begins with states of the encoder, which is built before it.
func (c RNNTranslation) parts(m *models.Model) (pairParts, error) {
	both := layersOf(m, "LSTM")
	if len(both) != 2 {
		return pairParts{}, errOtherNet
	}
	return pairParts{encoder: both[0], decoder: both[1]}, nil
}

// encode implements pairNet: the memory is the encoder's states.
func (c RNNTranslation) encode(b *graph.Builder, p pairParts, source, lengths *graph.Node) (memory, states []*graph.Node) {
	x := embeddedIDs(b, p.vocab, c.Dim, source)
	at := b.Scope(p.encoder)
	y := c.encoder().Join(at, []*graph.Node{x, lengths})
	h := c.bridge().Build(b.Scope(firstStateName), at.Node("state"))
	return []*graph.Node{y}, []*graph.Node{h, c.bridge().Build(b.Scope(firstCellName), at.Node("cell"))}
}

// step implements pairNet.
func (c RNNTranslation) step(b *graph.Builder, p pairParts, in pairInputs) (logits *graph.Node, states, added []*graph.Node) {
	if len(in.states) != 2 || len(in.memory) != 1 {
		b.Fail("%d states and %d memories: want 2 and 1", len(in.states), len(in.memory))
		return nil, nil, nil
	}
	x := embeddedIDs(b, p.vocab, c.Dim, in.tokens)
	at := b.Scope(p.decoder)
	y := c.decoder().Join(at, []*graph.Node{x, in.states[0], in.states[1]})
	query := c.query().Build(b.Scope(queryName), y)
	seen := c.attend().Join(b, []*graph.Node{in.memory[0], query, in.lengths})
	y = c.joined().Build(b.Scope(joinedName), b.Concat(-1, y, seen))
	return tiedHead().Build(b.Scope(headName), y), []*graph.Node{at.Node("state"), at.Node("cell")}, nil
}

// attention implements pairNet.
func (c RNNTranslation) attention(b *graph.Builder, p pairParts) (queries, keys *graph.Node, a graph.Attention) {
	return b.Node(queryName), b.Node(p.encoder), graph.Attention{Scale: c.attend().Scale}
}

func init() { builtin.Register(RNNTranslation{}) }
