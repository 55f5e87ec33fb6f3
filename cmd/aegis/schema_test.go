package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/data"
)

// schema is docs/crossval.schema.json, compiled.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "crossval.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func conforms(t *testing.T, s *jsonschema.Schema, raw []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestJSONHasItsSchema(t *testing.T) {
	s := schema(t)
	for _, dataset := range []string{"iris", "diabetes"} {
		path := filepath.Join(t.TempDir(), "results.json")
		if _, status, code := aegis(t, append(quick, "--dataset", dataset, "--json", path, "--report", "", "--models", "net,random forest")...); code != 0 {
			t.Fatal(status)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := conforms(t, s, raw); err != nil {
			t.Errorf("%s: %v", dataset, err)
		}
		for _, c := range []struct{ name, old, now string }{
			{"an unknown field", `{"aegis":`, `{"spider":1,"aegis":`},
			{"a field of a run", `"candidate":"net","split":0`, `"candidate":"net","split":-1`},
			{"a seed as a number", `"seed":"1"`, `"seed":1`},
			{"another format", `"aegis-crossval"`, `"aegis"`},
			{"a word for a number", `"verdict":"`, `"verdict":1,"was":"`},
		} {
			before := compact(t, raw)
			wrong := strings.Replace(before, c.old, c.now, 1)
			if wrong == before {
				t.Fatalf("%s: %s is not in the document", c.name, c.old)
			}
			if conforms(t, s, []byte(wrong)) == nil {
				t.Errorf("%s: %s passes", dataset, c.name)
			}
		}
	}
}

func compact(t *testing.T, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSchemaOfTheRare: what a good run does not write: failures, notes, numbers that
// are none, no comparison.
func TestSchemaOfTheRare(t *testing.T) {
	res := &crossval.Result{
		Data:       crossval.DataInfo{Name: "made up", Source: "here", Rows: 2, Task: data.Regress{}, Values: []float64{1, math.NaN()}},
		Metrics:    []data.Metric{{Name: "R2", Greater: true, Range: [2]float64{math.Inf(-1), 1}}},
		Candidates: []crossval.CandidateInfo{{Name: "a", Baseline: true}, {Name: "b"}},
		Splits:     []crossval.Split{{Test: []int{0}}, {Fold: 1, Test: []int{1}}},
		Runs:       []crossval.Run{{Candidate: "a", Scores: []float64{math.Inf(1)}, Notes: []string{"odd"}, Prediction: data.Prediction{Values: []float64{2}}}},
		Failed:     []crossval.Failure{{Candidate: "b", Message: "not today", Skipped: true}},
	}
	o := crossvalFlags{json: filepath.Join(t.TempDir(), "results.json")}
	if err := o.writeJSON(res, nil); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(o.json)
	if err != nil {
		t.Fatal(err)
	}
	if err := conforms(t, schema(t), raw); err != nil {
		t.Error(err)
	}
}

// TestTableIsTheStanding: the printed table says what crossval.Result.Standings
// says, which the page and the notebooks' table are made of.
func TestTableIsTheStanding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	page := filepath.Join(t.TempDir(), "page.html")
	out, status, code := aegis(t, append(quick, "--dataset", "iris", "--json", path, "--report", page, "--models", "net,majority")...)
	if code != 0 {
		t.Fatal(status)
	}
	var d readDocument
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	res, err := crossval.ReadResult(bytes.NewReader(d.Result))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(strings.Fields(out), " ")
	for _, s := range res.Standings() {
		if line := s.Score(0) + " " + s.IntervalText(); !strings.Contains(said, line) {
			t.Errorf("the table does not say %q of %s:\n%s", line, s.Candidate, out)
		}
		if !strings.Contains(string(doc), s.IntervalText()) || !strings.Contains(string(doc), s.Score(0)) {
			t.Errorf("the page does not say %s of %s", s.Score(0), s.Candidate)
		}
	}
	for _, c := range d.Comparisons {
		if !strings.Contains(out, c.Verdict) {
			t.Errorf("the output does not say %q", c.Verdict)
		}
	}
}

// readDocument is what tests read of a document.
type readDocument struct {
	Parameters  map[string]string
	Comparisons []struct{ Verdict string }
	Result      json.RawMessage
}
