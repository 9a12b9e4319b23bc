//go:build linux

package floor

import (
	"bytes"
	"cmp"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"paravent/sfu/srtp"
	"paravent/sfu/srtp/audit"
)

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// The loop does the whole work: each subscriber can open everything, with its
// own keys and numbers, and nothing is sealed twice.
func TestEverySubscriberOpensEverything(t *testing.T) {
	for _, p := range []srtp.Profile{srtp.AEADAES128GCM, srtp.AEADAES256GCM, srtp.AES128CMSHA1} {
		for _, burst := range []int{1, 4, 5} {
			const subscribers = 3
			conns := make([]*net.UDPConn, subscribers)
			to := make([]netip.AddrPort, subscribers)
			for n := range conns {
				conns[n] = listen(t)
				to[n] = conns[n].LocalAddr().(*net.UDPAddr).AddrPort()
			}
			l, err := newLoop(Shape{Profile: p, Payload: 1000, Subscribers: subscribers, Burst: burst}, to)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			var nonces audit.Nonces
			for i := range l.subscribers {
				nonces.Watch(l.subscribers[i].sealer)
			}
			for n := range l.payload {
				l.payload[n] = byte(n)
			}
			c, err := l.Run(1)
			if err != nil || c.CPU <= 0 || c.Forwards != ahead*subscribers || c.Calls == 0 {
				t.Fatal(c, err)
			}
			for n, conn := range conns {
				_, own, err := masters(p, n+1)
				if err != nil {
					t.Fatal(err)
				}
				o, err := srtp.NewOpener(p, own, 1)
				if err != nil {
					t.Fatal(err)
				}
				if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
					t.Fatal(err)
				}
				for i := range uint64(ahead) {
					b := make([]byte, 2000)
					size, err := conn.Read(b)
					if err != nil {
						t.Fatal(err)
					}
					size, index, err := o.OpenRTP(b[:size])
					if err != nil || index != l.subscribers[n].first+i || !bytes.Equal(b[headerSize:size], l.payload) {
						t.Fatal(size, index, err)
					}
				}
			}
			if nonces.Twice() != 0 || nonces.Sealed() != ahead*subscribers {
				t.Error("nonces: ", nonces.Sealed(), nonces.Twice())
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	for _, s := range []Shape{Trains(), Singles()} {
		l, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		var all []Cost
		for range 3 {
			c, err := l.Run(time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		c := median(all)
		if c.PerForward() <= 0 || c.Calls == 0 {
			t.Error(c)
		}
		if float64(c.Calls)/float64(c.Forwards) > 0.02 {
			t.Error("more system calls than one for all subscribers: ", c)
		}
	}
}

func TestShapes(t *testing.T) {
	for _, s := range []Shape{
		{},
		{srtp.AEADAES128GCM, 0, 1, 1},
		{srtp.AEADAES128GCM, 1401, 1, 1},
		{srtp.AEADAES128GCM, 100, 0, 1},
		{srtp.AEADAES128GCM, 100, 1, 0},
		{srtp.AEADAES128GCM, 100, 1, ahead + 1},
		{2, 100, 1, 1},
	} {
		if _, err := New(s); err == nil {
			t.Errorf("%+v can be measured", s)
		}
	}
}

// Nothing is allocated in the loop.
func TestNoAllocations(t *testing.T) {
	l, err := New(Trains())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := testing.AllocsPerRun(20, func() {
		l.receive()
		if !l.forward(l.incoming[:4]) {
			t.Fatal("not forwarded")
		}
	}); got > 0 {
		t.Errorf("%v allocations", got)
	}
}

// The floors of make bench, in CPU time: the wall clock of a machine with other
// work says nothing.
func BenchmarkFloor(b *testing.B) {
	for name, s := range map[string]Shape{"trains": Trains(), "singles": Singles()} {
		b.Run(name, func(b *testing.B) {
			l, err := New(s)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			var all []Cost
			for b.Loop() {
				c, err := l.Run(20 * time.Millisecond)
				if err != nil {
					b.Fatal(err)
				}
				all = append(all, c)
			}
			c := median(all)
			b.ReportMetric(c.PerForward(), "cpu-ns/forward")
			b.ReportMetric(float64(c.Calls)/float64(c.Forwards), "calls/forward")
		})
	}
}

// median is the cost in the middle.
func median(costs []Cost) Cost {
	sorted := slices.SortedFunc(slices.Values(costs), func(a, b Cost) int { return cmp.Compare(a.PerForward(), b.PerForward()) })
	return sorted[len(sorted)/2]
}
