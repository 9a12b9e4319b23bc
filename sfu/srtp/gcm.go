package srtp

import "encoding/binary"

const (
	gcmTag   = 16
	gcmNonce = 12

	// indexSize is how many bytes follow an RTCP packet: the index of 31 bits
	// behind the E flag, which says that the packet is encrypted (RFC 3711,
	// section 3.4).
	indexSize = 4
	encrypted = 1 << 31
)

// scratch is what a cipher writes to beside the packet. It is a part of what
// every goroutine has for itself, since what is given to a cipher of the
// standard library cannot lie on the stack.
type scratch struct {
	iv  [16]byte
	aad [fixedRTCP + indexSize]byte
	counterMode
}

// nonceRTP is that of RFC 7714, section 8.1.
func (w *scratch) nonceRTP(s *set, ssrc uint32, index uint64) []byte {
	nonce := w.iv[:gcmNonce]
	nonce[0], nonce[1] = s.salt[0], s.salt[1]
	binary.BigEndian.PutUint32(nonce[2:], ssrc^binary.BigEndian.Uint32(s.salt[2:]))
	binary.BigEndian.PutUint32(nonce[6:], uint32(index>>16)^binary.BigEndian.Uint32(s.salt[6:]))
	binary.BigEndian.PutUint16(nonce[10:], uint16(index)^binary.BigEndian.Uint16(s.salt[10:]))
	return nonce
}

// nonceRTCP is that of RFC 7714, section 9.1.
func (w *scratch) nonceRTCP(s *set, ssrc, index uint32) []byte {
	nonce := w.iv[:gcmNonce]
	copy(nonce, s.salt[:])
	binary.BigEndian.PutUint32(nonce[2:], ssrc^binary.BigEndian.Uint32(s.salt[2:]))
	binary.BigEndian.PutUint32(nonce[8:], index^binary.BigEndian.Uint32(s.salt[8:]))
	return nonce
}

// associate gives what is authenticated beside the encrypted part of an RTCP
// packet (RFC 7714, section 9.2).
func (w *scratch) associate(packet []byte, index uint32) []byte {
	copy(w.aad[:], packet[:fixedRTCP])
	binary.BigEndian.PutUint32(w.aad[fixedRTCP:], encrypted|index)
	return w.aad[:]
}

func (w *scratch) sealRTPByGCM(s *set, b []byte, header int, payload []byte, ssrc uint32, index uint64) []byte {
	if len(b) > header {
		// The plaintext comes in two pieces: make it one.
		b = append(b, payload...)
		payload = b[header:]
	}
	return s.aead.Seal(b[:header], w.nonceRTP(s, ssrc, index), payload, b[:header])
}

func (w *scratch) openRTPByGCM(s *set, packet []byte, header int, ssrc uint32, index uint64) (int, bool) {
	opened, err := s.aead.Open(packet[:header], w.nonceRTP(s, ssrc, index), packet[header:], packet[:header])
	return len(opened), err == nil
}

func (w *scratch) sealRTCPByGCM(s *set, b, packet []byte, ssrc, index uint32) []byte {
	b = append(b, packet[:fixedRTCP]...)
	b = s.aead.Seal(b, w.nonceRTCP(s, ssrc, index), packet[fixedRTCP:], w.associate(packet, index))
	return binary.BigEndian.AppendUint32(b, encrypted|index)
}

func (w *scratch) openRTCPByGCM(s *set, packet []byte, ssrc, index uint32) (int, bool) {
	end := len(packet) - indexSize
	opened, err := s.aead.Open(packet[:fixedRTCP], w.nonceRTCP(s, ssrc, index), packet[fixedRTCP:end], w.associate(packet, index))
	return len(opened), err == nil
}
