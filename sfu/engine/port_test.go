package engine

import (
	"encoding/binary"
	"net"
	"net/netip"
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

// desk is a port with a clock of its own, from which nothing is sent.
type desk struct {
	*port
	time time.Duration
}

func newDesk() *desk {
	d := &desk{time: time.Hour}
	d.port = newPort(func([]byte, netip.AddrPort) error { return nil }, nil, func() time.Duration { return d.time })
	return d
}

func from(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(port))
}

// come counts how many of count datagrams are let in, and reads them.
func (d *desk) come(count int, b []byte, at netip.AddrPort) (n int) {
	for range count {
		if d.take(b, at, nil) {
			n++
		}
		d.mu.Lock()
		for _, one := range d.boxes {
			for i := range one.shelves {
				for len(one.shelves[i].letters) > 0 {
					<-one.shelves[i].letters
				}
			}
		}
		d.mu.Unlock()
	}
	return n
}

func TestPortBoundsChecks(t *testing.T) {
	d := newDesk()
	ours := d.open("ours")
	d.open("other")
	check := checkFor(bindingRequest, "ours:theirs")
	if n := d.come(10*checkBurst, check, from(9)); n != checkBurst {
		t.Fatalf("%d checks at once", n)
	}
	d.time += time.Second
	if n := d.come(10*checkBurst, check, from(9)); n != checkRate {
		t.Fatalf("%d checks a second", n)
	}
	for name, b := range map[string][]byte{
		"spent":         check,
		"nobody's":      checkFor(bindingRequest, "nobody:theirs"),
		"no colon":      checkFor(bindingRequest, "other"),
		"a response":    checkFor(bindingSuccess, "other:theirs"),
		"an indication": checkFor(bindingIndication, "other:theirs"),
		"cut short":     check[:len(check)-8],
		"header alone":  checkFor(bindingRequest, "other:theirs")[:20],
		"tiny":          {0, 1},
		"huge":          append(checkFor(bindingRequest, "other:theirs"), make([]byte, letterSize)...),
	} {
		if d.come(1, b, from(9)) != 0 {
			t.Fatalf("%s is let in", name)
		}
	}
	if n := d.come(5, checkFor(bindingRequest, "other:theirs"), from(10)); n != 5 {
		t.Fatalf("%d of 5 checks of another connection", n)
	}
	ours.close()
	ours.close()
	d.time += time.Minute
	if d.come(1, check, from(9)) != 0 || len(d.boxes) != 1 || len(d.from) != 1 {
		t.Fatal("a box that is closed is remembered")
	}
}

func TestPortBoundsRecords(t *testing.T) {
	d := newDesk()
	ours, other := d.open("ours"), d.open("other")
	record := []byte{22, 254, 253}
	if d.come(1, record, from(9)) != 0 {
		t.Fatal("a record from nobody is let in")
	}
	d.come(1, checkFor(bindingRequest, "ours:theirs"), from(9))
	// The first who checked from an address has it for as long as it is there.
	d.come(1, checkFor(bindingRequest, "other:theirs"), from(9))
	if d.from[from(9)] != ours {
		t.Fatal("somebody took another's address")
	}
	if n := d.come(10*recordBurst, record, from(9)); n != recordBurst {
		t.Fatalf("%d records at once", n)
	}
	d.time += time.Second
	if n := d.come(10*recordBurst, record, from(9)); n != recordRate {
		t.Fatalf("%d records a second", n)
	}
	ours.close()
	d.come(1, checkFor(bindingRequest, "other:theirs"), from(9))
	if d.from[from(9)] != other || d.come(1, record, from(9)) != 1 {
		t.Fatal("an address that is free again is not taken")
	}
}

// Each address that a check comes from costs memory for as long as its
// connection lives.
func TestPortBoundsAddresses(t *testing.T) {
	d := newDesk()
	d.open("ours")
	check := checkFor(bindingRequest, "ours:theirs")
	admitted := 0
	for port := range 2 * checkSources {
		d.time += time.Second
		admitted += d.come(1, check, from(port))
	}
	if admitted != checkSources {
		t.Fatalf("%d addresses", admitted)
	}
	if d.come(1, check, from(0)) != 1 {
		t.Fatal("an address that is known")
	}
}

// What nobody reads does not pile up.
func TestBoxIsBounded(t *testing.T) {
	d := newDesk()
	b := d.open("ours")
	n := 0
	for range 10 * maxLetters {
		if d.take(checkFor(bindingRequest, "ours:theirs"), from(9), nil) {
			n++
		}
	}
	if n != maxLetters {
		t.Fatalf("%d letters", n)
	}
	conn, err := d.GetConn("ours", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1})
	if err != nil {
		t.Fatal(err)
	}
	room := make([]byte, letterSize)
	if n, at, err := conn.ReadFrom(room); err != nil || n == 0 || at.(*net.UDPAddr).AddrPort() != from(9) {
		t.Fatalf("%d bytes from %v, %v", n, at, err)
	}
	if _, _, err := conn.ReadFrom(room[:1]); err == nil {
		t.Fatal("half a letter was read")
	}
	b.close()
	for range maxLetters {
		if _, _, err = conn.ReadFrom(room); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("there is no end")
	}
	if _, err := d.GetConn("ours", conn.LocalAddr()); err == nil {
		t.Fatal("a box that is closed was given")
	}
	d.close()
	if d.open("late") != nil {
		t.Fatal("a box was made after the end")
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
