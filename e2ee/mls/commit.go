package mls

import "maps"

// commitContent is Commit (section 12.4).
type commitContent struct {
	proposals []proposal
	path      *updatePath // nil: none
}

func (r *reader) commitContent() *commitContent {
	c := &commitContent{}
	r.vector(func(r *reader) { c.proposals = append(c.proposals, r.proposalOrRef()) })
	if r.present() {
		c.path = r.updatePath()
	}
	return c
}

func (c *commitContent) append(b []byte) []byte {
	b = appendVector(b, c.proposals, func(b []byte, p proposal) []byte { return p.append(b) })
	if c.path == nil {
		return append(b, 0)
	}
	return c.path.append(append(b, 1))
}

// Change is what a commit is to change and to carry.
type Change struct {
	Removes           []uint32      // leaf numbers
	Adds              []*KeyPackage // read by ReadKeyPackage
	PSK               PSK
	AuthenticatedData []byte
}

// Pending is a commit of one's own. Next holds once the commit has been
// ordered; until then the group stays as it is.
type Pending struct {
	Commit  []byte // MLSMessage
	Welcome []byte // MLSMessage; nil when nobody is added
	Next    *Group
}

// proposals lists the change: Removes, Adds, the PSK under a fresh nonce.
func (c *Change) proposals() []proposal {
	var list []proposal
	for _, leaf := range c.Removes {
		list = append(list, removeProposal{leaf})
	}
	for _, k := range c.Adds {
		list = append(list, addProposal{k})
	}
	return append(list, pskProposal{pskID{kind: pskExternal, id: c.PSK.ID, nonce: random(hashSize)}})
}

// Commit makes a commit for the present epoch (section 12.4.1). It has a path
// unless it only adds.
func (g *Group) Commit(c *Change) (*Pending, error) {
	content := &commitContent{proposals: c.proposals()}
	a, err := g.apply(content.proposals, g.own)
	if err != nil {
		return nil, err
	}
	psk, err := pskSecret(a.psks, func([]byte) []byte { return c.PSK.Secret })
	if err != nil {
		return nil, err
	}
	p := &newPath{climbed: &climbed{commitSecret: make([]byte, hashSize)}}
	keys := maps.Clone(g.keys)
	if len(c.Removes) > 0 || len(c.Adds) == 0 {
		if p, content.path, err = g.path(a); err != nil {
			return nil, err
		}
		p.keep(g.own, keys)
	}
	if err := a.tree.checkKeys(); err != nil {
		return nil, err
	}
	m := &publicMessage{content: &framedContent{
		groupID:           g.context.groupID,
		epoch:             g.context.epoch,
		sender:            sender{senderMember, g.own},
		authenticatedData: c.AuthenticatedData,
		kind:              contentCommit,
		body:              content.append(nil),
		commit:            content,
	}}
	m.sign(g.signer, g.encoded())
	s, err := g.succeed(m, a.tree, keys, p.climbed.commitSecret, psk)
	if err != nil {
		return nil, err
	}
	m.confirmationTag = s.next.tag
	m.membershipTag = m.tag(g.secrets.membership, g.encoded())
	welcome, err := s.invite(a, p, psk)
	wipe(s.joiner, psk, p.climbed.commitSecret)
	wipe(p.climbed.secrets...)
	if err != nil {
		return nil, err
	}
	return &Pending{m.append(header(formatPublic)), welcome, s.next}, nil
}

// path renews the own path in the tree of a and seals it (section 7.5).
func (g *Group) path(a *applied) (*newPath, *updatePath, error) {
	p, err := a.tree.renew(place{g.context.groupID, g.own, g.signer})
	if err != nil {
		return nil, nil, err
	}
	context := g.provisional(a.tree)
	sealed, err := a.tree.seal(p, a.added, context.append(nil))
	return p, sealed, err
}

// keep puts the private keys of the path among those of the member at leaf own.
func (p *newPath) keep(own uint32, keys map[nodeIndex][]byte) {
	keys[nodeOf(own)] = p.leafKey
	for i, step := range p.steps {
		keys[step.node] = p.climbed.pairs[i].private
	}
}
