package sfu

import (
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// sink is a viewer that keeps what it is sent.
type sink struct {
	headers  []rtp.Header
	payloads [][]byte
}

func (s *sink) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	s.headers = append(s.headers, *h)
	s.payloads = append(s.payloads, append([]byte(nil), payload...))
	return len(payload), nil
}

// hole is a viewer that keeps nothing.
type hole struct{ packets int }

func (h *hole) WriteRTP(*rtp.Header, []byte) (int, error) { h.packets++; return 0, nil }

var allTypes = [codecs]types{
	opus: {media: 111}, vp8: {media: 96, rtx: 97}, vp9: {media: 98, rtx: 99}, av1: {media: 100, rtx: 101},
}

// connected is the state of a connection that is there.
func connected() *state {
	s := &state{gone: &atomic.Bool{}}
	s.connected.Store(true)
	return s
}

func newTestSlot(video bool, out writer) *slot {
	s := newSlot(video, connected(), func() {})
	s.bind(out, 1, 2, allTypes)
	return s
}

// newTestSource makes what feeds a track, without a connection.
func newTestSource(t *track) *source {
	types := &atomic.Pointer[payloadTypes]{}
	types.Store(&payloadTypes{96: vp8, 98: vp9, 100: av1, 111: opus})
	var run uint64
	s := &source{codecs: types, now: time.Now, history: newHistory(), next: func() uint64 { run++; return run }}
	t.source.Store(s)
	return s
}

// raw is an RTP packet as it is received.
func raw(pt uint8, seq uint16, ts uint32, payload []byte) []byte {
	b := make([]byte, 12, 12+len(payload))
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	return append(b, payload...)
}

// push does what the reading goroutine does.
func push(t *track, s *source, b []byte, now time.Time) {
	var p packet
	if s.parse(&p, b, now) {
		s.note(&p)
		t.forward(&p)
	}
}

func TestSlotPaddingAndLateness(t *testing.T) {
	now := time.Unix(1000, 0)
	tr := &track{publisher: 1, mid: "0"}
	src := newTestSource(tr)
	out := &sink{}
	s := newTestSlot(true, out)
	s.show(tr)
	tr.add(s)
	key := synthetic(vp8, true, true, 1, 7)
	delta := synthetic(vp8, false, true, 2, 7)
	push(tr, src, raw(96, 9, 0, delta), now)                                 // before the key frame
	push(tr, src, raw(96, 10, 0, key), now)                                  // out 1
	push(tr, src, raw(96, 11, 0, nil), now)                                  // padding only
	push(tr, src, raw(96, 13, 3000, delta), now)                             // out 3; 12 is missing
	push(tr, src, raw(96, 12, 3000, delta), now)                             // out 2
	push(tr, src, raw(96, 9, 0, key), now)                                   // before it began
	push(tr, src, raw(0, 14, 3000, delta), now)                              // a payload type of nobody's
	push(tr, src, raw(96, 14, 3000, []byte{0x90}), now)                      // malformed
	push(tr, src, raw(96, 14, 6000, delta), now)                             // out 4
	push(tr, src, raw(98, 15, 9000, synthetic(vp9, false, true, 5, 7)), now) // another codec, no key frame
	push(tr, src, raw(98, 16, 9000, synthetic(vp9, true, true, 6, 7)), now)  // out 5
	push(tr, src, raw(96, 14, 6000, delta), now)                             // late, from before the codec changed
	push(tr, src, raw(98, 17, 9000, synthetic(vp9, false, true, 7, 7)), now) // out 6
	want := []uint16{0, 2, 1, 3, 4, 5}
	if len(out.headers) != len(want) {
		t.Fatalf("%d packets", len(out.headers))
	}
	first := out.headers[0].SequenceNumber
	for i, h := range out.headers {
		if h.SequenceNumber != first+want[i] || h.SSRC != 1 {
			t.Fatalf("packet %d has number %d after %d", i, h.SequenceNumber, first)
		}
	}
	if out.headers[3].PayloadType != 96 || out.headers[4].PayloadType != 98 {
		t.Fatal("payload types")
	}
	a, _ := describeVP8(out.payloads[3])
	b, _ := describeVP9(out.payloads[4])
	if b.picture != a.picture+1 {
		t.Fatalf("picture %d follows %d", b.picture, a.picture)
	}
}

func TestSlotKind(t *testing.T) {
	tr := &track{publisher: 1, mid: "0"}
	src := newTestSource(tr)
	out := &sink{}
	s := newTestSlot(false, out) // of audio
	s.show(tr)
	tr.add(s)
	push(tr, src, raw(96, 1, 0, synthetic(vp8, true, true, 1, 7)), time.Now())
	if len(out.headers) != 0 {
		t.Fatal("video in an audio slot")
	}
	push(tr, src, raw(111, 2, 0, []byte{1}), time.Now())
	if len(out.headers) != 1 {
		t.Fatal("no audio")
	}
	// A viewer without the codec gets nothing.
	v := newSlot(true, connected(), func() {})
	v.bind(out, 1, 2, [codecs]types{vp8: {media: 96, rtx: 97}})
	v.show(tr)
	tr.add(v)
	push(tr, src, raw(100, 3, 0, synthetic(av1, true, true, 0, 7)), time.Now())
	if len(out.headers) != 1 {
		t.Fatal("a codec that was not negotiated")
	}
}

func TestResend(t *testing.T) {
	now := time.Unix(1000, 0)
	tr := &track{publisher: 1, mid: "0"}
	src := newTestSource(tr)
	out := &sink{}
	s := newTestSlot(true, out)
	s.show(tr)
	tr.add(s)
	for i := range uint16(10) {
		push(tr, src, raw(96, 100+i, 3000*uint32(i), synthetic(vp8, i == 0, true, i, byte(i))), now)
	}
	n := len(out.headers)
	h, payload := out.headers[4], out.payloads[4]
	s.resend(h.SequenceNumber, now, minResend)
	s.resend(h.SequenceNumber, now.Add(minResend-time.Millisecond), minResend) // too soon
	if len(out.headers) != n+1 {
		t.Fatalf("%d answers", len(out.headers)-n)
	}
	r, again := out.headers[n], out.payloads[n]
	if r.SSRC != 2 || r.PayloadType != 97 || r.Timestamp != h.Timestamp || r.Marker != h.Marker {
		t.Fatalf("%+v", r)
	}
	if binary.BigEndian.Uint16(again) != h.SequenceNumber || string(again[2:]) != string(payload) {
		t.Fatal("not what was sent before")
	}
	s.resend(h.SequenceNumber, now.Add(minResend), minResend)
	if len(out.headers) != n+2 || out.headers[n+1].SequenceNumber != r.SequenceNumber+1 {
		t.Fatal("not again, or under the same number")
	}
	s.resend(h.SequenceNumber+1000, now, minResend)                          // never sent
	s.resend(h.SequenceNumber+1, now.Add(historyAge+time.Second), minResend) // too old
	if len(out.headers) != n+2 {
		t.Fatal("answered what it should not")
	}
	// What was shown before is not sent any more.
	push(tr, src, raw(98, 200, 90000, synthetic(vp9, true, true, 1, 1)), now)
	n = len(out.headers)
	s.resend(h.SequenceNumber, now.Add(time.Hour/3600/2), minResend)
	if len(out.headers) != n {
		t.Fatal("sent again from before the switch")
	}
	// And without a retransmission stream nothing is ever sent again.
	s.bind(out, 1, 0, allTypes)
	s.resend(out.headers[n-1].SequenceNumber, now, minResend)
	if len(out.headers) != n {
		t.Fatal("sent again under the same SSRC")
	}
}

// What was sent of a source before the slot showed another in between had other
// timestamps and picture numbers: it is not sent again under those of now.
func TestNoResendFromBeforeAnotherSource(t *testing.T) {
	now := time.Unix(1000, 0)
	var tracks [2]*track
	var sources [2]*source
	out := &sink{}
	s := newTestSlot(true, out)
	for i := range tracks {
		tracks[i] = &track{publisher: PeerID(i + 1), mid: "0"}
		sources[i] = newTestSource(tracks[i])
		sources[i].next = func() uint64 { return uint64(i + 1) }
		tracks[i].add(s)
	}
	for n, i := range []int{0, 1, 0} { // within a second
		s.show(tracks[i])
		push(tracks[i], sources[i], raw(96, uint16(10+n), uint32(3000*n), synthetic(vp8, true, true, uint16(n), 7)), now)
	}
	if len(out.headers) != 3 {
		t.Fatalf("%d packets", len(out.headers))
	}
	s.resend(out.headers[0].SequenceNumber, now, minResend)
	if len(out.headers) != 3 {
		t.Fatalf("sent again with timestamp %d instead of %d", out.headers[3].Timestamp, out.headers[0].Timestamp)
	}
	s.resend(out.headers[2].SequenceNumber, now, minResend)
	if len(out.headers) != 4 {
		t.Fatal("not sent again")
	}
}

func TestResendBudget(t *testing.T) {
	now := time.Unix(1000, 0)
	r := &repair{stretch: 1}
	for i := range uint16(sentWindow) {
		r.sent(i, i)
	}
	count := 0
	for i := range uint16(sentWindow) {
		if _, ok := r.allow(i, now, minResend); ok {
			count++
		}
	}
	if count != resendsPerSlot {
		t.Fatalf("%d in a second", count)
	}
	if _, ok := r.allow(sentWindow-1, now.Add(time.Second), minResend); !ok {
		t.Fatal("not even a second later")
	}
}

// fanned makes a track with a source and that many viewers.
func fanned(viewers int) (*track, *source, []*hole) {
	tr := &track{publisher: 1, mid: "0"}
	src := newTestSource(tr)
	var outs []*hole
	for range viewers {
		out := &hole{}
		s := newTestSlot(true, out)
		s.show(tr)
		tr.add(s)
		outs = append(outs, out)
	}
	return tr, src, outs
}

func TestForwardDoesNotAllocate(t *testing.T) {
	tr, src, outs := fanned(10)
	now := time.Now()
	key := raw(96, 1, 0, synthetic(vp8, true, true, 1, 7))
	delta := raw(96, 1, 0, synthetic(vp8, false, true, 1, 7))
	push(tr, src, key, now)
	p := &packet{}
	seq := uint16(1)
	n := testing.AllocsPerRun(2000, func() {
		seq++
		binary.BigEndian.PutUint16(delta[2:], seq)
		if src.parse(p, delta, now) {
			src.note(p)
			tr.forward(p)
		}
	})
	if n != 0 {
		t.Fatalf("%v allocations a packet, want 0", n)
	}
	if outs[9].packets < 2000 {
		t.Fatalf("only %d packets", outs[9].packets)
	}
}

// BenchmarkForward is one packet to 50 viewers, without sealing and sending.
func BenchmarkForward(b *testing.B) {
	tr, src, _ := fanned(50)
	now := time.Now()
	payload := append(synthetic(vp8, true, true, 1, 7), make([]byte, 1180)...)
	push(tr, src, raw(96, 1, 0, payload), now)
	payload[5] = 0x11
	delta := raw(96, 1, 0, payload)
	p := &packet{}
	seq := uint16(1)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		binary.BigEndian.PutUint16(delta[2:], seq)
		if src.parse(p, delta, now) {
			src.note(p)
			tr.forward(p)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50, "ns/viewer")
}
