package sfu

import (
	"net"
	"net/netip"
	"slices"
	"strings"
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

func TestAdvertisesWhatItIsTold(t *testing.T) {
	t.Parallel()
	udp, err := net.ListenPacket("udp", ":0") // everywhere
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Config{UDP: udp, Addresses: []netip.Addr{
		netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	bob := newClient(t, r, 1)
	offer := bob.subscribe(codecSet{rtx: true}) // over the first of them
	_, port, err := net.SplitHostPort(udp.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"127.0.0.1", "192.0.2.7", "2001:db8::7"} {
		if !strings.Contains(offer, " "+a+" "+port+" typ host") {
			t.Fatalf("%s is not offered", a)
		}
	}
	if strings.Contains(offer, "srflx") || !strings.Contains(offer, "a=ice-lite") {
		t.Fatal("not a lite agent")
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

// Only what forwarding needs is negotiated, and nothing that describes a person.
func TestNegotiatesLittle(t *testing.T) {
	t.Parallel()
	r := newRouter(t)
	bob := newClient(t, r, 1)
	offer := bob.subscribe(codecSet{rtx: true})
	for line := range strings.Lines(offer) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "a=extmap:") && !strings.HasSuffix(line, "urn:ietf:params:rtp-hdrext:sdes:mid") {
			t.Fatalf("%s", line)
		}
		if rest, ok := strings.CutPrefix(line, "a=rtpmap:"); ok {
			_, name, _ := strings.Cut(rest, " ")
			if !slices.Contains([]string{"opus/48000/2", "VP8/90000", "VP9/90000", "AV1/90000", "rtx/90000"}, name) {
				t.Fatalf("%s", line)
			}
		}
	}
}
