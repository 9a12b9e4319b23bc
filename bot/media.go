package bot

import (
	"context"
	"io"
	"math"
	"strings"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"paravent/e2ee/sframe"
	"paravent/signaling/wire"
)

// Source says what of a person a track shows. The numbers are those of the
// context in a frame's key id (e2ee/PROTOCOL.md, "Key id").
type Source uint8

// The sources.
const (
	Microphone  Source = 0 // sound
	Camera      Source = 1 // picture
	Screen      Source = 2 // picture
	ScreenAudio Source = 3 // sound
	sources            = 4
)

// Sound reports whether the source is sound; otherwise it is a picture.
func (s Source) Sound() bool { return s == Microphone || s == ScreenAudio }

// String returns the name that the protocol has for the source.
func (s Source) String() string {
	if s >= sources {
		return "unknown"
	}
	return [...]string{"microphone", "camera", "screen", "screenAudio"}[s]
}

// Codec is what a frame is encoded with.
type Codec = sframe.Codec

// The codecs that this package packetizes. Others who send VP9 or AV1 are not
// shown.
const (
	Opus = sframe.Opus
	VP8  = sframe.VP8
)

// Frame is one encoded frame in clear: one Opus packet, or one VP8 picture.
type Frame struct {
	Data     []byte        // at least 1 byte
	Key      bool          // of a picture: can be decoded alone
	Duration time.Duration // until the next frame; 0: 20 ms of sound, 33 ms of a picture
	Level    uint8         // of sound: loudness in -dBov, 0 the loudest, 127 silence or unknown (RFC 6464)
	Voice    bool          // of sound: it is speech
}

// What RTP fixes: clocks in Hz (RFC 7587, section 4.1; RFC 7741, section 6.1).
const (
	opusClock = 48000
	vp8Clock  = 90000
)

// Payload types of our offers. The server's are in its own.
const (
	opusType = 111
	vp8Type  = 96
	rtxType  = 97
)

const (
	packetSize   = 1200 // bytes of RTP: fits every path
	receiveSize  = 1500 // bytes of the largest packet
	connectTime  = 20 * time.Second
	negotiations = 4 // answers of the server that nobody has read yet
)

func sourceClock(s Source) uint32 {
	if s.Sound() {
		return opusClock
	}
	return vp8Clock
}

// silent discards what pion would log: it contains addresses.
func silent() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

// newConnection makes a connection as a browser has it: it speaks first in
// ICE and DTLS, and names no address of its own.
func newConnection(publish bool) (*webrtc.PeerConnection, error) {
	s := webrtc.SettingEngine{LoggerFactory: silent()}
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true) // the server may be this machine
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM)
	s.SetFireOnTrackBeforeFirstRTP(true)
	// Checks go on for as long as is waited for the connection. Of itself pion
	// sends eight, which is 1.6 s: the server may take longer to take an answer.
	s.SetICEMaxBindingRequests(math.MaxUint16)
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleClient); err != nil {
		return nil, err
	}
	media := &webrtc.MediaEngine{}
	if err := registerCodecs(media); err != nil {
		return nil, err
	}
	registry, err := interceptors(publish)
	if err != nil {
		return nil, err
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry)).
		NewPeerConnection(webrtc.Configuration{BundlePolicy: webrtc.BundlePolicyMaxBundle})
}

func registerCodecs(media *webrtc.MediaEngine) error {
	feedback := []webrtc.RTCPFeedback{
		{Type: webrtc.TypeRTCPFBNACK}, {Type: webrtc.TypeRTCPFBNACK, Parameter: "pli"},
	}
	for _, c := range []struct {
		kind       webrtc.RTPCodecType
		capability webrtc.RTPCodecCapability
		number     webrtc.PayloadType
	}{
		{webrtc.RTPCodecTypeAudio, opusCapability(), opusType},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: vp8Clock, RTCPFeedback: feedback}, vp8Type},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: vp8Clock, SDPFmtpLine: "apt=96"}, rtxType},
	} {
		err := media.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c.capability, PayloadType: c.number}, c.kind)
		if err != nil {
			return err
		}
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if err := media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.SDESMidURI}, kind); err != nil {
			return err
		}
	}
	return nil
}

func opusCapability() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: opusClock, Channels: 2,
		SDPFmtpLine: "minptime=10;useinbandfec=1",
	}
}

func capabilityOf(s Source) webrtc.RTPCodecCapability {
	if s.Sound() {
		return opusCapability()
	}
	return webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: vp8Clock}
}

// interceptors answer the server's requests for lost packets with reports, or
// make such requests.
func interceptors(publish bool) (*interceptor.Registry, error) {
	registry := &interceptor.Registry{}
	if publish {
		answers, err := nack.NewResponderInterceptor(nack.WithResponderLoggerFactory(silent()))
		if err != nil {
			return nil, err
		}
		reports, err := report.NewSenderInterceptor(report.WithSenderLoggerFactory(silent()))
		if err != nil {
			return nil, err
		}
		registry.Add(answers)
		registry.Add(reports)
		return registry, nil
	}
	requests, err := nack.NewGeneratorInterceptor(nack.WithGeneratorLoggerFactory(silent()))
	if err != nil {
		return nil, err
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(silent()))
	if err != nil {
		return nil, err
	}
	registry.Add(requests)
	registry.Add(reports)
	return registry, nil
}

// withoutCandidates takes our addresses out of a description: the server
// learns from the checks where they come from.
func withoutCandidates(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "a=candidate:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// media is the two connections of a person. Nothing of it exists until it is
// asked for.
type media struct {
	person *Person
	ring   *keyRing
	stuck  stuck
	up     publisher
	down   subscriber
}

func (m *media) init(p *Person) {
	m.person, m.ring = p, newKeyRing(p.options.now)
	m.up.media, m.down.media = m, m
	m.up.answers = make(chan string, negotiations)
	m.down.offers = make(chan string, negotiations)
}

// close ends both connections. Called by the loop when the stay is over, and
// by nobody after it.
func (m *media) close() {
	m.ring.forget()
	go m.up.close()
	go m.down.close()
}

// deliver passes an answer on; one that nobody waits for falls out.
func deliver(to chan string, text string) {
	select {
	case to <- text:
	default:
	}
}

// take waits for an answer of the server.
func (m *media) take(ctx context.Context, from <-chan string) (string, error) {
	patience := time.NewTimer(connectTime)
	defer patience.Stop()
	select {
	case text := <-from:
		return text, nil
	case <-patience.C:
		return "", ErrMedia
	case <-ctx.Done():
		return "", ctx.Err()
	case <-m.person.done:
		return "", m.person.Err()
	}
}

func drain(from <-chan string) {
	for {
		select {
		case <-from:
		default:
			return
		}
	}
}

// say sends a message by the person's loop, and does not wait until it is on
// its way.
func (m *media) say(message wire.ClientMessage) {
	m.person.post(func() { m.person.send(message) })
}

// announce tells the others which tracks there are.
func (m *media) announce() {
	mids := m.up.mids()
	m.person.post(func() { m.person.setMedia(mids) })
}
