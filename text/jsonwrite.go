package text

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/seed732fc211/aegis/internal/atomicfile"
)

// Save writes the tokenizer to a file, which is replaced atomically.
func (t *Tokenizer) Save(name string) error {
	if err := atomicfile.Write(name, t.WriteJSON); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	return nil
}

// WriteJSON writes the tokenizer as tokenizer.json.
func (t *Tokenizer) WriteJSON(w io.Writer) error {
	if !t.made() || w == nil {
		return errors.New("text: write the tokenizer: it or the writer is nil")
	}
	f := tokenizerJSON{Version: "1.0", AddedTokens: []addedJSON{}}
	for _, a := range t.added {
		f.AddedTokens = append(f.AddedTokens, addedJSON{a.ID, a.Content, a.SingleWord, a.LeftStrip, a.RightStrip, a.Normalized, a.Special})
	}
	side := func(left bool) string {
		if left {
			return "Left"
		}
		return "Right"
	}
	if o := t.parts.Truncation; o != nil {
		f.Truncation = &truncationJSON{side(o.Left), o.Length, o.Strategy, o.Stride}
	}
	if o := t.parts.Padding; o != nil {
		f.Padding = &paddingJSON{Strategy: json.RawMessage(`"BatchLongest"`), Direction: side(o.Left), PadID: o.ID, PadTypeID: o.TypeID, PadToken: o.Token}
		if o.Length > 0 {
			f.Padding.Strategy = fmt.Appendf(nil, `{"Fixed":%d}`, o.Length)
		}
		if o.Multiple > 0 {
			f.Padding.PadToMultipleOf = &o.Multiple
		}
	}
	for _, part := range []struct {
		role string
		to   *json.RawMessage
		part Part
	}{
		{"normalizer", &f.Normalizer, t.parts.Normalizer}, {"pre_tokenizer", &f.PreTokenizer, t.parts.PreTokenizer},
		{"post_processor", &f.PostProcessor, t.parts.PostProcessor}, {"decoder", &f.Decoder, t.parts.Decoder}, {"model", &f.Model, t.parts.Model},
	} {
		text, err := written(part.part, part.role)
		if err != nil {
			return fmt.Errorf("text: write the tokenizer: %w", err)
		}
		*part.to = text
	}
	text, err := plain(f)
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	return err
}

// written returns a part in its role as JSON.
func written(part Part, role string) (json.RawMessage, error) {
	whole := func(whole bool) *bool { whole = !whole; return &whole }
	or := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	var list []json.RawMessage
	var j any
	switch o := part.(type) {
	case nil:
		return json.RawMessage("null"), nil
	case NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Nmt, Whitespace, WhitespaceSplit, BertPreTokenizer, ByteFallback, Fuse:
		j = typeJSON{part.Type()}
	case BertNormalizer:
		j = bertNormalizerJSON{"BertNormalizer", o.CleanText, o.HandleChineseChars, o.StripAccents, o.Lowercase}
	case Strip:
		j = stripJSON{"Strip", o.Left, o.Right}
	case Prepend:
		j = prependJSON{"Prepend", o.Text}
	case Replace:
		j = replaceJSON{"Replace", o.Pattern.json(), o.Content}
	case ByteLevel:
		j = byteLevelJSON{"ByteLevel", o.AddPrefixSpace, o.TrimOffsets, whole(o.Whole)}
	case Metaspace:
		j = metaspaceJSON{Type: "Metaspace", Replacement: character(o.Replacement), PrependScheme: o.Prepend, Split: whole(o.Whole)}
	case Split:
		j = splitJSON{"Split", o.Pattern.json(), o.Behavior, o.Invert}
	case Punctuation:
		j = punctuationJSON{"Punctuation", o.Behavior}
	case Digits:
		j = digitsJSON{"Digits", o.Individual}
	case CharDelimiterSplit:
		j = delimiterJSON{"CharDelimiterSplit", character(o.Delimiter)}
	case FixedLength:
		j = fixedJSON{"FixedLength", o.Length}
	case BertProcessing:
		if err := pairs(&list, o.SEP, o.CLS); err != nil {
			return nil, err
		}
		j = bertJSON{"BertProcessing", list[0], list[1]}
	case RobertaProcessing:
		if err := pairs(&list, o.SEP, o.CLS); err != nil {
			return nil, err
		}
		j = robertaJSON{"RobertaProcessing", list[0], list[1], o.TrimOffsets, o.AddPrefixSpace}
	case TemplateProcessing:
		j = o.json()
	case StripDecoder:
		j = stripDecoderJSON{"Strip", character(o.Content), o.Start, o.Stop}
	case WordPieceDecoder:
		j = wordPieceDecoderJSON{"WordPiece", o.Prefix, o.Cleanup}
	case BPEDecoder:
		j = bpeDecoderJSON{"BPEDecoder", o.Suffix}
	case CTC:
		j = ctcJSON{"CTC", o.Pad, o.WordDelimiter, o.Cleanup}
	case Sequence:

		for _, p := range o {
			text, err := written(p, role)
			if err != nil {
				return nil, err
			}
			list = append(list, text)
		}
		s := sequenceJSON{Type: "Sequence"}
		*map[string]*[]json.RawMessage{"normalizer": &s.Normalizers, "pre_tokenizer": &s.PreTokenizers, "post_processor": &s.Processors, "decoder": &s.Decoders}[role] = list
		j = s
	case BPE:
		m := bpeJSON{
			Type: "BPE", UnkToken: or(o.Unk), ContinuingSubwordPrefix: or(o.Prefix), EndOfWordSuffix: or(o.Suffix),
			FuseUnk: o.FuseUnk, ByteFallback: o.ByteFallback, IgnoreMerges: o.IgnoreMerges, Vocab: o.Vocab, Merges: make([]mergeJSON, len(o.Merges)),
		}
		for i, pair := range o.Merges {
			m.Merges[i] = pair
		}
		j = m
	case WordPiece:
		j = wordPieceJSON{"WordPiece", o.Unk, o.Prefix, o.Most, o.Vocab}
	case WordLevel:
		j = wordLevelJSON{"WordLevel", o.Vocab, o.Unk}
	case Unigram:
		m := unigramJSON{Type: "Unigram", ByteFallback: o.ByteFallback, Vocab: make([]scoredJSON, len(o.Vocab))}
		for i, s := range o.Vocab {
			if math.IsNaN(s.Score) || math.IsInf(s.Score, 0) {
				return nil, fmt.Errorf("the score of %q is %v", s.Token, s.Score)
			}
			m.Vocab[i] = scoredJSON(s)
		}
		if o.Unk >= 0 {
			m.UnkID = &o.Unk
		}
		j = m
	default:
		return nil, fmt.Errorf("a %T", part)
	}
	return plain(j)
}

// pairs writes tokens with their ids.
func pairs(list *[]json.RawMessage, tokens ...TemplateToken) error {
	for _, t := range tokens {
		text, err := plain([]any{t.Token, t.ID})
		if err != nil {
			return err
		}
		*list = append(*list, text)
	}
	return nil
}

func (o TemplateProcessing) json() templateJSON {
	pieces := func(list []TemplatePiece) []templatePieceJSON {
		out := []templatePieceJSON{}
		for _, p := range list {
			if p.Sequence != "" {
				out = append(out, templatePieceJSON{Sequence: &templateNameJSON{p.Sequence, p.Type}})
			} else {
				out = append(out, templatePieceJSON{SpecialToken: &templateNameJSON{p.Token, p.Type}})
			}
		}
		return out
	}
	j := templateJSON{"TemplateProcessing", pieces(o.Single), pieces(o.Pair), map[string]templateTokenJSON{}}
	for name, list := range o.Tokens {
		t := templateTokenJSON{ID: name, IDs: []int{}, Tokens: []string{}}
		for _, token := range list {
			t.IDs, t.Tokens = append(t.IDs, token.ID), append(t.Tokens, token.Token)
		}
		j.SpecialTokens[name] = t
	}
	return j
}
