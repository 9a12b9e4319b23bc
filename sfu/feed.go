package sfu

import (
	"slices"
	"sync/atomic"

	"paravent/sfu/transport"
)

// feed is what one section of a publish connection sends, and who shows it. It
// belongs to one lane: all that is not noted otherwise is that lane's, and needs
// no lock for this reason.
type feed struct {
	track *track         // does not change
	video bool           // does not change
	lane  transport.Lane // does not change
	over  atomic.Bool    // it feeds its track no more: no packet is begun

	// rates are those of each step and temporal layer. Written in the lane, read
	// anywhere.
	rates [maxSteps][maxTemporals]atomic.Int32

	layers  [maxLayers]*source // nil: there is none
	flows   []*flow            // of those who show it, or wait for its beginning
	ticking bool
}

// end tells everybody that f feeds its track no more. From any goroutine.
func (f *feed) end() {
	f.over.Store(true)
	f.track.feed.CompareAndSwap(f, nil)
	f.track.gather()
}

// start begins a source, in place of what its layer had.
func (f *feed) start(s *source) {
	if old := f.layers[s.layer]; old != nil {
		f.stop(old)
	}
	f.layers[s.layer] = s
	f.changed()
	if !f.ticking {
		f.ticking = true
		f.lane.At(f.lane.Now()+reportInterval, f.tick)
	}
}

// stop ends a source. Those who show it wait for another.
func (f *feed) stop(s *source) {
	s.ended = true
	if f.layers[s.layer] != s {
		return // another has taken its place
	}
	f.layers[s.layer] = nil
	for _, w := range f.flows {
		w.lose(s)
	}
	f.changed()
}

// empty reports whether nothing is sent.
func (f *feed) empty() bool {
	return !slices.ContainsFunc(f.layers[:], func(s *source) bool { return s != nil })
}

// tick does what there is to do every second.
func (f *feed) tick() {
	if f.ticking = !f.empty(); !f.ticking {
		return
	}
	now := f.lane.Now()
	f.measure(now)
	if !f.video {
		f.lose(now)
	}
	for _, w := range f.flows {
		w.aim()
		w.report(now)
	}
	if len(f.flows) == 0 {
		for _, s := range f.layers {
			if s != nil {
				s.history = history{} // nobody can ask for any of it
			}
		}
	}
	f.lane.At(now+reportInterval, f.tick)
}

// forward hands a burst to everybody who is shown its source, to each the whole of
// it before the next: packets to one address that follow each other leave in one
// system call. Called for every burst: it does not allocate.
func (f *feed) forward(s *source, burst []parcel) {
	for _, w := range s.flows {
		w.write(s, burst)
	}
}

// attach and detach say who shows the feed.
func (f *feed) attach(w *flow) { f.flows = append(f.flows, w) }

func (f *feed) detach(w *flow) {
	f.flows = slices.DeleteFunc(f.flows, func(x *flow) bool { return x == w })
}
