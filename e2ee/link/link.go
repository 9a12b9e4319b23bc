// Package link is the reference for meeting links: their text, the keys that
// follow from their secrets, and the proofs of possession; tickets and
// passphrases among them (e2ee/PROTOCOL.md, "Link", "Proofs", "Tickets" and
// "Passphrase"). It keeps no state and is safe for concurrent use.
package link

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// Sizes in bytes.
const (
	SecretSize = 32 // L and M
	HashSize   = 16 // mh and room id
	PersonSize = 16
	NonceSize  = 32
	SaltSize   = 16 // of a passphrase
)

var (
	// ErrLink is returned for every text that is not exactly a link.
	ErrLink = errors.New("link: not a link")
	// ErrSize is returned when a part has a wrong size.
	ErrSize = errors.New("link: wrong size")
)

// Link is what stands behind the "#". All parts but the first two may be absent.
type Link struct {
	Secret     [SecretSize]byte  // L
	Moderators [HashSize]byte    // mh
	Moderator  *[SecretSize]byte // M; nil in a participant link
	Generation *Generation       // never in a moderator link, whose M gives them all
	Masked     bool              // all faces were masked when it was copied; never in a moderator link, whose rules say it
	Ticket     *Ticket           // never in a moderator link
	Rules      *Rules            // only in a moderator link
}

// Room is everything that follows from L and mh.
type Room struct {
	ID             [HashSize]byte
	Join           ed25519.PrivateKey
	LeafMAC        []byte // k_leaf, HMAC-SHA-256, 32 bytes
	PSK            []byte // psk of link generation 0, 32 bytes
	PassphraseSalt []byte // for Stretch, 16 bytes
}

// Moderator is what follows from M.
type Moderator struct {
	Signature ed25519.PrivateKey
	KEM       *ecdh.PrivateKey // X25519
}

// Generation is a link generation and its secret: L_g, for g from 1.
type Generation struct {
	Number uint32
	Secret [SecretSize]byte
}

const (
	roomSalt      = "paravent v1"
	moderatorSalt = "paravent moderator v1"
)

func expand(secret []byte, salt, label string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, []byte(salt), label, 32)
}

func shortHash(label string, parts ...[]byte) (h [HashSize]byte) {
	sum := sha256.Sum256(slices.Concat([]byte(label), slices.Concat(parts...)))
	copy(h[:], sum[:])
	return h
}

// HashModerators returns mh for the moderators' public keys (Ed25519, X25519).
func HashModerators(signatureKey, kemKey []byte) [HashSize]byte {
	return shortHash("paravent moderators v1", signatureKey, kemKey)
}

// HashRoom returns the room id for mh and the public join key.
func HashRoom(moderators [HashSize]byte, joinKey []byte) [HashSize]byte {
	return shortHash("paravent room v1", moderators[:], joinKey)
}

// PSK returns psk[g], 32 bytes, for the link secret of generation g.
func PSK(secret [SecretSize]byte) ([]byte, error) {
	return expand(secret[:], roomSalt, "mls psk")
}

func joinKey(secret [SecretSize]byte) (ed25519.PrivateKey, error) {
	seed, err := expand(secret[:], roomSalt, "join")
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Room derives all that a participant link gives.
func (l *Link) Room() (*Room, error) {
	join, err := joinKey(l.Secret)
	if err != nil {
		return nil, err
	}
	mac, err := expand(l.Secret[:], roomSalt, "leaf mac")
	if err != nil {
		return nil, err
	}
	psk, err := PSK(l.Secret)
	if err != nil {
		return nil, err
	}
	salt, err := hkdf.Key(sha256.New, l.Secret[:], []byte(roomSalt), "passphrase salt", SaltSize)
	if err != nil {
		return nil, err
	}
	return &Room{ID: HashRoom(l.Moderators, public(join)), Join: join, LeafMAC: mac, PSK: psk, PassphraseSalt: salt}, nil
}

// NewModerator derives the moderator keys from M.
func NewModerator(secret [SecretSize]byte) (*Moderator, error) {
	seed, err := expand(secret[:], moderatorSalt, "sig")
	if err != nil {
		return nil, err
	}
	scalar, err := expand(secret[:], moderatorSalt, "kem")
	if err != nil {
		return nil, err
	}
	kem, err := ecdh.X25519().NewPrivateKey(scalar)
	if err != nil {
		return nil, err
	}
	return &Moderator{Signature: ed25519.NewKeyFromSeed(seed), KEM: kem}, nil
}

// Hash returns mh of the moderator's own keys.
func (m *Moderator) Hash() [HashSize]byte {
	return HashModerators(public(m.Signature), m.KEM.PublicKey().Bytes())
}

func public(key ed25519.PrivateKey) []byte { return key[ed25519.SeedSize:] }

// New makes a moderator link from fresh secrets L and M.
func New(secret, moderator [SecretSize]byte) (*Link, error) {
	keys, err := NewModerator(moderator)
	if err != nil {
		return nil, err
	}
	return &Link{Secret: secret, Moderators: keys.Hash(), Moderator: &moderator}, nil
}

// NewGeneration derives the link secret of a later generation from M. Number
// is from 1; otherwise ErrSize.
func NewGeneration(moderator [SecretSize]byte, number uint32) (*Generation, error) {
	if number == 0 {
		return nil, ErrSize
	}
	label := string(binary.BigEndian.AppendUint32([]byte("link "), number))
	secret, err := expand(moderator[:], moderatorSalt, label)
	if err != nil {
		return nil, err
	}
	return &Generation{Number: number, Secret: [SecretSize]byte(secret)}, nil
}

// Join returns the join key of the generation.
func (g *Generation) Join() (ed25519.PrivateKey, error) { return joinKey(g.Secret) }
