package train_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/parquet"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

type plainRow struct {
	A float64 `parquet:"a"`
	B int32   `parquet:"b,dict"`
	C float32 `parquet:"c"`
	Y int32   `parquet:"y"`
}

// plainFile writes a Parquet file of plain numbers, more than a window of rows.
func plainFile(t *testing.T, n int, change func(rows []plainRow)) *data.FileSource {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 4))
	rows := make([]plainRow, n)
	for i := range rows {
		rows[i] = plainRow{A: 1e3 * r.NormFloat64(), B: int32(r.IntN(50)), C: float32(r.Float64())}
		if rows[i].A/1e3+float64(rows[i].C) > 0.4 {
			rows[i].Y = 1
		}
	}
	change(rows)
	path := filepath.Join(t.TempDir(), "plain.parquet")
	if err := pq.WriteFile(path, rows, pq.MaxRowsPerRowGroup(100_000), pq.PageBufferSize(100_000)); err != nil {
		t.Fatal(err)
	}
	src, err := parquet.File{Path: path, AsTask: "classify"}.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// TestNumbersAreMemory: numbers that are read, scaled and rounded in one pass give the bits of the
// same rows in memory, views and weights by class included.
func TestNumbersAreMemory(t *testing.T) {
	src := plainFile(t, data.WindowRows+60_000, func([]plainRow) {})
	set, err := data.Collect(src)
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := data.Pipeline{data.Standardize{}, data.MinMax{}}.Fit(set)
	if err != nil {
		t.Fatal(err)
	}
	rows := []int{set.Len() - 1, 5, 5, 9000, 3, 8999}
	read, err := data.Float32Reader(data.Blind(data.View(data.Transformed(src, fitted), rows)))
	if err != nil || read == nil {
		t.Fatalf("numbers of a Parquet file are not read in one pass: %v", err)
	}
	have := make([]float32, 2*3)
	if ok, err := read([]int{0, 4}, have); !ok || err != nil {
		t.Fatal(ok, err)
	}
	want, err := data.Collect(data.View(data.Transformed(set, fitted), []int{rows[0], rows[4]}))
	if err != nil {
		t.Fatal(err)
	}
	v, _, _ := want.Table()
	for i := range have {
		if have[i] != float32(v[i]) {
			t.Errorf("value %d is %v, want %v", i, have[i], float32(v[i]))
		}
	}
	if ok, err := read([]int{6}, have[:3]); ok || err == nil {
		t.Error("a row that is not there is read")
	}
	if ok, err := read([]int{0}, have); ok || err == nil {
		t.Error("memory of another size is filled")
	}
	for _, other := range []data.Source{set, data.Transformed(src, data.FittedPipeline{data.FittedClip{}})} {
		if read, err := data.Float32Reader(other); read != nil || err != nil {
			t.Errorf("%T is read in one pass: %v", other, err)
		}
	}
	for name, c := range map[string]train.Estimator{
		"scaled":             {Preprocess: data.Standardize{}},
		"as they stand":      {},
		"weighted and split": {Preprocess: data.Pipeline{data.RobustScale{}, data.MinMax{Low: -1, High: 1}}, Balanced: true, Config: train.Config{ValidationFraction: 0.05}},
		"another transform":  {Preprocess: data.Pipeline{data.Standardize{}, data.SmoothClip{}}},
	} {
		c.Net, c.Seed, c.Config.Epochs, c.Config.BatchSize = models.MLP{Hidden: []int{4}}, 3, 2, 4096
		fit := func(rows data.Source) string {
			m, h, err := c.Train(context.Background(), rows)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return fmt.Sprint(h.Curves, m.Params().Snapshot())
		}
		if a, b := fit(src), fit(set); a != b {
			t.Errorf("%s: from the file\n%.300s\nin memory\n%.300s", name, a, b)
		}
	}
}

// TestOddNumbersInFiles: a value that a net cannot take is an error with its row and column,
// wherever it stands in the file.
func TestOddNumbersInFiles(t *testing.T) {
	const n = data.WindowRows + 60_000
	for _, c := range []struct {
		name   string
		change func(rows []plainRow)
		want   string
	}{
		{"missing", func(rows []plainRow) { rows[n-7].C = float32(math.NaN()) }, fmt.Sprintf("column c: the value is missing (NaN), and a net takes numbers only; data.Impute fills gaps (row %d of the file)", n-7)},
		{"beyond float32", func(rows []plainRow) { rows[n-8].A = 1e300 }, "column a: 1e+300 is beyond what float32 holds"},
	} {
		src := plainFile(t, n, c.change)
		m, err := models.MLP{Hidden: []int{4}}.Build(must(data.Head(src, 1000)), 1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = train.Fit(context.Background(), m, src, train.Config{Epochs: 1, BatchSize: 4096})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func must(s *data.Set, err error) *data.Set {
	if err != nil {
		panic(err)
	}
	return s
}
