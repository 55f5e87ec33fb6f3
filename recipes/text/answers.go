package text

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/optim"
	"github.com/seed732fc211/aegis/train"
)

// Answers is the recipe of a dual encoder that finds answers to questions.
type Answers struct {
	Net          nets.DualEncoder
	Tokens       corpus.Tokens // of questions and answers; Longest 0: 128
	LearningRate float64       // at its highest; 0: 0.003
	Epochs       int           // at most; 0: 10
	Batch        int           // pairs, each other's wrong answers; 0: 256
	Patience     int           // epochs without a better validation loss; 0: 2
	Decay        float64       // of weights other than embeddings; 0: 0.01
	PlainStart   bool          // embeddings begin without weights; by default each is multiplied by its token's inverse document frequency
	TimeLimit    time.Duration // the fit stops after the epoch in which it has passed; 0: none
	Callbacks    []train.Callback
}

// Pairs are questions and their answers. Equal answers have equal numbers.
type Pairs struct {
	Questions, Answers []string
	Numbers            []int
}

// Train fits a dual encoder to pairs by train.Contrastive, with a vocabulary of their words, and
// keeps the weights that are best on the pairs of another set.
func (r Answers) Train(ctx context.Context, pairs, validation Pairs, seed uint64) (*nets.Dual, *train.History, error) {
	if r.LearningRate < 0 || r.Epochs < 0 || r.Batch < 0 || r.Patience < 0 || r.TimeLimit < 0 || r.Decay < 0 {
		return nil, nil, fmt.Errorf("text: answers: a learning rate of %v, %d epochs, batches of %d, a patience of %d, %v, a decay of %v: want none below 0", r.LearningRate, r.Epochs, r.Batch, r.Patience, r.TimeLimit, r.Decay)
	}
	if len(pairs.Questions) < 2 || len(validation.Questions) < 2 {
		return nil, nil, fmt.Errorf("text: answers: %d pairs to train and %d to validate: want at least 2", len(pairs.Questions), len(validation.Questions))
	}
	tokens, err := r.tokens(pairs)
	if err != nil {
		return nil, nil, err
	}
	var sets [2]*data.Set
	for i, p := range []Pairs{pairs, validation} {
		name := []string{"training pairs", "validation pairs"}[i]
		if sets[i], err = corpus.Questions(name, tokens.Tokenizer, tokens.Longest, p.Questions, p.Answers, p.Numbers); err != nil {
			return nil, nil, err
		}
	}
	m, err := r.Net.Build(sets[0], seed)
	if err != nil {
		return nil, nil, err
	}
	if !r.PlainStart {
		if err := weigh(m, sets[0]); err != nil {
			return nil, nil, err
		}
	}
	c := train.Config{
		Objective: train.Contrastive{}, Metrics: []data.Metric{},
		Optimizer: optim.AdamW{LearningRate: or(r.LearningRate, 0.003), WeightDecay: or(r.Decay, 0.01)},
		Groups:    undecayed(m, "bias", "embeddings", "log_scale"),
		Schedule:  optim.WarmUp{Epochs: 0.2, After: optim.CosineDecay{Floor: 0.05}}, Clip: optim.Clip{Norm: 1},
		Epochs: or(r.Epochs, 10), BatchSize: or(r.Batch, 256), DropLast: true, Seed: seed, Validation: sets[1],
		Callbacks: append([]train.Callback{train.EarlyStopping{Patience: or(r.Patience, 2)}}, r.Callbacks...),
	}
	if r.TimeLimit > 0 {
		c.Callbacks = append(c.Callbacks, within(r.TimeLimit))
	}
	h, err := train.Fit(ctx, m, sets[0], c)
	if err != nil {
		return nil, h, err
	}
	d, err := nets.NewDual(m, tokens.Tokenizer, tokens.Longest)
	return d, h, err
}

// weigh multiplies the embedding of each token by ln((1+n)/(1+df)), over the mean of that over the tokens of
// the training texts, n being their number and df that of those that have the token. So a mean of
// embeddings begins as a random projection of TF-IDF.
func weigh(m *models.Model, rows *data.Set) error {
	var df []float64
	n, last := 0.0, map[int]float64{} // token to the text that had it last
	for k := range rows.Sequences {
		q := &rows.Sequences[k]
		if df == nil {
			df = make([]float64, q.Size)
		}
		ids := q.Values.Data().([]int)
		for i := range q.Rows() {
			n++
			for _, id := range ids[q.Offsets[i]:q.Offsets[i+1]] {
				if last[id] != n {
					last[id] = n
					df[id]++
				}
			}
		}
	}
	sum, uses := 0.0, 0.0
	for id, d := range df {
		df[id] = math.Log((1 + n) / (1 + d))
		sum, uses = sum+d*df[id], uses+d
	}
	for _, p := range m.Params().Trained() {
		v := p.Floats32()
		if !strings.HasSuffix(p.Path, "/embeddings") || len(v)%len(df) != 0 || sum == 0 {
			continue
		}
		dim := len(v) / len(df)
		for i := range v {
			v[i] *= float32(df[i/dim] * uses / sum)
		}
	}
	return nil
}

// undecayed is a group without weight decay for each of the names that a parameter of the model has.
func undecayed(m *models.Model, names ...string) (out []optim.Group) {
	for _, name := range names {
		if slices.ContainsFunc(m.Params().Trained(), func(p *graph.Param) bool { return strings.HasSuffix(p.Path, "/"+name) }) {
			out = append(out, optim.Group{Match: name, NoDecay: true})
		}
	}
	return out
}

// tokens trains the tokenizer on the texts of pairs, each answer once.
func (r Answers) tokens(pairs Pairs) (corpus.FittedTokens, error) {
	const column = "text"
	cells := append([]string(nil), pairs.Questions...)
	seen := map[string]bool{}
	for _, a := range pairs.Answers {
		if !seen[a] {
			seen[a] = true
			cells = append(cells, a)
		}
	}
	t := r.Tokens
	t.Column, t.Longest = column, or(t.Longest, 128)
	f, err := t.Fit(&data.Set{Name: "pairs", Texts: []data.TextColumn{{Name: column, Cells: cells}}})
	if err != nil {
		return corpus.FittedTokens{}, err
	}
	return f.(corpus.FittedTokens), nil
}
