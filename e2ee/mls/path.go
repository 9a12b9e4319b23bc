package mls

import (
	"bytes"
	"crypto/ed25519"
	"slices"
)

// updatePath is UpdatePath (section 7.6).
type updatePath struct {
	leaf  *leafNode
	nodes []pathNode
}

// pathNode is UpdatePathNode (section 7.6).
type pathNode struct {
	encryptionKey []byte
	secrets       []sealed
}

func (r *reader) updatePath() *updatePath {
	p := &updatePath{leaf: r.leafNode()}
	r.vector(func(r *reader) {
		n := pathNode{encryptionKey: r.opaque()}
		r.vector(func(r *reader) { n.secrets = append(n.secrets, r.sealed()) })
		p.nodes = append(p.nodes, n)
	})
	return p
}

func (p *updatePath) append(b []byte) []byte {
	return appendVector(p.leaf.append(b), p.nodes, func(b []byte, n pathNode) []byte {
		return appendVector(appendOpaque(b, n.encryptionKey), n.secrets, func(b []byte, s sealed) []byte { return s.append(b) })
	})
}

// pathLabel is that of encrypted path secrets.
const pathLabel = "UpdatePathNode"

// climbed is what follows from the path secret of one node of a path (section
// 7.4).
type climbed struct {
	pairs        []keyPair // of that node and those above it
	secrets      [][]byte  // path secrets of the same
	commitSecret []byte
}

// climb derives the keys of n nodes, one above the other, from the path secret
// of the lowest, which must be one at least.
func climb(secret []byte, n int) (*climbed, error) {
	c := &climbed{commitSecret: secret}
	for range n {
		c.secrets = append(c.secrets, c.commitSecret)
		nodeSecret, err := deriveSecret(c.commitSecret, "node")
		if err != nil {
			return nil, err
		}
		pair, err := deriveKeyPair(nodeSecret)
		wipe(nodeSecret)
		if err != nil {
			return nil, err
		}
		c.pairs = append(c.pairs, pair)
		if c.commitSecret, err = deriveSecret(c.commitSecret, "path"); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// climbKnown climbs the upper part of a path and compares every key with the
// one in the tree.
func (t *tree) climbKnown(path []pathStep, secret []byte) (map[nodeIndex][]byte, *climbed, error) {
	if len(secret) != hashSize {
		return nil, nil, invalid("a path secret")
	}
	c, err := climb(secret, len(path))
	if err != nil {
		return nil, nil, err
	}
	keys := make(map[nodeIndex][]byte, len(path))
	for i, step := range path {
		if !bytes.Equal(c.pairs[i].public, t.nodes[step.node].encryptionKey()) {
			return nil, nil, invalid("the announced keys of a path")
		}
		keys[step.node] = c.pairs[i].private
	}
	return keys, c, nil
}

// place is where and how a leaf is signed.
type place struct {
	groupID []byte
	leaf    uint32
	signer  ed25519.PrivateKey
}

// newPath is a fresh path of one's own, already part of the tree.
type newPath struct {
	steps   []pathStep
	leaf    *leafNode
	leafKey []byte // private
	climbed *climbed
}

// renew gives the leaf at p and the nodes of its filtered direct path fresh
// keys (section 7.5). With nobody else in the tree there is no path: the commit
// secret is then random, as it must be unknown to whoever has just been
// removed.
func (t *tree) renew(p place) (*newPath, error) {
	old := t.leafAt(p.leaf)
	steps := t.filteredPath(p.leaf)
	c, err := climb(random(hashSize), len(steps))
	if err != nil {
		return nil, err
	}
	pair, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	t.blank(t.directPath(nodeOf(p.leaf)))
	for i, step := range steps {
		t.set(step.node, node{parent: &parentNode{encryptionKey: c.pairs[i].public}})
	}
	l := newLeaf(old.credential.identity, old.signatureKey, pair.public)
	l.source = sourceCommit
	l.parentHash = t.parentHashes(steps)
	l.signature = signWithLabel(p.signer, leafLabel, l.signed(p.groupID, p.leaf))
	t.set(nodeOf(p.leaf), node{leaf: l})
	return &newPath{steps, l, pair.private, c}, nil
}

// seal encrypts the path secrets to everybody but the leaves just added, who
// get theirs in the Welcome (section 7.5). context is the provisional
// GroupContext, encoded.
func (t *tree) seal(p *newPath, added []added, context []byte) (*updatePath, error) {
	u := &updatePath{leaf: p.leaf}
	for i, step := range p.steps {
		n := pathNode{encryptionKey: p.climbed.pairs[i].public}
		for _, x := range t.recipients(step.copath, added) {
			s, err := encryptWithLabel(t.nodes[x].encryptionKey(), pathLabel, context, p.climbed.secrets[i])
			if err != nil {
				return nil, err
			}
			n.secrets = append(n.secrets, s)
		}
		u.nodes = append(u.nodes, n)
	}
	return u, nil
}

// recipients returns the resolution of x without the leaves just added.
func (t *tree) recipients(x nodeIndex, fresh []added) []nodeIndex {
	return slices.DeleteFunc(t.resolution(x), func(y nodeIndex) bool {
		return y.isLeaf() && slices.ContainsFunc(fresh, func(a added) bool { return a.leaf == y.leaf() })
	})
}

// merge puts somebody else's path into the tree (section 7.5), after the checks
// that need no private key, and returns its steps.
func (t *tree) merge(u *updatePath, sender uint32, context *groupContext, fresh []added) ([]pathStep, error) {
	l := u.leaf
	if l.source != sourceCommit || bytes.Equal(l.encryptionKey, t.leafAt(sender).encryptionKey) {
		return nil, invalid("a new leaf made for a commit")
	}
	if err := l.check(context.extensions); err != nil {
		return nil, err
	}
	if err := l.verify(context.groupID, sender); err != nil {
		return nil, err
	}
	steps := t.filteredPath(sender)
	if len(steps) != len(u.nodes) {
		return nil, invalid("a key for each node of the path")
	}
	t.blank(t.directPath(nodeOf(sender)))
	for i, step := range steps {
		if len(u.nodes[i].secrets) != len(t.recipients(step.copath, fresh)) {
			return nil, invalid("one secret for each node of the resolution")
		}
		t.set(step.node, node{parent: &parentNode{encryptionKey: u.nodes[i].encryptionKey}})
	}
	if !bytes.Equal(t.parentHashes(steps), l.parentHash) {
		return nil, invalid("a leaf that vouches for its path")
	}
	t.set(nodeOf(sender), node{leaf: l})
	return steps, nil
}

// open decrypts the path secret meant for the member at leaf own, whose private
// keys are keys, and returns it with the part of the path that it is for
// (section 7.5). context is the provisional GroupContext, encoded.
func (t *tree) open(u *updatePath, steps []pathStep, own uint32, keys map[nodeIndex][]byte, fresh []added, context []byte) (
	[]pathStep, []byte, error,
) {
	at := slices.IndexFunc(steps, func(s pathStep) bool { return s.node.covers(nodeOf(own)) })
	if at < 0 {
		return nil, nil, invalid("a path over this member")
	}
	for i, x := range t.recipients(steps[at].copath, fresh) {
		key := keys[x]
		if key == nil {
			continue
		}
		secret, err := decryptWithLabel(key, pathLabel, context, u.nodes[at].secrets[i])
		return steps[at:], secret, err
	}
	return nil, nil, invalid("a secret for this member")
}
