package engine

import (
	"testing"
	"time"

	"paravent/sfu/srtp"
	"paravent/sfu/transport"
)

// sleeper is a media half that counts its ticks.
type sleeper struct {
	shelfful
	rests bool
	ticks []time.Duration
}

func (s *sleeper) tick(at time.Duration) bool {
	s.ticks = append(s.ticks, at)
	return s.rests
}

// since is how many ticks there were since the last call.
func (s *sleeper) since() int {
	n := len(s.ticks)
	s.ticks = nil
	return n
}

func TestTicksOfThoseAtRest(t *testing.T) {
	l := bench(t, 1)[0]
	l.advance(time.Minute)
	begun := l.now
	pass := func(d time.Duration) {
		begun += d
		l.advance(begun)
	}
	home := func(s *sleeper) *connection {
		c := &connection{media: s}
		c.home.Store(l)
		l.adopt(c)
		return c
	}
	one, other := &sleeper{}, &sleeper{}
	first, second := home(one), home(other)
	pass(10 * time.Second)
	if n, m := one.since(), other.since(); n != 200 || m != 200 {
		t.Fatalf("%d and %d ticks, want 200", n, m)
	}
	one.rests = true
	pass(10 * time.Second)
	if n, m := one.since(), other.since(); n > 22 || n < 20 || m != 200 {
		t.Fatalf("%d and %d ticks, want 20 and 200", n, m)
	}
	// Once all rest, the lane does.
	other.rests = true
	pass(restInterval)
	one.since()
	other.since()
	for range 20 {
		before := l.now
		if next, ok := l.timers.next(); !ok || next-before > restInterval || len(l.timers.heap) > 2 {
			t.Fatalf("next in %v, %d timers", next-before, len(l.timers.heap))
		}
		pass(restInterval)
		if n, m := one.since(), other.since(); n != 1 || m != 1 {
			t.Fatalf("%d and %d ticks, want 1", n, m)
		}
	}
	// The first packet ends it, for whom it comes from.
	pass(restInterval / 2)
	one.since()
	other.since()
	one.rests = false
	first.rouse()
	first.rouse()
	l.empty()
	woken := l.now
	pass(10 * time.Second)
	if at := one.ticks[0]; at != woken+tickInterval {
		t.Errorf("first tick after %v, want %v", at-woken, tickInterval)
	}
	for i, at := range one.ticks[1:] {
		if at != one.ticks[i]+tickInterval {
			t.Fatalf("ticks %v apart", at-one.ticks[i])
		}
	}
	if m := other.since(); m > 21 || m < 20 {
		t.Errorf("%d ticks, want 20", m)
	}
	// One that rests and is not told of a packet wakes with the next round.
	other.rests = false
	pass(restInterval)
	other.since()
	pass(time.Second)
	if m := other.since(); m != 20 {
		t.Errorf("%d ticks, want 20", m)
	}
	// Those that have left are not ticked.
	for _, c := range []*connection{first, second} {
		c.over.Store(true)
		l.release(c)
		c.rouse()
		l.empty()
	}
	one.since()
	other.since()
	pass(10 * time.Second)
	if n, m := one.since(), other.since(); n+m != 0 || len(l.timers.heap) != 0 || len(l.awake) != 0 {
		t.Errorf("%d ticks after the end", n+m)
	}
	// The next one comes into a lane that had none.
	last := &sleeper{}
	home(last)
	pass(time.Second)
	if n := last.since(); n != 20 {
		t.Errorf("%d ticks, want 20", n)
	}
}

func TestPublishersRest(t *testing.T) {
	in, p := receiving(t, sound("0", 10))
	for round := range uint64(3) {
		in.take(raw{ssrc: 10, kind: ptOpus, number: 7 + round, count: uint16(1 + round), payload: []byte("x")})
		if p.rouses != int(round) {
			t.Fatalf("roused %d times, want %d", p.rouses, round)
		}
		begun := in.home.now
		for at := begun; at < begun+restTime; at += tickInterval {
			in.home.advance(at)
			if in.tick(at) {
				t.Fatalf("at rest after %v", at-begun)
			}
		}
		if in.home.advance(begun + restTime); !in.tick(in.home.now) {
			t.Fatal("no rest")
		}
		if n := len(p.lastReports()); n != 1 {
			t.Fatalf("%d reports, want one", n)
		}
	}
}

func TestViewersRest(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 2)
	l, elsewhere := v.lanes[0], v.lanes[1]
	w := v.out.writer(elsewhere)
	v.out.tick(l.now)
	if l.advance(l.now + restTime); !v.out.tick(l.now) {
		t.Fatal("no rest")
	}
	rate := v.out.rate()
	for round := range uint64(3) {
		l.advance(l.now + restInterval - 1) // the latest that the first packet can come
		for i := range uint64(2) {
			w.Write(&transport.Outgoing{SSRC: 102, Index: 10*round + i, Format: outOpus, Payload: []byte("x")})
			if v.rouses != int(round)+1 {
				t.Fatalf("roused %d times, want %d", v.rouses, round+1)
			}
		}
		begun := l.now
		l.advance(begun + tickInterval)
		for begun = l.now; l.now < begun+restTime; l.advance(l.now + tickInterval) {
			if v.out.tick(l.now) {
				t.Fatalf("at rest after %v", l.now-begun)
			}
			if at := l.now - begun; at < restTime && v.out.rate() != rate {
				t.Fatalf("rate %d, and nothing was awaited yet", v.out.rate())
			}
		}
		if !v.out.tick(l.now) {
			t.Fatal("no rest")
		}
		for range 10 {
			l.advance(l.now + restInterval)
			if !v.out.tick(l.now) {
				t.Fatal("no rest")
			}
		}
		rate = v.out.rate()
	}
}
