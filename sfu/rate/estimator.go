package rate

import (
	"sync/atomic"
	"time"
)

// What we chose.
const (
	minRate      = 30_000          // bits per second: a voice
	startRate    = 1_000_000       // bits per second, most networks carry it
	maxRate      = 50_000_000      // bits per second
	silence      = time.Second     // without feedback while something is sent is a cut
	pause        = time.Second / 2 // in which nothing is sent shows nothing of the network
	cutBack      = 0.5             // of the rate is left of each
	cutReturn    = 0.5             // of the rate before is believed when it is over
	strayed      = 5 * time.Second // that clocks may part from one feedback packet to the next
	tripSpan     = 5 * time.Second // the shortest round trip is that of the last one to two of these
	worthTelling = 0.02            // of the rate is a change

	// Packets that feedback may speak of: five times what the highest rate has.
	// Each costs a look, and 24 bytes can speak of thousands.
	heedRate  = 1 << 15 // a second
	heedBurst = 1 << 15 // at once
)

// Limits say within what an estimate may move, in bits per second. Zeros mean
// what [NewEstimator] says.
type Limits struct{ Min, Start, Max int }

// Estimator learns what the network carries towards one peer from what was
// sent and what the peer says of its arrival. It is for peers that send
// transport-wide feedback: for one that never does it gets ever lower.
//
// Sent, Twice, Rate, RoundTrip and Want may be called by any number of goroutines at
// once; everything else by one at a time.
type Estimator struct {
	sent   sent
	limits Limits
	rate   atomic.Int64
	want   atomic.Int64
	trip   atomic.Int64

	acked   acked
	delay   delay
	control control
	loss    loss
	probe   probe
	heed    Budget // packets that feedback may still speak of

	told      bool          // some feedback has come
	last      uint8         // count of the newest feedback packet
	reference int64         // of it, wraps counted
	following uint16        // number behind the last one it speaks of
	offset    time.Duration // of our clock before the receiver's
	newest    time.Duration // when the newest packet that arrived was sent
	tripAt    time.Duration // when the span of round trips at hand began
	tripNow   time.Duration // the shortest of it
	tripOlder time.Duration // and of the one before

	quiet  time.Duration // since when there is no feedback though something is sent
	busy   time.Duration // when something was last seen to have been sent
	before uint64        // bytes that had been sent by then
	total  uint64        // bytes sent when feedback came last
	cut    bool
	uncut  float64       // the rate before the cut
	wanted float64       // when a probe was thought of last
	proven time.Duration // when a probe helped last
}

// NewEstimator begins with l.Start (0: 1 Mbit/s) and stays within l.Min (0: 30
// kbit/s) and l.Max (0: 50 Mbit/s).
func NewEstimator(l Limits) *Estimator {
	if l.Min <= 0 {
		l.Min = minRate
	}
	if l.Max <= 0 {
		l.Max = maxRate
	}
	if l.Start <= 0 {
		l.Start = startRate
	}
	l.Max = max(l.Max, l.Min)
	l.Start = min(max(l.Start, l.Min), l.Max)
	e := &Estimator{limits: l, control: control{rate: float64(l.Start)}, heed: NewBudget(heedRate, heedBurst)}
	e.sent.begin()
	e.rate.Store(int64(l.Start))
	return e
}

// Sent says that a packet of so many bytes (headers and padding included) left
// with this transport-wide number.
func (e *Estimator) Sent(number uint16, size int, at time.Duration) { e.sent.put(number, size, at) }

// Twice says that what left with this number is sent once more under it. If it
// arrives, something does, but not by when: it may be either of the two. Like Sent
// it may be called by any number of goroutines.
func (e *Estimator) Twice(number uint16) { e.sent.twice(number) }

// Rate is what the network seems to carry, of media and all else, in bits per
// second.
func (e *Estimator) Rate() int { return int(e.rate.Load()) }

// Want says how many bits per second would be sent if the network carried
// everything: more is not probed for.
func (e *Estimator) Want(bits int) { e.want.Store(int64(max(bits, 0))) }

// RoundTrip is the shortest time of the last seconds from sending a packet to
// hearing of it; 0: none yet.
func (e *Estimator) RoundTrip() time.Duration { return time.Duration(e.trip.Load()) }

// Feedback takes a transport-wide feedback packet (RTCP, opened: type 205,
// format 15). Changed says that Rate is another now; ok is false if the packet
// could not be read, or there is more of it than can be meant, and nothing came
// of it.
func (e *Estimator) Feedback(b []byte, now time.Duration) (changed, ok bool) {
	var f feedback
	if !readFeedback(&f, b) || !e.heed.Take(float64(f.statuses), now) {
		return false, false
	}
	e.follow(&f, now)
	arrived, timed := e.read(&f, now)
	if !arrived {
		return false, true // it speaks of nothing that was sent, or that was not known
	}
	e.resume(now)
	if !timed {
		return e.tell(now), true
	}
	s := seen{
		usage: e.delay.usage, sent: e.newest, queue: e.delay.queue(), trip: e.RoundTrip(),
		acked: float64(e.acked.rate(ackedWhole)), recent: float64(e.acked.rate(ackedRecent)),
	}
	e.control.update(&s, now)
	e.loss.update(e.control.rate, s.acked)
	e.judge(now)
	return e.tell(now), true
}

// follow finds out how the packet goes on from the ones before it.
func (e *Estimator) follow(f *feedback, now time.Duration) {
	moved := int64(int32(f.reference<<8-uint32(e.reference)<<8) >> 8)
	e.reference += moved
	at := time.Duration(e.reference*referenceTicks) * tick
	if apart := now - at - e.offset; !e.told || apart > strayed || apart < -strayed {
		// The receiver's clock was set, or it never was ours: begin anew.
		e.acked, e.delay, e.loss.at = acked{}, delay{skip: e.delay.skip}, span{}
	}
	e.offset = now - at
	if gap := f.base - e.following; e.told && f.count != e.last+1 && gap < maxSent && e.heed.Take(float64(gap), now) {
		e.credit(gap, now)
	}
	e.told, e.last, e.following = true, f.count, f.base+uint16(f.statuses)
}

// credit counts what lost feedback would have told of as having arrived.
func (e *Estimator) credit(gap uint16, now time.Duration) {
	for i := range gap {
		if d, known := e.sent.take(e.following+i, true, now); known {
			e.acked.credit(d.size)
			e.delay.load(d.at, d.size, e.each())
		}
	}
}

// read hands what is said of each packet to those who learn from it. It says
// whether any packet that was sent is said to have arrived, and any of which that
// says when it left.
func (e *Estimator) read(f *feedback, now time.Duration) (arrived, timed bool) {
	walk, each := f.walk(e.reference), e.each()
	for i := range f.statuses {
		at, here := walk.next()
		d, known := e.sent.take(f.base+uint16(i), here, now)
		if known && !d.missed {
			e.delay.load(d.at, d.size, each)
		}
		switch {
		case !known:
		case d.twice:
			if here {
				e.acked.add(at, d.size)
				arrived = true
			}
		case !here && !d.missed && !e.cut: // of a cut nothing is learned
			e.loss.add(d.at, d.size, true)
		case here:
			if d.missed {
				e.loss.found()
			} else {
				e.loss.add(d.at, d.size, false)
			}
			e.acked.add(at, d.size)
			e.delay.add(d.at, at)
			e.probe.add(d.at, at, d.size)
			e.newest = max(e.newest, d.at)
			arrived, timed = true, true
		}
	}
	e.sent.grow()
	if timed {
		e.measure(now-e.newest, now)
	}
	return arrived, timed
}

// each is how many seconds the rate gives a byte, as far as our own doing goes.
func (e *Estimator) each() float64 { return 8 / (ownRoom * max(e.control.rate, ownLeast)) }

// measure notes a round trip.
func (e *Estimator) measure(trip, now time.Duration) {
	trip = max(trip, 1)
	if e.tripNow == 0 {
		e.tripAt, e.tripNow, e.tripOlder = now, trip, trip
	}
	if now-e.tripAt > tripSpan {
		e.tripAt, e.tripOlder, e.tripNow = now, e.tripNow, trip
	}
	e.tripNow = min(e.tripNow, trip)
	e.trip.Store(int64(min(e.tripNow, e.tripOlder)))
}

// resume ends a cut, which said nothing of what the network carries otherwise.
func (e *Estimator) resume(now time.Duration) {
	e.quiet, e.total = now, e.sent.total.Load()
	if !e.cut {
		return
	}
	e.cut = false
	e.control.rate = max(e.control.rate, cutReturn*e.uncut)
	e.control.before, e.control.moved = e.uncut, now
	e.probe.pause, e.probe.next = 0, now
}

// judge takes what a probe showed.
func (e *Estimator) judge(now time.Duration) {
	first := e.proven == 0
	rate, full, ok := e.probe.answer(e.newest, e.RoundTrip(), now)
	if !ok {
		if e.control.decreased == now && now-e.proven < probeSettle {
			e.probe.pause = max(e.probe.pause, probeDoubt/2) // what the last probe showed was not so
			e.probe.rest(false, now)
		}
		return
	}
	e.delay.skip = e.probe.end + probeChunk
	helped := rate > probeHelps*e.control.rate
	if helped {
		e.control.proven(rate)
		e.loss.proven(rate)
		e.proven = now
	} else if first && full && rate > 0 {
		e.control.rate = rate // the start was a guess
	}
	e.probe.rest(helped && !full, now)
}

// tell makes the rate known if it is worth it.
func (e *Estimator) tell(now time.Duration) (changed bool) {
	low, high := float64(e.limits.Min), float64(e.limits.Max)
	e.control.rate = min(max(e.control.rate, low), high)
	rate := e.control.rate
	if e.loss.bound != 0 {
		rate = min(rate, e.loss.bound)
	}
	rate = min(max(rate*e.control.drain(e.delay.queue(), now), low), high)
	was := float64(e.rate.Load())
	if rate == was || rate > (1-worthTelling)*was && rate < (1+worthTelling)*was && rate != low && rate != high {
		return false
	}
	e.rate.Store(int64(rate))
	return true
}

// Begin says that something is being sent again after a while without, in which
// Tick may have been called more rarely.
func (e *Estimator) Begin(now time.Duration) { e.quiet = now }

// Tick is to be called about ten times a second while something is sent: it
// notices that feedback stays away. Changed says that Rate is another now.
func (e *Estimator) Tick(now time.Duration) (changed bool) {
	total := e.sent.total.Load()
	if total != e.before {
		e.before, e.busy = total, now
	}
	if e.quiet == 0 || total == e.total || now-e.busy > pause {
		// Nothing is sent that could be told of; or no more: what was told of the
		// last of it may have been lost.
		e.quiet = now
		return false
	}
	if now-e.quiet < silence+e.RoundTrip() {
		return e.tell(now)
	}
	if !e.cut {
		e.cut, e.uncut = true, e.control.rate
	}
	e.quiet = now - e.RoundTrip()
	e.control.rate *= cutBack
	return e.tell(now)
}

// Probe says how many bytes of padding are to be sent now, 0: none, and when
// to ask again: a few milliseconds later within a probe, else a part of a
// second.
func (e *Estimator) Probe(now time.Duration) (bytes int, next time.Duration) {
	if !e.probe.running {
		target := e.plan(now)
		if target == 0 {
			return 0, now + probePoll
		}
		e.probe.begin(target, e.delay.jitter, e.sent.total.Load(), now)
		e.delay.skip = e.probe.end + probeChunk
	}
	bytes, more := e.probe.chunk(e.sent.total.Load(), now)
	if !more {
		return 0, now + probePoll
	}
	return bytes, now + probeChunk
}

// plan is the rate that should be probed for now; 0: none.
func (e *Estimator) plan(now time.Duration) float64 {
	want, rate := float64(e.want.Load()), float64(e.rate.Load())
	more := want > probeHelps*e.wanted
	e.wanted = want
	if more {
		e.probe.next = min(e.probe.next, now)
	}
	if e.probe.waiting && now > e.probe.end+e.RoundTrip()+2*probeAnswer {
		e.probe.waiting = false // nobody answers
		e.probe.rest(false, now)
	}
	goal := min(probeBeyond*want, float64(e.limits.Max))
	switch {
	case e.probe.waiting, now < e.probe.next, e.cut, rate >= probeEnough*want, rate*probeHelps >= goal,
		e.loss.bound != 0, e.delay.usage == filling, e.delay.queue() > probeQueue,
		e.control.lowered && now-e.control.decreased < probeSettle:
		return 0
	case !e.probe.begun:
		return min(probeStart*rate, goal)
	case e.control.before > probeStep*rate && probeBack*e.control.before > rate:
		back := min(probeBack*e.control.before, probeLeap*rate, goal)
		e.control.before = 0 // once
		return back
	}
	return min(probeStep*rate, goal)
}
