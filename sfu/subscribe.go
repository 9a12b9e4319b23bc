package sfu

import (
	"errors"
	"slices"
	"sync/atomic"

	"paravent/sfu/transport"
)

// subscribing is the connection that a peer receives on: a fixed set of slots.
type subscribing struct {
	peer  *peer
	conn  transport.Subscribing
	state state
	slots []*slot // first those for video
	video int     // how many they are

	way     way
	rated   atomic.Bool // the rate has changed
	sharing sharing     // the peer's
}

var _ transport.SubscribeEvents = (*subscribing)(nil)

var errVideoSlots = errors.New("sfu: want 25 or 49 video slots")

func newSubscribing(p *peer, video int) (*subscribing, error) {
	if video != VideoSlots && video != MostVideoSlots {
		return nil, errVideoSlots
	}
	d := &subscribing{peer: p, video: video}
	d.state.begin(p)
	d.sharing.shares = make([]share, video)
	for i := range video + audioSlots {
		d.slots = append(d.slots, &slot{number: i, video: i < video, state: &d.state, way: &d.way, poke: p.poke})
	}
	conn, err := p.router.transport.Subscribe(video, audioSlots, d)
	if err != nil {
		return nil, err
	}
	p.router.held.Add(1)
	d.conn = conn
	for _, s := range d.slots {
		s.conn = conn
	}
	return d, nil
}

// offer makes the one offer of the connection. It has our addresses in it.
func (d *subscribing) offer(quit <-chan struct{}) (string, error) {
	offer, mids, err := d.conn.Offer(quit)
	if err != nil {
		return "", err
	}
	for i, s := range d.slots {
		s.mid = mids[i]
	}
	return offer, nil
}

func (d *subscribing) slot(mid string) *slot {
	for _, s := range d.slots {
		if s.mid == mid {
			return s
		}
	}
	return nil
}

// Connected asks for what the slots have waited for until there was a
// connection.
func (d *subscribing) Connected() {
	d.state.connect()
	d.Rated()
	for _, s := range d.slots {
		s.need()
	}
}

// Ended implements transport.SubscribeEvents.
func (d *subscribing) Ended() { d.state.end(d.peer.poke) }

// Missing implements transport.SubscribeEvents.
func (d *subscribing) Missing(slot int, seqs []uint16) {
	if slot < 0 || slot >= len(d.slots) || !d.state.carries() {
		return
	}
	again := slices.Clone(seqs)
	d.slots[slot].inLane(func(w *flow) { w.resend(again) })
}

// KeyFrame implements transport.SubscribeEvents.
func (d *subscribing) KeyFrame(slot int) {
	if slot >= 0 && slot < len(d.slots) {
		d.slots[slot].need()
	}
}

// Lossy implements transport.SubscribeEvents. Pictures are repaired otherwise.
func (d *subscribing) Lossy(slot int, part uint8) {
	if slot >= 0 && slot < len(d.slots) && !d.slots[slot].video {
		d.slots[slot].lost.Store(uint32(part) + 1)
	}
}

// Rated implements transport.SubscribeEvents.
func (d *subscribing) Rated() {
	d.rated.Store(true)
	d.peer.poke()
}

// Probe implements transport.SubscribeEvents. Padding goes with a picture that
// is forwarded: what is paused because the network does not carry it is shown
// as well, but has no stream to pad.
func (d *subscribing) Probe(bytes int) {
	for _, s := range d.slots {
		if s.video && !s.chosen().paused && s.showing() {
			s.inLane(func(w *flow) { w.pad(bytes) })
			return
		}
	}
}

// drop ends the connection, and what its slots forward.
func (d *subscribing) drop() {
	d.state.end(func() {})
	for _, s := range d.slots {
		if t := s.show(nil); t != nil {
			d.peer.router.leave(s, t)
		}
	}
	d.peer.router.release(d.conn.Close)
}
