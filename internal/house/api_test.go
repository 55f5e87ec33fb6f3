package house

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// public returns the folders of the packages that users import.
func public(t *testing.T) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		switch name := d.Name(); {
		case path != "../.." && strings.HasPrefix(name, "."), name == "internal", name == "cmd", name == "examples", name == "testdata", name == "embedded", name == "docs", name == "notebooks":
			return filepath.SkipDir
		}
		if files, _ := filepath.Glob(filepath.Join(path, "*.go")); len(files) > 0 {
			dirs = append(dirs, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// TestAPI holds exported names to what an interpreter's cell can use, and to
// having a doc comment: no type parameters, no functions that return iterators
// only, no exported name without a sentence.
func TestAPI(t *testing.T) {
	dirs := public(t)
	if len(dirs) < 10 {
		t.Fatalf("found %d public packages only: %v", len(dirs), dirs)
	}
	for _, dir := range dirs {
		fset := token.NewFileSet()
		var files []*ast.File
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			f, err := parser.ParseFile(fset, filepath.Join(dir, e.Name()), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		for _, f := range files { // doc.NewFromFiles filters the files
			checkAssertions(t, fset, f)
		}
		p, err := doc.NewFromFiles(fset, files, module+filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		if p.Doc == "" {
			t.Errorf("%s: the package has no doc comment", dir)
		}
		checkPackage(t, dir, p)
	}
}

func checkPackage(t *testing.T, dir string, p *doc.Package) {
	for _, f := range p.Funcs {
		checkFunc(t, dir, f)
	}
	for _, v := range append(p.Consts, p.Vars...) {
		checkValue(t, dir, v)
	}
	for _, typ := range p.Types {
		if typ.Doc == "" {
			t.Errorf("%s: type %s has no doc comment", dir, typ.Name)
		}
		for _, s := range typ.Decl.Specs {
			if ts, ok := s.(*ast.TypeSpec); ok && ts.TypeParams != nil {
				t.Errorf("%s: type %s has type parameters", dir, typ.Name)
			}
		}
		for _, f := range append(typ.Funcs, typ.Methods...) {
			checkFunc(t, dir, f)
		}
		for _, v := range append(typ.Consts, typ.Vars...) {
			checkValue(t, dir, v)
		}
	}
}

func checkFunc(t *testing.T, dir string, f *doc.Func) {
	if f.Doc == "" && f.Level == 0 {
		t.Errorf("%s: %s %s has no doc comment", dir, f.Recv, f.Name)
	}
	if f.Decl.Type.TypeParams != nil {
		t.Errorf("%s: %s has type parameters", dir, f.Name)
	}
	if r := f.Decl.Type.Results; r != nil && len(r.List) == 1 {
		if _, isFunc := r.List[0].Type.(*ast.FuncType); isFunc {
			t.Errorf("%s: %s returns a function only", dir, f.Name)
		}
		if sel, ok := r.List[0].Type.(*ast.IndexExpr); ok {
			if s, ok := sel.X.(*ast.SelectorExpr); ok && s.Sel.Name == "Seq" {
				t.Errorf("%s: %s returns an iterator only", dir, f.Name)
			}
		}
	}
}

// checkValue wants a comment at the group, or at every name of it.
func checkValue(t *testing.T, dir string, v *doc.Value) {
	if v.Doc != "" {
		return
	}
	for _, s := range v.Decl.Specs {
		vs, ok := s.(*ast.ValueSpec)
		if !ok || !vs.Names[0].IsExported() {
			continue
		}
		if vs.Doc == nil && vs.Comment == nil {
			t.Errorf("%s: %s has no doc comment", dir, vs.Names[0].Name)
		}
	}
}

// checkAssertions finds assertions to interfaces with methods of our own: what
// hangs on one is out of reach for a type that a cell declares.
func checkAssertions(t *testing.T, fset *token.FileSet, f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		a, ok := n.(*ast.TypeAssertExpr)
		if !ok || a.Type == nil {
			return true
		}
		i, ok := a.Type.(*ast.InterfaceType)
		if !ok || len(i.Methods.List) == 0 {
			return true
		}
		for _, m := range i.Methods.List {
			for _, name := range m.Names {
				if name.IsExported() && name.Name != "Unwrap" {
					t.Errorf("%s: behaviour hangs on an optional method %s", fset.Position(a.Pos()), name.Name)
				}
			}
		}
		return true
	})
}
