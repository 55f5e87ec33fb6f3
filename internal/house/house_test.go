// Package house tests the structure of the whole: which room may import which,
// and what exported names may look like.
package house

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seed732fc211/aegis/"

// floors lists the rooms from the bottom up. A room may import rooms of lower
// floors; may lists the imports within a floor.
var floors = [][]string{
	{"describe", "internal/stamp"},
	{"internal/kernel", "internal/builtin", "internal/ragged", "internal/atomicfile", "internal/filelock", "internal/safetensors", "internal/modelfile", "internal/line", "internal/diagram", "internal/profile", "internal/moments", "internal/draw", "internal/check", "internal/vector", "internal/rows", "internal/house"},
	{"metrics", "internal/ops", "crossval/stats", "text", "text/generate", "text/ngram", "text/translate"},
	{"data", "trees"},
	{"data/parquet", "data/corpus", "data/images", "infer", "internal/setfile"},
	{"graph"},
	{"graph/graphtest", "regularize", "losses", "optim", "layers"},
	{"models"},
	{"models/tabular", "models/text", "models/vision", "models/recommend"},
	{"train"},
	{"crossval"},
	{"recipes/tabular"},
	{"crossval/baselines", "recipes/text", "recipes/recommend"},
	{"crossval/search"},
	{"recipes/ensemble"},
	{"plots", "bench/workload"},
	{"internal/searchfiles"},
	{"cmd/aegis", "examples/firststep", "examples/guides", "examples/halfplane", "examples/mnist", "examples/serve", "bench", "bench/compare", "bench/opponents", "bench/stream", "bench/tables", "bench/calibrate", "bench/search", "bench/text", "bench/recommend"},
}

var may = map[string][]string{
	"layers":         {"regularize"},
	"text/translate": {"text/ngram"}, // its language model
}

// never lists imports of lower floors that a room does without all the same:
// leaves know nothing of graphs, graphs nothing of data, and crossval knows
// estimators, not nets.
var never = map[string][]string{
	"data":               {"graph", "internal/kernel"},
	"metrics":            {"data", "graph", "internal/kernel"},
	"crossval/stats":     {"describe", "metrics", "internal/kernel"}, // pure functions of slices
	"data/parquet":       {"graph", "internal/kernel"},
	"data/corpus":        {"graph", "internal/kernel"},
	"data/images":        {"graph", "internal/kernel"},
	"trees":              {"data", "metrics", "graph", "internal/kernel"},
	"text":               {"describe", "metrics", "graph", "internal/kernel"},
	"text/generate":      {"describe", "metrics", "graph", "internal/kernel"},
	"text/translate":     {"describe", "metrics", "graph", "internal/kernel"},
	"text/ngram":         {"describe", "metrics", "graph", "internal/kernel"},
	"internal/ops":       {"data", "metrics"},
	"infer":              {"data", "metrics", "trees"},
	"graph":              {"data", "metrics", "trees"},
	"losses":             {"data", "metrics", "trees"},
	"optim":              {"data", "metrics", "trees"},
	"crossval":           {"graph", "layers", "losses", "models", "optim", "regularize", "train", "internal/kernel"},
	"crossval/search":    {"graph", "layers", "losses", "models", "optim", "regularize", "train", "recipes/tabular", "crossval/baselines", "internal/kernel"},
	"crossval/baselines": {"graph", "layers", "losses", "models", "optim", "regularize", "train", "internal/kernel"},
}

// heavy lists modules that only the named rooms may pull in, as every user of a
// room pays for what it imports.
var heavy = map[string][]string{
	"github.com/sjwhitworth/golearn": {"crossval/baselines", "recipes/ensemble", "internal/searchfiles", "cmd/aegis", "bench/opponents", "bench/tables", "bench/search", "bench/text", "bench/calibrate"},
	"gonum.org/v1/plot":              {"plots", "internal/searchfiles", "cmd/aegis", "bench/compare", "examples/mnist"},
	"github.com/go-text/typesetting": {"plots", "internal/searchfiles", "cmd/aegis", "bench/compare", "examples/mnist"},
	"codeberg.org/go-fonts/dejavu":   {"plots", "internal/searchfiles", "cmd/aegis", "bench/compare", "examples/mnist"},
	"github.com/spf13/cobra":         {"cmd/aegis"},
	"github.com/parquet-go":          {"data/parquet", "cmd/aegis", "bench/stream"},
	"golang.org/x/image/webp":        {"data/images"},
	"gorgonia.org/gorgonia":          {"graph", "graph/graphtest", "regularize", "losses", "optim", "layers", "models", "models/tabular", "models/text", "models/vision", "models/recommend", "train", "recipes/tabular", "recipes/text", "recipes/recommend", "recipes/ensemble", "internal/searchfiles", "bench/workload", "cmd/aegis", "bench/compare", "bench/stream", "bench/tables", "bench/search", "bench/text", "bench/recommend", "examples/firststep", "examples/halfplane", "examples/mnist"},
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps=false", "-json=ImportPath,Imports,Deps", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p pkg
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func floorOf(room string) int {
	return slices.IndexFunc(floors, func(f []string) bool { return slices.Contains(f, room) })
}

func TestImportDirections(t *testing.T) {
	list := packages(t)
	if len(list) < 15 {
		t.Fatalf("go list found %d packages only", len(list))
	}
	for _, p := range list {
		room := strings.TrimPrefix(p.ImportPath, module)
		floor := floorOf(room)
		if floor < 0 {
			t.Errorf("%s has no floor: put it into this test's list", room)
			continue
		}
		for _, path := range p.Imports {
			other, ours := strings.CutPrefix(path, module)
			if !ours {
				continue
			}
			switch f := floorOf(other); {
			case f < floor && !slices.Contains(never[room], other):
			case f == floor && slices.Contains(may[room], other):
			default:
				t.Errorf("%s must not import %s", room, other)
			}
		}
		for _, dep := range p.Deps {
			for mod, rooms := range heavy {
				if (dep == mod || strings.HasPrefix(dep, mod+"/")) && !slices.Contains(rooms, room) {
					t.Errorf("%s pulls in %s", room, dep)
				}
			}
		}
	}
}

func TestCoreNeedsNoCgo(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if .CgoFiles}}{{if not .Standard}}{{.ImportPath}}{{end}}{{end}}", module+"cmd/aegis")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if s := strings.TrimSpace(string(out)); s != "" {
		t.Errorf("the command depends on cgo: %s", s)
	}
}

// TestInferIsLight: what serves a model needs neither Gorgonia nor what trains.
func TestInferIsLight(t *testing.T) {
	for _, p := range packages(t) {
		if strings.TrimPrefix(p.ImportPath, module) != "infer" {
			continue
		}
		for _, dep := range p.Deps {
			room, ours := strings.CutPrefix(dep, module)
			if strings.HasPrefix(dep, "gorgonia.org/") || ours && !strings.HasPrefix(room, "internal/") {
				t.Errorf("infer needs %s", dep)
			}
		}
		return
	}
	t.Error("there is no package infer")
}
