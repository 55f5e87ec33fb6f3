package parquet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/parquet"
)

// expected is what another reader says stands in a file, by column.
func expected(t *testing.T, path string) map[string][]any {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string][]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// cell converts an expected cell to what a table holds: a number or a text.
func cell(v any, column string) (float64, string, error) {
	switch v := v.(type) {
	case nil:
		return math.NaN(), "", nil
	case float64:
		return v, "", nil
	case string:
		if v == "NaN" {
			return math.NaN(), "", nil
		}
		if column == "d38" { // DuckDB's own float64 of it is not the nearest
			n, err := strconv.ParseFloat(v, 64)
			return n, "", err
		}
		unit := map[string]int64{"ts_ms": 1e6, "ts_us": 1e6, "ts_tz": 1e6, "ts_ns": 1e9}[column]
		if unit == 0 {
			return 0, v, nil
		}
		n, err := strconv.ParseInt(v, 10, 64)
		whole, rest := n/unit, n%unit
		if rest < 0 {
			whole, rest = whole-1, rest+unit
		}
		return float64(whole) + float64(rest*(1e9/unit))/1e9, "", err
	}
	return 0, "", fmt.Errorf("%T", v)
}

// check compares rows of a set with the expected ones.
func check(t *testing.T, s *data.Set, want map[string][]any, rows []int) {
	t.Helper()
	v, p, err := s.Table()
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range s.Features {
		cells, ok := want[f.Name]
		if !ok {
			t.Errorf("column %s is not among the expected ones", f.Name)
			continue
		}
		for at, row := range rows {
			number, text, err := cell(cells[at], f.Name)
			if err != nil {
				t.Fatal(err)
			}
			got := v[row*p+k]
			if f.Levels != nil {
				if text == "" && got == got || text != "" && (got != got || f.Levels[int(got)] != text) {
					t.Errorf("row %d, column %s: %v of %q, want %q", row, f.Name, got, f.Levels, text)
				}
			} else if got != number && (got == got || number == number) {
				t.Errorf("row %d, column %s: %v, want %v", row, f.Name, got, number)
			}
		}
	}
}

// TestDuckDB: every type that DuckDB writes, in both versions of pages and with several
// compressions, is what DuckDB says it is.
func TestDuckDB(t *testing.T) {
	want := expected(t, "testdata/duckdb.json")
	var rows []int
	for i := range 3000 {
		if i%50 == 0 || i > 2990 || i > 2040 && i < 2056 {
			rows = append(rows, i)
		}
	}
	for _, name := range []string{"snappy-v1", "gzip-v1", "zstd-v2"} {
		t.Run(name, func(t *testing.T) {
			f := parquet.File{Path: "testdata/duckdb-" + name + ".parquet", KeepAll: true}
			s, r, err := f.Read()
			if err != nil {
				t.Fatal(err)
			}
			check(t, s, want, rows)
			if s.Len() != 3000 || s.Target != "label" || s.Task() != (data.Classify{}) || !slices.Equal(s.Classes, []string{"0", "1", "2", "3"}) {
				t.Errorf("%d rows, target %s: %v of %q", s.Len(), s.Target, s.Task(), s.Classes)
			}
			labels, err := s.Labels()
			if err != nil {
				t.Fatal(err)
			}
			for i, l := range labels {
				if l != i%4 {
					t.Fatalf("row %d: class %d", i, l)
				}
			}
			for _, c := range r.Columns {
				nested := c.Name == "list" || c.Name == "struct" || c.Name == "map"
				if nested != (c.Role == "left out") {
					t.Errorf("column %s: %s (%s)", c.Name, c.Role, c.Why)
				}
			}
			if text := r.String(); !strings.Contains(text, "column u64: integers beyond 2^53") {
				t.Errorf("no warning about integers:\n%s", text)
			}
		})
	}
}

// TestArrow: half floats, dictionaries of texts, and pages of few rows.
func TestArrow(t *testing.T) {
	s, _, err := parquet.File{Path: "testdata/arrow-rs.parquet", KeepAll: true}.Read()
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	check(t, s, expected(t, "testdata/arrow-rs.json"), rows)
	y, err := s.Values()
	if err != nil || y[2999] != 2999.0/8 {
		t.Errorf("the last target is %v (%v)", y, err)
	}
}

// TestAnyRows: rows in any order, from several streams, are those of the whole.
func TestAnyRows(t *testing.T) {
	for _, path := range []string{"testdata/arrow-rs.parquet", "testdata/duckdb-zstd-v2.parquet"} {
		src, err := parquet.File{Path: path}.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		whole, err := data.Collect(src)
		if err != nil {
			t.Fatal(err)
		}
		all, p, err := whole.Table()
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 1))
		part := &data.Set{}
		for range 40 {
			st, err := src.Stream()
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				rows := make([]int, 1+r.IntN(300))
				from, ordered := r.IntN(st.Rows), r.IntN(2) == 0
				for i := range rows {
					if rows[i] = r.IntN(st.Rows); ordered {
						rows[i] = (from + i) % st.Rows
					}
				}
				if err := st.Load(rows, part); err != nil {
					t.Fatal(err)
				}
				v, _, err := part.Table()
				if err != nil {
					t.Fatal(err)
				}
				for i, row := range rows {
					for k := range p {
						if a, b := v[i*p+k], all[row*p+k]; a != b && (a == a || b == b) {
							t.Fatalf("%s: row %d, column %d: %v, want %v", path, row, k, a, b)
						}
					}
				}
			}
			if err := st.Load([]int{st.Rows}, part); err == nil {
				t.Error("a row too many was read")
			}
		}
	}
}

// record is a row of a table that is written as Parquet and as CSV.
type record struct {
	A float64  `parquet:"a"`
	B *float64 `parquet:"b,optional"`
	K string   `parquet:"k,dict"`
	N int32    `parquet:"n"`
	F bool     `parquet:"f"`
	G int64    `parquet:"g"`
	Y *string  `parquet:"y,optional"`
	Z string   `parquet:"Y"` // differs by its case alone
}

// TestAsCSV: a table is the same from both formats, with groups, missing targets and what
// is left out.
func TestAsCSV(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var rows []record
	var text strings.Builder
	text.WriteString("a,b,k,n,f,g,y,Y\n")
	for i := range 5000 {
		x := record{A: r.NormFloat64(), K: fmt.Sprint("k", r.IntN(9)), N: r.Int32N(1000), F: r.IntN(2) == 0, G: int64(r.IntN(40)), Z: fmt.Sprint("name ", i)}
		b, y := "", ""
		if r.IntN(9) > 0 {
			v := r.Float64()
			x.B, b = &v, strconv.FormatFloat(v, 'g', -1, 64)
		}
		if r.IntN(20) > 0 {
			y = []string{"no", "yes", "maybe"}[r.IntN(3)]
			x.Y = &y
		}
		rows = append(rows, x)
		fmt.Fprintf(&text, "%v,%s,%s,%d,%t,%d,%s,%s\n", strconv.FormatFloat(x.A, 'g', -1, 64), b, x.K, x.N, x.F, x.G, y, x.Z)
	}
	path := filepath.Join(t.TempDir(), "table.parquet")
	if err := pq.WriteFile(path, rows, pq.MaxRowsPerRowGroup(1700)); err != nil {
		t.Fatal(err)
	}
	s, report, err := parquet.File{Path: path, Target: "y", Group: "g"}.Read()
	if err != nil {
		t.Fatal(err)
	}
	c, fromText, err := data.CSV{Target: "y", Group: "g"}.Read(strings.NewReader(text.String()), "table.csv")
	if err != nil {
		t.Fatal(err)
	}
	a, err := json.Marshal([]any{s.Features, s.Classes, s.Target, s.Groups, s.Name, report.Columns, report.NoTarget, report.Task, report.Duplicates})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal([]any{c.Features, c.Classes, c.Target, c.Groups, c.Name, fromText.Columns, fromText.NoTarget, fromText.Task, fromText.Duplicates})
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Errorf("%s\nas CSV\n%s", a, b)
	}
	x, _, _ := s.Table()
	y, _, _ := c.Table()
	if !slices.EqualFunc(x, y, func(a, b float64) bool { return a == b || a != a && b != b }) || fmt.Sprint(s.Targets) != fmt.Sprint(c.Targets) {
		t.Error("the values differ")
	}

	// Rows to predict.
	schema := s.Schema()
	schema.Texts, schema.Group = nil, ""
	again, seen, err := parquet.File{Path: path, ID: []string{"Y"}}.ReadRows(schema)
	if err != nil {
		t.Fatal(err)
	}
	v, p, err := again.Table()
	if err != nil {
		t.Fatal(err)
	}
	if again.Len() != 5000 || p != len(s.Features) || len(seen.Unknown) > 0 || again.Texts[0].Cells[4999] != "name 4999" || v[0] != rows[0].A {
		t.Errorf("%d rows, %d columns, %v", again.Len(), p, seen)
	}
	var scanned []float64
	found, err := parquet.File{Path: path, ID: []string{"Y"}}.ScanRows(schema, func(part *data.Set) error {
		v, _, err := part.Table()
		scanned = append(scanned, v...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(scanned) != fmt.Sprint(v) || fmt.Sprint(found) != fmt.Sprint(seen) {
		t.Errorf("in parts, the rows are others, or the report: %v", found)
	}
}

// TestRefused: files that are none, or none that can be used.
func TestRefused(t *testing.T) {
	whole, err := os.ReadFile("testdata/duckdb-snappy-v1.parquet")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	long := slices.Clone(whole)
	copy(long[len(long)-8:], "\xff\xff\xff\x7f")
	middle := slices.Clone(whole)
	clear(middle[1000:3000])
	type plain struct {
		X float64 `parquet:"x"`
	}
	if err := pq.WriteFile(filepath.Join(dir, "no-rows"), []plain{}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		f    parquet.File
		want string
	}{
		"none":          {parquet.File{Path: filepath.Join(dir, "none")}, "no such file"},
		"folder":        {parquet.File{Path: dir}, "not a regular file"},
		"empty":         {parquet.File{Path: write("empty", nil)}, "not a Parquet file: 0 bytes"},
		"text":          {parquet.File{Path: write("text", []byte("a,b,c\n1,2,3\n4,5,6\n"))}, "does not begin with PAR1"},
		"cut":           {parquet.File{Path: write("cut", whole[:len(whole)/2])}, "cut off"},
		"long footer":   {parquet.File{Path: write("long", long)}, "a footer of 2147483647 bytes"},
		"damaged":       {parquet.File{Path: write("damaged", middle)}, "damaged"},
		"no rows":       {parquet.File{Path: filepath.Join(dir, "no-rows")}, "no rows"},
		"no rows, duck": {parquet.File{Path: "testdata/duckdb-no-rows.parquet"}, "no rows"},
		"infinite":      {parquet.File{Path: "testdata/duckdb-infinite.parquet"}, "duckdb-infinite.parquet: row 42, column y: +Inf is not finite"},
		"lz4":           {parquet.File{Path: "testdata/duckdb-lz4.parquet"}, "LZ4_RAW, which is not supported"},
		"no column":     {parquet.File{Path: "testdata/arrow-rs.parquet", Target: "YY"}, `there is no column "YY"`},
		"nested target": {parquet.File{Path: "testdata/duckdb-snappy-v1.parquet", Target: "struct"}, "column struct: it cannot be the target: a nested column"},
		"time target":   {parquet.File{Path: "testdata/arrow-rs.parquet", Target: "day"}, "the target is a time"},
	} {
		_, _, err := c.f.Read()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
	if _, _, err := (parquet.File{Path: filepath.Join(dir, "no-rows")}).Read(); !errors.Is(err, data.ErrEmpty) {
		t.Errorf("error %v", err)
	}
	if s, _, err := (parquet.File{Path: "testdata/duckdb-infinite.parquet", Target: "x", Drop: []string{"y"}}).Read(); err == nil {
		t.Errorf("%d columns", len(s.Features))
	} else if !strings.Contains(err.Error(), "no columns") {
		t.Errorf("error %v", err)
	}
}

// FuzzParquet: no damage to a file ends in a panic.
func FuzzParquet(f *testing.F) {
	for _, name := range []string{"arrow-rs", "duckdb-infinite", "duckdb-no-rows", "duckdb-lz4"} {
		raw, err := os.ReadFile("testdata/" + name + ".parquet")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, uint32(0), byte(0))
		f.Add(raw, uint32(len(raw)-100), byte(255))
		f.Add(raw, uint32(len(raw)-300), byte(127))
		f.Add(raw, uint32(40), byte(255))
	}
	f.Fuzz(func(t *testing.T, raw []byte, at uint32, with byte) {
		raw = slices.Clone(raw)
		if len(raw) > 0 {
			raw[int(at)%len(raw)] ^= with
		}
		path := filepath.Join(t.TempDir(), "f.parquet")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		s, _, err := parquet.File{Path: path}.Read()
		if err == nil && s.Len() == 0 {
			t.Error("no rows, and no error")
		}
	})
}
