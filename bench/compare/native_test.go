package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
)

// answering is a command that takes the place of bench/peers: it has two libraries
// and lacks one, and its rate is GOMAXPROCS.
const answering = `package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		switch {
		case strings.Contains(s.Text(), "hello"):
			fmt.Println(` + "`" + `{"libraries":{"go-deep":"v9","GoMLX":"v8"},"lacks":{"ONNX Runtime":"ONNXRUNTIME_LIBRARY is ` + "`" + ` + os.Getenv("ONNXRUNTIME_LIBRARY") + ` + "`" + `"}}` + "`" + `)
		default:
			fmt.Println(` + "`" + `{"id":0,"rate":` + "`" + ` + os.Getenv("GOMAXPROCS") + "}")
		}
	}
}
`

// TestNative builds the command of a module and runs it once for each number of
// threads.
func TestNative(t *testing.T) {
	ctx := context.Background()
	module := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module answering\n\ngo 1.26\n", "main.go": answering} {
		if err := os.WriteFile(filepath.Join(module, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	n, err := startNative(ctx, module, "lib.so", t.TempDir(), &log)
	if err != nil {
		t.Fatal(err)
	}
	if have := n.String(); have != "GoMLX v8; go-deep v9" {
		t.Errorf("libraries %q", have)
	}
	if want := "no ONNX Runtime: ONNXRUNTIME_LIBRARY is lib.so\n"; log.String() != want {
		t.Errorf("log %q, want %q", &log, want)
	}
	w, err := workload.Named("W4")
	if err != nil {
		t.Fatal(err)
	}
	list := n.training(w)
	if len(list) != 2 || list[0].name != "GoMLX" || list[1].name != "go-deep" {
		t.Fatalf("contestants %+v", list)
	}
	var rates []float64
	for _, c := range list[0].candidates {
		s, err := c.open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		rate, err := s.Window(ctx, time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		rates = append(rates, rate)
		if want := "Trainer, threads: "; len(rates) <= len(threadCounts()) && !strings.HasPrefix(c.how, want) {
			t.Errorf("way %q, want %q", c.how, want)
		}
	}
	if n := len(rates); n != 6*len(threadCounts()) { // a Trainer and a graph, three backends
		t.Errorf("%d ways", n)
	}
	if how := list[0].candidates[len(rates)-1].how; !strings.HasPrefix(how, "Exec, parallelism=0,ops_sequential, threads: ") {
		t.Errorf("the last way is %q", how)
	}
	for _, threads := range threadCounts() {
		if !slices.Contains(rates, float64(threads)) {
			t.Errorf("rates %v, none with %d threads", rates, threads)
		}
	}
	predicting, err := n.inference(&pythons{}, w, nil, []int{1})
	if err != nil || len(predicting) != 2 {
		t.Errorf("contestants %+v, %v", predicting, err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	var none *native
	if list := none.training(w); list != nil {
		t.Errorf("nobody has %+v", list)
	}
	command := filepath.Join(t.TempDir(), "answering")
	if err := buildNative(ctx, module, command); err != nil {
		t.Fatal(err)
	}
	built, err := startNative(ctx, command, "", "", &log)
	if err != nil || built.String() != "GoMLX v8; go-deep v9" {
		t.Errorf("built before: %v, %v", built, err)
	}
	if err := built.Close(); err != nil {
		t.Error(err)
	}
	if _, err := startNative(ctx, filepath.Join(module, "none"), "", "", &log); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := startNative(ctx, t.TempDir(), "", t.TempDir(), &log); err == nil || !strings.Contains(err.Error(), "go build in") {
		t.Errorf("no module: %v", err)
	}
}
