package srtp

import (
	"encoding/binary"
	"sync/atomic"
)

const (
	maxPacket    = 1<<16 - 1 // bytes of a sealed packet: what UDP carries
	maxIndex     = 1<<48 - 1 // of RTP (RFC 3711, section 3.3.1)
	maxRTCPIndex = 1<<31 - 1 // of RTCP (RFC 3711, section 3.4)
)

// Sealer seals the packets of one direction. It is for one goroutine at a
// time; Share and Wipe are safe for concurrent use.
type Sealer struct {
	sender  *sender
	scratch scratch
	watch   func(Sealed)
}

// sender is what all shares of a Sealer have in common.
type sender struct {
	profile Profile
	keys    atomic.Pointer[keys] // nil: wiped
	next    atomic.Uint64        // index of the next RTCP packet
}

// Sealed is the place of a packet that is sealed: under one Key no two may have
// the same.
type Sealed struct {
	Key   [8]byte // stands for the session key
	RTCP  bool
	SSRC  uint32
	Index uint64
}

// NewSealer makes a Sealer of a master, which it does not keep.
func NewSealer(p Profile, m Master) (*Sealer, error) {
	k, err := derive(p, m)
	if err != nil {
		return nil, err
	}
	s := &Sealer{sender: &sender{profile: p}}
	s.sender.keys.Store(k)
	s.scratch.prepare(k)
	return s, nil
}

// Share gives a Sealer with the same keys for another goroutine. Which packets
// are sealed by which makes no difference.
func (s *Sealer) Share() *Sealer {
	other := &Sealer{sender: s.sender, watch: s.watch}
	if k := s.sender.keys.Load(); k != nil {
		other.scratch.prepare(k)
	}
	return other
}

// Watch has f called before each packet that s seals, and whatever is shared
// from s afterwards, by the goroutine that seals. It is there for audits: see
// package audit.
func (s *Sealer) Watch(f func(Sealed)) { s.watch = f }

// Wipe forgets the keys, for all shares: nothing is sealed any more. Go gives no
// promise about copies; what the shares keep for themselves goes with them.
func (s *Sealer) Wipe() { s.sender.keys.Store(nil) }

// Overhead is by how much SealRTP makes a packet longer.
func (s *Sealer) Overhead() int {
	_, _, tag := s.sender.profile.sizes()
	return tag
}

// OverheadRTCP is by how much SealRTCP makes a packet longer.
func (s *Sealer) OverheadRTCP() int { return s.Overhead() + indexSize }

// SealRTP seals a packet in place. The first header bytes of b are its header
// with all extensions; what follows in b is the beginning of what is to be
// encrypted (the original number of RFC 4588, section 4; padding), and payload
// is the rest, which must not overlap with b. The result is b, longer; b needs
// the capacity for it.
//
// The index has the packet's sequence number in its lower 16 bits and above
// them how often that wrapped (RFC 3711, section 3.3.1). The caller sees to it
// that no index of an SSRC is sealed twice.
//
// The result is nil for what must not be sent: no capacity, a header that is
// none or has another sequence number, an index of more than 48 bits, keys that
// are wiped.
func (s *Sealer) SealRTP(b []byte, header int, payload []byte, index uint64) []byte {
	k := s.sender.keys.Load()
	if k == nil || header < fixedHeader || header > len(b) || b[0]>>6 != version ||
		index > maxIndex || binary.BigEndian.Uint16(b[2:]) != uint16(index) {
		return nil
	}
	if size := len(b) + len(payload) + s.Overhead(); size > maxPacket || size > cap(b) {
		return nil
	}
	ssrc := binary.BigEndian.Uint32(b[8:])
	if s.watch != nil {
		s.watch(Sealed{k.rtp.name(), false, ssrc, index})
	}
	if k.rtp.aead == nil {
		return s.scratch.sealRTPByCM(&k.rtp, b, header, payload, ssrc, index)
	}
	return s.scratch.sealRTPByGCM(&k.rtp, b, header, payload, ssrc, index)
}

// SealRTCP seals a compound packet and appends it to b, with which it must not
// overlap. Every packet has an index of its own. The result is nil for what must
// not be sent: what is no RTCP, any packet after the last index, keys that are
// wiped.
func (s *Sealer) SealRTCP(b, packet []byte) []byte {
	k := s.sender.keys.Load()
	if k == nil || len(packet) < fixedRTCP || packet[0]>>6 != version || len(packet)+s.OverheadRTCP() > maxPacket {
		return nil
	}
	// Counting goes on beyond the last index, in 64 bits: it never begins again.
	index := s.sender.next.Add(1) - 1
	if index > maxRTCPIndex {
		return nil
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	if s.watch != nil {
		s.watch(Sealed{k.rtcp.name(), true, ssrc, index})
	}
	if k.rtcp.aead == nil {
		return s.scratch.sealRTCPByCM(&k.rtcp, b, packet, ssrc, uint32(index))
	}
	return s.scratch.sealRTCPByGCM(&k.rtcp, b, packet, ssrc, uint32(index))
}
