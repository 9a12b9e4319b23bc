package packet

// read reads a template dependency structure (AV1 RTP specification, appendix
// A.8.2). It is false for one that is malformed.
func (s *structure) read(r *bitReader) bool {
	*s = structure{first: uint8(r.read(6))}
	s.targets = int(r.read(5)) + 1
	var indications [maxTemplates][maxTargets]uint8
	if !s.readLayers(r) {
		return false
	}
	var spatial, temporal [maxTargets]uint8
	for i := range s.count {
		t := &s.templates[i]
		for j := range s.targets {
			indications[i][j] = uint8(r.read(2))
			if indications[i][j] != 0 {
				spatial[j], temporal[j] = max(spatial[j], t.spatial), max(temporal[j], t.temporal)
			}
		}
	}
	s.layout = makeLayout(spatial[:s.targets], temporal[:s.targets])
	for i := range s.count {
		for j := range s.targets {
			s.templates[i].roles.add(s.layout.order[j], uint32(indications[i][j]))
		}
	}
	for i := range s.count {
		for r.flag() {
			s.templates[i].needs.add(r.read(4) + 1)
		}
	}
	s.skipChains(r)
	if r.flag() {
		s.readSizes(r)
	}
	return !r.bad
}

// readLayers reads how many templates there are, and of which layers.
func (s *structure) readLayers(r *bitReader) bool {
	const nextTemporal, nextSpatial, end = 1, 2, 3
	spatial, temporal := uint8(0), uint8(0)
	for !r.bad && s.count < maxTemplates {
		s.templates[s.count].spatial, s.templates[s.count].temporal = spatial, temporal
		s.count++
		switch r.read(2) {
		case nextTemporal:
			temporal++
		case nextSpatial:
			spatial, temporal = spatial+1, 0
		case end:
			return true
		}
		if spatial >= maxSpatial || temporal >= maxTemporal {
			return false
		}
	}
	return false
}

// skipChains steps over what is only of use to whoever decodes.
func (s *structure) skipChains(r *bitReader) {
	s.chains = int(r.readBelow(s.targets + 1))
	if s.chains == 0 {
		return
	}
	for range s.targets {
		r.readBelow(s.chains)
	}
	r.skip(4 * s.chains * s.count)
}

// readSizes reads the size of each spatial layer. One of 65536 is told as
// 65535.
func (s *structure) readSizes(r *bitReader) {
	for i := range s.templates[s.count-1].spatial + 1 {
		s.sizes[i].width = uint16(min(r.read(16)+1, 1<<16-1))
		s.sizes[i].height = uint16(min(r.read(16)+1, 1<<16-1))
	}
}
