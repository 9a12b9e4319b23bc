package server

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

var loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1}) //nolint:gochecknoglobals // immutable

// socketBytes is how much the kernel may hold for the media socket in each
// direction: 20 ms of 1.5 Gbit/s. The kernel may allow less.
const socketBytes = 4 << 20

// bindTries is how often a free port is looked for that both TCP and UDP have,
// when any port will do.
const bindTries = 16

// bind opens the TCP port and, by open, the UDP port. Nothing is answered on
// either yet. The error names the setting that is at fault.
func bind(listen, udp string, open opening) (net.Listener, *port, error) {
	for try := 1; ; try++ {
		tcp, err := bindTCP(listen)
		if err != nil {
			return nil, nil, fmt.Errorf("-listen %s: %w", listen, Plain(err))
		}
		name, address := "-udp", udp
		if udp == "" {
			name, address = "-listen", tcp.Addr().String()
		}
		media, err := open(address)
		if err == nil {
			return tcp, media, nil
		}
		_ = tcp.Close()
		_, port, _ := net.SplitHostPort(listen)
		if udp != "" || port != "0" || try == bindTries {
			return nil, nil, fmt.Errorf("%s %s, for UDP: %w", name, address, Plain(err))
		}
	}
}

func bindTCP(address string) (*net.TCPListener, error) {
	where, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	return net.ListenTCP("tcp", where)
}

func bindUDP(address string) (*net.UDPConn, error) {
	where, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp", where)
	if err != nil {
		return nil, err
	}
	_, _ = socket.SetReadBuffer(socketBytes), socket.SetWriteBuffer(socketBytes) // as far as it goes
	return socket, nil
}

// ownAddresses returns the machine's own addresses that others may reach, IPv4
// first, without loopback and link-local ones.
func ownAddresses() []netip.Addr {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var four, six []netip.Addr
	for _, a := range found {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		switch address := prefix.Addr().Unmap(); {
		case !address.IsGlobalUnicast():
		case address.Is4():
			four = append(four, address)
		default:
			six = append(six, address)
		}
	}
	return append(four, six...)
}

// mainAddress is the one of own that the machine uses towards the world, or
// the first. Connecting a UDP socket asks the routing table and sends nothing;
// 192.0.2.1 belongs to nobody (RFC 5737).
func mainAddress(own []netip.Addr) netip.Addr {
	if conn, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}); err == nil {
		defer func() { _ = conn.Close() }()
		if local := addrPort(conn.LocalAddr()).Addr(); slices.Contains(own, local) {
			return local
		}
	}
	if len(own) > 0 {
		return own[0]
	}
	return netip.Addr{}
}

// mediaAddresses returns the addresses at which browsers are told to send
// media: the public ones when there are any, else the one that is bound, else
// the machine's own, and loopback where there is nothing but that.
func mediaAddresses(public []string, socket net.Addr) []netip.Addr {
	var told []netip.Addr
	for _, host := range public {
		if a, err := netip.ParseAddr(host); err == nil {
			told = append(told, a.Unmap())
		}
	}
	if len(told) > 0 {
		return told
	}
	if bound := addrPort(socket).Addr(); !bound.IsUnspecified() {
		return []netip.Addr{bound}
	}
	if own := ownAddresses(); len(own) > 0 {
		return own
	}
	return []netip.Addr{loopback4}
}

// addrPort returns the address and port of a socket.
func addrPort(socket net.Addr) netip.AddrPort {
	where, err := netip.ParseAddrPort(socket.String())
	if err != nil {
		return netip.AddrPort{} // no socket of ours
	}
	return netip.AddrPortFrom(where.Addr().Unmap(), where.Port())
}

// linkTo returns the link to open: to the first public host, else the address
// that is bound, else the machine's main one. The usual port is left out.
func linkTo(public []string, socket net.Addr) string {
	bound := addrPort(socket)
	host := linkHost(public, bound.Addr())
	if bound.Port() != 443 {
		return "https://" + net.JoinHostPort(host, strconv.Itoa(int(bound.Port()))) + "/"
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	return "https://" + host + "/"
}

func linkHost(public []string, bound netip.Addr) string {
	if len(public) > 0 {
		return public[0]
	}
	if bound.IsUnspecified() {
		bound = mainAddress(ownAddresses())
	}
	if !bound.IsValid() || bound == loopback4 || bound == netip.IPv6Loopback() {
		return "localhost"
	}
	return bound.String()
}

// certificateHosts returns the names and addresses that a certificate of our
// own is made for. Where the operator names the public ones, the machine's own
// are nobody's business and stay out of it.
func certificateHosts(public []string) []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if len(public) > 0 {
		return append(hosts, public...)
	}
	for _, a := range ownAddresses() {
		hosts = append(hosts, a.String())
	}
	return hosts
}
