package moderation

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

const (
	knockLabel          = "paravent knock v1"
	noteLabel           = "paravent note v1"
	knockSignatureLabel = "paravent knock signature v1"
	knockTicketLabel    = "paravent knock ticket v1"

	padded  = 768 // bytes of what is sealed: the longest knock has 710
	boxSize = 32 + padded + 16
	maxName = 512 // bytes of UTF-8
	maxNote = 500 // bytes of UTF-8
)

// ErrBox is returned for what nobody sealed for this key, room and person, or
// what is not as it must be inside.
var ErrBox = errors.New("moderation: not a knock or note for this person")

// Knock is who knocks.
type Knock struct {
	Person ID
	KEM    Key // X25519 key of the stay
	Name   string
	Ticket []byte // what SignKnock makes; nil without a ticket
}

// Knocking is what a moderator knows of the knocker from the server and its
// KeyPackage.
type Knocking struct {
	Person    ID                // which the KeyPackage must name too
	Key       Key               // signature key of the KeyPackage's leaf
	TicketKey ed25519.PublicKey // of the ticket beside the knock, once read and found right; nil: none came
}

// knock is the form of a knock inside its box.
type knock struct {
	KEM       []byte `cbor:"kem"`
	Name      string `cbor:"name"`
	Ticket    []byte `cbor:"ticket,omitempty"`
	Signature []byte `cbor:"signature"`
}

type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
	err error
}

//nolint:gochecknoglobals // immutable table
var modes = sync.OnceValue(func() codec {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return codec{err: err}
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	return codec{enc, dec, err}
})

func boxInfo(label string, room, person ID) []byte {
	return slices.Concat([]byte(label), room[:], person[:])
}

func knockInput(room, person ID, kem []byte, name string) []byte {
	return slices.Concat([]byte(knockSignatureLabel), room[:], person[:], kem, []byte(name))
}

func knockTicketInput(room, person ID, key Key) []byte {
	return slices.Concat([]byte(knockTicketLabel), room[:], person[:], key[:])
}

// SignKnock proves with the ticket's key, to the moderators who read the knock,
// that the ticket beside it is that of the leaf with this signature key.
func SignKnock(ticket ed25519.PrivateKey, room, person ID, key Key) []byte {
	return ed25519.Sign(ticket, knockTicketInput(room, person, key))
}

// SealKnock seals a knock to the KEM key of a grant; key is the leaf's. It
// returns ErrSize when a limit is broken, and ErrBox when nothing can be
// sealed to that key.
func SealKnock(to Key, room ID, k *Knock, key ed25519.PrivateKey) ([]byte, error) {
	content, err := encodeKnock(room, k, key)
	if err != nil {
		return nil, err
	}
	return seal(to, boxInfo(knockLabel, room, k.Person), content)
}

func encodeKnock(room ID, k *Knock, key ed25519.PrivateKey) ([]byte, error) {
	m := modes()
	if m.err != nil {
		return nil, m.err
	}
	if len(k.Name) > maxName || !utf8.ValidString(k.Name) || k.Ticket != nil && len(k.Ticket) != ed25519.SignatureSize {
		return nil, ErrSize
	}
	signature := ed25519.Sign(key, knockInput(room, k.Person, k.KEM[:], k.Name))
	return m.enc.Marshal(knock{KEM: k.KEM[:], Name: k.Name, Ticket: k.Ticket, Signature: signature})
}

// OpenKnock opens a knock. It returns ErrBox unless it is signed by the
// KeyPackage's key, and holds the proof for exactly the ticket that came
// beside it. The name is as it came.
func OpenKnock(box []byte, kem *ecdh.PrivateKey, room ID, from *Knocking) (*Knock, error) {
	content, err := open(box, kem, boxInfo(knockLabel, room, from.Person))
	if err != nil {
		return nil, err
	}
	in, err := readKnock(content)
	if err != nil {
		return nil, err
	}
	if !ed25519.Verify(from.Key[:], knockInput(room, from.Person, in.KEM, in.Name), in.Signature) || (in.Ticket == nil) != (from.TicketKey == nil) {
		return nil, ErrBox
	}
	if in.Ticket != nil && (len(from.TicketKey) != ed25519.PublicKeySize ||
		!ed25519.Verify(from.TicketKey, knockTicketInput(room, from.Person, from.Key), in.Ticket)) {
		return nil, ErrBox
	}
	return &Knock{Person: from.Person, KEM: Key(in.KEM), Name: in.Name, Ticket: in.Ticket}, nil
}

// readKnock returns ErrBox unless content is the one encoding of a knock.
func readKnock(content []byte) (*knock, error) {
	m := modes()
	if m.err != nil {
		return nil, m.err
	}
	var in knock
	if m.dec.Unmarshal(content, &in) != nil {
		return nil, ErrBox
	}
	again, err := m.enc.Marshal(in)
	if err != nil || !bytes.Equal(again, content) || len(in.KEM) != 32 || len(in.Name) > maxName ||
		len(in.Signature) != ed25519.SignatureSize || in.Ticket != nil && len(in.Ticket) != ed25519.SignatureSize {
		return nil, ErrBox
	}
	return &in, nil
}

// SealNote seals a line to a person who waits, under the KEM key of its knock.
// It returns ErrSize for text that is empty or too long, and ErrBox when
// nothing can be sealed to that key.
func SealNote(to Key, room, person ID, text string) ([]byte, error) {
	if text == "" || len(text) > maxNote || !utf8.ValidString(text) {
		return nil, ErrSize
	}
	return seal(to, boxInfo(noteLabel, room, person), []byte(text))
}

// OpenNote opens a note to person, oneself. It returns ErrBox unless it is as
// SealNote makes it. The text is as it came.
func OpenNote(box []byte, kem *ecdh.PrivateKey, room, person ID) (string, error) {
	content, err := open(box, kem, boxInfo(noteLabel, room, person))
	if err != nil || len(content) == 0 || len(content) > maxNote || !utf8.Valid(content) {
		return "", ErrBox
	}
	return string(content), nil
}

func pad(content []byte) []byte {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, padded), uint16(len(content)))
	return append(b, content...)[:padded]
}

func seal(to Key, info, content []byte) ([]byte, error) {
	public, err := ecdh.X25519().NewPublicKey(to[:])
	if err != nil {
		return nil, ErrBox
	}
	key, err := hpke.NewDHKEMPublicKey(public)
	if err != nil {
		return nil, ErrBox
	}
	box, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES128GCM(), info, pad(content))
	if err != nil {
		return nil, ErrBox
	}
	return box, nil
}

func open(box []byte, kem *ecdh.PrivateKey, info []byte) ([]byte, error) {
	if len(box) != boxSize {
		return nil, ErrBox
	}
	key, err := hpke.NewDHKEMPrivateKey(kem)
	if err != nil {
		return nil, ErrBox
	}
	b, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES128GCM(), info, box)
	if err != nil || len(b) != padded {
		return nil, ErrBox
	}
	end := 2 + int(binary.BigEndian.Uint16(b))
	if end > padded || slices.ContainsFunc(b[end:], func(c byte) bool { return c != 0 }) {
		return nil, ErrBox
	}
	return b[2:end], nil
}
