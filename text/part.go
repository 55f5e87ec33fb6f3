package text

import (
	"errors"
	"fmt"
)

// Part is a part of a tokenizer: one of this package's types, which stand in the fields of
// [Parts] as listed there. Type is its name in the file; other types are errors of [New].
type Part interface {
	Type() string
}

// Parts are what a Tokenizer is made of. All but the Model may be nil. A [Sequence] may stand
// everywhere else.
type Parts struct {
	Added         []AddedToken
	Normalizer    Part // changes characters: NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Nmt, Prepend, Replace, BertNormalizer, ByteLevel
	PreTokenizer  Part // divides: ByteLevel, BertPreTokenizer, Metaspace, Whitespace, WhitespaceSplit, Punctuation, Digits, Split, CharDelimiterSplit, FixedLength
	Model         Part // finds tokens: BPE, WordPiece, Unigram, WordLevel
	PostProcessor Part // adds tokens: TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel
	Decoder       Part // makes text: ByteLevel, Metaspace, WordPieceDecoder, BPEDecoder, ByteFallback, Fuse, StripDecoder, Replace, CTC
	Truncation    *Truncation
	Padding       *Padding
}

// as returns a part in its role, the zero value for nil.
func as[T any](name string, p Part) (role T, err error) {
	if p == nil {
		return role, nil
	}
	role, ok := p.(T)
	if !ok {
		return role, fmt.Errorf("text: a %T is no %s", p, name)
	}
	return role, nil
}

// Sequence is several parts in turn. Of post-processors, one may add tokens.
type Sequence []Part

var errNil = errors.New("it is nil")

// each calls f for the parts in their role.
func each[T any](s Sequence, name string, f func(i int, role T) error) error {
	for i, p := range s {
		err := errNil
		if p != nil {
			var role T
			if role, err = as[T](name, p); err == nil {
				err = f(i, role)
			}
		}
		if err != nil {
			return fmt.Errorf("%s %d: %w", name, i, err)
		}
	}
	return nil
}

func (s Sequence) normalize(l *line) error {
	return each(s, "normalizer", func(_ int, n normalizer) error { return n.normalize(l) })
}

func (s Sequence) divide(l line, add func(line)) error {
	if len(s) == 0 {
		add(l)
		return nil
	}
	var failed error
	err := each(s[:1], "pre-tokenizer", func(_ int, p preTokenizer) error {
		return p.divide(l, func(l line) {
			if failed == nil {
				failed = s[1:].divide(l, add)
			}
		})
	})
	if err == nil {
		err = failed
	}
	return err
}

func (s Sequence) process(list []*Encoding) (*Encoding, error) {
	var adds postProcessor
	err := each(s, "post-processor", func(_ int, p postProcessor) error {
		if _, trims := p.(ByteLevel); trims {
			return nil
		}
		if adds != nil {
			return fmt.Errorf("of %T and %T, more than one adds tokens", adds, p)
		}
		adds = p
		return nil
	})
	if err != nil {
		return nil, err
	}
	return processed(adds, list)
}

func (s Sequence) decode(tokens []string) ([]string, error) {
	err := each(s, "decoder", func(_ int, d decoder) (err error) {
		tokens, err = d.decode(tokens)
		return err
	})
	return tokens, err
}

// Type returns "NFC".
func (NFC) Type() string { return "NFC" }

// Type returns "NFD".
func (NFD) Type() string { return "NFD" }

// Type returns "NFKC".
func (NFKC) Type() string { return "NFKC" }

// Type returns "NFKD".
func (NFKD) Type() string { return "NFKD" }

// Type returns "Lowercase".
func (Lowercase) Type() string { return "Lowercase" }

// Type returns "Strip".
func (Strip) Type() string { return "Strip" }

// Type returns "StripAccents".
func (StripAccents) Type() string { return "StripAccents" }

// Type returns "Nmt".
func (Nmt) Type() string { return "Nmt" }

// Type returns "Prepend".
func (Prepend) Type() string { return "Prepend" }

// Type returns "Replace".
func (Replace) Type() string { return "Replace" }

// Type returns "BertNormalizer".
func (BertNormalizer) Type() string { return "BertNormalizer" }

// Type returns "Split".
func (Split) Type() string { return "Split" }

// Type returns "Whitespace".
func (Whitespace) Type() string { return "Whitespace" }

// Type returns "WhitespaceSplit".
func (WhitespaceSplit) Type() string { return "WhitespaceSplit" }

// Type returns "BertPreTokenizer".
func (BertPreTokenizer) Type() string { return "BertPreTokenizer" }

// Type returns "Punctuation".
func (Punctuation) Type() string { return "Punctuation" }

// Type returns "Digits".
func (Digits) Type() string { return "Digits" }

// Type returns "CharDelimiterSplit".
func (CharDelimiterSplit) Type() string { return "CharDelimiterSplit" }

// Type returns "FixedLength".
func (FixedLength) Type() string { return "FixedLength" }

// Type returns "Metaspace".
func (Metaspace) Type() string { return "Metaspace" }

// Type returns "ByteLevel".
func (ByteLevel) Type() string { return "ByteLevel" }

// Type returns "BPE".
func (BPE) Type() string { return "BPE" }

// Type returns "WordPiece".
func (WordPiece) Type() string { return "WordPiece" }

// Type returns "WordLevel".
func (WordLevel) Type() string { return "WordLevel" }

// Type returns "Unigram".
func (Unigram) Type() string { return "Unigram" }

// Type returns "TemplateProcessing".
func (TemplateProcessing) Type() string { return "TemplateProcessing" }

// Type returns "BertProcessing".
func (BertProcessing) Type() string { return "BertProcessing" }

// Type returns "RobertaProcessing".
func (RobertaProcessing) Type() string { return "RobertaProcessing" }

// Type returns "ByteFallback".
func (ByteFallback) Type() string { return "ByteFallback" }

// Type returns "Fuse".
func (Fuse) Type() string { return "Fuse" }

// Type returns "Strip".
func (StripDecoder) Type() string { return "Strip" }

// Type returns "WordPiece".
func (WordPieceDecoder) Type() string { return "WordPiece" }

// Type returns "BPEDecoder".
func (BPEDecoder) Type() string { return "BPEDecoder" }

// Type returns "CTC".
func (CTC) Type() string { return "CTC" }

// Type returns "Sequence".
func (Sequence) Type() string { return "Sequence" }
