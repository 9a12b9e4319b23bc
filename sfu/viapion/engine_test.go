package viapion

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Fatal("no socket")
	}
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	if _, err := New(Config{UDP: udp, Addresses: []netip.Addr{}}); err == nil {
		t.Fatal("no addresses")
	}
}

func TestGather(t *testing.T) {
	list := func(ips ...string) (all []net.Addr) {
		for _, ip := range ips {
			all = append(all, &net.UDPAddr{IP: net.ParseIP(ip), Port: 1})
		}
		return all
	}
	text := func(all []net.Addr) (s []string) {
		for _, a := range all {
			s = append(s, a.String())
		}
		return s
	}
	for _, c := range []struct {
		in, want []net.Addr
		loopback bool
	}{
		{in: list("127.0.0.1", "192.0.2.1", "fe80::1", "2001:db8::1"), want: list("192.0.2.1", "2001:db8::1")},
		{in: list("127.0.0.1", "192.0.2.1"), loopback: true, want: list("192.0.2.1", "127.0.0.1")},
		{in: list("127.0.0.1", "fe80::1"), want: list("127.0.0.1")},
	} {
		if got := gather(c.in, c.loopback); !slices.Equal(text(got), text(c.want)) {
			t.Fatalf("%v, want %v", got, c.want)
		}
	}
}
