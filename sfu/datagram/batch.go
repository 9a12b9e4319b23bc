package datagram

import "net/netip"

const (
	// arenaSize is what a batch holds before it is sent of itself: little
	// enough to stay in a core's cache until the system has copied it.
	arenaSize = 512 << 10
	// maxMessages is how many messages a batch holds. They leave by one system
	// call that cannot be interrupted: half a millisecond of it.
	maxMessages = 256
	// maxTrainSize is what the system takes as one message (64 KiB less the
	// headers), rounded down.
	maxTrainSize = 65000
	// maxSegment is the largest datagram that goes into a train. Each must fit
	// into a packet of Ethernet's 1500 bytes, less the headers of IPv6 and UDP.
	maxSegment = 1500 - 40 - 8
	// maxDatagram is the largest datagram of all (RFC 768, over IPv4).
	maxDatagram = 65535 - 20 - 8
)

// Batch gathers datagrams and sends them together, in their order. A datagram
// is written where it is sent from:
//
//	b.Begin(to)
//	p := b.Room(n)
//	p = append(p, …)
//	b.Commit(p)
//	…
//	b.Flush()
//
// What goes to one address one after another leaves as a train as long as all
// have one size, but the last, which may be smaller. It is for one goroutine.
type Batch struct {
	socket   *Socket
	arena    []byte
	used     int
	messages []message
	to       netip.AddrPort
	train    int  // most datagrams of a message; 1: no trains
	open     bool // the last message can take one more datagram
}

// message is what the system is given as one: bytes of the arena that are one
// datagram or a train.
type message struct {
	to         netip.AddrPort
	start, end int
	segment    int // size of each datagram but the last
	count      int // of datagrams
}

// NewBatch makes a batch that is sent from the socket. A socket may have
// several, all used by one goroutine.
func (s *Socket) NewBatch() *Batch {
	return &Batch{
		socket:   s,
		arena:    make([]byte, arenaSize),
		messages: make([]message, 0, maxMessages),
		train:    s.port.train,
	}
}

// Begin says where the following datagrams go.
func (b *Batch) Begin(to netip.AddrPort) {
	if to != b.to {
		b.to, b.open = to, false
	}
}

// Room returns an empty slice with room for n bytes. It is valid until the next
// call of a method. What was committed before may be sent to make room. It is
// nil if no datagram can be that big.
func (b *Batch) Room(n int) []byte {
	if n < 0 || n > maxDatagram {
		return nil
	}
	if n > len(b.arena)-b.used {
		b.empty()
	}
	return b.arena[b.used : b.used : b.used+n]
}

// Commit adds a datagram to the batch: what Room returned, with the bytes
// appended. An empty one is left out. One that has outgrown its room is lost:
// better that nothing is sent than what lay there before.
func (b *Batch) Commit(p []byte) {
	if len(p) == 0 {
		return
	}
	if b.used == len(b.arena) || &p[0] != &b.arena[b.used] {
		b.socket.unsent.Add(1)
		return
	}
	if b.open && b.extend(len(p)) {
		return
	}
	if len(b.messages) == maxMessages {
		b.empty()
		copy(b.arena, p)
	}
	start, end := b.used, b.used+len(p)
	b.messages = append(b.messages, message{to: b.to, start: start, end: end, segment: len(p), count: 1})
	b.used = end
	b.open = b.train > 1 && len(p) <= maxSegment
}

// extend lets the last message take one more datagram, if it can.
func (b *Batch) extend(n int) bool {
	m := &b.messages[len(b.messages)-1]
	if n > m.segment || b.used+n-m.start > maxTrainSize {
		b.open = false
		return false
	}
	b.used += n
	m.end = b.used
	m.count++
	b.open = n == m.segment && m.count < b.train
	return true
}

// Flush sends what the batch holds and empties it. It does not wait: what the
// system does not take is lost, and counted. No address stays here: what is
// written next begins with Begin.
func (b *Batch) Flush() {
	b.empty()
	b.to = netip.AddrPort{}
}

// empty sends what the batch holds, and goes on to the same destination.
func (b *Batch) empty() {
	if len(b.messages) > 0 {
		b.socket.wire.send(b)
	}
	clear(b.messages)
	b.messages, b.used, b.open = b.messages[:0], 0, false
}
