package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/bench/workload"
)

const (
	memoryRows  = 6400 // random images, so that no loader of files is measured
	memorySteps = 100
)

// peakMemory trains W2 in a process of its own and returns its peak of resident
// memory in bytes.
func peakMemory(ctx context.Context, who string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, self, "-memory-of", who)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("memory of %s: %w", who, err)
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// memoryOf is the process of peakMemory: it trains and prints its peak.
func memoryOf(ctx context.Context, who string) error {
	w, err := workload.Named("W2")
	if err != nil {
		return err
	}
	set, err := w.Random(memoryRows)
	if err != nil {
		return err
	}
	switch who {
	case "aegis":
		t, err := w.Train(ctx, set)
		if err != nil {
			return err
		}
		if _, err := t.Steps(memorySteps); err != nil {
			return err
		}
	case "stock":
		s, err := newStock(w, set, w.Batch, true)
		if err != nil {
			return err
		}
		for range memorySteps {
			if err := s.step(); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("-memory-of %s: want aegis or stock", who)
	}
	n, err := highWater()
	if err != nil {
		return err
	}
	fmt.Println(n)
	return nil
}

// highWater returns the peak of resident memory of this process in bytes.
func highWater() (int, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(v), " kB"))
			return n << 10, err
		}
	}
	return 0, errors.New("/proc/self/status has no VmHWM")
}

// torchMemory trains W2 in a Python of its own and returns its peak.
func torchMemory(ctx context.Context, python, folder string) (int, error) {
	w, err := workload.Named("W2")
	if err != nil {
		return 0, err
	}
	set, err := w.Random(memoryRows)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return 0, err
	}
	p := &pythons{folder: folder, files: map[string]map[string]any{}}
	rows, err := p.rows("train", w, set)
	if err != nil {
		return 0, err
	}
	c, err := startPython(ctx, python, environment{})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	s, err := c.start(map[string]any{"kind": "training", "workload": w.Name, "variant": trainingWays["W2"][0], "batch": w.Batch, "train": rows, "threads": threadCounts()[0]})
	if err != nil {
		return 0, err
	}
	for range memorySteps { // a window of no time is a step
		if _, err := s.Window(ctx, 0); err != nil {
			return 0, err
		}
	}
	var answer struct{ Peak int }
	err = c.ask(map[string]any{"op": "memory"}, &answer)
	return answer.Peak, err
}
