package data_test

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// oneColumn makes a file of a column c, repeated to 60 rows, and a target.
func oneColumn(sep string, cells ...string) string {
	return lines("c"+sep+"x"+sep+"y", 60, func(i int) string {
		cell := cells[i%len(cells)]
		if strings.ContainsAny(cell, sep+"\"") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		return fmt.Sprintf("%s%s%d%s%c", cell, sep, i*7%60, sep, 'u'+i*i%7%2)
	})
}

// TestColumns reads cells as a human would, and says what is in doubt.
func TestColumns(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		sep    string
		cells  []string
		csv    data.CSV
		values []float64 // of a numeric column or a time
		levels []string  // of a categorical one
		out    string    // why it is left out
		said   string    // a warning
	}{
		{name: "plain", cells: []string{"1", "-2.5", "3e2", ".5", "+4", "1."}, values: []float64{1, -2.5, 300, 0.5, 4, 1}},
		{name: "17 digits", cells: []string{"0.44764286489526467", "1.1", "123456789.12345678"}, values: []float64{0.44764286489526467, 1.1, 123456789.12345678}},
		{name: "thousands", cells: []string{"1,137", "12", "1,234,567"}, values: []float64{1137, 12, 1234567}},
		{name: "thousands with decimals", cells: []string{"1,137.5", "12", "3,000"}, values: []float64{1137.5, 12, 3000}},
		{name: "in doubt, commas between cells", cells: []string{"1,137", "2,500"}, values: []float64{1137, 2500}, said: `"1,137" is read as 1137`},
		{name: "in doubt, semicolons between cells", sep: ";", cells: []string{"1,137", "2,500"}, values: []float64{1.137, 2.5}, said: `"1,137" is read as 1.137; if its mark means thousands`},
		{name: "in doubt, decimal mark given", sep: ";", csv: data.CSV{Decimal: '.'}, cells: []string{"1,137", "2,500"}, values: []float64{1137, 2500}},
		{name: "0 before the comma", sep: ";", cells: []string{"0,137", "2,500"}, values: []float64{0.137, 2.5}},
		{name: "decimal comma in quotes", cells: []string{"22661,05", "7,5"}, values: []float64{22661.05, 7.5}},
		{name: "points for thousands", cells: []string{"1.137,5", "2.000"}, values: []float64{1137.5, 2000}},
		{name: "spaces for thousands", cells: []string{"1 137", "22", "1 000 000,5"}, values: []float64{1137, 22, 1000000.5}},
		{name: "apostrophes for thousands", cells: []string{"1'137", "22", "1'000'000.5"}, values: []float64{1137, 22, 1000000.5}},
		{name: "currency", cells: []string{"$1,137.50", "-$2.00", "($3.00)", "$0.10"}, values: []float64{1137.5, -2, -3, 0.1}},
		{name: "currency behind", cells: []string{"1.137,50 €", "-2,00 €"}, values: []float64{1137.5, -2}},
		{name: "currency in letters", cells: []string{"CHF 1'137.50", "CHF 2.00"}, values: []float64{1137.5, 2}},
		{name: "percent", cells: []string{"12%", "3.5%", "?"}, values: []float64{12, 3.5, nan}},
		{name: "unit", cells: []string{"20105 mi", "13 mi", "-"}, values: []float64{20105, 13, nan}},
		{name: "unit that some lack", cells: []string{"20105 mi", "13"}, values: []float64{20105, 13}, said: `some cells have the unit "mi" and some have none`},
		{name: "units that differ", cells: []string{"5 km", "3 mi", "4 yd"}, levels: []string{"3 mi", "4 yd", "5 km"}, said: `the units differ ("km", "mi", "yd")`},
		{name: "grades", cells: []string{"1A", "2B", "1B"}, levels: []string{"1A", "1B", "2B"}},
		{name: "leading zeros", cells: []string{"01", "1", "10"}, levels: []string{"01", "1", "10"}},
		{name: "leading zeros as numbers", csv: data.CSV{Types: map[string]data.ColumnType{"c": data.Numeric}}, cells: []string{"01", "1", "10"}, values: []float64{1, 1, 10}},
		{name: "integers order by value", csv: data.CSV{Types: map[string]data.ColumnType{"c": data.Categorical}}, cells: []string{"10", "9", "b", "1.50", "1.5"}, levels: []string{"1.5", "1.50", "9", "10", "b"}},
		{name: "booleans", cells: []string{"TRUE", "FALSE", "NA"}, levels: []string{"FALSE", "TRUE"}},
		{name: "missing markers", cells: []string{"1", "", "NA", "n/a", "NaN", "null", "None", "-", ".", "?", "#N/A", "2"}, values: []float64{1, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, 2}},
		{name: "none is a level", cells: []string{"None", "Minor", "Major", "N/A"}, levels: []string{"Major", "Minor", "None"}, said: `"None" is a level, not a missing value`},
		{name: "minus is a level", cells: []string{"+", "-", "?"}, levels: []string{"+", "-"}, said: `"-" is a level, not a missing value: it occurs together with "+"`},
		{name: "minus is missing", cells: []string{"red", "-", "blue"}, levels: []string{"blue", "red"}},
		{name: "Namibia", cells: []string{"DE", "NA", "FR", "US", "ZA", "BW"}, levels: []string{"BW", "DE", "FR", "NA", "US", "ZA"}, said: `"NA" is a level, not a missing value: all other cells are codes of two capital letters`},
		{name: "own markers", csv: data.CSV{Missing: []string{"-999", "no"}}, cells: []string{"1", "-999", "no", "2", "-999.0"}, values: []float64{1, nan, nan, 2, nan}},
		{name: "own markers leave the others", csv: data.CSV{Missing: []string{"x"}}, cells: []string{"x", "NA", "b"}, levels: []string{"NA", "b"}},
		{name: "ISO dates", cells: []string{"1970-01-02", "1970-01-01", "1969-12-31"}, values: []float64{86400, 0, -86400}},
		{name: "day first by the data", cells: []string{"13/01/1970", "02/01/1970"}, values: []float64{12 * 86400, 86400}},
		{name: "month first by the data", cells: []string{"01/13/1970", "01/02/1970"}, values: []float64{12 * 86400, 86400}},
		{name: "slashes in doubt", cells: []string{"01/02/1970", "03/01/1970"}, values: []float64{86400, 59 * 86400}, said: "every date fits MM/DD/YYYY and DD/MM/YYYY: read as MM/DD/YYYY (slashes are taken for the American order)"},
		{name: "hyphens in doubt", cells: []string{"2-1-1970", "1-3-1970"}, values: []float64{86400, 59 * 86400}, said: "read as D-M-YYYY (points and hyphens are taken for the day first)"},
		{name: "points", cells: []string{"2.1.1970", "1.3.1970"}, values: []float64{86400, 59 * 86400}},
		{name: "doubt answered", csv: data.CSV{Types: map[string]data.ColumnType{"c": "time:02/01/2006"}}, cells: []string{"02/01/1970", "01/03/1970"}, values: []float64{86400, 59 * 86400}},
		{name: "date and time", cells: []string{"1970-01-01 00:01:00", "1970-01-02T00:00:00"}, levels: []string{"1970-01-01 00:01:00", "1970-01-02T00:00:00"}},
		{name: "zones", cells: []string{"1970-01-01T01:00:00+01:00", "1970-01-01T00:00:05Z"}, values: []float64{0, 5}},
		{name: "fractions of a second", cells: []string{"1970-01-01 00:00:00.25", "1970-01-01 00:00:01"}, values: []float64{0.25, 1}},
		{name: "clock", cells: []string{"00:01", "23:59"}, values: []float64{60, 86340}},
		{name: "two digits of a year", cells: []string{"02.01.70", "31.12.69"}, values: []float64{86400, -86400}, said: "years of two digits are read as 1969 to 2068"},
		{name: "eight digits with a layout", csv: data.CSV{Types: map[string]data.ColumnType{"c": "time:20060102"}}, cells: []string{"19700102", "19700101"}, values: []float64{86400, 0}},
		{name: "spelt alike", cells: []string{"Male", "male", "Female"}, levels: []string{"Female", "Male", "male"}, said: `the levels "Male" and "male" are spelt alike`},
		{name: "constant", cells: []string{"7"}, out: "constant: 7"},
		{name: "one value", cells: []string{"7", "?"}, out: "its only value is 7; 30 rows have none"},
		{name: "empty", cells: []string{"", "NA"}, out: "every cell is missing"},
		{name: "spaces and quotes", cells: []string{`a "b" c`, "x,y", "  z  "}, levels: []string{`a "b" c`, "x,y", "z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.sep == "" {
				c.sep = ","
			}
			s, r := read(t, c.csv, oneColumn(c.sep, c.cells...))
			report := r.Columns[0]
			if c.out != "" {
				if report.Role != "left out" || report.Why != c.out {
					t.Fatalf("it is %s (%s), want it left out: %s", report.Role, report.Why, c.out)
				}
				return
			}
			f := s.Features[0]
			if f.Name != "c" {
				t.Fatalf("it is %s (%s)", report.Role, report.Why)
			}
			if !slices.Equal(f.Levels, c.levels) {
				t.Errorf("levels %q, want %q", f.Levels, c.levels)
			}
			v := values(t, s)
			for i := range c.values {
				if got := v[i*2]; got != c.values[i] && !(math.IsNaN(got) && math.IsNaN(c.values[i])) {
					t.Errorf("%q is read as %v, want %v", c.cells[i], got, c.values[i])
				}
			}
			said := slices.ContainsFunc(r.Warnings, func(w data.Warning) bool { return w.Column == "c" && strings.Contains(w.Text, c.said) })
			if about := slices.DeleteFunc(slices.Clone(r.Warnings), func(w data.Warning) bool { return w.Column != "c" }); !said && c.said != "" || c.said == "" && len(about) > 0 {
				t.Errorf("warnings %v, want %q", about, c.said)
			}
			again, _, err := data.CSV{Comma: rune(c.sep[0])}.ReadRows(strings.NewReader(oneColumn(c.sep, c.cells...)), "new.csv", s.Schema())
			if err != nil || !equalNaN(values(t, again), v) {
				t.Errorf("as rows to predict they are read otherwise: %v", err)
			}
		})
	}
}

// TestOddCells: most cells of a column are of one kind, and the others are errors
// with their place, for only the user knows what they are.
func TestOddCells(t *testing.T) {
	for _, c := range []struct {
		name, want string
		cells      []string
	}{
		{"a text among numbers", `f.csv: row 5, column c: "abc" is not a number, as most cells of the column are; if it means a missing value say so (--missing), or give the type (--types "c=categorical")`, []string{"1", "2", "3", "abc"}},
		{"a text among thousands", `row 5, column c: "abc" is not a number`, []string{"1,137", "2,000", "3,000", "abc"}},
		{"another unit", `row 5, column c: "3 km" is not a number with "mi"`, []string{"5 mi", "6 mi", "7 mi", "3 km"}},
		{"percent and shares", `row 5, column c: "0.5" is not a number with "%"`, []string{"5%", "6%", "7%", "$0.5"}},
		{"marks of two conventions", `row 4, column c: "1.137,5" is inconsistent with the numbers before it`, []string{"1,137.5", "2,000.25", "1.137,5"}},
		{"two apostrophes", `row 4, column c: "1’000’000" is inconsistent with the numbers before it`, []string{"1'137", "22", "1’000’000"}},
		{"infinite", "row 3, column c: -Inf is not finite", []string{"1", "-Inf", "2"}},
		{"too large", "row 3, column c: 1e999 is too large for a float64", []string{"1", "1e999", "2"}},
		{"a text among dates", `row 4, column c: "soon" is not a time as YYYY-MM-DD`, []string{"2024-01-01", "2024-01-02", "soon"}},
		{"another layout", `row 5, column c: "01.02.2024" is not a time as YYYY-MM-DD`, []string{"2024-01-01", "2024-01-02", "2024-01-03", "01.02.2024"}},
	} {
		_, _, err := data.CSV{}.Read(strings.NewReader(oneColumn(",", c.cells...)), "f.csv")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			if c.name == "percent and shares" && err != nil && strings.Contains(err.Error(), `"$0.5" is not a number with "%"`) {
				continue
			}
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

// TestWholeFile: the last rows of a large file count as much as the first.
func TestWholeFile(t *testing.T) {
	n := 200000
	text := func(last string) string {
		return lines("a,b,y", n, func(i int) string {
			if i == n-1 {
				return last
			}
			return fmt.Sprintf("%d,%d.5,%c", i%1000, i%7, 'u'+i%2)
		})
	}
	if _, _, err := (data.CSV{}).Read(strings.NewReader(text("x,1.5,u")), "f.csv"); err == nil || !strings.Contains(err.Error(), `row 200001, column a: "x" is not a number`) {
		t.Errorf("error %v, want one of the last row", err)
	}
	if _, _, err := (data.CSV{}).Read(strings.NewReader(text("1,1.5")), "f.csv"); err == nil || !strings.Contains(err.Error(), "row 200001: 2 cells, want 3") {
		t.Errorf("error %v, want one of the last row", err)
	}
	s, r := read(t, data.CSV{}, text("1,1.5,\xe4"+"\n1,?,w"))
	if s.Len() != n+1 || r.Dialect.Encoding != "Windows-1252" {
		t.Errorf("%d rows in %s", s.Len(), r.Dialect.Encoding)
	}
}

// TestThreads: the same set whatever the number of threads, with texts that come
// first in different blocks.
func TestThreads(t *testing.T) {
	text := lines("name,x,y", 100000, func(i int) string { return fmt.Sprintf("n%d,%d,%c", (i*7919+i/1000)%500, i%97, 'u'+i%3) })
	var first string
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for threads := 1; threads <= 5; threads++ {
		runtime.GOMAXPROCS(threads)
		s, r := read(t, data.CSV{}, text)
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		v := values(t, s)
		sum := 0.0
		for i, x := range v {
			sum = sum*0.999 + x*float64(i%13)
		}
		now := fmt.Sprint(string(raw), s.Features, sum)
		if first == "" {
			first = now
		}
		if now != first {
			t.Fatalf("another set with %d threads", threads)
		}
	}
}

func TestReport(t *testing.T) {
	s, r := read(t, data.CSV{ID: []string{"<id>"}, Weight: "w"}, lines("<id>,<b>,when,w,\"line\nbreak\",y", 40, func(i int) string {
		return fmt.Sprintf("%d,%s,2024-01-%02d,1,%d,%s", i*3, []string{"<script>", "&amp;"}[i%2], 1+i%28, i%5, []string{"<ill>", "well"}[i*i%5%2])
	}))
	page := r.HTML()
	for _, never := range []string{"<script>", "<id>", "<b>", "<ill>", "&amp; "} {
		if strings.Contains(page, never) {
			t.Errorf("the page holds %q unescaped:\n%s", never, page)
		}
	}
	for _, want := range []string{"<td>&lt;b&gt;</td><td>categorical</td>", "&amp;amp; 20", "<td>time YYYY-MM-DD</td>", "2024-01-01 to 2024-01-28", "<td>line break</td>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back data.Report
	if err := json.Unmarshal(raw, &back); err != nil || back.Rows != 40 || len(back.Columns) != 6 || back.Columns[2].Time != "2006-01-02" || !strings.Contains(string(raw), `"task":"classify"`) {
		t.Errorf("%v: %s", err, raw)
	}
	if s.Weights == nil || s.Texts[0].Cells[2] != "6" {
		t.Errorf("weights %v, texts %v", s.Weights, s.Texts)
	}
	var none *data.Report
	if none.String() == "" || none.HTML() != "" || none.Summary() == "" {
		t.Error("no report has to be a text")
	}
	for _, text := range []string{"a,y\n1,u\n"} {
		for _, c := range []data.CSV{{Group: "z"}, {Weight: "z"}, {ID: []string{"z"}}, {Drop: []string{"z"}}, {Group: "y"}} {
			if _, _, err := c.Read(strings.NewReader(text), "f.csv"); err == nil {
				t.Errorf("%+v was accepted", c)
			}
		}
	}
}

// TestLeaks: columns that give the target away are named, others are not.
func TestLeaks(t *testing.T) {
	text := lines("copy,code,nearly,noise,y", 400, func(i int) string {
		y := i * i % 7 % 2
		return fmt.Sprintf("%s,%d,%g,%d,%c", []string{"no", "yes"}[y], y*3+1, float64(y)+float64(i%50)/100, i*37%91, 'u'+y)
	})
	_, r := read(t, data.CSV{}, text)
	var named []string
	for _, w := range r.Warnings {
		named = append(named, w.Column)
	}
	if !slices.Equal(named, []string{"copy", "code", "nearly"}) {
		t.Errorf("warnings %v, want those of copy, code, nearly", r.Warnings)
	}
	_, r = read(t, data.CSV{}, lines("inch,noise,cm", 100, func(i int) string {
		return fmt.Sprintf("%d,%d,%g", i*i%101, i*37%91, 2.54*float64(i*i%101)+0.001*float64(i%3))
	}))
	if len(r.Warnings) != 1 || r.Warnings[0].Column != "inch" || !strings.Contains(r.Warnings[0].Text, "correlation") {
		t.Errorf("warnings %v, want one of inch", r.Warnings)
	}
	for _, name := range []string{"iris", "wine", "breast-cancer", "diabetes"} {
		s, err := data.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if r := data.Inspect(s); len(r.Warnings) > 0 {
			t.Errorf("%s: warnings %v", name, r.Warnings)
		}
	}
}

// TestHeaders: names that are missing or there twice, rows' names, separators at
// the end of rows.
func TestHeaders(t *testing.T) {
	body := func(form string) func(i int) string {
		return func(i int) string { return fmt.Sprintf(form, i, i*7%31, i*3%17, 'u'+i%2) }
	}
	for _, c := range []struct {
		name, text string
		names      []string
		texts      []string
		target     string
		note       string
	}{
		{"an index without a name", lines(",a,b,y", 40, body("%d,%d,%d,%c")), []string{"a", "b"}, nil, "y", ""},
		{"pandas' name for it", lines("Unnamed: 0,a,b,y", 40, body("%d,%d,%d,%c")), []string{"a", "b"}, nil, "y", ""},
		{"an index that R leaves out of the header", lines("a,b,y", 40, body("%d,%d,%d,%c")), []string{"a", "b"}, nil, "y", ""},
		{"names of rows", lines(",a,b,y", 40, body("car %d,%d,%d,%c")), []string{"a", "b"}, []string{"column 1"}, "y", ""},
		{"a separator at the end of rows", lines("a,b,c,y", 40, body("%d,%d,%d,%c,")), []string{"a", "b", "c"}, nil, "y", ""},
		{"a separator at the end of all lines", lines("a,b,c,y,", 40, body("%d,%d,%d,%c,")), []string{"a", "b", "c"}, nil, "y", ""},
		{"a name twice", lines("a,b,a,y", 40, body("%d,%d,%d,%c")), []string{"a", "b", "a.2"}, nil, "y", `row 1, column a.2: columns 1 and 3 are both named "a"; the second one is called "a.2" here`},
		{"no header", strings.SplitN(lines("", 40, body("%d,%d,%d,%c")), "\n", 2)[1], []string{"1", "2", "3"}, nil, "4", ""},
		{"a header in quotes", lines(`"a","b, c","d ""e""",y`, 40, body("%d,%d,%d,%c")), []string{"a", "b, c", `d "e"`}, nil, "y", ""},
	} {
		csv := data.CSV{}
		if strings.HasPrefix(c.name, "a separator at the end of all") {
			csv.Target = "y"
		}
		s, r := read(t, csv, c.text)
		var names, texts []string
		for _, f := range s.Features {
			names = append(names, f.Name)
		}
		for _, x := range s.Texts {
			texts = append(texts, x.Name)
		}
		if !slices.Equal(names, c.names) || !slices.Equal(texts, c.texts) || s.Target != c.target {
			t.Errorf("%s: columns %q, texts %q, target %q; want %q, %q, %q", c.name, names, texts, s.Target, c.names, c.texts, c.target)
		}
		if c.note != "" && !slices.ContainsFunc(r.Warnings, func(w data.Warning) bool { return w.String() == c.note }) {
			t.Errorf("%s: warnings %v, want %s", c.name, r.Warnings, c.note)
		}
	}
}

func TestGroupsWeightsAndPositive(t *testing.T) {
	text := "g,w,x,y\nb,1,1,no\na,0,2,yes\nb,2.5,3,no\nc,1,4,\n"
	s, r := read(t, data.CSV{Group: "g", Weight: "w", Positive: "no"}, text)
	if !slices.Equal(s.Groups, []int{1, 0, 1}) || !slices.Equal(s.Weights, []float64{1, 0, 2.5}) || !slices.Equal(s.Classes, []string{"yes", "no"}) || r.NoTarget != 1 {
		t.Errorf("groups %v, weights %v, classes %q, %d without a target", s.Groups, s.Weights, s.Classes, r.NoTarget)
	}
	if l, err := s.Labels(); err != nil || !slices.Equal(l, []int{1, 0, 1}) {
		t.Errorf("labels %v, %v", l, err)
	}
	if s, _ = read(t, data.CSV{Group: "g"}, "g,x,y\n7,1,no\n-3,2,yes\n7,3,no\n"); !slices.Equal(s.Groups, []int{7, -3, 7}) {
		t.Errorf("groups %v, want the integers themselves", s.Groups)
	}
	for want, c := range map[string]data.CSV{
		`row 4, column w: "-1" is not a weight`: {Weight: "w"},
		"row 3, column g: the group is missing": {Group: "g"},
	} {
		_, _, err := c.Read(strings.NewReader("g,w,x,y\nb,1,1,no\n,0,2,yes\nb,-1,3,no\n"), "f.csv")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
