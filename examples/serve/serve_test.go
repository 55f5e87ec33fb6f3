package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
)

// model saves a net that adds up two numbers.
func model(t *testing.T) string {
	t.Helper()
	ones := graph.Weight{Init: graph.Ones{}}
	m, err := models.Sequential(models.Config{}, models.Input("x", 2), layers.Dense{Units: 1, Kernel: ones})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServe(t *testing.T) {
	path := model(t)
	for _, c := range []struct{ in, out, err string }{
		{"1,2\n0.5, -1\n", "[3]\n[-0.5]\n", ""}, {"1,2\n3\n", "[3]\n", "row 2 has 1 numbers, the model takes 2"}, {"1,x\n", "", "row 1: strconv.ParseFloat"},
	} {
		var out bytes.Buffer
		err := serve(path, strings.NewReader(c.in), &out)
		if out.String() != c.out || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q gives %q, %v", c.in, &out, err)
		}
	}
	if err := serve(path+".not", strings.NewReader(""), &bytes.Buffer{}); err == nil {
		t.Error("a file that is not there is served")
	}
}

// TestSize holds what serves a model to a size: 6 MB for a browser, 12 MB as a static
// native program, both with symbols.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	for _, c := range []struct {
		os, arch string
		most     int64
	}{{"js", "wasm", 6_000_000}, {"linux", "amd64", 12_000_000}, {"linux", "arm64", 12_000_000}} {
		path := filepath.Join(t.TempDir(), "serve")
		cmd := exec.Command("go", "build", "-o", path, ".")
		cmd.Env = append(os.Environ(), "GOOS="+c.os, "GOARCH="+c.arch, "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s/%s: %v\n%s", c.os, c.arch, err, text)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s/%s: %d bytes", c.os, c.arch, info.Size())
		if info.Size() > c.most {
			t.Errorf("%s/%s: %d bytes, want at most %d", c.os, c.arch, info.Size(), c.most)
		}
	}
}
