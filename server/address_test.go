package server

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func socket(at string) net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(at))
}

func TestLink(t *testing.T) {
	for _, c := range []struct {
		public []string
		bound  string
		want   string
	}{
		{nil, "127.0.0.1:8443", "https://localhost:8443/"},
		{nil, "[::1]:8443", "https://localhost:8443/"},
		{nil, "[::ffff:127.0.0.1]:443", "https://localhost/"},
		{nil, "127.0.0.2:8443", "https://127.0.0.2:8443/"},
		{nil, "192.0.2.9:443", "https://192.0.2.9/"},
		{nil, "[2001:db8::1]:443", "https://[2001:db8::1]/"},
		{nil, "[2001:db8::1]:8443", "https://[2001:db8::1]:8443/"},
		{[]string{"meet.example.org", "192.0.2.9"}, "[::]:443", "https://meet.example.org/"},
		{[]string{"2001:db8::1"}, "[::]:8443", "https://[2001:db8::1]:8443/"},
	} {
		if got := linkTo(c.public, socket(c.bound)); got != c.want {
			t.Errorf("%v, %s: %s, want %s", c.public, c.bound, got, c.want)
		}
	}
	if got := linkTo(nil, socket("[::]:443")); strings.Contains(got, "::]") || got == "https:///" {
		t.Errorf("every address: link to %q", got)
	}
}

func TestMediaAddresses(t *testing.T) {
	addr := netip.MustParseAddr
	if got := mediaAddresses([]string{"meet.example.org", "203.0.113.7", "2001:db8::1"}, socket("[::]:1")); !slices.Equal(got, []netip.Addr{addr("203.0.113.7"), addr("2001:db8::1")}) {
		t.Error("the public addresses, not the names:", got)
	}
	if got := mediaAddresses(nil, socket("127.0.0.1:1")); !slices.Equal(got, []netip.Addr{addr("127.0.0.1")}) {
		t.Error("the bound address:", got)
	}
	if got := mediaAddresses([]string{"meet.example.org"}, socket("[::]:1")); len(got) == 0 {
		t.Error("the machine's own, or loopback: none")
	}
}

func TestBindTakesBothPortsOrNone(t *testing.T) {
	tcp, udp, err := bind("127.0.0.1:0", "", openPion)
	if err != nil {
		t.Fatal(err)
	}
	if tcp.Addr().(*net.TCPAddr).Port != udp.address.(*net.UDPAddr).Port {
		t.Error("want the same port")
	}
	taken := tcp.Addr().String()
	if _, _, err := bind(taken, "", openPion); err == nil || !strings.HasPrefix(err.Error(), "-listen") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("occupied TCP port: %v", err)
	}
	if _, _, err := bind("127.0.0.1:0", taken, openPion); err == nil || !strings.HasPrefix(err.Error(), "-udp") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("occupied UDP port: %v", err)
	}
	_ = tcp.Close()
	if _, _, err := bind(taken, "", openPion); err == nil || !strings.HasPrefix(err.Error(), "-listen") || !strings.Contains(err.Error(), "UDP") {
		t.Errorf("occupied UDP port of the same number: %v", err)
	}
	udp.close()
	tcp, udp, err = bind(taken, "", openPion)
	if err != nil {
		t.Fatal("a failed attempt must leave nothing open:", err)
	}
	_ = tcp.Close()
	udp.close()
	if _, _, err := bind("192.0.2.1:0", "", openPion); err == nil || !strings.Contains(err.Error(), "does not have the address") {
		t.Errorf("foreign address: %v", err)
	}
}
