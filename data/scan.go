package data

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxDistinct is the maximum up to which distinct numbers of a column are counted.
const maxDistinct = 10000

// columnScan summarises the cells of a column before its type is determined.
type columnScan struct {
	plain      plainNumbers
	empty      int
	integers   bool    // all plain numbers are integers
	low, high  float64 // range of the plain numbers
	distinct   int     // number of distinct plain numbers, up to maxDistinct
	counts     []int   // number of rows of each text
	first      []int   // row in which each text first occurs
	order      []int   // texts by their first row
	counting   int     // 0 or 1 if every plain number is its row's number counted from 0 or 1, else -1
	firstPlain int     // row of the first plain number
	firstText  string  // and its text
	over       int     // number of rows whose texts were not kept, as there were too many
	seen       numberSet
	extreme    [2]int // rows of the smallest and the largest plain number
}

// scan summarises the cells of all columns. Groups of adjacent columns are scanned in
// parallel: eight values fill a cache line.
func (t *table) scan() []columnScan {
	const group = 8
	width := t.width()
	scans := make([]columnScan, width)
	if t.again != nil {
		t.scanAgain(scans)
		return scans
	}
	parallel((width+group-1)/group, func(k int) { t.scanColumns(scans, k*group, min(k*group+group, width)) })
	return scans
}

func (t *table) scanColumns(scans []columnScan, from, to int) {
	for j := from; j < to; j++ {
		scans[j] = newColumnScan()
	}
	t.scanPart(t, scans, 0, from, to)
	for j := from; j < to; j++ {
		scans[j].end()
	}
}

func newColumnScan() columnScan {
	return columnScan{integers: true, low: math.Inf(1), high: math.Inf(-1), firstPlain: -1, extreme: [2]int{-1, -1}}
}

// end releases memory that is needed only while scanning.
func (s *columnScan) end() {
	s.distinct, s.seen = s.seen.n, numberSet{}
}

// textOver is the index of texts that were not kept, as there were too many.
const textOver = math.MaxUint32

// scanPart adds the cells of some columns of a part to scans. first is the number of its
// first row; its texts are those of t.
func (t *table) scanPart(part *table, scans []columnScan, first, from, to int) {
	for j := from; j < to; j++ {
		s, n := &scans[j], len(t.texts[j])
		s.counts, s.first = append(s.counts, make([]int, n-len(s.counts))...), append(s.first, make([]int, n-len(s.first))...)
	}
	width := part.width()
	for i := range part.rows {
		at := i * width
		for j := from; j < to; j++ {
			s, v := &scans[j], part.values[at+j]
			switch form := part.forms[at+j]; form {
			case formEmpty:
				s.empty++
			case formText:
				if v == textOver {
					s.over++
					continue
				}
				k := int(v)
				if s.counts[k]++; s.counts[k] == 1 {
					s.first[k] = first + i
					s.order = append(s.order, k)
				}
			default:
				if s.plain.count == 0 {
					s.firstText = part.text(i, j)
				}
				s.number(first+i, v, form)
				s.seen.add(v)
			}
		}
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
	if form >= formTime {
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

// numberSet counts distinct numbers, up to maxDistinct, by open addressing on their bits.
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
	for h ^= h >> 32; ; h++ { // move down the high bits, in which small integers differ
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

// text returns the text of a cell, "" for an empty one. For numbers whose text was not
// kept (decimals of more than 15 digits, or with an exponent) it is the shortest text that
// reads back as the same number.
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
	case formTime:
		return timeText(t.typed[j].Layout, v)
	}
	s := strconv.FormatFloat(v, 'f', int(form), 64)
	if t.dialect.Decimal == ',' {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

// distinctTexts returns the distinct texts of a column's cells, including numbers, and the
// number of rows of each.
func (t *table) distinctTexts(j int, scan *columnScan, missing missingRule) (texts []string, counts []int) {
	if scan.plain.count == 0 { // the scan counted them
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

// cellKey is the value and form of a cell; equal keys have equal texts.
type cellKey struct {
	bits uint64
	form uint8
}

// eachText calls f once for each distinct cell of a column, in order of appearance, with
// its first row, its text and its number of rows.
func (t *table) eachText(j int, f func(row int, text string, n int)) {
	type different struct {
		row, n int
		text   string
	}
	var list []different
	index := map[cellKey]int{} // numbers
	byText := map[string]int{} // texts of parts, as each part numbers its own
	t.each([]int{j}, func(first int, part *table) {
		width := part.width()
		local := make([]int, len(part.texts[j]))
		for i := range part.rows {
			at := i*width + j
			v, form := part.values[at], part.forms[at]
			var k int
			ok := false
			key := cellKey{math.Float64bits(v), form}
			if form == formText {
				k = local[int(v)] - 1
				if ok = k >= 0; !ok {
					k, ok = byText[part.texts[j][int(v)]]
				}
			} else {
				k, ok = index[key]
			}
			if !ok {
				k = len(list)
				list = append(list, different{row: first + i, text: part.text(i, j)})
				if form == formText {
					byText[list[k].text] = k
				} else {
					index[key] = k
				}
			}
			if form == formText {
				local[int(v)] = k + 1
			}
			list[k].n++
		}
	})
	for _, d := range list {
		f(d.row, d.text, d.n)
	}
}

// sortLevels sorts texts; numbers come first, by value.
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
