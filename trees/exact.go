package trees

import (
	"context"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// exactGrower grows trees of a forest on exact splits, one after another.
//
// In nodes of many rows every column's order is kept sorted, by dividing the
// parent's; in small nodes, or if only few columns are tried, the columns that are
// tried are sorted by rank.
type exactGrower struct {
	f       *forestFit
	random  *rand.PCG
	counts  []int32  // how often each row is in the bag
	local   []uint32 // of each row in the bag: its number among them
	rows    []uint32 // rows in the bag, in their order
	samples []sample // by number

	order   [][]uint64 // by column: rank<<32 | number, for each node sorted; nil if not kept
	members []uint32   // numbers, by node
	left    []uint8    // by number: whether the row goes left
	keys    []uint64   // scratch
	scratch []uint64
	columns []int32 // permuted while drawing

	tree       Tree
	gains      []float64
	stack      []part
	pure       []int32 // by class: its vector in Tree.Values plus 1
	classSums  []float64
	leftSums   []float64
	totalSum   float64
	allWeights float64
	binary     bool // two classes, or a regression: one sum describes a node
}

// sample is a row in the bag: its weight, and its class, or its weight times its
// target if one sum describes a node.
type sample struct{ w, v float64 }

// part is a node whose split is still to be sought.
type part struct {
	node     int32
	from, to int32
	depth    int32
	kept     bool // whether order is sorted for it
}

// smallNode is the number of rows up to which a column is sorted when it is tried.
const smallNode = 40

func newExactGrower(f *forestFit) *exactGrower {
	n, p := f.t.Len(), len(f.t.Columns)
	g := &exactGrower{
		f: f, counts: make([]int32, n), local: make([]uint32, n), columns: make([]int32, p), gains: make([]float64, p),
		binary: f.classes <= 2, classSums: make([]float64, f.classes), leftSums: make([]float64, f.classes), pure: make([]int32, f.classes),
	}
	// Keeping the order costs a pass over each column in every node; sorting, several
	// over each that is tried.
	if p <= 5*f.Columns {
		g.order = make([][]uint64, p)
	}
	return g
}

// grow grows a tree and says whether it was not interrupted.
func (g *exactGrower) grow(ctx context.Context, tree int) bool {
	g.random = g.f.draw(tree, g.counts)
	g.fill()
	g.tree = Tree{Nodes: append(g.tree.Nodes[:0], Node{}), Values: g.tree.Values[:0]}
	clear(g.gains)
	clear(g.pure)
	for j := range g.columns { // a tree depends on none that this goroutine grew before
		g.columns[j] = int32(j)
	}
	g.stack = append(g.stack[:0], part{to: int32(len(g.rows)), kept: g.order != nil})
	work := 0
	for len(g.stack) > 0 {
		p := g.stack[len(g.stack)-1]
		g.stack = g.stack[:len(g.stack)-1]
		if work += int(p.to-p.from) + 16; work > 1<<18/max(1, g.f.Columns) {
			work = 0
			if ctx.Err() != nil {
				return false
			}
		}
		g.divide(p)
	}
	return true
}

// result returns the tree and the share of each column in what its splits gained.
func (g *exactGrower) result() (Tree, []float64) {
	t := g.tree
	t.Nodes, t.Values = slices.Clone(t.Nodes), slices.Clone(t.Values)
	return t, normalised(slices.Clone(g.gains))
}

// fill readies the rows in the bag.
func (g *exactGrower) fill() {
	g.rows, g.samples, g.allWeights = g.rows[:0], g.samples[:0], 0
	w := weighted(g.f.t.Weights)
	for i, c := range g.counts {
		weight := float64(c) * w.of(i)
		if weight == 0 {
			g.counts[i] = 0
			continue
		}
		g.local[i] = uint32(len(g.rows))
		g.rows = append(g.rows, uint32(i))
		s := sample{weight, g.f.y[i]}
		if g.binary {
			s.v *= weight
		}
		g.samples = append(g.samples, s)
		g.allWeights += weight
	}
	m := len(g.rows)
	if cap(g.members) < m {
		size := m + m/16 // other bags are a little larger
		g.members, g.left = make([]uint32, size), make([]uint8, size)
		g.keys, g.scratch = make([]uint64, size), make([]uint64, size)
		for j := range g.order {
			g.order[j] = make([]uint64, size)
		}
	}
	g.members = g.members[:m]
	for i := range g.members {
		g.members[i] = uint32(i)
	}
	for j := range g.order {
		at := 0
		order := g.order[j]
		for _, key := range g.f.ranks[j].sorted {
			if row := uint32(key); g.counts[row] > 0 {
				order[at] = key>>32<<32 | uint64(g.local[row])
				at++
			}
		}
	}
}

// cut is a split of a part: the first rows of a column's order go left.
type cut struct {
	score    float64
	column   int32
	at       int // rows that go left
	from, to uint32
}

// divide splits a part, or makes a leaf of it.
func (g *exactGrower) divide(p part) {
	members := g.members[p.from:p.to]
	weight, pure := g.sum(members)
	n := len(members)
	node := &g.tree.Nodes[p.node]
	node.Cover = float32(weight)
	if pure || n < 2*g.f.MinLeaf || g.f.MaxDepth > 0 && int(p.depth) >= g.f.MaxDepth {
		g.leaf(node, members, weight)
		return
	}
	if p.kept && n <= smallNode {
		p.kept = false
	}
	best := g.best(p, weight)
	if best.at == 0 {
		g.leaf(node, members, weight)
		return
	}
	values := g.f.ranks[best.column].values
	*node = Node{
		Value: midpoint(values[best.from], values[best.to]), Feature: best.column, Left: int32(len(g.tree.Nodes)),
		Cover: node.Cover, MissingLeft: 2*best.at > n,
	}
	if gain := best.score - g.parentScore(weight); gain > 0 {
		g.gains[best.column] += gain
	}
	left := int(node.Left)
	g.tree.Nodes = append(g.tree.Nodes, Node{}, Node{})
	g.partition(p, best)
	middle := p.from + int32(best.at)
	g.stack = append(g.stack,
		part{int32(left + 1), middle, p.to, p.depth + 1, p.kept},
		part{int32(left), p.from, middle, p.depth + 1, p.kept})
}

// sum sums the samples of a node, and says whether all have one target.
func (g *exactGrower) sum(members []uint32) (weight float64, pure bool) {
	first := g.f.y[g.rows[members[0]]]
	pure = true
	if g.binary {
		sum := 0.0
		for _, m := range members {
			s := &g.samples[m]
			weight += s.w
			sum += s.v
			pure = pure && s.v == first*s.w
		}
		g.totalSum = sum
		return weight, pure
	}
	clear(g.classSums)
	for _, m := range members {
		s := &g.samples[m]
		weight += s.w
		g.classSums[int(s.v)] += s.w
		pure = pure && s.v == first
	}
	return weight, pure
}

// parentScore is what a cut's score is compared with.
func (g *exactGrower) parentScore(weight float64) float64 {
	if g.binary {
		return g.totalSum * g.totalSum / weight
	}
	squares := 0.0
	for _, c := range g.classSums {
		squares += c * c
	}
	return squares / weight
}

// leaf makes a node a leaf, with the mean target, or the classes' shares.
func (g *exactGrower) leaf(node *Node, members []uint32, weight float64) {
	node.Feature = -1
	if g.f.classes == 0 {
		if node.Value = g.totalSum / weight; len(members) == 1 {
			node.Value = g.f.y[g.rows[members[0]]]
		}
		return
	}
	if g.binary {
		g.classSums[1] = g.totalSum
		g.classSums[0] = weight - g.totalSum
	}
	one := -1 // the only class
	for c, w := range g.classSums {
		if w == weight {
			one = c
		}
	}
	if one >= 0 && g.pure[one] > 0 {
		node.Left = g.pure[one] - 1
		return
	}
	node.Left = int32(len(g.tree.Values) / g.f.classes)
	for _, w := range g.classSums {
		g.tree.Values = append(g.tree.Values, w/weight)
	}
	if one >= 0 {
		g.pure[one] = node.Left + 1
	}
}

// best returns the best cut of columns drawn without replacement: as many as wanted,
// and on until one is not constant. The first of equals is taken.
func (g *exactGrower) best(p part, weight float64) cut {
	var best cut
	varied := false
	for i := 0; i < len(g.columns) && (i < g.f.Columns || !varied); i++ {
		j := i
		if left := len(g.columns) - i; left > 1 {
			j += int(below(g.random, uint64(left)))
		}
		g.columns[i], g.columns[j] = g.columns[j], g.columns[i]
		column := g.columns[i]
		keys := g.sorted(p, column)
		if keys[0]>>32 == keys[len(keys)-1]>>32 {
			continue
		}
		varied = true
		before := best.score
		if best.at == 0 {
			before = -1
		}
		if score, at := g.scan(keys, weight, before); at > 0 {
			best = cut{score: score, column: column, at: at, from: uint32(keys[at-1] >> 32), to: uint32(keys[at] >> 32)}
		}
	}
	return best
}

// sorted returns the keys of a node in the order of a column.
func (g *exactGrower) sorted(p part, column int32) []uint64 {
	if p.kept {
		return g.order[column][p.from:p.to]
	}
	r := &g.f.ranks[column]
	keys := g.keys[:p.to-p.from]
	for i, m := range g.members[p.from:p.to] {
		keys[i] = uint64(r.ranks[g.rows[m]])<<32 | uint64(m)
	}
	sortKeys(keys, g.scratch, bits.Len(uint(len(r.values)-1)))
	return keys
}

// scan returns the best cut of a column with a score above the one given, at 0 if
// there is none.
func (g *exactGrower) scan(keys []uint64, weight, above float64) (float64, int) {
	if g.binary {
		return g.scanSums(keys, weight, above)
	}
	return g.scanClasses(keys, weight, above)
}

// scanSums scores a cut by the sum of squared sums of the targets over the weights,
// which falls as the squared error goes up, and for two classes Gini's impurity.
func (g *exactGrower) scanSums(keys []uint64, weight, top float64) (float64, int) {
	least, most := g.f.MinLeaf, len(keys)-g.f.MinLeaf
	found := 0
	total := g.totalSum
	sum, w := 0.0, 0.0
	rank := keys[0] >> 32
	for i, k := range keys {
		if next := k >> 32; next != rank {
			rank = next
			if i >= least {
				if i > most {
					break
				}
				rest, restWeight := total-sum, weight-w
				if score := sum*sum/w + rest*rest/restWeight; score > top {
					top, found = score, i
				}
			}
		}
		s := &g.samples[uint32(k)]
		sum += s.v
		w += s.w
	}
	return top, found
}

// scanClasses scores a cut by the sum over both sides of the squared weights of the
// classes, over the side's weight, which falls as Gini's impurity goes up.
func (g *exactGrower) scanClasses(keys []uint64, weight, top float64) (float64, int) {
	least, most := g.f.MinLeaf, len(keys)-g.f.MinLeaf
	found := 0
	left, total := g.leftSums, g.classSums
	clear(left)
	squares, restSquares, w := 0.0, 0.0, 0.0
	for _, c := range total {
		restSquares += c * c
	}
	rank := keys[0] >> 32
	for i, k := range keys {
		if next := k >> 32; next != rank {
			rank = next
			if i >= least {
				if i > most {
					break
				}
				if score := squares/w + restSquares/(weight-w); score > top {
					top, found = score, i
				}
			}
		}
		s := &g.samples[uint32(k)]
		c := int(s.v)
		l := left[c]
		squares += s.w * (2*l + s.w)
		restSquares -= s.w * (2*(total[c]-l) - s.w)
		left[c] = l + s.w
		w += s.w
	}
	return top, found
}

// partition puts the rows that go left first, in the members, and in the kept orders
// as well if a child may need them.
func (g *exactGrower) partition(p part, c cut) {
	r := g.f.ranks[c.column].ranks
	members := g.members[p.from:p.to]
	if p.kept {
		for i, k := range g.order[c.column][p.from:p.to] {
			side := uint8(0)
			if i < c.at {
				side = 1
			}
			g.left[uint32(k)] = side
		}
	} else {
		for _, m := range members {
			side := uint8(0)
			if r[g.rows[m]] <= c.from {
				side = 1
			}
			g.left[m] = side
		}
	}
	l, o := 0, 0
	moved := g.scratch[:len(members)]
	for _, m := range members {
		goes := int(g.left[m])
		members[l] = m
		moved[o] = uint64(m)
		l += goes
		o += 1 - goes
	}
	for i, m := range moved[:o] {
		members[l+i] = uint32(m)
	}
	if !p.kept || max(c.at, len(members)-c.at) <= smallNode {
		return
	}
	for j := range g.order {
		if int32(j) != c.column {
			g.divideOrder(g.order[j][p.from:p.to])
		}
	}
}

// divideOrder divides a sorted column by g.left, without a branch, which would be
// mispredicted.
func (g *exactGrower) divideOrder(keys []uint64) {
	moved := g.scratch[:len(keys)]
	l, o := 0, 0
	for _, k := range keys {
		goes := int(g.left[uint32(k)])
		keys[l] = k
		moved[o] = k
		l += goes
		o += 1 - goes
	}
	copy(keys[l:], moved[:o])
}
