package srtp

import (
	"encoding/binary"
	"sync/atomic"
)

// Opener opens the packets of one direction. It is for one goroutine at a time;
// Wipe is safe for concurrent use.
type Opener struct {
	keys    atomic.Pointer[keys] // nil: wiped
	tag     int
	scratch scratch
	streams map[uint32]*stream
	limit   int
	last    *stream // the one of the latest packet
	newcome stream  // stands for one that no packet of was opened yet
}

// stream is what is known of an SSRC.
type stream struct {
	ssrc      uint32
	rtp, rtcp window
}

// NewOpener makes an Opener of a master, which it does not keep. It opens
// packets of at most limit SSRCs.
func NewOpener(p Profile, m Master, limit int) (*Opener, error) {
	k, err := derive(p, m)
	if err != nil {
		return nil, err
	}
	_, _, tag := p.sizes()
	o := &Opener{tag: tag, limit: limit, streams: make(map[uint32]*stream)}
	o.keys.Store(k)
	o.scratch.prepare(k)
	return o, nil
}

// Wipe forgets the keys: nothing is opened any more. Go gives no promise about
// copies.
func (o *Opener) Wipe() { o.keys.Store(nil) }

// OpenRTP opens a packet in place: n bytes of it are the packet as it was before
// it was sealed. The index is its sequence number with the roll-over counter
// before it. What cannot be opened is of no more use, and changes nothing in o.
func (o *Opener) OpenRTP(packet []byte) (n int, index uint64, err error) {
	k := o.keys.Load()
	if k == nil {
		return 0, 0, ErrWiped
	}
	header := headerSize(packet)
	if header == 0 || len(packet) < header+o.tag || len(packet) > maxPacket {
		return 0, 0, ErrMalformed
	}
	s, err := o.find(binary.BigEndian.Uint32(packet[8:]))
	if err != nil {
		return 0, 0, err
	}
	index, ok := s.rtp.estimate(binary.BigEndian.Uint16(packet[2:]))
	if !ok || !s.rtp.fresh(index) {
		return 0, 0, ErrReplayed
	}
	if k.rtp.aead != nil {
		n, ok = o.scratch.openRTPByGCM(&k.rtp, packet, header, s.ssrc, index)
	} else {
		n, ok = o.scratch.openRTPByCM(&k.rtp, packet, header, s.ssrc, index)
	}
	if !ok {
		return 0, 0, ErrForged
	}
	s = o.keep(s)
	s.rtp.mark(index)
	return n, index, nil
}

// OpenRTCP opens a compound packet in place: n bytes of it are the packet as it
// was before it was sealed. What was not encrypted is refused. What cannot be
// opened is of no more use, and changes nothing in o.
func (o *Opener) OpenRTCP(packet []byte) (n int, err error) {
	k := o.keys.Load()
	if k == nil {
		return 0, ErrWiped
	}
	if len(packet) < fixedRTCP+indexSize+o.tag || len(packet) > maxPacket || packet[0]>>6 != version {
		return 0, ErrMalformed
	}
	// The index is the last thing that is authenticated; AES-GCM has its tag
	// before it (RFC 7714, section 9.3), HMAC behind it.
	at := len(packet) - indexSize
	if k.rtcp.aead == nil {
		at -= o.tag
	}
	index := binary.BigEndian.Uint32(packet[at:])
	if index&encrypted == 0 {
		return 0, ErrMalformed
	}
	index &^= encrypted
	s, err := o.find(binary.BigEndian.Uint32(packet[4:]))
	if err != nil {
		return 0, err
	}
	if !s.rtcp.fresh(uint64(index)) {
		return 0, ErrReplayed
	}
	var ok bool
	if k.rtcp.aead != nil {
		n, ok = o.scratch.openRTCPByGCM(&k.rtcp, packet, s.ssrc, index)
	} else {
		n, ok = o.scratch.openRTCPByCM(&k.rtcp, packet, s.ssrc, index)
	}
	if !ok {
		return 0, ErrForged
	}
	s = o.keep(s)
	s.rtcp.mark(uint64(index))
	return n, nil
}

// find gives the stream of an SSRC, and one that is not kept yet for the first
// packet.
func (o *Opener) find(ssrc uint32) (*stream, error) {
	if o.last != nil && o.last.ssrc == ssrc {
		return o.last, nil
	}
	if s := o.streams[ssrc]; s != nil {
		o.last = s
		return s, nil
	}
	if len(o.streams) >= o.limit {
		return nil, ErrTooMany
	}
	o.newcome.ssrc = ssrc
	return &o.newcome, nil
}

// keep has a stream remembered, now that a packet of it was opened.
func (o *Opener) keep(s *stream) *stream {
	if s == &o.newcome {
		s = &stream{ssrc: s.ssrc}
		o.streams[s.ssrc] = s
		o.last = s
	}
	return s
}
