package data

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// Forms of a parsed cell. Forms below formTime are the number of decimals of a plain
// number, from which its text can be restored.
const (
	formTime   = 252 // a time, in seconds since 1970
	formNumber = 253 // a number whose text is not kept
	formEmpty  = 254
	formText   = 255 // the value is an index into the column's texts
	maxDigits  = 15  // integers with this many digits are exact, as are their quotients by a power of ten (see plain)
)

// powers are the powers of ten that are exact in float64.
var powers = [maxDigits + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// cellParser reads cells one by one from a text that ends with a line end.
type cellParser struct {
	sep, eol byte
	text     []byte
	at       int
	lines    int // line ends passed within quoted cells and after records
}

var (
	errOpenQuote  = errors.New("a quotation mark is not closed")
	errAfterQuote = errors.New("text after a closing quotation mark; a quotation mark within quotes is written twice")
)

// blank skips a line of only white space and reports whether there was one.
func (p *cellParser) blank() bool {
	for i := p.at; ; i++ {
		switch c := p.text[i]; {
		case c == p.eol:
			p.at = i + 1
			p.lines++
			return true
		case c == p.sep || c != ' ' && c != '\r' && c != '\t':
			return false
		}
	}
}

// cell reads one cell, without surrounding space, and reports whether it is the last of
// its record. The bytes are valid until the text is changed.
func (p *cellParser) cell() (cell []byte, last bool, err error) {
	i := p.at
	for c := p.text[i]; (c == ' ' || c == '\t') && c != p.sep; c = p.text[i] {
		i++
	}
	if p.text[i] == '"' {
		return p.quoted(i + 1)
	}
	start := i
	for p.text[i] != p.sep && p.text[i] != p.eol {
		i++
	}
	p.at = i + 1
	last = p.text[i] == p.eol
	if last {
		p.lines++
	}
	return bytes.TrimSpace(p.text[start:i]), last, nil
}

// quoted reads a cell after its opening quotation mark.
func (p *cellParser) quoted(start int) (cell []byte, last bool, err error) {
	i := start
	var joined []byte // of a cell with quotation marks within
	for {
		n := bytes.IndexByte(p.text[i:], '"')
		if n < 0 {
			return nil, false, errOpenQuote
		}
		i += n + 1
		if i >= len(p.text) {
			return nil, false, errOpenQuote
		}
		if p.text[i] != '"' {
			break
		}
		joined = append(joined, p.text[start:i]...)
		i++
		start = i
	}
	cell = p.text[start : i-1]
	if joined != nil {
		cell = append(joined, cell...)
	}
	p.lines += bytes.Count(cell, []byte{p.eol})
	for c := p.text[i]; c != p.sep && c != p.eol; c = p.text[i] {
		if c != ' ' && c != '\t' && c != '\r' {
			return nil, false, errAfterQuote
		}
		i++
	}
	p.at = i + 1
	last = p.text[i] == p.eol
	if last {
		p.lines++
	}
	return bytes.TrimSpace(cell), last, nil
}

// record reads the cells of one record.
func (p *cellParser) record() ([]string, error) {
	var list []string
	for {
		cell, last, err := p.cell()
		if err != nil {
			return nil, err
		}
		list = append(list, string(cell))
		if last {
			return list, nil
		}
	}
}

// chunk is the result of parsing a block: its records row by row.
type chunk struct {
	values []float64
	forms  []uint8
	lines  []uint32   // line on which each record begins
	texts  [][]string // texts of this block alone
	at     int64      // offset in the file
	size   int
	line   int // line of the first record
	worker int
	err    error
}

// blockParser parses blocks of a file. Each worker has its own, with its own texts.
type blockParser struct {
	file      string
	sep, eol  byte
	mark      byte // decimal mark
	width     int
	worker    int
	apart     bool // every block has its own texts
	names     []string
	verbatim  []bool    // which columns are kept as text
	missing   []float64 // numbers that mean a missing value
	ids       []map[string]uint32
	texts     [][]string
	converted []byte
}

// parse parses whole records, the last of which ends with a line end; line is that of the
// first.
func (p *blockParser) parse(text []byte, line int, c *chunk) {
	cp := cellParser{sep: p.sep, eol: p.eol, text: text}
	c.worker = p.worker
	if p.apart {
		c.texts = make([][]string, p.width)
		for j := range p.texts {
			clear(p.ids[j])
			p.texts[j] = nil
		}
		defer func() { copy(c.texts, p.texts) }()
	}
	for cp.at < len(text) {
		if text[cp.at] <= ' ' && cp.blank() {
			continue
		}
		begin := line + cp.lines
		c.lines = append(c.lines, uint32(begin))
		if c.err = p.record(&cp, c, begin); c.err != nil {
			return
		}
	}
}

// record parses one record into the chunk.
func (p *blockParser) record(cp *cellParser, c *chunk, line int) error {
	begin := cp.lines
	for j := 0; ; j++ {
		if j < p.width && !p.verbatim[j] {
			if v, form, end := p.plain(cp.text, cp.at); end > 0 {
				if p.missing != nil && slices.Contains(p.missing, v) {
					v, form = math.NaN(), formEmpty
				}
				c.values = append(c.values, v)
				c.forms = append(c.forms, form)
				if cp.text[end] == '\r' && p.eol != '\r' {
					end++
				}
				cp.at = end + 1
				if cp.text[end] != p.eol {
					continue
				}
				cp.lines++
				return p.complete(j+1, line)
			}
		}
		open := cp.lines
		cell, last, err := cp.cell()
		if err != nil {
			at := CSVError{File: p.file, Row: line + open - begin, Err: err}
			if j < p.width {
				at.Column = p.names[j]
			}
			return &at
		}
		if j < p.width {
			v, form := p.classify(cell, j)
			c.values = append(c.values, v)
			c.forms = append(c.forms, form)
		}
		if last {
			return p.complete(j+1, line)
		}
	}
}

// complete checks that a record has as many cells as there are columns.
func (p *blockParser) complete(cells, line int) error {
	if cells == p.width {
		return nil
	}
	return &CSVError{File: p.file, Row: line, Err: fmt.Errorf("%d cells, want %d", cells, p.width)}
}

// plain parses a short decimal number that ends at a separator: digits, optionally with a
// minus sign, a decimal mark and more digits. end is its end, -1 if the cell is something
// else or longer.
//
// Both the digits (below 10^15 < 2^53) and the power of ten are exact, so their quotient
// is the nearest float64: W. D. Clinger (1990), "How to Read Floating Point Numbers
// Accurately".
func (p *blockParser) plain(b []byte, i int) (v float64, form uint8, end int) {
	start := i
	if b[i] == '-' {
		i++
	}
	first := i
	var m uint64
	for d := b[i] - '0'; d <= 9; d = b[i] - '0' {
		m = m*10 + uint64(d)
		i++
	}
	digits, decimals := i-first, 0
	if digits == 0 || digits > 1 && b[first] == '0' {
		return 0, 0, -1
	}
	if b[i] == p.mark {
		i++
		point := i
		for d := b[i] - '0'; d <= 9; d = b[i] - '0' {
			m = m*10 + uint64(d)
			i++
		}
		decimals = i - point
		digits += decimals
		if decimals == 0 {
			return 0, 0, -1
		}
	}
	if digits > maxDigits {
		return 0, 0, -1
	}
	if c := b[i]; c != p.sep && c != p.eol && (c != '\r' || b[i+1] != p.eol) {
		return 0, 0, -1
	}
	v = float64(m) / powers[decimals]
	if b[start] == '-' {
		v = -v
	}
	return v, uint8(decimals), i
}

// classify parses any cell.
func (p *blockParser) classify(cell []byte, j int) (v float64, form uint8) {
	if len(cell) == 0 {
		return math.NaN(), formEmpty
	}
	if !p.verbatim[j] && (cell[0] <= '9') {
		if v, form, ok := p.number(cell); ok {
			if p.missing != nil && slices.Contains(p.missing, v) {
				return math.NaN(), formEmpty
			}
			return v, form
		}
	}
	return p.intern(cell, j), formText
}

func (p *blockParser) intern(cell []byte, j int) float64 {
	if p.ids[j] == nil {
		p.ids[j] = map[string]uint32{}
	}
	id, ok := p.ids[j][string(cell)]
	if !ok {
		id = uint32(len(p.texts[j]))
		text := string(cell)
		p.ids[j][text] = id
		p.texts[j] = append(p.texts[j], text)
	}
	return float64(id)
}

// number parses numbers that plain does not. Numbers whose text may matter are left as
// text: those with leading zeros or a plus sign, and integers with more than 15 digits or
// an exponent.
func (p *blockParser) number(cell []byte) (v float64, form uint8, ok bool) {
	s := scanNumber(cell, p.mark)
	if !s.ok || s.plus || s.zeros || !s.point && (s.exponent || s.whole > maxDigits) {
		return 0, 0, false
	}
	if s.whole+s.decimals <= maxDigits && s.whole > 0 && !s.exponent && (s.decimals > 0 || !s.point) {
		p.converted = append(append(p.converted[:0], cell...), p.sep)
		v, form, end := p.plain(p.converted, 0)
		return v, form, end > 0
	}
	v, err := strconv.ParseFloat(p.pointed(cell), 64)
	return v, formNumber, err == nil
}

// pointed returns the text of a number with a decimal point, without copying if it already
// has one. It is only valid for immediate parsing: the bytes will change.
func (p *blockParser) pointed(cell []byte) string {
	if p.mark != '.' {
		p.converted = append(p.converted[:0], cell...)
		if at := bytes.IndexByte(p.converted, p.mark); at >= 0 {
			p.converted[at] = '.'
		}
		cell = p.converted
	}
	return unsafe.String(unsafe.SliceData(cell), len(cell))
}

// numberShape describes a text that may be a number.
type numberShape struct {
	ok                           bool // sign, digits, mark, digits, exponent, and at least one digit
	plus, zeros, point, exponent bool // zeros: the integer part has leading zeros
	whole, decimals              int  // digits before and after the mark
}

func scanNumber(cell []byte, mark byte) numberShape {
	var s numberShape
	i := 0
	digits := func() int {
		start := i
		for i < len(cell) && cell[i]-'0' <= 9 {
			i++
		}
		return i - start
	}
	if i < len(cell) && (cell[i] == '-' || cell[i] == '+') {
		s.plus = cell[i] == '+'
		i++
	}
	start := i
	s.whole = digits()
	s.zeros = s.whole > 1 && cell[start] == '0'
	if i < len(cell) && cell[i] == mark {
		s.point = true
		i++
		s.decimals = digits()
	}
	if s.whole+s.decimals == 0 {
		return s
	}
	if i < len(cell) && (cell[i] == 'e' || cell[i] == 'E') {
		s.exponent = true
		i++
		if i < len(cell) && (cell[i] == '-' || cell[i] == '+') {
			i++
		}
		if digits() == 0 {
			return s
		}
	}
	s.ok = i == len(cell)
	return s
}

// parsePlain reads a number with a decimal point. isNumber reports whether the text is a
// number, even if it is one that no model can use, which is an error.
func parsePlain(cell string) (v float64, isNumber bool, err error) {
	if !scanNumber([]byte(cell), '.').ok {
		switch strings.ToLower(strings.TrimLeft(cell, "+-")) {
		case "inf", "infinity":
			return 0, true, fmt.Errorf("%s is not finite; leave the cell empty if the value is missing", cell)
		}
		return 0, false, fmt.Errorf("%s is not a number", short(cell))
	}
	v, err = strconv.ParseFloat(cell, 64)
	if err != nil {
		return 0, true, fmt.Errorf("%s is too large for a float64", cutText(cell))
	}
	return v, true, nil
}

// numberText returns the shortest text of a number, so that equal numbers have equal
// texts.
func numberText(v float64) string { return formatNumber(v + 0) } // -0 + 0 is 0
