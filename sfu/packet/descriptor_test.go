package packet

import (
	"bytes"
	"testing"

	"paravent/sfu/transport"
)

func TestDescriptors(t *testing.T) {
	key, layered := descriptor{key: true, begin: true}, func(d descriptor) descriptor { d.layered = true; return d }
	places := func(d descriptor, m Marks) descriptor { d.places = m; return d }
	known := func(d descriptor, bits uint64) descriptor { d.pictures = pictureSet{bits, true}; return d }
	for name, c := range map[string]struct {
		codec   transport.Codec
		in      []byte
		want    descriptor
		refused bool
	}{
		"vp8 plain key frame":         {codec: transport.VP8, in: []byte{0x10, 0x10}, want: key},
		"vp8 plain delta frame":       {codec: transport.VP8, in: []byte{0x10, 0x11}, want: descriptor{begin: true}},
		"vp8 needed by none":          {codec: transport.VP8, in: []byte{0x30, 0x11}, want: descriptor{begin: true, spare: true}},
		"vp8 middle of a key frame":   {codec: transport.VP8, in: []byte{0x00, 0x10}},
		"vp8 second partition":        {codec: transport.VP8, in: []byte{0x11, 0x10}},
		"vp8 7-bit picture id":        {codec: transport.VP8, in: []byte{0x90, 0x80, 0x7f, 0x10}, want: places(key, Marks{pictureAt: 2, Picture: 0x7f})},
		"vp8 15-bit picture id, tl0":  {codec: transport.VP8, in: []byte{0x90, 0xc0, 0xff, 0xfe, 9, 0x11}, want: places(descriptor{begin: true}, Marks{pictureAt: 2, wide: true, Picture: 0x7ffe, tl0At: 4, TL0: 9})},
		"vp8 with all":                {codec: transport.VP8, in: []byte{0x90, 0xf0, 0x81, 0x02, 9, 0xff, 0x10}, want: places(descriptor{key: true, begin: true, layered: true, temporal: 3, sync: true}, Marks{pictureAt: 2, wide: true, Picture: 0x102, tl0At: 4, TL0: 9})},
		"vp8 key index, no layer":     {codec: transport.VP8, in: []byte{0x90, 0x90, 5, 0xff, 0x10}, want: places(key, Marks{pictureAt: 2, Picture: 5})},
		"vp8 layer, no picture id":    {codec: transport.VP8, in: []byte{0x90, 0x20, 0x40, 0x11}, want: descriptor{begin: true, temporal: 1}},
		"vp8 tl0 alone":               {codec: transport.VP8, in: []byte{0x80, 0x40, 5, 0x11}, want: descriptor{places: Marks{tl0At: 2, TL0: 5}}},
		"vp8 nothing behind":          {codec: transport.VP8, in: []byte{0x90, 0x80, 0x7f}, refused: true},
		"vp8 nothing behind layer":    {codec: transport.VP8, in: []byte{0x90, 0x20, 0x40}, refused: true},
		"vp8 picture id cut":          {codec: transport.VP8, in: []byte{0x90, 0x80, 0x80}, refused: true},
		"vp8 extension cut":           {codec: transport.VP8, in: []byte{0x90, 0x80}, refused: true},
		"vp8 tl0 cut":                 {codec: transport.VP8, in: []byte{0x90, 0x40}, refused: true},
		"vp8 layer cut":               {codec: transport.VP8, in: []byte{0x90, 0x20}, refused: true},
		"vp8 one byte":                {codec: transport.VP8, in: []byte{0x10}, refused: true},
		"vp9 key frame":               {codec: transport.VP9, in: []byte{0x88, 0x81, 0x02, 0}, want: places(known(key, 0), Marks{pictureAt: 1, wide: true, Picture: 0x102})},
		"vp9 not the first packet":    {codec: transport.VP9, in: []byte{0x80, 0x81, 0x02, 0}, want: places(known(descriptor{}, 0), Marks{pictureAt: 1, wide: true, Picture: 0x102})},
		"vp9 predicted":               {codec: transport.VP9, in: []byte{0xc8, 0x03, 0}, want: places(descriptor{begin: true, predicted: true}, Marks{pictureAt: 1, Picture: 3})},
		"vp9 layers, base":            {codec: transport.VP9, in: []byte{0xa8, 0x03, 0x00, 7, 0}, want: places(known(layered(key), 0), Marks{pictureAt: 1, Picture: 3, tl0At: 3, TL0: 7})},
		"vp9 layers, above":           {codec: transport.VP9, in: []byte{0xa9, 0x03, 0x53, 7, 0}, want: places(known(descriptor{begin: true, layered: true, last: true, spatial: 1, temporal: 2, sync: true, lower: true}, 0), Marks{pictureAt: 1, Picture: 3, tl0At: 3, TL0: 7})},
		"vp9 flexible has no tl0":     {codec: transport.VP9, in: []byte{0xb8, 0x03, 0x00, 0}, want: places(known(layered(key), 0), Marks{pictureAt: 1, Picture: 3})},
		"vp9 flexible, references":    {codec: transport.VP9, in: []byte{0xf8, 0x03, 0x00, 0x03, 0x09, 0x0a, 0}, want: places(known(layered(descriptor{begin: true, predicted: true}), 1|1<<3|1<<4), Marks{pictureAt: 1, Picture: 3})},
		"vp9 flexible, far reference": {codec: transport.VP9, in: []byte{0xf8, 0x03, 0x00, 0xfe, 0}, want: places(layered(descriptor{begin: true, predicted: true}), Marks{pictureAt: 1, Picture: 3})},
		"vp9 end":                     {codec: transport.VP9, in: []byte{0x0c, 0}, want: known(descriptor{key: true, begin: true, end: true}, 0)},
		"vp9 structure":               {codec: transport.VP9, in: []byte{0x0a, 0x38, 0, 1, 0, 2, 0, 3, 0, 4, 2, 0x04, 1, 0, 0}, want: known(key, 0)},
		"vp9 structure, no sizes":     {codec: transport.VP9, in: []byte{0x0a, 0xe0, 0}, want: known(key, 0)},
		"vp9 structure cut":           {codec: transport.VP9, in: []byte{0x0a, 0x38, 0, 1, 0, 2, 0, 3, 0}, refused: true},
		"vp9 structure cut in group":  {codec: transport.VP9, in: []byte{0x0a, 0x08, 2, 0x0c, 1, 1}, refused: true},
		"vp9 structure, no group":     {codec: transport.VP9, in: []byte{0x0a, 0x08}, refused: true},
		"vp9 structure, group alone":  {codec: transport.VP9, in: []byte{0x0a, 0x08, 1, 0x00}, refused: true},
		"vp9 no structure":            {codec: transport.VP9, in: []byte{0x8a, 1}, refused: true},
		"vp9 four references":         {codec: transport.VP9, in: []byte{0xf8, 0x03, 0x00, 0x03, 0x03, 0x03, 0x02, 0}, refused: true},
		"vp9 reference to itself":     {codec: transport.VP9, in: []byte{0xf8, 0x03, 0x00, 0x00, 0}, refused: true},
		"vp9 references cut":          {codec: transport.VP9, in: []byte{0xf8, 0x03, 0x00, 0x03}, refused: true},
		"vp9 layers cut":              {codec: transport.VP9, in: []byte{0xa8, 0x03}, refused: true},
		"vp9 tl0 cut":                 {codec: transport.VP9, in: []byte{0xa8, 0x03, 0x00}, refused: true},
		"vp9 picture id cut":          {codec: transport.VP9, in: []byte{0x88, 0x83}, refused: true},
		"vp9 nothing behind":          {codec: transport.VP9, in: []byte{0x88, 0x03}, refused: true},
		"av1 new sequence":            {codec: transport.AV1, in: []byte{0x18, 0x0a}, want: descriptor{key: true}},
		"av1 other":                   {codec: transport.AV1, in: []byte{0x10, 0x32}},
		"av1 continued says no key":   {codec: transport.AV1, in: []byte{0x98, 0x0a}},
		"av1 nothing behind":          {codec: transport.AV1, in: []byte{0x18}, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			var d descriptor
			ok := describe(&d, c.codec, c.in)
			if ok == c.refused || ok && d != c.want {
				t.Fatalf("%+v %v, want %+v", d, ok, c.want)
			}
		})
	}
}

func describe(d *descriptor, c transport.Codec, b []byte) bool {
	switch c {
	case transport.VP8:
		return describeVP8(d, b)
	case transport.VP9:
		var sizes [maxSpatial]size
		return describeVP9(d, &sizes, b)
	default:
		return describeAV1(d, b)
	}
}

// checkDescriptor holds what slots rely on: whatever is accepted has bytes
// behind its descriptor, and writing numbers into it changes nothing but them.
func checkDescriptor(t *testing.T, c transport.Codec, b []byte, picture uint16, tl0 uint8) {
	t.Helper()
	var d, again descriptor
	if !describe(&d, c, b) {
		return
	}
	if int(d.places.pictureAt) >= len(b)-1 || int(d.places.tl0At) >= len(b)-1 {
		t.Fatal("a number where the payload should be")
	}
	out := bytes.Clone(b)
	d.places.Write(out, nil, Numbers{Picture: picture, TL0: tl0})
	if !describe(&again, c, out) {
		t.Fatalf("%+v cannot be read again", d)
	}
	want := d
	if want.places.pictureAt != 0 {
		want.places.Picture = picture & 0x7f
		if want.places.wide {
			want.places.Picture = picture & 0x7fff
		}
	}
	if want.places.tl0At != 0 {
		want.places.TL0 = tl0
	}
	if again != want {
		t.Fatalf("%+v became %+v", d, again)
	}
	d.places.Write(out, nil, Numbers{Picture: d.places.Picture, TL0: d.places.TL0})
	if !bytes.Equal(out, b) {
		t.Fatal("writing changed more than the numbers")
	}
}

func FuzzVP8Descriptor(f *testing.F) {
	f.Add([]byte{0x10, 0x10}, uint16(0), uint8(0))
	f.Add([]byte{0x90, 0xf0, 0x81, 0x02, 9, 0xff, 0x10, 1, 2, 3}, uint16(0xffff), uint8(255))
	f.Add([]byte{0x90, 0x80, 0x7f, 0x11}, uint16(128), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, picture uint16, tl0 uint8) {
		checkDescriptor(t, transport.VP8, b, picture, tl0)
	})
}

func FuzzVP9Descriptor(f *testing.F) {
	f.Add([]byte{0x88, 0x81, 0x02, 0}, uint16(0), uint8(0))
	f.Add([]byte{0xa8, 0x03, 0x00, 7, 0}, uint16(0x7fff), uint8(255))
	f.Add([]byte{0xfa, 0x83, 0x00, 0x03, 0x08, 0x38, 0, 1, 0, 2, 0, 3, 0, 4, 2, 4, 1, 0, 0}, uint16(1), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, picture uint16, tl0 uint8) {
		checkDescriptor(t, transport.VP9, b, picture, tl0)
	})
}

func FuzzAV1Aggregation(f *testing.F) {
	f.Add([]byte{0x18, 0x0a})
	f.Add([]byte{0x98, 0x0a, 0x0b})
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDescriptor(t, transport.AV1, b, 0, 0)
	})
}
