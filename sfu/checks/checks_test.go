package checks

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// checkFor is a STUN message (RFC 8489, section 5) with an attribute of odd
// length before the user name.
func checkFor(kind uint16, name string) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = append(b, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	b = append(b, 0x80, 0x22, 0, 3, 'o', 'd', 'd', 0)
	b = append(b, 0, 6, 0, byte(len(name)))
	b = append(b, name...)
	b = append(b, make([]byte, -len(b)&3)...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20))
	return b
}

const (
	bindingRequest    = 0x0001
	bindingIndication = 0x0011
	bindingSuccess    = 0x0101
)

func TestName(t *testing.T) {
	check := checkFor(bindingRequest, "ours:theirs")
	if name, ok := Name(check); !ok || string(name) != "ours" {
		t.Errorf("%q, %v", name, ok)
	}
	for what, b := range map[string][]byte{
		"no colon":      checkFor(bindingRequest, "ours"),
		"a response":    checkFor(bindingSuccess, "ours:theirs"),
		"an indication": checkFor(bindingIndication, "ours:theirs"),
		"cut short":     check[:len(check)-8],
		"header alone":  check[:20],
		"tiny":          {0, 1},
		"nothing":       nil,
	} {
		if name, ok := Name(b); ok {
			t.Errorf("%s is for %q", what, name)
		}
	}
}

func from(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(port))
}

func TestAllowanceBoundsChecks(t *testing.T) {
	now := time.Hour
	a := NewAllowance(now)
	come := func() (n int) {
		for range 10 * Burst {
			if a.Take(from(9), now) {
				n++
			}
		}
		return n
	}
	if n := come(); n != Burst {
		t.Errorf("%d checks at once", n)
	}
	now += time.Second
	if a.Last() != time.Hour {
		t.Errorf("the last came at %v", a.Last())
	}
	if n := come(); n != Rate {
		t.Errorf("%d checks a second", n)
	}
	if a.Last() != now {
		t.Errorf("the last came at %v, want %v", a.Last(), now)
	}
}

// Each address that a check comes from costs memory for as long as its
// connection lives.
func TestAllowanceBoundsAddresses(t *testing.T) {
	now := time.Hour
	a := NewAllowance(now)
	admitted := 0
	for port := range 2 * Sources {
		now += time.Second
		if a.Take(from(port), now) {
			admitted++
		}
	}
	if admitted != Sources {
		t.Errorf("%d addresses", admitted)
	}
	if !a.Take(from(0), now) {
		t.Error("an address that is known")
	}
	if all := slices.Collect(a.From()); len(all) != Sources || !slices.Contains(all, from(Sources-1)) {
		t.Errorf("%d addresses are remembered", len(all))
	}
}

func FuzzName(f *testing.F) {
	f.Add(checkFor(bindingRequest, "ours:theirs"))
	f.Add([]byte{0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if name, ok := Name(b); ok && len(name) > len(b) {
			t.Fatal("a name longer than its packet")
		}
	})
}
