package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// spanned is a function that does a span.
type spanned func(from, to int)

func (f spanned) Span(from, to int) { f(from, to) }

// passes are kernels of sizes that workers share, each with what it computes.
// Convolutions and recurrences have tests of their own.
func passes[T Float](r *rand.Rand) map[string]func() []T {
	const n = 4*spanSize + 177 // more than longCopy
	array := func(n int) []T { return uniform[T](r, n) }
	list := map[string]func() []T{}
	add := func(name string, size int, f func(dst []T)) {
		list[name] = func() []T {
			dst := make([]T, size)
			f(dst)
			return dst
		}
	}
	x, y, z, w := array(n), array(n), array(n), array(n)
	for fn := range unaryCount {
		add(fn.String(), n, func(dst []T) { Unary(fn, 1, dst, x) })
		add(fn.String()+" gradient", n, func(dst []T) { UnaryGrad(fn, 1, dst, x, y) })
	}
	dense, _ := NewStrided([]int{n}, []int{1}, []int{1})
	for fn := Add; fn <= Greater; fn++ {
		add(fmt.Sprint("binary ", fn), n, func(dst []T) { Binary(fn, dst, x, y, &dense) })
	}
	add("alpha x + beta", n, func(dst []T) { Axpb(dst, 0.3, x, 0.7) })
	for _, width := range []int{10, n} {
		classes, each := make([]int, n/width), array(n/width)
		for i := range classes {
			classes[i] = i % width
		}
		of := fmt.Sprintf(" of rows of %d", width)
		whole := n / width * width
		add("softmax"+of, n, func(dst []T) { Softmax(dst, x[:whole], width) })
		add("log-softmax"+of, n, func(dst []T) { LogSoftmax(dst, x[:whole], width) })
		add("softmax's gradient"+of, n, func(dst []T) { SoftmaxGrad(dst, x[:whole], y, width) })
		add("log-softmax's gradient"+of, n, func(dst []T) { LogSoftmaxGrad(dst, x[:whole], y, width) })
		add("cross-entropy"+of, n/width, func(dst []T) { CrossEntropy(dst, x, classes, width, 0.1) })
		add("cross-entropy's gradient"+of, n, func(dst []T) { CrossEntropyGrad(dst, x, classes, each, width, 0.1) })
		add("soft cross-entropy"+of, n/width, func(dst []T) { SoftCrossEntropy(dst, x, y, width, 0.1) })
		add("soft cross-entropy's gradient"+of, n, func(dst []T) { SoftCrossEntropyGrad(dst, x, y, each, width, 0.1) })
	}
	add("axpy", n, func(dst []T) { copy(dst, y); Axpy(0.3, x, dst) })
	add("add", n, func(dst []T) { copy(dst, y); AddTo(dst, x) })
	add("dropout", n, func(dst []T) { Dropout(dst, x, 0.4, 77) })
	add("uniform", n, func(dst []T) { Uniform(dst, 5) })
	add("normal", n, func(dst []T) { Normal(dst, 6) })
	add("Bernoulli", n, func(dst []T) { Bernoulli(dst, 0.3, 7) })
	add("sum of squares", 1, func(dst []T) { dst[0] = T(SumSquares(x)) })
	add("Adam", 3*n, func(dst []T) {
		m, v := dst[n:2*n], dst[2*n:]
		copy(dst, x)
		copy(m, y)
		for i, e := range z {
			v[i] = e * e
		}
		Adam(&AdamStep[T]{0.9, 0.1, 0.99, 0.01, 1e-8, 0.02, 0.97, 0.3, 0.1, 1.7}, dst[:n], m, v, w)
	})
	add("momentum", 2*n, func(dst []T) {
		copy(dst, x)
		copy(dst[n:], y)
		momentum := func(from, to int) {
			Momentum(&MomentumStep[T]{0.9, 0.01, 0.3, 0.2, 0.7}, dst[from:to], dst[n+from:n+to], w[from:to])
		}
		new(Spans).Do(spanned(momentum), n)
	})
	rows := r.Perm(400)
	table := array(400 * 200)
	add("gather", 300*200, func(dst []T) { Gather(dst, table, rows[:300], 200) })
	all, _ := NewStrided([]int{n}, []int{1}, []int{0})
	add("sum", 1, func(dst []T) { Sum(dst, x, &all) })
	for _, s := range [][2]int{{4000, 10}, {900, 64}, {50, 1000}, {3, 20000}} {
		v := array(s[0] * s[1])
		down, _ := NewStrided([]int{s[0], s[1]}, []int{s[1], 1}, []int{0, 1})
		across, _ := NewStrided([]int{s[0], s[1]}, []int{s[1], 1}, []int{1, 0})
		add(fmt.Sprint("sum of rows ", s), s[1], func(dst []T) { Sum(dst, v, &down) })
		add(fmt.Sprint("sum of columns ", s), s[0], func(dst []T) { Sum(dst, v, &across) })
	}
	for _, s := range [][3]int{{128, 256, 784}, {784, 256, 128}, {64, 128, 1500}, {28, 512, 1792}, {300, 10, 500}, {5, 2000, 300}, {130, 1100, 270}, {1030, 70, 270}} {
		m, n, k := s[0], s[1], s[2]
		a, b, bias := array(m*k), array(k*n), array(n)
		for trans := range 4 {
			add(fmt.Sprintf("product %v, transposed %02b", s, trans), m*n, func(dst []T) {
				Gemm(trans&1 > 0, trans&2 > 0, m, n, k, a, b, 0, dst)
			})
		}
		add(fmt.Sprintf("product %v with bias", s), m*n, func(dst []T) { GemmBias(m, n, k, a, b, bias, true, dst) })
	}
	for _, s := range [][3]int{{40, 50, 30}, {3, 70, 400}, {900, 9, 8}, {2, 5, 20000}} {
		v := array(s[0] * s[1] * s[2])
		middle, _ := NewStrided(s[:], []int{s[1] * s[2], s[2], 1}, []int{s[2], 0, 1})
		add(fmt.Sprint("sum of the middle axis ", s), s[0]*s[2], func(dst []T) { Sum(dst, v, &middle) })
		swap, _ := NewStrided([]int{s[1], s[0], s[2]}, []int{s[2], s[1] * s[2], 1}, make([]int, 3))
		add(fmt.Sprint("axes swapped ", s), len(v), func(dst []T) { Copy(dst, v, &swap) })
		add(fmt.Sprint("broadcast ", s), len(v), func(dst []T) {
			walk, _ := NewStrided(s[:], []int{s[2], 0, 1}, make([]int, 3))
			Copy(dst, v, &walk)
		})
	}
	for _, s := range [][4]int{{128, 64, 64, 32}, {3, 300, 70, 90}, {2, 90, 260, 80}, {2, 33, 30, 1100}, {1000, 7, 5, 31}} {
		count, m, n, k := s[0], s[1], s[2], s[3]
		a, b := array(count*m*k), array(count*k*n)
		for trans := range 4 {
			add(fmt.Sprintf("batch of products %v, transposed %02b", s, trans), count*m*n, func(dst []T) {
				GemmBatch(trans&1 > 0, trans&2 > 0, count, m, n, k, a, b, dst)
			})
		}
	}
	for _, s := range [][2]int{{900, 64}, {4000, 19}, {70, 1000}} {
		n := s[1]
		norm := Norm{N: n, Epsilon: 1e-3}
		x, g, gamma, beta, m := array(s[0]*n), array(s[0]*n), array(n), array(n), make([]T, 2*n)
		Moments(n, x, m)
		add(fmt.Sprint("moments ", s), 2*n, func(dst []T) { Moments(n, x, dst) })
		add(fmt.Sprint("batch normalisation ", s), len(x), func(dst []T) { BatchNorm(norm, x, m, gamma, beta, dst) })
		add(fmt.Sprint("its gradient ", s), len(x), func(dst []T) {
			sums := make([]T, 2*n)
			BatchNormSums(norm, x, m, g, sums)
			BatchNormGrad(norm, x, m, gamma, g, sums, dst)
		})
		add(fmt.Sprint("layer normalisation ", s), len(x), func(dst []T) { LayerNorm(norm, x, gamma, beta, dst) })
		add(fmt.Sprint("its gradient with respect to x ", s), len(x), func(dst []T) { LayerNormGrad(norm, x, gamma, g, dst) })
		add(fmt.Sprint("its gradients with respect to scale and shift ", s), 2*n, func(dst []T) { LayerNormSums(norm, x, g, dst) })
	}
	for stride := 1; stride <= 2; stride++ {
		c := Conv{N: 9, H: 21, W: 18, C: 33, KH: 2, KW: 2, O: 33, Groups: 33, StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1}
		in, out := c.N*c.H*c.W*c.C, c.N*c.OutH()*c.OutW()*c.C
		x, dy, y := array(in), array(out), make([]T, out)
		MaxPool(&c, x, y)
		add(fmt.Sprint("maximum pooling, stride ", stride), out, func(dst []T) { MaxPool(&c, x, dst) })
		add(fmt.Sprint("average pooling, stride ", stride), out, func(dst []T) { AveragePool(&c, x, dst) })
		add(fmt.Sprint("gradient of maximum pooling, stride ", stride), in, func(dst []T) { MaxPoolGrad(&c, stride == 1, x, y, dy, dst) })
		add(fmt.Sprint("gradient of average pooling, stride ", stride), in, func(dst []T) { AveragePoolGrad(&c, dy, dst) })
	}
	return list
}

// The number of workers changes no bit of any kernel.
func TestWorkers(t *testing.T) {
	t.Run("float32", testWorkers[float32])
	t.Run("float64", testWorkers[float64])
}

func TestMostThreads(t *testing.T) {
	defer SetThreads(Threads())
	for n, want := range map[int]int{-1: runtime.GOMAXPROCS(0), 3: 3, maxThreads + 1: maxThreads} {
		if SetThreads(n); Threads() != want {
			t.Errorf("%d threads for %d, want %d", Threads(), n, want)
		}
	}
}

func testWorkers[T Float](t *testing.T) {
	defer SetThreads(Threads())
	for name, run := range passes[T](rand.New(rand.NewPCG(13, 14))) {
		SetThreads(1)
		want := run()
		for _, n := range []int{2, 4, 3, 2} {
			SetThreads(n)
			for i, v := range run() {
				if math.Float64bits(float64(v)) != math.Float64bits(float64(want[i])) {
					t.Errorf("%s, %d threads: element %d is %v, was %v", name, n, i, v, want[i])
					break
				}
			}
		}
	}
}

// Callers that are more than the threads change no bit either: there is nobody to
// help then.
func TestMoreCallersThanThreads(t *testing.T) {
	defer SetThreads(Threads())
	list := passes[float32](rand.New(rand.NewPCG(15, 16)))
	c := Conv{N: 5, H: 30, W: 30, C: 16, KH: 3, KW: 3, O: 40, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1}
	r := rand.New(rand.NewPCG(17, 18))
	x, dy := uniform[float32](r, c.N*c.H*c.W*c.C), uniform[float32](r, c.N*c.OutH()*c.OutW()*c.O)
	list["gradient of kernels"] = func() []float32 {
		dw := make([]float32, c.KH*c.KW*c.C*c.O)
		ConvWeights(&c, x, dy, dw)
		return dw
	}
	want := map[string][]float32{}
	SetThreads(1)
	for name, run := range list {
		want[name] = run()
	}
	SetThreads(2)
	for _, callers := range []int{3, 100} {
		for range callers {
			Enter()
		}
		runtime.GC() // twice empties the pools, whose memory may hold the right results
		runtime.GC()
		for name, run := range list {
			sameBits(t, fmt.Sprintf("%s, %d callers", name, callers), run(), want[name])
		}
		for range callers {
			Leave()
		}
	}
}

// tally counts how often each part is done, and fails at one of them.
type tally struct {
	done []atomic.Int32
	bad  int // the part that panics; negative: none
	deep bool
	sum  atomic.Int64
}

type badPart struct{ part int }

func (w *tally) part(i int) {
	if i == w.bad {
		panic(badPart{i})
	}
	w.done[i].Add(1)
	if w.deep && i%3 == 0 { // work within work
		inner := &tally{done: make([]atomic.Int32, 5), bad: -1}
		parallel(new(job), inner, len(inner.done))
		w.sum.Add(inner.total())
	}
	for range i % 7 {
		runtime.Gosched()
	}
}

func (w *tally) total() (n int64) {
	for i := range w.done {
		n += int64(w.done[i].Load())
	}
	return n
}

// try does n parts, and returns what they panic with.
func (w *tally) try(j *job) (reason any) {
	defer func() { reason = recover() }()
	parallel(j, w, len(w.done))
	return nil
}

// Many callers, who have more threads, fewer and more again, and whose work panics at
// times: every part is done once, a panic comes back to its caller, and nobody waits
// for ever.
func TestWorkersUnderStress(t *testing.T) {
	defer SetThreads(Threads())
	SetThreads(4)
	const callers, rounds = 6, 400
	var wait sync.WaitGroup
	for c := range callers {
		wait.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 19))
			j := new(job)
			for round := range rounds {
				if c == 0 {
					SetThreads(1 + r.IntN(8))
				}
				w := &tally{done: make([]atomic.Int32, r.IntN(40)), bad: -1, deep: r.IntN(4) == 0}
				if len(w.done) > 0 && r.IntN(5) == 0 {
					w.bad = r.IntN(len(w.done))
				}
				if r.IntN(50) == 0 {
					time.Sleep(3 * spinTime) // the workers fall asleep
				}
				switch reason := w.try(j); {
				case w.bad >= 0:
					if reason != any(badPart{w.bad}) {
						t.Errorf("caller %d, round %d: panics with %v, want that of part %d", c, round, reason, w.bad)
					}
				case reason != nil:
					t.Errorf("caller %d, round %d: panics with %v", c, round, reason)
				}
				for i := range w.done {
					if n := w.done[i].Load(); n > 1 || n < 1 && w.bad < 0 {
						t.Errorf("caller %d, round %d: part %d is done %d times", c, round, i, n)
					}
				}
				if deep := int64(len(w.done)+2) / 3 * 5; w.deep && w.bad < 0 && w.sum.Load() != deep {
					t.Errorf("caller %d, round %d: %d parts within parts are done, want %d", c, round, w.sum.Load(), deep)
				}
			}
		})
	}
	wait.Wait()
	idle(t)
}

// idle waits until all workers sleep and nobody has claimed one.
func idle(t *testing.T) {
	t.Helper()
	for range 10_000 {
		awake := 0
		for _, w := range *crew.Load() {
			if !w.asleep.Load() || w.busy.Load() {
				awake++
			}
		}
		if awake == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("workers without work stay awake")
}

// Workers that have nothing to do sleep, and come back.
func TestWorkersSleep(t *testing.T) {
	defer SetThreads(Threads())
	SetThreads(3)
	var j job
	for range 20 {
		w := &tally{done: make([]atomic.Int32, 50), bad: -1}
		if r := w.try(&j); r != nil || w.total() != 50 {
			t.Errorf("%d of 50 parts are done: %v", w.total(), r)
		}
		idle(t)
	}
}

// Callers side by side, each with kernels of its own, have the bits of one alone.
func TestCallersSideBySide(t *testing.T) {
	defer SetThreads(Threads())
	SetThreads(1)
	list := passes[float32](rand.New(rand.NewPCG(20, 21)))
	want := map[string][]float32{}
	for name, run := range list {
		want[name] = run()
	}
	SetThreads(3)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			Enter()
			defer Leave()
			for name, run := range list { // in an order of its own
				sameBits(t, name, run(), want[name])
			}
		})
	}
	wait.Wait()
}
