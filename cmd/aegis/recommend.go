package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/seed732fc211/aegis/crossval"
	"github.com/seed732fc211/aegis/crossval/stats"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/describe"
	models "github.com/seed732fc211/aegis/models/recommend"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/recipes/recommend"
	"github.com/spf13/cobra"
)

type recommendFlags struct {
	file                     string
	user, item, time, weight string
	split, by                string
	share                    float64
	core, k                  int
	models, features         []string
	model, report            string
	from, ask                string
	having                   []string
	seed                     uint64
	quiet                    bool
}

func recommendCommand() *cobra.Command {
	var o recommendFlags
	c := &cobra.Command{
		Use:   "recommend",
		Short: "Compare ways to recommend items to users, and save the one that is chosen",
		Long: `Recommend reads rows of users and items, holds items out of each user, and compares
popularity, neighbours of items, EASE, alternating least squares, Bayesian personalized
ranking, a two-tower network and, with times, self-attention over what a user had last
(SASRec) in how many of the held-out items they recommend: NDCG, recall, MAP, MRR and the
coverage of the catalogue, with intervals over users and paired tests. All items are
ranked but for those the user has in the training rows. Settings are chosen on validation
items, which are held out in the same way; what is best there is fitted to all rows and
written to a file.

With --from-model such a file recommends to a user of it (--for), or to someone who has
certain items (--having).`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	f.StringVar(&o.file, "data", "", "`FILE` of rows with users and items: CSV, JSON Lines or Parquet")
	f.StringVar(&o.user, "user", "user", "`COLUMN` of the users")
	f.StringVar(&o.item, "item", "item", "`COLUMN` of the items")
	f.StringVar(&o.time, "time", "", "`COLUMN` of when the row was: numbers, or dates and times")
	f.StringVar(&o.weight, "weight", "", "`COLUMN` of how much a row counts, a number above 0; of the models only als looks at it")
	f.StringSliceVar(&o.features, "features", nil, "`COLUMNS` of the item's kind, maker and the like, which two-tower reads; of each item its first row counts")
	f.StringVar(&o.split, "split", "", "what is held out: `last` (the last new item of each user), time (what was from a time on), or random (a share of each user's items) (default: last with --time, otherwise random)")
	f.Float64Var(&o.share, "held-out", 0.2, "`SHARE` that is held out by --split time or random")
	f.IntVar(&o.core, "core", 0, "leave out users and items with fewer than this `NUMBER` of each other, until none is left; 0: keep all")
	f.IntVar(&o.k, "k", 10, "`NUMBER` of items that are recommended")
	f.StringSliceVar(&o.models, "models", nil, "`NAMES` of the models that are compared: "+strings.Join(recommendNames(), ", ")+" (default: all that the catalogue is not too large for, but for neural-cf, which is slow, and, without --time, sasrec)")
	f.StringVar(&o.by, "by", "", "`MODEL` that is saved (default: the best on the validation items)")
	f.StringVar(&o.model, "model", "recommender.safetensors", "`FILE` for what recommends; empty: none")
	f.StringVar(&o.report, "report", "recommend.png", "`FILE` for the page: .png, .svg or .html; empty: none")
	f.StringVar(&o.from, "from-model", "", "`FILE` of an earlier run that recommends")
	f.StringVar(&o.ask, "for", "", "`USER` of --from-model to recommend to")
	f.StringSliceVar(&o.having, "having", nil, "`ITEMS` of someone to recommend to by --from-model, in order of time")
	f.Uint64Var(&o.seed, "seed", 1, "`SEED` of everything random")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	return c
}

// recommendNames are the names of the candidates.
func recommendNames() (out []string) {
	for _, c := range recommend.Candidates(nil) {
		out = append(out, c.Name)
	}
	return out
}

func (o *recommendFlags) check() error {
	switch {
	case o.k < 1 || o.k > 1000:
		return usage("--k %d: want 1 to 1000", o.k)
	case o.from != "" && o.ask == "" == (len(o.having) == 0):
		return usage("--from-model: want either --for or --having")
	case o.from == "" && (o.ask != "" || len(o.having) > 0):
		return usage("--for and --having go with --from-model")
	case o.from != "":
		return nil
	case o.file == "":
		return usage("--data: want a file of users and items")
	case !slices.Contains([]string{"", "last", "time", "random"}, o.split):
		return usage("--split %s: want last, time or random", o.split)
	case (o.split == "last" || o.split == "time") && o.time == "":
		return usage("--split %s: want --time", o.split)
	case !(o.share > 0 && o.share < 1):
		return usage("--held-out %v: want a share between 0 and 1", o.share)
	case o.core < 0:
		return usage("--core %d: want at least 0", o.core)
	case o.by != "" && !slices.Contains(recommendNames(), o.by):
		return usage("--by %s: want one of %s", o.by, strings.Join(recommendNames(), ", "))
	case o.by != "" && len(o.models) > 0 && !slices.Contains(o.models, o.by):
		return usage("--by %s: it is not among --models %s", o.by, strings.Join(o.models, ","))
	}
	for _, name := range o.models {
		if !slices.Contains(recommendNames(), name) {
			return usage("--models %s: want some of %s", name, strings.Join(recommendNames(), ", "))
		}
	}
	if err := drawable(o.report); err != nil {
		return err
	}
	return writable(o.model)
}

func (o *recommendFlags) run(ctx context.Context, c *cobra.Command) error {
	if err := o.check(); err != nil {
		return err
	}
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if o.from != "" {
		return o.reply(out)
	}
	if o.quiet {
		status = io.Discard
	}
	study, features, notes, err := o.study(c, status)
	if err != nil {
		return err
	}
	if err := study.Prepare(); err != nil {
		return err
	}
	fmt.Fprintf(status, "data: %s\n", study)
	scores, left, err := o.scores(ctx, c, study, features)
	if err != nil {
		return err
	}
	notes = append(notes, left...)
	chosen := recommend.Chosen(scores)
	for _, s := range scores {
		if s.Name == o.by {
			chosen = s
		}
	}
	if chosen == nil {
		return fmt.Errorf("%s: no model could be compared: %s", o.file, strings.Join(notes, "; "))
	}
	compared, err := study.Compare(chosen, scores)
	if err != nil {
		return err
	}
	for _, line := range o.table(scores) {
		fmt.Fprintln(out, line)
	}
	lines := o.told(study, scores, chosen, compared, notes)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	var examples []string
	for _, e := range study.Examples(chosen, 4) {
		examples = append(examples, e.String())
		fmt.Fprintf(out, "\n%s\n", e)
	}
	if o.model != "" {
		r, err := study.Fit(ctx, chosen)
		if err != nil {
			return err
		}
		if err := r.Save(o.model); err != nil {
			return err
		}
		fmt.Fprintf(out, "\nmodel: %s (%s, fitted to all rows)\n", o.model, chosen.Name)
	}
	return o.page(c, study, scores, chosen, compared, lines, examples)
}

// reply recommends by a file of an earlier run.
func (o *recommendFlags) reply(out io.Writer) error {
	r, err := models.Load(o.from)
	if err != nil {
		return err
	}
	var list []models.Recommendation
	if o.ask != "" {
		list, err = r.ForUser(o.ask, o.k)
	} else {
		list, err = r.ForItems(o.having, o.k)
	}
	if err != nil {
		return err
	}
	for i, x := range list {
		fmt.Fprintf(out, "%d. (%.4g) %s\n", i+1, x.Score, x.Item)
	}
	return nil
}

// study reads the rows.
func (o *recommendFlags) study(c *cobra.Command, status io.Writer) (s *recommend.Study, features [][]int, notes []string, err error) {
	src := source{file: o.file, without: true}
	for _, name := range append([]string{o.user, o.item, o.time, o.weight}, o.features...) {
		if name != "" {
			src.types = append(src.types, name+"="+string(data.Text))
		}
	}
	set, report, err := src.read(c)
	if err != nil {
		return nil, nil, nil, err
	}
	said(status, set.Name, report)
	x, err := data.InteractionColumns{User: o.user, Item: o.item, Time: o.time, Weight: o.weight}.Read(set)
	if err != nil {
		return nil, nil, nil, err
	}
	if o.core > 1 {
		core, r, err := x.Core(o.core, o.core)
		if err != nil {
			return nil, nil, nil, err
		}
		notes = append(notes, fmt.Sprintf("%d users and %d items with fewer than %d of each other are left out, %d of %d rows: rare ones are harder, and not in these figures", r.Users, r.Items, o.core, r.Rows, x.Len()))
		x = core
	}
	if features, err = o.itemFeatures(set, x.Items); err != nil {
		return nil, nil, nil, err
	}
	s = &recommend.Study{Rows: x, K: min(o.k, len(x.Items)), Seed: o.seed}
	switch o.split {
	case "last":
		s.Split = data.LeaveLast{}
	case "time":
		s.Split = data.SplitByTime{Share: o.share}
	case "random":
		s.Split = data.RandomShare{Share: o.share}
	case "":
		if o.time == "" {
			s.Split = data.RandomShare{Share: o.share}
		}
	}
	return s, features, notes, nil
}

// itemFeatures numbers the cells that items have in the columns of features; nil without any.
func (o *recommendFlags) itemFeatures(set *data.Set, items []string) ([][]int, error) {
	if len(o.features) == 0 {
		return nil, nil
	}
	columns := map[string][]string{}
	for _, t := range set.Texts {
		columns[t.Name] = t.Cells
	}
	rows := map[string]int{} // the first of each item
	for i, name := range columns[o.item] {
		if _, ok := rows[name]; !ok {
			rows[name] = i
		}
	}
	numbers := map[[2]string]int{}
	out := make([][]int, len(items))
	for _, column := range o.features {
		cells := columns[column]
		if cells == nil {
			return nil, fmt.Errorf("%s: there is no column %q", o.file, column)
		}
		for i, name := range items {
			key := [2]string{column, cells[rows[name]]}
			if _, ok := numbers[key]; !ok {
				numbers[key] = len(numbers)
			}
			out[i] = append(out[i], numbers[key])
		}
	}
	return out, nil
}

// scores scores the models, and says which were left out.
func (o *recommendFlags) scores(ctx context.Context, c *cobra.Command, study *recommend.Study, features [][]int) (scores []*recommend.Score, left []string, err error) {
	list := slices.DeleteFunc(recommend.Candidates(features), func(c recommend.Candidate) bool {
		if len(o.models) > 0 {
			return !slices.Contains(o.models, c.Name)
		}
		return c.Name == recommend.Sequences && o.time == "" || c.Name == recommend.Slow
	})
	bar := newProgress(c.ErrOrStderr(), o.quiet, len(list), "models")
	defer bar.end()
	for i, candidate := range list {
		s, err := study.Score(ctx, candidate)
		switch {
		case errors.Is(err, models.ErrTooLarge) && len(o.models) == 0:
			left = append(left, fmt.Sprintf("%s is left out: %v", candidate.Name, err))
		case err != nil:
			return nil, nil, err
		default:
			scores = append(scores, s)
		}
		bar.done(i+1, candidate.Name)
	}
	return scores, left, nil
}

// table is the table of scores.
func (o *recommendFlags) table(scores []*recommend.Score) []string {
	out := []string{fmt.Sprintf("%-12s %-26s %-26s %-7s %-7s %-7s %-9s %s", "", fmt.Sprintf("NDCG@%d", o.k), fmt.Sprintf("recall@%d", o.k), "MAP", "MRR", "hits", "coverage", "time to fit, and for a list")}
	interval := func(t stats.Test) string { return fmt.Sprintf("%.4f (%.4f to %.4f)", t.Estimate, t.Low, t.High) }
	for _, s := range scores {
		out = append(out, fmt.Sprintf("%-12s %-26s %-26s %-7.4f %-7.4f %-7.4f %-9.4f %v, %v", s.Name, interval(s.NDCG), interval(s.Recall), s.MAP.Estimate, s.MRR.Estimate, s.Hit.Estimate, s.Coverage,
			s.FitTime.Round(time.Millisecond), s.SearchTime.Round(time.Microsecond)))
	}
	return out
}

// told are the verdicts, the settings that were chosen, and what was left out.
func (o *recommendFlags) told(study *recommend.Study, scores []*recommend.Score, chosen *recommend.Score, compared []recommend.Compared, notes []string) (out []string) {
	how := "by the NDCG of the validation items"
	if o.by != "" {
		how = "as asked for"
	}
	out = append(out, fmt.Sprintf("%s is chosen, %s", chosen.Name, how))
	for _, c := range compared {
		out = append(out, c.Verdict())
	}
	for _, s := range scores {
		if len(s.Validation) > 1 {
			out = append(out, fmt.Sprintf("%s: %s, the best of %d settings with an NDCG of %.4f on the validation items (worst: %.4f)", s.Name, settings(s.Learner), len(s.Validation), slices.Max(s.Validation), slices.Min(s.Validation)))
		}
	}
	return append(out, notes...)
}

// settings are those of a model that are not defaults.
func settings(l models.Learner) string {
	if t, ok := l.(recommend.TwoTower); ok {
		t.Features = nil // there are many
		l = t
	}
	text, err := describe.Marshal(l)
	var of struct{ Config json.RawMessage }
	if err != nil || json.Unmarshal(text, &of) != nil || of.Config == nil {
		return "defaults"
	}
	return strings.NewReplacer(`"`, "", ",", " ").Replace(strings.Trim(string(of.Config), "{}"))
}

// page draws the page.
func (o *recommendFlags) page(c *cobra.Command, study *recommend.Study, scores []*recommend.Score, chosen *recommend.Score, compared []recommend.Compared, lines, examples []string) error {
	if o.report == "" {
		return nil
	}
	at := fmt.Sprintf("@%d", o.k)
	rows, held, _ := strings.Cut(study.String(), "; ")
	r := plots.RecommendationReport{
		Title: "Recommendations of " + filepath.Base(o.file), Subtitle: rows, Notes: lines, Examples: examples,
		Scores: plots.Retrieved{Metrics: []string{"NDCG" + at, "recall" + at, "MAP" + at, "MRR" + at, "hits" + at, "coverage", "seconds to fit", "ms a list"}},
		Facts:  append([]plots.Fact{{Name: "chosen", Value: chosen.Name + ", " + settings(chosen.Learner)}, {Name: "held out", Value: held}, {Name: "seed", Value: fmt.Sprint(o.seed)}}, versionFacts()...),
	}
	sorted := slices.Clone(scores)
	slices.SortStableFunc(sorted, func(a, b *recommend.Score) int {
		switch {
		case a == chosen:
			return -1
		case b == chosen:
			return 1
		case a.NDCG.Estimate > b.NDCG.Estimate:
			return -1
		case a.NDCG.Estimate < b.NDCG.Estimate:
			return 1
		}
		return 0
	})
	alone := func(v float64) [3]float64 { return [3]float64{v, math.NaN(), math.NaN()} }
	for _, s := range sorted {
		var row [][3]float64
		for _, t := range []stats.Test{s.NDCG, s.Recall, s.MAP, s.MRR, s.Hit} {
			row = append(row, [3]float64{t.Estimate, t.Low, t.High})
		}
		row = append(row, alone(s.Coverage), alone(s.FitTime.Seconds()), alone(1000*s.SearchTime.Seconds()))
		r.Scores.Models, r.Scores.Values = append(r.Scores.Models, s.Name), append(r.Scores.Values, row)
		r.Recall.Models = append(r.Recall.Models, plots.ListModel{Name: s.Name, Recall: s.Curve})
	}
	for _, x := range compared {
		r.Differences.List = append(r.Differences.List, crossval.Comparison{
			Reference: x.First, Other: x.Second, Metric: "NDCG" + at, Greater: true, Test: x.Test, Why: "the same users", PHolm: x.P, Tests: len(compared), Detectable: math.NaN(),
		})
	}
	page, err := plots.Recommendation(r)
	if err != nil {
		return err
	}
	return save(c, page, o.report)
}
