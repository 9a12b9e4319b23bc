package server

import (
	"net"
	"net/netip"
	"slices"

	"paravent/sfu/transport"
	"paravent/sfu/viapion"
)

// DefaultTransport is how media travels unless the operator says otherwise.
const DefaultTransport = "pion"

// port is an open UDP port for media, on which nothing is answered yet.
type port struct {
	address net.Addr
	start   func(advertised []netip.Addr) (transport.Transport, error) // which the port belongs to then
	close   func()
}

// opening opens the port of one transport.
type opening func(address string) (*port, error)

// transports are those that an operator may choose.
var transports = map[string]opening{ //nolint:gochecknoglobals // immutable table
	"pion": openPion,
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

func openPion(address string) (*port, error) {
	socket, err := bindUDP(address)
	if err != nil {
		return nil, err
	}
	return &port{
		address: socket.LocalAddr(),
		start: func(advertised []netip.Addr) (transport.Transport, error) {
			return viapion.New(viapion.Config{
				UDP:             socket,
				Addresses:       advertised,
				IncludeLoopback: slices.ContainsFunc(advertised, netip.Addr.IsLoopback),
			})
		},
		close: func() { _ = socket.Close() },
	}, nil
}
