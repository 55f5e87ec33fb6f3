package trees

import (
	"container/heap"
	"context"
	"math"
)

// grower grows trees leaf by leaf on one set of derivatives after another. It is
// used by one goroutine at a time.
type grower struct {
	b        *binned
	threads  int
	leaves   int
	maxDepth int
	minRows  int
	l2       float64
	rate     float64
	most     float64 // bound on the size of a leaf's value, before the rate

	splitters []splitter // by block
	bests     [][2]split // by block, of both children
	cells     []cell     // by row
	rows      []int32    // by leaf
	moved     []int32    // scratch of partition
	free      [][]cell   // histograms
	active    []bool     // columns that may be split on
	used      []int32    // training rows

	heap    leafHeap
	created int
	tree    Tree
	ends    []*leaf
	gains   []gain          // of the tree's splits
	ctx     context.Context // of the tree; asked by every block of columns
}

// gain is what a split on a column gained.
type gain struct {
	column int
	gain   float64
}

// leaf is a node that can still be split.
type leaf struct {
	node       int32
	from, to   int // its rows
	depth      int
	sum        cell
	cells      []cell // its histograms; nil once it is a leaf for good
	best       split
	order      int
	canBeSplit bool
}

// leafHeap has the leaf that gains most on top, the oldest of equals.
type leafHeap []*leaf

func (h leafHeap) Len() int      { return len(h) }
func (h leafHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h leafHeap) Less(i, j int) bool {
	if h[i].best.gain != h[j].best.gain {
		return h[i].best.gain > h[j].best.gain
	}
	return h[i].order < h[j].order
}
func (h *leafHeap) Push(x any) { *h = append(*h, x.(*leaf)) }
func (h *leafHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

// mostStep bounds the values of leaves that are log-odds or logarithms. The quadratic
// expansion says nothing of so long a step: in a leaf of confident mistakes gradients
// are near 1 and hessians near 0, and one leaf could move its rows by thousands.
// scikit-learn does not bound them, and loses its way on classes of few rows.
const mostStep = 50

func newGrower(b *binned, s *Boosting, link Link, threads int, used []int32) *grower {
	most := math.Inf(1)
	if link != Identity {
		most = mostStep
	}
	return &grower{
		b: b, threads: threads, leaves: s.Leaves, maxDepth: s.MaxDepth, minRows: s.MinLeaf, l2: s.L2, rate: s.LearningRate, most: most,
		splitters: make([]splitter, len(b.blocks)), bests: make([][2]split, len(b.blocks)),
		cells: make([]cell, b.rows), rows: make([]int32, len(used)), moved: make([]int32, len(used)),
		used: used,
	}
}

// grow grows a tree on g.cells, which sc scales, and returns it with its final
// leaves. active says which columns have a part; nil: all.
func (g *grower) grow(ctx context.Context, sc scale, active []bool) (*Tree, []*leaf, error) {
	for i := range g.splitters {
		g.splitters[i].scale, g.splitters[i].l2, g.splitters[i].minRows = sc, g.l2, g.minRows
	}
	g.active, g.ctx, g.gains = active, ctx, g.gains[:0]
	copy(g.rows, g.used)
	g.tree = Tree{Nodes: make([]Node, 1, 2*min(g.leaves, 4096)-1)}
	g.heap, g.ends, g.created = g.heap[:0], nil, 0
	root := &leaf{to: len(g.rows)}
	for _, r := range g.rows {
		root.sum.g += g.cells[r].g
		root.sum.hc += g.cells[r].hc
	}
	if g.open(root) {
		root.cells = g.histogram()
		g.search(root, nil, nil)
	}
	g.settle(root)
	for len(g.heap) > 0 && len(g.heap)+len(g.ends) < g.leaves && ctx.Err() == nil {
		g.divide(heap.Pop(&g.heap).(*leaf))
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	for _, l := range g.heap {
		g.end(l)
	}
	t := g.tree
	return &t, g.ends, nil
}

// open says whether a leaf may be split at all.
func (g *grower) open(l *leaf) bool {
	s := &g.splitters[0]
	l.canBeSplit = s.count(l.sum) >= 2*g.minRows && s.hessian(l.sum) >= minHessian && (g.maxDepth == 0 || l.depth < g.maxDepth)
	return l.canBeSplit
}

// settle puts a leaf that was searched on the heap, or ends it.
func (g *grower) settle(l *leaf) {
	l.order = g.created
	g.created++
	if !l.canBeSplit || !(l.best.gain > 0) {
		g.end(l)
		return
	}
	heap.Push(&g.heap, l)
}

// end makes a leaf final.
func (g *grower) end(l *leaf) {
	if l.cells != nil {
		g.free = append(g.free, l.cells)
		l.cells = nil
	}
	n := &g.tree.Nodes[l.node]
	n.Feature, n.Left = -1, 0
	n.Value = g.rate * max(-g.most, min(g.most, g.splitters[0].leafValue(l.sum)))
	g.ends = append(g.ends, l)
}

// histogram returns histograms with any content.
func (g *grower) histogram() []cell {
	if n := len(g.free); n > 0 {
		h := g.free[n-1]
		g.free = g.free[:n-1]
		return h
	}
	return make([]cell, g.b.cells)
}

// divide splits a leaf in two, and looks for the best splits of both.
func (g *grower) divide(l *leaf) {
	s := &l.best
	column := g.b.columns[s.column]
	right := cell{l.sum.g - s.left.g, l.sum.hc - s.left.hc}
	if !column.missing {
		s.missingLeft = g.splitters[0].count(s.left) > g.splitters[0].count(right)
	}
	middle := l.from + g.partition(g.rows[l.from:l.to], s)
	a := &leaf{from: l.from, to: middle, depth: l.depth + 1, sum: s.left, node: int32(len(g.tree.Nodes))}
	b := &leaf{from: middle, to: l.to, depth: l.depth + 1, sum: right, node: a.node + 1}
	g.note(l, a.node)
	g.tree.Nodes = append(g.tree.Nodes, Node{}, Node{})
	small, large := a, b
	if b.to-b.from < a.to-a.from {
		small, large = b, a
	}
	openSmall, openLarge := g.open(small), g.open(large)
	last := len(g.heap)+len(g.ends)+2 >= g.leaves
	if (openSmall || openLarge) && !last {
		g.search(small, large, l.cells)
	} else {
		g.free = append(g.free, l.cells)
	}
	l.cells = nil
	if last {
		a.canBeSplit, b.canBeSplit = false, false
	}
	g.settle(a)
	g.settle(b)
}

// note writes the node of a leaf that is split.
func (g *grower) note(l *leaf, left int32) {
	s := &l.best
	n := &g.tree.Nodes[l.node]
	n.Feature, n.Left, n.MissingLeft, n.Categorical = int32(s.column), left, s.missingLeft, s.categorical
	g.gains = append(g.gains, gain{s.column, s.gain})
	if s.categorical {
		n.Value = float64(len(g.tree.Sets) / 4)
		g.tree.Sets = append(g.tree.Sets, s.set[:]...)
		return
	}
	if thresholds := g.b.columns[s.column].thresholds; s.bin < len(thresholds) {
		n.Value = thresholds[s.bin]
	} else {
		n.Value = largest // only missing values go right
	}
}

// search finds the best splits of a root, or of two leaves whose histograms add up
// to their parent's. Each block of columns is a task of its own.
func (g *grower) search(small, large *leaf, parent []cell) {
	if small.cells == nil {
		small.cells = g.histogram()
	}
	rows := g.rows[small.from:small.to]
	if large != nil {
		large.cells = parent
	}
	threads := g.threads
	if len(rows)*len(g.b.columns)+2*g.b.cells < 30000 {
		threads = 1 // waking a thread takes longer
	}
	parallel(threads, len(g.b.blocks), func(i int) { g.searchBlock(i, small, large, rows) })
	small.best, large = g.choose(0), g.chosen(large)
	for _, l := range []*leaf{small, large} {
		if l != nil && !l.canBeSplit {
			g.free = append(g.free, l.cells)
			l.cells = nil
		}
	}
}

func (g *grower) chosen(large *leaf) *leaf {
	if large != nil {
		large.best = g.choose(1)
	}
	return large
}

// choose returns the best of the blocks' splits, that of the first column of equals.
func (g *grower) choose(child int) split {
	var best split
	for i := range g.bests {
		if g.bests[i][child].gain > best.gain {
			best = g.bests[i][child]
		}
	}
	return best
}

func (g *grower) searchBlock(i int, small, large *leaf, rows []int32) {
	block, s := &g.b.blocks[i], &g.splitters[i]
	g.bests[i] = [2]split{}
	if g.ctx.Err() != nil {
		return // grow returns the error
	}
	from, to := g.b.offsets[block.first], g.b.offsets[block.first+block.columns]
	clear(small.cells[from:to])
	block.add(small.cells, g.b.offsets, rows, g.cells)
	if large != nil {
		subtract(large.cells[from:to], small.cells[from:to])
	}
	for j := block.first; j < block.first+block.columns; j++ {
		if g.active != nil && !g.active[j] {
			continue
		}
		if small.canBeSplit {
			s.best(j, g.b.columns[j], small.cells[g.b.offsets[j]:], small.sum, &g.bests[i][0])
		}
		if large != nil && large.canBeSplit {
			s.best(j, g.b.columns[j], large.cells[g.b.offsets[j]:], large.sum, &g.bests[i][1])
		}
	}
}

// partition puts the rows that go left first, in their order, and returns how many
// they are.
func (g *grower) partition(rows []int32, s *split) int {
	words, shift := g.b.blockOf(s.column)
	left := s.goesLeft(g.b.columns[s.column])
	moved := g.moved[:len(rows)]
	l, r := 0, 0
	for _, row := range rows { // without a branch, which would be mispredicted
		goes := int(left[uint8(words[row]>>(shift&31))])
		rows[l] = row
		moved[r] = row
		l += goes
		r += 1 - goes
	}
	copy(rows[l:], moved[:r])
	return l
}
