package rate

import (
	"sync/atomic"
	"time"
)

// What we chose.
const (
	minSent   = 1 << 8              // packets remembered from the beginning
	maxSent   = 1 << 12             // and at most: 0.7 s of 50 Mbit/s, 32 kB
	sentAge   = 10 * time.Second    // what was sent before is forgotten
	sizeBits  = 12                  // no packet has 4096 bytes
	stampBits = 42                  // of a moment; wraps after 52 days
	stampMask = 1<<stampBits - 1    //
	missBit   = 1 << (sizeBits + 8) // above size and number
	twiceBit  = missBit << 1        // above that
	stampAt   = sizeBits + 8 + 2    // where the moment begins
	sizeMask  = 1<<sizeBits - 1     //
	stampUnit = 10                  // bits that a moment in nanoseconds has and its stamp has not: about a microsecond
)

// sent remembers when packets left, and how large they were, by their
// transport-wide numbers. put and twice are safe for concurrent use beside all else;
// the rest is for one goroutine at a time.
//
// A packet is one word: its size, the upper byte of its number, whether it was
// missed, whether it was sent twice, and the moment. A word that is zero is no packet. Lanes write words
// without regard to each other, for no two packets have the same number until
// it wraps.
type sent struct {
	ring    atomic.Pointer[[]atomic.Uint64] // a power of two
	total   atomic.Uint64                   // bytes sent in all
	crowded bool                            // a packet was overwritten before it was told of
}

// begin makes it ready.
func (s *sent) begin() {
	ring := make([]atomic.Uint64, minSent)
	s.ring.Store(&ring)
}

func (s *sent) put(number uint16, size int, at time.Duration) {
	ring := *s.ring.Load()
	size = min(max(size, 1), sizeMask)
	word := uint64(at)>>stampUnit<<stampAt | uint64(number>>8)<<sizeBits | uint64(size)
	ring[int(number)&(len(ring)-1)].Store(word)
	s.total.Add(uint64(size))
}

// twice notes that a packet was sent once more. Safe for concurrent use, like put.
func (s *sent) twice(number uint16) {
	ring := *s.ring.Load()
	slot := &ring[int(number)&(len(ring)-1)]
	if word := slot.Load(); word != 0 && word>>sizeBits&0xff == uint64(number>>8) {
		slot.CompareAndSwap(word, word|twiceBit)
	}
}

// departure is a packet that was sent.
type departure struct {
	at     time.Duration
	size   int
	missed bool // it was said not to have arrived before
	twice  bool // it was sent more than once
}

// take gives the packet with this number if it is known at now, and was not
// said to have arrived before. Arrived forgets it.
func (s *sent) take(number uint16, arrived bool, now time.Duration) (departure, bool) {
	ring := *s.ring.Load()
	slot := &ring[int(number)&(len(ring)-1)]
	word := slot.Load()
	if word == 0 {
		return departure{}, false
	}
	if there := uint16(word>>sizeBits)&0xff<<8 | number&0xff; there != number {
		s.crowded = s.crowded || int16(there-number) > 0
		return departure{}, false
	}
	// The moment was cut to stampBits: its age was not.
	age := time.Duration((uint64(now)>>stampUnit-word>>stampAt)&stampMask) << stampUnit
	if age > sentAge {
		// Also what was sent after now, which is no packet that can be told of.
		return departure{}, false
	}
	d := departure{at: now - age, size: int(word & sizeMask), missed: word&missBit != 0, twice: word&twiceBit != 0}
	switch {
	case arrived:
		slot.CompareAndSwap(word, 0)
	case !d.missed:
		slot.CompareAndSwap(word, word|missBit)
	}
	return d, true
}

// grow makes room for twice as many packets, if some were crowded out and
// there may be more. What is put at the same time may be forgotten.
func (s *sent) grow() {
	old := *s.ring.Load()
	if !s.crowded || len(old) >= maxSent {
		return
	}
	s.crowded = false
	ring := make([]atomic.Uint64, 2*len(old))
	for i := range old {
		// Of the number the upper byte is in the word and the lower the place
		// in the smallest ring, and so the lower byte of any place.
		word := old[i].Load()
		if word == 0 {
			continue
		}
		number := int(uint8(word>>sizeBits))<<8 | i&0xff
		ring[number&(len(ring)-1)].Store(word)
	}
	s.ring.Store(&ring)
}
