package sfu

import "paravent/sfu/packet"

// aim has the flow change to what its slot is to show, as soon as that can be.
// Until then what is forwarded goes on, unless it is too much.
func (w *flow) aim() {
	c := w.slot.chosen()
	if w.target != c {
		w.target, w.tries = c, 0
	}
	if c.paused {
		w.turn(nil, nil)
		w.run = 0 // goes on with a key frame
		w.queue.clear()
		return
	}
	next := w.feed.pick(c.step)
	if w.next != next {
		w.turn(w.source, next)
		if next != nil && next != w.source && w.slot.video && w.open() {
			next.need()
		}
	}
	if w.run != 0 && w.slot.video {
		w.fit()
	}
}

// fit has what is forwarded become what it is to be, as far as its source can.
func (w *flow) fit() {
	w.layers.Want(w.wants(w.source))
	if w.source == w.next && w.layers.NeedsKey() && w.tries < mostTries && w.open() {
		w.tries++
		w.source.need()
	}
	if w.hurry || !w.target.urgent || !w.tooMuch() {
		return
	}
	w.hurry = true
	w.feed.lane.At(w.feed.lane.Now()+urgentWait, w.bound((*flow).stop))
}

// stop forwards nothing until a key frame comes, if still too much would be.
func (w *flow) stop() {
	w.hurry = false
	if !w.target.urgent || !w.tooMuch() {
		return
	}
	w.run = 0
	w.queue.clear()
	if w.source != w.next {
		w.turn(nil, w.next)
	}
}

// wants are the highest layers of a source that are to be forwarded. One that is
// larger than what is to come is shown with the fewest pictures until then.
func (w *flow) wants(s *source) (spatial, temporal uint8) {
	temporal = w.target.temporal
	if w.next != nil && w.next.layer < s.layer {
		temporal = 0
	}
	if spatial := w.target.step - s.layer; spatial < maxSteps-1 {
		return uint8(max(0, spatial)), temporal
	}
	return packet.All, temporal
}

// tooMuch reports whether more is forwarded than is to be.
func (w *flow) tooMuch() bool {
	if w.run == 0 || w.source == nil || w.next == nil {
		return false
	}
	if w.source != w.next {
		return w.next.layer < w.source.layer
	}
	spatial, _, ok := w.layers.Layers()
	wanted, _ := w.wants(w.source)
	return ok && spatial > wanted
}
