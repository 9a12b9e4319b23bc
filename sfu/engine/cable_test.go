package engine

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// cable is a client's socket whose far end, which a transport sees, can be
// moved to another port, and cut off.
type cable struct {
	local   net.Addr
	letters chan letter
	done    chan struct{}

	mu   sync.Mutex // guards what follows
	near *net.UDPConn
}

var _ net.PacketConn = (*cable)(nil)

func plug(t *testing.T) *cable {
	t.Helper()
	c := &cable{letters: make(chan letter, 1024), done: make(chan struct{})}
	c.local = net.UDPAddrFromAddrPort(c.move(t, func(netip.AddrPort) bool { return true }))
	return c
}

// move gives the cable's end another port that suits, and says which.
func (c *cable) move(t *testing.T, suits func(netip.AddrPort) bool) netip.AddrPort {
	t.Helper()
	for {
		near, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = near.Close() })
		at := near.LocalAddr().(*net.UDPAddr).AddrPort()
		if !suits(at) {
			continue
		}
		c.mu.Lock()
		if c.near != nil {
			_ = c.near.Close()
		}
		c.near = near
		c.mu.Unlock()
		go c.read(near)
		return at
	}
}

func (c *cable) read(near *net.UDPConn) {
	for {
		b := make([]byte, letterSize)
		n, from, err := near.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		select {
		case c.letters <- letter{b[:n], from}:
		case <-c.done:
			return
		}
	}
}

// cut ends all traffic.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.near.Close()
}

func (c *cable) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case l := <-c.letters:
		return copy(b, l.bytes), net.UDPAddrFromAddrPort(l.from), nil
	case <-c.done:
		return 0, nil, net.ErrClosed
	}
}

func (c *cable) WriteTo(b []byte, to net.Addr) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.near.WriteTo(b, to)
	return len(b), nil
}

func (c *cable) Close() error {
	close(c.done)
	return nil
}

func (c *cable) LocalAddr() net.Addr              { return c.local }
func (c *cable) SetDeadline(time.Time) error      { return nil }
func (c *cable) SetReadDeadline(time.Time) error  { return nil }
func (c *cable) SetWriteDeadline(time.Time) error { return nil }

// candidate is where pion says that the client is now.
func candidate(t *testing.T, at netip.AddrPort) ice.Candidate {
	t.Helper()
	c, err := ice.NewCandidatePeerReflexive(&ice.CandidatePeerReflexiveConfig{
		Network: "udp4", Address: at.Addr().String(), Port: int(at.Port()), Component: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A client that changes its address is followed, also into another lane, and
// nothing of it is lost but what was on its way.
func TestClientMoves(t *testing.T) {
	for name, lanes := range map[string]int{"one lane": 1, "two lanes": 2} {
		t.Run(name, func(t *testing.T) {
			e := start(t, setting{lanes: lanes})
			ctx, cancel := context.WithCancel(t.Context())
			var work sync.WaitGroup
			defer work.Wait()
			defer cancel()

			const before, after = 100, 100
			half, whole := make(chan struct{}), make(chan struct{})
			w, view := newWatcher(t), plug(t)
			client{via: view}.subscribe(t, e, w, 1, 1, func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
				if remote.Kind() == webrtc.RTPCodecTypeAudio {
					return
				}
				receive(t, remote, 'v', before)
				close(half)
				receive(t, remote, 'v', after)
				close(whole)
			})
			wait(t, "subscribe connection", w.connected.c)
			s, camera, picture := newSource(t, relay(w)), plug(t), track(t, webrtc.MimeTypeVP8, "picture")
			from := client{via: camera}
			from.publish(t, e, s, track(t, webrtc.MimeTypeOpus, "sound"), picture)
			wait(t, "publish connection", s.connected.c)
			work.Go(func() { send(ctx, picture, 'v') })
			wait(t, "packets", half)

			elsewhere := func(old net.Addr) func(netip.AddrPort) bool {
				port := old.(*net.UDPAddr).Port
				return func(a netip.AddrPort) bool { return (int(a.Port())-port)%2 != 0 }
			}
			// As if pion had heard of it: its clients do not nominate anew.
			s.p.(*publishing).c.move(candidate(t, camera.move(t, elsewhere(camera.local))))
			w.s.(*subscribing).c.move(candidate(t, view.move(t, elsewhere(view.local))))
			wait(t, "packets after the move", whole)
			if n := e.Counts().Malformed + e.Counts().Forged; n != 0 {
				t.Errorf("%d packets did not open", n)
			}
			s.p.Close()
			w.s.Close()
			eventually(t, "no addresses", func() bool { return entries(e) == 0 })
		})
	}
}
