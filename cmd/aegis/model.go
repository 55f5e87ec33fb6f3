package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/recipes/tabular"
	"github.com/seed732fc211/aegis/train"
	"github.com/spf13/cobra"
)

type trainFlags struct {
	source
	netFlags
	model, report string
	quiet         bool
}

func trainCommand() *cobra.Command {
	var o trainFlags
	c := &cobra.Command{
		Use:   "train",
		Short: "Fit a net once, save it, and draw how the training went",
		Long: `Train fits a net to the rows of a file and saves it with all that it needs to predict
others. A file of more than 1 GiB (CSV), or of more than 1 GiB of values at 8 bytes each
(Parquet), is not read to memory: its rows are read again in every epoch, a window at a
time, and the model is the same to the bit. --stream asks for that of a smaller file,
--stream=false keeps a larger one in memory. Standard input of more than 64 MiB is
written to a temporary file first, unless --stream=false says otherwise.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	o.source.flags(f)
	o.netFlags.flags(f)
	f.StringVar(&o.model, "model", "model.safetensors", "`FILE` for the model")
	f.StringVar(&o.report, "report", "training.png", "`FILE` for the page: .png, .svg or .html; empty: none")
	f.BoolVar(&o.quiet, "quiet", false, "no progress")
	o.streamFlag(f)
	return c
}

func (o *trainFlags) run(ctx context.Context, c *cobra.Command) error {
	out, status := c.OutOrStdout(), c.ErrOrStderr()
	if err := o.netFlags.check(c); err != nil {
		return err
	}
	if o.model == "" {
		return usage("--model: want the name of a file")
	}
	if err := drawable(o.report); err != nil {
		return err
	}
	if err := writable(o.model); err != nil {
		return err
	}
	if o.quiet {
		status = io.Discard
	}
	rows, set, err := o.rows(c, status)
	if err != nil {
		return err
	}
	defer o.discard()
	if err := enough(set); err != nil {
		return err
	}
	if err := o.fits(set); err != nil {
		return err
	}
	e, err := o.estimator()
	if err != nil {
		return err
	}
	plan, err := e.Plan(set)
	if err != nil {
		return err
	}
	epochs, fits := plan.Config.Epochs, max(1, plan.Folds)
	bar := newProgress(c.ErrOrStderr(), o.quiet, epochs*fits, "epochs")
	fit, last := 0, 0
	e.Callbacks = append(e.Callbacks, train.OnEpoch(func(ev *train.Event) error {
		if ev.Epoch <= last {
			fit++
		}
		if fit == fits { // each fit has a second one, on the target's logarithm
			fits *= 2
			bar.grow(epochs * fits)
		}
		last = ev.Epoch
		bar.done(fit*epochs+ev.Epoch, ev.History().String())
		return nil
	}))
	m, h, err := e.Train(ctx, rows)
	bar.end()
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(out, "interrupted: %d of %d epochs were finished; no model was written\n", fit*epochs+last, epochs*fits)
		return errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	if err := m.Save(o.model); err != nil {
		return err
	}
	fmt.Fprint(out, m.Summary())
	fmt.Fprintf(out, "%v\n", h)
	if h.BestEpoch > 0 {
		fmt.Fprintf(out, "best epoch: %d, val_loss %.4g\n", h.BestEpoch, h.At("val_loss", h.BestEpoch))
	}
	for _, note := range h.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	fmt.Fprintf(out, "trained in %s\nmodel: %s\n", h.Duration.Round(time.Millisecond), o.model)
	if o.report == "" {
		return nil
	}
	return o.draw(c, e, m, h, rows, set)
}

// mostDrawn is how many validation rows that do not lie in memory are drawn.
const mostDrawn = 100_000

func (o *trainFlags) draw(c *cobra.Command, e tabular.Estimator, m *models.Model, h *train.History, rows data.Source, set *data.Set) error {
	plan, err := e.Plan(set)
	if err != nil {
		return err
	}
	trained, numbers, err := set.SplitRows(plan.Config.ValidationFraction, o.seed)
	if err != nil {
		return err
	}
	validated := len(numbers)
	if rows != data.Source(set) {
		numbers = numbers[:min(mostDrawn, len(numbers))]
	}
	held, err := data.Collect(data.View(rows, numbers))
	if err != nil {
		return err
	}
	pred, err := m.PredictRows(c.Context(), held.Without())
	if err != nil {
		return err
	}
	parameters, _ := m.Params().Count()
	facts := append([]plots.Fact{
		{Name: "data", Value: set.Name}, {Name: "source", Value: set.Source}, {Name: "target", Value: set.Target},
		{Name: "rows", Value: fmt.Sprintf("%d to train, %d to validate", len(trained), validated)},
		{Name: "seed", Value: fmt.Sprint(o.seed)}, {Name: "parameters", Value: fmt.Sprint(parameters)},
		{Name: "epochs", Value: fmt.Sprintf("%d, best %d", h.Epochs(), h.BestEpoch)},
		{Name: "time", Value: h.Duration.Round(time.Millisecond).String()},
	}, append(o.facts(e, set), versionFacts()...)...)
	page, err := plots.Training(plots.TrainingReport{
		Title: "Training of a net on " + set.Name, Curves: h.Curves, BestEpoch: h.BestEpoch, Rows: held, Prediction: pred, Facts: facts,
		Notes: []string{"The lower figures show the validation rows. They chose the epoch, so they flatter the model a little: aegis crossval tells what it is worth."},
	})
	if err != nil {
		return err
	}
	return save(c, page, o.report)
}

func summaryCommand() *cobra.Command {
	var model, format string
	c := &cobra.Command{
		Use:   "summary",
		Short: "Show the layers, shapes and parameters of a saved model",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			m, err := models.Load(model)
			if err != nil {
				return err
			}
			text := map[string]func() string{"text": m.Summary().String, "html": m.Summary().HTML, "mermaid": m.Mermaid, "dot": m.DOT}[format]
			if text == nil {
				return usage("--format %s: want text, html, mermaid or dot", format)
			}
			_, err = io.WriteString(c.OutOrStdout(), text())
			return err
		},
	}
	c.Flags().StringVar(&model, "model", "model.safetensors", "`FILE` of the model")
	c.Flags().StringVar(&format, "format", "text", "`FORMAT`: text, html, mermaid or dot")
	return c
}
