package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed peer.py
var peerScript string

// environment is how a child finds its BLAS, and which instructions it may use.
type environment struct {
	name string
	set  []string // NAME=value
	drop []string // names
}

// environments returns the ways to run a child that may make a difference, for
// every OpenBLAS that Debian's packages have put beside each other: its choice of
// kernels left to itself, as this process has it, and told to use AVX-512; with
// PyTorch's own kernels by default and with AVX-512; and with memory that the
// allocator keeps, which saves PyTorch the page faults of a large batch, or not.
func environments(avx512 bool) []environment {
	libraries := []environment{{}}
	if found, _ := filepath.Glob("/usr/lib/*/openblas-*/libblas.so.3"); len(found) > 0 {
		libraries = nil
		for _, path := range found {
			dir := filepath.Dir(path)
			libraries = append(libraries, environment{name: strings.TrimPrefix(filepath.Base(dir), "openblas-"), set: []string{"LD_LIBRARY_PATH=" + dir}})
		}
	}
	blasVars := []string{"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}
	own := environment{name: "OpenBLAS's own choice of kernels", drop: blasVars}
	asIs := environment{name: "OPENBLAS_CORETYPE as it is"}
	skylake := environment{name: "OPENBLAS_CORETYPE=SkylakeX", set: []string{"OPENBLAS_CORETYPE=SkylakeX"}, drop: blasVars[1:]}
	wide := environment{name: "ATEN_CPU_CAPABILITY=avx512", set: []string{"ATEN_CPU_CAPABILITY=avx512"}}
	kept := environment{name: "malloc keeps memory", set: []string{"MALLOC_MMAP_THRESHOLD_=4294967296", "MALLOC_TRIM_THRESHOLD_=68719476736", "MALLOC_TOP_PAD_=67108864"}}
	ways := [][]environment{{own, kept}, {own}}
	if os.Getenv(blasVars[0]) != "" || os.Getenv(blasVars[1]) != "" {
		ways = append(ways, []environment{asIs, kept})
	}
	if avx512 {
		ways = append(ways, []environment{own, kept, wide}, []environment{skylake, kept}, []environment{skylake, kept, wide})
	}
	var out []environment
	for _, l := range libraries {
		for _, way := range ways {
			var e environment
			var parts []string
			for _, part := range append([]environment{l}, way...) {
				e.set, e.drop = append(e.set, part.set...), append(e.drop, part.drop...)
				if part.name != "" {
					parts = append(parts, part.name)
				}
			}
			e.name = strings.Join(parts, ", ")
			out = append(out, e)
		}
	}
	return out
}

// of returns the variables of a child.
func (e environment) of(all []string) []string {
	gone := slices.Clone(e.drop)
	for _, s := range e.set {
		name, _, _ := strings.Cut(s, "=")
		gone = append(gone, name)
	}
	out := slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		name, _, _ := strings.Cut(s, "=")
		return slices.Contains(gone, name)
	})
	return append(out, e.set...)
}

// child is a process that runs peers: a Python, or the command of bench/peers.
type child struct {
	name  string // of the program
	env   environment
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	hello hello
}

// hello is what a child says of itself.
type hello struct {
	Python, Numpy, Torch, Sklearn, Blas, Capability string

	// Of the command of bench/peers: libraries with their versions, and why others
	// cannot be run.
	Libraries, Lacks map[string]string
}

// findPython returns the first Python that has PyTorch, else the first that has
// NumPy, else "".
func findPython(ctx context.Context) string {
	for _, module := range []string{"torch", "numpy"} {
		for _, python := range []string{"python3", "/usr/bin/python3"} {
			if exec.CommandContext(ctx, python, "-c", "import "+module).Run() == nil {
				return python
			}
		}
	}
	return ""
}

// startPython starts a Python with the script of peers.
func startPython(ctx context.Context, python string, e environment) (*child, error) {
	return startChild(ctx, e, python, "-c", languageScript+"\n\n"+peerScript)
}

// startChild starts a program that answers requests.
func startChild(ctx context.Context, e environment, program string, args ...string) (*child, error) {
	c := &child{name: filepath.Base(program), env: e, cmd: exec.CommandContext(ctx, program, args...)}
	c.cmd.Env = e.of(os.Environ())
	c.cmd.Stderr = os.Stderr
	c.cmd.WaitDelay = 5 * time.Second
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if err := c.ask(map[string]any{"op": "hello"}, &c.hello); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// ask sends a request and reads the answer.
func (c *child) ask(request, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	reply, err := c.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	var failure struct{ Failed, Trace string }
	if err := json.Unmarshal(reply, &failure); err != nil {
		return fmt.Errorf("%s: %w: %q", c.name, err, reply)
	}
	if failure.Failed != "" {
		return errors.New(failure.Failed)
	}
	return json.Unmarshal(reply, answer)
}

// Close ends the child.
func (c *child) Close() error {
	c.in.Close()
	return c.cmd.Wait()
}

// remote is a session in a child.
type remote struct {
	c     *child
	id    int
	check *float64 // nil: it has none
}

// start opens a session.
func (c *child) start(request map[string]any) (session, error) {
	request["op"] = "open"
	var answer struct {
		ID    int
		Check *float64
	}
	if err := c.ask(request, &answer); err != nil {
		return nil, err
	}
	return &remote{c, answer.ID, answer.Check}, nil
}

// Window implements session.
func (r *remote) Window(_ context.Context, d time.Duration) (float64, error) {
	var answer struct{ Rate float64 }
	err := r.c.ask(map[string]any{"op": "window", "id": r.id, "seconds": d.Seconds()}, &answer)
	return answer.Rate, err
}

// Close implements session.
func (r *remote) Close() error {
	return r.c.ask(map[string]any{"op": "close", "id": r.id}, &struct{}{})
}

// hasSet reports whether an environment sets a variable.
func hasSet(e environment, name string) bool {
	return slices.ContainsFunc(e.set, func(s string) bool { return strings.HasPrefix(s, name+"=") })
}
