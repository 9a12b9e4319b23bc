package main

import (
	"encoding/binary"
	"time"
)

// piece is what a packet of video says of itself, so that a viewer can tell what
// a decoder could do with it.
type piece struct {
	layer, temporal uint8
	key             bool
	index, count    uint16 // of the packets of its frame
	number          uint32 // of the frame: counts the moments of the camera, the same in all layers
	base            uint32 // frame of the same layer that it was predicted from
	sent            time.Duration
}

const (
	descriptorSize = 6  // bytes of a VP8 payload descriptor with everything in it (RFC 7741, section 4.2)
	shimSize       = 10 // bytes of a VP8 frame header, in the first packet of a frame
	pieceSize      = 24
	mostPayload    = 1150 // bytes of a packet
)

// picture is what the descriptor says.
type picture struct {
	number uint16
	tl0    uint8
	sync   bool // predicted from the lowest temporal layer alone
}

// appendPacket writes the payload of a packet, of size bytes if what must be in
// it does not need more.
func appendPacket(b []byte, p *piece, of picture, size int) []byte {
	const extended, notReferred, start, key, inter = 0x80, 0x20, 0x10, 0, 1
	first := byte(extended)
	if p.temporal == temporals-1 {
		first |= notReferred
	}
	if p.index == 0 {
		first |= start
	}
	b = append(b, first, 0xe0, byte(of.number>>8)|0x80, byte(of.number), of.tl0, p.temporal<<6)
	if of.sync {
		b[len(b)-1] |= 0x20
	}
	if p.index == 0 {
		shim := [shimSize]byte{inter, 0, 0, 0x9d, 0x01, 0x2a}
		if p.key {
			shim[0] = key
		}
		b = append(b, shim[:]...)
	}
	b = append(b, p.layer, p.temporal, bit(p.key), 0)
	b = binary.BigEndian.AppendUint16(b, p.index)
	b = binary.BigEndian.AppendUint16(b, p.count)
	b = binary.BigEndian.AppendUint32(b, p.number)
	b = binary.BigEndian.AppendUint32(b, p.base)
	b = binary.BigEndian.AppendUint64(b, uint64(p.sent))
	for len(b) < size {
		b = append(b, byte(len(b)))
	}
	return b
}

func bit(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// readPacket reads what appendPacket wrote.
func readPacket(b []byte) (p piece, ok bool) {
	const start = 0x10
	at := descriptorSize
	if len(b) > 0 && b[0]&start != 0 {
		at += shimSize
	}
	if len(b) < at+pieceSize {
		return p, false
	}
	b = b[at:]
	return piece{
		layer: b[0], temporal: b[1], key: b[2] == 1,
		index: binary.BigEndian.Uint16(b[4:]), count: binary.BigEndian.Uint16(b[6:]),
		number: binary.BigEndian.Uint32(b[8:]), base: binary.BigEndian.Uint32(b[12:]),
		sent: time.Duration(binary.BigEndian.Uint64(b[16:])),
	}, true
}

// decoder is as much of a decoder as it takes to know which frames could be
// shown, and when.
type decoder struct {
	frames map[uint64]*frame // not yet shown, by layer and number
	shown  map[uint64]bool
	last   shown // its number is not exceeded by any other's
	any    bool
	all    []shown
}

// frame is one of which not all packets have come, or what it was predicted from
// has not.
type frame struct {
	piece
	got map[uint16]bool
}

// shown is a frame that a decoder would have shown.
type shown struct {
	at     time.Duration
	late   time.Duration // since it was sent
	layer  uint8
	number uint32
	key    bool
}

func newDecoder() *decoder {
	return &decoder{frames: map[uint64]*frame{}, shown: map[uint64]bool{}}
}

const oldFrames = 600 // numbers: what was longer ago is not looked at any more

func name(layer uint8, number uint32) uint64 { return uint64(layer)<<32 | uint64(number) }

// take takes in a packet.
func (d *decoder) take(p piece, now time.Duration) {
	if d.past(p) {
		return
	}
	f := d.frames[name(p.layer, p.number)]
	if f == nil {
		f = &frame{piece: p, got: map[uint16]bool{}}
		d.frames[name(p.layer, p.number)] = f
	}
	f.got[p.index] = true
	for d.show(now) {
	}
}

// past says whether a frame comes too late. One of the moment that was shown last
// does not if it is of another layer: who switches may see a moment twice.
func (d *decoder) past(p piece) bool {
	return d.any && (p.number < d.last.number || p.number == d.last.number && p.layer == d.last.layer)
}

// show shows the next frame that can be, if there is any.
func (d *decoder) show(now time.Duration) bool {
	var next *frame
	for _, f := range d.frames {
		ready := len(f.got) == int(f.count) && (f.key || d.shown[name(f.layer, f.base)])
		if ready && (next == nil || f.number < next.number) {
			next = f
		}
	}
	if next == nil {
		return false
	}
	d.last, d.any = shown{now, now - next.sent, next.layer, next.number, next.key}, true
	d.all = append(d.all, d.last)
	d.shown[name(next.layer, next.number)] = true
	for n, f := range d.frames {
		if d.past(f.piece) {
			delete(d.frames, n)
		}
	}
	for n := range d.shown {
		if uint32(n)+oldFrames < next.number {
			delete(d.shown, n)
		}
	}
	return true
}
