package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/seed732fc211/aegis/data"
	"github.com/spf13/cobra"
)

type inspectFlags struct {
	source
	noTarget, json, html bool
}

func inspectCommand() *cobra.Command {
	var o inspectFlags
	c := &cobra.Command{
		Use:   "inspect",
		Short: "Show what a file of rows holds and how it would be read",
		Long: `Inspect reads a file as crossval and train would, and shows how it is written and
for each column its type, missing and different values, range or most frequent
levels, and what it is used as. It warns of what may be read in two ways and of
columns that nearly are the target.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	f := c.Flags()
	o.source.flags(f)
	f.BoolVar(&o.noTarget, "no-target", false, "the file has no target")
	f.BoolVar(&o.json, "json", false, "write JSON")
	f.BoolVar(&o.html, "html", false, "write HTML")
	return c
}

func (o *inspectFlags) run(c *cobra.Command) error {
	if o.json && o.html {
		return usage("--json and --html exclude each other")
	}
	if o.noTarget && len(o.targets) > 0 {
		return usage("--target and --no-target exclude each other")
	}
	o.without = o.noTarget
	_, report, err := o.read(c)
	if err != nil {
		return err
	}
	return o.write(c.OutOrStdout(), report)
}

func (o *inspectFlags) write(w io.Writer, report *data.Report) error {
	switch {
	case o.json:
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(report)
	case o.html:
		_, err := io.WriteString(w, report.HTML())
		return err
	}
	_, err := fmt.Fprint(w, report)
	return err
}
