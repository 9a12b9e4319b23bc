package datagram

// All that is unsafe is in this file: what the system calls for many messages
// at once need. Package unix has no functions for them.

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// name is room for the address of either family, as the system has it
// (sockaddr_in, sockaddr_in6).
type name [unix.SizeofSockaddrInet6]byte

// control is room for one control message with a number: the size of the
// datagrams of a train to be sent, in the first two bytes.
type control struct {
	head unix.Cmsghdr
	size int32
	_    [4]byte
}

// told is room for what the system says of a message that arrived: the size of
// its datagrams, an int, and when it came, two words.
type told [64]byte

// outbox is the messages that the system is given to send. Everything points
// where it always will but for the bytes to be sent: nothing is allocated.
type outbox struct {
	heads    []unix.Mmsghdr
	vectors  []unix.Iovec
	names    []name
	controls []control
}

func newOutbox(n int) *outbox {
	o := &outbox{
		heads:    make([]unix.Mmsghdr, n),
		vectors:  make([]unix.Iovec, n),
		names:    make([]name, n),
		controls: make([]control, n),
	}
	for i := range o.heads {
		h := &o.heads[i].Hdr
		h.Name = &o.names[i][0]
		h.Iov = &o.vectors[i]
		h.SetIovlen(1)
		h.Control = (*byte)(unsafe.Pointer(&o.controls[i])) //nolint:gosec // as the system wants it; the room is as large as set says
		c := &o.controls[i].head
		c.Level, c.Type = unix.SOL_UDP, unix.UDP_SEGMENT
		c.SetLen(unix.CmsgLen(2))
	}
	return o
}

// set makes p message i, to the address in its name, that is n bytes. A size
// cuts it into a train.
func (o *outbox) set(i int, p []byte, n, size int) {
	h := &o.heads[i].Hdr
	h.Namelen = uint32(n)
	o.vectors[i].Base = &p[0]
	o.vectors[i].SetLen(len(p))
	if size == 0 {
		h.SetControllen(0)
		return
	}
	*(*uint16)(unsafe.Pointer(&o.controls[i].size)) = uint16(size) //nolint:gosec // half of four bytes
	h.SetControllen(unix.CmsgSpace(2))
}

// inbox is the messages that the system is given to fill.
type inbox struct {
	heads   []unix.Mmsghdr
	vectors []unix.Iovec
	names   []name
	told    []told
	bytes   []byte
	size    int // bytes of each message
}

func newInbox(n, size int) *inbox {
	b := &inbox{
		heads:   make([]unix.Mmsghdr, n),
		vectors: make([]unix.Iovec, n),
		names:   make([]name, n),
		told:    make([]told, n),
		bytes:   make([]byte, n*size),
		size:    size,
	}
	for i := range b.heads {
		h := &b.heads[i].Hdr
		h.Name = &b.names[i][0]
		b.vectors[i].Base = &b.bytes[i*size]
		b.vectors[i].SetLen(size)
		h.Iov = &b.vectors[i]
		h.SetIovlen(1)
		h.Control = &b.told[i][0]
	}
	b.reset(0, n)
	return b
}

// reset makes the messages from the first to the end ready to be filled again: the
// system has written there how much it used. Nothing is kept of where they came
// from.
func (b *inbox) reset(first, end int) {
	clear(b.names[first:end])
	for i := first; i < end; i++ {
		h := &b.heads[i].Hdr
		h.Namelen = uint32(len(b.names[i]))
		h.SetControllen(len(b.told[i]))
		h.Flags = 0
	}
}

// message is what message i holds: its bytes, the address it came from, the
// size of its datagrams (0: it is one) and when it came, in nanoseconds since
// 1970 (0: not known). It is not whole if it was too big.
func (b *inbox) message(i int) (p []byte, from []byte, size int, came int64, whole bool) {
	m := &b.heads[i]
	h := &m.Hdr
	p = b.bytes[i*b.size:][:min(int(m.Len), b.size)]
	from = b.names[i][:min(int(h.Namelen), len(b.names[i]))]
	size, came = b.told[i].read(int(h.Controllen))
	return p, from, size, came, h.Flags&unix.MSG_TRUNC == 0
}

// read goes through the control messages in the first n bytes.
func (t *told) read(n int) (size int, came int64) {
	for rest := t[:max(0, min(n, len(t)))]; len(rest) >= unix.SizeofCmsghdr; {
		head, data, more, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			break
		}
		switch {
		case head.Level == unix.SOL_UDP && head.Type == unix.UDP_GRO && len(data) >= 4:
			size = int(binary.NativeEndian.Uint32(data))
		case head.Level == unix.SOL_SOCKET && head.Type == unix.SCM_TIMESTAMPNS && len(data) == int(unsafe.Sizeof(unix.Timespec{})):
			came = (*unix.Timespec)(unsafe.Pointer(&data[0])).Nano() //nolint:gosec // data of control messages begins at a whole word
		}
		rest = more
	}
	return size, came
}

// The calls never wait, and Go's scheduler does not hear of them: they must be
// short. Each returns how many messages were dealt with, or else an error.

func sendMany(fd int, heads []unix.Mmsghdr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(heads))), //nolint:gosec // the one way there is
		uintptr(len(heads)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func sendSingle(fd int, heads []unix.Mmsghdr) (int, unix.Errno) {
	_, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&heads[0].Hdr)), unix.MSG_DONTWAIT) //nolint:gosec // the one way there is
	if errno != 0 {
		return 0, errno
	}
	return 1, 0
}

func receiveMany(fd int, heads []unix.Mmsghdr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(heads))), //nolint:gosec // the one way there is
		uintptr(len(heads)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// nap has the thread sleep. Go's scheduler does not hear of it: the wait is as
// short as the other calls.
func nap(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0) //nolint:gosec // a signal ends it early, which does no harm
}

func receiveSingle(fd int, heads []unix.Mmsghdr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&heads[0].Hdr)), unix.MSG_DONTWAIT) //nolint:gosec // the one way there is
	if errno != 0 {
		return 0, errno
	}
	heads[0].Len = uint32(n)
	return 1, 0
}
