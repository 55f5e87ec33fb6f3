package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/plots"
	textrecipes "github.com/seed732fc211/aegis/recipes/text"
	"github.com/seed732fc211/aegis/text"
	"github.com/seed732fc211/aegis/text/generate"
	"github.com/seed732fc211/aegis/train"
	"github.com/spf13/cobra"
)

type textLMFlags struct {
	file, column, tokens, net string
	size, steps, epochs       int
	batch, patience           int
	rate                      float64
	limit                     time.Duration
	share                     float64
	samples, sampled          int
	temperature               float64
	prompt                    string
	model, report             string
	seed                      uint64
	keep, quiet               bool
}

func textLMCommand() *cobra.Command {
	var o textLMFlags
	c := &cobra.Command{
		Use:   "lm",
		Short: "Train a language model and hold it against n-grams",
		Long: `Lm trains a network to predict the next token of texts, and compares it with
interpolated modified Kneser-Ney n-grams on texts that neither has seen, in bits per
character. A plain file is one text, cut into paragraphs, of which the last ones are
held out; of a table of texts, rows are held out at random, and near-duplicates left
out first. One share of the texts is for the test, one as large chooses the epoch and
the order of the n-grams. In the end the network writes.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	f.StringVar(&o.file, "data", "", "`FILE`: a text (.txt, .md), or rows with a column of texts: CSV, JSON Lines or Parquet")
	f.StringVar(&o.column, "text", "text", "`COLUMN` of the texts")
	f.StringVar(&o.tokens, "tokens", string(corpus.Characters), "`KIND` of tokens: characters or bpe")
	f.IntVar(&o.size, "vocabulary", 0, "`NUMBER` of tokens at most (default: all characters, or 4,000 of bpe)")
	f.StringVar(&o.net, "net", textrecipes.LanguageNames()[0], "`NETWORK`: "+strings.Join(textrecipes.LanguageNames(), ", "))
	f.IntVar(&o.steps, "context", 64, "`NUMBER` of tokens in a window")
	f.IntVar(&o.epochs, "epochs", 20, "`NUMBER` of epochs at most")
	f.IntVar(&o.patience, "patience", 3, "`EPOCHS` without a better validation loss before training stops")
	f.IntVar(&o.batch, "batch", 32, "`WINDOWS` in a batch")
	f.Float64Var(&o.rate, "learning-rate", 0, "learning `RATE` at its highest (default: 0.002)")
	f.DurationVar(&o.limit, "time-limit", 0, "`TIME` after which training ends with the epoch; 0: no bound")
	f.Float64Var(&o.share, "held-out", 0.1, "`SHARE` of the texts for the test, and as much for the validation")
	f.IntVar(&o.samples, "samples", 3, "`NUMBER` of texts that are written in the end")
	f.IntVar(&o.sampled, "sample-length", 200, "`TOKENS` of a sample at most")
	f.Float64Var(&o.temperature, "temperature", 0.8, "`TEMPERATURE` of the samples; 0: the most probable token, always")
	f.StringVar(&o.prompt, "prompt", "", "`TEXT` that the samples continue")
	f.StringVar(&o.model, "model", "language.safetensors", "`FILE` for the model; empty: none")
	f.StringVar(&o.report, "report", "language.png", "`FILE` for the page: .png, .svg or .html; empty: none")
	f.Uint64Var(&o.seed, "seed", 1, "`SEED` of everything random")
	f.BoolVar(&o.keep, "keep-duplicates", false, "keep texts that are nearly the same as an earlier one")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	return c
}

func (o *textLMFlags) check() error {
	switch {
	case o.file == "":
		return usage("--data: want a file of texts")
	case o.tokens != string(corpus.Characters) && o.tokens != string(corpus.BPE):
		return usage("--tokens %s: want characters or bpe", o.tokens)
	case !slices.Contains(textrecipes.LanguageNames(), o.net):
		return usage("--net %s: want one of %s", o.net, strings.Join(textrecipes.LanguageNames(), ", "))
	case o.size < 0 || o.steps < 1 || o.steps > 1<<14 || o.epochs < 1 || o.patience < 1 || o.batch < 1 || o.samples < 0 || o.sampled < 1 || o.limit < 0:
		return usage("--vocabulary %d --context %d --epochs %d --patience %d --batch %d --samples %d --sample-length %d --time-limit %v: want positive numbers, and a context of up to %d", o.size, o.steps, o.epochs, o.patience, o.batch, o.samples, o.sampled, o.limit, 1<<14)
	case !(o.share > 0 && o.share < 0.5):
		return usage("--held-out %v: want a share above 0 and below 0.5", o.share)
	case !(o.temperature >= 0 && o.temperature < 100) || !(o.rate >= 0):
		return usage("--temperature %v --learning-rate %v: want numbers of at least 0", o.temperature, o.rate)
	}
	if err := drawable(o.report); err != nil {
		return err
	}
	return writable(o.model)
}

func (o *textLMFlags) run(ctx context.Context, c *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if o.quiet {
		status = io.Discard
	}
	study, err := o.study(ctx, c, status)
	if err != nil {
		return err
	}
	fmt.Fprintf(status, "texts: %d to train, %d to validate, %d to test; a vocabulary of %d %s\n", len(study.Train), len(study.Validation), len(study.Test), study.Tokenizer.Size(), o.tokens)
	if unknown, err := study.Unknown(); err != nil {
		return err
	} else if unknown > 0 {
		fmt.Fprintf(status, "note: %d tokens of the test texts are unknown; all models are given them as one\n", unknown)
	}
	grams, _, err := study.KneserNey(ctx, 8)
	if err != nil {
		return err
	}
	l, h, err := o.fit(ctx, c, study)
	if err != nil {
		return err
	}
	score, err := study.Score(ctx, o.net, l)
	if err != nil {
		return err
	}
	lines, err := comparedLines(study, score, grams)
	if err != nil {
		return err
	}
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	samples, err := o.write(ctx, l, study.Tokenizer)
	if err != nil {
		return err
	}
	for i, s := range samples {
		fmt.Fprintf(out, "\nsample %d: %s\n", i+1, s)
	}
	if o.model != "" {
		var tokenizer strings.Builder
		if err := study.Tokenizer.WriteJSON(&tokenizer); err != nil {
			return err
		}
		if err := l.Save(o.model, map[string]string{nets.TokenizerName: tokenizer.String()}); err != nil {
			return err
		}
		fmt.Fprintf(out, "\nmodel: %s\n", o.model)
	}
	if o.report == "" {
		return nil
	}
	parameters, _ := l.Model.Params().Count()
	page, err := plots.Training(plots.TrainingReport{
		Title: "A language model of " + filepath.Base(o.file), Curves: h.Curves, BestEpoch: h.BestEpoch, Notes: append(lines, quoted(samples)...),
		Facts: append([]plots.Fact{
			{Name: "network", Value: o.net}, {Name: "parameters", Value: fmt.Sprint(parameters)},
			{Name: "tokens", Value: fmt.Sprintf("%d %s; windows of %d", study.Tokenizer.Size(), o.tokens, o.steps)},
			{Name: "texts", Value: fmt.Sprintf("%d to train, %d to validate, %d to test", len(study.Train), len(study.Validation), len(study.Test))},
			{Name: "seed", Value: fmt.Sprint(o.seed)}, {Name: "time", Value: h.Duration.Round(time.Millisecond).String()},
		}, versionFacts()...),
	})
	if err != nil {
		return err
	}
	return save(c, page, o.report)
}

func quoted(samples []string) []string {
	var out []string
	for i, s := range samples {
		out = append(out, fmt.Sprintf("Sample %d: %s", i+1, strings.Join(strings.Fields(s), " ")))
	}
	return out
}

// study reads the texts, divides them and trains the tokenizer.
func (o *textLMFlags) study(ctx context.Context, c *cobra.Command, status io.Writer) (*textrecipes.Study, error) {
	texts, whole, err := o.texts(c, status)
	if err != nil {
		return nil, err
	}
	s := &textrecipes.Study{Steps: o.steps}
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	if !whole {
		rand.New(rand.NewPCG(o.seed, 0)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	total := 0
	for _, t := range texts {
		total += len(t)
	}
	at := 0
	for _, i := range order {
		at += len(texts[i])
		switch done := float64(at) / float64(total); {
		case done <= 1-2*o.share:
			s.Train = append(s.Train, texts[i])
		case done <= 1-o.share:
			s.Validation = append(s.Validation, texts[i])
		default:
			s.Test = append(s.Test, texts[i])
		}
	}
	if len(s.Train) == 0 || len(s.Validation) == 0 || len(s.Test) == 0 {
		return nil, fmt.Errorf("%s: %d texts of %d bytes cannot be divided into texts to train, to validate and to test", o.file, len(texts), total)
	}
	s.Tokenizer, err = textrecipes.LanguageTokenizer(ctx, corpus.Kind(o.tokens), o.size, s.Train)
	return s, err
}

// mostText bounds a text of one file.
const mostText = 1 << 30

// texts reads the texts; whole: they are the paragraphs of one, in order.
func (o *textLMFlags) texts(c *cobra.Command, status io.Writer) (texts []string, whole bool, err error) {
	switch filepath.Ext(o.file) {
	case ".txt", ".md":
		f, err := os.Open(o.file)
		if err != nil {
			return nil, false, err
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, mostText+1))
		switch {
		case err != nil:
			return nil, false, err
		case len(b) > mostText:
			return nil, false, fmt.Errorf("%s: more than %d MiB", o.file, mostText>>20)
		case !utf8.Valid(b):
			return nil, false, fmt.Errorf("%s: not valid UTF-8", o.file)
		}
		for _, p := range strings.SplitAfter(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n\n") {
			if p != "" {
				texts = append(texts, p)
			}
		}
		fmt.Fprintf(status, "data: %s, %d bytes in %d paragraphs\n", filepath.Base(o.file), len(b), len(texts))
		return texts, true, nil
	}
	src := source{file: o.file, without: true, reading: reading{types: []string{o.column + "=" + string(data.Text)}}}
	set, report, err := src.read(c)
	if err != nil {
		return nil, false, err
	}
	said(status, set.Name, report)
	if !o.keep {
		kept, removed, err := corpus.Distinct(set, o.column, text.Duplicates{})
		if err != nil {
			return nil, false, err
		}
		fmt.Fprintf(status, "  %s\n", removed)
		set = kept
	}
	for _, t := range set.Texts {
		if t.Name == o.column {
			for _, cell := range t.Cells {
				if cell != "" {
					texts = append(texts, cell)
				}
			}
		}
	}
	return texts, false, nil
}

// fit trains the network.
func (o *textLMFlags) fit(ctx context.Context, c *cobra.Command, study *textrecipes.Study) (*nets.Language, *train.History, error) {
	n, err := study.TrainTokens()
	if err != nil {
		return nil, nil, err
	}
	net, err := textrecipes.LanguageByName(o.net, n)
	if err != nil {
		return nil, nil, err
	}
	bar := newProgress(c.ErrOrStderr(), o.quiet, o.epochs, "epochs")
	l, h, err := study.Fit(ctx, textrecipes.Language{
		Net: net, LearningRate: o.rate, Epochs: o.epochs, Batch: o.batch, Patience: o.patience, TimeLimit: o.limit,
		Callbacks: []train.Callback{train.OnEpoch(func(e *train.Event) error {
			bar.done(e.Epoch, e.History().String())
			return nil
		})},
	}, o.seed)
	bar.end()
	return l, h, err
}

// write lets the model write.
func (o *textLMFlags) write(ctx context.Context, l *nets.Language, t *text.Tokenizer) ([]string, error) {
	end, _ := t.ID(textrecipes.EndOfText)
	prompt, err := t.AppendIDs([]int{end}, o.prompt)
	if err != nil {
		return nil, fmt.Errorf("--prompt: %w", err)
	}
	var prompts [][]int
	var seeds []uint64
	for i := range o.samples {
		prompts, seeds = append(prompts, prompt), append(seeds, o.seed+uint64(i))
	}
	g, err := l.Generator()
	if err != nil || o.samples == 0 {
		return nil, err
	}
	sampled, err := generate.Sampler{Vocab: l.Vocab, Most: o.sampled, Stop: []int{end}, Temperature: o.temperature}.Generate(ctx, g, prompts, seeds)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range sampled {
		text, err := t.Decode(append(slices.Clone(prompt[1:]), s.IDs...))
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// comparedLines returns the lines of a table and the verdict.
func comparedLines(s *textrecipes.Study, net, grams *textrecipes.LanguageScore) ([]string, error) {
	var out []string
	for _, m := range []*textrecipes.LanguageScore{net, grams} {
		out = append(out, fmt.Sprintf("%-14s %.4f bits per character on %d texts that it has not seen", m.Name, m.Bits, len(s.Test)))
	}
	d, err := s.Compare(net, grams, 1)
	if err != nil {
		return nil, err
	}
	return append(out, d.String()), nil
}
