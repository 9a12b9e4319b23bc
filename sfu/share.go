package sfu

import (
	"time"

	"paravent/sfu/packet"
	"paravent/sfu/rate"
)

// sharing divides what the network carries towards a viewer among the pictures
// that it is shown. It belongs to the viewer's goroutine.
type sharing struct {
	allocator rate.Allocator
	shares    []share      // one for each video slot
	tracks    []rate.Track // one for each share
}

// share is the part of one video slot.
type share struct {
	track    *track // that is to be shown; nil: none
	size     int    // see Watch
	priority int
	height   int  // that is asked for
	same     bool // as before
	ladder   ladder
	layers   [maxSteps * maxTemporals]rate.Layer
	chosen   choice
}

// bounded is w with what can be.
func (w Watch) bounded() Watch {
	w.Size = min(max(w.Size, 1), maxSteps)
	w.Priority = min(max(w.Priority, int(rate.Other)), int(rate.Pinned))
	return w
}

// intend notes what a slot is to show, and how. It reports whether that is
// news.
func (d *subscribing) intend(s *slot, t *track, w Watch) (news bool) {
	p := &d.sharing.shares[s.number]
	if p.track == t && p.size == w.Size && p.priority == w.Priority {
		return false
	}
	if p.track != t {
		*p = share{track: t}
		if d.sharing.tracks != nil {
			d.sharing.tracks[s.number] = rate.Track{}
		}
	}
	p.size, p.priority = w.Size, w.Priority
	return true
}

// divide chooses the layers of all slots. It returns when to do so again even
// if nothing changes; 0: no need.
func (d *subscribing) divide(now time.Duration) (again time.Duration) {
	h := &d.sharing
	if h.tracks == nil {
		h.tracks = make([]rate.Track, len(h.shares))
	}
	bits, first := d.conn.Rate(), h.first()
	for i := range h.shares {
		p, t := &h.shares[i], &h.tracks[i]
		height := 1 << max(0, p.size-1)
		if bits == 0 && i != first {
			height = 1 // until it is known what the network carries, one picture is sharp
		}
		p.height, p.same = height, p.height == height
		p.ask(t)
	}
	if bits == 0 {
		bits = unknownRate
	} else {
		d.way.setRate(bits)
	}
	result := h.allocator.Allocate(bits, d.sound(now), h.tracks, now)
	d.conn.Want(result.Whole)
	for i := range h.shares {
		if p := &h.shares[i]; p.track != nil {
			p.choose(&h.tracks[i])
			d.slots[i].choose(p.track, p.chosen)
		}
	}
	return result.Again
}

// first is the share that matters most; -1: there is none.
func (h *sharing) first() int {
	first := -1
	for i := range h.shares {
		if p := &h.shares[i]; p.track != nil && (first < 0 || p.priority > h.shares[first].priority) {
			first = i
		}
	}
	return first
}

// sound is how many bits per second all that is heard takes.
func (d *subscribing) sound(now time.Duration) (bits int) {
	for _, s := range d.slots[d.video:] {
		if f := s.at.Load(); f != nil && !f.track.silenced.Load() {
			bits += int(f.rates[0][0].Load())
		}
	}
	if d.way.doubled.wanted(now) {
		bits *= 2
	}
	return bits
}

// ask says in t what the share could be.
func (p *share) ask(t *rate.Track) {
	if p.track == nil || p.track.ended.Load() {
		p.track = nil
		*t = rate.Track{}
		return
	}
	p.ladder = ladder{}
	if f := p.track.feed.Load(); f != nil {
		p.ladder = f.ladder()
	}
	lowest := -1
	for step := range p.ladder {
		top := p.ladder.top(step)
		if lowest < 0 && top >= 0 {
			lowest = step
		}
		for temporal, bits := range p.ladder[step] {
			if step > lowest && temporal < top-1 {
				bits = 0 // a larger picture is not worth less than half of the movement
			}
			p.layers[step*maxTemporals+temporal] = rate.Layer{Height: 1 << step, Rate: bits}
		}
	}
	t.Priority, t.Wanted, t.Layers = rate.Priority(p.priority), p.height, p.layers[:]
}

// choose makes a choice of what the share became.
func (p *share) choose(t *rate.Track) {
	before := p.chosen
	c := choice{temporal: packet.All}
	if t.Shown == rate.Paused {
		c.paused = p.ladder != ladder{} // else nothing is sent yet: what comes first is shown
	} else {
		c.step = t.Shown / maxTemporals
		if temporal := t.Shown % maxTemporals; temporal < p.ladder.top(c.step) {
			c.temporal = uint8(temporal)
		}
	}
	// Who asks for as much as before and gets less does so because no more is
	// carried.
	c.urgent = p.same && (c.step < before.step || c.step == before.step && before.urgent)
	p.chosen = c
}
