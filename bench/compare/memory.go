package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/data"
)

const (
	memoryRows  = 6400 // random images, so that no loader of files is measured
	memorySteps = 100

	languageSteps = 20
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
	if l, err := workload.NamedLanguage(who); err == nil {
		return languageMemoryOf(ctx, l)
	}
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
		return fmt.Errorf("-memory-of %s: want aegis or stock, or a network on tokens", who)
	}
	n, err := highWater()
	if err != nil {
		return err
	}
	fmt.Println(n)
	return nil
}

// languageMemory trains a network on tokens in a process of its own and returns by how many bytes its
// peak of resident memory is above what it had with the data and a library that was used, and the
// same of PyTorch: 0 without it.
func languageMemory(ctx context.Context, p *pythons, folder string, l workload.Language) (ours, torch int, err error) {
	if ours, err = peakMemory(ctx, l.Name); err != nil {
		return 0, 0, err
	}
	if has, _ := p.has(); !has {
		return ours, 0, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return 0, 0, err
	}
	m, err := l.Model()
	if err != nil {
		return 0, 0, err
	}
	path := filepath.Join(folder, l.Name+".safetensors")
	if err := m.Save(path); err != nil {
		return 0, 0, err
	}
	c, err := startPython(ctx, p.program, environment{})
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	var before, after struct{ Peak int }
	if err := c.ask(map[string]any{"op": "check"}, &struct{}{}); err != nil {
		return 0, 0, err
	}
	if err := c.ask(map[string]any{"op": "memory"}, &before); err != nil {
		return 0, 0, err
	}
	s, err := c.start(map[string]any{"kind": "language", "net": l, "weights": path, "variant": languageWays(l)[0], "threads": threadCounts()[0]})
	if err != nil {
		return 0, 0, err
	}
	for range languageSteps { // a window of no time is a step
		if _, err := s.Window(ctx, 0); err != nil {
			return 0, 0, err
		}
	}
	err = c.ask(map[string]any{"op": "memory"}, &after)
	return ours, after.Peak - before.Peak, err
}

// languageMemoryOf is the process of languageMemory.
func languageMemoryOf(ctx context.Context, l workload.Language) error {
	set, err := l.Data(0)
	if err != nil {
		return err
	}
	// As PyTorch's, whose products and convolutions were checked before.
	small := l
	small.Batch, small.Rows, small.Dim, small.Units, small.Depth = 2, 4, 16, 32, 1
	if err := trainedOn(ctx, small, nil, 1); err != nil {
		return err
	}
	before, err := highWater()
	if err != nil {
		return err
	}
	if err := trainedOn(ctx, l, set, languageSteps); err != nil {
		return err
	}
	after, err := highWater()
	if err != nil {
		return err
	}
	fmt.Println(after - before)
	return nil
}

// trainedOn trains a network on tokens for some steps; set nil: on its own data.
func trainedOn(ctx context.Context, l workload.Language, set *data.Set, steps int) error {
	if set == nil {
		var err error
		if set, err = l.Data(0); err != nil {
			return err
		}
	}
	t, err := l.Train(ctx, set)
	if err != nil {
		return err
	}
	defer t.Close()
	_, err = t.Steps(steps)
	return err
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
