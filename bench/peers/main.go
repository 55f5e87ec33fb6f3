// Command peers runs other libraries that a Go program can call at the workloads
// W1 to W4, for bench/compare: GoMLX on its backend in Go, go-deep, and ONNX
// Runtime through its C interface.
//
// Like the Python script of the comparison it reads a JSON object a line on
// standard input and writes one back:
//
//	{"op": "hello"}                          the libraries and their versions
//	{"op": "open", "library": ..., ...}      makes a session, gives its id
//	{"op": "window", "id": 0, "seconds": 1}  runs it for about so long, gives its rate
//	{"op": "close", "id": 0}                 frees it
//
// It computes with as many threads as GOMAXPROCS says when it starts: the pool of
// workers of GoMLX waits for ever when that changes.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
)

func main() {
	answers := os.Stdout
	os.Stdout = os.Stderr // whatever a library prints
	if err := serve(os.Stdin, answers); err != nil {
		log.Fatal("peers: ", err)
	}
}

// request is what the comparison asks.
type request struct {
	Op       string
	ID       int
	Seconds  float64
	Library  string
	Kind     string // "training", "inference"
	Workload string
	Variant  string
	Options  string // of GoMLX's backend
	Rows     int    // of a call of an inference
	Model    string // file of an ONNX model
}

// session is a library at work: step takes so many rows further.
type session struct {
	every int // steps between two looks at the clock
	step  func() (rows int, err error)
	close func() error
	stuck bool // a step has not come back
}

// libraries are what this command runs. A library says why it cannot be run.
var libraries = []struct {
	name    string
	version func() (string, error)
	open    func(r request, w workload.Workload) (*session, error)
}{
	{"GoMLX", gomlxVersion, openGoMLX},
	{"go-deep", func() (string, error) { return module("github.com/patrikeh/go-deep"), nil }, openGoDeep},
	{"ONNX Runtime", onnxVersion, openONNX},
}

func serve(in io.Reader, out io.Writer) error {
	var sessions []*session
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		var reply any
		err := json.Unmarshal(lines.Bytes(), &r)
		if err == nil {
			reply, err = answer(r, &sessions)
		}
		if err != nil {
			reply = map[string]any{"failed": err.Error()}
		}
		if err := json.NewEncoder(out).Encode(reply); err != nil {
			return err
		}
	}
	return lines.Err()
}

func answer(r request, sessions *[]*session) (reply any, err error) {
	defer func() {
		if p := recover(); p != nil { // out of a library, at a mistake in a graph
			err = fmt.Errorf("%v", p)
		}
	}()
	nothing := map[string]any{}
	if (r.Op == "window" || r.Op == "close") && (r.ID < 0 || r.ID >= len(*sessions) || (*sessions)[r.ID] == nil) {
		return nil, fmt.Errorf("there is no session %d", r.ID)
	}
	switch r.Op {
	case "hello":
		has, lacks := map[string]string{}, map[string]string{}
		for _, l := range libraries {
			v, err := l.version()
			if err != nil {
				lacks[l.name] = err.Error()
				continue
			}
			has[l.name] = v
		}
		return map[string]any{"libraries": has, "lacks": lacks}, nil
	case "open":
		s, err := open(r)
		if err != nil {
			return nil, err
		}
		*sessions = append(*sessions, s)
		return map[string]any{"id": len(*sessions) - 1}, nil
	case "window":
		rate, err := (*sessions)[r.ID].window(time.Duration(r.Seconds * float64(time.Second)))
		return map[string]any{"rate": rate}, err
	case "close":
		s := (*sessions)[r.ID]
		(*sessions)[r.ID] = nil
		if s.stuck {
			return nothing, nil
		}
		return nothing, s.close()
	}
	return nil, fmt.Errorf("unknown op %q", r.Op)
}

// open makes a session and takes its first step, in which libraries compile.
func open(r request) (*session, error) {
	w, err := workload.Named(r.Workload)
	if err != nil {
		return nil, err
	}
	for _, l := range libraries {
		if l.name != r.Library {
			continue
		}
		s, err := l.open(r, w)
		if err != nil {
			return nil, err
		}
		s.every = max(s.every, 1)
		_, err = s.window(0)
		return s, err
	}
	return nil, fmt.Errorf("there is no library %q", r.Library)
}

// patience is how long a step may take beyond its window. The workers of GoMLX
// sometimes wait for one another for ever.
var patience = 30 * time.Second

// window steps for about a time, and at least once, and returns rows a second.
func (s *session) window(d time.Duration) (float64, error) {
	if s.stuck {
		return 0, errors.New("an earlier step has not come back")
	}
	type outcome struct {
		rate float64
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o.err = fmt.Errorf("%v", p)
			}
			done <- o
		}()
		o.rate, o.err = s.run(d)
	}()
	select {
	case o := <-done:
		return o.rate, o.err
	case <-time.After(d + patience):
		s.stuck = true
		return 0, fmt.Errorf("a step has not come back in %v", d+patience)
	}
}

func (s *session) run(d time.Duration) (float64, error) {
	runtime.GC()
	begin := time.Now()
	for rows := 0; ; {
		for range s.every {
			n, err := s.step()
			if err != nil {
				return 0, err
			}
			rows += n
		}
		if took := time.Since(begin); took >= d {
			return float64(rows) / took.Seconds(), nil
		}
	}
}

// module returns the version of a module that this command was built with.
func module(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == path {
				return d.Version
			}
		}
	}
	return "of an unknown version"
}
