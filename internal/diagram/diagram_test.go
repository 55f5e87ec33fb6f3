package diagram

import (
	"math"
	"testing"
)

// boxes returns a diagram of n nodes.
func boxes(n int, edges ...[2]int) Diagram { return Diagram{Nodes: make([]Node, n), Edges: edges} }

func TestLayout(t *testing.T) {
	for _, c := range []struct {
		name    string
		d       Diagram
		columns []float64
	}{
		{"chain", boxes(3, [2]int{0, 1}, [2]int{1, 2}), []float64{0, 1, 2}},
		{"leaf beside its use", boxes(4, [2]int{0, 1}, [2]int{1, 2}, [2]int{3, 2}), []float64{0, 1, 2, 1}},
		{"diamond with a short cut", boxes(4, [2]int{0, 1}, [2]int{1, 3}, [2]int{0, 2}, [2]int{2, 3}, [2]int{0, 3}), []float64{0, 1, 1, 2}},
		{"edges in any order", boxes(3, [2]int{1, 2}, [2]int{0, 1}), []float64{0, 1, 2}},
		{"alone", boxes(1), []float64{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := c.d.Layout()
			for i, want := range c.columns {
				if l.At[i].Column != want {
					t.Errorf("node %d is in column %v, want %v", i, l.At[i].Column, want)
				}
			}
			checkPlaces(t, c.d, l)
		})
	}
}

// checkPlaces wants nodes of a column at least 1 apart, within the height, and
// every path to go from column to column between its nodes.
func checkPlaces(t *testing.T, d Diagram, l Layout) {
	t.Helper()
	for i, p := range l.At {
		if p.Row < -1e-9 || p.Row > l.Rows-1+1e-9 {
			t.Errorf("node %d is at %v of %v rows", i, p.Row, l.Rows)
		}
		for j, q := range l.At[:i] {
			if p.Column == q.Column && math.Abs(p.Row-q.Row) < 1-1e-9 {
				t.Errorf("nodes %d and %d are %v apart", i, j, math.Abs(p.Row-q.Row))
			}
		}
	}
	for e, path := range l.Paths {
		if path[0] != l.At[d.Edges[e][0]] || path[len(path)-1] != l.At[d.Edges[e][1]] {
			t.Errorf("edge %d does not join its nodes", e)
		}
		for k := 1; k < len(path); k++ {
			if path[k].Column != path[k-1].Column+1 {
				t.Errorf("edge %d goes from column %v to %v", e, path[k-1].Column, path[k].Column)
			}
		}
	}
}

// TestNoNeedlessCrossing lays out two parallel chains whose nodes are named in
// an order that crosses them.
func TestNoNeedlessCrossing(t *testing.T) {
	d := boxes(6, [2]int{0, 3}, [2]int{1, 2}, [2]int{3, 4}, [2]int{2, 5})
	l := d.Layout()
	for k, pair := range [][2]int{{3, 2}, {4, 5}} {
		if (l.At[0].Row < l.At[1].Row) != (l.At[pair[0]].Row < l.At[pair[1]].Row) {
			t.Errorf("the chains cross in column %d", k+1)
		}
	}
	checkPlaces(t, d, l)
}
