// Package moderation is the reference for what moderators sign and what every
// client makes of it: grants, statements, knocks, new link generations, and who
// may come into the group (e2ee/PROTOCOL.md, "Grants" to "Link generations").
// It keeps no state and is safe for concurrent use; the time is a parameter.
package moderation

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

const (
	grantLabel = "paravent grant v1"
	markLabel  = "paravent mark v1"
	maxTime    = 1<<53 - 1 // ms: every client can hold it exactly

	// ClockAllowance is how wrong a client takes its own clock to be: so much
	// later a grant or an admission still counts. The server allows nothing.
	ClockAllowance = 24 * time.Hour
)

var (
	// ErrGrant is returned for a grant that does not hold.
	ErrGrant = errors.New("moderation: not a grant that holds")
	// ErrSize is returned when a part has a wrong size or is beyond a limit.
	ErrSize = errors.New("moderation: beyond a limit")
)

// ID is a room id, mh, or a person's id.
type ID = [16]byte

// Key is a public key.
type Key = [32]byte

// Grant is who may moderate.
type Grant struct {
	Person   ID
	Key      Key    // signature key of the person's leaf
	KEM      Key    // X25519 key that knocks are sealed to
	NotAfter uint64 // ms since 1970
	Holder   bool   // made by a holder of M for itself: it cannot be dismissed
	Raw      []byte // as it came, 216 bytes
}

// Mark returns how a key stands in the lists of a Policy.
func Mark(key []byte) ID {
	sum := sha256.Sum256(slices.Concat([]byte(markLabel), key))
	return ID(sum[:16])
}

func milliseconds(t time.Time) uint64 { return uint64(max(0, t.UnixMilli())) }

// NewOwnGrant makes the grant of a holder of M for itself, whose leaf has key.
func NewOwnGrant(m *link.Moderator, room, person ID, key Key, notAfter time.Time) []byte {
	return newGrant(m, room, person, key, Key(m.KEM.PublicKey().Bytes()), notAfter)
}

// NewGrant appoints a member whose leaf has key and whose hello named kem. It
// returns ErrGrant when kem is the moderator key: whoever has a grant for it
// cannot be dismissed.
func NewGrant(m *link.Moderator, room, person ID, key, kem Key, notAfter time.Time) ([]byte, error) {
	if kem == Key(m.KEM.PublicKey().Bytes()) {
		return nil, ErrGrant
	}
	return newGrant(m, room, person, key, kem, notAfter), nil
}

func newGrant(m *link.Moderator, room, person ID, key, kem Key, notAfter time.Time) []byte {
	said := binary.BigEndian.AppendUint64(slices.Concat(person[:], key[:], kem[:]), milliseconds(notAfter))
	signature := ed25519.Sign(m.Signature, slices.Concat([]byte(grantLabel), room[:], said))
	return slices.Concat(m.Signature[ed25519.SeedSize:], m.KEM.PublicKey().Bytes(), said, signature)
}

// ReadGrant reads a grant for a room whose links say moderators (mh). It
// returns ErrGrant unless it is signed for this room and holds at now, with
// the clients' allowance. Whether a Policy has withdrawn it, Withdrawn tells.
func ReadGrant(raw []byte, room, moderators ID, now time.Time) (*Grant, error) {
	if len(raw) != wire.GrantSize {
		return nil, ErrGrant
	}
	signatureKey, modKEM, said, signature := raw[:32], raw[32:64], raw[64:152], raw[152:]
	g := &Grant{
		Person: ID(said), Key: Key(said[16:]), KEM: Key(said[48:]), NotAfter: binary.BigEndian.Uint64(said[80:]),
		Holder: slices.Equal(said[48:80], modKEM), Raw: slices.Clone(raw),
	}
	if g.NotAfter > maxTime || past(g.NotAfter, now) || link.HashModerators(signatureKey, modKEM) != moderators ||
		!ed25519.Verify(signatureKey, slices.Concat([]byte(grantLabel), room[:], said), signature) {
		return nil, ErrGrant
	}
	return g, nil
}

// past reports whether a time is over even for somebody whose clock is wrong.
func past(notAfter uint64, now time.Time) bool {
	return milliseconds(now) > notAfter+uint64(ClockAllowance.Milliseconds())
}
