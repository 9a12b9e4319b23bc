package sfu

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"paravent/sfu/datagram"
	"paravent/sfu/engine"
	"paravent/sfu/transport"
	"paravent/sfu/viapion"
)

// options are what tests ask of a transport. The zero value is one on a
// loopback port of its own.
type options struct {
	listen    string       // host and port; empty: some port of loopback
	addresses []netip.Addr // that are advertised; nil: loopback
	silence   time.Duration
}

// transports are those that everything here has to work with: every test with
// connections runs with each.
var transports = map[string]func(t testing.TB, o options) transport.Transport{
	"engine": func(t testing.TB, o options) transport.Transport {
		t.Helper()
		at, err := net.ResolveUDPAddr("udp", o.listen)
		if err != nil {
			t.Fatal(err)
		}
		port, err := datagram.Listen(at.AddrPort(), datagram.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.New(engine.Config{Port: port, Addresses: o.addresses, Silence: o.silence})
		if err != nil {
			t.Fatal(err)
		}
		return e
	},
	"pion": func(t testing.TB, o options) transport.Transport {
		t.Helper()
		udp, err := net.ListenPacket("udp", o.listen)
		if err != nil {
			t.Fatal(err)
		}
		v, err := viapion.New(viapion.Config{UDP: udp, Addresses: o.addresses, Silence: o.silence})
		if err != nil {
			t.Fatal(err)
		}
		return v
	},
}

// withEach runs a test with each of them, beside others.
func withEach(t *testing.T, test func(t *testing.T, kind string)) {
	t.Helper()
	for kind := range transports {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

// newRouter makes a Router on a loopback port of its own.
func newRouter(t testing.TB, kind string) *Router {
	t.Helper()
	return newRouterWith(t, kind, options{}, Config{})
}

func newRouterWith(t testing.TB, kind string, o options, c Config) *Router {
	t.Helper()
	if o.listen == "" {
		o.listen = "127.0.0.1:0"
	}
	if o.addresses == nil {
		o.addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	}
	c.Transport = transports[kind](t, o)
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}
