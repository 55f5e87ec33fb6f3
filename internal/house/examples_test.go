package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/describe"
)

// unshown are types without an Example: what a fit gives is not made by hand.
func unshown(name string) bool {
	return strings.Contains(name, ".Fitted")
}

// TestEveryKindHasAnExample holds every registered type of the library to being made in
// an Example of its package.
func TestEveryKindHasAnExample(t *testing.T) {
	shown := map[string]map[string]bool{} // by folder: what its Examples name
	for _, kind := range describe.Kinds() {
		v, err := describe.New(kind)
		if err != nil {
			t.Fatal(err)
		}
		typ := reflect.TypeOf(v)
		folder, ok := strings.CutPrefix(typ.PkgPath(), "github.com/seed732fc211/aegis/")
		if !ok || strings.HasPrefix(folder, "internal/") || unshown("."+typ.Name()) {
			continue
		}
		if shown[folder] == nil {
			shown[folder] = namedInExamples(t, filepath.Join("..", "..", folder))
		}
		if !shown[folder][typ.Name()] {
			t.Errorf("%s.%s has no Example", folder, typ.Name())
		}
	}
	if len(shown) < 10 {
		t.Errorf("saw %d packages only", len(shown))
	}
}

// namedInExamples returns what the Examples of a folder are named for, and the names
// that they take from packages.
func namedInExamples(t *testing.T, folder string) map[string]bool {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Example") {
				continue
			}
			whole, _, _ := strings.Cut(strings.TrimPrefix(f.Name.Name, "Example"), "_")
			out[whole] = true
			ast.Inspect(f, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					out[s.Sel.Name] = true
				}
				return true
			})
		}
	}
	return out
}
