package datagram

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// tally is what became of a batch.
type tally struct{ datagrams, messages, calls, unsent, refused uint64 }

func (t *tally) lost(messages []message) {
	for i := range messages {
		t.unsent += uint64(messages[i].count)
	}
}

func (t *tally) enter(s *Socket) {
	s.sent.datagrams.Add(t.datagrams)
	s.sent.messages.Add(t.messages)
	s.sent.calls.Add(t.calls)
	if t.unsent > 0 {
		s.unsent.Add(t.unsent)
	}
	if t.refused > 0 {
		s.refused.Add(t.refused)
	}
}

// send implements wire.
func (c *fast) send(b *Batch) {
	var t tally
	c.mu.RLock()
	if c.fd < 0 {
		t.lost(b.messages)
	} else {
		c.push(c.out, b.arena, b.messages, &t)
	}
	c.mu.RUnlock()
	clear(c.singles)
	t.enter(c.socket)
	b.train = c.trust.next()
}

// push sends messages, and reports whether there was room in the system for
// them. Else what was left is dropped: it would come too late, and whoever sends
// less sees that it is lost.
func (c *fast) push(o *outbox, arena []byte, messages []message, t *tally) bool {
	for i := range messages {
		m := &messages[i]
		size := 0
		if m.count > 1 {
			size = m.segment
		}
		o.set(i, arena[m.start:m.end], putName(o.names[i][:], c.family, m.to), size)
	}
	heads := o.heads[:len(messages)]
	defer clear(o.names[:len(messages)]) // no address stays here until the next batch
	for len(messages) > 0 {
		n, errno := c.deliver(c.fd, heads)
		t.calls++
		c.taken(messages[:n], t)
		heads, messages = heads[n:], messages[n:]
		switch {
		case errno == 0 || errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			t.lost(messages)
			return false
		case messages[0].count > 1 && refusesTrain(errno):
			if !c.takeApart(arena, &messages[0], t) {
				t.lost(messages[1:])
				return false
			}
		default: // of this destination alone
			t.lost(messages[:1])
		}
		heads, messages = heads[1:], messages[1:]
	}
	return true
}

// taken notes that messages have left.
func (c *fast) taken(messages []message, t *tally) {
	t.messages += uint64(len(messages))
	for i := range messages {
		count := messages[i].count
		t.datagrams += uint64(count)
		if count > 1 {
			c.trust.taken()
		}
	}
}

// refusesTrain says whether an error may be of the train, not of what is in it:
// EINVAL or EMSGSIZE where a packet would not fit the path, EIO where the device
// does not do its part.
func refusesTrain(errno unix.Errno) bool {
	return errno == unix.EINVAL || errno == unix.EMSGSIZE || errno == unix.EIO || errno == unix.EOPNOTSUPP
}

// takeApart sends the datagrams of a train one by one.
func (c *fast) takeApart(arena []byte, m *message, t *tally) bool {
	c.singles = c.singles[:0]
	for start := m.start; start < m.end; start += m.segment {
		end := min(start+m.segment, m.end)
		c.singles = append(c.singles, message{to: m.to, start: start, end: end, segment: end - start, count: 1})
	}
	t.refused++
	before := t.datagrams
	room := c.push(c.apart, arena, c.singles, t)
	if t.datagrams > before { // it was the train
		c.trust.refused()
	}
	return room
}

// sendOne implements wire.
func (c *fast) sendOne(p []byte, to netip.AddrPort) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.fd < 0 {
		return net.ErrClosed
	}
	t := tally{calls: 1}
	err := unix.Sendto(c.fd, p, unix.MSG_DONTWAIT, sockaddr(c.family, to))
	if err == nil {
		t.datagrams, t.messages = 1, 1
	} else {
		t.unsent = 1
	}
	t.enter(c.socket)
	return err
}

// sockaddr is an address for a socket of a family.
func sockaddr(family int, a netip.AddrPort) unix.Sockaddr {
	ip := a.Addr()
	if family == unix.AF_INET {
		if ip = ip.Unmap(); !ip.Is4() {
			return &unix.SockaddrInet4{} // no address to send to
		}
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: ip.As4()}
	}
	if !ip.IsValid() {
		return &unix.SockaddrInet6{}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: ip.As16(), ZoneId: scope(ip)}
}
