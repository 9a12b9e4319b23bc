package sfu

import (
	"net"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/transport"
)

func TestRenegotiation(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r, alice, bob := newPair(t, kind)
		camera, microphone := newTrack(t, webrtc.MimeTypeVP8), newTrack(t, webrtc.MimeTypeOpus)
		newPump(t, camera, 1).run(t, alice.publish(false, camera)[0])
		if got := wait(t, "tracks", alice.tracks); len(got) != 1 {
			t.Fatalf("tracks %v", got)
		}
		offer := bob.subscribe(codecSet{rtx: true})
		video, audio := slotsOf(offer, "video")[0], slotsOf(offer, "audio")[0]
		bob.look(video, 1, "0")
		wait(t, "shown", bob.shown)
		// A second track beside the first.
		f := newPump(t, microphone, 2)
		f.run(t, alice.add(microphone))
		answer := alice.offer(false)
		if !strings.Contains(answer, "cbr=1;usedtx=0") {
			t.Fatal("the answer does not ask for packets of one size")
		}
		if got := wait(t, "tracks", alice.tracks); len(got) != 2 || got[1] != (Track{Mid: "1"}) {
			t.Fatalf("tracks %v", got)
		}
		bob.look(audio, 1, "1")
		bob.sees(audio, 1, "1")
		follow(t, bob.viewer(audio), 50, offeredOpus)
		follow(t, bob.viewer(video), 100, offeredVP8)
		// The same again changes nothing.
		alice.offer(false)
		// Away with the first.
		if err := alice.up.RemoveTrack(alice.up.GetSenders()[0]); err != nil {
			t.Fatal(err)
		}
		alice.offer(false)
		if got := wait(t, "tracks", alice.tracks); len(got) != 1 || got[0].Video {
			t.Fatalf("tracks %v", got)
		}
		bob.sees(video, 0, "")
		if got := r.Counts(); got.Tracks != 1 || got.Watching != 2 || got.Peers != 2 {
			t.Fatalf("%+v", got)
		}
		// And back in the same section: its viewers have not gone away.
		again := newTrack(t, webrtc.MimeTypeVP8)
		sender, err := alice.up.AddTrack(again)
		if err != nil {
			t.Fatal(err)
		}
		newPump(t, again, 3).run(t, sender)
		alice.offer(false)
		if got := wait(t, "tracks", alice.tracks); len(got) != 2 || got[0] != (Track{Mid: "0", Video: true}) {
			t.Fatalf("tracks %v", got)
		}
		bob.sees(video, 1, "0")
	})
}

func TestRestart(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		_, alice, bob := newPair(t, kind)
		f := alice.show(webrtc.MimeTypeVP8, 1)
		wait(t, "tracks", alice.tracks)
		slot := bob.place("video")
		bob.look(slot, 1, "0")
		wait(t, "shown", bob.shown)
		v := bob.viewer(slot)
		last := follow(t, v, 20, offeredVP8)[19]
		f.halt()
		second := newTrack(t, webrtc.MimeTypeVP8)
		newPump(t, second, 2).run(t, alice.publish(true, second)[0])
		got := wait(t, "shown", bob.shown)
		if got == (shownEvent{slot: slot}) { // unless it was told as one that there was nothing meanwhile
			got = wait(t, "shown", bob.shown)
		}
		if got != (shownEvent{slot, 1, "0"}) {
			t.Fatalf("the same track, shown again: %v", got)
		}
		across(t, v, last, 2, transport.VP8)
		if len(alice.tracks) != 0 || len(alice.lost) != 0 {
			t.Fatal("something changed that is worth telling")
		}
		// A new subscribe connection replaces the present one, empty.
		slot = slotsOf(bob.subscribe(codecSet{rtx: true}), "video")[1]
		bob.look(slot, 1, "0")
		bob.sees(slot, 1, "0")
		follow(t, bob.viewer(slot), 20, offeredVP8)
	})
}

// Beyond what any transport takes.
const (
	offerBytes      = 64 << 10
	answerBytes     = 192 << 10
	offerSections   = 32
	inventedStreams = 64 // SSRCs on one connection
)

func TestBadSDP(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r, alice, bob := newPair(t, kind)
		alice.show(webrtc.MimeTypeVP8, 1)
		wait(t, "tracks", alice.tracks)
		slot := bob.place("video")
		bob.look(slot, 1, "0")
		wait(t, "shown", bob.shown)
		good := alice.up.LocalDescription().SDP
		mallory := newClient(t, r, 66)
		for name, offer := range map[string]string{
			"empty":          "",
			"binary":         "\x00\xff\xfe",
			"half":           good[:len(good)/2],
			"no version":     strings.TrimPrefix(good, "v=0"),
			"no sections":    good[:strings.Index(good, "m=")],
			"data channel":   strings.Replace(good, "m=video", "m=application", 1),
			"no ssrc":        strings.ReplaceAll(good, "a=ssrc:", "a=x-ssrc:"),
			"four layers":    good + "a=rid:a send\r\na=rid:b send\r\na=rid:c send\r\na=rid:d send\r\na=simulcast:send a;b;c;d\r\n",
			"layer unnamed":  good + "a=rid:q send\r\na=simulcast:send q;h\r\n",
			"passive":        strings.ReplaceAll(good, "setup:actpass", "setup:passive"),
			"no mid":         strings.ReplaceAll(good, "a=mid:", "a=x-mid:"),
			"long mid":       strings.ReplaceAll(good, "a=mid:0", "a=mid:012345678"),
			"no fingerprint": strings.ReplaceAll(good, "a=fingerprint:", "a=x:"),
			"bad print":      strings.ReplaceAll(good, "a=fingerprint:sha-256 ", "a=fingerprint:sha-256"),
			"no ufrag":       strings.ReplaceAll(good, "a=ice-ufrag:", "a=x:"),
			"no codec":       strings.ReplaceAll(good, "a=rtpmap:", "a=x:"),
			"bad extension":  strings.ReplaceAll(good, "a=extmap:", "a=extmap:99999999999"),
			"too long":       good + strings.Repeat("a=x\r\n", offerBytes/5),
			"many sections":  good + strings.Repeat(good[strings.Index(good, "m="):], offerSections),
			"twice a mid":    good + good[strings.Index(good, "m="):],
		} {
			r.Publish(66, offer, false)
			select {
			case c := <-mallory.lost:
				if c != PublishConnection {
					t.Fatalf("%s: lost the wrong connection", name)
				}
			case <-mallory.answers:
				// Pion is lenient in some: then there must be nothing behind it.
				r.Publish(66, "", true)
				wait(t, "lost", mallory.lost)
				t.Logf("%s: answered", name)
			case <-time.After(atMost):
				t.Fatalf("%s: no answer", name)
			}
		}
		for name, answer := range map[string]string{
			"empty": "", "binary": "\x00\xff", "an offer": good, "too long": good + strings.Repeat("a=x\r\n", answerBytes/5),
			"passive": strings.ReplaceAll(good, "setup:actpass", "setup:passive"),
		} {
			r.Subscribe(66, VideoSlots)
			wait(t, "offer", mallory.offers)
			r.Answer(66, answer)
			select {
			case c := <-mallory.lost:
				if c != SubscribeConnection {
					t.Fatalf("%s: lost the wrong connection", name)
				}
			case <-time.After(atMost):
				t.Fatalf("%s: not refused", name)
			}
			r.Answer(66, answer) // and once more, to nothing
		}
		// Nobody else has felt any of it.
		follow(t, bob.viewer(slot), 100, offeredVP8)
		if len(alice.lost) != 0 || len(bob.lost) != 0 {
			t.Fatal("others lost something")
		}
	})
}

// What breaks on the input of one peer ends that peer's connections alone.
func TestPanicCostsOnePeer(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r, alice, bob := newPair(t, kind)
		alice.show(webrtc.MimeTypeVP8, 1)
		slot := bob.place("video")
		bob.look(slot, 1, "0")
		mallory := newClient(t, r, 66)
		r.post(66, func(*peer) { panic("broken") })
		for range 2 {
			wait(t, "lost", mallory.lost)
		}
		mallory.publish(false, newTrack(t, webrtc.MimeTypeVP8)) // and is free to begin anew
		follow(t, bob.viewer(slot), 50, offeredVP8)
		if len(alice.lost) != 0 || len(bob.lost) != 0 {
			t.Fatal("others lost something")
		}
	})
}

func TestOverrun(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		held := &holding{client: newClient(t, r, 1), in: make(chan struct{}), out: make(chan struct{})}
		r.Open(2, held)
		r.Publish(2, "", false)
		<-held.in // its goroutine is busy telling
		for range maxQueue + 1 {
			r.Watch(2, "0", Watch{Publisher: 1, Mid: "0", Size: 3})
		}
		close(held.out)
		for range 3 { // the first, then both for being behind
			wait(t, "lost", held.lost)
		}
	})
}

// holding waits in its first event.
type holding struct {
	*client
	once    sync.Once
	in, out chan struct{}
}

func (h *holding) Lost(c Connection) {
	h.once.Do(func() { close(h.in) })
	<-h.out
	h.lost <- c
}

// profile is the SRTP profile of a connection, which pion does not tell.
func profile(transport *webrtc.DTLSTransport) uint64 {
	return reflect.ValueOf(transport).Elem().FieldByName("srtpProtectionProfile").Uint()
}

func TestChoosesAEAD(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		c := newCall(t, kind, webrtc.MimeTypeVP8, webrtc.MimeTypeVP8)
		c.watch(t, 1, "0")
		for name, transport := range map[string]*webrtc.DTLSTransport{
			"publish":   c.alice.up.GetSenders()[0].Transport(),
			"subscribe": c.bob.viewer(c.slot).receiver.Transport(),
		} {
			// The client would rather have AES-CM.
			if got := profile(transport); got != uint64(dtls.SRTP_AEAD_AES_256_GCM) {
				t.Fatalf("%s: profile %#x", name, got)
			}
		}
	})
}

func TestCloseStopsForwarding(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		c := newCall(t, kind, webrtc.MimeTypeVP8, webrtc.MimeTypeVP8)
		c.watch(t, 1, "0")
		v := c.bob.viewer(c.slot)
		follow(t, v, 20, offeredVP8)
		// The publisher is removed: its viewer gets nothing more of it.
		c.r.ClosePeer(1)
		c.bob.sees(c.slot, 0, "")
		c.r.Publish(1, "", true) // does nothing: it is not open
		// The viewer is removed in its turn: it gets nothing of anybody.
		c.bob.look(c.slot, 2, "0")
		for got := (shownEvent{slot: c.slot}); got.publisher != 2; { // that it shows nothing may be told again
			if got = wait(t, "shown", c.bob.shown); got.slot != c.slot || got.publisher == 1 {
				t.Fatalf("shown %v", got)
			}
		}
		for len(v.packets) > 0 {
			<-v.packets
		}
		wait(t, "packet", v.packets)
		c.r.ClosePeer(3)
		wait(t, "end of the viewer's connection", v.done)
		if n := len(c.alice.lost) + len(c.bob.lost); n != 0 {
			t.Fatalf("%d connections of removed peers are reported lost", n)
		}
	})
}

// Whoever is removed is sent nothing from then on, even while its own goroutine
// is busy with something else.
func TestClosedPeerIsSentNothing(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r, alice, bob := newPair(t, kind)
		alice.show(webrtc.MimeTypeVP8, 1)
		slot := bob.place("video")
		bob.look(slot, 1, "0")
		follow(t, bob.viewer(slot), 2, offeredVP8)
		busy, free := make(chan struct{}), make(chan struct{})
		r.post(2, func(*peer) { close(busy); <-free })
		<-busy
		viewer := watched(r, 1, "0").watchers()[0]
		r.ClosePeer(2)
		sent := viewer.count()
		arrive(t, r, 1, "0")
		close(free)
		if n := viewer.count() - sent; n != 0 {
			t.Fatalf("%d packets to a removed peer", n)
		}
	})
}

// watched is a track of a publisher.
func watched(r *Router, publisher PeerID, mid string) *track {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers[publisher].tracks[mid]
}

// inside carries out f where the slot is, and waits for it. What it shows must
// have come by then: before, it is nowhere.
func (s *slot) inside(f func(w *flow)) {
	for s.asked.Load() != 0 {
		time.Sleep(time.Millisecond) // it is on its way
	}
	done := make(chan struct{})
	s.lane.Do(func() { f(s.flow); close(done) })
	<-done
}

// count is how many packets a slot has sent.
func (s *slot) count() (n uint32) {
	s.inside(func(w *flow) { n = w.packets })
	return n
}

// arrive waits until some ten more packets of a track have come.
func arrive(t *testing.T, r *Router, publisher PeerID, mid string) {
	t.Helper()
	f := watched(r, publisher, mid).feed.Load()
	arrived := func() (n uint64) {
		done := make(chan struct{})
		f.lane.Do(func() {
			for _, s := range f.layers {
				if s != nil {
					n += s.arrived
				}
			}
			close(done)
		})
		<-done
		return n
	}
	for from, deadline := arrived(), time.Now().Add(atMost); arrived() < from+10; {
		if time.Now().After(deadline) {
			t.Fatal("nothing arrives from the publisher")
		}
		time.Sleep(time.Millisecond) // nothing tells of a packet that goes nowhere
	}
}

func TestLostWhenTheClientCloses(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		alice := newClient(t, r, 1)
		track := newTrack(t, webrtc.MimeTypeVP8)
		alice.publish(false, track)
		wait(t, "tracks", alice.tracks)
		if err := alice.up.Close(); err != nil {
			t.Fatal(err)
		}
		if c := wait(t, "lost", alice.lost); c != PublishConnection {
			t.Fatal("lost the wrong connection")
		}
		if got := wait(t, "tracks", alice.tracks); len(got) != 0 {
			t.Fatalf("tracks %v", got)
		}
		// It comes back with the same offer flag as for the first time.
		alice.publish(false, newTrack(t, webrtc.MimeTypeVP8))
		wait(t, "tracks", alice.tracks)
	})
}

func TestLostWhenSilent(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouterWith(t, kind, options{silence: 5 * time.Second}, Config{})
		alice := newClient(t, r, 1)
		udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		alice.udp = udp
		alice.publish(false, newTrack(t, webrtc.MimeTypeVP8))
		wait(t, "tracks", alice.tracks)
		if err := udp.Close(); err != nil { // without a word
			t.Fatal(err)
		}
		if c := wait(t, "lost", alice.lost); c != PublishConnection {
			t.Fatal("lost the wrong connection")
		}
	})
}

// flooding is a track that gives its writer away.
type flooding struct {
	*webrtc.TrackLocalStaticRTP
	writer chan webrtc.TrackLocalWriter
}

func (f *flooding) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	f.writer <- c.WriteStream()
	return f.TrackLocalStaticRTP.Bind(c)
}

// A client that invents streams loses its connection, and nobody else
// anything.
func TestLostWhenFlooding(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		mallory := newClient(t, r, 1)
		track := newTrack(t, webrtc.MimeTypeVP8)
		sender := mallory.publish(false, track)[0]
		newPump(t, track, 1).run(t, sender)
		wait(t, "tracks", mallory.tracks)
		stray := &flooding{TrackLocalStaticRTP: newTrack(t, webrtc.MimeTypeVP8), writer: make(chan webrtc.TrackLocalWriter, 1)}
		if err := sender.ReplaceTrack(stray); err != nil {
			t.Fatal(err)
		}
		w := wait(t, "writer", stray.writer)
		for deadline := time.Now().Add(atMost); len(mallory.lost) == 0 && time.Now().Before(deadline); {
			for ssrc := range uint32(inventedStreams) * 2 {
				_, _ = w.WriteRTP(&rtp.Header{Version: 2, PayloadType: 96, SSRC: 1000 + ssrc}, []byte{0x10, 0x11, 1})
			}
		}
		if c := wait(t, "lost", mallory.lost); c != PublishConnection {
			t.Fatal("lost the wrong connection")
		}
	})
}

func TestLostWhenNeverConnected(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouterWith(t, kind, options{}, Config{connect: time.Millisecond})
		alice := newClient(t, r, 1)
		r.Subscribe(1, VideoSlots)
		wait(t, "offer", alice.offers)
		if c := wait(t, "lost", alice.lost); c != SubscribeConnection {
			t.Fatal("lost the wrong connection")
		}
	})
}

// cycles of joining and leaving, several at a time: each waits for ICE most of
// the time. Few answer the offer of a subscribe connection: with its 41
// sections that is most of the work.
const (
	cycles   = 200
	lanes    = 8
	answered = 10 // every tenth
)

func TestNothingLeaksOverManyJoins(t *testing.T) {
	for kind := range transports {
		t.Run(kind, func(t *testing.T) {
			r := newRouter(t, kind)
			alice := newClient(t, r, 1)
			alice.show(webrtc.MimeTypeVP8, 1)
			join := func(id PeerID, answers bool) {
				bob := newClient(t, r, id)
				defer bob.close()
				bob.publish(false, newTrack(t, webrtc.MimeTypeOpus))
				if !answers {
					r.Subscribe(id, VideoSlots)
					slot := slotsOf(wait(t, "offer", bob.offers), "video")[0]
					bob.look(slot, 1, "0")
					r.ClosePeer(id)
					return
				}
				slot := bob.place("video")
				bob.look(slot, 1, "0")
				wait(t, "shown", bob.shown)
				r.ClosePeer(id)
			}
			join(2, true)
			before := calm(t, r, 0)
			var running sync.WaitGroup
			for lane := range PeerID(lanes) {
				running.Go(func() { // what fails in it ends this lane
					for i := lane; i < cycles; i += lanes {
						join(3+i, i/lanes%answered == 0)
					}
				})
			}
			running.Wait()
			if t.Failed() {
				return
			}
			after := calm(t, r, before)
			t.Logf("%d goroutines before, %d after", before, after)
			if n := r.transport.Counts().Connections; n != 1 { // alice's
				t.Fatalf("%d connections", n)
			}
			if c := r.Counts(); c != (Counts{Peers: 1, Tracks: 1}) {
				t.Fatalf("%+v", c)
			}
		})
	}
}

// calm waits until no connection is being closed and there are no more
// goroutines than at most (0: until their number holds still).
func calm(t *testing.T, r *Router, most int) int {
	t.Helper()
	last, still := 0, 0
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		n := runtime.NumGoroutine()
		if n == last {
			still++
		} else {
			last, still = n, 0
		}
		if r.Counts().Closing == 0 && (most == 0 && still > 20 || most != 0 && n <= most) {
			return n
		}
		time.Sleep(50 * time.Millisecond) // there is nothing to wait on: pion's goroutines end on their own
	}
	b := make([]byte, 1<<20)
	t.Fatalf("%d goroutines, want %d:\n%s", runtime.NumGoroutine(), most, b[:runtime.Stack(b, true)])
	return 0
}

func TestRouterClose(t *testing.T) {
	withEach(t, func(t *testing.T, kind string) {
		r := newRouter(t, kind)
		alice := newClient(t, r, 1)
		alice.show(webrtc.MimeTypeVP8, 1)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		r.Open(5, alice)
		r.Subscribe(5, VideoSlots)
		if c := r.Counts(); c.Peers != 0 || c.Closing != 0 {
			t.Fatalf("%+v", c)
		}
	})
}
