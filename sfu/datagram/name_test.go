package datagram

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		family int
		in     string
		size   int
	}{
		{familyV4, "192.0.2.1:5000", nameV4},
		{familyV6, "192.0.2.1:5000", nameV6},
		{familyV6, "[2001:db8::1]:65535", nameV6},
		{familyV6, "[fe80::1%3]:1", nameV6},
		{familyV4, "[2001:db8::1]:65535", 0},
	} {
		a := netip.MustParseAddrPort(c.in)
		b := bytes.Repeat([]byte{0xff}, nameV6)
		n := putName(b, c.family, a)
		if n != c.size {
			t.Fatalf("%v: %d bytes, want %d", a, n, c.size)
		}
		if n != 0 && readName(b[:n]) != a {
			t.Fatalf("%v became %v", a, readName(b[:n]))
		}
	}
	if putName(make([]byte, nameV6), familyV6, netip.AddrPort{}) != 0 || putName(nil, familyV6, netip.MustParseAddrPort("[::1]:1")) != 0 {
		t.Fatal("a name for what has none")
	}
	if scope(netip.MustParseAddr("fe80::1%no such interface")) != 0 {
		t.Fatal("an interface that is not there")
	}
}

// Whatever the system says is read without harm, and said again as it was.
func FuzzName(f *testing.F) {
	f.Add([]byte{2, 0, 1, 2, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{10, 0, 1, 2, 0, 0, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		a := readName(b)
		if !a.Addr().IsValid() {
			return
		}
		again := make([]byte, nameV6)
		if n := putName(again, familyV6, a); readName(again[:n]) != a || a.Addr().Is4In6() {
			t.Fatalf("%v became %v", a, readName(again[:n]))
		}
	})
}

// A message is what its datagrams are, one after another; each has the size but
// the last.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("a message"), 4)
	f.Add([]byte(""), 1)
	f.Add([]byte("whole"), 0)
	f.Fuzz(func(t *testing.T, p []byte, size int) {
		var back []byte
		got := split(nil, p, size, netip.AddrPort{}, 0)
		for i, d := range got {
			if len(d.Bytes) != cap(d.Bytes) || size > 0 && (len(d.Bytes) > size || i < len(got)-1 && len(d.Bytes) != size) || size > 0 && len(p) > 0 && len(d.Bytes) == 0 {
				t.Fatalf("datagram %d of %d has %d bytes", i, len(got), len(d.Bytes))
			}
			back = append(back, d.Bytes...)
		}
		if !bytes.Equal(back, p) || size <= 0 && len(got) != 1 {
			t.Fatalf("%d datagrams, %d bytes", len(got), len(back))
		}
	})
}
