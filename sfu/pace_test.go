package sfu

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"paravent/sfu/transport"
)

// narrow is a slot whose viewer's network carries little.
func narrow(t *testing.T, bits int) (*track, *source, *slot, *pacedViewer) {
	t.Helper()
	tr, src := newTestTrack(1, true)
	s, _ := newTestSlot(true)
	lane, ok := src.feed.lane.(*fakeLane)
	if !ok {
		t.Fatal("another lane")
	}
	v := &pacedViewer{lane: lane, used: map[uint64]bool{}}
	v.info = transport.SlotInfo{SSRC: 1, RTX: 2, Types: allTypes}
	s.conn, s.way = v, &way{}
	if bits > 0 {
		s.way.setRate(bits)
	}
	watch(s, tr)
	return tr, src, s, v
}

// pacedViewer notes when what was sent, and whether a number is used twice.
type pacedViewer struct {
	fakeViewer
	lane    *fakeLane
	used    map[uint64]bool
	twice   bool
	indexes []uint64 // of media
	at      []time.Duration
	resent  int // bytes
}

func (v *pacedViewer) Writer(transport.Lane) transport.Writer { return v }
func (v *pacedViewer) Write(p *transport.Outgoing) {
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

// A large frame does not leave at once, but in order, all of it, and in time.
func TestPacing(t *testing.T) {
	_, src, s, v := narrow(t, 1_000_000)
	var seq uint16
	began := v.lane.now
	picture(src, &seq, true, 60)
	first := len(v.indexes)
	if first == 0 || first > 10 {
		t.Fatalf("%d packets at once", first)
	}
	s.inLane(func(w *flow) { w.resend([]uint16{uint16(w.numbers.out)}) })
	if v.resent != 0 {
		t.Fatal("sent again before it was sent")
	}
	// What comes meanwhile leaves after it.
	v.lane.pass(50 * time.Millisecond)
	picture(src, &seq, false, 2)
	v.lane.pass(300 * time.Millisecond)
	if len(v.indexes) != 62 {
		t.Fatalf("%d packets", len(v.indexes))
	}
	for i := range v.indexes[1:] {
		if v.indexes[i+1] != v.indexes[i]+1 {
			t.Fatalf("%d follows %d", v.indexes[i+1], v.indexes[i])
		}
	}
	if last := v.at[59] - began; last < 100*time.Millisecond || last > 260*time.Millisecond {
		t.Fatalf("the last leaves after %v", last)
	}
	// The usual frame does not wait.
	v.lane.pass(time.Second)
	picture(src, &seq, false, 3)
	if v.at[len(v.at)-1] != v.lane.now || len(v.at) != 65 {
		t.Fatal("a small frame waits")
	}
}

// Once the slot shows something else, nothing that waits leaves.
func TestNothingLeavesLater(t *testing.T) {
	_, src, s, v := narrow(t, 300_000)
	var seq uint16
	picture(src, &seq, true, 40)
	n := len(v.indexes)
	s.show(nil)
	v.lane.pass(time.Second)
	if len(v.indexes) != n {
		t.Fatal("packets of what is not shown any more")
	}
}

// What waits is bounded; what is more is given up until the next key frame.
func TestTooMuchWaits(t *testing.T) {
	_, src, s, v := narrow(t, 100_000)
	asked := 0
	src.ask = func() { asked++ }
	var seq uint16
	picture(src, &seq, true, 20)
	v.lane.pass(20 * time.Millisecond)
	for range 4 {
		picture(src, &seq, false, 100)
	}
	if s.flow.queue.count != maxWaiting || s.flow.run != 0 {
		t.Fatalf("%d wait", s.flow.queue.count)
	}
	v.lane.pass(time.Second)
	if asked == 0 {
		t.Fatal("no key frame asked for")
	}
	n := len(v.indexes)
	picture(src, &seq, false, 1)
	if len(v.indexes) != n {
		t.Fatal("goes on without a key frame")
	}
	picture(src, &seq, true, 1)
	if len(v.indexes) != n+1 || v.indexes[n] != v.indexes[n-1]+1 {
		t.Fatal("does not go on with a key frame")
	}
}

// Sound does not wait, however much does.
func TestSoundDoesNotWait(t *testing.T) {
	_, src, s, v := narrow(t, 100_000)
	var seq uint16
	picture(src, &seq, true, 100)
	tr, voice := newTestTrack(2, false)
	ear, out := newTestSlot(false)
	ear.way = s.way
	watch(ear, tr)
	voice.Receive([]transport.Packet{{Codec: transport.Opus, Seq: 1, Payload: []byte{1}, At: v.lane.now}})
	if len(out.packets) != 1 {
		t.Fatal("sound waits")
	}
}

// What is sent again takes its share and no more, and nothing from before a key
// frame.
func TestRepairsAreBounded(t *testing.T) {
	_, src, s, v := narrow(t, 2_400_000)
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

// Whatever happens, no number is used twice, and they only grow.
func TestNumbersUnderPacing(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 7))
		tr, src, s, v := narrow(t, 200_000)
		var seq uint16
		for range 400 {
			switch random.IntN(12) {
			case 0:
				s.way.setRate(50_000 + random.IntN(3_000_000))
			case 1:
				watch(s, nil)
				watch(s, tr)
			case 2:
				s.choose(tr, choice{paused: true})
			case 3:
				s.choose(tr, choice{step: random.IntN(maxSteps), temporal: uint8(random.IntN(3)), urgent: true})
			case 4:
				seq += uint16(random.IntN(20)) // lost
			case 5:
				src.End()
				src = newSource(src.feed, transport.StreamInfo{Layer: random.IntN(maxLayers), Lane: v.lane, KeyFrame: func() {}})
				src.feed.start(src)
			case 6:
				s.inLane(func(w *flow) {
					for i := range uint64(20) {
						w.resend([]uint16{uint16(w.numbers.out - i)})
					}
					w.pad(500)
				})
			default:
				picture(src, &seq, random.IntN(4) == 0, 1+random.IntN(40))
			}
			v.lane.pass(time.Duration(random.IntN(60)) * time.Millisecond)
		}
		if v.twice {
			t.Fatalf("seed %d: a number is used twice", seed)
		}
		if !slices.IsSorted(v.indexes) {
			t.Fatalf("seed %d: out of order", seed)
		}
		if len(v.indexes) < 100 {
			t.Fatalf("seed %d: only %d packets", seed, len(v.indexes))
		}
	}
}

// Nothing is allocated for a packet that does not wait.
func TestNoAllocationWithoutWaiting(t *testing.T) {
	_, src, s, v := narrow(t, 50_000_000)
	quiet := &fakeViewer{info: transport.SlotInfo{SSRC: 1, RTX: 2, Types: allTypes}}
	s.conn = quiet
	s.flow.out = quiet
	var seq uint16
	for range historyPackets {
		picture(src, &seq, true, 1) // until the history has grown
		v.lane.now += time.Millisecond
	}
	payload := append(synthetic(transport.VP8, false, true, 0, 1), make([]byte, 1000)...)
	burst := make([]transport.Packet, 1)
	n := testing.AllocsPerRun(3000, func() {
		seq++
		v.lane.now += time.Millisecond
		payload[2], payload[3] = 0x80|byte(seq>>8), byte(seq)
		burst[0] = transport.Packet{Codec: transport.VP8, Seq: seq, Payload: payload, At: src.feed.lane.Now()}
		src.Receive(burst)
	})
	if n != 0 {
		t.Fatalf("%v allocations for a packet", n)
	}
	if quiet.count < 4000 {
		t.Fatalf("%d packets", quiet.count)
	}
}
