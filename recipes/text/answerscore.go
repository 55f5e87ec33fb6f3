package text

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/metrics"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/text"
)

// AnswerScore is what a candidate is worth on the test questions. MRR, First and Ten are of those
// that have an answer among the texts that are searched; the rest is of all of them.
type AnswerScore struct {
	Name       string
	MRR        stats.Test         // mean reciprocal rank among the first ten, with a bootstrap interval over groups
	First, Ten stats.Test         // share whose answer is first, and among the first ten
	Kinds      map[string]float64 // MRR of each kind of question
	Validation float64            // MRR of the validation questions

	Confidence nets.Confidence     // fitted to the validation questions
	Curve      []metrics.RiskPoint // of the test questions; a question without an answer is answered wrongly
	AURC       float64
	Threshold  float64           // of the probability, chosen on the validation questions; 2: nothing is sure enough
	Chosen     metrics.RiskPoint // what the validation questions have there
	Tested     metrics.RiskPoint // what the test questions have there
	RiskLow    float64           // 95% Wilson interval of the risk on the test questions
	RiskHigh   float64
	Absent     int     // test questions without an answer
	Refused    int     // of them are refused
	ECE        float64 // of the probability on the test questions, in 10 bins

	ranks  []float64
	groups []int
}

// Score scores a candidate: ByWords, ByVectors or ByBoth.
func (s *AnswerStudy) Score(ctx context.Context, name string) (*AnswerScore, error) {
	if err := s.Prepare(); err != nil {
		return nil, err
	}
	lists, err := s.search(ctx, name)
	if err != nil {
		return nil, err
	}
	out := &AnswerScore{Name: name, Validation: mean(s.ranks(0, lists[0])), ranks: s.ranks(1, lists[1])}
	s.byKind(out)
	if err := s.intervals(out); err != nil {
		return nil, err
	}
	return out, s.refusal(out, lists)
}

// byKind tells results apart by the kind of question.
func (s *AnswerStudy) byKind(out *AnswerScore) {
	kinds := map[string][]float64{}
	for _, r := range s.parts[2] {
		if r.answer < s.present {
			kinds[r.kind] = append(kinds[r.kind], out.ranks[len(out.groups)])
			out.groups = append(out.groups, r.group)
		}
	}
	if s.Kinds != nil {
		out.Kinds = map[string]float64{}
		for k, v := range kinds {
			out.Kinds[k] = mean(v)
		}
	}
}

// intervals makes the intervals, over groups.
func (s *AnswerStudy) intervals(out *AnswerScore) error {
	for _, m := range []struct {
		to    *stats.Test
		least float64 // reciprocal ranks from this on count as 1; 0: as they are
	}{{&out.MRR, 0}, {&out.First, 1}, {&out.Ten, 0.1}} {
		values := make([]float64, len(out.ranks))
		for i, v := range out.ranks {
			switch {
			case m.least == 0:
				values[i] = v
			case v >= m.least:
				values[i] = 1
			}
		}
		sums, err := metrics.MeanSums(values)
		if err != nil {
			return err
		}
		// Percentile, which has an interval of shares that are all 0 or 1, too.
		if *m.to, err = stats.BootstrapSums(sums.Rows, sums.Score, stats.SumsOptions{Clusters: out.groups, Seed: s.Seed, Kind: stats.Percentile}); err != nil {
			return fmt.Errorf("text: answers: %s: %w", out.Name, err)
		}
	}
	return nil
}

// right reports for the questions to validate (0) or to test (1) whether the first hit is the answer.
func (s *AnswerStudy) right(part int, lists [][]text.Hit) (out []bool) {
	for i, r := range s.parts[part+1] {
		out = append(out, len(lists[i]) > 0 && lists[i][0].Text == r.answer)
	}
	return out
}

// refusal fits the confidence and the threshold to the validation questions, and tests them.
func (s *AnswerStudy) refusal(out *AnswerScore, lists *[2][][]text.Hit) error {
	var err error
	var right [2][]bool
	var sure [2][]float64
	if out.Confidence, err = nets.FitConfidence(lists[0], s.right(0, lists[0])); err != nil {
		return fmt.Errorf("text: answers: %s: %w", out.Name, err)
	}
	var curves [2][]metrics.RiskPoint
	for k := range lists {
		right[k] = s.right(k, lists[k])
		for _, hits := range lists[k] {
			sure[k] = append(sure[k], out.Confidence.Of(hits))
		}
		if curves[k], err = metrics.RiskCoverage(right[k], sure[k]); err != nil {
			return err
		}
	}
	var ok bool
	if out.Chosen, ok = metrics.AtRisk(curves[0], s.Risk, s.Sure); ok {
		out.Threshold = out.Chosen.Threshold
	} else {
		out.Threshold = 2
	}
	out.Curve, out.Tested = curves[1], metrics.RiskAt(curves[1], out.Threshold)
	out.RiskLow, out.RiskHigh = wilson(out.Tested.Wrong, out.Tested.Answered)
	if out.AURC, err = metrics.AURC(right[1], sure[1]); err != nil {
		return err
	}
	for i, r := range s.parts[2] {
		if r.answer >= s.present {
			out.Absent++
			if !(sure[1][i] >= out.Threshold) {
				out.Refused++
			}
		}
	}
	out.ECE, err = calibration(right[1], sure[1])
	return err
}

// calibration is the expected calibration error of the probability that an answer is right.
func calibration(right []bool, sure []float64) (float64, error) {
	labels, proba := make([]int, len(right)), make([]float64, 0, 2*len(right))
	for i, p := range sure {
		if right[i] {
			labels[i] = 1
		}
		proba = append(proba, 1-p, p)
	}
	return metrics.ECE(labels, proba, 2, 10)
}

// wilson is the 95% interval of a share (Wilson 1927); NaN of nothing.
func wilson(count, of int) (low, high float64) {
	const z = 1.959963984540054
	n, p := float64(of), float64(count)/float64(of)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, middle-half), min(1, middle+half)
}

// Compare compares two candidates by their reciprocal ranks on the same test questions: a paired
// bootstrap over groups of the first's MRR less the second's.
func (s *AnswerStudy) Compare(first, second *AnswerScore) (stats.Test, error) {
	if s == nil || !s.made || first == nil || second == nil || len(first.ranks) == 0 || len(first.ranks) != len(second.ranks) {
		return stats.Test{}, errors.New("text: answers: scores are of other questions")
	}
	a, err := metrics.MeanSums(first.ranks)
	if err != nil {
		return stats.Test{}, err
	}
	b, err := metrics.MeanSums(second.ranks)
	if err != nil {
		return stats.Test{}, err
	}
	return stats.PairedBootstrap(a.Rows, b.Rows, a.Score, stats.SumsOptions{Clusters: first.groups, Seed: s.Seed, Kind: stats.Percentile})
}

// Verdict says which of two candidates is better, by Compare and a level of 0.05 that is divided by
// the number of comparisons made (Bonferroni).
func Verdict(first, second string, t stats.Test, comparisons int) string {
	d, low, high := t.Estimate, t.Low, t.High
	if d < 0 {
		first, second, d, low, high = second, first, -d, -high, -low
	}
	how := fmt.Sprintf("MRR@10 %+.3f, 95%% interval %.3f to %.3f, p = %.2g, paired bootstrap over groups", d, low, high, t.P)
	if comparisons > 1 {
		how += fmt.Sprintf(", at a level of 0.05/%d", comparisons)
	}
	if !(t.P*float64(max(1, comparisons)) < 0.05) {
		return fmt.Sprintf("%s and %s: no evidence that they differ (%s)", first, second, how)
	}
	return fmt.Sprintf("%s is better than %s (%s)", first, second, how)
}

// Answerer returns an answerer by a candidate, which answers at the threshold of its score. It
// searches all answers, those that were absent in the study, too.
func (s *AnswerStudy) Answerer(ctx context.Context, score *AnswerScore) (*nets.Answerer, error) {
	if s == nil || !s.made || score == nil {
		return nil, errors.New("text: answers: there is no score: Score makes one")
	}
	a := &nets.Answerer{Answers: s.texts, Confidence: score.Confidence, Threshold: score.Threshold, BM25: s.BM25}
	var list []nets.Retriever
	if score.Name != ByVectors {
		x, err := s.BM25.Index(s.texts)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	if score.Name != ByWords {
		x, err := s.dual.Dual.Index(ctx, s.texts)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	a.Retriever = list[0]
	if score.Name == ByBoth {
		a.Retriever = nets.Fusion{Of: list, Weights: s.weights, Depth: found}
	}
	return a, nil
}

// Weights returns the weights of words and vectors in the hybrid; nil: reciprocal ranks, or it has
// not been scored.
func (s *AnswerStudy) Weights() []float64 {
	if s == nil {
		return nil
	}
	return append([]float64(nil), s.weights...)
}
