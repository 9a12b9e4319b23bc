package mls

import (
	"bytes"
	"crypto/ed25519"
	"slices"
)

// Group is one member's view of one epoch of a group.
type Group struct {
	context groupContext
	tree    *tree
	secrets secrets
	tag     []byte               // confirmation tag of the commit that led here
	own     uint32               // leaf number
	keys    map[nodeIndex][]byte // private keys of the own leaf and of nodes above it
	signer  ed25519.PrivateKey
}

// Found makes a group with its maker alone, at epoch 0 (section 11). The
// KeyPackage is used up.
func Found(groupID []byte, own *Own) (*Group, error) {
	t := newTree(1)
	t.set(0, node{leaf: own.pub.leafNode})
	context := groupContext{version: version10, suite: suite1, groupID: bytes.Clone(groupID), treeHash: t.rootHash()}
	epoch := random(hashSize)
	defer wipe(epoch, own.init)
	s, err := deriveSecrets(epoch)
	if err != nil {
		return nil, err
	}
	return &Group{
		context: context,
		tree:    t,
		secrets: s,
		tag:     mac(s.confirmation, nil),
		keys:    map[nodeIndex][]byte{0: own.leaf},
		signer:  own.signer,
	}, nil
}

// ID returns the group id. Callers must not change it.
func (g *Group) ID() []byte { return g.context.groupID }

// Epoch returns the number of the epoch, from 0.
func (g *Group) Epoch() uint64 { return g.context.epoch }

// Own returns this member's leaf number.
func (g *Group) Own() uint32 { return g.own }

// Extended reports whether the group context has extensions; the profile wants
// none.
func (g *Group) Extended() bool { return len(g.context.extensions) > 0 }

// Members returns every leaf that is not blank, by number.
func (g *Group) Members() []Member { return g.tree.members() }

// Export is MLS-Exporter (section 8.5); length is in bytes, at most 8160.
func (g *Group) Export(label string, context []byte, length int) ([]byte, error) {
	return export(g.secrets.exporter, label, context, length)
}

// Authenticator returns a copy of the epoch authenticator, 32 bytes (section
// 8.7).
func (g *Group) Authenticator() []byte { return bytes.Clone(g.secrets.authenticator) }

// Erase overwrites every secret that kept, the epoch that stays in use, does
// not share; kept may be nil. The group is of no use afterwards. The signature
// key is not the group's to erase.
func (g *Group) Erase(kept *Group) {
	wipe(g.secrets.all()...)
	for _, key := range g.keys {
		if kept == nil || !kept.uses(key) {
			wipe(key)
		}
	}
}

// uses reports whether key, as a place in memory, is one of the group's.
func (g *Group) uses(key []byte) bool {
	for _, k := range g.keys {
		if len(k) > 0 && len(key) > 0 && &k[0] == &key[0] {
			return true
		}
	}
	return false
}

// added is a new leaf and the KeyPackage it came from.
type added struct {
	leaf       uint32
	keyPackage *KeyPackage
}

// applied is what the proposals of a commit lead to.
type applied struct {
	tree    *tree
	added   []added
	removed []uint32
	psks    []pskID
}

// needsPath reports whether a commit with these proposals must have a path
// (section 12.4).
func (a *applied) needsPath() bool { return len(a.removed) > 0 || len(a.added)+len(a.psks) == 0 }

// apply checks proposals (section 12.2) and applies them to a copy of the tree:
// Removes first, then Adds in their order (section 12.3).
func (g *Group) apply(proposals []proposal, committer uint32) (*applied, error) {
	a := &applied{tree: g.tree.clone()}
	var adds []*KeyPackage
	for _, p := range proposals {
		switch p := p.(type) {
		case removeProposal:
			if p.leaf == committer || a.tree.leafAt(p.leaf) == nil || slices.Contains(a.removed, p.leaf) {
				return nil, invalid("removes of other members, once each")
			}
			a.removed = append(a.removed, p.leaf)
		case addProposal:
			adds = append(adds, p.keyPackage)
		case pskProposal:
			a.psks = append(a.psks, p.id)
		default:
			return nil, unsupported("inline adds, removes and psks")
		}
	}
	for _, leaf := range a.removed {
		a.tree.remove(leaf)
	}
	for _, k := range adds {
		if err := k.verify(g.context.extensions); err != nil {
			return nil, err
		}
		a.added = append(a.added, added{a.tree.add(k.leafNode), k})
	}
	return a, nil
}

// encoded returns the GroupContext of the present epoch.
func (g *Group) encoded() []byte { return g.context.append(nil) }

// provisional returns the GroupContext under which the path secrets of the next
// epoch travel (section 7.5): epoch and tree are the next, the transcript is
// not yet.
func (g *Group) provisional(next *tree) groupContext {
	context := g.context
	context.epoch++
	context.treeHash = next.rootHash()
	return context
}

// succession is the step from one epoch to the next.
type succession struct {
	next   *Group
	joiner []byte
}

// succeed derives the next epoch (section 8) from a signed commit and what it
// led to. The confirmation tag it computes is in next.tag.
func (g *Group) succeed(m *publicMessage, t *tree, keys map[nodeIndex][]byte, commitSecret, psk []byte) (*succession, error) {
	context := g.provisional(t)
	interim := interimHash(g.context.confirmedTranscriptHash, g.tag)
	context.confirmedTranscriptHash = confirmedHash(interim, formatPublic, m.content, m.signature)
	encoded := context.append(nil)
	joiner, err := joinerSecret(g.secrets.init, commitSecret, encoded)
	if err != nil {
		return nil, err
	}
	s, err := schedule(joiner, psk, encoded)
	if err != nil {
		return nil, err
	}
	next := &Group{
		context: context,
		tree:    t,
		secrets: s,
		tag:     mac(s.confirmation, context.confirmedTranscriptHash),
		own:     g.own,
		keys:    t.prune(g.own, keys),
		signer:  g.signer,
	}
	return &succession{next, joiner}, nil
}

// prune keeps the keys of a leaf and of those nodes above it that are not
// blank; others are of no use any more.
func (t *tree) prune(own uint32, keys map[nodeIndex][]byte) map[nodeIndex][]byte {
	kept := map[nodeIndex][]byte{}
	at := nodeOf(own)
	for _, x := range append(t.directPath(at), at) {
		if key := keys[x]; key != nil && !t.nodes[x].blank() {
			kept[x] = key
		}
	}
	return kept
}
