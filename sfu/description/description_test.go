package description

import (
	"crypto/sha256"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pion/ice/v4"

	"paravent/sfu/transport"
)

// local is our end in all tests.
func local() *Local {
	return &Local{
		Session: 4611686018427387903, Version: 2, Ufrag: "abcd", Pwd: "abcdefghijklmnopqrstuv",
		Fingerprint: sha256.Sum256([]byte("certificate")),
		Candidates: []Candidate{
			{Addr: netip.MustParseAddrPort("192.0.2.1:3478")},
			{Addr: netip.MustParseAddrPort("[2001:db8::1]:3478")},
			{Addr: netip.MustParseAddrPort("192.0.2.1:3478"), TCP: true},
		},
	}
}

// offer is one of a camera and a microphone, as short as it may be.
const offer = `v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
m=audio 9 UDP/TLS/RTP/SAVPF 111 63
c=IN IP4 0.0.0.0
a=ice-ufrag:UfRg
a=ice-pwd:0123456789abcdefghijkl
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1f
a=setup:actpass
a=mid:0
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=ssrc:10 cname:x
m=video 9 UDP/TLS/RTP/SAVPF 45 46 98 100
c=IN IP4 0.0.0.0
a=mid:1
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:99 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
a=extmap:5 urn:3gpp:video-orientation
a=sendrecv
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:45 AV1/90000
a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtcp-fb:* nack
a=rtcp-fb:45 nack pli
a=rtcp-fb:45 goog-remb
a=rtpmap:46 rtx/90000
a=fmtp:46 apt=45
a=rtpmap:98 VP9/90000
a=fmtp:98 profile-id=2
a=rtpmap:100 VP9/90000
a=fmtp:100 profile-id=0
a=ssrc-group:FID 20 21
a=ssrc:20 cname:x
a=ssrc:20 msid:- x
a=ssrc:21 cname:x
`

// simulcast is what turns the camera of offer into one of three layers.
var simulcast = strings.NewReplacer(
	"a=ssrc-group:FID 20 21\na=ssrc:20 cname:x\na=ssrc:20 msid:- x\na=ssrc:21 cname:x\n",
	"a=rid:q send\na=rid:h send\na=rid:f send\na=simulcast:send q;h;f\n")

// read reads an offer that is of the agreed shape.
func read(t testing.TB, text string) *Offer {
	t.Helper()
	o, err := ReadOffer(text)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestReadOffer(t *testing.T) {
	o := read(t, offer)
	if o.Ufrag != "UfRg" || o.Pwd != "0123456789abcdefghijkl" || !o.Mixed {
		t.Errorf("remote %+v", o)
	}
	if len(o.Fingerprints) != 1 || o.Fingerprints[0][31] != 31 || o.Fingerprints[0][10] != 10 {
		t.Errorf("fingerprints %v", o.Fingerprints)
	}
	a, v := o.Sections[0], o.Sections[1]
	if a.Mid != "0" || a.Video || a.Stopped || !a.Sends || a.Formats[transport.Opus].Media != 111 {
		t.Errorf("audio %+v", a)
	}
	if a.Extensions != (Extensions{Mid: 4}) || !slices.Equal(a.Streams, []Stream{{SSRC: 10}}) {
		t.Errorf("audio %+v", a)
	}
	if v.Mid != "1" || !v.Video || v.Stopped || !v.Sends || v.Layers != nil || !slices.Equal(v.Streams, []Stream{{SSRC: 20, RTX: 21}}) {
		t.Errorf("video %+v", v)
	}
	want := [transport.Codecs]transport.Formats{transport.AV1: {Media: 45, RTX: 46}, transport.VP9: {Media: 100}}
	if v.Formats != want || v.Extensions != (Extensions{Mid: 4, RID: 10, Dependency: 99}) {
		t.Errorf("video %+v", v)
	}
	if o.Extensions != v.Extensions {
		t.Errorf("extensions %+v", o.Extensions)
	}
	types := map[int]Type{111: {Codec: transport.Opus}, 45: {Codec: transport.AV1}, 46: {Codec: transport.AV1, Repairs: true}, 100: {Codec: transport.VP9}}
	for n, got := range o.Types {
		if got != types[n] {
			t.Errorf("payload type %d is %v", n, got)
		}
	}
	if l := read(t, simulcast.Replace(offer)).Sections[1].Layers; !slices.Equal(l, []string{"q", "h", "f"}) {
		t.Errorf("layers %v", l)
	}
}

func TestAnswer(t *testing.T) {
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
a=setup:passive
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=mid:0
a=recvonly
a=rtcp-mux
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1;cbr=1;usedtx=0;stereo=0
a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host
a=candidate:2 1 udp 2130706175 2001:db8::1 3478 typ host
a=candidate:3 1 tcp 1520434687 192.0.2.1 3478 typ host tcptype passive
a=end-of-candidates
m=video 9 UDP/TLS/RTP/SAVPF 45 46 100
c=IN IP4 0.0.0.0
a=mid:1
a=recvonly
a=rtcp-mux
a=rtcp-rsize
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:99 https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension
a=extmap:10/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=rtpmap:45 AV1/90000
a=rtcp-fb:45 nack
a=rtcp-fb:45 nack pli
a=fmtp:45 level-idx=5;profile=0;tier=0
a=rtpmap:46 rtx/90000
a=fmtp:46 apt=45
a=rtpmap:100 VP9/90000
a=rtcp-fb:100 nack
a=fmtp:100 profile-id=0
a=rid:q recv
a=rid:h recv
a=rid:f recv
a=simulcast:recv q;h;f
`
	got := strings.ReplaceAll(read(t, simulcast.Replace(offer)).Answer(local()), "\r\n", "\n")
	if got != want {
		t.Errorf("want\n%s\nhave\n%s", want, got)
	}
}

// A stopped section keeps its place, and one that sends nothing is inactive.
func TestAnswerToWhatIsNotSent(t *testing.T) {
	text := strings.NewReplacer("BUNDLE 0 1", "BUNDLE 1", "m=audio 9", "m=audio 0", "m=video 9", "m=video 0", "a=mid:1\n",
		"a=mid:1\na=bundle-only\na=ice-ufrag:UfRg\na=ice-pwd:0123456789abcdefghijkl\na=setup:active\na=fingerprint:sha-256 "+
			strings.Repeat("0A:", 31)+"0B\n", "sendrecv", "recvonly").Replace(offer)
	o := read(t, text)
	if a, v := o.Sections[0], o.Sections[1]; !a.Stopped || a.Sends || v.Stopped || v.Sends {
		t.Errorf("read %+v", o.Sections)
	}
	answer := strings.ReplaceAll(o.Answer(local()), "\r\n", "\n")
	for _, want := range []string{
		"a=group:BUNDLE 1\n", "m=audio 0 UDP/TLS/RTP/SAVPF 111\nc=IN IP4 0.0.0.0\na=mid:0\na=inactive\nm=video 9 ",
		"a=mid:1\na=inactive\n", "apt=45\na=rtpmap:100 VP9/90000\na=rtcp-fb:100 nack\na=fmtp:100 profile-id=0\na=candidate:",
	} {
		if !strings.Contains(answer, want) {
			t.Errorf("want %q in\n%s", want, answer)
		}
	}
}

// What a browser may say otherwise, and nothing changes.
func TestReadOfferInOtherWords(t *testing.T) {
	want := read(t, offer).Answer(local())
	for name, r := range map[string]*strings.Replacer{
		"line ends":            strings.NewReplacer("\n", "\r\n"),
		"transport at session": strings.NewReplacer("a=extmap-allow-mixed\n", "a=extmap-allow-mixed\n"+transportLines, transportLines, ""),
		"transport everywhere": strings.NewReplacer("a=mid:1\n", "a=mid:1\n"+transportLines),
		"letters of the hash":  strings.NewReplacer("sha-256", "SHA-256", "1f\n", "1F\n"),
		"another hash too":     strings.NewReplacer("a=setup", "a=fingerprint:sha-512 00:01\na=setup"),
		"port 0":               strings.NewReplacer("m=video 9", "m=video 0", "a=mid:1\n", "a=mid:1\na=bundle-only\n"),
		"another group":        strings.NewReplacer("a=group:", "a=group:LS 0 1\na=group:"),
		"candidates":           strings.NewReplacer("a=mid:0\n", "a=mid:0\na=candidate:1 1 udp 1 192.0.2.9 9 typ host\na=end-of-candidates\n"),
		"number out of range":  strings.NewReplacer("a=extmap:5", "a=extmap:4096"),
		"not for us":           strings.NewReplacer("a=extmap:5", "a=extmap:11/recvonly urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\na=extmap:5"),
		"capital letters":      strings.NewReplacer("AV1/", "av1/", "opus/", "OPUS/"),
		"a second of a kind":   strings.NewReplacer("98 100\n", "98 100 101\n", "a=ssrc-group", "a=rtpmap:101 VP9/90000\na=ssrc-group"),
		"RTX of another":       strings.NewReplacer("98 100\n", "98 100 101\n", "a=ssrc-group", "a=rtpmap:101 rtx/90000\na=fmtp:101 apt=98\na=ssrc-group"),
		"confused with RTCP":   strings.NewReplacer("98 100\n", "98 100 72\n", "a=ssrc-group", "a=rtpmap:72 VP8/90000\na=ssrc-group"),
		"setup":                strings.NewReplacer("actpass", "active"),
	} {
		if got := read(t, r.Replace(offer)).Answer(local()); got != want {
			t.Errorf("%s: want\n%s\nhave\n%s", name, want, got)
		}
	}
}

const transportLines = `a=ice-ufrag:UfRg
a=ice-pwd:0123456789abcdefghijkl
a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1f
a=setup:actpass
`

func TestReadOfferRefuses(t *testing.T) {
	const mid1 = "a=mid:1\n"
	for name, change := range map[string][]string{
		"nothing":                    {offer, ""},
		"no section":                 {offer[strings.Index(offer, "m=audio"):], ""},
		"too long":                   {"s=-", "s=" + strings.Repeat("x", MaxOffer)},
		"too many sections":          {offer, offer + strings.Repeat("m=audio 0 UDP/TLS/RTP/SAVPF 0\n", MaxSections)},
		"data channel":               {"m=audio 9 UDP/TLS/RTP/SAVPF 111 63", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"},
		"text":                       {"m=audio", "m=text"},
		"no encryption":              {"UDP/TLS/RTP/SAVPF 111", "RTP/AVPF 111"},
		"range of ports":             {"m=audio 9", "m=audio 9/2"},
		"no media id":                {mid1, ""},
		"two media ids":              {mid1, mid1 + "a=mid:2\n"},
		"empty media id":             {mid1, "a=mid:\n"},
		"long media id":              {mid1, "a=mid:123456789\n"},
		"odd media id":               {mid1, "a=mid:a b\n"},
		"the same media id":          {mid1, "a=mid:0\n"},
		"no bundle":                  {"a=group:BUNDLE 0 1\n", ""},
		"two bundles":                {"a=group:BUNDLE 0 1\n", "a=group:BUNDLE 0 1\na=group:BUNDLE 0 1\n"},
		"section outside the bundle": {"BUNDLE 0 1", "BUNDLE 0"},
		"bundle of strangers":        {"BUNDLE 0 1", "BUNDLE 0 1 2"},
		"bundle says it twice":       {"BUNDLE 0 1", "BUNDLE 0 1 1"},
		"empty bundle":               {"BUNDLE 0 1", "BUNDLE"},
		"stopped, but in the bundle": {"m=video 9", "m=video 0"},
		"all stopped":                {"BUNDLE 0 1", "BUNDLE", "m=audio 9", "m=audio 0", "m=video 9", "m=video 0"},
		"RTCP apart":                 {"a=sendonly\na=rtcp-mux\n", "a=sendonly\n"},
		"lite":                       {"a=extmap-allow-mixed", "a=ice-lite"},
		"no ufrag":                   {"a=ice-ufrag:UfRg\n", ""},
		"short ufrag":                {"UfRg", "UfR"},
		"long ufrag":                 {"UfRg", strings.Repeat("a", 257)},
		"odd ufrag":                  {"UfRg", "UfR:g"},
		"short password":             {"hijkl", "hijk"},
		"no password":                {"a=ice-pwd:0123456789abcdefghijkl\n", ""},
		"two ufrags":                 {"a=ice-ufrag:UfRg\n", "a=ice-ufrag:UfRg\na=ice-ufrag:UfRg\n"},
		"another ufrag":              {mid1, mid1 + "a=ice-ufrag:UfRh\n"},
		"another password":           {mid1, mid1 + "a=ice-pwd:0123456789abcdefghijkm\n"},
		"another role":               {mid1, mid1 + "a=setup:active\n"},
		"server":                     {"actpass", "passive"},
		"connection held":            {"actpass", "holdconn"},
		"no role":                    {"a=setup:actpass\n", ""},
		"another certificate":        {mid1, mid1 + "a=fingerprint:sha-256 " + strings.Repeat("0A:", 31) + "0B\n"},
		"no certificate":             {"a=fingerprint:sha-256", "a=x"},
		"another hash alone":         {"sha-256", "sha-1"},
		"short hash":                 {":1E:1f", ":1E"},
		"hash of other letters":      {"1f\n", "1g\n"},
		"hash without colons":        {"00:01", "00-01"},
		"many certificates":          {"a=setup", strings.Repeat("a=fingerprint:sha-1 00\n", maxFingerprints) + "a=setup"},
		"role elsewhere":             {"a=setup:actpass\n", "", mid1, mid1 + "a=setup:actpass\n"},
		"two directions":             {"a=sendonly\n", "a=sendonly\na=recvonly\n"},
		"direction twice":            {"a=sendonly\n", "a=sendonly\na=sendonly\n"},
		"no payload type":            {" 111 63", ""},
		"payload type out of range":  {" 111 63", " 111 128"},
		"payload type in words":      {" 111 63", " 111 *"},
		"payload type twice":         {" 111 63", " 111 111"},
		"none of our codecs":         {"opus/", "PCMU/"},
		"Opus in mono":               {"opus/48000/2", "opus/48000"},
		"two meanings":               {"a=rtpmap:63 red/48000/2\n", "a=rtpmap:111 red/48000/2\n"},
		"two formats":                {"a=fmtp:111", "a=fmtp:111 a=b\na=fmtp:111"},
		"meaning elsewhere":          {"111 63", "100 63", "a=rtpmap:111", "a=rtpmap:100"},
		"number of a format":         {"a=fmtp:111", "a=fmtp:x"},
		"extension elsewhere":        {"a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\na=sendonly", "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\na=sendonly"},
		"extension of two meanings":  {"a=extmap:99", "a=extmap:4"},
		"extension twice":            {"a=extmap:99", "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\na=extmap:99"},
		"extension without a name":   {"a=extmap:5 urn:3gpp:video-orientation", "a=extmap:5"},
		"extension without number":   {"a=extmap:5", "a=extmap:-5"},
		"nothing announced":          {"a=ssrc:10 cname:x\n", ""},
		"two streams":                {"a=ssrc:10 cname:x\n", "a=ssrc:10 cname:x\na=ssrc:11 cname:x\n"},
		"SSRC 0":                     {"a=ssrc:10", "a=ssrc:0"},
		"SSRC too large":             {"a=ssrc:10", "a=ssrc:4294967296"},
		"SSRC of another":            {"a=ssrc:10", "a=ssrc:21"},
		"stranger in a group":        {"FID 20 21", "FID 20 22"},
		"group of one":               {"FID 20 21", "FID 20 20"},
		"group of three":             {"FID 20 21", "FID 20 21 20"},
		"another kind of group":      {"FID 20 21", "FEC-FR 20 21"},
		"grouped twice":              {"a=ssrc-group:FID 20 21\n", "a=ssrc-group:FID 20 21\na=ssrc-group:FID 21 20\n"},
	} {
		text := offer
		for i := 0; i < len(change); i += 2 {
			if !strings.Contains(text, change[i]) {
				t.Errorf("%s: %q is not there", name, change[i])
			}
			text = strings.Replace(text, change[i], change[i+1], 1)
		}
		if _, err := ReadOffer(text); err != ErrRefused {
			t.Errorf("%s: want it refused, have %v", name, err)
		}
	}
	if _, err := ReadOffer(many(MaxTracks)); err != nil {
		t.Errorf("%d tracks: %v", MaxTracks, err)
	}
	if _, err := ReadOffer(many(MaxTracks + 1)); err != ErrRefused {
		t.Errorf("%d tracks: want them refused", MaxTracks+1)
	}
}

// many is an offer of so many microphones.
func many(tracks int) string {
	head, rest, _ := strings.Cut(offer, "m=audio")
	audio, _, _ := strings.Cut(rest, "m=video")
	mids, sections := "", ""
	for i := range tracks {
		mids += " a" + decimal(uint32(i))
		sections += "m=audio" + strings.NewReplacer("mid:0", "mid:a"+decimal(uint32(i)), "ssrc:10", "ssrc:1"+decimal(uint32(i))).Replace(audio)
	}
	return strings.Replace(head, "BUNDLE 0 1", "BUNDLE"+mids, 1) + sections
}

func TestSimulcastRefused(t *testing.T) {
	good := simulcast.Replace(offer)
	for name, change := range map[string][2]string{
		"four layers":       {"a=rid:q send\na=rid:h send\na=rid:f send\na=simulcast:send q;h;f", "a=rid:q send\na=rid:h send\na=rid:f send\na=rid:e send\na=simulcast:send q;h;f;e"},
		"alternatives":      {"q;h;f", "q,h;f"},
		"paused twice":      {"q;h;f", "q;~~h;f"},
		"the same twice":    {"q;h;f", "q;q;f"},
		"one not described": {"q;h;f", "q;h;g"},
		"one left out":      {"q;h;f", "q;h"},
		"an empty one":      {"q;h;f", "q;h;"},
		"received alone":    {"simulcast:send", "simulcast:recv"},
		"both ways":         {"q;h;f", "q;h;f recv q"},
		"rid received":      {"rid:q send", "rid:q recv"},
		"restrictions":      {"rid:q send", "rid:q send pt=45"},
		"no list":           {"a=simulcast:send q;h;f\n", ""},
		"two lists":         {"a=simulcast:send q;h;f\n", "a=simulcast:send q;h;f\na=simulcast:send q;h;f\n"},
		"long name":         {"q;h;f", "q;h;fffffffff"},
		"no rid in packets": {"a=extmap:10/sendonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n", ""},
		"sound":             {"a=mid:0\n", "a=mid:0\na=rid:q send\na=simulcast:send q\n"},
		"too many streams":  {"a=rid:q", "a=ssrc:1 a\na=ssrc:2 a\na=ssrc:3 a\na=ssrc:4 a\na=ssrc:5 a\na=ssrc:6 a\na=ssrc:7 a\na=rid:q"},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if _, err := ReadOffer(text); err != ErrRefused || text == good {
			t.Errorf("%s: want it refused, have %v", name, err)
		}
	}
}

func TestFollows(t *testing.T) {
	stopped := strings.NewReplacer("BUNDLE 0 1", "BUNDLE 0", "m=video 9", "m=video 0")
	screen := "m=video 9 UDP/TLS/RTP/SAVPF 45\na=mid:2\na=sendonly\na=rtpmap:45 AV1/90000\na=ssrc:30 cname:x\n"
	for name, c := range map[string]struct {
		before, after string
		ok            bool
	}{
		"the same":                 {offer, offer, true},
		"one more":                 {offer, strings.Replace(offer, "BUNDLE 0 1", "BUNDLE 0 1 2", 1) + screen, true},
		"one less":                 {strings.Replace(offer, "BUNDLE 0 1", "BUNDLE 0 1 2", 1) + screen, offer, false},
		"one stopped":              {offer, stopped.Replace(offer), true},
		"its place is taken":       {stopped.Replace(offer), strings.Replace(offer[:strings.Index(offer, "m=video")], "BUNDLE 0 1", "BUNDLE 0 2", 1) + screen, true},
		"another mid":              {offer, strings.NewReplacer("0 1\n", "0 7\n", "mid:1", "mid:7").Replace(offer), false},
		"mids in another order":    {offer, strings.NewReplacer("0 1\n", "1 0\n", "mid:0", "mid:1", "mid:1", "mid:0").Replace(offer), false},
		"ICE restart":              {offer, strings.Replace(offer, "UfRg", "UfRx", 1), false},
		"another password":         {offer, strings.Replace(offer, "hijkl", "hijkm", 1), false},
		"another certificate":      {offer, strings.Replace(offer, "1E:1f", "1E:1e", 1), false},
		"another direction":        {offer, strings.Replace(offer, "sendrecv", "inactive", 1), true},
		"another codec too":        {offer, strings.NewReplacer("98 100\n", "98 100 96\n", "a=ssrc-group", "a=rtpmap:96 VP8/90000\na=ssrc-group").Replace(offer), true},
		"another meaning":          {offer, strings.NewReplacer("a=rtpmap:100 VP9/90000\na=fmtp:100 profile-id=0", "a=rtpmap:100 VP8/90000").Replace(offer), false},
		"another extension":        {offer, strings.Replace(offer, "a=extmap:99", "a=extmap:98", 1), false},
		"extension's number taken": {strings.Replace(offer, "a=extmap:99 h", "a=x:", 1), strings.NewReplacer("a=extmap:10/sendonly", "a=x:", "a=extmap:99", "a=extmap:10").Replace(offer), false},
		"simulcast":                {simulcast.Replace(offer), simulcast.Replace(offer), true},
		"other layers":             {simulcast.Replace(offer), strings.ReplaceAll(simulcast.Replace(offer), "q;h;f", "f;h;q"), false},
		"simulcast begins":         {offer, simulcast.Replace(offer), true},
		"not mixed":                {offer, strings.NewReplacer("a=extmap-allow-mixed\n", "").Replace(offer), false},
	} {
		err := read(t, c.after).Follows(read(t, c.before))
		if c.ok && err != nil || !c.ok && err != ErrRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProves(t *testing.T) {
	r := Remote{Fingerprints: [][sha256.Size]byte{sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b"))}}
	if !r.Proves([]byte("a")) || !r.Proves([]byte("b")) || r.Proves([]byte("c")) || (&Remote{}).Proves(nil) {
		t.Error("want the certificates that are named, and no others")
	}
}

// The candidates are understood, and UDP is preferred whatever stands first.
func TestCandidates(t *testing.T) {
	l := local()
	l.Candidates = append([]Candidate{{Addr: netip.MustParseAddrPort("[::ffff:192.0.2.7]:443"), TCP: true}}, l.Candidates...)
	w := &writer{}
	w.candidates(l.Candidates)
	var lowest, highest uint32
	for i, line := range strings.Split(strings.TrimSpace(strings.ReplaceAll(string(w.text), "\r\n", "\n")), "\n")[:4] {
		c, err := ice.UnmarshalCandidate(strings.TrimPrefix(line, "a="))
		if err != nil {
			t.Fatal(line, err)
		}
		want := l.Candidates[i].Addr
		if c.Address() != want.Addr().Unmap().String() || c.Port() != int(want.Port()) || c.Component() != 1 {
			t.Errorf("%s: %v", line, c)
		}
		if l.Candidates[i].TCP {
			highest = max(highest, c.Priority())
			if c.TCPType() != ice.TCPTypePassive {
				t.Errorf("%s: %v", line, c.TCPType())
			}
		} else if lowest == 0 || c.Priority() < lowest {
			lowest = c.Priority()
		}
	}
	if highest >= lowest {
		t.Error("want UDP first")
	}
}
