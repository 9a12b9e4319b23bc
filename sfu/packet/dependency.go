package packet

// maxTemplates is how many templates a structure has at most, and how many
// template ids there are (AV1 RTP specification, appendix A.4).
const maxTemplates = 64

// template is what many frames have in common.
type template struct {
	spatial, temporal uint8
	roles             roles
	needs             frameSet
}

// roles say which targets a frame is part of, and what it is to them (decode
// target indications, appendix A.4 there).
type roles struct {
	present  targets
	needed   targets // later frames of the target may depend on it: those present but not «discardable»
	switches targets // if this frame can be decoded, all later ones of the target can
}

// add notes the indication of a target.
func (r *roles) add(target uint8, indication uint32) {
	const discardable, switching, required = 1, 2, 3
	bit := targets(1) << target
	switch indication {
	case discardable:
		r.present |= bit
	case switching:
		r.present |= bit
		r.needed |= bit
		r.switches |= bit
	case required:
		r.present |= bit
		r.needed |= bit
	}
}

// frameSet says on which frames a frame depends: bit i is the one i+1 before.
type frameSet struct {
	bits uint64
	far  bool // and on some that are further back
	any  bool // which ones is not known
}

func (s *frameSet) add(back uint32) {
	if back > 64 {
		s.far = true
		return
	}
	s.bits |= 1 << (back - 1)
}

// none says that a frame depends on no other.
func (s *frameSet) none() bool { return *s == frameSet{} }

// structure is a template dependency structure.
type structure struct {
	first     uint8 // id of the first template
	count     int   // templates
	chains    int
	targets   int
	layout    layout
	templates [maxTemplates]template
	sizes     [maxSpatial]size
}

// find returns the template of an id, nil if the structure has none.
func (s *structure) find(id uint8) *template {
	if i := int(id-s.first) % maxTemplates; i < s.count {
		return &s.templates[i]
	}
	return nil
}

// dependency is what a dependency descriptor says.
type dependency struct {
	begin, end  bool
	template    uint8
	number      uint16
	attached    bool // with a structure, that of the dependencies' fresh
	structure   *structure
	spatial     uint8
	temporal    uint8
	roles       roles
	needs       frameSet
	active      targets // if hasActive
	hasActive   bool
	activeAt    uint16 // bit where the active targets stand
	customRoles bool
	customNeeds bool
}

// dependencies is what is kept of a stream to read its descriptors: the last
// structure and the one before, of which packets may still come late.
type dependencies struct {
	kept    [2]structure
	newest  int       // which of them
	fresh   structure // the one being read
	any     bool      // there has been one
	since   int64     // order of the frame that brought the newest
	active  targets   // of the newest
	changed int64     // order of the frame that changed the active targets last
}

// read reads a descriptor. It is false for one that is malformed. Where no
// structure is known for its template, d.structure is nil.
func (s *dependencies) read(d *dependency, b []byte) bool {
	const mandatory = 3
	r := bitReader{b: b}
	d.begin, d.end = r.flag(), r.flag()
	d.template = uint8(r.read(6))
	d.number = uint16(r.read(16))
	hasActive, customChains := false, false
	if len(b) > mandatory {
		d.attached = r.flag()
		hasActive = r.flag()
		d.customRoles, d.customNeeds = r.flag(), r.flag()
		customChains = r.flag()
		if d.attached && !s.fresh.read(&r) {
			return false
		}
	}
	t := s.choose(d)
	if r.bad || t == nil {
		return !r.bad && !d.attached
	}
	if hasActive {
		d.readActive(&r)
	}
	d.spatial, d.temporal, d.roles, d.needs = t.spatial, t.temporal, t.roles, t.needs
	if d.customRoles {
		d.readRoles(&r)
	}
	if d.customNeeds {
		d.readNeeds(&r)
	}
	if customChains {
		r.skip(8 * d.structure.chains)
	}
	return !r.bad
}

// choose finds the template of d, and its structure.
func (s *dependencies) choose(d *dependency) *template {
	if d.attached {
		d.structure = &s.fresh
		return s.fresh.find(d.template)
	}
	for i := range s.kept {
		k := &s.kept[(s.newest+i)%len(s.kept)]
		if t := k.find(d.template); t != nil {
			d.structure = k
			return t
		}
	}
	return nil
}

func (d *dependency) readActive(r *bitReader) {
	d.hasActive, d.activeAt = true, uint16(r.at)
	mask := r.read(d.structure.targets)
	for i := range d.structure.targets {
		if mask>>i&1 != 0 {
			d.active |= 1 << d.structure.layout.order[i]
		}
	}
}

func (d *dependency) readRoles(r *bitReader) {
	d.roles = roles{}
	for i := range d.structure.targets {
		d.roles.add(d.structure.layout.order[i], r.read(2))
	}
}

func (d *dependency) readNeeds(r *bitReader) {
	d.needs = frameSet{}
	for {
		n := int(r.read(2))
		if n == 0 { // the end, or of the bytes
			return
		}
		d.needs.add(r.read(4*n) + 1)
	}
}

// take keeps the structure and the active targets that d brought in the frame
// of this order. It is true if the structure is another than before.
func (s *dependencies) take(d *dependency, order int64) (changed bool) {
	if d.attached && (!s.any || order > s.since) {
		changed = !s.any || s.fresh != s.kept[s.newest]
		if changed {
			s.newest = (s.newest + 1) % len(s.kept)
			s.kept[s.newest] = s.fresh
		}
		s.any, s.since = true, order
		if order >= s.changed || changed {
			s.active, s.changed = targets(1)<<s.fresh.targets-1, order
		}
	}
	if d.attached {
		d.structure = &s.kept[s.newest]
	}
	if d.hasActive && order >= s.changed && d.structure == &s.kept[s.newest] {
		s.active, s.changed = d.active, order
	}
	return changed
}
