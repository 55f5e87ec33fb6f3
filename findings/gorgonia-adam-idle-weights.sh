#!/usr/bin/env bash
# Adam's first moment of a weight whose gradient has become 0 never reaches 0 in
# float32, and makes every further step several times as slow.
#
# Version: gorgonia.org/gorgonia v0.9.18 (tensor v0.9.24), gorgonia.AdamSolver.
#
# The moment is multiplied by 0.9 a step. After some 900 steps it is 4 times the
# smallest denormal number, 5.6e-45; 0.9 · 4 rounds to 4 again, and there it stays. A
# processor takes a hundred cycles or more for an operation on a denormal number. A unit
# that is off for all rows (a dead ReLU) has such weights, and there are many.
#
# Seen: 100,000 weights, one step with gradients of 0.001, then gradients of 0: 4.8 ms a
# step at first, 33 ms from the 950th on, and 34 ms after 4,000 (x86-64). The rule is no
# fault of one library: torch.optim.Adam of PyTorch 1.13.1 goes from 9 to 39 ms a step
# for a million weights on one thread, its exp_avg stands at 5.605193857299268e-45, and
# torch.set_flush_denormal(True), which is off by default, ends it.
#
# Needs Go, on x86-64. Fails if any of this changes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'E'
module adam

go 1.22

require (
	go4.org/unsafe/assume-no-moving-gc v0.0.0-20231121144256-b99613f794b6
	gorgonia.org/gorgonia v0.9.18
	gorgonia.org/tensor v0.9.24
)
E
cat >main.go <<'E'
package main

import (
	"fmt"
	"os"
	"time"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// weight is a parameter and its gradient as a solver sees them.
type weight struct{ value, grad *tensor.Dense }

func (w weight) Value() gorgonia.Value         { return w.value }
func (w weight) Grad() (gorgonia.Value, error) { return w.grad, nil }

func main() {
	const n = 100_000
	w := weight{tensor.New(tensor.WithShape(n), tensor.Of(tensor.Float32)), tensor.New(tensor.WithShape(n), tensor.Of(tensor.Float32))}
	solver := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(1e-3))
	step := func(steps int) time.Duration {
		begin := time.Now()
		for range steps {
			if err := solver.Step([]gorgonia.ValueGrad{w}); err != nil {
				panic(err)
			}
		}
		return time.Since(begin) / time.Duration(steps)
	}
	fill := func(v float32) {
		grad := w.grad.Data().([]float32)
		for i := range grad {
			grad[i] = v
		}
	}
	fill(1e-3)
	step(1)
	fill(0)
	fresh := step(50)
	step(900)
	idle := step(50)
	step(3000)
	later := step(50)
	fmt.Printf("a step of %d weights without a gradient: %v at first, %v after 950 steps, %v after 4000\n", n, fresh, idle, later)
	if idle < 2*fresh || later < 2*fresh {
		fmt.Println("CHANGED: idle weights no longer slow a step down")
		os.Exit(1)
	}
}
E
go mod tidy >/dev/null 2>&1
go run .
