// Package corpus makes what networks take of columns of texts: sequences of token ids, by a
// tokenizer that is fitted on training rows like any other transform. It reads folders of texts
// and leaves out near-duplicates, and it has collections of texts, whose files are not part of
// Aegis: mails, reviews, descriptions of packages and their translations, and a book.
package corpus

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	"github.com/seed732fc211/aegis/internal/builtin"
	"github.com/seed732fc211/aegis/text"
	"gorgonia.org/tensor"
)

// Kind is a kind of token.
type Kind string

// The kinds of tokens. The vocabulary of each is learned from the training texts.
const (
	Words      Kind = "words"      // runs of letters, digits and _, and runs of other characters but white space
	Characters Kind = "characters" // code points
	BPE        Kind = "bpe"        // byte pairs, as in GPT-2: no text is unknown
	WordPiece  Kind = "wordpiece"  // as in BERT: parts of words, without accents
	Unigram    Kind = "unigram"    // as in SentencePiece
)

// Kinds returns the kinds of tokens.
func Kinds() []Kind { return []Kind{Words, Characters, BPE, WordPiece, Unigram} }

// Unknown is the token, with the id 0, of what is not in the vocabulary. Of BPE every byte is.
const Unknown = "[UNK]"

// Tokens makes of a column of texts a sequence of ids for every row, in [data.Set.Sequences]; the
// column itself is gone then. The vocabulary is that of the training rows.
type Tokens struct {
	Column    string          // "": the only column of texts
	Tokenizer *text.Tokenizer // nil: one is trained, by the fields below
	Kind      Kind            // "": Words
	Size      int             // of the vocabulary, at most; 0: 20,000 words, or 8,000 of other tokens
	MinCount  int             // of a word or a character in the training texts; 0: 2
	Cased     bool            // keep capitals; by default texts are in lower case
	Longest   int             // tokens of a text, those that follow are left out; 0: 512
}

// longestText bounds the number of tokens of a text.
const longestText = 1 << 20

func (t Tokens) withDefaults() (Tokens, error) {
	if t.Kind == "" {
		t.Kind = Words
	}
	if t.Size == 0 {
		t.Size = 8000
		if t.Kind == Words {
			t.Size = 20000
		}
	}
	if t.MinCount == 0 {
		t.MinCount = 2
	}
	if t.Longest == 0 {
		t.Longest = 512
	}
	if !slices.Contains(Kinds(), t.Kind) {
		return t, fmt.Errorf("corpus: tokens: there is no kind %q: want words, characters, bpe, wordpiece or unigram", t.Kind)
	}
	if t.Size < 1 || t.MinCount < 1 || t.Longest < 1 || t.Longest > longestText {
		return t, fmt.Errorf("corpus: tokens: a vocabulary of %d, counts from %d, texts of %d tokens: want positive numbers, and texts of up to %d tokens", t.Size, t.MinCount, t.Longest, longestText)
	}
	return t, nil
}

// Fit implements data.Transform: it trains the tokenizer. It is an error if there is no such
// column.
func (t Tokens) Fit(train data.Source) (data.Fitted, error) {
	t, err := t.withDefaults()
	if err != nil {
		return nil, err
	}
	rows, err := data.Collect(train)
	if err != nil {
		return nil, err
	}
	at, err := columnOf(rows, t.Column)
	if err != nil {
		return nil, err
	}
	f := FittedTokens{Column: rows.Texts[at].Name, Tokenizer: t.Tokenizer, Longest: t.Longest}
	if f.Tokenizer == nil {
		if f.Tokenizer, err = t.train(rows.Texts[at].Cells); err != nil {
			return nil, fmt.Errorf("corpus: tokens of %s: %w", f.Column, err)
		}
	}
	return f, f.check()
}

// train trains a tokenizer.
func (t Tokens) train(cells []string) (*text.Tokenizer, error) {
	texts := func(add func(string) error) error {
		for _, c := range cells {
			if err := add(c); err != nil {
				return err
			}
		}
		return nil
	}
	ctx, trainer := context.Background(), text.Trainer{Size: t.Size}
	var normalizer text.Sequence
	if !t.Cased {
		normalizer = append(normalizer, text.Lowercase{})
	}
	p := text.Parts{Normalizer: normalizer}
	if len(normalizer) == 0 {
		p.Normalizer = nil
	}
	switch t.Kind {
	case BPE:
		p.PreTokenizer, p.Decoder = text.ByteLevel{}, text.ByteLevel{}
		trainer.Alphabet = text.ByteAlphabet()
		return trainer.TrainBPE(ctx, p, texts)
	case WordPiece:
		p.Normalizer, p.PreTokenizer = text.BertNormalizer{CleanText: true, HandleChineseChars: true, Lowercase: !t.Cased}, text.BertPreTokenizer{}
		p.Decoder = text.WordPieceDecoder{Prefix: "##"}
		return trainer.TrainWordPiece(ctx, p, texts)
	case Unigram:
		space := text.Metaspace{Replacement: '▁', Prepend: "always"}
		p.PreTokenizer, p.Decoder = space, space
		return text.UnigramTrainer{Size: t.Size, Unk: Unknown}.Train(ctx, p, texts)
	case Characters:
		p.PreTokenizer, p.Decoder = text.Split{Pattern: text.Pattern{Regex: `\s|\S`}, Behavior: text.Isolated}, text.Fuse{}
	default:
		p.PreTokenizer = text.Whitespace{}
	}
	trainer.MinCount = t.MinCount
	p.Model = text.WordLevel{Unk: Unknown}
	return trainer.TrainWordLevel(ctx, p, texts)
}

// columnOf returns the number of a column of texts; "" stands for the only one.
func columnOf(s *data.Set, name string) (int, error) {
	if name == "" {
		if len(s.Texts) != 1 {
			return 0, fmt.Errorf("corpus: %s has %d columns of texts: want the name of one", s.Name, len(s.Texts))
		}
		return 0, nil
	}
	at := slices.IndexFunc(s.Texts, func(c data.TextColumn) bool { return c.Name == name })
	if at < 0 {
		return 0, fmt.Errorf("corpus: %s has no column %q of texts", s.Name, name)
	}
	return at, nil
}

// FittedTokens is a fitted Tokens.
type FittedTokens struct {
	Column    string
	Tokenizer *text.Tokenizer
	Longest   int
}

func (f FittedTokens) check() error {
	if f.Column == "" || f.Tokenizer.Size() == 0 || f.Longest < 1 || f.Longest > longestText {
		return fmt.Errorf("corpus: tokens: the column %q, a tokenizer of %d tokens, texts of %d: want a name, at least one, and 1 to %d", f.Column, f.Tokenizer.Size(), f.Longest, longestText)
	}
	return nil
}

// Apply implements data.Fitted.
func (f FittedTokens) Apply(s *data.Set) (*data.Set, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if s.Len() == 0 {
		return nil, data.ErrEmpty
	}
	at, err := columnOf(s, f.Column)
	if err != nil {
		return nil, err
	}
	cells := s.Texts[at].Cells
	if len(cells) != s.Len() {
		return nil, fmt.Errorf("corpus: %s: the column %q has %d texts of %d rows", s.Name, f.Column, len(cells), s.Len())
	}
	q, err := f.sequences(cells)
	if err != nil {
		return nil, fmt.Errorf("corpus: %s: %w", s.Name, err)
	}
	out := *s
	out.Sequences = append(slices.Clone(s.Sequences), q)
	out.Texts = slices.Delete(slices.Clone(s.Texts), at, at+1)
	return &out, nil
}

// sequences returns the tokens of texts.
func (f FittedTokens) sequences(cells []string) (data.Sequences, error) {
	var ids []int
	offsets := make([]int, 1, len(cells)+1)
	for i, c := range cells {
		begin := len(ids)
		var err error
		if ids, err = f.Tokenizer.AppendIDs(ids, c); err != nil {
			return data.Sequences{}, &data.RowError{Row: i, Err: fmt.Errorf("row %d, column %s: %w", i, f.Column, err)}
		}
		ids = ids[:min(len(ids), begin+f.Longest)]
		offsets = append(offsets, len(ids))
	}
	if len(ids) == 0 {
		ids = []int{0} // belongs to no row: a tensor cannot be empty
	}
	return data.Sequences{Name: f.Column, Values: tensor.New(tensor.WithShape(len(ids)), tensor.WithBacking(ids)), Offsets: offsets, Size: f.Tokenizer.Size()}, nil
}

func init() {
	builtin.Text(describe.Text{
		Example: (*text.Tokenizer)(nil),
		Write: func(v any) (string, error) {
			t, _ := v.(*text.Tokenizer)
			if t == nil {
				return "", nil
			}
			var b bytes.Buffer
			err := t.WriteJSON(&b)
			return b.String(), err
		},
		Read: func(json string) (any, error) {
			if json == "" {
				return (*text.Tokenizer)(nil), nil
			}
			return text.Read(strings.NewReader(json))
		},
	})
	builtin.Register(Tokens{}, FittedTokens{}) // Apply checks what was read
}
