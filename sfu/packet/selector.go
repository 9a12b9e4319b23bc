package packet

// All is the highest layer of any stream, for Want.
const All = 7

// window is how many frames are remembered: half a second of pictures of four
// spatial layers at 30 a second, and more of others.
const window = 64

// Selector decides for one viewer which packets of one stream are forwarded.
//
// Whatever it forwards can be decoded by whoever gets it all: it knows the
// targets for which everything that matters has been forwarded (sound), and
// shows one of those, the target. A target becomes sound with a frame that says
// so and is forwarded; it is so no more once a frame is dropped on which later
// ones of it may depend, or may have to be. What is lost on the way to us may
// still come, and is then judged as if it had come in its turn.
//
// The zero value waits for a key frame and wants the lowest layers alone. Not
// safe for concurrent use.
type Selector struct {
	spatial, temporal uint8    // wanted
	now               [2]uint8 // what was wanted when the picture at hand began
	mode              mode
	target            int8 // that is shown; -1: none can be
	run               uint32
	newest            int64  // order of the newest frame
	timestamp         uint32 // of its picture
	sound             targets
	broken            targets           // of which something was dropped, or may have been, since the last picture of the slowest layer
	seen, forwarded   uint64            // bit i: the frame i before the newest
	awaited           uint64            // and of these, on which forwarded ones depend
	past              [window]int8      // the target at the place of each frame
	since             [maxTargets]int64 // order of the frame with which a target became sound
	layout            *layout
	exists            targets
}

// mode is whether frames are told apart.
type mode uint8

const (
	waiting mode = iota // for a key frame
	plain               // all is forwarded
	layered
)

// Begin makes the selector ready for another stream: it waits for a key frame.
// What is wanted stays.
func (s *Selector) Begin() {
	s.mode, s.target = waiting, -1
}

// Want sets the highest layers that are to be forwarded, from the next picture
// on or as soon as can be.
func (s *Selector) Want(spatial, temporal uint8) {
	s.spatial, s.temporal = spatial, temporal
}

// Next says whether the packet of f is forwarded, and whether with the marker
// of a picture's last packet. What is not forwarded must leave no gap in the
// sequence numbers. All packets of a frame get the same answer.
func (s *Selector) Next(f *Frame) (forward, marker bool) {
	if !f.Layered {
		if s.mode != plain && f.Key {
			s.mode = plain
		}
		return s.mode == plain, f.Marker
	}
	if s.mode != layered || f.Key && s.newest-f.order >= window && int32(f.run-s.run) > 0 {
		if !f.Key {
			return false, false
		}
		s.start(f)
	}
	switch back := s.newest - f.order; {
	case back < 0:
		forward = s.decide(f, -back)
	case back >= window:
		return false, false
	case s.seen>>back&1 != 0:
		forward = s.forwarded>>back&1 != 0
	default:
		forward = s.catchUp(f, back)
	}
	if !forward {
		return false, false
	}
	target := *s.at(f.order)
	return true, f.Marker || f.End && target >= 0 && f.Spatial == f.layout.spatial[target]
}

// at is the target at the place of the frame of this order.
func (s *Selector) at(order int64) *int8 { return &s.past[uint64(order)%window] }

// start begins with a key frame.
func (s *Selector) start(f *Frame) {
	s.mode, s.target, s.run = layered, -1, f.run
	s.newest, s.timestamp = f.order-1, f.Timestamp-1
	s.sound, s.broken, s.seen, s.forwarded, s.awaited = 0, 0, 0, 0, 0
	for i := range s.past {
		s.past[i] = -1
	}
}

// decide judges the first packet of a frame that is newer than all before.
func (s *Selector) decide(f *Frame, ahead int64) (forward bool) {
	s.advance(f, ahead)
	if f.blind {
		forward = s.target >= 0
		s.note(f, forward)
		return forward
	}
	if f.run != s.run {
		s.run, s.sound, s.target, s.broken = f.run, 0, -1, ^targets(0)
	}
	if f.base {
		s.broken = 0
	}
	picture := f.Timestamp != s.timestamp
	if picture {
		s.now = [2]uint8{s.spatial, s.temporal}
	}
	joined := s.joined(f)
	sound, decodable := s.sound, joined&f.roles.present != 0 || s.decodable(f)
	switch {
	case decodable && f.Key:
		sound = f.roles.switches
	case decodable:
		sound |= f.roles.switches | joined
	}
	target := s.choose(f, sound, picture)
	forward = decodable && f.roles.present.has(target)
	if forward {
		for added := sound &^ s.sound; added != 0; added &= added - 1 {
			s.since[added.lowest()] = f.order
		}
		s.sound = sound
	} else {
		s.sound &^= f.roles.needed
		s.broken |= f.roles.needed
		target = s.choose(f, s.sound, picture)
	}
	s.target, s.timestamp = int8(target), f.Timestamp
	s.layout, s.exists = f.layout, f.exists
	s.note(f, forward)
	return forward
}

// advance makes room for the frame, and for those before it that have not come.
func (s *Selector) advance(f *Frame, ahead int64) {
	if ahead < window {
		s.seen <<= ahead
		s.forwarded <<= ahead
		s.awaited <<= ahead
	} else {
		s.seen, s.forwarded, s.awaited = 0, 0, 0
	}
	for i := max(s.newest+1, f.order-window+1); i < f.order; i++ {
		*s.at(i) = s.target
	}
	if s.incomplete(f, ahead) {
		// If it comes, it will be dropped unless the target needs it.
		s.broken = ^targets(0)
		s.sound &= s.contained(f.apart)
	}
	s.newest = f.order
}

// contained are the targets all of whose frames the one that is shown has too.
// Apart says that spatial layers are not made of those below.
func (s *Selector) contained(apart bool) targets {
	if s.target < 0 {
		return 0
	}
	lowest := s.layout.spatial[s.target]
	highest := lowest
	if top := s.layout.spatial[max(0, s.exists.highest())]; lowest >= top {
		lowest, highest = top, All // of layers that are not there all are alike
	}
	all := s.layout.fit(highest, s.layout.temporal[s.target])
	if apart && lowest > 0 {
		all &^= s.layout.fit(lowest-1, All)
	}
	return all
}

// incomplete says whether something has not come of what lies between the
// picture before and the frame, or of that picture.
func (s *Selector) incomplete(f *Frame, ahead int64) bool {
	if f.stride == 0 {
		return ahead > 1
	}
	picture, before := f.order/f.stride, s.newest/f.stride
	switch {
	case picture-before > 1 || ahead >= window-f.stride:
		return true
	case picture == before:
		return ahead > 1
	}
	// All spatial layers of the picture before, and those below the frame.
	last := before*f.stride + int64(grid.spatial[max(0, f.exists.highest())])
	return s.unseen(f.order-last, last-before*f.stride+1) || s.unseen(1, f.order-picture*f.stride)
}

// unseen says whether, of so many frames up to the one so far back, one has not
// come. There is room for the newest already.
func (s *Selector) unseen(back, frames int64) bool {
	all := uint64(1)<<frames - 1
	return s.seen>>back&all != all
}

func (s *Selector) note(f *Frame, forward bool) {
	*s.at(f.order) = s.target
	s.seen |= 1
	if forward {
		s.forwarded |= 1
		s.awaited |= f.needs.bits << 1
	}
}

// decodable says whether the newest frame can be decoded by whoever got what
// was forwarded.
func (s *Selector) decodable(f *Frame) bool {
	before := s.forwarded >> 1
	if !f.needs.any && !f.needs.far && f.needs.bits&^before == 0 {
		return true
	}
	if f.needs.bits&(s.seen>>1)&^before != 0 {
		return false // it depends on one that was dropped
	}
	return f.roles.present.has(int(s.target)) && (f.own == 0 || f.own&s.sound != 0)
}

// joined are the targets that are sound from the newest frame on because it and
// what follows need nothing that was dropped: of the spatial layers that are
// shown, for of others something may still come and be dropped.
func (s *Selector) joined(f *Frame) targets {
	if f.syncs == 0 || s.target < 0 || f.needs.bits&^(s.forwarded>>1) != 0 {
		return 0
	}
	rows := s.sound >> f.column & gridBase * 0xf // in which the column is sound, whole
	if shown := grid.spatial[s.target]; shown < grid.spatial[max(0, f.exists.highest())] {
		rows &= grid.fit(shown, All)
	}
	return f.syncs & rows &^ s.broken
}

// choose is the target to be shown out of those that are sound; -1 if there is
// none. Within a picture it never goes down to fewer spatial layers.
func (s *Selector) choose(f *Frame, sound targets, picture bool) int {
	sent := sound & f.active
	best := (sent & f.layout.fit(s.now[0], s.now[1])).highest()
	if !sound.has(int(s.target)) {
		if best < 0 && sound != 0 {
			best = sound.lowest()
		}
		return best
	}
	spatial := f.layout.spatial[s.target]
	if best >= 0 && (picture || f.layout.spatial[best] >= spatial) {
		return best
	}
	// Fewer spatial layers cannot be shown, or not yet: at least fewer pictures.
	if best = (sent & f.layout.of(spatial, s.now[1])).highest(); best >= 0 {
		return best
	}
	return int(s.target)
}

// catchUp judges the first packet of a frame that comes late.
func (s *Selector) catchUp(f *Frame, back int64) (forward bool) {
	switch {
	case s.awaited>>back&1 != 0:
		forward = true
	case f.needs.bits<<(back+1)&s.seen&^s.forwarded != 0:
		forward = false // it depends on one that was dropped
	case f.blind || f.Key || int32(f.run-s.run) > 0:
		forward = *s.at(f.order) >= 0 || f.Key
	default:
		forward = f.roles.present.has(int(*s.at(f.order)))
	}
	s.seen |= 1 << back
	if forward {
		s.forwarded |= 1 << back
		s.awaited |= f.needs.bits << (back + 1)
		return true
	}
	if f.run == s.run {
		for lost := f.roles.needed & s.sound; lost != 0; lost &= lost - 1 {
			if i := lost.lowest(); s.since[i] <= f.order {
				s.sound &^= 1 << i
			}
		}
		s.broken |= f.roles.needed
	}
	return false
}

// Layers are those that are forwarded now; ok is false before there are any.
func (s *Selector) Layers() (spatial, temporal uint8, ok bool) {
	switch {
	case s.mode == plain:
		return 0, 0, true
	case s.mode == waiting || s.target < 0:
		return 0, 0, false
	}
	spatial, temporal = s.layout.spatial[s.target], s.layout.temporal[s.target]
	if top := s.exists.highest(); top >= 0 {
		spatial, temporal = min(spatial, s.layout.spatial[top]), min(temporal, s.layout.temporal[top])
	}
	return spatial, temporal, true
}

// NeedsKey says that the wanted spatial layer can only be reached by a key
// frame.
func (s *Selector) NeedsKey() bool {
	switch {
	case s.mode == plain:
		return false
	case s.mode == waiting || s.target < 0:
		return true
	}
	wanted := s.exists & s.layout.fit(s.spatial, s.temporal)
	best, reached := wanted.highest(), (wanted & s.sound).highest()
	return best >= 0 && (reached < 0 || s.layout.spatial[reached] < s.layout.spatial[best])
}
