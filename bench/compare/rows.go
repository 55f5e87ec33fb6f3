package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/data"
)

// ours adapts a session of package workload.
type ours struct {
	window func(d time.Duration) (float64, error)
	close  func() error
}

// Window implements session.
func (o ours) Window(ctx context.Context, d time.Duration) (float64, error) {
	rate, err := o.window(d)
	if err == nil {
		err = ctx.Err()
	}
	return rate, err
}

// Close implements session.
func (o ours) Close() error { return o.close() }

func aegis(open func(ctx context.Context) (session, error), how string) contestant {
	return contestant{"Aegis", []candidate{{fmt.Sprintf("%s, threads: %d", how, runtime.GOMAXPROCS(0)), open}}}
}

func same(rate float64) float64 { return rate }

// others are the libraries that run in processes of their own; native may be nil.
type others struct {
	python *pythons
	native *native
}

// Close ends the processes.
func (o *others) Close() {
	o.python.Close()
	if o.native != nil {
		o.native.Close()
	}
}

// predict adds those who predict so many rows a call.
func (o *others) predict(ctx context.Context, a *arena, r *row, w workload.Workload, set *data.Set, batches []int) error {
	list, err := o.native.inference(o.python, w, set, batches)
	if err != nil {
		return err
	}
	r.contestants = append(r.contestants, list...)
	return o.python.join(r, func() ([]candidate, error) { return o.python.inference(ctx, a, w, set, batches) }, nil)
}

// trainingRow is the row of a workload's training.
func trainingRow(ctx context.Context, a *arena, o *others, w workload.Workload) (row, error) {
	set, _, _, err := w.Data()
	if err != nil {
		return row{}, err
	}
	r := row{key: w.Name, what: "training", unit: "samples/s", value: same}
	if w.Table {
		r.unit, r.value = "epochs/s", func(rate float64) float64 { return rate / float64(set.Len()) }
	}
	r.contestants = append(r.contestants, aegis(func(ctx context.Context) (session, error) {
		t, err := w.Train(ctx, set)
		if err != nil {
			return nil, err
		}
		return ours{t.Window, t.Close}, nil
	}, "train.Fit"), contestant{"stock Gorgonia", stockCandidates("TapeMachine", func() (*stock, error) { return newStock(w, set, w.Batch, true) })})
	r.contestants = append(r.contestants, o.native.training(w)...)
	return r, o.python.join(&r, func() ([]candidate, error) { return o.python.training(ctx, a, w, set) }, func() ([]candidate, error) {
		if !w.Table {
			return nil, nil
		}
		return o.python.learner(ctx, a, w, set)
	})
}

// inferenceRow is the row of a workload's inference on large batches.
func inferenceRow(ctx context.Context, a *arena, o *others, w workload.Workload) (row, error) {
	_, set, _, err := w.Data()
	if err != nil {
		return row{}, err
	}
	r := row{key: w.Name, what: "inference", unit: "samples/s", value: same}
	gorgonia := contestant{name: "stock Gorgonia"}
	for _, batch := range []int{64, 256} {
		gorgonia.candidates = append(gorgonia.candidates, stockCandidates(fmt.Sprintf("TapeMachine, %d rows a run", batch), func() (*stock, error) {
			return newStock(w, set, batch, false)
		})...)
	}
	r.contestants = append(r.contestants, aegis(func(ctx context.Context) (session, error) {
		i, err := w.Infer(ctx, set, workload.PredictRows)
		if err != nil {
			return nil, err
		}
		return ours{i.Window, i.Close}, nil
	}, fmt.Sprintf("Model.Predict of %d rows", workload.PredictRows)), gorgonia)
	return r, o.predict(ctx, a, &r, w, set, inferenceBatches)
}

// oneRow is the row of an inference of one row at a time: by a Predictor, or by
// Model.Predict.
func oneRow(ctx context.Context, a *arena, o *others, w workload.Workload, compiled bool) (row, error) {
	_, set, _, err := w.Data()
	if err != nil {
		return row{}, err
	}
	r := row{key: w.Name, what: "inference, one row, Model.Predict", unit: "us", value: func(rate float64) float64 { return 1e6 / rate }}
	how := "Model.Predict"
	if compiled {
		r.what, how = "inference, one row", "Predictor.Run"
	}
	r.contestants = append(r.contestants, aegis(func(ctx context.Context) (session, error) {
		var i *workload.Inference
		var err error
		if compiled {
			i, err = w.InferRow(ctx, set)
		} else {
			i, err = w.Infer(ctx, set, 1)
		}
		if err != nil {
			return nil, err
		}
		return ours{i.Window, i.Close}, nil
	}, how), contestant{"stock Gorgonia", stockCandidates("TapeMachine", func() (*stock, error) { return newStock(w, set, 1, false) })})
	return r, o.predict(ctx, a, &r, w, set, []int{1})
}

// rowsFor makes the rows of the named workloads.
func rowsFor(only []string) (list []func(ctx context.Context, a *arena, o *others) (row, error)) {
	for _, w := range workload.All() {
		if !slices.Contains(only, w.Name) {
			continue
		}
		list = append(list, func(ctx context.Context, a *arena, o *others) (row, error) { return trainingRow(ctx, a, o, w) })
		if w.Table {
			for _, compiled := range []bool{true, false} {
				list = append(list, func(ctx context.Context, a *arena, o *others) (row, error) { return oneRow(ctx, a, o, w, compiled) })
			}
			continue
		}
		list = append(list, func(ctx context.Context, a *arena, o *others) (row, error) { return inferenceRow(ctx, a, o, w) })
		if w.Name == "W3" { // recurrent networks often serve one sequence at a time
			list = append(list, func(ctx context.Context, a *arena, o *others) (row, error) { return oneRow(ctx, a, o, w, true) })
		}
	}
	return list
}
