package packet

// pictureWindow is how many pictures are remembered: two seconds of 30 a
// second.
const pictureWindow = 64

// Pictures numbers the frames that one viewer is sent, so that they go on
// where one stream follows another.
//
// VP8 pictures that are left out must leave no gap: a browser that sees one
// holds back what comes after, in case it depends on what is missing. VP9 and
// AV1 say what a frame depends on by how far back it is, in picture ids and
// frame numbers; theirs change by a constant within one stream. So does
// TL0PICIDX, for no picture of the slowest layer is ever left out.
//
// The zero value is ready. Not safe for concurrent use.
type Pictures struct {
	last     Numbers // newest that were given
	shift    Numbers // added to those of the stream
	high     uint16  // newest picture of the stream, where gaps are closed
	pictures [pictureWindow]pictureFate
}

// pictureFate is what became of a picture.
type pictureFate struct {
	in, out uint16
	state   pictureState
}

type pictureState uint8

const (
	unknown pictureState = iota // before the stream began, or too long ago
	missing                     // not here yet: out is set aside for it
	sent
	dropped
)

// Begin fits a stream whose first forwarded packet has the marks m.
func (p *Pictures) Begin(m *Marks) {
	p.shift = Numbers{
		Picture: p.last.Picture + 1 - m.Picture,
		Number:  p.last.Number + 1 - m.Number,
		TL0:     p.last.TL0 + 1 - m.TL0,
	}
	clear(p.pictures[:])
	p.high = m.Picture - 1
}

// Next gives the numbers for a packet that is forwarded. It is false for one
// that can have none: its picture was dropped, or is from too long ago.
func (p *Pictures) Next(m *Marks) (n Numbers, ok bool) {
	n = p.shifted(m)
	if m.compact && m.pictureAt != 0 {
		if n.Picture, ok = p.next(m.Picture); !ok {
			return Numbers{}, false
		}
	}
	if m.pictureAt != 0 && int16(n.Picture-p.last.Picture) > 0 {
		p.last.Picture = n.Picture
	}
	if m.tl0At != 0 && int8(n.TL0-p.last.TL0) > 0 {
		p.last.TL0 = n.TL0
	}
	if int16(n.Number-p.last.Number) > 0 {
		p.last.Number = n.Number
	}
	return n, true
}

// Look is Next for a packet that was forwarded before, since Begin. It is false
// once that is too long ago.
func (p *Pictures) Look(m *Marks) (n Numbers, ok bool) {
	n = p.shifted(m)
	if m.compact && m.pictureAt != 0 {
		f := &p.pictures[m.Picture%pictureWindow]
		if f.in != m.Picture || f.state != sent {
			return Numbers{}, false
		}
		n.Picture = f.out
	}
	return n, true
}

// Drop says that a packet is not forwarded, and hence nothing of its picture.
func (p *Pictures) Drop(m *Marks) {
	if !m.compact || m.pictureAt == 0 {
		return
	}
	if int16(m.Picture-p.high) > 0 {
		p.advance(m.Picture)
		p.pictures[m.Picture%pictureWindow] = pictureFate{in: m.Picture, state: dropped}
		return
	}
	if f := &p.pictures[m.Picture%pictureWindow]; f.in == m.Picture && f.state == missing {
		f.state = dropped // the gap stays
	}
}

func (p *Pictures) shifted(m *Marks) Numbers {
	return Numbers{
		Picture: m.Picture + p.shift.Picture,
		Number:  m.Number + p.shift.Number,
		TL0:     m.TL0 + p.shift.TL0,
	}
}

func (p *Pictures) next(in uint16) (out uint16, ok bool) {
	if int16(in-p.high) > 0 {
		p.advance(in)
		p.last.Picture++
		p.pictures[in%pictureWindow] = pictureFate{in: in, out: p.last.Picture, state: sent}
		return p.last.Picture, true
	}
	f := &p.pictures[in%pictureWindow]
	if f.in != in || f.state != missing && f.state != sent {
		return 0, false
	}
	f.state = sent
	return f.out, true
}

// advance sets numbers aside for the pictures between the newest and in, and
// makes in the newest. What lies further back than the window is lost for good
// and leaves no gap.
func (p *Pictures) advance(in uint16) {
	if in-p.high > pictureWindow {
		clear(p.pictures[:])
		p.high = in - 1
	}
	for i := p.high + 1; i != in; i++ {
		p.last.Picture++
		p.pictures[i%pictureWindow] = pictureFate{in: i, out: p.last.Picture, state: missing}
	}
	p.high = in
}
