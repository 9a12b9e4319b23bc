package packet

import "paravent/sfu/transport"

// Frame is what a packet's descriptors say of the frame that it belongs to:
// one picture, or one spatial layer of it. Frames are numbered in the order of
// coding, per stream.
type Frame struct {
	Key       bool   // a key frame begins with this packet: a viewer can start here
	Begin     bool   // the packet is the first of its frame
	End       bool   // and the last
	Marker    bool   // of the packet: the last of its picture
	Layered   bool   // the stream says which layers its frames are of; else all else is 0
	Spatial   uint8  // spatial layer, 0 is the smallest
	Temporal  uint8  // temporal layer, 0 is the slowest
	Timestamp uint32 // of the packet
	Marks            // numbers to be written anew for each viewer
}

// Marks are the numbers of a frame, and where in the packet they stand. They
// are small, so that they can be kept with a packet that may be sent again.
type Marks struct {
	Picture   uint16 // picture id, counted on beyond its 7 or 15 bits
	Number    uint16 // frame number of the dependency descriptor
	TL0       uint8  // TL0PICIDX, counts frames of the base temporal layer
	pictureAt uint8  // where in the payload the picture id is; 0: there is none
	tl0At     uint8  // where TL0PICIDX is; 0: there is none
	wide      bool   // the picture id has 15 bits, not 7
	close     bool   // pictures that are left out must leave no gap
}

// Numbers are what one viewer is told of a frame.
type Numbers struct {
	Picture, Number uint16
	TL0             uint8
}

// Write puts numbers where the packet had its own. dependency may be nil.
func (m *Marks) Write(payload, dependency []byte, n Numbers) {}

// Reader reads what one stream brings. The zero value is ready. Not safe for
// concurrent use.
type Reader struct{}

// Read reads the descriptors of p, whose payload is not empty. Packets may come
// in any order. It is false for what is malformed, or of frames too long ago
// to be told apart.
func (r *Reader) Read(f *Frame, p *transport.Packet) bool { return false }

// Layers says how many layers the stream has of late, 1 and 1 for one that is
// not layered.
func (r *Reader) Layers() (spatial, temporal int) { return 1, 1 }

// Size is the size of the pictures of a spatial layer, if the stream tells.
func (r *Reader) Size(spatial uint8) (width, height int, ok bool) { return 0, 0, false }

// Selector decides for one viewer which packets of one stream are forwarded.
// The zero value waits for a key frame and wants the base layer alone. Not safe
// for concurrent use.
type Selector struct{}

// All is the highest layer of any stream, for Want.
const All = 7

// Begin makes the selector ready for another stream: it waits for a key frame.
func (s *Selector) Begin() {}

// Want sets the highest layers that are to be forwarded, from the next picture
// on or from when they can be.
func (s *Selector) Want(spatial, temporal uint8) {}

// Next says whether the packet of f is forwarded, and whether with the marker
// of a picture's last packet. What is not forwarded must leave no gap in the
// sequence numbers.
func (s *Selector) Next(f *Frame) (forward, marker bool) { return false, false }

// Layers are those that are forwarded now; ok is false before there are any.
func (s *Selector) Layers() (spatial, temporal uint8, ok bool) { return 0, 0, false }

// NeedsKey says that the wanted spatial layer can only be reached by a key
// frame.
func (s *Selector) NeedsKey() bool { return false }

// Pictures numbers the frames that one viewer is sent, so that they go on
// where one stream follows another. The zero value is ready. Not safe for
// concurrent use.
type Pictures struct{}

// Begin fits a stream whose first forwarded packet has the marks m.
func (p *Pictures) Begin(m *Marks) {}

// Next gives the numbers for a packet that is forwarded. It is false for one
// that can have none: of a picture that was dropped, or is too late.
func (p *Pictures) Next(m *Marks) (Numbers, bool) { return Numbers{}, false }

// Drop leaves the picture of a packet that is not forwarded out of the count,
// unless another packet of it has been forwarded.
func (p *Pictures) Drop(m *Marks) {}

// Look is Next for a packet that was sent before. It is false once that is too
// long ago.
func (p *Pictures) Look(m *Marks) (Numbers, bool) { return Numbers{}, false }
