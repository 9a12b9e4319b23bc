package description

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"paravent/sfu/transport"
)

// OpusFormat is what we answer of Opus: it asks for packets whose size says
// nothing of what is spoken (RFC 7587, section 6.1; RFC 6562).
const OpusFormat = "minptime=10;useinbandfec=1;cbr=1;usedtx=0;stereo=0"

// writer writes lines.
type writer struct{ text []byte }

func (w *writer) line(words ...string) {
	for _, s := range words {
		w.text = append(w.text, s...)
	}
	w.text = append(w.text, "\r\n"...)
}

func decimal[N uint8 | uint16 | uint32 | uint64](n N) string {
	return strconv.FormatUint(uint64(n), 10)
}

// session writes what is true of all sections: the session, the bundle and its
// transport.
func (w *writer) session(l *Local, bundle []string, setup string, mixed bool) {
	w.line("v=0")
	w.line("o=- ", decimal(l.Session), " ", decimal(l.Version), " IN IP4 0.0.0.0")
	w.line("s=-")
	w.line("t=0 0")
	w.line("a=group:BUNDLE ", strings.Join(bundle, " "))
	if mixed {
		w.line("a=extmap-allow-mixed")
	}
	w.line("a=ice-lite")
	w.line("a=ice-ufrag:", l.Ufrag)
	w.line("a=ice-pwd:", l.Pwd)
	w.line("a=fingerprint:sha-256 ", strings.ReplaceAll(fmt.Sprintf("% X", l.Fingerprint), " ", ":"))
	w.line("a=setup:", setup)
}

// media writes the first lines of a section. Port 9 with address 0.0.0.0 says
// that candidates tell (RFC 8829, section 5.2.1); 0 is a stopped section.
func (w *writer) media(video bool, port, protocol string, numbers []uint8, mid string) {
	words := []string{"m=audio ", port, " ", protocol}
	if video {
		words[0] = "m=video "
	}
	for _, n := range numbers {
		words = append(words, " ", decimal(n))
	}
	w.line(words...)
	w.line("c=IN IP4 0.0.0.0")
	w.line("a=mid:", mid)
}

// multiplexed writes that RTCP has no transport of its own.
func (w *writer) multiplexed(reduced bool) {
	w.line("a=rtcp-mux")
	if reduced {
		w.line("a=rtcp-rsize")
	}
}

// numbers are the payload types of formats in the order in which they are
// written.
func numbers(formats []format) []uint8 {
	var all []uint8
	for _, f := range formats {
		all = append(all, f.media)
		if f.rtx != 0 {
			all = append(all, f.rtx)
		}
	}
	return all
}

func (w *writer) format(f format) {
	media := decimal(f.media)
	w.line("a=rtpmap:", media, " ", names[f.codec])
	for _, r := range reports {
		if f.feedback&r.feedback != 0 {
			w.line("a=rtcp-fb:", media, " ", r.name)
		}
	}
	switch {
	case f.codec == transport.Opus:
		w.line("a=fmtp:", media, " ", OpusFormat)
	case f.codec == transport.VP9:
		w.line("a=fmtp:", media, " profile-id=0")
	case f.level != "":
		w.line("a=fmtp:", media, " ", f.level)
	}
	if f.rtx != 0 {
		w.line("a=rtpmap:", decimal(f.rtx), " rtx/90000")
		w.line("a=fmtp:", decimal(f.rtx), " apt=", media)
	}
}

var names = [transport.Codecs]string{ //nolint:gochecknoglobals // immutable table
	transport.Opus: "opus/48000/2", transport.VP8: "VP8/90000", transport.VP9: "VP9/90000", transport.AV1: "AV1/90000",
}

// extensions writes those that have a number; those of oneWay with a direction
// (RFC 8285, section 7).
func (w *writer) extensions(all, oneWay Extensions, direction string) {
	for _, x := range extensions {
		n, way := *x.of(&all), ""
		if n == 0 {
			continue
		}
		if *x.of(&oneWay) != 0 {
			way = "/" + direction
		}
		w.line("a=extmap:", decimal(n), way, " ", x.uri)
	}
}

// Preferences of candidates (RFC 8445, section 5.1.2; RFC 6544, section 4.2).
const (
	hostUDP = 126 << 24
	hostTCP = 90 << 24 // after every other way by UDP
	passive = 4 << 13
	only    = 255 // 256 less the component, of which there is one
)

// candidates writes our addresses. More do not come.
func (w *writer) candidates(all []Candidate) {
	for i, c := range all {
		later := uint32(i) & 0x1fff
		protocol, way, priority := "udp", "", hostUDP|(0xffff-later)<<8|only
		if c.TCP {
			protocol, way, priority = "tcp", " tcptype passive", hostTCP|(passive+0x1fff-later)<<8|only
		}
		// Candidates of one address and protocol are of one foundation.
		foundation := slices.IndexFunc(all, func(d Candidate) bool { return d.TCP == c.TCP && host(d) == host(c) })
		w.line("a=candidate:", decimal(uint32(foundation)+1), " 1 ", protocol, " ", decimal(priority), " ",
			host(c).String(), " ", decimal(c.Addr.Port()), " typ host", way)
	}
	w.line("a=end-of-candidates")
}

func host(c Candidate) netip.Addr { return c.Addr.Addr().Unmap().WithZone("") }
