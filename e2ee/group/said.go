package group

import (
	"bytes"
	"reflect"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// Why a commit was made ("r" of its authenticated data).
const (
	refresh = 0 // nobody comes or goes
	change  = 1 // somebody does
	rotate  = 2 // a link generation begins; nobody comes or goes
)

// Limits of authenticated data.
const (
	entriesMax       = 64    // admissions, or kicks
	entryMax         = 16384 // bytes of one of them
	authenticatedMax = 49152 // bytes in all
	kicksMax         = 16384 // bytes of kicks that we say, so that admissions have room
	generationSize   = 64    // of "g": number, nonce, sealed L, tag
)

// said is the authenticated data of a commit (PROTOCOL.md, "Commits").
type said struct {
	Admissions [][]byte `cbor:"a"`
	Generation []byte   `cbor:"g,omitempty"` // of rotate, and no other
	Kicks      [][]byte `cbor:"k"`
	Reason     uint8    `cbor:"r"`
}

type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
	err error
}

// modes are the strictest that the library has: deterministic encoding (RFC
// 8949, section 4.2.1), and no input with tags, unknown or repeated keys or
// open lengths.
//
//nolint:gochecknoglobals // immutable table
var modes = sync.OnceValue(func() codec {
	options := cbor.CoreDetEncOptions()
	options.NilContainers = cbor.NilContainerAsEmpty
	enc, err := options.EncMode()
	if err != nil {
		return codec{err: err}
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   4,
		DefaultMapType:    reflect.TypeFor[map[string]any](),
	}.DecMode()
	return codec{enc, dec, err}
})

// encode returns the bytes of s, which must be within the limits.
func (s *said) encode() ([]byte, error) {
	m := modes()
	if m.err != nil {
		return nil, m.err
	}
	b, err := m.enc.Marshal(s)
	if err != nil || len(b) > authenticatedMax || !s.sound() {
		return nil, profile("authenticated data within the limits")
	}
	return b, nil
}

// decodeSaid reads authenticated data. It must be the one deterministic
// encoding of exactly these members.
func decodeSaid(b []byte) (*said, error) {
	m := modes()
	if m.err != nil {
		return nil, m.err
	}
	s := &said{}
	if len(b) > authenticatedMax || m.dec.Unmarshal(b, s) != nil || !s.sound() {
		return nil, profile("known authenticated data")
	}
	if again, err := m.enc.Marshal(s); err != nil || !bytes.Equal(again, b) {
		return nil, profile("known authenticated data")
	}
	return s, nil
}

// sound reports whether sizes, and reason and generation, fit.
func (s *said) sound() bool {
	for _, entries := range [][][]byte{s.Admissions, s.Kicks} {
		if len(entries) > entriesMax {
			return false
		}
		for _, e := range entries {
			if len(e) > entryMax {
				return false
			}
		}
	}
	if s.Reason == rotate {
		return len(s.Generation) == generationSize
	}
	return s.Reason <= change && s.Generation == nil
}
