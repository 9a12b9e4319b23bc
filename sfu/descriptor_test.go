package sfu

import (
	"bytes"
	"testing"
)

func TestDescribe(t *testing.T) {
	for name, c := range map[string]struct {
		codec   codec
		in      []byte
		want    descriptor
		refused bool
	}{
		"opus is opaque":                {codec: opus, in: []byte{0xff}, want: descriptor{}},
		"opus empty":                    {codec: opus, refused: true},
		"vp8 plain key frame":           {codec: vp8, in: []byte{0x10, 0x10}, want: descriptor{key: true}},
		"vp8 plain delta frame":         {codec: vp8, in: []byte{0x10, 0x11}},
		"vp8 middle of a key frame":     {codec: vp8, in: []byte{0x00, 0x10}},
		"vp8 second partition":          {codec: vp8, in: []byte{0x11, 0x10}},
		"vp8 7-bit picture id":          {codec: vp8, in: []byte{0x90, 0x80, 0x7f, 0x10}, want: descriptor{key: true, pictureAt: 2, picture: 0x7f}},
		"vp8 15-bit picture id, tl0":    {codec: vp8, in: []byte{0x90, 0xc0, 0xff, 0xfe, 9, 0x11}, want: descriptor{pictureAt: 2, wide: true, picture: 0x7ffe, tl0At: 4, tl0: 9}},
		"vp8 with all":                  {codec: vp8, in: []byte{0x90, 0xf0, 0x81, 0x02, 9, 0xff, 0x10}, want: descriptor{key: true, pictureAt: 2, wide: true, picture: 0x102, tl0At: 4, tl0: 9}},
		"vp8 tl0 alone":                 {codec: vp8, in: []byte{0x80, 0x40, 5, 0x11}, want: descriptor{tl0At: 2, tl0: 5}},
		"vp8 nothing behind":            {codec: vp8, in: []byte{0x90, 0x80, 0x7f}, refused: true},
		"vp8 picture id cut":            {codec: vp8, in: []byte{0x90, 0x80, 0x80}, refused: true},
		"vp8 extension cut":             {codec: vp8, in: []byte{0x90, 0x80}, refused: true},
		"vp8 tl0 cut":                   {codec: vp8, in: []byte{0x90, 0x40}, refused: true},
		"vp8 one byte":                  {codec: vp8, in: []byte{0x10}, refused: true},
		"vp9 key frame":                 {codec: vp9, in: []byte{0x88, 0x81, 0x02, 0}, want: descriptor{key: true, pictureAt: 1, wide: true, picture: 0x102}},
		"vp9 not the first packet":      {codec: vp9, in: []byte{0x80, 0x81, 0x02, 0}, want: descriptor{pictureAt: 1, wide: true, picture: 0x102}},
		"vp9 predicted":                 {codec: vp9, in: []byte{0xc8, 0x03, 0}, want: descriptor{pictureAt: 1, picture: 3}},
		"vp9 layers, base":              {codec: vp9, in: []byte{0xa8, 0x03, 0x00, 7, 0}, want: descriptor{key: true, pictureAt: 1, picture: 3, tl0At: 3, tl0: 7}},
		"vp9 layers, enhancement":       {codec: vp9, in: []byte{0xa8, 0x03, 0x03, 7, 0}, want: descriptor{pictureAt: 1, picture: 3, tl0At: 3, tl0: 7}},
		"vp9 flexible has no tl0":       {codec: vp9, in: []byte{0xb8, 0x03, 0x00, 0}, want: descriptor{key: true, pictureAt: 1, picture: 3}},
		"vp9 no picture id":             {codec: vp9, in: []byte{0x08, 0}, want: descriptor{key: true}},
		"vp9 layers cut":                {codec: vp9, in: []byte{0xa8, 0x03}, refused: true},
		"vp9 tl0 cut":                   {codec: vp9, in: []byte{0xa8, 0x03, 0x00}, refused: true},
		"vp9 nothing behind":            {codec: vp9, in: []byte{0x88, 0x03}, refused: true},
		"av1 new sequence":              {codec: av1, in: []byte{0x18, 0x0a}, want: descriptor{key: true}},
		"av1 other":                     {codec: av1, in: []byte{0x10, 0x32}},
		"av1 continued says no key":     {codec: av1, in: []byte{0x98, 0x0a}},
		"av1 nothing behind":            {codec: av1, in: []byte{0x18}, refused: true},
		"a codec that is not forwarded": {codec: noCodec, in: []byte{1, 2, 3}, refused: true},
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
func checkDescriptor(t *testing.T, c codec, b []byte, picture uint16, tl0 uint8) {
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
	f.Fuzz(func(t *testing.T, b []byte, picture uint16, tl0 uint8) { checkDescriptor(t, vp8, b, picture, tl0) })
}

func FuzzVP9Descriptor(f *testing.F) {
	f.Add([]byte{0x88, 0x81, 0x02, 0}, uint16(0), uint8(0))
	f.Add([]byte{0xa8, 0x03, 0x00, 7, 0}, uint16(0x7fff), uint8(255))
	f.Add([]byte{0xb8, 0x03, 0x00, 0}, uint16(1), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, picture uint16, tl0 uint8) { checkDescriptor(t, vp9, b, picture, tl0) })
}

func FuzzAV1Aggregation(f *testing.F) {
	f.Add([]byte{0x18, 0x0a})
	f.Add([]byte{0x98, 0x0a, 0x0b})
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDescriptor(t, av1, b, 0, 0)
		if d, ok := describe(av1, b); ok && (d.pictureAt != 0 || d.tl0At != 0) {
			t.Fatal("AV1 has no picture numbers")
		}
	})
}

func TestParseHeader(t *testing.T) {
	fixed := []byte{0x80, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8}
	with := func(first byte, rest ...byte) []byte {
		b := append(bytes.Clone(fixed), rest...)
		b[0] = first
		return b
	}
	for name, c := range map[string]struct {
		in      []byte
		payload []byte
		refused bool
	}{
		"plain":                      {in: with(0x80, 9, 9), payload: []byte{9, 9}},
		"nothing":                    {in: with(0x80), payload: []byte{}},
		"contributing source":        {in: with(0x81, 0, 0, 0, 1, 9), payload: []byte{9}},
		"extension is stepped over":  {in: with(0x90, 0xbe, 0xde, 0, 1, 0, 0, 0, 0, 9), payload: []byte{9}},
		"padding is left away":       {in: with(0xa0, 9, 0, 2), payload: []byte{9}},
		"padding only":               {in: with(0xa0, 0, 0, 3), payload: []byte{}},
		"padding longer than packet": {in: with(0xa0, 9, 200), refused: true},
		"padding of none":            {in: with(0xa0, 9, 0), refused: true},
		"extension cut":              {in: with(0x90, 0xbe, 0xde, 0, 9, 1), refused: true},
		"extension header cut":       {in: with(0x90, 0xbe), refused: true},
		"sources cut":                {in: with(0x8f, 1), refused: true},
		"other version":              {in: with(0x40, 1), refused: true},
		"short":                      {in: fixed[:11], refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			h, payload, ok := parseHeader(c.in)
			if ok == c.refused || !bytes.Equal(payload, c.payload) {
				t.Fatalf("%v %v", payload, ok)
			}
			if ok && h != (header{marker: true, payloadType: 0x60, seq: 0x1234, timestamp: 0x01020304, ssrc: 0x05060708}) {
				t.Fatalf("%+v", h)
			}
		})
	}
}
