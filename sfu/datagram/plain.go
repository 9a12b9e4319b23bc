package datagram

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// plain is a socket as Go has it everywhere: one datagram for each call.
type plain struct {
	*net.UDPConn
	socket *Socket
	buffer []byte
	got    [1]Datagram
}

// listenPlain opens a port with one plain socket.
func listenPlain(at netip.AddrPort, o Options) (*Port, error) {
	network := "udp"
	switch a := at.Addr(); {
	case a.Is4() || a.Is4In6():
		network = "udp4"
	case a.Is6() && o.OnlyV6:
		network = "udp6"
	case a == netip.IPv6Unspecified(): // everything, also on a machine without IPv6
		at = netip.AddrPortFrom(netip.Addr{}, at.Port())
	}
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(at.Addr().Unmap(), at.Port())))
	if err != nil {
		return nil, errors.Join(errListen, bare(err))
	}
	_ = c.SetReadBuffer(o.ReceiveBuffer) // smaller ones do as well
	_ = c.SetWriteBuffer(o.SendBuffer)
	p := &Port{train: 1}
	if a, ok := c.LocalAddr().(*net.UDPAddr); ok {
		p.at = unmapped(a.AddrPort())
	}
	s := &Socket{port: p}
	s.wire = &plain{UDPConn: c, socket: s, buffer: make([]byte, maxDatagram)}
	p.sockets = []*Socket{s}
	return p, nil
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// bare is what the system said, without the address that package net adds.
func bare(err error) error {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, net.ErrClosed):
		return net.ErrClosed
	}
	return errUnsent
}

// errUnsent is an error that says no more.
var errUnsent = errors.New("datagram: the system refused")

// read implements wire.
func (c *plain) read() ([]Datagram, error) {
	clear(c.got[:]) // no address stays here while nothing comes
	n, from, err := c.ReadFromUDPAddrPort(c.buffer)
	c.socket.received.calls.Add(1)
	if err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		return nil, nil // of one datagram, or of a network that is gone for now
	}
	c.socket.received.datagrams.Add(1)
	c.socket.received.messages.Add(1)
	c.got[0] = Datagram{Bytes: c.buffer[:n], From: unmapped(from)}
	return c.got[:], nil
}

// poll implements wire. Go reads nothing once the deadline is over, so it has to
// lie a little ahead.
func (c *plain) poll() ([]Datagram, error) {
	const ahead = 100 * time.Microsecond
	_ = c.SetReadDeadline(time.Now().Add(ahead))
	got, err := c.read()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return nil, nil
	}
	return got, err
}

// linger implements wire. There is one buffer, and nothing is gained: each
// datagram is sent by a call of its own.
func (c *plain) linger(time.Duration) []Datagram { return nil }

// send implements wire.
func (c *plain) send(b *Batch) {
	c.limit()
	s := c.socket
	for i := range b.messages {
		m := &b.messages[i]
		s.sent.calls.Add(1)
		if _, err := c.WriteToUDPAddrPort(b.arena[m.start:m.end], m.to); err != nil {
			s.unsent.Add(1)
			continue
		}
		s.sent.messages.Add(1)
		s.sent.datagrams.Add(1)
	}
}

// limit ends the writes that follow, should they wait for long. A way not to
// wait at all that is the same on every system there is not.
func (c *plain) limit() {
	const longest = time.Second
	_ = c.SetWriteDeadline(time.Now().Add(longest))
}

// sendOne implements wire.
func (c *plain) sendOne(p []byte, to netip.AddrPort) error {
	c.limit()
	s := c.socket
	s.sent.calls.Add(1)
	if _, err := c.WriteToUDPAddrPort(p, to); err != nil {
		s.unsent.Add(1)
		return bare(err)
	}
	s.sent.messages.Add(1)
	s.sent.datagrams.Add(1)
	return nil
}

// close implements wire.
func (c *plain) close() error { return c.Close() }
