package datagram

import "golang.org/x/sys/unix"

// skfNetOff is the address, in a classic BPF program, at which the network
// header begins (linux/filter.h, SKF_NET_OFF). Offset 0 is the payload of the
// datagram where a program chooses a socket.
const skfNetOff = 0xfff00000

// steering is the program that chooses the socket for a datagram, among those on
// the port in the order in which they were bound: of the first n, the one that
// the source port says. A flow always has the same.
//
// Behind the address, an IPv4 header has options, of which its first byte tells
// the length; an IPv6 header may be followed by others: then it is the first
// socket.
func steering(n uint32) []unix.SockFilter {
	const (
		loadByte    = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
		loadHalf    = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
		loadHalfAtX = unix.BPF_LD | unix.BPF_H | unix.BPF_IND
		headerInX   = unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH // 4 * (byte & 0xf)
		shift       = unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K
		modulo      = unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K
		ifEqual     = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		jump        = unix.BPF_JMP | unix.BPF_JA
		returnA     = unix.BPF_RET | unix.BPF_A
		returnK     = unix.BPF_RET | unix.BPF_K

		nextHeader, sizeV6 = 6, 40
		udp                = unix.IPPROTO_UDP
	)
	return []unix.SockFilter{
		{Code: loadByte, K: skfNetOff},
		{Code: shift, K: 4},
		{Code: ifEqual, K: 6, Jf: 4},
		{Code: loadByte, K: skfNetOff + nextHeader},
		{Code: ifEqual, K: udp, Jf: 6},
		{Code: loadHalf, K: skfNetOff + sizeV6},
		{Code: jump, K: 2},
		{Code: headerInX, K: skfNetOff}, // IPv4
		{Code: loadHalfAtX, K: skfNetOff},
		{Code: modulo, K: n},
		{Code: returnA},
		{Code: returnK, K: 0},
	}
}

// deaf is the program that lets nothing in.
func deaf() []unix.SockFilter {
	return []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
}

func attach(fd, option int, program []unix.SockFilter) error {
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, option, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}
