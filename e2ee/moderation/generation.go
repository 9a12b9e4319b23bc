package moderation

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

const (
	// ExporterLabel is the label of what an epoch exports to seal a new link
	// generation, of ExportedSize bytes; the context is ExporterContext.
	ExporterLabel = "paravent link"
	// ExportedSize is the size of an exported key in bytes.
	ExportedSize = 16

	generationLabel = "paravent link v1"
	generationSize  = 4 + 12 + link.SecretSize + 16
)

// ErrGeneration is returned for a new link generation that nobody in this epoch
// and group sealed.
var ErrGeneration = errors.New("moderation: not a link generation of this epoch")

// ExporterContext is the context of the exporter for a generation's number.
func ExporterContext(number uint32) []byte { return binary.BigEndian.AppendUint32(nil, number) }

func generationCipher(exported []byte) (cipher.AEAD, error) {
	if len(exported) != ExportedSize {
		return nil, ErrSize
	}
	block, err := aes.NewCipher(exported)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// SealGeneration returns "g" of the authenticated data, with what the present
// epoch of the group exports for this number. The nonce is read from random.
func SealGeneration(g *link.Generation, exported []byte, groupID [32]byte, random io.Reader) ([]byte, error) {
	aead, err := generationCipher(exported)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, err
	}
	front := slices.Concat(ExporterContext(g.Number), nonce)
	return aead.Seal(front, nonce, g.Secret[:], slices.Concat([]byte(generationLabel), groupID[:])), nil
}

// GenerationNumber returns the number in "g", so that one knows what to
// export. It returns ErrGeneration when "g" is not of its size or begins with 0.
func GenerationNumber(g []byte) (uint32, error) {
	if len(g) != generationSize || binary.BigEndian.Uint32(g) == 0 {
		return 0, ErrGeneration
	}
	return binary.BigEndian.Uint32(g), nil
}

// OpenGeneration opens "g". It returns ErrGeneration when it is not authentic
// in this epoch and group.
func OpenGeneration(g, exported []byte, groupID [32]byte) (*link.Generation, error) {
	number, err := GenerationNumber(g)
	if err != nil {
		return nil, err
	}
	aead, err := generationCipher(exported)
	if err != nil {
		return nil, err
	}
	secret, err := aead.Open(nil, g[4:16], g[16:], slices.Concat([]byte(generationLabel), groupID[:]))
	if err != nil {
		return nil, ErrGeneration
	}
	return &link.Generation{Number: number, Secret: [link.SecretSize]byte(secret)}, nil
}

// Follows reports whether next may follow generation present of the group: the
// very next, and the one that the rules name (nil: none).
func Follows(next *link.Generation, present uint32, wanted *wire.Generation) bool {
	if wanted == nil || next.Number != present+1 || uint64(next.Number) != wanted.Number {
		return false
	}
	join, err := next.Join()
	return err == nil && bytes.Equal(join[ed25519.SeedSize:], wanted.Key)
}
