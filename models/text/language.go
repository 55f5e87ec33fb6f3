package text

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/text/generate"
	"gorgonia.org/tensor"
)

// LSTMLanguage is a recurrent language model: of each step of a text it gives the logits of the
// token that follows. Rows are those of corpus.Windows.
type LSTMLanguage struct {
	Dim     int     // of the embeddings; 0: 128
	Units   int     // 0: 256
	Depth   int     // 0: 2
	Dropout float64 // rate after the embeddings and after the LSTM
	Type    graph.Dtype
}

func (c LSTMLanguage) withDefaults() LSTMLanguage {
	c.Dim, c.Units, c.Depth = orDefault(c.Dim, 128), orDefault(c.Units, 256), orDefault(c.Depth, 2)
	return c
}

// The names of a language model's layers, by which a generator finds their parameters.
const (
	embeddingName = "embedding"
	bodyName      = "body"
	headName      = "head"
)

func (c LSTMLanguage) body() layers.LSTM {
	return layers.LSTM{Units: c.Units, Depth: c.Depth, Sequence: true}
}

// Build implements models.Architecture.
func (c LSTMLanguage) Build(rows *data.Set, seed uint64) (*models.Model, error) {
	c = c.withDefaults()
	size, err := beginLanguage("LSTM", rows, c.Dropout, c.Dim, c.Units, c.Depth)
	if err != nil {
		return nil, err
	}
	x := models.SequenceInt("tokens")
	y := dropped(x.Then(layers.Named{Name: embeddingName, Layer: embed(size, c.Dim, false)}), c.Dropout)
	y = dropped(y.Then(layers.Named{Name: bodyName, Layer: c.body()}), c.Dropout)
	y = y.Then(layers.Named{Name: headName, Layer: layers.Dense{Units: size}})
	return models.New(models.Config{Name: "lstm language model", Seed: seed, Type: c.Type}, []*models.Tensor{x}, []*models.Tensor{y})
}

// beginLanguage returns the size of the vocabulary of the rows of a language model.
func beginLanguage(net string, rows *data.Set, rate float64, sizes ...int) (int, error) {
	fail := func(format string, args ...any) (int, error) {
		return 0, fmt.Errorf("text: "+net+" language model: "+format, args...)
	}
	if rows.Len() == 0 {
		return 0, data.ErrEmpty
	}
	for _, n := range sizes {
		if n < 1 || n > mostSize {
			return fail("a dimension or number of units or layers of %d: want 1 to %d", n, mostSize)
		}
	}
	if !(rate >= 0 && rate < 1) {
		return fail("a dropout rate of %v: want one in [0, 1)", rate)
	}
	if len(rows.Sequences) != 1 || len(rows.Inputs) != 0 || rows.Sequences[0].Size < 1 {
		return fail("it takes one sequence of ids of a vocabulary of known size, as corpus.Windows makes them; the set has %d inputs and %d sequences", len(rows.Inputs), len(rows.Sequences))
	}
	return rows.Sequences[0].Size, nil
}

// Language is a language model that was trained: it scores texts and continues them.
type Language struct {
	Net   models.Architecture // LSTMLanguage
	Model *models.Model       // that Net has built
	Steps int                 // of the windows that it was trained on
	Vocab int
}

// mostSteps bounds the steps of a window.
const mostSteps = 1 << 16

func (l *Language) check() error {
	switch {
	case l == nil || l.Net == nil || l.Model == nil:
		return errors.New("text: a language model without a network")
	case l.Steps < 1 || l.Steps > mostSteps || l.Vocab < 1 || l.Vocab > mostVocab:
		return fmt.Errorf("text: a language model of %d steps and %d tokens: want 1 to %d steps and 1 to %d tokens", l.Steps, l.Vocab, mostSteps, mostVocab)
	}
	shapes := l.Model.OutputShapes()
	if len(shapes) != 1 || !slices.Equal(shapes[0], graph.Shape{models.AnySteps, l.Vocab}) || len(l.Model.InputNames()) != 2 {
		return fmt.Errorf("text: a language model of %d tokens whose network takes %q and gives %v", l.Vocab, l.Model.InputNames(), shapes)
	}
	return nil
}

// mostVocab bounds vocabularies, as logits of many rows lie in memory at once.
const mostVocab = 1 << 22

// scoreRows is the number of windows that are scored at once.
const scoreRows = 32

// LogProbs returns the natural logarithms of the probabilities of all tokens but the first, each
// given those before it. Windows of Steps tokens overlap by half, so that every token but the
// first ones is scored with at least Steps/2 before it.
func (l *Language) LogProbs(ctx context.Context, ids []int) ([]float64, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if len(ids) < 2 {
		return nil, fmt.Errorf("text: a text of %d tokens has none that follows another", len(ids))
	}
	for i, id := range ids {
		if id < 0 || id >= l.Vocab {
			return nil, fmt.Errorf("text: token %d: the id %d is not in [0, %d)", i, id, l.Vocab)
		}
	}
	out := make([]float64, len(ids)-1)
	steps := data.PaddedSteps(min(l.Steps, len(out)))
	stride := max(1, steps/2)
	var begins []int
	for at := 0; ; at += stride {
		begins = append(begins, at)
		if at+steps >= len(out) {
			break
		}
	}
	s, err := l.scorer(min(scoreRows, len(begins)), steps)
	if err != nil {
		return nil, err
	}
	for from := 0; from < len(begins); from += s.rows {
		if err := s.run(ctx, ids, begins[from:min(from+s.rows, len(begins))]); err != nil {
			return nil, fmt.Errorf("text: %w", err)
		}
		for k, at := range begins[from:min(from+s.rows, len(begins))] {
			first := 0
			if at > 0 {
				first = steps - stride // what the window before has scored
			}
			for t := first; t < steps && at+t < len(out); t++ {
				out[at+t] = -s.loss(k*steps + t)
			}
		}
	}
	return out, nil
}

// scorer computes the losses of windows.
type scorer struct {
	rows, steps  int
	program      *graph.Program
	tokens, next []int
	ce           *graph.Node
}

func (l *Language) scorer(rows, steps int) (*scorer, error) {
	b := graph.New(l.Model.Params(), graph.Infer)
	logits := l.Model.Build(b, rows, steps)
	if b.Err() != nil {
		return nil, b.Err()
	}
	s := &scorer{rows: rows, steps: steps}
	s.ce = b.MaskedCrossEntropy(logits[0], b.InputInt("next", rows, steps), -1, 0)
	var err error
	if s.program, err = graph.Compile(b, s.ce); err != nil {
		return nil, err
	}
	names := l.Model.InputNames()
	if s.tokens, err = inputInts(s.program, names[0]); err != nil {
		return nil, err
	}
	if s.next, err = inputInts(s.program, "next"); err != nil {
		return nil, err
	}
	if slices.Contains(s.program.Inputs(), names[1]) {
		lengths, err := inputInts(s.program, names[1])
		if err != nil {
			return nil, err
		}
		for i := range lengths {
			lengths[i] = steps
		}
	}
	return s, nil
}

// inputInts returns the memory of an input of indices.
func inputInts(p *graph.Program, name string) ([]int, error) {
	t, err := p.Input(name)
	if err != nil {
		return nil, err
	}
	v, ok := t.Data().([]int)
	if !ok {
		return nil, fmt.Errorf("text: the input %q holds %v", name, t.Dtype())
	}
	return v, nil
}

// inputFloats returns the memory of an input of numbers.
func inputFloats(p *graph.Program, name string) ([]float32, error) {
	t, err := p.Input(name)
	if err != nil {
		return nil, err
	}
	v, ok := t.Data().([]float32)
	if !ok {
		return nil, fmt.Errorf("text: the input %q holds %v", name, t.Dtype())
	}
	return v, nil
}

// checkStep checks the arguments of a generator's step; before is the number of rows of the step
// before, 0 if there was none.
func checkStep(parents, ids []int, logits []float32, vocab, before int) error {
	rows := len(ids)
	if rows == 0 || len(parents) != rows || len(logits) != rows*vocab {
		return fmt.Errorf("text: a step of %d ids with %d parents and %d logits", rows, len(parents), len(logits))
	}
	for i, p := range parents {
		if before > 0 && (p < 0 || p >= before) {
			return fmt.Errorf("text: row %d continues row %d of %d", i, p, before)
		}
		if ids[i] < 0 || ids[i] >= vocab {
			return fmt.Errorf("text: row %d: the id %d is not in [0, %d)", i, ids[i], vocab)
		}
	}
	return nil
}

// run computes the losses of the windows that begin at the given places.
func (s *scorer) run(ctx context.Context, ids, begins []int) error {
	clear(s.tokens)
	for i := range s.next {
		s.next[i] = -1
	}
	for k, at := range begins {
		n := min(s.steps, len(ids)-1-at)
		copy(s.tokens[k*s.steps:], ids[at:at+n])
		copy(s.next[k*s.steps:], ids[at+1:at+1+n])
	}
	return s.program.Run(ctx)
}

func (s *scorer) loss(i int) float64 { return valueOf(s.program, s.ce, i) }

// Generator returns the model as generate.Sampler and generate.Beam take it. It serves one
// generation at a time; several may run at once, each with a generator of its own.
func (l *Language) Generator() (generate.Model, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if d := l.Model.Params().Dtype(); d != graph.Float32 {
		return nil, fmt.Errorf("text: generation with parameters of %v: want float32", d)
	}
	switch net := l.Net.(type) {
	case LSTMLanguage:
		return &recurrentGenerator{l: l, net: net.withDefaults(), programs: map[int]*recurrentStep{}}, nil
	case TransformerLanguage:
		return &transformerGenerator{l: l, net: net.withDefaults(), programs: map[[2]int]*transformerStep{}}, nil
	}
	return nil, fmt.Errorf("text: a %T cannot generate", l.Net)
}

// recurrentGenerator generates with an LSTM, whose states it keeps.
type recurrentGenerator struct {
	l        *Language
	net      LSTMLanguage
	programs map[int]*recurrentStep // by the number of rows
	h, c     []float32              // states after the latest step, row by row
	rows     int                    // of the latest step; 0: there was none
}

// recurrentStep is a compiled step of a number of rows.
type recurrentStep struct {
	program              *graph.Program
	tokens               []int
	h, c                 []float32
	logits, nextH, nextC *graph.Node
}

// width is the number of state values of a row.
func (g *recurrentGenerator) width() int { return g.net.Units * g.net.Depth }

func (g *recurrentGenerator) step(rows int) (*recurrentStep, error) {
	if s := g.programs[rows]; s != nil {
		return s, nil
	}
	b := graph.New(g.l.Model.Params(), graph.Infer)
	x := embed(g.l.Vocab, g.net.Dim, false).Build(b.Scope(embeddingName), b.InputInt("tokens", rows, 1))
	lengths := b.Tensor("lengths", ones(rows))
	body := b.Scope(bodyName)
	y := g.net.body().Join(body, []*graph.Node{x, lengths, b.Input("h", rows, g.width()), b.Input("c", rows, g.width())})
	s := &recurrentStep{}
	s.nextH, s.nextC = body.Node("state"), body.Node("cell")
	s.logits = layers.Dense{Units: g.l.Vocab}.Build(b.Scope(headName), y)
	var err error
	if s.program, err = graph.Compile(b, s.logits, s.nextH, s.nextC); err != nil {
		return nil, err
	}
	if s.tokens, err = inputInts(s.program, "tokens"); err != nil {
		return nil, err
	}
	if s.h, err = inputFloats(s.program, "h"); err != nil {
		return nil, err
	}
	if s.c, err = inputFloats(s.program, "c"); err != nil {
		return nil, err
	}
	g.programs[rows] = s
	return s, nil
}

// Step implements generate.Model.
func (g *recurrentGenerator) Step(parents, ids []int, logits []float32) error {
	rows, width := len(ids), g.width()
	if err := checkStep(parents, ids, logits, g.l.Vocab, g.rows); err != nil {
		return err
	}
	s, err := g.step(rows)
	if err != nil {
		return err
	}
	if g.rows == 0 {
		clear(s.h)
		clear(s.c)
	} else {
		for i, p := range parents {
			copy(s.h[i*width:(i+1)*width], g.h[p*width:(p+1)*width])
			copy(s.c[i*width:(i+1)*width], g.c[p*width:(p+1)*width])
		}
	}
	copy(s.tokens, ids)
	if err := s.program.Run(context.Background()); err != nil {
		return err
	}
	g.h = append(g.h[:0], s.program.Floats32(s.nextH)...)
	g.c = append(g.c[:0], s.program.Floats32(s.nextC)...)
	g.rows = rows
	copy(logits, s.program.Floats32(s.logits))
	return nil
}

// ones is a tensor of n ones.
func ones(n int) *tensor.Dense {
	return tensor.New(tensor.WithShape(n), tensor.WithBacking(slices.Repeat([]int{1}, n)))
}

func init() { builtin.Register(LSTMLanguage{}) }

// TokenizerName is the name of the tokenizer, as text.Tokenizer.WriteJSON writes it, among the texts that
// go with a model.
const TokenizerName = "tokenizer.json"

// languageKey is where Save puts what is not the model.
const languageKey = "aegis.language"

// languageJSON is what a file holds beside the model.
type languageJSON struct {
	Net   models.Architecture
	Steps int
	Vocab int
}

// Save writes the model to a file, with what is needed to score and to generate, and with further
// texts, such as a tokenizer, by name.
func (l *Language) Save(path string, texts map[string]string) error {
	if err := l.check(); err != nil {
		return err
	}
	return saveWith(l.Model, path, languageKey, languageJSON{l.Net, l.Steps, l.Vocab}, texts)
}

// LoadLanguage reads what Save wrote.
func LoadLanguage(path string) (*Language, map[string]string, error) {
	var j languageJSON
	m, texts, err := loadWith(path, languageKey, "language", &j)
	if err != nil {
		return nil, nil, err
	}
	l := &Language{Net: j.Net, Model: m, Steps: j.Steps, Vocab: j.Vocab}
	if err := l.check(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, texts, nil
}
