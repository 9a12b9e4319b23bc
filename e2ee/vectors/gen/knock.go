package main

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"strings"

	"paravent/e2ee/moderation"
)

type knockCase struct {
	Verdict   string   `json:"verdict"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind"` // knock, note
	Box       hexBytes `json:"box"`
	KEM       hexBytes `json:"kem"` // private key of who opens it
	Room      hexBytes `json:"room"`
	Person    hexBytes `json:"person"`              // who knocks; for whom the note is
	Key       hexBytes `json:"key,omitempty"`       // of a knock: signature key of the KeyPackage
	TicketKey hexBytes `json:"ticketKey,omitempty"` // of a knock: of the ticket beside it
	Said      *knocked `json:"said,omitempty"`      // what is in a good knock
	Text      string   `json:"text,omitempty"`      // what is in a good note
}

type knocked struct {
	KEM  hexBytes `json:"kem"`
	Name string   `json:"name"`
}

// porch is one knocker and one moderator.
type porch struct {
	*house
	file      *file
	bob       *someone
	ticket    ed25519.PrivateKey
	kem       *ecdh.PrivateKey // the moderator's
	ephemeral *ecdh.PrivateKey
}

func newPorch() (*porch, error) {
	h, err := newHouse()
	if err != nil {
		return nil, err
	}
	kem, err := x25519("stay kem")
	if err != nil {
		return nil, err
	}
	ephemeral, err := x25519("knock ephemeral")
	if err != nil {
		return nil, err
	}
	seed := secret("ticket key")
	return &porch{
		house: h, bob: newSomeone("bob"), ticket: ed25519.NewKeyFromSeed(seed[:]), kem: kem, ephemeral: ephemeral,
		file: &file{About: "Knocks and notes (PROTOCOL.md, Knocking): what the owner of a KEM key makes of a box."},
	}, nil
}

func (p *porch) info(label string) []byte {
	return slices.Concat([]byte(label), p.house.room.ID[:], p.bob.id[:])
}

func pad(content []byte) []byte {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, 768), uint16(len(content)))
	return append(b, content...)[:768]
}

func (p *porch) seal(info, padded []byte) ([]byte, error) {
	return sealHPKE(p.ephemeral, p.kem.PublicKey(), info, padded)
}

// knock is a knock's content; its members are given in order.
func (p *porch) knock(name string, withTicket bool) []byte {
	signature := p.sign("paravent knock signature v1", p.bob, slices.Concat(p.bob.kem[:], []byte(name)))
	b := slices.Concat([]byte{0xa3}, text("kem"), blob(p.bob.kem[:]), text("name"), text(name))
	if withTicket {
		b[0]++
		b = slices.Concat(b, text("ticket"), blob(moderation.SignKnock(p.ticket, p.house.room.ID, p.bob.id, p.bob.public())))
	}
	return slices.Concat(b, text("signature"), blob(signature))
}

func (p *porch) sign(label string, by *someone, rest []byte) []byte {
	return ed25519.Sign(by.key, slices.Concat([]byte(label), p.house.room.ID[:], p.bob.id[:], rest))
}

func (p *porch) add(kind, verdict, name string, box []byte, change ...func(*knockCase)) {
	c := knockCase{Verdict: verdict, Name: name, Kind: kind, Box: box, KEM: p.kem.Bytes(), Room: p.house.room.ID[:], Person: p.bob.id[:]}
	if kind == "knock" {
		c.Key = hexBytes(p.bob.key[ed25519.SeedSize:])
	}
	for _, f := range change {
		f(&c)
	}
	p.file.Cases = append(p.file.Cases, c)
}

func knocks() (*file, error) {
	p, err := newPorch()
	if err != nil {
		return nil, err
	}
	ticketKey := hexBytes(p.ticket[ed25519.SeedSize:])
	beside := func(c *knockCase) { c.TicketKey = ticketKey }
	for _, good := range []struct {
		name, said string
		ticket     bool
	}{{"of Ada", "Ada", false}, {"without a name", "", false}, {"with a ticket and a name of 512 bytes", strings.Repeat("ж", 256), true}} {
		box, err := p.seal(p.info("paravent knock v1"), pad(p.knock(good.said, good.ticket)))
		if err != nil {
			return nil, err
		}
		p.add("knock", "ok", good.name, box, func(c *knockCase) {
			c.Said = &knocked{p.bob.kem[:], good.said}
			if good.ticket {
				c.TicketKey = ticketKey
			}
		})
	}
	if err := p.falseKnocks(beside); err != nil {
		return nil, err
	}
	for _, play := range []func() error{p.badKnocks, p.elsewhere, p.notes} {
		if err := play(); err != nil {
			return nil, err
		}
	}
	return p.file, nil
}

// falseKnocks are those whose proofs are not their own.
func (p *porch) falseKnocks(beside func(*knockCase)) error {
	ada := newSomeone("ada")
	plain, with := p.knock("Ada", false), p.knock("Ada", true)
	theirs := slices.Concat([]byte{0xa4}, plain[1:len(plain)-76], text("ticket"),
		blob(moderation.SignKnock(p.ticket, p.house.room.ID, p.bob.id, ada.public())), plain[len(plain)-76:])
	signedBy := slices.Concat(plain[:len(plain)-64], p.sign("paravent knock signature v1", ada, slices.Concat(p.bob.kem[:], []byte("Ada"))))
	label := slices.Concat(plain[:len(plain)-64], p.sign("paravent statement v1", p.bob, slices.Concat(p.bob.kem[:], []byte("Ada"))))
	for _, c := range []struct {
		name    string
		content []byte
		change  func(*knockCase)
	}{
		{"a ticket beside it that it does not prove", plain, beside},
		{"a proof of a ticket that did not come", with, func(*knockCase) {}},
		{"another ticket beside it", with, func(c *knockCase) { c.TicketKey = hexBytes(ada.key[ed25519.SeedSize:]) }},
		{"a proof of the ticket for another leaf", theirs, beside},
		{"signed by another", signedBy, func(*knockCase) {}},
		{"signed under another label", label, func(*knockCase) {}},
		{"another signature key in the KeyPackage", plain, func(c *knockCase) { c.Key = hexBytes(ada.key[ed25519.SeedSize:]) }},
		{"another name than was signed", bytes.Replace(plain, []byte("Ada"), []byte("Eda"), 1), func(*knockCase) {}},
	} {
		box, err := p.seal(p.info("paravent knock v1"), pad(c.content))
		if err != nil {
			return err
		}
		p.add("knock", "refused", c.name, box, c.change)
	}
	return nil
}

// badKnocks are authentic, but not as a knock must be.
func (p *porch) badKnocks() error {
	plain := p.knock("Ada", false)
	signature := plain[len(plain)-76:]
	kem := slices.Concat(text("kem"), blob(p.bob.kem[:]))
	long := pad(plain)
	binary.BigEndian.PutUint16(long, 767)
	dirty := pad(plain)
	dirty[767] = 1
	short := pad(plain)
	binary.BigEndian.PutUint16(short, uint16(len(plain)-1))
	for _, c := range []struct {
		name   string
		padded []byte
	}{
		{"a name of 513 bytes", pad(p.knock(strings.Repeat("x", 513), false))},
		{"nothing inside", pad(nil)},
		{"no map", pad(text("Ada"))},
		{"no name", pad(slices.Concat([]byte{0xa2}, kem, signature))},
		{"a member too many", pad(slices.Concat([]byte{0xa4}, plain[1:], text("z"), []byte{0}))},
		{"members in another order", pad(slices.Concat([]byte{0xa3}, text("name"), text("Ada"), kem, signature))},
		{"a member twice", pad(slices.Concat([]byte{0xa4}, kem, plain[1:]))},
		{"an open map", pad(slices.Concat([]byte{0xbf}, plain[1:], []byte{0xff}))},
		{"an empty ticket", pad(slices.Concat([]byte{0xa4}, plain[1:len(plain)-76], text("ticket"), blob(nil), signature))},
		{"a KEM key that is text", pad(slices.Concat([]byte{0xa3}, text("kem"), text("x"), plain[1+len(kem):]))},
		{"a KEM key of 31 bytes", pad(slices.Concat([]byte{0xa3}, text("kem"), blob(p.bob.kem[1:]), plain[1+len(kem):]))},
		{"a name that is bytes", pad(slices.Concat([]byte{0xa3}, kem, text("name"), []byte{0x43}, []byte("Ada"), signature))},
		{"a length beyond the end", long},
		{"a length too short", short},
		{"padding that is not 0", dirty},
		{"less padding", pad(plain)[:512]},
		{"more padding", append(pad(plain), 0)},
	} {
		box, err := p.seal(p.info("paravent knock v1"), c.padded)
		if err != nil {
			return err
		}
		p.add("knock", "refused", c.name, box)
	}
	return nil
}

// elsewhere opens a good knock where it does not belong.
func (p *porch) elsewhere() error {
	box, err := p.seal(p.info("paravent knock v1"), pad(p.knock("Ada", false)))
	if err != nil {
		return err
	}
	other := secret("other")
	p.add("knock", "refused", "in another room", box, func(c *knockCase) { c.Room = other[:16] })
	p.add("knock", "refused", "said to be of another person", box, func(c *knockCase) { c.Person = other[:16] })
	p.add("knock", "refused", "for another key", box, func(c *knockCase) { c.KEM = other[:] })
	p.add("knock", "refused", "first bit of the encapsulated key changed", flip(box, 0))
	p.add("knock", "refused", "ciphertext changed", flip(box, 8*100))
	p.add("knock", "refused", "tag changed", flip(box, 8*815))
	p.add("knock", "refused", "nothing", nil)
	p.add("knock", "refused", "one byte short", box[:815])
	p.add("knock", "refused", "one byte long", append(slices.Clone(box), 0))
	p.add("knock", "refused", "an encapsulated key of low order", slices.Concat(make([]byte, 32), box[32:]))
	p.add("note", "refused", "a knock as a note", box)
	note, err := p.seal(p.info("paravent note v1"), pad(p.knock("Ada", false)))
	if err != nil {
		return err
	}
	p.add("knock", "refused", "sealed as a note", note)
	return nil
}

func (p *porch) notes() error {
	for _, c := range []struct {
		verdict, name string
		padded        []byte
		text          string
	}{
		{"ok", "a line", pad([]byte("Gleich.")), "Gleich."},
		{"ok", "500 bytes", pad([]byte(strings.Repeat("x", 500))), strings.Repeat("x", 500)},
		{"refused", "501 bytes", pad([]byte(strings.Repeat("x", 501))), ""},
		{"refused", "nothing said", pad(nil), ""},
		{"refused", "a line that is not UTF-8", pad([]byte{0xff}), ""},
		{"refused", "padding that is not 0", append(pad([]byte("x"))[:767], 1), ""},
	} {
		box, err := p.seal(p.info("paravent note v1"), c.padded)
		if err != nil {
			return err
		}
		p.add("note", c.verdict, c.name, box, func(k *knockCase) { k.Text = c.text })
	}
	box, err := p.seal(p.info("paravent note v1"), pad([]byte("Gleich.")))
	if err != nil {
		return err
	}
	other := secret("other")
	p.add("note", "refused", "for another person", box, func(c *knockCase) { c.Person = other[:16] })
	p.add("note", "refused", "in another room", box, func(c *knockCase) { c.Room = other[:16] })
	p.add("note", "refused", "changed", flip(box, 8*40))
	return nil
}

// blob is a CBOR byte string of less than 256 bytes.
func blob(b []byte) []byte {
	if len(b) < 24 {
		return append([]byte{0x40 | byte(len(b))}, b...)
	}
	return append([]byte{0x58, byte(len(b))}, b...)
}
