package description

import (
	"slices"
	"strings"
	"testing"

	"paravent/sfu/transport"
)

func TestNewOffer(t *testing.T) {
	want := `v=0
o=- 4611686018427387903 2 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=ice-lite
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 03:D6:6D:D0:88:35:C1:CA:3F:12:8C:CE:AC:D1:F3:1A:C9:41:63:09:6B:20:F4:45:AE:84:28:5B:C0:83:2D:72
a=setup:actpass
m=video 9 UDP/TLS/RTP/SAVPF 96 97 98 99 100 101
c=IN IP4 0.0.0.0
a=mid:0
a=sendonly
a=msid:slot0 slot0
a=rtcp-mux
a=rtcp-rsize
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:3 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 transport-cc
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:98 VP9/90000
a=rtcp-fb:98 nack
a=rtcp-fb:98 nack pli
a=rtcp-fb:98 ccm fir
a=rtcp-fb:98 transport-cc
a=fmtp:98 profile-id=0
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
a=rtpmap:100 AV1/90000
a=rtcp-fb:100 nack
a=rtcp-fb:100 nack pli
a=rtcp-fb:100 ccm fir
a=rtcp-fb:100 transport-cc
a=rtpmap:101 rtx/90000
a=fmtp:101 apt=100
a=ssrc-group:FID 7 8
a=ssrc:7 cname:slot0
a=ssrc:8 cname:slot0
a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host
a=candidate:2 1 udp 2130706175 2001:db8::1 3478 typ host
a=candidate:3 1 tcp 1520434687 192.0.2.1 3478 typ host tcptype passive
a=end-of-candidates
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:1
a=sendonly
a=msid:slot1 slot1
a=rtcp-mux
a=rtcp-rsize
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 nack
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1;cbr=1;usedtx=0;stereo=0
a=ssrc:9 cname:slot1
`
	got, slots := NewOffer(local(), 1, 1, counter(7))
	if got = strings.ReplaceAll(got, "\r\n", "\n"); got != want {
		t.Errorf("want\n%s\nhave\n%s", want, got)
	}
	if !slices.Equal(slots, []Slot{{Mid: "0", Video: true, Stream: Stream{7, 8}}, {Mid: "1", Stream: Stream{9, 0}}}) {
		t.Errorf("slots %+v", slots)
	}
}

// However bad the randomness, no number is 0 or there twice.
func TestNewOfferDrawsEverySSRCOnce(t *testing.T) {
	for name, random := range map[string]func() uint32{
		"zero": func() uint32 { return 0 }, "the last": func() uint32 { return 1<<32 - 1 }, "twice": counter(1),
	} {
		text, slots := NewOffer(local(), 60, 20, random)
		seen := map[uint32]bool{0: true}
		for _, s := range slots {
			if seen[s.SSRC] || s.Video && seen[s.RTX] || !s.Video && s.RTX != 0 {
				t.Fatalf("%s: slot %+v", name, s)
			}
			seen[s.SSRC], seen[s.RTX] = true, true
		}
		if len(seen) != 141 || len(text) > 96<<10 {
			t.Errorf("%s: %d numbers, %d bytes", name, len(seen), len(text))
		}
	}
}

// answer is what a browser could say to an offer of one slot for video and one
// for audio.
const answer = `v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
m=video 9 UDP/TLS/RTP/SAVPF 98 99 96
c=IN IP4 0.0.0.0
a=ice-ufrag:UfRg
a=ice-pwd:0123456789abcdefghijkl
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1f
a=setup:active
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:3/recvonly https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtpmap:98 VP9/90000
a=rtcp-fb:98 transport-cc
a=rtpmap:99 rtx/90000
a=fmtp:99 apt=98
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:1
a=extmap:2 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=recvonly
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
`

func TestReadAnswer(t *testing.T) {
	_, slots := NewOffer(local(), 1, 1, counter(7))
	a, err := ReadAnswer(answer, slots)
	if err != nil {
		t.Fatal(err)
	}
	video := Agreed{Extensions: Extensions{Mid: 1, TransportCC: 2, Dependency: 3}}
	video.SSRC, video.RTX, video.Dependency = 7, 8, true
	video.Types[transport.VP8] = transport.Formats{Media: 96}
	video.Types[transport.VP9] = transport.Formats{Media: 98, RTX: 99}
	audio := Agreed{} // feedback was not taken
	audio.SSRC, audio.Types[transport.Opus].Media = 9, 111
	if !slices.Equal(a.Slots, []Agreed{video, audio}) || a.Ufrag != "UfRg" || !a.Mixed {
		t.Errorf("read %+v", a)
	}

	for name, c := range map[string]struct {
		old, new string
		want     func(*Agreed)
	}{
		"no RTX":         {"a=rtpmap:99", "a=x:99", func(v *Agreed) { v.RTX, v.Types[transport.VP9].RTX = 0, 0 }},
		"RTX of nothing": {"apt=98", "apt=100", func(v *Agreed) { v.RTX, v.Types[transport.VP9].RTX = 0, 0 }},
		"inactive": {"recvonly\na=rtcp-mux", "inactive\na=rtcp-mux", func(v *Agreed) {
			v.RTX, v.Types = 0, [transport.Codecs]transport.Formats{}
		}},
		"no descriptor":         {"a=extmap:3", "a=x:3", func(v *Agreed) { v.Dependency, v.Extensions.Dependency = false, 0 }},
		"descriptor from there": {"3/recvonly", "3/sendonly", func(v *Agreed) { v.Dependency, v.Extensions.Dependency = false, 0 }},
	} {
		want := video
		c.want(&want)
		a, err := ReadAnswer(strings.Replace(answer, c.old, c.new, 1), slots)
		if err != nil || a.Slots[0] != want {
			t.Errorf("%s: %v: %+v", name, err, a)
		}
	}
	if a, err := ReadAnswer(strings.Replace(answer, "a=extmap-allow-mixed\n", "", 1), slots); err != nil || a.Mixed {
		t.Errorf("not mixed: %v: %+v", err, a)
	}
}

func TestReadAnswerRefuses(t *testing.T) {
	_, slots := NewOffer(local(), 1, 1, counter(7))
	audio := answer[strings.Index(answer, "m=audio"):]
	for name, change := range map[string][]string{
		"nothing":             {answer, ""},
		"too long":            {"s=-", "s=" + strings.Repeat("x", MaxAnswer)},
		"one section":         {audio, "", "BUNDLE 0 1", "BUNDLE 0"},
		"three sections":      {audio, audio + strings.Replace(audio, "mid:1", "mid:2", 1), "BUNDLE 0 1", "BUNDLE 0 1 2"},
		"another kind":        {"m=audio", "m=video"},
		"another media id":    {"mid:1", "mid:2", "0 1\na=ext", "0 2\na=ext"},
		"another order":       {"mid:1", "mid:x", "mid:0", "mid:1", "mid:x", "mid:0", "0 1\na=ext", "1 0\na=ext"},
		"rejected":            {"m=audio 9", "m=audio 0", "BUNDLE 0 1", "BUNDLE 0"},
		"server":              {"setup:active", "setup:passive"},
		"both roles":          {"setup:active", "setup:actpass"},
		"no role":             {"a=setup:active\n", ""},
		"sends":               {"a=recvonly", "a=sendrecv"},
		"sends alone":         {"a=recvonly", "a=sendonly"},
		"no direction":        {"a=recvonly", "a=x"},
		"RTCP apart":          {"a=rtcp-mux", "a=x"},
		"no bundle":           {"a=group", "a=x"},
		"no certificate":      {"a=fingerprint", "a=x"},
		"no credentials":      {"a=ice-ufrag:UfRg\n", ""},
		"a number of its own": {" 111\n", " 109\n", "a=rtpmap:111", "a=rtpmap:109"},
		"a second number":     {" 111\n", " 111 109\n"},
		"codecs exchanged":    {"96 VP8", "96 VP9", "98 VP9", "98 VP8"},
		"RTX of another":      {"98 99 96", "98 97 96", "a=rtpmap:99", "a=rtpmap:97", "a=fmtp:99", "a=fmtp:97"},
		"nothing of ours":     {"opus/48000/2", "opus/48000/1"},
		"another profile":     {"a=rtpmap:98 VP9/90000\n", "a=rtpmap:98 VP9/90000\na=fmtp:98 profile-id=2\n", "98 99 96", "98 99"},
		"extension moved":     {"a=extmap:1 ", "a=extmap:4 "},
		"extension not offered": {
			"a=mid:0\n", "a=mid:0\na=extmap:5 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n",
		},
	} {
		text := answer
		for i := 0; i < len(change); i += 2 {
			if !strings.Contains(text, change[i]) {
				t.Errorf("%s: %q is not there", name, change[i])
			}
			text = strings.Replace(text, change[i], change[i+1], 1)
		}
		if _, err := ReadAnswer(text, slots); err != ErrRefused {
			t.Errorf("%s: want it refused, have %v", name, err)
		}
	}
	if _, err := ReadAnswer(answer, nil); err != ErrRefused {
		t.Error("want an answer refused that nobody asked for")
	}
}

// What a join costs here.
func BenchmarkSubscribe(b *testing.B) {
	_, slots := NewOffer(local(), 25, 16, counter(1))
	text := recorded(b, "chromium-answer")
	b.Run("offer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			NewOffer(local(), 25, 16, counter(1))
		}
	})
	b.Run("answer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ReadAnswer(text, slots); err != nil {
				b.Fatal(err)
			}
		}
	})
}
