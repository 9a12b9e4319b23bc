package description

import (
	"net"
	"slices"
	"testing"

	"github.com/pion/webrtc/v4"

	"paravent/sfu/transport"
)

// connection is one of pion's, with all the codecs that pion knows.
func connection(t testing.TB) *webrtc.PeerConnection {
	t.Helper()
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		for _, x := range extensions {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: x.uri}, kind); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := webrtc.SettingEngine{}
	s.SetIPFilter(func(net.IP) bool { return false })                     // nothing is connected here
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleClient); err != nil { // as browsers do
		t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{
		BundlePolicy: webrtc.BundlePolicyMaxBundle,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc
}

func track(t testing.TB, mime, id string, options ...func(*webrtc.TrackLocalStaticRTP)) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	l, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, id, "stream", options...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// pionOffer has pion make an offer, which stays its local description.
func pionOffer(t testing.TB, pc *webrtc.PeerConnection) string {
	t.Helper()
	o, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(o); err != nil {
		t.Fatal(err)
	}
	return o.SDP
}

// Pion offers sound and three layers, takes our answer, offers more, and again.
func TestAnswerToPion(t *testing.T) {
	pc := connection(t)
	sound, err := pc.AddTrack(track(t, webrtc.MimeTypeOpus, "sound"))
	if err != nil {
		t.Fatal(err)
	}
	camera, err := pc.AddTrack(track(t, webrtc.MimeTypeVP8, "camera", webrtc.WithRTPStreamID("q")))
	if err != nil {
		t.Fatal(err)
	}
	for _, rid := range []string{"h", "f"} {
		if err := camera.AddEncoding(track(t, webrtc.MimeTypeVP8, "camera", webrtc.WithRTPStreamID(rid))); err != nil {
			t.Fatal(err)
		}
	}
	first := read(t, pionOffer(t, pc))
	if !slices.Equal(first.Sections[1].Layers, []string{"q", "h", "f"}) || len(first.Sections[0].Streams) != 1 {
		t.Fatalf("read %+v", first.Sections)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: first.Answer(local())}); err != nil {
		t.Fatal(err)
	}
	if codecs := sound.GetParameters().Codecs; len(codecs) != 1 || codecs[0].SDPFmtpLine != OpusFormat {
		t.Errorf("sound is sent in %+v", codecs)
	}
	var types []uint8
	for _, c := range camera.GetParameters().Codecs {
		types = append(types, uint8(c.PayloadType))
	}
	for _, f := range first.Sections[1].preference {
		if !slices.Contains(types, f.media) || !slices.Contains(types, f.rtx) {
			t.Errorf("want %+v among %v", f, types)
		}
	}
	for _, x := range camera.GetParameters().HeaderExtensions {
		if x.URI == extensions[3].uri && uint8(x.ID) != first.Extensions.RID {
			t.Errorf("rid has the number %d, not %d", x.ID, first.Extensions.RID)
		}
	}

	if _, err := pc.AddTrack(track(t, webrtc.MimeTypeVP9, "screen")); err != nil {
		t.Fatal(err)
	}
	second := read(t, pionOffer(t, pc))
	if err := second.Follows(first); err != nil || len(second.Sections) != 3 || len(second.Sections[2].Streams) != 1 {
		t.Fatalf("%v: read %+v", err, second.Sections)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: second.Answer(local())}); err != nil {
		t.Fatal(err)
	}
	if first.Follows(second) == nil {
		t.Error("want an offer refused that leaves a section out")
	}
}

// Pion takes the offer of as many slots as there may be.
func TestOfferToPion(t *testing.T) {
	pc := connection(t)
	text, slots := NewOffer(local(), 60, 20, counter(7))
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
		t.Fatal(err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := ReadAnswer(answer.SDP, slots)
	if err != nil {
		t.Fatal(err, answer.SDP)
	}
	for i, s := range a.Slots {
		want := Agreed{Extensions: Extensions{Mid: 1, TransportCC: 2}}
		want.SSRC, want.Types[transport.Opus].Media = slots[i].SSRC, 111
		if slots[i].Video {
			want.Extensions.Dependency, want.Dependency, want.RTX = 3, true, slots[i].RTX
			want.Types = [transport.Codecs]transport.Formats{
				transport.VP8: {Media: 96, RTX: 97}, transport.VP9: {Media: 98, RTX: 99}, transport.AV1: {Media: 100, RTX: 101},
			}
		}
		if s != want {
			t.Errorf("slot %d: want %+v, have %+v", i, want, s)
		}
	}
}

// counter counts up, with every number twice.
func counter(n uint32) func() uint32 {
	n *= 2
	return func() uint32 { n++; return n / 2 }
}
