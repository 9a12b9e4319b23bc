package datagram

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What comes from one address always reaches the same socket, the one that the
// port says; nothing is lost in the sockets that are only written to.
func TestLanes(t *testing.T) {
	for _, c := range places() {
		for lanes := 1; lanes <= 3; lanes++ {
			p := listen(t, c.at, Options{Sockets: lanes})
			if p.Uses() != Everything || len(p.Sockets()) != lanes {
				t.Fatalf("uses %04b, %d sockets", p.Uses(), len(p.Sockets()))
			}
			to := netip.AddrPortFrom(c.peers, p.Addr().Port())
			want := make([]map[netip.AddrPort]int, lanes)
			total := make([]int, lanes)
			for i := range want {
				want[i] = map[netip.AddrPort]int{}
			}
			for i := range 24 {
				var from netip.AddrPort
				if i%2 == 0 {
					c := peer(t, c.peers)
					from = address(c)
					for range 5 {
						_, _ = c.WriteToUDPAddrPort([]byte("single"), to)
					}
				} else {
					q := listen(t, c.peers, Options{})
					from = q.Addr()
					b := q.Sockets()[0].NewBatch()
					for range 5 {
						put(b, to, []byte("train"))
					}
					b.Flush()
				}
				lane := int(from.Port()) % lanes
				want[lane][from] += 5
				total[lane] += 5
			}
			for i, s := range p.Sockets() {
				for from, got := range collect(t, s, total[i]) {
					if len(got) != want[i][from] {
						t.Fatalf("lane %d of %d: %d datagrams from a peer, want %d", i, lanes, len(got), want[i][from])
					}
				}
			}
			for _, s := range p.Sockets() { // whichever sends, it is the same port
				q := peer(t, c.peers)
				if err := s.SendOne([]byte("x"), address(q)); err != nil {
					t.Fatal(err)
				}
				_ = q.SetReadDeadline(soon())
				if _, from, err := q.ReadFromUDPAddrPort(make([]byte, 10)); err != nil || from.Port() != p.Addr().Port() {
					t.Fatalf("from port %d, %v", from.Port(), err)
				}
			}
			_ = p.Close()
		}
	}
}

// A train costs one message and many messages cost one call.
func TestSystemCalls(t *testing.T) {
	for _, c := range []struct {
		without         Feature
		messages, calls uint64
		received        uint64 // messages, at most
	}{
		{0, 10, 1, 10},
		{Segmentation, 80, 1, 80},
		{Batching, 10, 10, 10},
		{Batching | Segmentation, 80, 80, 80},
		{Coalescing, 10, 1, 80},
	} {
		p, q := listen(t, v4, Options{Without: c.without}), listen(t, v4, Options{Without: c.without})
		b := p.Sockets()[0].NewBatch()
		for range 10 {
			for range 8 {
				put(b, q.Addr(), make([]byte, 1000))
			}
			put(b, netip.AddrPort{}, nil)
			b.Begin(p.Addr()) // ends the train
		}
		b.Flush()
		collect(t, q.Sockets()[0], 80)
		got, in := p.Counts(), q.Counts()
		if got.Sent != 80 || got.SentMessages != c.messages || got.Sends != c.calls || got.Unsent != 0 {
			t.Fatalf("without %04b: %+v", c.without, got)
		}
		if in.Received != 80 || in.ReceivedMessages != c.received {
			t.Fatalf("without %04b: %+v", c.without, in)
		}
	}
}

// refusing makes a socket whose system refuses what it is told to; what it
// takes is sent.
func refusing(t *testing.T, refuses func(head *unix.Mmsghdr) unix.Errno) (*Socket, *fast) {
	t.Helper()
	s := listen(t, v4, Options{}).Sockets()[0]
	c, _ := s.wire.(*fast)
	deliver := c.deliver
	c.deliver = func(fd int, heads []unix.Mmsghdr) (int, unix.Errno) {
		for i := range heads {
			if errno := refuses(&heads[i]); errno != 0 {
				if i == 0 {
					return 0, errno
				}
				return deliver(fd, heads[:i])
			}
		}
		return deliver(fd, heads)
	}
	return s, c
}

// A train that is refused is taken apart, in order; after a while none are made;
// later they are tried again.
func TestRefusedTrains(t *testing.T) {
	for _, errno := range []unix.Errno{unix.EINVAL, unix.EIO, unix.EMSGSIZE, unix.EOPNOTSUPP} {
		s, c := refusing(t, func(h *unix.Mmsghdr) unix.Errno {
			if h.Hdr.Controllen > 0 {
				return errno
			}
			return 0
		})
		q := peer(t, v4)
		b := s.NewBatch()
		for i := range strikes + 3 {
			var want [][]byte
			for j := range 5 {
				p := bytes.Repeat([]byte{byte(i), byte(j)}, 500-j/4)
				put(b, address(q), p)
				want = append(want, p)
			}
			b.Flush()
			expect(t, q, want...)
		}
		if got := s.port.Counts(); got.Refused != strikes || got.Unsent != 0 || got.Sent != 5*(strikes+3) {
			t.Fatalf("%+v", got)
		}
		c.trust.rest = 0
		c.deliver = sendMany
		b.Flush()
		put(b, address(q), []byte("x"))
		b.Flush() // decides what the next batch does
		put(b, address(q), []byte("x"))
		put(b, address(q), []byte("x"))
		before := s.port.Counts().SentMessages
		b.Flush()
		if n := s.port.Counts().SentMessages - before; n != 1 {
			t.Fatalf("trains are not made again: %d messages", n)
		}
	}
}

// One narrow path does not end the trains of others.
func TestOneRefusesTrains(t *testing.T) {
	narrow, wide := peer(t, v4), peer(t, v4)
	s, _ := refusing(t, func(h *unix.Mmsghdr) unix.Errno {
		to := readName(unsafeName(h))
		if h.Hdr.Controllen > 0 && to == address(narrow) {
			return unix.EINVAL
		}
		return 0
	})
	b := s.NewBatch()
	for range 3 * strikes {
		for range 4 {
			put(b, address(narrow), []byte("narrow"))
		}
		for range 4 {
			put(b, address(wide), []byte("wide"))
		}
		b.Flush()
		expect(t, narrow, []byte("narrow"), []byte("narrow"), []byte("narrow"), []byte("narrow"))
		expect(t, wide, []byte("wide"), []byte("wide"), []byte("wide"), []byte("wide"))
	}
	if got := s.port.Counts(); got.Refused != 3*strikes || got.SentMessages != 3*strikes*5 {
		t.Fatalf("%+v", got)
	}
}

// When the system has no room, the rest is dropped and counted; the next batch
// goes on.
func TestNoRoom(t *testing.T) {
	taken := 0
	s, _ := refusing(t, func(h *unix.Mmsghdr) unix.Errno {
		if taken--; taken < 0 {
			return unix.EAGAIN
		}
		return 0
	})
	q := peer(t, v4)
	for _, room := range []int{0, 1, 3, 7} {
		b := s.NewBatch()
		before := s.port.Counts()
		var want [][]byte
		for i := range 10 { // each a message of its own
			p := bytes.Repeat([]byte{byte(i)}, 100+i)
			put(b, address(q), p)
			want = append(want, p)
		}
		taken = 2 * room // asked about twice: before and with the call
		b.Flush()
		got := s.port.Counts()
		sent := int(got.Sent - before.Sent)
		if got.Unsent-before.Unsent != uint64(10-sent) || sent > 10 || room == 0 && sent != 0 {
			t.Fatalf("room for %d: %+v", room, got)
		}
		expect(t, q, want[:sent]...)
		taken = 1 << 20
		put(b, address(q), []byte("next"))
		b.Flush()
		expect(t, q, []byte("next"))
	}
}

// A train that is taken apart when there is no room loses its rest, and what is
// behind it.
func TestNoRoomForTrain(t *testing.T) {
	singles := 0
	s, _ := refusing(t, func(h *unix.Mmsghdr) unix.Errno {
		switch {
		case h.Hdr.Controllen > 0:
			return unix.EIO
		case singles >= 2:
			return unix.EAGAIN
		}
		singles++
		return 0
	})
	q := peer(t, v4)
	b := s.NewBatch()
	for range 8 {
		put(b, address(q), []byte("train"))
	}
	put(b, netip.AddrPortFrom(v4, 9), []byte("behind"))
	b.Flush()
	if got := s.port.Counts(); got.Sent+got.Unsent != 9 || got.Sent != 2 || got.Refused != 1 {
		t.Fatalf("%+v", got)
	}
}

func TestOversize(t *testing.T) {
	p := listen(t, v4, Options{Without: Coalescing})
	c := peer(t, v4)
	for _, n := range []int{singleSize + 1, 60000, singleSize, 10} {
		if _, err := c.WriteToUDPAddrPort(make([]byte, n), p.Addr()); err != nil {
			t.Fatal(err)
		}
	}
	got := collect(t, p.Sockets()[0], 2)[address(c)]
	if len(got[0]) != singleSize || len(got[1]) != 10 || p.Counts().Oversize != 2 {
		t.Fatalf("%d and %d bytes, %+v", len(got[0]), len(got[1]), p.Counts())
	}
}

// The smallest buffers that the system gives change nothing but how much waits.
func TestSmallBuffers(t *testing.T) {
	p := listen(t, v4, Options{ReceiveBuffer: 1, SendBuffer: 1})
	s := p.Sockets()[0]
	b := s.NewBatch()
	for range 1000 {
		b.Begin(p.Addr())
		b.Commit(b.Room(1000)[:1000])
	}
	b.Flush()
	if c := p.Counts(); c.Sent+c.Unsent != 1000 {
		t.Fatalf("%+v", c)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

// Nothing is left of a port, nor of one that could not be opened.
func TestNothingIsLeft(t *testing.T) {
	taken := listen(t, v4, Options{})
	_ = listen(t, v4, Options{}).Close()
	files, goroutines := descriptors(t), runtime.NumGoroutine()
	for i := range 200 {
		p, err := Listen(netip.AddrPortFrom(v4, 0), Options{Sockets: 1 + i%4, Without: Feature(i) & Everything})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, s := range p.Sockets() {
			wg.Go(func() {
				for {
					if _, err := s.Receive(time.Time{}); err != nil {
						return
					}
				}
			})
			_ = s.SendOne([]byte("x"), p.Addr())
		}
		_ = p.Close()
		wg.Wait()
		if p, err := Listen(taken.Addr(), Options{Without: Feature(i) & Everything}); err == nil {
			_ = p.Close()
			t.Fatal("two have one port")
		}
	}
	if n := descriptors(t); n > files {
		t.Fatalf("%d descriptors, before %d", n, files)
	}
	for until := soon(); runtime.NumGoroutine() > goroutines; runtime.Gosched() { // they may be on their way out
		if time.Now().After(until) {
			t.Fatalf("%d goroutines, before %d", runtime.NumGoroutine(), goroutines)
		}
	}
}

// An error of the socket hides no datagram.
func TestErrorsHideNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	s := listen(t, v4, Options{}).Sockets()[0]
	c, _ := s.wire.(*fast)
	receive := c.receive
	c.receive = func(fd int, heads []unix.Mmsghdr) (int, unix.Errno) {
		if r.IntN(3) == 0 {
			return 0, unix.ECONNREFUSED
		}
		return receive(fd, heads)
	}
	q := peer(t, v4)
	for range 100 {
		if _, err := q.WriteToUDPAddrPort([]byte("x"), s.port.Addr()); err != nil {
			t.Fatal(err)
		}
		collect(t, s, 1)
	}
}

// A socket has the buffers that were asked for, or as much of them as the system
// allows (it says twice what it was told).
func TestBuffers(t *testing.T) {
	allowed := func(name string) int {
		b, err := os.ReadFile("/proc/sys/net/core/" + name)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		return 2 * min(n, 4<<20)
	}
	c, _ := listen(t, v4, Options{}).Sockets()[0].wire.(*fast)
	var in int
	if err := c.raw.Control(func(fd uintptr) { in, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF) }); err != nil {
		t.Fatal(err)
	}
	out, _ := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	if in < allowed("rmem_max") || out < allowed("wmem_max") {
		t.Errorf("%d bytes may wait to be read, %d to be sent", in, out)
	}
}

// What comes while one lingers stands beside what was received before, until there
// is no room.
func TestLinger(t *testing.T) {
	p, from := listen(t, v4, Options{}), peer(t, v4)
	s := p.Sockets()[0]
	send := func(b byte) {
		if _, err := from.WriteToUDPAddrPort([]byte{b}, p.Addr()); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 * trainMessages {
		send(1)
		first, err := s.Receive(soon())
		if err != nil || len(first) != 1 {
			t.Fatal(len(first), err)
		}
		if more := s.Linger(0); len(more) != 0 {
			t.Fatal(len(more), "came of nothing")
		}
		send(2)
		send(3)
		var more []Datagram
		for end := soon(); len(more) < 2 && time.Now().Before(end); { // they may still be on their way
			more = append(more, s.Linger(time.Millisecond)...)
		}
		if len(more) != 2 || more[0].Bytes[0] != 2 || more[1].Bytes[0] != 3 || more[1].From != address(from) || first[0].Bytes[0] != 1 {
			t.Fatal(first, more)
		}
	}
	for n := range 2 * trainMessages {
		send(byte(n))
	}
	all, err := s.Receive(soon())
	if err != nil || len(all) != trainMessages || len(s.Linger(0)) != 0 {
		t.Fatal(len(all), err)
	}
	if all, err = s.Receive(soon()); err != nil || len(all) != trainMessages || all[0].Bytes[0] != trainMessages {
		t.Fatal(len(all), err)
	}
}

// What waits to be read says for how long: each, and a train as a whole.
func TestWaited(t *testing.T) {
	const slack = 2 * time.Millisecond // the wall clock may be slewed meanwhile
	p, from := listen(t, v4, Options{}), peer(t, v4)
	// The system begins to note when what comes a moment after it was asked to.
	for end := soon(); ; {
		if _, err := from.WriteToUDPAddrPort([]byte{1}, p.Addr()); err != nil {
			t.Fatal(err)
		}
		for wrote := time.Now(); time.Since(wrote) < time.Millisecond; {
			runtime.Gosched()
		}
		got, err := p.Sockets()[0].Receive(soon())
		if err != nil || len(got) != 1 || time.Now().After(end) {
			t.Fatal("the system does not say when what came: ", len(got), err)
		}
		if got[0].Waited >= time.Millisecond/2 {
			break
		}
	}
	begun := time.Now()
	if _, err := from.WriteToUDPAddrPort([]byte{1}, p.Addr()); err != nil {
		t.Fatal(err)
	}
	sent := time.Now()
	for time.Since(sent) < 20*time.Millisecond { // not long enough to matter, and long enough to be told from nothing
		runtime.Gosched()
	}
	read := time.Now()
	got, err := p.Sockets()[0].Receive(soon())
	if err != nil || len(got) != 1 {
		t.Fatal(len(got), err)
	}
	w, most := got[0].Waited, time.Since(begun)
	if w == 0 && most >= time.Second {
		return // the machine stood still, and what is that old says nothing
	}
	if w < read.Sub(sent)-slack || w > most+slack {
		t.Errorf("%v, and it was between %v and %v", w, read.Sub(sent), most)
	}
}

// A clock that was set meanwhile says nothing.
func TestWaitedIsBelieved(t *testing.T) {
	for _, c := range []struct {
		came, now int64
		want      time.Duration
	}{
		{0, 5, 0}, {5, 5, 0}, {6, 5, 0}, {5, 6, 1}, {5, 5 + int64(time.Second), 0}, {5, 4 + int64(time.Second), time.Second - 1}, {-5, 1, 6},
	} {
		if got := waited(c.came, c.now); got != c.want {
			t.Errorf("%d, %d: %v", c.came, c.now, got)
		}
	}
}

func FuzzTold(f *testing.F) {
	f.Add([]byte{}, 64)
	f.Fuzz(func(_ *testing.T, b []byte, n int) {
		var t told
		copy(t[:], b)
		t.read(n)
	})
}
