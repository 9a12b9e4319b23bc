package sfu

import (
	"time"

	"paravent/sfu/transport"
)

// packet is one received packet on its way to the slots. It is valid for as
// long as the burst that it came in.
type packet struct {
	run       uint32 // which unbroken stretch of one codec of its source it belongs to; never 0
	codec     transport.Codec
	marker    bool
	seq       uint16
	timestamp uint32
	payload   []byte // descriptor and ciphertext; slots write their own picture numbers into it
	at        time.Duration
	descriptor
}

// begins reports whether a viewer can start with this packet.
func (p *packet) begins() bool {
	return len(p.payload) > 0 && (p.codec == transport.Opus || p.key)
}
