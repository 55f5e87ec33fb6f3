//go:build peer && unix

package recommend

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/kernel"
)

// TestPeer measures ALS, BPR and TopK beside what NumPy, SciPy and PyTorch take for the same work from the same start, on
// pairs of Debian's packages, which data/testdata/fetch-pairs.sh fetches. Runs alternate; a figure is the median. What is computed is
// held to be the same first. Beside the time there is the processor time of either process, which does not count what other
// processes take of the machine.
//
//	go test -tags peer -run TestPeer -v ./models/recommend
//
// $AEGIS_PEER is the Python to run, otherwise /usr/bin/python3; $AEGIS_RUNS the number of runs, otherwise 5;
// $AEGIS_THREADS the threads of both, otherwise those of the machine.
func TestPeer(t *testing.T) {
	python, runs, threads := "/usr/bin/python3", 5, runtime.NumCPU()
	if p := os.Getenv("AEGIS_PEER"); p != "" {
		python = p
	}
	if n := os.Getenv("AEGIS_RUNS"); n != "" {
		if _, err := fmt.Sscan(n, &runs); err != nil || runs < 1 {
			t.Fatal(n, err)
		}
	}
	if n := os.Getenv("AEGIS_THREADS"); n != "" {
		if _, err := fmt.Sscan(n, &threads); err != nil || threads < 1 {
			t.Fatal(n, err)
		}
	}
	defer kernel.SetThreads(kernel.Threads())
	kernel.SetThreads(threads)
	h := dependencies(t)
	const factors = 64
	m, err := ALS{Factors: factors}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	b, err := BPR{Factors: factors}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	begin, err := newFactors("bpr", h, factors, 1)
	if err != nil {
		t.Fatal(err)
	}
	draw, err := newTriples(h, 1)
	if err != nil {
		t.Fatal(err)
	}
	triples := draw.epoch()
	p := newPeer(t, python, threads, h, m, b, begin, triples)
	t.Logf("%s %s/%s, %d CPUs, %d threads; %s; %d users, %d items, %d pairs, %d factors; medians of %d runs", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), threads, p.versions, h.Users(), h.Items, len(h.Item), factors, runs)

	users, err := h.Transpose()
	if err != nil {
		t.Fatal(err)
	}
	for _, blocks := range []int{1, 16, 128} {
		var ours, theirs []clock
		for range runs {
			f := clone(begin)
			ours = append(ours, timed(func() {
				if err := m.half(context.Background(), h, f.items, f.users); err != nil {
					t.Fatal(err)
				}
				if err := m.half(context.Background(), users, f.users, f.items); err != nil {
					t.Fatal(err)
				}
			}))
			a := p.ask(t, "als %d", blocks)
			theirs = append(theirs, clock{a.Seconds, a.CPU})
			p.same(t, f, 2e-3)
		}
		report(t, fmt.Sprintf("als, an iteration; NumPy and SciPy in %d blocks", blocks), ours, theirs)
	}
	for _, batch := range []int{1024, 4096, 16384, 65536} {
		for _, how := range []string{"index_add", "index_put", "sparse_product", "embeddings"} {
			if batch < 16384 && how != "index_add" && how != "index_put" {
				continue // they take several times as long as the others
			}
			var ours, theirs []clock
			for range runs {
				f := clone(begin)
				s := newDescent(BPR{Factors: factors, LearningRate: b.LearningRate, Lambda: b.Lambda, Batch: batch}, f)
				first := 0.0
				ours = append(ours, timed(func() {
					for at := 0; at < len(triples); at += batch {
						if err := s.step(context.Background(), triples[at:min(at+batch, len(triples))]); err != nil {
							t.Fatal(err)
						}
						if at == 0 {
							first = s.loss(min(batch, len(triples)))
						}
					}
				}))
				a := p.ask(t, "bpr %s %d", how, batch)
				if !(math.Abs(a.First-first) < 1e-6*first) {
					t.Fatalf("%s: a first loss of %v, ours %v", how, a.First, first)
				}
				theirs = append(theirs, clock{a.Seconds, a.CPU})
				p.same(t, f, 2e-3)
			}
			report(t, fmt.Sprintf("bpr, an epoch in batches of %d; PyTorch by %s", batch, how), ours, theirs)
		}
	}
	all, err := UsersOf(h)
	if err != nil {
		t.Fatal(err)
	}
	const some, k = 2048, 10
	var ours, theirs []clock
	for range runs {
		var hits [][]Hit
		c := timed(func() { hits, err = TopK(context.Background(), begin, all[:some], h.Items, k) })
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, clock{c.wall / some, c.cpu / some})
		a := p.ask(t, "topk %d %d", some, k)
		theirs = append(theirs, clock{a.Seconds / some, a.CPU / some})
		equal := 0
		for i, hit := range hits {
			if hit[0].Item == a.Top[i] {
				equal++
			}
		}
		if equal < some*99/100 { // sums in another order decide between scores that are nearly equal
			t.Fatalf("%d of %d users have the same first item", equal, some)
		}
	}
	report(t, fmt.Sprintf("the best %d of %d items, a user of %d", k, h.Items, some), ours, theirs)
}

// clock measures what this process takes.
type clock struct{ wall, cpu float64 }

func processor() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return math.NaN()
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// timed runs a function after a collection of garbage.
func timed(f func()) clock {
	runtime.GC()
	wall, cpu := time.Now(), processor()
	f()
	return clock{time.Since(wall).Seconds(), processor() - cpu}
}

// report prints medians, and the median of the ratios of runs side by side.
func report(t *testing.T, what string, ours, theirs []clock) {
	t.Helper()
	of := func(list []clock, f func(c clock) float64) (out []float64) {
		for _, c := range list {
			out = append(out, f(c))
		}
		return out
	}
	wall, cpu := func(c clock) float64 { return c.wall }, func(c clock) float64 { return c.cpu }
	ratios := func(f func(c clock) float64) []float64 {
		a, b := of(ours, f), of(theirs, f)
		for i := range a {
			a[i] = b[i] / a[i]
		}
		return a
	}
	median := func(v []float64) float64 {
		v = slices.Sorted(slices.Values(v))
		return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
	}
	w, c := ratios(wall), ratios(cpu)
	t.Logf("%s: %.4g s, peer %.4g s, %.2f times as fast (%.2f to %.2f); of processor time %.4g s, peer %.4g s, %.2f times (%.2f to %.2f)", what,
		median(of(ours, wall)), median(of(theirs, wall)), median(w), slices.Min(w), slices.Max(w), median(of(ours, cpu)), median(of(theirs, cpu)), median(c), slices.Min(c), slices.Max(c))
}

func clone(f *factors) *factors {
	return &factors{name: f.name, dim: f.dim, users: slices.Clone(f.users), items: slices.Clone(f.items)}
}

// dependencies reads the pairs of packages.
func dependencies(t *testing.T) *data.Histories {
	t.Helper()
	folder, err := data.Folder()
	if err != nil {
		t.Fatal(err)
	}
	set, _, err := data.CSV{NoTarget: true, Types: map[string]data.ColumnType{"package": data.Text, "dependency": data.Text}}.ReadFile(filepath.Join(folder, "pairs", "pairs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	x, err := data.InteractionColumns{User: "package", Item: "dependency"}.Read(set)
	if err != nil {
		t.Fatal(err)
	}
	h, err := x.Histories()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// peer is the process of testdata/peer.py.
type peer struct {
	folder, versions string
	in               io.Writer
	out              *bufio.Reader
}

// answer is one of its answers.
type answer struct {
	Seconds, CPU, First float64
	Top                 []int
}

func newPeer(t *testing.T, python string, threads int, h *data.Histories, m ALS, b BPR, begin *factors, triples []triple) *peer {
	t.Helper()
	p := &peer{folder: t.TempDir()}
	meta, err := json.Marshal(map[string]any{
		"users": h.Users(), "items": h.Items, "factors": begin.dim, "alpha": m.Alpha, "lambda": m.Lambda, "steps": m.Steps, "triples": len(triples), "rate": b.LearningRate, "bpr_lambda": b.Lambda,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.folder, "meta.json"), meta, 0o644); err != nil {
		t.Fatal(err)
	}
	narrow := func(list []int) []int32 {
		out := make([]int32, len(list))
		for i, v := range list {
			out[i] = int32(v)
		}
		return out
	}
	var flat []int32
	for _, x := range triples {
		flat = append(flat, x.user, x.has, x.not)
	}
	for name, v := range map[string]any{"start.i32": narrow(h.Start), "item.i32": narrow(h.Item), "users.f32": begin.users, "items.f32": begin.items, "triples.i32": flat} {
		f, err := os.Create(filepath.Join(p.folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := binary.Write(f, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "testdata/peer.py", p.folder, fmt.Sprint(threads))
	cmd.Env = append(os.Environ(), fmt.Sprintf("OPENBLAS_NUM_THREADS=%d", threads), fmt.Sprintf("OMP_NUM_THREADS=%d", threads))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	p.in, p.out = in, bufio.NewReader(out)
	if p.versions, err = p.out.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	p.versions = p.versions[:len(p.versions)-1]
	return p
}

// ask has it run a command once.
func (p *peer) ask(t *testing.T, format string, args ...any) (a answer) {
	t.Helper()
	fmt.Fprintf(p.in, format+"\n", args...)
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return a
}

// same holds the vectors it has left to ours: the share that differs by more than a tolerance, of the size of their root mean
// square, must be below a thousandth.
func (p *peer) same(t *testing.T, f *factors, tolerance float64) {
	t.Helper()
	for name, ours := range map[string][]float32{"peer-users.f32": f.users, "peer-items.f32": f.items} {
		raw, err := os.ReadFile(filepath.Join(p.folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(raw) != 4*len(ours) {
			t.Fatalf("%s has %d bytes", name, len(raw))
		}
		square := 0.0
		for _, v := range ours {
			square += float64(v) * float64(v)
		}
		size := math.Sqrt(square / float64(len(ours)))
		off := 0
		for i, v := range ours {
			if d := float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))) - float64(v); !(math.Abs(d) < tolerance*size) {
				off++
			}
		}
		if off > len(ours)/1000 {
			t.Errorf("%s: %d of %d numbers differ by more than %g", name, off, len(ours), tolerance*size)
		}
	}
}
