package engine

import (
	"math"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/datagram"
	"paravent/sfu/srtp"
	"paravent/sfu/transport"
)

// atMost is how long anything may take on a busy machine.
const atMost = time.Minute

// setting says what a test runs on. The zero value is an ordinary server.
type setting struct {
	address  string // where the server is; default 127.0.0.1
	lanes    int
	profiles []srtp.Profile
	without  datagram.Feature
	tcp      []netip.AddrPort
	waits    waits
}

// start makes a transport on a loopback port of its own.
func start(t testing.TB, s setting) *Transport {
	t.Helper()
	if s.address == "" {
		s.address = "127.0.0.1"
	}
	at := netip.MustParseAddr(s.address)
	port, err := datagram.Listen(netip.AddrPortFrom(at, 0), datagram.Options{Sockets: s.lanes, Without: s.without})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Port: port, Profiles: s.profiles, TCP: s.tcp, waits: s.waits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// wait takes the next element.
func wait[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(atMost):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

// once is an event that comes at most once.
type once struct {
	t    testing.TB
	name string
	came atomic.Int32
	c    chan struct{}
}

func newOnce(t testing.TB, name string) *once {
	t.Helper()
	return &once{t: t, name: name, c: make(chan struct{})}
}

func (o *once) happen() {
	if o.came.Add(1) > 1 {
		o.t.Errorf("%s came twice", o.name)
		return
	}
	close(o.c)
}

// source hears of a publish connection, and makes a stream with each.
type source struct {
	p                transport.Publishing
	sections         chan []transport.Section
	connected, ended *once
	stream           func(transport.StreamInfo) transport.Stream
}

func newSource(t testing.TB, stream func(transport.StreamInfo) transport.Stream) *source {
	t.Helper()
	return &source{
		sections: make(chan []transport.Section, 16), stream: stream,
		connected: newOnce(t, "Connected"), ended: newOnce(t, "Ended"),
	}
}

func (s *source) Sections(all []transport.Section)                  { s.sections <- all }
func (s *source) Connected()                                        { s.connected.happen() }
func (s *source) Ended()                                            { s.ended.happen() }
func (s *source) Stream(info transport.StreamInfo) transport.Stream { return s.stream(info) }

// watcher hears of a subscribe connection.
type watcher struct {
	s                transport.Subscribing
	connected, ended *once
	refresh          chan int
}

func newWatcher(t testing.TB) *watcher {
	t.Helper()
	return &watcher{connected: newOnce(t, "Connected"), ended: newOnce(t, "Ended"), refresh: make(chan int, 64)}
}

func (s *watcher) Connected()            { s.connected.happen() }
func (s *watcher) Ended()                { s.ended.happen() }
func (s *watcher) Missing(int, []uint16) {}
func (s *watcher) Lossy(int, uint8)      {}
func (s *watcher) Rated()                {}
func (s *watcher) Probe(int)             {}
func (s *watcher) KeyFrame(slot int) {
	select {
	case s.refresh <- slot:
	default:
	}
}

// client says what a browser is like that is made of pion.
type client struct {
	six      bool           // it has IPv6 only
	tcp      bool           // it has TCP only
	via      net.PacketConn // its socket; nil: one that pion makes
	profiles []dtls.SRTPProtectionProfile
	relay    webrtc.ICEServer // all goes through it; the zero value: none
	reports  bool             // as browsers do: what it misses, when packets arrive, how much was lost
}

func (c client) connection(t testing.TB) *webrtc.PeerConnection {
	t.Helper()
	s := webrtc.SettingEngine{LoggerFactory: silent()}
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	switch {
	case c.via != nil:
		mux := webrtc.NewICEUDPMux(silent().NewLogger("ice"), c.via)
		s.SetICEUDPMux(mux)
		t.Cleanup(func() { _ = mux.Close() })
	case c.tcp:
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	case c.six:
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP6})
		// Of itself pion does not use this address.
		socket, err := net.ListenPacket("udp6", "[::1]:0")
		if err != nil {
			t.Fatal(err)
		}
		mux := webrtc.NewICEUDPMux(silent().NewLogger("ice"), socket)
		s.SetICEUDPMux(mux)
		t.Cleanup(func() { _ = mux.Close() })
	default:
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	}
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetFireOnTrackBeforeFirstRTP(true)
	s.SetICEMaxBindingRequests(math.MaxUint16) // of itself pion gives up after 1.6 s
	if c.profiles != nil {
		s.SetSRTPProtectionProfiles(c.profiles...)
	}
	// Like a browser, and unlike pion towards a lite agent, be active.
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleClient); err != nil {
		t.Fatal(err)
	}
	m, r := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	if c.reports {
		// It does not number what it sends for all of the transport: pion does so
		// in a header that it resends from several goroutines.
		if err := webrtc.RegisterDefaultInterceptors(m, r); err != nil {
			t.Fatal(err)
		}
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m),
		webrtc.WithInterceptorRegistry(r)).NewPeerConnection(c.configuration())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc
}

func (c client) configuration() webrtc.Configuration {
	if c.relay.URLs == nil {
		return webrtc.Configuration{}
	}
	return webrtc.Configuration{ICEServers: []webrtc.ICEServer{c.relay}, ICETransportPolicy: webrtc.ICETransportPolicyRelay}
}

// withoutCandidates makes a description look like one of a browser that tells
// no address.
func withoutCandidates(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "a=candidate:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// track makes a track that a client can send.
func track(t testing.TB, mime, name string) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	one, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, name, name)
	if err != nil {
		t.Fatal(err)
	}
	return one
}

// publish opens a publish connection on which the client sends tracks.
func (c client) publish(t testing.TB, e *Transport, s *source, tracks ...webrtc.TrackLocal) *webrtc.PeerConnection {
	t.Helper()
	pc := c.connection(t)
	for _, one := range tracks {
		_, err := pc.AddTransceiverFromTrack(one, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if s.p, err = e.Publish(s); err != nil {
		t.Fatal(err)
	}
	negotiate(t, pc, s)
	return pc
}

// negotiate offers what a client sends.
func negotiate(t testing.TB, pc *webrtc.PeerConnection, s *source) {
	t.Helper()
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err = pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	answer, err := s.p.Negotiate(withoutCandidates(offer.SDP), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
}

// subscribe opens a subscribe connection with so many slots.
func (c client) subscribe(t testing.TB, e *Transport, s *watcher, video, audio int, seen func(*webrtc.TrackRemote, *webrtc.RTPReceiver)) *webrtc.PeerConnection {
	t.Helper()
	var err error
	if s.s, err = e.Subscribe(video, audio, s); err != nil {
		t.Fatal(err)
	}
	offer, _, err := s.s.Offer(nil)
	if err != nil {
		t.Fatal(err)
	}
	pc := c.connection(t)
	pc.OnTrack(seen)
	if err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatal(err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.s.Answer(withoutCandidates(answer.SDP)); err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(answer); err != nil {
		t.Fatal(err)
	}
	return pc
}
