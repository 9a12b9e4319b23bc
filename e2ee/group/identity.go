package group

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"slices"

	"paravent/e2ee/mls"
)

// macSize is the size of the MAC in a leaf's identity, in bytes.
const macSize = 16

// leafLabels separate the MACs of the roles.
//
//nolint:gochecknoglobals // immutable table
var leafLabels = map[Role]string{
	Participant: "paravent leaf v1",
	Viewer:      "paravent viewer leaf v1",
}

// identityOf returns the credential identity of a leaf, 33 bytes (PROTOCOL.md,
// "Leaf"); key is k_leaf.
func identityOf(key []byte, role Role, person [PersonSize]byte, signatureKey []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(slices.Concat([]byte(leafLabels[role]), person[:], signatureKey))
	return slices.Concat([]byte{byte(role)}, person[:], m.Sum(nil)[:macSize])
}

// seatOf returns whose a leaf is, at the number given. It fails unless the leaf
// is as the profile wants it and its MAC is right.
func seatOf(leaf mls.Leaf, number uint32, key []byte) (Seat, error) {
	id := leaf.Identity
	if !leaf.Plain || len(id) != 1+PersonSize+macSize || len(leaf.SignatureKey) != ed25519.PublicKeySize {
		return Seat{}, profile("a leaf of the profile")
	}
	role := Role(id[0])
	if role != Participant && role != Viewer {
		return Seat{}, profile("a known role")
	}
	s := Seat{
		Leaf:   number,
		Person: [PersonSize]byte(id[1:]),
		Key:    [ed25519.PublicKeySize]byte(leaf.SignatureKey),
		Role:   role,
	}
	if !hmac.Equal(id, identityOf(key, role, s.Person, s.Key[:])) {
		return Seat{}, profile("a leaf of this link")
	}
	return s, nil
}
