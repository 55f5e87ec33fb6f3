package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/dataset"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/layers/lstm"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/nn"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/seed732fc211/aegis/bench/workload"
)

func gomlxVersion() (string, error) {
	v := module("github.com/gomlx/gomlx") + ", backend in Go"
	if simd {
		v += ", built with GOEXPERIMENT=simd"
	}
	return v, nil
}

// gomlx is a workload's network in GoMLX, with the weights of Aegis.
type gomlx struct {
	w       workload.Workload
	backend compute.Backend
	store   *model.Store
	params  map[string]*tensors.Tensor // by path in Aegis
	stop    func()                     // ends the batches of a set
}

// newGoMLX makes a workload's network on a backend with options as gobackend.New
// takes them.
func newGoMLX(w workload.Workload, options string) (*gomlx, error) {
	m, err := w.Model()
	if err != nil {
		return nil, err
	}
	g := &gomlx{w: w, store: model.NewStore(), params: map[string]*tensors.Tensor{}, stop: func() {}}
	for _, p := range m.Params().All() {
		var values []float32
		for _, v := range p.Values() {
			values = append(values, float32(v))
		}
		g.params[p.Path] = tensors.FromFlatDataAndDimensions(values, p.Shape()...)
	}
	g.backend, err = gobackend.New(options)
	return g, err
}

// param is a trained variable that begins as Aegis's of the same path.
func (g *gomlx) param(scope *model.Scope, x *graph.Node, path string) *graph.Node {
	name := strings.NewReplacer("/", "_", ".", "_").Replace(path)
	return scope.Store().RootScope().VariableWithValue(name, g.params[path]).NodeValue(x.Graph())
}

func (g *gomlx) dense(scope *model.Scope, x *graph.Node, path string, act activation.Type) *graph.Node {
	return nn.Dense(x, g.param(scope, x, path+"/kernel"), g.param(scope, x, path+"/bias"), act)
}

// logits builds the network.
func (g *gomlx) logits(scope *model.Scope, x *graph.Node) *graph.Node {
	batch := x.Shape().Dim(0)
	switch g.w.Name {
	case "W1", "W4":
		x = g.dense(scope, x, "0.Dense", activation.TypeRelu)
		x = g.dense(scope, x, "1.Dense", activation.TypeRelu)
		return g.dense(scope, x, "2.Dense", activation.TypeNone)
	case "W2":
		for _, path := range []string{"0.Conv2D", "2.Conv2D"} {
			x = graph.Convolve(x, g.param(scope, x, path+"/kernel")).PadSame().Done()
			bias := g.param(scope, x, path+"/bias")
			x = activation.Relu(graph.Add(x, graph.Reshape(bias, 1, 1, 1, bias.Shape().Size())))
			x = g.pool(x)
		}
		x = g.dense(scope, graph.Reshape(x, batch, -1), "5.Dense", activation.TypeRelu)
		return g.dense(scope, x, "6.Dense", activation.TypeNone)
	case "W3":
		_, last, _ := lstm.NewWithWeights(x, g.gates(scope, x, "kernel"), g.gates(scope, x, "recurrent"), g.gateBiases(scope, x), nil).Done()
		return g.dense(scope, graph.Reshape(last, batch, -1), "1.Dense", activation.TypeNone)
	}
	panic("GoMLX: there is no network for " + g.w.Name)
}

// pool takes the largest of 2 x 2. The gradient of MaxPool is not in the backend;
// that of a reduction is, though it goes to all of several largest values.
func (g *gomlx) pool(x *graph.Node) *graph.Node {
	if !g.store.IsTraining(x.Graph()) {
		return graph.MaxPool(x).Window(2).Done()
	}
	d := x.Shape().Dimensions
	return graph.ReduceMax(graph.Reshape(x, d[0], d[1]/2, 2, d[2]/2, 2, d[3]), 2, 4)
}

// gates returns a matrix of the LSTM in the order of GoMLX, (1, gate, unit, input)
// with the gates i o f g, from that of Aegis, (input, gate·unit) with i f g o.
func (g *gomlx) gates(scope *model.Scope, x *graph.Node, name string) *graph.Node {
	w := g.param(scope, x, "0.LSTM/"+name)
	in, units := w.Shape().Dim(0), w.Shape().Dim(1)/4
	w = graph.TransposeAllAxes(graph.Reshape(w, in, 4, units), 1, 2, 0)
	return graph.Reshape(gateOrder(w), 1, 4, units, in)
}

// gateBiases returns the one trained bias; GoMLX adds a second, which is 0.
func (g *gomlx) gateBiases(scope *model.Scope, x *graph.Node) *graph.Node {
	b := g.param(scope, x, "0.LSTM/bias")
	units := b.Shape().Size() / 4
	b = gateOrder(graph.Reshape(b, 4, units))
	return graph.Reshape(graph.Concatenate([]*graph.Node{b, graph.ZerosLike(b)}, 0), 1, 8, units)
}

func gateOrder(w *graph.Node) *graph.Node {
	var parts []*graph.Node
	for _, k := range []int{0, 3, 1, 2} {
		parts = append(parts, graph.Slice(w, graph.AxisElem(k)))
	}
	return graph.Concatenate(parts, 0)
}

func (g *gomlx) optimizer() optimizer.Interface {
	if g.w.Table {
		return optimizer.StochasticGradientDescent().WithDecay(false).WithLearningRate(0.01).Done()
	}
	return optimizer.Adam().LearningRate(1e-3).Epsilon(1e-8).Done()
}

func (g *gomlx) loss(labels, logits []*graph.Node) *graph.Node {
	if g.w.Table {
		return loss.BinaryCrossentropyLogits(labels, logits)
	}
	return loss.SparseCategoricalCrossEntropyLogits(labels, logits)
}

// tensors returns a set as tensors.
func (g *gomlx) tensors(set rows) (x, y *tensors.Tensor) {
	x = tensors.FromFlatDataAndDimensions(set.x, append([]int{len(set.labels)}, g.w.Shape...)...)
	if g.w.Table {
		labels := make([]float32, len(set.labels))
		for i, l := range set.labels {
			labels[i] = float32(l)
		}
		return x, tensors.FromFlatDataAndDimensions(labels, len(labels), 1)
	}
	labels := make([]int32, len(set.labels))
	for i, l := range set.labels {
		labels[i] = int32(l)
	}
	return x, tensors.FromFlatDataAndDimensions(labels, len(labels), 1)
}

func openGoMLX(r request, w workload.Workload) (*session, error) {
	set, err := rowsOf(w, r.Kind == "training")
	if err != nil {
		return nil, err
	}
	g, err := newGoMLX(w, r.Options)
	if err != nil {
		return nil, err
	}
	var step func() (int, error)
	switch {
	case r.Kind == "inference":
		step, err = g.inference(set, r.Rows)
	case r.Variant == "Trainer":
		step, err = g.trainer(set)
	case r.Variant == "Exec":
		one, err := g.steps(set)
		if err != nil {
			return nil, err
		}
		order := newOrder(len(set.labels))
		step = func() (int, error) {
			_, err := one(order.next(w.Batch))
			return w.Batch, err
		}
	default:
		err = fmt.Errorf("GoMLX: no way %q", r.Variant)
	}
	if err != nil {
		return nil, err
	}
	s := &session{step: step, close: g.close}
	if w.Table {
		s.every = 16
	}
	return s, nil
}

func (g *gomlx) close() error {
	g.stop()
	g.store.Finalize()
	g.backend.Finalize()
	return nil
}

// trainer trains as GoMLX's users do: a Trainer takes batches of a shuffled set in
// memory.
func (g *gomlx) trainer(set rows) (func() (int, error), error) {
	x, y := g.tensors(set)
	ds, err := dataset.InMemoryFromData(g.backend, "rows", []any{x}, []any{y})
	if err != nil {
		return nil, err
	}
	ds = ds.BatchSize(g.w.Batch, true).Shuffle().Infinite(true)
	t := train.NewTrainer(g.backend, g.store, func(scope *model.Scope, x *graph.Node) *graph.Node { return g.logits(scope, x) }, g.loss, g.optimizer(), nil, nil)
	next, stop := iter.Pull2(ds.Iter())
	g.stop = stop
	return func() (int, error) {
		batch, err, _ := next()
		if err != nil {
			return 0, err
		}
		metrics, err := t.TrainStep(batch)
		for _, m := range metrics {
			m.MustFinalizeAll()
		}
		return g.w.Batch, err
	}, nil
}

// steps trains with a graph of its own: rows gathered by their numbers, loss,
// gradients, update. It returns a step, which gives the loss.
func (g *gomlx) steps(set rows) (func(rows []int32) (float32, error), error) {
	x, y := g.tensors(set)
	opt := g.optimizer()
	e, err := model.NewExec(g.backend, g.store, func(scope *model.Scope, index, x, y *graph.Node) *graph.Node {
		g.store.SetTraining(x.Graph(), true)
		logits := g.logits(scope, graph.Gather(x, index))
		l := g.loss([]*graph.Node{graph.Gather(y, index)}, []*graph.Node{logits})
		opt.UpdateGraph(scope, x.Graph(), l)
		return l
	})
	if err != nil {
		return nil, err
	}
	return func(rows []int32) (float32, error) {
		index := tensors.FromFlatDataAndDimensions(rows, len(rows), 1)
		defer index.MustFinalizeAll()
		out, err := e.Call(index, x, y)
		if err != nil {
			return 0, err
		}
		defer out[0].MustFinalizeAll()
		return tensors.ToScalar[float32](out[0]), nil
	}, nil
}

// inference predicts one batch after another; they lie ready.
func (g *gomlx) inference(set rows, batch int) (func() (int, error), error) {
	var parts []*tensors.Tensor
	for at := 0; at+batch <= len(set.labels) && len(parts) < 2048; at += batch {
		x := tensors.FromFlatDataAndDimensions(set.x[at*set.width:(at+batch)*set.width], append([]int{batch}, g.w.Shape...)...)
		parts = append(parts, x)
	}
	e, err := model.NewExec(g.backend, g.store, func(scope *model.Scope, x *graph.Node) *graph.Node { return g.logits(scope, x) })
	if err != nil {
		return nil, err
	}
	at := 0
	return func() (int, error) {
		at = (at + 1) % len(parts)
		out, err := e.Call(parts[at])
		if err != nil {
			return 0, err
		}
		return batch, out[0].FinalizeAll()
	}, nil
}

// order deals the numbers of rows, shuffled anew every epoch.
type order struct {
	list []int32
	at   int
}

func newOrder(n int) *order {
	o := &order{list: make([]int32, n), at: n}
	for i := range o.list {
		o.list[i] = int32(i)
	}
	return o
}

// next returns the numbers of a whole batch; the rest of an epoch is left out, as
// a graph is compiled for one size.
func (o *order) next(batch int) []int32 {
	if o.at+batch > len(o.list) {
		rand.Shuffle(len(o.list), func(i, k int) { o.list[i], o.list[k] = o.list[k], o.list[i] })
		o.at = 0
	}
	o.at += batch
	return o.list[o.at-batch : o.at]
}
