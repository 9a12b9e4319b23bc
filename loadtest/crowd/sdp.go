package crowd

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// errDescription says that the server's description was not understood.
var errDescription = errors.New("crowd: want a description of the server's end")

// numbers that we choose for what we publish.
const (
	typeSound   = 111
	typePicture = 96
	typeRepair  = 97
	countedID   = 3 // of the header extension with transport-wide numbers
)

const transportCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

// end is one end of a connection, as descriptions tell of it.
type end struct {
	ufrag, pwd  string
	fingerprint string // as it is written
}

// lines are those of every section for one end.
func (e end) lines(setup string) string {
	return "a=ice-ufrag:" + e.ufrag + "\r\na=ice-pwd:" + e.pwd + "\r\na=fingerprint:sha-256 " + e.fingerprint +
		"\r\na=setup:" + setup + "\r\n"
}

// opening are the lines before the first section.
func opening(mids []string) string {
	return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE " + strings.Join(mids, " ") +
		"\r\na=extmap-allow-mixed\r\n"
}

// The media ids of what is published.
const (
	MidSound   = "0"
	MidPicture = "1"
)

// offer describes the sound and the picture that are published.
func (e end) offer(sound, picture uint32) string {
	var b strings.Builder
	b.WriteString(opening([]string{MidSound, MidPicture}))
	section := func(kind, types, mid string) {
		fmt.Fprintf(&b, "m=%s 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\n%sa=mid:%s\r\n", kind, types, e.lines("actpass"), mid)
		fmt.Fprintf(&b, "a=extmap:%d %s\r\na=sendonly\r\na=msid:- %s\r\na=rtcp-mux\r\na=rtcp-rsize\r\n", countedID, transportCC, mid)
	}
	section("audio", strconv.Itoa(typeSound), MidSound)
	fmt.Fprintf(&b, "a=rtpmap:%d opus/48000/2\r\na=rtcp-fb:%[1]d transport-cc\r\n", typeSound)
	fmt.Fprintf(&b, "a=fmtp:%d minptime=10;useinbandfec=1\r\na=ssrc:%d cname:c\r\n", typeSound, sound)
	section("video", fmt.Sprintf("%d %d", typePicture, typeRepair), MidPicture)
	fmt.Fprintf(&b, "a=rtpmap:%d VP8/90000\r\na=rtcp-fb:%[1]d nack\r\na=rtcp-fb:%[1]d nack pli\r\n", typePicture)
	fmt.Fprintf(&b, "a=rtcp-fb:%d ccm fir\r\na=rtcp-fb:%[1]d transport-cc\r\n", typePicture)
	fmt.Fprintf(&b, "a=rtpmap:%d rtx/90000\r\na=fmtp:%[1]d apt=%d\r\n", typeRepair, typePicture)
	fmt.Fprintf(&b, "a=ssrc-group:FID %d %d\r\na=ssrc:%[1]d cname:c\r\na=ssrc:%[2]d cname:c\r\n", picture, picture+1)
	return b.String()
}

// answer takes everything that an offer offers.
func (e end) answer(offer string) string {
	var b, sections strings.Builder
	var mids []string
	for line := range strings.Lines(offer) {
		line = strings.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, "m="):
			sections.WriteString(line + "\r\nc=IN IP4 0.0.0.0\r\n" + e.lines("active") + "a=recvonly\r\n")
		case sections.Len() == 0:
		case name == "a=mid":
			mids = append(mids, value)
			sections.WriteString(line + "\r\n")
		case name == "a=rtpmap", name == "a=fmtp", name == "a=rtcp-fb", name == "a=extmap", name == "a=rtcp-mux", name == "a=rtcp-rsize":
			sections.WriteString(line + "\r\n")
		}
	}
	b.WriteString(opening(mids))
	b.WriteString(sections.String())
	return b.String()
}

// remote is what we have to know of the server's end.
type remote struct {
	end
	at      netip.AddrPort
	counted uint8    // id of the header extension with transport-wide numbers; 0: none
	video   []string // media ids of its sections
	audio   []string
}

// read reads a description of the server.
func read(text string) (r remote, err error) {
	kind := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if k, ok := strings.CutPrefix(line, "m="); ok {
			kind, _, _ = strings.Cut(k, " ")
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "a=ice-ufrag":
			r.ufrag = value
		case "a=ice-pwd":
			r.pwd = value
		case "a=fingerprint":
			_, r.fingerprint, _ = strings.Cut(value, " ")
		case "a=candidate":
			r.candidate(value)
		case "a=mid":
			if kind == "video" {
				r.video = append(r.video, value)
			} else {
				r.audio = append(r.audio, value)
			}
		case "a=extmap":
			id, uri, _ := strings.Cut(value, " ")
			if n, err := strconv.Atoi(id); err == nil && uri == transportCC {
				r.counted = uint8(n)
			}
		}
	}
	if r.ufrag == "" || r.pwd == "" || r.fingerprint == "" || !r.at.IsValid() {
		return r, errDescription
	}
	return r, nil
}

// candidate takes the first for UDP (RFC 8839, section 5.1).
func (r *remote) candidate(value string) {
	words := strings.Fields(value)
	if r.at.IsValid() || len(words) < 6 || !strings.EqualFold(words[2], "udp") {
		return
	}
	if at, err := netip.ParseAddrPort(words[4] + ":" + words[5]); err == nil {
		r.at = at
	}
}
