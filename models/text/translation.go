package text

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/text/generate"
)

// pairNet is a network of translation, in the parts that a generator computes one by one.
type pairNet interface {
	models.Architecture
	check() error
	parts(m *models.Model) (pairParts, error)

	// encode returns what the decoder reads of source texts, (batch, source steps, width) each, and
	// its states before the first step, (batch, width) each.
	encode(b *graph.Builder, p pairParts, source, lengths *graph.Node) (memory, states []*graph.Node)

	// step returns the logits (batch, 1, vocab) of one step, the states after it, and what it adds
	// to each cache, (batch, 1, width).
	step(b *graph.Builder, p pairParts, in pairInputs) (logits *graph.Node, states, added []*graph.Node)

	// attention returns the queries and keys of the decoder in a graph of the model.
	attention(b *graph.Builder, p pairParts) (queries, keys *graph.Node, a graph.Attention)
}

// pairParts are the scopes of a model's encoder and decoder, and how many caches the decoder has.
type pairParts struct {
	encoder, decoder     string
	vocab, caches, width int
}

// pairInputs are the inputs of a step.
type pairInputs struct {
	tokens, lengths       *graph.Node // (batch, 1); (batch), of the source texts
	memory, states, cache []*graph.Node
	at, counts            *graph.Node // steps in the caches, and one more
}

var errOtherNet = errors.New("text: a translation model whose network is not that of its model")

// layersOf returns the names of the layers of a kind, in the order of computation.
func layersOf(m *models.Model, kind string) []string {
	var out []string
	for _, name := range m.LayerNames() {
		if strings.HasSuffix(name, "."+kind) {
			out = append(out, name)
		}
	}
	return out
}

// inverseRoot is 1/√n.
func inverseRoot(n int) float64 { return 1 / math.Sqrt(float64(n)) }

// tiedEmbedding is an embedding whose table makes the logits, too, which begin small.
func tiedEmbedding(size, dim int) layers.Layer {
	return layers.Embedding{Size: size, Dim: dim, Weight: graph.Weight{Init: graph.Normal{Std: inverseRoot(dim)}}}
}

// widened scales embeddings to a spread of 1, beside which what the blocks add is not all there is
// (Vaswani et al. 2017, 3.4).
func widened(dim int) layers.Layer { return layers.Affine{Scale: 1 / inverseRoot(dim)} }

// embedded are the embeddings of an input.
func embedded(table *models.Shared, x *models.Tensor, dim int, rate float64) *models.Tensor {
	return dropped(table.On(x).Then(widened(dim)), rate)
}

// embeddedIDs are the embeddings of tokens in a graph of the model.
func embeddedIDs(b *graph.Builder, size, dim int, ids *graph.Node) *graph.Node {
	return widened(dim).Build(b, tiedEmbedding(size, dim).Build(b.Scope(embeddingName), ids))
}

func tiedHead() layers.Layer { return layers.TiedOutput{Embedding: embeddingName} }

// checkTranslation checks the settings of a network.
func checkTranslation(net string, rate float64, sizes ...int) error {
	for _, n := range sizes {
		if n < 1 || n > mostSize {
			return fmt.Errorf("text: %s translation: a dimension or number of units, heads or layers of %d: want 1 to %d", net, n, mostSize)
		}
	}
	if !(rate >= 0 && rate < 1) {
		return fmt.Errorf("text: %s translation: a dropout rate of %v: want one in [0, 1)", net, rate)
	}
	return nil
}

// beginTranslation returns the size of the vocabulary of rows of pairs.
func beginTranslation(net string, rows *data.Set, settings error) (int, error) {
	if rows.Len() == 0 {
		return 0, data.ErrEmpty
	}
	if settings != nil {
		return 0, settings
	}
	q := rows.Sequences
	if len(q) != 2 || len(rows.Inputs) != 0 || q[0].Size < 1 || q[1].Size != q[0].Size {
		return 0, fmt.Errorf("text: %s translation: it takes two sequences of ids of one vocabulary of known size, as corpus.Pairs makes them; the set has %d inputs and %d sequences", net, len(rows.Inputs), len(q))
	}
	return q[0].Size, nil
}

// Translation is a translation model that was trained: it scores pairs of texts and translates.
type Translation struct {
	Net     models.Architecture // TransformerTranslation or RNNTranslation
	Model   *models.Model       // that Net has built
	Vocab   int                 // of both languages
	End     int                 // the token after each text and before each target text
	Longest int                 // tokens of a source text, and of a translation, at most, without the end
}

// parts checks the model and takes it apart.
func (t *Translation) parts() (pairNet, pairParts, error) {
	if t == nil || t.Net == nil || t.Model == nil {
		return nil, pairParts{}, errors.New("text: a translation model without a network")
	}
	if t.Vocab < 1 || t.Vocab > mostVocab || t.End < 0 || t.End >= t.Vocab || t.Longest < 1 || t.Longest > mostSteps {
		return nil, pairParts{}, fmt.Errorf("text: a translation model of %d tokens, the end being %d, and texts of up to %d: want 1 to %d, one of them, and 1 to %d", t.Vocab, t.End, t.Longest, mostVocab, mostSteps)
	}
	var net pairNet
	switch n := t.Net.(type) {
	case TransformerTranslation:
		net = n.withDefaults()
	case RNNTranslation:
		net = n.withDefaults()
	default:
		return nil, pairParts{}, fmt.Errorf("text: a %T cannot translate", t.Net)
	}
	if err := net.check(); err != nil {
		return nil, pairParts{}, err
	}
	shapes := t.Model.OutputShapes()
	if len(shapes) != 1 || !slices.Equal(shapes[0], graph.Shape{models.AnySteps, t.Vocab}) || len(t.Model.InputNames()) != 4 {
		return nil, pairParts{}, fmt.Errorf("text: a translation model of %d tokens whose network takes %q and gives %v", t.Vocab, t.Model.InputNames(), shapes)
	}
	p, err := net.parts(t.Model)
	p.vocab = t.Vocab
	return net, p, err
}

// checkTexts checks the tokens of texts.
func (t *Translation) checkTexts(side string, texts [][]int, least int) error {
	for i, ids := range texts {
		if len(ids) < least || len(ids) > t.Longest {
			return fmt.Errorf("text: %s text %d has %d tokens: want %d to %d", side, i, len(ids), least, t.Longest)
		}
		for at, id := range ids {
			if id < 0 || id >= t.Vocab {
				return fmt.Errorf("text: %s text %d, token %d: the id %d is not in [0, %d)", side, i, at, id, t.Vocab)
			}
		}
	}
	return nil
}

// LogProbs returns the natural logarithms of the probabilities of the tokens of each target text and
// of its end, each given the source text and the tokens before. A source text must have a token.
func (t *Translation) LogProbs(ctx context.Context, sources, targets [][]int) ([][]float64, error) {
	if _, _, err := t.parts(); err != nil {
		return nil, err
	}
	if len(sources) != len(targets) {
		return nil, fmt.Errorf("text: %d source texts and %d target texts", len(sources), len(targets))
	}
	if err := t.checkTexts("source", sources, 1); err != nil {
		return nil, err
	}
	if err := t.checkTexts("target", targets, 0); err != nil {
		return nil, err
	}
	out := make([][]float64, len(sources))
	steps := func(i int) int { return data.PaddedSteps(max(len(sources[i]), len(targets[i])) + 1) }
	var s *pairScorer
	for _, rows := range batched(len(sources), scoreRows, steps) {
		if n := steps(rows[0]); s == nil || s.steps != n || s.rows < len(rows) {
			var err error
			if s, err = t.pairScorer(len(rows), n); err != nil {
				return nil, err
			}
		}
		if err := s.run(ctx, t.End, sources, targets, rows); err != nil {
			return nil, fmt.Errorf("text: %w", err)
		}
		for k, i := range rows {
			for at := range len(targets[i]) + 1 {
				out[i] = append(out[i], -s.loss(k*s.steps+at))
			}
		}
	}
	return out, nil
}

// batched divides rows of the same size into batches, those of small size first.
func batched(rows, most int, size func(row int) int) [][]int {
	order := make([]int, rows)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size(a), size(b)) })
	var out [][]int
	for at := 0; at < rows; {
		end := at
		for end < rows && end < at+most && size(order[end]) == size(order[at]) {
			end++
		}
		out = append(out, order[at:end])
		at = end
	}
	return out
}

// pairScorer computes the losses of pairs.
type pairScorer struct {
	scorer
	source            []int
	lengths, ofTarget []int
}

func (t *Translation) pairScorer(rows, steps int) (*pairScorer, error) {
	b := graph.New(t.Model.Params(), graph.Infer)
	logits := t.Model.Build(b, rows, steps)
	if b.Err() != nil {
		return nil, b.Err()
	}
	s := &pairScorer{scorer: scorer{rows: rows, steps: steps}}
	s.ce = b.MaskedCrossEntropy(logits[0], b.InputInt("next", rows, steps), -1, 0)
	var err error
	if s.program, err = graph.Compile(b, s.ce); err != nil {
		return nil, err
	}
	names := t.Model.InputNames()
	for _, in := range []struct {
		name string
		to   *[]int
	}{{names[0], &s.tokens}, {names[1], &s.ofTarget}, {names[2], &s.source}, {names[3], &s.lengths}, {"next", &s.next}} {
		if !slices.Contains(s.program.Inputs(), in.name) {
			continue // the decoder needs no lengths: what is padded comes after what counts
		}
		if *in.to, err = inputInts(s.program, in.name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// run computes the losses of pairs.
func (s *pairScorer) run(ctx context.Context, end int, sources, targets [][]int, rows []int) error {
	for i := range s.tokens {
		s.tokens[i], s.source[i], s.next[i] = end, end, -1
	}
	for k := range s.lengths {
		s.lengths[k] = 1
	}
	for k, i := range rows {
		at := k * s.steps
		copy(s.tokens[at+1:], targets[i])
		copy(s.source[at:], sources[i])
		copy(s.next[at:], targets[i])
		s.next[at+len(targets[i])] = end
		s.lengths[k] = len(sources[i]) + 1
		if s.ofTarget != nil {
			s.ofTarget[k] = len(targets[i]) + 1
		}
	}
	return s.program.Run(ctx)
}

// translateRows is how many source texts are translated at once.
const translateRows = 16

// Translate returns the best translation of each source text by a beam search. Vocab and Stop of the
// search are set; Most 0 stands for twice the tokens of the longest source text of a batch, and 16.
// Width 1 takes the most probable token at every step.
func (t *Translation) Translate(ctx context.Context, sources [][]int, search generate.Beam) ([]generate.Output, error) {
	if _, _, err := t.parts(); err != nil {
		return nil, err
	}
	if err := t.checkTexts("source", sources, 1); err != nil {
		return nil, err
	}
	search.Vocab, search.Stop, search.Best = t.Vocab, []int{t.End}, 1
	most := search.Most
	out := make([]generate.Output, len(sources))
	for _, rows := range batched(len(sources), translateRows, func(i int) int { return data.PaddedSteps(len(sources[i]) + 1) }) {
		part, prompts, longest := make([][]int, len(rows)), make([][]int, len(rows)), 0
		for k, i := range rows {
			part[k], prompts[k], longest = sources[i], []int{t.End}, max(longest, len(sources[i]))
		}
		if search.Most = most; most == 0 {
			search.Most = min(2*longest+16, t.Longest+1)
		}
		g, err := t.Generator(ctx, part)
		if err != nil {
			return nil, err
		}
		best, err := search.Search(ctx, g, prompts)
		if err != nil {
			return nil, fmt.Errorf("text: %w", err)
		}
		for k, i := range rows {
			if len(best[k]) == 0 {
				return nil, fmt.Errorf("text: source text %d has no translation of up to %d tokens", i, search.Most)
			}
			out[i] = best[k][0]
		}
	}
	return out, nil
}

// translationKey is where Save puts what is not the model.
const translationKey = "aegis.translation"

// translationJSON is what a file holds beside the model.
type translationJSON struct {
	Net                 models.Architecture
	Vocab, End, Longest int
}

// Save writes the model to a file, with what is needed to score and to translate, and with further
// texts, such as a tokenizer, by name.
func (t *Translation) Save(path string, texts map[string]string) error {
	if _, _, err := t.parts(); err != nil {
		return err
	}
	return saveWith(t.Model, path, translationKey, translationJSON{t.Net, t.Vocab, t.End, t.Longest}, texts)
}

// LoadTranslation reads what Save wrote.
func LoadTranslation(path string) (*Translation, map[string]string, error) {
	var j translationJSON
	m, texts, err := loadWith(path, translationKey, "translation", &j)
	if err != nil {
		return nil, nil, err
	}
	t := &Translation{Net: j.Net, Model: m, Vocab: j.Vocab, End: j.End, Longest: j.Longest}
	if _, _, err := t.parts(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, texts, nil
}

// saveWith writes a model, something about it under a key, and texts by name.
func saveWith(m *models.Model, path, key string, about any, texts map[string]string) error {
	b, err := describe.Marshal(about)
	if err != nil {
		return fmt.Errorf("text: %w", err)
	}
	meta := map[string]string{key: string(b)}
	for name, text := range texts {
		if name == key {
			return fmt.Errorf("text: the name %q is taken", name)
		}
		meta[name] = text
	}
	return m.SaveWith(path, models.Extra{Meta: meta})
}

// loadWith reads what saveWith wrote.
func loadWith(path, key, what string, about any) (*models.Model, map[string]string, error) {
	m, x, err := models.LoadWith(path)
	if err != nil {
		return nil, nil, err
	}
	text, ok := x.Meta[key]
	if !ok {
		return nil, nil, fmt.Errorf("text: %s is no %s model", path, what)
	}
	if err := describe.Unmarshal([]byte(text), about); err != nil {
		return nil, nil, fmt.Errorf("text: %s: %w", path, err)
	}
	delete(x.Meta, key)
	return m, x.Meta, nil
}
