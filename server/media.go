package server

import (
	"net"
	"net/netip"
	"runtime"
	"slices"

	"paravent/sfu/datagram"
	"paravent/sfu/engine"
	"paravent/sfu/srtp"
	"paravent/sfu/transport"
	"paravent/sfu/viapion"
)

// DefaultTransport is how media travels unless the operator says otherwise.
const DefaultTransport = "engine"

// port is an open UDP port for media, on which nothing is answered yet.
type port struct {
	address net.Addr
	start   func(w wishes) (transport.Transport, error) // which the port belongs to then
	close   func()
}

// wishes is how a transport is to be.
type wishes struct {
	addresses []netip.Addr // where browsers are told to send media
	tcp       uint16       // port, for those without UDP
	srtp      string       // one of Ciphers, which is preferred
}

// Ciphers are what an operator may prefer for media between browsers and this
// server, in which everything is sealed end to end already: the greater margin,
// or a sixth less work. The first is the default.
func Ciphers() []string { return []string{"aes256", "aes128"} }

// profiles are the SRTP profiles in the order of preference.
func profiles(cipher string) []srtp.Profile {
	if cipher == "aes128" {
		return []srtp.Profile{srtp.AEADAES128GCM, srtp.AEADAES256GCM, srtp.AES128CMSHA1}
	}
	return []srtp.Profile{srtp.AEADAES256GCM, srtp.AEADAES128GCM, srtp.AES128CMSHA1}
}

// opening opens the port of one transport.
type opening func(address string) (*port, error)

// transports are those that an operator may choose.
var transports = map[string]opening{ //nolint:gochecknoglobals // immutable table
	"engine": openEngine,
	"pion":   openPion,
}

// Transports lists what Config.Transport may be.
func Transports() []string {
	var all []string
	for name := range transports {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// openEngine opens the port of our own transport.
func openEngine(address string) (*port, error) {
	where, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	socket, err := datagram.Listen(where.AddrPort(), datagram.Options{
		Sockets: runtime.GOMAXPROCS(0), ReceiveBuffer: socketBytes, SendBuffer: socketBytes,
	})
	if err != nil {
		return nil, err
	}
	return &port{
		address: net.UDPAddrFromAddrPort(socket.Addr()),
		start: func(w wishes) (transport.Transport, error) {
			lines := make([]netip.AddrPort, len(w.addresses))
			for i, a := range w.addresses {
				lines[i] = netip.AddrPortFrom(a, w.tcp)
			}
			return engine.New(engine.Config{
				Port:            socket,
				Addresses:       w.addresses,
				IncludeLoopback: slices.ContainsFunc(w.addresses, netip.Addr.IsLoopback),
				TCP:             lines,
				Profiles:        profiles(w.srtp),
			})
		},
		close: func() { _ = socket.Close() },
	}, nil
}

func openPion(address string) (*port, error) {
	socket, err := bindUDP(address)
	if err != nil {
		return nil, err
	}
	return &port{
		address: socket.LocalAddr(),
		start: func(w wishes) (transport.Transport, error) {
			return viapion.New(viapion.Config{
				UDP:             socket,
				Addresses:       w.addresses,
				IncludeLoopback: slices.ContainsFunc(w.addresses, netip.Addr.IsLoopback),
			})
		},
		close: func() { _ = socket.Close() },
	}, nil
}
