package description

import "strings"

// extensions are those we use, in the order in which they are written. The
// client lets no others through (client/src/call/sdp.ts).
var extensions = [...]struct { //nolint:gochecknoglobals // immutable table
	uri   string
	of    func(*Extensions) *uint8
	sound bool // for audio too
}{
	{"urn:ietf:params:rtp-hdrext:sdes:mid", func(e *Extensions) *uint8 { return &e.Mid }, true},
	{"http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", func(e *Extensions) *uint8 { return &e.TransportCC }, true},
	{"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension", func(e *Extensions) *uint8 { return &e.Dependency }, false},
	{"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", func(e *Extensions) *uint8 { return &e.RID }, false},
	{"urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", func(e *Extensions) *uint8 { return &e.Repaired }, false},
}

// extensions reads the numbers of those of ours that go in one direction,
// which is sendonly or recvonly. oneWay are those said to go only there.
func (p *part) extensions(direction string, mixed bool) (all, oneWay Extensions, ok bool) {
	var seen Extensions
	for _, v := range p.attributes["extmap"] {
		words := strings.Fields(v)
		if len(words) < 2 {
			return all, oneWay, false
		}
		id, way, _ := strings.Cut(words[0], "/")
		n, numeric := number(id, 1<<16)
		if !numeric {
			return all, oneWay, false
		}
		of := p.extension(words[1])
		if of == nil {
			continue
		}
		if *of(&seen) != 0 {
			return all, oneWay, false
		}
		*of(&seen) = 1
		if !usable(n, mixed) {
			continue
		}
		switch way {
		case direction:
			*of(&oneWay) = uint8(n)
			*of(&all) = uint8(n)
		case "", "sendrecv":
			*of(&all) = uint8(n)
		}
	}
	return all, oneWay, all.distinct()
}

// extension finds the one of a name; nil: it is not ours.
func (p *part) extension(uri string) func(*Extensions) *uint8 {
	for _, x := range extensions {
		if x.uri == uri && (p.video || x.sound) {
			return x.of
		}
	}
	return nil
}

// usable says whether a number can stand in a packet: beyond 14 only in the
// form of two bytes, and 15 ends a block of the other (RFC 8285, section 4.2).
func usable(n uint64, mixed bool) bool {
	return n >= 1 && n <= 14 || mixed && n >= 16 && n <= 255
}

// distinct says whether no number stands for two extensions.
func (e Extensions) distinct() bool {
	var seen [256]bool
	for _, x := range extensions {
		n := *x.of(&e)
		if n != 0 && seen[n] {
			return false
		}
		seen[n] = true
	}
	return true
}

// join adds others. False: one extension would have two numbers, or one number
// two meanings, which the sections of a bundle must not have (RFC 8843,
// section 12).
func (e *Extensions) join(others Extensions) bool {
	for _, x := range extensions {
		here, there := x.of(e), *x.of(&others)
		if *here != 0 && there != 0 && *here != there {
			return false
		}
		*here = max(*here, there)
	}
	return e.distinct()
}
