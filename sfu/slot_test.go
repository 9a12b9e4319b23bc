package sfu

import (
	"encoding/binary"
	"testing"
	"time"

	"paravent/sfu/transport"
)

func TestSlotPaddingAndLateness(t *testing.T) {
	tr, src := newTestTrack(1, true)
	s, out := newTestSlot(true)
	watch(s, tr)
	key := synthetic(transport.VP8, true, true, 1, 7)
	delta := synthetic(transport.VP8, false, true, 2, 7)
	vp9 := func(key bool, picture uint16) []byte { return synthetic(transport.VP9, key, true, picture, 7) }
	push(src, raw(transport.VP8, 9, 0, delta))             // before the key frame
	push(src, raw(transport.VP8, 10, 0, key))              // out 1
	push(src, raw(transport.VP8, 11, 0, nil))              // padding only
	push(src, raw(transport.VP8, 13, 3000, delta))         // out 3; 12 is missing
	push(src, raw(transport.VP8, 12, 3000, delta))         // out 2
	push(src, raw(transport.VP8, 9, 0, key))               // before it began
	push(src, raw(transport.Opus, 14, 3000, delta))        // of the other kind
	push(src, raw(transport.VP8, 14, 3000, []byte{0x90}))  // malformed
	push(src, raw(transport.VP8, 14, 6000, delta))         // out 4
	push(src, raw(transport.VP9, 15, 9000, vp9(false, 5))) // another codec, no key frame
	push(src, raw(transport.VP9, 16, 9000, vp9(true, 6)))  // out 5
	push(src, raw(transport.VP8, 14, 6000, delta))         // late, from before the codec changed
	push(src, raw(transport.VP9, 17, 9000, vp9(false, 7))) // out 6
	want := []uint64{0, 2, 1, 3, 4, 5}
	if len(out.packets) != len(want) {
		t.Fatalf("%d packets", len(out.packets))
	}
	first := out.packets[0].Index
	for i, p := range out.packets {
		if p.Index != first+want[i] || p.SSRC != 1 {
			t.Fatalf("packet %d has number %d after %d", i, p.Index, first)
		}
	}
	if out.packets[3].Format != 96 || out.packets[4].Format != 98 {
		t.Fatal("payload types")
	}
	if a, b := pictureOf(transport.VP8, out.packets[3].Payload), pictureOf(transport.VP9, out.packets[4].Payload); b != a+1 {
		t.Fatalf("picture %d follows %d", b, a)
	}
}

func TestSlotKind(t *testing.T) {
	tr, src := newTestTrack(1, true)
	s, out := newTestSlot(false) // of audio
	watch(s, tr)
	push(src, raw(transport.VP8, 1, 0, synthetic(transport.VP8, true, true, 1, 7)))
	if len(out.packets) != 0 {
		t.Fatal("video in an audio slot")
	}
	other, sound := newTestTrack(2, false)
	watch(s, other)
	push(sound, raw(transport.Opus, 2, 0, []byte{1}))
	if len(out.packets) != 1 {
		t.Fatal("no audio")
	}
	// A viewer without the codec gets nothing.
	v, out := newTestSlot(true)
	out.info.Types[transport.AV1] = transport.Formats{}
	watch(v, tr)
	push(src, raw(transport.AV1, 3, 0, synthetic(transport.AV1, true, true, 0, 7)))
	if len(out.packets) != 0 {
		t.Fatal("a codec that was not negotiated")
	}
}

// A viewer gets all packets of a burst before the next one gets any: that is
// what makes them leave together.
func TestBurstsStayTogether(t *testing.T) {
	tr, src := newTestTrack(1, true)
	var order []uint32
	for i := range uint32(3) {
		s, out := newTestSlot(true)
		out.info.SSRC = 10 + i
		s.conn = noting{out, &order}
		watch(s, tr)
	}
	var burst []transport.Packet
	for i := range uint16(4) {
		burst = append(burst, raw(transport.VP8, i, 0, synthetic(transport.VP8, i == 0, i == 0, 1, 7)))
	}
	src.Receive(burst)
	if len(order) != 12 {
		t.Fatalf("%d packets", len(order))
	}
	for i, ssrc := range order {
		if ssrc != 10+uint32(i)/4 {
			t.Fatalf("in the order %v", order)
		}
	}
}

// noting notes where packets go.
type noting struct {
	*fakeViewer
	order *[]uint32
}

func (n noting) Writer(transport.Lane) transport.Writer { return n }
func (n noting) Write(p *transport.Outgoing)            { *n.order = append(*n.order, p.SSRC) }

// fill sends ten frames, of which the first is a key frame.
func fill(src *source) {
	for i := range uint16(10) {
		push(src, raw(transport.VP8, 100+i, 3000*uint32(i), synthetic(transport.VP8, i == 0, true, i, byte(i))))
	}
}

func TestResend(t *testing.T) {
	tr, src := newTestTrack(1, true)
	s, out := newTestSlot(true)
	watch(s, tr)
	fill(src)
	lane, ok := src.feed.lane.(*fakeLane)
	if !ok {
		t.Fatal("another lane")
	}
	resend := func(index uint64) { s.inLane(func(w *flow) { w.resend([]uint16{uint16(index)}) }) }
	n := len(out.packets)
	lost := out.packets[4]
	resend(lost.Index)
	lane.pass(minResend - time.Millisecond)
	resend(lost.Index) // too soon
	if len(out.packets) != n+1 {
		t.Fatalf("%d answers", len(out.packets)-n)
	}
	r := out.packets[n]
	if r.SSRC != 2 || r.Format != 97 || r.Timestamp != lost.Timestamp || r.Marker != lost.Marker {
		t.Fatalf("%+v", r)
	}
	if !r.Repeat || r.Original != uint16(lost.Index) || string(r.Payload) != string(lost.Payload) {
		t.Fatal("not what was sent before")
	}
	lane.pass(time.Millisecond)
	resend(lost.Index)
	if len(out.packets) != n+2 || out.packets[n+1].Index != r.Index+1 {
		t.Fatal("not again, or under the same number")
	}
	resend(lost.Index + 1000) // never sent
	lane.pass(historyAge)
	resend(lost.Index + 1) // too old
	if len(out.packets) != n+2 {
		t.Fatal("answered what it should not")
	}
	// What was shown before is not sent any more.
	push(src, raw(transport.VP9, 200, 90000, synthetic(transport.VP9, true, true, 1, 1)))
	n = len(out.packets)
	lane.pass(time.Second / 2)
	resend(lost.Index)
	if len(out.packets) != n {
		t.Fatal("sent again from before the switch")
	}
	// And without a retransmission stream nothing is ever sent again.
	out.info.RTX = 0
	push(src, raw(transport.VP8, 201, 93000, synthetic(transport.VP8, true, true, 1, 1)))
	n = len(out.packets)
	resend(out.packets[n-1].Index)
	if len(out.packets) != n {
		t.Fatal("sent again under the same SSRC")
	}
}

// What comes late has been asked for meanwhile: it is not sent twice at once.
func TestLateIsNotSentAgainAtOnce(t *testing.T) {
	tr, src := newTestTrack(1, true)
	s, out := newTestSlot(true)
	watch(s, tr)
	lane, ok := src.feed.lane.(*fakeLane)
	if !ok {
		t.Fatal("another lane")
	}
	frame := func(seq uint16) {
		push(src, raw(transport.VP8, seq, 3000*uint32(seq), synthetic(transport.VP8, seq == 100, true, seq, 7)))
	}
	frame(100)
	frame(102)
	frame(101)
	late, n := out.packets[2], len(out.packets)
	resend := func(index uint64) { s.inLane(func(w *flow) { w.resend([]uint16{uint16(index)}) }) }
	resend(late.Index)
	if n != 3 || len(out.packets) != n {
		t.Fatalf("%d packets, then %d", n, len(out.packets))
	}
	resend(late.Index + 1) // which came in order
	lane.pass(minResend)
	resend(late.Index) // it was lost after all
	if len(out.packets) != n+2 || out.packets[n+1].Original != uint16(late.Index) {
		t.Fatalf("%d answers", len(out.packets)-n)
	}
}

// What was sent of a source before the slot showed another in between had other
// timestamps and picture numbers: it is not sent again under those of now.
func TestNoResendFromBeforeAnotherSource(t *testing.T) {
	var tracks [2]*track
	var sources [2]*source
	s, out := newTestSlot(true)
	for i := range tracks {
		tracks[i], sources[i] = newTestTrack(PeerID(i+1), true)
	}
	for n, i := range []int{0, 1, 0} { // within a second
		watch(s, tracks[i])
		push(sources[i], raw(transport.VP8, uint16(10+n), uint32(3000*n), synthetic(transport.VP8, true, true, uint16(n), 7)))
	}
	if len(out.packets) != 3 {
		t.Fatalf("%d packets", len(out.packets))
	}
	resend := func(p transport.Outgoing) { s.inLane(func(w *flow) { w.resend([]uint16{uint16(p.Index)}) }) }
	resend(out.packets[0])
	if len(out.packets) != 3 {
		t.Fatalf("sent again with timestamp %d instead of %d", out.packets[3].Timestamp, out.packets[0].Timestamp)
	}
	resend(out.packets[2])
	if len(out.packets) != 4 {
		t.Fatal("not sent again")
	}
}

func TestResendBudget(t *testing.T) {
	now := time.Second
	r := &repair{stretch: 1}
	for i := range uint16(sentWindow) {
		r.sent(i, i, 1, false)
	}
	count := 0
	for i := range uint16(sentWindow) {
		if r.allow(i, now, minResend) != nil {
			count++
		}
	}
	if count != resendsPerSlot {
		t.Fatalf("%d in a second", count)
	}
	if r.allow(sentWindow-1, now+time.Second, minResend) == nil {
		t.Fatal("not even a second later")
	}
}

// Padding goes where it costs no numbers of the media, and only to somebody
// who is shown something.
func TestPadding(t *testing.T) {
	tr, src := newTestTrack(1, true)
	s, out := newTestSlot(true)
	d := &subscribing{slots: []*slot{s}}
	watch(s, tr)
	d.Probe(1000)
	if len(out.packets) != 0 {
		t.Fatal("padding before anything is shown")
	}
	fill(src)
	media := out.packets[len(out.packets)-1]
	n := len(out.packets)
	d.Probe(1000)
	total := 0
	for i, p := range out.packets[n:] {
		total += int(p.Padding)
		if p.SSRC != 2 || p.Format != 97 || p.Repeat || len(p.Payload) != 0 || p.Padding == 0 {
			t.Fatalf("%+v", p)
		}
		if i > 0 && p.Index != out.packets[n+i-1].Index+1 {
			t.Fatal("numbers of padding")
		}
	}
	if total != 1000 {
		t.Fatalf("%d bytes", total)
	}
	push(src, raw(transport.VP8, 110, 30000, synthetic(transport.VP8, false, true, 10, 1)))
	if p := out.packets[len(out.packets)-1]; p.Index != media.Index+1 {
		t.Fatalf("media goes on with %d after %d", p.Index, media.Index)
	}
	d.Probe(1 << 30)
	if n := len(out.packets); n > 2*maxProbe/maxPadding {
		t.Fatalf("%d packets", n)
	}
}

func TestReports(t *testing.T) {
	tr, src := newTestTrack(1, true)
	s, out := newTestSlot(true)
	waiting, none := newTestSlot(true)
	lane, ok := src.feed.lane.(*fakeLane)
	if !ok {
		t.Fatal("another lane")
	}
	watch(s, tr)
	fill(src)
	watch(waiting, tr)
	lane.pass(3 * reportInterval)
	if len(out.reports) != 3 || len(none.reports) != 0 {
		t.Fatalf("%d reports, and %d of nothing", len(out.reports), len(none.reports))
	}
	r, last := out.reports[2], out.packets[len(out.packets)-1]
	if r.SSRC != 1 || r.Packets != 10 || r.Octets == 0 || r.At != lane.now || r.Timestamp != last.Timestamp+3*videoClock {
		t.Fatalf("%+v", r)
	}
	src.End()
	lane.pass(3 * reportInterval)
	if len(out.reports) != 3 || len(lane.timers) != 0 {
		t.Fatal("reports of what has ended")
	}
}

// fanned makes a track with a source and that many viewers.
func fanned(viewers int) (*source, []*fakeViewer) {
	tr, src := newTestTrack(1, true)
	var outs []*fakeViewer
	for range viewers {
		s, out := newTestSlot(true)
		out.keeps = false
		watch(s, tr)
		outs = append(outs, out)
	}
	return src, outs
}

func TestForwardDoesNotAllocate(t *testing.T) {
	src, outs := fanned(10)
	push(src, raw(transport.VP8, 1, 0, synthetic(transport.VP8, true, true, 1, 7)))
	delta := synthetic(transport.VP8, false, true, 1, 7)
	burst := []transport.Packet{raw(transport.VP8, 1, 0, delta), raw(transport.VP8, 1, 0, delta)}
	for range 2 * historyPackets { // until the history has grown
		burst[0].Seq += 2
		burst[1].Seq = burst[0].Seq + 1
		src.Receive(burst)
	}
	n := testing.AllocsPerRun(2000, func() {
		burst[0].Seq += 2
		burst[1].Seq = burst[0].Seq + 1
		src.Receive(burst)
	})
	if n != 0 {
		t.Fatalf("%v allocations a burst, want 0", n)
	}
	if outs[9].count < 4000 {
		t.Fatalf("only %d packets", outs[9].count)
	}
}

// BenchmarkForward is a frame of 8 packets to 50 viewers, without sealing and
// sending.
func BenchmarkForward(b *testing.B) {
	src, _ := fanned(50)
	payloads := make([][]byte, 8)
	for i := range payloads {
		payloads[i] = append(synthetic(transport.VP8, i == 0, i == 0, 1, 7), make([]byte, 1180)...)
	}
	burst := make([]transport.Packet, 8)
	seq, picture := uint16(1), uint16(0)
	frame := func() {
		picture++
		for i, payload := range payloads {
			seq++
			binary.BigEndian.PutUint16(payload[2:], 0x8000|picture)
			burst[i] = raw(transport.VP8, seq, uint32(picture)*3000, payload)
		}
		src.Receive(burst)
	}
	frame()
	payloads[0][5] |= 1 // no key frame from now on
	b.ReportAllocs()
	for b.Loop() {
		frame()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/50/8, "ns/forward")
}
