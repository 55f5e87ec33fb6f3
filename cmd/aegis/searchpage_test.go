package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/describe"
)

// TestSearchReport: the page of a search is written in every format, with its trials; an empty
// --report writes none.
func TestSearchReport(t *testing.T) {
	t.Chdir(t.TempDir())
	text, err := describe.Marshal(search.Space{
		Base:     baselines.Prepared{Estimator: baselines.KNN{}},
		Settings: []search.Setting{{Path: "Estimator.K", Name: "neighbours", Domain: search.Int{Low: 1, High: 40, Log: true}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("space.json", text, 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(report string) string {
		t.Helper()
		out, stderr, code := aegis(t, "search", "--dataset", "iris", "--space", "space.json", "--trials", "14", "--folds", "5", "--model", "", "--quiet", "--json", "trials.json", "--report", report)
		if code != 0 {
			t.Fatalf("code %d: %s", code, stderr)
		}
		if said := strings.Contains(out, "report: "); said != (report != "") {
			t.Errorf("--report %q: %s", report, out)
		}
		return out
	}
	run("")
	if _, err := os.Stat("search.png"); err == nil {
		t.Error("a page is drawn that was not wanted")
	}
	run("page.png")
	raw, err := os.ReadFile("page.png")
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(raw)); err != nil || img.Bounds().Dx() != 2016 {
		t.Errorf("page.png: %v", err)
	}
	run("page.svg")
	out := run("page.html")
	page, err := os.ReadFile("page.html")
	if err != nil {
		t.Fatal(err)
	}
	var trials struct {
		Trials []struct {
			Score *float64
		}
	}
	if raw, err = os.ReadFile("trials.json"); err == nil {
		err = json.Unmarshal(raw, &trials)
	}
	if err != nil || len(trials.Trials) != 14 {
		t.Fatalf("%d trials, %v", len(trials.Trials), err)
	}
	for _, line := range strings.Split(out, "\n") {
		if counts := strings.Contains(line, " trials: "); counts && !strings.Contains(string(page), line) {
			t.Errorf("the page lacks %q", line)
		}
		if _, estimate, ok := strings.Cut(line, "corrected for the choice: "); ok && !strings.Contains(string(page), estimate) {
			t.Errorf("the page lacks %q", estimate)
		}
	}
}
