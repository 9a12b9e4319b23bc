package sfu

import (
	"sync"
	"sync/atomic"

	"paravent/sfu/packet"
	"paravent/sfu/transport"
)

// slot is one media section of a subscribe connection: it shows one track at a
// time, always under the same SSRC.
//
// What forwards to it, its flow, is in one lane at a time: that of the feed of
// the track which is shown. When that changes, settle brings it there: in the
// old lane it is taken off the old feed, and only then given to the new lane. So
// no packet needs a lock, and no number is used twice. What is forwarded ends
// earlier, with the wish that it was forwarded for.
//
// Safe for concurrent use, unless noted.
type slot struct {
	number int // among those of the connection
	video  bool
	mid    string // set before anything is shown
	conn   transport.Subscribing
	state  *state // of the connection
	way    *way   // of the connection
	poke   func() // something is to be told

	wish  atomic.Pointer[wish] // nil: nothing; written under mu
	asked atomic.Uint32        // times that settle has to look since it last did
	at    atomic.Pointer[feed] // where the slot is; nil: nowhere. Written by settle

	// lost is the part of the slot's packets that the viewer has reported as lost,
	// in 256ths, and 1; 0: nothing since the flow last looked.
	lost atomic.Uint32

	size   atomic.Int32           // layers that are of use; 0: not said yet
	choice atomic.Pointer[choice] // of layers; nil: the largest
	stale  atomic.Bool            // there may be more to choose from now, or less

	// Only for settle, of which there is one at a time.
	lane transport.Lane // nil: it was never in one
	flow *flow          // nil until first needed: most slots never are. Everything in it is the lane's

	mu      sync.Mutex // guards what follows; no packet waits for it
	shows   bool       // the wish is fulfilled: something was forwarded
	untold  bool       // that has changed
	toldFor *track
}

// wish is one request to show a track.
type wish struct{ track *track }

// wanted is the track to be shown; nil: nothing.
func (w *wish) wanted() *track {
	if w == nil {
		return nil
	}
	return w.track
}

// show makes the slot forward t from where it begins: once it returns, no
// packet of anything else is begun. It returns what it has shown.
func (s *slot) show(t *track) (before *track) {
	s.mu.Lock()
	before = s.wish.Load().wanted()
	if before == t && t != nil {
		if s.shows {
			s.tell() // it is shown already: say so again
		}
		s.mu.Unlock()
		return before
	}
	s.shows, s.toldFor = false, nil
	if t == nil {
		s.wish.Store(nil)
		s.tell()
	} else {
		s.wish.Store(&wish{track: t})
	}
	s.mu.Unlock()
	s.move()
	return before
}

// forget stops showing t, which is gone for good.
func (s *slot) forget(t *track) {
	s.mu.Lock()
	if s.wish.Load().wanted() != t {
		s.mu.Unlock()
		return
	}
	s.wish.Store(nil)
	s.shows = false
	s.tell()
	s.mu.Unlock()
	s.move()
}

// began notes that a packet of what is wished is about to be forwarded, where
// none was. It is false if that is not wished any more.
func (s *slot) began(w *wish) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wish.Load() != w {
		return false
	}
	s.shows = true
	if s.toldFor != w.track || s.untold {
		s.tell()
	}
	return true
}

// paused notes that what is wished has ended; the slot waits for what follows
// it on the same track.
func (s *slot) paused(w *wish) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wish.Load() == w && s.shows {
		s.shows = false
		s.tell()
	}
}

// tell must be called under mu.
func (s *slot) tell() {
	s.untold = true
	s.poke()
}

// shown reports what the slot shows, if that has to be told.
func (s *slot) shown() (publisher PeerID, mid string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.untold {
		return 0, "", false
	}
	s.untold = false
	if !s.shows {
		s.toldFor = nil
		return 0, "", true
	}
	t := s.wish.Load().wanted()
	s.toldFor = t
	return t.publisher, t.mid, true
}

// showing reports whether something is forwarded.
func (s *slot) showing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shows
}

// move brings the slot to where its wish is, soon.
func (s *slot) move() {
	if s.asked.Add(1) > 1 {
		return // whoever is at it looks again
	}
	if s.lane == nil {
		s.settle()
		return
	}
	s.lane.Do(s.settle)
}

// settle does what move asks for, in the lane of the slot, or anywhere if it
// never was in one.
func (s *slot) settle() {
	for {
		asked, wish := s.asked.Load(), s.wish.Load()
		var to *feed
		if t := wish.wanted(); t != nil {
			to = t.feed.Load()
		}
		at := s.at.Load()
		if at != nil && (at != to || s.flow.wish != wish) {
			s.at.Store(nil)
			s.flow.leave()
			at = nil
		}
		if to != nil && at == nil {
			if s.lane != to.lane {
				s.lane = to.lane
				s.lane.Do(s.settle)
				return
			}
			s.enter(to, wish)
		}
		if s.asked.CompareAndSwap(asked, 0) {
			return
		}
	}
}

// enter takes the slot to a feed, in its lane.
func (s *slot) enter(f *feed, w *wish) {
	if s.flow == nil {
		s.flow = newFlow(s)
	}
	s.at.Store(f)
	s.flow.join(f, w)
}

// inLane carries something out in the lane that the slot is in, if it still is
// there then.
func (s *slot) inLane(do func(w *flow)) {
	f := s.at.Load()
	if f == nil {
		return
	}
	f.lane.Do(func() {
		if s.at.Load() == f {
			do(s.flow)
		}
	})
}

// choose has the slot show c of t, which it shows or is about to.
func (s *slot) choose(t *track, c choice) {
	if before := s.choice.Load(); before != nil && *before == c {
		return
	}
	s.choice.Store(&c)
	if s.wish.Load().wanted() == t {
		s.inLane((*flow).aim)
	}
}

// chosen is what was chosen last.
func (s *slot) chosen() choice {
	if c := s.choice.Load(); c != nil {
		return *c
	}
	return choice{step: maxSteps - 1, temporal: packet.All}
}

// unsettled has the choice of layers made anew.
func (s *slot) unsettled() {
	if s.state.carries() {
		s.stale.Store(true)
		s.poke()
	}
}

// need asks for a key frame of what the slot shows, once it can be sent there.
func (s *slot) need() {
	if s.video {
		s.inLane((*flow).need)
	}
}
