package crowd

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what STUN is made with
	"encoding/binary"
	"hash/crc32"
)

// Connectivity checks (RFC 8445, section 7.1; RFC 8489).
const (
	checkCookie   = 0x2112A442
	checkHeader   = 20
	checkRequest  = 0x0001
	checkSuccess  = 0x0101
	fingerprintOf = 0x5354554e // is mixed into the check sum (RFC 8489, section 14.7)

	attributeUser        = 0x0006
	attributeIntegrity   = 0x0008
	attributePriority    = 0x0024
	attributeNominated   = 0x0025
	attributeFingerprint = 0x8028
	attributeControlling = 0x802a
)

// check is a request that nominates, from the end called name to the end called
// to, whose password it is.
func check(name, to, password string) []byte {
	b := make([]byte, checkHeader, 160)
	binary.BigEndian.PutUint16(b, checkRequest)
	binary.BigEndian.PutUint32(b[4:], checkCookie)
	_, _ = rand.Read(b[8:checkHeader]) // never fails
	b = attribute(b, attributeUser, []byte(to+":"+name))
	b = attribute(b, attributePriority, []byte{0x7e, 0xff, 0xff, 0xff}) // of a host
	b = attribute(b, attributeNominated, nil)
	b = attribute(b, attributeControlling, make([]byte, 8))

	const integrity, sum = 4 + sha1.Size, 4 + 4
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-checkHeader+integrity))
	mac := hmac.New(sha1.New, []byte(password))
	mac.Write(b)
	b = attribute(b, attributeIntegrity, mac.Sum(nil))
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-checkHeader+sum))
	return attribute(b, attributeFingerprint, binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)^fingerprintOf))
}

// attribute appends one, and its length to the header.
func attribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-checkHeader))
	return b
}

// checked says whether b tells that a check succeeded.
func checked(b []byte) bool {
	return len(b) >= checkHeader && binary.BigEndian.Uint16(b) == checkSuccess && binary.BigEndian.Uint32(b[4:]) == checkCookie
}
