package data_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/seed732fc211/aegis/data"
)

// dirty is a file with the dirt of real ones, and what a human would read in it.
type dirty struct {
	r       *rand.Rand
	rows    int
	sep     string
	decimal string
	header  bool
	quote   bool // every text
	spaces  bool // around cells
	columns []dirtyColumn
	target  dirtyColumn
	index   string // "", "unnamed", "short": a column of row numbers or names, in the header or not
	broken  string // what was broken, "": nothing
	row     int    // 1-based line of the break
	column  string
	dirt    []string // names of what was mixed, for errors
}

// dirtyColumn is what stands in a column and what is meant by it.
type dirtyColumn struct {
	name   string
	cells  []string
	role   string    // of ColumnReport
	values []float64 // of a numeric column or a time; NaN: missing
	texts  []string  // of a categorical one; "": missing
}

func pickOne(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

func newDirty(seed uint64) *dirty {
	r := rand.New(rand.NewPCG(seed, 0xd127))
	d := &dirty{r: r, rows: 40 + r.IntN(80), sep: pickOne(r, ",", ",", ";", "\t", "|"), decimal: ".", header: r.IntN(8) > 0, quote: r.IntN(4) == 0, spaces: r.IntN(6) == 0}
	if d.sep != "," && r.IntN(3) == 0 {
		d.decimal = ","
		d.dirt = append(d.dirt, "decimal comma")
	}
	makers := []func(string) dirtyColumn{d.plain, d.integers, d.thousands, d.money, d.unit, d.percent, d.dates, d.boolean, d.category, d.noneLevel, d.identifier, d.constant, d.empty, d.zeros, d.scientific}
	n := 3 + r.IntN(6)
	d.columns = append(d.columns, d.plain("c0")) // there is always one that says something, and tells the decimal mark
	for k := 1; k < n; k++ {
		d.columns = append(d.columns, makers[r.IntN(len(makers))](fmt.Sprintf("c%d", k)))
	}
	d.target = d.classes("y")
	if d.header && r.IntN(5) == 0 {
		d.index = pickOne(r, "unnamed", "short", "names")
	}
	return d
}

// missing returns a column's marker of missing values, and how often it stands.
func (d *dirty) missing(markers ...string) (string, float64) {
	if d.r.IntN(2) == 0 {
		return "", 0
	}
	return pickOne(d.r, append(markers, "", "NA", "N/A", "null", "?", "NaN", "#N/A")...), 0.15
}

// numbers makes a numeric column; write writes a number.
func (d *dirty) numbers(name string, draw func() float64, write func(float64) string, markers ...string) dirtyColumn {
	c := dirtyColumn{name: name, role: "feature"}
	marker, share := d.missing(append(markers, "-", ".", "none", "None")...)
	for range d.rows {
		if d.r.Float64() < share {
			c.cells, c.values = append(c.cells, marker), append(c.values, math.NaN())
			continue
		}
		v := draw()
		c.cells, c.values = append(c.cells, write(v)), append(c.values, v)
	}
	c.values[0], c.cells[0] = draw(), "" // so that the first row tells the kinds apart from a header
	c.cells[0] = write(c.values[0])
	return c
}

func (d *dirty) mark(s string) string { return strings.Replace(s, ".", d.decimal, 1) }

func (d *dirty) plain(name string) dirtyColumn {
	return d.numbers(name, func() float64 { return math.Round(d.r.NormFloat64()*1e4) / 100 }, func(v float64) string { return d.mark(strconv.FormatFloat(v, 'f', 2, 64)) })
}

func (d *dirty) integers(name string) dirtyColumn {
	return d.numbers(name, func() float64 { return float64(d.r.IntN(1000) - 300) }, func(v float64) string { return strconv.Itoa(int(v)) })
}

func (d *dirty) scientific(name string) dirtyColumn {
	return d.numbers(name, func() float64 { return math.Exp(20 * d.r.NormFloat64()) }, func(v float64) string { return d.mark(strconv.FormatFloat(v, 'e', -1, 64)) })
}

// grouped writes a number with decimals and marks between groups of three digits.
func grouped(v float64, decimals int, thousands, decimal string) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + thousands + whole[i:]
	}
	if fraction != "" {
		whole += decimal + fraction
	}
	if v < 0 {
		whole = "-" + whole
	}
	return whole
}

func (d *dirty) marks() (thousands string) {
	other := ","
	if d.decimal == "," {
		other = "."
	}
	return pickOne(d.r, other, other, " ", "'", "\u00a0")
}

func (d *dirty) thousands(name string) dirtyColumn {
	d.dirt = append(d.dirt, "thousands")
	mark, decimals := d.marks(), 2*d.r.IntN(2)
	round := math.Pow(10, float64(decimals))
	return d.numbers(name, func() float64 { return math.Round((1000+d.r.Float64()*9e6)*round) / round }, func(v float64) string { return grouped(v, decimals, mark, d.decimal) })
}

func (d *dirty) money(name string) dirtyColumn {
	d.dirt = append(d.dirt, "currency")
	mark, symbol, behind, brackets := d.marks(), pickOne(d.r, "$", "€", "£", "USD ", "¥"), d.r.IntN(2) == 0, d.r.IntN(3) == 0
	return d.numbers(name, func() float64 { return math.Round((d.r.Float64()-0.2)*1e7) / 100 }, func(v float64) string {
		s := grouped(math.Abs(v), 2, mark, d.decimal)
		if behind {
			s += " " + strings.TrimSpace(symbol)
		} else {
			s = symbol + s
		}
		switch {
		case v < 0 && brackets:
			return "(" + s + ")"
		case v < 0:
			return "-" + s
		}
		return s
	})
}

func (d *dirty) unit(name string) dirtyColumn {
	d.dirt = append(d.dirt, "unit")
	unit := pickOne(d.r, " mi", " km", "kg", " cm", "°C", " years")
	return d.numbers(name, func() float64 { return math.Round(d.r.Float64()*1e4) / 10 }, func(v float64) string { return d.mark(strconv.FormatFloat(v, 'f', 1, 64)) + unit })
}

func (d *dirty) percent(name string) dirtyColumn {
	d.dirt = append(d.dirt, "percent")
	gap := pickOne(d.r, "", " ")
	return d.numbers(name, func() float64 { return math.Round(d.r.Float64()*1e4) / 100 }, func(v float64) string { return d.mark(strconv.FormatFloat(v, 'f', 2, 64)) + gap + "%" })
}

func (d *dirty) dates(name string) dirtyColumn {
	d.dirt = append(d.dirt, "dates")
	layout := pickOne(d.r, "2006-01-02", "2006/01/02", "02.01.2006", "02/01/2006", "01/02/2006", "2/1/2006", "1/2/2006", "Jan 02 2006", "2 January 2006", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00", "01/02/2006 3:04 PM", "02-Jan-06")
	step := 24 * time.Hour
	if strings.Contains(layout, "04") {
		step = time.Minute
	}
	c := d.numbers(name, func() float64 {
		at := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(d.r.IntN(12000)) * 24 * time.Hour)
		if step < 24*time.Hour {
			at = at.Add(time.Duration(d.r.IntN(1440)) * step)
		}
		return float64(at.Unix())
	}, func(v float64) string { return time.Unix(int64(v), 0).UTC().Format(layout) })
	return c
}

// levels makes a categorical column.
func (d *dirty) levels(name string, list []string, markers ...string) dirtyColumn {
	c := dirtyColumn{name: name, role: "feature"}
	marker, share := d.missing(markers...)
	for i := range d.rows {
		text := list[d.r.IntN(len(list))]
		if i < 2*len(list) {
			text = list[i%len(list)]
		} else if d.r.Float64() < share {
			c.cells, c.texts = append(c.cells, marker), append(c.texts, "")
			continue
		}
		c.cells, c.texts = append(c.cells, text), append(c.texts, text)
	}
	return c
}

func (d *dirty) boolean(name string) dirtyColumn {
	d.dirt = append(d.dirt, "booleans")
	return d.levels(name, strings.Fields(pickOne(d.r, "true false", "TRUE FALSE", "yes no", "Y N", "t f", "ja nein")))
}

func (d *dirty) category(name string) dirtyColumn {
	return d.levels(name, [][]string{{"red", "green", "blue"}, {"A+", "B", "AB"}, {"Größe", "Länge"}, {"x, y", "z; w", "v | u"}, {`5" pipe`, `7" pipe`}, {"北京", "上海"}, {"two\nlines", "one"}}[d.r.IntN(7)])
}

// noneLevel has a level that means a missing value elsewhere.
func (d *dirty) noneLevel(name string) dirtyColumn {
	c := d.levels(name, []string{"+", "-"})
	for i, cell := range c.cells {
		if c.texts[i] == "" && (cell == "-" || cell == "+") {
			c.texts[i] = cell
		}
	}
	return c
}

func (d *dirty) identifier(name string) dirtyColumn {
	d.dirt = append(d.dirt, "identifier")
	c := dirtyColumn{name: name, role: "left out"}
	for i := range d.rows {
		c.cells = append(c.cells, fmt.Sprintf("%c-%04x", 'A'+d.r.IntN(26), i*7919%65536))
	}
	return c
}

func (d *dirty) zeros(name string) dirtyColumn {
	d.dirt = append(d.dirt, "leading zeros")
	return d.levels(name, []string{"007", "010", "7", "10"})
}

func (d *dirty) constant(name string) dirtyColumn {
	return dirtyColumn{name: name, role: "left out", cells: slices.Repeat([]string{pickOne(d.r, "1", "same", "0.5")}, d.rows)}
}

func (d *dirty) empty(name string) dirtyColumn {
	return dirtyColumn{name: name, role: "left out", cells: slices.Repeat([]string{pickOne(d.r, "", "NA")}, d.rows)}
}

func (d *dirty) classes(name string) dirtyColumn {
	c := d.levels(name, [][]string{{"cat", "dog"}, {"01", "1"}, {"1234567", "20230101"}, {"0", "1", "2"}}[d.r.IntN(4)])
	c.role = "target"
	return c
}

// cell writes a cell as the file needs it.
func (d *dirty) cell(s string) string {
	must := strings.ContainsAny(s, d.sep+"\"\n\r")
	if !must && !(d.quote && s != "" && strings.Trim(s, "0123456789.-") != "") {
		if d.spaces {
			return " " + s + " "
		}
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// text writes the file with LF, and breaks it if it is to be broken. Lines are
// counted as they are written.
func (d *dirty) text() string {
	var lines []string
	all := append(slices.Clone(d.columns), d.target)
	if d.header {
		var head []string
		for _, c := range all {
			head = append(head, d.cell(c.name))
		}
		if d.index == "unnamed" || d.index == "names" {
			head = slices.Insert(head, 0, "")
		}
		lines = append(lines, strings.Join(head, d.sep))
	}
	at := make([]int, d.rows)
	line := 1 + len(lines)
	for i := range d.rows {
		var record []string
		for _, c := range all {
			record = append(record, d.cell(c.cells[i]))
		}
		switch d.index {
		case "unnamed":
			record = slices.Insert(record, 0, strconv.Itoa(i))
		case "short":
			record = slices.Insert(record, 0, d.cell(fmt.Sprint("row ", i)))
		case "names":
			record = slices.Insert(record, 0, d.cell(fmt.Sprint("row ", i)))
		}
		at[i] = line
		text := strings.Join(record, d.sep)
		line += 1 + strings.Count(text, "\n")
		lines = append(lines, text)
		if d.r.IntN(40) == 0 {
			lines = append(lines, "")
			line++
		}
	}
	d.damage(lines, at)
	return strings.Join(lines, "\n") + pickOne(d.r, "", "\n", "\n\n")
}

// damage breaks one row in the last quarter.
func (d *dirty) damage(lines []string, at []int) {
	if d.broken == "" {
		return
	}
	i := d.rows - 1 - d.r.IntN(d.rows/4)
	d.row = at[i]
	k, seen := 0, 1
	for seen < d.row { // the entry of lines that begins on the line
		seen += 1 + strings.Count(lines[k], "\n")
		k++
	}
	switch d.broken {
	case "short row":
		lines[k] = lines[k][:strings.LastIndex(lines[k], d.sep)]
	case "long row":
		lines[k] += d.sep + "1"
	case "open quote":
		lines[k] = `"` + lines[k]
		if strings.Contains(lines[k][1:], `"`) || strings.Contains(strings.Join(lines[k:], "")[1:], `"`) {
			d.broken = "" // it is closed somewhere: another mistake, found elsewhere
			lines[k] = lines[k][1:]
		}
	case "odd text":
		first := d.cell(d.columns[0].cells[i])
		lines[k] = strings.Replace(lines[k], first, "abc", 1)
		d.column = d.columns[0].name
		if d.columns[0].cells[i] == "" || d.index != "" || !strings.Contains(lines[k], "abc") || len(first) < 3 {
			d.broken = ""
			lines[k] = strings.Replace(lines[k], "abc", first, 1)
		}
	}
}

// encode gives the text a file's line ends, encoding and packing.
func (d *dirty) encode(text string) []byte {
	end := pickOne(d.r, "\n", "\n", "\r\n", "\r")
	if strings.Contains(text, "two\nlines") && end == "\r" {
		end = "\n"
	}
	if end != "\n" {
		text = strings.ReplaceAll(text, "\n", end)
		text = strings.ReplaceAll(text, "two"+end+"lines", "two\nlines")
		d.dirt = append(d.dirt, fmt.Sprintf("line end %q", end))
	}
	out := []byte(text)
	switch k := d.r.IntN(8); {
	case k == 0:
		out = append([]byte("\xef\xbb\xbf"), out...)
		d.dirt = append(d.dirt, "byte order mark")
	case k <= 2:
		out = nil
		order := d.r.IntN(2)
		if k == 1 {
			out = append(out, []byte{0xff, 0xfe, 0xfe, 0xff}[2*order:2*order+2]...)
		}
		for _, u := range utf16.Encode([]rune(text)) {
			out = append(out, []byte{byte(u), byte(u >> 8), byte(u)}[order:order+2]...)
		}
		d.dirt = append(d.dirt, fmt.Sprintf("UTF-16, mark %v, order %d", k == 1, order))
	case k == 3:
		if latin, ok := windows1252(text); ok {
			out = latin
			d.dirt = append(d.dirt, "Windows-1252")
		}
	}
	if d.r.IntN(8) == 0 {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(out)
		_ = z.Close()
		out = b.Bytes()
		d.dirt = append(d.dirt, "gzip")
	}
	return out
}

func windows1252(text string) ([]byte, bool) {
	special := map[rune]byte{'€': 0x80, '’': 0x92}
	var out []byte
	for _, r := range text {
		switch {
		case special[r] > 0:
			out = append(out, special[r])
		case r < 0x80 || r >= 0xa0 && r <= 0xff:
			out = append(out, byte(r))
		default:
			return nil, false
		}
	}
	return out, true
}

// TestDirtyFiles reads 300 files with the dirt of real ones mixed at random: each
// is read as it is meant, or if it is broken refused with the row and the column.
func TestDirtyFiles(t *testing.T) {
	for seed := range uint64(300) {
		d := newDirty(seed)
		if seed%5 == 4 {
			d.broken = pickOne(d.r, "short row", "long row", "open quote", "odd text")
		}
		text := d.text()
		raw := d.encode(text)
		s, r, err := data.CSV{}.Read(bytes.NewReader(raw), "dirty.csv")
		if d.broken != "" {
			d.checkRefused(t, seed, text, err)
			continue
		}
		if err != nil {
			t.Errorf("file %d (%s): %v\n%.300s", seed, strings.Join(d.dirt, ", "), err, text)
			continue
		}
		if problem := d.check(s, r); problem != "" {
			t.Errorf("file %d (%s): %s\n%.400s\n%v", seed, strings.Join(d.dirt, ", "), problem, text, r)
		}
	}
}

func (d *dirty) checkRefused(t *testing.T, seed uint64, text string, err error) {
	t.Helper()
	var at *data.CSVError
	column := d.column
	if !d.header && column != "" {
		column = strconv.Itoa(1 + slices.IndexFunc(d.columns, func(c dirtyColumn) bool { return c.name == column }))
	}
	if !errors.As(err, &at) || at.Row != d.row || column != "" && at.Column != column {
		t.Errorf("file %d (%s): %s in row %d, column %q: error %v\n%s", seed, strings.Join(d.dirt, ", "), d.broken, d.row, column, err, text)
	}
}

// check compares what was read with what was meant.
func (d *dirty) check(s *data.Set, r *data.Report) string {
	roles := map[string]data.ColumnReport{}
	for _, c := range r.Columns {
		roles[c.Name] = c
	}
	var kept []int // rows with a target
	for i, text := range d.target.texts {
		if text != "" {
			kept = append(kept, i)
		}
	}
	if s.Len() != len(kept) || r.NoTarget != d.rows-len(kept) {
		return fmt.Sprintf("%d rows, %d without a target, want %d and %d", s.Len(), r.NoTarget, len(kept), d.rows-len(kept))
	}
	v, p, err := s.Table()
	if err != nil {
		return err.Error()
	}
	for k, c := range d.columns {
		name := c.name
		if !d.header {
			name = strconv.Itoa(k + 1)
		}
		if got := roles[name].Role; got != c.role {
			return fmt.Sprintf("column %s is %s (%s), want %s", name, got, roles[name].Why, c.role)
		}
		if c.role != "feature" {
			continue
		}
		j := slices.IndexFunc(s.Features, func(f data.Feature) bool { return f.Name == name })
		for i, row := range kept {
			if problem := c.differs(s.Features[j], v[i*p+j], row); problem != "" {
				return fmt.Sprintf("column %s, row %d, %q: %s", name, row, c.cells[row], problem)
			}
		}
	}
	labels, err := s.Labels()
	if err != nil {
		return err.Error()
	}
	for i, row := range kept {
		if got := s.Classes[labels[i]]; got != d.target.texts[row] {
			return fmt.Sprintf("target of row %d is %q, want %q", row, got, d.target.texts[row])
		}
	}
	if (d.index == "short" || d.index == "names") && (len(s.Texts) != 1 || s.Texts[0].Cells[1] != fmt.Sprint("row ", kept[1])) {
		return fmt.Sprintf("the rows' names are %v", s.Texts)
	}
	return ""
}

func (c dirtyColumn) differs(f data.Feature, got float64, row int) string {
	if c.texts == nil {
		if f.Levels != nil {
			return "it is read as a category"
		}
		if want := c.values[row]; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			return fmt.Sprintf("it is read as %v, want %v", got, want)
		}
		return ""
	}
	text := ""
	if f.Levels == nil {
		return "it is read as a number"
	}
	if !math.IsNaN(got) {
		text = f.Levels[int(got)]
	}
	if text != c.texts[row] {
		return fmt.Sprintf("it is read as %q, want %q", text, c.texts[row])
	}
	return ""
}
