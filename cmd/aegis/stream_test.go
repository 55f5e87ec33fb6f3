package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// withInput makes a file the standard input of a function.
func withInput(t *testing.T, path string, f func()) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	was := os.Stdin
	os.Stdin = in
	defer func() { os.Stdin = was }()
	f()
}

// TestStreams: rows from a file, from standard input, held in memory or in a temporary file, give
// the same model and the same validation; no temporary file stays.
func TestStreams(t *testing.T) {
	t.Chdir(t.TempDir())
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	write(t, "rows.csv", rows("age,marker,kind,state", 300, func(i int) string {
		return fmt.Sprintf("%d,%g,%s,%s", 20+i*7%50, float64(i*13%100)/10, []string{"a", "b", "c"}[i*i%3], map[bool]string{true: "ill", false: "well"}[i*13%100 > 50+i%9])
	}))
	train := func(more ...string) (model []byte, status string) {
		t.Helper()
		flags := append([]string{"train", "--recipe", "mlp", "--hidden", "4", "--epochs", "3", "--report", ""}, more...)
		_, status, code := aegis(t, flags...)
		if code != 0 {
			t.Fatalf("%v: exit code %d: %s", more, code, status)
		}
		model, err := os.ReadFile("model.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		return model, status
	}
	want, _ := train("--data", "rows.csv")
	for _, more := range [][]string{nil, {"--stream"}, {"--stream=false"}} {
		withInput(t, "rows.csv", func() {
			got, status := train(append(more, "--data", "-")...)
			if !bytes.Equal(got, want) {
				t.Errorf("standard input %v: another model", more)
			}
			if spooled := strings.Contains(status, "written to a temporary file"); spooled != (len(more) > 0 && more[0] == "--stream") {
				t.Errorf("standard input %v: %s", more, status)
			}
		})
	}
	table := func(more ...string) string {
		t.Helper()
		flags := append([]string{"crossval", "--folds", "3", "--repeats", "1", "--models", "net,majority", "--hidden", "4", "--epochs", "3", "--report", "", "--quiet"}, more...)
		out, status, code := aegis(t, flags...)
		if code != 0 {
			t.Fatalf("%v: exit code %d: %s", more, code, status)
		}
		var kept []string
		for line := range strings.Lines(out) {
			if f := strings.Fields(line); len(f) > 4 && (f[0] == "net" || f[0] == "majority") {
				kept = append(kept, strings.Join(f[:4], " ")) // the scores, without times
			}
		}
		return strings.Join(kept, "\n")
	}
	scores := table("--data", "rows.csv")
	if !strings.Contains(scores, "net") {
		t.Fatalf("no scores: %q", scores)
	}
	if got := table("--data", "rows.csv", "--stream"); got != scores {
		t.Errorf("from the file\n%s\nin memory\n%s", got, scores)
	}
	withInput(t, "rows.csv", func() {
		if got := table("--data", "-", "--stream"); got != scores {
			t.Errorf("from standard input\n%s\nin memory\n%s", got, scores)
		}
	})
	if _, status, code := aegis(t, "train", "--stream"); code != 2 {
		t.Errorf("exit code %d: %s", code, status)
	}
	write(t, "bad.csv", "a,b\n1,2\n3\n")
	withInput(t, "bad.csv", func() {
		if _, status, code := aegis(t, "train", "--stream", "--data", "-"); code == 0 || !strings.Contains(status, "standard input: row 3") {
			t.Errorf("exit code %d: %s", code, status)
		}
	})
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("temporary files stay: %v, %v", left, err)
	}
}
