package data

import (
	"crypto/ed25519"
	"slices"

	"paravent/e2ee/link"
)

func claimed(group [32]byte, person Person, leafKey []byte) []byte {
	return slices.Concat([]byte(claimLabel), group[:], person[:], leafKey)
}

// NewClaim says with the moderator key that the leaf of person whose signature
// key is leafKey (32 bytes) is this moderator's.
func NewClaim(m *link.Moderator, group [32]byte, person Person, leafKey ed25519.PublicKey) *Claim {
	return &Claim{
		SignatureKey: slices.Clone(m.Signature[ed25519.SeedSize:]),
		KEMKey:       m.KEM.PublicKey().Bytes(),
		Signature:    ed25519.Sign(m.Signature, claimed(group, person, leafKey)),
	}
}

// Holds reports whether the claim is true for this leaf in a room whose links
// say moderators (mh).
func (c *Claim) Holds(moderators [link.HashSize]byte, group [32]byte, person Person, leafKey ed25519.PublicKey) bool {
	return len(c.SignatureKey) == ed25519.PublicKeySize && len(leafKey) == ed25519.PublicKeySize &&
		link.HashModerators(c.SignatureKey, c.KEMKey) == moderators &&
		ed25519.Verify(c.SignatureKey, claimed(group, person, leafKey), c.Signature)
}
