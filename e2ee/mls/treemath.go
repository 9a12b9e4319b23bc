package mls

import "math/bits"

// Nodes of a tree are numbered from left to right: leaf i is node 2i, parents
// have odd numbers (appendix C). The number of leaves is a power of two.

// nodeIndex is the number of a node.
type nodeIndex uint32

// nodeOf returns the node of leaf number leaf.
func nodeOf(leaf uint32) nodeIndex { return nodeIndex(2 * leaf) }

func (x nodeIndex) isLeaf() bool { return x&1 == 0 }

// leaf returns the leaf number of a leaf node.
func (x nodeIndex) leaf() uint32 { return uint32(x) / 2 }

// level returns the height of x above the leaves.
func (x nodeIndex) level() int { return bits.TrailingZeros32(^uint32(x)) }

// left and right return the children of a parent.
func (x nodeIndex) left() nodeIndex  { return x ^ 1<<(x.level()-1) }
func (x nodeIndex) right() nodeIndex { return x ^ 3<<(x.level()-1) }

// parent returns the node above x, which must not be the root.
func (x nodeIndex) parent() nodeIndex {
	k := x.level()
	return (x | 1<<k) &^ (1 << (k + 1))
}

// sibling returns the other child of the node above x, which must not be the
// root.
func (x nodeIndex) sibling() nodeIndex {
	if p := x.parent(); x < p {
		return p.right()
	} else {
		return p.left()
	}
}

// covers reports whether y is x or below it.
func (x nodeIndex) covers(y nodeIndex) bool {
	reach := nodeIndex(1)<<x.level() - 1
	return x-reach <= y && y <= x+reach
}

// rootOf returns the root of a tree of n leaves.
func rootOf(leaves int) nodeIndex { return nodeIndex(leaves - 1) }

// directPath returns the nodes above x up to the root (section 4.1).
func directPath(x nodeIndex, leaves int) []nodeIndex {
	var path []nodeIndex
	for root := rootOf(leaves); x != root; {
		x = x.parent()
		path = append(path, x)
	}
	return path
}

// commonAncestor returns the lowest node that covers both.
func commonAncestor(x, y nodeIndex) nodeIndex {
	for !x.covers(y) {
		x = x.parent()
	}
	return x
}
