package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Bounds for a structure in Thrift's compact protocol: elements of all lists together, and
// depth of nesting.
const (
	mostElements = 1 << 22
	mostDepth    = 64
)

var errShort = errors.New("it ends too early")

// compactSize returns the size of the structure in Thrift's compact protocol at the
// beginning of b. It fails for a list, text or nesting that exceeds b or is larger than
// any real one, because decoders allocate whatever size is declared.
func compactSize(b []byte) (int, error) {
	w := walker{b: b, left: mostElements}
	w.structure(0)
	return w.at, w.err
}

// walker walks over a structure.
type walker struct {
	b    []byte
	at   int
	left int // list elements still allowed
	err  error
}

func (w *walker) fail(err error) {
	if w.err == nil {
		w.err = err
	}
	w.at = len(w.b)
}

func (w *walker) byte() byte {
	if w.at >= len(w.b) {
		w.fail(errShort)
		return 0
	}
	w.at++
	return w.b[w.at-1]
}

func (w *walker) number() uint64 {
	v, n := binary.Uvarint(w.b[w.at:])
	if n <= 0 {
		w.fail(errShort)
		return 0
	}
	w.at += n
	return v
}

func (w *walker) skip(n uint64) {
	if n > uint64(len(w.b)-w.at) {
		w.fail(errShort)
		return
	}
	w.at += int(n)
}

func (w *walker) structure(depth int) {
	if depth > mostDepth {
		w.fail(fmt.Errorf("structures nested more than %d deep", mostDepth))
	}
	for w.err == nil {
		head := w.byte()
		if head == 0 {
			return
		}
		if head>>4 == 0 { // the field number follows
			w.number()
		}
		if kind := head & 15; kind != 1 && kind != 2 { // booleans have their value in the header
			w.value(kind, depth)
		}
	}
}

// value skips a value of one of the protocol's types.
func (w *walker) value(kind byte, depth int) {
	switch kind {
	case 1, 2, 3: // in a list, a boolean is a byte
		w.byte()
	case 4, 5, 6:
		w.number()
	case 7:
		w.skip(8)
	case 8:
		w.skip(w.number())
	case 9, 10:
		head := w.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = w.number()
		}
		w.elements(n, depth, head&15)
	case 11:
		n := w.number()
		if n > 0 {
			kinds := w.byte()
			w.elements(n, depth, kinds>>4, kinds&15)
		}
	case 12:
		w.structure(depth + 1)
	default:
		w.fail(fmt.Errorf("a value of type %d", kind))
	}
}

func (w *walker) elements(n uint64, depth int, kinds ...byte) {
	if n > uint64(len(w.b)-w.at) || n > uint64(w.left) {
		w.fail(fmt.Errorf("a list of %d elements", n))
		return
	}
	w.left -= int(n)
	for i := uint64(0); i < n && w.err == nil; i++ {
		for _, kind := range kinds {
			w.value(kind, depth+1)
		}
	}
}
