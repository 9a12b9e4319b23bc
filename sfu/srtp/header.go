package srtp

import "encoding/binary"

const (
	version     = 2
	fixedHeader = 12 // bytes of an RTP header with nothing optional
	fixedRTCP   = 8  // bytes of an RTCP packet that are not encrypted (RFC 3711, section 3.4)
)

// headerSize is how many bytes of an RTP packet are not encrypted: the header
// with contributing sources and extensions (RFC 3550, sections 5.1 and 5.3.1);
// 0 for what has no whole header.
func headerSize(b []byte) int {
	if len(b) < fixedHeader || b[0]>>6 != version {
		return 0
	}
	n := fixedHeader + 4*int(b[0]&0x0F)
	if b[0]&0x10 != 0 {
		if len(b) < n+4 {
			return 0
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	if len(b) < n {
		return 0
	}
	return n
}
