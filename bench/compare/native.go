package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/data"
)

// native is the command of the module bench/peers at work, once for each number
// of threads: libraries that a Go program can call.
type native struct{ children []*child }

// startNative starts the command, which it builds in a folder's module if peers is
// one.
func startNative(ctx context.Context, peers, onnxLibrary, folder string, log io.Writer) (*native, error) {
	command, err := filepath.Abs(peers)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(command)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if command, err = filepath.Abs(filepath.Join(folder, "peers")); err != nil {
			return nil, err
		}
		if err := buildNative(ctx, peers, command); err != nil {
			return nil, err
		}
	}
	n := &native{}
	for _, threads := range threadCounts() {
		e := environment{name: fmt.Sprint("threads: ", threads), set: []string{fmt.Sprint("GOMAXPROCS=", threads)}}
		if onnxLibrary != "" {
			e.set = append(e.set, "ONNXRUNTIME_LIBRARY="+onnxLibrary)
		}
		c, err := startChild(ctx, e, command)
		if err != nil {
			return nil, errors.Join(err, n.Close())
		}
		n.children = append(n.children, c)
	}
	for _, name := range slices.Sorted(maps.Keys(n.children[0].hello.Lacks)) {
		fmt.Fprintf(log, "no %s: %s\n", name, n.children[0].hello.Lacks[name])
	}
	return n, nil
}

// buildNative builds the command, with GoMLX's SIMD where the Go on this machine has
// it.
func buildNative(ctx context.Context, module, command string) error {
	var failures []error
	for _, experiment := range []string{"simd", ""} {
		build := exec.CommandContext(ctx, "go", "build", "-o", command, ".")
		build.Dir = module
		build.Env = append(os.Environ(), "GOEXPERIMENT="+experiment, "GOWORK=off")
		out, err := build.CombinedOutput()
		if err == nil {
			return nil
		}
		failures = append(failures, fmt.Errorf("GOEXPERIMENT=%s go build in %s: %w: %s", experiment, module, err, strings.TrimSpace(string(out))))
	}
	return errors.Join(failures...)
}

// String names the libraries and their versions.
func (n *native) String() string {
	var list []string
	libraries := n.children[0].hello.Libraries
	for _, name := range slices.Sorted(maps.Keys(libraries)) {
		list = append(list, name+" "+libraries[name])
	}
	return strings.Join(list, "; ")
}

// Close ends the commands.
func (n *native) Close() error {
	var err error
	for _, c := range n.children {
		err = errors.Join(err, c.Close())
	}
	return err
}

// has reports whether a library can be run.
func (n *native) has(library string) bool {
	return n != nil && n.children[0].hello.Libraries[library] != ""
}

// contestant makes a contestant of a library's ways, each with 1 thread and with
// as many as there are processors.
func (n *native) contestant(library string, ways []way) []contestant {
	if !n.has(library) {
		return nil
	}
	c := contestant{name: library}
	for _, w := range ways {
		for _, child := range n.children {
			request := maps.Clone(w.request)
			request["library"] = library
			c.candidates = append(c.candidates, candidate{
				how:  w.how + ", " + child.env.name,
				open: func(context.Context) (session, error) { return child.start(request) },
			})
		}
	}
	return []contestant{c}
}

func trainingBy(w workload.Workload, variants ...string) []way {
	var ways []way
	for _, v := range variants {
		ways = append(ways, way{v, map[string]any{"kind": "training", "workload": w.Name, "variant": v}})
	}
	return ways
}

func inferenceOf(w workload.Workload, batches ...int) []way {
	var ways []way
	for _, rows := range batches {
		ways = append(ways, way{fmt.Sprintf("%d rows a call", rows), map[string]any{"kind": "inference", "workload": w.Name, "rows": rows}})
	}
	return ways
}

// withBackends returns ways with each of the options of GoMLX's backend that make
// a difference: its operations run beside one another where they can, or one after
// another; large ones are then still split among workers, or not.
func withBackends(ways []way) []way {
	var list []way
	for _, w := range ways {
		for _, options := range []string{"", "ops_sequential", "parallelism=0,ops_sequential"} {
			request := maps.Clone(w.request)
			request["options"] = options
			how := w.how
			if options != "" {
				how += ", " + options
			}
			list = append(list, way{how, request})
		}
	}
	return list
}

// training are the contestants of a workload's training.
func (n *native) training(w workload.Workload) []contestant {
	list := n.contestant("GoMLX", withBackends(trainingBy(w, "Trainer", "Exec")))
	if w.Table { // go-deep has dense layers alone
		list = append(list, n.contestant("go-deep", trainingBy(w, "batches", "rows one by one"))...)
	}
	return list
}

// inference are the contestants of a workload's inference. ONNX Runtime runs
// models that PyTorch writes.
func (n *native) inference(p *pythons, w workload.Workload, set *data.Set, batches []int) ([]contestant, error) {
	ways := inferenceOf(w, batches...)
	if w.Name == "W2" {
		ways = inferenceOf(w, 16, 64) // GoMLX's convolution takes seconds for more
	}
	list := n.contestant("GoMLX", withBackends(ways))
	if w.Table {
		list = append(list, n.contestant("go-deep", inferenceOf(w, batches...))...)
	}
	if torch, _ := p.has(); !torch || !n.has("ONNX Runtime") {
		return list, nil
	}
	predict, err := p.rows("predict", w, set)
	if err != nil {
		return nil, err
	}
	ways = inferenceOf(w, batches...)
	for _, way := range ways {
		path := filepath.Join(p.folder, fmt.Sprintf("%s-%d.onnx", w.Name, way.request["rows"]))
		export := map[string]any{"op": "export", "workload": w.Name, "rows": way.request["rows"], "predict": predict, "path": path}
		if err := p.children[0].ask(export, &struct{}{}); err != nil {
			fmt.Fprintf(p.log, "ONNX Runtime: left out: PyTorch writes no model: %v\n", err)
			return list, nil
		}
		way.request["model"] = path
	}
	return append(list, n.contestant("ONNX Runtime", ways)...), nil
}
