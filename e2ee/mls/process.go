package mls

import (
	"maps"
	"slices"
)

// Commit is a commit read, not yet believed: nothing in it has been verified
// but its form. Callers must not change it.
type Commit struct {
	GroupID           []byte
	Epoch             uint64
	Member            bool   // sent as a member, at leaf Sender
	Sender            uint32 // meaningless if not Member
	AuthenticatedData []byte
	Adds              []*KeyPackage
	Removes           []uint32
	PSKs              [][]byte // ids of external PSKs whose nonce has the right size
	Others            bool     // anything else is proposed, or anything by reference
	Path              *Leaf    // the committer's new leaf; nil: no path

	message *publicMessage
}

// ReadCommit reads a commit. Only a PublicMessage that holds one is a commit
// (section 6).
func ReadCommit(b []byte) (*Commit, error) {
	m, err := readMessage(b, formatPublic, "a public commit", (*reader).publicMessage)
	if err != nil {
		return nil, err
	}
	content := m.content
	if content.kind != contentCommit {
		return nil, malformed("a public commit")
	}
	c := &Commit{
		GroupID:           content.groupID,
		Epoch:             content.epoch,
		Member:            content.sender.kind == senderMember,
		Sender:            content.sender.index,
		AuthenticatedData: content.authenticatedData,
		message:           m,
	}
	for _, p := range content.commit.proposals {
		c.list(p)
	}
	if path := content.commit.path; path != nil {
		leaf := path.leaf.leaf()
		c.Path = &leaf
	}
	return c, nil
}

// list sorts a proposal into the commit's lists.
func (c *Commit) list(p proposal) {
	switch p := p.(type) {
	case addProposal:
		c.Adds = append(c.Adds, p.keyPackage)
	case removeProposal:
		c.Removes = append(c.Removes, p.leaf)
	case pskProposal:
		if p.id.sound() {
			c.PSKs = append(c.PSKs, p.id.id)
		} else {
			c.Others = true
		}
	default:
		c.Others = true
	}
}

// Process verifies somebody else's commit and returns the next epoch (section
// 12.4.2). The error wraps ErrRemoved when the commit removes this member.
func (g *Group) Process(c *Commit, psks Lookup) (*Group, error) {
	return g.process(c.message, c.message.content.commit.proposals, psks)
}

// process is Process with the proposals that the commit's list leads to.
func (g *Group) process(m *publicMessage, proposals []proposal, psks Lookup) (*Group, error) {
	content := m.content
	if string(content.groupID) != string(g.context.groupID) || content.epoch != g.context.epoch {
		return nil, wrongEpoch("a commit for this epoch")
	}
	if content.sender.kind != senderMember {
		return nil, unsupported("a commit of a member")
	}
	committer := g.tree.leafAt(content.sender.index)
	if committer == nil || content.sender.index == g.own {
		return nil, invalid("a commit of another member")
	}
	if err := m.verify(g.secrets.membership, g.encoded(), committer.signatureKey); err != nil {
		return nil, err
	}
	a, err := g.apply(proposals, content.sender.index)
	if err != nil {
		return nil, err
	}
	if content.commit.path == nil && a.needsPath() {
		return nil, invalid("a path")
	}
	if slices.Contains(a.removed, g.own) {
		return nil, &wanted{ErrRemoved, "a member who stays"}
	}
	psk, err := pskSecret(a.psks, psks)
	if err != nil {
		return nil, err
	}
	defer wipe(psk)
	return g.follow(m, a, psk)
}

// follow goes with a commit whose proposals have been applied.
func (g *Group) follow(m *publicMessage, a *applied, psk []byte) (*Group, error) {
	keys := maps.Clone(g.keys)
	commitSecret := make([]byte, hashSize)
	if path := m.content.commit.path; path != nil {
		c, err := g.receive(path, m.content.sender.index, a, keys)
		if err != nil {
			return nil, err
		}
		commitSecret = c.commitSecret
		wipe(c.secrets...)
	}
	defer wipe(commitSecret)
	if err := a.tree.checkKeys(); err != nil {
		return nil, err
	}
	s, err := g.succeed(m, a.tree, keys, commitSecret, psk)
	if err != nil {
		return nil, err
	}
	wipe(s.joiner)
	if !sameMAC(s.next.tag, m.confirmationTag) {
		return nil, invalid("a confirmation tag of the new epoch")
	}
	return s.next, nil
}

// receive puts a path into the tree of a and the private keys it gives this
// member into keys (section 7.5).
func (g *Group) receive(path *updatePath, sender uint32, a *applied, keys map[nodeIndex][]byte) (*climbed, error) {
	steps, err := a.tree.merge(path, sender, &g.context, a.added)
	if err != nil {
		return nil, err
	}
	context := g.provisional(a.tree)
	above, secret, err := a.tree.open(path, steps, g.own, keys, a.added, context.append(nil))
	if err != nil {
		return nil, err
	}
	got, c, err := a.tree.climbKnown(above, secret)
	if err != nil {
		return nil, err
	}
	maps.Copy(keys, got)
	return c, nil
}
