// Package srtp seals and opens RTP and RTCP packets: SRTP with AES-GCM (RFC
// 7714) and, for browsers that know nothing else, with AES counter mode and
// HMAC-SHA1 (RFC 3711). The keys come from DTLS (RFC 5764). The ciphers are
// those of Go's standard library.
//
// What is left out: other profiles, master key identifiers, key derivation
// rates, RTCP that is authenticated without being encrypted, and encrypted
// header extensions.
//
// The package does not remember which packets it sealed. No two packets of one
// SSRC may be sealed under one index with one key: with AES-GCM that gives away
// both packets and the key of the authentication (RFC 7714, section 8.1). The
// caller of SealRTP sees to it; the package audit lets tests prove it. For RTCP
// the Sealer counts itself.
package srtp

import "errors"

// Why a packet is refused. No error says anything about the packet.
var (
	ErrMalformed = errors.New("srtp: the packet has not the form of SRTP")
	ErrForged    = errors.New("srtp: the packet was not sealed with this key")
	ErrReplayed  = errors.New("srtp: the packet was opened before, or is too old to tell")
	ErrTooMany   = errors.New("srtp: there are more SSRCs than are allowed")
	ErrWiped     = errors.New("srtp: the keys are forgotten")
)
