package graph_test

import (
	"strings"
	"testing"

	"github.com/seed732fc211/aegis/graph"
)

func TestPictures(t *testing.T) {
	b := graph.New(graph.NewParams(graph.Float32, 1), graph.Train)
	x := b.Input("x", 2, 3)
	l := b.Scope(`say "hello"`)
	y := l.Dense(x, l.Param("kernel", graph.Shape{3, 4}, graph.Weight{}), nil, graph.Relu)
	b.Exp(x) // y does not depend on it
	loss := b.Mean(y)
	for name, c := range map[string]struct {
		text  string
		parts []string
	}{
		"mermaid": {b.Mermaid(loss), []string{"flowchart LR\n", `subgraph s1["say #quot;hello#quot;"]`, `["kernel (3,4)"]`, `(["Dense (2,4)"])`, `["x (2,3)"]`, "n0 --> n2"}},
		"dot":     {b.DOT(loss), []string{"digraph", `label="say \"hello\"";`, `label="kernel (3,4)", shape=box`, `label="Dense (2,4)", shape=ellipse`, "n0 -> n2;"}},
	} {
		for _, p := range c.parts {
			if !strings.Contains(c.text, p) {
				t.Errorf("%s does not hold %q:\n%s", name, p, c.text)
			}
		}
		if strings.Contains(c.text, "Exp") {
			t.Errorf("%s shows an operation that the output does not depend on", name)
		}
	}
	if b.Add(nil, x); b.DOT(loss) != "" || b.Mermaid(loss) != "" {
		t.Error("a graph with a mistake was drawn")
	}
}
