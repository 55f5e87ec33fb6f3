// Package searchfiles writes what the commands keep of a search.
package searchfiles

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/seed732fc211/aegis/crossval/search"
	"github.com/seed732fc211/aegis/data"
	"github.com/seed732fc211/aegis/internal/atomicfile"
	"github.com/seed732fc211/aegis/plots"
	"github.com/seed732fc211/aegis/recipes/ensemble"
	"github.com/spf13/pflag"
)

// Files are the files of a search; one without a name is not written.
type Files struct {
	JSON, Report, Model string
}

// Flags adds the flags of the files.
func (f *Files) Flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.Model, "model", "model.zip", "`FILE` for the model; empty: none")
	flags.StringVar(&f.Report, "report", "search.png", "`FILE` for the page: .png, .svg or .html; empty: none")
	flags.StringVar(&f.JSON, "json", "", "`FILE` for all trials, machine-readable")
}

// CheckSpace returns an error, before the work, if what a search of the space finds could not be
// saved, and is to be.
func (f *Files) CheckSpace(space search.Space) error {
	if f.Model == "" {
		return nil
	}
	if err := ensemble.Savable(space); err != nil {
		return fmt.Errorf(`%w: leave out the model by --model ""`, err)
	}
	return nil
}

// Check returns an error, before the work, if a file could not be written.
func (f *Files) Check() error {
	switch strings.ToLower(filepath.Ext(f.Report)) {
	case ".png", ".svg", ".html", ".htm":
	default:
		if f.Report != "" {
			return fmt.Errorf("--report %s: want a name that ends in .png, .svg or .html", f.Report)
		}
	}
	for _, name := range []string{f.JSON, f.Report, f.Model} {
		if err := atomicfile.Check(name); err != nil {
			return err
		}
	}
	return nil
}

// Write writes the files, the model last, which takes the fits to all rows. It names them on
// out, with remarks on what was found, and warns of text that the page could not show.
func (f *Files) Write(ctx context.Context, set *data.Set, found *search.Outcome, facts []plots.Fact, out io.Writer, warn func(string)) error {
	if f.JSON != "" {
		if err := atomicfile.Write(f.JSON, found.WriteJSON); err != nil {
			return err
		}
		fmt.Fprintf(out, "trials: %s\n", f.JSON)
	}
	if f.Report != "" {
		if err := f.draw(ctx, found, facts, warn); err != nil {
			return err
		}
		fmt.Fprintf(out, "report: %s\n", f.Report)
	}
	if f.Model == "" {
		return nil
	}
	m, err := ensemble.Train(ctx, set, found)
	if err != nil {
		return err
	}
	for _, n := range m.Notes[len(found.Notes):] {
		fmt.Fprintf(out, "note: %s\n", n)
	}
	if err := m.Save(f.Model); err != nil {
		return err
	}
	fmt.Fprintf(out, "model: %s\n", f.Model)
	return nil
}

func (f *Files) draw(ctx context.Context, found *search.Outcome, facts []plots.Fact, warn func(string)) error {
	importance, err := found.Importance(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // too few trials
		importance = nil
	}
	page, err := plots.Search(plots.SearchReport{Outcome: found, Importance: importance, Facts: facts})
	if err != nil {
		return err
	}
	if err := page.Save(f.Report); err != nil {
		return err
	}
	for _, w := range page.Warnings() {
		warn(w)
	}
	return nil
}
