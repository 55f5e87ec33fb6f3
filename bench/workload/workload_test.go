package workload

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/kernel"
)

// few makes rows for a workload without reading a data set.
func few(t *testing.T, w Workload, n int) *data.Set {
	t.Helper()
	if w.Table {
		s, err := Table()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s, err := w.Random(n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParameters(t *testing.T) {
	want := map[string]int{ // by hand: weights and biases, layer by layer
		"W1": 784*256 + 256 + 256*128 + 128 + 128*10 + 10,
		"W2": 9*32 + 32 + 9*32*64 + 64 + 7*7*64*128 + 128 + 128*10 + 10,
		"W3": 28*512 + 128*512 + 512 + 128*10 + 10,
		"W4": 30*16 + 16 + 16*8 + 8 + 8 + 1,
	}
	for _, w := range All() {
		m, err := w.Model()
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := m.Params().Count(); n != want[w.Name] {
			t.Errorf("%s has %d parameters, want %d", w.Name, n, want[w.Name])
		}
	}
	if _, err := Named("w2"); err != nil {
		t.Error(err)
	}
	if _, err := Named("W9"); err == nil {
		t.Error("there is a W9")
	}
}

func TestTable(t *testing.T) {
	s, err := Table()
	if err != nil {
		t.Fatal(err)
	}
	x, columns, err := s.Table()
	if err != nil || s.Len() != 544 || columns != 30 {
		t.Fatalf("%d rows of %d columns: %v", s.Len(), columns, err)
	}
	for c := range columns {
		mean, square := 0.0, 0.0
		for r := range s.Len() {
			v := x[r*columns+c]
			mean += v / 544
			square += v * v / 544
		}
		if math.Abs(mean) > 1e-9 || math.Abs(square-1) > 0.01 {
			t.Errorf("column %d has mean %v and mean square %v", c, mean, square)
		}
	}
}

// TestTraining checks that a window does what it says: so many steps, or so much
// time, and that weights move in windows only.
func TestTraining(t *testing.T) {
	for _, w := range All() {
		t.Run(w.Name, func(t *testing.T) {
			run, err := w.Train(context.Background(), few(t, w, 100))
			if err != nil {
				t.Fatal(err)
			}
			before := run.Model.Params().Snapshot()
			if rate, err := run.Steps(3); err != nil || !(rate > 0) {
				t.Fatalf("rate %v, %v", rate, err)
			}
			after := run.Model.Params().Snapshot()
			if slices.EqualFunc(before, after, slices.Equal) {
				t.Error("three steps have changed nothing")
			}
			begin := time.Now()
			if rate, err := run.Window(20 * time.Millisecond); err != nil || !(rate > 0) || time.Since(begin) < 20*time.Millisecond {
				t.Errorf("a window of 20 ms: rate %v, %v, after %v", rate, err, time.Since(begin))
			}
			after = run.Model.Params().Snapshot()
			time.Sleep(5 * time.Millisecond)
			if !slices.EqualFunc(after, run.Model.Params().Snapshot(), slices.Equal) {
				t.Error("weights move between windows")
			}
			if err := run.Close(); err != nil {
				t.Error(err)
			}
			if _, err := run.Steps(1); err == nil {
				t.Error("a closed training goes on")
			}
		})
	}
}

// TestRate holds the rate to rows counted outside, over the short last batch of an
// epoch, too, and to a time that is longer than the window's.
func TestRate(t *testing.T) {
	w, err := Named("W4")
	if err != nil {
		t.Fatal(err)
	}
	s := few(t, w, 0)
	rows := slices.Repeat([]int{0}, 40) // 40 = 32 + 8: two steps an epoch
	set, err := s.Rows(rows)
	if err != nil {
		t.Fatal(err)
	}
	run, err := w.Train(context.Background(), set)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	for steps, seen := range map[int]int{2: 40, 2000: 40000} {
		begin := time.Now()
		rate, err := run.Steps(steps)
		took := time.Since(begin).Seconds()
		if err != nil {
			t.Fatal(err)
		}
		if run.seen != seen || rate < float64(seen)/took {
			t.Errorf("%d steps in less than %v s: %d rows, want %d; %v rows/s", steps, took, run.seen, seen, rate)
		}
	}
}

func TestInference(t *testing.T) {
	ctx := context.Background()
	for _, w := range All() {
		s := few(t, w, 100)
		p, err := w.Infer(ctx, s, 32)
		if err != nil {
			t.Fatal(err)
		}
		if rate, err := p.Window(time.Millisecond); err != nil || !(rate > 0) || p.Rows() != 32 {
			t.Errorf("%s: %v rows/s, %v", w.Name, rate, err)
		}
		if _, err := w.Infer(ctx, s, 1000); err == nil {
			t.Errorf("%s: 1000 of %d rows", w.Name, s.Len())
		}
	}
}

// TestInferRow holds what is predicted row by row to Model.Predict.
func TestInferRow(t *testing.T) {
	ctx := context.Background()
	w, err := Named("W4")
	if err != nil {
		t.Fatal(err)
	}
	s := few(t, w, 0)
	m, err := w.Model()
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Predict(ctx, s.Inputs...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.InferRow(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 7, 543, 544} {
		if err := p.Call(i); err != nil {
			t.Fatal(err)
		}
		if w := want[0].Data().([]float32)[i%544]; math.Abs(float64(p.Out[0]-w)) > 1e-5 {
			t.Errorf("row %d: %v, want %v", i, p.Out[0], w)
		}
	}
	if rate, err := p.Window(time.Millisecond); err != nil || !(rate > 0) || p.Rows() != 1 {
		t.Errorf("%v rows/s, %v", rate, err)
	}
}

// TestProfile counts the operations of W1's training step by hand: forward, the
// gradients of all weights, and those of the inputs of all layers but the first.
func TestProfile(t *testing.T) {
	for _, w := range All() {
		p, err := w.Profile(context.Background(), few(t, w, 200), 2)
		if err != nil {
			t.Fatal(err)
		}
		last := p.Ops[len(p.Ops)-1]
		if last.Path != "optimizer" || last.Calls != 2 || last.Bytes == 0 || !(p.Time() > 0) {
			t.Errorf("%s: %v", w.Name, last)
		}
		if w.Name != "W1" {
			continue
		}
		forward := 2 * 128 * (784*256 + 256*128 + 128*10)
		if n := p.FLOP(); n != 3*forward-2*128*784*256 {
			t.Errorf("%d operations, want %d", n, 3*forward-2*128*784*256)
		}
		if weights := 784*256 + 256 + 256*128 + 128 + 1290; last.Shape != fmt.Sprintf("(%d)", weights) || last.Bytes != 4*4*weights {
			t.Errorf("the optimizer changes %s, moves %d bytes", last.Shape, last.Bytes)
		}
	}
}

func TestSetThreads(t *testing.T) {
	procs, threads := runtime.GOMAXPROCS(0), kernel.Threads()
	restore := SetThreads(3)
	if p, n := runtime.GOMAXPROCS(0), kernel.Threads(); p != 3 || n != 3 {
		t.Errorf("GOMAXPROCS %d, threads %d, want 3", p, n)
	}
	restore()
	if p, n := runtime.GOMAXPROCS(0), kernel.Threads(); p != procs || n != threads {
		t.Errorf("GOMAXPROCS %d, threads %d behind, %d and %d before", p, n, procs, threads)
	}
}
