package viapion

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"paravent/sfu/transport"
)

// errSDP is any description that we do not accept.
var errSDP = errors.New("viapion: want a session description of the agreed shape")

// section is a media section of an offer that sends.
type section struct {
	transport.Section
	layers []string // rids of simulcast, smallest first; none: no simulcast
}

// readOffer checks the offer of a publish connection and lists what it sends,
// in its order. It refuses what our clients never say: other media than audio
// and video, streams with neither an SSRC nor a rid (each would make pion keep
// what any stray packet claims), a client that insists on being the DTLS server.
func readOffer(offer string) ([]section, error) {
	s, err := readSDP(offer, maxOffer)
	if err != nil {
		return nil, err
	}
	if len(s.MediaDescriptions) == 0 || len(s.MediaDescriptions) > maxSections {
		return nil, errSDP
	}
	var all []section
	seen := map[string]bool{}
	for _, m := range s.MediaDescriptions {
		t, sends, err := readSection(m)
		if err != nil {
			return nil, err
		}
		if seen[t.Mid] {
			return nil, errSDP
		}
		seen[t.Mid] = true
		if sends {
			all = append(all, t)
		}
	}
	if len(all) > maxTracks {
		return nil, errSDP
	}
	return all, nil
}

// readSection checks one media section of an offer.
func readSection(m *sdp.MediaDescription) (t section, sends bool, err error) {
	t.Mid, _ = m.Attribute(sdp.AttrKeyMID)
	t.Video = m.MediaName.Media == "video"
	if t.Mid == "" || len(t.Mid) > maxName || !t.Video && m.MediaName.Media != "audio" {
		return t, false, errSDP
	}
	streams := map[string]bool{}
	rids := map[string]bool{}
	// Firefox writes port 0 for all but the first section of a bundle (RFC
	// 8843, section 6); without bundle-only it is a stopped one.
	_, bundled := m.Attribute("bundle-only")
	sends = bundled || m.MediaName.Port.Value != 0
	for _, a := range m.Attributes {
		switch a.Key {
		case "sendonly", "sendrecv":
		case "recvonly", "inactive":
			sends = false
		case sdp.AttrKeySSRC:
			id, _, _ := strings.Cut(a.Value, " ")
			streams[id] = true
		case "rid":
			id, rest, _ := strings.Cut(a.Value, " ")
			if direction, _, _ := strings.Cut(rest, " "); direction != "send" {
				return t, false, errSDP
			}
			rids[id] = true
		}
	}
	if t.layers, err = readLayers(m, rids); err != nil {
		return t, false, err
	}
	most := maxStreams
	if len(t.layers) > 0 {
		most = maxLayers * 2 // with their retransmissions
	}
	if sends && len(streams)+len(t.layers) == 0 || len(streams) > most {
		return t, false, errSDP
	}
	return t, sends, nil
}

// readLayers lists the layers of a section in the order that it sends them
// (RFC 8853, section 5.1), where rids are those it names. Nil: no simulcast.
func readLayers(m *sdp.MediaDescription, rids map[string]bool) ([]string, error) {
	value, ok := m.Attribute("simulcast")
	if !ok && len(rids) == 0 {
		return nil, nil
	}
	list, ok := strings.CutPrefix(value, "send ")
	if !ok || m.MediaName.Media != "video" {
		return nil, errSDP
	}
	layers := strings.Split(list, ";")
	if len(layers) > maxLayers || len(layers) != len(rids) {
		return nil, errSDP
	}
	for i, name := range layers {
		name = strings.TrimPrefix(name, "~") // paused at first
		if !rids[name] || len(name) > maxName || slices.Contains(layers[:i], name) {
			return nil, errSDP
		}
		layers[i] = name
	}
	return layers, nil
}

// checkAnswer checks the answer of a subscribe connection: it has as many
// media sections as the offer (RFC 3264, section 6).
func checkAnswer(answer string, sections int) error {
	s, err := readSDP(answer, maxAnswer)
	if err == nil && len(s.MediaDescriptions) != sections {
		err = errSDP
	}
	return err
}

// readSDP parses a description and refuses one whose sender would be the DTLS
// server: we choose the SRTP profile.
func readSDP(text string, size int) (*sdp.SessionDescription, error) {
	if len(text) > size {
		return nil, errSDP
	}
	s := &sdp.SessionDescription{}
	if s.UnmarshalString(text) != nil {
		return nil, errSDP
	}
	if v, ok := s.Attribute("setup"); ok && v == "passive" {
		return nil, errSDP
	}
	for _, m := range s.MediaDescriptions {
		if v, ok := m.Attribute("setup"); ok && v == "passive" {
			return nil, errSDP
		}
	}
	return s, nil
}

// withoutCandidates leaves out the client's candidates. The lite agent never
// sends to them, and learns from its checks where a client really is.
func withoutCandidates(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "a=candidate:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// opusFormat asks for packets whose size says nothing of what is spoken
// (RFC 7587, section 6.1; RFC 6562).
const opusFormat = "minptime=10;useinbandfec=1;cbr=1;usedtx=0;stereo=0"

// withOpusFormat puts our Opus parameters into an answer, in place of those
// that pion repeats from the offer.
func withOpusFormat(answer string) string {
	number := map[string]bool{}
	for line := range strings.Lines(answer) {
		if id, ok := strings.CutPrefix(line, "a=rtpmap:"); ok {
			pt, name, _ := strings.Cut(id, " ")
			if strings.HasPrefix(strings.ToLower(name), "opus/") {
				number[pt] = true
			}
		}
	}
	var b strings.Builder
	for line := range strings.Lines(answer) {
		rest, format := strings.CutPrefix(line, "a=fmtp:")
		if pt, _, _ := strings.Cut(rest, " "); format && number[pt] {
			continue
		}
		b.WriteString(line)
		if rest, ok := strings.CutPrefix(line, "a=rtpmap:"); ok {
			if pt, _, _ := strings.Cut(rest, " "); number[pt] {
				b.WriteString("a=fmtp:" + pt + " " + opusFormat + "\r\n")
			}
		}
	}
	return b.String()
}

// codecOf tells which of our codecs a MIME type is.
func codecOf(mime string) transport.Codec {
	switch strings.ToLower(mime) {
	case "audio/opus":
		return transport.Opus
	case "video/vp8":
		return transport.VP8
	case "video/vp9":
		return transport.VP9
	case "video/av1":
		return transport.AV1
	default:
		return transport.NoCodec
	}
}

// repairs returns the payload type that a retransmission format is for.
func repairs(format string) (uint8, bool) {
	for part := range strings.SplitSeq(format, ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "apt="); ok {
			n, err := strconv.ParseUint(v, 10, 7)
			return uint8(n), err == nil
		}
	}
	return 0, false
}
