package sfu

import (
	"time"

	"paravent/sfu/packet"
	"paravent/sfu/transport"
)

// source is one incoming stream: what one SSRC of a publish connection sends.
// It belongs to its feed's lane.
type source struct {
	feed    *feed
	layer   int
	ssrc    uint32
	ask     func()           // the publisher for a key frame
	lossy   func(part uint8) // says what viewers lose of it; nil: nobody is to know
	ended   bool
	last    time.Duration // when a part of a picture or of sound came
	arrived uint64        // packets
	flows   []*flow       // that show it, or are to: others cost its packets nothing
	history history
	reader  packet.Reader
	burst   []parcel // reused: a hot loop does not allocate

	run   uint32 // see parcel
	codec transport.Codec
	high  uint16 // newest sequence number

	meter   meter
	frames  keyframes
	waiting bool          // again is to be called
	due     time.Duration // at that moment
}

var _ transport.Stream = (*source)(nil)

func newSource(f *feed, info transport.StreamInfo) *source {
	s := &source{feed: f, layer: info.Layer, ssrc: info.SSRC, ask: info.KeyFrame, last: f.lane.Now(), meter: meter{since: f.lane.Now()}}
	if !f.video {
		s.lossy = info.Lossy
	}
	return s
}

// Receive forwards a burst.
func (s *source) Receive(burst []transport.Packet) {
	s.wake(burst)
	s.burst = s.burst[:0]
	for i := range burst {
		s.burst = append(s.burst, parcel{})
		p := &s.burst[len(s.burst)-1]
		if !s.take(p, &burst[i]) {
			s.burst = s.burst[:len(s.burst)-1]
			continue
		}
		if len(p.payload) > 0 {
			s.meter.add(&p.frame, len(p.payload))
		}
		tap(s.ssrc, &burst[i])
		s.note(p)
	}
	s.feed.forward(s, s.burst)
}

// wake says that the source is there again, if it was not and a burst has
// anything to show. Padding is none: browsers send it to find out what the
// network carries, on layers too which they have stopped.
func (s *source) wake(burst []transport.Packet) {
	for i := range burst {
		if p := &burst[i]; len(p.Payload) > 0 {
			if p.At-s.last > layerSilence {
				s.last = p.At
				s.feed.changed()
			}
			return
		}
	}
}

// End implements transport.Stream.
func (s *source) End() { s.feed.stop(s) }

// take makes p of what was received. It is false for what is not to be
// forwarded: malformed, or of an earlier run.
func (s *source) take(p *parcel, in *transport.Packet) bool {
	ahead := s.run == 0 || int16(in.Seq-s.high) > 0
	if in.Codec != s.codec {
		if !ahead || in.Codec.Video() != s.feed.video {
			return false // late, from before the codec changed; or it is not what was announced
		}
		s.codec = in.Codec
		s.run++
	}
	if ahead {
		s.high = in.Seq
	}
	s.arrived++
	p.run, p.codec, p.marker = s.run, in.Codec, in.Marker
	p.seq, p.timestamp, p.payload, p.at = in.Seq, in.Timestamp, in.Payload, in.At
	if len(in.Payload) == 0 {
		return true // slots close the gap
	}
	s.last = in.At
	if !s.reader.Read(&p.frame, in) {
		return false
	}
	if p.frame.Numbered {
		p.dependency = in.Dependency
	}
	return true
}

// note keeps p for retransmission, if anybody could ask for it, and remembers
// that a key frame came.
func (s *source) note(p *parcel) {
	if !s.feed.video || len(p.payload) == 0 {
		return
	}
	if len(s.flows) > 0 {
		s.history.put(p)
	}
	if p.frame.Key {
		s.frames.got(p.at)
	}
}

// need asks for a key frame, now or as soon as spacing allows, and again until
// one comes.
func (s *source) need() {
	if s.ended || !s.feed.video {
		return
	}
	now := s.feed.lane.Now()
	ask, again := s.frames.want(now)
	s.request(ask, again, now)
}

func (s *source) request(ask bool, again, now time.Duration) {
	if due := now + again; again > 0 && (!s.waiting || due < s.due) {
		s.waiting, s.due = true, due
		s.feed.lane.At(due, func() { s.again(due) })
	}
	if ask {
		s.ask() // a request that is lost is repeated
	}
}

// again is called at a moment that something has to be asked for again, unless
// another has taken its place.
func (s *source) again(due time.Duration) {
	if s.ended || !s.waiting || s.due != due {
		return
	}
	s.waiting = false
	now := s.feed.lane.Now()
	ask, again := s.frames.tick(now)
	s.request(ask, again, now)
}
