package data

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxDistinct is how many different numbers of a column are counted; there may be more.
const maxDistinct = 10000

// columnScan is what is known of a column's cells before it is decided what they are.
type columnScan struct {
	plain      plainNumbers
	empty      int
	integers   bool    // all plain numbers are
	low, high  float64 // of the plain numbers
	distinct   int     // different plain numbers, up to maxDistinct
	counts     []int   // rows of each text
	first      []int   // row in which each text comes first
	order      []int   // texts by their first row
	counting   int     // 0 or 1 if every plain number is its row's number counted from it, else -1
	firstPlain int     // row of the first plain number
	extreme    [2]int  // rows of the smallest and the largest plain number
}

// scan counts the cells of all columns, groups of neighbours in parallel: eight
// values fill a line of the cache.
func (t *table) scan() []columnScan {
	const group = 8
	width := t.width()
	scans := make([]columnScan, width)
	parallel((width+group-1)/group, func(k int) { t.scanColumns(scans, k*group, min(k*group+group, width)) })
	return scans
}

func (t *table) scanColumns(scans []columnScan, from, to int) {
	seen := make([]numberSet, to-from)
	for j := from; j < to; j++ {
		scans[j] = columnScan{integers: true, low: math.Inf(1), high: math.Inf(-1), counts: make([]int, len(t.texts[j])), first: make([]int, len(t.texts[j])), firstPlain: -1, extreme: [2]int{-1, -1}}
	}
	width := t.width()
	for i := range t.rows {
		at := i * width
		for j := from; j < to; j++ {
			s, v := &scans[j], t.values[at+j]
			switch form := t.forms[at+j]; form {
			case formEmpty:
				s.empty++
			case formText:
				k := int(v)
				if s.counts[k]++; s.counts[k] == 1 {
					s.first[k] = i
					s.order = append(s.order, k)
				}
			default:
				s.number(i, v, form)
				seen[j-from].add(v)
			}
		}
	}
	for j := from; j < to; j++ {
		scans[j].distinct = seen[j-from].n
	}
}

func (s *columnScan) number(i int, v float64, form uint8) {
	if s.plain.count == 0 {
		s.firstPlain = i
		s.counting = -1
		if d := v - float64(i); d == 0 || d == 1 {
			s.counting = int(d)
		}
	}
	s.plain.count++
	if form == formNumber {
		s.plain.long = true
	} else {
		s.plain.decimals |= 1 << form
	}
	if s.integers && v != math.Trunc(v) {
		s.integers = false
	}
	if s.counting >= 0 && v != float64(i+s.counting) {
		s.counting = -1
	}
	if v < s.low {
		s.low, s.extreme[0] = v, i
	}
	if v > s.high {
		s.high, s.extreme[1] = v, i
	}
}

// numberSet counts different numbers, up to maxDistinct. Open addressing by the
// number's bits.
type numberSet struct {
	n     int
	slots []uint64 // bits + 1; 0 is free
}

func (s *numberSet) add(v float64) {
	if s.n > maxDistinct {
		return
	}
	if 2*s.n >= len(s.slots) {
		s.grow()
	}
	if s.put(math.Float64bits(v+0) + 1) {
		s.n++
	}
}

func (s *numberSet) put(key uint64) bool {
	mask := uint64(len(s.slots) - 1)
	h := key * 0x9e3779b97f4a7c15
	for h ^= h >> 32; ; h++ { // the high bits, in which small integers differ, come down
		switch s.slots[h&mask] {
		case 0:
			s.slots[h&mask] = key
			return true
		case key:
			return false
		}
	}
}

func (s *numberSet) grow() {
	old := s.slots
	s.slots = make([]uint64, max(64, 4*len(old)))
	for _, key := range old {
		if key != 0 {
			s.put(key)
		}
	}
}

// text returns the text of a cell, "" of an empty one. Of numbers whose text was
// not kept (decimals of more than 15 digits, or with an exponent) it is the shortest
// that reads back.
func (t *table) text(i, j int) string {
	at := i*t.width() + j
	return t.cellText(j, t.values[at], t.forms[at])
}

func (t *table) cellText(j int, v float64, form uint8) string {
	switch form {
	case formEmpty:
		return ""
	case formText:
		return t.texts[j][int(v)]
	case formNumber:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', int(form), 64)
	if t.dialect.Decimal == ',' {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// distinctTexts returns the different texts of a column's cells, numbers among them,
// and the rows of each.
func (t *table) distinctTexts(j int, scan *columnScan, missing missingRule) (texts []string, counts []int) {
	if scan.plain.count == 0 { // they were counted
		for _, k := range scan.order {
			if text := t.texts[j][k]; !missing.has(text) {
				texts, counts = append(texts, text), append(counts, scan.counts[k])
			}
		}
		return texts, counts
	}
	at := map[string]int{}
	t.eachText(j, func(_ int, text string, n int) {
		if missing.has(text) {
			return
		}
		k, ok := at[text]
		if !ok {
			k = len(texts)
			at[text] = k
			texts, counts = append(texts, text), append(counts, 0)
		}
		counts[k] += n
	})
	return texts, counts
}

// cellKey is a cell's value and form: equal ones have equal texts.
type cellKey struct {
	bits uint64
	form uint8
}

// eachText calls f once for each different cell of a column, in order of
// appearance, with its first row, its text and the number of its rows.
func (t *table) eachText(j int, f func(row int, text string, n int)) {
	index := map[cellKey]int{}
	var rows, counts []int
	width := t.width()
	for i := range t.rows {
		at := i*width + j
		key := cellKey{math.Float64bits(t.values[at]), t.forms[at]}
		k, ok := index[key]
		if !ok {
			k = len(rows)
			index[key] = k
			rows, counts = append(rows, i), append(counts, 0)
		}
		counts[k]++
	}
	for k, i := range rows {
		f(i, t.text(i, j), counts[k])
	}
}

// sortLevels sorts texts, those that are numbers by their values and before the others.
func sortLevels(levels []string) {
	type level struct {
		text   string
		value  float64
		number bool
	}
	list := make([]level, len(levels))
	for i, l := range levels {
		v, ok, err := parsePlain(l)
		list[i] = level{l, v, ok && err == nil}
	}
	slices.SortFunc(list, func(a, b level) int {
		switch {
		case a.number != b.number:
			if a.number {
				return -1
			}
			return 1
		case a.number && a.value < b.value:
			return -1
		case a.number && a.value > b.value:
			return 1
		}
		return strings.Compare(a.text, b.text)
	})
	for i, l := range list {
		levels[i] = l.text
	}
}
