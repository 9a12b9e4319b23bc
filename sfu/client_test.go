package sfu

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/transport"
)

// atMost is how long anything may take on a busy machine. It is longer than
// anything of the server's own that gives up.
const atMost = time.Minute

type wantedEvent struct {
	mid    string
	layers int
}

type shownEvent struct {
	slot      string
	publisher PeerID
	mid       string
}

// client is a browser made of pion.
type client struct {
	t  testing.TB
	r  *Router
	id PeerID

	answers chan string
	offers  chan string
	tracks  chan []Track
	shown   chan shownEvent
	wanted  chan wantedEvent
	lost    chan Connection

	udp      net.PacketConn // of the publish connection; nil: pion's
	up, down *webrtc.PeerConnection

	mu    sync.Mutex
	slots map[string]*viewer // of the latest subscribe connection, by mid
}

func (c *client) Published(answer string) { c.answers <- answer }
func (c *client) Offered(offer string)    { c.offers <- offer }
func (c *client) Tracks(tracks []Track)   { c.tracks <- tracks }
func (c *client) Lost(l Connection)       { c.lost <- l }
func (c *client) Wanted(mid string, layers int) {
	select {
	case c.wanted <- wantedEvent{mid, layers}:
	default: // most tests do not look
	}
}

func (c *client) Shown(slot string, publisher PeerID, mid string) {
	c.shown <- shownEvent{slot, publisher, mid}
}

func newClient(t testing.TB, r *Router, id PeerID) *client {
	t.Helper()
	c := &client{
		t: t, r: r, id: id,
		answers: make(chan string, 16), offers: make(chan string, 16), tracks: make(chan []Track, 16),
		shown: make(chan shownEvent, 64), lost: make(chan Connection, 16),
		wanted: make(chan wantedEvent, 16),
		slots:  map[string]*viewer{},
	}
	r.Open(id, c)
	t.Cleanup(c.close)
	return c
}

// newPair makes a router and two clients of it, peers 1 and 2.
func newPair(t testing.TB, kind string) (r *Router, alice, bob *client) {
	t.Helper()
	r = newRouter(t, kind)
	return r, newClient(t, r, 1), newClient(t, r, 2)
}

func (c *client) close() {
	if c.up != nil {
		_ = c.up.Close()
	}
	if c.down != nil {
		_ = c.down.Close()
	}
}

// viewer is what arrives in one slot.
type viewer struct {
	remote   *webrtc.TrackRemote
	receiver *webrtc.RTPReceiver
	packets  chan *rtp.Packet
	resent   chan *rtp.Packet // that came in the retransmission stream
	done     chan struct{}    // closed when nothing comes any more
}

// codecSet says what a client's browser can.
type codecSet struct {
	rtx   bool
	udp   net.PacketConn     // the client's own; nil: one that pion makes
	early func(offer string) // called once the offer is answered, before there is a connection; nil: nothing
}

func newAPI(t testing.TB, set codecSet) *webrtc.API {
	t.Helper()
	s := webrtc.SettingEngine{LoggerFactory: quiet()}
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetSRTPProtectionProfiles(dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM)
	s.SetFireOnTrackBeforeFirstRTP(true)
	// Of itself pion gives up after eight checks, 1.6 s, and never tries again:
	// that is soon where the other side has to wait for its turn.
	s.SetICEMaxBindingRequests(math.MaxUint16)
	// Like a browser, and unlike pion towards a lite agent, be active.
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleClient); err != nil {
		t.Fatal(err)
	}
	if set.udp != nil {
		s.SetICEUDPMux(webrtc.NewICEUDPMux(quiet().NewLogger("ice"), set.udp))
	}
	m := &webrtc.MediaEngine{}
	registerCodecs(t, m, set.rtx)
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
}

// quiet discards what pion would log.
func quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// Payload types that are offered to viewers.
const (
	offeredOpus = 111
	offeredVP8  = 96 // its retransmissions: the next number; so for all video
	offeredVP9  = 98
	offeredAV1  = 100
)

// Clocks in Hz.
const (
	videoClock = 90000
	opusClock  = 48000
)

// The codec of a format.
func codecOf(mime string) transport.Codec {
	return map[string]transport.Codec{
		webrtc.MimeTypeOpus: transport.Opus, webrtc.MimeTypeVP8: transport.VP8,
		webrtc.MimeTypeVP9: transport.VP9, webrtc.MimeTypeAV1: transport.AV1,
	}[mime]
}

// registerCodecs makes a client one that has the codecs which are forwarded.
func registerCodecs(t testing.TB, m *webrtc.MediaEngine, rtx bool) {
	t.Helper()
	register := func(kind webrtc.RTPCodecType, number webrtc.PayloadType, c webrtc.RTPCodecCapability) {
		t.Helper()
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: number}, kind); err != nil {
			t.Fatal(err)
		}
	}
	congestion := webrtc.RTCPFeedback{Type: "transport-cc"}
	register(webrtc.RTPCodecTypeAudio, offeredOpus, webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: opusClock, Channels: 2,
		SDPFmtpLine: "minptime=10;useinbandfec=1", RTCPFeedback: []webrtc.RTCPFeedback{congestion},
	})
	for mime, number := range map[string]webrtc.PayloadType{
		webrtc.MimeTypeVP8: offeredVP8, webrtc.MimeTypeVP9: offeredVP9, webrtc.MimeTypeAV1: offeredAV1,
	} {
		format := ""
		if number == offeredVP9 {
			format = "profile-id=0"
		}
		register(webrtc.RTPCodecTypeVideo, number, webrtc.RTPCodecCapability{
			MimeType: mime, ClockRate: videoClock, SDPFmtpLine: format, RTCPFeedback: []webrtc.RTCPFeedback{
				{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, congestion,
			},
		})
		if rtx {
			register(webrtc.RTPCodecTypeVideo, number+1, webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeRTX, ClockRate: videoClock, SDPFmtpLine: fmt.Sprintf("apt=%d", number),
			})
		}
	}
}

// stranger makes the client's SDP look like a browser's that tells no address.
func stranger(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "a=candidate:") {
			b.WriteString(line)
		}
	}
	return b.String()
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

// publish opens the publish connection with the tracks.
func (c *client) publish(restart bool, tracks ...*webrtc.TrackLocalStaticRTP) []*webrtc.RTPSender {
	c.t.Helper()
	pc, err := newAPI(c.t, codecSet{rtx: true, udp: c.udp}).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		c.t.Fatal(err)
	}
	if old := c.up; old != nil {
		defer func() { _ = old.Close() }()
	}
	c.up = pc
	states := make(chan webrtc.PeerConnectionState, 16)
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { states <- s })
	var senders []*webrtc.RTPSender
	for _, track := range tracks {
		senders = append(senders, c.add(track))
	}
	c.offer(restart)
	for wait(c.t, "publish connection", states) != webrtc.PeerConnectionStateConnected {
	}
	return senders
}

func (c *client) add(track *webrtc.TrackLocalStaticRTP) *webrtc.RTPSender {
	c.t.Helper()
	t, err := c.up.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		c.t.Fatal(err)
	}
	return t.Sender()
}

func (c *client) offer(restart bool) string {
	c.t.Helper()
	o, err := c.up.CreateOffer(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.up.SetLocalDescription(o); err != nil {
		c.t.Fatal(err)
	}
	c.r.Publish(c.id, stranger(o.SDP), restart)
	answer := wait(c.t, "answer", c.answers)
	if err := c.up.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		c.t.Fatal(err)
	}
	return answer
}

// subscribe opens the subscribe connection.
func (c *client) subscribe(set codecSet) string {
	c.t.Helper()
	if c.down != nil {
		_ = c.down.Close()
	}
	return c.subscribeTo(VideoSlots, set)
}

// subscribeTo opens one with so many video slots, beside the present one.
func (c *client) subscribeTo(video int, set codecSet) string {
	c.t.Helper()
	pc, err := newAPI(c.t, set).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		c.t.Fatal(err)
	}
	c.down = pc
	slots := map[string]*viewer{} // of the same names as those of the last one, which may still be told of
	c.mu.Lock()
	c.slots = slots
	c.mu.Unlock()
	connected := make(chan struct{}, 1)
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			connected <- struct{}{}
		}
	})
	pc.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		v := &viewer{remote: remote, receiver: receiver, packets: make(chan *rtp.Packet, 4096), resent: make(chan *rtp.Packet, 256), done: make(chan struct{})}
		defer close(v.done)
		c.mu.Lock()
		slots[receiver.RTPTransceiver().Mid()] = v
		c.mu.Unlock()
		for {
			p, how, err := remote.ReadRTP()
			switch {
			case errors.Is(err, webrtc.ErrCodecNotFound):
			case err != nil:
				return
			case how.Get(webrtc.AttributeRtxSsrc) != nil:
				v.resent <- p
			default:
				v.packets <- p
			}
		}
	})
	c.r.Subscribe(c.id, video)
	offer := wait(c.t, "offer", c.offers)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		c.t.Fatal(err)
	}
	a, err := pc.CreateAnswer(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.r.Answer(c.id, stranger(a.SDP))
	if set.early != nil {
		set.early(offer)
	}
	if err := pc.SetLocalDescription(a); err != nil {
		c.t.Fatal(err)
	}
	wait(c.t, "subscribe connection", connected)
	return offer
}

// show opens the publish connection with one track, which a pump writes.
func (c *client) show(mime string, mark byte) *pump {
	c.t.Helper()
	track := newTrack(c.t, mime)
	f := newPump(c.t, track, mark)
	f.run(c.t, c.publish(false, track)[0])
	return f
}

// place opens the subscribe connection and returns its first slot of a kind.
func (c *client) place(kind string) string {
	c.t.Helper()
	return slotsOf(c.subscribe(codecSet{rtx: true}), kind)[0]
}

// look asks for a track, large, in a slot.
func (c *client) look(slot string, publisher PeerID, mid string) {
	c.r.Watch(c.id, slot, Watch{Publisher: publisher, Mid: mid, Size: 3})
}

// sees waits until the client is told that a slot shows a track; publisher 0:
// nothing.
func (c *client) sees(slot string, publisher PeerID, mid string) {
	c.t.Helper()
	if got := wait(c.t, "shown", c.shown); got != (shownEvent{slot, publisher, mid}) {
		c.t.Fatalf("shown %v", got)
	}
}

// slotsOf lists an offer's slots of one kind.
func slotsOf(offer, kind string) (mids []string) {
	in := ""
	for line := range strings.Lines(offer) {
		line = strings.TrimSpace(line)
		if m, ok := strings.CutPrefix(line, "m="); ok {
			in, _, _ = strings.Cut(m, " ")
		}
		if mid, ok := strings.CutPrefix(line, "a=mid:"); ok && in == kind {
			mids = append(mids, mid)
		}
	}
	return mids
}

// settled waits until the router has carried out what the client has asked for.
func (c *client) settled() {
	c.t.Helper()
	done := make(chan struct{})
	c.r.post(c.id, func(*peer) { close(done) })
	wait(c.t, "end of what was asked for", done)
}

func (c *client) viewer(slot string) *viewer {
	c.t.Helper()
	deadline := time.Now().Add(atMost)
	for time.Now().Before(deadline) {
		c.mu.Lock()
		v := c.slots[slot]
		c.mu.Unlock()
		if v != nil {
			return v
		}
		time.Sleep(5 * time.Millisecond) // pion tells of a track only by a call that may be running
	}
	c.t.Fatalf("no track in slot %s", slot)
	return nil
}
