package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/plots"
	textrecipes "github.com/seed732fc211/aegis/recipes/text"
	"github.com/seed732fc211/aegis/text"
	"github.com/seed732fc211/aegis/text/generate"
	"github.com/seed732fc211/aegis/text/translate"
	"github.com/seed732fc211/aegis/train"
	"github.com/spf13/cobra"
)

type textTranslateFlags struct {
	file, from, to, group, net string
	size, longest, dim         int
	epochs, batch, patience    int
	rate                       float64
	limit                      time.Duration
	share                      float64
	beam                       int
	penalty                    float64
	tune                       int
	noPhrases                  bool
	examples                   int
	model, report, saved       string
	texts                      []string
	seed                       uint64
	keep, quiet                bool
}

func textTranslateCommand() *cobra.Command {
	var o textTranslateFlags
	c := &cobra.Command{
		Use:   "translate",
		Short: "Train a translation model and hold it against older ways to translate",
		Long: `Translate trains a network on pairs of texts, and compares it on pairs that it has not
seen with word-by-word translation (IBM Model 1) and a phrase table with a trigram
language model, by BLEU and chrF, with intervals. Pairs of one --group, such as those of
one document, are never both trained and tested on, and are drawn together in intervals.
Pairs that are not translated, or whose source text is nearly that of an earlier one,
are left out first; of a text that is too long, the pair, for all models alike.

With --from-model, --translate translates a text with a model that was saved.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	f.StringVar(&o.file, "data", "", "`FILE` of pairs: CSV, JSON Lines or Parquet with a column for each language")
	f.StringVar(&o.from, "source", "", "`COLUMN` of the texts to translate")
	f.StringVar(&o.to, "target", "", "`COLUMN` of their translations")
	f.StringVar(&o.group, "group", "", "`COLUMN` whose equal cells belong together (default: every pair on its own)")
	f.StringVar(&o.net, "net", textrecipes.TranslationNames()[0], "`NETWORK`: "+strings.Join(textrecipes.TranslationNames(), ", "))
	f.IntVar(&o.size, "vocabulary", 8000, "`NUMBER` of tokens (byte pairs of both languages) at most")
	f.IntVar(&o.longest, "longest", 95, "`NUMBER` of tokens of a text at most")
	f.IntVar(&o.dim, "dim", 0, "`NUMBER` of dimensions of the network, a multiple of 8 (default: 128 for fewer than 10,000 pairs, else 256)")
	f.IntVar(&o.epochs, "epochs", 30, "`NUMBER` of epochs at most")
	f.IntVar(&o.patience, "patience", 4, "`EPOCHS` without a better validation loss before training stops")
	f.IntVar(&o.batch, "batch", 32, "`PAIRS` in a batch")
	f.Float64Var(&o.rate, "learning-rate", 0, "learning `RATE` at its highest (default: 0.001)")
	f.DurationVar(&o.limit, "time-limit", 50*time.Minute, "`TIME` that training may take; 0: no bound")
	f.Float64Var(&o.share, "held-out", 0.04, "`SHARE` of the pairs for the test, and as much for the validation")
	f.IntVar(&o.beam, "beam", 4, "`NUMBER` of hypotheses of a text that the network follows; 1: the most probable token, always")
	f.Float64Var(&o.penalty, "length-penalty", 0.6, "`POWER` of the length by which the scores of translations are divided")
	f.IntVar(&o.tune, "tune", 100, "`NUMBER` of validation pairs that the phrase table's weights are fitted to; 0: weights by default")
	f.BoolVar(&o.noPhrases, "no-phrase-table", false, "compare with word-by-word translation only")
	f.IntVar(&o.examples, "examples", 5, "`NUMBER` of test pairs that are shown")
	f.StringVar(&o.model, "model", "translation.safetensors", "`FILE` for the model; empty: none")
	f.StringVar(&o.report, "report", "translation.png", "`FILE` for the page: .png, .svg or .html; empty: none")
	f.StringVar(&o.saved, "from-model", "", "`FILE` of a model that was saved, which translates --translate")
	f.StringArrayVar(&o.texts, "translate", nil, "`TEXT` to translate; may be repeated")
	f.Uint64Var(&o.seed, "seed", 1, "`SEED` of everything random")
	f.BoolVar(&o.keep, "keep-duplicates", false, "keep pairs whose source text is nearly that of an earlier one")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	return c
}

func (o *textTranslateFlags) check() error {
	if o.beam < 1 || o.beam > 1000 || !(o.penalty >= 0 && o.penalty <= 10) {
		return usage("--beam %d --length-penalty %v: want 1 to 1000, and 0 to 10", o.beam, o.penalty)
	}
	if o.saved != "" {
		switch {
		case o.file != "":
			return usage("--from-model goes without --data: a model that was saved is not trained")
		case len(o.texts) == 0:
			return usage("--from-model: want --translate with a text")
		}
		return nil
	}
	switch {
	case o.file == "":
		return usage("--data: want a file of pairs, or --from-model with --translate")
	case o.from == "" || o.to == "" || o.from == o.to:
		return usage("--source %q --target %q: want the columns of two languages", o.from, o.to)
	case !slices.Contains(textrecipes.TranslationNames(), o.net):
		return usage("--net %s: want one of %s", o.net, strings.Join(textrecipes.TranslationNames(), ", "))
	case o.size < 257 || o.longest < 1 || o.longest > 1<<12 || o.epochs < 1 || o.patience < 1 || o.batch < 1 || o.tune < 0 || o.examples < 0 || o.limit < 0:
		return usage("--vocabulary %d --longest %d --epochs %d --patience %d --batch %d --tune %d --examples %d --time-limit %v: want a vocabulary of at least 257, as every byte is a token, up to %d tokens of a text, and positive numbers", o.size, o.longest, o.epochs, o.patience, o.batch, o.tune, o.examples, o.limit, 1<<12)
	case o.dim < 0 || o.dim > 4096 || o.dim%8 != 0:
		return usage("--dim %d: want a multiple of 8, up to 4096", o.dim)
	case !(o.share > 0 && o.share < 0.5) || !(o.rate >= 0):
		return usage("--held-out %v --learning-rate %v: want a share above 0 and below 0.5, and a rate of at least 0", o.share, o.rate)
	}
	if err := drawable(o.report); err != nil {
		return err
	}
	return writable(o.model)
}

func (o *textTranslateFlags) search() generate.Beam {
	return generate.Beam{Width: o.beam, Alpha: o.penalty}
}

func (o *textTranslateFlags) run(ctx context.Context, c *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.saved != "" {
		return o.translateSaved(ctx, c.OutOrStdout())
	}
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if o.quiet {
		status = io.Discard
	}
	study, err := o.study(ctx, c, status)
	if err != nil {
		return err
	}
	older, err := o.older(ctx, study, status)
	if err != nil {
		return err
	}
	m, h, points, err := o.fit(ctx, c, study, status)
	if err != nil {
		return err
	}
	score, err := study.ScoreNet(ctx, o.net, m)
	if err != nil {
		return err
	}
	scores := append([]*textrecipes.TranslationScore{score}, older...)
	verdicts, err := verdictsOf(study, scores)
	if err != nil {
		return err
	}
	for _, s := range scores {
		fmt.Fprintln(out, s)
	}
	for _, line := range verdicts {
		fmt.Fprintln(out, line)
	}
	examples := o.shown(study, scores)
	for _, line := range examples {
		fmt.Fprintf(out, "\n%s\n", line)
	}
	if err := o.save(out, study, m); err != nil {
		return err
	}
	if err := o.translate(ctx, out, m, study.Tokenizer); err != nil || o.report == "" {
		return err
	}
	page, err := o.page(ctx, study, m, h, points, scores)
	if err != nil {
		return err
	}
	page.Notes = verdicts
	for _, e := range examples {
		page.Examples = append(page.Examples, strings.Split(e, "\n")...)
	}
	figure, err := plots.Translation(page)
	if err != nil {
		return err
	}
	return save(c, figure, o.report)
}

// study reads the pairs, divides them and trains the tokenizer.
func (o *textTranslateFlags) study(ctx context.Context, c *cobra.Command, status io.Writer) (*textrecipes.TranslationStudy, error) {
	pairs, err := o.pairs(c, status)
	if err != nil {
		return nil, err
	}
	s := &textrecipes.TranslationStudy{Longest: o.longest, Beam: o.search(), Seed: o.seed}
	if o.penalty == 0 {
		s.Beam.Alpha = -1
	}
	if s.Train, s.Validation, s.Test, err = textrecipes.SplitPairs(pairs, o.share, o.seed); err != nil {
		return nil, fmt.Errorf("%s: %w", o.file, err)
	}
	var texts []string
	for _, p := range s.Train {
		texts = append(texts, p.Source, p.Target)
	}
	if s.Tokenizer, err = textrecipes.LanguageTokenizer(ctx, corpus.BPE, o.size, texts); err != nil {
		return nil, err
	}
	out, err := s.LeftOut()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(status, "  %d pairs have a text of more than %d tokens\n", out, o.longest)
	fmt.Fprintf(status, "pairs: %d to train, %d to validate, %d to test; a vocabulary of %d byte pairs\n", len(s.Train), len(s.Validation), len(s.Test), s.Tokenizer.Size())
	return s, nil
}

// pairs reads the pairs and leaves out those that are of no use.
func (o *textTranslateFlags) pairs(c *cobra.Command, status io.Writer) ([]textrecipes.TextPair, error) {
	columns := []string{o.from, o.to}
	if o.group != "" && !slices.Contains(columns, o.group) {
		columns = append(columns, o.group)
	}
	src := source{file: o.file, without: true}
	for _, name := range columns {
		src.types = append(src.types, name+"="+string(data.Text))
	}
	set, report, err := src.read(c)
	if err != nil {
		return nil, err
	}
	said(status, set.Name, report)
	if !o.keep {
		kept, removed, err := corpus.Distinct(set, o.from, text.Duplicates{})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(status, "  %s\n", removed)
		set = kept
	}
	cells := map[string][]string{}
	for _, t := range set.Texts {
		cells[t.Name] = t.Cells
	}
	groups, untranslated := map[string]int{}, 0
	var out []textrecipes.TextPair
	for i := range set.Len() {
		p := textrecipes.TextPair{Source: cells[o.from][i], Target: cells[o.to][i], Group: i}
		if strings.TrimSpace(p.Source) == "" || strings.TrimSpace(p.Target) == "" || p.Source == p.Target {
			untranslated++
			continue
		}
		if o.group != "" {
			name := cells[o.group][i]
			if _, ok := groups[name]; !ok {
				groups[name] = len(groups)
			}
			p.Group = groups[name]
		}
		out = append(out, p)
	}
	fmt.Fprintf(status, "  %d pairs are left out, as they are not translated\n", untranslated)
	return out, nil
}

// older scores the ways to translate that the network has to beat.
func (o *textTranslateFlags) older(ctx context.Context, s *textrecipes.TranslationStudy, status io.Writer) ([]*textrecipes.TranslationScore, error) {
	begin := time.Now()
	words, err := s.WordByWord(ctx)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(status, "%v: fitted and translated in %v\n", words, time.Since(begin).Round(time.Second))
	if o.noPhrases {
		return []*textrecipes.TranslationScore{words}, nil
	}
	begin = time.Now()
	phrases, err := s.PhraseTable(ctx, translate.PhraseBased{Longest: 5}, translate.Decoder{Distortion: 4, Stack: 50}, o.tune)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(status, "%v: fitted and translated in %v\n", phrases, time.Since(begin).Round(time.Second))
	return []*textrecipes.TranslationScore{words, phrases}, nil
}

// fit trains the network.
func (o *textTranslateFlags) fit(ctx context.Context, c *cobra.Command, s *textrecipes.TranslationStudy, status io.Writer) (*nets.Translation, *train.History, []textrecipes.TranslationPoint, error) {
	net, err := textrecipes.TranslationByName(o.net, len(s.Train), o.dim)
	if err != nil {
		return nil, nil, nil, err
	}
	bar := newProgress(c.ErrOrStderr(), o.quiet, o.epochs, "epochs")
	m, h, points, err := s.Fit(ctx, textrecipes.Translation{
		Net: net, LearningRate: o.rate, Epochs: o.epochs, Batch: o.batch, Patience: o.patience, TimeLimit: o.limit,
		Callbacks: []train.Callback{train.OnEpoch(func(e *train.Event) error {
			bar.done(e.Epoch, e.History().String())
			return nil
		})},
	}, o.seed)
	bar.end()
	for _, p := range points {
		fmt.Fprintf(status, "  after %v, epoch %d: validation loss %.3f, BLEU %.1f of some validation pairs\n", p.Time.Round(time.Second), p.Epoch, p.Loss, p.BLEU)
	}
	return m, h, points, err
}

// verdictsOf compares the first way to translate with the others.
func verdictsOf(s *textrecipes.TranslationStudy, scores []*textrecipes.TranslationScore) ([]string, error) {
	var out []string
	for _, other := range scores[1:] {
		for _, metric := range []string{"BLEU", "chrF"} {
			d, err := s.Compare(scores[0], other, metric)
			if err != nil {
				return nil, err
			}
			out = append(out, d.String())
		}
	}
	for _, score := range scores {
		out = append(out, score.Notes...)
	}
	return out, nil
}

// shown returns some test pairs with all translations.
func (o *textTranslateFlags) shown(s *textrecipes.TranslationStudy, scores []*textrecipes.TranslationScore) []string {
	var out []string
	most := min(o.examples, len(s.Test))
	for k := range most {
		i := k * len(s.Test) / most
		line := fmt.Sprintf("%s: %s\n%s: %s", o.from, s.Test[i].Source, o.to, s.Test[i].Target)
		for _, score := range scores {
			line += fmt.Sprintf("\n%s: %s", score.Name, score.Texts[i])
		}
		out = append(out, line)
	}
	return out
}

// save writes the model with its tokenizer.
func (o *textTranslateFlags) save(out io.Writer, s *textrecipes.TranslationStudy, m *nets.Translation) error {
	if o.model == "" {
		return nil
	}
	var tokenizer strings.Builder
	if err := s.Tokenizer.WriteJSON(&tokenizer); err != nil {
		return err
	}
	if err := m.Save(o.model, map[string]string{nets.TokenizerName: tokenizer.String()}); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nmodel: %s\n", o.model)
	return nil
}

// translateSaved translates with a model that was saved.
func (o *textTranslateFlags) translateSaved(ctx context.Context, out io.Writer) error {
	m, texts, err := nets.LoadTranslation(o.saved)
	if err != nil {
		return err
	}
	tokenizer, err := text.Read(strings.NewReader(texts[nets.TokenizerName]))
	if err != nil {
		return fmt.Errorf("%s: %w", o.saved, err)
	}
	return o.translate(ctx, out, m, tokenizer)
}

// translate prints the translations of --translate.
func (o *textTranslateFlags) translate(ctx context.Context, out io.Writer, m *nets.Translation, t *text.Tokenizer) error {
	if len(o.texts) == 0 {
		return nil
	}
	texts, err := textrecipes.TranslateText(ctx, m, t, o.texts, o.search())
	if err != nil {
		return fmt.Errorf("--translate: %w", err)
	}
	for _, s := range texts {
		fmt.Fprintln(out, s)
	}
	return nil
}

// page collects what the page shows.
func (o *textTranslateFlags) page(ctx context.Context, s *textrecipes.TranslationStudy, m *nets.Translation, h *train.History, points []textrecipes.TranslationPoint, scores []*textrecipes.TranslationScore) (plots.TranslationReport, error) {
	parameters, _ := m.Model.Params().Count()
	r := plots.TranslationReport{
		Title: fmt.Sprintf("Translation from %s to %s: %s", o.from, o.to, filepath.Base(o.file)), Curves: h.Curves, BestEpoch: h.BestEpoch,
		Facts: append([]plots.Fact{
			{Name: "network", Value: o.net}, {Name: "parameters", Value: fmt.Sprint(parameters)},
			{Name: "tokens", Value: fmt.Sprintf("%d byte pairs of both languages; texts of up to %d", s.Tokenizer.Size(), o.longest)},
			{Name: "pairs", Value: fmt.Sprintf("%d to train, %d to validate, %d to test", len(s.Train), len(s.Validation), len(s.Test))},
			{Name: "search", Value: fmt.Sprintf("a beam of %d, length penalty %g", o.beam, o.penalty)},
			{Name: "seed", Value: fmt.Sprint(o.seed)}, {Name: "time", Value: h.Duration.Round(time.Millisecond).String()},
		}, versionFacts()...),
	}
	for _, p := range points {
		r.Times, r.BLEU = append(r.Times, p.Time), append(r.BLEU, p.BLEU)
	}
	for _, score := range scores {
		r.Lines = append(r.Lines, plots.TranslationLine{Name: score.Name, BLEU: score.BLEU, ChrF: score.ChrF, Time: score.Time})
	}
	var err error
	r.Attention, err = attentionOf(ctx, s, m, scores[0])
	return r, err
}

// The numbers of tokens of a source text whose attention is drawn.
const (
	leastMapped = 8
	mostMapped  = 24
)

// attentionOf returns the attention of the first test pair of a size that can be drawn; nil if there
// is none.
func attentionOf(ctx context.Context, s *textrecipes.TranslationStudy, m *nets.Translation, score *textrecipes.TranslationScore) (*plots.Attention, error) {
	for i, p := range s.Test {
		source, err := s.Tokenizer.AppendIDs(nil, p.Source)
		if err != nil {
			return nil, err
		}
		target, err := s.Tokenizer.AppendIDs(nil, score.Texts[i])
		if err != nil {
			return nil, err
		}
		if n := len(source); n < leastMapped || n > mostMapped || len(target) == 0 || len(target) > 2*mostMapped {
			continue
		}
		a := &plots.Attention{Title: "What the network looks at (a test pair)"}
		if a.Weights, err = m.Attention(ctx, source, target); err != nil {
			return nil, err
		}
		for _, side := range []struct {
			ids []int
			to  *[]string
		}{{source, &a.Source}, {target, &a.Target}} {
			for _, id := range side.ids {
				token, err := s.Tokenizer.Decode([]int{id})
				if err != nil {
					return nil, err
				}
				*side.to = append(*side.to, strings.ToValidUTF8(strings.TrimSpace(token), "�"))
			}
			*side.to = append(*side.to, "(end)")
		}
		return a, nil
	}
	return nil, nil
}
