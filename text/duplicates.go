package text

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode"
)

// Duplicates finds texts that are nearly the same: those whose sets of runs of words, in lower
// case, have a Jaccard similarity |A∩B|/|A∪B| of Share or more. Candidates are found by MinHash
// (Broder, "On the resemblance and containment of documents", 1997) with bands of hashes, and
// every candidate is compared exactly, so that what is found is near, and a pair at Share is
// missed with a probability below 1 in 1,000.
type Duplicates struct {
	Words int     // of a run, up to 100; 0: 3. Of a text with fewer, all of them are one run
	Share float64 // 0: 0.8
}

// Find returns for each text the first text that it is nearly the same as, by itself or by way of
// others: its own number if there is none. Texts without a word are the same as each other. It is
// an error if a setting is out of range.
func (o Duplicates) Find(texts []string) ([]int, error) {
	o.Words, o.Share = cmp.Or(o.Words, 3), cmp.Or(o.Share, 0.8)
	if o.Words < 1 || o.Words > 100 || !(o.Share >= 0.1 && o.Share <= 1) {
		return nil, fmt.Errorf("text: duplicates: runs of %d words, a share of %v: want 1 to 100, and 0.1 to 1", o.Words, o.Share)
	}
	runs := make([][]uint64, len(texts))
	for i, t := range texts {
		runs[i] = o.runs(t)
	}
	// A pair of similarity s agrees in a band of r hashes with a probability of s^r, and in none of b
	// bands with (1−s^r)^b.
	const missed = 0.001
	rows := 1
	for rows < 8 && bandsFor(o.Share, rows+1, missed) <= 64 {
		rows++
	}
	bands := bandsFor(o.Share, rows, missed)
	root := make([]int, len(texts))
	equal := map[string]int{} // runs to the first text that has them
	var distinct []int
	for i, r := range runs {
		root[i] = i
		var key []byte
		for _, h := range r {
			key = binary.LittleEndian.AppendUint64(key, h)
		}
		if j, ok := equal[string(key)]; ok {
			root[i] = j
		} else {
			equal[string(key)] = i
			distinct = append(distinct, i)
		}
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for b := range bands {
		first := map[uint64][]int{}
		for _, i := range distinct {
			r, key := runs[i], uint64(b)
			for k := range rows {
				key = mix(key ^ least(r, uint64(b*rows+k)))
			}
			for _, j := range first[key] {
				if x, y := find(i), find(j); x != y && similarity(r, runs[j]) >= o.Share {
					root[max(x, y)] = min(x, y)
				}
			}
			first[key] = append(first[key], i)
		}
	}
	for i := range root {
		root[i] = find(i)
	}
	return root, nil
}

// bandsFor returns how many bands of r hashes miss a pair of similarity s with a probability of
// missed at most.
func bandsFor(s float64, r int, missed float64) int {
	return int(math.Ceil(math.Log(missed) / math.Log1p(-min(math.Pow(s, float64(r)), 1-1e-9))))
}

// runs returns the hashes of a text's runs of words, ascending, each once.
func (o Duplicates) runs(text string) []uint64 {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	var out []uint64
	for i := 0; i == 0 || i+o.Words <= len(words); i++ {
		h := fnv.New64a()
		h.Write([]byte(strings.Join(words[i:min(len(words), i+o.Words)], " ")))
		out = append(out, mix(h.Sum64()))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// mix is the finalizer of MurmurHash3, a permutation of 64 bits.
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// least returns the least of the hashes of runs after a permutation.
func least(runs []uint64, permutation uint64) uint64 {
	by := mix(permutation + 0x9E3779B97F4A7C15)
	out := uint64(math.MaxUint64)
	for _, r := range runs {
		out = min(out, mix(bits.RotateLeft64(r, int(permutation%63))^by))
	}
	return out
}

// similarity is the Jaccard similarity of two ascending lists.
func similarity(a, b []uint64) float64 {
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			both++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
