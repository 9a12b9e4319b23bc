package srtp

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 3711, section 4.2.1: HMAC-SHA1
	"crypto/subtle"
	"encoding/binary"
	"hash"
)

const cmTag = 10

// counterMode is what AES128CMSHA1 needs beside.
type counterMode struct {
	rtp, rtcp hash.Hash // HMACs; nil with other profiles
	sum       [sha1.Size]byte
	stream    [16]byte
}

// prepare makes the HMACs, which are used again and again.
func (c *counterMode) prepare(k *keys) {
	if k.rtp.aead == nil {
		c.rtp = hmac.New(sha1.New, k.rtp.auth[:])
		c.rtcp = hmac.New(sha1.New, k.rtcp.auth[:])
	}
}

// fewBlocks is up to how many bytes are encrypted block by block, without an
// allocation: the stream of the standard library is faster only beyond.
const fewBlocks = 128

// crypt encrypts or decrypts b, at most 2^16 blocks (RFC 3711, section 4.1.1).
func (w *scratch) crypt(s *set, b []byte, ssrc uint32, index uint64) {
	iv := &w.iv
	copy(iv[:saltSize], s.salt[:])
	binary.BigEndian.PutUint32(iv[4:], ssrc^binary.BigEndian.Uint32(s.salt[4:]))
	high := binary.BigEndian.Uint32(s.salt[8:])
	low := binary.BigEndian.Uint16(s.salt[12:])
	binary.BigEndian.PutUint32(iv[8:], uint32(index>>16)^high)
	binary.BigEndian.PutUint16(iv[12:], uint16(index)^low)
	iv[14], iv[15] = 0, 0
	if len(b) > fewBlocks {
		cipher.NewCTR(s.block, iv[:]).XORKeyStream(b, b)
		return
	}
	for n := 0; len(b) > 0; n++ {
		iv[15] = byte(n)
		s.block.Encrypt(w.stream[:], iv[:])
		b = b[subtle.XORBytes(b, b, w.stream[:]):]
	}
}

// tag is what authenticates b with the roll-over counter behind it (RFC 3711,
// section 4.2). RTCP has none: its index is a part of the packet.
func (w *scratch) tag(mac hash.Hash, b, roc []byte) []byte {
	mac.Reset()
	_, _ = mac.Write(b)
	_, _ = mac.Write(roc)
	return mac.Sum(w.sum[:0])[:cmTag]
}

// rollOver gives the roll-over counter as it is authenticated.
func (w *scratch) rollOver(index uint64) []byte {
	binary.BigEndian.PutUint32(w.aad[:], uint32(index>>16))
	return w.aad[:4]
}

func (w *scratch) sealRTPByCM(s *set, b []byte, header int, payload []byte, ssrc uint32, index uint64) []byte {
	b = append(b, payload...)
	w.crypt(s, b[header:], ssrc, index)
	return append(b, w.tag(w.rtp, b, w.rollOver(index))...)
}

func (w *scratch) openRTPByCM(s *set, packet []byte, header int, ssrc uint32, index uint64) (int, bool) {
	end := len(packet) - cmTag
	if !hmac.Equal(w.tag(w.rtp, packet[:end], w.rollOver(index)), packet[end:]) {
		return 0, false
	}
	w.crypt(s, packet[header:end], ssrc, index)
	return end, true
}

func (w *scratch) sealRTCPByCM(s *set, b, packet []byte, ssrc, index uint32) []byte {
	start := len(b)
	b = append(b, packet...)
	w.crypt(s, b[start+fixedRTCP:], ssrc, uint64(index))
	b = binary.BigEndian.AppendUint32(b, encrypted|index)
	return append(b, w.tag(w.rtcp, b[start:], nil)...)
}

func (w *scratch) openRTCPByCM(s *set, packet []byte, ssrc, index uint32) (int, bool) {
	end := len(packet) - cmTag
	if !hmac.Equal(w.tag(w.rtcp, packet[:end], nil), packet[end:]) {
		return 0, false
	}
	end -= indexSize
	w.crypt(s, packet[fixedRTCP:end], ssrc, uint64(index))
	return end, true
}
