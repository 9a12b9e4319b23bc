package datagram

import (
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// listenFast opens a port by the system calls of Linux.
func listenFast(at netip.AddrPort, o Options) (*Port, error) {
	l, err := first(at, o)
	if err != nil {
		return nil, errors.Join(errListen, err)
	}
	p, err := l.open()
	if err != nil {
		l.close()
		return nil, errors.Join(errListen, err)
	}
	return p, nil
}

// listening is a port as it is being opened.
type listening struct {
	Options
	family  int
	at      unix.Sockaddr // with the true port
	uses    Feature
	readers []int // descriptors; in the port's group these are the first
	writers []int
}

// first takes the port for itself: the socket does not share it while it is
// bound, so it fails where anybody else has the port, of whatever kind.
func first(at netip.AddrPort, o Options) (*listening, error) {
	ip := at.Addr().Unmap()
	if !ip.IsValid() {
		ip = netip.IPv6Unspecified()
	}
	l := &listening{Options: o, family: unix.AF_INET6}
	if ip.Is4() {
		l.family = unix.AF_INET
	}
	everything := ip == netip.IPv6Unspecified() && !o.OnlyV6
	fd, err := l.socket(!everything)
	if err != nil && everything { // a machine without IPv6
		ip, l.family = netip.IPv4Unspecified(), unix.AF_INET
		fd, err = l.socket(false)
	}
	if err != nil {
		return nil, err
	}
	l.readers = []int{fd}
	if err := unix.Bind(fd, sockaddr(l.family, netip.AddrPortFrom(ip, at.Port()))); err != nil {
		l.close()
		return nil, err
	}
	if l.at, err = unix.Getsockname(fd); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// socket makes one that is not bound. It does not block: only such are known to
// Go's poller.
func (l *listening) socket(onlyV6 bool) (int, error) {
	fd, err := unix.Socket(l.family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_UDP)
	if err != nil || l.family == unix.AF_INET {
		return fd, err
	}
	only := 0
	if onlyV6 {
		only = 1
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// open makes the port of the first socket.
func (l *listening) open() (*Port, error) {
	l.probe()
	if l.Without&Sharing == 0 && l.share() == nil {
		l.uses |= Sharing
	} else if err := l.single(); err != nil {
		return nil, err
	}
	p := &Port{at: addrPort(l.at), train: 1, uses: l.uses}
	if p.uses&Segmentation != 0 {
		p.train = l.Train
	}
	for i, in := range l.readers {
		l.tune(in, l.writers[i])
		s := &Socket{port: p}
		c, err := newFast(s, l.family, in, l.writers[i])
		l.readers[i], l.writers[i] = -1, -1 // they are the socket's now
		s.wire = c
		p.sockets = append(p.sockets, s)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	return p, nil
}

// probe finds out what the system has: by asking, not by its version.
func (l *listening) probe() {
	fd := l.readers[0]
	_, noSend := sendMany(fd, nil)
	_, noReceive := receiveMany(fd, nil)
	if noSend == 0 && noReceive == 0 {
		l.uses |= Batching
	}
	if _, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT); err == nil {
		l.uses |= Segmentation
	}
	if _, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO); err == nil {
		l.uses |= Coalescing
	}
	l.uses &^= l.Without
}

// share puts all other sockets on the port: first those that are read from, for
// the system numbers them as they come. If it fails there is one socket again.
func (l *listening) share() error {
	err := l.group()
	if err == nil {
		return nil
	}
	for _, fd := range append(l.readers[1:], l.writers...) {
		_ = unix.Close(fd)
	}
	l.readers, l.writers = l.readers[:1], nil
	_ = unix.SetsockoptInt(l.readers[0], unix.SOL_SOCKET, unix.SO_REUSEPORT, 0)
	return err
}

func (l *listening) group() error {
	if err := unix.SetsockoptInt(l.readers[0], unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return err
	}
	for len(l.readers) < l.Sockets {
		fd, err := l.joined()
		if err != nil {
			return err
		}
		l.readers = append(l.readers, fd)
	}
	for len(l.writers) < l.Sockets {
		fd, err := l.joined()
		if err != nil {
			return err
		}
		l.writers = append(l.writers, fd)
		// Nothing is given to it; until the system knows that, and should it
		// forget, nothing may pile up in it.
		if err := attach(fd, unix.SO_ATTACH_FILTER, deaf()); err != nil {
			return err
		}
	}
	return attach(l.readers[0], unix.SO_ATTACH_REUSEPORT_CBPF, steering(uint32(l.Sockets)))
}

// joined makes a socket that shares the port.
func (l *listening) joined() (int, error) {
	only, err := l.onlyV6()
	if err != nil {
		return -1, err
	}
	fd, err := l.socket(only)
	if err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	if err := unix.Bind(fd, l.at); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// onlyV6 says whether the first socket takes IPv6 alone.
func (l *listening) onlyV6() (bool, error) {
	if l.family == unix.AF_INET {
		return false, nil
	}
	n, err := unix.GetsockoptInt(l.readers[0], unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
	return n != 0, err
}

// single lets the one socket be written to as well, by a descriptor of its own,
// so that each can be closed without the other.
func (l *listening) single() error {
	fd, err := unix.FcntlInt(uintptr(l.readers[0]), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	l.writers = []int{fd}
	return nil
}

// tune sets what a socket can do without.
func (l *listening) tune(in, out int) {
	buffer := func(fd, option, force, size int) {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil { // takes a privilege
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, size) // up to what the system allows
		}
	}
	buffer(in, unix.SO_RCVBUF, unix.SO_RCVBUFFORCE, l.ReceiveBuffer)
	buffer(out, unix.SO_SNDBUF, unix.SO_SNDBUFFORCE, l.SendBuffer)
	// When a datagram came, however long it waits until it is read.
	_ = unix.SetsockoptInt(in, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	if l.uses&Coalescing != 0 {
		_ = unix.SetsockoptInt(in, unix.SOL_UDP, unix.UDP_GRO, 1)
	}
}

// close gives back what has not become a socket's.
func (l *listening) close() {
	for _, fd := range append(l.readers, l.writers...) {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

func addrPort(a unix.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}
