//go:build !race

package optim_test

import (
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/optim"
)

// Under the race detector sync.Pool forgets at random, and so allocates.
func TestRowsDoNotAllocate(t *testing.T) {
	l := words(3000, 37, 2000)
	for _, o := range []optim.Optimizer{optim.SGD{}, optim.Adam{}, optim.Adagrad{}} {
		p := newLookup(t, l, graph.Float32, nil, true)
		run := p.start(t, o, optim.Clip{Norm: 1})
		p.step(t, run, 0)
		if n := testing.AllocsPerRun(50, func() {
			if err := run.Step(1, 1); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%T: %v allocations a step", o, n)
		}
	}
}
