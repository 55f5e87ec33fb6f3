package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
)

// fake writes a program that takes Python's place: it answers every request with
// the same line, after it has said hello with the value of a variable.
func fake(t *testing.T, answer string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\nread first\necho \"{\\\"torch\\\":\\\"$LIBRARY\\\",\\\"blas\\\":\\\"fake\\\"}\"\nwhile read line; do echo '" + answer + "'; done\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestChild(t *testing.T) {
	ctx := context.Background()
	t.Setenv("LIBRARY", "wrong")
	c, err := startPython(ctx, fake(t, `{"id":3,"rate":5,"error":1e-7}`), environment{name: "one", set: []string{"LIBRARY=1.13"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.hello.Torch != "1.13" || c.hello.Blas != "fake" || !strings.Contains(c.hello.String(), "PyTorch 1.13") {
		t.Errorf("hello: %+v", c.hello)
	}
	s, err := c.start(map[string]any{"kind": "training"})
	if err != nil {
		t.Fatal(err)
	}
	if rate, err := s.Window(ctx, time.Millisecond); err != nil || rate != 5 {
		t.Errorf("rate %v, %v", rate, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestChildFails(t *testing.T) {
	c, err := startPython(context.Background(), fake(t, `{"failed":"RuntimeError: no such thing","trace":"..."}`), environment{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.start(map[string]any{"kind": "training"}); err == nil || err.Error() != "RuntimeError: no such thing" {
		t.Errorf("have %v", err)
	}
	c.Close()
	if _, err := c.start(map[string]any{}); err == nil {
		t.Error("a closed child answers")
	}
	if _, err := startPython(context.Background(), filepath.Join(t.TempDir(), "none"), environment{}); err == nil {
		t.Error("a Python that is not there starts")
	}
}

// TestPythons: a child whose products are wrong takes no part; the others take
// part in rows with every way and number of threads.
func TestPythons(t *testing.T) {
	ctx := context.Background()
	var log bytes.Buffer
	bad, err := startPythons(ctx, fake(t, `{"error":1e-3}`), []environment{{name: "bad"}}, t.TempDir(), &log)
	if err != nil {
		t.Fatal(err)
	}
	defer bad.Close()
	if len(bad.children) != 0 || !strings.Contains(log.String(), "left out: bad: products are wrong by 1.0e-03") {
		t.Errorf("%d children: %s", len(bad.children), &log)
	}
	p, err := startPythons(ctx, fake(t, `{"error":1e-7,"id":0,"rate":7}`), []environment{{name: "a", set: []string{"LIBRARY=2"}}, {name: "b", set: []string{"LIBRARY=2", "MALLOC_TOP_PAD_=1"}}}, t.TempDir(), &log)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	w, err := workload.Named("W4")
	if err != nil {
		t.Fatal(err)
	}
	a := &arena{window: 4 * time.Millisecond, rounds: 2, log: &log}
	r, err := trainingRow(ctx, a, &others{python: p}, w)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.contestants, func(c contestant) bool { return c.name == "PyTorch" })
	if i < 0 || len(r.contestants[i].candidates) != len(trainingWays["W4"])*len(threadCounts()) {
		t.Fatalf("contestants %+v", r.contestants)
	}
	if slices.ContainsFunc(r.contestants, func(c contestant) bool { return c.name == "scikit-learn" }) {
		t.Error("scikit-learn takes part, though it is not there")
	}
	res, err := a.run(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := res.entry("PyTorch"); !ok || !slices.Equal(e.rates, []float64{7, 7}) || !strings.Contains(e.how, "environment: ") {
		t.Errorf("entry %+v", e)
	}
	for name, size := range map[string]int64{"table.x": 544 * 30 * 4, "table.y": 544} {
		if st, err := os.Stat(filepath.Join(p.folder, name)); err != nil || st.Size() != size {
			t.Errorf("%s: %v, %v", name, st, err)
		}
	}
	product := productRow(ctx, a, p, product{2, 3, 4}, 1)
	if c := product.contestants[2]; c.name != "OpenBLAS" || len(c.candidates) != 1 {
		t.Errorf("of a product: %+v", c)
	}
}
