package viapion

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4/stdnet"

	"paravent/sfu/checks"
)

// mux is pion's, but says itself which addresses are advertised.
type mux struct {
	*ice.UDPMuxDefault
	socket    *socket
	local     net.Addr // where the socket listens; nil: everywhere
	addresses []net.Addr
}

var (
	errNotUDP    = errors.New("viapion: want a UDP socket")
	errAddresses = errors.New("viapion: want an address to advertise")
)

func newMux(c Config, network *stdnet.Net) (*mux, error) {
	local, ok := c.UDP.LocalAddr().(*net.UDPAddr)
	if !ok {
		return nil, errNotUDP
	}
	begun := time.Now()
	m := &mux{socket: newSocket(c.UDP, func() time.Duration { return time.Since(begun) })}
	if !local.IP.IsUnspecified() {
		m.local = local
	}
	m.UDPMuxDefault = ice.NewUDPMuxDefault(ice.UDPMuxParams{
		UDPConn: m.socket, Logger: silent().NewLogger("ice"), Net: network,
	})
	addresses := c.Addresses
	if addresses == nil {
		addresses = checks.Addresses(local.AddrPort().Addr(), c.IncludeLoopback)
	}
	for _, a := range addresses {
		m.addresses = append(m.addresses, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a.Unmap(), uint16(local.Port))))
	}
	if len(m.addresses) == 0 {
		return nil, errAddresses
	}
	return m, nil
}

// GetListenAddresses is what host candidates are made of.
func (m *mux) GetListenAddresses() []net.Addr { return m.addresses }

// RemoveConnByUfrag closes the mux for one connection.
func (m *mux) RemoveConnByUfrag(ufrag string) {
	m.socket.close(ufrag)
	m.UDPMuxDefault.RemoveConnByUfrag(ufrag)
}

// GetConn opens the mux for one connection, whichever of our addresses the
// packets were sent to.
func (m *mux) GetConn(ufrag string, a net.Addr) (net.PacketConn, error) {
	if m.local != nil {
		a = m.local
	}
	m.socket.open(ufrag)
	return m.UDPMuxDefault.GetConn(ufrag, a)
}
