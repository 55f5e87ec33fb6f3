package graph

import (
	"fmt"
	"slices"
)

// Expose gives a node the name below b's path by which Node finds it, such as
// "encoder/1.LSTM/cell", and returns it. An empty name stands for the path itself: the
// result of the layer that is built there. Where a layer is applied once more (Again), the
// names stay those of the first time.
func (b *Builder) Expose(name string, n *Node) *Node {
	if b.failed() || n == nil {
		return n
	}
	path := b.path
	if name != "" {
		path = join(path, name)
	}
	if _, taken := b.exposed[path]; taken {
		if !b.again {
			return b.fail("expose", fmt.Errorf("the name %q is taken", path))
		}
		return n
	}
	b.exposed[path] = n
	b.names = append(b.names, path)
	return n
}

// Node returns the node that was given a name below b's path, or the input, parameter or
// constant of that name: to be one more output, or to take gradients by. It is a mistake
// if there is none.
func (b *Builder) Node(name string) *Node {
	if b.failed() {
		return nil
	}
	path := join(b.path, name)
	if n, ok := b.exposed[path]; ok {
		return n
	}
	if n, ok := b.leaves[path]; ok {
		return n
	}
	return b.fail("node", fmt.Errorf("there is no node %q; there are %q", path, b.names))
}

// Exposed returns the names of Expose in the order in which they were given.
func (b *Builder) Exposed() []string {
	if !b.made() {
		return nil
	}
	return slices.Clone(b.names)
}
