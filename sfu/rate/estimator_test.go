package rate

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"
)

func TestLimits(t *testing.T) {
	for _, c := range []struct{ in, want Limits }{
		{Limits{}, Limits{minRate, startRate, maxRate}},
		{Limits{Min: 100, Start: 50, Max: 200}, Limits{100, 100, 200}},
		{Limits{Min: 300, Start: 500, Max: 200}, Limits{300, 300, 300}},
	} {
		if e := NewEstimator(c.in); e.limits != c.want || e.Rate() != c.want.Start {
			t.Errorf("%+v: %+v, rate %d", c.in, e.limits, e.Rate())
		}
	}
}

// fed gives an estimator that had a second of packets and feedback, and the
// feedback it had last.
func fed(t *testing.T) (e *Estimator, last []byte, now time.Duration) {
	t.Helper()
	e = NewEstimator(Limits{})
	var a Arrivals
	for now = time.Second; now < 2*time.Second; now += 10 * time.Millisecond {
		number := uint16(now / (10 * time.Millisecond))
		e.Sent(number, 1200, now)
		a.Add(number, now+20*time.Millisecond)
		if b := a.Append(nil, 1, 2, now+20*time.Millisecond); len(b) > 0 {
			last = b
			if _, ok := e.Feedback(b, now+40*time.Millisecond); !ok {
				t.Fatal("feedback is not read")
			}
		}
	}
	if e.RoundTrip().Round(10*time.Microsecond) != 40*time.Millisecond {
		t.Fatal("round trip ", e.RoundTrip())
	}
	return e, last, now
}

func TestFeedbackAgainOrOfNothing(t *testing.T) {
	e, last, now := fed(t)
	before := e.loss.at
	acked := e.acked.buckets
	if changed, ok := e.Feedback(last, now); changed || !ok {
		t.Error("the same again: ", changed, ok)
	}
	var a Arrivals
	for i := range uint16(200) {
		a.Add(30000+i, now)
	}
	if changed, ok := e.Feedback(a.Append(nil, 1, 2, now+time.Second), now); changed || !ok {
		t.Error("of packets that were never sent: ", changed, ok)
	}
	if e.loss.at != before || e.acked.buckets != acked && e.acked.begun {
		t.Error("something was learned of it")
	}
}

// Feedback that lies in every way, for long, leaves the rate within its limits
// and the estimator at work.
func TestFeedbackOfLies(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	e := NewEstimator(Limits{})
	now, number := time.Second, uint16(0)
	for i := range 20_000 {
		now += time.Duration(rng.Int64N(int64(100 * time.Millisecond)))
		for range rng.IntN(20) {
			e.Sent(number, rng.IntN(1500), now)
			number++
		}
		e.Want(rng.IntN(maxRate * 2))
		e.Probe(now)
		e.Tick(now)
		var a Arrivals
		at := time.Duration(rng.Int64N(1 << uint(20+i%43)))
		from := number - uint16(rng.IntN(60))
		for n := range uint16(rng.IntN(60)) {
			if rng.IntN(4) > 0 {
				a.Add(from+n, at+time.Duration(rng.Int64N(int64(time.Second)))-500*time.Millisecond)
			}
		}
		b := a.Append(nil, 1, 2, 1<<62)
		if len(b) == 0 {
			continue
		}
		b[19] = uint8(rng.Uint32()) // the count
		if _, ok := e.Feedback(b, now); !ok {
			t.Fatal("not read")
		}
		if r := e.Rate(); r < minRate || r > maxRate {
			t.Fatal("rate ", r)
		}
		if r := e.control.rate; !(r >= minRate && r <= maxRate) {
			t.Fatal("rate ", r)
		}
	}
}

// A few bytes can speak of thousands of packets: of those that a storm of them
// names no more are looked at than a peer can have been sent.
func TestFeedbackStorm(t *testing.T) {
	e := NewEstimator(Limits{})
	lost := []byte{
		0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0x1f, 0xff, 0, 0, 1, 0, // 8191 packets
		0x1f, 0xff, 0, 0, // of which none arrived
	}
	const seconds, each = 10, 1000
	heeded := 0
	for i := range seconds * each {
		lost[12]++ // feedback before it was lost, too
		lost[19] += 2
		if _, ok := e.Feedback(lost, time.Duration(i)*time.Second/each); ok {
			heeded++
		}
	}
	if most := (heedBurst + seconds*heedRate) / 8191; heeded == 0 || heeded > most {
		t.Errorf("%d were heeded, want at most %d", heeded, most)
	}
	// What is meant is heeded again a moment later.
	now := (seconds + 1) * time.Second
	var a Arrivals
	for n := range uint16(40) {
		e.Sent(n, 1000, now)
		a.Add(n, now)
	}
	if _, ok := e.Feedback(a.Append(nil, 1, 2, now+time.Second), now+50*time.Millisecond); !ok || e.RoundTrip() == 0 {
		t.Error("not heeded after the storm")
	}
}

// Silence counts from when something was sent, not from when time began.
func TestTheFirstTickIsNoCut(t *testing.T) {
	e := NewEstimator(Limits{})
	e.Sent(1, 100, time.Hour)
	if e.Tick(time.Hour + time.Millisecond) {
		t.Fatal(e.Rate())
	}
	e.Sent(2, 100, time.Hour+silence)
	if e.Tick(time.Hour+silence) || e.Rate() != startRate {
		t.Fatal(e.Rate())
	}
	if !e.Tick(time.Hour+silence+time.Millisecond) || e.Rate() != startRate/2 {
		t.Fatal(e.Rate())
	}
}

// Whatever clock the receiver has, and wherever it jumps to, the rate stays
// within reason.
func TestClocksOfReceivers(t *testing.T) {
	l := newLink(2_000_000, 30*time.Millisecond)
	f := newFlow(l, &greedy{10_000_000})
	var rate mean
	for i, hours := range []int{0, 1, 298, 1, 299, 0, 1 << 20, 0} {
		f.offset, f.arrivals = time.Duration(hours)*time.Hour, Arrivals{}
		run(l, time.Duration(i)*10*sec, time.Duration(i+1)*10*sec, func(now time.Duration) {
			if now > 10*sec {
				rate.add(float64(f.estimator.Rate()))
			}
		}, f)
	}
	t.Logf("rate %.0f, from %.0f to %.0f", rate.of(), rate.low, rate.high)
	if rate.of() < 1_200_000 || rate.low < 500_000 || rate.high > 3_000_000 {
		t.Errorf("rate %.0f, from %.0f to %.0f", rate.of(), rate.low, rate.high)
	}
}

// What arrives without a queue is carried: some is sent whatever the rate.
func TestMoreArrivesThanWasThought(t *testing.T) {
	c := control{rate: 40_000}
	s := seen{usage: fitting, acked: 130_000, recent: 130_000, queue: 2 * queueNone}
	c.update(&s, time.Second)
	if c.rate > 50_000 {
		t.Fatalf("%.0f though there is a queue", c.rate)
	}
	s.queue, s.usage = 0, emptying
	c.update(&s, 2*time.Second)
	if c.rate > 50_000 {
		t.Fatalf("%.0f though a queue gets shorter", c.rate)
	}
	s.usage = fitting
	c.update(&s, 3*time.Second)
	if c.rate < 100_000 || c.rate > 130_000 {
		t.Fatalf("%.0f", c.rate)
	}
}

func TestMemory(t *testing.T) {
	e := NewEstimator(Limits{})
	ring := func() uintptr {
		return uintptr(len(*e.sent.ring.Load())) * unsafe.Sizeof((*e.sent.ring.Load())[0])
	}
	at := unsafe.Sizeof(*e) + unsafe.Sizeof(Pacer{})
	t.Logf("an estimator takes %d bytes, and %d of packets, at most %d; arrivals take %d", at, ring(), maxSent*8, unsafe.Sizeof(Arrivals{}))
	if at > 2<<10 || ring() > 4<<10 || at+maxSent*8 > 35<<10 || unsafe.Sizeof(Arrivals{}) > 9<<10 {
		t.Error("that is too much")
	}
}

func TestNoAllocations(t *testing.T) {
	l := newLink(2_000_000, 20*time.Millisecond)
	f := newFlow(l, &greedy{10_000_000})
	run(l, 0, 10*sec, nil, f)
	e, ok := f.estimator.(*Estimator)
	if !ok {
		t.Fatal("another estimator")
	}
	var a Arrivals
	now, number := 10*sec, f.number
	b := make([]byte, 0, 2000)
	if n := testing.AllocsPerRun(500, func() {
		for range 20 {
			now += step
			e.Sent(number, 1200, now)
			a.Add(number, now)
			f.pacer.Take(1200, now)
			number++
		}
		e.Probe(now)
		e.Tick(now)
		if b := a.Append(b, 1, 2, now); len(b) > 0 {
			e.Feedback(b, now)
		}
	}); n != 0 {
		t.Error(n, " allocations")
	}
}

func BenchmarkSent(b *testing.B) {
	e := NewEstimator(Limits{})
	b.ReportAllocs()
	for i := range b.N {
		e.Sent(uint16(i), 1200, time.Duration(i)*time.Microsecond)
	}
}

func BenchmarkSentFromManyLanes(b *testing.B) {
	e := NewEstimator(Limits{})
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			e.Sent(uint16(i), 1200, time.Duration(i)*time.Microsecond)
		}
	})
}

// What a packet costs in all: to be sent, and its share of feedback. Two in a
// hundred are lost, as on networks where most is at work.
func BenchmarkPacket(b *testing.B) {
	const each = 2 * time.Millisecond
	var a Arrivals
	var feedback [1 << 16][]byte // after the packet of that number
	for i := range feedback {
		if i%50 != 0 {
			a.Add(uint16(i), time.Duration(i)*each)
		}
		feedback[i] = a.Append(nil, 1, 2, time.Duration(i)*each)
	}
	e := NewEstimator(Limits{})
	e.Want(5_000_000)
	b.ReportAllocs()
	for i := range b.N {
		now := time.Duration(i) * each
		e.Sent(uint16(i), 1200, now)
		if f := feedback[i&0xffff]; len(f) > 0 {
			e.Feedback(f, now)
		}
	}
}

func BenchmarkArrivals(b *testing.B) {
	var a Arrivals
	buffer := make([]byte, 0, 2000)
	b.ReportAllocs()
	for i := range b.N {
		now := time.Duration(i) * 2 * time.Millisecond
		a.Add(uint16(i), now)
		a.Append(buffer, 1, 2, now)
	}
}

func BenchmarkPacer(b *testing.B) {
	var p Pacer
	p.SetRate(2_000_000)
	b.ReportAllocs()
	for i := range b.N {
		p.Take(1200, time.Duration(i)*time.Millisecond)
	}
}

// Whoever has sent nothing for long, and did not look meanwhile, has not lost
// the network by that.
func TestBeginIsNoCut(t *testing.T) {
	e, _, now := fed(t)
	e.Tick(now)
	rate := e.Rate()
	now += time.Minute
	e.Sent(500, 1200, now)
	e.Begin(now)
	if e.Tick(now+silence/2) || e.cut || e.Rate() != rate {
		t.Errorf("rate %d, cut %v", e.Rate(), e.cut)
	}
	e.Sent(501, 1200, now+2*silence)
	if !e.Tick(now+2*silence) || !e.cut {
		t.Error("no cut, although nothing comes back")
	}
}

// Where nothing more is sent it is no cut that the last of it was never told of.
func TestPauseIsNoCut(t *testing.T) {
	e, _, now := fed(t)
	rate := e.Rate()
	e.Sent(500, 1200, now)
	for end := now + 10*silence; now < end; now += silence / 10 {
		e.Tick(now)
	}
	if e.cut || e.Rate() != rate {
		t.Errorf("rate %d, cut %v", e.Rate(), e.cut)
	}
}
