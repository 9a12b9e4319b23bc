package mls

import (
	"slices"
)

// parentNode is ParentNode (section 7.1). Its values are never changed.
type parentNode struct {
	encryptionKey []byte
	parentHash    []byte
	unmerged      []uint32 // leaf numbers, rising
}

func (r *reader) parentNode() *parentNode {
	p := &parentNode{encryptionKey: r.opaque(), parentHash: r.opaque()}
	r.vector(func(r *reader) { p.unmerged = append(p.unmerged, r.u32()) })
	return p
}

func (p *parentNode) append(b []byte) []byte {
	b = appendOpaque(appendOpaque(b, p.encryptionKey), p.parentHash)
	return appendVector(b, p.unmerged, appendU32)
}

// withUnmerged returns p with leaf among its unmerged leaves.
func (p *parentNode) withUnmerged(leaf uint32) *parentNode {
	at, _ := slices.BinarySearch(p.unmerged, leaf)
	return &parentNode{p.encryptionKey, p.parentHash, slices.Insert(slices.Clone(p.unmerged), at, leaf)}
}

// without returns p without those of its unmerged leaves.
func (p *parentNode) without(leaves []uint32) *parentNode {
	rest := slices.DeleteFunc(slices.Clone(p.unmerged), func(l uint32) bool { return slices.Contains(leaves, l) })
	return &parentNode{p.encryptionKey, p.parentHash, rest}
}

// node is a node of the tree: a leaf, a parent, or blank.
type node struct {
	leaf   *leafNode
	parent *parentNode
}

func (n node) blank() bool { return n.leaf == nil && n.parent == nil }

func (n node) encryptionKey() []byte {
	switch {
	case n.leaf != nil:
		return n.leaf.encryptionKey
	case n.parent != nil:
		return n.parent.encryptionKey
	default:
		return nil
	}
}

// tree is a ratchet tree (section 4.1.2): 2n-1 nodes over n leaves, n a power
// of two, none of them further to the right than needed.
type tree struct {
	nodes  []node
	hashes [][]byte // tree hash of each node's subtree; nil where it is not known
}

func newTree(leaves int) *tree {
	return &tree{make([]node, 2*leaves-1), make([][]byte, 2*leaves-1)}
}

// clone copies the list of nodes; the nodes themselves are never changed.
func (t *tree) clone() *tree { return &tree{slices.Clone(t.nodes), slices.Clone(t.hashes)} }

func (t *tree) leaves() int { return (len(t.nodes) + 1) / 2 }

// leafAt returns the leaf with that number; nil if it is blank or outside.
func (t *tree) leafAt(leaf uint32) *leafNode {
	if uint64(leaf) >= uint64(t.leaves()) {
		return nil
	}
	return t.nodes[nodeOf(leaf)].leaf
}

func (t *tree) directPath(x nodeIndex) []nodeIndex { return directPath(x, t.leaves()) }

// set replaces a node and forgets the hashes of which it is a part.
func (t *tree) set(x nodeIndex, n node) {
	t.nodes[x] = n
	t.hashes[x] = nil
	for _, above := range t.directPath(x) {
		t.hashes[above] = nil
	}
}

// add puts a leaf at the leftmost blank place, at the right end if there is
// none, and returns its number (section 7.7).
func (t *tree) add(l *leafNode) uint32 {
	leaf := uint32(0)
	for t.leafAt(leaf) != nil {
		leaf++
	}
	if int(leaf) == t.leaves() {
		grown := newTree(2 * t.leaves())
		copy(grown.nodes, t.nodes)
		copy(grown.hashes, t.hashes)
		*t = *grown
	}
	at := nodeOf(leaf)
	t.set(at, node{leaf: l})
	for _, x := range t.directPath(at) {
		if p := t.nodes[x].parent; p != nil {
			t.nodes[x].parent = p.withUnmerged(leaf)
		}
	}
	return leaf
}

// remove blanks a leaf and all above it, and then drops the right half of the
// tree for as long as it is empty (section 7.7).
func (t *tree) remove(leaf uint32) {
	at := nodeOf(leaf)
	t.set(at, node{})
	t.blank(t.directPath(at))
	for t.leaves() > 1 && t.emptyFrom(uint32(t.leaves()/2)) {
		half := t.leaves() - 1
		t.nodes, t.hashes = t.nodes[:half], t.hashes[:half]
	}
}

// blank empties the nodes of a direct path.
func (t *tree) blank(path []nodeIndex) {
	for _, x := range path {
		t.nodes[x] = node{}
		t.hashes[x] = nil
	}
}

// emptyFrom reports whether all leaves from that number on are blank.
func (t *tree) emptyFrom(leaf uint32) bool {
	for ; int(leaf) < t.leaves(); leaf++ {
		if t.leafAt(leaf) != nil {
			return false
		}
	}
	return true
}

// resolution returns the nodes that together cover all members below x
// (section 4.1.2).
func (t *tree) resolution(x nodeIndex) []nodeIndex { return t.appendResolution(nil, x) }

func (t *tree) appendResolution(all []nodeIndex, x nodeIndex) []nodeIndex {
	n := t.nodes[x]
	switch {
	case n.leaf != nil:
		return append(all, x)
	case n.parent != nil:
		all = append(all, x)
		for _, leaf := range n.parent.unmerged {
			all = append(all, nodeOf(leaf))
		}
		return all
	case x.isLeaf():
		return all
	default:
		return t.appendResolution(t.appendResolution(all, x.left()), x.right())
	}
}

// pathStep is a node of a filtered direct path and its child off that path.
type pathStep struct {
	node, copath nodeIndex
}

// filteredPath returns the direct path of a leaf without the nodes whose child
// off the path covers nobody (section 4.1.2).
func (t *tree) filteredPath(leaf uint32) []pathStep {
	var path []pathStep
	below := nodeOf(leaf)
	for _, x := range t.directPath(below) {
		copath := below.sibling()
		if len(t.resolution(copath)) > 0 {
			path = append(path, pathStep{x, copath})
		}
		below = x
	}
	return path
}

// members returns all leaves that are not blank.
func (t *tree) members() []Member {
	var all []Member
	for leaf := range uint32(t.leaves()) {
		if l := t.leafAt(leaf); l != nil {
			all = append(all, Member{l.leaf(), leaf})
		}
	}
	return all
}

// Node types (section 7.8).
const (
	nodeTypeLeaf   = 1
	nodeTypeParent = 2
)

// readTree reads ratchet_tree<V>, the extension of section 12.4.3.3. What must
// hold of the tree, check says.
func readTree(b []byte) (*tree, error) {
	nodes, err := decode(b, "a ratchet tree", func(r *reader) []node {
		var all []node
		r.vector(func(r *reader) { all = append(all, r.node(len(all))) })
		return all
	})
	if err != nil {
		return nil, err
	}
	if len(nodes) == 0 || nodes[len(nodes)-1].blank() {
		return nil, invalid("a ratchet tree that ends with a node")
	}
	leaves := 1
	for 2*leaves-1 < len(nodes) {
		leaves *= 2
	}
	t := newTree(leaves)
	copy(t.nodes, nodes)
	return t, nil
}

// node reads optional<Node>, the one with number at.
func (r *reader) node(at int) node {
	if !r.present() {
		return node{}
	}
	kind := r.u8()
	switch isLeaf := at%2 == 0; {
	case kind == nodeTypeLeaf && isLeaf:
		return node{leaf: r.leafNode()}
	case kind == nodeTypeParent && !isLeaf:
		return node{parent: r.parentNode()}
	default:
		r.fail()
		return node{}
	}
}

// encode returns ratchet_tree<V>: all nodes up to the last that is not blank.
func (t *tree) encode() []byte {
	end := len(t.nodes)
	for end > 0 && t.nodes[end-1].blank() {
		end--
	}
	return appendVector(nil, t.nodes[:end], func(b []byte, n node) []byte {
		switch {
		case n.leaf != nil:
			return n.leaf.append(append(b, 1, nodeTypeLeaf))
		case n.parent != nil:
			return n.parent.append(append(b, 1, nodeTypeParent))
		default:
			return append(b, 0)
		}
	})
}
