package text_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data/corpus"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/recipes/text"
)

// helpdesk is questions about 15 devices and 15 troubles, whose answers say both in words of their
// own; half of the questions have the answer's words, the others synonyms that training rows teach.
// Each answer has a number that makes it the only right one; a question of the kind words has it, too.
func helpdesk(n int) *text.AnswerStudy {
	r := rand.New(rand.NewPCG(9, 0))
	filler := strings.Fields("please now then here again simply first next once open press hold the and with on")
	some := func(n int) (out []string) {
		for range n {
			out = append(out, filler[r.IntN(len(filler))])
		}
		return out
	}
	s := &text.AnswerStudy{Seed: 1}
	for i := range n {
		device, trouble := r.IntN(15), r.IntN(15)
		word := func(kind string, k int) string { return fmt.Sprintf("%s%c", kind, 'a'+k) }
		extra := fmt.Sprintf("model%d", i%(n/3)+100)
		answer := strings.Join(slices.Concat(some(4), []string{word("device", device), word("trouble", trouble), extra}, some(4)), " ")
		question, kind := []string{word("device", device), word("trouble", trouble), extra}, "words"
		if r.IntN(2) == 0 {
			question, kind = []string{word("gadget", device), word("worry", trouble), extra}, "synonyms"
		}
		s.Questions = append(s.Questions, strings.Join(append(question, some(2)...), " "))
		s.Answers, s.Groups, s.Kinds = append(s.Answers, answer), append(s.Groups, i), append(s.Kinds, kind)
	}
	return s
}

// TestAnswerStudy: a dual encoder learns synonyms, which BM25 does not know; the hybrid is no worse than
// either; both directions of the comparison agree; what has no answer is refused more often than
// what has one; and the answerer does as its score says.
func TestAnswerStudy(t *testing.T) {
	s := helpdesk(900)
	h, err := s.Fit(t.Context(), text.Answers{
		Net: nets.DualEncoder{Net: nets.Bag{Dim: 64, Mean: true}}, Tokens: corpus.Tokens{Kind: corpus.Words, MinCount: 1}, Epochs: 15, Batch: 64, LearningRate: 0.01,
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	scores := map[string]*text.AnswerScore{}
	for _, name := range text.AnswerNames() {
		if scores[name], err = s.Score(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		c := scores[name]
		t.Logf("%s: MRR %.3f (%.3f to %.3f) %v, validation %.3f, AURC %.3f; from %.3f on %v, tested %v (%.3f to %.3f), %d of %d refused, ECE %.3f", name, c.MRR.Estimate, c.MRR.Low, c.MRR.High, c.Kinds, c.Validation, c.AURC, c.Threshold, c.Chosen, c.Tested, c.RiskLow, c.RiskHigh, c.Refused, c.Absent, c.ECE)
		if !(c.First.Estimate <= c.MRR.Estimate && c.MRR.Estimate <= c.Ten.Estimate) || c.MRR.Low > c.MRR.Estimate || c.MRR.High < c.MRR.Estimate {
			t.Errorf("%s: %v, %v, %v", name, c.First, c.MRR, c.Ten)
		}
		if last := c.Curve[len(c.Curve)-1]; last.Coverage != 1 || c.Absent == 0 || c.Threshold == 2 {
			t.Errorf("%s: %v, %d absent, threshold %v", name, last, c.Absent, c.Threshold)
		}
	}
	words, vectors, both := scores[text.ByWords], scores[text.ByVectors], scores[text.ByBoth]
	if !(vectors.Kinds["synonyms"] > words.Kinds["synonyms"]+0.1) {
		t.Errorf("synonyms: %v by vectors, %v by words; %d epochs", vectors.Kinds["synonyms"], words.Kinds["synonyms"], h.Epochs())
	}
	if !(both.MRR.Estimate > words.MRR.Estimate && both.MRR.Estimate > vectors.MRR.Estimate-0.02) {
		t.Errorf("both %v, words %v, vectors %v", both.MRR.Estimate, words.MRR.Estimate, vectors.MRR.Estimate)
	}
	if answered, absent := both.Tested.Coverage, float64(both.Absent-both.Refused)/float64(both.Absent); !(absent < answered/2) {
		t.Errorf("%.2f of all are answered, %.2f of those without an answer", answered, absent)
	}
	one, err := s.Compare(both, words)
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.Compare(words, both)
	if err != nil || math.Abs(one.Estimate+two.Estimate) > 1e-12 || math.Abs(one.Estimate-(both.MRR.Estimate-words.MRR.Estimate)) > 1e-12 {
		t.Errorf("%v and %v (%v)", one, two, err)
	}
	if v := text.Verdict(text.ByBoth, text.ByWords, one, 3); !strings.HasPrefix(v, "hybrid is better than bm25 (MRR@10 +0.") {
		t.Error(v)
	}

	for _, c := range scores {
		a, err := s.Answerer(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range append(s.Examples(100), "xyzzy") {
			r, err := a.Ask(q, 3)
			if err != nil || len(r.Hits) != len(r.Texts) || r.Refused != (r.Probability < c.Threshold) {
				t.Fatalf("%s: %q: %v (%v)", c.Name, q, r, err)
			}
			if q == "xyzzy" && !r.Refused {
				t.Errorf("%s answers %q: %v", c.Name, q, r)
			}
		}
	}
}

// TestAnswerStudyDivides: no group and no answer is on two sides, absent answers are not searched, and
// near-duplicates and empty rows are left out.
func TestAnswerStudyDivides(t *testing.T) {
	s := helpdesk(200)
	s.Answers[5], s.Questions[6] = " ", ""
	s.Answers[7] = s.Answers[3] + " now" // nearly the same
	s.Answers[9] = s.Answers[8]          // one answer of two groups
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	if got := s.String(); !strings.Contains(got, "3 rows left out") || !strings.Contains(got, "to validate (4 without an answer)") {
		t.Error(got)
	}
	if first, again := s.String(), helpdesk(200); again.Prepare() != nil || first == "" {
		t.Error("a study is divided otherwise")
	}
	kept := helpdesk(200)
	kept.Answers[7], kept.Keep = kept.Answers[3]+" now", true
	if got := kept.String(); !strings.Contains(got, "; 0 rows left out") {
		t.Error(got)
	}
}

func TestAnswerStudyRefuses(t *testing.T) {
	few, shares, absent, groups := helpdesk(200), helpdesk(20), helpdesk(20), helpdesk(20)
	few.Questions, few.Answers, few.Groups, few.Kinds = few.Questions[:3], few.Answers[:3], nil, nil
	shares.Test, shares.Validation = 0.6, 0.5
	absent.Absent = 1
	groups.Groups = groups.Groups[1:]
	for want, s := range map[string]*text.AnswerStudy{
		"the study is nil":                nil,
		"0 questions, 0 answers":          {},
		"shares of 0.6 to test":           shares,
		"a share of 1 absent":             absent,
		"20 questions, 20 answers, 19 gr": groups,
		"3 groups of 3 questions leave":   few,
	} {
		if _, err := s.Fit(t.Context(), text.Answers{}, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	s := helpdesk(200)
	for want, name := range map[string]string{"there is no dual encoder": text.ByBoth, `no candidate "oracle"`: "oracle"} {
		if _, err := s.Score(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := s.Compare(nil, nil); err == nil {
		t.Error("nothing is compared")
	}
	if _, err := s.Answerer(t.Context(), nil); err == nil {
		t.Error("no score answers")
	}
	pairs := text.Pairs{Questions: []string{"a", "b"}, Answers: []string{"c", "d"}, Numbers: []int{0, 1}}
	for want, r := range map[string]text.Answers{
		"-1 epochs":        {Epochs: -1},
		"a decay of -1":    {Decay: -1},
		"read by a string": {Net: nets.DualEncoder{Net: nets.LSTM{}}, Tokens: corpus.Tokens{MinCount: 1}},
	} {
		if want == "read by a string" {
			want = "read by a text.LSTM"
		}
		if _, _, err := r.Train(t.Context(), pairs, pairs, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, _, err := (text.Answers{}).Train(t.Context(), text.Pairs{}, pairs, 1); err == nil {
		t.Error("no pairs")
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		want string
		t    stats.Test
		of   int
	}{
		{"a is better than b (MRR@10 +0.200, 95% interval 0.100 to 0.300, p = 0.001, paired bootstrap over groups)", stats.Test{Estimate: 0.2, Low: 0.1, High: 0.3, P: 0.001}, 1},
		{"b is better than a (MRR@10 +0.200, 95% interval 0.100 to 0.300, p = 0.001, paired bootstrap over groups, at a level of 0.05/3)", stats.Test{Estimate: -0.2, Low: -0.3, High: -0.1, P: 0.001}, 3},
		{"a and b: no evidence that they differ (MRR@10 +0.200, 95% interval 0.001 to 0.300, p = 0.04, paired bootstrap over groups, at a level of 0.05/3)", stats.Test{Estimate: 0.2, Low: 0.001, High: 0.3, P: 0.04}, 3},
		{"a and b: no evidence that they differ (MRR@10 +0.000, 95% interval 0.000 to 0.000, p = NaN, paired bootstrap over groups)", stats.Test{P: math.NaN()}, 1},
	} {
		if got := text.Verdict("a", "b", c.t, c.of); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// Questions of groups that training has not seen; here the answers share the questions' words.
func ExampleAnswerStudy() {
	s := helpdesk(300)
	score, err := s.Score(ctx, text.ByWords)
	if err != nil {
		panic(err)
	}
	fmt.Println(score.Name, score.MRR.Estimate > 0.3, score.Absent > 0)
	// Output: bm25 true true
}
