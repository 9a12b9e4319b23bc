package packet

import (
	"encoding/binary"

	"paravent/sfu/transport"
)

const (
	oneByteProfile = 0xbede // RFC 8285, section 4.2
	twoByteProfile = 0x1000 // RFC 8285, section 4.3; the lowest four bits are anybody's
	twoByteMask    = 0xfff0
	oneByteStop    = 15 // the id that ends a block in the one-byte form
	oneByteMost    = 16 // bytes of an element in the one-byte form
	twoByteMost    = 255
)

// IDs are the ids that were negotiated for header extensions; 0 is none.
type IDs struct{ Mid, RID, Repaired, TransportCC, Dependency uint8 }

// Extensions are the header extensions of a packet, as far as anything is read
// of them. What a packet does not have is nil.
type Extensions struct {
	Mid, RID, Repaired []byte // RFC 8843, section 15; RFC 8852, section 3.1
	TransportCC        uint16 // transport-wide number
	HasTransportCC     bool
	Dependency         []byte // dependency descriptor
}

// Read reads the extensions of h. What e holds is part of the packet. It is
// false for a block that is malformed, and e then means nothing. A block of
// another kind than those of RFC 8285 has nothing in it.
func (ids *IDs) Read(e *Extensions, h *Header) bool {
	*e = Extensions{}
	b := h.Extensions
	switch {
	case len(b) == 0:
		return true
	case h.Profile == oneByteProfile:
		return ids.readOneByte(e, b)
	case h.Profile&twoByteMask == twoByteProfile:
		return ids.readTwoByte(e, b)
	}
	return true
}

func (ids *IDs) readOneByte(e *Extensions, b []byte) bool {
	for len(b) > 0 {
		id, size := b[0]>>4, int(b[0]&0x0f)+1
		if b[0] == 0 { // padding
			b = b[1:]
			continue
		}
		if id == oneByteStop {
			return true
		}
		if len(b) < 1+size || !ids.take(e, id, b[1:1+size]) {
			return false
		}
		b = b[1+size:]
	}
	return true
}

func (ids *IDs) readTwoByte(e *Extensions, b []byte) bool {
	for len(b) > 0 {
		if b[0] == 0 { // padding
			b = b[1:]
			continue
		}
		if len(b) < 2 {
			return false
		}
		id, size := b[0], int(b[1])
		if len(b) < 2+size || !ids.take(e, id, b[2:2+size]) {
			return false
		}
		b = b[2+size:]
	}
	return true
}

// take keeps one element. Those that nobody negotiated are stepped over.
func (ids *IDs) take(e *Extensions, id uint8, b []byte) bool {
	switch id {
	case 0: // with a length, in the one-byte form: ignored (RFC 8285, section 4.2)
	case ids.Mid:
		e.Mid = b
	case ids.RID:
		e.RID = b
	case ids.Repaired:
		e.Repaired = b
	case ids.TransportCC:
		if len(b) != 2 {
			return false
		}
		e.TransportCC, e.HasTransportCC = binary.BigEndian.Uint16(b), true
	case ids.Dependency:
		e.Dependency = b
	}
	return true
}

// OutIDs are the ids of the extensions that we send; 0 is none.
type OutIDs struct{ TransportCC, Dependency uint8 }

// HeaderRoom is the most that AppendHeader appends.
const HeaderRoom = 280

// AppendHeader appends the header of o, with the transport-wide number
// transportCC if that was negotiated. A dependency descriptor of more than 255
// bytes is left out: none fits.
func AppendHeader(b []byte, o *transport.Outgoing, ids OutIDs, transportCC uint16) []byte {
	dependency := o.Dependency
	if ids.Dependency == 0 || len(dependency) > twoByteMost {
		dependency = nil
	}
	first, marker := byte(version<<6), o.Format&0x7f
	if ids.TransportCC != 0 || len(dependency) > 0 {
		first |= 0x10
	}
	if o.Padding > 0 {
		first |= 0x20
	}
	if o.Marker {
		marker |= 0x80
	}
	seq := uint16(o.Index)
	b = append(b, first, marker, byte(seq>>8), byte(seq))
	b = binary.BigEndian.AppendUint32(b, o.Timestamp)
	b = binary.BigEndian.AppendUint32(b, o.SSRC)
	if first&0x10 == 0 {
		return b
	}
	return appendExtensions(b, dependency, ids, transportCC)
}

// appendExtensions appends the extension block, in the one-byte form if all
// fits into it.
func appendExtensions(b, dependency []byte, ids OutIDs, transportCC uint16) []byte {
	block := len(b)
	narrow := len(dependency) <= oneByteMost && ids.TransportCC < oneByteStop && ids.Dependency < oneByteStop
	if narrow {
		b = append(b, oneByteProfile>>8, oneByteProfile&0xff, 0, 0)
	} else {
		b = append(b, twoByteProfile>>8, twoByteProfile&0xff, 0, 0)
	}
	if ids.TransportCC != 0 {
		b = appendElement(b, narrow, ids.TransportCC, 2)
		b = append(b, byte(transportCC>>8), byte(transportCC))
	}
	if len(dependency) > 0 {
		b = appendElement(b, narrow, ids.Dependency, len(dependency))
		b = append(b, dependency...)
	}
	for (len(b)-block)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[block+2:], uint16((len(b)-block)/4-1))
	return b
}

func appendElement(b []byte, narrow bool, id uint8, size int) []byte {
	if narrow {
		return append(b, id<<4|byte(size-1))
	}
	return append(b, id, byte(size))
}
