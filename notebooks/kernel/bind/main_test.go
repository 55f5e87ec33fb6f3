package main

import (
	"bytes"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBindingsAreFresh writes the bindings anew and compares them with those
// that are committed. They are stale after a change of the public API, of a
// version in go.mod, or of the Go release.
func TestBindingsAreFresh(t *testing.T) {
	folder := t.TempDir()
	if err := write(folder); err != nil {
		t.Fatal(err)
	}
	fresh, err := filepath.Glob(filepath.Join(folder, prefix+"*.go"))
	if err != nil || len(fresh) < 30 {
		t.Fatalf("wrote %d files: %v", len(fresh), err)
	}
	committed, err := filepath.Glob("../bindings/" + prefix + "*.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(committed) != len(fresh) {
		t.Errorf("%d files are committed, %d were written", len(committed), len(fresh))
	}
	for _, path := range fresh {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("../bindings", filepath.Base(path)))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("bindings/%s is stale: run go generate ./bindings in notebooks/kernel", filepath.Base(path))
		}
	}
}

// TestCellsCanImplementInterfaces checks that every interface that Aegis exports
// has a proxy, without which no type of a cell can stand for it.
func TestCellsCanImplementInterfaces(t *testing.T) {
	list, err := load()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range list {
		if !strings.HasPrefix(p.Path(), module+"/") {
			continue
		}
		w := &writer{pkg: p, imports: map[string]string{}, names: map[string]bool{}}
		for _, name := range p.Scope().Names() {
			obj, ok := p.Scope().Lookup(name).(*types.TypeName)
			if !ok || !obj.Exported() {
				continue
			}
			i, ok := obj.Type().Underlying().(*types.Interface)
			if !ok || strings.HasPrefix(obj.Type().String(), "gorgonia.org/") {
				continue
			}
			found++
			if !usable(obj) || !w.implementable(i) {
				t.Errorf("%s.%s cannot be implemented by a cell", p.Path(), name)
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d interfaces only", found)
	}
}

func TestPublic(t *testing.T) {
	for path, want := range map[string]bool{
		module + "/layers":               true,
		module + "/crossval/baselines":   true,
		module + "/internal/kernel":      false,
		module + "/cmd/aegis":            false,
		module + "/notebooks/kernel/b":   false,
		"gorgonia.org/tensor":            true,
		module + "/graph/graphtest":      true,
		module + "/examples/firststep":   false,
		"github.com/sjwhitworth/golearn": true,
	} {
		if public(path) != want {
			t.Errorf("public(%s) = %v", path, !want)
		}
	}
}
