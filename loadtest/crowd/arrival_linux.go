package crowd

import (
	"net"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stampArrivals has the system note when each datagram arrives: when this
// process comes to read it says more about this process.
func stampArrivals(conn *net.UDPConn) {
	control(conn, func(fd int) { _ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) })
}

// arrived is when a datagram arrived, by its control messages.
func arrived(messages []byte) time.Time {
	if len(messages) < unix.CmsgSpace(int(unsafe.Sizeof(unix.Timespec{}))) {
		return time.Now()
	}
	m := (*unix.Cmsghdr)(unsafe.Pointer(&messages[0])) //nolint:gosec // long enough: see above
	if m.Level != unix.SOL_SOCKET || m.Type != unix.SO_TIMESTAMPNS {
		return time.Now()
	}
	t := *(*unix.Timespec)(unsafe.Pointer(&messages[unix.CmsgLen(0)])) //nolint:gosec // as above
	return time.Unix(t.Unix())
}

func control(conn *net.UDPConn, do func(fd int)) {
	raw, err := conn.SyscallConn()
	if err == nil {
		_ = raw.Control(func(fd uintptr) { do(int(fd)) })
	}
}

// sift lets the system drop what the socket receives of RTP, but for every
// packet whose number is a multiple of one in every so many, a power of two.
// RTCP passes (RFC 5761, section 4), and all that is not media.
func sift(conn *net.UDPConn, every int) {
	const (
		load8  = unix.BPF_LD | unix.BPF_B | unix.BPF_ABS
		load16 = unix.BPF_LD | unix.BPF_H | unix.BPF_ABS
		least  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		bits   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		end    = unix.BPF_RET | unix.BPF_K
		udp    = 8 // bytes of its header, where a filter of a socket begins
		whole  = 1 << 16
	)
	program := []unix.SockFilter{
		{Code: load8, K: udp},
		{Code: least, K: 128, Jf: 6},              // no media: take
		{Code: load8, K: udp + 1},                 //
		{Code: least, K: 192, Jf: 1},              // RTP without marker
		{Code: least, K: 224, Jf: 3},              // RTCP: take
		{Code: load16, K: udp + 2},                //
		{Code: bits, K: uint32(every - 1), Jf: 1}, // not a multiple: drop
		{Code: end, K: 0},                         //
		{Code: end, K: whole},                     //
	}
	control(conn, func(fd int) {
		_ = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
}
