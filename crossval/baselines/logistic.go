package baselines

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/data"
	"gonum.org/v1/gonum/floats"
)

// LogisticRegression is multinomial logistic regression with an L2 penalty, for
// classification only: it minimises
//
//	Σ -log p(y|x) + Σw²/(2C),   p = softmax(x·W + b)
//
// over W and b by L-BFGS; for two classes W is a single vector, and p is the logistic
// function of x·w + b (as in scikit-learn's LogisticRegression). C minimises the log loss
// over 5 folds of the training rows. It takes raw tables: numbers are standardised, missing
// ones are replaced by the median and marked by an indicator column, and a category becomes
// one indicator column per level. Row weights are used.
type LogisticRegression struct {
	C []float64 // candidate values, increasing; nil: 10^-4, 10^-3, ..., 10^4
}

// Fit implements crossval.Estimator; the seed draws the inner folds.
func (m LogisticRegression) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	c := m.C
	if c == nil {
		for e := -4; e <= 4; e++ {
			c = append(c, math.Pow(10, float64(e)))
		}
	}
	if err := checkStrengths("logistic regression", c); err != nil {
		return nil, err
	}
	return fitLogistic(ctx, train, c, seed)
}

func fitLogistic(ctx context.Context, src data.Source, strengths []float64, seed uint64) (*data.Predictor, error) {
	train, err := data.Collect(src)
	if err != nil {
		return nil, err
	}
	t, err := rawOf(train)
	if err != nil {
		return nil, err
	}
	y, err := targetsOf(train)
	if err != nil {
		return nil, err
	}
	if y.values != nil {
		return nil, errors.New("baselines: logistic regression: it is for classification only")
	}
	if err := checkWeights(train.Weights, t.rows); err != nil {
		return nil, err
	}
	e := fitEncoder(t, scaled)
	if err := e.bounded(t); err != nil {
		return nil, fmt.Errorf("baselines: logistic regression: %w", err)
	}
	x, err := e.apply(t)
	if err != nil {
		return nil, err
	}
	l := newLogits(dense{x, t.rows, e.width}, y, train.Weights)
	l.groups = train.Groups
	c := strengths[0]
	if len(strengths) > 1 {
		if c, err = l.choose(ctx, strengths, seed); err != nil {
			return nil, fmt.Errorf("baselines: logistic regression: %w", err)
		}
	}
	w := make([]float64, l.size())
	if err := l.fit(ctx, w, c, fineGradient); err != nil {
		return nil, fmt.Errorf("baselines: logistic regression: %w", err)
	}
	note := "C " + shortest(c) + boundary(c, strengths)
	return &data.Predictor{Parameters: len(w), Notes: []string{note}, Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
		t, err := rawOf(rows)
		if err != nil {
			return nil, err
		}
		x, err := e.apply(t)
		if err != nil {
			return nil, err
		}
		return withLabels(l.proba(w, dense{x, t.rows, e.width}), y.classes), nil
	}}, nil
}

// logits is a logistic regression on some rows. Its parameters are W, (outputs, columns) row
// by row, followed by b. Classes without a row have no output.
type logits struct {
	x       features
	columns int
	rows    int
	labels  []int     // output numbers
	weights []float64 // sum to the number of rows
	outputs int       // 1 for two classes
	groups  []int     // group of each row, or nil
	classes []int     // class of each output or, with one output, of labels 0 and 1
	all     int       // number of classes

	scores []float64 // scratch
}

func newLogits(x features, y *targets, weights []float64) *logits {
	_, columns := x.shape()
	l := &logits{x: x, columns: columns, rows: len(y.labels), all: y.classes, labels: make([]int, len(y.labels)), weights: make([]float64, len(y.labels))}
	number := make([]int, y.classes)
	for c := range number {
		number[c] = -1
	}
	for _, c := range y.labels {
		number[c] = 0
	}
	for c, n := range number {
		if n == 0 {
			number[c] = len(l.classes)
			l.classes = append(l.classes, c)
		}
	}
	total := 0.0
	for i, c := range y.labels {
		l.labels[i] = number[c]
		l.weights[i] = 1
		if weights != nil {
			l.weights[i] = weights[i]
		}
		total += l.weights[i]
	}
	floats.Scale(float64(l.rows)/total, l.weights)
	if l.outputs = len(l.classes); l.outputs == 2 {
		l.outputs = 1
	}
	return l
}

func (l *logits) size() int { return l.outputs * (l.columns + 1) }

// subset returns the regression on the chosen rows.
func (l *logits) subset(chosen func(row int) bool) *logits {
	out := *l
	out.labels, out.weights, out.scores = nil, nil, nil
	var rows []int
	for i := range l.rows {
		if chosen(i) {
			rows = append(rows, i)
			out.labels = append(out.labels, l.labels[i])
			out.weights = append(out.weights, l.weights[i])
		}
	}
	out.x, out.rows = l.x.pick(rows), len(rows)
	return &out
}

// score writes the scores of rows to out, (rows, outputs).
func (l *logits) score(w []float64, x features, out []float64) {
	b := w[l.outputs*l.columns:]
	rows, _ := x.shape()
	for i := range rows {
		copy(out[i*l.outputs:(i+1)*l.outputs], b)
	}
	if l.columns > 0 {
		x.addScores(w[:l.outputs*l.columns], l.outputs, out)
	}
}

// loss returns the mean log loss and, if derivatives is set, stores its derivatives with
// respect to the scores in l.scores.
func (l *logits) loss(w []float64, derivatives bool) float64 {
	if len(l.scores) != l.rows*l.outputs {
		l.scores = make([]float64, l.rows*l.outputs)
	}
	l.score(w, l.x, l.scores)
	sum, k := 0.0, l.outputs
	over := 1 / float64(l.rows)
	for i, c := range l.labels {
		s := l.scores[i*k : (i+1)*k]
		weight := l.weights[i] * over
		if len(l.classes) == 2 {
			// The log loss of class c is log(1 + exp(∓s)).
			signed := s[0]
			if c == 1 {
				signed = -signed
			}
			exp := math.Exp(-math.Abs(signed))
			sum += weight * (max(signed, 0) + math.Log1p(exp))
			p := 1 / (1 + exp) // of the sign of the score
			if s[0] < 0 {
				p = exp / (1 + exp)
			}
			s[0] = weight * (p - float64(c))
			continue
		}
		top := floats.Max(s)
		own, total := s[c]-top, 0.0
		for j, v := range s {
			s[j] = math.Exp(v - top)
			total += s[j]
		}
		sum += weight * (math.Log(total) - own)
		if derivatives {
			floats.Scale(weight/total, s)
			s[c] -= weight
		}
	}
	return sum
}

// fineGradient is the largest derivative at which a fit counts as converged; choosing C
// needs less accuracy.
const (
	fineGradient   = 1e-6
	coarseGradient = 1e-4
	mostIterations = 1000
	mostScores     = 1 << 19 // rows times outputs up to which all inner folds choose the strength; of more, one of them does
)

// fit minimises the mean log loss plus Σw²/(2Cn), starting from w.
func (l *logits) fit(ctx context.Context, w []float64, c, accuracy float64) error {
	if len(l.classes) < 2 {
		return nil // one class only
	}
	penalty := 1 / (c * float64(l.rows))
	return minimise(ctx, func(w, gradient []float64) float64 { return l.derive(w, penalty, gradient) }, w, accuracy, mostIterations)
}

// choose returns the strength with the smallest log loss over the inner folds. It tries
// strengths until two in a row have been worse.
func (l *logits) choose(ctx context.Context, strengths []float64, seed uint64) (float64, error) {
	fold := foldsOf(l.rows, l.labels, l.groups, seed)
	var inside, outside []*logits
	var w [][]float64
	folds := innerFolds
	if l.rows*l.outputs > mostScores {
		folds = 1
	}
	for f := range folds {
		in := l.subset(func(row int) bool { return fold[row] != f })
		out := l.subset(func(row int) bool { return fold[row] == f })
		if in.rows > 0 && out.rows > 0 {
			inside, outside = append(inside, in), append(outside, out)
			w = append(w, make([]float64, l.size()))
		}
	}
	best, bestLoss, worse := strengths[0], math.Inf(1), 0
	for _, c := range strengths {
		loss := 0.0
		for f := range inside {
			if err := inside[f].fit(ctx, w[f], c, coarseGradient); err != nil {
				return 0, err
			}
			loss += outside[f].loss(w[f], false) * float64(outside[f].rows)
		}
		if loss < bestLoss {
			best, bestLoss, worse = c, loss, 0
		} else if worse++; worse == 2 {
			break
		}
	}
	return best, nil
}

// proba returns the probabilities of all classes, (rows, classes) row by row.
func (l *logits) proba(w []float64, x features) []float64 {
	rows, _ := x.shape()
	out := make([]float64, rows*l.all)
	if len(l.classes) == 1 {
		for i := range rows {
			out[i*l.all+l.classes[0]] = 1
		}
		return out
	}
	scores := make([]float64, rows*l.outputs)
	l.score(w, x, scores)
	p := make([]float64, len(l.classes))
	for i := range rows {
		s := scores[i*l.outputs : (i+1)*l.outputs]
		if l.outputs == 1 {
			p[1] = 1 / (1 + math.Exp(-s[0]))
			p[0] = 1 - p[1]
		} else {
			top, total := floats.Max(s), 0.0
			for j, v := range s {
				p[j] = math.Exp(v - top)
				total += p[j]
			}
			floats.Scale(1/total, p)
		}
		for j, c := range l.classes {
			out[i*l.all+c] = p[j]
		}
	}
	return out
}

// derive returns the objective and writes its gradient.
func (l *logits) derive(w []float64, penalty float64, gradient []float64) float64 {
	value := l.loss(w, true)
	clear(gradient)
	kernel := l.outputs * l.columns
	for i := range l.rows {
		floats.Add(gradient[kernel:], l.scores[i*l.outputs:(i+1)*l.outputs])
	}
	if l.columns > 0 {
		l.x.gradient(l.scores, l.outputs, gradient[:kernel])
	}
	for j, v := range w[:kernel] {
		value += penalty / 2 * v * v
		gradient[j] += penalty * v
	}
	return value
}
