package rate

import (
	"math/rand/v2"
	"testing"
	"time"
)

const sec = time.Second

// trace prints what happens with -v, for whoever looks for a reason.
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
			t.Logf("%6.1fs flow %d: rate %5dk sent %5dk acked %5dk queue %4dms seen %4dms bound %5dk chance %.3f waited %.0f own %.0f usage %d trend %.1f/%.1f capacity %.0fk trip %v probe %.0fk pause %v",
				now.Seconds(), i, e.Rate()/1000, (f.sent-last[i])*8/200, e.acked.rate(ackedWhole)/1000,
				l.waits(now)/time.Millisecond, e.delay.queue()/time.Millisecond, int(e.loss.bound)/1000, e.loss.chance,
				e.delay.waited, 1000*e.delay.own, e.delay.usage, e.delay.trend, e.delay.threshold, e.control.capacity/1000, e.RoundTrip(), e.probe.target/1000, e.probe.pause)
			last[i] = f.sent
		}
	}
}

// since is the first moment from which on something held whenever it was
// looked at; 0: it did not at the end.
type since struct{ at time.Duration }

func (u *since) look(now time.Duration, holds bool) {
	switch {
	case !holds:
		u.at = 0
	case u.at == 0:
		u.at = max(now, 1)
	}
}

// within demands that something came true in time.
func within(t *testing.T, what string, u since, most time.Duration) {
	t.Helper()
	t.Logf("%s after %v", what, u.at)
	if u.at == 0 || u.at > most {
		t.Errorf("%s: %v (0: never), want %v", what, u.at, most)
	}
}

// mean is an average, with the lowest and the highest.
type mean struct{ sum, n, low, high float64 }

func (m *mean) add(v float64) {
	if m.n == 0 || v < m.low {
		m.low = v
	}
	m.high = max(m.high, v)
	m.sum += v
	m.n++
}

func (m *mean) of() float64 { return m.sum / m.n }

func TestStepsOfTheRate(t *testing.T) {
	for seed := range uint64(15) {
		delay := time.Duration([]int{10, 25, 60}[seed%3]) * time.Millisecond
		l := newLink(0, delay)
		l.rate = func(now time.Duration) int {
			if now >= 15*sec && now < 30*sec {
				return 500_000
			}
			return 2_000_000
		}
		s := newLayered(seed)
		f := newFlow(l, s)
		if seed >= 10 {
			f.every = 250 * time.Millisecond // as browsers do at low rates
		}
		log := trace(t, l, f)
		var up, below, drained, back since
		run(l, 0, 50*sec, func(now time.Duration) {
			log(now)
			switch {
			case now < 15*sec:
				up.look(now, s.tracks[0].Shown == 2)
			case now < 30*sec:
				if below.at == 0 {
					below.look(now-15*sec, f.estimator.Rate() < 500_000)
				}
				if drained.at == 0 && now > 15500*step {
					drained.look(now-15*sec, l.waits(now) < 50*time.Millisecond)
				}
			default:
				back.look(now-30*sec, s.tracks[0].Shown == 2)
			}
		}, f)
		within(t, "the largest layer", up, 4*sec)
		within(t, "below the lower rate", below, sec)
		within(t, "the queue is gone", drained, 1900*time.Millisecond+10*delay)
		within(t, "the largest layer again", back, 10*sec)
	}
}

func TestLossByChance(t *testing.T) {
	for _, loss := range []float64{0.01, 0.05, 0.09} {
		l := newLink(2_000_000, 30*time.Millisecond)
		l.loss = loss
		f := newFlow(l, &greedy{10_000_000})
		log := trace(t, l, f)
		var rate mean
		run(l, 0, 60*sec, func(now time.Duration) {
			log(now)
			if now > 10*sec {
				rate.add(float64(f.estimator.Rate()))
			}
		}, f)
		t.Logf("loss %v: rate %.0f, from %.0f to %.0f", loss, rate.of(), rate.low, rate.high)
		if rate.of() < 1_400_000 || rate.low < 900_000 {
			t.Errorf("loss %v: rate %.0f, at least %.0f", loss, rate.of(), rate.low)
		}
	}
}

// A policer throws away what is too much, and has no queue that would show it.
func TestLossByCongestion(t *testing.T) {
	l := newLink(0, 30*time.Millisecond)
	l.rate = func(now time.Duration) int {
		if now >= 20*sec && now < 40*sec {
			return 700_000
		}
		return 2_000_000
	}
	l.limit = 6000
	f := newFlow(l, &greedy{10_000_000})
	log := trace(t, l, f)
	var high, low mean
	var below since
	run(l, 0, 40*sec, func(now time.Duration) {
		log(now)
		switch {
		case now > 10*sec && now < 20*sec:
			high.add(float64(f.estimator.Rate()))
		case now > 20*sec && below.at == 0:
			below.look(now-20*sec, f.estimator.Rate() < 900_000)
		case now > 25*sec:
			low.add(float64(f.estimator.Rate()))
		}
	}, f)
	within(t, "below", below, 3*sec)
	t.Logf("%.0f to %.0f mean %.0f, then %.0f to %.0f mean %.0f", high.low, high.high, high.of(), low.low, low.high, low.of())
	if high.of() < 1_200_000 || high.of() > 2_300_000 || low.of() < 400_000 || low.of() > 800_000 {
		t.Errorf("rates of %.0f and %.0f", high.of(), low.of())
	}
}

func TestBurstsOfLoss(t *testing.T) {
	l := newLink(2_000_000, 30*time.Millisecond)
	l.burst = func(now time.Duration) bool { return now > 5*sec && now%(4*sec) < 200*time.Millisecond }
	f := newFlow(l, &greedy{10_000_000})
	log := trace(t, l, f)
	var rate mean
	run(l, 0, 60*sec, func(now time.Duration) {
		log(now)
		if now > 10*sec {
			rate.add(float64(f.estimator.Rate()))
		}
	}, f)
	t.Logf("rate %.0f, from %.0f to %.0f", rate.of(), rate.low, rate.high)
	if rate.of() < 1_300_000 {
		t.Errorf("rate %.0f, at least %.0f", rate.of(), rate.low)
	}
}

// Whatever the network is like, if it does not change the rate hardly does.
func TestSteadyStates(t *testing.T) {
	for _, c := range []struct {
		name          string
		rate          int
		delay, jitter time.Duration
		limit         int
	}{
		{"short way", 2_000_000, 5 * time.Millisecond, 0, 1 << 20},
		{"usual way", 2_000_000, 25 * time.Millisecond, 5 * time.Millisecond, 1 << 20},
		{"small buffer", 2_000_000, 25 * time.Millisecond, 0, 25_000},
		{"wireless", 3_000_000, 20 * time.Millisecond, 30 * time.Millisecond, 1 << 20},
		{"satellite", 2_000_000, 150 * time.Millisecond, 5 * time.Millisecond, 1 << 20},
		{"slow", 300_000, 40 * time.Millisecond, 5 * time.Millisecond, 1 << 20},
		{"fast", 20_000_000, 10 * time.Millisecond, 2 * time.Millisecond, 1 << 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLink(c.rate, c.delay)
			l.jitter, l.limit = c.jitter, c.limit
			f := newFlow(l, &greedy{30_000_000})
			log := trace(t, l, f)
			var rate, queue mean
			run(l, 0, 90*sec, func(now time.Duration) {
				log(now)
				if now > 30*sec {
					rate.add(float64(f.estimator.Rate()) / float64(c.rate))
					queue.add(ms(l.waits(now)))
				}
			}, f)
			t.Logf("rate %.2f of the link, from %.2f to %.2f; queue %.0f ms, at most %.0f", rate.of(), rate.low, rate.high, queue.of(), queue.high)
			if rate.of() < 0.7 || rate.of() > 1.05 || rate.low < 0.5 || rate.high > 1.35 || queue.of() > 60 {
				t.Error("not steady")
			}
		})
	}
}

// A layered source leaves a link unfilled; nothing may move then.
func TestLayersDoNotFlap(t *testing.T) {
	for seed := range uint64(20) {
		bits := []int{450_000, 800_000, 1_300_000, 1_700_000, 2_500_000}[seed%5]
		l := newLink(bits, 30*time.Millisecond)
		l.jitter = 10 * time.Millisecond
		s := newLayered(seed)
		f := newFlow(l, s)
		log := trace(t, l, f)
		changes, last := 0, Paused
		run(l, 0, 120*sec, func(now time.Duration) {
			log(now)
			if now > 15*sec && s.tracks[0].Shown != last {
				changes++
			}
			last = s.tracks[0].Shown
		}, f)
		t.Logf("%d: layer %d, %d changes, padding %d of %d bytes", bits, last, changes, f.padding, f.sent)
		if changes > 8 { // where the largest layer barely fits it is tried now and then
			t.Errorf("%d changes of the layer in %d", changes, bits)
		}
		if f.padding > f.sent/8 {
			t.Errorf("%d of %d bytes are padding", f.padding, f.sent)
		}
	}
}

func TestWantingMoreAfterLittle(t *testing.T) {
	for _, delay := range []time.Duration{20 * time.Millisecond, 150 * time.Millisecond} {
		l := newLink(3_000_000, delay)
		s := &constant{100_000, 140_000}
		f := newFlow(l, s)
		log := trace(t, l, f)
		run(l, 0, 60*sec, log, f)
		if f.estimator.Rate() < 300_000 {
			t.Errorf("the rate went down to %d while little was sent", f.estimator.Rate())
		}
		s.rate, s.want = 1_500_000, 1_540_000
		var there since
		run(l, 60*sec, 75*sec, func(now time.Duration) {
			log(now)
			there.look(now-60*sec, f.estimator.Rate() > 1_540_000)
		}, f)
		within(t, "what is wanted", there, 5*sec)
	}
}

func TestTwoShareALink(t *testing.T) {
	for _, delay := range []time.Duration{10 * time.Millisecond, 50 * time.Millisecond} {
		l := newLink(4_000_000, delay)
		l.jitter = 3 * time.Millisecond
		a, b := newFlow(l, &greedy{10_000_000}), newFlow(l, &greedy{10_000_000})
		log := trace(t, l, a, b)
		run(l, 0, 20*sec, log, a)
		run(l, 20*sec, 60*sec, log, a, b)
		before := [2]int{a.arrived, b.arrived}
		run(l, 60*sec, 160*sec, log, a, b)
		x, y := a.arrived-before[0], b.arrived-before[1]
		t.Logf("%d and %d bytes of %d", x, y, 4_000_000/8*100)
		if x > 2*y || y > 2*x {
			t.Errorf("shares of %d and %d bytes", x, y)
		}
		if x+y < 4_000_000/8*100*6/10 {
			t.Errorf("%d of %d bytes were made use of", x+y, 4_000_000/8*100)
		}
	}
}

func TestCut(t *testing.T) {
	for seed := range uint64(8) {
		drop := seed%2 == 0
		l := newLink(0, 30*time.Millisecond)
		l.drop, l.limit = drop, 200_000
		l.rate = func(now time.Duration) int {
			if now >= 20*sec && now < 25*sec {
				return 0
			}
			return 2_500_000
		}
		s := newLayered(seed)
		f := newFlow(l, s)
		log := trace(t, l, f)
		lowest := f.estimator.Rate()
		var back since
		run(l, 0, 40*sec, func(now time.Duration) {
			log(now)
			if now > 20*sec {
				lowest = min(lowest, f.estimator.Rate())
			}
			if now > 25*sec {
				back.look(now-25*sec, s.tracks[0].Shown == 2)
			}
		}, f)
		if lowest > 500_000 {
			t.Errorf("the rate was never below %d while nothing came through", lowest)
		}
		within(t, "the largest layer again", back, 5*sec)
	}
}

// Others fill the link for a while: less is sent, and more again afterwards.
func TestCrossTraffic(t *testing.T) {
	l := newLink(3_000_000, 30*time.Millisecond)
	f := newFlow(l, &greedy{10_000_000})
	log := trace(t, l, f)
	var busy, after mean
	run(l, 0, 60*sec, func(now time.Duration) {
		log(now)
		switch {
		case now > 25*sec && now < 40*sec:
			busy.add(float64(f.estimator.Rate()))
		case now > 50*sec:
			after.add(float64(f.estimator.Rate()))
		}
	}, f, &flow{link: l, crossing: func(now time.Duration) int {
		if now > 20*sec && now < 40*sec {
			return 2_000_000
		}
		return 0
	}})
	t.Logf("%.0f beside others, %.0f after", busy.of(), after.of())
	if busy.of() < 500_000 || busy.of() > 1_200_000 || after.of() < 2_000_000 {
		t.Errorf("%.0f beside others, %.0f after", busy.of(), after.of())
	}
}

// The way of feedback may lose it too.
func TestFeedbackIsLost(t *testing.T) {
	l := newLink(2_000_000, 30*time.Millisecond)
	f := newFlow(l, &greedy{10_000_000})
	rng := rand.New(rand.NewPCG(5, 6))
	f.deaf = func(time.Duration) bool { return rng.Float64() < 0.3 }
	log := trace(t, l, f)
	var rate mean
	run(l, 0, 60*sec, func(now time.Duration) {
		log(now)
		if now > 15*sec {
			rate.add(float64(f.estimator.Rate()))
		}
	}, f)
	t.Logf("rate %.0f, from %.0f to %.0f", rate.of(), rate.low, rate.high)
	if rate.of() < 1_300_000 || rate.low < 800_000 {
		t.Errorf("rate %.0f, at least %.0f", rate.of(), rate.low)
	}
}

// A subscriber that never tells anything gets the least in the end.
func TestNoFeedbackAtAll(t *testing.T) {
	l := newLink(2_000_000, 30*time.Millisecond)
	f := newFlow(l, &greedy{10_000_000})
	f.deaf = func(time.Duration) bool { return true }
	run(l, 0, 15*sec, nil, f)
	if f.estimator.Rate() != minRate {
		t.Errorf("rate %d", f.estimator.Rate())
	}
}
