package packet

// Frame is what a packet's descriptors say of the frame that it belongs to:
// one picture, or one spatial layer of it. Of a packet whose frame is not told
// apart from others (Layered is false) only Key, Marker, Timestamp and the
// Marks are known.
type Frame struct {
	Key       bool   // a key frame begins with this packet: a viewer can start here
	Begin     bool   // the packet is the first of its frame
	End       bool   // and the last
	Marker    bool   // of the packet: it is the last of its picture
	Layered   bool   // it is told which layers the frame is of
	Numbered  bool   // all this was told by the dependency descriptor, which is to be handed on
	Spatial   uint8  // spatial layer, 0 is the smallest
	Temporal  uint8  // temporal layer, 0 is the slowest
	Timestamp uint32 // of the packet
	Marks            // numbers to be written anew for each viewer

	order  int64  // counts frames in the order of coding, with gaps
	stride int64  // how far the first frames of two pictures that follow each other are apart; 0: it differs
	run    uint32 // frames of different runs do not depend on each other, and their targets differ
	layout *layout
	roles  roles
	needs  frameSet
	syncs  targets // can be decoded from here on, if of what came since the slowest layer's last picture nothing is missing
	column uint8   // and if this temporal layer of theirs can be
	own    targets // of exactly the frame's layers; 0: does not matter
	base   bool    // the frame is of the slowest layer, and there are syncs
	apart  bool    // whoever is shown a spatial layer may not be shown those below
	blind  bool    // cannot be read yet: its key frame is on the way
	active targets // those that are sent
	exists targets // the same, as far as is known

	told   targets // active targets that this packet tells
	toldAt uint16  // bit of the dependency descriptor where; 0: it does not tell
}

// Marks are the numbers of a frame, and where in the packet they stand. They
// are small, so that they can be kept with a packet that may be sent again.
type Marks struct {
	Picture   uint16 // picture id, counted on beyond its 7 or 15 bits
	Number    uint16 // frame number of the dependency descriptor
	TL0       uint8  // TL0PICIDX, counts pictures of the slowest temporal layer
	pictureAt uint8  // where in the payload the picture id is; 0: there is none
	tl0At     uint8  // where TL0PICIDX is; 0: there is none
	wide      bool   // the picture id has 15 bits, not 7
	compact   bool   // pictures that are left out must leave no gap
}

// Numbers are what one viewer is told of a frame.
type Numbers struct {
	Picture, Number uint16
	TL0             uint8
}

// Write puts numbers where the packet has its own. The dependency descriptor
// may be nil.
func (m *Marks) Write(payload, dependency []byte, n Numbers) {
	switch {
	case m.pictureAt == 0:
	case m.wide:
		payload[m.pictureAt] = 0x80 | byte(n.Picture>>8)
		payload[m.pictureAt+1] = byte(n.Picture)
	default:
		payload[m.pictureAt] = byte(n.Picture) & 0x7f
	}
	if m.tl0At != 0 {
		payload[m.tl0At] = n.TL0
	}
	if len(dependency) >= 3 {
		dependency[1], dependency[2] = byte(n.Number>>8), byte(n.Number)
	}
}

// Activate leaves, where a dependency descriptor tells which layers are sent,
// those that are forwarded to one viewer.
func (f *Frame) Activate(dependency []byte, spatial, temporal uint8) {
	if f.toldAt == 0 || len(dependency)*8 < int(f.toldAt)+f.layout.count {
		return
	}
	told := f.told & f.layout.fit(spatial, temporal)
	for i := range f.layout.count {
		// The highest target comes first.
		at := int(f.toldAt) + f.layout.count - 1 - i
		bit := byte(0x80) >> (at % 8)
		dependency[at/8] &^= bit
		if told.has(int(f.layout.order[i])) {
			dependency[at/8] |= bit
		}
	}
}
