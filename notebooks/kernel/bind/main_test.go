package main

import (
	"bytes"
	"os"
	"path/filepath"
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
