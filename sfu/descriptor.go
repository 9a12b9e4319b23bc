package sfu

import "paravent/sfu/transport"

// descriptor is what the payload descriptor of a video packet says. The bytes
// behind it are ciphertext behind a synthetic shim; of those only one bit is
// read, and only for VP8, whose descriptor does not tell key frames.
type descriptor struct {
	key       bool   // a key frame begins with this packet
	pictureAt int    // where the picture id is; 0: there is none
	wide      bool   // the picture id has 15 bits, not 7
	picture   uint16 // picture id
	tl0At     int    // where TL0PICIDX is; 0: there is none
	tl0       uint8  // TL0PICIDX, counts frames of the base temporal layer
}

// describe reads the payload descriptor of one packet. It is false for a
// payload that is malformed or has nothing behind its descriptor.
func describe(c transport.Codec, payload []byte) (descriptor, bool) {
	switch c {
	case transport.Opus:
		return descriptor{}, len(payload) > 0
	case transport.VP8:
		return describeVP8(payload)
	case transport.VP9:
		return describeVP9(payload)
	case transport.AV1:
		return describeAV1(payload)
	default:
		return descriptor{}, false
	}
}

// describeVP8 reads a VP8 payload descriptor (RFC 7741, section 4.2).
func describeVP8(b []byte) (d descriptor, ok bool) {
	const (
		extended  = 0x80 // X
		start     = 0x10 // S
		partition = 0x07 // PID
	)
	if len(b) < 2 {
		return descriptor{}, false
	}
	at := 1
	if b[0]&extended != 0 {
		flags := b[1]
		at = 2
		if flags&0x80 != 0 { // I
			if at, ok = d.readPicture(b, at); !ok {
				return descriptor{}, false
			}
		}
		if flags&0x40 != 0 { // L
			if at, ok = d.readTL0(b, at); !ok {
				return descriptor{}, false
			}
		}
		if flags&0x30 != 0 { // T or K
			at++
		}
	}
	if at >= len(b) {
		return descriptor{}, false
	}
	// The P bit of the shim (RFC 6386, section 9.1): 0 is a key frame.
	d.key = b[0]&start != 0 && b[0]&partition == 0 && b[at]&1 == 0
	return d, true
}

// describeVP9 reads a VP9 payload descriptor as far as its picture numbers
// (RFC 9628, section 4.2).
func describeVP9(b []byte) (d descriptor, ok bool) {
	const (
		hasPicture = 0x80 // I
		predicted  = 0x40 // P
		hasLayers  = 0x20 // L
		flexible   = 0x10 // F
		begin      = 0x08 // B
	)
	if len(b) < 2 {
		return descriptor{}, false
	}
	at := 1
	if b[0]&hasPicture != 0 {
		if at, ok = d.readPicture(b, at); !ok {
			return descriptor{}, false
		}
	}
	base := true
	if b[0]&hasLayers != 0 {
		if at >= len(b) {
			return descriptor{}, false
		}
		const spatial, interLayer = 0x0e, 0x01 // SID, D
		base = b[at]&(spatial|interLayer) == 0
		at++
		if b[0]&flexible == 0 {
			if at, ok = d.readTL0(b, at); !ok {
				return descriptor{}, false
			}
		}
	}
	if at >= len(b) {
		return descriptor{}, false
	}
	d.key = b[0]&predicted == 0 && b[0]&begin != 0 && base
	return d, true
}

// describeAV1 reads an AV1 aggregation header (AV1 RTP specification, section
// 4.4): N begins a coded video sequence, that is a key frame.
func describeAV1(b []byte) (descriptor, bool) {
	const continued, sequence = 0x80, 0x08 // Z, N
	if len(b) < 2 {
		return descriptor{}, false
	}
	return descriptor{key: b[0]&sequence != 0 && b[0]&continued == 0}, true
}

// readPicture reads a picture id of 7 or 15 bits at b[at] and returns where
// it ends.
func (d *descriptor) readPicture(b []byte, at int) (int, bool) {
	if at >= len(b) {
		return 0, false
	}
	d.pictureAt = at
	if b[at]&0x80 == 0 { // M
		d.picture = uint16(b[at])
		return at + 1, true
	}
	if at+1 >= len(b) {
		return 0, false
	}
	d.wide = true
	d.picture = uint16(b[at]&0x7f)<<8 | uint16(b[at+1])
	return at + 2, true
}

func (d *descriptor) readTL0(b []byte, at int) (int, bool) {
	if at >= len(b) {
		return 0, false
	}
	d.tl0At, d.tl0 = at, b[at]
	return at + 1, true
}

// write puts other picture numbers where d found its own.
func (d *descriptor) write(b []byte, picture uint16, tl0 uint8) {
	switch {
	case d.pictureAt == 0:
	case d.wide:
		b[d.pictureAt] = 0x80 | byte(picture>>8)
		b[d.pictureAt+1] = byte(picture)
	default:
		b[d.pictureAt] = byte(picture) & 0x7f
	}
	if d.tl0At != 0 {
		b[d.tl0At] = tl0
	}
}
