// Command bind writes the bindings through which the interpreter of a notebook
// reaches compiled packages: every public package of Aegis, the libraries that
// it builds on, and packages of the standard library that the interpreter lacks
// or has in an old form.
//
//	go run ./bind            write bindings/
//	go run ./bind -o FOLDER  write them elsewhere
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/constant"
	"go/format"
	"go/token"
	"go/types"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cosmos72/gomacro/base/untyped"
	"golang.org/x/tools/go/packages"
)

const module = "github.com/seed732fc211/aegis"

// libraries are bound besides the packages of Aegis. Of the standard library
// these are the packages that the interpreter does not bring, and those that
// have grown since its bindings were made.
var libraries = []string{
	"gorgonia.org/gorgonia",
	"gorgonia.org/tensor",
	"gonum.org/v1/plot",
	"gonum.org/v1/plot/palette",
	"gonum.org/v1/plot/palette/moreland",
	"gonum.org/v1/plot/plotter",
	"gonum.org/v1/plot/plotutil",
	"gonum.org/v1/plot/vg",
	"gonum.org/v1/plot/vg/draw",
	"gonum.org/v1/plot/vg/vgimg",
	"github.com/sjwhitworth/golearn/base",
	"bytes",
	"context",
	"errors",
	"fmt",
	"io/fs",
	"log/slog",
	"math/rand/v2",
	"os",
	"strings",
	"time",
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bind: ")
	folder := flag.String("o", "bindings", "`FOLDER` to write to")
	flag.Parse()
	if err := write(*folder); err != nil {
		log.Fatal(err)
	}
}

// write loads the packages and writes one file for each, and removes files of
// packages that are no longer bound.
func write(folder string) error {
	list, err := load()
	if err != nil {
		return err
	}
	written := map[string]bool{}
	for _, p := range list {
		text, err := bindings(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path(), err)
		}
		name := fileName(p.Path())
		written[name] = true
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return err
		}
	}
	old, err := filepath.Glob(filepath.Join(folder, prefix+"*.go"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if !written[filepath.Base(path)] {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// prefix marks the files that this command writes.
const prefix = "bind_"

func fileName(path string) string {
	path = strings.TrimPrefix(path, "github.com/seed732fc211/")
	return prefix + strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(path) + ".go"
}

// load returns the packages to bind, by path.
func load() ([]*types.Package, error) {
	const mode = packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps
	loaded, err := packages.Load(&packages.Config{Mode: mode, Env: append(os.Environ(), "CGO_ENABLED=0")}, append([]string{module + "/..."}, libraries...)...)
	if err != nil {
		return nil, err
	}
	var list []*types.Package
	for _, p := range loaded {
		if !public(p.PkgPath) {
			continue
		}
		if len(p.Errors) > 0 {
			return nil, p.Errors[0]
		}
		list = append(list, p.Types)
	}
	slices.SortFunc(list, func(a, b *types.Package) int { return strings.Compare(a.Path(), b.Path()) })
	if len(list) < len(libraries)+10 {
		return nil, fmt.Errorf("found %d packages only", len(list))
	}
	return list, nil
}

// public says whether a package is one that cells import.
func public(path string) bool {
	rest, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return true
	}
	for _, part := range strings.Split(rest, "/") {
		switch part {
		case "internal", "cmd", "examples", "notebooks", "bench":
			return false
		}
	}
	return true
}

// writer makes the file of one package.
type writer struct {
	pkg     *types.Package
	imports map[string]string // name by path
	names   map[string]bool   // of imports
}

// bindings returns the file of one package: its functions, variables and
// constants, its types, and for every interface that a cell can implement a
// proxy, a struct of functions with the methods of the interface.
func bindings(p *types.Package) ([]byte, error) {
	w := &writer{pkg: p, imports: map[string]string{}, names: map[string]bool{"imports": true, "reflect": true}}
	self := w.qualify(p)
	var binds, kinds, proxies, untypeds, wrappers, structs bytes.Buffer
	scope := p.Scope()
	for _, name := range scope.Names() {
		if !token.IsExported(name) {
			continue
		}
		switch obj := scope.Lookup(name).(type) {
		case *types.Const:
			w.constant(&binds, &untypeds, obj, self)
		case *types.Var:
			fmt.Fprintf(&binds, "%q: reflect.ValueOf(&%s.%s).Elem(),\n", name, self, name)
		case *types.Func:
			if sig := obj.Type().(*types.Signature); sig.TypeParams().Len() == 0 {
				fmt.Fprintf(&binds, "%q: reflect.ValueOf(%s.%s),\n", name, self, name)
			}
		case *types.TypeName:
			if !usable(obj) {
				continue
			}
			fmt.Fprintf(&kinds, "%q: reflect.TypeOf((*%s.%s)(nil)).Elem(),\n", name, self, name)
			if list := promoted(obj); len(list) > 0 {
				fmt.Fprintf(&wrappers, "%q: {%s},\n", name, quoted(list))
			}
			if i, ok := obj.Type().Underlying().(*types.Interface); ok && w.implementable(i) {
				fmt.Fprintf(&proxies, "%q: reflect.TypeOf((*%s)(nil)).Elem(),\n", name, proxyName(p, name))
				w.proxy(&structs, proxyName(p, name), i)
			}
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "// Code generated by bind. DO NOT EDIT.\n\n//lint:file-ignore SA1019 a binding names all that a package exports\n\npackage bindings\n\nimport (\n\t\"reflect\"\n\n\t\"github.com/cosmos72/gomacro/imports\"\n")
	for _, path := range sorted(w.imports) {
		fmt.Fprintf(&out, "\t%s %q\n", w.imports[path], path)
	}
	fmt.Fprintf(&out, ")\n\nfunc init() {\n\timports.Packages.MergePackage(%q, imports.PackageUnderlying{\n\t\tName: %q,\n", p.Path(), p.Name())
	for _, part := range []struct {
		name, kind string
		body       *bytes.Buffer
	}{
		{"Binds", "map[string]reflect.Value", &binds},
		{"Types", "map[string]reflect.Type", &kinds},
		{"Proxies", "map[string]reflect.Type", &proxies},
		{"Untypeds", "map[string]string", &untypeds},
		{"Wrappers", "map[string][]string", &wrappers},
	} {
		fmt.Fprintf(&out, "%s: %s{\n%s},\n", part.name, part.kind, part.body)
	}
	fmt.Fprintf(&out, "})\n}\n%s", &structs)
	return format.Source(out.Bytes())
}

// constant binds a constant; one without a type keeps all its digits in the
// interpreter's own notation.
func (w *writer) constant(binds, untypeds *bytes.Buffer, c *types.Const, self string) {
	value := self + "." + c.Name()
	basic, isBasic := c.Type().(*types.Basic)
	if isBasic && basic.Info()&types.IsUntyped != 0 {
		fmt.Fprintf(untypeds, "%q: %q,\n", c.Name(), untyped.Marshal(untyped.GoUntypedToKind(basic.Kind()), c.Val()))
		if c.Val().Kind() == constant.Int {
			if _, exact := constant.Int64Val(c.Val()); !exact {
				value = "uint64(" + value + ")"
			}
		}
	}
	fmt.Fprintf(binds, "%q: reflect.ValueOf(%s),\n", c.Name(), value)
}

// usable says whether a type can be named in Go code without type arguments.
func usable(obj *types.TypeName) bool {
	if n, ok := types.Unalias(obj.Type()).(*types.Named); ok && n.TypeParams().Len() > n.TypeArgs().Len() {
		return false
	}
	if a, ok := obj.Type().(*types.Alias); ok && a.TypeParams().Len() > a.TypeArgs().Len() {
		return false
	}
	if i, ok := obj.Type().Underlying().(*types.Interface); ok && !i.IsMethodSet() {
		return false
	}
	return true
}

// promoted returns the methods that a struct has from its embedded fields:
// reflection cannot tell them from its own.
func promoted(obj *types.TypeName) []string {
	named, ok := obj.Type().(*types.Named)
	if !ok || types.IsInterface(named) {
		return nil
	}
	var list []string
	for _, t := range []types.Type{named, types.NewPointer(named)} {
		set := types.NewMethodSet(t)
		for i := range set.Len() {
			s := set.At(i)
			if s.Obj().Exported() && len(s.Index()) > 1 && !slices.Contains(list, s.Obj().Name()) {
				list = append(list, s.Obj().Name())
			}
		}
	}
	slices.Sort(list)
	return list
}

// implementable says whether another package can implement an interface, and
// can name everything in its methods.
func (w *writer) implementable(i *types.Interface) bool {
	for m := range i.Methods() {
		if !m.Exported() || !nameable(m.Type(), map[types.Type]bool{}) {
			return false
		}
	}
	return true
}

// nameable says whether all named types in t are exported and not internal.
func nameable(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return true
	}
	seen[t] = true
	inTuple := func(tuple *types.Tuple) bool {
		for v := range tuple.Variables() {
			if !nameable(v.Type(), seen) {
				return false
			}
		}
		return true
	}
	object := func(obj *types.TypeName) bool {
		if obj.Pkg() == nil {
			return true // error, any
		}
		path := "/" + obj.Pkg().Path() + "/"
		return obj.Exported() && !strings.Contains(path, "/internal/") && !strings.Contains(path, "/vendor/")
	}
	switch t := t.(type) {
	case *types.Alias:
		return object(t.Obj())
	case *types.Named:
		for a := range t.TypeArgs().Types() {
			if !nameable(a, seen) {
				return false
			}
		}
		return object(t.Obj())
	case *types.Pointer:
		return nameable(t.Elem(), seen)
	case *types.Slice:
		return nameable(t.Elem(), seen)
	case *types.Array:
		return nameable(t.Elem(), seen)
	case *types.Chan:
		return nameable(t.Elem(), seen)
	case *types.Map:
		return nameable(t.Key(), seen) && nameable(t.Elem(), seen)
	case *types.Signature:
		return inTuple(t.Params()) && inTuple(t.Results())
	case *types.Struct:
		for f := range t.Fields() {
			if !f.Exported() || !nameable(f.Type(), seen) {
				return false
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			if !m.Exported() || !nameable(m.Type(), seen) {
				return false
			}
		}
	}
	return true
}

// proxyName returns the name of the proxy for an interface. It shows in paths
// where a cell's layer has no other name.
func proxyName(p *types.Package, name string) string {
	short := strings.TrimPrefix(p.Path(), module+"/")
	if short == p.Path() {
		short = strings.NewReplacer(".", "_", "-", "_").Replace(p.Path())
	}
	return "Cell_" + strings.ReplaceAll(short, "/", "_") + "_" + name
}

// proxy writes the struct of functions that stands for an interface. The
// interpreter asks for this form: field Object, then for every method, in order,
// a function of the same name and an underscore that takes Object first.
func (w *writer) proxy(out *bytes.Buffer, name string, i *types.Interface) {
	var fields, methods bytes.Buffer
	for k := range i.NumMethods() { // sorted by name
		m := i.Method(k)
		sig := m.Type().(*types.Signature)
		var params, args []string
		for n := range sig.Params().Len() {
			t := types.TypeString(sig.Params().At(n).Type(), w.qualify)
			arg := fmt.Sprintf("a%d", n)
			if sig.Variadic() && n == sig.Params().Len()-1 {
				t = "..." + types.TypeString(sig.Params().At(n).Type().(*types.Slice).Elem(), w.qualify)
				args = append(args, arg+"...")
			} else {
				args = append(args, arg)
			}
			params = append(params, arg+" "+t)
		}
		var results []string
		for v := range sig.Results().Variables() {
			results = append(results, types.TypeString(v.Type(), w.qualify))
		}
		result := ""
		if len(results) > 0 {
			result = "(" + strings.Join(results, ", ") + ")"
		}
		give := ""
		if len(results) > 0 {
			give = "return "
		}
		fmt.Fprintf(&fields, "%s_ func(%s) %s\n", m.Name(), strings.Join(append([]string{"object any"}, params...), ", "), result)
		fmt.Fprintf(&methods, "\nfunc (p *%s) %s(%s) %s { %sp.%s_(%s) }\n", name, m.Name(), strings.Join(params, ", "), result, give, m.Name(), strings.Join(append([]string{"p.Object"}, args...), ", "))
	}
	fmt.Fprintf(out, "\n// %s stands for a type that a cell declares.\ntype %s struct {\nObject any\n%s}\n%s", name, name, &fields, &methods)
}

// qualify returns the name by which the file knows a package.
func (w *writer) qualify(p *types.Package) string {
	if name, ok := w.imports[p.Path()]; ok {
		return name
	}
	name := "_" + p.Name()
	for n := 2; w.names[name]; n++ {
		name = fmt.Sprintf("_%s%d", p.Name(), n)
	}
	w.names[name] = true
	w.imports[p.Path()] = name
	return name
}

func sorted(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func quoted(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(out, ", ")
}
