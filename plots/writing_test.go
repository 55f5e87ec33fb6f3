package plots_test

import (
	"bytes"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed732fc211/aegis/plots"
	"pgregory.net/rapid"
)

// named draws a confusion matrix of classes with the names.
func named(t interface{ Fatal(...any) }, title string, classes ...string) *plots.Figure {
	counts := make([][]float64, len(classes))
	for i := range counts {
		counts[i] = make([]float64, len(classes))
		counts[i][i] = 1
	}
	f, err := plots.ConfusionMatrix(plots.Confusion{Title: title, Classes: classes, Counts: counts})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// boxFont puts the test font (see testdata/boxfont.py) into a folder of its own.
func boxFont(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "boxfont.ttf"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "deep", "down")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.ttf"), raw[:200], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "squares.ttf"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(dir)
}

func TestFontFromFolder(t *testing.T) {
	const name = "苹果"
	t.Setenv(plots.FontsVariable, "none")
	f := named(t, "品种", name, "pear")
	without, svg := f.PNG(), f.SVG()
	warnings := f.Warnings()
	if len(warnings) != 1 || !strings.Contains(warnings[0], "Chinese (Han)") || !strings.Contains(warnings[0], "U+82F9") || !strings.Contains(warnings[0], "U+54C1") {
		t.Errorf("without a font: warnings %q", warnings)
	}
	if !bytes.Contains(svg, []byte(name)) {
		t.Error("without a font the SVG lacks the text, which a viewer may have a font for")
	}
	t.Setenv(plots.FontsVariable, boxFont(t))
	f = named(t, "品种", name, "pear")
	if w := f.Warnings(); w != nil {
		t.Errorf("with a font: warnings %q", w)
	}
	if bytes.Equal(without, f.PNG()) {
		t.Error("the font made no difference")
	}
	if bytes.Contains(f.SVG(), []byte(name)) {
		t.Error("with a font the SVG has the text, not its outlines")
	}
}

func TestScripts(t *testing.T) {
	t.Setenv(plots.FontsVariable, "none")
	for _, c := range []struct {
		name, text, missing string
	}{
		{"Latin", "Rosé d'Anjou, Łódź", ""},
		{"Greek", "κόκκινο κρασί", ""},
		{"Cyrillic", "красное", ""},
		{"Hebrew", "שלום 12", ""},
		{"Arabic", "تفاحة حمراء", ""},
		{"Armenian", "հայ", ""},
		{"arrows", "a → b ≤ c ✓", ""},
		{"Thai", "ไทย", "Thai"},
		{"Hangul", "한국어", "Hangul"},
		{"emoji", "🍎", "symbols"},
		{"control characters", "a\x00b\x1b[31m\tc\nd", ""},
		{"invalid UTF-8", "a\xffb", ""},
	} {
		f := named(t, "", c.text, "b")
		w := strings.Join(f.Warnings(), "\n")
		if c.missing == "" && w != "" || c.missing != "" && !strings.Contains(w, " in "+c.missing+" (") {
			t.Errorf("%s: warnings %q", c.name, w)
		}
		if f.PNG() == nil {
			t.Errorf("%s: no image", c.name)
		}
		if svg := f.SVG(); !utf8.Valid(svg) || bytes.ContainsAny(svg, "\x00\x1b") {
			t.Errorf("%s: the SVG is no XML", c.name)
		}
	}
}

// TestMissingOnThePage: fault 16.
func TestMissingOnThePage(t *testing.T) {
	t.Setenv(plots.FontsVariable, "none")
	res := manyResult(t, 3)
	res.Data.Classes = []string{"苹果", "梨", "fig"}
	f, err := plots.CrossValidation(plots.Report{Result: res, Reference: "net"})
	if err != nil {
		t.Fatal(err)
	}
	if w := f.Warnings(); len(w) != 1 || !strings.Contains(w[0], "Chinese (Han) (U+82F9") {
		t.Errorf("warnings %q", w)
	}
	if doc := html.UnescapeString(string(f.Document())); !strings.Contains(doc, "Characters that are missing") || !strings.Contains(doc, "U+82F9") {
		t.Error("the page does not say what is missing")
	}
}

func TestAnyName(t *testing.T) {
	t.Setenv(plots.FontsVariable, "none")
	rapid.Check(t, func(t *rapid.T) {
		f := named(t, rapid.String().Draw(t, "title"), rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b"))
		if !utf8.Valid(f.SVG()) {
			t.Fatal("not drawn")
		}
		f.Warnings()
	})
}
