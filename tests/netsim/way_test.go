package netsim

import (
	"bytes"
	"net"
	"slices"
	"testing"
	"time"
)

const second = time.Second

// packets lets so many enter, one each spacing, and says when each arrives; 0:
// never.
func packets(w *Way, n, size int, spacing time.Duration) []time.Duration {
	var all []time.Duration
	for i := range n {
		at, _ := w.Enter(size, time.Duration(i)*spacing)
		all = append(all, at)
	}
	return all
}

func lost(arrivals []time.Duration) (n, longest int) {
	run := 0
	for _, at := range arrivals {
		if at != 0 {
			run = 0
			continue
		}
		n++
		run++
		longest = max(longest, run)
	}
	return n, longest
}

func TestRateQueueAndDelay(t *testing.T) {
	t.Parallel()
	const size = 1000 - headers
	// 1 Mbit/s: 8 ms for 1000 bytes.
	w := NewWay(1, Steady(Link{Rate: 1e6, Delay: 50 * time.Millisecond, Queue: 10_000}))
	for i, at := range packets(w, 10, size, 0) {
		if want := time.Duration(i+1)*8*time.Millisecond + 50*time.Millisecond; at != want {
			t.Errorf("packet %d arrives after %v, not %v", i, at, want)
		}
	}
	if _, ok := w.Enter(size, 0); ok {
		t.Error("more waits than the queue holds")
	}
	if _, ok := w.Enter(size, 8*time.Millisecond); !ok {
		t.Error("there is no room behind one that has left")
	}
}

func TestWhatWaitsGoesAtTheRateOfEachMoment(t *testing.T) {
	t.Parallel()
	w := NewWay(1, Course{{0, Link{Rate: 1e6, Queue: 1e5}}, {second / 2, Link{Rate: 1e5}}, {second, Link{Cut: true}}, {2 * second, Link{}}})
	at, ok := w.Enter(62_500+12_500/2-headers, 0) // 0.5 s at the first rate, 0.5 s at the second
	if !ok || at != second {
		t.Errorf("arrives after %v", at)
	}
	if _, ok := w.Enter(1, second); ok {
		t.Error("something enters a cut link")
	}
	if at, ok := w.Enter(1, 2*second); !ok || at != 2*second {
		t.Errorf("arrives at %v", at)
	}
}

func TestLoss(t *testing.T) {
	t.Parallel()
	const n = 20_000
	alone, _ := lost(packets(NewWay(3, Steady(Link{Loss: 0.05, Delay: 1})), n, 100, time.Millisecond))
	if share := float64(alone) / n; share < 0.045 || share > 0.055 {
		t.Errorf("%.3f lost, not 0.05", share)
	}
	// Bursts of 10 on average, 100 packets apart.
	many, longest := lost(packets(NewWay(4, Steady(Link{Burst: Burst{Begin: 0.01, End: 0.1}, Delay: 1})), n, 100, time.Millisecond))
	if share := float64(many) / n; share < 0.06 || share > 0.12 || longest < 20 {
		t.Errorf("%.3f lost, at most %d in a row", share, longest)
	}
}

func TestTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	link := Steady(Link{Rate: 5e5, Loss: 0.03, Jitter: 30 * time.Millisecond, Burst: Burst{0.01, 0.3}})
	one := packets(NewWay(7, link), 2000, 500, 7*time.Millisecond)
	if !slices.Equal(one, packets(NewWay(7, link), 2000, 500, 7*time.Millisecond)) {
		t.Error("one seed, two networks")
	}
	if slices.Equal(one, packets(NewWay(8, link), 2000, 500, 7*time.Millisecond)) {
		t.Error("two seeds, one network")
	}
	arrived := slices.DeleteFunc(one, func(at time.Duration) bool { return at == 0 })
	if !slices.IsSorted(arrived) {
		t.Error("somebody is overtaken")
	}
}

func TestRelay(t *testing.T) {
	t.Parallel()
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	go func() { // sends everything back
		b := make([]byte, 2000)
		for {
			n, from, err := server.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	const delay = 30 * time.Millisecond
	way := Steady(Link{Delay: delay})
	r, err := Open(server.LocalAddr().(*net.UDPAddr).AddrPort(), 1, way, way)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, name := range []string{"one", "two"} {
		client, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(r.Addr()))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		began := time.Now()
		if _, err := client.Write([]byte(name)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		_ = client.SetReadDeadline(began.Add(time.Minute))
		n, err := client.Read(b)
		if err != nil || !bytes.Equal(b[:n], []byte(name)) {
			t.Fatalf("%q: %v", b[:n], err)
		}
		if took := time.Since(began); took < 2*delay {
			t.Errorf("back after %v", took)
		}
	}
	r.Play(Steady(Link{Cut: true}), way)
	client, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(r.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if _, err := client.Write([]byte("three")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		up, down := r.Counts()
		if up.Lost == 1 && up.Packets == 2 && down.Packets == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v %+v", up, down)
		}
		time.Sleep(time.Millisecond)
	}
}
