package crowd

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"paravent/sfu/packet"
)

// Diet says how much of what is sent to a person is read: every packet whose
// number is a multiple of it, a power of two. The system drops the rest. Of
// what is read, only that a person takes note of how long it was on its way.
type Diet int

// Everything is read.
const Everything Diet = 1

// Screen receives.
type Screen struct {
	line   *line
	crowd  *Crowd
	diet   Diet
	ids    packet.IDs
	video  []string // slots that are free
	audio  []string
	taken  atomic.Uint64
	broken atomic.Uint64

	last   uint16 // transport-wide number that was reported last
	begun  bool
	at     time.Time // when it arrived
	count  uint8     // feedback packets
	report [1200]byte
	ours   uint32 // SSRC
	mine   [1500]byte
}

func newScreen(c *Crowd, d Diet, r remote) *Screen {
	return &Screen{crowd: c, diet: d, ids: packet.IDs{TransportCC: r.counted}, video: r.video, audio: r.audio, ours: 1}
}

// Taken counts packets that were read and opened, Broken those that did not
// open.
func (s *Screen) Taken() uint64 { return s.taken.Load() }

// Broken counts what did not open, or is no packet.
func (s *Screen) Broken() uint64 { return s.broken.Load() }

// take takes what passes the filter.
func (s *Screen) take(l *line, b []byte, at time.Time) {
	if len(b) > 1 && b[1] >= 192 && b[1] < 224 {
		s.hear(l, b, at)
		return
	}
	var h packet.Header
	var e packet.Extensions
	n, _, err := l.opener.OpenRTP(b)
	if err != nil || !packet.Parse(&h, b[:n]) || !s.ids.Read(&e, &h) {
		s.broken.Add(1)
		return
	}
	s.taken.Add(1)
	if len(h.Payload) >= minPayload {
		sent := time.Unix(0, int64(binary.BigEndian.Uint64(h.Payload[stampAt:])))
		s.crowd.Delays.add(at.Sub(sent))
	}
	if e.HasTransportCC {
		s.arrive(l, e.TransportCC, at)
	}
}

const (
	feedbackSpacing = 50 * time.Millisecond
	maxFeedback     = 1000                   // packets that one speaks of
	tick            = 250 * time.Microsecond // unit of deltas (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.5)
	reference       = 64 * time.Millisecond
)

// arrive notes that a packet came, and reports once in a while.
func (s *Screen) arrive(l *line, number uint16, at time.Time) {
	if !s.begun {
		s.begun, s.last, s.at = true, number-1, at
	}
	if int16(number-s.last) <= 0 || s.diet == Everything && at.Sub(s.at) < feedbackSpacing {
		return
	}
	s.feedback(l, number, at)
	s.last, s.at = number, at
}

// feedback reports everything up to number: those that were not read arrived
// evenly since the last.
func (s *Screen) feedback(l *line, number uint16, at time.Time) {
	total := min(int(number-s.last), maxFeedback)
	first := number - uint16(total) + 1
	spacing := at.Sub(s.at) / time.Duration(total)
	if spacing > reference/2 {
		spacing = 0 // there was a break, and then all came at once
	}
	from := time.Duration(at.UnixNano()) - spacing*time.Duration(total-1)
	zero := from.Truncate(reference)

	b := append(s.report[:0], 0x80|15, feedbackRTP, 0, 0)
	b = binary.BigEndian.AppendUint32(b, s.ours)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint16(b, first)
	b = binary.BigEndian.AppendUint16(b, uint16(total))
	b = binary.BigEndian.AppendUint32(b, uint32(zero/reference)<<8|uint32(s.count))
	s.count++
	b = binary.BigEndian.AppendUint16(b, 1<<13|uint16(total)) // a run of small deltas
	now := int64(zero / tick)
	for n := range total {
		next := int64((from + spacing*time.Duration(n)) / tick)
		b = append(b, byte(next-now))
		now = next
	}
	if fill := -len(b) & 3; fill > 0 { // RFC 3550, section 6.4.1
		b[0] |= 0x20
		for range fill - 1 {
			b = append(b, 0)
		}
		b = append(b, byte(fill))
	}
	s.send(l, b)
}

// send finishes an RTCP packet.
func (s *Screen) send(l *line, b []byte) {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	if sealed := l.sealer.SealRTCP(s.mine[:0], b); sealed != nil {
		_, _ = l.conn.Write(sealed)
	}
}

// hear answers a sender report by a receiver report: everything arrived, and
// nothing waited here.
func (s *Screen) hear(l *line, b []byte, _ time.Time) {
	n, err := l.opener.OpenRTCP(b)
	if err != nil {
		s.broken.Add(1)
		return
	}
	each(b[:n], func(one []byte) {
		if one[1] != reportSender || len(one) < 28 {
			return
		}
		r := append(s.report[:0], 0x81, reportReceiver, 0, 0)
		r = binary.BigEndian.AppendUint32(r, s.ours)
		r = append(r, one[4:8]...)                        // of whom
		r = append(r, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) // lost, highest, jitter
		r = append(r, one[10:14]...)                      // which report
		r = append(r, 0, 0, 0, 0)                         // since when
		s.send(l, r)
	})
}
