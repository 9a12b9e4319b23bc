package link

import (
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"unicode/utf8"
)

// Sizes of a ticket in bytes.
const (
	TicketSecretSize = 16
	TicketSize       = 292
	maxLabel         = 63
	paddedLabel      = 64
	labelBoxSize     = 32 + paddedLabel + 16 // encapsulated key, label, tag
	maxTime          = 1<<53 - 1             // ms: every client can hold it exactly
)

// Flags of a ticket.
const (
	flagViewer = 1
	flagMany   = 2
)

const ticketLabel = "paravent ticket v1"

// ErrTicket is returned for what no moderator of the room has signed as a ticket.
var ErrTicket = errors.New("link: not a ticket of this room")

// Ticket is a ticket as its holder has it.
type Ticket struct {
	Secret [TicketSecretSize]byte
	Signed []byte // what the moderator signed, as the wire has it
}

// Invitation is what a ticket says. Times are ms since 1970, 0 for none.
type Invitation struct {
	Key       ed25519.PublicKey // set by NewTicket
	Viewer    bool              // receives only
	Many      bool              // for as many devices as come; otherwise for one
	NotBefore uint64
	NotAfter  uint64
	LabelBox  []byte // set by NewTicket
}

// Key derives the ticket's key pair.
func (t *Ticket) Key() (ed25519.PrivateKey, error) {
	seed, err := expand(t.Secret[:], ticketLabel, "sig")
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// NewTicket makes a ticket for a room. The secret is read from random. It
// returns ErrSize for a label beyond 63 bytes of UTF-8, for times beyond
// 2^53 - 1, and for an end before the beginning.
func NewTicket(m *Moderator, room [HashSize]byte, what Invitation, label string, random io.Reader) (*Ticket, error) {
	if len(label) > maxLabel || !utf8.ValidString(label) {
		return nil, ErrSize
	}
	t := &Ticket{}
	if _, err := io.ReadFull(random, t.Secret[:]); err != nil {
		return nil, err
	}
	key, err := t.Key()
	if err != nil {
		return nil, err
	}
	what.Key = public(key)
	to, err := hpke.NewDHKEMPublicKey(m.KEM.PublicKey())
	if err != nil {
		return nil, err
	}
	padded := make([]byte, paddedLabel)
	padded[0] = byte(len(label))
	copy(padded[1:], label)
	what.LabelBox, err = hpke.Seal(to, hpke.HKDFSHA256(), hpke.AES128GCM(), LabelInfo(room, what.Key), padded)
	if err != nil {
		return nil, err
	}
	t.Signed, err = what.Sign(m, room)
	return t, err
}

// LabelInfo is the HPKE info that a ticket's label is sealed with.
func LabelInfo(room [HashSize]byte, key ed25519.PublicKey) []byte {
	return slices.Concat([]byte("paravent ticket label v1"), room[:], key)
}

// Sign returns the ticket that says this. It returns ErrSize as NewTicket does.
func (i *Invitation) Sign(m *Moderator, room [HashSize]byte) ([]byte, error) {
	if i.NotBefore > maxTime || i.NotAfter > maxTime || i.NotAfter != 0 && i.NotAfter <= i.NotBefore ||
		len(i.Key) != ed25519.PublicKeySize || len(i.LabelBox) != labelBoxSize {
		return nil, ErrSize
	}
	said := []byte{1, 0}
	if i.Viewer {
		said[1] |= flagViewer
	}
	if i.Many {
		said[1] |= flagMany
	}
	said = binary.BigEndian.AppendUint64(said, i.NotBefore)
	said = binary.BigEndian.AppendUint64(said, i.NotAfter)
	said = slices.Concat(said, i.Key, public(m.Signature), m.KEM.PublicKey().Bytes())
	said = append(binary.BigEndian.AppendUint16(said, labelBoxSize), i.LabelBox...)
	return append(said, ed25519.Sign(m.Signature, slices.Concat([]byte(ticketLabel), room[:], said))...), nil
}

// ReadTicket reads a ticket of a room whose links say moderators (mh). It
// returns ErrTicket unless form and signature are right. Whether it holds now
// is the server's business.
func ReadTicket(b []byte, room, moderators [HashSize]byte) (*Invitation, error) {
	if len(b) != TicketSize || b[0] != 1 || b[1]&^(flagViewer|flagMany) != 0 {
		return nil, ErrTicket
	}
	said, signature := b[:TicketSize-ed25519.SignatureSize], b[TicketSize-ed25519.SignatureSize:]
	i := &Invitation{
		Viewer: b[1]&flagViewer != 0, Many: b[1]&flagMany != 0,
		NotBefore: binary.BigEndian.Uint64(b[2:]), NotAfter: binary.BigEndian.Uint64(b[10:]),
		Key: slices.Clone(b[18:50]), LabelBox: slices.Clone(said[116:]),
	}
	signatureKey, kemKey := b[50:82], b[82:114]
	if i.NotBefore > maxTime || i.NotAfter > maxTime || binary.BigEndian.Uint16(b[114:]) != labelBoxSize {
		return nil, ErrTicket
	}
	if HashModerators(signatureKey, kemKey) != moderators ||
		!ed25519.Verify(signatureKey, slices.Concat([]byte(ticketLabel), room[:], said), signature) {
		return nil, ErrTicket
	}
	return i, nil
}

// OpenLabel returns whom the ticket is for, as it was written. It returns
// ErrTicket when the label is not as NewTicket makes it.
func (i *Invitation) OpenLabel(m *Moderator, room [HashSize]byte) (string, error) {
	key, err := hpke.NewDHKEMPrivateKey(m.KEM)
	if err != nil {
		return "", err
	}
	padded, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES128GCM(), LabelInfo(room, i.Key), i.LabelBox)
	if err != nil || len(padded) != paddedLabel || padded[0] > maxLabel {
		return "", ErrTicket
	}
	label, rest := padded[1:1+padded[0]], padded[1+padded[0]:]
	if slices.ContainsFunc(rest, func(b byte) bool { return b != 0 }) || !utf8.Valid(label) {
		return "", ErrTicket
	}
	return string(label), nil
}
