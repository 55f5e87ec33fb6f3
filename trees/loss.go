package trees

import (
	"math"

	"github.com/seed732fc211/aegis/internal/vector"
)

// loss is a twice differentiable loss of scores, with what it needs of the
// training rows. Scores are kept by outputs: raw[k][i] is that of row i.
type loss interface {
	// base returns the scores that fit best without any tree.
	base() []float64
	// prepare readies rows [from, to) for gradients, once an iteration.
	prepare(raw [][]float64, from, to int)
	// bounds returns bounds on the size of gradients and hessians, once an iteration.
	bounds(raw [][]float64) (g, h float64)
	// gradients writes the first and second derivatives with respect to the scores of
	// output k, times the weights.
	gradients(raw [][]float64, k, from, to int, g, h []float64)
	// value returns the loss of a row.
	value(raw [][]float64, i int) float64
	link() Link
}

// weighted are the weights of rows, nil for 1.
type weighted []float64

func (w weighted) of(i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}

func (w weighted) largest() float64 {
	if w == nil {
		return 1
	}
	top := 0.0
	for _, v := range w {
		top = max(top, v)
	}
	return top
}

// mean returns the weighted mean.
func (w weighted) mean(n int, f func(i int) float64) float64 {
	sum, total := 0.0, 0.0
	for i := range n {
		sum += w.of(i) * f(i)
		total += w.of(i)
	}
	return sum / total
}

// squared is (score - y)²/2.
type squared struct {
	y []float64
	w weighted
}

func (l *squared) link() Link { return Identity }

func (l *squared) base() []float64 {
	return []float64{l.w.mean(len(l.y), func(i int) float64 { return l.y[i] })}
}

func (l *squared) prepare([][]float64, int, int) {}

func (l *squared) bounds(raw [][]float64) (float64, float64) {
	top := 0.0
	r := raw[0][:len(l.y)]
	for i, y := range l.y {
		if d := math.Abs(r[i] - y); d > top {
			top = d
		}
	}
	w := l.w.largest()
	return top * w, w
}

func (l *squared) gradients(raw [][]float64, _, from, to int, g, h []float64) {
	for i := from; i < to; i++ {
		w := l.w.of(i)
		g[i-from], h[i-from] = w*(raw[0][i]-l.y[i]), w
	}
}

func (l *squared) value(raw [][]float64, i int) float64 {
	d := raw[0][i] - l.y[i]
	return d * d / 2
}

// poisson is half the Poisson deviance of exp(score), but for a constant:
// exp(score) - y score.
type poisson struct {
	y []float64
	w weighted
}

func (l *poisson) link() Link { return LogLink }

func (l *poisson) base() []float64 {
	return []float64{math.Log(l.w.mean(len(l.y), func(i int) float64 { return l.y[i] }))}
}

func (l *poisson) prepare([][]float64, int, int) {}

func (l *poisson) bounds(raw [][]float64) (g, h float64) {
	for i, y := range l.y {
		m := l.w.of(i) * expBounded(raw[0][i])
		g, h = max(g, m, l.w.of(i)*y), max(h, m)
	}
	return g, h
}

func (l *poisson) gradients(raw [][]float64, _, from, to int, g, h []float64) {
	for i := from; i < to; i++ {
		w, m := l.w.of(i), expBounded(raw[0][i])
		g[i-from], h[i-from] = w*(m-l.y[i]), w*m
	}
}

func (l *poisson) value(raw [][]float64, i int) float64 {
	return expBounded(raw[0][i]) - l.y[i]*raw[0][i]
}

func expBounded(x float64) float64 { return math.Exp(min(x, 300)) }

// logistic is the log loss of two classes; the score is the log-odds of class 1.
type logistic struct {
	labels []int
	w      weighted
}

func (l *logistic) link() Link { return Logistic }

func (l *logistic) base() []float64 {
	p := l.w.mean(len(l.labels), func(i int) float64 { return float64(l.labels[i]) })
	return []float64{math.Log(p / (1 - p))}
}

func (l *logistic) prepare([][]float64, int, int) {}

func (l *logistic) bounds([][]float64) (float64, float64) {
	top := l.w.largest()
	return top, top / 4
}

func (l *logistic) gradients(raw [][]float64, _, from, to int, g, h []float64) {
	r := raw[0][from:to]
	g, h = g[:len(r)], h[:len(r)]
	for i, y := range l.labels[from:to] {
		p := 1 / (1 + math.Exp(-r[i]))
		g[i], h[i] = p-float64(y), p*(1-p)
	}
	if l.w != nil {
		for i, w := range l.w[from:to] {
			g[i] *= w
			h[i] *= w
		}
	}
}

func (l *logistic) value(raw [][]float64, i int) float64 {
	s := raw[0][i]
	if l.labels[i] == 1 {
		s = -s
	}
	if s > 0 {
		return s + math.Log1p(math.Exp(-s))
	}
	return math.Log1p(math.Exp(s))
}

// multinomial is the log loss of any number of classes, a score each.
type multinomial struct {
	labels []int
	w      weighted
	proba  [][]float64 // by class and row, of this iteration
}

func newMultinomial(labels []int, classes int, w weighted) *multinomial {
	l := &multinomial{labels: labels, w: w, proba: make([][]float64, classes)}
	for c := range l.proba {
		l.proba[c] = make([]float64, len(labels))
	}
	return l
}

func (l *multinomial) link() Link { return Softmax }

// base returns the logarithms of the classes' shares, less their mean. A class
// without a row counts as half a row.
func (l *multinomial) base() []float64 {
	out := make([]float64, len(l.proba))
	total := 0.0
	for i, c := range l.labels {
		out[c] += l.w.of(i)
		total += l.w.of(i)
	}
	mean := 0.0
	for c := range out {
		if out[c] == 0 {
			out[c] = total / float64(len(l.labels)) / 2
		}
		out[c] = math.Log(out[c] / total)
		mean += out[c] / float64(len(out))
	}
	for c := range out {
		out[c] -= mean
	}
	return out
}

func (l *multinomial) prepare(raw [][]float64, from, to int) {
	k := len(l.proba)
	scores := make([]float64, k)
	for i := from; i < to; i++ {
		for c := range k {
			scores[c] = raw[c][i]
		}
		vector.Softmax(scores, scores)
		for c := range k {
			l.proba[c][i] = scores[c]
		}
	}
}

func (l *multinomial) bounds([][]float64) (float64, float64) {
	top := l.w.largest()
	return top, top / 4
}

func (l *multinomial) gradients(_ [][]float64, k, from, to int, g, h []float64) {
	for i, p := range l.proba[k][from:to] {
		y := 0.0
		if l.labels[from+i] == k {
			y = 1
		}
		w := l.w.of(from + i)
		g[i], h[i] = w*(p-y), w*p*(1-p)
	}
}

func (l *multinomial) value(raw [][]float64, i int) float64 {
	top := math.Inf(-1)
	for _, r := range raw {
		top = max(top, r[i])
	}
	sum := 0.0
	for _, r := range raw {
		sum += math.Exp(r[i] - top)
	}
	return math.Log(sum) + top - raw[l.labels[i]][i]
}
