package sframe

import "bytes"

// Codec is what a frame was encoded with.
type Codec string

// The codecs that Paravent carries.
const (
	Opus Codec = "opus"
	VP8  Codec = "VP8"
	VP9  Codec = "VP9"
	AV1  Codec = "AV1"
)

const (
	vp8Delta   = "\x11"                     // RFC 7741, section 4.3: not a key frame, shown
	vp8Key     = "\x10\x00\x00\x9d\x01\x2a" // key frame, shown, start code; the real size follows
	vp8KeySize = 10
	av1Key     = 0x08 // OBU header: sequence header, no extension, no size field
	av1Delta   = 0x30 // OBU header: frame
	av1HasSize = 0x02
	maxLEB128  = 4 // bytes
)

// Shim returns the bytes in front of a sealed frame: made up, but for the
// picture size of a VP8 key frame. It returns ErrMalformed when frame cannot
// be one of codec.
func Shim(codec Codec, frame []byte, key bool) ([]byte, error) {
	switch {
	case codec == Opus || codec == VP9:
		return nil, nil
	case codec == AV1 && key:
		return []byte{av1Key}, nil
	case codec == AV1:
		return []byte{av1Delta}, nil
	case codec == VP8 && !key:
		return []byte(vp8Delta), nil
	case codec == VP8 && len(frame) >= vp8KeySize && string(frame[3:6]) == vp8Key[3:]:
		return append([]byte(vp8Key), frame[6:vp8KeySize]...), nil
	default:
		return nil, ErrMalformed
	}
}

// Depacketized returns a sealed frame as an AV1 depacketizer hands it out:
// with the OBU's size written down. Frames of other codecs are not changed.
func Depacketized(codec Codec, wire []byte) []byte {
	if codec != AV1 || len(wire) == 0 {
		return wire
	}
	out := []byte{wire[0] | av1HasSize}
	size := len(wire) - 1
	for ; size >= 0x80; size >>= 7 {
		out = append(out, byte(size)|0x80)
	}
	return append(append(out, byte(size)), wire[1:]...)
}

// SplitShim takes a received frame apart into the shim as the sender made it
// and the SFrame ciphertext. It returns ErrMalformed when the shim is not
// exactly one that Shim makes.
func SplitShim(codec Codec, wire []byte) (shim, sealed []byte, err error) {
	switch codec {
	case Opus, VP9:
		return nil, wire, nil
	case VP8:
		return splitVP8(wire)
	case AV1:
		return splitAV1(wire)
	default:
		return nil, nil, ErrMalformed
	}
}

func splitVP8(wire []byte) (shim, sealed []byte, err error) {
	switch {
	case bytes.HasPrefix(wire, []byte(vp8Delta)):
		return wire[:1], wire[1:], nil
	case bytes.HasPrefix(wire, []byte(vp8Key)) && len(wire) >= vp8KeySize:
		return wire[:vp8KeySize], wire[vp8KeySize:], nil
	default:
		return nil, nil, ErrMalformed
	}
}

func splitAV1(wire []byte) (shim, sealed []byte, err error) {
	if len(wire) == 0 {
		return nil, nil, ErrMalformed
	}
	header := wire[0] &^ av1HasSize
	if header != av1Key && header != av1Delta {
		return nil, nil, ErrMalformed
	}
	if wire[0] == header {
		return []byte{header}, wire[1:], nil
	}
	size := 0
	for i, b := range wire[1:min(len(wire), 1+maxLEB128)] {
		size |= int(b&0x7f) << (7 * i)
		if b >= 0x80 {
			continue
		}
		sealed = wire[2+i:]
		if (b == 0 && i > 0) || size != len(sealed) {
			break
		}
		return []byte{header}, sealed, nil
	}
	return nil, nil, ErrMalformed
}
