// Package link is the reference for meeting links: their text, the keys that
// follow from their secrets, and the proofs of possession (e2ee/PROTOCOL.md,
// "Link" and "Proofs"). It keeps no state and is safe for concurrent use.
package link

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Sizes in bytes.
const (
	SecretSize = 32 // L and M
	HashSize   = 16 // mh and room id
	PersonSize = 16
	NonceSize  = 32
)

// The longest fragment is 110 characters, the longest host name 253: longer
// input is not looked at.
const (
	maxFragment = 128
	maxOrigin   = 300
)

var (
	// ErrLink is returned for every text that is not exactly a link.
	ErrLink = errors.New("link: not a link")
	// ErrSize is returned when a part of a proof has a wrong size.
	ErrSize = errors.New("link: wrong size")
)

// Link is what stands behind the "#".
type Link struct {
	Secret     [SecretSize]byte  // L
	Moderators [HashSize]byte    // mh
	Moderator  *[SecretSize]byte // M; nil in a participant link
}

// Room is everything that follows from L and mh.
type Room struct {
	ID      [HashSize]byte
	Join    ed25519.PrivateKey
	LeafMAC []byte // k_leaf, HMAC-SHA-256, 32 bytes
	PSK     []byte // psk of link generation 0, 32 bytes
}

// Moderator is what follows from M.
type Moderator struct {
	Signature ed25519.PrivateKey
	KEM       *ecdh.PrivateKey // X25519
}

const (
	roomSalt      = "paravent v1"
	moderatorSalt = "paravent moderator v1"
)

func expand(secret [SecretSize]byte, salt, label string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret[:], []byte(salt), label, 32)
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
	return expand(secret, roomSalt, "mls psk")
}

// Room derives all that a participant link gives.
func (l *Link) Room() (*Room, error) {
	seed, err := expand(l.Secret, roomSalt, "join")
	if err != nil {
		return nil, err
	}
	mac, err := expand(l.Secret, roomSalt, "leaf mac")
	if err != nil {
		return nil, err
	}
	psk, err := PSK(l.Secret)
	if err != nil {
		return nil, err
	}
	join := ed25519.NewKeyFromSeed(seed)
	return &Room{ID: HashRoom(l.Moderators, public(join)), Join: join, LeafMAC: mac, PSK: psk}, nil
}

// NewModerator derives the moderator keys from M.
func NewModerator(secret [SecretSize]byte) (*Moderator, error) {
	seed, err := expand(secret, moderatorSalt, "sig")
	if err != nil {
		return nil, err
	}
	scalar, err := expand(secret, moderatorSalt, "kem")
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

// Participant returns the text of the link without the moderator's part.
func (l *Link) Participant(origin string) string {
	return origin + "/#1." + base64.RawURLEncoding.EncodeToString(slices.Concat(l.Secret[:], l.Moderators[:]))
}

// String returns the full text of the link, with the moderator's part if it
// has one.
func (l *Link) String(origin string) string {
	if l.Moderator == nil {
		return l.Participant(origin)
	}
	return l.Participant(origin) + "." + base64.RawURLEncoding.EncodeToString(l.Moderator[:])
}

//nolint:gochecknoglobals // immutable tables
var (
	fragmentForm = regexp.MustCompile(`^#1\.([A-Za-z0-9_-]{64})(?:\.([A-Za-z0-9_-]{43}))?$`)
	originForm   = regexp.MustCompile(`^(https?)://([a-z0-9]+(?:[.-]+[a-z0-9]+)*|\[[0-9a-f:]+(?:\.[0-9.]+)?\])(?::([1-9][0-9]{0,4}))?$`)
	loopback     = []string{"localhost", "127.0.0.1", "[::1]"}
	canonical    = base64.RawURLEncoding.Strict()
)

// Parse reads a whole link. It returns ErrLink for anything but the one
// correct spelling, and for a moderator link whose M does not belong to mh.
func Parse(text string) (origin string, l *Link, err error) {
	origin, fragment, ok := strings.Cut(text, "/#")
	if !ok || !IsOrigin(origin) {
		return "", nil, ErrLink
	}
	l, err = ParseFragment("#" + fragment)
	if err != nil {
		return "", nil, err
	}
	return origin, l, nil
}

// IsOrigin reports whether a link may name origin: https, or http on this very
// machine, without a default port.
func IsOrigin(origin string) bool {
	if len(origin) > maxOrigin {
		return false
	}
	parts := originForm.FindStringSubmatch(origin)
	if parts == nil {
		return false
	}
	scheme, host, port := parts[1], parts[2], parts[3]
	if scheme == "http" && !slices.Contains(loopback, host) {
		return false
	}
	if port == "" {
		return true
	}
	n, err := strconv.Atoi(port)
	standard := map[string]int{"https": 443, "http": 80}[scheme]
	return err == nil && n <= 65535 && n != standard
}

// ParseFragment reads the fragment of a link, "#" included, as Parse does.
func ParseFragment(fragment string) (*Link, error) {
	if len(fragment) > maxFragment {
		return nil, ErrLink
	}
	parts := fragmentForm.FindStringSubmatch(fragment)
	if parts == nil {
		return nil, ErrLink
	}
	participant, err := canonical.DecodeString(parts[1])
	if err != nil {
		return nil, ErrLink
	}
	l := &Link{Secret: [SecretSize]byte(participant), Moderators: [HashSize]byte(participant[SecretSize:])}
	if parts[2] == "" {
		return l, nil
	}
	moderator, err := canonical.DecodeString(parts[2])
	if err != nil {
		return nil, ErrLink
	}
	secret := [SecretSize]byte(moderator)
	keys, err := NewModerator(secret)
	if err != nil || keys.Hash() != l.Moderators {
		return nil, ErrLink
	}
	l.Moderator = &secret
	return l, nil
}
