package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The workers are one set of goroutines for the process. They help whoever has
// work in parts: the caller and the workers that are idle each have a share of
// parts that lie side by side, and take parts of others when they are done with
// it. So what one operation has put into a core's cache is there for the next,
// and nobody waits for one that was held up. What a part computes does not
// depend on who computes it: results are the same bits with any number of workers.
//
// A worker that has nothing to do spins for a moment, as the next operation of
// a training step comes within microseconds; then it sleeps.
const (
	spinTime  = 100 * time.Microsecond
	spinTurns = 8 // pauses between two looks
)

// parts is work that can be done in parts, in any order and at the same time.
type parts interface{ part(i int) }

// maxShares bounds who works on one job.
const maxShares = 64

// job is one call of parallel. It lives in memory that the caller keeps.
type job struct {
	work    parts
	shares  int
	share   [maxShares]share
	running atomic.Int32 // workers that were offered the job and have not left it
	failure atomic.Pointer[any]
}

// share is the parts that one of those who work has not begun.
type share struct {
	next atomic.Int64
	end  int64
	_    [48]byte // for a cache line of its own
}

// divide makes shares of n parts.
func (j *job) divide(shares, n int) {
	j.shares = shares
	for i := range shares {
		s := &j.share[i]
		s.next.Store(int64(i * n / shares))
		s.end = int64((i + 1) * n / shares)
	}
}

// do does the parts of one's own share, then of the others.
func (j *job) do(own int) {
	for i := range j.shares {
		s := &j.share[(own+i)%j.shares]
		for {
			n := s.next.Add(1) - 1
			if n >= s.end {
				break
			}
			j.work.part(int(n))
		}
	}
}

type worker struct {
	share  int         // of the job that it was offered
	busy   atomic.Bool // somebody has claimed it
	box    atomic.Pointer[job]
	asleep atomic.Bool
	wake   chan struct{}
	_      [64]byte
}

var (
	crew    atomic.Pointer[[]*worker]
	crewMu  sync.Mutex
	threads atomic.Int32
	active  atomic.Int32 // callers between Enter and Leave
)

// maxThreads bounds the workers that SetThreads starts; they never end.
const maxThreads = 1024

// SetThreads sets how many goroutines compute at most: callers and workers
// together. A number below 1 stands for runtime.GOMAXPROCS, one above maxThreads
// for that.
func SetThreads(n int) {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	n = min(n, maxThreads)
	crewMu.Lock()
	defer crewMu.Unlock()
	var ws []*worker
	if p := crew.Load(); p != nil {
		ws = append(ws, *p...)
	}
	for len(ws) < n-1 {
		w := &worker{wake: make(chan struct{}, 1)}
		ws = append(ws, w)
		go w.loop()
	}
	crew.Store(&ws)
	threads.Store(int32(n))
}

// Threads returns what SetThreads has set.
func Threads() int {
	if n := threads.Load(); n > 0 {
		return int(n)
	}
	SetThreads(0)
	return int(threads.Load())
}

// Enter announces a caller that computes until Leave. Concurrent callers share the workers,
// so that there are never more busy goroutines than threads unless there are more callers.
func Enter() { active.Add(1) }

// Leave ends what Enter began.
func Leave() { active.Add(-1) }

// helpers is how many workers a caller may take now: none if there are more
// callers than threads.
func helpers() int { return max(0, Threads()-max(1, int(active.Load()))) }

// parallelFLOP is the number of FLOPs worth waking helpers for.
const parallelFLOP = 1 << 20

// shareOut does the n parts of work that takes flop operations in all.
func shareOut(j *job, work parts, n, flop int) {
	if flop >= parallelFLOP {
		parallel(j, work, n)
		return
	}
	for i := range n {
		work.part(i)
	}
}

// parallel does the n parts of work, and returns when all are done.
func parallel(j *job, work parts, n int) {
	free := min(helpers(), n-1)
	if free <= 0 {
		for i := range n {
			work.part(i)
		}
		return
	}
	var claimed [maxShares - 1]*worker
	count := 0
	for _, w := range *crew.Load() {
		if count == min(free, len(claimed)) {
			break
		}
		if w.busy.CompareAndSwap(false, true) {
			claimed[count] = w
			count++
		}
	}
	j.work = work
	j.failure.Store(nil)
	j.divide(count+1, n)
	for i, w := range claimed[:count] {
		j.running.Add(1)
		w.share = 1 + i
		w.box.Store(j)
		if w.asleep.Load() {
			select {
			case w.wake <- struct{}{}:
			default:
			}
		}
	}
	defer j.finish(claimed[:count])
	j.do(0)
}

// finish takes the job back from workers that have not begun and waits for the
// others.
func (j *job) finish(claimed []*worker) {
	for i := range j.shares { // nothing is left if the caller panicked
		j.share[i].next.Store(j.share[i].end)
	}
	for _, w := range claimed {
		if w.box.CompareAndSwap(j, nil) {
			j.running.Add(-1)
			w.busy.Store(false)
		}
	}
	for turns := 0; j.running.Load() > 0; turns++ {
		pause(spinTurns)
		if turns > 1000 {
			runtime.Gosched()
		}
	}
	j.work = nil
	if p := j.failure.Load(); p != nil {
		panic(*p)
	}
}

func (w *worker) loop() {
	for {
		j := w.box.Load()
		if j == nil {
			w.wait()
			continue
		}
		if w.box.CompareAndSwap(j, nil) {
			w.help(j)
		}
	}
}

func (j *job) fail(reason any) { j.failure.Store(&reason) }

func (w *worker) help(j *job) {
	defer func() {
		if r := recover(); r != nil {
			j.fail(r)
		}
		w.busy.Store(false)
		j.running.Add(-1) // the last touch: the caller may use the job again
	}()
	j.do(w.share)
}

// wait returns when there may be a job.
func (w *worker) wait() {
	begin := time.Now()
	for time.Since(begin) < spinTime {
		for range 16 {
			if w.box.Load() != nil {
				return
			}
			pause(spinTurns)
		}
	}
	w.asleep.Store(true)
	if w.box.Load() == nil {
		<-w.wake
	}
	w.asleep.Store(false)
}
