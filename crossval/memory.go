package crossval

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// held is the memory that the process has from the system, in bytes.
func held() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64()) - int64(s[1].Value.Uint64())
}

// errMemory is the cause of a fit's end that had to make room.
var errMemory = errors.New("crossval: it takes more memory than there may be")

// keeper keeps the memory of running fits within a limit. The first fit runs alone, to see
// what one takes; then as many run side by side as that leaves room for. If they take more
// all the same, the one that began last is stopped and runs again later; one that takes too
// much alone fails.
type keeper struct {
	limit int64 // less 5%: a fit takes more while it is being stopped
	base  int64 // held when nothing runs

	mu      sync.Mutex
	free    *sync.Cond
	running []*running
	learned // of fits
	stop    chan struct{}
	done    sync.WaitGroup
}

// learned is what a keeper learns of the fits of a session.
type learned struct {
	one  int64 // the most that a fit which was not stopped has taken; 0: not known
	most int   // side by side at most, after some had to be stopped; 0: any number
}

// running is a fit under way.
type running struct {
	stop    context.CancelCauseFunc
	alone   bool
	stopped bool
	took    int64 // the most that was seen: the process' growth, divided by the fits under way
}

// collector is the limit of the garbage collector, which belongs to the process: while keepers
// are at work it is the least of theirs and what it was before the first.
var collector struct {
	sync.Mutex
	keepers map[*keeper]int64
	before  int64
}

// bound sets the collector's limit for a keeper, 0: for none any more.
func (k *keeper) bound(limit int64) {
	collector.Lock()
	defer collector.Unlock()
	if len(collector.keepers) == 0 {
		collector.keepers, collector.before = map[*keeper]int64{}, debug.SetMemoryLimit(-1)
	}
	if collector.keepers[k] = limit; limit == 0 {
		delete(collector.keepers, k)
	}
	least := collector.before
	for _, l := range collector.keepers {
		least = min(least, l)
	}
	debug.SetMemoryLimit(least)
}

// newKeeper returns a keeper, nil without a limit, that knows what another learned.
func newKeeper(limit int64, known learned) *keeper {
	if limit <= 0 {
		return nil
	}
	debug.FreeOSMemory()
	k := &keeper{limit: limit - limit/20, base: held(), learned: known, stop: make(chan struct{})}
	k.free = sync.NewCond(&k.mu)
	k.bound(limit - limit/10) // the collector works harder near it
	k.done.Go(k.watch)
	return k
}

// end stops the keeper and returns what it has learned.
func (k *keeper) end() learned {
	if k == nil {
		return learned{}
	}
	close(k.stop)
	k.done.Wait()
	k.bound(0)
	return k.learned
}

// begin waits until there is room for a fit, and returns its context.
func (k *keeper) begin(ctx context.Context) (context.Context, *running) {
	if k == nil {
		return ctx, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.running) > 0 && len(k.running) >= k.room() {
		k.free.Wait()
	}
	limited, stop := context.WithCancelCause(ctx)
	r := &running{stop: stop, alone: len(k.running) == 0}
	for _, other := range k.running {
		other.alone = false
	}
	k.running = append(k.running, r)
	return limited, r
}

// room returns how many fits may run side by side.
func (k *keeper) room() int {
	if k.one == 0 {
		return 1
	}
	n := int(float64(k.limit-k.base) / (1.1 * float64(k.one)))
	if k.most > 0 {
		n = min(n, k.most)
	}
	return max(1, n)
}

// finish says that a fit has ended. It reports whether the fit was stopped to make room, and
// whether it ran alone.
func (k *keeper) finish(r *running) (stopped, alone bool) {
	if k == nil {
		return false, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	r.stop(nil)
	for i, other := range k.running {
		if other == r {
			k.running = append(k.running[:i], k.running[i+1:]...)
			break
		}
	}
	if !r.stopped {
		k.one = max(k.one, r.took, 1) // 1: it took nothing that was seen
	} else {
		debug.FreeOSMemory() // before the next one begins
	}
	k.free.Broadcast()
	return r.stopped, r.alone
}

// watch measures, and stops fits.
func (k *keeper) watch() {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-k.stop:
			return
		case <-tick.C:
		}
		if held() > k.limit {
			debug.FreeOSMemory() // what is garbage is no reason to stop a fit
		}
		k.mu.Lock()
		if n := len(k.running); n > 0 {
			now := held()
			for _, r := range k.running {
				r.took = max(r.took, (now-k.base)/int64(n))
			}
			if last := k.running[n-1]; now > k.limit && !last.stopped {
				last.stopped = true
				last.stop(errMemory)
				if n > 1 {
					k.most = n - 1
				}
			}
		}
		k.mu.Unlock()
	}
}

// tooMuch is the failure of a fit that took too much memory alone.
func (k *keeper) tooMuch() error {
	return fmt.Errorf("%w: it takes more than the %d MiB that there may be", ErrSkipped, k.limit/19*20>>20)
}
