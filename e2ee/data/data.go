// Package data is the reference for data messages: signed by the sender's
// leaf, padded, sealed with SFrame (e2ee/PROTOCOL.md, "Data messages"). It
// keeps no state and is safe for concurrent use; counters and numbers are the
// caller's.
package data

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"reflect"
	"slices"

	"paravent/e2ee/sframe"
)

const (
	metadata       = "paravent data v1"
	signatureLabel = "paravent data signature v1"
)

// front is the size of what stands before the content: signature, audience,
// length.
const front = ed25519.SignatureSize + 1 + 2

//nolint:gochecknoglobals // immutable tables
var (
	sizes   = [...]int{256, 1024, 4096, 16384} // of the padded plaintext
	mapType = reflect.TypeFor[map[string]any]()
)

var (
	// ErrLimit is returned by Seal for content beyond a limit.
	ErrLimit = errors.New("data: content beyond a limit")
	// ErrMalformed is returned for what no client makes.
	ErrMalformed = errors.New("data: malformed message")
	// ErrNoKey is returned for a message of another epoch or leaf.
	ErrNoKey = errors.New("data: no key")
	// ErrForged is returned for a message that is not authentic.
	ErrForged = errors.New("data: message is not authentic")
	// ErrReplayed is returned for a number that is not above the last one.
	ErrReplayed = errors.New("data: replayed message")
	// ErrUnknownType is returned, with the number, for an authentic message of
	// a type that a newer client may know: it is ignored.
	ErrUnknownType = errors.New("data: unknown type")
)

// Person is a person's id.
type Person [16]byte

// Epoch is one epoch of the group, as far as data messages need it.
type Epoch struct {
	GroupID [32]byte
	Number  uint64
	BaseKey []byte // the SFrame base key of the epoch, 32 bytes
}

// signed returns what is signed: it binds the content to group, epoch, sender and audience.
func (e *Epoch) signed(leaf uint32, to *Person, content []byte) []byte {
	b := slices.Concat([]byte(signatureLabel), e.GroupID[:])
	b = binary.BigEndian.AppendUint64(b, e.Number)
	b = binary.BigEndian.AppendUint32(b, leaf)
	if to == nil {
		b = append(b, 0)
	} else {
		b = append(append(b, 1), to[:]...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(content)))
	return append(b, content...)
}

func (e *Epoch) kid(leaf uint32) uint64 {
	return sframe.KeyID{Context: sframe.Data, Leaf: leaf, Epoch: uint8(e.Number)}.KID()
}

// Sender is who sends, and the state that it must not use twice.
type Sender struct {
	Leaf uint32
	Key  ed25519.PrivateKey // of the leaf
	CTR  uint32             // from 0, one more for each message of the epoch
	Seq  uint64             // from 1, one more for each message of the stay
}

// Seal signs, pads and seals a message for one person, or for everybody when
// to is nil. It returns ErrLimit when the content is beyond a limit.
func Seal(c Content, e *Epoch, from *Sender, to *Person) ([]byte, error) {
	content, err := encode(c, from.Seq)
	if err != nil {
		return nil, err
	}
	return SealBytes(content, e, from, to)
}

// SealBytes is Seal for content that is already encoded, right or wrong: tests
// make with it what Seal refuses to make.
func SealBytes(content []byte, e *Epoch, from *Sender, to *Person) ([]byte, error) {
	i := slices.IndexFunc(sizes[:], func(size int) bool { return front+len(content) <= size })
	if i < 0 || from.Leaf > sframe.MaxLeaf {
		return nil, ErrLimit
	}
	plaintext := ed25519.Sign(from.Key, e.signed(from.Leaf, to, content))
	audience := byte(0)
	if to != nil {
		audience = 1
	}
	plaintext = append(plaintext, audience)
	plaintext = binary.BigEndian.AppendUint16(plaintext, uint16(len(content)))
	plaintext = append(plaintext, content...)
	plaintext = append(plaintext, make([]byte, sizes[i]-len(plaintext))...)
	return SealPlaintext(plaintext, e, from)
}

// SealPlaintext only seals: tests make with it what SealBytes does not make.
func SealPlaintext(plaintext []byte, e *Epoch, from *Sender) ([]byte, error) {
	key, err := sframe.NewKey(sframe.AES256GCMSHA512Tag128, e.BaseKey, e.kid(from.Leaf))
	if err != nil {
		return nil, err
	}
	return key.Seal(uint64(from.CTR), []byte(metadata), plaintext), nil
}

// Receiver is who opens, and what it knows of the sender.
type Receiver struct {
	Self    Person
	Leaf    uint32            // of the sender
	Key     ed25519.PublicKey // of that leaf
	LastSeq uint64            // the greatest number seen from it; 0 before the first
}

// Message is what a message says, under which number, and to whom.
type Message struct {
	Seq     uint64
	Alone   bool // sealed for this receiver only
	Content Content
}

// Open opens a message. It returns ErrMalformed, ErrNoKey, ErrForged,
// ErrReplayed or ErrUnknownType, whichever check fails first; with the last
// the number is valid, and the content nil.
func Open(body []byte, e *Epoch, r *Receiver) (*Message, error) {
	content, alone, err := r.unseal(body, e)
	if err != nil {
		return nil, err
	}
	seq, c, err := decode(content)
	switch {
	case err != nil:
		return nil, err
	case seq <= r.LastSeq:
		return nil, ErrReplayed
	case c == nil:
		return &Message{Seq: seq, Alone: alone}, ErrUnknownType
	default:
		return &Message{seq, alone, c}, nil
	}
}

// unseal returns the content of an authentic message, and whether it is for
// this receiver alone.
func (r *Receiver) unseal(body []byte, e *Epoch) (content []byte, alone bool, err error) {
	h, _, err := sframe.ParseHeader(body)
	if err != nil {
		return nil, false, ErrMalformed
	}
	id, err := sframe.ParseKID(h.KID)
	if err != nil || id.Context != sframe.Data || h.CTR > sframe.MaxCTR {
		return nil, false, ErrMalformed
	}
	if h.KID != e.kid(r.Leaf) {
		return nil, false, ErrNoKey
	}
	key, err := sframe.NewKey(sframe.AES256GCMSHA512Tag128, e.BaseKey, h.KID)
	if err != nil {
		return nil, false, err
	}
	plaintext, err := key.Open([]byte(metadata), body)
	if err != nil {
		return nil, false, ErrForged
	}
	signature, toOne, content, err := unpack(plaintext)
	if err != nil {
		return nil, false, err
	}
	var to *Person
	if toOne {
		to = &r.Self
	}
	if len(r.Key) != ed25519.PublicKeySize || !ed25519.Verify(r.Key, e.signed(r.Leaf, to, content), signature) {
		return nil, false, ErrForged
	}
	return content, toOne, nil
}

// unpack takes the padding off. It returns ErrMalformed when it is not exactly
// as a sender makes it.
func unpack(plaintext []byte) (signature []byte, toOne bool, content []byte, err error) {
	if len(plaintext) < front {
		return nil, false, nil, ErrMalformed
	}
	audience := plaintext[front-3]
	end := front + int(binary.BigEndian.Uint16(plaintext[front-2:]))
	i := slices.IndexFunc(sizes[:], func(size int) bool { return end <= size })
	if i < 0 || sizes[i] != len(plaintext) || audience > 1 || len(bytes.Trim(plaintext[end:], "\x00")) > 0 {
		return nil, false, nil, ErrMalformed
	}
	return plaintext[:ed25519.SignatureSize], audience == 1, plaintext[front:end], nil
}

// OpenPlaintext only unseals what leaf sealed: tests look with it at the
// layout. It returns ErrForged when the body is not authentic.
func OpenPlaintext(body []byte, e *Epoch, leaf uint32) ([]byte, error) {
	key, err := sframe.NewKey(sframe.AES256GCMSHA512Tag128, e.BaseKey, e.kid(leaf))
	if err != nil {
		return nil, err
	}
	plaintext, err := key.Open([]byte(metadata), body)
	if err != nil {
		return nil, ErrForged
	}
	return plaintext, nil
}
