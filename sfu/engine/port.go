package engine

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"

	"paravent/sfu/checks"
	"paravent/sfu/rate"
)

// port is the common UDP port as pion sees it, for all that is not media. It
// lets in only what a connection has a use for: so many checks that bear its
// name, from so many addresses, and so many DTLS records from where such checks
// came from. What is let in waits in the connection's box, which is bounded.
// Safe for concurrent use.
type port struct {
	send  func(b []byte, to netip.AddrPort) error // at once, or not at all
	local []net.Addr                              // that pion believes to listen at: one of each family
	now   func() time.Duration

	mu    sync.Mutex // guards what follows, and all in boxes that says so
	boxes map[string]*box
	from  map[netip.AddrPort]*box // where checks came from
	shut  bool
}

var _ ice.UDPMux = (*port)(nil)

func newPort(send func([]byte, netip.AddrPort) error, families []netip.AddrPort, now func() time.Duration) *port {
	p := &port{send: send, now: now, boxes: map[string]*box{}, from: map[netip.AddrPort]*box{}}
	for _, a := range families {
		p.local = append(p.local, net.UDPAddrFromAddrPort(a))
	}
	return p
}

// open makes the box of a connection with a user name of ours. Nil: the port is
// closed.
func (p *port) open(name string) *box {
	b := &box{
		port: p, name: name,
		checks:  checks.NewAllowance(p.now()),
		records: rate.NewBudget(recordRate, recordBurst),
	}
	for i := range b.shelves {
		b.shelves[i] = shelf{box: b, letters: make(chan letter, maxLetters), done: make(chan struct{})}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return nil
	}
	p.boxes[name] = b
	return b
}

// close ends all boxes.
func (p *port) close() {
	p.mu.Lock()
	p.shut = true
	var all []*box
	for _, b := range p.boxes {
		all = append(all, b)
	}
	p.mu.Unlock()
	for _, b := range all {
		b.close()
	}
}

// take takes in a copy of a check or a DTLS record that came to a lane. False:
// nobody has a use for it.
func (p *port) take(b []byte, from netip.AddrPort, l *lane) bool {
	if len(b) > letterSize {
		return false
	}
	if isRecord(b[0]) {
		return p.takeRecord(b, from)
	}
	name, ok := checks.Name(b)
	return ok && p.takeCheck(name, b, from, l)
}

func (p *port) takeRecord(b []byte, from netip.AddrPort) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := p.from[from]
	return to != nil && to.record(b, from)
}

func (p *port) takeCheck(name, b []byte, from netip.AddrPort, l *lane) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := p.boxes[string(name)]
	if to == nil || !to.check(b, from) {
		return false
	}
	to.lane = l
	if p.from[from] == nil { // nobody takes another's address by claiming to be there
		p.from[from] = to
	}
	return true
}

// give says whose media comes on the lines of a box.
func (p *port) give(b *box, c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !b.closed {
		b.owner = c
	}
}

// GetListenAddresses is what pion makes its candidates of. What a client is told
// stands in our descriptions.
func (p *port) GetListenAddresses() []net.Addr { return p.local }

// GetConn is a connection's box, for one family of addresses.
func (p *port) GetConn(name string, at net.Addr) (net.PacketConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.boxes[name]
	a, ok := at.(*net.UDPAddr)
	if b == nil || !ok {
		return nil, net.ErrClosed
	}
	s := b.shelf(a.AddrPort().Addr())
	s.local = at
	return s, nil
}

// RemoveConnByUfrag does nothing: pion calls it also for an agent that only
// begins. A box ends with its connection.
func (p *port) RemoveConnByUfrag(string) {}

// Close does nothing: no connection closes the port.
func (p *port) Close() error { return nil }
