package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/baselines"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/recipes/tabular"
	textrecipes "github.com/seed732fc211/aegis/recipes/text"
	"github.com/seed732fc211/aegis/text"
	"github.com/seed732fc211/aegis/train"
	"github.com/spf13/cobra"
)

func textCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "text",
		Short: "Answer questions about texts",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(textClassifyCommand(), textLMCommand(), textTranslateCommand(), textAnswerCommand())
	return c
}

type textClassifyFlags struct {
	crossvalFlags
	column, tokens    string
	language          string
	size, longest     int
	cased, keep       bool
	model, modelSaved string
	most              int // terms of the logistic regression
}

// mostWeights bounds the weights of the logistic regression, of which an optimiser keeps twenty
// copies; with many classes there are fewer terms.
const mostWeights = 4 << 20

func textClassifyCommand() *cobra.Command {
	var o textClassifyFlags
	c := &cobra.Command{
		Use:   "classify",
		Short: "Compare networks with linear models on the classes of texts, and save one",
		Long: `Classify runs repeated stratified k-fold cross-validation on a column of texts and
their classes: a bag of embeddings, convolutions and an LSTM against multinomial naive
Bayes and logistic regression on TF-IDF, which are hard to beat. All of them learn their
vocabulary from each fold's training rows. Texts that are nearly the same as an earlier
one are left out first, as they would be trained and tested on alike. It prints a table
and verdicts, and draws a page with the terms that speak most for each class and the
rows that are hardest.

With --language networks are compared, too, that begin as a language model which was
trained on other texts: with all weights trained, with products of low rank beside them
(LoRA), with the output alone, and, to see what it is worth, the same network from random
weights.

With --save a network is fitted to all rows and written to a file for aegis predict.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	f.StringVar(&o.file, "data", "", "`FILE` of rows: CSV, TSV, ARFF or JSON Lines (.jsonl, .ndjson), also packed with gzip, or Parquet; or a FOLDER with a folder of texts for each class")
	f.StringVar(&o.column, "text", "text", "`COLUMN` of the texts")
	f.StringArrayVar(&o.targets, "target", nil, "`COLUMN` of the classes (default: the last)")
	f.StringVar(&o.tokens, "tokens", string(corpus.Words), "`KIND` of the networks' tokens: words, characters, bpe, wordpiece or unigram")
	f.IntVar(&o.size, "vocabulary", 0, "`NUMBER` of tokens in the networks' vocabulary, at most (default: 20,000 words, or 8,000 of other tokens)")
	f.IntVar(&o.longest, "longest", 0, "`NUMBER` of tokens that networks read of a text (default: 512, the LSTM 256)")
	f.BoolVar(&o.cased, "cased", false, "tell capitals from small letters")
	f.BoolVar(&o.keep, "keep-duplicates", false, "keep texts that are nearly the same as an earlier one")
	f.StringSliceVar(&o.models, "models", nil, "`NAMES` of the models, separated by commas (default: all): "+strings.Join(textModels(), ", "))
	f.StringVar(&o.language, "language", "", "`FILE` of a language model, from aegis text lm, that networks begin as: adds the models "+strings.Join(tunedModels(), ", "))
	f.StringVar(&o.model, "save", "", "`NAME` of the network that is fitted to all rows in the end: "+strings.Join(textrecipes.Names(), ", ")+", or one that --language adds")
	f.StringVar(&o.modelSaved, "model", "model.safetensors", "`FILE` for the network of --save")
	f.IntVar(&o.folds, "folds", 5, "`NUMBER` of folds")
	f.IntVar(&o.repeats, "repeats", 1, "`NUMBER` of repeats with other folds")
	f.IntVar(&o.workers, "workers", 0, "`NUMBER` of fits at a time (default: one for each processor)")
	f.DurationVar(&o.limit, "time-limit", 60*time.Minute, "`TIME` that all fits of one model may take together, such as 90s or 10m; 0: no bound")
	f.StringVar(&o.metric, "metric", "", "`METRIC` that models are compared by (default: accuracy)")
	f.Float64Var(&o.region, "region", 0, "`DIFFERENCE` that does not matter in practice, in units of the metric")
	f.Float64Var(&o.margin, "margin", 0, "`DIFFERENCE` by which the first model may be worse (non-inferiority)")
	f.Uint64Var(&o.seed, "seed", 1, "`SEED` of everything random")
	o.pageFlags(f, "json")
	f.StringVar(&o.log, "log", "", "`FILE` that every finished fit is added to: run again with it, the command goes on where it was")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	o.reading.textFlags(f)
	return c
}

// textBaselines are the models that are no networks.
var textBaselines = []string{"tfidf-logistic", "naive-bayes", "majority"}

// tunedPrefix begins the names of networks that begin as a language model.
const tunedPrefix = "tuned-"

// tunedModels are the models that --language adds.
func tunedModels() []string {
	var out []string
	for _, t := range nets.Tunings() {
		out = append(out, tunedPrefix+string(t))
	}
	return out
}

func textModels() []string { return append(textrecipes.Names(), textBaselines...) }

// networks are the networks that can be compared.
func (o *textClassifyFlags) networks() []string {
	names := textrecipes.Names()
	if o.language != "" {
		names = append(names, tunedModels()...)
	}
	return names
}

// all are the models that can be compared.
func (o *textClassifyFlags) all() []string { return append(o.networks(), textBaselines...) }

// recipeOf returns the recipe of a network.
func (o *textClassifyFlags) recipeOf(name string) (tabular.Recipe, error) {
	if how, ok := strings.CutPrefix(name, tunedPrefix); ok && o.language != "" && slices.Contains(nets.Tunings(), nets.Tuning(how)) {
		return textrecipes.Tuned{Column: o.column, Longest: o.longest, Net: nets.Tuned{File: o.language, Tuning: nets.Tuning(how)}}, nil
	}
	return textrecipes.ByName(name, o.tokenised())
}

func (o *textClassifyFlags) run(ctx context.Context, c *cobra.Command) error {
	o.recipe = defaultRecipe // of the table's commands: not used
	status := c.ErrOrStderr()
	if o.quiet {
		status = io.Discard
	}
	if o.file == "" {
		return usage("--data: want a file or a folder of texts")
	}
	if err := o.crossvalFlags.check(c); err != nil {
		return err
	}
	if !slices.Contains(corpus.Kinds(), corpus.Kind(o.tokens)) {
		return usage("--tokens %s: there is no kind %q: want words, characters, bpe, wordpiece or unigram", o.tokens, o.tokens)
	}
	if o.model != "" {
		if names := o.networks(); !slices.Contains(names, o.model) {
			return usage("--save %s: want one of %s", o.model, strings.Join(names, ", "))
		}
		if err := writable(o.modelSaved); err != nil {
			return err
		}
	}
	v, err := o.prepare(c, status)
	if err != nil {
		return err
	}
	res, err := o.validate(ctx, c, v)
	if err != nil || res == nil || o.model == "" {
		return err
	}
	return o.save(ctx, c, v.set)
}

// prepare reads the rows and makes what is to be compared on them.
func (o *textClassifyFlags) prepare(c *cobra.Command, status io.Writer) (v validation, err error) {
	if v.set, err = o.read(c, status); err != nil {
		return v, err
	}
	if !o.keep {
		kept, removed, err := corpus.Distinct(v.set, o.column, text.Duplicates{})
		if err != nil {
			return v, err
		}
		fmt.Fprintf(status, "  %s\n", removed)
		v.set = kept
	}
	if err := enough(v.set); err != nil {
		return v, err
	}
	v.rows = v.set
	o.most = mostWeights / len(v.set.Classes)
	if v.candidates, err = o.candidates(); err != nil {
		return v, err
	}
	if v.metrics, err = o.scorers(v.set); err != nil {
		return v, err
	}
	v.splitter = o.splitter(v.set)
	v.rowNames = beginnings(v.set, o.column)
	v.facts = func(string) []plots.Fact {
		return []plots.Fact{{Name: "texts", Value: fmt.Sprintf("column %q; networks read %s", o.column, o.tokensName())}}
	}
	v.notes = func() ([]string, error) { return o.terms(c.Context(), v) }
	return v, nil
}

// read reads the rows and says what was found.
func (o *textClassifyFlags) read(c *cobra.Command, status io.Writer) (*data.Set, error) {
	if st, err := os.Stat(o.file); err == nil && st.IsDir() {
		for _, name := range append([]string{"target", "text"}, ofTexts...) {
			if f := c.Flags().Lookup(name); f != nil && f.Changed {
				return nil, usage("--%s goes with a file; %s is a folder, whose folders are the classes", name, o.file)
			}
		}
		set, err := corpus.ReadFolder(os.DirFS(o.file), filepath.Base(filepath.Clean(o.file)))
		if err == nil {
			fmt.Fprintf(status, "data: %s, %d texts of %d classes\n", set.Name, set.Len(), len(set.Classes))
		}
		return set, err
	}
	o.types = append(o.types, o.column+"="+string(data.Text))
	o.task = "classify"
	set, report, err := o.source.read(c)
	if err != nil {
		return nil, err
	}
	if len(set.Features) > 0 {
		var names []string
		for _, f := range set.Features {
			names = append(names, f.Name)
		}
		fmt.Fprintf(status, "note: models of texts see the column %s alone, not %s\n", o.column, short(names))
		set.Features, set.Inputs = nil, nil
	}
	said(status, set.Name, report)
	return set, nil
}

// tokenised is what networks read.
func (o *textClassifyFlags) tokenised() corpus.Tokens {
	return corpus.Tokens{Column: o.column, Kind: corpus.Kind(o.tokens), Size: o.size, Longest: o.longest, Cased: o.cased}
}

func (o *textClassifyFlags) tokensName() string {
	s := o.tokens
	if o.cased {
		s += ", cased"
	}
	return s
}

// candidates are the models that are compared.
func (o *textClassifyFlags) candidates() ([]crossval.Candidate, error) {
	names := o.models
	if len(names) == 0 {
		names = o.all()
	}
	var list []crossval.Candidate
	for _, name := range names {
		e, err := o.estimatorOf(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		list = append(list, crossval.Candidate{Name: strings.TrimSpace(name), Estimator: e})
	}
	return list, nil
}

func (o *textClassifyFlags) estimatorOf(name string) (crossval.Estimator, error) {
	switch name {
	case "tfidf-logistic":
		return o.logistic(), nil
	case "naive-bayes":
		return baselines.TextBayes{Column: o.column, Terms: text.TFIDF{Counts: true}}, nil
	case "majority":
		return baselines.Majority{}, nil
	}
	r, err := o.recipeOf(name)
	if err != nil {
		return nil, usage("--models: there is no %q; there are %s", name, strings.Join(o.all(), ", "))
	}
	return tabular.Estimator{Recipe: r}, nil
}

func (o *textClassifyFlags) logistic() baselines.TextLogistic {
	return baselines.TextLogistic{Column: o.column, Terms: text.TFIDF{Longest: 2, MinTexts: 2, Most: o.most}}
}

const (
	topTerms    = 12
	mostClasses = 12
)

// terms returns a line for each class with the terms that speak most for it.
func (o *textClassifyFlags) terms(ctx context.Context, v validation) ([]string, error) {
	if !slices.ContainsFunc(v.candidates, func(c crossval.Candidate) bool { return c.Name == "tfidf-logistic" }) {
		return nil, nil
	}
	w, err := o.logistic().Weights(ctx, v.set, o.seed)
	if err != nil {
		return nil, err
	}
	var out []string
	for k, class := range w.Classes[:min(mostClasses, len(w.Classes))] {
		out = append(out, fmt.Sprintf("Terms that speak most for %s (tfidf-logistic, fitted to all rows): %s.", class, strings.Join(w.Top(k, topTerms), ", ")))
	}
	return out, nil
}

// beginnings returns the beginning of each row's text, with the row's number.
func beginnings(set *data.Set, column string) []string {
	const most = 48
	out := make([]string, set.Len())
	for _, c := range set.Texts {
		if c.Name != column {
			continue
		}
		for i, cell := range c.Cells {
			words := []rune(strings.Join(strings.Fields(cell[:min(len(cell), 8*most)]), " "))
			if len(words) > most {
				words = append(words[:most], '…')
			}
			out[i] = strings.ToValidUTF8(fmt.Sprintf("%d: %s", i+1, string(words)), "")
		}
	}
	return out
}

// save fits a network to all rows and writes it.
func (o *textClassifyFlags) save(ctx context.Context, c *cobra.Command, set *data.Set) error {
	r, err := o.recipeOf(o.model)
	if err != nil {
		return err
	}
	e := tabular.Estimator{Recipe: r, Seed: o.seed}
	plan, err := e.Plan(set)
	if err != nil {
		return err
	}
	bar := newProgress(c.ErrOrStderr(), o.quiet, plan.Config.Epochs, "epochs")
	e.Callbacks = []train.Callback{train.OnEpoch(func(ev *train.Event) error {
		bar.done(ev.Epoch, ev.History().String())
		return nil
	})}
	m, _, err := e.Train(ctx, set)
	bar.end()
	if err != nil {
		return err
	}
	if err := m.Save(o.modelSaved); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "model: %s (%s, fitted to all rows but those set aside to stop)\n", o.modelSaved, o.model)
	return nil
}
