package main

import (
	"context"
	"image/png"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestBench(t *testing.T) {
	t.Chdir(t.TempDir())
	names, parts := "W4,w1", []string{"1/2  W4", "optimizer: Adam", "0.Dense: Dense (128,256)"}
	lines := []string{
		`W4 .*  (\d+) epochs/s  +([\d.]+) us a row, one by one  +Wisconsin`,
		`W1 .*  (\d+) samples/s  +(\d+) samples/s, 2048 rows a call  +(?:MNIST|random pixels)`,
	}
	if testing.Short() { // the race detector takes its time over MNIST
		names, parts, lines = "W4", []string{"1/1  W4"}, lines[:1]
	}
	out, status, code := aegis(t, "bench", "--time", "20ms", "--only", names, "--threads", "1", "--profile", "where.png")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, status)
	}
	for _, part := range append(parts, "aegis "+version, "CPU: ", "threads: 1", "workload", "W4, a training step of", "MFLOP a run", "optimizer: SGD", "profile: where.png") {
		if !strings.Contains(status+out, part) {
			t.Errorf("the output does not say %q:\n%s", part, out)
		}
	}
	for _, line := range lines {
		m := regexp.MustCompile(line).FindStringSubmatch(out)
		if m == nil {
			t.Errorf("no line %q in:\n%s", line, out)
			continue
		}
		for _, number := range m[1:] {
			if v, err := strconv.ParseFloat(number, 64); err != nil || !(v > 0) {
				t.Errorf("%q in %q: %v", number, m[0], err)
			}
		}
	}
	if strings.Contains(out, "W2") {
		t.Errorf("W2 was not asked for:\n%s", out)
	}
	f, err := os.Open("where.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.DecodeConfig(f); err != nil || img.Width < 1000 || img.Height < 400 {
		t.Errorf("figure: %v %v", img, err)
	}
}

func TestBenchMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"--only W7", `--only W7: there is no "W7"; there are W1, W2, W3, W4`, exitUsage},
		{"--only ,", "--only ,: names no workload", exitUsage},
		{"--time 0s", "want a time", exitUsage},
		{"--threads -1", "from 0 to 1024 threads", exitUsage},
		{"--profile where.gif", "--profile where.gif: want a name that ends in .png, .svg or .html", exitUsage},
		{"--profile nowhere/where.png", "cannot write nowhere/where.png", exitFailed},
		{"more", `unknown command "more"`, exitUsage},
	} {
		_, status, code := aegis(t, append([]string{"bench"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(status, c.want) {
			t.Errorf("%s: exit code %d, %s", c.args, code, status)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	cancel()
	if _, status, code := aegisWith(ctx, t, "bench", "--only", "W4"); code != exitFailed || !strings.Contains(status, "interrupted") {
		t.Errorf("cancelled: exit code %d, %s", code, status)
	}
}
