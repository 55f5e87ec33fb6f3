package text

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
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
