package link

import (
	"crypto/ed25519"
	"slices"
)

// Proof names what a signature over a connection's nonce proves; it is the
// label that the signature is over.
type Proof string

// The proofs of a Join over nonce, room and person alone. The last is by the
// signature key of the leaf, which a grant names.
const (
	JoinProof       Proof = "paravent join proof v1"
	GenerationProof Proof = "paravent generation proof v1"
	PassphraseProof Proof = "paravent passphrase proof v1" //nolint:gosec // a label, no secret
	ModeratorProof  Proof = "paravent moderator proof v1"
)

// The proofs of a ticket, which are over a key too.
const (
	TicketProof Proof = "paravent ticket proof v1" // by the ticket's key; over the device's
	DeviceProof Proof = "paravent device proof v1" // by the device's key; over the ticket's
)

// input returns label || nonce || room || person, and the other key; every part
// but the label, which is fixed text, has a fixed size.
func (p Proof) input(nonce, room, person, other []byte) ([]byte, error) {
	size := 0
	if p == TicketProof || p == DeviceProof {
		size = ed25519.PublicKeySize
	}
	if len(nonce) != NonceSize || len(room) != HashSize || len(person) != PersonSize || len(other) != size {
		return nil, ErrSize
	}
	return slices.Concat([]byte(p), nonce, room, person, other), nil
}

// Sign proves, for the server's nonce, what p says of person. Other is the
// other key of a ticket's proofs and nil for all others. It returns ErrSize
// when a size is wrong.
func (p Proof) Sign(key ed25519.PrivateKey, nonce, room, person, other []byte) ([]byte, error) {
	input, err := p.input(nonce, room, person, other)
	if err != nil {
		return nil, err
	}
	return ed25519.Sign(key, input), nil
}

// Verify reports whether signature is what Sign makes with the private half of key.
func (p Proof) Verify(key, nonce, room, person, other, signature []byte) bool {
	input, err := p.input(nonce, room, person, other)
	return err == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(key, input, signature)
}
