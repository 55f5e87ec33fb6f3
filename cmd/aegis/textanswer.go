package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/corpus"
	"github.com/seed732fc211/aegis/models"
	nets "github.com/seed732fc211/aegis/models/text"
	"github.com/seed732fc211/aegis/plots"
	textrecipes "github.com/seed732fc211/aegis/recipes/text"
	"github.com/seed732fc211/aegis/train"
	"github.com/spf13/cobra"
)

type textAnswerFlags struct {
	file, question, answer     string
	group, kind                string
	tokens, net                string
	size, longest, dim         int
	epochs, batch, patience    int
	rate, risk, absent, share  float64
	limit                      time.Duration
	by, model, report          string
	ask, from                  string
	hits                       int
	seed                       uint64
	keep, separate, quiet, all bool
}

func textAnswerCommand() *cobra.Command {
	var o textAnswerFlags
	c := &cobra.Command{
		Use:   "answer",
		Short: "Train what finds answers to questions and refuses what it does not know, and hold it against BM25",
		Long: `Answer trains a dual encoder on questions and their answers, and compares it with BM25
and with both together, on questions of groups that none of them has seen: mean
reciprocal rank and recall, with intervals and paired tests. Some groups' answers are
kept out of the texts that are searched: their questions should be refused. How sure an
answer has to be is chosen on validation questions, so that at most a share of the
replies is wrong, and tested on others. What is best on the validation questions is
written to a file with all answers.

With --from-model and --ask such a file answers a question, or refuses.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	f.StringVar(&o.file, "data", "", "`FILE` of rows with questions and answers: CSV, JSON Lines or Parquet")
	f.StringVar(&o.question, "question", "question", "`COLUMN` of the questions")
	f.StringVar(&o.answer, "answer", "answer", "`COLUMN` of the answers")
	f.StringVar(&o.group, "group", "", "`COLUMN` whose equal cells are a group, which is trained on or tested on as a whole (default: rows of the same answer)")
	f.StringVar(&o.kind, "kind", "", "`COLUMN` of kinds of questions, by which results are broken down")
	f.StringVar(&o.net, "net", answerNets[0], "`NETWORK` that reads texts: "+strings.Join(answerNets, ", "))
	f.BoolVar(&o.separate, "separate", false, "read questions and answers by two networks instead of one")
	f.StringVar(&o.tokens, "tokens", string(corpus.WordPiece), "`KIND` of tokens: words, characters, bpe, wordpiece or unigram")
	f.IntVar(&o.size, "vocabulary", 0, "`NUMBER` of tokens in the vocabulary, at most (default: 20,000 words, or 8,000 of other tokens)")
	f.IntVar(&o.longest, "longest", 128, "`NUMBER` of tokens that are read of an answer")
	f.IntVar(&o.dim, "dim", 256, "`NUMBER` of numbers in a vector")
	f.IntVar(&o.epochs, "epochs", 10, "`NUMBER` of epochs at most")
	f.IntVar(&o.patience, "patience", 2, "`EPOCHS` without a better validation loss before training stops")
	f.IntVar(&o.batch, "batch", 256, "`PAIRS` in a batch, which are each other's wrong answers")
	f.Float64Var(&o.rate, "learning-rate", 0, "learning `RATE` at its highest (default: 0.003)")
	f.DurationVar(&o.limit, "time-limit", 0, "`TIME` after which training ends with the epoch; 0: no bound")
	f.Float64Var(&o.share, "held-out", 0.2, "`SHARE` of the groups for the test, and half as much for the validation")
	f.Float64Var(&o.absent, "absent", 0.2, "`SHARE` of these groups whose answers are kept out of what is searched")
	f.Float64Var(&o.risk, "risk", 0.1, "`SHARE` of wrong replies that is wanted at most")
	f.StringVar(&o.by, "by", "", "`MODEL` that is saved: bm25, dual-encoder or hybrid (default: the best on the validation questions)")
	f.StringVar(&o.model, "model", "answers.safetensors", "`FILE` for what answers; empty: none")
	f.StringVar(&o.report, "report", "answers.png", "`FILE` for the page: .png, .svg or .html; empty: none")
	f.StringVar(&o.from, "from-model", "", "`FILE` of an earlier run that answers --ask")
	f.StringVar(&o.ask, "ask", "", "`QUESTION` that is answered; -: each line of the standard input")
	f.IntVar(&o.hits, "hits", 3, "`NUMBER` of answers that are shown")
	f.BoolVar(&o.all, "show-refused", false, "show the answers that are not sure enough, too")
	f.Uint64Var(&o.seed, "seed", 1, "`SEED` of everything random")
	f.BoolVar(&o.keep, "keep-duplicates", false, "keep questions whose answer is nearly the same as an earlier one")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	return c
}

// answerNets are the networks that read texts.
var answerNets = []string{"bag", "cnn", "transformer"}

// read returns the network that reads texts.
func (o *textAnswerFlags) reads() (models.Architecture, int) {
	switch o.net {
	case "cnn":
		return nets.CNN{Dim: 128, Filters: 128}, o.dim
	case "transformer":
		return nets.Transformer{Dim: 128, Dropout: 0.1}, o.dim
	}
	return nets.Bag{Dim: o.dim, Mean: true}, 0
}

func (o *textAnswerFlags) check() error {
	switch {
	case o.ask == "" != (o.from == ""):
		return usage("--ask and --from-model go together")
	case o.hits < 1 || o.hits > 1000:
		return usage("--hits %d: want 1 to 1000", o.hits)
	case o.from != "":
		return nil
	case o.file == "":
		return usage("--data: want a file of questions and answers")
	case !slices.Contains(answerNets, o.net):
		return usage("--net %s: want one of %s", o.net, strings.Join(answerNets, ", "))
	case !slices.Contains(corpus.Kinds(), corpus.Kind(o.tokens)):
		return usage("--tokens %s: there is no kind %q: want words, characters, bpe, wordpiece or unigram", o.tokens, o.tokens)
	case o.by != "" && !slices.Contains(textrecipes.AnswerNames(), o.by):
		return usage("--by %s: want one of %s", o.by, strings.Join(textrecipes.AnswerNames(), ", "))
	case o.size < 0 || o.longest < 1 || o.dim < 1 || o.epochs < 1 || o.patience < 1 || o.batch < 2 || o.limit < 0 || !(o.rate >= 0):
		return usage("--vocabulary %d --longest %d --dim %d --epochs %d --patience %d --batch %d --learning-rate %v: want positive numbers, and batches of at least 2", o.size, o.longest, o.dim, o.epochs, o.patience, o.batch, o.rate)
	case !(o.share > 0 && o.share <= 0.5) || !(o.absent > 0 && o.absent < 1) || !(o.risk > 0 && o.risk < 1):
		return usage("--held-out %v --absent %v --risk %v: want shares above 0 and below 1, and at most half held out", o.share, o.absent, o.risk)
	}
	if err := drawable(o.report); err != nil {
		return err
	}
	return writable(o.model)
}

func (o *textAnswerFlags) run(ctx context.Context, c *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.from != "" {
		return o.reply(c.InOrStdin(), c.OutOrStdout())
	}
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if o.quiet {
		status = io.Discard
	}
	study, err := o.study(c, status)
	if err != nil {
		return err
	}
	if err := study.Prepare(); err != nil {
		return err
	}
	fmt.Fprintf(status, "data: %s\n", study)
	h, err := o.fit(ctx, c, study)
	if err != nil {
		return err
	}
	scores, best, err := o.scores(ctx, study)
	if err != nil {
		return err
	}
	lines, err := o.told(study, scores)
	if err != nil {
		return err
	}
	for _, line := range answerTable(scores) {
		fmt.Fprintln(out, line)
	}
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	a, err := study.Answerer(ctx, best)
	if err != nil {
		return err
	}
	examples, err := answerExamples(study, a)
	if err != nil {
		return err
	}
	for _, line := range examples {
		fmt.Fprintf(out, "\n%s\n", line)
	}
	if o.model != "" {
		if err := a.Save(o.model, nil); err != nil {
			return err
		}
		fmt.Fprintf(out, "\nmodel: %s (%s, %d answers, answers from a probability of %.3f on)\n", o.model, best.Name, len(a.Answers), a.Threshold)
	}
	return o.page(c, study, h, scores, lines, examples)
}

// reply answers questions by a file of an earlier run.
func (o *textAnswerFlags) reply(in io.Reader, out io.Writer) error {
	a, _, err := nets.LoadAnswerer(o.from)
	if err != nil {
		return err
	}
	if o.ask != "-" {
		return o.replyTo(out, a, o.ask)
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if err := o.replyTo(out, a, lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (o *textAnswerFlags) replyTo(out io.Writer, a *nets.Answerer, question string) error {
	r, err := a.Ask(question, o.hits)
	if err != nil {
		return err
	}
	for _, line := range replyLines(r, o.all) {
		fmt.Fprintln(out, line)
	}
	return nil
}

// replyLines says what an answerer says.
func replyLines(r *nets.Reply, all bool) (out []string) {
	if r.Refused {
		out = append(out, fmt.Sprintf("I do not know: the best answer would be right with a probability of %.2f.", r.Probability))
		if !all {
			return out
		}
	} else {
		out = append(out, fmt.Sprintf("The first answer is right with a probability of %.2f.", r.Probability))
	}
	for i, t := range r.Texts {
		out = append(out, fmt.Sprintf("%d. (%.3f) %s", i+1, r.Hits[i].Score, strings.Join(strings.Fields(t), " ")))
	}
	return out
}

// study reads the rows.
func (o *textAnswerFlags) study(c *cobra.Command, status io.Writer) (*textrecipes.AnswerStudy, error) {
	names := []string{o.question, o.answer}
	for _, name := range []string{o.group, o.kind} {
		if name != "" {
			names = append(names, name)
		}
	}
	src := source{file: o.file, without: true}
	for _, name := range names {
		src.types = append(src.types, name+"="+string(data.Text))
	}
	set, report, err := src.read(c)
	if err != nil {
		return nil, err
	}
	said(status, set.Name, report)
	columns := map[string][]string{}
	for _, t := range set.Texts {
		columns[t.Name] = t.Cells
	}
	for _, name := range names {
		if columns[name] == nil {
			return nil, fmt.Errorf("%s: there is no column %q", o.file, name)
		}
	}
	s := &textrecipes.AnswerStudy{
		Questions: columns[o.question], Answers: columns[o.answer], Test: o.share, Validation: o.share / 2, Absent: o.absent, Risk: o.risk, Keep: o.keep, Seed: o.seed,
	}
	if o.group != "" {
		s.Groups, _ = data.LabelEncode(columns[o.group])
	}
	if o.kind != "" {
		s.Kinds = columns[o.kind]
	}
	return s, nil
}

// fit trains the dual encoder.
func (o *textAnswerFlags) fit(ctx context.Context, c *cobra.Command, study *textrecipes.AnswerStudy) (*train.History, error) {
	net, dim := o.reads()
	bar := newProgress(c.ErrOrStderr(), o.quiet, o.epochs, "epochs")
	defer bar.end()
	return study.Fit(ctx, textrecipes.Answers{
		Net:          nets.DualEncoder{Net: net, Dim: dim, Separate: o.separate},
		Tokens:       corpus.Tokens{Kind: corpus.Kind(o.tokens), Size: o.size, Longest: o.longest},
		LearningRate: o.rate, Epochs: o.epochs, Batch: o.batch, Patience: o.patience, TimeLimit: o.limit,
		Callbacks: []train.Callback{train.OnEpoch(func(e *train.Event) error {
			bar.done(e.Epoch, e.History().String())
			return nil
		})},
	}, o.seed)
}

// scores scores all candidates, and returns the one to save.
func (o *textAnswerFlags) scores(ctx context.Context, study *textrecipes.AnswerStudy) (list []*textrecipes.AnswerScore, best *textrecipes.AnswerScore, err error) {
	for _, name := range textrecipes.AnswerNames() {
		s, err := study.Score(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, s)
		if name == o.by || o.by == "" && (best == nil || s.Validation > best.Validation) {
			best = s
		}
	}
	return list, best, nil
}

// answerTable is the table of scores.
func answerTable(scores []*textrecipes.AnswerScore) []string {
	interval := func(t stats.Test) string { return fmt.Sprintf("%.3f (%.3f to %.3f)", t.Estimate, t.Low, t.High) }
	out := []string{fmt.Sprintf("%-13s %-24s %-24s %-24s %-7s %s", "", "MRR@10", "recall@1", "recall@10", "AURC", "answered")}
	for _, s := range scores {
		out = append(out, fmt.Sprintf("%-13s %-24s %-24s %-24s %.3f   %.0f%% of all questions, %s", s.Name, interval(s.MRR), interval(s.First), interval(s.Ten), s.AURC, 100*s.Tested.Coverage, wrongShare(s)))
	}
	return out
}

// wrongShare says how many of the replies are wrong.
func wrongShare(s *textrecipes.AnswerScore) string {
	if s.Tested.Answered == 0 {
		return "none of them sure enough"
	}
	return fmt.Sprintf("%.1f%% of them wrongly", 100*s.Tested.Risk)
}

// told are the verdicts and what was refused.
func (o *textAnswerFlags) told(study *textrecipes.AnswerStudy, scores []*textrecipes.AnswerScore) (out []string, err error) {
	pairs := [][2]int{{1, 0}, {2, 0}, {2, 1}}
	for _, p := range pairs {
		t, err := study.Compare(scores[p[0]], scores[p[1]])
		if err != nil {
			return nil, err
		}
		out = append(out, textrecipes.Verdict(scores[p[0]].Name, scores[p[1]].Name, t, len(pairs)))
	}
	for _, s := range scores {
		line := fmt.Sprintf("%s: %d of %d questions without an answer are refused", s.Name, s.Refused, s.Absent)
		if s.Tested.Answered > 0 {
			line += fmt.Sprintf("; %d of %d replies are wrong, %.1f%% (95%% interval %.1f%% to %.1f%%) for an aim of %.1f%%, from a probability of %.3f on, chosen on the validation questions", s.Tested.Wrong, s.Tested.Answered, 100*s.Tested.Risk, 100*s.RiskLow, 100*s.RiskHigh, 100*o.risk, s.Threshold)
		} else {
			line += "; nothing is sure enough for the risk that is wanted"
		}
		out = append(out, line+fmt.Sprintf("; calibration error %.3f", s.ECE))
		out = append(out, kindLine(s)...)
	}
	how := "reciprocal ranks"
	if w := study.Weights(); w != nil {
		how = fmt.Sprintf("the scores of bm25 and dual-encoder with weights of %v", w)
	}
	return append(out, "hybrid fuses "+how+", chosen on the validation questions"), nil
}

// kindLine is a line of MRR by kind of question.
func kindLine(s *textrecipes.AnswerScore) []string {
	var parts []string
	for kind, v := range s.Kinds {
		parts = append(parts, fmt.Sprintf("%s %.3f", kind, v))
	}
	if parts == nil {
		return nil
	}
	sort.Strings(parts)
	return []string{s.Name + ": MRR@10 by kind of question: " + strings.Join(parts, ", ")}
}

// mostExamples are shown.
const mostExamples = 4

// answerExamples are replies to test questions: the first ones with an answer and without.
func answerExamples(study *textrecipes.AnswerStudy, a *nets.Answerer) (out []string, err error) {
	for _, q := range study.Examples(mostExamples) {
		r, err := a.Ask(q, 1)
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprintf("Question: %s\nReply: %s", q, strings.Join(replyLines(r, false), "\n")))
	}
	return out, nil
}

// page draws the page.
func (o *textAnswerFlags) page(c *cobra.Command, study *textrecipes.AnswerStudy, h *train.History, scores []*textrecipes.AnswerScore, lines, examples []string) error {
	if o.report == "" {
		return nil
	}
	r := plots.RetrievalReport{
		Title: "Answers to the questions of " + filepath.Base(o.file), Subtitle: study.String(), Curves: h.Curves, BestEpoch: h.BestEpoch, Notes: lines,
		Risk: plots.Selective{Target: o.risk}, Ranks: plots.Retrieved{Metrics: []string{"MRR@10", "recall@1", "recall@10", "AURC"}},
	}
	for _, s := range scores {
		r.Risk.Models = append(r.Risk.Models, plots.SelectiveModel{Name: s.Name, Curve: s.Curve, AURC: s.AURC, Threshold: s.Threshold})
		r.Ranks.Models = append(r.Ranks.Models, s.Name)
		var row [][3]float64
		for _, t := range []stats.Test{s.MRR, s.First, s.Ten} {
			row = append(row, [3]float64{t.Estimate, t.Low, t.High})
		}
		r.Ranks.Values = append(r.Ranks.Values, append(row, [3]float64{s.AURC, math.NaN(), math.NaN()}))
	}
	for _, e := range examples {
		r.Examples = append(r.Examples, strings.Join(strings.Fields(e), " "))
	}
	parameters, _ := study.Dual().Model().Params().Count()
	r.Facts = append([]plots.Fact{
		{Name: "network", Value: fmt.Sprintf("%s, vectors of %d", o.net, study.Dual().Dim())}, {Name: "parameters", Value: fmt.Sprint(parameters)},
		{Name: "tokens", Value: fmt.Sprintf("%s; answers of %d at most", o.tokens, o.longest)}, {Name: "seed", Value: fmt.Sprint(o.seed)},
		{Name: "time", Value: h.Duration.Round(time.Millisecond).String()},
	}, versionFacts()...)
	page, err := plots.Retrieval(r)
	if err != nil {
		return err
	}
	return save(c, page, o.report)
}
