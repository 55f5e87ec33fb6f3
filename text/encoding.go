package text

import (
	"fmt"
)

// Encoding is a text as tokens; all lists have one entry for each.
type Encoding struct {
	IDs      []int
	Types    []int  // which text of a pair, as the post-processor says it
	Offsets  []Span // bytes of the text that the token stands for; 0, 0 of added ones
	Words    []int  // the piece that the token is of, counted from 0 within its text; −1 of added ones
	Sequence []int  // 0, or 1 in the second text; −1 of added ones
	Special  []bool // added by the post-processor or by padding
	Mask     []bool // false: padding
}

// Len returns the number of tokens.
func (e *Encoding) Len() int {
	if e == nil {
		return 0
	}
	return len(e.IDs)
}

// add adds a token.
func (e *Encoding) add(id int, s Span, word, sequence int) {
	e.IDs, e.Types, e.Offsets, e.Words = append(e.IDs, id), append(e.Types, sequence), append(e.Offsets, s), append(e.Words, word)
	e.Sequence, e.Special, e.Mask = append(e.Sequence, sequence), append(e.Special, false), append(e.Mask, true)
}

// extra adds a token that stands for no text.
func (e *Encoding) extra(id, kind int, mask bool) {
	e.add(id, Span{}, -1, -1)
	n := len(e.IDs) - 1
	e.Types[n], e.Special[n], e.Mask[n] = kind, true, mask
}

// join adds the tokens of another encoding.
func (e *Encoding) join(o *Encoding) {
	e.IDs, e.Types, e.Offsets, e.Words = append(e.IDs, o.IDs...), append(e.Types, o.Types...), append(e.Offsets, o.Offsets...), append(e.Words, o.Words...)
	e.Sequence, e.Special, e.Mask = append(e.Sequence, o.Sequence...), append(e.Special, o.Special...), append(e.Mask, o.Mask...)
}

// cut keeps tokens [from, to).
func (e *Encoding) cut(from, to int) {
	e.IDs, e.Types, e.Offsets, e.Words = e.IDs[from:to], e.Types[from:to], e.Offsets[from:to], e.Words[from:to]
	e.Sequence, e.Special, e.Mask = e.Sequence[from:to], e.Special[from:to], e.Mask[from:to]
}

// Truncation bounds the number of tokens, added ones included.
type Truncation struct {
	Length   int
	Strategy string // of pairs: "LongestFirst", "OnlyFirst", "OnlySecond"
	Left     bool   // tokens are taken off the beginning
	Stride   int    // kept as it is: overflowing parts are not made
}

// mostTokens bounds the length of truncation and padding.
const mostTokens = 1 << 20

func (o *Truncation) check() error {
	if o == nil {
		return nil
	}
	switch o.Strategy {
	case "LongestFirst", "OnlyFirst", "OnlySecond":
	default:
		return fmt.Errorf("text: the truncation strategy %q: want LongestFirst, OnlyFirst or OnlySecond", o.Strategy)
	}
	if o.Length < 0 || o.Stride < 0 {
		return fmt.Errorf("text: truncation to %d tokens with a stride of %d", o.Length, o.Stride)
	}
	return nil
}

func (o *Padding) check() error {
	if o != nil && (o.Length < 0 || o.Length > mostTokens || o.Multiple < 0 || o.Multiple > mostTokens || o.ID < 0 || o.ID >= mostIDs) {
		return fmt.Errorf("text: padding to %d tokens, a multiple of %d, with the id %d: want 0 to %d tokens", o.Length, o.Multiple, o.ID, mostTokens)
	}
	return nil
}

// cut cuts encodings so that added further tokens fit, too.
func (o *Truncation) cut(list []*Encoding, added int) error {
	total := added
	for _, e := range list {
		total += e.Len()
	}
	over := total - o.Length
	if over <= 0 {
		return nil
	}
	if o.Length < added {
		return fmt.Errorf("text: truncation to %d tokens, of which %d are added", o.Length, added)
	}
	off := make([]int, len(list))
	switch {
	case len(list) == 1 && o.Strategy != "OnlySecond":
		off[0] = over
	case o.Strategy == "OnlyFirst":
		off[0] = over
	case o.Strategy == "OnlySecond" && len(list) == 2:
		off[1] = over
	case o.Strategy == "OnlySecond":
		return fmt.Errorf("text: truncation of the second text, and there is none")
	default: // LongestFirst
		// The shorter one is kept whole, if it leaves as much to the other; else both get a half.
		most := o.Length - added
		a, b := list[0].Len(), list[1].Len()
		swapped := a > b
		if swapped {
			a, b = b, a
		}
		x := a
		if a > most {
			x = most
		}
		y := max(x, most-a)
		if a+y > most {
			x = most / 2
			y = x + most%2
		}
		if swapped {
			x, y = y, x
		}
		off[0], off[1] = list[0].Len()-min(x, list[0].Len()), list[1].Len()-min(y, list[1].Len())
	}
	for i, n := range off {
		if n >= list[i].Len() && n > 0 && o.Strategy != "LongestFirst" && len(list) > 1 {
			return fmt.Errorf("text: truncation to %d tokens: text %d has %d of the %d to take off", o.Length, i, list[i].Len(), n)
		}
		n = min(n, list[i].Len())
		if o.Left {
			list[i].cut(n, list[i].Len())
		} else {
			list[i].cut(0, list[i].Len()-n)
		}
	}
	return nil
}

// Padding adds tokens up to a length.
type Padding struct {
	Length   int // 0: that of the text, as of the longest of several
	Multiple int // the length is rounded up to a multiple; 0: it is not
	Left     bool
	ID       int
	TypeID   int
	Token    string
}

func (o *Padding) pad(e *Encoding) {
	n := max(o.Length, e.Len())
	if o.Multiple > 0 {
		n = (n + o.Multiple - 1) / o.Multiple * o.Multiple
	}
	pad := &Encoding{}
	for range n - e.Len() {
		pad.extra(o.ID, o.TypeID, false)
	}
	if o.Left {
		pad.join(e)
		*e = *pad
	} else {
		e.join(pad)
	}
}
