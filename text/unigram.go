package text

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"unicode/utf8"
)

// Unigram divides a piece into those tokens whose scores, logarithms of probabilities, have
// the greatest sum. Kudo, "Subword Regularization", 2018; as in SentencePiece.
//
// A character without a token is unknown, at a score of 10 less than the least; unknown
// characters that follow each other are one.
type Unigram struct {
	Vocab        []Scored // by id
	Unk          int      // id of the unknown token; −1: none, and an unknown character is an error
	ByteFallback bool     // in its place, the tokens <0x00> to <0xFF> of what is unknown
}

// Scored is a token with its score.
type Scored struct {
	Token string
	Score float64
}

type unigram struct {
	Unigram
	v       *vocabulary
	edges   *table // of the trie of tokens, by node and byte: the next node, and the id of the token that ends there or −1
	unknown float64
	bytes   [256]int32
	scratch sync.Pool
}

const unknownPenalty = 10

func (o Unigram) compile() (engine, error) {
	m := &unigram{Unigram: o, v: &vocabulary{ids: make(map[string]int, len(o.Vocab))}}
	if o.Unk < -1 || o.Unk >= len(o.Vocab) {
		return nil, fmt.Errorf("the unknown token has the id %d of %d tokens", o.Unk, len(o.Vocab))
	}
	least, total := math.Inf(1), 0
	for id, s := range o.Vocab {
		if math.IsNaN(s.Score) || math.IsInf(s.Score, 0) {
			return nil, fmt.Errorf("the token %q has the score %v", s.Token, s.Score)
		}
		m.v.names, m.v.known, m.v.ids[s.Token] = append(m.v.names, s.Token), append(m.v.known, true), id
		least, total = min(least, s.Score), total+len(s.Token)
	}
	m.unknown = least - unknownPenalty
	m.edges = newTable(total)
	nodes := int32(1)
	for _, s := range o.Vocab {
		node := int32(0)
		for i := range len(s.Token) {
			key := keyOf(node, int32(s.Token[i]))
			e, ok := m.edges.get(key)
			if !ok {
				e = pair{nodes, -1}
				nodes++
			}
			if i == len(s.Token)-1 {
				e.b = int32(m.v.ids[s.Token])
			}
			m.edges.put(key, e)
			node = e.a
		}
	}
	m.bytes = m.v.bytesOf()
	m.scratch.New = func() any { return new([]step) }
	return m, nil
}

func (m *unigram) vocabulary() *vocabulary { return m.v }

// step is the best division of a text up to an offset.
type step struct {
	score float64
	from  int32 // where its last token begins; −1: none ends here
	id    int32
}

var errNoUnknown = errors.New("no token fits, and none stands for what is unknown")

func (m *unigram) tokens(list []token, piece string, raw bool) ([]token, error) {
	scratch := m.scratch.Get().(*[]step)
	defer m.scratch.Put(scratch)
	best := (*scratch)[:0]
	for range len(piece) + 1 {
		best = append(best, step{from: -1})
	}
	*scratch = best
	for at := 0; at < len(piece); {
		_, size := utf8.DecodeRuneInString(piece[at:])
		here, single := best[at].score, false
		node := int32(0)
		for to := at; to < len(piece); {
			e, ok := m.edges.get(keyOf(node, int32(piece[to])))
			if !ok {
				break
			}
			to++
			if node = e.a; e.b < 0 {
				continue
			}
			if s := here + m.Vocab[e.b].Score; best[to].from < 0 || s > best[to].score {
				best[to] = step{s, int32(at), e.b}
			}
			single = single || to == at+size
		}
		if !single {
			if m.Unk < 0 {
				return nil, fmt.Errorf("%q: %w", piece[at:at+size], errNoUnknown)
			}
			if s := here + m.unknown; best[at+size].from < 0 || s > best[at+size].score {
				best[at+size] = step{s, int32(at), int32(m.Unk)}
			}
		}
		at += size
	}
	begin := len(list)
	for to := int32(len(piece)); to > 0; {
		s := best[to]
		if n := len(list); int(s.id) == m.Unk && n > begin && int(list[n-1].id) == m.Unk {
			list[n-1].from = s.from
		} else {
			list = append(list, token{s.id, s.from, to})
		}
		to = s.from
	}
	for i, j := begin, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return m.fallBack(list, begin, piece), nil
}

// fallBack replaces unknown tokens by others: what was joined may be a token after all, and bytes have some.
func (m *unigram) fallBack(list []token, begin int, piece string) []token {
	for i := begin; i < len(list); i++ {
		t := list[i]
		if int(t.id) != m.Unk {
			continue
		}
		text := piece[t.from:t.to]
		if id, ok := m.v.ids[text]; ok {
			list[i].id = int32(id)
			continue
		}
		if !m.ByteFallback {
			continue
		}
		all := true
		for k := range len(text) {
			all = all && m.bytes[text[k]] >= 0
		}
		if !all {
			continue
		}
		rest := append([]token(nil), list[i+1:]...)
		list = list[:i]
		for k := range len(text) {
			list = append(list, token{m.bytes[text[k]], t.from, t.to})
		}
		i = len(list) - 1
		list = append(list, rest...)
	}
	return list
}
