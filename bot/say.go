package bot

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"paravent/e2ee/data"
	"paravent/e2ee/group"
	"paravent/signaling/wire"
)

// What this person says is kept within the server's rate (signaling/PROTOCOL.md,
// "Limits": 20 a second, 40 at once), since much of it follows from what others
// do.
const (
	sayRate   = 15 // a second
	sayBurst  = 30 // at once
	sayQueue  = 256
	greetEach = 6    // newcomers that are greeted one by one; more are with one message to all
	maxLine   = 8192 // bytes of a line of text
)

// Reactions returns the emoji that can be sent as a reaction.
func Reactions() []string { return slices.Clone(data.Reactions[:]) }

// outbox holds what is still to be said, unsealed: a message is sealed for
// those who are there when it goes.
type outbox struct {
	queue   []outgoing
	level   float64 // of the bucket that bounds the rate
	at      time.Time
	waiting bool // a timer is running
}

type outgoing struct {
	content data.Content
	to      *ID
}

// put appends a message, and reports whether there was room.
func (p *Person) put(c data.Content, to *ID) bool {
	if p.epoch != nil && len(p.epoch.Seats) < 2 && p.entered {
		return true // nobody is there to hear it
	}
	if len(p.outbox.queue) >= sayQueue {
		return false
	}
	p.outbox.queue = append(p.outbox.queue, outgoing{c, to})
	p.pump()
	return true
}

// pump says what may be said now.
func (p *Person) pump() {
	o := &p.outbox
	for len(o.queue) > 0 && p.epoch != nil && p.entered && p.socket != nil && !o.waiting {
		now := p.options.now()
		o.level = max(0, o.level-now.Sub(o.at).Seconds()*sayRate)
		o.at = now
		if over := o.level + 1 - sayBurst; over > 0 {
			o.waiting = true
			p.after(time.Duration(over/sayRate*float64(time.Second))+time.Millisecond, func() {
				o.waiting = false
				p.pump()
			})
			return
		}
		o.level++
		next := o.queue[0]
		o.queue = o.queue[1:]
		body, err := p.talk.seal(next.content, next.to)
		if err == nil { // otherwise it is beyond a limit that was checked before
			p.send(asMessage(body, next.to))
		}
	}
}

// Say sends a line of text, 1 to 8192 bytes, to everybody, or to one person
// alone. It returns once the line is on its way or in the queue: while the
// connection is broken it waits there. It returns ErrLong, ErrViewer,
// ErrUnknown for a person who is not in the group, ErrForbidden when the rules
// do not let participants write to everybody, and ErrFull when too much is
// queued.
func (p *Person) Say(text string, to *ID) error {
	if text == "" || len(text) > maxLine || !utf8.ValidString(text) {
		return ErrLong
	}
	if p.viewer {
		return ErrViewer
	}
	return p.call(func() error {
		if to != nil && !p.isMember(*to) {
			return ErrUnknown
		}
		if to == nil && !p.rules.policy.Chat && !p.isModerator() {
			return ErrForbidden
		}
		return p.queued(data.Chat{Text: text}, to)
	})
}

func (p *Person) queued(c data.Content, to *ID) error {
	if !p.put(c, to) {
		return ErrFull
	}
	return nil
}

// RaiseHand raises this person's hand, or takes it down.
func (p *Person) RaiseHand(up bool) error {
	return p.call(func() error {
		p.hand = 0
		if up {
			p.hand = uint64(p.options.now().UnixMilli())
		}
		return p.queued(data.Hand{Since: p.hand}, nil)
	})
}

// React sends one of Reactions; ErrUnknown for another one.
func (p *Person) React(emoji string) error {
	if !slices.Contains(data.Reactions[:], emoji) {
		return ErrUnknown
	}
	return p.call(func() error { return p.queued(data.Reaction{Emoji: emoji}, nil) })
}

// Speak says that this person's microphone carries a voice now. Browsers
// receive 16 sounds at most; where more microphones are open they take those
// who said last that they speak. Say it at most every two seconds.
func (p *Person) Speak() error {
	return p.call(func() error { return p.queued(data.Speaking{}, nil) })
}

// Code derives the safety code of the present epoch, which takes a tenth of a
// second. It returns ErrNoKeys outside a group.
func (p *Person) Code() (*Code, error) {
	var e group.Epoch
	err := p.call(func() error {
		if p.epoch == nil {
			return ErrNoKeys
		}
		e = *p.epoch
		return nil
	})
	if err != nil {
		return nil, err
	}
	return newCode(e.Number, e.Authenticator, e.GroupID)
}

// Compare says that the safety code of an epoch was compared with somebody and
// is right: only then media are sent where the room wants that. It returns
// ErrUnknown when the epoch is not the present one: somebody has come or gone
// since, so that the code must be compared anew.
func (p *Person) Compare(epoch uint64) error {
	return p.call(func() error {
		if p.epoch == nil || p.epoch.Number != epoch {
			return ErrUnknown
		}
		p.compared = p.keysNow()
		if s := p.people[p.id]; s != nil {
			s.compared = epoch
		}
		p.permit()
		return p.queued(data.Compared{}, nil)
	})
}

// hello is what this person says of itself.
func (p *Person) hello() data.Hello {
	return data.Hello{
		Name: p.options.Name, Media: mediaOf(p.mids), Hand: p.hand,
		KEM: p.keys.kem.PublicKey().Bytes(), Grant: p.ownGrant(),
	}
}

// greet tells newcomers who this person is.
func (p *Person) greet(people []ID) {
	people = slices.DeleteFunc(people, func(id ID) bool { return id == p.id || !p.isMember(id) })
	if len(people) > greetEach {
		p.greetAll()
		return
	}
	if len(people) == 0 || p.anonymous() {
		return
	}
	p.ungreet(func(o outgoing) bool { return o.to != nil && slices.Contains(people, *o.to) })
	for _, id := range people {
		p.put(p.hello(), &id)
	}
}

// greetAll tells everybody who this person is.
func (p *Person) greetAll() {
	if p.anonymous() {
		return
	}
	p.ungreet(func(outgoing) bool { return true }) // one greeting to all does for those
	p.put(p.hello(), nil)
}

// ungreet takes greetings back that have not gone yet.
func (p *Person) ungreet(which func(outgoing) bool) {
	p.outbox.queue = slices.DeleteFunc(p.outbox.queue, func(o outgoing) bool {
		_, hello := o.content.(data.Hello)
		return hello && which(o)
	})
}

// anonymous reports whether nobody is to be told anything of this person.
func (p *Person) anonymous() bool {
	return p.options.Name == "" && !p.isModerator() && p.mids == [sources]string{}
}

func (p *Person) isMember(id ID) bool {
	s := p.people[id]
	return s != nil && s.member
}

// setMedia tells the others which tracks there are.
func (p *Person) setMedia(mids [sources]string) {
	if mids == p.mids {
		return
	}
	p.mids = mids
	p.put(mediaOf(mids), nil)
}

// tellRules tells those whom this person has added which rules hold: the
// server cannot hide them.
func (p *Person) tellRules(added []group.Seat) {
	if p.rules.signed == nil {
		return
	}
	for _, s := range added {
		if id := ID(s.Person); id != p.id {
			p.put(data.Policy{Statement: p.rules.signed.Statement, Grant: p.rules.signed.Grant, Signature: p.rules.signed.Signature}, &id)
		}
	}
}

// normal trims a name to what can be sent.
func normal(name string) string {
	const most = 512 // bytes
	name = strings.ToValidUTF8(name, "")
	for len(name) > most {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// waitOf is how long a refusal says to wait.
func waitOf(m *wire.Refused) time.Duration { return time.Duration(m.WaitMs) * time.Millisecond }

// Wait waits until the stay has ended and returns why, or ctx's error.
func (p *Person) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
