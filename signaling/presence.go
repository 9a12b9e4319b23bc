package signaling

import (
	"crypto/rand"
	"slices"
	"time"

	"paravent/signaling/wire"
)

// enter lets a person in or lets it wait. The error is a refusal.
func (r *room) enter(e enter, now time.Time) error {
	p := newPerson(e)
	if old := r.waits(p.id); old != nil { // its browser asks again on another connection
		r.stopWaiting(old, wire.CloseReplaced)
	}
	if r.people[p.id] != nil {
		return refusal{code: wire.CodeTaken}
	}
	if err := r.checkModerator(e.entry); err != nil {
		return err
	}
	r.changed = true
	where, err := r.door(p, now)
	switch {
	case err != nil:
		return err
	case r.full(p):
		return refusal{code: wire.CodeFull}
	case where != inside && r.crowded(where, p.network):
		r.warnOfLobby(now)
		return refusal{code: wire.CodeBusy, wait: crowdedWait}
	}
	r.byMail[p.mail] = p
	r.hub.count(1)
	if where == inside {
		r.letIn(p, now)
	} else {
		r.wait(p, where)
	}
	return nil
}

func newPerson(e enter) *person {
	return &person{
		id:         personID(e.join.Person),
		grant:      e.entry.moderator,
		generation: e.entry.generation,
		passphrase: e.entry.passphrase,
		ticket:     e.entry.ticket,
		network:    e.entry.network,
		desktop:    e.join.Device == "desktop",
		keyPackage: e.join.KeyPackage,
		mail:       e.mail,
	}
}

// checkModerator looks at what only moderators show, and takes over the rules
// that one brings along.
func (r *room) checkModerator(e *entry) error {
	switch {
	case e.moderator == nil:
		return nil
	case withdrawn(e.moderator, r.rules.policy):
		return refusal{code: wire.CodeProof}
	case !r.rules.opened && !r.hub.opens(e):
		return refusal{code: wire.CodeHost}
	}
	if o := e.policy; o != nil && o.grant.holder {
		if policy, ok := o.statement.(*wire.Policy); ok {
			r.lay(o, policy)
		}
	}
	if withdrawn(e.moderator, r.rules.policy) {
		return refusal{code: wire.CodeProof}
	}
	if r.led = r.led || r.hub.lead(); !r.led {
		return refusal{code: wire.CodeBusy}
	}
	return nil
}

// letIn makes a person part of the room.
func (r *room) letIn(p *person, now time.Time) {
	r.unlist(p)
	r.arrived++
	p.turn, p.where, p.told, p.network = r.arrived, inside, nil, 0
	token := r.newToken(p)
	found := r.group.join(p.entrant(p.keyPackage), now)
	p.keyPackage = nil // the group has it
	r.tell(p, &wire.Joined{Token: token, Found: found, People: r.everybodyBut(p), Policy: r.rules.signed})
	r.people[p.id] = p
	r.openMedia(p)
	r.tellOthers(p, &wire.Arrived{Person: p.seen()})
	r.rules.opened = r.rules.opened || p.grant != nil
	r.changed = true
	r.tellModerated(p, now)
	if p.grant != nil {
		r.tellLobby(p)
	}
}

// entrant is what the group is told of a person.
func (p *person) entrant(keyPackage []byte) entrant {
	e := entrant{id: p.id, desktop: p.desktop, viewer: p.viewer(), keyPackage: keyPackage}
	if p.admission != nil {
		e.admission = &p.admission.signed
	}
	return e
}

// viewer says whether a person receives only. Moderators have no need of a
// ticket, whatever they came with.
func (p *person) viewer() bool { return p.ticket != nil && p.ticket.viewer && p.grant == nil }

// newToken gives a person the next resume token; the present one is used up.
func (r *room) newToken(p *person) []byte {
	token := make([]byte, wire.TokenSize)
	_, _ = rand.Read(token) // never fails
	if p.token != (tokenHash{}) {
		p.used = append(p.used, p.token)
	}
	if len(p.used) > usedTokens {
		delete(r.tokens, p.used[0])
		r.hub.unroute(p.used[0])
		p.used = slices.Delete(p.used, 0, 1)
	}
	p.token = hashToken(token)
	r.tokens[p.token] = p
	r.hub.route(p.token, r)
	return token
}

func (r *room) everybodyBut(p *person) []wire.Person {
	all := make([]wire.Person, 0, len(r.people))
	for _, o := range r.people {
		if o != p && !o.left {
			all = append(all, o.seen())
		}
	}
	return all
}

// seen is what others are told of a person.
func (p *person) seen() wire.Person {
	return wire.Person{ID: p.id[:], Moderator: p.grant != nil, Viewer: p.viewer(), Away: p.mail == nil, Tracks: p.tracks}
}

// resume goes on with a stay on a new connection. The old one may still seem
// to be there. The error is a refusal.
func (r *room) resume(e resume, now time.Time) error {
	p := r.tokens[e.hash]
	if p == nil {
		return refusal{code: wire.CodeExpired}
	}
	if p.token != e.hash {
		r.replayed(p)
		return refusal{code: wire.CodeExpired}
	}
	if r.rules.barred(p.ticket) {
		r.leave(p, wire.CloseEnded)
		return refusal{code: wire.CodeExpired}
	}
	wasAway, wasLeft := p.mail == nil, p.left
	if p.mail != nil {
		delete(r.byMail, p.mail)
		p.mail.end(wire.CloseReplaced)
	}
	p.mail, p.broke, p.left, r.changed = e.mail, time.Time{}, false, true
	r.byMail[p.mail] = p
	missed, member, found := r.group.resume(p.entrant(e.resume.KeyPackage), e.resume.Epoch, now)
	r.tell(p, &wire.Resumed{
		Token: r.newToken(p), Member: member, Found: found, People: r.everybodyBut(p), Policy: r.rules.signed,
	})
	for _, frame := range missed {
		r.put(p, frame)
	}
	r.tellModerated(p, now)
	if p.grant != nil {
		r.tellLobby(p)
	}
	switch {
	case wasLeft: // its media were closed, which its browser cannot know
		r.openMedia(p)
		r.tell(p, lostMessage(PublishConnection))
		r.tell(p, lostMessage(SubscribeConnection))
		r.tellOthers(p, &wire.Arrived{Person: p.seen()})
	case wasAway:
		r.tellOthers(p, &wire.Back{Person: p.id[:]})
	}
	return nil
}

// replayed ends the stay of somebody whose used token was shown: somebody has
// a copy, and nobody can tell who. Only moderators learn of it.
func (r *room) replayed(p *person) {
	r.tellModerators(p, &wire.Warned{Of: "replay", Person: p.id[:]})
	r.tell(p, &wire.Over{Why: "replayed"})
	r.leave(p, wire.CloseEnded)
}

// depart handles the end of a connection: for good, or a stay that may be
// resumed.
func (r *room) depart(p *person, e depart, now time.Time) {
	switch {
	case slices.Contains(r.waiting, p):
		r.stopWaiting(p, e.code)
	case e.good:
		r.leave(p, e.code)
	default:
		r.lose(p, e.code, now)
	}
}

// lose notes that a connection is no more.
func (r *room) lose(p *person, code wire.Close, now time.Time) {
	delete(r.byMail, p.mail)
	p.mail.end(code)
	p.mail, p.broke = nil, now
	r.group.lose(p.id)
	r.tellOthers(p, &wire.Away{Person: p.id[:]})
}

// removeLate ends the connections that do not read what they are told.
func (r *room) removeLate(now time.Time) {
	for len(r.late) > 0 { // removing one may find another
		p := r.late[0]
		r.late = slices.Delete(r.late, 0, 1) // clears what it leaves behind
		switch {
		case p.mail == nil || r.byMail[p.mail] != p: // gone already
		case r.people[p.id] == p:
			r.lose(p, wire.CloseSlow, now)
		default:
			r.stopWaiting(p, wire.CloseSlow)
		}
	}
}

// expire goes through those whose connection broke: after a while they have
// left for the others, later for themselves. It says when to look again.
func (r *room) expire(now time.Time) (wake time.Time) {
	for _, p := range r.people {
		if p.mail != nil {
			continue
		}
		if !p.left && !now.Before(p.broke.Add(leafGrace)) {
			p.left, r.changed = true, true
			r.group.leave(p.id, false)
			r.closeMedia(p)
			r.tellOthers(p, &wire.Left{Person: p.id[:]})
		}
		if !now.Before(p.broke.Add(resumeTime)) {
			r.leave(p, closeNormal)
			continue
		}
		if p.left {
			wake = sooner(wake, p.broke.Add(resumeTime))
		} else {
			wake = sooner(wake, p.broke.Add(leafGrace))
		}
	}
	return wake
}

// leave ends a stay for good.
func (r *room) leave(p *person, code wire.Close) {
	if r.people[p.id] != p {
		return
	}
	r.putOut(p)
	r.forget(p, code)
}

// putOut takes a person out of the room; its connection may wait in front of
// it again.
func (r *room) putOut(p *person) {
	delete(r.people, p.id)
	r.changed = true
	r.group.leave(p.id, true)
	r.closeMedia(p)
	if !p.left {
		r.tellOthers(p, &wire.Left{Person: p.id[:]})
	}
	r.forgetTokens(p)
}

// forget drops what is known of a person who is neither in nor waiting.
func (r *room) forget(p *person, code wire.Close) {
	if p.mail != nil {
		delete(r.byMail, p.mail)
		p.mail.end(code)
	}
	r.forgetTokens(p)
	r.hub.count(-1)
}

func (r *room) forgetTokens(p *person) {
	tokens := append(p.used, p.token)
	for _, token := range tokens {
		delete(r.tokens, token)
	}
	r.hub.unroute(tokens...)
	p.used, p.token = nil, tokenHash{}
}
