package packet

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paravent/sfu/transport"
)

// recorded are packets that a browser sent, without what is behind their
// descriptors: testdata has, of each, the number, the timestamp, the marker,
// the extension block and the beginning of the payload.
func recorded(t testing.TB, name string) []transport.Packet {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	codec := transport.VP8
	switch {
	case strings.Contains(name, "vp9"):
		codec = transport.VP9
	case strings.Contains(name, "av1"):
		codec = transport.AV1
	}
	var ids IDs
	var all []transport.Packet
	for line := range strings.Lines(string(file)) {
		if strings.HasPrefix(line, "# mid") {
			if _, err := fmt.Sscanf(line, "# mid=%d rid=%d repaired=%d transport=%d dependency=%d", &ids.Mid, &ids.RID, &ids.Repaired, &ids.TransportCC, &ids.Dependency); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		p := transport.Packet{Codec: codec}
		var marker int
		var block, payload string
		if _, err := fmt.Sscan(line, &p.Seq, &p.Timestamp, &marker, &block, &payload); err != nil {
			t.Fatal(err)
		}
		p.Marker = marker == 1
		p.Payload = unhex(t, payload)
		// As it stood in the packet: the header, the block, the payload.
		b := append([]byte{0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, unhex(t, block)...)
		var h Header
		var e Extensions
		if !Parse(&h, append(b, p.Payload...)) || !ids.Read(&e, &h) || !e.HasTransportCC {
			t.Fatalf("%s: packet %d cannot be read", name, p.Seq)
		}
		p.Dependency = e.Dependency
		all = append(all, p)
	}
	return all
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBrowsers reads what browsers sent, and shows all of it to one viewer and
// the lowest layers to another.
func TestBrowsers(t *testing.T) {
	for name, c := range map[string]struct {
		spatial, temporal int  // layers in the end
		unlayered         bool // does not tell
		numbered          bool // tells by the dependency descriptor
		keyOnly           bool
	}{
		"chromium-vp8-l1t3":    {spatial: 1, temporal: 3, numbered: true},
		"chromium-vp9-l1t3":    {spatial: 1, temporal: 3},
		"chromium-vp9-l3t3key": {spatial: 2, temporal: 3, keyOnly: true},
		"chromium-vp9-l3t3":    {spatial: 3, temporal: 3},
		"chromium-av1-l1t3":    {spatial: 1, temporal: 3, numbered: true},
		"chromium-av1-l2t3":    {spatial: 2, temporal: 3, numbered: true},
		"chromium-av1-l3t3key": {spatial: 3, temporal: 3, numbered: true, keyOnly: true},
		"chromium-av1-plain":   {spatial: 1, temporal: 1, unlayered: true},
		"firefox-vp8":          {spatial: 1, temporal: 2},
		"firefox-vp9":          {spatial: 1, temporal: 2},
		"firefox-av1":          {spatial: 1, temporal: 2, numbered: true},
	} {
		t.Run(name, func(t *testing.T) {
			var r Reader
			all, low := &Selector{}, &Selector{}
			all.Want(All, All)
			shown, markers := map[uint32]bool{}, map[uint32]int{}
			keys, higher := 0, 0
			for i, p := range recorded(t, name) {
				var f Frame
				if !r.Read(&f, &p) {
					t.Fatalf("packet %d cannot be read", i)
				}
				if f.Layered == c.unlayered || f.Numbered != c.numbered {
					t.Fatalf("packet %d is layered: %v, numbered: %v", i, f.Layered, f.Numbered)
				}
				if f.Key {
					keys++
				}
				forward, marker := all.Next(&f)
				if unneeded := c.keyOnly && !forward; !forward && !unneeded || forward && marker != p.Marker {
					t.Fatalf("packet %d of layers %d %d: forwarded %v, marker %v", i, f.Spatial, f.Temporal, forward, marker)
				}
				if forward && marker {
					higher++
				}
				forward, marker = low.Next(&f)
				if forward != (f.Spatial == 0 && f.Temporal == 0) {
					t.Fatalf("packet %d of layers %d %d: forwarded to the other %v", i, f.Spatial, f.Temporal, forward)
				}
				if forward {
					shown[p.Timestamp] = true
				}
				if marker && forward {
					markers[p.Timestamp]++
				}
			}
			if s, tl := r.Layers(); s != c.spatial || tl != c.temporal || keys == 0 || higher == 0 {
				t.Fatalf("%d and %d layers, %d key frames", s, tl, keys)
			}
			for at := range shown {
				if markers[at] != 1 && at != lastOf(shown) {
					t.Fatalf("picture %d has %d markers", at, markers[at])
				}
			}
		})
	}
}

// lastOf is the picture with which the recording may break off.
func lastOf(shown map[uint32]bool) (last uint32) {
	for at := range shown {
		last = max(last, at)
	}
	return last
}

// TestBothDescriptors holds that Chromium's two descriptors of VP9 say the same.
func TestBothDescriptors(t *testing.T) {
	for _, name := range []string{"chromium-vp9-l1t3", "chromium-vp9-l3t3key", "chromium-vp9-l3t3"} {
		t.Run(name, func(t *testing.T) {
			var r, d Reader
			for i, p := range recorded(t, name) {
				var a, b Frame
				if !r.Read(&a, &p) {
					t.Fatalf("packet %d cannot be read", i)
				}
				p.Codec, p.Payload = transport.AV1, []byte{0x10, 0}
				if !d.Read(&b, &p) {
					t.Fatalf("the dependency descriptor of packet %d cannot be read", i)
				}
				if a.Key != b.Key || a.Begin != b.Begin || a.End != b.End || a.Spatial != b.Spatial || a.Temporal != b.Temporal {
					t.Fatalf("packet %d: %+v, %+v", i, a, b)
				}
				// Distances on our grid are four for each picture.
				if w1, h1, ok1 := r.Size(a.Spatial); ok1 {
					if w2, h2, _ := d.Size(a.Spatial); w1 > w2 || h1 > h2 {
						t.Fatalf("packet %d: sizes %d %d and %d %d", i, w1, h1, w2, h2)
					}
				}
			}
		})
	}
}

// TestStructure holds that what libwebrtc's structures say of frames is what
// our models of them say.
func TestStructure(t *testing.T) {
	for name, c := range map[string]struct {
		model model
		sizes [][2]int
	}{
		"chromium-av1-l3t3key": {model{spatial: 3, temporal: 3, keyOnly: true}, [][2]int{{320, 180}, {640, 360}, {1280, 720}}},
		"chromium-av1-l2t3":    {model{spatial: 2, temporal: 3}, [][2]int{{640, 360}, {1280, 720}}},
		"chromium-av1-l1t3":    {model{spatial: 1, temporal: 3}, [][2]int{{320, 180}}},
		"firefox-av1":          {model{spatial: 1, temporal: 2}, [][2]int{{320, 180}}},
	} {
		t.Run(name, func(t *testing.T) {
			var r Reader
			var f Frame
			var keyAt uint32
			for i, p := range recorded(t, name) {
				if !r.Read(&f, &p) {
					t.Fatal("cannot be read")
				}
				if f.Key {
					keyAt = p.Timestamp
				}
				like := modelFrame{spatial: int(f.Spatial), temporal: int(f.Temporal), key: p.Timestamp == keyAt}
				var want roles
				for s := range c.model.spatial {
					for tl := range c.model.temporal {
						want.add(f.layout.order[s*c.model.temporal+tl], c.model.indication(&like, s, tl))
					}
				}
				if f.roles != want || f.layout.count != c.model.spatial*c.model.temporal {
					t.Fatalf("packet %d of layers %d %d: %+v, want %+v", i, f.Spatial, f.Temporal, f.roles, want)
				}
				if f.needs.none() != (like.key && f.Spatial == 0) {
					t.Fatalf("packet %d of layers %d %d depends on %+v", i, f.Spatial, f.Temporal, f.needs)
				}
			}
			for s, want := range c.sizes {
				if w, h, ok := r.Size(uint8(s)); !ok || w != want[0] || h != want[1] {
					t.Fatalf("layer %d has the size %d %d", s, w, h)
				}
			}
			if _, _, ok := r.Size(uint8(len(c.sizes))); ok {
				t.Fatal("one more layer has a size")
			}
		})
	}
}
