package parquet_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/parquet"
)

// TestFlights holds 3 million flights (npm vega-datasets 3.2.1) to what DuckDB 1.5.6 says
// of them: ZSTD, dictionaries in all columns, whose place the file does not declare.
func TestFlights(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	dir := os.Getenv("AEGIS_DATA")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skipf("there is no folder for data sets: %v", err)
		}
		dir = filepath.Join(cache, "aegis")
	}
	path := filepath.Join(dir, "tables", "flights-3m.parquet")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%v; data/testdata/fetch-tables.sh fetches it", err)
	}
	src, err := parquet.File{Path: path, Target: "distance"}.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	st, err := src.Stream()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range st.Like.Features {
		names = append(names, f.Name)
	}
	if st.Rows != 3_000_000 || !slices.Equal(names, []string{"date", "delay", "origin", "destination"}) {
		t.Fatalf("%d rows, columns %q", st.Rows, names)
	}
	f := st.Like.Features
	if len(f[2].Levels) != 229 || len(f[3].Levels) != 228 || f[0].Seen.Low != 978307260 || f[0].Seen.High != 993945600 || f[1].Seen.Low != -1116 || f[1].Seen.High != 1688 {
		t.Errorf("%d and %d levels, %v, %v", len(f[2].Levels), len(f[3].Levels), f[0].Seen, f[1].Seen)
	}
	dates, delays, distances, fromORD := 0.0, 0.0, 0.0, 0.0
	ord := float64(slices.Index(f[2].Levels, "ORD"))
	part, rows := &data.Set{}, make([]int, data.BlockRows)
	for first := 0; first < st.Rows; first += len(rows) {
		rows = rows[:min(len(rows), st.Rows-first)]
		for i := range rows {
			rows[i] = first + i
		}
		if err := st.Load(rows, part); err != nil {
			t.Fatal(err)
		}
		v, p, err := part.Table()
		if err != nil {
			t.Fatal(err)
		}
		y, err := part.Values()
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			dates, delays, distances = dates+v[i*p], delays+v[i*p+1], distances+y[i]
			if v[i*p+2] == ord {
				fromORD += y[i]
			}
		}
	}
	if dates != 2958522682120320 || delays != 20003603 || distances != 2194861208 || fromORD != 128190717 {
		t.Errorf("sums %.0f, %.0f, %.0f, %.0f", dates, delays, distances, fromORD)
	}
}
