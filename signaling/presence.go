package signaling

import (
	"crypto/rand"
	"slices"
	"time"

	"paravent/signaling/wire"
)

// enter lets a person in or lets it wait. The error is a refusal.
func (r *room) enter(e enter, now time.Time) error {
	if e.join.Replaces != nil {
		if old := r.tokens[hashToken(e.join.Replaces)]; old != nil {
			r.leave(old, wire.CloseReplaced)
		}
	}
	p := &person{
		id:         personID(e.join.Person),
		moderator:  e.join.Moderator != nil,
		desktop:    e.join.Device == "desktop",
		keyPackage: e.join.KeyPackage,
		mail:       e.mail,
	}
	r.replaceWaiting(p.id)
	if r.people[p.id] != nil {
		return refusal{code: wire.CodeTaken}
	}
	if r.full(p) {
		return refusal{code: wire.CodeFull}
	}
	r.byMail[p.mail] = p
	r.hub.count(1)
	if r.mayEnter(p) {
		r.letIn(p, now)
		return nil
	}
	r.waiting = append(r.waiting, p)
	r.tell(p, &wire.Waiting{For: "moderator"})
	return nil
}

// replaceWaiting drops a waiting person whose browser asks again on another
// connection. Nobody else has been told the id, so it is the same one.
func (r *room) replaceWaiting(id personID) {
	if i := slices.IndexFunc(r.waiting, func(p *person) bool { return p.id == id }); i >= 0 {
		r.stopWaiting(r.waiting[i], wire.CloseReplaced)
	}
}

// full says whether there is no place for a person. Those who wait take no
// place from a moderator, without whom they would wait for ever.
func (r *room) full(p *person) bool {
	n := len(r.people)
	if !p.moderator {
		n += len(r.waiting)
	}
	return n >= r.hub.limits.People
}

// mayEnter says whether a person may come in now: a moderator always, others
// while one is in, or has been within the resume time.
func (r *room) mayEnter(p *person) bool {
	if p.moderator {
		return true
	}
	for _, o := range r.people {
		if o.moderator {
			return true
		}
	}
	return false
}

// admit lets in everybody who waits and may enter by now.
func (r *room) admit(now time.Time) {
	if len(r.waiting) == 0 || !r.mayEnter(r.waiting[0]) {
		return
	}
	all := r.waiting
	r.waiting = nil
	for _, p := range all {
		if r.full(p) {
			r.tell(p, &wire.Refused{Code: wire.CodeFull})
			r.forget(p, wire.CloseRefused)
			continue
		}
		r.letIn(p, now)
	}
}

// letIn makes a person part of the room.
func (r *room) letIn(p *person, now time.Time) {
	token := r.newToken(p)
	found := r.group.join(p.id, p.desktop, p.keyPackage, now)
	p.keyPackage = nil // the group has it
	r.tell(p, &wire.Joined{Token: token, Found: found, People: r.everybodyBut(p)})
	r.people[p.id] = p
	r.openMedia(p)
	r.tellOthers(p, &wire.Arrived{Person: p.seen()})
}

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
	return wire.Person{ID: p.id[:], Moderator: p.moderator, Away: p.mail == nil, Tracks: p.tracks}
}

// resume goes on with a stay on a new connection. The old one may still seem
// to be there. The error is a refusal.
func (r *room) resume(e resume, now time.Time) error {
	p := r.tokens[e.hash]
	if p == nil {
		return refusal{code: wire.CodeExpired}
	}
	if p.token != e.hash { // used: somebody has a copy, and nobody can tell who
		r.leave(p, wire.CloseEnded)
		return refusal{code: wire.CodeExpired}
	}
	wasAway, wasLeft := p.mail == nil, p.left
	if p.mail != nil {
		delete(r.byMail, p.mail)
		p.mail.end(wire.CloseReplaced)
	}
	p.mail, p.broke, p.left = e.mail, time.Time{}, false
	r.byMail[p.mail] = p
	missed, member, found := r.group.resume(p.id, p.desktop, e.resume.Epoch, e.resume.KeyPackage, now)
	r.tell(p, &wire.Resumed{Token: r.newToken(p), Member: member, Found: found, People: r.everybodyBut(p)})
	for _, frame := range missed {
		r.put(p, frame)
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

// depart handles the end of a connection: for good, or a stay that may be
// resumed.
func (r *room) depart(p *person, good bool, now time.Time) {
	switch {
	case slices.Contains(r.waiting, p):
		r.stopWaiting(p, closeNormal)
	case good:
		r.leave(p, closeNormal)
	default:
		r.lose(p, closeNormal, now)
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
		r.late = r.late[1:]
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
			p.left = true
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
	delete(r.people, p.id)
	r.group.leave(p.id, true)
	r.closeMedia(p)
	if !p.left {
		r.tellOthers(p, &wire.Left{Person: p.id[:]})
	}
	r.forget(p, code)
}

func (r *room) stopWaiting(p *person, code wire.Close) {
	r.waiting = slices.DeleteFunc(r.waiting, func(o *person) bool { return o == p })
	r.forget(p, code)
}

// forget drops what is known of a person who is neither in nor waiting.
func (r *room) forget(p *person, code wire.Close) {
	if p.mail != nil {
		delete(r.byMail, p.mail)
		p.mail.end(code)
	}
	tokens := append(p.used, p.token)
	for _, token := range tokens {
		delete(r.tokens, token)
	}
	r.hub.unroute(tokens...)
	r.hub.count(-1)
}
