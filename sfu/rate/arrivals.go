package rate

import (
	"encoding/binary"
	"slices"
	"time"
)

// What draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1, fixes.
const (
	feedbackHeader = 20                     // bytes before the chunks, reference time and count included
	feedbackFormat = 15                     // FMT of transport-wide feedback
	feedbackType   = 205                    // RTPFB (RFC 4585, section 6.1)
	tick           = 250 * time.Microsecond // unit of the deltas
	referenceTicks = 256                    // ticks in a unit of the reference time: 64 ms
	vectorOne      = 14                     // packets in a vector of one bit each
	vectorTwo      = 7                      // packets in a vector of two bits each
	maxRun         = 1<<13 - 1              // packets in a run
)

// What a chunk says of a packet.
const (
	notArrived = 0
	smallDelta = 1 // one byte, not negative
	largeDelta = 2 // two bytes, signed
)

// What we chose.
const (
	arrivalWindow    = 1024                   // numbers that a packet may be late: a second of 10 Mbit/s
	maxFeedback      = 1200                   // bytes of a feedback packet
	feedbackSlow     = 100 * time.Millisecond // between feedback when little arrives
	feedbackFast     = 50 * time.Millisecond  // and when much does
	feedbackMany     = 20                     // packets in the fast interval that are much
	feedbackAtOnce   = 256                    // packets that are told of without waiting, or they no longer fit into one packet
	chunkBytesAtMost = 2                      // for each vectorTwo packets, whatever they are
)

// Arrivals records when the packets of one publish connection arrived, by
// their transport-wide numbers, and tells the sender of it. The zero value is
// ready. Not safe for concurrent use.
type Arrivals struct {
	at      [arrivalWindow]time.Duration // by number; one more than the moment, 0: not arrived
	newest  int64                        // highest number, wraps counted
	next    int64                        // the first number to tell of
	waiting int                          // packets that arrived and were not told of
	oldest  time.Duration                // when the first of them arrived
	count   uint8                        // of feedback packets
	begun   bool
}

// Add records that the packet with this number arrived. The second time is
// ignored.
func (a *Arrivals) Add(number uint16, at time.Duration) {
	if !a.begun {
		a.begun = true
		a.newest = int64(number)
		a.next = a.newest
	}
	n := a.newest + int64(int16(number-uint16(a.newest)))
	switch {
	case n > a.newest:
		a.advance(n)
	case n <= a.newest-arrivalWindow, a.at[n&(arrivalWindow-1)] != 0:
		return
	}
	a.at[n&(arrivalWindow-1)] = max(at, 0) + 1
	if a.waiting == 0 {
		a.oldest = at
	}
	a.waiting++
	// One that was told of as missing is told of once more, with all after it:
	// so do browsers, whose feedback has no other way to take it back.
	a.next = min(a.next, n)
}

// advance makes n the newest number and forgets what no longer has a place.
func (a *Arrivals) advance(n int64) {
	if n-a.newest >= arrivalWindow {
		clear(a.at[:])
		a.waiting = 0
		a.newest = n - 1
	}
	for i := a.newest + 1; i <= n; i++ {
		slot := &a.at[i&(arrivalWindow-1)]
		if *slot != 0 && i-arrivalWindow >= a.next {
			a.waiting--
		}
		*slot = 0
	}
	a.newest = n
	a.next = max(a.next, n-arrivalWindow+1)
}

// Due is the moment from which Append has something to say; ok is false as
// long as there is nothing to tell of.
func (a *Arrivals) Due() (at time.Duration, ok bool) {
	switch {
	case a.waiting <= 0:
		return 0, false
	case a.waiting >= feedbackAtOnce:
		return a.oldest, true
	case a.waiting >= feedbackMany:
		return a.oldest + feedbackFast, true
	}
	return a.oldest + feedbackSlow, true
}

// Append appends one feedback packet (RTCP, not sealed yet) of at most 1200
// bytes to b, from the SSRC sender about the SSRC media, if one is due at now;
// else it gives b back. What did not fit is due at once: call it again.
func (a *Arrivals) Append(b []byte, sender, media uint32, now time.Duration) []byte {
	if due, ok := a.Due(); !ok || now < due {
		return b
	}
	var symbols [arrivalWindow]uint8
	first := a.next
	for a.at[first&(arrivalWindow-1)] == 0 && first < a.newest {
		first++
	}
	reference := a.ticks(first) / referenceTicks
	n := a.classify(symbols[:], reference*referenceTicks)

	start := len(b)
	b = append(b, 2<<6|feedbackFormat, feedbackType, 0, 0)
	b = binary.BigEndian.AppendUint32(b, sender)
	b = binary.BigEndian.AppendUint32(b, media)
	b = binary.BigEndian.AppendUint16(b, uint16(a.next))
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = binary.BigEndian.AppendUint32(b, uint32(reference)<<8|uint32(a.count))
	b = appendChunks(b, symbols[:n])
	b = a.appendDeltas(b, symbols[:n], reference*referenceTicks)
	b = pad(b, start)
	binary.BigEndian.PutUint16(b[start+2:], uint16((len(b)-start)/4-1))
	a.count++
	a.settle(a.next + int64(n))
	return b
}

// ticks is when packet n arrived, which it did.
func (a *Arrivals) ticks(n int64) int64 {
	return int64((a.at[n&(arrivalWindow-1)] - 1) / tick)
}

// classify says what is told of each packet from the next one on, and of how
// many: what fits into a packet and whose distance in time can be written.
func (a *Arrivals) classify(symbols []uint8, last int64) int {
	size := feedbackHeader + chunkBytesAtMost + 3 // a chunk begun, padding
	for n := a.next; n <= a.newest; n++ {
		i := int(n - a.next)
		if i%vectorTwo == 0 {
			size += chunkBytesAtMost
		}
		symbols[i] = notArrived
		if a.at[n&(arrivalWindow-1)] != 0 {
			t := a.ticks(n)
			delta := t - last
			switch {
			case delta != int64(int16(delta)):
				return i
			case delta == int64(uint8(delta)):
				symbols[i] = smallDelta
			default:
				symbols[i] = largeDelta
			}
			last = t
		}
		if size += int(symbols[i]); size > maxFeedback {
			return i
		}
	}
	return int(a.newest - a.next + 1)
}

// settle makes next the first number to tell of.
func (a *Arrivals) settle(next int64) {
	a.next = next
	a.waiting = 0
	for n := next; n <= a.newest; n++ {
		if at := a.at[n&(arrivalWindow-1)]; at != 0 {
			if a.waiting == 0 {
				a.oldest = at - 1
			}
			a.waiting++
		}
	}
}

// appendChunks writes what is said of each packet, in as few chunks as a
// greedy choice makes.
func appendChunks(b []byte, symbols []uint8) []byte {
	for len(symbols) > 0 {
		run := runLength(symbols)
		n := min(vectorOne, len(symbols))
		switch {
		case run >= vectorOne, run == len(symbols), run >= vectorTwo && symbols[0] == largeDelta:
			b = binary.BigEndian.AppendUint16(b, uint16(symbols[0])<<13|uint16(run))
			n = run
		case !slices.Contains(symbols[:n], largeDelta):
			b = binary.BigEndian.AppendUint16(b, 1<<15|vector(symbols[:n], 1, vectorOne))
		case run >= vectorTwo:
			b = binary.BigEndian.AppendUint16(b, uint16(symbols[0])<<13|uint16(run))
			n = run
		default:
			n = min(vectorTwo, len(symbols))
			b = binary.BigEndian.AppendUint16(b, 1<<15|1<<14|vector(symbols[:n], 2, vectorTwo))
		}
		symbols = symbols[n:]
	}
	return b
}

func runLength(symbols []uint8) int {
	n := 1
	for n < len(symbols) && n < maxRun && symbols[n] == symbols[0] {
		n++
	}
	return n
}

// vector packs symbols of so many bits, with room for so many, the first in
// the highest place.
func vector(symbols []uint8, bits, room int) uint16 {
	var v uint16
	for i, s := range symbols {
		v |= uint16(s) << (bits * (room - 1 - i))
	}
	return v
}

// appendDeltas writes the time from each arrived packet to the one before it
// in number, the first from the reference time.
func (a *Arrivals) appendDeltas(b []byte, symbols []uint8, last int64) []byte {
	for i, symbol := range symbols {
		if symbol == notArrived {
			continue
		}
		t := a.ticks(a.next + int64(i))
		if symbol == smallDelta {
			b = append(b, uint8(t-last))
		} else {
			b = binary.BigEndian.AppendUint16(b, uint16(t-last))
		}
		last = t
	}
	return b
}

// pad fills the packet that begins at start to whole words (RFC 3550, section
// 6.4.1).
func pad(b []byte, start int) []byte {
	missing := -(len(b) - start) & 3
	if missing == 0 {
		return b
	}
	b[start] |= 1 << 5
	for range missing - 1 {
		b = append(b, 0)
	}
	return append(b, uint8(missing))
}
