package main

import (
	"crypto/ed25519"
	"strings"

	"paravent/e2ee/link"
)

type linkCase struct {
	Verdict string       `json:"verdict"`
	Name    string       `json:"name"`
	Text    string       `json:"text"`
	Link    *linkParts   `json:"link,omitempty"`
	Derived *linkDerived `json:"derived,omitempty"`
	Proof   *linkProof   `json:"proof,omitempty"`
}

type linkParts struct {
	Origin     string   `json:"origin"`
	Secret     hexBytes `json:"secret"`
	Moderators hexBytes `json:"moderators"`
	Moderator  hexBytes `json:"moderator,omitempty"`
}

type linkDerived struct {
	Room         hexBytes `json:"room"`
	JoinKey      hexBytes `json:"joinKey"`
	LeafMAC      hexBytes `json:"leafMac"`
	PSK          hexBytes `json:"psk"`
	SignatureKey hexBytes `json:"signatureKey,omitempty"`
	KEMKey       hexBytes `json:"kemKey,omitempty"`
}

type linkProof struct {
	Nonce              hexBytes `json:"nonce"`
	Person             hexBytes `json:"person"`
	JoinSignature      hexBytes `json:"joinSignature"`
	ModeratorSignature hexBytes `json:"moderatorSignature,omitempty"`
}

const origin = "https://meet.example"

func goodLink(name, origin string, l *link.Link) (linkCase, error) {
	room, err := l.Room()
	if err != nil {
		return linkCase{}, err
	}
	nonce, person := secret(name+" nonce"), secret(name+" person")
	c := linkCase{
		Verdict: "ok", Name: name, Text: l.String(origin),
		Link:    &linkParts{Origin: origin, Secret: l.Secret[:], Moderators: l.Moderators[:]},
		Derived: &linkDerived{Room: room.ID[:], JoinKey: hexBytes(room.Join[ed25519.SeedSize:]), LeafMAC: room.LeafMAC, PSK: room.PSK},
		Proof:   &linkProof{Nonce: nonce[:], Person: person[:link.PersonSize]},
	}
	if c.Proof.JoinSignature, err = room.ProveJoin(nonce[:], c.Proof.Person); err != nil || l.Moderator == nil {
		return c, err
	}
	m, err := link.NewModerator(*l.Moderator)
	if err != nil {
		return linkCase{}, err
	}
	c.Link.Moderator = l.Moderator[:]
	c.Derived.SignatureKey, c.Derived.KEMKey = hexBytes(m.Signature[ed25519.SeedSize:]), m.KEM.PublicKey().Bytes()
	c.Proof.ModeratorSignature, err = m.Prove(nonce[:], room.ID[:], c.Proof.Person)
	return c, err
}

func links() (*file, error) {
	moderator, err := link.New(secret("L"), secret("M"))
	if err != nil {
		return nil, err
	}
	other, err := link.New(secret("L"), secret("another M"))
	if err != nil {
		return nil, err
	}
	participant := &link.Link{Secret: moderator.Secret, Moderators: moderator.Moderators}
	f := &file{About: "Links (PROTOCOL.md, Link and Proofs): text, what is derived, and the proofs for one nonce and person."}
	for _, good := range []struct {
		name, origin string
		link         *link.Link
	}{
		{"a participant's", origin, participant},
		{"a moderator's", origin, moderator},
		{"with a port", "https://meet.example:8443", moderator},
		{"on this machine", "http://127.0.0.1:8080", participant},
		{"an IPv6 address", "https://[2001:db8::1]:8443", participant},
		{"all zero", origin, &link.Link{}},
	} {
		c, err := goodLink(good.name, good.origin, good.link)
		if err != nil {
			return nil, err
		}
		f.Cases = append(f.Cases, c)
	}
	for _, bad := range badLinks(participant.Participant(origin), moderator.String(origin), other.String(origin)) {
		f.Cases = append(f.Cases, linkCase{Verdict: "bad link", Name: bad[0], Text: bad[1]})
	}
	return f, nil
}

func badLinks(p, m, other string) [][2]string {
	at := strings.Index(p, "#1.") + len("#1.")
	mod := m[len(p)+1:]
	last := m[:len(m)-1]
	unused := string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", m[len(m)-1])|1])
	return [][2]string{
		{"nothing", ""},
		{"no fragment", origin + "/"},
		{"an empty fragment", origin + "/#"},
		{"a fragment alone", p[strings.Index(p, "#"):]},
		{"version 0", strings.Replace(p, "#1.", "#0.", 1)},
		{"version 2", strings.Replace(p, "#1.", "#2.", 1)},
		{"no version", strings.Replace(p, "#1.", "#", 1)},
		{"version with v", strings.Replace(p, "#1.", "#v1.", 1)},
		{"one character short", p[:len(p)-1]},
		{"one character long", p + "A"},
		{"a character that is not base64url", p[:at] + "+" + p[at+1:]},
		{"padding", p + "=="},
		{"a space before", " " + p},
		{"a space after", p + " "},
		{"a line break after", p + "\n"},
		{"an empty moderator part", p + "."},
		{"a short moderator part", last},
		{"a long moderator part", m + "A"},
		{"unused bits set", last + unused},
		{"a moderator part twice", m + "." + mod},
		{"a moderator part of another room", other[:len(p)] + "." + mod},
		{"mh changed in a moderator's link", p[:len(p)-2] + "AA." + mod},
		{"the moderator part alone", origin + "/#1." + mod},
		{"http", strings.Replace(p, "https:", "http:", 1)},
		{"another scheme", strings.Replace(p, "https:", "ftp:", 1)},
		{"no scheme", strings.TrimPrefix(p, "https://")},
		{"a path", strings.Replace(p, "/#", "/room/#", 1)},
		{"no slash", strings.Replace(p, "/#", "#", 1)},
		{"two slashes", strings.Replace(p, "/#", "//#", 1)},
		{"a query", strings.Replace(p, "/#", "/?a=b#", 1)},
		{"a user", strings.Replace(p, "https://", "https://user@", 1)},
		{"upper case", strings.Replace(p, "meet.", "Meet.", 1)},
		{"a host that is not ASCII", strings.Replace(p, "meet", "me\u0435t", 1)},
		{"no host", strings.Replace(p, "meet.example", "", 1)},
		{"a dot at the end of the host", strings.Replace(p, "example", "example.", 1)},
		{"the default port", strings.Replace(p, "example", "example:443", 1)},
		{"port 0", strings.Replace(p, "example", "example:0", 1)},
		{"port 65536", strings.Replace(p, "example", "example:65536", 1)},
		{"a port with a leading zero", strings.Replace(p, "example", "example:08443", 1)},
		{"an empty port", strings.Replace(p, "example", "example:", 1)},
		{"very long", p + strings.Repeat("A", 5000)},
	}
}
