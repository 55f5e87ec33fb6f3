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

func (b *Builder) picture(outputs []*Node) picture {
	var p picture
	number := map[*Node]int{}
	name := map[*Node]string{}
	for n, leaf := range b.leaves {
		name[leaf] = n
	}
	for _, n := range below(outputs...) {
		number[n] = len(p.nodes)
		d := drawn{label: opName(n) + " " + dims(n.Shape())}
		switch o := n.Op().(type) {
		case *op:
			d.scope = o.path
		case nil:
			d.leaf = true
			full := name[n]
			if b.params.Get(full) != nil {
				if i := strings.LastIndex(full, "/"); i >= 0 {
					d.scope, full = full[:i], full[i+1:]
				}
			}
			d.label = full + " " + dims(n.Shape())
		default:
			d.scope = b.foreign[n]
		}
		p.nodes = append(p.nodes, d)
		for _, c := range children(n) {
			p.edges = append(p.edges, [2]int{number[c], number[n]})
		}
	}
	return p
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
	if !b.ready("Diagram", outputs...) {
		return diagram.Diagram{}
	}
	p := b.picture(outputs)
	d := diagram.Diagram{Edges: p.edges}
	for _, n := range p.nodes {
		d.Nodes = append(d.Nodes, diagram.Node{Lines: strings.SplitN(n.label, " ", 2), Group: n.scope, Leaf: n.leaf})
	}
	return d
}

// DOT returns the operations that the outputs depend on as a Graphviz digraph,
// a cluster for each scope; inputs, parameters and constants are boxes.
func (b *Builder) DOT(outputs ...*Node) string {
	if !b.ready("DOT", outputs...) {
		return ""
	}
	p := b.picture(outputs)
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
	if !b.ready("Mermaid", outputs...) {
		return ""
	}
	p := b.picture(outputs)
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
