package packet

import (
	"bytes"
	"testing"

	"paravent/sfu/transport"
)

// first is the descriptor of Chromium's first L3T3_KEY packet: a structure of
// nine targets, and which of them are sent.
func first(t testing.TB) []byte {
	t.Helper()
	return recorded(t, "chromium-av1-l3t3key")[0].Dependency
}

func TestDescriptorsCut(t *testing.T) {
	whole := first(t)
	for n := range whole {
		var s dependencies
		var d dependency
		if s.read(&d, whole[:n]) && n > 3 && d.structure != nil && n < len(whole)-1 {
			t.Fatalf("%d of %d bytes are enough", n, len(whole))
		}
	}
	var s dependencies
	var d dependency
	if !s.read(&d, whole) || !d.attached || d.structure == nil || d.structure.layout.count != 9 {
		t.Fatalf("%+v", d)
	}
}

// TestStructureComesLate holds that a picture whose first packet is late is
// shown nevertheless.
func TestStructureComesLate(t *testing.T) {
	all := recorded(t, "chromium-av1-l3t3key")
	var r Reader
	var f Frame
	var s Selector
	s.Want(All, All)
	hand := func(p *transport.Packet) bool {
		t.Helper()
		if !r.Read(&f, p) {
			t.Fatal("cannot be read")
		}
		forward, _ := s.Next(&f)
		return forward
	}
	// Once more, later, with other template ids: nothing of it is known.
	again := func(i int) *transport.Packet {
		p := all[i]
		p.Dependency = bytes.Clone(p.Dependency)
		p.Seq += 5000
		p.Timestamp += 900000
		n := uint16(p.Dependency[1])<<8 | uint16(p.Dependency[2])
		n += 300
		p.Dependency[0] = p.Dependency[0]&0xc0 | (p.Dependency[0]+30)&0x3f
		p.Dependency[1], p.Dependency[2] = byte(n>>8), byte(n)
		if len(p.Dependency) > 40 { // the structure's first id follows three bytes and five flags
			id := (p.Dependency[3]&7<<3 | p.Dependency[4]>>5) + 30
			p.Dependency[3] = p.Dependency[3]&^7 | id>>3&7
			p.Dependency[4] = p.Dependency[4]&0x1f | id<<5
		}
		return &p
	}
	for i := range 6 {
		hand(&all[i])
	}
	for i := 7; i < 12; i++ {
		if !hand(again(i)) || !f.blind {
			t.Fatalf("packet %d: blind %v", i, f.blind)
		}
	}
	if !hand(again(6)) || !f.Key {
		t.Fatal("the key frame is not forwarded")
	}
	for i := 12; i < 60; i++ {
		hand(again(i))
		if f.blind {
			t.Fatalf("packet %d cannot be read", i)
		}
	}
	if spatial, temporal, ok := s.Layers(); !ok || spatial != 2 || temporal != 2 {
		t.Fatalf("shows %d %d", spatial, temporal)
	}
}

func TestActivate(t *testing.T) {
	p := recorded(t, "chromium-av1-l3t3key")[0]
	var r Reader
	var f Frame
	if !r.Read(&f, &p) || f.toldAt == 0 {
		t.Fatal("tells no targets")
	}
	told := f.told
	for _, c := range []struct {
		spatial, temporal uint8
		want              targets
	}{{0, 0, 1}, {1, 1, 0o33 & 0x3f & 0b011011}, {All, All, 0x1ff}, {0, All, 7}} {
		b := bytes.Clone(p.Dependency)
		f.Activate(b, c.spatial, c.temporal)
		var s dependencies
		var d dependency
		if !s.read(&d, b) || d.active != told&c.want || len(b) != len(p.Dependency) {
			t.Fatalf("%d %d: %b, not %b", c.spatial, c.temporal, d.active, told&c.want)
		}
		f.Activate(b, All, All)
		if !bytes.Equal(b, p.Dependency) {
			t.Fatal("more was changed than which layers are sent")
		}
	}
	f.Activate(nil, 0, 0)
	f.Activate(p.Dependency[:4], 0, 0)
}

// FuzzDependency holds that no bytes, nor any order of them, do harm, and that
// what can be read says nothing impossible.
func FuzzDependency(f *testing.F) {
	f.Add(first(f), []byte{0xc2, 0, 2}, uint16(7))
	f.Add(recorded(f, "chromium-av1-l2t3")[0].Dependency, recorded(f, "chromium-av1-l2t3")[1].Dependency, uint16(65535))
	f.Add(recorded(f, "firefox-av1")[0].Dependency, []byte{0x8e, 0, 3, 0x38}, uint16(1))
	f.Fuzz(func(t *testing.T, a, b []byte, number uint16) {
		var r Reader
		var s Selector
		s.Want(uint8(number), uint8(number>>8))
		for i, dependency := range [][]byte{a, b, a, b} {
			dependency = bytes.Clone(dependency)
			p := transport.Packet{Seq: uint16(i), Codec: transport.AV1, Payload: []byte{0x10, 0}, Dependency: dependency, Timestamp: uint32(i / 2)}
			var f Frame
			if !r.Read(&f, &p) {
				continue
			}
			if f.Layered && !f.blind && (f.roles.needed&^f.roles.present != 0 || f.roles.switches&^f.roles.needed != 0 ||
				f.Spatial >= maxSpatial || f.Temporal >= maxTemporal || f.roles.present>>f.layout.count != 0 && f.layout.count < maxTargets) {
				t.Fatalf("%+v", f)
			}
			s.Next(&f)
			if !f.Numbered {
				continue
			}
			f.Write(p.Payload, dependency, Numbers{Number: number})
			f.Activate(dependency, 1, 1)
			var again Reader
			var g Frame
			p.Dependency = dependency
			if f.toldAt != 0 && f.Key && (!again.Read(&g, &p) || g.Number != number || g.told&^f.told != 0) {
				t.Fatalf("%+v became %+v", f, g)
			}
		}
	})
}

// FuzzReader feeds packets of any kind to all that follows.
func FuzzReader(f *testing.F) {
	f.Add([]byte{1, 0, 4, 0x10, 0x10, 1, 1, 1, 7, 0x90, 0xe0, 0x81, 0x02, 9, 0xe0, 0x10})
	f.Add([]byte{2, 1, 5, 0xa8, 0x03, 0x00, 7, 0, 2, 1, 5, 0xe8, 0x04, 0x50, 7, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Reader
		var s Selector
		var n Pictures
		began := false
		for len(b) >= 3 {
			size := min(int(b[2]), len(b)-3)
			p := transport.Packet{
				Codec: transport.Codec(b[0] % uint8(transport.Codecs)), Seq: uint16(int8(b[1])), Timestamp: uint32(b[1] >> 1),
				Marker: b[2]&0x80 != 0, Payload: bytes.Clone(b[3 : 3+size]),
			}
			if b[0]&0x80 != 0 {
				p.Dependency = bytes.Clone(p.Payload)
			}
			b = b[3+size:]
			var f Frame
			if !r.Read(&f, &p) {
				continue
			}
			s.Want(b0(b), b0(b)>>4)
			if forward, _ := s.Next(&f); !forward {
				n.Drop(&f.Marks)
				continue
			}
			if !began {
				n.Begin(&f.Marks)
				began = true
			}
			if numbers, ok := n.Next(&f.Marks); ok {
				f.Write(p.Payload, p.Dependency, numbers)
				if again, ok := n.Look(&f.Marks); !ok || again != numbers {
					t.Fatalf("%+v, then %+v", numbers, again)
				}
			}
			s.Layers()
			s.NeedsKey()
			r.Layers()
			r.Size(f.Spatial)
		}
	})
}

func b0(b []byte) uint8 {
	if len(b) == 0 {
		return 0
	}
	return b[0] % 8
}
