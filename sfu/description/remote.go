package description

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// maxFingerprints is how many certificates a peer may name.
const maxFingerprints = 4

// remote reads the one transport that all sections share (BUNDLE, RFC 8843):
// the attributes of it stand at the session, at the first section of the
// bundle or at all; where they stand twice they are the same. The DTLS role is
// one of roles.
func (t *text) remote(roles ...string) (Remote, error) {
	var r Remote
	tag, ok := t.bundle()
	if !ok || !tag.has("rtcp-mux") || t.session.has("ice-lite") {
		// Two lite agents would wait for each other's checks for ever.
		return r, ErrRefused
	}
	levels := []attributes{t.session}
	for _, p := range t.parts {
		if p.active {
			levels = append(levels, p.attributes)
		}
	}
	role, ok := common(levels, "setup")
	if !ok || !slices.Contains(roles, role) {
		return r, ErrRefused
	}
	r.Ufrag, ok = common(levels, "ice-ufrag")
	if !ok || !isIce(r.Ufrag, 4) {
		return r, ErrRefused
	}
	r.Pwd, ok = common(levels, "ice-pwd")
	if !ok || !isIce(r.Pwd, 22) {
		return r, ErrRefused
	}
	r.Ufrag, r.Pwd = strings.Clone(r.Ufrag), strings.Clone(r.Pwd)
	r.Fingerprints, ok = fingerprints(levels)
	if !ok {
		return r, ErrRefused
	}
	// What the bundle is established with has them, or all inherit them.
	for _, name := range [...]string{"setup", "ice-ufrag", "ice-pwd", "fingerprint"} {
		if !tag.has(name) && !t.session.has(name) {
			return r, ErrRefused
		}
	}
	return r, nil
}

// bundle checks that all active sections and no others are in one bundle, and
// finds the one that stands for it.
func (t *text) bundle() (tag *part, ok bool) {
	var mids []string
	for _, g := range t.session["group"] {
		words := strings.Fields(g)
		if len(words) == 0 || words[0] != "BUNDLE" {
			continue
		}
		if mids != nil || len(words)-1 > len(t.parts) {
			return nil, false
		}
		mids = words[1:]
	}
	active := 0
	for i := range t.parts {
		p := &t.parts[i]
		if p.active != slices.Contains(mids, p.mid) {
			return nil, false
		}
		if !p.active {
			continue
		}
		active++
		if p.mid == mids[0] {
			tag = p
		}
	}
	return tag, tag != nil && active == len(mids) // no word twice, none unknown
}

// common is the one value that an attribute has wherever it stands.
func common(levels []attributes, name string) (value string, ok bool) {
	for _, l := range levels {
		for i, v := range l[name] {
			if i > 0 || value != "" && v != value || v == "" {
				return "", false
			}
			value = v
		}
	}
	return value, value != ""
}

// fingerprints reads those of SHA-256, of which every peer has one. Others are
// stepped over: RFC 8122, section 5, lets a peer name one certificate by
// several hash functions.
func fingerprints(levels []attributes) (all [][sha256.Size]byte, ok bool) {
	for _, l := range levels {
		if !l.has("fingerprint") {
			continue
		}
		var here [][sha256.Size]byte
		if len(l["fingerprint"]) > maxFingerprints {
			return nil, false
		}
		for _, v := range l["fingerprint"] {
			hash, value, _ := strings.Cut(v, " ")
			if !strings.EqualFold(hash, "sha-256") {
				continue
			}
			f, ok := fingerprint(value)
			if !ok {
				return nil, false
			}
			here = append(here, f)
		}
		if len(here) == 0 || all != nil && !slices.Equal(all, here) {
			return nil, false
		}
		all = here
	}
	return all, all != nil
}

// fingerprint reads bytes in hexadecimal, with colons between them.
func fingerprint(s string) (f [sha256.Size]byte, ok bool) {
	if len(s) != 3*len(f)-1 {
		return f, false
	}
	for i := range f {
		if i > 0 && s[3*i-1] != ':' {
			return f, false
		}
		if _, err := hex.Decode(f[i:i+1], []byte(s[3*i:3*i+2])); err != nil {
			return f, false
		}
	}
	return f, true
}
