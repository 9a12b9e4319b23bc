package sfu

import (
	"encoding/binary"
	"time"
)

// codec is what a payload type means.
type codec uint8

const (
	noCodec codec = iota
	opus
	vp8
	vp9
	av1
	codecs // how many there are
)

// clock is the codec's RTP clock in Hz.
func (c codec) clock() uint32 {
	if c == opus {
		return opusClock
	}
	return videoClock
}

// packet is one received RTP packet on its way to the slots. It is valid until
// its reader receives the next one.
type packet struct {
	source    *source
	run       uint64 // which unbroken stretch of one codec it belongs to; never 0
	codec     codec
	marker    bool
	seq       uint16
	timestamp uint32
	payload   []byte // descriptor and ciphertext; slots write their own picture numbers into it
	descriptor
	now time.Time // when it was received
}

// begins reports whether a viewer can start with this packet.
func (p *packet) begins() bool {
	return len(p.payload) > 0 && (p.codec == opus || p.key)
}

// header is what is read of an RTP header (RFC 3550, section 5.1).
type header struct {
	marker      bool
	payloadType uint8
	seq         uint16
	timestamp   uint32
	ssrc        uint32
}

// parseHeader reads the header of an RTP packet and cuts out its payload,
// stepping over extensions unread and leaving padding away. The payload is
// empty if the packet is padding only.
func parseHeader(b []byte) (h header, payload []byte, ok bool) {
	const fixed = 12
	if len(b) < fixed || b[0]>>6 != 2 {
		return header{}, nil, false
	}
	h = header{
		marker:      b[1]&0x80 != 0,
		payloadType: b[1] & 0x7f,
		seq:         binary.BigEndian.Uint16(b[2:]),
		timestamp:   binary.BigEndian.Uint32(b[4:]),
		ssrc:        binary.BigEndian.Uint32(b[8:]),
	}
	at := fixed + 4*int(b[0]&0x0f) // contributing sources
	if b[0]&0x10 != 0 {            // extension: profile, length in words
		if len(b) < at+4 {
			return header{}, nil, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 { // padding, its length in the last byte
		if b[end-1] == 0 {
			return header{}, nil, false
		}
		end -= int(b[end-1])
	}
	if at > end {
		return header{}, nil, false
	}
	return h, b[at:end], true
}
