package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/internal/kernel"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// product is a matrix product of float32, m x k by k x n.
type product struct{ m, n, k int }

func (p product) String() string { return fmt.Sprintf("%dx%dx%d", p.m, p.n, p.k) }

// products are those of the workloads, and a large one.
var products = []product{{128, 256, 784}, {784, 256, 128}, {1024, 1024, 1024}, {64, 128, 3136}, {12544, 64, 288}}

// multiplication is a session that multiplies with a number of threads.
type multiplication struct {
	product
	threads int
	a, b, c []float32
	call    func(p product, a, b, c []float32)
}

func newMultiplication(p product, threads int, call func(p product, a, b, c []float32)) *multiplication {
	r := rand.New(rand.NewPCG(1, 2))
	x := &multiplication{p, threads, make([]float32, p.m*p.k), make([]float32, p.k*p.n), make([]float32, p.m*p.n), call}
	for _, v := range [][]float32{x.a, x.b} {
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
	}
	return x
}

// Window implements session; the rate is in operations a second.
func (x *multiplication) Window(ctx context.Context, d time.Duration) (float64, error) {
	defer workload.SetThreads(x.threads)()
	flop := 2 * float64(x.m) * float64(x.n) * float64(x.k)
	repeat := max(1, int(2e7/flop))
	begin := time.Now()
	for calls := 0; ; {
		for range repeat {
			x.call(x.product, x.a, x.b, x.c)
		}
		calls += repeat
		if took := time.Since(begin); took >= d {
			return float64(calls) * flop / took.Seconds(), ctx.Err()
		}
	}
}

// Close implements session.
func (x *multiplication) Close() error { return nil }

func byAegis(p product, a, b, c []float32) { kernel.Gemm(false, false, p.m, p.n, p.k, a, b, 0, c) }

func byGonum(p product, a, b, c []float32) {
	gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, p.m, p.n, p.k, 1, a, p.k, b, p.n, 0, c, p.n)
}

// productRow is the row of a product with a number of threads.
func productRow(ctx context.Context, a *arena, p *pythons, x product, threads int) row {
	r := row{key: "SGEMM", what: fmt.Sprintf("%v, threads: %d", x, threads), unit: "GFLOP/s", value: func(rate float64) float64 { return rate / 1e9 }}
	for _, c := range []struct {
		name, how string
		call      func(p product, a, b, c []float32)
	}{{"Aegis", "kernel.Gemm", byAegis}, {"gonum", "Sgemm", byGonum}} {
		r.contestants = append(r.contestants, contestant{c.name, []candidate{{c.how, func(context.Context) (session, error) {
			return newMultiplication(x, threads, c.call), nil
		}}}})
	}
	// Every environment is a candidate. The number of threads is a limit: with two
	// allowed, OpenBLAS may be faster with one.
	blas := contestant{name: "OpenBLAS"}
	for _, c := range p.children {
		if c.hello.Blas == "" || hasSet(c.env, "ATEN_CPU_CAPABILITY") || !hasSet(c.env, "MALLOC_TOP_PAD_") {
			continue // the same for a product
		}
		for n := 1; n <= threads; n *= 2 {
			request := map[string]any{"kind": "product", "m": x.m, "n": x.n, "k": x.k, "threads": n}
			blas.candidates = append(blas.candidates, candidate{
				fmt.Sprintf("%s, threads: %d, environment: %s", c.hello.Blas, n, c.env.name),
				func(context.Context) (session, error) { return c.start(request) },
			})
		}
	}
	if len(blas.candidates) > 0 {
		r.contestants = append(r.contestants, blas)
	}
	return r
}
