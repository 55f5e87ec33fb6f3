package text

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed732fc211/aegis/internal/atomicfile"
)

// mostBytes bounds the size of a file.
const mostBytes = 256 << 20

// Load reads a tokenizer.json.
func Load(name string) (*Tokenizer, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	defer f.Close()
	t, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// Read reads a tokenizer as the file tokenizer.json describes it. It is an error, which names
// the place, if a part or one of its fields is not known, or if parts do not fit together. A
// file of more than 256 MiB is refused.
func Read(r io.Reader) (*Tokenizer, error) {
	if r == nil {
		return nil, errors.New("text: the reader is nil")
	}
	text, err := io.ReadAll(io.LimitReader(r, mostBytes+1))
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	if len(text) > mostBytes {
		return nil, fmt.Errorf("text: a tokenizer of more than %d MiB", mostBytes>>20)
	}
	var f tokenizerJSON
	if err := strict(text, &f); err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	p, err := f.parts()
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	return New(p)
}

// strict decodes JSON without unknown fields.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON value")
	}
	return nil
}

type tokenizerJSON struct {
	Version       string          `json:"version"`
	Truncation    *truncationJSON `json:"truncation"`
	Padding       *paddingJSON    `json:"padding"`
	AddedTokens   []addedJSON     `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

type truncationJSON struct {
	Direction string `json:"direction"`
	MaxLength int    `json:"max_length"`
	Strategy  string `json:"strategy"`
	Stride    int    `json:"stride"`
}

type paddingJSON struct {
	Strategy        json.RawMessage `json:"strategy"`
	Direction       string          `json:"direction"`
	PadToMultipleOf *int            `json:"pad_to_multiple_of"`
	PadID           int             `json:"pad_id"`
	PadTypeID       int             `json:"pad_type_id"`
	PadToken        string          `json:"pad_token"`
}

type addedJSON struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

func (f *tokenizerJSON) parts() (p Parts, err error) {
	if f.Version != "1.0" {
		return p, fmt.Errorf("version: %q, want 1.0", f.Version)
	}
	for _, a := range f.AddedTokens {
		p.Added = append(p.Added, AddedToken{a.Content, a.ID, a.SingleWord, a.LStrip, a.RStrip, a.Normalized, a.Special})
	}
	if t := f.Truncation; t != nil {
		left, err := left(t.Direction)
		if err != nil {
			return p, fmt.Errorf("truncation: %w", err)
		}
		p.Truncation = &Truncation{Length: t.MaxLength, Strategy: t.Strategy, Left: left, Stride: t.Stride}
	}
	if f.Padding != nil {
		if p.Padding, err = f.Padding.padding(); err != nil {
			return p, fmt.Errorf("padding: %w", err)
		}
	}
	for _, part := range []struct {
		name string
		text json.RawMessage
		read func(tagged) error
	}{
		{"normalizer", f.Normalizer, func(t tagged) (err error) { p.Normalizer, err = readNormalizer(t); return err }},
		{"pre_tokenizer", f.PreTokenizer, func(t tagged) (err error) { p.PreTokenizer, err = readPreTokenizer(t); return err }},
		{"post_processor", f.PostProcessor, func(t tagged) (err error) { p.PostProcessor, err = readPostProcessor(t); return err }},
		{"decoder", f.Decoder, func(t tagged) (err error) { p.Decoder, err = readDecoder(t); return err }},
		{"model", f.Model, func(t tagged) (err error) { p.Model, err = readModel(t); return err }},
	} {
		if null(part.text) {
			continue
		}
		t, err := tag(part.text)
		if err == nil {
			err = part.read(t)
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return p, nil
}

func null(text json.RawMessage) bool { return len(text) == 0 || string(text) == "null" }

func left(direction string) (bool, error) {
	switch direction {
	case "Left":
		return true, nil
	case "Right", "":
		return false, nil
	}
	return false, fmt.Errorf("the direction %q: want Left or Right", direction)
}

func (j *paddingJSON) padding() (*Padding, error) {
	p := &Padding{ID: j.PadID, TypeID: j.PadTypeID, Token: j.PadToken}
	var err error
	if p.Left, err = left(j.Direction); err != nil {
		return nil, err
	}
	if j.PadToMultipleOf != nil {
		p.Multiple = *j.PadToMultipleOf
	}
	var fixed struct{ Fixed int }
	if string(j.Strategy) != `"BatchLongest"` {
		if err := strict(j.Strategy, &fixed); err != nil {
			return nil, fmt.Errorf("strategy: %w", err)
		}
	}
	p.Length = fixed.Fixed
	return p, nil
}

// tagged is a part in JSON with its type.
type tagged struct {
	kind string
	text json.RawMessage
}

func tag(text json.RawMessage) (tagged, error) {
	var t struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return tagged{}, err
	}
	return tagged{t.Type, text}, nil
}

// read decodes a part into a struct of its fields, Type among them.
func (t tagged) read(into any) error {
	if err := strict(t.text, into); err != nil {
		return fmt.Errorf("%s: %w", t.kind, err)
	}
	return nil
}

func (t tagged) unknown() error { return fmt.Errorf("the type %q is not known", t.kind) }

// typeJSON is a part without settings.
type typeJSON struct {
	Type string `json:"type"`
}

type patternJSON struct {
	String *string `json:"String,omitempty"`
	Regex  *string `json:"Regex,omitempty"`
}

func (j patternJSON) pattern() (Pattern, error) {
	var p Pattern
	switch {
	case j.String != nil && j.Regex == nil:
		p.String = *j.String
	case j.Regex != nil && j.String == nil:
		p.Regex = *j.Regex
	default:
		return p, errors.New("pattern: want String or Regex")
	}
	_, err := p.matcher()
	return p, err
}

func (p Pattern) json() patternJSON {
	if p.Regex != "" {
		return patternJSON{Regex: &p.Regex}
	}
	return patternJSON{String: &p.String}
}

// character is a string of one character.
type character rune

func (c *character) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || n != len(s) {
		return fmt.Errorf("%q is not one character", s)
	}
	*c = character(r)
	return nil
}

func (c character) MarshalJSON() ([]byte, error) { return plain(string(rune(c))) }

// plain is JSON without escapes for HTML.
func plain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

type (
	bertNormalizerJSON struct {
		Type               string `json:"type"`
		CleanText          bool   `json:"clean_text"`
		HandleChineseChars bool   `json:"handle_chinese_chars"`
		StripAccents       *bool  `json:"strip_accents"`
		Lowercase          bool   `json:"lowercase"`
	}
	stripJSON struct {
		Type       string `json:"type"`
		StripLeft  bool   `json:"strip_left"`
		StripRight bool   `json:"strip_right"`
	}
	prependJSON struct {
		Type    string `json:"type"`
		Prepend string `json:"prepend"`
	}
	replaceJSON struct {
		Type    string      `json:"type"`
		Pattern patternJSON `json:"pattern"`
		Content string      `json:"content"`
	}
	sequenceJSON struct {
		Type          string            `json:"type"`
		Normalizers   []json.RawMessage `json:"normalizers,omitempty"`
		PreTokenizers []json.RawMessage `json:"pretokenizers,omitempty"`
		Processors    []json.RawMessage `json:"processors,omitempty"`
		Decoders      []json.RawMessage `json:"decoders,omitempty"`
	}
	byteLevelJSON struct {
		Type           string `json:"type"`
		AddPrefixSpace bool   `json:"add_prefix_space"`
		TrimOffsets    bool   `json:"trim_offsets"`
		UseRegex       *bool  `json:"use_regex,omitempty"`
	}
	metaspaceJSON struct {
		Type           string    `json:"type"`
		Replacement    character `json:"replacement"`
		StrRep         string    `json:"str_rep,omitempty"`
		AddPrefixSpace *bool     `json:"add_prefix_space,omitempty"`
		PrependScheme  string    `json:"prepend_scheme"`
		Split          *bool     `json:"split"`
	}
	splitJSON struct {
		Type     string      `json:"type"`
		Pattern  patternJSON `json:"pattern"`
		Behavior Behavior    `json:"behavior"`
		Invert   bool        `json:"invert"`
	}
	punctuationJSON struct {
		Type     string   `json:"type"`
		Behavior Behavior `json:"behavior"`
	}
	digitsJSON struct {
		Type             string `json:"type"`
		IndividualDigits bool   `json:"individual_digits"`
	}
	delimiterJSON struct {
		Type      string    `json:"type"`
		Delimiter character `json:"delimiter"`
	}
	fixedJSON struct {
		Type   string `json:"type"`
		Length int    `json:"length"`
	}
	bertJSON struct {
		Type string          `json:"type"`
		Sep  json.RawMessage `json:"sep"`
		Cls  json.RawMessage `json:"cls"`
	}
	robertaJSON struct {
		Type           string          `json:"type"`
		Sep            json.RawMessage `json:"sep"`
		Cls            json.RawMessage `json:"cls"`
		TrimOffsets    bool            `json:"trim_offsets"`
		AddPrefixSpace bool            `json:"add_prefix_space"`
	}
	templateJSON struct {
		Type          string                       `json:"type"`
		Single        []templatePieceJSON          `json:"single"`
		Pair          []templatePieceJSON          `json:"pair"`
		SpecialTokens map[string]templateTokenJSON `json:"special_tokens"`
	}
	templatePieceJSON struct {
		SpecialToken *templateNameJSON `json:"SpecialToken,omitempty"`
		Sequence     *templateNameJSON `json:"Sequence,omitempty"`
	}
	templateNameJSON struct {
		ID     string `json:"id"`
		TypeID int    `json:"type_id"`
	}
	templateTokenJSON struct {
		ID     string   `json:"id"`
		IDs    []int    `json:"ids"`
		Tokens []string `json:"tokens"`
	}
	stripDecoderJSON struct {
		Type    string    `json:"type"`
		Content character `json:"content"`
		Start   int       `json:"start"`
		Stop    int       `json:"stop"`
	}
	wordPieceDecoderJSON struct {
		Type    string `json:"type"`
		Prefix  string `json:"prefix"`
		Cleanup bool   `json:"cleanup"`
	}
	bpeDecoderJSON struct {
		Type   string `json:"type"`
		Suffix string `json:"suffix"`
	}
	ctcJSON struct {
		Type               string `json:"type"`
		PadToken           string `json:"pad_token"`
		WordDelimiterToken string `json:"word_delimiter_token"`
		Cleanup            bool   `json:"cleanup"`
	}
	bpeJSON struct {
		Type                    string         `json:"type"`
		Dropout                 *float64       `json:"dropout"`
		UnkToken                *string        `json:"unk_token"`
		ContinuingSubwordPrefix *string        `json:"continuing_subword_prefix"`
		EndOfWordSuffix         *string        `json:"end_of_word_suffix"`
		FuseUnk                 bool           `json:"fuse_unk"`
		ByteFallback            bool           `json:"byte_fallback"`
		IgnoreMerges            bool           `json:"ignore_merges"`
		Vocab                   vocabularyJSON `json:"vocab"`
		Merges                  []mergeJSON    `json:"merges"`
	}
	wordPieceJSON struct {
		Type                    string         `json:"type"`
		UnkToken                string         `json:"unk_token"`
		ContinuingSubwordPrefix string         `json:"continuing_subword_prefix"`
		MaxInputCharsPerWord    int            `json:"max_input_chars_per_word"`
		Vocab                   vocabularyJSON `json:"vocab"`
	}
	wordLevelJSON struct {
		Type     string         `json:"type"`
		Vocab    vocabularyJSON `json:"vocab"`
		UnkToken string         `json:"unk_token"`
	}
	unigramJSON struct {
		Type         string       `json:"type"`
		UnkID        *int         `json:"unk_id"`
		Vocab        []scoredJSON `json:"vocab"`
		ByteFallback bool         `json:"byte_fallback"`
	}
)

// vocabularyJSON is written by id.
type vocabularyJSON map[string]int

func (v vocabularyJSON) MarshalJSON() ([]byte, error) {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(v[a]-v[b], strings.Compare(a, b)) })
	b := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		text, err := plain(name)
		if err != nil {
			return nil, err
		}
		b = fmt.Appendf(append(b, text...), ":%d", v[name])
	}
	return append(b, '}'), nil
}

// mergeJSON is a pair of tokens, or both with a blank between them.
type mergeJSON [2]string

func (m *mergeJSON) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		var list []string
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		if len(list) != 2 {
			return fmt.Errorf("a merge of %d tokens", len(list))
		}
		*m = mergeJSON(list)
		return nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	a, b, ok := strings.Cut(s, " ")
	if !ok || strings.Contains(b, " ") {
		return fmt.Errorf("the merge %q is not of two tokens", s)
	}
	*m = mergeJSON{a, b}
	return nil
}

// scoredJSON is a token with its score.
type scoredJSON Scored

func (s *scoredJSON) UnmarshalJSON(text []byte) error {
	pair := [2]any{&s.Token, &s.Score}
	list := pair[:]
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	if len(list) != 2 {
		return fmt.Errorf("a token of %d parts, want it and its score", len(list))
	}
	return nil
}

func (s scoredJSON) MarshalJSON() ([]byte, error) { return plain([]any{s.Token, s.Score}) }

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
