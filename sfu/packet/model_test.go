package packet

import (
	"math/rand/v2"

	"paravent/sfu/transport"
)

// model is a publisher: it knows what each of its frames depends on, and what
// it tells of them.
type model struct {
	codec             transport.Codec
	spatial, temporal int
	keyOnly           bool // spatial layers depend on each other in key pictures only (K-SVC)
	deep              bool // faster layers depend on older frames of their own, but every fourth group
	flexible          bool // VP9
	random            *rand.Rand

	frames   []modelFrame
	picture  int
	position int // in the group of pictures
	group    int
	last     [maxSpatial][maxTemporal]int // frame that is in the layer's buffer; -1: none
	seq      uint16
	number   int // of AV1 frames
}

type modelFrame struct {
	picture, spatial, temporal int
	refs                       []int // frames
	key                        bool
	packets                    []transport.Packet
	number                     int
	sync                       bool
}

func newModel(codec transport.Codec, spatial, temporal int, random *rand.Rand) *model {
	m := &model{codec: codec, spatial: spatial, temporal: temporal, random: random}
	m.seq, m.picture, m.number = uint16(random.Uint32()), random.IntN(1<<15), random.IntN(1<<16)
	return m
}

// layerAt is the temporal layer of the picture at a position of the group.
func (m *model) layerAt() int {
	switch m.temporal {
	case 2:
		return []int{0, 1}[m.position%2]
	case 3:
		return []int{0, 2, 1, 2}[m.position%4]
	}
	return 0
}

// next makes the frames of the next picture.
func (m *model) next(key bool) []modelFrame {
	if key {
		m.position, m.group = 0, 0
		for s := range m.last {
			for t := range m.last[s] {
				m.last[s][t] = -1
			}
		}
	}
	t := m.layerAt()
	from := len(m.frames)
	for s := range m.spatial {
		f := modelFrame{picture: m.picture, spatial: s, temporal: t, key: key, number: m.number}
		m.number++
		m.refer(&f, from)
		m.last[s][t] = len(m.frames)
		m.frames = append(m.frames, f)
	}
	m.pack(from)
	m.picture++
	m.position++
	if m.position >= 1<<max(0, m.temporal-1) {
		m.position = 0
		m.group++
	}
	return m.frames[from:]
}

func (m *model) refer(f *modelFrame, from int) {
	s, t := f.spatial, f.temporal
	if s > 0 && (f.key || !m.keyOnly) {
		f.refs = append(f.refs, len(m.frames)-1)
	}
	if f.key {
		return
	}
	fresh := m.group%4 == 0 // nothing faster from before the last slowest one is used
	switch {
	case t == 0:
		f.refs = append(f.refs, m.last[s][0])
	case m.position == 3 && m.deep: // after the middle layer
		f.refs = append(f.refs, m.last[s][1], m.last[s][2])
	case m.position == 3:
		f.refs = append(f.refs, m.last[s][1])
	case m.deep && !fresh && m.last[s][t] >= 0:
		f.refs = append(f.refs, m.last[s][0], m.last[s][t])
	default:
		f.refs = append(f.refs, m.last[s][0])
	}
	f.sync = t > 0
	for _, r := range f.refs {
		if r < from && m.frames[r].temporal >= t {
			f.sync = false
		}
	}
	if m.codec == transport.VP8 && m.position == 3 {
		f.sync = false // it depends on one that is not of the slowest layer
	}
}

// pack makes packets of the frames of a picture.
func (m *model) pack(from int) {
	for i := from; i < len(m.frames); i++ {
		f := &m.frames[i]
		n := 1 + m.random.IntN(3)
		for j := range n {
			p := transport.Packet{
				Seq: m.seq, Codec: m.codec, Timestamp: uint32(f.picture) * 3000,
				Marker: i == len(m.frames)-1 && j == n-1,
			}
			m.seq++
			switch m.codec {
			case transport.VP8:
				p.Payload = m.vp8(f, j == 0)
			case transport.VP9:
				p.Payload = m.vp9(f, i, j == 0, j == n-1)
			default:
				p.Payload = []byte{0x10, 0}
				p.Dependency = m.descriptor(f, i, j == 0, j == n-1)
			}
			f.packets = append(f.packets, p)
		}
	}
}

func (m *model) vp8(f *modelFrame, begin bool) []byte {
	b := []byte{0x80, 0xe0, 0x80 | byte(f.picture>>8)&0x7f, byte(f.picture), byte(m.group), byte(f.temporal << 6), 1}
	if begin {
		b[0] |= 0x10
	}
	if f.sync || f.key {
		b[5] |= 0x20
	}
	if f.key {
		b[6] = 0
	}
	return b
}

func (m *model) vp9(f *modelFrame, index int, begin, end bool) []byte {
	b := []byte{0xa0, 0x80 | byte(f.picture>>8)&0x7f, byte(f.picture), byte(f.temporal<<5 | f.spatial<<1)}
	set := func(at int, bit byte, on bool) {
		if on {
			b[at] |= bit
		}
	}
	set(0, 0x40, !f.key)
	set(0, 0x10, m.flexible)
	set(0, 0x08, begin)
	set(0, 0x04, end)
	set(0, 0x01, f.spatial == m.spatial-1 || m.keyOnly && !f.key)
	set(3, 0x10, f.sync)
	set(3, 0x01, f.spatial > 0 && (f.key || !m.keyOnly))
	if !m.flexible {
		return append(b, byte(m.group), 0)
	}
	var diffs []byte
	for _, r := range f.refs {
		if back := f.picture - m.frames[r].picture; back > 0 {
			diffs = append(diffs, byte(back<<1))
		}
	}
	for i := range diffs {
		if i < len(diffs)-1 {
			diffs[i] |= 1
		}
	}
	_ = index
	return append(append(b, diffs...), 0)
}

// indication is what libwebrtc's structures say (L…T… and L…T…_KEY).
func (m *model) indication(f *modelFrame, s, t int) uint32 {
	const absent, discardable, switching, required = 0, 1, 2, 3
	switch {
	case s < f.spatial || t < f.temporal:
		return absent
	case f.key:
		return switching
	case s > f.spatial && m.keyOnly:
		return absent
	case s > f.spatial:
		return required
	case t == f.temporal && t > 0:
		return discardable
	}
	return switching
}

type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) write(v uint32, bits int) {
	for i := bits - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

// descriptor writes a dependency descriptor. Templates are one for each layer;
// what does not fit them is written out.
func (m *model) descriptor(f *modelFrame, index int, begin, end bool) []byte {
	const first = 11
	w := &bitWriter{}
	flag := func(on bool) {
		if on {
			w.write(1, 1)
		} else {
			w.write(0, 1)
		}
	}
	flag(begin)
	flag(end)
	w.write(uint32(first+f.spatial*m.temporal+f.temporal)%maxTemplates, 6)
	w.write(uint32(uint16(f.number)), 16)
	attach := f.key && f.spatial == 0 && begin
	special := f.key || len(f.refs) > 0
	if !attach && !special {
		return w.b
	}
	flag(attach)
	flag(false)
	flag(f.key)
	flag(true)
	flag(false)
	if attach {
		m.structure(w, first)
	}
	if f.key {
		for s := range m.spatial {
			for t := range m.temporal {
				w.write(m.indication(f, s, t), 2)
			}
		}
	}
	for _, r := range f.refs {
		back := uint32(f.number - m.frames[r].number)
		if back <= 16 {
			w.write(1, 2)
			w.write(back-1, 4)
		} else {
			w.write(2, 2)
			w.write(back-1, 8)
		}
	}
	w.write(0, 2)
	_ = index
	return w.b
}

func (m *model) structure(w *bitWriter, first uint32) {
	w.write(first, 6)
	w.write(uint32(m.spatial*m.temporal-1), 5)
	for s := range m.spatial {
		for t := range m.temporal {
			switch {
			case t < m.temporal-1:
				w.write(1, 2)
			case s < m.spatial-1:
				w.write(2, 2)
			default:
				w.write(3, 2)
			}
		}
	}
	for fs := range m.spatial {
		for ft := range m.temporal {
			for s := range m.spatial {
				for t := range m.temporal {
					w.write(m.indication(&modelFrame{spatial: fs, temporal: ft}, s, t), 2)
				}
			}
		}
	}
	for range m.spatial * m.temporal {
		w.write(0, 1) // no differences in templates
	}
	// No chains: ns(targets+1) of 0 is as many zero bits as the shorter form has.
	n := m.spatial*m.temporal + 1
	width := 0
	for 1<<width <= n {
		width++
	}
	w.write(0, width-1)
	w.write(1, 1)
	for s := range m.spatial {
		w.write(uint32(320<<s-1), 16)
		w.write(uint32(180<<s-1), 16)
	}
}
