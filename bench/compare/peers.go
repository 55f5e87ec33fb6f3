package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/data"
)

// wrong is the relative error of a product from which on a BLAS is not taken to
// be correct. float32 has 6e-8; sums of 3000 products stay well below.
const wrong = 1e-5

// pythons are children in environments that give right numbers.
type pythons struct {
	program  string
	children []*child
	log      io.Writer
	folder   string // of the rows, as files
	files    map[string]map[string]any
}

// startPythons starts a child in every environment, and keeps those whose numbers
// are right.
func startPythons(ctx context.Context, python string, envs []environment, folder string, log io.Writer) (*pythons, error) {
	p := &pythons{program: python, log: log, folder: folder, files: map[string]map[string]any{}}
	for _, e := range envs {
		c, err := startPython(ctx, python, e)
		if err != nil {
			return p, err
		}
		var check struct{ Error float64 }
		err = c.ask(map[string]any{"op": "check"}, &check)
		switch {
		case err != nil:
			fmt.Fprintf(log, "left out: %s: %v\n", e.name, err)
			c.Close()
		case !(check.Error < wrong):
			fmt.Fprintf(log, "left out: %s: products are wrong by %.1e\n", e.name, check.Error)
			c.Close()
		default:
			fmt.Fprintf(log, "%s: %s; ATen %s; largest relative error %.1e\n", e.name, c.hello.Blas, c.hello.Capability, check.Error)
			p.children = append(p.children, c)
		}
	}
	return p, nil
}

// Close ends the children.
func (p *pythons) Close() {
	for _, c := range p.children {
		c.Close()
	}
}

// rows writes a set to files that the children read, once.
func (p *pythons) rows(name string, w workload.Workload, set *data.Set) (map[string]any, error) {
	if w.Table {
		name = "table"
	}
	if f := p.files[name]; f != nil {
		f = maps.Clone(f)
		f["shape"] = w.Shape
		return f, nil
	}
	x, _, err := rowsOf(set)
	if err != nil {
		return nil, err
	}
	labels, err := set.Labels()
	if err != nil {
		return nil, err
	}
	classes := make([]byte, len(labels))
	for i, l := range labels {
		classes[i] = byte(l)
	}
	var values []byte
	if w.Table {
		for _, v := range x {
			values = binary.LittleEndian.AppendUint32(values, math.Float32bits(v))
		}
	} else {
		values = make([]byte, len(x))
		for i, v := range x {
			values[i] = byte(math.Round(float64(v) * 255))
		}
	}
	f := map[string]any{"x": filepath.Join(p.folder, name+".x"), "y": filepath.Join(p.folder, name+".y"), "rows": set.Len(), "shape": w.Shape, "bytes": !w.Table}
	if err := os.WriteFile(f["x"].(string), values, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(f["y"].(string), classes, 0o600); err != nil {
		return nil, err
	}
	p.files[name] = f
	return f, nil
}

// way is one way to run a session: a request, and how that is called.
type way struct {
	how     string
	request map[string]any
}

// candidates makes candidates of ways, each with 1 thread and with as many as
// there are processors, in the one environment in which the first way is fastest.
func (p *pythons) candidates(ctx context.Context, a *arena, ways []way) []candidate {
	if len(p.children) == 0 || len(ways) == 0 {
		return nil
	}
	best := p.children[0]
	if len(p.children) > 1 {
		var first []candidate
		for _, c := range p.children {
			first = append(first, c.candidates(ways[:1])...)
		}
		list, _ := a.tryOut(ctx, "environment", first)
		each := map[string]float64{}
		for _, e := range list {
			each[e.how] = e.top
		}
		closeAll(list)
		top := 0.0
		for _, c := range p.children {
			rate := 0.0
			for _, cand := range c.candidates(ways[:1]) {
				rate = max(rate, each[cand.how])
			}
			fmt.Fprintf(p.log, "  %s: %.4g with %s\n", c.env.name, rate, ways[0].how)
			if rate > top {
				best, top = c, rate
			}
			if err := c.ask(map[string]any{"op": "forget"}, &struct{}{}); err != nil {
				fmt.Fprintf(p.log, "  %s: %v\n", c.env.name, err)
			}
		}
	}
	return best.candidates(ways)
}

func (c *child) candidates(ways []way) []candidate {
	var out []candidate
	for _, w := range ways {
		for _, n := range threadCounts() {
			request := maps.Clone(w.request)
			request["threads"] = n
			out = append(out, candidate{
				how:  fmt.Sprintf("%s, threads: %d, %s, ATen %s, environment: %s", w.how, n, c.hello.Blas, c.hello.Capability, c.env.name),
				open: func(context.Context) (session, error) { return c.start(request) },
			})
		}
	}
	return out
}

// threadCounts returns the numbers of threads that are tried.
func threadCounts() []int {
	if n := runtime.GOMAXPROCS(0); n > 1 {
		return []int{n, 1}
	}
	return []int{1}
}

// trainingWays are the ways in which PyTorch trains a workload; the first is the
// one by which the environment is chosen. What a version does not have is left out:
// 1.13 has neither torch.compile nor optimizers that are fused on a CPU.
var trainingWays = map[string][]string{
	"W1": {"modules, foreach", "modules", "functional, foreach", "functional", "functional, fused", "compiled, modules, fused"},
	"W2": {"channels last, foreach", "channels last", "foreach", "plain", "channels last, fused", "fused", "compiled, channels last, fused"},
	"W3": {"time major, foreach", "time major", "foreach", "plain", "time major, fused", "compiled, time major, fused"},
	"W4": {"functional, by hand", "functional, foreach", "functional", "modules", "traced, by hand", "traced, foreach", "functional, fused", "compiled, functional, by hand"},
}

// inferenceWays are the ways in which PyTorch predicts.
var inferenceWays = map[string][]string{
	"W1": {"functional", "modules", "traced", "optimized", "compiled, modules"},
	"W2": {"channels last", "plain", "traced, channels last", "optimized", "compiled, channels last"},
	"W3": {"time major", "plain", "traced, time major", "compiled, time major"},
	"W4": {"traced", "modules", "functional", "optimized", "compiled, modules"},
}

// inferenceBatches are the rows of a call that PyTorch is tried with.
var inferenceBatches = []int{256, 1024}

func (p *pythons) training(ctx context.Context, a *arena, w workload.Workload, set *data.Set) ([]candidate, error) {
	rows, err := p.rows("train", w, set)
	if err != nil {
		return nil, err
	}
	var ways []way
	for _, v := range trainingWays[w.Name] {
		ways = append(ways, way{v, map[string]any{"kind": "training", "workload": w.Name, "variant": v, "batch": w.Batch, "train": rows}})
	}
	return p.candidates(ctx, a, ways), nil
}

func (p *pythons) inference(ctx context.Context, a *arena, w workload.Workload, set *data.Set, batches []int) ([]candidate, error) {
	rows, err := p.rows("predict", w, set)
	if err != nil {
		return nil, err
	}
	var ways []way
	for _, v := range inferenceWays[w.Name] {
		for _, n := range batches {
			ways = append(ways, way{fmt.Sprintf("%s, %d rows a call", v, n), map[string]any{"kind": "inference", "workload": w.Name, "variant": v, "rows": n, "predict": rows}})
		}
	}
	return p.candidates(ctx, a, ways), nil
}

func (p *pythons) learner(ctx context.Context, a *arena, w workload.Workload, set *data.Set) ([]candidate, error) {
	rows, err := p.rows("train", w, set)
	if err != nil {
		return nil, err
	}
	return p.candidates(ctx, a, []way{{"MLPClassifier.fit", map[string]any{"kind": "learner", "batch": w.Batch, "train": rows}}}), nil
}

// has tells what the children can run.
func (p *pythons) has() (torch, sklearn bool) {
	if len(p.children) == 0 {
		return false, false
	}
	h := p.children[0].hello
	return h.Torch != "", h.Sklearn != ""
}

// join adds the peers that Python has.
func (p *pythons) join(r *row, torch, sklearn func() ([]candidate, error)) error {
	hasTorch, hasSklearn := p.has()
	for _, one := range []struct {
		name string
		has  bool
		of   func() ([]candidate, error)
	}{{"PyTorch", hasTorch, torch}, {"scikit-learn", hasSklearn, sklearn}} {
		if !one.has || one.of == nil {
			continue
		}
		c, err := one.of()
		if err != nil {
			return err
		}
		if len(c) > 0 {
			r.contestants = append(r.contestants, contestant{one.name, c})
		}
	}
	return nil
}
