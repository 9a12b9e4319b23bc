package main

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"paravent/sfu"
	"paravent/sfu/datagram"
	"paravent/sfu/engine"
	"paravent/sfu/transport"
	"paravent/sfu/viapion"
)

// house is a server that forwards, and nothing else: nobody has to join.
type house struct {
	*sfu.Router
	network *asked
	address netip.AddrPort
}

// asked is a transport that is looked into.
type asked struct {
	transport.Transport
	latest atomic.Pointer[transport.Subscribing]
}

var errTransport = errors.New("want the transport engine or pion")

// open opens a house on a port of loopback.
func open(kind string) (*house, error) {
	var t transport.Transport
	var address netip.AddrPort
	loopback := netip.MustParseAddr("127.0.0.1")
	switch kind {
	case "engine":
		port, err := datagram.Listen(netip.AddrPortFrom(loopback, 0), datagram.Options{ReceiveBuffer: socketBytes, SendBuffer: socketBytes})
		if err != nil {
			return nil, err
		}
		address = port.Addr()
		if t, err = engine.New(engine.Config{Port: port, Addresses: []netip.Addr{loopback}}); err != nil {
			return nil, err
		}
	case "pion":
		udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback.AsSlice()})
		if err != nil {
			return nil, err
		}
		address = netip.AddrPortFrom(loopback, uint16(udp.LocalAddr().(*net.UDPAddr).Port))
		if t, err = viapion.New(viapion.Config{UDP: udp, Addresses: []netip.Addr{loopback}}); err != nil {
			return nil, err
		}
	default:
		return nil, errTransport
	}
	network := &asked{Transport: t}
	r, err := sfu.New(sfu.Config{Transport: network})
	if err != nil {
		return nil, err
	}
	return &house{r, network, address}, nil
}

// Subscribe implements transport.Transport: it keeps the connection, to be asked
// what the network is thought to carry.
func (h *asked) Subscribe(video, audio int, events transport.SubscribeEvents) (transport.Subscribing, error) {
	s, err := h.Transport.Subscribe(video, audio, events)
	if err == nil {
		h.latest.Store(&s)
	}
	return s, err
}

// rate is what the network towards the latest subscriber is thought to carry.
func (h *asked) rate() int {
	if s := h.latest.Load(); s != nil {
		return (*s).Rate()
	}
	return 0
}

// watch has a slot show a track in its full size.
func (h *house) watch(id sfu.PeerID, slot string, publisher sfu.PeerID, mid string) {
	h.Watch(id, slot, sfu.Watch{Publisher: publisher, Mid: mid, Size: len(ladder), Priority: 1})
}

// through has a client go to a relay instead of the server.
func through(text string, server, relay netip.AddrPort) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "a=candidate:") {
			line = strings.Replace(line, place(server), place(relay), 1)
		}
		b.WriteString(line)
	}
	return b.String()
}

// place is how a candidate says an address (RFC 8839, section 5.1).
func place(a netip.AddrPort) string {
	return strings.Replace(a.String(), ":", " ", 1)
}

// stranger makes a description look like a browser's that tells no address.
func stranger(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "a=candidate:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// newConnection makes a connection like a browser's: one that reports arrivals
// and losses, and that sends again what is asked for.
func newConnection() (*webrtc.PeerConnection, error) {
	s := webrtc.SettingEngine{LoggerFactory: quiet()}
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetFireOnTrackBeforeFirstRTP(true)
	s.SetICEMaxBindingRequests(math.MaxUint16) // of itself pion gives up after 1.6 s
	m, r := &webrtc.MediaEngine{}, &interceptor.Registry{}
	feedback, err1 := twcc.NewSenderInterceptor(twcc.SendInterval(feedbackTime), twcc.WithLoggerFactory(quiet()))
	repeats, err2 := nack.NewResponderInterceptor(nack.WithResponderLoggerFactory(quiet()))
	received, err3 := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(quiet()))
	err := errors.Join(err1, err2, err3, s.SetAnsweringDTLSRole(webrtc.DTLSRoleClient), register(m))
	if err != nil {
		return nil, err
	}
	r.Add(&named{}) // nearest to the network: it sees what is sent again
	r.Add(feedback)
	r.Add(repeats)
	r.Add(received)
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(r)).
		NewPeerConnection(webrtc.Configuration{})
}

// register makes a client know the formats that are spoken here.
func register(m *webrtc.MediaEngine) error {
	const opus, vp8, rtx = 111, 96, 97
	cc := webrtc.RTCPFeedback{Type: "transport-cc"}
	all := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, cc}
	video := func(number webrtc.PayloadType, mime, format string, feedback []webrtc.RTCPFeedback) error {
		c := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: videoClock, SDPFmtpLine: format, RTCPFeedback: feedback}
		return m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: number}, webrtc.RTPCodecTypeVideo)
	}
	err := errors.Join(
		m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: opus, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: soundClock, Channels: 2,
			SDPFmtpLine: "minptime=10;useinbandfec=1", RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, cc},
		}}, webrtc.RTPCodecTypeAudio),
		video(vp8, webrtc.MimeTypeVP8, "", all), video(rtx, webrtc.MimeTypeRTX, "apt=96", nil),
		webrtc.ConfigureSimulcastExtensionHeaders(m),
	)
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		err = errors.Join(err, m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: congestionURI}, kind))
	}
	return err
}

const (
	socketBytes   = 4 << 20
	congestionURI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	videoClock    = 90000
	soundClock    = 48000
)

func quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}
}
