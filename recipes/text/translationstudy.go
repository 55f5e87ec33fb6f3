package text

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/metrics"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/text"
	"github.com/seed732fc211/aegis/text/generate"
	"github.com/seed732fc211/aegis/text/translate"
	"github.com/seed732fc211/aegis/train"
)

// TextPair is a text and its translation. Pairs of one group, such as those of one document, are
// alike: they stay together when pairs are divided, and are drawn together in intervals.
type TextPair struct {
	Source, Target string
	Group          int
}

// SplitPairs divides pairs into those to train, to validate and to test. The last two are groups in
// random order until they have the given share of the pairs, each. It is an error if the share is not
// above 0 and below 0.5, or if a part would be empty.
func SplitPairs(pairs []TextPair, share float64, seed uint64) (train, validation, test []TextPair, err error) {
	if !(share > 0 && share < 0.5) {
		return nil, nil, nil, fmt.Errorf("text: a share of %v of the pairs to validate, and to test: want one above 0 and below 0.5", share)
	}
	of := map[int][]TextPair{}
	var groups []int
	for _, p := range pairs {
		if of[p.Group] == nil {
			groups = append(groups, p.Group)
		}
		of[p.Group] = append(of[p.Group], p)
	}
	rand.New(rand.NewPCG(seed, 0x7061697273)).Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	most := share * float64(len(pairs))
	for _, g := range groups {
		switch {
		case float64(len(test)) < most:
			test = append(test, of[g]...)
		case float64(len(validation)) < most:
			validation = append(validation, of[g]...)
		default:
			train = append(train, of[g]...)
		}
	}
	if len(train) == 0 || len(validation) == 0 || len(test) == 0 {
		return nil, nil, nil, fmt.Errorf("text: %d pairs in %d groups cannot be divided into pairs to train, to validate and to test", len(pairs), len(groups))
	}
	return train, validation, test, nil
}

// TranslationStudy compares ways to translate on pairs that none of them has seen. A tokenizer is
// that of LanguageTokenizer with BPE, trained on both sides of the training pairs. Pairs of which a
// text is longer than Longest, or empty, are left out of all parts, for all models alike.
type TranslationStudy struct {
	Tokenizer               *text.Tokenizer
	Train, Validation, Test []TextPair
	Longest                 int           // tokens of a text; 0: 95, which with the end are padded to 96
	Beam                    generate.Beam // of networks; Width 0: 4, Alpha 0: 0.6, below 0: 0
	Seed                    uint64        // of intervals

	prepared bool
	out      int         // pairs that were left out
	ids      [3]idsPairs // by part
	end      int
}

type idsPairs struct{ source, target [][]int }

// prepare makes tokens of all texts.
func (s *TranslationStudy) prepare() error {
	switch {
	case s == nil || s.Tokenizer.Size() == 0:
		return errors.New("text: translation study: there is no tokenizer")
	case s.Longest < 0 || s.Longest > 1<<14:
		return fmt.Errorf("text: translation study: texts of up to %d tokens: want up to %d", s.Longest, 1<<14)
	case s.prepared:
		return nil
	}
	s.Longest, s.Beam.Width, s.Beam.Alpha = or(s.Longest, 95), or(s.Beam.Width, 4), max(0, or(s.Beam.Alpha, 0.6))
	var ok bool
	if s.end, ok = s.Tokenizer.ID(EndOfText); !ok {
		return fmt.Errorf("text: translation study: the tokenizer has no token %s", EndOfText)
	}
	for k, part := range []*[]TextPair{&s.Train, &s.Validation, &s.Test} {
		name := []string{"training", "validation", "test"}[k]
		s.ids[k] = idsPairs{}
		var kept []TextPair
		for i, p := range *part {
			source, err := s.Tokenizer.AppendIDs(nil, p.Source)
			if err != nil {
				return fmt.Errorf("text: translation study: %s pair %d, source: %w", name, i, err)
			}
			target, err := s.Tokenizer.AppendIDs(nil, p.Target)
			if err != nil {
				return fmt.Errorf("text: translation study: %s pair %d, target: %w", name, i, err)
			}
			if min(len(source), len(target)) == 0 || max(len(source), len(target)) > s.Longest || len(Words(p.Source)) == 0 || len(Words(p.Target)) == 0 {
				s.out++
				continue
			}
			kept = append(kept, p)
			s.ids[k].source, s.ids[k].target = append(s.ids[k].source, source), append(s.ids[k].target, target)
		}
		if *part = kept; len(kept) == 0 {
			return fmt.Errorf("text: translation study: there are no %s pairs of up to %d tokens", name, s.Longest)
		}
	}
	s.prepared = true
	return nil
}

// LeftOut returns how many pairs were left out because a text is empty or longer than Longest.
func (s *TranslationStudy) LeftOut() (int, error) {
	if err := s.prepare(); err != nil {
		return 0, err
	}
	return s.out, nil
}

// TranslationPoint is what a model is worth at a time of its training.
type TranslationPoint struct {
	Epoch int
	Time  time.Duration // since the fit began, without the time that translating took
	Loss  float64       // of the validation pairs, per token, with smoothed labels
	BLEU  float64       // of greedy translations of the first validation pairs
}

// mostPoints is how many validation pairs are translated after an epoch.
const mostPoints = 200

// Fit trains a network on the training pairs, stopped by the validation pairs. The points are its
// curve over time.
func (s *TranslationStudy) Fit(ctx context.Context, r Translation, seed uint64) (*nets.Translation, *train.History, []TranslationPoint, error) {
	if err := s.prepare(); err != nil {
		return nil, nil, nil, err
	}
	r, err := r.withDefaults()
	if err != nil {
		return nil, nil, nil, err
	}
	var sets [2]*data.Set
	for k, name := range []string{"training pairs", "validation pairs"} {
		if sets[k], err = corpus.Pairs(name, s.ids[k].source, s.ids[k].target, s.Tokenizer.Size(), s.end); err != nil {
			return nil, nil, nil, err
		}
	}
	var points []TranslationPoint
	r.Callbacks = append(slices.Clone(r.Callbacks), s.curve(ctx, r, &points))
	m, h, err := r.Train(ctx, sets[0], sets[1], s.end, s.Longest, seed)
	return m, h, points, err
}

// curve translates some validation pairs after each epoch.
func (s *TranslationStudy) curve(ctx context.Context, r Translation, points *[]TranslationPoint) train.Callback {
	return train.CallbackFunc(func(*train.Fitting) (train.Hook, error) {
		begin := time.Now()
		return func(e *train.Event) error {
			if e.Kind != train.EpochEnd {
				return nil
			}
			p := TranslationPoint{Epoch: e.Epoch, Time: time.Since(begin), Loss: e.History().Last("val_loss")}
			m := &nets.Translation{Net: r.Net, Model: e.Model, Vocab: s.Tokenizer.Size(), End: s.end, Longest: s.Longest}
			n := min(mostPoints, len(s.Validation))
			texts, err := s.translateIDs(ctx, m, s.ids[1].source[:n], generate.Beam{Width: 1})
			if err != nil {
				return err
			}
			if p.BLEU, err = metrics.BLEU(texts, references(s.Validation[:n])); err != nil {
				return err
			}
			*points = append(*points, p)
			begin = begin.Add(time.Since(begin) - p.Time)
			return nil
		}, nil
	})
}

// references returns the target texts of pairs.
func references(pairs []TextPair) [][]string {
	out := make([][]string, len(pairs))
	for i, p := range pairs {
		out[i] = []string{p.Target}
	}
	return out
}

// translateIDs translates texts, from tokens to texts.
func (s *TranslationStudy) translateIDs(ctx context.Context, m *nets.Translation, sources [][]int, beam generate.Beam) ([]string, error) {
	best, err := m.Translate(ctx, sources, beam)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(best))
	for i, o := range best {
		if out[i], err = s.Tokenizer.Decode(o.IDs); err != nil {
			return nil, fmt.Errorf("text: translation study: text %d: %w", i, err)
		}
	}
	return out, nil
}

// TranslationScore is what a way to translate is worth on the test pairs.
type TranslationScore struct {
	Name       string
	Texts      []string      // translations of the test pairs
	BLEU, ChrF stats.Test    // of the corpus, 0 to 100, with intervals of 95% by a bootstrap over groups
	Time       time.Duration // that translating took
	Notes      []string

	sums map[string]metrics.Sums
}

// String is a line of a table.
func (s *TranslationScore) String() string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%-14s BLEU %5.1f (%.1f to %.1f)  chrF %5.1f (%.1f to %.1f)", s.Name, s.BLEU.Estimate, s.BLEU.Low, s.BLEU.High, s.ChrF.Estimate, s.ChrF.Low, s.ChrF.High)
}

// groups returns the group of each test pair.
func (s *TranslationStudy) groups() []int {
	out := make([]int, len(s.Test))
	for i, p := range s.Test {
		out[i] = p.Group
	}
	return out
}

// Score scores translations of the test pairs, one for each.
func (s *TranslationStudy) Score(name string, texts []string) (*TranslationScore, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if len(texts) != len(s.Test) {
		return nil, fmt.Errorf("text: translation study: %d translations of %d test pairs", len(texts), len(s.Test))
	}
	out := &TranslationScore{Name: name, Texts: texts, sums: map[string]metrics.Sums{}}
	for _, m := range []struct {
		name string
		sums func([]string, [][]string) (metrics.Sums, error)
		test *stats.Test
	}{{"BLEU", metrics.BLEUSums, &out.BLEU}, {"chrF", metrics.ChrFSums, &out.ChrF}} {
		sums, err := m.sums(texts, references(s.Test))
		if err != nil {
			return nil, fmt.Errorf("text: translation study: %w", err)
		}
		out.sums[m.name] = sums
		// With few groups all resamples may lie on one side of the score: BCa has no interval then.
		o := stats.SumsOptions{Clusters: s.groups(), Seed: s.Seed}
		if *m.test, err = stats.BootstrapSums(sums.Rows, sums.Score, o); err != nil {
			o.Kind = stats.Percentile
			if *m.test, err = stats.BootstrapSums(sums.Rows, sums.Score, o); err != nil {
				return nil, fmt.Errorf("text: translation study: %s of %s: %w", m.name, name, err)
			}
			out.Notes = append(out.Notes, m.name+" of "+name+": the interval is that of percentiles")
		}
	}
	return out, nil
}

// ScoreNet translates the test pairs with a network and scores it.
func (s *TranslationStudy) ScoreNet(ctx context.Context, name string, m *nets.Translation) (*TranslationScore, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if m == nil || m.Vocab != s.Tokenizer.Size() {
		return nil, errors.New("text: translation study: the model is of another vocabulary")
	}
	begin := time.Now()
	texts, err := s.translateIDs(ctx, m, s.ids[2].source, s.Beam)
	if err != nil {
		return nil, err
	}
	return s.timed(name, texts, begin)
}

func (s *TranslationStudy) timed(name string, texts []string, begin time.Time) (*TranslationScore, error) {
	spent := time.Since(begin)
	out, err := s.Score(name, texts)
	if err != nil {
		return nil, err
	}
	out.Time = spent
	return out, nil
}

// pairs returns the words of a part.
func (s *TranslationStudy) pairs(list []TextPair) []translate.Pair {
	out := make([]translate.Pair, len(list))
	for i, p := range list {
		out[i] = translate.Pair{Source: Words(p.Source), Target: Words(p.Target)}
	}
	return out
}

// WordByWord fits IBM Model 1 to the training pairs and replaces every word of the test pairs by its
// most probable translation.
func (s *TranslationStudy) WordByWord(ctx context.Context) (*TranslationScore, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	l, err := translate.IBM1{}.Fit(ctx, s.pairs(s.Train))
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	texts := make([]string, len(s.Test))
	for i, p := range s.Test {
		texts[i] = JoinWords(l.Translate(Words(p.Source)))
	}
	return s.timed("word by word", texts, begin)
}

// PhraseTable fits a phrase-based model with a trigram language model to the training pairs, fits its
// weights to the first tune validation pairs by their BLEU, and translates the test pairs. tune 0: the
// weights are translate.DefaultWeights.
func (s *TranslationStudy) PhraseTable(ctx context.Context, o translate.PhraseBased, d translate.Decoder, tune int) (*TranslationScore, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if tune < 0 {
		return nil, fmt.Errorf("text: translation study: weights fitted to %d pairs: want 0 or more", tune)
	}
	var err error
	if d.Model, err = o.Fit(ctx, s.pairs(s.Train), nil); err != nil {
		return nil, err
	}
	note := "weights by default"
	if tune = min(tune, len(s.Validation)); tune > 0 {
		small := d
		small.Stack = min(or(d.Stack, 100), 20)
		if d.Weights, _, err = small.Tune(ctx, s.pairs(s.Validation[:tune]), metrics.BLEU); err != nil {
			return nil, err
		}
		note = fmt.Sprintf("weights fitted to %d validation pairs", tune)
	}
	begin := time.Now()
	texts, err := decoded(ctx, d, s.pairs(s.Test))
	if err != nil {
		return nil, err
	}
	out, err := s.timed("phrase table", texts, begin)
	if err == nil {
		out.Notes = append(out.Notes, "phrase table: "+note)
	}
	return out, err
}

// decoded translates pairs, as many at once as there are processors.
func decoded(ctx context.Context, d translate.Decoder, pairs []translate.Pair) ([]string, error) {
	texts, errs := make([]string, len(pairs)), make([]error, len(pairs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				var words []string
				if words, errs[i] = d.Translate(pairs[i].Source); errs[i] == nil {
					texts[i] = JoinWords(words)
				}
			}
		})
	}
	for i := range pairs {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	return texts, errors.Join(append(errs, ctx.Err())...)
}

// TranslationDifference is how two ways to translate differ on the same test pairs.
type TranslationDifference struct {
	First, Second, Metric string
	Test                  stats.Test // of the score of the first less that of the second
}

// Better reports whether the first is better by more than chance explains: its interval is above 0.
func (d TranslationDifference) Better() bool { return d.Test.Low > 0 }

// String is a verdict.
func (d TranslationDifference) String() string {
	first, second, t := d.First, d.Second, d.Test
	if t.Estimate < 0 {
		first, second, t.Estimate, t.Low, t.High = second, first, -t.Estimate, -t.High, -t.Low
	}
	if !(t.Low > 0) || math.IsNaN(t.High) {
		return fmt.Sprintf("%s and %s: no evidence that they differ (%s %.1f higher for %s, 95%% interval %.1f to %.1f, paired bootstrap over groups)", d.First, d.Second, d.Metric, t.Estimate, first, t.Low, t.High)
	}
	return fmt.Sprintf("%s is better than %s by %.1f %s (95%% interval %.1f to %.1f, paired bootstrap over groups)", first, second, t.Estimate, d.Metric, t.Low, t.High)
}

// Compare compares two ways to translate by "BLEU" or "chrF".
func (s *TranslationStudy) Compare(first, second *TranslationScore, metric string) (TranslationDifference, error) {
	if err := s.prepare(); err != nil {
		return TranslationDifference{}, err
	}
	if first == nil || second == nil {
		return TranslationDifference{}, errors.New("text: translation study: a score is nil")
	}
	a, b := first.sums[metric], second.sums[metric]
	if a.Score == nil || b.Score == nil || len(a.Rows) != len(s.Test) || len(b.Rows) != len(s.Test) {
		return TranslationDifference{}, fmt.Errorf("text: translation study: there is no %q of both scores on these test pairs", metric)
	}
	o := stats.SumsOptions{Clusters: s.groups(), Seed: s.Seed}
	t, err := stats.PairedBootstrap(a.Rows, b.Rows, a.Score, o)
	if err != nil {
		o.Kind = stats.Percentile // as in Score; t.Method says so
		if t, err = stats.PairedBootstrap(a.Rows, b.Rows, a.Score, o); err != nil {
			return TranslationDifference{}, fmt.Errorf("text: translation study: %w", err)
		}
	}
	return TranslationDifference{first.Name, second.Name, metric, t}, nil
}

// TranslateText translates texts with a model and its tokenizer. A text without a token stays
// empty; one that is too long is an error.
func TranslateText(ctx context.Context, m *nets.Translation, t *text.Tokenizer, texts []string, beam generate.Beam) ([]string, error) {
	if m == nil || t.Size() == 0 || t.Size() != m.Vocab {
		return nil, errors.New("text: translate: there is no model, or the tokenizer is not that of the model")
	}
	out := make([]string, len(texts))
	var sources [][]int
	var rows []int
	for i, s := range texts {
		ids, err := t.AppendIDs(nil, s)
		if err != nil {
			return nil, fmt.Errorf("text: translate: text %d: %w", i, err)
		}
		if len(ids) > 0 {
			sources, rows = append(sources, ids), append(rows, i)
		}
	}
	best, err := m.Translate(ctx, sources, beam)
	if err != nil {
		return nil, err
	}
	for k, i := range rows {
		if out[i], err = t.Decode(best[k].IDs); err != nil {
			return nil, fmt.Errorf("text: translate: text %d: %w", i, err)
		}
	}
	return out, nil
}
