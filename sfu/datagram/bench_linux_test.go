package datagram

import (
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What is measured is the processor time of the thread alone, so that what
// others do on the machine matters less. The figures mean something as ratios
// within one run.

const packetSize = 1236 // bytes: 1200 of payload, header and tag

// cpu is the processor time of this thread, in ns.
func cpu(b *testing.B) int64 {
	b.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return t.Nano()
}

// sinks are n sockets that take nothing in.
func sinks(b *testing.B, n int) []netip.AddrPort {
	b.Helper()
	all := make([]netip.AddrPort, n)
	for i := range all {
		c := peer(b, v4)
		raw, err := c.SyscallConn()
		if err != nil {
			b.Fatal(err)
		}
		_ = raw.Control(func(fd uintptr) { err = attach(int(fd), unix.SO_ATTACH_FILTER, deaf()) })
		if err != nil {
			b.Fatal(err)
		}
		all[i] = address(c)
	}
	return all
}

// BenchmarkSend sends bursts of so many packets to each of 50 destinations.
func BenchmarkSend(b *testing.B) {
	to := sinks(b, 50)
	for _, c := range []struct {
		name    string
		without Feature
		burst   int
	}{
		{"plain", Everything, 8},
		{"sendmsg", Batching | Segmentation, 8},
		{"sendmmsg", Segmentation, 8},
		{"trains of 2", 0, 2},
		{"trains of 4", 0, 4},
		{"trains of 8", 0, 8},
		{"trains of 16", 0, 16},
		{"trains of 16, one by one", Batching, 16},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := listen(b, v4, Options{Without: c.without}).Sockets()[0]
			batch := s.NewBatch()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			start, packets := cpu(b), 0
			for b.Loop() {
				for _, to := range to {
					for range c.burst {
						batch.Begin(to)
						batch.Commit(batch.Room(packetSize)[:packetSize])
						packets++
					}
				}
				batch.Flush()
			}
			b.ReportMetric(float64(cpu(b)-start)/float64(packets), "cpu-ns/packet")
			b.ReportMetric(float64(s.port.Counts().Sends)/float64(packets), "calls/packet")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkBatch is what a packet costs before the system has it.
func BenchmarkBatch(b *testing.B) {
	k := &dropping{}
	s := &Socket{port: &Port{train: 16}, wire: k}
	batch := s.NewBatch()
	var to [50]netip.AddrPort
	for i := range to {
		to[i] = netip.AddrPortFrom(v4, uint16(1+i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		batch.Begin(to[i/8%50])
		batch.Commit(batch.Room(packetSize)[:packetSize])
	}
}

// dropping is a wire that sends nothing.
type dropping struct{ kept }

func (*dropping) send(*Batch) {}

// BenchmarkReceive receives what lies ready, in bursts of 64.
func BenchmarkReceive(b *testing.B) {
	for _, c := range []struct {
		name    string
		without Feature
		train   int
	}{
		{"plain", Everything, 1},
		{"recvmsg", Batching | Coalescing, 1},
		{"recvmmsg", Coalescing, 1},
		{"recvmmsg, ready for trains", 0, 1},
		{"trains of 4", 0, 4},
		{"trains of 16", 0, 16},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := listen(b, v4, Options{Without: c.without})
			s := p.Sockets()[0]
			from := listen(b, v4, Options{Train: c.train}).Sockets()[0].NewBatch()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			var spent int64
			packets := 0
			until := time.Now().Add(time.Hour)
			for b.Loop() {
				for range 64 {
					from.Begin(p.Addr())
					from.Commit(from.Room(packetSize)[:packetSize])
				}
				from.Flush()
				start := cpu(b)
				for n := 0; n < 64; {
					got, err := s.Receive(until)
					if err != nil {
						b.Fatal(err)
					}
					n += len(got)
				}
				spent += cpu(b) - start
				packets += 64
			}
			b.ReportMetric(float64(spent)/float64(packets), "cpu-ns/packet")
			b.ReportMetric(float64(p.Counts().Receives)/float64(packets), "calls/packet")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkWake is a wake that nobody waits for, and one that somebody does.
func BenchmarkWake(b *testing.B) {
	s := listen(b, v4, Options{}).Sockets()[0]
	b.Run("busy", func(b *testing.B) {
		for b.Loop() {
			s.Wake()
		}
	})
	b.Run("waiting", func(b *testing.B) {
		ended := make(chan struct{})
		heard := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				_, err := s.Receive(time.Time{})
				if err != nil {
					return
				}
				heard <- struct{}{}
			}
		}()
		for b.Loop() {
			s.Wake()
			<-heard
		}
		b.StopTimer()
		_ = s.port.Close()
		for open := true; open; {
			select {
			case <-ended:
				open = false
			case <-heard:
			}
		}
	})
}

// BenchmarkLane is all that a lane does but for what is in the packets: a burst
// comes each millisecond and goes to 50 destinations. It is the processor time
// of everything: of Go's poller and its threads too, which is where a socket
// that the poller knows of costs most when it is written to.
func BenchmarkLane(b *testing.B) {
	to := sinks(b, 50)
	for _, c := range []struct {
		name    string
		without Feature
	}{{"plain", Everything}, {"singly", Batching | Segmentation | Coalescing}, {"one socket", Sharing}, {"everything", 0}} {
		for _, burst := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s, bursts of %d", c.name, burst), func(b *testing.B) {
				p := listen(b, v4, Options{Without: c.without})
				s := p.Sockets()[0]
				batch := s.NewBatch()
				stop := source(b, p.Addr(), burst)
				defer stop()
				start, packets := processor(b), 0
				for b.Loop() {
					got, err := s.Receive(time.Time{})
					if err != nil {
						b.Fatal(err)
					}
					for _, to := range to {
						for _, d := range got {
							put(batch, to, d.Bytes)
							packets++
						}
					}
					batch.Flush()
				}
				b.ReportMetric(float64(processor(b)-start)/float64(packets), "cpu-ns/packet")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// source sends a burst each millisecond until it is stopped.
func source(b *testing.B, to netip.AddrPort, burst int) (stop func()) {
	b.Helper()
	batch := listen(b, v4, Options{}).Sockets()[0].NewBatch()
	packet := make([]byte, packetSize)
	ended := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			for range burst {
				put(batch, to, packet)
			}
			batch.Flush()
		}
	})
	return func() { close(ended); all.Wait() }
}

// processor is the processor time of this process, in ns.
func processor(b *testing.B) int64 {
	b.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return t.Nano()
}
