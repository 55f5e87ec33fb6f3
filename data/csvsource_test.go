package data_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

// shown returns all that a set holds.
func shown(s *data.Set) string {
	var b strings.Builder
	features, _ := json.Marshal(s.Features)
	fmt.Fprintf(&b, "%s %s %s %q %v %s", s.Name, s.Source, s.Target, s.Classes, s.TargetNumber, features)
	for _, t := range s.Inputs {
		for _, v := range t.Data().([]float64) {
			fmt.Fprintf(&b, " %x", math.Float64bits(v))
		}
	}
	for _, t := range s.Targets {
		fmt.Fprintf(&b, "\n%v %v", t.Shape(), t.Data())
	}
	fmt.Fprintf(&b, "\n%v %v %q", s.Groups, s.Weights, s.Texts)
	return b.String()
}

// differ shows where two texts begin to differ.
func differ(a, b string) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	return fmt.Sprintf("...%.200s\nin memory\n...%.200s", a[max(0, at-100):], b[max(0, at-100):])
}

// sameAsMemory opens a file as a source and holds it to what reading it to memory gives.
func sameAsMemory(t *testing.T, c data.CSV, raw []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.csv")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	set, report, wantErr := c.ReadFile(path)
	src, err := c.Open(path)
	if err != nil {
		if strings.Contains(err.Error(), "cannot be read in parts") {
			return
		}
		if wantErr == nil || err.Error() != wantErr.Error() {
			t.Errorf("error %v, in memory %v", err, wantErr)
		}
		return
	}
	defer src.Close()
	if wantErr != nil {
		t.Fatalf("no error, in memory %v", wantErr)
	}
	want, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(src.Report())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("report %s", differ(string(got), string(want)))
	}
	all, err := data.Collect(src)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := shown(all), shown(set); a != b {
		t.Errorf("rows %s", differ(a, b))
	}
	st, err := src.Stream()
	if err != nil {
		t.Fatal(err)
	}
	// Any rows in any order, into memory that was used before.
	r, part := rand.New(rand.NewPCG(1, 1)), &data.Set{}
	for range 3 {
		rows := make([]int, 1+r.IntN(50))
		for i := range rows {
			rows[i] = r.IntN(st.Rows)
		}
		if err := st.Load(rows, part); err != nil {
			t.Fatal(err)
		}
		some, err := set.Rows(rows)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := shown(part), shown(some); a != b {
			t.Errorf("rows %v: %s", rows, differ(a, b))
		}
	}
	if len(set.Targets) > 0 {
		answers, err := data.Answers(src)
		if err != nil {
			t.Fatal(err)
		}
		fromSet, err := data.Answers(set)
		if err != nil {
			t.Fatal(err)
		}
		answers.Features, fromSet.Features, answers.Texts, fromSet.Texts = nil, nil, nil, nil
		if a, b := shown(answers), shown(fromSet); a != b {
			t.Errorf("answers %s", differ(a, b))
		}
	}
}

// TestCSVSourceIsMemory: dirty files, made and real ones, read a block at a time are what
// they are in memory: columns, values, report and errors.
func TestCSVSourceIsMemory(t *testing.T) {
	for seed := range uint64(60) {
		d := newDirty(seed)
		text := d.text()
		sameAsMemory(t, data.CSV{}, []byte(text))
		if t.Failed() {
			t.Fatalf("seed %d:\n%.1500s", seed, text)
		}
	}
	for _, table := range realTables {
		t.Run(table.name, func(t *testing.T) { sameAsMemory(t, data.CSV{Target: table.target}, table.file(t)) })
	}
}

// TestCSVSourceOptions: what a CSV can be asked for.
func TestCSVSourceOptions(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,g,w,when,kind,mixed,money,code,label,y\r\n")
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 15000 { // several blocks
		y := fmt.Sprint(r.IntN(3))
		if r.IntN(100) == 0 {
			y = "NA"
		}
		fmt.Fprintf(&b, "%d,%c,%.2f,%02d/%02d/2024,\"k,%d\n\",%s,\"$%d,%03d.50\",%05d,%s,%s\r\n", i, 'a'+rune(r.IntN(5)), r.Float64(), 1+r.IntN(28), 1+r.IntN(12),
			r.IntN(4), []string{"1", "2", "2.5", "many"}[r.IntN(4)], 1+r.IntN(9), r.IntN(1000), r.IntN(300), []string{"no", "yes"}[r.IntN(2)], y)
	}
	raw := []byte(b.String())
	for name, c := range map[string]data.CSV{
		"guessed":  {},
		"groups":   {Group: "g", Weight: "w", ID: []string{"id"}},
		"numbered": {Group: "id", AsTask: "regress", KeepAll: true},
		"classes":  {Target: "label", Positive: "no", Drop: []string{"y"}},
		"types":    {Types: map[string]data.ColumnType{"y": data.Numeric, "code": data.Categorical, "kind": data.Text, "id": data.Ignore, "w": data.Categorical}},
		"missing":  {Missing: []string{"many", "2", "no"}, Target: "w"},
		"none":     {NoTarget: true},
	} {
		t.Run(name, func(t *testing.T) { sameAsMemory(t, c, raw) })
	}
}
