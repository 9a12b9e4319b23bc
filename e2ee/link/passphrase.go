package link

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Argon2id (RFC 9106), version 0x13.
const (
	argonMemory = 65536 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonSize   = 32
	maxWords    = 1024 // bytes of UTF-8
)

const passphraseSalt = "paravent passphrase v1" //nolint:gosec // a label, no secret

// Passphrase is what follows from a room's passphrase.
type Passphrase struct {
	Signature ed25519.PrivateKey // its public key is Policy.passphrase
	PSK       []byte             // pass_psk, 32 bytes
}

// Stretch returns the Argon2id of the words, 32 bytes, under Room.PassphraseSalt.
// It takes about a second and 64 MiB. It returns ErrSize for no words, or more
// than 1024 bytes of them.
func Stretch(words string, salt []byte) ([]byte, error) {
	password := norm.NFKC.Bytes([]byte(words))
	if len(password) == 0 || len(password) > maxWords || len(salt) != SaltSize {
		return nil, ErrSize
	}
	return argon2.IDKey(password, salt, argonTime, argonMemory, argonLanes, argonSize), nil
}

// NewPassphrase derives the keys from what Stretch returns.
func NewPassphrase(output []byte) (*Passphrase, error) {
	if len(output) != argonSize {
		return nil, ErrSize
	}
	seed, err := expand(output, passphraseSalt, "sig")
	if err != nil {
		return nil, err
	}
	psk, err := expand(output, passphraseSalt, "psk")
	if err != nil {
		return nil, err
	}
	return &Passphrase{Signature: ed25519.NewKeyFromSeed(seed), PSK: psk}, nil
}

// Mix returns psk'[g], which stands for psk[g] in a room with this passphrase.
func (p *Passphrase) Mix(psk []byte) ([]byte, error) { return hkdf.Extract(sha256.New, psk, p.PSK) }
