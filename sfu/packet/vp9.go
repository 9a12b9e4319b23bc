package packet

import "encoding/binary"

// size is the size of pictures.
type size struct{ width, height uint16 }

// describeVP9 reads a VP9 payload descriptor (RFC 9628, section 4.2). The sizes
// of the spatial layers go to sizes, where the packet tells them.
func describeVP9(d *descriptor, sizes *[maxSpatial]size, b []byte) (ok bool) {
	const (
		hasPicture = 0x80 // I
		predicted  = 0x40 // P
		hasLayers  = 0x20 // L
		flexible   = 0x10 // F
		begin      = 0x08 // B
		end        = 0x04 // E
		structure  = 0x02 // V
		last       = 0x01 // Z
	)
	if len(b) < 2 {
		return false
	}
	first := b[0]
	d.predicted, d.last = first&predicted != 0, first&last != 0
	d.begin, d.end = first&begin != 0, first&end != 0
	d.pictures.known = !d.predicted
	at := 1
	if first&hasPicture != 0 {
		if at, ok = d.places.readPicture(b, at); !ok {
			return false
		}
	}
	if first&hasLayers != 0 {
		d.layered = first&hasPicture != 0
		if at, ok = d.readVP9Layers(b, at, first&flexible != 0); !ok {
			return false
		}
	}
	if first&flexible != 0 && d.predicted {
		if at, ok = d.readReferences(b, at); !ok {
			return false
		}
	}
	if first&structure != 0 {
		if at, ok = readScalability(sizes, b, at); !ok {
			return false
		}
	}
	if at >= len(b) {
		return false
	}
	d.key = !d.predicted && d.begin && d.spatial == 0 && !d.lower
	return true
}

func (d *descriptor) readVP9Layers(b []byte, at int, flexible bool) (int, bool) {
	if at >= len(b) {
		return 0, false
	}
	d.temporal, d.sync = b[at]>>5, b[at]&0x10 != 0
	d.spatial, d.lower = b[at]>>1&7, b[at]&1 != 0
	at++
	if flexible {
		return at, true
	}
	return d.places.readTL0(b, at)
}

// readReferences reads P_DIFF, which says how many pictures ago those were on
// which this one depends.
func (d *descriptor) readReferences(b []byte, at int) (int, bool) {
	const most = 3
	d.pictures.known = true
	for range most {
		if at >= len(b) || b[at]>>1 == 0 {
			return 0, false
		}
		if back := b[at] >> 1; back <= 64 {
			d.pictures.bits |= 1 << (back - 1)
		} else {
			d.pictures.known = false
		}
		at++
		if b[at-1]&1 == 0 { // N: no more follow
			return at, true
		}
	}
	return 0, false
}

// readScalability steps over a scalability structure and notes the sizes in
// it (RFC 9628, section 4.2.1).
func readScalability(sizes *[maxSpatial]size, b []byte, at int) (int, bool) {
	if at >= len(b) {
		return 0, false
	}
	layers, hasSizes, hasGroup := int(b[at]>>5)+1, b[at]&0x10 != 0, b[at]&0x08 != 0
	at++
	if hasSizes {
		if len(b)-at < 4*layers {
			return 0, false
		}
		*sizes = [maxSpatial]size{}
		for i := range min(layers, maxSpatial) {
			s := b[at+4*i:]
			sizes[i] = size{binary.BigEndian.Uint16(s), binary.BigEndian.Uint16(s[2:])}
		}
		at += 4 * layers
	}
	if !hasGroup {
		return at, true
	}
	if at >= len(b) {
		return 0, false
	}
	pictures := int(b[at])
	at++
	for range pictures {
		if at >= len(b) {
			return 0, false
		}
		at += 1 + int(b[at]>>2&3) // as many P_DIFF
	}
	return at, at <= len(b)
}

// describeAV1 reads an AV1 aggregation header (AV1 RTP specification, section
// 4.4): N begins a coded video sequence, that is a key frame.
func describeAV1(d *descriptor, b []byte) bool {
	const continued, sequence = 0x80, 0x08 // Z, N
	if len(b) < 2 {
		return false
	}
	d.key = b[0]&sequence != 0 && b[0]&continued == 0
	return true
}
