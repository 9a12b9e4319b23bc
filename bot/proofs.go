package bot

import (
	"crypto/ed25519"
	"crypto/rand"
	"strings"

	"paravent/e2ee/link"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

// viewerLink reports whether a link is one of those who only receive. It
// returns ErrLink for a ticket that is none of this room.
func viewerLink(l *link.Link) (bool, error) {
	if l.Ticket == nil {
		return false, nil
	}
	room, err := l.Room()
	if err != nil {
		return false, ErrLink
	}
	invitation, err := link.ReadTicket(l.Ticket.Signed, room.ID, l.Moderators)
	if err != nil {
		return false, ErrLink
	}
	return invitation.Viewer, nil
}

// passphrase returns what Argon2id makes of the room's passphrase, or nil where
// there is none. It takes a second.
func (p *Person) passphrase() ([]byte, error) {
	if r := p.link.Rules; r != nil && r.Passphrase != nil {
		return r.Passphrase, nil // who has the moderator link need not know the words
	}
	if p.options.Stay != nil && p.options.Stay.Pass != nil {
		return p.options.Stay.Pass, nil
	}
	words := strings.TrimSpace(p.options.Passphrase) // as browsers do
	if words == "" {
		return nil, nil
	}
	output, err := link.Stretch(words, p.keys.room.PassphraseSalt)
	if err != nil {
		return nil, ErrLong
	}
	return output, nil
}

// proof makes the Join for one connection's nonce.
func (p *Person) proof(nonce, keyPackage []byte) (*wire.Join, error) {
	room := p.keys.room
	signature, err := link.JoinProof.Sign(room.Join, nonce, room.ID[:], p.id[:], nil)
	if err != nil {
		return nil, err
	}
	join := &wire.Join{
		Room: room.ID[:], Moderators: p.link.Moderators[:], JoinKey: publicOf(room.Join), JoinSignature: signature,
		Person: p.id[:], KeyPackage: keyPackage, Device: "desktop",
	}
	if p.options.Phone {
		join.Device = "phone"
	}
	if grant := p.ownGrant(); grant != nil {
		signature, err := link.ModeratorProof.Sign(p.keys.sign, nonce, room.ID[:], p.id[:], nil)
		if err != nil {
			return nil, err
		}
		join.Moderator = &wire.ModeratorProof{Grant: grant, Signature: signature}
		if p.keys.moderator != nil {
			return join, p.openRoom(join)
		}
	}
	if g := p.generation; g != nil {
		key, err := g.Join()
		if err != nil {
			return nil, err
		}
		signature, err := link.GenerationProof.Sign(key, nonce, room.ID[:], p.id[:], nil)
		if err != nil {
			return nil, err
		}
		join.Generation = &wire.GenerationProof{Number: uint64(g.Number), Key: publicOf(key), Signature: signature}
	}
	if p.pass != nil {
		pass, err := link.NewPassphrase(p.pass)
		if err != nil {
			return nil, err
		}
		signature, err := link.PassphraseProof.Sign(pass.Signature, nonce, room.ID[:], p.id[:], nil)
		if err != nil {
			return nil, err
		}
		join.Passphrase = &wire.PassphraseProof{Key: publicOf(pass.Signature), Signature: signature}
	}
	if p.link.Ticket != nil {
		if join.Ticket, err = p.proveTicket(nonce); err != nil {
			return nil, err
		}
	}
	return join, nil
}

// proveTicket shows the ticket, and on which device it is used.
func (p *Person) proveTicket(nonce []byte) (*wire.TicketProof, error) {
	key, err := p.link.Ticket.Key()
	if err != nil {
		return nil, err
	}
	if p.device == nil {
		seed := make([]byte, ed25519.SeedSize)
		_, _ = rand.Read(seed) // never fails
		p.device = ed25519.NewKeyFromSeed(seed)
	}
	room := p.keys.room.ID[:]
	ticket, err := link.TicketProof.Sign(key, nonce, room, p.id[:], publicOf(p.device))
	if err != nil {
		return nil, err
	}
	device, err := link.DeviceProof.Sign(p.device, nonce, room, p.id[:], publicOf(key))
	if err != nil {
		return nil, err
	}
	return &wire.TicketProof{Ticket: p.link.Ticket.Signed, Signature: ticket, Device: publicOf(p.device), DeviceSignature: device}, nil
}

// openRoom adds what a moderator brings along to open the room: the rules that
// it is to begin with, and the host token.
func (p *Person) openRoom(join *wire.Join) error {
	rules, passphrase := p.options.Rules, p.pass
	if r := p.link.Rules; r != nil {
		join.Host = r.Host
		if rules == nil {
			rules = r.Policy
		}
	}
	if p.options.Host != nil {
		join.Host = p.options.Host
	}
	if p.rules.signed != nil {
		// A room that is opened again begins with what is known. Signed anew, it
		// does not end with the grant of whoever signed it first.
		rules, passphrase = p.rules.policy, nil
	}
	if rules == nil && passphrase == nil {
		return nil
	}
	if rules == nil {
		rules = moderation.NoPolicy()
	}
	next := clonePolicy(rules)
	next.Version = max(1, rules.Version)
	if passphrase != nil {
		pass, err := link.NewPassphrase(passphrase)
		if err != nil {
			return err
		}
		next.Passphrase = publicOf(pass.Signature)
	}
	signed, _, err := p.sign(func(seq uint64) wire.Statement {
		next.Seq = seq
		return next
	})
	join.Policy = signed
	return err
}

func publicOf(key ed25519.PrivateKey) []byte { return key[ed25519.SeedSize:] }
