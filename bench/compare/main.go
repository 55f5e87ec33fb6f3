// Command compare measures the workloads W1 to W4 and the matrix products they
// are made of: Aegis, stock Gorgonia, and what a Python on this machine has of
// PyTorch, scikit-learn and OpenBLAS. All run in turn, in short windows, in one
// run; the table holds medians over the windows, and medians of the ratios of
// windows that stand beside each other.
//
// Every contestant runs in the fastest of several ways, which it is given a
// moment to show: numbers of threads, layouts, batch sizes, kernels of the BLAS.
// A BLAS whose numbers are wrong does not take part.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/internal/atomicfile"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "compare: %v\n", err)
		os.Exit(1)
	}
}

// parts are what -only may name.
var parts = []string{"W1", "W2", "W3", "W4", "LM1", "LM2", "LM3", "E1", "E2", "attention", "generation", "SGEMM", "memory", "LM-memory"}

// libraries are what -with may name.
var libraries = []string{"stock Gorgonia", "GoMLX", "PyTorch", "ONNX Runtime", "go-deep", "scikit-learn", "gonum", "OpenBLAS"}

type options struct {
	only   []string
	with   []string // empty: all
	window time.Duration
	rounds int
	out    string
	memory string
	python string
	peers  string
	onnx   string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	var only, with string
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&only, "only", strings.Join(parts, ","), "`NAMES` of what to measure, separated by commas")
	f.StringVar(&with, "with", "", "`NAMES` of the other libraries, separated by commas (default: all)")
	f.DurationVar(&o.window, "window", 500*time.Millisecond, "`TIME` of a window")
	f.IntVar(&o.rounds, "rounds", 9, "`NUMBER` of windows of each contestant")
	f.StringVar(&o.out, "out", "compare.md", "`FILE` for the table; the figure lies beside it, as .png")
	f.StringVar(&o.python, "python", "", "Python to `RUN`; none: no Python (default: python3 or /usr/bin/python3, whichever has PyTorch)")
	f.StringVar(&o.peers, "peers", "bench/peers", "`FOLDER` of the module that runs GoMLX, go-deep and ONNX Runtime, or what was built from it; none: none of them")
	f.StringVar(&o.onnx, "onnxruntime", os.Getenv("ONNXRUNTIME_LIBRARY"), "shared library of ONNX Runtime, a `FILE` such as libonnxruntime.so.1")
	f.StringVar(&o.memory, "memory-of", "", "train W2 as `WHO`, aegis or stock, and print the peak of memory in bytes; for compare itself")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(parts, func(p string) bool { return strings.EqualFold(p, strings.TrimSpace(name)) })
		if i < 0 {
			return o, fmt.Errorf("-only %s: there is no %q; there are %s", only, name, strings.Join(parts, ", "))
		}
		o.only = append(o.only, parts[i])
	}
	if with != "" {
		for _, name := range strings.Split(with, ",") {
			i := slices.IndexFunc(libraries, func(l string) bool { return strings.EqualFold(l, strings.TrimSpace(name)) })
			if i < 0 {
				return o, fmt.Errorf("-with %s: there is no %q; there are %s", with, name, strings.Join(libraries, ", "))
			}
			o.with = append(o.with, libraries[i])
		}
	}
	if o.window <= 0 || o.rounds < 1 {
		return o, fmt.Errorf("-window %v -rounds %d: want a time and at least one round", o.window, o.rounds)
	}
	if !strings.HasSuffix(o.out, ".md") {
		return o, fmt.Errorf("-out %s: want a name that ends in .md", o.out)
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.memory != "" {
		return memoryOf(ctx, o.memory)
	}
	folder, err := os.MkdirTemp("", "aegis-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	r, err := o.measure(ctx, folder, stderr)
	if err != nil {
		return err
	}
	text := r.markdown()
	fmt.Fprint(stdout, text)
	if err := atomicfile.Write(o.out, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
		return err
	}
	if len(names(r.results)) < 2 {
		return nil
	}
	fig, err := r.figure("Aegis and other libraries, " + workload.CPU())
	if err != nil {
		return err
	}
	return fig.Save(strings.TrimSuffix(o.out, ".md") + ".png")
}

func (o options) measure(ctx context.Context, folder string, log io.Writer) (report, error) {
	a := &arena{window: o.window, rounds: o.rounds, log: log}
	r := report{facts: []string{
		"CPU: " + workload.CPU() + ", " + fmt.Sprintf("%d processors, GOMAXPROCS %d", runtime.NumCPU(), runtime.GOMAXPROCS(0)),
		"Aegis " + revision(ctx) + ", " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + "; " + gorgoniaVersion(),
		fmt.Sprintf("%d windows of %v for each contestant, in turn", o.rounds, o.window),
	}}
	peers, facts, err := o.others(ctx, folder, log)
	if err != nil {
		return r, err
	}
	defer peers.Close()
	r.facts = append(r.facts, facts...)
	if slices.ContainsFunc(o.only, func(s string) bool { return s == "W1" || s == "W2" || s == "W3" }) {
		images, err := workload.LoadImages()
		if err != nil {
			return r, err
		}
		r.facts = append(r.facts, "images: "+images.Source)
	}
	for _, f := range r.facts {
		fmt.Fprintln(log, f)
	}
	var rows []func(ctx context.Context, a *arena, o *others) (row, error)
	rows = append(rows, rowsFor(o.only)...)
	rows = append(rows, languageRowsFor(o.only)...)
	if slices.Contains(o.only, "SGEMM") {
		for _, threads := range slices.Backward(threadCounts()) {
			for _, x := range products {
				rows = append(rows, func(ctx context.Context, a *arena, o *others) (row, error) {
					return productRow(ctx, a, o.python, x, threads), nil
				})
			}
		}
	}
	for _, of := range rows {
		one, err := of(ctx, a, peers)
		if err != nil {
			return r, err
		}
		one.keep(o.with)
		res, err := a.run(ctx, one)
		if err != nil {
			return r, err
		}
		r.results = append(r.results, res)
	}
	if slices.Contains(o.only, "memory") {
		var err error
		if r.memory, err = memories(ctx, peers.python, folder, log); err != nil {
			return r, err
		}
	}
	if slices.Contains(o.only, "LM-memory") {
		for _, name := range []string{"LM1", "LM2"} {
			l, err := workload.NamedLanguage(name)
			if err != nil {
				return r, err
			}
			ours, torch, err := languageMemory(ctx, peers.python, filepath.Join(folder, "memory"), l)
			if err != nil {
				return r, err
			}
			fmt.Fprintf(log, "memory of %s above library and data: Aegis %d MB, PyTorch %d MB\n", name, ours>>20, torch>>20)
			r.above = append(r.above, above{name, ours, torch})
		}
	}
	return r, nil
}

// others starts the processes of the other libraries, and tells what they are.
func (o options) others(ctx context.Context, folder string, log io.Writer) (*others, []string, error) {
	all := &others{python: &pythons{log: log}}
	var facts []string
	python := o.python
	if python == "" {
		python = findPython(ctx)
	}
	if python == "" || python == "none" {
		facts = append(facts, "no Python: PyTorch, scikit-learn and OpenBLAS take no part")
	} else {
		p, err := startPythons(ctx, python, environments(strings.HasSuffix(workload.CPU(), "AVX-512")), folder, log)
		all.python = p
		if err != nil {
			all.Close()
			return nil, nil, err
		}
		if len(p.children) > 0 {
			facts = append(facts, p.children[0].hello.String())
		}
	}
	if networks := func(part string) bool { return strings.HasPrefix(part, "W") }; o.peers == "none" || !slices.ContainsFunc(o.only, networks) {
		return all, facts, nil
	}
	n, err := startNative(ctx, o.peers, o.onnx, folder, log)
	if err != nil {
		if ctx.Err() != nil {
			all.Close()
			return nil, nil, context.Cause(ctx)
		}
		fmt.Fprintf(log, "left out: the libraries of %s: %v\n", o.peers, err)
		return all, append(facts, "GoMLX, go-deep and ONNX Runtime take no part: "+o.peers+" was not built"), nil
	}
	all.native = n
	return all, append(facts, n.String()), nil
}

// String names the versions.
func (h hello) String() string {
	s := "Python " + h.Python + ", NumPy " + h.Numpy
	if h.Torch != "" {
		s += ", PyTorch " + h.Torch
	}
	if h.Sklearn != "" {
		s += ", scikit-learn " + h.Sklearn
	}
	return s
}

// revision returns the commit that this command was built from; go run does not
// tell, but is run in the repository.
func revision(ctx context.Context) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		rev, dirty := "", ""
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				rev = s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = "-dirty"
			}
		}
		if rev != "" {
			return rev + dirty
		}
	}
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return "of an unknown commit"
	}
	return strings.TrimSpace(string(out))
}

func gorgoniaVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "Gorgonia of an unknown version"
	}
	for _, d := range info.Deps {
		if d.Path == "gorgonia.org/gorgonia" {
			return "Gorgonia " + d.Version
		}
	}
	return "Gorgonia of an unknown version"
}

// memories measures the peaks of memory of those who can train W2.
func memories(ctx context.Context, p *pythons, folder string, log io.Writer) ([]memory, error) {
	var out []memory
	for _, who := range []struct{ arg, name string }{{"aegis", "Aegis"}, {"stock", "stock Gorgonia"}} {
		n, err := peakMemory(ctx, who.arg)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(log, "memory of W2, %s: %d MB\n", who.name, n>>20)
		out = append(out, memory{who.name, n})
	}
	if torch, _ := p.has(); !torch {
		return out, nil
	}
	n, err := torchMemory(ctx, p.program, filepath.Join(folder, "memory"))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "memory of W2, PyTorch: %d MB\n", n>>20)
	return append(out, memory{"PyTorch", n}), nil
}
