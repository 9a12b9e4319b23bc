package sfu

import (
	"bytes"
	"testing"

	"paravent/sfu/transport"
)

func TestDescribe(t *testing.T) {
	for name, c := range map[string]struct {
		codec   transport.Codec
		in      []byte
		want    descriptor
		refused bool
	}{
		"opus is opaque":                {codec: transport.Opus, in: []byte{0xff}, want: descriptor{}},
		"opus empty":                    {codec: transport.Opus, refused: true},
		"vp8 plain key frame":           {codec: transport.VP8, in: []byte{0x10, 0x10}, want: descriptor{key: true}},
		"vp8 plain delta frame":         {codec: transport.VP8, in: []byte{0x10, 0x11}},
		"vp8 middle of a key frame":     {codec: transport.VP8, in: []byte{0x00, 0x10}},
		"vp8 second partition":          {codec: transport.VP8, in: []byte{0x11, 0x10}},
		"vp8 7-bit picture id":          {codec: transport.VP8, in: []byte{0x90, 0x80, 0x7f, 0x10}, want: descriptor{key: true, pictureAt: 2, picture: 0x7f}},
		"vp8 15-bit picture id, tl0":    {codec: transport.VP8, in: []byte{0x90, 0xc0, 0xff, 0xfe, 9, 0x11}, want: descriptor{pictureAt: 2, wide: true, picture: 0x7ffe, tl0At: 4, tl0: 9}},
		"vp8 with all":                  {codec: transport.VP8, in: []byte{0x90, 0xf0, 0x81, 0x02, 9, 0xff, 0x10}, want: descriptor{key: true, pictureAt: 2, wide: true, picture: 0x102, tl0At: 4, tl0: 9}},
		"vp8 tl0 alone":                 {codec: transport.VP8, in: []byte{0x80, 0x40, 5, 0x11}, want: descriptor{tl0At: 2, tl0: 5}},
		"vp8 nothing behind":            {codec: transport.VP8, in: []byte{0x90, 0x80, 0x7f}, refused: true},
		"vp8 picture id cut":            {codec: transport.VP8, in: []byte{0x90, 0x80, 0x80}, refused: true},
		"vp8 extension cut":             {codec: transport.VP8, in: []byte{0x90, 0x80}, refused: true},
		"vp8 tl0 cut":                   {codec: transport.VP8, in: []byte{0x90, 0x40}, refused: true},
		"vp8 one byte":                  {codec: transport.VP8, in: []byte{0x10}, refused: true},
		"vp9 key frame":                 {codec: transport.VP9, in: []byte{0x88, 0x81, 0x02, 0}, want: descriptor{key: true, pictureAt: 1, wide: true, picture: 0x102}},
		"vp9 not the first packet":      {codec: transport.VP9, in: []byte{0x80, 0x81, 0x02, 0}, want: descriptor{pictureAt: 1, wide: true, picture: 0x102}},
		"vp9 predicted":                 {codec: transport.VP9, in: []byte{0xc8, 0x03, 0}, want: descriptor{pictureAt: 1, picture: 3}},
		"vp9 layers, base":              {codec: transport.VP9, in: []byte{0xa8, 0x03, 0x00, 7, 0}, want: descriptor{key: true, pictureAt: 1, picture: 3, tl0At: 3, tl0: 7}},
		"vp9 layers, enhancement":       {codec: transport.VP9, in: []byte{0xa8, 0x03, 0x03, 7, 0}, want: descriptor{pictureAt: 1, picture: 3, tl0At: 3, tl0: 7}},
		"vp9 flexible has no tl0":       {codec: transport.VP9, in: []byte{0xb8, 0x03, 0x00, 0}, want: descriptor{key: true, pictureAt: 1, picture: 3}},
		"vp9 no picture id":             {codec: transport.VP9, in: []byte{0x08, 0}, want: descriptor{key: true}},
		"vp9 layers cut":                {codec: transport.VP9, in: []byte{0xa8, 0x03}, refused: true},
		"vp9 tl0 cut":                   {codec: transport.VP9, in: []byte{0xa8, 0x03, 0x00}, refused: true},
		"vp9 nothing behind":            {codec: transport.VP9, in: []byte{0x88, 0x03}, refused: true},
		"av1 new sequence":              {codec: transport.AV1, in: []byte{0x18, 0x0a}, want: descriptor{key: true}},
		"av1 other":                     {codec: transport.AV1, in: []byte{0x10, 0x32}},
		"av1 continued says no key":     {codec: transport.AV1, in: []byte{0x98, 0x0a}},
		"av1 nothing behind":            {codec: transport.AV1, in: []byte{0x18}, refused: true},
		"a codec that is not forwarded": {codec: transport.NoCodec, in: []byte{1, 2, 3}, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			d, ok := describe(c.codec, c.in)
			if ok == c.refused || ok && d != c.want {
				t.Fatalf("%+v %v, want %+v", d, ok, c.want)
			}
		})
	}
}

// checkDescriptor holds what slots rely on: whatever is accepted has bytes
// behind its descriptor, and writing numbers into it changes nothing but them.
func checkDescriptor(t *testing.T, c transport.Codec, b []byte, picture uint16, tl0 uint8) {
	t.Helper()
	d, ok := describe(c, b)
	if !ok {
		return
	}
	if d.pictureAt >= len(b)-1 || d.tl0At >= len(b)-1 {
		t.Fatal("a number where the payload should be")
	}
	out := bytes.Clone(b)
	d.write(out, picture&0x7fff, tl0)
	again, ok := describe(c, out)
	if !ok || again.key != d.key || again.pictureAt != d.pictureAt || again.wide != d.wide || again.tl0At != d.tl0At {
		t.Fatalf("%+v became %+v", d, again)
	}
	want := picture & 0x7fff
	if !d.wide {
		want &= 0x7f
	}
	if d.pictureAt != 0 && again.picture != want || d.tl0At != 0 && again.tl0 != tl0 {
		t.Fatal("other numbers than were written")
	}
	d.write(out, d.picture, d.tl0)
	if !bytes.Equal(out, b) {
		t.Fatal("writing changed more than the numbers")
	}
}

func FuzzVP8Descriptor(f *testing.F) {
	f.Add([]byte{0x10, 0x10}, uint16(0), uint8(0))
	f.Add([]byte{0x90, 0xf0, 0x81, 0x02, 9, 0xff, 0x10, 1, 2, 3}, uint16(0x7fff), uint8(255))
	f.Add([]byte{0x90, 0x80, 0x7f, 0x11}, uint16(128), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, picture uint16, tl0 uint8) {
		checkDescriptor(t, transport.VP8, b, picture, tl0)
	})
}

func FuzzVP9Descriptor(f *testing.F) {
	f.Add([]byte{0x88, 0x81, 0x02, 0}, uint16(0), uint8(0))
	f.Add([]byte{0xa8, 0x03, 0x00, 7, 0}, uint16(0x7fff), uint8(255))
	f.Add([]byte{0xb8, 0x03, 0x00, 0}, uint16(1), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, picture uint16, tl0 uint8) {
		checkDescriptor(t, transport.VP9, b, picture, tl0)
	})
}

func FuzzAV1Aggregation(f *testing.F) {
	f.Add([]byte{0x18, 0x0a})
	f.Add([]byte{0x98, 0x0a, 0x0b})
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDescriptor(t, transport.AV1, b, 0, 0)
		if d, ok := describe(transport.AV1, b); ok && (d.pictureAt != 0 || d.tl0At != 0) {
			t.Fatal("AV1 has no picture numbers")
		}
	})
}
