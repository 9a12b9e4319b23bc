package engine

import (
	"context"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"paravent/sfu"
	"paravent/sfu/datagram"
	"paravent/sfu/description"
	"paravent/sfu/srtp"
	"paravent/sfu/srtp/audit"
	"paravent/sfu/transport"
)

// stage is a transport with everything between the socket and the router but the
// parts of pion: connections that are there at once, with keys that the test has
// too. Its lanes do not run by themselves, and its clock is the test's.
type stage struct {
	t       *testing.T
	profile srtp.Profile
	lanes   []*lane
	whole   *Transport
	offers  map[string]*description.Offer
	nonces  audit.Nonces
	probed  atomic.Int64 // bytes of padding that were asked for
	missed  atomic.Int64 // packets that were asked for again
	now     atomic.Int64
	lost    atomic.Int32 // connections, as peers were told

	mu  sync.Mutex // guards what follows
	all []*guest
}

// guest is the far end of a connection.
type guest struct {
	c      *connection
	in     *inbound // nil: it subscribes
	out    *outbound
	slots  []description.Slot
	opener *srtp.Opener
	sealer *srtp.Sealer
	kept   kept
	number map[uint32]uint64 // the newest that it sent, of each SSRC
	sent   [][]byte          // as it was sealed
	wire   map[string]bool   // what it was sent, as it was sealed
}

var _ transport.Transport = (*stage)(nil)

// newStage makes one. All of its lanes have the same socket, for its gate alone.
func newStage(t *testing.T, profile srtp.Profile, socket *datagram.Socket) *stage {
	t.Helper()
	begun := clock{time.Now()}
	s := &stage{t: t, profile: profile, lanes: make([]*lane, 2), offers: map[string]*description.Offer{}}
	s.now.Store(int64(time.Second))
	p := newPort(func([]byte, netip.AddrPort) error { return nil }, nil, s.Now)
	for i := range s.lanes {
		s.lanes[i] = &lane{
			number: i, all: s.lanes, clock: begun, socket: socket, port: p, now: s.Now(),
			connections: map[netip.AddrPort]*connection{}, parcels: make([]parcel, len(s.lanes)),
		}
	}
	s.whole = &Transport{port: p, lanes: s.lanes, clock: begun, connections: map[*connection]struct{}{}}
	return s
}

func (s *stage) Now() time.Duration               { return time.Duration(s.now.Load()) }
func (s *stage) Wall(at time.Duration) time.Time  { return s.lanes[0].wall(at) }
func (s *stage) Counts() transport.Counts         { return transport.Counts{} }
func (s *stage) Close() error                     { return nil }
func (s *stage) from(n int) netip.AddrPort        { return from(n + 1) }
func (s *stage) Published(string)                 {}
func (s *stage) Tracks([]sfu.Track)               {}
func (s *stage) Shown(string, sfu.PeerID, string) {}
func (s *stage) Wanted(string, int)               {}
func (s *stage) Lost(sfu.Connection)              { s.lost.Add(1) }
func (s *stage) ends() (all []*guest)             { s.mu.Lock(); defer s.mu.Unlock(); return s.all }
func (s *stage) homeOf(n int) *lane               { return s.lanes[n%len(s.lanes)] }
func (s *stage) events(answer func()) sfu.Events  { return attendant{s, answer} }

// attendant hears of a peer of the stage.
type attendant struct {
	*stage
	answer func()
}

func (a attendant) Offered(string) { a.answer() }

// connect makes a connection that waits for its arrive.
func (s *stage) connect(m media) (*guest, *srtp.Sealer) {
	material := make([]byte, s.profile.KeyingMaterial())
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range material {
		material[i] = byte(i) + byte(len(s.all))*31
	}
	ours, theirs := &keys{}, &guest{number: map[uint32]uint64{}}
	client, server, err := srtp.Split(s.profile, material)
	must := func(e error) {
		if err == nil {
			err = e
		}
	}
	var e error
	ours.opener, e = srtp.NewOpener(s.profile, client, maxStreams)
	must(e)
	ours.sealer, e = srtp.NewSealer(s.profile, server)
	must(e)
	theirs.opener, e = srtp.NewOpener(s.profile, server, 2*transport.MaxSlots+1)
	must(e)
	theirs.sealer, e = srtp.NewSealer(s.profile, client)
	must(e)
	if err != nil {
		s.t.Error(err)
	}
	s.nonces.Watch(ours.sealer)
	c := &connection{t: s.whole, media: m, keys: ours, box: s.whole.port.open("connection " + string(rune('a'+len(s.all))))}
	c.late = time.AfterFunc(math.MaxInt64, func() {})
	c.ctx, c.quit = context.WithCancel(context.Background())
	s.whole.running.Add(1)
	theirs.c = c
	at := s.from(len(s.all))
	c.at, c.entered = at, []netip.AddrPort{at}
	for range s.lanes {
		c.sealers = append(c.sealers, ours.sealer.Share())
	}
	c.ways.Store(&way{to: at, slow: &theirs.kept, sealers: c.sealers})
	for _, l := range s.lanes {
		l.Do(func() { l.enter(at, c) })
	}
	s.all = append(s.all, theirs)
	return theirs, ours.sealer
}

// stand is a publish connection without the parts of pion.
type stand struct {
	*publishing
	stage *stage
	home  *lane
}

// Publish implements transport.Transport.
func (s *stage) Publish(events transport.PublishEvents) (transport.Publishing, error) {
	p := &publishing{events: events}
	in := &deferred{}
	theirs, _ := s.connect(in)
	p.c, p.in = theirs.c, newInbound(theirs.c, events)
	in.media, theirs.in = p.in, p.in
	p.c.begin, p.c.ended = p.begin, events.Ended
	return &stand{p, s, s.homeOf(len(s.ends()))}, nil
}

// Negotiate implements transport.Publishing.
func (r *stand) Negotiate(name string, quit <-chan struct{}) (string, error) {
	first := r.offer == nil && r.c.home.Load() == nil
	if err := r.accept(r.stage.offers[name], quit); err != nil {
		return "", err
	}
	if first {
		r.home.Do(func() { r.c.arrive(r.home) })
	}
	return "", nil
}

// deferred is a media half that is set once its connection is made.
type deferred struct{ media }

// seats is a subscribe connection without the parts of pion.
type seats struct {
	*subscribing
	home *lane
}

// watched counts what is asked of the router.
type watched struct {
	transport.SubscribeEvents
	stage *stage
}

func (w watched) Probe(bytes int) {
	w.stage.probed.Add(int64(bytes))
	w.SubscribeEvents.Probe(bytes)
}

func (w watched) Missing(slot int, seqs []uint16) {
	w.stage.missed.Add(int64(len(seqs)))
	w.SubscribeEvents.Missing(slot, seqs)
}

// Subscribe implements transport.Transport.
func (s *stage) Subscribe(video, audio int, events transport.SubscribeEvents) (transport.Subscribing, error) {
	events = watched{events, s}
	out := &deferred{}
	theirs, _ := s.connect(out)
	number := uint32(len(s.ends())) * 1000
	offer, slots := description.NewOffer(&description.Local{}, video, audio, func() uint32 { number++; return number })
	sub := &subscribing{events: events, offer: offer, slots: slots, c: theirs.c}
	sub.out = newOutbound(theirs.c, &theirs.c.ways, len(s.lanes), events, slots)
	out.media, theirs.out, theirs.slots = sub.out, sub.out, slots
	theirs.c.begin, theirs.c.ended = sub.begin, events.Ended
	return &seats{sub, s.homeOf(len(s.ends()))}, nil
}

// Answer implements transport.Subscribing.
func (e *seats) Answer(string) error {
	a := &description.Answer{Mixed: true}
	for _, slot := range e.slots {
		one := description.Agreed{Extensions: description.Extensions{TransportCC: outCount}}
		one.SSRC, one.RTX = slot.SSRC, slot.RTX
		one.Types[transport.Opus] = transport.Formats{Media: outOpus}
		if slot.Video {
			one.Extensions.Dependency, one.Dependency = outDependency, true
			one.Types = [transport.Codecs]transport.Formats{
				transport.VP8: {Media: outVP8, RTX: outVP8RTX}, transport.VP9: {Media: outVP8 + 10, RTX: outVP8RTX + 10},
			}
		}
		a.Slots = append(a.Slots, one)
	}
	e.out.configure(a)
	e.home.Do(func() { e.c.arrive(e.home) })
	return nil
}

// rest carries out everything that is to be done now, in the lanes and by peers.
// A fault is not caught here, as it is in a lane.
func (s *stage) rest() {
	for more := true; more; {
		synctest.Wait()
		more = false
		for _, l := range s.lanes {
			l.mu.Lock()
			mail := l.mail
			l.mail = nil
			l.mu.Unlock()
			more = more || len(mail) > 0
			for _, f := range mail {
				f()
			}
			l.groups.deliver(l.now)
		}
	}
}

// pass lets time pass, with all that is due on the way.
func (s *stage) pass(d time.Duration) {
	for end := s.Now() + d; ; {
		s.rest()
		next := end
		for _, l := range s.lanes {
			if at, ok := l.timers.next(); ok {
				next = min(next, max(at, s.Now()))
			}
		}
		<-time.After(next - s.Now()) // the clock of the test goes with ours
		s.now.Store(int64(next))
		done := next == end
		for _, l := range s.lanes {
			l.now = next
			l.timers.run(next)
			if at, ok := l.timers.next(); ok && at <= end {
				done = false
			}
		}
		if done {
			s.rest()
			return
		}
	}
}

// take has a lane receive a datagram, and everything follow from it.
func (s *stage) take(l *lane, b []byte, at netip.AddrPort) {
	l.sort(b, at)
	s.follow()
}

// follow is what comes after everything was received.
func (s *stage) follow() {
	for _, l := range s.lanes {
		l.groups.deliver(l.now)
		l.dispatch()
	}
	s.rest()
}
