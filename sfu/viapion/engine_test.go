package viapion

import (
	"net"
	"net/netip"
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
