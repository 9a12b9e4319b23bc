package mls

import (
	"bytes"
	"slices"
)

// hash returns the tree hash of the subtree at x (section 7.8). Hashes are kept
// in the tree, so it must not be called while another goroutine may: every tree
// of a group has its root hashed before anybody else sees it.
func (t *tree) hash(x nodeIndex) []byte {
	if t.hashes[x] == nil {
		t.hashes[x] = t.hashWithout(x, nil)
	}
	return t.hashes[x]
}

// rootHash returns the hash of the whole tree.
func (t *tree) rootHash() []byte { return t.hash(rootOf(t.leaves())) }

// hashWithout returns the tree hash of the subtree at x as if the leaves in
// without were not there.
func (t *tree) hashWithout(x nodeIndex, without []uint32) []byte {
	touched := slices.ContainsFunc(without, func(l uint32) bool { return x.covers(nodeOf(l)) })
	if !touched && t.hashes[x] != nil {
		return t.hashes[x]
	}
	if x.isLeaf() {
		return hash(appendLeafHashInput(nil, x.leaf(), t.nodes[x].leaf, touched))
	}
	left, right := t.hashWithout(x.left(), without), t.hashWithout(x.right(), without)
	if !touched {
		t.hashes[x.left()], t.hashes[x.right()] = left, right
	}
	p := t.nodes[x].parent
	if p != nil && touched {
		p = p.without(without)
	}
	return hash(appendParentHashInput(nil, p, left, right))
}

// appendLeafHashInput writes TreeHashInput of a leaf (section 7.8).
func appendLeafHashInput(b []byte, leaf uint32, l *leafNode, blank bool) []byte {
	b = appendU32(append(b, nodeTypeLeaf), leaf)
	if l == nil || blank {
		return append(b, 0)
	}
	return l.append(append(b, 1))
}

// appendParentHashInput writes TreeHashInput of a parent (section 7.8).
func appendParentHashInput(b []byte, p *parentNode, left, right []byte) []byte {
	b = append(b, nodeTypeParent)
	if p == nil {
		b = append(b, 0)
	} else {
		b = p.append(append(b, 1))
	}
	return appendOpaque(appendOpaque(b, left), right)
}

// parentHash returns the hash of ParentHashInput (section 7.9) for parent p,
// whose child sibling is off the path in question.
func (t *tree) parentHash(p *parentNode, sibling nodeIndex) []byte {
	b := appendOpaque(nil, p.encryptionKey)
	b = appendOpaque(b, p.parentHash)
	return hash(appendOpaque(b, t.hashWithout(sibling, p.unmerged)))
}

// parentHashes gives the parents on a filtered direct path their parent hashes,
// from the root down, and returns the leaf's (section 7.9). Their unmerged
// leaves must be empty already.
func (t *tree) parentHashes(path []pathStep) []byte {
	var above []byte
	for _, step := range slices.Backward(path) {
		p := &parentNode{encryptionKey: t.nodes[step.node].parent.encryptionKey, parentHash: above}
		t.set(step.node, node{parent: p})
		above = t.parentHash(p, step.copath)
	}
	return above
}

// carriedHash returns the parent hash that a node carries; nil if it has none.
// A leaf has one only after a commit of its own.
func (n node) carriedHash() []byte {
	switch {
	case n.parent != nil:
		return n.parent.parentHash
	case n.leaf != nil && n.leaf.source == sourceCommit:
		return n.leaf.parentHash
	default:
		return nil
	}
}

// checkParentHash checks that the parent at x is the end of a chain of parent
// hashes that begins at a leaf (section 7.9.2). As every parent is checked, one
// link each is enough: a node in the resolution of one child that carries the
// hash of x, where everything else in that resolution is unmerged at x.
func (t *tree) checkParentHash(x nodeIndex) error {
	p := t.nodes[x].parent
	for _, child := range []nodeIndex{x.left(), x.right()} {
		expected := t.parentHash(p, child.sibling())
		below := t.resolution(child)
		link := slices.IndexFunc(below, func(d nodeIndex) bool { return bytes.Equal(t.nodes[d].carriedHash(), expected) })
		if link < 0 {
			continue
		}
		if onlyUnmerged(slices.Delete(below, link, link+1), child, p.unmerged) {
			return nil
		}
	}
	return invalid("a parent node vouched for by its descendants")
}

// onlyUnmerged reports whether rest is exactly those of the unmerged leaves
// that lie below child.
func onlyUnmerged(rest []nodeIndex, child nodeIndex, unmerged []uint32) bool {
	under := 0
	for _, l := range unmerged {
		if child.covers(nodeOf(l)) {
			under++
		}
	}
	foreign := func(x nodeIndex) bool { return !x.isLeaf() || !slices.Contains(unmerged, x.leaf()) }
	return len(rest) == under && !slices.ContainsFunc(rest, foreign)
}
