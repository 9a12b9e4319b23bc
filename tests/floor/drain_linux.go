package floor

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// drain is a socket that drops everything.
type drain struct {
	fd int
	at netip.AddrPort
}

var errDrain = errors.New("floor: opening a socket to send to")

func openDrains(n int) ([]drain, error) {
	all := make([]drain, 0, n)
	for range n {
		d, err := openDrain()
		if err != nil {
			closeDrains(all)
			return nil, errors.Join(errDrain, err)
		}
		all = append(all, d)
	}
	return all, nil
}

func openDrain() (d drain, err error) {
	if d.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return drain{}, err
	}
	defer func() {
		if err != nil {
			_ = unix.Close(d.fd)
		}
	}()
	// The filter comes first: nothing must ever wait there.
	drop := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}
	if err = unix.SetsockoptSockFprog(d.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &drop}); err != nil {
		return drain{}, err
	}
	if err = unix.Bind(d.fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return drain{}, err
	}
	name, err := unix.Getsockname(d.fd)
	if err != nil {
		return drain{}, err
	}
	in, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return drain{}, net.ErrClosed
	}
	d.at = netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))
	return d, nil
}

func closeDrains(all []drain) {
	for _, d := range all {
		_ = unix.Close(d.fd)
	}
}

// threadTime is the CPU time of this thread. getrusage(2) tells the same, but
// only as of the last tick of the clock.
func threadTime() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano()), err
}
