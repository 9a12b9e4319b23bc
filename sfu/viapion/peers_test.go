package viapion

import (
	"math"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/description"
	"paravent/sfu/transport"
)

const atMost = time.Minute

func wait[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(atMost):
		t.Fatalf("no %s", what)
		panic("unreachable")
	}
}

func newTransport(t *testing.T) *Transport {
	t.Helper()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(Config{UDP: udp, Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// newBrowser is a client made of pion, with congestion feedback.
func newBrowser(t *testing.T) *webrtc.PeerConnection {
	t.Helper()
	s := webrtc.SettingEngine{LoggerFactory: silent()}
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetFireOnTrackBeforeFirstRTP(true)
	s.SetICEMaxBindingRequests(math.MaxUint16) // of itself pion gives up after 1.6 s
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleClient); err != nil {
		t.Fatal(err)
	}
	m, err := slotMedia()
	if err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI} {
		if err := registerExtension(m, uri, webrtc.RTPCodecTypeVideo); err != nil {
			t.Fatal(err)
		}
	}
	feedback, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(silent()))
	if err != nil {
		t.Fatal(err)
	}
	registry := &interceptor.Registry{}
	registry.Add(feedback)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m),
		webrtc.WithInterceptorRegistry(registry)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc
}

// sender hears of a publish connection.
type sender struct {
	sections  chan []transport.Section
	connected chan struct{}
	ended     chan struct{}
	stream    func(info transport.StreamInfo) transport.Stream
}

func newSender(stream func(info transport.StreamInfo) transport.Stream) *sender {
	return &sender{
		sections: make(chan []transport.Section, 4), connected: make(chan struct{}, 4),
		ended: make(chan struct{}, 4), stream: stream,
	}
}

func (s *sender) Sections(all []transport.Section) { s.sections <- all }
func (s *sender) Connected()                       { s.connected <- struct{}{} }
func (s *sender) Ended()                           { s.ended <- struct{}{} }
func (s *sender) Stream(info transport.StreamInfo) transport.Stream {
	return s.stream(info)
}

// taking is a stream.
type taking struct {
	receive func(burst []transport.Packet)
	end     func()
}

func (s *taking) Receive(burst []transport.Packet) { s.receive(burst) }
func (s *taking) End()                             { s.end() }

// publish connects a browser that sends.
func publish(t *testing.T, v *Transport, pc *webrtc.PeerConnection, s *sender) transport.Publishing {
	t.Helper()
	u, err := v.Publish(s)
	if err != nil {
		t.Fatal(err)
	}
	o, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(o); err != nil {
		t.Fatal(err)
	}
	answer, err := u.Negotiate(o.SDP, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.sections) != 1 {
		t.Fatal("sections were not told")
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	wait(t, "connection", s.connected)
	return u
}

func newLayer(t *testing.T, rid string) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	l, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: videoClock},
		"t", "s", webrtc.WithRTPStreamID(rid))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestSimulcast tells the layers of a section apart by their order in the offer.
func TestSimulcast(t *testing.T) {
	t.Parallel()
	v, pc := newTransport(t), newBrowser(t)
	rids := []string{"q", "h", "f"}
	var layers []*webrtc.TrackLocalStaticRTP
	for _, rid := range rids {
		layers = append(layers, newLayer(t, rid))
	}
	transceiver, err := pc.AddTransceiverFromTrack(layers[0], webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers[1:] {
		if err := transceiver.Sender().AddEncoding(l); err != nil {
			t.Fatal(err)
		}
	}
	type came struct {
		layer int
		mark  byte
	}
	arrived := make(chan came, 1024)
	s := newSender(func(info transport.StreamInfo) transport.Stream {
		return &taking{end: func() {}, receive: func(burst []transport.Packet) {
			for _, p := range burst {
				if p.Codec != transport.VP8 || info.Mid != "0" {
					t.Errorf("%v of %s", p.Codec, info.Mid)
				}
				select {
				case arrived <- came{info.Layer, p.Payload[1]}:
				default:
				}
			}
		}}
	})
	publish(t, v, pc, s)
	if got := wait(t, "sections", s.sections); len(got) != 1 || got[0] != (transport.Section{Mid: "0", Video: true}) {
		t.Fatalf("%v", got)
	}
	ids := map[string]uint8{}
	for _, e := range transceiver.Sender().GetParameters().HeaderExtensions {
		ids[e.URI] = uint8(e.ID)
	}
	seen := map[int]bool{}
	for seq := uint16(0); len(seen) < 3; seq++ {
		if seq > 2000 {
			t.Fatalf("only layers %v", seen)
		}
		for i, l := range layers {
			p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: uint32(seq) * 3000}, Payload: []byte{0x10, byte(i)}}
			for uri, value := range map[string]string{sdp.SDESMidURI: "0", sdp.SDESRTPStreamIDURI: rids[i]} {
				if err := p.SetExtension(ids[uri], []byte(value)); err != nil {
					t.Fatal(err)
				}
			}
			_ = l.WriteRTP(p)
		}
		select {
		case c := <-arrived:
			if c.layer != int(c.mark) {
				t.Fatalf("layer %d is taken for %d", c.mark, c.layer)
			}
			seen[c.layer] = true
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// What breaks on the packets of one peer ends that peer's connection alone.
func TestPanicEndsTheConnection(t *testing.T) {
	t.Parallel()
	v, pc := newTransport(t), newBrowser(t)
	l := newLayer(t, "")
	if _, err := pc.AddTrack(l); err != nil {
		t.Fatal(err)
	}
	s := newSender(func(transport.StreamInfo) transport.Stream {
		return &taking{end: func() {}, receive: func([]transport.Packet) { panic("broken") }}
	})
	u := publish(t, v, pc, s)
	for i, ended := uint16(0), false; !ended; i++ {
		if i > 2000 {
			t.Fatal("it goes on")
		}
		_ = l.WriteRTP(&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: i}, Payload: []byte{0x10, 0}})
		select {
		case <-s.ended:
			ended = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	u.Close()
	for deadline := time.Now().Add(atMost); v.Counts().Connections != 0; {
		if time.Now().After(deadline) {
			t.Fatal("a connection stays")
		}
		time.Sleep(5 * time.Millisecond) // nothing tells of a connection that is gone
	}
}

// receiver hears of a subscribe connection.
type receiver struct {
	connected chan struct{}
	rated     chan struct{}
}

func (r *receiver) Connected()            { r.connected <- struct{}{} }
func (r *receiver) Ended()                {}
func (r *receiver) Missing(int, []uint16) {}
func (r *receiver) KeyFrame(int)          {}
func (r *receiver) Lossy(int, uint8)      {}
func (r *receiver) Probe(int)             {}
func (r *receiver) Rated() {
	select {
	case r.rated <- struct{}{}:
	default:
	}
}

// TestWhatIsSent sends media, what is sent again, and padding, and learns from
// feedback on all of it what the network carries.
func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	v, pc := newTransport(t), newBrowser(t)
	r := &receiver{connected: make(chan struct{}, 1), rated: make(chan struct{}, 1)}
	d, err := v.Subscribe(2, 1, r)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	type got struct {
		*rtp.Packet
		again bool
	}
	packets := make(chan got, 4096)
	pc.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			p, how, err := remote.ReadRTP()
			if err != nil {
				return
			}
			packets <- got{p, how.Get(webrtc.AttributeRtxSsrc) != nil}
		}
	})
	offer, mids, err := d.Offer(nil)
	if err != nil || len(mids) != 3 || d.Slot(0) != (transport.SlotInfo{}) {
		t.Fatalf("%v %v", mids, err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatal(err)
	}
	a, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Answer(strings.ReplaceAll(a.SDP, "a=setup:active", "a=setup:passive")); err == nil {
		t.Fatal("a client that would be the DTLS server")
	}
	if err := d.Answer(a.SDP); err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(a); err != nil {
		t.Fatal(err)
	}
	wait(t, "connection", r.connected)
	info := d.Slot(0)
	if info.SSRC == 0 || info.RTX == 0 || info.Types[transport.VP8] != (transport.Formats{Media: description.OfferedVP8, RTX: description.OfferedVP8 + 1}) || !info.Dependency {
		t.Fatalf("%+v", info)
	}
	w := d.Writer(newTestLane())
	var mu sync.Mutex // the lane
	media, again := uint64(1000), uint64(70_000)
	send := func() {
		mu.Lock()
		defer mu.Unlock()
		media, again = media+1, again+1
		w.Write(&transport.Outgoing{
			SSRC: info.SSRC, Index: media, Format: description.OfferedVP8, Timestamp: 5, Marker: true,
			Dependency: []byte{1, 2, 3}, Payload: []byte{0x10, 0x11, 7},
		})
		w.Write(&transport.Outgoing{
			SSRC: info.RTX, Index: again, Format: description.OfferedVP8 + 1, Timestamp: 5,
			Repeat: true, Original: uint16(media), Payload: []byte{0x10, 0x11, 7},
		})
		again++
		w.Write(&transport.Outgoing{SSRC: info.RTX, Index: again, Format: description.OfferedVP8 + 1, Padding: 200})
	}
	// As fast as it goes would be more than feedback can speak of.
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(atMost)
	for rated, first, repeated := false, false, false; !rated || !first || !repeated; {
		select {
		case <-deadline:
			t.Fatalf("rated %v, sent %v, sent again %v", rated, first, repeated)
		case <-tick.C:
			send()
		case p := <-packets:
			if len(p.Payload) == 0 {
				continue // padding
			}
			if string(p.Payload) != "\x10\x11\x07" {
				t.Fatalf("% x", p.Payload)
			}
			first, repeated = first || !p.again, repeated || p.again
			if n := len(p.Extensions); !p.again && n != 2 {
				t.Fatalf("%d extensions", n)
			}
		case <-r.rated:
			rated = d.Rate() > 0
		}
	}
	if c := v.Counts(); c.Sealed == 0 || c.Unsent != 0 || c.Connections != 1 {
		t.Fatalf("%+v", c)
	}
}
