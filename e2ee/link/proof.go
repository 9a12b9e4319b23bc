package link

import (
	"crypto/ed25519"
	"slices"
)

const (
	joinProof      = "paravent join proof v1"
	moderatorProof = "paravent moderator proof v1"
)

// proofInput returns label || nonce || room || person; every part but the
// label, which is fixed text, has a fixed size.
func proofInput(label string, nonce, room, person []byte) ([]byte, error) {
	if len(nonce) != NonceSize || len(room) != HashSize || len(person) != PersonSize {
		return nil, ErrSize
	}
	return slices.Concat([]byte(label), nonce, room, person), nil
}

// ProveJoin signs, for the server's nonce, that person has the room's link. It
// returns ErrSize when a size is wrong.
func (r *Room) ProveJoin(nonce, person []byte) ([]byte, error) {
	input, err := proofInput(joinProof, nonce, r.ID[:], person)
	if err != nil {
		return nil, err
	}
	return ed25519.Sign(r.Join, input), nil
}

// Prove signs, for the server's nonce, that person has the moderator link of
// room. It returns ErrSize when a size is wrong.
func (m *Moderator) Prove(nonce, room, person []byte) ([]byte, error) {
	input, err := proofInput(moderatorProof, nonce, room, person)
	if err != nil {
		return nil, err
	}
	return ed25519.Sign(m.Signature, input), nil
}

// VerifyJoin reports whether signature proves possession of the link of room,
// whose id must follow from moderators (mh) and joinKey.
func VerifyJoin(joinKey, moderators, nonce, room, person, signature []byte) bool {
	if len(joinKey) != ed25519.PublicKeySize || len(moderators) != HashSize {
		return false
	}
	input, err := proofInput(joinProof, nonce, room, person)
	id := HashRoom([HashSize]byte(moderators), joinKey)
	return err == nil && slices.Equal(id[:], room) && ed25519.Verify(joinKey, input, signature)
}

// VerifyModerator reports whether signature proves possession of the moderator
// link of a room whose links say moderators (mh).
func VerifyModerator(signatureKey, kemKey, moderators, nonce, room, person, signature []byte) bool {
	if len(signatureKey) != ed25519.PublicKeySize || len(kemKey) != 32 {
		return false
	}
	input, err := proofInput(moderatorProof, nonce, room, person)
	hash := HashModerators(signatureKey, kemKey)
	return err == nil && slices.Equal(hash[:], moderators) && ed25519.Verify(signatureKey, input, signature)
}
