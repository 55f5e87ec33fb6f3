package data

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Dialect says how a file is written: what was given, and what was recognised
// from its first 256 KB.
type Dialect struct {
	Encoding  string // "UTF-8", "UTF-16 little-endian", "UTF-16 big-endian" or "Windows-1252"
	Mark      bool   // a byte order mark was there
	Packed    bool   // the file is compressed with gzip
	Format    string // "CSV", "ARFF" or "Parquet"
	Comma     rune   // between cells: a comma, semicolon, tab, vertical bar, or what was given
	Decimal   rune   // decimal mark of plain numbers: '.' or ','
	LineEnd   string // "LF", "CRLF" or "CR"
	Header    bool   // the first row names the columns
	RowNames  bool   // every row has one cell more than the header: the first one names the row
	Extra     bool   // every row ends with a separator that the header lacks
	CutSample bool   // the file goes on beyond the part by which its dialect was recognised

	skip int // bytes before the first record: a hint for Excel
}

// String returns the dialect in words, such as "UTF-8, separated by semicolons,
// decimal comma, header".
func (d Dialect) String() string {
	if d.Format != formatCSV && d.Format != formatARFF && d.Format != "" {
		return d.Format
	}
	if d.Format == formatARFF {
		return "ARFF, " + d.Encoding + map[bool]string{true: ", gzip"}[d.Packed]
	}
	parts := []string{d.Encoding}
	if d.Mark {
		parts[0] += " with a byte order mark"
	}
	if d.Packed {
		parts = append(parts, "gzip")
	}
	parts = append(parts, "separated by "+separatorName(d.Comma))
	if d.Decimal == ',' {
		parts = append(parts, "decimal comma")
	}
	if d.LineEnd == "CR" {
		parts = append(parts, "lines end with CR alone")
	}
	switch {
	case !d.Header:
		parts = append(parts, "no header")
	case d.RowNames:
		parts = append(parts, "header, without a name for the first column")
	default:
		parts = append(parts, "header")
	}
	return strings.Join(parts, ", ")
}

func separatorName(c rune) string {
	switch c {
	case ',':
		return "commas"
	case ';':
		return "semicolons"
	case '\t':
		return "tabs"
	case '|':
		return "vertical bars"
	case ' ':
		return "spaces"
	}
	return fmt.Sprintf("%q", c)
}

// Formats of files.
const (
	formatCSV  = "CSV"
	formatARFF = "ARFF"
)

// sampleSize is the part of a file by which its dialect is recognised.
const sampleSize = 1 << 18

// sampleRows is how many records of it are compared, and mostRows the share that
// has to agree.
const (
	sampleRows = 1000
	mostRows   = 0.9
)

// separators that are recognised; of equals the first is taken, so that a comma,
// which may be a decimal mark, is the last.
var separators = []byte{'\t', ';', '|', ','}

// recognise fills in what c leaves open, by a file's beginning. whole says that
// the sample is all there is.
func (c CSV) recognise(sample []byte, whole bool) (Dialect, [][]string, error) {
	d := Dialect{Format: formatCSV, Comma: c.Comma, Decimal: c.Decimal, CutSample: !whole}
	d.LineEnd = lineEnd(sample)
	eol := d.eol()
	if rest, comma, ok := excelHint(sample, eol); ok {
		if d.Comma == 0 {
			d.Comma = comma
		}
		d.skip = len(sample) - len(rest)
		sample = rest
	}
	if !whole { // the last record may be cut
		if at := bytes.LastIndexByte(sample, eol); at >= 0 {
			sample = sample[:at+1]
		}
	}
	if d.Comma == 0 {
		d.Comma = rune(separatorOf(sample, eol))
	}
	if d.Comma == rune(eol) || d.Comma == '"' || d.Comma == '\n' || d.Comma == '\r' || d.Comma >= utf8.RuneSelf || d.Comma < 0 {
		return d, nil, fmt.Errorf("data: %q cannot separate cells: want one ASCII character that is no quotation mark and no line end", d.Comma)
	}
	records, _ := splitSample(sample, byte(d.Comma), eol)
	if len(records) == 0 {
		return d, nil, nil
	}
	d.shape(records)
	switch {
	case c.NoHeader:
	case c.Header || d.RowNames || d.Extra:
		d.Header = true
	default:
		d.Header = hasHeader(records)
	}
	if d.Decimal == 0 {
		d.Decimal = decimalOf(records, d.Comma)
	}
	return d, records, nil
}

func (d Dialect) eol() byte {
	if d.LineEnd == "CR" {
		return '\r'
	}
	return '\n'
}

func lineEnd(sample []byte) string {
	switch lf, cr := bytes.IndexByte(sample, '\n'), bytes.IndexByte(sample, '\r'); {
	case lf < 0 && cr >= 0:
		return "CR"
	case lf > 0 && sample[lf-1] == '\r':
		return "CRLF"
	}
	return "LF"
}

// excelHint reads a first line "sep=;", which names the separator to Excel.
func excelHint(sample []byte, eol byte) (rest []byte, comma rune, ok bool) {
	line, rest, found := bytes.Cut(sample, []byte{eol})
	line = bytes.Trim(line, "\"\r")
	if !found || len(line) != 5 || !bytes.EqualFold(line[:4], []byte("sep=")) {
		return sample, 0, false
	}
	return rest, rune(line[4]), true
}

// separatorOf returns the separator by which the records have equally many cells,
// more than one; of several, the one that leaves the most cells of a simple type.
func separatorOf(sample []byte, eol byte) byte {
	best, bestScore := byte(','), 0.0
	for _, sep := range separators {
		records, clean := splitSample(sample, sep, eol)
		if len(records) == 0 {
			continue
		}
		counts := map[int]int{}
		for _, r := range records {
			counts[len(r)]++
		}
		width, often := 0, 0
		for w, n := range counts {
			if n > often || n == often && w > width {
				width, often = w, n
			}
		}
		if width < 2 {
			continue
		}
		share := float64(often) / float64(len(records))
		score := share * (1 + simpleCells(records))
		if head := len(records[0]); share >= mostRows && (head == width || head == width-1 && head > 1) {
			score += 4 * share // nothing else is as telling as rows of one length
		}
		if !clean {
			score /= 4
		}
		if score > bestScore {
			best, bestScore = sep, score
		}
	}
	return best
}

// simpleCells returns the share of cells that are empty, numbers or words.
func simpleCells(records [][]string) float64 {
	simple, all := 0, 0
	for _, r := range records {
		for _, cell := range r {
			all++
			if cell == "" || !strings.ContainsAny(cell, ",;|\t") || isCommaNumber(cell) {
				simple++
			}
		}
	}
	if all == 0 {
		return 0
	}
	return float64(simple) / float64(all)
}

// isCommaNumber reports whether a cell is digits with one comma between them.
func isCommaNumber(cell string) bool {
	whole, fraction, ok := strings.Cut(strings.TrimLeft(cell, "+-"), ",")
	return ok && allDigits(whole) && allDigits(fraction)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// shape compares the header with the rows.
func (d *Dialect) shape(records [][]string) {
	if len(records) < 2 {
		return
	}
	head, rows := records[0], records[1:]
	lastEmpty, longer := true, 0
	for _, r := range rows {
		if len(r) == len(head)+1 {
			longer++
			lastEmpty = lastEmpty && r[len(head)] == ""
		}
	}
	if float64(longer) >= mostRows*float64(len(rows)) { // others are errors
		d.Extra, d.RowNames = lastEmpty, !lastEmpty
	}
}

// hasHeader reports whether the first record names the columns. It does if a column
// of numbers begins with a text. It does not if columns of numbers begin with
// numbers, or if most of its cells are there again further down.
func hasHeader(records [][]string) bool {
	head, rows := records[0], records[1:]
	if len(rows) == 0 {
		return true
	}
	texts, numbers, again, filled := 0, 0, 0, 0
	for j, name := range head {
		kind, seen := columnKind(rows, j, name)
		if name != "" {
			filled++
			if seen {
				again++
			}
		}
		if kind == 0 || name == "" {
			continue
		}
		if cellKind(name) == kind {
			numbers++
		} else if !usualMissing(name, true) {
			texts++
		}
	}
	switch {
	case texts > 0:
		return true
	case numbers > 0:
		return false
	}
	return 2*again <= filled
}

// Kinds of cells that are no name of a column.
const (
	kindNumber = 1 + iota
	kindDate
)

func cellKind(cell string) int {
	switch {
	case looksNumeric(cell):
		return kindNumber
	case looksDate(cell):
		return kindDate
	}
	return 0
}

// looksDate reports whether a cell has the digits of a date, with marks between them.
func looksDate(cell string) bool {
	digits, marks := 0, 0
	for i := range len(cell) {
		switch c := cell[i]; {
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte("-/.:", c) >= 0:
			marks++
		case strings.IndexByte("TZ +", c) < 0:
			return false
		}
	}
	return digits >= 4 && marks >= 2 && cell[0] >= '0' && cell[0] <= '9'
}

// columnKind returns the kind that nearly all cells of a column have, 0 if there is
// none, and whether a name is among them.
func columnKind(rows [][]string, j int, name string) (kind int, seen bool) {
	var counts [kindDate + 1]int
	n := 0
	for _, r := range rows {
		if j >= len(r) || usualMissing(r[j], true) {
			continue
		}
		n++
		seen = seen || r[j] == name
		counts[cellKind(r[j])]++
	}
	for k := kindNumber; k <= kindDate; k++ {
		if n > 0 && float64(counts[k]) >= mostRows*float64(n) {
			return k, seen
		}
	}
	return 0, seen
}

// looksNumeric reports whether a cell is a number as people write it, units aside.
func looksNumeric(cell string) bool {
	digits := 0
	for i := range len(cell) {
		switch c := cell[i]; {
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte("+-.,eE' ", c) >= 0:
			if (c == 'e' || c == 'E') && digits == 0 {
				return false
			}
		default:
			return false
		}
	}
	return digits > 0
}

// decimalOf returns a comma if cells are separated by something else and those of
// a column can only be read so: digits, a comma, and other than three digits, or
// a 0 before the comma.
func decimalOf(records [][]string, comma rune) rune {
	if comma == ',' {
		return '.'
	}
	commas, points := 0, 0
	for _, r := range records {
		for _, cell := range r {
			switch mark := certainMark(cell); mark {
			case ',':
				commas++
			case '.':
				points++
			}
		}
	}
	if commas > points {
		return ','
	}
	return '.'
}

// certainMark returns the decimal mark of a plain number that has but one, if
// it cannot mark thousands; 0 otherwise.
func certainMark(cell string) byte {
	cell = strings.TrimLeft(cell, "+-")
	at := strings.IndexAny(cell, ",.")
	if at < 0 {
		return 0
	}
	whole, fraction := cell[:at], cell[at+1:]
	if !allDigits(whole) || !allDigits(fraction) {
		return 0
	}
	if len(fraction) == 3 && len(whole) <= 3 && whole[0] != '0' {
		return 0
	}
	return cell[at]
}

// splitSample splits a file's beginning into records of trimmed cells. clean says
// that its quotation marks made sense.
func splitSample(sample []byte, sep, eol byte) (records [][]string, clean bool) {
	p := cellParser{sep: sep, eol: eol, text: sample}
	if n := len(sample); n > 0 && sample[n-1] != eol {
		p.text = append(slices.Clone(sample), eol)
	}
	for len(records) < sampleRows && p.at < len(p.text) {
		if p.blank() {
			continue
		}
		record, err := p.record()
		if err != nil {
			return records, false
		}
		records = append(records, record)
	}
	return records, true
}
