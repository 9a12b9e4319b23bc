package rate

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// told is what feedback packets say: when packets arrived, by number, in ticks.
type told map[uint16]int64

// oracle reads a feedback packet with pion/rtcp.
func oracle(t *testing.T, b []byte, into told) {
	t.Helper()
	var p rtcp.TransportLayerCC
	if err := p.Unmarshal(b); err != nil {
		t.Fatalf("pion cannot read %x: %v", b, err)
	}
	number, at, deltas := p.BaseSequenceNumber, int64(p.ReferenceTime)*referenceTicks, p.RecvDeltas
	left := int(p.PacketStatusCount)
	one := func(symbol uint16) {
		if left == 0 {
			if symbol != notArrived {
				t.Fatal("more packets than are counted")
			}
			return
		}
		if symbol != notArrived {
			at += deltas[0].Delta / int64(tick/time.Microsecond)
			deltas = deltas[1:]
			into[number] = at
		}
		number++
		left--
	}
	for _, chunk := range p.PacketChunks {
		switch c := chunk.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				one(c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			for _, symbol := range c.SymbolList {
				one(symbol)
			}
		}
	}
	if left != 0 || len(deltas) != 0 {
		t.Fatalf("%d packets without chunks, %d deltas without packets", left, len(deltas))
	}
}

// ours reads the same with our own reader.
func ours(t *testing.T, b []byte, into told) {
	t.Helper()
	var f feedback
	if !readFeedback(&f, b) {
		t.Fatalf("we cannot read %x", b)
	}
	walk := f.walk(int64(f.reference))
	for i := range f.statuses {
		if at, arrived := walk.next(); arrived {
			into[f.base+uint16(i)] = int64(at / tick)
		}
	}
}

// drain takes all feedback that is due, and sees that others read the same in
// it as we do.
func drain(t *testing.T, a *Arrivals, now time.Duration, into told) {
	t.Helper()
	for range 100 {
		b := a.Append([]byte("before"), 7, 9, now)
		if len(b) == 6 {
			return
		}
		b = b[6:]
		if len(b) > maxFeedback || len(b)%4 != 0 {
			t.Fatalf("%d bytes", len(b))
		}
		theirs, mine := told{}, told{}
		oracle(t, b, theirs)
		ours(t, b, mine)
		if len(theirs) == 0 || len(theirs) != len(mine) {
			t.Fatalf("pion reads %d packets, we %d", len(theirs), len(mine))
		}
		for n, at := range theirs {
			if mine[n] != at {
				t.Fatalf("packet %d: pion reads %d, we %d", n, at, mine[n])
			}
			into[n] = at
		}
	}
	t.Fatal("there is no end of feedback")
}

// check compares what was told with what arrived; the reference time wraps.
func check(t *testing.T, got, want told) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("told of %d packets, %d arrived", len(got), len(want))
	}
	for n, at := range want {
		if got[n] != at%(referenceTicks<<24) {
			t.Fatalf("packet %d: told %d, arrived %d", n, got[n], at)
		}
	}
}

func TestArrivalsAsPionReadsThem(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var a Arrivals
		want, got := told{}, told{}
		now := time.Duration(rng.Int64N(int64(400 * time.Hour)))
		number := uint16(rng.Uint32())
		spread := time.Duration(1 + rng.Int64N(int64(30*time.Millisecond)))
		loss := rng.Float64() * 0.6
		for range 600 {
			number += uint16(1 + rng.IntN(2)*rng.IntN(3))
			now += time.Duration(rng.Int64N(int64(spread)))
			if rng.IntN(300) == 0 {
				now += 20 * time.Second // more than a delta can say
			}
			if rng.Float64() < loss {
				continue
			}
			a.Add(number, now)
			want[number] = int64(now / tick)
			if rng.IntN(10) == 0 {
				a.Add(number, now+time.Second) // again
			}
			drain(t, &a, now, got)
		}
		drain(t, &a, now+feedbackSlow, got)
		check(t, got, want)
	}
}

func TestArrivalsOutOfOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var a Arrivals
	want, got := told{}, told{}
	now := time.Second
	numbers := make([]uint16, 3000)
	for i := range numbers {
		numbers[i] = uint16(64000 + i)
	}
	for i := 0; i+40 < len(numbers); i += 20 {
		rng.Shuffle(40, func(x, y int) { numbers[i+x], numbers[i+y] = numbers[i+y], numbers[i+x] })
	}
	for _, n := range numbers[50:] { // the first ones may come before the number from which it began
		now += 3 * time.Millisecond
		a.Add(n, now)
		want[n] = int64(now / tick)
		drain(t, &a, now, got)
	}
	drain(t, &a, now+feedbackSlow, got)
	check(t, got, want)
}

func TestArrivalsAreTimely(t *testing.T) {
	var a Arrivals
	if _, ok := a.Due(); ok {
		t.Fatal("due without packets")
	}
	a.Add(1, time.Second)
	if due, ok := a.Due(); !ok || due != time.Second+feedbackSlow {
		t.Fatal(due, ok)
	}
	if b := a.Append(nil, 1, 2, time.Second+feedbackSlow-1); len(b) != 0 {
		t.Fatal("too early")
	}
	for i := range uint16(feedbackMany) {
		a.Add(2+i, time.Second)
	}
	if due, _ := a.Due(); due != time.Second+feedbackFast {
		t.Fatal(due)
	}
	for i := range uint16(feedbackAtOnce) {
		a.Add(50+i, time.Second)
	}
	if due, _ := a.Due(); due != time.Second {
		t.Fatal(due)
	}
	if b := a.Append(nil, 1, 2, time.Second); len(b) == 0 {
		t.Fatal("nothing at once")
	}
	if _, ok := a.Due(); ok {
		t.Fatal("due again")
	}
}

// What a publisher does to its numbers costs it its feedback, and us no more
// than the window.
func TestArrivalsOfNonsense(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	var a Arrivals
	now := time.Second
	for range 20000 {
		now += time.Duration(rng.Int64N(int64(2 * time.Millisecond)))
		a.Add(uint16(rng.Uint32()), now)
		drain(t, &a, now, told{})
		if a.waiting < 0 || a.newest-a.next > arrivalWindow {
			t.Fatalf("%d waiting, %d numbers", a.waiting, a.newest-a.next)
		}
	}
}

func FuzzArrivals(f *testing.F) {
	f.Add([]byte{0, 1, 4, 0, 1, 4, 0, 3, 200, 255, 255, 9})
	f.Add([]byte{0, 1, 48, 0, 3, 200, 48, 48, 48}) // told, then far ahead
	f.Fuzz(func(t *testing.T, b []byte) {
		var a Arrivals
		now := time.Second
		for ; len(b) >= 3; b = b[3:] {
			now += time.Duration(b[2]) * time.Millisecond
			a.Add(binary.BigEndian.Uint16(b), now)
			drain(t, &a, now, told{})
		}
		drain(t, &a, now+feedbackSlow, told{})
		if a.waiting != 0 {
			t.Fatalf("%d were not told of", a.waiting)
		}
	})
}

// marshal makes a feedback packet with pion/rtcp.
func marshal(t testing.TB, p *rtcp.TransportLayerCC) []byte {
	t.Helper()
	p.Header = rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: uint16(p.MarshalSize()/4 - 1), Padding: p.MarshalSize()%4 != 0}
	b, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFeedbackOfPion(t *testing.T) {
	p := &rtcp.TransportLayerCC{
		SenderSSRC: 1, MediaSSRC: 2, BaseSequenceNumber: 65533, PacketStatusCount: 12, ReferenceTime: 5, FbPktCount: 3,
		PacketChunks: []rtcp.PacketStatusChunk{
			&rtcp.RunLengthChunk{Type: rtcp.TypeTCCRunLengthChunk, PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 2},
			&rtcp.RunLengthChunk{Type: rtcp.TypeTCCRunLengthChunk, PacketStatusSymbol: rtcp.TypeTCCPacketNotReceived, RunLength: 3},
			&rtcp.StatusVectorChunk{
				Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: rtcp.TypeTCCSymbolSizeTwoBit,
				SymbolList: []uint16{2, 0, 1, 0, 0, 0, 1},
			},
		},
		RecvDeltas: []*rtcp.RecvDelta{
			{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 1000},
			{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 0},
			{Type: rtcp.TypeTCCPacketReceivedLargeDelta, Delta: -5000},
			{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 250},
			{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 63750},
		},
	}
	b := marshal(t, p)
	theirs, mine := told{}, told{}
	oracle(t, b, theirs)
	ours(t, b, mine)
	if len(mine) != 5 || mine[65533] != 5*256+4 || mine[2] != 5*256+4-20 || mine[8] != 5*256+4-20+1+255 {
		t.Fatal(mine)
	}
	for n, at := range theirs {
		if mine[n] != at {
			t.Fatal(theirs, mine)
		}
	}
}

func TestFeedbackThatIsWrong(t *testing.T) {
	good := func() []byte {
		return []byte{
			0xaf, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10, 0, 3, 0, 0, 1, 0, // three packets from number 10 on
			0x20, 3, 4, 8, 12, 0, 0, 3,
		}
	}
	var f feedback
	if !readFeedback(&f, good()) {
		t.Fatal("the good one")
	}
	for name, spoil := range map[string]func(b []byte) []byte{
		"short":           func(b []byte) []byte { return b[:24] },
		"long":            func(b []byte) []byte { return append(b, 0, 0, 0, 0) },
		"empty":           func([]byte) []byte { return nil },
		"version":         func(b []byte) []byte { b[0] = 0x6f; return b },
		"format":          func(b []byte) []byte { b[0] = 0xa1; return b },
		"type":            func(b []byte) []byte { b[1] = 206; return b },
		"no packets":      func(b []byte) []byte { b[15] = 0; return b },
		"many packets":    func(b []byte) []byte { b[14] = 0xff; return b },
		"no padding":      func(b []byte) []byte { b[27] = 0; return b },
		"much padding":    func(b []byte) []byte { b[27] = 9; return b },
		"run too long":    func(b []byte) []byte { b[21] = 4; return b },
		"run of nothing":  func(b []byte) []byte { b[21] = 0; return b },
		"reserved symbol": func(b []byte) []byte { b[20] = 0x60; return b },
		"reserved in vector": func(b []byte) []byte {
			b[20] = 0xf0
			return b
		},
		"deltas missing":  func(b []byte) []byte { b[20] = 0x40; return b },
		"too many deltas": func(b []byte) []byte { b[20] = 0; return b },
	} {
		if readFeedback(&f, spoil(good())) {
			t.Error(name)
		}
	}
}

func FuzzFeedback(f *testing.F) {
	var a Arrivals
	for i := range uint16(40) {
		a.Add(i*i, time.Second+time.Duration(i*i)*time.Millisecond)
	}
	f.Add(a.Append(nil, 1, 2, time.Hour))
	f.Add(slices.Concat([]byte{0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 10, 0, 14, 0, 0, 1, 0}, []byte{0xbf, 0xff, 0, 0}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := NewEstimator(Limits{})
		for i := range uint16(300) {
			e.Sent(i, 1000, time.Duration(i)*10*time.Millisecond)
		}
		if changed, ok := e.Feedback(b, 3100*time.Millisecond); changed && !ok {
			t.Fatal("changed by what could not be read")
		}
		if r := e.Rate(); r < minRate || r > maxRate {
			t.Fatal("rate ", r)
		}
	})
}
