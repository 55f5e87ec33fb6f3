package models

import (
	"fmt"
	"html"
	"strings"
	"text/tabwriter"

	"github.com/seed732fc211/aegis/graph"
	"github.com/seed732fc211/aegis/internal/diagram"
	"github.com/seed732fc211/aegis/layers"
)

// Row is one line of a summary.
type Row struct {
	Layer      string // path
	Kind       string // type of the layer
	From       string // paths of the operands; empty for inputs
	Shape      graph.Shape
	Parameters int // parameters, trained or not, that first appear in this layer
}

// Summary describes a model layer by layer.
type Summary struct {
	Name    string
	Rows    []Row
	Trained int // number of trained values
	All     int // number of all values, running statistics included
	Bytes   int // size of all parameters
}

// Summary returns the layers, with the shape of a sample after each and their numbers of
// parameters.
func (m *Model) Summary() Summary {
	s := Summary{Name: m.Name()}
	if s.Name == "" {
		s.Name = "model"
	}
	s.Trained, s.All = m.Params().Count()
	s.Bytes = s.All * int(m.Params().Dtype().Size())
	for i, st := range m.network().Stages {
		r := Row{Layer: st.Scope, Kind: "Input", Shape: m.shapes[i].Clone()}
		if !st.Input {
			r.Kind = st.kind()
			names := make([]string, len(st.From))
			for k, f := range st.From {
				names[k] = m.net.Stages[f].Scope
			}
			r.From = strings.Join(names, ", ")
			if st.Again {
				r.Kind += " (shared)"
			} else if st.Part == "" {
				r.Parameters = m.countBelow(st.Scope)
			}
		}
		s.Rows = append(s.Rows, r)
	}
	return s
}

func (s stage) kind() string {
	if s.Part != "" {
		return "part"
	}
	if s.Layer == nil {
		return layers.Name(s.Joiner)
	}
	return kindOf(s.Layer)
}

func kindOf(layer layers.Layer) string {
	switch l := layer.(type) {
	case layers.Named:
		return kindOf(l.Layer)
	case layers.Activation:
		return l.String()
	case layers.Dense:
		return activated(l, l.Activation)
	case layers.Conv1D:
		return activated(l, l.Activation)
	case layers.Conv2D:
		return activated(l, l.Activation)
	case layers.DepthwiseConv2D:
		return activated(l, l.Activation)
	case layers.Conv2DTranspose:
		return activated(l, l.Activation)
	case layers.Dropout:
		return fmt.Sprintf("Dropout %g", l.Rate)
	}
	return layers.Name(layer)
}

// activated returns the kind of a layer that ends in an activation.
func activated(layer layers.Layer, act layers.Activation) string {
	if act == layers.Identity {
		return layers.Name(layer)
	}
	return layers.Name(layer) + ", " + act.String()
}

// String returns the summary as a text table.
func (m *Model) String() string { return m.Summary().String() }

// HTML returns the summary as an HTML table; notebooks show a model this way.
func (m *Model) HTML() string { return m.Summary().HTML() }

func (m *Model) countBelow(scope string) int {
	n := 0
	for _, p := range m.params.All() {
		if strings.HasPrefix(p.Path, scope+"/") {
			n += p.Size()
		}
	}
	return n
}

func shapeText(s graph.Shape) string {
	parts := []string{"batch"}
	for _, d := range s {
		if d == AnySteps {
			parts = append(parts, "steps")
			continue
		}
		parts = append(parts, fmt.Sprint(d))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// String returns the summary as a text table.
func (s Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", s.Name)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "layer\tkind\tfrom\toutput\tparameters")
	for _, r := range s.Rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", r.Layer, r.Kind, r.From, shapeText(r.Shape), r.Parameters)
	}
	w.Flush()
	fmt.Fprintf(&b, "trained parameters: %d of %d (%s)\n", s.Trained, s.All, bytesText(s.Bytes))
	return b.String()
}

// HTML returns the summary as an HTML table.
func (s Summary) HTML() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<table><caption>%s</caption>\n<tr><th>layer</th><th>kind</th><th>output</th><th>parameters</th><th>from</th></tr>\n", html.EscapeString(s.Name))
	for _, r := range s.Rows {
		fmt.Fprintf(&b, "<tr><td>%s</td><td>%s</td><td>%s</td><td style=\"text-align:right\">%d</td><td>%s</td></tr>\n",
			html.EscapeString(r.Layer), html.EscapeString(r.Kind), shapeText(r.Shape), r.Parameters, html.EscapeString(r.From))
	}
	fmt.Fprintf(&b, "<tr><td colspan=\"5\">trained parameters: %d of %d (%s)</td></tr>\n</table>\n", s.Trained, s.All, bytesText(s.Bytes))
	return b.String()
}

func bytesText(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// Diagram returns the layers as boxes and arrows, for plots.DrawDiagram.
func (m *Model) Diagram() diagram.Diagram {
	s := m.Summary()
	d := diagram.Diagram{Title: fmt.Sprintf("%s, %d parameters", s.Name, s.All)}
	for i, r := range s.Rows {
		d.Nodes = append(d.Nodes, diagram.Node{Lines: []string{r.Kind, shapeText(r.Shape)}, Group: r.Layer, Leaf: m.net.Stages[i].Input})
		for _, f := range m.net.Stages[i].From {
			d.Edges = append(d.Edges, [2]int{f, i})
		}
	}
	return d
}

// Mermaid returns the layers as a Mermaid flow chart.
func (m *Model) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i, r := range m.Summary().Rows {
		fmt.Fprintf(&b, "  s%d[\"%s<br/>%s<br/>%s\"]\n", i, r.Layer, r.Kind, shapeText(r.Shape))
		for _, f := range m.net.Stages[i].From {
			fmt.Fprintf(&b, "  s%d --> s%d\n", f, i)
		}
	}
	return b.String()
}

// DOT returns the layers as a Graphviz digraph.
func (m *Model) DOT() string {
	var b strings.Builder
	b.WriteString("digraph model {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n")
	for i, r := range m.Summary().Rows {
		fmt.Fprintf(&b, "  s%d [label=%q];\n", i, r.Layer+"\n"+r.Kind+"\n"+shapeText(r.Shape))
		for _, f := range m.net.Stages[i].From {
			fmt.Fprintf(&b, "  s%d -> s%d;\n", f, i)
		}
	}
	b.WriteString("}\n")
	return b.String()
}
