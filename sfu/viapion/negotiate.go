package viapion

import (
	"strconv"
	"strings"

	"paravent/sfu/description"
	"paravent/sfu/transport"
)

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
				b.WriteString("a=fmtp:" + pt + " " + description.OpusFormat + "\r\n")
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
