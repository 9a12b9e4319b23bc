package group

import (
	"bytes"
	"crypto/ed25519"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

// links is the link generations and the passphrase of a room as one person
// knows them: which PSK belongs to which generation, and what begins the next
// (PROTOCOL.md, "Link generations" and "Passphrase").
type links struct {
	first     []byte                 // psk[0]
	moderator *[link.SecretSize]byte // M; nil in a participant link
	later     map[uint32]*link.Generation
	pass      *link.Passphrase
	typed     bool // the person has said the passphrase, whatever the rules say
}

// linksOf takes all that a link holds, and what Stretch made of the passphrase
// that the person said (nil: none).
func linksOf(l *link.Link, room *link.Room, typed []byte) (*links, error) {
	k := &links{first: bytes.Clone(room.PSK), later: map[uint32]*link.Generation{}, typed: typed != nil}
	if l.Moderator != nil {
		secret := *l.Moderator
		k.moderator = &secret
	}
	if l.Generation != nil {
		k.learn(l.Generation)
	}
	output := typed
	if output == nil && l.Rules != nil {
		output = l.Rules.Passphrase
	}
	if output == nil {
		return k, nil
	}
	pass, err := link.NewPassphrase(output)
	k.pass = pass
	return k, err
}

func (k *links) learn(g *link.Generation) {
	known := *g
	k.later[g.Number] = &known
}

// generation returns a generation after the first; nil if this person cannot
// know it.
func (k *links) generation(number uint64) *link.Generation {
	if number == 0 || number != uint64(uint32(number)) {
		return nil
	}
	if g := k.later[uint32(number)]; g != nil || k.moderator == nil {
		return g
	}
	g, err := link.NewGeneration(*k.moderator, uint32(number))
	if err != nil {
		return nil
	}
	k.learn(g)
	return g
}

// named returns the generation that the rules name, if this person knows it
// under the key that they name.
func (k *links) named(rules *wire.Policy) *link.Generation {
	if rules.Generation == nil {
		return nil
	}
	g := k.generation(rules.Generation.Number)
	if g == nil || !joinsWith(g, rules.Generation.Key) {
		return nil
	}
	return g
}

// joinsWith reports whether key is the join key of a generation.
func joinsWith(g *link.Generation, key []byte) bool {
	join, err := g.Join()
	return err == nil && bytes.Equal(join[ed25519.SeedSize:], key)
}

// newest returns the number of the newest generation whose link this person
// has, 0 for the first; for whoever has M, the one that the rules name.
func (k *links) newest(rules *wire.Policy) uint32 {
	newest := uint32(0)
	if k.moderator == nil {
		for number := range k.later {
			newest = max(newest, number)
		}
	} else if g := k.named(rules); g != nil {
		newest = g.Number
	}
	return newest
}

// psk returns the PSK of a generation; nil if this person does not know it. Who
// has said a passphrase meets nobody without it, whatever the server says of
// the rules.
func (k *links) psk(number uint32, rules *wire.Policy) []byte {
	psk := k.first
	if number > 0 {
		g := k.generation(uint64(number))
		if g == nil {
			return nil
		}
		later, err := link.PSK(g.Secret)
		if err != nil {
			return nil
		}
		psk = later
	}
	if rules.Passphrase == nil && !k.typed {
		return psk
	}
	if k.pass == nil {
		return nil
	}
	mixed, err := k.pass.Mix(psk)
	if err != nil {
		return nil
	}
	return mixed
}

// due returns the generation that the rules want after the group's present one,
// for whoever has M; nil if there is none to begin.
func (k *links) due(rules *wire.Policy, present uint32) *link.Generation {
	if g := k.named(rules); g != nil && k.moderator != nil && g.Number == present+1 {
		return g
	}
	return nil
}

// erase overwrites what must not be known any more.
func (k *links) erase() {
	clear(k.first)
	if k.moderator != nil {
		clear(k.moderator[:])
	}
	for _, g := range k.later {
		clear(g.Secret[:])
	}
	if k.pass != nil {
		clear(k.pass.PSK)
		clear(k.pass.Signature)
	}
}
