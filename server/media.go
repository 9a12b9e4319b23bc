package server

import (
	"net"
	"net/netip"
	"runtime"
	"slices"

	"paravent/sfu/datagram"
	"paravent/sfu/engine"
	"paravent/sfu/transport"
	"paravent/sfu/viapion"
)

// DefaultTransport is how media travels unless the operator says otherwise.
const DefaultTransport = "pion"

// port is an open UDP port for media, on which nothing is answered yet.
type port struct {
	address net.Addr
	start   func(at advertised) (transport.Transport, error) // which the port belongs to then
	close   func()
}

// advertised is where browsers are told to send media.
type advertised struct {
	addresses []netip.Addr
	tcp       uint16 // port, for those without UDP
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
		start: func(at advertised) (transport.Transport, error) {
			lines := make([]netip.AddrPort, len(at.addresses))
			for i, a := range at.addresses {
				lines[i] = netip.AddrPortFrom(a, at.tcp)
			}
			return engine.New(engine.Config{
				Port:            socket,
				Addresses:       at.addresses,
				IncludeLoopback: slices.ContainsFunc(at.addresses, netip.Addr.IsLoopback),
				TCP:             lines,
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
		start: func(at advertised) (transport.Transport, error) {
			return viapion.New(viapion.Config{
				UDP:             socket,
				Addresses:       at.addresses,
				IncludeLoopback: slices.ContainsFunc(at.addresses, netip.Addr.IsLoopback),
			})
		},
		close: func() { _ = socket.Close() },
	}, nil
}
