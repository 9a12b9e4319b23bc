package crowd

import (
	"encoding/binary"
	"time"
)

const (
	feedbackSpacing = 50 * time.Millisecond
	maxFeedback     = 500                    // packets that one speaks of
	maxVariation    = 2 * time.Millisecond   // by which two packets may differ in their way if it is to be known of those between
	maxEven         = 8 * time.Millisecond   // between packets that may be said to have come evenly
	tick            = 250 * time.Microsecond // unit of deltas (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.5)
	reference       = 64 * time.Millisecond
	small, large    = 1 << 13, 2 << 13 // runs of packets, with deltas of one byte and of two (section 3.1.3)
)

// arrival is a packet that was read. Moments are by the wall clock: all are of
// one machine.
type arrival struct {
	counted uint16        // transport-wide number
	number  uint32        // of the camera's packet
	left    time.Duration // when it was sent; 0: it is no packet of a camera
	at      time.Duration // when it arrived
}

// feedback reports everything since the last report up to the newest packet that
// was read. Where it is not known when what was not read arrived it reports that
// packet alone, as if the report before had been lost: a server that is told of
// what did not come so must think that the network varies.
func (s *Screen) feedback() []byte {
	newest := s.read[len(s.read)-1]
	if !s.fill() {
		s.moments = append(s.moments[:0], newest.at)
		s.count++
	}
	total := len(s.moments)
	zero := s.moments[0].Truncate(reference)
	run, now := small, zero/tick
	for _, at := range s.moments {
		if at/tick-now > 255 {
			run = large
		}
		now = at / tick
	}
	b := append(s.report[:0], 0x80|15, feedbackRTP, 0, 0)
	b = binary.BigEndian.AppendUint32(b, s.ours)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint16(b, newest.counted-uint16(total)+1)
	b = binary.BigEndian.AppendUint16(b, uint16(total))
	b = binary.BigEndian.AppendUint32(b, uint32(zero/reference)<<8|uint32(s.count))
	s.count++
	b = binary.BigEndian.AppendUint16(b, uint16(run|total))
	now = zero / tick
	for _, at := range s.moments {
		delta := at/tick - now
		now += delta
		if run == large {
			b = append(b, byte(delta>>8))
		}
		b = append(b, byte(delta))
	}
	if fill := -len(b) & 3; fill > 0 { // RFC 3550, section 6.4.1
		b[0] |= 0x20
		for range fill - 1 {
			b = append(b, 0)
		}
		b = append(b, byte(fill))
	}
	return b
}

// fill says when every packet since the last report arrived. It is false if that
// is not known.
func (s *Screen) fill() bool {
	s.moments = s.moments[:0]
	from := s.last
	for _, to := range s.read {
		if len(s.moments)+int(to.counted-from.counted) > maxFeedback || !s.between(&from, &to) {
			return false
		}
		from = to
	}
	return true
}

// between says when what came behind one packet that was read, up to the next
// one, arrived. If it is what the camera sent in between, it was on its way as
// long as those two, unless they differ: then it is not known. If there is other
// among it, such as padding, it came evenly.
func (s *Screen) between(from, to *arrival) bool {
	total, camera := int(to.counted-from.counted), s.shows.Load()
	passed, longer := to.at-from.at, (to.at-to.left)-(from.at-from.left)
	same := camera != nil && total < maxDiary/2 && int(to.number-from.number) == total && camera.kept(from) && camera.kept(to)
	if total > 1 && same && max(longer, -longer) > maxVariation {
		return false
	}
	if !same && passed > maxEven*time.Duration(total) {
		passed = 0 // there was a break, and then all came at once
	}
	latest := from.at
	for n := 1; n < total; n++ {
		at := to.at - passed*time.Duration(total-n)/time.Duration(total)
		if same {
			at = camera.left(from.number+uint32(n)) + from.at - from.left + longer*time.Duration(n)/time.Duration(total)
		}
		latest = min(max(at, latest), to.at)
		s.moments = append(s.moments, latest)
	}
	s.moments = append(s.moments, max(latest, to.at))
	return true
}
