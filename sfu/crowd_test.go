package sfu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"paravent/sfu/transport"
)

// What a packet costs is what is shown of its own layer: of five hundred viewers
// those who are shown another are not even looked at, and what nobody is shown is
// not kept.
func TestWhoIsShownAnotherLayerCostsAPacketNothing(t *testing.T) {
	const viewers, sharp = 500, 20
	c := &simulcast{t: t, lane: &fakeLane{now: time.Second}}
	tr := &track{publisher: 1, mid: "0"}
	c.feed = &feed{track: tr, video: true, lane: c.lane}
	tr.feedBy(c.feed)
	for layer := range maxLayers {
		c.begin(layer)
	}
	var outs []*fakeViewer
	for i := range viewers {
		s, out := newTestSlot(true)
		step := 0
		if i < sharp {
			step = 2
		}
		watch(s, tr)
		s.choose(tr, choice{step: step})
		outs = append(outs, out)
	}
	for layer, want := range [maxLayers]int{viewers - sharp, 0, sharp} {
		before := total(outs)
		push(c.layers[layer], raw(transport.VP8, 1, 3000, synthetic(transport.VP8, true, true, 1, byte(layer))))
		if n := len(c.layers[layer].flows); n != want {
			t.Errorf("layer %d: %d viewers are looked at, want %d", layer, n, want)
		}
		if n := total(outs) - before; n != want {
			t.Errorf("layer %d: %d packets, want %d", layer, n, want)
		}
	}
	if n := len(c.layers[1].history.packets); n != 0 {
		t.Errorf("%d packets are kept of a layer that nobody is shown", n)
	}
}

func total(outs []*fakeViewer) (n int) {
	for _, out := range outs {
		n += out.count
	}
	return n
}

// However viewers come, go and change layers, and layers begin and end: a
// source's list has whoever is shown it or is to be, once, and nobody else.
func TestSourcesKnowWhoIsShownThem(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	c := &simulcast{t: t, lane: &fakeLane{now: time.Second}}
	tr := &track{publisher: 1, mid: "0"}
	c.feed = &feed{track: tr, video: true, lane: c.lane}
	tr.feedBy(c.feed)
	var slots []*slot
	for range 12 {
		s, _ := newTestSlot(true)
		slots = append(slots, s)
	}
	var sources []*source
	for step := range 1500 {
		s, layer := slots[random.IntN(len(slots))], random.IntN(maxLayers)
		switch random.IntN(6) {
		case 0:
			watch(s, tr)
		case 1:
			watch(s, nil)
		case 2:
			s.choose(tr, choice{step: layer, paused: random.IntN(4) == 0, urgent: random.IntN(2) == 0})
		case 3:
			if random.IntN(8) == 0 || c.layers[layer] == nil {
				c.begin(layer)
				sources = append(sources, c.layers[layer])
			}
		case 4:
			if c.layers[layer] != nil && random.IntN(8) == 0 {
				c.layers[layer].End()
			}
		default:
			if src := c.layers[layer]; src != nil && !src.ended {
				c.lane.pass(10 * time.Millisecond)
				c.seq[layer]++
				push(src, raw(transport.VP8, c.seq[layer], uint32(step)*900,
					synthetic(transport.VP8, random.IntN(3) == 0, true, c.seq[layer], byte(layer))))
			}
		}
		for _, src := range sources {
			for _, s := range slots {
				want := 0
				if w := s.flow; w != nil && (w.source == src || w.next == src) {
					want = 1
				}
				have := 0
				for _, w := range src.flows {
					if w == s.flow {
						have++
					}
				}
				if have != want {
					t.Fatalf("step %d: %d times in the list, want %d", step, have, want)
				}
			}
		}
	}
}

// hall is a transport without a network: connections are there at once, and what
// is asked of anybody is counted.
type hall struct {
	lane    *hallLane
	written int // packets, since the last time; the lane's: a lock for each wears the race detector out

	mu    sync.Mutex
	work  map[string]int
	rooms map[string]transport.PublishEvents // by what was offered
}

// openHall is an empty one, with its router.
func openHall(t *testing.T) (*hall, *Router) {
	t.Helper()
	h := &hall{lane: &hallLane{began: time.Now()}, work: map[string]int{}, rooms: map[string]transport.PublishEvents{}}
	r, err := New(Config{Transport: h})
	if err != nil {
		t.Fatal(err)
	}
	return h, r
}

func (h *hall) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.work[what]++
}

// done is what was asked for since the last time.
func (h *hall) done() map[string]int {
	h.lane.mu.Lock()
	written := h.written
	h.written = 0
	h.lane.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	done := h.work
	h.work = map[string]int{}
	if written > 0 {
		done["written"] = written
	}
	return done
}

func (h *hall) Publish(e transport.PublishEvents) (transport.Publishing, error) {
	return &hallPublishing{h, e}, nil
}

func (h *hall) Subscribe(video, audio int, e transport.SubscribeEvents) (transport.Subscribing, error) {
	v := &hallViewer{hall: h, events: e}
	v.info = transport.SlotInfo{SSRC: 1, RTX: 2, Types: allTypes}
	for i := range video + audio {
		v.mids = append(v.mids, fmt.Sprint(i))
	}
	return v, nil
}

func (h *hall) Wall(at time.Duration) time.Time { return h.lane.began.Add(at) }
func (h *hall) Now() time.Duration              { return h.lane.Now() }
func (h *hall) Counts() transport.Counts        { return transport.Counts{} }
func (h *hall) Close() error                    { return nil }

// hallPublishing sends one picture and one sound as soon as it is asked to.
type hallPublishing struct {
	hall   *hall
	events transport.PublishEvents
}

func (p *hallPublishing) Negotiate(offer string, _ <-chan struct{}) (string, error) {
	p.hall.note("negotiated")
	p.events.Sections([]transport.Section{{Mid: "0", Video: true}, {Mid: "1"}})
	p.events.Connected()
	return "answer", nil
}

func (p *hallPublishing) Close() {}

// hallViewer is a connection of a viewer.
type hallViewer struct {
	fakeViewer
	hall   *hall
	events transport.SubscribeEvents
	mids   []string
}

func (v *hallViewer) Offer(<-chan struct{}) (string, []string, error) {
	v.hall.note("offered")
	return "offer", v.mids, nil
}

func (v *hallViewer) Answer(string) error {
	v.hall.note("answered")
	v.events.Connected()
	return nil
}

func (v *hallViewer) Writer(transport.Lane) transport.Writer { return v }
func (v *hallViewer) Write(*transport.Outgoing)              { v.hall.written++ }
func (v *hallViewer) Again(*transport.Kept)                  {}
func (v *hallViewer) Report(transport.SenderReport)          {}

// hallLane is a lane that is carried out by whoever gives it something.
type hallLane struct {
	began time.Time

	mu    sync.Mutex
	busy  bool
	queue []func()
}

func (l *hallLane) Now() time.Duration { return time.Since(l.began) }
func (l *hallLane) At(when time.Duration, do func()) {
	time.AfterFunc(when-l.Now(), func() { l.Do(do) })
}

func (l *hallLane) Do(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, f)
	if l.busy {
		return
	}
	for l.busy = true; len(l.queue) > 0; {
		next := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()
		next()
		l.mu.Lock()
	}
	l.busy = false
}

// guest hears what a peer is told, and counts it.
type guest struct {
	hall *hall
	who  string
}

func (g guest) Published(string)             { g.hall.note("published to " + g.who) }
func (g guest) Offered(string)               { g.hall.note("offered to " + g.who) }
func (g guest) Tracks([]Track)               { g.hall.note("tracks of " + g.who) }
func (g guest) Shown(string, PeerID, string) { g.hall.note("shown to " + g.who) }
func (g guest) Wanted(string, int)           { g.hall.note("wanted of " + g.who) }
func (g guest) Lost(Connection)              { g.hall.note("lost to " + g.who) }

// attend opens a peer and its connection to receive on, and shows it the picture
// and the sound of peer 1.
func (h *hall) attend(r *Router, id PeerID, who string) {
	r.Open(id, guest{h, who})
	r.Subscribe(id, VideoSlots)
	r.Answer(id, "answer")
	r.Watch(id, "0", Watch{Publisher: 1, Mid: "0", Size: 3})
	r.Watch(id, fmt.Sprint(VideoSlots), Watch{Publisher: 1, Mid: "1"})
}

// speak opens a peer who sends a picture and a sound; keyFrames are those asked
// of it.
func (h *hall) speak(t *testing.T, r *Router, id PeerID, who string) (picture, sound transport.Stream) {
	t.Helper()
	r.Open(id, guest{h, who})
	r.Publish(id, "offer", true)
	synctest.Wait()
	r.mu.Lock()
	p := r.peers[id]
	r.mu.Unlock()
	stream := func(mid string, ssrc uint32) (s transport.Stream) {
		h.lane.Do(func() {
			s = p.up.Stream(transport.StreamInfo{
				Mid: mid, SSRC: ssrc, Lane: h.lane, KeyFrame: func() { h.note("key frame of " + who) },
				Lossy: func(part uint8) {
					if part != 0 {
						h.note("loss of " + who)
					}
				},
			})
		})
		synctest.Wait() // whoever is in the lane carries it out
		return s
	}
	return stream("0", uint32(2*id)), stream("1", uint32(2*id+1))
}

// One more viewer in a hall of five hundred costs the others nothing: the one
// whom it watches is asked for one key frame, everybody else for nothing at all,
// nobody negotiates anew, and a packet is written as often as there are viewers.
func TestOneMoreViewerCostsTheOthersNothing(t *testing.T) {
	for _, viewers := range []int{10, 500} {
		t.Run(fmt.Sprint(viewers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, r := openHall(t)
				defer func() { _ = r.Close() }()
				picture, sound := h.speak(t, r, 1, "speaker")
				others, _ := h.speak(t, r, 2, "another")
				for i := range viewers {
					h.attend(r, PeerID(10+i), "others")
				}
				synctest.Wait()
				seq := uint16(0)
				send := func(key bool) {
					seq++
					seq, at := seq, h.lane.Now() // of this one: a timer of the lane may carry it out
					frame := func(mark byte) []byte { return synthetic(transport.VP8, key, true, seq, mark) }
					h.lane.Do(func() {
						p := raw(transport.VP8, seq, uint32(at/time.Millisecond)*90, frame(1))
						p.At = at
						picture.Receive([]transport.Packet{p})
						p = raw(transport.VP8, seq, uint32(at/time.Millisecond)*90, frame(2))
						p.At = at
						others.Receive([]transport.Packet{p})
						p = raw(transport.Opus, seq, uint32(at/time.Millisecond)*48, []byte{1})
						p.At = at
						sound.Receive([]transport.Packet{p})
					})
				}
				second := func() {
					for range 25 {
						send(false)
						time.Sleep(40 * time.Millisecond)
					}
				}
				send(true)
				second()
				second()
				for range 6 { // what nobody wants has been told as well
					time.Sleep(time.Second)
				}
				synctest.Wait()
				h.done()

				h.attend(r, 9000, "newcomer")
				synctest.Wait()
				if done, want := h.done(), (map[string]int{
					"offered": 1, "answered": 1, "offered to newcomer": 1, "key frame of speaker": 1,
				}); !same(done, want) {
					t.Errorf("a join: %v, want %v", done, want)
				}
				send(true) // the speaker answers
				synctest.Wait()
				if done, want := h.done(), (map[string]int{"written": 2 * (viewers + 1), "shown to newcomer": 2}); !same(done, want) {
					t.Errorf("the first packets: %v, want %v", done, want)
				}
				time.Sleep(40 * time.Millisecond)
				second()
				synctest.Wait()
				if done, want := h.done(), (map[string]int{"written": 25 * 2 * (viewers + 1)}); !same(done, want) {
					t.Errorf("a second later: %v, want %v", done, want)
				}
				r.ClosePeer(9000)
				synctest.Wait()
				if done := h.done(); len(done) != 0 {
					t.Errorf("a leave: %v", done)
				}
			})
		})
	}
}

// A hundred who come at once and watch the same one have it asked as often as
// one would: as spacing allows.
func TestManyViewersAtOnceAskForOneKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, r := openHall(t)
		defer func() { _ = r.Close() }()
		h.speak(t, r, 1, "speaker")
		for i := range 100 {
			h.attend(r, PeerID(10+i), "others")
		}
		synctest.Wait()
		if n := h.done()["key frame of speaker"]; n != 1 {
			t.Errorf("%d key frames are asked for, want 1", n)
		}
		time.Sleep(keyFrameSpacing)
		synctest.Wait()
		if n := h.done()["key frame of speaker"]; n != 1 {
			t.Errorf("%d more, want 1", n)
		}
	})
}

func same(a, b map[string]int) bool {
	keys := func(m map[string]int) (all []string) {
		for k, n := range m {
			all = append(all, fmt.Sprint(k, n))
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(keys(a), keys(b))
}

// BenchmarkForwardAmongOthers is a packet of a layer that 20 viewers are shown,
// with so many others who are shown another layer of the same picture.
func BenchmarkForwardAmongOthers(b *testing.B) {
	for _, others := range []int{0, 80, 480} {
		b.Run(fmt.Sprint(others), func(b *testing.B) {
			const viewers = 20
			lane := &fakeLane{now: time.Second}
			tr := &track{publisher: 1, mid: "0"}
			f := &feed{track: tr, video: true, lane: lane}
			tr.feedBy(f)
			var layers [2]*source
			for i := range layers {
				layers[i] = newSource(f, transport.StreamInfo{Layer: i, Lane: lane, KeyFrame: func() {}})
				f.start(layers[i])
			}
			for i := range viewers + others {
				s, out := newTestSlot(true)
				out.keeps = false
				watch(s, tr)
				s.choose(tr, choice{step: min(1, i/viewers)})
			}
			seq := uint16(0)
			send := func(s *source, key bool) {
				seq++
				push(s, raw(transport.VP8, seq, uint32(seq)*3000, append(synthetic(transport.VP8, key, true, seq, 7), make([]byte, 1180)...)))
			}
			for _, s := range layers {
				send(s, true)
			}
			for b.Loop() {
				send(layers[0], false)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/packet")
		})
	}
}
