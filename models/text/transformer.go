package text

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// TransformerLanguage is a language model of causal transformer blocks with rotary positions, and
// logits by the table of the embeddings (Radford et al. 2018; Su et al. 2021, arXiv:2104.09864; Press
// & Wolf 2017). Rows are those of corpus.Windows.
type TransformerLanguage struct {
	Dim     int     // of the embeddings and blocks; 0: 128
	Depth   int     // 0: 4
	Heads   int     // 0: 4
	Hidden  int     // units of the feed-forward layers; 0: 4·Dim
	Dropout float64 // rate after the embeddings, and on what attention and feed-forward add
	Type    graph.Dtype
}

func (c TransformerLanguage) withDefaults() TransformerLanguage {
	c.Dim, c.Depth, c.Heads = orDefault(c.Dim, 128), orDefault(c.Depth, 4), orDefault(c.Heads, 4)
	c.Hidden = orDefault(c.Hidden, 4*c.Dim)
	return c
}

func (c TransformerLanguage) body() layers.TransformerEncoder {
	return layers.TransformerEncoder{
		Depth: c.Depth, Attention: layers.MultiHeadAttention{Heads: c.Heads, Causal: true, Rotary: true},
		Hidden: layers.FeedForward{Units: c.Hidden}, Dropout: c.Dropout,
	}
}

// embed is the embedding of tokens. Its table makes the logits, too, which begin small.
func (c TransformerLanguage) embed(size int) layers.Layer {
	return layers.Embedding{Size: size, Dim: c.Dim, Weight: graph.Weight{Init: graph.Normal{Std: 1 / math.Sqrt(float64(c.Dim))}}}
}

func (c TransformerLanguage) head() layers.Layer { return layers.TiedOutput{Embedding: embeddingName} }

// Build implements models.Architecture.
func (c TransformerLanguage) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c = c.withDefaults()
	size, err := beginLanguage("transformer", rows, c.Dropout, c.Dim, c.Depth, c.Heads, c.Hidden)
	if err != nil {
		return nil, err
	}
	x := models.SequenceInt("tokens")
	y := dropped(x.Then(layers.Named{Name: embeddingName, Layer: c.embed(size)}), c.Dropout)
	y = y.Then(layers.Named{Name: bodyName, Layer: c.body()}, layers.Named{Name: headName, Layer: c.head()})
	return models.New(models.Config{Name: "transformer language model", Seed: seed, Type: c.Type}, []*models.Tensor{x}, []*models.Tensor{y})
}

// transformerGenerator generates with a transformer, of which it keeps the keys and values.
type transformerGenerator struct {
	l        *Language
	net      TransformerLanguage
	programs map[[2]int]*transformerStep // by rows and capacity
	now      *transformerStep            // of the latest step, whose inputs are the cache
	steps    int                         // in the cache
	spare    []float32
}

// transformerStep is a compiled step of a number of rows.
type transformerStep struct {
	program           *graph.Program
	rows, room        int
	tokens, at, count []int
	cache             [][]float32   // keys, then values, of each block: (rows, room, Dim)
	added             []*graph.Node // what a step adds to each of them: (rows, 1, Dim)
	logits            *graph.Node
	past              []int // tokens in the cache: (rows, room)
}

// leastRoom is the capacity of the first cache. It doubles when it is full, up to a window.
const leastRoom = 64

func (g *transformerGenerator) step(rows, room int) (*transformerStep, error) {
	if s := g.programs[[2]int{rows, room}]; s != nil {
		return s, nil
	}
	params := g.l.Model.Params()
	b := graph.New(params, graph.Infer)
	x := g.net.embed(g.l.Vocab).Build(b.Scope(embeddingName), b.InputInt("tokens", rows, 1))
	c := layers.Cache{Lengths: b.InputInt("at", rows), Counts: b.InputInt("count", rows)}
	for d := range g.net.Depth {
		c.Keys = append(c.Keys, b.Input(fmt.Sprint("keys ", d), rows, room, g.net.Dim))
	}
	for d := range g.net.Depth {
		c.Values = append(c.Values, b.Input(fmt.Sprint("values ", d), rows, room, g.net.Dim))
	}
	y, keys, values := g.net.body().Step(b.Scope(bodyName), x, c)
	s := &transformerStep{rows: rows, room: room, added: append(keys, values...), logits: g.net.head().Build(b.Scope(headName), y)}
	var err error
	if s.program, err = graph.Compile(b, append([]*graph.Node{s.logits}, s.added...)...); err != nil {
		return nil, err
	}
	if s.tokens, err = inputInts(s.program, "tokens"); err != nil {
		return nil, err
	}
	if s.at, err = inputInts(s.program, "at"); err != nil {
		return nil, err
	}
	if s.count, err = inputInts(s.program, "count"); err != nil {
		return nil, err
	}
	for _, kind := range []string{"keys ", "values "} {
		for d := range g.net.Depth {
			v, err := inputFloats(s.program, fmt.Sprint(kind, d))
			if err != nil {
				return nil, err
			}
			s.cache = append(s.cache, v)
		}
	}
	s.past = make([]int, rows*room)
	g.programs[[2]int{rows, room}] = s
	return s, nil
}

// Step implements generate.Model.
func (g *transformerGenerator) Step(parents, ids []int, logits []float32) error {
	rows, before := len(ids), 0
	if g.now != nil {
		before = g.now.rows
	}
	if err := checkStep(parents, ids, logits, g.l.Vocab, before); err != nil {
		return err
	}
	// Beyond a window the model has learned nothing, and a cache without its first tokens misleads it
	// (Xiao et al. 2024, arXiv:2309.17453). So when a window is full, its later half begins the next.
	full := g.steps >= g.l.Steps
	room := leastRoom
	for room < g.steps+1 {
		room *= 2
	}
	s, err := g.step(rows, min(room, g.l.Steps))
	if err != nil {
		return err
	}
	g.move(s, parents)
	g.now = s
	if full {
		if err := g.rewind(); err != nil {
			return err
		}
	}
	if err := g.advance(func(row int) int { return ids[row] }); err != nil {
		return err
	}
	copy(logits, s.program.Floats32(s.logits))
	return nil
}

// advance computes a step of every row, and adds it to the cache.
func (g *transformerGenerator) advance(id func(row int) int) error {
	s := g.now
	for i := range s.rows {
		s.tokens[i], s.at[i], s.count[i] = id(i), g.steps, g.steps+1
	}
	if err := s.program.Run(context.Background()); err != nil {
		return err
	}
	dim := g.net.Dim
	for k, n := range s.added {
		v := s.program.Floats32(n)
		for i := range s.rows {
			copy(s.cache[k][(i*s.room+g.steps)*dim:], v[i*dim:(i+1)*dim])
		}
	}
	for i := range s.rows {
		s.past[i*s.room+g.steps] = s.tokens[i]
	}
	g.steps++
	return nil
}

// rewind begins a window with the tokens of the later half of the full one, as LogProbs does.
func (g *transformerGenerator) rewind() error {
	stride := max(1, g.l.Steps/2)
	keep, s := g.l.Steps-stride, g.now
	g.steps = 0
	for at := range keep { // what a step overwrites was read before
		if err := g.advance(func(row int) int { return s.past[row*s.room+stride+at] }); err != nil {
			return err
		}
	}
	return nil
}

// move brings the cache of each row's parent to the row.
func (g *transformerGenerator) move(to *transformerStep, parents []int) {
	from := g.now
	if from == nil {
		return
	}
	if from == to && inPlace(parents) {
		return
	}
	dim, n := g.net.Dim, g.steps
	for k := range to.cache {
		source := from.cache[k]
		if from == to { // rows may change places
			source = append(g.spare[:0], source...)
			g.spare = source
		}
		for i, p := range parents {
			copy(to.cache[k][i*to.room*dim:][:n*dim], source[p*from.room*dim:][:n*dim])
		}
	}
	past := slices.Clone(from.past)
	for i, p := range parents {
		copy(to.past[i*to.room:][:n], past[p*from.room:][:n])
	}
}

func init() { builtin.Register(TransformerLanguage{}) }
