package main

import (
	"crypto/ed25519"
	"errors"
	"strings"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
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
	Origin     string          `json:"origin"`
	Secret     hexBytes        `json:"secret"`
	Moderators hexBytes        `json:"moderators"`
	Moderator  hexBytes        `json:"moderator,omitempty"`
	Generation *linkGeneration `json:"generation,omitempty"`
	Masked     bool            `json:"masked,omitempty"`
	Ticket     *linkTicket     `json:"ticket,omitempty"`
	Rules      *linkRules      `json:"rules,omitempty"`
}

type linkGeneration struct {
	Number uint32   `json:"number"`
	Secret hexBytes `json:"secret"`
}

type linkTicket struct {
	Secret hexBytes `json:"secret"`
	Ticket hexBytes `json:"ticket"`
}

type linkRules struct {
	Policy     string   `json:"policy"` // the statement, with number 0
	Passphrase hexBytes `json:"passphrase,omitempty"`
	Host       hexBytes `json:"host,omitempty"`
}

type linkDerived struct {
	Room           hexBytes         `json:"room"`
	JoinKey        hexBytes         `json:"joinKey"`
	LeafMAC        hexBytes         `json:"leafMac"`
	PSK            hexBytes         `json:"psk"`
	PassphraseSalt hexBytes         `json:"passphraseSalt"`
	SignatureKey   hexBytes         `json:"signatureKey,omitempty"`
	KEMKey         hexBytes         `json:"kemKey,omitempty"`
	Generation     *derivedNext     `json:"generation,omitempty"`  // of the generation in a participant link
	Generations    []linkGeneration `json:"generations,omitempty"` // what M gives
}

type derivedNext struct {
	JoinKey hexBytes `json:"joinKey"`
	PSK     hexBytes `json:"psk"`
}

type linkProof struct {
	Nonce               hexBytes `json:"nonce"`
	Person              hexBytes `json:"person"`
	LeafSeed            hexBytes `json:"leafSeed"` // of the leaf's key, which makes the moderator proof
	JoinSignature       hexBytes `json:"joinSignature"`
	GenerationSignature hexBytes `json:"generationSignature,omitempty"`
	ModeratorSignature  hexBytes `json:"moderatorSignature"`
}

const origin = "https://meet.example"

func goodLink(name, origin string, l *link.Link) (*linkCase, error) {
	text, err := l.String(origin)
	if err != nil {
		return nil, err
	}
	if _, again, err := link.Parse(text); err != nil || again.Secret != l.Secret {
		return nil, errReference
	}
	c := &linkCase{Verdict: "ok", Name: name, Text: text, Link: partsOf(origin, l)}
	if err := c.derive(l); err != nil {
		return nil, err
	}
	return c, c.prove(l)
}

func partsOf(origin string, l *link.Link) *linkParts {
	p := &linkParts{Origin: origin, Secret: l.Secret[:], Moderators: l.Moderators[:], Masked: l.Masked}
	if l.Moderator != nil {
		p.Moderator = l.Moderator[:]
	}
	if g := l.Generation; g != nil {
		p.Generation = &linkGeneration{g.Number, g.Secret[:]}
	}
	if t := l.Ticket; t != nil {
		p.Ticket = &linkTicket{t.Secret[:], t.Signed}
	}
	if r := l.Rules; r != nil {
		policy, err := wire.EncodeStatement(r.Policy)
		if err == nil {
			p.Rules = &linkRules{policy, r.Passphrase, r.Host}
		}
	}
	return p
}

func (c *linkCase) derive(l *link.Link) error {
	room, err := l.Room()
	if err != nil {
		return err
	}
	c.Derived = &linkDerived{
		Room: room.ID[:], JoinKey: hexBytes(room.Join[ed25519.SeedSize:]), LeafMAC: room.LeafMAC, PSK: room.PSK, PassphraseSalt: room.PassphraseSalt,
	}
	if g := l.Generation; g != nil {
		join, err := g.Join()
		if err != nil {
			return err
		}
		psk, err := link.PSK(g.Secret)
		if err != nil {
			return err
		}
		c.Derived.Generation = &derivedNext{hexBytes(join[ed25519.SeedSize:]), psk}
	}
	if l.Moderator == nil {
		return nil
	}
	m, err := link.NewModerator(*l.Moderator)
	if err != nil {
		return err
	}
	c.Derived.SignatureKey, c.Derived.KEMKey = hexBytes(m.Signature[ed25519.SeedSize:]), m.KEM.PublicKey().Bytes()
	for _, number := range []uint32{1, 2, 1<<32 - 1} {
		g, err := link.NewGeneration(*l.Moderator, number)
		if err != nil {
			return err
		}
		c.Derived.Generations = append(c.Derived.Generations, linkGeneration{number, g.Secret[:]})
	}
	return nil
}

func (c *linkCase) prove(l *link.Link) error {
	room, err := l.Room()
	if err != nil {
		return err
	}
	nonce, person, leaf := secret(c.Name+" nonce"), secret(c.Name+" person"), secret(c.Name+" leaf")
	p := &linkProof{Nonce: nonce[:], Person: person[:link.PersonSize], LeafSeed: leaf[:]}
	c.Proof = p
	if p.JoinSignature, err = link.JoinProof.Sign(room.Join, nonce[:], room.ID[:], p.Person, nil); err != nil {
		return err
	}
	if p.ModeratorSignature, err = link.ModeratorProof.Sign(ed25519.NewKeyFromSeed(leaf[:]), nonce[:], room.ID[:], p.Person, nil); err != nil {
		return err
	}
	if l.Generation == nil {
		return nil
	}
	join, err := l.Generation.Join()
	if err != nil {
		return err
	}
	p.GenerationSignature, err = link.GenerationProof.Sign(join, nonce[:], room.ID[:], p.Person, nil)
	return err
}

// extended are links with more than a secret: generation, ticket, rules.
type extended struct {
	house  *house
	next   *link.Generation
	ticket *link.Ticket
	rules  *link.Rules
}

func newExtended() (*extended, error) {
	h, err := newHouse()
	if err != nil {
		return nil, err
	}
	next, err := link.NewGeneration(*h.link.Moderator, 3)
	if err != nil {
		return nil, err
	}
	t, err := h.ticket(link.Invitation{Many: true}, ticketSecret(), paddedLabel("Ada"))
	if err != nil {
		return nil, err
	}
	output := secret("output")
	pass, err := link.NewPassphrase(output[:])
	if err != nil {
		return nil, err
	}
	join, err := next.Join()
	if err != nil {
		return nil, err
	}
	rule := plainPolicy()
	rule.Seq, rule.Lobby, rule.Passphrase = 0, true, pass.Signature[ed25519.SeedSize:]
	rule.Generation = &wire.Generation{Number: 3, Key: join[ed25519.SeedSize:]}
	return &extended{h, next, t, &link.Rules{Policy: rule, Passphrase: output[:], Host: []byte("token")}}, nil
}

func links() (*file, error) {
	x, err := newExtended()
	if err != nil {
		return nil, err
	}
	moderator := x.house.link
	participant := &link.Link{Secret: moderator.Secret, Moderators: moderator.Moderators}
	with := func(change func(*link.Link)) *link.Link {
		l := *participant
		change(&l)
		return &l
	}
	ruled := *moderator
	ruled.Rules = x.rules
	plain := *moderator
	rule := plainPolicy()
	rule.Seq = 0
	plain.Rules = &link.Rules{Policy: rule}
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
		{"of a later generation", origin, with(func(l *link.Link) { l.Generation = x.next })},
		{"with a ticket", origin, with(func(l *link.Link) { l.Ticket = x.ticket })},
		{"with a generation and a ticket", origin, with(func(l *link.Link) { l.Generation, l.Ticket = x.next, x.ticket })},
		{"of a room with masks", origin, with(func(l *link.Link) { l.Masked = true })},
		{"with a generation, masks and a ticket", origin, with(func(l *link.Link) { l.Generation, l.Masked, l.Ticket = x.next, true, x.ticket })},
		{"with rules", origin, &ruled},
		{"with few rules", origin, &plain},
	} {
		c, err := goodLink(good.name, good.origin, good.link)
		if err != nil {
			return nil, err
		}
		f.Cases = append(f.Cases, c)
	}
	other, err := link.New(secret("L"), secret("another M"))
	if err != nil {
		return nil, err
	}
	texts := make([]string, 2)
	for i, l := range []*link.Link{moderator, other} {
		if texts[i], err = l.String(origin); err != nil {
			return nil, err
		}
	}
	bad := badLinks(participant.Participant(origin), texts[0], texts[1])
	more, err := x.badParts(participant.Participant(origin), texts[0])
	if err != nil {
		return nil, err
	}
	for _, bad := range append(bad, more...) {
		if _, _, err := link.Parse(bad[1]); err == nil {
			return nil, errors.Join(errReference, errors.New("gen: "+bad[0]))
		}
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
		{"very long", p + strings.Repeat("A", 30000)},
	}
}
