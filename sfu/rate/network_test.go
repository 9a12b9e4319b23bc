package rate

import (
	"math/rand/v2"
	"time"
)

// A network of one link, in steps of a millisecond, the same for the same
// seed. Flows send over it; what arrives is told of by Arrivals.

const step = time.Millisecond

// link is a queue that is served at a rate, and a way behind it.
type link struct {
	rate   func(now time.Duration) int // bits per second; 0: cut
	limit  int                         // bytes of queue
	delay  time.Duration               // each way
	jitter time.Duration               // at most, evenly spread; nobody is overtaken
	loss   float64                     // of packets, whatever is sent
	burst  func(now time.Duration) bool
	drop   bool // while cut, what comes is lost instead of waiting

	rng    *rand.Rand
	queue  []packet
	bytes  int
	credit float64
	last   time.Duration
}

type packet struct {
	flow    *flow // nil: cross traffic
	number  uint16
	size    int
	arrives time.Duration
}

func steady(bits int) func(time.Duration) int { return func(time.Duration) int { return bits } }

func newLink(bits int, delay time.Duration) *link {
	return &link{rate: steady(bits), limit: 1 << 20, delay: delay, rng: rand.New(rand.NewPCG(1, 2))}
}

// enter puts a packet into the queue.
func (l *link) enter(p packet, now time.Duration) {
	switch {
	case l.bytes+p.size > l.limit, l.drop && l.rate(now) == 0:
	case l.loss > 0 && l.rng.Float64() < l.loss, l.burst != nil && l.burst(now):
	default:
		l.queue = append(l.queue, p)
		l.bytes += p.size
	}
}

// serve lets out what a step has room for.
func (l *link) serve(now time.Duration) []packet {
	bits := l.rate(now)
	l.credit = min(l.credit+float64(bits)/8*step.Seconds(), max(1500, float64(bits)/8*step.Seconds()))
	if len(l.queue) == 0 {
		l.credit = min(l.credit, float64(bits)/8*step.Seconds())
	}
	n := 0
	for n < len(l.queue) && float64(l.queue[n].size) <= l.credit {
		p := &l.queue[n]
		l.credit -= float64(p.size)
		l.bytes -= p.size
		p.arrives = now + l.delay
		if l.jitter > 0 {
			p.arrives += time.Duration(l.rng.Int64N(int64(l.jitter)))
		}
		p.arrives = max(p.arrives, l.last)
		l.last = p.arrives
		n++
	}
	out := l.queue[:n:n]
	l.queue = l.queue[n:]
	return out
}

// waits is how long the queue is.
func (l *link) waits(now time.Duration) time.Duration {
	bits := l.rate(now)
	if bits == 0 {
		return 0
	}
	return time.Duration(float64(l.bytes) * 8 / float64(bits) * float64(time.Second))
}

// estimating is what a flow asks for its rate: ours, or another to compare.
type estimating interface {
	Sent(number uint16, size int, at time.Duration)
	Feedback(b []byte, now time.Duration) (changed, ok bool)
	Tick(now time.Duration) bool
	Probe(now time.Duration) (bytes int, next time.Duration)
	Rate() int
	Want(bits int)
}

// flow is a subscriber: an estimator, a pacer, a source, and a browser that
// tells of what arrives.
type flow struct {
	estimator estimating
	pacer     Pacer
	source    source
	link      *link
	offset    time.Duration                // of the browser's clock
	deaf      func(now time.Duration) bool // feedback is lost
	every     time.Duration                // feedback comes so seldom; 0: as often as Arrivals has it
	crossing  func(now time.Duration) int  // it is other traffic, of so many bits per second

	number   uint16
	probing  time.Duration
	delayed  []booked
	arriving []packet
	arrivals Arrivals
	reports  []report

	sent, arrived, padding int // bytes, in all
}

type booked struct {
	at   time.Duration
	size int
}

type report struct {
	at time.Duration
	b  []byte
}

// source makes packets.
type source interface {
	// make gives the sizes of video packets that come into being at now.
	make(f *flow, now time.Duration) []int
}

func newFlow(l *link, s source) *flow {
	f := &flow{estimator: NewEstimator(Limits{}), source: s, link: l, offset: 1234567 * time.Millisecond}
	f.pacer.SetRate(f.estimator.Rate())
	return f
}

func (f *flow) send(size int, now time.Duration) {
	f.estimator.Sent(f.number, size, now)
	f.link.enter(packet{flow: f, number: f.number, size: size}, now)
	f.number++
	f.sent += size
}

// step does what happens to a flow in a millisecond.
func (f *flow) step(now time.Duration) {
	if f.crossing != nil {
		f.link.cross(f.crossing(now), now)
		return
	}
	f.receive(now)
	changed := false
	for len(f.reports) > 0 && f.reports[0].at <= now {
		c, _ := f.estimator.Feedback(f.reports[0].b, now)
		changed = changed || c
		f.reports = f.reports[1:]
	}
	if now%(100*step) == 0 {
		changed = f.estimator.Tick(now) || changed
	}
	if changed {
		f.pacer.SetRate(f.estimator.Rate())
	}
	if now%(20*step) == 0 {
		f.pacer.TakeAudio(100, now)
		f.send(100, now)
	}
	for _, size := range f.source.make(f, now) {
		f.delayed = append(f.delayed, booked{f.pacer.Book(size, now), size})
	}
	for len(f.delayed) > 0 && f.delayed[0].at <= now {
		f.send(f.delayed[0].size, now)
		f.delayed = f.delayed[1:]
	}
	if now >= f.probing {
		var bytes int
		bytes, f.probing = f.estimator.Probe(now)
		for ; bytes > 0; bytes -= 290 {
			f.send(290, now)
			f.padding += 290
		}
	}
}

// receive is the browser.
func (f *flow) receive(now time.Duration) {
	for len(f.arriving) > 0 && f.arriving[0].arrives <= now {
		p := f.arriving[0]
		f.arriving = f.arriving[1:]
		f.arrived += p.size
		f.arrivals.Add(p.number, p.arrives+f.offset)
	}
	if f.every > 0 && now%f.every != 0 {
		return
	}
	b := f.arrivals.Append(nil, 1, 2, now+f.offset)
	if len(b) > 0 && (f.deaf == nil || !f.deaf(now)) {
		f.reports = append(f.reports, report{now + f.link.delay, b})
	}
}

// run runs flows over their link until a moment, calling each every 100 ms.
func run(l *link, from, until time.Duration, each func(now time.Duration), flows ...*flow) {
	for now := from; now < until; now += step {
		for _, f := range flows {
			f.step(now)
		}
		for _, p := range l.serve(now) {
			if p.flow != nil {
				p.flow.arriving = append(p.flow.arriving, p)
			}
		}
		if each != nil && now%(100*step) == 0 {
			each(now)
		}
	}
}

// layered is a publisher with three layers, of which one is sent.
type layered struct {
	allocator Allocator
	tracks    []Track
	rng       *rand.Rand
	key       int // layer that begins with a key frame
}

func layers() []Layer {
	return []Layer{{180, 150_000}, {360, 500_000}, {720, 1_500_000}}
}

func newLayered(seed uint64) *layered {
	return &layered{tracks: []Track{{Wanted: 720, Layers: layers()}}, rng: rand.New(rand.NewPCG(seed, 4)), key: Paused}
}

func (s *layered) make(f *flow, now time.Duration) []int {
	if now%(50*step) == 0 {
		a := s.allocator.Allocate(f.estimator.Rate(), 40_000, s.tracks, now)
		f.estimator.Want(a.Whole)
	}
	if now%(33*step) != 0 {
		return nil
	}
	layer := s.tracks[0].Shown
	if layer == Paused {
		return nil
	}
	bytes := float64(layers()[layer].Rate) / 8 * 0.033 * (0.7 + 0.6*s.rng.Float64())
	if layer != s.key {
		s.key = layer
		bytes *= 5
	}
	return split(int(bytes))
}

// split makes packets of a frame.
func split(bytes int) []int {
	n := (bytes + 1149) / 1150
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = bytes/n + 50
	}
	return sizes
}

// greedy sends whatever the rate is, in frames.
type greedy struct{ most int }

func (s *greedy) make(f *flow, now time.Duration) []int {
	if now%(33*step) != 0 {
		return nil
	}
	f.estimator.Want(s.most)
	return split(min(f.estimator.Rate(), s.most)*33/8000 - 165)
}

// constant sends at a rate, and wants another.
type constant struct{ rate, want int }

func (s *constant) make(f *flow, now time.Duration) []int {
	f.estimator.Want(s.want)
	if now%(33*step) != 0 {
		return nil
	}
	return split(min(s.rate, f.estimator.Rate()) * 33 / 8000)
}

// cross puts other traffic of so many bits per second on the link.
func (l *link) cross(bits int, now time.Duration) {
	before := int64(bits) * int64(now-step) / int64(time.Second) / 8 / 1200
	for n := int64(bits) * int64(now) / int64(time.Second) / 8 / 1200; n > before; n-- {
		l.enter(packet{size: 1200}, now)
	}
}
