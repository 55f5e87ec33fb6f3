package house

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestGuides checks that all code in docs/guides is in the file the guide links to.
func TestGuides(t *testing.T) {
	guides, err := filepath.Glob("../../docs/guides/*.md")
	if err != nil || len(guides) < 3 {
		t.Fatal(guides, err)
	}
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		link := regexp.MustCompile(`\]\((\S+_test\.go)\)`).FindSubmatch(text)
		if link == nil {
			t.Errorf("%s links to no source file", guide)
			continue
		}
		source, err := os.ReadFile(filepath.Join(filepath.Dir(guide), string(link[1])))
		if err != nil {
			t.Fatal(err)
		}
		blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(text, -1)
		if len(blocks) == 0 {
			t.Errorf("%s has no code", guide)
		}
		for _, b := range blocks {
			if !strings.Contains(string(source), string(b[1])) {
				t.Errorf("%s: this code is not in %s:\n%s", guide, link[1], b[1])
			}
		}
	}
}

var updatePicture = flag.Bool("update-picture", false, "rewrite the picture of the house in docs/how-aegis-is-built.md")

// TestHousePicture checks that the picture in docs is that of the import graph.
func TestHousePicture(t *testing.T) {
	const page, begin, end = "../../docs/how-aegis-is-built.md", "<!-- house: go test ./internal/house -run TestHousePicture -update-picture -->\n", "<!-- end of house -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the picture", page)
	}
	want := before + begin + picture(t) + end + after
	if *updatePicture {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Errorf("the picture in %s is out of date: run this test with -update-picture", page)
	}
}

// picture returns the import graph of the public packages as Mermaid, floor by floor from
// the top. Imports that follow from others are left out.
func picture(t *testing.T) string {
	imports := map[string][]string{}
	for _, p := range packages(t) {
		room := strings.TrimPrefix(p.ImportPath, module)
		if !shown(room) {
			continue
		}
		imports[room] = nil
		for _, path := range p.Imports {
			if other, ours := strings.CutPrefix(path, module); ours && shown(other) {
				imports[room] = append(imports[room], other)
			}
		}
	}
	var reaches func(from, to string) bool
	reaches = func(from, to string) bool {
		return from == to || slices.ContainsFunc(imports[from], func(next string) bool { return reaches(next, to) })
	}
	id := func(room string) string { return strings.ReplaceAll(room, "/", "_") }
	var b strings.Builder
	b.WriteString("\n```mermaid\nflowchart TD\n")
	for _, floor := range slices.Backward(floors) {
		for _, room := range floor {
			if _, ok := imports[room]; ok {
				fmt.Fprintf(&b, "  %s[%s]\n", id(room), room)
			}
		}
	}
	for _, floor := range slices.Backward(floors) {
		for _, room := range floor {
			below := slices.Sorted(slices.Values(imports[room]))
			for _, to := range below {
				if !slices.ContainsFunc(below, func(via string) bool { return via != to && reaches(via, to) }) {
					fmt.Fprintf(&b, "  %s --> %s\n", id(room), id(to))
				}
			}
		}
	}
	b.WriteString("```\n\n")
	return b.String()
}

// shown says whether a package is in the picture.
func shown(room string) bool {
	return room == "internal/kernel" || room == "cmd/aegis" || floorOf(room) >= 0 && !strings.HasPrefix(room, "internal/") && !strings.HasPrefix(room, "examples/") && !strings.HasPrefix(room, "bench")
}
