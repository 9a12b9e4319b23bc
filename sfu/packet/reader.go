package packet

import (
	"math/bits"

	"paravent/sfu/transport"
)

// Reader reads what one stream brings. The zero value is ready. Not safe for
// concurrent use.
type Reader struct {
	codec       transport.Codec
	began       bool
	seq         uint16 // newest
	raw         int64  // newest picture or frame number, as the stream counts them
	shift       int64  // what is added to it, so that it never goes back
	width       int    // bits of that; 0: there was none yet
	run         uint32 // see Frame
	spatial     layers // since the last key picture
	before      layers // and from the one before
	temporal    layers
	keyed       int64 // number of the last key picture
	keyedBefore int64 // and of the one before
	sizes       [maxSpatial]size
	depends     *dependencies // nil until there is a descriptor
	apart       bool          // VP9: spatial layers depend on each other in key pictures only
	layered     bool          // the newest frame was
	numbered    bool          // and this too
}

// Read reads the descriptors of p, whose payload is not empty. Packets may come
// in any order. It is false for what is malformed or cannot be put in order; f
// then means nothing.
func (r *Reader) Read(f *Frame, p *transport.Packet) bool {
	*f = Frame{Marker: p.Marker, Timestamp: p.Timestamp, layout: &grid, active: gridAll}
	ahead := !r.began || int16(p.Seq-r.seq) > 0
	if p.Codec != r.codec {
		if !ahead {
			return false // late, from before the codec changed
		}
		*r = Reader{codec: p.Codec, run: r.run + 1}
	}
	var ok bool
	switch p.Codec {
	case transport.Opus:
		f.Key, ok = true, len(p.Payload) > 0
	case transport.VP8:
		ok = r.readVP8(f, p, ahead)
	case transport.VP9:
		ok = r.readVP9(f, p, ahead)
	case transport.AV1:
		ok = r.readAV1(f, p, ahead)
	default:
	}
	if ok && ahead {
		r.seq, r.began, r.layered, r.numbered = p.Seq, true, f.Layered, f.Numbered
	}
	return ok
}

// count counts on from a number of so many bits. It is false for one that
// does not fit the packet's place in the stream.
func (r *Reader) count(number uint16, width int, ahead bool) (n int64, ok bool) {
	if r.width == 0 {
		// From far above zero: what comes late may be older.
		r.width, r.raw, r.shift = width, int64(number), 1<<16
		return r.raw + r.shift, true
	}
	half := int64(1) << (width - 1)
	raw := r.raw + (int64(number)-r.raw+half)&(2*half-1) - half
	same := width == r.width
	switch {
	case !ahead && (raw > r.raw || !same):
		return 0, false // of a count that has ended
	case ahead && (raw < r.raw || !same):
		// The stream has begun to count anew.
		r.shift += r.raw + 1 - raw
		r.run++
		r.raw, r.width = raw, width
	case raw > r.raw:
		r.raw = raw
	}
	return raw + r.shift, true
}

// picture counts on from a picture id, if there is one.
func (r *Reader) picture(f *Frame, d *descriptor, ahead bool) (n int64, ok bool) {
	f.Key, f.Begin, f.End = d.key, d.begin, d.end
	f.Marks = d.places
	if f.pictureAt == 0 {
		return 0, true
	}
	width := 7
	if f.wide {
		width = 15
	}
	n, ok = r.count(f.Picture, width, ahead)
	f.Picture = uint16(n)
	return n, ok
}

// absence is for how many pictures a layer may be missing until it counts as no
// longer there.
const absence = 8

// onGrid says of a frame of VP8 or VP9, of picture n, of which layers it is, and
// which is the highest spatial layer there is of late. It is false for one from
// before the last two key pictures, which is of no use to anybody any more.
func (r *Reader) onGrid(f *Frame, d *descriptor, n int64, ahead bool) (top uint8, ok bool) {
	f.Layered, f.Spatial, f.Temporal = true, d.spatial, d.temporal
	f.run, f.base = r.run, d.temporal == 0
	if d.key && n > r.keyed {
		r.keyedBefore, r.keyed, r.before = r.keyed, n, r.spatial
		if ahead {
			r.spatial.count = 0
		}
	}
	if n < r.keyed { // late
		f.exists = grid.fit(max(r.before.count, 1)-1, max(r.temporal.count, 1)-1)
		return r.before.top(n), n >= r.keyedBefore
	}
	r.spatial.note(d.spatial, n, r.raw+r.shift)
	r.temporal.note(min(d.temporal, gridTemporal-1), n, n)
	f.exists = grid.fit(r.spatial.count-1, r.temporal.count-1)
	if n < r.keyed+absence { // those from before may be about to come
		f.exists |= grid.fit(max(r.before.count, 1)-1, r.temporal.count-1)
	}
	return r.spatial.top(n), true
}

// layers is how many layers there are of late, since which picture each is
// known, and in which it was seen last.
type layers struct {
	count       uint8
	known, came [max(gridSpatial, gridTemporal)]int64
}

// note notes a layer of a picture; newest is the newest one.
func (l *layers) note(layer uint8, picture, newest int64) {
	for ; l.count <= layer; l.count++ {
		l.known[l.count] = newest
	}
	l.came[layer] = max(l.came[layer], picture)
	for l.count > layer+1 && l.came[l.count-1] < picture-absence {
		l.count--
	}
}

// top is the highest layer that was known when a picture came, or would have
// been had it come in its turn: late frames are judged as those before and
// after them were.
func (l *layers) top(picture int64) uint8 {
	n := l.count
	for n > 1 && l.known[n-1] >= picture {
		n--
	}
	return max(n, 1) - 1
}

func (r *Reader) readVP8(f *Frame, p *transport.Packet, ahead bool) bool {
	var d descriptor
	if !describeVP8(&d, p.Payload) {
		return false
	}
	d.end = p.Marker
	if !d.layered && p.Dependency != nil {
		// Chromium tells it once.
		return r.readDependency(f, p, ahead)
	}
	n, ok := r.picture(f, &d, ahead)
	f.compact = true
	if !ok || !d.layered {
		return ok
	}
	f.order, f.stride = n, 1
	if _, ok = r.onGrid(f, &d, n, ahead); !ok {
		return false
	}
	f.roles.present = gridFrom(0, d.temporal)
	if d.key {
		f.roles.present = gridFrom(0, 0)
		f.roles.switches = f.roles.present
	}
	if !d.spare {
		f.roles.needed = f.roles.present
	}
	f.needs.any = !d.key
	if d.sync {
		// Nothing that follows depends on faster pictures from before the last
		// one of the slowest layer (RFC 7741, section 4.2).
		f.syncs = gridFrom(0, 0)
	}
	return true
}

func (r *Reader) readVP9(f *Frame, p *transport.Packet, ahead bool) bool {
	var d descriptor
	if !describeVP9(&d, &r.sizes, p.Payload) || d.spatial >= gridSpatial {
		return false
	}
	if !d.layered && p.Dependency != nil {
		return r.readDependency(f, p, ahead)
	}
	n, ok := r.picture(f, &d, ahead)
	if !ok || !d.layered {
		return ok
	}
	f.order, f.stride = n*gridSpatial+int64(d.spatial), gridSpatial
	// Where no layer above depends on it, whoever is shown one above does not
	// need it (RFC 9628, section 4.2: Z). But there has to be one above.
	top, ok := r.onGrid(f, &d, n, ahead)
	if !ok {
		return false
	}
	f.roles.present = gridAbove(d.spatial, d.temporal)
	if d.last && d.spatial < top {
		f.roles.present = gridFrom(d.spatial, d.temporal)
	}
	if ahead && d.key {
		r.apart = false
	}
	r.apart = r.apart || d.predicted && (d.last && d.spatial < top || d.spatial > 0 && !d.lower)
	f.apart = r.apart
	f.roles.needed = f.roles.present
	switch {
	case d.predicted || d.temporal != 0:
	case d.spatial == 0:
		f.roles.switches = f.roles.present
	default: // later ones of its layer depend on nothing older
		f.roles.switches = gridFrom(d.spatial, 0)
	}
	f.needs = d.needs()
	f.own = targets(1) << (gridTemporal*d.spatial + d.temporal)
	if d.temporal >= gridTemporal {
		f.own = 0
	}
	if d.sync {
		// By RFC 9628, section 4.2, the U bit speaks of faster layers; browsers
		// set it where the picture depends on slower ones alone. This holds for
		// both.
		f.syncs, f.column = f.roles.present, max(1, d.temporal)-1
	}
	return true
}

// needs says on which frames one of VP9 depends.
func (d *descriptor) needs() (s frameSet) {
	s.any = !d.pictures.known
	for b := d.pictures.bits; b != 0; b &= b - 1 {
		s.add(gridSpatial * uint32(bits.TrailingZeros64(b)+1))
	}
	if d.lower && d.spatial > 0 {
		s.add(1)
	}
	return s
}

func (r *Reader) readAV1(f *Frame, p *transport.Packet, ahead bool) bool {
	var d descriptor
	if !describeAV1(&d, p.Payload) {
		return false
	}
	if p.Dependency != nil {
		return r.readDependency(f, p, ahead)
	}
	f.Key, f.Begin, f.End = d.key, d.key, p.Marker
	return true
}

// readDependency reads all from the dependency descriptor.
func (r *Reader) readDependency(f *Frame, p *transport.Packet, ahead bool) bool {
	if r.depends == nil {
		r.depends = &dependencies{} // once for the stream
	}
	s := r.depends
	var t dependency
	if !s.read(&t, p.Dependency) {
		return false
	}
	n, ok := r.count(t.number, 16, ahead)
	if !ok {
		return false
	}
	f.Layered, f.Numbered, f.apart, f.Begin, f.End = true, true, true, t.begin, t.end
	f.order, f.Number = n, uint16(n)
	if t.structure == nil {
		f.blind, f.run = true, r.run
		return true
	}
	if s.take(&t, n) {
		r.run++
	}
	f.run = r.run
	if t.structure != &s.kept[s.newest] {
		f.run-- // late, from before the structure changed
	}
	f.Key = t.attached && t.begin && t.needs.none()
	f.Spatial, f.Temporal = t.spatial, t.temporal
	f.layout, f.roles, f.needs = &t.structure.layout, t.roles, t.needs
	f.active, f.exists = s.active, s.active
	if t.hasActive {
		f.told, f.toldAt = t.active, t.activeAt
	}
	return true
}

// Layers says how many layers the stream has of late, 1 and 1 for one that is
// not layered.
func (r *Reader) Layers() (spatial, temporal int) {
	switch {
	case !r.layered:
		return 1, 1
	case r.numbered:
		if top := r.depends.active.highest(); top >= 0 {
			l := &r.depends.kept[r.depends.newest].layout
			return int(l.spatial[top]) + 1, int(l.temporal[top]) + 1
		}
		return 1, 1
	}
	return int(max(r.spatial.count, 1)), int(max(r.temporal.count, 1))
}

// Size is the size of the pictures of a spatial layer, if the stream tells.
func (r *Reader) Size(spatial uint8) (width, height int, ok bool) {
	if spatial >= maxSpatial {
		return 0, 0, false
	}
	s := r.sizes[spatial]
	if r.depends != nil {
		s = r.depends.kept[r.depends.newest].sizes[spatial]
	}
	return int(s.width), int(s.height), s.width != 0 && s.height != 0
}
