package sframe

import "encoding/binary"

// Header is an SFrame header (RFC 9605, section 4.3).
type Header struct {
	KID, CTR uint64
}

// short is the greatest number that fits into the configuration byte itself.
const short = 7

// Append appends the header in its one spelling, 1 to 17 bytes.
func (h Header) Append(b []byte) []byte {
	config := len(b)
	b = append(b, 0)
	kid, b := appendNumber(b, h.KID)
	ctr, b := appendNumber(b, h.CTR)
	b[config] = kid<<4 | ctr
	return b
}

// appendNumber returns the four bits that stand for v and appends the bytes
// they call for.
func appendNumber(b []byte, v uint64) (byte, []byte) {
	if v <= short {
		return byte(v), b
	}
	full := binary.BigEndian.AppendUint64(nil, v)
	for full[0] == 0 {
		full = full[1:]
	}
	return 8 | byte(len(full)-1), append(b, full...)
}

// ParseHeader reads the header at the start of frame and returns its size in
// bytes. It returns ErrMalformed when the header is cut short or spells a
// number longer than necessary.
func ParseHeader(frame []byte) (h Header, size int, err error) {
	if len(frame) == 0 {
		return Header{}, 0, ErrMalformed
	}
	kid, rest, ok := number(frame[0]>>4, frame[1:])
	if !ok {
		return Header{}, 0, ErrMalformed
	}
	ctr, rest, ok := number(frame[0]&15, rest)
	if !ok {
		return Header{}, 0, ErrMalformed
	}
	return Header{KID: kid, CTR: ctr}, len(frame) - len(rest), nil
}

// number reads what four bits of the configuration byte stand for.
func number(bits byte, b []byte) (v uint64, rest []byte, ok bool) {
	if bits <= short {
		return uint64(bits), b, true
	}
	size := int(bits&short) + 1
	if len(b) < size {
		return 0, nil, false
	}
	for _, c := range b[:size] {
		v = v<<8 | uint64(c)
	}
	return v, b[size:], v > short && b[0] != 0
}
