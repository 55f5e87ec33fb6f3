package main

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		v       []float64
		q, want float64
	}{
		{[]float64{3}, 0.5, 3}, {[]float64{4, 1}, 0.5, 2.5}, {[]float64{9, 1, 5}, 0.5, 5},
		{[]float64{1, 2, 3, 4, 5}, 0.25, 2}, {[]float64{1, 2, 3, 4}, 0.75, 3.25}, {[]float64{1, 2}, 1, 2}, {[]float64{1, 2}, 0, 1},
	} {
		if got := quantile(c.v, c.q); got != c.want {
			t.Errorf("quantile %v of %v is %v, want %v", c.q, c.v, got, c.want)
		}
	}
}

// made is a result of made-up rates.
func made() result {
	return result{
		row: row{key: "W1", what: "training", unit: "samples/s", value: same},
		entries: []measured{
			{"Aegis", "fit", []float64{110, 300, 90}},
			{"slow", "tape", []float64{5, 6, 7}},
			{"fast", "jit", []float64{100, 200, 100}},
		},
	}
}

func TestRatios(t *testing.T) {
	r := made()
	if i := r.fastestOther(); i != 2 {
		t.Fatalf("the fastest other is %d", i)
	}
	if got := r.ratios(2); !slices.Equal(got, []float64{1.1, 1.5, 0.9}) {
		t.Errorf("ratios %v", got)
	}
	alone := result{entries: r.entries[:1]}
	if i := alone.fastestOther(); i != -1 {
		t.Errorf("the fastest other of one is %d", i)
	}
}

func TestReport(t *testing.T) {
	us := made()
	us.key, us.unit, us.value = "W4", "us", func(rate float64) float64 { return 1e6 / rate }
	us.entries = us.entries[:2]
	r := report{facts: []string{"CPU: none"}, results: []result{made(), us}, memory: []memory{{"Aegis", 30 << 20}}, above: []above{{"LM1", 3 << 20, 6 << 20}}}
	text := r.markdown()
	for _, want := range []string{
		"- CPU: none\n", "| workload | unit | Aegis | slow | fast |", "| W1 training | samples/s | 110 | 6.00 | 100 | **1.10** (1.00-1.30) of fast |",
		"| W4 training | us | 9091 | 166.7k | - | **22.00** (", "| Aegis | 30 |", "- W1 training: fast: jit\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	fig, err := r.figure("made up")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(fig.PNG())); err != nil {
		t.Error(err)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0.384: "0.38", 12.34: "12.3", 441.2: "441", 4900: "4900", 82123: "82.1k", 4.74e6: "4.74M"} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	e := environment{set: []string{"A=2"}, drop: []string{"B"}}
	if got := e.of([]string{"A=1", "B=1", "C=1", "AB=1"}); !slices.Equal(got, []string{"C=1", "AB=1", "A=2"}) {
		t.Errorf("variables %v", got)
	}
	if !hasSet(e, "A") || hasSet(e, "B") {
		t.Error("hasSet")
	}
	t.Setenv("OPENBLAS_CORETYPE", "Haswell")
	seen := map[string]bool{}
	for _, e := range environments(true) {
		if seen[e.name] {
			t.Errorf("two environments are named %q", e.name)
		}
		seen[e.name] = true
		vars := e.of([]string{"OPENBLAS_CORETYPE=Haswell"})
		kept := slices.Contains(vars, "OPENBLAS_CORETYPE=Haswell")
		if kept != strings.Contains(e.name, "as it is") {
			t.Errorf("%s: %v", e.name, vars)
		}
	}
}

// paced is a session of a known rate that counts its windows.
type paced struct {
	rate    float64
	err     error
	after   int // windows that end well before there is an error
	windows []time.Duration
	closed  bool
}

func (p *paced) Window(_ context.Context, d time.Duration) (float64, error) {
	p.windows = append(p.windows, d)
	if len(p.windows) <= p.after {
		return p.rate, nil
	}
	return p.rate, p.err
}
func (p *paced) Close() error { p.closed = true; return nil }

func of(name string, sessions ...*paced) contestant {
	c := contestant{name: name}
	for _, s := range sessions {
		c.candidates = append(c.candidates, candidate{how: "way", open: func(context.Context) (session, error) { return s, nil }})
	}
	return c
}

// TestArena: the fastest way is chosen, what fails is left out, and all are run
// so many windows of the same length and closed.
func TestArena(t *testing.T) {
	a := &arena{window: 8 * time.Millisecond, rounds: 3, log: io.Discard}
	ours := &paced{rate: 10}
	slow, slower, fast, broken := &paced{rate: 3}, &paced{rate: 2}, &paced{rate: 4}, &paced{rate: 99, err: errors.New("broken")}
	gone := &paced{err: errors.New("gone")}
	r, err := a.run(context.Background(), row{value: same, contestants: []contestant{of("ours", ours), of("theirs", slow, slower, broken, fast), of("none", gone, gone)}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.entries) != 2 || !slices.Equal(r.entries[1].rates, []float64{4, 4, 4}) {
		t.Errorf("entries %+v", r.entries)
	}
	for s, want := range map[*paced]int{ours: 3, fast: 3, slow: 3, slower: 0} {
		long := 0
		for _, d := range s.windows {
			if d == a.window {
				long++
			}
		}
		if long != want || len(s.windows) != trials+want {
			t.Errorf("windows of %v: %v, want %d long ones", s.rate, s.windows, want)
		}
	}
	if !ours.closed || !slow.closed || !slower.closed || !fast.closed || !broken.closed {
		t.Error("a session was left open")
	}
	breaks := func(rate float64) *paced { return &paced{rate: rate, err: errors.New("breaks"), after: trials + 1} }
	leader, other := breaks(9), &paced{rate: 8}
	r, err = a.run(context.Background(), row{value: same, contestants: []contestant{of("ours", &paced{rate: 10}), of("theirs", leader, other), of("none", breaks(2))}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.entries) != 2 || !slices.Equal(r.entries[1].rates, []float64{8, 8, 8}) || len(leader.windows) != trials+2 || !leader.closed {
		t.Errorf("a finalist breaks: entries %+v, its windows %v", r.entries, leader.windows)
	}
	if _, err := a.run(context.Background(), row{value: same, contestants: []contestant{of("ours", breaks(1))}}); err == nil || !strings.Contains(err.Error(), "ours: breaks") {
		t.Errorf("the first contestant breaks: %v", err)
	}
	if _, err := a.run(context.Background(), row{value: same, contestants: []contestant{of("ours", broken, broken)}}); err == nil {
		t.Error("the first contestant does not run, and that is no error")
	}
}

func TestKeep(t *testing.T) {
	r := row{contestants: []contestant{of("Aegis"), of("gonum"), of("OpenBLAS")}}
	r.keep(nil)
	if len(r.contestants) != 3 {
		t.Errorf("of all: %+v", r.contestants)
	}
	r.keep([]string{"PyTorch", "OpenBLAS"})
	if len(r.contestants) != 2 || r.contestants[0].name != "Aegis" || r.contestants[1].name != "OpenBLAS" {
		t.Errorf("of two: %+v", r.contestants)
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-only W9", `-only W9: there is no "W9"; there are W1, W2, W3, W4, LM1, LM2, LM3, E1, E2, attention, generation, SGEMM, memory, LM-memory`},
		{"-with TensorFlow", `-with TensorFlow: there is no "TensorFlow"; there are stock Gorgonia, GoMLX, PyTorch, `},
		{"-rounds 0", "want a time and at least one round"},
		{"-out x.txt", "want a name that ends in .md"},
		{"more", `"more" is no flag`},
		{"-memory-of nobody", "want aegis or stock"},
	} {
		err := run(context.Background(), strings.Fields(c.args), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: have %v, want %s", c.args, err, c.want)
		}
	}
}

// TestRun makes a small table and figure without Python.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	err := run(context.Background(), []string{"-only", "w4,sgemm", "-python", "none", "-peers", "none", "-window", "4ms", "-rounds", "2", "-out", filepath.Join(dir, "t.md")}, &out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"no Python", "| W4 training | epochs/s |", "| W4 inference, one row | us |", "| SGEMM 1024x1024x1024, threads: 1 | GFLOP/s |", "of stock Gorgonia |", "of gonum |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "t.md")); err != nil || string(raw) != out.String() {
		t.Errorf("the file differs from what was printed: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "t.png"))
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.DecodeConfig(bytes.NewReader(raw)); err != nil || img.Width < 800 {
		t.Errorf("figure: %v, %v", img, err)
	}
}

// TestLanguageRows makes the rows that need no Python.
func TestLanguageRows(t *testing.T) {
	var out bytes.Buffer
	err := run(context.Background(), []string{"-only", "e2,attention,generation", "-python", "none", "-window", "2ms", "-rounds", "2", "-out", filepath.Join(t.TempDir(), "t.md")}, &out, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| E2 training | tokens/s |", "| attention (8, 4, 512, 32), forward and backward | ms |", "| attention (32, 4, 64, 32) causal, forward and backward | ms |", "| generation batch 1 | tokens/s |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}

// TestChecked: what computes something else takes no part.
func TestChecked(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		name  string
		check *float64
		want  string // of the error; "": none
	}{{"the same", number(2.0001), ""}, {"another", number(2.01), "its check is 2.01, Aegis' 2"}, {"NaN", number(math.NaN()), "its check is NaN"}, {"none", nil, "its check is missing"}} {
		t.Run(c.name, func(t *testing.T) {
			child, err := startPython(context.Background(), fake(t, `{"id":0}`), environment{})
			if err != nil {
				t.Fatal(err)
			}
			defer child.Close()
			list := checked([]candidate{{open: func(context.Context) (session, error) { return &remote{child, 0, c.check}, nil }}}, 2)
			_, err = list[0].open(context.Background())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("have %v, want %q", err, c.want)
			}
		})
	}
}

// TestPeerScript holds the script to Python's grammar where there is a Python.
func TestPeerScript(t *testing.T) {
	python := findPython(t.Context())
	if python == "" {
		if _, err := exec.LookPath("python3"); err == nil {
			python = "python3"
		} else {
			if !strings.Contains(peerScript, "def main():") {
				t.Error("the script is not embedded")
			}
			return
		}
	}
	cmd := exec.Command(python, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	cmd.Stdin = strings.NewReader(languageScript + "\n" + peerScript)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
