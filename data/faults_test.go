package data_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// lines makes a file of a header and n rows.
func lines(header string, n int, row func(i int) string) string {
	var b strings.Builder
	b.WriteString(header + "\n")
	for i := range n {
		b.WriteString(row(i) + "\n")
	}
	return b.String()
}

func TestFault02SevenDigitLabels(t *testing.T) {
	codes := []string{"1234567", "20230101", "1000000"}
	s, _ := read(t, data.CSV{}, lines("a,b,code", 63, func(i int) string { return fmt.Sprintf("%d,%d,%s", i%9, i%5, codes[i/3%3]) }))
	if want := []string{"1000000", "1234567", "20230101"}; !slices.Equal(s.Classes, want) {
		t.Errorf("classes %q, want %q: the texts of the file, ordered as numbers", s.Classes, want)
	}
}

func TestFault03LargeIntegerLabels(t *testing.T) {
	codes := []string{"9007199254740992", "9007199254740993"}
	text := lines("a,user", 90, func(i int) string { return fmt.Sprintf("%d,%s", i%9, codes[i/3%2]) })
	s, r := read(t, data.CSV{}, text)
	if !slices.Equal(s.Classes, codes) {
		t.Errorf("classes %q, want %q", s.Classes, codes)
	}
	if r.Task != (data.Classify{}) || !strings.Contains(r.Why, "beyond the integers that a number holds exactly") {
		t.Errorf("%v, because %s", r.Task, r.Why)
	}
	s, _ = read(t, data.CSV{Target: "a"}, text)
	if f := s.Features[0]; !slices.Equal(f.Levels, codes) {
		t.Errorf("as a feature it has the levels %q, want %q", f.Levels, codes)
	}
}

func TestFault04NumbersKeepTheirDigits(t *testing.T) {
	s, _ := read(t, data.CSV{}, lines("h,stamp", 400, func(i int) string { return fmt.Sprintf("%d,%d", i%50, 1600000000+i%50) }))
	var b bytes.Buffer
	if err := data.WriteCSV(&b, s); err != nil {
		t.Fatal(err)
	}
	if got := strings.Split(b.String(), "\n")[8]; got != "7,1600000007" {
		t.Errorf("row 7 is written as %q, want 7,1600000007", got)
	}
}

func TestFault07OneKnownValue(t *testing.T) {
	s, r := read(t, data.CSV{}, lines("a,b,y", 60, func(i int) string {
		return fmt.Sprintf("%d,%s,%c", i%7, map[bool]string{true: "4.5"}[i == 17], 'u'+i%2)
	}))
	if len(s.Features) != 1 || s.Features[0].Name != "a" {
		t.Errorf("features %v, want a alone", s.Features)
	}
	if c := r.Columns[1]; c.Role != "left out" || !strings.Contains(c.Why, "its only value is 4.5; 59 rows have none") {
		t.Errorf("column b: %s (%s)", c.Role, c.Why)
	}
	if s, _ := read(t, data.CSV{KeepAll: true}, "a,b,y\n1,,u\n2,4.5,v\n3,,u\n"); len(s.Features) != 2 {
		t.Errorf("features %v although all were to be kept", s.Features)
	}
}

// TestConstantWhereItCounts: rows without a target are gone, and with them what made
// a column vary.
func TestConstantWhereItCounts(t *testing.T) {
	s, r := read(t, data.CSV{}, "a,b,y\n1,7,u\n2,7,v\n3,8,\n4,7,u\n5,,v\n")
	if len(s.Features) != 1 || r.Columns[1].Why != "constant in the rows that have a target" {
		t.Errorf("features %v, column b: %s", s.Features, r.Columns[1].Why)
	}
}

func TestFault08HugeValues(t *testing.T) {
	s, r := read(t, data.CSV{}, lines("elev,x,y", 120, func(i int) string {
		elev := fmt.Sprint(i * 37 % 101)
		if i == 13 {
			elev = "-1.7976931348623157e308"
		}
		return fmt.Sprintf("%s,%d,%s", elev, i%9, []string{"yes", "no"}[i/2%2])
	}))
	if !slices.ContainsFunc(r.Warnings, func(w data.Warning) bool {
		return w.Row == 15 && w.Column == "elev" && strings.Contains(w.Text, "-1.7976931348623157e+308 is beyond what float32 holds")
	}) {
		t.Errorf("warnings %v, want one of row 15", r.Warnings)
	}
	var at *data.RowError
	if err := s.CheckFloat32(); !errors.As(err, &at) || at.Row != 13 || !strings.Contains(err.Error(), "row 13, column elev: -1.7976931348623157e+308") {
		t.Errorf("error %v, want one of row 13", err)
	}
	if s, _ = read(t, data.CSV{Missing: []string{"-1.7976931348623157e308"}}, "a,y\n1,u\n-1.7976931348623157e308,v\n3,u\n"); s.CheckFloat32() != nil {
		t.Error("a missing value is too large")
	}
}

func TestFault16NamesOfAllScripts(t *testing.T) {
	s, r := read(t, data.CSV{}, lines("长さ,πλάτος,品种", 60, func(i int) string { return fmt.Sprintf("%d,%d,%s", i%7, i%5, []string{"梨", "苹果"}[i%2]) }))
	if !slices.Equal(s.Classes, []string{"梨", "苹果"}) || s.Target != "品种" || s.Features[1].Name != "πλάτος" {
		t.Errorf("classes %q of %q, features %v", s.Classes, s.Target, s.Features)
	}
	if table := r.String(); !strings.Contains(table, "长さ    numeric") || !strings.Contains(table, "πλάτος  numeric") {
		t.Errorf("the columns are not aligned:\n%s", table)
	}
}

// TestFault18WriteCSVRoundTrip writes sets that a guess would read as others.
func TestFault18WriteCSVRoundTrip(t *testing.T) {
	rows := [][]float64{{0, 1.5}, {1, math.NaN()}, {2, 1e-300}, {0, -0.1}}
	table := func(f ...data.Feature) *data.Set {
		s, err := data.NewTable("n", f, rows)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, make := range map[string]func() *data.Set{
		"levels that are numbers": func() *data.Set {
			return table(data.Feature{Name: "c", Levels: []string{"1", "2", "10"}}, data.Feature{Name: "x"})
		},
		"a level NA, and an order": func() *data.Set {
			return table(data.Feature{Name: "c", Levels: []string{"z", "NA", "a"}}, data.Feature{Name: "x"})
		},
		"a level that nobody has": func() *data.Set {
			return table(data.Feature{Name: "c", Levels: []string{"a", "b", "c", "d"}}, data.Feature{Name: "x"})
		},
		"quotes, commas and new lines": func() *data.Set {
			return table(data.Feature{Name: "a,\"b\"\nc", Levels: []string{"x\ny", `"`, ","}}, data.Feature{Name: " "[:0] + "x"})
		},
		"times": func() *data.Set {
			s := table(data.Feature{Name: "c"}, data.Feature{Name: "when", Time: "2006-01-02 15:04:05"})
			v, _, _ := s.Table()
			for i := 1; i < len(v); i += 2 {
				v[i] = 1.7e9 + float64(i)
			}
			return s
		},
		"a format of numbers": func() *data.Set {
			return table(data.Feature{Name: "c"}, data.Feature{Name: "x", Number: data.NumberFormat{Decimal: ",", Thousands: ".", Suffix: "€"}, Missing: []string{"-"}, Seen: data.Seen{Low: -0.1, High: 1.5, Rows: 4, Missing: 0.25}})
		},
		"a regression on few integers": func() *data.Set {
			s, err := data.FromRows("n", rows[2:], []float64{1, 2})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"classes in an order of their own": func() *data.Set { return numbered(t, []int{1, 0, 1, 0}, "2", "1") },
		"weights, groups and texts": func() *data.Set {
			s := numbered(t, []int{1, 0, 1, 0}, "u", "v")
			s.Features[0].Name = "weight"
			s.Weights, s.Groups, s.Source = []float64{0.1, 2, 0, 1e300}, []int{7, -3, 7, 0}, "measured"
			s.Texts = []data.TextColumn{{Name: "group", Cells: []string{"p", "", "NA", "1.50"}}}
			return s
		},
		"one column with a missing value": func() *data.Set {
			s, err := data.NewTable("n", []data.Feature{{Name: "x"}}, [][]float64{{1}, {math.NaN()}, {3}})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	} {
		s := make()
		var b bytes.Buffer
		if err := data.WriteCSV(&b, s); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, err := json.Marshal(s.Schema())
		if err != nil {
			t.Fatal(err)
		}
		var schema data.Schema
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		file := b.String()
		again, _, err := data.CSV{Schema: &schema}.Read(&b, "n.csv")
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, file)
			continue
		}
		if !sameSet(again, s) {
			t.Errorf("%s: %+v, want %+v, from\n%s\n%s", name, again, s, file, text)
		}
	}
	for want, s := range map[string]*data.Set{
		`level "" would be read`:         {Inputs: table(data.Feature{Name: "c"}, data.Feature{Name: "x"}).Inputs, Features: []data.Feature{{Name: "c", Levels: []string{"", "b", "c"}}, {Name: "x"}}},
		`level " b" has space around`:    {Inputs: table(data.Feature{Name: "c"}, data.Feature{Name: "x"}).Inputs, Features: []data.Feature{{Name: "c", Levels: []string{"a", " b", "c"}}, {Name: "x"}}},
		`columns 1 and 2 are both named`: {Inputs: table(data.Feature{Name: "c"}, data.Feature{Name: "x"}).Inputs, Features: []data.Feature{{Name: "c"}, {Name: "c"}}},
	} {
		if err := data.WriteCSV(io.Discard, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// sameSet compares sets, NaN with NaN.
func sameSet(a, b *data.Set) bool {
	va, _, errA := a.Table()
	vb, _, errB := b.Table()
	x, y := *a, *b
	x.Inputs, y.Inputs = nil, nil
	return errA == nil && errB == nil && equalNaN(va, vb) && reflect.DeepEqual(x, y)
}

func TestFault19ThousandsAndDates(t *testing.T) {
	s, _ := read(t, data.CSV{}, lines("income,x,y", 120, func(i int) string {
		v := 1000 + i*137%9000
		return fmt.Sprintf("\"%d,%03d\",%d,%s", v/1000, v%1000, i%9, []string{"yes", "no"}[i%2])
	}))
	if f := s.Features[0]; f.Levels != nil || f.Number.Thousands != "," || f.Seen.Low != 1000 {
		t.Errorf("income: %+v", f)
	}
	new, found, err := data.CSV{}.ReadRows(strings.NewReader("income,x\n\"7,250\",4\n"), "new.csv", s.Schema())
	if err != nil || !slices.Equal(values(t, new), []float64{7250, 4}) || len(found.Warnings) != 0 {
		t.Errorf("new row %v, %v, %v", new, found, err)
	}
	s, _ = read(t, data.CSV{}, lines("when,x,y", 200, func(i int) string {
		return fmt.Sprintf("2024-%02d-%02d,%d,%s", 1+i/28, 1+i%28, i%9, []string{"yes", "no"}[i%2])
	}))
	if f := s.Features[0]; f.Time != "2006-01-02" || f.Levels != nil {
		t.Errorf("when: %+v", f)
	}
	new, found, err = data.CSV{}.ReadRows(strings.NewReader("when,x\n2025-03-01,4\n"), "new.csv", s.Schema())
	if err != nil || !slices.Equal(values(t, new), []float64{1740787200, 4}) { // date -u -d 2025-03-01 +%s
		t.Fatalf("new row %v, %v", new, err)
	}
	if len(found.Warnings) != 1 || !strings.Contains(found.Warnings[0].String(), "row 2, column when: 1 row is beyond the range of training, 2024-01-01 to 2024-08-04, the first with 2025-03-01") {
		t.Errorf("warnings %v, want one of a range", found.Warnings)
	}
}

// TestFault19UnknownLevels: a list of all levels was kilobytes, and an error.
func TestFault19UnknownLevels(t *testing.T) {
	var levels []string
	for i := range 300 {
		levels = append(levels, fmt.Sprint("level ", i))
	}
	schema := data.Schema{Features: []data.Feature{{Name: "c", Levels: levels}, {Name: "x"}}}
	s, found, err := data.CSV{}.ReadRows(strings.NewReader(lines("c,x", 30, func(i int) string {
		if i < 10 {
			return fmt.Sprintf("level %d,1", i)
		}
		return fmt.Sprintf("new %d%s,1", i, strings.Repeat("!", 10*i))
	})), "new.csv", schema)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range values(t, s) {
		if want := float64(i / 2); i%2 == 0 && i < 20 && v != want || i%2 == 0 && i >= 20 && v != -1 {
			t.Errorf("row %d is %v", i/2, v)
		}
	}
	if u := found.Unknown; len(u) != 1 || u[0].Column != "c" || u[0].Rows != 20 || len(u[0].Values) != 8 || !strings.HasPrefix(u[0].Values[0], "new 10!") {
		t.Errorf("unknown levels %+v", u)
	}
	if w := found.Warnings[0].String(); !strings.HasPrefix(w, "row 12, column c: 20 rows have a level that did not occur in training: ") || len(w) > 600 {
		t.Errorf("warning of %d bytes: %s", len(w), w)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestFault20SeparatorsAndEncodings(t *testing.T) {
	row := func(sep, mark string) string {
		return lines("a"+sep+"b"+sep+"y", 40, func(i int) string { return fmt.Sprintf("%d%s5%s%d%s%c", i%7, mark, sep, i%3, sep, 'u'+i%2) })
	}
	want, _ := read(t, data.CSV{}, row(",", "."))
	utf16 := []byte{0xff, 0xfe}
	for _, c := range []byte(row(",", ".")) {
		utf16 = append(utf16, c, 0)
	}
	for name, c := range map[string]struct{ text, said string }{
		"semicolon":     {row(";", "."), "separated by semicolons"},
		"tab":           {row("\t", "."), "separated by tabs"},
		"bar":           {row("|", "."), "separated by vertical bars"},
		"decimal comma": {row(";", ","), "separated by semicolons, decimal comma"},
		"UTF-16":        {string(utf16), "UTF-16 little-endian with a byte order mark"},
		"CR alone":      {strings.ReplaceAll(row(",", "."), "\n", "\r"), "lines end with CR alone"},
		"Excel's hint":  {"sep=;\n" + row(";", "."), "separated by semicolons"},
	} {
		s, r := read(t, data.CSV{}, c.text)
		if !slices.Equal(values(t, s), values(t, want)) || !slices.Equal(s.Classes, want.Classes) {
			t.Errorf("%s: read as %v", name, r)
		}
		if !strings.Contains(r.String(), c.said) {
			t.Errorf("%s: the report does not say %q:\n%v", name, c.said, r)
		}
	}
}

func TestFault23CodeLabels(t *testing.T) {
	for _, codes := range [][]string{{"01", "1", "7"}, {"12E2", "1200", "7"}} {
		text := lines("a,b,code", 90, func(i int) string { return fmt.Sprintf("%d,%d,%s", i%9, i%5, codes[i/3%3]) })
		s, r := read(t, data.CSV{}, text)
		if len(s.Classes) != 3 || !slices.Contains(s.Classes, codes[0]) || !slices.Contains(s.Classes, codes[1]) {
			t.Errorf("classes %q, want %q", s.Classes, codes)
		}
		if !slices.ContainsFunc(r.Warnings, func(w data.Warning) bool { return strings.Contains(w.Text, "are different texts of one number") }) {
			t.Errorf("warnings %v, want one of equal numbers", r.Warnings)
		}
		if s, _ = read(t, data.CSV{Types: map[string]data.ColumnType{"code": data.Numeric}, AsTask: "classify"}, text); len(s.Classes) != 2 {
			t.Errorf("as numbers the classes are %q", s.Classes)
		}
	}
}

// endless yields zeros, and counts what was asked of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.read += len(p)
	return len(p), nil
}

// TestFault38IDXIsBounded: a stream much longer than its header says is not read on,
// and takes hardly more memory than the header says.
func TestFault38IDXIsBounded(t *testing.T) {
	const total = 8 << 20
	header := []byte{0, 0, 8, 1, total >> 24, total >> 16 & 255, total >> 8 & 255, total & 255}
	source := &endless{}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := data.ReadIDX(io.MultiReader(bytes.NewReader(header), source))
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "bytes after the 8388608 values") {
		t.Errorf("error %v", err)
	}
	if source.read > total+1<<16 {
		t.Errorf("%d bytes were read of a file of %d", source.read, total)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*total {
		t.Errorf("%d bytes were allocated for %d", got, total)
	}
	x, err := data.ReadIDX(io.MultiReader(bytes.NewReader(header), io.LimitReader(source, total)))
	if err != nil || len(x.Values) != total {
		t.Errorf("%v", err)
	}
}
