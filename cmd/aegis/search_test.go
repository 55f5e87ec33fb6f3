package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestSearch: from a file to a table of trials, a model, and predictions; the nested estimate
// beside it.
func TestSearch(t *testing.T) {
	t.Chdir(t.TempDir())
	var b strings.Builder
	b.WriteString("length,width,kind\n")
	for i := range 90 {
		b.WriteString([]string{"1.%d,5,long\n", "2.%d,3,short\n", "3.%d,4,odd\n"}[i%3])
	}
	rows := b.String()
	for i := range 90 {
		rows = strings.Replace(rows, "%d", string(rune('0'+i%10)), 1)
	}
	if err := os.WriteFile("rows.csv", []byte(rows), 0o666); err != nil {
		t.Fatal(err)
	}
	space := `{"kind":"crossval/search.Space","config":{
		"Base":{"kind":"crossval/baselines.BoostedTrees","config":{"Settings":{"Iterations":3}}},
		"Settings":[{"Path":"Settings.Leaves","Domain":{"kind":"crossval/search.Int","config":{"Low":2,"High":8}}}]}}`
	if err := os.WriteFile("space.json", []byte(space), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"search", "--data", "rows.csv", "--target", "kind", "--trials", "6", "--folds", "3", "--outer", "2", "--space", "space.json", "--json", "trials.json", "--report", ""}
	out, status, code := aegis(t, args...)
	if code != 0 {
		t.Fatalf("%s%s", out, status)
	}
	for _, want := range []string{"winner: trial", "optimistic: accuracy", "corrected for the choice: accuracy", "nested estimate", "search and default", "model: model.zip"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output does not say %q:\n%s", want, out)
		}
	}
	text, err := os.ReadFile("trials.json")
	if err != nil {
		t.Fatal(err)
	}
	var trials struct {
		Format    string
		Winner    int
		Estimates map[string]any
		Trials    []struct{ Score float64 }
	}
	if err := json.Unmarshal(text, &trials); err != nil || trials.Format != "aegis-search" || len(trials.Trials) != 6 || trials.Estimates["corrected"] == nil {
		t.Errorf("%v in %s", err, text)
	}
	predicted, status, code := aegis(t, "predict", "--model", "model.zip", "--data", "rows.csv")
	if code != 0 {
		t.Fatal(status)
	}
	cells, err := csv.NewReader(strings.NewReader(predicted)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, row := range cells[1:] {
		if row[0] == []string{"long", "short", "odd"}[i%3] {
			right++
		}
	}
	if len(cells) != 91 || right < 85 {
		t.Errorf("%d of %d rows are right", right, len(cells)-1)
	}
	again, _, code := aegis(t, args...)
	if code != 0 || cut(again) != cut(out) {
		t.Errorf("the same search says something else:\n%s\n%s", again, out)
	}
}

// cut removes columns of times.
func cut(text string) string {
	var lines []string
	for _, l := range strings.Split(text, "\n") {
		fields := strings.Fields(l)
		for i, f := range fields {
			if strings.HasSuffix(f, "s") && strings.ContainsAny(f, "0123456789") {
				fields[i] = "time"
			}
		}
		lines = append(lines, strings.Join(fields, " "))
	}
	return strings.Join(lines, "\n")
}

// TestSearchRefuses: wrong flags are errors before any fit.
func TestSearchRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("bad.json", []byte(`{"kind":"crossval/search.Space","config":{"Nonsense":1}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	knn := `{"kind":"crossval/search.Space","config":{"Base":{"kind":"crossval/baselines.KNN"},"Settings":[{"Path":"K","Domain":{"kind":"crossval/search.Int","config":{"Low":1,"High":8}}}]}}`
	if err := os.WriteFile("knn.json", []byte(knn), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{`KNN cannot be saved: leave out the model by --model ""`, []string{"--space", "knn.json", "--trials", "2"}},
		{"--budget 0 needs --trials", []string{"--budget", "0"}},
		{"want none below 0", []string{"--trials", "-1"}},
		{"want 2 or more", []string{"--outer", "1"}},
		{"want tpe, sobol or random", []string{"--proposer", "grid"}},
		{"no metric", []string{"--metric", "luck", "--trials", "2"}},
		{"Nonsense", []string{"--space", "bad.json", "--trials", "2"}},
		{"no such file", []string{"--space", "none.json", "--trials", "2"}},
		{"go together", []string{"--plan", "search.json"}},
		{"in this process", []string{"--plan", "search.json", "--rows", "rows.set", "--log", "log"}},
		{"cannot write none/rows.set", []string{"--plan", "search.json", "--rows", "none/rows.set"}},
		{"cannot write none/model.zip", []string{"--model", "none/model.zip"}},
	} {
		out, status, code := aegis(t, append([]string{"search", "--dataset", "iris", "--quiet"}, c.args...)...)
		if code == 0 || !strings.Contains(status, c.want) {
			t.Errorf("%v: code %d, %s%s; want %q", c.args, code, out, status, c.want)
		}
	}
}
