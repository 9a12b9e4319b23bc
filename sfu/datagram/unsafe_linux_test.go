package datagram

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// unsafeName is the address of a message.
func unsafeName(h *unix.Mmsghdr) []byte { return unsafe.Slice(h.Hdr.Name, int(h.Hdr.Namelen)) }
