package mls

import (
	"bytes"
	"encoding/binary"
)

// reader takes values of the TLS presentation language from the front of b
// (section 2.1). After a fault it gives zero values and stays bad. It accepts
// one encoding of each value only: what it reads encodes to the same bytes.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) fail() {
	r.bad = true
	r.b = nil
}

// take returns the next n bytes; they share memory with the input.
func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.fail()
		return nil
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) u8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// length reads the size of a vector (section 2.1.2). Only the shortest form is
// taken.
func (r *reader) length() int {
	first := r.u8()
	switch first >> 6 {
	case 0:
		return int(first)
	case 1:
		if n := int(first&0x3f)<<8 | int(r.u8()); n > 63 {
			return n
		}
	case 2:
		rest := r.take(3)
		if rest == nil {
			return 0
		}
		if n := int(first&0x3f)<<24 | int(rest[0])<<16 | int(rest[1])<<8 | int(rest[2]); n > 16383 {
			return n
		}
	}
	r.fail()
	return 0
}

// opaque reads opaque<V>.
func (r *reader) opaque() []byte { return r.take(r.length()) }

// vector reads T<V>, calling each until the vector's bytes are used up.
func (r *reader) vector(each func(*reader)) {
	in := &reader{b: r.opaque()}
	for len(in.b) > 0 && !in.bad {
		each(in)
	}
	if in.bad {
		r.fail()
	}
}

// present reads the flag of optional<T> (section 2.1.1).
func (r *reader) present() bool {
	flag := r.u8()
	if flag > 1 {
		r.fail()
	}
	return flag == 1 && !r.bad
}

// u16s reads uint16<V>.
func (r *reader) u16s() []uint16 {
	var all []uint16
	r.vector(func(r *reader) { all = append(all, r.u16()) })
	return all
}

// decode reads all of b with read. The result shares no memory with b.
func decode[T any](b []byte, what string, read func(*reader) T) (T, error) {
	r := &reader{b: bytes.Clone(b)}
	value := read(r)
	if r.bad || len(r.b) > 0 {
		var none T
		return none, malformed(what)
	}
	return value, nil
}

func appendU16(b []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(b, v) }
func appendU32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }
func appendU64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

// appendLength writes the size of a vector in its shortest form (section
// 2.1.2). No vector here comes near the limit of 2^30 - 1 bytes.
func appendLength(b []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return appendU16(b, 1<<14|uint16(n))
	default:
		return appendU32(b, 1<<31|uint32(n))
	}
}

// appendOpaque writes opaque<V>.
func appendOpaque(b, value []byte) []byte { return append(appendLength(b, len(value)), value...) }

// appendVector writes T<V>.
func appendVector[T any](b []byte, values []T, write func([]byte, T) []byte) []byte {
	var in []byte
	for _, v := range values {
		in = write(in, v)
	}
	return appendOpaque(b, in)
}

func appendU16s(b []byte, values []uint16) []byte { return appendVector(b, values, appendU16) }
