package graph

import "slices"

// task is a place in the order of a run: a node whose value is there from then on, computed from the
// values of earlier tasks, by their places.
type task struct {
	node *Node
	in   []int
}

// tasksOf returns the tasks of nodes that are in the order of a run.
func tasksOf(nodes []*Node) []task {
	index := make(map[*Node]int, len(nodes))
	out := make([]task, len(nodes))
	for i, n := range nodes {
		index[n] = i
		out[i].node = n
		for _, c := range children(n) {
			out[i].in = append(out[i].in, index[c])
		}
	}
	return out
}

// cheap are the kinds of operations that are computed twice if memory is saved by it: they pass over
// their operands once, and a gradient keeps their operands in any case.
var cheap = map[string]bool{"Gelu": true, "GeluTanh": true, "Silu": true, "Mish": true, "LayerNorm": true, "RMSNorm": true}

// worthwhile is from how many bytes in use at once on values are computed twice. Below, they lie in the
// caches.
const worthwhile = 16 << 20

// rematerialize returns tasks in which values that a gradient needs long after they were computed are
// computed a second time, where that lowers the most that is in use at once (Chen et al. 2016,
// arXiv:1604.06174). Values that are kept, or have a place already, stay as they are. No value lives
// longer by it, and none is another.
func (l *layout) rematerialize(tasks []task, kept map[*Node]bool) []task {
	for {
		u := l.usage(tasks, kept)
		at, most := u.peak()
		if most < worthwhile {
			return tasks
		}
		again := map[int]int{} // by task: where it is computed again
		for i, t := range tasks {
			o, ok := t.node.Op().(*op)
			if !ok || !cheap[o.kind] || l.of[t.node] != nil || kept[t.node] || i >= at || u.last[i] <= at {
				continue
			}
			back := u.readAfter(i, at)
			if back < 0 || slices.ContainsFunc(t.in, func(c int) bool { return u.last[u.root[c]] < back && l.of[tasks[c].node] == nil }) {
				continue
			}
			again[i] = back
		}
		if len(again) == 0 {
			return tasks
		}
		next := u.repeated(tasks, again, at)
		if _, now := l.usage(next, kept).peak(); now >= most {
			return tasks
		}
		tasks = next
	}
}

// usage is when the values of tasks are in use.
type usage struct {
	root    []int   // the task whose memory an alias is; of others the task itself
	last    []int   // by root: the last task that reads the value
	readers [][]int // by root: the tasks that read it, but for aliases
	bytes   []int   // by root; 0: it has a place of its own
	over    []bool  // by root: the value takes over the memory of an operand
}

func (l *layout) usage(tasks []task, kept map[*Node]bool) *usage {
	n := len(tasks)
	u := &usage{root: make([]int, n), last: make([]int, n), readers: make([][]int, n), bytes: make([]int, n), over: make([]bool, n)}
	for i, t := range tasks {
		u.root[i], u.last[i] = i, i
		o, ok := t.node.Op().(*op)
		alias := ok && o.alias && l.of[t.node] == nil
		for _, c := range t.in {
			r := u.root[c]
			u.last[r] = i
			if !alias {
				u.readers[r] = append(u.readers[r], i)
			}
		}
		switch {
		case alias:
			u.root[i] = u.root[t.in[0]]
		case l.of[t.node] == nil:
			u.bytes[i] = size(t.node.Shape()) * int(t.node.Dtype().Size())
		}
	}
	for i, t := range tasks {
		if r := u.root[i]; kept[t.node] { // an alias may be kept after its last reader
			u.last[r] = n
		}
	}
	for i, t := range tasks {
		if o, ok := t.node.Op().(*op); ok && u.bytes[i] > 0 {
			u.over[i] = slices.ContainsFunc(o.inPlace, func(k int) bool {
				r := u.root[t.in[k]]
				return u.last[r] == i && u.bytes[r] == u.bytes[i]
			})
		}
	}
	return u
}

// peak returns the task at which most memory is in use, and how many bytes of it.
func (u *usage) peak() (at, bytes int) {
	change := make([]int, len(u.root)+2)
	for i, b := range u.bytes {
		from := i
		if u.over[i] {
			from++ // at the task itself it is counted as the operand
		}
		change[from] += b
		change[max(from, u.last[i]+1)] -= b
	}
	now := 0
	for i, c := range change {
		if now += c; now > bytes {
			at, bytes = i, now
		}
	}
	return at, bytes
}

// readAfter returns the first reader of a value after a task, −1 if the task itself or none reads it.
func (u *usage) readAfter(value, at int) int {
	for _, r := range u.readers[value] {
		switch {
		case r == at:
			return -1
		case r > at:
			return r
		}
	}
	return -1
}

// repeated returns the tasks with copies of some before the given others; what comes after the task at
// reads the copies.
func (u *usage) repeated(tasks []task, again map[int]int, at int) []task {
	before := map[int][]int{}
	for i, back := range again {
		before[back] = append(before[back], i)
	}
	var out []task
	place, copied := make([]int, len(tasks)), map[int]int{}
	var read func(c int) int
	read = func(c int) int { // where the value of task c is found after at
		if _, ok := again[u.root[c]]; !ok {
			return place[c]
		}
		if p, ok := copied[c]; ok {
			return p
		}
		t := task{node: tasks[c].node}
		for _, d := range tasks[c].in {
			t.in = append(t.in, read(d))
		}
		out = append(out, t)
		copied[c] = len(out) - 1
		return copied[c]
	}
	for i, t := range tasks {
		list := before[i]
		slices.Sort(list)
		for _, c := range list {
			read(c)
		}
		in := make([]int, len(t.in))
		for k, c := range t.in {
			if in[k] = place[c]; i > at {
				in[k] = read(c)
			}
		}
		out = append(out, task{t.node, in})
		place[i] = len(out) - 1
	}
	return out
}
