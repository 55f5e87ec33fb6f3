package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/models"
	"github.com/seed732fc211/aegis/recipes/ensemble"
	"github.com/spf13/cobra"
)

type predictFlags struct {
	reading
	model, file, output string
	keep, quiet         bool
}

func predictCommand() *cobra.Command {
	var o predictFlags
	c := &cobra.Command{
		Use:   "predict",
		Short: "Apply a saved model to the rows of a file",
		Long: `Predict reads rows as the model's training file was read, and writes one row for
each: the predicted class and the probability of every class, or the value, or what
the model's task predicts, such as several labels or quantiles. Levels
that did not occur in training, numbers beyond its range and more missing values
than it had are warnings. Rows are read, predicted and written some at a time, so that
a file may be larger than memory. A file of predictions is there whole or not at all;
what was written to standard output before an error stays there.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c) },
	}
	f := c.Flags()
	f.StringVar(&o.model, "model", "model.safetensors", "`FILE` of the model")
	f.StringVar(&o.file, "data", "", "`FILE` of the rows: CSV, TSV, ARFF or JSON Lines, also packed with gzip, or Parquet; columns are found by name; -: standard input, of CSV, TSV or ARFF")
	f.StringVar(&o.output, "output", "", "CSV `FILE` for the predictions (default, and -: standard output)")
	f.BoolVar(&o.keep, "keep-columns", false, "write the columns of the file before the predictions")
	f.BoolVar(&o.quiet, "quiet", false, "no warnings")
	o.fileFlags(f)
	return c
}

func (o *predictFlags) run(ctx context.Context, c *cobra.Command) error {
	if o.file == "" {
		return usage("--data: want a file of rows, or - for standard input")
	}
	how, err := o.csv()
	if err != nil {
		return err
	}
	how.KeepAll = o.keep
	if o.output == "-" {
		o.output = ""
	}
	if err := writable(o.output); err != nil {
		return err
	}
	m, err := loadPredictor(o.model)
	if err != nil {
		return err
	}
	schema := data.Schema{Features: m.features, Texts: m.texts}
	if len(schema.Features) == 0 && len(schema.Texts) == 0 {
		return fmt.Errorf("%s: the model does not say which columns it was trained on", o.model)
	}
	var report *data.RowsReport
	write := func(w io.Writer) (err error) {
		report, err = o.predict(ctx, c, m, how, schema, w)
		return err
	}
	if o.output == "" {
		err = write(c.OutOrStdout())
	} else {
		err = atomicfile.Write(o.output, write)
	}
	if report != nil && !o.quiet {
		var notes []string
		for _, w := range report.Warnings {
			notes = append(notes, w.String())
		}
		writeNotes(c.ErrOrStderr(), notes)
	}
	return err
}

// predictor is a saved model, whatever its kind.
type predictor struct {
	features []data.Feature
	texts    []string
	rules    *data.Rules
	predict  func(ctx context.Context, rows data.Source) (*data.Prediction, error)
}

// loadPredictor loads a model of aegis train or of aegis search.
func loadPredictor(path string) (*predictor, error) {
	if e, err := ensemble.Load(path); err == nil {
		rules, err := e.Rules()
		return &predictor{e.Features, nil, rules, e.PredictRows}, err
	} else if !errors.Is(err, ensemble.ErrFormat) {
		return nil, err
	}
	m, err := models.Load(path)
	if err != nil {
		return nil, err
	}
	rules, err := m.Rules()
	return &predictor{m.Info.Features, m.Info.Texts, rules, m.PredictRows}, err
}

// predict reads, predicts and writes rows, some at a time.
func (o *predictFlags) predict(ctx context.Context, c *cobra.Command, m *predictor, how data.CSV, schema data.Schema, w io.Writer) (*data.RowsReport, error) {
	out := &predictions{csv: csv.NewWriter(w), rules: m.rules}
	report, err := o.scan(c, how, schema, func(rows *data.Set) error {
		p, err := m.predict(ctx, rows)
		if err != nil && out.rows > 0 {
			return fmt.Errorf("%w (of the rows from %d on)", err, out.rows)
		}
		if err != nil {
			return err
		}
		kept := rows.Texts
		if !how.KeepAll { // texts that the model reads are no columns of the output
			kept = slices.DeleteFunc(slices.Clone(kept), func(c data.TextColumn) bool { return !slices.Contains(how.ID, c.Name) })
		}
		return out.write(kept, p)
	})
	if err != nil {
		return nil, err
	}
	out.csv.Flush()
	return report, out.csv.Error()
}

// scan gives the rows to f, some at a time.
func (o *predictFlags) scan(c *cobra.Command, how data.CSV, schema data.Schema, f func(rows *data.Set) error) (*data.RowsReport, error) {
	if o.file == "-" {
		return how.ScanRows(c.InOrStdin(), "standard input", schema, f)
	}
	if isParquet(o.file) {
		file, err := asParquet(c, o.file, how)
		if err != nil {
			return nil, err
		}
		return file.ScanRows(schema, f)
	}
	if isJSONLines(o.file) {
		file, err := jsonLines(c, o.file)
		if err != nil {
			return nil, err
		}
		return how.ScanColumns(file, schema, f)
	}
	return how.ScanRowsFile(o.file, schema, f)
}

// predictions writes a row for each row: the columns that were kept, then what the
// task writes of a prediction.
type predictions struct {
	csv    *csv.Writer
	rules  *data.Rules
	rows   int // that were written
	record []string
}

// header writes the names of the columns.
func (o *predictions) header(kept []data.TextColumn) error {
	var header []string
	for _, c := range kept {
		header = append(header, c.Name)
	}
	for _, n := range o.rules.Header {
		for slices.Contains(header, n) {
			n = "predicted " + n
		}
		header = append(header, n)
	}
	return o.csv.Write(header)
}

func (o *predictions) write(kept []data.TextColumn, p *data.Prediction) error {
	if o.rows == 0 {
		if err := o.header(kept); err != nil {
			return err
		}
	}
	n := o.rules.Rows(p)
	for i := range n {
		record := o.record[:0]
		for _, c := range kept {
			record = append(record, c.Cells[i])
		}
		for _, cell := range o.rules.Record(o.rules.Row(p, i)) {
			if v, ok := cell.(float64); ok {
				record = append(record, shortest(v))
			} else {
				record = append(record, fmt.Sprint(cell))
			}
		}
		if err := o.csv.Write(record); err != nil {
			return err
		}
		o.record = record
	}
	o.rows += n
	return nil
}

// shortest returns the shortest digits that read back to the same number, with an
// exponent only where it is very large or very small.
func shortest(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-5 || a >= 1e21) {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
