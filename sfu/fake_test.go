package sfu

import (
	"slices"
	"sync/atomic"
	"time"

	"paravent/sfu/transport"
)

// fakeLane carries out what it is given at once, or when run is called, on the
// goroutine of the test. Its clock stands still until it is set.
type fakeLane struct {
	now    time.Duration
	held   bool // only run carries things out
	busy   bool
	queue  []func()
	timers []fakeTimer
}

type fakeTimer struct {
	at time.Duration
	f  func()
}

func (l *fakeLane) Do(f func()) {
	l.queue = append(l.queue, f)
	if !l.held && !l.busy {
		l.run()
	}
}

func (l *fakeLane) run() {
	l.busy = true
	for len(l.queue) > 0 {
		f := l.queue[0]
		l.queue = l.queue[1:]
		f()
	}
	l.busy = false
}

func (l *fakeLane) At(when time.Duration, f func()) { l.timers = append(l.timers, fakeTimer{when, f}) }

func (l *fakeLane) Now() time.Duration { return l.now }

// pass lets time pass, with all that is due on the way.
func (l *fakeLane) pass(d time.Duration) {
	end := l.now + d
	for {
		next := -1
		for i, t := range l.timers {
			if t.at <= end && (next < 0 || t.at < l.timers[next].at) {
				next = i
			}
		}
		if next < 0 {
			l.now = end
			return
		}
		t := l.timers[next]
		l.timers = slices.Delete(l.timers, next, next+1)
		l.now = max(l.now, t.at)
		l.Do(t.f)
	}
}

// fakeViewer is a connection that keeps what it is sent, or only counts it.
type fakeViewer struct {
	info    transport.SlotInfo
	keeps   bool
	count   int
	packets []transport.Outgoing
	again   []byte // what was sent as it was, by the first byte of its payload
	trip    time.Duration
	reports []transport.SenderReport
}

func (v *fakeViewer) Offer(<-chan struct{}) (string, []string, error) { return "", nil, nil }
func (v *fakeViewer) Answer(string) error                             { return nil }
func (v *fakeViewer) Slot(int) transport.SlotInfo                     { return v.info }
func (v *fakeViewer) Writer(transport.Lane) transport.Writer          { return v }
func (v *fakeViewer) RoundTrip() time.Duration                        { return v.trip }
func (v *fakeViewer) Rate() int                                       { return 0 }
func (v *fakeViewer) Want(int)                                        {}
func (v *fakeViewer) Close()                                          {}
func (v *fakeViewer) Report(r transport.SenderReport)                 { v.reports = append(v.reports, r) }

func (v *fakeViewer) Write(p *transport.Outgoing) {
	v.count++
	if v.keeps {
		kept := *p
		kept.Payload = slices.Clone(p.Payload)
		v.packets = append(v.packets, kept)
	}
	if p.Keep != nil && len(p.Payload) <= cap(p.Keep.Bytes) {
		p.Keep.Bytes = append(p.Keep.Bytes[:0], p.Payload...)
	}
}

func (v *fakeViewer) Again(k *transport.Kept) { v.again = append(v.again, k.Bytes[0]) }

var allTypes = [transport.Codecs]transport.Formats{
	transport.Opus: {Media: 111}, transport.VP8: {Media: 96, RTX: 97},
	transport.VP9: {Media: 98, RTX: 99}, transport.AV1: {Media: 100, RTX: 101},
}

// connected is the state of a connection that is there.
func connected() *state {
	s := &state{gone: &atomic.Bool{}}
	s.connect()
	return s
}

// newTestSlot makes a slot whose packets are kept.
func newTestSlot(video bool) (*slot, *fakeViewer) {
	v := &fakeViewer{keeps: true, info: transport.SlotInfo{SSRC: 1, RTX: 2, Types: allTypes}}
	return &slot{video: video, conn: v, state: connected(), poke: func() {}, way: &way{}}, v
}

// newTestTrack makes a track that something feeds, without a connection.
func newTestTrack(publisher PeerID, video bool) (*track, *source) {
	t := &track{publisher: publisher, mid: "0"}
	f := &feed{track: t, video: video, lane: &fakeLane{now: time.Second}}
	s := newSource(f, transport.StreamInfo{Lane: f.lane, KeyFrame: func() {}})
	f.start(s)
	t.feedBy(f)
	return t, s
}

// watch does what a peer does to show a track.
func watch(s *slot, t *track) {
	if t != nil {
		t.add(s)
	}
	if before := s.show(t); before != nil && before != t {
		before.remove(s)
	}
	s.need()
}

// raw is one received packet.
func raw(c transport.Codec, seq uint16, ts uint32, payload []byte) transport.Packet {
	return transport.Packet{Codec: c, Seq: seq, Timestamp: ts, Payload: payload}
}

// push hands over one packet at the present moment.
func push(s *source, p transport.Packet) {
	p.At = s.feed.lane.Now()
	s.Receive([]transport.Packet{p})
}
