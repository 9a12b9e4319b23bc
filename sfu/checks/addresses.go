package checks

import (
	"net"
	"net/netip"
)

// Addresses are those at which a socket is reached that listens at one: that
// one, or if it is unspecified those of the machine. Of these, loopback only if
// asked for or if there is no other.
func Addresses(at netip.Addr, loopback bool) []netip.Addr {
	at = at.Unmap()
	if at.IsValid() && !at.IsUnspecified() {
		return []netip.Addr{at}
	}
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all []netip.Addr
	for _, f := range found {
		if prefix, err := netip.ParsePrefix(f.String()); err == nil {
			all = append(all, prefix.Addr().Unmap())
		}
	}
	return reachable(all, at.Is4(), loopback)
}

// reachable leaves out what no other machine could reach, unless there is
// nothing else.
func reachable(all []netip.Addr, only4, loopback bool) []netip.Addr {
	var near, far []netip.Addr
	for _, a := range all {
		switch {
		case a.IsLinkLocalUnicast() || only4 && !a.Is4():
		case a.IsLoopback():
			near = append(near, a)
		default:
			far = append(far, a)
		}
	}
	if loopback || len(far) == 0 {
		return append(far, near...)
	}
	return far
}
