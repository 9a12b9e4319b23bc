package datagram

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// The layout of an address as Linux has it: the family in the machine's order,
// the port in the network's; IPv4: 4 bytes of address; IPv6: 4 bytes of flow, 16
// of address, 4 of scope in the machine's order.
const (
	familyV4, familyV6 = 2, 10
	nameV4, nameV6     = 16, 28
)

// putName writes an address for a socket of a family and says how long it is:
// 0 if it is none for that family, which the system then refuses.
func putName(b []byte, family int, a netip.AddrPort) int {
	ip := a.Addr()
	switch {
	case !ip.IsValid() || len(b) < nameV6:
		return 0
	case family == familyV6:
		binary.NativeEndian.PutUint16(b, familyV6)
		binary.BigEndian.PutUint16(b[2:], a.Port())
		clear(b[4:8])
		sixteen := ip.As16()
		copy(b[8:24], sixteen[:])
		binary.NativeEndian.PutUint32(b[24:], scope(ip))
		return nameV6
	case ip.Is4() || ip.Is4In6():
		binary.NativeEndian.PutUint16(b, familyV4)
		binary.BigEndian.PutUint16(b[2:], a.Port())
		four := ip.As4()
		copy(b[4:8], four[:])
		clear(b[8:16])
		return nameV4
	}
	return 0
}

// readName reads an address; the zero value if it is none.
func readName(b []byte) netip.AddrPort {
	if len(b) < nameV4 {
		return netip.AddrPort{}
	}
	port := binary.BigEndian.Uint16(b[2:])
	switch binary.NativeEndian.Uint16(b) {
	case familyV4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	case familyV6:
		if len(b) < nameV6 {
			break
		}
		ip := netip.AddrFrom16([16]byte(b[8:24])).Unmap()
		if n := binary.NativeEndian.Uint32(b[24:]); n != 0 && ip.Is6() {
			ip = ip.WithZone(strconv.FormatUint(uint64(n), 10))
		}
		return netip.AddrPortFrom(ip, port)
	}
	return netip.AddrPort{}
}

// scope is the number of the interface that a link-local address belongs to; 0:
// none. Addresses that were received have the number for a zone.
func scope(ip netip.Addr) uint32 {
	zone := ip.Zone()
	if zone == "" {
		return 0
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	return 0
}

// split appends the datagrams of a message: each has the size but the last,
// which may be smaller. Without a size it is one.
func split(got []Datagram, p []byte, size int, from netip.AddrPort, waited time.Duration) []Datagram {
	for size > 0 && len(p) > size {
		got = append(got, Datagram{Bytes: p[:size:size], From: from, Waited: waited})
		p = p[size:]
	}
	return append(got, Datagram{Bytes: slices.Clip(p), From: from, Waited: waited})
}
