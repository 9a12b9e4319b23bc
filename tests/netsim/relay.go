package netsim

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	datagram    = 64 << 10 // bytes, at most
	mostClients = 256      // addresses that a relay serves
	buffer      = 4 << 20  // bytes that the system holds for us while we are not running
)

// Relay is a UDP port that stands for another one, with a bad network between
// them. All clients share the way, as people behind one connection do; each has
// a port of its own towards the server.
type Relay struct {
	front   *net.UDPConn
	server  *net.UDPAddr
	began   time.Time
	wake    chan struct{}
	quit    chan struct{}
	serving sync.WaitGroup

	mu       sync.Mutex // guards what follows
	clients  map[netip.AddrPort]*net.UDPConn
	up, down direction
	closed   bool
}

// direction is one of the two ways, and what is on it.
type direction struct {
	way    *Way
	flying []flying
	passed Passed
}

type flying struct {
	at   time.Duration
	send func()
}

// Passed counts what went one way.
type Passed struct {
	Packets int // that arrived
	Bytes   int
	Lost    int // packets, for whatever reason
}

var errServer = errors.New("netsim: want the address of a server")

// Open opens a relay on a free port of loopback, and begins both courses.
func Open(server netip.AddrPort, seed uint64, up, down Course) (*Relay, error) {
	if !server.IsValid() {
		return nil, errServer
	}
	front, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(front.SetReadBuffer(buffer), front.SetWriteBuffer(buffer)); err != nil {
		_ = front.Close()
		return nil, err
	}
	r := &Relay{
		front: front, server: net.UDPAddrFromAddrPort(server), began: time.Now(),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), clients: map[netip.AddrPort]*net.UDPConn{},
		up: direction{way: NewWay(seed, up)}, down: direction{way: NewWay(seed+1, down)},
	}
	r.serving.Go(r.receive)
	r.serving.Go(r.deliver)
	return r, nil
}

// Addr is the port that stands for the server's.
func (r *Relay) Addr() netip.AddrPort {
	a, _ := netip.AddrFromSlice(r.front.LocalAddr().(*net.UDPAddr).IP.To4())
	return netip.AddrPortFrom(a, uint16(r.front.LocalAddr().(*net.UDPAddr).Port))
}

// Play lets other courses begin now.
func (r *Relay) Play(up, down Course) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.began)
	for d, c := range map[*direction]Course{&r.up: up, &r.down: down} {
		later := make(Course, len(c))
		for i, s := range c {
			later[i] = Step{s.At + now, s.Link}
		}
		d.way.Change(later)
	}
}

// Counts says what went up, to the server, and down since the beginning.
func (r *Relay) Counts() (up, down Passed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.up.passed, r.down.passed
}

// Close ends the relay; what is on the way is lost.
func (r *Relay) Close() {
	r.mu.Lock()
	already := r.closed
	r.closed = true
	if !already {
		close(r.quit)
		_ = r.front.Close()
		for _, c := range r.clients {
			_ = c.Close()
		}
	}
	r.mu.Unlock()
	r.serving.Wait()
}

// receive takes what clients send.
func (r *Relay) receive() {
	b := make([]byte, datagram)
	for {
		n, from, err := r.front.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if back := r.client(from); back != nil {
			p := append([]byte(nil), b[:n]...)
			r.enter(&r.up, n, func() { _, _ = back.Write(p) })
		}
	}
}

// client is the port of a client towards the server; nil: there are too many.
func (r *Relay) client(from netip.AddrPort) *net.UDPConn {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.clients[from]; c != nil || r.closed || len(r.clients) >= mostClients {
		return c
	}
	c, err := net.DialUDP("udp4", nil, r.server)
	if err != nil {
		return nil
	}
	// A smaller buffer is no reason to do without the client.
	_ = errors.Join(c.SetReadBuffer(buffer), c.SetWriteBuffer(buffer))
	r.clients[from] = c
	r.serving.Go(func() { r.answer(c, from) })
	return c
}

// answer takes what the server sends to a client.
func (r *Relay) answer(c *net.UDPConn, to netip.AddrPort) {
	b := make([]byte, datagram)
	for {
		n, err := c.Read(b)
		if err != nil {
			select {
			case <-r.quit:
				return
			default:
				continue // the server's port was closed for a moment
			}
		}
		p := append([]byte(nil), b[:n]...)
		r.enter(&r.down, n, func() { _, _ = r.front.WriteToUDPAddrPort(p, to) })
	}
}

// enter puts a packet on its way.
func (r *Relay) enter(d *direction, size int, send func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := d.way.Enter(size, time.Since(r.began))
	if !ok || len(d.flying) >= mostOnWay {
		d.passed.Lost++
		return
	}
	d.passed.Packets++
	d.passed.Bytes += size
	d.flying = append(d.flying, flying{at, send})
	if len(d.flying) == 1 {
		select {
		case r.wake <- struct{}{}:
		default: // it looks anyway
		}
	}
}

// deliver hands over what has arrived.
func (r *Relay) deliver() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		due, next := r.due()
		for _, send := range due {
			send()
		}
		timer.Reset(next)
		select {
		case <-timer.C:
		case <-r.wake:
		case <-r.quit:
			return
		}
	}
}

// due takes what has arrived by now, and says how long nothing else does.
func (r *Relay) due() (send []func(), next time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.began)
	next = time.Hour
	for _, d := range [...]*direction{&r.up, &r.down} {
		n := 0
		for n < len(d.flying) && d.flying[n].at <= now {
			send = append(send, d.flying[n].send)
			n++
		}
		d.flying = d.flying[n:]
		if len(d.flying) > 0 {
			next = min(next, d.flying[0].at-now)
		}
	}
	return send, next
}
