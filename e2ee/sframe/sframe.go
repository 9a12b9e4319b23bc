// Package sframe is the reference for media frames: SFrame (RFC 9605) with all
// of its five suites, and the shims, trailers and checks that Paravent puts
// around it (e2ee/PROTOCOL.md, "Frames"). Key and Header values are safe for
// concurrent use; Receiver is not.
package sframe

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"hash"
	"slices"
)

// Suite is a cipher suite by its IANA number (RFC 9605, section 8.1).
type Suite uint16

// The suites of RFC 9605, section 4.5. Paravent uses the last.
const (
	AES128CTRHMACSHA256Tag80 Suite = 1
	AES128CTRHMACSHA256Tag64 Suite = 2
	AES128CTRHMACSHA256Tag32 Suite = 3
	AES128GCMSHA256Tag128    Suite = 4
	AES256GCMSHA512Tag128    Suite = 5
)

const nonceSize = 12

var (
	// ErrSuite is returned for a suite that RFC 9605 does not define.
	ErrSuite = errors.New("sframe: unknown suite")
	// ErrForged is returned for a frame that is not authentic.
	ErrForged = errors.New("sframe: frame is not authentic")
	// ErrMalformed is returned for bytes that cannot be a frame.
	ErrMalformed = errors.New("sframe: malformed frame")
)

type parameters struct {
	hash     func() hash.Hash
	encSize  int // of the AES key, bytes
	authSize int // of the HMAC key, bytes; 0 with GCM
	tagSize  int
}

func (s Suite) parameters() (parameters, error) {
	switch s {
	case AES128CTRHMACSHA256Tag80:
		return parameters{sha256.New, 16, 32, 10}, nil
	case AES128CTRHMACSHA256Tag64:
		return parameters{sha256.New, 16, 32, 8}, nil
	case AES128CTRHMACSHA256Tag32:
		return parameters{sha256.New, 16, 32, 4}, nil
	case AES128GCMSHA256Tag128:
		return parameters{sha256.New, 16, 0, 16}, nil
	case AES256GCMSHA512Tag128:
		return parameters{sha512.New, 32, 0, 16}, nil
	default:
		return parameters{}, ErrSuite
	}
}

// Key is the key of one KID.
type Key struct {
	kid  uint64
	salt []byte
	aead cipher.AEAD
}

// NewKey derives the key of kid from a base key (RFC 9605, section 4.4.2). It
// returns ErrSuite for an unknown suite.
func NewKey(suite Suite, baseKey []byte, kid uint64) (*Key, error) {
	p, err := suite.parameters()
	if err != nil {
		return nil, err
	}
	secret, err := hkdf.Extract(p.hash, baseKey, nil)
	if err != nil {
		return nil, err
	}
	place := binary.BigEndian.AppendUint64(nil, kid)
	place = binary.BigEndian.AppendUint16(place, uint16(suite))
	key, err := hkdf.Expand(p.hash, secret, "SFrame 1.0 Secret key "+string(place), p.encSize+p.authSize)
	if err != nil {
		return nil, err
	}
	salt, err := hkdf.Expand(p.hash, secret, "SFrame 1.0 Secret salt "+string(place), nonceSize)
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(p, key)
	if err != nil {
		return nil, err
	}
	return &Key{kid: kid, salt: salt, aead: aead}, nil
}

func newAEAD(p parameters, key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:p.encSize])
	if err != nil {
		return nil, err
	}
	if p.authSize == 0 {
		return cipher.NewGCM(block)
	}
	return &ctrHMAC{block: block, authKey: key[p.encSize:], tagSize: p.tagSize}, nil
}

func (k *Key) nonce(ctr uint64) []byte {
	nonce := make([]byte, nonceSize)
	binary.BigEndian.PutUint64(nonce[nonceSize-8:], ctr)
	for i, b := range k.salt {
		nonce[i] ^= b
	}
	return nonce
}

// Seal returns header and ciphertext. The caller must never use a counter
// twice with one key.
func (k *Key) Seal(ctr uint64, metadata, plaintext []byte) []byte {
	header := Header{KID: k.kid, CTR: ctr}.Append(nil)
	return k.aead.Seal(header, k.nonce(ctr), plaintext, slices.Concat(header, metadata))
}

// Open returns the plaintext of a frame. It returns ErrMalformed when the
// header cannot be read and ErrForged when the frame is not authentic or names
// another KID.
func (k *Key) Open(metadata, frame []byte) ([]byte, error) {
	h, size, err := ParseHeader(frame)
	if err != nil {
		return nil, err
	}
	if h.KID != k.kid {
		return nil, ErrForged
	}
	plaintext, err := k.aead.Open(nil, k.nonce(h.CTR), frame[size:], slices.Concat(frame[:size], metadata))
	if err != nil {
		return nil, ErrForged
	}
	return plaintext, nil
}

// ctrHMAC is AES-CTR with a truncated HMAC-SHA-256 (RFC 9605, section 4.5.1).
type ctrHMAC struct {
	block   cipher.Block
	authKey []byte
	tagSize int
}

func (c *ctrHMAC) NonceSize() int { return nonceSize }
func (c *ctrHMAC) Overhead() int  { return c.tagSize }

func (c *ctrHMAC) crypt(nonce, text []byte) []byte {
	counter := make([]byte, aes.BlockSize)
	copy(counter, nonce)
	out := make([]byte, len(text))
	cipher.NewCTR(c.block, counter).XORKeyStream(out, text)
	return out
}

func (c *ctrHMAC) tag(nonce, aad, ciphertext []byte) []byte {
	mac := hmac.New(sha256.New, c.authKey)
	sizes := binary.BigEndian.AppendUint64(nil, uint64(len(aad)))
	sizes = binary.BigEndian.AppendUint64(sizes, uint64(len(ciphertext)))
	sizes = binary.BigEndian.AppendUint64(sizes, uint64(c.tagSize))
	for _, part := range [][]byte{sizes, nonce, aad, ciphertext} {
		mac.Write(part)
	}
	return mac.Sum(nil)[:c.tagSize]
}

func (c *ctrHMAC) Seal(dst, nonce, plaintext, aad []byte) []byte {
	ciphertext := c.crypt(nonce, plaintext)
	return append(append(dst, ciphertext...), c.tag(nonce, aad, ciphertext)...)
}

func (c *ctrHMAC) Open(dst, nonce, sealed, aad []byte) ([]byte, error) {
	if len(sealed) < c.tagSize {
		return nil, ErrForged
	}
	ciphertext, tag := sealed[:len(sealed)-c.tagSize], sealed[len(sealed)-c.tagSize:]
	if !hmac.Equal(tag, c.tag(nonce, aad, ciphertext)) {
		return nil, ErrForged
	}
	return append(dst, c.crypt(nonce, ciphertext)...), nil
}
