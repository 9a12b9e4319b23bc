package viapion

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"
)

// arriving is a socket on which packets arrive.
type arriving struct {
	net.PacketConn
	packets [][]byte
}

func (a *arriving) ReadFrom(b []byte) (int, net.Addr, error) {
	if len(a.packets) == 0 {
		return 0, nil, net.ErrClosed
	}
	n := copy(b, a.packets[0])
	a.packets = a.packets[1:]
	return n, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}, nil
}

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

func TestSocketBoundsChecks(t *testing.T) {
	now := time.Unix(1000, 0)
	in := &arriving{}
	s := newSocket(in, func() time.Time { return now })
	// come counts how many of count packets get through.
	come := func(count int, b []byte) (n int) {
		for range count {
			in.packets = append(in.packets, b)
		}
		for buffer := make([]byte, receiveSize); ; n++ {
			if _, _, err := s.ReadFromAddrPort(buffer); err != nil {
				return n
			}
		}
	}
	s.open("ours")
	s.open("other")
	check := checkFor(bindingRequest, "ours:theirs")
	if n := come(10*checkBurst, check); n != checkBurst {
		t.Fatalf("%d checks at once", n)
	}
	now = now.Add(time.Second)
	if n := come(10*checkBurst, check); n != checkRate {
		t.Fatalf("%d checks a second", n)
	}
	s.open("ours") // for another of our addresses: no new allowance
	for name, b := range map[string][]byte{
		"spent":         check,
		"nobody's":      checkFor(bindingRequest, "nobody:theirs"),
		"no colon":      checkFor(bindingRequest, "other"),
		"a response":    checkFor(bindingSuccess, "other:theirs"),
		"an indication": checkFor(bindingIndication, "other:theirs"),
		"cut short":     check[:len(check)-8],
		"header alone":  checkFor(bindingRequest, "other:theirs")[:20],
		"tiny":          {0, 1},
	} {
		if come(1, b) != 0 {
			t.Fatalf("%s is let in", name)
		}
	}
	// Everybody else is let in, and so is media.
	if n := come(5, checkFor(bindingRequest, "other:theirs")); n != 5 {
		t.Fatalf("%d of 5 checks of another connection", n)
	}
	if n := come(500, raw(96, 1, 0, []byte{1})); n != 500 {
		t.Fatalf("%d of 500 media packets", n)
	}
	// What is not checked any more is forgotten.
	now = now.Add(checkMemory + time.Second)
	s.open("third")
	if len(s.checks) != 1 {
		t.Fatalf("%d connections are remembered", len(s.checks))
	}
}

// Each address that a check comes from costs memory for as long as its
// connection lives.
func TestSocketBoundsAddresses(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newSocket(&arriving{}, func() time.Time { return now })
	s.open("ours")
	check := checkFor(bindingRequest, "ours:theirs")
	from := func(port int) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(port))
	}
	admitted := 0
	for port := range 2 * checkSources {
		now = now.Add(time.Second)
		if s.admits(check, from(port)) {
			admitted++
		}
	}
	if admitted != checkSources {
		t.Fatalf("%d addresses", admitted)
	}
	if !s.admits(check, from(0)) {
		t.Fatal("an address that is known")
	}
}

func FuzzCheckName(f *testing.F) {
	f.Add(checkFor(bindingRequest, "ours:theirs"))
	f.Add([]byte{0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if name, ok := checkName(b); ok && len(name) > len(b) {
			t.Fatal("a name longer than its packet")
		}
	})
}

// raw is an RTP packet as it is received.
func raw(pt uint8, seq uint16, ts uint32, payload []byte) []byte {
	b := make([]byte, 12, 12+len(payload))
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	return append(b, payload...)
}
