package viapion

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"

	"paravent/sfu/checks"
)

// socket is the media socket as pion reads it. It lets in only so many checks
// for one connection, from so many addresses: pion queues them without a limit,
// 8 kB for each, nobody reads that queue until the client has answered, and each
// address is remembered as long as the connection lives. All else reaches a
// connection only from where its checks came from. Safe for concurrent use,
// reading by one goroutine.
type socket struct {
	net.PacketConn
	udp *net.UDPConn // the same; nil: it is none
	now func() time.Duration

	received, refused atomic.Uint64 // datagrams

	mu     sync.Mutex // guards what follows
	checks map[string]*checks.Allowance
}

var _ ice.AddrPortReaderWriter = (*socket)(nil)

func newSocket(c net.PacketConn, now func() time.Duration) *socket {
	udp, _ := c.(*net.UDPConn)
	return &socket{PacketConn: c, udp: udp, now: now, checks: map[string]*checks.Allowance{}}
}

// open lets in checks with a user name of ours. It forgets those that nobody
// has checked for long: their connections are gone.
func (s *socket) open(name string) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for other, a := range s.checks {
		if now-a.Last() > checkMemory {
			delete(s.checks, other)
		}
	}
	if s.checks[name] == nil {
		s.checks[name] = checks.NewAllowance(now)
	}
}

// close forgets a connection of ours, and where its checks came from.
func (s *socket) close(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.checks, name)
}

// ReadFromAddrPort implements ice.AddrPortReaderWriter.
func (s *socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := s.receive(b)
		if err != nil {
			return n, from, err
		}
		s.received.Add(1)
		if s.admits(b[:n], from) {
			return n, from, nil
		}
		s.refused.Add(1)
	}
}

func (s *socket) receive(b []byte) (int, netip.AddrPort, error) {
	if s.udp != nil {
		return s.udp.ReadFromUDPAddrPort(b)
	}
	n, from, err := s.ReadFrom(b)
	if a, ok := from.(*net.UDPAddr); ok {
		return n, a.AddrPort(), err
	}
	return n, netip.AddrPort{}, err
}

// WriteToAddrPort implements ice.AddrPortReaderWriter.
func (s *socket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if s.udp != nil {
		return s.udp.WriteToUDPAddrPort(b, to)
	}
	return s.WriteTo(b, net.UDPAddrFromAddrPort(to))
}

// admits reports whether pion may have a packet.
func (s *socket) admits(b []byte, from netip.AddrPort) bool {
	const lastSTUN = 3 // first byte (RFC 7983, section 7)
	if len(b) == 0 || b[0] > lastSTUN {
		return true
	}
	name, ok := checks.Name(b)
	if !ok {
		return false
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.checks[string(name)]
	return a != nil && a.Take(from, now)
}
