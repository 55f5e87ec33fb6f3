package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/data/parquet"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// reading is how a file is read where it does not say itself, or not clearly.
type reading struct {
	types              []string
	drop, id, missing  []string
	delimiter, decimal string
	header, noHeader   bool
	group, weight      string
	positive           string
}

func (r *reading) flags(f *pflag.FlagSet) {
	r.fileFlags(f)
	f.StringSliceVar(&r.types, "types", nil, "`COLUMN=TYPE` where the guess is wrong: numeric, categorical, time (or time:LAYOUT), text or ignore; may be repeated")
	f.StringSliceVar(&r.drop, "drop", nil, "`COLUMNS` to leave out")
	f.StringVar(&r.decimal, "decimal", "", "decimal `MARK`, . or , (default: recognised)")
	f.BoolVar(&r.header, "header", false, "the first row names the columns, whatever it looks like")
	f.StringVar(&r.group, "group", "", "`COLUMN` whose equal cells belong together: no group is trained and tested on")
	f.StringVar(&r.weight, "weight", "", "`COLUMN` of row weights")
	f.StringVar(&r.positive, "positive", "", "of two classes the positive `CLASS` (default: the second in order)")
}

// textFlags are those of files with a column of texts and one of classes.
func (r *reading) textFlags(f *pflag.FlagSet) {
	f.StringVar(&r.delimiter, "delimiter", "", "`CHARACTER` between cells: comma, semicolon, tab, pipe, or the character itself (default: recognised)")
	f.BoolVar(&r.header, "header", false, "the first row names the columns, whatever it looks like")
	f.BoolVar(&r.noHeader, "no-header", false, "the file has no header; columns are named by their numbers from 1")
	f.StringVar(&r.group, "group", "", "`COLUMN` whose equal cells belong together: no group is trained and tested on")
	f.StringVar(&r.positive, "positive", "", "of two classes the positive `CLASS` (default: the second in order)")
}

// fileFlags are those that rows to predict need too.
func (r *reading) fileFlags(f *pflag.FlagSet) {
	f.StringSliceVar(&r.id, "id", nil, "`COLUMNS` that identify rows: no features, kept beside the table")
	f.StringSliceVar(&r.missing, "missing", nil, "`TEXTS` that mean a missing value, beside the empty cell (default: the usual ones, such as NA, null, ?)")
	f.StringVar(&r.delimiter, "delimiter", "", "`CHARACTER` between cells: comma, semicolon, tab, pipe, or the character itself (default: recognised)")
	f.BoolVar(&r.noHeader, "no-header", false, "the file has no header; columns are named by their numbers from 1")
}

// delimiters that have names.
var delimiters = map[string]rune{"": 0, "comma": ',', "semicolon": ';', "tab": '\t', `\t`: '\t', "pipe": '|', "bar": '|', "space": ' '}

// csv returns the flags as the package data takes them.
func (r *reading) csv() (data.CSV, error) {
	c := data.CSV{Drop: r.drop, ID: r.id, Group: r.group, Weight: r.weight, Positive: r.positive, Header: r.header, NoHeader: r.noHeader, Types: map[string]data.ColumnType{}}
	if len(r.missing) > 0 {
		c.Missing = r.missing
	}
	comma, ok := delimiters[strings.ToLower(r.delimiter)]
	if list := []rune(r.delimiter); !ok {
		if len(list) != 1 || list[0] > 126 || list[0] < ' ' || list[0] == '"' {
			return c, usage("--delimiter %s: want comma, semicolon, tab, pipe, or one character of ASCII", r.delimiter)
		}
		comma = list[0]
	}
	c.Comma = comma
	switch r.decimal {
	case "":
	case ".", "point":
		c.Decimal = '.'
	case ",", "comma":
		c.Decimal = ','
	default:
		return c, usage("--decimal %s: want . or ,", r.decimal)
	}
	if r.header && r.noHeader {
		return c, usage("--header and --no-header exclude each other")
	}
	for _, t := range r.types {
		at := strings.LastIndex(t, "=")
		if at < 1 {
			return c, usage("--types %s: want COLUMN=TYPE", t)
		}
		c.Types[t[:at]] = data.ColumnType(t[at+1:])
	}
	return c, nil
}

// source is where a command's rows come from.
type source struct {
	reading
	file, task, dataset string
	targets, order      []string
	levels              []float64
	without             bool // without a target
	stream              bool // leave the rows in the file

	input io.Reader // standard input, if some of it was read already
	spool *os.File  // where the rest of it went
}

func (s *source) flags(f *pflag.FlagSet) {
	f.StringVar(&s.file, "data", "", "`FILE` of rows: CSV, TSV, ARFF or JSON Lines (.jsonl, .ndjson), also packed with gzip, or Parquet; how it is written is recognised; -: standard input, of CSV, TSV or ARFF")
	f.StringArrayVar(&s.targets, "target", nil, "target `COLUMN` of the file (default: the last); may be repeated for several numbers, or several labels of 0 and 1")
	f.StringVar(&s.task, "task", "", "`TASK`: "+strings.Join(data.TaskNames(), ", ")+" (default: classify or regress, guessed from the target, and said)")
	f.StringSliceVar(&s.order, "order", nil, "`CLASSES` of --task ordinal from the lowest to the highest, separated by commas (default: numbers by value, texts by alphabet)")
	f.Float64SliceVar(&s.levels, "levels", nil, "`LEVELS` of --task quantile, separated by commas (default: 0.1,0.5,0.9)")
	f.StringVar(&s.dataset, "dataset", "breast-cancer", "embedded data set `NAME`: "+strings.Join(data.Names(), ", "))
	s.reading.flags(f)
}

func (s *source) streamFlag(f *pflag.FlagSet) {
	f.BoolVar(&s.stream, "stream", false, "read the rows from the file while training, not to memory (default for more than 1 GiB)")
}

// ofFiles are the flags that say how a file is read.
var ofFiles = []string{"target", "types", "drop", "id", "missing", "delimiter", "decimal", "header", "no-header", "group", "weight", "positive"}

// read reads the rows and what was found out about them.
func (s *source) read(c *cobra.Command) (*data.Set, *data.Report, error) {
	set, report, err := s.readPlain(c)
	if err != nil || !s.posed() {
		return set, report, err
	}
	return s.pose(set, report)
}

// posed reports whether the rows are to be taken for another task than reading a file finds.
func (s *source) posed() bool {
	return len(s.targets) > 1 || s.task != "" && s.task != "classify" && s.task != "regress" || s.task != "" && s.file == ""
}

// asked returns the task of --task with its arguments, nil if none was given.
func (s *source) asked() (data.Task, error) {
	for k, name := range s.targets {
		if slices.Contains(s.targets[:k], name) {
			return nil, usage("--target %s is given twice", name)
		}
	}
	if s.order != nil && s.task != "ordinal" {
		return nil, usage("--order goes with --task ordinal")
	}
	if s.levels != nil && s.task != "quantile" {
		return nil, usage("--levels goes with --task quantile")
	}
	if s.levels != nil {
		return data.Quantile{Levels: s.levels}, nil
	}
	if s.task == "" {
		return nil, nil
	}
	t, err := data.TaskNamed(s.task)
	if err != nil {
		return nil, usage("--task %s: want one of %s", s.task, strings.Join(data.TaskNames(), ", "))
	}
	return t, nil
}

// pose gives the rows the task that was asked for, and their further targets.
func (s *source) pose(set *data.Set, report *data.Report) (*data.Set, *data.Report, error) {
	task, err := s.asked()
	if err != nil {
		return nil, nil, err
	}
	if task == nil {
		task = set.Task()
	}
	if s.order != nil {
		if set, err = set.Ordered(s.order); err != nil {
			return nil, nil, err
		}
	}
	var more []string
	if len(s.targets) > 1 {
		more = s.targets[1:]
	}
	left := 0
	if set.Classes == nil { // the gaps of a sequence of classes are padding
		if set, left, err = withoutGaps(set, more); err != nil {
			return nil, nil, err
		}
	}
	if set, err = set.Posing(task, more...); err != nil {
		return nil, nil, err
	}
	out := *report
	out.NoTarget += left
	out.Task, out.Why = task, "as asked for"
	if more != nil {
		out.Target = strings.Join(s.targets, ", ")
	}
	out.Columns = slices.Clone(report.Columns)
	for k := range out.Columns {
		if slices.Contains(more, out.Columns[k].Name) {
			out.Columns[k].Role = "target"
		}
	}
	out.Warnings = slices.DeleteFunc(slices.Clone(report.Warnings), func(w data.Warning) bool { return slices.Contains(more, w.Column) })
	if left > 0 {
		out.Warnings = append(out.Warnings, data.Warning{Column: strings.Join(more, ", "), Text: fmt.Sprintf("further rows left out for a missing target: %d", left)})
	}
	return set, &out, nil
}

// withoutGaps leaves out the rows without one of the further targets, as those without the
// first have been, and returns how many they are.
func withoutGaps(set *data.Set, targets []string) (*data.Set, int, error) {
	x, columns, err := set.Table()
	if err != nil || len(targets) == 0 {
		return set, 0, err
	}
	var kept []int
	for i := range set.Len() {
		gap := false
		for j, f := range set.Features {
			gap = gap || math.IsNaN(x[i*columns+j]) && slices.Contains(targets, f.Name)
		}
		if !gap {
			kept = append(kept, i)
		}
	}
	switch len(kept) {
	case set.Len():
		return set, 0, nil
	case 0:
		return nil, 0, fmt.Errorf("%s: one of the targets is missing in every row", set.Name)
	}
	out, err := set.Rows(kept)
	return out, set.Len() - len(kept), err
}

// readPlain reads the rows with the first target alone, as classes or numbers.
func (s *source) readPlain(c *cobra.Command) (*data.Set, *data.Report, error) {
	task, err := s.asked()
	if err != nil {
		return nil, nil, err
	}
	if s.file == "" {
		for _, name := range ofFiles {
			if c.Flags().Changed(name) {
				return nil, nil, usage("--%s goes with --data", name)
			}
		}
		set, err := data.Load(s.dataset)
		if err != nil {
			return nil, nil, usageError{err}
		}
		return set, data.Inspect(set), nil
	}
	if c.Flags().Changed("dataset") {
		return nil, nil, usage("--data and --dataset exclude each other")
	}
	how, err := s.csv()
	if err != nil {
		return nil, nil, err
	}
	s.targetOf(&how, task)
	if s.file == "-" {
		if s.input != nil {
			return how.Read(s.input, stdin)
		}
		return how.Read(c.InOrStdin(), stdin)
	}
	if isParquet(s.file) {
		file, err := asParquet(c, s.file, how)
		if err != nil {
			return nil, nil, err
		}
		return file.Read()
	}
	if isJSONLines(s.file) {
		src, err := openJSONLines(c, s.file, how)
		if err != nil {
			return nil, nil, err
		}
		set, err := data.Collect(src)
		return set, src.Report(), err
	}
	return how.ReadFile(s.file)
}

// targetOf says which column is the target, and whether it is read as classes or numbers:
// that a further target is a number, too, or of a sequence one of the classes.
func (s *source) targetOf(how *data.CSV, task data.Task) {
	how.NoTarget = s.without
	if len(s.targets) > 0 {
		how.Target = s.targets[0]
	}
	if task != nil || len(s.targets) > 1 {
		how.AsTask = "regress"
	}
	typ := data.Numeric
	switch s.task {
	case "sequence":
		typ = data.Categorical
		fallthrough
	case "classify", "ordinal":
		how.AsTask = "classify"
	}
	for _, name := range s.targets[min(1, len(s.targets)):] {
		if how.Types[name] == "" {
			how.Types[name] = typ
		}
	}
}

// isParquet reports whether a file begins as Parquet files do.
func isParquet(path string) bool {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return false // a pipe can be read but once
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && string(magic[:3]) == "PAR"
}

// isJSONLines reports whether a file's name is that of a file of JSON objects, one a line.
func isJSONLines(path string) bool {
	switch filepath.Ext(strings.TrimSuffix(path, ".gz")) {
	case ".jsonl", ".ndjson":
		return true
	}
	return false
}

// jsonLines reads a file of JSON objects by flags for files of texts.
func jsonLines(c *cobra.Command, path string) (data.ColumnFile, error) {
	for _, name := range ofTexts {
		if f := c.Flags().Lookup(name); f != nil && f.Changed {
			return data.ColumnFile{}, usage("--%s is for files of texts; %s is of JSON objects", name, path)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return data.ColumnFile{}, err
	}
	defer f.Close()
	return data.JSONLines(f, filepath.Base(path))
}

func openJSONLines(c *cobra.Command, path string, how data.CSV) (*data.FileSource, error) {
	file, err := jsonLines(c, path)
	if err != nil {
		return nil, err
	}
	return how.Source(file)
}

// ofTexts are the flags that say how a file of texts is written.
var ofTexts = []string{"delimiter", "decimal", "header", "no-header"}

// asParquet returns how a Parquet file is read by flags for files of texts.
func asParquet(c *cobra.Command, path string, how data.CSV) (parquet.File, error) {
	for _, name := range ofTexts {
		if f := c.Flags().Lookup(name); f != nil && f.Changed {
			return parquet.File{}, usage("--%s is for files of texts; %s is a Parquet file", name, path)
		}
	}
	return parquet.File{
		Path: path, Target: how.Target, NoTarget: how.NoTarget, AsTask: how.AsTask, Positive: how.Positive, Types: how.Types,
		Drop: how.Drop, ID: how.ID, Group: how.Group, Weight: how.Weight, Missing: how.Missing, KeepAll: how.KeepAll,
	}, nil
}

// stdin is what standard input is called.
const stdin = "standard input"

// rows returns the rows to train on, from memory or a file, and what is known of them but for
// their inputs.
func (s *source) rows(c *cobra.Command, status io.Writer) (data.Source, *data.Set, error) {
	var stream *bool
	if c.Flags().Changed("stream") {
		stream = &s.stream
		if s.stream && s.file == "" {
			return nil, nil, usage("--stream goes with --data")
		}
	}
	src, err := s.open(c, stream)
	if err != nil {
		s.discard()
		return nil, nil, err
	}
	if src == nil {
		set, err := s.load(c, status)
		return set, set, err
	}
	rows, report, err := s.poseSource(src)
	if err != nil {
		s.discard()
		return nil, nil, err
	}
	answers, err := data.Answers(rows)
	if err != nil {
		s.discard()
		return nil, nil, err
	}
	said(status, answers.Name, report)
	if s.spool != nil {
		fmt.Fprintln(status, "  standard input was written to a temporary file")
	}
	fmt.Fprintln(status, "  rows are read from the file, not to memory")
	return rows, answers, nil
}

// poseSource takes the rows of a file for the task that was asked for.
func (s *source) poseSource(src *data.FileSource) (data.Source, *data.Report, error) {
	if !s.posed() {
		return src, src.Report(), nil
	}
	task, err := s.asked()
	if err != nil {
		return nil, nil, err
	}
	rows, err := data.Posed(src, task)
	if err != nil {
		return nil, nil, err
	}
	report := *src.Report()
	report.Task, report.Why = task, "as asked for"
	return rows, &report, nil
}

// mostHeld is how much of standard input is read before the rest goes to a temporary file.
const mostHeld = 64 << 20

// hold reads standard input, as several passes over it are needed: to memory if it is small and
// does not have to be a file, else to a temporary file.
func (s *source) hold(c *cobra.Command, file bool) error {
	var head bytes.Buffer
	_, err := io.CopyN(&head, c.InOrStdin(), mostHeld)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if errors.Is(err, io.EOF) && !file {
		s.input = bytes.NewReader(head.Bytes())
		return nil
	}
	if s.spool, err = os.CreateTemp("", "aegis-*"); err != nil {
		return fmt.Errorf("a temporary file for standard input: %w", err)
	}
	if _, err := io.Copy(s.spool, io.MultiReader(&head, c.InOrStdin())); err != nil {
		return fmt.Errorf("a temporary file for standard input: %w", err)
	}
	_, err = s.spool.Seek(0, io.SeekStart)
	s.input = s.spool
	return err
}

// discard removes the temporary file, if there is one.
func (s *source) discard() {
	if s.spool != nil {
		s.spool.Close()
		os.Remove(s.spool.Name())
		s.spool = nil
	}
}

// largest is how many bytes of values training holds in memory before it reads them from
// the file.
const largest = 1 << 30

// open returns the rows of a file as a source that is not in memory, nil if they belong
// there: if values of 8 bytes each, or the file if it has texts, take no more than
// largest, or stream says so.
func (s *source) open(c *cobra.Command, stream *bool) (*data.FileSource, error) {
	always := stream != nil && *stream
	if s.file == "-" && (stream == nil || always) {
		return s.openInput(c, always)
	}
	st, err := os.Stat(s.file)
	if s.file == "" || stream != nil && !always || !always && (err != nil || !st.Mode().IsRegular()) {
		return nil, nil
	}
	if s.inMemory() && always {
		return nil, errInMemory
	}
	if s.inMemory() || c.Flags().Changed("dataset") {
		return nil, nil // they belong to memory, or read says what is wrong
	}
	if isJSONLines(s.file) {
		if always {
			return nil, usage("--stream: %s is of JSON objects, which are read to memory", s.file)
		}
		return nil, nil
	}
	task, err := s.asked()
	if err != nil {
		return nil, err
	}
	how, err := s.csv()
	if err != nil {
		return nil, err
	}
	s.targetOf(&how, task)
	if !isParquet(s.file) {
		if !always && st.Size() <= largest {
			return nil, nil
		}
		src, err := how.Open(s.file)
		if err != nil && !always { // packed, say: reading it to memory may do
			return nil, nil
		}
		return src, err
	}
	file, err := asParquet(c, s.file, how)
	if err != nil {
		return nil, err
	}
	rows, columns, err := file.Size()
	if err != nil || !always && rows*columns*8 <= largest {
		return nil, err
	}
	return file.Open()
}

// inMemory reports whether what is asked for is possible for rows in memory alone.
func (s *source) inMemory() bool { return len(s.targets) > 1 || s.order != nil }

var errInMemory = usage("--stream goes with one target, and without --order: several, and classes in another order, take the rows to memory")

// openInput is open of standard input.
func (s *source) openInput(c *cobra.Command, always bool) (*data.FileSource, error) {
	if s.inMemory() && always {
		return nil, errInMemory
	}
	how, err := s.csv()
	if err != nil || s.inMemory() || c.Flags().Changed("dataset") {
		return nil, err
	}
	task, err := s.asked()
	if err != nil {
		return nil, err
	}
	s.targetOf(&how, task)
	if err := s.hold(c, always); err != nil || s.spool == nil {
		return nil, err
	}
	size, err := s.spool.Stat()
	if err != nil || !always && size.Size() <= largest {
		return nil, err
	}
	src, err := how.OpenFile(s.spool, stdin)
	if err != nil && !always { // packed, say
		_, err = s.spool.Seek(0, io.SeekStart)
		return nil, err
	}
	return src, err
}

// load reads the rows and says on w what was read and guessed.
func (s *source) load(c *cobra.Command, w io.Writer) (*data.Set, error) {
	set, report, err := s.read(c)
	if err != nil {
		return nil, err
	}
	if s.file == "" {
		fmt.Fprintf(w, "data: %s, %d rows, %d columns, target %q: %s (%s)\n", set.Name, set.Len(), len(set.Features), set.Target, data.TaskName(set.Task()), set.Source)
		return set, nil
	}
	said(w, set.Name, report)
	return set, nil
}

// said writes what was read and guessed.
func said(w io.Writer, name string, report *data.Report) {
	fmt.Fprintf(w, "data: %s, %s\n  file: %v\n", name, report.Summary(), report.Dialect)
	var notes []string
	for _, c := range report.Columns {
		switch {
		case c.Role == "left out" || c.Role == "text":
			notes = append(notes, fmt.Sprintf("column %s: %s (%s)", c.Name, map[string]string{"left out": "left out", "text": "kept beside the table"}[c.Role], c.Why))
		case c.Role == "feature" && c.Missing > 0:
			notes = append(notes, fmt.Sprintf("column %s: %d missing values, filled in from the training rows", c.Name, c.Missing))
		}
	}
	for _, warning := range report.Warnings {
		notes = append(notes, warning.String())
	}
	if report.Duplicates > 0 {
		notes = append(notes, fmt.Sprintf("%d rows are the same as an earlier one", report.Duplicates))
	}
	writeNotes(w, notes)
}

// mostNotes is how many lines about a file are written; aegis inspect has all.
const mostNotes = 20

func writeNotes(w io.Writer, notes []string) {
	for i, n := range notes {
		if i == mostNotes {
			fmt.Fprintf(w, "  ... and %d more (aegis inspect shows all)\n", len(notes)-mostNotes)
			return
		}
		fmt.Fprintf(w, "  %s\n", n)
	}
}

// drawable checks that a report can be written under a name.
func drawable(path string) error { return figureName("--report", path) }

// figureName checks that a flag names a figure that can be written, or none.
func figureName(flag, path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".svg", ".html", ".htm":
		return writable(path)
	case "":
		if path == "" {
			return nil
		}
	}
	return usage("%s %s: want a name that ends in .png, .svg or .html", flag, path)
}

// writable checks, before the work, that a file could be written at path.
func writable(path string) error { return atomicfile.Check(path) }
