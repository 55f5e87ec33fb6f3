package text

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/seed732fc211/aegis/text"
)

// Confidence is the probability that the first of the answers found for a question is right:
//
//	1/(1 + exp(−(Bias + Score·s₁ + Margin·(s₁ − s₂)))),
//
// where s₁ is the score of the first answer and s₂ that of the second, 0 if there is none. A
// question for which nothing is found has the probability 0.
type Confidence struct{ Bias, Score, Margin float64 }

// Of returns the probability for hits in descending order of their scores.
func (c Confidence) Of(hits []text.Hit) float64 {
	if len(hits) == 0 {
		return 0
	}
	x := features(hits)
	return 1 / (1 + math.Exp(-(c.Bias + c.Score*x[1] + c.Margin*x[2])))
}

// features are 1, the score of the first hit, and how far the second is below it.
func features(hits []text.Hit) [3]float64 {
	second := 0.0
	if len(hits) > 1 {
		second = hits[1].Score
	}
	return [3]float64{1, hits[0].Score, hits[0].Score - second}
}

// FitConfidence fits a logistic regression to the hits of questions that training has not seen, and
// whether the first of them is right. As in Platt (1999), the target is (n+1)/(n+2) for a right
// answer and 1/(n+2) for a wrong one, n being the number of such questions; and a penalty of
// ½·(w₁² + w₂²) on the weights of the standardised features keeps them finite. Questions without hits take no part. It is
// an error if there are fewer than 10 others, if they are all right or all wrong, or if a score is
// not finite.
func FitConfidence(hits [][]text.Hit, right []bool) (Confidence, error) {
	if len(hits) != len(right) {
		return Confidence{}, fmt.Errorf("text: confidence: hits of %d questions, %d of them known", len(hits), len(right))
	}
	var rows [][3]float64
	var of []bool
	count := 0
	for i, list := range hits {
		if len(list) == 0 {
			continue
		}
		x := features(list)
		if v := x[1] - x[2]; math.IsNaN(x[1]-x[1]) || math.IsNaN(v-v) {
			return Confidence{}, fmt.Errorf("text: confidence: question %d: the scores %v and %v", i, x[1], v)
		}
		rows, of = append(rows, x), append(of, right[i])
		if right[i] {
			count++
		}
	}
	if n := len(rows); n < 10 || count == 0 || count == n {
		return Confidence{}, fmt.Errorf("text: confidence: %d of %d questions are answered rightly: want at least 10, right and wrong ones", count, len(rows))
	}
	targets := make([]float64, len(of))
	for i, ok := range of {
		targets[i] = 1 / float64(len(of)-count+2)
		if ok {
			targets[i] = float64(count+1) / float64(count+2)
		}
	}
	mean, scale := standardise(rows)
	w, err := logistic(rows, targets)
	if err != nil {
		return Confidence{}, err
	}
	c := Confidence{Bias: w[0], Score: w[1] / scale[1], Margin: w[2] / scale[2]}
	c.Bias -= c.Score*mean[1] + c.Margin*mean[2]
	return c, nil
}

// standardise gives features the mean 0 and the variance 1, and returns what they had; a constant
// one becomes 0.
func standardise(rows [][3]float64) (mean, scale [3]float64) {
	n := float64(len(rows))
	for j := 1; j < 3; j++ {
		for _, x := range rows {
			mean[j] += x[j] / n
		}
		for _, x := range rows {
			scale[j] += (x[j] - mean[j]) * (x[j] - mean[j]) / n
		}
		scale[j] = math.Sqrt(scale[j])
		if scale[j] < 1e-12*(1+math.Abs(mean[j])) {
			scale[j] = math.Inf(1)
		}
		for i := range rows {
			rows[i][j] = (rows[i][j] - mean[j]) / scale[j]
		}
	}
	return mean, scale
}

// logistic minimises the penalised cross-entropy by Newton's method, with steps halved until it falls.
func logistic(rows [][3]float64, targets []float64) (w [3]float64, err error) {
	value := func(w [3]float64) float64 {
		sum := (w[1]*w[1] + w[2]*w[2]) / 2
		for i, x := range rows {
			z := w[0] + w[1]*x[1] + w[2]*x[2]
			sum += math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) - targets[i]*z
		}
		return sum
	}
	now := value(w)
	for range 100 {
		g, h := [3]float64{0, w[1], w[2]}, [3][3]float64{1: {1: 1}, 2: {2: 1}}
		for i, x := range rows {
			p := 1 / (1 + math.Exp(-(w[0] + w[1]*x[1] + w[2]*x[2])))
			for j := range x {
				g[j] += (p - targets[i]) * x[j]
				for k := range x {
					h[j][k] += p * (1 - p) * x[j] * x[k]
				}
			}
		}
		step, ok := solve3(h, g)
		if !ok {
			return w, errors.New("text: confidence: the fit has no solution")
		}
		next, t := w, 1.0
		for ; t > 1e-10; t /= 2 {
			for j := range w {
				next[j] = w[j] - t*step[j]
			}
			if value(next) < now {
				break
			}
		}
		after := value(next)
		if !(after < now) || now-after < 1e-12*(1+math.Abs(now)) {
			return w, nil
		}
		w, now = next, after
	}
	return w, nil
}

// solve3 solves a positive definite system of three equations by Cholesky's method.
func solve3(a [3][3]float64, b [3]float64) (x [3]float64, ok bool) {
	var l [3][3]float64
	for i := range 3 {
		for j := range i + 1 {
			s := a[i][j]
			for k := range j {
				s -= l[i][k] * l[j][k]
			}
			if i != j {
				l[i][j] = s / l[j][j]
			} else if !(s > 0) {
				return x, false
			} else {
				l[i][i] = math.Sqrt(s)
			}
		}
	}
	for i := range 3 {
		x[i] = b[i]
		for k := range i {
			x[i] -= l[i][k] * x[k]
		}
		x[i] /= l[i][i]
	}
	for i := 2; i >= 0; i-- {
		for k := i + 1; k < 3; k++ {
			x[i] -= l[k][i] * x[k]
		}
		x[i] /= l[i][i]
	}
	return x, true
}

// Answerer answers questions by the texts of an index, and refuses where it is not sure enough.
type Answerer struct {
	Retriever  Retriever
	Answers    []string // the texts, in the order of the retriever's numbers
	Confidence Confidence
	Threshold  float64   // the least probability that is answered; above 1: none
	BM25       text.BM25 // settings of a *text.BM25Index, by which LoadAnswerer indexes the answers anew
}

// Reply is what an Answerer says.
type Reply struct {
	Hits        []text.Hit // the best answers
	Texts       []string   // theirs
	Probability float64    // that the first of them is right
	Refused     bool       // Probability is below the threshold
}

// Ask returns the best k answers to a question. If the reply is refused they are there all the same,
// for who wants to see them.
func (a *Answerer) Ask(question string, k int) (*Reply, error) {
	switch {
	case a == nil || a.Retriever == nil:
		return nil, errors.New("text: answerer: there is no retriever")
	case k < 1:
		return nil, fmt.Errorf("text: answerer: the best %d answers: want at least 1", k)
	case math.IsNaN(a.Threshold):
		return nil, errors.New("text: answerer: the threshold is NaN")
	}
	hits, err := a.Retriever.Search(question, max(k, 2))
	if err != nil {
		return nil, err
	}
	r := &Reply{Probability: a.Confidence.Of(hits)}
	r.Refused = !(r.Probability >= a.Threshold) || len(hits) == 0
	r.Hits = slices.Clone(hits[:min(k, len(hits))])
	for _, h := range r.Hits {
		if h.Text < 0 || h.Text >= len(a.Answers) {
			return nil, fmt.Errorf("text: answerer: the retriever finds text %d of %d", h.Text, len(a.Answers))
		}
		r.Texts = append(r.Texts, a.Answers[h.Text])
	}
	return r, nil
}
