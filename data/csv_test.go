package data_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seed732fc211/aegis/data"
)

func read(t *testing.T, c data.CSV, text string) (*data.Set, *data.Report) {
	t.Helper()
	s, r, err := c.Read(strings.NewReader(text), "f.csv")
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func TestReadCSV(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name, text string
		csv        data.CSV
		table      []float64
		classes    []string
		labels     []int
		values     []float64
		report     string
	}{
		{name: "texts are classes", text: "a,b,y\n1,2,no\n3,4,yes\n5,6,no\n", table: []float64{1, 2, 3, 4, 5, 6},
			classes: []string{"no", "yes"}, labels: []int{0, 1, 0},
			report: `3 rows, 2 numeric and 0 categorical columns, 0 missing values; target "y": classify (its cells are texts)`},
		{name: "few integers are classes", text: "a,y\n1,10\n2,9\n3,10\n4,9\n", table: []float64{1, 2, 3, 4},
			classes: []string{"9", "10"}, labels: []int{1, 0, 1, 0},
			report: `4 rows, 1 numeric and 0 categorical columns, 0 missing values; target "y": classify (its integers have only 2 different values)`},
		{name: "equal numbers are one class if asked for", text: "a,y\n1,1\n2,1.0\n3,0\n4,-0\n", csv: data.CSV{Types: map[string]data.ColumnType{"y": data.Numeric}}, table: []float64{1, 2, 3, 4},
			classes: []string{"0", "1"}, labels: []int{1, 1, 0, 0}, report: "-"},
		{name: "texts of numbers are two", text: "a,y\n1,1\n2,1.0\n", csv: data.CSV{Types: map[string]data.ColumnType{"y": data.Categorical}},
			table: []float64{1, 2}, classes: []string{"1", "1.0"}, labels: []int{0, 1}, report: "-"},
		{name: "many integers are values", text: "a,y\n1,1\n2,2\n3,3\n", table: []float64{1, 2, 3}, values: []float64{1, 2, 3},
			report: `3 rows, 1 numeric and 0 categorical columns, 0 missing values; target "y": regress (its integers have 3 different values)`},
		{name: "fractions are values", text: "a,y\n1,1\n2,1.5\n3,1\n4,1\n", table: []float64{1, 2, 3, 4}, values: []float64{1, 1.5, 1, 1}, report: "-"},
		{name: "asked for", text: "a,y\n1,1\n2,2\n", csv: data.CSV{AsTask: "classify"}, table: []float64{1, 2}, classes: []string{"1", "2"}, labels: []int{0, 1}, report: "-"},
		{name: "missing cells", text: "a,b,y\n1,?,x\nNA,red,z\nn/a,blue,x\n , null,z\n2,red,z\n", table: []float64{1, nan, nan, 1, nan, 0, nan, nan, 2, 1},
			classes: []string{"x", "z"}, labels: []int{0, 1, 0, 1, 1},
			report: `5 rows, 1 numeric and 1 categorical columns, 5 missing values; target "y": classify (its cells are texts)`},
		{name: "own missing texts", text: "a,y\n-,x\n1,z\n", csv: data.CSV{Missing: []string{"-"}}, table: []float64{nan, 1}, classes: []string{"x", "z"}, labels: []int{0, 1}, report: "-"},
		{name: "quotes, spaces, mark and CRLF", text: "\xef\xbb\xbf\"a, b\", y\r\n1,\"say \"\"yes\"\"\"\r\n2 ,\" no\"\r\n", table: []float64{1, 2},
			classes: []string{"no", `say "yes"`}, labels: []int{1, 0}, report: "-"},
		{name: "no header, other separator", text: "1;2;x\n3;4;y\n", csv: data.CSV{NoHeader: true, Comma: ';', Target: "3"}, table: []float64{1, 2, 3, 4},
			classes: []string{"x", "y"}, labels: []int{0, 1}, report: "-"},
		{name: "target in front, a column ignored", text: "y,id,a\nu,k1,1\nv,k2,2\n", csv: data.CSV{Target: "y", Types: map[string]data.ColumnType{"id": data.Ignore}},
			table: []float64{1, 2}, classes: []string{"u", "v"}, labels: []int{0, 1}, report: "-"},
		{name: "no target", text: "a,b\n1,2\n", csv: data.CSV{NoTarget: true}, table: []float64{1, 2}, report: "1 rows, 2 numeric and 0 categorical columns, 0 missing values"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, r := read(t, c.csv, c.text)
			got := values(t, s)
			if len(got) != len(c.table) {
				t.Fatalf("table %v, want %v", got, c.table)
			}
			for i, w := range c.table {
				if got[i] != w && !(math.IsNaN(got[i]) && math.IsNaN(w)) {
					t.Fatalf("table %v, want %v", got, c.table)
				}
			}
			if !slices.Equal(s.Classes, c.classes) {
				t.Errorf("classes %q, want %q", s.Classes, c.classes)
			}
			if c.labels != nil {
				if l, err := s.Labels(); err != nil || !slices.Equal(l, c.labels) {
					t.Errorf("labels %v (%v), want %v", l, err, c.labels)
				}
			}
			if c.values != nil {
				if v, err := s.Values(); err != nil || !slices.Equal(v, c.values) {
					t.Errorf("values %v (%v), want %v", v, err, c.values)
				}
			}
			if got := r.Summary(); c.report != "-" && got != c.report {
				t.Errorf("report %q, want %q", got, c.report)
			}
			if err := s.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadCSVRejects(t *testing.T) {
	types := func(column string, typ data.ColumnType) data.CSV {
		return data.CSV{Types: map[string]data.ColumnType{column: typ}}
	}
	for _, c := range []struct {
		csv        data.CSV
		text, want string
	}{
		{data.CSV{}, "", "f.csv: the file is empty"},
		{data.CSV{}, "a,y\n", "f.csv: a header without rows"},
		{data.CSV{}, "a,y\n1,2\n\n3\n", "f.csv: row 4: 1 cells, want 2"},
		{data.CSV{}, "a,y\n1,2\n3,4,5\n", "f.csv: row 3: 3 cells, want 2"},
		{data.CSV{}, "a,y\n1,\"x\n", "f.csv: row 2: a quotation mark is not closed"},
		{data.CSV{}, "a,y\n1,u\n2,\"x\" z\n", "f.csv: row 3, column y: text after a closing quotation mark"},
		{data.CSV{}, "a,y\n1,u\n\"2\n\",\"x\" z\n", "f.csv: row 4, column y: text after a closing quotation mark"},
		{data.CSV{}, "a,y\n-Inf,x\n1,y\n", "f.csv: row 2, column a: -Inf is not finite"},
		{data.CSV{}, "a,y\n1e999,x\n1,y\n", "f.csv: row 2, column a: 1e999 is too large for a float64"},
		{data.CSV{}, "a,y\n1,x\n2,y\nred,x\n", `f.csv: row 4, column a: "red" is not a number`},
		{data.CSV{}, "a,y\n1,1\n2,2\n3,red\n", `f.csv: row 4, column y: "red" is not a number`},
		{data.CSV{AsTask: "classify"}, "a,y\n1,1\n2,2\n3,red\n", `f.csv: row 4, column y: "red" is not a number`},
		{data.CSV{AsTask: "regress"}, "a,y\n1,red\n", `f.csv: row 2, column y: "red" is not a number`},
		{data.CSV{}, "a,y\n1,\n2,?\n", "f.csv: column y: the target is missing in every row"},
		{data.CSV{}, "a,y\n?,x\n,y\n", `f.csv: no columns are left besides the target: "a" was left out (every cell is missing)`},
		{types("a", data.Numeric), "a,y\n?,x\n,y\n", "f.csv: column a: every cell is missing"},
		{data.CSV{}, "y\nx\n", "f.csv: no columns besides the target"},
		{data.CSV{Target: "Y"}, "a,y\n1,2\n", `f.csv: there is no column "Y" (did you mean "y"?); there are a, y`},
		{types("z", data.Numeric), "a,y\n1,2\n", `there is no column "z"; there are a, y`},
		{types("a", "date"), "a,y\n1,2\n", `f.csv: column a: there is no type "date"`},
		{types("a", data.Numeric), "a,y\nred,2\n", `f.csv: row 2, column a: "red" is not a number`},
		{data.CSV{Target: "y", Types: map[string]data.ColumnType{"y": data.Ignore}}, "a,y\n1,2\n", "f.csv: column y: the target cannot be ignored"},
		{data.CSV{AsTask: "cluster"}, "a,y\n1,2\n", `task "cluster": want classify or regress`},
		{data.CSV{NoHeader: true, Target: "3"}, "1,2\n", `there is no column "3"; there are 1, 2`},
	} {
		s, _, err := c.csv.Read(strings.NewReader(c.text), "f.csv")
		if err == nil || !strings.Contains(err.Error(), c.want) || s != nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want one line with %q", c.text, err, c.want)
		}
	}
	var place *data.CSVError
	if _, _, err := (data.CSV{}).Read(strings.NewReader("a,y\n\"1\n\",x\nred,y\n2,x\n"), "f.csv"); !errors.As(err, &place) || place.Row != 4 || place.Column != "a" {
		t.Errorf("error %v, want one at row 4: a cell of two lines came before", err)
	}
	if _, _, err := (data.CSV{}).Read(iotest.ErrReader(errors.New("the disk is gone")), "f.csv"); err == nil || !strings.Contains(err.Error(), "f.csv: the disk is gone") {
		t.Errorf("error %v of a failing reader", err)
	}
	if _, _, err := (data.CSV{}).ReadFile(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v of a file that is not there", err)
	}
}

func TestReadRows(t *testing.T) {
	schema := data.Schema{Features: []data.Feature{{Name: "a"}, {Name: "c", Levels: []string{"blue", "red"}}}, Target: "y", Classes: []string{"0", "1"}}
	rows := func(text string) (*data.Set, error) {
		s, _, err := data.CSV{}.ReadRows(strings.NewReader(text), "r.csv", schema)
		return s, err
	}
	s, err := rows("id,c,a\n7,red,1.5\n8,blue,-2\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := values(t, s); !slices.Equal(got, []float64{1.5, 1, -2, 0}) || s.Targets != nil {
		t.Errorf("table %v, targets %v", got, s.Targets)
	}
	if s, err = rows("y,c,a\n1.0,red,1\n0,blue,2\n"); err != nil {
		t.Fatal(err)
	}
	if l, err := s.Labels(); err != nil || !slices.Equal(l, []int{1, 0}) {
		t.Errorf("labels %v (%v), want [1 0]", l, err)
	}
	for text, want := range map[string]string{
		"a\n1\n":              `r.csv: there is no column "c" (cells are taken to be separated by commas); there are a`,
		"a,c\nx,red\n":        `r.csv: row 2, column a: "x" is not a number`,
		"a,c,y\n1,red,2\n":    `r.csv: row 2, column y: "2" is not one of the classes "0", "1"`,
		"a,c,y\n1,red,dog\n":  `r.csv: row 2, column y: "dog" is not one of the classes`,
		"a,c\n":               "r.csv: a header without rows",
		"a,c\n1,red\n2,red,3": "r.csv: row 3: 3 cells, want 2",
	} {
		if _, err := rows(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	schema.Classes = nil
	if s, err = rows("y,c,a\n2.5,red,1\n"); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Values(); err != nil || !slices.Equal(v, []float64{2.5}) {
		t.Errorf("values %v (%v), want [2.5]", v, err)
	}
	schema.Features = nil
	if _, err := rows("a\n1\n"); err == nil {
		t.Error("a schema without columns was accepted")
	}
}

// TestDrift compares rows to predict with what training saw.
func TestDrift(t *testing.T) {
	train, _ := read(t, data.CSV{}, lines("full,holes,c,y", 40, func(i int) string {
		return fmt.Sprintf("%d,%s,%c,%c", i%10, map[bool]string{true: "?", false: "1.5"}[i%4 == 0 && i > 0]+map[bool]string{true: "", false: fmt.Sprint(i % 3)}[i%4 == 0 && i > 0], 'a'+i%2, 'u'+i%2)
	}))
	for _, c := range []struct {
		name, rows string
		want       []string
	}{
		{"as in training", "full,holes,c\n3,1.51,a\n9,?,b\n", nil},
		{"beyond", "full,holes,c\n3,1.51,a\n-1,1.50,b\n12,1.50,b\n", []string{"row 3, column full: 2 rows are beyond the range of training, 0 to 9, the first with -1"}},
		{"never missing before", "full,holes,c\n3,1.51,a\n,1.50,\n", []string{"column full: 1 row has no value; in training every row had one", "column c: 1 row has no value; in training every row had one"}},
		{"more missing", lines("full,holes,c", 40, func(i int) string { return "1,?,a" }), []string{"column holes: 100.0% of the rows have no value; in training it was 22.5%"}},
	} {
		_, found, err := data.CSV{}.ReadRows(strings.NewReader(c.rows), "new.csv", train.Schema())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range found.Warnings {
			got = append(got, w.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: warnings %q, want %q", c.name, got, c.want)
		}
	}
}

// TestFeatureJSON: features of model files written before they had formats are read.
func TestFeatureJSON(t *testing.T) {
	var f []data.Feature
	if err := json.Unmarshal([]byte(`[{"Name":"a","Levels":null},{"Name":"c","Levels":["x","y"]}]`), &f); err != nil || !reflect.DeepEqual(f, []data.Feature{{Name: "a"}, {Name: "c", Levels: []string{"x", "y"}}}) {
		t.Errorf("%+v, %v", f, err)
	}
	if raw, err := json.Marshal(f); err != nil || string(raw) != `[{"Name":"a"},{"Name":"c","Levels":["x","y"]}]` {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestWriteCSVRoundTrip(t *testing.T) {
	for _, text := range []string{
		"a,\"b, c\",y\n1,red,no\n-0.1,,yes\n,\"x \"\"q\"\"\",no\n1e-300,red,yes\n",
		"a,y\n1,0.5\n2,-1e+100\n",
	} {
		s, _ := read(t, data.CSV{}, text)
		var b bytes.Buffer
		if err := data.WriteCSV(&b, s); err != nil {
			t.Fatal(err)
		}
		if b.String() != text {
			t.Errorf("%q, want %q", b.String(), text)
		}
	}
	for _, name := range data.Names() {
		s, err := data.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := data.WriteCSV(&b, s); err != nil {
			t.Fatal(err)
		}
		schema := s.Schema()
		again, _, err := data.CSV{Schema: &schema}.Read(&b, name)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(again, s) {
			t.Errorf("%s: another set after writing and reading", name)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestWriteCSVRejects(t *testing.T) {
	s, err := data.Iris()
	if err != nil {
		t.Fatal(err)
	}
	if err := data.WriteCSV(full{}, s); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("error %v, want the writer's", err)
	}
	labels, _ := s.Labels()
	labels[3] = 9
	if err := data.WriteCSV(&bytes.Buffer{}, s); err == nil || !strings.Contains(err.Error(), "row 3: class 9") {
		t.Errorf("error %v, want one about row 3", err)
	}
}

// FuzzCSV reads raw bytes. A set that was read is valid, reads back the same by its
// schema, and its report shows; what is refused is refused in one line.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,b,y\n1,red,no\n2,?,yes\n"), false, "", "")
	f.Add([]byte("1;2\n3;4\n"), true, "1", "regress")
	f.Add([]byte("\xef\xbb\xbfa,y\r\n\"1\n2\",x\r\n"), false, "y", "classify")
	f.Add([]byte("\xff\xfea\x00,\x00y\x00\n\x001\x00,\x00x\x00"), false, "", "")
	f.Add([]byte("a;b;y\n1,5;$1.137,50;u\n2,5;$12,00;v\n-;$3,10;u\n"), false, "", "")
	f.Add([]byte("when|y\n01/02/2006 3:04 PM|01\n13/02/2006 3:04 AM|1\n"), false, "", "")
	f.Add([]byte("@relation r\n@attribute a {x,'?'}\n@attribute b real\n@data\n'?',1\n?,2\n"), false, "", "")
	f.Add([]byte("\x1f\x8b\x08\x00"), false, "", "")
	f.Add([]byte("a,y\r1,\xe4\r2,b\r"), false, "", "")
	f.Fuzz(func(t *testing.T, raw []byte, noHeader bool, target, task string) {
		if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) && len(raw) > 100 {
			return // a packed file may be very large
		}
		c := data.CSV{NoHeader: noHeader, Target: target, AsTask: task}
		s, r, err := c.Read(bytes.NewReader(raw), "f.csv")
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("an error of several lines: %q", err)
			}
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatalf("a set that was read is not valid: %v", err)
		}
		if lines := strings.Count(r.String(), "\n"); lines > 20+len(r.Columns)+len(r.Warnings) || r.HTML() == "" {
			t.Fatalf("a report of %d lines", lines)
		}
		var b bytes.Buffer
		if err := data.WriteCSV(&b, s); err != nil {
			if strings.Contains(err.Error(), "no text in UTF-8") || strings.Contains(err.Error(), "cannot be written") || strings.Contains(err.Error(), "byte order mark") {
				return
			}
			t.Fatal(err)
		}
		schema := s.Schema()
		file := b.String()
		again, _, err := data.CSV{Schema: &schema}.Read(&b, "f.csv")
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, file)
		}
		if !sameSet(again, s) {
			t.Fatalf("the set comes back as another one: %+v, was %+v\n%s", again, s, file)
		}
	})
}

// FuzzReadRows reads rows to predict by a schema of every kind of column.
func FuzzReadRows(f *testing.F) {
	schema := data.Schema{
		Features: []data.Feature{
			{Name: "a"}, {Name: "c", Levels: []string{"blue", "red", "NA"}}, {Name: "t", Time: "2006-01-02", Seen: data.Seen{Rows: 9, High: 1e9}},
			{Name: "n", Number: data.NumberFormat{Decimal: ",", Thousands: ".", Prefix: "$"}, Missing: []string{"-1"}},
		},
		Target: "y", Classes: []string{"0", "1"},
	}
	f.Add([]byte("a,c,t,n,y\n1,red,2024-01-01,\"$1.137,5\",0\n"))
	f.Add([]byte("y;n;t;c;a\n;-1;NA;green;\n"))
	f.Add([]byte("a\tc\tt\tn\n\"\t\"\t\t\t\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) && len(raw) > 100 {
			return
		}
		s, r, err := data.CSV{KeepAll: true}.ReadRows(bytes.NewReader(raw), "f.csv", schema)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("an error of several lines: %q", err)
			}
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatalf("rows that were read are not valid: %v", err)
		}
		if r.Rows != s.Len() || len(s.Texts) == 0 {
			t.Fatalf("%d rows, the report says %d; %d texts", s.Len(), r.Rows, len(s.Texts))
		}
	})
}
