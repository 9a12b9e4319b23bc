package description

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// text is a description after its grammar was read.
type text struct {
	session attributes
	parts   []part
}

// part is a media section.
type part struct {
	attributes
	mid      string
	video    bool
	active   bool // not stopped, nor rejected
	bundled  bool // to be used in the bundle only (RFC 8843, section 6)
	protocol string
	numbers  []uint8 // payload types
}

// attributes are the values of one level by their names.
type attributes map[string][]string

func collect(list []sdp.Attribute) attributes {
	all := attributes{}
	for _, a := range list {
		all[a.Key] = append(all[a.Key], a.Value)
	}
	return all
}

func (a attributes) has(name string) bool { return len(a[name]) > 0 }

// mixed says whether extensions of both forms may be mixed in all sections,
// and whether the session says so or they do, which Firefox prefers.
func (t *text) mixed() (all, session bool) {
	const name = "extmap-allow-mixed"
	missing := func(p part) bool { return p.active && !p.has(name) }
	session = t.session.has(name)
	return session || !slices.ContainsFunc(t.parts, missing), session
}

// parse reads the grammar of a description, and what every section must have.
func parse(s string, size, sections int) (*text, error) {
	if len(s) > size {
		return nil, ErrRefused
	}
	d := &sdp.SessionDescription{}
	if d.UnmarshalString(s) != nil {
		return nil, ErrRefused
	}
	if len(d.MediaDescriptions) == 0 || len(d.MediaDescriptions) > sections {
		return nil, ErrRefused
	}
	t := &text{session: collect(d.Attributes)}
	seen := map[string]bool{}
	for _, m := range d.MediaDescriptions {
		p, ok := parsePart(m)
		if !ok || seen[p.mid] {
			return nil, ErrRefused
		}
		seen[p.mid] = true
		t.parts = append(t.parts, p)
	}
	return t, nil
}

// protocols are those of media over DTLS-SRTP. Neither says anything of the
// candidates that are used (RFC 8829, section 5.1.2).
var protocols = []string{"UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF"} //nolint:gochecknoglobals // immutable table

func parsePart(m *sdp.MediaDescription) (part, bool) {
	p := part{attributes: collect(m.Attributes)}
	p.video = m.MediaName.Media == "video"
	if !p.video && m.MediaName.Media != "audio" || m.MediaName.Port.Range != nil {
		return p, false
	}
	i := slices.Index(protocols, strings.Join(m.MediaName.Protos, "/"))
	if i < 0 {
		return p, false
	}
	p.protocol = protocols[i]
	if len(p.attributes["mid"]) != 1 || !isName(p.attributes["mid"][0]) {
		return p, false
	}
	p.mid = p.attributes["mid"][0]
	// Firefox writes port 0 for all but the first section of a bundle; without
	// bundle-only it is a stopped one.
	p.bundled = p.has("bundle-only")
	p.active = m.MediaName.Port.Value != 0 || p.bundled
	for _, f := range m.MediaName.Formats {
		n, ok := number(f, 127)
		if !ok || slices.Contains(p.numbers, uint8(n)) {
			return p, false
		}
		p.numbers = append(p.numbers, uint8(n))
	}
	return p, len(p.numbers) > 0
}

// direction reads one of the four; without one it is sendrecv (RFC 8866,
// section 6.7).
func (p *part) direction() (string, bool) {
	found := ""
	for _, d := range [...]string{"sendrecv", "sendonly", "recvonly", "inactive"} {
		switch n := len(p.attributes[d]); {
		case n > 1 || n == 1 && found != "":
			return "", false
		case n == 1:
			found = d
		}
	}
	if found == "" {
		return "sendrecv", true
	}
	return found, true
}

// isName says whether a media id or rid is one that we carry. RFC 5888 and
// RFC 8851 allow more letters; nobody uses them.
func isName(s string) bool {
	for _, c := range []byte(s) {
		if !isLetter(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// isIce says whether a word is made of the letters of ICE credentials.
func isIce(s string, least int) bool {
	for _, c := range []byte(s) {
		if !isLetter(c) && c != '+' && c != '/' {
			return false
		}
	}
	return len(s) >= least && len(s) <= 256
}

func isLetter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// number reads digits, and nothing but them.
func number(s string, most uint64) (uint64, bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n <= most
}
