package engine

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"paravent/sfu/datagram"
	"paravent/sfu/guard"
	"paravent/sfu/transport"
)

// lane is one loop: see the package's documentation. What has no note is its
// goroutine's alone.
type lane struct {
	number int     // from 0; never changed, like all up to port
	all    []*lane // of the transport, by number
	clock  clock
	socket *datagram.Socket
	port   *port // what is for pion goes there

	now         time.Duration // of this turn
	came        time.Duration // when the datagram at hand arrived in the system
	connections map[netip.AddrPort]*connection
	homed       []*connection // those whose home this is; each knows its place
	awake       []*connection // of those, who are ticked often
	due         time.Duration // when tick is; 0: not at all
	round       time.Duration // when it is for the others too
	groups      groups
	linger      linger
	parcels     []parcel // for each lane, by its number
	timers      timers
	batch       *datagram.Batch
	scratch     [scratchSize]byte // where a packet is written that does not go into the batch
	tally       tally

	sums   sums         // of the tally; for all to read
	coming atomic.Int32 // parcels in the mail
	quit   atomic.Bool  // the loop is to end

	mu      sync.Mutex // guards what follows
	mail    []func()
	stopped bool

	spare []func() // the other half of the mailbox; the loop's
}

var _ transport.Lane = (*lane)(nil)

// clock tells moments since the transport began.
type clock struct{ begun time.Time }

func (c clock) now() time.Duration { return time.Since(c.begun) }

// wall is the wall clock at a moment.
func (c clock) wall(at time.Duration) time.Time { return c.begun.Add(at).Round(0) }

// newLanes makes a lane for each socket.
func newLanes(clock clock, p *port, sockets []*datagram.Socket) []*lane {
	all := make([]*lane, len(sockets))
	for i, socket := range sockets {
		all[i] = &lane{
			number: i, all: all, clock: clock, socket: socket, port: p,
			connections: map[netip.AddrPort]*connection{},
			parcels:     make([]parcel, len(all)),
			batch:       socket.NewBatch(),
		}
	}
	return all
}

// Do implements transport.Lane.
func (l *lane) Do(f func()) {
	l.mu.Lock()
	if !l.stopped {
		l.mail = append(l.mail, f)
	}
	l.mu.Unlock()
	l.socket.Wake()
}

// At implements transport.Lane.
func (l *lane) At(when time.Duration, f func()) { l.timers.add(when, f) }

// Now implements transport.Lane.
func (l *lane) Now() time.Duration { return l.now }

// wall is the wall clock at a moment.
func (l *lane) wall(at time.Duration) time.Time { return l.clock.wall(at) }

// run is the loop. It ends with what was in the mail by then.
func (l *lane) run() {
	for l.turn() {
	}
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	l.empty()
	l.settle()
}

// stop lets the loop end.
func (l *lane) stop() {
	l.quit.Store(true)
	l.socket.Wake()
}

// turn waits until there is something to do, and does it. It returns false when
// it was the last.
func (l *lane) turn() bool {
	var until time.Time // for ever
	if next, ok := l.timers.next(); ok {
		until = l.clock.begun.Add(next)
	}
	arrived, err := l.socket.Receive(until)
	l.now = l.clock.now()
	l.take(arrived)
	l.gather()
	l.groups.deliver(l.now)
	l.dispatch()
	l.empty()
	l.timers.run(l.now)
	l.settle()
	return err == nil && !l.quit.Load()
}

// take sorts what has arrived.
func (l *lane) take(arrived []datagram.Datagram) {
	for i := range arrived {
		l.came = l.now - arrived[i].Waited
		l.sort(arrived[i].Bytes, arrived[i].From)
	}
}

// gather takes in the rest of frames that have begun to come, where that is worth
// the wait.
func (l *lane) gather() {
	for range lingerMost {
		if !l.linger.wanted(&l.groups) {
			return
		}
		more := l.socket.Linger(lingerTime)
		l.now = l.clock.now()
		l.linger.tried(len(more) > 0)
		l.take(more)
	}
}

// empty carries out what is in the mail now; what comes meanwhile is for the
// next turn.
func (l *lane) empty() {
	l.mu.Lock()
	mail := l.mail
	l.mail = l.spare[:0]
	l.mu.Unlock()
	for i, f := range mail {
		mail[i] = nil
		_ = guard.Do(func() error { f(); return nil })
	}
	l.spare = mail[:0]
	if cap(mail) > maxSpareMail {
		l.spare = nil
	}
	l.groups.deliver(l.now) // what came in parcels
}

// settle sends what was written, and makes known what was counted.
func (l *lane) settle() {
	l.batch.Flush()
	l.linger.learn(&l.tally)
	l.sums.take(&l.tally)
}

// sort decides by its first byte what a datagram is (RFC 7983, section 7), and
// puts it where it belongs.
func (l *lane) sort(b []byte, from netip.AddrPort) {
	switch {
	case len(b) > largest:
		l.tally.malformed++
	case len(b) > 0 && isMedia(b[0]):
		c := l.connections[from]
		if c == nil {
			l.tally.unknown++
			return
		}
		switch home := c.home.Load(); home {
		case l:
			c.open(b, l.came)
		case nil:
			c.hold(b)
		default:
			l.hand(home, c, b)
		}
	case len(b) > 0 && (isCheck(b[0]) || isRecord(b[0])):
		if !l.port.take(b, from, l) {
			l.tally.unknown++
		}
	default:
		l.tally.malformed++
	}
}

// What a packet is by its first byte (RFC 7983, section 7).
func isCheck(first byte) bool  { return first <= 3 }
func isRecord(first byte) bool { return first >= 20 && first <= 63 }
func isMedia(first byte) bool  { return first >= 128 && first <= 191 }

// tick calls what connections do now and then, for as long as there are any: of
// those at rest in every round only, and if there are no others the lane rests
// too.
func (l *lane) tick() {
	if l.due == 0 || l.now < l.due {
		return // it came sooner than it was first to come
	}
	l.due = 0
	l.awake = slices.DeleteFunc(l.awake, func(c *connection) bool {
		c.awake = !c.tick(l.now)
		return !c.awake
	})
	if l.now >= l.round {
		l.round = l.now + restInterval
		for _, c := range l.homed {
			if !c.awake && !c.tick(l.now) {
				l.rouse(c)
			}
		}
	}
	switch {
	case len(l.awake) > 0:
		l.hasten(l.now + tickInterval)
	case len(l.homed) > 0:
		l.hasten(l.round)
	}
}

// hasten sees to it that tick comes by a moment.
func (l *lane) hasten(when time.Duration) {
	if l.due == 0 || when < l.due {
		l.due = when
		l.At(when, l.tick)
	}
}

// rouse has a connection ticked often.
func (l *lane) rouse(c *connection) {
	if !c.awake && !c.over.Load() {
		c.awake = true
		l.awake = append(l.awake, c)
		l.hasten(l.now + tickInterval)
	}
}

// adopt makes the lane a connection's home.
func (l *lane) adopt(c *connection) {
	c.place = len(l.homed)
	l.homed = append(l.homed, c)
	l.rouse(c)
}

// release undoes adopt.
func (l *lane) release(c *connection) {
	last := len(l.homed) - 1
	l.homed[c.place] = l.homed[last]
	l.homed[c.place].place = c.place
	l.homed[last] = nil
	l.homed = l.homed[:last]
	if c.awake {
		c.awake = false
		l.awake = slices.DeleteFunc(l.awake, func(other *connection) bool { return other == c })
	}
}

// enter has what comes from an address taken for a connection's.
func (l *lane) enter(at netip.AddrPort, c *connection) {
	// Nobody takes another's address by claiming to be there.
	if other := l.connections[at]; !c.over.Load() && (other == nil || other.over.Load()) {
		l.connections[at] = c
	}
}

// forget undoes enter.
func (l *lane) forget(at netip.AddrPort, c *connection) {
	if l.connections[at] == c {
		delete(l.connections, at)
	}
}

// room gives space for a packet of at most n bytes that travels by w: an empty
// slice, or nil if none can be that big. It is valid until the next call, or
// commit.
func (l *lane) room(w *way, n int) []byte {
	if w.slow != nil {
		if n > len(l.scratch) {
			return nil
		}
		return l.scratch[:0:n]
	}
	l.batch.Begin(w.to)
	return l.batch.Room(n)
}

// commit sends what room gave, with a packet appended.
func (l *lane) commit(w *way, b []byte) {
	if w.slow != nil {
		w.slow.send(b)
		return
	}
	l.batch.Commit(b)
}

// sums are the tallies of a lane for others to read.
type sums struct {
	opened, sealed, unsent, unknown, malformed, forged, replayed atomic.Uint64
}

// take makes a tally known.
func (s *sums) take(t *tally) {
	s.opened.Store(t.opened)
	s.sealed.Store(t.sealed)
	s.unsent.Store(t.unsent)
	s.unknown.Store(t.unknown)
	s.malformed.Store(t.malformed)
	s.forged.Store(t.forged)
	s.replayed.Store(t.replayed)
}
