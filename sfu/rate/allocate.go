package rate

import "time"

// Priority is how much a track matters to who shows it; more matters more.
type Priority uint8

// The priorities.
const (
	Other Priority = iota
	Speaking
	Pinned
	Screen
)

// Paused is the layer of a track of which nothing is sent.
const Paused = -1

// Layer is one way to show a track.
type Layer struct {
	Height int // of the picture; 0: not known
	Rate   int // bits per second that are sent for it, headers and lower layers that it needs included; 0: the publisher does not send it now
}

// Track is one that a subscriber shows. It is kept between calls of Allocate.
type Track struct {
	Priority Priority
	Wanted   int     // height in which it is shown; 0: nothing is wanted
	Layers   []Layer // smallest first, at most 16; empty: nothing is sent
	Shown    int     // what Allocate chose: an index in Layers, or Paused
}

// Allocation is what came of sharing.
type Allocation struct {
	Used    int           // bits per second of audio and of what is shown
	Whole   int           // bits per second if everything wanted was shown
	Changed bool          // Shown of a track is another than before
	Again   time.Duration // ask again at this moment even if nothing changes; 0: no need
}

// Allocator shares what the network carries towards one subscriber among the
// tracks that it shows. The zero value is ready. Not safe for concurrent use.
type Allocator struct{}

// Allocate sets Shown of every track so that audio and all of them take no
// more than rate, in bits per second.
func (a *Allocator) Allocate(rate, audio int, tracks []Track, now time.Duration) Allocation {
	return Allocation{}
}
