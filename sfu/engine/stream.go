package engine

import (
	"time"

	"paravent/sfu/transport"
)

// windowSize is how many packets a late one may be behind the newest of its
// stream, and how far back doubles are noticed: a second of 1000 a second.
const windowSize = 1024

// window remembers which of the latest numbers of a stream came. The zero value
// is ready. It is not safe for concurrent use.
type window struct {
	begun  bool
	newest uint64                  // extended number
	came   [windowSize / 64]uint64 // bit n of windowSize: whether number n of the latest did
}

// extend gives a 16-bit number the wraps that bring it closest to the newest
// (RFC 3550, appendix A.1). It is not ok if that lies before all numbers.
func (w *window) extend(seq uint16) (number uint64, ok bool) {
	ahead := int64(int16(seq - uint16(w.newest)))
	if ahead < 0 && uint64(-ahead) > w.newest {
		return 0, false
	}
	return w.newest + uint64(ahead), true
}

// take says whether a number is new: not taken before, nor too old to tell.
func (w *window) take(number uint64) bool {
	switch {
	case !w.begun:
		w.begun, w.newest = true, number
	case number > w.newest:
		w.advance(number)
	case w.newest-number >= windowSize:
		return false
	}
	word, bit := &w.came[number%windowSize/64], uint64(1)<<(number%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}

// has says whether a number was taken, as far back as is known.
func (w *window) has(number uint64) bool {
	known := w.begun && number <= w.newest && w.newest-number < windowSize
	return known && w.came[number%windowSize/64]&(1<<(number%64)) != 0
}

// advance makes number the newest.
func (w *window) advance(number uint64) {
	if number-w.newest >= windowSize {
		clear(w.came[:])
	} else {
		for n := w.newest + 1; n <= number; n++ {
			w.came[n%windowSize/64] &^= 1 << (n % 64)
		}
	}
	w.newest = number
}

// place is where a stream belongs in an offer.
type place struct {
	mid    string
	rid    string // ""; or the name of its simulcast layer
	repair bool   // it sends again what another stream of that place has sent
}

// origin is one SSRC that packets come from.
type origin struct {
	ssrc    uint32
	known   bool // where it belongs
	retired bool // another has taken its place
	place
	stream *stream // that its packets go to; nil: none yet, or none wants them
	unread bool    // nobody wants them, until there is another offer
}

// stream is what one SSRC sends, and what is sent again in its place. It
// belongs to its lane.
type stream struct {
	place
	ssrc      uint32
	layer     int
	video     bool
	codecs    [transport.Codecs]bool // that it may be in
	sink      transport.Stream
	ended     bool
	lossy     uint8 // part of its packets that is lost further on, in 256ths
	window    window
	gaps      gaps
	reception reception
}

// accept takes note of a packet with an extended number, and says whether it
// is to be handed on. Trip is a round trip that was measured; 0: none.
func (s *stream) accept(number uint64, at time.Duration) (ok bool, trip time.Duration) {
	before, begun := s.window.newest, s.window.begun
	if !s.window.take(number) {
		return false, 0
	}
	switch {
	case !begun:
	case number > before:
		if number-before > 1 {
			s.gaps.skip(before+1, number, at)
		}
	default:
		trip = s.gaps.fill(number, at)
	}
	return true, trip
}

// end tells the sink that nothing more comes.
func (s *stream) end() {
	if !s.ended {
		s.ended = true
		s.gaps.clear()
		s.sink.End()
	}
}
