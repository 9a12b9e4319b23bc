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
	shows  atomic.Pointer[Camera] // the one that was watched last
	taken  atomic.Uint64
	broken atomic.Uint64

	begun   bool
	first   time.Duration   // when the first packet arrived
	sifted  bool            // the system drops what the diet does not want
	last    arrival         // that was reported
	read    []arrival       // since then
	moments []time.Duration // reused: when packets arrived
	count   uint8           // feedback packets
	report  [1200]byte
	ours    uint32 // SSRC
	mine    [1500]byte
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
	a := arrival{counted: e.TransportCC, at: time.Duration(at.UnixNano())}
	if len(h.Payload) >= minPayload {
		a.number = binary.BigEndian.Uint32(h.Payload[indexAt:])
		a.left = time.Duration(binary.BigEndian.Uint64(h.Payload[stampAt:]))
		s.crowd.Delays.add(a.at - a.left)
	}
	if e.HasTransportCC {
		s.arrive(l, a)
	}
}

// learning is for how long who learns reads everything: until the server knows
// what the network carries, from what is true of each packet.
const learning = 2 * time.Second

// arrive notes that a packet came, and reports once in a while.
func (s *Screen) arrive(l *line, a arrival) {
	if !s.begun {
		s.begun, s.first, s.last = true, a.at, a
		return
	}
	if len(s.read) > 0 && int16(a.counted-s.read[len(s.read)-1].counted) <= 0 || int16(a.counted-s.last.counted) <= 0 {
		return // overtaken
	}
	s.read = append(s.read, a)
	if s.diet > Everything && !s.sifted && a.at-s.first > learning {
		s.sifted = true
		sift(l.conn, int(s.diet))
	}
	if !s.sifted && a.at-s.last.at < feedbackSpacing && len(s.read) < maxFeedback/2 {
		return
	}
	s.send(l, s.feedback())
	s.last = a
	s.read = s.read[:0]
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
