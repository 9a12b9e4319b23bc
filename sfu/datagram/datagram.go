// Package datagram is how packets reach the system and come from it: many by
// one system call, whole trains of them through the network stack as one
// message (on Linux), or one by one (anywhere). It knows nothing of what they
// carry.
//
// # Port, sockets, lanes
//
// A [Port] is one UDP port. It has a [Socket] for each lane: a goroutine that
// receives in a loop and sends what follows from it. On Linux a socket is two
// sockets of the system on the same port: one that is only read from, known to
// Go's poller, and one that is only written to, unknown to it. For the system
// tells a poller of every packet that has left, and Go would wake a thread each
// time. A small program in the kernel gives what comes in to the reading sockets
// alone, to one of them by the port it was sent from, so that what comes from
// one address always reaches the same lane.
//
// # Addresses
//
// Addresses are given and taken unmapped: an IPv4 address is one of 4 bytes,
// also where one IPv6 socket serves both.
package datagram

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Feature is something that saves work, where the system has it.
type Feature uint8

// The features. A combination is their sum.
const (
	Batching     Feature = 1 << iota // many messages by one system call (sendmmsg, recvmmsg)
	Segmentation                     // a train of datagrams leaves as one message (UDP_SEGMENT)
	Coalescing                       // a train of datagrams arrives as one message (UDP_GRO)
	Sharing                          // several sockets on one port (SO_REUSEPORT)
	Everything   = Batching | Segmentation | Coalescing | Sharing
)

// MaxSockets is the most sockets that a port may have.
const MaxSockets = 64

// maxTrain is the most datagrams that every Linux takes as one.
const maxTrain = 64

// Options says how a port is opened. The zero value of a field means its
// default.
type Options struct {
	Sockets int     // that are wanted, at most MaxSockets; default 1
	Without Feature // is not used although the system may have it
	Train   int     // most datagrams in a train, at most 64; default 16
	OnlyV6  bool    // [::] means IPv6 alone; without it, IPv4 too

	ReceiveBuffer int // bytes that wait in the system for each socket; default 4 MiB, or what the system allows
	SendBuffer    int // the same on the way out
}

// defaults returns the options with nothing left open.
func (o Options) defaults() Options {
	const train, buffer = 16, 4 << 20
	o.Sockets = min(max(o.Sockets, 1), MaxSockets)
	if o.Train <= 0 {
		o.Train = train
	}
	o.Train = min(o.Train, maxTrain)
	if o.ReceiveBuffer <= 0 {
		o.ReceiveBuffer = buffer
	}
	if o.SendBuffer <= 0 {
		o.SendBuffer = buffer
	}
	return o
}

// errListen goes before what the system said.
var errListen = errors.New("datagram: listening on the port")

// Port is one UDP port. Safe for concurrent use.
type Port struct {
	sockets []*Socket
	at      netip.AddrPort
	uses    Feature
	train   int // most datagrams in a train; 1: no trains
	closed  atomic.Bool
}

// Listen opens a port: at an address of the machine, at 0.0.0.0 for all of IPv4,
// at [::] or the zero Addr for everything. Port 0 lets the system choose one.
// It fails where anybody else has the port. The errors hold no address.
//
// A machine that cannot give a port several sockets gives it one: len(Sockets)
// counts, not what was wanted.
func Listen(at netip.AddrPort, o Options) (*Port, error) {
	o = o.defaults()
	if o.Without&Everything != Everything {
		p, err := listenFast(at, o)
		if !errors.Is(err, errors.ErrUnsupported) {
			return p, err
		}
	}
	return listenPlain(at, o)
}

// Addr is the address that was listened at, with the true port.
func (p *Port) Addr() netip.AddrPort { return p.at }

// Sockets are the port's sockets, one for each lane. The slice is not to be
// changed.
func (p *Port) Sockets() []*Socket { return p.sockets }

// Uses says which features are in use. Segmentation may rest for a while where
// the network does not take trains.
func (p *Port) Uses() Feature { return p.uses }

// Close gives the port back. Whoever waits in Receive gets net.ErrClosed; what
// is sent from now on is lost.
func (p *Port) Close() error {
	p.closed.Store(true)
	var err error
	for _, s := range p.sockets {
		err = errors.Join(err, s.wire.close())
	}
	return err
}

// Counts counts.
func (p *Port) Counts() Counts {
	var sum Counts
	for _, s := range p.sockets {
		sum.Received += s.received.datagrams.Load()
		sum.ReceivedMessages += s.received.messages.Load()
		sum.Receives += s.received.calls.Load()
		sum.Oversize += s.oversize.Load()
		sum.Sent += s.sent.datagrams.Load()
		sum.SentMessages += s.sent.messages.Load()
		sum.Sends += s.sent.calls.Load()
		sum.Unsent += s.unsent.Load()
		sum.Refused += s.refused.Load()
	}
	return sum
}

// Counts says what has passed since the port was opened.
type Counts struct {
	Received         uint64 // datagrams
	ReceivedMessages uint64 // of the system that they came in: a train is one
	Receives         uint64 // system calls that asked for them, also in vain
	Oversize         uint64 // datagrams too big to be read
	Sent             uint64 // datagrams that the system took
	SentMessages     uint64 // that they left in: a train is one
	Sends            uint64 // system calls that sent them, also in vain
	Unsent           uint64 // datagrams that the system did not take
	Refused          uint64 // trains that were taken apart because the system refused them whole
}

type counter struct{ datagrams, messages, calls atomic.Uint64 }

// Datagram is one that was received. Bytes may be changed.
type Datagram struct {
	Bytes  []byte
	From   netip.AddrPort // unmapped
	Waited time.Duration  // from its arrival in the system until it was received; 0 where that is not known
}

// Socket is one lane's share in a port. Receive, and the use of a batch, are
// for one goroutine at a time; the rest is safe for concurrent use.
type Socket struct {
	port *Port
	wire wire
	gate gate

	received, sent            counter
	oversize, unsent, refused atomic.Uint64
}

// wire is a socket's way to the system.
type wire interface {
	// read takes what has arrived, or waits for it until the deadline; it then
	// says os.ErrDeadlineExceeded. Other errors mean that it is closed.
	read() ([]Datagram, error)
	// poll takes what has arrived and hardly waits.
	poll() ([]Datagram, error)
	// linger lets a moment pass and takes what has arrived in it, beside what
	// was taken last. It may take nothing.
	linger(d time.Duration) []Datagram
	// SetReadDeadline ends read at t; the zero time: never. For any goroutine.
	SetReadDeadline(t time.Time) error
	// send sends what a batch holds.
	send(b *Batch)
	// sendOne sends one datagram. For any goroutine.
	sendOne(p []byte, to netip.AddrPort) error
	// close ends it. For any goroutine.
	close() error
}

// Receive returns what has arrived, in order; what it returns is valid until it
// is called again. If there is nothing it waits: for a datagram, for Wake, or
// until the moment has come, and may then return nothing; the zero time waits
// for ever, a moment of the past hardly at all. The only error is net.ErrClosed.
func (s *Socket) Receive(until time.Time) ([]Datagram, error) {
	got, err := s.gate.wait(s.wire, until)
	if err != nil {
		return nil, net.ErrClosed
	}
	return got, nil
}

// Linger lets a moment of less than a millisecond pass and returns what has
// arrived since Receive returned, in order; what that returned stays valid. It
// may return nothing at once: where that is better, or there is no room.
func (s *Socket) Linger(d time.Duration) []Datagram { return s.wire.linger(d) }

// Wake lets Receive return soon: the call that waits, or else the next one.
func (s *Socket) Wake() { s.gate.wake(s.wire) }

// SendOne sends one datagram, at once. It does not wait: what the system does
// not take is lost. The error says why, without the address.
func (s *Socket) SendOne(p []byte, to netip.AddrPort) error { return s.wire.sendOne(p, to) }
