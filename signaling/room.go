package signaling

import (
	"time"

	"paravent/signaling/wire"
)

// room is one meeting. Its fields belong to the goroutine in run; everybody
// else speaks to it through ask and post.
type room struct {
	id         roomID
	moderators moderatorsID // what the id is made of: connections read it too
	hub        *Hub
	inbox      chan event    // unbuffered: what was sent has been received
	done       chan struct{} // closed when the room has ended

	people  map[personID]*person // those who are in, connected or not
	waiting []*person            // those who wait to be let in, in order
	byMail  map[*mail]*person    // all of them who are connected
	byPeer  map[PeerID]*person
	tokens  map[tokenHash]*person // present and used ones
	group   group
	rules   *ruleset
	led     bool      // a moderator has come into it: it has a place on the server (Hub.lead)
	late    []*person // whose mail was full: to be removed once the event is handled
	changed bool      // who is in or waits, or by which rules: what follows is to be looked at

	arrived     uint64    // people let in so far
	unmoderated time.Time // since when no moderator is in; zero while one is
	warned      time.Time // when moderators were last told of a full lobby
}

// person is somebody in a room, or waiting to be let in.
type person struct {
	id        personID
	grant     *grant  // nil: not a moderator
	admission *order  // the Admit that let it in, if one did
	ticket    *ticket // nil: came without
	desktop   bool
	mail      *mail // nil while the connection is broken
	broke     time.Time
	left      bool // Left has been told; the token still lives
	turn      uint64
	peer      PeerID
	silenced  bool // as the media plane knows it
	tracks    []wire.Track
	token     tokenHash
	used      []tokenHash
	ready     bool
	watches   map[string]*wire.Watch // by slot, until ready
	seq       uint64                 // of its last order
	acts      bucket                 // orders, or knocks

	// Of one who waits:
	where      whereabouts // as it has been told
	told       []*grant    // whom to knock at, as it has been told
	boxes      map[publicKey][]byte
	keyPackage []byte // from Join, until let in
	generation *wire.GenerationProof
	passphrase *publicKey
	passed     []byte // the passphrase key that it was found to have
	mayKnock   bool   // it has not been slowed down
	returned   bool   // it has been in: messages may be on their way
	network    uint64 // forgotten once let in
}

// event is anything that reaches a room.
//
//sumtype:decl
type event interface{ event() }

// enter asks to come in; the proofs hold.
type enter struct {
	join    *wire.Join
	entry   *entry
	mail    *mail
	verdict chan error // takes one
}

// resume asks to go on with a stay.
type resume struct {
	resume  *wire.Resume
	hash    tokenHash
	mail    *mail
	verdict chan error // takes one
}

// say is a message from somebody who came in or waits.
type say struct {
	mail    *mail
	message wire.ClientMessage
}

// depart says that a connection has ended, by its own will for good or not.
type depart struct {
	mail *mail
	code wire.Close // what the browser is told, unless it has been told another
	good bool
}

// media is a report of the media plane about a peer.
type media struct {
	peer   PeerID
	report report
}

func (enter) event()  {}
func (resume) event() {}
func (say) event()    {}
func (depart) event() {}
func (media) event()  {}

func newRoom(h *Hub, id roomID, moderators moderatorsID, rules *ruleset) *room {
	return &room{
		id:         id,
		moderators: moderators,
		rules:      rules,
		hub:        h,
		inbox:      make(chan event),
		done:       make(chan struct{}),
		people:     make(map[personID]*person),
		byMail:     make(map[*mail]*person),
		byPeer:     make(map[PeerID]*person),
		tokens:     make(map[tokenHash]*person),
	}
}

// post hands an event over. It waits for the room and reports false when the
// room has ended.
func (r *room) post(e event) bool {
	select {
	case r.inbox <- e:
		return true
	case <-r.done:
		return false
	}
}

// ask posts an event and waits for the verdict on it: nil, a refusal, or
// errOver when the room had ended before it saw the event.
func (r *room) ask(e event, verdict <-chan error) error {
	if !r.post(e) {
		return errOver
	}
	select {
	case err := <-verdict:
		return err
	case <-r.done:
		select { // it may have answered just before
		case err := <-verdict:
			return err
		default:
			return ended(closeInternal)
		}
	}
}

// run serves the room until nobody is left in it or the server goes down. Its
// rules are kept a little longer.
func (r *room) run() {
	code := closeInternal // if something of ours breaks, nobody may stay in a broken room
	defer func() {
		_ = recover() // what broke could hold what people sent; it is told to nobody
		r.finish(code)
	}()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-r.hub.closing:
			code = wire.CloseRestarting
			return
		case <-timer.C:
		case e := <-r.inbox:
			if !r.handle(e, time.Now()) && len(r.late) == 0 {
				continue // the timer stays as it is
			}
		}
		if wake := r.settle(time.Now()); !wake.IsZero() {
			timer.Reset(time.Until(wake))
		} else {
			timer.Stop()
		}
		if len(r.people) == 0 && len(r.waiting) == 0 {
			code = wire.CloseEnded
			return
		}
	}
}

// finish ends what is left of the room.
func (r *room) finish(code wire.Close) {
	r.hub.forget(r, len(r.people)+len(r.waiting), r.tokens, code == wire.CloseEnded)
	close(r.done)
	for m := range r.byMail {
		m.end(code)
	}
	for peer := range r.byPeer {
		r.hub.media.Close(peer)
	}
}

// handle does what an event asks for. It reports whether that may have changed
// anything that settle looks at: it looks at everybody, and most events only
// pass something on.
func (r *room) handle(e event, now time.Time) (changes bool) {
	switch e := e.(type) {
	case enter:
		e.verdict <- r.enter(e, now)
	case resume:
		e.verdict <- r.resume(e, now)
	case say:
		if p := r.byMail[e.mail]; p != nil {
			changes = r.people[p.id] != p || !passes(e.message)
			r.say(p, e.message, now)
			return changes
		}
	case act:
		if p := r.byMail[e.mail]; p != nil {
			r.act(p, e.order, now)
		}
	case depart:
		if p := r.byMail[e.mail]; p != nil {
			r.depart(p, e, now)
		}
	case media:
		if p := r.byPeer[e.peer]; p != nil {
			r.hear(p, e.report)
		}
		return false
	}
	return true
}

// settle does what follows from the state of the room after an event, and
// says when to look again; zero: after the next event.
func (r *room) settle(now time.Time) (wake time.Time) {
	for again := true; again; again = r.changed || len(r.late) > 0 {
		r.removeLate(now)
		wake = r.expire(now)
		if r.changed {
			r.changed = false
			r.follow()
			r.reconsider(now)
		}
		wake = sooner(wake, r.moderate(now))
		wake = sooner(wake, r.order(now))
	}
	return wake
}

// order asks for the commit that is due.
func (r *room) order(now time.Time) (wake time.Time) {
	r.group.lapse(now)
	founder, forget, wake := r.group.regroup(now)
	if founder != nil {
		r.changed = true // nobody else is a member any more
		r.tellID(founder.id, &wire.Regroup{Found: true})
		for _, id := range forget {
			r.tellID(id, &wire.Regroup{})
		}
	}
	n, due := r.group.next(now)
	if n != nil {
		r.tellID(n.nominee, r.nominate(n))
	}
	return sooner(wake, due)
}

// nominate is what the nominee is told: whom to add and why it may, and whom
// to remove.
func (r *room) nominate(n *nomination) *wire.Nominate {
	m := &wire.Nominate{Epoch: n.epoch, DeadlineMs: int(nominationTime.Milliseconds())}
	for _, s := range n.adds {
		m.Adds = append(m.Adds, wire.Adding{Person: s.id[:], KeyPackage: s.keyPackage})
		if p := r.people[s.id]; p != nil && p.grant != nil {
			m.Grants = append(m.Grants, p.grant.raw)
		}
	}
	for _, a := range distinct(n.adds) {
		m.Admissions = append(m.Admissions, *a)
	}
	for _, s := range n.removes {
		m.Removes = append(m.Removes, s.id[:])
	}
	return m
}

// tell queues a message for one person. Somebody whose mail is full is removed
// once the event is handled: nobody is removed from under a loop.
func (r *room) tell(p *person, m wire.ServerMessage) {
	frame, err := wire.Encode(m)
	if err != nil {
		return // cannot be: all that is told came in through Decode or was checked
	}
	r.put(p, frame)
}

func (r *room) put(p *person, frame []byte) {
	if p.mail != nil && !p.mail.put(frame) {
		r.late = append(r.late, p)
	}
}

func (r *room) tellID(id personID, m wire.ServerMessage) {
	if p := r.people[id]; p != nil {
		r.tell(p, m)
	}
}

// tellOthers queues a message for everybody who is in but one.
func (r *room) tellOthers(but *person, m wire.ServerMessage) {
	frame, err := wire.Encode(m)
	if err != nil {
		return // as in tell
	}
	for _, p := range r.people {
		if p != but {
			r.put(p, frame)
		}
	}
}

// tellModerators queues a message for every moderator but one.
func (r *room) tellModerators(but *person, m wire.ServerMessage) {
	for _, p := range r.people {
		if p != but && p.grant != nil {
			r.tell(p, m)
		}
	}
}

// sooner is the earlier of two times of which either may be zero: never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
