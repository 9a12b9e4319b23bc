package datagram

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// kept is a wire that keeps what it is given to send.
type kept struct {
	sends    int
	messages []message
	bytes    [][]byte
}

func (k *kept) send(b *Batch) {
	k.sends++
	for _, m := range b.messages {
		k.messages = append(k.messages, m)
		k.bytes = append(k.bytes, bytes.Clone(b.arena[m.start:m.end]))
	}
}
func (k *kept) read() ([]Datagram, error)            { return nil, nil }
func (k *kept) poll() ([]Datagram, error)            { return nil, nil }
func (k *kept) linger(time.Duration) []Datagram      { return nil }
func (k *kept) SetReadDeadline(time.Time) error      { return nil }
func (k *kept) sendOne([]byte, netip.AddrPort) error { return nil }
func (k *kept) close() error                         { return nil }

// datagrams takes the messages apart again.
func (k *kept) datagrams(t *testing.T) (all []Datagram) {
	t.Helper()
	for i, m := range k.messages {
		before := len(all)
		size := m.segment
		if m.count == 1 {
			size = 0
		}
		all = split(all, k.bytes[i], size, m.to, 0)
		if len(all)-before != m.count {
			t.Fatalf("message %d has %d datagrams, says %d", i, len(all)-before, m.count)
		}
	}
	return all
}

func newKept(train int) (*kept, *Batch) {
	k := &kept{}
	s := &Socket{port: &Port{train: train}, wire: k}
	return k, s.NewBatch()
}

func TestTrains(t *testing.T) {
	a, b := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.1:2")
	type d struct {
		to netip.AddrPort
		n  int
	}
	repeat := func(to netip.AddrPort, n, times int) (all []d) {
		for range times {
			all = append(all, d{to, n})
		}
		return all
	}
	for name, c := range map[string]struct {
		train int
		in    []d
		want  []int // datagrams of each message
	}{
		"equal sizes":              {16, repeat(a, 1200, 5), []int{5}},
		"a train is full":          {16, repeat(a, 1200, 33), []int{16, 16, 1}},
		"no trains":                {1, repeat(a, 1200, 3), []int{1, 1, 1}},
		"a smaller one is last":    {16, []d{{a, 10}, {a, 10}, {a, 9}, {a, 9}, {a, 10}, {a, 10}}, []int{3, 1, 2}},
		"a larger one is first":    {16, []d{{a, 10}, {a, 11}, {a, 11}}, []int{1, 2}},
		"another address":          {16, []d{{a, 10}, {a, 10}, {b, 10}, {a, 10}, {a, 10}}, []int{2, 1, 2}},
		"an empty one is no one":   {16, []d{{a, 10}, {a, 0}, {a, 10}}, []int{2}},
		"the largest of a train":   {16, repeat(a, maxSegment, 2), []int{2}},
		"too large for a train":    {16, repeat(a, maxSegment+1, 2), []int{1, 1}},
		"as much as a train holds": {64, repeat(a, 1450, 50), []int{44, 6}},
		"as many as a train holds": {64, repeat(a, 100, 70), []int{64, 6}},
		"the largest of all":       {16, repeat(a, maxDatagram, 4), []int{1, 1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			k, batch := newKept(c.train)
			for _, d := range c.in {
				put(batch, d.to, make([]byte, d.n))
			}
			batch.Flush()
			got := []int{}
			for _, m := range k.messages {
				got = append(got, m.count)
			}
			if len(got) != len(c.want) {
				t.Fatalf("messages of %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Fatalf("messages of %v, want %v", got, c.want)
				}
			}
			k.datagrams(t)
		})
	}
}

// Whatever is put into a batch comes out of it, in order, within the limits of
// a message; also when there is more than it holds.
func FuzzBatch(f *testing.F) {
	f.Add(uint64(1), uint8(16))
	f.Add(uint64(2), uint8(1))
	f.Add(uint64(3), uint8(64))
	f.Fuzz(func(t *testing.T, seed uint64, train uint8) {
		r := rand.New(rand.NewPCG(seed, 0))
		most := 1 + int(train)%maxTrain
		k, b := newKept(most)
		var want []Datagram
		to, size := netip.AddrPort{}, 1
		for range 1 + r.IntN(1000) {
			switch r.IntN(16) {
			case 0:
				to = netip.AddrPortFrom(v4, uint16(r.IntN(3)))
			case 1:
				size = 1 + r.IntN(1500)
			case 2:
				size = 1 + r.IntN(1<<r.IntN(17))
			case 3:
				size = max(1, size-1)
			case 4:
				b.Flush()
			}
			p := b.Room(size + r.IntN(20))
			if p == nil {
				if size+20 <= maxDatagram {
					t.Fatal("no room")
				}
				continue
			}
			b.Begin(to)
			p = append(p, bytes.Repeat([]byte{byte(len(want))}, min(size, cap(p)))...)
			want = append(want, Datagram{Bytes: bytes.Clone(p), From: to})
			b.Commit(p)
		}
		b.Flush()
		b.Flush()
		got := k.datagrams(t)
		if len(got) != len(want) || b.socket.unsent.Load() != 0 {
			t.Fatalf("%d datagrams, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i].From != want[i].From || !bytes.Equal(got[i].Bytes, want[i].Bytes) {
				t.Fatalf("datagram %d is not what it was", i)
			}
		}
		for _, m := range k.messages {
			if m.count > most || m.count > 1 && (m.end-m.start > maxTrainSize || m.segment > maxSegment) {
				t.Fatalf("a message of %d datagrams, %d bytes", m.count, m.end-m.start)
			}
		}
		if k.sends > 0 && len(k.messages) > k.sends*maxMessages {
			t.Fatal("more messages than are sent at once")
		}
	})
}

// What has outgrown its room, or was not written in it, is not sent: nor is what
// lay there before.
func TestNothingElseIsSent(t *testing.T) {
	k, b := newKept(16)
	b.Begin(netip.MustParseAddrPort("192.0.2.1:1"))
	b.Commit(append(b.Room(4), "grown too large"...))
	b.Commit([]byte("from elsewhere"))
	p := append(b.Room(10), "first"...)
	b.Commit(p)
	b.Commit(p) // again
	b.Commit(nil)
	b.Flush()
	if len(k.bytes) != 1 || string(k.bytes[0]) != "first" || b.socket.unsent.Load() != 3 {
		t.Fatalf("sent %q, %d not sent", k.bytes, b.socket.unsent.Load())
	}
	if b.Room(maxDatagram+1) != nil || b.Room(-1) != nil {
		t.Fatal("room for what cannot be")
	}
	for range 2 * arenaSize / maxDatagram { // to the last byte
		put(b, netip.AddrPort{}, make([]byte, maxDatagram))
	}
	b.Commit(b.Room(len(b.arena) - b.used)[:len(b.arena)-b.used])
	b.Commit([]byte("no room"))
	if b.socket.unsent.Load() != 4 {
		t.Fatal("committed beyond the end")
	}
}

func TestBatchDoesNotAllocate(t *testing.T) {
	s := listen(t, v4, Options{}).Sockets()[0]
	b := s.NewBatch()
	c := peer(t, v4)
	to := address(c)
	if n := testing.AllocsPerRun(100, func() {
		for range 40 {
			b.Begin(to)
			p := b.Room(1000)
			b.Commit(p[:1000])
		}
		b.Flush()
	}); n != 0 {
		t.Fatalf("%v allocations a batch", n)
	}
}

func TestTrust(t *testing.T) {
	k := trust{most: 16}
	for range strikes - 1 {
		k.refused()
	}
	k.taken()
	for range strikes - 1 {
		k.refused()
	}
	if k.next() != 16 {
		t.Fatal("trust ended early")
	}
	k.refused()
	for range rest {
		if k.next() != 1 {
			t.Fatal("trains were made again too early")
		}
	}
	if k.next() != 16 {
		t.Fatal("trains are not made again")
	}
}
