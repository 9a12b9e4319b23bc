package bot

import (
	"context"
	"time"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

const rotateTime = time.Second // before the commit is offered again

// Renew begins a new link generation: participants' links that were handed out
// before let nobody in any more. Only holders of the moderator link can. It
// returns once the new generation is in force: Link then has the new link.
func (p *Person) Renew(ctx context.Context) error {
	return p.order(ctx, func() ([]<-chan error, error) {
		if p.keys.moderator == nil {
			return nil, ErrForbidden
		}
		number := uint32(1)
		if g := p.newest(); g != nil {
			number = g.Number + 1
		}
		next, err := link.NewGeneration(*p.link.Moderator, number)
		if err != nil {
			return nil, ErrFault
		}
		key, err := next.Join()
		if err != nil {
			return nil, ErrFault
		}
		p.orders.renewal, p.orders.renewed = uint64(number), newDone()
		ruled := p.alter(func(r *wire.Policy) {
			r.Generation = &wire.Generation{Number: uint64(number), Key: publicOf(key)}
		})
		return []<-chan error{ruled, p.orders.renewed}, nil
	})
}

// rotate offers the commit that begins the generation that was ordered, as
// soon as the policy says it and nobody is to be removed any more.
func (p *Person) rotate() {
	g := p.rules.policy.Generation
	if p.orders.renewal == 0 || g == nil || g.Number != p.orders.renewal || len(p.orders.removing) > 0 {
		return
	}
	if commit := p.group.Rotate(p.options.now()); commit != nil {
		p.send(commit)
	}
	if p.orders.rotating {
		return
	}
	// Another commit may win, or it may be too early for the server.
	p.orders.rotating = true
	p.after(rotateTime, func() {
		p.orders.rotating = false
		p.rotate()
	})
}

// renewed says that a generation has begun.
func (p *Person) renewed(g *link.Generation) {
	p.generation = g
	p.events.put(Renewed{g.Number})
	if p.orders.renewal == uint64(g.Number) {
		p.orders.renewal = 0
		p.orders.renewed <- nil
	}
}

// newest returns the link generation that holds, as far as this person knows
// it; nil: the first. A holder of the moderator link derives all of them.
func (p *Person) newest() *link.Generation {
	ruled := p.rules.policy.Generation
	if p.keys.moderator == nil || ruled == nil || p.generation != nil && uint64(p.generation.Number) >= ruled.Number {
		return p.generation
	}
	g, err := link.NewGeneration(*p.link.Moderator, uint32(ruled.Number))
	if err != nil {
		return p.generation
	}
	return g
}

// Link returns the participants' link to the room, of the newest generation
// that this person knows. It is a secret.
func (p *Person) Link() string {
	var text string
	if p.call(func() error {
		l := link.Link{Secret: p.link.Secret, Moderators: p.link.Moderators, Generation: p.newest()}
		text = l.Participant(p.origin)
		return nil
	}) != nil {
		return ""
	}
	return text
}
