package bot

import (
	"paravent/signaling/wire"
)

// take does what a message of the server asks for.
func (p *Person) take(m wire.ServerMessage) {
	switch m := m.(type) {
	case *wire.Challenge:
		p.enter(m.Nonce)
	case *wire.Refused:
		p.refused(m)
	case *wire.Waiting:
		p.wait(m)
	case *wire.Joined:
		p.joined(m)
	case *wire.Resumed:
		p.resumed(m)
	case *wire.Over:
		p.end(endOf(m.Why))
	case *wire.Arrived, *wire.Away, *wire.Back, *wire.Left, *wire.Tracks:
		p.presence(m)
	case *wire.Nominate, *wire.Committed, *wire.Rejected, *wire.Welcome, *wire.Regroup:
		p.change(m)
	case *wire.Relayed:
		if heard := p.talk.hear(ID(m.From), m.Body, p.options.now(), p.options.now()); heard != nil {
			p.hear(heard)
		}
	case *wire.Acted:
		p.acted(&m.Signed)
	case *wire.Knocked:
		p.knocked(m)
	case *wire.Unknocked:
		if id := ID(m.Person); p.waiting[id] != nil {
			delete(p.waiting, id)
			p.events.put(Unknocked{id})
		}
	case *wire.Moderated:
		p.events.put(Moderated{m.Present, m.EndsMs})
	case *wire.Warned:
		w := Warned{Of: m.Of}
		copy(w.Person[:], m.Person)
		p.events.put(w)
	case *wire.Published:
		deliver(p.media.up.answers, m.SDP)
	case *wire.Offered:
		deliver(p.media.down.offers, m.SDP)
	case *wire.Lost:
		if m.Connection == "publish" {
			p.media.up.lost()
		} else {
			p.media.down.lost()
		}
	case *wire.Shown, *wire.Wanted, *wire.Pong:
		// What a slot shows is told by the keys of its frames.
	}
}

// enter answers the server's challenge with the stay that there is, or with a
// new one.
func (p *Person) enter(nonce []byte) {
	keyPackage, err := p.group.KeyPackage()
	if err != nil {
		p.end(ErrFault)
		return
	}
	if p.token != nil {
		p.write(&wire.Resume{Token: p.token, Epoch: p.group.Number(), KeyPackage: keyPackage})
		return
	}
	join, err := p.proof(nonce, keyPackage)
	if err != nil {
		p.end(ErrFault)
		return
	}
	p.write(join)
}

func (p *Person) refused(m *wire.Refused) {
	if m.Code == wire.CodeTaken && p.known {
		return // the server has not noticed yet that the connection broke
	}
	p.end(&RefusedError{m.Code, waitOf(m)})
}

// wait is outside: the server says what is waited for, and at whom to knock.
func (p *Person) wait(m *wire.Waiting) {
	p.known = true
	p.entered = false
	p.token = nil // whoever was in and waits again has none
	p.back()
	p.disband()
	if m.For == "admission" {
		p.knock(m.Grants)
	}
	if p.options.Waiting != nil {
		p.options.Waiting(m.For)
	}
}

func (p *Person) joined(m *wire.Joined) {
	p.known, p.entered, p.token = true, true, m.Token
	p.back()
	p.disband()
	p.present(m.People)
	if m.Policy != nil {
		p.know(m.Policy)
	}
	if m.Found {
		p.step(p.group.Found())
	}
}

func (p *Person) resumed(m *wire.Resumed) {
	p.known, p.entered, p.token = true, true, m.Token
	p.present(m.People)
	if m.Policy != nil {
		p.know(m.Policy)
	}
	switch {
	case m.Found:
		p.step(p.group.Found())
	case m.Member && p.epoch == nil:
		p.resync() // the leaf is there, the group's state is not: a stay taken up again
	case m.Member:
		p.send(&wire.Ready{Epoch: p.epoch.Number}) // the first may have been lost
	}
	p.back()
	p.media.up.revive()
	p.media.down.revive()
	if p.epoch != nil {
		p.greetAll() // what was said meanwhile reached nobody
	}
	p.pump()
}

// resync asks to be taken into the group anew.
func (p *Person) resync() {
	keyPackage, err := p.group.KeyPackage()
	if err != nil {
		p.end(ErrFault)
		return
	}
	p.send(&wire.Resync{Epoch: p.group.Number(), KeyPackage: keyPackage})
}

// present takes over whom the server says to be there.
func (p *Person) present(people []wire.Person) {
	for _, s := range p.people {
		s.away = false
	}
	for _, one := range people {
		p.someone(ID(one.ID)).away = one.Away
	}
}

func (p *Person) presence(m any) {
	switch m := m.(type) {
	case *wire.Arrived:
		p.setAway(ID(m.Person.ID), m.Person.Away)
	case *wire.Away:
		p.setAway(ID(m.Person), true)
	case *wire.Back:
		p.setAway(ID(m.Person), false)
		p.greet([]ID{ID(m.Person)}) // it missed what was said meanwhile
	case *wire.Left:
		if id := ID(m.Person); p.people[id] != nil && !p.people[id].member {
			delete(p.people, id)
		}
	}
}

func (p *Person) setAway(id ID, away bool) {
	if s := p.someone(id); s.away != away {
		s.away = away
		p.events.put(Away{id, away})
	}
}
