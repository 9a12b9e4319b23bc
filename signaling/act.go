package signaling

import (
	"slices"
	"time"

	"paravent/signaling/wire"
)

// act carries out an order. Its form and signatures hold; it has no effect if
// whoever sent it is not whoever signed it, is no moderator (any more) or may
// not order that, or if it has been played before.
func (r *room) act(p *person, o *order, now time.Time) {
	role := r.role(p)
	if role == roleWaiting {
		r.sayWaiting(p, nil, now)
		return
	}
	if p.acts.add(1, actRate, now) > actBurst {
		r.leave(p, wire.CloseFlood)
		return
	}
	g := o.grant
	if p.grant == nil || p.grant.key != g.key || g.person != p.id || !o.holds(now) || o.seq <= p.seq || !may(role, orderOf(o.statement)) {
		return
	}
	p.seq = o.seq
	if g.notAfter > p.grant.notAfter && g.kem == p.grant.kem {
		p.grant = g // made anew while it lasted
	}
	switch s := o.statement.(type) {
	case *wire.Policy:
		r.lay(o, s)
	case *wire.Admit:
		r.admit(o, s, now)
	case *wire.Deny:
		r.deny(o, s, now)
	case *wire.Note:
		r.note(p, o, s)
	case *wire.Remove:
		r.remove(p, o, s)
	case *wire.Stop: // nothing but a word to the browsers
		r.tellActed(o)
	case *wire.Appoint:
		r.appoint(o, now)
	case *wire.End:
		r.endForAll(o)
	}
}

// tellActed shows an order to everybody who is in, and to those who wait whom
// it concerns.
func (r *room) tellActed(o *order, concerned ...*person) {
	m := &wire.Acted{Signed: o.signed}
	r.tellOthers(nil, m)
	for _, p := range concerned {
		if r.people[p.id] != p {
			r.tell(p, m)
		}
	}
}

// lay makes a policy the room's, if it follows and its author may. Somebody
// who comes in may bring a holder's along: a room that the server has
// forgotten goes on under its rules.
func (r *room) lay(o *order, s *wire.Policy) {
	role := roleModerator
	if o.grant.holder {
		role = roleHolder
	}
	if !r.rules.follows(s, o.grant) || !r.mayLay(role, s) {
		return
	}
	r.rules.policy, r.rules.signed, r.rules.author = s, &o.signed, o.grant
	r.changed = true
	r.tellActed(o)
}

// mayLay says whether somebody in this role may lay this policy down.
func (r *room) mayLay(role role, s *wire.Policy) bool {
	if !may(role, doRules) || r.rules.renews(s) && !may(role, doRenew) {
		return false
	}
	return may(role, doUnseat) || !r.unseats(s)
}

// unseats says whether a policy bars somebody in the room who has the
// moderator link.
func (r *room) unseats(s *wire.Policy) bool {
	for _, p := range r.people {
		if p.grant != nil && p.grant.holder && withdrawn(p.grant, s) {
			return true
		}
	}
	return false
}

// follow has the people in the room follow its rules after something changed.
func (r *room) follow() {
	for _, p := range r.people {
		if p.grant != nil && withdrawn(p.grant, r.rules.policy) {
			p.grant = nil
		}
		if p.admission != nil && withdrawn(p.admission.grant, r.rules.policy) {
			p.admission = nil // if it has a leaf already, it stays
			r.group.unvouch(p.id)
		}
	}
	r.sendBack()
	for _, p := range r.people {
		r.silence(p)
	}
}

// silence tells the media plane whether a person may be heard.
func (r *room) silence(p *person) {
	on := p.grant == nil && r.rules.silences(p.id)
	if on != p.silenced && r.byPeer[p.peer] == p {
		p.silenced = on
		r.hub.media.Silence(p.peer, on)
	}
}

// admit lets in whom a moderator admits. The order is kept with each of them:
// whoever adds it to the group shows it to the others.
func (r *room) admit(o *order, s *wire.Admit, now time.Time) {
	var all []*person
	for _, a := range s.People {
		p := r.waits(personID(a.Person))
		if p != nil && p.where == forAdmission && p.viewer() == a.Viewer && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	if milliseconds(now.Add(-clockTime)) > s.Until {
		all = nil
	}
	r.tellActed(o, all...)
	for _, p := range all {
		if r.full(p) {
			r.turnAway(p, refusal{code: wire.CodeFull})
			continue
		}
		p.admission = o
		r.letIn(p, now)
	}
}

// deny turns somebody away who waits. The next from its network has to wait.
func (r *room) deny(o *order, s *wire.Deny, now time.Time) {
	p := r.waits(personID(s.Person))
	if p == nil {
		r.tellActed(o)
		return
	}
	r.tellActed(o, p)
	r.turnAway(p, refusal{code: wire.CodeDenied, wait: r.hub.wrong(knocks, r.id, p.network, now)})
}

// note passes a line on to somebody who waits.
func (r *room) note(by *person, o *order, s *wire.Note) {
	m := &wire.Acted{Signed: o.signed}
	r.tell(by, m)
	if p := r.waits(personID(s.Person)); p != nil {
		r.tell(p, m)
	}
}

// remove puts somebody out.
func (r *room) remove(by *person, o *order, s *wire.Remove) {
	p := r.people[personID(s.Person)]
	if p != nil && r.role(p) == roleHolder && !may(r.role(by), doUnseat) {
		return
	}
	r.tellActed(o)
	if p != nil {
		why := map[string]string{"remove": "removed", "ban": "banned", "lobby": "lobby"}[s.How]
		r.tell(p, &wire.Over{Why: why})
		r.leave(p, wire.CloseRemoved)
	}
}

// appoint makes somebody who is in a moderator. Everybody learns it from the
// order itself. Nobody is appointed with the holders' own KEM key, which would
// make it one of them.
func (r *room) appoint(o *order, now time.Time) {
	g := o.appointed
	p := r.people[g.person]
	if p == nil || p.viewer() || g.holder || p.grant != nil && p.grant.holder || withdrawn(g, r.rules.policy) || !g.holds(now) {
		return
	}
	r.tellActed(o)
	p.grant, r.changed = g, true
	r.tellLobby(p)
}

// endForAll ends the meeting, for those who wait as well.
func (r *room) endForAll(o *order) {
	r.tellActed(o, r.waiting...)
	r.end("ended")
	for _, p := range slices.Clone(r.waiting) {
		r.tell(p, &wire.Over{Why: "ended"})
		r.stopWaiting(p, wire.CloseEnded)
	}
}
