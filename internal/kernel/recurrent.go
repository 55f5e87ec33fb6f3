package kernel

import (
	"math"
	"unsafe"
)

// Cell is the kind of a recurrent network.
type Cell uint8

const (
	TanhCell Cell = iota // h = tanh(x·W + h'·U + b)
	ReluCell             // the same with max(·, 0)
	LSTMCell             // Hochreiter & Schmidhuber (1997), with forget gates; order i, f, g, o
	GRUCell              // Cho et al. (2014), reset after the product, as cuDNN and PyTorch have it; order r, z, n
)

// Recurrent is the geometry of a recurrent network over sequences x (N, T, I)
// with states (N, H), kernels w (I, Gates·H), recurrent kernels u (H, Gates·H) and
// a bias (Gates·H). A GRU has another bias (H), which is added to h'·U of n.
//
// A forward pass saves Saved·H numbers per step; a backward pass computes Grads·H: the
// gradients with respect to the gate pre-activations, from which all others follow. Steps
// past the length of a sequence keep the state.
type Recurrent struct {
	Cell       Cell
	N, T, I, H int
}

// RecurrentOperands are the operands of a pass.
type RecurrentOperands[T Float] struct {
	X, W, U []T
	Bias    []T // may be nil, like all that follow
	Other   []T // the other bias of a GRU
	H0, C0  []T // the initial states
	Lengths []int
}

// Result selects the states that a pass returns.
type Result uint8

// The results of a pass.
const (
	AllStates  Result = iota // h of all steps (N, T, H)
	LastState                // h at the end (N, H)
	LastStates               // h and, of an LSTM, c at the end (N, 2·H)
)

// Gates is the number of gates.
func (r *Recurrent) Gates() int {
	return [...]int{TanhCell: 1, ReluCell: 1, LSTMCell: 4, GRUCell: 3}[r.Cell]
}

// Saved is the saved numbers per step and unit.
func (r *Recurrent) Saved() int {
	return [...]int{TanhCell: 2, ReluCell: 2, LSTMCell: 8, GRUCell: 6}[r.Cell]
}

// Grads is the gradients per step and unit of a backward pass.
func (r *Recurrent) Grads() int {
	return [...]int{TanhCell: 1, ReluCell: 1, LSTMCell: 4, GRUCell: 4}[r.Cell]
}

// FLOP returns the floating-point operations of the products of a forward pass.
func (r *Recurrent) FLOP() int { return 2 * r.N * r.T * (r.I + r.H) * r.Gates() * r.H }

// Offsets of what a step saves after the gates.
func (r *Recurrent) atH() int {
	if r.Gates() == 1 {
		return 0 // the gate is the state
	}
	return r.Gates() * r.H
}
func (r *Recurrent) atBefore() int { return r.atH() + r.H } // h'
func (r *Recurrent) atC() int      { return r.atH() + 2*r.H }
func (r *Recurrent) atTanh() int   { return r.atH() + 3*r.H }
func (r *Recurrent) atQ() int      { return r.atH() + 2*r.H } // h'·U of n with its bias

// recurrence is a pass in progress; its parts are blocks of batch rows.
type recurrence[T Float] struct {
	job  job
	r    Recurrent
	back bool
	rows int

	in          RecurrentOperands[T]
	s           []T
	y           []T // of an inference
	d, g        []T
	result      Result
	dh0, dc0    []T
	packs       [3][]T // memory of the following
	main, other []T    // packed recurrent kernels; other is of a GRU's n
	input       []T    // packed kernels, of an inference
}

var recurrencePool workspaces

func getRecurrence[T Float](r *Recurrent, in *RecurrentOperands[T]) *recurrence[T] {
	p := take[T, recurrence[T]](&recurrencePool)
	p.r, p.in = *r, *in
	return p
}

// do computes all rows and returns the memory to the pool.
func (p *recurrence[T]) do() {
	n := 1
	if p.r.FLOP() >= parallelFLOP {
		n = max(1, min(helpers()+1, p.r.N/tileRows))
	}
	p.rows = (p.r.N + n - 1) / n
	if p.y != nil {
		p.rows = min(p.rows, inferRows)
	}
	if !assembly {
		p.rows = 32 // gonum's summation order depends on the number of rows
	}
	shareOut(&p.job, p, (p.r.N+p.rows-1)/p.rows, p.r.FLOP())
	p.in = RecurrentOperands[T]{}
	p.s, p.y, p.d, p.g, p.dh0, p.dc0, p.main, p.other, p.input = nil, nil, nil, nil, nil, nil, nil, nil, nil
	give[T](&recurrencePool, p)
}

// RecurrentForward computes s (N, T, Saved·H).
func RecurrentForward[T Float](r *Recurrent, in *RecurrentOperands[T], s []T) {
	size, gates := r.Saved()*r.H, r.Gates()*r.H
	rows := r.N * r.T
	k := product[T]{m: rows, n: gates, k: r.I, lda: r.I, ldb: gates, ldc: size, a: in.X, b: in.W, c: s}
	if assembly && in.Bias != nil {
		k.bias, k.start = in.Bias, startBias
	}
	k.do()
	if !assembly && in.Bias != nil {
		for i := range rows {
			AddTo(s[i*size:i*size+gates], in.Bias)
		}
	}
	p := getRecurrence(r, in)
	p.back, p.s = false, s
	p.pack()
	p.do()
}

// pack packs the recurrent kernels for a forward pass.
func (p *recurrence[T]) pack() {
	if !assembly {
		return
	}
	r := &p.r
	n, gates := r.Gates()*r.H, r.Gates()*r.H
	if r.Cell == GRUCell {
		n = 2 * r.H
		p.other = packWhole(&p.packs[1], false, r.H, r.H, p.in.U[n:], gates)
	}
	p.main = packWhole(&p.packs[0], false, r.H, n, p.in.U, gates)
}

// inferRows is the number of rows of an inference block: 4 AVX-512 tiles, so that the saved
// values of two steps fit a cache of 1 MB next to the kernels.
const inferRows = 56

// RecurrentInfer computes the states y of all steps (N, T, H), zeros after the
// length of a sequence, or the last ones (N, H), and saves nothing: the numbers are
// those of RecurrentForward and RecurrentStates.
func RecurrentInfer[T Float](r *Recurrent, in *RecurrentOperands[T], last bool, y []T) {
	p := getRecurrence(r, in)
	p.back, p.result, p.y = false, AllStates, y
	if last {
		p.result = LastState
	}
	p.pack()
	if assembly {
		p.input = packWhole(&p.packs[2], false, r.I, r.Gates()*r.H, in.W, r.Gates()*r.H)
	}
	p.do()
}

// project sets the gate pre-activations of a step to x·W + bias.
func (p *recurrence[T]) project(from, m, t int, s []T, step int) {
	r := &p.r
	gates := r.Gates() * r.H
	x := p.in.X[(from*r.T+t)*r.I:]
	k := product[T]{m: m, n: gates, k: r.I, lda: r.T * r.I, ldb: gates, ldc: step, a: x, b: p.in.W, packed: p.input, c: s}
	if assembly && p.in.Bias != nil {
		k.bias, k.start = p.in.Bias, startBias
	}
	k.doAlone()
	if !assembly && p.in.Bias != nil {
		for i := range m {
			AddTo(s[i*step:i*step+gates], p.in.Bias)
		}
	}
}

// states copies the states of a step into y.
func (p *recurrence[T]) states(from, m, t int, s []T, step int) {
	r := &p.r
	h := r.H
	for i := range m {
		n := from + i
		state := s[i*step+r.atH():][:h]
		switch to := p.y; {
		case p.result == LastState && t == r.T-1:
			copy(to[n*h:(n+1)*h], state)
		case p.result == LastState:
		case p.over(n, t):
			clear(to[(n*r.T+t)*h:][:h])
		default:
			copy(to[(n*r.T+t)*h:][:h], state)
		}
	}
}

// RecurrentBackward computes d (N, T, Grads·H) from the output gradient g, and the gradients
// of the initial states unless dh0 or dc0 is nil. It reads the operands U, C0 and Lengths.
func RecurrentBackward[T Float](r *Recurrent, in *RecurrentOperands[T], s, g []T, result Result, d, dh0, dc0 []T) {
	p := getRecurrence(r, in)
	p.back, p.s, p.g, p.result, p.d, p.dh0, p.dc0 = true, s, g, result, d, dh0, dc0
	if assembly {
		p.main = packWhole(&p.packs[0], true, r.Gates()*r.H, r.H, in.U, r.Gates()*r.H)
	}
	p.do()
}

func (p *recurrence[T]) part(i int) {
	from := i * p.rows
	to := min(from+p.rows, p.r.N)
	s := getScratch[T]()
	if p.back {
		p.backward(s, from, to)
	} else {
		p.forward(s, from, to)
	}
	s.put()
}

func (p *recurrence[T]) over(n, t int) bool { return p.in.Lengths != nil && t >= p.in.Lengths[n] }

// forward computes a block of rows, keeping every step, or two steps in an inference.
func (p *recurrence[T]) forward(w *scratch[T], from, to int) {
	r := &p.r
	h, size, gates := r.H, r.Saved()*r.H, r.Gates()*r.H
	spare := grown(&w.result, 2*h)
	zero, nowhere := spare[:h], spare[h:]
	clear(zero)
	m, kept := to-from, r.T
	var saved []T // of the rows
	if p.y != nil {
		kept = min(2, r.T)
		saved = grown(&w.columns, m*kept*size)
	} else {
		saved = p.s[from*r.T*size:]
	}
	step := kept * size
	at := func(t int) []T { return saved[t%kept*size:] } // the rows' parts, step apart
	for i := range m {
		first := at(0)[i*step+r.atBefore():][:h]
		if p.in.H0 == nil {
			clear(first)
		} else {
			copy(first, p.in.H0[(from+i)*h:])
		}
	}
	for t := range r.T {
		now := at(t)
		if p.y != nil {
			p.project(from, m, t, now, step)
		}
		before := now[r.atBefore():]
		if r.Cell == GRUCell {
			k := product[T]{m: m, k: h, lda: step, ldb: gates, ldc: step, a: before}
			k.n, k.b, k.packed, k.c, k.start = 2*h, p.in.U, p.main, now, startC
			k.doAlone()
			k.n, k.b, k.packed, k.c, k.start = h, p.in.U[2*h:], p.other, now[r.atQ():], startZero
			k.doAlone()
		} else if t > 0 || p.in.H0 != nil {
			product[T]{m: m, n: gates, k: h, lda: step, ldb: gates, ldc: step, a: before, b: p.in.U, packed: p.main, c: now, start: startC}.doAlone()
		}
		for i := range m {
			s := now[i*step:][:size]
			c, next := zero, nowhere
			if t > 0 && r.Cell == LSTMCell {
				c = at(t - 1)[i*step+r.atC():][:h]
			} else if p.in.C0 != nil {
				c = p.in.C0[(from+i)*h:][:h]
			}
			if t+1 < r.T {
				next = at(t + 1)[i*step+r.atBefore():][:h]
			}
			p.cell(s, c, next, p.over(from+i, t))
		}
		if p.y != nil {
			p.states(from, m, t, now, step)
		}
	}
}

// cell computes the state of one row from its gate pre-activations.
func (p *recurrence[T]) cell(s, c, next []T, over bool) {
	r := &p.r
	h := r.H
	state, before := s[r.atH():][:h], s[r.atBefore():][:h]
	switch {
	case over:
		copy(state, before)
		copy(next, before)
		if r.Cell == LSTMCell {
			copy(s[r.atC():][:h], c)
		}
		return
	case r.Cell == LSTMCell:
		p.lstm(s, c, next)
		return
	case r.Cell == GRUCell:
		if p.in.Other != nil {
			AddTo(s[r.atQ():][:h], p.in.Other)
		}
		p.gru(s, before, state, next)
		return
	case r.Cell == ReluCell:
		Unary(Relu, 0, state, state)
	default:
		Unary(Tanh, 0, state, state)
	}
	copy(next, state)
}

// cell is an argument of the assembly, which relies on its layout.
type cell struct {
	gates, grads, before, c, tanh, q, h, next, dh, dc unsafe.Pointer
	width, end                                        int // bytes of a gate; of its whole registers
	rest                                              int // elements after them
}

// newCell begins the argument for gates, or returns false where there is no
// assembly.
func newCell[T Float](gates []T, h int) (cell, bool) {
	if !assembly || !single[T]() {
		return cell{}, false
	}
	whole := inRegisters[T](h)
	return cell{gates: unsafe.Pointer(&gates[0]), width: 4 * h, end: 4 * whole, rest: h - whole}, true
}

func (p *recurrence[T]) lstm(s, before, next []T) {
	r := &p.r
	h := r.H
	c, tanh, state := s[r.atC():][:h], s[r.atTanh():][:h], s[r.atH():][:h]
	if k, ok := newCell(s, h); ok {
		k.before, k.c, k.tanh = unsafe.Pointer(&before[0]), unsafe.Pointer(&c[0]), unsafe.Pointer(&tanh[0])
		k.h, k.next = unsafe.Pointer(&state[0]), unsafe.Pointer(&next[0])
		lstmCellVector[T](&k)
		return
	}
	in, f, g, o := s[:h], s[h:2*h], s[2*h:3*h], s[3*h:4*h]
	for i, v := range before {
		in[i], f[i], o[i] = T(sigmoid(float64(in[i]))), T(sigmoid(float64(f[i]))), T(sigmoid(float64(o[i])))
		g[i] = T(math.Tanh(float64(g[i])))
		c[i] = f[i]*v + in[i]*g[i]
		tanh[i] = T(math.Tanh(float64(c[i])))
		state[i] = o[i] * tanh[i]
		next[i] = state[i]
	}
}

func (p *recurrence[T]) gru(s, before, state, next []T) {
	h := p.r.H
	q := s[p.r.atQ():][:h]
	if k, ok := newCell(s, h); ok {
		k.before, k.q = unsafe.Pointer(&before[0]), unsafe.Pointer(&q[0])
		k.h, k.next = unsafe.Pointer(&state[0]), unsafe.Pointer(&next[0])
		gruCellVector[T](&k)
		return
	}
	r, z, n := s[:h], s[h:2*h], s[2*h:3*h]
	for i, v := range before {
		r[i], z[i] = T(sigmoid(float64(r[i]))), T(sigmoid(float64(z[i])))
		n[i] = T(math.Tanh(float64(n[i] + r[i]*q[i])))
		state[i] = (1-z[i])*n[i] + z[i]*v
		next[i] = state[i]
	}
}

func (p *recurrence[T]) backward(w *scratch[T], from, to int) {
	r := &p.r
	h, size, deep, gates := r.H, r.Saved()*r.H, r.Grads()*r.H, r.Gates()*r.H
	m := to - from
	spare := grown(&w.result, (3*m+1)*h)
	clear(spare)
	dh, dc, fresh, zero := spare[:m*h], spare[m*h:2*m*h], spare[2*m*h:3*m*h], spare[3*m*h:]
	switch p.result {
	case LastState:
		copy(dh, p.g[from*h:to*h])
	case LastStates:
		for n := from; n < to; n++ {
			row := n - from
			copy(dh[row*h:(row+1)*h], p.g[2*n*h:])
			copy(dc[row*h:(row+1)*h], p.g[(2*n+1)*h:])
		}
	}
	for t := r.T - 1; t >= 0; t-- {
		for n := from; n < to; n++ {
			row := n - from
			s, d := p.s[(n*r.T+t)*size:][:size], p.d[(n*r.T+t)*deep:][:deep]
			if p.over(n, t) {
				clear(d)
				continue
			}
			own := dh[row*h : (row+1)*h]
			if p.result == AllStates {
				AddTo(own, p.g[(n*r.T+t)*h:])
			}
			c := zero
			if t > 0 && r.Cell == LSTMCell {
				c = p.s[(n*r.T+t-1)*size+r.atC():][:h]
			} else if p.in.C0 != nil {
				c = p.in.C0[n*h : (n+1)*h]
			}
			p.cellGrad(s, d, c, own, dc[row*h:(row+1)*h])
		}
		if t == 0 && p.dh0 == nil {
			break
		}
		k := product[T]{transB: true, m: m, n: h, k: gates, lda: r.T * deep, ldb: gates, ldc: h, a: p.d[(from*r.T+t)*deep:], b: p.in.U, packed: p.main, c: dh}
		if r.Cell == GRUCell {
			k.start = startC
		}
		if p.in.Lengths == nil {
			k.doAlone()
			continue
		}
		copy(fresh, dh)
		k.c = fresh
		k.doAlone()
		for n := from; n < to; n++ {
			if row := n - from; !p.over(n, t) {
				copy(dh[row*h:(row+1)*h], fresh[row*h:])
			}
		}
	}
	if p.dh0 != nil {
		copy(p.dh0[from*h:to*h], dh)
	}
	if p.dc0 != nil {
		copy(p.dc0[from*h:to*h], dc)
	}
}

// cellGrad computes the gradients d of the gate pre-activations of one row. It updates dc
// to the gradient of c', and, for a GRU, dh to the part of the gradient of h' that does not
// pass through the products.
func (p *recurrence[T]) cellGrad(s, d, c, dh, dc []T) {
	r := &p.r
	h := r.H
	switch r.Cell {
	case LSTMCell:
		p.lstmGrad(s, d, c, dh, dc)
	case GRUCell:
		p.gruGrad(s, d, dh)
	case ReluCell:
		positiveGrad(d, s[:h], dh)
	default:
		unaryGrad(Tanh, 0, d, s[:h], dh)
	}
}

func (p *recurrence[T]) lstmGrad(s, d, before, dh, dc []T) {
	r := &p.r
	h := r.H
	tanh := s[r.atTanh():][:h]
	if k, ok := newCell(s, h); ok {
		k.grads, k.before, k.tanh = unsafe.Pointer(&d[0]), unsafe.Pointer(&before[0]), unsafe.Pointer(&tanh[0])
		k.dh, k.dc = unsafe.Pointer(&dh[0]), unsafe.Pointer(&dc[0])
		lstmGradVector[T](&k)
		return
	}
	in, f, g, o := s[:h], s[h:2*h], s[2*h:3*h], s[3*h:4*h]
	di, df, dg, do := d[:h], d[h:2*h], d[2*h:3*h], d[3*h:4*h]
	for i, t := range tanh {
		e := dc[i] + dh[i]*o[i]*(1-t*t)
		do[i] = dh[i] * t * o[i] * (1 - o[i])
		di[i] = e * g[i] * in[i] * (1 - in[i])
		df[i] = e * before[i] * f[i] * (1 - f[i])
		dg[i] = e * in[i] * (1 - g[i]*g[i])
		dc[i] = e * f[i]
	}
}

func (p *recurrence[T]) gruGrad(s, d, dh []T) {
	h := p.r.H
	before, q := s[p.r.atBefore():][:h], s[p.r.atQ():][:h]
	if k, ok := newCell(s, h); ok {
		k.grads, k.before, k.q, k.dh = unsafe.Pointer(&d[0]), unsafe.Pointer(&before[0]), unsafe.Pointer(&q[0]), unsafe.Pointer(&dh[0])
		gruGradVector[T](&k)
		return
	}
	rs, zs, ns := s[:h], s[h:2*h], s[2*h:3*h]
	dr, dz, dq, dn := d[:h], d[h:2*h], d[2*h:3*h], d[3*h:4*h]
	for i, g := range dh {
		z, n := zs[i], ns[i]
		dn[i] = g * (1 - z) * (1 - n*n)
		dz[i] = g * (before[i] - n) * z * (1 - z)
		dr[i] = dn[i] * q[i] * rs[i] * (1 - rs[i])
		dq[i] = dn[i] * rs[i]
		dh[i] = g * z
	}
}

// RecurrentStates copies a result from the saved values of a pass. With AllStates, steps
// past the length of a sequence are 0.
func RecurrentStates[T Float](r *Recurrent, s []T, lengths []int, result Result, y []T) {
	h, size := r.H, r.Saved()*r.H
	for n := range r.N {
		if end := s[(n*r.T+r.T-1)*size:]; result == LastState {
			copy(y[n*h:(n+1)*h], end[r.atH():])
			continue
		} else if result == LastStates {
			copy(y[2*n*h:(2*n+1)*h], end[r.atH():])
			copy(y[(2*n+1)*h:(2*n+2)*h], end[r.atC():])
			continue
		}
		for t := range r.T {
			to := y[(n*r.T+t)*h:][:h]
			if lengths != nil && t >= lengths[n] {
				clear(to)
			} else {
				copy(to, s[(n*r.T+t)*size+r.atH():])
			}
		}
	}
}

// RecurrentInputGrad computes the gradient dx of x.
func RecurrentInputGrad[T Float](r *Recurrent, d, w, dx []T) {
	h, rows := r.H, r.N*r.T
	if r.Cell == GRUCell {
		p := product[T]{transB: true, m: rows, n: r.I, lda: 4 * h, ldb: 3 * h, ldc: r.I, c: dx}
		p.k, p.a, p.b = 2*h, d, w
		p.do()
		p.k, p.a, p.b, p.start = h, d[3*h:], w[2*h:], startC
		p.do()
		return
	}
	Gemm(false, true, rows, r.I, r.Gates()*h, d, w, 0, dx)
}

// RecurrentKernelGrad computes the gradient dw of the kernels.
func RecurrentKernelGrad[T Float](r *Recurrent, x, d, dw []T) {
	h, rows := r.H, r.N*r.T
	if r.Cell == GRUCell {
		p := product[T]{transA: true, m: r.I, k: rows, lda: r.I, ldb: 4 * h, ldc: 3 * h, a: x}
		p.n, p.b, p.c = 2*h, d, dw
		p.do()
		p.n, p.b, p.c = h, d[3*h:], dw[2*h:]
		p.do()
		return
	}
	Gemm(true, false, r.I, r.Gates()*h, rows, x, d, 0, dw)
}

// RecurrentStateKernelGrad computes the gradient du of the recurrent kernels.
func RecurrentStateKernelGrad[T Float](r *Recurrent, s, d, du []T) {
	n := r.Gates() * r.H
	product[T]{transA: true, m: r.H, n: n, k: r.N * r.T, lda: r.Saved() * r.H, ldb: r.Grads() * r.H, ldc: n, a: s[r.atBefore():], b: d, c: du}.do()
}

// RecurrentBiasGrad computes the gradient db of the bias.
func RecurrentBiasGrad[T Float](r *Recurrent, d, db []T) {
	h, deep := r.H, r.Grads()*r.H
	clear(db)
	for at := 0; at < r.N*r.T*deep; at += deep {
		if r.Cell == GRUCell {
			AddTo(db[:2*h], d[at:])
			AddTo(db[2*h:3*h], d[at+3*h:])
		} else {
			AddTo(db, d[at:])
		}
	}
}

// RecurrentOtherBiasGrad computes the gradient db of a GRU's other bias.
func RecurrentOtherBiasGrad[T Float](r *Recurrent, d, db []T) {
	h := r.H
	clear(db)
	for at := 0; at < r.N*r.T*4*h; at += 4 * h {
		AddTo(db, d[at+2*h:])
	}
}

// Reverse turns every sequence of x (N, T, size) around, up to its length.
func Reverse[T Float](n, t, size int, x []T, lengths []int, y []T) {
	for i := range n {
		length := t
		if lengths != nil {
			length = lengths[i]
		}
		for k := range t {
			from := k
			if k < length {
				from = length - 1 - k
			}
			copy(y[(i*t+k)*size:(i*t+k+1)*size], x[(i*t+from)*size:])
		}
	}
}
