package data_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
)

func TestCellReader(t *testing.T) {
	type cents int
	price := data.Feature{Name: "price", Number: data.NumberFormat{Decimal: ",", Thousands: ".", Prefix: "€"}, Missing: []string{"-999", "none"}}
	level := data.Feature{Name: "level", Levels: []string{"7", "no", "Yes", "12.5", "9007199254740993"}}
	day := data.Feature{Name: "day", Time: "02.01.2006"}
	zoned := data.Feature{Name: "zoned", Time: time.RFC3339}
	plain := data.Feature{Name: "plain"}
	nan := math.NaN()
	noon := time.Date(2024, 3, 1, 12, 30, 0, 500_000_000, time.FixedZone("CET", 3600))
	for _, c := range []struct {
		name string
		f    data.Feature
		v    any
		want float64
		err  string
	}{
		{"a text with thousands", price, "€1.234,50", 1234.5, ""},
		{"a Go number", price, 1234.5, 1234.5, ""},
		{"a named integer", price, cents(3), 3, ""},
		{"a marker", price, "none", nan, ""},
		{"a marker as a number", price, -999, nan, ""},
		{"not what the column has", price, "1234 mi", 0, "is not a number"},
		{"a pointer to nil", price, (*int)(nil), nan, ""},
		{"unsigned", plain, uint64(1 << 63), 1 << 63, ""},
		{"json", plain, json.Number("1e3"), 1000, ""},
		{"a boolean as a number", plain, true, 1, ""},
		{"a number as a level", level, 7, 0, ""},
		{"a fraction as a level", level, float32(12.5), 3, ""},
		{"all digits of a level", level, int64(9007199254740993), 4, ""},
		{"false", level, false, 1, ""},
		{"true", level, true, 2, ""},
		{"another case", level, "NO", -1, ""},
		{"a missing level", level, "", nan, ""},
		{"NaN", level, nan, nan, ""},
		{"the clock's day", day, noon, float64(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC).Unix()), ""},
		{"an instant", zoned, noon, float64(time.Date(2024, 3, 1, 11, 30, 0, 0, time.UTC).Unix()) + 0.5, ""},
		{"no time", day, "2024-03-01", 0, "is not a time"},
		{"a zero time", day, time.Time{}, nan, ""},
		{"a channel", plain, make(chan int), 0, "a value of type chan int"},
	} {
		r, err := data.NewCellReader(c.f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Value(c.v)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: have %v, want %q", c.name, err, c.err)
			}
		case err != nil || got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)):
			t.Errorf("%s: have %v, %v, want %v", c.name, got, err, c.want)
		}
	}
	if _, err := new(data.CellReader).Value(1); err == nil {
		t.Error("a zero CellReader reads")
	}
	if _, err := data.NewCellReader(data.Feature{Number: data.NumberFormat{Decimal: "x"}}); err == nil {
		t.Error("a decimal mark of x")
	}
}

// A cell alone is read as it is in a file of rows to predict.
func TestCellReaderIsReadRows(t *testing.T) {
	schema := data.Schema{Features: []data.Feature{
		{Name: "a", Number: data.NumberFormat{Suffix: "mi", Thousands: ","}, Missing: []string{"-1"}},
		{Name: "b", Levels: []string{"x", "none", "1.0"}},
		{Name: "c", Time: "2006-01-02"},
		{Name: "d"},
	}}
	for _, cells := range [][]string{
		{"20,105 mi", "x", "2020-02-29", "5"}, {"-1", "none", "", "."}, {"-1.0", "1.0", "NA", "1e3"}, {"7", "1", "1999-12-31", "+2"},
		{" 8mi ", "?", "1969-12-31", "null"}, {"", "", "", ""}, {"3", "y", "2001-01-01", "-0.5"},
	} {
		quoted := "\"" + strings.Join(cells, "\";\"") + "\""
		s, _, err := data.CSV{Comma: ';'}.ReadRows(strings.NewReader("a;b;c;d\n"+quoted+"\n"), "f", schema)
		if err != nil {
			t.Fatalf("%q: %v", cells, err)
		}
		want, _, err := s.Table()
		if err != nil {
			t.Fatal(err)
		}
		for k, f := range schema.Features {
			r, err := data.NewCellReader(f)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Text(cells[k])
			if err != nil || got != want[k] && !(math.IsNaN(got) && math.IsNaN(want[k])) {
				t.Errorf("%s %q: have %v, %v, in a file %v", f.Name, cells[k], got, err, want[k])
			}
		}
	}
}
