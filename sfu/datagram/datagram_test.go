package datagram

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"
)

var (
	v4 = netip.MustParseAddr("127.0.0.1")
	v6 = netip.MustParseAddr("::1")
)

// listen opens a port of the machine itself.
func listen(t testing.TB, at netip.Addr, o Options) *Port {
	t.Helper()
	p, err := Listen(netip.AddrPortFrom(at, 0), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// peer is somebody on the other side, by the means of package net alone.
func peer(t testing.TB, at netip.Addr) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func address(c *net.UDPConn) netip.AddrPort {
	a, _ := c.LocalAddr().(*net.UDPAddr)
	return unmapped(a.AddrPort())
}

// soon is a moment that no test should reach, even if the machine stands still.
func soon() time.Time { return time.Now().Add(time.Minute) }

// expect reads from a peer exactly what is wanted.
func expect(t testing.TB, c *net.UDPConn, want ...[]byte) {
	t.Helper()
	b := make([]byte, maxDatagram)
	for i, w := range want {
		_ = c.SetReadDeadline(soon())
		n, _, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			t.Fatalf("datagram %d of %d: %v", i, len(want), err)
		}
		if !bytes.Equal(b[:n], w) {
			t.Fatalf("datagram %d of %d: %d bytes %.16x, want %d %.16x", i, len(want), n, b[:n], len(w), w)
		}
	}
}

// collect receives n datagrams, by the address that they came from.
func collect(t testing.TB, s *Socket, n int) map[netip.AddrPort][][]byte {
	t.Helper()
	all := map[netip.AddrPort][][]byte{}
	for until := soon(); n > 0; {
		got, err := s.Receive(until)
		if err != nil || len(got) == 0 && !time.Now().Before(until) {
			t.Fatalf("%d datagrams did not come: %v", n, err)
		}
		for _, d := range got {
			all[d.From] = append(all[d.From], bytes.Clone(d.Bytes))
			n--
		}
	}
	return all
}

func same(t testing.TB, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d datagrams, want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("datagram %d of %d: %d bytes, want %d", i, len(want), len(got[i]), len(want[i]))
		}
	}
}

func put(b *Batch, to netip.AddrPort, p []byte) {
	b.Begin(to)
	b.Commit(append(b.Room(len(p)), p...))
}

func filled(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// place is where is listened, and where the others are.
type place struct{ at, peers netip.Addr }

// places are those that the machine has: it may be one without IPv6.
func places() []place {
	all := []place{{v4, v4}, {netip.IPv4Unspecified(), v4}, {netip.IPv6Unspecified(), v4}, {netip.Addr{}, v4}}
	if hasV6() {
		all = append(all, place{v6, v6}, place{netip.IPv6Unspecified(), v6}, place{netip.Addr{}, v6})
	}
	return all
}

func hasV6() bool {
	c, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(netip.AddrPortFrom(v6, 0)))
	return err == nil && c.Close() == nil
}

// everyway calls f for each combination of features, of families and of where
// is listened.
func everyway(t *testing.T, f func(t *testing.T, at, peers netip.Addr, o Options)) {
	t.Helper()
	for without := range Everything + 1 {
		for _, p := range places() {
			t.Run(fmt.Sprintf("without %04b, %v to %v", without, p.at, p.peers), func(t *testing.T) {
				f(t, p.at, p.peers, Options{Without: without})
			})
		}
	}
}

// What is sent arrives, as it was and in order, whatever the system has.
func TestSentAsItIs(t *testing.T) {
	everyway(t, func(t *testing.T, at, from netip.Addr, o Options) {
		t.Helper()
		r := rand.New(rand.NewPCG(1, uint64(o.Without)))
		s := listen(t, at, o).Sockets()[0]
		b := s.NewBatch()
		var peers [4]*net.UDPConn
		for i := range peers {
			peers[i] = peer(t, from)
		}
		for range 8 {
			var want [len(peers)][][]byte
			size := 1 + r.IntN(1400)
			for range 1 + r.IntN(20) {
				i := r.IntN(len(peers))
				for range 1 + r.IntN(6) { // sizes that make trains, and sizes that end them
					switch r.IntN(8) {
					case 0:
						size = 1 + r.IntN(1400)
					case 1:
						size = max(1, size-r.IntN(3))
					}
					p := filled(r, size)
					put(b, address(peers[i]), p)
					want[i] = append(want[i], p)
				}
			}
			b.Flush()
			for i := range peers {
				expect(t, peers[i], want[i]...)
			}
		}
		if c := s.port.Counts(); c.Unsent != 0 || c.Refused != 0 || c.Sent < c.SentMessages || c.SentMessages < c.Sends {
			t.Fatalf("%+v", c)
		}
	})
}

// What arrives is read as it was, with the address it came from.
func TestReceivedAsItIs(t *testing.T) {
	everyway(t, func(t *testing.T, at, from netip.Addr, o Options) {
		t.Helper()
		r := rand.New(rand.NewPCG(2, uint64(o.Without)))
		p := listen(t, at, o)
		to := netip.AddrPortFrom(from, p.Addr().Port())
		var peers [4]*net.UDPConn
		for i := range peers {
			peers[i] = peer(t, from)
		}
		trains := listen(t, from, Options{}) // sends what arrives as one message
		b := trains.Sockets()[0].NewBatch()
		for range 8 {
			want := map[netip.AddrPort][][]byte{}
			n := 1 + r.IntN(40)
			for range n {
				d := filled(r, r.IntN(1500))
				c := peers[r.IntN(len(peers))]
				if _, err := c.WriteToUDPAddrPort(d, to); err != nil {
					t.Fatal(err)
				}
				want[address(c)] = append(want[address(c)], d)
			}
			size := 100 + r.IntN(1300)
			for range r.IntN(40) {
				d := filled(r, size-r.IntN(2)*r.IntN(2))
				put(b, to, d)
				want[trains.Addr()] = append(want[trains.Addr()], d)
				n++
			}
			b.Flush()
			got := collect(t, p.Sockets()[0], n)
			if len(got) != len(want) {
				t.Fatalf("from %d addresses, want %d", len(got), len(want))
			}
			for a := range want {
				same(t, got[a], want[a])
			}
		}
		if c := p.Counts(); c.Oversize != 0 || c.Received < c.ReceivedMessages {
			t.Fatalf("%+v", c)
		}
	})
}

func TestSendOne(t *testing.T) {
	everyway(t, func(t *testing.T, at, from netip.Addr, o Options) {
		t.Helper()
		s := listen(t, at, o).Sockets()[0]
		c := peer(t, from)
		for _, p := range [][]byte{[]byte("one"), {}, bytes.Repeat([]byte("x"), 1400)} {
			if err := s.SendOne(p, address(c)); err != nil {
				t.Fatal(err)
			}
			expect(t, c, p)
		}
		for _, to := range []netip.AddrPort{{}, netip.AddrPortFrom(from, 0), address(c)} {
			err := s.SendOne(make([]byte, 1<<16), to)
			if err == nil {
				t.Fatal("sent more than there can be")
			}
			if bytes.Contains([]byte(err.Error()), []byte("127.0")) || bytes.Contains([]byte(err.Error()), []byte(":")) && s.port.uses != 0 {
				t.Fatalf("an error of too many words: %v", err)
			}
		}
		if c := s.port.Counts(); c.Sent != 3 || c.Unsent != 3 || c.Sends != 6 {
			t.Fatalf("%+v", c)
		}
	})
}

// One destination that nothing can be sent to is no other's loss.
func TestSkipsWhatCannotBeSent(t *testing.T) {
	everyway(t, func(t *testing.T, at, from netip.Addr, o Options) {
		t.Helper()
		s := listen(t, at, o).Sockets()[0]
		c := peer(t, from)
		closed := peer(t, from)
		_ = closed.Close()
		b := s.NewBatch()
		for i := range 20 {
			p := bytes.Repeat([]byte{byte(i)}, 1000)
			for _, to := range []netip.AddrPort{{}, netip.AddrPortFrom(from, 0), address(closed), address(c)} {
				put(b, to, p)
				put(b, to, p)
			}
			put(b, address(c), make([]byte, 65520)) // over IPv6 there is room for it, but not with a header
			b.Flush()
			expect(t, c, p, p)
		}
		if c := s.port.Counts(); c.Unsent < 80 {
			t.Fatalf("%+v", c)
		}
	})
}

func TestListen(t *testing.T) {
	for _, without := range []Feature{0, Sharing, Everything} {
		p := listen(t, netip.Addr{}, Options{Without: without, Sockets: 3})
		if p.Addr().Port() == 0 || p.Addr().Addr().Is4() && hasV6() {
			t.Fatalf("listening at %v", p.Addr())
		}
		if want := 3; without == 0 && len(p.Sockets()) != want || without != 0 && len(p.Sockets()) != 1 {
			t.Fatalf("%d sockets", len(p.Sockets()))
		}
		// Nobody else gets the port, not even who would share it.
		for _, other := range []Feature{0, Sharing, Everything} {
			q, err := Listen(p.Addr(), Options{Without: other})
			if err == nil {
				_ = q.Close()
				t.Fatal("two have one port")
			}
			if !errors.Is(err, errListen) || bytes.Contains([]byte(err.Error()), fmt.Append(nil, p.Addr().Port())) {
				t.Fatalf("the error is %q", err)
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		q, err := Listen(p.Addr(), Options{Without: without})
		if err != nil {
			t.Fatalf("the port was not given back: %v", err)
		}
		_ = q.Close()
	}
}

func TestOnlyV6(t *testing.T) {
	if !hasV6() {
		if p, err := Listen(netip.AddrPortFrom(netip.IPv6Unspecified(), 0), Options{OnlyV6: true}); err == nil {
			_ = p.Close() // of no use to anybody, but allowed
		}
		return
	}
	for _, without := range []Feature{0, Everything} {
		var p *Port
		for tries := 1; ; tries++ {
			p = listen(t, netip.IPv6Unspecified(), Options{OnlyV6: true, Without: without})
			at := netip.AddrPortFrom(netip.IPv4Unspecified(), p.Addr().Port())
			q, err := Listen(at, Options{}) // IPv4 is still to be had
			if err == nil {
				_ = q.Close()
				break
			}
			if tries == 10 { // some other program may have that port, but not all of them
				t.Fatal(err)
			}
		}
		c := peer(t, v6)
		if err := p.Sockets()[0].SendOne([]byte("six"), address(c)); err != nil {
			t.Fatal(err)
		}
		expect(t, c, []byte("six"))
		if p.Sockets()[0].SendOne([]byte("four"), address(peer(t, v4))) == nil {
			t.Fatal("IPv6 alone sent to IPv4")
		}
	}
}
