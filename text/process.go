package text

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// postProcessor adds tokens to those of one or two texts.
type postProcessor interface {
	process(list []*Encoding) (*Encoding, error)
}

// trim takes white space off offsets, as p says.
func (t *Tokenizer) trim(p Part, e *Encoding, text string) {
	switch p := p.(type) {
	case ByteLevel:
		p.trim(t, e, text)
	case RobertaProcessing:
		ByteLevel{AddPrefixSpace: p.AddPrefixSpace, TrimOffsets: p.TrimOffsets}.trim(t, e, text)
	case Sequence:
		for _, one := range p {
			t.trim(one, e, text)
		}
	}
}

// processed joins encodings as p says; nil only joins.
func processed(p postProcessor, list []*Encoding) (*Encoding, error) {
	if p != nil {
		return p.process(list)
	}
	return joined(list), nil
}

func joined(list []*Encoding) *Encoding {
	e := list[0]
	for _, o := range list[1:] {
		e.join(o)
	}
	return e
}

// addedTo returns how many tokens p adds to a number of texts.
func addedTo(p postProcessor, texts int) int {
	if p == nil {
		return 0
	}
	list := make([]*Encoding, texts)
	for i := range list {
		list[i] = &Encoding{}
	}
	e, err := p.process(list)
	if err != nil {
		return 0 // process says it again
	}
	return e.Len()
}

// TemplateProcessing puts tokens around texts, by a template for one and for two.
type TemplateProcessing struct {
	Single, Pair []TemplatePiece
	Tokens       map[string][]TemplateToken // what a name in a template stands for
}

// TemplatePiece is a text, "A" or "B", or a token by its name.
type TemplatePiece struct {
	Sequence string // "" of a token
	Token    string
	Type     int
}

// TemplateToken is a token with its id.
type TemplateToken struct {
	Token string
	ID    int
}

func (o TemplateProcessing) process(list []*Encoding) (*Encoding, error) {
	template := o.Single
	if len(list) > 1 {
		template = o.Pair
	}
	out := &Encoding{}
	for _, p := range template {
		switch p.Sequence {
		case "":
			tokens, ok := o.Tokens[p.Token]
			if !ok {
				return nil, fmt.Errorf("text: the template has a token %q that is not among its special tokens", p.Token)
			}
			for _, t := range tokens {
				out.extra(t.ID, p.Type, true)
			}
		case "A", "B":
			i := int(p.Sequence[0] - 'A')
			if i >= len(list) {
				return nil, fmt.Errorf("text: the template of one text has the text %s", p.Sequence)
			}
			from := out.Len()
			out.join(list[i])
			for k := from; k < out.Len(); k++ {
				out.Types[k] = p.Type
			}
		default:
			return nil, fmt.Errorf("text: the template has the text %q: want A or B", p.Sequence)
		}
	}
	return out, nil
}

// BertProcessing makes CLS A SEP, and CLS A SEP B SEP of two texts.
type BertProcessing struct{ CLS, SEP TemplateToken }

func (o BertProcessing) process(list []*Encoding) (*Encoding, error) {
	out := &Encoding{}
	out.extra(o.CLS.ID, 0, true)
	for i, e := range list {
		for k := range e.Types {
			e.Types[k] = i
		}
		out.join(e)
		out.extra(o.SEP.ID, i, true)
	}
	return out, nil
}

// RobertaProcessing makes CLS A SEP, and CLS A SEP SEP B SEP of two texts, all of type 0. With
// TrimOffsets, white space is taken off the offsets of tokens: see ByteLevel.
type RobertaProcessing struct {
	CLS, SEP       TemplateToken
	TrimOffsets    bool
	AddPrefixSpace bool
}

func (o RobertaProcessing) process(list []*Encoding) (*Encoding, error) {
	out := &Encoding{}
	out.extra(o.CLS.ID, 0, true)
	for i, e := range list {
		if i > 0 {
			out.extra(o.SEP.ID, 0, true)
		}
		for k := range e.Types {
			e.Types[k] = 0
		}
		out.join(e)
		out.extra(o.SEP.ID, 0, true)
	}
	return out, nil
}

func (ByteLevel) process(list []*Encoding) (*Encoding, error) { return joined(list), nil }

// trim takes white space off the offsets of tokens. A blank that was put before the text is not
// part of it.
func (o ByteLevel) trim(t *Tokenizer, e *Encoding, text string) {
	if !o.TrimOffsets {
		return
	}
	blank := func(r rune) bool { return r == byteRunes[' '] || unicode.IsSpace(r) }
	for i, id := range e.IDs {
		s := &e.Offsets[i]
		name, _ := t.Token(id)
		if _, added := t.names[id]; added {
			name = text[s.Start:s.End] // with what it strips
		}
		runes := []rune(name)
		lead, trail := 0, 0
		for lead < len(runes) && blank(runes[lead]) {
			lead++
		}
		for trail < len(runes) && blank(runes[len(runes)-1-trail]) {
			trail++
		}
		if lead > 0 {
			if (i == 0 || s.Start == 0) && o.AddPrefixSpace && lead == 1 {
				lead = 0
			}
			s.Start = min(s.Start+lead, s.End)
		}
		if trail > 0 && s.End >= trail {
			s.End = max(s.End-trail, s.Start)
		}
		// A blank of several bytes, or one that stands for a character, is taken off whole.
		for s.Start < s.End && !utf8.RuneStart(text[s.Start]) {
			s.Start++
		}
		for s.End > s.Start && s.End < len(text) && !utf8.RuneStart(text[s.End]) {
			s.End--
		}
	}
}
