package viapion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/cc"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/description"
)

// engine makes connections. All share one socket and one certificate, so that
// a browser sees one server.
type engine struct {
	settings      webrtc.SettingEngine
	publish       recipe
	slots         *webrtc.MediaEngine // of connections on which a peer receives
	configuration webrtc.Configuration
	mux           *mux
}

// recipe is what one of the two kinds of connection can.
type recipe struct {
	media    *webrtc.MediaEngine
	registry *interceptor.Registry
}

// connect makes a connection. It keeps what arrives within limits, and calls
// flood if somebody strays from them. Heard is called with all reports, unless
// nil.
func (e *engine) connect(r recipe, flood func(), heard func([]byte)) (*webrtc.PeerConnection, error) {
	settings, b := e.settings, &buffers{flood: flood, heard: heard}
	settings.BufferFactory = b.make
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(r.media),
		webrtc.WithInterceptorRegistry(r.registry)).NewPeerConnection(e.configuration)
}

func newEngine(c Config) (*engine, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, err
	}
	network, err := stdnet.NewNet() // one list of interfaces for all connections
	if err != nil {
		return nil, err
	}
	mux, err := newMux(c, network)
	if err != nil {
		return nil, err
	}
	settings, err := newSettings(c, network, mux)
	if err != nil {
		return nil, err
	}
	e := &engine{
		settings: settings,
		configuration: webrtc.Configuration{
			Certificates: []webrtc.Certificate{*certificate},
			BundlePolicy: webrtc.BundlePolicyMaxBundle,
		},
		mux: mux,
	}
	if e.publish, err = publishRecipe(); err != nil {
		return nil, err
	}
	if e.slots, err = slotMedia(); err != nil {
		return nil, err
	}
	return e, nil
}

// silent discards what pion would log: it contains addresses.
func silent() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}
}

func newSettings(c Config, network *stdnet.Net, mux ice.UDPMux) (webrtc.SettingEngine, error) {
	s := webrtc.SettingEngine{LoggerFactory: silent()}
	s.SetNet(network)
	s.SetLite(true)
	s.SetICEUDPMux(mux)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(c.IncludeLoopback)
	// Doubted for a third of the time, then lost.
	s.SetICETimeouts(c.Silence/3, c.Silence-c.Silence/3, 0)
	// As DTLS server we choose the SRTP profile. Chromium as server would take
	// AES-CM with HMAC-SHA1, which costs six times as much.
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return s, err
	}
	s.SetSRTPProtectionProfiles(
		dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	s.SetDTLSInsecureSkipHelloVerify(true) // ICE has proven the address: spare the round trip
	s.SetSRTPReplayProtectionWindow(replayWindow)
	s.SetSRTCPReplayProtectionWindow(replayWindow)
	// Without this a track is lost if its first packet cannot be attributed.
	s.SetFireOnTrackBeforeFirstRTP(true)
	return s, nil
}

// dependencyURI is the dependency descriptor (AV1 RTP specification, appendix
// A).
const dependencyURI = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

// publishRecipe is for connections on which a peer sends. They have no
// retransmission stream: a publisher repeats a packet as it was. Its browser
// needs reports and congestion feedback to raise its bitrate.
func publishRecipe() (recipe, error) {
	media := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: webrtc.TypeRTCPFBTransportCC}}
	if err := registerCodecs(media, feedback, false); err != nil {
		return recipe{}, err
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.TransportCCURI} {
		if err := registerExtension(media, uri, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo); err != nil {
			return recipe{}, err
		}
	}
	for _, uri := range []string{sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI, dependencyURI} {
		if err := registerExtension(media, uri, webrtc.RTPCodecTypeVideo); err != nil {
			return recipe{}, err
		}
	}
	repeats, err := nack.NewGeneratorInterceptor(nack.WithGeneratorLoggerFactory(silent()),
		nack.GeneratorInterval(nackSpacing), nack.GeneratorMaxNacksPerPacket(nackTries))
	if err != nil {
		return recipe{}, err
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(silent()))
	if err != nil {
		return recipe{}, err
	}
	congestion, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(silent()))
	if err != nil {
		return recipe{}, err
	}
	registry := &interceptor.Registry{}
	registry.Add(repeats)
	registry.Add(reports)
	registry.Add(congestion)
	return recipe{media: media, registry: registry}, nil
}

// slotMedia is for connections on which a peer receives.
func slotMedia() (*webrtc.MediaEngine, error) {
	media := &webrtc.MediaEngine{}
	if err := registerCodecs(media, []webrtc.RTCPFeedback{{Type: webrtc.TypeRTCPFBTransportCC}}, true); err != nil {
		return nil, err
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.TransportCCURI} {
		if err := registerExtension(media, uri, webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	return media, registerExtension(media, dependencyURI, webrtc.RTPCodecTypeVideo)
}

// subscribe is for one such connection. Packets are numbered first, then noted
// by the estimator, then sent. Slots report and resend themselves.
func (e *engine) subscribe(estimator *estimator) (recipe, error) {
	congestion, err := cc.NewInterceptor(func() (cc.BandwidthEstimator, error) { return estimator, nil })
	if err != nil {
		return recipe{}, err
	}
	numbers, err := twcc.NewHeaderExtensionInterceptor()
	if err != nil {
		return recipe{}, err
	}
	registry := &interceptor.Registry{}
	registry.Add(congestion)
	registry.Add(numbers)
	return recipe{media: e.slots, registry: registry}, nil
}

// registerCodecs registers Opus, VP8, VP9 profile 0 and AV1, no more: pion's
// cost of an SDP grows steeply with their number.
func registerCodecs(media *webrtc.MediaEngine, feedback []webrtc.RTCPFeedback, rtx bool) error {
	err := media.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: opusClock, Channels: 2,
			SDPFmtpLine: "minptime=10;useinbandfec=1", RTCPFeedback: feedback,
		},
		PayloadType: description.OfferedOpus,
	}, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return err
	}
	feedback = append([]webrtc.RTCPFeedback{
		{Type: webrtc.TypeRTCPFBNACK},
		{Type: webrtc.TypeRTCPFBNACK, Parameter: "pli"},
		{Type: webrtc.TypeRTCPFBCCM, Parameter: "fir"},
	}, feedback...)
	for _, c := range []struct {
		mime, format string
		offered      webrtc.PayloadType
		rtxFormat    string
	}{
		{webrtc.MimeTypeVP8, "", description.OfferedVP8, "apt=96"},
		{webrtc.MimeTypeVP9, "profile-id=0", description.OfferedVP9, "apt=98"},
		{webrtc.MimeTypeAV1, "", description.OfferedAV1, "apt=100"},
	} {
		err := media.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: c.mime, ClockRate: videoClock, SDPFmtpLine: c.format, RTCPFeedback: feedback,
			},
			PayloadType: c.offered,
		}, webrtc.RTPCodecTypeVideo)
		if err != nil {
			return err
		}
		if !rtx {
			continue
		}
		err = media.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeRTX, ClockRate: videoClock, SDPFmtpLine: c.rtxFormat,
			},
			PayloadType: c.offered + 1,
		}, webrtc.RTPCodecTypeVideo)
		if err != nil {
			return err
		}
	}
	return nil
}

func registerExtension(media *webrtc.MediaEngine, uri string, kinds ...webrtc.RTPCodecType) error {
	for _, kind := range kinds {
		if err := media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
			return err
		}
	}
	return nil
}
