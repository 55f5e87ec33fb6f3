package trees_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/trees"
)

func TestJSONRoundTrip(t *testing.T) {
	table, y := waves(400, 4, 9, 20)
	holed, _ := waves(400, 4, 9, 20)
	holed = holes(holed)
	counts := make([]float64, len(y))
	for i, v := range y {
		counts[i] = float64(int(max(0, v)))
	}
	for name, fit := range map[string]func() (*trees.Model, error){
		"boosted values": func() (*trees.Model, error) { return trees.Boosting{}.FitValues(t.Context(), holed, y) },
		"boosted counts": func() (*trees.Model, error) {
			return trees.Boosting{Loss: trees.Poisson}.FitValues(t.Context(), table, counts)
		},
		"boosted classes": func() (*trees.Model, error) { return trees.Boosting{}.FitClasses(t.Context(), holed, thirds(y), 3) },
		"forest values":   func() (*trees.Model, error) { return trees.Forest{Trees: 9}.FitValues(t.Context(), table, y) },
		"forest classes": func() (*trees.Model, error) {
			return trees.Forest{Trees: 9, MinLeaf: 3}.FitClasses(t.Context(), table, thirds(y), 3)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := fit()
			if err != nil {
				t.Fatal(err)
			}
			text := written(t, m)
			read, err := trees.ReadJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(written(t, read), text) {
				t.Error("written again, the model is another")
			}
			want, err := m.Scores(t.Context(), holed)
			if err != nil {
				t.Fatal(err)
			}
			have, err := read.Scores(t.Context(), holed)
			if err != nil || !slices.Equal(have, want) {
				t.Errorf("other predictions, error %v", err)
			}
			var field struct{ Model *trees.Model }
			if err := json.Unmarshal(fmt.Appendf(nil, `{"Model": %s}`, text), &field); err != nil || field.Model.Nodes() != m.Nodes() {
				t.Errorf("as a field: error %v", err)
			}
		})
	}
}

// tiny is a model of two leaves, with one field changed.
func tiny(old, replacement string) string {
	const text = `{"format":"aegis-trees","version":1,"classes":0,"link":"identity","average":false,"base":[1],` +
		`"columns":[{"name":"a"},{"name":"b","levels":3,"bins":[0,1,-1]}],"importance":[1,0],` +
		`"trees":[{"feature":[1,-1,-1],"value":[0,2,3],"left":[1,0,0],"cover":[2,1,1],"categorical":[0],"sets":[[0]]}]}`
	if !strings.Contains(text, old) {
		panic(old + " is not in the text")
	}
	return strings.Replace(text, old, replacement, 1)
}

func TestReadJSONErrors(t *testing.T) {
	m, err := trees.ReadJSON(strings.NewReader(tiny("1", "1")))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, 1)
	for code, want := range map[float64]float64{0: 3, 1: 4, 2: 4, 9: 4} {
		if err := m.PredictRow([]float64{0, code}, out); err != nil || out[0] != want {
			t.Errorf("code %v gives %v, want %v, error %v", code, out, want, err)
		}
	}
	for _, c := range []struct{ name, old, replacement, want string }{
		{"format", "aegis-trees", "xgboost", `format "xgboost"`},
		{"version", `"version":1`, `"version":2`, "version 2"},
		{"unknown field", `"classes"`, `"clas"`, "unknown field"},
		{"text", `{"format"`, `{{"format"`, "invalid character"},
		{"more", `[[0]]}]}`, `[[0]]}]} {}`, "more after its end"},
		{"one class", `"classes":0`, `"classes":1`, "1 classes"},
		{"many classes", `"classes":0`, `"classes":99999999`, "99999999 classes"},
		{"link", `"identity"`, `"probit"`, `link "probit"`},
		{"link of classes", `"classes":0`, `"classes":3`, `link "identity" does not suit 3`},
		{"base", `"base":[1]`, `"base":[]`, "0 base scores, want 1"},
		{"average with a base", `"average":false`, `"average":true`, "0 as its base score"},
		{"no columns", `[{"name":"a"},{"name":"b","levels":3,"bins":[0,1,-1]}]`, `[]`, "a model of 0 columns"},
		{"importance", `[1,0]`, `[1]`, "1 importances for 2 columns"},
		{"levels", `"levels":3`, `"levels":99999999`, "99999999 levels"},
		{"bins", `[0,1,-1]`, `[0,1]`, "bins of 2 codes for 3 levels"},
		{"bin", `[0,1,-1]`, `[0,1,256]`, "bin 256 of code 2"},
		{"no nodes", `"feature":[1,-1,-1],"value":[0,2,3],"left":[1,0,0],"cover":[2,1,1],"categorical":[0]`, `"feature":[],"value":[],"left":[],"cover":[]`, "no nodes"},
		{"lengths", `"left":[1,0,0]`, `"left":[1,0]`, "3 columns, 3 values, 2 children"},
		{"loop", `"left":[1,0,0]`, `"left":[0,0,0]`, "child 0 is not between"},
		{"negative child", `"left":[1,0,0]`, `"left":[-5,0,0]`, "child -5 is not between"},
		{"child beyond", `"left":[1,0,0]`, `"left":[2,0,0]`, "child 2 is not between"},
		{"out of reach", `"feature":[1,-1,-1],"value":[0,2,3],"left":[1,0,0]`, `"feature":[-1,-1,-1],"value":[0,2,3],"left":[0,0,0]`, "a split's flags"},
		{"column", `"feature":[1,`, `"feature":[2,`, "column 2 of 2"},
		{"column below", `"feature":[1,`, `"feature":[-2,`, "column -2 of 2"},
		{"no bins", `"feature":[1,`, `"feature":[0,`, "column 0, which has no bins"},
		{"set", `"value":[0,`, `"value":[1,`, "set 1 of 1"},
		{"broken set", `"value":[0,`, `"value":[0.5,`, "set 0.5 of 1"},
		{"bin of a set", `[[0]]`, `[[300]]`, "bin 300"},
		{"flag", `"categorical":[0]`, `"categorical":[3]`, "categorical: node 3 of 3"},
		{"flag of a leaf", `"categorical":[0]`, `"missing_left":[1]`, "a split's flags"},
		{"cover", `"cover":[2,`, `"cover":[-2,`, "cover -2"},
		{"infinite", `"value":[0,2,3]`, `"value":[0,2e999,3]`, "cannot unmarshal"},
		{"leaf vector", `"left":[1,0,0]`, `"left":[1,7,0]`, "leaf vector 7"},
		{"vectors", `"sets":[[0]]`, `"sets":[[0]],"values":[1]`, "only there"},
		{"output", `"feature":[1,-1,-1]`, `"output":1,"feature":[1,-1,-1]`, "output 1 of 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := trees.ReadJSON(strings.NewReader(tiny(c.old, c.replacement))); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have error %v, want one with %q", err, c.want)
			}
		})
	}
	shared := `{"format":"aegis-trees","version":1,"classes":0,"link":"identity","average":false,"base":[1],"columns":[{"name":"a"}],"importance":[0],` +
		`"trees":[{"feature":[0,0,-1,-1,-1],"value":[0,0,0,0,0],"left":[1,2,0,0,0],"cover":[1,1,1,1,1]}]}`
	if _, err := trees.ReadJSON(strings.NewReader(shared)); err == nil || !strings.Contains(err.Error(), "two parents") {
		t.Errorf("overlapping pairs: error %v", err)
	}
}

// Whatever is read predicts, and is written and read again as the same.
func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(tiny("1", "1")))
	table, y := waves(60, 2, 3, 21)
	m, err := trees.Boosting{Iterations: 2, MinLeaf: 5}.FitClasses(f.Context(), table, thirds(y), 3)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written(f, m))
	if m, err = (trees.Forest{Trees: 2, MaxDepth: 2}).FitClasses(f.Context(), table, thirds(y), 3); err != nil {
		f.Fatal(err)
	}
	f.Add(written(f, m))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := trees.ReadJSON(bytes.NewReader(text))
		if err != nil {
			return
		}
		out := make([]float64, max(1, m.Classes()))
		row := make([]float64, len(m.Ensemble().Columns))
		for range 3 {
			for j := range row {
				row[j] = row[j]*7 - 1
			}
			if err := m.PredictRow(row, out); err != nil {
				t.Fatal(err)
			}
		}
		again, err := trees.ReadJSON(bytes.NewReader(written(t, m)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(written(t, again), written(t, m)) {
			t.Error("another model")
		}
	})
}
