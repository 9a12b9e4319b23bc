package sfu

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"paravent/sfu/transport"
)

// realLane has a goroutine.
type realLane struct {
	mu     sync.Mutex
	queue  []func()
	wake   chan struct{}
	start  time.Time
	inside atomic.Int32
}

func newRealLane(t *testing.T) *realLane {
	t.Helper()
	l := &realLane{wake: make(chan struct{}, 1), start: time.Now()}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-l.wake:
			}
			l.mu.Lock()
			todo := l.queue
			l.queue = nil
			l.mu.Unlock()
			for _, f := range todo {
				l.inside.Add(1)
				f()
				l.inside.Add(-1)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
	return l
}

func (l *realLane) Do(f func()) {
	l.mu.Lock()
	l.queue = append(l.queue, f)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *realLane) At(when time.Duration, f func()) {
	time.AfterFunc(when-l.Now(), func() { l.Do(f) })
}

func (l *realLane) Now() time.Duration { return time.Since(l.start) }

// wait carries something out and waits for it.
func (l *realLane) wait(f func()) {
	done := make(chan struct{})
	l.Do(func() { f(); close(done) })
	<-done
}

// audit is a viewer that looks whether any number is used twice, and whether
// its writers are used in their lanes.
type audit struct {
	fakeViewer
	t    *testing.T
	used map[uint64]bool // by SSRC and number; without a lock: the race detector is the test
	came chan struct{}   // of one element: a packet was written
}

type auditWriter struct {
	*audit
	lane *realLane
}

func (a *audit) Writer(l transport.Lane) transport.Writer {
	lane, ok := l.(*realLane)
	if !ok {
		a.t.Error("another lane")
	}
	return auditWriter{a, lane}
}

func (w auditWriter) Write(p *transport.Outgoing) {
	if w.lane.inside.Load() != 1 {
		w.t.Error("written outside of the lane")
	}
	number := uint64(p.SSRC)<<48 | p.Index
	if w.used[number] {
		w.t.Errorf("%d of %d twice", p.Index, p.SSRC)
	}
	w.used[number] = true
	select {
	case w.came <- struct{}{}:
	default:
	}
}

func (w auditWriter) Again(*transport.Kept)         { w.t.Error("a picture is sent as it was sent") }
func (w auditWriter) Report(transport.SenderReport) {}

// TestNoNumberTwice moves slots among lanes in every way at once: what they
// show changes, publishers begin anew in other lanes, packets are asked for
// again, padding is asked for, while packets go on.
func TestNoNumberTwice(t *testing.T) {
	const tracks, slots = 4, 6
	lanes := []*realLane{newRealLane(t), newRealLane(t), newRealLane(t)}
	var all [tracks]*track
	var viewers [slots]*audit
	var shown [slots]*slot
	for i := range all {
		all[i] = &track{publisher: PeerID(i + 1), mid: "0"}
	}
	for i := range shown {
		viewers[i] = &audit{t: t, used: map[uint64]bool{}, came: make(chan struct{}, 1)}
		viewers[i].info = transport.SlotInfo{SSRC: 1, RTX: 2, Types: allTypes}
		shown[i] = &slot{video: true, conn: viewers[i], state: connected(), poke: func() {}, way: &way{}}
		if i%2 == 0 {
			shown[i].way.setRate(100_000 * (i + 1)) // packets have to wait
		}
	}
	var publish, look sync.WaitGroup
	enough := make(chan struct{})
	for i, tr := range all {
		publish.Go(func() { publishAnew(tr, lanes, uint64(i), enough) })
	}
	var mu sync.Mutex // guards the lists of watchers, as the router does
	for i, s := range shown {
		look.Go(func() { lookAround(t, s, all[:], &mu, uint64(i), viewers[i].came) })
	}
	look.Wait()
	close(enough)
	publish.Wait()
	for _, s := range shown {
		mu.Lock()
		s.show(nil)
		mu.Unlock()
	}
	for _, s := range shown {
		for s.asked.Load() != 0 {
			time.Sleep(time.Millisecond) // it is on its way
		}
		for _, l := range lanes {
			l.wait(func() {})
		}
		if s.at.Load() != nil {
			t.Fatal("still somewhere")
		}
	}
}

// publishAnew feeds a track again and again, each time in another lane, until it
// is enough.
func publishAnew(tr *track, lanes []*realLane, seed uint64, enough <-chan struct{}) {
	random := rand.New(rand.NewPCG(seed, 1))
	for {
		select {
		case <-enough:
			return
		default:
		}
		l := lanes[random.IntN(len(lanes))]
		f := &feed{track: tr, video: true, lane: l}
		var src *source
		l.wait(func() {
			src = newSource(f, transport.StreamInfo{Lane: l, KeyFrame: func() {}})
			f.start(src)
			tr.feedBy(f)
		})
		seq := uint16(random.IntN(1 << 16))
		for n := range 100 {
			l.wait(func() {
				var burst []transport.Packet
				for i := range 1 + random.IntN(4) {
					seq++
					p := raw(transport.VP8, seq, uint32(seq)*3000, synthetic(transport.VP8, n%5 == 0 && i == 0, i == 0, seq, byte(tr.publisher)))
					p.At = l.Now()
					burst = append(burst, p)
				}
				src.Receive(burst)
			})
		}
		if random.IntN(2) == 0 {
			f.end()
		}
		l.wait(src.End)
	}
}

// lookAround shows one track after the other, and now and then waits until
// something of one has come.
func lookAround(t *testing.T, s *slot, all []*track, mu *sync.Mutex, seed uint64, came <-chan struct{}) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 2))
	for n := range 400 {
		var tr *track
		if n := random.IntN(len(all) + 1); n < len(all) {
			tr = all[n]
		}
		mu.Lock()
		if tr != nil {
			tr.add(s)
		}
		before := s.show(tr)
		if before != nil && before != tr {
			before.remove(s)
		}
		mu.Unlock()
		for range random.IntN(3) {
			s.need()
			first := uint16(random.IntN(1 << 16))
			s.inLane(func(w *flow) {
				w.resend([]uint16{first, uint16(w.numbers.out), uint16(w.numbers.out - 1)})
				w.pad(300)
			})
			time.Sleep(time.Duration(random.IntN(1000)) * time.Microsecond)
		}
		if n%40 == 0 && tr != nil {
			wait(t, "packet", came)
		}
	}
}

// Once it is said that somebody is gone, silenced, or that something else is to
// be shown, no packet is begun: at most the one goes on that had begun.
func TestNothingIsBegunAfterwards(t *testing.T) {
	for name, end := range map[string]func(s *slot, tr *track){
		"the viewer is gone":    func(s *slot, _ *track) { s.state.gone.Store(true) },
		"the publisher is gone": func(_ *slot, tr *track) { tr.ended.Store(true) },
		"it is silenced":        func(_ *slot, tr *track) { tr.silenced.Store(true) },
		"nothing is shown":      func(s *slot, _ *track) { s.show(nil) },
		"its feed has ended":    func(_ *slot, tr *track) { tr.feed.Load().end() },
		"the connection ended":  func(s *slot, _ *track) { s.state.end(func() {}) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newRealLane(t)
			tr := &track{publisher: 1, mid: "0"}
			f := &feed{track: tr, lane: l}
			var src *source
			l.wait(func() {
				src = newSource(f, transport.StreamInfo{Lane: l, KeyFrame: func() {}})
				f.start(src)
				tr.feedBy(f)
			})
			in, out := make(chan struct{}), make(chan struct{})
			v := &gate{in: in, out: out}
			v.info = transport.SlotInfo{SSRC: 1, Types: allTypes}
			s := &slot{conn: v, state: connected(), poke: func() {}, way: &way{}}
			tr.add(s)
			s.show(tr)
			l.wait(func() {})
			l.Do(func() {
				burst := make([]transport.Packet, 8)
				for i := range burst {
					burst[i] = raw(transport.Opus, uint16(i), 0, []byte{1})
				}
				src.Receive(burst)
			})
			<-in // one is begun
			end(s, tr)
			close(out)
			l.wait(func() {})
			if v.count != 1 {
				t.Fatalf("%d packets", v.count)
			}
		})
	}
}

// gate is a viewer whose first packet waits.
type gate struct {
	fakeViewer
	in, out chan struct{}
}

func (g *gate) Writer(transport.Lane) transport.Writer { return g }
func (g *gate) Write(*transport.Outgoing) {
	if g.count++; g.count == 1 {
		close(g.in)
		<-g.out
	}
}
