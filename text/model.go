package text

import (
	"errors"
	"fmt"
	"math/bits"
)

// model divides a piece of text into tokens of its vocabulary.
type model interface {
	compile() (engine, error)
}

// token is a token of a piece: its id and bytes [from, to) of the piece.
type token struct{ id, from, to int32 }

// engine is a model made ready. It may be used from several goroutines.
type engine interface {
	// tokens appends the tokens of a piece. Raw pieces are bytes that ByteLevel has not
	// written as characters.
	tokens(list []token, piece string, raw bool) ([]token, error)
	// vocabulary returns the tokens by id; ids that are not used are "".
	vocabulary() *vocabulary
}

// vocabulary are tokens by id and ids by token.
type vocabulary struct {
	names []string
	known []bool
	ids   map[string]int
}

// mostIDs bounds ids, as tables are as large as the largest.
const mostIDs = 1 << 24

func newVocabulary(ids map[string]int) (*vocabulary, error) {
	v := &vocabulary{ids: ids}
	size := 0
	for name, id := range ids {
		if id < 0 || id >= mostIDs {
			return nil, fmt.Errorf("the id %d of the token %q: want 0 to %d", id, name, mostIDs-1)
		}
		size = max(size, id+1)
	}
	if size > 16*len(ids)+1<<16 {
		return nil, fmt.Errorf("%d tokens have ids up to %d", len(ids), size-1)
	}
	v.names, v.known = make([]string, size), make([]bool, size)
	for name, id := range ids {
		if v.known[id] {
			return nil, fmt.Errorf("the tokens %q and %q have the id %d", min(name, v.names[id]), max(name, v.names[id]), id)
		}
		v.names[id], v.known[id] = name, true
	}
	return v, nil
}

// id returns the id of a token that must be known.
func (v *vocabulary) id(what, name string) (int32, error) {
	id, ok := v.ids[name]
	if !ok {
		return 0, fmt.Errorf("%s %q is not in the vocabulary", what, name)
	}
	return int32(id), nil
}

// bytesOf returns the ids of the tokens <0x00> to <0xFF>, −1 where there is none.
func (v *vocabulary) bytesOf() (ids [256]int32) {
	for b := range ids {
		ids[b] = -1
		if id, ok := v.ids[fmt.Sprintf("<0x%02X>", b)]; ok {
			ids[b] = int32(id)
		}
	}
	return ids
}

var errUnknown = errors.New("no token stands for what is unknown")

// table is a map from pairs of numbers to pairs of numbers, made once and read often.
type table struct {
	keys []uint64 // key+1; 0: empty
	vals []pair
	mask uint64
}

type pair struct{ a, b int32 }

func newTable(n int) *table {
	size := 1 << bits.Len(uint(2*n+1))
	return &table{make([]uint64, size), make([]pair, size), uint64(size - 1)}
}

func slot(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 >> 20 }

// put sets the value of a key. Keys are below 1<<63.
func (t *table) put(key uint64, v pair) {
	i := slot(key) & t.mask
	for t.keys[i] != 0 && t.keys[i] != key+1 {
		i = (i + 1) & t.mask
	}
	t.keys[i], t.vals[i] = key+1, v
}

func (t *table) get(key uint64) (pair, bool) {
	for i := slot(key) & t.mask; ; i = (i + 1) & t.mask {
		switch t.keys[i] {
		case key + 1:
			return t.vals[i], true
		case 0:
			return pair{}, false
		}
	}
}

func keyOf(a, b int32) uint64 { return uint64(a)<<32 | uint64(uint32(b)) }
