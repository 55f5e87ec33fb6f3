package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/seed732fc211/aegis/bench/workload"
	"github.com/seed732fc211/aegis/data"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// stock is a workload as a program for Gorgonia as it comes: its operations, its
// TapeMachine, its solver. Weights begin as those of Aegis.
type stock struct {
	batch  int
	vm     gorgonia.VM
	solver gorgonia.Solver // nil: inference
	model  []gorgonia.ValueGrad
	cost   gorgonia.Value
	out    gorgonia.Value

	fill  func(row, at int) // copies a row of the set into the batch's inputs
	order []int
	next  int
	every int
	gc    int // GOGC while it runs
}

// stockBuilder collects what a network needs while it is being built. Gorgonia's
// Must panics on a mistake; newStock recovers.
type stockBuilder struct {
	g       *gorgonia.ExprGraph
	weights gorgonia.Nodes
	params  map[string][]float64 // of Aegis, by path
	batch   int
	width   int
	x       []float32
}

// newStock builds a workload for training, or for inference with a batch of its own.
func newStock(w workload.Workload, set *data.Set, batch int, training bool) (s *stock, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("stock Gorgonia: %s: %v", w.Name, r)
		}
	}()
	m, err := w.Model()
	if err != nil {
		return nil, err
	}
	b := &stockBuilder{g: gorgonia.NewGraph(), params: map[string][]float64{}, batch: batch}
	for _, p := range m.Params().All() {
		b.params[p.Path] = p.Values()
	}
	if b.x, b.width, err = rowsOf(set); err != nil {
		return nil, err
	}
	labels, err := set.Labels()
	if err != nil {
		return nil, err
	}
	s = &stock{batch: batch, every: 1, gc: 100}
	if w.Table {
		s.every = max(1, 512/batch)
	}
	var logits *gorgonia.Node
	var fillX func(row, at int)
	switch w.Name {
	case "W1", "W4":
		logits, fillX = b.perceptron(w)
	case "W2":
		logits, fillX = b.convolutional()
	case "W3":
		logits, fillX = b.lstm()
	default:
		return nil, fmt.Errorf("stock Gorgonia: there is no program for %s", w.Name)
	}
	s.fill = fillX
	gorgonia.Read(logits, &s.out)
	if training {
		if err := s.train(b, w, logits, labels); err != nil {
			return nil, err
		}
		s.vm = gorgonia.NewTapeMachine(b.g, gorgonia.BindDualValues(b.weights...))
		s.model = gorgonia.NodesToValueGrads(b.weights)
	} else {
		s.vm = gorgonia.NewTapeMachine(b.g)
	}
	s.order = make([]int, set.Len())
	for i := range s.order {
		s.order[i] = i
	}
	s.next = len(s.order)
	return s, nil
}

// train adds loss, gradients and solver.
func (s *stock) train(b *stockBuilder, w workload.Workload, logits *gorgonia.Node, labels []int) error {
	var cost *gorgonia.Node
	fillX := s.fill
	if w.Classes == 2 {
		want, target := b.input("y", b.batch, 1)
		cost = must(gorgonia.Mean(must(gorgonia.Sub(must(gorgonia.Softplus(logits)), must(gorgonia.HadamardProd(want, logits))))))
		s.fill = func(row, at int) {
			fillX(row, at)
			target[at] = float32(labels[row])
		}
		s.solver = gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(0.01))
	} else {
		want, target := b.input("y", b.batch, w.Classes)
		scale := gorgonia.NewConstant(float32(-w.Classes)) // the mean is over classes, too
		cost = must(gorgonia.Mul(must(gorgonia.Mean(must(gorgonia.HadamardProd(want, must(gorgonia.LogSoftMax(logits)))))), scale))
		s.fill = func(row, at int) {
			fillX(row, at)
			one := target[at*w.Classes : (at+1)*w.Classes]
			clear(one)
			one[labels[row]] = 1
		}
		s.solver = gorgonia.NewAdamSolver(gorgonia.WithLearnRate(1e-3))
	}
	gorgonia.Read(cost, &s.cost)
	_, err := gorgonia.Grad(cost, b.weights...)
	return err
}

func must(n *gorgonia.Node, err error) *gorgonia.Node {
	if err != nil {
		panic(err)
	}
	return n
}

// input declares a value that is filled anew before every run.
func (b *stockBuilder) input(name string, shape ...int) (*gorgonia.Node, []float32) {
	size := 1
	for _, d := range shape {
		size *= d
	}
	v := make([]float32, size)
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
	return gorgonia.NewTensor(b.g, tensor.Float32, len(shape), gorgonia.WithName(name), gorgonia.WithShape(shape...), gorgonia.WithValue(t)), v
}

// weight declares a weight that begins as Aegis's; from gives the place in
// Aegis's order of an element's place, nil: the same.
func (b *stockBuilder) weight(name, path string, from func(i int) int, shape ...int) *gorgonia.Node {
	values := b.params[path]
	v := make([]float32, len(values))
	for i := range v {
		k := i
		if from != nil {
			k = from(i)
		}
		v[i] = float32(values[k])
	}
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
	n := gorgonia.NewTensor(b.g, tensor.Float32, len(shape), gorgonia.WithName(name), gorgonia.WithShape(shape...), gorgonia.WithValue(t))
	b.weights = append(b.weights, n)
	return n
}

// dense is x·w + bias.
func (b *stockBuilder) dense(name, path string, x *gorgonia.Node, in, out int, from func(i int) int) *gorgonia.Node {
	w := b.weight(name+" w", path+"/kernel", from, in, out)
	bias := b.weight(name+" b", path+"/bias", nil, 1, out)
	return must(gorgonia.BroadcastAdd(must(gorgonia.Mul(x, w)), bias, nil, []byte{0}))
}

func (b *stockBuilder) perceptron(w workload.Workload) (*gorgonia.Node, func(row, at int)) {
	units := map[string][]int{"W1": {784, 256, 128, 10}, "W4": {30, 16, 8, 1}}[w.Name]
	h, x := b.input("x", b.batch, units[0])
	for i, out := range units[1:] {
		h = b.dense(fmt.Sprint("dense", i), fmt.Sprintf("%d.Dense", i), h, units[i], out, nil)
		if i < len(units)-2 {
			h = must(gorgonia.Rectify(h))
		}
	}
	return h, func(row, at int) { copy(x[at*b.width:(at+1)*b.width], b.x[row*b.width:]) }
}

func (b *stockBuilder) convolutional() (*gorgonia.Node, func(row, at int)) {
	h, x := b.input("x", b.batch, 1, 28, 28)
	conv := func(name, path string, in, out int) {
		// Gorgonia's kernels are (out, in, 3, 3), those of Aegis (3, 3, in, out).
		w := b.weight(name+" w", path+"/kernel", func(i int) int {
			tap, c, o := i%9, i/9%in, i/(9*in)
			return (tap*in+c)*out + o
		}, out, in, 3, 3)
		bias := b.weight(name+" b", path+"/bias", nil, 1, out, 1, 1)
		h = must(gorgonia.Conv2d(h, w, tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1}))
		h = must(gorgonia.Rectify(must(gorgonia.BroadcastAdd(h, bias, nil, []byte{0, 2, 3}))))
		h = must(gorgonia.MaxPool2D(h, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
	}
	conv("conv0", "0.Conv2D", 1, 32)
	conv("conv1", "2.Conv2D", 32, 64)
	h = must(gorgonia.Reshape(h, tensor.Shape{b.batch, 64 * 49}))
	h = b.dense("dense0", "5.Dense", h, 64*49, 128, func(i int) int { // channels first here, last in Aegis
		row, unit := i/128, i%128
		c, pixel := row/49, row%49
		return (pixel*64+c)*128 + unit
	})
	h = b.dense("dense1", "6.Dense", must(gorgonia.Rectify(h)), 128, 10, nil)
	return h, func(row, at int) { copy(x[at*b.width:(at+1)*b.width], b.x[row*b.width:]) }
}

const (
	lstmSteps    = 28
	lstmFeatures = 28
	lstmUnits    = 128
)

// lstm unrolls the steps by hand, each gate with products of its own: to cut the
// gates out of one product gives wrong numbers, as Gorgonia takes columns cut out
// of a matrix for contiguous.
func (b *stockBuilder) lstm() (*gorgonia.Node, func(row, at int)) {
	xs, values := make([]*gorgonia.Node, lstmSteps), make([][]float32, lstmSteps)
	for t := range xs {
		xs[t], values[t] = b.input(fmt.Sprint("x", t), b.batch, lstmFeatures)
	}
	of := b.gates()
	var h, c *gorgonia.Node
	for _, x := range xs {
		z := of(x, h)
		in, forget, g, out := must(gorgonia.Sigmoid(z[0])), z[1], must(gorgonia.Tanh(z[2])), must(gorgonia.Sigmoid(z[3]))
		next := must(gorgonia.HadamardProd(in, g))
		if c != nil {
			next = must(gorgonia.Add(must(gorgonia.HadamardProd(must(gorgonia.Sigmoid(forget)), c)), next))
		}
		c = next
		h = must(gorgonia.HadamardProd(out, must(gorgonia.Tanh(c))))
	}
	logits := b.dense("dense", "1.Dense", h, lstmUnits, 10, nil)
	return logits, func(row, at int) {
		for t, v := range values {
			copy(v[at*lstmFeatures:(at+1)*lstmFeatures], b.x[row*b.width+t*lstmFeatures:])
		}
	}
}

// gates returns the four gates' arguments, each by weights of its own.
func (b *stockBuilder) gates() func(x, h *gorgonia.Node) [4]*gorgonia.Node {
	var w, u, bias [4]*gorgonia.Node
	for k := range w {
		columns := func(i int) int { return i/lstmUnits*4*lstmUnits + k*lstmUnits + i%lstmUnits }
		w[k] = b.part(fmt.Sprint("w", k), "0.LSTM/kernel", columns, lstmFeatures, lstmUnits)
		u[k] = b.part(fmt.Sprint("u", k), "0.LSTM/recurrent", columns, lstmUnits, lstmUnits)
		bias[k] = b.part(fmt.Sprint("b", k), "0.LSTM/bias", columns, 1, lstmUnits)
	}
	return func(x, h *gorgonia.Node) (z [4]*gorgonia.Node) {
		for k := range z {
			if k == 1 && h == nil { // nothing to forget
				continue
			}
			z[k] = must(gorgonia.Mul(x, w[k]))
			if h != nil {
				z[k] = must(gorgonia.Add(z[k], must(gorgonia.Mul(h, u[k]))))
			}
			z[k] = must(gorgonia.BroadcastAdd(z[k], bias[k], nil, []byte{0}))
		}
		return z
	}
}

// part is a weight that is a part of one of Aegis's.
func (b *stockBuilder) part(name, path string, from func(i int) int, shape ...int) *gorgonia.Node {
	whole := b.params[path]
	values := make([]float64, shape[0]*shape[1])
	for i := range values {
		values[i] = whole[from(i)]
	}
	b.params[name] = values
	return b.weight(name, name, nil, shape...)
}

// rowsOf returns a set's input as float32, and the values of a row.
func rowsOf(set *data.Set) ([]float32, int, error) {
	switch v := set.Inputs[0].Data().(type) {
	case []float32:
		return v, len(v) / set.Len(), nil
	case []float64:
		x := make([]float32, len(v))
		for i, f := range v {
			x[i] = float32(f)
		}
		return x, len(x) / set.Len(), nil
	default:
		return nil, 0, fmt.Errorf("%s: rows of type %T", set.Name, v)
	}
}

// step trains on the next batch of the shuffled rows, or predicts it. A graph of
// Gorgonia's is of one batch size, so the rest of an epoch is left out.
func (s *stock) step() error {
	if s.next+s.batch > len(s.order) {
		s.next = 0
		if s.solver != nil {
			rand.Shuffle(len(s.order), func(i, k int) { s.order[i], s.order[k] = s.order[k], s.order[i] })
		}
	}
	return s.on(s.take())
}

func (s *stock) take() []int {
	rows := s.order[s.next : s.next+s.batch]
	s.next += s.batch
	return rows
}

func (s *stock) on(rows []int) error {
	for at, row := range rows {
		s.fill(row, at)
	}
	if err := s.vm.RunAll(); err != nil {
		return err
	}
	if s.solver != nil {
		if err := s.solver.Step(s.model); err != nil {
			return err
		}
	}
	s.vm.Reset()
	return nil
}

// stockCandidates are the ways to run a program of Gorgonia's as it comes: with
// Go's garbage collector as it is, and with one that lets more garbage gather.
func stockCandidates(how string, open func() (*stock, error)) []candidate {
	var out []candidate
	for _, percent := range []int{100, 400} {
		out = append(out, candidate{fmt.Sprintf("%s, GOGC=%d", how, percent), func(context.Context) (session, error) {
			s, err := open()
			if err != nil {
				return nil, err
			}
			s.gc = percent
			return s, nil
		}})
	}
	return out
}

// Window runs for about a time and returns rows a second.
func (s *stock) Window(ctx context.Context, d time.Duration) (float64, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(s.gc))
	begin := time.Now()
	for steps := 1; ; steps++ {
		if err := s.step(); err != nil {
			return 0, fmt.Errorf("stock Gorgonia: %w", err)
		}
		if steps%s.every != 0 {
			continue
		}
		if took := time.Since(begin); took >= d {
			return float64(steps*s.batch) / took.Seconds(), ctx.Err()
		}
	}
}

// Close ends the machine.
func (s *stock) Close() error { return s.vm.Close() }
