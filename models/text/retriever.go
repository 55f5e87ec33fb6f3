package text

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/text"
)

// Retriever finds the k texts of an index that answer a question best, in descending order of
// their scores: *text.BM25Index by the words of both, [DualIndex] by vectors, [Fusion] by several.
type Retriever interface {
	Search(question string, k int) ([]text.Hit, error)
}

// Dual is a dual encoder that was trained. It is safe for use by several goroutines.
type Dual struct {
	model     *models.Model
	tokenizer *text.Tokenizer
	longest   int
	dim       int
	sides     [2]encoder // of questions and of answers
}

// NewDual returns what a model of [DualEncoder], the tokenizer of its rows, and the number of tokens
// that are read of a text make together. Training the model on changes the vectors.
func NewDual(m *models.Model, t *text.Tokenizer, longest int) (*Dual, error) {
	if t.Size() == 0 || longest < 1 || longest > mostSteps {
		return nil, fmt.Errorf("text: dual encoder: a tokenizer of %d tokens, texts of %d: want at least one, and 1 to %d", t.Size(), longest, mostSteps)
	}
	d := &Dual{model: m, tokenizer: t, longest: longest}
	for i, name := range []string{questionName, answerName} {
		part, err := m.WithOutputs(name)
		if err != nil {
			return nil, fmt.Errorf("text: dual encoder: %w", err)
		}
		s := part.OutputShapes()[0]
		if len(s) != 1 || s[0] < 1 || len(part.InputNames()) != 2 || !part.IsSequence(0) || part.Params().Dtype() != graph.Float32 || i == 1 && s[0] != d.dim {
			return nil, fmt.Errorf("text: dual encoder: the model's output %s is %v of %v by %q: want vectors, of one number of float32 by tokens", name, part.Params().Dtype(), s, part.InputNames())
		}
		d.dim = s[0]
		d.sides[i] = encoder{model: part, programs: map[[2]int]*models.Predictor{}}
	}
	return d, nil
}

// Model returns the model.
func (d *Dual) Model() *models.Model {
	if d == nil {
		return nil
	}
	return d.model
}

// Dim returns the number of numbers of a vector.
func (d *Dual) Dim() int {
	if d == nil {
		return 0
	}
	return d.dim
}

// Questions returns the vectors of questions, one after another. Tokens that are not in the vocabulary take
// no part; a question of no others is a vector of zeros, unless a layer with a bias follows the tokens.
func (d *Dual) Questions(ctx context.Context, texts []string) ([]float32, error) {
	return d.vectors(ctx, 0, texts)
}

// Answers returns the vectors of answers, one after another.
func (d *Dual) Answers(ctx context.Context, texts []string) ([]float32, error) {
	return d.vectors(ctx, 1, texts)
}

var errNoDual = errors.New("text: dual encoder: there is none: NewDual makes one")

// encodedRows is the number of texts that are encoded at once.
const encodedRows = 64

func (d *Dual) vectors(ctx context.Context, side int, texts []string) ([]float32, error) {
	if d == nil || d.model == nil {
		return nil, errNoDual
	}
	ids := make([][]int, len(texts))
	order := make([]int, len(texts))
	for i, t := range texts {
		list, err := corpus.KnownIDs(d.tokenizer, t)
		if err != nil {
			return nil, fmt.Errorf("text: dual encoder: text %d: %w", i, err)
		}
		ids[i], order[i] = list[:min(len(list), d.longest)], i
	}
	steps := func(i int) int { return data.PaddedSteps(len(ids[i])) }
	slices.SortStableFunc(order, func(a, b int) int { return steps(a) - steps(b) })
	out := make([]float32, len(texts)*d.dim)
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && to-from < encodedRows && steps(order[to]) == steps(order[from]) {
			to++
		}
		if err := d.sides[side].run(ctx, ids, order[from:to], steps(order[from]), out); err != nil {
			return nil, fmt.Errorf("text: dual encoder: %w", err)
		}
		from = to
	}
	return out, nil
}

// encoder computes the vectors of one side.
type encoder struct {
	mu       sync.Mutex
	model    *models.Model
	programs map[[2]int]*models.Predictor // by rows, which are 1 or encodedRows, and steps
}

// run computes the vectors of some texts of a number of steps at most.
func (e *encoder) run(ctx context.Context, ids [][]int, texts []int, steps int, out []float32) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	rows := 1
	if len(texts) > 1 {
		rows = encodedRows
	}
	p := e.programs[[2]int{rows, steps}]
	if p == nil {
		var err error
		if p, err = e.model.SequencePredictor(rows, steps); err != nil {
			return err
		}
		e.programs[[2]int{rows, steps}] = p
	}
	tokens, lengths := p.Inputs()[0].Data().([]int), p.Inputs()[1].Data().([]int)
	clear(tokens)
	clear(lengths)
	for k, i := range texts {
		lengths[k] = copy(tokens[k*steps:(k+1)*steps], ids[i])
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	v := p.Outputs()[0]
	dim := v.Shape()[1]
	for k, i := range texts {
		copy(out[i*dim:(i+1)*dim], v.Data().([]float32)[k*dim:])
	}
	return nil
}

// DualIndex finds answers by the vectors of a dual encoder.
type DualIndex struct {
	Dual    *Dual
	Vectors *VectorIndex // of the answers
}

// Index encodes answers and returns their index.
func (d *Dual) Index(ctx context.Context, answers []string) (DualIndex, error) {
	v, err := d.Answers(ctx, answers)
	if err != nil {
		return DualIndex{}, err
	}
	x, err := NewVectorIndex(d.dim, v)
	return DualIndex{d, x}, err
}

// Search implements Retriever: scores are products of vectors, s times the cosine. Nothing is found for
// a question of no known token.
func (x DualIndex) Search(question string, k int) ([]text.Hit, error) {
	list, err := x.SearchAll(context.Background(), []string{question}, k)
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// SearchAll returns what Search returns for each of many questions, and is faster.
func (x DualIndex) SearchAll(ctx context.Context, questions []string, k int) ([][]text.Hit, error) {
	if x.Dual.Dim() != x.Vectors.Dim() || x.Dual == nil {
		return nil, fmt.Errorf("text: index: vectors of %d for questions of %d", x.Vectors.Dim(), x.Dual.Dim())
	}
	v, err := x.Dual.Questions(ctx, questions)
	if err != nil {
		return nil, err
	}
	lists, err := x.Vectors.Search(v, k)
	if err != nil {
		return nil, err
	}
	for i, q := range questions {
		if ids, err := corpus.KnownIDs(x.Dual.tokenizer, q); err == nil && len(ids) == 0 {
			lists[i] = nil
		}
	}
	return lists, nil
}

// Fusion ranks the texts that several retrievers find by the weighted sum of their scores, or, without
// Weights, by Σ 1/(60 + place) (reciprocal rank fusion: Cormack, Clarke & Büttcher, SIGIR 2009). See
// [Fuse].
type Fusion struct {
	Of      []Retriever
	Weights []float64 // one for each of them
	Depth   int       // texts that are asked of each; 0: 100
}

// Search implements Retriever.
func (f Fusion) Search(question string, k int) ([]text.Hit, error) {
	if f.Depth = orDefault(f.Depth, 100); f.Depth < 1 || len(f.Of) == 0 {
		return nil, fmt.Errorf("text: fusion of %d retrievers to a depth of %d: want at least 1", len(f.Of), f.Depth)
	}
	lists := make([][]text.Hit, len(f.Of))
	for i, r := range f.Of {
		if r == nil {
			return nil, fmt.Errorf("text: fusion: retriever %d is nil", i)
		}
		var err error
		if lists[i], err = r.Search(question, max(k, f.Depth)); err != nil {
			return nil, err
		}
	}
	return Fuse(lists, f.Weights, max(k, f.Depth), k)
}

// rankOffset is the constant of reciprocal rank fusion.
const rankOffset = 60

// Fuse ranks the texts of several lists of hits and returns the best k, ties by ascending number.
// Without weights, a text's score is the sum of 1/(60 + place) over the lists that have it. With
// weights, one for each list, it is the weighted sum of its scores. A list of depth hits holds the
// score of its last for a text that it lacks, as more it cannot be; a shorter one, which has found
// no more, holds 0.
func Fuse(lists [][]text.Hit, weights []float64, depth, k int) ([]text.Hit, error) {
	if k < 1 || depth < 1 || weights != nil && len(weights) != len(lists) {
		return nil, fmt.Errorf("text: fusion: the best %d of %d lists to a depth of %d with %d weights: want at least 1, and no weights or one for each list", k, len(lists), depth, len(weights))
	}
	for _, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("text: fusion: the weight %v: want a number of at least 0", w)
		}
	}
	base, sums := 0.0, map[int]float64{} // a text's score is base and its sum
	for i, list := range lists {
		floor := 0.0
		if weights != nil && len(list) > 0 && len(list) >= depth {
			floor = list[len(list)-1].Score
			base += weights[i] * floor
		}
		for place, h := range list {
			if weights == nil {
				sums[h.Text] += 1 / float64(rankOffset+place+1)
			} else {
				sums[h.Text] += weights[i] * (h.Score - floor)
			}
		}
	}
	out := make([]text.Hit, 0, len(sums))
	for t, s := range sums {
		out = append(out, text.Hit{Text: t, Score: base + s})
	}
	slices.SortFunc(out, before)
	return out[:min(k, len(out))], nil
}
