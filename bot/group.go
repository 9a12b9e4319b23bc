package bot

import (
	"slices"

	"paravent/e2ee/group"
	"paravent/signaling/wire"
)

// change passes on what the server says of the group.
func (p *Person) change(m any) {
	now := p.options.now()
	switch m := m.(type) {
	case *wire.Nominate:
		if commit := p.group.Nominate(m, now); commit != nil {
			p.send(commit)
		}
	case *wire.Committed:
		p.step(p.group.Committed(m, now))
	case *wire.Rejected:
		p.group.Rejected(m)
	case *wire.Welcome:
		p.step(p.group.Welcome(m, now))
	case *wire.Regroup:
		p.disband()
		if m.Found {
			p.step(p.group.Found())
		} else {
			p.resync()
		}
	}
}

// disband forgets the group: nothing is sealed until there is another.
func (p *Person) disband() { p.step(p.group.Disband(), nil) }

// step does what follows from a change of the group.
func (p *Person) step(s group.Step, err error) {
	if err != nil {
		p.end(ErrFault)
		return
	}
	if s.Forget {
		p.epoch = nil
		p.media.ring.forget()
		p.talk.forget()
		p.showAll()
	}
	if s.Epoch != nil {
		p.begin(s.Epoch)
	}
	if s.Resync != nil {
		p.send(s.Resync)
	}
}

// begin goes to a new epoch.
func (p *Person) begin(e *group.Epoch) {
	now := p.options.now()
	before := p.epoch
	p.epoch = e
	p.ring(e, before)
	p.send(&wire.Ready{Epoch: e.Number})
	held := p.talk.enter(e, now)
	p.after(oldTime, func() { p.talk.expire(p.options.now()) })
	p.members(e)
	for i := range e.Kicks {
		p.acted(&e.Kicks[i])
	}
	if e.Generation != nil {
		p.renewed(e.Generation)
	}
	p.permit()
	if len(e.Added) > 0 {
		p.after(sealDelay, p.media.up.want)
	}
	p.events.put(Entered{Epoch{e.Number, e.Authenticator, len(e.Seats)}})
	if e.Mine {
		p.tellRules(e.Added)
	}
	if before == nil || e.Anew {
		p.greetAll()
	} else {
		var added []ID
		for _, s := range e.Added {
			added = append(added, s.Person)
		}
		p.greet(added)
	}
	for i := range held {
		p.hear(&held[i])
	}
	p.showAll()
	p.pump()
	p.rotate()
	select {
	case <-p.live:
	default:
		close(p.live)
	}
}

// ring gives the epoch's keys to the media.
func (p *Person) ring(e, before *group.Epoch) {
	leaves := make([]uint32, len(e.Seats))
	for i, s := range e.Seats {
		leaves[i] = s.Leaf
	}
	keys := &epochKeys{number: e.Number, baseKey: slices.Clone(e.BaseKey[:]), leaf: e.Leaf, members: leaves}
	p.media.stuck.reset()
	p.media.ring.enter(keys, e.Removed, before == nil || before.GroupID != e.GroupID)
	p.sweep()
}

// sweep deletes keys when their time is over, also when nothing is sent.
func (p *Person) sweep() {
	if left := p.media.ring.expire(); left > 0 {
		p.after(left, p.sweep)
	}
}
