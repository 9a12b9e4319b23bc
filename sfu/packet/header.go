package packet

import "encoding/binary"

const (
	fixedSize = 12 // bytes of a header without contributing sources and extensions (RFC 3550, section 5.1)
	version   = 2
)

// Header is the header of a packet.
type Header struct {
	Marker     bool
	Type       uint8 // payload type
	Seq        uint16
	Timestamp  uint32
	SSRC       uint32
	Profile    uint16 // of the extension block: which form it has
	Extensions []byte // the extension block without its first word; nil: the packet has none
	Payload    []byte // without padding; empty: the packet is padding alone
	Size       int    // bytes before the payload
}

// Parse reads a whole packet, opened. What h holds is part of b. It is false
// for what is not a packet, and h then means nothing.
func Parse(h *Header, b []byte) bool {
	size, ok := HeaderSize(b)
	if !ok {
		return false
	}
	end := len(b)
	if b[0]&0x20 != 0 { // padding, its length in the last byte
		if b[end-1] == 0 {
			return false
		}
		end -= int(b[end-1])
	}
	if size > end {
		return false
	}
	*h = Header{
		Marker:    b[1]&0x80 != 0,
		Type:      b[1] & 0x7f,
		Seq:       Seq(b),
		Timestamp: binary.BigEndian.Uint32(b[4:]),
		SSRC:      SSRC(b),
		Payload:   b[size:end],
		Size:      size,
	}
	if b[0]&0x10 != 0 {
		at := fixedSize + 4*int(b[0]&0x0f)
		h.Profile = binary.BigEndian.Uint16(b[at:])
		h.Extensions = b[at+4 : size]
	}
	return true
}

// HeaderSize is how many bytes of b, which may be sealed, stand before the
// payload. It is false for what is not a packet.
func HeaderSize(b []byte) (n int, ok bool) {
	if len(b) < fixedSize || b[0]>>6 != version {
		return 0, false
	}
	n = fixedSize + 4*int(b[0]&0x0f) // contributing sources
	if b[0]&0x10 != 0 {              // extension: profile, length in words
		if len(b) < n+4 {
			return 0, false
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	return n, n <= len(b)
}

// SSRC reads the SSRC of what HeaderSize has accepted.
func SSRC(b []byte) uint32 { return binary.BigEndian.Uint32(b[8:]) }

// Seq reads the sequence number of what HeaderSize has accepted.
func Seq(b []byte) uint16 { return binary.BigEndian.Uint16(b[2:]) }
