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

	"gorgonia.org/tensor"
)

// ARFF says how a file in Weka's attribute-relation format becomes a Set.
//
// Numeric (also real, integer) and nominal attributes are read; the levels of a
// nominal one keep the order in which they are declared. ? is a missing value. A
// nominal target gives classes, a numeric one real values. Attributes of strings,
// dates and relations, and sparse rows, are errors. CSV reads such a file too, and
// leaves out what says nothing, reports, and knows groups and weights. Names and values may be in
// single or double quotes, within which a backslash takes the next character as
// it is.
type ARFF struct {
	Target string // name of the target attribute; "": the last
}

// attribute is one declaration of an ARFF file.
type attribute struct {
	Feature
	codes map[string]int // of levels
}

// Read reads a set from r; name is its name, and stands in errors, which are
// *CSVError with the line and the attribute.
func (a ARFF) Read(r io.Reader, name string) (*Set, error) {
	if r == nil {
		return nil, errors.New("data: no file to read")
	}
	p, err := scanARFF(r, name)
	if err != nil {
		return nil, err
	}
	return p.set(a.Target)
}

// scanARFF reads the declarations and the rows.
func scanARFF(r io.Reader, name string) (*arff, error) {
	p := &arff{file: name}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		p.line++
		if err := p.take(strings.TrimSpace(lines.Text())); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, &CSVError{File: name, Row: p.line + 1, Err: err}
	}
	switch {
	case !p.inData:
		return nil, &CSVError{File: name, Err: errors.New("there is no @data")}
	case len(p.rows) == 0:
		return nil, &CSVError{File: name, Err: ErrEmpty}
	}
	return p, nil
}

// looksARFF tells whether a file begins with a declaration, comments aside.
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

// table makes a table of the file, with the declared levels as the texts of nominal
// columns.
func (p *arff) table(d Dialect) *table {
	d.Format, d.Decimal, d.Header, d.Comma = formatARFF, '.', true, ','
	t := &table{file: p.file, dialect: d, rows: len(p.rows), lines: p.lines, declared: make([]bool, len(p.atts))}
	for j, a := range p.atts {
		t.names = append(t.names, a.Name)
		t.texts = append(t.texts, a.Levels)
		t.declared[j] = a.codes != nil
	}
	t.unnamed = make([]bool, len(t.names))
	for _, row := range p.rows {
		for j, v := range row {
			form := uint8(formNumber)
			switch {
			case v != v:
				form = formEmpty
			case t.declared[j]:
				form = formText
			}
			t.values, t.forms = append(t.values, v), append(t.forms, form)
		}
	}
	return t
}

// arff is a file as far as it was read.
type arff struct {
	file   string
	line   int
	atts   []attribute
	inData bool
	rows   [][]float64
	lines  []uint32 // of the rows
}

func (p *arff) fail(column, format string, args ...any) error {
	return &CSVError{File: p.file, Row: p.line, Column: column, Err: fmt.Errorf(format, args...)}
}

// take reads one line.
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

// cutWord cuts the first word off, up to a space or an opening brace.
func cutWord(s string) (word, rest string) {
	if i := strings.IndexAny(s, " \t{"); i >= 0 {
		return s[:i], strings.TrimLeft(s[i:], " \t")
	}
	return s, ""
}

// unquote reads a name or a value that ends at one of stops, which are not taken.
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

// values splits a list at its commas. quoted tells which were in quotes.
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
			return nil, nil, p.fail("", "%q behind a value, want a comma", rest)
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
	default:
		return p.fail(name, "attributes of type %q are not read: only numeric and nominal ones are", kind)
	}
	p.atts = append(p.atts, a)
	return nil
}

func (p *arff) row(s string) error {
	if s[0] == '{' {
		return p.fail("", "sparse rows are not read")
	}
	list, quoted, err := p.values(s)
	if err != nil {
		return err
	}
	if len(list) != len(p.atts) {
		return p.fail("", "%d values for %d attributes", len(list), len(p.atts))
	}
	row := make([]float64, len(list))
	for j, text := range list {
		a := &p.atts[j]
		switch code, ok := a.codes[text]; {
		case text == "?" && !quoted[j]:
			row[j] = math.NaN()
		case ok:
			row[j] = float64(code)
		case a.codes != nil:
			return p.fail(a.Name, "%s is none of its levels %s", short(text), quoteList(a.Levels))
		default:
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
				return p.fail(a.Name, "%q is no finite number", text)
			}
			row[j] = v
		}
	}
	p.rows = append(p.rows, row)
	p.lines = append(p.lines, uint32(p.line))
	return nil
}

// set makes a set of the rows, with one attribute as the target.
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
