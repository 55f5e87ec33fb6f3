package graph

import (
	"fmt"
	"strings"

	"github.com/seed732fc211/aegis/internal/diagram"
)

// picture is a graph ready to be drawn: nodes by scope, edges by number.
type picture struct {
	nodes []drawn
	edges [][2]int
}

type drawn struct {
	scope, label string
	leaf         bool
}

// picture draws what the outputs are computed from; ok is false after a mistake.
func (b *Builder) picture(outputs []*Node) (p picture, ok bool) {
	ops, err := b.Operations(outputs...)
	for i, o := range ops {
		d := drawn{label: o.Kind + " " + dims(o.Shape), scope: o.Path, leaf: len(o.Operands) == 0}
		if d.leaf {
			d.label = strings.TrimPrefix(o.Name, o.Path+"/") + " " + dims(o.Shape)
		}
		p.nodes = append(p.nodes, d)
		for _, k := range o.Operands {
			p.edges = append(p.edges, [2]int{k, i})
		}
	}
	return p, err == nil
}

// scopes returns the scopes in the order of their first node.
func (p picture) scopes() []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range p.nodes {
		if !seen[n.scope] {
			seen[n.scope] = true
			out = append(out, n.scope)
		}
	}
	return out
}

// Diagram returns the operations that the outputs depend on as boxes and arrows,
// which plots.DrawDiagram draws.
func (b *Builder) Diagram(outputs ...*Node) diagram.Diagram {
	p, ok := b.picture(outputs)
	if !ok {
		return diagram.Diagram{}
	}
	d := diagram.Diagram{Edges: p.edges}
	for _, n := range p.nodes {
		d.Nodes = append(d.Nodes, diagram.Node{Lines: strings.SplitN(n.label, " ", 2), Group: n.scope, Leaf: n.leaf})
	}
	return d
}

// DOT returns the operations that the outputs depend on as a Graphviz digraph,
// a cluster for each scope; inputs, parameters and constants are boxes.
func (b *Builder) DOT(outputs ...*Node) string {
	p, ok := b.picture(outputs)
	if !ok {
		return ""
	}
	var s strings.Builder
	s.WriteString("digraph graph_ {\n  rankdir=LR;\n")
	for k, scope := range p.scopes() {
		if scope != "" {
			fmt.Fprintf(&s, "  subgraph cluster_%d {\n  label=%q;\n", k, scope)
		}
		for i, n := range p.nodes {
			if n.scope != scope {
				continue
			}
			shape := "ellipse"
			if n.leaf {
				shape = "box"
			}
			fmt.Fprintf(&s, "  n%d [label=%q, shape=%s];\n", i, n.label, shape)
		}
		if scope != "" {
			s.WriteString("  }\n")
		}
	}
	for _, e := range p.edges {
		fmt.Fprintf(&s, "  n%d -> n%d;\n", e[0], e[1])
	}
	s.WriteString("}\n")
	return s.String()
}

// Mermaid returns the same picture as a Mermaid flow chart.
func (b *Builder) Mermaid(outputs ...*Node) string {
	p, ok := b.picture(outputs)
	if !ok {
		return ""
	}
	var s strings.Builder
	s.WriteString("flowchart LR\n")
	for k, scope := range p.scopes() {
		if scope != "" {
			fmt.Fprintf(&s, "  subgraph s%d[\"%s\"]\n", k, mermaidText(scope))
		}
		for i, n := range p.nodes {
			if n.scope != scope {
				continue
			}
			if n.leaf {
				fmt.Fprintf(&s, "  n%d[\"%s\"]\n", i, mermaidText(n.label))
			} else {
				fmt.Fprintf(&s, "  n%d([\"%s\"])\n", i, mermaidText(n.label))
			}
		}
		if scope != "" {
			s.WriteString("  end\n")
		}
	}
	for _, e := range p.edges {
		fmt.Fprintf(&s, "  n%d --> n%d\n", e[0], e[1])
	}
	return s.String()
}

// mermaidText escapes what would end a quoted label.
func mermaidText(s string) string { return strings.ReplaceAll(s, `"`, "#quot;") }
