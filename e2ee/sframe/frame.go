package sframe

import (
	"bytes"
	"errors"
	"slices"
)

// Context says what a key is for.
type Context uint8

// The contexts.
const (
	Microphone  Context = 0
	Camera      Context = 1
	Screen      Context = 2
	ScreenAudio Context = 3
	Data        Context = 4
)

// Limits of the key id and the counter.
const (
	MaxLeaf = 1023
	MaxCTR  = 1<<32 - 1
)

const (
	version      = 1 // in the high half of ver_flags; the low half is flags, all 0 today
	audioTrailer = 3 // pad_len, level, ver_flags
	videoTrailer = 1 // ver_flags
	audioStep    = 96
	voiceBit     = 0x80
)

// Silence is the level, in -dBov, of silence and of what is not known.
const Silence = 127

// KeyID is what a KID says. Of the epoch it holds the lowest 8 bits.
type KeyID struct {
	Context Context
	Leaf    uint32
	Epoch   uint8
}

// KID returns the SFrame key id: context, 10 bits of leaf, 8 bits of epoch.
func (k KeyID) KID() uint64 {
	return uint64(k.Context)<<18 | uint64(k.Leaf&MaxLeaf)<<8 | uint64(k.Epoch)
}

// ParseKID takes a KID apart. It returns ErrMalformed for an unknown context.
func ParseKID(kid uint64) (KeyID, error) {
	if kid>>18 > uint64(Data) {
		return KeyID{}, ErrMalformed
	}
	return KeyID{Context(kid >> 18), uint32(kid>>8) & MaxLeaf, uint8(kid)}, nil
}

// Frame is an encoded frame in clear.
type Frame struct {
	Codec Codec
	Key   bool // a key frame; false for audio
	Data  []byte
	Level uint8 // of audio: 0..127, -dBov
	Voice bool  // of audio
}

// SealFrame returns shim and ciphertext. The caller must never use a counter
// twice with one key. It returns ErrMalformed when the frame cannot be one of
// its codec.
func SealFrame(k *Key, ctr uint32, f *Frame) ([]byte, error) {
	if len(f.Data) == 0 {
		return nil, ErrMalformed
	}
	shim, err := Shim(f.Codec, f.Data, f.Key)
	if err != nil {
		return nil, err
	}
	return slices.Concat(shim, k.Seal(uint64(ctr), shim, pack(f))), nil
}

func pack(f *Frame) []byte {
	if f.Codec != Opus {
		return append(slices.Clone(f.Data), version<<4)
	}
	level := f.Level & Silence
	if f.Voice {
		level |= voiceBit
	}
	padding := (audioStep - (len(f.Data)+audioTrailer)%audioStep) % audioStep
	return slices.Concat(f.Data, make([]byte, padding), []byte{byte(padding), level, version << 4})
}

func unpack(codec Codec, plaintext []byte) (*Frame, error) {
	trailer, padding := videoTrailer, 0
	if codec == Opus {
		trailer = audioTrailer
	}
	n := len(plaintext)
	if n < trailer || plaintext[n-1]>>4 != version {
		return nil, ErrMalformed
	}
	f := &Frame{Codec: codec, Level: Silence}
	if codec == Opus {
		padding = int(plaintext[n-3])
		f.Level, f.Voice = plaintext[n-2]&Silence, plaintext[n-2]&voiceBit != 0
	}
	end := n - trailer - padding
	if end < 1 || len(bytes.Trim(plaintext[end:end+padding], "\x00")) > 0 {
		return nil, ErrMalformed
	}
	f.Data = plaintext[:end]
	return f, nil
}

var (
	// ErrNoKey is returned for a frame of an epoch or leaf without a key.
	ErrNoKey = errors.New("sframe: no key")
	// ErrForeign is returned for a frame of another leaf or context than bound.
	ErrForeign = errors.New("sframe: foreign frame")
	// ErrReplayed is returned for a frame that was seen before or is too old to tell.
	ErrReplayed = errors.New("sframe: replayed frame")
)

// Receiver opens the frames of one sender's track. It does not hold frames of
// epochs to come, and its caller forgets old epochs. Not safe for concurrent
// use.
type Receiver struct {
	leaf    uint32
	context Context
	epochs  map[uint8]epoch
	keys    map[uint64]*opener
}

type epoch struct {
	baseKey []byte
	members []uint32
}

type opener struct {
	key  *Key
	seen window
}

// NewReceiver returns a receiver that lets frames of one leaf and context
// through, once it has keys.
func NewReceiver(leaf uint32, context Context) *Receiver {
	return &Receiver{leaf: leaf, context: context, epochs: map[uint8]epoch{}, keys: map[uint64]*opener{}}
}

// Add gives the base key of an epoch and the leaves that are in it.
func (r *Receiver) Add(number uint64, baseKey []byte, members []uint32) {
	r.Forget(number)
	r.epochs[uint8(number)] = epoch{baseKey, members}
}

// Forget deletes an epoch's keys.
func (r *Receiver) Forget(number uint64) {
	delete(r.epochs, uint8(number))
	for kid := range r.keys {
		if uint8(kid) == uint8(number) {
			delete(r.keys, kid)
		}
	}
}

// Open returns the frame in clear. It returns ErrMalformed, ErrNoKey,
// ErrForeign, ErrReplayed or ErrForged, whichever check fails first.
func (r *Receiver) Open(codec Codec, wire []byte) (*Frame, error) {
	shim, sealed, err := SplitShim(codec, wire)
	if err != nil {
		return nil, err
	}
	h, _, err := ParseHeader(sealed)
	if err != nil {
		return nil, err
	}
	id, err := ParseKID(h.KID)
	if err != nil || h.CTR > MaxCTR || !fits(codec, id.Context) {
		return nil, ErrMalformed
	}
	k, err := r.opener(id, h.KID)
	if err != nil {
		return nil, err
	}
	if !k.seen.fresh(h.CTR) {
		return nil, ErrReplayed
	}
	plaintext, err := k.key.Open(shim, sealed)
	if err != nil {
		return nil, err
	}
	f, err := unpack(codec, plaintext)
	if err != nil {
		return nil, err
	}
	k.seen.mark(h.CTR)
	return f, nil
}

func fits(codec Codec, context Context) bool {
	if codec == Opus {
		return context == Microphone || context == ScreenAudio
	}
	return context == Camera || context == Screen
}

func (r *Receiver) opener(id KeyID, kid uint64) (*opener, error) {
	e, ok := r.epochs[id.Epoch]
	if !ok || !slices.Contains(e.members, id.Leaf) {
		return nil, ErrNoKey
	}
	if id.Leaf != r.leaf || id.Context != r.context {
		return nil, ErrForeign
	}
	if k, ok := r.keys[kid]; ok {
		return k, nil
	}
	key, err := NewKey(AES256GCMSHA512Tag128, e.baseKey, kid)
	if err != nil {
		return nil, err
	}
	k := &opener{key: key}
	r.keys[kid] = k
	return k, nil
}
