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
		case path != "../.." && strings.HasPrefix(name, "."), name == "internal", name == "cmd", name == "bench", name == "examples", name == "testdata", name == "embedded", name == "docs", name == "notebooks":
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

// ofThisModule leaves out the packages of modules in folders of this one.
func ofThisModule(dirs []string) []string {
	var list []string
	for _, dir := range dirs {
		nested := false
		for d := dir; d != "../.."; d = filepath.Dir(d) {
			_, err := os.Stat(filepath.Join(d, "go.mod"))
			nested = nested || err == nil
		}
		if !nested {
			list = append(list, dir)
		}
	}
	return list
}

// TestAPI holds exported names to what an interpreter's cell can use
// (docs/design/0007-what-a-cell-cannot-do.md), and to having a doc comment: no
// type parameters and no generic types of others, nothing to range over that is a
// function, interfaces of one exported method, no behaviour that hangs on an
// interface that a type assertion finds, no exported name without a sentence.
func TestAPI(t *testing.T) {
	dirs := public(t)
	if len(dirs) < 10 {
		t.Fatalf("found %d public packages only: %v", len(dirs), dirs)
	}
	packages := parseAll(t, dirs)
	ours := interfaces(packages)
	if len(ours) < 10 {
		t.Fatalf("found %d interfaces only: %v", len(ours), ours)
	}
	for _, p := range packages {
		for _, f := range p.files { // doc.NewFromFiles filters the files
			complain(t, checkAssertions(p.fset, f, ours))
			complain(t, checkReach(p.fset, f))
		}
		d, err := doc.NewFromFiles(p.fset, p.files, module+filepath.Base(p.dir))
		if err != nil {
			t.Fatal(err)
		}
		if d.Doc == "" {
			t.Errorf("%s: the package has no doc comment", p.dir)
		}
		checkPackage(t, p.dir, d)
	}
}

func complain(t *testing.T, list []string) {
	t.Helper()
	for _, what := range list {
		t.Error(what)
	}
}

// parsed is a package's files but for its tests.
type parsed struct {
	dir   string
	fset  *token.FileSet
	files []*ast.File
}

func parseAll(t *testing.T, dirs []string) []parsed {
	t.Helper()
	var all []parsed
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
		all = append(all, parsed{dir, fset, files})
	}
	return all
}

// interfaces returns the names, with their package's, of the interfaces with
// methods that the packages declare.
func interfaces(packages []parsed) map[string]bool {
	found := map[string]bool{}
	for _, p := range packages {
		for _, f := range p.files {
			for _, d := range f.Decls {
				g, ok := d.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, s := range g.Specs {
					if ts, ok := s.(*ast.TypeSpec); ok {
						if i, ok := ts.Type.(*ast.InterfaceType); ok && len(i.Methods.List) > 0 {
							found[f.Name.Name+"."+ts.Name.Name] = true
						}
					}
				}
			}
		}
	}
	return found
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

// checkReach looks at what exported declarations name: a cell can give no type
// arguments, not even to the types of others, cannot range over a function, and
// implements an interface only if all its methods are exported; of several it
// would have to write all, where one and an adapter serve.
func checkReach(fset *token.FileSet, f *ast.File) []string {
	var wrong []string
	say := func(n ast.Node, what string) { wrong = append(wrong, fset.Position(n.Pos()).String()+": "+what) }
	names := func(n ast.Node) {
		if n == nil {
			return
		}
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.IndexExpr, *ast.IndexListExpr:
				say(n, "an exported declaration names a generic type")
			case *ast.FuncType:
				if iterator(n) {
					say(n, "an iterator, over which a cell cannot range")
				}
			}
			return true
		})
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d)) {
				names(d.Type)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.ValueSpec:
					if s.Names[0].IsExported() && s.Type != nil {
						names(s.Type)
					}
				case *ast.TypeSpec:
					if !s.Name.IsExported() {
						continue
					}
					switch typ := s.Type.(type) {
					case *ast.StructType:
						for _, field := range typ.Fields.List {
							if len(field.Names) == 0 || field.Names[0].IsExported() {
								names(field.Type)
							}
						}
					case *ast.InterfaceType:
						for _, m := range typ.Methods.List {
							if len(m.Names) == 1 && !m.Names[0].IsExported() {
								say(m, "a cell cannot implement an interface with the method "+m.Names[0].Name)
							}
						}
						if len(typ.Methods.List) > 1 {
							say(s, "the interface "+s.Name.Name+" has more than one method")
						}
						names(typ)
					default:
						names(typ)
					}
				}
			}
		}
	}
	return wrong
}

// iterator says whether a function is one to range over: its only parameter is a
// function that returns a bool.
func iterator(f *ast.FuncType) bool {
	if f.Params.NumFields() != 1 || f.Results.NumFields() != 0 {
		return false
	}
	yield, ok := f.Params.List[0].Type.(*ast.FuncType)
	if !ok || yield.Results.NumFields() != 1 {
		return false
	}
	result, ok := yield.Results.List[0].Type.(*ast.Ident)
	return ok && result.Name == "bool"
}

func exportedReceiver(d *ast.FuncDecl) bool {
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

// checkAssertions finds assertions, and cases of type switches, to interfaces with
// methods: what hangs on one is out of reach for a type that a cell declares, as
// the interpreter hands it on as another one. Methods that are not exported are a
// package's own, Unwrap and String have a form that works without; an assertion to a
// named interface that panics where it fails asks for nothing.
func checkAssertions(fset *token.FileSet, f *ast.File, ours map[string]bool) []string {
	var wrong []string
	check := func(typ ast.Expr, certain bool) {
		switch typ := typ.(type) {
		case *ast.Ident:
			if !certain && ours[f.Name.Name+"."+typ.Name] {
				wrong = append(wrong, fset.Position(typ.Pos()).String()+": behaviour hangs on the optional interface "+typ.Name)
			}
		case *ast.SelectorExpr:
			if pkg, ok := typ.X.(*ast.Ident); ok && !certain && ours[pkg.Name+"."+typ.Sel.Name] {
				wrong = append(wrong, fset.Position(typ.Pos()).String()+": behaviour hangs on the optional interface "+pkg.Name+"."+typ.Sel.Name)
			}
		case *ast.InterfaceType:
			for _, m := range typ.Methods.List {
				for _, name := range m.Names {
					if name.IsExported() && name.Name != "Unwrap" && name.Name != "String" {
						wrong = append(wrong, fset.Position(typ.Pos()).String()+": behaviour hangs on the optional method "+name.Name)
					}
				}
			}
		}
	}
	optional := map[*ast.TypeAssertExpr]bool{} // those that ask: v, ok := x.(T)
	ask := func(left int, right []ast.Expr) {
		if left == 2 && len(right) == 1 {
			if a, ok := right[0].(*ast.TypeAssertExpr); ok {
				optional[a] = true
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			ask(len(n.Lhs), n.Rhs)
		case *ast.ValueSpec:
			ask(len(n.Names), n.Values)
		case *ast.TypeAssertExpr:
			check(n.Type, !optional[n])
		case *ast.TypeSwitchStmt:
			for _, c := range n.Body.List {
				for _, typ := range c.(*ast.CaseClause).List {
					check(typ, false)
				}
			}
		}
		return true
	})
	return wrong
}

// TestReachIsChecked holds the checks to sources that break each rule once, and to
// one that breaks none.
func TestReachIsChecked(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"nothing", "type A interface{ Do() }\nfunc F(a A, g func(int) bool) ([]int, error) { return nil, nil }\ntype s struct{ x list[int] }", ""},
		{"generic result", "func F() iter.Seq[int] { return nil }", "generic type"},
		{"generic of two", "func F() iter.Seq2[int, int] { return nil }", "generic type"},
		{"generic field", "type A struct{ X atomic.Pointer[int] }", "generic type"},
		{"generic alias", "type A = list[int]", "generic type"},
		{"generic variable", "var A list[int]", "generic type"},
		{"generic method", "type A struct{}\nfunc (*A) F(x list[int]) {}", "generic type"},
		{"hidden method", "type a struct{}\nfunc (*a) F(x list[int]) {}", ""},
		{"iterator", "func F() (func(yield func(int) bool), error) { return nil, nil }", "an iterator"},
		{"type of iterators", "type A func(yield func(int, string) bool)", "an iterator"},
		{"two methods", "type A interface{ F(); G() }", "more than one method"},
		{"hidden method of an interface", "type A interface{ f() }", "cannot implement"},
		{"assertion", "func f(x any) { x.(interface{ Fit() }).Fit() }", "optional method Fit"},
		{"assertion to a name", "type A interface{ Do() }\nfunc f(x any) { if a, ok := x.(A); ok { a.Do() } }", "optional interface A"},
		{"assertion in a declaration", "type A interface{ Do() }\nfunc f(x any) { var _, ok = x.(A); _ = ok }", "optional interface A"},
		{"assertion that is certain", "type A interface{ Do() }\nfunc f(x any) { x.(A).Do() }", ""},
		{"assertion to another's", "func f(x any) { _, ok := x.(layers.Layer); _ = ok }", "optional interface layers.Layer"},
		{"type switch", "type A interface{ Do() }\nfunc f(x any) { switch x.(type) { case int: case A: } }", "optional interface A"},
		{"assertion to a struct", "type A struct{}\nfunc f(x any) { _ = x.(A); _ = x.(interface{ String() string }) }", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, "a.go", "package a\n"+c.source, 0)
			if err != nil {
				t.Fatal(err)
			}
			ours := interfaces([]parsed{{files: []*ast.File{f}}})
			ours["layers.Layer"] = true
			got := append(checkReach(fset, f), checkAssertions(fset, f, ours)...)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("found %q", got)
			case c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)):
				t.Errorf("found %q, want %q once", got, c.want)
			}
		})
	}
}
