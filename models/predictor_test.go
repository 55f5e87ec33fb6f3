package models_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/graph/graphtest"
	"github.com/seed732fc211/aegis/layers"
	"github.com/seed732fc211/aegis/models"
	"gorgonia.org/tensor"
)

func wideNet(t testing.TB) *models.Model {
	m, err := models.Sequential(models.Config{Seed: 3}, models.Input("x", 20), layers.Dense{Units: 40, Activation: layers.Relu}, layers.Dense{Units: 3})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Whatever else is predicted beside it, a row has the same bits; and so it has
// from a Predictor, of float64, and of a view.
func TestPredictByBatches(t *testing.T) {
	m := wideNet(t)
	const rows = 2100                  // more than are computed at once
	x := graphtest.Logits(1, rows, 20) // float64
	whole, err := m.Predict(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	want := whole[0].Data().([]float32)
	x32 := tensor.New(tensor.WithShape(rows, 20), tensor.Of(graph.Float32))
	for i, v := range x.Data().([]float64) {
		x32.Data().([]float32)[i] = float32(v)
	}
	for _, n := range []int{1, 63, 64, 65, 1024, rows - 5} {
		for at := range 5 {
			part, err := x32.Slice(tensor.S(at, at+n))
			if err != nil {
				t.Fatal(err)
			}
			in := part.(*tensor.Dense)
			if n == 1 {
				in = in.Materialize().(*tensor.Dense)
				if err := in.Reshape(1, 20); err != nil {
					t.Fatal(err)
				}
			}
			got, err := m.Predict(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got[0].Data().([]float32), want[at*3:(at+n)*3]) {
				t.Errorf("%d rows from %d on differ", n, at)
			}
		}
	}
	turned := x32.Clone().(*tensor.Dense)
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	if err := turned.Transpose(); err != nil { // (20, rows) in memory
		t.Fatal(err)
	}
	if err := turned.T(); err != nil { // a view of shape (rows, 20) again
		t.Fatal(err)
	}
	got, err := m.Predict(ctx, turned)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0].Data().([]float32), want) {
		t.Error("a view gives other numbers")
	}
}

func TestPredictor(t *testing.T) {
	m := wideNet(t)
	x := graphtest.Logits(5, 40, 20)
	all, err := m.Predict(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	want := all[0].Data().([]float32)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			p, err := m.Predictor(2)
			if err != nil {
				t.Error(err)
				return
			}
			in, out := p.Inputs()[0].Data().([]float32), p.Outputs()[0].Data().([]float32)
			for at := 2 * worker; at < 40; at += 8 {
				for i := range in {
					in[i] = float32(x.Data().([]float64)[at*20+i])
				}
				if err := p.Run(ctx); err != nil {
					t.Error(err)
				}
				if !slices.Equal(out, want[at*3:(at+2)*3]) {
					t.Errorf("rows %d and %d differ", at, at+1)
				}
			}
		})
	}
	wg.Wait()
	if _, err := m.Predictor(0); err == nil {
		t.Error("a predictor for no rows")
	}
}

// What Predict returns is the caller's: it can be changed and reshaped, and goes to
// the garbage collector by itself.
func TestResultsAreOrdinaryTensors(t *testing.T) {
	m := wideNet(t)
	x := graphtest.Logits(1, 2, 20)
	first, err := m.Predict(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(first[0].Data().([]float32))
	list := make([]*tensor.Dense, 0, 100)
	for range 100 {
		out, err := m.Predict(ctx, x)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, out[0])
		runtime.GC()
	}
	for i, y := range list {
		if !slices.Equal(y.Data().([]float32), want) || !slices.Equal(y.Shape(), []int{2, 3}) || !slices.Equal(y.Strides(), []int{3, 1}) {
			t.Fatalf("result %d: %v %v %v", i, y.Shape(), y.Strides(), y.Data())
		}
	}
	y := list[0]
	if err := y.Reshape(3, 2); err != nil {
		t.Fatal(err)
	}
	if err := y.T(); err != nil {
		t.Fatal(err)
	}
	if c, ok := y.Clone().(*tensor.Dense); !ok || !slices.Equal(c.Shape(), []int{2, 3}) {
		t.Errorf("a clone of the turned result: %v", c)
	}
	if _, err := y.Add(y); err != nil {
		t.Error(err)
	}
	y.Data().([]float32)[0] = 99
	tensor.ReturnTensor(list[1])
	again, err := m.Predict(ctx, x)
	if err != nil || !slices.Equal(again[0].Data().([]float32), want) || !slices.Equal(list[2].Data().([]float32), want) {
		t.Errorf("a change of one result is seen in others: %v, %v", again[0].Data(), err)
	}
}

func ExampleModel_Predictor() {
	m, err := models.Sequential(models.Config{Seed: 1}, models.Input("x", 2), layers.Dense{Units: 1, Kernel: graph.Weight{Init: graph.Ones{}}})
	if err != nil {
		panic(err)
	}
	p, err := m.Predictor(1)
	if err != nil {
		panic(err)
	}
	copy(p.Inputs()[0].Data().([]float32), []float32{2, 3})
	if err := p.Run(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(p.Outputs()[0].Data())
	// Output: [5]
}
