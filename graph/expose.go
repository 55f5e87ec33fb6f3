package graph

import (
	"fmt"
	"slices"
)

// Expose names a node, below b's path, so that Node can find it ("encoder/1.LSTM/cell"),
// and returns it. The empty name stands for the path itself: the result of the layer being
// built there. When a layer is applied again (Again), the names keep referring to its
// first use.
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

// Node returns the node exposed under a name below b's path, or the input, parameter or
// constant of that name, for use as an additional output or to differentiate with respect
// to. An unknown name is a mistake.
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

// Exposed returns the exposed names in the order in which they were added.
func (b *Builder) Exposed() []string {
	if !b.made() {
		return nil
	}
	return slices.Clone(b.names)
}
