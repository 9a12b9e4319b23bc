package bot

import (
	"crypto/ed25519"

	"paravent/e2ee/group"
	"paravent/e2ee/link"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

const mostBoxes = 16 // moderators that a knock is sealed to

// knocker is somebody who waits, as an authentic knock says.
type knocker struct {
	told Knocked
	key  [ed25519.PublicKeySize]byte
	kem  moderation.Key // X25519, for notes
}

// knock seals who this person is to the moderators who are in.
func (p *Person) knock(grants [][]byte) {
	var boxes []wire.Box
	known := map[[32]byte]bool{}
	k := &moderation.Knock{Person: p.id, KEM: [32]byte(p.keys.kem.PublicKey().Bytes()), Name: normal(p.options.Name)}
	if p.link.Ticket != nil {
		key, err := p.link.Ticket.Key()
		if err != nil {
			return
		}
		k.Ticket = moderation.SignKnock(key, p.keys.room.ID, p.id, p.keys.public())
	}
	for _, raw := range grants {
		g, err := moderation.ReadGrant(raw, p.keys.room.ID, p.link.Moderators, p.options.now())
		if err != nil || known[g.KEM] || len(boxes) == mostBoxes {
			continue
		}
		known[g.KEM] = true
		sealed, err := moderation.SealKnock(g.KEM, p.keys.room.ID, k, p.keys.sign)
		if err != nil {
			continue // a key that nothing can be sealed to
		}
		boxes = append(boxes, wire.Box{KEMKey: g.KEM[:], Sealed: sealed})
	}
	if len(boxes) > 0 {
		p.write(&wire.Knock{Boxes: boxes})
	}
}

// knocked takes a knock. One that is not authentic is shown to nobody.
func (p *Person) knocked(m *wire.Knocked) {
	seat, err := p.group.ReadKeyPackage(m.KeyPackage)
	id := ID(m.Person)
	if err != nil || seat.Person != id {
		return
	}
	told := Knocked{Person: id, Emoji: emojiOf(seat.Key[:]), Viewer: seat.Role == group.Viewer}
	from := &moderation.Knocking{Person: id, Key: seat.Key}
	if m.Ticket != nil {
		t, err := link.ReadTicket(m.Ticket, p.keys.room.ID, p.link.Moderators)
		if err != nil || t.Viewer != told.Viewer {
			return
		}
		told.Ticket, from.TicketKey = true, t.Key
		if p.keys.moderator != nil {
			label, err := t.OpenLabel(p.keys.moderator, p.keys.room.ID)
			if err != nil {
				return
			}
			told.Label = cleanName(label)
		}
	} else if told.Viewer {
		return
	}
	k, err := moderation.OpenKnock(m.Sealed, p.keys.kem, p.keys.room.ID, from)
	if err != nil {
		return
	}
	if from.TicketKey != nil {
		mark := moderation.Mark(from.TicketKey)
		p.orders.marks[id] = [][]byte{mark[:]}
	}
	if other := p.waiting[id]; other != nil && other.key != seat.Key {
		return // what is admitted is a person
	}
	told.Name = cleanName(k.Name)
	p.waiting[id] = &knocker{told: told, key: seat.Key, kem: k.KEM}
	p.events.put(told)
}

// Waiting returns who waits to be admitted, as authentic knocks say; empty for
// all but moderators.
func (p *Person) Waiting() (all []Knocked) {
	_ = p.call(func() error {
		for _, k := range p.waiting {
			all = append(all, k.told)
		}
		return nil
	})
	return all
}
