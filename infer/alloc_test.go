//go:build !race

// Under the race detector sync.Pool drops values on purpose, so that steps allocate.

package infer_test

import "testing"

// TestSessionIsSteady: a run allocates nothing.
func TestSessionIsSteady(t *testing.T) {
	s, err := softmaxRegression().Session(4, weights)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = s.Run(ctx) }); n > 0 {
		t.Errorf("%v allocations a run", n)
	}
}
