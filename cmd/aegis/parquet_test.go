package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	pq "github.com/parquet-go/parquet-go"
)

// TestParquet: every command reads a Parquet file as it reads the same rows in CSV.
func TestParquet(t *testing.T) {
	t.Chdir(t.TempDir())
	type row struct {
		Age    int32   `parquet:"age"`
		Marker float64 `parquet:"marker"`
		Kind   string  `parquet:"kind,dict"`
		State  string  `parquet:"state"`
	}
	list := make([]row, 300)
	text := rows("age,marker,kind,state", len(list), func(i int) string {
		list[i] = row{Age: int32(20 + i*7%50), Marker: float64(i*13%100)/10 + 0.25*float64(i%2), Kind: []string{"a", "b", "c"}[i*i%3], State: map[bool]string{true: "ill", false: "well"}[i*13%100 > 50+i%9]}
		r := list[i]
		return strings.Join([]string{shortest(float64(r.Age)), shortest(r.Marker), r.Kind, r.State}, ",")
	})
	write(t, "rows.csv", text)
	if err := pq.WriteFile("rows.parquet", list); err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, name := range []string{"rows.csv", "rows.parquet"} {
		out, status, code := aegis(t, "inspect", "--data", name)
		if code != 0 {
			t.Fatalf("%s: exit code %d: %s", name, code, status)
		}
		shown[name] = out
	}
	if a, b := strings.Replace(shown["rows.csv"], "UTF-8, separated by commas, header", "Parquet", 1), shown["rows.parquet"]; a != b {
		t.Errorf("%s\nas CSV\n%s", b, a)
	}

	// A model of each file, and of each read while training, is the same file.
	train := func(model string, more ...string) []byte {
		t.Helper()
		flags := append([]string{"train", "--recipe", "mlp", "--hidden", "4", "--epochs", "3", "--report", "page.svg", "--model", model}, more...)
		if _, status, code := aegis(t, flags...); code != 0 {
			t.Fatalf("%v: exit code %d: %s", more, code, status)
		}
		b, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := train("a", "--data", "rows.csv")
	for _, more := range [][]string{{"--data", "rows.parquet"}, {"--data", "rows.csv", "--stream"}, {"--data", "rows.parquet", "--stream"}, {"--data", "rows.parquet", "--stream=false"}} {
		if got := train("b", more...); !bytes.Equal(got, want) {
			t.Errorf("%v: another model", more)
		}
	}
	predictions := map[string]string{}
	for _, name := range []string{"rows.csv", "rows.parquet"} {
		out, status, code := aegis(t, "predict", "--model", "a", "--data", name, "--keep-columns")
		if code != 0 || status != "" {
			t.Fatalf("%s: exit code %d: %s", name, code, status)
		}
		predictions[name] = out
	}
	if a, b := predictions["rows.csv"], predictions["rows.parquet"]; a != b {
		t.Errorf("%.500s\nas CSV\n%.500s", b, a)
	}
	if _, status, code := aegis(t, "crossval", "--data", "rows.parquet", "--folds", "2", "--repeats", "1", "--models", "majority", "--report", ""); code != 0 {
		t.Errorf("exit code %d: %s", code, status)
	}
	for _, flags := range [][]string{
		{"inspect", "--data", "rows.parquet", "--delimiter", "comma"},
		{"train", "--stream"},
	} {
		if _, status, code := aegis(t, flags...); code != 2 {
			t.Errorf("%v: exit code %d: %s", flags, code, status)
		}
	}
}
