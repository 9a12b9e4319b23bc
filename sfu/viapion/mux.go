package viapion

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4/stdnet"
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
	m := &mux{socket: newSocket(c.UDP, time.Now)}
	if !local.IP.IsUnspecified() {
		m.local = local
	}
	m.UDPMuxDefault = ice.NewUDPMuxDefault(ice.UDPMuxParams{
		UDPConn: m.socket, Logger: silent().NewLogger("ice"), Net: network,
	})
	for _, a := range c.Addresses {
		m.addresses = append(m.addresses, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a.Unmap(), uint16(local.Port))))
	}
	if c.Addresses == nil {
		m.addresses = gather(m.UDPMuxDefault.GetListenAddresses(), c.IncludeLoopback)
	}
	if len(m.addresses) == 0 {
		return nil, errAddresses
	}
	return m, nil
}

// gather leaves out what no other machine could reach, unless there is
// nothing else.
func gather(all []net.Addr, loopback bool) []net.Addr {
	var near, far []net.Addr
	for _, a := range all {
		switch u, ok := a.(*net.UDPAddr); {
		case !ok || u.IP.IsLinkLocalUnicast():
		case u.IP.IsLoopback():
			near = append(near, a)
		default:
			far = append(far, a)
		}
	}
	if loopback || len(far) == 0 {
		return append(far, near...)
	}
	return far
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
