package viapion

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"paravent/sfu/transport"
)

// errSDP is any description that we do not accept.
var errSDP = errors.New("viapion: want a session description of the agreed shape")

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
