package bot

import (
	"bytes"
	"context"
	"slices"
	"time"

	"paravent/e2ee/group"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

const (
	grantTime   = 24 * time.Hour // that a holder's own grant holds
	grantRenew  = time.Hour      // before its end it is made anew
	admitTime   = 24 * time.Hour // as long: whoever loses its state comes back by it
	policyTries = 5
	mostBarred  = 256
	mostAdmits  = 64 // people in one statement
)

// How says what is to become of somebody who is put out.
type How string

// The ways to put somebody out.
const (
	Removed     How = "remove" // until admitted anew
	Banned      How = "ban"    // with ticket and device
	BackToLobby How = "lobby"  // waits again
)

// orders is what this person has ordered and not seen coming back.
type orders struct {
	seq      uint64
	pending  map[uint64]chan error
	changes  []*change
	renewal  uint64 // link generation to begin; 0: none
	renewed  chan error
	rotating bool            // a timer offers the commit again
	marks    map[ID][][]byte // of ticket and device keys, as far as a knock showed them

	office   *time.Timer // of Person.office; nil: none
	doubtful map[ID]bool // whose removal was not confirmed
	removing map[ID]bool // who is to be put out and is in the group yet
}

// change is a change of the rules that is on its way, or lost a race.
type change struct {
	apply func(*wire.Policy)
	seq   uint64
	tries int
	done  chan error
}

func (o *orders) init(turn uint64) {
	o.seq, o.pending, o.marks = turn*turnSize, map[uint64]chan error{}, map[ID][][]byte{}
	o.removing, o.doubtful = map[ID]bool{}, map[ID]bool{}
}

// ---- Who may ----

// ownGrant returns the grant this person moderates with; nil: it does not. A
// holder of the moderator link makes its own anew while there is time.
func (p *Person) ownGrant() []byte {
	k := p.keys
	if k.moderator == nil {
		return k.grant
	}
	now := p.options.now()
	if k.grant != nil {
		g, err := moderation.ReadGrant(k.grant, k.room.ID, p.link.Moderators, now)
		if err == nil && g.NotAfter > uint64(now.Add(grantRenew).UnixMilli()) {
			return k.grant
		}
	}
	k.grant = moderation.NewOwnGrant(k.moderator, k.room.ID, p.id, k.public(), now.Add(grantTime))
	return k.grant
}

// office keeps this person in office: a holder's grant is made anew before it
// ends, and with it the rules that were signed under it, which newcomers take
// no longer than the grant holds.
func (p *Person) office() {
	before := p.keys.grant
	if after := p.ownGrant(); before != nil && !bytes.Equal(before, after) && p.rules.signed != nil && bytes.Equal(p.rules.signed.Grant, before) {
		p.alter(func(*wire.Policy) {})
	}
	p.orders.office = time.AfterFunc(grantRenew/2, func() { p.post(p.office) })
}

// isModerator reports whether this person's orders have effect.
func (p *Person) isModerator() bool {
	raw := p.ownGrant()
	if raw == nil {
		return false
	}
	g, err := moderation.ReadGrant(raw, p.keys.room.ID, p.link.Moderators, p.options.now())
	return err == nil && !moderation.Withdrawn(g, p.rules.policy)
}

// ---- Giving orders ----

// sign makes what is to be sent of a statement.
func (p *Person) sign(say func(seq uint64) wire.Statement) (*wire.Signed, uint64, error) {
	if !p.isModerator() {
		return nil, 0, ErrForbidden
	}
	p.orders.seq++
	signed, err := moderation.Sign(say(p.orders.seq), p.ownGrant(), p.keys.sign, p.keys.room.ID)
	if err != nil {
		return nil, 0, ErrLong
	}
	return signed, p.orders.seq, nil
}

// give sends an order. What comes of it arrives on the channel.
func (p *Person) give(say func(seq uint64) wire.Statement) <-chan error {
	done := newDone()
	signed, seq, err := p.sign(say)
	if err != nil {
		done <- err
		return done
	}
	p.orders.pending[seq] = done
	p.send(&wire.Act{Signed: *signed})
	p.after(confirmTime, func() { p.settle(seq, ErrUnconfirmed) })
	return done
}

func newDone() chan error { return make(chan error, 1) }

func (p *Person) settle(seq uint64, err error) {
	if done := p.orders.pending[seq]; done != nil {
		delete(p.orders.pending, seq)
		done <- err
	}
}

// ruled notes that other rules hold: the change that has come back is done, and
// one that has lost is tried again.
func (p *Person) ruled(said *moderation.Said) {
	seq := moderation.SeqOf(said.Statement)
	mine := said.Grant.Key == p.keys.public()
	changes := p.orders.changes
	p.orders.changes = nil
	for _, c := range changes {
		if mine && seq == c.seq {
			c.done <- nil
		} else {
			p.try(c)
		}
	}
}

// try offers a change of the rules on top of those that hold.
func (p *Person) try(c *change) {
	if c.tries++; c.tries > policyTries {
		c.done <- ErrUnconfirmed
		return
	}
	signed, seq, err := p.sign(func(seq uint64) wire.Statement {
		next := clonePolicy(p.rules.policy)
		next.Seq, next.Version = seq, p.rules.policy.Version+1
		c.apply(next)
		return next
	})
	if err != nil {
		c.done <- err
		return
	}
	c.seq = seq
	p.orders.changes = append(p.orders.changes, c)
	p.send(&wire.Act{Signed: *signed})
}

// alter begins a change of the rules.
func (p *Person) alter(apply func(*wire.Policy)) <-chan error {
	c := &change{apply: apply, done: newDone()}
	p.try(c)
	p.after(confirmTime, func() {
		if i := slices.Index(p.orders.changes, c); i >= 0 {
			p.orders.changes = slices.Delete(p.orders.changes, i, i+1)
			c.done <- ErrUnconfirmed
		}
	})
	return c.done
}

// order has the loop give orders and waits for all of them.
func (p *Person) order(ctx context.Context, give func() ([]<-chan error, error)) error {
	var waits []<-chan error
	err := p.call(func() (err error) { waits, err = give(); return err })
	if err != nil {
		return err
	}
	for _, wait := range waits {
		if err := p.await(ctx, wait); err != nil {
			return err
		}
	}
	return nil
}

func (p *Person) await(ctx context.Context, wait <-chan error) error {
	select {
	case err := <-wait:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-p.done:
	}
	select { // the order may have been the last thing done
	case err := <-wait:
		return err
	default:
		return p.err
	}
}

func one(wait <-chan error) ([]<-chan error, error) { return []<-chan error{wait}, nil }

// ---- The orders ----

// Every order returns ErrForbidden to whoever is no moderator, ErrUnconfirmed
// when it has not come back within 5 s, and nil once it has taken effect.

// Admit lets people who knocked into the room. ErrUnknown: one of them has not,
// or waits no more.
func (p *Person) Admit(ctx context.Context, people ...ID) error {
	return p.order(ctx, func() (waits []<-chan error, err error) {
		var all []wire.Admitted
		for _, id := range people {
			k := p.waiting[id]
			if k == nil {
				return nil, ErrUnknown
			}
			all = append(all, wire.Admitted{Person: bytes.Clone(id[:]), Key: bytes.Clone(k.key[:]), Viewer: k.told.Viewer})
		}
		until := uint64(p.options.now().Add(admitTime).UnixMilli())
		for chunk := range slices.Chunk(all, mostAdmits) {
			waits = append(waits, p.give(func(seq uint64) wire.Statement {
				return &wire.Admit{Seq: seq, Until: until, People: chunk}
			}))
		}
		return waits, nil
	})
}

// Deny turns somebody who knocked away.
func (p *Person) Deny(ctx context.Context, id ID) error {
	return p.order(ctx, func() ([]<-chan error, error) {
		return one(p.give(func(seq uint64) wire.Statement { return &wire.Deny{Seq: seq, Person: id[:]} }))
	})
}

// Note sends a line, at most 500 bytes, to somebody who waits.
func (p *Person) Note(ctx context.Context, id ID, text string) error {
	return p.order(ctx, func() ([]<-chan error, error) {
		k := p.waiting[id]
		if k == nil {
			return nil, ErrUnknown
		}
		box, err := moderation.SealNote(k.kem, p.keys.room.ID, id, text)
		if err != nil {
			return nil, ErrLong
		}
		return one(p.give(func(seq uint64) wire.Statement { return &wire.Note{Seq: seq, Person: id[:], Box: box} }))
	})
}

// Remove puts somebody out, bars its key and turns the lobby on: it comes back
// only when it is admitted anew. With Banned, its ticket and device are barred
// too, as far as this person has seen the knock. After ErrUnconfirmed this
// person sends no media until the removal is in force after all.
func (p *Person) Remove(ctx context.Context, id ID, how How) error {
	return p.order(ctx, func() ([]<-chan error, error) {
		s := p.people[id]
		if s == nil || !s.member || id == p.id {
			return nil, ErrUnknown
		}
		key := moderation.Mark(s.seat.Key[:])
		marks := [][]byte{key[:]}
		if how == Banned {
			marks = append(marks, p.orders.marks[id]...)
		}
		barred := p.alter(func(r *wire.Policy) {
			r.Lobby = true
			r.Banned = r.Banned || how == Banned
			r.Barred = withMarks(r.Barred, marks)
		})
		p.orders.removing[id] = true
		gone := p.give(func(seq uint64) wire.Statement { return &wire.Remove{Seq: seq, Person: id[:], How: string(how)} })
		p.after(confirmTime, func() { p.doubt(id) })
		return []<-chan error{barred, gone}, nil
	})
}

// doubt stops what this person sends, if somebody whom it has put out is there
// yet and nobody has said that it is not.
func (p *Person) doubt(id ID) {
	if s := p.people[id]; s != nil && s.member && !s.removed {
		p.orders.doubtful[id] = true
		p.permit()
	}
}

// withMarks appends marks that are not there; the oldest ones fall out.
func withMarks(list, marks [][]byte) [][]byte {
	list = slices.Clone(list)
	for _, m := range marks {
		if !contains(list, m) {
			list = append(list, m)
		}
	}
	return list[max(0, len(list)-mostBarred):]
}

// Stop has somebody's browser turn a source off ("microphone", "camera",
// "screen"), or take its hand down ("hand"); nil stands for everybody who is no
// moderator.
func (p *Person) Stop(ctx context.Context, id *ID, what string) error {
	return p.order(ctx, func() ([]<-chan error, error) {
		return one(p.give(func(seq uint64) wire.Statement {
			s := &wire.Stop{Seq: seq, Source: what}
			if id != nil {
				s.Person = id[:]
			}
			return s
		}))
	})
}

// Change changes the rules: apply is given those that hold, and may be called
// again when another moderator was faster. It must not touch Seq, Version and
// Generation.
func (p *Person) Change(ctx context.Context, apply func(*wire.Policy)) error {
	return p.order(ctx, func() ([]<-chan error, error) { return one(p.alter(apply)) })
}

// Appoint makes a member a moderator for its stay. Only holders of the
// moderator link can. ErrUnknown: it is not there, or has not introduced
// itself.
func (p *Person) Appoint(ctx context.Context, id ID) error {
	return p.order(ctx, func() ([]<-chan error, error) {
		s := p.people[id]
		switch {
		case p.keys.moderator == nil:
			return nil, ErrForbidden
		case s == nil || !s.member || s.kem == nil || s.seat.Role == group.Viewer:
			return nil, ErrUnknown
		}
		grant, err := moderation.NewGrant(p.keys.moderator, p.keys.room.ID, id, s.seat.Key, [32]byte(s.kem), p.options.now().Add(grantTime))
		if err != nil {
			return nil, ErrForbidden
		}
		return one(p.give(func(seq uint64) wire.Statement { return &wire.Appoint{Seq: seq, Grant: grant} }))
	})
}

// Dismiss withdraws an appointment.
func (p *Person) Dismiss(ctx context.Context, id ID) error {
	return p.order(ctx, func() ([]<-chan error, error) {
		s := p.people[id]
		if s == nil || !s.member || s.grant == nil || s.grant.Holder {
			return nil, ErrUnknown
		}
		mark := moderation.Mark(s.seat.Key[:])
		return one(p.alter(func(r *wire.Policy) { r.Dismissed = withMark(r.Dismissed, mark[:]) }))
	})
}

const mostDismissed = 64

func withMark(list [][]byte, mark []byte) [][]byte {
	if contains(list, mark) {
		return list
	}
	list = append(slices.Clone(list), mark)
	return list[max(0, len(list)-mostDismissed):]
}

// End ends the meeting for everybody.
func (p *Person) End(ctx context.Context) error {
	return p.order(ctx, func() ([]<-chan error, error) {
		return one(p.give(func(seq uint64) wire.Statement { return &wire.End{Seq: seq} }))
	})
}
