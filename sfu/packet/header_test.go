package packet

import (
	"bytes"
	"testing"

	"github.com/pion/rtp"

	"paravent/sfu/transport"
)

func TestParse(t *testing.T) {
	fixed := []byte{0x80, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8}
	with := func(first byte, rest ...byte) []byte {
		b := append(bytes.Clone(fixed), rest...)
		b[0] = first
		return b
	}
	for name, c := range map[string]struct {
		in         []byte
		payload    []byte
		extensions []byte
		refused    bool
	}{
		"plain":                        {in: with(0x80, 9, 9), payload: []byte{9, 9}},
		"nothing":                      {in: with(0x80), payload: []byte{}},
		"contributing source":          {in: with(0x81, 0, 0, 0, 1, 9), payload: []byte{9}},
		"extension":                    {in: with(0x90, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 9), payload: []byte{9}, extensions: []byte{0x10, 7, 0, 0}},
		"extension behind a source":    {in: with(0x91, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 9), payload: []byte{9}, extensions: []byte{0x10, 7, 0, 0}},
		"empty extension":              {in: with(0x90, 0xbe, 0xde, 0, 0, 9), payload: []byte{9}, extensions: []byte{}},
		"padding is left away":         {in: with(0xa0, 9, 0, 2), payload: []byte{9}},
		"padding only":                 {in: with(0xa0, 0, 0, 3), payload: []byte{}},
		"padding longer than packet":   {in: with(0xa0, 9, 200), refused: true},
		"padding of none":              {in: with(0xa0, 9, 0), refused: true},
		"padding into the header":      {in: with(0xa0, 2), refused: true},
		"padding into the extension":   {in: with(0xb0, 0xbe, 0xde, 0, 1, 0, 0, 0, 2), refused: true},
		"extension cut":                {in: with(0x90, 0xbe, 0xde, 0, 9, 1), refused: true},
		"extension header cut":         {in: with(0x90, 0xbe), refused: true},
		"extension longer than all is": {in: with(0x90, 0xbe, 0xde, 0xff, 0xff), refused: true},
		"sources cut":                  {in: with(0x8f, 1), refused: true},
		"other version":                {in: with(0x40, 1), refused: true},
		"short":                        {in: fixed[:11], refused: true},
		"empty":                        {refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			var h Header
			if ok := Parse(&h, c.in); ok == c.refused {
				t.Fatal("accepted: ", ok)
			}
			if c.refused {
				return
			}
			if !bytes.Equal(h.Payload, c.payload) || !bytes.Equal(h.Extensions, c.extensions) || (h.Extensions == nil) != (c.extensions == nil) {
				t.Fatalf("payload %x, extensions %x", h.Payload, h.Extensions)
			}
			if !h.Marker || h.Type != 0x60 || h.Seq != 0x1234 || h.Timestamp != 0x01020304 || h.SSRC != 0x05060708 {
				t.Fatalf("%+v", h)
			}
		})
	}
}

// FuzzParse holds that whatever is accepted is what pion makes of it too.
func FuzzParse(f *testing.F) {
	f.Add([]byte{0x80, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte{0xb1, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 9, 1})
	f.Add([]byte{0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 3, 1, 9, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var h Header
		size, sized := HeaderSize(b)
		if !Parse(&h, b) {
			return
		}
		if !sized || size != h.Size || len(h.Payload)+size > len(b) {
			t.Fatalf("%d bytes of header, then %d", h.Size, size)
		}
		ids := IDs{Mid: 1, RID: 2, Repaired: 3, TransportCC: 4, Dependency: 5}
		var e Extensions
		readable := ids.Read(&e, &h)
		var theirs rtp.Packet
		if theirs.Unmarshal(b) != nil || !readable {
			return
		}
		if theirs.SequenceNumber != h.Seq || theirs.SSRC != h.SSRC || theirs.Timestamp != h.Timestamp ||
			theirs.Marker != h.Marker || theirs.PayloadType != h.Type || !bytes.Equal(theirs.Payload, h.Payload) {
			t.Fatalf("%+v, not %+v", h, theirs)
		}
		for id, got := range map[uint8][]byte{1: e.Mid, 2: e.RID, 3: e.Repaired, 5: e.Dependency} {
			if h.Profile&twoByteMask != twoByteProfile && h.Profile != oneByteProfile {
				break // pion gives the whole block the id 0
			}
			// Of an element that is there twice the last counts for us, the first for them.
			if want := theirs.GetExtension(id); want == nil && len(got) > 0 {
				t.Fatalf("extension %d is %x, not there", id, got)
			}
		}
	})
}

func TestExtensions(t *testing.T) {
	ids := IDs{Mid: 9, RID: 10, Repaired: 11, TransportCC: 4, Dependency: 13}
	for name, c := range map[string]struct {
		profile uint16
		in      []byte
		want    Extensions
		refused bool
	}{
		"one byte":                       {profile: 0xbede, in: []byte{0x90, '0', 0xa0, 'q', 0x41, 1, 2, 0xd2, 7, 8, 9, 0}, want: Extensions{Mid: []byte("0"), RID: []byte("q"), TransportCC: 0x102, HasTransportCC: true, Dependency: []byte{7, 8, 9}}},
		"two bytes":                      {profile: 0x1000, in: []byte{9, 1, '0', 11, 2, 'h', 'i', 4, 2, 1, 2, 0, 0}, want: Extensions{Mid: []byte("0"), Repaired: []byte("hi"), TransportCC: 0x102, HasTransportCC: true}},
		"two bytes, any appbits":         {profile: 0x1007, in: []byte{9, 1, '0', 0}, want: Extensions{Mid: []byte("0")}},
		"two bytes, nothing in it":       {profile: 0x1000, in: []byte{9, 0, 0, 0}, want: Extensions{Mid: []byte{}}},
		"unknown ones are stepped over":  {profile: 0xbede, in: []byte{0x31, 1, 2, 0x90, 'x', 0, 0, 0}, want: Extensions{Mid: []byte("x")}},
		"id 15 ends it":                  {profile: 0xbede, in: []byte{0x90, 'x', 0xf0, 0xa0, 'q', 0, 0, 0}, want: Extensions{Mid: []byte("x")}},
		"id 0 with a length":             {profile: 0xbede, in: []byte{0x01, 1, 2, 0x90, 'x', 0, 0, 0}, want: Extensions{Mid: []byte("x")}},
		"another kind of block":          {profile: 0x1234, in: []byte{0x90, 'x', 0, 0}},
		"none":                           {profile: 0xbede},
		"one byte, cut":                  {profile: 0xbede, in: []byte{0, 0, 0x93, 'x'}, refused: true},
		"two bytes, cut":                 {profile: 0x1000, in: []byte{0, 9, 2, 'x'}, refused: true},
		"two bytes, length cut":          {profile: 0x1000, in: []byte{0, 0, 0, 9}, refused: true},
		"transport-wide number too wide": {profile: 0xbede, in: []byte{0x42, 1, 2, 3}, refused: true},
		"transport-wide number too thin": {profile: 0xbede, in: []byte{0x40, 1, 0, 0}, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			var e Extensions
			ok := ids.Read(&e, &Header{Profile: c.profile, Extensions: c.in})
			if ok == c.refused {
				t.Fatal("accepted: ", ok)
			}
			if ok && (!bytes.Equal(e.Mid, c.want.Mid) || !bytes.Equal(e.RID, c.want.RID) || !bytes.Equal(e.Repaired, c.want.Repaired) ||
				e.TransportCC != c.want.TransportCC || e.HasTransportCC != c.want.HasTransportCC || !bytes.Equal(e.Dependency, c.want.Dependency)) {
				t.Fatalf("%+v", e)
			}
		})
	}
	var e Extensions
	if (&IDs{}).Read(&e, &Header{Profile: 0xbede, Extensions: []byte{0x90, 'x', 0, 0}}); e.Mid != nil {
		t.Fatal("what was not negotiated is read")
	}
}

// appendBefore appends what a transport puts between the header of o and its
// payload, as part of what is sealed: the number of the original before what is
// sent again (RFC 4588, section 4), and all there is of a packet of padding
// alone.
func appendBefore(b []byte, o *transport.Outgoing) []byte {
	if len(o.Payload) > 0 {
		if o.Repeat {
			b = append(b, byte(o.Original>>8), byte(o.Original))
		}
		return b
	}
	for i := uint8(1); i < o.Padding; i++ {
		b = append(b, 0)
	}
	if o.Padding > 0 {
		b = append(b, o.Padding)
	}
	return b
}

// FuzzAppendHeader holds that what we write is what we and pion read.
func FuzzAppendHeader(f *testing.F) {
	f.Add(uint64(1<<40), uint8(96), true, uint32(5), uint32(6), uint16(7), []byte{1, 2, 3}, []byte{9, 9}, uint8(4), uint8(13), uint8(0), true)
	f.Add(uint64(0xffff), uint8(127), false, uint32(5), uint32(6), uint16(7), make([]byte, 92), []byte{}, uint8(4), uint8(13), uint8(255), false)
	f.Add(uint64(0), uint8(0), false, uint32(0), uint32(0), uint16(0), make([]byte, 16), []byte{1}, uint8(20), uint8(14), uint8(0), false)
	f.Fuzz(func(t *testing.T, index uint64, format uint8, marker bool, timestamp, ssrc uint32, tcc uint16, dependency, payload []byte, id, did, padding uint8, repeat bool) {
		if len(payload) > 0 {
			padding = 0
		}
		o := transport.Outgoing{
			SSRC: ssrc, Index: index, Format: format & 0x7f, Marker: marker, Timestamp: timestamp, Original: 0x1234, Repeat: repeat,
			Dependency: dependency, Payload: payload, Padding: padding,
		}
		if id == did {
			did = 0
		}
		b := AppendHeader([]byte{1, 2, 3}, &o, OutIDs{TransportCC: id, Dependency: did}, tcc)[3:]
		if len(b) > HeaderRoom {
			t.Fatalf("%d bytes", len(b))
		}
		size := len(b)
		b = append(appendBefore(b, &o), payload...)
		var h Header
		var e Extensions
		ids := IDs{TransportCC: id, Dependency: did}
		if !Parse(&h, b) || !ids.Read(&e, &h) {
			t.Fatalf("%x cannot be read", b)
		}
		body := payload
		if repeat && len(payload) > 0 {
			body = append([]byte{0x12, 0x34}, payload...)
		}
		if h.Size != size || h.Seq != uint16(index) || h.Type != o.Format || h.Marker != marker || h.SSRC != ssrc || h.Timestamp != timestamp || !bytes.Equal(h.Payload, body) {
			t.Fatalf("%+v from %+v", h, o)
		}
		if e.HasTransportCC != (id != 0) || id != 0 && e.TransportCC != tcc {
			t.Fatalf("%+v", e)
		}
		if len(dependency) > 255 || did == 0 {
			dependency = nil
		}
		if !bytes.Equal(e.Dependency, dependency) {
			t.Fatalf("descriptor %x, not %x", e.Dependency, dependency)
		}
		var theirs rtp.Packet
		if err := theirs.Unmarshal(b); err != nil || did != 0 && len(dependency) > 0 && !bytes.Equal(theirs.GetExtension(did), dependency) {
			t.Fatalf("pion reads %+v, %v", theirs, err)
		}
	})
}
