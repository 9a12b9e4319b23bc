package engine

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"paravent/sfu/checks"
)

// checkFor is a connectivity check for a user name (RFC 8489, sections 5 and 14.3).
func checkFor(name string) []byte {
	b := append(make([]byte, 20), 0, 6, 0, byte(len(name)))
	b[1] = 1
	return append(b, name...)
}

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
	check := checkFor("ours:theirs")
	if n := d.come(10*checks.Burst, check, from(9)); n != checks.Burst {
		t.Fatalf("%d checks at once", n)
	}
	d.time += time.Second
	if n := d.come(10*checks.Burst, check, from(9)); n != checks.Rate {
		t.Fatalf("%d checks a second", n)
	}
	for name, b := range map[string][]byte{
		"spent":    check,
		"nobody's": checkFor("nobody:theirs"),
		"no check": checkFor("other"),
		"huge":     append(checkFor("other:theirs"), make([]byte, letterSize)...),
	} {
		if d.come(1, b, from(9)) != 0 {
			t.Fatalf("%s is let in", name)
		}
	}
	if n := d.come(5, checkFor("other:theirs"), from(10)); n != 5 {
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
	d.come(1, checkFor("ours:theirs"), from(9))
	// The first who checked from an address has it for as long as it is there.
	d.come(1, checkFor("other:theirs"), from(9))
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
	d.come(1, checkFor("other:theirs"), from(9))
	if d.from[from(9)] != other || d.come(1, record, from(9)) != 1 {
		t.Fatal("an address that is free again is not taken")
	}
}

// What nobody reads does not pile up.
func TestBoxIsBounded(t *testing.T) {
	d := newDesk()
	b := d.open("ours")
	n := 0
	for range 10 * maxLetters {
		if d.take(checkFor("ours:theirs"), from(9), nil) {
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
