package bot

import (
	"bytes"
	"crypto/ed25519"
	"slices"

	"paravent/e2ee/group"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

// rules is what this person knows of what moderators have said.
type rules struct {
	policy *wire.Policy                           // that holds; version 0 before any is known
	signed *wire.Signed                           // of it; nil: version 0
	modKEM []byte                                 // the moderators' KEM key, once a grant has shown it
	seen   map[[ed25519.PublicKeySize]byte]uint64 // the greatest number under each key
}

func (r *rules) init() {
	r.policy, r.seen = moderation.NoPolicy(), map[[ed25519.PublicKeySize]byte]uint64{}
}

// clonePolicy copies rules, so that their lists can be changed.
func clonePolicy(r *wire.Policy) *wire.Policy {
	next := *r
	if r.Generation != nil {
		g := *r.Generation
		next.Generation = &g
	}
	next.Speakers, next.Silenced = slices.Clone(r.Speakers), slices.Clone(r.Silenced)
	next.Dismissed, next.Barred = slices.Clone(r.Dismissed), slices.Clone(r.Barred)
	return &next
}

// permits is what media goroutines ask without going through the loop. It is
// never changed.
type permits struct {
	send [sources]bool
	show map[ID][sources]bool
}

// maySend says whether this person may send a source now.
func (p *Person) maySend(s Source) bool { return p.permits.Load().send[s] }

// mayShow says whether what somebody sends may be handed out.
func (p *Person) mayShow(id ID, s Source) bool { return p.permits.Load().show[id][s] }

// permit works out anew what everybody may send.
func (p *Person) permit() {
	next := &permits{show: make(map[ID][sources]bool, len(p.people))}
	for id, s := range p.people {
		if s.member && id != p.id && !s.removed {
			show := p.allowed(id, p.moderates(s), s.seat.Role == group.Viewer)
			show[Camera] = show[Camera] && (!p.rules.policy.Masked || s.media.Mask != "")
			next.show[id] = show
		}
	}
	next.send = p.allowed(p.id, p.isModerator(), p.viewer)
	// This kit covers no faces.
	next.send[Camera] = next.send[Camera] && !p.rules.policy.Masked
	// Others may not have heard of a removal: what is sent now could reach
	// whoever was put out.
	if p.rules.policy.Verify && !p.hasCompared() || len(p.orders.doubtful) > 0 {
		next.send = [sources]bool{}
	}
	p.permits.Store(next)
}

// hasCompared says whether the safety code was compared while all who are
// members now were there.
func (p *Person) hasCompared() bool {
	for key := range p.keysNow() {
		if !p.compared[key] {
			return false
		}
	}
	return p.epoch != nil
}

// allowed says what somebody may send by the rules (e2ee/PROTOCOL.md, "Roles").
func (p *Person) allowed(id ID, moderator, viewer bool) [sources]bool {
	if viewer {
		return [sources]bool{}
	}
	if moderator {
		return [sources]bool{true, true, true, true}
	}
	r := p.rules.policy
	speak := !contains(r.Silenced, id[:]) && (!r.Quiet || contains(r.Speakers, id[:]))
	return [sources]bool{Microphone: speak, Camera: true, Screen: r.Share, ScreenAudio: r.Share && speak}
}

func contains(list [][]byte, one []byte) bool {
	return slices.ContainsFunc(list, func(other []byte) bool { return bytes.Equal(other, one) })
}

// note remembers what every grant shows.
func (r *rules) note(g *moderation.Grant) { r.modKEM = g.Raw[32:64] }

// know takes over a policy, from wherever it comes, if it is authentic and
// follows the one that holds. It reports whether it does.
func (p *Person) know(signed *wire.Signed) bool {
	now := p.options.now()
	said, err := moderation.ReadSigned(signed, p.keys.room.ID, p.link.Moderators, now)
	if err != nil || !p.group.Know(signed, now) {
		return false
	}
	p.rules.note(said.Grant)
	// Its number counts from wherever it came.
	p.rules.seen[said.Grant.Key] = max(p.rules.seen[said.Grant.Key], moderation.SeqOf(said.Statement))
	before := p.rules.policy
	p.rules.policy, p.rules.signed = p.group.Policy(), signed
	p.events.put(Ruled{*p.rules.policy, *before})
	p.permit()
	p.showAll()
	p.ruled(said)
	return true
}

// Rules returns the rules that hold in the room.
func (p *Person) Rules() wire.Policy {
	var r wire.Policy
	if p.call(func() error { r = *p.rules.policy; return nil }) != nil {
		return *moderation.NoPolicy()
	}
	return r
}

// acted takes a statement of a moderator: one that Acted has brought, or a
// Remove that came with a commit. What is not authentic, was played before, or
// is by somebody whose grant was withdrawn, has no effect.
func (p *Person) acted(signed *wire.Signed) {
	said, err := moderation.ReadSigned(signed, p.keys.room.ID, p.link.Moderators, p.options.now())
	if err != nil || moderation.Withdrawn(said.Grant, p.rules.policy) {
		return
	}
	seq := moderation.SeqOf(said.Statement)
	if seq <= p.rules.seen[said.Grant.Key] {
		return
	}
	if _, policy := said.Statement.(*wire.Policy); policy {
		if !p.know(signed) {
			return
		}
	} else {
		p.group.Know(signed, p.options.now())
	}
	p.rules.seen[said.Grant.Key] = seq
	p.rules.note(said.Grant)
	p.events.put(Acted{p.ownerOf(said.Grant), said.Statement})
	p.carryOut(said)
	if said.Grant.Key == p.keys.public() {
		p.settle(seq, nil)
	}
	p.rotate()
}

// ownerOf returns who in the group has the key of a grant, or zero.
func (p *Person) ownerOf(g *moderation.Grant) ID {
	s := p.people[ID(g.Person)]
	if g.Key == p.keys.public() || s != nil && s.member && s.seat.Key == g.Key {
		return ID(g.Person)
	}
	return ID{}
}

// carryOut does what a statement asks of this person.
func (p *Person) carryOut(said *moderation.Said) {
	switch s := said.Statement.(type) {
	case *wire.Stop:
		mine := bytes.Equal(s.Person, p.id[:])
		if mine || s.Person == nil && !p.isModerator() {
			p.stop(s.Source)
		}
		if s.Source == "hand" {
			p.lower(s.Person)
		}
	case *wire.Appoint:
		p.appointed(s.Grant)
	case *wire.Note:
		if text, err := moderation.OpenNote(s.Box, p.keys.kem, p.keys.room.ID, p.id); err == nil {
			p.events.put(Noted{cleanText(text)})
		}
	case *wire.Remove:
		p.removed(s)
	case *wire.End:
		p.end(ErrEnded)
	case *wire.Policy, *wire.Admit, *wire.Deny:
		// The server carries these out, or the group.
	}
}

// removed ends this person if it is put out, and takes anybody else for gone
// until the commit comes that removes it.
func (p *Person) removed(r *wire.Remove) {
	id := ID(r.Person)
	delete(p.orders.doubtful, id)
	switch s := p.people[id]; {
	case id == p.id:
		p.end(map[string]error{"remove": ErrRemoved, "ban": ErrBanned, "lobby": ErrLobby}[r.How])
	case s != nil && s.member:
		s.removed = true
		p.permit()
	}
}

// stop turns something of this person's off. There is nothing that turns
// anything on.
func (p *Person) stop(what string) {
	if what == "hand" {
		if p.hand > 0 {
			p.hand = 0
			p.events.put(Lowered{})
		}
		return
	}
	for s := range Source(sources) {
		sound := what == "screen" && s == ScreenAudio
		if (s.String() == what || sound) && p.mids[s] != "" {
			go func() {
				p.media.up.stop(s)
				p.events.put(Stopped{s})
			}()
		}
	}
}

// lower takes the hands of others down.
func (p *Person) lower(person []byte) {
	for id, s := range p.people {
		if s.hand > 0 && (bytes.Equal(person, id[:]) || person == nil && !p.moderates(s)) {
			s.hand = 0
			p.events.put(Hand{id, false})
		}
	}
}

// appointed takes the grant of somebody who is a moderator from now on.
func (p *Person) appointed(raw []byte) {
	g, err := moderation.ReadGrant(raw, p.keys.room.ID, p.link.Moderators, p.options.now())
	if err != nil {
		return
	}
	if g.Key == p.keys.public() && ID(g.Person) == p.id {
		if p.keys.moderator == nil {
			p.keys.grant = raw
			p.events.put(Appointed{})
			p.permit()
		}
		return
	}
	if s := p.people[ID(g.Person)]; s != nil && s.member && s.seat.Key == g.Key {
		s.grant = g
		p.events.put(Introduced{p.shown(ID(g.Person))})
		p.permit()
	}
}
