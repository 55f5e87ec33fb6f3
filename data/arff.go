package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorgonia.org/tensor"
)

// ARFF specifies how a file in Weka's attribute-relation format becomes a Set.
//
// Numeric (also real, integer) and nominal attributes are read; the levels of a nominal
// attribute keep the order of their declaration. ? is a missing value. A nominal target
// gives classes, a numeric one real values. In sparse rows, attributes not listed are 0 or
// the first level. String, date and relational attributes are errors. Names and values may
// be in single or double quotes, within which a backslash escapes the next character.
//
// CSV reads such a file, too. It also reads strings and dates, leaves out uninformative
// columns, returns a report, and supports groups and weights.
type ARFF struct {
	Target string // name of the target attribute; "": the last
}

// attribute is one declaration of an ARFF file.
type attribute struct {
	Feature
	codes  map[string]int // codes of the levels
	text   bool           // the levels are the texts found, in order of appearance
	layout string         // layout of a date, as in package time
}

// Read reads a set from r; name is the name of the set and appears in errors, which are
// *CSVError with the line and the attribute.
func (a ARFF) Read(r io.Reader, name string) (*Set, error) {
	if r == nil {
		return nil, errors.New("data: no file to read")
	}
	p := &arff{file: name}
	if err := p.scan(r); err != nil {
		return nil, err
	}
	return p.set(a.Target)
}

// scan reads the declarations and the rows.
func (p *arff) scan(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		p.line++
		if err := p.take(strings.TrimSpace(lines.Text())); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return &CSVError{File: p.file, Row: p.line + 1, Err: err}
	}
	switch {
	case !p.inData:
		return &CSVError{File: p.file, Err: errors.New("there is no @data")}
	case len(p.rows) == 0:
		return &CSVError{File: p.file, Err: ErrEmpty}
	}
	return nil
}

// looksARFF reports whether a file begins with a declaration, ignoring comments.
func looksARFF(sample []byte) bool {
	for len(sample) > 0 {
		line, rest, _ := bytes.Cut(sample, []byte{'\n'})
		line = bytes.ToLower(bytes.TrimSpace(line))
		if len(line) > 0 && line[0] != '%' {
			return bytes.HasPrefix(line, []byte("@relation")) || bytes.HasPrefix(line, []byte("@attribute"))
		}
		sample = rest
	}
	return false
}

// table returns the file as a table, with the declared levels as the texts of nominal
// columns.
func (p *arff) table(d Dialect) *table {
	d.Format, d.Decimal, d.Header, d.Comma = formatARFF, '.', true, ','
	t := &table{file: p.file, dialect: d, rows: len(p.rows), lines: p.lines, declared: make([]bool, len(p.atts))}
	for j, a := range p.atts {
		t.names = append(t.names, a.Name)
		t.texts = append(t.texts, a.Levels)
		t.declared[j] = a.codes != nil && !a.text
	}
	t.unnamed = make([]bool, len(t.names))
	for _, row := range p.rows {
		for j, v := range row {
			form := uint8(formNumber)
			switch {
			case v != v:
				form = formEmpty
			case p.atts[j].codes != nil:
				form = formText
			}
			t.values, t.forms = append(t.values, v), append(t.forms, form)
		}
	}
	return t
}

// arff is a file being read.
type arff struct {
	file   string
	line   int
	atts   []attribute
	inData bool
	rows   [][]float64
	lines  []uint32 // line of each row
	texts  bool     // read strings and dates
}

func (p *arff) fail(column, format string, args ...any) error {
	return &CSVError{File: p.file, Row: p.line, Column: column, Err: fmt.Errorf(format, args...)}
}

// take processes one line.
func (p *arff) take(s string) error {
	if s == "" || s[0] == '%' {
		return nil
	}
	if p.inData {
		return p.row(s)
	}
	word, rest := cutWord(s)
	switch strings.ToLower(word) {
	case "@relation":
		return nil
	case "@attribute":
		return p.declare(rest)
	case "@data":
		if len(p.atts) == 0 {
			return p.fail("", "@data before any @attribute")
		}
		p.inData = true
		return nil
	}
	return p.fail("", "%q where a declaration is wanted", word)
}

// cutWord cuts off the first word, up to a space or an opening brace.
func cutWord(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t{"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " \t")
	}
	return s, ""
}

// unquote reads a name or value up to one of stops, which is not consumed.
func unquote(s, stops string) (value, rest string, err error) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		i := strings.IndexAny(s, stops)
		if i < 0 {
			i = len(s)
		}
		return strings.TrimSpace(s[:i]), s[i:], nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == s[0]:
			return b.String(), strings.TrimLeft(s[i+1:], " \t"), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", "", errors.New("a quotation mark is not closed")
}

// values splits a list at its commas. quoted reports which values were in quotes.
func (p *arff) values(s string) (list []string, quoted []bool, err error) {
	for {
		s = strings.TrimLeft(s, " \t")
		quoted = append(quoted, s != "" && (s[0] == '\'' || s[0] == '"'))
		v, rest, err := unquote(s, ",")
		if err != nil {
			return nil, nil, p.fail("", "%w", err)
		}
		list = append(list, v)
		if rest == "" {
			return list, quoted, nil
		}
		if rest[0] != ',' {
			return nil, nil, p.fail("", "%q after a value, want a comma", rest)
		}
		s = rest[1:]
	}
}

func (p *arff) declare(s string) error {
	name, kind, err := unquote(s, " \t{")
	if err != nil {
		return p.fail("", "%w", err)
	}
	kind = strings.TrimSpace(kind)
	if name == "" {
		return p.fail("", "an attribute without a name")
	}
	if slices.ContainsFunc(p.atts, func(a attribute) bool { return a.Name == name }) {
		return p.fail(name, "declared twice")
	}
	a := attribute{Feature: Feature{Name: name}}
	switch {
	case strings.HasPrefix(kind, "{") && strings.HasSuffix(kind, "}"):
		list, _, err := p.values(kind[1 : len(kind)-1])
		if err != nil {
			return err
		}
		a.Levels, a.codes = list, map[string]int{}
		for i, level := range list {
			if _, twice := a.codes[level]; twice || level == "" {
				return p.fail(name, "the level %q is empty or there twice", level)
			}
			a.codes[level] = i
		}
	case slices.Contains([]string{"numeric", "real", "integer"}, strings.ToLower(kind)):
	case p.texts && strings.EqualFold(kind, "string"):
		a.text, a.codes = true, map[string]int{}
	case p.texts && isDate(kind):
		a.text, a.codes = true, map[string]int{}
		var err error
		if a.layout, err = javaLayout(strings.TrimSpace(kind[len("date"):])); err != nil {
			return p.fail(name, "%w", err)
		}
	case p.texts:
		return p.fail(name, "attributes of type %q are not supported; only numeric, nominal, string and date ones are", kind)
	default:
		return p.fail(name, "attributes of type %q are not supported here; only numeric and nominal ones are; data.CSV reads strings and dates", kind)
	}
	p.atts = append(p.atts, a)
	return nil
}

func (p *arff) row(s string) error {
	row := make([]float64, len(p.atts))
	if s[0] == '{' {
		if err := p.sparse(s, row); err != nil {
			return err
		}
	} else {
		list, quoted, err := p.values(s)
		if err != nil {
			return err
		}
		if len(list) != len(p.atts) {
			return p.fail("", "%d values for %d attributes", len(list), len(p.atts))
		}
		for j, text := range list {
			if row[j], err = p.value(j, text, quoted[j]); err != nil {
				return err
			}
		}
	}
	p.rows = append(p.rows, row)
	p.lines = append(p.lines, uint32(p.line))
	return nil
}

// value reads one value of an attribute.
func (p *arff) value(j int, text string, quoted bool) (float64, error) {
	a := &p.atts[j]
	if text == "?" && !quoted {
		return math.NaN(), nil
	}
	if a.layout != "" {
		t, err := time.Parse(a.layout, text)
		if err != nil {
			return 0, p.fail(a.Name, "%s is not a date in the declared format", short(text))
		}
		text = t.UTC().Format("2006-01-02 15:04:05")
	}
	code, ok := a.codes[text]
	switch {
	case ok:
	case a.text && text == "":
		return math.NaN(), nil
	case a.text:
		code = len(a.Levels)
		a.codes[text] = code
		a.Levels = append(a.Levels, text)
	case a.codes != nil:
		return 0, p.fail(a.Name, "%s is not one of its levels %s", short(text), quoteList(a.Levels))
	default:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return 0, p.fail(a.Name, "%q is not a finite number", text)
		}
		return v, nil
	}
	return float64(code), nil
}

// sparse reads a row such as {2 X, 5 3.1}: ascending indices from 0, each with its value.
// All other attributes are 0 or the first level.
func (p *arff) sparse(s string, row []float64) error {
	inner, ok := strings.CutSuffix(s[1:], "}")
	if !ok {
		return p.fail("", "a sparse row that does not end with }")
	}
	next := 0
	for inner = strings.TrimSpace(inner); inner != ""; {
		index, rest := cutWord(inner)
		j, err := strconv.Atoi(index)
		if err != nil || j < next || j >= len(p.atts) {
			return p.fail("", "%s where the index of an attribute is wanted, %d to %d", short(index), next, len(p.atts)-1)
		}
		if err := p.omitted(next, j); err != nil {
			return err
		}
		quoted := rest != "" && (rest[0] == '\'' || rest[0] == '"')
		text, rest, err := unquote(rest, ",")
		if err != nil {
			return p.fail(p.atts[j].Name, "%w", err)
		}
		if row[j], err = p.value(j, text, quoted); err != nil {
			return err
		}
		if rest != "" && rest[0] != ',' {
			return p.fail(p.atts[j].Name, "%q after a value, want a comma", rest)
		}
		next, inner = j+1, strings.TrimLeft(strings.TrimPrefix(rest, ","), " \t")
	}
	return p.omitted(next, len(p.atts))
}

// omitted fails if an attribute has no value that a sparse row can leave out.
func (p *arff) omitted(from, to int) error {
	for _, a := range p.atts[from:to] {
		if a.text {
			return p.fail(a.Name, "a sparse row without it: only numbers and levels have a value that is left out")
		}
	}
	return nil
}

func isDate(kind string) bool {
	word, _ := cutWord(kind)
	return strings.EqualFold(word, "date")
}

// javaLayout converts the pattern of a date attribute, as in Java's SimpleDateFormat, to a
// layout of package time. "" is Weka's default.
func javaLayout(pattern string) (string, error) {
	if pattern == "" {
		return "2006-01-02T15:04:05", nil
	}
	pattern, rest, err := unquote(pattern, " \t")
	if err != nil || rest != "" {
		return "", fmt.Errorf("the date format %q cannot be read", pattern+rest)
	}
	var out strings.Builder
	for i := 0; i < len(pattern); {
		c := pattern[i]
		n := 1
		for i+n < len(pattern) && pattern[i+n] == c {
			n++
		}
		switch {
		case c == '\'':
			if n > 1 { // '' stands for a quotation mark
				out.WriteByte(c)
				i += 2
				continue
			}
			end := strings.IndexByte(pattern[i+1:], '\'')
			if end < 0 {
				return "", fmt.Errorf("the date format %q has a quotation mark that is not closed", pattern)
			}
			out.WriteString(pattern[i+1 : i+1+end])
			i += end + 2
			continue
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			part, ok := javaParts[pattern[i:i+n]]
			if !ok {
				return "", fmt.Errorf("the part %q of the date format %q is not supported", pattern[i:i+n], pattern)
			}
			out.WriteString(part)
		case c >= '0' && c <= '9':
			return "", fmt.Errorf("the digits in the date format %q are not supported", pattern)
		default:
			out.WriteString(pattern[i : i+n])
		}
		i += n
	}
	return out.String(), nil
}

// The short forms of package time accept one or two digits, as does Java's parser.
var javaParts = map[string]string{
	"yyyy": "2006", "yy": "06", "MMMM": "January", "MMM": "Jan", "MM": "1", "M": "1", "dd": "2", "d": "2",
	"HH": "15", "H": "15", "hh": "3", "h": "3", "mm": "4", "m": "4", "ss": "5", "s": "5", "SSS": "000", "a": "PM",
	"EEEE": "Monday", "EEE": "Mon", "EE": "Mon", "E": "Mon", "Z": "-0700", "XXX": "Z07:00",
}

// set turns the rows into a set, with one attribute as the target.
func (p *arff) set(target string) (*Set, error) {
	if len(p.atts) < 2 {
		return nil, &CSVError{File: p.file, Err: errors.New("one attribute only: there is nothing to predict from")}
	}
	at := len(p.atts) - 1
	if target != "" {
		at = slices.IndexFunc(p.atts, func(a attribute) bool { return a.Name == target })
		if at < 0 {
			return nil, &CSVError{File: p.file, Err: fmt.Errorf("there is no attribute %q", target)}
		}
	}
	y := p.atts[at]
	var features []Feature
	for j, a := range p.atts {
		if j != at {
			features = append(features, a.Feature)
		}
	}
	labels, values := make([]int, len(p.rows)), make([]float64, len(p.rows))
	inputs := make([][]float64, len(p.rows))
	for i, row := range p.rows {
		if math.IsNaN(row[at]) {
			return nil, &CSVError{File: p.file, Column: y.Name, Err: fmt.Errorf("the target of data row %d is missing", i+1)}
		}
		labels[i], values[i] = int(row[at]), row[at]
		inputs[i] = slices.Delete(row, at, at+1)
	}
	s, err := NewTable(p.file, features, inputs)
	if err != nil {
		return nil, err
	}
	s.Target = y.Name
	if y.Levels != nil {
		s.Classes = y.Levels
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels))}
	} else {
		s.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(values)), tensor.WithBacking(values))}
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return s, nil
}
