package baselines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/text"
)

// TextLogistic is [LogisticRegression] on the TF-IDF of a column of texts, of [data.Set.Texts]:
// the linear model that is hard to beat on texts (Joachims 1998; Wang & Manning 2012). The terms
// are those of the training rows. Other columns play no part.
type TextLogistic struct {
	Column string // "": the only one
	Terms  text.TFIDF
	C      []float64 // candidate values, increasing; nil: 10^-2, 10^-1, ..., 10^4
}

// Fit implements crossval.Estimator; the seed draws the inner folds. It is an error if there is
// no such column, or if the target is no class.
func (m TextLogistic) Fit(ctx context.Context, train data.Source, seed uint64) (*data.Predictor, error) {
	t, l, w, note, err := m.fit(ctx, train, seed)
	if err != nil {
		return nil, fmt.Errorf("baselines: logistic regression of texts: %w", err)
	}
	return t.predictor(len(w), note, func(x *text.Sparse) []float64 { return l.proba(w, sparse{x}) }), nil
}

// TermWeights are the weights that a fit gives the terms for each class.
type TermWeights struct {
	Terms   []string
	Classes []string
	Weights []float64 // (classes, terms): what a term adds to the logit of a class
}

// Top returns the n terms of the largest weights of a class, the largest first; fewer, if fewer are
// positive.
func (w *TermWeights) Top(class, n int) []string {
	if w == nil || class < 0 || class >= len(w.Classes) || len(w.Weights) != len(w.Classes)*len(w.Terms) {
		return nil
	}
	of := w.Weights[class*len(w.Terms) : (class+1)*len(w.Terms)]
	var order []int
	for j, v := range of {
		if v > 0 {
			order = append(order, j)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(of[b], of[a]) })
	var out []string
	for _, j := range order[:max(0, min(n, len(order)))] {
		out = append(out, w.Terms[j])
	}
	return out
}

// Weights fits as Fit does, and returns what the fit makes of each term: what speaks for a class.
// Of two classes the weights of the second are those of the fit, and of the first the negative of
// them.
func (m TextLogistic) Weights(ctx context.Context, train data.Source, seed uint64) (*TermWeights, error) {
	t, l, w, _, err := m.fit(ctx, train, seed)
	if err != nil {
		return nil, fmt.Errorf("baselines: logistic regression of texts: %w", err)
	}
	n := l.columns
	out := &TermWeights{Terms: t.fitted.Terms, Classes: t.classes, Weights: make([]float64, l.all*n)}
	for k, class := range l.classes {
		to := out.Weights[class*n : (class+1)*n]
		switch {
		case l.outputs > 1:
			for j := range to {
				to[j] = w[j*l.outputs+k]
			}
		case len(l.classes) == 2:
			for j, v := range w[:n] {
				to[j] = float64(2*k-1) * v
			}
		}
	}
	return out, nil
}

// fit chooses the strength and fits the weights.
func (m TextLogistic) fit(ctx context.Context, train data.Source, seed uint64) (t *texts, l *logits, w []float64, note string, err error) {
	c := m.C
	if c == nil {
		for e := -2; e <= 4; e++ {
			c = append(c, math.Pow(10, float64(e)))
		}
	}
	if err := checkStrengths("logistic regression of texts", c); err != nil {
		return nil, nil, nil, "", err
	}
	if t, err = fitTexts(train, m.Column, m.Terms); err != nil {
		return nil, nil, nil, "", err
	}
	l = newLogits(sparse{t.rows}, t.targets, t.weights)
	l.groups = t.groups
	best := c[0]
	if len(c) > 1 {
		if best, err = l.choose(ctx, c, seed); err != nil {
			return nil, nil, nil, "", err
		}
	}
	w = make([]float64, l.size())
	const fine = 1e-7 // many terms are rare, and the loss is flat along them
	if err := l.fit(ctx, w, best, fine); err != nil {
		return nil, nil, nil, "", err
	}
	return t, l, w, fmt.Sprintf("%d terms, C %s%s", len(t.fitted.Terms), shortest(best), boundary(best, c)), nil
}

// TextBayes is multinomial naive Bayes on the terms of a column of texts: the probability of a
// class is proportional to
//
//	π_c · Π_t θ_ct^x_t,  θ_ct = (N_ct + Smoothing) / (N_c + Smoothing·terms),
//
// where x_t are the numbers of the text's terms, N_ct their sum over the training texts of the
// class and π_c the share of the class (as in scikit-learn's MultinomialNB). Row weights are used.
type TextBayes struct {
	Column    string     // "": the only one
	Terms     text.TFIDF // such as {Counts: true}, which naive Bayes is derived for
	Smoothing float64    // 0: 1
}

// Fit implements crossval.Estimator. It is an error if there is no such column, if the target is
// no class, or if Smoothing is negative.
func (m TextBayes) Fit(_ context.Context, train data.Source, _ uint64) (*data.Predictor, error) {
	if !(m.Smoothing >= 0) || math.IsInf(m.Smoothing, 0) {
		return nil, fmt.Errorf("baselines: naive Bayes: a smoothing of %v: want a finite number of at least 0", m.Smoothing)
	}
	alpha := m.Smoothing
	if alpha == 0 {
		alpha = 1
	}
	t, err := fitTexts(train, m.Column, m.Terms)
	if err != nil {
		return nil, fmt.Errorf("baselines: naive Bayes: %w", err)
	}
	classes, width := t.targets.classes, t.rows.Width
	prior, total, theta := make([]float64, classes), make([]float64, classes), make([]float64, classes*width)
	all := 0.0
	for i, c := range t.targets.labels {
		weight := 1.0
		if t.weights != nil {
			weight = t.weights[i]
		}
		prior[c] += weight
		all += weight
		for k := t.rows.Offsets[i]; k < t.rows.Offsets[i+1]; k++ {
			v := weight * t.rows.Values[k]
			theta[c*width+int(t.rows.Columns[k])] += v
			total[c] += v
		}
	}
	for c := range classes {
		prior[c] = math.Log(prior[c] / all) // −Inf of a class without rows
		under := math.Log(total[c] + alpha*float64(width))
		for j := range width {
			theta[c*width+j] = math.Log(theta[c*width+j]+alpha) - under
		}
	}
	return t.predictor(classes*(width+1), fmt.Sprintf("%d terms", width), func(x *text.Sparse) []float64 {
		out := make([]float64, x.Rows*classes)
		for i := range x.Rows {
			p := out[i*classes : (i+1)*classes]
			copy(p, prior)
			for k := x.Offsets[i]; k < x.Offsets[i+1]; k++ {
				for c := range p {
					p[c] += x.Values[k] * theta[c*width+int(x.Columns[k])]
				}
			}
			top, sum := slices.Max(p), 0.0
			for c := range p {
				p[c] = math.Exp(p[c] - top)
				sum += p[c]
			}
			for c := range p {
				p[c] /= sum
			}
		}
		return out
	}), nil
}

// texts are training rows of a column of texts.
type texts struct {
	column  string
	fitted  *text.FittedTFIDF
	rows    *text.Sparse
	targets *targets
	classes []string
	weights []float64
	groups  []int
}

func fitTexts(src data.Source, column string, terms text.TFIDF) (*texts, error) {
	set, err := data.Collect(src)
	if err != nil {
		return nil, err
	}
	cells, name, err := cellsOf(set, column)
	if err != nil {
		return nil, err
	}
	t := &texts{column: name, classes: set.Classes, weights: set.Weights, groups: set.Groups}
	if t.targets, err = targetsOf(set); err != nil {
		return nil, err
	}
	if t.targets.values != nil {
		return nil, errors.New("it is for classification only")
	}
	if err := checkWeights(set.Weights, set.Len()); err != nil {
		return nil, err
	}
	if t.fitted, err = terms.Fit(cells); err != nil {
		return nil, err
	}
	t.rows, err = t.fitted.Apply(cells)
	return t, err
}

// cellsOf returns a column of texts and its name.
func cellsOf(set *data.Set, column string) ([]string, string, error) {
	if column == "" && len(set.Texts) != 1 {
		return nil, "", fmt.Errorf("%d columns of texts: want the name of one", len(set.Texts))
	}
	for _, c := range set.Texts {
		if column == "" || c.Name == column {
			if len(c.Cells) != set.Len() {
				return nil, "", fmt.Errorf("the column %q has %d texts of %d rows", c.Name, len(c.Cells), set.Len())
			}
			return c.Cells, c.Name, nil
		}
	}
	return nil, "", fmt.Errorf("there is no column %q of texts", column)
}

func (t *texts) predictor(parameters int, note string, proba func(x *text.Sparse) []float64) *data.Predictor {
	return &data.Predictor{Parameters: parameters, Notes: []string{note}, Predict: func(_ context.Context, rows *data.Set) (*data.Prediction, error) {
		if rows == nil {
			return nil, fmt.Errorf("baselines: %w", data.ErrEmpty)
		}
		cells, _, err := cellsOf(rows, t.column)
		if err != nil {
			return nil, fmt.Errorf("baselines: %w", err)
		}
		x, err := t.fitted.Apply(cells)
		if err != nil {
			return nil, fmt.Errorf("baselines: %w", err)
		}
		return withLabels(proba(x), t.targets.classes), nil
	}}
}
