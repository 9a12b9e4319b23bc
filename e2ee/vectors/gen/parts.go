package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

func part(letter string, b ...[]byte) string {
	return "~" + letter + base64.RawURLEncoding.EncodeToString(slices.Concat(b...))
}

// badParts are links whose tail is wrong: p and m are a participant's and a
// moderator's link without one.
func (x *extended) badParts(p, m string) ([][2]string, error) {
	number := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	g := part("g", number(3), x.next.Secret[:])
	t := part("t", x.ticket.Secret[:], x.ticket.Signed)
	mask := part("m", []byte{1})
	list := [][2]string{
		{"masks 0", p + part("m", []byte{0})},
		{"masks 2", p + part("m", []byte{2})},
		{"masks without a byte", p + "~m"},
		{"masks of two bytes", p + part("m", []byte{1, 0})},
		{"masks twice", p + mask + mask},
		{"masks before the generation", p + mask + g},
		{"masks after the ticket", p + t + mask},
		{"masks in a moderator's link", m + mask},
		{"unused bits set in masks", p + mask[:3] + "R"},
		{"a tail without a part", p + "~"},
		{"a part without bytes", p + "~g"},
		{"a part of an unknown letter", p + part("x", x.next.Secret[:])},
		{"a part in upper case", p + "~G" + g[2:]},
		{"generation 0", p + part("g", number(0), x.next.Secret[:])},
		{"a generation one byte short", p + part("g", number(3), x.next.Secret[1:])},
		{"a generation one byte long", p + part("g", number(3), x.next.Secret[:], []byte{0})},
		{"a generation twice", p + g + g},
		{"a generation in a moderator's link", m + g},
		{"the ticket before the generation", p + t + g},
		{"a ticket twice", p + t + t},
		{"a ticket in a moderator's link", m + t},
		{"a ticket one byte short", p + part("t", x.ticket.Secret[:], x.ticket.Signed[:291])},
		{"a ticket one byte long", p + part("t", x.ticket.Secret[:], x.ticket.Signed, []byte{0})},
		{"a ticket whose secret is another", p + part("t", make([]byte, 16), x.ticket.Signed)},
		{"a ticket that was changed", p + part("t", x.ticket.Secret[:], flip(x.ticket.Signed, 9))},
		{"a ticket without its secret", p + part("t", x.ticket.Signed)},
		{"a line break in a part", p + g[:20] + "\n" + g[20:]},
		{"padding in a part", p + g + "="},
		{"a tail between the parts", strings.Replace(m, ".", g+".", 1)},
		{"a separator at the end", p + g + "~"},
		{"two separators", p + "~" + g},
		{"unused bits set in a part", p + part("t", x.ticket.Secret[:], x.ticket.Signed)[:411] + "_"},
	}
	rules, err := x.badRules()
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		list = append(list, [2]string{r.name, m + part("r", r.bytes)})
	}
	full, err := x.rulesBytes(func(*wire.Policy) {})
	if err != nil {
		return nil, err
	}
	own := part("r", full)
	return append(list,
		[2]string{"rules in a participant's link", p + own},
		[2]string{"rules twice", m + own + own},
		[2]string{"rules and a generation", m + own + g},
		[2]string{"a generation and rules", m + g + own},
	), nil
}

type namedBytes struct {
	name  string
	bytes []byte
}

// cborRules are rules of these members, whose keys are letters.
func cborRules(members ...any) []byte {
	b := []byte{0xa0 | byte(len(members)/2)}
	for _, m := range members { // keys are text, as values may be
		switch v := m.(type) {
		case string:
			b = append(b, text(v)...)
		case []byte:
			b = append(b, blob(v)...)
		}
	}
	return b
}

// ruleText is the policy of the rules, changed.
func (x *extended) ruleText(change func(*wire.Policy)) (string, error) {
	p := *x.rules.Policy
	change(&p)
	return wire.EncodeStatement(&p)
}

func (x *extended) rulesBytes(change func(*wire.Policy)) ([]byte, error) {
	t, err := x.ruleText(change)
	return cborRules("h", x.rules.Host, "p", t, "s", x.rules.Passphrase), err
}

func (x *extended) badRules() ([]namedBytes, error) {
	good, err := x.ruleText(func(*wire.Policy) {})
	if err != nil {
		return nil, err
	}
	bare, err := x.ruleText(func(p *wire.Policy) { p.Passphrase, p.Generation = nil, nil })
	if err != nil {
		return nil, err
	}
	host, out := x.rules.Host, x.rules.Passphrase
	list := []namedBytes{
		{"rules that are no CBOR", []byte("rules")},
		{"rules that are no map", text(good)},
		{"empty rules", []byte{0xa0}},
		{"rules without a policy", cborRules("h", host)},
		{"rules with a member too many", cborRules("h", host, "p", good, "s", out, "z", host)},
		{"rules in another order", cborRules("p", good, "h", host, "s", out)},
		{"rules with upper case keys", cborRules("H", host, "p", good, "s", out)},
		{"rules with a member twice", cborRules("p", bare, "p", bare)},
		{"rules with something after the end", append(cborRules("p", bare), 0)},
		{"rules cut short", cborRules("p", bare)[:100]},
		{"rules whose policy is bytes", slices.Concat([]byte{0xa1}, text("p"), []byte{0x59, byte(len(bare) >> 8), byte(len(bare))}, []byte(bare))},
		{"rules whose policy is another statement", cborRules("p", `{"t":"end","seq":0}`)},
		{"rules whose policy has white space", cborRules("p", strings.Replace(bare, ",", ", ", 1))},
		{"rules whose policy is unknown", cborRules("p", strings.Replace(bare, `"lobby"`, `"hobby"`, 1))},
		{"rules with an empty host token", cborRules("h", []byte{}, "p", bare)},
		{"rules with a host token of 129 bytes", cborRules("h", make([]byte, 129), "p", bare)},
		{"rules with a host token that is text", cborRules("h", "token", "p", bare)},
		{"a passphrase without its secret", cborRules("p", good)},
		{"a secret without its passphrase", cborRules("p", bare, "s", out)},
		{"a secret of another passphrase", cborRules("p", good, "s", make([]byte, 32))},
		{"a secret of 31 bytes", cborRules("p", good, "s", out[1:])},
	}
	for _, changed := range []struct {
		name   string
		change func(*wire.Policy)
	}{
		{"rules with a number", func(p *wire.Policy) { p.Seq = 1 }},
		{"rules of version 0", func(p *wire.Policy) { p.Version = 0 }},
		{"rules with generation 0", func(p *wire.Policy) { p.Generation = &wire.Generation{Key: p.Generation.Key} }},
		{"rules with another generation's key", func(p *wire.Policy) { p.Generation = &wire.Generation{Number: 2, Key: p.Generation.Key} }},
		{"rules with a generation of 2^32", func(p *wire.Policy) { p.Generation = &wire.Generation{Number: 1 << 32, Key: p.Generation.Key} }},
		{"rules with a generation that M does not give", func(p *wire.Policy) { p.Generation = &wire.Generation{Number: 3, Key: p.Passphrase} }},
	} {
		b, err := x.rulesBytes(changed.change)
		if err != nil {
			return nil, err
		}
		list = append(list, namedBytes{changed.name, b})
	}
	other, err := link.NewPassphrase(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	b, err := x.rulesBytes(func(p *wire.Policy) { p.Passphrase = other.Signature[ed25519.SeedSize:] })
	return append(list, namedBytes{"a key of another passphrase", b}), err
}
