package packet

// descriptor is what a payload descriptor says.
type descriptor struct {
	key       bool // a key frame begins with this packet
	begin     bool // first packet of its frame
	end       bool // last packet of its frame
	layered   bool // spatial and temporal are told, and the picture id by which frames are told apart
	spatial   uint8
	temporal  uint8
	sync      bool // VP8: Y, VP9: U
	spare     bool // VP8: N, no frame depends on this one
	predicted bool // VP9: P, depends on earlier pictures
	lower     bool // VP9: D, depends on the spatial layer below
	last      bool // VP9: Z, no spatial layer above depends on it
	pictures  pictureSet
	places    Marks // as they stand in the packet
}

// pictureSet says on which pictures a frame depends: bit i is the one i+1
// before.
type pictureSet struct {
	bits  uint64
	known bool // else it may depend on any
}

// describeVP8 reads a VP8 payload descriptor (RFC 7741, section 4.2).
func describeVP8(d *descriptor, b []byte) (ok bool) {
	const (
		extended  = 0x80 // X
		spare     = 0x20 // N
		start     = 0x10 // S
		partition = 0x07 // PID
	)
	if len(b) < 2 {
		return false
	}
	d.begin = b[0]&start != 0 && b[0]&partition == 0
	d.spare = b[0]&spare != 0
	at := 1
	if b[0]&extended != 0 {
		if at, ok = d.readVP8Extension(b); !ok {
			return false
		}
	}
	if at >= len(b) {
		return false
	}
	// The P bit of the shim (RFC 6386, section 9.1): 0 is a key frame.
	d.key = d.begin && b[at]&1 == 0
	return true
}

// readVP8Extension returns where the extension of the descriptor ends.
func (d *descriptor) readVP8Extension(b []byte) (at int, ok bool) {
	flags := b[1]
	at = 2
	if flags&0x80 != 0 { // I
		if at, ok = d.places.readPicture(b, at); !ok {
			return 0, false
		}
	}
	if flags&0x40 != 0 { // L
		if at, ok = d.places.readTL0(b, at); !ok {
			return 0, false
		}
	}
	if flags&0x20 != 0 { // T
		if at >= len(b) {
			return 0, false
		}
		d.layered = flags&0x80 != 0
		d.temporal, d.sync = b[at]>>6, b[at]&0x20 != 0
	}
	if flags&0x30 != 0 { // T or K
		at++
	}
	return at, true
}

// readPicture reads a picture id of 7 or 15 bits at b[at] and returns where
// it ends.
func (m *Marks) readPicture(b []byte, at int) (int, bool) {
	if at >= len(b) {
		return 0, false
	}
	m.pictureAt = uint8(at)
	if b[at]&0x80 == 0 { // M
		m.Picture = uint16(b[at])
		return at + 1, true
	}
	if at+1 >= len(b) {
		return 0, false
	}
	m.wide = true
	m.Picture = uint16(b[at]&0x7f)<<8 | uint16(b[at+1])
	return at + 2, true
}

func (m *Marks) readTL0(b []byte, at int) (int, bool) {
	if at >= len(b) {
		return 0, false
	}
	m.tl0At, m.TL0 = uint8(at), b[at]
	return at + 1, true
}
