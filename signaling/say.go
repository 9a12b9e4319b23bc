package signaling

import (
	"cmp"
	"time"

	"paravent/signaling/wire"
)

// say acts on a message of somebody in the room. One that no browser can have
// had a reason to send ends its stay; one that came too late has no effect.
func (r *room) say(p *person, m wire.ClientMessage, now time.Time) {
	role := r.role(p)
	if role == roleWaiting {
		r.sayWaiting(p, m, now)
		return
	}
	switch m := m.(type) {
	case *wire.Ready:
		r.ready(p)
	case *wire.Commit:
		r.commit(p, m, now)
	case *wire.Resync:
		r.group.resync(p.id, m.KeyPackage)
		r.changed = true
	case *wire.Data:
		r.relay(p, m)
	case *wire.Publish:
		if may(role, doPublish) {
			r.hub.media.Publish(p.peer, m.SDP, m.Restart)
		} else {
			r.tell(p, lostMessage(PublishConnection))
		}
	case *wire.Subscribe:
		r.hub.media.Subscribe(p.peer, cmp.Or(m.Pictures, usualPictures))
	case *wire.Answer:
		r.hub.media.Answer(p.peer, m.SDP)
	case *wire.Watch:
		r.watch(p, m)
	case *wire.Knock: // it has been let in meanwhile
	case *wire.Join, *wire.Resume, *wire.Act, *wire.Leave, *wire.Ping: // a connection's own business
	}
}

// passes says whether all that comes of a message of somebody who is in is that
// it is passed on: to the media plane, or to others.
func passes(m wire.ClientMessage) bool {
	switch m.(type) {
	case *wire.Ready, *wire.Data, *wire.Publish, *wire.Subscribe, *wire.Answer, *wire.Watch:
		return true
	case *wire.Join, *wire.Resume, *wire.Commit, *wire.Resync, *wire.Knock, *wire.Act, *wire.Leave, *wire.Ping:
	}
	return false
}

// sayWaiting acts on a message of somebody who waits. Whoever has not been in
// can only knock; what others sent before they were put out has no effect.
func (r *room) sayWaiting(p *person, m wire.ClientMessage, now time.Time) {
	switch k, ok := m.(*wire.Knock); {
	case ok:
		r.knock(p, k, now)
	case !p.returned:
		r.stopWaiting(p, wire.CloseMalformed)
	}
}

// commit has the group decide and tells everybody.
func (r *room) commit(p *person, c *wire.Commit, now time.Time) {
	ruling := r.group.commit(p.id, c, now)
	if !ruling.accepted {
		r.tell(p, &wire.Rejected{Epoch: c.Epoch})
		return
	}
	frame, err := wire.Encode(&wire.Committed{Epoch: c.Epoch, Commit: c.Commit})
	if err != nil {
		return // as in tell
	}
	r.changed = true // who is a member
	r.group.record(frame, now)
	for _, id := range ruling.told {
		if o := r.people[id]; o != nil {
			r.put(o, frame)
		}
	}
	if len(ruling.welcomed) > 0 {
		r.welcome(ruling.welcomed, c)
	}
	for _, id := range ruling.expelled {
		if o := r.people[id]; o != nil {
			r.leave(o, wire.CloseMalformed)
		}
	}
}

func (r *room) welcome(added []personID, c *wire.Commit) {
	frame, err := wire.Encode(&wire.Welcome{Epoch: c.Epoch + 1, Welcome: c.Welcome})
	if err != nil {
		return // as in tell
	}
	for _, id := range added {
		if o := r.people[id]; o != nil {
			r.put(o, frame)
		}
	}
}

// relay passes a data message on to members of the group.
func (r *room) relay(p *person, m *wire.Data) {
	if !r.group.member(p.id) {
		return
	}
	frame, err := wire.Encode(&wire.Relayed{From: p.id[:], Body: m.Body})
	if err != nil {
		return // as in tell
	}
	if m.To != nil {
		if to := r.people[personID(m.To)]; to != nil && to != p && r.group.member(to.id) {
			r.put(to, frame)
		}
		return
	}
	for _, s := range r.group.seats {
		if to := r.people[s.id]; s.member && to != nil && to != p {
			r.put(to, frame)
		}
	}
}

// ready lets a person have media, and first what it has asked for already.
func (r *room) ready(p *person) {
	p.ready = true
	watches := p.watches
	p.watches = nil
	for _, m := range watches {
		r.watch(p, m)
	}
}

// watch passes on what a slot is to show. Whoever has not been Ready is sent
// nothing yet.
func (r *room) watch(p *person, m *wire.Watch) {
	if !p.ready {
		r.hold(p, m)
		return
	}
	var publisher PeerID
	if m.Person != nil {
		o := r.people[personID(m.Person)]
		if o == nil || o == p || o.left {
			return // it has left meanwhile
		}
		publisher = o.peer
	}
	r.hub.media.Watch(p.peer, m.Slot, MediaWatch{
		Publisher: publisher, Mid: m.Mid, Size: sizeOf(m.Size), Priority: priorityOf(m.Priority),
	})
}

// sizeOf reads a size of the wire.
func sizeOf(text string) MediaSize {
	switch text {
	case "small":
		return MediaSmall
	case "medium":
		return MediaMedium
	default:
		return MediaLarge
	}
}

// priorityOf reads a priority of the wire.
func priorityOf(text string) MediaPriority {
	switch text {
	case "low":
		return MediaLow
	case "high":
		return MediaHigh
	default:
		return MediaMiddle
	}
}

func (r *room) hold(p *person, m *wire.Watch) {
	if p.watches == nil {
		p.watches = make(map[string]*wire.Watch)
	}
	if _, there := p.watches[m.Slot]; there || len(p.watches) < heldWatches {
		p.watches[m.Slot] = m
	}
}
