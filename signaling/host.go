package signaling

import (
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"time"
)

// A host token lets whoever shows it open rooms on the server that made it:
//
//	not_after u64 (ms since 1970) || id[8] || signature[64]
//
// The signature is Ed25519, by the server's own key, over hostLabel ||
// not_after || id. The id is random, so that no two tokens are alike.
const (
	hostLabel     = "paravent host token v1"
	hostID        = 8
	hostSignature = hostID + 8
	hostEnd       = hostSignature + ed25519.SignatureSize
)

// HostToken makes a host token for a server whose key this is.
func HostToken(key ed25519.PrivateKey, id [8]byte, notAfter time.Time) []byte {
	token := append(binary.BigEndian.AppendUint64(nil, milliseconds(notAfter)), id[:]...)
	return append(token, ed25519.Sign(key, hostSigned(token))...)
}

// readHost says whether a token was made with the private half of key and is
// not past. Without key or token there is nothing to hold.
func readHost(token []byte, key ed25519.PublicKey, now time.Time) bool {
	return key != nil && len(token) == hostEnd &&
		ed25519.Verify(key, hostSigned(token[:hostSignature]), token[hostSignature:]) &&
		milliseconds(now) <= binary.BigEndian.Uint64(token)
}

func hostSigned(token []byte) []byte { return slices.Concat([]byte(hostLabel), token) }
