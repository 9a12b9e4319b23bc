package engine

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/ice/v4"

	"paravent/sfu/checks"
	"paravent/sfu/rate"
)

// box is what came for pion on one connection and was not read yet, and what
// comes on the connection by TCP. Safe for concurrent use.
type box struct {
	port    *port
	name    string
	shelves [2]shelf // for IPv4 and IPv6: pion reads each by itself

	// Guarded by port.mu:
	owner   *connection // gets what is media; nil: nobody yet
	checks  *checks.Allowance
	records rate.Budget
	lane    *lane   // where the last check came to
	lines   []*line // to clients without UDP
	closed  bool
}

// letter is a datagram that waits.
type letter struct {
	bytes []byte
	from  netip.AddrPort
}

// shelf is one family's part of a box, as pion reads it.
type shelf struct {
	box     *box
	letters chan letter
	local   net.Addr // guarded by port.mu

	once sync.Once
	done chan struct{}
}

var (
	_ net.PacketConn           = (*shelf)(nil)
	_ ice.AddrPortReaderWriter = (*shelf)(nil)
)

func (b *box) shelf(a netip.Addr) *shelf {
	if a.Unmap().Is4() {
		return &b.shelves[0]
	}
	return &b.shelves[1]
}

// put keeps a copy of a datagram. False: there is no place. To be called under
// port.mu.
func (b *box) put(p []byte, from netip.AddrPort) bool {
	select {
	case b.shelf(from.Addr()).letters <- letter{slices.Clone(p), from}:
		return true
	default:
		return false
	}
}

// check takes in a check, if there may be more of them from there. To be called
// under port.mu, like record.
func (b *box) check(p []byte, from netip.AddrPort) bool {
	return b.checks.Take(from, b.port.now()) && b.put(p, from)
}

// record takes in a DTLS record, if there may be more of them.
func (b *box) record(p []byte, from netip.AddrPort) bool {
	return b.records.Take(1, b.port.now()) && b.put(p, from)
}

// close ends the box and forgets where its checks came from.
func (b *box) close() {
	p := b.port
	p.mu.Lock()
	lines := b.lines
	b.lines, b.closed = nil, true
	if p.boxes[b.name] == b {
		delete(p.boxes, b.name)
	}
	for a := range b.checks.From() {
		if p.from[a] == b {
			delete(p.from, a)
		}
	}
	b.owner = nil
	p.mu.Unlock()
	for i := range b.shelves {
		_ = b.shelves[i].Close()
	}
	for _, l := range lines {
		l.close()
	}
}

// line is the TCP connection to a client that seems to be at an address; nil:
// it is reached by UDP.
func (b *box) line(to netip.AddrPort) *line {
	b.port.mu.Lock()
	defer b.port.mu.Unlock()
	for _, l := range b.lines {
		if l.to == to {
			return l
		}
	}
	return nil
}

// ReadFromAddrPort implements ice.AddrPortReaderWriter.
func (s *shelf) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case l := <-s.letters:
		if len(b) < len(l.bytes) {
			return 0, l.from, io.ErrShortBuffer
		}
		return copy(b, l.bytes), l.from, nil
	case <-s.done:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

// WriteToAddrPort implements ice.AddrPortReaderWriter.
func (s *shelf) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if l := s.box.line(to); l != nil {
		l.send(b)
		return len(b), nil
	}
	// What the system does not take now is lost, like anything on the way.
	_ = s.box.port.send(b, to)
	return len(b), nil
}

// ReadFrom implements net.PacketConn.
func (s *shelf) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.ReadFromAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

// WriteTo implements net.PacketConn.
func (s *shelf) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.ErrClosed
	}
	return s.WriteToAddrPort(b, a.AddrPort())
}

// Close implements net.PacketConn.
func (s *shelf) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

// LocalAddr implements net.PacketConn.
func (s *shelf) LocalAddr() net.Addr {
	s.box.port.mu.Lock()
	defer s.box.port.mu.Unlock()
	return s.local
}

// SetDeadline implements net.PacketConn: Close ends what waits.
func (s *shelf) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.PacketConn.
func (s *shelf) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.PacketConn.
func (s *shelf) SetWriteDeadline(time.Time) error { return nil }

// drop takes a line away that has ended.
func (b *box) drop(l *line) {
	b.port.mu.Lock()
	defer b.port.mu.Unlock()
	if i := slices.Index(b.lines, l); i >= 0 {
		b.lines = slices.Delete(b.lines, i, i+1)
	}
}

// mediaOwner is whose media comes on the box's lines; nil: it is of no use yet,
// or no more.
func (b *box) mediaOwner() *connection {
	b.port.mu.Lock()
	defer b.port.mu.Unlock()
	return b.owner
}
