package text

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/text"
	"github.com/seed732fc211/aegis/train"
)

// AnswerStudy compares ways to find the answer to a question, on questions that none of them has
// seen. The groups of rows, such as source packages, are divided into those to train, to validate
// and to test; groups that share an answer are one. The answers of all of them are searched, but for
// those of some groups of validation and test, which are absent: their questions have no answer and
// should be refused.
type AnswerStudy struct {
	Questions, Answers []string // row by row; a row without either is left out
	Groups             []int    // nil: each row its own
	Kinds              []string // kind of each question, by which results are broken down; nil: one kind
	Test, Validation   float64  // shares of the groups; 0: 0.2 and 0.1
	Absent             float64  // share of the groups of validation and test whose answers are absent; 0: 0.2
	Risk               float64  // the greatest share of wrong replies that is wanted; 0: 0.1
	Sure               float64  // confidence that the risk is no greater, as metrics.AtRisk takes it; 0: 0.95
	Keep               bool     // keep questions of an answer that is nearly the same as an earlier one
	BM25               text.BM25
	Seed               uint64 // of the division and the intervals

	made    bool
	texts   []string // distinct answers that are searched, then those absent
	present int      // how many are searched
	parts   [3][]row // to train, to validate, to test
	lists   map[string]*[2][][]text.Hit
	words   *text.BM25Index
	dual    nets.DualIndex
	weights []float64 // of the hybrid
	dropped int
}

// row is a question.
type row struct {
	question      string
	answer, group int
	kind          string
}

// The names of the candidates.
const (
	ByWords   = "bm25"
	ByVectors = "dual-encoder"
	ByBoth    = "hybrid"
)

// AnswerNames returns the names of the candidates of an AnswerStudy.
func AnswerNames() []string { return []string{ByWords, ByVectors, ByBoth} }

// found is the number of hits that are kept of a candidate.
const found = 100

// withDefaults checks the settings.
func (s *AnswerStudy) withDefaults() error {
	s.Test, s.Validation, s.Absent, s.Risk, s.Sure = or(s.Test, 0.2), or(s.Validation, 0.1), or(s.Absent, 0.2), or(s.Risk, 0.1), or(s.Sure, 0.95)
	n := len(s.Questions)
	switch {
	case n == 0 || len(s.Answers) != n || s.Groups != nil && len(s.Groups) != n || s.Kinds != nil && len(s.Kinds) != n:
		return fmt.Errorf("text: answers: %d questions, %d answers, %d groups, %d kinds", n, len(s.Answers), len(s.Groups), len(s.Kinds))
	case !(s.Test > 0 && s.Validation > 0 && s.Test+s.Validation < 1):
		return fmt.Errorf("text: answers: shares of %v to test and %v to validate: want numbers above 0 that leave some to train", s.Test, s.Validation)
	case !(s.Absent > 0 && s.Absent < 1) || !(s.Risk > 0 && s.Risk < 1) || !(s.Sure > 0 && s.Sure < 1):
		return fmt.Errorf("text: answers: a share of %v absent, a risk of %v and a confidence of %v: want numbers between 0 and 1", s.Absent, s.Risk, s.Sure)
	}
	return nil
}

// Prepare divides the rows. The other methods call it.
func (s *AnswerStudy) Prepare() error {
	if s == nil {
		return errors.New("text: answers: the study is nil")
	}
	if s.made {
		return nil
	}
	if err := s.withDefaults(); err != nil {
		return err
	}
	rows, texts, err := s.rows()
	if err != nil {
		return err
	}
	if err := s.divide(rows, texts); err != nil {
		return err
	}
	s.words, err = s.BM25.Index(s.texts[:s.present])
	if err != nil {
		return err
	}
	s.lists, s.made = map[string]*[2][][]text.Hit{}, true
	return nil
}

// rows returns the rows with the numbers of their answers, which are distinct.
func (s *AnswerStudy) rows() (rows []row, texts []string, err error) {
	number := map[string]int{}
	for i, a := range s.Answers {
		q := strings.TrimSpace(s.Questions[i])
		if a = strings.TrimSpace(a); a == "" || q == "" {
			s.dropped++
			continue
		}
		k, ok := number[a]
		if !ok {
			k = len(texts)
			number[a], texts = k, append(texts, a)
		}
		r := row{question: q, answer: k, group: i}
		if s.Groups != nil {
			r.group = s.Groups[i]
		}
		if s.Kinds != nil {
			r.kind = s.Kinds[i]
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 || s.Keep {
		return rows, texts, nil
	}
	first, err := text.Duplicates{}.Find(texts)
	if err != nil {
		return nil, nil, fmt.Errorf("text: answers: %w", err)
	}
	kept := slices.DeleteFunc(rows, func(r row) bool { return first[r.answer] != r.answer })
	s.dropped += len(rows) - len(kept)
	return kept, texts, nil
}

// join gives groups that share an answer one number.
func join(rows []row) {
	parent := map[int]int{}
	var root func(g int) int
	root = func(g int) int {
		p, ok := parent[g]
		if !ok || p == g {
			return g
		}
		p = root(p)
		parent[g] = p
		return p
	}
	of := map[int]int{} // group of an answer
	for _, r := range rows {
		g, ok := of[r.answer]
		if !ok {
			of[r.answer] = r.group
			continue
		}
		if a, b := root(g), root(r.group); a != b {
			parent[max(a, b)] = min(a, b)
		}
	}
	for i := range rows {
		rows[i].group = root(rows[i].group)
	}
}

// divide divides groups, and orders the answers so that the absent ones are last.
func (s *AnswerStudy) divide(rows []row, texts []string) error {
	join(rows)
	var groups []int
	seen := map[int]bool{}
	for _, r := range rows {
		if !seen[r.group] {
			seen[r.group] = true
			groups = append(groups, r.group)
		}
	}
	rand.New(rand.NewPCG(s.Seed, 0x616e73776572)).Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	n := float64(len(groups))
	test, validation := int(math.Round(s.Test*n)), int(math.Round(s.Validation*n))
	part, absent := map[int]int{}, map[int]bool{}
	for i, g := range groups {
		switch {
		case i < test:
			part[g], absent[g] = 2, i < int(math.Round(s.Absent*float64(test)))
		case i < test+validation:
			part[g], absent[g] = 1, i-test < int(math.Round(s.Absent*float64(validation)))
		}
	}
	place, count := make([]int, len(texts)), 0
	for i := range place {
		place[i] = -1
	}
	for _, last := range []bool{false, true} {
		for i := range rows {
			r := &rows[i]
			if absent[r.group] == last && place[r.answer] < 0 {
				place[r.answer] = count
				count++
				s.texts = append(s.texts, texts[r.answer])
			}
		}
		if !last {
			s.present = count
		}
	}
	for _, r := range rows {
		r.answer = place[r.answer]
		s.parts[part[r.group]] = append(s.parts[part[r.group]], r)
	}
	for k, p := range s.parts {
		there := 0
		for _, r := range p {
			if r.answer < s.present {
				there++
			}
		}
		if there < 2 || k > 0 && there == len(p) {
			return fmt.Errorf("text: answers: %d groups of %d questions leave %d with an answer and %d without %s", len(groups), len(rows), there, len(p)-there, []string{"to train", "to validate", "to test"}[k])
		}
	}
	return nil
}

// String says what is compared.
func (s *AnswerStudy) String() string {
	if err := s.Prepare(); err != nil {
		return err.Error()
	}
	absent := func(part int) (n int) {
		for _, r := range s.parts[part] {
			if r.answer >= s.present {
				n++
			}
		}
		return n
	}
	return fmt.Sprintf("%d questions to train, %d to validate (%d without an answer), %d to test (%d without an answer); %d answers to search; %d rows left out, empty or nearly the same as an earlier answer",
		len(s.parts[0]), len(s.parts[1]), absent(1), len(s.parts[2]), absent(2), s.present, s.dropped)
}

// pairs are the questions of a part that have an answer.
func (s *AnswerStudy) pairs(part int) (p Pairs) {
	for _, r := range s.parts[part] {
		if r.answer < s.present {
			p.Questions, p.Answers, p.Numbers = append(p.Questions, r.question), append(p.Answers, s.texts[r.answer]), append(p.Numbers, r.answer)
		}
	}
	return p
}

// Fit trains a dual encoder on the training pairs, and encodes the answers.
func (s *AnswerStudy) Fit(ctx context.Context, r Answers, seed uint64) (*train.History, error) {
	if err := s.Prepare(); err != nil {
		return nil, err
	}
	d, h, err := r.Train(ctx, s.pairs(0), s.pairs(1), seed)
	if err != nil {
		return h, err
	}
	s.dual, err = d.Index(ctx, s.texts[:s.present])
	delete(s.lists, ByVectors)
	delete(s.lists, ByBoth)
	return h, err
}

// Dual returns the dual encoder of Fit; nil before.
func (s *AnswerStudy) Dual() *nets.Dual {
	if s == nil {
		return nil
	}
	return s.dual.Dual
}

// Examples returns up to n test questions, in turn with an answer among the texts that are searched in
// the study and without; nil before Prepare.
func (s *AnswerStudy) Examples(n int) (out []string) {
	if s == nil || !s.made {
		return nil
	}
	var of [2][]string
	for _, r := range s.parts[2] {
		k := 0
		if r.answer >= s.present {
			k = 1
		}
		of[k] = append(of[k], r.question)
	}
	for i := range max(len(of[0]), len(of[1])) {
		for k := range of {
			if i < len(of[k]) && len(out) < n {
				out = append(out, of[k][i])
			}
		}
	}
	return out
}

// questions returns the questions of a part.
func (s *AnswerStudy) questions(part int) (out []string) {
	for _, r := range s.parts[part] {
		out = append(out, r.question)
	}
	return out
}

// search returns what a candidate finds for the questions to validate and to test.
func (s *AnswerStudy) search(ctx context.Context, name string) (*[2][][]text.Hit, error) {
	if l := s.lists[name]; l != nil {
		return l, nil
	}
	l := &[2][][]text.Hit{}
	switch name {
	case ByWords:
		for k := range l {
			for _, q := range s.questions(k + 1) {
				hits, err := s.words.Search(q, found)
				if err != nil {
					return nil, err
				}
				l[k] = append(l[k], hits)
				if err := ctx.Err(); err != nil {
					return nil, err
				}
			}
		}
	case ByVectors:
		if s.dual.Dual == nil {
			return nil, errors.New("text: answers: there is no dual encoder: Fit makes one")
		}
		for k := range l {
			var err error
			if l[k], err = s.dual.SearchAll(ctx, s.questions(k+1), found); err != nil {
				return nil, err
			}
		}
	case ByBoth:
		if err := s.fuse(ctx, l); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("text: answers: there is no candidate %q; there are %s, %s and %s", name, ByWords, ByVectors, ByBoth)
	}
	s.lists[name] = l
	return l, nil
}

// fuse fuses words and vectors by the weight of the words that is best on the validation questions, or
// by reciprocal ranks if no weight is better.
func (s *AnswerStudy) fuse(ctx context.Context, l *[2][][]text.Hit) error {
	words, err := s.search(ctx, ByWords)
	if err != nil {
		return err
	}
	vectors, err := s.search(ctx, ByVectors)
	if err != nil {
		return err
	}
	fused := func(part int, weights []float64) ([][]text.Hit, error) {
		out := make([][]text.Hit, len(words[part]))
		for i := range out {
			var err error
			if out[i], err = nets.Fuse([][]text.Hit{words[part][i], vectors[part][i]}, weights, found, found); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	best := -1.0
	for _, w := range [][]float64{nil, {0.03, 1}, {0.1, 1}, {0.2, 1}, {0.3, 1}, {0.5, 1}, {0.7, 1}, {1, 1}, {1.5, 1}, {2, 1}, {3, 1}, {5, 1}} {
		lists, err := fused(0, w)
		if err != nil {
			return err
		}
		if score := mean(s.ranks(0, lists)); score > best {
			best, s.weights, l[0] = score, w, lists
		}
	}
	l[1], err = fused(1, s.weights)
	return err
}

// ranks returns the reciprocal ranks, to 10, of the questions of validation (0) or test (1) that have an answer.
func (s *AnswerStudy) ranks(part int, lists [][]text.Hit) (out []float64) {
	for i, r := range s.parts[part+1] {
		if r.answer < s.present {
			out = append(out, reciprocalRank(lists[i], r.answer))
		}
	}
	return out
}

// reciprocalRank is 1 over the place of an answer among the first ten, 0 if it is not there.
func reciprocalRank(hits []text.Hit, answer int) float64 {
	for place, h := range hits[:min(len(hits), 10)] {
		if h.Text == answer {
			return 1 / float64(place+1)
		}
	}
	return 0
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
