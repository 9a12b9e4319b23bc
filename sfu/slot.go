package sfu

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// writer takes packets towards one viewer. It keeps neither argument.
type writer interface {
	WriteRTP(header *rtp.Header, payload []byte) (int, error)
}

// types are a viewer's payload types for one codec; 0 is none.
type types struct{ media, rtx uint8 }

// slot is one media section of a subscribe connection: it shows one track at a
// time, always under the same SSRC. Safe for concurrent use.
type slot struct {
	mid   string
	video bool
	state *state // of the connection
	poke  func() // something is to be told

	mu       sync.Mutex // guards what follows
	out      writer     // nil until negotiated
	ssrc     uint32
	rtxSSRC  uint32 // 0: the viewer does not want retransmissions
	types    [codecs]types
	track    *track  // to be shown; nil: nothing
	source   *source // what is forwarded; nil: nothing yet
	run      uint64  // of the source; 0: waiting for its beginning
	codec    codec
	numbers  rewriter
	clock    clock
	pictures pictures
	header   rtp.Header // reused: one on the stack would escape
	packets  uint32
	octets   uint32
	repair   repair

	untold  bool // what is shown changed
	toldFor *track
}

func newSlot(video bool, connection *state, poke func()) *slot {
	s := &slot{video: video, state: connection, poke: poke}
	// RFC 3550, section 5.1, wants them to start anywhere; sequence numbers in
	// the lower half, so that no early loss makes SRTP miscount the wraps.
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // never fails
	s.numbers.out = uint64(binary.BigEndian.Uint16(seed[:]) & 0x7fff)
	s.repair.seq = binary.BigEndian.Uint16(seed[2:]) & 0x7fff
	s.clock.last = binary.BigEndian.Uint32(seed[4:])
	return s
}

// show makes the slot forward t from where it begins, and nothing else from
// now on. It returns what it has shown.
func (s *slot) show(t *track) (before *track) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.track
	if before == t && t != nil && s.run != 0 {
		s.tell() // it is shown already: say so again
		return before
	}
	s.track, s.source, s.run, s.toldFor = t, nil, 0, nil
	if t == nil {
		s.tell()
	}
	return before
}

// pause stops forwarding src, which has ended; the slot waits for what
// follows it on the same track.
func (s *slot) pause(src *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source == src {
		s.source, s.run = nil, 0
		s.tell()
	}
}

// forget stops showing t, which is gone for good.
func (s *slot) forget(t *track) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.track == t {
		s.track, s.source, s.run = nil, nil, 0
		s.tell()
	}
}

func (s *slot) tell() {
	s.untold = true
	s.poke()
}

// shown reports what the slot shows, if that has to be told.
func (s *slot) shown() (publisher PeerID, mid string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.untold {
		return 0, "", false
	}
	s.untold = false
	if s.run == 0 {
		s.toldFor = nil
		return 0, "", true
	}
	s.toldFor = s.track
	return s.track.publisher, s.track.mid, true
}

// write forwards p, if it is of what the slot shows.
func (s *slot) write(p *packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.track == nil || s.track.source.Load() != p.source || s.track.ended.Load() || s.out == nil || !s.state.carries() {
		return
	}
	if p.codec == opus && s.track.silenced.Load() {
		s.run = 0 // what follows begins anew, where this ended
		return
	}
	if s.run != p.run && !s.begin(p) {
		return
	}
	if len(p.payload) == 0 {
		s.numbers.drop(p.seq)
		return
	}
	seq, ok := s.numbers.next(p.seq)
	if !ok {
		return
	}
	h := &s.header
	h.Version, h.SSRC, h.PayloadType = 2, s.ssrc, s.types[p.codec].media
	h.Marker, h.SequenceNumber, h.Timestamp = p.marker, seq, s.clock.next(p.timestamp, p.now)
	if s.video {
		picture, tl0 := s.pictures.next(&p.descriptor)
		p.descriptor.write(p.payload, picture, tl0)
		s.repair.sent(seq, p.seq)
	}
	s.packets++
	s.octets += uint32(len(p.payload))
	// A packet that cannot be sent is a lost one.
	_, _ = s.out.WriteRTP(h, p.payload)
}

// begin starts forwarding p's run with p, if that can be.
func (s *slot) begin(p *packet) bool {
	if !p.begins() || s.types[p.codec].media == 0 || s.video != (p.codec != opus) {
		return false
	}
	s.source, s.run, s.codec = p.source, p.run, p.codec
	s.numbers.begin(p.seq)
	s.clock.begin(p.timestamp, p.codec.clock(), p.now)
	if s.video {
		s.pictures.begin(&p.descriptor)
		s.repair.stretch++
	}
	if s.toldFor != s.track || s.untold {
		s.tell()
	}
	return true
}

// repair is what a slot remembers to answer NACKs (RFC 4585, section 6.2.1).
type repair struct {
	seq     uint16 // of the retransmission stream: the latest
	stretch uint32 // counts how often a run began: only the present one's numbers still fit
	ring    []sentPacket
	header  rtp.Header
	buffer  []byte
	second  time.Time // since when
	resends int       // that many were made
}

// sentPacket is small: a grid of viewers walks through many of them.
type sentPacket struct {
	out, in uint16
	stretch uint32 // 0: none
	resent  uint32 // when it was last sent again, in ms, wrapping; 0: never
}

// sent remembers that the source's packet in went out as out.
func (r *repair) sent(out, in uint16) {
	if r.ring == nil {
		r.ring = make([]sentPacket, sentWindow) // once, with the first packet
	}
	r.ring[out%sentWindow] = sentPacket{out: out, in: in, stretch: r.stretch}
}

// allow reports whether packet out may be sent again at now, at most once per
// spacing, and returns the number it had at its source.
func (r *repair) allow(out uint16, now time.Time, spacing time.Duration) (in uint16, ok bool) {
	if r.ring == nil {
		return 0, false
	}
	p := &r.ring[out%sentWindow]
	if p.out != out || p.stretch == 0 || p.stretch != r.stretch {
		return 0, false
	}
	ms := uint32(now.UnixMilli())
	if p.resent != 0 && ms-p.resent < uint32(spacing.Milliseconds()) {
		return 0, false
	}
	if now.Sub(r.second) >= time.Second {
		r.second, r.resends = now, 0
	}
	if r.resends >= resendsPerSlot {
		return 0, false
	}
	r.resends++
	p.resent = max(1, ms)
	return p.in, true
}

// resend answers a NACK for packet seq. It goes out as a retransmission under
// its own SSRC and number (RFC 4588): sealing anything twice under one number
// would break SRTP, so without that there is no answer.
func (s *slot) resend(seq uint16, now time.Time, spacing time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rtxSSRC == 0 || s.source == nil || s.source.history == nil || s.track.ended.Load() || !s.state.carries() {
		return
	}
	in, ok := s.repair.allow(seq, now, spacing)
	if !ok {
		return
	}
	const original = 2 // bytes of the original sequence number
	if s.repair.buffer == nil {
		s.repair.buffer = make([]byte, receiveSize+original)
	}
	b := s.repair.buffer
	k, ok := s.source.history.get(in, b[original:], now)
	if !ok || k.codec != s.codec || s.types[k.codec].rtx == 0 {
		return
	}
	picture, tl0 := s.pictures.look(&k.descriptor)
	k.descriptor.write(b[original:], picture, tl0)
	binary.BigEndian.PutUint16(b, seq)
	s.repair.seq++
	s.repair.header = rtp.Header{
		Version:        2,
		Marker:         k.marker,
		PayloadType:    s.types[k.codec].rtx,
		SequenceNumber: s.repair.seq,
		Timestamp:      k.timestamp + s.clock.shift,
		SSRC:           s.rtxSSRC,
	}
	_, _ = s.out.WriteRTP(&s.repair.header, b[:original+k.length])
}
