package engine

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/transport"
)

// unread is a source of which nothing is read.
func unread(t testing.TB) *source {
	t.Helper()
	return newSource(t, func(transport.StreamInfo) transport.Stream { return nil })
}

// unseen takes a client's tracks without reading them.
func unseen(*webrtc.TrackRemote, *webrtc.RTPReceiver) {}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for deadline := time.Now().Add(atMost); !so(); <-beat.C {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// descriptors counts what files the process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // another system: the rest is looked at all the same
	}
	return len(all)
}

// entries counts the addresses in the maps of the lanes.
func entries(e *Transport) (n int) {
	for _, l := range e.lanes {
		done := make(chan int)
		l.Do(func() { done <- len(l.connections) + len(l.homed) })
		n += <-done
	}
	return n
}

// boxes counts what the port remembers.
func boxes(e *Transport) int {
	e.port.mu.Lock()
	defer e.port.mu.Unlock()
	return len(e.port.boxes) + len(e.port.from)
}

// Whoever leaves leaves nothing behind.
func TestNothingIsLeftBehind(t *testing.T) {
	e := start(t, setting{lanes: 2})
	join := func(publishes bool) {
		var pc *webrtc.PeerConnection
		if publishes {
			s := unread(t)
			pc = client{}.publish(t, e, s, track(t, webrtc.MimeTypeOpus, "sound"))
			wait(t, "publish connection", s.connected.c)
			defer s.p.Close()
		} else {
			s := newWatcher(t)
			pc = client{}.subscribe(t, e, s, 3, 2, unseen)
			wait(t, "subscribe connection", s.connected.c)
			defer s.s.Close()
		}
		_ = pc.Close()
	}
	settled := func(what string, goroutines, files int) {
		eventually(t, what+": connections, boxes, addresses", func() bool {
			return e.Counts().Connections == 0 && boxes(e) == 0 && entries(e) == 0
		})
		eventually(t, what+": goroutines", func() bool { return runtime.NumGoroutine() <= goroutines })
		eventually(t, what+": descriptors", func() bool { return descriptors(t) <= files })
	}
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	join(true)
	join(false)
	settled("two", goroutines, files+2) // Go's poller, perhaps
	files = descriptors(t)
	const joins, beside = 200, 4
	var all sync.WaitGroup
	for range beside {
		all.Go(func() {
			for i := range joins / beside {
				join(i%2 == 0)
			}
		})
	}
	all.Wait()
	settled("all", goroutines, files)
}

func TestClientLeaves(t *testing.T) {
	e := start(t, setting{})
	s, w := unread(t), newWatcher(t)
	up := client{}.publish(t, e, s, track(t, webrtc.MimeTypeOpus, "sound"))
	down := client{}.subscribe(t, e, w, 1, 1, unseen)
	wait(t, "publish connection", s.connected.c)
	wait(t, "subscribe connection", w.connected.c)
	if n := e.Counts().Connections; n != 2 {
		t.Errorf("%d connections", n)
	}
	eventually(t, "the client knows of its connections", func() bool {
		return up.ConnectionState() == webrtc.PeerConnectionStateConnected &&
			down.ConnectionState() == webrtc.PeerConnectionStateConnected
	})
	_, _ = up.Close(), down.Close()
	wait(t, "end of the publish connection", s.ended.c)
	wait(t, "end of the subscribe connection", w.ended.c)
	s.p.Close()
	w.s.Close()
	if w := w.s.Writer(e.lanes[0]); w == nil {
		t.Error("no writer of a connection that has ended")
	} else {
		e.lanes[0].Do(func() { w.Write(&transport.Outgoing{SSRC: 1, Format: 96, Payload: []byte{1}}) })
	}
	eventually(t, "no connections", func() bool { return e.Counts().Connections == 0 })
	if n := e.Counts().Sealed; n != 0 {
		t.Errorf("%d packets were sealed", n)
	}
}

// Who closes a connection hears nothing of it any more.
func TestCloseIsSilent(t *testing.T) {
	e := start(t, setting{})
	s := unread(t)
	pc := client{}.publish(t, e, s, track(t, webrtc.MimeTypeOpus, "sound"))
	wait(t, "publish connection", s.connected.c)
	closed := make(chan struct{})
	over := sync.OnceFunc(func() { close(closed) }) // one that has failed is closed in the end
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateClosed || state == webrtc.PeerConnectionStateFailed {
			over()
		}
	})
	s.p.Close()
	s.p.Close()
	wait(t, "close at the client", closed)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if s.ended.came.Load() != 0 {
		t.Error("the end was told of")
	}
	if _, err := s.p.Negotiate("", nil); err == nil {
		t.Error("an offer was accepted afterwards")
	}
	if _, err := e.Publish(unread(t)); err == nil {
		t.Error("a connection began afterwards")
	}
}

// Only who has the certificate that the description names gets anywhere.
func TestAnotherCertificate(t *testing.T) {
	e := start(t, setting{})
	s := unread(t)
	pc := client{}.connection(t)
	if _, err := pc.AddTrack(track(t, webrtc.MimeTypeOpus, "sound")); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err = pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	var forged strings.Builder
	for line := range strings.Lines(withoutCandidates(offer.SDP)) {
		if strings.HasPrefix(line, "a=fingerprint:sha-256 ") {
			line = "a=fingerprint:sha-256 " + strings.Repeat("00:", 31) + "00\r\n"
		}
		forged.WriteString(line)
	}
	if s.p, err = e.Publish(s); err != nil {
		t.Fatal(err)
	}
	answer, err := s.p.Negotiate(forged.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	wait(t, "end", s.ended.c)
	if s.connected.came.Load() != 0 {
		t.Error("it was connected all the same")
	}
}

func TestNobodyComes(t *testing.T) {
	e := start(t, setting{waits: waits{silent: silentTime, fail: failTime, connect: 50 * time.Millisecond}})
	s, w := unread(t), newWatcher(t)
	var err error
	if s.p, err = e.Publish(s); err != nil {
		t.Fatal(err)
	}
	if w.s, err = e.Subscribe(1, 1, w); err != nil {
		t.Fatal(err)
	}
	wait(t, "end of the publish connection", s.ended.c)
	wait(t, "end of the subscribe connection", w.ended.c)
	eventually(t, "nothing is left", func() bool { return e.Counts().Connections == 0 && boxes(e) == 0 })
}

func TestClientFallsSilent(t *testing.T) {
	e := start(t, setting{waits: waits{silent: 2 * time.Second, fail: 4 * time.Second, connect: connectTime}})
	w := newWatcher(t)
	cable := plug(t)
	client{via: cable}.subscribe(t, e, w, 1, 1, unseen)
	wait(t, "subscribe connection", w.connected.c)
	cable.cut()
	wait(t, "end", w.ended.c)
}

func TestRefusedDescriptions(t *testing.T) {
	e := start(t, setting{})
	s := unread(t)
	var err error
	if s.p, err = e.Publish(s); err != nil {
		t.Fatal(err)
	}
	if _, err = s.p.Negotiate("v=0\r\n", nil); err == nil {
		t.Error("an empty offer was accepted")
	}
	for _, slots := range [][2]int{{0, 0}, {-1, 2}, {transport.MaxSlots, 1}} {
		if _, err = e.Subscribe(slots[0], slots[1], newWatcher(t)); err == nil {
			t.Errorf("%d slots for video, %d for audio", slots[0], slots[1])
		}
	}
	w := newWatcher(t)
	if w.s, err = e.Subscribe(1, 1, w); err != nil {
		t.Fatal(err)
	}
	if err = w.s.Answer("v=0\r\n"); err == nil {
		t.Error("an empty answer was accepted")
	}
}

// What a client sends changes while it is connected, and before.
func TestNegotiateAnew(t *testing.T) {
	e := start(t, setting{})
	began := make(chan transport.StreamInfo, 16)
	ended := make(chan string, 16)
	s := newSource(t, func(info transport.StreamInfo) transport.Stream {
		began <- info
		return &deaf{mid: info.Mid, ended: ended}
	})
	sound, picture := track(t, webrtc.MimeTypeOpus, "sound"), track(t, webrtc.MimeTypeVP8, "picture")
	pc := client{}.publish(t, e, s, sound)
	if got := wait(t, "sections", s.sections); len(got) != 1 || got[0] != (transport.Section{Mid: "0"}) {
		t.Errorf("sections are %v", got)
	}
	wait(t, "publish connection", s.connected.c)
	go send(t.Context(), sound, 'a')
	if got := wait(t, "stream", began); got.Mid != "0" {
		t.Errorf("the stream is of %s", got.Mid)
	}
	sender, err := pc.AddTrack(picture)
	if err != nil {
		t.Fatal(err)
	}
	negotiate(t, pc, s)
	if got := wait(t, "sections", s.sections); len(got) != 2 || got[1] != (transport.Section{Mid: "1", Video: true}) {
		t.Errorf("sections are %v", got)
	}
	go send(t.Context(), picture, 'v')
	if got := wait(t, "stream", began); got.Mid != "1" {
		t.Errorf("the stream is of %s", got.Mid)
	}
	if err := pc.RemoveTrack(sender); err != nil {
		t.Fatal(err)
	}
	negotiate(t, pc, s)
	if got := wait(t, "sections", s.sections); len(got) != 1 {
		t.Errorf("sections are %v", got)
	}
	if mid := wait(t, "end", ended); mid != "1" {
		t.Errorf("the stream of %s ended", mid)
	}
	s.p.Close()
	if mid := wait(t, "end", ended); mid != "0" {
		t.Errorf("the stream of %s ended", mid)
	}
}

// deaf is a stream that only says when it ends.
type deaf struct {
	mid   string
	ended chan string
}

func (*deaf) Receive([]transport.Packet) {}
func (q *deaf) End()                     { q.ended <- q.mid }

// What is asked of a publisher gets there, and what a viewer asks for gets
// here.
func TestRequestsTravel(t *testing.T) {
	e := start(t, setting{})
	infos := make(chan transport.StreamInfo, 1)
	s := newSource(t, func(info transport.StreamInfo) transport.Stream {
		infos <- info
		return &deaf{ended: make(chan string, 1)}
	})
	picture := track(t, webrtc.MimeTypeVP8, "picture")
	pc := client{}.publish(t, e, s, picture)
	wait(t, "publish connection", s.connected.c)
	go send(t.Context(), picture, 'v')
	wait(t, "stream", infos).KeyFrame()
	asked := make(chan error, 1)
	go func() {
		for {
			packets, _, err := pc.GetSenders()[0].ReadRTCP()
			if err != nil {
				asked <- err
				return
			}
			for _, p := range packets {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					asked <- nil
					return
				}
			}
		}
	}()
	if err := wait(t, "request for a key frame", asked); err != nil {
		t.Fatal(err)
	}
}

// Time in the lanes goes by the clock that everybody has.
func TestWall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock{time.Now()}
		time.Sleep(time.Minute)
		if c.now() != time.Minute || !c.wall(c.now()).Equal(time.Now()) {
			t.Errorf("%v have passed, and it is %v", c.now(), c.wall(c.now()))
		}
	})
}

// A fault that a client's packets find costs that connection, and nobody
// anything else.
func TestFaultEndsOneConnection(t *testing.T) {
	e := start(t, setting{})
	faulty := newSource(t, func(transport.StreamInfo) transport.Stream { panic("on purpose") })
	began := make(chan transport.StreamInfo, 1)
	healthy := newSource(t, func(info transport.StreamInfo) transport.Stream {
		began <- info
		return &deaf{ended: make(chan string, 1)}
	})
	sound, other := track(t, webrtc.MimeTypeOpus, "sound"), track(t, webrtc.MimeTypeOpus, "other")
	client{}.publish(t, e, faulty, sound)
	client{}.publish(t, e, healthy, other)
	wait(t, "publish connection", faulty.connected.c)
	wait(t, "publish connection", healthy.connected.c)
	go send(t.Context(), sound, 'a')
	wait(t, "end", faulty.ended.c)
	go send(t.Context(), other, 'a')
	wait(t, "stream", began)
	if healthy.ended.came.Load() != 0 {
		t.Error("another connection ended")
	}
}
