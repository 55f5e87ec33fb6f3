package text

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// sequence reads the parts of a sequence.
func sequence(list []json.RawMessage, read func(tagged) error) error {
	for i, text := range list {
		t, err := tag(text)
		if err == nil {
			err = read(t)
		}
		if err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	return nil
}

func readNormalizer(t tagged) (Part, error) {
	var plain typeJSON
	switch t.kind {
	case "NFC":
		return NFC{}, t.read(&plain)
	case "NFD":
		return NFD{}, t.read(&plain)
	case "NFKC":
		return NFKC{}, t.read(&plain)
	case "NFKD":
		return NFKD{}, t.read(&plain)
	case "Lowercase":
		return Lowercase{}, t.read(&plain)
	case "StripAccents":
		return StripAccents{}, t.read(&plain)
	case "Nmt":
		return Nmt{}, t.read(&plain)
	case "ByteLevel":
		var j byteLevelJSON
		err := t.read(&j)
		return ByteLevel{}, err
	case "Strip":
		var j stripJSON
		err := t.read(&j)
		return Strip{j.StripLeft, j.StripRight}, err
	case "Prepend":
		var j prependJSON
		err := t.read(&j)
		return Prepend{j.Prepend}, err
	case "Replace":
		return t.replace()
	case "BertNormalizer":
		var j bertNormalizerJSON
		err := t.read(&j)
		return BertNormalizer{j.CleanText, j.HandleChineseChars, j.StripAccents, j.Lowercase}, err
	case "Sequence":
		var j sequenceJSON
		if err := t.read(&j); err != nil {
			return nil, err
		}
		list := Sequence{}
		err := sequence(j.Normalizers, func(t tagged) error {
			n, err := readNormalizer(t)
			list = append(list, n)
			return err
		})
		return list, err
	}
	return nil, t.unknown()
}

func (t tagged) replace() (Replace, error) {
	var j replaceJSON
	if err := t.read(&j); err != nil {
		return Replace{}, err
	}
	p, err := j.Pattern.pattern()
	return Replace{p, j.Content}, err
}

func (t tagged) byteLevel() (ByteLevel, error) {
	var j byteLevelJSON
	err := t.read(&j)
	return ByteLevel{j.AddPrefixSpace, j.TrimOffsets, j.UseRegex != nil && !*j.UseRegex}, err
}

func (t tagged) metaspace() (Metaspace, error) {
	var j metaspaceJSON
	if err := t.read(&j); err != nil {
		return Metaspace{}, err
	}
	m := Metaspace{Replacement: rune(j.Replacement), Prepend: cmp.Or(j.PrependScheme, "always"), Whole: j.Split != nil && !*j.Split}
	if j.AddPrefixSpace != nil && !*j.AddPrefixSpace {
		if j.PrependScheme != "" && j.PrependScheme != "never" {
			return m, fmt.Errorf("Metaspace: add_prefix_space is false, prepend_scheme %q", j.PrependScheme)
		}
		m.Prepend = "never"
	}
	if m.Replacement == 0 || !slices.Contains([]string{"always", "first", "never"}, m.Prepend) {
		return m, fmt.Errorf("Metaspace: prepend_scheme %q, replacement %q", m.Prepend, m.Replacement)
	}
	return m, nil
}

func readPreTokenizer(t tagged) (Part, error) {
	var plain typeJSON
	switch t.kind {
	case "Whitespace":
		return Whitespace{}, t.read(&plain)
	case "WhitespaceSplit":
		return WhitespaceSplit{}, t.read(&plain)
	case "BertPreTokenizer":
		return BertPreTokenizer{}, t.read(&plain)
	case "ByteLevel":
		return t.byteLevel()
	case "Metaspace":
		return t.metaspace()
	case "Split":
		var j splitJSON
		if err := t.read(&j); err != nil {
			return nil, err
		}
		p, err := j.Pattern.pattern()
		return Split{p, j.Behavior, j.Invert}, err
	case "Punctuation":
		j := punctuationJSON{Behavior: Isolated}
		err := t.read(&j)
		return Punctuation{j.Behavior}, err
	case "Digits":
		var j digitsJSON
		err := t.read(&j)
		return Digits{j.IndividualDigits}, err
	case "CharDelimiterSplit":
		var j delimiterJSON
		err := t.read(&j)
		return CharDelimiterSplit{rune(j.Delimiter)}, err
	case "FixedLength":
		j := fixedJSON{Length: 5}
		err := t.read(&j)
		return FixedLength{j.Length}, err
	case "Sequence":
		var j sequenceJSON
		if err := t.read(&j); err != nil {
			return nil, err
		}
		list := Sequence{}
		err := sequence(j.PreTokenizers, func(t tagged) error {
			p, err := readPreTokenizer(t)
			list = append(list, p)
			return err
		})
		return list, err
	}
	return nil, t.unknown()
}

// tokenOf reads a token with its id, as ["[SEP]", 102].
func tokenOf(text json.RawMessage) (t TemplateToken, err error) {
	list := []any{&t.Token, &t.ID}
	if err = json.Unmarshal(text, &list); err == nil && len(list) != 2 {
		err = fmt.Errorf("want a token and its id, have %s", text)
	}
	return t, err
}

func readPostProcessor(t tagged) (Part, error) {
	switch t.kind {
	case "ByteLevel":
		return t.byteLevel()
	case "BertProcessing":
		var j bertJSON
		if err := t.read(&j); err != nil {
			return nil, err
		}
		cls, e1 := tokenOf(j.Cls)
		sep, e2 := tokenOf(j.Sep)
		return BertProcessing{cls, sep}, errors.Join(e1, e2)
	case "RobertaProcessing":
		j := robertaJSON{TrimOffsets: true, AddPrefixSpace: true}
		if err := t.read(&j); err != nil {
			return nil, err
		}
		cls, e1 := tokenOf(j.Cls)
		sep, e2 := tokenOf(j.Sep)
		return RobertaProcessing{cls, sep, j.TrimOffsets, j.AddPrefixSpace}, errors.Join(e1, e2)
	case "TemplateProcessing":
		return t.template()
	case "Sequence":
		var j sequenceJSON
		if err := t.read(&j); err != nil {
			return nil, err
		}
		list := Sequence{}
		err := sequence(j.Processors, func(t tagged) error {
			p, err := readPostProcessor(t)
			list = append(list, p)
			return err
		})
		return list, err
	}
	return nil, t.unknown()
}

func (t tagged) template() (o TemplateProcessing, err error) {
	var j templateJSON
	if err := t.read(&j); err != nil {
		return o, err
	}
	pieces := func(list []templatePieceJSON) (out []TemplatePiece, err error) {
		for i, p := range list {
			switch {
			case p.SpecialToken != nil && p.Sequence == nil:
				out = append(out, TemplatePiece{Token: p.SpecialToken.ID, Type: p.SpecialToken.TypeID})
			case p.Sequence != nil && p.SpecialToken == nil:
				out = append(out, TemplatePiece{Sequence: p.Sequence.ID, Type: p.Sequence.TypeID})
			default:
				return nil, fmt.Errorf("TemplateProcessing: piece %d: want SpecialToken or Sequence", i)
			}
		}
		return out, nil
	}
	o.Tokens = map[string][]TemplateToken{}
	for name, s := range j.SpecialTokens {
		if s.ID != name || len(s.IDs) != len(s.Tokens) {
			return o, fmt.Errorf("TemplateProcessing: special token %q: id %q, %d ids of %d tokens", name, s.ID, len(s.IDs), len(s.Tokens))
		}
		o.Tokens[name] = []TemplateToken{}
		for i, id := range s.IDs {
			o.Tokens[name] = append(o.Tokens[name], TemplateToken{s.Tokens[i], id})
		}
	}
	if o.Single, err = pieces(j.Single); err == nil {
		o.Pair, err = pieces(j.Pair)
	}
	return o, err
}

func readDecoder(t tagged) (Part, error) {
	var plain typeJSON
	switch t.kind {
	case "ByteLevel":
		return t.byteLevel()
	case "Metaspace":
		return t.metaspace()
	case "Replace":
		return t.replace()
	case "ByteFallback":
		return ByteFallback{}, t.read(&plain)
	case "Fuse":
		return Fuse{}, t.read(&plain)
	case "Strip":
		var j stripDecoderJSON
		err := t.read(&j)
		if err == nil && (j.Start < 0 || j.Stop < 0) {
			err = fmt.Errorf("Strip: start %d, stop %d", j.Start, j.Stop)
		}
		return StripDecoder{rune(j.Content), j.Start, j.Stop}, err
	case "WordPiece":
		j := wordPieceDecoderJSON{Prefix: "##", Cleanup: true}
		err := t.read(&j)
		return WordPieceDecoder{j.Prefix, j.Cleanup}, err
	case "BPEDecoder":
		j := bpeDecoderJSON{Suffix: "</w>"}
		err := t.read(&j)
		return BPEDecoder{j.Suffix}, err
	case "CTC":
		j := ctcJSON{PadToken: "<pad>", WordDelimiterToken: "|", Cleanup: true}
		err := t.read(&j)
		return CTC{j.PadToken, j.WordDelimiterToken, j.Cleanup}, err
	case "Sequence":
		var j sequenceJSON
		if err := t.read(&j); err != nil {
			return nil, err
		}
		list := Sequence{}
		err := sequence(j.Decoders, func(t tagged) error {
			d, err := readDecoder(t)
			list = append(list, d)
			return err
		})
		return list, err
	}
	return nil, t.unknown()
}

func readModel(t tagged) (Part, error) {
	if t.kind == "" { // of old files
		t.kind = oldModel(t.text)
	}
	switch t.kind {
	case "BPE":
		var j bpeJSON
		if err := t.read(&j); err != nil {
			return nil, err
		}
		if j.Dropout != nil && *j.Dropout != 0 {
			return nil, fmt.Errorf("BPE: a dropout of %v: merges at random are not supported", *j.Dropout)
		}
		m := BPE{Vocab: j.Vocab, FuseUnk: j.FuseUnk, ByteFallback: j.ByteFallback, IgnoreMerges: j.IgnoreMerges, Merges: make([][2]string, len(j.Merges))}
		for i, pair := range j.Merges {
			m.Merges[i] = pair
		}
		for to, from := range map[*string]*string{&m.Unk: j.UnkToken, &m.Prefix: j.ContinuingSubwordPrefix, &m.Suffix: j.EndOfWordSuffix} {
			if from != nil {
				*to = *from
			}
		}
		return m, nil
	case "WordPiece":
		j := wordPieceJSON{UnkToken: "[UNK]", ContinuingSubwordPrefix: "##", MaxInputCharsPerWord: 100}
		err := t.read(&j)
		return WordPiece{j.Vocab, j.UnkToken, j.ContinuingSubwordPrefix, j.MaxInputCharsPerWord}, err
	case "WordLevel":
		var j wordLevelJSON
		err := t.read(&j)
		return WordLevel{j.Vocab, j.UnkToken}, err
	case "Unigram":
		var j unigramJSON
		if err := t.read(&j); err != nil {
			return nil, err
		}
		m := Unigram{Unk: -1, ByteFallback: j.ByteFallback, Vocab: make([]Scored, len(j.Vocab))}
		for i, s := range j.Vocab {
			m.Vocab[i] = Scored(s)
		}
		if j.UnkID != nil {
			m.Unk = *j.UnkID
		}
		return m, nil
	}
	return nil, t.unknown()
}

// oldModel returns the type of a model that does not say it.
func oldModel(text json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return ""
	}
	switch _, merges := fields["merges"]; {
	case merges:
		return "BPE"
	case bytes.HasPrefix(fields["vocab"], []byte("[")):
		return "Unigram"
	case fields["max_input_chars_per_word"] != nil:
		return "WordPiece"
	}
	return "WordLevel"
}
