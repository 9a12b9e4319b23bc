// Package floor measures what forwarding costs at the least: the denominator of
// the figures that are ratios. A bare loop in one thread opens a packet once and
// for each subscriber writes a header, seals and sends, on loopback; with
// nothing else that a server does: no connections, no reports, no history, no
// pacing. Subscribers are sockets that drop whatever arrives, in the kernel, so
// that only the sender is measured.
//
// A machine is never twice the same. Whoever states a ratio lets rounds of this
// loop and of what is compared with it take turns, in one run of one program,
// and takes the medians.
package floor

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"paravent/sfu/datagram"
	"paravent/sfu/srtp"
)

// Shape is what is forwarded to whom.
type Shape struct {
	Profile     srtp.Profile
	Payload     int // bytes of each packet
	Subscribers int
	// Burst is how many packets come at once. What goes to a subscriber then
	// leaves as one train (UDP GSO), where there are such; all of a burst leaves
	// by one system call, or a few.
	Burst int
}

// Trains is the floor F of the figures: video as it comes, in trains of 4.
func Trains() Shape {
	return Shape{Profile: srtp.AEADAES128GCM, Payload: 1200, Subscribers: 50, Burst: 4}
}

// Singles is the floor of packets that come one by one: no trains.
func Singles() Shape {
	return Shape{Profile: srtp.AEADAES128GCM, Payload: 1200, Subscribers: 50, Burst: 1}
}

// Cost is what forwarding took.
type Cost struct {
	CPU      time.Duration // of the thread
	Forwards uint64        // packets sent
	Calls    uint64        // system calls that sent them
}

// PerForward is the CPU time for each packet sent, in nanoseconds.
func (c Cost) PerForward() float64 { return float64(c.CPU) / float64(c.Forwards) }

// headerSize is that of every packet here: with an extension of one word, such
// as transport-wide numbers take.
const headerSize = 20

// ahead is how many packets are made ready between two measurements: few enough
// to stay in the core's cache, as those do that have just been received.
const ahead = 16

// Loop is a floor to be measured. It is for one goroutine.
type Loop struct {
	shape       Shape
	publisher   *srtp.Sealer
	opener      *srtp.Opener
	subscribers []subscriber
	drains      []drain
	port        *datagram.Port
	batch       *datagram.Batch

	incoming [ahead][]byte // sealed by the publisher; opened in place
	index    uint64        // of the next packet
	payload  []byte
}

// subscriber is one to forward to. Each has keys and numbers of its own.
type subscriber struct {
	at     netip.AddrPort
	sealer *srtp.Sealer
	ssrc   uint32
	count  uint16 // transport-wide
	first  uint64 // index of the first packet: numbers are not the publisher's
}

const publisherSSRC = 1

var (
	errShape = errors.New("floor: not a shape that can be measured")
	errLost  = errors.New("floor: the system did not take every packet")
	errOpen  = errors.New("floor: a packet did not open, or was not sealed")
)

// New makes what a measurement needs. Close gives it back.
func New(s Shape) (*Loop, error) {
	if s.Payload < 1 || s.Payload > 1400 || s.Subscribers < 1 || s.Burst < 1 || s.Burst > ahead {
		return nil, errShape
	}
	drains, err := openDrains(s.Subscribers)
	if err != nil {
		return nil, err
	}
	to := make([]netip.AddrPort, len(drains))
	for n := range drains {
		to[n] = drains[n].at
	}
	l, err := newLoop(s, to)
	if err != nil {
		closeDrains(drains)
		return nil, err
	}
	l.drains = drains
	return l, nil
}

// newLoop makes a loop that forwards to addresses.
func newLoop(s Shape, to []netip.AddrPort) (*Loop, error) {
	l := &Loop{shape: s, payload: make([]byte, s.Payload)}
	publisher, _, err := masters(s.Profile, 0)
	if err != nil {
		return nil, err
	}
	if l.publisher, err = srtp.NewSealer(s.Profile, publisher); err != nil {
		return nil, err
	}
	if l.opener, err = srtp.NewOpener(s.Profile, publisher, 1); err != nil {
		return nil, err
	}
	for n, at := range to {
		_, own, err := masters(s.Profile, n+1)
		if err != nil {
			return nil, err
		}
		sealer, err := srtp.NewSealer(s.Profile, own)
		if err != nil {
			return nil, err
		}
		l.subscribers = append(l.subscribers, subscriber{at: at, sealer: sealer, ssrc: uint32(1000 + n), first: uint64(7 * n)})
	}
	for n := range l.incoming {
		l.incoming[n] = make([]byte, headerSize, headerSize+s.Payload+l.publisher.Overhead())
	}
	l.port, err = datagram.Listen(netip.MustParseAddrPort("127.0.0.1:0"), datagram.Options{Train: s.Burst})
	if err != nil {
		return nil, err
	}
	l.batch = l.port.Sockets()[0].NewBatch()
	return l, nil
}

// masters gives keys; nobody else hears what is sealed with them.
func masters(p srtp.Profile, n int) (client, server srtp.Master, err error) {
	material := make([]byte, p.KeyingMaterial())
	for i := range material {
		material[i] = byte(i + n*31)
	}
	return srtp.Split(p, material)
}

// Close gives everything back.
func (l *Loop) Close() {
	_ = l.port.Close()
	closeDrains(l.drains)
}

// Run forwards until the thread has used so much CPU time for it.
func (l *Loop) Run(atLeast time.Duration) (Cost, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var c Cost
	before := l.port.Counts()
	for c.CPU < atLeast {
		l.receive()
		start, err := threadTime()
		if err != nil {
			return Cost{}, err
		}
		for burst := range slices.Chunk(l.incoming[:], l.shape.Burst) {
			if !l.forward(burst) {
				return Cost{}, errOpen
			}
		}
		end, err := threadTime()
		if err != nil {
			return Cost{}, err
		}
		c.CPU += end - start
		c.Forwards += uint64(len(l.incoming) * len(l.subscribers))
	}
	after := l.port.Counts()
	c.Calls = after.Sends - before.Sends
	if after.Sent-before.Sent != c.Forwards {
		return Cost{}, errLost
	}
	return c, nil
}

// receive has the publisher seal the next packets. It is not measured.
func (l *Loop) receive() {
	for n := range l.incoming {
		header := l.incoming[n][:headerSize]
		writeHeader(header, publisherSSRC, uint16(l.index), uint32(l.index)*3000, 0)
		l.incoming[n] = l.publisher.SealRTP(header, headerSize, l.payload, l.index)
		l.index++
	}
}

// forward is the loop: what nobody can do without.
func (l *Loop) forward(burst [][]byte) bool {
	var indices [ahead]uint64
	for n, packet := range burst {
		size, index, err := l.opener.OpenRTP(packet)
		if err != nil {
			return false
		}
		burst[n], indices[n] = packet[:size], index
	}
	for i := range l.subscribers {
		s := &l.subscribers[i]
		l.batch.Begin(s.at)
		for n, packet := range burst {
			room := l.batch.Room(len(packet) + s.sealer.Overhead())
			if cap(room) < headerSize {
				return false
			}
			index := s.first + indices[n]
			s.count++
			header := room[:headerSize]
			writeHeader(header, s.ssrc, uint16(index), binary.BigEndian.Uint32(packet[4:]), s.count)
			sealed := s.sealer.SealRTP(header, headerSize, packet[headerSize:], index)
			if sealed == nil {
				return false
			}
			l.batch.Commit(sealed)
		}
	}
	l.batch.Flush()
	return true
}

func writeHeader(b []byte, ssrc uint32, seq uint16, timestamp uint32, count uint16) {
	_ = b[headerSize-1]
	binary.BigEndian.PutUint16(b, 0x9060)
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], timestamp)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	binary.BigEndian.PutUint32(b[12:], 0xBEDE0001)
	binary.BigEndian.PutUint32(b[16:], 0x31<<24|uint32(count)<<8)
}
