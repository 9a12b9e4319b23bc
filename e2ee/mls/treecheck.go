package mls

import (
	"crypto/ed25519"
	"slices"
)

// check does what section 12.4.3.1 asks of a tree from a Welcome, for the group
// context that came with it.
func (t *tree) check(context *groupContext) error {
	if err := t.checkKeys(); err != nil {
		return err
	}
	if err := t.checkUnmerged(); err != nil {
		return err
	}
	if err := t.checkCredentials(); err != nil {
		return err
	}
	if !sameMAC(t.rootHash(), context.treeHash) {
		return invalid("the tree that the group agreed on")
	}
	for i, n := range t.nodes {
		x := nodeIndex(i)
		if n.parent != nil {
			if err := t.checkParentHash(x); err != nil {
				return err
			}
		}
		if n.leaf != nil {
			if err := n.leaf.check(context.extensions); err != nil {
				return err
			}
			if err := n.leaf.verify(context.groupID, x.leaf()); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkKeys checks that every key has its right size, that no encryption key
// occurs twice in the tree, parents included, and no signature key at two
// leaves (section 7.3).
func (t *tree) checkKeys() error {
	encryption := make(map[[kemSize]byte]bool, len(t.nodes))
	signature := make(map[[ed25519.PublicKeySize]byte]bool, t.leaves())
	for _, n := range t.nodes {
		if n.blank() {
			continue
		}
		key := n.encryptionKey()
		if len(key) != kemSize {
			return invalid("X25519 keys")
		}
		if encryption[[kemSize]byte(key)] {
			return invalid("encryption keys that occur once")
		}
		encryption[[kemSize]byte(key)] = true
		if n.leaf == nil {
			continue
		}
		if len(n.leaf.signatureKey) != ed25519.PublicKeySize {
			return invalid("Ed25519 keys")
		}
		if signature[[ed25519.PublicKeySize]byte(n.leaf.signatureKey)] {
			return invalid("signature keys that occur once")
		}
		signature[[ed25519.PublicKeySize]byte(n.leaf.signatureKey)] = true
	}
	return nil
}

// checkUnmerged checks the lists of unmerged leaves: rising, each leaf below
// its parent and not blank, and listed by every parent in between (section
// 12.4.3.1).
func (t *tree) checkUnmerged() error {
	for i, n := range t.nodes {
		if n.parent == nil {
			continue
		}
		for at, leaf := range n.parent.unmerged {
			if at > 0 && leaf <= n.parent.unmerged[at-1] {
				return invalid("unmerged leaves in order")
			}
			if t.leafAt(leaf) == nil || !nodeIndex(i).covers(nodeOf(leaf)) {
				return invalid("unmerged leaves below their parent")
			}
			if !t.listedUpTo(nodeIndex(i), leaf) {
				return invalid("an unmerged leaf listed on its whole way")
			}
		}
	}
	return nil
}

// listedUpTo reports whether every parent between leaf and x that is not blank
// has leaf among its unmerged ones.
func (t *tree) listedUpTo(x nodeIndex, leaf uint32) bool {
	for between := nodeOf(leaf).parent(); between != x; between = between.parent() {
		if p := t.nodes[between].parent; p != nil && !slices.Contains(p.unmerged, leaf) {
			return false
		}
	}
	return true
}

// checkCredentials checks that every leaf knows every type of credential in use
// (section 7.3).
func (t *tree) checkCredentials() error {
	used := map[uint16]bool{}
	for _, n := range t.nodes {
		if n.leaf != nil {
			used[n.leaf.credential.kind] = true
		}
	}
	for _, n := range t.nodes {
		for kind := range used {
			if n.leaf != nil && !slices.Contains(n.leaf.capabilities.credentials, kind) {
				return invalid("credentials that all members know")
			}
		}
	}
	return nil
}
