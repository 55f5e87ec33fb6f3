package data_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/data"
)

const jsonRows = `{"text": "rays of \"light\"\n", "size": 12, "new": true, "kind": "book"}

{"size": 1.5, "text": "NA", "kind": "note", "tags": ["a"]}
{"text": "", "new": false, "kind": "note", "size": null}
{"text": "12", "size": -3e2, "kind": "book", "late": "x"}
`

func TestJSONLines(t *testing.T) {
	file, err := data.JSONLines(strings.NewReader(jsonRows), "rows.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	src, err := data.CSV{Target: "kind", KeepAll: true, Types: map[string]data.ColumnType{"text": data.Text, "late": data.Ignore}}.Source(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := data.Collect(src)
	if err != nil {
		t.Fatal(err)
	}
	v, columns, err := s.Table()
	if err != nil || columns != 2 || s.Len() != 4 {
		t.Fatalf("%d columns, %d rows, %v", columns, s.Len(), err)
	}
	nan := math.NaN()
	for i, want := range []float64{12, 1, 1.5, nan, nan, 0, -300, nan} {
		if v[i] != want && !(v[i] != v[i] && want != want) {
			t.Errorf("value %d is %v, want %v", i, v[i], want)
		}
	}
	if s.Features[0].Name != "size" || !slices.Equal(s.Features[1].Levels, []string{"false", "true"}) {
		t.Errorf("features %v", s.Features)
	}
	if want := []string{"rays of \"light\"\n", "NA", "", "12"}; !slices.Equal(s.Texts[0].Cells, want) {
		t.Errorf("texts %q", s.Texts[0].Cells)
	}
	if !strings.Contains(src.Report().String(), "it holds arrays or objects") {
		t.Errorf("the report does not say why tags is left out:\n%s", src.Report())
	}
}

func TestJSONLinesRefuse(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"no object":      {"[1]", "row 1: a line has to be a JSON object"},
		"cut":            {"{\"a\": 1}\n{\"a\": \"x", "row 2: the line ends within"},
		"two objects":    {"{\"a\": 1} {\"a\": 2}", "row 1: something follows"},
		"key twice":      {"{\"a\": 1, \"a\": 2}", "row 1, column a: the key occurs twice"},
		"two kinds":      {"{\"a\": 1}\n\n{\"a\": \"1\"}", "row 3, column a: strings among numbers"},
		"beyond":         {"{\"a\": 1e999}", "row 1, column a: \"1e999\" is beyond"},
		"NaN":            {"{\"a\": NaN}", "row 1: not JSON"},
		"half a pair":    {`{"a": "\ud800"}`, "half a surrogate pair"},
		"an open string": {"{\"a", "row 1: the line ends"},
	} {
		_, err := data.JSONLines(strings.NewReader(c.file), "f.jsonl")
		var at *data.CSVError
		if !errors.As(err, &at) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	file, err := data.JSONLines(strings.NewReader("\n \n"), "f.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (data.CSV{}).Source(file); err == nil {
		t.Error("a file without objects is a source")
	}
	if _, err := data.JSONLines(nil, "f.jsonl"); err == nil {
		t.Error("no reader, and no error")
	}
}

// FuzzJSONLines: what is read can be made a source or is refused, without a panic.
func FuzzJSONLines(f *testing.F) {
	f.Add(jsonRows)
	f.Add(`{"a":{}}` + "\n" + `{"a":1,"b":"\ufffd"}`)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := data.JSONLines(strings.NewReader(text), "f.jsonl")
		if err != nil {
			return
		}
		src, err := data.CSV{KeepAll: true}.Source(file)
		if err != nil {
			return
		}
		s, err := data.Collect(src)
		if err != nil {
			return
		}
		if s.Len() > file.Rows {
			t.Fatalf("%d rows of %d", s.Len(), file.Rows)
		}
	})
}
