package datagram

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func bothWays(t *testing.T, f func(t *testing.T, s *Socket)) {
	t.Helper()
	for name, without := range map[string]Feature{"fast": 0, "single": Sharing | Batching, "plain": Everything} {
		t.Run(name, func(t *testing.T) { f(t, listen(t, v4, Options{Without: without}).Sockets()[0]) })
	}
}

// Every wake is heard: whoever leaves word before it finds it read.
func TestNoWakeIsLost(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Socket) {
		t.Helper()
		const posters, each = 4, 5000
		var left, read atomic.Int64 // words that were left, and read
		var wg sync.WaitGroup
		heard := make(chan struct{}, posters)
		for range posters {
			wg.Go(func() {
				for range each {
					n := left.Add(1)
					s.Wake()
					for n%16 == 0 && read.Load() < n { // sometimes only once it was heard, so that there is nobody else to wake
						<-heard
					}
				}
			})
		}
		for until := soon().Add(time.Minute); read.Load() < posters*each; {
			if _, err := s.Receive(until); err != nil || !time.Now().Before(until) {
				t.Fatalf("%d of %d words read: %v", read.Load(), posters*each, err)
			}
			read.Store(left.Load())
			for range posters {
				select {
				case heard <- struct{}{}:
				default:
				}
			}
		}
		close(heard)
		wg.Wait()
	})
}

func TestWakeBeforeReceive(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Socket) {
		t.Helper()
		for range 100 {
			s.Wake()
			s.Wake()
			if _, err := s.Receive(time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Deadlines are kept: those that come earlier than the last as well as those
// that come later, and those of the past.
func TestDeadlines(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Socket) {
		t.Helper()
		for _, d := range []int{30, 10, 20, 0, -5, 10, 1} {
			until := time.Now().Add(time.Duration(d) * time.Millisecond)
			for {
				got, err := s.Receive(until)
				if err != nil || len(got) != 0 {
					t.Fatalf("%d datagrams, %v", len(got), err)
				}
				if !time.Now().Before(until) {
					break
				}
			}
			if late := time.Since(until); d > 0 && late > time.Minute {
				t.Fatalf("%v late", late)
			}
		}
	})
}

// Whoever is always late, or always woken, reads all the same.
func TestReadsWhenLate(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Socket) {
		t.Helper()
		c := peer(t, v4)
		for i := range 20 {
			if _, err := c.WriteToUDPAddrPort([]byte("late"), s.port.Addr()); err != nil {
				t.Fatal(err)
			}
			until, n := time.Now().Add(-time.Second), 0
			if i%2 == 0 {
				until = soon()
			}
			for end := soon(); n == 0; {
				if until.After(time.Now()) {
					s.Wake()
				}
				got, err := s.Receive(until)
				if err != nil || time.Now().After(end) {
					t.Fatalf("did not come: %v", err)
				}
				n += len(got)
			}
		}
	})
}

func TestCloseEndsReceive(t *testing.T) {
	bothWays(t, func(t *testing.T, s *Socket) {
		t.Helper()
		ended := make(chan error)
		started := make(chan struct{})
		go func() {
			close(started)
			_, err := s.Receive(time.Time{})
			ended <- err
		}()
		<-started
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { // beside everything else
				_ = s.port.Close()
				s.Wake()
				_ = s.SendOne([]byte("late"), s.port.Addr())
			})
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Fatalf("ended with %v", err)
		}
		wg.Wait()
		for _, until := range []time.Time{{}, time.Now(), soon()} {
			if _, err := s.Receive(until); !errors.Is(err, net.ErrClosed) {
				t.Fatalf("ended with %v", err)
			}
		}
		if err := s.SendOne([]byte("late"), s.port.Addr()); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("sent when closed: %v", err)
		}
		b := s.NewBatch()
		before := s.port.Counts().Unsent
		put(b, s.port.Addr(), []byte("late"))
		put(b, s.port.Addr(), []byte("late"))
		b.Flush()
		if n := s.port.Counts().Unsent - before; n != 2 {
			t.Fatalf("%d of 2 datagrams were not sent", n)
		}
		if err := s.port.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
	})
}

func TestReceiveDoesNotAllocate(t *testing.T) {
	s := listen(t, v4, Options{}).Sockets()[0]
	b := s.NewBatch()
	until := soon().Add(time.Minute)
	if n := testing.AllocsPerRun(100, func() {
		for range 40 {
			b.Begin(s.port.Addr())
			b.Commit(b.Room(1000)[:1000])
		}
		b.Flush()
		for n := 0; n < 40; {
			got, err := s.Receive(until)
			if err != nil {
				t.Fatal(err)
			}
			n += len(got)
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		s.Wake()
		_, _ = s.Receive(until)
	}); n != 0 {
		t.Fatalf("%v allocations a wake", n)
	}
}
