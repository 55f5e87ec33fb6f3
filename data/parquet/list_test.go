package parquet_test

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/parquet"
)

type listRow struct {
	Tokens []int32   `parquet:"tokens,list"`
	Signal []float64 `parquet:"signal"`
	Size   float64   `parquet:"size"`
	Kind   string    `parquet:"kind,dict"`
}

// listFile writes rows of 0 to 6 steps over several row groups and pages.
func listFile(t *testing.T, n int, options ...pq.WriterOption) (string, []listRow) {
	t.Helper()
	r := rand.New(rand.NewPCG(2, 2))
	rows := make([]listRow, n)
	for i := range rows {
		rows[i].Size, rows[i].Kind = r.Float64(), []string{"a", "b"}[r.IntN(2)]
		for range r.IntN(7) {
			rows[i].Tokens = append(rows[i].Tokens, int32(r.IntN(1000)))
			rows[i].Signal = append(rows[i].Signal, r.NormFloat64())
		}
	}
	path := filepath.Join(t.TempDir(), "lists.parquet")
	options = append(options, pq.MaxRowsPerRowGroup(1500), pq.PageBufferSize(2000))
	if err := pq.WriteFile(path, rows, options...); err != nil {
		t.Fatal(err)
	}
	return path, rows
}

// TestLists: lists are the sequences of the rows, in whatever order those are read.
func TestLists(t *testing.T) {
	for name, options := range map[string][]pq.WriterOption{
		"pages of version 1": {pq.DataPageVersion(1)},
		"pages of version 2": {pq.DataPageVersion(2), pq.Compression(&pq.Snappy)},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 5000
			path, rows := listFile(t, n, options...)
			src, err := parquet.File{Path: path, Target: "kind", Sequences: []string{"signal", "tokens"}}.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			order := rand.New(rand.NewPCG(1, 1)).Perm(n)
			set, err := data.Collect(data.View(src, order))
			if err != nil {
				t.Fatal(err)
			}
			if err := set.Validate(); err != nil {
				t.Fatal(err)
			}
			signal, tokens := &set.Sequences[0], &set.Sequences[1]
			x, ids := signal.Values.Data().([]float64), tokens.Values.Data().([]int)
			for i, r := range order {
				var want []int
				for _, v := range rows[r].Tokens {
					want = append(want, int(v))
				}
				if !slices.Equal(ids[tokens.Offsets[i]:tokens.Offsets[i+1]], want) || !slices.Equal(x[signal.Offsets[i]:signal.Offsets[i+1]], rows[r].Signal) {
					t.Fatalf("row %d: %v, want %v", r, ids[tokens.Offsets[i]:tokens.Offsets[i+1]], want)
				}
			}
			if len(set.Features) != 1 || signal.Values.Dims() != 2 || src.Report().Duplicates != 0 {
				t.Errorf("%d features, signals of shape %v, %d duplicates", len(set.Features), signal.Values.Shape(), src.Report().Duplicates)
			}
			answers, err := data.Answers(src)
			if err != nil || answers.Lengths()[17] != len(rows[17].Tokens) {
				t.Errorf("answers: %v", err)
			}
			a, err := data.Fingerprint(src)
			if err != nil {
				t.Fatal(err)
			}
			all, err := data.Collect(src)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := data.Fingerprint(all); err != nil || a != b {
				t.Errorf("the fingerprint depends on where the rows are: %v", err)
			}

			alone, err := parquet.File{Path: path, Target: "kind", Columns: []string{}, Sequences: []string{"tokens"}}.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer alone.Close()
			only, err := data.Collect(data.View(alone, []int{9, 4}))
			if err != nil {
				t.Fatal(err)
			}
			if only.Inputs != nil || only.Sequences[0].Len(1) != len(rows[4].Tokens) || only.Validate() != nil {
				t.Errorf("lists alone: %v, %v", only, only.Validate())
			}
			none, err := parquet.File{Path: path, Target: "kind"}.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer none.Close()
			if st, err := none.Stream(); err != nil || st.Like.Sequences != nil {
				t.Errorf("lists that nobody asked for are read: %v", err)
			}
		})
	}
}

func TestBadLists(t *testing.T) {
	path, _ := listFile(t, 50)
	type odd struct {
		Words  []string                    `parquet:"words,list"`
		Gaps   []*float64                  `parquet:"gaps,list"`
		Nested []struct{ Inner []float64 } `parquet:"nested"`
		Pairs  []struct{ A, B int32 }      `parquet:"pairs"`
		Y      string                      `parquet:"y"`
	}
	v := 1.5
	other := filepath.Join(t.TempDir(), "odd.parquet")
	if err := pq.WriteFile(other, []odd{{Words: []string{"a"}, Gaps: []*float64{&v}, Y: "a"}, {Gaps: []*float64{&v, nil}, Y: "b"}, {Y: "a"}, {Y: "b"}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, column, want string }{
		{path, "nothing", "column nothing: there is no such column"},
		{path, "size", "it repeats 0 times"},
		{other, "words", "column words: it is not a list of numbers"},
		{other, "nested", "it repeats 2 times"},
		{other, "pairs", "2 columns within"},
		{other, "gaps", "row 2, column gaps: step 1 is null"},
	} {
		src, err := parquet.File{Path: c.path, Sequences: []string{c.column}}.Open()
		if err == nil {
			_, err = data.Collect(src)
			src.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.column, err, c.want)
		}
	}
}
