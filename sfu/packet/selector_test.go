package packet

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"paravent/sfu/transport"
)

// viewer is a selector behind a reader, and what became of each frame.
type viewer struct {
	reader   Reader
	selector Selector
	fate     map[int]bool // frame: forwarded or dropped
	markers  map[int]int  // picture: markers
	keys     []int        // key frames that came
	last     map[int]bool // picture: the last forwarded packet has the marker
}

func newViewer() *viewer {
	return &viewer{fate: map[int]bool{}, markers: map[int]int{}, last: map[int]bool{}}
}

func (v *viewer) take(t testing.TB, index int, m *modelFrame, p *transport.Packet) (f Frame, forward bool) {
	t.Helper()
	if !v.reader.Read(&f, p) {
		if keys := v.keys; len(keys) < 2 || index >= keys[len(keys)-2] {
			t.Fatalf("frame %d of layers %d %d cannot be read", index, m.spatial, m.temporal)
		}
		return f, false
	}
	if f.Key && (len(v.keys) == 0 || index > v.keys[len(v.keys)-1]) {
		v.keys = append(v.keys, index)
	}
	forward, marker := v.selector.Next(&f)
	if before, known := v.fate[index]; known && before != forward && v.selector.mode == layered && before {
		t.Fatalf("frame %d of layers %d %d was forwarded: %v, and now %v", index, m.spatial, m.temporal, before, forward)
	}
	v.fate[index] = forward
	if forward {
		v.last[m.picture] = marker
		if marker {
			v.markers[m.picture]++
		}
	}
	return f, forward
}

// check holds that nothing was forwarded that depends on what was dropped.
func (v *viewer) check(t testing.TB, m *model) {
	t.Helper()
	for i, f := range m.frames {
		if !v.fate[i] {
			continue
		}
		for _, r := range f.refs {
			if forwarded, came := v.fate[r]; came && !forwarded {
				g := m.frames[r]
				t.Fatalf("frame %d of layers %d %d was forwarded, but not %d of layers %d %d", i, f.spatial, f.temporal, r, g.spatial, g.temporal)
			}
		}
	}
}

// models are all kinds of publishers.
func models(random *rand.Rand) map[string]*model {
	all := map[string]*model{}
	add := func(name string, m *model) *model {
		all[name] = m
		return m
	}
	for t := 1; t <= 3; t++ {
		add(fmt.Sprintf("vp8 L1T%d", t), newModel(transport.VP8, 1, t, random))
		add(fmt.Sprintf("vp8 L1T%d deep", t), newModel(transport.VP8, 1, t, random)).deep = true
		for s := 1; s <= 3; s++ {
			add(fmt.Sprintf("av1 L%dT%d", s, t), newModel(transport.AV1, s, t, random))
			add(fmt.Sprintf("vp9 L%dT%d", s, t), newModel(transport.VP9, s, t, random))
			add(fmt.Sprintf("vp9 L%dT%d flexible", s, t), newModel(transport.VP9, s, t, random)).flexible = true
			add(fmt.Sprintf("vp9 L%dT%d deep", s, t), newModel(transport.VP9, s, t, random)).deep = true
			if s > 1 {
				add(fmt.Sprintf("av1 L%dT%d_KEY", s, t), newModel(transport.AV1, s, t, random)).keyOnly = true
				add(fmt.Sprintf("vp9 L%dT%d_KEY", s, t), newModel(transport.VP9, s, t, random)).keyOnly = true
				m := add(fmt.Sprintf("vp9 L%dT%d_KEY flexible", s, t), newModel(transport.VP9, s, t, random))
				m.keyOnly, m.flexible = true, true
			}
		}
	}
	return all
}

// delivery is a packet on its way.
type delivery struct {
	frame  int
	packet int
	due    int // picture with which it comes
}

// travel sends what a publisher makes through a network that loses, delays and
// repeats, to a viewer who changes what is wanted.
func travel(t testing.TB, m *model, v *viewer, random *rand.Rand, pictures int, loss float64) {
	t.Helper()
	var late []delivery
	hand := func(d delivery) {
		f := &m.frames[d.frame]
		v.take(t, d.frame, f, &f.packets[d.packet])
	}
	for n := range pictures {
		if random.IntN(8) == 0 {
			v.selector.Want(uint8(random.IntN(4)), uint8(random.IntN(4)))
		}
		key := n == 0 || random.IntN(40) == 0
		from := len(m.frames)
		var now []delivery
		for i := range m.next(key) {
			for j := range m.frames[from+i].packets {
				d := delivery{frame: from + i, packet: j, due: n}
				first := key && i == 0 && j == 0 // without it nothing else of the picture can be read
				switch x := random.Float64(); {
				case n > 0 && first && x < loss:
					d.due = n + 1
					late = append(late, d)
				case n > 0 && !first && x < loss/2: // for good
				case n > 0 && x < loss:
					d.due = n + 1 + random.IntN(10)
					late = append(late, d)
				default:
					now = append(now, d)
				}
			}
		}
		for i := range now {
			if i > 1 && random.Float64() < loss {
				now[i], now[i-1] = now[i-1], now[i]
			}
		}
		for _, d := range now {
			if random.IntN(30) == 0 {
				v.selector.Want(uint8(random.IntN(4)), uint8(random.IntN(4)))
			}
			hand(d)
			if random.Float64() < loss/4 {
				hand(d) // again
			}
		}
		rest := late[:0]
		for _, d := range late {
			if d.due <= n {
				hand(d)
			} else {
				rest = append(rest, d)
			}
		}
		late = rest
	}
}

func TestForwardedCanBeDecoded(t *testing.T) {
	rounds := uint64(60)
	if testing.Short() {
		rounds = 10
	}
	for name := range models(rand.New(rand.NewPCG(0, 0))) {
		t.Run(name, func(t *testing.T) {
			for seed := range rounds {
				random := rand.New(rand.NewPCG(seed, 7))
				m, v := models(random)[name], newViewer()
				m.random = rand.New(rand.NewPCG(seed, 8))
				travel(t, m, v, random, 200, []float64{0, 0.02, 0.1, 0.3}[seed%4])
				v.check(t, m)
			}
		})
	}
}

// FuzzForwardedCanBeDecoded does the same with other histories, of up to a
// quarter lost: where a spatial layer does not come for long it counts as gone,
// and then more is forwarded than can be decoded.
func FuzzForwardedCanBeDecoded(f *testing.F) {
	f.Add(uint64(1), uint64(2), uint8(3), uint8(10))
	f.Add(uint64(77), uint64(5), uint8(40), uint8(90))
	f.Fuzz(func(t *testing.T, a, b uint64, which, loss uint8) {
		random := rand.New(rand.NewPCG(a, b))
		i := int(which)
		for _, s := range []int{1, 2, 3} {
			for _, codec := range []transport.Codec{transport.VP8, transport.VP9, transport.AV1} {
				m := newModel(codec, s, 1+i%3, random)
				m.keyOnly, m.flexible, m.deep = which&8 != 0, which&16 != 0, which&32 != 0 && codec != transport.AV1 && which&16 == 0
				if codec == transport.VP8 {
					m.spatial = 1
				}
				v := newViewer()
				travel(t, m, v, random, 60, float64(loss%64)/256)
				v.check(t, m)
			}
		}
	})
}

// TestOneMarker holds that each picture that is shown ends with a marker, and
// nothing before its end has one.
func TestOneMarker(t *testing.T) {
	for name := range models(rand.New(rand.NewPCG(0, 0))) {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 1))
			m, v := models(random)[name], newViewer()
			travel(t, m, v, random, 300, 0)
			shown := map[int]bool{}
			for i, f := range m.frames {
				if v.fate[i] {
					shown[f.picture] = true
				}
			}
			for p := range shown {
				if v.markers[p] != 1 || !v.last[p] {
					t.Fatalf("picture %d has %d markers", p, v.markers[p])
				}
			}
		})
	}
}

// TestTargetIsReached holds that without loss the wanted layers are shown as
// soon as the dependencies allow: at once for those that tell all of them, and
// otherwise within two groups of pictures.
func TestTargetIsReached(t *testing.T) {
	for name := range models(rand.New(rand.NewPCG(0, 0))) {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				random := rand.New(rand.NewPCG(seed, 4))
				m, v := models(random)[name], newViewer()
				reach(t, m, v, random)
			}
		})
	}
}

func reach(t *testing.T, m *model, v *viewer, random *rand.Rand) {
	t.Helper()
	var wantS, wantT, waited int
	for n := range 200 {
		if n%24 == 0 {
			wantS, wantT, waited = random.IntN(m.spatial), random.IntN(m.temporal), 0
			v.selector.Want(uint8(wantS), uint8(wantT))
		}
		key := n == 0 || random.IntN(30) == 0
		from := len(m.frames)
		shown := -1
		for i := range m.next(key) {
			for j := range m.frames[from+i].packets {
				if _, forward := v.take(t, from+i, &m.frames[from+i], &m.frames[from+i].packets[j]); forward {
					shown = max(shown, i)
				}
			}
		}
		s, tl, ok := v.selector.Layers()
		if !ok {
			t.Fatal("shows nothing")
		}
		waited++
		if key && n > 8 && (int(s) != wantS || int(tl) != wantT) {
			t.Fatalf("picture %d, a key frame: shows %d %d of %d %d", n, s, tl, wantS, wantT)
		}
		if int(tl) > wantT {
			t.Fatalf("picture %d: goes on with temporal layer %d, not %d", n, tl, wantT)
		}
		if int(s) > wantS && !m.keyOnly {
			t.Fatalf("picture %d: goes on with spatial layer %d, not %d", n, s, wantS)
		}
		groups := 2
		if m.deep {
			groups = 6 // they can be joined in every fourth
		}
		if m.codec == transport.AV1 {
			groups = 1
		}
		if !v.selector.NeedsKey() && waited > groups*4 && (int(s) != wantS || int(tl) != wantT) {
			t.Fatalf("picture %d: still shows %d %d of %d %d", n, s, tl, wantS, wantT)
		}
		if needs := v.selector.NeedsKey(); needs && int(s) == wantS {
			t.Fatal("needs a key frame for what it shows")
		}
		if m.frames[from].temporal <= int(tl) && shown != int(s) {
			t.Fatalf("picture %d of layer %d: shows spatial layer %d, says %d", n, m.frames[from].temporal, shown, s)
		}
	}
	v.check(t, m)
}

// TestLayerComesBack: a spatial layer that begins anew, on top of the one
// below, is joined without a key frame.
func TestLayerComesBack(t *testing.T) {
	var r Reader
	var s Selector
	s.Want(All, All)
	for i, c := range []struct {
		first, layer byte
		diffs        []byte
		picture      byte
		want         uint8 // spatial layer
		forward      bool
	}{
		{first: 0xbc, picture: 1, want: All, forward: true},
		{first: 0xbd, layer: 0x03, picture: 1, want: All, forward: true},
		{first: 0xfc, diffs: []byte{2}, picture: 2, want: 0, forward: true},
		{first: 0xfd, layer: 0x03, diffs: []byte{2}, picture: 2, want: 0},
		{first: 0xfc, diffs: []byte{2}, picture: 3, want: All, forward: true},
		{first: 0xfd, layer: 0x03, diffs: []byte{2}, picture: 3, want: All},
		{first: 0xfc, diffs: []byte{2}, picture: 4, want: All, forward: true},
		{first: 0xbd, layer: 0x03, picture: 4, want: All, forward: true},
		{first: 0xfc, diffs: []byte{2}, picture: 5, want: All, forward: true},
		{first: 0xfd, layer: 0x03, diffs: []byte{2}, picture: 5, want: All, forward: true},
	} {
		p := transport.Packet{Codec: transport.VP9, Seq: uint16(i), Timestamp: uint32(c.picture) * 3000}
		p.Payload = append(append([]byte{c.first, c.picture, c.layer}, c.diffs...), 0)
		var f Frame
		if !r.Read(&f, &p) {
			t.Fatalf("packet %d cannot be read", i)
		}
		s.Want(c.want, 0)
		if forward, _ := s.Next(&f); forward != c.forward {
			t.Fatalf("packet %d: forwarded %v", i, forward)
		}
	}
}
