package sfu

import (
	"slices"
	"sync/atomic"
)

// track is what one peer publishes under one media id, and who watches it. It
// exists while it is published or watched, so that a slot may wait for it.
type track struct {
	publisher PeerID
	mid       string
	slots     atomic.Pointer[[]*slot] // copy on write, under Router.mu
	published bool                    // under Router.mu
	ended     atomic.Bool             // the publisher is gone: no packet is begun any more
	silenced  atomic.Bool             // sound is forwarded to nobody; written under Router.mu
	feed      atomic.Pointer[feed]    // what feeds it now; nil: nothing
}

// watchers is a snapshot of the slots that show or await the track.
func (t *track) watchers() []*slot {
	if s := t.slots.Load(); s != nil {
		return *s
	}
	return nil
}

// add and remove must be called under Router.mu.
func (t *track) add(s *slot) {
	if slices.Contains(t.watchers(), s) {
		return
	}
	list := append(slices.Clone(t.watchers()), s)
	t.slots.Store(&list)
}

func (t *track) remove(s *slot) {
	list := slices.DeleteFunc(slices.Clone(t.watchers()), func(x *slot) bool { return x == s })
	t.slots.Store(&list)
}

// feedBy makes f what feeds the track, in place of what did.
func (t *track) feedBy(f *feed) {
	if old := t.feed.Swap(f); old != nil {
		old.over.Store(true)
	}
	if f.over.Load() { // ended meanwhile
		t.feed.CompareAndSwap(f, nil)
	}
	t.gather()
}

// gather has all watchers come to where the track is fed now.
func (t *track) gather() {
	for _, s := range t.watchers() {
		s.move()
	}
}
