package rate

import (
	"encoding/binary"
	"math/bits"
	"time"
)

// maxStatuses bounds how many packets one feedback packet may speak of: more
// than can be on their way.
const maxStatuses = 1 << 13

// feedback is a transport-wide feedback packet that was read and found whole.
// It points into the bytes it was read from.
type feedback struct {
	base      uint16 // number of the first packet it speaks of
	statuses  int    // of how many it speaks
	reference uint32 // 24 bits, in units of 64 ms
	count     uint8  // of the feedback packets before it
	chunks    []byte
	deltas    []byte
}

// readFeedback reads one RTCP packet. It is false for whatever is not
// transport-wide feedback, or contradicts itself
// (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1).
func readFeedback(f *feedback, b []byte) bool {
	if len(b) < feedbackHeader || b[0]&0xdf != 2<<6|feedbackFormat || b[1] != feedbackType ||
		len(b) != 4*(int(binary.BigEndian.Uint16(b[2:]))+1) {
		return false
	}
	if b[0]&(1<<5) != 0 { // padding
		n := int(b[len(b)-1])
		if n == 0 || n > len(b)-feedbackHeader {
			return false
		}
		b = b[:len(b)-n]
	}
	f.base = binary.BigEndian.Uint16(b[12:])
	f.statuses = int(binary.BigEndian.Uint16(b[14:]))
	last := binary.BigEndian.Uint32(b[16:])
	f.reference, f.count = last>>8, uint8(last)
	if f.statuses == 0 || f.statuses > maxStatuses {
		return false
	}
	return f.split(b[feedbackHeader:])
}

// split finds where the chunks end and sees that there is a delta for every
// packet that arrived, and nothing but zeros to fill a word behind them.
func (f *feedback) split(b []byte) bool {
	size, left, at := 0, f.statuses, 0
	for ; left > 0; at += 2 {
		if at+2 > len(b) {
			return false
		}
		n, bytes, ok := readChunk(binary.BigEndian.Uint16(b[at:]), left)
		if !ok {
			return false
		}
		left -= n
		size += bytes
	}
	f.chunks, f.deltas = b[:at], b[at:]
	if len(f.deltas) < size || len(f.deltas) > size+3 {
		return false
	}
	for _, zero := range f.deltas[size:] {
		if zero != 0 {
			return false
		}
	}
	return true
}

// readChunk says of how many packets a chunk speaks, left at most, and how
// many bytes of deltas they have.
func readChunk(chunk uint16, left int) (packets, bytes int, ok bool) {
	switch chunk >> 14 {
	case 2: // one bit each
		packets = min(vectorOne, left)
		return packets, bits.OnesCount16(chunk << 2 >> (16 - packets)), true
	case 3: // two bits each
		packets = min(vectorTwo, left)
		for i := range packets {
			symbol := int(chunk>>(2*(vectorTwo-1-i))) & 3
			if symbol > largeDelta {
				return 0, 0, false
			}
			bytes += symbol
		}
		return packets, bytes, true
	}
	run, symbol := int(chunk&maxRun), int(chunk>>13)
	if run == 0 || run > left || symbol > largeDelta {
		return 0, 0, false
	}
	return run, run * symbol, true
}

// statuses walks through what a feedback packet says.
type statuses struct {
	chunks, deltas []byte
	chunk          uint16 // symbols that are left of a vector, the next one in the highest place below the type
	kind           uint16 // of the chunk
	run            int    // packets that are left of the chunk
	time           time.Duration
}

// walk begins. Moments are counted from when the reference time was zero.
func (f *feedback) walk(reference int64) statuses {
	return statuses{chunks: f.chunks, deltas: f.deltas, time: time.Duration(reference*referenceTicks) * tick}
}

// next says of the next packet whether and when it arrived. It must not be
// called more often than there are packets.
func (s *statuses) next() (at time.Duration, arrived bool) {
	if s.run == 0 {
		s.open()
	}
	s.run--
	symbol := s.chunk >> 13 & 3
	switch s.kind {
	case 2:
		symbol = s.chunk >> 13 & 1
		s.chunk <<= 1
	case 3:
		symbol = s.chunk >> 12 & 3
		s.chunk <<= 2
	}
	switch symbol {
	case smallDelta:
		s.time += time.Duration(s.deltas[0]) * tick
		s.deltas = s.deltas[1:]
	case largeDelta:
		s.time += time.Duration(int16(binary.BigEndian.Uint16(s.deltas))) * tick
		s.deltas = s.deltas[2:]
	default:
		return 0, false
	}
	return s.time, true
}

func (s *statuses) open() {
	s.chunk = binary.BigEndian.Uint16(s.chunks)
	s.chunks = s.chunks[2:]
	s.kind = s.chunk >> 14
	switch s.kind {
	case 2:
		s.run = vectorOne
	case 3:
		s.run = vectorTwo
	default:
		s.run = int(s.chunk & maxRun)
	}
}
