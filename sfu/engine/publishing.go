package engine

import (
	"paravent/sfu/description"
	"paravent/sfu/guard"
	"paravent/sfu/transport"
)

// publishing implements transport.Publishing.
type publishing struct {
	c      *connection
	in     *inbound
	events transport.PublishEvents
	// The last offer that was accepted: written before there is a home under
	// connection.speaking, from then on in the home.
	offer *description.Offer
}

// Publish implements transport.Transport.
func (t *Transport) Publish(events transport.PublishEvents) (transport.Publishing, error) {
	p := &publishing{events: events}
	c, err := t.connect(func(c *connection) {
		p.in = newInbound(c, events)
		c.media, c.begin, c.ended = p.in, p.begin, events.Ended
	})
	if err != nil {
		return nil, err
	}
	p.c = c
	return p, nil
}

// begin begins the exchange of packets, in the home.
func (p *publishing) begin(home *lane) {
	p.in.begin(home)
	p.in.configure(p.offer)
	p.events.Connected()
}

// Negotiate implements transport.Publishing.
func (p *publishing) Negotiate(text string, quit <-chan struct{}) (string, error) {
	offer, err := description.ReadOffer(text)
	if err != nil {
		return "", err
	}
	first := p.offer == nil
	if !first {
		if err = offer.Follows(p.offer); err != nil {
			return "", err
		}
	}
	if err = p.accept(offer, quit); err != nil {
		return "", err
	}
	answer := offer.Answer(&p.c.local)
	p.c.local.Version++
	if first {
		p.c.meet(offer.Remote)
	}
	return answer, nil
}

// accept tells of an offer, and has the streams be those of it.
func (p *publishing) accept(offer *description.Offer, quit <-chan struct{}) error {
	if home := p.acceptEarly(offer); home != nil {
		done := make(chan struct{})
		home.Do(func() {
			defer close(done)
			defer guard.End(p.c.stray)
			if p.c.over.Load() {
				return
			}
			p.events.Sections(sections(offer))
			p.in.configure(offer)
			p.offer = offer
		})
		select {
		case <-done:
		case <-quit:
			return errClosed
		case <-p.c.ctx.Done():
		}
	}
	if p.c.over.Load() {
		return errClosed
	}
	return nil
}

// acceptEarly does so as long as there is no home yet; else it gives the home.
func (p *publishing) acceptEarly(offer *description.Offer) *lane {
	p.c.speaking.Lock()
	defer p.c.speaking.Unlock()
	home := p.c.home.Load()
	if home == nil && !p.c.over.Load() {
		p.events.Sections(sections(offer))
		p.offer = offer
	}
	return home
}

// sections are those of an offer that send.
func sections(offer *description.Offer) []transport.Section {
	var all []transport.Section
	for _, s := range offer.Sections {
		if s.Sends {
			all = append(all, transport.Section{Mid: s.Mid, Video: s.Video})
		}
	}
	return all
}

// Close implements transport.Publishing.
func (p *publishing) Close() { p.c.close() }
