package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeExample holds the README's example to the one that is compiled and
// run in package train.
func TestReadmeExample(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../../train/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no example")
	}
	var indented strings.Builder
	for _, l := range strings.SplitAfter(string(block[1]), "\n") {
		if l != "" {
			indented.WriteString("\t" + l)
		}
	}
	if !strings.Contains(string(source), indented.String()) {
		t.Errorf("train/example_test.go does not hold the README's example:\n%s", indented.String())
	}
}

// TestLinks checks that files that pages link to exist.
func TestLinks(t *testing.T) {
	pages := []string{"../../README.md", "../../DEVELOPERS.md"}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/*/*.md", "../../bench/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), string(m[1]))); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
	}
}
