package data

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Dialect describes how a file is written, as specified or as detected from its first 256
// KB.
type Dialect struct {
	Encoding  string // "UTF-8", "UTF-16 little-endian", "UTF-16 big-endian" or "Windows-1252"
	Mark      bool   // there was a byte order mark
	Packed    bool   // the file is compressed with gzip
	Format    string // "CSV", "ARFF" or "Parquet"
	Comma     rune   // separator of cells: comma, semicolon, tab, vertical bar, or as specified
	Decimal   rune   // decimal mark of plain numbers: '.' or ','
	LineEnd   string // "LF", "CRLF" or "CR"
	Header    bool   // the first row names the columns
	RowNames  bool   // every row has one cell more than the header; the first one names the row
	Extra     bool   // every row ends with a separator that the header lacks
	CutSample bool   // the file is longer than the part from which its dialect was detected

	skip int // bytes before the first record: a hint for Excel
}

// String describes the dialect in words, such as "UTF-8, separated by semicolons, decimal
// comma, header".
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

// The formats of files.
const (
	formatCSV  = "CSV"
	formatARFF = "ARFF"
)

// sampleSize is the size of the part of a file from which its dialect is detected.
const sampleSize = 1 << 18

// sampleRows is the number of its records that are compared, mostRows the fraction of them
// that must agree.
const (
	sampleRows = 1000
	mostRows   = 0.9
)

// separators are those that are detected. The first wins a tie, so the comma, which may be
// a decimal mark, comes last.
var separators = []byte{'\t', ';', '|', ','}

// recognise detects what c leaves open from the beginning of a file. whole reports whether
// the sample is the whole file.
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
	if !whole { // the last record may be incomplete
		if at := bytes.LastIndexByte(sample, eol); at >= 0 {
			sample = sample[:at+1]
		}
	}
	if d.Comma == 0 {
		d.Comma = rune(separatorOf(sample, eol))
	}
	if d.Comma == rune(eol) || d.Comma == '"' || d.Comma == '\n' || d.Comma == '\r' || d.Comma >= utf8.RuneSelf || d.Comma < 0 {
		return d, nil, fmt.Errorf("data: %q cannot separate cells: want one ASCII character that is neither a quotation mark nor a line end", d.Comma)
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

// excelHint reads a first line "sep=;", which specifies the separator for Excel.
func excelHint(sample []byte, eol byte) (rest []byte, comma rune, ok bool) {
	line, rest, found := bytes.Cut(sample, []byte{eol})
	line = bytes.Trim(line, "\"\r")
	if !found || len(line) != 5 || !bytes.EqualFold(line[:4], []byte("sep=")) {
		return sample, 0, false
	}
	return rest, rune(line[4]), true
}

// separatorOf returns the separator that splits the records into the same number of cells,
// at least two; of several, the one that yields the most cells of a simple type.
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
			score += 4 * share // rows of equal length are the strongest evidence
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

// simpleCells returns the fraction of cells that are empty, numbers or words.
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

// isCommaNumber reports whether a cell is digits with one comma among them.
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
	if float64(longer) >= mostRows*float64(len(rows)) { // the rest are errors
		d.Extra, d.RowNames = lastEmpty, !lastEmpty
	}
}

// hasHeader reports whether the first record names the columns. It does if a column of
// numbers begins with a text. It does not if columns of numbers begin with numbers, or if
// most of its cells recur further down.
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

// Kinds of cells that are not column names.
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

// looksDate reports whether a cell has the digits of a date, separated by marks.
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

// columnKind returns the kind of nearly all cells of a column, 0 if there is none, and
// whether the name recurs among them.
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

// looksNumeric reports whether a cell is a number as people write it, without units.
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

// decimalOf returns a comma if it is not the separator and cells of a column can only be
// read with a decimal comma: digits, a comma, and a number of digits other than three, or
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

// certainMark returns the only mark of a plain number if it cannot be a thousands
// separator, 0 otherwise.
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

// splitSample splits the beginning of a file into records of trimmed cells. clean reports
// whether its quotation marks were valid.
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
