package viapion

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"paravent/sfu/checks"
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

// checkFor is a connectivity check for a user name (RFC 8489, sections 5 and 14.3).
func checkFor(name string) []byte {
	b := append(make([]byte, 20), 0, 6, 0, byte(len(name)))
	b[1] = 1
	return append(b, name...)
}

func TestSocketBoundsChecks(t *testing.T) {
	now := time.Hour
	in := &arriving{}
	s := newSocket(in, func() time.Duration { return now })
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
	check := checkFor("ours:theirs")
	if n := come(10*checks.Burst, check); n != checks.Burst {
		t.Fatalf("%d checks at once", n)
	}
	now += time.Second
	if n := come(10*checks.Burst, check); n != checks.Rate {
		t.Fatalf("%d checks a second", n)
	}
	s.open("ours") // for another of our addresses: no new allowance
	for name, b := range map[string][]byte{
		"spent":    check,
		"nobody's": checkFor("nobody:theirs"),
		"no check": checkFor("other"),
	} {
		if come(1, b) != 0 {
			t.Fatalf("%s is let in", name)
		}
	}
	// Everybody else is let in, and so is media.
	if n := come(5, checkFor("other:theirs")); n != 5 {
		t.Fatalf("%d of 5 checks of another connection", n)
	}
	if n := come(500, raw(96, 1, 0, []byte{1})); n != 500 {
		t.Fatalf("%d of 500 media packets", n)
	}
	// What is not checked any more is forgotten.
	now += checkMemory + time.Second
	s.open("third")
	if len(s.checks) != 1 {
		t.Fatalf("%d connections are remembered", len(s.checks))
	}
}

// raw is an RTP packet as it is received.
func raw(pt uint8, seq uint16, ts uint32, payload []byte) []byte {
	b := make([]byte, 12, 12+len(payload))
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	return append(b, payload...)
}
