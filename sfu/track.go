package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
)

// track is what one peer publishes under one media id, and who watches it. It
// exists while it is published or watched, so that a slot may wait for it.
type track struct {
	publisher PeerID
	mid       string
	slots     atomic.Pointer[[]*slot] // copy on write, under Router.mu; packets read it without a lock
	published bool                    // under Router.mu
	ended     atomic.Bool             // the publisher is gone: no packet is begun any more
	silenced  atomic.Bool             // sound is forwarded to nobody; written under Router.mu
	source    atomic.Pointer[source]  // what feeds it now; nil: nothing
}

// watchers is a snapshot of the slots that show or await the track.
func (t *track) watchers() []*slot {
	if s := t.slots.Load(); s != nil {
		return *s
	}
	return nil
}

// add and remove must be called under Router.mu.
func (t *track) add(s *slot) {
	if slices.Contains(t.watchers(), s) {
		return
	}
	list := append(slices.Clone(t.watchers()), s)
	t.slots.Store(&list)
}

func (t *track) remove(s *slot) {
	list := slices.DeleteFunc(slices.Clone(t.watchers()), func(x *slot) bool { return x == s })
	t.slots.Store(&list)
}

// forward hands p to every slot that watches the track. Called from the one
// goroutine that reads the source, for every packet: it does not allocate.
func (t *track) forward(p *packet) {
	if t.ended.Load() {
		return
	}
	for _, s := range t.watchers() {
		s.write(p)
	}
}

// need asks the publisher for a key frame, as soon as spacing allows.
func (t *track) need() {
	if s := t.source.Load(); s != nil {
		s.need()
	}
}

// start makes s what feeds the track, in place of what did.
func (t *track) start(s *source) {
	if old := t.source.Swap(s); old != nil {
		t.silence(old)
	}
	if len(t.watchers()) > 0 {
		s.need()
	}
}

// stop tells the slots that s feeds the track no more.
func (t *track) stop(s *source) {
	if t.source.CompareAndSwap(s, nil) {
		t.silence(s)
	}
}

func (t *track) silence(s *source) {
	s.close()
	for _, w := range t.watchers() {
		w.pause(s)
	}
}

// source is one incoming stream: what one SSRC of a publish connection sends.
type source struct {
	ssrc    uint32
	codecs  *atomic.Pointer[payloadTypes] // as last negotiated
	write   func([]rtcp.Packet) error     // to the publisher; safe for concurrent use
	now     func() time.Time
	history *history // nil for audio

	// Only for the reading goroutine.
	run   uint64 // see packet
	codec codec
	high  uint16 // newest sequence number
	next  func() uint64

	mu     sync.Mutex // guards what follows
	frames keyframes
	timer  *time.Timer // nil until first needed
	closed bool
}

// parse makes a packet of what was received at now. It is false for what is
// not to be forwarded: malformed, of a codec that was not negotiated, or of an
// earlier run.
func (s *source) parse(p *packet, b []byte, now time.Time) bool {
	h, payload, ok := parseHeader(b)
	if !ok {
		return false
	}
	c := s.codecs.Load()[h.payloadType]
	if c == noCodec {
		// Early packets may carry a payload type of 0; none carry media.
		return false
	}
	ahead := s.run == 0 || int16(h.seq-s.high) > 0
	if c != s.codec {
		if !ahead {
			return false // late, from before the codec changed
		}
		s.codec, s.run = c, s.next()
	}
	if ahead {
		s.high = h.seq
	}
	*p = packet{
		source: s, run: s.run, codec: c, marker: h.marker,
		seq: h.seq, timestamp: h.timestamp, payload: payload, now: now,
	}
	if len(payload) == 0 {
		return true // slots close the gap
	}
	p.descriptor, ok = describe(c, payload)
	return ok
}

// note keeps p for retransmission and remembers that a key frame came.
func (s *source) note(p *packet) {
	if s.history == nil || len(p.payload) == 0 {
		return
	}
	s.history.put(p)
	if p.key {
		s.mu.Lock()
		s.frames.got(p.now)
		s.mu.Unlock()
	}
}

// need asks for a key frame, now or as soon as spacing allows, and again until
// one comes.
func (s *source) need() {
	s.request((*keyframes).want)
}

func (s *source) request(step func(*keyframes, time.Time) (bool, time.Duration)) {
	s.mu.Lock()
	if s.closed || s.history == nil {
		s.mu.Unlock()
		return
	}
	ask, again := step(&s.frames, s.now())
	switch {
	case again == 0:
	case s.timer == nil:
		s.timer = time.AfterFunc(again, func() { s.request((*keyframes).tick) })
	default:
		s.timer.Reset(again)
	}
	s.mu.Unlock()
	if ask {
		// A request that is lost is repeated; a dead connection is noticed elsewhere.
		_ = s.write([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: s.ssrc}})
	}
}

func (s *source) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
	}
}
