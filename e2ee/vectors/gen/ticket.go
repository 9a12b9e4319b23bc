package main

import (
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"time"

	"paravent/e2ee/link"
)

type ticketCase struct {
	Verdict    string       `json:"verdict"`
	Name       string       `json:"name"`
	Ticket     hexBytes     `json:"ticket"`
	Room       hexBytes     `json:"room"`
	Moderators hexBytes     `json:"moderators"`
	Made       *ticketMade  `json:"made,omitempty"` // what a good one says
	Proof      *ticketProof `json:"proof,omitempty"`
	Times      []ticketTime `json:"times,omitempty"` // what the server makes of it then
}

type ticketMade struct {
	Moderator hexBytes `json:"moderator"` // M
	Secret    hexBytes `json:"secret"`
	Key       hexBytes `json:"key"`
	Viewer    bool     `json:"viewer"`
	Many      bool     `json:"many"`
	NotBefore uint64   `json:"notBefore"`
	NotAfter  uint64   `json:"notAfter"`
	LabelBox  hexBytes `json:"labelBox"`
	Label     *string  `json:"label"` // null: cannot be opened
}

type ticketProof struct {
	Nonce           hexBytes `json:"nonce"`
	Person          hexBytes `json:"person"`
	DeviceSeed      hexBytes `json:"deviceSeed"`
	Device          hexBytes `json:"device"`
	Signature       hexBytes `json:"signature"`
	DeviceSignature hexBytes `json:"deviceSignature"`
}

type ticketTime struct {
	Verdict string `json:"verdict"` // ok, early, late
	Now     uint64 `json:"now"`     // ms since 1970
}

// ticket makes a ticket of the house with a given label box.
func (h *house) ticket(what link.Invitation, secretOf [link.TicketSecretSize]byte, padded []byte) (*link.Ticket, error) {
	t := &link.Ticket{Secret: secretOf}
	key, err := t.Key()
	if err != nil {
		return nil, err
	}
	what.Key = ed25519.PublicKey(key[ed25519.SeedSize:])
	ephemeral, err := x25519("label ephemeral")
	if err != nil {
		return nil, err
	}
	what.LabelBox, err = sealHPKE(ephemeral, h.moderator.KEM.PublicKey(), link.LabelInfo(h.room.ID, what.Key), padded)
	if err != nil {
		return nil, err
	}
	t.Signed, err = what.Sign(h.moderator, h.room.ID)
	return t, err
}

func paddedLabel(label string) []byte {
	padded := make([]byte, 64)
	padded[0] = byte(len(label))
	copy(padded[1:], label)
	return padded
}

func ticketSecret() [link.TicketSecretSize]byte {
	s := secret("ticket")
	return [link.TicketSecretSize]byte(s[:])
}

func tickets() (*file, error) {
	h, err := newHouse()
	if err != nil {
		return nil, err
	}
	f := &file{About: "Tickets (PROTOCOL.md, Tickets): form and signature, the proofs for one nonce, person and device, and what the server makes of the times."}
	from, until := uint64(h.now.UnixMilli()), uint64(h.now.Add(time.Hour).UnixMilli())
	long := "äöü äöü äöü äöü äöü äöü äöü äöü äöü" // 62 bytes
	for _, good := range []struct {
		name   string
		what   link.Invitation
		padded []byte
		label  *string
	}{
		{"for one device, always", link.Invitation{}, paddedLabel("Ada"), new("Ada")},
		{"for viewers", link.Invitation{Viewer: true, Many: true}, paddedLabel(""), new("")},
		{"for a while", link.Invitation{NotBefore: from, NotAfter: until}, paddedLabel(long), &long},
		{"from 2^53 - 1", link.Invitation{NotBefore: 1<<53 - 1}, paddedLabel("x"), new("x")},
		{"a label longer than it may be", link.Invitation{}, append([]byte{64}, make([]byte, 63)...), nil},
		{"a label that is not padded with zeros", link.Invitation{}, append(paddedLabel("x")[:63], 1), nil},
		{"a label that is not UTF-8", link.Invitation{}, paddedLabel("\xff"), nil},
	} {
		c, err := h.goodTicket(good.name, good.what, good.padded, good.label)
		if err != nil {
			return nil, err
		}
		if good.name == "for a while" {
			c.Times = []ticketTime{{"early", from - 1}, {"ok", from}, {"ok", until}, {"late", until + 1}}
		} else if good.what.NotBefore == 0 {
			c.Times = []ticketTime{{"ok", 0}, {"ok", until}}
		}
		f.Cases = append(f.Cases, c)
	}
	return f, h.badTickets(f)
}

func (h *house) goodTicket(name string, what link.Invitation, padded []byte, label *string) (*ticketCase, error) {
	t, err := h.ticket(what, ticketSecret(), padded)
	if err != nil {
		return nil, err
	}
	read, err := link.ReadTicket(t.Signed, h.room.ID, h.link.Moderators)
	if err != nil {
		return nil, err
	}
	if text, err := read.OpenLabel(h.moderator, h.room.ID); (err == nil) != (label != nil) || label != nil && text != *label {
		return nil, errReference
	}
	key, err := t.Key()
	if err != nil {
		return nil, err
	}
	nonce, ada, seed := secret(name+" nonce"), newSomeone("ada"), secret("device")
	device := ed25519.NewKeyFromSeed(seed[:])
	proof := &ticketProof{Nonce: nonce[:], Person: ada.id[:], DeviceSeed: seed[:], Device: hexBytes(device[ed25519.SeedSize:])}
	if proof.Signature, err = link.TicketProof.Sign(key, nonce[:], h.room.ID[:], ada.id[:], proof.Device); err != nil {
		return nil, err
	}
	if proof.DeviceSignature, err = link.DeviceProof.Sign(device, nonce[:], h.room.ID[:], ada.id[:], read.Key); err != nil {
		return nil, err
	}
	return &ticketCase{
		Verdict: "ok", Name: name, Ticket: t.Signed, Room: h.room.ID[:], Moderators: h.link.Moderators[:], Proof: proof,
		Made: &ticketMade{
			Moderator: h.link.Moderator[:], Secret: t.Secret[:], Key: hexBytes(read.Key), Viewer: read.Viewer, Many: read.Many,
			NotBefore: read.NotBefore, NotAfter: read.NotAfter, LabelBox: read.LabelBox, Label: label,
		},
	}, nil
}

// signTicket signs what a ticket says, right or wrong.
func (h *house) signTicket(said []byte, key ed25519.PrivateKey) []byte {
	return append(slices.Clone(said), ed25519.Sign(key, slices.Concat([]byte("paravent ticket v1"), h.room.ID[:], said))...)
}

func (h *house) badTickets(f *file) error {
	t, err := h.ticket(link.Invitation{}, ticketSecret(), paddedLabel("Ada"))
	if err != nil {
		return err
	}
	good, said := t.Signed, t.Signed[:228]
	ours := h.moderator.Signature
	add := func(name string, ticket, room, moderators []byte) {
		f.Cases = append(f.Cases, ticketCase{Verdict: "bad ticket", Name: name, Ticket: ticket, Room: room, Moderators: moderators})
	}
	here := func(name string, ticket []byte) { add(name, ticket, h.room.ID[:], h.link.Moderators[:]) }
	with := func(at int, b ...byte) []byte {
		c := slices.Clone(said)
		copy(c[at:], b)
		return h.signTicket(c, ours)
	}
	other, err := link.NewModerator(secret("another M"))
	if err != nil {
		return err
	}
	hash, room := other.Hash(), secret("another room")
	add("in another room", good, room[:16], h.link.Moderators[:])
	add("in a room of other moderators", good, h.room.ID[:], hash[:])
	here("signed by other moderators", h.signTicket(said, other.Signature))
	here("of other moderators", h.signTicket(slices.Concat(said[:50], other.Signature[32:], other.KEM.PublicKey().Bytes(), said[114:]), other.Signature))
	here("signed by the ticket's own key", h.signTicket(said, must(t.Key())))
	here("version 0", with(0, 0))
	here("version 2", with(0, 2))
	here("an unknown flag", with(1, 4))
	here("all flags", with(1, 255))
	here("a beginning of 2^53", with(2, binary.BigEndian.AppendUint64(nil, 1<<53)...))
	here("an end of 2^64 - 1", with(10, 255, 255, 255, 255, 255, 255, 255, 255))
	here("a label box said to be shorter", with(114, 0, 111))
	here("a label box said to be longer", with(114, 0, 113))
	here("no label box", h.signTicket(slices.Concat(said[:114], []byte{0, 0}), ours))
	here("a longer label box", h.signTicket(slices.Concat(said[:114], []byte{0, 113}, said[116:], []byte{0}), ours))
	here("nothing", nil)
	here("one byte short", good[:291])
	here("one byte long", append(slices.Clone(good), 0))
	here("a signature of zeros", slices.Concat(said, make([]byte, 64)))
	for _, part := range []struct {
		name string
		at   int
	}{
		{"flags", 1},
		{"beginning", 9},
		{"end", 17},
		{"ticket key", 18},
		{"moderators' signature key", 50},
		{"moderators' KEM key", 82},
		{"label box", 116},
		{"signature", 228},
	} {
		here(part.name+" changed", flip(good, 8*part.at+7))
	}
	return nil
}

// must is for keys derived from what has been derived before without an error.
func must(key ed25519.PrivateKey, err error) ed25519.PrivateKey {
	if err != nil {
		return make(ed25519.PrivateKey, ed25519.PrivateKeySize)
	}
	return key
}
