package checks

import (
	"net/netip"
	"slices"
	"testing"
)

func TestAddresses(t *testing.T) {
	one := netip.MustParseAddr("192.0.2.1")
	for _, at := range []netip.Addr{one, netip.AddrFrom16(one.As16())} {
		if got := Addresses(at, true); !slices.Equal(got, []netip.Addr{one}) {
			t.Errorf("%v listens at %v", at, got)
		}
	}
	for _, everywhere := range []netip.Addr{{}, netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		for _, a := range Addresses(everywhere, false) {
			if a.IsLinkLocalUnicast() || a.IsUnspecified() || a.Is4In6() || everywhere.Is4() && !a.Is4() {
				t.Errorf("%v is one of the machine for %v", a, everywhere)
			}
		}
	}
}

func TestReachable(t *testing.T) {
	list := func(all ...string) (addrs []netip.Addr) {
		for _, a := range all {
			addrs = append(addrs, netip.MustParseAddr(a))
		}
		return addrs
	}
	everything := list("127.0.0.1", "::1", "169.254.1.1", "fe80::1", "10.0.0.1", "2001:db8::1")
	for _, c := range []struct {
		found           []netip.Addr
		only4, loopback bool
		want            []netip.Addr
	}{
		{everything, false, false, list("10.0.0.1", "2001:db8::1")},
		{everything, false, true, list("10.0.0.1", "2001:db8::1", "127.0.0.1", "::1")},
		{everything, true, false, list("10.0.0.1")},
		{everything, true, true, list("10.0.0.1", "127.0.0.1")},
		{list("127.0.0.1", "fe80::1"), false, false, list("127.0.0.1")},
		{list("2001:db8::1", "127.0.0.1"), true, false, list("127.0.0.1")},
		{nil, false, true, nil},
	} {
		if got := reachable(c.found, c.only4, c.loopback); !slices.Equal(got, c.want) {
			t.Errorf("%v %v: %v, want %v", c.only4, c.loopback, got, c.want)
		}
	}
}
