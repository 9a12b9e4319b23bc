package datagram

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// fast is a socket by the system calls of Linux.
type fast struct {
	*os.File // only read from: the poller hears of each packet that has left
	socket   *Socket

	// Of the goroutine that receives.
	raw     syscall.RawConn
	in      *inbox
	filled  int // messages of it that hold what was received last
	receive func(fd int, heads []unix.Mmsghdr) (int, unix.Errno)
	take    func(fd uintptr) bool // fill, bound once: else it is allocated with each call
	look    func(fd uintptr)
	got     []Datagram

	// Of the goroutine that has the batches.
	family  int
	out     *outbox
	deliver func(fd int, heads []unix.Mmsghdr) (int, unix.Errno)
	trust   trust
	singles []message // of a train that was taken apart
	apart   *outbox

	mu sync.RWMutex // guards fd; held to read while it is used
	fd int          // only written to, unknown to the poller; -1: closed
}

// newFast makes a socket of two descriptors, which are its own from now on.
func newFast(s *Socket, family, in, out int) (*fast, error) {
	c := &fast{
		File:    os.NewFile(uintptr(in), "datagram"), // one that does not block, so the poller gets it
		socket:  s,
		family:  family,
		out:     newOutbox(maxMessages),
		trust:   trust{most: s.port.train},
		singles: make([]message, 0, maxTrain),
		apart:   newOutbox(maxTrain),
		fd:      out,
	}
	c.got = make([]Datagram, 0, singleMessages)
	c.take = c.fill
	c.look = func(fd uintptr) { c.fill(fd) }
	c.receive, c.deliver = receiveMany, sendMany
	messages, size := singleMessages, singleSize
	if s.port.uses&Coalescing != 0 {
		messages, size = trainMessages, trainSize
	}
	if s.port.uses&Batching == 0 {
		c.receive, c.deliver = receiveSingle, sendSingle
		messages = 1
	}
	c.in = newInbox(messages, size)
	raw, err := c.SyscallConn()
	c.raw = raw
	return c, err
}

// close implements wire.
func (c *fast) close() error {
	c.mu.Lock()
	out := c.fd
	c.fd = -1
	c.mu.Unlock()
	if out < 0 {
		return nil
	}
	return errors.Join(unix.Close(out), c.Close())
}

const (
	// trainMessages is how many messages are read at once where each may be a
	// train of up to 64 KiB: room of 1 MiB, little of which is ever touched.
	trainMessages, trainSize = 16, 64 << 10
	// singleMessages is how many where each is one datagram. Nothing that we
	// speak is larger than a packet of Ethernet.
	singleMessages, singleSize = 64, 2 << 10
)

// read implements wire.
func (c *fast) read() ([]Datagram, error) {
	c.forget()
	err := c.raw.Read(c.take)
	switch {
	case err == nil:
		return c.got, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, os.ErrDeadlineExceeded
	}
	return nil, net.ErrClosed
}

// forget drops what was received last, and keeps no address of anybody while
// nothing comes.
func (c *fast) forget() {
	clear(c.got)
	c.got, c.filled = c.got[:0], 0
}

// poll implements wire.
func (c *fast) poll() ([]Datagram, error) {
	c.forget()
	if c.raw.Control(c.look) != nil {
		return nil, net.ErrClosed
	}
	return c.got, nil
}

// linger implements wire.
func (c *fast) linger(d time.Duration) []Datagram {
	before := len(c.got)
	if c.filled == len(c.in.heads) {
		return nil
	}
	nap(d)
	if c.raw.Control(c.look) != nil {
		return nil
	}
	return c.got[before:]
}

// fill takes what has arrived, behind what was there already, and reports whether
// there was anything.
func (c *fast) fill(fd uintptr) bool {
	first, before := c.filled, len(c.got)
	n := c.get(int(fd), first)
	if n == 0 {
		return false
	}
	now := time.Now().UnixNano()
	for i := first; i < first+n; i++ {
		p, from, size, came, whole := c.in.message(i)
		if !whole {
			c.socket.oversize.Add(1)
			continue
		}
		c.got = split(c.got, p, size, readName(from), waited(came, now))
	}
	c.filled = first + n
	c.in.reset(first, c.filled)
	c.socket.received.messages.Add(uint64(n))
	c.socket.received.datagrams.Add(uint64(len(c.got) - before))
	return true
}

// waited is the time between two moments of the wall clock, as far as it can be
// believed: that may be set at any time.
func waited(came, now int64) time.Duration {
	const most = time.Second
	if d := time.Duration(now - came); came != 0 && d > 0 && d < most {
		return d
	}
	return 0
}

// get asks for messages, to be put from the first on. An error of the socket is
// told once, in place of a message, and means nothing here: messages may wait
// behind it.
func (c *fast) get(fd, first int) int {
	const attempts = 8
	for range attempts {
		n, errno := c.receive(fd, c.in.heads[first:])
		c.socket.received.calls.Add(1)
		if errno == 0 || errno == unix.EAGAIN {
			return n
		}
	}
	return 0
}
