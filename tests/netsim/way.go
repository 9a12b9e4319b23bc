// Package netsim is a network that is as bad as a test wants it to be, and
// equally bad for the same seed: ways that lose, delay and hold up packets, and
// a relay that puts them between clients and a UDP port of this machine.
package netsim

import (
	"math/rand/v2"
	"time"
)

// What we chose.
const (
	usualQueue = 64 << 10 // bytes that wait where a link does not say
	headers    = 28       // bytes of IPv4 and UDP around what is sent
	mostOnWay  = 1 << 15  // packets that are on their way at a time
)

// Link is what a way does to packets in one direction. The zero value does
// nothing to them.
type Link struct {
	Rate   int           // bits per second, headers counted; 0: whatever comes
	Queue  int           // bytes that wait at most; 0: 64 kB
	Delay  time.Duration // behind the queue
	Jitter time.Duration // more delay, at most, evenly spread; nobody is overtaken
	Loss   float64       // share of packets that are lost, each for itself
	Burst  Burst
	Cut    bool // all that enters is lost
}

// Burst is loss in a row (Gilbert's model). The zero value is none.
type Burst struct {
	Begin float64 // chance of each packet to be the first that is lost
	End   float64 // chance of each packet after it to be the first that is not
}

// Step is how a link is from a moment on.
type Step struct {
	At time.Duration
	Link
}

// Course is how a link is over time: steps in their order. Before the first
// nothing is done to packets.
type Course []Step

// Steady is the course of a link that stays as it is.
func Steady(l Link) Course { return Course{{Link: l}} }

// at is what holds at a moment, and until when; 0: for ever.
func (c Course) at(now time.Duration) (l Link, until time.Duration) {
	for _, s := range c {
		if s.At > now {
			return l, s.At
		}
		l = s.Link
	}
	return l, 0
}

// Way carries packets in one direction. What becomes of them depends on the
// seed, their sizes and their moments alone. Not safe for concurrent use.
type Way struct {
	course  Course
	random  *rand.Rand
	losing  bool          // within a burst
	free    time.Duration // when all that waits has left
	latest  time.Duration // arrival
	waiting []leaving
	bytes   int // that wait
}

type leaving struct {
	at    time.Duration
	bytes int
}

// NewWay makes a way.
func NewWay(seed uint64, course Course) *Way {
	return &Way{course: course, random: rand.New(rand.NewPCG(seed, seed^0x5eed))} //nolint:gosec // a network that is the same each time
}

// Change lets another course begin now. What waits already leaves as it would
// have.
func (w *Way) Change(course Course) { w.course = course }

// Enter says when a packet arrives that enters now; false: it does not. Moments
// never go back.
func (w *Way) Enter(size int, now time.Duration) (arrives time.Duration, ok bool) {
	l, _ := w.course.at(now)
	// As many numbers for each packet, whatever becomes of it.
	alone, burst, jitter := w.random.Float64(), w.random.Float64(), w.random.Float64()
	if w.losing {
		w.losing = burst >= l.Burst.End
	} else {
		w.losing = burst < l.Burst.Begin
	}
	size += headers
	if queue := l.Queue; l.Rate > 0 && w.waits(now)+size > most(queue) {
		return 0, false
	}
	if l.Cut || w.losing || alone < l.Loss {
		return 0, false
	}
	w.free = w.leaves(size, max(now, w.free))
	w.waiting = append(w.waiting, leaving{w.free, size})
	w.bytes += size
	arrives = max(w.latest, w.free+l.Delay+time.Duration(jitter*float64(l.Jitter)))
	w.latest = arrives
	return arrives, true
}

func most(queue int) int {
	if queue == 0 {
		return usualQueue
	}
	return queue
}

// waits is how many bytes are in the queue.
func (w *Way) waits(now time.Duration) int {
	n := 0
	for n < len(w.waiting) && w.waiting[n].at <= now {
		w.bytes -= w.waiting[n].bytes
		n++
	}
	w.waiting = w.waiting[n:]
	return w.bytes
}

// leaves says when the last bit has left of a packet whose first does so now.
func (w *Way) leaves(size int, now time.Duration) time.Duration {
	const bitsPerByte = 8
	bits := float64(size * bitsPerByte)
	for {
		l, until := w.course.at(now)
		if l.Rate <= 0 {
			return now
		}
		end := now + time.Duration(bits/float64(l.Rate)*float64(time.Second))
		if until == 0 || end <= until {
			return end
		}
		bits -= (until - now).Seconds() * float64(l.Rate)
		now = until
	}
}
