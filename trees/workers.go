package trees

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// maxThreads bounds the goroutines of a fit.
const maxThreads = 1 << 10

// threadCount returns the number of goroutines to compute with: 0 stands for
// GOMAXPROCS.
func threadCount(n int) (int, error) {
	switch {
	case n < 0 || n > maxThreads:
		return 0, fmt.Errorf("trees: %d threads, want 0 to %d", n, maxThreads)
	case n == 0:
		return runtime.GOMAXPROCS(0), nil
	}
	return n, nil
}

// parallel calls f for every task in [0, tasks), on the given number of
// goroutines, the caller's among them. Tasks are handed out in order.
func parallel(threads, tasks int, f func(task int)) {
	parallelWorkers(threads, tasks, func(_, task int) { f(task) })
}

// parallelWorkers is parallel for tasks that need scratch memory: worker is the
// number of the goroutine, below threads.
func parallelWorkers(threads, tasks int, f func(worker, task int)) {
	if threads = min(threads, tasks); threads <= 1 {
		for i := range tasks {
			f(0, i)
		}
		return
	}
	var next atomic.Int64
	work := func(worker int) {
		for {
			i := int(next.Add(1)) - 1
			if i >= tasks {
				return
			}
			f(worker, i)
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < threads; w++ {
		wg.Go(func() { work(w) })
	}
	work(0)
	wg.Wait()
}

// parallelRows calls f for ranges that make up [0, n). The ranges do not depend on
// the number of threads, so that sums over a range do not either.
func parallelRows(threads, n int, f func(from, to int)) {
	const span = 8192
	parallel(threads, (n+span-1)/span, func(i int) { f(i*span, min(n, (i+1)*span)) })
}
