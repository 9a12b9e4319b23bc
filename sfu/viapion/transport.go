package viapion

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"paravent/sfu/guard"
	"paravent/sfu/transport"
)

// Config is what a Transport needs.
type Config struct {
	// UDP is the one socket of all connections, listening; a *net.UDPConn, or
	// one with such addresses. It belongs to the Transport from now on.
	UDP net.PacketConn
	// Addresses are advertised, with the socket's port. Nil means those of the
	// machine, of which loopback only if asked for or if there is no other.
	Addresses       []netip.Addr
	IncludeLoopback bool
	// Silence is how long a connection may be silent until it is lost; 0 means
	// 15 s.
	Silence time.Duration
}

// Transport is pion's. Safe for concurrent use.
type Transport struct {
	engine  *engine
	start   time.Time
	work    work
	closing sync.WaitGroup // connections that are being closed

	connections atomic.Int64 // see transport.Counts
	opened      atomic.Uint64
	sealed      atomic.Uint64
	unknown     atomic.Uint64
	malformed   atomic.Uint64
	unsent      atomic.Uint64
}

var _ transport.Transport = (*Transport)(nil)

var errSocket = errors.New("viapion: want a socket")

// New makes a Transport and begins to read from its socket.
func New(c Config) (*Transport, error) {
	if c.UDP == nil {
		return nil, errSocket
	}
	if c.Silence == 0 {
		c.Silence = silentTime
	}
	e, err := newEngine(c)
	if err != nil {
		return nil, err
	}
	return &Transport{engine: e, start: time.Now(), work: work{idle: make(chan struct{}, 1)}}, nil
}

// Now implements transport.Transport.
func (t *Transport) Now() time.Duration { return time.Since(t.start) }

// Wall implements transport.Transport. It follows the wall clock where that is
// set anew.
func (t *Transport) Wall(at time.Duration) time.Time {
	return time.Now().Add(at - t.Now()).Round(0)
}

// Counts implements transport.Transport. Pion says little of what it drops.
func (t *Transport) Counts() transport.Counts {
	return transport.Counts{
		Connections: int(t.connections.Load()),
		Received:    t.engine.mux.socket.received.Load(),
		Opened:      t.opened.Load(),
		Sealed:      t.sealed.Load(),
		Unknown:     t.unknown.Load() + t.engine.mux.socket.refused.Load(),
		Malformed:   t.malformed.Load(),
		Unsent:      t.unsent.Load(),
	}
}

// Close implements transport.Transport. It waits for connections, but for no
// longer than one may take to close.
func (t *Transport) Close() error {
	t.work.close()
	guard.Wait(&t.closing, closeTime)
	return t.engine.mux.Close()
}

// bury ends a connection aside, so that a close that hangs hurts nobody.
func (t *Transport) bury(end func() error) {
	t.closing.Go(func() {
		defer t.connections.Add(-1)
		_ = guard.Do(end) // what fails to close is forgotten all the same
	})
}

// events is how one connection is told of.
type events struct {
	mu     sync.Mutex // held while one is told, so never two at a time
	closed bool
	ended  bool
}

// tell carries out f, unless there is nothing more to be told.
func (e *events) tell(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		f()
	}
}

// end carries out f the first time, unless there is nothing more to be told.
func (e *events) end(f func()) {
	e.tell(func() {
		if !e.ended {
			e.ended = true
			f()
		}
	})
}

// close has nothing told any more.
func (e *events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}
