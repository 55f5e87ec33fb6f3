//go:build unix && !solaris && !aix

package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
)

// TestPipes: results, pages, models and predictions go through a FIFO, which stays.
func TestPipes(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "t.csv", rows("a,y", 30, func(i int) string { return fmt.Sprintf("%d,%c", i%7, 'u'+i%7/4) }))
	validate := []string{"crossval", "--data", "t.csv", "--folds", "2", "--repeats", "1", "--models", "majority", "--quiet", "--report", ""}
	fit := []string{"train", "--data", "t.csv", "--epochs", "2", "--quiet", "--report", ""}
	if _, status, code := aegis(t, fit...); code != 0 {
		t.Fatal(status)
	}
	for _, c := range []struct {
		flag, pipe, begin string
		args              []string
	}{
		{"--json", "pipe.json", "{", validate},
		{"--report", "pipe.html", "<!DOCTYPE html>", validate},
		{"--model", "pipe.safetensors", "", fit},
		{"--report", "pipe.png", "\x89PNG", fit},
		{"--output", "pipe.csv", "y,P(u),P(v)\n", []string{"predict", "--data", "t.csv"}},
	} {
		t.Run(c.pipe, func(t *testing.T) {
			if err := syscall.Mkfifo(c.pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			got := make(chan []byte, 1)
			go func() {
				raw, err := os.ReadFile(c.pipe)
				if err != nil {
					t.Error(err)
				}
				got <- raw
			}()
			if out, status, code := aegis(t, append(slices.Clip(c.args), c.flag, c.pipe)...); code != 0 {
				t.Fatalf("exit code %d: %s%s", code, out, status)
			}
			if st, err := os.Lstat(c.pipe); err != nil || st.Mode()&os.ModeNamedPipe == 0 {
				t.Fatalf("the pipe has been replaced: %v (%v)", st, err)
			}
			if raw := <-got; len(raw) < 100 || !bytes.HasPrefix(raw, []byte(c.begin)) {
				t.Errorf("%d bytes came through, which begin with %.16q", len(raw), raw)
			}
		})
	}
}
