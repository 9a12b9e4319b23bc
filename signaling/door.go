package signaling

import (
	"bytes"
	"slices"
	"time"

	"paravent/signaling/wire"
)

// whereabouts is where somebody is: in, or what is waited for.
type whereabouts int

const (
	nowhere whereabouts = iota // not yet told
	forModerator
	forAdmission
	forUnlock
	inside
)

// word is what Waiting says.
func (w whereabouts) word() string {
	switch w {
	case forAdmission:
		return "admission"
	case forUnlock:
		return "lock"
	case nowhere, forModerator, inside:
	}
	return "moderator"
}

// door says where the room has a person go by its rules, or refuses it. What
// it costs to look is paid once: a passphrase that was right stays right.
func (r *room) door(p *person, now time.Time) (whereabouts, error) {
	policy := r.rules.policy
	switch {
	case p.grant != nil:
		return inside, nil
	case !r.rules.opened || policy.Unmoderated != goesOn && !r.moderated():
		return forModerator, nil
	case policy.Locked:
		return forUnlock, nil
	}
	if err := r.check(p, now); err != nil {
		return nowhere, err
	}
	if !policy.Lobby {
		return inside, nil
	}
	return forAdmission, r.checkKnock(p, now)
}

// check compares what a person has proved with the rules.
func (r *room) check(p *person, now time.Time) error {
	if g := r.rules.policy.Generation; g != nil {
		has := p.generation
		if has == nil || has.Number != g.Number || !bytes.Equal(has.Key, g.Key) {
			return refusal{code: wire.CodeGeneration}
		}
	}
	if err := r.checkTicket(p, now); err != nil {
		return err
	}
	return r.checkPassphrase(p, now)
}

// checkTicket looks at the ticket. The first use of one that holds for one
// device binds it; the same device may come again, and ends its earlier stay.
func (r *room) checkTicket(p *person, now time.Time) error {
	t := p.ticket
	if t == nil {
		if r.rules.policy.Tickets {
			return refusal{code: wire.CodeTicket}
		}
		return nil
	}
	if err := t.holds(now); err != nil {
		return err
	}
	if r.rules.barred(t) {
		return refusal{code: wire.CodeBarred}
	}
	if t.many {
		return nil
	}
	key, device := markOf(t.key), markOf(t.device)
	bound, used := r.rules.tickets[key]
	switch {
	case used && bound != device:
		return refusal{code: wire.CodeUsed}
	case !used && len(r.rules.tickets) >= mostTickets:
		return refusal{code: wire.CodeFull}
	}
	r.rules.tickets[key] = device
	r.endOthers(p, t)
	return nil
}

// endOthers ends the earlier stay of a ticket that is shown anew.
func (r *room) endOthers(p *person, t *ticket) {
	for _, o := range r.people {
		if o != p && o.ticket != nil && o.ticket.key == t.key {
			r.leave(o, wire.CloseReplaced)
		}
	}
	i := slices.IndexFunc(r.waiting, func(o *person) bool { return o != p && o.ticket != nil && o.ticket.key == t.key })
	if i >= 0 { // of one that is bound there is one at most
		r.stopWaiting(r.waiting[i], wire.CloseReplaced)
	}
}

// checkPassphrase compares what follows from the passphrase. None at all is no
// try: the browser does not know yet that it is wanted.
func (r *room) checkPassphrase(p *person, now time.Time) error {
	want := r.rules.policy.Passphrase
	switch {
	case want == nil || bytes.Equal(p.passed, want):
		return nil
	case p.passphrase == nil:
		return refusal{code: wire.CodePassphrase}
	}
	if wait := r.hub.wait(passphrases, r.id, p.network, now); wait > 0 {
		return refusal{code: wire.CodeThrottled, wait: wait}
	}
	if !bytes.Equal(p.passphrase[:], want) {
		return refusal{code: wire.CodePassphrase, wait: r.hub.wrong(passphrases, r.id, p.network, now)}
	}
	p.passed = want
	return nil
}

// checkKnock slows down those who come to knock after a denial. It is asked of
// everybody once.
func (r *room) checkKnock(p *person, now time.Time) error {
	if p.mayKnock {
		return nil
	}
	if wait := r.hub.wait(knocks, r.id, p.network, now); wait > 0 {
		return refusal{code: wire.CodeThrottled, wait: wait}
	}
	p.mayKnock = true
	return nil
}
