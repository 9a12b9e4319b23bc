package signaling

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"paravent/signaling/wire"
)

// wait puts a person among those who wait. It has been counted.
func (r *room) wait(p *person, where whereabouts) {
	r.waiting = append(r.waiting, p)
	r.tellWaiting(p, where, r.knockable())
}

// tellWaiting tells a person what it waits for and whom to knock at, unless it
// knows.
func (r *room) tellWaiting(p *person, where whereabouts, grants []*grant) {
	if where != forAdmission {
		grants = nil
	}
	if p.where == where && slices.Equal(p.told, grants) {
		return
	}
	if where != forAdmission {
		r.unknock(p)
	}
	p.where, p.told = where, grants
	m := &wire.Waiting{For: where.word()}
	for _, g := range grants {
		m.Grants = append(m.Grants, g.raw)
	}
	r.tell(p, m)
}

// reconsider goes through those who wait, in order, after something has
// changed that may let them in, or no longer wait.
func (r *room) reconsider(now time.Time) {
	grants := r.knockable()
	for _, p := range slices.Clone(r.waiting) {
		if r.byMail[p.mail] != p {
			continue // its ticket has been shown anew meanwhile
		}
		where, err := r.door(p, now)
		if err == nil && where == inside && r.full(p) {
			err = refusal{code: wire.CodeFull}
		}
		switch {
		case err != nil:
			r.turnAway(p, err)
		case where == inside:
			r.letIn(p, now)
		default:
			r.tellWaiting(p, where, grants)
		}
	}
}

// turnAway refuses a person who has waited.
func (r *room) turnAway(p *person, err error) {
	if no, ok := errors.AsType[refusal](err); ok {
		r.tell(p, no.message())
	}
	r.stopWaiting(p, wire.CloseRefused)
}

// full says whether there is no place for a person. Those who wait take none:
// whoever has the link could fill the room with them. Nor does the operator's
// limit keep a moderator out, without whom everybody would wait for ever.
func (r *room) full(p *person) bool {
	if p.grant != nil {
		return len(r.people) >= mostPeople
	}
	return len(r.people) >= r.hub.limits.People
}

// crowded says whether nobody more from a network may wait for now. Before a
// moderator comes a whole class may wait behind one address; once somebody has
// to look at each of them, fewer.
func (r *room) crowded(where whereabouts, network uint64) bool {
	same := 0
	for _, o := range r.waiting {
		if o.network == network {
			same++
		}
	}
	if where == forModerator {
		return same >= earlyPerNetwork || len(r.waiting) >= earlyMost
	}
	return same >= lobbyPerNetwork || len(r.waiting) >= lobbyMost
}

// warnOfLobby tells moderators that people are turned away before they could
// knock.
func (r *room) warnOfLobby(now time.Time) {
	if !r.warned.IsZero() && now.Before(r.warned.Add(warnTime)) {
		return
	}
	r.warned = now
	r.tellModerators(nil, &wire.Warned{Of: "lobby"})
}

// knockable lists moderators to knock at: one for each key that knocks are
// sealed to, in the order in which they came. Those who may come back are
// among them, and get what was left for them.
func (r *room) knockable() []*grant {
	var all []*person
	for _, p := range r.people {
		if p.grant != nil && !p.left {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *person) int { return cmp.Compare(a.turn, b.turn) })
	var grants []*grant
	for _, p := range all {
		same := func(g *grant) bool { return g.kem == p.grant.kem }
		if len(grants) < mostGrants && !slices.ContainsFunc(grants, same) {
			grants = append(grants, p.grant)
		}
	}
	return grants
}

// knock takes what somebody who waits has sealed for moderators, and hands it
// to them. It keeps it for those who come later. What is sealed to one key
// counts once: knocking again and again would bury the moderators in knocks.
func (r *room) knock(p *person, m *wire.Knock, now time.Time) {
	if p.where != forAdmission {
		return // nobody is there to open the door any more
	}
	if p.acts.add(1, knockRate, now) > knockBurst {
		r.stopWaiting(p, wire.CloseFlood)
		return
	}
	if p.boxes == nil {
		p.boxes = make(map[publicKey][]byte)
	}
	for key := range p.boxes {
		if !slices.ContainsFunc(p.told, func(g *grant) bool { return g.kem == key }) {
			delete(p.boxes, key)
		}
	}
	var fresh []publicKey
	for _, box := range m.Boxes {
		key := publicKey(box.KEMKey)
		if p.boxes[key] != nil || !slices.ContainsFunc(p.told, func(g *grant) bool { return g.kem == key }) {
			continue // there already, or that moderator has left meanwhile
		}
		p.boxes[key] = box.Sealed
		fresh = append(fresh, key)
	}
	for _, o := range r.people {
		if o.grant != nil && slices.Contains(fresh, o.grant.kem) {
			r.tellKnocked(o, p)
		}
	}
}

// tellKnocked tells a moderator of one who waits, if there is something for it.
func (r *room) tellKnocked(moderator, p *person) {
	sealed := p.boxes[moderator.grant.kem]
	if sealed == nil || p.where != forAdmission {
		return
	}
	m := &wire.Knocked{Person: p.id[:], KeyPackage: p.keyPackage, Sealed: sealed}
	if p.ticket != nil {
		m.Ticket = p.ticket.raw
	}
	r.tell(moderator, m)
}

// tellLobby tells a moderator who has come, or come back, of all who wait.
func (r *room) tellLobby(moderator *person) {
	for _, p := range r.waiting {
		r.tellKnocked(moderator, p)
	}
}

// unknock tells those who know of a knock that it is over.
func (r *room) unknock(p *person) {
	boxes := p.boxes
	p.boxes = nil
	for _, o := range r.people {
		if o.grant != nil && boxes[o.grant.kem] != nil {
			r.tell(o, &wire.Unknocked{Person: p.id[:]})
		}
	}
}

// waits finds somebody who waits.
func (r *room) waits(id personID) *person {
	if i := slices.IndexFunc(r.waiting, func(p *person) bool { return p.id == id }); i >= 0 {
		return r.waiting[i]
	}
	return nil
}

// stopWaiting ends the visit of somebody who waits.
func (r *room) stopWaiting(p *person, code wire.Close) {
	r.unlist(p)
	r.forget(p, code)
}

func (r *room) unlist(p *person) {
	r.unknock(p)
	r.waiting = slices.DeleteFunc(r.waiting, func(o *person) bool { return o == p })
}

// sendBack has people wait again who are not yet in the group when the rules
// have come to want a moderator's word, for nobody would add them.
func (r *room) sendBack() {
	for _, p := range r.people {
		vouched := !r.rules.barrier() || p.grant != nil || p.admission != nil
		if vouched && !r.rules.barred(p.ticket) {
			continue
		}
		keyPackage, outside := r.group.outsider(p.id)
		switch {
		case !outside:
		case p.mail == nil:
			r.leave(p, closeNormal)
		case keyPackage != nil: // without one it has yet to send it
			r.putOut(p)
			p.keyPackage, p.where, p.admission = keyPackage, nowhere, nil
			p.mayKnock, p.returned, p.ready = true, true, false
			r.waiting = append(r.waiting, p)
		}
	}
}
