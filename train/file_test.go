package train_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/parquet"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/train"
)

// files writes a table as CSV and as Parquet.
func files(t *testing.T, set *data.Set) (csv, other string) {
	t.Helper()
	dir := t.TempDir()
	csv, other = filepath.Join(dir, "large.csv"), filepath.Join(dir, "large.parquet")
	f, err := os.Create(csv)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := data.WriteCSV(f, set); err != nil {
		t.Fatal(err)
	}
	type row struct {
		A *float64 `parquet:"a,optional"`
		B float64  `parquet:"b"`
		C string   `parquet:"c,dict"`
		Y string   `parquet:"y"`
	}
	v, p, err := set.Table()
	if err != nil {
		t.Fatal(err)
	}
	labels, err := set.Labels()
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]row, set.Len())
	for i := range rows {
		rows[i] = row{B: v[i*p+1], C: set.Features[2].Levels[int(v[i*p+2])], Y: set.Classes[labels[i]]}
		if v[i*p] == v[i*p] {
			rows[i].A = &v[i*p]
		}
	}
	if err := pq.WriteFile(other, rows, pq.MaxRowsPerRowGroup(100000), pq.PageBufferSize(200000), pq.Compression(&pq.Snappy)); err != nil {
		t.Fatal(err)
	}
	return csv, other
}

// sameFromFiles fits an estimator to a CSV file and to a Parquet file of n rows: both give
// the bits that the same rows give in memory.
func sameFromFiles(t *testing.T, n int, e train.Estimator) {
	t.Helper()
	csv, other := files(t, large(t, n, data.Classify{}))
	fromCSV, err := data.CSV{}.Open(csv)
	if err != nil {
		t.Fatal(err)
	}
	defer fromCSV.Close()
	fromParquet, err := parquet.File{Path: other}.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer fromParquet.Close()
	inMemory, _, err := data.CSV{}.ReadFile(csv)
	if err != nil {
		t.Fatal(err)
	}
	var want string
	for _, c := range []struct {
		name string
		rows data.Source
	}{{"in memory", inMemory}, {"CSV", fromCSV}, {"Parquet", fromParquet}} {
		m, h, err := e.Train(context.Background(), c.rows)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		last := make([]int, 2000)
		for i := range last {
			last[i] = n - len(last) + i
		}
		p, err := m.PredictRows(context.Background(), data.View(data.Blind(c.rows), last))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := fmt.Sprint(h.Curves, h.Notes, m.Params().Snapshot(), m.Info.Calibration, p.Proba)
		if want == "" {
			want = got
		} else if got != want {
			t.Errorf("%s\n%.600s\nin memory\n%.600s", c.name, got, want)
		}
	}
}

// TestFilesAreMemory is of a few rows more than a window; a long test has more of
// everything.
func TestFilesAreMemory(t *testing.T) {
	sameFromFiles(t, data.WindowRows+777, train.Estimator{
		Net: models.MLP{Hidden: []int{4}}, Preprocess: data.Columns{Numbers: data.Pipeline{data.Impute{}, data.Standardize{}}, Categories: data.OneHot{}}, Seed: 3,
		Config: train.Config{Epochs: 1, BatchSize: 4096},
	})
}
