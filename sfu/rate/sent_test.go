package rate

import (
	"sync"
	"testing"
	"time"
)

func TestSentIsTakenOnce(t *testing.T) {
	var s sent
	s.begin()
	now := 300 * 24 * time.Hour // more than the stamp holds
	s.put(65535, 1200, now)
	s.put(0, 50, now+time.Millisecond)
	if _, ok := s.take(1, true, now); ok {
		t.Error("a packet that was never sent")
	}
	if d, ok := s.take(65535, false, now+time.Second); !ok || d.missed || d.size != 1200 || d.at < now-1024 || d.at > now+1024 {
		t.Error(d, ok)
	}
	if d, ok := s.take(65535, false, now+time.Second); !ok || !d.missed {
		t.Error("missed twice", d, ok)
	}
	if d, ok := s.take(65535, true, now+time.Second); !ok || !d.missed {
		t.Error("found again", d, ok)
	}
	if _, ok := s.take(65535, true, now+time.Second); ok {
		t.Error("arrived twice")
	}
	if _, ok := s.take(0, true, now); ok {
		t.Error("arrived before it was sent")
	}
	if _, ok := s.take(0, true, now+sentAge+time.Second); ok {
		t.Error("told of too late")
	}
	if d, ok := s.take(0, true, now+time.Second); !ok || d.size != 50 || d.at < now+time.Millisecond-1024 || d.at > now+time.Millisecond+1024 {
		t.Error(d, ok)
	}
	s.put(3, 70000, now)
	if d, ok := s.take(3, true, now); !ok || d.size != sizeMask {
		t.Error("size", d, ok)
	}
}

func TestSentGrows(t *testing.T) {
	var s sent
	s.begin()
	var number uint16 = 60000
	for range 10 {
		for range maxSent {
			s.put(number, 100, time.Second)
			number++
		}
		for i := range uint16(maxSent) {
			s.take(number-maxSent+i, false, time.Second)
		}
		s.grow()
	}
	if n := len(*s.ring.Load()); n != maxSent {
		t.Fatal(n)
	}
	for i := range uint16(maxSent) {
		if _, ok := s.take(number-maxSent+i, true, time.Second); !ok {
			t.Fatalf("packet %d of the last %d is not there", i, maxSent)
		}
	}
}

// Nothing that is there before is lost when room is made.
func TestSentKeepsWhileItGrows(t *testing.T) {
	var s sent
	s.begin()
	for i := range uint16(minSent) {
		s.put(65500+i, int(i)+1, time.Second)
	}
	s.crowded = true
	s.grow()
	for i := range uint16(minSent) {
		if d, ok := s.take(65500+i, true, time.Second); !ok || d.size != int(i)+1 {
			t.Fatal(i, d, ok)
		}
	}
}

// For the race detector: lanes send while feedback is read.
func TestSentFromManyLanes(t *testing.T) {
	e := NewEstimator(Limits{})
	var lanes sync.WaitGroup
	const each = 2000
	for lane := range 4 {
		lanes.Go(func() {
			for i := range each {
				e.Sent(uint16(4*i+lane), 1000, time.Duration(i)*time.Millisecond)
			}
		})
	}
	var a Arrivals
	for i := range each {
		now := time.Duration(i) * time.Millisecond
		a.Add(uint16(4*i), now+10*time.Millisecond)
		if b := a.Append(nil, 1, 2, now); len(b) > 0 {
			if _, ok := e.Feedback(b, now); !ok {
				t.Error("feedback is not read")
			}
		}
		e.Tick(now)
		e.Want(e.Rate())
	}
	lanes.Wait()
	if e.sent.total.Load() != 4*each*1000 {
		t.Error(e.sent.total.Load())
	}
}

// Nothing is noted of another packet, nor of none.
func TestSentTwice(t *testing.T) {
	var s sent
	s.begin()
	s.twice(7)
	if _, ok := s.take(7, false, time.Second); ok {
		t.Error("nothing was sent")
	}
	s.put(7, 100, time.Second)
	s.twice(7 + 1<<8)
	if d, ok := s.take(7, false, time.Second); !ok || d.twice {
		t.Error("another was sent twice", d, ok)
	}
	s.twice(7)
	s.crowded = true
	s.grow()
	if d, ok := s.take(7, true, 3*time.Second); !ok || !d.twice || !d.missed || d.size != 100 || d.at.Round(time.Millisecond) != time.Second {
		t.Error(d, ok)
	}
}

// When what was sent twice arrives says nothing of delay; that it does is enough
// to know that there is no cut, and how much arrives.
func TestAllIsSentTwice(t *testing.T) {
	e := NewEstimator(Limits{})
	var a Arrivals
	tell := func(now time.Duration) {
		t.Helper()
		if b := a.Append(nil, 1, 2, now); len(b) > 0 {
			if _, ok := e.Feedback(b, now); !ok {
				t.Fatal("feedback is not read")
			}
		}
		e.Tick(now)
	}
	const step, trip = 20 * time.Millisecond, 30 * time.Millisecond
	number, now := uint16(0), time.Minute
	for range 100 { // once
		e.Sent(number, 200, now-trip)
		a.Add(number, now)
		tell(now)
		number, now = number+1, now+step
	}
	rate, round := e.Rate(), e.RoundTrip()
	for i := range 1000 { // twice, and ever more slowly
		e.Sent(number, 200, now-trip)
		e.Twice(number)
		if i%10 > 0 {
			a.Add(number, now+time.Duration(i)*time.Millisecond/10)
		}
		tell(now)
		number, now = number+1, now+step
	}
	if e.Rate() != rate || e.RoundTrip() != round || e.cut || e.loss.at.lost > 0 {
		t.Errorf("%d bits and %v were %d and %v, cut %v, lost %v", e.Rate(), e.RoundTrip(), rate, round, e.cut, e.loss.at.lost)
	}
	if arrives := e.acked.rate(ackedWhole); arrives < 60_000 || arrives > 90_000 {
		t.Errorf("%d bits arrive", arrives)
	}
}
