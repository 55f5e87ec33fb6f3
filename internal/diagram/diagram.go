// Package diagram describes a picture of boxes and arrows, and lays it out: the
// boxes in columns from left to right, as Sugiyama, Tagawa & Toda (1981) do.
package diagram

import (
	"slices"
)

// Diagram is boxes and arrows without a cycle.
type Diagram struct {
	Title string
	Nodes []Node
	Edges [][2]int // from a node to another, by their indices
}

// Node is a box of a Diagram.
type Node struct {
	Lines []string // the text
	Group string   // the scope that the node belongs to; "": none
	Leaf  bool     // a value that comes from outside: an input, a parameter, a constant
}

// Layout is the places of a Diagram's nodes. A place is a column and a height,
// both counted from 0; the heights of a column's nodes are at least 1 apart.
type Layout struct {
	Columns int
	Rows    float64
	At      []Point   // one for each node
	Paths   [][]Point // one for each edge, from its first node to its last
}

// Point is a place.
type Point struct{ Column, Row float64 }

// place is a node, or a point in a column that an edge passes.
type place struct {
	column     int
	row        float64
	ins, outs  []int
	belongs    int // the node; -1: a point of an edge
	waypointOf int
}

// Layout lays the diagram out.
func (d Diagram) Layout() Layout {
	column := d.columns()
	places := make([]place, len(d.Nodes))
	for i, c := range column {
		places[i] = place{column: c, belongs: i, waypointOf: -1}
	}
	paths := make([][]int, len(d.Edges))
	join := func(a, b int) {
		places[a].outs = append(places[a].outs, b)
		places[b].ins = append(places[b].ins, a)
	}
	for e, edge := range d.Edges {
		path := []int{edge[0]}
		for c := column[edge[0]] + 1; c < column[edge[1]]; c++ {
			places = append(places, place{column: c, belongs: -1, waypointOf: e})
			join(path[len(path)-1], len(places)-1)
			path = append(path, len(places)-1)
		}
		join(path[len(path)-1], edge[1])
		paths[e] = append(path, edge[1])
	}
	l := Layout{At: make([]Point, len(d.Nodes)), Paths: make([][]Point, len(d.Edges))}
	for _, p := range places {
		l.Columns = max(l.Columns, p.column+1)
	}
	columns := make([][]int, l.Columns)
	for i, p := range places {
		columns[p.column] = append(columns[p.column], i)
	}
	order(places, columns)
	l.Rows = spread(places, columns)
	point := func(i int) Point { return Point{float64(places[i].column), places[i].row} }
	for i := range d.Nodes {
		l.At[i] = point(i)
	}
	for e, path := range paths {
		for _, i := range path {
			l.Paths[e] = append(l.Paths[e], point(i))
		}
	}
	return l
}

// columns puts each node one column behind the last of its sources, and each
// node without sources just before the first that needs it.
func (d Diagram) columns() []int {
	column := make([]int, len(d.Nodes))
	for range d.Nodes { // at most as many rounds as the longest path has nodes
		changed := false
		for _, e := range d.Edges {
			if column[e[1]] < column[e[0]]+1 {
				column[e[1]], changed = column[e[0]]+1, true
			}
		}
		if !changed {
			break
		}
	}
	fed, first := make([]bool, len(d.Nodes)), make([]int, len(d.Nodes))
	for i := range first {
		first[i] = -1
	}
	for _, e := range d.Edges {
		fed[e[1]] = true
		if first[e[0]] < 0 || column[e[1]] < first[e[0]] {
			first[e[0]] = column[e[1]]
		}
	}
	for i := range column {
		if !fed[i] && first[i] > 0 {
			column[i] = first[i] - 1
		}
	}
	return column
}

// order sorts each column by the mean place of its neighbours in the column
// before and then behind, several times over, so that few edges cross.
func order(places []place, columns [][]int) {
	number := func(c []int) {
		for k, i := range c {
			places[i].row = float64(k)
		}
	}
	for _, c := range columns {
		number(c)
	}
	mean := func(list []int, otherwise float64) float64 {
		if len(list) == 0 {
			return otherwise
		}
		sum := 0.0
		for _, i := range list {
			sum += places[i].row
		}
		return sum / float64(len(list))
	}
	sweep := func(c []int, of func(p place) []int) {
		key := make(map[int]float64, len(c))
		for _, i := range c {
			key[i] = mean(of(places[i]), places[i].row)
		}
		slices.SortStableFunc(c, func(a, b int) int {
			switch {
			case key[a] < key[b]:
				return -1
			case key[a] > key[b]:
				return 1
			}
			return 0
		})
		number(c)
	}
	for range 8 {
		for _, c := range columns {
			sweep(c, func(p place) []int { return p.ins })
		}
		for k := len(columns) - 1; k >= 0; k-- {
			sweep(columns[k], func(p place) []int { return p.outs })
		}
	}
}

// spread moves the places of each column towards their neighbours, keeps them
// in order and at least 1 apart, and returns the height of the whole.
func spread(places []place, columns [][]int) float64 {
	for round := range 24 {
		for k := range columns {
			c := columns[k]
			if round%2 == 1 {
				c = columns[len(columns)-1-k]
			}
			pull(places, c)
		}
	}
	low, high := 0.0, 0.0
	for i, p := range places {
		if i == 0 || p.row < low {
			low = p.row
		}
		if i == 0 || p.row > high {
			high = p.row
		}
	}
	for i := range places {
		places[i].row -= low
	}
	return high - low + 1
}

// pull sets the rows of one column to the mean of their neighbours' as nearly as
// order and distance allow: least squares by pooling neighbours that would come
// too close (isotonic regression).
func pull(places []place, c []int) {
	type block struct {
		sum  float64
		size int
	}
	var blocks []block
	for k, i := range c {
		near := append(slices.Clone(places[i].ins), places[i].outs...)
		want := places[i].row
		if len(near) > 0 {
			want = 0
			for _, n := range near {
				want += places[n].row
			}
			want /= float64(len(near))
		}
		blocks = append(blocks, block{want - float64(k), 1})
		for n := len(blocks); n > 1 && blocks[n-1].sum/float64(blocks[n-1].size) < blocks[n-2].sum/float64(blocks[n-2].size); n = len(blocks) {
			blocks[n-2].sum += blocks[n-1].sum
			blocks[n-2].size += blocks[n-1].size
			blocks = blocks[:n-1]
		}
	}
	k := 0
	for _, b := range blocks {
		for range b.size {
			places[c[k]].row = b.sum/float64(b.size) + float64(k)
			k++
		}
	}
}
