package sfu

import (
	"testing"
	"time"

	"paravent/sfu/transport"
)

// narrow is a slot whose viewer's network carries little.
func narrow(t *testing.T, bits int) (*source, *slot, *timedViewer) {
	t.Helper()
	tr, src := newTestTrack(1, true)
	s, _ := newTestSlot(true)
	lane, ok := src.feed.lane.(*fakeLane)
	if !ok {
		t.Fatal("another lane")
	}
	v := &timedViewer{lane: lane, used: map[uint64]bool{}}
	v.info = transport.SlotInfo{SSRC: 1, RTX: 2, Types: allTypes}
	s.conn, s.repairs = v, &allowance{}
	if bits > 0 {
		s.repairs.set(bits)
	}
	watch(s, tr)
	return src, s, v
}

// timedViewer notes when what was sent, and whether a number is used twice.
type timedViewer struct {
	fakeViewer
	lane    *fakeLane
	used    map[uint64]bool
	twice   bool
	indexes []uint64 // of media
	at      []time.Duration
	resent  int // bytes
}

func (v *timedViewer) Writer(transport.Lane) transport.Writer { return v }
func (v *timedViewer) Write(p *transport.Outgoing) {
	number := uint64(p.SSRC)<<48 | p.Index
	v.twice = v.twice || v.used[number]
	v.used[number] = true
	if p.SSRC != v.info.SSRC {
		v.resent += len(p.Payload)
		return
	}
	v.indexes, v.at = append(v.indexes, p.Index), append(v.at, v.lane.now)
}

// picture sends a frame of so many packets of 1000 bytes, in one burst.
func picture(src *source, seq *uint16, key bool, packets int) {
	now := src.feed.lane.Now()
	var burst []transport.Packet
	for i := range packets {
		*seq++
		b := append(synthetic(transport.VP8, key, i == 0, *seq, 1), make([]byte, 1000)...)
		// All packets of a frame have its picture id.
		b[2], b[3] = synthetic(transport.VP8, key, true, *seq-uint16(i), 1)[2], synthetic(transport.VP8, key, true, *seq-uint16(i), 1)[3]
		p := raw(transport.VP8, *seq, uint32(now/time.Millisecond)*90, b)
		p.At, p.Marker = now, i == packets-1
		burst = append(burst, p)
	}
	src.Receive(burst)
}

// What is sent again takes its share and no more, and nothing from before a key
// frame.
func TestRepairsAreBounded(t *testing.T) {
	src, s, v := narrow(t, 2_400_000)
	var seq uint16
	picture(src, &seq, true, 1)
	for range 150 {
		v.lane.pass(4 * time.Millisecond)
		picture(src, &seq, false, 1)
	}
	again := func() {
		s.inLane(func(w *flow) {
			for _, index := range v.indexes {
				w.resend([]uint16{uint16(index)})
			}
		})
	}
	again()
	burst := 2_400_000 / repairShare / 8 * int(repairBurst/time.Millisecond) / 1000
	if v.resent < burst/2 || v.resent > burst+2000 {
		t.Fatalf("%d bytes at once, want about %d", v.resent, burst)
	}
	picture(src, &seq, true, 1)
	before := v.resent
	v.lane.pass(300 * time.Millisecond)
	s.inLane(func(w *flow) { w.resend([]uint16{uint16(v.indexes[len(v.indexes)-2])}) })
	if v.resent != before {
		t.Fatal("what is older than a key frame was sent again")
	}
	s.inLane(func(w *flow) { w.resend([]uint16{uint16(v.indexes[len(v.indexes)-1])}) })
	if v.resent == before {
		t.Fatal("the key frame was not sent again")
	}
}
