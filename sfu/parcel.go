package sfu

import (
	"time"

	"paravent/sfu/packet"
	"paravent/sfu/transport"
)

// parcel is one received packet on its way to the slots. It is valid for as
// long as the burst that it came in.
type parcel struct {
	run       uint32 // which unbroken stretch of one codec of its source it belongs to; never 0
	codec     transport.Codec
	marker    bool
	seq       uint16
	timestamp uint32
	payload   []byte // descriptor and ciphertext; slots write their own picture numbers into both
	at        time.Duration
	// dependency is the dependency descriptor, to be changed like the payload.
	// Nil where it says nothing that a viewer needs.
	dependency []byte
	frame      packet.Frame
}

// begins reports whether a viewer can start with this packet.
func (p *parcel) begins() bool {
	return len(p.payload) > 0 && p.frame.Key
}
