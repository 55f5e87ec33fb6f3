package text

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/text"
	"github.com/seed732fc211/aegis/text/ngram"
	"github.com/seed732fc211/aegis/train"
)

// EndOfText is the token after each text of a language model.
const EndOfText = "<|end|>"

// LanguageTokenizer trains the tokenizer of a language model: of Characters, or of BPE, which has a
// token for every byte. Capitals are kept. size 0: all characters, or 4,000 of BPE.
func LanguageTokenizer(ctx context.Context, kind corpus.Kind, size int, texts []string) (*text.Tokenizer, error) {
	each := func(add func(string) error) error {
		for _, t := range texts {
			if err := add(t); err != nil {
				return err
			}
		}
		return nil
	}
	trainer := text.Trainer{Size: size, Special: []string{EndOfText}}
	switch kind {
	case corpus.Characters:
		if size == 0 {
			trainer.Size = 1 << 20
		}
		trainer.Special = []string{corpus.Unknown, EndOfText}
		return trainer.TrainWordLevel(ctx, text.Parts{
			Model: text.WordLevel{Unk: corpus.Unknown}, PreTokenizer: text.Split{Pattern: text.Pattern{Regex: `\s|\S`}, Behavior: text.Isolated}, Decoder: text.Fuse{},
		}, each)
	case corpus.BPE:
		if size == 0 {
			trainer.Size = 4000
		}
		trainer.Alphabet = text.ByteAlphabet()
		return trainer.TrainBPE(ctx, text.Parts{PreTokenizer: text.ByteLevel{}, Decoder: text.ByteLevel{}}, each)
	}
	return nil, fmt.Errorf("text: language model: tokens of the kind %q: want characters or bpe", kind)
}

// Study compares language models on texts that none of them has seen.
type Study struct {
	Tokenizer               *text.Tokenizer // trained on the training texts
	Train, Validation, Test []string
	Steps                   int // of a window; 0: 64

	ids [3][][]int // by part and text, with EndOfText at the end
	end int
}

// LanguageScore is what a language model is worth on the test texts.
type LanguageScore struct {
	Name   string
	Bits   float64   // per character of the test texts, that of their end included
	Nats   []float64 // loss of each test text
	Tokens int
	Notes  []string
}

// Characters returns the number of characters of each test text, its end counted as one.
func (s *Study) Characters() []int {
	if s == nil {
		return nil
	}
	var out []int
	for _, t := range s.Test {
		out = append(out, len([]rune(t))+1)
	}
	return out
}

// prepare makes tokens of all texts.
func (s *Study) prepare() error {
	if s == nil || s.Tokenizer.Size() == 0 {
		return errors.New("text: study: there is no tokenizer")
	}
	if s.ids[0] != nil {
		return nil
	}
	if s.Steps == 0 {
		s.Steps = 64
	}
	var ok bool
	if s.end, ok = s.Tokenizer.ID(EndOfText); !ok {
		return fmt.Errorf("text: study: the tokenizer has no token %s", EndOfText)
	}
	for k, part := range [][]string{s.Train, s.Validation, s.Test} {
		if len(part) == 0 {
			return fmt.Errorf("text: study: there are no %s texts", []string{"training", "validation", "test"}[k])
		}
		list := make([][]int, len(part))
		for i, t := range part {
			ids, err := s.Tokenizer.AppendIDs(nil, t)
			if err != nil {
				return fmt.Errorf("text: study: text %d: %w", i, err)
			}
			list[i] = append(ids, s.end)
		}
		s.ids[k] = list
	}
	return nil
}

// Unknown returns how many tokens of the test texts stand for what the tokenizer does not know.
func (s *Study) Unknown() (int, error) {
	if err := s.prepare(); err != nil {
		return 0, err
	}
	unk, ok := s.Tokenizer.ID(corpus.Unknown)
	n := 0
	for _, ids := range s.ids[2] {
		for _, id := range ids {
			if ok && id == unk {
				n++
			}
		}
	}
	return n, nil
}

// stream joins texts; it begins with the end of a text, so that every token follows one.
func (s *Study) stream(part int) []int {
	out := []int{s.end}
	for _, ids := range s.ids[part] {
		out = append(out, ids...)
	}
	return out
}

// Fit trains a language model on the training texts, stopped by the validation texts.
func (s *Study) Fit(ctx context.Context, r Language, seed uint64) (*nets.Language, *train.History, error) {
	if err := s.prepare(); err != nil {
		return nil, nil, err
	}
	var sets [2]data.Source
	for k, name := range []string{"training texts", "validation texts"} {
		ids := s.stream(k)
		steps := min(s.Steps, len(ids)-1)
		if k == 1 && steps < s.Steps || k == 0 && steps < s.Steps {
			return nil, nil, fmt.Errorf("text: study: the %s have %d tokens: want more than the %d steps of a window", name, len(ids)-1, s.Steps)
		}
		set, err := corpus.Windows(name, ids, s.Tokenizer.Size(), s.Steps)
		if err != nil {
			return nil, nil, err
		}
		sets[k] = set
	}
	return r.Train(ctx, sets[0], sets[1], seed)
}

// Score scores the test texts with a language model; each is read with the texts before it as
// context, as far as windows reach.
func (s *Study) Score(ctx context.Context, name string, l *nets.Language) (*LanguageScore, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if l == nil || l.Vocab != s.Tokenizer.Size() {
		return nil, errors.New("text: study: the model is of another vocabulary")
	}
	p, err := l.LogProbs(ctx, s.stream(2))
	if err != nil {
		return nil, err
	}
	out := &LanguageScore{Name: name, Tokens: len(p)}
	at := 0
	for _, ids := range s.ids[2] {
		nats := 0.0
		for range ids {
			nats -= p[at]
			at++
		}
		out.Nats = append(out.Nats, nats)
	}
	return out, s.finish(out)
}

// KneserNey fits n-gram models of the orders 2 to most and scores the test texts with the one that
// is best on the validation texts.
func (s *Study) KneserNey(ctx context.Context, most int) (*LanguageScore, *ngram.Model, error) {
	if err := s.prepare(); err != nil {
		return nil, nil, err
	}
	var best *ngram.Model
	least, before := math.Inf(1), math.Inf(1)
	for order := 2; order <= most; order++ {
		m, err := ngram.KneserNey{Order: order, Vocab: s.Tokenizer.Size()}.Fit(ctx, s.ids[0])
		if err != nil {
			return nil, nil, err
		}
		nats := 0.0
		for _, ids := range s.ids[1] {
			p, err := m.LogProb(ids)
			if err != nil {
				return nil, nil, err
			}
			nats -= p
		}
		if nats < least {
			best, least = m, nats
		} else if nats > before {
			break // two in a row are worse
		}
		before = nats
	}
	out := &LanguageScore{Name: fmt.Sprintf("kneser-ney-%d", best.Order())}
	for _, ids := range s.ids[2] {
		p, err := best.LogProb(ids)
		if err != nil {
			return nil, nil, err
		}
		out.Nats, out.Tokens = append(out.Nats, -p), out.Tokens+len(ids)
	}
	out.Notes = []string{fmt.Sprintf("order %d of 2 to %d is best on the validation texts", best.Order(), most)}
	return out, best, s.finish(out)
}

// finish computes the bits per character.
func (s *Study) finish(out *LanguageScore) error {
	nats, characters := 0.0, 0
	for i, n := range s.Characters() {
		nats, characters = nats+out.Nats[i], characters+n
	}
	out.Bits = nats / math.Ln2 / float64(characters)
	if math.IsNaN(out.Bits) || math.IsInf(out.Bits, 0) {
		return fmt.Errorf("text: study: %s gives a loss of %v", out.Name, nats)
	}
	return nil
}

// LanguageNames returns the names of language models, as LanguageByName takes them.
func LanguageNames() []string { return []string{"transformer", "lstm"} }

// LanguageByName returns the network of a language model by its name, in a size for the given
// number of training tokens.
func LanguageByName(name string, tokens int) (models.Architecture, error) {
	small := tokens < 2_000_000
	switch name {
	case "transformer":
		if small {
			return nets.TransformerLanguage{Dim: 128, Depth: 4, Heads: 4, Dropout: 0.2}, nil
		}
		return nets.TransformerLanguage{Dim: 256, Depth: 4, Heads: 4, Dropout: 0.1}, nil
	case "lstm":
		if small {
			return nets.LSTMLanguage{Dim: 64, Units: 256, Depth: 2, Dropout: 0.3}, nil
		}
		return nets.LSTMLanguage{Dim: 128, Units: 384, Depth: 2, Dropout: 0.1}, nil
	}
	return nil, fmt.Errorf("text: there is no language model %q; there are %v", name, LanguageNames())
}

// TrainTokens returns the number of tokens of the training texts.
func (s *Study) TrainTokens() (int, error) {
	if err := s.prepare(); err != nil {
		return 0, err
	}
	n := 0
	for _, ids := range s.ids[0] {
		n += len(ids)
	}
	return n, nil
}

// Difference is what one language model needs less than another on the same texts.
type Difference struct {
	First, Second string
	Bits          float64    // per character, by which the second is worse
	Interval      [2]float64 // of 95%, by a bootstrap over texts (BCa, 2,000 draws)
}

// String is a verdict.
func (d Difference) String() string {
	better, worse, low, high, bits := d.First, d.Second, d.Interval[0], d.Interval[1], d.Bits
	if bits < 0 {
		better, worse, low, high, bits = worse, better, -high, -low, -bits
	}
	if !(low > 0) {
		return fmt.Sprintf("%s and %s: no evidence that they differ (%.3f bits per character in favour of %s, 95%% interval %.3f to %.3f, bootstrap over texts)", d.First, d.Second, bits, better, low, high)
	}
	return fmt.Sprintf("%s is better than %s by %.3f bits per character (95%% interval %.3f to %.3f, bootstrap over texts)", better, worse, bits, low, high)
}

// Compare compares two models on the test texts.
func (s *Study) Compare(first, second *LanguageScore, seed uint64) (Difference, error) {
	if s == nil || first == nil || second == nil || len(first.Nats) != len(s.Test) || len(second.Nats) != len(s.Test) {
		return Difference{}, errors.New("text: study: scores are of other texts")
	}
	if len(s.Test) < 2 {
		return Difference{}, fmt.Errorf("text: study: %d test text: a bootstrap needs two or more", len(s.Test))
	}
	characters := s.Characters()
	t, err := stats.Bootstrap(len(s.Test), func(rows []int) float64 {
		nats, n := 0.0, 0
		for _, i := range rows {
			nats += second.Nats[i] - first.Nats[i]
			n += characters[i]
		}
		return nats / math.Ln2 / float64(n)
	}, stats.BootstrapOptions{Seed: seed})
	if err != nil {
		return Difference{}, fmt.Errorf("text: study: %w", err)
	}
	return Difference{first.Name, second.Name, t.Estimate, [2]float64{t.Low, t.High}}, nil
}
