package rate

import (
	"testing"
	"time"
)

const sec = time.Second

// trace prints what happens, for whoever looks for a reason.
func trace(t *testing.T, l *link, flows ...*flow) func(now time.Duration) {
	t.Helper()
	last := make([]int, len(flows))
	return func(now time.Duration) {
		if !testing.Verbose() || now%(200*step) != 0 {
			return
		}
		for i, f := range flows {
			e, ok := f.estimator.(*Estimator)
			if !ok {
				continue
			}
			t.Logf("%6.1fs flow %d: rate %5dk sent %5dk acked %5dk queue %4dms seen %4dms bound %5dk usage %d trend %.1f/%.1f capacity %.0fk trip %v probe %v/%.0fk pause %v",
				now.Seconds(), i, e.Rate()/1000, (f.sent-last[i])*8/200, e.acked.rate(ackedWhole)/1000,
				l.waits(now)/time.Millisecond, e.delay.queue()/time.Millisecond, int(e.loss.bound)/1000, e.delay.usage,
				e.delay.trend, e.delay.threshold, e.control.capacity/1000, e.RoundTrip()/time.Millisecond, e.probe.waiting, e.probe.target/1000, e.probe.pause)
			last[i] = f.sent
		}
	}
}

// until is the first moment at which something holds, after which it must hold
// for as long as it is looked at; 0: it does not at the end.
type until struct{ at time.Duration }

func (u *until) look(now time.Duration, holds bool) {
	switch {
	case !holds:
		u.at = 0
	case u.at == 0:
		u.at = now
	}
}

func TestStepsOfTheRate(t *testing.T) {
	l := newLink(0, 25*time.Millisecond)
	l.rate = func(now time.Duration) int {
		if now >= 15*sec && now < 30*sec {
			return 500_000
		}
		return 2_000_000
	}
	s := newLayered()
	f := newFlow(l, s)
	log := trace(t, l, f)
	var up, below, drained, back until
	run(l, 0, 50*sec, func(now time.Duration) {
		log(now)
		switch {
		case now < 15*sec:
			up.look(now, s.tracks[0].Shown == 2)
		case now < 30*sec:
			below.look(now-15*sec, f.estimator.Rate() < 500_000)
			if drained.at == 0 && now > 15500*step {
				drained.look(now-15*sec, l.waits(now) < 100*time.Millisecond)
			}
		default:
			back.look(now-30*sec, s.tracks[0].Shown == 2)
		}
	}, f)
	t.Log("largest layer after ", up.at, ", below the new rate after ", below.at, ", queue gone after ", drained.at, ", largest layer again after ", back.at)
	if up.at == 0 || up.at > 5*sec {
		t.Error("the largest layer at the beginning took ", up.at)
	}
}
